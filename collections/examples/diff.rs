//! Differences: something derived from a map is kept up to date by looking only at what changed between two versions.
//!
//! ```sh
//! cargo run -p collections --example diff
//! ```

use std::collections::BTreeMap;

use persistent_collections::HashMap;
use persistent_collections::map::DiffItem;

/// How many words begin with each letter: derived from a map of words.
#[derive(Default, PartialEq, Debug)]
struct Letters {
    counts: BTreeMap<char, u32>,
    /// The version that the counts belong to.
    version: HashMap<u32, String>,
}

fn initial(word: &str) -> char {
    word.chars().next().unwrap_or(' ')
}

impl Letters {
    fn add(&mut self, word: &str) {
        *self.counts.entry(initial(word)).or_default() += 1;
    }

    fn remove(&mut self, word: &str) {
        let count = self.counts.entry(initial(word)).or_default();
        *count -= 1;
        if *count == 0 {
            self.counts.remove(&initial(word));
        }
    }

    /// Brings the counts up to date with another version, and returns how many differences it took. Nodes that both
    /// versions share are skipped, so the time is in proportion to the changes, not to the words.
    fn follow(&mut self, words: &HashMap<u32, String>) -> usize {
        let before = std::mem::replace(&mut self.version, words.clone());
        let differences = before.diff(words);
        let count = differences.len();
        for difference in differences {
            match difference {
                DiffItem::Add(_, word) => self.add(word),
                DiffItem::Remove(_, word) => self.remove(word),
                DiffItem::Update { old, new } => {
                    self.remove(old.1);
                    self.add(new.1);
                }
            }
        }
        count
    }
}

fn main() {
    let mut words: HashMap<u32, String> =
        (0..20_000).map(|id| (id, format!("{}word", char::from(b'a' + (id % 26) as u8)))).collect();
    let mut letters = Letters::default();
    assert_eq!(letters.follow(&words), 20_000);

    words.insert(7, "zebra".to_owned());
    words.insert(20_000, "quince".to_owned());
    words.remove(&9);
    assert_eq!(letters.follow(&words), 3);
    assert_eq!(letters.follow(&words), 0);

    let mut anew = Letters::default();
    anew.follow(&words);
    assert_eq!(letters, anew);
    println!("{} words, {} with q, {} with z", words.len(), letters.counts[&'q'], letters.counts[&'z']);
}

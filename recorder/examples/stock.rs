//! A shop whose stock can be undone: an application with a recorded map. It writes a trace for
//! `lab run persistent_map --input stock.ops`.
//!
//! `cargo run -p recorder --example stock -- 1000000 stock.ops`

use std::collections::{HashMap, VecDeque};
use std::error::Error;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use recorder::{Maps, RecordedMap, Recorder};

/// How many articles there may be.
const ARTICLES: u32 = 5000;

/// After how many changes and questions the shop keeps a version, and how many versions it keeps.
const KEEP_EVERY: u64 = 2000;
const KEPT: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operations, path] = &arguments[..] else { return Err("usage: stock OPERATIONS FILE".into()) };
    let operations: u64 = operations.parse()?;
    let recorder = Recorder::<Maps>::create(path)?;
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let mut stock = RecordedMap::new(HashMap::<String, u32>::new(), &recorder);
    let mut kept = VecDeque::new();
    for step in 0..operations {
        let article = format!("article-{}", rng.random_range(0..ARTICLES));
        match rng.random_range(0..100) {
            0..55 => drop(stock.get(&article).copied()),
            55..65 => drop(stock.contains_key(&article)),
            65..90 => drop(stock.insert(article, rng.random_range(0..1000))),
            90..98 => drop(stock.remove(&article)),
            _ => drop(stock.len()),
        }
        if step % KEEP_EVERY == 0 {
            kept.push_back(stock.clone());
            if kept.len() > KEPT {
                kept.pop_front();
            }
        }
        // A stocktaking, and once in a while somebody undoes a lot.
        if step % (KEEP_EVERY * 5) == 0 {
            let pieces: u64 = stock.iter().map(|(_, pieces)| u64::from(*pieces)).sum();
            assert!(pieces < 1000 * u64::from(ARTICLES));
        }
        if step % (KEEP_EVERY * 7) == KEEP_EVERY
            && let Some(before) = kept.front()
        {
            stock = before.clone();
        }
    }
    drop((stock, kept));
    println!("{} operations in {path}", recorder.finish()?);
    Ok(())
}

//! Seeded inputs: the same bytes for every contender, every run and every machine.

use std::fmt::Debug;
use std::hash::Hash;
use std::io::Write;
use std::path::PathBuf;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The lab's one random number generator: portable and reproducible.
pub type Rng = Pcg64Mcg;

/// The lab's one hasher for every contender that hashes: foldhash with a fixed seed.
///
/// std's `RandomState` would make instruction counts differ from run to run.
pub type FixedHasher = foldhash::fast::FixedState;

/// The seed of everything; a scenario's own generator is derived from it with [`rng`].
pub const SEED: u64 = 0x00b0_771e_4ec4_1ab5;

/// The generator of one scenario's input at one size.
pub fn rng(scenario: &str, size: usize) -> Rng {
    let state = scenario.bytes().fold(SEED, |state, byte| mix(state ^ u64::from(byte)));
    Rng::seed_from_u64(mix(state ^ size as u64))
}

/// A bijective mix of 64 bits (the finalizer of SplitMix64): distinct inputs, distinct outputs.
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The sum, modulo 2⁶⁴: a digest that does not depend on the order.
pub fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::wrapping_add)
}

/// A key type that cells are measured with.
pub trait Key: Hash + Eq + Ord + Clone + Debug + Send + Sync + 'static {
    /// The key that stands for `id`; distinct ids give distinct keys.
    fn from_id(id: u64) -> Self;
    /// A value that depends on the whole key.
    fn fingerprint(&self) -> u64;
    /// A few instructions that read the key: what a visit of an entry does in a region.
    fn touch(&self) -> u64;
}

impl Key for u64 {
    fn from_id(id: u64) -> Self {
        mix(id)
    }

    fn fingerprint(&self) -> u64 {
        *self
    }

    fn touch(&self) -> u64 {
        *self
    }
}

/// 16 bytes: the hexadecimal digits of the mixed id.
impl Key for String {
    fn from_id(id: u64) -> Self {
        // By hand, because set-ups make hundreds of thousands of them and formatting takes ten times as long.
        let mixed = mix(id);
        let digits: [u8; 16] =
            std::array::from_fn(|at| b"0123456789abcdef"[(mixed >> (60 - 4 * at)) as usize % 16]);
        std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII").to_owned()
    }

    fn fingerprint(&self) -> u64 {
        self.as_bytes().chunks(8).fold(0, |state, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(state ^ u64::from_le_bytes(word))
        })
    }

    fn touch(&self) -> u64 {
        u64::from(self.as_bytes()[0])
    }
}

/// A key whose equality is dear: 272 bytes of which only the last 16 tell keys apart, as in long paths or
/// addresses. To compare or to hash two of them walks all their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DearKey(String);

impl DearKey {
    const COMMON: usize = 256;

    /// The id that it stands for.
    pub fn id(&self) -> u64 {
        u64::from_str_radix(&self.0[DearKey::COMMON..], 16).expect("`from_id` wrote it")
    }
}

impl Key for DearKey {
    fn from_id(id: u64) -> Self {
        DearKey(format!("{}{id:016x}", "/".repeat(DearKey::COMMON)))
    }

    fn fingerprint(&self) -> u64 {
        mix(self.id())
    }

    fn touch(&self) -> u64 {
        u64::from(self.0.as_bytes()[DearKey::COMMON])
    }
}

/// A value that depends on a key and its value; sums of it do not depend on the order.
pub fn entry_digest<K: Key>(key: &K, value: u64) -> u64 {
    mix(key.fingerprint() ^ mix(value))
}

/// `0..count` in a seeded random order.
pub fn shuffled(rng: &mut Rng, count: usize) -> Vec<u64> {
    let mut ids: Vec<u64> = (0..count as u64).collect();
    ids.shuffle(rng);
    ids
}

/// `count` seeded draws from `0..below`.
///
/// # Panics
/// If `below` is 0.
pub fn draws(rng: &mut Rng, count: usize, below: usize) -> Vec<u64> {
    (0..count).map(|_| rng.random_range(0..below as u64)).collect()
}

/// How often a region repeats its work at this size so that it does about 1,024 operations: a region
/// of eight operations would be noise to a clock and below any useful threshold for the gate.
pub fn copies(size: usize) -> usize {
    (1024 / size).max(1)
}

/// Test data that is no part of the project: where the environment variable `variable` says, else
/// `shared/data/<name>` in or beside a directory above the current one. `None`, with a note printed, where it
/// is not there.
pub fn outside_data(variable: &str, name: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let near =
        || here.ancestors().map(|above| above.join("shared/data").join(name)).find(|path| path.exists());
    let named = std::env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(near).filter(|path| path.exists());
    if found.is_none() {
        // Not `println!`, which libtest would swallow.
        let _ = writeln!(std::io::stderr(), "skipped: no shared/data/{name}, and {variable} names none");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_never_change() {
        // A changed input silently changes every baseline; change these numbers only with a reason.
        let mut rng = rng("insert_shared", 1000);
        assert_eq!(draws(&mut rng, 4, 1000), [444, 796, 339, 450]);
        assert_eq!(shuffled(&mut rng, 5), [3, 0, 2, 4, 1]);
        assert_eq!(u64::from_id(1), 0x5692_161d_100b_05e5);
        assert_eq!(String::from_id(1), "5692161d100b05e5");
        let dear = DearKey::from_id(0x1a);
        assert!(dear.0.ends_with("//000000000000001a") && dear.0.len() == 272 && dear.id() == 0x1a);
    }

    #[test]
    fn shuffles_hold_every_id_once() {
        let mut ids = shuffled(&mut rng("any", 100), 100);
        ids.sort_unstable();
        assert!(ids.into_iter().eq(0..100));
    }

    #[test]
    fn regions_do_about_a_thousand_operations() {
        for size in [1, 8, 32, 100, 1000, 100_000] {
            assert!((512..=size.max(1024)).contains(&(copies(size) * size)), "{size}");
        }
    }
}

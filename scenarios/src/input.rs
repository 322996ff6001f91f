//! Seeded inputs: the same bytes for every contender, in every run and on every machine.

use std::cell::Cell;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::PathBuf;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The lab's one random number generator: portable and reproducible.
pub type Rng = Pcg64Mcg;

/// The one hasher for every contender that hashes: foldhash with a fixed seed.
///
/// With std's `RandomState` instruction counts would differ from run to run.
#[cfg(not(lab_hasher = "sip"))]
pub type FixedHasher = foldhash::fast::FixedState;

/// The one hasher for every contender that hashes, in a build that asks for another one: SipHash-1-3, the hash function of
/// std's maps, with a fixed key.
#[cfg(lab_hasher = "sip")]
pub type FixedHasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// How many bytes plain keys, values and elements of maps, caches and vectors have. Builds that ask for larger ones tell
/// `lab sensitivity` what that changes. The `String` keys of such a build are as long.
pub const ENTRY_BYTES: usize = if cfg!(lab_entry_bytes = "64") {
    64
} else if cfg!(lab_entry_bytes = "256") {
    256
} else {
    8
};

/// The seed of everything, where nobody asks for [another one](with_seed). [`rng`] derives each scenario's generator from
/// it.
pub const SEED: u64 = 0x00b0_771e_4ec4_1ab5;

thread_local! {
    static CURRENT: Cell<u64> = const { Cell::new(SEED) };
}

/// The seed of the inputs that this thread makes.
pub fn seed() -> u64 {
    CURRENT.get()
}

/// Calls `make`, whose inputs on this thread come from another seed: other orders, other draws and other keys.
pub fn with_seed<T>(seed: u64, make: impl FnOnce() -> T) -> T {
    struct Restore(u64);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _restore = Restore(CURRENT.replace(seed));
    make()
}

/// The generator of one scenario's input at one size.
pub fn rng(scenario: &str, size: usize) -> Rng {
    let state = scenario.bytes().fold(seed(), |state, byte| mix(state ^ u64::from(byte)));
    Rng::seed_from_u64(mix(state ^ size as u64))
}

/// The key that stands for `id` as 64 bits that look random. Distinct ids give distinct keys.
fn key_of(id: u64) -> u64 {
    mix(id ^ seed() ^ SEED)
}

/// A bijective mix of 64 bits, the finalizer of SplitMix64: distinct inputs give distinct outputs.
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The sum modulo 2⁶⁴: a digest that does not depend on the order.
pub fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::wrapping_add)
}

/// A key type that cells are measured with.
pub trait Key: Hash + Eq + Ord + Clone + Debug + Send + Sync + 'static {
    /// The key that stands for `id`. Distinct ids give distinct keys.
    fn from_id(id: u64) -> Self;
    /// A value that depends on the whole key.
    fn fingerprint(&self) -> u64;
    /// A number that depends on the key. It takes a few instructions: what a visit of an entry does in a region.
    fn touch(&self) -> u64;
}

impl Key for u64 {
    fn from_id(id: u64) -> Self {
        key_of(id)
    }

    fn fingerprint(&self) -> u64 {
        *self
    }

    fn touch(&self) -> u64 {
        *self
    }
}

/// How many digits the text of a key has. A longer text repeats them.
const DIGITS: usize = 16;

/// 16 bytes: the hexadecimal digits of the mixed id.
impl Key for String {
    fn from_id(id: u64) -> Self {
        // Written by hand, because set-ups make hundreds of thousands of keys and `format!` takes ten times as long.
        let mixed = key_of(id);
        let digits = [(mixed >> 32) as u32, mixed as u32].map(hexadecimal);
        let text = std::str::from_utf8(digits.as_flattened()).expect("hexadecimal digits are ASCII");
        if ENTRY_BYTES > DIGITS { text.repeat(ENTRY_BYTES / DIGITS) } else { text.to_owned() }
    }

    fn fingerprint(&self) -> u64 {
        let bytes = self.as_bytes();
        let bytes = if ENTRY_BYTES > DIGITS { &bytes[..DIGITS] } else { bytes };
        bytes.chunks(8).fold(0, |state, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(state ^ u64::from_le_bytes(word))
        })
    }

    fn touch(&self) -> u64 {
        u64::from(self.as_bytes()[0])
    }
}

/// The eight hexadecimal digits of a number, all made together: one in each byte of a word.
fn hexadecimal(number: u32) -> [u8; 8] {
    // Moves each four bits into a byte of their own, half of the distance each time.
    let spread = |word: u64, by: u32, mask: u64| ((word << by) | word) & mask;
    let word = spread(u64::from(number), 16, 0x0000_ffff_0000_ffff);
    let word = spread(word, 8, 0x00ff_00ff_00ff_00ff);
    let word = spread(word, 4, 0x0f0f_0f0f_0f0f_0f0f);
    // 1 in each byte that holds 10 or more.
    let letters = ((word + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (word + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)).to_be_bytes()
}

/// A key that is expensive to compare: 272 bytes, of which only the last 16 differ, as in long paths or addresses. To
/// compare two of them, or to hash one, reads all their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DearKey(String);

impl DearKey {
    const COMMON: usize = 256;

    /// The id that the key stands for.
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

/// A number of which each eight share a hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grouped(u64);

impl Grouped {
    /// How many bits of an id tell keys apart that have the same hash.
    const BITS: u32 = 3;
}

impl Hash for Grouped {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0 >> Grouped::BITS);
    }
}

impl Key for Grouped {
    fn from_id(id: u64) -> Self {
        // The group is mixed here and not where a key is hashed, because it depends on the seed of this moment.
        let within = id & ((1 << Grouped::BITS) - 1);
        Grouped((key_of(id >> Grouped::BITS) << Grouped::BITS) | within)
    }

    fn fingerprint(&self) -> u64 {
        mix(self.0)
    }

    fn touch(&self) -> u64 {
        self.0
    }
}

/// A digest of an entry. The sum over several entries does not depend on their order.
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

/// About how many operations a region makes at small sizes.
pub(crate) const OPERATIONS: usize = 1024;

/// How often a region of this size repeats its work so that it does about 1,024 operations. A clock could not measure a
/// region of eight operations, and no useful threshold of the gate would notice its changes.
pub fn copies(size: usize) -> usize {
    (OPERATIONS / size).max(1)
}

/// The path of test data that is no part of the project. The environment variable `variable` names it; otherwise it is
/// `shared/data/<name>` in the current directory or one above it. `None`, with a note printed, if there is no such file.
pub fn outside_data(variable: &str, name: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let near =
        || here.ancestors().map(|above| above.join("shared/data").join(name)).find(|path| path.exists());
    let named = std::env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(near).filter(|path| path.exists());
    if found.is_none() {
        // `println!` would not do, because libtest hides its output.
        let _ = writeln!(std::io::stderr(), "skipped: no shared/data/{name}, and {variable} names none");
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn inputs_never_change() {
        // A changed input changes every baseline without a word: change these numbers only with a reason.
        let mut rng = rng("insert_shared", 1000);
        assert_eq!(draws(&mut rng, 4, 1000), [444, 796, 339, 450]);
        assert_eq!(shuffled(&mut rng, 5), [3, 0, 2, 4, 1]);
        assert_eq!(u64::from_id(1), 0x5692_161d_100b_05e5);
        assert_eq!(String::from_id(1), "5692161d100b05e5");
        for id in 0..1000 {
            assert_eq!(String::from_id(id), format!("{:016x}", u64::from_id(id)));
        }
        let dear = DearKey::from_id(0x1a);
        assert!(dear.0.ends_with("//000000000000001a") && dear.0.len() == 272 && dear.id() == 0x1a);
    }

    #[test]
    fn another_seed_gives_other_inputs_and_ends_with_its_call() {
        let made = || (draws(&mut rng("get_hit", 8), 4, 1 << 32), u64::from_id(7), String::from_id(7));
        let usual = made();
        let other = with_seed(1, || {
            let other = made();
            assert_eq!(with_seed(SEED, made), usual);
            assert_eq!(made(), other);
            other
        });
        assert!(usual.0 != other.0 && usual.1 != other.1 && usual.2 != other.2);
        let panicked = std::panic::catch_unwind(|| with_seed(1, || panic!("a set-up fails")));
        assert!(panicked.is_err());
        assert_eq!(made(), usual);
    }

    #[test]
    fn each_eight_grouped_keys_share_a_hash_whatever_the_seed_is_then() {
        let hash = |key: &Grouped| FixedHasher::default().hash_one(key);
        for seed in [SEED, 1] {
            let keys: Vec<Grouped> = with_seed(seed, || (0..800).map(Grouped::from_id).collect());
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 800);
            let hashes: Vec<u64> = keys.iter().map(hash).collect();
            assert!(hashes.chunks(8).all(|group| group.iter().all(|hash| *hash == group[0])));
            assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), 100);
            assert_eq!(with_seed(1, || keys.iter().map(hash).collect::<Vec<_>>()), hashes);
        }
    }

    #[test]
    fn generators_differ_by_name_and_size() {
        let drawn = |scenario, size| draws(&mut rng(scenario, size), 4, 1 << 32);
        assert_ne!(drawn("churn", 10), drawn("write", 10), "names of one length");
        assert_ne!(drawn("churn", 10), drawn("churn", 100));
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

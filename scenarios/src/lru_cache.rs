//! **LRU cache**: a map of bounded size that forgets what was not asked for lately.
//!
//! Contract: [`Cache`], for every key, value and hasher through a [`Family`]. Oracle: a list of
//! entries, the most recently used first. Scenarios: [`BOTTLENECK`], with `u64` keys and (suffix
//! `_string`) with `String` keys; values are `u64`.
//!
//! A contender that evicts by another policy than "least recently used" lacks
//! [`Capability::ExactLru`]. It is compared with what holds for every cache: what is found is what was
//! put last, there is never more than the capacity, and nothing goes while there is room.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use rand::RngExt;

use crate::input::{FixedHasher, Key, Rng, copies, entry_digest, mix, rng};
use crate::probe::{Hashing, PassThrough, Probe};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Mismatch, OwnInput, Request, Scenario,
    Setup, Sizes, Step, case, observing_case,
};

/// A map of at most `capacity` entries. O(1) is what its users expect of `get` and `put`.
pub trait Cache<K, V>: Sized {
    /// An empty cache of at most `capacity` entries; one of capacity 0 never holds any.
    fn with_capacity(capacity: usize) -> Self;
    /// The greatest number of entries.
    fn capacity(&self) -> usize;
    /// Number of entries.
    fn len(&self) -> usize;
    /// The value of `key`, which becomes the most recently used one.
    fn get(&mut self, key: &K) -> Option<&V>;
    /// Sets the value of `key`, which becomes the most recently used one. Where there is no room for
    /// another entry, the least recently used one is dropped.
    fn put(&mut self, key: K, value: V);
    /// Every entry, the most recently used one first (in any order without [`Capability::ExactLru`]).
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a;

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cache of `capacity` that holds `entries`: of distinct keys, at most `capacity` of them, the most
    /// recently used one last. Only set-ups call it.
    fn holding(capacity: usize, entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut cache = Self::with_capacity(capacity);
        for (key, value) in entries {
            cache.put(key, value);
        }
        cache
    }
}

/// One cache implementation, for every type of key, value and hasher.
pub trait Family: 'static {
    /// The cache type.
    type Cache<K, V, S>: Cache<K, V> + 'static
    where
        K: Hash + Eq + Clone + Debug + 'static,
        V: Clone + Debug + 'static,
        S: BuildHasher + Clone + Default + 'static;
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "lru_cache",
    title: "LRU cache",
    question: "What does it cost to remember which entry was used least recently? An array in order of access, filtered at \
               each one, is O(n) per operation; a map into a linked list is O(1), and what then remains is hashing, a \
               few links, and the number of allocations. Another policy may hit more often for less.",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes { quick: &[50, 500], default: &[500, 100_000], full: &[50, 500, 5000, 50_000, 100_000] },
    claims: CLAIMS,
    memory: &[],
    own_input: Some(OwnInput {
        expects: "a trace of keys, one a line in the order of access, UTF-8, no line empty",
        scenarios: OWN_SCENARIOS,
        check: check_own_trace,
    }),
    reference: "lru",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-lru",
    text: "With a map and a linked list 100,000 operations take O(n) in total, not O(n²).",
    factor: None,
    scenario: "zipf",
    size: 500,
    naive: "filter_list",
    optimized: "linked_map",
}];

const NOTHING: &[Capability] = &[];

const fn scenario(name: &'static str, unit: &'static str, summary: &'static str) -> Scenario {
    Scenario { name, summary, unit, requires: NOTHING, sizes: None }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("zipf", "lookup", "Looks keys up, of 10 n by a Zipf distribution of exponent 0.99, and puts what is missing; the cache of n is warm."),
    scenario("zipf_string", "lookup", "Looks String keys up, of 10 n by a Zipf distribution of exponent 0.99, and puts what is missing; the cache of n is warm."),
    scenario("uniform", "lookup", "Looks up keys drawn from 2 n with equal chances, and puts what is missing; the cache of n is warm."),
    scenario("uniform_string", "lookup", "Looks up String keys drawn from 2 n with equal chances, and puts what is missing; the cache of n is warm."),
    scenario("scan", "lookup", "Looks up 1.25 n keys in a circle, and puts what is missing: the worst case of LRU."),
    scenario("scan_string", "lookup", "Looks up 1.25 n String keys in a circle, and puts what is missing: the worst case of LRU."),
    scenario("put_only", "put", "Puts new keys into a full cache of n: every put evicts."),
    scenario("put_only_string", "put", "Puts new String keys into a full cache of n: every put evicts."),
    scenario("iterate", "entry", "Visits every entry of a full cache of n."),
    scenario("iterate_string", "entry", "Visits every entry of a full cache of n String keys."),
];

#[rustfmt::skip]
const OWN_SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "own_trace",
        summary: "Looks the trace's keys up and puts what is missing, in a cache of n that begins empty (a contender that scans everything gets the first lines only).",
        unit: "lookup",
        requires: NOTHING,
        sizes: Some(Sizes { quick: &[500], default: &[500, 100_000], full: &[500, 100_000] }),
    },
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    let exact = about.can(&[Capability::ExactLru]);
    let replay = if exact { replay::<F, true> } else { replay::<F, false> };
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<F>, replay }
}

fn set_up<F: Family>(request: Request) -> Box<dyn Case> {
    if request.scenario == "own_trace" {
        return own_trace::<F::Cache<String, u64, FixedHasher>>(request);
    }
    match request.scenario.strip_suffix("_string") {
        Some(scenario) => set_up_with::<String, F::Cache<String, u64, FixedHasher>>(scenario, request),
        None => set_up_with::<u64, F::Cache<u64, u64, FixedHasher>>(request.scenario, request),
    }
}

fn set_up_with<K: Key, C: Cache<K, u64> + 'static>(scenario: &str, request: Request) -> Box<dyn Case> {
    let size = request.size;
    match scenario {
        "zipf" => generated::<K, C>(request, &zipf_ids(warm_up(size) + operations(request), size)),
        "uniform" => generated::<K, C>(request, &uniform_ids(warm_up(size) + operations(request), size)),
        "scan" => generated::<K, C>(request, &scan_ids(warm_up(size) + operations(request), size)),
        "put_only" => put_only::<K, C>(request),
        "iterate" => iterate::<K, C>(request),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many operations a region has. A contender that scans everything gets fewer in large caches: cost
/// per operation is what is compared.
fn operations(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { (200_000 / request.size).clamp(4, 400) } else { 20_000 }
}

/// How many accesses warm a cache up: enough to fill it, and then to settle.
fn warm_up(size: usize) -> usize {
    4 * size
}

fn value_of(id: u64) -> u64 {
    id.wrapping_mul(3).wrapping_add(1)
}

// --- inputs ----------------------------------------------------------------------------------

/// Draws from `1..=count`, `k` with a chance that is proportional to `k` to the power of -0.99.
///
/// The chances of the first ranks are exact; beyond, the distribution's integral is inverted. The power
/// of 0.01 and its inverse are computed by multiplications alone, so that draws are the same everywhere.
struct Zipf {
    count: u64,
    /// Weights of the first ranks, summed up.
    head: Vec<f64>,
    /// To the power of 0.01: where the tail begins.
    tail_start: f64,
    total: f64,
}

impl Zipf {
    const HEAD: u64 = 64;

    fn new(count: u64) -> Self {
        let mut sum = 0.0;
        let head: Vec<f64> = (1..=count.min(Self::HEAD))
            .map(|rank| {
                sum += hundredth_root(rank as f64) / rank as f64;
                sum
            })
            .collect();
        let tail_start = hundredth_root(Self::HEAD as f64 + 0.5);
        let tail =
            if count > Self::HEAD { 100.0 * (hundredth_root(count as f64 + 0.5) - tail_start) } else { 0.0 };
        Zipf { count, head, tail_start, total: sum + tail }
    }

    fn draw(&self, rng: &mut Rng) -> u64 {
        let at = (rng.random::<u64>() >> 11) as f64 / (1u64 << 53) as f64 * self.total;
        let in_head = self.head[self.head.len() - 1];
        if at < in_head || self.count <= Self::HEAD {
            let rank = self.head.partition_point(|sum| *sum <= at) as u64 + 1;
            return rank.min(self.count);
        }
        let root = self.tail_start + (at - in_head) / 100.0;
        let rank = (hundredth_power(root) + 0.5) as u64;
        rank.clamp(Self::HEAD + 1, self.count)
    }
}

fn hundredth_power(value: f64) -> f64 {
    let to_4 = (value * value) * (value * value);
    let to_16 = (to_4 * to_4) * (to_4 * to_4);
    let to_32 = to_16 * to_16;
    to_32 * to_32 * to_32 * to_4
}

/// For values from 1 to 10¹².
fn hundredth_root(value: f64) -> f64 {
    let (mut low, mut high) = (1.0, 2.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if hundredth_power(middle) < value { low = middle } else { high = middle }
    }
    low
}

fn zipf_ids(count: usize, size: usize) -> Vec<u64> {
    let zipf = Zipf::new(10 * size as u64);
    let mut rng = rng("zipf", size);
    (0..count).map(|_| zipf.draw(&mut rng)).collect()
}

fn uniform_ids(count: usize, size: usize) -> Vec<u64> {
    crate::input::draws(&mut rng("uniform", size), count, 2 * size)
}

fn scan_ids(count: usize, size: usize) -> Vec<u64> {
    let round = size as u64 + (size as u64 / 4).max(1);
    (0..count as u64).map(|at| at % round).collect()
}

/// The last `size` distinct ids, the latest last: what an exact LRU cache holds after accesses to `ids`.
fn latest(ids: &[u64], size: usize) -> Vec<u64> {
    let mut seen = HashSet::with_hasher(FixedHasher::default());
    let mut latest: Vec<u64> = ids.iter().rev().filter(|id| seen.insert(**id)).take(size).copied().collect();
    latest.reverse();
    latest
}

// --- the oracle of large caches --------------------------------------------------------------

/// The oracle where a list would take too long: every access is given a later time, and the entry of the
/// earliest time goes.
struct Clocked<K> {
    capacity: usize,
    now: u64,
    times: HashMap<K, u64, FixedHasher>,
    keys: BTreeMap<u64, K>,
}

impl<K: Hash + Eq + Clone> Clocked<K> {
    fn new(capacity: usize) -> Self {
        Clocked { capacity, now: 0, times: HashMap::default(), keys: BTreeMap::new() }
    }

    /// Looks `key` up and puts it where it is missing; whether it was there.
    fn access(&mut self, key: &K) -> bool {
        self.now += 1;
        let hit = match self.times.insert(key.clone(), self.now) {
            Some(before) => self.keys.remove(&before).is_some(),
            None => false,
        };
        self.keys.insert(self.now, key.clone());
        if self.keys.len() > self.capacity
            && let Some((_, key)) = self.keys.pop_first()
        {
            self.times.remove(&key);
        }
        hit
    }

    /// The keys, the most recently used one first.
    fn keys(&self) -> impl Iterator<Item = &K> {
        self.keys.values().rev()
    }
}

// --- scenarios -------------------------------------------------------------------------------

/// Depends on every entry and its position.
fn ordered_digest<K: Key>(entries: impl Iterator<Item = (K, u64)>) -> u64 {
    entries.fold(1, |state, (key, value)| mix(state.wrapping_add(entry_digest(&key, value))).wrapping_add(1))
}

/// What a cache holds at the end. Where it need not be LRU, any entry may be there, but with its value.
fn content_digest<K: Key, C: Cache<K, u64>>(
    cache: &C,
    exact: bool,
    value_of: impl Fn(&K) -> Option<u64>,
) -> u64 {
    if exact {
        let entries = ordered_digest(cache.iter().map(|(key, value)| (key.clone(), *value)));
        return entries.wrapping_add(mix(cache.len() as u64));
    }
    let wrong = cache.iter().filter(|(key, value)| value_of(key) != Some(**value)).count();
    let miscounted = cache.iter().count() != cache.len() || cache.len() > cache.capacity();
    wrong as u64 + u64::from(miscounted)
}

/// The accesses of a region, and what the cache holds before.
struct Accesses<K> {
    capacity: usize,
    /// What an exact LRU cache holds after the warm-up, the most recently used entry last.
    held: Vec<(K, u64)>,
    /// The warm-up itself, for those that are not.
    warm_up: Vec<(K, u64)>,
    region: Vec<(K, u64)>,
}

/// What a region of lookups found.
struct Found {
    sum: u64,
    hits: u64,
}

#[inline(always)]
fn look_up<K: Clone, C: Cache<K, u64>>(cache: &mut C, accesses: &[(K, u64)]) -> Found {
    let mut found = Found { sum: 0, hits: 0 };
    for (key, value) in accesses {
        match cache.get(key) {
            Some(value) => {
                found.sum = found.sum.rotate_left(1) ^ *value;
                found.hits += 1;
            }
            None => {
                found.sum = found.sum.rotate_left(1) ^ *value;
                cache.put(key.clone(), *value);
            }
        }
    }
    found
}

fn generated<K: Key, C: Cache<K, u64> + 'static>(request: Request, ids: &[u64]) -> Box<dyn Case> {
    let entries = |ids: &[u64]| ids.iter().map(|id| (K::from_id(*id), value_of(*id))).collect::<Vec<_>>();
    let (before, region) = ids.split_at(warm_up(request.size));
    let exact = request.can(Capability::ExactLru);
    lookups::<K, C>(
        exact,
        Accesses {
            capacity: request.size,
            held: entries(&latest(before, request.size)),
            warm_up: if exact { Vec::new() } else { entries(before) },
            region: entries(region),
        },
    )
}

fn lookups<K: Key, C: Cache<K, u64> + 'static>(exact: bool, accesses: Accesses<K>) -> Box<dyn Case> {
    observing_case(
        accesses.region.len(),
        Setup::EveryRun,
        accesses,
        move |accesses| {
            if exact {
                return C::holding(accesses.capacity, accesses.held.iter().cloned());
            }
            let mut cache = C::with_capacity(accesses.capacity);
            look_up(&mut cache, &accesses.warm_up);
            cache
        },
        |accesses, cache| look_up(cache, &accesses.region),
        move |accesses, cache, found| {
            let before = accesses.held.iter().chain(&accesses.warm_up);
            let values: HashMap<&K, u64, FixedHasher> =
                before.chain(&accesses.region).map(|(key, value)| (key, *value)).collect();
            let content = content_digest(cache, exact, |key| values.get(key).copied());
            let hits = if exact { mix(found.hits) } else { 0 };
            found.sum.wrapping_add(content).wrapping_add(hits)
        },
        move |accesses| {
            let sum = accesses.region.iter().fold(0u64, |sum, (_, value)| sum.rotate_left(1) ^ value);
            if !exact {
                return sum;
            }
            let mut model = Clocked::new(accesses.capacity);
            let mut values = HashMap::with_hasher(FixedHasher::default());
            for (key, value) in &accesses.held {
                model.access(key);
                values.insert(key.clone(), *value);
            }
            let mut hits = 0;
            for (key, value) in &accesses.region {
                hits += u64::from(model.access(key));
                values.insert(key.clone(), *value);
            }
            let content = ordered_digest(model.keys().map(|key| (key.clone(), values[key])));
            sum.wrapping_add(content).wrapping_add(mix(model.keys.len() as u64)).wrapping_add(mix(hits))
        },
        |accesses, _, found| vec![("hit_rate", found.hits as f64 / accesses.region.len().max(1) as f64)],
    )
}

fn put_only<K: Key, C: Cache<K, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size as u64;
    let exact = request.can(Capability::ExactLru);
    let entries =
        |ids: std::ops::Range<u64>| ids.map(|id| (K::from_id(id), value_of(id))).collect::<Vec<_>>();
    let operations = operations(request);
    case(
        operations,
        Setup::EveryRun,
        (entries(0..size), entries(size..size + operations as u64)),
        move |(held, new)| (C::holding(size as usize, held.iter().cloned()), new.clone()),
        |_, (cache, new)| {
            for (key, value) in new.drain(..) {
                cache.put(key, value);
            }
        },
        move |(held, new), (cache, _), ()| {
            let values: HashMap<&K, u64, FixedHasher> =
                held.iter().chain(new).map(|(key, value)| (key, *value)).collect();
            content_digest(cache, exact, |key| values.get(key).copied())
        },
        move |(held, new)| {
            if !exact {
                return 0;
            }
            let left = held.iter().chain(new).rev().take(size as usize).cloned();
            ordered_digest(left).wrapping_add(mix(size))
        },
    )
}

fn iterate<K: Key, C: Cache<K, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let (size, count) = (request.size as u64, copies(request.size));
    let exact = request.can(Capability::ExactLru);
    let held = move || (0..size).map(|id| (K::from_id(id), value_of(id)));
    case(
        count * request.size,
        Setup::Once,
        (0..count).map(|_| C::holding(size as usize, held())).collect::<Vec<_>>(),
        |_| (),
        |caches, ()| {
            let mut sum = 0u64;
            for cache in caches {
                for (key, value) in cache.iter() {
                    sum = sum.wrapping_add(key.touch()).wrapping_add(*value);
                }
            }
            sum
        },
        move |caches, (), sum| {
            let order = if exact {
                ordered_digest(caches[0].iter().map(|(key, value)| (key.clone(), *value)))
            } else {
                0
            };
            sum.wrapping_add(order)
        },
        move |_| {
            let visited =
                held().fold(0u64, |sum, (key, value)| sum.wrapping_add(key.touch()).wrapping_add(value));
            let order = if exact { ordered_digest(held().rev()) } else { 0 };
            visited.wrapping_mul(count as u64).wrapping_add(order)
        },
    )
}

fn check_own_trace(file: &[u8]) -> Result<(), String> {
    if file.is_empty() {
        return Err("the file is empty: expected one key a line".to_owned());
    }
    for (line, bytes) in lines(file).enumerate() {
        if bytes.is_empty() {
            return Err(format!("line {} is empty: expected a key", line + 1));
        }
        if std::str::from_utf8(bytes).is_err() {
            return Err(format!("line {} is not UTF-8: expected a key in plain text", line + 1));
        }
    }
    Ok(())
}

/// The lines of a file, with the line ends of either kind taken off.
fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    file.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

fn own_trace<C: Cache<String, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let file = request.input.expect("a scenario about a file is given one");
    let keys = lines(file).map(|line| String::from_utf8_lossy(line).into_owned());
    let limit = if request.can(Capability::ScansWhole) { operations(request) } else { usize::MAX };
    let region = keys.take(limit).map(|key| {
        let value = key.fingerprint();
        (key, value)
    });
    lookups::<String, C>(
        request.can(Capability::ExactLru),
        Accesses { capacity: request.size, held: Vec::new(), warm_up: Vec::new(), region: region.collect() },
    )
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("trace", 300, 64, "Random operations on a cache of 1 to 16 entries, every entry compared after each step."),
    Check::new("trace_large", 3000, 2, "Random operations on a cache of some hundred entries, compared in full every 50 steps."),
    Check::new("collisions", 250, 24, "The same where all keys, or many, have the same hash or differ in a few bits of it."),
    Check::new("trace_drops", 250, 32, "The same with counted keys and values: none leaks, none is dropped twice."),
    Check::new("panics", 160, 64, "Clone, Hash or Eq panics half-way: what is left is a sound cache, nothing leaks or drops twice."),
    Check::new("capacity_zero", 0, 1, "A cache of capacity 0 holds nothing, whatever is put."),
    Check::new("capacity_one", 0, 1, "A cache of capacity 1 holds what was used last."),
    Check::new("oldest", 0, 1, "The least recently used entry is put again, looked up, replaced: it becomes the first."),
    Check::new("replace", 0, 1, "A key whose value is replaced again and again keeps one entry and evicts nothing."),
    Check::new("million", 0, 1, "A million operations on caches of 7 and 32 entries, every answer compared."),
];

/// A step with its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Get { key: u32 },
    Put { key: u32, value: u32 },
    PutMany { first: u32, count: u32, value: u32 },
    GetOldest,
    PutOldest { value: u32 },
    GetAbsent,
}

fn decode(step: &Step, capacity: usize) -> Operation {
    // Twice as many keys as there is room for, so that about half the lookups hit.
    let keys = 2 * capacity as u32 + 1;
    let (key, value) = (u32::from(step.a) % keys, u32::from(step.b));
    match step.op % 16 {
        0..=4 => Operation::Get { key },
        5..=10 => Operation::Put { key, value },
        11 => Operation::PutMany { first: key, count: u32::from(step.version) % keys, value },
        12 | 13 => Operation::GetOldest,
        14 => Operation::PutOldest { value },
        _ => Operation::GetAbsent,
    }
}

/// The capacity of a trace's cache: its first step decides.
fn capacity_of(check: &Check, trace: &[Step]) -> usize {
    let draw = trace.first().map_or(0, |step| usize::from(step.version));
    if check.name == "trace_large" { 100 + 4 * draw } else { 1 + draw % 16 }
}

fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    let capacity = capacity_of(check, trace);
    trace.iter().map(|step| format!("{:?} (cache of capacity {capacity})", decode(step, capacity))).collect()
}

/// A key or value that a trace is replayed with.
trait Specimen: Hash + Eq + Clone + Debug + 'static {
    fn from_id(id: u32) -> Self;
    fn id(&self) -> u32;
}

impl Specimen for u64 {
    fn from_id(id: u32) -> Self {
        u64::from(id)
    }

    fn id(&self) -> u32 {
        *self as u32
    }
}

impl Specimen for Probe {
    fn from_id(id: u32) -> Self {
        Probe::new(id)
    }

    fn id(&self) -> u32 {
        Probe::id(self)
    }
}

type Plain<F> = <F as Family>::Cache<u64, u64, FixedHasher>;
type Watched<F> = <F as Family>::Cache<Probe, Probe, PassThrough>;

fn replay<F: Family, const EXACT: bool>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    let capacity = capacity_of(check, trace);
    match check.name {
        "trace" | "trace_large" => {
            return Replay::<u64, Plain<F>>::new(capacity, EXACT).run(trace, false);
        }
        "capacity_zero" => return fixed(capacity_zero::<Plain<F>>()),
        "capacity_one" => return fixed(capacity_one::<Plain<F>>()),
        "oldest" => return fixed(oldest::<Plain<F>>(EXACT)),
        "replace" => return fixed(replace::<Plain<F>>(EXACT)),
        "million" => return fixed(million::<Plain<F>>(EXACT)),
        _ => {}
    }
    Probe::reset();
    if check.name == "collisions" {
        let hashings = [Hashing::Constant, Hashing::EqualLow32, Hashing::LastBits, Hashing::FourGroups];
        Probe::set_hashing(hashings[trace.len() % hashings.len()]);
    }
    let outcome = Replay::<Probe, Watched<F>>::new(capacity, EXACT).run(trace, check.name == "panics");
    Probe::set_fuse(None);
    outcome?;
    match Probe::live() {
        0 => Ok(()),
        live => Err(Mismatch {
            step: trace.len(),
            message: format!("after the cache was dropped, {live} keys and values live (0 expected)"),
        }),
    }
}

/// The oracle: entries in a list, the most recently used one first.
struct Model {
    capacity: usize,
    /// Whether the cache must hold exactly these entries in this order.
    exact: bool,
    entries: Vec<(u32, u32)>,
    /// What was put last for every key, evicted or not.
    last: BTreeMap<u32, u32>,
}

impl Model {
    fn new(capacity: usize, exact: bool) -> Self {
        Model { capacity, exact, entries: Vec::new(), last: BTreeMap::new() }
    }

    fn get(&mut self, key: u32) -> Option<u32> {
        let at = self.entries.iter().position(|(held, _)| *held == key)?;
        let entry = self.entries.remove(at);
        self.entries.insert(0, entry);
        Some(entry.1)
    }

    fn put(&mut self, key: u32, value: u32) {
        self.last.insert(key, value);
        self.entries.retain(|(held, _)| *held != key);
        self.entries.insert(0, (key, value));
        self.entries.truncate(self.capacity);
    }

    /// Whether a cache may answer `observed` to a lookup of `key`, which it has looked up itself.
    fn allows(&self, key: u32, observed: Option<u32>, listed: Option<u32>) -> bool {
        if self.exact || self.last.len() <= self.capacity {
            return observed == listed;
        }
        observed.is_none() || observed == self.last.get(&key).copied()
    }
}

/// A cache under test beside its model.
struct Replay<T, C> {
    cache: C,
    model: Model,
    specimen: PhantomData<T>,
}

impl<T: Specimen, C: Cache<T, T>> Replay<T, C> {
    fn new(capacity: usize, exact: bool) -> Self {
        Replay {
            cache: C::with_capacity(capacity),
            model: Model::new(capacity, exact),
            specimen: PhantomData,
        }
    }

    /// Replays `trace`; with `panics`, every operation is made with a [`Probe`] fuse burning.
    fn run(mut self, trace: &[Step], panics: bool) -> Result<(), Mismatch> {
        let capacity = self.model.capacity;
        if self.cache.capacity() != capacity {
            let message = format!("capacity is {}, expected {capacity}", self.cache.capacity());
            return Err(Mismatch { step: 0, message });
        }
        for (at, step) in trace.iter().enumerate() {
            let operation = decode(step, capacity);
            let fuse = panics.then_some(u32::from(step.b) % 12);
            let outcome = match fuse {
                None => self.apply(operation),
                Some(calls) => self.apply_with_fuse(operation, calls),
            };
            outcome
                .and_then(|()| if capacity <= 16 || at % 50 == 0 { self.compare() } else { Ok(()) })
                .map_err(|message| Mismatch { step: at, message: format!("{operation:?}: {message}") })?;
        }
        self.compare().map_err(|message| Mismatch { step: trace.len(), message })
    }

    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        let oldest = self.model.entries.last().copied();
        match operation {
            Operation::Get { key } => self.get(key),
            Operation::Put { key, value } => self.put(key, value),
            Operation::PutMany { first, count, value } => {
                (0..count).try_for_each(|offset| self.put(first + offset, value))
            }
            Operation::GetOldest => oldest.map_or(Ok(()), |(key, _)| self.get(key)),
            Operation::PutOldest { value } => oldest.map_or(Ok(()), |(key, _)| self.put(key, value)),
            Operation::GetAbsent => self.get(u32::MAX),
        }
    }

    fn get(&mut self, key: u32) -> Result<(), String> {
        let observed = self.cache.get(&T::from_id(key)).map(T::id);
        let listed = self.model.get(key);
        if self.model.allows(key, observed, listed) {
            return Ok(());
        }
        Err(format!(
            "get({key}) is {observed:?}, expected {listed:?} (put last: {:?})",
            self.model.last.get(&key)
        ))
    }

    fn put(&mut self, key: u32, value: u32) -> Result<(), String> {
        self.cache.put(T::from_id(key), T::from_id(value));
        self.model.put(key, value);
        let expected = self.model.entries.len();
        let observed = self.cache.len();
        let room = self.model.last.len() <= self.model.capacity;
        let fits =
            if self.model.exact || room { observed == expected } else { observed <= self.model.capacity };
        if fits { Ok(()) } else { Err(format!("len after put({key}) is {observed}, expected {expected}")) }
    }

    /// Applies an operation that may panic. Whatever it leaves must be sound: it counts its entries
    /// right, keeps to its capacity, holds no key twice and no value that was never put, and goes on
    /// working. A new cache follows.
    fn apply_with_fuse(&mut self, operation: Operation, calls: u32) -> Result<(), String> {
        let before: BTreeSet<(u32, u32)> =
            self.model.last.iter().map(|(key, value)| (*key, *value)).collect();
        if let Some(outcome) = Probe::with_fuse(Some(calls), || self.apply(operation)) {
            return outcome;
        }
        let mut put: BTreeSet<(u32, u32)> =
            self.model.last.iter().map(|(key, value)| (*key, *value)).collect();
        put.extend(before);
        match operation {
            Operation::Put { key, value } => put.extend([(key, value)]),
            Operation::PutMany { first, count, value } => {
                put.extend((first..first + count).map(|key| (key, value)));
            }
            Operation::PutOldest { value } => {
                put.extend(self.model.last.keys().copied().map(|key| (key, value)).collect::<Vec<_>>())
            }
            _ => {}
        }
        for more in 0..4 {
            let entries: Vec<(u32, u32)> =
                self.cache.iter().map(|(key, value)| (key.id(), value.id())).collect();
            let keys: BTreeSet<u32> = entries.iter().map(|(key, _)| *key).collect();
            if entries.len() != self.cache.len()
                || keys.len() != entries.len()
                || keys.len() > self.model.capacity
            {
                return Err(format!(
                    "after a panic, len is {} (capacity {}), and the entries are {entries:?}",
                    self.cache.len(),
                    self.model.capacity
                ));
            }
            if let Some(entry) = entries.iter().find(|entry| !put.contains(entry)) {
                return Err(format!("after a panic, there is an entry that was never put: {entry:?}"));
            }
            for key in &keys {
                if self.cache.get(&T::from_id(*key)).is_none() {
                    return Err(format!("after a panic, the cache iterates over {key} and does not find it"));
                }
            }
            self.cache.put(T::from_id(more), T::from_id(more));
            put.insert((more, more));
        }
        self.cache = C::with_capacity(self.model.capacity);
        self.model = Model::new(self.model.capacity, self.model.exact);
        Ok(())
    }

    /// Compares every entry, and the length.
    fn compare(&self) -> Result<(), String> {
        let (cache, model) = (&self.cache, &self.model);
        let entries: Vec<(u32, u32)> = cache.iter().map(|(key, value)| (key.id(), value.id())).collect();
        if entries.len() != cache.len()
            || cache.is_empty() != entries.is_empty()
            || entries.len() > model.capacity
        {
            return Err(format!("len is {} of {} entries: {entries:?}", cache.len(), entries.len()));
        }
        if model.exact {
            if entries != model.entries {
                return Err(format!("the entries are {entries:?}, expected {:?}", model.entries));
            }
            return Ok(());
        }
        let keys: BTreeSet<u32> = entries.iter().map(|(key, _)| *key).collect();
        if keys.len() != entries.len() {
            return Err(format!("a key is there twice: {entries:?}"));
        }
        match entries.iter().find(|(key, value)| model.last.get(key) != Some(value)) {
            Some((key, value)) => {
                Err(format!("the value of {key} is {value}, expected {:?}", model.last.get(key)))
            }
            None if model.last.len() <= model.capacity && entries.len() < model.last.len() => Err(format!(
                "there is room for {} entries, but of {:?} only {entries:?} are left",
                model.capacity, model.last
            )),
            None => Ok(()),
        }
    }
}

fn capacity_zero<C: Cache<u64, u64>>() -> Result<(), String> {
    let mut cache = C::with_capacity(0);
    if cache.capacity() != 0 {
        return Err(format!("capacity is {}, expected 0", cache.capacity()));
    }
    for key in 0..100 {
        cache.put(key % 7, key);
        if cache.get(&(key % 7)).is_some() || cache.len() != 0 || cache.iter().next().is_some() {
            return Err(format!(
                "a cache of capacity 0 holds {} entries after put({})",
                cache.len(),
                key % 7
            ));
        }
    }
    Ok(())
}

fn capacity_one<C: Cache<u64, u64>>() -> Result<(), String> {
    let mut cache = C::with_capacity(1);
    for key in 0..100 {
        for value in [key, key + 1] {
            cache.put(key, value);
            let entries: Vec<(u64, u64)> = cache.iter().map(|(key, value)| (*key, *value)).collect();
            if cache.get(&key) != Some(&value) || cache.len() != 1 || entries != [(key, value)] {
                return Err(format!("after put({key}, {value}) the entries are {entries:?}"));
            }
        }
        if key > 0 && cache.get(&(key - 1)).is_some() {
            return Err(format!("{} is still there after put({key})", key - 1));
        }
    }
    Ok(())
}

fn oldest<C: Cache<u64, u64>>(exact: bool) -> Result<(), String> {
    for capacity in 1..=9 {
        let mut replay = Replay::<u64, C>::new(capacity, exact);
        for key in 0..capacity as u32 {
            replay.put(key, key)?;
        }
        // Around twice: looked up, replaced, and after it went.
        for round in 0..2 * capacity as u32 {
            for operation in [
                Operation::GetOldest,
                Operation::PutOldest { value: 100 + round },
                Operation::Put { key: 100 + round, value: round },
                Operation::Put { key: round, value: 200 + round },
            ] {
                replay.apply(operation)?;
                let what = |message| format!("capacity {capacity}, round {round}, {operation:?}: {message}");
                replay.compare().map_err(what)?;
            }
        }
    }
    Ok(())
}

fn replace<C: Cache<u64, u64>>(exact: bool) -> Result<(), String> {
    let mut replay = Replay::<u64, C>::new(4, exact);
    for key in 0..4 {
        replay.put(key, key)?;
    }
    for value in 0..1000 {
        replay.put(value % 4, value)?;
        replay.compare()?;
    }
    Ok(())
}

fn million<C: Cache<u64, u64>>(exact: bool) -> Result<(), String> {
    for capacity in [7, 32] {
        let mut replay = Replay::<u64, C>::new(capacity, exact);
        for step in 0..500_000u32 {
            let draw = mix(u64::from(step) ^ 0x9e37_79b9_7f4a_7c15);
            let key = (draw >> 32) as u32 % (2 * capacity as u32);
            let outcome = if draw.is_multiple_of(2) { replay.get(key) } else { replay.put(key, step) };
            outcome
                .and_then(|()| if step % 1000 == 0 { replay.compare() } else { Ok(()) })
                .map_err(|message| format!("capacity {capacity}, operation {step}: {message}"))?;
        }
        replay.compare()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_draws_have_the_chances_they_should() {
        for count in [10, 64, 65, 5000] {
            let zipf = Zipf::new(count);
            let mut rng = rng("zipf", count as usize);
            let draws = 400_000;
            let mut drawn = vec![0u32; count as usize + 1];
            (0..draws).for_each(|_| drawn[zipf.draw(&mut rng) as usize] += 1);
            assert_eq!(drawn[0], 0);
            let weight = |rank: usize| (rank as f64).powf(-0.99);
            let total: f64 = (1..=count as usize).map(weight).sum();
            for ranks in [1..2, 2..3, 9..11, 50..60, 60..70, 64..65, 65..66, 100..200, 1000..5001] {
                if ranks.end > count as usize + 1 {
                    continue;
                }
                let expected = ranks.clone().map(weight).sum::<f64>() / total * f64::from(draws);
                let observed = f64::from(drawn[ranks.clone()].iter().sum::<u32>());
                // Five standard deviations.
                assert!((observed - expected).abs() < 5.0 * expected.sqrt(), "{count}, {ranks:?}");
            }
        }
    }

    #[test]
    fn draws_never_change() {
        // A changed input silently changes every baseline; change these numbers only with a reason.
        assert_eq!(zipf_ids(6, 500), [3, 5, 1, 607, 6, 7]);
        assert_eq!(scan_ids(7, 4), [0, 1, 2, 3, 4, 0, 1]);
    }

    #[test]
    fn both_oracles_agree() {
        for capacity in [1, 2, 5, 20] {
            let mut list = Model::new(capacity, true);
            let mut clocked = Clocked::new(capacity);
            for key in uniform_ids(5000, capacity).into_iter().map(|id| id as u32) {
                let hit = list.get(key).is_some();
                list.put(key, 0);
                assert_eq!(clocked.access(&key), hit);
                assert!(clocked.keys().eq(list.entries.iter().map(|(key, _)| key)));
            }
        }
    }

    #[test]
    fn the_latest_ids_are_what_an_exact_cache_holds() {
        let ids = zipf_ids(3000, 50);
        let mut clocked = Clocked::new(50);
        ids.iter().for_each(|id| {
            clocked.access(id);
        });
        let mut held: Vec<u64> = clocked.keys().copied().collect();
        held.reverse();
        assert_eq!(latest(&ids, 50), held);
    }

    #[test]
    fn a_faulty_trace_is_refused_by_its_line() {
        assert_eq!(check_own_trace(b"a\nb\r\nc"), Ok(()));
        assert_eq!(check_own_trace(b"a\nb\n"), Ok(()));
        let refused = |file: &[u8]| check_own_trace(file).unwrap_err();
        assert!(refused(b"").contains("empty"));
        assert!(refused(b"\n").starts_with("line 1 is empty"));
        assert!(refused(b"a\n\nb\n").starts_with("line 2 is empty"));
        assert!(refused(b"a\nb\n\xff\n").starts_with("line 3 is not UTF-8"));
        assert!(lines(b"a\r\nb\n").eq([b"a", b"b"]));
    }
}

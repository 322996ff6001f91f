//! Checks: traces of random operations, replayed beside the [oracle](super::oracle).

use std::collections::BTreeSet;
use std::marker::PhantomData;

use super::contract::{Cache, Family};
use super::oracle::Model;
use crate::checking::{Specimen, at_end, each_step, expect, fixed, not_replayed, with_probes};
use crate::input::{FixedHasher, mix};
use crate::probe::{Hashing, PassThrough, Probe};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 300, 64, "Random operations on a cache of 1 to 16 entries. Every entry is compared after each step."),
    Check::new("trace_large", 3000, 2, "Random operations on a cache of some hundred entries. Every entry is compared after every 50 steps."),
    Check::new("collisions", 250, 24, "The same with keys of which all, or many, have one hash, or hashes that differ in a few bits."),
    Check::new("trace_drops", 250, 32, "The same with counted keys and values: none leaks, and none is dropped twice."),
    Check::new("panics", 160, 64, "Clone, Hash or Eq panics in the middle of an operation: the cache stays sound, and nothing leaks or is dropped twice."),
    Check::new("capacity_zero", 0, 1, "A cache of capacity 0 holds nothing, whatever is put into it."),
    Check::new("capacity_one", 0, 1, "A cache of capacity 1 holds the entry that was used last."),
    Check::new("capacity_huge", 0, 1, "Caches of 2³¹ to 2⁶⁴ − 1 entries: each says its capacity, takes memory for its entries only, and evicts nothing."),
    Check::new("oldest", 0, 1, "The least recently used entry is put again, looked up or replaced: it becomes the most recently used one."),
    Check::new("replace", 0, 1, "A key whose value is replaced many times has one entry, and no other entry is evicted."),
    Check::new("million", 0, 1, "A million operations on caches of 7 and 32 entries. Every answer is compared."),
];

/// What a step does.
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

/// The capacity of a trace's cache. The first step decides.
fn capacity_of(check: &Check, trace: &[Step]) -> usize {
    let draw = trace.first().map_or(0, |step| usize::from(step.version));
    if check.name == "trace_large" { 100 + 4 * draw } else { 1 + draw % SMALL }
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    let capacity = capacity_of(check, trace);
    trace.iter().map(|step| format!("{:?} (cache of capacity {capacity})", decode(step, capacity))).collect()
}

type Plain<F> = <F as Family>::Cache<u64, u64, FixedHasher>;
type Watched<F> = <F as Family>::Cache<Probe, Probe, PassThrough>;

pub(super) fn replay<F: Family, const EXACT: bool>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let capacity = capacity_of(check, trace);
    let counted = |hashing, fuse| {
        with_probes(hashing, trace, ["the cache was dropped", "keys and values"], || {
            Replay::<Probe, Watched<F>>::new(capacity, EXACT).run(trace, fuse)
        })
    };
    match check.name {
        "trace" | "trace_large" => Replay::<u64, Plain<F>>::new(capacity, EXACT).run(trace, None),
        "collisions" => {
            let hashings = [Hashing::Constant, Hashing::EqualLow32, Hashing::LastBits, Hashing::FourGroups];
            counted(hashings[trace.len() % hashings.len()], None)
        }
        "trace_drops" => counted(Hashing::Spread, None),
        "panics" => counted(Hashing::Spread, Some(FUSE)),
        "capacity_zero" => fixed(capacity_zero::<Plain<F>>()),
        "capacity_one" => fixed(capacity_one::<Plain<F>>()),
        "capacity_huge" => fixed(capacity_huge::<Plain<F>>()),
        "oldest" => fixed(oldest::<Plain<F>>(EXACT)),
        "replace" => fixed(replace::<Plain<F>>(EXACT)),
        "million" => fixed(million::<Plain<F>>(EXACT)),
        _ => not_replayed(check),
    }
}

/// A panic waits for fewer calls of `Clone`, `Hash` and `Eq` than this: as many as an operation makes, so that it
/// comes at each of them.
const FUSE: u32 = 12;

/// Caches of up to so many entries are compared in full after each step of a trace, larger ones seldom.
const SMALL: usize = 16;

/// After how many steps a larger cache is compared in full.
const COMPARE_EVERY: usize = 50;

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

    /// Replays `trace`; with a `fuse`, every operation is made while a [`Probe`] fuse of fewer calls burns.
    fn run(mut self, trace: &[Step], fuse: Option<u32>) -> Result<(), Mismatch> {
        let capacity = self.model.capacity;
        fixed(expect("capacity", self.cache.capacity(), capacity))?;
        each_step(trace, |at, step| {
            let operation = decode(step, capacity);
            let outcome = match fuse {
                None => self.apply(operation),
                Some(calls) => self.apply_with_fuse(operation, u32::from(step.b) % calls),
            };
            let is_due = capacity <= SMALL || at % COMPARE_EVERY == 0;
            let outcome = outcome.and_then(|()| if is_due { self.compare() } else { Ok(()) });
            outcome.map_err(|message| format!("{operation:?}: {message}"))
        })?;
        at_end(trace, self.compare())
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

    /// Applies an operation that may panic. The cache that it leaves must be sound: it counts its entries right, holds no
    /// more than its capacity, no key twice and no value that was never put, and still works. After a panic the trace
    /// goes on with a new cache.
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

/// Capacities at which 32 bits end, where their low 32 bits are few, and where no memory holds that many entries.
const HUGE: [usize; 14] = [
    1 << 31,
    (1 << 31) + 1,
    u32::MAX as usize - 1,
    u32::MAX as usize,
    1 << 32,
    (1 << 32) + 1,
    (1 << 32) + 7,
    1 << 33,
    1 << 40,
    (1 << 48) + 3,
    isize::MAX as usize,
    isize::MAX as usize + 1,
    usize::MAX - 1,
    usize::MAX,
];

fn capacity_huge<C: Cache<u64, u64>>() -> Result<(), String> {
    const ENTRIES: u64 = 1000;
    for capacity in HUGE {
        let mut cache = C::with_capacity(capacity);
        expect("capacity", cache.capacity(), capacity)?;
        let told = |message| format!("capacity {capacity}: {message}");
        for round in 0..2 {
            for key in 0..ENTRIES {
                cache.put(key, key + round);
                let length = if round == 0 { key + 1 } else { ENTRIES };
                expect(format_args!("len after put({key})"), cache.len() as u64, length).map_err(told)?;
            }
            for key in 0..ENTRIES {
                let observed = cache.get(&key).copied();
                expect(format_args!("get({key})"), observed, Some(key + round)).map_err(told)?;
            }
        }
        expect("entries", cache.iter().count() as u64, ENTRIES).map_err(told)?;
        expect("get of an absent key", cache.get(&ENTRIES), None).map_err(told)?;
    }
    Ok(())
}

fn oldest<C: Cache<u64, u64>>(exact: bool) -> Result<(), String> {
    for capacity in 1..=9 {
        let mut replay = Replay::<u64, C>::new(capacity, exact);
        for key in 0..capacity as u32 {
            replay.put(key, key)?;
        }
        // Two rounds in which the oldest entry is looked up, replaced, and evicted.
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

//! Checks: traces of random operations, replayed beside the [oracle](super::oracle).

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use super::contract::{Family, PersistentMap};
use super::oracle::Model;
use crate::checking::{
    GROWTH, MAX_VERSIONS, Specimen, Versions, fixed, hold_versions, in_threads, not_replayed, with_probes,
};
use crate::input::{DearKey, FixedHasher, mix};
use crate::probe::{Hashing, PassThrough, Probe};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace_u64", 300, 48, "Random operations on a tree of versions, with u64 keys."),
    Check::new("trace_string", 200, 24, "Random operations on a tree of versions, with String keys."),
    Check::new("trace_long", 6000, 1, "6,000 operations on a tree of versions; all versions held are compared in full."),
    Check::new("collide_all", 250, 32, "All keys have one 64-bit hash, so that collision nodes hold up to 100 entries."),
    Check::new("collide_low32", 250, 24, "All hashes are equal in their low 32 bits."),
    Check::new("collide_last_bits", 250, 24, "Hashes differ in no bits but those that a trie consumes last, or not at all."),
    Check::new("collide_groups", 250, 24, "All keys share four hashes."),
    Check::new("panics", 160, 48, "Clone, Hash, Eq or Ord panics in the middle of an operation: every other version stays as it was, and nothing leaks or is dropped twice."),
    Check::new("threads", 0, 1, "Four threads fork one map and change their forks at the same time: each sees its own changes only."),
    Check::new("versions_held", 0, 1, "A map grows to 20,000 entries, then entries are overwritten and removed. A version is held every 1,000 steps, and all of them are compared in full in the end."),
    Check::new("collide_panics", 120, 32, "The same inside a collision node."),
    Check::new("group_panics", 160, 32, "The same with four collision nodes side by side."),
];

/// How a check is replayed.
#[derive(Clone, Copy)]
pub(crate) enum Plan {
    /// Random operations on a tree of versions.
    Trace {
        /// What the keys are.
        keys: Keys,
        /// How many distinct keys the steps choose from.
        key_space: u16,
        /// Where operations panic: each panic waits for fewer calls of `Clone`, `Hash`, `Eq` and `Ord` than this.
        fuse: Option<u32>,
    },
    /// Threads that change forks of one map of so many entries.
    Threads { entries: u64 },
    /// A large map of which many versions are held.
    Held,
}

/// The type of a trace's keys.
#[derive(Clone, Copy)]
pub(crate) enum Keys {
    /// `u64`.
    Number,
    /// `String`.
    Text,
    /// [`DearKey`].
    Dear,
    /// [`Probe`], as values too, with this hash.
    Probe(Hashing),
}

impl Plan {
    /// A trace in which nothing panics.
    pub(crate) fn trace(keys: Keys, key_space: u16) -> Self {
        Plan::Trace { keys, key_space, fuse: None }
    }

    /// A trace of probes in which operations panic after fewer than `fuse` calls.
    pub(crate) fn panicking(hashing: Hashing, key_space: u16, fuse: u32) -> Self {
        Plan::Trace { keys: Keys::Probe(hashing), key_space, fuse: Some(fuse) }
    }
}

/// An operation on a collision node makes about as many calls: most operations panic, and some come to their end.
pub(crate) const SHORT_FUSE: u32 = 24;

fn plan(check: &Check) -> Plan {
    match check.name {
        "trace_u64" => Plan::trace(Keys::Number, 300),
        "trace_string" => Plan::trace(Keys::Text, 300),
        "trace_long" => Plan::trace(Keys::Number, 3000),
        "collide_all" => Plan::trace(Keys::Probe(Hashing::Constant), 100),
        "collide_low32" => Plan::trace(Keys::Probe(Hashing::EqualLow32), 40),
        "collide_last_bits" => Plan::trace(Keys::Probe(Hashing::LastBits), 40),
        "collide_groups" => Plan::trace(Keys::Probe(Hashing::FourGroups), 100),
        "panics" => Plan::panicking(Hashing::Spread, 100, SHORT_FUSE),
        "collide_panics" => Plan::panicking(Hashing::Constant, 100, SHORT_FUSE),
        "group_panics" => Plan::panicking(Hashing::FourGroups, 100, SHORT_FUSE),
        "threads" => Plan::Threads { entries: 2000 },
        "versions_held" => Plan::Held,
        _ => not_replayed(check),
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Insert { version: usize, key: u32, value: u32 },
    InsertFork { version: usize, key: u32, value: u32 },
    Remove { version: usize, key: u32 },
    RemoveFork { version: usize, key: u32 },
    Get { version: usize, key: u32 },
    Union { version: usize, other: usize },
    Equal { version: usize, other: usize },
    Rebuild { version: usize },
    Iterate { version: usize },
    Drop { version: usize },
}

fn decode(key_space: u16, step: &Step) -> Operation {
    let key = u32::from(step.a % key_space);
    let value = u32::from(step.b);
    let version = usize::from(step.version) % MAX_VERSIONS;
    let other = usize::from(step.b) % MAX_VERSIONS;
    match step.op % 20 {
        0..=5 => Operation::Insert { version, key, value },
        6..=8 => Operation::InsertFork { version, key, value },
        9..=11 => Operation::Remove { version, key },
        12..=13 => Operation::RemoveFork { version, key },
        14 => Operation::Get { version, key },
        15 => Operation::Union { version, other },
        16 => Operation::Equal { version, other },
        17 => Operation::Rebuild { version },
        18 => Operation::Iterate { version },
        _ => Operation::Drop { version },
    }
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    describe_plan(plan(check), trace)
}

/// Spells a trace's steps, as [`replay_plan`] takes them.
pub(crate) fn describe_plan(plan: Plan, trace: &[Step]) -> Vec<String> {
    let Plan::Trace { key_space, .. } = plan else { return Vec::new() };
    trace.iter().map(|step| format!("{:?} (versions modulo those held)", decode(key_space, step))).collect()
}

pub(super) fn replay<F: Family>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    replay_plan::<F>(plan(check), trace)
}

/// Replays a trace as planned. Another bottleneck with the same contract plans its own checks and calls this.
pub(crate) fn replay_plan<F: Family>(plan: Plan, trace: &[Step]) -> Result<(), Mismatch> {
    let (keys, key_space, fuse) = match plan {
        Plan::Threads { entries } => return fixed(threads::<F::Map<u64, u64, FixedHasher>>(entries)),
        Plan::Held => return fixed(versions_held::<F::Map<u64, u64, FixedHasher>>()),
        Plan::Trace { keys, key_space, fuse } => (keys, key_space, fuse),
    };
    match keys {
        Keys::Number => Replay::<u64, u64, F::Map<u64, u64, FixedHasher>>::of(key_space).run(trace, fuse),
        Keys::Text => Replay::<String, u64, F::Map<String, u64, FixedHasher>>::of(key_space).run(trace, fuse),
        Keys::Dear => {
            Replay::<DearKey, u64, F::Map<DearKey, u64, FixedHasher>>::of(key_space).run(trace, fuse)
        }
        Keys::Probe(hashing) => {
            with_probes(hashing, trace, ["every version was dropped", "keys and values"], || {
                Replay::<Probe, Probe, F::Map<Probe, Probe, PassThrough>>::of(key_space).run(trace, fuse)
            })
        }
    }
}

/// The versions under test, each beside its model.
struct Replay<K, V, M> {
    key_space: u16,
    versions: Vec<(M, Model)>,
    types: PhantomData<(K, V)>,
}

impl<K: Specimen, V: Specimen, M: PersistentMap<K, V>> Versions for Replay<K, V, M> {
    type Structure = M;
    type Model = Model;

    fn versions(&mut self) -> &mut Vec<(M, Model)> {
        &mut self.versions
    }

    fn held(&self) -> usize {
        self.versions.len()
    }

    fn empty() -> (M, Model) {
        (M::new(), Model::new())
    }

    fn length(model: &Model) -> usize {
        model.len()
    }

    fn apply(&mut self, step: &Step, fuse: Option<u32>) -> Result<(), String> {
        let held = self.versions.len();
        match decode(self.key_space, step) {
            Operation::Insert { version, key, value } => self.insert(version % held, key, value, fuse),
            Operation::InsertFork { version, key, value } => {
                let at = self.fork(version % held);
                self.insert(at, key, value, fuse)?;
                self.compare_key(version % held, key)
            }
            Operation::Remove { version, key } => self.remove(version % held, key, fuse),
            Operation::RemoveFork { version, key } => {
                let at = self.fork(version % held);
                self.remove(at, key, fuse)?;
                self.compare_key(version % held, key)
            }
            Operation::Get { version, key } => self.compare_key(version % held, key),
            Operation::Union { version, other } => {
                let (left, left_model) = &self.versions[version % held];
                let (right, right_model) = &self.versions[other % held];
                let mut model = right_model.clone();
                model.extend(left_model);
                match Probe::with_fuse(fuse, || left.union(right)) {
                    Some(united) => {
                        let at = self.place((united, model), held);
                        self.compare_one(at)
                    }
                    None => {
                        self.compare_all().map_err(|message| format!("after a panic in union: {message}"))
                    }
                }
            }
            Operation::Equal { version, other } => {
                let (left, left_model) = &self.versions[version % held];
                let (right, right_model) = &self.versions[other % held];
                let (observed, expected) =
                    (Probe::with_fuse(fuse, || left.equal(right)), left_model == right_model);
                if let Some(observed) = observed.filter(|observed| *observed != expected) {
                    return Err(format!("equality of two versions is {observed}, expected {expected}"));
                }
                let mut observed = Vec::new();
                let compared = Probe::with_fuse(fuse, || {
                    left.diff(right, |key, old, new| {
                        observed.push((key.id(), old.map(V::id), new.map(V::id)))
                    });
                });
                if compared.is_some() {
                    observed.sort_unstable();
                    let expected = differences(left_model, right_model);
                    if observed != expected {
                        return Err(format!("two versions differ in {observed:?}, expected {expected:?}"));
                    }
                }
                Ok(())
            }
            Operation::Rebuild { version } => {
                // The same content is built in another order, with keys that come and go in between.
                let (map, model) = &self.versions[version % held];
                let mut rebuilt = M::new();
                for (&key, &value) in model.iter().rev() {
                    rebuilt.insert(K::from_id(key ^ 0x8000), V::from_id(value));
                    rebuilt.insert(K::from_id(key), V::from_id(value));
                }
                for &key in model.keys() {
                    rebuilt.remove(&K::from_id(key ^ 0x8000));
                }
                if !rebuilt.equal(map) || !map.equal(&rebuilt) {
                    return Err("a map of equal content built in another order is not equal".to_owned());
                }
                // In a list that names every key twice, the last value counts.
                let entry = |(key, value): (&u32, u32)| (K::from_id(*key), V::from_id(value));
                let earlier = model.iter().map(|(key, value)| entry((key, value ^ 1)));
                let later = model.iter().rev().map(|(key, value)| entry((key, *value)));
                let gathered = Probe::with_fuse(fuse, || M::from_entries(earlier.chain(later)));
                if gathered.is_some_and(|gathered| gathered.len() != model.len() || !gathered.equal(map)) {
                    return Err("a map from a list with every key twice is not equal".to_owned());
                }
                // The same as one batch that is added to a map of half of the keys.
                let half = model.iter().step_by(2).map(|(key, value)| entry((key, value ^ 1)));
                let batch = model.iter().map(|(key, value)| entry((key, *value)));
                let extended = Probe::with_fuse(fuse, || {
                    let mut extended = M::from_entries(half);
                    let before = extended.clone();
                    extended.insert_all(batch);
                    (before, extended)
                });
                if let Some((before, extended)) = extended {
                    if extended.len() != model.len() || !extended.equal(map) {
                        return Err("a map to which its entries were added at once is not equal".to_owned());
                    }
                    let kept =
                        before.iter().all(|(key, value)| model.get(&key.id()) == Some(&(value.id() ^ 1)));
                    if before.len() != model.len().div_ceil(2) || !kept {
                        return Err("the version before entries were added at once has changed".to_owned());
                    }
                }
                Ok(())
            }
            Operation::Iterate { version } => self.compare_one(version % held),
            Operation::Drop { version } => {
                if held > 1 {
                    self.versions.swap_remove(version % held);
                }
                Ok(())
            }
        }
    }

    fn compare_one(&self, at: usize) -> Result<(), String> {
        let (map, model) = &self.versions[at];
        if map.len() != model.len() {
            return Err(format!("version {at}: len is {}, expected {}", map.len(), model.len()));
        }
        let mut seen: Vec<(u32, u32)> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
        seen.sort_unstable();
        if !seen.iter().copied().eq(model.iter().map(|(&key, &value)| (key, value))) {
            let expected: Vec<_> = model.iter().collect();
            return Err(format!("version {at}: iterates over {seen:?}, expected {expected:?}"));
        }
        for (&key, &value) in model {
            let observed = map.get(&K::from_id(key)).map(V::id);
            if observed != Some(value) {
                return Err(format!("version {at}: get({key}) is {observed:?}, expected Some({value})"));
            }
        }
        Ok(())
    }
}

/// The keys of which two models have different values, with both values.
fn differences(old: &Model, new: &Model) -> Vec<(u32, Option<u32>, Option<u32>)> {
    let keys: BTreeSet<u32> = old.keys().chain(new.keys()).copied().collect();
    let both = keys.into_iter().map(|key| (key, old.get(&key).copied(), new.get(&key).copied()));
    both.filter(|(_, old, new)| old != new).collect()
}

impl<K: Specimen, V: Specimen, M: PersistentMap<K, V>> Replay<K, V, M> {
    /// A tree of one empty version, for steps with so many distinct keys.
    fn of(key_space: u16) -> Self {
        Replay { key_space, versions: vec![Self::empty()], types: PhantomData }
    }

    fn insert(&mut self, at: usize, key: u32, value: u32, fuse: Option<u32>) -> Result<(), String> {
        self.change(
            at,
            fuse,
            |map| map.insert(K::from_id(key), V::from_id(value)),
            |model| {
                model.insert(key, value);
            },
        )?;
        self.compare_key(at, key)
    }

    fn remove(&mut self, at: usize, key: u32, fuse: Option<u32>) -> Result<(), String> {
        let mut observed = false;
        let mut expected = false;
        let completed = self.change(
            at,
            fuse,
            |map| observed = map.remove(&K::from_id(key)),
            |model| expected = model.remove(&key).is_some(),
        )?;
        if completed && observed != expected {
            return Err(format!("remove({key}) returned {observed}, expected {expected}"));
        }
        self.compare_key(at, key)
    }

    fn compare_key(&self, at: usize, key: u32) -> Result<(), String> {
        let (map, model) = &self.versions[at];
        let observed = map.get(&K::from_id(key)).map(V::id);
        let expected = model.get(&key).copied();
        if observed != expected {
            return Err(format!("version {at}: get({key}) is {observed:?}, expected {expected:?}"));
        }
        if map.contains_key(&K::from_id(key)) != expected.is_some() {
            return Err(format!("version {at}: contains_key({key}) contradicts get"));
        }
        if map.len() != model.len() || map.is_empty() != model.is_empty() {
            return Err(format!("version {at}: len is {}, expected {}", map.len(), model.len()));
        }
        Ok(())
    }
}

/// Versions of a map that grows, and whose entries then change and go.
fn versions_held<M: PersistentMap<u64, u64>>() -> Result<(), String> {
    // The key that a step changes, and its value then; `None` where it is removed.
    let change = |step: u64| match mix(step) {
        _ if step < GROWTH => (step, Some(step)),
        draw if draw & (1 << 40) == 0 => (draw % GROWTH, Some(draw)),
        draw => (draw % GROWTH, None),
    };
    hold_versions(
        M::new(),
        vec![None; GROWTH as usize],
        |map, step| match change(step) {
            (key, Some(value)) => map.insert(key, value),
            (key, None) => drop(map.remove(&key)),
        },
        |model, step| {
            let (key, value) = change(step);
            model[key as usize] = value;
        },
        |map, model| {
            let value_of = |key: u64| model.get(key as usize).copied().flatten();
            let entries = model.iter().flatten().count();
            let visited = map.iter().filter(|(key, value)| value_of(**key) == Some(**value)).count();
            if (map.len(), visited, map.iter().count()) != (entries, entries, entries) {
                let len = map.len();
                return Err(format!("len is {len} and {visited} entries are right, expected {entries}"));
            }
            (0..GROWTH).try_for_each(|key| match (map.get(&key).copied(), value_of(key)) {
                (observed, expected) if observed == expected => Ok(()),
                (observed, expected) => Err(format!("get({key}) is {observed:?}, expected {expected:?}")),
            })
        },
    )
}

/// Several threads change forks of one map at the same time, and fork and drop them.
fn threads<M: PersistentMap<u64, u64> + Send + Sync>(entries: u64) -> Result<(), String> {
    let base = M::from_entries((0..entries).map(|key| (key, key)));
    let change = |thread: u64| -> Result<(), String> {
        let mut map = base.clone();
        let mut model: BTreeMap<u64, u64> = (0..entries).map(|key| (key, key)).collect();
        let mut kept = None;
        for step in 0..3000 {
            let draw = mix(step * 4 + thread);
            let key = draw % (entries + entries / 2);
            if draw & (1 << 40) == 0 {
                map.insert(key, draw);
                model.insert(key, draw);
            } else if map.remove(&key) != model.remove(&key).is_some() {
                return Err(format!("thread {thread}: remove({key}) is wrong at step {step}"));
            }
            if step % 64 == 0 {
                kept = Some(map.clone());
            }
        }
        drop(kept);
        if map.len() != model.len() || model.iter().any(|(key, value)| map.get(key) != Some(value)) {
            return Err(format!("thread {thread}: its fork does not hold what it wrote"));
        }
        Ok(())
    };
    in_threads(change)?;
    if base.len() as u64 != entries || (0..entries).any(|key| base.get(&key) != Some(&key)) {
        return Err("the map that the threads forked has changed".to_owned());
    }
    Ok(())
}

//! Checks: traces of random operations, replayed beside the [oracle](super::oracle).

use std::marker::PhantomData;

use super::contract::{Family, PersistentVector};
use super::oracle::{Model, values};
use crate::checking::{
    GROWTH, MAX_VERSIONS, Specimen, Versions, fixed, hold_versions, in_threads, not_replayed, with_probes,
};
use crate::input::mix;
use crate::probe::{Hashing, Probe};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 300, 48, "Random operations on a tree of versions."),
    Check::new("trace_long", 6000, 1, "6,000 operations on a tree of versions; all versions held are compared in full."),
    Check::new("trace_drops", 250, 32, "The same with counted elements: none leaks, and none is dropped twice."),
    Check::new("panics", 160, 48, "Clone panics in the middle of an operation: every other version stays as it was, and nothing leaks or is dropped twice."),
    Check::new("root_overflow", 0, 1, "The source's own test: after pushes of 0..2000 there are elements 1,023, 1,024 and 1,999, and none at 2,000."),
    Check::new("boundaries", 0, 1, "Pushes, sets and pops across 31, 32, 33, 1023, 1024, 1025, 1055, 1056, 1057, 32,767, 32,768, 32,769, 33,792 and 33,793 elements, while old versions are held."),
    Check::new("threads", 0, 1, "Four threads fork one vector and change their forks at the same time: each sees its own changes only."),
    Check::new("versions_held", 0, 1, "A vector grows to 20,000 elements, then elements are set, popped and pushed. A version is held every 1,000 steps, and all of them are compared in full in the end."),
    Check::new("index_huge", 0, 1, "Indices from 2³¹ to 2⁶⁴ − 1, whose low bits are often those of an element, are past the end, for slices as well. So are slices that end before they begin."),
    Check::new("small_pairs", 0, 1, "Slices and concatenations of every pair of small lengths and of lengths around node boundaries."),
];

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Push { version: usize, value: u32 },
    PushMany { version: usize, count: usize, value: u32 },
    PushFork { version: usize, value: u32 },
    Pop { version: usize },
    PopMany { version: usize, count: usize },
    PopFork { version: usize },
    Set { version: usize, index: usize, value: u32 },
    SetFork { version: usize, index: usize, value: u32 },
    SetPastEnd { version: usize, past: usize },
    Slice { version: usize, start: usize, length: usize },
    SlicePastEnd { version: usize },
    Concat { version: usize, other: usize },
    Iterate { version: usize },
    Drop { version: usize },
}

/// The greatest length of a trace's vectors. Concatenation can double a length, so there must be a bound.
const MAX_LENGTH: usize = 5000;

fn decode(step: &Step) -> Operation {
    let index = usize::from(step.a);
    let value = u32::from(step.b);
    let version = usize::from(step.version) % MAX_VERSIONS;
    match step.op % 20 {
        0..=2 => Operation::Push { version, value },
        3..=4 => Operation::PushMany { version, count: index % 80, value },
        5..=6 => Operation::PushFork { version, value },
        7..=8 => Operation::Pop { version },
        9 => Operation::PopMany { version, count: index % 80 },
        10 => Operation::PopFork { version },
        11..=12 => Operation::Set { version, index, value },
        13..=14 => Operation::SetFork { version, index, value },
        15 => Operation::SetPastEnd { version, past: index % 3 },
        16 => Operation::Slice { version, start: index, length: usize::from(step.b) },
        17 if step.b.is_multiple_of(4) => Operation::SlicePastEnd { version },
        17 => Operation::Concat { version, other: index % MAX_VERSIONS },
        18 => Operation::Iterate { version },
        _ => Operation::Drop { version },
    }
}

pub(super) fn describe(_: &Check, trace: &[Step]) -> Vec<String> {
    let steps = trace.iter();
    steps
        .map(|step| format!("{:?} (versions modulo those held, indices modulo the length)", decode(step)))
        .collect()
}

pub(super) fn replay<F: Family>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let counted = |fuse| {
        with_probes(Hashing::Spread, trace, ["every version was dropped", "elements"], || {
            Replay::<Probe, F::Vector<Probe>>::new().run(trace, fuse)
        })
    };
    match check.name {
        "trace" | "trace_long" => Replay::<u64, F::Vector<u64>>::new().run(trace, None),
        "trace_drops" => counted(None),
        "panics" => counted(Some(FUSE)),
        "root_overflow" => fixed(root_overflow::<F::Vector<u64>>()),
        "boundaries" => fixed(boundaries::<F::Vector<u64>>()),
        "versions_held" => fixed(versions_held::<F::Vector<u64>>()),
        "threads" => fixed(threads::<F::Vector<u64>>()),
        "index_huge" => fixed(index_huge::<F::Vector<u64>>()),
        "small_pairs" => fixed(small_pairs::<F::Vector<u64>>()),
        _ => not_replayed(check),
    }
}

/// A panic waits for fewer calls of `Clone` than this. A change of a trie copies a node of up to 32 elements, so most
/// panics come while it does.
const FUSE: u32 = 40;

/// The versions under test, each beside its model.
struct Replay<T, V> {
    versions: Vec<(V, Model)>,
    element: PhantomData<T>,
}

impl<T: Specimen, V: PersistentVector<T>> Versions for Replay<T, V> {
    type Structure = V;
    type Model = Model;

    fn versions(&mut self) -> &mut Vec<(V, Model)> {
        &mut self.versions
    }

    fn held(&self) -> usize {
        self.versions.len()
    }

    fn empty() -> (V, Model) {
        (V::new(), Model::new())
    }

    fn length(model: &Model) -> usize {
        model.len()
    }

    fn apply(&mut self, step: &Step, fuse: Option<u32>) -> Result<(), String> {
        let held = self.versions.len();
        match decode(step) {
            Operation::Push { version, value } => self.push(version % held, 1, value, fuse),
            Operation::PushMany { version, count, value } => self.push(version % held, count, value, fuse),
            Operation::PushFork { version, value } => {
                let at = self.fork(version % held);
                self.push(at, 1, value, fuse)?;
                self.compare_ends(version % held)
            }
            Operation::Pop { version } => self.pop(version % held, 1, fuse),
            Operation::PopMany { version, count } => self.pop(version % held, count, fuse),
            Operation::PopFork { version } => {
                let at = self.fork(version % held);
                self.pop(at, 1, fuse)?;
                self.compare_ends(version % held)
            }
            Operation::Set { version, index, value } => self.set(version % held, index, value, fuse),
            Operation::SetFork { version, index, value } => {
                let at = self.fork(version % held);
                self.set(at, index, value, fuse)?;
                self.compare_ends(version % held)
            }
            Operation::SetPastEnd { version, past } => {
                let (vector, model) = &mut self.versions[version % held];
                if vector.set(model.len() + past, T::from_id(7)) {
                    return Err(format!(
                        "set({}) of {} elements returned true",
                        model.len() + past,
                        model.len()
                    ));
                }
                self.compare_ends(version % held)
            }
            Operation::Slice { version, start, length } => {
                let (vector, model) = &self.versions[version % held];
                let start = start % (model.len() + 1);
                let range = start..start + length % (model.len() - start + 1);
                let slice = vector.slice(range.clone());
                let slice = slice.ok_or_else(|| format!("slice({range:?}) of {} is None", model.len()))?;
                let model = model[range].to_vec();
                let at = self.place((slice, model), held);
                self.compare_one(at)
            }
            Operation::SlicePastEnd { version } => {
                let (vector, model) = &self.versions[version % held];
                let end = model.len() + 1;
                match vector.slice(0..end) {
                    Some(_) => Err(format!("slice(0..{end}) of {} elements is Some", model.len())),
                    None => Ok(()),
                }
            }
            Operation::Concat { version, other } => {
                let (left, left_model) = &self.versions[version % held];
                let (right, right_model) = &self.versions[other % held];
                if left_model.len() + right_model.len() > MAX_LENGTH {
                    return Ok(());
                }
                let joined = left.concat(right);
                let model = [left_model.as_slice(), right_model].concat();
                let at = self.place((joined, model), held);
                self.compare_one(at)
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
        self.compare_ends(at)?;
        let (vector, model) = &self.versions[at];
        let mut visited = Vec::with_capacity(model.len());
        vector.for_each_chunk(|chunk| visited.extend(chunk.iter().map(T::id)));
        if visited != *model {
            return Err(format!("version {at}: its chunks hold {visited:?}, expected {model:?}"));
        }
        if !vector.iter().map(T::id).eq(model.iter().copied()) {
            let observed: Vec<u32> = vector.iter().map(T::id).collect();
            let differs = observed.iter().zip(model).position(|(observed, expected)| observed != expected);
            let differs = differs.unwrap_or(observed.len().min(model.len()));
            return Err(format!(
                "version {at}: iteration differs at {differs}: {:?} ({} elements), expected {:?} ({})",
                observed.get(differs),
                observed.len(),
                model.get(differs),
                model.len()
            ));
        }
        (0..model.len()).try_for_each(|index| self.compare_index(at, index))
    }
}

impl<T: Specimen, V: PersistentVector<T>> Replay<T, V> {
    /// A tree of one empty version.
    fn new() -> Self {
        Replay { versions: vec![Self::empty()], element: PhantomData }
    }

    fn push(&mut self, at: usize, count: usize, value: u32, fuse: Option<u32>) -> Result<(), String> {
        let values = || (0..count as u32).map(|offset| value.wrapping_add(offset));
        self.change(
            at,
            fuse,
            |vector| values().for_each(|value| vector.push_back(T::from_id(value))),
            |model| model.extend(values()),
        )?;
        self.compare_ends(at)
    }

    fn pop(&mut self, at: usize, count: usize, fuse: Option<u32>) -> Result<(), String> {
        let mut observed = Vec::new();
        let mut expected = Vec::new();
        let completed = self.change(
            at,
            fuse,
            |vector| observed.extend((0..count).map(|_| vector.pop_back().map(|value| value.id()))),
            |model| expected.extend((0..count).map(|_| model.pop())),
        )?;
        if completed && observed != expected {
            return Err(format!("{count} pops returned {observed:?}, expected {expected:?}"));
        }
        self.compare_ends(at)
    }

    fn set(&mut self, at: usize, index: usize, value: u32, fuse: Option<u32>) -> Result<(), String> {
        let length = self.versions[at].1.len();
        if length == 0 {
            return Ok(());
        }
        let index = index % length;
        let mut replaced = true;
        self.change(
            at,
            fuse,
            |vector| replaced = vector.set(index, T::from_id(value)),
            |model| model[index] = value,
        )?;
        if !replaced {
            return Err(format!("set({index}) of {length} elements returned false"));
        }
        self.compare_index(at, index)?;
        self.compare_ends(at)
    }

    fn compare_index(&self, at: usize, index: usize) -> Result<(), String> {
        let (vector, model) = &self.versions[at];
        let observed = vector.get(index).map(T::id);
        let expected = model.get(index).copied();
        if observed != expected {
            return Err(format!("version {at}: get({index}) is {observed:?}, expected {expected:?}"));
        }
        Ok(())
    }

    /// Length, both ends, and one past the end.
    fn compare_ends(&self, at: usize) -> Result<(), String> {
        let (vector, model) = &self.versions[at];
        if vector.len() != model.len() || vector.is_empty() != model.is_empty() {
            return Err(format!("version {at}: len is {}, expected {}", vector.len(), model.len()));
        }
        [0, model.len().saturating_sub(1), model.len(), model.len() + 40]
            .into_iter()
            .try_for_each(|index| self.compare_index(at, index))
    }
}

/// Compares a vector with the values it must hold.
fn compare<V: PersistentVector<u64>>(
    what: impl Fn() -> String,
    vector: &V,
    expected: impl ExactSizeIterator<Item = u64> + Clone,
) -> Result<(), String> {
    if vector.len() != expected.len() {
        return Err(format!("{}: len is {}, expected {}", what(), vector.len(), expected.len()));
    }
    if !vector.iter().copied().eq(expected.clone()) {
        return Err(format!("{}: iteration differs", what()));
    }
    for (index, value) in expected.enumerate() {
        if vector.get(index) != Some(&value) {
            return Err(format!("{}: get({index}) is {:?}, expected {value}", what(), vector.get(index)));
        }
    }
    Ok(())
}

fn root_overflow<V: PersistentVector<u64>>() -> Result<(), String> {
    let mut vector = V::new();
    for value in 0..2000 {
        vector.push_back(value);
    }
    for (index, expected) in [(1023, Some(1023)), (1024, Some(1024)), (1999, Some(1999)), (2000, None)] {
        let observed = vector.get(index).copied();
        if observed != expected {
            return Err(format!("get({index}) of 0..2000 is {observed:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

/// The lengths at which a 32-way trie with a tail of 32 elements changes its shape, and those one less and one more.
const BOUNDARIES: [usize; 15] =
    [0, 1, 31, 32, 33, 1023, 1024, 1025, 1055, 1056, 1057, 32_767, 32_768, 32_769, 33_793];

fn boundaries<V: PersistentVector<u64>>() -> Result<(), String> {
    let mut held = Vec::new();
    let mut vector = V::new();
    for length in BOUNDARIES {
        while vector.len() < length {
            vector.push_back(vector.len() as u64);
        }
        held.push(vector.clone());
        // A set at every smaller boundary, while the old version is held.
        for index in BOUNDARIES.into_iter().filter(|index| *index < length) {
            let mut changed = vector.clone();
            if !changed.set(index, u64::MAX) || changed.get(index) != Some(&u64::MAX) {
                return Err(format!("set({index}) of {length} elements does not show"));
            }
            if vector.get(index) != Some(&(index as u64)) {
                return Err(format!("set({index}) of {length} elements changed the version before it"));
            }
        }
        // A fork with one element more, and one with one less.
        let mut longer = vector.clone();
        longer.push_back(length as u64);
        compare(|| format!("{length} elements and one"), &longer, (0..length + 1).map(|value| value as u64))?;
        let mut shorter = vector.clone();
        if shorter.pop_back() != length.checked_sub(1).map(|value| value as u64) {
            return Err(format!("pop of {length} elements is wrong"));
        }
        let left = length.saturating_sub(1);
        compare(|| format!("{length} elements less one"), &shorter, (0..left).map(|value| value as u64))?;
    }
    // From the full length down to empty across every boundary, and up again.
    let mut down = vector.clone();
    for expected in (0..vector.len() as u64).rev() {
        if down.pop_back() != Some(expected) {
            return Err(format!("pop down to empty: {expected} is missing"));
        }
    }
    if down.pop_back().is_some() || !down.is_empty() {
        return Err("an emptied vector still has elements".to_owned());
    }
    for value in 0..1100 {
        down.push_back(value);
    }
    compare(|| "up again after empty".to_owned(), &down, (0..1100usize).map(|value| value as u64))?;
    for (vector, length) in held.iter().zip(BOUNDARIES) {
        compare(|| format!("held version of {length}"), vector, (0..length).map(|value| value as u64))?;
    }
    Ok(())
}

fn index_huge<V: PersistentVector<u64>>() -> Result<(), String> {
    for length in [0, 1, 31, 32, 33, 64, 1000, 1057] {
        let mut vector = V::from_values(values(0..length));
        let bits = [31, 32, 33, 35, 40, 48, 60, 63].map(|bits| 1 << bits);
        let beyond = bits
            .into_iter()
            .flat_map(|high| [0, 1, 31, length / 2, length.saturating_sub(1), length].map(|low| high + low));
        let last = [u32::MAX as usize, isize::MAX as usize, usize::MAX - length, usize::MAX - 1, usize::MAX];
        for index in beyond.chain(last) {
            let told = |what: &str| Err(format!("{what} {index} of {length} elements is not refused"));
            if vector.get(index).is_some() {
                return told("get");
            }
            if vector.set(index, u64::MAX) {
                return told("set");
            }
            if vector.slice(0..index).is_some() || vector.slice(length / 2..index).is_some() {
                return told("a slice that ends at");
            }
            if vector.slice(index..index).is_some() || vector.slice(index..usize::MAX).is_some() {
                return told("a slice that begins at");
            }
            if vector.slice(index..0).is_some() || vector.slice(index..length).is_some() {
                return told("a reversed slice that begins at");
            }
        }
        for end in (0..length).step_by(1 + length / 10) {
            if vector.slice(end + 1..end).is_some() || vector.slice(length..end).is_some() {
                return Err(format!(
                    "a slice of {length} elements that ends at {end}, before it begins, is not refused"
                ));
            }
        }
        compare(
            || format!("{length} elements, after all that"),
            &vector,
            values(0..length).collect::<Vec<_>>().into_iter(),
        )?;
    }
    Ok(())
}

fn small_pairs<V: PersistentVector<u64>>() -> Result<(), String> {
    let lengths: Vec<usize> =
        (0..=17).chain([31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 1056, 1057]).collect();
    let make =
        |start: usize, length: usize| V::from_values((start..start + length).map(|value| value as u64));
    for &left in &lengths {
        let vector = make(0, left);
        for &right in &lengths {
            let joined = vector.concat(&make(left, right));
            compare(
                || format!("concat of {left} and {right}"),
                &joined,
                (0..left + right).map(|v| v as u64),
            )?;
            if right <= left {
                for range in [0..right, left - right..left, (left - right) / 2..(left - right) / 2 + right] {
                    let what = || format!("slice {range:?} of {left}");
                    let slice = vector.slice(range.clone()).ok_or_else(|| format!("{}: None", what()))?;
                    compare(what, &slice, range.clone().map(|value| value as u64))?;
                    // A slice is a vector like any other: it can be pushed onto.
                    let mut longer = slice;
                    longer.push_back(u64::MAX);
                    if longer.get(range.len()) != Some(&u64::MAX) || longer.len() != range.len() + 1 {
                        return Err(format!("{}: push after it does not show", what()));
                    }
                }
            }
        }
        compare(|| format!("{left} elements, after all that"), &vector, (0..left).map(|value| value as u64))?;
    }
    Ok(())
}

/// Versions of a vector that grows, and whose elements then change.
fn versions_held<V: PersistentVector<u64>>() -> Result<(), String> {
    enum Change {
        Push(u64),
        Pop,
        Set(usize, u64),
    }
    let change = |step: u64| match mix(step) {
        draw if step < GROWTH => Change::Push(draw),
        draw => match draw >> 62 {
            0 => Change::Push(draw),
            1 => Change::Pop,
            // No vector is as short as this when elements are set.
            _ => Change::Set((draw % (GROWTH / 2)) as usize, draw),
        },
    };
    hold_versions(
        V::new(),
        Vec::new(),
        |vector, step| match change(step) {
            Change::Push(value) => vector.push_back(value),
            Change::Pop => drop(vector.pop_back()),
            Change::Set(index, value) => drop(vector.set(index, value)),
        },
        |model: &mut Vec<u64>, step| match change(step) {
            Change::Push(value) => model.push(value),
            Change::Pop => drop(model.pop()),
            Change::Set(index, value) => model[index] = value,
        },
        |vector, model| compare(|| format!("{} elements", model.len()), vector, model.iter().copied()),
    )
}

/// Several threads change forks of one vector at the same time, and fork and drop them.
fn threads<V: PersistentVector<u64> + Send + Sync>() -> Result<(), String> {
    const ELEMENTS: usize = 2000;
    let base = V::from_values(values(0..ELEMENTS));
    let change = |thread: u64| -> Result<(), String> {
        let mut vector = base.clone();
        let mut model: Vec<u64> = values(0..ELEMENTS).collect();
        let mut kept = None;
        for step in 0..3000 {
            let draw = mix(step * 4 + thread);
            match draw >> 62 {
                0 => {
                    vector.push_back(draw);
                    model.push(draw);
                }
                1 if vector.pop_back() != model.pop() => {
                    return Err(format!("thread {thread}: pop is wrong at step {step}"));
                }
                1 => {}
                _ => {
                    let index = draw as usize % model.len();
                    model[index] = draw;
                    vector.set(index, draw);
                }
            }
            if step % 64 == 0 {
                kept = Some(vector.clone());
            }
        }
        drop(kept);
        compare(|| format!("the fork of thread {thread}"), &vector, model.into_iter())
    };
    in_threads(change)?;
    compare(
        || "the vector that the threads forked".to_owned(),
        &base,
        values(0..ELEMENTS).collect::<Vec<_>>().into_iter(),
    )
}

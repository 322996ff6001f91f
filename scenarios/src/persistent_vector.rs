//! **Persistent vector**: a sequence whose old versions stay valid, cheaply.
//!
//! Contract: [`PersistentVector`], for every element type through a [`Family`]. Oracle: a `Vec`
//! copied whole for every version. Scenarios: [`BOTTLENECK`], with `u64` elements.
//!
//! "Unshared" vectors are owned once, so a change may happen in place; a "shared" step keeps the
//! version before it alive to the end of the region.

use std::fmt::Debug;
use std::ops::Range;

use crate::input::{copies, draws, mix, rng, sum};
use crate::probe::Probe;
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Memory, Mismatch, Request, Scenario, Setup,
    Sizes, Step, case,
};

/// A sequence with cheap versions: `clone` keeps the present content, every change affects one clone only.
pub trait PersistentVector<T>: Clone {
    /// The empty vector.
    fn new() -> Self;
    /// Number of elements.
    fn len(&self) -> usize;
    /// The element at `index`, or `None` past the end.
    fn get(&self, index: usize) -> Option<&T>;
    /// Appends `value`, in place where this version shares nothing.
    fn push_back(&mut self, value: T);
    /// Removes and returns the last element.
    fn pop_back(&mut self) -> Option<T>;
    /// Replaces the element at `index`; `false`, and nothing changes, past the end.
    fn set(&mut self, index: usize, value: T) -> bool;
    /// Every element in order.
    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a;
    /// The elements of `range`, which must lie within the vector; `None` where it does not.
    fn slice(&self, range: Range<usize>) -> Option<Self>;
    /// This vector's elements, then those of `other`.
    fn concat(&self, other: &Self) -> Self;

    /// Whether there is no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The vector of `values`.
    fn from_values(values: impl Iterator<Item = T>) -> Self {
        let mut vector = Self::new();
        for value in values {
            vector.push_back(value);
        }
        vector
    }
}

/// One vector implementation, for every element type.
pub trait Family: 'static {
    /// The vector type.
    type Vector<T>: PersistentVector<T> + Send + Sync + 'static
    where
        T: Clone + Debug + PartialEq + Send + Sync + 'static;
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "persistent_vector",
    title: "Persistent vector",
    question: "How much does it cost to keep old versions of a sequence alive? Copying an array at each push or set is \
               O(n) per version; a 32-way trie with a tail copies a path of a few small nodes and reads almost as \
               fast as an array.",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes {
        quick: &[8, 100, 1000],
        default: &[8, 32, 100, 1000, 10_000, 100_000],
        full: &[8, 32, 100, 1000, 10_000, 100_000, 1_000_000],
    },
    claims: CLAIMS,
    memory: &[Memory { unit: "element", built: "push_unshared", kept: "variants_100", versions: 100 }],
    own_input: None,
    reference: "imbl",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-vector",
    text: "A push onto a 32-way trie is O(log32 n); onto an array that is copied whole it is O(n).",
    factor: None,
    scenario: "push_shared",
    size: 100_000,
    naive: "array_copy",
    optimized: "trie32",
}];

const NOTHING: &[Capability] = &[];
const PERSISTENT: &[Capability] = &[Capability::Persistent];

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: None }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("push_unshared", "push", NOTHING, "Builds a vector of n elements from empty, owned once."),
    scenario("push_shared", "push", PERSISTENT, "Pushes elements (all n up to 1,000, the last 250 of more), every version before kept."),
    scenario("get_random", "get", NOTHING, "Reads random elements of a vector of n."),
    scenario("set_unshared", "set", NOTHING, "Replaces random elements of a vector of n, owned once."),
    scenario("set_shared", "set", PERSISTENT, "Replaces random elements (n steps up to 1,000, 250 beyond), every version before kept."),
    scenario("pop_all", "pop", NOTHING, "Pops every element of a vector of n, owned once."),
    scenario("iterate", "element", NOTHING, "Visits every element of a vector of n in order."),
    scenario("slice", "slice", NOTHING, "Takes the middle part (about half) of a vector of n; both stay."),
    scenario("concat", "concat", NOTHING, "Concatenates two vectors of n/2 elements; both stay."),
    scenario("variants_100", "variant", PERSISTENT, "Derives 100 variants of one vector of n by one set each and keeps them all."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<F: Family>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<F::Vector<u64>>, replay: replay::<F> }
}

fn set_up<V: PersistentVector<u64> + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "push_unshared" => push_unshared::<V>(size),
        "push_shared" => push_shared::<V>(size, steps(request)),
        "get_random" => get_random::<V>(size),
        "set_unshared" => set_unshared::<V>(size),
        "set_shared" => set_shared::<V>(size, steps(request)),
        "pop_all" => pop_all::<V>(size),
        "iterate" => iterate::<V>(size),
        "slice" => slice::<V>(size),
        "concat" => concat::<V>(size),
        "variants_100" => variants::<V>(size, variant_count(request)),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many versions a line keeps: all on the way up to 1,000 elements, 250 at larger sizes. A contender
/// that copies whole gets fewer there: cost per step is what is compared, and hundreds of copies of
/// 100,000 elements would not fit into memory.
fn steps(request: Request) -> usize {
    match request.size {
        size @ ..=1000 => size,
        size if request.can(Capability::CopiesWhole) => (1_000_000 / size).clamp(4, 250),
        _ => 250,
    }
}

fn variant_count(request: Request) -> usize {
    if request.can(Capability::CopiesWhole) { (1_000_000 / request.size).clamp(2, 100) } else { 100 }
}

fn value_of(index: usize) -> u64 {
    mix(index as u64)
}

fn values(range: Range<usize>) -> impl Iterator<Item = u64> {
    range.map(value_of)
}

/// Depends on every value and its position.
fn sequence_digest(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(1, |state, value| mix(state.wrapping_add(value)).wrapping_add(1))
}

fn content_digest<V: PersistentVector<u64>>(vector: &V) -> u64 {
    sequence_digest(vector.iter().copied()).wrapping_add(vector.len() as u64)
}

fn expected_digest(values: &[u64]) -> u64 {
    sequence_digest(values.iter().copied()).wrapping_add(values.len() as u64)
}

fn push_unshared<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        values(0..size).collect::<Vec<_>>(),
        move |_| (0..count).map(|_| V::new()).collect::<Vec<_>>(),
        |values, vectors| {
            for vector in vectors {
                for value in values {
                    vector.push_back(*value);
                }
            }
        },
        |_, vectors, ()| sum(vectors.iter().map(content_digest)),
        move |values| expected_digest(values).wrapping_mul(count as u64),
    )
}

/// A line of versions: a vector that changes step by step, and every version before a step.
struct Line<V> {
    vector: V,
    kept: Vec<V>,
}

fn lines<V: Clone>(base: &V, count: usize, steps: usize) -> Vec<Line<V>> {
    (0..count).map(|_| Line { vector: base.clone(), kept: Vec::with_capacity(steps) }).collect()
}

fn push_shared<V: PersistentVector<u64> + 'static>(size: usize, steps: usize) -> Box<dyn Case> {
    let count = copies(size);
    let first = size - steps;
    case(
        count * steps,
        Setup::EveryRun,
        (V::from_values(values(0..first)), values(0..size).collect::<Vec<_>>()),
        move |(base, _)| lines(base, count, steps),
        move |(_, values), lines| {
            for line in lines {
                for value in &values[first..] {
                    line.kept.push(line.vector.clone());
                    line.vector.push_back(*value);
                }
            }
        },
        move |_, lines, ()| {
            sum(lines.iter().map(|line| {
                let lengths = sum(line.kept.iter().map(|vector| vector.len() as u64));
                let ends = line.kept.iter().filter(|vector| vector.get(vector.len()).is_none());
                content_digest(&line.vector).wrapping_add(mix(lengths)).wrapping_add(mix(ends.count() as u64))
            }))
        },
        move |(_, values)| {
            let lengths = (first..size).sum::<usize>() as u64;
            expected_digest(values)
                .wrapping_add(mix(lengths))
                .wrapping_add(mix(steps as u64))
                .wrapping_mul(count as u64)
        },
    )
}

fn get_random<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("get_random", size), size.max(1024), size);
    case(
        indices.len(),
        Setup::Once,
        (V::from_values(values(0..size)), indices),
        |_| (),
        |(vector, indices), ()| {
            indices
                .iter()
                .fold(0u64, |sum, index| sum.wrapping_add(vector.get(*index as usize).copied().unwrap_or(0)))
        },
        |_, (), found| *found,
        |(_, indices)| sum(indices.iter().map(|index| value_of(*index as usize))),
    )
}

fn set_unshared<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("set_unshared", size), size.max(1024), size);
    case(
        indices.len(),
        Setup::EveryRun,
        indices,
        move |_| V::from_values(values(0..size)),
        |indices, vector| {
            let mut replaced = 0u64;
            for (step, index) in indices.iter().enumerate() {
                replaced += u64::from(vector.set(*index as usize, step as u64));
            }
            replaced
        },
        |_, vector, replaced| content_digest(vector).wrapping_add(*replaced),
        move |indices| {
            let mut model: Vec<u64> = values(0..size).collect();
            for (step, index) in indices.iter().enumerate() {
                model[*index as usize] = step as u64;
            }
            expected_digest(&model).wrapping_add(indices.len() as u64)
        },
    )
}

fn set_shared<V: PersistentVector<u64> + 'static>(size: usize, steps: usize) -> Box<dyn Case> {
    let count = copies(size);
    let indices = draws(&mut rng("set_shared", size), count * steps, size);
    case(
        count * steps,
        Setup::EveryRun,
        (V::from_values(values(0..size)), indices),
        move |(base, _)| lines(base, count, steps),
        move |(_, indices), lines| {
            for (line, indices) in lines.iter_mut().zip(indices.chunks(steps)) {
                for (step, index) in indices.iter().enumerate() {
                    line.kept.push(line.vector.clone());
                    line.vector.set(*index as usize, step as u64);
                }
            }
        },
        move |(_, indices), lines, ()| {
            sum(lines.iter().zip(indices.chunks(steps)).map(|(line, indices)| {
                // What each version still holds where it was changed after.
                let before = line.kept.iter().zip(indices);
                let before = before.map(|(vector, index)| *vector.get(*index as usize).unwrap_or(&0));
                content_digest(&line.vector).wrapping_add(mix(sum(before)))
            }))
        },
        move |(_, indices)| {
            sum(indices.chunks(steps).map(|indices| {
                let mut model: Vec<u64> = values(0..size).collect();
                let before = indices
                    .iter()
                    .enumerate()
                    .map(|(step, index)| std::mem::replace(&mut model[*index as usize], step as u64));
                let before = sum(before);
                expected_digest(&model).wrapping_add(mix(before))
            }))
        },
    )
}

fn pop_all<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        (),
        move |()| (0..count).map(|_| V::from_values(values(0..size))).collect::<Vec<_>>(),
        |(), vectors| {
            let mut popped = 1u64;
            for vector in vectors {
                while let Some(value) = vector.pop_back() {
                    popped = popped.rotate_left(1) ^ value;
                }
            }
            popped
        },
        |(), vectors, popped| {
            popped.wrapping_add(vectors.iter().filter(|vector| vector.is_empty()).count() as u64)
        },
        move |()| {
            let model: Vec<u64> = values(0..size).collect();
            let popped = (0..count).fold(1u64, |popped, _| {
                model.iter().rev().fold(popped, |popped, value| popped.rotate_left(1) ^ value)
            });
            popped.wrapping_add(count as u64)
        },
    )
}

fn iterate<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    let visit = |state: u64, value: &u64| state.wrapping_mul(31).wrapping_add(*value);
    case(
        count * size,
        Setup::Once,
        (0..count).map(|_| V::from_values(values(0..size))).collect::<Vec<_>>(),
        |_| (),
        move |vectors, ()| {
            let mut state = 0u64;
            for vector in vectors {
                for value in vector.iter() {
                    state = visit(state, value);
                }
            }
            state
        },
        |_, (), state| *state,
        move |_| {
            let model: Vec<u64> = values(0..size).collect();
            (0..count).fold(0, |state, _| model.iter().fold(state, visit))
        },
    )
}

/// How often an operation on whole vectors is repeated: enough to measure, few enough for O(n) ones.
fn whole_operations(size: usize) -> usize {
    (10_000 / size).clamp(4, 64)
}

fn slice<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = whole_operations(size);
    // Each slice begins elsewhere, within the first quarter, and holds half the elements.
    let first = usize::from(size > 4);
    let ranges: Vec<Range<usize>> = draws(&mut rng("slice", size), count, (size / 4).max(1))
        .into_iter()
        .map(|start| start as usize + first..start as usize + first + size / 2)
        .collect();
    case(
        count,
        Setup::EveryRun,
        (V::from_values(values(0..size)), ranges),
        move |_| Vec::with_capacity(count),
        |(vector, ranges), slices: &mut Vec<Option<V>>| {
            for range in ranges {
                slices.push(vector.slice(range.clone()));
            }
        },
        |(vector, _), slices, ()| {
            let slices = slices.iter().map(|slice| slice.as_ref().map_or(0, content_digest));
            sum(slices).wrapping_add(content_digest(vector))
        },
        move |(_, ranges)| {
            let model: Vec<u64> = values(0..size).collect();
            sum(ranges.iter().map(|range| expected_digest(&model[range.clone()])))
                .wrapping_add(expected_digest(&model))
        },
    )
}

fn concat<V: PersistentVector<u64> + 'static>(size: usize) -> Box<dyn Case> {
    let count = whole_operations(size);
    let half = size / 2;
    case(
        count,
        Setup::EveryRun,
        (V::from_values(values(0..half)), V::from_values(values(half..size))),
        move |_| Vec::with_capacity(count),
        move |(left, right), joined: &mut Vec<V>| {
            for _ in 0..count {
                joined.push(left.concat(right));
            }
        },
        |(left, right), joined, ()| {
            let parts = content_digest(left).wrapping_add(content_digest(right));
            sum(joined.iter().map(content_digest)).wrapping_add(parts)
        },
        move |_| {
            let model: Vec<u64> = values(0..size).collect();
            let parts = expected_digest(&model[..half]).wrapping_add(expected_digest(&model[half..]));
            expected_digest(&model).wrapping_mul(count as u64).wrapping_add(parts)
        },
    )
}

fn variants<V: PersistentVector<u64> + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let indices = draws(&mut rng("variants_100", size), count, size);
    case(
        count,
        Setup::EveryRun,
        (V::from_values(values(0..size)), indices),
        move |_| Vec::with_capacity(count),
        |(base, indices), kept: &mut Vec<V>| {
            for (value, index) in indices.iter().enumerate() {
                let mut variant = base.clone();
                variant.set(*index as usize, value as u64);
                kept.push(variant);
            }
        },
        move |(base, indices), kept, ()| {
            let own = kept.iter().zip(indices).map(|(vector, index)| {
                let index = *index as usize;
                let own = vector.get(index).copied().unwrap_or(0);
                let next = vector.get((index + 1) % size).copied().unwrap_or(0);
                mix(own.wrapping_add(next).wrapping_add(vector.len() as u64))
            });
            sum(own).wrapping_add(content_digest(base))
        },
        move |(_, indices)| {
            let model: Vec<u64> = values(0..size).collect();
            let own = indices.iter().enumerate().map(|(value, index)| {
                // In a vector of one element the next one is the element itself.
                let next = if size == 1 { value as u64 } else { model[(*index as usize + 1) % size] };
                mix((value as u64).wrapping_add(next).wrapping_add(size as u64))
            });
            sum(own).wrapping_add(expected_digest(&model))
        },
    )
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("trace", 300, 48, "Random operations on a tree of versions."),
    Check::new("trace_long", 6000, 1, "6,000 operations on a tree of versions, all held versions compared in full."),
    Check::new("trace_drops", 250, 32, "The same with counted elements: none leaks, none is dropped twice."),
    Check::new("panics", 160, 48, "Clone panics half-way: every other version stays intact, nothing leaks or drops twice."),
    Check::new("root_overflow", 0, 1, "The source's own test: push 0..2000, get 1023, 1024, 1999; 2000 is absent."),
    Check::new("boundaries", 0, 1, "Push, set and pop across 31, 32, 33, 1023, 1024, 1025, 1055, 1056, 1057, 32,767, 32,768, 32,769, 33,792 and 33,793 elements, old versions held."),
    Check::new("threads", 0, 1, "Four threads fork one vector and change their forks at once: each sees its own changes only."),
    Check::new("small_pairs", 0, 1, "Slices and concatenations of every small pair of lengths, and around node boundaries."),
];

/// A step with its meaning.
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

const MAX_VERSIONS: usize = 12;

/// Longest vector of a trace: concatenation doubles, so it needs a bound.
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

fn describe(_: &Check, trace: &[Step]) -> Vec<String> {
    let steps = trace.iter();
    steps
        .map(|step| format!("{:?} (versions modulo those held, indices modulo the length)", decode(step)))
        .collect()
}

/// An element that a trace is replayed with.
trait Specimen: Clone + Debug + PartialEq + Send + Sync + 'static {
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

fn replay<F: Family>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    match check.name {
        "trace" | "trace_long" => return Replay::<u64, F::Vector<u64>>::run(trace, false),
        "root_overflow" => return fixed(root_overflow::<F::Vector<u64>>()),
        "boundaries" => return fixed(boundaries::<F::Vector<u64>>()),
        "threads" => return fixed(threads::<F::Vector<u64>>()),
        "small_pairs" => return fixed(small_pairs::<F::Vector<u64>>()),
        _ => {}
    }
    Probe::reset();
    let outcome = Replay::<Probe, F::Vector<Probe>>::run(trace, check.name == "panics");
    Probe::set_fuse(None);
    outcome?;
    match Probe::live() {
        0 => Ok(()),
        live => Err(Mismatch {
            step: trace.len(),
            message: format!("after every version was dropped, {live} elements live (0 expected)"),
        }),
    }
}

/// The versions under test, each beside its model.
struct Replay<T, V> {
    versions: Vec<(V, Vec<u32>)>,
    element: std::marker::PhantomData<T>,
}

impl<T: Specimen, V: PersistentVector<T>> Replay<T, V> {
    /// Replays `trace`; with `panics`, every change is made with a [`Probe`] fuse burning.
    fn run(trace: &[Step], panics: bool) -> Result<(), Mismatch> {
        let mut replay = Replay { versions: vec![(V::new(), Vec::new())], element: std::marker::PhantomData };
        for (at, step) in trace.iter().enumerate() {
            let fuse = panics.then_some(u32::from(step.b) % 40);
            replay
                .apply(decode(step), fuse)
                .and_then(|()| if at % 97 == 96 { replay.compare_all() } else { Ok(()) })
                .map_err(|message| Mismatch { step: at, message })?;
        }
        let end = |message| Mismatch { step: trace.len(), message };
        replay.compare_all().map_err(end)?;
        // Versions go in an order that the trace decides, not only last in, first out.
        for step in trace {
            if replay.versions.len() > 1 {
                let at = usize::from(step.a) % replay.versions.len();
                replay.versions.swap_remove(at);
                replay
                    .compare_one(at % replay.versions.len())
                    .map_err(|message| end(format!("after another version was dropped: {message}")))?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, operation: Operation, fuse: Option<u32>) -> Result<(), String> {
        let held = self.versions.len();
        match operation {
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
                let at = self.place(slice, self.versions[version % held].1[range].to_vec(), held);
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
                let at = self.place(joined, model, held);
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

    /// Changes version `at` and its model; whether it completed. Where the change panicked, that
    /// version is dropped (its content is unspecified), emptied, and all others must be intact.
    fn change(
        &mut self,
        at: usize,
        fuse: Option<u32>,
        change: impl FnOnce(&mut V),
        change_model: impl FnOnce(&mut Vec<u32>),
    ) -> Result<bool, String> {
        let (vector, model) = &mut self.versions[at];
        if Probe::with_fuse(fuse, || change(vector)).is_some() {
            change_model(model);
            return Ok(true);
        }
        self.versions[at] = (V::new(), Vec::new());
        self.compare_all().map_err(|message| format!("after a panic in another version: {message}"))?;
        Ok(false)
    }

    fn fork(&mut self, from: usize) -> usize {
        let (vector, model) = self.versions[from].clone();
        self.place(vector, model, from)
    }

    /// Adds a version; where as many as allowed are held, in place of one that is not `avoid`.
    fn place(&mut self, vector: V, model: Vec<u32>, avoid: usize) -> usize {
        if self.versions.len() < MAX_VERSIONS {
            self.versions.push((vector, model));
            return self.versions.len() - 1;
        }
        let at = (model.len() + usize::from(model.len() % MAX_VERSIONS == avoid)) % MAX_VERSIONS;
        self.versions[at] = (vector, model);
        at
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

    fn compare_all(&self) -> Result<(), String> {
        (0..self.versions.len()).try_for_each(|at| self.compare_one(at))
    }

    fn compare_one(&self, at: usize) -> Result<(), String> {
        self.compare_ends(at)?;
        let (vector, model) = &self.versions[at];
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

/// Where a 32-way trie with a 32-element tail changes its shape, and one less and more.
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
        // Set at every boundary below, with the old version held.
        for index in BOUNDARIES.into_iter().filter(|index| *index < length) {
            let mut changed = vector.clone();
            if !changed.set(index, u64::MAX) || changed.get(index) != Some(&u64::MAX) {
                return Err(format!("set({index}) of {length} elements does not show"));
            }
            if vector.get(index) != Some(&(index as u64)) {
                return Err(format!("set({index}) of {length} elements changed the version before it"));
            }
        }
        // One more and one less, from a fork.
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
    // Down to empty across every boundary, and up again.
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
                    // A slice is a vector like any other.
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

/// Forks of one vector change in several threads at once, and are forked and dropped there.
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
    std::thread::scope(|scope| {
        let change = &change;
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || change(thread))).collect();
        threads.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err("a thread panicked while it changed its fork".to_owned()))
        })
    })?;
    compare(
        || "the vector that the threads forked".to_owned(),
        &base,
        values(0..ELEMENTS).collect::<Vec<_>>().into_iter(),
    )
}

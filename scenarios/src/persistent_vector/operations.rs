//! Traces of operations on vectors: an application's own, line by line.

use std::marker::PhantomData;

use super::contract::PersistentVector;
use super::oracle::sequence_digest;
use crate::case::Case;
use crate::contender::{Capability, Request};
use crate::input::mix;
use crate::operations::{
    self, Effect, Held, History, Line, Model, NOTHING_FOUND, Names, Replay, Texts, Trace, alive, put, read,
    spelled_value,
};

/// The bottleneck whose traces these are.
const CONTRACTS: &[&str] = &["persistent_vector"];

/// What a file must contain.
pub(super) const EXPECTS: &str = "a trace of operations: one a line, such as `push_back 0 value`, `clone 0 1`, `get 1 17` or \
                                  `drop 0` (docs/operations.md has them all)";

const OPERATIONS: &[operations::Operation] = &[
    operations::Operation { name: "push_back", operands: "VERSION VALUE" },
    operations::Operation { name: "pop_back", operands: "VERSION" },
    operations::Operation { name: "set", operands: "VERSION INDEX VALUE" },
    operations::Operation { name: "get", operands: "VERSION INDEX" },
    operations::Operation { name: "len", operands: "VERSION" },
    operations::Operation { name: "iterate", operands: "VERSION" },
    operations::Operation { name: "slice", operands: "VERSION START END NEW_VERSION" },
    operations::Operation { name: "concat", operands: "VERSION VERSION NEW_VERSION" },
    operations::Operation { name: "new", operands: "NEW_VERSION" },
    operations::Operation { name: "clone", operands: "VERSION NEW_VERSION" },
    operations::Operation { name: "drop", operands: "VERSION" },
];

/// The most elements of a version. A few lines of `concat` could ask for more than any memory holds.
const MOST: u64 = 10_000_000;

/// An operation. Versions are named by their places, and values by their ids.
#[derive(Clone, Copy, Debug)]
enum Operation {
    PushBack {
        at: u32,
        value: u32,
    },
    PopBack {
        at: u32,
    },
    /// An index past the end is as good as any other one there.
    Set {
        at: u32,
        index: u32,
        value: u32,
    },
    Get {
        at: u32,
        index: u32,
    },
    Len {
        at: u32,
    },
    Iterate {
        at: u32,
    },
    Slice {
        from: u32,
        start: u32,
        end: u32,
        to: u32,
    },
    Concat {
        left: u32,
        right: u32,
        to: u32,
    },
    New {
        to: u32,
    },
    Clone {
        from: u32,
        to: u32,
    },
    Drop {
        at: u32,
    },
}

/// What is said of a value that is in no line of the trace.
const NEVER: &str = "a value that was never put in";

/// What the ids of a trace stand for.
struct Tables {
    /// The values' texts. A vector holds the ids.
    values: Vec<String>,
}

/// Reads a trace.
fn parse(file: &[u8]) -> Result<Trace<Operation, Tables>, String> {
    let mut reader = Reader { names: Names::new(), lengths: vec![0], values: Texts::default() };
    let mut operations = Vec::new();
    read(file, CONTRACTS, OPERATIONS, |line| {
        operations.push(reader.operation(line)?);
        Ok(())
    })?;
    let Reader { names, values, .. } = reader;
    Ok(Trace {
        operations,
        tables: Tables { values: values.into_owned() },
        places: names.count as usize,
        alive: names.alive(),
    })
}

struct Reader<'a> {
    names: Names,
    /// The lengths of the versions, by place.
    lengths: Vec<u64>,
    values: Texts<'a>,
}

impl<'a> Reader<'a> {
    fn operation(&mut self, line: &mut Line<'a, '_>) -> Result<Operation, String> {
        let name = line.operation().to_owned();
        if name == "new" {
            return Ok(Operation::New { to: self.make(line.number()?, 0)? });
        }
        let first = line.number()?;
        if name == "drop" {
            return Ok(Operation::Drop { at: self.names.drop(first)? });
        }
        let at = self.names.find(first)?;
        let len = self.lengths[at as usize];
        Ok(match &*name {
            "push_back" => {
                self.resize(at, len + 1)?;
                Operation::PushBack { at, value: self.values.id(line.word())? }
            }
            "pop_back" => {
                self.resize(at, len.saturating_sub(1))?;
                Operation::PopBack { at }
            }
            "set" => Operation::Set { at, index: index(line)?, value: self.values.id(line.word())? },
            "get" => Operation::Get { at, index: index(line)? },
            "len" => Operation::Len { at },
            "iterate" => Operation::Iterate { at },
            "slice" => {
                let (start, end) = (line.number()?, line.number()?);
                if start > end || end > len {
                    return Err(format!(
                        "{start}..{end} does not lie within version {first}, which has {len} elements: expected START <= \
                         END <= {len}"
                    ));
                }
                let to = self.make(line.number()?, end - start)?;
                Operation::Slice { from: at, start: start as u32, end: end as u32, to }
            }
            "concat" => {
                let right = self.names.find(line.number()?)?;
                let to = self.make(line.number()?, len + self.lengths[right as usize])?;
                Operation::Concat { left: at, right, to }
            }
            "clone" => Operation::Clone { from: at, to: self.make(line.number()?, len)? },
            other => unreachable!("`{other}` is listed and not read"),
        })
    }

    /// Makes a version of this length.
    fn make(&mut self, name: u64, len: u64) -> Result<u32, String> {
        let place = self.names.make(name)?;
        self.lengths.resize(self.names.count as usize, 0);
        self.resize(place, len)?;
        Ok(place)
    }

    fn resize(&mut self, place: u32, len: u64) -> Result<(), String> {
        if len > MOST {
            return Err(format!("the version would have {len} elements: expected at most {MOST}"));
        }
        self.lengths[place as usize] = len;
        Ok(())
    }
}

fn index(line: &mut Line<'_, '_>) -> Result<u32, String> {
    Ok(u32::try_from(line.number()?).unwrap_or(u32::MAX))
}

/// What the region of an iteration makes of the values.
fn visited(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, |state, value| state.wrapping_mul(31).wrapping_add(value))
}

/// What one vector must hold: the ids of its values.
#[derive(Clone, Default)]
struct VectorModel(Vec<u32>);

/// What undoes a write.
enum Undo {
    Nothing,
    Pop,
    Push(u32),
    Set(usize, u32),
    Whole(Vec<u32>),
}

impl VectorModel {
    fn values(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|id| u64::from(*id))
    }
}

impl Model for VectorModel {
    type Operation = Operation;
    type Undo = Undo;

    fn effect(operation: Operation) -> Effect {
        match operation {
            Operation::PushBack { at, .. } | Operation::PopBack { at } | Operation::Set { at, .. } => {
                Effect::Write { at }
            }
            Operation::Get { at, .. } | Operation::Len { at } | Operation::Iterate { at } => {
                Effect::Read { at }
            }
            Operation::Slice { from, to, .. } => Effect::Derive { from, to },
            Operation::Concat { left, right, to } => Effect::Join { left, right, to },
            Operation::New { to } => Effect::New { to },
            Operation::Clone { from, to } => Effect::Clone { from, to },
            Operation::Drop { at } => Effect::Drop { at },
        }
    }

    fn read(&self, operation: Operation) -> u64 {
        match operation {
            Operation::Get { index, .. } => {
                self.0.get(index as usize).map_or(NOTHING_FOUND, |id| u64::from(*id))
            }
            Operation::Len { .. } => self.0.len() as u64,
            Operation::Iterate { .. } => visited(self.values()),
            other => unreachable!("{other:?} reads nothing"),
        }
    }

    fn write(&mut self, operation: Operation) -> (u64, Undo) {
        match operation {
            Operation::PushBack { value, .. } => {
                self.0.push(value);
                (0, Undo::Pop)
            }
            Operation::PopBack { .. } => match self.0.pop() {
                Some(id) => (u64::from(id), Undo::Push(id)),
                None => (NOTHING_FOUND, Undo::Nothing),
            },
            Operation::Set { index, value, .. } => match self.0.get_mut(index as usize) {
                Some(place) => (1, Undo::Set(index as usize, std::mem::replace(place, value))),
                None => (0, Undo::Nothing),
            },
            Operation::Slice { start, end, .. } => {
                let part = self.0[start as usize..end as usize].to_vec();
                (1, Undo::Whole(std::mem::replace(&mut self.0, part)))
            }
            other => unreachable!("{other:?} writes nothing"),
        }
    }

    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::Nothing => {}
            Undo::Pop => drop(self.0.pop()),
            Undo::Push(id) => self.0.push(id),
            Undo::Set(index, id) => self.0[index] = id,
            Undo::Whole(whole) => self.0 = whole,
        }
    }

    fn join(&mut self, right: &Self) {
        self.0.extend_from_slice(&right.0);
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn digest(&self) -> u64 {
        sequence_digest(self.values())
    }

    fn fingerprint(&self) -> [u64; 2] {
        [self.digest(), sequence_digest(self.values().map(|id| mix(!id)))]
    }

    fn visits_all(operation: Operation) -> bool {
        matches!(operation, Operation::Iterate { .. })
    }
}

/// Replays a trace on vectors of this type.
struct OnVectors<V>(PhantomData<V>);

impl<V: PersistentVector<u64> + 'static> Replay for OnVectors<V> {
    type Operation = Operation;
    type Tables = Tables;
    type Feed = ();
    type Structure = V;
    type Model = VectorModel;

    fn model(_tables: &Tables) -> VectorModel {
        VectorModel::default()
    }

    fn feed(_trace: &Trace<Operation, Tables>) {}

    fn empty() -> V {
        V::new()
    }

    #[inline(always)]
    fn perform(operation: Operation, _tables: &Tables, (): &mut (), versions: &mut [Option<V>]) -> u64 {
        match operation {
            Operation::PushBack { at, value } => {
                alive(versions, at).push_back(u64::from(value));
                0
            }
            Operation::PopBack { at } => alive(versions, at).pop_back().unwrap_or(NOTHING_FOUND),
            Operation::Set { at, index, value } => {
                u64::from(alive(versions, at).set(index as usize, u64::from(value)))
            }
            Operation::Get { at, index } => {
                alive(versions, at).get(index as usize).copied().unwrap_or(NOTHING_FOUND)
            }
            Operation::Len { at } => alive(versions, at).len() as u64,
            Operation::Iterate { at } => visited(alive(versions, at).iter().copied()),
            Operation::Slice { from, start, end, to } => {
                let part = alive(versions, from).slice(start as usize..end as usize);
                let is_there = part.is_some();
                // The replay goes on, and comes to another digest.
                versions[to as usize] = Some(part.unwrap_or_else(V::new));
                u64::from(is_there)
            }
            Operation::Concat { left, right, to } => {
                let [left, right] = [left, right].map(|at| versions[at as usize].as_ref());
                let made = left.zip(right).map(|(left, right)| left.concat(right));
                put(versions, to, made)
            }
            Operation::New { to } => put(versions, to, Some(V::new())),
            Operation::Clone { from, to } => {
                let copy = alive(versions, from).clone();
                put(versions, to, Some(copy))
            }
            Operation::Drop { at } => put(versions, at, None),
        }
    }

    fn held(vector: &V) -> Held {
        Held { len: vector.len(), digest: sequence_digest(vector.iter().copied()) }
    }

    fn len(vector: &V) -> usize {
        vector.len()
    }

    fn confirm(operation: Operation, tables: &Tables, versions: &[Option<V>]) -> Result<(), [String; 2]> {
        let vector = |at: u32| versions[at as usize].as_ref().expect("the trace was checked");
        let (at, index, expected) = match operation {
            Operation::PushBack { at, value } => {
                (at, vector(at).len().wrapping_sub(1), Some(u64::from(value)))
            }
            Operation::PopBack { at } => (at, vector(at).len(), None),
            Operation::Set { at, index, value } => {
                let index = index as usize;
                (at, index, (index < vector(at).len()).then_some(u64::from(value)))
            }
            _ => return Ok(()),
        };
        let found = vector(at).get(index).copied();
        if found == expected {
            return Ok(());
        }
        let [found, expected] =
            [found, expected].map(|id| spelled_value(id.unwrap_or(NOTHING_FOUND), &tables.values, NEVER));
        Err([format!("there is {found} at index {index} then"), expected])
    }

    fn place(operation: Operation) -> Option<u32> {
        match operation {
            Operation::PushBack { at, .. }
            | Operation::PopBack { at }
            | Operation::Set { at, .. }
            | Operation::Get { at, .. }
            | Operation::Len { at }
            | Operation::Iterate { at } => Some(at),
            Operation::Slice { to, .. }
            | Operation::Concat { to, .. }
            | Operation::New { to }
            | Operation::Clone { to, .. } => Some(to),
            Operation::Drop { .. } => None,
        }
    }

    fn spell(operation: Operation, shown: u64, tables: &Tables) -> String {
        match operation {
            Operation::Get { .. } | Operation::PopBack { .. } => spelled_value(shown, &tables.values, NEVER),
            Operation::Len { .. } => shown.to_string(),
            Operation::Iterate { .. } => format!("values that come to {shown:x}"),
            Operation::Slice { .. } if shown == 0 => "no slice".to_owned(),
            Operation::Slice { .. } => "one".to_owned(),
            _ => (shown != 0).to_string(),
        }
    }
}

/// Whether a file is meant to be a trace.
pub(crate) fn claims(file: &[u8]) -> bool {
    operations::looks_like(file, OPERATIONS)
}

/// Whether a file is a trace.
pub(super) fn check(file: &[u8]) -> Result<(), String> {
    parse(file).map(drop)
}

/// How many elements the largest version of a trace has; 1 if the file is none.
pub(super) fn size(file: &[u8]) -> usize {
    parse(file).map_or(1, |trace| history(&trace).largest())
}

/// How many elements a vector copies while it replays a trace if it copies a whole version for the first write after a
/// clone. It is 0 if the file is no trace.
#[cfg(test)]
pub(crate) fn copied_elements(file: &[u8]) -> u64 {
    parse(file).map_or(0, |trace| history(&trace).copied)
}

fn history(trace: &Trace<Operation, Tables>) -> History {
    History::of(&trace.operations, trace.places, &VectorModel::default())
}

/// Replays the trace in the user's file.
pub(super) fn replay<V: PersistentVector<u64> + 'static>(request: Request) -> Box<dyn Case> {
    let file = request.input.expect("a scenario about a file is given one");
    let trace = parse(file).expect("the file was checked");
    operations::replay::<OnVectors<V>>(trace, file, request.can(Capability::CopiesWhole))
}

//! Traces of operations on maps: an application's own, line by line.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;

use super::contract::PersistentMap;
use crate::case::Case;
use crate::contender::{Capability, Request};
use crate::input::{FixedHasher, mix};
use crate::operations::{
    self, Effect, Held, History, Line, Model, NOTHING_FOUND, Names, Replay, Texts, Trace, alive, put, read,
    spelled_value,
};
use crate::own::OwnKey;

/// The bottlenecks whose traces these are.
const CONTRACTS: &[&str] = &["persistent_map", "small_map"];

/// What a file must contain.
pub(crate) const EXPECTS: &str = "a trace of operations: one a line, such as `insert 0 key value`, `clone 0 1`, `get 1 key` or \
                                  `drop 0` (docs/operations.md has them all)";

const OPERATIONS: &[operations::Operation] = &[
    operations::Operation { name: "insert", operands: "VERSION KEY VALUE" },
    operations::Operation { name: "remove", operands: "VERSION KEY" },
    operations::Operation { name: "get", operands: "VERSION KEY" },
    operations::Operation { name: "contains", operands: "VERSION KEY" },
    operations::Operation { name: "len", operands: "VERSION" },
    operations::Operation { name: "iterate", operands: "VERSION" },
    operations::Operation { name: "equal", operands: "VERSION VERSION" },
    operations::Operation { name: "union", operands: "VERSION VERSION NEW_VERSION" },
    operations::Operation { name: "new", operands: "NEW_VERSION" },
    operations::Operation { name: "clone", operands: "VERSION NEW_VERSION" },
    operations::Operation { name: "drop", operands: "VERSION" },
];

/// An operation. Versions are named by their places, keys and values by their ids.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Insert { at: u32, key: u32, value: u32 },
    Remove { at: u32, key: u32 },
    Get { at: u32, key: u32 },
    Contains { at: u32, key: u32 },
    Len { at: u32 },
    Iterate { at: u32 },
    Equal { left: u32, right: u32 },
    Union { left: u32, right: u32, to: u32 },
    New { to: u32 },
    Clone { from: u32, to: u32 },
    Drop { at: u32 },
}

/// What is said of a value that is in no line of the trace.
const NEVER: &str = "a value that was never inserted";

/// What the ids of a trace stand for.
struct Tables {
    keys: Vec<OwnKey>,
    /// The values' texts. A map holds the ids.
    values: Vec<String>,
}

/// Reads a trace.
fn parse(file: &[u8]) -> Result<Trace<Operation, Tables>, String> {
    let (mut names, mut keys, mut values) = (Names::new(), Texts::default(), Texts::default());
    let mut operations = Vec::new();
    read(file, CONTRACTS, OPERATIONS, |line| {
        operations.push(operation(line, &mut names, &mut keys, &mut values)?);
        Ok(())
    })?;
    Ok(Trace {
        operations,
        tables: Tables {
            keys: keys.into_owned().into_iter().map(OwnKey::new).collect(),
            values: values.into_owned(),
        },
        places: names.count as usize,
        alive: names.alive(),
    })
}

fn operation<'a>(
    line: &mut Line<'a, '_>,
    names: &mut Names,
    keys: &mut Texts<'a>,
    values: &mut Texts<'a>,
) -> Result<Operation, String> {
    let name = line.operation().to_owned();
    if name == "new" {
        return Ok(Operation::New { to: names.make(line.number()?)? });
    }
    let first = line.number()?;
    if name == "drop" {
        return Ok(Operation::Drop { at: names.drop(first)? });
    }
    let at = names.find(first)?;
    Ok(match &*name {
        "insert" => Operation::Insert { at, key: keys.id(line.word())?, value: values.id(line.word())? },
        "remove" => Operation::Remove { at, key: keys.id(line.word())? },
        "get" => Operation::Get { at, key: keys.id(line.word())? },
        "contains" => Operation::Contains { at, key: keys.id(line.word())? },
        "len" => Operation::Len { at },
        "iterate" => Operation::Iterate { at },
        "equal" => Operation::Equal { left: at, right: names.find(line.number()?)? },
        "union" => {
            let right = names.find(line.number()?)?;
            Operation::Union { left: at, right, to: names.make(line.number()?)? }
        }
        "clone" => Operation::Clone { from: at, to: names.make(line.number()?)? },
        other => unreachable!("`{other}` is listed and not read"),
    })
}

/// What the region of an iteration reads of an entry.
fn visit(key: &str, value: u64) -> u64 {
    key.as_bytes().first().map_or(0, |byte| u64::from(*byte)).wrapping_add(value)
}

/// What one map must hold.
#[derive(Clone)]
struct MapModel {
    keys: Rc<Vec<OwnKey>>,
    entries: HashMap<u32, u32, FixedHasher>,
    /// Sums over the entries, kept up to date: of their digests, of what an iteration reads, and of two other numbers.
    digests: u64,
    visits: u64,
    fingerprint: [u64; 2],
}

impl MapModel {
    fn empty(tables: &Tables) -> Self {
        MapModel {
            keys: Rc::new(tables.keys.clone()),
            entries: HashMap::default(),
            digests: 0,
            visits: 0,
            fingerprint: [0; 2],
        }
    }

    fn set(&mut self, key: u32, value: Option<u32>) -> Option<u32> {
        let before = match value {
            Some(value) => self.entries.insert(key, value),
            None => self.entries.remove(&key),
        };
        if let Some(value) = value {
            self.count(key, value, u64::wrapping_add);
        }
        if let Some(before) = before {
            self.count(key, before, u64::wrapping_sub);
        }
        before
    }

    fn count(&mut self, key: u32, value: u32, add: impl Fn(u64, u64) -> u64) {
        let text = &self.keys[key as usize];
        self.digests = add(self.digests, digest_of(text, u64::from(value)));
        self.visits = add(self.visits, visit(text.text(), u64::from(value)));
        let entry = mix(u64::from(key) << 32 | u64::from(value));
        self.fingerprint[0] = add(self.fingerprint[0], entry);
        self.fingerprint[1] = add(self.fingerprint[1], mix(!entry));
    }
}

impl Model for MapModel {
    type Operation = Operation;
    type Undo = (u32, Option<u32>);

    fn effect(operation: Operation) -> Effect {
        match operation {
            Operation::Insert { at, .. } | Operation::Remove { at, .. } => Effect::Write { at },
            Operation::Get { at, .. }
            | Operation::Contains { at, .. }
            | Operation::Len { at }
            | Operation::Iterate { at } => Effect::Read { at },
            Operation::Equal { left, right } => Effect::Compare { left, right },
            Operation::Union { left, right, to } => Effect::Join { left, right, to },
            Operation::New { to } => Effect::New { to },
            Operation::Clone { from, to } => Effect::Clone { from, to },
            Operation::Drop { at } => Effect::Drop { at },
        }
    }

    fn read(&self, operation: Operation) -> u64 {
        match operation {
            Operation::Get { key, .. } => self.entries.get(&key).map_or(NOTHING_FOUND, |id| u64::from(*id)),
            Operation::Contains { key, .. } => u64::from(self.entries.contains_key(&key)),
            Operation::Len { .. } => self.entries.len() as u64,
            Operation::Iterate { .. } => self.visits,
            other => unreachable!("{other:?} reads nothing"),
        }
    }

    fn write(&mut self, operation: Operation) -> (u64, Self::Undo) {
        match operation {
            Operation::Insert { key, value, .. } => (0, (key, self.set(key, Some(value)))),
            Operation::Remove { key, .. } => {
                let before = self.set(key, None);
                (u64::from(before.is_some()), (key, before))
            }
            other => unreachable!("{other:?} writes nothing"),
        }
    }

    fn undo(&mut self, (key, before): Self::Undo) {
        self.set(key, before);
    }

    fn join(&mut self, right: &Self) {
        for (key, value) in &right.entries {
            if !self.entries.contains_key(key) {
                self.set(*key, Some(*value));
            }
        }
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn digest(&self) -> u64 {
        self.digests.wrapping_add(mix(self.entries.len() as u64))
    }

    fn fingerprint(&self) -> [u64; 2] {
        self.fingerprint
    }

    fn visits_all(operation: Operation) -> bool {
        matches!(operation, Operation::Iterate { .. })
    }
}

/// A digest of an entry.
fn digest_of(key: &OwnKey, value: u64) -> u64 {
    mix(key.fingerprint() ^ mix(value))
}

/// Replays a trace on maps of this type.
struct OnMaps<M>(PhantomData<M>);

impl<M: PersistentMap<OwnKey, u64> + 'static> Replay for OnMaps<M> {
    type Operation = Operation;
    type Tables = Tables;
    /// The keys of the inserts, in order.
    type Feed = std::vec::IntoIter<OwnKey>;
    type Structure = M;
    type Model = MapModel;

    fn model(tables: &Tables) -> MapModel {
        MapModel::empty(tables)
    }

    fn feed(trace: &Trace<Operation, Tables>) -> Self::Feed {
        let inserted = trace.operations.iter().filter_map(|operation| match operation {
            Operation::Insert { key, .. } => Some(trace.tables.keys[*key as usize].clone()),
            _ => None,
        });
        inserted.collect::<Vec<_>>().into_iter()
    }

    fn empty() -> M {
        M::new()
    }

    #[inline(always)]
    fn perform(
        operation: Operation,
        tables: &Tables,
        feed: &mut Self::Feed,
        versions: &mut [Option<M>],
    ) -> u64 {
        let key = |id: u32| &tables.keys[id as usize];
        match operation {
            Operation::Insert { at, value, .. } => {
                let key = feed.next().expect("there is a key for each insert");
                alive(versions, at).insert(key, u64::from(value));
                0
            }
            Operation::Remove { at, key: id } => u64::from(alive(versions, at).remove(key(id))),
            Operation::Get { at, key: id } => {
                alive(versions, at).get(key(id)).copied().unwrap_or(NOTHING_FOUND)
            }
            Operation::Contains { at, key: id } => u64::from(alive(versions, at).contains_key(key(id))),
            Operation::Len { at } => alive(versions, at).len() as u64,
            Operation::Iterate { at } => {
                let entries = alive(versions, at).iter();
                entries.fold(0u64, |sum, (key, value)| sum.wrapping_add(visit(key.text(), *value)))
            }
            Operation::Equal { left, right } => {
                let [left, right] = [left, right].map(|at| versions[at as usize].as_ref());
                u64::from(left.zip(right).is_some_and(|(left, right)| left.equal(right)))
            }
            Operation::Union { left, right, to } => {
                let [left, right] = [left, right].map(|at| versions[at as usize].as_ref());
                let made = left.zip(right).map(|(left, right)| left.union(right));
                put(versions, to, made)
            }
            Operation::New { to } => put(versions, to, Some(M::new())),
            Operation::Clone { from, to } => {
                let copy = alive(versions, from).clone();
                put(versions, to, Some(copy))
            }
            Operation::Drop { at } => put(versions, at, None),
        }
    }

    fn held(map: &M) -> Held {
        let digests = map.iter().map(|(key, value)| digest_of(key, *value));
        let (count, digest) =
            digests.fold((0, 0u64), |(count, sum), digest| (count + 1, sum.wrapping_add(digest)));
        Held { len: map.len(), digest: digest.wrapping_add(mix(count)) }
    }

    fn len(map: &M) -> usize {
        map.len()
    }

    fn confirm(operation: Operation, tables: &Tables, versions: &[Option<M>]) -> Result<(), [String; 2]> {
        let (at, key, expected) = match operation {
            Operation::Insert { at, key, value } => (at, key, Some(u64::from(value))),
            Operation::Remove { at, key } => (at, key, None),
            _ => return Ok(()),
        };
        let key = &tables.keys[key as usize];
        let found = versions[at as usize].as_ref().and_then(|map| map.get(key).copied());
        if found == expected {
            return Ok(());
        }
        let [found, expected] =
            [found, expected].map(|id| spelled_value(id.unwrap_or(NOTHING_FOUND), &tables.values, NEVER));
        Err([format!("a lookup of the key finds {found} then"), expected])
    }

    fn place(operation: Operation) -> Option<u32> {
        match operation {
            Operation::Insert { at, .. }
            | Operation::Remove { at, .. }
            | Operation::Get { at, .. }
            | Operation::Contains { at, .. }
            | Operation::Len { at }
            | Operation::Iterate { at } => Some(at),
            Operation::Union { to, .. } | Operation::New { to } | Operation::Clone { to, .. } => Some(to),
            Operation::Equal { .. } | Operation::Drop { .. } => None,
        }
    }

    fn spell(operation: Operation, shown: u64, tables: &Tables) -> String {
        match operation {
            Operation::Get { .. } => spelled_value(shown, &tables.values, NEVER),
            Operation::Len { .. } => shown.to_string(),
            Operation::Iterate { .. } => format!("entries that sum up to {shown}"),
            _ => (shown != 0).to_string(),
        }
    }
}

/// Whether a file is a trace.
pub(crate) fn check(file: &[u8]) -> Result<(), String> {
    parse(file).map(drop)
}

/// Whether a file is meant to be a trace.
pub(crate) fn claims(file: &[u8]) -> bool {
    operations::looks_like(file, OPERATIONS)
}

/// How many entries the largest version of a trace has; 1 if the file is none.
pub(crate) fn size(file: &[u8]) -> usize {
    parse(file).map_or(1, |trace| history(&trace).largest())
}

/// How many entries a map copies while it replays a trace if it copies a whole version for the first write after a clone. It
/// is 0 if the file is no trace.
#[cfg(test)]
pub(crate) fn copied_entries(file: &[u8]) -> u64 {
    parse(file).map_or(0, |trace| history(&trace).copied)
}

fn history(trace: &Trace<Operation, Tables>) -> History {
    History::of(&trace.operations, trace.places, &MapModel::empty(&trace.tables))
}

/// Replays the trace in the user's file.
pub(crate) fn replay<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let file = request.input.expect("a scenario about a file is given one");
    let trace = parse(file).expect("the file was checked");
    operations::replay::<OnMaps<M>>(trace, file, request.can(Capability::CopiesWhole))
}

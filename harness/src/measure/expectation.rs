//! What a cell must come to, computed without its contender.
//!
//! A case says itself how many operations it makes and which digest the oracle expects. Both follow from the request
//! alone, but the code that says so is compiled in the contender's crate, and a contender could bring a case of its own.
//! So the lab asks a second time: it sets up the same request with a structure that holds nothing and does nothing.

use std::borrow::Cow;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::rc::Rc;

use reports::CellName;
use scenarios::flat::{Kinds, Leaf, Pointer};
use scenarios::pattern_index::{Id, Pattern, UnknownId};
use scenarios::shared::{self, Place, SharedError};
use scenarios::slots::{NotLive, OutOfRange};
use scenarios::{
    About, Bottleneck, Capability, Contender, Request, Role, data_map, flat_keys, flat_query, lru_cache,
    pattern_index, persistent_map, persistent_vector, shared_map, shared_vector, signals, slots, small_map,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::roster::cell::{Cell, Group};

/// What a cell must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Operations per region.
    pub ops: u64,
    /// The oracle's digest.
    pub digest: u64,
}

/// The capabilities that change what a cell comes to: a contender that has one makes fewer operations or evicts other
/// entries. No other capability does.
const DECIDING: [Capability; 3] = [Capability::CopiesWhole, Capability::ScansWhole, Capability::ExactLru];

/// Which cells of a group come to the same: those with the same key.
pub type Key = (Group, [bool; DECIDING.len()], Option<String>);

/// Tells which cells come to the same as this one. A bottleneck that is not one of the lab's own is taken at its cases'
/// word, and so each of its cells has to be asked.
pub fn key(cell: &Cell<'_>) -> Key {
    let about = &cell.contender.about;
    let asked = (!is_known(cell)).then(|| about.name.to_owned());
    (cell.group(), DECIDING.map(|capability| about.capabilities.contains(&capability)), asked)
}

/// Whether the cell's bottleneck is one of the lab's own.
pub fn is_known(cell: &Cell<'_>) -> bool {
    contender(cell.contender.bottleneck).is_some()
}

/// What a cell must come to.
///
/// The lab has no structure that does nothing for a bottleneck of a stranger's program, so there it asks the contender's
/// own case. Such a program's author wrote the bottleneck, too.
///
/// # Errors
/// If there is no such cell.
pub fn of(roster: worker::Roster<'_>, name: &CellName) -> Result<Expectation, String> {
    let (asked, request) = roster.find(name)?;
    let set_up = contender(asked.bottleneck).unwrap_or(*asked).set_up;
    let case = match roster.seed {
        Some(seed) => scenarios::seeded_case(seed, || set_up(request)),
        None => set_up(request),
    };
    Ok(Expectation { ops: case.ops(), digest: case.expected() })
}

/// How many operations the region of a cell makes.
pub fn ops(cell: &Cell<'_>) -> u64 {
    let asked = cell.contender;
    let set_up = contender(asked.bottleneck).unwrap_or(*asked).set_up;
    let (scenario, capabilities) = (cell.scenario.name, asked.about.capabilities);
    set_up(Request { scenario, size: cell.size, capabilities, input: None }).ops()
}

/// The contender of a bottleneck that does nothing; `None` if the bottleneck is not one of the lab's own.
fn contender(bottleneck: &Bottleneck) -> Option<Contender> {
    let contenders = [
        persistent_vector::contender::<Nothing>,
        persistent_map::contender::<Nothing>,
        small_map::contender::<Nothing>,
        pattern_index::contender::<Nothing>,
        flat_keys::contender::<Nothing>,
        flat_query::contender::<Nothing>,
        signals::contender::<Nothing>,
        slots::contender::<Nothing, Nothing>,
        lru_cache::contender::<Nothing>,
        shared_map::contender::<Nothing>,
        shared_vector::contender::<Nothing>,
        data_map::contender::<Nothing>,
    ];
    let mut contenders = contenders.into_iter().map(|contender| contender(ABOUT));
    contenders.find(|contender| std::ptr::eq(contender.bottleneck, bottleneck))
}

const ABOUT: About = About {
    name: "nothing",
    role: Role::Bound,
    summary: "Holds nothing and does nothing.",
    source: "",
    analysis: "",
    complexity: &[],
    capabilities: &[],
    caveats: &[],
    known_failures: &[],
};

/// A structure that holds nothing and does nothing. It is set up and never run.
#[derive(Clone)]
struct Nothing;

/// The same with what it would hold.
#[derive(Clone)]
struct NothingOf<T>(PhantomData<T>);

scenarios::persistent_vector_family!(<T> Nothing = NothingOf<T>);
scenarios::persistent_map_family!(<K, V, S> Nothing = NothingOf<(K, V, S)>);
scenarios::lru_cache_family!(<K, V, S> Nothing = NothingOf<(K, V, S)>);

impl<T: Clone> persistent_vector::PersistentVector<T> for NothingOf<T> {
    fn new() -> Self {
        NothingOf(PhantomData)
    }

    fn len(&self) -> usize {
        0
    }

    fn get(&self, _index: usize) -> Option<&T> {
        None
    }

    fn push_back(&mut self, _value: T) {}

    fn pop_back(&mut self) -> Option<T> {
        None
    }

    fn set(&mut self, _index: usize, _value: T) -> bool {
        false
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = &'a T>
    where
        T: 'a,
    {
        std::iter::empty()
    }

    fn slice(&self, _range: Range<usize>) -> Option<Self> {
        None
    }

    fn concat(&self, _other: &Self) -> Self {
        NothingOf(PhantomData)
    }
}

impl<K: Clone, V: Clone, S: Clone> persistent_map::PersistentMap<K, V> for NothingOf<(K, V, S)> {
    fn new() -> Self {
        NothingOf(PhantomData)
    }

    fn len(&self) -> usize {
        0
    }

    fn get(&self, _key: &K) -> Option<&V> {
        None
    }

    fn insert(&mut self, _key: K, _value: V) {}

    fn remove(&mut self, _key: &K) -> bool {
        false
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        std::iter::empty()
    }

    fn union(&self, _other: &Self) -> Self {
        NothingOf(PhantomData)
    }

    fn equal(&self, _other: &Self) -> bool {
        true
    }

    fn from_entries(_entries: impl Iterator<Item = (K, V)>) -> Self {
        NothingOf(PhantomData)
    }
}

impl<K, V, S> lru_cache::Cache<K, V> for NothingOf<(K, V, S)> {
    fn with_capacity(_capacity: usize) -> Self {
        NothingOf(PhantomData)
    }

    fn capacity(&self) -> usize {
        0
    }

    fn len(&self) -> usize {
        0
    }

    fn get(&mut self, _key: &K) -> Option<&V> {
        None
    }

    fn put(&mut self, _key: K, _value: V) {}

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        std::iter::empty()
    }

    fn holding(_capacity: usize, _entries: impl Iterator<Item = (K, V)>) -> Self {
        NothingOf(PhantomData)
    }
}

impl pattern_index::PatternIndex for Nothing {
    fn new() -> Self {
        Nothing
    }

    fn subscribe(&mut self, _pattern: &Pattern) -> Id {
        Id(0)
    }

    fn unsubscribe(&mut self, _id: Id) -> Result<(), UnknownId> {
        Ok(())
    }

    fn matches(&mut self, _pointer: &pattern_index::Pointer, _ids: &mut Vec<Id>) {}

    fn len(&self) -> usize {
        0
    }
}

impl flat_keys::FlatStore for Nothing {
    type Object = Value;

    fn new() -> Self {
        Nothing
    }

    fn len(&self) -> usize {
        0
    }

    fn get(&self, _pointer: Pointer<'_>) -> Option<&Leaf> {
        None
    }

    fn get_mut(&mut self, _pointer: Pointer<'_>) -> Option<&mut Leaf> {
        None
    }

    fn set(&mut self, _pointer: Pointer<'_>, _leaf: Leaf) -> Option<Leaf> {
        None
    }

    fn delete(&mut self, _pointer: Pointer<'_>) -> Option<Leaf> {
        None
    }

    fn entries<'a>(&'a self, _prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)> {
        std::iter::empty()
    }

    fn to_object(&self, _prefix: Pointer<'_>, _kinds: &Kinds) -> Option<Value> {
        None
    }
}

impl flat_query::FlatQuery for Nothing {
    type Found<'a> = Never;

    fn import(_document: &Value) -> Self {
        Nothing
    }

    fn set(&mut self, _pointer: Pointer<'_>, _leaf: Leaf) {}

    fn delete(&mut self, _pointer: Pointer<'_>) -> bool {
        false
    }

    fn query(
        &self,
        _path: &str,
        _visit: impl FnMut(Never) -> ControlFlow<()>,
    ) -> Result<(), flat_query::QueryError> {
        Ok(())
    }
}

/// What a query of [`Nothing`] finds.
struct Never(Infallible);

impl flat_query::Found for Never {
    fn pointer<'a>(&'a self, _buffer: &'a mut String) -> &'a str {
        match self.0 {}
    }

    fn leaf(&self) -> Option<&Value> {
        match self.0 {}
    }

    fn value(&self) -> Cow<'_, Value> {
        match self.0 {}
    }
}

impl signals::Signals for Nothing {
    const BATCHES: bool = false;
    type Signal = ();

    fn new() -> Self {
        Nothing
    }

    fn signal(&self, _value: u64) {}

    fn read(&self, _signal: &()) -> Result<u64, signals::Error> {
        Ok(0)
    }

    fn peek(&self, _signal: &()) -> Result<u64, signals::Error> {
        Ok(0)
    }

    fn set(&self, _signal: &(), _value: u64) -> Result<(), signals::Error> {
        Ok(())
    }

    fn batch(&self, _f: impl FnOnce()) {}

    fn clear(&self) {}
}

impl signals::Notify for Nothing {
    type Subscription = ();

    fn subscribe(&self, _signal: &(), _callback: impl Fn(u64) + 'static) -> Result<(), signals::Error> {
        Ok(())
    }

    fn unsubscribe(&self, _subscription: &()) -> bool {
        false
    }

    fn dispose(&self, _signal: &()) -> bool {
        false
    }
}

impl signals::Tracked for Nothing {
    type Computed = ();
    type Effect = ();

    fn computed(&self, _compute: impl Fn() -> Result<u64, signals::Error> + 'static) {}

    fn get(&self, _computed: &()) -> Result<u64, signals::Error> {
        Ok(0)
    }

    fn effect(&self, _run: impl Fn() + 'static) {}

    fn dispose_effect(&self, _effect: &()) -> bool {
        false
    }

    fn untracked<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

impl slots::Slots for Nothing {
    type Key = ();

    fn new() -> Self {
        Nothing
    }

    fn allocate(&mut self) {}

    fn free(&mut self, _key: ()) -> Result<(), NotLive> {
        Ok(())
    }

    fn is_live(&self, _key: ()) -> bool {
        false
    }

    fn live(&self) -> usize {
        0
    }

    fn index(_key: ()) -> usize {
        0
    }

    fn absent() {}
}

impl slots::Positions for Nothing {
    fn new() -> Self {
        Nothing
    }

    fn len(&self) -> usize {
        0
    }

    fn push(&mut self) -> u32 {
        0
    }

    fn insert_at(&mut self, _position: usize) -> Result<u32, OutOfRange> {
        Ok(0)
    }

    fn remove_at(&mut self, _position: usize) -> Result<u32, OutOfRange> {
        Ok(0)
    }

    fn get_physical(&self, _position: usize) -> Option<u32> {
        None
    }
}

impl shared::Writer for Nothing {
    type Reader = Nothing;

    fn create(_place: Place<'_>, _capacity: u64) -> Result<Self, SharedError> {
        Ok(Nothing)
    }

    fn publish(&mut self) -> Result<u64, SharedError> {
        Ok(0)
    }

    fn collect(&mut self) -> Result<(), SharedError> {
        Ok(())
    }

    fn reader(&self) -> Result<Nothing, SharedError> {
        Ok(Nothing)
    }

    fn region_bytes(&self) -> Option<u64> {
        None
    }
}

impl shared::Reader for Nothing {
    type Snapshot = Nothing;

    fn attach(_path: &Path) -> Result<Self, SharedError> {
        Ok(Nothing)
    }

    fn latest(&self) -> Result<Nothing, SharedError> {
        Ok(Nothing)
    }
}

impl shared::Snapshot for Nothing {
    fn number(&self) -> u64 {
        0
    }
}

impl shared_map::Family for Nothing {
    type Map = Nothing;
    type Set = Nothing;
}

impl shared_map::SharedMap for Nothing {
    fn set(&mut self, _key: &[u8], _value: shared::Value<'_>) -> Result<bool, SharedError> {
        Ok(false)
    }

    fn delete(&mut self, _key: &[u8]) -> Result<bool, SharedError> {
        Ok(false)
    }
}

impl shared_map::MapSnapshot for Nothing {
    fn get(&self, _key: &[u8]) -> Option<shared::Value<'_>> {
        None
    }

    fn len(&self) -> usize {
        0
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], shared::Value<'_>)> {
        std::iter::empty()
    }
}

impl shared_map::SharedSet for Nothing {
    fn add(&mut self, _key: &[u8]) -> Result<bool, SharedError> {
        Ok(false)
    }

    fn delete(&mut self, _key: &[u8]) -> Result<bool, SharedError> {
        Ok(false)
    }
}

impl shared_map::SetSnapshot for Nothing {
    fn contains(&self, _key: &[u8]) -> bool {
        false
    }

    fn len(&self) -> usize {
        0
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::empty()
    }
}

impl shared_vector::SharedVector for Nothing {
    fn push(&mut self, _value: shared::Value<'_>) -> Result<(), SharedError> {
        Ok(())
    }

    fn pop(&mut self) -> Result<bool, SharedError> {
        Ok(false)
    }

    fn set_at(&mut self, _index: usize, _value: shared::Value<'_>) -> Result<bool, SharedError> {
        Ok(false)
    }
}

impl shared_vector::VectorSnapshot for Nothing {
    fn get(&self, _index: usize) -> Option<shared::Value<'_>> {
        None
    }

    fn len(&self) -> usize {
        0
    }

    fn iter(&self) -> impl Iterator<Item = shared::Value<'_>> {
        std::iter::empty()
    }
}

impl data_map::DataMap for Nothing {
    type Object = Value;
    type Subscription = ();
    type Computed = ();
    type Version = ();

    fn new() -> Self {
        Nothing
    }

    fn get<R>(&self, _pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        read(None)
    }

    fn has(&self, _pointer: Pointer<'_>) -> bool {
        false
    }

    fn set(&self, _pointer: Pointer<'_>, _value: Value) -> Result<(), data_map::Error> {
        Ok(())
    }

    fn delete(&self, _pointer: Pointer<'_>) -> bool {
        false
    }

    fn array_len(&self, _pointer: Pointer<'_>) -> Option<usize> {
        None
    }

    fn push(&self, _pointer: Pointer<'_>, _value: Value) -> Result<(), data_map::Error> {
        Ok(())
    }

    fn pop(&self, _pointer: Pointer<'_>) -> Result<Option<Value>, data_map::Error> {
        Ok(None)
    }

    fn insert(&self, _pointer: Pointer<'_>, _index: usize, _value: Value) -> Result<(), data_map::Error> {
        Ok(())
    }

    fn remove(&self, _pointer: Pointer<'_>, _index: usize) -> Result<Value, data_map::Error> {
        Ok(Value::Null)
    }

    fn slice(
        &self,
        _pointer: Pointer<'_>,
        _range: Range<usize>,
        _visit: impl FnMut(&Value),
    ) -> Result<(), data_map::Error> {
        Ok(())
    }

    fn has_descendants(&self, _pointer: Pointer<'_>) -> bool {
        false
    }

    fn keys(&self, _prefix: Pointer<'_>, _visit: impl FnMut(&str)) {}

    fn to_object(&self, _pointer: Pointer<'_>) -> Option<Value> {
        None
    }

    fn query(
        &self,
        _path: &str,
        _visit: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), flat_query::QueryError> {
        Ok(())
    }

    fn subscribe(&self, _pointer: Pointer<'_>, _callback: impl Fn(&Self, &str) + 'static) {}

    fn subscribe_pattern(&self, _pattern: &Pattern, _callback: impl Fn(&Self, &str) + 'static) {}

    fn unsubscribe(&self, _subscription: &()) -> bool {
        false
    }

    fn subscriptions(&self) -> usize {
        0
    }

    fn computed(&self, _inputs: &[Pointer<'_>], _compute: impl Fn(&Self) -> Value + 'static) {}

    fn value(&self, _computed: &()) -> Result<Rc<Value>, data_map::Error> {
        Ok(Rc::new(Value::Null))
    }

    fn batch(&self, _f: impl FnOnce()) {}

    fn snapshot(&self) {}

    fn restore(&self, _version: &()) {}

    fn get_in<R>(_version: &(), _pointer: Pointer<'_>, read: impl FnOnce(Option<&Value>) -> R) -> R {
        read(None)
    }

    fn to_object_in(_version: &(), _pointer: Pointer<'_>) -> Option<Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use scenarios::BOTTLENECKS;

    use super::*;

    #[test]
    fn the_lab_knows_what_its_own_bottlenecks_come_to() {
        for bottleneck in BOTTLENECKS {
            assert!(contender(bottleneck).is_some(), "{}", bottleneck.name);
        }
    }

    #[test]
    fn cells_of_one_key_come_to_the_same() {
        let roster = crate::roster::roster();
        for contender in &roster {
            for scenario in contender.scenarios() {
                let size = scenario.sizes.unwrap_or(contender.bottleneck.sizes).default[0];
                let cell = Cell { contender, scenario, size };
                let case = contender.case(scenario.name, size, None);
                let of_case = Expectation { ops: case.ops(), digest: case.expected() };
                // Of its capabilities, those that decide suffice.
                let (_, can, _) = key(&cell);
                let deciding =
                    DECIDING.iter().zip(can).filter_map(|(capability, can)| can.then_some(*capability));
                let about = About { capabilities: Vec::leak(deciding.collect()), ..contender.about };
                let roster = [Contender { about, ..*contender }];
                let expected =
                    of(worker::Roster { contenders: &roster, input: None, seed: None }, &cell.name());
                assert_eq!(expected, Ok(of_case), "{}", cell.name());
            }
        }
    }
}

//! Checks: traces of random operations, replayed beside the [oracle](super::oracle), and hard cases by name.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::rc::Rc;

use serde_json::{Value, json};

use super::contract::{DataMap, Error};
use super::oracle::{self, Target, changes, concerned};
use crate::checking::{at_end, each_step, expect, fixed, is_due, not_replayed};
use crate::flat::steps::at;
use crate::flat::{Built, leaf};
use crate::flat_query::oracle::{Model as Segment, evaluate};
use crate::pattern_index::Pattern;
use crate::probe::{Injected, Probe};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 120, 64, "Random writes to objects, arrays and what is nested in them. Reads, keys, queries and objects are compared after each."),
    Check::new("trace_notify", 120, 64, "The same with subscriptions to pointers and patterns, batches, computed values, versions and returns to them."),
    Check::new("trace_scripted", 120, 64, "Callbacks that set, subscribe, unsubscribe and take snapshots. The order of all calls is compared."),
    Check::new("trace_panics", 120, 32, "The same with some callbacks that panic: the others are called, and the operation resumes the panic."),
    Check::new("trace_long", 2000, 1, "2,000 operations. Everything is compared about every hundred."),
    Check::new("subtree_replaced", 0, 1, "An object in the place of another: who subscribed to a member that went, came or changed hears of it, and nobody else."),
    Check::new("subtree_deleted", 0, 1, "A subtree is deleted under its subscriptions, and comes back: they hear of both."),
    Check::new("escapes", 0, 1, "Names with ~ and / are escaped in pointers, keys, patterns and results of queries, and plain in objects."),
    Check::new("numeric_names", 0, 1, "An object with the names 0 and 1 is no array, and stays none. An index selects in arrays only."),
    Check::new("empty_containers", 0, 1, "What loses its last child is an empty object or array, and what gets one no longer is."),
    Check::new("array_shift", 0, 1, "An element inserted in the middle: subscriptions to later indices hear of it if something else is there."),
    Check::new("nested_arrays", 0, 1, "Arrays within elements of arrays are arrays."),
    Check::new("array_edits", 0, 1, "10,000 inserts and removals at the front, in the middle and at the end of an array of a thousand."),
    Check::new("callback_writes", 0, 1, "A callback sets its own pointer, and another one. The inner calls come first."),
    Check::new("callback_subscribes", 0, 1, "A callback subscribes to its own pointer: the new one is called from the next operation on."),
    Check::new("callback_unsubscribes", 0, 1, "A callback ends another subscription, also one to a pattern: that is not called any more."),
    Check::new("batch_back", 0, 1, "A batch that returns to the old value calls nobody. Nested batches are one operation."),
    Check::new("batch_panics", 0, 1, "A batch that panics has notified of what it changed before."),
    Check::new("snapshot_in_callback", 0, 1, "A snapshot taken inside a callback has the change; return to it from within another one."),
    Check::new("computed_once", 0, 1, "A computed value is computed when it is read, once for each write to an input or above it."),
    Check::new("computed_cycle", 0, 1, "A computation that reads itself is an error, and nothing hangs."),
    Check::new("computed_panics", 0, 1, "A computation that panics has no value; it is computed again when it is read again."),
    Check::new("subscriptions_end", 0, 1, "100,000 subscriptions end, in another order: every callback is dropped once, and none is called."),
    Check::new("store_ends", 0, 1, "A store whose last name goes drops its callbacks and computations, even those that hold a version of it."),
    Check::new("versions_branch", 0, 1, "A tree of versions: what is done after a return to one does not show in the others."),
    Check::new("query_after_restore", 0, 1, "A query finds what is there after a return to a version, and after the changes that follow."),
    Check::new("many_paths", 0, 1, "600 different paths, more than any cache of them holds, each asked twice."),
];

const POINTERS: [&str; 24] = [
    "", "/a", "/b", "/a/x", "/a/y", "/a/x/0", "/a/x/1", "/b/~1", "/b/~0~1", "/o", "/o/0", "/o/1", "/l",
    "/l/0", "/l/1", "/l/2", "/l/1/k", "/l/1/k/0", "/l/3/z", "/l/-", "/l/01", "/", "/a/", "/é",
];

const PATTERNS: [&str; 12] = [
    "$",
    "$.*",
    "$..x",
    "$..*",
    "$.l[*]",
    "$.a.*",
    "$.l[1].k",
    "$['b']['/']",
    "$.a['x','y']",
    "$.l[0:2]",
    "$.o['0']",
    "$..k..*",
];

fn value(draw: u16) -> Value {
    match draw % 16 {
        0 => json!({}),
        1 => json!([]),
        2 => json!(null),
        3 => json!("text"),
        4 => json!({"x": 1, "y": {"0": true}}),
        5 => json!([1, 2, 3]),
        6 => json!([{"k": 1}, {"k": [5]}, []]),
        7 => json!({"0": 1, "1": 2}),
        8 => json!({"/": 1, "~/": {"": 2}}),
        9 => json!({"a": {"x": 1}, "l": [1, {"k": 30}, 3], "o": {"0": 1}}),
        number => json!(number % 4),
    }
}

/// Paths beside what they mean to the oracle.
fn paths() -> Vec<(&'static str, Vec<Segment>)> {
    let name = |name: &str| Segment::Name(name.to_owned());
    let descend = |inner: Segment| Segment::Descend(Box::new(inner));
    vec![
        ("$", vec![]),
        ("$.a", vec![name("a")]),
        ("$.a.*", vec![name("a"), Segment::Wildcard]),
        ("$..*", vec![descend(Segment::Wildcard)]),
        ("$..x", vec![descend(name("x"))]),
        ("$.l[*]", vec![name("l"), Segment::Wildcard]),
        ("$.l[1]", vec![name("l"), Segment::Index(1)]),
        ("$.l[-1]", vec![name("l"), Segment::Index(-1)]),
        ("$.o[0]", vec![name("o"), Segment::Index(0)]),
        ("$.o['0']", vec![name("o"), name("0")]),
        ("$.b['/']", vec![name("b"), name("/")]),
        ("$['b']['~/']", vec![name("b"), name("~/")]),
        ("$.l[?@.k > 20]", vec![name("l"), Segment::Above("k".to_owned(), 20)]),
        ("$.*.*", vec![Segment::Wildcard, Segment::Wildcard]),
        ("$.a..x", vec![name("a"), descend(name("x"))]),
        ("$..[1]", vec![descend(Segment::Index(1))]),
        ("$['']", vec![name("")]),
    ]
}

/// What a callback does each time it is called, apart from noting the call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Script {
    Listen,
    /// Raises the number there, up to a bound.
    Raise(usize),
    UnsubscribeSelf,
    Unsubscribe(usize),
    Subscribe(usize),
    Snapshot,
    Panic,
}

/// What a step does. Numbers of subscriptions and versions are taken modulo how many there are.
#[derive(Clone, Debug, PartialEq)]
enum Operation {
    Set(&'static str, Value),
    Delete(&'static str),
    Push(&'static str, Value),
    Pop(&'static str),
    Insert(&'static str, usize, Value),
    Remove(&'static str, usize),
    Slice(&'static str, usize, usize),
    Look(&'static str),
    Query(usize),
    Subscribe(Place, Script),
    Unsubscribe(usize),
    Batch(Vec<Operation>),
    Snapshot,
    Restore(usize),
    Compute([&'static str; 2]),
    Read(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Pointer(&'static str),
    Pattern(&'static str),
}

/// The pointers of scripted traces: each has a number, and an operation changes one of them.
const NUMBERS: [&str; 4] = ["/a", "/b", "/c/d", "/c/e"];

const NUMBER_PATTERNS: [&str; 4] = ["$.*", "$..d", "$.c.*", "$..*"];

fn decode(check: &Check, step: &Step) -> Operation {
    let (a, b, index) = (usize::from(step.a), usize::from(step.b), usize::from(step.version));
    if matches!(check.name, "trace_scripted" | "trace_panics") {
        let pointer = NUMBERS[a % NUMBERS.len()];
        return match step.op % 16 {
            0..=4 => Operation::Set(pointer, json!(b % 3)),
            5..=10 => {
                let script = match index % 16 {
                    0..=3 => Script::Raise(b),
                    4 => Script::UnsubscribeSelf,
                    5..=6 => Script::Unsubscribe(b),
                    7..=8 => Script::Subscribe(b),
                    9 => Script::Snapshot,
                    10 if check.name == "trace_panics" => Script::Panic,
                    _ => Script::Listen,
                };
                let pattern = NUMBER_PATTERNS[a / 8 % NUMBER_PATTERNS.len()];
                let to_pattern = a / 4 % 2 == 1;
                let place = if to_pattern { Place::Pattern(pattern) } else { Place::Pointer(pointer) };
                Operation::Subscribe(place, script)
            }
            11 => Operation::Unsubscribe(b),
            12..=13 => Operation::Batch(vec![
                Operation::Set(pointer, json!(b % 3)),
                Operation::Set(pointer, json!(index % 3)),
            ]),
            14 => Operation::Snapshot,
            _ => Operation::Look(pointer),
        };
    }
    let pointer = POINTERS[a % POINTERS.len()];
    let root =
        json!({"a": {"x": {"0": 1}, "y": 2}, "l": [1, {"k": [1, 2]}, 3], "o": {"0": 1}, "b": {"/": 1}});
    let drawn = if pointer.is_empty() && b % 8 != 0 { root } else { value(step.b) };
    let array = ["/l", "/l", "/a", "/l/1/k", "/a/x"][a % 5];
    let listens = check.name != "trace";
    match step.op % 32 {
        0..=7 => Operation::Set(pointer, drawn),
        8..=10 => Operation::Delete(pointer),
        11..=12 => Operation::Push(array, value(step.b)),
        13 => Operation::Pop(array),
        14..=15 => Operation::Insert(array, index % 4, value(step.b)),
        16..=17 => Operation::Remove(array, index % 4),
        18 => Operation::Slice(array, index % 4, b % 4),
        19..=20 => Operation::Query(a),
        21 => Operation::Snapshot,
        22 => Operation::Restore(b),
        23..=26 if listens => {
            let pattern = Place::Pattern(PATTERNS[a % PATTERNS.len()]);
            let place = if index % 3 == 0 { pattern } else { Place::Pointer(pointer) };
            Operation::Subscribe(place, Script::Listen)
        }
        27 if listens => Operation::Unsubscribe(b),
        28 if listens => Operation::Compute([pointer, POINTERS[b % POINTERS.len()]]),
        29 if listens => Operation::Read(b),
        30..=31 if listens => Operation::Batch(vec![
            Operation::Set(pointer, drawn.clone()),
            Operation::Read(b),
            Operation::Set(POINTERS[index % POINTERS.len()], value(step.a)),
            Operation::Batch(vec![Operation::Delete(pointer), Operation::Push(array, json!(1))]),
            if b % 2 == 0 { Operation::Restore(a) } else { Operation::Set(pointer, drawn) },
        ]),
        _ => Operation::Look(pointer),
    }
}

pub(super) fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?}", decode(check, step))).collect()
}

pub(super) fn replay<D: DataMap>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let outcome = match check.name {
        "trace" | "trace_notify" | "trace_scripted" | "trace_panics" | "trace_long" => {
            return random::<D>(check, trace);
        }
        "subtree_replaced" => subtree_replaced::<D>(),
        "subtree_deleted" => subtree_deleted::<D>(),
        "escapes" => escapes::<D>(),
        "numeric_names" => numeric_names::<D>(),
        "empty_containers" => empty_containers::<D>(),
        "array_shift" => array_shift::<D>(),
        "nested_arrays" => nested_arrays::<D>(),
        "array_edits" => array_edits::<D>(),
        "callback_writes" => callback_writes::<D>(),
        "callback_subscribes" => callback_subscribes::<D>(),
        "callback_unsubscribes" => callback_unsubscribes::<D>(),
        "batch_back" => batch_back::<D>(),
        "batch_panics" => batch_panics::<D>(),
        "snapshot_in_callback" => snapshot_in_callback::<D>(),
        "computed_once" => computed_once::<D>(),
        "computed_cycle" => computed_cycle::<D>(),
        "computed_panics" => computed_panics::<D>(),
        "subscriptions_end" => subscriptions_end::<D>(),
        "store_ends" => store_ends::<D>(),
        "versions_branch" => versions_branch::<D>(),
        "query_after_restore" => query_after_restore::<D>(),
        "many_paths" => many_paths::<D>(),
        _ => not_replayed(check),
    };
    fixed(outcome)
}

fn random<D: DataMap>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let ordered = check.name.starts_with("trace_scripted") || check.name.starts_with("trace_panics");
    let stage = Stage::<D>::new();
    if ordered {
        let start = Operation::Set("", json!({"a": 0, "b": 0, "c": {"d": 0, "e": 0}}));
        fixed(Stage::step(&stage, &start, false))?;
    }
    each_step(trace, |at, step| {
        Stage::step(&stage, &decode(check, step), ordered)?;
        if is_due(at) { stage.compare_all() } else { Ok(()) }
    })?;
    let outcome = at_end(trace, stage.compare_all());
    stage.end();
    outcome
}

/// The model: a document, and who listens.
#[derive(Default)]
struct Model {
    document: Value,
    subscriptions: Vec<Listener>,
    /// The document before the outermost batch that is open.
    before: Option<Value>,
    versions: Vec<Value>,
    calls: Vec<(usize, String)>,
}

struct Listener {
    target: Target,
    script: Script,
    live: bool,
}

/// How many subscriptions a trace makes at most, so that the calls within calls stay few.
const MAX_SUBSCRIPTIONS: usize = 24;

/// How many versions a trace holds at most.
const MAX_VERSIONS: usize = 6;

/// Up to where a callback raises a number.
const RAISED: u64 = 5;

impl Model {
    /// Changes the document. Returns whether a callback panicked.
    fn change(&mut self, change: impl FnOnce(&mut Value)) -> bool {
        if self.before.is_some() {
            change(&mut self.document);
            return false;
        }
        let before = self.document.clone();
        change(&mut self.document);
        self.notify(&before)
    }

    fn notify(&mut self, before: &Value) -> bool {
        let live = self.subscriptions.iter().enumerate().filter(|(_, listener)| listener.live);
        let live = live.map(|(number, listener)| (number, &listener.target));
        let mut calls = Vec::new();
        for pointer in changes(before, &self.document) {
            calls.extend(
                concerned(live.clone(), &pointer).into_iter().map(|number| (number, pointer.clone())),
            );
        }
        let mut panicked = false;
        for (number, pointer) in calls {
            let listener = &self.subscriptions[number];
            if listener.live {
                let script = listener.script;
                self.calls.push((number, pointer));
                panicked |= self.run(number, script);
            }
        }
        panicked
    }

    /// What the callback of subscription `number` does. Returns whether it panics.
    fn run(&mut self, number: usize, script: Script) -> bool {
        match script {
            Script::Listen => false,
            Script::Raise(which) => {
                let pointer = NUMBERS[which % NUMBERS.len()];
                let now = oracle::at(&self.document, pointer).and_then(Value::as_u64).unwrap_or(RAISED);
                now < RAISED
                    && self.change(|document| {
                        let _ = oracle::set(document, pointer, json!(now + 1));
                    })
            }
            Script::UnsubscribeSelf => {
                self.subscriptions[number].live = false;
                false
            }
            Script::Unsubscribe(which) => {
                let count = self.subscriptions.len();
                self.subscriptions[which % count].live = false;
                false
            }
            Script::Subscribe(which) => {
                self.subscribe(Place::Pointer(NUMBERS[which % NUMBERS.len()]), Script::Listen);
                false
            }
            Script::Snapshot => {
                self.hold();
                false
            }
            Script::Panic => true,
        }
    }

    fn subscribe(&mut self, place: Place, script: Script) {
        if self.subscriptions.len() < MAX_SUBSCRIPTIONS {
            let target = match place {
                Place::Pointer(pointer) => Target::Pointer(pointer.to_owned()),
                Place::Pattern(pattern) => Target::Pattern(parsed(pattern)),
            };
            self.subscriptions.push(Listener { target, script, live: true });
        }
    }

    fn hold(&mut self) {
        if self.versions.len() < MAX_VERSIONS {
            self.versions.push(self.document.clone());
        }
    }
}

fn parsed(pattern: &str) -> Pattern {
    Pattern::parse(pattern).expect("checks use patterns")
}

/// The store under test, beside its model.
struct Stage<D: DataMap> {
    store: D,
    model: RefCell<Model>,
    subscriptions: RefCell<Vec<D::Subscription>>,
    versions: RefCell<Vec<D::Version>>,
    computed: RefCell<Vec<([&'static str; 2], D::Computed)>>,
    calls: RefCell<Vec<(usize, String)>>,
}

impl<D: DataMap> Stage<D> {
    fn new() -> Rc<Self> {
        let model = Model { document: json!({}), ..Model::default() };
        Rc::new(Stage {
            store: D::new(),
            model: RefCell::new(model),
            subscriptions: RefCell::default(),
            versions: RefCell::default(),
            computed: RefCell::default(),
            calls: RefCell::default(),
        })
    }

    /// Ends all subscriptions: their callbacks hold the stage.
    fn end(&self) {
        let subscriptions = self.subscriptions.take();
        for subscription in &subscriptions {
            self.store.unsubscribe(subscription);
        }
    }

    /// Applies one operation to both, and compares what they answer and whom they call.
    fn step(this: &Rc<Self>, operation: &Operation, ordered: bool) -> Result<(), String> {
        let mut outcome = Ok(());
        let panicked =
            catch_unwind(AssertUnwindSafe(|| outcome = Stage::apply(this, operation))).is_err_and(|panic| {
                if !panic.is::<Injected>() {
                    resume_unwind(panic);
                }
                true
            });
        outcome?;
        let expected = this.apply_to_model(operation);
        expect(format_args!("{operation:?} panics"), panicked, expected)?;
        let mut calls = this.calls.take();
        let mut expected = std::mem::take(&mut this.model.borrow_mut().calls);
        if !ordered {
            calls.sort_unstable();
            expected.sort_unstable();
        }
        expect(format_args!("{operation:?} calls"), &calls, &expected)?;
        let live = this.model.borrow().subscriptions.iter().filter(|listener| listener.live).count();
        expect("subscriptions", this.store.subscriptions(), live)?;
        match operation {
            Operation::Set(pointer, _) | Operation::Delete(pointer) => this.compare(pointer),
            Operation::Push(pointer, _)
            | Operation::Pop(pointer)
            | Operation::Insert(pointer, ..)
            | Operation::Remove(pointer, _) => this.compare(pointer),
            Operation::Batch(_) | Operation::Restore(_) => this.compare(""),
            _ => Ok(()),
        }
    }

    /// What the operation answers is compared with a copy of the model's document, because the model comes second.
    fn apply(this: &Rc<Self>, operation: &Operation) -> Result<(), String> {
        let store = &this.store;
        let mut document = this.document_now();
        let what = format!("{operation:?}");
        match operation {
            Operation::Set(pointer, value) => {
                let expected = oracle::set(&mut document, pointer, value.clone());
                expect(what, store.set(at(pointer), value.clone()), expected)
            }
            Operation::Delete(pointer) => {
                expect(what, store.delete(at(pointer)), oracle::delete(&mut document, pointer))
            }
            Operation::Push(pointer, value) => {
                let expected = oracle::array(&mut document, pointer).map(|array| array.push(value.clone()));
                expect(what, store.push(at(pointer), value.clone()), expected)
            }
            Operation::Pop(pointer) => {
                expect(what, store.pop(at(pointer)), oracle::array(&mut document, pointer).map(Vec::pop))
            }
            Operation::Insert(pointer, index, value) => {
                let expected =
                    oracle::array(&mut document, pointer).and_then(|array| insert(array, *index, value));
                expect(what, store.insert(at(pointer), *index, value.clone()), expected)
            }
            Operation::Remove(pointer, index) => {
                let expected = oracle::array(&mut document, pointer).and_then(|array| remove(array, *index));
                expect(what, store.remove(at(pointer), *index), expected)
            }
            Operation::Slice(pointer, from, to) => {
                let expected = oracle::array(&mut document, pointer)
                    .and_then(|array| array.get(*from..*to).map(<[Value]>::to_vec).ok_or(Error::OutOfRange));
                let mut found = Vec::new();
                let outcome = store.slice(at(pointer), *from..*to, |value| found.push(value.clone()));
                expect(what, outcome.map(|()| found), expected)
            }
            Operation::Look(pointer) => this.compare(pointer),
            Operation::Query(which) => {
                let paths = paths();
                this.compare_query(&paths[which % paths.len()])
            }
            Operation::Subscribe(place, script) => {
                Stage::subscribe(this, *place, *script);
                Ok(())
            }
            Operation::Unsubscribe(which) => this.unsubscribe(*which),
            Operation::Batch(operations) => {
                let outcome = RefCell::new(Ok(()));
                // The model is one step behind, so that within a batch only the store changes.
                store.batch(|| {
                    for operation in operations {
                        this.silently(operation);
                    }
                    let computed = this.computed.borrow();
                    if let (Some((inputs, computed)), Some(Operation::Read(_))) =
                        (computed.first(), operations.get(1))
                    {
                        let expected = this.computation(inputs, &store_document(store));
                        *outcome.borrow_mut() = expect(
                            "a computed value within a batch",
                            store.value(computed).map(|value| (*value).clone()),
                            Ok(expected),
                        );
                    }
                });
                outcome.into_inner()
            }
            Operation::Snapshot => {
                this.hold();
                Ok(())
            }
            Operation::Restore(which) => {
                this.restore(*which);
                Ok(())
            }
            Operation::Compute(inputs) => {
                let [first, second] = *inputs;
                let compute = move |store: &D| computation(&[first, second], |pointer| face(store, pointer));
                let computed = store.computed(&[at(first), at(second)], compute);
                this.computed.borrow_mut().push((*inputs, computed));
                Ok(())
            }
            Operation::Read(which) => {
                let computed = this.computed.borrow();
                let Some((inputs, computed)) = computed.get(which % computed.len().max(1)) else {
                    return Ok(());
                };
                let expected = this.computation(inputs, &document);
                expect(what, store.value(computed).map(|value| (*value).clone()), Ok(expected))
            }
        }
    }

    fn document_now(&self) -> Value {
        self.model.borrow().document.clone()
    }

    /// An operation within a batch, without a look at what it answers.
    fn silently(&self, operation: &Operation) {
        let store = &self.store;
        match operation {
            Operation::Set(pointer, value) => {
                let _ = store.set(at(pointer), value.clone());
            }
            Operation::Delete(pointer) => {
                store.delete(at(pointer));
            }
            Operation::Push(pointer, value) => {
                let _ = store.push(at(pointer), value.clone());
            }
            Operation::Restore(which) => self.restore(*which),
            Operation::Batch(operations) => {
                store.batch(|| operations.iter().for_each(|operation| self.silently(operation)));
            }
            _ => {}
        }
    }

    /// Applies an operation to the model. Returns whether it panics.
    fn apply_to_model(&self, operation: &Operation) -> bool {
        let model = &mut *self.model.borrow_mut();
        let edit = |model: &mut Model, pointer: &str, edit: &dyn Fn(&mut Vec<Value>)| {
            model.change(|document| {
                if let Ok(array) = oracle::array(document, pointer) {
                    edit(array);
                }
            })
        };
        match operation {
            Operation::Set(pointer, value) => model.change(|document| {
                let _ = oracle::set(document, pointer, value.clone());
            }),
            Operation::Delete(pointer) => model.change(|document| {
                oracle::delete(document, pointer);
            }),
            Operation::Push(pointer, value) => edit(model, pointer, &|array| array.push(value.clone())),
            Operation::Pop(pointer) => edit(model, pointer, &|array| drop(array.pop())),
            Operation::Insert(pointer, index, value) => edit(model, pointer, &|array| {
                let _ = insert(array, *index, value);
            }),
            Operation::Remove(pointer, index) => edit(model, pointer, &|array| drop(remove(array, *index))),
            Operation::Subscribe(place, script) => {
                model.subscribe(*place, *script);
                false
            }
            Operation::Unsubscribe(which) => {
                let count = model.subscriptions.len();
                if count > 0 {
                    model.subscriptions[which % count].live = false;
                }
                false
            }
            Operation::Batch(operations) => {
                let before = model.document.clone();
                model.before = Some(before.clone());
                flattened(operations, &mut |operation| match operation {
                    Operation::Set(pointer, value) => {
                        let _ = oracle::set(&mut model.document, pointer, value.clone());
                    }
                    Operation::Delete(pointer) => {
                        oracle::delete(&mut model.document, pointer);
                    }
                    Operation::Push(pointer, value) => {
                        if let Ok(array) = oracle::array(&mut model.document, pointer) {
                            array.push(value.clone());
                        }
                    }
                    Operation::Restore(which) if !model.versions.is_empty() => {
                        model.document = model.versions[which % model.versions.len()].clone();
                    }
                    _ => {}
                });
                model.before = None;
                model.notify(&before)
            }
            Operation::Snapshot => {
                model.hold();
                false
            }
            Operation::Restore(which) if !model.versions.is_empty() => {
                let version = model.versions[which % model.versions.len()].clone();
                model.change(|document| *document = version)
            }
            _ => false,
        }
    }

    fn subscribe(this: &Rc<Self>, place: Place, script: Script) {
        let number = this.subscriptions.borrow().len();
        if number >= MAX_SUBSCRIPTIONS {
            return;
        }
        let stage = this.clone();
        let callback = move |store: &D, pointer: &str| {
            stage.calls.borrow_mut().push((number, pointer.to_owned()));
            Stage::run(&stage, store, number, script);
        };
        let subscription = match place {
            Place::Pointer(pointer) => this.store.subscribe(at(pointer), callback),
            Place::Pattern(pattern) => this.store.subscribe_pattern(&parsed(pattern), callback),
        };
        this.subscriptions.borrow_mut().push(subscription);
    }

    fn run(this: &Rc<Self>, store: &D, number: usize, script: Script) {
        match script {
            Script::Listen => {}
            Script::Raise(which) => {
                let pointer = at(NUMBERS[which % NUMBERS.len()]);
                let now = store.get(pointer, |value| value.and_then(Value::as_u64)).unwrap_or(RAISED);
                if now < RAISED {
                    let _ = store.set(pointer, json!(now + 1));
                }
            }
            Script::UnsubscribeSelf => drop(this.unsubscribe(number)),
            Script::Unsubscribe(which) => drop(this.unsubscribe(which)),
            Script::Subscribe(which) => {
                Stage::subscribe(this, Place::Pointer(NUMBERS[which % NUMBERS.len()]), Script::Listen);
            }
            Script::Snapshot => this.hold(),
            Script::Panic => panic_any(Injected),
        }
    }

    fn unsubscribe(&self, which: usize) -> Result<(), String> {
        let subscription = {
            let subscriptions = self.subscriptions.borrow();
            let Some(subscription) = subscriptions.get(which % subscriptions.len().max(1)) else {
                return Ok(());
            };
            subscription.clone()
        };
        self.store.unsubscribe(&subscription);
        expect("a subscription ends once", self.store.unsubscribe(&subscription), false)
    }

    fn hold(&self) {
        if self.versions.borrow().len() < MAX_VERSIONS {
            let version = self.store.snapshot();
            self.versions.borrow_mut().push(version);
        }
    }

    fn restore(&self, which: usize) {
        let version = {
            let versions = self.versions.borrow();
            let Some(version) = versions.get(which % versions.len().max(1)) else { return };
            version.clone()
        };
        self.store.restore(&version);
    }

    fn computation(&self, inputs: &[&'static str; 2], document: &Value) -> Value {
        computation(inputs, |pointer| match oracle::at(document, pointer)? {
            Value::Array(elements) => Some(json!(["length", elements.len()])),
            Value::Object(_) => Some(json!({})),
            scalar => Some(scalar.clone()),
        })
    }

    /// Compares everything that can be seen of one pointer.
    fn compare(&self, pointer: &str) -> Result<(), String> {
        let document = self.document_now();
        compare_pointer(&self.store, &document, pointer)
    }

    fn compare_query(&self, (path, segments): &(&str, Vec<Segment>)) -> Result<(), String> {
        compare_query(&self.store, &self.document_now(), path, segments)
    }

    fn compare_all(&self) -> Result<(), String> {
        POINTERS.iter().try_for_each(|pointer| self.compare(pointer))?;
        paths().iter().try_for_each(|path| self.compare_query(path))?;
        for (inputs, computed) in &*self.computed.borrow() {
            let expected = self.computation(inputs, &self.document_now());
            let found = self.store.value(computed).map(|value| (*value).clone());
            expect(format_args!("a value computed from {inputs:?}"), found, Ok(expected))?;
        }
        let model = self.model.borrow();
        for (number, (version, document)) in self.versions.borrow().iter().zip(&model.versions).enumerate() {
            compare_version::<D>(version, document)
                .map_err(|message| format!("in version {number}: {message}"))?;
        }
        Ok(())
    }
}

fn insert(array: &mut Vec<Value>, index: usize, value: &Value) -> Result<(), Error> {
    if index > array.len() {
        return Err(Error::OutOfRange);
    }
    array.insert(index, value.clone());
    Ok(())
}

fn remove(array: &mut Vec<Value>, index: usize) -> Result<Value, Error> {
    if index < array.len() { Ok(array.remove(index)) } else { Err(Error::OutOfRange) }
}

/// Calls `visit` with every operation of a batch and of the batches in it.
fn flattened(operations: &[Operation], visit: &mut impl FnMut(&Operation)) {
    for operation in operations {
        match operation {
            Operation::Batch(inner) => flattened(inner, visit),
            operation => visit(operation),
        }
    }
}

/// What a subscription to a pointer hears of.
fn face<D: DataMap>(store: &D, pointer: &str) -> Option<Value> {
    if let Some(length) = store.array_len(at(pointer)) {
        return Some(json!(["length", length]));
    }
    store.has(at(pointer)).then(|| shown(store, pointer).unwrap_or_else(|| json!({})))
}

/// What a computed value of two pointers is: what subscriptions to both hear of.
fn computation(inputs: &[&'static str; 2], get: impl Fn(&'static str) -> Option<Value>) -> Value {
    json!(inputs.map(|pointer| get(pointer).map_or(json!("nothing"), |value| json!([value]))))
}

fn shown<D: DataMap>(store: &D, pointer: &str) -> Option<Value> {
    store.get(at(pointer), |value| value.cloned())
}

fn store_document<D: DataMap>(store: &D) -> Value {
    store.to_object(at("")).map_or(Value::Null, |object| object.value().into_owned())
}

fn compare_pointer<D: DataMap>(store: &D, document: &Value, pointer: &str) -> Result<(), String> {
    let value = oracle::at(document, pointer);
    let place = at(pointer);
    expect(format_args!("get({pointer:?})"), shown(store, pointer).as_ref(), value.and_then(leaf))?;
    expect(format_args!("has({pointer:?})"), store.has(place), value.is_some())?;
    let length = value.and_then(Value::as_array).map(Vec::len);
    expect(format_args!("array_len({pointer:?})"), store.array_len(place), length)?;
    let below = value.is_some_and(|value| leaf(value).is_none());
    expect(format_args!("has_descendants({pointer:?})"), store.has_descendants(place), below)?;
    let object = store.to_object(place).map(|object| object.value().into_owned());
    expect(format_args!("to_object({pointer:?})"), object.as_ref(), value)?;
    let mut keys = Vec::new();
    store.keys(place, |key| keys.push(key.to_owned()));
    keys.sort_unstable();
    expect(format_args!("keys({pointer:?})"), keys, oracle::keys(document, pointer))
}

fn compare_query<D: DataMap>(
    store: &D,
    document: &Value,
    path: &str,
    segments: &[Segment],
) -> Result<(), String> {
    let mut found = Vec::new();
    let outcome = store.query(path, |pointer| {
        found.push(pointer.to_owned());
        ControlFlow::Continue(())
    });
    expect(format_args!("query({path:?})"), outcome, Ok(()))?;
    found.sort_unstable();
    let mut expected: Vec<String> =
        evaluate(document, segments).into_iter().map(|(pointer, _)| pointer).collect();
    expected.sort_unstable();
    expect(format_args!("query({path:?})"), found, expected)
}

fn compare_version<D: DataMap>(version: &D::Version, document: &Value) -> Result<(), String> {
    let object = D::to_object_in(version, at("")).map(|object| object.value().into_owned());
    expect("to_object", object.as_ref(), Some(document))?;
    for pointer in POINTERS {
        let found = D::get_in(version, at(pointer), |value| value.cloned());
        let expected = oracle::at(document, pointer).and_then(leaf);
        expect(format_args!("get({pointer:?})"), found.as_ref(), expected)?;
    }
    Ok(())
}

/// A store of this document, and a list of the calls of subscriptions to these pointers and patterns.
struct Listening<D: DataMap> {
    store: D,
    calls: Rc<RefCell<Vec<String>>>,
}

impl<D: DataMap> Listening<D> {
    fn new(document: Value) -> Result<Self, String> {
        let store = D::new();
        expect("set of the document", store.set(at(""), document), Ok(()))?;
        Ok(Listening { store, calls: Rc::default() })
    }

    /// A subscription whose calls are noted as its name and the pointer.
    fn to(&self, pointer: &str, name: &'static str) -> D::Subscription {
        self.store.subscribe(at(pointer), self.noting(name))
    }

    fn to_pattern(&self, pattern: &str, name: &'static str) -> D::Subscription {
        self.store.subscribe_pattern(&parsed(pattern), self.noting(name))
    }

    fn noting(&self, name: &'static str) -> impl Fn(&D, &str) + 'static {
        let calls = self.calls.clone();
        move |_: &D, pointer: &str| calls.borrow_mut().push(format!("{name} {pointer}"))
    }

    /// The calls since the last look, sorted.
    fn heard(&self, after: &str, expected: &[&str]) -> Result<(), String> {
        let mut calls = self.calls.take();
        calls.sort_unstable();
        expect(
            format_args!("calls after {after}"),
            calls,
            expected.iter().map(|call| (*call).to_owned()).collect(),
        )
    }

    fn set(&self, pointer: &str, value: Value) -> Result<(), String> {
        expect(format_args!("set({pointer:?})"), self.store.set(at(pointer), value), Ok(()))
    }

    fn is(&self, document: &Value) -> Result<(), String> {
        expect("the document", &store_document(&self.store), document)
    }
}

fn subtree_replaced<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"u": {"name": "a", "age": 1, "in": {"deep": 1}}, "other": 1}))?;
    for pointer in ["/u", "/u/name", "/u/age", "/u/in/deep", "/u/new", "/other"] {
        world.to(pointer, "p");
    }
    world.to_pattern("$..name", "q");
    world.to_pattern("$.u.*", "r");
    world.set("/u", json!({"name": "b", "age": 1, "new": 2}))?;
    world.heard(
        "an object replaced",
        &["p /u/in/deep", "p /u/name", "p /u/new", "q /u/name", "r /u/in", "r /u/name", "r /u/new"],
    )?;
    world.set("/u", json!(1))?;
    let all = ["p /u", "p /u/age", "p /u/name", "p /u/new", "q /u/name", "r /u/age", "r /u/name", "r /u/new"];
    world.heard("a scalar in its place", &all)?;
    world.set("/u", json!({"name": "b", "age": 1, "new": 2}))?;
    world.heard("the object again", &all)?;
    world.set("/u/in/deep", json!(1))?;
    world.heard("an object made on the way", &["p /u/in/deep", "r /u/in"])
}

fn subtree_deleted<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": {"b": {"c": 1, "d": 2}}, "e": 1}))?;
    let kept = world.to("/a/b/c", "p");
    world.to("/a", "p");
    world.to_pattern("$.a..*", "q");
    expect("delete", world.store.delete(at("/a/b")), true)?;
    world.heard("the deletion", &["p /a/b/c", "q /a/b", "q /a/b/c", "q /a/b/d"])?;
    world.is(&json!({"a": {}, "e": 1}))?;
    world.set("/a/b/c", json!(1))?;
    world.heard("its return", &["p /a/b/c", "q /a/b", "q /a/b/c"])?;
    expect("unsubscribe", world.store.unsubscribe(&kept), true)?;
    expect("delete of the root", world.store.delete(at("")), true)?;
    world.heard("the root is gone", &["p /a", "q /a/b", "q /a/b/c"])?;
    world.is(&json!({}))
}

fn escapes<D: DataMap>() -> Result<(), String> {
    let document = json!({"a/b": {"~": 1, "": {"é/": 2}}});
    let world = Listening::<D>::new(document.clone())?;
    for pointer in ["", "/a~1b", "/a~1b/~0", "/a~1b/", "/a~1b//é~1", "/a"] {
        compare_pointer(&world.store, &document, pointer)?;
    }
    world.to("/a~1b/~0", "p");
    world.to_pattern("$['a/b']['~']", "q");
    world.to_pattern("$..['é/']", "r");
    world.set("/a~1b/~0", json!(2))?;
    world.set("/a~1b//é~1", json!(3))?;
    world.heard("two sets", &["p /a~1b/~0", "q /a~1b/~0", "r /a~1b//é~1"])?;
    let name = |name: &str| Segment::Name(name.to_owned());
    let document = json!({"a/b": {"~": 2, "": {"é/": 3}}});
    compare_query(&world.store, &document, "$['a/b'].*", &[name("a/b"), Segment::Wildcard])?;
    compare_query(&world.store, &document, "$..['é/']", &[Segment::Descend(Box::new(name("é/")))])
}

fn numeric_names<D: DataMap>() -> Result<(), String> {
    let document = json!({"o": {"0": "x", "1": "y"}, "l": ["x", "y"], "2024": {"01": 1}});
    let world = Listening::<D>::new(document.clone())?;
    for pointer in ["", "/o", "/o/0", "/l", "/l/0", "/2024", "/2024/01", "/l/00", "/o/00"] {
        compare_pointer(&world.store, &document, pointer)?;
    }
    let name = |name: &str| Segment::Name(name.to_owned());
    for (path, segments) in [
        ("$.o[0]", vec![name("o"), Segment::Index(0)]),
        ("$.o['0']", vec![name("o"), name("0")]),
        ("$.l[0]", vec![name("l"), Segment::Index(0)]),
        ("$.l['0']", vec![name("l"), name("0")]),
        ("$.*[1]", vec![Segment::Wildcard, Segment::Index(1)]),
        ("$.o.*", vec![name("o"), Segment::Wildcard]),
        ("$['2024']['01']", vec![name("2024"), name("01")]),
    ] {
        compare_query(&world.store, &document, path, &segments)?;
    }
    expect("delete", world.store.delete(at("/o/1")), true)?;
    world.is(&json!({"o": {"0": "x"}, "l": ["x", "y"], "2024": {"01": 1}}))?;
    world.set("/made/0/1", json!(true))?;
    expect("a made parent", shown(&world.store, "/made/0/1"), Some(json!(true)))?;
    expect("a made parent is an object", world.store.array_len(at("/made")), None)
}

fn empty_containers<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({}))?;
    for pointer in ["", "/o", "/o/x", "/l", "/l/0"] {
        world.to(pointer, "p");
    }
    let mut document = json!({});
    for (pointer, value) in [
        ("/o/x", json!(1)),
        ("/o", json!({})),
        ("/o/x", json!({})),
        ("/o/x/y", json!([])),
        ("/l", json!([])),
        ("/l/0", json!({"k": 1})),
        ("/l/0/k", json!({})),
    ] {
        world.set(pointer, value.clone())?;
        expect("the oracle's set", oracle::set(&mut document, pointer, value), Ok(()))?;
        world.is(&document)?;
        POINTERS.iter().try_for_each(|pointer| compare_pointer(&world.store, &document, pointer))?;
    }
    for pointer in ["/l/0", "/o/x/y", "/o/x", "/o", "/l", "/l"] {
        let expected = oracle::delete(&mut document, pointer);
        expect(format_args!("delete({pointer:?})"), world.store.delete(at(pointer)), expected)?;
        world.is(&document)?;
    }
    world.calls.take();
    world.set("/o/x", json!(1))?;
    world.heard("a child of an empty root", &["p /o", "p /o/x"])?;
    expect("delete", world.store.delete(at("/o/x")), true)?;
    world.heard("the last child gone", &["p /o/x"])
}

fn array_shift<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"l": [1, 1, 2, {"k": 3}], "m": []}))?;
    for pointer in ["/l", "/l/0", "/l/1", "/l/2", "/l/3", "/l/3/k", "/l/4", "/l/4/k", "/m/0"] {
        world.to(pointer, "p");
    }
    world.to_pattern("$.l[*]", "q");
    let outcome = world.store.insert(at("/l"), 1, json!(1));
    expect("insert", outcome, Ok(()))?;
    // The element 1 that moved down has an equal one in its place, and so has its own place.
    let all = ["p /l", "p /l/2", "p /l/3", "p /l/3/k", "p /l/4", "p /l/4/k", "q /l/2", "q /l/3", "q /l/4"];
    world.heard("an insertion", &all)?;
    expect("remove", world.store.remove(at("/l"), 0), Ok(json!(1)))?;
    world.heard("a removal", &all)?;
    expect("delete", world.store.delete(at("/l/0")), true)?;
    world.heard(
        "a deletion by pointer",
        &["p /l", "p /l/1", "p /l/2", "p /l/3", "p /l/3/k", "q /l/1", "q /l/2", "q /l/3"],
    )?;
    expect("push", world.store.push(at("/l"), json!(5)), Ok(()))?;
    world.heard("a push", &["p /l", "p /l/3", "q /l/3"])?;
    expect("pop", world.store.pop(at("/l")), Ok(Some(json!(5))))?;
    world.heard("a pop", &["p /l", "p /l/3", "q /l/3"])?;
    expect("set", world.store.set(at("/l/3"), json!(7)), Ok(()))?;
    world.heard("a set at the end", &["p /l", "p /l/3", "q /l/3"])?;
    expect("pop of an empty array", world.store.pop(at("/m")), Ok(None))?;
    expect("remove of an empty array", world.store.remove(at("/m"), 0), Err(Error::OutOfRange))?;
    expect("push to an object", world.store.push(at(""), json!(1)), Err(Error::NotAnArray))?;
    expect("insert past the end", world.store.insert(at("/m"), 1, json!(1)), Err(Error::OutOfRange))?;
    expect("set past the end", world.store.set(at("/m/1"), json!(1)), Err(Error::OutOfRange))?;
    world.heard("nothing", &[])
}

fn nested_arrays<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"l": [[1, [2]], {"k": [3]}]}))?;
    world.to("/l/0/1", "p");
    world.to_pattern("$.l[*]..*", "q");
    let store = &world.store;
    expect("push", store.push(at("/l/0/1"), json!(9)), Ok(()))?;
    world.heard("a push", &["p /l/0/1", "q /l/0/1", "q /l/0/1/1"])?;
    expect("insert", store.insert(at("/l/1/k"), 0, json!({"z": []})), Ok(()))?;
    expect("pop", store.pop(at("/l/0")), Ok(Some(json!([2, 9]))))?;
    expect("remove", store.remove(at("/l/1/k"), 1), Ok(json!(3)))?;
    expect("push", store.push(at("/l/1/k/0/z"), json!("end")), Ok(()))?;
    let document = json!({"l": [[1], {"k": [{"z": ["end"]}]}]});
    world.is(&document)?;
    ["/l", "/l/0", "/l/1/k", "/l/1/k/0/z", "/l/1/k/0/z/0"]
        .iter()
        .try_for_each(|pointer| compare_pointer(store, &document, pointer))
}

fn array_edits<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"l": (0..1000).collect::<Vec<u64>>()}))?;
    let mut model: Vec<Value> = (0..1000u64).map(Value::from).collect();
    for step in 0..10_000u64 {
        let drawn = crate::input::mix(step);
        let place = [0, model.len() / 2, model.len(), (drawn >> 8) as usize % (model.len() + 1)]
            [(drawn % 4) as usize];
        if drawn >> 40 & 1 == 0 || model.is_empty() {
            expect("insert", world.store.insert(at("/l"), place, json!(step)), Ok(()))?;
            model.insert(place, json!(step));
        } else if place < model.len() {
            expect("remove", world.store.remove(at("/l"), place), Ok(model.remove(place)))?;
        }
    }
    expect("array_len", world.store.array_len(at("/l")), Some(model.len()))?;
    world.is(&json!({ "l": model }))
}

fn callback_writes<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 0, "b": 0}))?;
    let calls = world.calls.clone();
    world.store.subscribe(at("/a"), move |store: &D, _: &str| {
        let now = store.get(at("/a"), |value| value.and_then(Value::as_u64)).unwrap_or(9);
        calls.borrow_mut().push(format!("a is {now}"));
        if now < 3 {
            let _ = store.set(at("/a"), json!(now + 1));
            let _ = store.set(at("/b"), json!(now + 1));
        }
    });
    let calls = world.calls.clone();
    world.store.subscribe(at("/b"), move |store: &D, _: &str| {
        let now = store.get(at("/b"), |value| value.and_then(Value::as_u64)).unwrap_or(9);
        calls.borrow_mut().push(format!("b is {now}"));
    });
    world.set("/a", json!(1))?;
    let calls = world.calls.take();
    expect(
        "calls in order",
        calls,
        ["a is 1", "a is 2", "a is 3", "b is 3", "b is 2"].map(str::to_owned).into(),
    )?;
    world.is(&json!({"a": 3, "b": 2}))
}

fn callback_subscribes<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 0}))?;
    let (calls, done) = (world.calls.clone(), Cell::new(false));
    world.store.subscribe(at("/a"), move |store: &D, _: &str| {
        calls.borrow_mut().push("first".to_owned());
        if !done.replace(true) {
            let inner = calls.clone();
            store.subscribe(at("/a"), move |_: &D, _: &str| inner.borrow_mut().push("second".to_owned()));
            let inner = calls.clone();
            store.subscribe_pattern(&parsed("$.*"), move |_: &D, _: &str| {
                inner.borrow_mut().push("third".to_owned());
            });
        }
    });
    world.set("/a", json!(1))?;
    world.heard("the first set", &["first"])?;
    world.set("/a", json!(2))?;
    world.heard("the second set", &["first", "second", "third"])
}

fn callback_unsubscribes<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 0, "b": 0}))?;
    let victims: Rc<RefCell<Vec<D::Subscription>>> = Rc::default();
    let ended = victims.clone();
    let calls = world.calls.clone();
    world.store.subscribe(at("/a"), move |store: &D, _: &str| {
        calls.borrow_mut().push("first".to_owned());
        for victim in &*ended.borrow() {
            store.unsubscribe(victim);
        }
    });
    let list = vec![world.to("/a", "p"), world.to_pattern("$.a", "q"), world.to_pattern("$..*", "r")];
    victims.borrow_mut().extend(list);
    world.set("/a", json!(1))?;
    world.heard("the set", &["first"])?;
    expect("subscriptions", world.store.subscriptions(), 1)?;
    victims.take();
    Ok(())
}

fn batch_back<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 0, "l": [1], "o": {"x": 1}}))?;
    for pointer in ["/a", "/l", "/l/0", "/o", "/o/x"] {
        world.to(pointer, "p");
    }
    world.to_pattern("$..*", "q");
    let store = &world.store;
    store.batch(|| {
        let _ = store.set(at("/a"), json!(1));
        let _ = store.push(at("/l"), json!(2));
        let _ = store.set(at("/o"), json!(5));
        store.batch(|| {
            let _ = store.set(at("/a"), json!(0));
            let _ = store.pop(at("/l"));
        });
        let _ = store.set(at("/o"), json!({"x": 1}));
        let _ = store.set(at("/new"), json!(1));
        store.delete(at("/new"));
    });
    world.heard("a batch that changes nothing", &[])?;
    store.batch(|| {
        for step in 0..10 {
            let _ = store.set(at("/a"), json!(step));
        }
    });
    world.heard("a batch of ten sets", &["p /a", "q /a"])?;
    world.set("/a", json!(9))?;
    world.heard("a set of the same", &[])
}

fn batch_panics<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 0}))?;
    world.to("/a", "p");
    let store = &world.store;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        store.batch(|| {
            let _ = store.set(at("/a"), json!(1));
            panic_any(Injected);
        });
    }));
    expect("the batch resumes the panic", outcome.is_err_and(|panic| panic.is::<Injected>()), true)?;
    world.heard("the batch", &["p /a"])?;
    world.set("/a", json!(2))?;
    world.heard("a set afterwards", &["p /a"])
}

fn snapshot_in_callback<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 0, "b": {"c": 0}}))?;
    let taken: Rc<RefCell<Vec<D::Version>>> = Rc::default();
    let versions = taken.clone();
    world.store.subscribe(at("/a"), move |store: &D, _: &str| versions.borrow_mut().push(store.snapshot()));
    world.to("/b/c", "p");
    world.set("/a", json!(1))?;
    world.set("/b/c", json!(1))?;
    world.set("/a", json!(2))?;
    let versions = taken.borrow().clone();
    compare_version::<D>(&versions[0], &json!({"a": 1, "b": {"c": 0}}))?;
    compare_version::<D>(&versions[1], &json!({"a": 2, "b": {"c": 1}}))?;
    world.heard("the sets", &["p /b/c"])?;
    let target = versions[0].clone();
    let back = world.store.subscribe(at("/go"), move |store: &D, _: &str| store.restore(&target));
    world.set("/go", json!(true))?;
    // The return is an operation of its own: /go is gone again, and that is a change that the callback hears of.
    world.is(&json!({"a": 1, "b": {"c": 0}}))?;
    world.heard("the return", &["p /b/c"])?;
    expect("unsubscribe", world.store.unsubscribe(&back), true)
}

fn computed_once<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"o": {"a": 1, "b": 2}, "other": 1}))?;
    let runs = Rc::new(Cell::new(0));
    let counted = runs.clone();
    let number =
        |store: &D, pointer| store.get(at(pointer), |value| value.and_then(Value::as_i64)).unwrap_or(0);
    let computed = world.store.computed(&[at("/o/a"), at("/o/b")], move |store: &D| {
        counted.set(counted.get() + 1);
        json!(number(store, "/o/a") + number(store, "/o/b"))
    });
    let read = |runs_expected: u32, expected: i64| {
        let found = world.store.value(&computed).map(|value| (*value).clone());
        expect("the computed value", found, Ok(json!(expected)))?;
        expect("how often it was computed", runs.get(), runs_expected)
    };
    expect("it is not computed before it is read", runs.get(), 0)?;
    read(1, 3)?;
    world.set("/other", json!(2))?;
    read(1, 3)?;
    world.set("/o/a", json!(5))?;
    world.set("/o/b", json!(5))?;
    read(2, 10)?;
    world.set("/o", json!({"a": 7}))?;
    read(3, 7)?;
    expect("delete", world.store.delete(at("/o")), true)?;
    read(4, 0)?;
    world.set("/o/b", json!(1))?;
    let version = world.store.snapshot();
    read(5, 1)?;
    world.set("/o/b", json!(2))?;
    read(6, 2)?;
    world.store.restore(&version);
    read(7, 1)
}

fn computed_cycle<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 1}))?;
    let own: Rc<RefCell<Option<D::Computed>>> = Rc::default();
    let inner = own.clone();
    let computed = world.store.computed(&[at("/a")], move |store: &D| {
        let own = inner.borrow().clone();
        json!(own.map(|own| store.value(&own) == Err(Error::Cycle)))
    });
    *own.borrow_mut() = Some(computed.clone());
    let found = world.store.value(&computed).map(|value| (*value).clone());
    expect("a value that reads itself", found, Ok(json!(true)))?;
    own.take();
    world.set("/a", json!(2))?;
    let found = world.store.value(&computed).map(|value| (*value).clone());
    expect("a value that no longer does", found, Ok(json!(null)))
}

fn computed_panics<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"a": 1}))?;
    let computed = world.store.computed(&[at("/a")], move |store: &D| {
        let now = store.get(at("/a"), |value| value.and_then(Value::as_u64)).unwrap_or(0);
        if now == 2 {
            panic_any(Injected);
        }
        json!(now)
    });
    let read = || {
        let value = catch_unwind(AssertUnwindSafe(|| world.store.value(&computed)));
        value.map_or(json!("a panic"), |value| value.map_or(json!("an error"), |value| (*value).clone()))
    };
    expect("the computed value", read(), json!(1))?;
    world.set("/a", json!(2))?;
    for _ in 0..2 {
        expect("a value whose computation panics", read(), json!("a panic"))?;
    }
    world.set("/a", json!(3))?;
    expect("the computed value", read(), json!(3))
}

fn subscriptions_end<D: DataMap>() -> Result<(), String> {
    const COUNT: usize = 100_000;
    Probe::reset();
    let world = Listening::<D>::new(json!({"a": 0}))?;
    let mut subscriptions = Vec::with_capacity(COUNT);
    let called = Rc::new(Cell::new(0u64));
    let texts: Vec<String> = (0..COUNT / 2).map(|number| format!("/s/{number}")).collect();
    let some: Vec<Pattern> = (0..8).map(|number| parsed(&format!("$.a[{number}]"))).collect();
    for number in 0..COUNT {
        let (probe, called) = (Probe::new(number as u32), called.clone());
        let callback = move |_: &D, _: &str| called.set(called.get() + u64::from(probe.id()));
        // A list of patterns is slow to remove from, and the check is about all contenders.
        subscriptions.push(if number % 1000 == 0 {
            world.store.subscribe_pattern(&some[number / 1000 % 8], callback)
        } else {
            world.store.subscribe(at(&texts[number % texts.len()]), callback)
        });
    }
    expect("subscriptions", world.store.subscriptions(), COUNT)?;
    let half = COUNT / 2;
    for number in (0..half).rev().chain(half..COUNT) {
        expect("unsubscribe", world.store.unsubscribe(&subscriptions[number]), true)?;
    }
    expect("subscriptions", world.store.subscriptions(), 0)?;
    world.set("/s", json!({"1": 1, "5": 2}))?;
    world.set("/a", json!([1, 2, 3]))?;
    expect("calls", called.get(), 0)?;
    expect("callbacks that live", Probe::live(), 0)
}

fn store_ends<D: DataMap>() -> Result<(), String> {
    Probe::reset();
    {
        let world = Listening::<D>::new(json!({"a": 0, "l": [1, 2]}))?;
        let version = world.store.snapshot();
        let (first, second, third) = (Probe::new(1), Probe::new(2), Probe::new(3));
        world.store.subscribe(at("/a"), move |store: &D, _: &str| {
            let _ = (first.id(), &version, store.subscriptions());
        });
        world.store.subscribe_pattern(&parsed("$..*"), move |_: &D, _: &str| {
            second.id();
        });
        let computed = world.store.computed(&[at("/a")], move |_: &D| json!(third.id()));
        let found = world.store.value(&computed).map(|value| (*value).clone());
        expect("the computed value", found, Ok(json!(3)))?;
        world.set("/a", json!(1))?;
    }
    expect("callbacks and computations that live", Probe::live(), 0)
}

fn versions_branch<D: DataMap>() -> Result<(), String> {
    let start = json!({"o": {"0": 0, "1": 1}, "l": [0, {"k": 1}], "s": "x"});
    let world = Listening::<D>::new(start.clone())?;
    let mut held: Vec<(D::Version, Value)> = vec![(world.store.snapshot(), start)];
    for step in 0..300usize {
        let (version, document) = &held[step * 7 % held.len()];
        let mut document = document.clone();
        world.store.restore(version);
        for change in 0..3 {
            let drawn = crate::input::mix((step * 3 + change) as u64);
            let pointer = ["/o/0", "/o/2", "/l/0", "/l/1/k", "/l/2", "/s", "/new/x"][(drawn % 7) as usize];
            if drawn >> 32 & 3 == 0 {
                let expected = oracle::delete(&mut document, pointer);
                expect(format_args!("delete({pointer:?})"), world.store.delete(at(pointer)), expected)?;
            } else {
                let value = json!(drawn % 100);
                let expected = oracle::set(&mut document, pointer, value.clone());
                expect(format_args!("set({pointer:?})"), world.store.set(at(pointer), value), expected)?;
            }
        }
        world.is(&document)?;
        if held.len() < 40 {
            held.push((world.store.snapshot(), document));
        } else {
            let place = step * 11 % held.len();
            held[place] = (world.store.snapshot(), document);
        }
    }
    for (number, (version, document)) in held.iter().enumerate() {
        compare_version::<D>(version, document)
            .map_err(|message| format!("in version {number}: {message}"))?;
    }
    Ok(())
}

fn query_after_restore<D: DataMap>() -> Result<(), String> {
    let world = Listening::<D>::new(json!({"u": {"a": {"n": 1}, "b": {"n": 2}}}))?;
    let name = |name: &str| Segment::Name(name.to_owned());
    let paths = [
        ("$.u.*.n", vec![name("u"), Segment::Wildcard, name("n")]),
        ("$..n", vec![Segment::Descend(Box::new(name("n")))]),
        ("$.u.b.n", vec![name("u"), name("b"), name("n")]),
    ];
    let compare = || {
        let document = store_document(&world.store);
        paths.iter().try_for_each(|(path, segments)| compare_query(&world.store, &document, path, segments))
    };
    compare()?;
    let first = world.store.snapshot();
    world.set("/u/c/n", json!(3))?;
    expect("delete", world.store.delete(at("/u/b")), true)?;
    compare()?;
    let second = world.store.snapshot();
    world.store.restore(&first);
    compare()?;
    world.store.restore(&second);
    world.set("/u/d/n", json!(4))?;
    world.store.restore(&first);
    world.set("/u/e/n", json!([5, {"n": 6}]))?;
    expect("delete", world.store.delete(at("/u/a/n")), true)?;
    compare()?;
    world.store.restore(&second);
    world.store.restore(&second);
    compare()
}

fn many_paths<D: DataMap>() -> Result<(), String> {
    let document = json!({"u": {"a1": {"n": 1}, "a2": {"n": 2}}});
    let world = Listening::<D>::new(document.clone())?;
    let name = |name: &str| Segment::Name(name.to_owned());
    for round in 0..1200 {
        let own = format!("a{}", round % 600);
        let path = format!("$.u.{own}.n");
        compare_query(&world.store, &document, &path, &[name("u"), name(&own), name("n")])?;
    }
    let ignore = |_: &str| ControlFlow::Continue(());
    for invalid in ["", "u", "$.", "$[", "$.u[?]"] {
        let refused =
            world.store.query(invalid, ignore).is_err() && world.store.query(invalid, ignore).is_err();
        expect(format_args!("query({invalid:?}) is refused"), refused, true)?;
    }
    Ok(())
}

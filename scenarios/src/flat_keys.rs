//! **Keys of a flat store**: every pointer below a prefix, in a store that maps JSON pointers to leaves.
//!
//! Contract: [`FlatStore`]. Oracle: a `BTreeMap` of pointers, filtered segment by segment. Scenarios:
//! [`BOTTLENECK`], over `/users/<i>/<field>` with ten fields per user; the size is the number of pointers.
//!
//! Memory: `build` starts from an empty store, so what the allocation meter finds live after its region,
//! divided by its operations, is what the store and its index take per pointer.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::flat::{self, Kinds, Leaf, Pointer, PointerBuf, touch_text};
use crate::input::{copies, draws, mix, rng, shuffled, sum};
use crate::{
    About, Bottleneck, Capability, Case, Check, Claim, Contender, Mismatch, Request, Scenario, Setup, Sizes,
    Step, case,
};

/// A map from pointers to leaves that can tell what lies under a prefix.
///
/// "Below" is meant strictly and by segment: nothing below `/user` is called `/users/0`, and a prefix
/// that is a pointer of the store itself is not below itself. What lies below the root is every pointer
/// but the empty one. Below an absent prefix lies nothing.
pub trait FlatStore {
    /// The empty store.
    fn new() -> Self;
    /// Number of pointers.
    fn len(&self) -> usize;
    /// The leaf at `pointer`.
    fn get(&self, pointer: Pointer<'_>) -> Option<&Leaf>;
    /// Puts `leaf` at `pointer`; returns the leaf it replaces.
    fn set(&mut self, pointer: Pointer<'_>, leaf: Leaf) -> Option<Leaf>;
    /// Removes and returns the leaf at `pointer`, and nothing below it.
    fn delete(&mut self, pointer: Pointer<'_>) -> Option<Leaf>;
    /// Every pointer below `prefix` with its leaf, once, in any order.
    fn entries<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = (&'a str, &'a Leaf)>;

    /// Whether there is no pointer.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a leaf at `pointer`.
    fn has(&self, pointer: Pointer<'_>) -> bool {
        self.get(pointer).is_some()
    }

    /// Every pointer below `prefix`, once, in any order.
    fn keys<'a>(&'a self, prefix: Pointer<'a>) -> impl Iterator<Item = &'a str> {
        self.entries(prefix).map(|(key, _)| key)
    }

    /// Every pointer below `prefix` in the order of their bytes.
    fn sorted_keys<'a>(&'a self, prefix: Pointer<'a>) -> Vec<&'a str> {
        let mut keys: Vec<&str> = self.keys(prefix).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether anything lies below `prefix`.
    fn has_descendants(&self, prefix: Pointer<'_>) -> bool {
        self.keys(prefix).next().is_some()
    }

    /// The [tree](flat::tree) at `prefix`: what lies below it, or else its leaf; `None` where neither is.
    fn to_object(&self, prefix: Pointer<'_>) -> Option<Value> {
        let below = flat::tree(prefix, self.entries(prefix), Kinds::NONE);
        below.or_else(|| self.get(prefix).map(|leaf| leaf.value().clone()))
    }

    /// Removes what lies at `prefix` and below it; returns how many leaves that were.
    fn delete_subtree(&mut self, prefix: Pointer<'_>) -> usize {
        let below: Vec<String> = self.keys(prefix).map(str::to_owned).collect();
        let below = below.iter().filter_map(|key| Pointer::parse(key).ok());
        let below = below.filter(|key| self.delete(*key).is_some()).count();
        below + usize::from(self.delete(prefix).is_some())
    }
}

/// The bottleneck.
pub static BOTTLENECK: Bottleneck = Bottleneck {
    name: "flat_keys",
    title: "Keys under a prefix",
    question: "A flat store maps pointers to values in one hash map, so get and set are as cheap as they can be, and \
               nothing says what lies under a prefix but a look at every key. What does an index cost that does, \
               to keep and to ask?",
    scenarios: SCENARIOS,
    checks: CHECKS,
    sizes: Sizes {
        quick: &[100, 1000],
        default: &[100, 1000, 10_000, 100_000],
        full: &[100, 1000, 10_000, 100_000, 200_000],
    },
    claims: CLAIMS,
    memory: &[],
    own_input: None,
    reference: "btree_range",
    describe,
};

const CLAIMS: &[Claim] = &[Claim {
    id: "dm-keys",
    text: "With an index of prefixes the first key of a store of 100,000 comes in O(1), without collecting and sorting all keys.",
    factor: None,
    scenario: "first_key",
    size: 100_000,
    naive: "collect_and_sort",
    optimized: "prefix_index",
}];

const NOTHING: &[Capability] = &[];
const PREFIXES: &[Capability] = &[Capability::Prefixes];

const fn scenario(
    name: &'static str,
    unit: &'static str,
    requires: &'static [Capability],
    summary: &'static str,
) -> Scenario {
    Scenario { name, summary, unit, requires, sizes: None }
}

/// For regions and set-ups in which the whole store is written or read.
const fn whole(scenario: Scenario) -> Scenario {
    let sizes = Sizes {
        quick: &[100, 1000],
        default: &[100, 1000, 10_000],
        full: &[100, 1000, 10_000, 100_000, 200_000],
    };
    Scenario { sizes: Some(sizes), ..scenario }
}

#[rustfmt::skip]
const SCENARIOS: &[Scenario] = &[
    scenario("get", "get", NOTHING, "Reads random pointers, one in eight of them absent."),
    scenario("set_overwrite", "set", NOTHING, "Replaces the leaves at random pointers."),
    scenario("set_new", "set", NOTHING, "Adds 1,000 pointers to a store of n."),
    scenario("delete", "delete", NOTHING, "Deletes random pointers, each once (all n up to 1,000, 1,000 of more)."),
    scenario("churn", "step", NOTHING, "Deletes a random pointer if it is there, sets it if it is not."),
    whole(scenario("build", "set", NOTHING, "Adds n pointers in random order to an empty store.")),
    scenario("keys_under_prefix", "prefix", PREFIXES, "Visits all keys of a random user: ten in n."),
    scenario("first_key", "prefix", PREFIXES, "Takes the first key that comes of a random user."),
    whole(scenario("sorted_keys", "key", PREFIXES, "Lists all n keys in the order of their bytes.")),
    scenario("has_descendants", "prefix", PREFIXES, "Asks of random users, half of them absent, whether anything lies below."),
    whole(scenario("to_object", "leaf", PREFIXES, "Builds the tree of the whole store.")),
    scenario("wide_get", "object", PREFIXES, "Gets random users as objects of ten members each."),
];

/// Makes a contender of an implementation; call it in the contender's crate.
pub fn contender<S: FlatStore + 'static>(about: About) -> Contender {
    Contender { bottleneck: &BOTTLENECK, about, set_up: set_up::<S>, replay: replay::<S> }
}

fn set_up<S: FlatStore + 'static>(request: Request) -> Box<dyn Case> {
    let size = request.size;
    match request.scenario {
        "get" => get::<S>(size),
        "set_overwrite" => set_overwrite::<S>(size),
        "set_new" => set_new::<S>(size),
        "delete" => delete::<S>(size),
        "churn" => churn::<S>(size),
        "build" => build::<S>(size),
        "keys_under_prefix" => keys_under_prefix::<S>(size, prefixes(request)),
        "first_key" => first_key::<S>(size, prefixes(request)),
        "sorted_keys" => sorted_keys::<S>(size),
        "has_descendants" => has_descendants::<S>(size, prefixes(request)),
        "to_object" => to_object::<S>(size),
        "wide_get" => wide_get::<S>(size, prefixes(request)),
        other => unreachable!("scenario `{other}` is in the list but not set up"),
    }
}

/// How many prefixes a region asks for. A contender that visits every key for each gets fewer in a large
/// store: the cost of one is what is compared.
fn prefixes(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { (20_000 / request.size).clamp(1, 128) } else { 128 }
}

const FIELDS: [&str; 10] =
    ["name", "age", "email", "city", "role", "score", "active", "phone", "postcode", "note"];

/// The pointer with this number: ten fields per user.
fn pointer(id: usize) -> PointerBuf {
    let mut text = String::with_capacity(24);
    write_user(&mut text, id / FIELDS.len());
    text.push('/');
    text.push_str(FIELDS[id % FIELDS.len()]);
    checked(text)
}

fn user(user: usize) -> PointerBuf {
    let mut text = String::with_capacity(16);
    write_user(&mut text, user);
    checked(text)
}

fn write_user(text: &mut String, user: usize) {
    text.push_str("/users/");
    write!(text, "{user}").expect("writing to a string does not fail");
}

fn checked(text: String) -> PointerBuf {
    PointerBuf::parse(text).expect("made of a slash before every segment and no tilde")
}

/// The number in the leaf at the pointer with this number.
fn value_of(id: usize) -> u64 {
    mix(id as u64)
}

/// How many users a store of `size` pointers has; the last one may have fewer fields.
fn users(size: usize) -> usize {
    size.div_ceil(FIELDS.len())
}

/// The numbers of a user's pointers in a store of `size`.
fn ids_of(user: usize, size: usize) -> std::ops::Range<usize> {
    user * FIELDS.len()..((user + 1) * FIELDS.len()).min(size)
}

fn pointers(ids: impl Iterator<Item = usize>) -> Vec<PointerBuf> {
    ids.map(pointer).collect()
}

/// A store of `size` pointers, set in random order.
fn store<S: FlatStore>(size: usize) -> S {
    let mut store = S::new();
    for id in shuffled(&mut rng("store", size), size) {
        let id = id as usize;
        store.set(pointer(id).as_pointer(), Leaf::from(value_of(id)));
    }
    store
}

/// What the leaves at `pointers` and the number of all pointers come to.
fn content_digest<S: FlatStore>(store: &S, pointers: &[PointerBuf]) -> u64 {
    let found = pointers.iter().map(|pointer| mix(store.get(pointer.as_pointer()).map_or(7, Leaf::touch)));
    sum(found).wrapping_add(store.len() as u64)
}

fn random_ids(scenario: &str, size: usize, count: usize, below: usize) -> Vec<usize> {
    draws(&mut rng(scenario, size), count, below).into_iter().map(|id| id as usize).collect()
}

fn get<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    // One in eight lies past the end.
    let ids = random_ids("get", size, 1024, size + size.div_ceil(7));
    case(
        ids.len(),
        Setup::Once,
        (store::<S>(size), pointers(ids.iter().copied()), ids),
        |_| (),
        |(store, pointers, _), ()| {
            sum(pointers.iter().map(|pointer| store.get(pointer.as_pointer()).map_or(7, Leaf::touch)))
        },
        |_, (), found| *found,
        move |(.., ids)| sum(ids.iter().map(|id| if *id < size { value_of(*id) } else { 7 })),
    )
}

fn set_overwrite<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("set_overwrite", size, 1024, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(ids.iter().copied()), ids),
        move |_| store::<S>(size),
        |(pointers, _), store| {
            let mut replaced = 0u64;
            for (step, pointer) in pointers.iter().enumerate() {
                let before = store.set(pointer.as_pointer(), Leaf::from(step as u64));
                replaced = replaced.wrapping_add(before.as_ref().map_or(7, Leaf::touch));
            }
            replaced
        },
        |(pointers, _), store, replaced| content_digest(store, pointers).wrapping_add(mix(*replaced)),
        move |(_, ids)| {
            let mut model = BTreeMap::new();
            let replaced = ids
                .iter()
                .enumerate()
                .map(|(step, id)| model.insert(*id, step as u64).unwrap_or_else(|| value_of(*id)));
            let replaced = sum(replaced);
            sum(ids.iter().map(|id| mix(model[id]))).wrapping_add(size as u64).wrapping_add(mix(replaced))
        },
    )
}

fn set_new<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    const NEW: usize = 1000;
    let new = pointers(shuffled(&mut rng("set_new", size), NEW).into_iter().map(|id| size + id as usize));
    case(
        NEW,
        Setup::EveryRun,
        new,
        move |_| store::<S>(size),
        |new, store| {
            let mut replaced = 0u64;
            for (step, pointer) in new.iter().enumerate() {
                replaced += u64::from(store.set(pointer.as_pointer(), Leaf::from(step as u64)).is_some());
            }
            replaced
        },
        |new, store, replaced| content_digest(store, new).wrapping_add(*replaced),
        move |_| sum((0..NEW as u64).map(mix)).wrapping_add((size + NEW) as u64),
    )
}

fn delete<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    let (count, steps) = (copies(size), size.min(1000));
    let ids: Vec<usize> =
        shuffled(&mut rng("delete", size), size).into_iter().take(steps).map(|id| id as usize).collect();
    case(
        count * steps,
        Setup::EveryRun,
        (pointers(ids.iter().copied()), ids),
        move |_| (0..count).map(|_| (store::<S>(size), Vec::with_capacity(steps))).collect::<Vec<_>>(),
        |(pointers, _), stores| {
            for (store, deleted) in stores {
                deleted.extend(pointers.iter().map(|pointer| store.delete(pointer.as_pointer())));
            }
        },
        |(pointers, _), stores, ()| {
            sum(stores.iter().map(|(store, deleted)| {
                let deleted = sum(deleted.iter().flatten().map(Leaf::touch));
                content_digest(store, pointers).wrapping_add(mix(deleted))
            }))
        },
        move |(_, ids)| {
            let deleted = mix(sum(ids.iter().map(|id| value_of(*id))));
            let left = mix(7).wrapping_mul(steps as u64).wrapping_add((size - steps) as u64);
            deleted.wrapping_add(left).wrapping_mul(count as u64)
        },
    )
}

fn churn<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("churn", size, 1024, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(ids.iter().copied()), ids),
        move |_| (store::<S>(size), Vec::with_capacity(1024)),
        |(pointers, _), (store, deleted)| {
            for (step, pointer) in pointers.iter().enumerate() {
                match store.delete(pointer.as_pointer()) {
                    Some(leaf) => deleted.push(leaf),
                    None => drop(store.set(pointer.as_pointer(), Leaf::from(step as u64))),
                }
            }
        },
        |(pointers, _), (store, deleted), ()| {
            content_digest(store, pointers).wrapping_add(mix(sum(deleted.iter().map(Leaf::touch))))
        },
        move |(_, ids)| {
            let mut model: BTreeMap<usize, Option<u64>> = BTreeMap::new();
            let mut deleted = 0u64;
            for (step, id) in ids.iter().enumerate() {
                let slot = model.entry(*id).or_insert_with(|| Some(value_of(*id)));
                match slot.take() {
                    Some(value) => deleted = deleted.wrapping_add(value),
                    None => *slot = Some(step as u64),
                }
            }
            let gone = model.values().filter(|slot| slot.is_none()).count();
            sum(ids.iter().map(|id| mix(model[id].unwrap_or(7))))
                .wrapping_add((size - gone) as u64)
                .wrapping_add(mix(deleted))
        },
    )
}

fn build<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    let ids: Vec<usize> = shuffled(&mut rng("store", size), size).into_iter().map(|id| id as usize).collect();
    case(
        count * size,
        Setup::EveryRun,
        (pointers(ids.iter().copied()), ids),
        move |_| (0..count).map(|_| S::new()).collect::<Vec<_>>(),
        |(pointers, ids), stores| {
            for store in stores {
                for (pointer, id) in pointers.iter().zip(ids) {
                    store.set(pointer.as_pointer(), Leaf::from(value_of(*id)));
                }
            }
        },
        |(pointers, _), stores, ()| sum(stores.iter().map(|store| content_digest(store, pointers))),
        move |(_, ids)| {
            let one = sum(ids.iter().map(|id| mix(value_of(*id)))).wrapping_add(size as u64);
            one.wrapping_mul(count as u64)
        },
    )
}

fn keys_under_prefix<S: FlatStore + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("keys_under_prefix", size, count, users(size));
    case(
        count,
        Setup::Once,
        (store::<S>(size), chosen.iter().map(|id| user(*id)).collect::<Vec<_>>(), chosen),
        |_| (),
        |(store, prefixes, _), ()| {
            let keys = prefixes.iter().map(|prefix| sum(store.keys(prefix.as_pointer()).map(touch_text)));
            sum(keys)
        },
        |_, (), found| *found,
        move |(.., chosen)| {
            sum(chosen
                .iter()
                .flat_map(|user| ids_of(*user, size))
                .map(|id| touch_text(pointer(id).as_pointer().as_str())))
        },
    )
}

fn first_key<S: FlatStore + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("first_key", size, count, users(size));
    case(
        count,
        Setup::Once,
        (store::<S>(size), chosen.iter().map(|id| user(*id)).collect::<Vec<_>>()),
        move |_| Vec::with_capacity(count),
        // The state is emptied first, so that a region that only reads can run again on it.
        |(store, prefixes), lengths: &mut Vec<usize>| {
            lengths.clear();
            lengths.extend(
                prefixes.iter().map(|prefix| store.keys(prefix.as_pointer()).next().map_or(0, str::len)),
            );
        },
        // Any key will do, so the digest says only for how many users there was a longer one than the prefix.
        |(_, prefixes), lengths, ()| {
            let found = prefixes.iter().zip(lengths);
            found.filter(|(prefix, length)| **length > prefix.as_pointer().as_str().len() + 3).count() as u64
        },
        move |_| count as u64,
    )
}

fn sorted_keys<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::Once,
        store::<S>(size),
        |_| (),
        move |store, ()| {
            let in_order =
                |keys: Vec<&str>| keys.iter().fold(1u64, |state, key| state.rotate_left(5) ^ touch_text(key));
            sum((0..count).map(|_| in_order(store.sorted_keys(Pointer::ROOT))))
        },
        |_, (), found| *found,
        move |_| {
            let mut keys = pointers(0..size);
            keys.sort_unstable();
            let keys = keys.iter().map(|key| touch_text(key.as_pointer().as_str()));
            keys.fold(1u64, |state, key| state.rotate_left(5) ^ key).wrapping_mul(count as u64)
        },
    )
}

fn has_descendants<S: FlatStore + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("has_descendants", size, count, 2 * users(size));
    case(
        count,
        Setup::Once,
        (store::<S>(size), chosen.iter().map(|id| user(*id)).collect::<Vec<_>>(), chosen),
        |_| (),
        |(store, prefixes, _), ()| {
            let found = prefixes.iter().enumerate();
            sum(found
                .map(|(at, prefix)| (at as u64 + 1) * u64::from(store.has_descendants(prefix.as_pointer()))))
        },
        |_, (), found| *found,
        move |(.., chosen)| {
            let present = chosen.iter().enumerate().filter(|(_, user)| **user < users(size));
            sum(present.map(|(at, _)| at as u64 + 1))
        },
    )
}

/// Depends on every member of every user's object; `None` where the tree is another.
fn user_digest(object: &Value) -> Option<u64> {
    let members = object.as_object()?.iter();
    let members =
        members.map(|(name, value)| mix(touch_text(name)).wrapping_mul(value.as_u64().unwrap_or(1)));
    Some(sum(members))
}

fn expected_user(user: usize, size: usize) -> u64 {
    sum(ids_of(user, size).map(|id| mix(touch_text(FIELDS[id % FIELDS.len()])).wrapping_mul(value_of(id))))
}

fn to_object<S: FlatStore + 'static>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::Once,
        store::<S>(size),
        |_| (),
        move |store, ()| (0..count).map(|_| store.to_object(Pointer::ROOT)).collect::<Vec<_>>(),
        |_, (), trees| {
            sum(trees.iter().map(|tree| {
                let users = tree.as_ref().and_then(|tree| tree.get("users")?.as_array());
                let users = users.into_iter().flatten().enumerate();
                sum(users.map(|(at, user)| mix(user_digest(user).unwrap_or(0)).wrapping_mul(at as u64 + 1)))
            }))
        },
        move |_| {
            let users =
                (0..users(size)).map(|user| mix(expected_user(user, size)).wrapping_mul(user as u64 + 1));
            sum(users).wrapping_mul(count as u64)
        },
    )
}

fn wide_get<S: FlatStore + 'static>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("wide_get", size, count, users(size));
    case(
        count,
        Setup::Once,
        (store::<S>(size), chosen.iter().map(|id| user(*id)).collect::<Vec<_>>(), chosen),
        |_| (),
        |(store, prefixes, _), ()| {
            prefixes.iter().map(|prefix| store.to_object(prefix.as_pointer())).collect::<Vec<_>>()
        },
        |_, (), objects| {
            sum(objects.iter().map(|object| mix(object.as_ref().and_then(user_digest).unwrap_or(0))))
        },
        move |(.., chosen)| sum(chosen.iter().map(|user| mix(expected_user(*user, size)))),
    )
}

// --- verify ----------------------------------------------------------------------------------

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    Check::new("trace", 200, 64, "Random operations on pointers of hard segments (escapes, empty, leading zeros, non-ASCII), up to four deep."),
    Check::new("trace_few", 120, 64, "The same on few pointers, so that they come and go, and are leaf and container at once."),
    Check::new("trace_long", 3000, 1, "3,000 operations, the whole store compared every hundred."),
    Check::new("siblings", 0, 1, "/user is not above /users/0, /user0 or /user~1; /a is not above /ab or /a!."),
    Check::new("prefix_is_key", 0, 1, "A prefix that is a key itself is not below itself; its leaf goes without what lies below, and the other way round."),
    Check::new("root_and_absent", 0, 1, "Below the root lies every key but the empty one; below an absent prefix and below a leaf nothing."),
    Check::new("subtree", 0, 1, "Deleting a subtree leaves its siblings, and an empty store where it was everything."),
    Check::new("arrays", 0, 1, "Children named 0 to k - 1 make an array; gaps, leading zeros and other numbers make an object."),
    Check::new("grow_and_shrink", 0, 1, "20,000 pointers come, go in another order, and come again."),
];

/// Segments that go wrong somewhere: string prefixes of each other, what sorts beside `/`, escapes.
const SEGMENTS: [&str; 20] = [
    "a", "b", "ab", "a!", "a.b", "0", "1", "2", "10", "01", "", "~0", "~1", "~01", "é", "日本", "'", "\"",
    "[0]", "*",
];

/// A step with its meaning.
#[derive(Clone, Debug, PartialEq)]
enum Operation {
    Set(String, u64),
    Delete(String),
    Get(String),
    Keys(String),
    HasDescendants(String),
    ToObject(String),
    DeleteSubtree(String),
}

fn decode(check: &Check, step: &Step) -> Operation {
    let alphabet = if check.name == "trace_few" { 3 } else { SEGMENTS.len() };
    let segments = if check.name == "trace_few" { &SEGMENTS[4..] } else { &SEGMENTS[..] };
    let mut rest = usize::from(step.a);
    let mut text = String::new();
    for _ in 0..usize::from(step.version) % 5 {
        text.push('/');
        text.push_str(segments[rest % alphabet]);
        rest /= alphabet;
    }
    match step.op % 16 {
        0..=5 => Operation::Set(text, u64::from(step.b)),
        6..=8 => Operation::Delete(text),
        9 => Operation::Get(text),
        10..=11 => Operation::Keys(text),
        12 => Operation::HasDescendants(text),
        13..=14 => Operation::ToObject(text),
        _ if text.is_empty() => Operation::Keys(text),
        _ => Operation::DeleteSubtree(text),
    }
}

fn describe(check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?}", decode(check, step))).collect()
}

fn replay<S: FlatStore>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    let fixed = |outcome: Result<(), String>| outcome.map_err(|message| Mismatch { step: 0, message });
    match check.name {
        "siblings" => return fixed(siblings::<S>()),
        "prefix_is_key" => return fixed(prefix_is_key::<S>()),
        "root_and_absent" => return fixed(root_and_absent::<S>()),
        "subtree" => return fixed(subtree::<S>()),
        "arrays" => return fixed(arrays::<S>()),
        "grow_and_shrink" => return fixed(grow_and_shrink::<S>()),
        _ => {}
    }
    let mut replay = Replay::<S>::new();
    for (at, step) in trace.iter().enumerate() {
        replay
            .apply(&decode(check, step))
            .and_then(|()| if at % 97 == 96 { replay.compare_all() } else { Ok(()) })
            .map_err(|message| Mismatch { step: at, message })?;
    }
    replay.compare_all().map_err(|message| Mismatch { step: trace.len(), message })
}

/// The store under test beside its model.
struct Replay<S> {
    store: S,
    model: BTreeMap<String, Leaf>,
}

fn at(text: &str) -> Pointer<'_> {
    Pointer::parse(text).expect("checks use pointers")
}

/// Whether `key` lies below `prefix`, segment by segment.
fn is_below(prefix: &str, key: &str) -> bool {
    let (prefix, key): (Vec<&str>, Vec<&str>) = (prefix.split('/').collect(), key.split('/').collect());
    key.len() > prefix.len() && key[..prefix.len()] == prefix[..]
}

/// The tree of entries, each with what is left of its segments: an independent, plain model of [`flat::tree`].
fn model_tree(entries: &[(Vec<&str>, &Leaf)]) -> Option<Value> {
    let mut groups: BTreeMap<&str, Vec<(Vec<&str>, &Leaf)>> = BTreeMap::new();
    let mut own = None;
    for (segments, leaf) in entries {
        match segments.split_first() {
            None => own = Some(*leaf),
            Some((first, rest)) => groups.entry(first).or_default().push((rest.to_vec(), leaf)),
        }
    }
    if groups.is_empty() {
        return own.map(|leaf| leaf.value().clone());
    }
    let indices: Vec<String> = (0..groups.len()).map(|index| index.to_string()).collect();
    if indices.iter().all(|index| groups.contains_key(index.as_str())) {
        return indices.iter().map(|index| model_tree(&groups[index.as_str()])).collect();
    }
    let members = groups
        .iter()
        .map(|(name, entries)| Some((name.replace("~1", "/").replace("~0", "~"), model_tree(entries)?)));
    members.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
}

impl<S: FlatStore> Replay<S> {
    fn new() -> Self {
        Replay { store: S::new(), model: BTreeMap::new() }
    }

    fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut replay = Self::new();
        for (number, key) in keys.into_iter().enumerate() {
            replay.apply(&Operation::Set(key.to_owned(), number as u64))?;
        }
        Ok(replay)
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), String> {
        match operation {
            Operation::Set(text, number) => {
                let leaf = match number % 8 {
                    0 => Leaf::new(Value::Object(serde_json::Map::new())),
                    1 => Leaf::new(Value::Array(Vec::new())),
                    2 => Ok(Leaf::from("text")),
                    _ => Ok(Leaf::from(*number)),
                };
                let leaf = leaf.map_err(|error| error.to_string())?;
                let observed = self.store.set(at(text), leaf.clone());
                let expected = self.model.insert(text.clone(), leaf);
                equal(|| format!("set({text:?})"), &observed, &expected)?;
                self.compare_point(text)
            }
            Operation::Delete(text) => {
                let observed = self.store.delete(at(text));
                let expected = self.model.remove(text);
                equal(|| format!("delete({text:?})"), &observed, &expected)?;
                self.compare_point(text)
            }
            Operation::Get(text) => self.compare_point(text),
            Operation::Keys(text) => self.compare_keys(text),
            Operation::HasDescendants(text) => self.compare_descendants(text),
            Operation::ToObject(text) => self.compare_object(text),
            Operation::DeleteSubtree(text) => {
                let observed = self.store.delete_subtree(at(text));
                let before = self.model.len();
                self.model.retain(|key, _| key != text && !is_below(text, key));
                equal(|| format!("delete_subtree({text:?})"), &observed, &(before - self.model.len()))?;
                self.compare_point(text)?;
                self.compare_keys(text)
            }
        }
    }

    fn compare_point(&self, text: &str) -> Result<(), String> {
        equal(|| format!("get({text:?})"), &self.store.get(at(text)), &self.model.get(text))?;
        equal(|| format!("has({text:?})"), &self.store.has(at(text)), &self.model.contains_key(text))?;
        equal(|| "len".to_owned(), &self.store.len(), &self.model.len())?;
        equal(|| "is_empty".to_owned(), &self.store.is_empty(), &self.model.is_empty())?;
        self.compare_descendants(text)
    }

    fn compare_descendants(&self, text: &str) -> Result<(), String> {
        let expected = self.model.keys().any(|key| is_below(text, key));
        equal(|| format!("has_descendants({text:?})"), &self.store.has_descendants(at(text)), &expected)
    }

    fn compare_keys(&self, text: &str) -> Result<(), String> {
        let expected: Vec<&str> =
            self.model.keys().map(String::as_str).filter(|key| is_below(text, key)).collect();
        equal(|| format!("sorted_keys({text:?})"), &self.store.sorted_keys(at(text)), &expected)?;
        let mut keys: Vec<&str> = self.store.keys(at(text)).collect();
        keys.sort_unstable();
        equal(|| format!("keys({text:?}), sorted by the check"), &keys, &expected)?;
        let first = self.store.keys(at(text)).next();
        equal(|| format!("keys({text:?}) begins with a key"), &first.is_some(), &!expected.is_empty())?;
        let mut entries: Vec<(&str, &Leaf)> = self.store.entries(at(text)).collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let expected: Vec<(&str, &Leaf)> = expected.iter().map(|key| (*key, &self.model[*key])).collect();
        equal(|| format!("entries({text:?}), sorted by the check"), &entries, &expected)
    }

    fn compare_object(&self, text: &str) -> Result<(), String> {
        let depth = text.split('/').count();
        let entries = self.model.iter().filter(|(key, _)| *key == text || is_below(text, key));
        let entries: Vec<(Vec<&str>, &Leaf)> =
            entries.map(|(key, leaf)| (key.split('/').skip(depth).collect(), leaf)).collect();
        equal(|| format!("to_object({text:?})"), &self.store.to_object(at(text)), &model_tree(&entries))
    }

    fn compare_all(&self) -> Result<(), String> {
        for key in self.model.keys() {
            equal(|| format!("get({key:?})"), &self.store.get(at(key)), &self.model.get(key))?;
        }
        self.compare_keys("")?;
        self.compare_object("")
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(
    what: impl Fn() -> String,
    observed: &T,
    expected: &T,
) -> Result<(), String> {
    if observed == expected {
        return Ok(());
    }
    Err(format!("{} is {observed:?}, expected {expected:?}", what()))
}

fn siblings<S: FlatStore>() -> Result<(), String> {
    let keys = [
        "/users/0",
        "/user0",
        "/user~1/x",
        "/user!",
        "/ab/c",
        "/ab",
        "/a!/c",
        "/a./c",
        "/a0/c",
        "/a/",
        "/é/x",
    ];
    let replay = Replay::<S>::of(keys)?;
    for prefix in ["/user", "/users", "/user0", "/user~1", "/a", "/ab", "/a!", "/a.", "/a0", "/", "/é", ""] {
        replay.compare_keys(prefix)?;
        replay.compare_descendants(prefix)?;
        replay.compare_object(prefix)?;
    }
    Ok(())
}

fn prefix_is_key<S: FlatStore>() -> Result<(), String> {
    let keys = ["/a", "/a/b", "/a/b/c", "/a/b/d", ""];
    let compare = |replay: &Replay<S>| {
        ["", "/a", "/a/b", "/a/b/c", "/a/b/d", "/a/b/c/x"].into_iter().try_for_each(|prefix| {
            replay.compare_point(prefix)?;
            replay.compare_keys(prefix)?;
            replay.compare_object(prefix)
        })
    };
    // Each goes alone, then the others after it, and comes back.
    for first in 0..keys.len() {
        let mut replay = Replay::<S>::of(keys)?;
        compare(&replay)?;
        for offset in 0..keys.len() {
            replay.apply(&Operation::Delete(keys[(first + offset) % keys.len()].to_owned()))?;
            compare(&replay)?;
        }
        replay.apply(&Operation::Set(keys[first].to_owned(), 9))?;
        compare(&replay)?;
    }
    Ok(())
}

fn root_and_absent<S: FlatStore>() -> Result<(), String> {
    let mut replay = Replay::<S>::new();
    for prefix in ["", "/", "/a"] {
        replay.compare_keys(prefix)?;
        replay.compare_object(prefix)?;
    }
    for key in ["", "/", "//", "/a", "/b/c"] {
        replay.apply(&Operation::Set(key.to_owned(), 5))?;
        for prefix in ["", "/", "//", "///", "/a", "/a/b", "/b", "/b/c", "/b/c/d", "/absent", "/absent/x/y"] {
            replay.compare_point(prefix)?;
            replay.compare_keys(prefix)?;
            replay.compare_object(prefix)?;
        }
    }
    Ok(())
}

fn subtree<S: FlatStore>() -> Result<(), String> {
    let keys = ["/a", "/a/b/c", "/a/b/d/e", "/a/bb", "/a/b", "/ab", "/b/a/b"];
    for prefix in ["/a/b", "/a", "/b", "/absent", "/a/b/d", ""] {
        let mut replay = Replay::<S>::of(keys)?;
        replay.apply(&Operation::DeleteSubtree(prefix.to_owned()))?;
        replay.compare_all()?;
        // What was deleted can come back.
        for key in keys {
            replay.apply(&Operation::Set(key.to_owned(), 11))?;
        }
        replay.compare_all()?;
    }
    Ok(())
}

fn arrays<S: FlatStore>() -> Result<(), String> {
    let mut replay = Replay::<S>::of((0..12).map(|index| {
        ["/l/0", "/l/1", "/l/2", "/l/3", "/l/4", "/l/5", "/l/6", "/l/7", "/l/8", "/l/9", "/l/10", "/l/11"]
            [(index * 5) % 12]
    }))?;
    replay.compare_object("")?;
    for key in ["/l/4", "/l/11", "/l/0"] {
        replay.apply(&Operation::Delete(key.to_owned()))?;
        replay.compare_object("")?;
    }
    for keys in [
        &["/2024"][..],
        &["/0", "/01"],
        &["/00"],
        &["/0", "/1", "/x"],
        &["/1"],
        &["/0/0/0"],
        &["/4294967296", "/0"],
    ] {
        Replay::<S>::of(keys.iter().copied())?.compare_object("")?;
    }
    Ok(())
}

fn grow_and_shrink<S: FlatStore>() -> Result<(), String> {
    const POINTERS: usize = 20_000;
    let mut store = S::new();
    for round in 0..2u64 {
        for id in shuffled(&mut rng("grow", round as usize), POINTERS) {
            let before = store.set(pointer(id as usize).as_pointer(), Leaf::from(id + round));
            equal(|| format!("set of new pointer {id}"), &before, &None)?;
        }
        equal(|| "keys under the root".to_owned(), &store.keys(Pointer::ROOT).count(), &POINTERS)?;
        for id in shuffled(&mut rng("shrink", round as usize), POINTERS) {
            let id = id as usize;
            let deleted = store.delete(pointer(id).as_pointer());
            equal(|| format!("delete of pointer {id}"), &deleted, &Some(Leaf::from(id as u64 + round)))?;
            // Looking at each would take a contender that scans too long.
            if id.is_multiple_of(997) {
                let prefix = user(id / FIELDS.len());
                let left = store.sorted_keys(prefix.as_pointer());
                let of_user =
                    ids_of(id / FIELDS.len(), POINTERS).filter(|id| store.has(pointer(*id).as_pointer()));
                let mut expected = pointers(of_user);
                expected.sort_unstable();
                let expected: Vec<&str> = expected.iter().map(|key| key.as_pointer().as_str()).collect();
                equal(|| format!("the keys beside deleted pointer {id}"), &left, &expected)?;
            }
        }
        equal(|| "an emptied store".to_owned(), &store.len(), &0)?;
        equal(
            || "descendants of an emptied store".to_owned(),
            &store.has_descendants(Pointer::ROOT),
            &false,
        )?;
    }
    Ok(())
}

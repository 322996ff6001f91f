//! Inputs and measured regions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::contract::FlatStore;
use super::oracle::{
    ABSENT, FIELDS, expected_tree, expected_user, field_of, ids_of, is_below, users, value_of,
};
use crate::case::{Case, Setup, Unfit, case, not_set_up};
use crate::contender::{Capability, Request};
use crate::flat::{Built, Kinds, Leaf, Pointer, PointerBuf, touch_text};
use crate::input::{OPERATIONS, copies, draws, mix, rng, shuffled, sum};
use crate::own::{check_lines, limited, lines, too_much};

pub(super) fn set_up<S: FlatStore>(request: Request) -> Box<dyn Case> {
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
        "to_object_again" => to_object_again::<S>(size),
        "wide_get" => wide_get::<S>(size, prefixes(request)),
        "set_kept" => set_kept::<S>(size, versions(request)),
        "own_build" => own_build::<S>(request),
        "own_get" => own_get::<S>(request),
        "own_keys_under_prefix" => own_keys_under_prefix::<S>(request),
        "own_has_descendants" => own_has_descendants::<S>(request),
        other => not_set_up(other),
    }
}

/// How many prefixes a region asks about.
const PREFIXES: usize = 128;

/// About how many keys are visited together by a contender that visits every key for each prefix.
const SCANNED: usize = 20_000;

/// How many prefixes a region asks about. A contender that visits every key for each prefix gets fewer in a large store:
/// the cost per prefix is what is compared.
fn prefixes(request: Request) -> usize {
    if request.can(Capability::ScansWhole) { (SCANNED / request.size).clamp(1, PREFIXES) } else { PREFIXES }
}

/// The pointer with this number: ten fields per user.
pub(super) fn pointer(id: usize) -> PointerBuf {
    let mut text = String::with_capacity(24);
    write_user(&mut text, id / FIELDS.len());
    text.push('/');
    text.push_str(field_of(id));
    checked(text)
}

pub(super) fn user(user: usize) -> PointerBuf {
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

pub(super) fn pointers(ids: impl Iterator<Item = usize>) -> Vec<PointerBuf> {
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

/// A digest of the leaves at `pointers` and of the number of all pointers.
fn content_digest<S: FlatStore>(store: &S, pointers: &[PointerBuf]) -> u64 {
    let found =
        pointers.iter().map(|pointer| mix(store.get(pointer.as_pointer()).map_or(ABSENT, Leaf::touch)));
    sum(found).wrapping_add(store.len() as u64)
}

fn random_ids(scenario: &str, size: usize, count: usize, below: usize) -> Vec<usize> {
    draws(&mut rng(scenario, size), count, below).into_iter().map(|id| id as usize).collect()
}

fn get<S: FlatStore>(size: usize) -> Box<dyn Case> {
    // One in eight ids lies past the end, so its pointer is absent.
    let ids = random_ids("get", size, OPERATIONS, size + size.div_ceil(7));
    let pointers = pointers(ids.iter().copied());
    let expected = move || sum(ids.iter().map(|id| if *id < size { value_of(*id) } else { ABSENT }));
    gets(store::<S>(size), pointers, Box::new(expected))
}

/// What a region must come to. It is boxed, so that a region is compiled once, whoever gives it its input: the
/// scenarios about a user's file share the code of the generated ones, and do not change it.
type Expected = Box<dyn Fn() -> u64>;

fn gets<S: FlatStore>(store: S, pointers: Vec<PointerBuf>, expected: Expected) -> Box<dyn Case> {
    case(
        pointers.len(),
        Setup::Once,
        (store, pointers),
        |_| (),
        |(store, pointers), ()| {
            sum(pointers.iter().map(|pointer| store.get(pointer.as_pointer()).map_or(ABSENT, Leaf::touch)))
        },
        |_, (), found| *found,
        move |_| expected(),
    )
}

fn set_overwrite<S: FlatStore>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("set_overwrite", size, OPERATIONS, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(ids.iter().copied()), ids),
        move |_| store::<S>(size),
        |(pointers, _), store| {
            let mut replaced = 0u64;
            for (step, pointer) in pointers.iter().enumerate() {
                let before = store.set(pointer.as_pointer(), Leaf::from(step as u64));
                replaced = replaced.wrapping_add(before.as_ref().map_or(ABSENT, Leaf::touch));
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

fn set_new<S: FlatStore>(size: usize) -> Box<dyn Case> {
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

/// How many pointers of a large store a region deletes.
const MOST_DELETED: usize = 1000;

fn delete<S: FlatStore>(size: usize) -> Box<dyn Case> {
    let (count, steps) = (copies(size), size.min(MOST_DELETED));
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
            let left = mix(ABSENT).wrapping_mul(steps as u64).wrapping_add((size - steps) as u64);
            deleted.wrapping_add(left).wrapping_mul(count as u64)
        },
    )
}

fn churn<S: FlatStore>(size: usize) -> Box<dyn Case> {
    let ids = random_ids("churn", size, OPERATIONS, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (pointers(ids.iter().copied()), ids),
        move |_| (store::<S>(size), Vec::with_capacity(OPERATIONS)),
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
            sum(ids.iter().map(|id| mix(model[id].unwrap_or(ABSENT))))
                .wrapping_add((size - gone) as u64)
                .wrapping_add(mix(deleted))
        },
    )
}

fn build<S: FlatStore>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    let ids: Vec<usize> = shuffled(&mut rng("store", size), size).into_iter().map(|id| id as usize).collect();
    let left: Vec<u64> = ids.iter().map(|id| value_of(*id)).collect();
    let expected = move || {
        let one = sum(left.iter().copied().map(mix)).wrapping_add(size as u64);
        one.wrapping_mul(count as u64)
    };
    builds::<S>(count, pointers(ids.iter().copied()), ids, Box::new(expected))
}

/// Builds `count` stores of pointers and the leaves with these numbers.
fn builds<S: FlatStore>(
    count: usize,
    pointers: Vec<PointerBuf>,
    ids: Vec<usize>,
    expected: Expected,
) -> Box<dyn Case> {
    case(
        count * ids.len(),
        Setup::EveryRun,
        (pointers, ids),
        move |_| (0..count).map(|_| S::new()).collect::<Vec<_>>(),
        |(pointers, ids), stores| {
            for store in stores {
                for (pointer, id) in pointers.iter().zip(ids) {
                    store.set(pointer.as_pointer(), Leaf::from(value_of(*id)));
                }
            }
        },
        |(pointers, _), stores, ()| sum(stores.iter().map(|store| content_digest(store, pointers))),
        move |_| expected(),
    )
}

fn keys_under_prefix<S: FlatStore>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("keys_under_prefix", size, count, users(size));
    let prefixes = chosen.iter().map(|id| user(*id)).collect();
    let expected = move || {
        let below = chosen.iter().flat_map(|user| ids_of(*user, size));
        sum(below.map(|id| touch_text(pointer(id).as_pointer().as_str())))
    };
    scans(store::<S>(size), prefixes, Box::new(expected))
}

fn scans<S: FlatStore>(store: S, prefixes: Vec<PointerBuf>, expected: Expected) -> Box<dyn Case> {
    case(
        prefixes.len(),
        Setup::Once,
        (store, prefixes),
        |_| (),
        |(store, prefixes), ()| {
            let keys = prefixes.iter().map(|prefix| sum(store.keys(prefix.as_pointer()).map(touch_text)));
            sum(keys)
        },
        |_, (), found| *found,
        move |_| expected(),
    )
}

fn first_key<S: FlatStore>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("first_key", size, count, users(size));
    case(
        count,
        Setup::Once,
        (store::<S>(size), chosen.iter().map(|id| user(*id)).collect::<Vec<_>>()),
        move |_| Vec::with_capacity(count),
        // The region only reads the store, so it can run again on the same state once its results are cleared.
        |(store, prefixes), lengths: &mut Vec<usize>| {
            lengths.clear();
            lengths.extend(
                prefixes.iter().map(|prefix| store.keys(prefix.as_pointer()).next().map_or(0, str::len)),
            );
        },
        // Any key is right. So the digest counts the users for whom a key was found that is longer than the prefix.
        |(_, prefixes), lengths, ()| {
            let found = prefixes.iter().zip(lengths);
            found.filter(|(prefix, length)| **length > prefix.as_pointer().as_str().len() + 3).count() as u64
        },
        move |_| count as u64,
    )
}

fn sorted_keys<S: FlatStore>(size: usize) -> Box<dyn Case> {
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

fn has_descendants<S: FlatStore>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("has_descendants", size, count, 2 * users(size));
    let prefixes = chosen.iter().map(|id| user(*id)).collect();
    let expected = move || {
        let present = chosen.iter().enumerate().filter(|(_, user)| **user < users(size));
        sum(present.map(|(at, _)| at as u64 + 1))
    };
    asks(store::<S>(size), prefixes, Box::new(expected))
}

fn asks<S: FlatStore>(store: S, prefixes: Vec<PointerBuf>, expected: Expected) -> Box<dyn Case> {
    case(
        prefixes.len(),
        Setup::Once,
        (store, prefixes),
        |_| (),
        |(store, prefixes), ()| {
            let found = prefixes.iter().enumerate();
            sum(found
                .map(|(at, prefix)| (at as u64 + 1) * u64::from(store.has_descendants(prefix.as_pointer()))))
        },
        |_, (), found| *found,
        move |_| expected(),
    )
}

/// What a store builds.
type ObjectOf<S> = <S as FlatStore>::Object;

/// A digest of what was built. It is the same however a store holds it.
fn built_digest(objects: &[Option<impl Built>]) -> u64 {
    sum(objects.iter().map(|object| mix(object.as_ref().map_or(ABSENT, Built::touch))))
}

// A store may keep what it built. So every tree is built by a clone of its own, which has built nothing, in each run.
fn to_object<S: FlatStore>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    case(
        count * size,
        Setup::EveryRun,
        store::<S>(size),
        move |store| vec![store.clone(); count],
        |_, stores| {
            let trees = stores.iter().map(|store| store.to_object(Pointer::ROOT, Kinds::NONE));
            trees.collect::<Vec<Option<ObjectOf<S>>>>()
        },
        |_, _, trees| built_digest(trees),
        move |_| mix(expected_tree(size, value_of)).wrapping_mul(count as u64),
    )
}

fn to_object_again<S: FlatStore>(size: usize) -> Box<dyn Case> {
    let count = copies(size);
    let ids = random_ids("to_object_again", size, count, size);
    case(
        count,
        Setup::EveryRun,
        (store::<S>(size), pointers(ids.iter().copied()), ids),
        // The tree that is there before is held, as every later one is.
        |(store, ..)| {
            let store = store.clone();
            let tree = store.to_object(Pointer::ROOT, Kinds::NONE);
            (store, tree)
        },
        |(_, pointers, _), (store, _)| {
            let mut trees: Vec<Option<ObjectOf<S>>> = Vec::with_capacity(pointers.len());
            for (step, pointer) in pointers.iter().enumerate() {
                store.set(pointer.as_pointer(), Leaf::from(step as u64));
                trees.push(store.to_object(Pointer::ROOT, Kinds::NONE));
            }
            trees
        },
        |_, (_, before), trees| built_digest(trees).wrapping_add(built_digest(std::slice::from_ref(before))),
        move |(.., ids)| {
            let before = mix(expected_tree(size, value_of));
            let mut values: Vec<u64> = (0..size).map(value_of).collect();
            let trees = ids.iter().enumerate().map(|(step, id)| {
                values[*id] = step as u64;
                mix(expected_tree(size, |id| values[id]))
            });
            sum(trees).wrapping_add(before)
        },
    )
}

fn wide_get<S: FlatStore>(size: usize, count: usize) -> Box<dyn Case> {
    let chosen = random_ids("wide_get", size, count, users(size));
    case(
        count,
        // As above: a user is asked for again only where a region asks again.
        Setup::EveryRun,
        (store::<S>(size), chosen.iter().map(|id| user(*id)).collect::<Vec<_>>(), chosen),
        |(store, ..)| store.clone(),
        |(_, prefixes, _), store| {
            let objects = prefixes.iter().map(|prefix| store.to_object(prefix.as_pointer(), Kinds::NONE));
            objects.collect::<Vec<Option<ObjectOf<S>>>>()
        },
        |_, _, objects| built_digest(objects),
        move |(.., chosen)| sum(chosen.iter().map(|user| mix(expected_user(*user, size, value_of)))),
    )
}

/// How many versions a line keeps at most.
const VERSIONS: usize = 100;

/// About how many pointers are copied together by a contender that copies the whole store for each version.
const COPIED: usize = 100_000;

/// How many versions a line keeps. A contender that copies the whole store keeps fewer: the cost per step is what is
/// compared, and a hundred copies of 100,000 pointers would not fit into memory.
fn versions(request: Request) -> usize {
    if request.can(Capability::CopiesWhole) { (COPIED / request.size).clamp(2, VERSIONS) } else { VERSIONS }
}

/// A store that changes step by step, and the version before each step.
struct Line<S> {
    store: S,
    kept: Vec<S>,
    replaced: u64,
}

fn set_kept<S: FlatStore>(size: usize, steps: usize) -> Box<dyn Case> {
    // A step that keeps the version before it costs as much as several that do not.
    let lines = copies(4 * size);
    let ids = random_ids("set_kept", size, lines * steps, size);
    case(
        ids.len(),
        Setup::EveryRun,
        (store::<S>(size), pointers(ids.iter().copied()), ids),
        move |(store, ..)| {
            let line = || Line { store: store.clone(), kept: Vec::with_capacity(steps), replaced: 0 };
            (0..lines).map(|_| line()).collect::<Vec<_>>()
        },
        move |(_, pointers, _), lines| {
            for (line, pointers) in lines.iter_mut().zip(pointers.chunks(steps)) {
                for (step, pointer) in pointers.iter().enumerate() {
                    line.kept.push(line.store.clone());
                    let before = line.store.set(pointer.as_pointer(), Leaf::from(step as u64));
                    line.replaced = line.replaced.wrapping_add(before.as_ref().map_or(ABSENT, Leaf::touch));
                }
            }
        },
        move |(_, pointers, _), lines, ()| {
            sum(lines.iter().zip(pointers.chunks(steps)).map(|(line, pointers)| {
                // The leaf that each version still has at the pointer that was set after it was kept.
                let kept = line.kept.iter().zip(pointers);
                let kept =
                    sum(kept
                        .map(|(store, pointer)| store.get(pointer.as_pointer()).map_or(ABSENT, Leaf::touch)));
                content_digest(&line.store, pointers)
                    .wrapping_add(mix(kept))
                    .wrapping_add(mix(line.replaced).wrapping_mul(3))
            }))
        },
        move |(.., ids)| {
            sum(ids.chunks(steps).map(|ids| {
                let mut model = BTreeMap::new();
                let replaced = ids
                    .iter()
                    .enumerate()
                    .map(|(step, id)| model.insert(*id, step as u64).unwrap_or_else(|| value_of(*id)));
                let replaced = mix(sum(replaced));
                sum(ids.iter().map(|id| mix(model[id])))
                    .wrapping_add(size as u64)
                    .wrapping_add(replaced)
                    .wrapping_add(replaced.wrapping_mul(3))
            }))
        },
    )
}

/// The pointers of a user's file.
fn own_pointers(request: Request) -> Vec<PointerBuf> {
    let file = request.input.expect("a scenario about a file is given one");
    lines(file).map(|line| PointerBuf::parse(line).expect("the file was checked")).collect()
}

/// A store of the pointers of a user's file, each with the number of its line.
fn own_store<S: FlatStore>(pointers: &[PointerBuf]) -> S {
    let mut store = S::new();
    for (line, pointer) in pointers.iter().enumerate() {
        store.set(pointer.as_pointer(), Leaf::from(value_of(line)));
    }
    store
}

/// What is in such a store, in a model: the line that set each pointer last.
fn own_model(pointers: &[PointerBuf]) -> BTreeMap<PointerBuf, usize> {
    pointers.iter().enumerate().map(|(line, pointer)| (pointer.clone(), line)).collect()
}

fn own_build<S: FlatStore>(request: Request) -> Box<dyn Case> {
    let pointers = own_pointers(request);
    let count = copies(pointers.len());
    let expected = {
        let pointers = pointers.clone();
        move || {
            let model = own_model(&pointers);
            let one = sum(pointers.iter().map(|pointer| mix(value_of(model[pointer]))));
            one.wrapping_add(model.len() as u64).wrapping_mul(count as u64)
        }
    };
    let lines = (0..pointers.len()).collect();
    builds::<S>(count, pointers, lines, Box::new(expected))
}

fn own_get<S: FlatStore>(request: Request) -> Box<dyn Case> {
    let pointers = own_pointers(request);
    // A short file is read several times.
    let asked: Vec<PointerBuf> = (0..copies(pointers.len())).flat_map(|_| pointers.iter().cloned()).collect();
    let store = own_store::<S>(&pointers);
    let expected = {
        let asked = asked.clone();
        move || {
            let model = own_model(&pointers);
            sum(asked.iter().map(|pointer| value_of(model[pointer])))
        }
    };
    gets(store, asked, Box::new(expected))
}

/// Up to so many pointers of a file, spread over it.
fn spread(pointers: &[PointerBuf], most: usize) -> impl Iterator<Item = &PointerBuf> {
    let count = pointers.len().min(most);
    (0..count).map(move |at| &pointers[at * pointers.len() / count])
}

/// A pointer to the parent. The root is its own.
fn parent(pointer: &PointerBuf) -> PointerBuf {
    let parent = pointer.as_pointer().parent().unwrap_or(Pointer::ROOT);
    PointerBuf::parse(parent.as_str()).expect("the beginning of a pointer is one")
}

/// The pointers of a file that lie below a prefix, each once.
fn below<'a>(keys: &'a BTreeSet<PointerBuf>, prefix: &'a PointerBuf) -> impl Iterator<Item = &'a PointerBuf> {
    keys.iter().filter(|key| is_below(prefix.as_str(), key.as_str()))
}

/// The most keys that are visited together by a contender that visits every key for each prefix.
const MOST_VISITED: usize = 10_000_000;

fn scanning_too_much(request: Request, prefixes: usize, keys: usize) -> Option<Unfit> {
    let what = "visits every key of the store for each prefix";
    request.can(Capability::ScansWhole).then(|| too_much(what, prefixes, keys, MOST_VISITED)).flatten()
}

fn own_keys_under_prefix<S: FlatStore>(request: Request) -> Box<dyn Case> {
    let pointers = own_pointers(request);
    let prefixes: Vec<PointerBuf> = spread(&pointers, PREFIXES).map(parent).collect();
    let (count, keys) = (prefixes.len(), request.size);
    let store = own_store::<S>(&pointers);
    let expected = {
        let prefixes = prefixes.clone();
        move || {
            let keys: BTreeSet<PointerBuf> = pointers.iter().cloned().collect();
            let found =
                prefixes.iter().map(|prefix| sum(below(&keys, prefix).map(|key| touch_text(key.as_str()))));
            sum(found)
        }
    };
    limited(scans(store, prefixes, Box::new(expected)), move || scanning_too_much(request, count, keys))
}

fn own_has_descendants<S: FlatStore>(request: Request) -> Box<dyn Case> {
    let pointers = own_pointers(request);
    let prefixes: Vec<PointerBuf> =
        spread(&pointers, PREFIXES / 2).flat_map(|pointer| [pointer.clone(), parent(pointer)]).collect();
    let (count, keys) = (prefixes.len(), request.size);
    let store = own_store::<S>(&pointers);
    let expected = {
        let prefixes = prefixes.clone();
        move || {
            let keys: BTreeSet<PointerBuf> = pointers.iter().cloned().collect();
            let present =
                prefixes.iter().enumerate().filter(|(_, prefix)| below(&keys, prefix).next().is_some());
            sum(present.map(|(at, _)| at as u64 + 1))
        }
    };
    limited(asks(store, prefixes, Box::new(expected)), move || scanning_too_much(request, count, keys))
}

pub(super) fn check_pointers(text: &[u8]) -> Result<(), String> {
    check_lines(text, "JSON pointer", |line| {
        Pointer::parse(line).map(drop).map_err(|error| error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_spread_over_the_whole_file() {
        let pointers: Vec<PointerBuf> = pointers(0..1000);
        let chosen: Vec<&PointerBuf> = spread(&pointers, 128).collect();
        assert_eq!(chosen.len(), 128);
        assert!(chosen[0] == &pointers[0] && chosen[127] == &pointers[992]);
        assert!(spread(&pointers[..3], 128).eq(&pointers[..3]));
        let root = PointerBuf::parse("").unwrap();
        assert_eq!(parent(&root), root);
        assert_eq!(parent(&PointerBuf::parse("/a").unwrap()), root);
    }

    #[test]
    fn a_line_that_is_no_pointer_is_named() {
        assert_eq!(check_pointers(b"/a\n/a/b\n/~0\n"), Ok(()));
        for (text, words) in [
            (&b"/a\nb\n"[..], "line 2: a JSON pointer is empty or begins with `/`"),
            (b"/a~\n", "line 1: the `~` at byte 2"),
            (b"", "empty"),
            (b"/a\n\n/b\n", "line 2 is empty"),
        ] {
            let problem = check_pointers(text).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
    }
}

//! Every public operation of maps is compared with `BTreeMap`, with a panic at every call of user code.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use persistent_collections::GenericHashMap;
use persistent_collections::counter::{Atomic, Counter, Plain};
use persistent_collections::map::{DiffItem, Entry};

use super::kinds::{Aligned64, Aligned4096, Bare, Ghost, Kind, Nothing, Owning, PassThrough};
use super::world::{
    Draws, Hashing, Shown, as_time_allows, asked_for, drop_in_any_order, expecting_panics, live, next_call,
    set_hashing, show, show_unordered, tick, with_fuse,
};

type Map<K, V, C> = GenericHashMap<K, V, PassThrough, C>;

/// Ids of keys and of their values.
type Model = BTreeMap<u32, u32>;

/// What an operation works on, besides its map.
struct With<'a, M> {
    other: &'a M,
    key: u32,
    value: u32,
    /// For operations with many entries.
    more: u32,
}

/// What an operation returns, as a number, and the map that it makes, if it makes one.
type Outcome<M> = (Shown, Option<M>);

/// An operation on a map or on its model.
type Change<M> = fn(&mut M, With<'_, M>) -> Outcome<M>;

/// A map with its model.
type Version<K, V, C> = (Map<K, V, C>, Model);

/// An operation, once for a map and once for its model. Keys and values stand for ids.
struct Operation<K, V, C: Counter> {
    name: &'static str,
    on_map: Change<Map<K, V, C>>,
    on_model: Change<Model>,
}

/// The entries that operations with many add: keys from `key` on.
fn many(key: u32, value: u32, more: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..more).map(move |at| (key + at, value + at % 3))
}

fn made<K: Kind, V: Kind>(entries: impl Iterator<Item = (u32, u32)>) -> impl Iterator<Item = (K, V)> {
    entries.map(|(key, value)| {
        tick();
        (K::of(key), V::of(value))
    })
}

/// Every public operation. The ids in the model are those that keys and values of these kinds have: all elements
/// without a size have the id 0.
#[rustfmt::skip]
fn operations<K: Kind, V: Kind, C: Counter>() -> Vec<Operation<K, V, C>> {
    fn key<K: Kind>(id: u32) -> K { K::of(id) }
    macro_rules! operations {
        ($($name:literal: $map:pat, $with:pat => $on_map:expr; $model:pat, $and:pat => $on_model:expr;)*) => {
            vec![$(Operation {
                name: $name,
                on_map: |$map, $with| $on_map,
                on_model: |$model, $and| $on_model,
            }),*]
        };
    }
    operations! {
        "insert": map, with => (show(map.insert(key(with.key), V::of(with.value)).map(|v| v.id())), None);
            model, with => (show(model.insert(with.key, with.value)), None);
        "remove": map, with => (show(map.remove(&key::<K>(with.key)).map(|v| v.id())), None);
            model, with => (show(model.remove(&with.key)), None);
        "remove_with_key": map, with => (show(map.remove_with_key(&key::<K>(with.key)).map(|(k, v)| k.id() ^ v.id())), None);
            model, with => (show(model.remove(&with.key).map(|value| value ^ with.key)), None);
        "get": map, with => (show(map.get(&key::<K>(with.key)).map(Kind::id)), None);
            model, with => (show(model.get(&with.key).copied()), None);
        "get_key_value": map, with => (show(map.get_key_value(&key::<K>(with.key)).map(|(k, v)| k.id() ^ v.id())), None);
            model, with => (show(model.get(&with.key).map(|value| value ^ with.key)), None);
        "contains_key": map, with => (show([u32::from(map.contains_key(&key::<K>(with.key)))]), None);
            model, with => (show([u32::from(model.contains_key(&with.key))]), None);
        "get_mut": map, with => (show(map.get_mut(&key::<K>(with.key)).map(|v| std::mem::replace(v, V::of(with.value)).id())), None);
            model, with => (show(model.get_mut(&with.key).map(|v| std::mem::replace(v, with.value))), None);
        "index_mut": map, with => {
                let key = key::<K>(with.key);
                if map.contains_key(&key) { map[&key] = V::of(with.value); }
                (show([]), None)
            };
            model, with => { model.entry(with.key).and_modify(|value| *value = with.value); (show([]), None) };
        "index": map, with => { let key = key::<K>(with.key); (show(map.contains_key(&key).then(|| map[&key].id())), None) };
            model, with => (show(model.get(&with.key).copied()), None);
        "clear": map, with => { if with.more % 8 == 0 { map.clear(); } (show([]), None) };
            model, with => { if with.more % 8 == 0 { model.clear(); } (show([]), None) };
        "update": map, with => (show([]), Some(map.update(key(with.key), V::of(with.value))));
            model, with => { let mut new = model.clone(); new.insert(with.key, with.value); (show([]), Some(new)) };
        "without": map, with => {
                // The key is not a temporary: if the drop of a temporary panics, compiled code leaks the value
                // returned.
                let key = key::<K>(with.key);
                let new = map.without(&key);
                drop(key);
                (show([]), Some(new))
            };
            model, with => { let mut new = model.clone(); new.remove(&with.key); (show([]), Some(new)) };
        "alter to": map, with => (show([]), Some(map.alter(|before| { drop(before); tick(); Some(V::of(with.value)) }, key(with.key))));
            model, with => { let mut new = model.clone(); new.insert(with.key, with.value); (show([]), Some(new)) };
        "alter away": map, with => (show([]), Some(map.alter(|before| { drop(before); tick(); None }, key(with.key))));
            model, with => { let mut new = model.clone(); new.remove(&with.key); (show([]), Some(new)) };
        "retain": map, with => { map.retain(|k, v| { tick(); (k.id() ^ v.id() ^ with.more) % 4 > 0 }); (show([]), None) };
            model, with => { model.retain(|k, v| (k ^ *v ^ with.more) % 4 > 0); (show([]), None) };
        "remove most": map, with => {
                (0..160).filter(|id| id % 40 != with.key % 40).for_each(|id| drop(map.remove(&key::<K>(id))));
                (show([]), None)
            };
            model, with => {
                (0..160).filter(|id| id % 40 != with.key % 40).for_each(|id| { model.remove(&K::of(id).id()); });
                (show([]), None)
            };
        "union": map, with => (show([]), Some(map.clone().union(with.other.clone())));
            model, with => { let mut new = with.other.clone(); new.extend(model.iter()); (show([]), Some(new)) };
        "unions": map, with => (show([]), Some(Map::unions([map.clone(), with.other.clone(), map.clone()])));
            model, with => { let mut new = with.other.clone(); new.extend(model.iter()); (show([]), Some(new)) };
        "union of the last holder": map, with => (show([]), Some(std::mem::take(map).union(with.other.clone())));
            model, with => { let mut new = with.other.clone(); new.extend(std::mem::take(model)); (show([]), Some(new)) };
        "union of new": map, with => (show([]), Some(made(many(with.key, with.value, with.more)).collect::<Map<K, V, C>>().union(map.clone())));
            model, with => { let mut new = model.clone(); new.extend(kept::<K, V>(many(with.key, with.value, with.more))); (show([]), Some(new)) };
        "intersection": map, with => (show([]), Some(map.clone().intersection(with.other)));
            model, with => { let mut new = model.clone(); new.retain(|k, _| with.other.contains_key(k)); (show([]), Some(new)) };
        "intersection of the last holder": map, with => (show([]), Some(std::mem::take(map).intersection(with.other)));
            model, with => { let mut new = std::mem::take(model); new.retain(|k, _| with.other.contains_key(k)); (show([]), Some(new)) };
        "difference": map, with => (show([]), Some(map.clone().difference(with.other)));
            model, with => { let mut new = model.clone(); new.retain(|k, _| !with.other.contains_key(k)); (show([]), Some(new)) };
        "difference of the last holder": map, with => (show([]), Some(std::mem::take(map).relative_complement(with.other)));
            model, with => { let mut new = std::mem::take(model); new.retain(|k, _| !with.other.contains_key(k)); (show([]), Some(new)) };
        "symmetric_difference": map, with => (show([]), Some(map.clone().symmetric_difference(with.other)));
            model, with => {
                let mut new = model.clone();
                new.retain(|k, _| !with.other.contains_key(k));
                new.extend(with.other.iter().filter(|(k, _)| !model.contains_key(k)));
                (show([]), Some(new))
            };
        "extend": map, with => { map.extend(made::<K, V>(many(with.key, with.value, with.more))); (show([]), None) };
            model, with => { model.extend(kept::<K, V>(many(with.key, with.value, with.more))); (show([]), None) };
        "extend by reference": map, with => { map.extend(with.other); (show([]), None) };
            model, with => { model.extend(with.other); (show([]), None) };
        "from_iter": _, with => (show([]), Some(made(many(with.key, with.value, with.more)).collect()));
            _, with => (show([]), Some(kept::<K, V>(many(with.key, with.value, with.more)).collect()));
        "from array": _, with => (show([]), Some(Map::from([(key(with.key), V::of(with.value)), (key(with.key), V::of(with.value))])));
            _, with => (show([]), Some(Model::from([(with.key, with.value)])));
        "into_iter": map, _ => (show_unordered(map.clone().into_iter().map(|(k, v)| k.id() ^ v.id())), None);
            model, _ => (show_unordered(model.iter().map(|(k, v)| k ^ v)), None);
        "into_iter in part": map, with => (show([map.clone().into_iter().take(with.more as usize).count() as u32]), None);
            model, with => (show([model.len().min(with.more as usize) as u32]), None);
        "clone": map, _ => (show([]), Some(map.clone()));
            model, _ => (show([]), Some(model.clone()));
        "eq": map, with => (show([u32::from(map == with.other)]), None);
            model, with => (show([u32::from(model == with.other)]), None);
        "is_submap": map, with => (show([u32::from(map.is_submap(with.other))]), None);
            model, with => (show([u32::from(model.iter().all(|(k, v)| with.other.get(k) == Some(v)))]), None);
        "is_submap_by": map, with => (show([u32::from(map.is_submap_by(with.other, |_, _| { tick(); true }))]), None);
            model, with => (show([u32::from(model.keys().all(|k| with.other.contains_key(k)))]), None);
        "diff": map, with => (show_unordered(map.diff(with.other).map(|item| match item {
                DiffItem::Add(k, v) => k.id() + 3 * v.id(),
                DiffItem::Update { old: (k, v), new: (_, w) } => k.id() + 5 * v.id() + 7 * w.id(),
                DiffItem::Remove(k, v) => k.id() + 11 * v.id(),
            })), None);
            model, with => (show_unordered(
                model.iter().filter_map(|(k, v)| match with.other.get(k) {
                    None => Some(k + 11 * v),
                    Some(w) => (v != w).then(|| k + 5 * v + 7 * w),
                }).chain(with.other.iter().filter(|(k, _)| !model.contains_key(k)).map(|(k, v)| k + 3 * v))
            ), None);
        "hash": map, _ => {
                let mut states = [DefaultHasher::new(), DefaultHasher::new()];
                map.hash(&mut states[0]);
                map.clone().hash(&mut states[1]);
                (show([u32::from(states[0].finish() == states[1].finish())]), None)
            };
            _, _ => (show([1]), None);
        "debug": map, _ => (show([u32::from(format!("{map:?}").len() >= 2 + 4 * map.len())]), None);
            _, _ => (show([1]), None);
        "or_insert": map, with => (show([map.entry(key(with.key)).or_insert(V::of(with.value)).id()]), None);
            model, with => (show([*model.entry(with.key).or_insert(with.value)]), None);
        "or_insert_with": map, with => (show([map.entry(key(with.key)).or_insert_with(|| { tick(); V::of(with.value) }).id()]), None);
            model, with => (show([*model.entry(with.key).or_insert(with.value)]), None);
        "or_default": map, with => (show([map.entry(key(with.key)).or_default().id()]), None);
            model, with => (show([*model.entry(with.key).or_insert(0)]), None);
        "and_modify": map, with => {
                drop(map.entry(key(with.key)).and_modify(|v| { tick(); *v = V::of(with.value); }));
                (show([]), None)
            };
            model, with => { model.entry(with.key).and_modify(|value| *value = with.value); (show([]), None) };
        "occupied entry": map, with => match map.entry(key(with.key)) {
                Entry::Occupied(mut entry) => {
                    let before = (entry.get().id(), entry.key().id());
                    let replaced = entry.insert(V::of(with.value)).id();
                    *entry.get_mut() = V::of(with.value);
                    (show([before.0, before.1, replaced, entry.into_mut().id()]), None)
                }
                Entry::Vacant(entry) => (show([entry.into_key().id()]), None),
            };
            model, with => match model.insert(with.key, with.value) {
                Some(before) => (show([before, with.key, before, with.value]), None),
                None => { model.remove(&with.key); (show([with.key]), None) }
            };
        "remove entry": map, with => match map.entry(key(with.key)) {
                Entry::Occupied(entry) => (show([entry.remove().id()]), None),
                Entry::Vacant(entry) => (show([entry.insert(V::of(with.value)).id()]), None),
            };
            model, with => match model.remove(&with.key) {
                Some(before) => (show([before]), None),
                None => { model.insert(with.key, with.value); (show([with.value]), None) }
            };
    }
}

/// The ids of the same entries, as keys and values of these kinds have them.
fn kept<K: Kind, V: Kind>(entries: impl Iterator<Item = (u32, u32)>) -> impl Iterator<Item = (u32, u32)> {
    entries.map(|(key, value)| (K::of(key).id(), V::of(value).id()))
}

/// The contents of a map, after checking that all ways to read it agree.
fn content<K: Kind, V: Kind, C: Counter>(map: &Map<K, V, C>) -> Model {
    let mut model = Model::new();
    for (key, value) in map {
        let found = map.get_key_value(key).expect("a key that iteration yields is found");
        assert!(std::ptr::eq(found.0, key) && std::ptr::eq(found.1, value));
        assert!(model.insert(key.id(), value.id()).is_none(), "key {key:?} is there twice");
    }
    assert_eq!(model.len(), map.len());
    assert_eq!(
        (map.keys().count(), map.values().count(), map.iter().len()),
        (map.len(), map.len(), map.len())
    );
    assert_eq!(map.is_empty(), model.is_empty());
    model
}

/// Whether no entry was lost and none invented between two contents: each entry is one from before or after, and each
/// key that is in both is there.
fn is_between(now: &Model, before: &Model, after: &Model) -> bool {
    now.iter().all(|(k, v)| before.get(k) == Some(v) || after.get(k) == Some(v))
        && before.keys().all(|k| !after.contains_key(k) || now.contains_key(k))
}

/// Does one operation to a map and to its model, and compares them. `fuse` says which call of user code panics. Returns
/// the map that the operation made, and whether a call panicked.
fn perform<K: Kind, V: Kind, C: Counter>(
    operation: &Operation<K, V, C>,
    (map, model): (&mut Map<K, V, C>, &mut Model),
    (other, other_model): (&Map<K, V, C>, &Model),
    (key, value, more): (u32, u32, u32),
    fuse: u32,
    lawful: bool,
) -> (Option<Version<K, V, C>>, bool) {
    // These differ from `key` and `value` for elements without a size.
    let (id, value_id) = (K::of(key).id(), V::of(value).id());
    let before = model.clone();
    let (expected, made) =
        (operation.on_model)(model, With { other: other_model, key: id, value: value_id, more });
    let made_model = made.map(|made| kept::<K, V>(made.into_iter()).collect::<Model>());
    let perform = || (operation.on_map)(map, With { other, key, value, more });
    // If a key hashes differently at each call, an entry that was just inserted may not be found. Then the map panics.
    let outcome =
        if lawful { Some(with_fuse(fuse, perform)) } else { expecting_panics(|| with_fuse(fuse, perform)) };
    let panicked = matches!(outcome, Some(None));
    let outcome = outcome.flatten();
    if !lawful {
        // Equal keys may be there twice, and may not be found. But iteration yields as many entries as the map counts.
        assert_eq!(map.iter().count(), map.len());
        let made = outcome.and_then(|outcome| outcome.1).map(|made| (made, Model::new()));
        return (made, panicked);
    }
    let Some((shown, made)) = outcome else {
        let now = content(map);
        assert!(
            is_between(&now, &before, model),
            "{}: {now:?} is not between {before:?} and {model:?}",
            operation.name
        );
        *model = now;
        assert_eq!(content(other), *other_model);
        return (None, true);
    };
    assert_eq!((shown, content(map)), (expected, model.clone()), "{}", operation.name);
    let made = made.map(|made| {
        let made_model = made_model.expect("map and model make the same");
        assert_eq!(content(&made), made_model, "{}", operation.name);
        (made, made_model)
    });
    (made, false)
}

/// A map of `size` entries, and its model.
fn built<K: Kind, V: Kind, C: Counter>(from: u32, size: u32) -> Version<K, V, C> {
    let ids = || (from..from + size).map(|id| (id, id % 7));
    (ids().map(|(key, value)| (K::of(key), V::of(value))).collect(), kept::<K, V>(ids()).collect())
}

/// Does every operation to maps of some sizes, shared and not, with a panic at every call of user code.
fn every_call<K: Kind, V: Kind, C: Counter>(sizes: &[u32], hashings: &[Hashing]) {
    let operations = operations::<K, V, C>();
    for (hashing, size) in hashings.iter().flat_map(|hashing| sizes.iter().map(move |size| (*hashing, *size)))
    {
        for (operation, held) in
            operations.iter().flat_map(|operation| [(operation, false), (operation, true)])
        {
            // A key that the map has, and one that it does not have.
            for key in [size / 2, size + 3] {
                let mut fuse = 0;
                loop {
                    set_hashing(hashing);
                    let (mut map, mut model) = built::<K, V, C>(0, size);
                    let (other, other_model) = if fuse % 2 == 0 {
                        built::<K, V, C>(size / 3, size)
                    } else {
                        // Another version of the same map.
                        let mut other = (map.clone(), model.clone());
                        for id in size / 2..size / 2 + 3 {
                            other.0.insert(K::of(id), V::of(5));
                            other.1.insert(K::of(id).id(), V::of(5).id());
                        }
                        other
                    };
                    let kept = held.then(|| (map.clone(), model.clone()));
                    let (made, panicked) = perform(
                        operation,
                        (&mut map, &mut model),
                        (&other, &other_model),
                        (key, 3, 40),
                        fuse,
                        hashing.is_lawful(),
                    );
                    if let Some((map, model)) = kept
                        && hashing.is_lawful()
                    {
                        assert_eq!(content(&map), model);
                    }
                    // The map can still be used after a panic.
                    let is_new = map.insert(K::of(7777), V::of(1)).is_none();
                    let removed = map.remove(&K::of(7777)).is_some();
                    if hashing.is_lawful() {
                        assert_eq!((is_new, removed), (!model.contains_key(&K::of(7777).id()), true));
                    }
                    drop((made, map, other));
                    assert_eq!(live(), 0, "{} leaks: size {size}, {hashing:?}, fuse {fuse}", operation.name);
                    if !panicked {
                        break;
                    }
                    fuse = next_call(fuse);
                }
            }
        }
    }
}

/// Does random operations to a few versions. In most of them some call of user code panics.
fn random<K: Kind, V: Kind, C: Counter>(few: u64, ids: usize) {
    let (operations, seed) = asked_for(few);
    let list = self::operations::<K, V, C>();
    let mut draws = Draws(seed.wrapping_mul(0x1000_0000_0000));
    let mut done = 0;
    while done < operations {
        let hashing = Hashing::ALL[draws.below(Hashing::ALL.len())];
        set_hashing(hashing);
        let start = draws.0;
        let mut versions: Vec<Version<K, V, C>> = vec![built(0, draws.id(ids))];
        for _ in 0..100 {
            done += 1;
            let (at, beside) = (draws.below(versions.len()), draws.below(versions.len()));
            let (other, other_model) = (versions[beside].0.clone(), versions[beside].1.clone());
            let arguments = (draws.id(ids), draws.id(8), draws.id(ids / 2));
            let fuse = draws.fuse();
            let operation = &list[draws.below(list.len())];
            let (map, model) = &mut versions[at];
            let (made, _) = perform(
                operation,
                (map, model),
                (&other, &other_model),
                arguments,
                fuse,
                hashing.is_lawful(),
            );
            match made {
                Some(version) if versions.len() < 6 => versions.push(version),
                Some(version) => versions[at] = version,
                None => {}
            }
        }
        drop_in_any_order(versions, &mut draws, |(map, model)| {
            if hashing.is_lawful() {
                assert_eq!(content(map), *model);
            }
        });
        assert_eq!(live(), 0, "an episode leaks: seed {start:#x}, {hashing:?}");
    }
}

/// Sizes around which tail, leaves and branches change. The most telling ones come first.
const SIZES: [u32; 10] = [9, 33, 1, 0, 4, 8, 31, 32, 64, 150];

fn kind<K: Kind + Debug, V: Kind, C: Counter>(sizes: &[u32], operations: u64) {
    every_call::<K, V, C>(as_time_allows(sizes), as_time_allows(&Hashing::ALL));
    random::<K, V, C>(operations, 120);
}

#[test]
fn entries_by_value() {
    kind::<Bare<()>, Bare<()>, Atomic>(&SIZES, 8000);
    kind::<Bare<()>, Bare<[u8; 11]>, Plain>(&[8, 33], 8000);
}

#[test]
fn entries_that_own_memory() {
    kind::<Owning<()>, Owning<()>, Atomic>(&SIZES, 8000);
    kind::<Owning<()>, Bare<()>, Plain>(&[8, 33], 8000);
}

#[test]
fn entries_without_a_size() {
    kind::<Nothing, Nothing, Atomic>(&[0, 1], 500);
    kind::<Ghost, Ghost, Plain>(&[0, 1], 500);
    kind::<Bare<()>, Nothing, Atomic>(&[8, 33], 2000);
    kind::<Owning<()>, Ghost, Plain>(&[8, 33], 2000);
    kind::<Bare<()>, Ghost, Atomic>(&[8, 33], 2000);
}

#[test]
fn entries_of_high_alignment() {
    kind::<Bare<Aligned64>, Bare<()>, Atomic>(&[8, 33], 1000);
    kind::<Owning<Aligned64>, Owning<Aligned64>, Plain>(&[8, 33], 1000);
    random::<Bare<Aligned4096>, Owning<()>, Atomic>(500, 60);
    random::<Owning<()>, Owning<Aligned4096>, Plain>(500, 60);
}

#[test]
fn large_entries() {
    kind::<Bare<[u8; 200]>, Owning<()>, Atomic>(&[8, 33], 1000);
    random::<Bare<()>, Bare<[u8; 5000]>, Atomic>(500, 60);
    random::<Owning<[u8; 5000]>, Owning<[u8; 200]>, Plain>(500, 60);
}

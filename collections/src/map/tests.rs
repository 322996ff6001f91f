//! Tests of maps: against a model while old versions are held, of their nodes, and with keys that panic and are
//! counted.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet as StdSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::rc::Rc;
use std::thread;

use scenarios::input::{FixedHasher, draws, mix, rng, shuffled};
use scenarios::probe::{Hashing, PassThrough, Probe};

use super::core::Core;
use super::node::{LEVELS, Link, MAX_ENTRIES, WIDTH, digit, rest_at};
use super::{DiffItem, Entry, GenericHashMap, hash_of};
use crate::counter::{Atomic, Counter, Plain};
use crate::testing::{Brittle, Explosive, is_interrupted, std_hash};
use crate::{HashMap, rc};

/// A key whose hash the test chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    hash: u64,
    id: u32,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

fn key(hash: u64, id: u32) -> Key {
    Key { hash, id }
}

/// A value that stands for an id. One kind is small and plain. The other needs a drop, so that leaves share entries.
trait Value: Clone + PartialEq + std::fmt::Debug + 'static {
    fn of(id: u32) -> Self;
}

impl Value for u32 {
    fn of(id: u32) -> Self {
        id
    }
}

impl Value for String {
    fn of(id: u32) -> Self {
        id.to_string()
    }
}

impl Value for [u64; 10] {
    fn of(id: u32) -> Self {
        [u64::from(id); 10]
    }
}

type KeyMap<V, C> = GenericHashMap<Key, V, PassThrough, C>;

/// Checks the invariants of the module.
fn check<K: Hash + Eq + Clone, V: Clone, S: BuildHasher, C: Counter>(map: &GenericHashMap<K, V, S, C>) {
    let core: &Core<K, V, C> = &map.core;
    let (tail, len) = core.tail();
    assert!(len <= tail.fill() as usize && tail.fill() <= tail.room());
    let in_tree = if core.root().is_none() { 0 } else { check_node(core.root(), 0, &|_| true, &map.hasher) };
    assert_eq!(in_tree, core.tree_len());
    assert_eq!(core.root().is_none(), core.tree_len() == 0);
    assert_eq!(map.iter().count(), map.len());
    assert!(map.keys().all(|key| map.contains_key(key)));
    let keys: Vec<&K> = map.keys().collect();
    if keys.len() < 200 {
        assert!((0..keys.len()).all(|at| keys[..at].iter().all(|key| *key != keys[at])));
    }
}

fn check_node<K: Hash + Eq, V, C: Counter>(
    link: Link<K, V, C>,
    level: u32,
    belongs: &dyn Fn(u32) -> bool,
    hasher: &impl BuildHasher,
) -> usize {
    if !link.is_leaf() {
        assert!(level < LEVELS);
        // SAFETY: the map that is checked holds its nodes.
        let branch = unsafe { &*link.branch() };
        let mut seen = Vec::new();
        let (mut at, mut count) = (0, 0);
        while at < WIDTH {
            let (child, end) = (branch.slots[at], branch.run_end(at));
            assert!(seen.iter().all(|other| *other != child), "slots that name one node are not neighbours");
            assert!(child.is_leaf() || end == at + 1);
            seen.push(child);
            let below = |hash: u32| belongs(hash) && (at..end).contains(&digit(rest_at(hash, level)));
            count += check_node(child, level + 1, &below, hasher);
            at = end;
        }
        return count;
    }
    let leaf = link.leaf();
    assert!(leaf.fill() <= leaf.room());
    assert!(leaf.room() <= MAX_ENTRIES || level == LEVELS);
    for at in 0..leaf.fill() as usize {
        // SAFETY: `at` is less than the number of entries, and the map holds the leaf.
        let (slot, key) = unsafe { (leaf.slot(at), leaf.slot(at).key::<'_>()) };
        let hash = hash_of(hasher, key);
        assert!(belongs(hash));
        // SAFETY: as above.
        unsafe {
            assert_eq!(slot.hash(&|key| hash_of(hasher, key)), hash);
            assert!(
                Link::of_leaf(leaf).find(rest_at(hash, level), |found| found.place() == slot.place()).place()
                    == slot.place()
            );
        }
    }
    leaf.fill() as usize
}

fn content<V: Value, C: Counter>(map: &KeyMap<V, C>) -> BTreeMap<Key, V> {
    map.iter().map(|(key, value)| (*key, value.clone())).collect()
}

/// Does random operations to versions that stem from each other. There are few hashes, so that every kind of node meets
/// every kind of change.
fn replay<V: Value, C: Counter>(seed: usize, steps: usize, hash_of: impl Fn(u32) -> u64, ids: u64) {
    let mut versions: Vec<(KeyMap<V, C>, BTreeMap<Key, V>)> = vec![Default::default()];
    for (step, draw) in draws(&mut rng("versions", seed), steps, 1 << 50).into_iter().enumerate() {
        let at = (draw >> 40) as usize % versions.len();
        let id = (draw % ids) as u32;
        let (key, value) = (key(hash_of(id), id), V::of(step as u32));
        if draw >> 20 & 3 == 0 {
            let fork = versions[at].clone();
            if versions.len() < 12 {
                versions.push(fork);
            } else {
                versions[(draw >> 30) as usize % 12] = fork;
            }
        }
        let other = versions[(draw >> 24) as usize % versions.len()].clone();
        let (map, model) = &mut versions[at];
        match draw >> 16 & 15 {
            0..=6 => assert_eq!(map.insert(key, value.clone()), model.insert(key, value)),
            7..=11 => assert_eq!(map.remove(&key), model.remove(&key)),
            12 => {
                assert_eq!(map.get_mut(&key), model.get_mut(&key));
                if let Some(place) = map.get_mut(&key) {
                    *place = value.clone();
                    model.insert(key, value);
                }
            }
            13 => {
                let changes: Vec<_> = map.diff(&other.0).collect();
                assert_eq!(changes.is_empty(), *map == other.0);
                assert_eq!(*map == other.0, *model == other.1);
                let mut patched = model.clone();
                for change in changes {
                    match change {
                        DiffItem::Add(key, value) | DiffItem::Update { new: (key, value), .. } => {
                            patched.insert(*key, value.clone());
                        }
                        DiffItem::Remove(key, _) => assert!(patched.remove(key).is_some()),
                    }
                }
                assert_eq!(patched, other.1);
                assert_eq!(
                    map.is_submap(&other.0),
                    model.iter().all(|(key, value)| other.1.get(key) == Some(value))
                );
            }
            14 => {
                let (left, right) = (map.clone(), other.0.clone());
                let united = left.clone().union(right.clone());
                let mut expected = other.1.clone();
                expected.extend(model.clone());
                assert_eq!(content(&united), expected);
                check(&united);
                let common = left.clone().intersection(&right);
                let mut expected = model.clone();
                expected.retain(|key, _| other.1.contains_key(key));
                assert_eq!(content(&common), expected);
                let rest = left.clone().difference(&right);
                expected.clone_from(model);
                expected.retain(|key, _| !other.1.contains_key(key));
                assert_eq!(content(&rest), expected);
                let both = left.symmetric_difference(&right);
                expected.extend(
                    other.1.iter().filter(|entry| !model.contains_key(entry.0)).map(|(k, v)| (*k, v.clone())),
                );
                assert_eq!(content(&both), expected);
                [common, rest, both].iter().for_each(check);
            }
            _ => {
                let bound = (draw >> 8) as u32 % 8;
                map.retain(|key, _| key.id % 8 != bound);
                model.retain(|key, _| key.id % 8 != bound);
            }
        }
        assert_eq!(versions[at].0.get(&key), versions[at].1.get(&key));
        if step % 61 == 0 {
            for (map, model) in &versions {
                check(map);
                assert_eq!(content(map), *model);
            }
        }
    }
    // Dropped in an order that differs from that in which they were made.
    while !versions.is_empty() {
        versions.swap_remove(versions.len() / 2);
        versions.iter().for_each(|(map, model)| assert_eq!(content(map), *model));
    }
}

fn families(seed: usize, steps: usize) {
    let hashes: [fn(u32) -> u64; 5] = [
        |id| mix(u64::from(id)),
        |_| 0x5555_5555_5555_5555,
        |id| [mix(u64::from(id % 40)), 7, u64::from(id) << 28][id as usize % 3],
        |id| u64::from(id) << 29 | 0x0edc_ba98,
        |id| u64::from(id % 4) << 3,
    ];
    for (at, hash_of) in hashes.into_iter().enumerate() {
        let ids = if at == 0 { 400 } else { 100 };
        replay::<u32, Atomic>(seed + at, steps, hash_of, ids);
        replay::<String, Atomic>(seed + at, steps, hash_of, ids);
        replay::<u32, Plain>(seed + at, steps, hash_of, ids);
        replay::<String, Plain>(seed + at, steps, hash_of, ids);
    }
}

#[test]
fn random_changes_keep_invariants_and_versions() {
    families(0, 1500);
}

/// The environment variable `COLLECTIONS_OPERATIONS` says how many operations to do. Without it there are none.
#[test]
fn random_changes_as_many_as_asked_for() {
    let asked = std::env::var("COLLECTIONS_OPERATIONS").ok().and_then(|text| text.parse().ok());
    let rounds = asked.unwrap_or(0usize).div_ceil(20 * 5000);
    (0..rounds).for_each(|round| families(1000 + 10 * round, 5000));
}

/// Grows a map entry by entry while every version is kept, and shrinks it again.
fn every_size<V: Value, C: Counter>(most: u32, hash_of: impl Fn(u32) -> u64) {
    let mut map = KeyMap::<V, C>::default();
    let mut kept = vec![map.clone()];
    for id in 0..most {
        assert_eq!(map.insert(key(hash_of(id), id), V::of(id)), None);
        kept.push(map.clone());
    }
    for id in (0..most).rev() {
        assert_eq!(map.remove(&key(hash_of(id), id)), Some(V::of(id)));
        assert_eq!(map, kept[id as usize]);
        assert_eq!(map.len(), id as usize);
    }
    check(&map);
    for (len, map) in kept.iter().enumerate() {
        assert_eq!(map.len(), len);
        assert!((0..most).all(|id| map.contains_key(&key(hash_of(id), id)) == ((id as usize) < len)));
        if len % 7 == 0 {
            check(map);
        }
    }
    // The same without other versions.
    let mut map: KeyMap<V, C> = (0..most).map(|id| (key(hash_of(id), id), V::of(id))).collect();
    assert_eq!(map, kept[most as usize]);
    for id in 0..most {
        assert!(map.remove(&key(hash_of(id), id)).is_some());
        if id % 7 == 0 {
            check(&map);
        }
    }
    assert!(map.is_empty() && map.core.root().is_none());
}

#[test]
fn every_size_and_back() {
    every_size::<u32, Atomic>(300, |id| mix(u64::from(id)));
    every_size::<String, Atomic>(300, |id| mix(u64::from(id)));
    every_size::<u32, Plain>(300, |id| mix(u64::from(id)));
    // Colliding hashes, in one leaf, in neighbouring ones, or deep in the tree.
    every_size::<u32, Atomic>(150, |_| 0xffff_ffff_0000_0000);
    every_size::<String, Atomic>(150, |id| u64::from(id % 2) << 31);
    every_size::<u32, Atomic>(150, |id| u64::from(id) << 24);
    every_size::<u32, Atomic>(130, |id| 1 << (id % 32));
}

/// Fills a map and removes entries at random, to fewer and fewer and then to none, and looks at it in between.
fn waves<V: Value, C: Counter>(seed: usize, most: usize, hash_of: impl Fn(u32) -> u64) {
    let (mut map, mut model) = (KeyMap::<V, C>::default(), BTreeMap::new());
    for left in [most / 2, most / 5, most / 16, 3, 1, 0] {
        for id in 0..most as u32 {
            map.insert(key(hash_of(id), id), V::of(id));
            model.insert(key(hash_of(id), id), V::of(id));
        }
        let mut held = if left % 2 == 0 { (map.clone(), model.clone()) } else { Default::default() };
        for (step, id) in shuffled(&mut rng("waves", seed + left), most).into_iter().enumerate() {
            if model.len() == left {
                break;
            }
            let key = key(hash_of(id as u32), id as u32);
            assert_eq!(map.remove(&key), model.remove(&key));
            if step % 97 == 0 || model.len() < 5 {
                check(&map);
                assert_eq!(content(&map), model);
            }
            // Some steps happen beside another version, some do not. The later ones share nothing but cells, or nothing.
            if step % 300 == 299 {
                assert_eq!(content(&held.0), held.1);
                check(&held.0);
                held = if step % 600 == 599 { (map.clone(), model.clone()) } else { Default::default() };
            }
        }
        assert_eq!(content(&held.0), held.1);
        check(&map);
        assert_eq!(content(&map), model);
    }
    assert!(map.core.root().is_none() && map.core.tail().0.is_empty_leaf());
}

#[test]
fn removals_join_leaves() {
    let hashes: [fn(u32) -> u64; 4] = [
        |id| mix(u64::from(id)),
        |id| [mix(u64::from(id)), 7, u64::from(id) << 28][id as usize % 3],
        |id| u64::from(id) << 29 | 0x0edc_ba98,
        |id| u64::from(id % 40) << 24,
    ];
    for (seed, hash_of) in hashes.into_iter().enumerate() {
        for most in [40, if seed == 0 { 2000 } else { 400 }] {
            waves::<u32, Atomic>(seed, most, hash_of);
            waves::<String, Atomic>(seed, most, hash_of);
            waves::<[u64; 10], Plain>(seed, most, hash_of);
        }
    }
}

#[test]
fn many_entries() {
    let mut map: HashMap<u32, u32> = (0..50_000).map(|id| (id, id)).collect();
    check(&map);
    let held = map.clone();
    (0..50_000).filter(|id| id % 16 != 3).for_each(|id| assert_eq!(map.remove(&id), Some(id)));
    check(&map);
    check(&held);
    assert_eq!((map.len(), held.len()), (3125, 50_000));
    assert!(map.is_submap(&held) && !held.is_submap(&map));
    assert_eq!(held.diff(&map).len(), 50_000 - 3125);
}

#[test]
fn forks_of_one_tail_do_not_see_each_other() {
    for len in 0..70 {
        let base: HashMap<u64, u64> = (0..len).map(|id| (id, id)).collect();
        let forks: Vec<_> = (0..5).map(|fork| base.update(1000 + fork, fork)).collect();
        let deeper: Vec<_> = forks.iter().map(|fork| fork.update(2000, 0)).collect();
        for (at, fork) in forks.iter().enumerate() {
            check(fork);
            assert_eq!(fork.len() as u64, len + 1);
            assert!((0..5).all(|other| fork.contains_key(&(1000 + other)) == (other == at as u64)));
            assert!(!fork.contains_key(&2000) && deeper[at].contains_key(&2000));
        }
        drop(forks);
        // Now the base is alone, and its tail has entries of forks that are gone.
        let mut base = base;
        drop(deeper);
        base.insert(3000, 1);
        check(&base);
        assert_eq!((base.get(&1000), base.get(&3000), base.len() as u64), (None, Some(&1), len + 1));
    }
}

#[test]
fn a_full_tail_that_versions_share_becomes_their_leaf() {
    let base: HashMap<u64, u64> = (0..8).map(|id| (id, id)).collect();
    let (tail, len) = base.core.tail();
    assert_eq!((len as u32, base.core.root().is_none()), (tail.room(), true));
    let forks = [10, 11].map(|id| base.update(id, id));
    for fork in &forks {
        check(fork);
        assert!(fork.core.root().leaf() == tail && fork.core.tail().1 == 1);
    }
    // A full tail that is not shared grows instead.
    drop(forks);
    let grown = base.update(12, 12);
    check(&grown);
    let alone: HashMap<u64, u64> = (0..9).map(|id| (id, id)).collect();
    assert!(alone.core.root().is_none() && alone.core.tail().1 == 9);
}

#[test]
fn threads_append_to_one_tail() {
    for round in 0..40 {
        let base: HashMap<u64, u64, FixedHasher> = (0..round).map(|id| (id, id)).collect();
        let forks: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|worker: u64| {
                    let mut map = base.clone();
                    scope.spawn(move || {
                        let mut kept = Vec::new();
                        for step in 0..200 {
                            let key = worker * 1000 + 100 + step;
                            assert_eq!(map.insert(key, step), None);
                            kept.push(map.clone());
                            if step % 5 == 4 {
                                assert_eq!(map.remove(&(key - 2)), Some(step - 2));
                            }
                        }
                        let lengths = kept.iter().enumerate().all(|(at, map)| {
                            let at = at as u64;
                            map.len() as u64 == round + at + 1 - at / 5
                        });
                        assert!(lengths);
                        map
                    })
                })
                .collect();
            workers.into_iter().map(|worker| worker.join().expect("a worker found no fault")).collect()
        });
        for (worker, map) in forks.iter().enumerate() {
            check(map);
            assert_eq!(map.len() as u64, round + 160);
            let own = |key: &u64| *key < round || key / 1000 == worker as u64;
            assert!(map.keys().all(own));
        }
        assert_eq!(base.len() as u64, round);
        assert!((0..round).all(|id| base.get(&id) == Some(&id)));
    }
}

#[test]
fn a_sole_owner_changes_in_place_and_others_are_shared() {
    let mut map: HashMap<u64, u64, FixedHasher> = (0..1000).map(|id| (id, id)).collect();
    let root = map.core.root();
    map.insert(5, 0);
    map.insert(1000, 0);
    map.remove(&6);
    assert!(map.core.root() == root);
    let held = map.clone();
    assert!(held.ptr_eq(&map));
    assert_eq!(map.remove(&5000), None);
    assert!(map.get_mut(&5000).is_none());
    assert!(held.ptr_eq(&map), "looking for a missing key copies nothing");
    map.insert(5, 1);
    assert!(!held.ptr_eq(&map) && map.core.root() != root);
    let mut visited = 0;
    map.for_each_unshared(&held, |_, _, _| visited += 1);
    assert!(visited <= MAX_ENTRIES, "{visited} entries are not shared");
    // Shared nodes are not compared.
    let mut unequal = HashMap::<u32, f64>::new();
    unequal.insert(1, f64::NAN);
    assert!(unequal == unequal.clone());
}

#[test]
fn maps_seeded_differently_are_compared_by_key() {
    let build = |keys: std::ops::Range<u32>, offset: u32| -> HashMap<u32, u32, RandomState> {
        keys.map(|key| (key, key + offset)).collect()
    };
    let (left, right) = (build(0..200, 0), build(100..300, 1));
    assert!(left == build(0..200, 0) && left != right);
    let united = left.clone().union(right.clone());
    assert!(united.len() == 300 && (0..300).all(|key| united[&key] == key + u32::from(key >= 200)));
    let strings = |keys: std::ops::Range<u32>| -> HashMap<String, u32> {
        keys.map(|key| (key.to_string(), key)).collect()
    };
    assert_eq!(strings(0..500), strings(0..500));
    assert_eq!(strings(0..500).intersection(&strings(400..900)), strings(400..500));
    assert_eq!(strings(0..500).difference(&strings(400..900)), strings(0..400));
    assert_eq!(strings(0..500).difference(&strings(400..410)).len(), 490);
    let small_into_large = strings(0..9).union(strings(5..500));
    assert_eq!(small_into_large, strings(0..500));
    assert_eq!(std_hash(&small_into_large), std_hash(&strings(0..500)));
    assert_ne!(std_hash(&small_into_large), std_hash(&strings(0..499)));
}

#[test]
fn the_interface_of_std() {
    let mut map: rc::HashMap<String, Vec<u32>> = rc::HashMap::new();
    assert!(map.is_empty() && map.iter().next().is_none());
    map.entry("a".to_owned()).or_default().push(1);
    map.entry("a".to_owned()).and_modify(|list| list.push(2)).or_insert_with(|| vec![0]).push(3);
    assert_eq!(map["a"], [1, 2, 3]);
    map["a"].clear();
    assert_eq!(map.get_key_value("a"), Some((&"a".to_owned(), &Vec::new())));
    let Entry::Occupied(mut entry) = map.entry("a".to_owned()) else { panic!("it is there") };
    assert_eq!(entry.insert(vec![7]), Vec::<u32>::new());
    assert_eq!((entry.key().as_str(), entry.get().len()), ("a", 1));
    assert_eq!(entry.remove(), [7]);
    let Entry::Vacant(entry) = map.entry("a".to_owned()) else { panic!("it is not there") };
    assert_eq!((entry.key().len(), entry.into_key().as_str()), (1, "a"));
    map.extend([("b".to_owned(), vec![2]), ("c".to_owned(), vec![3]), ("b".to_owned(), vec![4])]);
    assert_eq!(map.len(), 2);
    assert_eq!(format!("{:?}", map.without("c")), r#"{"b": [4]}"#);
    assert_eq!(map.remove_with_key("b"), Some(("b".to_owned(), vec![4])));
    assert_eq!(map.alter(|value| value.map(|_| vec![9]), "c".to_owned())["c"], [9]);
    assert!(map.alter(|_| None, "c".to_owned()).is_empty());
    let mut entries = map.clone().into_iter();
    assert_eq!((entries.len(), entries.next(), entries.next()), (1, Some(("c".to_owned(), vec![3])), None));
    let all: HashMap<u32, u32> = (0..500).map(|id| (id, 2 * id)).collect();
    let iter = all.iter();
    assert_eq!(iter.len(), 500);
    assert_eq!(iter.clone().skip(100).len(), 400);
    assert_eq!(all.keys().copied().collect::<StdSet<_>>().len(), 500);
    assert_eq!(all.values().sum::<u32>(), 499 * 500);
    assert_eq!(all.clone().into_iter().collect::<HashMap<_, _>>(), all);
    // An iteration within another one.
    assert_eq!(all.iter().map(|_| all.iter().count()).sum::<usize>(), 250_000);
    let united = HashMap::unions([all.clone(), HashMap::unit(1000, 1)]);
    assert_eq!(united.len(), 501);
    let mut cleared = united.clone();
    cleared.clear();
    assert!(cleared.is_empty() && united.len() == 501);
}

#[test]
fn entries_of_no_size_of_high_alignment_and_large() {
    let mut map = HashMap::<(), ()>::new();
    assert_eq!((map.insert((), ()), map.insert((), ())), (None, Some(())));
    assert_eq!((map.len(), map.iter().count(), map.remove(&())), (1, 1, Some(())));

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(128))]
    struct Aligned(u32);
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(32))]
    struct Half(u8);
    let aligned: HashMap<u32, Aligned> = (0..300).map(|id| (id, Aligned(id))).collect();
    let other = aligned.without(&7).update(8, Aligned(0));
    for map in [&aligned, &other] {
        assert!(map.values().all(|value| std::ptr::from_ref(value).addr().is_multiple_of(128)));
    }
    assert_eq!(aligned.diff(&other).len(), 2);
    let half: HashMap<Option<()>, Half> = [(None, Half(1)), (Some(()), Half(2))].into();
    assert!(
        half.update(None, Half(3)).values().all(|value| std::ptr::from_ref(value).addr().is_multiple_of(32))
    );
    let bytes: HashMap<Box<[u8; 40]>, [u64; 100]> =
        (0..100).map(|id| (Box::new([id; 40]), [u64::from(id); 100])).collect();
    assert_eq!(bytes.update(Box::new([3; 40]), [0; 100]).get(&[3; 40]), Some(&[0; 100]));
    assert_eq!(bytes.get(&[99; 40]), Some(&[99; 100]));
}

type ProbeMap<C> = GenericHashMap<Probe, Probe, PassThrough, C>;

fn probes<C: Counter>(ids: std::ops::Range<u32>) -> ProbeMap<C> {
    ids.map(|id| (Probe::new(id), Probe::new(id))).collect()
}

fn ids<C: Counter>(map: &ProbeMap<C>) -> Vec<(u32, u32)> {
    let mut ids: Vec<_> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
    ids.sort_unstable();
    ids
}

fn dropped_once<C: Counter>() {
    for hashing in [Hashing::Spread, Hashing::Constant, Hashing::FourGroups, Hashing::LastBits] {
        Probe::reset();
        Probe::set_hashing(hashing);
        let mut map = probes::<C>(0..100);
        assert_eq!(Probe::live(), 200);
        let held = map.clone();
        assert_eq!(Probe::live(), 200, "a clone shares its entries");
        drop(map.insert(Probe::new(5), Probe::new(0)));
        drop(held);
        assert_eq!(Probe::live(), 200);
        (0..50).for_each(|id| drop(map.remove(&Probe::new(id))));
        assert_eq!(Probe::live(), 100);
        // An entry that a fork inserted is dropped together with the fork.
        drop(map.update(Probe::new(1000), Probe::new(1)));
        assert_eq!(Probe::live(), 100);
        drop(map.clone().union(probes(20..70)));
        drop(map);
        assert_eq!(Probe::live(), 0);
    }
}

#[test]
fn entries_are_dropped_once_and_at_once() {
    dropped_once::<Atomic>();
    dropped_once::<Plain>();
}

fn panics<C: Counter>(sizes: &[u32]) {
    let changes: [fn(&mut ProbeMap<C>); 8] = [
        |map| drop(map.insert(Probe::new(1000), Probe::new(7))),
        |map| drop(map.insert(Probe::new(3), Probe::new(7))),
        |map| drop(map.remove(&Probe::new(4))),
        |map| drop(map.remove(&Probe::new(2000))),
        |map| {
            if let Some(value) = map.get_mut(&Probe::new(2)) {
                *value = Probe::new(9);
            }
        },
        |map| *map = map.clone().union(probes(20..60)),
        |map| *map = map.clone().difference(&probes(0..30)),
        |map| map.retain(|key, _| key.id() % 2 == 0),
    ];
    for (hashing, &size) in [Hashing::Spread, Hashing::LastBits, Hashing::Constant]
        .into_iter()
        .flat_map(|hashing| sizes.iter().map(move |size| (hashing, size)))
    {
        for (change, shared) in changes.iter().flat_map(|change| [(change, true), (change, false)]) {
            for fuse in (0..45).chain([70, 200]) {
                Probe::reset();
                Probe::set_hashing(hashing);
                let mut map = probes::<C>(0..size);
                let held = shared.then(|| map.clone());
                let before = ids(&map);
                Probe::set_fuse(Some(fuse));
                if is_interrupted(|| change(&mut map)) {
                    // Part of the change may have happened, but the map is consistent.
                    check(&map);
                }
                assert!(held.as_ref().is_none_or(|held| ids(held) == before));
                drop((map, held));
                assert_eq!(Probe::live(), 0, "{hashing:?}, size {size}, fuse {fuse}");
            }
        }
    }
}

#[test]
fn a_panic_in_a_key_or_value_leaves_every_version_intact() {
    panics::<Atomic>(&[8, 32, 40]);
    panics::<Plain>(&[33]);
}

#[test]
fn a_panic_in_a_key_held_by_value_leaves_every_version_intact() {
    type Map = GenericHashMap<Brittle, u32, PassThrough, Atomic>;
    for (size, fuse) in [8, 32, 64, 200].into_iter().flat_map(|size| (0..90).map(move |fuse| (size, fuse))) {
        let mut map = Map::default();
        map.extend((0..size).map(|id| (Brittle(id), id)));
        let held = map.clone();
        for change in 0..4 {
            let mut map = held.clone();
            Brittle::set_fuse(Some(fuse));
            let interrupted = is_interrupted(|| match change {
                0 => drop(map.insert(Brittle(1000), 1)),
                1 => drop(map.insert(Brittle(5), 1)),
                2 => drop(map.remove(&Brittle(5))),
                _ => map.extend((1000..1040).map(|id| (Brittle(id), id))),
            });
            check(&map);
            if interrupted && change < 3 {
                assert!(map == held);
            }
            assert!(held.len() == size as usize && (0..size).all(|id| held.get(&Brittle(id)) == Some(&id)));
        }
    }
}

#[test]
fn a_panic_in_drop_frees_the_rest() {
    for size in [1, 8, 33, 200] {
        let dropped = Rc::new(Cell::new(0));
        let map: rc::HashMap<u32, Explosive> =
            (0..size).map(|id| (id, Explosive(dropped.clone(), id == size / 2))).collect();
        let held = map.clone();
        drop(map);
        assert_eq!(dropped.get(), 0);
        assert!(is_interrupted(|| drop(held)));
        assert_eq!(dropped.get(), size);
        let mut map: rc::HashMap<u32, Explosive> = rc::HashMap::new();
        map.insert(1, Explosive(dropped.clone(), true));
        assert!(is_interrupted(|| drop(map.insert(1, Explosive(dropped.clone(), false)))));
        assert!(map.len() == 1 && !map[&1].1);
    }
}

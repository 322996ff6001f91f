//! Tests of ordered maps: against a model while old versions are held, of their nodes, and with keys that panic, are
//! counted, or have no order.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use scenarios::input::{draws, rng, shuffled};
use scenarios::probe::Probe;

use super::node::{BRANCH_MAX, BRANCH_MIN, Node};
use super::slot::Slot;
use super::{DiffItem, GenericOrdMap};
use crate::counter::{Atomic, Counter, Plain};
use crate::testing::{Brittle, Explosive, is_interrupted, std_hash};
use crate::{OrdMap, OrdSet, rc};

/// Checks the invariants of the module.
fn check<K: Ord + Clone, V: Clone, C: Counter>(map: &GenericOrdMap<K, V, C>) {
    let tree = &map.tree;
    if tree.root().is_none() {
        assert_eq!((tree.height(), map.len()), (0, 0));
        return;
    }
    // SAFETY: the map holds its nodes.
    let entries = unsafe { check_node(tree.root(), tree.height(), true, None) };
    assert_eq!(entries, map.len());
    let keys: Vec<&K> = map.keys().collect();
    assert_eq!(keys.len(), entries);
    assert!(keys.is_sorted_by(|one, other| one < other));
    assert!(keys.iter().all(|key| map.contains_key(*key)));
}

unsafe fn check_node<K: Ord + Clone, V: Clone, C: Counter>(
    node: Node<K, V, C>,
    height: usize,
    is_root: bool,
    behind: Option<&K>,
) -> usize {
    assert!(node.len() > 0 && node.len() <= node.room());
    // SAFETY: the caller holds the node, which has this height.
    unsafe {
        if height == 0 {
            assert!(node.len() <= Node::<K, V, C>::LEAF_MAX);
            let slots: Vec<_> = (0..node.len()).map(|at| node.slot(at)).collect();
            assert!(slots.is_sorted_by(|one, other| one.key::<'_>() < other.key::<'_>()));
            assert!(behind.is_none_or(|behind| behind < slots[0].key::<'_>()));
            return node.len();
        }
        assert!(node.len() <= BRANCH_MAX && node.len() >= if is_root { 2 } else { BRANCH_MIN });
        let (mut entries, mut before): (_, Option<&K>) = (0, behind);
        for at in 0..node.len() {
            let (child, separator) = (node.child(at), node.separator(at).key::<'_>());
            assert!(before.is_none_or(|before| before < separator));
            entries += check_node(child, height - 1, false, before);
            let (mut first, mut last) = (child, child);
            for _ in 1..height {
                (first, last) = (first.child(0), last.child(last.len() - 1));
            }
            let first: &K = first.slot(0).key();
            assert!(separator <= first);
            // A separator that is a pointer points to the very first entry.
            assert!(Slot::<K, V, C>::INLINE || std::ptr::eq(separator, first));
            before = Some(last.slot(last.len() - 1).key());
        }
        assert_eq!(entries, node.entries(height));
        entries
    }
}

/// A key or value that stands for an id: by value, behind a pointer, or large.
trait Content: Clone + Ord + std::fmt::Debug + 'static {
    fn of(id: u32) -> Self;
}

impl Content for u32 {
    fn of(id: u32) -> Self {
        id
    }
}

impl Content for String {
    fn of(id: u32) -> Self {
        format!("{id:06}")
    }
}

impl Content for [u64; 3] {
    fn of(id: u32) -> Self {
        [1, u64::from(id), 2]
    }
}

impl Content for [u64; 10] {
    fn of(id: u32) -> Self {
        [u64::from(id); 10]
    }
}

/// A map, and what it should hold.
type Modelled<K, V, C> = (GenericOrdMap<K, V, C>, BTreeMap<K, V>);

fn content<K: Content, V: Content, C: Counter>(map: &GenericOrdMap<K, V, C>) -> BTreeMap<K, V> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The bounds that two draws stand for, such that the range is one.
fn bounds<K: Content>(draw: u64, ids: u64) -> (Bound<K>, Bound<K>) {
    let (from, to) = ((draw % ids) as u32, (draw / 7 % ids) as u32);
    let (from, to) = (from.min(to), from.max(to) + 1);
    let bound = |kind: u64, id| match kind % 3 {
        0 => Bound::Included(K::of(id)),
        1 => Bound::Excluded(K::of(id)),
        _ => Bound::Unbounded,
    };
    (bound(draw >> 40, from), bound(draw >> 42, to))
}

/// Does random operations to versions that stem from each other.
fn replay<K: Content, V: Content, C: Counter>(seed: usize, steps: usize, ids: u64) {
    let mut versions: Vec<Modelled<K, V, C>> = vec![Default::default()];
    for (step, draw) in draws(&mut rng("ordered", seed), steps, 1 << 50).into_iter().enumerate() {
        let at = (draw >> 40) as usize % versions.len();
        let id = (draw % ids) as u32;
        let (key, value) = (K::of(id), V::of(step as u32));
        if draw >> 20 & 3 == 0 {
            let fork = versions[at].clone();
            if versions.len() < 8 {
                versions.push(fork);
            } else {
                versions[(draw >> 30) as usize % 8] = fork;
            }
        }
        let other = versions[(draw >> 24) as usize % versions.len()].clone();
        let (map, model) = &mut versions[at];
        match draw >> 16 & 31 {
            0..=10 => assert_eq!(map.insert(key.clone(), value.clone()), model.insert(key.clone(), value)),
            11..=16 => assert_eq!(map.remove(&key), model.remove(&key)),
            17 => {
                assert_eq!(map.get_mut(&key), model.get_mut(&key));
                if let Some(place) = map.get_mut(&key) {
                    *place = value.clone();
                    model.insert(key.clone(), value);
                }
            }
            18 => assert_eq!(map.pop_first(), model.pop_first()),
            19 => assert_eq!(map.pop_last(), model.pop_last()),
            20 => {
                let changes: Vec<_> = map.diff(&other.0).collect();
                assert_eq!(changes.is_empty(), *map == other.0);
                assert_eq!(*map == other.0, *model == other.1);
                assert_eq!((*map).cmp(&other.0), (*model).cmp(&other.1));
                let mut patched = model.clone();
                for change in changes {
                    match change {
                        DiffItem::Add(key, value) => {
                            assert_eq!(patched.insert(key.clone(), value.clone()), None);
                        }
                        DiffItem::Update { old, new } => {
                            assert_ne!(old, new);
                            assert_eq!(patched.insert(new.0.clone(), new.1.clone()).as_ref(), Some(old.1));
                        }
                        DiffItem::Remove(key, value) => assert_eq!(patched.remove(key).as_ref(), Some(value)),
                    }
                }
                assert_eq!(patched, other.1);
                assert_eq!(
                    map.is_submap(&other.0),
                    model.iter().all(|(key, value)| other.1.get(key) == Some(value))
                );
            }
            21 => {
                let (left, right) = (map.clone(), other.0.clone());
                let united = left.clone().union(right.clone());
                let mut expected = other.1.clone();
                expected.extend(model.clone());
                assert_eq!(content(&united), expected);
                let greater = left.clone().union_with(right.clone(), |ours, theirs| ours.max(theirs));
                for (key, value) in &mut expected {
                    *value = model.get(key).max(other.1.get(key)).expect("one of them has it").clone();
                }
                assert_eq!(content(&greater), expected);
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
                    other
                        .1
                        .iter()
                        .filter(|entry| !model.contains_key(entry.0))
                        .map(|(key, value)| (key.clone(), value.clone())),
                );
                assert_eq!(content(&both), expected);
                [united, greater, common, rest, both].iter().for_each(check);
            }
            22 => {
                let bound = K::of((draw >> 8) as u32 % ids as u32);
                let keep = |key: &K| if draw >> 30 & 1 == 0 { *key != bound } else { *key < bound };
                map.retain(|key, _| keep(key));
                model.retain(|key, _| keep(key));
            }
            23 | 24 => {
                let (behind, behind_model) = (map.split_off(&key), model.split_off(&key));
                check(map);
                check(&behind);
                assert_eq!((content(map), content(&behind)), (model.clone(), behind_model.clone()));
                if draw >> 30 & 1 == 0 {
                    map.append(behind);
                    model.extend(behind_model);
                    check(map);
                } else if draw >> 31 & 1 == 0 {
                    (*map, *model) = (behind, behind_model);
                }
            }
            25 => {
                let (before, found, behind) = map.split_lookup(&key);
                assert_eq!(found.as_ref(), model.get(&key));
                assert_eq!(before.len() + behind.len() + usize::from(found.is_some()), model.len());
                // What lies behind comes back with other keys in between.
                let mut joined = before;
                joined.insert(key.clone(), value.clone());
                joined.append(behind);
                model.insert(key.clone(), value);
                *map = joined;
            }
            26 => {
                for (at, (_, value)) in map.iter_mut().enumerate() {
                    *value = V::of(at as u32);
                }
                model.values_mut().enumerate().for_each(|(at, value)| *value = V::of(at as u32));
            }
            27 => {
                let mut entries = map.clone().into_iter();
                let (mut expected, mut turns) = (model.clone().into_iter(), draw);
                assert_eq!(entries.len(), model.len());
                for _ in 0..model.len() * (draw >> 36 & 3) as usize / 2 {
                    turns = turns.rotate_left(7);
                    if turns & 1 == 0 {
                        assert_eq!(entries.next(), expected.next());
                    } else {
                        assert_eq!(entries.next_back(), expected.next_back());
                    }
                }
            }
            28 => {
                *map = model.clone().into_iter().rev().collect();
            }
            _ => {
                let range = bounds::<K>(draw, ids);
                let expected: Vec<_> = model.range(range.clone()).collect();
                assert_eq!(map.range(range.clone()).collect::<Vec<_>>(), expected);
                let backwards: Vec<_> = map.range(range.clone()).rev().collect();
                assert!(backwards.iter().eq(expected.iter().rev()));
                let folded = map.range(range.clone()).fold(Vec::new(), |mut all, entry| {
                    all.push(entry);
                    all
                });
                assert_eq!(folded, expected);
                let (mut both, mut expected) = (map.range(range), expected.into_iter());
                let mut turns = draw;
                while expected.len() > 0 {
                    turns = turns.rotate_left(5);
                    if turns & 1 == 0 {
                        assert_eq!(both.next(), expected.next());
                    } else {
                        assert_eq!(both.next_back(), expected.next_back());
                    }
                }
                assert_eq!((both.next(), both.next_back()), (None, None));
                assert_eq!(map.get_prev(&key), model.range(..=&key).next_back());
                assert_eq!(map.get_next(&key), model.range(&key..).next());
            }
        }
        let (map, model) = &versions[at];
        assert_eq!(map.get(&key), model.get(&key));
        assert_eq!(map.first_key_value(), model.first_key_value());
        assert_eq!(map.last_key_value(), model.last_key_value());
        check(map);
        if step % 37 == 0 {
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
    for (at, ids) in [30, 300, 3000].into_iter().enumerate() {
        replay::<u32, u32, Atomic>(seed + at, steps, ids);
        replay::<u32, String, Atomic>(seed + at, steps, ids);
        replay::<String, u32, Plain>(seed + at, steps, ids);
        replay::<[u64; 3], u32, Plain>(seed + at, steps, ids);
        replay::<u32, [u64; 10], Atomic>(seed + at, steps, ids);
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
    let rounds = asked.unwrap_or(0usize).div_ceil(15 * 5000);
    (0..rounds).for_each(|round| families(1000 + 10 * round, 5000));
}

/// Grows a map entry by entry in some order while every version is kept, and shrinks it again.
fn every_size<K: Content, V: Content, C: Counter>(order: &[u32]) {
    let mut map = GenericOrdMap::<K, V, C>::new();
    let mut kept = vec![map.clone()];
    for id in order {
        assert_eq!(map.insert(K::of(*id), V::of(*id)), None);
        kept.push(map.clone());
    }
    for (len, id) in order.iter().enumerate().rev() {
        assert_eq!(map.remove(&K::of(*id)), Some(V::of(*id)));
        assert!(map == kept[len] && map.len() == len);
    }
    check(&map);
    for (len, map) in kept.iter().enumerate() {
        check(map);
        let (in_it, not_in_it) = order.split_at(len);
        assert!(in_it.iter().all(|id| map.get(&K::of(*id)) == Some(&V::of(*id))));
        assert!(!not_in_it.iter().any(|id| map.contains_key(&K::of(*id))));
    }
    // The same without other versions.
    let mut map = GenericOrdMap::<K, V, C>::new();
    map.extend(order.iter().map(|id| (K::of(*id), V::of(*id))));
    check(&map);
    assert_eq!(map, kept[order.len()]);
    for id in order {
        assert!(map.remove(&K::of(*id)).is_some());
        check(&map);
    }
    assert!(map.is_empty());
}

#[test]
fn every_size_and_back() {
    let ascending: Vec<u32> = (0..400).collect();
    let descending: Vec<u32> = (0..400).rev().collect();
    let mixed: Vec<u32> = shuffled(&mut rng("every size", 1), 400).into_iter().map(|id| id as u32).collect();
    for order in [ascending, descending, mixed] {
        every_size::<u32, u32, Atomic>(&order);
        every_size::<String, u32, Plain>(&order);
        every_size::<u32, [u64; 10], Plain>(&order);
    }
}

#[test]
fn ascending_and_descending_keys_fill_the_leaves() {
    fn leaves<C: Counter>(map: &GenericOrdMap<u32, u32, C>) -> usize {
        let mut digits = super::node::Digits(0);
        // SAFETY: the map holds its nodes, and has a root.
        (1..)
            .find(|_| match unsafe { super::tree::next_leaf(map.tree.root(), map.tree.height(), digits) } {
                Some((_, next)) => {
                    digits = next;
                    false
                }
                None => true,
            })
            .expect("a tree ends")
    }
    let max = Node::<u32, u32, Plain>::LEAF_MAX;
    let mut map = rc::OrdMap::new();
    map.extend((0..max as u32 * 50).map(|id| (id, id)));
    assert_eq!(leaves(&map), 50);
    let mut map = rc::OrdMap::new();
    map.extend((0..max as u32 * 50).rev().map(|id| (id, id)));
    assert_eq!(leaves(&map), 50);
    let map: rc::OrdMap<u32, u32> = (0..max as u32 * 50 + 1).map(|id| (id, id)).collect();
    assert_eq!(leaves(&map), 51);
}

#[test]
fn a_sole_owner_changes_in_place_and_others_are_shared() {
    let mut map: OrdMap<u32, u32> = (0..1000).map(|id| (id, id)).collect();
    let root = map.tree.root();
    map.insert(5, 0);
    map.remove(&6);
    assert!(map.tree.root() == root);
    let held = map.clone();
    assert!(held.ptr_eq(&map));
    assert_eq!(map.remove(&5000), None);
    assert!(map.get_mut(&5000).is_none());
    assert!(held.ptr_eq(&map), "looking for a missing key copies nothing");
    map.insert(5, 1);
    assert!(!held.ptr_eq(&map) && map.tree.root() != root);
    // Shared nodes are not compared.
    let unequal: OrdMap<u32, f64> = (0..100).map(|id| (id, f64::NAN)).collect();
    assert!(unequal == unequal.clone() && unequal.diff(&unequal.update(0, 1.0)).count() < 20);
}

#[test]
fn versions_of_different_shape_share_what_they_have_in_common() {
    // Each value is compared by a counter, so that the test sees how many entries are looked at.
    #[derive(Clone)]
    struct Counted(Rc<Cell<usize>>);
    impl PartialEq for Counted {
        fn eq(&self, _: &Self) -> bool {
            self.0.set(self.0.get() + 1);
            true
        }
    }
    let counter = Rc::new(Cell::new(0));
    let old: rc::OrdMap<u32, Counted> = (0..4000).map(|id| (2 * id, Counted(counter.clone()))).collect();
    let mut new = old.clone();
    (0..200).for_each(|id| drop(new.insert(2 * id + 1, Counted(counter.clone()))));
    (3000..3100).for_each(|id| drop(new.remove(&(2 * id))));
    assert_eq!(old.diff(&new).count(), 300);
    assert_eq!(counter.get(), 0, "entries are shared, though their leaves are not");
    let numbers: OrdMap<u32, u32> = (0..4000).map(|id| (id, id)).collect();
    let other = numbers.clone().split_off(&100).update(3000, 0);
    assert_eq!(numbers.diff(&other).count(), 101);
}

#[test]
fn the_interface_of_std() {
    let mut map: rc::OrdMap<String, Vec<u32>> = rc::OrdMap::new();
    assert!(map.is_empty() && map.iter().next().is_none() && map.pop_last().is_none());
    map.insert("a".to_owned(), vec![1]);
    map["a"].push(2);
    assert_eq!(map["a"], [1, 2]);
    assert_eq!(map.get_key_value("a"), Some((&"a".to_owned(), &vec![1, 2])));
    map.extend([("b".to_owned(), vec![2]), ("c".to_owned(), vec![3]), ("b".to_owned(), vec![4])]);
    assert_eq!(format!("{:?}", map.without("c")), r#"{"a": [1, 2], "b": [4]}"#);
    assert_eq!(map.remove_with_key("b"), Some(("b".to_owned(), vec![4])));
    assert_eq!(map.alter(|value| value.map(|_| vec![9]), "c".to_owned())["c"], [9]);
    assert_eq!(map.update_with("c".to_owned(), vec![8], |old, new| [old, new].concat())["c"], [3, 8]);
    let all: OrdMap<u32, u32> = (0..500).map(|id| (id, 2 * id)).collect();
    assert_eq!(
        (all.iter().len(), all.iter().skip(100).len(), all.iter().last()),
        (500, 400, Some((&499, &998)))
    );
    assert_eq!(all.values().sum::<u32>(), 499 * 500);
    assert!(all.keys().rev().copied().eq((0..500).rev()));
    let same: OrdMap<u32, u32> = all.clone().into_iter().rev().collect();
    assert_eq!((std_hash(&same), &same), (std_hash(&all), &all));
    let mut set: OrdSet<u32> = [3, 1, 2, 3].into();
    assert!(!set.insert(1) && set.remove(&2) && set.iter().eq([&1, &3]));
    assert_eq!((set.first(), set.last(), set.get_next(&2)), (Some(&1), Some(&3), Some(&3)));
    assert!(set.is_subset(&set.update(9)) && !set.is_superset(&set.update(9)));
    assert_eq!(set.clone().union([7].into()).into_iter().collect::<Vec<_>>(), [1, 3, 7]);
}

#[test]
#[should_panic(expected = "starts behind its end")]
fn a_range_must_not_start_behind_its_end() {
    let (from, to) = (2, 1);
    let _ = OrdMap::from([(1, 1)]).range(from..to);
}

#[test]
#[should_panic(expected = "not greater")]
fn appended_keys_must_be_greater() {
    OrdMap::from([(1, 1)]).append(OrdMap::from([(1, 1)]));
}

#[test]
fn entries_of_no_size_of_high_alignment_and_large() {
    let mut map = OrdMap::<(), ()>::new();
    assert_eq!((map.insert((), ()), map.insert((), ())), (None, Some(())));
    assert_eq!((map.len(), map.iter().count(), map.remove(&())), (1, 1, Some(())));
    let mut map = OrdMap::<(), u32>::new();
    assert_eq!((map.insert((), 1), map.insert((), 2), map.len()), (None, Some(1), 1));

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    #[repr(align(128))]
    struct Aligned(u32);
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    #[repr(align(16))]
    struct Half(u8);
    let aligned: OrdMap<Aligned, u32> = (0..300).map(|id| (Aligned(id), id)).collect();
    let half: OrdMap<Half, u8> = (0..200).map(|id| (Half(id), id)).collect();
    assert!(
        aligned.update(Aligned(7), 0).keys().all(|key| std::ptr::from_ref(key).addr().is_multiple_of(128))
    );
    assert!(half.update(Half(7), 0).keys().all(|key| std::ptr::from_ref(key).addr().is_multiple_of(16)));
    check(&aligned.without(&Aligned(0)));
    check(&half.without(&Half(0)));
}

type ProbeMap<C> = GenericOrdMap<Probe, Probe, C>;

fn probes<C: Counter>(ids: std::ops::Range<u32>) -> ProbeMap<C> {
    ids.map(|id| (Probe::new(id), Probe::new(id))).collect()
}

fn ids<C: Counter>(map: &ProbeMap<C>) -> Vec<(u32, u32)> {
    map.iter().map(|(key, value)| (key.id(), value.id())).collect()
}

fn dropped_once<C: Counter>() {
    Probe::reset();
    let mut map = probes::<C>(0..100);
    assert_eq!(Probe::live(), 200);
    let held = map.clone();
    assert_eq!(Probe::live(), 200, "a clone shares its entries");
    drop(map.insert(Probe::new(5), Probe::new(0)));
    drop(held);
    assert_eq!(Probe::live(), 200);
    // Removing the first entries changes separators again and again.
    (0..50).for_each(|id| drop(map.remove(&Probe::new(id))));
    assert_eq!(Probe::live(), 100);
    drop(map.update(Probe::new(1000), Probe::new(1)));
    assert_eq!(Probe::live(), 100);
    drop(map.clone().union(probes(20..70)));
    let behind = map.split_off(&Probe::new(70));
    assert_eq!(Probe::live(), 100);
    let mut entries = behind.clone().into_iter();
    drop((entries.next(), entries.next_back(), entries));
    let mut entries = behind.into_iter();
    drop((entries.next(), entries.next_back(), entries));
    assert_eq!(Probe::live(), 40);
    drop(map);
    assert_eq!(Probe::live(), 0);
}

#[test]
fn entries_are_dropped_once_and_at_once() {
    dropped_once::<Atomic>();
    dropped_once::<Plain>();
}

fn panics<C: Counter>(sizes: &[u32]) {
    let changes: [fn(&mut ProbeMap<C>); 12] = [
        |map| drop(map.insert(Probe::new(1000), Probe::new(7))),
        |map| drop(map.insert(Probe::new(3), Probe::new(7))),
        |map| drop(map.remove(&Probe::new(4))),
        |map| drop(map.remove(&Probe::new(0))),
        |map| drop(map.pop_last()),
        |map| {
            if let Some(value) = map.get_mut(&Probe::new(0)) {
                *value = Probe::new(9);
            }
        },
        |map| *map = map.clone().union(probes(20..60)),
        |map| *map = map.clone().difference(&probes(0..30)),
        |map| map.retain(|key, _| key.id() % 2 == 0),
        |map| drop(map.split_off(&Probe::new(7))),
        |map| map.append(probes(1000..1003)),
        |map| map.iter_mut().for_each(|(_, value)| *value = Probe::new(1)),
    ];
    for (&size, change) in sizes.iter().flat_map(|size| changes.iter().map(move |change| (size, change))) {
        for (fuse, shared) in (0..45).chain([70, 200]).flat_map(|fuse| [(fuse, true), (fuse, false)]) {
            Probe::reset();
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
            assert_eq!(Probe::live(), 0, "size {size}, fuse {fuse}");
        }
    }
}

#[test]
fn a_panic_in_a_key_or_value_leaves_every_version_intact() {
    panics::<Atomic>(&[5, 8, 9, 40, 65]);
    panics::<Plain>(&[200]);
}

#[test]
fn a_panic_in_a_key_held_by_value_leaves_every_version_intact() {
    for (size, fuse) in
        [8, 12, 64, 97, 800].into_iter().flat_map(|size| (0..90).map(move |fuse| (size, fuse)))
    {
        let mut sole: OrdMap<Brittle, u32> = (1..=size).map(|id| (Brittle(id), id)).collect();
        let held: OrdMap<Brittle, u32> = (1..=size).map(|id| (Brittle(id), id)).collect();
        for change in 0..7 {
            let mut forked = held.clone();
            for map in [&mut forked, &mut sole] {
                let before: Vec<_> = map.keys().map(|key| key.0).collect();
                Brittle::set_fuse(Some(fuse));
                let interrupted = is_interrupted(|| match change {
                    0 => drop(map.insert(Brittle(1000), 1)),
                    1 => drop(map.insert(Brittle(0), 1)),
                    2 => drop(map.remove(&Brittle(5))),
                    3 => drop(map.pop_first()),
                    4 => drop(map.split_off(&Brittle(size / 2))),
                    5 => map.append([(Brittle(2000), 1)].into()),
                    _ => map.extend((1000..1040).map(|id| (Brittle(id), id))),
                });
                check(map);
                let after: Vec<_> = map.keys().map(|key| key.0).collect();
                if interrupted && change < 2 {
                    assert_eq!(after, before);
                }
                if change == 2 || change == 3 {
                    assert!(before.len() - after.len() <= 1);
                }
                // Whatever stays can still be found and removed.
                let mut copy = map.clone();
                assert!(after.iter().all(|id| copy.remove(&Brittle(*id)).is_some()) && copy.is_empty());
            }
            assert!(held.len() == size as usize && (1..=size).all(|id| held.get(&Brittle(id)) == Some(&id)));
        }
    }
}

#[test]
fn a_panic_in_drop_frees_the_rest() {
    for size in [1, 8, 33, 200] {
        let dropped = Rc::new(Cell::new(0));
        let map: rc::OrdMap<u32, Explosive> =
            (0..size).map(|id| (id, Explosive(dropped.clone(), id == size / 2))).collect();
        let held = map.clone();
        drop(map);
        assert_eq!(dropped.get(), 0);
        assert!(is_interrupted(|| drop(held)));
        assert_eq!(dropped.get(), size);
        let mut map: rc::OrdMap<u32, Explosive> = rc::OrdMap::new();
        map.insert(1, Explosive(dropped.clone(), true));
        assert!(is_interrupted(|| drop(map.insert(1, Explosive(dropped.clone(), false)))));
        assert!(map.len() == 1 && !map[&1].1);
    }
}

/// A key whose order is none: every comparison has another result.
#[derive(Clone, Debug)]
struct Fickle(u32, Rc<Cell<u64>>);

impl PartialEq for Fickle {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Fickle {}

impl PartialOrd for Fickle {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fickle {
    fn cmp(&self, other: &Self) -> Ordering {
        let state = self.1.get().wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        self.1.set(state);
        match state >> 60 {
            0..=6 => Ordering::Less,
            7..=8 => self.0.cmp(&other.0),
            _ => Ordering::Greater,
        }
    }
}

#[test]
fn keys_without_an_order_do_no_harm() {
    let state = Rc::new(Cell::new(7));
    let key = |id| Fickle(id, state.clone());
    let mut versions: Vec<rc::OrdMap<Fickle, String>> = vec![rc::OrdMap::new()];
    for draw in draws(&mut rng("fickle", 1), 6000, 1 << 40) {
        let (id, at) = ((draw % 500) as u32, (draw >> 20) as usize % versions.len());
        if draw >> 10 & 7 == 0 {
            let fork = versions[at].clone();
            versions.push(fork);
            if versions.len() > 6 {
                versions.swap_remove((draw >> 30) as usize % 6);
            }
            continue;
        }
        let other = versions[(draw >> 26) as usize % versions.len()].clone();
        let map = &mut versions[at];
        // A range or an append may be refused, because its ends seem to be the wrong way round.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match draw >> 13 & 15 {
            0..=7 => drop(map.insert(key(id), id.to_string())),
            8..=10 => drop(map.remove(&key(id))),
            11 => drop(map.split_off(&key(id))),
            // Entries of both maps may be taken for different ones, so the union may have all of them.
            12 if map.len() + other.len() < 1000 => *map = map.clone().union(other.clone()),
            13 => assert!(map.range(key(id)..key(id + 1)).count() <= map.len()),
            14 => assert!(map.diff(&other).count() <= map.len() + other.len()),
            _ => drop(map.pop_first()),
        }));
        assert_eq!(
            map.iter().map(|(key, value)| usize::from(value.parse() == Ok(key.0))).sum::<usize>(),
            map.len()
        );
    }
}

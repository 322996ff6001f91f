//! Ordered maps and sets from outside: with nodes as large as a user gets them. The unit tests have small nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use persistent_collections::counter::{Atomic, Counter, Plain};
use persistent_collections::{GenericOrdMap, OrdMap, OrdSet, ordmap, ordset, rc};
use scenarios::input::{draws, rng, shuffled};

/// Contents that lie in leaves by value, or behind pointers.
trait Item: Clone + Ord + Debug {
    fn of(id: u64) -> Self;
}

impl Item for u64 {
    fn of(id: u64) -> Self {
        id
    }
}

impl Item for u8 {
    fn of(id: u64) -> Self {
        id as u8
    }
}

impl Item for String {
    fn of(id: u64) -> Self {
        format!("{id:08}")
    }
}

/// Grows a map in random order and shrinks it again, while a version is kept from time to time.
fn grows_and_shrinks<K: Item, V: Item, C: Counter>(count: usize) {
    let order = shuffled(&mut rng("grow", count), count);
    let (mut map, mut model) = (GenericOrdMap::<K, V, C>::new(), BTreeMap::new());
    let mut kept = Vec::new();
    for (step, id) in order.iter().enumerate() {
        assert_eq!(map.insert(K::of(*id), V::of(*id)), model.insert(K::of(*id), V::of(*id)));
        if step % (count / 5) == 0 {
            kept.push((map.clone(), model.clone()));
        }
    }
    assert!(map.iter().eq(&model) && map.iter().rev().eq(model.iter().rev()));
    assert!(order.iter().all(|id| map.get(&K::of(*id)) == model.get(&K::of(*id))));
    for (step, id) in order.iter().enumerate() {
        assert_eq!(map.remove(&K::of(*id)), model.remove(&K::of(*id)));
        if step % (count / 5) == 0 {
            assert!(map.iter().eq(&model) && map.len() == model.len());
        }
    }
    assert!(map.is_empty());
    kept.iter().for_each(|(map, model)| assert!(map.iter().eq(model)));
}

#[test]
fn maps_grow_and_shrink_like_those_of_std() {
    grows_and_shrinks::<u64, u64, Atomic>(40_000);
    grows_and_shrinks::<u64, u64, Plain>(40_000);
    grows_and_shrinks::<u64, u8, Atomic>(20_000);
    grows_and_shrinks::<String, u64, Plain>(5_000);
    grows_and_shrinks::<u64, String, Atomic>(5_000);
}

/// Cuts a map and joins the pieces, again and again.
fn cuts_and_joins<K: Item, V: Item, C: Counter>(count: u64, rounds: usize) {
    let all: GenericOrdMap<K, V, C> = (0..count).map(|id| (K::of(id), V::of(id))).collect();
    let mut map = all.clone();
    for cut in draws(&mut rng("cut", rounds), rounds, count as usize) {
        let mut behind = map.split_off(&K::of(cut));
        assert_eq!((map.len() as u64, behind.len() as u64), (cut, count - cut));
        assert_eq!(behind.first_key_value(), Some((&K::of(cut), &V::of(cut))));
        let farther = behind.split_off(&K::of(cut + (count - cut) / 20));
        behind.append(farther);
        map.append(behind);
    }
    assert_eq!(map, all);
    assert!(map.keys().cloned().eq((0..count).map(K::of)));
    // The tree is still a good one: everything can be changed and removed.
    for id in 0..count {
        assert_eq!(map.remove(&K::of(id)), Some(V::of(id)));
    }
}

#[test]
fn maps_are_cut_and_joined() {
    cuts_and_joins::<u64, u64, Atomic>(30_000, 2_000);
    cuts_and_joins::<u64, String, Plain>(3_000, 1_000);
    cuts_and_joins::<String, u64, Atomic>(300, 1_000);
}

#[test]
fn ranges_are_those_of_std() {
    let ids = draws(&mut rng("ranges", 1), 5_000, 1 << 20);
    let map: OrdMap<u64, u64> = ids.iter().map(|id| (*id, *id)).collect();
    let model: BTreeMap<u64, u64> = ids.iter().map(|id| (*id, *id)).collect();
    for bounds in draws(&mut rng("bounds", 1), 2_000, 1 << 20).chunks_exact(2) {
        let (from, to) = (bounds[0].min(bounds[1]), bounds[0].max(bounds[1]));
        assert!(map.range(from..to).eq(model.range(from..to)));
        assert!(map.range(from..=to).rev().eq(model.range(from..=to).rev()));
        assert!(map.range(..from).rev().take(100).eq(model.range(..from).rev().take(100)));
        assert_eq!(map.get_next(&from), model.range(from..).next());
        assert_eq!(map.get_prev(&to), model.range(..=to).next_back());
    }
}

#[test]
fn sets_and_unions_are_those_of_std() {
    let numbers =
        |seed: usize| -> BTreeSet<u64> { draws(&mut rng("sets", seed), 3_000, 8_000).into_iter().collect() };
    let (left, right) = (numbers(1), numbers(2));
    let (ours, theirs): (OrdSet<u64>, OrdSet<u64>) = ((&left).into(), (&right).into());
    assert!((&ours + &theirs).iter().eq(left.union(&right)));
    assert!((&ours * &theirs).iter().eq(left.intersection(&right)));
    assert!(ours.clone().difference(&theirs).iter().eq(left.difference(&right)));
    assert!(ours.clone().symmetric_difference(&theirs).iter().eq(left.symmetric_difference(&right)));
    assert_eq!(ours.is_subset(&theirs), left.is_subset(&right));
    assert!((&ours * &theirs).is_subset(&ours) && ours.is_superset(&OrdSet::new()));
    // Versions that have little in addition take another way than maps that share nothing.
    let few: OrdSet<u64> = ours.update(9_000).update(9_001).without(left.first().expect("there are some"));
    assert_eq!(BTreeSet::from(ours.clone().union(few.clone())), &left | &[9_000, 9_001].into());
    assert_eq!(Vec::from(few.difference(&ours)), [9_000, 9_001]);
    assert_eq!([ours.clone(), theirs].into_iter().sum::<OrdSet<u64>>().len(), left.union(&right).count());
}

#[test]
fn conversions_macros_and_texts() {
    let model: BTreeMap<String, u64> = (0..200).map(|id| (String::of(id), id)).collect();
    let map = rc::OrdMap::from(&model);
    assert_eq!(BTreeMap::from(map.clone()), model);
    assert_eq!(rc::OrdMap::from(model.clone()), map);
    assert_eq!(rc::OrdMap::from(Vec::from(map.clone())), map);
    assert_eq!(ordmap! { 2 => 'b', 1 => 'a' }.to_string(), "{1: a, 2: b}");
    assert_eq!(ordset![3, 1, 2].to_string(), "{1, 2, 3}");
    assert_eq!(rc::ordmap! { 1 => 2 } + rc::ordmap! { 1 => 3, 2 => 4 }, rc::ordmap! { 1 => 2, 2 => 4 });
    assert!(rc::ordset![1] < rc::ordset![1, 2] && ordmap! { 1 => 2 } < ordmap! { 1 => 3 });
}

#[cfg(feature = "serde")]
#[test]
fn maps_and_sets_are_serialized_in_order() {
    let map = ordmap! { "b".to_owned() => 2, "a".to_owned() => 1 };
    let text = serde_json::to_string(&map).expect("it is plain data");
    assert_eq!(text, r#"{"a":1,"b":2}"#);
    assert_eq!(serde_json::from_str::<OrdMap<String, i32>>(&text).expect("it was written so"), map);
    let set = ordset![3, 1];
    let text = serde_json::to_string(&set).expect("it is plain data");
    assert_eq!(text, "[1,3]");
    assert_eq!(serde_json::from_str::<OrdSet<i32>>("[3,1,1]").expect("it is a sequence"), set);
    assert!(serde_json::from_str::<OrdSet<i32>>("7").is_err());
}

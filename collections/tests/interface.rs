//! The methods that make the collections convenient, each compared with the collections of std. The tests of memory and
//! soundness are elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap as StdMap, HashSet as StdSet, VecDeque};
use std::fmt::Debug;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, RandomState};

use collections::counter::{Atomic, Counter, Plain};
use collections::{
    GenericHashMap, GenericHashSet, GenericVector, HashMap, HashSet, Vector, get_in, hashmap, hashset, rc,
    update_in, vector,
};

/// Contents that lie in leaves by value, or behind pointers.
trait Item: Clone + Ord + Hash + Debug {
    fn of(id: u32) -> Self;
    fn id(&self) -> u32;
}

impl Item for u32 {
    fn of(id: u32) -> Self {
        id
    }

    fn id(&self) -> u32 {
        *self
    }
}

impl Item for String {
    fn of(id: u32) -> Self {
        id.to_string()
    }

    fn id(&self) -> u32 {
        self.parse().expect("made of an id")
    }
}

type Map<T, C> = GenericHashMap<T, T, BuildHasherDefault<DefaultHasher>, C>;

fn map<T: Item, C: Counter>(keys: impl IntoIterator<Item = u32>, value: impl Fn(u32) -> u32) -> Map<T, C> {
    keys.into_iter().map(|key| (T::of(key), T::of(value(key)))).collect()
}

fn sorted<T: Item, S, C: Counter>(map: &GenericHashMap<T, T, S, C>) -> BTreeMap<u32, u32> {
    let entries: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
    assert_eq!(entries.len(), map.len());
    entries
}

/// Calls a generic function for contents of both kinds and both counters.
macro_rules! for_all {
    ($function:ident) => {
        $function::<u32, Atomic>();
        $function::<u32, Plain>();
        $function::<String, Atomic>();
        $function::<String, Plain>();
    };
}

/// Pairs of maps: unrelated ones, and versions of one map, of several sizes.
fn pairs<T: Item, C: Counter>() -> Vec<(Map<T, C>, Map<T, C>)> {
    let mut pairs = Vec::new();
    for size in [0, 1, 7, 40, 500] {
        let base = map::<T, C>(0..size, |key| key * 2);
        let mut fork = base.clone();
        (size / 2..size / 2 + 5).for_each(|key| drop(fork.insert(T::of(key), T::of(7))));
        fork.remove(&T::of(0));
        pairs.push((base.clone(), fork.clone()));
        pairs.push((fork, base.clone()));
        pairs.push((base.clone(), base.clone()));
        pairs.push((base, map(size / 3..size + 3, |key| key + 1)));
    }
    pairs
}

fn two_maps<T: Item, C: Counter>() {
    for (left, right) in pairs::<T, C>() {
        let (ours, theirs) = (sorted(&left), sorted(&right));
        let merged = |both: &dyn Fn(u32, u32, u32) -> Option<u32>, right_only: bool| {
            let mut merged = ours.clone();
            for (key, value) in &theirs {
                match ours.get(key) {
                    Some(own) => match both(*key, *own, *value) {
                        Some(value) => drop(merged.insert(*key, value)),
                        None => drop(merged.remove(key)),
                    },
                    None if right_only => drop(merged.insert(*key, *value)),
                    None => {}
                }
            }
            merged
        };
        let combined = |left: &T, right: &T| T::of(3 * left.id() + right.id());
        let keyed = |key: &T, left: &T, right: &T| T::of(key.id() + 3 * left.id() + right.id());
        let united = merged(&|_, left, right| Some(3 * left + right), true);
        let united_by_key = merged(&|key, left, right| Some(key + 3 * left + right), true);
        assert_eq!(sorted(&left.clone().union_with(right.clone(), |l, r| combined(&l, &r))), united);
        assert_eq!(
            sorted(&left.clone().union_with_key(right.clone(), |k, l, r| keyed(k, &l, &r))),
            united_by_key
        );
        let both = [left.clone(), right.clone()];
        assert_eq!(sorted(&Map::unions(both.clone())), merged(&|_, left, _| Some(left), true));
        assert_eq!(sorted(&both.iter().cloned().sum()), merged(&|_, left, _| Some(left), true));
        assert_eq!(sorted(&(&left + &right)), merged(&|_, left, _| Some(left), true));
        assert_eq!(sorted(&(left.clone() + right.clone())), merged(&|_, left, _| Some(left), true));
        assert_eq!(sorted(&Map::unions_with(both.clone(), |l, r| combined(&l, &r))), united);
        assert_eq!(sorted(&Map::unions_with_key(both, |k, l, r| keyed(k, &l, &r))), united_by_key);

        let odd = |value: u32| (value % 2 == 1).then_some(value);
        let odd_item = |value: T| (value.id() % 2 == 1).then_some(value);
        let rest = merged(&|_, left, right| odd(3 * left + right), false);
        assert_eq!(sorted(&left.clone().difference_with(&right, |l, r| odd_item(combined(&l, &r)))), rest);
        let rest = merged(&|key, left, right| odd(key + 3 * left + right), false);
        let by_key = left.clone().difference_with_key(&right, |k, l, r| odd_item(keyed(k, &l, &r)));
        assert_eq!(sorted(&by_key), rest);
        let either = merged(&|_, left, right| odd(3 * left + right), true);
        let found = left.clone().symmetric_difference_with(&right, |l, r| odd_item(combined(&l, &r)));
        assert_eq!(sorted(&found), either);
        let either = merged(&|key, left, right| odd(key + 3 * left + right), true);
        let found = left.clone().symmetric_difference_with_key(&right, |k, l, r| odd_item(keyed(k, &l, &r)));
        assert_eq!(sorted(&found), either);

        let common = ours.iter().filter_map(|(key, own)| Some((*key, 3 * own + theirs.get(key)?)));
        let common: BTreeMap<_, _> = common.collect();
        assert_eq!(sorted(&left.clone().intersection_with(&right, |l, r| combined(&l, &r))), common);
        let common: BTreeMap<_, _> = common.into_iter().map(|(key, value)| (key, key + value)).collect();
        assert_eq!(sorted(&left.clone().intersection_with_key(&right, |k, l, r| keyed(k, &l, &r))), common);

        assert_eq!(left.is_proper_submap(&right), left.is_submap(&right) && left.len() < right.len());
        assert!(left.update(T::of(9999), T::of(1)).len() == left.len() + 1);
        assert!(left.is_proper_submap(&left.update(T::of(9999), T::of(1))) && !left.is_proper_submap(&left));
        assert_eq!(
            left.is_proper_submap_by(&right, |_, _| true),
            ours.len() < theirs.len() && ours.keys().all(|key| theirs.contains_key(key))
        );
        assert_eq!((left.cmp(&right), left.partial_cmp(&right)), {
            let items = |map: &BTreeMap<u32, u32>| -> BTreeMap<T, T> {
                map.iter().map(|(key, value)| (T::of(*key), T::of(*value))).collect()
            };
            let order = items(&ours).cmp(&items(&theirs));
            (order, Some(order))
        });
        let elsewhere: GenericHashMap<T, T, RandomState, Plain> = right.clone().into_iter().collect();
        assert_eq!(left.has_entries_of(&elsewhere), ours == theirs);
        assert_eq!((sorted(&left), sorted(&right)), (ours, theirs));
    }
}

#[test]
fn operations_on_two_maps() {
    for_all!(two_maps);
}

fn one_entry<T: Item, C: Counter>() {
    for size in [0, 1, 7, 40, 500] {
        let base = map::<T, C>(0..size, |key| key * 2);
        let before = sorted(&base);
        for key in [0, size / 2, size + 1] {
            let (item, old) = (T::of(key), before.get(&key).copied());
            let with = |value| {
                let mut entries = before.clone();
                entries.insert(key, value);
                entries
            };
            let sum = |left: &T, right: &T| T::of(left.id() + 10 * right.id());
            let summed = with(old.map_or(3, |old| old + 30));
            assert_eq!(sorted(&base.update_with(item.clone(), T::of(3), |l, r| sum(&l, &r))), summed);
            let keyed = |k: &T, l: &T, r: &T| T::of(k.id() + l.id() + 10 * r.id());
            let summed = with(old.map_or(3, |old| key + old + 30));
            let new = base.update_with_key(item.clone(), T::of(3), |k, l, r| keyed(k, &l, &r));
            assert_eq!(sorted(&new), summed);
            let (found, new) = base.update_lookup_with_key(item.clone(), T::of(3), |k, l, r| keyed(k, l, &r));
            assert_eq!((found.map(|found| found.id()), sorted(&new)), (old, summed));

            let mut rest = before.clone();
            rest.remove(&key);
            let extracted = base.extract(&item).map(|(value, map)| (value.id(), sorted(&map)));
            assert_eq!(extracted, old.map(|old| (old, rest.clone())));
            let extracted = base.extract_with_key(&item).map(|(k, v, map)| (k.id(), v.id(), sorted(&map)));
            assert_eq!(extracted, old.map(|old| (key, old, rest.clone())));
            let mut removed = base.clone();
            let entry = removed.remove_entry(&item).map(|(key, value)| (key.id(), value.id()));
            assert_eq!((entry, sorted(&removed)), (old.map(|old| (key, old)), rest));

            let mut changed = base.clone();
            if let Some((stored, value)) = changed.get_key_value_mut(&item) {
                *value = T::of(stored.id() + 1);
            }
            assert_eq!(sorted(&changed), if old.is_some() { with(key + 1) } else { before.clone() });
        }
        assert_eq!(sorted(&base), before);
        assert!(base.new_from::<u8, u8>().is_empty());
    }
}

#[test]
fn changes_to_one_entry() {
    for_all!(one_entry);
}

fn conversions<T: Item, C: Counter>() {
    let entries: Vec<(T, T)> = (0..100).map(|id| (T::of(id), T::of(id + 1))).collect();
    let expected: Map<T, C> = entries.iter().cloned().collect();
    let std_map: StdMap<T, T> = entries.iter().cloned().collect();
    let tree: BTreeMap<T, T> = entries.iter().cloned().collect();
    assert_eq!(Map::<T, C>::from(entries.clone()), expected);
    assert_eq!(Map::<T, C>::from(&entries), expected);
    assert_eq!(Map::<T, C>::from(entries.as_slice()), expected);
    assert_eq!(Map::<T, C>::from(std_map.clone()), expected);
    assert_eq!(Map::<T, C>::from(&std_map), expected);
    assert_eq!(Map::<T, C>::from(tree.clone()), expected);
    assert_eq!(Map::<T, C>::from(&tree), expected);
    assert_eq!(StdMap::<T, T>::from(expected.clone()), std_map);
    assert_eq!(BTreeMap::from(expected.clone()), tree);
    assert_eq!(Vec::from(expected.clone()).into_iter().collect::<BTreeMap<_, _>>(), tree);

    type Set<T, C> = GenericHashSet<T, BuildHasherDefault<DefaultHasher>, C>;
    let elements: Vec<T> = (0..100).map(T::of).collect();
    let expected: Set<T, C> = elements.iter().cloned().collect();
    let vector: GenericVector<T, Plain> = elements.clone().into();
    let std_set: StdSet<T> = elements.iter().cloned().collect();
    let tree: BTreeSet<T> = elements.iter().cloned().collect();
    assert_eq!(Set::<T, C>::from(elements.clone()), expected);
    assert_eq!(Set::<T, C>::from(&elements), expected);
    assert_eq!(Set::<T, C>::from(elements.as_slice()), expected);
    assert_eq!(Set::<T, C>::from(vector.clone()), expected);
    assert_eq!(Set::<T, C>::from(&vector), expected);
    assert_eq!(Set::<T, C>::from(std_set.clone()), expected);
    assert_eq!(Set::<T, C>::from(&std_set), expected);
    assert_eq!(Set::<T, C>::from(tree.clone()), expected);
    assert_eq!(Set::<T, C>::from(&tree), expected);
    assert_eq!(StdSet::<T>::from(expected.clone()), std_set);
    assert_eq!(Vec::from(expected.clone()).into_iter().collect::<BTreeSet<_>>(), tree);
    assert_eq!(BTreeSet::from(expected), tree);

    let deque: VecDeque<T> = elements.iter().cloned().collect();
    let expected: GenericVector<T, C> = elements.iter().cloned().collect();
    assert_eq!(GenericVector::<T, C>::from(deque.clone()), expected);
    assert_eq!(GenericVector::<T, C>::from(elements.clone().into_boxed_slice()), expected);
    assert_eq!(GenericVector::<T, C>::from(&[T::of(0), T::of(1)]), expected.take(2));
    assert_eq!((Vec::from(&expected), VecDeque::from(expected)), (elements, deque));
}

#[test]
fn from_and_to_std() {
    for_all!(conversions);
}

#[test]
fn macros() {
    assert_eq!(hashmap! { 1 => 'a', 2 => 'b', }, HashMap::from([(1, 'a'), (2, 'b')]));
    assert_eq!((hashset![1, 2, 1], hashset![1,]), (HashSet::from([1, 2]), HashSet::from([1])));
    assert_eq!((vector![1, 2, 3], vector![1,]), (Vector::from([1, 2, 3]), Vector::from([1])));
    assert_eq!(vector![7; 200], (0..200).map(|_| 7).collect::<Vector<_>>());
    let empty: (HashMap<u8, u8>, HashSet<u8>, Vector<u8>) = (hashmap! {}, hashset![], vector![]);
    assert!(empty.0.is_empty() && empty.1.is_empty() && empty.2.is_empty());

    let local: (rc::HashMap<_, _>, rc::HashSet<_>, rc::Vector<_>) =
        (rc::hashmap! { 1 => 'a' }, rc::hashset![1], rc::vector![1]);
    assert_eq!((local.0[&1], local.1.len(), local.2.len()), ('a', 1, 1));
    let empty: (rc::HashMap<u8, u8>, rc::HashSet<u8>, rc::Vector<u8>) =
        (rc::hashmap! {}, rc::hashset![], rc::vector![]);
    assert!(empty.0.is_empty() && empty.1.is_empty() && empty.2.is_empty());
    assert_eq!(rc::vector![1; 3], rc::vector![1, 1, 1]);

    let nested = vector![hashmap! { "a" => vector![1, 2] }, hashmap! {}];
    assert_eq!(get_in!(nested, 0), Some(&nested[0]));
    assert_eq!(get_in!(nested, 0 => &"a" => 1), Some(&2));
    assert_eq!((get_in!(nested, 1 => &"a" => 1), get_in!(nested, 0 => "a" => 2)), (None, None));
    let changed = update_in!(nested, 0 => "a" => 1, 5);
    assert_eq!((get_in!(changed, 0 => "a" => 1), get_in!(nested, 0 => "a" => 1)), (Some(&5), Some(&2)));
    let added = update_in!(nested, 1 => "b", vector![3]);
    assert_eq!((get_in!(added, 1 => "b" => 0), nested[1].len()), (Some(&3), 0));
    assert_eq!(update_in!(vector![1, 2], 1, 3), vector![1, 3]);
}

#[test]
#[should_panic(expected = "a step of the path leads nowhere")]
fn a_path_that_leads_nowhere() {
    let nested = vector![vector![1]];
    let _ = update_in!(nested, 1 => 0, 2);
}

fn sets<T: Item, C: Counter>() {
    type Set<T, C> = GenericHashSet<T, BuildHasherDefault<DefaultHasher>, C>;
    let set = |ids: std::ops::Range<u32>| -> Set<T, C> { ids.map(T::of).collect() };
    let tree = |ids: std::ops::Range<u32>| -> BTreeSet<T> { ids.map(T::of).collect() };
    let (left, right) = (set(0..60), set(40..100));
    assert_eq!((left.clone() + right.clone(), &left + &right), (set(0..100), set(0..100)));
    assert_eq!((left.clone() * right.clone(), &left * &right), (set(40..60), set(40..60)));
    assert_eq!(Set::unions([left.clone(), right.clone(), set(200..201)]).len(), 101);
    assert_eq!([left.clone(), right.clone()].into_iter().sum::<Set<T, C>>(), set(0..100));
    assert_eq!(left.cmp(&right), tree(0..60).cmp(&tree(40..100)));
    assert_eq!(left.partial_cmp(&left.clone()), Some(std::cmp::Ordering::Equal));
    let elsewhere: HashSet<T> = (0..60).map(T::of).collect();
    assert!(left.has_elements_of(&elsewhere) && !right.has_elements_of(&elsewhere));
    assert!(left.new_from::<u8>().is_empty());
}

#[test]
fn operations_on_sets() {
    for_all!(sets);
}

#[test]
fn texts() {
    assert_eq!(vector![1, 2].to_string(), "[1, 2]");
    assert_eq!(format!("{:.1}", vector![1.25, 2.0]), "[1.2, 2.0]");
    assert_eq!(
        (hashset!["a"].to_string(), hashmap! { 1 => 'a' }.to_string()),
        ("{a}".into(), "{1: a}".into())
    );
    assert_eq!(
        (HashSet::<u8>::new().to_string(), hashmap! { 1 => 2, 3 => 4 }.to_string().len()),
        ("{}".into(), 12)
    );
}

//! The methods that make the collections convenient, each compared with the collections of std. The tests of memory and
//! soundness are elsewhere.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap as StdMap, HashSet as StdSet, VecDeque};
use std::fmt::Debug;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, RandomState};
use std::rc::Rc;

use persistent_collections::counter::{Atomic, Counter, Plain};
use persistent_collections::{
    GenericHashMap, GenericHashSet, GenericVector, HashMap, HashSet, Shared, Vector, get_in, hashmap,
    hashset, rc, update_in, vector,
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
fn from_borrowed_to_owned() {
    let owned: HashMap<String, u32> = HashMap::from(&rc::hashmap! { "a" => &1 });
    assert_eq!(owned, hashmap! { "a".to_owned() => 1 });
    assert_eq!(HashSet::<String>::from(&hashset!["a"]), hashset!["a".to_owned()]);
    assert_eq!(Vector::<String>::from(&vector!["a", "b"]), vector!["a".to_owned(), "b".to_owned()]);
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

fn changes_to_all_values<T: Item, C: Counter>() {
    for size in [0, 1, 7, 40, 500] {
        let base = map::<T, C>(0..size, |key| key);
        let before = sorted(&base);
        let changed: BTreeMap<u32, u32> = before.iter().map(|(key, value)| (*key, value + key + 1)).collect();
        // A version that shares everything, one that shares part, one that shares nothing.
        let mut fork = base.update(T::of(size / 2), T::of(size / 2));
        let sole = map::<T, C>(0..size, |key| key);
        fork.remove(&T::of(size + 1));
        for mut version in [base.clone(), fork, sole] {
            version.remove(&T::of(size));
            let expected: BTreeMap<u32, u32> =
                changed.iter().filter(|entry| *entry.0 < size).map(|(key, value)| (*key, *value)).collect();
            let mut iter = version.iter_mut();
            assert_eq!(iter.len(), size as usize);
            iter.by_ref().for_each(|(key, value)| *value = T::of(value.id() + key.id() + 1));
            assert!(iter.next().is_none());
            assert_eq!(sorted(&version), expected);
            version.values_mut().for_each(|value| *value = T::of(value.id() + 1));
            (&mut version).into_iter().for_each(|(_, value)| *value = T::of(value.id() - 1));
            assert_eq!((sorted(&version), version.values_mut().len()), (expected, size as usize));
            // The index still finds every entry, and so does a version made afterwards.
            let copy = version.clone();
            assert!((0..size).all(|key| copy.get(&T::of(key)).map(T::id) == changed.get(&key).copied()));
        }
        assert_eq!(sorted(&base), before);
    }
}

#[test]
fn iter_mut_and_values_mut_of_maps() {
    for_all!(changes_to_all_values);
}

fn maps_by_value<T: Item, C: Counter>() {
    for size in [0, 1, 7, 40, 500] {
        for taken in [0, size.min(1), size / 2, size] {
            let base = map::<T, C>(0..size, |key| key);
            let expected = sorted(&base);
            let fork = base.update(T::of(1000), T::of(1));
            let mut iter = fork.into_iter();
            let first: Vec<(T, T)> = iter.by_ref().take(taken as usize).collect();
            assert_eq!((first.len(), iter.len()), (taken as usize, size as usize + 1 - taken as usize));
            drop(iter);
            assert_eq!(sorted(&base), expected);
            let mut iter = base.into_iter();
            let mut all: BTreeMap<u32, u32> = BTreeMap::new();
            for (key, value) in iter.by_ref().take(taken as usize) {
                assert_eq!(all.insert(key.id(), value.id()), None);
            }
            assert_eq!(iter.len(), (size - taken) as usize);
            if taken % 2 == 0 {
                all.extend(iter.map(|(key, value)| (key.id(), value.id())));
                assert_eq!(all, expected);
            }
        }
    }
}

#[test]
fn into_iter_of_maps() {
    for_all!(maps_by_value);
}

/// Something that cannot be cloned, lies behind a pointer in a map, and counts itself.
#[derive(Debug)]
struct Token<'a>(u32, &'a Cell<i32>);

impl<'a> Token<'a> {
    fn new(id: u32, alive: &'a Cell<i32>) -> Self {
        alive.set(alive.get() + 1);
        Token(id, alive)
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        self.1.set(self.1.get() - 1);
    }
}

/// Something that cannot be cloned, needs no drop, and lies in the nodes by value.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bare(u32);

#[test]
fn moved_entries_are_dropped_once() {
    #[derive(Clone)]
    struct Counted(Rc<u32>);
    for (size, taken) in [(5, 2), (5, 5), (100, 0), (100, 33), (500, 500)] {
        let count = Rc::new(0);
        let make =
            || -> rc::HashMap<u32, Counted> { (0..size).map(|key| (key, Counted(count.clone()))).collect() };
        let (sole, shared) = (make(), make());
        let version = shared.clone();
        assert_eq!(Rc::strong_count(&count), 2 * size as usize + 1);
        let entries: Vec<_> = sole.into_iter().take(taken).collect();
        // They were moved, and the others are gone.
        assert_eq!(Rc::strong_count(&count), size as usize + taken + 1);
        let clones: Vec<_> = shared.into_iter().take(taken).collect();
        assert_eq!(Rc::strong_count(&count), size as usize + 2 * taken + 1);
        assert!(clones.iter().all(|(key, value)| *key < size && Rc::ptr_eq(&value.0, &count)));
        drop((entries, clones, version));
        assert_eq!(Rc::strong_count(&count), 1);
    }
}

#[test]
fn maps_without_clone() {
    let alive = Cell::new(0);
    for size in [7, 40, 500] {
        let entries = (0..size).map(|id| (id, Token::new(id, &alive)));
        let mut map = rc::HashMap::<_, _>::from_iter_uncloned(entries);
        let before = map.clone();
        let (mut there, mut gone) = (0..size, 0);
        assert_eq!(map.insert_uncloned(1000, Token::new(1, &alive)).ok(), Some(false));
        assert_eq!(map.insert_uncloned(0, Token::new(7, &alive)).ok(), Some(true));
        for id in (0..size).step_by(3) {
            assert_eq!((map.remove_uncloned(&id), map.remove_uncloned(&id)), (Ok(true), Ok(false)));
            gone += 1;
        }
        assert!(there.all(|id| map.contains_key(&id) == (id % 3 != 0) && before[&id].0 == id));
        assert_eq!(map.len(), (size + 1 - gone) as usize);
        assert!(map.get_mut_uncloned(&1).is_none());
        let map = map.into_vec_uncloned().expect_err("versions share entries");
        drop(map);
        assert_eq!(alive.get(), size as i32);
        let mut before = before;
        before.get_mut_uncloned(&0).expect("nothing is shared any more").0 = 9;
        assert_eq!((before[&0].0, before.get_mut_uncloned(&1000).is_none()), (9, true));
        let tokens = before.into_vec_uncloned().expect("nothing is shared any more");
        assert_eq!((tokens.len(), alive.get()), (size as usize, size as i32));
        drop(tokens);
        assert_eq!(alive.get(), 0);
    }
}

#[test]
fn maps_of_values_in_the_nodes_without_clone() {
    for size in [1, 7, 40, 500] {
        let mut map = HashMap::<Bare, Bare>::from_iter_uncloned((0..size).map(|id| (Bare(id), Bare(id))));
        assert_eq!(map.insert_uncloned(Bare(0), Bare(5)), Ok(true));
        assert_eq!((map.remove_uncloned(&Bare(0)), map.remove_uncloned(&Bare(0))), (Ok(true), Ok(false)));
        assert_eq!(map.insert_uncloned(Bare(0), Bare(6)), Ok(false));
        *map.get_mut_uncloned(&Bare(0)).expect("nothing is shared") = Bare(0);
        let before = map.clone();
        assert_eq!(map.insert_uncloned(Bare(0), Bare(5)), Err(Shared((Bare(0), Bare(5)))));
        assert_eq!(map.remove_uncloned(&Bare(0)), Err(Shared(())));
        assert_eq!((map.remove_uncloned(&Bare(9999)), map.get_mut_uncloned(&Bare(0))), (Ok(false), None));
        drop(before);
        assert_eq!(map.insert_uncloned(Bare(1000), Bare(1000)), Ok(false));
        let mut entries = map.into_vec_uncloned().expect("nothing is shared any more");
        entries.sort_by_key(|entry| entry.0.0);
        assert!(entries.len() == size as usize + 1 && entries.iter().all(|entry| entry.0 == entry.1));
    }
    let mut set = HashSet::<Bare>::from_iter_uncloned([Bare(1), Bare(2)]);
    assert_eq!((set.insert_uncloned(Bare(2)), set.insert_uncloned(Bare(3))), (Ok(false), Ok(true)));
    assert_eq!(set.remove_uncloned(&Bare(1)), Ok(true));
    let version = set.clone();
    assert_eq!(set.insert_uncloned(Bare(4)), Err(Shared(Bare(4))));
    let set = set.into_vec_uncloned().expect_err("a version shares the elements");
    drop(version);
    assert_eq!(set.into_vec_uncloned().map(|elements| elements.len()), Ok(2));
}

#[test]
fn vectors_without_clone() {
    let alive = Cell::new(0);
    for size in [1, 7, 16, 17, 40, 300, 1000] {
        let mut vector = rc::Vector::from_iter_uncloned((0..size).map(|id| Token::new(id, &alive)));
        assert!(vector.iter().zip(0..size).all(|(token, id)| token.0 == id));
        let before = vector.share().expect("the elements lie in nodes");
        // Each leaf has 16 elements, so the next one goes to a new leaf if the last one is full.
        match vector.push_back_uncloned(Token::new(7, &alive)) {
            Ok(()) => assert_eq!(
                vector.pop_back_uncloned().map(|token| token.map(|token| token.0)).ok(),
                Some(Some(7))
            ),
            Err(Shared(token)) => assert_eq!(token.0, 7),
        }
        assert!(vector.pop_back_uncloned().is_err() && vector.get_mut_uncloned(0).is_none());
        assert_eq!(
            vector.set_uncloned(0, Token::new(3, &alive)).map_err(|Shared(token)| token.0).err(),
            Some(3)
        );
        let vector = vector.into_vec_uncloned().expect_err("a version shares the elements");
        assert!(vector.iter().zip(0..size).all(|(token, id)| token.0 == id) && vector.len() == before.len());
        drop(before);
        let mut vector = vector;
        (0..size as usize).for_each(|at| vector.get_mut_uncloned(at).expect("nothing is shared").0 += 1);
        assert_eq!(vector.set_uncloned(0, Token::new(1, &alive)).map(|token| token.0).ok(), Some(1));
        assert_eq!(vector.pop_back_uncloned().map(|token| token.map(|token| token.0)).ok(), Some(Some(size)));
        assert!(vector.push_back_uncloned(Token::new(size, &alive)).is_ok());
        let tokens = vector.into_vec_uncloned().expect("nothing is shared");
        assert!(tokens.iter().zip(1..).all(|(token, id)| token.0 == id) && tokens.len() == size as usize);
        assert_eq!(alive.get(), size as i32);
        drop(tokens);
        assert_eq!(alive.get(), 0);
    }
    for size in [0, 1, 8, 9, 40, 300] {
        let mut vector = Vector::from_iter_uncloned((0..size).map(Bare));
        assert_eq!(vector.share().is_some(), size == 0 || size > 8);
        *vector.get_mut_uncloned(0).unwrap_or(&mut Bare(0)) = Bare(0);
        assert_eq!(vector.get_mut_uncloned(size as usize), None);
        vector.push_back_uncloned(Bare(size)).expect("nothing is shared");
        assert_eq!(vector.pop_back_uncloned(), Ok(Some(Bare(size))));
        let values = vector.into_vec_uncloned().expect("nothing is shared");
        assert!(values.into_iter().eq((0..size).map(Bare)));
    }
}

/// Vectors of several lengths and shapes, with versions that share their nodes.
fn vectors<T: Item, C: Counter>() -> Vec<GenericVector<T, C>> {
    let mut vectors = Vec::new();
    for length in [0, 1, 8, 9, 64, 65, 300, 2000] {
        let vector: GenericVector<T, C> = (0..length).map(T::of).collect();
        vectors.push(vector.clone());
        let mut relaxed = vector.slice(vector.len() / 3..);
        relaxed.append(vector.clone());
        relaxed.push_back(T::of(5));
        vectors.extend([relaxed, vector]);
    }
    vectors
}

fn focuses<T: Item, C: Counter>() {
    let mut versions = vectors::<T, C>();
    let before: Vec<Vec<T>> = versions.iter().map(Vec::from).collect();
    for vector in &versions {
        let (expected, length) = (Vec::from(vector), vector.len());
        let mut focus = vector.focus();
        assert_eq!((focus.len(), focus.is_empty(), focus.get(length)), (length, length == 0, None));
        for index in (0..length).chain((0..length).rev()).chain((0..length).map(|index| index * 7 % length)) {
            assert_eq!((focus.get(index), focus.index(index)), (Some(&expected[index]), &expected[index]));
        }
        let (from, to) = (length / 4, length / 2);
        let mut part = focus.clone().narrow(from..to);
        assert!(part.clone().into_iter().eq(&expected[from..to]));
        assert_eq!(format!("{part:?}"), format!("{:?}", &expected[from..to]));
        let mut next = 0;
        while next < part.len() {
            let (range, chunk) = part.chunk_at(next);
            assert!(range.start == next && chunk == &expected[from..to][range.clone()]);
            next = range.end;
        }
        let (left, mut right) = focus.split_at(from);
        assert!(left.into_iter().eq(&expected[..from]));
        assert!((0..right.len()).all(|index| right.get(index) == expected.get(from + index)));
    }
    for at in 0..versions.len() {
        let expected = before[at].clone();
        let length = expected.len();
        let kept = versions[at].clone();
        let mut changed = expected.clone();
        let mut focus = versions[at].focus_mut();
        assert_eq!((focus.len(), focus.is_empty(), focus.get_mut(length)), (length, length == 0, None));
        for index in (0..length).rev() {
            *focus.index_mut(index) = T::of(index as u32 + 1);
            changed[index] = T::of(index as u32 + 1);
            assert_eq!(focus.get(index / 2), changed.get(index / 2));
            assert_eq!(focus.index(index), &changed[index]);
        }
        assert_eq!((focus.set(length, T::of(0)), focus.set(0, T::of(9)).is_some()), (None, length > 0));
        if length > 3 {
            changed[0] = T::of(9);
            focus.swap(0, length - 1);
            focus.swap(1, 1);
            changed.swap(0, length - 1);
            focus.pair(1, length / 2 + 1, std::mem::swap);
            changed.swap(1, length / 2 + 1);
            focus.triplet(0, 1, 2, |a, b, c| (*a, *b, *c) = (c.clone(), a.clone(), b.clone()));
            changed[..3].rotate_right(1);
        } else if length > 0 {
            changed[0] = T::of(9);
        }
        let (from, to) = (length / 3, length - length / 4);
        let mut part = focus.narrow(from..to);
        let mut next = 0;
        while next < part.len() {
            let (range, chunk) = part.chunk_at(next);
            assert!(range.start == next && chunk == &changed[from..to][range.clone()]);
            next = range.end;
        }
        let (mut left, mut right) = part.split_at((to - from) / 2);
        let middle = left.len();
        for index in 0..middle.max(right.len()) {
            if index < middle {
                *left.index_mut(index) = T::of(1);
                changed[from + index] = T::of(1);
            }
            if index < right.len() {
                *right.index_mut(index) = T::of(2);
                changed[from + middle + index] = T::of(2);
            }
        }
        let focus = versions[at].focus_mut().narrow(from..to);
        let iter = focus.into_iter();
        assert_eq!(iter.len(), to - from);
        iter.for_each(|element| *element = T::of(element.id() + 1));
        changed[from..to].iter_mut().for_each(|element| *element = T::of(element.id() + 1));
        let (left, right) = versions[at].focus_mut().split_at(from);
        left.into_iter().zip(right).for_each(|(left, right)| std::mem::swap(left, right));
        (0..from.min(length - from)).for_each(|index| changed.swap(index, from + index));
        assert_eq!((Vec::from(&versions[at]), Vec::from(kept)), (changed, expected.clone()));
    }
}

#[test]
fn focus_and_focus_mut() {
    for_all!(focuses);
}

#[test]
#[should_panic(expected = "past the end of a focus of 2 elements")]
fn an_index_past_the_end_of_a_focus() {
    vector![1, 2, 3].focus().narrow(..2).index(2);
}

#[test]
fn halves_of_a_focus_in_two_threads() {
    let mut vector: Vector<String> = (0..1000).map(|id: u32| id.to_string()).collect();
    let before = vector.clone();
    let (mut left, mut right) = vector.focus_mut().split_at(501);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..501).for_each(|index| left.index_mut(index).push('l')));
        scope.spawn(|| (0..499).for_each(|index| right.index_mut(index).push('r')));
    });
    assert!(
        vector
            .iter()
            .zip(&before)
            .enumerate()
            .all(|(index, (new, old))| { *new == format!("{old}{}", if index < 501 { 'l' } else { 'r' }) })
    );
}

fn other_vectors<T: Item, C: Counter>() {
    let mut versions = vectors::<T, C>();
    for version in &mut versions {
        let (expected, kept) = (Vec::from(&*version), version.clone());
        assert!(version.leaves_mut().rev().map(|leaf| leaf.len()).sum::<usize>() == expected.len());
        for leaf in version.leaves_mut() {
            leaf.iter_mut().for_each(|element| *element = T::of(element.id() + 1));
        }
        assert!(version.iter().map(T::id).eq(expected.iter().map(|element| element.id() + 1)));
        assert_eq!(Vec::from(kept), expected);
    }
    let summed: GenericVector<T, C> = versions.iter().cloned().sum();
    assert!(summed.iter().eq(versions.iter().flatten()));
    let elsewhere: rc::Vector<T> = summed.iter().cloned().collect();
    assert!(summed.has_elements_of(&elsewhere) && !summed.has_elements_of(&elsewhere.skip(1)));

    let mut falling: GenericVector<T, C> = GenericVector::new();
    let mut by_key: GenericVector<T, C> = GenericVector::new();
    let ids: Vec<u32> = (0..200).map(|id| id * 37 % 101).collect();
    for id in &ids {
        falling.insert_ord_by(T::of(*id), |left, right| right.id().cmp(&left.id()));
        by_key.insert_ord_by_key(T::of(*id), |element| element.id());
    }
    let mut sorted = ids;
    sorted.sort_unstable();
    assert!(by_key.iter().map(T::id).eq(sorted.iter().copied()));
    assert!(falling.iter().map(T::id).eq(sorted.iter().rev().copied()));
}

#[test]
fn leaves_mut_sums_and_sorted_vectors() {
    for_all!(other_vectors);
}

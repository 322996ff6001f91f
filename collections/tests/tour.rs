//! A short tour of the collections for Miri, which checks every step and is slow. Each kind of node is made, shared,
//! changed, copied, taken apart and dropped, with entries by value and behind pointers.

use std::fmt::Debug;
use std::hash::{BuildHasherDefault, DefaultHasher};

use persistent_collections::counter::{Atomic, Counter, Plain};
use persistent_collections::{GenericHashMap, GenericVector};

type Map<V, C> = GenericHashMap<u32, V, BuildHasherDefault<DefaultHasher>, C>;

fn map_tour<V: Clone + PartialEq + Debug, C: Counter>(make: fn(u32) -> V) {
    // A tail only, a full tail that becomes the first leaf of the tree, a leaf that is split, a branch.
    for size in [1, 8, 9, 40] {
        let mut map: Map<V, C> = Map::default();
        let mut versions = Vec::new();
        for key in 0..size {
            if key % 5 == 0 {
                versions.push(map.clone());
            }
            assert_eq!(map.insert(key, make(key)), None);
        }
        let held = map.clone();
        let fork = held.update(1000, make(1));
        assert_eq!(map.insert(0, make(7)), Some(make(0)));
        assert_eq!(map.remove(&(size - 1)).is_some(), size > 0);
        *map.entry(2000).or_insert(make(2)) = make(3);
        assert_eq!(
            (map.get(&2000), held.get(&2000), fork.get(&1000)),
            (Some(&make(3)), None, Some(&make(1)))
        );
        assert!(held.iter().all(|(key, value)| *value == make(*key)) && held.len() == size as usize);
        assert!(held.diff(&fork).len() == 1 && held.is_submap_by(&fork, |_, _| true));
        let united = map.clone().union(fork.clone());
        assert_eq!(united.len(), size as usize + 2);
        assert_eq!(
            united.clone().intersection(&held),
            united.difference(&map.difference(&held)).without(&1000)
        );
        assert_eq!(held.clone().into_iter().take(3).count(), 3.min(size as usize));
        for (at, version) in versions.into_iter().enumerate() {
            assert_eq!(version.len(), 5 * at);
        }
        let mut last = held;
        drop(fork);
        (0..size).for_each(|key| assert!(last.remove(&key).is_some()));
        assert!(last.is_empty());
    }
}

fn vector_tour<T: Clone + PartialEq + Debug, C: Counter>(make: fn(u32) -> T) {
    // Elements in the handle or a tail, a full tail, a tree with a branch, and one more branch if leaves are small.
    for length in [3u32, 9, 66, 130] {
        let mut vector: GenericVector<T, C> = GenericVector::new();
        let mut versions = Vec::new();
        for id in 0..length {
            if id % 9 == 0 {
                versions.push(vector.clone());
            }
            vector.push_back(make(id));
        }
        let held = vector.clone();
        let middle = length as usize / 2;
        assert_eq!(vector.set(middle, make(7)), make(length / 2));
        vector.insert(middle, make(8));
        assert_eq!((vector.remove(middle), vector.pop_back()), (make(8), Some(make(length - 1))));
        vector.push_back(make(9));
        vector.push_front(make(10));
        let joined = vector.slice(1..middle).concat(&held.slice(middle..));
        assert_eq!(joined.len() + 1, length as usize);
        vector.append(joined);
        vector.iter_mut().for_each(|element| *element = make(1));
        assert!(vector.iter().rev().chain(vector.leaves().flatten()).all(|element| *element == make(1)));
        assert!(held.iter().eq(&(0..length).map(make).collect::<Vec<_>>()));
        let (left, right) = held.clone().split_at(middle);
        assert!(left.into_iter().chain(right.into_iter().rev()).count() == length as usize);
        for (at, version) in versions.into_iter().enumerate() {
            assert_eq!(version.len(), 9 * at);
        }
        let mut last = held;
        last.truncate(middle);
        while last.pop_back().is_some() {}
        assert!(last.is_empty());
    }
}

#[test]
fn maps() {
    map_tour::<u32, Atomic>(|id| id);
    map_tour::<Box<u32>, Atomic>(Box::new);
    map_tour::<u32, Plain>(|id| id);
}

#[test]
fn vectors() {
    vector_tour::<u32, Atomic>(|id| id);
    vector_tour::<Box<u32>, Atomic>(Box::new);
    vector_tour::<Box<u32>, Plain>(Box::new);
}

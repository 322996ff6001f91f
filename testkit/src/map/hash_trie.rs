//! Tests of persistent maps that are tries over a hash: they look at the nodes.
//!
//! A contender implements [`HashTrie`] for its map of [`Key`]s, and then calls the functions of this module, each a
//! test of its own.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use scenarios::input::{draws, mix, rng};
use scenarios::persistent_map::PersistentMap;

/// A key that chooses its hash; goes with [`PassThrough`](scenarios::probe::PassThrough).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    hash: u64,
    id: u32,
}

impl Key {
    /// Its hash.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether the lowest `bits` of its hash, or all 64, are those of `path`.
    pub fn lies_below(&self, path: u64, bits: u32) -> bool {
        let mask = 1u64.checked_shl(bits).map_or(u64::MAX, |above| above - 1);
        self.hash & mask == path
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

fn key(hash: u64, id: u32) -> Key {
    Key { hash, id }
}

/// A trie whose nodes a test may look at.
pub trait HashTrie: PersistentMap<Key, u32> {
    /// Asserts the invariants of every node. Returns the number of entries in the nodes, or `None` if there is no node.
    fn check_nodes(&self) -> Option<usize>;

    /// Whether the only node holds the only entry.
    fn is_contracted(&self) -> bool;

    /// Children of this map's root that are also the other root's children, at the same place. Neither map is empty.
    fn shared_children(&self, other: &Self) -> usize;

    /// Where the root lies: a change that copies it moves it. The map is not empty.
    fn address(&self) -> usize;
}

/// The map that leads each key to its id.
fn map_of<M: HashTrie>(keys: impl IntoIterator<Item = Key>) -> M {
    let mut map = M::new();
    for key in keys {
        let id = key.id;
        map.insert(key, id);
    }
    map
}

/// Asserts the invariants of nodes, and that every way to look at the content agrees.
fn check<M: HashTrie>(map: &M) {
    let count = map.check_nodes();
    assert_eq!((count.unwrap_or(0), map.iter().count()), (map.len(), map.len()));
    assert_eq!((count.is_none(), map.is_empty()), (map.len() == 0, map.len() == 0));
    assert!(map.iter().all(|(key, value)| map.get(key) == Some(value)));
}

/// Keys with one hash for all can be inserted, overwritten and removed, and leave nothing behind.
pub fn collisions_grow_and_shrink<M: HashTrie>() {
    for count in [2, 3, 100] {
        let full: M = map_of((0..count).map(|id| key(u64::MAX, id)));
        check(&full);
        for overwrite in [false, true] {
            let mut map = full.clone();
            if overwrite {
                (0..count).for_each(|id| map.insert(key(u64::MAX, id), id + 1000));
                check(&map);
            }
            for id in 0..count {
                assert!(!map.remove(&key(u64::MAX, count)) && !map.remove(&key(0, id)));
                assert!(map.remove(&key(u64::MAX, id)));
                assert!(!map.remove(&key(u64::MAX, id)));
                check(&map);
                assert_eq!(map.is_contracted(), map.len() == 1);
            }
            assert!(map.is_empty() && map.check_nodes().is_none());
        }
        assert!((0..count).all(|id| full.get(&key(u64::MAX, id)) == Some(&id)));
        check(&full);
    }
}

/// Hashes that differ only in late bits make paths of single children, which removal contracts again.
pub fn hashes_that_part_late_make_deep_paths<M: HashTrie>() {
    // Equal but for the highest bits, for the high 32, and for one bit each.
    let apart = (0..64).map(|bit| 1u64 << bit);
    let families: [Vec<u64>; 3] = [
        (0..16).map(|top| top << 60).collect(),
        (0..100).map(|high| high << 32 | 0x1234_5678).collect(),
        apart.chain([0]).collect(),
    ];
    for hashes in families {
        let keys = || hashes.iter().zip(0..).map(|(hash, id)| key(*hash, id));
        let full: M = map_of(keys());
        check(&full);
        let mut map = full.clone();
        for (left, key) in (0..hashes.len()).rev().zip(keys()) {
            assert!(map.remove(&key));
            check(&map);
            assert_eq!(map.len(), left);
            assert_eq!(map.is_contracted(), left == 1);
        }
        check(&full);
    }
}

/// Random changes keep the invariants after each step, and all versions held meanwhile as they were.
pub fn random_changes_keep_invariants_and_versions<M: HashTrie>() {
    // Few hashes, so that every kind of node meets every kind of change.
    let hash_of = |id: u32| [mix(u64::from(id % 40)), 7 << 40, u64::from(id) << 61][id as usize % 3];
    let mut map = M::new();
    let mut model = BTreeMap::new();
    let mut held = Vec::new();
    for (step, draw) in draws(&mut rng("changes", 0), 4000, 1 << 20).into_iter().enumerate() {
        let (id, value) = ((draw % 150) as u32, step as u32);
        if draw >> 10 & 1 == 0 {
            map.insert(key(hash_of(id), id), value);
            model.insert(id, value);
        } else {
            assert_eq!(map.remove(&key(hash_of(id), id)), model.remove(&id).is_some());
        }
        check(&map);
        if step % 50 == 0 {
            held.push((map.clone(), model.clone()));
        }
    }
    for (map, model) in held {
        check(&map);
        let mut content: Vec<(u32, u32)> = map.iter().map(|(key, value)| (key.id, *value)).collect();
        content.sort_unstable();
        assert!(content.into_iter().eq(model));
    }
}

/// Maps of equal content are equal, whatever was inserted and removed on the way; nodes that both share are not
/// compared.
pub fn equal_content_is_equal<M: HashTrie, N: PersistentMap<u32, f64>>() {
    let keys: Vec<Key> = (0..300).map(|id| key(mix(u64::from(id % 90)), id)).collect();
    let map: M = map_of(keys.iter().cloned());
    let mut other: M = map_of(keys.iter().rev().cloned());
    assert!(map.equal(&other) && other.equal(&map));
    // Away and back again.
    (300..600).for_each(|id| other.insert(key(mix(u64::from(id % 90)), id), id));
    assert!(!map.equal(&other));
    (300..600).for_each(|id| assert!(other.remove(&key(mix(u64::from(id % 90)), id))));
    check(&other);
    assert!(map.equal(&other));
    other.insert(keys[17].clone(), 1000);
    assert!(!map.equal(&other) && !other.equal(&map));
    assert!(M::new().equal(&M::new()));
    // A map that compared this value would not even equal its own clone.
    let mut unequal = N::new();
    unequal.insert(1, f64::NAN);
    assert!(unequal.equal(&unequal.clone()));
}

/// A union has the left map's value where both have a key, at all ratios of sizes, and keeps the invariants.
pub fn union_prefers_the_left<M: HashTrie>() {
    let hash_of = |id: u32| if id.is_multiple_of(5) { 3 } else { mix(u64::from(id % 170)) };
    for (ours, theirs) in [(0..200, 100..300), (0..10, 0..500), (0..500, 7..9), (0..0, 0..9), (3..4, 3..4)] {
        let left: M = map_of(ours.clone().map(|id| key(hash_of(id), id)));
        let mut right = M::new();
        theirs.clone().for_each(|id| right.insert(key(hash_of(id), id), id + 1000));
        let united = left.union(&right);
        check(&united);
        let mut model: BTreeMap<u32, u32> = theirs.map(|id| (id, id + 1000)).collect();
        model.extend(ours.map(|id| (id, id)));
        assert_eq!(united.len(), model.len());
        assert!(model.iter().all(|(id, value)| united.get(&key(hash_of(*id), *id)) == Some(value)));
    }
}

/// A union of two versions that share all but one of their root's 32 children shares those with both.
pub fn union_shares_what_both_share<M: HashTrie>() {
    let map: M = map_of((0..500).map(|id| key(mix(u64::from(id)), id)));
    let mut other = map.clone();
    other.insert(key(mix(1000), 1000), 0);
    let united = map.union(&other);
    check(&united);
    assert_eq!(united.shared_children(&map), 31, "only one child of the root differs");
}

/// Maps whose hashers have different seeds are compared and united by key.
///
/// `M` has a hasher that is seeded differently each time: [`RandomState`](std::hash::RandomState).
pub fn maps_seeded_differently_are_compared_by_key<M: PersistentMap<u32, u32>>() {
    let build = |keys: Range<u32>, offset: u32| M::from_entries(keys.map(|key| (key, key + offset)));
    let (left, right) = (build(0..200, 0), build(100..300, 1));
    assert!(left.equal(&build(0..200, 0)) && !left.equal(&right));
    let united = left.union(&right);
    assert_eq!(united.len(), 300);
    assert!((0..300).all(|key| united.get(&key) == Some(&(key + u32::from(key >= 200)))));
}

/// A change happens in place in a map that shares nothing, and otherwise copies only the path to the change.
pub fn a_sole_owner_changes_in_place<M: HashTrie>() {
    let mut map: M = map_of((0..1000).map(|id| key(mix(u64::from(id)), id)));
    let before = map.address();
    map.insert(key(mix(5), 5), 0);
    map.remove(&key(mix(6), 6));
    map.insert(key(mix(1000), 1000), 0);
    assert_eq!(map.address(), before);
    let held = map.clone();
    assert!(!map.remove(&key(mix(2000), 2000)));
    assert_eq!(map.address(), before, "removing what is not there copies nothing");
    map.insert(key(mix(2000), 2000), 0);
    assert_ne!(map.address(), before);
    assert_eq!(map.shared_children(&held), 31);
}

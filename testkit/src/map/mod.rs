//! Tests of any [persistent map](PersistentMap): the tests that `champ`, `hamt` and `inline` have in common.

pub mod hash_trie;
pub mod hostile;

use std::ops::Range;

use scenarios::persistent_map::PersistentMap;
use scenarios::probe::{Hashing, Probe};

use crate::expect_injected_panics;

/// The map of probes that leads each id of `ids` to itself.
pub fn probes<M: PersistentMap<Probe, Probe>>(ids: Range<u32>) -> M {
    M::from_entries(ids.map(|id| (Probe::new(id), Probe::new(id))))
}

/// The ids of a map's entries, sorted.
fn content<M: PersistentMap<Probe, Probe>>(map: &M) -> Vec<(u32, u32)> {
    let mut content: Vec<_> = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
    content.sort_unstable();
    content
}

/// Every entry lives once however many versions share it, and is gone when its last version is.
pub fn entries_are_dropped_once<M: PersistentMap<Probe, Probe>>() {
    for hashing in [Hashing::Spread, Hashing::Constant, Hashing::FourGroups] {
        Probe::reset();
        Probe::set_hashing(hashing);
        let mut map: M = probes(0..100);
        assert_eq!(Probe::live(), 200);
        let held = map.clone();
        assert_eq!(Probe::live(), 200, "a clone shares its entries");
        map.insert(Probe::new(5), Probe::new(0));
        drop(held);
        assert_eq!(Probe::live(), 200);
        (0..50).for_each(|id| assert!(map.remove(&Probe::new(id))));
        assert_eq!(Probe::live(), 100);
        drop(map.union(&probes(20..70)));
        drop(map);
        assert_eq!(Probe::live(), 0);
    }
}

/// An operation that a key or value ends by a panic leaves this version and every other one as they were.
pub fn a_panic_in_a_key_or_value_changes_nothing<M: PersistentMap<Probe, Probe>>() {
    expect_injected_panics();
    let changes: [fn(&mut M); 6] = [
        |map| map.insert(Probe::new(100), Probe::new(7)),
        |map| map.insert(Probe::new(3), Probe::new(7)),
        |map| assert!(map.remove(&Probe::new(4))),
        |map| assert!(!map.remove(&Probe::new(100))),
        |map| *map = map.union(&probes(20..60)),
        |map| assert!(map.equal(&probes(0..40))),
    ];
    for hashing in [Hashing::Spread, Hashing::LastBits, Hashing::Constant] {
        for (change, shared) in changes.iter().flat_map(|change| [(change, true), (change, false)]) {
            for fuse in (0..60).chain([200, 300]) {
                Probe::reset();
                Probe::set_hashing(hashing);
                let mut map: M = probes(0..40);
                let held = shared.then(|| map.clone());
                let before = content(&map);
                if Probe::with_fuse(Some(fuse), || change(&mut map)).is_none() {
                    assert_eq!(content(&map), before, "{hashing:?}, fuse {fuse}");
                    assert_eq!(map.len(), 40);
                    assert!((0..40).all(|id| map.get(&Probe::new(id)).is_some()));
                }
                assert!(held.as_ref().is_none_or(|held| content(held) == before));
                drop((map, held));
                assert_eq!(Probe::live(), 0, "{hashing:?}, fuse {fuse}");
            }
        }
    }
}

/// Entries without a size are entries all the same.
pub fn holds_entries_of_no_size<M: PersistentMap<(), ()>>() {
    let mut map = M::new();
    map.insert((), ());
    map.insert((), ());
    assert_eq!((map.len(), map.iter().count()), (1, 1));
    assert!(map.remove(&()) && map.is_empty());
}

/// A value with an alignment of 128 bytes.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(128))]
pub struct Align128(u32);

/// Values lie where their alignment wants them, at every size up to 300 and in every version.
pub fn aligns_its_entries<M: PersistentMap<u32, Align128>>() {
    let check = |map: &M, count: usize| {
        assert_eq!((map.len(), map.iter().count()), (count, count));
        for (id, value) in map.iter() {
            assert!(*id == value.0 && std::ptr::from_ref(value).addr().is_multiple_of(128));
        }
    };
    let mut map = M::new();
    for id in 0..300 {
        let held = map.clone();
        map.insert(id, Align128(id));
        check(&held, id as usize);
        check(&map, id as usize + 1);
    }
    let mut other = map.clone();
    assert!(other.remove(&7));
    check(&other, 299);
    assert!(other.union(&map).equal(&map));
}

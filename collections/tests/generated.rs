//! Collections that fuzzers and property tests make.

#![cfg(all(feature = "arbitrary", feature = "proptest"))]

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Unstructured};
use persistent_collections::{HashMap, HashSet, Vector, rc};
use proptest::prelude::*;
use scenarios::input::mix;

/// Bytes that look random.
fn bytes(count: u64) -> Vec<u8> {
    (0..count).flat_map(|at| mix(at).to_le_bytes()).collect()
}

#[test]
fn arbitrary_collections_hold_what_those_of_std_hold() {
    let bytes = bytes(500);
    for start in [0, 1, 2, 100, 3999, 4000] {
        let some = || Unstructured::new(&bytes[start..]);
        let map = HashMap::<u8, u16>::arbitrary(&mut some()).unwrap();
        assert_eq!(map.into_iter().collect::<BTreeMap<_, _>>(), BTreeMap::arbitrary(&mut some()).unwrap());
        let set = rc::HashSet::<u16>::arbitrary(&mut some()).unwrap();
        assert_eq!(set.into_iter().collect::<BTreeSet<_>>(), BTreeSet::arbitrary(&mut some()).unwrap());
        let vector = Vector::<String>::arbitrary_take_rest(some()).unwrap();
        assert_eq!(
            vector.into_iter().collect::<Vec<_>>(),
            Vec::<String>::arbitrary_take_rest(some()).unwrap()
        );
    }
}

proptest! {
    #[test]
    fn strategies_keep_to_sizes_and_elements(
        map in persistent_collections::proptest::hash_map(0..1000u16, "[xy]", 3..9),
        set in persistent_collections::proptest::hash_set(0..1000u16, 40),
        vector in persistent_collections::proptest::vector(0..7u8, 0..100),
    ) {
        let (map, set, vector): (HashMap<u16, String>, HashSet<u16>, rc::Vector<u8>) = (map, set, vector);
        prop_assert!((3..9).contains(&map.len()) && map.values().all(|value| value == "x" || value == "y"));
        prop_assert!(set.len() == 40 && set.iter().all(|element| *element < 1000));
        prop_assert!(vector.len() < 100 && vector.iter().all(|element| *element < 7));
    }

    #[test]
    fn any_collection_is_a_strategy(map: HashMap<u8, u8>, set: rc::HashSet<u8>, vector: Vector<u8>) {
        prop_assert_eq!(map.iter().count(), map.len());
        prop_assert_eq!(set.iter().count(), set.len());
        prop_assert_eq!(vector.iter().count(), vector.len());
    }
}

//! Versions whose elements have different lifetimes. A version may be used as one of elements with shorter lifetimes,
//! may then be given such elements, and is dropped before they are. Versions that live longer must never see these
//! elements.
//!
//! `src/lifetimes.rs` has the uses that must not compile.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use persistent_collections::counter::{Atomic, Counter, Plain};
use persistent_collections::{GenericHashMap, GenericHashSet, GenericVector, map, set, vector};

use super::kinds::PassThrough;
use super::world::{as_time_allows, hash_of};

thread_local! {
    /// Whether the owner of each number is alive.
    static ALIVE: RefCell<Vec<bool>> = const { RefCell::new(Vec::new()) };
}

/// A value that elements borrow.
struct Owner {
    number: usize,
    /// On the heap, so that Valgrind sees it if an element reads this too late.
    text: String,
}

impl Owner {
    fn new() -> Self {
        ALIVE.with_borrow_mut(|alive| {
            alive.push(true);
            Owner { number: alive.len() - 1, text: "on the heap".to_owned() }
        })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        ALIVE.with_borrow_mut(|alive| alive[self.number] = false);
    }
}

/// An element that looks at its owner in every method, and above all when it is dropped.
struct Lent<'a> {
    owner: &'a Owner,
    /// A copy of the owner's number, which can be read when the owner is gone.
    number: usize,
    id: u32,
}

impl<'a> Lent<'a> {
    fn new(owner: &'a Owner, id: u32) -> Self {
        Lent { owner, number: owner.number, id }
    }

    fn check(&self) {
        assert!(ALIVE.with_borrow(|alive| alive[self.number]), "element {} outlives its owner", self.id);
        assert_eq!(self.owner.text.len(), 11);
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.check();
    }
}

impl Clone for Lent<'_> {
    fn clone(&self) -> Self {
        self.check();
        Lent { ..*self }
    }
}

impl PartialEq for Lent<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.check();
        other.check();
        self.id == other.id
    }
}

impl Eq for Lent<'_> {}

impl Hash for Lent<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.check();
        state.write_u64(hash_of(self.id));
    }
}

/// An element that borrows its owner and needs no drop, so that versions append it to shared leaves.
#[derive(Clone, Copy)]
struct Seen<'a>(&'a Owner, u32);

/// The common interface of both kinds of elements.
trait Borrowing<'a>: Clone {
    fn of(owner: &'a Owner, id: u32) -> Self;
    fn look(&self) -> u32;
}

impl<'a> Borrowing<'a> for Lent<'a> {
    fn of(owner: &'a Owner, id: u32) -> Self {
        Lent::new(owner, id)
    }

    fn look(&self) -> u32 {
        self.check();
        self.id
    }
}

impl<'a> Borrowing<'a> for Seen<'a> {
    fn of(owner: &'a Owner, id: u32) -> Self {
        Seen(owner, id)
    }

    fn look(&self) -> u32 {
        assert!(ALIVE.with_borrow(|alive| alive[self.0.number]));
        self.1
    }
}

/// More elements than a leaf and a tail have together. Fewer under Miri, which is slow.
const MANY: u32 = if cfg!(miri) { 20 } else { 100 };

/// The number of each change, each together with the numbers of versions that it is made to.
fn changes_and_forks(changes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..changes).flat_map(|change| as_time_allows(&[3, 1]).iter().map(move |forks| (change, *forks)))
}

/// A change to a vector. The second argument makes the elements that it needs.
type VectorChange<T, C> = fn(&mut GenericVector<T, C>, &dyn Fn(u32) -> T);

/// Every way in which an element can come into a vector.
fn vector_changes<'a, T: Borrowing<'a>, C: Counter>() -> Vec<VectorChange<T, C>> {
    vec![
        |vector, make| vector.push_back(make(1)),
        |vector, make| (0..MANY).for_each(|id| vector.push_back(make(id))),
        |vector, make| vector.extend((0..5).map(make)),
        |vector, make| vector.extend((0..MANY).map(make)),
        |vector, make| vector.extend_from_slice(&[make(1), make(2)]),
        |vector, make| vector.push_front(make(1)),
        |vector, make| vector.insert(vector.len() / 2, make(1)),
        |vector, make| vector.insert(vector.len(), make(1)),
        |vector, make| *vector = vector.concat(&(0..9).map(make).collect()),
        |vector, make| *vector = (0..40).map(make).collect::<GenericVector<T, C>>().concat(vector),
        |vector, make| vector.append((0..3).map(make).collect()),
        |vector, make| vector.iter_mut().for_each(|element| *element = make(1)),
        |vector, make| {
            if let Some(last) = vector.last_mut() {
                *last = make(1);
            }
        },
        |vector, make| {
            if !vector.is_empty() {
                vector.set(vector.len() / 2, make(1));
                *vector = vector.update(0, make(2));
            }
        },
        |vector, make| {
            // Appends an element where another one was popped.
            drop(vector.pop_back());
            vector.push_back(make(1));
        },
        |vector, make| {
            vector.truncate(vector.len() / 2);
            vector.push_back(make(1));
            let mut slice = vector.slice(vector.len() / 3..);
            slice.push_back(make(2));
        },
        |vector, make| {
            let mut right = vector.split_off(vector.len() / 2);
            right.push_back(make(1));
            vector.append(right);
        },
    ]
}

/// Makes a vector whose elements borrow a long-lived owner, and for a while other versions with elements that borrow a
/// short-lived one.
macro_rules! changed_for_a_while {
    ($element:ident, $counter:ident, $lengths:expr) => {
        for &length in as_time_allows(&$lengths) {
            for (change, forks) in changes_and_forks(vector_changes::<$element<'_>, $counter>().len()) {
                let long = Owner::new();
                let old: GenericVector<$element<'_>, $counter> =
                    (0..length).map(|id| $element::of(&long, id)).collect();
                {
                    let short = Owner::new();
                    let versions: Vec<_> = (0..forks)
                        .map(|_| {
                            let mut new: GenericVector<$element<'_>, $counter> = old.clone();
                            vector_changes()[change](&mut new, &|id| $element::of(&short, id));
                            new
                        })
                        .collect();
                    for version in versions {
                        version.iter().for_each(|element| assert!(element.look() < 2000));
                        // The versions are also taken apart.
                        version.clone().into_iter().take(3).for_each(drop);
                        version.into_iter().rev().take(3).for_each(drop);
                    }
                }
                assert!(old.iter().map(Borrowing::look).eq(0..length));
                let mut old = old;
                old.extend((0..length % 7).map(|id| $element::of(&long, id)));
                while old.len() > length as usize / 2 {
                    assert!(old.pop_back().is_some());
                }
                drop(old);
            }
        }
    };
}

const LENGTHS: [u32; 12] = [9, 65, 0, 1, 3, 8, 15, 16, 17, 40, 64, 300];

#[test]
fn vectors_outlive_versions_with_elements_of_shorter_lives() {
    changed_for_a_while!(Lent, Atomic, LENGTHS);
    changed_for_a_while!(Lent, Plain, LENGTHS);
    changed_for_a_while!(Seen, Atomic, LENGTHS);
    changed_for_a_while!(Seen, Plain, LENGTHS);
}

type Map<'a, C> = GenericHashMap<Lent<'a>, Lent<'a>, PassThrough, C>;

/// Every way in which an entry can come into a map.
fn map_changes<'a, C: Counter>() -> Vec<fn(&mut Map<'a, C>, &'a Owner)> {
    fn make(owner: &Owner, id: u32) -> (Lent<'_>, Lent<'_>) {
        (Lent::new(owner, id), Lent::new(owner, id))
    }
    vec![
        |map, owner| drop(map.insert(Lent::new(owner, 1), Lent::new(owner, 5))),
        |map, owner| map.extend((1000..1000 + MANY / 2).map(|id| make(owner, id))),
        |map, owner| map.extend((0..10).map(|id| make(owner, id))),
        |map, owner| *map = map.update(Lent::new(owner, 2000), Lent::new(owner, 1)),
        |map, owner| *map = map.alter(|_| Some(Lent::new(owner, 1)), Lent::new(owner, 2)),
        |map, owner| *map.entry(Lent::new(owner, 3)).or_insert(Lent::new(owner, 1)) = Lent::new(owner, 2),
        |map, owner| *map.entry(Lent::new(owner, 3000)).or_insert(Lent::new(owner, 1)) = Lent::new(owner, 2),
        |map, owner| {
            if let Some(value) = map.get_mut(&Lent::new(owner, 4)) {
                *value = Lent::new(owner, 9);
            }
        },
        |map, owner| *map = map.clone().union((1000..1020).map(|id| make(owner, id)).collect()),
        |map, owner| *map = (0..20).map(|id| make(owner, id)).collect::<Map<'a, C>>().union(map.clone()),
        |map, owner| {
            *map = map
                .clone()
                .symmetric_difference(&(0..20 * MANY).step_by(3).map(|id| make(owner, id)).collect())
        },
        |map, owner| {
            map.retain(|key, _| key.id % 3 == 0);
            drop(map.remove(&Lent::new(owner, 3)));
            drop(map.insert(Lent::new(owner, 3), Lent::new(owner, 3)));
        },
    ]
}

fn maps_changed_for_a_while<C: Counter>() {
    for &length in as_time_allows(&[9, 33, 0, 1, 3, 8, 31, 32, 100, 400]) {
        for (change, forks) in changes_and_forks(map_changes::<C>().len()) {
            let long = Owner::new();
            let old: Map<'_, C> =
                (0..length).map(|id| (Lent::new(&long, id), Lent::new(&long, id))).collect();
            let elements: GenericHashSet<Lent<'_>, PassThrough, C> =
                (0..length).map(|id| Lent::new(&long, id)).collect();
            {
                let short = Owner::new();
                let versions: Vec<Map<'_, C>> = (0..forks)
                    .map(|_| {
                        let mut new: Map<'_, C> = old.clone();
                        map_changes()[change](&mut new, &short);
                        new
                    })
                    .collect();
                for version in versions {
                    version.iter().for_each(|(key, value)| {
                        key.check();
                        value.check();
                    });
                    version.into_iter().take(3).for_each(drop);
                }
                let mut new: GenericHashSet<Lent<'_>, PassThrough, C> = elements.clone();
                new.extend((0..20 * MANY).step_by(7).map(|id| Lent::new(&short, id)));
                drop(new.take(&Lent::new(&short, 7)));
                drop(new.symmetric_difference(&elements));
            }
            assert!(
                old.len() as u32 == length && (0..length).all(|id| old.contains_key(&Lent::new(&long, id)))
            );
            old.values().chain(elements.iter()).for_each(Lent::check);
            let mut old = old;
            old.retain(|key, _| key.id % 2 == 0);
            drop((old, elements));
        }
    }
}

#[test]
fn maps_and_sets_outlive_versions_with_entries_of_shorter_lives() {
    maps_changed_for_a_while::<Atomic>();
    maps_changed_for_a_while::<Plain>();
}

/// An iterator by value yields and drops elements from the first to the last. Elements that versions share are dropped
/// together with the last of these versions.
#[test]
fn elements_are_dropped_in_order_and_once() {
    #[derive(Clone)]
    struct Noted<'a>(&'a RefCell<Vec<u32>>, u32);
    impl Drop for Noted<'_> {
        fn drop(&mut self) {
            self.0.borrow_mut().push(self.1);
        }
    }
    for &length in as_time_allows(&LENGTHS) {
        let dropped = RefCell::new(Vec::new());
        let vector: persistent_collections::Vector<Noted<'_>> =
            (0..length).map(|id| Noted(&dropped, id)).collect();
        let other = vector.clone();
        drop(vector);
        assert!(dropped.borrow().is_empty());
        drop(other);
        let mut seen = dropped.take();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..length));
        let vector: persistent_collections::rc::Vector<Noted<'_>> =
            (0..length).map(|id| Noted(&dropped, id)).collect();
        let mut iter = vector.into_iter();
        iter.by_ref().take(length as usize / 3).for_each(drop);
        assert!(dropped.borrow().iter().copied().eq(0..length / 3), "moved out in order");
        drop(iter);
        assert_eq!(dropped.borrow().len(), length as usize);
    }
}

/// Types that only let their elements be read are covariant: they may be used where shorter lifetimes are expected. The
/// compiler checks this.
#[expect(dead_code, reason = "the compiler checks it")]
mod covariance {
    use super::*;

    type Long = &'static str;

    fn vectors<'s, C: Counter>(vector: GenericVector<Long, C>) -> GenericVector<&'s str, C> {
        vector
    }

    fn vector_iter<'a, 's: 'a, C: Counter>(iter: vector::Iter<'a, Long, C>) -> vector::Iter<'a, &'s str, C> {
        iter
    }

    fn vector_leaves<'a, 's: 'a, C: Counter>(
        leaves: vector::Leaves<'a, Long, C>,
    ) -> vector::Leaves<'a, &'s str, C> {
        leaves
    }

    fn vector_into_iter<'s, C: Counter>(iter: vector::IntoIter<Long, C>) -> vector::IntoIter<&'s str, C> {
        iter
    }

    fn maps<'s, S, C: Counter>(
        map: GenericHashMap<Long, Long, S, C>,
    ) -> GenericHashMap<&'s str, &'s str, S, C> {
        map
    }

    fn map_iter<'a, 's: 'a, C: Counter>(
        iter: map::Iter<'a, Long, Long, C>,
    ) -> map::Iter<'a, &'s str, &'s str, C> {
        iter
    }

    fn map_keys<'a, 's: 'a, C: Counter>(
        keys: map::Keys<'a, Long, Long, C>,
    ) -> map::Keys<'a, &'s str, &'s str, C> {
        keys
    }

    fn map_values<'a, 's: 'a, C: Counter>(
        values: map::Values<'a, Long, Long, C>,
    ) -> map::Values<'a, &'s str, &'s str, C> {
        values
    }

    fn map_into_iter<'s, C: Counter>(
        iter: map::IntoIter<Long, Long, C>,
    ) -> map::IntoIter<&'s str, &'s str, C> {
        iter
    }

    fn sets<'s, S, C: Counter>(set: GenericHashSet<Long, S, C>) -> GenericHashSet<&'s str, S, C> {
        set
    }

    fn set_iter<'a, 's: 'a, C: Counter>(iter: set::Iter<'a, Long, C>) -> set::Iter<'a, &'s str, C> {
        iter
    }

    fn set_into_iter<'s, C: Counter>(iter: set::IntoIter<Long, C>) -> set::IntoIter<&'s str, C> {
        iter
    }

    fn differences<'a, 's: 'a>(item: map::DiffItem<'a, Long, Long>) -> map::DiffItem<'a, &'s str, &'s str> {
        item
    }
}

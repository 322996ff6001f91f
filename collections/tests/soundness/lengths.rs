//! Vectors that are as long as possible. They are joined with themselves again and again, and share almost all their
//! nodes.
//!
//! No vector has more than `isize::MAX` elements, and some operations are refused up to a leaf's length earlier.

use std::fmt::Debug;
use std::ops::Range;

use persistent_collections::GenericVector;
use persistent_collections::counter::{Atomic, Counter, Plain};

use super::world::{Draws, as_time_allows, expecting_panics};

const MAX: usize = isize::MAX as usize;

/// A leaf never has more elements, whatever they are.
const LEAF: usize = 64;

/// A long vector repeats a vector of this length again and again.
const PERIOD: usize = 100;

fn period<T: Clone, C: Counter>(make: fn(usize) -> T) -> GenericVector<T, C> {
    (0..PERIOD).map(make).collect()
}

/// A vector of `length` elements. Each of them tells its index modulo the period.
fn long<T: Clone, C: Counter>(length: usize, make: fn(usize) -> T) -> GenericVector<T, C> {
    let mut power = period::<T, C>(make);
    let mut left = length / PERIOD;
    let mut vector = GenericVector::new();
    while left > 0 {
        if left % 2 == 1 {
            vector = power.concat(&vector);
        }
        left /= 2;
        if left > 0 {
            power = power.concat(&power);
        }
    }
    (0..length % PERIOD).for_each(|at| vector.push_back(make(at)));
    assert_eq!(vector.len(), length);
    vector
}

/// Checks elements at both ends, in the middle, around powers of two, and at random places. The first element of the
/// vector has the index `from` in the long vector from which it was cut.
fn check<T: Clone + PartialEq + Debug, C: Counter>(
    vector: &GenericVector<T, C>,
    from: usize,
    make: fn(usize) -> T,
) {
    let length = vector.len();
    let expected = |at: usize| make((at % PERIOD + from % PERIOD) % PERIOD);
    let mut draws = Draws(length as u64);
    let indices = (0..63)
        .flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 1])
        .chain((0..200).flat_map(|at| [at, length.wrapping_sub(at + 1), draws.below(length)]))
        .filter(|at| *at < length);
    for at in indices {
        assert_eq!(vector[at], expected(at), "element {at} of {length}");
    }
    assert_eq!((vector.get(length), vector.get(usize::MAX)), (None, None));
    let front = vector.iter().take(200).enumerate();
    front.for_each(|(at, element)| assert_eq!(*element, expected(at)));
    let back = vector.iter().rev().take(200).enumerate();
    back.for_each(|(at, element)| assert_eq!(*element, expected(length - 1 - at)));
    assert_eq!(vector.iter().len(), length);
    if length > 500 {
        let middle = length / 2;
        assert_eq!(vector.iter().nth(middle), Some(&expected(middle)));
        assert_eq!(vector.iter().rev().nth(middle), Some(&expected(length - 1 - middle)));
        assert_eq!(vector.leaves().next_back().and_then(<[T]>::last), Some(&expected(length - 1)));
    }
}

/// Does every operation to a vector that is as long as possible, and to vectors that are a little shorter.
fn near_the_limit<T: Clone + PartialEq + Ord + Debug, C: Counter>(make: fn(usize) -> T) {
    type Change<T, C> = fn(&mut GenericVector<T, C>, T);
    let additions: [(&str, Change<T, C>); 12] = [
        ("push_back", |vector, element| vector.push_back(element)),
        ("push_front", |vector, element| vector.push_front(element)),
        ("insert at the front", |vector, element| vector.insert(0, element)),
        ("insert in the middle", |vector, element| vector.insert(vector.len() / 2, element)),
        ("insert near the end", |vector, element| vector.insert(vector.len() - 1, element)),
        ("insert at the end", |vector, element| vector.insert(vector.len(), element)),
        ("extend", |vector, element| vector.extend([element])),
        ("extend_from_slice", |vector, element| vector.extend_from_slice(&[element])),
        ("append", |vector, element| vector.append(GenericVector::unit(element))),
        ("append to", |vector, element| {
            let mut joined = GenericVector::unit(element);
            joined.append(vector.clone());
            *vector = joined;
        }),
        ("concat", |vector, element| *vector = vector.concat(&GenericVector::unit(element))),
        ("add", |vector, element| *vector = vector.clone() + GenericVector::unit(element)),
    ];
    for (name, add) in as_time_allows(&additions) {
        for held in [false, true] {
            let mut vector = long::<T, C>(MAX - LEAF - 1, make);
            let version = held.then(|| vector.clone());
            add(&mut vector, make(0));
            assert_eq!(vector.len(), MAX - LEAF, "{name}");
            let mut added = 0;
            while expecting_panics(|| add(&mut vector, make(0))).is_some() {
                added += 1;
                assert_eq!(vector.len(), MAX - LEAF + added, "{name}");
                assert!(added <= LEAF, "{name}");
            }
            assert_eq!(vector.len(), MAX - LEAF + added, "{name} when it is refused");
            drop(version);
            // When there is room again, it accepts another element.
            assert!(vector.pop_back().is_some());
            vector.push_back(make(1));
            assert_eq!((vector.len(), vector.last()), (MAX - LEAF + added, Some(&make(1))));
            assert!(expecting_panics(|| vector.extend((0..2 * LEAF).map(make))).is_none());
            assert!(vector.len() <= MAX);
        }
    }
    let mut vector = long::<T, C>(MAX - LEAF, make);
    assert!(expecting_panics(|| vector.concat(&vector)).is_none());
    assert!(expecting_panics(|| vector.append(vector.clone())).is_none());
    check(&vector, 0, make);
    let slice = |range: Range<usize>| {
        let from = range.start;
        check(&vector.slice(range), from, make);
    };
    slice(0..MAX - LEAF - 1);
    slice(1..MAX - LEAF);
    slice(MAX / 3..MAX / 3 + 1000);
    slice(1 << 62..(1 << 62) + (1 << 61));
    slice(MAX - 1000..MAX - LEAF);
    let (left, right) = vector.clone().split_at(MAX / 2);
    check(&left, 0, make);
    check(&right, MAX / 2, make);
    check(&left.concat(&right), 0, make);
    assert!(left != right);
    let mut shorter = vector.clone();
    let removed = [MAX / 2, 0].map(|at| shorter.remove(at));
    assert_eq!(removed, [make(MAX / 2 % PERIOD), make(0)]);
    assert_eq!(shorter.len(), MAX - LEAF - 2);
    assert_eq!(shorter.pop_front(), Some(make(1)));
    shorter.truncate(MAX / 5);
    shorter.set(MAX / 7, make(3));
    assert_eq!((shorter.len(), &shorter[MAX / 7]), (MAX / 5, &make(3)));
    shorter.swap(0, MAX / 6);
    let mut ends = shorter.iter_mut();
    assert!(ends.next().is_some() && ends.next_back().is_some());
    let mut parts = shorter.into_iter();
    assert!(parts.next().is_some() && parts.next_back().is_some());
    assert_eq!(parts.len(), MAX / 5 - 2);
    check(&vector, 0, make);
}

/// Joins a vector with itself until that is refused, and checks it at every length on the way.
fn doubled<T: Clone + PartialEq + Ord + Debug, C: Counter>(make: fn(usize) -> T) {
    let mut vector = period::<T, C>(make);
    while let Some(joined) = expecting_panics(|| vector.concat(&vector)) {
        vector = joined;
        check(&vector, 0, make);
    }
    assert!(vector.len() > MAX / 2);
    let mut appended = period::<T, C>(make);
    while expecting_panics(|| appended.append(appended.clone())).is_some() {}
    assert_eq!(appended.len(), vector.len());
    check(&appended, 0, make);
    let mut vector = long::<T, C>(MAX - LEAF - 50, make);
    let more = period(make).concat(&period(make));
    assert!(expecting_panics(|| vector.append(more)).is_none());
    assert_eq!(vector.len(), MAX - LEAF - 50);
    check(&vector, 0, make);
}

#[test]
#[cfg_attr(miri, ignore = "looks at too many elements; memcheck sees it")]
fn what_is_longer_than_a_vector_can_be_is_refused() {
    doubled::<(), Atomic>(|_| ());
    near_the_limit::<(), Atomic>(|_| ());
    doubled::<u8, Plain>(|at| at as u8);
    near_the_limit::<u8, Plain>(|at| at as u8);
    doubled::<u64, Atomic>(|at| at as u64);
    near_the_limit::<u64, Atomic>(|at| at as u64);
    doubled::<Box<usize>, Atomic>(Box::new);
    near_the_limit::<Box<usize>, Atomic>(Box::new);
    doubled::<[u64; 30], Plain>(|at| [at as u64; 30]);
    near_the_limit::<[u64; 30], Plain>(|at| [at as u64; 30]);
}

#[test]
fn slices_longer_than_a_vector_can_be_are_refused_at_once() {
    let mut vector: persistent_collections::Vector<()> = persistent_collections::Vector::unit(());
    // SAFETY: elements without a size need no memory.
    let endless =
        unsafe { std::slice::from_raw_parts(std::ptr::NonNull::<()>::dangling().as_ptr(), usize::MAX) };
    for slice in [endless, &endless[..MAX], &endless[..MAX + 1]] {
        assert!(expecting_panics(|| vector.extend_from_slice(slice)).is_none());
        assert_eq!(vector.len(), 1);
    }
}

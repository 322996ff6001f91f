use std::cell::Cell;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};

use scenarios::input::mix;
use scenarios::probe::{Injected, Probe};

use super::GenericVector;
use super::node::{Branch, Leaf, Link, MAX_CHILDREN, Width};
use super::tree;
use crate::counter::{Atomic, Counter, Plain};
use crate::testing::{Brittle, is_interrupted, std_hash};
use crate::{Vector, rc};

/// Walks the whole tree, and checks the invariants of the [module](super).
fn check_shape<T, C: Counter>(vector: &GenericVector<T, C>) {
    fn node<T, C: Counter>(link: Link, height: u8, size: usize, relaxed: &mut bool) {
        assert!(size > 0, "no node is empty");
        if height == 0 {
            assert!(size <= Width::<T>::LEAF);
            // SAFETY: the vector holds its tree.
            let leaf = unsafe { Leaf::<T, C>::from_link(link) };
            assert!(size <= leaf.fill() && leaf.fill() <= leaf.room());
            return;
        }
        // SAFETY: above the leaves are branches, held by the vector.
        let branch = unsafe { Branch::<C>::from_link(link) };
        assert!((1..=MAX_CHILDREN).contains(&branch.len()) && branch.len() <= branch.room());
        *relaxed |= branch.is_relaxed();
        let mut begin = 0;
        for slot in 0..branch.len() {
            let end = tree::child_end::<T, C>(branch, height, slot, size);
            assert!(end > begin && end - begin <= Width::<T>::full(height - 1));
            if !branch.is_relaxed() && slot + 1 < branch.len() {
                assert_eq!(end - begin, Width::<T>::full(height - 1), "only the last child may be short");
            }
            node::<T, C>(branch.child(slot), height - 1, end - begin, relaxed);
            begin = end;
        }
        assert_eq!(begin, size);
    }
    let mut relaxed = false;
    if vector.is_small() {
        assert_eq!((vector.tree_len, vector.tail_len, vector.tail_room, vector.shape.0), (0, 0, 0, 0));
        assert_eq!(usize::from(vector.small_room), GenericVector::<T, C>::MAX_SMALL);
        assert!(vector.small_len <= vector.small_room);
    } else {
        assert_eq!((vector.small_len, vector.small_room), (0, 0));
    }
    match vector.nodes().root {
        None => assert_eq!((vector.tree_len, vector.shape.height()), (0, 0)),
        Some(root) => {
            if vector.shape.height() > 0 {
                // SAFETY: above the leaves are branches.
                let branch = unsafe { Branch::<C>::from_link(root) };
                assert!(branch.len() > 1, "the root has at least two children");
            }
            node::<T, C>(root, vector.shape.height(), vector.tree_len, &mut relaxed);
        }
    }
    assert!(vector.shape.is_relaxed() || !relaxed);
    match vector.nodes().tail {
        None => assert_eq!((vector.tail_len, vector.tail_room), (0, 0)),
        Some(tail) => {
            assert_eq!(usize::from(vector.tail_room), tail.room());
            assert!(vector.tail_len <= vector.tail_room && vector.tail_len() <= tail.fill());
        }
    }
}

/// Compares everything that can be read with a model.
fn check<T: Clone + Debug + PartialEq, C: Counter>(vector: &GenericVector<T, C>, model: &[T]) {
    check_shape(vector);
    assert_eq!(vector.len(), model.len());
    assert_eq!(vector.is_empty(), model.is_empty());
    assert!(vector.iter().eq(model));
    assert!(vector.iter().rev().eq(model.iter().rev()));
    assert_eq!(vector.iter().len(), model.len());
    assert_eq!(vector.leaves().flatten().count(), model.len());
    assert_eq!(vector.first(), model.first());
    assert_eq!(vector.last(), model.last());
    for (index, value) in model.iter().enumerate() {
        assert_eq!(vector.get(index), Some(value));
    }
    assert_eq!(vector.get(model.len()), None);
    assert_eq!(vector.get(usize::MAX), None);
}

/// Checks that a vector, however a panic has left it, can be appended to.
fn check_usable<T: Clone + Debug + PartialEq, C: Counter>(vector: &mut GenericVector<T, C>, element: T) {
    check_shape(vector);
    let mut model: Vec<T> = vector.iter().cloned().collect();
    vector.push_back(element.clone());
    model.push(element);
    assert!(vector.iter().eq(&model));
}

fn numbers<C: Counter>(range: std::ops::Range<usize>) -> GenericVector<usize, C> {
    range.collect()
}

/// Lengths around which the shape changes if leaves hold 64 elements: the handle, growing tails, leaves, branches,
/// roots.
const BOUNDARIES: [usize; 25] = [
    0, 1, 7, 8, 9, 10, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 1088, 1089, 16_383, 16_384,
    16_385, 16_448, 16_449,
];

#[test]
fn a_small_vector_that_still_has_a_tree_is_joined_whole() {
    let mut vector = numbers::<Atomic>(0..70).slice(60..70);
    for _ in 0..5 {
        vector.pop_back();
    }
    assert!((vector.tree_len, vector.tail_len()) == (4, 1));
    for count in 0..4 {
        let joined = vector.concat(&numbers(0..count));
        assert!(joined.iter().copied().eq(vector.iter().copied().chain(0..count)));
        let mut appended = vector.clone();
        appended.append(numbers(0..count));
        assert_eq!(appended, joined);
        let behind = numbers(0..count).concat(&vector);
        assert!(behind.iter().copied().eq((0..count).chain(vector.iter().copied())));
        assert!(count == 0 || (joined.is_small() && behind.is_small()));
    }
}

/// Makes random changes to versions that stem from each other, and compares each version with its model.
///
/// The environment variables `VECTOR_OPERATIONS` and `VECTOR_SEED` ask for longer and other runs.
fn trace<T: Clone + Debug + PartialEq, C: Counter>(
    seed: u64,
    operations: u64,
    most: usize,
    make: fn(u64) -> T,
) {
    type Version<T, C> = (GenericVector<T, C>, Vec<T>);
    let mut state = seed;
    let mut draw = |below: usize| {
        state = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        (state >> 16) as usize % below.max(1)
    };
    let mut versions: Vec<Version<T, C>> = vec![(GenericVector::new(), Vec::new())];
    for operation in 0..operations {
        let at = draw(versions.len());
        if draw(3) == 0 {
            let version = versions[at].clone();
            if versions.len() < 10 {
                versions.push(version);
            } else {
                let place = draw(10);
                versions[place] = version;
            }
        }
        let other = versions[draw(versions.len())].clone();
        let (vector, model) = &mut versions[at];
        let value = make(operation);
        let index = draw(model.len());
        // Mostly near an end, because otherwise vectors would never grow long.
        let near = draw(model.len().min(130) + 1);
        let cut = match draw(4) {
            0 => draw(model.len() + 1),
            1 => near,
            _ => model.len() - near,
        };
        match draw(24) {
            0..=3 => {
                vector.push_back(value.clone());
                model.push(value);
            }
            4..=6 => assert_eq!(vector.pop_back(), model.pop()),
            7 | 8 if !model.is_empty() => {
                assert_eq!(vector.set(index, value.clone()), std::mem::replace(&mut model[index], value));
            }
            9 => {
                let count = draw(200.min(most));
                let values: Vec<T> = (0..count as u64).map(|value| make(operation ^ value)).collect();
                if draw(2) == 0 {
                    vector.extend_from_slice(&values);
                } else {
                    vector.extend(values.iter().cloned());
                }
                model.extend(values);
            }
            10 => {
                for _ in 0..draw(150.min(most)) {
                    assert_eq!(vector.pop_back(), model.pop());
                }
            }
            11 => {
                let (start, end) = (cut.min(model.len() - cut), cut.max(model.len() - cut));
                *vector = vector.slice(start..end);
                *model = model[start..end].to_vec();
            }
            12 if model.len() + other.1.len() <= most => {
                vector.append(other.0);
                model.extend(other.1);
            }
            13 if model.len() + other.1.len() <= most => {
                *vector = other.0.concat(vector);
                model.splice(0..0, other.1);
            }
            14 => {
                vector.insert(index, value.clone());
                model.insert(index, value);
            }
            15 if !model.is_empty() => assert_eq!(vector.remove(index), model.remove(index)),
            16 => {
                vector.truncate(cut);
                model.truncate(cut);
            }
            17 => {
                vector.push_front(value.clone());
                model.insert(0, value);
            }
            18 if !model.is_empty() => assert_eq!(vector.pop_front(), Some(model.remove(0))),
            19 => {
                let right = vector.split_off(cut);
                let right_model = model.split_off(cut);
                assert!(right.iter().eq(&right_model));
                if right_model.len() > model.len() {
                    (*vector, *model) = (right, right_model);
                }
            }
            20 if draw(8) == 0 => {
                for (place, value) in vector.iter_mut().zip(model.iter_mut()) {
                    *value = make(operation);
                    place.clone_from(value);
                }
            }
            21 if draw(8) == 0 => {
                let mut values = std::mem::take(vector).into_iter();
                let back: Vec<T> = values.by_ref().rev().take(index / 2).collect();
                assert!(back.iter().eq(model.iter().rev().take(index / 2)));
                let front: Vec<T> = values.collect();
                assert_eq!(front, model[..model.len() - index / 2]);
                *model = front.clone();
                *vector = front.into();
            }
            22 if draw(8) == 0 => {
                vector.clear();
                model.clear();
            }
            _ => {
                assert_eq!(vector.get(index), model.get(index));
                assert_eq!(*vector == other.0, *model == other.1);
            }
        }
        let (vector, model) = &versions[at];
        assert_eq!((vector.len(), vector.last()), (model.len(), model.last()), "operation {operation}");
        let index = draw(model.len());
        assert_eq!(vector.get(index), model.get(index), "operation {operation}");
        if operation % 61 == 0 {
            check_shape(vector);
            let checked = draw(versions.len());
            assert!(versions[checked].0.iter().eq(&versions[checked].1), "operation {operation}");
        }
        if operation % 997 == 0 {
            versions.iter().for_each(|(vector, model)| check(vector, model));
        }
    }
    versions.iter().for_each(|(vector, model)| check(vector, model));
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn random_operations_on_a_tree_of_versions() {
    let operations = from_environment("VECTOR_OPERATIONS", 6000);
    let seed = from_environment("VECTOR_SEED", 1);
    trace::<u64, Atomic>(seed, operations, 6000, |value| value);
    trace::<u64, Plain>(seed + 1, operations / 2, 30_000, |value| value);
    // Lengths around which elements leave the handle.
    trace::<u64, Atomic>(seed + 4, operations / 2, 12, |value| value);
    trace::<(u8, u64), Plain>(seed + 5, operations / 4, 8, |value| (value as u8, value));
    trace::<(u64, u64, u64), Atomic>(seed + 2, operations / 4, 3000, |value| (value, value, value));
    trace::<String, Atomic>(seed + 3, operations / 8, 1500, |value| value.to_string());
}

#[test]
fn random_operations_drop_every_element_once() {
    Probe::reset();
    // Probes are compared by their ids.
    trace::<Probe, Atomic>(5, from_environment("VECTOR_OPERATIONS", 16_000) / 8, 1500, |value| {
        Probe::new(value as u32)
    });
    assert_eq!(Probe::live(), 0);
    trace::<Probe, Plain>(6, from_environment("VECTOR_OPERATIONS", 16_000) / 8, 800, |value| {
        Probe::new(value as u32)
    });
    assert_eq!(Probe::live(), 0);
}

#[test]
fn elements_are_found_after_the_root_has_overflowed() {
    let mut vector = Vector::new();
    for value in 0..2000 {
        vector.push_back(value);
    }
    assert_eq!(
        [1023, 1024, 1999, 2000].map(|index| vector.get(index)),
        [Some(&1023), Some(&1024), Some(&1999), None]
    );
}

fn boundaries<C: Counter>() {
    let mut held = Vec::new();
    let mut vector = GenericVector::<usize, C>::new();
    for length in BOUNDARIES {
        while vector.len() < length {
            vector.push_back(vector.len());
        }
        check_shape(&vector);
        for index in BOUNDARIES.into_iter().filter(|index| *index < length) {
            let changed = vector.update(index, usize::MAX);
            assert_eq!((changed[index], vector[index]), (usize::MAX, index));
            assert!(changed != vector);
            assert_eq!(changed.update(index, index), vector);
        }
        held.push(vector.clone());
    }
    let mut down = vector.clone();
    for expected in (0..vector.len()).rev() {
        assert_eq!(down.pop_back(), Some(expected));
        if BOUNDARIES.contains(&expected) {
            check(&down, &(0..expected).collect::<Vec<_>>());
            // Across the boundary and back, in a fork and in place.
            let mut fork = down.clone();
            fork.push_back(7);
            assert_eq!((fork.pop_back(), down.len()), (Some(7), expected));
            down.push_back(8);
            assert_eq!(down.pop_back(), Some(8));
        }
    }
    assert_eq!((down.pop_back(), down.len()), (None, 0));
    down.extend(0..1100);
    check(&down, &(0..1100).collect::<Vec<_>>());
    for (vector, length) in held.iter().zip(BOUNDARIES) {
        check(vector, &(0..length).collect::<Vec<_>>());
    }
}

#[test]
fn push_set_and_pop_across_every_boundary() {
    boundaries::<Atomic>();
    boundaries::<Plain>();
}

#[test]
fn slices_and_concatenations_of_every_small_pair() {
    let lengths: Vec<usize> =
        (0..=17).chain([31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 129, 1087, 1088, 1089]).collect();
    for &left in &lengths {
        let vector = numbers::<Atomic>(0..left);
        for &right in &lengths {
            let other = numbers::<Atomic>(left..left + right);
            let joined = vector.concat(&other);
            check(&joined, &(0..left + right).collect::<Vec<_>>());
            assert_eq!(joined, numbers(0..left + right));
            if right <= left {
                for start in [0, left - right, (left - right) / 2] {
                    let mut slice = vector.slice(start..start + right);
                    check(&slice, &(start..start + right).collect::<Vec<_>>());
                    slice.push_back(usize::MAX);
                    assert_eq!((slice.len(), slice.last()), (right + 1, Some(&usize::MAX)));
                }
            }
        }
        check(&vector, &(0..left).collect::<Vec<_>>());
    }
}

#[test]
fn long_vectors_share_what_they_have_in_common() {
    let vector = numbers::<Atomic>(0..100_000);
    let address = |vector: &Vector<usize>, index| std::ptr::from_ref(&vector[index]);
    let slice = vector.slice(1234..90_000);
    let joined = slice.concat(&vector);
    for index in (1300..89_000).step_by(997) {
        assert_eq!(address(&vector, index), address(&slice, index - 1234));
        assert_eq!(address(&vector, index), address(&joined, index - 1234));
        assert_eq!(address(&vector, index), address(&joined, index + 88_766));
    }
    let mut expected: Vec<usize> = (1234..90_000).collect();
    expected.extend(0..100_000);
    check(&joined, &expected);
    assert!(joined.shape.height() <= 4);
    let changed = vector.update(50_000, 0);
    assert_ne!(address(&vector, 50_000), address(&changed, 50_000));
    assert_eq!(address(&vector, 50_100), address(&changed, 50_100));
}

#[test]
fn trees_stay_low_however_they_are_cut_and_joined() {
    let mut vector = numbers::<Atomic>(0..20_000);
    let mut model: Vec<usize> = (0..20_000).collect();
    for round in 0..400 {
        let at = mix(round) as usize % model.len();
        vector = vector.slice(at..).concat(&vector.slice(..at));
        model.rotate_left(at);
    }
    check(&vector, &model);
    assert!(vector.shape.height() <= 5, "20,000 elements are {} branches deep", vector.shape.height());
    // This vector has far more elements than the memory could hold one by one.
    let mut doubled = numbers::<Atomic>(0..100);
    for _ in 0..50 {
        doubled = doubled.concat(&doubled);
    }
    assert_eq!(doubled.len(), 100 << 50);
    assert_eq!(doubled[(77 << 50) + 12], ((77 << 50) + 12) % 100);
    let mut cut = doubled.slice((33 << 50) + 5..(34 << 50) + 3);
    assert_eq!(
        (cut.len(), cut[0], cut.last()),
        ((1 << 50) - 2, ((33 << 50) + 5) % 100, Some(&(((34 << 50) + 2) % 100)))
    );
    cut.set(1 << 40, 7);
    cut.push_back(8);
    assert_eq!((cut[1 << 40], cut.pop_back()), (7, Some(8)));
}

#[test]
#[should_panic(expected = "a vector has at most isize::MAX elements")]
fn too_many_elements_are_refused() {
    let mut vector: Vector<()> = std::iter::repeat_n((), 100).collect();
    loop {
        vector = vector.concat(&vector);
    }
}

#[test]
fn one_version_appends_in_place_and_the_others_copy() {
    let mut first: Vector<usize> = (0..12).collect();
    first.push_back(12);
    let expected = |last: &[usize]| (0..=12).chain(last.iter().copied()).collect::<Vec<_>>();
    let mut second = first.clone();
    let held = first.clone();
    let address = |vector: &Vector<usize>| std::ptr::from_ref(&vector[0]);
    let before = address(&first);
    first.push_back(13);
    second.push_back(130);
    assert_eq!(address(&first), before, "the first version that appends does so in place");
    assert_ne!(address(&second), before, "the second version that appends copies its tail");
    check(&held, &expected(&[]));
    check(&first, &expected(&[13]));
    check(&second, &expected(&[130]));
    // The popped element's place is taken, because another version sees it. The next push must not write there.
    let mut third = first.clone();
    assert_eq!(third.pop_back(), Some(13));
    third.push_back(1300);
    check(&first, &expected(&[13]));
    check(&third, &expected(&[1300]));
    // When the others are gone, their elements are dropped, and the last version uses their place.
    let mut alone = held.clone();
    drop((first, second, third, held));
    alone.push_back(5);
    assert_eq!(address(&alone), before);
    check(&alone, &expected(&[5]));
}

#[test]
fn forks_exactly_at_a_full_tail() {
    for length in [7, 8, 31, 32, 63, 64, 65, 1087, 1088] {
        let vector = numbers::<Atomic>(0..length);
        let forks: Vec<Vector<usize>> = (0..5)
            .map(|fork| {
                let mut vector = vector.clone();
                vector.extend((0..70).map(|value| fork * 1000 + value));
                vector
            })
            .collect();
        for (fork, vector) in forks.iter().enumerate() {
            let expected: Vec<usize> = (0..length).chain((0..70).map(|value| fork * 1000 + value)).collect();
            check(vector, &expected);
        }
        check(&vector, &(0..length).collect::<Vec<_>>());
    }
}

/// A vector, and perhaps another version that shares nodes with it.
type Made<T, C> = (GenericVector<T, C>, Option<GenericVector<T, C>>);

/// Vectors of `length` elements, made in several ways: the elements lie in the handle, in a leaf or in a tree, and are
/// shared or not.
fn made_in_every_way<T: Clone, C: Counter>(length: usize, make: fn(usize) -> T) -> Vec<Made<T, C>> {
    let values = |range: std::ops::Range<usize>| range.map(make);
    let mut ways: Vec<GenericVector<T, C>> = Vec::new();
    ways.push(values(0..length).collect());
    let mut pushed = GenericVector::new();
    values(0..length).for_each(|value| pushed.push_back(value));
    ways.push(pushed);
    let mut popped: GenericVector<T, C> = values(0..length + 20).collect();
    (0..20).for_each(|_| drop(popped.pop_back()));
    ways.push(popped);
    let mut cut: GenericVector<T, C> = values(0..length + 200).collect();
    cut.truncate(length);
    ways.push(cut);
    let long: GenericVector<T, C> =
        values(0..length).collect::<GenericVector<T, C>>().concat(&values(0..200).collect());
    ways.push(long.slice(..length));
    ways.into_iter()
        .flat_map(|vector| {
            let mut ahead = vector.clone();
            ahead.push_back(make(77));
            let copy = vector.clone();
            [(vector, None), (copy.clone(), Some(copy)), (ahead.slice(..length), Some(ahead))]
        })
        .collect()
}

/// Does every operation to vectors of every length around which elements leave the handle, made in every way.
fn every_operation_on_small_vectors<T: Clone + Debug + PartialEq, C: Counter>(make: fn(usize) -> T) {
    type Operation<T, C> = (&'static str, fn(&mut GenericVector<T, C>, &mut Vec<T>, usize, fn(usize) -> T));
    let operations: [Operation<T, C>; 16] = [
        ("push_back", |vector, model, _, make| {
            vector.push_back(make(50));
            model.push(make(50));
        }),
        ("pop_back", |vector, model, _, _| assert_eq!(vector.pop_back(), model.pop())),
        ("set", |vector, model, at, make| {
            if at < model.len() {
                assert_eq!(vector.set(at, make(51)), std::mem::replace(&mut model[at], make(51)));
            }
        }),
        ("insert", |vector, model, at, make| {
            vector.insert(at, make(52));
            model.insert(at, make(52));
        }),
        ("remove", |vector, model, at, _| {
            if at < model.len() {
                assert_eq!(vector.remove(at), model.remove(at));
            }
        }),
        ("swap", |vector, model, at, _| {
            if at < model.len() {
                vector.swap(at, model.len() - 1);
                model.swap(at, vector.len() - 1);
            }
        }),
        ("truncate", |vector, model, at, _| {
            vector.truncate(at);
            model.truncate(at);
        }),
        ("split_off", |vector, model, at, _| {
            let (right, right_model) = (vector.split_off(at), model.split_off(at));
            check(&right, &right_model);
        }),
        ("slice", |vector, model, at, _| {
            *vector = vector.slice(at / 2..at);
            *model = model[at / 2..at].to_vec();
        }),
        ("push_front, pop_front", |vector, model, at, make| {
            (0..=at).for_each(|value| vector.push_front(make(value)));
            assert_eq!(vector.pop_front(), Some(make(at)));
            model.splice(0..0, (0..at).rev().map(make));
        }),
        ("extend", |vector, model, at, make| {
            vector.extend((0..at).map(make));
            vector.extend((0..at).filter(|value| value % 2 == 0).map(make));
            model.extend((0..at).map(make));
            model.extend((0..at).filter(|value| value % 2 == 0).map(make));
        }),
        ("extend_from_slice", |vector, model, at, make| {
            let values: Vec<T> = (0..at).map(make).collect();
            vector.extend_from_slice(&values);
            model.extend(values);
        }),
        ("append, concat", |vector, model, at, make| {
            for (other, held) in made_in_every_way::<T, C>(at, make) {
                let other_model: Vec<T> = (0..at).map(make).collect();
                let joined = vector.concat(&other);
                check(&joined, &[model.as_slice(), &other_model].concat());
                check(&other.concat(vector), &[&other_model, model.as_slice()].concat());
                if !vector.is_empty() && !other.is_empty() {
                    let fits = vector.len() + other.len() <= GenericVector::<T, C>::MAX_SMALL;
                    assert_eq!(joined.is_small(), fits, "elements lie in the handle if they fit there");
                }
                assert_eq!(joined == other, model.is_empty());
                let mut appended = vector.clone();
                appended.append(other);
                assert_eq!(appended, joined);
                drop(held);
            }
            vector.append(vector.clone());
            model.extend_from_within(..);
        }),
        ("iter_mut", |vector, model, at, make| {
            vector.iter_mut().skip(at).for_each(|value| *value = make(53));
            vector.iter_mut().rev().skip(at).for_each(|value| *value = make(54));
            model.iter_mut().skip(at).for_each(|value| *value = make(53));
            model.iter_mut().rev().skip(at).for_each(|value| *value = make(54));
        }),
        ("into_iter", |vector, model, at, _| {
            let mut values = std::mem::take(vector).into_iter();
            let front: Vec<T> = values.by_ref().take(at / 2).collect();
            // The elements may lie in the handle, which moves together with the iterator.
            let mut values = Box::new(values);
            let back: Vec<T> = values.by_ref().rev().take(at - at / 2).collect();
            let rest: Vec<T> = values.collect();
            let back: Vec<T> = back.into_iter().rev().collect();
            assert_eq!([front.as_slice(), &rest, &back].concat(), *model);
            *vector = rest.clone().into();
            *model = rest;
        }),
        ("retain", |vector, model, at, make| {
            let unwanted = make(at);
            vector.retain(|value| *value != unwanted);
            model.retain(|value| *value != unwanted);
        }),
    ];
    for length in 0..=12 {
        for at in 0..=length {
            for (name, operation) in operations {
                for (mut vector, held) in made_in_every_way::<T, C>(length, make) {
                    let mut model: Vec<T> = (0..length).map(make).collect();
                    let fork = vector.clone();
                    check(&vector, &model);
                    operation(&mut vector, &mut model, at, make);
                    check(&vector, &model);
                    check(&fork, &(0..length).map(make).collect::<Vec<_>>());
                    if let Some(held) = held {
                        assert!(held.iter().take(length).cloned().eq((0..length).map(make)), "{name}");
                    }
                    // The vector is the same after it has moved to another address.
                    let boxed = Box::new(vector);
                    check(&boxed, &model);
                }
            }
        }
    }
}

#[test]
fn every_operation_on_vectors_that_just_fit_into_the_handle() {
    every_operation_on_small_vectors::<u64, Atomic>(|value| value as u64);
    every_operation_on_small_vectors::<Cell<u16>, Plain>(|value| Cell::new(value as u16));
    every_operation_on_small_vectors::<(), Atomic>(|_| ());
    Probe::reset();
    every_operation_on_small_vectors::<Probe, Plain>(|value| Probe::new(value as u32));
    assert_eq!(Probe::live(), 0);
}

/// Pushes and pops elements while a version of every length is kept. Splits each version, and joins its halves the
/// other way round.
fn up_and_down<T: Clone + Debug + PartialEq>(make: fn(usize) -> T) {
    let model: Vec<T> = (0..20).map(make).collect();
    let mut vector = Vector::new();
    let mut held = Vec::new();
    for value in &model {
        held.push(vector.clone());
        vector.push_back(value.clone());
    }
    for (length, version) in held.iter().enumerate() {
        check(version, &model[..length]);
        let (left, right) = version.clone().split_at(length / 2);
        check(&(right + left), &[&model[length / 2..length], &model[..length / 2]].concat());
        assert!(version.clone().into_iter().eq(model[..length].iter().cloned()));
    }
    for length in (0..20).rev() {
        assert_eq!(vector.pop_back().as_ref(), Some(&model[length]));
        assert_eq!(vector, held[length]);
        if length > 0 {
            assert_eq!(vector.update(length / 2, make(19))[length / 2], model[19]);
        }
    }
}

#[test]
fn small_vectors_of_every_kind_of_element() {
    up_and_down::<u8>(|value| value as u8);
    up_and_down::<(u64, u8)>(|value| (value as u64, 7));
    up_and_down::<[u64; 4]>(|value| [value as u64; 4]);
    up_and_down::<&str>(|value| &"abcdefghijklmnopqrstuvwxyz"[value..]);
    // Elements of these types never lie in the handle.
    up_and_down::<u128>(|value| value as u128);
    up_and_down::<[u64; 9]>(|value| [value as u64; 9]);
    up_and_down::<String>(|value| value.to_string());
}

#[test]
fn which_vectors_lie_in_the_handle() {
    const {
        assert!(
            Vector::<u64>::MAX_SMALL == 8 && Vector::<u8>::MAX_SMALL == 8 && Vector::<()>::MAX_SMALL == 8
        );
        assert!(
            Vector::<&str>::MAX_SMALL == 4
                && Vector::<[u64; 3]>::MAX_SMALL == 2
                && Vector::<[u64; 4]>::MAX_SMALL == 2
        );
        assert!(
            Vector::<[u64; 5]>::MAX_SMALL == 0
                && Vector::<u128>::MAX_SMALL == 0
                && Vector::<Box<u8>>::MAX_SMALL == 0
        );
    };
    let within = |vector: &Vector<u64>| {
        let handle = std::ptr::from_ref(vector).addr();
        vector.iter().all(|element| (handle..handle + 80).contains(&std::ptr::from_ref(element).addr()))
    };
    let long: Vector<u64> = (0..1000).collect();
    let eight: Vector<u64> = (0..8).collect();
    assert!(within(&eight) && within(&eight.clone()) && !within(&(0..9).collect()));
    // A result of few elements holds no leaf, even if it was cut from two leaves.
    assert!(within(&long.slice(60..68)) && within(&long.take(8)) && within(&long.skip(992)));
    assert!(within(&eight.take(3).concat(&eight.skip(3))));
    let (mut left, mut shared) = (long.clone(), long.take(20));
    assert!(within(&left.split_off(995)) && left.len() == 995);
    left.truncate(3);
    let held = shared.clone();
    shared.truncate(5);
    assert!(within(&left) && within(&shared) && held.len() == 20);
    // A vector keeps a leaf of its own for elements to come, even if the present ones would fit into the handle.
    drop(held);
    let mut popped: Vector<u64> = (0..9).collect();
    popped.pop_back();
    popped.truncate(2);
    assert!(!within(&popped));
    popped.clear();
    popped.push_back(1);
    assert!(within(&popped));
}

#[test]
fn elements_that_change_behind_a_shared_reference() {
    let vector: rc::Vector<Cell<u32>> = (0..5).map(Cell::new).collect();
    let copy = vector.clone();
    let add = |vector: &rc::Vector<Cell<u32>>| vector.iter().for_each(|cell| cell.set(cell.get() + 10));
    add(&vector);
    add(&vector);
    assert!(vector.iter().map(Cell::get).eq([20, 21, 22, 23, 24]));
    assert!(copy.iter().map(Cell::get).eq(0..5), "cloning a small vector clones each element");

    #[derive(Debug)]
    struct Count(AtomicU32);
    impl Clone for Count {
        fn clone(&self) -> Self {
            Count(AtomicU32::new(self.0.load(Ordering::Relaxed)))
        }
    }
    let counts: Vector<Count> = (0..3).map(|_| Count(AtomicU32::new(0))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for step in 0..1000 {
                    let copy = counts.clone();
                    counts[step % 3].0.fetch_add(1, Ordering::Relaxed);
                    copy[step % 3].0.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(counts.iter().map(|count| count.0.load(Ordering::Relaxed)).sum::<u32>(), 4000);
}

#[test]
fn a_panic_in_clone_leaves_small_vectors_intact() {
    let changes: [fn(&mut Vector<Brittle>); 15] = [
        |vector| drop(vector.clone()),
        |vector| *vector = vector.clone(),
        |vector| vector.push_back(Brittle(7)),
        |vector| _ = vector.pop_back(),
        |vector| _ = vector.set(1, Brittle(7)),
        |vector| *vector = vector.slice(1..vector.len()),
        |vector| *vector = vector.concat(&vector.slice(1..3)),
        |vector| vector.append((0..200).map(Brittle).collect()),
        |vector| vector.extend_from_slice(&[Brittle(1), Brittle(2), Brittle(3)]),
        |vector| vector.insert(1, Brittle(7)),
        |vector| _ = vector.remove(1),
        |vector| vector.push_front(Brittle(7)),
        |vector| _ = vector.pop_front(),
        |vector| vector.truncate(2),
        |vector| vector.retain(|value| value.0 != 1),
    ];
    for length in 3..12 {
        for change in changes {
            for fuse in 0..30 {
                for shared in [false, true] {
                    let mut vector: Vector<Brittle> = (0..length).map(Brittle).collect();
                    let held = shared.then(|| vector.clone());
                    Brittle::set_fuse(Some(fuse));
                    is_interrupted(|| change(&mut vector));
                    let kept = if shared { length } else { 0 };
                    assert!(held.iter().flatten().map(|value| value.0).eq(0..kept));
                    check_usable(&mut vector, Brittle(9));
                }
            }
        }
    }
}

#[test]
fn a_type_may_contain_vectors_of_itself() {
    #[derive(Clone, Debug, PartialEq)]
    struct Node {
        value: u32,
        children: Vector<Node>,
    }
    let leaf = |value| Node { value, children: Vector::new() };
    let tree =
        Node { value: 0, children: [leaf(1), Node { value: 2, children: Vector::unit(leaf(3)) }].into() };
    let mut other = tree.clone();
    other.children[1].children.push_back(leaf(4));
    assert_eq!((tree.children[1].children.len(), other.children[1].children.len()), (1, 2));
    assert_ne!(tree, other);
}

#[test]
fn elements_are_dropped_once() {
    Probe::reset();
    let mut vector: Vector<Probe> = (0..1100).map(Probe::new).collect();
    assert_eq!(Probe::live(), 1100);
    let held = vector.clone();
    assert_eq!(Probe::live(), 1100, "a clone shares its elements");
    vector.set(500, Probe::new(0));
    assert_eq!(Probe::live(), 1100 + Width::<Probe>::LEAF as i64, "one leaf was copied");
    drop(held);
    assert_eq!(Probe::live(), 1100);
    while vector.len() > 900 {
        vector.pop_back();
    }
    assert_eq!(Probe::live(), 900);
    vector.truncate(890);
    assert_eq!(Probe::live(), 890);
    drop(vector.slice(10..700));
    drop(vector.concat(&vector));
    assert_eq!(Probe::live(), 890);
    // By value, elements are moved out of leaves of the vector's own. The rest is dropped together with the iterator.
    let mut values = vector.clone().into_iter();
    assert_eq!(values.next().map(|value| value.id()), Some(0));
    assert_eq!(values.next_back().map(|value| value.id()), Some(889));
    drop(values);
    assert_eq!(Probe::live(), 890);
    let mut values = vector.into_iter();
    let kept: Vec<Probe> = values.by_ref().take(100).collect();
    assert_eq!(Probe::live(), 890, "none was cloned");
    assert_eq!(values.next_back().map(|value| value.id()), Some(889));
    drop(values);
    assert_eq!(Probe::live(), 100);
    drop(kept);
    assert_eq!(Probe::live(), 0);
}

type Change = fn(&mut Vector<Probe>);

/// Every change that calls `clone`, `eq` or `cmp`.
const CHANGES: [Change; 17] = [
    |vector| vector.push_back(Probe::new(7)),
    |vector| drop(vector.pop_back()),
    |vector| drop(vector.set(1, Probe::new(7))),
    |vector| *vector = vector.slice(1..vector.len()),
    |vector| *vector = vector.concat(&vector.slice(1..3)),
    |vector| vector.append(vector.slice(..vector.len() - 1)),
    |vector| vector.extend((0..40).map(Probe::new)),
    |vector| vector.extend_from_slice(&[Probe::new(1), Probe::new(2)]),
    |vector| vector.insert(1, Probe::new(7)),
    |vector| drop(vector.remove(1)),
    |vector| vector.push_front(Probe::new(7)),
    |vector| drop(vector.pop_front()),
    |vector| vector.truncate(2),
    |vector| vector.retain(|probe| probe.id().is_multiple_of(2)),
    |vector| vector.sort(),
    |vector| vector.iter_mut().for_each(|probe| *probe = Probe::new(7)),
    |vector| assert!(vector.clone().into_iter().map(|probe| probe.id()).sum::<u32>() > 0),
];

#[test]
fn panics_leave_every_version_intact_and_leak_nothing() {
    Probe::reset();
    for length in [3, 8, 16, 33, 256 + 16, 300] {
        for change in CHANGES {
            for fuse in (0..24).chain([40, 100, 270, 320]) {
                // The vector is alone, or beside a version with the same tail, or also beside one that has appended to
                // it.
                for others in 0..3 {
                    let base: Vector<Probe> = (0..length).map(Probe::new).collect();
                    let mut held: Vec<Vector<Probe>> = (0..others).map(|_| base.clone()).collect();
                    if others == 2 {
                        held[1].push_back(Probe::new(length));
                    }
                    let mut vector = base;
                    Probe::set_fuse(Some(fuse));
                    is_interrupted(|| change(&mut vector));
                    for (at, held) in held.iter().enumerate() {
                        assert!(
                            held.iter().map(Probe::id).eq(0..length + at as u32),
                            "{length} elements, fuse {fuse}"
                        );
                        check_shape(held);
                    }
                    check_usable(&mut vector, Probe::new(9));
                    drop((vector, held));
                    assert_eq!(Probe::live(), 0, "{length} elements, fuse {fuse}");
                }
            }
        }
    }
}

#[test]
fn a_panic_in_an_iterator_keeps_what_it_gave() {
    Probe::reset();
    for length in [0, 3, 16, 300] {
        for given in [0, 1, 7, 8, 20, 50] {
            for shared in [false, true] {
                let mut vector: Vector<Probe> = (0..length).map(Probe::new).collect();
                let held = shared.then(|| vector.clone());
                let values = (length..).map(|id| {
                    if id == length + given {
                        std::panic::panic_any(Injected);
                    }
                    Probe::new(id)
                });
                assert!(is_interrupted(|| vector.extend(values)));
                check_shape(&vector);
                assert!(vector.iter().map(Probe::id).eq(0..length + given));
                assert!(held.iter().flatten().map(Probe::id).eq(0..if shared { length } else { 0 }));
                drop((vector, held));
                assert_eq!(Probe::live(), 0);
            }
        }
    }
}

/// An element that counts the elements alive. When `armed` is set, the next drop panics.
struct Grenade<'a>(&'a Cell<i32>, &'a Cell<bool>);

impl<'a> Grenade<'a> {
    fn new(live: &'a Cell<i32>, armed: &'a Cell<bool>) -> Self {
        live.set(live.get() + 1);
        Grenade(live, armed)
    }
}

impl Clone for Grenade<'_> {
    fn clone(&self) -> Self {
        Grenade::new(self.0, self.1)
    }
}

impl Drop for Grenade<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
        if self.1.replace(false) {
            std::panic::panic_any(Injected);
        }
    }
}

#[test]
fn a_panic_in_drop_drops_the_others_all_the_same() {
    for length in [5, 16, 17, 600] {
        let (live, armed) = (Cell::new(0), Cell::new(false));
        let actions: [fn(Vector<Grenade<'_>>); 6] = [
            |vector| drop(vector),
            |mut vector| vector.clear(),
            |mut vector| vector.truncate(3),
            |vector| drop(vector.into_iter()),
            |vector| {
                let mut values = vector.into_iter();
                std::mem::forget(values.next());
                drop(values);
            },
            |mut vector| {
                let mut held = vector.clone();
                held.truncate(3);
                vector.push_back(vector[0].clone());
                std::mem::forget(vector.pop_back());
                drop(vector);
                held.pop_back();
            },
        ];
        for (action, leaks) in actions.into_iter().zip([0, 0, 0, 0, 1, 1]) {
            live.set(0);
            let vector: Vector<Grenade<'_>> = (0..length).map(|_| Grenade::new(&live, &armed)).collect();
            armed.set(true);
            assert!(is_interrupted(|| action(vector)));
            assert!(!armed.get());
            // Elements that were forgotten are still counted.
            assert_eq!(live.get(), leaks, "{length} elements");
        }
    }
}

#[test]
fn elements_of_no_size() {
    let mut vector: Vector<()> = std::iter::repeat_n((), 1100).collect();
    check(&vector, &[(); 1100]);
    check(&vector.slice(5..1090).concat(&vector), &[(); 2185]);
    vector.set(1000, ());
    assert_eq!(vector.clone().into_iter().count(), 1100);
    assert_eq!(vector.iter_mut().count(), 1100);
    assert_eq!(std::iter::from_fn(|| vector.pop_back()).count(), 1100);
}

#[test]
fn aligned_elements() {
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(256))]
    struct Aligned(u8);
    let vector: Vector<Aligned> = (0..200).map(Aligned).collect();
    drop(vector.update(3, Aligned(0)));
    check(&vector, &(0..200).map(Aligned).collect::<Vec<_>>());
    check(&vector.slice(7..150), &(7..150).map(Aligned).collect::<Vec<_>>());
    assert!(vector.iter().all(|value| std::ptr::from_ref(value).addr().is_multiple_of(256)));
}

#[test]
fn large_elements() {
    let mut vector = Vector::new();
    for value in 0..40 {
        vector.push_back([value; 1000]);
    }
    let held = vector.clone();
    vector.set(1, [0; 1000]);
    vector.pop_back();
    assert_eq!((held[1][7], vector[1][7], vector.len()), (1, 0, 39));
}

const _: () = {
    // A vector has ten words, whatever its elements are, and so has an `Option` of one.
    assert!(size_of::<Vector<u64>>() == 80 && size_of::<Option<Vector<[u64; 100]>>>() == 80);
    assert!(align_of::<Vector<u128>>() == 8);
};

#[test]
fn threads_append_to_one_tail_at_once() {
    for round in 0..200 {
        let length = [0, 3, 8, 60, 63, 64, 100, 1088][round % 8];
        let base: Vector<Box<usize>> = (0..length).map(Box::new).collect();
        let change = |thread: usize| {
            let mut vector = base.clone();
            let mut model: Vec<usize> = (0..length).collect();
            let mut kept = Vec::new();
            for step in 0..300 {
                let draw = mix((round * 4 + thread) as u64 * 1000 + step) as usize;
                match draw % 8 {
                    0 => assert_eq!(vector.pop_back().map(|value| *value), model.pop()),
                    1 if !model.is_empty() => {
                        let index = draw % model.len();
                        model[index] = draw;
                        vector.set(index, Box::new(draw));
                    }
                    2 => kept.push((vector.clone(), model.len())),
                    3 if kept.len() > 4 => {
                        let (version, length) = kept.swap_remove(draw % kept.len());
                        assert_eq!(version.len(), length);
                    }
                    _ => {
                        vector.push_back(Box::new(draw));
                        model.push(draw);
                    }
                }
            }
            assert!(vector.iter().map(|value| **value).eq(model));
            vector
        };
        let forks: Vec<_> = std::thread::scope(|scope| {
            let change = &change;
            let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || change(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(base.iter().map(|value| **value).eq(0..length));
        forks.iter().for_each(check_shape);
    }
}

#[test]
fn iterators_from_both_ends() {
    for length in [0, 1, 2, 64, 65, 200, 1200] {
        let vector = numbers::<Atomic>(0..length);
        let joined = numbers::<Atomic>(0..length / 2).concat(&numbers(length / 2..length));
        for vector in [vector, joined] {
            for front in [0, 1, length / 3, length] {
                let mut iter = vector.iter();
                assert!(iter.by_ref().take(front).eq(&(0..front.min(length)).collect::<Vec<_>>()));
                let rest: Vec<usize> = (front.min(length)..length).collect();
                assert_eq!((iter.len(), iter.clone().count()), (rest.len(), rest.len()));
                assert!(iter.clone().rev().eq(rest.iter().rev()));
                assert_eq!(iter.clone().last(), rest.last());
                assert_eq!(iter.clone().sum::<usize>(), rest.iter().sum::<usize>());
                for skipped in [0, 1, 63, 64, 70, length] {
                    assert_eq!(iter.clone().nth(skipped), rest.get(skipped));
                    assert_eq!(iter.clone().nth_back(skipped), rest.iter().nth_back(skipped));
                    let mut skipping = iter.clone();
                    let (at_front, at_back) = (skipping.next(), skipping.nth_back(skipped));
                    assert_eq!(at_front, rest.first());
                    let behind = rest.split_first().map_or(&[] as &[usize], |(_, behind)| behind);
                    assert_eq!(at_back, behind.iter().nth_back(skipped));
                    assert_eq!(skipping.len(), behind.len().saturating_sub(skipped + 1));
                    let mut both = iter.clone();
                    let last = both.next_back();
                    assert_eq!(last, rest.last());
                    assert_eq!(both.nth(skipped), rest.split_last().and_then(|(_, rest)| rest.get(skipped)));
                }
                // From both ends in turn, until the ends meet.
                let mut alternating = Vec::new();
                while let Some(value) = iter.next() {
                    alternating.push(*value);
                    alternating.extend(iter.next_back().copied());
                }
                assert_eq!((iter.next(), iter.next_back(), alternating.len()), (None, None, rest.len()));
            }
            assert!(vector.leaves().rev().map(<[usize]>::len).sum::<usize>() == length);
        }
    }
}

#[test]
fn changing_all_elements_leaves_other_versions() {
    for held in [false, true] {
        let mut vector = numbers::<Atomic>(0..700).concat(&numbers(0..300));
        vector.append(vector.clone());
        let model: Vec<usize> = vector.iter().copied().collect();
        let version = held.then(|| vector.clone());
        let mut iter = vector.iter_mut();
        assert_eq!(iter.len(), 2000);
        *iter.next().unwrap() = 70;
        *iter.next_back().unwrap() = 80;
        iter.rev().for_each(|value| *value += 1);
        let mut expected: Vec<usize> = model.iter().map(|value| value + 1).collect();
        (expected[0], expected[1999]) = (70, 80);
        check(&vector, &expected);
        if let Some(version) = version {
            check(&version, &model);
        }
    }
}

#[test]
fn equality_order_and_hash_do_not_depend_on_the_shape() {
    let plain = numbers::<Atomic>(0..1000);
    let joined = numbers::<Atomic>(0..333).concat(&numbers(333..1000));
    let cut = numbers::<Atomic>(0..3000).slice(..1000);
    for other in [&joined, &cut] {
        assert_eq!(&plain, other);
        assert_eq!(std_hash(&plain), std_hash(other));
        assert!(plain.cmp(other).is_eq());
    }
    let less = joined.update(500, 0);
    assert_ne!(less, plain);
    assert!(less.cmp(&plain).is_lt() && plain.partial_cmp(&less) == Some(std::cmp::Ordering::Greater));
    assert!(plain.slice(..999) < plain);
    assert_eq!(numbers::<Atomic>(0..0), Vector::new());
    let clone = plain.clone();
    assert!(plain.ptr_eq(&clone) && !plain.ptr_eq(&joined) && !plain.ptr_eq(&clone.update(0, 0)));
    // Elements in the handle are not shared.
    let small = plain.take(3);
    assert!(small.ptr_eq(&small) && !small.ptr_eq(&small.clone()) && small == small.clone());
    let emptied = std::iter::successors(Some(plain.take(9)), |left| {
        (!left.is_empty()).then(|| left.take(left.len() - 1))
    });
    assert!(emptied.last().is_some_and(|last| last.ptr_eq(&Vector::new())));
    // Shared nodes are not compared.
    let nan: Vector<f64> = std::iter::repeat_n(f64::NAN, 3000).collect();
    let mut other = nan.clone();
    assert_eq!(nan, other);
    other.set(100, 1.0);
    assert_ne!(nan, other);
}

#[test]
fn searching_and_sorting() {
    let mut vector: Vector<usize> = (0..1000).map(|value| value * 7919 % 1009).collect();
    let held = vector.clone();
    let mut model: Vec<usize> = vector.iter().copied().collect();
    vector.sort();
    model.sort();
    check(&vector, &model);
    assert_eq!(held[1], 7919 % 1009);
    for value in [0, 1, 500, 1008, 2000] {
        assert_eq!(vector.binary_search(&value), model.binary_search(&value));
        assert_eq!(vector.binary_search_by_key(&value, |element| *element), model.binary_search(&value));
        assert_eq!(vector.contains(&value), model.contains(&value));
        assert_eq!(vector.index_of(&value), model.iter().position(|element| *element == value));
    }
    vector.insert_ord(500);
    assert!(vector.iter().is_sorted() && vector.len() == 1001);
    vector.retain(|value| value % 3 == 0);
    assert!(vector.iter().all(|value| value % 3 == 0));
    vector.sort_by_key(|value| std::cmp::Reverse(*value));
    assert!(vector.iter().rev().is_sorted());
    let (first, last) = (vector[0], vector[vector.len() - 1]);
    let end = vector.len() - 1;
    vector.swap(0, end);
    vector.swap(3, 3);
    assert_eq!((vector[0], vector[end]), (last, first));
    assert_eq!(Vec::from(vector.take(3)), vector.iter().take(3).copied().collect::<Vec<_>>());
    assert_eq!(vector.skip(5), vector.slice(5..));
    assert_eq!(vector.skip(5000), Vector::new());
    assert_eq!(vector.take(5000), vector);
    let (left, right) = vector.clone().split_at(100);
    assert_eq!(&left + &right, vector);
    assert_eq!(left + right, vector);
    assert_eq!(format!("{:?}", Vector::from([1, 2, 3])), "[1, 2, 3]");
    assert_eq!(Vector::from(&[1, 2, 3][..]), Vector::from(vec![1, 2, 3]));
    assert_eq!(Vector::unit(5), Vector::from([5]));
    let mut ends = Vector::from([1, 2, 3]);
    *ends.front_mut().unwrap() += 10;
    *ends.back_mut().unwrap() += 20;
    assert_eq!((ends.front(), ends.back(), ends.head()), (Some(&11), Some(&23), Some(&11)));
    ends.extend(&[4, 5]);
    assert_eq!(ends, Vector::from([11, 2, 23, 4, 5]));
}

#[test]
fn past_the_end() {
    let vector = numbers::<Atomic>(0..100);
    let refused: [fn(Vector<usize>); 9] = [
        |vector| drop(vector.slice(..=usize::MAX)),
        |vector| drop(vector.slice(3..101)),
        |vector| drop(vector.slice(101..)),
        |vector| println!("{}", vector[100]),
        |mut vector| assert_eq!(vector.set(100, 0), 0),
        |mut vector| vector.insert(101, 0),
        |mut vector| assert_eq!(vector.remove(100), 0),
        |mut vector| vector.swap(0, 100),
        |mut vector| vector.swap(100, 100),
    ];
    for change in refused {
        let usual = std::panic::catch_unwind(AssertUnwindSafe(|| change(vector.clone())));
        assert!(usual.is_err());
    }
    #[expect(clippy::reversed_empty_ranges, reason = "the test is about this mistake")]
    let reversed = std::panic::catch_unwind(AssertUnwindSafe(|| vector.slice(5..3)));
    assert!(reversed.is_err());
    check(&vector, &(0..100).collect::<Vec<_>>());
}

#[cfg(feature = "serde")]
#[test]
fn a_vector_is_a_sequence_to_serde() {
    let vector = numbers::<Atomic>(0..1000);
    let json = serde_json::to_string(&vector).unwrap();
    assert_eq!(json, serde_json::to_string(&(0..1000).collect::<Vec<_>>()).unwrap());
    let back: rc::Vector<usize> = serde_json::from_str(&json).unwrap();
    assert!(back.iter().eq(&vector));
    assert!(serde_json::from_str::<Vector<usize>>("[1, true]").is_err());
}

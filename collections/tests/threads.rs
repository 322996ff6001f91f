//! Versions of one collection in several threads, which read shared nodes and append to a shared tail.
//!
//! `scripts/sanitize` runs these tests under ThreadSanitizer, which finds data races. They are a program of their own,
//! so that it is built quickly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use persistent_collections::{HashMap, HashSet, Vector};

use draws::Draws;

#[path = "soundness/draws.rs"]
mod draws;

const THREADS: u64 = 3;

/// How many operations each thread does. Fewer under Miri, which is slow.
const STEPS: usize = if cfg!(miri) { 20 } else { 120 };

/// All of these lengths, but only the first one under Miri, which is slow.
fn lengths<const N: usize>(all: [usize; N]) -> Vec<usize> {
    all.into_iter().take(if cfg!(miri) { 1 } else { N }).collect()
}

/// Runs `work` in several threads, each with its own version and number.
///
/// This uses no scoped threads, because ThreadSanitizer understands `join`, but not how a scope waits for its threads.
fn at_once<V: Clone + Send + 'static>(version: &V, work: impl Fn(V, u64) + Copy + Send + 'static) {
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let version = version.clone();
            thread::spawn(move || work(version, number))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("a thread found no fault"));
}

/// Changes a version of a vector and keeps some versions of it, while other threads do the same to theirs.
fn change_vector<T: Clone + PartialEq + std::fmt::Debug>(
    base: &Vector<T>,
    draws: &mut Draws,
    make: fn(usize) -> T,
) {
    let (mut vector, mut model) = (base.clone(), Vec::from(base.clone()));
    let mut kept = Vec::new();
    for step in 0..STEPS {
        match draws.below(8) {
            0 => assert_eq!(vector.pop_back(), model.pop()),
            1 if !model.is_empty() => {
                let index = draws.below(model.len());
                model[index] = make(step);
                vector.set(index, make(step));
            }
            2 => kept.push((vector.clone(), model.len())),
            3 if kept.len() > 4 => {
                let (version, length) = kept.swap_remove(draws.below(kept.len()));
                assert_eq!(version.iter().count(), length);
            }
            4 => assert!(base.iter().count() == base.len()),
            _ => {
                vector.push_back(make(step));
                model.push(make(step));
            }
        }
    }
    assert!(vector.iter().eq(&model));
}

fn vectors<T: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static>(make: fn(usize) -> T) {
    for length in lengths([9, 60, 0, 3, 8, 20, 33, 63, 64, 100, 1088]) {
        let base: Vector<T> = (0..length).map(make).collect();
        at_once(&base, move |base, number| {
            change_vector(&base, &mut Draws(1000 * length as u64 + number), make);
        });
        assert!(base.iter().eq(&(0..length).map(make).collect::<Vec<_>>()));
        // The thread that drops the last version frees the nodes.
        let threads: Vec<_> = std::iter::repeat_n(base, THREADS as usize)
            .map(|mut version| {
                thread::spawn(move || {
                    version.push_back(make(7));
                    drop(version.pop_back());
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("a thread found no fault"));
    }
}

fn maps<V: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static>(make: fn(usize) -> V) {
    for length in lengths([4, 31, 0, 1, 7, 8, 20, 32, 100, 600]) {
        let base: HashMap<usize, V> = (0..length).map(|key| (key, make(key))).collect();
        at_once(&base, move |base, number| {
            let mut draws = Draws(1000 * length as u64 + number);
            let mut map = base.clone();
            let mut kept = Vec::new();
            for step in 0..STEPS {
                let key = draws.below(2 * length + 40);
                match draws.below(8) {
                    0 => drop(map.remove(&key)),
                    1 => {
                        if let Some(value) = map.get_mut(&key) {
                            *value = make(step);
                        }
                    }
                    2 => kept.push((map.clone(), map.len())),
                    3 => assert!(kept.iter().all(|(version, length)| version.iter().count() == *length)),
                    4 => assert_eq!(base.get(&key), (key < length).then(|| make(key)).as_ref()),
                    _ => drop(map.insert(key, make(step))),
                }
            }
            assert_eq!(map.iter().count(), map.len());
        });
        assert!(base.len() == length && (0..length).all(|key| base[&key] == make(key)));
    }
}

#[test]
fn threads_change_versions_of_one_vector() {
    vectors::<usize>(|number| number);
    vectors::<Box<usize>>(Box::new);
    vectors::<[usize; 20]>(|number| [number; 20]);
}

#[test]
fn threads_change_versions_of_one_map() {
    maps::<usize>(|number| number);
    maps::<String>(|number| number.to_string());
}

#[test]
fn threads_change_versions_of_one_set() {
    let base: HashSet<u64> = (0..8).collect();
    at_once(&base, |base, number| {
        let mut set = base.clone();
        set.extend((0..100).map(|element| element + 1000 * number));
        assert_eq!(set.union(base).len(), if number == 0 { 100 } else { 108 });
    });
    assert!(base.iter().copied().max() == Some(7));
}

/// Lets two threads append to the same tails at the same time, again and again. One claims the place, and the other
/// copies the tail. Each must find what it has appended.
fn append_at_once<V: Clone + Send + 'static>(
    base: impl Fn() -> V,
    append: fn(&mut V, usize),
    last: fn(&V, usize) -> usize,
) {
    let (rounds, bases) = if cfg!(miri) { (2, 10) } else { (20, 500) };
    for _ in 0..rounds {
        let bases: Vec<V> = (0..bases).map(|_| base()).collect();
        let arrived = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (1..=2)
            .map(|number| {
                let (mut versions, arrived) = (bases.clone(), arrived.clone());
                thread::spawn(move || {
                    arrived.fetch_add(1, Ordering::AcqRel);
                    while arrived.load(Ordering::Acquire) < 2 {
                        std::hint::spin_loop();
                    }
                    versions.iter_mut().for_each(|version| append(version, number));
                    (versions, number)
                })
            })
            .collect();
        for thread in threads {
            let (versions, number) = thread.join().expect("a thread found no fault");
            versions.iter().for_each(|version| assert_eq!(last(version, number), number));
        }
    }
}

#[test]
fn only_one_of_several_threads_gets_the_next_place() {
    append_at_once(
        || (10..19).collect::<Vector<usize>>(),
        Vector::push_back,
        |vector, _| vector[9] + vector.len() - 10,
    );
    append_at_once(
        || (10..15).map(|key| (key, key)).collect::<HashMap<usize, usize>>(),
        |map, number| assert_eq!(map.insert(number, number), None),
        |map, number| map[&number] + map.iter().filter(|(key, _)| **key < 10).count() - 1,
    );
}

//! Every public operation of vectors is compared with `Vec`, with a panic at every call of user code.

use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};

use persistent_collections::GenericVector;
use persistent_collections::counter::{Atomic, Counter, Plain};

use super::kinds::{Aligned64, Aligned4096, Bare, Ghost, Kind, Nothing, Owning};
use super::world::{
    Draws, Shown, as_time_allows, asked_for, drop_in_any_order, live, next_call, show, tick, with_fuse,
};

/// Ids of elements.
type Model = Vec<u32>;

/// What an operation works on, besides its vector.
struct With<'a, V> {
    other: &'a V,
    /// Less than the length, or 0.
    index: usize,
    id: u32,
    /// For operations with many elements.
    more: usize,
}

type Outcome<V> = (Shown, Vec<V>);

/// What a vector may contain after a panic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// The contents from before, or those that the operation was to leave.
    AllOrNothing,
    /// The contents from before, and the first of the new elements.
    Prefix,
    /// In each place, the element from before or the one that was to be there.
    Each,
}

/// An operation on a vector or on its model.
type Change<V> = fn(&mut V, With<'_, V>) -> Outcome<V>;

/// A vector with its model.
type Version<T, C> = (GenericVector<T, C>, Model);

/// An operation, once for a vector and once for its model.
struct Operation<T, C: Counter> {
    name: &'static str,
    left: Left,
    on_vector: Change<GenericVector<T, C>>,
    on_model: Change<Model>,
}

fn made<T: Kind>(id: u32, more: usize) -> impl Iterator<Item = T> {
    (0..more).map(move |at| {
        tick();
        T::of(id + at as u32)
    })
}

/// The ids of the same elements, as elements of this kind have them.
fn ids<T: Kind>(id: u32, more: usize) -> impl Iterator<Item = u32> {
    (0..more).map(move |at| T::of(id + at as u32).id())
}

fn joined(parts: &[&[u32]]) -> Model {
    parts.concat()
}

/// Every public operation.
#[rustfmt::skip]
fn operations<T: Kind, C: Counter>() -> Vec<Operation<T, C>> {
    macro_rules! operations {
        ($($name:literal $left:ident: $vector:pat, $with:pat => $on_vector:expr; $model:pat, $and:pat => $on_model:expr;)*) => {
            vec![$(Operation {
                name: $name,
                left: Left::$left,
                on_vector: |$vector, $with| $on_vector,
                on_model: |$model, $and| $on_model,
            }),*]
        };
    }
    operations! {
        "push_back" AllOrNothing: v, with => { v.push_back(T::of(with.id)); (show([]), vec![]) };
            m, with => { m.push(with.id); (show([]), vec![]) };
        "pop_back" AllOrNothing: v, _ => (show(v.pop_back().map(|e| e.id())), vec![]);
            m, _ => (show(m.pop()), vec![]);
        "push_front" AllOrNothing: v, with => { v.push_front(T::of(with.id)); (show([]), vec![]) };
            m, with => { m.insert(0, with.id); (show([]), vec![]) };
        "pop_front" AllOrNothing: v, _ => (show(v.pop_front().map(|e| e.id())), vec![]);
            m, _ => (show((!m.is_empty()).then(|| m.remove(0))), vec![]);
        "set" AllOrNothing: v, with => (show((!v.is_empty()).then(|| v.set(with.index, T::of(with.id)).id())), vec![]);
            m, with => (show(m.get_mut(with.index).map(|place| std::mem::replace(place, with.id))), vec![]);
        "get_mut" AllOrNothing: v, with => (show(v.get_mut(with.index).map(|place| std::mem::replace(place, T::of(with.id)).id())), vec![]);
            m, with => (show(m.get_mut(with.index).map(|place| std::mem::replace(place, with.id))), vec![]);
        "update" AllOrNothing: v, with => (show([]), if v.is_empty() { vec![] } else { vec![v.update(with.index, T::of(with.id))] });
            m, with => (show([]), if m.is_empty() { vec![] } else { let mut n = m.clone(); n[with.index] = with.id; vec![n] });
        "ends" AllOrNothing: v, with => {
                let seen = show([v.first(), v.front(), v.head(), v.last(), v.back()].into_iter().flatten().map(Kind::id));
                if let Some(last) = v.last_mut() { *last = T::of(with.id); }
                (seen, vec![])
            };
            m, with => {
                let seen = show([m.first(), m.first(), m.first(), m.last(), m.last()].into_iter().flatten().copied());
                if let Some(last) = m.last_mut() { *last = with.id; }
                (seen, vec![])
            };
        "front_mut" AllOrNothing: v, with => { if let Some(first) = v.front_mut() { *first = T::of(with.id); } (show([]), vec![]) };
            m, with => { if let Some(first) = m.first_mut() { *first = with.id; } (show([]), vec![]) };
        "swap" Each: v, with => { if !v.is_empty() { let last = v.len() - 1; v.swap(with.index, last); } (show([]), vec![]) };
            m, with => { if !m.is_empty() { let last = m.len() - 1; m.swap(with.index, last); } (show([]), vec![]) };
        "insert" AllOrNothing: v, with => { v.insert(with.index, T::of(with.id)); (show([]), vec![]) };
            m, with => { m.insert(with.index, with.id); (show([]), vec![]) };
        "insert near the end" AllOrNothing: v, with => { let at = v.len().saturating_sub(with.more % 4); v.insert(at, T::of(with.id)); (show([]), vec![]) };
            m, with => { let at = m.len().saturating_sub(with.more % 4); m.insert(at, with.id); (show([]), vec![]) };
        "remove" AllOrNothing: v, with => (show((!v.is_empty()).then(|| v.remove(with.index).id())), vec![]);
            m, with => (show((!m.is_empty()).then(|| m.remove(with.index))), vec![]);
        "remove near the end" AllOrNothing: v, with => (show(v.len().checked_sub(1 + with.more % 4).map(|at| v.remove(at).id())), vec![]);
            m, with => (show(m.len().checked_sub(1 + with.more % 4).map(|at| m.remove(at))), vec![]);
        "insert_ord" AllOrNothing: v, with => { let mut n = v.clone(); n.sort(); n.insert_ord(T::of(with.id)); let right = n.iter().is_sorted(); drop(n); (show([u32::from(right)]), vec![]) };
            _, _ => (show([1]), vec![]);
        "clear" AllOrNothing: v, with => { if with.more.is_multiple_of(8) { v.clear(); } (show([]), vec![]) };
            m, with => { if with.more.is_multiple_of(8) { m.clear(); } (show([]), vec![]) };
        "truncate" AllOrNothing: v, with => { v.truncate(with.index); (show([]), vec![]) };
            m, with => { m.truncate(with.index); (show([]), vec![]) };
        "truncate near the end" AllOrNothing: v, with => { let at = v.len().saturating_sub(with.more % 4); v.truncate(at); (show([]), vec![]) };
            m, with => { let at = m.len().saturating_sub(with.more % 4); m.truncate(at); (show([]), vec![]) };
        "slice" AllOrNothing: v, with => (show([]), vec![v.slice(with.index / 2..with.index), v.slice(with.index..)]);
            m, with => (show([]), vec![m[with.index / 2..with.index].to_vec(), m[with.index..].to_vec()]);
        "take" AllOrNothing: v, with => (show([]), vec![v.take(with.more)]);
            m, with => (show([]), vec![m.iter().take(with.more).copied().collect()]);
        "skip" AllOrNothing: v, with => (show([]), vec![v.skip(with.more)]);
            m, with => (show([]), vec![m.iter().skip(with.more).copied().collect()]);
        "split_at" AllOrNothing: v, with => { let (left, right) = std::mem::take(v).split_at(with.index); (show([]), vec![left, right]) };
            m, with => { let right = m.split_off(with.index); (show([]), vec![std::mem::take(m), right]) };
        "split_off" AllOrNothing: v, with => { let right = v.split_off(with.index); (show([]), vec![right]) };
            m, with => { let right = m.split_off(with.index); (show([]), vec![right]) };
        "concat" AllOrNothing: v, with => (show([]), vec![v.concat(with.other)]);
            m, with => (show([]), vec![joined(&[m, with.other])]);
        "concat with few" AllOrNothing: v, with => { let few = made(with.id, with.more % 20).collect(); let new = v.concat(&few); drop(few); (show([]), vec![new]) };
            m, with => (show([]), vec![joined(&[m, &ids::<T>(with.id, with.more % 20).collect::<Model>()])]);
        "concat behind few" AllOrNothing: v, with => { let few = made(with.id, with.more % 20).collect::<GenericVector<T, C>>(); let new = few.concat(v); drop(few); (show([]), vec![new]) };
            m, with => (show([]), vec![joined(&[&ids::<T>(with.id, with.more % 20).collect::<Model>(), m])]);
        "add" AllOrNothing: v, with => (show([]), vec![v.clone() + with.other.clone()]);
            m, with => (show([]), vec![joined(&[m, with.other])]);
        "append" Prefix: v, with => { v.append(with.other.clone()); (show([]), vec![]) };
            m, with => { m.extend(with.other); (show([]), vec![]) };
        "append the last holder" Prefix: v, with => { let end = made(with.id, with.more).collect(); v.append(end); (show([]), vec![]) };
            m, with => { m.extend(ids::<T>(with.id, with.more)); (show([]), vec![]) };
        "append to itself" Prefix: v, _ => { v.append(v.clone()); (show([]), vec![]) };
            m, _ => { m.extend_from_within(..); (show([]), vec![]) };
        "extend" Prefix: v, with => { v.extend(made::<T>(with.id, with.more)); (show([]), vec![]) };
            m, with => { m.extend(ids::<T>(with.id, with.more)); (show([]), vec![]) };
        "extend_from_slice" Prefix: v, with => { let end = made(with.id, with.more).collect::<Vec<T>>(); v.extend_from_slice(&end); (show([]), vec![]) };
            m, with => { m.extend(ids::<T>(with.id, with.more)); (show([]), vec![]) };
        "extend by reference" Prefix: v, with => { v.extend(with.other); (show([]), vec![]) };
            m, with => { m.extend(with.other); (show([]), vec![]) };
        "from" AllOrNothing: _, with => (show([]), vec![
                GenericVector::from(made(with.id, with.more).collect::<Vec<T>>()), GenericVector::from([T::of(with.id)]), GenericVector::unit(T::of(with.id)),
            ]);
            _, with => (show([]), vec![ids::<T>(with.id, with.more).collect(), vec![with.id], vec![with.id]]);
        "retain" AllOrNothing: v, with => { v.retain(|e| { tick(); !(e.id() as usize ^ with.more).is_multiple_of(4) }); (show([]), vec![]) };
            m, with => { m.retain(|id| !(*id as usize ^ with.more).is_multiple_of(4)); (show([]), vec![]) };
        "sort" AllOrNothing: v, _ => { v.sort(); (show([]), vec![]) };
            m, _ => { m.sort(); (show([]), vec![]) };
        "sort_by" AllOrNothing: v, _ => { v.sort_by(|a, b| b.cmp(a)); v.sort_by_key(|e| { tick(); u32::MAX - e.id() }); (show([]), vec![]) };
            m, _ => { m.sort_by(|a, b| b.cmp(a)); (show([]), vec![]) };
        "iter_mut" Each: v, with => { v.iter_mut().for_each(|e| { tick(); *e = T::of(e.id() + with.id); }); (show([]), vec![]) };
            m, with => { m.iter_mut().for_each(|id| *id = T::of(*id + with.id).id()); (show([]), vec![]) };
        "iter_mut from both ends" Each: v, with => {
                let mut iter = v.iter_mut();
                for _ in 0..with.more {
                    if let Some(e) = iter.next_back() { *e = T::of(with.id); }
                    if let Some(e) = iter.next() { *e = T::of(with.id); }
                }
                (show([iter.len() as u32]), vec![])
            };
            m, with => {
                let (count, left) = (m.len(), m.len().saturating_sub(2 * with.more));
                let back = (count - left).div_ceil(2);
                (0..count).filter(|at| *at < count - left - back || *at >= count - back).for_each(|at| m[at] = with.id);
                (show([left as u32]), vec![])
            };
        "into_iter" AllOrNothing: v, _ => (show(v.clone().into_iter().map(|e| e.id())), vec![]);
            m, _ => (show(m.iter().copied()), vec![]);
        "into_iter of the last holder" AllOrNothing: v, with => {
                let mut iter = std::mem::take(v).into_iter();
                let seen = show(iter.by_ref().take(with.more).map(|e| e.id()));
                let behind = show(iter.by_ref().rev().take(with.more).map(|e| e.id()));
                (seen ^ behind, vec![iter.collect()])
            };
            m, with => {
                let mut iter = std::mem::take(m).into_iter();
                let seen = show(iter.by_ref().take(with.more));
                let behind = show(iter.by_ref().rev().take(with.more));
                (seen ^ behind, vec![iter.collect()])
            };
        "into Vec" AllOrNothing: v, _ => { let all = Vec::from(v.clone()); (show([all.len() as u32]), vec![]) };
            m, _ => (show([m.len() as u32]), vec![]);
        "clone" AllOrNothing: v, _ => (show([]), vec![v.clone()]);
            m, _ => (show([]), vec![m.clone()]);
        "compare" AllOrNothing: v, with => (show([u32::from(v == with.other), Ord::cmp(&*v, with.other) as u32, u32::from(*v < *with.other)]), vec![]);
            m, with => (show([u32::from(m == with.other), Ord::cmp(&*m, with.other) as u32, u32::from(*m < *with.other)]), vec![]);
        "search" AllOrNothing: v, with => {
                let element = T::of(with.id);
                let found = v.index_of(&element).map_or(u32::MAX, |at| at as u32);
                let _ = (v.binary_search(&element), v.binary_search_by_key(&with.id, |e| { tick(); e.id() }));
                let there = u32::from(v.contains(&element));
                (show([found, there]), vec![])
            };
            m, with => (show([m.iter().position(|id| *id == with.id).map_or(u32::MAX, |at| at as u32), u32::from(m.contains(&with.id))]), vec![]);
        "hash and debug" AllOrNothing: v, _ => {
                let mut state = DefaultHasher::new();
                v.hash(&mut state);
                let text = format!("{v:?} {:?}", v.iter());
                (show([u32::from(state.finish() > 0 && text.len() > v.len())]), vec![])
            };
            _, _ => (show([1]), vec![]);
    }
}

/// The contents of a vector, after checking that all ways to read it agree.
fn content<T: Kind, C: Counter>(vector: &GenericVector<T, C>) -> Model {
    let model: Model = vector.iter().map(Kind::id).collect();
    assert_eq!((model.len(), model.is_empty()), (vector.len(), vector.is_empty()));
    assert!(vector.iter().rev().map(Kind::id).eq(model.iter().rev().copied()));
    assert!(vector.leaves().flatten().map(Kind::id).eq(model.iter().copied()));
    assert!((0..model.len()).all(|at| vector.get(at).is_some_and(|element| element.id() == model[at])));
    assert!(vector.get(model.len()).is_none());
    model
}

fn is_left(left: Left, now: &Model, before: &Model, after: &Model) -> bool {
    now == before
        || now == after
        || match left {
            Left::AllOrNothing => false,
            Left::Prefix => now.starts_with(before) && after.starts_with(now),
            Left::Each => {
                now.len() == before.len()
                    && (0..now.len()).all(|at| now[at] == before[at] || now[at] == after[at])
            }
        }
}

/// Does one operation to a vector and to its model, and compares them. `fuse` says which call of user code panics.
/// Returns the vectors that the operation made, and whether a call panicked.
fn perform<T: Kind, C: Counter>(
    operation: &Operation<T, C>,
    (vector, model): (&mut GenericVector<T, C>, &mut Model),
    (other, other_model): (&GenericVector<T, C>, &Model),
    (index, id, more): (usize, u32, usize),
    fuse: u32,
) -> (Vec<Version<T, C>>, bool) {
    let before = model.clone();
    let own = T::of(id).id();
    let (expected, expected_made) =
        (operation.on_model)(model, With { other: other_model, index, id: own, more });
    let Some((shown, made)) =
        with_fuse(fuse, || (operation.on_vector)(vector, With { other, index, id, more }))
    else {
        let now = content(vector);
        assert!(
            is_left(operation.left, &now, &before, model),
            "{}: {now:?} is left between {before:?} and {model:?}",
            operation.name
        );
        *model = now;
        assert_eq!(content(other), *other_model);
        return (Vec::new(), true);
    };
    assert_eq!((shown, content(vector)), (expected, model.clone()), "{}", operation.name);
    let made: Vec<_> = made.into_iter().zip(expected_made).collect();
    made.iter().for_each(|(vector, model)| assert_eq!(content(vector), *model, "{}", operation.name));
    (made, false)
}

/// A vector of `length` elements, and its model. The elements are pushed or, if `relaxed`, joined from uneven parts.
fn built<T: Kind, C: Counter>(length: usize, relaxed: bool) -> Version<T, C> {
    let model: Model = ids::<T>(0, length).collect();
    let pushed = |range: std::ops::Range<usize>| range.map(|id| T::of(id as u32)).collect();
    if !relaxed {
        return (pushed(0..length), model);
    }
    let cuts = [0, length / 5, length / 5 + length / 3, length];
    let parts = cuts.windows(2).map(|cut| pushed(cut[0]..cut[1]));
    (parts.reduce(|left: GenericVector<T, C>, right| left.concat(&right)).unwrap_or_default(), model)
}

/// Does every operation to vectors of some lengths, shared and not, with a panic at every call of user code.
fn every_call<T: Kind, C: Counter>(lengths: &[usize]) {
    let operations = operations::<T, C>();
    for (length, operation) in lengths.iter().flat_map(|length| operations.iter().map(move |o| (*length, o)))
    {
        for (held, relaxed) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut fuse = 0;
            loop {
                let (mut vector, mut model) = built::<T, C>(length, relaxed);
                let other = if fuse % 2 == 0 {
                    built(length / 2 + 9, !relaxed)
                } else {
                    let mut other = (vector.clone(), model.clone());
                    other.0.push_back(T::of(5));
                    other.1.push(T::of(5).id());
                    other
                };
                let kept = held.then(|| (vector.clone(), model.clone()));
                let (made, panicked) = perform(
                    operation,
                    (&mut vector, &mut model),
                    (&other.0, &other.1),
                    (length / 3, 900, 40),
                    fuse,
                );
                if let Some((vector, model)) = kept {
                    assert_eq!(content(&vector), model);
                }
                // The vector can still be used after a panic.
                vector.push_back(T::of(7));
                assert_eq!(vector.pop_back().map(|element| element.id()), Some(T::of(7).id()));
                drop((made, vector, other));
                assert_eq!(live(), 0, "{} leaks: {length}, relaxed {relaxed}, fuse {fuse}", operation.name);
                if !panicked {
                    break;
                }
                fuse = next_call(fuse);
            }
        }
    }
}

/// Does random operations to a few versions. In most of them some call of user code panics.
fn random<T: Kind, C: Counter>(few: u64, most: usize) {
    let (operations, seed) = asked_for(few);
    let list = self::operations::<T, C>();
    let mut draws = Draws(seed.wrapping_mul(0x1000_0000_0000) ^ 1 << 60);
    let mut done = 0;
    while done < operations {
        let start = draws.0;
        let mut versions = vec![built::<T, C>(draws.below(most), draws.below(2) == 0)];
        for _ in 0..100 {
            done += 1;
            let (at, beside) = (draws.below(versions.len()), draws.below(versions.len()));
            let (other, other_model) = (versions[beside].0.clone(), versions[beside].1.clone());
            let (vector, model) = &mut versions[at];
            let arguments = (draws.below(model.len()), draws.id(1000), draws.below(most / 2));
            let fuse = draws.fuse();
            let operation = &list[draws.below(list.len())];
            let (made, _) = perform(operation, (vector, model), (&other, &other_model), arguments, fuse);
            for version in made {
                if version.1.len() > 2 * most {
                    continue;
                }
                if versions.len() < 6 {
                    versions.push(version);
                } else {
                    versions[draws.below(6)] = version;
                }
            }
            if versions[at].1.len() > 4 * most {
                versions[at] = built(draws.below(most), true);
            }
        }
        drop_in_any_order(versions, &mut draws, |(vector, model)| assert_eq!(content(vector), *model));
        assert_eq!(live(), 0, "an episode leaks: seed {start:#x}");
    }
}

/// Lengths around which handle, tail, leaves and branches change, for leaves of 64 and of 16 elements. The most telling
/// ones come first.
const LENGTHS: [usize; 12] = [9, 65, 1, 8, 17, 0, 16, 33, 64, 130, 300, 1100];

fn kind<T: Kind + Debug, C: Counter>(lengths: &[usize], operations: u64) {
    every_call::<T, C>(as_time_allows(lengths));
    random::<T, C>(operations, 150);
}

#[test]
fn elements_by_value() {
    kind::<Bare<()>, Atomic>(&LENGTHS, 8000);
    kind::<Bare<[u8; 8]>, Plain>(&LENGTHS[..9], 8000);
}

#[test]
fn elements_that_own_memory() {
    kind::<Owning<()>, Atomic>(&LENGTHS[..11], 8000);
    kind::<Owning<()>, Plain>(&[9, 40], 8000);
}

#[test]
fn elements_without_a_size() {
    kind::<Nothing, Atomic>(&[0, 8, 70, 1100], 2000);
    kind::<Ghost, Atomic>(&[0, 9, 40, 300], 2000);
    kind::<Ghost, Plain>(&[17], 2000);
}

#[test]
fn elements_of_high_alignment() {
    kind::<Bare<Aligned64>, Atomic>(&[5, 40], 1000);
    kind::<Owning<Aligned64>, Plain>(&[5, 40], 1000);
    random::<Bare<Aligned4096>, Plain>(500, 60);
    random::<Owning<Aligned4096>, Atomic>(500, 60);
}

#[test]
fn large_elements() {
    kind::<Bare<[u8; 200]>, Atomic>(&[5, 40], 1000);
    kind::<Owning<[u8; 200]>, Plain>(&[5, 40], 1000);
    random::<Bare<[u8; 5000]>, Plain>(500, 60);
    random::<Owning<[u8; 5000]>, Atomic>(500, 60);
}

//! Maps with hostile keys and values: they panic in `Hash`, `Eq`, `Clone` and `Drop`, drop other versions, have no size
//! or too much of it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use scenarios::input::{draws, rng};
use scenarios::persistent_map::PersistentMap;
use scenarios::probe::{Hashing, Probe};

use crate::{Fragile, expect_injected_panics};

type Model = BTreeMap<u32, u32>;

fn map_of<M: PersistentMap<Fragile, Fragile>>(model: &Model) -> M {
    M::from_entries(model.iter().map(|(key, value)| (Fragile::new(*key), Fragile::new(*value))))
}

/// The content of a map that agrees with itself.
fn content<M: PersistentMap<Fragile, Fragile>>(map: &M) -> Model {
    let content: Model = map.iter().map(|(key, value)| (key.id(), value.id())).collect();
    assert_eq!((map.len(), map.iter().count()), (content.len(), content.len()));
    for (key, value) in &content {
        assert_eq!(map.get(&Fragile::new(*key)).map(|value| value.id()), Some(*value));
    }
    content
}

/// Makes `steps` random changes to versions of a map while many of them panic. Each change must be made wholly or not
/// at all and affect no other version, and in the end nothing may be left alive.
pub fn every_change_is_made_or_not<M: PersistentMap<Fragile, Fragile>>(steps: usize) {
    expect_injected_panics();
    use Hashing::{Constant, EqualLow32, FourGroups, LastBits, Spread};
    for (seed, hashing) in [Spread, Constant, EqualLow32, LastBits, FourGroups].into_iter().enumerate() {
        Probe::reset();
        Probe::set_hashing(hashing);
        let sizes = [0, 5, 31, 126, 140].map(|size| (0..size).map(|id| (id, id)).collect::<Model>());
        let mut versions: Vec<(M, Model)> = sizes.into_iter().map(|model| (map_of(&model), model)).collect();
        for (step, draw) in draws(&mut rng("panics", seed), steps, 1 << 50).into_iter().enumerate() {
            let at = draw as usize % versions.len();
            if draw >> 8 & 1 == 0 {
                let fork = versions[at].clone();
                versions.push(fork);
            }
            let (id, value) = ((draw >> 10) as u32 % 140, step as u32);
            let other = (draw >> 20) as usize % versions.len();
            let (before, other_model) = (versions[at].1.clone(), versions[other].1.clone());
            let mut after = before.clone();
            let mut map = std::mem::replace(&mut versions[at].0, M::new());
            let mut change = || match draw >> 30 & 7 {
                0..3 => {
                    after.insert(id, value);
                    map.insert(Fragile::new(id), Fragile::new(value));
                }
                3..6 => {
                    let there = after.remove(&id).is_some();
                    assert_eq!(map.remove(&Fragile::new(id)), there);
                }
                6 => {
                    after.extend(other_model.iter().filter(|(key, _)| !before.contains_key(key)));
                    map = map.union(if at == other { &map } else { &versions[other].0 });
                }
                _ => {
                    after = other_model.clone();
                    map = map_of(&other_model);
                }
            };
            let calls = (draw >> 40) as u32 % [4, 20, 200][(draw >> 35) as usize % 3];
            let done = match draw >> 33 & 3 {
                0 => Fragile::with_drops_left(calls, &mut change),
                1 => Probe::with_fuse(None, &mut change),
                _ => Probe::with_fuse(Some(calls), &mut change),
            };
            let content_now = content(&map);
            assert!(
                content_now == after || (done.is_none() && content_now == before),
                "{hashing:?}, step {step}: neither before nor after"
            );
            versions[at] = (map, content_now);
            assert_eq!(content(&versions[other].0), versions[other].1);
            if versions.len() > 8 {
                let gone = versions.swap_remove((draw >> 45) as usize % versions.len());
                Fragile::with_drops_left(calls, || drop(gone));
            }
        }
        versions.iter().for_each(|(map, model)| assert_eq!(content(map), *model));
        drop(versions);
        assert_eq!(Probe::live(), 0, "{hashing:?}: something is left");
    }
}

/// Changes a version that becomes the only holder of its nodes while it copies them. The originals are then dropped,
/// and one of those drops panics. The map must stay sound, and no entry may leak.
///
/// `counts_new` says that the map counts a new entry even then. `hamt` does not: that would cost something in every
/// insertion.
pub fn a_copy_that_drops_the_original_is_made_or_not<M: PersistentMap<Fragile, Fragile> + 'static>(
    counts_new: bool,
) {
    expect_injected_panics();
    let changes: [fn(&mut M); 4] = [
        |map| map.insert(Fragile::new(500), Fragile::new(1)),
        |map| map.insert(Fragile::new(3), Fragile::new(1)),
        |map| assert!(map.remove(&Fragile::new(4))),
        |map| *map = map.union(&map_of(&(0..30).map(|id| (20 * id, 7)).collect())),
    ];
    for hashing in [Hashing::Spread, Hashing::LastBits, Hashing::FourGroups] {
        for size in [5, 40, 130] {
            let changes = changes.iter().skip(usize::from(!counts_new));
            for (change, drops) in
                changes.flat_map(|change| [0, 1, 2, 5, 20, 50].map(|drops| (change, drops)))
            {
                Probe::reset();
                Probe::set_hashing(hashing);
                let before: Model = (0..size).map(|id| (id, id)).collect();
                let other: M = map_of(&before);
                let mut map = other.clone();
                Fragile::drop_in_next_clone(other);
                Fragile::with_drops_left(drops, || change(&mut map));
                Fragile::drop_without_clone();
                let mut now = content(&map);
                while let Some((id, _)) = now.pop_last() {
                    assert!(map.remove(&Fragile::new(id)));
                }
                assert!(map.is_empty() && content(&map).is_empty());
                drop(map);
                assert_eq!(Probe::live(), 0, "{hashing:?}, size {size}, drop {drops}");
            }
        }
    }
}

/// Aligned to a cache line.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
pub struct Align64(pub u32);

/// Aligned to half a page.
///
/// With a whole page the compiler fails: `champ` has a function with an early return before such locals, and LLVM (as
/// of Rust 1.95) loses the prologue of a function that probes the stack there.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(2048))]
pub struct Align2048(pub u32);

/// Has an alignment and no size.
#[derive(Clone, Debug, PartialEq)]
#[repr(align(64))]
pub struct Nothing;

/// Puts values of one kind into versions of a map, takes some out again, and checks content and alignment of what is
/// left.
pub fn holds<V: PartialEq + Debug, M: PersistentMap<u32, V>>(value_of: fn(u32) -> V) {
    let mut map = M::new();
    for id in 0..200 {
        let held = map.clone();
        map.insert(id, value_of(id));
        if id % 3 == 0 {
            map.insert(id, value_of(id));
        }
        assert_eq!((held.len(), map.len()), (id as usize, id as usize + 1));
    }
    let held = map.clone();
    (0..200).filter(|id| id % 4 != 1).for_each(|id| assert!(map.remove(&id)));
    assert_eq!((map.iter().count(), held.iter().count()), (50, 200));
    for (id, value) in map.iter().chain(held.iter()) {
        assert_eq!(*value, value_of(*id));
        assert!(std::ptr::from_ref(value).is_aligned());
    }
    assert!(map.union(&held).equal(&held));
}

/// [`holds`](crate::map::hostile::holds) values of every kind: none of them has the size or the alignment of another.
///
/// Takes the name of a map type that is generic in its value and has `u32` keys.
#[macro_export]
macro_rules! holds_every_kind {
    ($map:ident) => {{
        use $crate::map::hostile::{Align64, Align2048, Nothing, holds};
        holds::<_, $map<Nothing>>(|_| Nothing);
        holds::<_, $map<Align64>>(Align64);
        holds::<_, $map<Align2048>>(Align2048);
        holds::<_, $map<[u32; 50]>>(|id| [id; 50]);
        holds::<_, $map<[u32; 1250]>>(|id| [id; 1250]);
        holds::<_, $map<Box<[u32; 50]>>>(|id| Box::new([id; 50]));
    }};
}

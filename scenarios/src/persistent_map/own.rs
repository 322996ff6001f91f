//! Inputs and measured regions of the scenarios about a user's file of keys. `small_map` has them, too.

use std::collections::{BTreeMap, HashSet};

use super::contract::PersistentMap;
use crate::case::{Case, Setup, case};
use crate::contender::{Capability, Request};
use crate::input::{FixedHasher, copies, mix, sum};
use crate::own::{OwnKey, limited, lines, too_much};

/// How many versions a scenario keeps: one for each of the last keys.
pub(crate) const KEPT: usize = 100;

/// The most entries that a contender copies which copies the whole map for each version. They have to fit into memory.
const MOST_COPIED: usize = 10_000_000;

fn own_keys(request: Request) -> Vec<OwnKey> {
    OwnKey::all(request.input.expect("a scenario about a file is given one"))
}

/// The value that a key gets at this place in the file.
fn value_at(at: usize) -> u64 {
    mix(at as u64)
}

fn entries(keys: &[OwnKey]) -> Vec<(OwnKey, u64)> {
    keys.iter().enumerate().map(|(at, key)| (key.clone(), value_at(at))).collect()
}

/// The keys, each once, where it stands first.
fn distinct(keys: Vec<OwnKey>) -> Vec<OwnKey> {
    let mut seen: HashSet<OwnKey, FixedHasher> = HashSet::default();
    keys.into_iter().filter(|key| seen.insert(key.clone())).collect()
}

/// What the map holds after all these inserts, in a model.
fn model(entries: &[(OwnKey, u64)]) -> BTreeMap<&OwnKey, u64> {
    entries.iter().map(|(key, value)| (key, *value)).collect()
}

fn entry_digest(key: &OwnKey, value: u64) -> u64 {
    mix(key.fingerprint() ^ mix(value))
}

fn digest<M: PersistentMap<OwnKey, u64>>(map: &M) -> u64 {
    sum(map.iter().map(|(key, value)| entry_digest(key, *value))).wrapping_add(mix(map.len() as u64))
}

fn model_digest(model: &BTreeMap<&OwnKey, u64>) -> u64 {
    sum(model.iter().map(|(key, value)| entry_digest(key, *value))).wrapping_add(mix(model.len() as u64))
}

/// Builds maps by inserts.
pub(crate) fn insert<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let entries = entries(&own_keys(request));
    let count = copies(entries.len());
    case(
        count * entries.len(),
        Setup::EveryRun,
        entries,
        move |entries| (0..count).map(|_| (M::new(), entries.clone())).collect::<Vec<_>>(),
        |_, state| {
            for (map, entries) in state {
                for (key, value) in entries.drain(..) {
                    map.insert(key, value);
                }
            }
        },
        |_, state, ()| sum(state.iter().map(|(map, _)| digest(map))),
        move |entries| model_digest(&model(entries)).wrapping_mul(count as u64),
    )
}

/// Looks every key up.
pub(crate) fn get_hit<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let keys = own_keys(request);
    let entries = entries(&keys);
    let count = copies(keys.len());
    case(
        count * keys.len(),
        Setup::Once,
        (M::from_entries(entries.iter().cloned()), keys, entries),
        |_| (),
        move |(map, keys, _), ()| {
            let mut found = 0u64;
            for _ in 0..count {
                for key in keys {
                    found = found.rotate_left(1).wrapping_add(map.get(key).copied().unwrap_or(0));
                }
            }
            found
        },
        |_, (), found| *found,
        move |(_, keys, entries)| {
            let model = model(entries);
            let looked_up = (0..count).flat_map(|_| keys);
            looked_up.fold(0u64, |found, key| found.rotate_left(1).wrapping_add(model[key]))
        },
    )
}

/// Inserts the last keys and keeps every version before one.
pub(crate) fn insert_shared<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let mut before = distinct(own_keys(request));
    let steps = before.len().min(KEPT);
    let last = before.split_off(before.len() - steps);
    let (held, size) = (before.len(), before.len() + steps);
    // A step that keeps the version before it costs as much as several that do not.
    let lines = copies(4 * steps);
    let base = M::from_entries(entries(&before).into_iter());
    let built = case(
        lines * steps,
        Setup::EveryRun,
        (base, before, last),
        move |(base, _, last): &(M, Vec<OwnKey>, Vec<OwnKey>)| {
            let line = || (base.clone(), entries(last), Vec::<M>::with_capacity(last.len()));
            (0..lines).map(|_| line()).collect::<Vec<_>>()
        },
        |_, state| {
            for (map, entries, kept) in state {
                for (key, value) in entries.drain(..) {
                    kept.push(map.clone());
                    map.insert(key, value);
                }
            }
        },
        |(_, _, last), state, ()| {
            sum(state.iter().map(|(map, _, kept)| {
                // A version must not see the key that was inserted after it was kept.
                let unseen = kept.iter().zip(last).filter(|(map, key)| !map.contains_key(key)).count();
                let lengths = sum(kept.iter().map(|map| map.len() as u64));
                digest(map).wrapping_add(mix(unseen as u64)).wrapping_add(mix(lengths))
            }))
        },
        move |(_, before, last)| {
            let [mut all, last] = [before, last].map(|keys| entries(keys));
            all.extend(last);
            let lengths = sum(held as u64..size as u64);
            let line = model_digest(&model(&all)).wrapping_add(mix(steps as u64)).wrapping_add(mix(lengths));
            line.wrapping_mul(lines as u64)
        },
    );
    let copies_whole = request.can(Capability::CopiesWhole);
    limited(built, move || {
        let what = "copies the whole map for each version that is kept";
        copies_whole.then(|| too_much(what, lines * steps, size, MOST_COPIED)).flatten()
    })
}

/// Removes every key.
pub(crate) fn remove<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let keys = distinct(own_keys(request));
    let count = copies(keys.len());
    let removals = count * keys.len();
    case(
        removals,
        Setup::EveryRun,
        keys,
        move |keys| (0..count).map(|_| M::from_entries(entries(keys).into_iter())).collect::<Vec<_>>(),
        |keys, maps| {
            let mut removed = 0u64;
            for map in maps {
                for key in keys {
                    removed += u64::from(map.remove(key));
                }
            }
            removed
        },
        |_, maps: &Vec<M>, removed| {
            let left = sum(maps.iter().map(|map| map.len() as u64 + map.iter().count() as u64));
            removed.wrapping_add(mix(left))
        },
        move |_| (removals as u64).wrapping_add(mix(0)),
    )
}

/// Visits every entry.
pub(crate) fn iterate<M: PersistentMap<OwnKey, u64> + 'static>(request: Request) -> Box<dyn Case> {
    let entries = entries(&distinct(own_keys(request)));
    let count = copies(entries.len());
    case(
        count * entries.len(),
        Setup::Once,
        (M::from_entries(entries.iter().cloned()), entries),
        |_| (),
        move |(map, _), ()| {
            let mut sum = 0u64;
            for _ in 0..count {
                for (key, value) in map.iter() {
                    sum = sum.wrapping_add(key.touch()).wrapping_add(*value);
                }
            }
            sum
        },
        |_, (), sum| *sum,
        move |(_, entries)| {
            let visited = sum(entries.iter().map(|(key, value)| key.touch().wrapping_add(*value)));
            visited.wrapping_mul(count as u64)
        },
    )
}

/// The most distinct keys of a file for maps that are meant to be small.
const MOST_OF_A_SMALL_MAP: usize = 1000;

/// Checks a file of keys for maps that are meant to be small.
pub(crate) fn check_few_keys(text: &[u8]) -> Result<(), String> {
    crate::own::check_keys(text)?;
    let mut seen: HashSet<&str, FixedHasher> = HashSet::default();
    let too_many = lines(text).position(|line| seen.insert(line) && seen.len() > MOST_OF_A_SMALL_MAP);
    too_many.map_or(Ok(()), |at| {
        Err(format!(
            "line {} brings the 1,001st distinct key, and this bottleneck is about small maps; persistent_map takes more",
            at + 1
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_map_has_at_most_a_thousand_keys() {
        let text = |count: usize| (0..count).map(|key| format!("{key}\n0\n")).collect::<String>();
        assert_eq!(check_few_keys(text(1000).as_bytes()), Ok(()));
        let problem = check_few_keys(text(1001).as_bytes()).unwrap_err();
        assert!(problem.starts_with("line 2001 brings the 1,001st"), "{problem}");
        assert!(check_few_keys(b"a\n\nb\n").unwrap_err().starts_with("line 2 is empty"));
    }
}

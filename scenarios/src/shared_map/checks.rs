//! Checks: traces of random operations, replayed beside the [oracle](super::oracle), and inputs that broke others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::contract::{Family, MapSnapshot, SetSnapshot, SharedMap, SharedSet};
use super::oracle::{Model, value_of};
use crate::checking::{expect, fixed, not_replayed};
use crate::input::mix;
use crate::shared::region::capacity;
use crate::shared::replay::{self, Replay, told, value_with};
use crate::shared::{OwnedValue, Place, Reader, Snapshot, Value, key};
use crate::trace::{Check, Mismatch, Step};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    Check::new("trace", 300, 48, "Random operations on a map, with values of every type. Versions are published, held and dropped, and each snapshot is compared with the content of its version."),
    Check::new("trace_long", 6000, 1, "6,000 operations on a map; all versions held are compared in full."),
    Check::new("set_trace", 300, 24, "Random operations on a set, with versions held."),
    Check::new("prefixes", 0, 1, "A key is the beginning of another: to delete, set or look up one does nothing to the other."),
    Check::new("many_keys", 0, 1, "150,000 keys, of which several have equal hashes of 32 bits, whatever the hash function: all are found, half are deleted one by one, and the other half stays."),
    Check::new("batch_keeps_versions", 0, 1, "Batches that set and delete what a held version has do not change that version."),
    Check::new("collect_keeps_held", 0, 1, "Whoever holds a version keeps it whole, however often the writer publishes and collects."),
    Check::new("versions_1100", 0, 1, "1,100 versions are held at the same time and compared, and dropped in another order."),
    Check::new("key_100kb", 0, 1, "A key of 100,000 bytes, beside one that differs in its last byte."),
    Check::new("value_1mb", 0, 1, "A text and bytes of 1,000,000 bytes, and of 0 to 300."),
    Check::new("batch_64kb", 0, 1, "Batches of more than 64 KiB set and delete 2,000 entries at once."),
    Check::new("empty_keys_and_values", 0, 1, "A key of 0 bytes, and values of 0 bytes."),
    Check::new("nested_iteration", 0, 1, "An iteration inside an iteration, and look-ups inside both."),
    Check::new("unpublished", 0, 1, "What is not published shows to the writer's operations, and to no reader."),
    Check::new("reader_outlived", 0, 1, "A snapshot stays readable after its reader and the writer are dropped."),
    Check::new("threads", 0, 1, "Three threads read while the writer publishes 300 versions: each snapshot is one version whole, and none is older than the one before."),
];

pub(super) fn replay<F: Family>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    match check.name {
        "trace" | "trace_long" => {
            replay::replay(trace, |map, step| map_step::<F::Map>(map, decode(step)), compare)
        }
        "set_trace" => replay::replay(trace, |set, step| set_step::<F::Set>(set, decode(step)), compare_set),
        "prefixes" => fixed(prefixes::<F::Map>()),
        "many_keys" => fixed(many_keys::<F::Map>()),
        "batch_keeps_versions" => fixed(batch_keeps_versions::<F::Map>()),
        "collect_keeps_held" => fixed(collect_keeps_held::<F::Map>()),
        "versions_1100" => fixed(versions_1100::<F::Map>()),
        "key_100kb" => fixed(key_100kb::<F::Map>()),
        "value_1mb" => fixed(value_1mb::<F::Map>()),
        "batch_64kb" => fixed(batch_64kb::<F::Map>()),
        "empty_keys_and_values" => fixed(empty_keys_and_values::<F::Map>()),
        "nested_iteration" => fixed(nested_iteration::<F::Map>()),
        "unpublished" => fixed(unpublished::<F::Map>()),
        "reader_outlived" => fixed(reader_outlived::<F::Map>()),
        "threads" => fixed(threads::<F::Map>()),
        _ => not_replayed(check),
    }
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Set { key: u16, value: u16 },
    SetMany { first: u16, count: u16, value: u16 },
    Delete { key: u16 },
    DeleteMany { first: u16, count: u16 },
    Publish,
    PublishAndHold,
    Drop { version: u8 },
    Collect,
    Look { key: u16 },
    Compare { version: u8 },
}

fn decode(step: &Step) -> Operation {
    // Few keys, so that most operations meet one that is there.
    let key = step.a % 600;
    match step.op % 20 {
        0..=5 => Operation::Set { key, value: step.b },
        6 => Operation::SetMany { first: key, count: step.b % 90, value: step.b },
        7..=9 => Operation::Delete { key },
        10 => Operation::DeleteMany { first: key, count: step.b % 90 },
        11..=12 => Operation::Publish,
        13..=15 => Operation::PublishAndHold,
        16 => Operation::Drop { version: step.version },
        17 => Operation::Collect,
        18 => Operation::Look { key },
        _ => Operation::Compare { version: step.version },
    }
}

pub(super) fn describe(_: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?} (versions modulo those held)", decode(step))).collect()
}

/// The key with a number: texts and bytes of different lengths, many of which begin alike.
fn key_with(number: u16) -> Vec<u8> {
    match number % 5 {
        0 => format!("k{number}").into_bytes(),
        1 => u64::from(number).to_le_bytes().to_vec(),
        2 => {
            format!("a/rather/long/path/that/begins/like/others/{number:05}/and/ends/like/them").into_bytes()
        }
        3 => vec![7; 1 + usize::from(number / 5)],
        _ => format!("{:016x}", mix(u64::from(number))).into_bytes(),
    }
}

fn shown(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(&key[..key.len().min(24)]);
    format!("{text:?} ({} bytes)", key.len())
}

fn compare_key(snapshot: &impl MapSnapshot, key: &[u8], expected: Option<Value<'_>>) -> Result<(), String> {
    let observed = snapshot.get(key);
    if observed != expected {
        return Err(format!("get({}) is {observed:?}, expected {expected:?}", shown(key)));
    }
    if snapshot.contains(key) != expected.is_some() {
        return Err(format!("contains({}) is {}", shown(key), expected.is_none()));
    }
    Ok(())
}

/// Compares a version with its content, through every operation.
fn compare(snapshot: &impl MapSnapshot, content: &Model) -> Result<(), String> {
    expect("len", snapshot.len(), content.len())?;
    expect("is_empty", snapshot.is_empty(), content.is_empty())?;
    let mut entries: Vec<(&[u8], Value<'_>)> = snapshot.iter().collect();
    let order: Vec<&[u8]> = entries.iter().map(|(key, _)| *key).collect();
    if !snapshot.keys().eq(order.iter().copied()) {
        return Err("keys differ from those of iter, or come in another order".to_owned());
    }
    if !snapshot.values().eq(entries.iter().map(|(_, value)| *value)) {
        return Err("values differ from those of iter, or come in another order".to_owned());
    }
    if !snapshot.get_many(order.iter().copied()).eq(entries.iter().map(|(_, value)| Some(*value))) {
        return Err("get_many of all keys differs from iter".to_owned());
    }
    entries.sort_by_key(|(key, _)| *key);
    expect("the number of entries visited", entries.len(), content.len())?;
    for ((key, value), (expected_key, expected)) in entries.iter().zip(content) {
        if key != expected_key || *value != expected.as_value() {
            let entry = format!("{} = {value:?}", shown(key));
            return Err(format!("iter has {entry}, expected {} = {expected:?}", shown(expected_key)));
        }
    }
    content.iter().try_for_each(|(key, value)| compare_key(snapshot, key, Some(value.as_value())))
}

fn map_step<M: SharedMap>(replay: &mut Replay<M, Model>, operation: Operation) -> Result<(), String> {
    let Replay { writer, content, .. } = replay;
    match operation {
        Operation::Set { key, value } => {
            let (key, value) = (key_with(key), value_with(value));
            let new = told("set", writer.set(&key, value.as_value()))?;
            expect("set", new, content.insert(key, value).is_none())
        }
        Operation::SetMany { first, count, value } => {
            // Some keys come twice.
            let entries: Vec<(Vec<u8>, OwnedValue)> = (0..count)
                .map(|at| (key_with(first + at * 2 / 3), value_with(value.wrapping_add(at))))
                .collect();
            let borrowed = entries.iter().map(|(key, value)| (key.as_slice(), value.as_value()));
            let new = told("set_many", writer.set_many(borrowed))?;
            let before = content.len();
            content.extend(entries);
            expect("set_many", new, content.len() - before)
        }
        Operation::Delete { key } => {
            let key = key_with(key);
            let deleted = told("delete", writer.delete(&key))?;
            expect("delete", deleted, content.remove(&key).is_some())
        }
        Operation::DeleteMany { first, count } => {
            let keys: Vec<Vec<u8>> = (0..count).map(|at| key_with(first + at * 2 / 3)).collect();
            let deleted = told("delete_many", writer.delete_many(keys.iter().map(Vec::as_slice)))?;
            let before = content.len();
            keys.iter().for_each(|key| drop(content.remove(key)));
            expect("delete_many", deleted, before - content.len())
        }
        Operation::Publish => replay.publish(),
        Operation::PublishAndHold => replay.publish_and_hold(),
        Operation::Drop { version } => {
            replay.drop_one(version);
            Ok(())
        }
        Operation::Collect => told("collect", writer.collect()),
        Operation::Look { key } => {
            let key = key_with(key);
            let expected = replay.published.get(&key).map(OwnedValue::as_value);
            compare_key(&replay.latest()?, &key, expected)
        }
        Operation::Compare { version } => replay.compare_one(version, compare),
    }
}

/// The keys of a set, sorted.
type Keys = std::collections::BTreeSet<Vec<u8>>;

fn compare_set(snapshot: &impl SetSnapshot, content: &Keys) -> Result<(), String> {
    expect("len", snapshot.len(), content.len())?;
    expect("is_empty", snapshot.is_empty(), content.is_empty())?;
    let mut keys: Vec<&[u8]> = snapshot.iter().collect();
    keys.sort_unstable();
    if !keys.iter().copied().eq(content.iter().map(Vec::as_slice)) {
        return Err(format!("iter visits {} other keys, expected {}", keys.len(), content.len()));
    }
    for number in 0..700 {
        let key = key_with(number);
        expect(format_args!("contains({})", shown(&key)), snapshot.contains(&key), content.contains(&key))?;
    }
    Ok(())
}

fn set_step<S: SharedSet>(replay: &mut Replay<S, Keys>, operation: Operation) -> Result<(), String> {
    let Replay { writer, content, .. } = replay;
    match operation {
        Operation::Set { key, .. } => {
            let key = key_with(key);
            let new = told("add", writer.add(&key))?;
            expect("add", new, content.insert(key))
        }
        Operation::SetMany { first, count, .. } => {
            let keys: Vec<Vec<u8>> = (0..count).map(|at| key_with(first + at * 2 / 3)).collect();
            let new = told("add_many", writer.add_many(keys.iter().map(Vec::as_slice)))?;
            let before = content.len();
            content.extend(keys);
            expect("add_many", new, content.len() - before)
        }
        Operation::Delete { key } => {
            let key = key_with(key);
            let deleted = told("delete", writer.delete(&key))?;
            expect("delete", deleted, content.remove(&key))
        }
        Operation::DeleteMany { first, count } => {
            (0..count).try_for_each(|at| set_step(replay, Operation::Delete { key: first + at }))
        }
        Operation::Publish => replay.publish(),
        Operation::PublishAndHold => replay.publish_and_hold(),
        Operation::Drop { version } => {
            replay.drop_one(version);
            Ok(())
        }
        Operation::Collect => told("collect", writer.collect()),
        Operation::Look { key } => {
            let key = key_with(key);
            let expected = replay.published.contains(&key);
            expect("contains", replay.latest()?.contains(&key), expected)
        }
        Operation::Compare { version } => replay.compare_one(version, compare_set),
    }
}

/// A region for a check that runs a fixed sequence: every change goes to the writer and to the content.
struct Fixed<M: SharedMap>(Replay<M, Model>);

impl<M: SharedMap> Fixed<M> {
    fn new() -> Result<Self, String> {
        Replay::new().map(Fixed)
    }

    fn set(&mut self, key: &[u8], value: Value<'_>) -> Result<(), String> {
        let Replay { writer, content, .. } = &mut self.0;
        let what = || format!("set({}, {} bytes)", shown(key), size_of_value(value));
        let new = writer.set(key, value).map_err(|error| format!("{} failed: {error}", what()))?;
        expect(what(), new, content.insert(key.to_vec(), value.into_owned()).is_none())
    }

    fn delete(&mut self, key: &[u8]) -> Result<(), String> {
        let Replay { writer, content, .. } = &mut self.0;
        let deleted = told("delete", writer.delete(key))?;
        expect(format_args!("delete({})", shown(key)), deleted, content.remove(key).is_some())
    }

    fn publish(&mut self) -> Result<(), String> {
        self.0.publish()
    }

    fn hold(&mut self) -> Result<(), String> {
        self.0.hold()
    }

    fn compare_all(&self) -> Result<(), String> {
        self.0.compare_all(compare)
    }
}

fn size_of_value(value: Value<'_>) -> usize {
    match value {
        Value::Bool(_) => 1,
        Value::Number(_) => 8,
        Value::Str(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    }
}

fn prefixes<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    let keys: Vec<String> =
        ["key1", "key10", "key100", "key", "k", "key1\0", "key10\0\0"].map(String::from).into();
    for (number, name) in keys.iter().enumerate() {
        region.set(name.as_bytes(), value_of(number as u64))?;
    }
    region.publish()?;
    region.hold()?;
    for name in ["key1", "key", "key10\0\0", "ke", "key1000"] {
        region.delete(name.as_bytes())?;
        region.publish()?;
        region.hold()?;
        region.compare_all()?;
    }
    region.set(b"key", Value::Bool(true))?;
    region.publish()?;
    region.compare_all()
}

/// Of so many keys about three pairs have equal hashes of 32 bits.
const MANY_KEYS: u64 = 150_000;

fn many_keys<M: SharedMap>() -> Result<(), String> {
    let mut writer = told("create", M::create(Place::Private, capacity(MANY_KEYS as usize)))?;
    let reader = told("reader", writer.reader())?;
    for id in 0..MANY_KEYS {
        expect("set of a new key", told("set", writer.set(&key::<8>(id), value_of(id)))?, true)?;
    }
    told("publish", writer.publish())?;
    let full = told("latest", reader.latest())?;
    for id in (0..MANY_KEYS).step_by(2) {
        expect("delete", told("delete", writer.delete(&key::<8>(id)))?, true)?;
    }
    told("publish", writer.publish())?;
    let half = told("latest", reader.latest())?;
    expect("len", full.len() as u64, MANY_KEYS)?;
    expect("len", half.len() as u64, MANY_KEYS / 2)?;
    for id in 0..MANY_KEYS {
        let key = key::<8>(id);
        compare_key(&full, &key, Some(value_of(id)))?;
        compare_key(&half, &key, (id % 2 == 1).then(|| value_of(id)))?;
    }
    Ok(())
}

fn batch_keeps_versions<M: SharedMap>() -> Result<(), String> {
    let mut replay = Replay::<M, Model>::new()?;
    for round in 0..8u16 {
        let value = 1000 * round;
        map_step(&mut replay, Operation::SetMany { first: 60 * round, count: 400, value })?;
        map_step(&mut replay, Operation::PublishAndHold)?;
        map_step(&mut replay, Operation::SetMany { first: 0, count: 300, value: value + 1 })?;
        map_step(&mut replay, Operation::DeleteMany { first: 100, count: 150 })?;
        // Not published yet.
        replay.compare_all(compare)?;
    }
    replay.compare_all(compare)
}

fn collect_keeps_held<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    for id in 0..300u64 {
        region.set(&key::<16>(id), value_of(id))?;
    }
    region.publish()?;
    region.hold()?;
    for round in 0..200u64 {
        for id in (round % 7..300).step_by(7) {
            match (id + round) % 3 {
                0 => region.delete(&key::<16>(id))?,
                _ => region.set(&key::<16>(id), value_of(id + 1000 * round))?,
            }
        }
        region.publish()?;
        told("collect", region.0.writer.collect())?;
        if round % 40 == 0 {
            region.hold()?;
            region.compare_all()?;
        }
    }
    region.compare_all()
}

fn versions_1100<M: SharedMap>() -> Result<(), String> {
    const VERSIONS: u64 = 1100;
    let mut writer = told("create", M::create(Place::Private, capacity(100_000)))?;
    let reader = told("reader", writer.reader())?;
    let mut held = Vec::new();
    for id in 0..VERSIONS {
        told("set", writer.set(&key::<8>(id % 64), value_of(id)))?;
        told("publish", writer.publish())?;
        held.push((told("latest", reader.latest())?, id));
    }
    while !held.is_empty() {
        let (snapshot, id) = held.swap_remove(mix(held.len() as u64) as usize % held.len());
        expect("number", snapshot.number(), id + 1)?;
        expect("len", snapshot.len() as u64, (id + 1).min(64))?;
        for back in 0..(id + 1).min(64) {
            compare_key(&snapshot, &key::<8>((id - back) % 64), Some(value_of(id - back)))?;
        }
    }
    Ok(())
}

fn key_100kb<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    let long = vec![b'x'; 100_000];
    let other = [&long[..99_999], b"y"].concat();
    region.set(&long, Value::Number(1.0))?;
    region.publish()?;
    region.hold()?;
    region.set(&other, Value::Str("other"))?;
    region.publish()?;
    region.hold()?;
    region.compare_all()?;
    region.delete(&long)?;
    region.delete(&long[..99_998])?;
    region.publish()?;
    region.compare_all()
}

fn value_1mb<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    let text = "text ".repeat(200_000);
    region.set(b"text", Value::Str(&text))?;
    region.set(b"bytes", Value::Bytes(text.as_bytes()))?;
    for length in 0..300 {
        region.set(&key::<8>(length), Value::Str(&text[..length as usize]))?;
        region.set(&key::<16>(length), Value::Bytes(&text.as_bytes()[..length as usize]))?;
    }
    region.publish()?;
    region.hold()?;
    region.set(b"text", Value::Bool(false))?;
    region.delete(b"bytes")?;
    region.publish()?;
    region.compare_all()
}

fn batch_64kb<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    let keys: Vec<String> = (0..2000).map(|number| format!("{number:080}")).collect();
    let text = "value".repeat(20);
    for half in keys.chunks(1000).chain(keys.chunks(2000)) {
        let Replay { writer, content, .. } = &mut region.0;
        let entries = half.iter().map(|key| (key.as_bytes(), Value::Str(&text)));
        let new = told("set_many", writer.set_many(entries))?;
        let before = content.len();
        content.extend(half.iter().map(|key| (key.clone().into_bytes(), Value::Str(&text).into_owned())));
        expect("set_many", new, content.len() - before)?;
        region.publish()?;
        region.hold()?;
    }
    region.compare_all()?;
    let Replay { writer, content, .. } = &mut region.0;
    let some = keys.iter().filter(|key| !key.ends_with('7'));
    let deleted = told("delete_many", writer.delete_many(some.clone().map(|key| key.as_bytes())))?;
    expect("delete_many", deleted, some.count())?;
    content.retain(|key, _| key.ends_with(b"7"));
    region.publish()?;
    region.compare_all()
}

fn empty_keys_and_values<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    region.set(b"a", Value::Str(""))?;
    region.set(b"b", Value::Bytes(b""))?;
    region.publish()?;
    region.compare_all()?;
    region.set(b"", Value::Str("of the empty key"))?;
    region.set(b"\0", Value::Bytes(b"\0"))?;
    region.publish()?;
    region.hold()?;
    region.compare_all()?;
    region.delete(b"")?;
    region.delete(b"")?;
    region.publish()?;
    region.compare_all()
}

fn nested_iteration<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    for id in 0..70 {
        region.set(&key::<16>(id), value_of(id))?;
    }
    region.publish()?;
    let snapshot = region.0.latest()?;
    let mut pairs = 0;
    for (outer, value) in snapshot.iter() {
        for (inner, _) in snapshot.iter() {
            pairs += usize::from(inner != outer);
        }
        compare_key(&snapshot, outer, Some(value))?;
    }
    expect("pairs of different keys", pairs, 70 * 69)
}

fn unpublished<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    region.set(b"one", Value::Number(1.0))?;
    region.compare_all()?;
    region.publish()?;
    region.set(b"one", Value::Number(2.0))?;
    region.set(b"two", Value::Number(2.0))?;
    region.set(b"two", Value::Number(3.0))?;
    region.compare_all()?;
    region.delete(b"one")?;
    region.delete(b"one")?;
    region.compare_all()?;
    region.publish()?;
    region.compare_all()?;
    // A version without a change is a version, too.
    region.publish()?;
    region.compare_all()
}

fn reader_outlived<M: SharedMap>() -> Result<(), String> {
    let mut region = Fixed::<M>::new()?;
    for id in 0..200 {
        region.set(&key::<16>(id), value_of(id))?;
    }
    region.publish()?;
    region.hold()?;
    region.set(b"later", Value::Bool(true))?;
    region.publish()?;
    region.hold()?;
    let Replay { writer, reader, held, .. } = region.0;
    drop(reader);
    held.iter().try_for_each(|(snapshot, _, content)| compare(snapshot, content))?;
    drop(writer);
    held.iter().try_for_each(|(snapshot, _, content)| compare(snapshot, content))
}

fn threads<M: SharedMap>() -> Result<(), String> {
    const VERSIONS: u64 = 300;
    const KEYS: u64 = 40;
    let mut writer = told("create", M::create(Place::Private, capacity(100_000)))?;
    let ended = AtomicBool::new(false);
    let readers = (0..3).map(|_| told("reader", writer.reader())).collect::<Result<Vec<_>, _>>()?;
    let read = |reader: M::Reader| -> Result<(), String> {
        let mut last = 0;
        loop {
            // The last look comes after the last version.
            let is_last = ended.load(Ordering::Acquire);
            let snapshot = told("latest", reader.latest())?;
            let number = snapshot.number();
            if number < last {
                return Err(format!("a snapshot has version {number} after one that had {last}"));
            }
            last = number;
            let expected = (number > 0).then(|| value_of(number));
            for id in 0..KEYS {
                compare_key(&snapshot, &key::<16>(id), expected)
                    .map_err(|message| format!("in version {number}: {message}"))?;
            }
            if is_last {
                return expect("the last version", number, VERSIONS);
            }
        }
    };
    thread::scope(|scope| {
        let read = &read;
        let readers: Vec<_> = readers.into_iter().map(|reader| scope.spawn(move || read(reader))).collect();
        let mut write = || -> Result<(), String> {
            for version in 1..=VERSIONS {
                for id in 0..KEYS {
                    told("set", writer.set(&key::<16>(id), value_of(version)))?;
                }
                expect("publish", told("publish", writer.publish())?, version)?;
            }
            Ok(())
        };
        let written = write();
        ended.store(true, Ordering::Release);
        let joined = readers.into_iter().map(|reader| reader.join());
        let read =
            joined.map(|outcome| outcome.unwrap_or_else(|_| Err("a reader's thread panicked".to_owned())));
        let outcomes = read.collect::<Vec<_>>();
        written?;
        outcomes.into_iter().collect()
    })
}

//! What broke other structures of this kind.

mod common;

use std::collections::{BTreeMap, HashMap};

use common::directory;
use shared_collections::{Error, Options, Reader, Snapshot, Value, Writer};

fn writer() -> (Writer, Reader) {
    let writer = Writer::create_in_memory("region", &Options::new(64 << 20)).unwrap();
    let reader = writer.reader().unwrap();
    (writer, reader)
}

/// Keys that begin like each other, of all lengths up to 200.
fn prefixes() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = (0..200).map(|length| vec![b'k'; length]).collect();
    keys.extend((0..200).map(|length| [vec![b'k'; length], vec![0]].concat()));
    keys.extend(["key1", "key10", "key100", "key", "key1\0"].map(Vec::from));
    keys
}

#[test]
fn deleting_a_key_leaves_those_that_begin_with_it() {
    for deleted in 0..prefixes().len() {
        let (mut writer, reader) = writer();
        let keys = prefixes();
        writer.map().set_many(keys.iter().map(|key| (key, key.len() as u64))).unwrap();
        writer.set().add_many(&keys).unwrap();
        assert!(writer.map().delete(&keys[deleted]).unwrap());
        assert!(writer.set().delete(&keys[deleted]).unwrap());
        assert!(!writer.map().delete(&keys[deleted]).unwrap());
        writer.publish().unwrap();
        let snapshot = reader.latest().unwrap();
        for (index, key) in keys.iter().enumerate() {
            let there = index != deleted;
            assert_eq!(snapshot.map().get(key), there.then_some((key.len() as u64).into()));
            assert_eq!(snapshot.set().contains(key), there);
        }
        snapshot.check().unwrap();
    }
}

#[test]
fn keys_and_values_of_no_bytes_and_of_many() {
    let (mut writer, reader) = writer();
    let lengths = [
        0, 1, 7, 8, 9, 15, 16, 17, 62, 63, 64, 65, 127, 128, 255, 256, 4095, 65_534, 65_535, 65_536, 102_400,
    ];
    let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    for (index, key) in lengths.iter().enumerate() {
        for value in [lengths[index], lengths[(index * 7 + 3) % lengths.len()]] {
            let (key, value) = (vec![index as u8; *key], vec![b'v'; value]);
            let text = String::from_utf8(value.clone()).unwrap();
            writer
                .map()
                .set(&key, if index % 2 == 0 { Value::Bytes(&value) } else { Value::Str(&text) })
                .unwrap();
            writer.vector().push(&value).unwrap();
            writer.set().add(&key).unwrap();
            expected.insert(key, value);
        }
        writer.publish().unwrap();
        let snapshot = reader.latest().unwrap();
        snapshot.check().unwrap();
        assert_eq!(snapshot.map().len(), expected.len());
        for (key, value) in &expected {
            let found = snapshot.map().get(key).unwrap();
            assert!(found.as_bytes().or(found.as_str().map(str::as_bytes)) == Some(&value[..]));
            assert!(snapshot.set().contains(key));
        }
    }
    for key in expected.keys() {
        assert!(writer.map().delete(key).unwrap() && writer.set().delete(key).unwrap());
    }
    assert!(writer.map().view().is_empty() && writer.set().view().is_empty());
    assert!(matches!(writer.map().set(vec![0; 65 << 20], 1u64), Err(Error::TooLong { .. })));
}

#[test]
fn values_keep_their_types() {
    let (mut writer, reader) = writer();
    let values = [
        Value::Bool(false),
        Value::Bool(true),
        Value::U64(0),
        Value::U64(u64::MAX),
        Value::I64(i64::MIN),
        Value::I64(-1),
        Value::F64(-0.0),
        Value::F64(f64::INFINITY),
        Value::F64(f64::MIN_POSITIVE),
        Value::Str(""),
        Value::Str("8 bytes!"),
        Value::Str("9 bytes!!"),
        Value::Str("ein längerer Text, der auf keinen Fall mehr neben dem Schlüssel liegt"),
        Value::Bytes(b""),
        Value::Bytes(b"\xff\x00\xfe"),
        Value::Bytes(&[0xff; 100]),
        Value::Bytes(b"a text, but given as bytes"),
    ];
    // Each value replaces each other one, in the map and in the vector.
    for first in values {
        for second in values {
            writer.map().set("key", first).unwrap();
            writer.map().set("other", first).unwrap();
            writer.vector().push(first).unwrap();
            writer.publish().unwrap();
            let before = reader.latest().unwrap();
            writer.map().set("key", second).unwrap();
            let last = writer.vector().view().len() - 1;
            writer.vector().set_at(last, second).unwrap();
            writer.publish().unwrap();
            let after = reader.latest().unwrap();
            assert_eq!((before.map().get("key"), after.map().get("key")), (Some(first), Some(second)));
            assert_eq!((before.vector().get(last), after.vector().get(last)), (Some(first), Some(second)));
            assert_eq!(after.map().get("other"), Some(first));
            after.check().unwrap();
        }
    }
    let nan = f64::from_bits(0x7ff8_dead_beef_0001);
    writer.map().set("nan", nan).unwrap();
    let found = writer.map().view().get("nan").and_then(|value| value.as_f64()).unwrap();
    assert_eq!(found.to_bits(), nan.to_bits());
}

#[test]
fn a_batch_of_more_than_64_kilobytes_edits_no_older_version() {
    let (mut writer, reader) = writer();
    let entries = |round: u64| (0..20_000_u64).map(move |key| (format!("key {key}"), key ^ round));
    let mut held: Vec<(u64, Snapshot)> = Vec::new();
    for round in 0..12 {
        let new = writer.map().set_many(entries(round)).unwrap();
        assert_eq!(new, if round == 0 { 20_000 } else { 0 });
        writer.publish().unwrap();
        held.push((round, reader.latest().unwrap()));
        for (round, snapshot) in &held {
            assert!(entries(*round).all(|(key, value)| snapshot.map().get(key) == Some(value.into())));
        }
    }
    assert_eq!(writer.map().delete_many(entries(0).map(|(key, _)| key)).unwrap(), 20_000);
    writer.publish().unwrap();
    writer.collect().unwrap();
    held.iter().for_each(|(_, snapshot)| snapshot.check().unwrap());
    assert!(held.iter().all(|(round, snapshot)| snapshot.map().iter().all(|(key, value)| {
        let key: u64 = str::from_utf8(&key[4..]).unwrap().parse().unwrap();
        value == (key ^ round).into()
    })));
}

#[test]
fn a_collection_frees_no_version_that_is_held() {
    let (mut writer, reader) = writer();
    let mut held = Vec::new();
    for version in 0..200_u64 {
        for key in 0..50_u64 {
            writer.map().set(key.to_be_bytes(), version).unwrap();
        }
        writer.publish().unwrap();
        held.push((version, reader.latest().unwrap()));
        if version % 3 == 0 {
            held.remove((version as usize * 31) % held.len());
        }
        writer.collect().unwrap();
        for (version, snapshot) in &held {
            assert_eq!(snapshot.map().len(), 50);
            assert!(snapshot.map().values().all(|value| value == (*version).into()));
        }
    }
}

#[test]
fn more_than_a_thousand_versions_are_held() {
    let directory = directory();
    let path = directory.path().join("region");
    let mut writer = Writer::create(&path, &Options::new(256 << 20).readers(400)).unwrap();
    let reader = Reader::attach(&path).unwrap();
    let mut held = Vec::new();
    for version in 1..=5_000_u64 {
        writer.map().set((version % 100).to_be_bytes(), version).unwrap();
        writer.vector().push(version).unwrap();
        writer.publish().unwrap();
        held.push(reader.latest().unwrap());
    }
    let check = |snapshot: &Snapshot| {
        let version = snapshot.number();
        assert_eq!(snapshot.vector().len(), version as usize);
        assert_eq!(snapshot.map().get((version % 100).to_be_bytes()), Some(version.into()));
        assert_eq!(snapshot.map().len(), version.min(100) as usize);
        let sum: u64 = snapshot.map().values().map(|value| value.as_u64().unwrap()).sum();
        assert_eq!(sum, (version.saturating_sub(99)..=version).sum());
    };
    held.iter().for_each(check);
    // They go in any order.
    let mut kept: Vec<Snapshot> = Vec::new();
    for (index, snapshot) in held.into_iter().enumerate() {
        if index % 3 == 0 {
            kept.push(snapshot);
        }
    }
    writer.collect().unwrap();
    kept.iter().for_each(check);
    // There is an end, and it is an error.
    let outcome: Result<Vec<Snapshot>, Error> = (0..400 * 16).map(|_| reader.latest()).collect();
    assert!(matches!(outcome, Err(Error::NoReaderEntry { entries: 400 })));
    kept.truncate(100);
    writer.collect().unwrap();
    kept.iter().for_each(check);
    assert!(reader.latest().is_ok());
}

#[test]
fn all_entries_for_readers_can_be_used_and_are_given_back() {
    let directory = directory();
    let path = directory.path().join("region");
    let _writer = Writer::create(&path, &Options::new(1 << 20).readers(10)).unwrap();
    for _ in 0..20 {
        let readers: Vec<Reader> = (0..10).map(|_| Reader::attach(&path).unwrap()).collect();
        assert!(matches!(Reader::attach(&path), Err(Error::NoReaderEntry { entries: 10 })));
        assert!(matches!(readers[0].attach_again(), Err(Error::NoReaderEntry { entries: 10 })));
        // A snapshot keeps its reader's entry.
        let snapshot = readers[3].latest().unwrap();
        drop(readers);
        assert!((0..9).map(|_| Reader::attach(&path)).collect::<Result<Vec<_>, _>>().is_ok());
        assert!((0..10).map(|_| Reader::attach(&path)).collect::<Result<Vec<_>, _>>().is_err());
        assert_eq!(snapshot.number(), 0);
    }
}

#[test]
fn iterations_inside_iterations() {
    let (mut writer, reader) = writer();
    writer.map().set_many((0..300_u64).map(|key| (key.to_be_bytes(), key))).unwrap();
    writer.set().add_many((0..40_u64).map(u64::to_be_bytes)).unwrap();
    writer.vector().push(1u64).unwrap();
    writer.publish().unwrap();
    let snapshot = reader.latest().unwrap();
    let map = snapshot.map();
    let mut pairs = 0_u64;
    for (outer, value) in map {
        for (inner, other) in map {
            pairs += 1;
            assert_eq!(value == other, inner == outer);
            if pairs.is_multiple_of(1000) {
                // The writer goes on meanwhile.
                writer.map().set(inner, pairs).unwrap();
                writer.publish().unwrap();
                assert_eq!(snapshot.set().iter().flat_map(|_| snapshot.vector()).count(), 40);
            }
        }
    }
    assert_eq!(pairs, 90_000);
    let keys: Vec<&[u8]> = map.keys().collect();
    assert!(map.keys().eq(keys.iter().copied()) && map.iter().map(|(key, _)| key).eq(keys));
}

#[test]
fn two_keys_with_the_same_hash_are_two_keys() {
    // Among so many keys some have the same 32 bits of a hash, whatever the seed. All of them are found, and deleting
    // one of them leaves the others.
    let (mut writer, reader) = writer();
    let keys: Vec<[u8; 8]> = (0..300_000_u64).map(u64::to_le_bytes).collect();
    writer.map().set_many(keys.iter().map(|key| (key, u64::from_le_bytes(*key)))).unwrap();
    writer.publish().unwrap();
    let snapshot = reader.latest().unwrap();
    snapshot.check().unwrap();
    let mut hashes: HashMap<u32, Vec<[u8; 8]>> = HashMap::new();
    for key in &keys {
        assert_eq!(snapshot.map().get(key), Some(u64::from_le_bytes(*key).into()));
        hashes.entry(foldhash_of(key)).or_default().push(*key);
    }
    let colliding: Vec<Vec<[u8; 8]>> = hashes.into_values().filter(|keys| keys.len() > 1).collect();
    assert!(colliding.len() >= 3, "only {} pairs", colliding.len());
    for keys in &colliding {
        assert!(writer.map().delete(keys[0]).unwrap());
        assert_eq!(writer.map().view().get(keys[0]), None);
        assert_eq!(writer.map().view().get(keys[1]), Some(u64::from_le_bytes(keys[1]).into()));
        assert!(writer.map().set(keys[0], 1u64).unwrap());
        assert!(!writer.map().set(keys[1], 2u64).unwrap());
        assert_eq!(writer.map().view().get(keys[0]), Some(1u64.into()));
        assert_eq!(writer.map().view().get(keys[1]), Some(2u64.into()));
        // Older versions have what they had.
        assert!(keys.iter().all(|key| snapshot.map().get(key) == Some(u64::from_le_bytes(*key).into())));
    }
}

/// The bits of a hash that the crate uses: the lower half of foldhash's, with the seed 0.
fn foldhash_of(key: &[u8]) -> u32 {
    use std::hash::Hasher;
    let mut hasher = foldhash::fast::FoldHasher::with_seed(0, foldhash::SharedSeed::global_fixed());
    hasher.write(key);
    hasher.finish() as u32
}

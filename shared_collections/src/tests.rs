//! Tests that need to look inside, or another hash function.

use std::collections::BTreeMap;

use crate::region::{HASH_MASK, Version, acquiring, held, number_in};
use crate::{Error, Options, Reader, Snapshot, Writer};

/// A small generator of random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn writer() -> (Writer, Reader) {
    let writer = Writer::create_in_memory("region", &Options::new(64 << 20)).unwrap();
    let reader = writer.reader().unwrap();
    (writer, reader)
}

/// Runs random operations with hashes of which only these bits are left, and compares each version in full.
fn collide(mask: u32, keys: u64) {
    HASH_MASK.with(|bits| bits.set(mask));
    let (mut writer, reader) = writer();
    let mut model: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    let mut versions: Vec<(BTreeMap<Vec<u8>, u64>, Snapshot)> = Vec::new();
    let mut random = Random(u64::from(mask) * 77 + 12345);
    let key = |number: u64| match number % 3 {
        0 => number.to_be_bytes().to_vec(),
        1 => format!("{number}").into_bytes(),
        _ => vec![b'k'; number as usize % 100],
    };
    for step in 0..1500 {
        let key = key(random.below(keys));
        // First more keys come than go, then the other way round.
        if random.below(10) < if step < 750 { 7 } else { 3 } {
            let new = writer.map().set(&key, step as u64).unwrap();
            assert_eq!(writer.set().add(&key).unwrap(), new);
            assert_eq!(model.insert(key, step as u64).is_none(), new);
        } else {
            let there = writer.map().delete(&key).unwrap();
            assert_eq!(writer.set().delete(&key).unwrap(), there);
            assert_eq!(model.remove(&key).is_some(), there);
        }
        if random.below(10) == 0 {
            writer.publish().unwrap();
            versions.push((model.clone(), reader.latest().unwrap()));
        }
        if step == 700 {
            writer.collect().unwrap();
        }
    }
    for (model, snapshot) in &versions {
        snapshot.check().unwrap();
        let found: BTreeMap<Vec<u8>, u64> =
            snapshot.map().iter().map(|(key, value)| (key.to_vec(), value.as_u64().unwrap())).collect();
        assert!(&found == model);
        assert!(model.iter().all(|(key, value)| snapshot.map().get(key) == Some((*value).into())));
        assert!(model.keys().all(|key| snapshot.set().contains(key)));
        assert_eq!((snapshot.map().len(), snapshot.set().len()), (model.len(), model.len()));
        assert!((0..keys).map(key).all(|key| snapshot.map().contains(&key) == model.contains_key(&key)));
    }
    drop(versions);
    let left: Vec<Vec<u8>> = model.into_keys().collect();
    assert_eq!(writer.map().delete_many(&left).unwrap(), left.len());
    assert_eq!(writer.set().delete_many(&left).unwrap(), left.len());
    assert!(writer.map.root == 0 && writer.set.root == 0);
    writer.publish().unwrap();
    writer.collect().unwrap();
    assert_eq!(writer.usage().live(), 64);
    HASH_MASK.with(|bits| bits.set(u32::MAX));
}

#[test]
fn keys_whose_hashes_collide_in_all_bits_or_in_most_are_kept_apart() {
    for mask in [
        0,
        1,
        0x8000_0000,
        0xf800_0000,
        0xf000_0000,
        0x0f,
        0xff,
        0x8000_0001,
        0x1111_1111,
        0x000f_0000,
        0xffff_0000,
    ] {
        collide(mask, 10);
        collide(mask, 100);
        collide(mask, 400);
    }
}

#[test]
fn collisions_of_a_few_keys_come_and_go() {
    HASH_MASK.with(|bits| bits.set(0));
    for count in [2_u64, 3, 31, 32, 33, 34, 64, 65, 66, 100] {
        let (mut writer, reader) = writer();
        for key in 0..count {
            assert!(writer.map().set(key.to_be_bytes(), key).unwrap());
            writer.publish().unwrap();
        }
        let all = reader.latest().unwrap();
        for key in 0..count {
            assert!(!writer.map().set(key.to_be_bytes(), "another value").unwrap());
            assert!(writer.map().delete((count - 1 - key).to_be_bytes()).unwrap());
            let view = writer.map().view().len();
            assert_eq!(view as u64, count - 1 - key);
            writer.publish().unwrap();
            reader.latest().unwrap().check().unwrap();
            if 2 * (key + 1) >= count - 1 {
                break;
            }
        }
        assert!((0..count).all(|key| all.map().get(key.to_be_bytes()) == Some(key.into())));
        all.check().unwrap();
    }
    HASH_MASK.with(|bits| bits.set(u32::MAX));
}

#[test]
fn a_reader_that_is_taking_a_snapshot_holds_all_versions_from_then_on() {
    let (mut writer, reader) = writer();
    let publish = |writer: &mut Writer, rounds: u64| {
        for round in 0..rounds {
            for key in 0..100_u64 {
                writer.map().set(key.to_be_bytes(), round).unwrap();
            }
            writer.publish().unwrap();
        }
    };
    publish(&mut writer, 10);
    // As if the reader had been stopped between its two looks at the header.
    let slot = &writer.space.region.slots(0)[3];
    slot.state.store(acquiring(8), std::sync::atomic::Ordering::SeqCst);
    let word = writer.space.region.latest().load(std::sync::atomic::Ordering::SeqCst);
    let region = std::sync::Arc::clone(&writer.space.region);
    let version = region.version(word).unwrap();
    publish(&mut writer, 50);
    writer.collect().unwrap();
    assert_eq!(region.version(word).unwrap(), version);
    assert!(writer.usage().retained > 50 * 3000, "{:?}", writer.usage());
    // It goes on, and holds one version.
    let slot = &region.slots(0)[3];
    slot.record.store(word as u32, std::sync::atomic::Ordering::SeqCst);
    slot.state.store(held(version.number), std::sync::atomic::Ordering::SeqCst);
    writer.collect().unwrap();
    assert!(writer.usage().retained < 20_000, "{:?}", writer.usage());
    assert_eq!(region.version(word).unwrap(), version);
    drop(reader);
    writer.collect().unwrap();
    assert_eq!(writer.usage().retained, 0, "nobody has the entry's lock any more");
}

#[test]
fn a_new_writer_waits_for_a_reader_that_was_taking_an_older_version() {
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = directory.path().join("region");
    let mut writer = Writer::create(&path, &Options::new(1 << 20)).unwrap();
    let reader = Reader::attach(&path).unwrap();
    for _ in 0..5 {
        writer.publish().unwrap();
    }
    let region = std::sync::Arc::clone(&writer.space.region);
    let slot = &region.slots(0)[0];
    let sequential = std::sync::atomic::Ordering::SeqCst;
    slot.state.store(acquiring(3), sequential);
    writer.space.region.number().store(4, sequential);
    drop(writer);
    // The writer's lock belongs to its open file, which `region` shares.
    crate::sys::unlock(&region.file, crate::region::Region::WRITER_LOCK).unwrap();
    assert!(matches!(Writer::open(&path), Err(Error::ReaderStopped { entry: 0 })));
    // About to take the newest version is no obstacle, and neither is a reader that has gone.
    slot.state.store(acquiring(5), sequential);
    assert_eq!(Writer::open(&path).unwrap().published(), 5);
    assert_eq!(region.number().load(sequential), 5);
    slot.state.store(acquiring(3), sequential);
    drop(reader);
    assert_eq!(Writer::open(&path).unwrap().published(), 5);
}

#[test]
fn the_states_of_slots_are_different() {
    for number in [0, 1, 2, 1 << 32, (1 << 62) - 1] {
        assert!(held(number) != 0 && acquiring(number) != 0 && held(number) != acquiring(number));
        assert_eq!((number_in(held(number)), number_in(acquiring(number))), (number, number));
    }
    assert_eq!(size_of::<Version>(), 64);
}

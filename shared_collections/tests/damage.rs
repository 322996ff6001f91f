//! Files that are no sound regions.

mod common;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::{Draw, Model, directory, repeats};
use shared_collections::{Error, Options, Reader, Snapshot, Writer};

// Where things lie in a region of format 1.
const FORMAT: u64 = 80;
const CAPACITY: u64 = 88;
const CHECKSUM: u64 = 120;
const LATEST: u64 = 128;
const DATA: u64 = 128 << 10;

/// A region with some of everything, and how far its file is in use.
fn region(path: &Path, seed: u64) -> u64 {
    let mut writer = Writer::create(path, &Options::new(1 << 20)).unwrap();
    let mut draw = Draw::new(seed, 300);
    let mut model = Model::default();
    for step in 0..600 {
        model.step(&mut writer, &mut draw).unwrap();
        if step % 50 == 0 {
            writer.publish().unwrap();
        }
    }
    writer.publish().unwrap();
    writer.usage().used
}

/// Reads everything, whatever it is.
fn read_all(snapshot: &Snapshot) -> usize {
    let map = snapshot.map();
    let entries = map.iter().map(|(key, _)| usize::from(map.get(key).is_some())).sum::<usize>();
    let set = snapshot.set();
    let keys = set.iter().filter(|key| set.contains(key)).count();
    format!("{:?}", snapshot.vector()).len() + format!("{map:?}").len() + entries + keys
}

#[test]
fn random_damage_never_leaves_the_region() {
    let directory = directory();
    let path = directory.path().join("region");
    let used = region(&path, 1);
    let sound = fs::read(&path).unwrap();
    let mut draw = Draw::new(99, 1);
    let (mut refused, mut accepted) = (0, 0);
    for _ in 0..repeats("SHARED_COLLECTIONS_CORRUPTIONS", 10_000) {
        let file = File::options().write(true).open(&path).unwrap();
        let mut changed = Vec::new();
        for _ in 0..=draw.below(4) {
            // The header's first bytes, the pointer to the newest version, or the data.
            let (from, to) = match draw.below(10) {
                0 => (0, CHECKSUM + 24),
                1 => (LATEST, LATEST + 4),
                _ => (DATA, used),
            };
            let at = from + draw.below((to - from) as usize) as u64;
            let length = match draw.below(3) {
                0 => draw.below(64) + 1,
                _ => 1,
            };
            let length = length.min((used - at) as usize);
            let bytes: Vec<u8> = match draw.below(3) {
                0 => sound[at as usize..][..length].iter().map(|byte| byte ^ 1 << draw.below(8)).collect(),
                1 => vec![[0, 0xff][draw.below(2)]; length],
                _ => (0..length).map(|_| draw.below(256) as u8).collect(),
            };
            file.write_all_at(&bytes, at).unwrap();
            changed.push((at, length));
        }
        match Reader::attach_checked(&path) {
            Ok(reader) => {
                read_all(&reader.latest().unwrap());
                accepted += 1;
            }
            Err(error) => {
                assert!(
                    matches!(
                        error,
                        Error::Foreign
                            | Error::OlderFormat { .. }
                            | Error::NewerFormat { .. }
                            | Error::OtherHash
                            | Error::Truncated { .. }
                            | Error::Damaged { .. }
                    ),
                    "{error:?}"
                );
                refused += 1;
            }
        }
        // A new writer checks as much. What it takes over it can change.
        if draw.below(10) == 0
            && let Ok(mut writer) = Writer::open(&path)
        {
            for _ in 0..5 {
                writer.map().set(draw.key(), 1u64).unwrap();
                writer.vector().push(1u64).unwrap();
                writer.vector().pop().unwrap();
            }
            drop(writer);
            fs::write(&path, &sound).unwrap();
        }
        for (at, length) in changed {
            file.write_all_at(&sound[at as usize..][..length], at).unwrap();
        }
    }
    println!("{refused} refused, {accepted} accepted");
    assert!(refused > accepted / 10 && accepted > 0);
    // Everything was put back.
    Reader::attach_checked(&path).unwrap();
}

#[test]
fn an_unchecked_reader_of_damaged_nodes_gets_no_further_than_the_mapping() {
    let directory = directory();
    let path = directory.path().join("region");
    let used = region(&path, 2);
    let keys: Vec<Vec<u8>> = {
        let reader = Reader::attach(&path).unwrap();
        reader.latest().unwrap().map().keys().map(<[u8]>::to_vec).collect()
    };
    let sound = fs::read(&path).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    let reader = Reader::attach(&path).unwrap();
    let snapshot = reader.latest().unwrap();
    let mut draw = Draw::new(5, 1);
    for _ in 0..1000 {
        // Words that lead far away: odd ones, so that they look like leaves, and no search goes in a circle.
        let at = DATA + 4 * draw.below((used - DATA) as usize / 4) as u64;
        let word = (draw.below(1 << 31) as u32) << 1 | 1;
        file.write_all_at(&word.to_le_bytes(), at).unwrap();
        keys.iter().for_each(|key| _ = snapshot.map().get(key));
        (0..snapshot.vector().len()).for_each(|index| _ = snapshot.vector().get(index));
        file.write_all_at(&sound[at as usize..][..4], at).unwrap();
    }
}

#[test]
fn truncated_files_are_refused() {
    let directory = directory();
    let path = directory.path().join("region");
    let used = region(&path, 3);
    let sound = fs::read(&path).unwrap();
    for length in [0, 1, 7, 8, 100, 127, 128, 4096, 64 << 10, DATA, DATA + 1, used - 1, used, (1 << 20) - 1] {
        fs::write(&path, &sound[..length as usize]).unwrap();
        for error in [
            Reader::attach(&path).unwrap_err(),
            Reader::attach_checked(&path).unwrap_err(),
            Writer::open(&path).unwrap_err(),
        ] {
            match error {
                Error::Foreign if length < 128 => {}
                Error::Truncated { found, capacity } => assert_eq!((found, capacity), (length, 1 << 20)),
                other => panic!("{length}: {other}"),
            }
        }
    }
    // A longer file is no harm.
    fs::write(&path, [&sound[..], &[1; 5000]].concat()).unwrap();
    Reader::attach_checked(&path).unwrap();
}

#[test]
fn foreign_files_are_refused() {
    let directory = directory();
    let path = directory.path().join("file");
    let mut draw = Draw::new(4, 1);
    let mut files = vec![vec![], vec![0; 1 << 20], b"#!/bin/sh\n".repeat(100_000), vec![0xff; 1 << 20]];
    files.extend((0..50).map(|_| (0..draw.below(3000)).map(|_| draw.below(256) as u8).collect()));
    files.push(fs::read(std::env::current_exe().unwrap()).unwrap());
    for content in files {
        fs::write(&path, content).unwrap();
        assert!(matches!(Reader::attach(&path), Err(Error::Foreign)));
        assert!(matches!(Writer::open(&path), Err(Error::Foreign)));
    }
    assert!(matches!(Reader::attach(directory.path()), Err(Error::System { .. })));
    assert!(matches!(Reader::attach(path.with_extension("absent")), Err(Error::System { .. })));
    let (receiver, _sender) = std::io::pipe().unwrap();
    assert!(Reader::attach_to(&receiver).is_err());
}

#[test]
fn older_and_newer_formats_are_told_apart() {
    let directory = directory();
    let path = directory.path().join("region");
    region(&path, 5);
    let file = File::options().write(true).open(&path).unwrap();
    for format in [0_u32, 2, 3, 9, 1000, u32::MAX] {
        file.write_all_at(&format.to_ne_bytes(), FORMAT).unwrap();
        for error in [Reader::attach(&path).unwrap_err(), Writer::open(&path).unwrap_err()] {
            match error {
                Error::OlderFormat { found, supported: 1 } => assert_eq!((found, format), (0, 0)),
                Error::NewerFormat { found, supported: 1 } => assert!(found == format && found > 1),
                other => panic!("{other}"),
            }
        }
    }
    file.write_all_at(&1_u32.to_ne_bytes(), FORMAT).unwrap();
    Reader::attach_checked(&path).unwrap();
    // Any other change of the header is found by its checksum.
    for at in CAPACITY..CHECKSUM + 8 {
        let byte = fs::read(&path).unwrap()[at as usize];
        file.write_all_at(&[byte ^ 0x10], at).unwrap();
        assert!(matches!(Reader::attach(&path), Err(Error::Damaged { offset: 0, .. })), "byte {at}");
        file.write_all_at(&[byte], at).unwrap();
    }
}

#[test]
fn a_version_that_is_not_there_is_an_error() {
    let directory = directory();
    let path = directory.path().join("region");
    region(&path, 6);
    let file = File::options().write(true).open(&path).unwrap();
    for word in
        [0_u64, 1, 2, DATA / 8, DATA / 8 + 1, (1 << 20) / 8, (1 << 20) / 8 - 2, u64::from(u32::MAX), u64::MAX]
    {
        file.write_all_at(&word.to_ne_bytes(), LATEST).unwrap();
        assert!(matches!(Reader::attach(&path), Err(Error::Damaged { .. })), "{word}");
        assert!(matches!(Writer::open(&path), Err(Error::Damaged { .. })), "{word}");
    }
}

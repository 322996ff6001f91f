//! A new writer keeps all that readers hold, whatever the versions share with each other.

mod common;

use std::fs;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use common::{Draw, Model, Owned, directory};
use shared_collections::{Options, Reader, Snapshot, Writer};

/// Lets a new writer take over, makes it use all memory that it believes to be free, and compares what is held.
fn take_over(path: &Path, held: &[(Model, Snapshot)], model: &Model) -> Writer {
    let mut writer = Writer::open(path).unwrap();
    writer.collect().unwrap();
    for size in [0_usize, 100, 300, 1000] {
        for key in 0..300_u32 {
            let key = format!("overwritten {size} {key}");
            writer.map().set(&key, "x".repeat(size).as_str()).unwrap();
            writer.vector().push(key.as_str()).unwrap();
        }
    }
    held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
    drop(writer);
    // What was not published is gone.
    let reader = Reader::attach(path).unwrap();
    model.compare(&reader.latest().unwrap());
    Writer::open(path).unwrap()
}

/// A second descriptor of everything by which this process has the file open, as a child has it that is being started.
fn copies(path: &Path) -> Vec<OwnedFd> {
    let descriptors: Vec<_> = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap()).collect();
    let of_the_file =
        descriptors.iter().filter(|entry| fs::read_link(entry.path()).is_ok_and(|link| link == path));
    of_the_file
        .map(|entry| {
            let number = entry.file_name().to_str().unwrap().parse().unwrap();
            // SAFETY: a writer or a reader of the caller has it open.
            unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned().unwrap()
        })
        .collect()
}

#[test]
fn what_is_dropped_is_free_even_if_another_process_has_its_descriptor() {
    let directory = directory();
    let path = directory.path().join("region");
    let mut kept = Vec::new();
    drop(Writer::create(&path, &Options::new(1 << 20).readers(2)).unwrap());
    for _ in 0..5 {
        let writer = Writer::open(&path).unwrap();
        let reader = Reader::attach(&path).unwrap();
        // These take both entries that there are.
        let held: Vec<Snapshot> = (0..17).map(|_| reader.latest().unwrap()).collect();
        kept.extend(copies(&path));
        drop((writer, reader, held));
    }
    assert!(kept.len() >= 10);
    assert!(kept.iter().all(|descriptor| descriptor.as_raw_fd() > 2));
}

/// Versions that differ in the length of the vector only share branches that have more children in one than in the other.
#[test]
fn vectors_of_all_lengths_are_kept() {
    let lengths = [0_usize, 1, 31, 32, 33, 64, 65, 70, 96, 97, 1024, 1025, 1056, 1057, 1090, 1200, 2100];
    for longer in lengths {
        for shorter in lengths.into_iter().filter(|shorter| *shorter < longer) {
            let directory = directory();
            let path = directory.path().join("region");
            let mut writer = Writer::create(&path, &Options::new(16 << 20)).unwrap();
            let reader = Reader::attach(&path).unwrap();
            let mut model = Model::default();
            for index in 0..longer {
                let value = Owned::Str(format!("element {index}, longer than eight bytes"));
                writer.vector().push(value.value()).unwrap();
                model.vector.push(value);
            }
            writer.publish().unwrap();
            let mut held = vec![(model.clone(), reader.latest().unwrap())];
            while model.vector.len() > shorter {
                assert!(writer.vector().pop().unwrap());
                model.vector.pop();
                if model.vector.len() == usize::midpoint(shorter, longer) {
                    writer.publish().unwrap();
                    held.push((model.clone(), reader.latest().unwrap()));
                }
            }
            writer.publish().unwrap();
            drop(writer);
            take_over(&path, &held, &model);
        }
    }
}

/// Random changes of everything, with vectors that become long and short again.
#[test]
fn random_versions_are_kept() {
    for seed in 0..common::repeats("SHARED_COLLECTIONS_TAKEOVERS", 20) as u64 {
        let directory = directory();
        let path = directory.path().join("region");
        let mut writer = Writer::create(&path, &Options::new(64 << 20)).unwrap();
        let reader = Reader::attach(&path).unwrap();
        let mut draw = Draw::new(seed, 300);
        let mut model = Model::default();
        let mut held: Vec<(Model, Snapshot)> = Vec::new();
        for _ in 0..8 {
            for _ in 0..6 {
                for _ in 0..draw.below(60) {
                    model.step(&mut writer, &mut draw).unwrap();
                }
                // Of some value, or of none.
                let pushes = draw.below(3) * draw.below(500);
                for _ in 0..pushes {
                    let value = draw.value();
                    writer.vector().push(value.value()).unwrap();
                    model.vector.push(value);
                }
                let pops = draw.below(3) * draw.below(500);
                for _ in 0..pops.min(model.vector.len()) {
                    assert!(writer.vector().pop().unwrap());
                    model.vector.pop();
                }
                writer.publish().unwrap();
                held.push((model.clone(), reader.latest().unwrap()));
                if held.len() > 12 {
                    held.swap_remove(draw.below(12));
                }
            }
            drop(writer);
            writer = take_over(&path, &held, &model);
        }
    }
}

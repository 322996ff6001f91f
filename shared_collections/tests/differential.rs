//! Random operations against plain collections, with old versions held and compared in full.

mod common;

use common::{Draw, Model, directory, repeats};
use shared_collections::{Error, Options, Reader, Snapshot, Writer};

fn run(seed: u64, keys: usize, operations: usize, publish_every: usize) {
    let directory = directory();
    let path = directory.path().join("region");
    let mut writer = Writer::create(&path, &Options::new(256 << 20).seed(seed)).unwrap();
    let mut draw = Draw::new(seed, keys);
    let mut model = Model::default();
    let mut published = model.clone();
    let readers = [Reader::attach(&path).unwrap(), writer.reader().unwrap()];
    let mut held: Vec<(Model, Snapshot)> = Vec::new();
    for operation in 0..operations {
        model.step(&mut writer, &mut draw).unwrap();
        if draw.below(publish_every) == 0 {
            let number = writer.publish().unwrap();
            published = model.clone();
            let snapshot = readers[draw.below(2)].latest().unwrap();
            assert_eq!(snapshot.number(), number);
            held.push((published.clone(), snapshot));
        }
        if held.len() > 40 || draw.below(publish_every * 3) == 0 {
            for _ in 0..draw.below(held.len()) {
                let (model, snapshot) = held.swap_remove(draw.below(held.len()));
                if draw.below(4) == 0 {
                    model.compare(&snapshot);
                }
            }
        }
        if draw.below(3 * operations / 10 + 1) == 0 {
            writer.collect().unwrap();
        }
        // The writer goes away with what it has not published, and another one takes over.
        if draw.below(operations / 4 + 1) == 0 || operation + 1 == operations {
            drop(writer);
            writer = Writer::open(&path).unwrap();
            model = published.clone();
            published.compare(&readers[0].latest().unwrap());
            held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
        }
    }
    held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
    held.clear();
    writer.map().clear();
    writer.set().clear();
    writer.vector().clear();
    writer.publish().unwrap();
    writer.publish().unwrap();
    writer.collect().unwrap();
    let usage = writer.usage();
    assert_eq!(
        (usage.live(), usage.retained),
        (64, 0),
        "nothing but the record of one version is left: {usage:?}"
    );
}

#[test]
fn every_version_is_what_a_plain_collection_was() {
    let operations = repeats("SHARED_COLLECTIONS_OPERATIONS", 3_000);
    for (seed, keys) in [(1, 20), (2, 100), (3, 500), (4, 2_000), (5, 20_000)] {
        for publish_every in [1, 10, 300] {
            run(seed * 1000 + publish_every as u64, keys, operations, publish_every);
        }
    }
}

#[test]
fn a_vector_grows_and_shrinks_through_every_depth() {
    let mut writer = Writer::create_in_memory("vector", &Options::new(64 << 20)).unwrap();
    let reader = writer.reader().unwrap();
    let sizes = [
        0, 1, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 1055, 1056, 1057, 2000, 32_767, 32_768, 32_800,
        33_000,
    ];
    let mut model: Vec<u64> = Vec::new();
    let mut held: Vec<(Vec<u64>, Snapshot)> = Vec::new();
    let mut publish = |writer: &mut Writer, model: &Vec<u64>| {
        writer.publish().unwrap();
        held.push((model.clone(), reader.latest().unwrap()));
    };
    let mut fill = 0;
    for size in sizes.iter().chain(sizes.iter().rev()).chain(&[40, 1, 1100, 20, 33_000]) {
        while model.len() < *size {
            fill += 1;
            writer.vector().push(fill).unwrap();
            model.push(fill);
        }
        while model.len() > *size {
            assert!(writer.vector().pop().unwrap());
            model.pop();
        }
        publish(&mut writer, &model);
        let len = model.len();
        for index in sizes.iter().filter(|index| **index < len) {
            fill += 1;
            writer.vector().set_at(*index, fill).unwrap();
            model[*index] = fill;
        }
        publish(&mut writer, &model);
    }
    assert!(held.len() > 64);
    for (model, snapshot) in &held {
        snapshot.check().unwrap();
        assert!(snapshot.vector().iter().map(|value| value.as_u64().unwrap()).eq(model.iter().copied()));
        assert!((0..model.len()).all(|index| snapshot.vector().get(index) == Some(model[index].into())));
    }
    assert!(matches!(
        writer.vector().set_at(33_000, 1u64),
        Err(Error::OutOfRange { index: 33_000, len: 33_000 })
    ));
}

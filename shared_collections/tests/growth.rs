//! Millions of updates do not make a region grow.

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Draw, directory, repeats};
use shared_collections::{Options, Reader, Snapshot, Writer};

/// Readers that come and go, each holding some versions for a while.
fn come_and_go(path: &Path, done: &AtomicBool, seed: u64) -> usize {
    let mut draw = Draw::new(seed, 1);
    let mut readers = 0;
    while !done.load(Ordering::Relaxed) {
        let reader = Reader::attach(path).unwrap();
        readers += 1;
        let mut held: Vec<Snapshot> = Vec::new();
        for _ in 0..draw.below(50) {
            held.push(reader.latest().unwrap());
            if held.len() > 5 {
                held.swap_remove(draw.below(5));
            }
            let snapshot = held.last().unwrap();
            // Every version has one sum.
            let sum = snapshot.map().get("sum").and_then(|value| value.as_u64()).unwrap();
            let first = snapshot.map().get(0u64.to_be_bytes()).and_then(|value| value.as_u64()).unwrap();
            assert!(first <= sum);
            thread::yield_now();
        }
    }
    readers
}

#[test]
fn the_region_stays_small_while_readers_come_and_go_and_one_stays() {
    const KEYS: usize = 20_000;
    let updates = repeats("SHARED_COLLECTIONS_UPDATES", 200_000);
    let directory = directory();
    let path = directory.path().join("region");
    let mut writer = Writer::create(&path, &Options::new(1 << 30)).unwrap();
    let mut values = vec![0_u64; KEYS];
    let mut sum = 0;
    writer.map().set_many((0..KEYS as u64).map(|key| (key.to_be_bytes(), 0u64))).unwrap();
    writer.map().set("sum", sum).unwrap();
    writer.publish().unwrap();
    writer.collect().unwrap();
    let one = writer.usage();
    // This one holds the first version for the whole time.
    let reader = Reader::attach(&path).unwrap();
    let first = reader.latest().unwrap();
    let done = AtomicBool::new(false);
    let mut draw = Draw::new(1, KEYS);
    let (mut most, mut live, mut publishes) = (0, 0, 0);
    let readers: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..3)
            .map(|seed| {
                scope.spawn({
                    let (path, done) = (&path, &done);
                    move || come_and_go(path, done, seed)
                })
            })
            .collect();
        let mut update = 0;
        while update < updates {
            for _ in 0..=draw.below(4) {
                let key = draw.below(KEYS);
                match draw.below(10) {
                    // Deleted, and set again: leaves change their sizes.
                    0 if key > 0 => {
                        writer.map().delete((key as u64).to_be_bytes()).unwrap();
                        sum -= values[key];
                        values[key] = 0;
                    }
                    _ => {
                        values[key] += 1;
                        sum += 1;
                        writer.map().set((key as u64).to_be_bytes(), values[key]).unwrap();
                    }
                }
                update += 1;
            }
            writer.map().set("sum", sum).unwrap();
            writer.publish().unwrap();
            publishes += 1;
            most = most.max(writer.usage().used);
            if publishes % 1000 == 0 {
                // After a collection, what is retained is what somebody holds.
                writer.collect().unwrap();
                live = live.max(writer.usage().live() + writer.usage().retained);
            }
        }
        done.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // Only the first version is held now, beside the newest one.
    writer.collect().unwrap();
    assert!(writer.usage().live() + writer.usage().retained < 5 * one.live() / 2, "{:?}", writer.usage());
    assert_eq!(first.number(), 1);
    first.check().unwrap();
    assert!(first.map().iter().all(|(_, value)| value == 0u64.into()));
    assert_eq!(first.map().len(), KEYS + 1);
    let usage = writer.usage();
    println!(
        "{update} updates, {publishes} versions, {readers} readers; one version {}, live {live}, used at most {most}: \
         {:.2} times; {usage:?}",
        one.live(),
        most as f64 / live as f64,
        update = updates
    );
    assert!(most < 3 * live, "used {most} for {live}");
    // The readers have held much at times. Now one holds one version, and the region becomes smaller again.
    for _ in 0..updates {
        let key = draw.below(KEYS) as u64;
        writer.map().set(key.to_be_bytes(), key).unwrap();
        writer.publish().unwrap();
    }
    writer.collect().unwrap();
    let usage = writer.usage();
    let live = usage.live() + usage.retained;
    println!(
        "with one reader left: used {} for {live}: {:.2} times",
        usage.used,
        usage.used as f64 / live as f64
    );
    assert!(usage.used < 3 * live, "{usage:?}");
    drop(first);
    writer.publish().unwrap();
    writer.collect().unwrap();
    assert_eq!(writer.usage().retained, 0);
}

#[test]
fn what_a_reader_held_is_freed_a_little_with_each_version() {
    const KEYS: u64 = 20_000;
    let mut writer = Writer::create_in_memory("region", &Options::new(1 << 30)).unwrap();
    let reader = writer.reader().unwrap();
    writer.map().set_many((0..KEYS).map(|key| (key.to_be_bytes(), key))).unwrap();
    writer.publish().unwrap();
    let held = reader.latest().unwrap();
    for key in 0..KEYS {
        writer.map().set(key.to_be_bytes(), key + 1).unwrap();
        if key % 100 == 0 {
            writer.publish().unwrap();
        }
    }
    writer.publish().unwrap();
    drop(held);
    let before = writer.usage().retained;
    let (mut retained, mut most, mut versions) = (before, 0, 0);
    while retained > before / 4 {
        writer.map().set(0_u64.to_be_bytes(), versions).unwrap();
        writer.publish().unwrap();
        let now = writer.usage().retained;
        most = most.max(retained.saturating_sub(now));
        retained = now;
        versions += 1;
        assert!(versions < KEYS, "{now} of {before} bytes are still not free");
    }
    assert!(most < before / 8, "one version freed {most} of {before} bytes");
}

//! Regions and file systems that are full.

mod common;

use std::path::Path;

use common::{Draw, Model, Owned, child, directory};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use shared_collections::{Error, Options, Reader, Writer};

/// Fills a region until it is full, with versions held meanwhile; then empties it and fills it again.
fn fill(path: &Path, capacity: u64, seed: u64) {
    let mut writer = Writer::create(path, &Options::new(capacity)).unwrap();
    let reader = Reader::attach(path).unwrap();
    let mut draw = Draw::new(seed, 100_000);
    let mut model = Model::default();
    let mut held = Vec::new();
    for round in 0..6 {
        let mut steps = 0;
        let mut failed = 0;
        while failed < 20 {
            let (key, value) = (draw.key(), draw.value());
            let outcome = match draw.below(3) {
                0 => writer.map().set(&key, value.value()).map(|_| _ = model.map.insert(key, value)),
                1 => writer.set().add(&key).map(|_| _ = model.set.insert(key)),
                _ => writer.vector().push(value.value()).map(|()| model.vector.push(value)),
            };
            match outcome {
                Ok(()) => steps += 1,
                Err(Error::Full { .. }) => failed += 1,
                Err(other) => panic!("{other}"),
            }
            if draw.below(100) == 0 {
                writer.publish().unwrap();
                if held.len() < 8 {
                    held.push((model.clone(), reader.latest().unwrap()));
                }
            }
        }
        assert!(steps > 0 || round > 0);
        // What did not fit has changed nothing, and what did can be published.
        writer.publish().unwrap();
        model.compare(&reader.latest().unwrap());
        held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
        // A value that does not fit at all.
        let huge = vec![7; 300 << 10];
        for _ in 0..10 {
            assert!(matches!(writer.map().set(&huge, true), Err(Error::Full { .. })));
            assert!(matches!(writer.vector().push(&huge), Err(Error::Full { .. })));
            let len = writer.vector().view().len();
            assert!(matches!(writer.vector().set_at(len - 1, &huge), Err(Error::Full { .. })));
        }
        writer.publish().unwrap();
        model.compare(&reader.latest().unwrap());
        // Deletions get through: some memory is kept for them. The readers let go.
        held.clear();
        let keys: Vec<Vec<u8>> = model.map.keys().chain(&model.set).cloned().collect();
        for key in keys {
            if draw.below(4) > 0 {
                assert_eq!(writer.map().delete(&key).unwrap(), model.map.remove(&key).is_some());
                assert_eq!(writer.set().delete(&key).unwrap(), model.set.remove(&key));
                writer.publish().unwrap();
            }
        }
        for _ in 0..model.vector.len() / 2 {
            assert!(writer.vector().pop().unwrap());
            model.vector.pop();
        }
        writer.publish().unwrap();
        model.compare(&reader.latest().unwrap());
        let room = Owned::Bytes(vec![1; 10_000]);
        writer.map().set("there is room again", room.value()).unwrap();
        model.map.insert(b"there is room again".to_vec(), room);
    }
    drop(writer);
    // The next writer can go on as well.
    let mut writer = Writer::open(path).unwrap();
    writer.map().set("one more", 1u64).unwrap();
    writer.publish().unwrap();
    assert_eq!(reader.latest().unwrap().map().get("one more"), Some(1u64.into()));
}

#[test]
fn a_full_region_is_an_error_and_stays_readable() {
    let directory = directory();
    for (index, capacity) in [512 << 10, 600 << 10, 1 << 20, 2 << 20].into_iter().enumerate() {
        fill(&directory.path().join(index.to_string()), capacity, index as u64);
    }
}

#[test]
fn a_full_file_system_is_an_error_and_stays_readable() {
    let this = "a_full_file_system_is_an_error_and_stays_readable";
    if let Some(path) = std::env::var_os("MOUNT") {
        // A file system of its own for this process, with less memory than the region may have.
        let mounted = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| {
            let none: Option<&str> = None;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            mount(Some("tmpfs"), path.as_os_str(), Some("tmpfs"), MsFlags::empty(), Some("size=1536k"))
        });
        if let Err(error) = mounted {
            println!("skipped: this process may not mount a file system of its own ({error})");
            return;
        }
        let path = Path::new(&path).join("region");
        fill(&path, 1 << 30, 77);
        println!("filled");
        return;
    }
    let directory = directory();
    let output = child(this, "MOUNT", directory.path().as_os_str()).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("filled") || text.contains("skipped"));
    print!("{text}");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let directory = directory();
    let path = directory.path().join("region");
    let wrong = [
        Options::new(0),
        Options::new(1),
        Options::new(100 << 10),
        Options::new((32 << 30) + 1),
        Options::new(1 << 50),
        Options::new(u64::MAX),
        Options::new(1 << 20).readers(0),
        Options::new(1 << 20).readers(65_536),
        Options::new(1 << 20).readers(10_000),
        Options::new(1 << 20).readers(u32::MAX),
    ];
    for options in wrong {
        assert!(matches!(Writer::create(&path, &options), Err(Error::Options { .. })), "{options:?}");
        assert!(!path.exists());
    }
    assert!(Writer::create(directory.path().join("absent/region"), &Options::new(1 << 20)).is_err());
    // The largest region there can be, on a machine with less memory.
    let mut writer = Writer::create(&path, &Options::new(32 << 30)).unwrap();
    writer.map().set("key", "value").unwrap();
    writer.publish().unwrap();
    Reader::attach_checked(&path).unwrap();
}

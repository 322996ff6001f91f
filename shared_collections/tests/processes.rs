//! Several processes, some of them killed.

mod common;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::Duration;

use common::{Draw, Script, child, directory, repeats};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use shared_collections::{Error, Options, Reader, Snapshot, Writer};

/// What a child is to do, if this process is one.
fn task(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

/// Reads what a child writes up to a line that ends with the text. Test programs write lines of their own.
fn wait_for(child: &mut Child, text: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
    let mut line = String::new();
    while !line.trim_end().ends_with(text) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended before it wrote {text}");
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Ends a child by closing its input, and asserts that it found nothing wrong.
fn finish(mut child: Child) -> String {
    drop(child.stdin.take());
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(child.wait().unwrap().success(), "{output}");
    output
}

/// `true` when the parent has closed this process's input.
fn parent_is_done() -> impl Fn() -> bool {
    let waiting = thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    move || waiting.is_finished()
}

/// Publishes until it is killed, and writes down what it has published.
fn publish_for_ever(path: &Path) {
    let mut log = std::fs::OpenOptions::new().append(true).open(path.with_extension("log")).unwrap();
    let mut writer = loop {
        match Writer::open(path) {
            // The kernel may take a moment to unlock what a killed process had locked.
            Err(Error::WriterExists) => thread::yield_now(),
            other => break other.unwrap(),
        }
    };
    loop {
        let number = Script::publish_next(&mut writer).unwrap();
        log.write_all(&number.to_le_bytes()).unwrap();
    }
}

/// Compares new versions in full, and old ones that it holds, until its input is closed.
fn read_for_ever(path: &Path) {
    let reader = Reader::attach(path).unwrap();
    let done = parent_is_done();
    let mut script = Script::new();
    let mut held: Vec<(common::Model, Snapshot)> = Vec::new();
    let mut draw = Draw::new(7, 1);
    let mut compared = 0;
    println!("reading");
    while !done() {
        let snapshot = reader.latest().unwrap();
        script.advance(snapshot.number());
        script.model.compare(&snapshot);
        compared += 1;
        held.push((script.model.clone(), snapshot));
        if held.len() > 20 {
            let (model, snapshot) = held.swap_remove(draw.below(20));
            model.compare(&snapshot);
        }
    }
    held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
    println!("compared {compared} versions");
    assert!(compared > 1);
}

#[test]
fn a_killed_writer_loses_nothing_that_it_published() {
    if let Some(path) = task("PUBLISH") {
        return publish_for_ever(&path);
    }
    if let Some(path) = task("READ") {
        return read_for_ever(&path);
    }
    let this = "a_killed_writer_loses_nothing_that_it_published";
    let directory = directory();
    let path = directory.path().join("region");
    let log = path.with_extension("log");
    std::fs::write(&log, []).unwrap();
    drop(Writer::create(&path, &Options::new(64 << 20)).unwrap());
    let readers: Vec<Child> = (0..2).map(|_| child(this, "READ", path.as_os_str())).collect();
    let reader = Reader::attach(&path).unwrap();
    let mut script = Script::new();
    let mut draw = Draw::new(42, 1);
    let mut held = Vec::new();
    let mut before = 0;
    for _ in 0..repeats("SHARED_COLLECTIONS_KILLS", 200) {
        let writer = child(this, "PUBLISH", path.as_os_str());
        // It starts, takes over, and publishes; it may be killed during each of them.
        thread::sleep(Duration::from_micros(draw.below(30_000) as u64));
        kill(writer);
        let log = std::fs::read(&log).unwrap();
        let logged =
            log.rchunks_exact(8).next().map_or(0, |last| u64::from_le_bytes(last.try_into().unwrap()));
        let snapshot = reader.latest().unwrap();
        let number = snapshot.number();
        // It may have died between publishing and writing that down, and so may the writers before it.
        assert!(number >= logged.max(before), "{number} is there, {logged} was written down");
        assert!(
            number <= logged.max(before) + 1,
            "{number} is there after {before}, {logged} was written down"
        );
        before = number;
        script.advance(number);
        script.model.compare(&snapshot);
        held.push((script.model.clone(), snapshot));
        if held.len() > 10 {
            held.swap_remove(draw.below(10));
        }
        held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
        if draw.below(4) == 0 {
            // A writer in this process finds it as well.
            let mut writer = Writer::open(&path).unwrap();
            assert_eq!(writer.published(), number);
            assert_eq!(writer.map().view().len(), script.model.map.len());
            assert_eq!(writer.vector().view().len(), script.model.vector.len());
            std::fs::write(
                path.with_extension("log"),
                Script::publish_next(&mut writer).unwrap().to_le_bytes(),
            )
            .unwrap();
        }
    }
    assert!(before > 10, "only {before} versions were published");
    for reader in readers {
        println!("{}", finish(reader).lines().find(|line| line.contains("compared")).unwrap());
    }
    drop(held);
    let mut writer = Writer::open(&path).unwrap();
    writer.collect().unwrap();
    let usage = writer.usage();
    println!("{before} versions; {usage:?}");
    // Nothing leaked: what is not free belongs to the newest version.
    assert_eq!(usage.retained, 0);
    writer.map().clear();
    writer.set().clear();
    writer.vector().clear();
    writer.publish().unwrap();
    writer.collect().unwrap();
    assert_eq!(writer.usage().live(), 64);
}

#[test]
fn killed_readers_give_their_memory_back() {
    if let Some(path) = task("HOLD") {
        let reader = Reader::attach(path).unwrap();
        let _held: Vec<Snapshot> = (0..40).map(|_| reader.latest().unwrap()).collect();
        println!("holding");
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        return;
    }
    let directory = directory();
    let path = directory.path().join("region");
    let mut writer = Writer::create(&path, &Options::new(64 << 20).readers(20)).unwrap();
    // More readers die than the region has room for.
    for round in 0..30_u64 {
        let entries: Vec<_> = (0..1000_u64).map(|key| (key.to_be_bytes(), round)).collect();
        writer.map().set_many(entries).unwrap();
        writer.publish().unwrap();
        let mut holder = child("killed_readers_give_their_memory_back", "HOLD", path.as_os_str());
        wait_for(&mut holder, "holding");
        let entries: Vec<_> = (0..1000_u64).map(|key| (key.to_be_bytes(), !round)).collect();
        writer.map().set_many(entries).unwrap();
        writer.publish().unwrap();
        writer.collect().unwrap();
        assert!(writer.usage().retained > 20_000, "{:?}", writer.usage());
        kill(holder);
        // The kernel may take a moment to unlock what the process had locked.
        for _ in 0..1000 {
            writer.collect().unwrap();
            if writer.usage().retained == 0 {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(writer.usage().retained, 0);
    }
    assert!(writer.usage().used < 400_000, "{:?}", writer.usage());
}

#[test]
fn a_new_writer_keeps_what_readers_hold() {
    if let Some(path) = task("PUBLISH") {
        return publish_for_ever(&path);
    }
    let directory = directory();
    let path = directory.path().join("region");
    std::fs::write(path.with_extension("log"), []).unwrap();
    let mut writer = Writer::create(&path, &Options::new(64 << 20)).unwrap();
    let reader = Reader::attach(&path).unwrap();
    let mut script = Script::new();
    let mut held = Vec::new();
    for number in 1..=300 {
        assert_eq!(Script::publish_next(&mut writer).unwrap(), number);
        script.advance(number);
        if number % 10 == 0 {
            held.push((script.model.clone(), reader.latest().unwrap()));
        }
    }
    drop(writer);
    for _ in 0..10 {
        let child = child("a_new_writer_keeps_what_readers_hold", "PUBLISH", path.as_os_str());
        thread::sleep(Duration::from_millis(30));
        kill(child);
        held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
    }
    assert!(reader.latest().unwrap().number() > 300);
}

#[test]
fn a_second_writer_is_refused() {
    if let Some(path) = task("REFUSED") {
        assert!(matches!(Writer::open(path), Err(Error::WriterExists)));
        return;
    }
    let directory = directory();
    let path = directory.path().join("region");
    let mut writer = Writer::create(&path, &Options::new(1 << 20)).unwrap();
    writer.map().set("key", 1u64).unwrap();
    writer.publish().unwrap();
    for _ in 0..10 {
        assert!(matches!(Writer::open(&path), Err(Error::WriterExists)));
        assert!(matches!(Writer::open_descriptor(&writer), Err(Error::WriterExists)));
        assert!(matches!(Writer::create(&path, &Options::new(1 << 20)), Err(Error::System { .. })));
    }
    finish(child("a_second_writer_is_refused", "REFUSED", path.as_os_str()));
    // The refused ones have changed nothing.
    writer.map().set("key", 2u64).unwrap();
    assert_eq!(writer.publish().unwrap(), 2);
    drop(writer);
    let writer = Writer::open(&path).unwrap();
    assert_eq!(writer.published(), 2);
}

#[test]
fn a_region_in_memory_is_passed_by_descriptor() {
    let versions = repeats("SHARED_COLLECTIONS_VERSIONS", 500) as u64;
    if let Some(number) = task("DESCRIPTOR") {
        let number = number.to_str().unwrap().parse().unwrap();
        // SAFETY: the parent passed this descriptor and left it open.
        let reader = Reader::attach_to(unsafe { BorrowedFd::borrow_raw(number) }).unwrap();
        println!("attached");
        let done = parent_is_done();
        let mut script = Script::new();
        while !done() {
            let snapshot = reader.latest().unwrap();
            script.advance(snapshot.number());
            script.model.compare(&snapshot);
        }
        let last = reader.latest().unwrap();
        assert_eq!(last.number(), versions);
        script.advance(versions);
        script.model.compare(&last);
        return;
    }
    let mut writer = Writer::create_in_memory("region", &Options::new(16 << 20)).unwrap();
    fcntl(writer.as_fd(), FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let descriptor = writer.as_fd().as_raw_fd().to_string();
    let mut children: Vec<Child> = (0..3)
        .map(|_| child("a_region_in_memory_is_passed_by_descriptor", "DESCRIPTOR", OsStr::new(&descriptor)))
        .collect();
    children.iter_mut().for_each(|child| wait_for(child, "attached"));
    for _ in 0..versions {
        Script::publish_next(&mut writer).unwrap();
    }
    children.into_iter().for_each(|child| drop(finish(child)));
    // No process can truncate it.
    assert!(nix::unistd::ftruncate(writer.as_fd(), 0).is_err());
}

#[test]
fn readers_in_threads_see_whole_versions_while_the_writer_publishes() {
    let mut writer = Writer::create_in_memory("region", &Options::new(64 << 20)).unwrap();
    let shared = writer.reader().unwrap();
    let versions = repeats("SHARED_COLLECTIONS_VERSIONS", 3_000) as u64;
    thread::scope(|scope| {
        for own in [true, false, true] {
            let shared = &shared;
            scope.spawn(move || {
                let again = shared.attach_again().unwrap();
                let reader = if own { &again } else { shared };
                let (mut script, mut held) = (Script::new(), Vec::new());
                while script.number < versions {
                    let snapshot = reader.latest().unwrap();
                    if snapshot.number() > 0 {
                        assert_eq!(snapshot.map().get("number"), Some(snapshot.number().into()));
                    }
                    if snapshot.number() % 50 == 0 || snapshot.number() >= versions {
                        script.advance(snapshot.number());
                        script.model.compare(&snapshot);
                        held.push((script.model.clone(), snapshot));
                    }
                    if held.len() > 30 {
                        let (model, snapshot) = held.remove(0);
                        model.compare(&snapshot);
                    }
                }
                held.iter().for_each(|(model, snapshot)| model.compare(snapshot));
            });
        }
        for _ in 0..versions {
            Script::publish_next(&mut writer).unwrap();
        }
    });
}

//! Traces of operations: recorded from applications, and replayed on every contender.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use rand::RngExt;
use recorder::{Kind, Map, Maps, RecordedMap, RecordedVector, Recorder, Vector, Vectors};
use reports::record::Record;
use scenarios::input::{Rng, mix, rng};
use scenarios::{Bottleneck, persistent_map, persistent_vector, small_map};

/// A writer whose bytes can be looked at.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `application` does, as a trace.
fn recorded<K: Kind>(application: impl FnOnce(&Recorder<K>)) -> Vec<u8> {
    let page = Page::default();
    let recorder = Recorder::<K>::new(page.clone());
    application(&recorder);
    recorder.finish().unwrap();
    std::mem::take(&mut *page.0.lock().unwrap())
}

/// How many operations the traces of the tests have. `LAB_OPERATIONS` asks for more, for example 1000000.
fn operations(usual: usize) -> usize {
    std::env::var("LAB_OPERATIONS").map_or(usual, |count| count.parse().unwrap())
}

/// An application with a map of so many keys and an undo history.
fn maps<M: Map<Key = String, Value = u64> + Default + PartialEq>(
    recorder: &Recorder<Maps>,
    count: usize,
    keys: u32,
) {
    let mut rng: Rng = rng("maps", keys as usize);
    let mut map = RecordedMap::new(M::default(), recorder);
    let mut history = vec![map.clone()];
    for step in 0..count {
        let key = format!("key {}", rng.random_range(0..keys));
        match rng.random_range(0..100) {
            0..50 => drop(map.get(&key).copied()),
            50..55 => drop(map.contains_key(&key)),
            55..80 => drop(map.insert(key, step as u64 % 1000)),
            80..98 => drop(map.remove(&key)),
            _ => drop(map.len()),
        }
        if step % 1000 == 0 {
            let before = &history[rng.random_range(0..history.len())];
            let is_same = map == *before;
            assert_eq!(is_same, map.inner() == before.inner());
            let next = map.union(before);
            assert!(next.iter().count() >= before.inner().len());
            history.push(map.clone());
            if step % 3000 == 0 {
                map = next;
            }
            if history.len() > 10 {
                history.remove(0);
            }
        }
    }
    // The history stays alive to the end of the trace.
    recorder.finish().unwrap();
}

/// An application with a list of up to so many elements and an undo history. It may also take lists apart and join them.
fn vectors<V: Vector<Item = u64> + Default>(
    recorder: &Recorder<Vectors>,
    count: usize,
    most: usize,
    joins: bool,
) {
    let mut rng: Rng = rng("vectors", most);
    let mut vector = RecordedVector::new(V::default(), recorder);
    let mut history = vec![vector.clone()];
    for step in 0..count {
        let index = rng.random_range(0..vector.inner().len() + 1);
        match rng.random_range(0..100) {
            0..40 => drop(vector.get(index).copied()),
            40..65 if vector.inner().len() < most => vector.push_back(step as u64 % 1000),
            65..80 => drop(vector.pop_back()),
            80..98 => drop(vector.set(index, mix(step as u64) % 1000)),
            _ => drop(vector.len()),
        }
        if step % 1000 == 0 {
            let before = &history[rng.random_range(0..history.len())];
            let next = if joins {
                let half = before.inner().len() / 2;
                let part = before.slice(half / 2..half).unwrap();
                let next = part.concat(&vector);
                assert_eq!(next.inner().len(), part.inner().len() + vector.inner().len());
                next
            } else {
                before.clone()
            };
            assert_eq!(next.iter().count(), next.inner().len());
            history.push(vector.clone());
            if step % 3000 == 0 && next.inner().len() < most {
                vector = next;
            }
            if history.len() > 10 {
                history.remove(0);
            }
        }
    }
    recorder.finish().unwrap();
}

/// Replays a trace on every contender of a bottleneck, beside the oracle. It may be one that shows a fault which a published
/// crate is known to have.
fn replay_everywhere(bottleneck: &Bottleneck, trace: Vec<u8>, least: usize, excuses_known_failures: bool) {
    let own = bottleneck.own_inputs.iter().find(|own| own.name == "operations").unwrap();
    let trace: &'static [u8] = trace.leak();
    assert_eq!((own.check)(trace), Ok(()), "{}", bottleneck.name);
    let size = own.size.unwrap()(trace);
    let mut replayed = 0;
    for contender in lab::roster::roster() {
        if contender.bottleneck.name != bottleneck.name {
            continue;
        }
        let mut case = contender.case("own_operations", size, Some(trace));
        assert!(case.ops() as usize >= least, "{} operations", case.ops());
        replayed += 1;
        let outcome = case.compare();
        if let Err(difference) = &outcome
            && excuses_known_failures
            && !contender.about.known_failures.is_empty()
        {
            // libtest would swallow a `println!`.
            let _ = writeln!(io::stderr(), "{contender:?} fails as its badge says: {}", difference.message);
            assert!(difference.message.starts_with("line "), "{difference:?}");
            continue;
        }
        assert_eq!(outcome, Ok(()), "{contender:?}");
        case.arm();
        case.run();
        assert_eq!(case.digest(), case.expected(), "{contender:?}");
    }
    let all = lab::roster::roster().iter().filter(|other| other.bottleneck.name == bottleneck.name).count();
    assert_eq!(replayed, all);
    assert!(replayed > 5, "{} has few contenders", bottleneck.name);
}

#[test]
fn recorded_maps_are_replayed_by_every_contender() {
    let count = operations(30_000);
    let of_std = recorded(|recorder| maps::<HashMap<String, u64>>(recorder, count, 1000));
    // What is recorded does not depend on the map that is wrapped.
    let of_im = recorded(|recorder| maps::<im::HashMap<String, u64>>(recorder, count, 1000));
    let of_imbl = recorded(|recorder| maps::<imbl::HashMap<String, u64>>(recorder, count, 1000));
    let of_ours =
        recorded(|recorder| maps::<persistent_collections::HashMap<String, u64>>(recorder, count, 1000));
    assert!(of_std == of_im && of_std == of_imbl && of_std == of_ours);
    replay_everywhere(&persistent_map::BOTTLENECK, of_std, count, false);
}

#[test]
fn recorded_small_maps_are_replayed_by_every_contender() {
    let count = operations(20_000);
    let trace = recorded(|recorder| maps::<HashMap<String, u64>>(recorder, count, 40));
    replay_everywhere(&small_map::BOTTLENECK, trace, count, false);
}

#[test]
fn recorded_vectors_are_replayed_by_every_contender() {
    let count = operations(30_000);
    for joins in [false, true] {
        let of_std = recorded(|recorder| vectors::<Vec<u64>>(recorder, count, 2000, joins));
        let of_im = recorded(|recorder| vectors::<im::Vector<u64>>(recorder, count, 2000, joins));
        let of_imbl = recorded(|recorder| vectors::<imbl::Vector<u64>>(recorder, count, 2000, joins));
        let of_ours =
            recorded(|recorder| vectors::<persistent_collections::Vector<u64>>(recorder, count, 2000, joins));
        assert!(of_std == of_im && of_std == of_imbl && of_std == of_ours);
        // pvec panics in some joins, as its badge says.
        replay_everywhere(&persistent_vector::BOTTLENECK, of_std, count, joins);
    }
}

fn lab(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("--root").arg(root).args(arguments).current_dir(root);
    command.output().unwrap()
}

#[test]
fn a_trace_is_measured_in_one_cell_for_each_contender() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let trace = recorded(|recorder| maps::<HashMap<String, u64>>(recorder, 2000, 50));
    std::fs::write(root.join("app.ops"), &trace).unwrap();
    let operations = String::from_utf8(trace).unwrap().lines().count() as u64 - 1;
    for (bottleneck, reference) in [("persistent_map", "imbl"), ("small_map", "imbl")] {
        let output = format!("out-{bottleneck}");
        let arguments = ["--meter", "allocations", "--no-report", "--output", &output];
        let ran = lab(root, &[&["run", bottleneck, "--input", "app.ops"][..], &arguments].concat());
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let record: Record = reports::io::read_record(&root.join(output).join("record.json")).unwrap();
        let contenders = lab::roster::roster();
        let all = contenders.iter().filter(|contender| contender.bottleneck.name == bottleneck).count();
        assert_eq!((record.cells.len(), record.failures.len()), (all, 0));
        let size = record.cells[0].name.size;
        assert!((30..=50).contains(&size), "{size}");
        for cell in &record.cells {
            assert_eq!(
                (&*cell.name.scenario, cell.ops, cell.name.size),
                ("own_operations", operations, size)
            );
            assert_eq!(cell.digest, record.cells[0].digest);
        }
        assert!(record.cells.iter().any(|cell| cell.name.contender == reference));
    }
}

#[test]
fn a_faulty_trace_is_refused_in_one_line() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let cases: [(&str, &[u8], &[&str]); 12] = [
        ("persistent_vector", b"# nothing\n", &["it has no operation"]),
        ("persistent_vector", b"psuh_back 0 a", &["no operation `psuh_back`; did you mean `push_back`?"]),
        ("persistent_map", b"get 1 a\n", &["line 1: there is no version 1 here"]),
        ("persistent_map", b"insert 0 a 1\nclone 0 0", &["line 2: version 0 exists already"]),
        (
            "persistent_map",
            b"insert 0 a 1\ninsert 0 b",
            &["line 2: too few words: expected `insert VERSION KEY VALUE`"],
        ),
        (
            "persistent_map",
            b"insert 0 a b\ninsert 0 b c\ninster 0 a b",
            &["line 3: no operation `inster`; did you mean `insert`?"],
        ),
        ("persistent_map", b"len 18446744073709551616", &["line 1: 18446744073709551616 is too large"]),
        ("persistent_map", b"len 0\nget 0 \xff\xfe", &["line 2", "not UTF-8"]),
        ("small_map", b"get 0 \"a", &["line 1: the quote of `\"a` does not end", "small_map expects"]),
        (
            "small_map",
            b"# bottleneck-lab operations 1 persistent_vector\nlen 0",
            &["line 1: the trace is of persistent_vector"],
        ),
        ("persistent_vector", b"slice 0 0 1 1", &["line 1: 0..1 does not lie within version 0"]),
        (
            "persistent_vector",
            b"insert 0 a 1",
            &["line 1: no operation `insert`", "persistent_vector expects a trace of operations"],
        ),
    ];
    for (bottleneck, trace, parts) in cases {
        std::fs::write(root.join("app.ops"), trace).unwrap();
        let refused = lab(root, &["run", bottleneck, "--input", "app.ops"]);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{trace:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{trace:?}: {text}");
        for part in parts.iter().chain(&["--input", "app.ops", "docs/operations.md"]) {
            assert!(text.contains(part), "{trace:?}: `{part}` is not in {text}");
        }
    }
    assert!(!root.join("target").exists(), "nothing was made");
    std::fs::write(root.join("app.ops"), "len 0").unwrap();
    let refused = lab(root, &["run", "persistent_map", "--input", "app.ops", "--size", "7"]);
    let text = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("this input has one size"), "{text}");
}

/// A map takes keys as well: what is meant to be a trace is not taken for keys because it has a fault, nor are keys for a
/// trace because they look a little like one.
#[test]
fn traces_and_keys_are_told_apart() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let keys: [(&str, &[&str]); 8] = [
        ("insert\nremove\nget\n", &[]),
        ("insert 0\na\nb\n", &[]),
        ("insert a\nget b\n", &[]),
        ("# a comment\n", &[]),
        ("user 12\nuser 13\n", &[]),
        ("0 insert a\n1 get b\n", &[]),
        ("insert 0 a 1\nget 0 a\n", &["--format", "lines"]),
        ("get 7 a\n", &["--format", "lines"]),
    ];
    for (at, (text, more)) in keys.iter().enumerate() {
        let [file, output] = ["file", "out"].map(|what| format!("{what}-{at}"));
        std::fs::write(root.join(&file), text).unwrap();
        let arguments = [
            "run",
            "persistent_map/own_get_hit",
            "--contender",
            "imbl",
            "--input",
            &file,
            "--output",
            &output,
        ];
        let cheap = ["--meter", "allocations", "--no-report"];
        let ran = lab(root, &[&arguments[..], &cheap, more].concat());
        assert!(ran.status.success(), "{text:?}: {}", String::from_utf8_lossy(&ran.stderr));
        let record: Record = reports::io::read_record(&root.join(output).join("record.json")).unwrap();
        assert_eq!(record.input.unwrap().kind, "keys", "{text:?}");
        // Who pastes the command measures the same.
        assert_eq!(record.command.contains("--format lines"), !more.is_empty(), "{}", record.command);
    }
    for text in
        ["get 7 a\n", "insert 0 a 1\nlen 0\ngte 0 a\n", "\u{feff}insert 0 a 1\r\nget 9 a\r\n", "insert 0 a\n"]
    {
        std::fs::write(root.join("app.ops"), text).unwrap();
        let refused = lab(root, &["run", "persistent_map", "--input", "app.ops"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{text:?}: {said}");
        assert!(said.contains("line ") && said.contains("docs/operations.md"), "{text:?}: {said}");
    }
}

//! Scenarios of several threads and processes, with processes that are really there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use reports::record::Record;
use scenarios::Capability;
use scenarios::shared::{Place, Writer};

fn lab(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("--root").arg(root).args(arguments).current_dir(root).output().unwrap()
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

/// The regions that other processes find by a path, of processes that live no more.
fn left_behind() -> Vec<String> {
    let entries = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_orphan = |name: &String| {
        let owner = name.strip_prefix("bottleneck-lab-").and_then(|rest| rest.split('-').next());
        owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists())
    };
    names.filter(is_orphan).collect()
}

#[test]
fn every_contender_takes_part_in_the_trials_that_it_can() {
    let root = tempfile::tempdir().unwrap();
    let arguments = [
        "run",
        "shared_map",
        "--meter",
        "concurrency",
        "--size",
        "8",
        "--profile",
        "quick",
        "--output",
        "run",
    ];
    let output = lab(root.path(), &arguments);
    assert!(output.status.success(), "{}", told(&output));
    let json = fs::read_to_string(root.path().join("run/record.json")).unwrap();
    let record: Record = serde_json::from_str(&json).unwrap();
    assert!(record.cells.is_empty() && record.failures.is_empty(), "{}", told(&output));

    let mut tried = 0;
    for contender in lab::roster::roster() {
        for scenario in contender.bottleneck.concurrent {
            let found = record.trials.iter().find(|trial| {
                trial.name.bottleneck == contender.bottleneck.name
                    && trial.name.scenario == scenario.name
                    && trial.name.contender == contender.about.name
            });
            let can = contender.about.can(scenario.requires);
            assert_eq!(found.is_some(), can, "{contender:?} in {}", scenario.name);
            let Some(trial) = found else { continue };
            tried += 1;
            assert!(!trial.figures.is_empty(), "{}", trial.name);
            for figure in &trial.figures {
                let found = figure.found;
                assert!(
                    0.0 < found.low && found.low <= found.median && found.median <= found.high,
                    "{}: {figure:?}",
                    trial.name
                );
            }
        }
    }
    assert_eq!(tried, record.trials.len());
    // The threads of one process alone cannot attach.
    let attached = record.trials.iter().filter(|trial| trial.name.scenario == "attach");
    assert!(attached.clone().count() >= 3);
    let roster = lab::roster::roster();
    for trial in attached {
        let contender = roster.iter().find(|contender| {
            contender.bottleneck.name == "shared_map" && contender.about.name == trial.name.contender
        });
        assert!(contender.unwrap().about.can(&[Capability::Processes]));
    }
    assert_eq!(left_behind(), [] as [String; 0]);

    let page = fs::read_to_string(root.path().join("run/report/shared_map.html")).unwrap();
    for text in ["id=\"attach\"", "data-trials=\"visible_processes\"", "gets per µs, 1 reader, busy writer"]
    {
        assert!(page.contains(text), "the report lacks {text}");
    }
    assert!(told(&output).contains("Shared map: attach at size 8"), "{}", told(&output));
}

#[test]
fn meters_and_scenarios_that_do_not_go_together_are_named() {
    let root = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str); 3] = [
        (&["run", "shared_map/attach", "--meter", "time"], "is measured by the meter `concurrency`"),
        (&["run", "shared_map/get_hit", "--meter", "concurrency"], "is measured by another meter"),
        (&["explain", "shared_map/attach/1000/lmdb"], "is about threads or processes"),
    ];
    for (arguments, message) in cases {
        let output = lab(root.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(told(&output).contains(message), "{arguments:?}: {}", told(&output));
    }
    assert!(!root.path().join("target").exists(), "nothing is left behind");
}

/// Whoever starts the program as a part by mistake gets a line, and not a process that waits for ever.
#[test]
fn a_part_without_its_trial_ends() {
    for words in [&["__part"][..], &["__part", "shared_map/nobody"], &["__part", "shared_map/rkyv", "attach"]]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_lab")).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert_eq!(told(&output).lines().count(), 1, "{words:?}: {}", told(&output));
    }
    let absent = ["__part", "shared_map/shared_collections", "read", "/nowhere/region", "8", "100"];
    let output = Command::new(env!("CARGO_BIN_EXE_lab")).args(absent).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("attach failed: "), "{}", told(&output));
}

/// A trial that is killed cannot tell its parts to end, and one that waits for a version would wait for ever.
#[test]
fn a_part_ends_with_its_trial() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("region");
    let _writer = shared_map_shared_collections::Writer::create(Place::At(&path), 1 << 20).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.args(["__part", "shared_map/shared_collections", "watch"]).arg(&path);
    let mut part = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(part.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    assert!(part.try_wait().unwrap().is_none(), "it waits for a version");

    drop(part.stdin.take());
    let begun = Instant::now();
    while part.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it outlives its trial");
        std::thread::sleep(Duration::from_millis(10));
    }
}

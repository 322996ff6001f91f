//! The commands that a run, its record and its report show: pasted into a shell, they are what was meant.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use reports::record::Record;

use crate::common::{Lab, Outcome, QUICK};

/// The commands on the pages of a report that start this lab, as a reader copies them.
fn commands(report: &Path) -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for page in fs::read_dir(report).unwrap() {
        let text = fs::read_to_string(page.unwrap().path()).unwrap();
        for code in text.split("<code>").skip(1) {
            let code = code.split("</code>").next().unwrap();
            let pairs = [
                ("&#39;", "'"),
                ("&#x27;", "'"),
                ("&lt;", "<"),
                ("&gt;", ">"),
                ("&quot;", "\""),
                ("&#34;", "\""),
            ];
            let plain =
                pairs.iter().fold(code.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
            let plain =
                plain.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&").replace("&amp;", "&");
            if plain.contains(" run") || plain.contains(" explain ") {
                commands.insert(plain);
            }
        }
    }
    commands
}

/// Runs a command in a shell in which this script is the lab.
fn paste(lab: &Lab, command: &str, script: &str) -> Outcome {
    let bin = lab.root().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = bin.join("out-of-tree");
    fs::write(&program, format!("#!/bin/bash\n{script}\n")).unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-c", command]).env("PATH", path).current_dir(lab.root());
    Outcome::of(command, shell)
}

/// The words that a shell gives the lab.
fn words(lab: &Lab, command: &str) -> Vec<String> {
    let outcome = paste(lab, command, r#"printf '%s\n' "$@""#).ends_with(0);
    outcome.out.lines().map(str::to_owned).collect()
}

/// Runs a command for real.
fn really(lab: &Lab, command: &str) -> Outcome {
    let (program, root) = (lab.program(), lab.root().display());
    paste(lab, command, &format!("exec '{program}' --root '{root}' \"$@\""))
}

fn cells(record: &Record) -> Vec<String> {
    record.cells.iter().map(|cell| cell.name.to_string()).collect()
}

#[test]
fn the_command_of_a_record_measures_the_same_cells() {
    let cheap = "--meter allocations --no-report";
    for selection in [
        "persistent_vector/slice/8",
        "persistent_vector/sl*/8/*",
        "persistent_vector/slice/8/im?? persistent_vector/concat/8",
        "**/slice/8/{imbl,arc_deque}",
        "persistent_vector/[s]lice/8/imbl",
        "persistent_vector/slice/1234/imbl",
        "--scenario slice,concat --size 8,100 --role peer,naive",
        "--contender imbl --size 8 --profile quick",
        "--bottleneck persistent_vector --scenario slice --profile quick",
        "--scenario slice --size 8,100 --shard 2/2",
    ] {
        let lab = Lab::out_of_tree();
        lab.run(&format!("run {selection} {cheap}")).ends_with(0);
        let record = lab.latest();
        assert!(record.command.starts_with("out-of-tree run "), "{}", record.command);
        fs::remove_dir_all(lab.runs()).unwrap();
        really(&lab, &format!("{} --no-report", record.command)).ends_with(0);
        let again = lab.latest();
        assert_eq!((cells(&again), &again.command), (cells(&record), &record.command), "{selection}");
    }
}

#[test]
fn the_commands_of_a_report_are_read_as_they_are_meant() {
    let lab = Lab::out_of_tree();
    let run = "run persistent_vector/sl*/8/* **/concat/8/imbl --meter allocations --profile quick";
    lab.run(run).ends_with(0);
    let [first, second] = ["1/2", "2/2"].map(|shard| {
        let output = lab.root().join(shard.replace('/', "-"));
        lab.run(&format!(
            "{} --shard {shard} --output {}",
            QUICK.replacen("--", "run --", 1),
            output.display()
        ))
        .ends_with(0);
        output.join("record.json").display().to_string()
    });
    let [merged, half] = ["merged", "half"].map(|name| lab.root().join(name));
    lab.run(&format!("merge --output {} {first} {second}", merged.display())).ends_with(0);
    let outcome = lab.run(&format!("merge --output {} {first}", half.display())).ends_with(0);
    assert!(
        outcome.err.contains("note: the run has more shards, which are not there: 2/2"),
        "{}",
        outcome.all()
    );

    let quick = "run --scenario get_random,slice --size 8,100 --profile default --meter allocations";
    let globs = "run persistent_vector/sl*/8/* **/concat/8/imbl --profile quick --meter allocations";
    let shard = format!("{quick} --shard 1/2");
    for (report, expected) in [
        (lab.runs().join("latest/report"), [globs, globs]),
        (merged.join("report"), [quick, quick]),
        (half.join("report"), [shard.as_str(), quick]),
    ] {
        let found = commands(&report);
        let runs: BTreeSet<String> = found
            .iter()
            .map(|command| words(&lab, command).join(" "))
            .filter(|it| it.starts_with("run"))
            // The page of a scenario measures that scenario alone.
            .map(|it| {
                ["concat", "slice"].iter().fold(it, |it, name| it.replace(&format!(" --scenario {name}"), ""))
            })
            .collect();
        assert_eq!(runs, expected.map(str::to_owned).into(), "{}", report.display());
        let explained = found.iter().filter(|command| command.contains(" explain "));
        let explained: Vec<Vec<String>> = explained.map(|command| words(&lab, command)).collect();
        assert!(!explained.is_empty());
        for command in explained {
            let [explain, cell] = &command[..] else { panic!("{command:?}") };
            assert_eq!(explain, "explain");
            let name: reports::CellName = cell.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(name.bottleneck, "persistent_vector");
        }
    }
}

#[test]
fn the_commands_of_messages_name_this_lab() {
    let lab = Lab::out_of_tree();
    for (arguments, command) in [
        ("diff one.json", "`out-of-tree diff BEFORE AFTER`"),
        ("run **/imbl/slice", "`out-of-tree list --cells`"),
        ("run --input none", "--input none"),
        ("run --resume", "no unfinished run"),
    ] {
        lab.run(arguments).complains(2, &[command]);
    }
}

//! What stands in a meter's way turns off that meter alone, and says why: a broken Valgrind, a coarse clock, strange paths.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use reports::Meter;
use reports::record::Record;
use tempfile::TempDir;

use crate::common::{Lab, Outcome, contents, has_valgrind, read_record, skipped};

const RUN: &str = "run persistent_vector/slice/8/imbl --profile quick --no-report";

/// Which meters measured every cell.
fn meters(record: &Record) -> Vec<Meter> {
    assert!(!record.cells.is_empty());
    let all = |meter: &Meter| record.cells.iter().all(|cell| cell.measured.has(*meter));
    Meter::OF_REGIONS.into_iter().filter(all).collect()
}

/// A directory with a `valgrind` that knows its version and otherwise does what the script says.
fn with_valgrind(script: &str) -> TempDir {
    let bin = TempDir::new().unwrap();
    let program = bin.path().join("valgrind");
    let text = format!("#!/bin/sh\n[ \"$1\" != --version ] || {{ echo valgrind-3.19.0; exit; }}\n{script}\n");
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

/// A broken Valgrind: what it does, and what is said of it.
const BROKEN: [(&str, &[&str]); 10] = [
    (
        "echo \"valgrind: failed to start tool 'callgrind' for platform 'amd64-linux': No such file or directory\" >&2; exit 1",
        &["failed to start tool 'callgrind'", "lacks Callgrind", "`valgrind`"],
    ),
    (
        "printf '\\nvalgrind:  Fatal error at startup: a function redirection\\nvalgrind:  install glibc debuginfo\\n' >&2; exit 1",
        &["a function redirection", "symbols of the C library", "libc6-dbg"],
    ),
    ("echo 'valgrind: could not find libc6-dbg' >&2; exit 1", &["libc6-dbg"]),
    ("exit 1", &["does not run here"]),
    ("exit 127", &["does not run here"]),
    ("kill -ILL $$", &["does not run here"]),
    ("kill -SEGV $$", &["does not run here"]),
    ("exit 0", &["does not run here"]),
    ("echo 'no answer'; exec cat >/dev/null", &["does not run here", "no answer", "again"]),
    ("echo 'disk full' >&2; exit 1", &["(disk full)", "again"]),
];

#[test]
fn a_broken_valgrind_turns_off_one_meter() {
    for (script, words) in BROKEN {
        let lab = Lab::out_of_tree();
        let bin = with_valgrind(script);
        let path = format!("{}:/usr/bin:/bin", bin.path().display());
        let run = |arguments: &str| {
            let mut command = lab.command(arguments);
            command.env("PATH", &path);
            Outcome::of(&format!("{arguments} ({script})"), command)
        };
        let outcome = run(RUN);
        // A Valgrind that says nonsense is found out by the first word of it.
        let outcome = outcome.ends_with(0);
        let notes: Vec<&str> =
            outcome.err.lines().filter(|line| line.starts_with("note: Valgrind")).collect();
        assert_eq!(notes.len(), 1, "{}", outcome.all());
        for word in words.iter().filter(|word| **word != "no answer") {
            assert!(notes[0].contains(word), "`{word}` is not in {}", notes[0]);
        }
        assert!(notes[0].contains("every other meter works"), "{}", notes[0]);
        assert_eq!(meters(&lab.latest()), [Meter::Allocations, Meter::Time], "{script}");
        let before = contents(lab.root());
        run(&format!("{RUN} --meter instructions"))
            .complains(1, &["nothing can be measured here", "does not run here"]);
        run("explain persistent_vector/slice/8/imbl").complains(1, &["does not run here"]);
        assert!(contents(lab.root()) == before, "nothing is left behind");
    }
}

#[test]
fn without_any_meter_nothing_is_measured_and_nothing_is_made() {
    let lab = Lab::out_of_tree();
    lab.run_without_valgrind(&format!("{RUN} --meter instructions"))
        .complains(1, &["nothing can be measured here", "apt-get install valgrind"]);
    assert!(!lab.runs().exists());
    // A stranger may have built one of the two programs alone.
    let bin = TempDir::new_in(Path::new(lab.program()).parent().unwrap()).unwrap();
    let alone = bin.path().join("alone");
    fs::hard_link(lab.program(), &alone).unwrap();
    let run = |arguments: &str, path: &str| {
        let mut command = Command::new(&alone);
        command.arg("--root").arg(lab.root()).args(arguments.split_whitespace()).env("PATH", path);
        Outcome::of(arguments, command)
    };
    let allocations = format!("{RUN} --meter allocations");
    run(&allocations, "/usr/bin:/bin")
        .complains(1, &["nothing can be measured here", "alone-allocations is not built"]);
    run("self-test persistent_vector/slice/8/imbl", "")
        .complains(1, &["nothing can be compared", "is not built"]);
    assert!(!lab.runs().exists());
}

/// A library that makes the clock advance in steps of 4 ms, as one that counts ticks does; none without a C compiler.
fn coarse_clock(directory: &Path) -> Option<PathBuf> {
    let source = directory.join("clock.c");
    let library = directory.join("clock.so");
    let text = "#define _GNU_SOURCE\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
                int clock_gettime(clockid_t id, struct timespec *time) {\n\
                    int failed = syscall(SYS_clock_gettime, id, time);\n\
                    time->tv_nsec -= time->tv_nsec % 4000000;\n\
                    return failed;\n\
                }\n";
    fs::write(&source, text).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
    let compiled = compiler.output().is_ok_and(|output| output.status.success());
    if !compiled {
        skipped("no C compiler, which a coarse clock is made with");
    }
    compiled.then_some(library)
}

#[test]
fn a_coarse_clock_turns_off_the_time_meter() {
    let lab = Lab::out_of_tree();
    let home = TempDir::new().unwrap();
    let Some(library) = coarse_clock(home.path()) else { return };
    let run = |arguments: &str| {
        let mut command = lab.command(arguments);
        command.env("LD_PRELOAD", &library);
        Outcome::of(arguments, command)
    };
    let outcome = run(&format!("{RUN} --meter allocations,time")).ends_with(0);
    let notes: Vec<&str> = outcome.err.lines().filter(|line| line.starts_with("note: the clock")).collect();
    assert_eq!(notes.len(), 1, "{}", outcome.all());
    assert!(notes[0].contains("advances in steps of ") && notes[0].contains("clocksource"), "{}", notes[0]);
    assert!(!outcome.err.contains("disk"), "{}", outcome.all());
    assert_eq!(meters(&lab.latest()), [Meter::Allocations]);
    run(&format!("{RUN} --meter time"))
        .complains(1, &["nothing can be measured here", "the clock advances in steps"]);
    run("calibrate persistent_vector/slice/8/imbl").complains(1, &["nothing can be timed here", "the clock"]);
    run("diff --paired HEAD persistent_vector/slice/8")
        .complains(1, &["nothing can be timed here", "the clock"]);
}

/// Names that a directory may have.
fn strange_names() -> Vec<OsString> {
    let texts = [
        "two words",
        "100%",
        "%p",
        "%q{HOME}%n",
        "it's",
        "\"quoted\"",
        "a\nb",
        "$HOME",
        "a*b?[c]",
        "größe",
        "a;b&c|d",
        "back\\slash",
        "-dash",
        "~",
        "#",
        "a,b",
        "{a}",
        "\ttab",
    ];
    let bytes = OsString::from_vec(b"\xff\xfe".to_vec());
    texts.into_iter().map(OsString::from).chain([bytes]).collect()
}

#[test]
fn a_project_may_lie_anywhere() {
    let home = TempDir::new().unwrap();
    let lab = Lab::out_of_tree();
    let arguments = "run persistent_vector/slice/8/imbl --profile quick --meter allocations";
    for name in strange_names() {
        let root = home.path().join(&name);
        fs::create_dir(&root).unwrap();
        let run = |arguments: &str| {
            let mut command = Command::new(lab.program());
            command.arg("--root").arg(&root).args(arguments.split_whitespace()).env("TMPDIR", &root);
            Outcome::of(&format!("{arguments} in {name:?}"), command)
        };
        run(arguments).ends_with(0);
        let record = read_record(&root.join("target/lab/latest/record.json"));
        assert_eq!(meters(&record), [Meter::Allocations], "{name:?}");
        assert!(root.join("target/lab/latest/report/index.html").exists(), "{name:?}");
        run("report").ends_with(0);
        run("report --markdown").ends_with(0);
        run("check persistent_vector/slice/8/imbl").complains(if has_valgrind() { 2 } else { 4 }, &[]);
    }
}

#[test]
fn profiles_may_lie_anywhere() {
    if !has_valgrind() {
        return;
    }
    let home = TempDir::new().unwrap();
    let arguments = format!("{RUN} --meter instructions --fresh");
    let mut found = Vec::new();
    // Callgrind takes its time to start.
    for name in ["two words", "100%", "%p", "%q{HOME}%n", "it's", "\"", "a\nb", "größe", "%%", "~"] {
        let temporary = home.path().join(name);
        fs::create_dir(&temporary).unwrap();
        let lab = Lab::out_of_tree();
        let mut command = lab.command(&arguments);
        command.env("TMPDIR", &temporary);
        Outcome::of(&format!("{arguments} in {name:?}"), command).ends_with(0);
        found.push(lab.latest().cells[0].measured.instructions.unwrap());
        assert!(contents(&temporary).is_empty(), "nothing is left in {name:?}");
    }
    assert!(found.iter().all(|count| *count == found[0]), "{found:?}");
}

#[test]
fn a_program_may_lie_almost_anywhere() {
    let lab = Lab::out_of_tree();
    let programs = Path::new(lab.program()).parent().unwrap();
    let home = TempDir::new_in(programs).unwrap();
    let allocations = programs.join("out-of-tree-allocations");
    // The first ones, which mean something to Callgrind or to a shell, and the last one, which is no text.
    let names = strange_names();
    for name in names[..9].iter().chain(names.last()) {
        let bin = home.path().join(name);
        fs::create_dir(&bin).unwrap();
        fs::hard_link(lab.program(), bin.join("my lab")).unwrap();
        fs::hard_link(&allocations, bin.join("my lab-allocations")).unwrap();
        let mut command = Command::new(bin.join("my lab"));
        command.arg("--root").arg(lab.root()).args(RUN.split_whitespace());
        command.args(["--meter", "allocations,instructions", "--fresh"]);
        let outcome = Outcome::of(&format!("{name:?}"), command).ends_with(0);
        let record = lab.latest();
        assert!(record.command.starts_with("'my lab' run "), "{}", record.command);
        let bytes = name.as_bytes();
        if !has_valgrind() {
            continue;
        }
        if bytes.contains(&b'\n') || std::str::from_utf8(bytes).is_err() {
            assert_eq!(meters(&record), [Meter::Allocations], "{}", outcome.all());
            assert!(outcome.err.contains("every other meter works"), "{}", outcome.all());
        } else {
            assert_eq!(meters(&record), [Meter::Allocations, Meter::Instructions], "{}", outcome.all());
        }
    }
}

#[test]
fn what_is_no_text_is_refused_where_text_is_needed() {
    let lab = Lab::out_of_tree();
    let strange = OsStr::from_bytes(b"no\xfftext");
    let cases: [&[&str]; 10] = [
        &[],
        &["run"],
        &["list"],
        &["verify"],
        &["check", "--against"],
        &["explain"],
        &["diff", "one.json"],
        &["run", "--contender"],
        &["run", "--meter"],
        &["run", "--shard"],
    ];
    for before in cases {
        let mut command = Command::new(lab.program());
        command.arg("--root").arg(lab.root()).args(before).arg(strange);
        let outcome = Outcome::of(&format!("{before:?}"), command).ends_with(2);
        assert!(!outcome.err.contains("panicked") && !outcome.err.contains("defect"), "{}", outcome.all());
        // As the first word of all.
        let mut command = Command::new(lab.program());
        command.arg(strange).args(before);
        Outcome::of(&format!("{before:?}"), command).ends_with(2);
    }
    // A file that is not there is one, whatever its name is.
    for before in [&["report"][..], &["merge", "--output", "merged"], &["run", "--resume"]] {
        let mut command = Command::new(lab.program());
        command.arg("--root").arg(lab.root()).args(before).arg(strange).current_dir(lab.root());
        Outcome::of(&format!("{before:?}"), command).complains(2, &["no\u{fffd}text"]);
    }
    assert!(contents(lab.root()).is_empty() && !lab.root().join("target").exists(), "nothing was made");
}

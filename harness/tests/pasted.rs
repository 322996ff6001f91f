//! The commands of runs on a user's own file, pasted into a shell: they go through the README's door, `scripts/just lab`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use reports::record::Record;

/// The lab's program in a project whose door calls it.
fn project() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("scripts")).unwrap();
    door(root.path(), "exec \"$LAB\" --root \"$PWD\" \"${@:2}\"");
    root
}

/// Lets the door do something with its arguments, of which the first is the recipe.
fn door(root: &Path, script: &str) {
    let door = root.join("scripts/just");
    fs::write(&door, format!("#!/bin/bash\nset -eu\n[ \"$1\" = lab ]\n{script}\n")).unwrap();
    fs::set_permissions(&door, fs::Permissions::from_mode(0o755)).unwrap();
}

fn lab(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("--root").arg(root).args(arguments).current_dir(root);
    command.output().unwrap()
}

/// Pastes a command into a shell in the project's directory.
fn paste(root: &Path, command: &str) -> Output {
    let mut shell = Command::new("bash");
    shell.args(["-c", command]).env("LAB", env!("CARGO_BIN_EXE_lab")).current_dir(root);
    shell.output().unwrap()
}

#[track_caller]
fn fine(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn latest(root: &Path) -> Record {
    reports::io::read_record(&root.join("target/lab/latest/record.json")).unwrap()
}

const NAMES: [&str; 14] = [
    "trace",
    "my trace",
    "it's",
    "\"quoted\"",
    "$HOME",
    "$(touch made)",
    "a*b",
    "-x",
    "--input",
    "100%",
    "a;b&c",
    "größe",
    "a\nb",
    "back\\slash",
];

#[test]
fn a_file_of_any_name_is_measured_again_by_what_is_pasted() {
    let root = project();
    let root = root.path();
    for name in NAMES {
        fs::write(root.join(name), "a\nb\na\nc\n".repeat(50)).unwrap();
        let file = format!("./{name}");
        let select = ["run", "lru_cache", "--contender", "lru", "--size", "8", "--profile", "quick"];
        fine(&lab(root, &[&select[..], &["--meter", "allocations", "--input", &file]].concat()));
        let record = latest(root);
        let input = record.input.clone().unwrap_or_else(|| panic!("{name:?} is not in the record"));
        assert_eq!((input.name.as_str(), input.sha256.len()), (name, 64));
        let command = record.command.clone();
        assert!(command.starts_with("scripts/just lab run "), "{command}");

        // The report says what it was measured on, and names no command that only works for generated input.
        let page = |page: &str| fs::read_to_string(root.join("target/lab/latest/report").join(page)).unwrap();
        assert!(page("environment.html").contains(&input.sha256), "{name:?}");
        for page in fs::read_dir(root.join("target/lab/latest/report")).unwrap() {
            let text = fs::read_to_string(page.unwrap().path()).unwrap();
            assert!(!text.contains("lab explain"), "{name:?}");
        }

        // A shell reads it as it is meant.
        door(root, "printf '%s\\0' \"${@:2}\"");
        let read = paste(root, &command);
        fine(&read);
        let words = String::from_utf8(read.stdout).unwrap();
        let named = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
        let expected = [&select[..2], &["--size", "8", "--contender", "lru"], &select[6..]].concat();
        let meter = ["--meter", "allocations", "--input", &named];
        assert_eq!(words.split_terminator('\0').collect::<Vec<_>>(), [&expected[..], &meter].concat());

        // And it measures the same.
        door(root, "exec \"$LAB\" --root \"$PWD\" \"${@:2}\"");
        fs::remove_dir_all(root.join("target")).unwrap();
        fine(&paste(root, &command));
        let again = latest(root);
        assert_eq!(
            (&again.cells, &again.command, &again.input),
            (&record.cells, &record.command, &record.input)
        );
        assert!(!root.join("made").exists());
    }
}

#[test]
fn a_path_that_is_no_text_is_refused_before_anything_is_made() {
    use std::os::unix::ffi::OsStrExt;

    let root = project();
    let root = root.path();
    let names: [&[u8]; 10] = [
        b"\xff",
        b"a\xff",
        b"\xffa",
        b"\xc3",
        b"a\xc3(",
        b"\xe2\x82",
        b"\xf0\x9f\x92",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"tr\xe4ce",
    ];
    for name in names {
        let name = std::ffi::OsStr::from_bytes(name);
        fs::write(root.join(name), "a\nb\n").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.arg("--root").arg(root).args(["run", "lru_cache", "--input"]).arg(name).current_dir(root);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("its path is not UTF-8; rename it") && said.lines().count() == 1, "{said}");
        assert!(!root.join("target").exists());
    }
}

#[test]
fn the_gate_s_commands_are_typed_as_the_readme_says() {
    let root = project();
    let root = root.path();
    for (arguments, command) in [
        (&["diff", "one.json"][..], "`scripts/just lab diff BEFORE AFTER`"),
        (&["run", "**/imbl/get_hit"], "`scripts/just lab list --cells`"),
        (&["explain", "lru_cache/own_trace/8/lru"], "`scripts/just lab run lru_cache --input FILE`"),
        (&["run", "--input", "scripts/just"], "`scripts/just lab run lru_cache --input FILE`"),
    ] {
        let output = lab(root, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(command), "{said}");
    }
}

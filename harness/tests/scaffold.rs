//! `lab new`, in a copy of the project: one directory and two lines, and it compiles.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::{project, written};

/// A copy of the project that git watches; goes with it.
struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    /// Copies the project, where there is git; says so if not.
    fn new() -> Option<Self> {
        let copy = Copy { directory: tempfile::tempdir().unwrap() };
        for name in [
            "Cargo.toml",
            "Cargo.lock",
            "collections",
            "data_map",
            "harness",
            "identity",
            "impls",
            "json_path",
            "publishing",
            "recorder",
            "reports",
            "scenarios",
            "shared_collections",
            "testkit",
            "worker",
        ] {
            copy_all(&project().join(name), &copy.path().join(name));
        }
        if Command::new("git").arg("--version").output().is_err() {
            // libtest would swallow a `println!`.
            let _ = writeln!(std::io::stderr(), "skipped: `lab new` is not tested without git");
            return None;
        }
        copy.git(&["init", "--quiet"]);
        copy.git(&["add", "--all"]);
        copy.git(&["commit", "--quiet", "--message", "Copy"]);
        Some(copy)
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let settings = ["user.name=Lab", "user.email=lab@localhost", "commit.gpgsign=false"];
        let settings = settings.iter().flat_map(|setting| ["-c", setting]);
        let mut command = Command::new("git");
        let output = command.arg("-C").arg(self.path()).args(settings).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What git finds changed: one path a line, after what happened to it.
    fn changes(&self) -> Vec<String> {
        let status = self.git(&["status", "--porcelain", "--untracked-files=all"]);
        status.lines().map(|line| line.trim_start().to_owned()).collect()
    }

    fn lab_new(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
        command.arg("--root").arg(self.path()).arg("new").args(arguments).output().unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// Copies a file, or a directory with everything in it; modification times too, for Cargo's sake.
fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy_all(&from.join(&name), &to.join(&name));
        }
        return;
    }
    fs::copy(from, to).unwrap();
    let modified = from.metadata().unwrap().modified().unwrap();
    fs::File::options().append(true).open(to).unwrap().set_modified(modified).unwrap();
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether the lines that list contenders are in order.
fn are_sorted(text: &str, alike: &str) -> bool {
    text.lines().filter(|line| line.contains(alike)).is_sorted()
}

#[test]
fn a_new_contender_is_one_directory_and_two_lines() {
    let Some(copy) = Copy::new() else { return };
    let output = copy.lab_new(&["persistent_vector", "my_vector"]);
    succeeded(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("is a copy of array_copy, on the roster as persistent_vector/my_vector"), "{said}");
    assert_eq!(
        copy.changes(),
        [
            "M harness/Cargo.toml",
            "M harness/src/roster/list.rs",
            "?? impls/persistent_vector/my_vector/Cargo.toml",
            "?? impls/persistent_vector/my_vector/src/lib.rs",
        ]
    );
    let difference = copy.git(&["diff", "--unified=0"]);
    let changed = difference.lines().filter(|line| line.starts_with(['+', '-']));
    let changed: Vec<&str> =
        changed.filter(|line| !line.starts_with("+++") && !line.starts_with("---")).collect();
    let expected = [
        "+persistent_vector-my_vector = { path = \"../impls/persistent_vector/my_vector\" }",
        "+        persistent_vector_my_vector::contender(),",
    ];
    assert_eq!(changed, expected);
    assert!(are_sorted(&copy.read("harness/Cargo.toml"), "path = \"../impls/"));
    assert!(are_sorted(&copy.read("harness/src/roster/list.rs"), "::contender(),"));
    let source = copy.read("impls/persistent_vector/my_vector/src/lib.rs");
    assert!(source.contains("name: \"my_vector\"") && source.contains("pub fn contender() -> Contender"));
    let manifest = copy.read("impls/persistent_vector/my_vector/Cargo.toml");
    assert!(manifest.contains("persistent_vector-my_vector"));
    assert!(!manifest.contains("test = false"), "its tests run: {manifest}");
}

#[test]
fn new_contenders_of_every_bottleneck_compile_and_are_on_the_roster() {
    let Some(copy) = Copy::new() else { return };
    let before = written(copy.path());
    // From the naive one of each bottleneck, and from one that has several files.
    let mut packages = Vec::new();
    for bottleneck in scenarios::BOTTLENECKS {
        succeeded(&copy.lab_new(&[bottleneck.name, "mine"]));
        packages.push(format!("{}-mine", bottleneck.name));
    }
    succeeded(&copy.lab_new(&["persistent_vector", "my_trie", "--from", "trie32"]));
    packages.push("persistent_vector-my_trie".to_owned());
    assert!(copy.path().join("impls/persistent_vector/my_trie/src/chunk.rs").is_file());

    let after = written(copy.path());
    assert_eq!(after.len(), before.len() + packages.len());
    let roster = copy.read("harness/src/roster/list.rs");
    let manifest = copy.read("harness/Cargo.toml");
    for contender in after {
        let call = format!("        {}::contender(),", contender.replace('/', "_"));
        assert!(roster.lines().any(|line| line == call), "{contender} is not on the roster:\n{roster}");
        let dependency = format!("{} = {{ path = \"../impls/{contender}\" }}", contender.replace('/', "-"));
        assert!(manifest.lines().any(|line| line == dependency), "{contender} is no dependency:\n{manifest}");
    }

    // A target directory of its own, which stays: only what is new compiles next time.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["check", "--offline", "--quiet"]).current_dir(copy.path());
    cargo.env("CARGO_TARGET_DIR", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scaffold"));
    for package in &packages {
        cargo.args(["--package", package]);
    }
    succeeded(&cargo.output().unwrap());
}

#[test]
fn a_new_bottleneck_compiles_verifies_and_is_measured() {
    let Some(copy) = Copy::new() else { return };
    succeeded(&copy.lab_new(&["--bottleneck", "key_set"]));
    let questions = ["cases.rs", "checks.rs", "contract.rs", "mod.rs", "oracle.rs"];
    let mut expected: Vec<String> =
        ["harness/Cargo.toml", "harness/src/roster/list.rs"].map(|path| format!("M {path}")).into();
    expected.extend(["Cargo.toml", "src/lib.rs"].map(|path| format!("?? impls/key_set/naive/{path}")));
    expected.extend(questions.map(|file| format!("?? scenarios/src/key_set/{file}")));
    expected.push("M scenarios/src/lib.rs".to_owned());
    let mut changes = copy.changes();
    changes.sort_by(|left, right| left.split(' ').nth(1).cmp(&right.split(' ').nth(1)));
    assert_eq!(changes, expected);
    let written = changes.iter().map(|change| change.split(' ').nth(1).unwrap());
    let rust: Vec<&str> = written.filter(|path| path.ends_with(".rs")).collect();
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition=2024", "--check", "--config-path"]).arg(project().join("rustfmt.toml"));
    succeeded(&rustfmt.args(rust).current_dir(copy.path()).output().unwrap());

    // The lab with this contender alone: the others take minutes to compile, and have nothing to do with it.
    for (path, is_other) in [
        ("harness/Cargo.toml", (|line| line.contains("../impls/")) as fn(&str) -> bool),
        ("harness/src/roster/list.rs", |line| line.ends_with("::contender(),")),
    ] {
        let text = copy.read(path);
        let kept = text.lines().filter(|line| !is_other(line) || line.contains("key_set"));
        fs::write(copy.path().join(path), kept.collect::<Vec<_>>().join("\n")).unwrap();
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bottleneck");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--quiet", "--package", "lab", "--bins"]).current_dir(copy.path());
    // Nothing depends on how fast it is, and everything that the lab needs is compiled here once more.
    cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "false");
    succeeded(&cargo.env("CARGO_TARGET_DIR", &target).output().unwrap());
    let lab = |arguments: &[&str]| {
        let mut command = Command::new(target.join("debug/lab"));
        let output = command.arg("--root").arg(copy.path()).args(arguments).output().unwrap();
        succeeded(&output);
    };
    lab(&["verify", "key_set"]);
    lab(&["run", "key_set", "--profile", "quick", "--meter", "allocations,time"]);
    let record = copy.path().join("target/lab/latest/record.json");
    let record = reports::io::read_record(&record).unwrap();
    assert_eq!(record.bottlenecks.len(), 1);
    assert_eq!(record.cells.len(), 2);
    for cell in &record.cells {
        assert_eq!((cell.name.bottleneck.as_str(), cell.name.contender.as_str()), ("key_set", "naive"));
        assert!(reports::Metric::Blocks.value(cell).is_some_and(|blocks| blocks > 0.0), "{cell:?}");
    }
    assert!(copy.path().join("target/lab/latest/report/key_set.html").is_file());
}

#[test]
fn what_cannot_be_made_is_refused_and_nothing_is_touched() {
    let Some(copy) = Copy::new() else { return };
    let cases: [(&[&str], &str); 13] = [
        (&["--bottleneck", "Key-Set"], "`Key-Set` is not a name"),
        (&["--bottleneck", "slots"], "is there already: choose another name"),
        (&["--bottleneck", "trace"], "scenarios/src/trace.rs is there already: choose another name"),
        (&["--bottleneck", "core"], "`core` is not a name"),
        (&["persistent_vector", "My-Vector"], "`My-Vector` is not a name: lower case letters"),
        (&["persistent_vector", "9lives"], "`9lives` is not a name"),
        (&["persistent_vector", "_mine"], "`_mine` is not a name"),
        (&["persistent_vector", "größe"], "`größe` is not a name"),
        (&["persistent_vector", ""], "`` is not a name"),
        (&["persistent_vector", "../mine"], "`../mine` is not a name"),
        (&["persistent_vector", "imbl"], "impls/persistent_vector/imbl is there already"),
        (&["persistent_vektor", "mine"], "did you mean `persistent_vector`?"),
        (&["persistent_vector", "mine", "--from", "imbll"], "did you mean `imbl`?"),
    ];
    for (arguments, message) in cases {
        let output = copy.lab_new(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with("lab: ") && said.lines().count() == 1 && said.contains(message), "{said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert_eq!(copy.changes(), [""; 0], "{arguments:?}");
    }

    // In a directory that is not the project.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    let output =
        command.arg("--root").arg(elsewhere.path()).args(["new", "persistent_vector", "mine"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("is `--root` the project?"));
    assert!(fs::read_dir(elsewhere.path()).unwrap().next().is_none());
}

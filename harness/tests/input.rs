//! A bottleneck on a file of one's own: `lab run --input`.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use reports::record::{Record, SkipReason};

/// What every run here is told: the cheapest meter.
const CHEAP: [&str; 3] = ["--meter", "allocations", "--no-report"];

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("--root").arg(root).args(arguments).current_dir(root).stdin(Stdio::null());
    command
}

fn lab(root: &Path, arguments: &[&str]) -> Output {
    command(root, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A directory with this file in it.
fn directory_with(name: &str, content: &[u8]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join(name), content).unwrap();
    root
}

/// The record of the newest run.
fn latest(root: &Path) -> Record {
    reports::io::read_record(&root.join("target/lab/latest/record.json")).unwrap()
}

/// A cheap run with these arguments, apart by blanks; what it recorded, and what it said.
#[track_caller]
fn run(root: &Path, arguments: &str) -> (Record, String) {
    let words: Vec<&str> = arguments.split(' ').collect();
    let ran = lab(root, &[&["run"], &words[..], &CHEAP].concat());
    assert!(ran.status.success(), "{arguments}: {}", text(&ran.stderr));
    assert_tidy(root);
    (latest(root), text(&ran.stderr))
}

/// The directories of runs.
fn runs(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root.join("target/lab")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.join("journal.jsonl").exists() && !path.is_symlink()).collect()
}

/// No run that has ended keeps its input.
#[track_caller]
fn assert_tidy(root: &Path) {
    for run in runs(root) {
        assert!(!run.join("record.json").exists() || !run.join("input").exists(), "{}", run.display());
    }
}

fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

/// Nine keys in a circle through a cache of eight: LRU never hits, and 100 repetitions of one key do.
fn circle() -> String {
    let mut trace: String = (0..900).map(|at| format!("key {}\n", at % 9)).collect();
    trace.push_str(&"again\n".repeat(101));
    trace
}

const LRU: &str = "lru_cache --contender lru --size 8";

#[track_caller]
fn assert_is_circle(record: &Record) {
    assert!(record.failures.is_empty() && record.skipped.is_empty());
    assert_eq!(record.cells.len(), 1, "{:?}", record.cells);
    for cell in &record.cells {
        assert_eq!((&*cell.name.scenario, cell.ops), ("own_trace", 1001));
        assert!((cell.observed["hit_rate"] - 100.0 / 1001.0).abs() < 1e-9, "{cell:?}");
    }
    let input = record.input.as_ref().unwrap();
    assert_eq!((input.items, input.distinct, &*input.kind), (1001, Some(10), "trace"));
}

#[test]
fn a_trace_is_the_same_however_it_is_written() {
    let trace = circle();
    let plain = trace.as_bytes();
    let table: String = trace.lines().enumerate().map(|(at, key)| format!("{at},\"{key}\",1\n")).collect();
    let padded = [gzip(plain), vec![0; 512]].concat();
    let windows = [b"\xef\xbb\xbf", trace.replace('\n', "\r\n").as_bytes(), b"\r\n\r\n"].concat();
    let members: Vec<u8> = trace
        .split_inclusive('\n')
        .collect::<Vec<_>>()
        .chunks(300)
        .flat_map(|part| gzip(part.concat().as_bytes()))
        .collect();
    let zstd = ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest);
    let cases: [(&str, Vec<u8>, &str, &str); 8] = [
        ("trace", plain.to_vec(), "", "1,001 keys, 10 distinct, one key a line"),
        ("no-end", plain[..plain.len() - 1].to_vec(), "", "1,001 keys"),
        ("trace.gz", gzip(plain), "", "one key a line, gzip"),
        ("padded.gz", padded, "", "gzip"),
        ("members", members, "", "gzip"),
        ("trace.zst", zstd, "", "zstd"),
        ("windows.txt", windows, "", "1,001 keys"),
        ("table.csv", table.into_bytes(), " --format csv:2", "column 2 of a CSV file"),
    ];
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let mut digests = Vec::new();
    for (name, content, format, words) in cases {
        std::fs::write(root.join(name), content).unwrap();
        let (record, said) = run(root, &format!("{LRU} --input {name}{format}"));
        assert!(said.contains(&format!("input: {name}: ")) && said.contains(words), "{name}: {said}");
        assert!(record.command.contains(&format!("--input {name}{format}")), "{}", record.command);
        assert_is_circle(&record);
        let input = record.input.unwrap();
        assert_eq!(input.name, name);
        digests.push((input.sha256, record.cells.into_iter().map(|cell| cell.digest).collect::<Vec<_>>()));
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[test]
fn an_input_comes_from_a_pipe_as_well_as_from_a_file() {
    let root = directory_with("trace", circle().as_bytes());
    let root = root.path();
    let program = env!("CARGO_BIN_EXE_lab");
    let run = format!("{program} --root . run {LRU} {}", CHEAP.join(" "));
    mkfifo(&root.join("fifo"), Mode::S_IRWXU).unwrap();
    let cases = [
        (format!("{run} --input - < trace"), "--input -"),
        (format!("cat trace | {run} --input -"), "--input -"),
        (format!("{run} --input /dev/stdin < trace"), "--input -"),
        (format!("gzip < trace | {run} --input -"), "--input -"),
        (format!("{run} --input <(cat trace)"), "--input -"),
        (format!("{run} --input <(gzip < trace)"), "--input -"),
        (format!("{run} --input /dev/fd/7 7< trace"), "--input -"),
        (format!("(sleep 0.2; cat trace) > fifo & {run} --input fifo; wait"), "--input fifo"),
        (format!("{run} --input ./trace"), "--input trace"),
        (format!("ln -s trace link; {run} --input link"), "--input link"),
    ];
    for (script, words) in cases {
        let ran = Command::new("bash").args(["-c", &script]).current_dir(root).output().unwrap();
        assert!(ran.status.success(), "{script}: {}", text(&ran.stderr));
        let record = latest(root);
        assert_is_circle(&record);
        assert!(record.command.contains(words), "{script}: {}", record.command);
        assert_tidy(root);
        let json = std::fs::read_to_string(root.join("target/lab/latest/record.json")).unwrap();
        let journal = std::fs::read_to_string(root.join("target/lab/latest/journal.jsonl")).unwrap();
        let root = root.to_str().unwrap();
        assert!(!json.contains(root) && !journal.contains(root), "no path of this machine");
    }
}

#[test]
fn every_contender_does_the_same_work_or_says_why_not() {
    // The input of which one contender took 400 lines, and so a hit rate of 0.998.
    let trace: String = "a\n".repeat(500) + &(0..20_000).map(|at| format!("{at}\n")).collect::<String>();
    let root = directory_with("trace", trace.as_bytes());
    let (record, said) =
        run(root.path(), "lru_cache --contender lru,filter_list,slab_lru --size 100,100000 --input trace");
    assert!(said.contains("skipped: lru_cache/own_trace/100000/filter_list: too much work"), "{said}");
    let [skip] = &record.skipped[..] else { panic!("{:?}", record.skipped) };
    assert_eq!(skip.reason, SkipReason::TooMuchWork);
    assert!(skip.message.contains("20,500 × 20,001"), "{}", skip.message);
    assert_eq!(record.cells.len(), 5);
    for cell in &record.cells {
        assert_eq!(cell.ops, 20_500, "{cell:?}");
        assert!((cell.observed["hit_rate"] - 499.0 / 20_500.0).abs() < 1e-9, "{cell:?}");
    }
    assert!(record.failures.is_empty());
}

#[test]
fn a_contender_that_does_not_support_a_document_is_skipped() {
    let document = br#"{"it's": {"it's": "\"quoted\""}, "b": [1, 2, {"it's": 3}]}"#;
    let root = directory_with("document.json", document);
    let (record, said) =
        run(root.path(), "flat_query --contender btree_range,direct_walk --input document.json");
    assert!(said.contains("input: document.json: document, 4 leaves"), "{said}");
    assert!(record.failures.is_empty(), "{:?}", record.failures);
    // A document has one size, whatever the profile.
    assert!(record.cells.iter().all(|cell| cell.name.size == 4), "{:?}", record.cells);
    let all = record.cells.iter().map(|cell| cell.name.to_string());
    let all: std::collections::BTreeSet<String> =
        all.chain(record.skipped.iter().map(|skip| skip.subject.clone())).collect();
    assert_eq!(all.len(), 6, "three scenarios, two contenders: {all:?}");
    let lacks = record.skipped.iter().find(|skip| skip.subject == "flat_query/own_everything/4/btree_range");
    let lacks = lacks.expect("it lacks a capability");
    assert_eq!(lacks.reason, SkipReason::LacksCapability);
    assert!(lacks.message.contains("AnyQuery"), "{}", lacks.message);
    let refused = lab(root.path(), &["run", "flat_query", "--input", "document.json", "--size", "100"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("this input has one size, its 4 leaves"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn patterns_pointers_and_keys_are_measured() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::write(root.join("my patterns"), "$.users.*.name\n$..age\n").unwrap();
    std::fs::write(root.join("pointers"), "/users/1/name\n/users/1/age\n/x\n").unwrap();
    let arguments = ["run", "pattern_index", "--contender", "pattern_trie,linear_scan"];
    let files = ["--input", "patterns=my patterns", "--input", "pointers=pointers"];
    let ran = lab(root, &[&arguments[..], &files, &CHEAP].concat());
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let record = latest(root);
    assert!(
        record.command.contains("--input 'patterns=my patterns' --input pointers=pointers"),
        "{}",
        record.command
    );
    assert_eq!(record.cells.len(), 4);
    assert!(
        record.cells.iter().all(|cell| cell.name.size == 2 && cell.name.scenario.starts_with("own_match"))
    );
    // The command can be pasted.
    let pasted =
        record.command.replacen("lab run", &format!("{} --root . run", env!("CARGO_BIN_EXE_lab")), 1);
    let again = Command::new("bash")
        .args(["-c", &format!("{pasted} --no-report")])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(latest(root).input, record.input);

    let (record, _) = run(root, "flat_keys --contender prefix_index,hash_map --input pointers");
    assert_eq!((record.cells.len(), record.skipped.len()), (6, 2), "{:?}", record.skipped);
    let (record, _) = run(root, "persistent_map --contender imbl,hash_map --input pointers");
    assert_eq!((record.cells.len(), record.skipped.len()), (9, 1), "{:?}", record.skipped);
    assert!(record.cells.iter().all(|cell| cell.name.size == 3));
    let (record, _) = run(root, "small_map --contender inline --scenario own_get_hit --input pointers");
    assert_eq!(record.cells.len(), 1);
}

#[test]
fn what_looks_wrong_is_said() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let rows: String = (0..50).map(|at| format!("{at},GET,/{}\n", at % 5)).collect();
    let arc: String = (0..50).map(|at| format!("{} 1 0 {at}\n", at % 5)).collect();
    let cases = [
        (
            "table",
            &*rows,
            &["no key repeats, so no cache ever hits", "apart by commas", "`--format csv:COLUMN`"][..],
        ),
        ("arc", &*arc, &["no key repeats", "ARC's format", "`--format arc`"]),
        ("lirs", "1\n*\n1\n", &["LIRS's format", "`--format lirs`"]),
        ("unique", "a\nb\n", &["no key repeats"]),
    ];
    for (name, content, words) in cases {
        std::fs::write(root.join(name), content).unwrap();
        let (_, said) = run(root, &format!("lru_cache --contender lru --size 8 --input {name}"));
        for word in words {
            assert!(said.contains(word), "{name}: `{word}` is not in {said}");
        }
    }
    let (record, said) = run(root, "lru_cache --contender lru --size 8 --input arc --format arc");
    assert!(!said.contains("note: "), "{said}");
    assert_eq!(record.input.unwrap().distinct, Some(5));
}

#[test]
fn what_is_wrong_with_an_input_is_said_in_one_line() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let mut tar = vec![b'x'; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    let files: [(&str, &[u8]); 13] = [
        ("hole", b"a\n\nb\n"),
        ("torn.gz", &[0x1f, 0x8b, 8, 0, 0]),
        ("x.tar.gz", &gzip(&tar)),
        ("x.xz", b"\xfd7zXZ\0\0\x04"),
        ("x.bz2", b"BZh91AY&SY\0"),
        ("mac", b"a\rb\rc\r"),
        ("wide", b"\xff\xfea\0\n\0"),
        ("zero", b"a\nb\0\n"),
        ("empty", b""),
        ("list.json", b"[1, 2"),
        ("good", b"a\n"),
        ("table", b"a,b\n1,2\n"),
        ("relative", b"a/b\n"),
    ];
    for (name, content) in files {
        std::fs::write(root.join(name), content).unwrap();
    }
    let many = (0..1001).map(|at| format!("{at}\n")).collect::<String>();
    std::fs::write(root.join("many"), many).unwrap();
    let cases: [(&str, &[&str]); 31] = [
        ("lru_cache --input absent", &["--input absent: cannot open it"]),
        ("lru_cache --input hole", &["hole: ", "line 2 is empty", "lru_cache expects"]),
        ("lru_cache --input torn.gz", &["--input torn.gz: cannot unpack its gzip member at byte 1"]),
        ("lru_cache --input x.tar.gz", &["a tar archive", "tar -xOf x.tar.gz FILE | lab run"]),
        ("lru_cache --input x.xz", &["packed with xz", "`xzcat x.xz | lab run … --input -`"]),
        ("lru_cache --input x.bz2", &["packed with bzip2", "bzcat x.bz2"]),
        ("lru_cache --input mac", &["line 1, byte 2: a carriage return"]),
        ("lru_cache --input wide", &["UTF-16", "iconv"]),
        ("lru_cache --input zero", &["line 2, byte 2: a zero byte"]),
        ("lru_cache --input empty", &["it is empty"]),
        ("lru_cache --input .", &["--input .: cannot read it"]),
        ("lru_cache --input /dev/zero", &["holds more than 256 MiB"]),
        ("lru_cache --input /dev/null", &["it is empty"]),
        ("lru_cache --input good --input good", &["lru_cache takes one `--input FILE`"]),
        ("lru_cache --input good --format arc", &["line 1: expected four numbers"]),
        ("lru_cache --input table --format csv:3", &["line 1 has 2 columns, and no column 3"]),
        ("lru_cache --input table --format csv:key", &["no column `key`; it has: a, b"]),
        ("--input good", &["--input needs exactly one bottleneck"]),
        ("**/lru --input good", &["--input needs exactly one bottleneck"]),
        ("lru_cache --scenario zipf --input good", &["no scenario `zipf`", "own_trace"]),
        ("lru_cache --bottleneck nothing --input good", &["no bottleneck `nothing`"]),
        ("signals --input good", &["signals cannot be measured on a file", "which no file of data holds"]),
        ("slots --input good", &["slots cannot be measured on a file", "order of allocation"]),
        ("flat_query --input list.json", &["not a JSON document", "line 1 column"]),
        ("flat_query --input good --format csv:1", &["`--format` is for keys"]),
        ("flat_keys --input relative", &["line 1: a JSON pointer is empty or begins with `/`"]),
        ("pattern_index --input good", &["`--input patterns=FILE` and `--input pointers=FILE`"]),
        ("pattern_index --input patterns=good --input pointers=good", &["--input patterns=good: line 1: "]),
        ("pattern_index --input patterns=- --input pointers=-", &["read only once"]),
        ("small_map --input many", &["line 1001", "persistent_map takes more"]),
        ("persistent_map --input good --size 7", &["this input has one size, its 1 distinct keys"]),
    ];
    for (arguments, words) in cases {
        let words_of: Vec<&str> = arguments.split(' ').collect();
        let refused = lab(root, &[&["run"][..], &words_of].concat());
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{arguments}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments}: `{word}` is not in {said}");
        }
    }
    for (arguments, words) in [
        (
            "lru_cache --input good --format xml",
            "expected `lines`, `arc`, `lirs`, `csv:COLUMN` or `tsv:COLUMN`",
        ),
        ("lru_cache --input good --format csv", "name its column"),
        ("lru_cache --format arc", "--input"),
        ("--resume --input good", "cannot be used with"),
    ] {
        let words_of: Vec<&str> = arguments.split(' ').collect();
        let refused = lab(root, &[&["run"][..], &words_of].concat());
        let said = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{arguments}: {said}");
        assert!(said.contains(words), "{arguments}: {said}");
    }
    let unknown = lab(root, &["explain", "lru_cache/own_trace/500/lru"]);
    let said = text(&unknown.stderr);
    assert_eq!(unknown.status.code(), Some(2), "{said}");
    assert!(said.contains("`own_trace` is about a file: `lab run lru_cache --input FILE`"), "{said}");
    assert!(!root.join("target").exists(), "nothing was made");
}

/// Starts a run in a process group of its own.
fn start(root: &Path, arguments: &[&str]) -> Child {
    let mut command = command(root, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    // A shell that runs the tests in the background ignores this signal, and so would whatever they start.
    // SAFETY: no handler is installed, but the usual disposition.
    unsafe { signal(Signal::SIGINT, SigHandler::SigDfl) }.unwrap();
    command.spawn().unwrap()
}

/// The workers of the lab of this root that are alive.
fn workers(root: &Path) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let of_root = |path: PathBuf| {
        let command = std::fs::read(path.join("cmdline")).unwrap_or_default();
        let command = text(&command);
        command.contains("__worker") && command.contains(root.to_str().unwrap())
    };
    entries.filter(|entry| of_root(entry.path())).count()
}

#[test]
fn a_pipe_that_nobody_writes_to_can_be_given_up() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    mkfifo(&root.join("fifo"), Mode::S_IRWXU).unwrap();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        for opened in [false, true] {
            let mut running = start(root, &["run", "lru_cache", "--input", "fifo"]);
            // A writer that writes nothing lets the lab open the pipe, and wait for its first byte.
            let writer = opened.then(|| File::options().write(true).open(root.join("fifo")).unwrap());
            std::thread::sleep(Duration::from_millis(100));
            assert!(running.try_wait().unwrap().is_none(), "it waits");
            kill(Pid::from_raw(running.id() as i32), signal).unwrap();
            running.wait().unwrap();
            drop(writer);
            assert_eq!(workers(root), 0);
            let left: Vec<_> =
                std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left, ["fifo"], "{signal}");
        }
    }
}

#[test]
fn a_file_that_grows_is_measured_as_it_was() {
    let root = directory_with("log", circle().as_bytes());
    let root = root.path();
    let arguments = ["run", "lru_cache", "--contender", "lru", "--size", "8", "--input", "log"];
    let mut running = start(root, &[&arguments[..], &CHEAP].concat());
    let mut log = File::options().append(true).open(root.join("log")).unwrap();
    wait_for("the run to begin", || (!runs(root).is_empty()).then_some(()));
    while running.try_wait().unwrap().is_none() {
        log.write_all(b"one more\n").unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(running.wait().unwrap().success());
    assert_is_circle(&latest(root));
    assert_tidy(root);
}

#[test]
fn a_killed_run_goes_on_without_the_file() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let root = directory_with("trace", circle().as_bytes());
        let root = root.path();
        let arguments = ["run", "lru_cache", "--contender", "lru", "--size", "8", "--input", "trace"];
        let mut running = start(root, &[&arguments[..], &CHEAP].concat());
        let journal = || Some(runs(root).first()?.join("journal.jsonl"));
        wait_for("a result", || {
            (std::fs::read_to_string(journal()?).ok()?.lines().count() > 2).then_some(())
        });
        kill(Pid::from_raw(running.id() as i32), signal).unwrap();
        running.wait().unwrap();
        wait_for("every worker to end", || (workers(root) == 0).then_some(()));
        let [directory] = &runs(root)[..] else { panic!("one run") };
        assert!(directory.join("input").exists(), "what a resumed run needs");
        std::fs::remove_file(root.join("trace")).unwrap();
        let kept = std::fs::read(directory.join("input")).unwrap();
        std::fs::write(directory.join("input"), "other\n").unwrap();
        let refused = lab(root, &["run", "--resume", "--no-report"]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(
            text(&refused.stderr).contains("was changed since the run began"),
            "{}",
            text(&refused.stderr)
        );
        std::fs::write(directory.join("input"), kept).unwrap();
        let resumed = lab(root, &["run", "--resume", "--no-report"]);
        assert!(resumed.status.success(), "{}", text(&resumed.stderr));
        assert_is_circle(&latest(root));
        assert_tidy(root);
        let ended = lab(root, &["run", "--resume", directory.to_str().unwrap()]);
        assert_eq!(ended.status.code(), Some(2));
        assert!(
            text(&ended.stderr).contains("is gone, as after a run that has ended"),
            "{}",
            text(&ended.stderr)
        );
    }
}

#[test]
fn an_input_that_cannot_be_kept_leaves_nothing() {
    let root = directory_with("trace", b"a\n");
    let root = root.path();
    std::fs::write(root.join("file"), "").unwrap();
    let below_a_file = lab(root, &["run", "lru_cache", "--input", "trace", "--output", "file/run"]);
    assert_eq!(below_a_file.status.code(), Some(1), "{}", text(&below_a_file.stderr));
    let mut left: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["file", "trace"]);
}

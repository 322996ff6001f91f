//! A bottleneck on a file of one's own: `lab run --input`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use reports::record::Record;

fn lab(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    command.arg("--root").arg(root).args(arguments).current_dir(root);
    command.output().unwrap()
}

/// A run of the cheap meters over the trace in `file`; what it recorded.
fn run(root: &Path, file: &str, more: &[&str]) -> Record {
    let output = format!("out-{file}");
    let meters = ["--meter", "allocations", "--size", "8", "--no-report", "--output", &output];
    let arguments = [&["run", "lru_cache", "--input", file][..], &meters, more].concat();
    let ran = lab(root, &arguments);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    reports::io::read_record(&root.join(output).join("record.json")).unwrap()
}

#[test]
fn a_trace_is_measured_plain_and_packed_alike() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    // Nine keys in a circle through a cache of eight: LRU never hits, and 100 repetitions of one key do.
    let mut trace: String = (0..900).map(|at| format!("key {}\n", at % 9)).collect();
    trace.push_str(&"again\n".repeat(101));
    std::fs::write(root.join("trace"), &trace).unwrap();
    let packed = std::fs::File::create(root.join("trace.gz")).unwrap();
    let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packer.write_all(trace.as_bytes()).unwrap();
    packer.finish().unwrap();

    let plain = run(root, "trace", &[]);
    let unpacked = run(root, "trace.gz", &[]);
    assert!(plain.command.contains("--input trace"), "{}", plain.command);
    assert!(plain.failures.is_empty() && unpacked.failures.is_empty());
    let exact: Vec<_> =
        plain.cells.iter().filter(|cell| ["lru", "slab_lru"].contains(&&*cell.name.contender)).collect();
    assert_eq!(exact.len(), 2);
    for cell in exact {
        assert_eq!((&*cell.name.scenario, cell.ops), ("own_trace", 1001));
        assert!((cell.observed["hit_rate"] - 100.0 / 1001.0).abs() < 1e-9, "{cell:?}");
    }
    for (plain, unpacked) in plain.cells.iter().zip(&unpacked.cells) {
        assert_eq!((&plain.name, &plain.digest), (&unpacked.name, &unpacked.digest));
    }
}

#[test]
fn what_is_wrong_with_an_input_is_said_in_one_line() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::write(root.join("hole"), "a\n\nb\n").unwrap();
    std::fs::write(root.join("torn.gz"), [0x1f, 0x8b, 8, 0, 0]).unwrap();
    let cases: [(&[&str], &[&str]); 6] = [
        (&["lru_cache", "--input", "absent"], &["--input absent: cannot open it"]),
        (&["lru_cache", "--input", "hole"], &["hole: ", "line 2", "lru_cache expects"]),
        (&["lru_cache", "--input", "torn.gz"], &["--input torn.gz: cannot read it"]),
        (&["lru_cache", "--input", "."], &["--input .: cannot read it"]),
        (&["--input", "hole"], &["--input needs exactly one bottleneck"]),
        (&["slots", "--input", "hole"], &["no cell is selected by `slots`"]),
    ];
    for (arguments, words) in cases {
        let refused = lab(root, &[&["run"][..], arguments].concat());
        let text = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
        for word in words {
            assert!(text.contains(word), "{arguments:?}: `{word}` is not in {text}");
        }
    }
    let unknown = lab(root, &["explain", "lru_cache/own_trace/500/lru"]);
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(2), "{text}");
    assert!(text.contains("`own_trace` is about a file: `lab run lru_cache --input FILE`"), "{text}");
    assert!(!root.join("target").exists(), "nothing was made");
}

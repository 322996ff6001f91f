//! Exports and the history, as commands: what they print and keep, and what they refuse.

use std::fs;
use std::path::PathBuf;

use reports::Metric;
use reports::io::write_record;
use reports::record::Record;

use crate::common::{Lab, Outcome, contents, small_record};

fn small() -> Record {
    serde_json::from_str(small_record()).unwrap()
}

/// The same cells measured on a later day, when all took so many times the instructions.
fn later(day: u32, factor: f64) -> Record {
    let mut record = small();
    record.started = format!("2030-01-{day:02}T00:00:00Z");
    record.fingerprint.revision = format!("{day:040}");
    for cell in &mut record.cells {
        // The same on a machine that has no Valgrind.
        let count = cell.measured.instructions.unwrap_or(1_000_000);
        cell.measured.instructions = Some((count as f64 * factor) as u64);
    }
    record
}

/// A lab whose newest record is the small one.
fn lab() -> Lab {
    let lab = Lab::out_of_tree();
    fs::create_dir_all(lab.runs().join("latest")).unwrap();
    fs::write(lab.runs().join("latest/record.json"), small_record()).unwrap();
    lab
}

fn write(lab: &Lab, name: &str, record: &Record) -> PathBuf {
    let path = lab.root().join(name);
    write_record(&path, record).unwrap();
    path
}

/// No machine's directory is in what anybody may publish.
#[track_caller]
fn assert_has_no_path(lab: &Lab, text: &str) {
    let home = std::env::var("HOME").unwrap_or_default();
    for path in [&lab.root().to_string_lossy(), env!("CARGO_MANIFEST_DIR"), "/target/", "/tmp/"] {
        assert!(!text.contains(path), "`{path}` is in the export");
    }
    assert!(home.len() < 2 || !text.contains(&home), "`{home}` is in the export");
}

#[test]
fn every_format_is_printed_or_written() {
    let lab = lab();
    let record = small();
    let values: usize = record
        .cells
        .iter()
        .map(|cell| Metric::ALL.iter().filter_map(|metric| metric.value(cell)).count())
        .sum();
    assert!(values > 20);
    for format in ["csv", "jsonl", "bencher", "github-action-benchmark", "markdown"] {
        let printed = lab.run(&format!("export --format {format}")).ends_with(0);
        assert!(printed.err.is_empty(), "{}", printed.all());
        assert_has_no_path(&lab, &printed.out);
        let count = match format {
            "csv" => printed.out.lines().count() - 1,
            "jsonl" => printed.out.lines().count(),
            "bencher" => {
                let json = printed.json();
                json.as_object().unwrap().values().map(|measures| measures.as_object().unwrap().len()).sum()
            }
            "github-action-benchmark" => printed.json().as_array().unwrap().len(),
            _ => values,
        };
        assert_eq!(count, values, "{format}");
        let path = lab.root().join(format);
        let command =
            format!("export {} --format {format} --output", lab.runs().join("latest/record.json").display());
        let written = lab.run(&format!("{command} {}", path.display())).ends_with(0);
        assert!(written.out.is_empty(), "{}", written.all());
        assert_eq!(fs::read_to_string(&path).unwrap(), printed.out);
        // Nothing is lost where it was there.
        fs::write(&path, "mine").unwrap();
        lab.run(&format!("{command} {}", path.display())).complains(2, &["exists: `--force` overwrites it"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        lab.run(&format!("{command} {} --force", path.display())).ends_with(0);
        assert_eq!(fs::read_to_string(&path).unwrap(), printed.out);
    }
}

#[test]
fn rows_are_chosen_and_wrong_choices_are_named() {
    let lab = lab();
    let chosen = "export --format csv --metric blocks,bytes --cells persistent_vector/slice/8";
    let outcome = lab.run(chosen).ends_with(0);
    let rows: Vec<&str> = outcome.out.lines().skip(1).collect();
    assert!(rows.len() >= 4 && rows.len().is_multiple_of(2), "{}", outcome.all());
    assert!(rows.iter().all(|row| row.contains(",persistent_vector,slice,8,")
        && (row.contains(",bytes,") || row.contains(",blocks,"))));
    for (arguments, words) in [
        (
            "export --format csv --cells persistent_vector/slise",
            &["`persistent_vector/slise` means no cell of"][..],
        ),
        ("export --format csv --cells [", &["`[` is not a glob over cell names"]),
        ("export --format csv --metric warm", &["holds none of the values that are asked for"]),
        ("export --format markdown --metric warm", &["of the whole record"]),
        ("export nowhere.json --format csv", &["cannot read nowhere.json"]),
        ("export --format csv --output /", &["/ is a directory: name a file"]),
    ] {
        lab.run(arguments).complains(2, words);
    }
    for (arguments, word) in
        [("export", "--format"), ("export --format xml", "github-action-benchmark"), ("history", "add")]
    {
        let outcome = lab.run(arguments).ends_with(2);
        assert!(outcome.err.contains(word), "{}", outcome.all());
    }
}

#[test]
fn a_history_shows_what_changed_and_when() {
    let lab = lab();
    let empty = "there is no record in";
    for arguments in ["history show slice", "history changes", "history export"] {
        lab.run(arguments).complains(2, &[empty, "`out-of-tree history add` adds the newest one"]);
    }
    lab.run("history add").ends_with(0);
    lab.run("history changes").complains(4, &["nothing was compared"]);
    let days: Vec<String> = [(1, 1.0), (2, 1.001), (3, 1.2), (4, 1.2)]
        .map(|(day, factor)| write(&lab, &format!("{day}.json"), &later(day, factor)).display().to_string())
        .into();
    let add = format!("history add {}", days.join(" "));
    assert!(lab.run(&add).ends_with(0).out.starts_with("4 added to "));
    let kept = contents(&lab.runs().join("history"));
    assert_eq!(kept.len(), 5);
    assert!(lab.run(&add).ends_with(0).out.starts_with("0 added to "));
    assert!(contents(&lab.runs().join("history")) == kept, "the same record twice is one entry");
    for text in kept.values() {
        assert_has_no_path(&lab, &String::from_utf8_lossy(text));
    }

    let cell = "persistent_vector/slice/100/imbl";
    let shown = lab.run(&format!("history show {cell}")).ends_with(0);
    assert!(shown.out.lines().all(|line| line.chars().count() <= 80), "{}", shown.all());
    assert_eq!(shown.out.lines().next(), Some(cell));
    let values: Vec<&str> = shown.out.lines().filter(|line| line.starts_with("  20")).collect();
    assert!(values.len() >= 4 && !shown.out.contains('▁'), "{}", shown.all());
    let of_day =
        |day: u32| *values.iter().find(|line| line.contains(&format!("2030-01-0{day} 00:00"))).unwrap();
    assert!(of_day(2).contains("+0.1") && !of_day(2).ends_with("step"), "{}", of_day(2));
    assert!(of_day(3).contains("+19.8") && of_day(3).ends_with("step"), "{}", of_day(3));
    assert!(of_day(4).contains("same"), "{}", of_day(4));

    let changed = lab.run(&format!("history changes {cell} --metric instructions")).ends_with(0);
    assert!(changed.out.lines().all(|line| line.chars().count() <= 80), "{}", changed.all());
    assert_eq!(changed.out.lines().filter(|line| line.contains(" -> ")).count(), 1, "{}", changed.all());
    assert!(
        changed.out.contains("2030-01-03 00:00") && changed.out.contains("5 records"),
        "{}",
        changed.all()
    );
    let nothing = lab.run("history changes --metric blocks").ends_with(0);
    assert!(nothing.out.contains("0 steps in 0 of them"), "{}", nothing.all());
}

#[test]
fn values_of_another_compiler_are_never_compared() {
    let lab = lab();
    let mut other = later(2, 3.0);
    other.fingerprint.rustc = "rustc 9.99.0".to_owned();
    let paths = [
        write(&lab, "1.json", &later(1, 1.0)),
        write(&lab, "2.json", &other),
        write(&lab, "3.json", &later(3, 1.0)),
    ];
    let [one, two, three] = paths.map(|path| path.display().to_string());
    lab.run(&format!("history add {one} {two}")).ends_with(0);
    lab.run("history changes").complains(4, &["nothing was compared"]);
    lab.run(&format!("history add {three}")).ends_with(0);
    let changed = lab.run("history changes").ends_with(0);
    assert!(!changed.out.contains(" -> "), "{}", changed.all());
    let told: String = changed.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("lines are never compared with each other"), "{}", changed.all());
    let shown = lab.run("history show persistent_vector/slice/8/imbl").ends_with(0);
    let told: String = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("line 1 of 2, ")
            && told.contains("not compared with the line before: rustc: rustc 9.99.0 against")
    );
}

#[test]
fn a_history_goes_to_another_machine_and_back() {
    let lab = lab();
    let [one, two] =
        [1, 2].map(|day| write(&lab, &format!("{day}.json"), &later(day, 1.0)).display().to_string());
    let [here, there, archive] = ["here", "there", "archive"].map(|name| lab.root().join(name));
    let [here_name, there_name, archive_name] =
        [&here, &there, &archive].map(|path| path.display().to_string());
    lab.run(&format!("history add {one} {two} --store {here_name}")).ends_with(0);
    lab.run(&format!("history add {two} --store {there_name}")).ends_with(0);
    lab.run(&format!("history export --store {here_name} --output {archive_name}")).ends_with(0);
    let import = format!("history import {archive_name} --store {there_name}");
    assert!(lab.run(&import).ends_with(0).out.starts_with("1 added to "));
    assert!(lab.run(&import).ends_with(0).out.starts_with("0 added to "));
    let names = |outcome: &Outcome| outcome.out.clone();
    let [ours, theirs] = [&here_name, &there_name]
        .map(|store| names(&lab.run(&format!("history export --format csv --store {store}")).ends_with(0)));
    assert_eq!(ours, theirs);
    assert_has_no_path(&lab, &ours);
    let jsonl = lab.run(&format!("history export --format jsonl --store {here_name}")).ends_with(0);
    assert_eq!(jsonl.out.lines().count() + 1, ours.lines().count());
    // A record's rows are those of its own export.
    let own = lab.run(&format!("export {one} --format csv")).ends_with(0);
    assert!(ours.starts_with(&own.out));

    // A table is no archive, and half an archive is none.
    let table = lab.root().join("table.csv");
    fs::write(&table, &ours).unwrap();
    lab.run(&format!("history import {} --store {there_name}", table.display()))
        .complains(2, &["is damaged: line 1: it does not begin with"]);
    let text = fs::read_to_string(&archive).unwrap();
    fs::write(&archive, &text[..text.len() - 20]).unwrap();
    let before = contents(&there);
    lab.run(&import).complains(2, &["archive is damaged: of the record from line", "it is cut off"]);
    assert!(contents(&there) == before);
    lab.run(&format!("history export --store {here_name} --output {archive_name}")).complains(2, &["exists"]);
    lab.run("history import nowhere").complains(2, &["cannot read nowhere"]);

    // A file that somebody edited is named.
    let path = contents(&there).into_keys().next().unwrap();
    let edited = fs::read_to_string(&path).unwrap().replacen("\"ops\":", "\"ops\":1", 1);
    fs::write(&path, edited).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    lab.run(&format!("history changes --store {there_name}"))
        .complains(2, &[&name, "is not what its name says"]);
}

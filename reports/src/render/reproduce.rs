//! The commands that measure again what a page shows.

use crate::record::Record;
use crate::shell;

/// The command that starts this lab, where the record does not hold one, or holds the name of the lab's own program alone.
const LAB: &str = "scripts/just lab";

/// A run's command, taken apart.
struct Run {
    /// What starts the lab that made the record.
    lab: String,
    /// The options of `run`; `None` if several commands made the record.
    options: Option<Vec<String>>,
}

impl Run {
    fn of(record: &Record) -> Self {
        let words = shell::words(&record.command).unwrap_or_default();
        // Behind `cargo run … --` it is the second one.
        let behind = words.windows(2).position(|pair| pair == ["--", "run"]).map(|at| at + 1);
        let first = || words.iter().position(|word| word == "run").filter(|at| *at > 0);
        let Some(at) = behind.or_else(first) else {
            return Run { lab: LAB.to_owned(), options: None };
        };
        let lab = match &words[..at] {
            [only] if only == "lab" => LAB.to_owned(),
            program => shell::command(program.iter().map(String::as_str)),
        };
        let is_one = words.iter().all(|word| word != "&&");
        Run { lab, options: is_one.then(|| words[at + 1..].to_vec()) }
    }
}

/// The command that measures everything again as this run did.
pub fn run(record: &Record) -> String {
    match Run::of(record) {
        Run { lab, options: Some(options) } => {
            let options = shell::command(options.iter().map(String::as_str));
            format!("{lab} run {options}").trim_end().to_owned()
        }
        Run { .. } => record.command.clone(),
    }
}

/// The command that measures one bottleneck as this run did.
pub fn bottleneck(record: &Record, bottleneck: &str) -> String {
    let Run { lab, options } = Run::of(record);
    let words = match options {
        Some(mut options) => {
            // Of one bottleneck a shard would be other cells.
            let _shard = shell::take_option(&mut options, "--shard");
            let is_selected = options.iter().any(|option| option == "--bottleneck");
            if !is_selected && record.bottlenecks.len() != 1 {
                options.extend(["--bottleneck", bottleneck].map(str::to_owned));
            }
            options
        }
        None => {
            let profile = (!record.profile.is_empty()).then_some(["--profile", &record.profile]);
            let words = ["--bottleneck", bottleneck].into_iter().chain(profile.into_iter().flatten());
            words.map(str::to_owned).collect()
        }
    };
    format!("{lab} run {}", shell::command(words.iter().map(String::as_str))).trim_end().to_owned()
}

/// The command that measures one scenario as this run did.
pub fn scenario(record: &Record, of: &str, scenario: &str) -> String {
    let command = bottleneck(record, of);
    // What is measured on a user's file is chosen by the file, and what the run chose stays chosen.
    if record.input.is_some() || command.contains(" --scenario ") {
        return command;
    }
    format!("{command} {}", shell::command(["--scenario", scenario]))
}

/// The command that writes the numbers of one bottleneck as a table.
pub fn export(record: &Record, bottleneck: &str) -> String {
    let lab = Run::of(record).lab;
    format!("{lab} export --format csv {}", shell::command(["--cells", bottleneck]))
}

/// The command that explains one cell. There is none for a cell that is about a user's file.
pub fn cell(record: &Record, cell: &str) -> Option<String> {
    let lab = Run::of(record).lab;
    record.input.is_none().then(|| format!("{lab} explain {}", shell::command([cell])))
}

/// The command that explains two cells side by side. There is none for cells that are about a user's file.
pub fn two_cells(record: &Record, cells: [String; 2]) -> Option<String> {
    let lab = Run::of(record).lab;
    let cells = shell::command(cells.iter().map(String::as_str));
    record.input.is_none().then(|| format!("{lab} explain {cells}"))
}

/// The command that adds the newest record to the history.
pub fn history_add(record: &Record) -> String {
    format!("{} history add", Run::of(record).lab)
}

/// The command that lists every change of the history.
pub fn history_changes(record: &Record) -> String {
    format!("{} history changes", Run::of(record).lab)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BottleneckInfo, InputInfo, SCHEMA};

    fn record(command: &str, bottlenecks: &[&str]) -> Record {
        let info = |name: &&str| BottleneckInfo {
            name: (*name).to_owned(),
            title: String::new(),
            question: String::new(),
            reference: String::new(),
            scenarios: Vec::new(),
            concurrent: Vec::new(),
            memory: Vec::new(),
            composition: None,
            choice: None,
        };
        Record {
            schema: SCHEMA,
            profile: "quick".into(),
            command: command.into(),
            bottlenecks: bottlenecks.iter().map(info).collect(),
            ..Record::default()
        }
    }

    #[test]
    fn a_bottleneck_s_numbers_are_exported_by_the_lab_that_measured_them() {
        let record = record("cargo run --quiet -p mine -- run --profile quick", &["b"]);
        assert_eq!(export(&record, "b"), "cargo run --quiet -p mine -- export --format csv --cells b");
    }

    #[test]
    fn the_run_s_own_options_are_kept() {
        let several = ["l", "m"];
        let cases = [
            ("scripts/just lab run --profile quick", "scripts/just lab run --profile quick --bottleneck m"),
            ("mine run", "mine run --bottleneck m"),
            ("'my lab' run", "'my lab' run --bottleneck m"),
            ("target/release/my-lab run", "target/release/my-lab run --bottleneck m"),
            ("cargo run -p mine -- run --quick", "cargo run -p mine -- run --quick --bottleneck m"),
            ("lab run --bottleneck m --quick", "scripts/just lab run --bottleneck m --quick"),
            ("lab run 'm/*' 'l/**'", "scripts/just lab run 'm/*' 'l/**' --bottleneck m"),
            ("lab run --shard 1/2 --quick", "scripts/just lab run --quick --bottleneck m"),
            ("lab run --shard", "scripts/just lab run --bottleneck m"),
            ("lab run l && lab run m", "scripts/just lab run --bottleneck m --profile quick"),
            ("mine run l && mine run m", "mine run --bottleneck m --profile quick"),
            ("scripts/just bench-quick", "scripts/just lab run --bottleneck m --profile quick"),
            ("run", "scripts/just lab run --bottleneck m --profile quick"),
            ("mine run 'torn", "scripts/just lab run --bottleneck m --profile quick"),
            ("", "scripts/just lab run --bottleneck m --profile quick"),
        ];
        for (command, expected) in cases {
            assert_eq!(bottleneck(&record(command, &several), "m"), expected, "{command}");
        }
        let only = record("lab run m --input 'my trace'", &["m"]);
        assert_eq!(bottleneck(&only, "m"), "scripts/just lab run m --input 'my trace'");
    }

    #[test]
    fn the_whole_run_is_measured_through_the_same_door() {
        for (command, expected) in [
            ("lab run 'a/*' --profile quick", "scripts/just lab run 'a/*' --profile quick"),
            ("lab run", "scripts/just lab run"),
            ("scripts/just lab run --shard 1/2", "scripts/just lab run --shard 1/2"),
            ("mine run --input 'a b'", "mine run --input 'a b'"),
            ("scripts/just bench-all", "scripts/just bench-all"),
            ("a run x && a run y", "a run x && a run y"),
        ] {
            assert_eq!(run(&record(command, &["m"])), expected);
        }
    }

    #[test]
    fn a_cell_is_explained_by_the_program_that_measured_it() {
        for (command, expected) in [
            ("cargo run -p mine -- run --quick", "cargo run -p mine -- explain a/b/1/c"),
            ("scripts/just bench-all", "scripts/just lab explain a/b/1/c"),
            ("lab run", "scripts/just lab explain a/b/1/c"),
            ("my-lab run a", "my-lab explain a/b/1/c"),
            ("my-lab run a --input run", "my-lab explain a/b/1/c"),
        ] {
            assert_eq!(cell(&record(command, &["m"]), "a/b/1/c").as_deref(), Some(expected));
        }
        assert_eq!(
            cell(&record("lab run", &["m"]), "a/b/1/it's").as_deref(),
            Some(r"scripts/just lab explain 'a/b/1/it'\''s'")
        );
        let input = Some(InputInfo { name: "t".into(), sha256: "0".into(), ..InputInfo::default() });
        assert_eq!(cell(&Record { input, ..record("lab run m --input t", &["m"]) }, "m/own/1/c"), None);
    }
}

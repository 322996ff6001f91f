//! The commands that measure again what a page shows.

use crate::record::Record;

/// The command that starts this lab; it is used where the record does not hold one.
const LAB: &str = "scripts/just lab";

/// The command line before its subcommand `run`, which starts the lab that made `record`.
fn lab(record: &Record) -> Option<&str> {
    let command = record.command.trim();
    let with_options = || command.rsplit_once(" run ").map(|(before, _)| before);
    command.strip_suffix(" run").or_else(with_options)
}

/// The command that measures one bottleneck as this run did.
pub fn bottleneck(record: &Record, bottleneck: &str) -> String {
    let command = record.command.trim();
    match lab(record) {
        Some(_) if command.contains("--bottleneck") => command.to_owned(),
        Some(_) => format!("{command} --bottleneck {bottleneck}"),
        None => format!("{LAB} run --bottleneck {bottleneck}"),
    }
}

/// The command that explains one cell; `cell` may have placeholders.
pub fn cell(record: &Record, cell: &str) -> String {
    format!("{} explain {cell}", lab(record).unwrap_or(LAB))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Fingerprint, SCHEMA};

    fn record(command: &str) -> Record {
        Record {
            schema: SCHEMA,
            started: String::new(),
            profile: "quick".into(),
            command: command.into(),
            fingerprint: Fingerprint::default(),
            bottlenecks: Vec::new(),
            contenders: Vec::new(),
            cells: Vec::new(),
            failures: Vec::new(),
            input: None,
            skipped: Vec::new(),
            machines: Vec::new(),
            identities: None,
        }
    }

    #[test]
    fn the_run_s_own_options_are_kept() {
        let cases = [
            ("scripts/just lab run --profile quick", "scripts/just lab run --profile quick --bottleneck m"),
            ("mine run", "mine run --bottleneck m"),
            ("lab run --bottleneck m --quick", "lab run --bottleneck m --quick"),
            ("scripts/just bench-quick", "scripts/just lab run --bottleneck m"),
            ("", "scripts/just lab run --bottleneck m"),
        ];
        for (command, expected) in cases {
            assert_eq!(bottleneck(&record(command), "m"), expected, "{command}");
        }
    }

    #[test]
    fn a_cell_is_explained_by_the_program_that_measured_it() {
        assert_eq!(
            cell(&record("cargo run -p mine -- run --quick"), "a/b/1/c"),
            "cargo run -p mine -- explain a/b/1/c"
        );
        assert_eq!(cell(&record("scripts/just bench-all"), "a/b/1/c"), "scripts/just lab explain a/b/1/c");
    }
}

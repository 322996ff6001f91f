//! The subcommands, a file each.

pub mod bless;
pub mod check;
pub mod completions;
pub mod cross_check;
pub mod diff;
pub mod explain;
pub mod list;
pub mod merge;
pub mod new;
pub mod report;
pub mod run;
pub mod self_test;
pub mod verify;

use anyhow::Result;
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use serde::Serialize;
use std::io::Write;

/// Prints a value as JSON to the standard output.
fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Prints a line to the standard output; unlike `println!` it does not panic where nobody reads it.
pub(crate) fn print(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// A table with plain rules; all columns but the first `texts` ones are numbers.
pub(crate) fn table(header: &[&str], texts: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A count with its thousands apart: `1 234 567`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_are_grouped_by_thousands() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(super::count(value), text);
        }
    }
}

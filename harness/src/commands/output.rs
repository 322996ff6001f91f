//! How commands print their results, and how they end.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{CellAlignment, LineStyle, Table, presets};
use serde::Serialize;

use crate::error::{Exit, exit_of};
use crate::progress::{grouped, say};

/// The exit code of a command's outcome. An error is printed as one line.
pub fn conclude(outcome: Result<Exit>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            say(&format!("lab: {}", one_line(&format!("{error:#}"))));
            exit_of(&error).into()
        }
    }
}

/// A message in one line, whatever the paths in it are called.
fn one_line(message: &str) -> String {
    let spelled = |character: char| {
        let escaped = character.is_control().then(|| character.escape_default());
        escaped.map_or_else(|| character.to_string(), |escaped| escaped.to_string())
    };
    message.chars().map(spelled).collect()
}

/// Prints a value as JSON to the standard output.
///
/// # Errors
/// If the output cannot be written.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Prints a line to the standard output. If its reader has ended (`lab check | head`), nobody misses the line:
/// the command goes on, because its verdict decides the exit code, whoever reads the output.
///
/// # Errors
/// If the output cannot be written for another reason, for example because the disk is full.
pub fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// A table with plain rules. The first `texts` columns are texts, all others are numbers.
pub fn table(header: &[&str], texts: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Columns of the terminal that a text fills at most.
const WIDTH: usize = 80;

/// A text in lines that fit a terminal of 80 columns. The first line begins with `first`, the others with `rest`.
pub fn wrapped(text: &str, first: &str, rest: &str) -> String {
    textwrap::fill(text, textwrap::Options::new(WIDTH).initial_indent(first).subsequent_indent(rest))
}

/// A count with its digits in groups of three: `1 234 567`.
pub fn count(value: u64) -> String {
    grouped(value, ' ')
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_message_is_one_line() {
        for (message, line) in [
            ("no such file: /größe/it's \"it\"", "no such file: /größe/it's \"it\""),
            ("cannot read /a\nb", "cannot read /a\\nb"),
            ("/a\r\tb", "/a\\r\\tb"),
            ("/a\u{1b}[31mb", "/a\\u{1b}[31mb"),
            ("", ""),
        ] {
            assert_eq!(super::one_line(message), line);
        }
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(super::count(value), text);
        }
    }
}

//! How commands print their results, and how they end.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, presets};
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

/// Columns of a terminal that does not say how many it has.
const WIDTH: usize = 80;

/// Columns of the terminal that the standard output is; `None` if it is none.
fn terminal() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(width))
}

/// A table with plain rules. The first `texts` columns are texts, all others are numbers. In a terminal, texts are wrapped
/// so that the table fits.
pub fn table(header: &[&str], texts: usize) -> Table {
    let mut table = plain(header, texts);
    if let Some(width) = terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.clamp(40, 1000) as u16);
    }
    table
}

/// The same, as wide as its content.
fn plain(header: &[&str], texts: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).set_header(header);
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Tables of texts in the first column and numbers in all others. There are as many as it takes for each to fit the
/// terminal, or 80 columns if there is none; all of them have the first column.
pub fn tables(header: &[&str], rows: &[Vec<String>]) -> Vec<Table> {
    let widths = (0..header.len()).map(|at| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::as_str);
        // A column has a space on each side, and one between it and the next.
        cells.chain([header[at]]).map(textwrap::core::display_width).max().unwrap_or(0) + 3
    });
    let widths: Vec<usize> = widths.collect();
    let room = terminal().unwrap_or(WIDTH).saturating_sub(widths.first().copied().unwrap_or(0));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut left = 0;
    for (at, width) in widths.iter().enumerate().skip(1) {
        match parts.last_mut() {
            Some(part) if *width <= left => part.push(at),
            _ => {
                parts.push(vec![at]);
                left = room;
            }
        }
        left = left.saturating_sub(*width);
    }
    let tables = parts.into_iter().map(|columns| {
        let columns: Vec<usize> = std::iter::once(0).chain(columns).collect();
        let header: Vec<&str> = columns.iter().map(|at| header[*at]).collect();
        let mut table = plain(&header, 1);
        let cells = |row: &Vec<String>| -> Vec<String> {
            columns.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect()
        };
        table.add_rows(rows.iter().map(cells));
        table
    });
    tables.collect()
}

/// A text in lines that fit a terminal of 80 columns. The first line begins with `first`, the others with `rest`.
pub fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let width = terminal().map_or(WIDTH, |width| width.clamp(40, 100));
    textwrap::fill(text, textwrap::Options::new(width).initial_indent(first).subsequent_indent(rest))
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
    fn tables_of_many_columns_are_split_and_fit_80_columns() {
        let header: Vec<String> = std::iter::once("scenario".to_owned())
            .chain((0..24).map(|at| format!("contender_{at}")))
            .collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let row = |name: &str| -> Vec<String> {
            std::iter::once(name.to_owned()).chain((0..24).map(|at| (at * 1000).to_string())).collect()
        };
        let rows = [row("get"), row("overwrite_shared_string (size 100000)")];
        let tables = super::tables(&header, &rows);
        assert!(tables.len() > 1);
        let texts: Vec<String> = tables.iter().map(ToString::to_string).collect();
        for text in &texts {
            assert!(text.contains("overwrite_shared_string (size 100000)"), "{text}");
            for line in text.lines() {
                assert!(textwrap::core::display_width(line) <= 80, "{line}");
            }
        }
        for name in &header[1..] {
            let with_it = texts.iter().filter(|text| text.split_whitespace().any(|word| word == *name));
            assert_eq!(with_it.count(), 1, "{name}");
        }
        // One column that is too wide gets a table of its own.
        let wide = "x".repeat(100);
        assert_eq!(super::tables(&["a", &wide, "b"], &[]).len(), 2);
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (value, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(super::count(value), text);
        }
    }
}

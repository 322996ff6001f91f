//! Formats of files of keys: what other programs write becomes one key a line.

use std::fmt;
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord};

use super::text;
use super::unpack::{MAX_BYTES, too_large};

/// A format of a file of keys (`--format`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One key a line.
    #[default]
    Lines,
    /// The format of the ARC traces: a line has a first block, a number of blocks, a field that is ignored, and the
    /// request's number. A key is a block.
    Arc,
    /// The format of the LIRS traces: a block a line, and lines of `*` between parts.
    Lirs,
    /// One column of values that are apart by commas, quoted where need be.
    Csv(Column),
    /// The same, apart by tabs.
    Tsv(Column),
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its number, from 1 on: every line is data.
    Number(usize),
    /// By its name in the first line, which is no data.
    Name(String),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, column) = match text.split_once(':') {
            Some((name, column)) => (name, Some(column)),
            None => (text, None),
        };
        let column = column.map(|column| match column.parse() {
            Ok(0) => Err("columns are counted from 1".to_owned()),
            Ok(number) => Ok(Column::Number(number)),
            Err(_) if column.is_empty() => Err("the column has no name".to_owned()),
            Err(_) => Ok(Column::Name(column.to_owned())),
        });
        match (name, column.transpose()?) {
            ("lines", None) => Ok(Format::Lines),
            ("arc", None) => Ok(Format::Arc),
            ("lirs", None) => Ok(Format::Lirs),
            ("csv", Some(column)) => Ok(Format::Csv(column)),
            ("tsv", Some(column)) => Ok(Format::Tsv(column)),
            ("csv" | "tsv", None) => Err(format!("name its column, by number or by header: `{name}:1`")),
            ("lines" | "arc" | "lirs", Some(_)) => Err(format!("`{name}` has no columns")),
            _ => Err("expected `lines`, `arc`, `lirs`, `csv:COLUMN` or `tsv:COLUMN`".to_owned()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Format::Lines => f.write_str("lines"),
            Format::Arc => f.write_str("arc"),
            Format::Lirs => f.write_str("lirs"),
            Format::Csv(column) => write!(f, "csv:{column}"),
            Format::Tsv(column) => write!(f, "tsv:{column}"),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Number(number) => number.fmt(f),
            Column::Name(name) => name.fmt(f),
        }
    }
}

impl Format {
    /// What a file of this format holds, for people.
    pub fn spelled(&self, item: &str) -> String {
        match self {
            Format::Lines => format!("one {item} a line"),
            Format::Arc => "ARC's format".to_owned(),
            Format::Lirs => "LIRS's format".to_owned(),
            Format::Csv(column) => format!("column {column} of a CSV file"),
            Format::Tsv(column) => format!("column {column} of a TSV file"),
        }
    }

    /// The keys of a file of this format, one a line.
    ///
    /// # Errors
    /// If the file is of another format: where.
    pub(super) fn keys(&self, bytes: &[u8]) -> Result<String, String> {
        let text = text::decode(bytes)?;
        let mut keys = Keys::default();
        match self {
            Format::Lines => text::each_line(text, |line| keys.add(line))?,
            Format::Arc => text::each_line(text, |line| arc(line, &mut keys))?,
            Format::Lirs => text::each_line(text, |line| lirs(line, &mut keys))?,
            Format::Csv(column) => table(text, b',', column, &mut keys)?,
            Format::Tsv(column) => table(text, b'\t', column, &mut keys)?,
        }
        if keys.count == 0 { Err("it holds no key".to_owned()) } else { Ok(keys.lines) }
    }
}

/// The most items of a file. More would not fit into a worker.
pub(super) const MOST_ITEMS: usize = 10_000_000;

/// Keys, one a line.
#[derive(Default)]
struct Keys {
    lines: String,
    count: usize,
}

impl Keys {
    fn add(&mut self, key: &str) -> Result<(), String> {
        if self.lines.len() + key.len() >= MAX_BYTES {
            return Err(format!("with it, {}", too_large()));
        }
        if self.count == MOST_ITEMS {
            return Err("with it, there are more than 10 million keys".to_owned());
        }
        self.lines.push_str(key);
        self.lines.push('\n');
        self.count += 1;
        Ok(())
    }
}

fn arc(line: &str, keys: &mut Keys) -> Result<(), String> {
    const EXPECTED: &str = "expected four numbers, as in ARC's format: first block, number of blocks, a field that is \
                            ignored, the request's number";
    let fields = line.split_ascii_whitespace().map(str::parse);
    let fields: Vec<u64> = fields.collect::<Result<_, _>>().map_err(|_| EXPECTED)?;
    let [first, count, _, _] = fields[..] else { return Err(EXPECTED.to_owned()) };
    let end = first.checked_add(count).filter(|_| count > 0);
    let end = end.ok_or_else(|| format!("there are no {count} blocks from {first} on"))?;
    (first..end).try_for_each(|block| keys.add(&block.to_string()))
}

fn lirs(line: &str, keys: &mut Keys) -> Result<(), String> {
    match line.trim() {
        "*" => Ok(()),
        block if block.parse::<u64>().is_ok() => keys.add(block),
        _ => Err("expected a block's number or `*`, as in LIRS's format".to_owned()),
    }
}

fn table(text: &str, delimiter: u8, column: &Column, keys: &mut Keys) -> Result<(), String> {
    let has_header = matches!(column, Column::Name(_));
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(has_header).from_reader(text.as_bytes());
    let at = match column {
        Column::Number(number) => number - 1,
        Column::Name(name) => {
            let header = reader.headers().map_err(|error| faulty(&error))?;
            header.iter().position(|found| found == name).ok_or_else(|| {
                let names = header.iter().take(20).collect::<Vec<_>>().join(", ");
                format!("line 1 has no column `{name}`; it has: {names}")
            })?
        }
    };
    let mut record = StringRecord::new();
    loop {
        if !reader.read_record(&mut record).map_err(|error| faulty(&error))? {
            return Ok(());
        }
        let line = record.position().map_or(0, csv::Position::line);
        let Some(key) = record.get(at) else {
            return Err(format!("line {line} has {} columns, and no column {}", record.len(), at + 1));
        };
        if key.is_empty() {
            return Err(format!("line {line}: column {} is empty", at + 1));
        }
        if key.contains(['\n', '\r']) {
            return Err(format!("line {line}: column {} holds a line end: is a quote open?", at + 1));
        }
        keys.add(key).map_err(|what| format!("line {line}: {what}"))?;
    }
}

/// What is wrong with a table, in one line.
fn faulty(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => format!(
            "line {} has {len} columns, and the lines before have {expected_len}",
            pos.as_ref().map_or(0, csv::Position::line)
        ),
        _ => error.to_string().replace('\n', " "),
    }
}

/// Which format a text looks like that is read as one key a line: what it looks like, and the option that reads it.
pub(super) fn look(text: &str) -> Option<(&'static str, &'static str)> {
    /// This many lines tell.
    const LOOKED_AT: usize = 10_000;
    let lines: Vec<&str> = text.lines().take(LOOKED_AT).collect();
    let count = |line: &str, character: char| line.matches(character).count();
    let alike = |character: char, least: usize| {
        let first = count(lines[0], character);
        lines.len() > 1 && first >= least && lines.iter().all(|line| count(line, character) == first)
    };
    let is_number = |word: &str| word.parse::<u64>().is_ok();
    let words = |line: &str| line.split_ascii_whitespace().map(is_number).collect::<Vec<_>>();
    if lines.iter().all(|line| words(line) == [true; 4]) {
        return Some(("ARC's format", "arc"));
    }
    if lines.contains(&"*") && lines.iter().all(|line| line.trim() == "*" || is_number(line.trim())) {
        return Some(("LIRS's format", "lirs"));
    }
    if alike(',', 2) {
        return Some(("values that are apart by commas", "csv:COLUMN"));
    }
    if alike('\t', 1) {
        return Some(("values that are apart by tabs", "tsv:COLUMN"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> Format {
        text.parse().unwrap()
    }

    #[test]
    fn formats_are_spelled_as_they_are_named() {
        for text in ["lines", "arc", "lirs", "csv:1", "csv:object id", "tsv:key", "csv:a:b", "csv:-1"] {
            assert_eq!(format(text).to_string(), text);
        }
        for (text, words) in [
            ("", "expected `lines`, `arc`"),
            ("CSV:1", "expected"),
            ("json", "expected"),
            ("csv", "name its column"),
            ("tsv", "`tsv:1`"),
            ("csv:", "no name"),
            ("csv:0", "counted from 1"),
            ("arc:2", "has no columns"),
            ("lines:1", "has no columns"),
        ] {
            let refused = text.parse::<Format>().unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }

    #[test]
    fn every_format_becomes_one_key_a_line() {
        let cases: [(&str, &[u8], &str); 21] = [
            ("lines", b"a\nb\na\n", "a\nb\na\n"),
            ("lines", b"\xef\xbb\xbfa\r\nb\r\n\r\n", "a\nb\n"),
            ("lines", b"a,1\nb,2\n", "a,1\nb,2\n"),
            ("arc", b"10 1 0 1\n10 3 0 2\n", "10\n10\n11\n12\n"),
            ("arc", b"  7\t2 0 1\r\n", "7\n8\n"),
            ("arc", b"18446744073709551614 1 0 0", "18446744073709551614\n"),
            ("lirs", b"1\n2\n*\n1\n*\n", "1\n2\n1\n"),
            ("lirs", b"*\n 3 \n", "3\n"),
            ("csv:2", b"1,a,x\n2,b,y\n", "a\nb\n"),
            ("csv:2", b"1,\"a,b\",x\r\n2,\"say \"\"hi\"\"\",y", "a,b\nsay \"hi\"\n"),
            ("csv:1", b"only\none\n", "only\none\n"),
            ("csv:key", b"time,key\n1,a\n2,a\n", "a\na\n"),
            ("csv:key", b"\xef\xbb\xbfkey,time\n\"a\",1\n", "a\n"),
            ("csv:object id", b"object id,x\n1,2\n", "1\n"),
            ("csv:3", b"1,a,\"x\ny\"\n", ""),
            ("csv:1", b"a,1\n\n\nb,2\n\n", "a\nb\n"),
            ("csv:1", b"a,1\rb,2\r", "a\nb\n"),
            ("csv:2", b"\"an\nend\",a\n", "a\n"),
            ("tsv:2", b"1\ta,b\n2\tc\n", "a,b\nc\n"),
            ("tsv:key", b"key\tn\nk\t1\n", "k\n"),
            ("csv:1", "é,1\nü,2\n".as_bytes(), "é\nü\n"),
        ];
        for (name, bytes, expected) in cases {
            let keys = format(name).keys(bytes);
            if expected.is_empty() {
                assert!(keys.is_err(), "{name} of {bytes:?}: {keys:?}");
            } else {
                assert_eq!(keys.as_deref(), Ok(expected), "{name} of {bytes:?}");
            }
        }
    }

    #[test]
    fn a_file_of_another_format_is_refused_with_its_place() {
        let cases: [(&str, &[u8], &str); 21] = [
            ("lines", b"a\n\nb\n", "line 2 is empty"),
            ("arc", b"1 1 0 1\na\n", "line 2: expected four numbers"),
            ("arc", b"1 1 0\n", "line 1: expected four"),
            ("arc", b"1 1 0 1 9\n", "line 1: expected four"),
            ("arc", b"-1 1 0 1\n", "line 1: expected four"),
            ("arc", b"1 0 0 1\n", "line 1: there are no 0 blocks from 1 on"),
            ("arc", b"18446744073709551615 1 0 1\n", "line 1: there are no 1 blocks"),
            ("arc", b"1 18446744073709551614 0 1\n", "line 1: with it, there are more than 10 million keys"),
            ("lirs", b"1\nx\n", "line 2: expected a block's number or `*`"),
            ("lirs", b"1 2\n", "line 1: expected"),
            ("lirs", b"*\n*\n", "it holds no key"),
            ("csv:4", b"1,a,x\n", "line 1 has 3 columns, and no column 4"),
            ("csv:1", b"1,a\n2\n", "line 2 has 1 columns, and the lines before have 2"),
            ("csv:key", b"time,id\n1,a\n", "no column `key`; it has: time, id"),
            ("csv:key", b"key\n", "it holds no key"),
            ("csv:1", b",a\n", "line 1: column 1 is empty"),
            ("csv:2", b"1,a\n2,\n", "line 2: column 2 is empty"),
            ("csv:1", b"\"a,1\nb,2\nc,3\n", "line 1: column 1 holds a line end: is a quote open?"),
            ("csv:1", b"a\0,1\n", "line 1, byte 2: a zero byte"),
            ("csv:1", b"a,1\nb\xff,2\n", "line 2, byte 2: not UTF-8"),
            ("tsv:1", b"", "it holds no key"),
        ];
        for (name, bytes, words) in cases {
            let refused = format(name).keys(bytes).unwrap_err();
            assert!(refused.contains(words), "{name}: `{words}` is not in `{refused}`");
            assert_eq!(refused.lines().count(), 1);
        }
    }

    #[test]
    fn what_looks_like_another_format_is_noticed() {
        let cases: [(&[&str], Option<&str>); 14] = [
            (&["a", "b"], None),
            (&["1", "2", "3"], None),
            (&["a,b", "c,d"], None),
            (&["a,b,c", "d"], None),
            (&["1,a,x", "2,b,y"], Some("csv:COLUMN")),
            (&["1,a,x"], None),
            (&["1\ta", "2\tb"], Some("tsv:COLUMN")),
            (&["1 1 0 1", "2 8 0 2"], Some("arc")),
            (&["1 1 0 1"], Some("arc")),
            (&["1 1 0 1", "x"], None),
            (&["1", "*", "2"], Some("lirs")),
            (&["a", "*", "2"], None),
            (&["*"], Some("lirs")),
            (&["GET /a, b, c", "GET /d"], None),
        ];
        for (lines, expected) in cases {
            assert_eq!(look(&lines.join("\n")).map(|(_, option)| option), expected, "{lines:?}");
        }
    }
}

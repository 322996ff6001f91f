//! The figures in the Markdown pages are those of the committed baseline.
//!
//! A figure that the baseline can produce is followed by a comment that says how to compute it. The comment is
//! invisible in the rendered page: `3,851<!-- figure: cells --> cells`. [`Book::compute`] lists the kinds of
//! figures.
//!
//! The tests fail where a page states another figure than the one computed, where a count of cells, contenders
//! and the like has no such comment, and where a page names a cell or a file that does not exist. `just figures` rewrites
//! the figures in place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// Set by `just figures`: rewrite the pages instead of failing.
const REWRITE: &str = "LAB_REWRITE_FIGURES";

const MARKER: &str = "<!-- figure:";
const MARKER_END: &str = "-->";

/// The end of the headings of those columns of the baseline that say by how much two measurements differed.
const NOISE: &str = "noise";

/// What a number counts where it must have a comment.
const COUNTED: &[&str] =
    &["cells", "contenders", "bottlenecks", "scenarios", "groups", "instructions", "blocks"];

/// How many words may stand between a number and what it counts: "3,851 committed cells".
const WORDS_BETWEEN: usize = 1;

/// Words that part a number from the noun that follows: "at 1,000 the contenders".
const NOT_BETWEEN: &[&str] = &["a", "and", "for", "in", "of", "or", "per", "the", "to"];

/// Numbers as words. "One" and "two" are ordinary English ("two contenders change places") and need no comment.
const WORDS: &[&str] = &[
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
];
const ORDINARY_WORDS: usize = 2;

/// What the project's own files say: the source of every figure.
struct Book {
    cells: Vec<Cell>,
    /// The Rust source of all crates but the contenders.
    source: String,
}

/// A line of the baseline.
struct Cell {
    /// Bottleneck, scenario, size, contender.
    parts: [String; 4],
    /// The other columns, by their headings: what the cell's region takes in total.
    columns: BTreeMap<String, u64>,
}

impl Cell {
    fn is_noisy(&self) -> bool {
        self.columns.iter().any(|(heading, value)| heading.ends_with(NOISE) && *value > 0)
    }
}

impl Book {
    /// Reads the baseline's tables by their headings, so that a new column can be used at once.
    fn read() -> Self {
        let mut cells = Vec::new();
        for table in files(&root().join("reports/baselines"), "tsv") {
            let text = fs::read_to_string(&table).unwrap();
            let mut lines = text.lines().map(|line| line.split('\t'));
            let headings: Vec<&str> = lines.next().unwrap().skip(1).collect();
            for mut line in lines {
                let name = line.next().unwrap();
                let parts =
                    parts(name).unwrap_or_else(|| panic!("{}: `{name}` is not a cell", table.display()));
                let mut columns = BTreeMap::new();
                // A count that could not be told is `-`, so the cell has no such figure.
                for (heading, value) in headings.iter().zip(line).filter(|(_, value)| *value != "-") {
                    columns.insert((*heading).to_owned(), value.parse().unwrap());
                }
                cells.push(Cell { parts, columns });
            }
        }
        let mut source = String::new();
        for folder in ["harness/src", "reports/src", "scenarios/src", "collections/src"] {
            append_rust_files(&root().join(folder), &mut source);
        }
        Book { cells, source }
    }

    /// Computes a figure. `PATTERN` is the start of a cell's name, in which `*` stands for any text: `persistent_map`,
    /// `persistent_vector/*_shared`. Each kind but `once` may end in `/ NUMBER`, to divide by it.
    ///
    /// | figure | is |
    /// |---|---|
    /// | `bottlenecks`, `scenarios`, `contenders`, `groups`, `cells`, each with any number of `PATTERN` | how many different ones there are |
    /// | `noisy cells` | how many cells differed between two measurements |
    /// | `METRIC CELL`, with a column of the baseline as `METRIC` | what the cell's region takes in total |
    /// | `ratio METRIC CELL CELL` | the metric of the first cell divided by that of the second |
    /// | `constant NAME` | the number that the source gives to the constant or field of that name |
    /// | `once YYYY-MM-DD` | not computed: the figure was measured on that day, and no committed file holds it |
    fn compute(&self, figure: &str) -> Result<Option<f64>, String> {
        let words: Vec<&str> = figure.split_whitespace().collect();
        let (words, divisor) = match words.as_slice() {
            [words @ .., "/", divisor] => {
                let divisor: f64 = divisor.parse().map_err(|_| format!("`{divisor}` is not a number"))?;
                (words, divisor)
            }
            words => (words, 1.0),
        };
        let value = match words {
            ["once", day] => {
                return if is_day(day) { Ok(None) } else { Err(format!("`{day}` is not a day")) };
            }
            ["constant", name] => self.constant(name)?,
            ["ratio", metric, over, under] => self.metric(metric, over)? / self.metric(metric, under)?,
            ["bottlenecks", patterns @ ..] => self.count(patterns, |[bottleneck, ..]| vec![bottleneck])?,
            ["scenarios", patterns @ ..] => {
                self.count(patterns, |[bottleneck, scenario, ..]| vec![bottleneck, scenario])?
            }
            ["contenders", patterns @ ..] => {
                self.count(patterns, |[bottleneck, _, _, contender]| vec![bottleneck, contender])?
            }
            ["groups", patterns @ ..] => {
                self.count(patterns, |[bottleneck, scenario, size, _]| vec![bottleneck, scenario, size])?
            }
            ["noisy", "cells"] => self.cells.iter().filter(|cell| cell.is_noisy()).count() as f64,
            ["cells", patterns @ ..] => self.count(patterns, |parts| parts.iter().collect())?,
            [metric, cell] if parts(cell).is_some() => self.metric(metric, cell)?,
            _ => {
                return Err(
                    "there is no such kind of figure (reports/tests/figures.rs lists them)".to_owned()
                );
            }
        };
        Ok(Some(value / divisor))
    }

    /// The number of different values of `of` among the cells that match one of the patterns.
    fn count(&self, patterns: &[&str], of: impl Fn(&[String; 4]) -> Vec<&String>) -> Result<f64, String> {
        for pattern in patterns {
            if !self.cells.iter().any(|cell| matches(pattern, cell)) {
                return Err(format!("no cell matches `{pattern}`"));
            }
        }
        let wanted =
            |cell: &&Cell| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, cell));
        Ok(self.cells.iter().filter(wanted).map(|cell| of(&cell.parts)).collect::<BTreeSet<_>>().len() as f64)
    }

    fn metric(&self, metric: &str, name: &str) -> Result<f64, String> {
        let cell = self.cell(name).ok_or_else(|| format!("the baseline has no cell `{name}`"))?;
        let value =
            cell.columns.get(metric).ok_or_else(|| format!("the baseline has no metric `{metric}`"))?;
        Ok(*value as f64)
    }

    fn cell(&self, name: &str) -> Option<&Cell> {
        let parts = parts(name)?;
        self.cells.iter().find(|cell| cell.parts == parts)
    }

    fn constant(&self, name: &str) -> Result<f64, String> {
        // `const NAME: u64 = 5` or `name: 5`.
        let start = format!("{name}: ");
        let after = self.source.match_indices(&start).filter(|(at, _)| {
            !self.source[..*at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
        });
        let values: BTreeSet<&str> = after
            .filter_map(|(at, found)| {
                let value = &self.source[at + found.len()..];
                let value = value.split([';', ',', '}', '\n']).next()?;
                Some(value.split_once(" = ").map_or(value, |(_, value)| value).trim())
            })
            .filter(|value| number(value).is_some())
            .collect();
        match values.iter().collect::<Vec<_>>().as_slice() {
            [value] => Ok(number(value).unwrap()),
            values => {
                Err(format!("the source gives `{name}` {} different numbers instead of one", values.len()))
            }
        }
    }
}

/// A number as Rust writes it.
fn number(text: &str) -> Option<f64> {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        text.replace('_', "").parse().ok()
    } else {
        None
    }
}

/// A word of a page, with the comment that follows it directly.
struct Word {
    text: String,
    /// Where `text` ends in the page.
    end: usize,
    line: usize,
    figure: Option<String>,
}

/// Something wrong in a page.
struct Fault {
    line: usize,
    what: String,
    /// Where the stated figure is in the page, and what belongs there.
    mend: Option<(std::ops::Range<usize>, String)>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

/// The words of a page outside code blocks and other comments.
fn words(page: &str) -> Result<Vec<Word>, Fault> {
    let mut words: Vec<Word> = Vec::new();
    let (mut at, mut line, mut in_code) = (0, 1, false);
    while at < page.len() {
        let rest = &page[at..];
        let starts_line = at == 0 || page.as_bytes()[at - 1] == b'\n';
        let length = if starts_line && rest.starts_with("```") {
            in_code = !in_code;
            rest.find('\n').unwrap_or(rest.len())
        } else if in_code {
            rest.find('\n').map_or(rest.len(), |end| end + 1)
        } else if rest.starts_with("<!--") {
            let fault = |what: &str| Fault { line, what: what.to_owned(), mend: None };
            let end = rest.find(MARKER_END).ok_or_else(|| fault("a comment does not end"))?;
            if let Some(figure) = rest[..end].strip_prefix(MARKER) {
                let word = words.last_mut().filter(|word| word.end == at);
                let word = word.ok_or_else(|| fault("this comment does not follow a figure directly"))?;
                word.figure = Some(figure.trim().to_owned());
            }
            end + MARKER_END.len()
        } else if let Some(space) = rest.chars().next().filter(|first| first.is_whitespace()) {
            space.len_utf8()
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let end = rest.find("<!--").map_or(end, |comment| end.min(comment));
            words.push(Word { text: rest[..end].to_owned(), end: at + end, line, figure: None });
            end
        };
        line += page[at..at + length].matches('\n').count();
        at += length;
    }
    Ok(words)
}

/// A number as a page states it: `3,851`, `0.5`, `Nine`.
struct Stated<'a> {
    text: &'a str,
    decimals: usize,
    as_word: bool,
}

impl<'a> Stated<'a> {
    /// Reads the number at the end of a word: `**3,851` or `(nine`.
    fn read(word: &'a str) -> Option<Self> {
        let start = word
            .rfind(['(', '*', '`', '[', '|', '+', '–', '×'])
            .map_or(0, |at| at + word[at..].chars().next().unwrap().len_utf8());
        let text = &word[start..];
        if WORDS.contains(&text.to_lowercase().as_str()) {
            return Some(Stated { text, decimals: 0, as_word: true });
        }
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let number: f64 = text.replace(',', "").parse().ok()?;
        let stated = Stated { text, decimals, as_word: false };
        // Only what would be printed the same way is a number: not `1,00`, `1e3` or `NaN`.
        (stated.print(number) == text).then_some(stated)
    }

    /// `value` in the way in which this number is printed.
    fn print(&self, value: f64) -> String {
        let digits = format!("{value:.*}", self.decimals);
        if self.as_word
            && let Some(word) = digits.parse().ok().and_then(|index: usize| WORDS.get(index))
        {
            let capital = self.text.starts_with(char::is_uppercase);
            let first = if capital { word[..1].to_uppercase() } else { word[..1].to_owned() };
            return format!("{first}{}", &word[1..]);
        }
        let whole = digits.split('.').next().unwrap().len();
        let comma = |at: usize| at > 0 && at < whole && (whole - at).is_multiple_of(3);
        digits.char_indices().fold(String::new(), |mut printed, (at, digit)| {
            if comma(at) {
                printed.push(',');
            }
            printed.push(digit);
            printed
        })
    }
}

/// What is wrong with a page's figures.
fn faults(book: &Book, page: &str) -> Vec<Fault> {
    let words = match words(page) {
        Ok(words) => words,
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let fault = |what: String| Fault { line: word.line, what, mend: None };
        let stated = Stated::read(&word.text);
        match (&word.figure, stated) {
            (Some(figure), None) => {
                faults.push(fault(format!("`{}` is no number, but followed by `{figure}`", word.text)))
            }
            (Some(figure), Some(stated)) => match book.compute(figure) {
                Err(error) => faults.push(fault(format!("`{figure}`: {error}"))),
                Ok(None) => {}
                Ok(Some(value)) => {
                    let computed = stated.print(value);
                    if computed != stated.text {
                        let what = format!("states {}, but `{figure}` is {computed}", stated.text);
                        let mend = Some((word.end - stated.text.len()..word.end, computed));
                        faults.push(Fault { mend, ..fault(what) });
                    }
                }
            },
            (None, Some(stated)) if !is_ordinary(&stated) => {
                if let Some(noun) = counted(&words[index + 1..]) {
                    faults.push(fault(format!(
                        "`{} {noun}` has no comment that says how it is computed: {MARKER} … {MARKER_END}",
                        stated.text
                    )));
                }
            }
            (None, _) => {}
        }
    }
    faults
}

/// What the number before these words counts, if it is one of [`COUNTED`]: "cells", "committed cells", but not
/// "to the cells".
fn counted(words: &[Word]) -> Option<&'static str> {
    for word in words.iter().take(WORDS_BETWEEN + 1) {
        let bare = word.text.trim_end_matches(['.', ',', ';', ':', ')', '*', '`']);
        if let Some(noun) = COUNTED.iter().find(|noun| **noun == bare) {
            return Some(noun);
        }
        if bare != word.text || !bare.chars().all(char::is_alphabetic) || NOT_BETWEEN.contains(&bare) {
            return None;
        }
    }
    None
}

fn is_ordinary(stated: &Stated<'_>) -> bool {
    stated.as_word && WORDS.iter().take(ORDINARY_WORDS + 1).any(|word| stated.text.eq_ignore_ascii_case(word))
}

fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.char_indices().all(|(at, c)| if at == 4 || at == 7 { c == '-' } else { c.is_ascii_digit() })
}

/// The parts of a cell's name.
fn parts(name: &str) -> Option<[String; 4]> {
    let parts: Vec<String> = name.split('/').map(str::to_owned).collect();
    let parts = <[String; 4]>::try_from(parts).ok()?;
    parts[2].parse::<u64>().is_ok().then_some(parts)
}

fn matches(pattern: &str, cell: &Cell) -> bool {
    pattern.split('/').count() <= cell.parts.len()
        && pattern.split('/').zip(&cell.parts).all(|(pattern, part)| matches_part(pattern, part))
}

fn matches_part(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((start, rest)) => part.strip_prefix(start).is_some_and(|part| {
            part.char_indices()
                .map(|(at, _)| at)
                .chain([part.len()])
                .any(|at| matches_part(rest, &part[at..]))
        }),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The pages: the project's Markdown files.
fn pages() -> Vec<PathBuf> {
    let places = ["", "collections", "collections/docs", "docs", "reports"];
    places.iter().flat_map(|place| files(&root().join(place), "md")).collect()
}

/// The files of a directory with an extension, sorted.
fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

/// Appends the source of a directory's Rust files up to their tests.
fn append_rust_files(directory: &Path, source: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            append_rust_files(&path, source);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            source.push_str(text.split("#[cfg(test)]").next().unwrap());
        }
    }
}

fn name(page: &Path) -> String {
    page.strip_prefix(root()).unwrap().display().to_string()
}

#[test]
fn figures_are_those_of_the_baseline() {
    let book = Book::read();
    let rewrite = std::env::var_os(REWRITE).is_some();
    let (mut wrong, mut figures) = (Vec::new(), 0);
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        figures += page.matches(MARKER).count();
        let mut mended = page.clone();
        // From the end, so that earlier places stay where they are.
        for fault in faults(&book, &page).into_iter().rev() {
            match fault.mend.clone() {
                Some((range, computed)) if rewrite => mended.replace_range(range, &computed),
                _ => wrong.push(format!("{}:{fault}", name(&path))),
            }
        }
        if mended != page {
            fs::write(&path, mended).unwrap();
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "\n{}\n(`just figures` rewrites the figures)\n", wrong.join("\n"));
    assert!(figures > 0, "no page has a figure");
}

#[test]
fn cells_that_pages_name_exist() {
    let book = Book::read();
    let bottlenecks: BTreeSet<&String> = book.cells.iter().map(|cell| &cell.parts[0]).collect();
    let (mut missing, mut named) = (Vec::new(), 0);
    for path in pages() {
        for (line, text) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let candidates = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '/'));
            // Cells of the reader's own data are in no baseline.
            let is_cell = |text: &&str| {
                parts(text)
                    .is_some_and(|parts| bottlenecks.contains(&parts[0]) && !parts[1].starts_with("own_"))
            };
            for cell in candidates.filter(is_cell) {
                named += 1;
                if book.cell(cell).is_none() {
                    missing.push(format!("{}:{}: there is no cell {cell}", name(&path), line + 1));
                }
            }
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
    assert!(named > 0, "no page names a cell");
}

/// The folders whose files pages name by their path from the root.
const FOLDERS: &[&str] =
    &["collections/", "docs/", "harness/", "impls/", "reports/", "scenarios/", "scripts/", "testkit/"];

/// The files and folders that a page names: the targets of its links, and paths in backticks. Not those with a
/// part that the reader chooses, such as `<bottleneck>` or `my_map`.
fn named_files(page: &str) -> Vec<&str> {
    let links = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links = links.filter(|target| !target.is_empty() && !target.contains("://"));
    let quoted = page.split('`').skip(1).step_by(2);
    let quoted = quoted.filter(|text| FOLDERS.iter().any(|folder| text.starts_with(folder)));
    let chosen = |name: &&str| name.contains(['<', '*', '…', ' ']) || name.contains("my_");
    links.chain(quoted).filter(|name| !chosen(name)).collect()
}

#[test]
fn files_that_pages_name_exist() {
    let mut missing = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        for file in named_files(&page) {
            let beside = path.parent().unwrap().join(file);
            if !beside.exists() && !root().join(file).exists() {
                missing.push(format!("{}: there is no {file}", name(&path)));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

#[test]
fn links_and_paths_are_files_that_a_page_names() {
    let page = "[a](docs/a.md#part), [b](https://b.c), `reports/src/x.rs`, `impls/<b>/<c>/`, `scenarios/src/my_b/mod.rs`, \
                `lab`, `scripts/just new`, [c](#part)";
    assert_eq!(named_files(page), ["docs/a.md", "reports/src/x.rs"]);
}

fn book() -> Book {
    let cell = |(name, instructions): (&str, u64)| {
        let columns = [("instructions", instructions), ("noise", 0), ("blocks", 3), ("bytes", 64)];
        let columns = columns.map(|(heading, value)| (heading.to_owned(), value)).into();
        Cell { parts: parts(name).unwrap(), columns }
    };
    let cells =
        [("map/get/8/a", 2_584_698), ("map/get/8/b", 1000), ("map/set/8/a", 500), ("list/pop/100/a", 9)];
    let source = "const LEAST: u64 = 1_200;\nconst AT_LEAST: u64 = 9;\nconst MANY: u8 = 1;\nconst MANY: u8 = 2;\n\
                  gate: Gate { share: 0.005, more: 5 },\nshare: f64,\n";
    Book { cells: cells.map(cell).into(), source: source.to_owned() }
}

fn complaints(page: &str) -> Vec<String> {
    faults(&book(), page).iter().map(Fault::to_string).collect()
}

#[test]
fn every_kind_of_figure_is_computed() {
    for (figure, value) in [
        ("cells", 4.0),
        ("cells map", 3.0),
        ("cells map/*et/8/a", 2.0),
        ("cells map/*/*/b list", 2.0),
        ("bottlenecks", 2.0),
        ("scenarios map", 2.0),
        ("contenders", 3.0),
        ("groups", 3.0),
        ("instructions map/get/8/a / 1000", 2584.698),
        ("blocks map/get/8/a", 3.0),
        ("bytes map/get/8/a", 64.0),
        ("ratio instructions map/get/8/b map/set/8/a", 2.0),
        ("constant LEAST", 1200.0),
        ("noisy cells", 0.0),
        ("constant share / 0.01", 0.5),
    ] {
        assert_eq!(book().compute(figure), Ok(Some(value)), "{figure}");
    }
    assert_eq!(book().compute("once 2026-11-20"), Ok(None));
    for wrong in [
        "cell",
        "once lately",
        "cells tree",
        "constant MISSING",
        "constant MANY",
        "blocks map/get/9/a",
        "cells / x",
    ] {
        assert!(book().compute(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_wrong_figure_is_named_with_line_and_both_values() {
    assert_eq!(
        complaints("# A\n\nIt takes **2,862<!-- figure: instructions map/get/8/a / 1000 --> instructions**."),
        ["3: states 2,862, but `instructions map/get/8/a / 1000` is 2,585"]
    );
    assert_eq!(
        complaints("Nine<!-- figure: bottlenecks --> bottlenecks"),
        ["1: states Nine, but `bottlenecks` is Two"]
    );
    let wrong = "1.9<!-- figure: ratio instructions map/get/8/b map/set/8/a -->×";
    assert_eq!(complaints(wrong), ["1: states 1.9, but `ratio instructions map/get/8/b map/set/8/a` is 2.0"]);
    assert_eq!(
        complaints("0.5<!-- figure: constant share / 0.01 --> % and 1,200<!-- figure: constant LEAST -->"),
        [""; 0]
    );
}

#[test]
fn a_figure_without_a_comment_is_found() {
    for page in [
        "It has 3,851 cells.",
        "all nine\nbottlenecks",
        "(458 measured cells)",
        "**12** contenders, 9 contenders",
    ] {
        assert_eq!(complaints(page).len(), 1, "{page}");
    }
    for page in [
        "two contenders change places",
        "458<!-- figure: once 2026-11-20 --> cells were counted",
        "at 1,000 the contenders",
        "four meters: instructions",
        "see 2026-11-20: cells",
        "```sh\nlab run # 9 cells\n```",
    ] {
        assert_eq!(complaints(page), [""; 0], "{page}");
    }
}

#[test]
fn a_comment_in_the_wrong_place_is_found() {
    for page in [
        "4 <!-- figure: cells -->",
        "cells<!-- figure: cells -->",
        "4<!-- figure: cells",
        "1,00<!-- figure: cells -->",
    ] {
        assert_eq!(complaints(page).len(), 1, "{page}");
    }
}

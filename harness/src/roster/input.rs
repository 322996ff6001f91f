//! A user's own file, on which some bottlenecks can be measured (`lab run --input`).
//!
//! The lab reads it once, whatever it is: a file, a pipe, the standard input. It unpacks it, turns it into the
//! [form](Form) that the scenarios take, and keeps that in the run's directory until the record is written. Workers, and a
//! run that goes on, read it from there, so nothing that happens to the file afterwards changes what is measured.

mod format;
mod text;
mod unpack;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use reports::record::InputInfo;
use scenarios::{Bottleneck, Form, OwnInput};

pub use format::Format;
use format::MOST_ITEMS;
use unpack::STANDARD_INPUT;

use crate::error::{UsageError, usage};
use crate::sha256::sha256;

/// A file as the command line names it, and which of several it is.
#[derive(Debug)]
struct Source<'a> {
    /// Its part's name; empty if the kind of file has only one.
    part: &'static str,
    path: &'a Path,
}

impl Source<'_> {
    /// Its name, without the directories of this machine. What has no name that means anything later is `-`, as the
    /// standard input.
    fn name(&self) -> String {
        let nameless = ["/dev/", "/proc/"].iter().any(|place| self.path.starts_with(place));
        let name = self.path.file_name().filter(|_| !nameless);
        name.map_or(STANDARD_INPUT.to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Its name, with its part in front.
    fn full_name(&self) -> String {
        if self.part.is_empty() { self.name() } else { format!("{}={}", self.part, self.name()) }
    }

    fn refuse(&self, what: &str) -> UsageError {
        let part = if self.part.is_empty() { String::new() } else { format!("{}=", self.part) };
        usage(format!("--input {part}{}: {what}", self.path.display()))
    }
}

/// What was read of the user.
#[derive(Debug)]
pub struct Input {
    /// What a record says of it.
    pub info: InputInfo,
    /// Its content, in the form of its kind. It lives until the process ends, because cases may keep references into it.
    pub bytes: &'static [u8],
    /// The bottleneck that it was read for.
    bottleneck: &'static Bottleneck,
    kind: &'static OwnInput,
    /// The one size that it has, if it has one.
    size: Option<usize>,
    /// What its reader should know before they look at numbers.
    remarks: Vec<String>,
    /// Where workers find it.
    place: PathBuf,
}

/// The name of the kept input in a run's directory.
const KEPT: &str = "input";

impl Input {
    /// Reads files for a bottleneck. `named` is what the command line says: paths, each with its part's name and `=` in
    /// front if the bottleneck takes several.
    ///
    /// # Errors
    /// If the bottleneck takes no file or not these, or if one cannot be read or is wrong: one line that says where.
    pub fn read(bottleneck: &'static Bottleneck, named: &[String], format: Option<&Format>) -> Result<Self> {
        let name = bottleneck.name;
        let kinds = bottleneck.own_inputs;
        if kinds.is_empty() {
            let why = bottleneck.why_no_input;
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            bail!(usage(format!("--input: {name} cannot be measured on a file{why}")));
        }
        let matching = kinds.iter().filter_map(|kind| Some((kind, sources(kind, named)?)));
        let matching: Vec<(&OwnInput, Vec<Source<'_>>)> = matching.collect();
        let Some((_, first)) = matching.first() else {
            bail!(usage(format!(
                "--input: {name} takes {}",
                kinds.iter().map(options).collect::<Vec<_>>().join(" or ")
            )));
        };
        if first.iter().filter(|source| source.path == Path::new(STANDARD_INPUT)).count() > 1 {
            bail!(usage("--input: the standard input `-` can be read only once"));
        }
        let mut contents = Vec::new();
        for source in first {
            let read = unpack::read(source.path).and_then(|bytes| unpack::unpack(bytes, &source.name()));
            contents.push(read.map_err(|what| source.refuse(&what))?);
        }
        // The kinds are tried in their order. What the last one objects to is said if none takes the file.
        let mut problem = None;
        for (kind, sources) in &matching {
            // A format is asked for where a file of keys may be taken for something else.
            let has_keys = kinds.iter().any(|kind| kind.form == Form::Keys);
            if format.is_some_and(|format| *format != Format::Lines || has_keys) && kind.form != Form::Keys {
                let formats = "`--format` is for keys";
                problem.get_or_insert(usage(format!("{formats}: {name} takes {}", kind.expects)));
                continue;
            }
            match Input::of_kind(bottleneck, kind, sources, &contents, format) {
                Ok(input) => return Ok(input),
                Err(error) => {
                    let is_meant = kind.claims.is_some_and(|claims| claims(&contents[0].0));
                    // If no kind is meant, the fault is told of the kind that any file may be, or of the usual one.
                    if is_meant || kind.claims.is_none() || problem.is_none() {
                        problem = Some(error);
                    }
                    if is_meant {
                        break;
                    }
                }
            }
        }
        Err(problem.unwrap_or_else(|| usage("--input: nothing was read")).into())
    }

    fn of_kind(
        bottleneck: &'static Bottleneck,
        kind: &'static OwnInput,
        sources: &[Source<'_>],
        contents: &[(Vec<u8>, Option<&'static str>)],
        format: Option<&Format>,
    ) -> Result<Self, UsageError> {
        let usual = Format::Lines;
        let spelled = format.unwrap_or(&usual);
        let mut text = String::new();
        let mut counts = vec![0; sources.len()];
        for ((source, (bytes, _)), count) in sources.iter().zip(contents).zip(&mut counts) {
            let expects = || format!("; {} expects {}", bottleneck.name, kind.expects);
            let refuse = |what: String| source.refuse(&format!("{what}{}", expects()));
            match kind.form {
                Form::Whole => text.push_str(text::decode(bytes).map_err(refuse)?),
                Form::Keys => text.push_str(
                    &spelled
                        .keys(bytes)
                        .map_err(|what| if format.is_some() { source.refuse(&what) } else { refuse(what) })?,
                ),
                Form::Lines => {
                    let part = kind.parts.iter().find(|part| part.name == source.part);
                    let mut take = |line: &str| {
                        text.push_str(line);
                        text.push('\n');
                        *count += 1;
                        if *count > MOST_ITEMS {
                            return Err("with it, there are more than 10 million lines".to_owned());
                        }
                        part.map_or(Ok(()), |part| (part.check)(line))
                    };
                    let read = text::decode(bytes).and_then(|lines| text::each_line(lines, &mut take));
                    read.map_err(refuse)?;
                }
            }
        }
        let last = sources.last().expect("a kind has at least one file");
        (kind.check)(text.as_bytes())
            .map_err(|what| last.refuse(&format!("{what}; {} expects {}", bottleneck.name, kind.expects)))?;
        let packings = contents.iter().filter_map(|(_, packing)| *packing).collect();
        Ok(Input::new(bottleneck, kind, (sources, &counts), packings, spelled, text))
    }

    /// What was read and found to be right. Each source has so many lines.
    fn new(
        bottleneck: &'static Bottleneck,
        kind: &'static OwnInput,
        (sources, counts): (&[Source<'_>], &[usize]),
        mut packings: Vec<&'static str>,
        format: &Format,
        text: String,
    ) -> Self {
        let size = kind.size.map(|size| size(text.as_bytes()));
        let items = if kind.form == Form::Whole { 1 } else { text.lines().count() };
        let is_one_list = kind.form != Form::Whole && kind.parts.is_empty();
        let distinct = is_one_list.then(|| text.lines().collect::<HashSet<&str>>().len());
        let mut summary = Vec::new();
        if let Some(distinct) = distinct {
            summary.push(counted(items, kind.items[usize::from(items != 1)]));
            summary.push(format!("{} distinct", grouped(distinct)));
            summary.push(format.spelled(kind.items[0]));
        } else if kind.form == Form::Whole {
            summary.push(kind.items[0].to_owned());
            summary.extend(size.map(|size| counted(size, kind.sizes_count)));
        } else {
            summary.extend(sources.iter().zip(counts).map(|(source, count)| counted(*count, source.part)));
            summary.push("one a line".to_owned());
        }
        packings.dedup();
        summary.extend(packings.into_iter().map(str::to_owned));
        let names: Vec<String> = sources.iter().map(Source::full_name).collect();
        let info = InputInfo {
            name: names.join(" "),
            sha256: sha256([&text]),
            kind: kind.name.to_owned(),
            format: format.to_string(),
            bytes: text.len() as u64,
            items: items as u64,
            distinct: distinct.map(|distinct| distinct as u64),
            summary: summary.join(", "),
        };
        let remarks = remarks(kind, format, &text, items, distinct);
        Input {
            info,
            bytes: text.into_bytes().leak(),
            bottleneck,
            kind,
            size,
            remarks,
            place: PathBuf::new(),
        }
    }

    /// What was recognised, a line each.
    pub fn description(&self) -> Vec<String> {
        let InputInfo { name, summary, .. } = &self.info;
        let name = if name == STANDARD_INPUT { "standard input" } else { name };
        let first = format!("input: {name}: {summary}");
        std::iter::once(first).chain(self.remarks.iter().map(|remark| format!("note: {remark}"))).collect()
    }

    /// The words of the command line that name the files again.
    pub fn arguments(&self) -> Vec<String> {
        let mut words = Vec::new();
        // A name may hold a blank, but no part's name follows one.
        let files: Vec<String> = match self.kind.parts {
            [] => vec![self.info.name.clone()],
            parts => split_parts(&self.info.name, parts.iter().map(|part| part.name)),
        };
        for file in files {
            // What begins with a dash would be taken for an option.
            let file =
                if file.starts_with('-') && file != STANDARD_INPUT { format!("./{file}") } else { file };
            words.extend(["--input".to_owned(), file]);
        }
        // Keys that look like another kind of file are keys only where the format says so.
        let mut others = self.bottleneck.own_inputs.iter().filter(|kind| kind.name != self.kind.name);
        let looks_like_another = others.any(|kind| kind.claims.is_some_and(|claims| claims(self.bytes)));
        if self.info.format != Format::Lines.to_string() || looks_like_another {
            words.extend(["--format".to_owned(), self.info.format.clone()]);
        }
        words
    }

    /// The kind of file that it is to a bottleneck; `None` if it was not read for this one.
    pub fn kind(&self, bottleneck: &Bottleneck) -> Option<&'static OwnInput> {
        (self.bottleneck.name == bottleneck.name).then_some(self.kind)
    }

    /// The one size that it has; `None` if the scenarios decide.
    pub fn size(&self) -> Option<usize> {
        self.size
    }

    /// Refuses sizes that somebody asks for where the input has its own.
    ///
    /// # Errors
    /// If the input has one size and another is asked for.
    pub fn check_sizes(&self, asked: &[usize]) -> Result<()> {
        match self.size {
            Some(size) if asked.iter().any(|asked| *asked != size) => bail!(usage(format!(
                "--size: this input has one size, its {}",
                counted(size, self.kind.sizes_count)
            ))),
            _ => Ok(()),
        }
    }

    /// Keeps it in a run's directory, where workers find it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self, directory: &Path) -> Result<()> {
        let place = directory.join(KEPT);
        let text = std::str::from_utf8(self.bytes).context("what was kept is text")?;
        reports::io::write_text(&place, text)?;
        self.place = place;
        Ok(())
    }

    /// What a run has kept in its directory.
    ///
    /// # Errors
    /// If it is not there any more, or was changed.
    pub fn kept(directory: &Path, info: &InputInfo, bottleneck: &'static Bottleneck) -> Result<Self> {
        let place = directory.join(KEPT);
        let refuse = |what: &str| usage(format!("{} {what}; start a new run", place.display()));
        let kind = bottleneck.own_inputs.iter().find(|kind| kind.name == info.kind);
        let kind = kind.ok_or_else(|| refuse("is of a kind that this lab does not know"))?;
        let bytes = match std::fs::read(&place) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                bail!(refuse("is gone, as after a run that has ended"))
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", place.display())),
        };
        if sha256([&bytes]) != info.sha256 {
            bail!(refuse("was changed since the run began"));
        }
        let size = kind.size.map(|size| size(&bytes));
        Ok(Input {
            info: info.clone(),
            bytes: bytes.leak(),
            bottleneck,
            kind,
            size,
            remarks: Vec::new(),
            place,
        })
    }

    /// An input of the lab's own for the scenario `own` about a file, kept in a directory, where workers find it.
    ///
    /// # Errors
    /// If the bottleneck has no such scenario, or the input cannot be kept.
    pub fn of_lab(
        bottleneck: &'static Bottleneck,
        own: &str,
        text: String,
        directory: &Path,
    ) -> Result<Self> {
        let mut kinds = bottleneck.own_inputs.iter();
        let kind = kinds.find(|kind| kind.scenarios.iter().any(|scenario| scenario.name == own));
        let kind = kind.with_context(|| format!("{} has no scenario `{own}`", bottleneck.name))?;
        let none: &[Source<'_>] = &[];
        let mut input = Input::new(bottleneck, kind, (none, &[]), Vec::new(), &Format::Lines, text);
        input.size = None;
        input.keep(directory)?;
        Ok(input)
    }

    /// Removes what was kept in a run's directory: once there is a record, nobody needs it.
    pub fn forget(directory: &Path) {
        let _ = std::fs::remove_file(directory.join(KEPT));
    }

    /// Where workers find it.
    pub fn place(&self) -> &Path {
        &self.place
    }
}

/// What a worker reads: the content that the lab kept.
///
/// # Errors
/// If it cannot be read.
pub fn read_kept(place: &Path) -> Result<&'static [u8]> {
    let bytes = std::fs::read(place).with_context(|| format!("cannot read the kept {}", place.display()))?;
    Ok(bytes.leak())
}

/// The files that a kind needs; `None` if these are not they.
fn sources<'a>(kind: &OwnInput, named: &'a [String]) -> Option<Vec<Source<'a>>> {
    if kind.parts.is_empty() {
        let [path] = named else { return None };
        return Some(vec![Source { part: "", path: Path::new(path) }]);
    }
    let path = |part: &str| -> Option<&'a str> {
        let mut found = named.iter().filter_map(|name| name.strip_prefix(part)?.strip_prefix('='));
        found.next().filter(|_| found.next().is_none())
    };
    let sources =
        kind.parts.iter().map(|part| Some(Source { part: part.name, path: Path::new(path(part.name)?) }));
    sources.collect::<Option<Vec<_>>>().filter(|sources| sources.len() == named.len())
}

/// The options that name the files of a kind.
fn options(kind: &OwnInput) -> String {
    if kind.parts.is_empty() {
        return format!("one `--input FILE`, {}", kind.expects);
    }
    let parts = kind.parts.iter().map(|part| format!("`--input {}=FILE`", part.name));
    format!("{}: {}", parts.collect::<Vec<_>>().join(" and "), kind.expects)
}

/// Takes a name of several files apart again: each begins with its part's name.
fn split_parts<'a>(name: &str, parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut starts: Vec<usize> = parts
        .filter_map(|part| {
            let start = format!("{part}=");
            if name.starts_with(&start) { Some(0) } else { name.find(&format!(" {start}")).map(|at| at + 1) }
        })
        .collect();
    starts.push(name.len() + 1);
    starts.windows(2).map(|pair| name[pair[0]..pair[1] - 1].to_owned()).collect()
}

/// What a reader of the numbers should know of a file of keys.
fn remarks(
    kind: &OwnInput,
    format: &Format,
    text: &str,
    items: usize,
    distinct: Option<usize>,
) -> Vec<String> {
    let Some(distinct) = distinct else { return Vec::new() };
    let mut remarks = Vec::new();
    let unique = distinct == items && items > 1;
    // Only a trace is about keys that come again. A map's keys need not.
    let is_trace = kind.form == Form::Keys && kind.size.is_none();
    if unique && is_trace {
        remarks.push("no key repeats, so no cache ever hits".to_owned());
    }
    if kind.form == Form::Keys
        && *format == Format::Lines
        && let Some((looks_like, option)) = format::look(text)
    {
        remarks.push(format!(
            "the lines look like {looks_like}; whole lines are taken as keys. `--format {option}` reads them as such"
        ));
    }
    remarks
}

/// A number with a comma before every third digit from its end.
fn grouped(number: usize) -> String {
    crate::progress::grouped(number as u64, ',')
}

fn counted(number: usize, what: &str) -> String {
    format!("{} {what}", grouped(number))
}

#[cfg(test)]
mod tests {
    use scenarios::{flat_query, lru_cache, pattern_index, signals, small_map};

    use super::*;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_was_read_is_said() {
        let home = tempfile::tempdir().unwrap();
        let read = |bottleneck: &'static Bottleneck, content: &[u8], format: Option<&str>| {
            let path = home.path().join("my file");
            std::fs::write(&path, content).unwrap();
            let format = format.map(|format| format.parse().unwrap());
            let path = path.to_str().unwrap().to_owned();
            Input::read(bottleneck, &[path], format.as_ref()).unwrap()
        };
        let trace = |content: &[u8], format| read(&lru_cache::BOTTLENECK, content, format).description();
        assert_eq!(trace(b"a\nb\na\n", None), ["input: my file: 3 keys, 2 distinct, one key a line"]);
        assert_eq!(trace(b"a\n", None), ["input: my file: 1 key, 1 distinct, one key a line"]);
        let unique = trace(b"1,a,x\n2,a,x\n", None);
        assert_eq!(unique.len(), 3);
        assert!(
            unique[1].contains("no key repeats") && unique[2].contains("--format csv:COLUMN"),
            "{unique:?}"
        );
        assert_eq!(
            trace(b"1,a,x\n2,a,x\n", Some("csv:2")),
            ["input: my file: 2 keys, 1 distinct, column 2 of a CSV file"]
        );
        assert!(trace(b"1 1 0 1\n1 1 0 2\n", Some("arc"))[0].contains("ARC's format"));
        assert!(trace(b"1\n*\n1\n", None)[1].contains("--format lirs"));
        let map = read(&small_map::BOTTLENECK, b"a\nb\n", None);
        assert_eq!(map.description(), ["input: my file: 2 keys, 2 distinct, one key a line"]);
        assert_eq!(map.size(), Some(2));
        let document = read(&flat_query::BOTTLENECK, br#"{"a": [1, 2, 3]}"#, None);
        assert_eq!(document.description(), ["input: my file: document, 3 leaves"]);
        assert!(document.check_sizes(&[]).is_ok() && document.check_sizes(&[3]).is_ok());
        let refused = document.check_sizes(&[100]).unwrap_err().to_string();
        assert_eq!(refused, "--size: this input has one size, its 3 leaves");
        assert_eq!(document.arguments(), ["--input", "my file"]);
    }

    #[test]
    fn files_are_named_by_their_part() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (patterns, pointers) = (file("p q", "$.a\r\n$..b\r\n"), file("-x", "/a\n/a/b\n/c\n"));
        let names = [format!("pointers={pointers}"), format!("patterns={patterns}")];
        let input = Input::read(&pattern_index::BOTTLENECK, &names, None).unwrap();
        assert_eq!(input.bytes, b"$.a\n$..b\n/a\n/a/b\n/c\n");
        assert_eq!(input.arguments(), ["--input", "patterns=p q", "--input", "pointers=-x"]);
        assert_eq!(
            input.description(),
            ["input: patterns=p q pointers=-x: 2 patterns, 3 pointers, one a line"]
        );
        assert_eq!(input.size(), Some(2));
        let broken = format!("pointers={}", file("broken", "/a\nb\n"));
        for (names, words) in [
            (&[patterns.clone()][..], "`--input patterns=FILE` and `--input pointers=FILE`"),
            (&names[..1], "`--input patterns=FILE` and"),
            (&[names[0].clone(), names[0].clone()], "takes `--input patterns=FILE`"),
            (&[names[0].clone(), names[1].clone(), pointers.clone()], "takes"),
            (&["patterns=-".to_owned(), "pointers=-".to_owned()], "only once"),
            (&[names[1].clone(), "pointers=/none".to_owned()], "--input pointers=/none: cannot open it"),
            (
                &[names[1].clone(), broken],
                "line 2: a JSON pointer is empty or begins with `/`; pattern_index expects",
            ),
            (&[format!("patterns={pointers}"), names[0].clone()], "line 1: "),
        ] {
            let refused = Input::read(&pattern_index::BOTTLENECK, names, None).unwrap_err().to_string();
            assert!(refused.contains(words), "`{words}` is not in `{refused}`");
        }
        let arc = Format::Arc;
        let refused = Input::read(&pattern_index::BOTTLENECK, &names, Some(&arc)).unwrap_err().to_string();
        assert!(refused.contains("`--format` is for keys"), "{refused}");
        let refused = Input::read(&signals::BOTTLENECK, &named(&["x"]), None).unwrap_err().to_string();
        assert!(refused.contains("a program's signals are its code"), "{refused}");
    }

    #[test]
    fn what_is_kept_is_what_was_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("keys");
        std::fs::write(&path, "b\r\na\r\nb\r\n").unwrap();
        let names = [path.to_str().unwrap().to_owned()];
        let mut input = Input::read(&lru_cache::BOTTLENECK, &names, None).unwrap();
        let run = home.path().join("run");
        input.keep(&run).unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(read_kept(input.place()).unwrap(), b"b\na\nb\n");
        let again = Input::kept(&run, &input.info, &lru_cache::BOTTLENECK).unwrap();
        assert_eq!((again.bytes, &again.info), (input.bytes, &input.info));
        std::fs::write(run.join(KEPT), "b\na\nc\n").unwrap();
        let refused = |what: &str| {
            let error = Input::kept(&run, &input.info, &lru_cache::BOTTLENECK).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(crate::error::exit_of(&error), crate::error::Exit::Usage);
        };
        refused("was changed");
        Input::forget(&run);
        refused("is gone");
    }
}

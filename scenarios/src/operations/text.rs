//! The grammar of a trace: one operation a line, in words.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::input::FixedHasher;

/// An operation of a bottleneck's traces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Its name, the first word of a line.
    pub(crate) name: &'static str,
    /// The words behind it, as an error spells them: `VERSION KEY VALUE`.
    pub(crate) operands: &'static str,
}

/// A line with an operation that there is and as many words as it takes.
pub(crate) struct Line<'a, 'w> {
    words: &'w [Cow<'a, str>],
    next: usize,
}

impl<'a> Line<'a, '_> {
    /// The operation's name.
    pub(crate) fn operation(&self) -> &str {
        &self.words[0]
    }

    /// The next word. There are as many as the operation takes.
    pub(crate) fn word(&mut self) -> Cow<'a, str> {
        self.next += 1;
        self.words[self.next].clone()
    }

    /// The next word as a number.
    ///
    /// # Errors
    /// If it is none, or is too large.
    pub(crate) fn number(&mut self) -> Result<u64, String> {
        let word = self.word();
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("`{}` is not a number: expected digits, such as 0 or 17", shortened(&word)));
        }
        let too_large = || format!("{} is too large: expected at most {}", shortened(&word), u64::MAX);
        word.parse().map_err(|_| too_large())
    }
}

/// The words that begin a comment with a header.
const HEADER: &str = "bottleneck-lab";

/// The version of the grammar.
const GRAMMAR: &str = "1";

/// Similarity (Jaro–Winkler, at most 1) from which a name is taken for a misspelling of another.
const SIMILAR: f64 = 0.75;

/// Calls `each` with every operation of a file. `contracts` are the names that a header may have, the bottleneck's own
/// first.
///
/// # Errors
/// In one line: where the file is wrong and what was expected there.
pub(crate) fn read<'a>(
    file: &'a [u8],
    contracts: &[&str],
    operations: &[Operation],
    mut each: impl FnMut(&mut Line<'a, '_>) -> Result<(), String>,
) -> Result<(), String> {
    let text = std::str::from_utf8(file).map_err(|error| {
        let line = 1 + file[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        format!("line {line} is not UTF-8: expected plain text")
    })?;
    let mut words = Vec::new();
    let mut is_empty = true;
    for (number, line) in lines(text) {
        let outcome = match comment(line) {
            Some(comment) => check_header(comment, contracts),
            None => split(line, &mut words).and_then(|()| {
                is_empty = false;
                check_words(&words, operations)?;
                each(&mut Line { words: &words, next: 0 })
            }),
        };
        outcome.map_err(|reason| format!("line {number}: {reason}"))?;
    }
    if is_empty {
        return Err(format!("it has no operation: expected lines such as `{}`", spelled(&operations[0])));
    }
    Ok(())
}

/// How many operations of a file are looked at to tell whether it is meant to be a trace.
const LOOKED_AT: usize = 100;

/// Whether a file is meant to be a trace, even if it is faulty: it has the header, or most of its first operations have a
/// name that there is, and the number of a version behind it.
pub(crate) fn looks_like(file: &[u8], operations: &[Operation]) -> bool {
    let text = String::from_utf8_lossy(file);
    let is_header = |text: &str| text.split_ascii_whitespace().next() == Some(HEADER);
    let is_operation = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let known = operations.iter().any(|operation| operation.name == name);
        known && words.next().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if lines(&text).next().and_then(|(_, line)| comment(line)).is_some_and(is_header) {
        return true;
    }
    let first: Vec<bool> = lines(&text)
        .filter(|(_, line)| comment(line).is_none())
        .take(LOOKED_AT)
        .map(|(_, line)| is_operation(line))
        .collect();
    2 * first.iter().filter(|is_operation| **is_operation).count() > first.len()
}

/// The number of the line of an operation, and the line. A file that was read before has it.
pub(crate) fn line_of(file: &[u8], operation: usize) -> Option<(usize, &str)> {
    let text = std::str::from_utf8(file).ok()?;
    lines(text).filter(|(_, line)| comment(line).is_none()).nth(operation)
}

/// The lines of a text that are not blank, each with its number.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    (1..).zip(lines).filter(|(_, line)| !line.bytes().all(is_space))
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// What stands behind the `#` of a comment.
fn comment(line: &str) -> Option<&str> {
    line.trim_start_matches([' ', '\t']).strip_prefix('#')
}

fn check_header(comment: &str, contracts: &[&str]) -> Result<(), String> {
    let words: Vec<&str> = comment.split_ascii_whitespace().collect();
    if words.first() != Some(&HEADER) {
        return Ok(());
    }
    let expected = format!("expected `# {HEADER} operations {GRAMMAR} {}`", contracts[0]);
    match words[1..] {
        ["operations", GRAMMAR, contract] if contracts.contains(&contract) => Ok(()),
        ["operations", GRAMMAR, other] => {
            Err(format!("the trace is of {}, not of {}: {expected}", shortened(other), contracts[0]))
        }
        ["operations", other, _] => {
            Err(format!("version {} of the grammar is not known: {expected}", shortened(other)))
        }
        _ => Err(format!("the header is malformed: {expected}")),
    }
}

/// Splits a line that is not blank into its words.
fn split<'a>(line: &'a str, words: &mut Vec<Cow<'a, str>>) -> Result<(), String> {
    words.clear();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return Ok(());
        }
        let (word, behind) = if rest.starts_with('"') { quoted(rest)? } else { bare(rest)? };
        words.push(word);
        rest = behind;
    }
}

fn bare(text: &str) -> Result<(Cow<'_, str>, &str), String> {
    let end = text.bytes().position(is_space).unwrap_or(text.len());
    let (word, behind) = text.split_at(end);
    if word.contains('"') {
        let word = shortened(word);
        return Err(format!("`{word}` has a quote inside: expected all of the word as a JSON string"));
    }
    Ok((Cow::Borrowed(word), behind))
}

/// A JSON string at the beginning of a text, and what follows it.
fn quoted(text: &str) -> Result<(Cow<'_, str>, &str), String> {
    let mut is_escaped = false;
    let end = text.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends.then_some(at + 1)
    });
    let begins = shortened(text);
    let Some(end) = end else {
        return Err(format!("the quote of `{begins}` does not end: expected `\"` behind the word"));
    };
    let (literal, behind) = text.split_at(end);
    if !behind.bytes().next().is_none_or(is_space) {
        return Err(format!("`{begins}` goes on behind its quote: expected a space there"));
    }
    // Most words have no escapes, and stay where they are in the file.
    let inner = &literal[1..literal.len() - 1];
    if !inner.bytes().any(|byte| byte == b'\\' || byte < b' ') {
        return Ok((Cow::Borrowed(inner), behind));
    }
    match serde_json::from_str::<String>(literal) {
        Ok(word) => Ok((Cow::Owned(word), behind)),
        Err(_) => Err(format!("`{begins}` is not a JSON string: expected one, such as \"a \\\"b\\\"\"")),
    }
}

/// Refuses a line whose operation does not exist or has another number of words.
fn check_words(words: &[Cow<'_, str>], operations: &[Operation]) -> Result<(), String> {
    let (name, operands) = words.split_first().expect("a line that is not blank has a word");
    let Some(operation) = operations.iter().find(|operation| operation.name == name) else {
        let names = operations.iter().map(|operation| operation.name);
        let nearest = names
            .clone()
            .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
            .filter(|(similarity, _)| *similarity > SIMILAR)
            .max_by(|left, right| left.0.total_cmp(&right.0));
        let name = shortened(name);
        return Err(match nearest {
            Some((_, candidate)) => format!("no operation `{name}`; did you mean `{candidate}`?"),
            None => format!("no operation `{name}`; there are: {}", names.collect::<Vec<_>>().join(", ")),
        });
    };
    let takes = operation.operands.split(' ').count();
    if operands.len() != takes {
        let amount = if operands.len() < takes { "few" } else { "many" };
        return Err(format!("too {amount} words: expected `{}`", spelled(operation)));
    }
    Ok(())
}

fn spelled(operation: &Operation) -> String {
    format!("{} {}", operation.name, operation.operands)
}

/// How many characters of a word an error quotes.
const QUOTED: usize = 40;

/// A word as an error quotes it.
pub(crate) fn shortened(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(QUOTED) {
        Some((end, _)) => Cow::Owned(format!("{}…", &word[..end])),
        None => Cow::Borrowed(word),
    }
}

/// Different words, each with an id: 0, 1, 2 and so on.
#[derive(Default)]
pub(crate) struct Texts<'a> {
    ids: HashMap<Cow<'a, str>, u32, FixedHasher>,
    texts: Vec<Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    /// The id of a word.
    ///
    /// # Errors
    /// If there are more than 2³² different words.
    pub(crate) fn id(&mut self, text: Cow<'a, str>) -> Result<u32, String> {
        if let Some(id) = self.ids.get(&text) {
            return Ok(*id);
        }
        let id = u32::try_from(self.texts.len()).map_err(|_| "too many different words: at most 2³²")?;
        self.texts.push(text.clone());
        self.ids.insert(text, id);
        Ok(id)
    }

    /// The words by their ids.
    pub(crate) fn into_owned(self) -> Vec<String> {
        self.texts.into_iter().map(Cow::into_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: &[Operation] = &[
        Operation { name: "insert", operands: "VERSION KEY VALUE" },
        Operation { name: "len", operands: "VERSION" },
        Operation { name: "iterate", operands: "VERSION" },
    ];

    fn words(file: &[u8]) -> Result<Vec<Vec<String>>, String> {
        let mut found = Vec::new();
        read(file, &["map", "other_map"], OPERATIONS, |line| {
            found.push(line.words.iter().map(|word| word.clone().into_owned()).collect());
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn words_are_bare_or_json_strings_between_spaces_and_tabs() {
        let cases: [(&str, &[&str]); 14] = [
            ("len 0", &["len", "0"]),
            ("  len\t 0 \t", &["len", "0"]),
            ("len 0\r\n", &["len", "0"]),
            ("\u{feff}len 0", &["len", "0"]),
            ("insert 0 a b", &["insert", "0", "a", "b"]),
            (r#"insert 0 "a b" """#, &["insert", "0", "a b", ""]),
            (r#"insert 0 "a\"b\\" "\n\u00e9\ud83d\ude00""#, &["insert", "0", "a\"b\\", "\n\u{e9}\u{1f600}"]),
            (r#"insert 0 "\\" "\\\"""#, &["insert", "0", "\\", "\\\""]),
            ("insert 0 #a b#", &["insert", "0", "#a", "b#"]),
            ("insert 0 a\\nb ü", &["insert", "0", "a\\nb", "ü"]),
            ("insert 0 \"ü\u{a0}x\" \u{a0}", &["insert", "0", "ü\u{a0}x", "\u{a0}"]),
            (r#""len" "0""#, &["len", "0"]),
            ("# a comment\n\n \t\n  # another\nlen 0\n\n", &["len", "0"]),
            ("# bottleneck-lab operations 1 other_map\nlen 0", &["len", "0"]),
        ];
        for (file, expected) in cases {
            assert_eq!(
                words(file.as_bytes()),
                Ok(vec![expected.iter().map(|word| (*word).to_owned()).collect()])
            );
        }
    }

    #[test]
    fn a_faulty_line_is_refused_with_its_number_and_what_was_expected() {
        let cases: [(&[u8], &[&str]); 20] = [
            (b"", &["it has no operation", "`insert VERSION KEY VALUE`"]),
            (b"\n# only this\n", &["it has no operation"]),
            (b"len 0\nl\xffen 0", &["line 2 is not UTF-8"]),
            (b"len 0\nlen 0\n\nlen", &["line 4: too few words: expected `len VERSION`"]),
            (b"insert 0 a", &["line 1: too few words: expected `insert VERSION KEY VALUE`"]),
            (b"insert 0 a b c", &["line 1: too many words: expected `insert VERSION KEY VALUE`"]),
            (b"len 0 # no comment", &["line 1: too many words"]),
            (b"isnert 0 a b", &["line 1: no operation `isnert`; did you mean `insert`?"]),
            (b"Len 0", &["line 1: no operation `Len`; did you mean `len`?"]),
            (b"xyz 0", &["line 1: no operation `xyz`; there are: insert, len, iterate"]),
            (b"insert 0 \"a b", &["line 1: the quote of `\"a b` does not end"]),
            (b"insert 0 \"a\\\" b", &["line 1: the quote of", "does not end"]),
            (b"insert 0 \"a\"b c", &["line 1: `\"a\"b c` goes on behind its quote"]),
            (b"insert 0 a\"b\" c", &["line 1: `a\"b\"` has a quote inside"]),
            (b"insert 0 \"\\x\" c", &["line 1: `\"\\x\" c` is not a JSON string"]),
            (b"insert 0 \"a\tb\" c", &["line 1: `\"a\tb\" c` is not a JSON string"]),
            (b"# bottleneck-lab operations 2 map\nlen 0", &["line 1: version 2 of the grammar"]),
            (b"# bottleneck-lab operations 1 vector", &["line 1: the trace is of vector, not of map"]),
            (b"len 0\n#bottleneck-lab 1", &["line 2: the header is malformed", "operations 1 map"]),
            (b"\"\" 0", &["line 1: no operation ``; there are:"]),
        ];
        for (file, parts) in cases {
            let error = words(file).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{file:?}: `{part}` is not in {error}");
            }
            assert!(error.lines().count() == 1, "{error}");
        }
    }

    #[test]
    fn numbers_are_digits_and_fit() {
        let number = |word: &str| {
            let mut found = Err(String::new());
            let outcome = read(format!("len {word}").as_bytes(), &["map"], OPERATIONS, |line| {
                found = line.number();
                Ok(())
            });
            outcome.and(found)
        };
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("007"), Ok(7));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        assert!(number("18446744073709551616").unwrap_err().contains("too large: expected at most"));
        for word in ["-1", "+1", "1.0", "0x1", "a", "\"\"", "\"1 \"", "٣"] {
            assert!(number(word).unwrap_err().contains("is not a number: expected digits"), "{word}");
        }
        let long = "9".repeat(1000);
        assert!(number(&long).unwrap_err().len() < 250);
    }

    #[test]
    fn operations_are_found_by_their_lines() {
        let file = b"# one\n\nlen 0\r\n# two\nlen 1\n";
        assert_eq!(line_of(file, 0), Some((3, "len 0")));
        assert_eq!(line_of(file, 1), Some((5, "len 1")));
        assert_eq!(line_of(file, 2), None);
    }
}

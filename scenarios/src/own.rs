//! A user's own file, as scenarios find it in [`Request::input`](crate::Request::input).
//!
//! Whatever the user's file looks like, the lab turns it into one text for each kind of [`OwnInput`](crate::OwnInput). Of
//! a kind with one item a line, the text has these lines, each with `\n` at its end, in UTF-8. Of a kind with several
//! files, the text has the lines of the first, then those of the second.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use crate::case::{Case, Difference, Observed, Setup, Unfit};
use crate::input::{FixedHasher, Key as _};

/// The lines of a text, without their ends.
pub(crate) fn lines(text: &[u8]) -> impl DoubleEndedIterator<Item = &str> {
    // What is not UTF-8 was refused before.
    std::str::from_utf8(text).unwrap_or_default().split_terminator('\n')
}

/// How many lines of a text differ from all others before them.
pub(crate) fn distinct(text: &[u8]) -> usize {
    lines(text).collect::<HashSet<&str, FixedHasher>>().len()
}

/// Checks that every line holds an item that is not empty. `check` says what is wrong with an item, if anything.
pub(crate) fn check_lines(
    text: &[u8],
    item: &str,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("the file is empty: expected one {item} a line"));
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let number = at + 1;
        if line.is_empty() {
            return Err(format!("line {number} is empty: expected a {item}"));
        }
        let line = std::str::from_utf8(line)
            .map_err(|_| format!("line {number} is not UTF-8: expected a {item} in plain text"))?;
        check(line).map_err(|problem| format!("line {number}: {problem}"))?;
    }
    Ok(())
}

/// Checks a file of keys.
pub(crate) fn check_keys(text: &[u8]) -> Result<(), String> {
    check_lines(text, "key", |_| Ok(()))
}

/// A key of a user's file. It costs what a `String` costs. It is a type of its own so that no generated scenario shares
/// compiled code with it, and so that adding a scenario about a file moves no count of theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OwnKey(String);

impl OwnKey {
    /// The keys of a file, in its order.
    pub(crate) fn all(text: &[u8]) -> Vec<OwnKey> {
        lines(text).map(|line| OwnKey(line.to_owned())).collect()
    }

    /// The key with this text.
    pub(crate) fn new(text: String) -> Self {
        OwnKey(text)
    }

    /// The key's text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// A value that depends on the whole key.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.0.fingerprint()
    }

    /// A number that takes a few instructions: what a visit of an entry does in a region.
    pub(crate) fn touch(&self) -> u64 {
        self.0.len() as u64
    }
}

/// A case with which a contender may have nothing to do. `unfit` is asked before the case is measured, and never again.
pub(crate) fn limited(inner: Box<dyn Case>, unfit: impl Fn() -> Option<Unfit> + 'static) -> Box<dyn Case> {
    case(inner, unfit, |case| case.compare())
}

/// A case about a user's file: what keeps it from being measured, and how the case in it is compared with the oracle.
pub(crate) fn case(
    inner: Box<dyn Case>,
    unfit: impl Fn() -> Option<Unfit> + 'static,
    compare: impl Fn(&dyn Case) -> Result<(), Difference> + 'static,
) -> Box<dyn Case> {
    Box::new(Own { case: inner, unfit, compare })
}

struct Own<U, C> {
    case: Box<dyn Case>,
    unfit: U,
    compare: C,
}

impl<U, C> Case for Own<U, C>
where
    U: Fn() -> Option<Unfit>,
    C: Fn(&dyn Case) -> Result<(), Difference>,
{
    fn ops(&self) -> u64 {
        self.case.ops()
    }

    fn setup(&self) -> Setup {
        self.case.setup()
    }

    fn arm(&mut self) {
        self.case.arm();
    }

    fn run(&mut self) {
        self.case.run();
    }

    fn let_go(&mut self) {
        self.case.let_go();
    }

    fn digest(&self) -> u64 {
        self.case.digest()
    }

    fn expected(&self) -> u64 {
        self.case.expected()
    }

    fn observed(&self) -> Observed {
        self.case.observed()
    }

    fn unfit(&self) -> Option<Unfit> {
        (self.unfit)()
    }

    fn compare(&self) -> Result<(), Difference> {
        (self.compare)(&*self.case)
    }
}

/// Whether work on `count` items of `each` steps is more than `most`: then what is too much, in words.
pub(crate) fn too_much(what: &str, count: usize, each: usize, most: usize) -> Option<Unfit> {
    (count.saturating_mul(each) > most).then(|| {
        let product =
            if each == 1 { grouped(count) } else { format!("{} × {}", grouped(count), grouped(each)) };
        let most = grouped(most);
        Unfit::TooMuchWork(format!("{what}: {product} is more than the {most} that are run"))
    })
}

/// A number with a comma before every third digit from its end.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_file_of_keys_is_refused_by_its_line() {
        for right in [&b"a\nb\nc"[..], b"a\nb\n", b"a", b" \n", "é\n".as_bytes()] {
            assert_eq!(check_keys(right), Ok(()), "{right:?}");
        }
        let refused = |file: &[u8]| check_keys(file).unwrap_err();
        assert!(refused(b"").contains("empty"));
        assert!(refused(b"\n").starts_with("line 1 is empty"));
        assert!(refused(b"a\n\nb\n").starts_with("line 2 is empty"));
        assert!(refused(b"a\n\n").starts_with("line 2 is empty"));
        assert!(refused(b"a\nb\n\xff\n").starts_with("line 3 is not UTF-8"));
        let no_b = |item: &str| if item == "b" { Err("a b".to_owned()) } else { Ok(()) };
        assert_eq!(check_lines(b"a\nb\n", "letter", no_b), Err("line 2: a b".to_owned()));
    }

    #[test]
    fn lines_are_split_and_counted() {
        assert!(lines(b"a\nb\na\n").eq(["a", "b", "a"]));
        assert!(lines(b"a\nb").eq(["a", "b"]));
        assert_eq!(lines(b"").count(), 0);
        assert_eq!([distinct(b"a\nb\na\n"), distinct(b""), distinct(b"a")], [2, 0, 1]);
        assert_eq!(OwnKey::all(b"b\na\n"), ["b", "a"].map(|key| OwnKey(key.to_owned())));
    }

    /// A case of which everything that can be asked says something.
    struct Telling;

    impl Case for Telling {
        fn ops(&self) -> u64 {
            1
        }

        fn setup(&self) -> Setup {
            Setup::Once
        }

        fn arm(&mut self) {}

        fn run(&mut self) {}

        fn let_go(&mut self) {}

        fn digest(&self) -> u64 {
            2
        }

        fn expected(&self) -> u64 {
            3
        }

        fn observed(&self) -> Observed {
            vec![("seen", 4.0)]
        }

        fn unfit(&self) -> Option<Unfit> {
            Some(Unfit::Unsupported("five".to_owned()))
        }

        fn compare(&self) -> Result<(), Difference> {
            Err(Difference { message: "six".to_owned(), context: Vec::new() })
        }
    }

    #[test]
    fn a_case_within_another_says_all_that_it_says_alone() {
        let too_much = || Some(Unfit::TooMuchWork("seven".to_owned()));
        let cases = [
            (limited(Box::new(Telling), too_much), too_much()),
            (crate::case::seeded_case(1, || Box::new(Telling)), Telling.unfit()),
            (crate::case::seeded_case(1, || limited(Box::new(Telling), too_much)), too_much()),
        ];
        for (case, unfit) in cases {
            assert_eq!((case.ops(), case.setup(), case.digest(), case.expected()), (1, Setup::Once, 2, 3));
            assert_eq!((case.observed(), case.unfit()), (Telling.observed(), unfit));
            assert_eq!(case.compare(), Telling.compare());
        }
    }

    #[test]
    fn what_is_too_much_is_said_in_numbers() {
        assert_eq!(too_much("scans", 10, 10, 100), None);
        assert_eq!(
            too_much("scans all entries for each key", 1001, 100_000, 1_000_000),
            Some(Unfit::TooMuchWork(
                "scans all entries for each key: 1,001 × 100,000 is more than the 1,000,000 that are run"
                    .to_owned()
            ))
        );
        assert!(too_much("scans", usize::MAX, usize::MAX, 1).is_some());
    }
}

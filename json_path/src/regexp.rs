//! I-Regexp (RFC 9485), translated for crate `regex`.
//!
//! RFC 9485 is not of one mind about `^` and `$` outside of classes. By its grammar they are ordinary characters; its
//! mappings to other regular expressions (sections 5.3 and 5.4) leave them as they are, so that they are assertions. The
//! JSONPath compliance suite takes them for assertions, and so does this translation.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Why a text was not compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no I-Regexp.
    Invalid,
    /// It is larger, or nests deeper, than crate `regex` allows.
    TooLarge,
}

/// Compiles an I-Regexp that finds itself anywhere in a text, or, if `whole`, matches a text as a whole.
pub(crate) fn compile(text: &str, whole: bool) -> Result<Regex, Refusal> {
    let translated = Translator { rest: text.chars().peekable(), out: String::new() }.translate()?;
    let translated = if whole { format!(r"\A(?:{translated})\z") } else { translated };
    // Whatever is wrong now is a limit, because the translation has checked the syntax.
    Regex::new(&translated).map_err(|_| Refusal::TooLarge)
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Translator<'_> {
    fn translate(mut self) -> Result<String, Refusal> {
        let mut open = 0usize;
        // Whether a quantifier may follow.
        let mut atom = false;
        while let Some(next) = self.rest.next() {
            atom = match next {
                '(' => {
                    self.out.push_str("(?:");
                    open += 1;
                    false
                }
                ')' => {
                    open = open.checked_sub(1).ok_or(Refusal::Invalid)?;
                    self.out.push(')');
                    true
                }
                '|' => {
                    self.out.push('|');
                    false
                }
                '*' | '+' | '?' if atom => {
                    self.out.push(next);
                    false
                }
                '{' if atom => {
                    self.range_quantifier()?;
                    false
                }
                '*' | '+' | '?' | '{' | '}' | ']' => return Err(Refusal::Invalid),
                '.' => {
                    self.out.push_str(r"[^\n\r]");
                    true
                }
                '[' => {
                    self.class()?;
                    true
                }
                '\\' => {
                    match self.escape()? {
                        Escape::Character(character) => self.literal(character),
                        Escape::Category(category) => self.out.push_str(&category),
                    }
                    true
                }
                '^' | '$' => {
                    self.out.push(next);
                    true
                }
                character => {
                    self.literal(character);
                    true
                }
            };
        }
        if open > 0 { Err(Refusal::Invalid) } else { Ok(self.out) }
    }

    /// Writes a character that stands for itself.
    fn literal(&mut self, character: char) {
        self.out.push_str(&format!(r"\x{{{:x}}}", u32::from(character)));
    }

    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits
    }

    /// Translates what follows an opening brace.
    fn range_quantifier(&mut self) -> Result<(), Refusal> {
        let least = self.digits();
        let comma = self.rest.next_if_eq(&',').is_some();
        let most = if comma { self.digits() } else { String::new() };
        if least.is_empty() || self.rest.next() != Some('}') {
            return Err(Refusal::Invalid);
        }
        let value = |digits: &str| {
            let digits = digits.trim_start_matches('0').to_owned();
            (digits.len(), digits)
        };
        if !most.is_empty() && value(&least) > value(&most) {
            return Err(Refusal::Invalid);
        }
        self.out.push_str(&format!("{{{least}{}{most}}}", if comma { "," } else { "" }));
        Ok(())
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<Escape, Refusal> {
        match self.rest.next() {
            Some('n') => Ok(Escape::Character('\n')),
            Some('r') => Ok(Escape::Character('\r')),
            Some('t') => Ok(Escape::Character('\t')),
            Some(itself @ ('('..='+' | '-' | '.' | '?' | '['..='^' | '{'..='}')) => {
                Ok(Escape::Character(itself))
            }
            Some(letter @ ('p' | 'P')) => {
                if self.rest.next() != Some('{') {
                    return Err(Refusal::Invalid);
                }
                let mut category = String::new();
                while let Some(letter) = self.rest.next_if(char::is_ascii_alphabetic) {
                    category.push(letter);
                }
                if self.rest.next() != Some('}') || !CATEGORIES.contains(&category.as_str()) {
                    return Err(Refusal::Invalid);
                }
                Ok(Escape::Category(format!(r"\{letter}{{{category}}}")))
            }
            _ => Err(Refusal::Invalid),
        }
    }

    /// Translates what follows an opening bracket.
    fn class(&mut self) -> Result<(), Refusal> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            // `[^]` is no class of everything, but the class of `^`.
            if self.rest.next_if_eq(&']').is_some() {
                self.literal('^');
                self.out.push(']');
                return Ok(());
            }
            self.out.push('^');
        }
        let mut empty = true;
        loop {
            match self.rest.next().ok_or(Refusal::Invalid)? {
                ']' if !empty => {
                    self.out.push(']');
                    return Ok(());
                }
                '-' => {
                    // A hyphen stands for itself at the beginning and at the end.
                    if !empty && self.rest.peek() != Some(&']') {
                        return Err(Refusal::Invalid);
                    }
                    self.literal('-');
                }
                '\\' => match self.escape()? {
                    Escape::Character(first) => self.range(first)?,
                    Escape::Category(category) => self.out.push_str(&category),
                },
                '[' | ']' => return Err(Refusal::Invalid),
                first => self.range(first)?,
            }
            empty = false;
        }
    }

    /// Translates a character of a class that has been read, or the range that it begins.
    fn range(&mut self, first: char) -> Result<(), Refusal> {
        self.literal(first);
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || ahead.peek() == Some(&']') {
            return Ok(());
        }
        self.rest = ahead;
        let last = match self.rest.next().ok_or(Refusal::Invalid)? {
            '\\' => match self.escape()? {
                Escape::Character(last) => last,
                Escape::Category(_) => return Err(Refusal::Invalid),
            },
            '[' | '-' => return Err(Refusal::Invalid),
            last => last,
        };
        if last < first {
            return Err(Refusal::Invalid);
        }
        self.out.push('-');
        self.literal(last);
        Ok(())
    }
}

enum Escape {
    Character(char),
    /// A general category, as crate `regex` spells it.
    Category(String),
}

/// The general categories that I-Regexp knows.
const CATEGORIES: [&str; 36] = [
    "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe",
    "Pf", "Pi", "Po", "Ps", "Z", "Zl", "Zp", "Zs", "S", "Sc", "Sk", "Sm", "So", "C", "Cc", "Cf", "Cn", "Co",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        compile(pattern, true).unwrap_or_else(|refusal| panic!("{pattern}: {refusal:?}")).is_match(text)
    }

    #[test]
    fn i_regexps_match_what_they_say() {
        for (pattern, matches, others) in [
            ("", &[""][..], &["a"][..]),
            ("a|b", &["a", "b"], &["ab", "a|b", ""]),
            ("ab|", &["ab", ""], &["a"]),
            ("()", &[""], &["()"]),
            ("(a|bc)*", &["", "abca"], &["ab"]),
            (".", &["a", "\u{2028}", "\u{85}", "😀", "\0"], &["\n", "\r", "", "ab"]),
            ("a.c", &["abc", "a\u{2029}c"], &["a\nc", "a\rc"]),
            ("a{2}", &["aa"], &["a", "aaa", "a{2}"]),
            ("a{2,}", &["aa", "aaaa"], &["a"]),
            ("a{1,2}", &["a", "aa"], &["aaa"]),
            ("a{0,00002}", &["", "aa"], &["aaa"]),
            ("^a$", &["a"], &["^a$", "a\n"]),
            (r"\^a[$]", &["^a$"], &["a"]),
            ("a b#", &["a b#"], &["ab#", "a b"]),
            (r"\.\*\\\n\r\t\^\-", &[".*\\\n\r\t^-"], &[]),
            (r"\{\}\|\(\)\?\+\[\]", &["{}|()?+[]"], &[]),
            ("[abc]", &["a", "c"], &["d", "", "ab"]),
            ("[a-c]", &["b"], &["-", "d"]),
            ("[^a-c]", &["-", "d", "\n"], &["b", ""]),
            ("[-a]", &["-", "a"], &["b"]),
            ("[a-]", &["-", "a"], &["b"]),
            ("[^-a]", &["b", "^"], &["-", "a"]),
            ("[--]", &["-"], &["a"]),
            ("[a^]", &["a", "^"], &["b"]),
            ("[^]", &["^"], &["a", "]"]),
            ("[^^]", &["a"], &["^"]),
            ("[.$&&~~]", &[".", "$", "&", "~"], &["a"]),
            (r"[\p{Lu}0-9_]", &["A", "É", "7", "_"], &["a", "é"]),
            (r"\p{L}\P{L}", &["é1"], &["11"]),
            (r"[^\p{L}\P{L}]", &[], &["a", "1", ""]),
            (r"\p{Nd}", &["٣", "3"], &["½"]),
            (r"[\]\[\\\-]", &["]", "[", "\\", "-"], &["a"]),
            (r"[\^-a]", &["^", "_", "a"], &["-", "b"]),
            ("[😀-😂]", &["😁"], &["a"]),
            (",-/:;<=>@_`~\"'!%&", &[",-/:;<=>@_`~\"'!%&"], &[]),
        ] {
            for text in matches {
                assert!(is_match(pattern, text), "{pattern} matches {text:?}");
            }
            for text in others {
                assert!(!is_match(pattern, text), "{pattern} does not match {text:?}");
            }
        }
    }

    #[test]
    fn what_other_regular_expressions_allow_is_no_i_regexp() {
        for pattern in [
            r"\d",
            r"\w",
            r"\s",
            r"\b",
            r"\$",
            r"\/",
            r"\u0041",
            r"\x41",
            r"\",
            r"\0",
            r"\1",
            r"\p",
            r"\pL",
            r"\p{",
            r"\p{}",
            r"\p{Letter}",
            r"\p{Greek}",
            r"\p{IsGreek}",
            r"\p{lu}",
            r"\p{Cs}",
            r"\p{^L}",
            r"\q",
            "*",
            "+",
            "?",
            "{1}",
            "a**",
            "a+?",
            "a{1}{2}",
            "a|*",
            "(*)",
            "(",
            ")",
            "(a",
            "a)",
            "(?:a)",
            "(?i)a",
            "(?=a)",
            "[",
            "]",
            "[]",
            "[^",
            "[a",
            "a]",
            "{",
            "}",
            "a{",
            "a{}",
            "a{,1}",
            "a{1",
            "a{1,",
            "a{x}",
            "a{2,1}",
            "a{1,2,3}",
            "a{ 1}",
            "[b-a]",
            "[a-b-c]",
            "[a-[b]]",
            "[[:alpha:]]",
            "[a&&[b]]",
            "[a--b]",
            r"[\d]",
            r"[a-\p{L}]",
            "[---]",
            "[a-c-]-",
            "[]a]",
            r"[\p{L}-z]",
        ] {
            // After the class `[a-c-]`, a hyphen is an ordinary character.
            if pattern == "[a-c-]-" {
                assert!(is_match(pattern, "a-"));
                continue;
            }
            assert_eq!(compile(pattern, true).err(), Some(Refusal::Invalid), "{pattern}");
        }
    }

    #[test]
    fn limits_are_told_from_mistakes() {
        for pattern in ["a{99999999999}", &"(".repeat(5000).to_owned(), "((a{1000}){1000}){1000}"] {
            let refusal = compile(pattern, true).err();
            assert_eq!(
                refusal,
                Some(if pattern.starts_with("(((((") { Refusal::Invalid } else { Refusal::TooLarge })
            );
        }
        let nested = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(compile(&nested, false).err(), Some(Refusal::TooLarge));
        assert!(compile("b", false).unwrap().is_match("abc"));
    }
}

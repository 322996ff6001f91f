//! Queries that jsonpath-rfc9535 1.0.1 is known to answer otherwise than RFC 9535 says.

use super::difference::Difference;

/// A kind of query that the Python package gets wrong.
pub struct Exception {
    /// What it gets wrong, and by which section of RFC 9535.
    pub text: &'static str,
    /// Whether a difference is of this kind.
    pub explains: fn(&Difference) -> bool,
}

/// What the Python package gets wrong, or what RFC 9535 leaves open.
pub const EXCEPTIONS: &[Exception] = &[
    Exception {
        text: "A zero with an exponent, `0e5`, is a number (2.3.5.1); the package takes it for an integer with a leading zero.",
        explains: |difference| {
            let outline = outline(&difference.query);
            let zero = |at: usize| {
                let before = outline[..at].trim_end_matches('-').chars().next_back();
                outline[at..].starts_with(['0'])
                    && outline[at + 1..].starts_with(['e', 'E'])
                    && !before.is_some_and(|before| before.is_ascii_digit() || before == '.')
            };
            refused(difference) && outline.match_indices('0').any(|(at, _)| zero(at))
        },
    },
    Exception {
        text: "The query `@` selects the current node, whatever its value (2.3.5.2.1, 2.4.5, 2.4.8); the package takes a \
               scalar's value in the place of a nodelist, so that it tests whether that is true, and count(@) and value(@) \
               end with an error.",
        explains: |difference| {
            let outline = outline(&difference.query);
            outline.match_indices('@').any(|(at, _)| {
                let before = &outline[..at];
                let alone = outline[at + 1..].starts_with([']', '&', '|', ')', ',']);
                let tested = before.ends_with(['?', '&', '|', '!', ','])
                    || before.ends_with("count(")
                    || before.ends_with("value(")
                    || (before.ends_with('(')
                        && !before.trim_end_matches('(').ends_with(char::is_alphanumeric));
                alone && tested
            })
        },
    },
    Exception {
        text: "Within the argument of a function, other selectors may follow a filter in brackets (2.3.5.1, 2.4); the \
               package refuses the comma between them.",
        explains: |difference| {
            refused(difference) && has_union_with_filter_in_function(&outline(&difference.query))
        },
    },
    Exception {
        text: "A `$` in a filter is the whole document (2.3.5.2); in a filter within a query that begins with `@`, the \
               package takes it for the node at which that query begins.",
        explains: |difference| {
            difference.ours.is_ok()
                && difference.theirs.is_ok()
                && has_root_in_nested_filter(&outline(&difference.query))
        },
    },
    Exception {
        text: "The brackets of a singular query have no blanks (2.3.5.1: name-segment, index-segment); the package allows \
               them.",
        explains: |difference| accepted(difference, "without blanks in the brackets"),
    },
    Exception {
        text: "`!` applies to tests and to what stands in parentheses (2.3.5.1); the package also takes `!@.a == 1`.",
        explains: |difference| accepted(difference, "only in parentheses"),
    },
    Exception {
        text: "A comparison compares two operands (2.3.5.1); the package also takes `1 < 2 < 3`.",
        explains: |difference| {
            let outline = outline(&difference.query);
            let mut operands = outline.split(['&', '|', '?', ',']);
            accepted(difference, "expected") && operands.any(|part| comparisons(part) > 1)
        },
    },
    Exception {
        text: "A literal or a function of values is no test, and no operand after `!` (2.3.5.1); the package takes `(1)` and \
               `2 > !1`.",
        explains: |difference| {
            accepted(difference, "must be compared")
                || (accepted(difference, "expected a query, a literal or a function")
                    && ["=!", "<!", ">!"].iter().any(|pair| outline(&difference.query).contains(pair)))
        },
    },
    Exception {
        text: "A number has no needless zero in front, after a minus neither (2.3.5.1); the package takes `-01`.",
        explains: |difference| {
            let outline = outline(&difference.query);
            let zero = |(at, _)| outline[at + 2..].starts_with(|digit: char| digit.is_ascii_digit());
            accepted(difference, "no needless zero") && outline.match_indices("-0").any(zero)
        },
    },
    Exception {
        text: "A comma stands between selectors (2.5.1.1), and a colon between the parts of a slice (2.3.4.1); the package \
               also takes `[1:2 3]` and `[1:2-3]`.",
        explains: |difference| {
            let follows = |(at, first): (usize, char)| {
                let rest = &difference.query[at + first.len_utf8()..];
                let after = rest.trim_start_matches([' ', '\t', '\n', '\r']);
                let number = after.strip_prefix('-').unwrap_or(after);
                first.is_ascii_digit()
                    && number.len() < rest.len()
                    && number.starts_with(|c: char| c.is_ascii_digit())
            };
            accepted(difference, "expected `,` or `]`") && difference.query.char_indices().any(follows)
        },
    },
    Exception {
        text: "No comma follows the last argument of a function (2.4); the package allows one.",
        explains: |difference| {
            accepted(difference, "expected `)`") && outline(&difference.query).contains(",)")
        },
    },
    Exception {
        text: "An exponent that no double can hold is left open (2.3.5.2.2); the package ends with an error.",
        explains: |difference| {
            difference.theirs.as_ref().is_err_and(|message| message.starts_with("OverflowError"))
        },
    },
];

/// Whether the package refused what we answered.
fn refused(difference: &Difference) -> bool {
    difference.ours.is_ok() && difference.theirs.as_ref().is_err_and(|message| message == "invalid")
}

/// Whether the package answered what we refused with such a message.
fn accepted(difference: &Difference, message: &str) -> bool {
    difference.theirs.is_ok() && difference.ours.as_ref().is_err_and(|ours| ours.contains(message))
}

/// How many operators compare.
fn comparisons(outline: &str) -> usize {
    let bytes = outline.as_bytes();
    let begins = |at: &usize| match bytes[*at] {
        b'<' | b'>' => true,
        b'=' | b'!' => bytes.get(at + 1) == Some(&b'='),
        _ => false,
    };
    (0..bytes.len()).filter(begins).count()
}

/// A query without its blanks, and with empty strings in the place of its string literals.
fn outline(query: &str) -> String {
    let mut outline = String::new();
    let mut characters = query.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' | '\r' => {}
            quote @ ('\'' | '"') => {
                outline.extend([quote, quote]);
                while let Some(inner) = characters.next().filter(|inner| *inner != quote) {
                    if inner == '\\' {
                        characters.next();
                    }
                }
            }
            character => outline.push(character),
        }
    }
    outline
}

fn has_union_with_filter_in_function(outline: &str) -> bool {
    /// What is open: a bracket, in which a filter may have begun, or a parenthesis, which may be a function's.
    enum Open {
        Bracket { filter: bool },
        Parenthesis { function: bool },
    }
    let mut open = Vec::new();
    let mut before = ' ';
    for character in outline.chars() {
        match character {
            '[' => open.push(Open::Bracket { filter: false }),
            '(' => open.push(Open::Parenthesis { function: before.is_ascii_alphanumeric() }),
            ']' | ')' => drop(open.pop()),
            '?' => {
                if let Some(Open::Bracket { filter }) = open.last_mut() {
                    *filter = true;
                }
            }
            ',' => {
                let within = open.iter().any(|open| matches!(open, Open::Parenthesis { function: true }));
                if within && matches!(open.last(), Some(Open::Bracket { filter: true })) {
                    return true;
                }
            }
            _ => {}
        }
        before = character;
    }
    false
}

fn has_root_in_nested_filter(outline: &str) -> bool {
    // How many brackets are open, and the depths of those in which a filter began.
    let mut filters: Vec<usize> = Vec::new();
    let mut depth = 0usize;
    for character in outline.chars().skip(1) {
        match character {
            '[' => depth += 1,
            ']' => {
                depth = depth.saturating_sub(1);
                filters.retain(|filter| *filter <= depth);
            }
            '?' => filters.push(depth),
            '$' if filters.iter().any(|filter| filter < filters.last().unwrap_or(&0)) => return true,
            _ => {}
        }
    }
    false
}

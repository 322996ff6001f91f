//! Simple segments, which can be matched against the segments of pointers one after the other; and normalized paths,
//! which are pointers in another spelling.

use crate::flat::Containers;
use crate::pointer::{array_index, escape};

/// One segment of a simple path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Whether it selects among all descendants (`..`), not only among children.
    pub descendant: bool,
    /// What it selects.
    pub kind: SelectorKind,
}

/// What a [`Selector`] selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorKind {
    /// The member of an object: its name, escaped as in a pointer's segment.
    Name(String),
    /// The element of an array.
    Index(u32),
    /// Every child.
    Wildcard,
}

/// How many simple segments are read at most, because an evaluation may recurse once per segment.
const MAX_SEGMENTS: usize = 64;

/// Reads simple segments from the front of `text`, which is a path without its `$`. Returns them and the rest.
///
/// These segments are simple: `.name`, `.*`, `['name']`, `["name"]`, `[0]` and `[*]`, and the same after `..`. Whatever
/// needs more care (an escape in a name, blanks, a negative index) is left in the rest, and so is everything after 64
/// segments.
pub fn simple_segments(text: &str) -> (Vec<Selector>, &str) {
    let mut selectors = Vec::new();
    let mut rest = text;
    while selectors.len() < MAX_SEGMENTS {
        let Some((selector, after)) = simple_segment(rest) else { break };
        selectors.push(selector);
        rest = after;
    }
    (selectors, rest)
}

fn simple_segment(text: &str) -> Option<(Selector, &str)> {
    let (dots, text) = if let Some(after) = text.strip_prefix("..") {
        (2, after)
    } else if let Some(after) = text.strip_prefix('.') {
        (1, after)
    } else {
        (0, text)
    };
    let (kind, rest) = if let Some(inner) = text.strip_prefix('[').filter(|_| dots != 1) {
        bracketed(inner)?
    } else if dots == 0 {
        return None;
    } else if let Some(rest) = text.strip_prefix('*') {
        (SelectorKind::Wildcard, rest)
    } else {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        if !text.starts_with(first) {
            return None;
        }
        let end = text.find(|c: char| !first(c) && !c.is_ascii_digit()).unwrap_or(text.len());
        (SelectorKind::Name(text[..end].to_owned()), &text[end..])
    };
    Some((Selector { descendant: dots == 2, kind }, rest))
}

/// Reads what follows an opening bracket. Returns it and the rest that follows the closing one.
fn bracketed(inner: &str) -> Option<(SelectorKind, &str)> {
    if let Some(rest) = inner.strip_prefix("*]") {
        return Some((SelectorKind::Wildcard, rest));
    }
    let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'));
    if let Some(quote) = quote {
        let inner = &inner[1..];
        let end = inner.find(|c: char| c == quote || c == '\\' || c < ' ')?;
        let rest = inner[end..].strip_prefix(quote)?.strip_prefix(']')?;
        return Some((SelectorKind::Name(escape(&inner[..end]).into_owned()), rest));
    }
    let end = inner.find(']')?;
    Some((SelectorKind::Index(array_index(&inner[..end])?), &inner[end + 1..]))
}

/// How many bytes of `key` the selectors match: these are the pointer of the node that they select, at the key or above
/// it. No selector may be a descendant one. `None` if they do not match.
///
/// [`admits`] says whether the containers on the way are arrays where an index selects and objects where a name does.
#[inline]
pub fn matched_length(selectors: &[Selector], key: &str) -> Option<usize> {
    let mut at = 0;
    for selector in selectors {
        let rest = key[at..].strip_prefix('/')?;
        let end = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let segment = &rest[..end];
        let matches = match &selector.kind {
            SelectorKind::Name(name) => segment == name,
            SelectorKind::Index(index) => array_index(segment) == Some(*index),
            SelectorKind::Wildcard => true,
        };
        if !matches {
            return None;
        }
        at += 1 + end;
    }
    Some(at)
}

/// Whether each container on the way along `pointer` is of the kind that the selector of the next segment asks for.
pub fn admits(selectors: &[Selector], pointer: &str, containers: &Containers) -> bool {
    let mut at = 0;
    selectors.iter().all(|selector| {
        let container = &pointer[..at];
        let rest = &pointer[at + 1..];
        at += 1 + rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        match &selector.kind {
            SelectorKind::Index(_) => containers.is_array(container) == Some(true),
            // A name that is no index cannot be in an array.
            SelectorKind::Name(name) if array_index(name).is_some() => {
                containers.is_array(container) == Some(false)
            }
            SelectorKind::Name(_) | SelectorKind::Wildcard => true,
        }
    })
}

/// The pointer to the node that a normalized path (RFC 9535, section 2.7) names.
pub fn pointer_of_normalized(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len());
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while let Some(inner) = rest.strip_prefix('[') {
        pointer.push('/');
        let Some(name) = inner.strip_prefix('\'') else {
            let end = inner.find(']').unwrap_or(inner.len());
            pointer.push_str(&inner[..end]);
            rest = inner.get(end + 1..).unwrap_or("");
            continue;
        };
        let mut characters = name.char_indices();
        rest = "";
        while let Some((at, character)) = characters.next() {
            let plain = match character {
                '\'' => {
                    rest = name[at + 1..].strip_prefix(']').unwrap_or("");
                    break;
                }
                '\\' => match characters.next().map_or('\\', |(_, escaped)| escaped) {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let digits: String = characters.by_ref().take(4).map(|(_, digit)| digit).collect();
                        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
                    }
                    escaped => escaped,
                },
                character => character,
            };
            match plain {
                '~' => pointer.push_str("~0"),
                '/' => pointer.push_str("~1"),
                plain => pointer.push(plain),
            }
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> SelectorKind {
        SelectorKind::Name(name.to_owned())
    }

    fn child(kind: SelectorKind) -> Selector {
        Selector { descendant: false, kind }
    }

    #[test]
    fn simple_paths_are_read() {
        let all = |text| {
            let (selectors, rest) = simple_segments(text);
            assert_eq!(rest, "", "{text}");
            selectors
        };
        assert_eq!(all(""), []);
        assert_eq!(
            all(".users[0].name"),
            [child(name("users")), child(SelectorKind::Index(0)), child(name("name"))]
        );
        assert_eq!(all(".*[*]"), [child(SelectorKind::Wildcard), child(SelectorKind::Wildcard)]);
        assert_eq!(all("['~/'][\"'\"]"), [child(name("~0~1")), child(name("'"))]);
        assert_eq!(all("..a1"), [Selector { descendant: true, kind: name("a1") }]);
        assert_eq!(all("..['a']"), [Selector { descendant: true, kind: name("a") }]);
        assert_eq!(all(".é_"), [child(name("é_"))]);
    }

    #[test]
    fn what_is_not_simple_is_left() {
        for text in [
            "a",
            ".",
            "..",
            ".1",
            ".[0]",
            "...a",
            "[",
            "[]",
            "[01]",
            "[-1]",
            "['a'",
            "['a\\'']",
            "[ 0]",
            "[0,1]",
            " .a",
            "[4294967296]",
            "['\u{1}']",
            "[?@]",
            "*",
        ] {
            assert_eq!(simple_segments(text), (Vec::new(), text), "{text}");
        }
        assert_eq!(simple_segments(".a[?@]").1, "[?@]");
        assert_eq!(simple_segments(&".a".repeat(100)).0.len(), MAX_SEGMENTS);
    }

    #[test]
    fn normalized_paths_are_pointers() {
        assert_eq!(pointer_of_normalized("$"), "");
        assert_eq!(pointer_of_normalized("$['users'][10]['a\\'b~/\\u000b']"), "/users/10/a'b~0~1\u{b}");
        assert_eq!(pointer_of_normalized("$['é']['']"), "/é/");
    }
}

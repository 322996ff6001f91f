//! Patterns: JSONPath queries that pointers are matched against.

use std::borrow::Cow;
use std::fmt;

use crate::pointer::{escape, wide_index};

/// A JSONPath query (RFC 9535), parsed as a pattern that pointers are matched against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    nodes: Box<[Node]>,
    simple: bool,
}

/// A part of a pattern. Every part but [`Node::Descendant`] selects by one segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// `.name`, `['name']`: one name, [escaped](crate::pointer::escape) as in a pointer.
    Name(Box<str>),
    /// `[3]`: the segment `3`, not `03`.
    Index(u64),
    /// `.*`, `[*]`: any one segment.
    Wildcard,
    /// `..`: any number of segments before the next node, even none. It is never the last node.
    Descendant,
    /// `[a, b]`: whatever one of these nodes selects. None of them is a union or a descendant.
    Union(Box<[Node]>),
    /// `[start:end:step]`: array indices from the front.
    Slice {
        /// The first index.
        start: u64,
        /// The first index past the end; `None` for a slice without an end.
        end: Option<u64>,
        /// The distance from one index to the next. A slice with step 0 is empty.
        step: u64,
    },
}

impl Node {
    /// The only segment that this node selects, escaped as in a pointer; `None` for all but names and indices.
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        match self {
            Node::Name(segment) => Some(Cow::Borrowed(segment)),
            Node::Index(index) => Some(Cow::Owned(index.to_string())),
            _ => None,
        }
    }

    /// Whether this node selects by `segment`, which is escaped as in a pointer. A descendant selects by none.
    pub fn selects(&self, segment: &str) -> bool {
        match self {
            Node::Name(name) => **name == *segment,
            Node::Index(index) => wide_index(segment) == Some(*index),
            Node::Wildcard => true,
            Node::Descendant => false,
            Node::Union(nodes) => nodes.iter().any(|node| node.selects(segment)),
            Node::Slice { start, end, step } => wide_index(segment).is_some_and(|index| {
                *step > 0
                    && index >= *start
                    && end.is_none_or(|end| index < end)
                    && (index - start).is_multiple_of(*step)
            }),
        }
    }
}

impl Pattern {
    /// Parses `text`.
    ///
    /// # Errors
    /// [`PatternError::Malformed`] if it is not a JSONPath query, [`PatternError::Undecidable`] if it has a selector that
    /// needs the document.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let nodes = Parser { text, at: 0 }.query()?;
        let simple = !nodes.iter().any(|node| matches!(node, Node::Union(_) | Node::Slice { .. }));
        Ok(Pattern { nodes: nodes.into(), simple })
    }

    /// Its nodes in order. `$`, which selects the root, has none.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Whether it has neither unions nor slices. No contender indexes these.
    pub fn is_simple(&self) -> bool {
        self.simple
    }

    /// Whether it selects the pointer of these escaped segments. It takes O(segments × nodes) at most and does not recurse.
    ///
    /// The shortest match of the nodes before a `..` is as good as any other. So after a mismatch it is enough to return
    /// to the last `..` and let it span one more segment.
    pub fn selects(&self, segments: &[&str]) -> bool {
        let (mut node, mut segment) = (0, 0);
        let mut retry = None;
        loop {
            match self.nodes.get(node) {
                None if segment == segments.len() => return true,
                Some(Node::Descendant) => {
                    node += 1;
                    retry = Some((node, segment));
                    continue;
                }
                Some(selector) if segments.get(segment).is_some_and(|text| selector.selects(text)) => {
                    (node, segment) = (node + 1, segment + 1);
                    continue;
                }
                _ => {}
            }
            match retry {
                Some((from, spanned)) if spanned < segments.len() => {
                    (node, segment) = (from, spanned + 1);
                    retry = Some((from, spanned + 1));
                }
                _ => return false,
            }
        }
    }
}

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is not a JSONPath query.
    Malformed {
        /// The byte at which it went wrong.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// As far as it was read it is a JSONPath query, but a pointer alone does not say what it selects.
    Undecidable {
        /// The byte at which that selector begins.
        at: usize,
        /// The kind of selector.
        selector: &'static str,
    },
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::Malformed { at, expected } => {
                write!(f, "not a JSONPath query, at byte {at}: expected {expected}")
            }
            PatternError::Undecidable { at, selector } => {
                write!(f, "at byte {at}: {selector} cannot be decided from a pointer alone")
            }
        }
    }
}

impl std::error::Error for PatternError {}

/// The largest integer of a query (RFC 9535, section 2.1): every type of JSON numbers holds it exactly.
const LARGEST: i64 = (1 << 53) - 1;

/// A query, and how far it is read.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn query(mut self) -> Result<Vec<Node>, PatternError> {
        let mut nodes = Vec::new();
        self.expect('$', "`$`")?;
        loop {
            let before = self.at;
            self.blanks();
            if self.eat("..") {
                nodes.push(Node::Descendant);
                nodes.push(if self.peek() == Some('[') { self.bracketed()? } else { self.dotted()? });
            } else if self.eat(".") {
                nodes.push(self.dotted()?);
            } else if self.peek() == Some('[') {
                nodes.push(self.bracketed()?);
            } else if before == self.text.len() {
                return Ok(nodes);
            } else {
                return Err(self.malformed("`.`, `[` or the end"));
            }
        }
    }

    fn malformed(&self, expected: &'static str) -> PatternError {
        PatternError::Malformed { at: self.at, expected }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: char, expected: &'static str) -> Result<(), PatternError> {
        if self.peek() != Some(token) {
            return Err(self.malformed(expected));
        }
        self.next();
        Ok(())
    }

    fn blanks(&mut self) {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.at += 1;
        }
    }

    /// What follows a dot: `*` or a plain name.
    fn dotted(&mut self) -> Result<Node, PatternError> {
        if self.eat("*") {
            return Ok(Node::Wildcard);
        }
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let begin = self.at;
        if !self.peek().is_some_and(first) {
            return Err(self.malformed("a name or `*`"));
        }
        while self.peek().is_some_and(|c| first(c) || c.is_ascii_digit()) {
            self.next();
        }
        // Nothing in a plain name needs escaping.
        Ok(Node::Name(self.text[begin..self.at].into()))
    }

    /// `[selector, …]`.
    fn bracketed(&mut self) -> Result<Node, PatternError> {
        self.expect('[', "`[`")?;
        let mut nodes = Vec::new();
        loop {
            self.blanks();
            nodes.push(self.selector()?);
            self.blanks();
            if self.eat("]") {
                let one = nodes.len() == 1;
                return Ok(if one { nodes.remove(0) } else { Node::Union(nodes.into()) });
            }
            self.expect(',', "`,` or `]`")?;
        }
    }

    fn selector(&mut self) -> Result<Node, PatternError> {
        let at = self.at;
        match self.peek() {
            Some('*') => {
                self.at += 1;
                Ok(Node::Wildcard)
            }
            Some(quote @ ('\'' | '"')) => {
                self.at += 1;
                Ok(Node::Name(escape(&self.quoted(quote)?).into()))
            }
            Some('?') => Err(PatternError::Undecidable { at, selector: "a filter" }),
            Some('-' | ':' | '0'..='9') => self.index_or_slice(),
            _ => Err(self.malformed("a quoted name, `*`, an index, a slice or a filter")),
        }
    }

    /// The rest of a quoted name, and its closing quote.
    fn quoted(&mut self, quote: char) -> Result<String, PatternError> {
        let mut name = String::new();
        loop {
            match self.peek() {
                Some(c) if c == quote => {
                    self.next();
                    return Ok(name);
                }
                Some('\\') => {
                    self.next();
                    name.push(self.escaped(quote)?);
                }
                Some(c) if c >= ' ' => {
                    self.next();
                    name.push(c);
                }
                _ => return Err(self.malformed("a character of a name, or its closing quote")),
            }
        }
    }

    /// What follows a backslash.
    fn escaped(&mut self, quote: char) -> Result<char, PatternError> {
        let c = match self.peek() {
            Some('b') => '\u{8}',
            Some('t') => '\t',
            Some('n') => '\n',
            Some('f') => '\u{c}',
            Some('r') => '\r',
            Some(c @ ('/' | '\\')) => c,
            Some(c) if c == quote => c,
            Some('u') => {
                self.next();
                return self.unicode();
            }
            _ => return Err(self.malformed("an escape: one of b, t, n, f, r, /, \\, u or the quote")),
        };
        self.next();
        Ok(c)
    }

    /// What follows `\u`: four digits, or the rest of a surrogate pair.
    fn unicode(&mut self) -> Result<char, PatternError> {
        let high = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
            let low = self.hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.malformed("the second half of a surrogate pair"));
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.malformed("a whole surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32, PatternError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|c| c.to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.malformed("four hexadecimal digits"))?;
            self.next();
        }
        Ok(code)
    }

    fn index_or_slice(&mut self) -> Result<Node, PatternError> {
        let at = self.at;
        let start = self.integer()?;
        let after_start = self.at;
        self.blanks();
        if !self.eat(":") {
            self.at = after_start;
            let index = start.ok_or_else(|| self.malformed("an index"))?;
            let selector = "an index from an array's end";
            return u64::try_from(index)
                .map(Node::Index)
                .map_err(|_| PatternError::Undecidable { at, selector });
        }
        self.blanks();
        let end = self.integer()?;
        let after_end = self.at;
        self.blanks();
        let mut step = Some(1);
        if self.eat(":") {
            let after_colon = self.at;
            self.blanks();
            step = self.integer()?;
            if step.is_none() {
                self.at = after_colon;
            }
        } else {
            self.at = after_end;
        }
        let from_end = PatternError::Undecidable { at, selector: "a slice from an array's end" };
        let whole = |number: i64| u64::try_from(number).map_err(|_| from_end);
        Ok(Node::Slice {
            start: whole(start.unwrap_or(0))?,
            end: end.map(whole).transpose()?,
            step: whole(step.unwrap_or(1))?,
        })
    }

    /// Reads an integer; `None` if none begins here.
    fn integer(&mut self) -> Result<Option<i64>, PatternError> {
        let begin = self.at;
        self.eat("-");
        let digits = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == begin {
            return Ok(None);
        }
        let (number, digits) = (&self.text[begin..self.at], &self.text[digits..self.at]);
        let canonical = number == "0" || !digits.starts_with('0');
        let value = number.parse().ok().filter(|value| canonical && (-LARGEST..=LARGEST).contains(value));
        value
            .map(Some)
            .ok_or(PatternError::Malformed { at: begin, expected: "an integer of at most 53 bits" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pointer::PointerBuf;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn malformed(text: &str) -> bool {
        matches!(Pattern::parse(text), Err(PatternError::Malformed { .. }))
    }

    fn undecidable(text: &str) -> bool {
        matches!(Pattern::parse(text), Err(PatternError::Undecidable { .. }))
    }

    #[test]
    fn patterns_are_parsed_into_nodes() {
        let name = |text: &str| Node::Name(text.into());
        let nodes = pattern("$.a['b c'][\"x/~\"][3].*[*]..d..[0]");
        let expected = [
            name("a"),
            name("b c"),
            name("x~1~0"),
            Node::Index(3),
            Node::Wildcard,
            Node::Wildcard,
            Node::Descendant,
            name("d"),
            Node::Descendant,
            Node::Index(0),
        ];
        assert_eq!(nodes.nodes(), expected);
        assert!(nodes.is_simple());
        let nodes = pattern("$[ 'a' , 1, 2:8:3 ]");
        let slice = Node::Slice { start: 2, end: Some(8), step: 3 };
        assert_eq!(nodes.nodes(), [Node::Union(Box::new([name("a"), Node::Index(1), slice]))]);
        assert!(!nodes.is_simple());
        assert_eq!(pattern("$[:]").nodes(), [Node::Slice { start: 0, end: None, step: 1 }]);
        assert!(pattern("$").nodes().is_empty());
    }

    #[test]
    fn malformed_patterns_are_errors_that_say_where() {
        for text in [
            "",
            "a",
            ".a",
            "$a",
            "$.",
            "$..",
            "$...a",
            "$.a.",
            "$.a..",
            "$[",
            "$[]",
            "$[a]",
            "$['a",
            "$['a'",
            "$['a',]",
            "$[,]",
            "$['a'x]",
            "$[01]",
            "$[-0]",
            "$[-]",
            "$[9007199254740992]",
            "$[1.0]",
            "$.1a",
            "$ ",
            " $",
            "$.a ",
            "$['\\x']",
            "$['\\u12']",
            "$['\\ud800']",
            "$['\\ud800\\u0041']",
            "$['\\\"']",
            "$['\n']",
            "$. a",
            "$.a.['b']",
            "$[0:1:2:3]",
            "$[**]",
            "$.**",
        ] {
            assert!(malformed(text), "{text:?}: {:?}", Pattern::parse(text));
        }
        let error = Pattern::parse("$.users[").unwrap_err();
        let expected =
            "not a JSONPath query, at byte 8: expected a quoted name, `*`, an index, a slice or a filter";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn what_a_pointer_cannot_decide_is_an_error() {
        for text in ["$[?@.a]", "$.a[0, ?@.b > 1]", "$[-1]", "$[-2:]", "$[:-1]", "$[::-1]"] {
            assert!(undecidable(text), "{text:?}: {:?}", Pattern::parse(text));
        }
        let error = Pattern::parse("$.a[?@.b]").unwrap_err();
        assert_eq!(error.to_string(), "at byte 4: a filter cannot be decided from a pointer alone");
    }

    /// The JSONPath compliance suite: a selector is parsed and answered right, or refused in a typed error.
    #[test]
    fn the_compliance_suite_is_answered_right_or_refused() {
        let Some(path) = crate::input::outside_data("JSONPATH_CTS", "jsonpath-cts.json") else { return };
        let text = std::fs::read_to_string(path).unwrap();
        let suite: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut answered = 0;
        for test in suite["tests"].as_array().unwrap() {
            let (name, selector) = (test["name"].as_str().unwrap(), test["selector"].as_str().unwrap());
            let parsed = Pattern::parse(selector);
            if test["invalid_selector"] == true {
                assert!(parsed.is_err(), "{name}: {selector:?} is not a query");
                continue;
            }
            let parsed = match parsed {
                Err(PatternError::Undecidable { .. }) => continue,
                other => other.unwrap_or_else(|error| panic!("{name}: {selector:?}: {error}")),
            };
            let mut pointers = Vec::new();
            collect(&test["document"], String::new(), &mut pointers);
            let select = |pointer: &&String| {
                let pointer = PointerBuf::parse(pointer.as_str()).unwrap();
                parsed.selects(&pointer.segments().collect::<Vec<_>>())
            };
            let mut observed: Vec<&String> = pointers.iter().filter(select).collect();
            let paths = test.get("result_paths").unwrap_or_else(|| &test["results_paths"][0]);
            let paths = paths.as_array().unwrap().iter().map(|path| pattern(path.as_str().unwrap()));
            let literal = |node: &Node| format!("/{}", node.literal().unwrap());
            let mut expected: Vec<String> =
                paths.map(|path| path.nodes().iter().map(literal).collect()).collect();
            observed.sort();
            expected.sort();
            expected.dedup();
            assert!(observed.into_iter().eq(&expected), "{name}: {selector:?}: expected {expected:?}");
            answered += 1;
        }
        assert!(answered > 100, "{answered}");
    }

    fn collect(value: &serde_json::Value, pointer: String, pointers: &mut Vec<String>) {
        if let Some(members) = value.as_object() {
            for (name, value) in members {
                collect(value, format!("{pointer}/{}", escape(name)), pointers);
            }
        }
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            collect(value, format!("{pointer}/{index}"), pointers);
        }
        pointers.push(pointer);
    }
}

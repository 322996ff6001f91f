//! Text to [`Query`]: the grammar of RFC 9535, and its rules of well-typedness and validity.

use std::fmt;

use crate::number::Numeric;
use crate::regexp::{self, Refusal};
use crate::syntax::{
    Comparable, Comparison, Literal, Logical, Matching, Pattern, Query, Segment, Selector, Subquery,
};

/// How deep parentheses, filters and functions nest at most, because parsing and evaluating them recurses.
pub const MAX_DEPTH: usize = 128;

/// Integers lie between minus and plus this number, as in I-JSON.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Why a text was not parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The text is no valid JSONPath: what is wrong, and at which byte.
    Invalid {
        /// The byte at which parsing ended.
        at: usize,
        /// What is wrong there.
        message: String,
    },
    /// The text is beyond a limit of this crate; whether it is valid was not found out.
    Unsupported {
        /// The byte at which parsing ended.
        at: usize,
        /// Which limit.
        message: String,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ParseError::Invalid { at, message } | ParseError::Unsupported { at, message }) = self;
        write!(f, "at byte {at}: {message}")
    }
}

impl std::error::Error for ParseError {}

impl ParseError {
    /// The same as an error of somebody else's type, which is made of the message: who tells the two kinds apart as well
    /// need not match on them.
    pub fn into_error<E>(
        self,
        invalid: impl FnOnce(String) -> E,
        unsupported: impl FnOnce(String) -> E,
    ) -> E {
        let message = self.to_string();
        match self {
            ParseError::Invalid { .. } => invalid(message),
            ParseError::Unsupported { .. } => unsupported(message),
        }
    }
}

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// [`ParseError::Invalid`] if the text is no valid query by RFC 9535, [`ParseError::Unsupported`] if it is beyond a limit.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        parser.expect("$")?;
        let at = parser.at;
        Query::parse_rest(text, at)
    }

    /// Parses the rest of a query from byte `at` on, where somebody else has parsed what is before.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    ///
    /// # Panics
    /// If `at` is within a character, or beyond the end.
    pub fn parse_rest(text: &str, at: usize) -> Result<Self, ParseError> {
        let mut parser = Parser { text, at, depth: 0 };
        let segments = parser.segments()?.segments;
        if parser.at < text.len() { parser.fail("expected a segment") } else { Ok(Query { segments }) }
    }
}

/// Segments, and what is known about them.
struct Segments {
    segments: Vec<Segment>,
    /// Whether they have the syntax of a singular query, which allows no blanks within brackets.
    singular: bool,
}

/// What may stand on one side of a comparison, alone as a test, or as an argument.
enum Operand {
    Literal(Literal),
    Query {
        query: Subquery,
        singular: bool,
    },
    /// A function that returns a value.
    Value(Comparable),
    /// A function that returns true or false.
    Logical(Logical),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::Invalid { at: self.at, message: message.into() })
    }

    /// Passes over `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let comes = self.rest().starts_with(token);
        self.at += if comes { token.len() } else { 0 };
        comes
    }

    fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.take(token) { Ok(()) } else { self.fail(format!("expected `{token}`")) }
    }

    /// Passes over bytes that `belongs` accepts. They are ASCII.
    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &str {
        let start = self.at;
        let bytes = &self.text.as_bytes()[start..];
        self.at += bytes.iter().position(|byte| !belongs(*byte)).unwrap_or(bytes.len());
        &self.text[start..self.at]
    }

    fn blanks(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Passes over blanks and `token` if that comes next after them, or else over nothing.
    fn take_after_blanks(&mut self, token: &str) -> bool {
        let start = self.at;
        self.blanks();
        let comes = self.take(token);
        if !comes {
            self.at = start;
        }
        comes
    }

    /// Parses something that may nest.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth == MAX_DEPTH {
            let message = format!("parentheses, filters and functions are nested more than {MAX_DEPTH} deep");
            return Err(ParseError::Unsupported { at: self.at, message });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn segments(&mut self) -> Result<Segments, ParseError> {
        let mut all = Segments { segments: Vec::new(), singular: true };
        loop {
            let start = self.at;
            self.blanks();
            let Some(segment) = self.segment(&mut all.singular)? else {
                self.at = start;
                return Ok(all);
            };
            all.singular &= !segment.descendant
                && matches!(segment.selectors[..], [Selector::Name(_) | Selector::Index(_)]);
            all.segments.push(segment);
        }
    }

    /// Parses a segment if one comes next.
    fn segment(&mut self, singular: &mut bool) -> Result<Option<Segment>, ParseError> {
        let descendant = self.take("..");
        let dot = descendant || self.take(".");
        let brackets = !dot || descendant;
        if brackets && self.take("[") {
            let selectors = self.bracketed(singular)?;
            return Ok(Some(Segment { descendant, selectors }));
        }
        if !dot {
            return Ok(None);
        }
        let selector = if self.take("*") { Selector::Wildcard } else { Selector::Name(self.shorthand()?) };
        Ok(Some(Segment { descendant, selectors: vec![selector] }))
    }

    fn shorthand(&mut self) -> Result<String, ParseError> {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let rest = self.rest();
        if !rest.starts_with(first) {
            return self.fail("expected a name or `*`");
        }
        let end = rest.find(|c: char| !first(c) && !c.is_ascii_digit()).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        self.at += end;
        Ok(name)
    }

    /// Parses selectors after their opening bracket.
    fn bracketed(&mut self, singular: &mut bool) -> Result<Vec<Selector>, ParseError> {
        let mut selectors = Vec::new();
        loop {
            let start = self.at;
            self.blanks();
            *singular &= self.at == start;
            selectors.push(self.selector()?);
            let end = self.at;
            self.blanks();
            *singular &= self.at == end;
            if self.take("]") {
                return Ok(selectors);
            }
            if !self.take(",") {
                return self.fail("expected `,` or `]`");
            }
        }
    }

    fn selector(&mut self) -> Result<Selector, ParseError> {
        match self.peek() {
            Some('\'' | '"') => self.string().map(Selector::Name),
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wildcard)
            }
            Some('?') => {
                self.at += 1;
                self.blanks();
                self.nested(Self::logical).map(Selector::Filter)
            }
            Some(':' | '-' | '0'..='9') => self.index_or_slice(),
            _ => self.fail("expected a selector: a quoted name, an index, a slice, `*` or `?`"),
        }
    }

    fn index_or_slice(&mut self) -> Result<Selector, ParseError> {
        let start = self.integer()?;
        if !self.take_after_blanks(":") {
            return match start {
                Some(index) => Ok(Selector::Index(index)),
                None => self.fail("expected an index or a slice"),
            };
        }
        // Blanks before the closing bracket are the caller's, but nobody asks for them: a slice is not singular.
        self.blanks();
        let end = self.integer()?;
        let step = if self.take_after_blanks(":") {
            self.blanks();
            self.integer()?
        } else {
            None
        };
        Ok(Selector::Slice { start, end, step: step.unwrap_or(1) })
    }

    /// Parses an integer if one comes next.
    fn integer(&mut self) -> Result<Option<i64>, ParseError> {
        let start = self.at;
        let negative = self.take("-");
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        let wrong = match (negative, digits) {
            (false, "") => return Ok(None),
            (true, "") => "expected digits after `-`",
            (true, "0") => "-0 is no integer",
            (_, digits) if digits.len() > 1 && digits.starts_with('0') => "an integer has no leading zeros",
            _ => match self.text[start..self.at].parse() {
                Ok(integer) if (-MAX_INTEGER..=MAX_INTEGER).contains(&integer) => return Ok(Some(integer)),
                _ => "an integer lies between -(2^53 - 1) and 2^53 - 1",
            },
        };
        self.at = start;
        self.fail(wrong)
    }

    /// Parses a quoted string.
    fn string(&mut self) -> Result<String, ParseError> {
        let quote = self.peek().unwrap_or('"');
        self.at += 1;
        let mut string = String::new();
        loop {
            let Some(next) = self.peek() else { return self.fail("the string does not end") };
            if next < ' ' {
                return self.fail("a control character in a string must be escaped");
            }
            self.at += next.len_utf8();
            match next {
                '\\' => string.push(self.escaped(quote)?),
                next if next == quote => return Ok(string),
                next => string.push(next),
            }
        }
    }

    /// Parses what follows a backslash in a string.
    fn escaped(&mut self, quote: char) -> Result<char, ParseError> {
        let plain = match self.peek() {
            Some(escaped @ ('/' | '\\')) => escaped,
            Some(escaped) if escaped == quote => escaped,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return self.fail("no such escape"),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Parses the digits after `\u`, and the second half of a surrogate pair.
    fn unicode(&mut self) -> Result<char, ParseError> {
        let first = self.four_digits()?;
        if let 0xd800..=0xdbff = first {
            if self.take("\\u")
                && let second @ 0xdc00..=0xdfff = self.four_digits()?
                && let Some(pair) = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            {
                return Ok(pair);
            }
            return self.fail("a high surrogate must be followed by a low one");
        }
        // Only surrogates are no characters.
        char::from_u32(first).map_or_else(|| self.fail("a low surrogate must follow a high one"), Ok)
    }

    fn four_digits(&mut self) -> Result<u32, ParseError> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                self.at += 4;
                Ok(value)
            }
            None => self.fail("expected four hexadecimal digits"),
        }
    }

    fn logical(&mut self) -> Result<Logical, ParseError> {
        let mut any = vec![self.conjunction()?];
        while self.take_after_blanks("||") {
            self.blanks();
            any.push(self.conjunction()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Logical::Any(any) })
    }

    fn conjunction(&mut self) -> Result<Logical, ParseError> {
        let mut all = vec![self.basic()?];
        while self.take_after_blanks("&&") {
            self.blanks();
            all.push(self.basic()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Logical::All(all) })
    }

    /// Parses an expression in parentheses, a comparison or a test.
    fn basic(&mut self) -> Result<Logical, ParseError> {
        let negated = self.take("!");
        if negated {
            self.blanks();
        }
        let expression = if self.take("(") {
            self.blanks();
            let inner = self.nested(Self::logical)?;
            self.blanks();
            self.expect(")")?;
            inner
        } else {
            let operand = self.operand()?;
            let start = self.at;
            self.blanks();
            match self.comparison() {
                Some(_) if negated => return self.fail("`!` applies to a comparison only in parentheses"),
                Some(comparison) => {
                    let left = self.comparable(operand)?;
                    self.blanks();
                    let right = self.operand()?;
                    let right = self.comparable(right)?;
                    return Ok(Logical::Compare { left, comparison, right });
                }
                None => self.at = start,
            }
            match operand {
                Operand::Query { query, .. } => Logical::Exists(query),
                Operand::Logical(logical) => logical,
                Operand::Literal(_) => return self.fail("a literal must be compared"),
                Operand::Value(_) => return self.fail("the result of this function must be compared"),
            }
        };
        Ok(if negated { Logical::Not(Box::new(expression)) } else { expression })
    }

    /// Passes over an operator that compares, if one comes next.
    fn comparison(&mut self) -> Option<Comparison> {
        let (comparison, rest) = Comparison::read(self.rest())?;
        self.at = self.text.len() - rest.len();
        Some(comparison)
    }

    /// Checks that an operand has at most one value.
    fn comparable(&self, operand: Operand) -> Result<Comparable, ParseError> {
        match operand {
            Operand::Literal(literal) => Ok(Comparable::Literal(literal)),
            Operand::Query { query, singular: true } => Ok(Comparable::Singular(query)),
            Operand::Query { singular: false, .. } => self.fail(
                "a query may be compared, or be the argument of a function of values, only if it has the syntax of a \
                 singular one: names and indices, without blanks in the brackets",
            ),
            Operand::Value(comparable) => Ok(comparable),
            Operand::Logical(_) => {
                self.fail("the result of this function is true or false, and no value")
            }
        }
    }

    fn operand(&mut self) -> Result<Operand, ParseError> {
        match self.peek() {
            Some(root @ ('$' | '@')) => {
                self.at += 1;
                let Segments { segments, singular } = self.segments()?;
                Ok(Operand::Query { query: Subquery { absolute: root == '$', segments }, singular })
            }
            Some('\'' | '"') => Ok(Operand::Literal(Literal::String(self.string()?))),
            Some('-' | '0'..='9') => self.number().map(Operand::Literal),
            Some('a'..='z') => self.word(),
            _ => self.fail("expected a query, a literal or a function"),
        }
    }

    fn number(&mut self) -> Result<Literal, ParseError> {
        let start = self.at;
        self.take("-");
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return self.fail("a number begins with digits, and with no needless zero");
        }
        if self.take(".") && self.take_while(|byte| byte.is_ascii_digit()).is_empty() {
            return self.fail("expected digits after the point");
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("-") || self.take("+");
            if self.take_while(|byte| byte.is_ascii_digit()).is_empty() {
                return self.fail("expected the digits of an exponent");
            }
        }
        match Numeric::parse(&self.text[start..self.at]) {
            Some(number) => Ok(Literal::Number(number)),
            None => self.fail("not a number"),
        }
    }

    /// Parses a function, `true`, `false` or `null`.
    fn word(&mut self) -> Result<Operand, ParseError> {
        let start = self.at;
        self.take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let word = &self.text[start..self.at];
        if !self.rest().starts_with('(') {
            return match word {
                "true" => Ok(Operand::Literal(Literal::Bool(true))),
                "false" => Ok(Operand::Literal(Literal::Bool(false))),
                "null" => Ok(Operand::Literal(Literal::Null)),
                _ => self.fail("expected a query, a literal or a function"),
            };
        }
        let Some(function) = Function::named(word) else {
            self.at = start;
            return self.fail("no such function");
        };
        self.at += 1;
        self.nested(|parser| parser.call(function))
    }

    /// Parses the arguments of a function, after their opening parenthesis.
    fn call(&mut self, function: Function) -> Result<Operand, ParseError> {
        self.blanks();
        let first = self.operand()?;
        let operand = match function {
            Function::Length => Operand::Value(Comparable::Length(Box::new(self.comparable(first)?))),
            Function::Count => Operand::Value(Comparable::Count(self.nodes(first)?)),
            Function::Value => Operand::Value(Comparable::Value(self.nodes(first)?)),
            Function::Match | Function::Search => {
                let text = self.comparable(first)?;
                self.blanks();
                self.expect(",")?;
                self.blanks();
                let whole = function == Function::Match;
                let second = self.operand()?;
                let pattern = self.pattern(second, whole)?;
                Operand::Logical(Logical::Matches(Box::new(Matching { text, pattern, whole })))
            }
        };
        self.blanks();
        self.expect(")")?;
        Ok(operand)
    }

    /// Checks that an argument is a query.
    fn nodes(&self, argument: Operand) -> Result<Subquery, ParseError> {
        match argument {
            Operand::Query { query, .. } => Ok(query),
            _ => self.fail("the argument of this function must be a query"),
        }
    }

    fn pattern(&self, argument: Operand, whole: bool) -> Result<Pattern, ParseError> {
        let Operand::Literal(Literal::String(text)) = argument else {
            return self.comparable(argument).map(Pattern::Computed);
        };
        match regexp::compile(&text, whole) {
            Ok(regex) => Ok(Pattern::Fixed(regex)),
            Err(Refusal::Invalid) => Ok(Pattern::Invalid),
            Err(Refusal::TooLarge) => Err(ParseError::Unsupported {
                at: self.at,
                message: "the regular expression is too large".to_owned(),
            }),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Length,
    Count,
    Value,
    Match,
    Search,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" => Function::Length,
            "count" => Function::Count,
            "value" => Function::Value,
            "match" => Function::Match,
            "search" => Function::Search,
            _ => return None,
        })
    }
}

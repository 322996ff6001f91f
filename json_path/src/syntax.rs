//! A query after it was parsed. Everything in it is valid and well-typed.

use regex::Regex;

use crate::number::Numeric;

/// A JSONPath query.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// Whether it selects among all descendants (`..`), not only among children.
    pub(crate) descendant: bool,
    pub(crate) selectors: Vec<Selector>,
}

#[derive(Clone, Debug)]
pub(crate) enum Selector {
    Name(String),
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Wildcard,
    Filter(Logical),
}

/// What is true or false of a node.
#[derive(Clone, Debug)]
pub(crate) enum Logical {
    Any(Vec<Logical>),
    All(Vec<Logical>),
    Not(Box<Logical>),
    Exists(Subquery),
    Compare { left: Comparable, comparison: Comparison, right: Comparable },
    Matches(Box<Matching>),
}

/// A query within a filter.
#[derive(Clone, Debug)]
pub(crate) struct Subquery {
    /// Whether it begins at the document's root (`$`), not at the node that is tested (`@`).
    pub(crate) absolute: bool,
    pub(crate) segments: Vec<Segment>,
}

/// What has at most one value.
#[derive(Clone, Debug)]
pub(crate) enum Comparable {
    Literal(Literal),
    /// A query that selects at most one node.
    Singular(Subquery),
    Length(Box<Comparable>),
    Count(Subquery),
    Value(Subquery),
}

#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Number(Numeric),
    String(String),
}

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The operator at the beginning of a text, if there is one, and what is behind it.
    #[inline]
    pub fn read(text: &str) -> Option<(Self, &str)> {
        let spellings = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        spellings
            .into_iter()
            .find_map(|(spelling, comparison)| Some((comparison, text.strip_prefix(spelling)?)))
    }
}

/// `match()` or `search()`.
#[derive(Clone, Debug)]
pub(crate) struct Matching {
    pub(crate) text: Comparable,
    pub(crate) pattern: Pattern,
    /// Whether the whole text must match.
    pub(crate) whole: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// A literal that is an I-Regexp.
    Fixed(Regex),
    /// A literal that is none, which matches nothing.
    Invalid,
    Computed(Comparable),
}

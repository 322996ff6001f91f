//! Paths: the parts at the beginning that do not need the evaluator, and the rest that it gets.

use json_path::Query;
use scenarios::flat_query::{QueryError, Selector, simple_segments};

use crate::filter::{self, Filter};

/// Once a path has this many parts, the evaluator gets the rest, because evaluating parts recurses.
const MAX_PARTS: usize = 64;

/// A part of a path that does not need the evaluator.
#[derive(Debug)]
pub(crate) enum Part {
    Simple(Selector),
    Filter(Filter),
}

/// A path that was parsed.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) parts: Vec<Part>,
    /// What the evaluator selects from the nodes to which the parts lead; `None` if these are the results.
    pub(crate) rest: Option<Query>,
}

impl Parsed {
    // Always, because a short query does little else: a call would cost it about one per cent.
    #[inline(always)]
    pub(crate) fn new(path: &str) -> Result<Self, QueryError> {
        let (parts, rest) = path.strip_prefix('$').map_or((Vec::new(), path), parts);
        if rest.is_empty() && !path.is_empty() {
            return Ok(Parsed { parts, rest: None });
        }
        let rest = parse_rest(path, &parts, rest)?;
        Ok(Parsed { parts, rest: Some(rest) })
    }
}

/// It is not inlined, so that it does not change the code for paths without a rest.
#[inline(never)]
fn parse_rest(path: &str, parts: &[Part], rest: &str) -> Result<Query, QueryError> {
    let query = match parts {
        [] => Query::parse(path),
        _ => Query::parse_rest(path, path.len() - rest.len()),
    };
    query.map_err(|error| error.into_error(QueryError::Invalid, QueryError::Unsupported))
}

/// Splits a path, given without its `$`, into the parts at its beginning that do not need the evaluator, and the
/// rest.
fn parts(text: &str) -> (Vec<Part>, &str) {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (selectors, after) = simple_segments(rest);
        let read = !selectors.is_empty();
        parts.extend(selectors.into_iter().map(Part::Simple));
        rest = after;
        if let Some((filter, after)) = filter::read(rest).filter(|_| parts.len() < MAX_PARTS) {
            parts.push(Part::Filter(filter));
            rest = after;
        } else if !read || parts.len() >= MAX_PARTS {
            return (parts, rest);
        }
    }
}

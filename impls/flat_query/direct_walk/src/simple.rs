//! Which paths are simple, and what becomes of the others.

use std::fmt::Write;

use json_path::Query;
use scenarios::flat_query::{QueryError, Selector, SelectorKind, simple_segments};

/// The selectors of a simple path; `None` of any other path.
#[inline]
pub(crate) fn simple(path: &str) -> Option<Vec<Selector>> {
    let (selectors, rest) = simple_segments(path.strip_prefix('$')?);
    let is_simple = rest.is_empty() && !selectors.iter().any(|selector| selector.descendant);
    is_simple.then_some(selectors)
}

#[inline]
pub(crate) fn has_wildcard(selectors: &[Selector]) -> bool {
    selectors.iter().any(|selector| selector.kind == SelectorKind::Wildcard)
}

/// The pointer to the one node that selectors without a wildcard can select.
#[inline]
pub(crate) fn pointer_of(selectors: &[Selector]) -> String {
    let mut pointer = String::new();
    for selector in selectors {
        pointer.push('/');
        match &selector.kind {
            SelectorKind::Name(name) => pointer.push_str(name),
            // Writing to a `String` does not fail.
            SelectorKind::Index(index) => drop(write!(pointer, "{index}")),
            SelectorKind::Wildcard => {}
        }
    }
    pointer
}

#[inline]
pub(crate) fn parse(path: &str) -> Result<Query, QueryError> {
    Query::parse(path).map_err(|error| error.into_error(QueryError::Invalid, QueryError::Unsupported))
}

//! Texts for people: `{1: a, 2: b}` for maps, `{a, b}` for sets, `[a, b]` for vectors.

use std::fmt::{self, Display};

use crate::counter::Counter;
use crate::{GenericHashMap, GenericHashSet, GenericOrdMap, GenericOrdSet, GenericVector};

/// Writes items with a comma between them.
fn list<I: IntoIterator>(
    f: &mut fmt::Formatter<'_>,
    (open, close): (&str, &str),
    items: I,
    mut item: impl FnMut(&mut fmt::Formatter<'_>, I::Item) -> fmt::Result,
) -> fmt::Result {
    f.write_str(open)?;
    for (at, next) in items.into_iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        item(f, next)?;
    }
    f.write_str(close)
}

/// Writes the entry of a map.
fn entry<K: Display, V: Display>(f: &mut fmt::Formatter<'_>, (key, value): (&K, &V)) -> fmt::Result {
    key.fmt(f)?;
    f.write_str(": ")?;
    value.fmt(f)
}

impl<K: Display, V: Display, S, C: Counter> Display for GenericHashMap<K, V, S, C> {
    /// Writes `{key: value, …}`, in the order of [`iter`](GenericHashMap::iter). Flags apply to keys and values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, ("{", "}"), self, entry)
    }
}

impl<K: Display, V: Display, C: Counter> Display for GenericOrdMap<K, V, C> {
    /// Writes `{key: value, …}`, in the order of the keys. Flags apply to keys and values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, ("{", "}"), self, entry)
    }
}

impl<T: Display, C: Counter> Display for GenericOrdSet<T, C> {
    /// Writes `{element, …}`, in order. Flags apply to the elements.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, ("{", "}"), self, |f, element| element.fmt(f))
    }
}

impl<T: Display, S, C: Counter> Display for GenericHashSet<T, S, C> {
    /// Writes `{element, …}`, in the order of [`iter`](GenericHashSet::iter). Flags apply to the elements.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, ("{", "}"), self, |f, element| element.fmt(f))
    }
}

impl<T: Display, C: Counter> Display for GenericVector<T, C> {
    /// Writes `[element, …]`. Flags apply to the elements.
    ///
    /// ```
    /// assert_eq!(persistent_collections::vector![1, 2].to_string(), "[1, 2]");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, ("[", "]"), self, |f, element| element.fmt(f))
    }
}

//! Queries: the index, and the paths that were parsed last.

use std::cell::OnceCell;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::rc::Rc;

use json_path::Query;
use scenarios::flat::{Built, Pointer};
use scenarios::flat_keys::FlatStore;
use scenarios::flat_query::{QueryError, QueryIndex, SelectorKind, simple_segments};
use scenarios::input::FixedHasher;
use scenarios::lru_cache::{Cache, Family};

use crate::array::Slot;
use crate::document::{Document, Lent, Storage};
use crate::parts::Parts;
use crate::value;

/// How many paths are held: data-map's number.
const CAPACITY: usize = 500;

/// A path that was parsed.
#[derive(Debug)]
struct Prepared<T> {
    text: String,
    path: Result<T, QueryError>,
    /// The first segment of everything that the path selects; `None` if there are several.
    head: Option<String>,
    /// The path for a walk over the whole tree, if that was ever needed.
    whole: OnceCell<Result<Query, QueryError>>,
}

/// A counted path.
type Shared<P> = Rc<Prepared<<<P as Parts>::Query as QueryIndex>::Path>>;

type Paths<P> = <<P as Parts>::Cache as Family>::Cache<u64, Shared<P>, FixedHasher>;

/// A path that is ready to be answered.
pub(crate) struct Ready<P: Parts>(Shared<P>);

pub(crate) struct Queries<P: Parts> {
    index: P::Query,
    /// The storage of which the index was told last; `None` while it is told of every change.
    told: Option<Storage<P>>,
    paths: Paths<P>,
}

impl<P: Parts> Queries<P> {
    pub(crate) fn new() -> Self {
        Queries { index: P::Query::new(), told: None, paths: Paths::<P>::with_capacity(CAPACITY) }
    }

    /// Something came to `pointer`, where nothing was.
    #[inline]
    pub(crate) fn added(&mut self, pointer: Pointer<'_>) {
        if self.told.is_none() {
            self.index.added(pointer);
        }
    }

    /// What was at `pointer` went.
    #[inline]
    pub(crate) fn removed(&mut self, pointer: Pointer<'_>) {
        if self.told.is_none() {
            self.index.removed(pointer);
        }
    }

    /// The document becomes another one. The index is told when it is asked, in case that never happens.
    pub(crate) fn replaced(&mut self, before: Storage<P>) {
        self.told.get_or_insert(before);
    }

    /// Tells the index what it was not told.
    pub(crate) fn catch_up(&mut self, document: &Document<P>) {
        let Some(told) = self.told.take() else { return };
        let index = &mut self.index;
        document.storage.differences(&told, |pointer, old: Option<&Slot<P>>, new: Option<&Slot<P>>| {
            let Ok(pointer) = Pointer::parse(pointer) else { return };
            match (old, new) {
                (None, Some(_)) => index.added(pointer),
                (Some(_), None) => index.removed(pointer),
                _ => {}
            }
        });
    }

    /// The path, parsed before if it was among the last.
    pub(crate) fn prepare(&mut self, text: &str) -> Ready<P> {
        // The cache has numbers for keys, so that a look-up needs no text of its own.
        let key = FixedHasher::default().hash_one(text);
        if let Some(found) = self.paths.get(&key).filter(|found| found.text == text) {
            return Ready(found.clone());
        }
        let prepared = Rc::new(Prepared {
            text: text.to_owned(),
            path: P::Query::prepare(text),
            head: head(text),
            whole: OnceCell::new(),
        });
        self.paths.put(key, prepared.clone());
        Ready(prepared)
    }

    /// Visits what a path selects.
    pub(crate) fn select(
        &self,
        prepared: &Ready<P>,
        document: &Document<P>,
        visit: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let prepared = &*prepared.0;
        if document.may_reach_arrays(prepared.head.as_deref()) {
            let query = prepared.whole.get_or_init(|| value::parse(&prepared.text));
            let query = query.as_ref().map_err(Clone::clone)?;
            let Some(object) = document.to_object(Pointer::ROOT) else { return Ok(()) };
            value::select(query, &object.value(), visit);
            return Ok(());
        }
        let path = prepared.path.as_ref().map_err(Clone::clone)?;
        self.index.select(path, &Lent(document), visit);
        Ok(())
    }
}

/// The first segment of everything that a path may look at, if that is one name: a path with another `$` in it looks at
/// the whole document.
fn head(text: &str) -> Option<String> {
    let rest = text.strip_prefix('$').filter(|rest| !rest.contains('$'))?;
    let (selectors, _) = simple_segments(rest);
    match selectors.into_iter().next()? {
        first if first.descendant => None,
        first => match first.kind {
            SelectorKind::Name(segment) => Some(segment.to_string()),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_beginning_is_known() {
        for (path, expected) in [
            ("$.a.b", Some("a")),
            ("$['a'][*]", Some("a")),
            ("$.a[?@.b > 1]", Some("a")),
            ("$.a[?@.b > $.c]", None),
            ("$..a", None),
            ("$.*", None),
            ("$[0]", None),
            ("$", None),
            ("$['a','b']", None),
            ("a", None),
        ] {
            assert_eq!(head(path).as_deref(), expected, "{path}");
        }
    }
}

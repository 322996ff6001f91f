//! Which types may be used after a panic was caught: every collection and iterator, if its contents may.
//!
//! The compiler cannot derive this, because nodes are reached through raw pointers and their counts are cells. An
//! operation that panics leaves a consistent collection, and versions share contents in the way an `Arc` does.
//! Therefore each of the two traits requires of the contents what `Arc` requires: [`RefUnwindSafe`].
//!
//! Types that borrow a collection exclusively ([`IterMut`](crate::vector::IterMut), [`Entry`](crate::map::Entry) and
//! its two variants) are not [`UnwindSafe`], just as `&mut` is not.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::counter::{Counter, Plain};
use crate::{
    GenericHashMap, GenericHashSet, GenericOrdMap, GenericOrdSet, GenericVector, map, ordered, set, vector,
};

// A count is always correct when user code runs, so a panic there cannot leave it wrong.
impl RefUnwindSafe for Plain {}

impl<K: RefUnwindSafe, V: RefUnwindSafe, S: UnwindSafe, C: Counter> UnwindSafe
    for GenericHashMap<K, V, S, C>
{
}
impl<K: RefUnwindSafe, V: RefUnwindSafe, S: RefUnwindSafe, C: Counter> RefUnwindSafe
    for GenericHashMap<K, V, S, C>
{
}
impl<T: RefUnwindSafe, S: UnwindSafe, C: Counter> UnwindSafe for GenericHashSet<T, S, C> {}
impl<T: RefUnwindSafe, S: RefUnwindSafe, C: Counter> RefUnwindSafe for GenericHashSet<T, S, C> {}
impl<T: RefUnwindSafe, C: Counter> UnwindSafe for GenericVector<T, C> {}
impl<T: RefUnwindSafe, C: Counter> RefUnwindSafe for GenericVector<T, C> {}

impl<K: RefUnwindSafe, V: RefUnwindSafe, C> UnwindSafe for map::Iter<'_, K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C> RefUnwindSafe for map::Iter<'_, K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C: Counter> UnwindSafe for map::IntoIter<K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C: Counter> RefUnwindSafe for map::IntoIter<K, V, C> {}
impl<T: RefUnwindSafe, C> UnwindSafe for set::Iter<'_, T, C> {}
impl<T: RefUnwindSafe, C> RefUnwindSafe for set::Iter<'_, T, C> {}
impl<T: RefUnwindSafe, C: Counter> UnwindSafe for vector::Iter<'_, T, C> {}
impl<T: RefUnwindSafe, C: Counter> RefUnwindSafe for vector::Iter<'_, T, C> {}
impl<T: RefUnwindSafe, C: Counter> UnwindSafe for vector::Leaves<'_, T, C> {}
impl<T: RefUnwindSafe, C: Counter> RefUnwindSafe for vector::Leaves<'_, T, C> {}
impl<T: RefUnwindSafe, C: Counter> UnwindSafe for vector::IntoIter<T, C> {}
impl<T: RefUnwindSafe, C: Counter> RefUnwindSafe for vector::IntoIter<T, C> {}

impl<K: RefUnwindSafe, V: RefUnwindSafe, C: Counter> UnwindSafe for GenericOrdMap<K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C: Counter> RefUnwindSafe for GenericOrdMap<K, V, C> {}
impl<T: RefUnwindSafe, C: Counter> UnwindSafe for GenericOrdSet<T, C> {}
impl<T: RefUnwindSafe, C: Counter> RefUnwindSafe for GenericOrdSet<T, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C> UnwindSafe for ordered::Iter<'_, K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C> RefUnwindSafe for ordered::Iter<'_, K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C> UnwindSafe for ordered::Range<'_, K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C> RefUnwindSafe for ordered::Range<'_, K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C: Counter> UnwindSafe for ordered::IntoIter<K, V, C> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe, C: Counter> RefUnwindSafe for ordered::IntoIter<K, V, C> {}

//! What may be used after a panic was caught: every collection and iterator whose contents may.
//!
//! The compiler cannot tell by itself, for nodes hang on raw pointers and their counts are cells. What a panic interrupts
//! leaves a consistent collection, and contents are shared between versions as an `Arc` shares them. So each of the
//! two traits asks of the contents what `Arc` asks: that they may be looked at after a panic.
//!
//! Exclusive borrows ([`IterMut`](crate::vector::IterMut), [`Entry`](crate::map::Entry) and what it has) are not
//! [`UnwindSafe`], as `&mut` is not.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::counter::{Counter, Plain};
use crate::{GenericHashMap, GenericHashSet, GenericVector, map, set, vector};

// A count is right whenever user code may panic.
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

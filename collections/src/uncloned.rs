//! The error of methods that never clone.

use std::error::Error;
use std::fmt;

/// An element would have to be cloned, because another version shares it. It is returned by the methods whose names end
/// in `_uncloned`, which serve elements without `Clone`, and holds what they were called with.
///
/// ```
/// use persistent_collections::{Shared, Vector};
///
/// let mut callbacks: Vector<Box<dyn Fn() -> u32>> = Vector::new();
/// callbacks.push_back_uncloned(Box::new(|| 1)).unwrap();
/// let version = callbacks.share().unwrap();
/// let Err(Shared(returned)) = callbacks.push_back_uncloned(Box::new(|| 2)) else { panic!() };
/// drop(version);
/// callbacks.push_back_uncloned(returned).unwrap();
/// assert_eq!(callbacks.iter().map(|callback| callback()).sum::<u32>(), 3);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shared<T>(pub T);

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another version shares an element, which would have to be cloned")
    }
}

impl<T> Error for Shared<T> {}

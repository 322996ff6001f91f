//! Words that `flat_keys` and `flat_query` share: pointers, leaves, and the tree that they stand for.
//!
//! A flat store maps RFC 6901 JSON pointers to **leaves**: scalars and empty containers. Inner nodes are
//! implied by the pointers below them. What they are, [`Kinds`] says: a container whose children are named by
//! exactly the indices `0 … k - 1` is an array, unless it was recorded as an object; every other one is
//! an object. A pointer that is a leaf *and* has others below it shows as the container in every tree.

mod containers;
mod leaf;
pub(crate) mod steps;
mod tree;

pub use containers::{Census, Containers, Kinds};
pub use leaf::{Leaf, NotALeaf, leaf, touch_text, touch_value};
pub use tree::{flatten, tree};

pub use crate::pointer::{Pointer, PointerBuf, PointerError, array_index, escape, unescape};

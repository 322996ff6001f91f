//! What `flat_keys` and `flat_query` share: pointers, leaves, and the tree that they stand for.
//!
//! A flat store maps JSON pointers (RFC 6901) to **leaves**: scalars and empty containers. All other containers are
//! implied by the pointers below them. A container whose children are named by exactly the indices `0 … k - 1` is an
//! array, unless [`Kinds`] records it as an object. Every other container is an object. A pointer that is a leaf *and*
//! has others below it shows as a container in every tree.

mod containers;
mod content;
mod leaf;
pub(crate) mod steps;
mod tree;

pub use containers::{Census, Containers, Kinds};
pub use content::{Built, Content, Leaves, SharedValue, touch_tree};
pub(crate) use content::{touch_elements, touch_members};
pub use leaf::{Leaf, NotALeaf, leaf, touch_text, touch_value};
pub use tree::{flatten, tree};

pub use crate::pointer::{Pointer, PointerBuf, PointerError, array_index, escape, unescape};

//! How contenders of `shared_map` and `shared_vector` publish versions, where that is not what tells them apart.
//!
//! | module | what a version is | who can read it |
//! |---|---|---|
//! | [`swapped`] | a clone of the writer's content, behind one `ArcSwap` | threads of one process |
//! | [`archived`] | bytes that a [`Format`](archived::Format) makes of the writer's content, in a region | threads and processes |
//! | [`counted`] | a trie in a region, of blocks that count who refers to them | threads and processes |
//! | [`pinned`] | anything in a region; this is what [`archived`] and [`counted`] build on | threads and processes |
//!
//! A contender says what its content is, by [`MapContent`] or [`VectorContent`], and gets writer, reader and snapshot.

pub mod archived;
mod content;
pub mod counted;
pub mod encoding;
pub mod pinned;
pub mod swapped;

pub use content::{HashContent, MapContent, MapView, VecContent, VectorContent, VectorView};

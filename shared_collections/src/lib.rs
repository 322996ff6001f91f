//! A persistent map, set and vector in shared memory.

#[cfg(not(target_os = "linux"))]
compile_error!("shared_collections needs Linux; what another system would have to offer is in src/sys.rs");

mod check;
mod error;
mod layout;
pub mod map;
mod radix;
mod reader;
mod region;
pub mod set;
mod space;
mod sys;
#[cfg(test)]
mod tests;
mod trie;
mod value;
pub mod vector;
mod writer;

pub use error::Error;
pub use map::Map;
pub use reader::{Reader, Snapshot};
pub use region::Options;
pub use set::Set;
pub use value::Value;
pub use vector::Vector;
pub use writer::{Usage, Writer};

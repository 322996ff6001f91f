//! Tests that safe code cannot misuse the collections: every public operation, on every kind of element, with a panic
//! at every call of user code, and with versions whose elements have different lifetimes.
//!
//! `COLLECTIONS_OPERATIONS=10000000 cargo test --release -p collections --test soundness` does that many random
//! operations for each kind of element. `COLLECTIONS_SEED` chooses other operations.

mod auto_traits;
mod draws;
mod kinds;
mod lengths;
mod lifetimes;
mod maps;
mod vectors;
mod world;

//! What safe code can do to the collections: every public operation, on every kind of element, with a panic at every call
//! of user code, and with versions whose elements live for different times.
//!
//! `COLLECTIONS_OPERATIONS=10000000 cargo test --release -p collections --test soundness` does so many random operations per
//! kind; `COLLECTIONS_SEED` begins them elsewhere.

mod auto_traits;
mod draws;
mod kinds;
mod lengths;
mod lifetimes;
mod maps;
mod vectors;
mod world;

//! Published claims, tested by a record: "X takes a third of the time of Y. Does it?"
//!
//! A claim is a statement with a source and, mostly, a number. Claims are data: [`mod@file`] reads them from the files in
//! `reports/claims/`, and from those of a reader. [`outcome`] tests them. METHODOLOGY.md, "Claims", says in words by which rule,
//! and `docs/claims.md` how to write one.

pub mod claim;
pub mod file;
pub mod outcome;

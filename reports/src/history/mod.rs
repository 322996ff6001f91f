//! The history: what records of the past measured, cell by cell.
//!
//! It is a directory of plain files, one for each record. Nobody needs a program to read it, to keep it in Git or to copy
//! it. Two machines that add different records write different files, so nothing has to be merged; one that adds a record
//! again writes the same file.

pub mod overview;
pub mod series;
pub mod show;
pub mod steps;
pub mod store;

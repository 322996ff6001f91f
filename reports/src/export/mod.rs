//! The numbers of a record in formats of other programs. `docs/exports.md` describes them for their readers.

pub mod services;
pub mod table;

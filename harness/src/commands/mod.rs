//! The subcommands. Each has a file of its own.

pub mod bless;
pub mod calibrate;
pub mod check;
pub mod choose;
pub mod completions;
pub mod context;
pub mod cross_check;
pub mod diff;
pub mod explain;
pub mod export;
pub mod grouped;
pub mod history;
pub mod identity;
pub mod list;
pub mod merge;
pub mod names;
pub mod new;
pub mod output;
pub mod parse;
pub mod report;
pub mod run;
pub mod self_test;
pub mod side_by_side;
pub mod target;
pub mod verdict;
pub mod verify;

//! Traces of operations: files in which an application wrote down, line by line, what it did to versions of a structure.
//!
//! The bottlenecks share one grammar. `docs/operations.md` of the project describes it, and the operations of each.
//!
//! | file | what it holds |
//! |---|---|
//! | `text.rs` | the grammar: lines, words, and what is said of a faulty line |
//! | `names.rs` | versions by the numbers that a trace gives them |
//! | `history.rs` | the oracle: what every operation must show, however many versions there are |
//! | `replay.rs` | the case: the measured replay, and the comparison with the oracle at every step |

use crate::contender::{Form, OwnInput, Scenario};

mod history;
mod names;
mod replay;
mod text;

pub(crate) use history::{Effect, Held, History, Model};
pub(crate) use names::Names;
pub(crate) use replay::{NOTHING_FOUND, Replay, Trace, alive, put, replay, spelled_value};
pub(crate) use text::{Line, Operation, Texts, looks_like, read};

/// The kind of file that a trace of operations is.
pub(crate) const fn traces(
    expects: &'static str,
    scenarios: &'static [Scenario],
    check: fn(&[u8]) -> Result<(), String>,
    size: fn(&[u8]) -> usize,
    claims: fn(&[u8]) -> bool,
) -> OwnInput {
    OwnInput {
        name: "operations",
        expects,
        scenarios,
        check,
        form: Form::Whole,
        parts: &[],
        items: ["trace of operations", "traces of operations"],
        size: Some(size),
        sizes_count: "entries of the largest version",
        claims: Some(claims),
    }
}

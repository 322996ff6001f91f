//! What `lab verify` replays for a contender and for the oracle.

use super::contract::__Name__;
use super::oracle::Model;
use crate::checking::{each_step, expect, not_replayed};
use crate::trace::{Check, Mismatch, Step};

/// Every check.
pub(super) const CHECKS: &[Check] =
    &[Check::new("operations", 200, 50, "Random inserts and lookups agree with a BTreeSet.")];

/// Keys that traces draw from: few, so that many are met again.
const KEYS: u16 = 64;

/// A step's meaning.
#[derive(Debug)]
enum Operation {
    Insert { key: u64 },
    Contains { key: u64 },
}

fn decode(step: &Step) -> Operation {
    let key = u64::from(step.a % KEYS);
    match step.op % 2 {
        0 => Operation::Insert { key },
        _ => Operation::Contains { key },
    }
}

/// Spells a trace's steps for a reader.
pub(super) fn describe(_check: &Check, trace: &[Step]) -> Vec<String> {
    trace.iter().map(|step| format!("{:?}", decode(step))).collect()
}

/// Replays a trace for a contender and for the oracle.
///
/// # Errors
/// At the first step whose results differ.
pub(super) fn replay<S: __Name__>(check: &Check, trace: &[Step]) -> Result<(), Mismatch> {
    match check.name {
        "operations" => operations::<S>(trace),
        _ => not_replayed(check),
    }
}

fn operations<S: __Name__>(trace: &[Step]) -> Result<(), Mismatch> {
    let (mut set, mut model) = (S::new(), Model::default());
    each_step(trace, |_at, step| {
        let operation = decode(step);
        let (observed, expected) = match operation {
            Operation::Insert { key } => (set.insert(key), model.insert(key)),
            Operation::Contains { key } => (set.contains(key), model.contains(key)),
        };
        expect(format!("{operation:?}"), observed, expected)
    })
}

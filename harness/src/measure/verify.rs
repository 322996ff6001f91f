//! Verification replays every check of a bottleneck for a contender and for the oracle.
//!
//! Traces are seeded, so a failure is found again. It is [shrunk](super::shrink) to a short trace.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, RngSeed, TestCaseError, TestError, TestRunner,
};
use scenarios::{Check, Contender, Mismatch, Step};

use super::protocol::{Depth, Finding};
use super::shrink::shrink;

/// Replays the named check for the named contender.
///
/// # Errors
/// If one of the names is not on the roster.
pub fn perform(
    roster: &[Contender],
    bottleneck: &str,
    contender: &str,
    check: &str,
    depth: Depth,
) -> Result<Finding, String> {
    let found = roster
        .iter()
        .find(|candidate| candidate.bottleneck.name == bottleneck && candidate.about.name == contender);
    let Some(contender) = found else {
        return Err(format!("{bottleneck}/{contender} is not on this roster"));
    };
    let Some(check) = contender.bottleneck.checks.iter().find(|candidate| candidate.name == check) else {
        return Err(format!("{bottleneck} has no check `{check}`"));
    };
    Ok(match refute(contender, check, depth) {
        None => Finding::Verified,
        Some((mismatch, trace)) => {
            let mut steps = (contender.bottleneck.describe)(check, &trace);
            if let Some(at) = steps.get_mut(mismatch.step) {
                at.push_str("   <- here");
            }
            Finding::Refuted {
                message: format!("check `{}`, {mismatch}; what must hold: {}", check.name, check.summary),
                trace: steps,
            }
        }
    })
}

/// The first trace that a contender replays differently from the oracle, shrunk; `None` if there is none.
pub fn refute(contender: &Contender, check: &Check, depth: Depth) -> Option<(Mismatch, Vec<Step>)> {
    let replay = |trace: &[Step]| {
        // A panic is a mismatch like any other, and shrinks like any other.
        let outcome = std::panic::catch_unwind(|| (contender.replay)(check, trace));
        outcome.unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("a panic");
            Err(Mismatch { step: trace.len(), message: format!("the contender panicked: {text}") })
        })
    };
    if check.steps == 0 {
        return replay(&[]).err().map(|mismatch| (mismatch, Vec::new()));
    }
    let config = Config {
        cases: check.traces.saturating_mul(depth.factor),
        failure_persistence: None::<Box<FileFailurePersistence>>.map(|persistence| persistence as _),
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(depth.seed),
        max_shrink_iters: 0,
        ..Config::default()
    };
    // At least half the nominal length, so that structures grow.
    let traces = vec(steps(), check.steps / 2..=check.steps);
    let outcome = TestRunner::new(config)
        .run(&traces, |trace| replay(&trace).map_err(|mismatch| TestCaseError::fail(mismatch.to_string())));
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(reason, trace)) => {
            let trace = shrink(trace, |trace| replay(trace).err().map(|mismatch| mismatch.step));
            // The trace is replayed once more to find the step. A contender that passes this time is not deterministic.
            let mismatch = replay(&trace).err().unwrap_or_else(|| Mismatch {
                step: trace.len(),
                message: format!("{reason} (not every time: the contender is not deterministic)"),
            });
            Some((mismatch, trace))
        }
        Err(TestError::Abort(reason)) => Some((
            Mismatch { step: 0, message: format!("no trace could be generated: {reason}") },
            Vec::new(),
        )),
    }
}

fn steps() -> impl Strategy<Value = Step> {
    (any::<u8>(), any::<u16>(), any::<u16>(), any::<u8>()).prop_map(|(op, a, b, version)| Step {
        op,
        a,
        b,
        version,
    })
}

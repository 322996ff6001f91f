use scenarios::Contender;
use scenarios::flat_query::{FlatQuery, comply};

use crate::expect_injected_panics;

/// Traces of a check that a contender's own test replays; `lab verify` replays others, and more.
const MAX_TRACES: u32 = 8;

/// Replays every check of the contender's bottleneck, each with up to eight traces.
///
/// # Panics
/// If the contender differs from the bottleneck's oracle. The message names check, trace, step and difference.
pub fn every_check_passes(contender: &Contender) {
    expect_injected_panics();
    for check in contender.bottleneck.checks {
        for trace in 0..check.traces.min(MAX_TRACES) as usize {
            if let Err(mismatch) = (contender.replay)(check, &check.trace(trace)) {
                panic!("{}, trace {trace}: {mismatch}", check.name);
            }
        }
    }
}

/// Replays every check of the contender's bottleneck, and compares those that fail with those that it declares to fail.
///
/// # Panics
/// If a check fails that is not declared, or if one is declared and passes.
pub fn fails_what_it_declares(contender: &Contender) {
    expect_injected_panics();
    let mut failed = Vec::new();
    for check in contender.bottleneck.checks {
        let mut traces = 0..check.traces.min(MAX_TRACES) as usize;
        if let Some(mismatch) = traces.find_map(|trace| (contender.replay)(check, &check.trace(trace)).err())
        {
            println!("{} fails: {mismatch}", check.name);
            failed.push(check.name);
        }
    }
    let declared: Vec<&str> = contender.about.known_failures.iter().map(|known| known.check).collect();
    assert_eq!(failed, declared);
}

/// Runs the JSONPath compliance suite, and returns the names of the tests that the store does not support.
///
/// Without the [suite](comply), which is not part of this repository, it checks nothing and returns no names.
///
/// # Panics
/// If the tests that are answered wrongly are not exactly `wrong`, or no test is answered right.
pub fn answers_compliance_suite<S: FlatQuery>(wrong: &[&str]) -> Vec<String> {
    let Some(compliance) = comply::<S>() else { return Vec::new() };
    println!("{} right, {} not supported", compliance.right, compliance.unsupported.len());
    assert_eq!(compliance.wrong, wrong);
    assert!(compliance.right > 0);
    compliance.unsupported
}

#[cfg(test)]
mod tests {
    use scenarios::persistent_map::BOTTLENECK;
    use scenarios::{About, Mismatch, Role};

    use super::*;

    /// A contender that is only ever replayed.
    fn contender(replay: fn(&scenarios::Check, &[scenarios::Step]) -> Result<(), Mismatch>) -> Contender {
        let about = About {
            name: "replayed",
            role: Role::Naive,
            summary: "",
            source: "",
            analysis: "",
            complexity: &[],
            capabilities: &[],
            caveats: &[],
            known_failures: &[],
        };
        Contender {
            bottleneck: &BOTTLENECK,
            about,
            set_up: |_| unreachable!("only replayed"),
            replay,
            concurrency: None,
        }
    }

    #[test]
    fn a_contender_without_mismatch_passes() {
        every_check_passes(&contender(|_, _| Ok(())));
    }

    #[test]
    #[should_panic(expected = "trace 0: at step 7: wrong")]
    fn a_mismatch_in_the_last_check_is_reported() {
        every_check_passes(&contender(|check, _| {
            let last = BOTTLENECK.checks.last().map(|last| last.name);
            if Some(check.name) == last {
                Err(Mismatch { step: 7, message: "wrong".to_owned() })
            } else {
                Ok(())
            }
        }));
    }
}

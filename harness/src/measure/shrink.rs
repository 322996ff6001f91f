//! Shrinking finds, in a trace that fails, the few steps that make it fail.
//!
//! proptest leaves out one step after the other, and stops at the least length that it generates. This code leaves
//! out long runs of steps first, and no trace is too short for it.

use scenarios::Step;

/// The most replays that shrinking may take. Even those of long traces take only seconds.
const REPLAYS: usize = 4000;

/// A trace that still fails, made of `trace` by leaving out steps and making the others' numbers smaller.
///
/// `fails` replays a trace and says at which step it failed, if it did.
pub fn shrink(trace: Vec<Step>, fails: impl Fn(&[Step]) -> Option<usize>) -> Vec<Step> {
    let mut shrinking = Shrinking { trace, fails, replays: REPLAYS };
    while shrinking.shorten() | shrinking.simplify() {}
    shrinking.trace
}

struct Shrinking<F> {
    trace: Vec<Step>,
    fails: F,
    replays: usize,
}

impl<F: Fn(&[Step]) -> Option<usize>> Shrinking<F> {
    /// Leaves out runs of steps, long runs first. Returns whether any could be left out.
    fn shorten(&mut self) -> bool {
        let before = self.trace.len();
        let mut run = before;
        while run > 0 {
            let mut at = 0;
            while at < self.trace.len() {
                let mut shorter = self.trace.clone();
                shorter.drain(at..shorter.len().min(at + run));
                if !self.accept(shorter) {
                    at += run;
                }
            }
            run /= 2;
        }
        self.trace.len() < before
    }

    /// Makes the steps' numbers smaller. Returns whether any could be made smaller.
    fn simplify(&mut self) -> bool {
        let mut any = false;
        let mut at = 0;
        while at < self.trace.len() {
            let simpler = simpler(self.trace[at]).into_iter().any(|step| {
                let mut trace = self.trace.clone();
                trace[at] = step;
                self.accept(trace)
            });
            any |= simpler;
            at += usize::from(!simpler);
        }
        any
    }

    /// Goes on with `trace` if it fails, without the steps behind the one that failed.
    fn accept(&mut self, mut trace: Vec<Step>) -> bool {
        if self.replays == 0 {
            return false;
        }
        self.replays -= 1;
        let Some(failed) = (self.fails)(&trace) else { return false };
        trace.truncate(failed + 1);
        self.trace = trace;
        true
    }
}

/// The step with one of its numbers made smaller, by much first: 0, a half less, a quarter less, and so on.
fn simpler(step: Step) -> Vec<Step> {
    let mut steps = Vec::new();
    for shift in 0..16 {
        let less = |number: u16| number - (number >> shift);
        let Step { op, a, b, version } = step;
        steps.extend([
            Step { op: less(u16::from(op)) as u8, ..step },
            Step { a: less(a), ..step },
            Step { b: less(b), ..step },
            Step { version: less(u16::from(version)) as u8, ..step },
        ]);
    }
    steps.retain(|candidate| *candidate != step);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: u16) -> Vec<Step> {
        (0..count)
            .map(|at| Step { op: (at % 7) as u8, a: at.wrapping_mul(31), b: at, version: (at % 5) as u8 })
            .collect()
    }

    #[test]
    fn two_steps_of_thousands_are_found_with_the_least_numbers() {
        let fails = |trace: &[Step]| {
            let first = trace.iter().position(|step| step.op == 3 && step.a > 1000)?;
            let second = trace[first..].iter().position(|step| step.op == 5 && step.b > 40)?;
            Some(first + second)
        };
        let shrunk = shrink(noise(6000), fails);
        let expected = [Step { op: 3, a: 1001, ..Step::default() }, Step { op: 5, b: 41, ..Step::default() }];
        assert_eq!(shrunk, expected);
    }

    #[test]
    fn what_shows_only_at_the_end_keeps_the_steps_it_takes() {
        // Ten steps of one kind, and the failure shows after the last step.
        let fails = |trace: &[Step]| {
            let matching = trace.iter().filter(|step| step.op == 2).count();
            (matching >= 10).then_some(trace.len())
        };
        assert_eq!(shrink(noise(300), fails), [Step { op: 2, ..Step::default() }; 10]);
    }

    #[test]
    fn a_trace_that_fails_no_more_is_left_as_it_is() {
        assert_eq!(shrink(noise(20), |_| None), noise(20));
    }
}

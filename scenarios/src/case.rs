//! A case: one scenario, set up for one contender and one size, ready to be measured.

use std::hint::black_box;

use crate::input;

/// One scenario set up for one contender and one size.
///
/// A meter calls [`arm`](Case::arm) outside its measurement, [`run`](Case::run) inside it and [`digest`](Case::digest)
/// after it, as often as it likes. Nothing is dropped inside `run`: the state and the results live until the next
/// [`let_go`](Case::let_go) or `arm`.
pub trait Case {
    /// How many operations a run makes: the divisor of every number "per operation".
    fn ops(&self) -> u64;
    /// Whether every run needs a set-up of its own.
    fn setup(&self) -> Setup;
    /// Prepares the state that the next run works on. This is cheap if the region only reads.
    fn arm(&mut self);
    /// The measured region.
    ///
    /// # Panics
    /// If the case is not armed.
    fn run(&mut self);
    /// Drops what the last run left: the results; where every run needs a set-up, the state, too. The input stays. The case
    /// has to be armed before it runs again, and there is nothing left for that to drop.
    fn let_go(&mut self);
    /// A value that depends on every result of the last run.
    ///
    /// # Panics
    /// If the case has not run since it was armed.
    fn digest(&self) -> u64;
    /// What [`digest`](Case::digest) must return. A plain model computes it from the input, without any contender.
    fn expected(&self) -> u64;
    /// What the last run showed apart from its cost. It is empty in most scenarios.
    ///
    /// # Panics
    /// If the case has not run since it was armed.
    fn observed(&self) -> Observed;
    /// Why the contender cannot be measured on the user's file, though it takes part in the scenario; `None` if it can,
    /// and in every scenario with a generated input. It is asked in a process of its own, before anything is measured.
    fn unfit(&self) -> Option<Unfit> {
        None
    }
    /// Does the region's work once more, apart from any run, and compares every step with the oracle's. A case whose
    /// digest is all that there is to compare has nothing to do.
    ///
    /// # Errors
    /// The first difference.
    fn compare(&self) -> Result<(), Difference> {
        Ok(())
    }
}

/// The first difference between a contender and the oracle in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// A message for people: at which step it shows, what was observed, and what was expected.
    pub message: String,
    /// The steps that led to it, the last one that at which it shows; empty if it shows at the end.
    pub context: Vec<String>,
}

/// Named numbers that a run shows apart from its cost: `("hit_rate", 0.64)`.
pub type Observed = Vec<(&'static str, f64)>;

/// Why a contender is not measured in a cell about a user's file, although it takes part in the scenario. This is nobody's
/// failure: the contender says so, or the file is too large for what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It does so much work for each item that the whole file would take too long: what it does, and how often.
    TooMuchWork(String),
    /// It does not support something in the file, and says so with a typed error: what.
    Unsupported(String),
}

/// Whether a region leaves its state as it found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The region consumes or changes its state, so every run needs a new one.
    EveryRun,
    /// The region only reads, so one state serves every run.
    Once,
}

/// Builds a case from its parts.
///
/// * `input`: made from the seed; the same bytes for every contender.
/// * `arm`: the set-up, which makes the state from the input. It is not measured.
/// * `region`: the measured part. It may change the state, and it returns the results.
/// * `digest`: a digest of state and results. It is not measured.
/// * `expected`: the same digest from the input alone.
pub fn case<I, S, O>(
    ops: usize,
    setup: Setup,
    input: I,
    arm: impl Fn(&I) -> S + 'static,
    region: impl Fn(&I, &mut S) -> O + 'static,
    digest: impl Fn(&I, &S, &O) -> u64 + 'static,
    expected: impl Fn(&I) -> u64 + 'static,
) -> Box<dyn Case>
where
    I: 'static,
    S: 'static,
    O: 'static,
{
    observing_case(ops, setup, input, arm, region, digest, expected, |_, _, _| Observed::new())
}

/// A [`case`] that also says what a run showed apart from its cost.
#[expect(clippy::too_many_arguments, reason = "the parts of a case, each a closure, in the order of use")]
pub fn observing_case<I, S, O>(
    ops: usize,
    setup: Setup,
    input: I,
    arm: impl Fn(&I) -> S + 'static,
    region: impl Fn(&I, &mut S) -> O + 'static,
    digest: impl Fn(&I, &S, &O) -> u64 + 'static,
    expected: impl Fn(&I) -> u64 + 'static,
    observe: impl Fn(&I, &S, &O) -> Observed + 'static,
) -> Box<dyn Case>
where
    I: 'static,
    S: 'static,
    O: 'static,
{
    Box::new(Parts {
        ops: ops as u64,
        setup,
        input,
        state: None,
        output: None,
        arm,
        region,
        digest,
        expected,
        observe,
    })
}

/// A case whose input comes from another [seed](crate::input::SEED).
pub fn seeded_case(seed: u64, set_up: impl FnOnce() -> Box<dyn Case>) -> Box<dyn Case> {
    Box::new(Seeded { case: input::with_seed(seed, set_up), seed })
}

/// What a case makes of its input also depends on the seed: the keys of its set-up, for example.
struct Seeded {
    case: Box<dyn Case>,
    seed: u64,
}

impl Case for Seeded {
    fn ops(&self) -> u64 {
        self.case.ops()
    }

    fn setup(&self) -> Setup {
        self.case.setup()
    }

    fn arm(&mut self) {
        input::with_seed(self.seed, || self.case.arm());
    }

    fn run(&mut self) {
        self.case.run();
    }

    fn let_go(&mut self) {
        self.case.let_go();
    }

    fn digest(&self) -> u64 {
        input::with_seed(self.seed, || self.case.digest())
    }

    fn expected(&self) -> u64 {
        input::with_seed(self.seed, || self.case.expected())
    }

    fn observed(&self) -> Observed {
        input::with_seed(self.seed, || self.case.observed())
    }

    fn unfit(&self) -> Option<Unfit> {
        input::with_seed(self.seed, || self.case.unfit())
    }

    fn compare(&self) -> Result<(), Difference> {
        input::with_seed(self.seed, || self.case.compare())
    }
}

/// Refuses to set up a scenario that a bottleneck lists and does not dispatch.
pub(crate) fn not_set_up(scenario: &str) -> ! {
    unreachable!("scenario `{scenario}` is in the list but not set up")
}

struct Parts<I, S, O, A, R, D, E, V> {
    ops: u64,
    setup: Setup,
    input: I,
    state: Option<S>,
    output: Option<O>,
    arm: A,
    region: R,
    digest: D,
    expected: E,
    observe: V,
}

impl<I, S, O, A, R, D, E, V> Case for Parts<I, S, O, A, R, D, E, V>
where
    A: Fn(&I) -> S,
    R: Fn(&I, &mut S) -> O,
    D: Fn(&I, &S, &O) -> u64,
    E: Fn(&I) -> u64,
    V: Fn(&I, &S, &O) -> Observed,
{
    fn ops(&self) -> u64 {
        self.ops
    }

    fn setup(&self) -> Setup {
        self.setup
    }

    fn arm(&mut self) {
        // The old state is dropped first, so that the new one finds the allocator as in a first run.
        self.let_go();
        if self.state.is_none() {
            self.state = Some((self.arm)(&self.input));
        }
    }

    #[inline(never)]
    fn run(&mut self) {
        let state = self.state.as_mut().expect("a case is armed before it runs");
        self.output = Some(black_box((self.region)(black_box(&self.input), black_box(state))));
    }

    fn let_go(&mut self) {
        self.output = None;
        if self.setup == Setup::EveryRun {
            self.state = None;
        }
    }

    fn digest(&self) -> u64 {
        let state = self.state.as_ref().expect("a case is armed before its digest");
        let output = self.output.as_ref().expect("a case runs before its digest");
        (self.digest)(&self.input, state, output)
    }

    fn expected(&self) -> u64 {
        (self.expected)(&self.input)
    }

    fn observed(&self) -> Observed {
        let state = self.state.as_ref().expect("a case is armed before it is observed");
        let output = self.output.as_ref().expect("a case runs before it is observed");
        (self.observe)(&self.input, state, output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summing(setup: Setup) -> Box<dyn Case> {
        case(
            3,
            setup,
            vec![1u64, 2, 3],
            |input| input.clone(),
            |_, state| state.drain(..).sum::<u64>(),
            |_, _, sum| *sum,
            |input| input.iter().sum(),
        )
    }

    #[test]
    fn a_consuming_case_can_run_again_and_again() {
        let mut case = summing(Setup::EveryRun);
        for _ in 0..3 {
            case.arm();
            case.run();
            assert_eq!(case.digest(), case.expected());
        }
    }

    #[test]
    fn a_reading_case_is_set_up_once() {
        let mut case = summing(Setup::Once);
        case.arm();
        case.run();
        case.arm();
        case.run();
        assert_eq!(case.digest(), 0, "the second run must find the state that the first one left");
    }

    #[test]
    fn letting_go_drops_what_the_run_left_and_nothing_else() {
        use std::rc::Rc;

        let (input, state, output) = (Rc::new(()), Rc::new(()), Rc::new(()));
        for (setup, states) in [(Setup::EveryRun, 0), (Setup::Once, 1)] {
            let (of_state, of_output) = (Rc::clone(&state), Rc::clone(&output));
            let mut case = case(
                1,
                setup,
                Rc::clone(&input),
                move |_| Rc::clone(&of_state),
                move |_, _| Rc::clone(&of_output),
                |_, _, _| 0,
                |_| 0,
            );
            // Of each the test has one, and a closure may have another.
            let alive =
                || [(&input, 1), (&state, 2), (&output, 2)].map(|(it, own)| Rc::strong_count(it) - own);
            for _ in 0..2 {
                case.let_go();
                case.arm();
                assert_eq!(alive(), [1, 1, 0]);
                case.run();
                assert_eq!(alive(), [1, 1, 1]);
                case.let_go();
                assert_eq!(alive(), [1, states, 0], "{setup:?}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "armed")]
    fn running_an_unarmed_case_is_refused() {
        summing(Setup::Once).run();
    }
}

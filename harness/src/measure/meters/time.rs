//! The time meter: the contenders of one cell group in turns, warm and cold, in several processes.
//!
//! Two figures answer two questions. **Warm**: the region's working set is in the caches as far as it fits, its code was
//! executed just before, and its input is another one than that of the region before. **Cold**: other data has displaced
//! the working set from the core's own caches, and the region runs once.
//!
//! Both come from the same rounds. In each round the contenders take turns in a new random order, so whatever slows the
//! machine slows them all, and the ratio to the reference is taken within the round. A process has its memory in one
//! place, which decides about some per cent; and a machine has good and bad seconds. So several processes time each
//! group, minutes apart, and what is reported is the median over the processes, with the interval over them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use reports::CellName;
use reports::record::{Ratios, Times};
use scenarios::input::{SEED, mix, rng};
use scenarios::{Case, Setup};
use serde::{Deserialize, Serialize};
use worker::Roster;

use super::calm::Calm;
use super::clock::NO_TIME;
use crate::measure::budget::TimeBudget;
use crate::measure::planted::planted;
use crate::measure::statistics::{interval, median};

/// What one process found of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Operations of a region.
    pub ops: u64,
    /// Nanoseconds per operation, warm.
    pub warm: f64,
    /// Nanoseconds per operation, cold.
    pub cold: f64,
    /// Nanoseconds per operation to drop what a region left; absent where none was dropped in a warm turn.
    pub drop: Option<f64>,
    /// The warm time as a ratio to that of the first cell in the same rounds.
    pub warm_ratio: f64,
    /// The same for the cold time.
    pub cold_ratio: f64,
}

/// What one process found of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// What it found of each cell: the median over its rounds, or each of its few rounds.
    pub cells: Vec<Vec<Sample>>,
    /// The share of its turns in which somebody else used the core.
    pub disturbed: f64,
    /// What a loop of the [watch](Calm) took in calm, in nanoseconds.
    pub level: f64,
    /// How long it waited for calm, and for turns that it took again.
    pub waited: Duration,
}

/// How many operations a contender executes before an input returns, and how many elements all its inputs hold. A
/// processor learns the branches of a sequence that returns sooner, and no program repeats one sequence of keys for ever.
const ROTATED: u64 = 16_384;

/// The most inputs that a cell is timed on in a process.
const MOST_INPUTS: u64 = 16;

/// A group whose set-up takes longer is timed by fewer processes, in so many rounds each: the set-up would take most of the
/// time. A large structure lies in many places at once, so the place of a process's memory matters less.
const LONG_SET_UP: (Duration, usize) = (Duration::from_millis(50), 3);

/// `GLIBC_TUNABLES` of the workers that time: the allocator keeps the memory that it was given back. Otherwise it returns
/// to the kernel what lies at the end of its heap, and takes it anew in the next region, page by page. That falls on
/// whoever happens to lie there: the same contender differed from itself up to sixfold.
pub const TUNABLES: &str = "glibc.malloc.trim_threshold=1073741824:glibc.malloc.mmap_threshold=33554432:glibc.malloc.top_pad=16777216";

/// A set-up and a region that take longer than this together have more branches than a processor learns. One input is
/// enough.
const LONG: Duration = Duration::from_micros(250);

/// The data that displaces a working set: so many bytes. Four times as much as the largest cache that a core of today's
/// processors has for itself; the last level, which cores share, keeps what it holds.
const DISPLACING: usize = 8 << 20;

/// Bytes of a cache line.
const LINE: usize = 64;

/// What stands in a cell's turn.
struct Turn {
    /// The cell's case on each of its inputs.
    inputs: Vec<Box<dyn Case>>,
    /// The next input.
    next: usize,
    /// The inputs whose region has left something to drop, by number.
    left: Vec<bool>,
    /// Regions of a warm slice.
    regions: u64,
    /// Whether a set-up and a region take so long that one input is enough.
    long: bool,
    /// Nanoseconds per operation in each round.
    warm: Vec<f64>,
    cold: Vec<f64>,
    /// The same of the drop, in the rounds in which something was dropped.
    drop: Vec<f64>,
}

/// What warm regions took, and the drops of what such regions left.
#[derive(Clone, Copy, Default)]
struct Lap {
    run: Duration,
    runs: u32,
    drop: Duration,
    drops: u32,
}

impl Lap {
    fn add(&mut self, other: Lap) {
        self.run += other.run;
        self.runs += other.runs;
        self.drop += other.drop;
        self.drops += other.drops;
    }
}

/// The nanoseconds of each of so many regions or drops of `ops` operations, per operation.
fn per_operation(time: Duration, count: u32, ops: u64) -> f64 {
    time.as_nanos() as f64 / (u64::from(count) * ops) as f64
}

impl Turn {
    /// Sets a cell up on as many inputs as it takes.
    fn new(roster: Roster<'_>, name: &CellName, budget: TimeBudget) -> Result<Self, String> {
        let planted = planted(name);
        let one_input = roster.input.is_some() || planted.is_some();
        let mut first = planted.map_or_else(|| roster.case(name), Ok)?;
        let mut cycle_time = cycle(&mut *first);
        // The first cycle is slow. A second one is affordable where it is not long.
        if cycle_time < 4 * LONG {
            cycle_time = cycle(&mut *first);
        }
        let mut inputs = vec![first];
        let long = cycle_time >= LONG;
        // A user's file is one input, and has no others. A planted region is long enough to have one.
        if !long && !one_input {
            let all = ROTATED / inputs[0].ops().max(name.size);
            for input in 1..all.min(MOST_INPUTS) {
                inputs.push(roster.seeded_case(name, mix(roster.seed.unwrap_or(SEED) ^ input))?);
            }
        }
        let regions = regions_within(budget.slice, cycle_time);
        let mut left = vec![false; inputs.len()];
        left[0] = true;
        let (warm, cold, drop) = Default::default();
        Ok(Turn { inputs, next: 0, left, regions, long, warm, cold, drop })
    }

    /// Runs a region once, with its working set displaced. Returns the nanoseconds per operation.
    fn cold(&mut self, displace: &mut Displace) -> f64 {
        let at = self.rotate();
        self.left[at] = true;
        let case = &mut self.inputs[at];
        case.arm();
        displace.all();
        let start = Instant::now();
        case.run();
        start.elapsed().as_nanos() as f64 / case.ops() as f64
    }

    /// Runs regions as often as a slice takes, each on another input, and drops what the region before left of that input.
    fn warm(&mut self) -> Lap {
        let mut lap = Lap::default();
        if self.inputs[0].setup() == Setup::Once {
            // The others have displaced the working set. Where every run needs a set-up, this brings it back; a long region
            // brings it back itself.
            if !self.long {
                self.all();
            }
            for _ in 0..self.regions.div_ceil(self.inputs.len() as u64) {
                lap.add(self.all());
            }
        } else {
            for _ in 0..self.regions {
                lap.add(self.one());
            }
        }
        lap
    }

    /// Runs the region on the next input, and drops before what it left there: the regions on the other inputs have run
    /// since. So the set-up finds nothing to drop, and the region finds the memory that it always found.
    fn one(&mut self) -> Lap {
        let at = self.rotate();
        let drops = u32::from(std::mem::replace(&mut self.left[at], true));
        let case = &mut self.inputs[at];
        let drop = timed(|| case.let_go());
        case.arm();
        Lap { run: timed(|| case.run()), runs: 1, drop, drops }
    }

    /// Runs the region once on each input, and drops before what it left there.
    fn all(&mut self) -> Lap {
        let count = self.inputs.len() as u32;
        let drop = timed(|| self.inputs.iter_mut().for_each(|case| case.let_go()));
        self.inputs.iter_mut().for_each(|case| case.arm());
        let run = timed(|| self.inputs.iter_mut().for_each(|case| case.run()));
        let drops = if self.left.iter().all(|left| *left) { count } else { 0 };
        self.left.fill(true);
        Lap { run, runs: count, drop, drops }
    }

    /// Takes down what a warm slice took.
    fn add(&mut self, lap: Lap) {
        let ops = self.inputs[0].ops();
        self.warm.push(per_operation(lap.run, lap.runs, ops));
        if lap.drops > 0 {
            self.drop.push(per_operation(lap.drop, lap.drops, ops));
        }
    }

    /// Drops what the regions left if no warm turn did: so few fitted into the time that no input returned.
    fn drop_rest(&mut self) {
        if !self.drop.is_empty() {
            return;
        }
        let (mut time, mut drops) = (Duration::ZERO, 0);
        for (case, left) in self.inputs.iter_mut().zip(&mut self.left) {
            if std::mem::take(left) {
                time += timed(|| case.let_go());
                drops += 1;
            }
        }
        if drops > 0 {
            self.drop.push(per_operation(time, drops, self.inputs[0].ops()));
        }
    }

    /// The number of the next input.
    fn rotate(&mut self) -> usize {
        self.next = (self.next + 1) % self.inputs.len();
        self.next
    }
}

/// How long it takes.
fn timed(mut part: impl FnMut()) -> Duration {
    let start = Instant::now();
    part();
    start.elapsed()
}

/// Times the cells of a group in rounds; the first is the reference. `process` is the number of this process among those
/// that do, and `level` is what a loop of the watch took in others. It waits for calm as long as it has `patience`.
///
/// # Errors
/// If there is no such cell.
pub fn perform(
    roster: Roster<'_>,
    names: &[CellName],
    budget: TimeBudget,
    process: usize,
    level: f64,
    patience: Duration,
) -> Result<Samples, String> {
    let mut random = rng("time", process);
    let begun = Instant::now();
    let mut order: Vec<usize> = (0..names.len()).collect();
    // Where a contender's memory lies depends on who was set up before.
    order.shuffle(&mut random);
    let mut turns: Vec<Option<Turn>> = names.iter().map(|_| None).collect();
    for &at in &order {
        turns[at] = Some(Turn::new(roster, &names[at], budget)?);
    }
    let mut turns: Vec<Turn> = turns.into_iter().flatten().collect();
    let (long, fewest) = LONG_SET_UP;
    let rounds = if begun.elapsed() > long { fewest } else { 1 };
    let mut displace = Displace::new(random.random());
    let per_contender = budget.per_contender * u32::try_from(names.len()).unwrap_or(u32::MAX);
    let mut watch = Watch { calm: Calm::new(Some(level)), patience, taken: 0, disturbed: 0 };
    let begun = Instant::now();
    let is_over = |watch: &Watch| begun.elapsed() >= per_contender + (patience - watch.patience);
    while turns[0].cold.len() < rounds || !is_over(&watch) {
        order.shuffle(&mut random);
        for &at in &order {
            let turn = &mut turns[at];
            let cold = watch.take(|| turn.cold(&mut displace));
            turn.cold.push(cold);
        }
        for _ in 0..WARM_SLICES {
            order.shuffle(&mut random);
            for &at in &order {
                let turn = &mut turns[at];
                let lap = watch.take(|| turn.warm());
                turn.add(lap);
            }
            if is_over(&watch) {
                break;
            }
        }
    }
    turns.iter_mut().for_each(Turn::drop_rest);
    if turns.iter().flat_map(|turn| turn.warm.iter().chain(&turn.cold)).any(|time| *time <= 0.0) {
        return Err(NO_TIME.to_owned());
    }
    let (warm, cold) = (turns[0].warm.clone(), turns[0].cold.clone());
    Ok(Samples {
        cells: turns.into_iter().map(|turn| turn.samples(&warm, &cold, rounds)).collect(),
        disturbed: f64::from(watch.disturbed) / f64::from(watch.taken),
        level: watch.calm.own_level(),
        waited: patience - watch.patience,
    })
}

/// How many warm slices a contender has in a round, for one cold region.
const WARM_SLICES: usize = 8;

/// A turn that is longer is not taken again.
const LONG_TURN: Duration = Duration::from_millis(5);

/// Takes turns while nobody else uses the core.
struct Watch {
    calm: Calm,
    /// How long it still waits for calm, and takes turns again that were disturbed.
    patience: Duration,
    /// Turns that count.
    taken: u32,
    /// Those of them that were disturbed.
    disturbed: u32,
}

impl Watch {
    /// Takes a turn in calm, if there is calm before the patience ends. A long turn is not taken again: it lasts longer
    /// than most disturbances.
    fn take<T>(&mut self, mut turn: impl FnMut() -> T) -> T {
        loop {
            let start = Instant::now();
            while !self.calm.is_calm() && start.elapsed() < self.patience {}
            self.patience = self.patience.saturating_sub(start.elapsed());
            let start = Instant::now();
            let found = turn();
            let calm = self.calm.is_calm();
            if calm || self.patience.is_zero() || start.elapsed() > LONG_TURN {
                self.taken += 1;
                self.disturbed += u32::from(!calm);
                return found;
            }
            self.patience = self.patience.saturating_sub(start.elapsed());
        }
    }
}

impl Turn {
    /// What was found in this many parts of its turns, beside the turns of the reference.
    fn samples(&self, warm: &[f64], cold: &[f64], parts: usize) -> Vec<Sample> {
        let part = |turns: &[f64], at: usize| {
            turns[at * turns.len() / parts..(at + 1) * turns.len() / parts].to_vec()
        };
        let ratio = |own: &[f64], reference: &[f64], at: usize| {
            let ratios = own.iter().zip(reference).map(|(own, reference)| own / reference);
            median(&mut part(&ratios.collect::<Vec<_>>(), at))
        };
        let sample = |at| Sample {
            ops: self.inputs[0].ops(),
            warm: median(&mut part(&self.warm, at)),
            cold: median(&mut part(&self.cold, at)),
            drop: Some(part(&self.drop, at))
                .filter(|part| !part.is_empty())
                .map(|mut part| median(&mut part)),
            warm_ratio: ratio(&self.warm, warm, at),
            cold_ratio: ratio(&self.cold, cold, at),
        };
        (0..parts).map(sample).collect()
    }
}

/// What several processes found of the cell at this place in its group; there is at least one. Of their rounds the calmest
/// count, so many as are `enough`. `reference` is the contender to whose times the ratios are, if it was timed.
pub fn conclude(processes: &[&Samples], at: usize, enough: usize, reference: Option<&str>) -> Times {
    let mut processes = processes.to_vec();
    processes.sort_by(|left, right| left.disturbed.total_cmp(&right.disturbed));
    let rounds =
        processes.iter().flat_map(|process| process.cells[at].iter().map(|round| (round, process.disturbed)));
    let rounds: Vec<(&Sample, f64)> = rounds.take(enough).collect();
    let over = |read: fn(&Sample) -> f64| {
        interval(&mut rounds.iter().map(|(round, _)| read(round)).collect::<Vec<_>>())
    };
    let mut drops: Vec<f64> =
        rounds.iter().filter_map(|(round, _)| Some(round.drop? * round.ops as f64)).collect();
    Times {
        warm_ns: over(|round| round.warm * round.ops as f64),
        cold_ns: over(|round| round.cold * round.ops as f64),
        drop_ns: (!drops.is_empty()).then(|| interval(&mut drops)),
        disturbed: rounds.iter().map(|(_, disturbed)| disturbed).sum::<f64>() / rounds.len() as f64,
        ratios: reference.map(|reference| Ratios {
            reference: reference.to_owned(),
            warm: over(|round| round.warm_ratio),
            cold: over(|round| round.cold_ratio),
        }),
    }
}

/// Data that displaces what the core's own caches hold.
struct Displace {
    data: Vec<u64>,
    state: u64,
}

impl Displace {
    fn new(state: u64) -> Self {
        Displace { data: vec![1; DISPLACING / size_of::<u64>()], state }
    }

    /// Reads a word of every line, and takes branches that cannot be foreseen.
    fn all(&mut self) {
        let lines = self.data.chunks_exact(LINE / size_of::<u64>());
        let mut state = lines.fold(self.state, |sum, line| sum.wrapping_add(line[0])) | 1;
        for _ in 0..BRANCHES {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            if state >> 63 == 0 {
                self.state = black_box(self.state ^ state);
            }
        }
        black_box(&mut self.data);
    }
}

/// Branches that make a predictor forget the last ones.
const BRANCHES: usize = 4096;

/// Time of `regions` runs without their set-up.
pub fn time(case: &mut dyn Case, regions: u64) -> Duration {
    if case.setup() == Setup::Once {
        // Nothing to prepare in between: one clock reading for all, not one for each.
        case.arm();
        let start = Instant::now();
        for _ in 0..regions {
            case.run();
        }
        return start.elapsed();
    }
    let mut total = Duration::ZERO;
    for _ in 0..regions {
        case.arm();
        let start = Instant::now();
        case.run();
        total += start.elapsed();
    }
    total
}

/// How many regions of this time a slice holds; at least one.
pub fn regions_within(slice: Duration, region: Duration) -> u64 {
    (slice.as_nanos() / region.as_nanos().max(1)).clamp(1, 10_000) as u64
}

/// The time of a set-up and a region.
pub fn cycle(case: &mut dyn Case) -> Duration {
    let start = Instant::now();
    case.arm();
    case.run();
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::roster;

    const BUDGET: TimeBudget = TimeBudget {
        processes: 1,
        spare: 0,
        patience: Duration::ZERO,
        per_contender: Duration::from_millis(1),
        slice: Duration::from_micros(20),
    };

    fn names(cells: &[&str]) -> Vec<CellName> {
        cells.iter().map(|cell| cell.parse().unwrap()).collect()
    }

    #[test]
    fn no_two_regions_in_a_row_have_the_same_input() {
        let contenders = roster();
        let roster = Roster { contenders: &contenders, input: None, seed: None };
        for cell in ["persistent_map/get_hit_string/32/imbl", "slots/random_frees/100/slotmap"] {
            let Ok(turn) = Turn::new(roster, &cell.parse().unwrap(), BUDGET) else { panic!("{cell}") };
            // A machine that is very slow may find it long.
            if turn.long {
                continue;
            }
            assert!(turn.inputs.len() >= 8, "{cell}: {}", turn.inputs.len());
        }
    }

    #[test]
    fn inputs_of_other_seeds_are_others_and_right() {
        let contenders = roster();
        let roster = Roster { contenders: &contenders, input: None, seed: None };
        let name = "persistent_map/get_hit/32/imbl".parse().unwrap();
        let digest = |seed| {
            let mut case = roster.seeded_case(&name, seed).unwrap();
            case.arm();
            case.run();
            assert_eq!(case.digest(), case.expected());
            case.digest()
        };
        let digests: std::collections::BTreeSet<u64> =
            (0..8).map(|input| digest(mix(roster.seed.unwrap_or(SEED) ^ input))).collect();
        assert_eq!(digests.len(), 8);
        let mut usual = roster.case(&name).unwrap();
        usual.arm();
        usual.run();
        assert_eq!(usual.digest(), digest(SEED));
    }

    #[test]
    fn what_regions_left_is_dropped_on_the_clock_and_only_once() {
        use std::cell::RefCell;
        use std::rc::Rc;

        for setup in [Setup::EveryRun, Setup::Once] {
            let done: Rc<RefCell<Vec<&str>>> = Rc::default();
            struct Left(Rc<RefCell<Vec<&'static str>>>);
            impl Drop for Left {
                fn drop(&mut self) {
                    self.0.borrow_mut().push("drop");
                }
            }
            let case = || {
                let (of_arm, of_run) = (Rc::clone(&done), Rc::clone(&done));
                let arm = move |_: &()| of_arm.borrow_mut().push("arm");
                let run = move |_: &(), _: &mut ()| {
                    of_run.borrow_mut().push("run");
                    Left(Rc::clone(&of_run))
                };
                scenarios::case(1, setup, (), arm, run, |_, _, _| 0, |_| 0)
            };
            let (warm, cold, drop) = Default::default();
            let (inputs, left) = (vec![case(), case()], vec![false; 2]);
            let mut turn = Turn { inputs, next: 0, left, regions: 2, long: true, warm, cold, drop };
            // No region has run: there is nothing to drop.
            let first = turn.warm();
            assert_eq!((first.runs, first.drops), (2, 0), "{setup:?}");
            done.borrow_mut().clear();
            let second = turn.warm();
            assert_eq!((second.runs, second.drops), (2, 2), "{setup:?}");
            let expected = match setup {
                Setup::EveryRun => ["drop", "arm", "run"].repeat(2),
                Setup::Once => ["drop", "drop", "run", "run"].to_vec(),
            };
            assert_eq!(*done.borrow(), expected);
            turn.add(first);
            turn.add(second);
            assert_eq!((turn.warm.len(), turn.drop.len()), (2, 1));
            // What is left at the end is dropped on the clock only if nothing was before.
            turn.drop_rest();
            assert_eq!(turn.drop.len(), 1);
            turn.drop.clear();
            turn.drop_rest();
            assert_eq!((turn.drop.len(), &turn.left[..]), (1, &[false, false][..]));
            turn.drop.clear();
            turn.drop_rest();
            assert!(turn.drop.is_empty(), "nothing is dropped twice");
        }
    }

    #[test]
    fn a_process_times_every_cell_against_the_first() {
        let contenders = roster();
        let roster = Roster { contenders: &contenders, input: None, seed: None };
        let cells = names(&[
            "small_map/insert_shared/8/imbl",
            "small_map/insert_shared/8/array_map",
            "small_map/insert_shared/8/hamt",
        ]);
        let found = perform(roster, &cells, BUDGET, 0, 1e9, Duration::ZERO).unwrap();
        assert_eq!(found.cells.len(), 3);
        for samples in &found.cells {
            assert!(!samples.is_empty());
            assert!(
                samples.iter().all(|it| it.warm > 0.0 && it.cold > 0.0 && it.warm_ratio > 0.0 && it.ops > 0)
            );
        }
        let first = &found.cells[0];
        assert!(first.iter().all(|sample| (sample.warm_ratio, sample.cold_ratio) == (1.0, 1.0)));
        assert_eq!(found.waited, Duration::ZERO);
        assert!(perform(roster, &names(&["small_map/none/8/imbl"]), BUDGET, 0, 1e9, Duration::ZERO).is_err());
    }

    #[test]
    fn ratios_are_taken_round_by_round_and_in_parts() {
        let contenders = roster();
        let roster = Roster { contenders: &contenders, input: None, seed: None };
        let mut turn = Turn::new(roster, &"small_map/get_hit/8/imbl".parse().unwrap(), BUDGET).unwrap();
        // The machine slows down tenfold half-way; the ratio does not.
        let reference = [1.0, 1.0, 1.0, 10.0, 10.0, 10.0];
        turn.warm = reference.map(|time| time * 2.0).to_vec();
        turn.cold = reference.map(|time| time * 3.0).to_vec();
        let [first, second] = turn.samples(&reference, &reference, 2)[..] else { panic!("two parts") };
        assert_eq!((first.warm, first.cold, first.warm_ratio, first.cold_ratio), (2.0, 3.0, 2.0, 3.0));
        assert_eq!((second.warm, second.cold, second.warm_ratio, second.cold_ratio), (20.0, 30.0, 2.0, 3.0));
    }

    #[test]
    fn times_are_those_of_the_region_and_ratios_need_a_reference() {
        let process = |warm: f64| {
            let drop = (warm > 1.0).then_some(warm / 2.0);
            let sample = Sample { ops: 4, warm, cold: 2.0 * warm, drop, warm_ratio: 0.5, cold_ratio: 0.25 };
            let (disturbed, level, waited) = (warm / 35.0, 1.0, Duration::ZERO);
            Samples { cells: vec![vec![sample]], disturbed, level, waited }
        };
        let processes = [3.0, 1.0, 2.0, 5.0, 4.0, 6.0].map(process);
        let processes: Vec<&Samples> = processes.iter().collect();
        let times = conclude(&processes, 0, 6, Some("imbl"));
        assert_eq!((times.warm_ns.low, times.warm_ns.median, times.warm_ns.high), (4.0, 14.0, 24.0));
        assert_eq!((times.cold_ns.low, times.cold_ns.median, times.cold_ns.high), (8.0, 28.0, 48.0));
        let drop = times.drop_ns.unwrap();
        assert_eq!((drop.low, drop.median, drop.high), (4.0, 8.0, 12.0), "one process dropped nothing");
        assert!((times.disturbed - 0.1).abs() < 1e-9);
        let ratios = times.ratios.unwrap();
        assert_eq!((ratios.reference.as_str(), ratios.warm.median, ratios.cold.high), ("imbl", 0.5, 0.25));
        assert_eq!(conclude(&processes, 0, 6, None).ratios, None);
        let calmest = conclude(&processes, 0, 2, None);
        assert_eq!((calmest.warm_ns.low, calmest.warm_ns.high), (4.0, 8.0));
    }
}

//! What Callgrind's simulation of caches and branch predictors says of a region: an explanation of its time, and no
//! measurement. The processor's own caches and predictors are others.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::callgrind::{Functions, functions_of_events};

/// Callgrind's options that simulate. Everything is instrumented from the start: the caches are as the set-up leaves them,
/// and not empty.
pub const OPTIONS: [&str; 3] = ["--cache-sim=yes", "--branch-sim=yes", "--instr-atstart=yes"];

/// What a region, or a function in it, did to simulated caches and predictors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Simulated {
    /// Loads and stores of data that the first-level data cache did not hold.
    pub l1_data_misses: u64,
    /// Fetches of instructions that the first-level instruction cache did not hold.
    pub l1_instruction_misses: u64,
    /// Accesses of either kind that the last level did not hold, either.
    pub last_level_misses: u64,
    /// Conditional branches.
    pub conditional_branches: u64,
    /// Those of them that were not foreseen.
    pub conditional_mispredictions: u64,
    /// Indirect branches: calls through pointers, returns not among them.
    pub indirect_branches: u64,
    /// Those of them whose target was not foreseen.
    pub indirect_mispredictions: u64,
}

/// Callgrind's events that make up each number of [`Simulated`], in the order of its fields.
const EVENTS: [&[&str]; 7] =
    [&["D1mr", "D1mw"], &["I1mr"], &["ILmr", "DLmr", "DLmw"], &["Bc"], &["Bcm"], &["Bi"], &["Bim"]];

impl Simulated {
    fn of([data, instructions, last, conditional, not_taken, indirect, elsewhere]: [u64; 7]) -> Self {
        Simulated {
            l1_data_misses: data,
            l1_instruction_misses: instructions,
            last_level_misses: last,
            conditional_branches: conditional,
            conditional_mispredictions: not_taken,
            indirect_branches: indirect,
            indirect_mispredictions: elsewhere,
        }
    }

    fn numbers(self) -> [u64; 7] {
        [
            self.l1_data_misses,
            self.l1_instruction_misses,
            self.last_level_misses,
            self.conditional_branches,
            self.conditional_mispredictions,
            self.indirect_branches,
            self.indirect_mispredictions,
        ]
    }

    /// A coarse estimate of the cycles that the processor waits: ten for a miss in the first level and for a misprediction,
    /// and a hundred for a miss in the last level. It is the one that the Callgrind manual's viewer, KCachegrind, uses, and
    /// serves to order functions.
    pub fn waiting(self) -> u64 {
        let first = self.l1_data_misses + self.l1_instruction_misses;
        let mispredictions = self.conditional_mispredictions + self.indirect_mispredictions;
        10 * (first + mispredictions) + 100 * self.last_level_misses
    }
}

/// What was simulated of a cell's region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Simulation {
    /// The caches that Valgrind simulated, a line each: `D1 cache: 32768 B, 64 B, 8-way associative`.
    pub caches: Vec<String>,
    /// The whole region.
    pub whole: Simulated,
    /// By [row](super::callers::Row).
    pub functions: BTreeMap<String, Simulated>,
}

/// Reads a profile that Callgrind wrote with [`OPTIONS`].
///
/// # Errors
/// If the profile lacks an event, or is malformed, or the binary's debug information cannot be read.
pub fn simulation(profile: &str, binary: &Path) -> Result<Simulation> {
    let events = profile.lines().find_map(|line| line.strip_prefix("events: "));
    let events: Vec<&str> = events.context("Callgrind's profile has no events")?.split_whitespace().collect();
    let mut places = Vec::new();
    for name in EVENTS.into_iter().flatten() {
        match events.iter().position(|event| event == name) {
            Some(place) => places.push(place),
            None => bail!("Callgrind's profile lacks the event {name}: this Valgrind does not simulate it"),
        }
    }
    let by_event = functions_of_events(profile, places, binary)?;
    let caches = profile.lines().filter_map(|line| line.strip_prefix("desc: "));
    let caches = caches.filter(|line| line.contains(" cache: ")).map(str::to_owned).collect();
    let functions = by_function(&by_event);
    let mut whole = [0; 7];
    for simulated in functions.values() {
        whole.iter_mut().zip(simulated.numbers()).for_each(|(sum, number)| *sum += number);
    }
    Ok(Simulation { caches, whole: Simulated::of(whole), functions })
}

/// The events by function, in the order of [`EVENTS`], put together.
fn by_function(by_event: &[Functions]) -> BTreeMap<String, Simulated> {
    let mut numbers: BTreeMap<String, [u64; 7]> = BTreeMap::new();
    let fields = EVENTS.iter().enumerate().flat_map(|(field, events)| events.iter().map(move |_| field));
    for (field, functions) in fields.zip(by_event) {
        for (name, count) in functions {
            numbers.entry(name.clone()).or_default()[field] += count;
        }
    }
    numbers.into_iter().map(|(name, numbers)| (name, Simulated::of(numbers))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "\
version: 1
desc: I1 cache: 32768 B, 64 B, 8-way associative
desc: D1 cache: 49152 B, 64 B, 12-way associative
desc: LL cache: 8388608 B, 64 B, 16-way associative
desc: Trigger: Program termination
positions: instr
events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw Bc Bcm Bi Bim

ob=(1) /lib/libc.so.6
fn=(1) malloc
0x10 50 20 9 1 2 3 4 5 6 7 8 90 91
+4 20
+4 3 0 0 0 100
fn=(2) free
0x20 5 0 0 1 0 0 0 0 0 2 1

totals: 78 20 9 2 102 3 4 5 6 9 9 90 91
";

    #[test]
    fn events_are_added_up_by_function() {
        let program = std::env::current_exe().unwrap();
        let found = simulation(PROFILE, &program).unwrap();
        let (malloc, free) = ([105, 1, 15, 7, 8, 90, 91], [0, 1, 0, 2, 1, 0, 0]);
        let expected = [("free", free), ("malloc", malloc)];
        assert_eq!(
            found.functions,
            expected.map(|(name, numbers)| (name.to_owned(), Simulated::of(numbers))).into()
        );
        assert_eq!(found.whole.numbers(), [105, 2, 15, 9, 9, 90, 91]);
        let sizes = ["I1 cache: 32768", "D1 cache: 49152", "LL cache: 8388608"];
        assert_eq!(found.caches.len(), sizes.len());
        assert!(found.caches.iter().zip(sizes).all(|(line, size)| line.starts_with(size)), "{found:?}");
        assert_eq!(found.whole.waiting(), 10 * (107 + 100) + 1500);
    }

    #[test]
    fn a_profile_without_simulation_is_refused_by_the_event() {
        let program = std::env::current_exe().unwrap();
        let plain = PROFILE.replace(" Bim\n", "\n");
        let error = simulation(&plain, &program).unwrap_err().to_string();
        assert!(error.contains("lacks the event Bim"), "{error}");
        assert!(simulation("version: 1\n", &program).is_err());
    }
}

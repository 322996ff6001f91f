//! Traces: sequences of steps that `lab verify` generates, replays against an oracle, and shrinks.

use std::fmt;

use crate::input::{draws, rng};

/// One step of a trace, in the raw form that a generator draws and a shrinker shrinks.
///
/// A bottleneck decides what a step does. It takes each field modulo the range that applies, so every step is valid, and
/// smaller numbers make simpler steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Which operation.
    pub op: u8,
    /// First operand, usually a key or an index.
    pub a: u16,
    /// Second operand, usually a value.
    pub b: u16,
    /// Which of the held versions.
    pub version: u8,
}

/// A check that `lab verify` replays for every contender of a bottleneck.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Name.
    pub name: &'static str,
    /// One sentence: what must hold.
    pub summary: &'static str,
    /// How many steps a trace has; 0 for a check that runs a fixed sequence of its own.
    pub steps: usize,
    /// How many traces `lab verify` replays at ordinary depth.
    pub traces: u32,
}

impl Check {
    /// A check from its parts, in the order of a list of them.
    pub const fn new(name: &'static str, steps: usize, traces: u32, summary: &'static str) -> Self {
        Check { name, summary, steps, traces }
    }

    /// Trace `number` of a seeded sequence, for a contender's own tests. `lab verify` draws other traces.
    pub fn trace(&self, number: usize) -> Vec<Step> {
        let bits = draws(&mut rng(self.name, number), self.steps, 1 << 48).into_iter();
        bits.map(|bits| Step {
            op: bits as u8,
            a: (bits >> 8) as u16,
            b: (bits >> 24) as u16,
            version: (bits >> 40) as u8,
        })
        .collect()
    }
}

/// The first difference between a contender and the oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The index of the step at which it showed, or the trace's length if it showed at the end.
    pub step: usize,
    /// A message for people: what was observed, and what was expected.
    pub message: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at step {}: {}", self.step, self.message)
    }
}

impl std::error::Error for Mismatch {}

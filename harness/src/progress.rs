//! Progress is shown on the standard error: as a bar on a terminal, elsewhere in plain lines.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

/// Writes one line to the standard error. Unlike `eprintln!` it does not panic if nobody reads it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A number with `between` before every third digit from its end.
pub fn grouped(number: u64, between: char) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(between);
        }
        grouped.push(digit);
    }
    grouped
}

/// Shows one phase of a run after the other.
pub struct Progress {
    on_terminal: bool,
    bar: Option<ProgressBar>,
    phase: String,
    begun: Instant,
    total: usize,
    done: usize,
    /// When a line last said how far the phase is, where there is no bar.
    said: Instant,
}

/// Where there is no bar, a line says how far a long phase is, and then again after as much time.
const SAID_EVERY: Duration = Duration::from_secs(60);

impl Default for Progress {
    fn default() -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let now = Instant::now();
        Progress { on_terminal, bar: None, phase: String::new(), begun: now, total: 0, done: 0, said: now }
    }
}

impl Progress {
    /// A phase begins that has `total` steps.
    pub fn begin(&mut self, phase: &str, total: usize) {
        phase.clone_into(&mut self.phase);
        self.begun = Instant::now();
        self.said = self.begun;
        (self.total, self.done) = (total, 0);
        if self.on_terminal {
            let style = ProgressStyle::with_template("{prefix:>13} {bar:32} {pos}/{len} {eta:>4} {msg}");
            let bar = ProgressBar::new(total as u64).with_style(style.expect("the template is valid"));
            bar.set_prefix(self.phase.clone());
            self.bar = Some(bar);
        }
    }

    /// The phase has so many steps more.
    pub fn more(&mut self, steps: usize) {
        self.total += steps;
        if let Some(bar) = &self.bar {
            bar.inc_length(steps as u64);
        }
    }

    /// A step of the phase is done.
    pub fn step(&mut self, what: &str) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
            bar.inc(1);
        } else if self.said.elapsed() >= SAID_EVERY {
            self.said = Instant::now();
            let left = remaining(self.begun.elapsed(), self.done, self.total);
            say(&format!(
                "{:>13} {} of {}, about {} left",
                self.phase,
                self.done,
                self.total,
                HumanDuration(left)
            ));
        }
    }

    /// The phase is over: one line says what it took.
    pub fn end(&mut self, unit: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let Progress { phase, done, .. } = self;
        let took = self.begun.elapsed();
        if took.as_secs() >= 60 {
            say(&format!("{phase:>13} {done} {unit} in {}", HumanDuration(took)));
        } else {
            say(&format!("{phase:>13} {done} {unit} in {:.1} s", took.as_secs_f64()));
        }
    }

    /// Says one line beside the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }
}

/// The time that a phase still takes if its other steps take as long as those that are done.
fn remaining(elapsed: Duration, done: usize, total: usize) -> Duration {
    elapsed.mul_f64(total.saturating_sub(done) as f64 / done.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::{Duration, remaining};

    #[test]
    fn what_remains_takes_as_long_for_each_step_as_what_is_done() {
        let seconds = Duration::from_secs;
        assert_eq!(remaining(seconds(60), 20, 100), seconds(240));
        assert_eq!(remaining(seconds(60), 100, 100), seconds(0));
        // A phase may have more steps than it said, and none done.
        assert_eq!(remaining(seconds(60), 120, 100), seconds(0));
        assert_eq!(remaining(seconds(60), 0, 1), seconds(60));
    }
}

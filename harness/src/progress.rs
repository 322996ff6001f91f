//! Progress is shown on the standard error: as a bar on a terminal, elsewhere in plain lines.

use std::io::{IsTerminal, Write};
use std::time::Instant;

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
    done: usize,
}

impl Default for Progress {
    fn default() -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        Progress { on_terminal, bar: None, phase: String::new(), begun: Instant::now(), done: 0 }
    }
}

impl Progress {
    /// A phase begins that has `total` steps.
    pub fn begin(&mut self, phase: &str, total: usize) {
        phase.clone_into(&mut self.phase);
        self.begun = Instant::now();
        self.done = 0;
        if self.on_terminal {
            let style = ProgressStyle::with_template("{prefix:>13} {bar:32} {pos}/{len} {eta:>4} {msg}");
            let bar = ProgressBar::new(total as u64).with_style(style.expect("the template is valid"));
            bar.set_prefix(self.phase.clone());
            self.bar = Some(bar);
        }
    }

    /// The phase has so many steps more.
    pub fn more(&mut self, steps: usize) {
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

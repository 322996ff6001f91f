//! Scenarios of several threads or processes. Only a clock can measure them, so they have no region: a trial runs for some
//! milliseconds and returns named figures.

use std::io::{BufRead, BufReader, Write, stdin};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::{env, fmt, process, thread};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a trial found: figures by name, for example `("p50, µs", 1.4)`.
pub type Figures = Vec<(String, f64)>;

/// How a contender takes part in its bottleneck's [concurrent](crate::Bottleneck::concurrent) scenarios.
#[derive(Clone, Copy)]
pub struct Concurrency {
    /// Runs a trial.
    ///
    /// # Errors
    /// Why it failed, or what was read that is wrong.
    pub trial: fn(Trial<'_>) -> Result<Figures, String>,
    /// Does the part of another process in a trial. The words are those that the trial gave to [`Part::start`].
    ///
    /// # Errors
    /// Why it failed, or what was read that is wrong.
    pub part: fn(&[String]) -> Result<(), String>,
}

impl Concurrency {
    /// Does the part of another process in this one, which ends as soon as its trial does, however that ends.
    ///
    /// # Errors
    /// Those of the part.
    pub fn take_part(self, words: &[String]) -> Result<(), String> {
        // The trial holds the other end of the standard input.
        thread::spawn(|| {
            let input = stdin();
            let mut ends = [PollFd::new(input.as_fd(), PollFlags::empty())];
            while !matches!(poll(&mut ends, PollTimeout::NONE), Ok(1..)) {}
            process::exit(1);
        });
        (self.part)(words)
    }
}

impl fmt::Debug for Concurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Concurrency").finish_non_exhaustive()
    }
}

/// What a trial is of.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The size.
    pub size: usize,
    /// The contender's name, `bottleneck/contender`.
    pub contender: &'a str,
    /// How many threads or processes can run at the same time.
    pub cores: usize,
}

/// The first argument that makes the program do the [part](Concurrency::part) of another process. The contender's name and
/// the words follow.
pub const PART_ARGUMENT: &str = "__part";

/// Another process of this program that takes part in a trial. It ends when this is dropped.
///
/// The trial and the part talk in lines.
#[derive(Debug)]
pub struct Part {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Part {
    /// Starts the part.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(contender: &str, words: &[&str]) -> Result<Part, String> {
        let started = || {
            let mut command = Command::new(env::current_exe()?);
            command.args([PART_ARGUMENT, contender]).args(words);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            let input = child.stdin.take();
            let output = child.stdout.take().expect("it is piped");
            std::io::Result::Ok(Part { child, input, output: BufReader::new(output) })
        };
        started().map_err(|error| format!("cannot start another process: {error}"))
    }

    /// Says a line to the part.
    ///
    /// # Errors
    /// If it has ended.
    pub fn tell(&mut self, line: &str) -> Result<(), String> {
        let input = self.input.as_mut().expect("it is open until this is dropped");
        writeln!(input, "{line}").map_err(|error| format!("the other process has ended: {error}"))
    }

    /// The next line that the part says, in words.
    ///
    /// # Errors
    /// If it has ended.
    pub fn hear(&mut self) -> Result<Vec<String>, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(0) => Err("the other process has ended before it answered".to_owned()),
            Ok(_) => Ok(line.split_whitespace().map(str::to_owned).collect()),
            Err(error) => Err(format!("cannot hear the other process: {error}")),
        }
    }

    /// The numbers of the next line.
    ///
    /// # Errors
    /// If it has ended, or if the line has others.
    pub fn hear_numbers<const N: usize>(&mut self) -> Result<[f64; N], String> {
        let words = self.hear()?;
        let numbers: Result<Vec<f64>, _> = words.iter().map(|word| word.parse()).collect();
        let numbers = numbers.ok().and_then(|numbers| <[f64; N]>::try_from(numbers).ok());
        numbers.ok_or_else(|| format!("the other process says `{}`", words.join(" ")))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says a line to the trial, in the process of a part.
///
/// # Errors
/// If the trial has ended.
pub(crate) fn answer(line: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    let said = writeln!(output, "{line}").and_then(|()| output.flush());
    said.map_err(|error| format!("the trial has ended: {error}"))
}

/// Waits for the trial's next line, in the process of a part.
///
/// # Errors
/// If the trial has ended.
pub(crate) fn wait() -> Result<(), String> {
    let mut line = String::new();
    match stdin().lock().read_line(&mut line) {
        Ok(length) if length > 0 => Ok(()),
        _ => Err("the trial has ended".to_owned()),
    }
}

/// Nanoseconds of a clock that all processes share.
pub(crate) fn now() -> f64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC);
    now.map_or(0.0, |now| now.tv_sec() as f64 * 1e9 + now.tv_nsec() as f64)
}

/// The least value that is at least as large as this part of them, from 0 to 1; 0 if there are none. It may order the values
/// anew.
pub fn quantile(values: &mut [f64], part: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = (part * values.len() as f64).ceil() as usize;
    *values.select_nth_unstable_by(rank.clamp(1, values.len()) - 1, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        assert_eq!(quantile(&mut [], 0.5), 0.0);
        assert_eq!(quantile(&mut [3.0], 0.99), 3.0);
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.5), 50.0);
        assert_eq!(quantile(&mut values, 0.99), 99.0);
        assert_eq!(quantile(&mut values, 0.0), 1.0);
    }

    #[test]
    fn the_clock_goes_on() {
        let first = now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(now() - first >= 1e6);
    }
}

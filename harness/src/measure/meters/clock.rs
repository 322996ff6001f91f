//! The clock: whether its steps are short enough to time a region.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The longest step with which a slice of a turn, some dozens of microseconds, can be timed.
const LONGEST: Duration = Duration::from_micros(10);

/// Readings after which a clock that shows the same time is taken to stand still.
const READINGS: usize = 50_000_000;

/// Why the time meter is off, with what to do about it; `None` where the clock is fine. It is found out once.
pub fn too_coarse() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    FOUND.get_or_init(|| objection(step())).as_deref()
}

/// The clock's step: the shortest of some; `None` if it stands still.
fn step() -> Option<Duration> {
    const STEPS: usize = 5;
    let steps: Option<Vec<Duration>> = (0..STEPS)
        .map(|_| {
            let start = Instant::now();
            (0..READINGS).map(|_| start.elapsed()).find(|elapsed| !elapsed.is_zero())
        })
        .collect();
    steps?.into_iter().min()
}

fn objection(step: Option<Duration>) -> Option<String> {
    let what = match step {
        None => "stands still".to_owned(),
        Some(step) if step > LONGEST => format!("advances in steps of {} µs", step.as_micros()),
        Some(_) => return None,
    };
    Some(format!(
        "the clock {what}, which is too coarse to time a region: the time meter is left out, every other meter works. Linux \
         names its clock in /sys/devices/system/clocksource/clocksource0/current_clocksource; `tsc` and `kvm-clock` are fine"
    ))
}

/// What to say of a region that took no time.
pub const NO_TIME: &str =
    "a region took no time by this machine's clock, whose steps are longer than the region";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_steps_are_an_obstacle() {
        for (nanoseconds, is_coarse) in [
            (1, false),
            (20, false),
            (100, false),
            (1_000, false),
            (10_000, false),
            (10_001, true),
            (100_000, true),
            (1_000_000, true),
            (4_000_000, true),
            (10_000_000, true),
        ] {
            let objection = objection(Some(Duration::from_nanos(nanoseconds)));
            assert_eq!(objection.is_some(), is_coarse, "{nanoseconds} ns");
        }
        assert!(objection(None).unwrap().contains("stands still"));
        assert!(objection(Some(Duration::from_millis(4))).unwrap().contains("steps of 4000 µs"));
    }

    #[test]
    fn this_machine_s_clock_advances() {
        assert!(step().is_some());
    }
}

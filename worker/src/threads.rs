//! Whether a job worked on threads of its own.
//!
//! Callgrind collects on the thread that calls the region, so what another thread does would cost nothing. A thread that
//! has ended cannot be counted any more, but its processor time stays in that of the process.

use std::time::Duration;

/// The processor time of this process that neither its first thread nor the present one took.
///
/// In a worker's child the first thread sleeps until the job's own thread has ended, and there is no third one. So this
/// is zero unless the job started a thread. It is exact: the kernel counts the nanoseconds of each thread, and those of
/// the process are their sum.
#[cfg(target_os = "linux")]
pub fn time_of_others() -> Duration {
    use nix::time::ClockId;

    /// The clock of one thread's processor time, as the kernel numbers it.
    fn clock_of(thread: u32) -> ClockId {
        const OF_ONE_THREAD: i32 = 4;
        const TIME_RUN: i32 = 2;
        ClockId::from_raw((!thread.cast_signed() << 3) | OF_ONE_THREAD | TIME_RUN)
    }
    let read = |clock: ClockId| clock.now().map(Duration::from);
    // The whole is read first: what the two threads take until they are read can only lower the difference.
    let process = read(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    let own = read(ClockId::CLOCK_THREAD_CPUTIME_ID);
    let first = read(clock_of(std::process::id()));
    match (process, own, first) {
        (Ok(process), Ok(own), Ok(first)) => process.saturating_sub(own + first),
        // A kernel without these clocks says nothing against anybody.
        _ => Duration::ZERO,
    }
}

/// Whether this process has more threads than its first one and the present one. One that has not run yet took no time.
pub fn has_others() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() > 2)
}

/// Other systems do not tell the first thread's time to the others.
#[cfg(not(target_os = "linux"))]
pub fn time_of_others() -> Duration {
    Duration::ZERO
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_only_waits_is_one_more() {
        let (wait, waiting) = std::sync::mpsc::channel::<()>();
        let waiter = std::thread::spawn(move || waiting.recv());
        // This test's own thread is the second one.
        assert!(has_others());
        drop(wait);
        assert!(waiter.join().expect("it does not panic").is_err());
    }

    #[test]
    fn the_time_of_threads_that_have_ended_is_counted() {
        // Other tests of this process have threads, too: this one takes more time than they do.
        let before = time_of_others();
        let busy = std::thread::spawn(|| (0..10_000_000u64).map(std::hint::black_box).sum::<u64>());
        busy.join().expect("it does not panic");
        let elsewhere = time_of_others().saturating_sub(before);
        assert!(elsewhere > Duration::from_millis(1), "{elsewhere:?}");
    }
}

//! `cargo bench --bench gungraun`: the same cells, counted by an independent tool. `lab cross-check`
//! compares the two.
//!
//! Both count with Callgrind, and set a cell up alike (see [`lab::bench::with_armed`]). Everything else
//! differs: a process per cell instead of a fork, everything instrumented instead of the region alone,
//! another function around the region, another reader of Callgrind's profiles, and a sum over the
//! threads. gungraun counts nothing more than the lab: in both, the region and the four instructions
//! of the function that calls it. (Its default would be to count the benchmark function, which stays on
//! the main thread: nothing of the region.)
//!
//! It cannot name what is parametrised at run time: `cell_7` is the eighth of the listed cells.

use std::process::ExitCode;

use lab::bench;

mod target {
    use gungraun::prelude::*;
    use gungraun::{Callgrind, EntryPoint};
    use lab::bench;
    use lab::measure::meters::instructions::TUNABLES;
    use lab::roster::cell::Roster;
    use lab::roster::roster;
    use lab::roster::sample::listed as cells;
    use reports::CellName;
    use scenarios::Case;

    fn listed() -> Vec<CellName> {
        cells(Roster::generated(&roster())).expect("the program read the list when it started")
    }

    #[library_benchmark]
    #[benches::cell(iter = listed())]
    fn region(name: CellName) {
        bench::with_armed(&roster(), &name, gungraun_counted_region);
    }

    /// What is counted: gungraun starts at its entry and stops at its exit, on whichever thread.
    #[unsafe(no_mangle)]
    #[inline(never)]
    fn gungraun_counted_region(case: &mut dyn Case) {
        case.run();
        // Keeps the call above from becoming a jump, which would leave the exit to the callee.
        std::hint::black_box(());
    }

    library_benchmark_group!(name = cells, benchmarks = region);

    gungraun::main!(
        config = LibraryBenchmarkConfig::default()
            .env("GLIBC_TUNABLES", TUNABLES)
            .pass_through_env(bench::LISTED)
            .tool(
                // Counting is all that is compared; simulating caches takes longer.
                Callgrind::with_args(["--cache-sim=no"])
                    .entry_point(EntryPoint::Custom("gungraun_counted_region".to_owned()))
            ),
        library_benchmark_groups = cells
    );

    /// What gungraun would have as the program's `main`.
    pub fn run() {
        main();
    }
}

fn main() -> ExitCode {
    // gungraun starts this program again for each cell, with an argument of its own.
    let starts = std::env::args().nth(1).is_none_or(|argument| argument != "--gungraun-run");
    if starts {
        if !bench::is_asked_for() {
            return ExitCode::SUCCESS;
        }
        if let Some(failed) = bench::show_list(&lab::roster::roster()) {
            return failed;
        }
    }
    target::run();
    ExitCode::SUCCESS
}

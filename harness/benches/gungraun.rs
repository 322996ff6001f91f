//! experiment

mod target {
    use gungraun::prelude::*;
    use gungraun::{Callgrind, EntryPoint};
    use lab::bench;
    use lab::cell::CellId;
    use scenarios::Case;

    #[library_benchmark]
    #[benches::cell(iter = bench::listed())]
    fn cell(id: CellId) {
        bench::on_fresh_thread(&lab::roster::roster(), &id, counted);
    }

    #[inline(never)]
    fn counted(case: &mut dyn Case) {
        case.run();
        // Keeps the call above from becoming a jump.
        std::hint::black_box(());
    }

    library_benchmark_group!(name = cells, benchmarks = cell);

    gungraun::main!(
        config = LibraryBenchmarkConfig::default()
            .env("GLIBC_TUNABLES", lab::meters::instructions::TUNABLES)
            .pass_through_env(bench::CELLS)
            .tool(Callgrind::with_args(["--cache-sim=no"]).entry_point(EntryPoint::Custom("gungraun::target::counted".to_owned()))),
        library_benchmark_groups = cells
    );
    pub fn run() {
        main();
    }
}

fn main() {
    target::run();
}

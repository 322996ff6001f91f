//! experiment
use gungraun::prelude::*;
use lab::bench;
use scenarios::Case;

mod target {
    use super::*;
    #[library_benchmark]
    #[bench::nothing(bench::nothing())]
    #[benches::cell(iter = 0..bench::count(), setup = bench::armed)]
    fn region(mut case: Box<dyn Case>) -> Box<dyn Case> {
        case.run();
        case
    }

    library_benchmark_group!(name = cells, benchmarks = region);

    gungraun::main!(
        config = LibraryBenchmarkConfig::default()
            .env("GLIBC_TUNABLES", lab::meters::instructions::TUNABLES)
            .pass_through_env("LAB_CELLS")
            .pass_through_env("LAB_X"),
        library_benchmark_groups = cells
    );
    pub fn on_this_thread() {
        main();
    }
}

fn main() {
    bench::read_list(lab::roster::roster()).unwrap();
    if std::env::var_os("LAB_X").is_some() {
        target::on_this_thread();
    } else {
        std::thread::spawn(target::on_this_thread).join().unwrap();
    }
}

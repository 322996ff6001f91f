//! `cargo bench --bench allocations [-- CELLS…]`: the allocation meter.

use std::process::ExitCode;

use lab::meters::Meter;

#[global_allocator]
static ALLOCATOR: lab::dhat::Alloc = lab::dhat::Alloc;

fn main() -> ExitCode {
    lab::bench::exact(&lab::roster::roster(), Meter::Allocations)
}

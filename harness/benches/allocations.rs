//! `cargo bench --bench allocations [-- CELLS…]`: the allocation meter.

use std::process::ExitCode;

use reports::Meter;

#[global_allocator]
static ALLOCATOR: lab::Allocator = lab::Allocator;

fn main() -> ExitCode {
    lab::bench::exact(&lab::roster::roster(), Meter::Allocations)
}

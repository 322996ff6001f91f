//! `cargo bench --bench instructions [-- CELLS…]`: the instruction meter.

use std::process::ExitCode;

use reports::Meter;

fn main() -> ExitCode {
    lab::bench::exact(&lab::roster::roster(), Meter::Instructions)
}

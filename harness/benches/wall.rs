//! `cargo bench --bench wall [-- FILTER] [-- --save-baseline NAME]`: criterion over the roster, with
//! criterion's own arguments. `LAB_PROFILE=default` or `full` adds larger sizes and longer budgets.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::bench::times(&lab::roster::roster())
}

//! The lab's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    lab::main(&lab::roster::roster())
}

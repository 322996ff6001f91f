//! The worker of the allocation meter: the lab with an allocator that counts.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: lab::Allocator = lab::Allocator;

fn main() -> ExitCode {
    lab::main(&lab::roster::roster())
}

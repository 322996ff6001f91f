//! The worker of its allocation meter.

#[global_allocator]
static ALLOCATOR: lab::Allocator = lab::Allocator;

fn main() -> std::process::ExitCode {
    lab::main(&out_of_tree::roster())
}

//! The allocation meter's worker of the lab whose contenders cheat.

#[global_allocator]
static ALLOCATOR: lab::Allocator = lab::Allocator;

fn main() -> std::process::ExitCode {
    lab::main(&out_of_tree::cheating::roster())
}

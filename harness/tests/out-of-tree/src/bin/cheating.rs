//! The command line of the lab whose contenders cheat.

fn main() -> std::process::ExitCode {
    lab::main(&out_of_tree::cheating::roster())
}

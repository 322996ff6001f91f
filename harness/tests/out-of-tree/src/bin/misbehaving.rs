//! The command line of the lab whose contenders misbehave.

fn main() -> std::process::ExitCode {
    lab::main(&out_of_tree::misbehaving::roster())
}

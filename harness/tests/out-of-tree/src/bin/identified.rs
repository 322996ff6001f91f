//! The stranger's command line, in a program that knows what it is linked from.

fn main() -> std::process::ExitCode {
    lab::main(&out_of_tree::roster())
}

//! The stranger's command line.

fn main() -> std::process::ExitCode {
    lab::main(&out_of_tree::roster())
}

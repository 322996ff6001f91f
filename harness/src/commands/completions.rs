//! `lab completions`: prints completions for a shell.

use anyhow::Result;
use clap_complete::Shell;

use super::output::print;
use crate::error::Exit;

/// Print completions for a shell
///
/// For example `lab completions bash > ~/.local/share/bash-completion/completions/lab`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Which shell
    shell: Shell,
}

pub fn run(arguments: &Arguments, mut definition: clap::Command) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut definition, "lab", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Fine)
}

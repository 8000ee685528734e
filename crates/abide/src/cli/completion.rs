//! `abide completion`: a script that lets a shell complete commands and options.

use super::failure::{Failure, Status};
use super::{Cli, print};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Which shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  abide completion bash > ~/.local/share/bash-completion/completions/abide"
)]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "abide", &mut script);
        print::text(&String::from_utf8_lossy(&script))?;
        Ok(Status::Done)
    }
}

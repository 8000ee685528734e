//! The `abide` binary: reads the command line, runs one command, ends with its exit status.
#![deny(clippy::wildcard_enum_match_arm)]

mod cli;
mod config;
mod log;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let _log = log::start(cli.log);
    match cli.command.run() {
        Ok(status) => status.into(),
        Err(failure) => failure.report(),
    }
}

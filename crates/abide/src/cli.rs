//! The command line: what can be asked for, and which module answers.

mod agreement;
mod answer;
mod check;
mod closed;
mod completion;
mod demo;
mod failure;
mod grid;
mod init;
mod key;
mod ledger;
mod meter;
mod output;
mod print;
mod serve;
mod session;
mod when;
mod whole;

use crate::config;
use crate::log;
use clap::{Args, Parser, Subcommand};
use failure::{Failure, Status};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  abide demo                                    try it now: fake clouds, nothing needed
  abide init && abide check && abide serve      run it with your own clouds
  abide key create app --customer acme          a key for a client
  abide agreement check agreements/my-clouds    is a book of agreements right?
  abide agreement ask agreements/my-clouds --actor cloud --action serve \\
        --product lab/api --channel blue
  abide ledger statement --party cloud --period 2026-Q4

Exit status: 0 done or permitted, 1 failed, 2 bad input, 3 not permitted.
Logs go to standard error; ABIDE_LOG filters them (for example ABIDE_LOG=debug).";

/// Runs AI agents that last, remember, and keep to your agreements: one endpoint before every cloud.
#[derive(Debug, Parser)]
#[command(name = "abide", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Cli {
    /// Form of the log lines on standard error
    #[arg(long, global = true, value_name = "text|json", value_enum, default_value = "text")]
    #[arg(env = "ABIDE_LOG_FORM", hide_env_values = true, hide_possible_values = true, display_order = 100)]
    pub(crate) log: log::Form,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start Abide with two fake clouds, an example agent and an example book of agreements
    Demo(demo::Demo),
    /// Write a commented abide.toml and an example agent
    Init(init::Init),
    /// Check the configuration and everything it names
    Check(check::Check),
    /// Serve clients; changed files are taken up while it runs
    Serve(serve::Serve),
    /// Make, list and revoke the keys of clients
    #[command(subcommand)]
    Key(key::Key),
    /// Check books of agreements and ask what they allow
    #[command(subcommand)]
    Agreement(agreement::Agreement),
    /// Who owes whom: statements and exports
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Look into conversations: what came from where, and why
    #[command(subcommand)]
    Session(session::Session),
    /// Print a completion script for a shell
    Completion(completion::Completion),
}

impl Command {
    /// Runs it.
    pub(crate) fn run(self) -> Result<Status, Failure> {
        match self {
            Command::Demo(demo) => demo.run(),
            Command::Init(init) => init.run(),
            Command::Check(check) => check.run(),
            Command::Serve(serve) => serve.run(),
            Command::Key(key) => key.run(),
            Command::Agreement(agreement) => agreement.run(),
            Command::Ledger(ledger) => ledger.run(),
            Command::Session(session) => session.run(),
            Command::Completion(completion) => completion.run(),
        }
    }
}

/// Which configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigFile {
    /// The configuration
    #[arg(long = "config", value_name = "FILE", env = "ABIDE_CONFIG", hide_env_values = true)]
    #[arg(default_value = config::FILE)]
    pub(crate) path: PathBuf,
}

/// Which store.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreFolder {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// The folder of the store, instead of the one the configuration names
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

impl StoreFolder {
    fn places(&self, book: Option<PathBuf>) -> Result<config::Places, Failure> {
        config::Places::or_read(self.folder.clone(), book, &self.config.path).map_err(Failure::from)
    }
}

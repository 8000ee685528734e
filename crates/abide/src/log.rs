//! Logs to standard error: text for people, JSON lines for programs. Filtered by `ABIDE_LOG`, else `RUST_LOG`.

use clap::ValueEnum;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What is logged when neither variable says otherwise.
const DEFAULT: &str =
    "warn,abide=info,abide_engine=info,abide_server=info,abide_store=info,abide_upstream=info";

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging for the whole process.
pub(crate) fn start(form: Form) {
    let wanted = ["ABIDE_LOG", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok());
    let wanted = wanted.filter(|wanted| !wanted.trim().is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(DEFAULT));
    let (filter, broken) = match filter {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(DEFAULT), Some(error)),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match form {
        Form::Text => {
            lines.with_target(false).with_ansi(std::io::stderr().is_terminal() && no_color_unset()).init()
        }
        Form::Json => lines.json().flatten_event(true).with_current_span(false).init(),
    }
    if let Some(error) = broken {
        tracing::warn!(%error, "the log filter is not understood; the default is used");
    }
}

/// Whether the user allows colours (no-color.org).
pub(crate) fn no_color_unset() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

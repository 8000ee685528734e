//! How a command ends: its exit status, and what it says when it did not do what was asked.

use super::print;
use crate::config::{BookError, ConfigError, FILE};
use abide_agreement::{Diagnostic, Severity};
use std::io::{self, Write};
use std::process::ExitCode;

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done, or permitted.
    Done,
    /// What was looked at is wrong; that was reported.
    BadInput,
    /// The agreements do not permit what was asked.
    NotPermitted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        match status {
            Status::Done => ExitCode::SUCCESS,
            Status::BadInput => ExitCode::from(2),
            Status::NotPermitted => ExitCode::from(3),
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was given is wrong: exit status 2.
    Input {
        /// What is wrong.
        message: String,
        /// What would mend it.
        help: Option<String>,
    },
    /// Files are wrong, each finding with its place: exit status 2.
    Findings(Vec<Diagnostic>),
    /// Something outside failed: exit status 1.
    Work {
        /// What failed.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
}

impl Failure {
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Failure::Input { message: message.into(), help: None }
    }

    pub(crate) fn work(message: impl Into<String>) -> Self {
        Failure::Work { message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        match self {
            Failure::Input { message, .. } => Failure::Input { message, help },
            Failure::Work { message, .. } => Failure::Work { message, help },
            Failure::Findings(found) => Failure::Findings(found),
        }
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        let color = print::color_on_stderr();
        let (text, code) = match self {
            Failure::Input { message, help } => (worded(message, help.as_deref(), color), 2),
            Failure::Work { message, help } => (worded(message, help.as_deref(), color), 1),
            Failure::Findings(found) => (findings(found, color), 2),
        };
        // Nobody is left to tell when standard error is gone.
        let _ = io::stderr().lock().write_all(text.as_bytes());
        ExitCode::from(code)
    }
}

fn worded(message: &str, help: Option<&str>, color: bool) -> String {
    let tone = print::Paint { color };
    let mut text = format!("{}: {message}\n", tone.bold("31", "error"));
    if let Some(help) = help {
        text.push_str(&format!("{}: {help}\n", tone.bold("36", "help")));
    }
    text
}

/// Findings one below the other, and how many there are.
pub(crate) fn findings(found: &[Diagnostic], color: bool) -> String {
    let blocks: Vec<String> = found.iter().map(|one| one.render(color)).collect();
    format!("{}\n{}\n", blocks.join("\n"), counted(found))
}

/// `2 errors, 1 warning`.
pub(crate) fn counted(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    let warnings = found.len() - errors;
    let many = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        more => Some(format!("{more} {word}s")),
    };
    let parts: Vec<String> =
        [many(errors, "error"), many(warnings, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "nothing wrong".to_owned() } else { parts.join(", ") }
}

/// `1 cloud`, `2 clouds`.
pub(crate) fn many(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable { path, error } if error.kind() == io::ErrorKind::NotFound => {
                let help = format!("`abide init` writes one; --config names another than `{FILE}`");
                Failure::input(format!("there is no configuration `{}`", path.display())).help(help)
            }
            ConfigError::Unreadable { path, error } => {
                Failure::input(format!("`{}` cannot be read: {error}", path.display()))
            }
            ConfigError::Findings(found) => Failure::Findings(found),
        }
    }
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Unreadable { path, error } if error.kind() == io::ErrorKind::NotFound => {
                Failure::input(format!("there is no file or folder `{}`", path.display()))
                    .help("name the folder of a book, the one that holds `book.toml`")
            }
            BookError::Unreadable { path, error } if error.kind() == io::ErrorKind::NotADirectory => {
                Failure::input(format!("`{}` is a file, and lies in no book", path.display()))
                    .help("name the folder of a book, the one that holds `book.toml`, or a file below it")
            }
            BookError::Unreadable { path, error } => {
                let help = if error.kind() == io::ErrorKind::InvalidData {
                    "save it as UTF-8 text, which editors offer when they save a file"
                } else if error.kind() == io::ErrorKind::PermissionDenied {
                    "let whoever runs this read it"
                } else {
                    "name the folder of a book, the one that holds `book.toml`"
                };
                Failure::input(format!("`{}` cannot be read: {error}", path.display())).help(help)
            }
            BookError::Findings(found) => Failure::Findings(found),
        }
    }
}

impl From<abide_store::OpenError> for Failure {
    fn from(error: abide_store::OpenError) -> Self {
        Failure::work(error.to_string())
    }
}

impl From<abide_store::StoreError> for Failure {
    fn from(error: abide_store::StoreError) -> Self {
        Failure::work(error.to_string())
    }
}

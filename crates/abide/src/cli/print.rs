//! Standard output: text, JSON and colours. A reader that has gone away is not an error.

use super::failure::Failure;
use crate::log::no_color_unset;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Colours, where they are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    pub(crate) color: bool,
}

impl Paint {
    /// For standard output.
    pub(crate) fn out() -> Self {
        Self { color: io::stdout().is_terminal() && no_color_unset() }
    }

    pub(crate) fn bold(self, tone: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[1;{tone}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn dim(self, text: &str) -> String {
        if self.color { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

pub(crate) fn color_on_stderr() -> bool {
    io::stderr().is_terminal() && no_color_unset()
}

/// Writes text as it is.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::work(format!("cannot write the output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value).map_err(|error| Failure::work(error.to_string()))?;
    text(&(line + "\n"))
}

/// Says something on standard error, beside output that a program may read.
pub(crate) fn aside(text: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// `text` without characters that move a terminal's cursor; line ends and tabs stay when `lines` does.
pub(crate) fn plain(text: &str, lines: bool) -> String {
    let shown = |c: char| if c.is_control() && !(lines && matches!(c, '\n' | '\t')) { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

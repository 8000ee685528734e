//! How far a long command is, on standard error while that is a terminal.

use super::print;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How often it is said anew.
const SAY_EVERY: Duration = Duration::from_millis(200);

/// One line that is written over; gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Meter {
    /// When it was last said; `None` where nobody looks.
    said: Option<Instant>,
    shown: bool,
}

impl Meter {
    /// Says something only where standard error is a terminal, and the output goes elsewhere.
    pub(crate) fn beside(output_is_terminal: bool) -> Self {
        let seen = io::stderr().is_terminal() && !output_is_terminal;
        Self { said: seen.then(Instant::now), shown: false }
    }

    pub(crate) fn say(&mut self, text: impl FnOnce() -> String) {
        if self.said.is_some_and(|said| said.elapsed() >= SAY_EVERY) {
            print::aside(&format!("\r\u{1b}[K{}", text()));
            (self.said, self.shown) = (Some(Instant::now()), true);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.shown {
            print::aside("\r\u{1b}[K");
        }
    }
}

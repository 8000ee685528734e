//! Texts of configuration, places in them, and what was found wrong there. Knows nothing of what is configured.

use abide_agreement::{Diagnostic, Place, Severity};
use std::fmt;

/// The most findings that are kept.
const FINDINGS_MAX: usize = 200;

/// One text, under the path its findings are shown with.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A stretch of a text, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) source: &'a Source,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A word with the place it was written at.
#[derive(Clone)]
pub(crate) struct Word<'a> {
    pub(crate) text: String,
    pub(crate) spot: Spot<'a>,
}

impl fmt::Debug for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may be a secret written where none belongs.
        write!(f, "Word({}..{})", self.spot.start, self.spot.end)
    }
}

impl Source {
    /// The whole first line.
    pub(crate) fn top(&self) -> Spot<'_> {
        Spot { source: self, start: 0, end: self.text.lines().next().map_or(0, str::len) }
    }
}

impl Spot<'_> {
    fn place(self) -> Place {
        let text = &self.source.text;
        let start = text.floor_char_boundary(self.start.min(text.len()));
        let before = text.get(..start).unwrap_or("");
        let begun = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.get(begun..).map_or(0, |head| head.chars().count()) + 1;
        let whole = text.get(begun..).and_then(|rest| rest.lines().next()).unwrap_or("");
        Place {
            file: self.source.path.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            span: start..self.end.max(start),
            text: whole.to_owned(),
            skipped: 0,
        }
    }
}

/// Gathers what is wrong, so that all of it comes out at once.
#[derive(Default)]
pub(crate) struct Findings {
    all: Vec<Diagnostic>,
    /// Whether one of them, or one beyond the most that are kept, is an error.
    failed: bool,
    /// Texts that must not be shown, wherever a line that holds one is quoted.
    hidden: Vec<String>,
}

impl Findings {
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        spot: Spot<'_>,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.push(Severity::Error, code, spot, message.into(), help.into());
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        spot: Spot<'_>,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.push(Severity::Warning, code, spot, message.into(), help.into());
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        spot: Spot<'_>,
        message: String,
        help: Option<String>,
    ) {
        self.failed |= severity == Severity::Error;
        let found = Diagnostic { severity, code, place: spot.place(), message, help, also: Vec::new() };
        // A line that several others use is looked at for each of them.
        if self.all.len() < FINDINGS_MAX && !self.all.contains(&found) {
            self.all.push(found);
        }
    }

    /// Takes in what another check found.
    pub(crate) fn extend(&mut self, found: Vec<Diagnostic>) {
        self.failed |= found.iter().any(|one| one.severity == Severity::Error);
        self.all.extend(found);
    }

    /// Keeps `text` out of every line that is quoted.
    pub(crate) fn hide(&mut self, text: &str) {
        if !text.is_empty() {
            self.hidden.push(text.to_owned());
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Everything: `first` before other files, files by path, each from its top down.
    pub(crate) fn finish(mut self, first: &str) -> Vec<Diagnostic> {
        self.all.sort_by(|a, b| rank(a, first).cmp(&rank(b, first)));
        for place in self.all.iter_mut().map(|found| &mut found.place) {
            for hidden in &self.hidden {
                place.text = place.text.replace(hidden, &"*".repeat(hidden.chars().count()));
            }
        }
        self.all
    }
}

fn rank<'d>(found: &'d Diagnostic, first: &str) -> (bool, &'d str, usize) {
    (found.place.file != first, &found.place.file, found.place.span.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source { path: "a.toml".into(), text: "x = 1\nname = \"é\" # here\n".into() };
        let start = source.text.find('#').unwrap();
        let place = Spot { source: &source, start, end: start + 1 }.place();
        assert_eq!((place.line, place.column, place.text.as_str()), (2, 12, "name = \"é\" # here"));
    }

    #[test]
    fn a_secret_is_not_quoted_with_its_line() {
        let source = Source { path: "a.toml".into(), text: "key = \"sk-1\"".into() };
        let mut findings = Findings::default();
        findings.hide("sk-1");
        findings.error("secret-in-file", source.top(), "no", None);
        assert_eq!(findings.finish("a.toml")[0].place.text, "key = \"****\"");
    }

    #[test]
    fn a_place_beyond_the_end_is_the_end() {
        let source = Source { path: "a.toml".into(), text: "é".into() };
        let place = Spot { source: &source, start: 1, end: 90 }.place();
        assert_eq!((place.line, place.column), (1, 1));
    }
}

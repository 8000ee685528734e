//! What is wrong with a book, in the words of whoever wrote it: place, line, caret, remedy.
//!
//! Diagnostics are gathered in a [`Sink`] while a book is read and checked, so that all of them come out at once.
//! Knows nothing of what the checks mean.

use crate::Source;
use std::fmt::Write as _;
use std::ops::Range;

/// The longest part of a line that is shown around a caret, in characters; twice as much is kept.
const LINE_CHARS_MAX: usize = 160;
/// The most findings that are given out for one book.
const FINDINGS_MAX: usize = 1_000;

/// Whether a book with this finding can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The book is refused.
    Error,
    /// The book loads; somebody should look.
    Warning,
}

impl Severity {
    /// The word used in JSON and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A stretch of a file, with the line it starts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as its path was given to [`crate::load`].
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The stretch in bytes of the file.
    pub span: Range<usize>,
    /// The text of the line, without its end; of a very long line, the part around the span.
    pub text: String,
    /// How many characters of the line are left out before `text`.
    pub skipped: u32,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable word for programs, such as `unknown-key`.
    pub code: &'static str,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
    /// Other places that take part, each with a few words.
    pub also: Vec<(Place, String)>,
}

impl Diagnostic {
    /// The finding for a terminal: message, `file:line:column`, the line, a caret under the word, help.
    ///
    /// Control characters of the book are not passed on to the terminal.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let paint = Paint { color };
        let tone = match self.severity {
            Severity::Error => "31",
            Severity::Warning => "33",
        };
        let head = format!("{}[{}]", self.severity.as_str(), self.code);
        let places = std::iter::once(&self.place).chain(self.also.iter().map(|(place, _)| place));
        let width = places.map(|place| place.line.to_string().len()).max().unwrap_or(1);
        let mut out = format!("{}: {}\n", paint.bold(tone, &head), plain(&self.message));
        excerpt(&mut out, paint, tone, width, &self.place, "-->", "");
        for (place, words) in &self.also {
            excerpt(&mut out, paint, "34", width, place, ":::", words);
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{:width$} {} {}", "", paint.bold("36", "= help:"), plain(help));
        }
        out
    }
}

#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn bold(self, tone: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[1;{tone}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn excerpt(
    out: &mut String,
    paint: Paint,
    tone: &str,
    width: usize,
    place: &Place,
    arrow: &str,
    words: &str,
) {
    let before = (place.column as usize).saturating_sub(1 + place.skipped as usize);
    let skipped = before.saturating_sub(LINE_CHARS_MAX / 2);
    let shown: String = plain(&place.text).chars().skip(skipped).take(LINE_CHARS_MAX).collect();
    let room = shown.chars().count().saturating_sub(before - skipped).max(1);
    let inside = place.text.get(byte_of_char(&place.text, before)..).unwrap_or("");
    let marked = inside.get(..place.span.len().min(inside.len())).unwrap_or(inside).chars().count();
    let carets = "^".repeat(marked.clamp(1, room));
    let bar = paint.bold("34", "|");
    let number = paint.bold("34", &format!("{:>width$}", place.line));
    let label = if words.is_empty() { String::new() } else { format!(" {}", plain(words)) };
    let _ = writeln!(
        out,
        "{:width$}{} {}:{}:{}",
        "",
        paint.bold("34", arrow),
        plain(&place.file),
        place.line,
        place.column
    );
    let _ = writeln!(out, "{:width$} {bar}", "");
    let _ = writeln!(out, "{number} {bar} {shown}");
    let _ = writeln!(
        out,
        "{:width$} {bar} {:2$}{3}",
        "",
        "",
        before - skipped,
        paint.bold(tone, &(carets + &label))
    );
}

fn byte_of_char(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(byte, _)| byte)
}

/// `text` with every control character replaced, one for one, so that columns stay right.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A stretch of one of the files being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) file: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value with the place it was written at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) spot: Spot,
}

/// A word of a file.
pub(crate) type Word = At<String>;

/// A finding that is still being worded.
pub(crate) struct Draft {
    severity: Severity,
    code: &'static str,
    spot: Spot,
    message: String,
    help: Option<String>,
    also: Vec<(Spot, String)>,
}

impl Draft {
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds help when there is some.
    pub(crate) fn hint(&mut self, help: Option<String>) -> &mut Self {
        self.help = help.or(self.help.take());
        self
    }

    pub(crate) fn also(&mut self, spot: Spot, words: impl Into<String>) -> &mut Self {
        self.also.push((spot, words.into()));
        self
    }
}

/// Gathers findings.
#[derive(Default)]
pub(crate) struct Sink {
    drafts: Vec<Draft>,
}

impl Sink {
    pub(crate) fn error(&mut self, code: &'static str, spot: Spot, message: impl Into<String>) -> &mut Draft {
        self.push(Severity::Error, code, spot, message.into())
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
    ) -> &mut Draft {
        self.push(Severity::Warning, code, spot, message.into())
    }

    fn push(&mut self, severity: Severity, code: &'static str, spot: Spot, message: String) -> &mut Draft {
        let draft = Draft { severity, code, spot, message, help: None, also: Vec::new() };
        let last = self.drafts.len();
        self.drafts.push(draft);
        #[expect(clippy::indexing_slicing, reason = "pushed on the line above")]
        &mut self.drafts[last]
    }

    pub(crate) fn failed(&self) -> bool {
        self.drafts.iter().any(|draft| draft.severity == Severity::Error)
    }

    /// All findings, in the order of the files and of the places in them.
    pub(crate) fn finish(mut self, files: &Files<'_>) -> Vec<Diagnostic> {
        self.drafts.sort_by(|a, b| (a.spot, a.code, &a.message).cmp(&(b.spot, b.code, &b.message)));
        // A file that is read for several drafts of a scenario is wrong once.
        self.drafts.dedup_by(|a, b| (a.spot, a.code, &a.message) == (b.spot, b.code, &b.message));
        let more = self.drafts.len().saturating_sub(FINDINGS_MAX);
        if let Some(last) = self.drafts.get(FINDINGS_MAX - 1).filter(|_| more > 0).map(|draft| draft.spot) {
            self.drafts.truncate(FINDINGS_MAX);
            self.error("limit", last, format!("{more} more findings are not shown"));
        }
        self.drafts.into_iter().map(|draft| draft.place(files)).collect()
    }
}

impl Draft {
    fn place(self, files: &Files<'_>) -> Diagnostic {
        Diagnostic {
            severity: self.severity,
            code: self.code,
            place: files.place(self.spot),
            message: self.message,
            help: self.help,
            also: self.also.into_iter().map(|(spot, words)| (files.place(spot), words)).collect(),
        }
    }
}

/// The files of a book by path, with the beginnings of their lines.
#[derive(Debug)]
pub(crate) struct Files<'a> {
    files: Vec<(&'a Source, Vec<usize>)>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(sources: impl IntoIterator<Item = &'a Source>) -> Self {
        let mut files: Vec<_> =
            sources.into_iter().map(|source| (source, line_starts(&source.text))).collect();
        files.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        Self { files }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'a Source)> {
        self.files.iter().enumerate().map(|(at, (source, _))| (at, *source))
    }

    pub(crate) fn path(&self, spot: Spot) -> &str {
        self.files.get(spot.file).map_or("", |(source, _)| source.path.as_str())
    }

    /// The line of a spot, from 1.
    pub(crate) fn line(&self, spot: Spot) -> u32 {
        let lines =
            self.files.get(spot.file).map(|(_, lines)| lines.partition_point(|start| *start <= spot.start));
        lines.and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1)
    }

    fn place(&self, spot: Spot) -> Place {
        let Some((source, lines)) = self.files.get(spot.file) else {
            return Place {
                file: String::new(),
                line: 1,
                column: 1,
                span: 0..0,
                text: String::new(),
                skipped: 0,
            };
        };
        let start = floor(&source.text, spot.start);
        let line = self.line(spot);
        let begun = lines.get(line as usize - 1).copied().unwrap_or(0).min(start);
        let text = source.text.get(begun..).and_then(|rest| rest.lines().next()).unwrap_or("");
        let column = source.text.get(begun..start).map_or(0, |head| head.chars().count()) as u32 + 1;
        let span = start..spot.end.max(start);
        let skipped = column.saturating_sub(LINE_CHARS_MAX as u32);
        let text = text.chars().skip(skipped as usize).take(2 * LINE_CHARS_MAX).collect();
        Place { file: source.path.clone(), line, column, span, text, skipped }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after).collect()
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

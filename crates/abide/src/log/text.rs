//! An event as a line of text for people: time, level, what happened, then `name=value`. It stands in the way of every
//! request, so each part is written once, straight into the line.

use abide_model::Time;
use std::cell::RefCell;
use std::fmt::{self, Debug, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

thread_local! {
    /// The second that was last written, and its text: many lines share one.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

pub(super) struct Text;

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let color = line.has_ansi_escapes();
        let (name, shade) = level(event.metadata().level());
        if color {
            line.write_str(DIM)?;
        }
        write_time(&mut line)?;
        if color {
            line.write_str(PLAIN)?;
            line.write_str(shade)?;
        }
        line.write_str(name)?;
        if color {
            line.write_str(PLAIN)?;
        }
        let mut fields = Fields { line, color, written: Ok(()) };
        event.record(&mut fields);
        fields.written?;
        fields.line.write_char('\n')
    }
}

/// Now, to a millionth of a second (RFC 3339).
fn write_time(line: &mut Writer<'_>) -> fmt::Result {
    let now = Time::now();
    let second = now.as_second();
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second {
            (*known, *text) = (second, Time::from_second(second).unwrap_or_default().to_string());
        }
        line.write_str(text.trim_end_matches('Z'))
    })?;
    let mut digits = itoa::Buffer::new();
    // A leading one keeps the zeros behind it, and makes way for the point.
    let micros = digits.format(1_000_000 + now.subsec_microsecond());
    line.write_char('.')?;
    line.write_str(micros.get(1..).unwrap_or_default())?;
    line.write_char('Z')
}

/// Its name, right-aligned, and its colour.
fn level(level: &Level) -> (&'static str, &'static str) {
    match *level {
        Level::ERROR => (" ERROR ", "\x1b[31m"),
        Level::WARN => ("  WARN ", "\x1b[33m"),
        Level::INFO => ("  INFO ", "\x1b[32m"),
        Level::DEBUG => (" DEBUG ", "\x1b[34m"),
        Level::TRACE => (" TRACE ", "\x1b[35m"),
    }
}

struct Fields<'l> {
    line: Writer<'l>,
    color: bool,
    written: fmt::Result,
}

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.written.is_ok() {
            self.written = self.name(field.name()).and_then(|()| value(&mut self.line));
        }
    }

    /// What happened has no name, and comes first.
    fn name(&mut self, name: &str) -> fmt::Result {
        if name == "message" {
            return Ok(());
        }
        self.line.write_str(if self.color { " \x1b[2m" } else { " " })?;
        self.line.write_str(name)?;
        self.line.write_str(if self.color { "=\x1b[0m" } else { "=" })
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, |line| {
            let plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
            if !value.bytes().all(plain) {
                return write!(line, "{value:?}");
            }
            line.write_char('"')?;
            line.write_str(value)?;
            line.write_char('"')
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, |line| line.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, |line| write!(Safe(line), "{value:?}"));
    }
}

/// Writes control characters as escapes: no value begins a line of its own, or tells a terminal what to do.
struct Safe<'l, 'w>(&'l mut Writer<'w>);

impl fmt::Write for Safe<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(char::is_control) {
            let (plain, tail) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut chars = tail.chars();
            if let Some(control) = chars.next() {
                write!(self.0, "{}", control.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Seen {
        type Writer = Seen;

        fn make_writer(&self) -> Seen {
            self.clone()
        }
    }

    /// The line of an event behind its time.
    fn line(color: bool, speak: impl FnOnce()) -> String {
        let seen = Seen::default();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(color).with_writer(seen.clone()).event_format(Text);
        tracing::subscriber::with_default(subscriber.finish(), speak);
        let line = String::from_utf8(seen.0.lock().unwrap().clone()).unwrap();
        let (time, rest) = line.split_once('Z').unwrap();
        assert_eq!(time.trim_start_matches(DIM).len(), "2026-11-20T15:06:37.807544".len());
        rest.to_owned()
    }

    #[test]
    fn a_line_says_level_words_and_fields() {
        let speak = || tracing::info!(method = "GET", status = 200_u16, share = 0.5, who = %"ann", "request");
        assert_eq!(line(false, speak), "  INFO request method=\"GET\" status=200 share=0.5 who=ann\n");
        let speak = || tracing::warn!(code = "a", "slow");
        assert_eq!(line(true, speak), "\x1b[0m\x1b[33m  WARN \x1b[0mslow \x1b[2mcode=\x1b[0m\"a\"\n");
    }

    #[test]
    fn a_value_cannot_begin_a_line_of_its_own() {
        let speak = || tracing::error!(said = "one\ntwo \"x\" \u{1b}[31m", "refused");
        assert_eq!(line(false, speak), " ERROR refused said=\"one\\ntwo \\\"x\\\" \\u{1b}[31m\"\n");
        let speak = || tracing::error!(said = %"one\ntwo \u{1b}[31m", "refused {}", "or\nnot");
        assert_eq!(line(false, speak), " ERROR refused or\\nnot said=one\\ntwo \\u{1b}[31m\n");
    }
}

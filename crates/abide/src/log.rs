//! Logs to standard error: text for people, JSON lines for programs. Filtered by `ABIDE_LOG`, else `RUST_LOG`.
//!
//! Lines are handed to a thread that writes many at once, so that no request waits for whoever reads the log.

mod text;

use clap::ValueEnum;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What is logged when neither variable says otherwise.
const DEFAULT: &str =
    "warn,abide=info,abide_engine=info,abide_server=info,abide_store=info,abide_upstream=info";
/// Lines that wait to be written at most; more are counted and left out.
const WAITING_LINES_MAX: usize = 8_192;
/// How long the thread gathers lines before it writes them.
const GATHER: Duration = Duration::from_millis(20);

/// Lines that found no room.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What waits is written when this is dropped.
#[derive(Debug)]
pub(crate) struct Log {
    stop: SyncSender<Message>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    Stop,
}

/// Starts logging for the whole process.
pub(crate) fn start(form: Form) -> Log {
    let (lines, waiting) = sync_channel(WAITING_LINES_MAX);
    let writer =
        std::thread::Builder::new().name("log-writer".to_owned()).spawn(move || write_all(&waiting, form));
    let wanted = ["ABIDE_LOG", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok());
    let wanted = wanted.filter(|wanted| !wanted.trim().is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(DEFAULT));
    let (filter, broken) = match filter {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(DEFAULT), Some(error)),
    };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Lines(lines.clone()));
    match form {
        Form::Text => {
            let color = io::stderr().is_terminal() && no_color_unset();
            subscriber.with_ansi(color).event_format(text::Text).init();
        }
        // The module that speaks would be called `target`, which is what events call CLOUD/MODEL.
        Form::Json => {
            subscriber.json().flatten_event(true).with_current_span(false).with_target(false).init();
        }
    }
    if let Some(error) = broken {
        tracing::warn!(%error, "the log filter is not understood; the default is used");
    }
    Log { stop: lines, writer: writer.ok() }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take()
            && self.stop.send(Message::Stop).is_ok()
        {
            let _ = writer.join();
        }
    }
}

fn write_all(waiting: &Receiver<Message>, form: Form) {
    let mut out = Vec::new();
    let mut going = true;
    while going && let Ok(first) = waiting.recv() {
        going = gather(first, &mut out);
        std::thread::sleep(if going { GATHER } else { Duration::ZERO });
        for message in waiting.try_iter() {
            going &= gather(message, &mut out);
        }
        let left_out = LEFT_OUT.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            let line = match form {
                Form::Text => format!("{left_out} log lines were left out\n"),
                Form::Json => {
                    format!(
                        "{{\"level\":\"WARN\",\"message\":\"log lines were left out\",\"lines\":{left_out}}}\n"
                    )
                }
            };
            out.extend(line.bytes());
        }
        // Nobody is left to tell when standard error is gone.
        let _ = io::stderr().write_all(&out);
        out.clear();
    }
}

fn gather(message: Message, out: &mut Vec<u8>) -> bool {
    match message {
        Message::Line(line) => {
            out.extend(line);
            true
        }
        Message::Stop => false,
    }
}

/// Gives each event a line of its own.
#[derive(Debug, Clone)]
struct Lines(SyncSender<Message>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: &self.0, bytes: Vec::with_capacity(256) }
    }
}

/// One line, handed over when it is dropped.
#[derive(Debug)]
struct Line<'a> {
    lines: &'a SyncSender<Message>,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if !bytes.is_empty() && self.lines.try_send(Message::Line(bytes)).is_err() {
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether the user allows colours (no-color.org).
pub(crate) fn no_color_unset() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

//! `abide.toml` and all it names, checked as a whole and turned into what the engine and the server run on.
//!
//! Reads files and the environment; starts nothing.

mod agent;
mod book;
mod cloud;
mod model;
mod secret;
pub(crate) mod source;
pub(crate) mod table;

pub(crate) use book::{
    BookError, files as book_files, open as open_book, root as book_root, shown as shown_findings,
};

use abide_agreement::{Book, Diagnostic, nearest};
use abide_engine::{Limits, Setup, Sync};
use abide_model::{Hash, Time};
use abide_upstream::Waits;
use source::{Findings, Source, Word};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use table::Table;

/// The file every command looks for when none is named.
pub(crate) const FILE: &str = "abide.toml";
/// The longest configuration file, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;
const LISTEN: &str = "127.0.0.1:7777";
const FOLDER: &str = "abide-data";
const AGENTS: &str = "agents";
const STOP_WITHIN: Duration = Duration::from_secs(25);

/// A configuration that passed every check.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where to serve.
    pub(crate) listen: SocketAddr,
    /// Whether other machines are meant to reach it.
    pub(crate) allow_remote: bool,
    /// What bounds the server; its grace bounds the engine's too.
    pub(crate) server: abide_server::Options,
    /// The store.
    pub(crate) folder: PathBuf,
    /// What the engine runs on.
    pub(crate) setup: Setup,
    /// The files and folders it was read from.
    pub(crate) watched: Vec<PathBuf>,
    /// What does not keep it from running.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Whether the secrets that a configuration points to must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// They are read.
    Read,
    /// They are left alone: the rest is checked.
    Skip,
}

/// Why a configuration is not used.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file itself cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// What is wrong with it, warnings among the rest.
    Findings(Vec<Diagnostic>),
}

/// Where the store and the agreements are: all that commands beside a server need to know.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) folder: PathBuf,
    pub(crate) agreements: Option<PathBuf>,
}

/// Reads and checks the configuration at `path` and every file it names.
///
/// # Errors
/// Everything that is wrong.
pub(crate) fn load(path: &Path, secrets: Secrets) -> Result<Config, ConfigError> {
    load_watched(path, secrets).1
}

/// The same, with the files and folders that were looked at even where something is wrong.
pub(crate) fn load_watched(path: &Path, secrets: Secrets) -> (Vec<PathBuf>, Result<Config, ConfigError>) {
    let source = match read_source(path) {
        Ok(source) => source,
        Err(error) => return (vec![path.to_owned()], Err(error)),
    };
    let mut findings = Findings::default();
    let mut reading = Reading {
        base: parent(path),
        secrets,
        findings: &mut findings,
        parts: Vec::new(),
        watched: vec![path.to_owned()],
    };
    let config = reading.config(&source, modified(path));
    let watched = reading.watched;
    let failed = findings.failed();
    let found = findings.finish(&source.path);
    let loaded = match config {
        Some(config) if !failed => Ok(Config { warnings: found, watched: watched.clone(), ..config }),
        Some(_) | None => Err(ConfigError::Findings(found)),
    };
    (watched, loaded)
}

/// Reads from the configuration at `path` only where things are; the rest may be wrong.
///
/// # Errors
/// When it cannot be read or these lines are wrong.
pub(crate) fn places(path: &Path) -> Result<Places, ConfigError> {
    let source = read_source(path)?;
    let mut findings = Findings::default();
    let base = parent(path);
    let parsed = table::parse(&source, &source.text, 0, &mut findings);
    let places = parsed.as_ref().map(|parsed| {
        let mut root = Table::new(parsed.get_ref(), &source, 0, source.top(), &source.path);
        let folder = root.text(&mut findings, "folder").map_or(FOLDER.to_owned(), |word| word.text);
        let agreements = root.text(&mut findings, "agreements").map(|word| base.join(word.text));
        Places { folder: base.join(folder), agreements }
    });
    match places {
        Some(places) if !findings.failed() => Ok(places),
        Some(_) | None => Err(ConfigError::Findings(findings.finish(&source.path))),
    }
}

fn read_source(path: &Path) -> Result<Source, ConfigError> {
    let text = read_text(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    Ok(Source { path: path.display().to_string(), text })
}

/// A text file of a bounded size.
fn read_text(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(path)
}

/// The folder that names in the file at `path` start from.
fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

fn modified(path: &Path) -> Time {
    let changed = std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
    changed.and_then(|changed| Time::try_from(changed).ok()).unwrap_or(Time::UNIX_EPOCH)
}

/// A configuration being read.
struct Reading<'f> {
    /// Where relative names start.
    base: PathBuf,
    secrets: Secrets,
    findings: &'f mut Findings,
    /// What its version is made of.
    parts: Vec<Vec<u8>>,
    /// What was looked at.
    watched: Vec<PathBuf>,
}

impl Reading<'_> {
    fn config(&mut self, source: &Source, created: Time) -> Option<Config> {
        let parsed = table::parse(source, &source.text, 0, self.findings)?;
        self.parts.push(source.text.clone().into_bytes());
        let mut root = Table::new(parsed.get_ref(), source, 0, source.top(), &source.path);
        let allow_remote = root.flag(self.findings, "allow_remote").unwrap_or(false);
        let listen = self.listen(&mut root, allow_remote);
        let stop_within = root.duration(self.findings, "stop_within");
        let sync = self.sync(&mut root);
        let folder = root.text(self.findings, "folder").map_or(FOLDER.to_owned(), |word| word.text);
        let book = self.book(&mut root);
        let plain = root.flag(self.findings, "allow_plain_http").unwrap_or(false);
        let clouds = self.clouds(&mut root, plain, book.as_deref());
        let models = self.models(&mut root, &clouds, book.as_deref(), created);
        let agents = self.agents(&mut root, &models);
        let waits = self.waits(&mut root);
        let (limits, mut server) = self.limits(&mut root);
        server.grace = stop_within.unwrap_or(STOP_WITHIN);
        root.finish(self.findings);
        let setup = Setup {
            clouds: clouds.into_iter().filter_map(|(name, cloud)| Some((name, cloud.endpoint?))).collect(),
            models,
            agents,
            book,
            waits,
            limits,
            sync,
            version: Hash::of_parts(self.parts.iter().map(Vec::as_slice)),
        };
        Some(Config {
            listen: listen?,
            allow_remote,
            server,
            folder: self.base.join(folder),
            setup,
            watched: Vec::new(),
            warnings: Vec::new(),
        })
    }

    fn sync(&mut self, root: &mut Table<'_>) -> Sync {
        let Some(word) = root.text(self.findings, "sync") else { return Sync::default() };
        match word.text.as_str() {
            "always" => Sync::Always,
            "kept" => Sync::Kept,
            other => {
                let message = format!("`{other}` is neither `always` nor `kept`");
                let help = "`always`: every answer waits for the disk; `kept`: only those of what is kept"
                    .to_owned();
                self.findings.error("bad-sync", word.spot, message, help);
                Sync::default()
            }
        }
    }

    fn listen(&mut self, root: &mut Table<'_>, allow_remote: bool) -> Option<SocketAddr> {
        let Some(word) = root.text(self.findings, "listen") else { return LISTEN.parse().ok() };
        let address: Option<SocketAddr> = word.text.parse().ok();
        match address {
            None => {
                let message = format!("`{}` is not an address and port", word.text);
                let help = format!("write one such as \"{LISTEN}\", or \"0.0.0.0:7777\" for every network");
                self.findings.error("bad-address", word.spot, message, help);
            }
            Some(address) if !address.ip().is_loopback() && !allow_remote => {
                let message = "other machines can reach this address, unencrypted";
                let help =
                    "put TLS in front, and set allow_remote = true to say that this is meant".to_owned();
                self.findings.warning("open-address", word.spot, message, help);
            }
            Some(_) => {}
        }
        address
    }

    fn book(&mut self, root: &mut Table<'_>) -> Option<Arc<Book>> {
        let word = root.text(self.findings, "agreements")?;
        let folder = self.base.join(&word.text);
        self.watched.push(folder.clone());
        match book::open(&folder) {
            Ok(book) => {
                self.parts.push(book.hash().0.to_vec());
                self.findings.extend(book::shown(&folder, book.warnings()));
                Some(Arc::new(book))
            }
            Err(BookError::Unreadable { path, error }) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                let help = "name the folder of a book, the one that holds `book.toml`".to_owned();
                self.findings.error("unreadable", word.spot, message, help);
                None
            }
            Err(BookError::Findings(found)) => {
                self.findings.extend(found);
                None
            }
        }
    }

    fn waits(&mut self, root: &mut Table<'_>) -> Waits {
        let default = Waits::default();
        let Some(mut table) = root.table(self.findings, "waits") else { return default };
        let waits = Waits {
            connect: table.duration(self.findings, "connect").unwrap_or(default.connect),
            first_token: table.duration(self.findings, "first_token").unwrap_or(default.first_token),
            whole: table.duration(self.findings, "whole_answer").unwrap_or(default.whole),
            between: table.duration(self.findings, "between_tokens").unwrap_or(default.between),
            total: table.duration(self.findings, "total").unwrap_or(default.total),
        };
        table.finish(self.findings);
        waits
    }

    fn limits(&mut self, root: &mut Table<'_>) -> (Limits, abide_server::Options) {
        let (mut limits, mut server) = (Limits::default(), abide_server::Options::default());
        let Some(mut table) = root.table(self.findings, "limits") else { return (limits, server) };
        for (key, limit, max) in [
            ("runs", &mut limits.runs_max, 1 << 20),
            ("queue", &mut limits.queue_max, 1 << 16),
            ("lag_events", &mut limits.lag_events_max, 1 << 20),
            ("requests", &mut server.requests_max, 1 << 20),
            ("connections", &mut server.connections_max, 1 << 20),
            ("body_bytes", &mut server.body_bytes_max, 1 << 30),
        ] {
            *limit = table.count(self.findings, key, max).unwrap_or(*limit);
        }
        limits.idle = table.duration(self.findings, "idle").unwrap_or(limits.idle);
        table.finish(self.findings);
        (limits, server)
    }

    /// Reports a name that is not there, with the nearest that is.
    fn unknown<'k>(
        &mut self,
        word: &Word<'_>,
        message: String,
        known: impl IntoIterator<Item = &'k str>,
        otherwise: &str,
    ) {
        let near = nearest(&word.text, known);
        let help = near.map_or(otherwise.to_owned(), |found| format!("did you mean `{found}`?"));
        self.findings.error("unknown-name", word.spot, message, Some(help).filter(|help| !help.is_empty()));
    }

    /// Parses a name; reports why it is none.
    fn name<T>(&mut self, word: &Word<'_>) -> Option<T>
    where
        T: std::str::FromStr<Err = abide_model::name::NameError>,
    {
        match word.text.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.findings.error("bad-name", word.spot, error.to_string(), None);
                None
            }
        }
    }
}

impl Places {
    /// Places given by hand, those of the configuration where they are not.
    pub(crate) fn or_read(
        folder: Option<PathBuf>,
        agreements: Option<PathBuf>,
        config: &Path,
    ) -> Result<Self, ConfigError> {
        match (folder, agreements) {
            (Some(folder), agreements @ Some(_)) => Ok(Self { folder, agreements }),
            (Some(folder), None) => {
                let read = places(config).ok();
                Ok(Self { folder, agreements: read.and_then(|read| read.agreements) })
            }
            (None, agreements) => {
                let read = places(config)?;
                Ok(Self { agreements: agreements.or(read.agreements), ..read })
            }
        }
    }
}

//! Notices changed files and takes them up, when the whole of them is valid.
//!
//! Looks at names, times and sizes twice a second: a file system that reports changes is not to be had everywhere a
//! configuration lies, and the files are few.

use crate::cli::failure::{Failure, findings};
use crate::config::{self, Config, ConfigError, Secrets};
use abide_engine::Engine;
use abide_model::Hash;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The most files looked at.
const FILES_MAX: usize = 20_000;
/// How many folders deep files are looked for.
const DEPTH_MAX: usize = 16;

/// A file as it was last seen.
type Seen = (PathBuf, Option<SystemTime>, u64);

/// What runs now.
pub(super) struct Running {
    pub(super) listen: SocketAddr,
    pub(super) folder: PathBuf,
    pub(super) server: abide_server::Options,
    pub(super) version: Hash,
    /// The files and folders it was read from.
    pub(super) watched: Vec<PathBuf>,
    /// Whether the files have changed to something that is not used.
    pub(super) refused: bool,
}

/// Takes up changes until `stop`.
pub(super) async fn until_stopped(
    path: &Path,
    mut running: Running,
    engine: &Engine,
    reload: &Notify,
    stop: &CancellationToken,
) {
    // Nothing yet: what changed since the start is found by the first look that settles.
    let mut taken = Vec::new();
    let mut last = look(running.watched.clone()).await;
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return,
            () = reload.notified() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        let now = look(running.watched.clone()).await;
        // An editor may be half way through: what counts has stayed the same for two looks.
        let settled = now == last && now != taken;
        last.clone_from(&now);
        if !asked && !settled {
            continue;
        }
        let file = path.to_owned();
        let loading = tokio::task::spawn_blocking(move || config::load_watched(&file, Secrets::Read));
        let Ok((files, loaded)) = loading.await else { continue };
        running.take_up(engine, loaded);
        taken = now;
        if files != running.watched {
            running.watched = files;
            taken.clear();
        }
    }
}

impl Running {
    fn take_up(&mut self, engine: &Engine, loaded: Result<Config, ConfigError>) {
        match loaded {
            Ok(config) if config.setup.version == self.version => {
                if std::mem::take(&mut self.refused) {
                    tracing::info!("the files are valid again, and say what they said before");
                }
            }
            Ok(config) => {
                if !config.warnings.is_empty() {
                    tracing::warn!("{}", findings(&config.warnings, false));
                }
                let left = self.left_for_the_next_start(&config);
                if !left.is_empty() {
                    tracing::warn!("taken up at the next start alone: `{}`", left.join("`, `"));
                }
                self.version = config.setup.version;
                self.refused = false;
                engine.reload(config.setup);
                tracing::info!(version = %self.version.short(), "configuration taken up");
            }
            Err(error) => {
                self.refused = true;
                let why = match Failure::from(error) {
                    Failure::Findings(found) => findings(&found, false),
                    Failure::Input { message, .. } | Failure::Work { message, .. } => message,
                };
                tracing::error!("the changed configuration is not used, the old one stays:\n{why}");
            }
        }
    }

    /// The keys that have changed and are read once, when the server starts.
    fn left_for_the_next_start(&self, config: &Config) -> Vec<&'static str> {
        let (ours, theirs) = (&self.server, &config.server);
        let keys = [
            ("listen", self.listen != config.listen),
            ("folder", self.folder != config.folder),
            ("stop_within", ours.grace != theirs.grace),
            ("limits.requests", ours.requests_max != theirs.requests_max),
            ("limits.connections", ours.connections_max != theirs.connections_max),
            ("limits.body_bytes", ours.body_bytes_max != theirs.body_bytes_max),
        ];
        keys.into_iter().filter_map(|(key, changed)| changed.then_some(key)).collect()
    }
}

async fn look(paths: Vec<PathBuf>) -> Vec<Seen> {
    let looking = tokio::task::spawn_blocking(move || {
        let mut seen = Vec::new();
        paths.iter().for_each(|path| see(path, 0, &mut seen));
        seen.sort();
        seen
    });
    looking.await.unwrap_or_default()
}

fn see(path: &Path, depth: usize, seen: &mut Vec<Seen>) {
    if seen.len() >= FILES_MAX || depth > DEPTH_MAX {
        return;
    }
    let Ok(meta) = fs::metadata(path) else {
        seen.push((path.to_owned(), None, 0));
        return;
    };
    if !meta.is_dir() {
        seen.push((path.to_owned(), meta.modified().ok(), meta.len()));
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        see(&entry.path(), depth + 1, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOUD: &str = "
        [cloud.local]
        dialect = \"openai\"
        url = \"http://127.0.0.1:9\"
        [model.m]
        targets = [\"local/m\"]
    ";

    fn load(folder: &Path, text: &str) -> Config {
        let file = folder.join(config::FILE);
        fs::write(&file, format!("{text}{CLOUD}")).unwrap();
        config::load(&file, Secrets::Skip).unwrap()
    }

    #[test]
    fn what_is_read_once_is_named_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let before = load(folder.path(), "");
        let running = Running {
            listen: before.listen,
            folder: before.folder,
            server: before.server,
            version: before.setup.version,
            watched: Vec::new(),
            refused: false,
        };
        let left = |text: &str| running.left_for_the_next_start(&load(folder.path(), text)).join(" ");
        assert_eq!(left(""), "");
        assert_eq!(left("[limits]\nruns = 9\n"), "");
        assert_eq!(left("stop_within = \"9s\"\nlisten = \"127.0.0.1:9\"\n"), "listen stop_within");
        let limits = "folder = \"other\"\n[limits]\nrequests = 9\nconnections = 9\nbody_bytes = 9\n";
        assert_eq!(left(limits), "folder limits.requests limits.connections limits.body_bytes");
    }
}

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
                if config.folder != self.folder || config.listen != self.listen {
                    tracing::warn!("`listen` and `folder` are taken up at the next start");
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

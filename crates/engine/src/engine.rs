//! Opening, reloading and closing the engine.

use crate::handle::Handle;
use crate::key::KeyRing;
use crate::live::{self, Lives};
use crate::metrics::Metrics;
use crate::setup::Setup;
use abide_model::Hash;
use abide_route::Health;
use abide_store::{Recovery, Store, StoreError};
use abide_upstream::Client;
use arc_swap::ArcSwap;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bodies that are remembered to be in the store.
const KNOWN_BODIES_MAX: usize = 10_000;
/// How often keys changed by another process are looked for.
const KEYS_LOOK_EVERY: Duration = Duration::from_millis(500);

/// How the engine is opened.
#[derive(Debug)]
pub struct Options {
    /// The folder of the store.
    pub folder: PathBuf,
    /// The checked configuration.
    pub setup: Setup,
}

/// Why the engine does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] abide_store::OpenError),
    /// The store opened and cannot be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The network client cannot be made.
    #[error("cannot prepare connections to clouds: {0}")]
    Client(String),
}

/// What every part of the engine shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) setup: ArcSwap<Setup>,
    pub(crate) store: Store,
    pub(crate) client: Client,
    pub(crate) health: Mutex<Health>,
    pub(crate) lives: Lives,
    pub(crate) keys: KeyRing,
    pub(crate) metrics: Metrics,
    pub(crate) known: Known,
    /// Set when no new run is taken on.
    pub(crate) stopping: CancellationToken,
    /// Set when runs at work are let go of.
    pub(crate) halting: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Plans and decisions that the store has for certain. They repeat from call to call and are never taken out of it, so
/// that they need not be handed to it again.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashSet<Hash>>);

impl Known {
    pub(crate) fn holds(&self, hash: &Hash) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    /// Takes in bodies of a step that was kept.
    pub(crate) fn add(&self, hashes: Vec<Hash>) {
        if hashes.is_empty() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_BODIES_MAX {
            known.clear();
        }
        known.extend(hashes);
    }
}

/// A running engine. Owns its tasks; [`Engine::close`] ends them.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    recovery: Recovery,
}

impl Engine {
    /// Opens the store and takes up what a crash left unfinished.
    ///
    /// # Errors
    /// When the store is not ours, in use, newer, or cannot be read.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let folder = options.folder.clone();
        let opening = tokio::task::spawn_blocking(move || {
            abide_store::Store::open(&folder, abide_store::Options::default())
        });
        let opened = opening.await.map_err(|error| OpenError::Client(error.to_string()))??;
        let client = Client::new().map_err(|error| OpenError::Client(error.to_string()))?;
        let shared = Arc::new(Shared {
            setup: ArcSwap::from_pointee(options.setup),
            store: opened.store,
            client,
            health: Mutex::new(Health::default()),
            lives: Lives::default(),
            keys: KeyRing::default(),
            metrics: Metrics::default(),
            known: Known::default(),
            stopping: CancellationToken::new(),
            halting: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let unfinished = shared.store.unfinished().await?;
        for session in unfinished {
            live::recover(&shared, session);
        }
        shared.tasks.spawn(watch_keys(shared.clone()));
        Ok(Self { shared, recovery: opened.recovery })
    }

    /// What the store found at its end when it was opened.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// The public door.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: self.shared.clone() }
    }

    /// Swaps in a checked configuration. Calls under way end under the old one.
    pub fn reload(&self, setup: Setup) {
        self.shared.setup.store(Arc::new(setup));
    }

    /// Takes on nothing new, lets runs end within `grace`, lets go of the rest (they are taken up again at the
    /// next start), and closes the store.
    pub async fn close(self, grace: Duration) {
        self.shared.stopping.cancel();
        self.shared.tasks.close();
        let ended = tokio::time::timeout(grace, self.shared.tasks.wait()).await;
        if ended.is_err() {
            self.shared.halting.cancel();
            self.shared.tasks.wait().await;
        }
        let store = self.shared.store.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "the store did not close in order");
        }
    }
}

async fn watch_keys(shared: Arc<Shared>) {
    loop {
        tokio::select! {
            () = shared.stopping.cancelled() => return,
            () = tokio::time::sleep(KEYS_LOOK_EVERY) => {}
        }
        match shared.store.keys_version().await {
            Ok(version) => shared.keys.forget_before(version),
            Err(error) => tracing::warn!(%error, "keys could not be looked at"),
        }
    }
}

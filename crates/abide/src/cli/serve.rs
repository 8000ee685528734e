//! `abide serve`: opens the engine, serves clients, takes up changed files, ends in order.

mod watch;

use super::ConfigFile;
use super::failure::{Failure, Status, findings};
use super::print;
use crate::config::{self, Config, Secrets};
use abide_engine::{Engine, OpenError, Options};
use clap::Args;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const EXAMPLES: &str = "\
Examples:
  abide serve
  abide serve --config /etc/abide/abide.toml --log json

Changed files are taken up within a second or two when the whole is valid; otherwise the old configuration \
stays and the log says why. SIGHUP takes them up at once. SIGINT and SIGTERM let requests at work end; a second one \
does not.";

/// What to serve.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    /// Where to listen, instead of where the configuration says
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let path = self.config.path;
        let config = config::load(&path, Secrets::Read)?;
        if !config.warnings.is_empty() {
            print::aside(&findings(&config.warnings, print::color_on_stderr()));
        }
        runtime()?.block_on(async {
            let listener = listen(self.listen.unwrap_or(config.listen)).await?;
            until_stopped(listener, &path, config).await
        })?;
        Ok(Status::Done)
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::work(format!("cannot start: {error}")))
}

/// Binds an address.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let failure = Failure::work(format!("cannot listen on {address}: {error}"));
        if error.kind() == io::ErrorKind::AddrInUse {
            failure.help("stop what listens there, or name another port")
        } else if error.kind() == io::ErrorKind::PermissionDenied {
            failure.help("ports below 1024 need privileges; use a higher one")
        } else {
            failure
        }
    })
}

/// Serves until a signal says stop.
pub(super) async fn until_stopped(listener: TcpListener, path: &Path, config: Config) -> Result<(), Failure> {
    warn_of_strangers(&listener, config.allow_remote || !config.listen.ip().is_loopback());
    let Config { listen, folder, setup, server, watched, .. } = config;
    let grace = server.grace;
    let running = watch::Running {
        listen,
        folder: folder.clone(),
        server: server.clone(),
        version: setup.version,
        watched,
        refused: false,
    };
    let engine = Engine::open(Options { folder: folder.clone(), setup }).await?;
    say_what_was_found(&engine, &folder);
    let stop = CancellationToken::new();
    let hurry = CancellationToken::new();
    let reload = Notify::new();
    let serving = async {
        let served = abide_server::serve(listener, engine.handle(), server, stop.clone().cancelled_owned());
        let served = served.await;
        stop.cancel();
        served
    };
    let watching = watch::until_stopped(path, running, &engine, &reload, &stop);
    let mut stopped_at = None;
    let served = tokio::select! {
        (served, ()) = async { tokio::join!(serving, watching) } => served,
        told = signals(&stop, &hurry, &reload, &mut stopped_at) => told,
    };
    let spent = stopped_at.map_or(Duration::ZERO, |at: Instant| at.elapsed());
    let left = if hurry.is_cancelled() { Duration::ZERO } else { grace.saturating_sub(spent) };
    engine.close(left).await;
    tracing::info!("stopped");
    served.map_err(|error| Failure::work(format!("serving ended: {error}")))
}

/// Hears signals until a second one says to stop at once.
async fn signals(
    stop: &CancellationToken,
    hurry: &CancellationToken,
    reload: &Notify,
    stopped_at: &mut Option<Instant>,
) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        let ends = tokio::select! {
            _ = interrupt.recv() => true,
            _ = terminate.recv() => true,
            _ = hangup.recv() => false,
        };
        if !ends {
            reload.notify_one();
        } else if stop.is_cancelled() {
            hurry.cancel();
            return Ok(());
        } else {
            tracing::info!("stopping: requests at work may end; a second signal ends them");
            *stopped_at = Some(Instant::now());
            stop.cancel();
        }
    }
}

/// Says so when `--listen` alone opens the door: an address in the configuration is warned of when that is checked.
fn warn_of_strangers(listener: &TcpListener, settled: bool) {
    let address = listener.local_addr().ok().filter(|address| !address.ip().is_loopback() && !settled);
    if let Some(address) = address {
        tracing::warn!(
            %address,
            "other machines can reach this address, unencrypted; put TLS in front, and set allow_remote = true to \
             say that this is meant"
        );
    }
}

fn say_what_was_found(engine: &Engine, folder: &Path) {
    let found = engine.recovery();
    if found.rows > 0 || found.erasures > 0 {
        tracing::info!(
            rows = found.rows,
            sessions = found.sessions,
            erasures = found.erasures,
            "taken up what the last process left"
        );
    }
    let keys = abide_store::Reader::open(folder).ok().and_then(|mut reader| reader.keys().ok());
    if keys.is_some_and(|keys| keys.iter().all(|key| key.revoked_ms.is_some())) {
        tracing::warn!("there is no key yet, so nobody can call; `abide key create NAME` makes one");
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Failure::work(error.to_string())
    }
}

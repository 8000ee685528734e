//! Connections: accepted, told apart by the HTTP they speak, bounded, and ended in order.

use crate::answer::{Connected, Shared, answer};
use crate::options::Options;
use crate::stall::Stall;
use abide_engine::Handle;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4). No HTTP/1 request does.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long until a preface that came in pieces is looked at again.
const PREFACE_RETRY: Duration = Duration::from_millis(10);
/// How long nothing is accepted after the system refused: it is out of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(20);
/// Connections beyond the limit that are served at once, to be told so; more wait to be accepted.
const REFUSED_CONNECTIONS_MAX: usize = 64;

/// Serves `listener` until `shutdown` is ready; then accepts no more, lets requests at work end within
/// [`Options::grace`], and closes what is left.
///
/// `/healthz`, `/readyz`, `/metrics` and `/` need no key: whoever can reach the listener can read them, so a listener
/// that strangers reach belongs behind something that keeps them from these paths.
///
/// # Errors
/// When the listener is not one that can be asked where it listens.
pub async fn serve(
    listener: TcpListener,
    handle: Handle,
    options: Options,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let (stop, stopped) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(options.connections_max.saturating_add(REFUSED_CONNECTIONS_MAX)));
    let shared = Arc::new(Shared::new(handle, options));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => note(ended),
            accepted = accept(&listener, &slots) => {
                let (stream, slot) = accepted;
                let connection = connection(stream, shared.clone(), stopped.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
        }
    }
    drop(listener);
    shared.stopping.store(true, Ordering::Relaxed);
    stop.send_replace(true);
    finish(connections, shared.options.grace).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let slot = slots.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// Waits for connections to end, and closes those that do not.
async fn finish(mut connections: JoinSet<()>, grace: Duration) {
    let drain = async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    };
    if tokio::time::timeout(grace, drain).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "closing connections whose requests did not end in time"
        );
        connections.shutdown().await;
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection panicked");
    }
}

/// Counts a connection for as long as it lives.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let before = shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
    let counted = Counted(shared);
    let shared = &counted.0;
    let connected =
        if before < shared.options.connections_max { Connected::Within } else { Connected::Beyond };
    // Without it small frames wait for each other; a socket that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let spoken = tokio::select! {
        spoken = tokio::time::timeout(shared.options.head_time_max, spoken(&stream)) => spoken,
        _ = stopped.wait_for(|stop| *stop) => return,
    };
    let Ok(Ok(spoken)) = spoken else { return };
    let options = &shared.options;
    let service = {
        let shared = shared.clone();
        service_fn(move |request| answer(shared.clone(), connected, request))
    };
    let io = Stall::new(TokioIo::new(stream), options.write_time_max);
    let ended = match spoken {
        Spoken::Http1 => run(http1(options).serve_connection(io, service), stopped).await,
        Spoken::Http2 => run(http2(options).serve_connection(io, service), stopped).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

/// Which HTTP a connection speaks.
enum Spoken {
    Http1,
    Http2,
}

/// Looks at the first bytes without taking them.
async fn spoken(stream: &TcpStream) -> io::Result<Spoken> {
    let mut seen = [0u8; PREFACE.len()];
    loop {
        let count = stream.peek(&mut seen).await?;
        let begins = seen.get(..count).is_some_and(|begun| PREFACE.starts_with(begun));
        match count {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if !begins => return Ok(Spoken::Http1),
            count if count == PREFACE.len() => return Ok(Spoken::Http2),
            _ => tokio::time::sleep(PREFACE_RETRY).await,
        }
    }
}

/// Runs a connection to its end; when the server stops, to the end of what is at work on it.
async fn run<C: GracefulConnection>(connection: C, mut stopped: watch::Receiver<bool>) -> C::Output {
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

fn http1(options: &Options) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_time_max)
        .max_header_size(options.head_bytes_max);
    builder
}

fn http2(options: &Options) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.http2.streams_max)
        .max_header_list_size(u32::try_from(options.head_bytes_max).unwrap_or(u32::MAX))
        .keep_alive_interval(options.http2.ping_every)
        .keep_alive_timeout(options.http2.ping_every);
    builder
}

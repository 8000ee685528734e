//! Reads the body of a request, within limits of size, time and memory.

use crate::problem::Failure;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_ENCODING;
use hyper::http::request::Parts;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes set aside for a body on its client's word alone.
const TRUSTED_BYTES_MAX: usize = 1 << 20;
/// Bytes of an unwanted body that are read and thrown away, so that its client gets to read the answer.
const LINGER_BYTES_MAX: usize = 64 << 20;
/// Seconds that this takes at most.
const LINGER_SECONDS_MAX: u64 = 5;

/// Bytes that all bodies being read hold together.
#[derive(Debug)]
pub(crate) struct Pool {
    held: AtomicUsize,
    max: usize,
}

/// A part of the pool, given back when dropped.
struct Held<'p> {
    pool: &'p Pool,
    bytes: usize,
}

impl Pool {
    pub(crate) fn new(max: usize) -> Self {
        Self { held: AtomicUsize::new(0), max }
    }

    fn hold(&self) -> Held<'_> {
        Held { pool: self, bytes: 0 }
    }
}

impl Held<'_> {
    fn more(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes += bytes;
        let before = self.pool.held.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > self.pool.max {
            return Err(Failure::full("bytes of bodies being read", self.pool.max));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.pool.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a whole body.
pub(crate) async fn body(
    head: &Parts,
    incoming: &mut Incoming,
    pool: &Pool,
    bytes_max: usize,
    time_max: Duration,
) -> Result<Bytes, Failure> {
    if head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Failure::body_encoded());
    }
    if incoming.size_hint().lower() > bytes_max as u64 {
        return Err(Failure::body_too_large(bytes_max));
    }
    let collected = tokio::time::timeout(time_max, collect(incoming, pool, bytes_max)).await;
    collected.unwrap_or_else(|_| Err(Failure::body_too_slow(time_max.as_secs())))
}

async fn collect(incoming: &mut Incoming, pool: &Pool, bytes_max: usize) -> Result<Bytes, Failure> {
    let Some(first) = next(incoming).await? else { return Ok(Bytes::new()) };
    if first.len() > bytes_max {
        return Err(Failure::body_too_large(bytes_max));
    }
    // A small body arrives in one piece and is used where it lies.
    if incoming.is_end_stream() {
        return Ok(first);
    }
    let mut held = pool.hold();
    let promised = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX).min(TRUSTED_BYTES_MAX);
    let mut whole = BytesMut::with_capacity(first.len() + promised);
    let mut piece = Some(first);
    while let Some(bytes) = piece {
        if whole.len() + bytes.len() > bytes_max {
            return Err(Failure::body_too_large(bytes_max));
        }
        held.more(bytes.len())?;
        whole.extend_from_slice(&bytes);
        piece = next(incoming).await?;
    }
    Ok(whole.freeze())
}

/// The next piece that is not empty; `None` at the end.
async fn next(incoming: &mut Incoming) -> Result<Option<Bytes>, Failure> {
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| Failure::body_cut())?;
        // Trailers mean nothing here.
        if let Ok(bytes) = frame.into_data()
            && !bytes.is_empty()
        {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// Reads on and throws away, in a task that ends by itself: closing a connection on which a client still writes
/// would take the answer from it.
pub(crate) fn linger(mut incoming: Incoming) {
    let drain = async move {
        let mut left = LINGER_BYTES_MAX;
        while let Ok(Some(bytes)) = next(&mut incoming).await {
            let Some(rest) = left.checked_sub(bytes.len()) else { return };
            left = rest;
        }
    };
    tokio::spawn(tokio::time::timeout(Duration::from_secs(LINGER_SECONDS_MAX), drain));
}

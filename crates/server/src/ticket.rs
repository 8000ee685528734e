//! What is kept of a request while it is answered: counted in, counted out, and said in one line of the log.

use crate::metrics::Metrics;
use crate::route::Op;
use abide_engine::Principal;
use abide_model::digits::Digits;
use hyper::header::HeaderValue;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// The status in logs and metrics of a request whose client left before there was an answer; never sent.
const CLIENT_LEFT: u16 = 499;

/// Gives each request an id that no other has: of this process by its count, of others by the process's own number.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: Digits<16>,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        let process = RandomState::new().build_hasher().finish();
        Self { process: Digits::of(u128::from(process)), next: AtomicU64::new(1) }
    }
}

impl RequestIds {
    pub(crate) fn next(&self) -> RequestId {
        let n = Digits::<12>::of(u128::from(self.next.fetch_add(1, Ordering::Relaxed)));
        let text = ["req_", self.process.as_str(), n.as_str()].concat();
        // Digits are always a header's value.
        RequestId(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("req_")))
    }
}

/// The identity of a request: `req_…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// One request. Travels with the body of its answer; when it is dropped, the request is over.
#[derive(Debug)]
pub(crate) struct Ticket {
    metrics: Arc<Metrics>,
    op: Option<Op>,
    began: Instant,
    pub(crate) id: RequestId,
    /// Who asks, once that is known.
    pub(crate) who: Option<Arc<Principal>>,
    /// The status that was answered.
    pub(crate) status: Option<u16>,
    /// Bytes of the request's body.
    pub(crate) received: usize,
    /// Bytes of the answer's body.
    pub(crate) sent: usize,
    /// How many requests were at work when it came, itself included.
    pub(crate) place: usize,
}

impl Ticket {
    /// Counts a request in; `op` is `None` when it leads nowhere.
    pub(crate) fn open(metrics: &Arc<Metrics>, id: RequestId, op: Option<Op>) -> Self {
        let before = metrics.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            metrics: metrics.clone(),
            op,
            began: Instant::now(),
            id,
            who: None,
            status: None,
            received: 0,
            sent: 0,
            place: before + 1,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let status = self.status.unwrap_or(CLIENT_LEFT);
        self.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.metrics.ended(self.op, status, took);
        let (method, route) = self.op.map_or(("-", "unmatched"), Op::shape);
        tracing::info!(
            method,
            route,
            status,
            us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            request = self.id.as_str(),
            key = self.who.as_ref().map_or("-", |who| who.key_id.as_str()),
            received = self.received,
            sent = self.sent,
            "request"
        );
    }
}

//! An answer that has begun: its bytes as deltas, within the waits that the call allows.

use crate::connection::Body;
use crate::endpoint::Endpoint;
use crate::{STREAM_BYTES_MAX, TAIL_MAX, Waits, failure};
use abide_model::call::Delta;
use abide_model::fault::{Fault, FaultKind, Wait};
use abide_wire::provider::Decoder;
use bytes::Bytes;
use hyper::body::Frame;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Pieces of an answer that are taken in one go although more are there: others want the core too.
const FRAMES_MAX: usize = 64;
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Whether an answer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// More may come.
    Yes,
    /// It is whole; what was appended last belongs to it.
    End,
}

/// The answer to one call. Dropping it before its end cancels the call and closes the connection.
#[derive(Debug)]
pub struct Answer {
    request_id: Option<String>,
    body: Body,
    bytes: usize,
    decoder: Decoder,
    clock: Clock,
    endpoint: Arc<Endpoint>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was said yet.
    Silent,
    /// It speaks.
    Speaking,
    /// The protocol says that nothing follows; the body may still have to end.
    Tail,
    /// Nothing is left to read.
    Over,
}

impl Answer {
    pub(crate) fn new(
        request_id: Option<String>,
        body: Body,
        decoder: Decoder,
        streams: bool,
        clock: Clock,
        endpoint: Arc<Endpoint>,
    ) -> Self {
        // The head of a whole answer comes when the model has finished: only its bytes are left to wait for.
        let state = if streams { State::Silent } else { State::Speaking };
        Self { request_id, body, bytes: 0, decoder, clock, endpoint, state }
    }

    /// What the cloud calls this request, for its support.
    #[must_use]
    pub fn upstream_request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Waits for the next bytes that say something and appends it to `out`, with all that has come behind them. May be
    /// cancelled and called again without losing anything.
    ///
    /// # Errors
    /// When the answer breaks off, breaks the protocol, reports a failure, or lets a wait run out. What was appended
    /// to `out` before that stays valid.
    pub async fn next(&mut self, out: &mut Vec<Delta>) -> Result<More, Fault> {
        let before = out.len();
        let read = self.read(out).await;
        if out.len() > before && self.state == State::Silent {
            self.state = State::Speaking;
        }
        read.or_else(|fault| {
            self.state = State::Over;
            if self.had_finished(&fault, out) {
                Ok(More::End)
            } else {
                Err(failure::redact(fault, &self.endpoint.auth))
            }
        })
    }

    /// Whether the model had finished before the body broke off or went silent: then nothing of the answer is
    /// missing, though it may lack the counts that come last.
    fn had_finished(&mut self, fault: &Fault, out: &mut Vec<Delta>) -> bool {
        let broken_off = match fault.kind {
            FaultKind::Cut | FaultKind::Timeout(_) => true,
            FaultKind::Connect
            | FaultKind::RateLimited
            | FaultKind::Server
            | FaultKind::Protocol
            | FaultKind::Auth
            | FaultKind::NoModel
            | FaultKind::BadRequest
            | FaultKind::Filtered
            | FaultKind::Unsupported => false,
        };
        let mut last = Vec::new();
        let whole = broken_off && self.decoder.finish(&mut last).is_ok();
        if whole {
            out.append(&mut last);
        }
        whole
    }

    async fn read(&mut self, out: &mut Vec<Delta>) -> Result<More, Fault> {
        let before = out.len();
        let mut frames = 0;
        loop {
            let wait = match self.state {
                State::Over => return Ok(More::End),
                State::Tail if out.len() == before => return self.tail(out).await,
                State::Silent => Wait::FirstToken,
                State::Speaking | State::Tail => Wait::Between,
            };
            let frame = if out.len() == before {
                self.clock.within(wait, pin!(self.body.frame())).await?
            } else if frames < FRAMES_MAX
                && let Some(frame) = self.body.frame_at_hand().await
            {
                frame
            } else {
                return Ok(More::Yes);
            };
            let Some(frame) = frame else {
                self.state = State::Over;
                self.decoder.finish(out)?;
                return Ok(More::End);
            };
            frames += 1;
            self.hear(frame, out)?;
        }
    }

    fn hear(&mut self, frame: Result<Frame<Bytes>, hyper::Error>, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if self.state == State::Tail {
            // Nothing that follows the protocol's end can change the answer.
            return Ok(());
        }
        let frame = frame.map_err(|error| failure::broken_body(&error))?;
        let Some(bytes) = frame.data_ref() else { return Ok(()) };
        self.bytes += bytes.len();
        if self.bytes > STREAM_BYTES_MAX {
            let message = format!("the answer is longer than {STREAM_BYTES_MAX} bytes");
            return Err(Fault::new(FaultKind::Protocol, message));
        }
        self.clock.heard();
        self.decoder.feed(bytes, out)?;
        if self.decoder.whole() {
            self.state = State::Tail;
        }
        Ok(())
    }

    /// Reads the body to its end, so that the connection can serve again; one that dawdles is closed instead.
    async fn tail(&mut self, out: &mut Vec<Delta>) -> Result<More, Fault> {
        let body = &mut self.body;
        // Nothing that follows the protocol's end can change the answer.
        let _ = timeout(TAIL_MAX, async { while let Some(Ok(_)) = body.frame().await {} }).await;
        self.state = State::Over;
        self.decoder.finish(out)?;
        Ok(More::End)
    }
}

/// The waits of one call against the running clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    waits: Waits,
    first: Duration,
    started: Instant,
    connected: Instant,
    heard: Instant,
}

impl Clock {
    /// What comes first of an answer that does not stream is all of it.
    pub(crate) fn start(waits: Waits, stream: bool) -> Self {
        let now = Instant::now();
        let first = if stream { waits.first_token } else { waits.whole };
        Self { waits, first, started: now, connected: now, heard: now }
    }

    pub(crate) fn connected(&mut self) {
        self.connected = Instant::now();
    }

    pub(crate) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// Waits for `future` as long as `wait`, and the call as a whole, allow. It stays where it is: one that is passed
    /// on by value is copied each time.
    pub(crate) async fn within<F: Future>(
        &self,
        wait: Wait,
        future: Pin<&mut F>,
    ) -> Result<F::Output, Fault> {
        let total = (Wait::Total, self.started, self.waits.total);
        let own = match wait {
            Wait::Connect => (wait, self.started, self.waits.connect),
            Wait::FirstToken => (wait, self.connected, self.first),
            Wait::Between => (wait, self.heard, self.waits.between),
            Wait::Total => total,
        };
        let (until, (wait, _, limit)) = [own, total]
            .into_iter()
            .map(|bound| (end(bound), bound))
            .min_by_key(|(until, _)| *until)
            .unwrap_or((end(total), total));
        timeout_at(until, future).await.map_err(|_| failure::timeout(wait, limit))
    }
}

/// When a wait runs out; one too long for the clock counts as a year.
fn end((_, since, limit): (Wait, Instant, Duration)) -> Instant {
    since.checked_add(limit).unwrap_or(since + YEAR)
}

//! A run as a stream of server-sent events: what is shown, in which frames, and what is said while nothing comes.

use crate::problem::Failure;
use abide_engine::{Calling, Following, Running, Update, Updates};
use abide_model::event::{Change, Event, RunStatus};
use abide_model::run::RunView;
use abide_wire::client::{chat, responses};
use bytes::Bytes;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Bytes gathered into one frame before it is sent although more is ready.
const FRAME_BYTES_MAX: usize = 64 << 10;
/// What is sent while nothing comes: a comment, which every reader skips.
const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// The calls a run made so far, as far as an answer's headers speak of them.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// The last one.
    pub(crate) last: Option<Arc<Calling>>,
}

/// The format the stream is in.
#[derive(Debug)]
pub(crate) enum Feed {
    Responses(Box<responses::Stream>),
    Chat(chat::Stream),
}

impl Feed {
    fn push(&mut self, event: &Event, out: &mut Vec<u8>) {
        match self {
            Feed::Responses(stream) => stream.push(event, out),
            Feed::Chat(stream) => stream.push(event, out),
        }
    }

    fn fail(&mut self, failure: Failure, out: &mut Vec<u8>) {
        let problem = failure.in_stream();
        match self {
            Feed::Responses(stream) => stream.fail(&problem, out),
            Feed::Chat(stream) => stream.fail(&problem, out),
        }
    }
}

/// Waits for the end of a run.
pub(crate) async fn end(mut running: Running) -> Result<(Arc<RunView>, Calls), Failure> {
    let mut calls = Calls::default();
    while let Some(update) = running.updates.recv().await {
        match update {
            Update::Calling(calling) => calls.last = Some(calling),
            Update::Events(_) => {}
            Update::Ended(view) => return Ok((view, calls)),
            Update::Lost(refused) => return Err(refused.into()),
        }
    }
    Err(Failure::interrupted())
}

/// A stream whose reader takes it as the body of an answer.
#[derive(Debug)]
pub(crate) struct Live {
    feed: Feed,
    /// `None` once nothing more comes.
    updates: Option<Updates>,
    out: Vec<u8>,
    silence: Pin<Box<Sleep>>,
    keep_alive_every: Duration,
    /// Whether something was sent since `silence` was last set.
    spoke: bool,
}

impl Live {
    fn new(feed: Feed, updates: Option<Updates>, keep_alive_every: Duration) -> Self {
        Self {
            feed,
            updates,
            out: Vec::new(),
            silence: Box::pin(tokio::time::sleep(keep_alive_every)),
            keep_alive_every,
            spoke: false,
        }
    }

    /// A stream of a run that was just taken on. Comes back once there is something to show, so that a run that
    /// fails before is answered with a status.
    pub(crate) async fn begin(
        running: Running,
        feed: Feed,
        keep_alive_every: Duration,
    ) -> Result<(Self, Calls), Failure> {
        let mut live = Self::new(feed, None, keep_alive_every);
        let mut calls = Calls::default();
        let mut updates = running.updates;
        loop {
            match updates.recv().await {
                Some(Update::Calling(calling)) => calls.last = Some(calling),
                Some(Update::Events(events)) => {
                    let mut shows = false;
                    for event in &events {
                        match shown(&event.change) {
                            Shown::Nothing => {}
                            Shown::Something => shows = true,
                            Shown::Failure(failure) if !shows => return Err(failure),
                            Shown::Failure(_) => {}
                        }
                        live.feed.push(event, &mut live.out);
                    }
                    if shows {
                        live.updates = Some(updates);
                        return Ok((live, calls));
                    }
                }
                Some(Update::Ended(view)) => match Failure::of(&view) {
                    Some(failure) => return Err(failure),
                    None => return Ok((live, calls)),
                },
                Some(Update::Lost(refused)) => return Err(refused.into()),
                None => return Err(Failure::interrupted()),
            }
        }
    }

    /// A stream of a run from its beginning, for a reader that may have seen some of it: the feed leaves that out.
    pub(crate) fn replay(following: Following, feed: Feed, keep_alive_every: Duration) -> Self {
        let mut live = Self::new(feed, following.updates, keep_alive_every);
        for event in &following.past {
            live.feed.push(event, &mut live.out);
        }
        live
    }

    /// The next frame; `None` at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if self.out.len() >= FRAME_BYTES_MAX {
                return Poll::Ready(self.frame());
            }
            let Some(updates) = &mut self.updates else { return Poll::Ready(self.frame()) };
            match updates.poll_recv(cx) {
                Poll::Ready(update) => self.take(update),
                Poll::Pending if !self.out.is_empty() => return Poll::Ready(self.frame()),
                Poll::Pending => match self.silence.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => self.break_silence(),
                },
            }
        }
    }

    fn take(&mut self, update: Option<Update>) {
        self.spoke = true;
        match update {
            Some(Update::Calling(_)) => {}
            Some(Update::Events(events)) => {
                for event in &events {
                    self.feed.push(event, &mut self.out);
                }
            }
            Some(Update::Ended(_)) => self.updates = None,
            Some(Update::Lost(refused)) => self.fail(refused.into()),
            None => self.fail(Failure::interrupted()),
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.feed.fail(failure, &mut self.out);
        self.updates = None;
    }

    fn frame(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| Bytes::from(std::mem::take(&mut self.out)))
    }

    /// The timer is set again only when it fires, so that a busy stream pays nothing for it: silence is broken after
    /// one to two times its interval.
    fn break_silence(&mut self) {
        if !std::mem::replace(&mut self.spoke, false) {
            self.out.extend_from_slice(KEEP_ALIVE);
        }
        self.silence.as_mut().reset(Instant::now() + self.keep_alive_every);
    }
}

/// What a client sees of a change.
enum Shown {
    Nothing,
    Something,
    /// That it failed.
    Failure(Failure),
}

fn shown(change: &Change) -> Shown {
    match change {
        Change::RunStarted | Change::Replaced { .. } => Shown::Nothing,
        Change::RunEnded { status: RunStatus::Failed(error), .. } => Shown::Failure(error.into()),
        Change::ItemStarted { .. }
        | Change::Text { .. }
        | Change::Refusal { .. }
        | Change::Arguments { .. }
        | Change::Reasoning { .. }
        | Change::ItemDone { .. }
        | Change::RunEnded { .. } => Shown::Something,
    }
}

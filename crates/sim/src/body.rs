//! Response bodies: whole, broken off, or played token by token. A body that is dropped before its
//! end means that the client left, and its ticket records that.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

use crate::brain::Answer;
use crate::calls::Ticket;
use crate::fault::Middle;
use crate::voice::{Say, Usage, Voice, steps};

/// The connection is to be closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fault closes the connection")
    }
}

impl std::error::Error for Closed {}

impl From<Infallible> for Closed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The body of a response.
pub(crate) enum Body {
    Whole(Option<Bytes>),
    Broken(Box<Broken>),
    Played(Box<Playback>),
}

impl Body {
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        Self::Whole(Some(Bytes::from(bytes)))
    }

    /// The first half of a body of known length; then silence, or the end of the connection.
    pub(crate) fn broken(bytes: Vec<u8>, hang: bool, mut ticket: Ticket) -> Self {
        let length = bytes.len() as u64;
        let mut half = Bytes::from(bytes);
        half.truncate(half.len() / 2);
        if !hang {
            ticket.close();
        }
        let ending = if hang { Ending::Hang } else { Ending::Flush };
        Self::Broken(Box::new(Broken { half: Some(half), length, ending, _ticket: ticket }))
    }
}

pub(crate) struct Broken {
    half: Option<Bytes>,
    length: u64,
    ending: Ending,
    _ticket: Ticket,
}

/// What remains to be done with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// More is to come.
    Open,
    /// Let what was said reach the socket, then close.
    Flush,
    Close,
    Hang,
    Over,
}

impl Ending {
    fn poll(&mut self, context: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        match self {
            Self::Open | Self::Hang => Poll::Pending,
            Self::Flush => {
                // The connection writes its buffer when a body is not ready.
                *self = Self::Close;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Close => {
                *self = Self::Over;
                Poll::Ready(Some(Err(Closed)))
            }
            Self::Over => Poll::Ready(None),
        }
    }
}

/// An answer on its way to the client, one step a frame.
pub(crate) struct Playback {
    voice: Box<dyn Voice>,
    answer: Answer,
    steps: std::vec::IntoIter<Say>,
    usage: Option<Usage>,
    token_delay: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    rested: bool,
    middle: Option<(u64, Middle)>,
    sent: u64,
    ending: Ending,
    ticket: Ticket,
}

impl Playback {
    pub(crate) fn new(
        voice: Box<dyn Voice>,
        answer: Answer,
        usage: Option<Usage>,
        token_delay: Duration,
        middle: Option<(u64, Middle)>,
        ticket: Ticket,
    ) -> Self {
        let steps = steps(&answer).into_iter();
        Self {
            voice,
            answer,
            steps,
            usage,
            token_delay,
            pause: None,
            rested: false,
            middle,
            sent: 0,
            ending: Ending::Open,
            ticket,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        loop {
            if self.ending != Ending::Open {
                return self.ending.poll(context);
            }
            if let Some(pause) = &mut self.pause {
                if pause.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                self.pause = None;
            }
            let mut out = Vec::with_capacity(256);
            if let Some(step) = self.steps.as_slice().first().copied() {
                self.advance(step, &mut out);
            } else {
                self.ending = Ending::Over;
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(out)))));
            }
        }
    }

    fn advance(&mut self, step: Say, out: &mut Vec<u8>) {
        let is_token = matches!(step, Say::Piece { .. });
        if is_token && !self.rested && !self.token_delay.is_zero() {
            self.rested = true;
            self.pause = Some(Box::pin(tokio::time::sleep(self.token_delay)));
            return;
        }
        if let Some(middle) = self.due(step) {
            self.break_off(&middle, step, out);
            return;
        }
        self.steps.next();
        self.rested = false;
        self.voice.say(&self.answer, step, self.usage, out);
        if is_token {
            self.sent += 1;
            self.ticket.sent(self.sent);
        }
        if step == Say::Last {
            if self.usage.is_some() && self.voice.tells_usage() {
                self.ticket.usage_sent();
            }
            // Recorded before the client can see the end, so that whoever has seen it finds it.
            self.ticket.complete();
        }
    }

    /// The fault that strikes now: before the token after its count, at the latest before the end.
    fn due(&mut self, step: Say) -> Option<Middle> {
        let strikes = match step {
            Say::Piece { .. } => self.middle.as_ref().is_some_and(|(after, _)| self.sent >= *after),
            Say::Stop => true,
            Say::Open | Say::Begin(_) | Say::End(_) | Say::Last => false,
        };
        if strikes { self.middle.take().map(|(_, middle)| middle) } else { None }
    }

    fn break_off(&mut self, middle: &Middle, step: Say, out: &mut Vec<u8>) {
        match middle {
            Middle::Hang => self.ending = Ending::Hang,
            Middle::Cut => {
                self.voice.say(&self.answer, step, self.usage, out);
                out.truncate(out.len() / 2);
                self.ending = Ending::Flush;
                self.ticket.close();
            }
            Middle::Exception(name) => {
                self.voice.exception(name, out);
                self.ending = Ending::Over;
                self.ticket.close();
            }
            Middle::Malformed => self.voice.malformed(out),
            Middle::Corrupt => self.voice.corrupt(out),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Broken(broken) => match broken.half.take() {
                Some(half) => Poll::Ready(Some(Ok(Frame::data(half)))),
                None => broken.ending.poll(context),
            },
            Self::Played(playback) => playback.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Broken(_) | Self::Played(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Broken(broken) => SizeHint::with_exact(broken.length),
            Self::Played(_) => SizeHint::default(),
        }
    }
}

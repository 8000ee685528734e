//! The body of an answer: whole, or as it comes.

use crate::live::Live;
use crate::ticket::Ticket;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is to be sent.
#[derive(Debug)]
pub(crate) enum Content {
    /// All of it.
    Whole(Bytes),
    /// A run as it goes.
    Live(Box<Live>),
}

/// An answer's body. Dropped when it was sent, or when the client is gone.
#[derive(Debug)]
pub(crate) struct Body {
    content: Content,
    ticket: Ticket,
}

impl Body {
    pub(crate) fn new(content: Content, ticket: Ticket) -> Self {
        Self { content, ticket }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => None,
            Content::Whole(bytes) => Some(std::mem::take(bytes)),
            Content::Live(live) => match live.poll_next(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => return Poll::Pending,
            },
        };
        self.ticket.sent += next.as_ref().map_or(0, Bytes::len);
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Live(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Live(_) => SizeHint::default(),
        }
    }
}

//! An answer before it belongs to a request: status, headers, content.

use crate::body::{Body, Content};
use crate::live::Calls;
use crate::problem::Failure;
use crate::route;
use crate::ticket::Ticket;
use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TARGET: HeaderName = HeaderName::from_static("x-abide-target");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-abide-attempts");
const DECISION: HeaderName = HeaderName::from_static("x-abide-decision");
const DROPPED: HeaderName = HeaderName::from_static("x-abide-dropped");
/// Tells a buffering proxy to pass each piece on as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is answered.
#[derive(Debug)]
pub(crate) struct Reply(Response<Content>);

impl Reply {
    fn new(content_type: HeaderValue, content: Content) -> Self {
        let mut response = Response::new(content);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        Self(response)
    }

    /// A document.
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self::new(JSON, Content::Whole(Bytes::from(body)))
    }

    /// A page for people or machines that is no JSON.
    pub(crate) fn text(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(HeaderValue::from_static(content_type), Content::Whole(body.into()))
    }

    /// Server-sent events.
    pub(crate) fn events(live: crate::live::Live) -> Self {
        let mut reply = Self::new(EVENTS, Content::Live(Box::new(live)));
        reply.set(CACHE_CONTROL, NO_STORE);
        reply.set(UNBUFFERED, HeaderValue::from_static("no"));
        reply
    }

    /// Says which call served.
    pub(crate) fn with_calls(mut self, calls: &Calls) -> Self {
        let Some(call) = &calls.last else { return self };
        self.set_text(TARGET, &call.target);
        self.set(ATTEMPTS, HeaderValue::from(call.attempt));
        if let Some(verdict) = call.verdict {
            self.set(DECISION, HeaderValue::from_static(verdict));
        }
        if !call.dropped.is_empty() {
            self.set_text(DROPPED, &call.dropped.join(", "));
        }
        self
    }

    /// The connection ends with this answer.
    pub(crate) fn closing(mut self) -> Self {
        self.set(CONNECTION, HeaderValue::from_static("close"));
        self
    }

    /// The answer to one request.
    pub(crate) fn finish(mut self, mut ticket: Ticket) -> Response<Body> {
        self.set(REQUEST_ID, ticket.id.header());
        ticket.status = Some(self.0.status().as_u16());
        self.0.map(|content| Body::new(content, ticket))
    }

    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.headers_mut().insert(name, value);
    }

    /// Sets a header unless the text holds what no header can.
    fn set_text(&mut self, name: HeaderName, text: &str) {
        if let Ok(value) = HeaderValue::from_str(text) {
            self.set(name, value);
        }
    }
}

impl From<Failure> for Reply {
    fn from(failure: Failure) -> Self {
        let mut reply = Self::json(failure.encode());
        *reply.0.status_mut() = failure.status;
        if failure.status == StatusCode::UNAUTHORIZED {
            reply.set(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"abide\""));
        }
        if let Some(seconds) = failure.retry_after {
            reply.set(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(ops) = failure.allow {
            reply.set_text(ALLOW, &route::allowed(ops));
        }
        reply
    }
}

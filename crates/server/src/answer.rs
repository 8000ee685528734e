//! One request from its head to its answer: route, admission, key, work. Whatever goes wrong becomes an answer here.

use crate::api::{self, Ask};
use crate::body::Body;
use crate::metrics::{self, Metrics};
use crate::options::Options;
use crate::problem::Failure;
use crate::read::{self, Pool};
use crate::reply::Reply;
use crate::route::{self, Api, Miss, Op, Route};
use crate::ticket::{RequestIds, Ticket};
use abide_engine::{Handle, Principal, Refused};
use futures_util::FutureExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What whoever opens the address in a browser reads.
const HOME: &str = "\
Abide

POST   /v1/responses                            answer, remember, stream
GET    /v1/responses/{id}                       read back; ?stream=true&starting_after=N follows
DELETE /v1/responses/{id}
POST   /v1/responses/{id}/cancel
GET    /v1/responses/{id}/input_items
POST   /v1/conversations
GET    /v1/conversations/{id}                   also POST, DELETE
GET    /v1/conversations/{id}/items             also POST
GET    /v1/conversations/{id}/items/{item}      also DELETE
POST   /v1/chat/completions
GET    /v1/models, /v1/models/{model}

GET    /healthz                                 the process lives
GET    /readyz                                  it can serve
GET    /metrics                                 counts for Prometheus

Everything under /v1 needs `Authorization: Bearer KEY`; `abide key create` makes one.
";
const PLAIN: &str = "text/plain; charset=utf-8";

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) handle: Handle,
    pub(crate) options: Options,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) bodies: Pool,
    pub(crate) ids: RequestIds,
    /// Set when the server takes no new connections.
    pub(crate) stopping: AtomicBool,
}

impl Shared {
    pub(crate) fn new(handle: Handle, options: Options) -> Self {
        Self {
            handle,
            bodies: Pool::new(options.bodies_bytes_max),
            options,
            metrics: Arc::default(),
            ids: RequestIds::default(),
            stopping: AtomicBool::new(false),
        }
    }
}

/// Whether the connection a request came on is one more than there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connected {
    Within,
    Beyond,
}

/// Answers one request, whatever it is.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    connected: Connected,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, mut incoming) = request.into_parts();
    let found = route::find(&head.method, head.uri.path());
    let mut ticket = Ticket::open(&shared.metrics, shared.ids.next(), found.ok().map(|route| route.op));
    let id = ticket.id.clone();
    let outcome = guarded(pin!(work(&shared, connected, &head, &mut incoming, found, &mut ticket))).await;
    let slow = outcome.as_ref().is_err_and(|failure| failure.status == StatusCode::REQUEST_TIMEOUT);
    if !slow && !incoming.is_end_stream() {
        read::linger(incoming);
    }
    let reply = outcome.unwrap_or_else(|failure| {
        if let Some(inside) = &failure.inside {
            tracing::error!(request = id.as_str(), code = %failure.code, inside = &**inside, "request failed");
        }
        Reply::from(failure)
    });
    let reply = match connected {
        Connected::Within => reply,
        Connected::Beyond => reply.closing(),
    };
    Ok(reply.finish(ticket))
}

/// A panic is a defect of Abide that one client pays for, with an answer, and nobody else.
async fn guarded<T>(work: Pin<&mut impl Future<Output = Result<T, Failure>>>) -> Result<T, Failure> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(Failure::defect()))
}

async fn work(
    shared: &Shared,
    connected: Connected,
    head: &Parts,
    incoming: &mut Incoming,
    found: Result<Route<'_>, Miss>,
    ticket: &mut Ticket,
) -> Result<Reply, Failure> {
    let route = found.map_err(|miss| match miss {
        Miss::Path => Failure::no_such_path(head.method.as_str(), head.uri.path()),
        Miss::Method(ops) => Failure::wrong_method(ops),
    })?;
    match route.op {
        Op::Home => Ok(Reply::text(PLAIN, HOME)),
        Op::Health => Ok(Reply::text(PLAIN, "ok\n")),
        Op::Ready => ready(shared).await,
        Op::Metrics => Ok(Reply::text(metrics::CONTENT_TYPE, shared.metrics.render(&shared.handle))),
        Op::Api(api) => {
            admit(shared, connected, ticket)?;
            let who = authenticate(&shared.handle, head).await?;
            ticket.who = Some(who.clone());
            known(shared, api, head, incoming, route, &who, ticket).await
        }
    }
}

async fn known(
    shared: &Shared,
    api: Api,
    head: &Parts,
    incoming: &mut Incoming,
    route: Route<'_>,
    who: &Arc<Principal>,
    ticket: &mut Ticket,
) -> Result<Reply, Failure> {
    let received = &mut ticket.received;
    api::serve(api, Ask { shared, who, head, incoming, route, received }).await
}

async fn ready(shared: &Shared) -> Result<Reply, Failure> {
    if shared.stopping.load(Ordering::Relaxed) {
        return Err(Failure::stopping());
    }
    shared.handle.ready().await?;
    Ok(Reply::text(PLAIN, "ready\n"))
}

/// Refuses what is more than the server takes on at once.
fn admit(shared: &Shared, connected: Connected, ticket: &Ticket) -> Result<(), Failure> {
    let options = &shared.options;
    match connected {
        Connected::Beyond => Err(Failure::full("connections", options.connections_max)),
        Connected::Within if ticket.place > options.requests_max => {
            Err(Failure::full("requests", options.requests_max))
        }
        Connected::Within => Ok(()),
    }
}

async fn authenticate(handle: &Handle, head: &Parts) -> Result<Arc<Principal>, Failure> {
    let sent = head.headers.get(AUTHORIZATION).ok_or(Refused::NoKey)?;
    let key = sent.to_str().ok().and_then(bearer).ok_or(Refused::NoKey)?;
    Ok(handle.authenticate(key).await?)
}

/// The credential of the `Bearer` scheme (RFC 6750); the scheme's name may be in any case (RFC 9110).
fn bearer(sent: &str) -> Option<&str> {
    let (scheme, key) = sent.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_answer() {
        let work = async { if true { panic!("a defect") } else { Ok(()) } };
        let failure = guarded(pin!(work)).await.unwrap_err();
        assert_eq!((failure.status, &*failure.code), (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"));
    }

    #[test]
    fn a_key_is_taken_from_the_bearer_scheme_in_any_case_and_from_no_other() {
        assert_eq!(bearer("Bearer sk-1"), Some("sk-1"));
        assert_eq!(bearer("bEARER  sk-1 "), Some("sk-1"));
        for sent in ["sk-1", "Basic sk-1", "Bearer", "Bearer ", ""] {
            assert_eq!(bearer(sent), None, "{sent}");
        }
    }
}

//! Connections to clouds, kept for the next call. Whoever uses one drives it: no task stands behind it that would have
//! to be woken for every piece.

use crate::bell::Bell;
use crate::{IDLE_MAX, IDLE_PER_HOST_MAX};
use bytes::Bytes;
use http::header::CONNECTION;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::net::TcpStream;
use tower_service::Service;

type Io = MaybeHttpsStream<TokioIo<TcpStream>>;
/// What two addresses must share to share connections: scheme and authority.
type Host = Arc<str>;

/// Makes connections and keeps those that are idle.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    connector: HttpsConnector<HttpConnector>,
    idle: Arc<Mutex<HashMap<Host, Vec<Idle>>>>,
}

#[derive(Debug)]
struct Idle {
    line: Box<Line>,
    since: Instant,
}

/// One connection.
struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    /// `None` once it is over: what it still held is given back then, a request that was never sent above all.
    connection: Option<http1::Connection<Io, Full<Bytes>>>,
    bell: Bell,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// No connection was made.
    Connect(Box<dyn Error + Send + Sync>),
    /// It broke before the head of an answer.
    Broke(hyper::Error),
}

/// A connection that was taken for one exchange.
#[derive(Debug)]
pub(crate) struct Taken {
    pool: Pool,
    host: Host,
    /// Boxed, since it is large and changes hands.
    line: Box<Line>,
    /// Whether it served before: the cloud may be closing it just now.
    used: bool,
    /// Whether the cloud ends it with this exchange.
    last: bool,
}

/// The body of an answer, and the connection it comes over. Dropped before its end, it closes the connection.
#[derive(Debug)]
pub(crate) struct Body {
    incoming: Incoming,
    taken: Option<Taken>,
}

impl Pool {
    /// # Errors
    /// When TLS cannot be set up with the protocol versions this build knows.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        // The connector on top decides about TLS.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let provider = rustls::crypto::ring::default_provider();
        // HTTP/1.1 alone: a GOAWAY on a shared connection would take every stream on it along.
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self { connector, idle: Arc::default() })
    }

    /// A connection to `host`: one that is idle, or a new one.
    pub(crate) async fn take(&self, host: Host) -> Result<Taken, NoAnswer> {
        while let Some(mut line) = self.pop(&host) {
            if line.is_open() {
                return Ok(Taken { pool: self.clone(), host, line, used: true, last: false });
            }
        }
        // Boxed: most calls find a connection, and their futures are copied without the room that making one takes.
        Box::pin(self.connect(host)).await
    }

    async fn connect(&self, host: Host) -> Result<Taken, NoAnswer> {
        let address = Uri::from_str(&host).map_err(|error| NoAnswer::Connect(Box::new(error)))?;
        let io = self.connector.clone().call(address).await.map_err(NoAnswer::Connect)?;
        let (sender, connection) = http1::handshake(io).await.map_err(NoAnswer::Broke)?;
        Ok(Taken {
            pool: self.clone(),
            host,
            line: Box::new(Line { sender, connection: Some(connection), bell: Bell::new() }),
            used: false,
            last: false,
        })
    }

    fn pop(&self, host: &Host) -> Option<Box<Line>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.get_mut(host)?;
        let newest = lines.pop().filter(|newest| newest.since.elapsed() < IDLE_MAX);
        if newest.is_none() {
            // All others are older still.
            idle.remove(host);
        }
        newest.map(|newest| newest.line)
    }

    fn put(&self, host: Host, line: Box<Line>) {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.entry(host).or_default();
        // Invariant: oldest first.
        let old = lines.iter().take_while(|one| now.duration_since(one.since) >= IDLE_MAX).count();
        lines.drain(..old.max((lines.len() + 1).saturating_sub(IDLE_PER_HOST_MAX)));
        lines.push(Idle { line, since: now });
    }
}

impl Taken {
    /// Sends a request and waits for the head of its answer. What never reached the wire, because the cloud had
    /// closed a connection that served before, is sent once more on a new one.
    pub(crate) async fn send(
        mut self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<()>, Body), NoAnswer> {
        loop {
            let sent = self.line.sender.try_send_request(request);
            let answer = self.line.driving(sent).await;
            match answer {
                Ok(response) => {
                    let (head, incoming) = response.into_parts();
                    self.last = head.headers.get(CONNECTION).is_some_and(|said| said == "close");
                    return Ok((Response::from_parts(head, ()), Body { incoming, taken: Some(self) }));
                }
                Err(mut failed) => match failed.take_message().filter(|_| self.used) {
                    Some(unsent) => {
                        request = unsent;
                        let pool = self.pool.clone();
                        self = Box::pin(pool.connect(self.host)).await?;
                    }
                    None => return Err(NoAnswer::Broke(failed.into_error())),
                },
            }
        }
    }
}

impl Body {
    /// The next piece; `None` at the end. May be cancelled and called again.
    pub(crate) async fn frame(&mut self) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        let Body { incoming, taken } = self;
        let frame = match taken {
            Some(taken) => taken.line.driving(incoming.frame()).await,
            None => incoming.frame().await,
        };
        if frame.is_none() {
            self.give_back();
        }
        frame
    }

    /// The next piece, or the end, when it is there already; `None` when it would have to be waited for.
    pub(crate) async fn frame_at_hand(&mut self) -> Option<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut frame = std::pin::pin!(self.frame());
        poll_fn(|cx| match frame.as_mut().poll(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Leaves the connection to the next call, which looks whether it is good for one.
    fn give_back(&mut self) {
        if let Some(taken) = self.taken.take().filter(|taken| !taken.last) {
            taken.pool.put(taken.host, taken.line);
        }
    }
}

impl Line {
    /// Whether it can take another request. What the cloud did to it meanwhile is seen only when somebody looks.
    fn is_open(&mut self) -> bool {
        step(&mut self.connection, &mut Context::from_waker(self.bell.waker()));
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Waits for `future` while the connection goes on. When it is over, `future` is told by it. What `future` finds
    /// ready needs no look at the connection.
    async fn driving<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        let Line { connection, bell, sender: _ } = self;
        poll_fn(|cx| {
            bell.poll(cx, |cx| {
                let polled = future.as_mut().poll(cx);
                if polled.is_ready() {
                    return polled;
                }
                step(connection, cx);
                future.as_mut().poll(cx)
            })
        })
        .await
    }
}

/// Goes on with a connection, and lets go of it when it is over.
fn step<C: Future + Unpin>(connection: &mut Option<C>, cx: &mut Context<'_>) {
    if connection.as_mut().is_some_and(|open| Pin::new(open).poll(cx).is_ready()) {
        *connection = None;
    }
}

//! The sending of one request.

use crate::answer::{Answer, Clock};
use crate::connection::{Body, Pool};
use crate::endpoint::{Auth, Endpoint};
use crate::failure;
use crate::{ERROR_BYTES_MAX, Waits};
use abide_model::Time;
use abide_model::fault::{Fault, FaultKind, Wait};
use abide_wire::provider::{self, Decoder, Outgoing};
use abide_wire::sign;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use std::pin::pin;
use std::sync::Arc;
use tracing::debug;

/// The longest request id of a cloud that is kept, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Sends calls. Cloning it shares its connections.
#[derive(Debug, Clone)]
pub struct Client {
    pool: Pool,
}

impl Client {
    /// A client that trusts the public certificate authorities (those of webpki-roots).
    ///
    /// # Errors
    /// When TLS cannot be set up with the protocol versions this build knows.
    pub fn new() -> Result<Self, rustls::Error> {
        Ok(Self { pool: Pool::new()? })
    }

    /// Sends one request and waits for the head of the answer. `stream` says how `outgoing` was encoded; `now` dates
    /// the signature and is what `Retry-After` dates are measured against.
    ///
    /// Dropping the future, or the answer, cancels the call.
    ///
    /// # Errors
    /// When there is no answer, or one whose status is not 200.
    pub async fn call(
        &self,
        endpoint: &Arc<Endpoint>,
        outgoing: Outgoing,
        stream: bool,
        waits: &Waits,
        now: Time,
    ) -> Result<Answer, Fault> {
        let sent = self.attempt(endpoint, outgoing, stream, waits, now).await;
        match sent {
            Ok(answer) => {
                debug!(cloud = %endpoint.name, request_id = answer.upstream_request_id(), "answer began");
                Ok(answer)
            }
            Err(fault) => {
                debug!(cloud = %endpoint.name, kind = fault.kind.as_str(), status = fault.status, "attempt failed");
                Err(failure::redact(fault, &endpoint.auth))
            }
        }
    }

    async fn attempt(
        &self,
        endpoint: &Arc<Endpoint>,
        outgoing: Outgoing,
        stream: bool,
        waits: &Waits,
        now: Time,
    ) -> Result<Answer, Fault> {
        let mut clock = Clock::start(*waits, stream);
        let Outgoing { path, headers, body, dropped: _, reading } = outgoing;
        let request = request(endpoint, &path, &headers, body, now)?;
        let host = endpoint.base.host();
        let taken = clock.within(Wait::Connect, pin!(self.pool.take(host))).await?;
        let taken = taken.map_err(|error| failure::no_answer(&error))?;
        clock.connected();
        let answered = clock.within(Wait::FirstToken, pin!(taken.send(request))).await?;
        let (response, body) = answered.map_err(|error| failure::no_answer(&error))?;
        clock.heard();
        let (head, ()) = response.into_parts();
        if head.status != StatusCode::OK {
            return Err(refusal(endpoint, head.status, &head.headers, body, &clock, now).await);
        }
        // A server that streams nothing answers whole, whatever it was asked for.
        let streams = stream && !is_json(&head.headers);
        let decoder = Decoder::new(endpoint.dialect, streams, reading);
        let id = request_id(&head.headers);
        Ok(Answer::new(id, body, decoder, streams, clock, endpoint.clone()))
    }
}

fn request(
    endpoint: &Endpoint,
    path: &str,
    headers: &[(&'static str, &'static str)],
    body: Vec<u8>,
    now: Time,
) -> Result<Request<Full<Bytes>>, Fault> {
    let mut map = HeaderMap::with_capacity(headers.len() + 5);
    map.insert(HOST, endpoint.base.header());
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    map.insert(USER_AGENT, HeaderValue::from_static(concat!("abide/", env!("CARGO_PKG_VERSION"))));
    authorize(&mut map, endpoint, path, headers, &body, now)?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = Method::POST;
    let target = PathAndQuery::from_maybe_shared(Bytes::from(endpoint.base.origin_form(path)));
    *request.uri_mut() = target.map_err(|_| unsendable("the address is malformed"))?.into();
    *request.headers_mut() = map;
    Ok(request)
}

fn authorize(
    map: &mut HeaderMap,
    endpoint: &Endpoint,
    path: &str,
    headers: &[(&'static str, &'static str)],
    body: &[u8],
    now: Time,
) -> Result<(), Fault> {
    match &endpoint.auth {
        Auth::Nothing => {}
        Auth::Bearer(token) => {
            map.insert(AUTHORIZATION, credential(["Bearer ", token.expose()].concat())?);
        }
        Auth::ApiKey(key) => {
            map.insert(HeaderName::from_static("api-key"), credential(key.expose().to_owned())?);
        }
        Auth::SigV4 { access_key, secret, session_token, region } => {
            let key = sign::Key {
                access_key,
                secret,
                session_token: session_token.as_ref(),
                region,
                service: "bedrock",
            };
            let address = endpoint.base.address(path);
            let request = sign::Request { method: "POST", url: &address, headers, body };
            let signed =
                sign::headers(&request, &key, now).map_err(|error| unsendable(&error.to_string()))?;
            for header in signed {
                map.insert(
                    HeaderName::from_static(header.name),
                    credential(header.value.expose().to_owned())?,
                );
            }
        }
    }
    Ok(())
}

fn credential(text: String) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Fault::new(FaultKind::Auth, "the key holds a character that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable(why: &str) -> Fault {
    Fault::new(FaultKind::Connect, format!("nothing was sent: {why}"))
}

async fn refusal(
    endpoint: &Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    mut body: Body,
    clock: &Clock,
    now: Time,
) -> Fault {
    let mut text = Vec::new();
    while text.len() < ERROR_BYTES_MAX {
        // What there is of it says enough, so a wait that runs out or a cut changes nothing.
        let Ok(Some(Ok(frame))) = clock.within(Wait::Between, pin!(body.frame())).await else { break };
        if let Some(bytes) = frame.data_ref() {
            let room = ERROR_BYTES_MAX - text.len();
            text.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }
    provider::fault(endpoint.dialect, status.as_u16(), headers, &text, now)
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = ["x-request-id", "apim-request-id", "x-amzn-requestid"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok())?;
    (!id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX).then(|| id.to_owned())
}

//! Connections and the one path of a request: read it, open it in the dialect, plan its faults,
//! think, answer. Also the admin door `/_sim/`.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::body::{Body, Closed, Playback};
use crate::brain::{self, Answer, Block, Finish};
use crate::calls::{Calls, Ticket};
use crate::fault::{self, Early, Fault, Faults, Middle, Plan, Target};
use crate::voice::{Chat, Opened, Refusal, Usage};
use crate::{Config, Dialect, azure, bedrock, openai};

const REQUEST_BYTES_MAX: usize = 32 << 20;
const ACCEPT_RETRY: Duration = Duration::from_millis(10);

/// What the connections of one cloud share.
pub(crate) struct State {
    pub(crate) config: Config,
    pub(crate) calls: Arc<Calls>,
    pub(crate) faults: Faults,
    ids: Ids,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("config", &self.config).finish_non_exhaustive()
    }
}

impl State {
    pub(crate) fn new(mut config: Config) -> io::Result<Self> {
        let calls = Arc::new(Calls::new(config.keep_calls, config.log.as_deref())?);
        let faults = Faults::default();
        std::mem::take(&mut config.behaviour.faults).into_iter().for_each(|fault| faults.push(fault));
        Ok(Self { config, calls, faults, ids: Ids::new() })
    }
}

/// Request ids in the shape of a UUID: unlike those of any other start, and counted.
struct Ids {
    start: u64,
    next: AtomicU64,
}

impl Ids {
    fn new() -> Self {
        Self { start: RandomState::new().build_hasher().finish(), next: AtomicU64::new(1) }
    }

    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (high, middle, low) = (self.start >> 32, self.start >> 16 & 0xffff, self.start & 0xfff);
        format!("{high:08x}-{middle:04x}-4{low:03x}-8{:03x}-{:012x}", number >> 48, number & 0xffff_ffff_ffff)
    }
}

/// Accepts connections until told to stop, then closes them all.
pub(crate) async fn accept(listener: TcpListener, state: Arc<State>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&state)));
                }
                // Out of descriptors, or the peer left already: neither ends the cloud.
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    // Without it small frames wait for each other; a socket that refuses is only slower.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| serve(Arc::clone(&state), request));
    // How a connection ends (a client that left, a fault that closed it) is in the calls' records.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn serve(state: Arc<State>, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let (head, incoming) = request.into_parts();
    let body = match Limited::new(incoming, REQUEST_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(too_large()),
        Err(_) => return Err(Closed),
    };
    if let Some(what) = head.uri.path().strip_prefix("/_sim/") {
        return Ok(admin(&state, &head.method, what, &body));
    }
    let id = state.ids.next();
    let path = head.uri.path_and_query().map_or_else(|| head.uri.path(), |path| path.as_str());
    let mut ticket = Ticket::open(&state.calls, id.clone(), &state.config.name, path);
    if state.config.keep_requests {
        ticket.keep_request(&body);
    }
    let opened = match state.config.dialect {
        Dialect::OpenAi => openai::open(&state.config, &head, &body, &id),
        Dialect::Azure => azure::open(&state.config, &head, &body, &id),
        Dialect::Bedrock => bedrock::open(&state.config, &head, &body, &id),
    };
    let mut response = match opened {
        Ok(Opened::Chat(chat)) => answer(&state, &head, *chat, ticket).await?,
        Ok(Opened::Document(document)) => {
            ticket.answering(StatusCode::OK.as_u16());
            ticket.complete();
            json_response(StatusCode::OK, &document)
        }
        Err(refusal) => {
            ticket.answering(refusal.status.as_u16());
            ticket.reject(&refusal.code);
            refused(&refusal)
        }
    };
    decorate(state.config.dialect, &mut response, &id);
    Ok(response)
}

/// Serves a call that the vendor would serve, unless a fault has other plans.
async fn answer(
    state: &State,
    head: &Parts,
    mut chat: Chat,
    mut ticket: Ticket,
) -> Result<Response<Body>, Closed> {
    ticket.asked(&chat.model, chat.stream, chat.input_tokens);
    let plan = match plan(state, head, &mut chat) {
        Ok(plan) => plan,
        Err(error) => {
            ticket.answering(StatusCode::BAD_REQUEST.as_u16());
            ticket.reject("sim_fault");
            return Ok(json_response(
                StatusCode::BAD_REQUEST,
                &json!({ "error": { "message": error.to_string() } }),
            ));
        }
    };
    if let Some(label) = &plan.label {
        ticket.faulted(label);
    }
    if !plan.wait.is_zero() {
        tokio::time::sleep(plan.wait).await;
    }
    let mut answer = match &plan.early {
        None => brain::think(&state.config.name, &chat.ask),
        Some(Early::Drop) => return Err(Closed),
        Some(Early::Hang) => std::future::pending().await,
        Some(Early::Status { code, retry_after }) => {
            return Ok(close_with(&trouble(state.config.dialect, *code, *retry_after), &mut ticket));
        }
        Some(Early::Filter) => match blocked(state.config.dialect) {
            Ok(answer) => answer,
            Err(refusal) => return Ok(close_with(&refusal, &mut ticket)),
        },
    };
    if let Some(after) = plan.filter_after {
        answer.truncate(after, Finish::Filter);
        answer.finish = Finish::Filter;
    }
    let usage = plan.usage.then_some(Usage { input: chat.input_tokens, output: answer.tokens });
    if chat.stream {
        Ok(stream(chat, answer, usage, plan, ticket))
    } else {
        whole(state, &chat, &answer, usage, plan, ticket).await
    }
}

fn plan(state: &State, head: &Parts, chat: &mut Chat) -> Result<Plan, fault::ParseFaultError> {
    let marked = match chat.ask.newest_user_text() {
        Some(text) if fault::is_marked(text) => Some(std::mem::take(text)),
        Some(_) | None => None,
    };
    let (plain, markers) = match &marked {
        Some(text) => fault::markers(text),
        None => (String::new(), Vec::new()),
    };
    if let (Some(_), Some(text)) = (&marked, chat.ask.newest_user_text()) {
        *text = plain;
    }
    let text = chat.ask.newest_user_text().map_or("", |text| text.as_str());
    let target = Target {
        name: &state.config.name,
        dialect: state.config.dialect.word(),
        model: &chat.model,
        text,
        stream: chat.stream,
    };
    let header = head.headers.get("x-sim-fault").and_then(|value| value.to_str().ok());
    Plan::new(&state.config.behaviour, header, &markers, &state.faults, &target)
}

fn stream(
    chat: Chat,
    answer: Answer,
    usage: Option<Usage>,
    plan: Plan,
    mut ticket: Ticket,
) -> Response<Body> {
    ticket.answering(StatusCode::OK.as_u16());
    let stream_type = chat.voice.stream_type();
    let playback = Playback::new(chat.voice, answer, usage, plan.token_delay, plan.middle, ticket);
    let mut response = Response::new(Body::Played(Box::new(playback)));
    response.headers_mut().insert(CONTENT_TYPE, stream_type);
    response
}

async fn whole(
    state: &State,
    chat: &Chat,
    answer: &Answer,
    usage: Option<Usage>,
    plan: Plan,
    mut ticket: Ticket,
) -> Result<Response<Body>, Closed> {
    if !plan.token_delay.is_zero() {
        let tokens = u32::try_from(answer.tokens).unwrap_or(u32::MAX);
        tokio::time::sleep(plan.token_delay.saturating_mul(tokens)).await;
    }
    if let Some((_, Middle::Exception(name))) = &plan.middle {
        return Ok(close_with(&trouble(state.config.dialect, bedrock::status_of(name), None), &mut ticket));
    }
    let mut bytes = chat.voice.whole(answer, usage);
    ticket.answering(StatusCode::OK.as_u16());
    ticket.sent(answer.tokens);
    let body = match plan.middle {
        Some((_, Middle::Hang)) => Body::broken(bytes, true, ticket),
        Some((_, Middle::Cut)) => Body::broken(bytes, false, ticket),
        Some((_, Middle::Malformed | Middle::Corrupt)) => {
            bytes.truncate(bytes.len() / 2);
            ticket.complete();
            Body::whole(bytes)
        }
        Some((_, Middle::Exception(_))) | None => {
            if usage.is_some() {
                ticket.usage_sent();
            }
            ticket.complete();
            Body::whole(bytes)
        }
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

impl Dialect {
    fn word(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Azure => "azure",
            Self::Bedrock => "bedrock",
        }
    }
}

fn trouble(dialect: Dialect, code: u16, retry_after: Option<u64>) -> Refusal {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let refusal = match dialect {
        Dialect::OpenAi => openai::trouble(status, retry_after),
        Dialect::Azure => azure::trouble(status, retry_after),
        Dialect::Bedrock => bedrock::trouble(status),
    };
    match retry_after {
        Some(seconds) => refusal.with_header("retry-after", &seconds.to_string()),
        None => refusal,
    }
}

/// A prompt that the content filter blocks: an error in some dialects, an answer in others.
fn blocked(dialect: Dialect) -> Result<Answer, Refusal> {
    match dialect {
        Dialect::OpenAi => Err(openai::prompt_blocked()),
        Dialect::Azure => Err(azure::prompt_blocked()),
        Dialect::Bedrock => {
            let text = "The request was blocked.".to_owned();
            Ok(Answer::new(vec![Block::Text(text)], Finish::Filter))
        }
    }
}

fn close_with(refusal: &Refusal, ticket: &mut Ticket) -> Response<Body> {
    ticket.answering(refusal.status.as_u16());
    ticket.close();
    refused(refusal)
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let mut response = json_response(refusal.status, &refusal.body);
    for (name, value) in &refusal.headers {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::whole(body.to_string().into_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn too_large() -> Response<Body> {
    let message = format!("the request is larger than {REQUEST_BYTES_MAX} bytes");
    json_response(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": { "message": message } }))
}

/// The headers that the vendor puts on every response.
fn decorate(dialect: Dialect, response: &mut Response<Body>, id: &str) {
    let Ok(id) = HeaderValue::from_str(id) else { return };
    let headers = response.headers_mut();
    match dialect {
        Dialect::OpenAi => {
            headers.insert("openai-version", HeaderValue::from_static("2020-10-01"));
            headers.insert("openai-processing-ms", HeaderValue::from_static("1"));
            headers.insert("x-request-id", id);
        }
        Dialect::Azure => {
            headers.insert("x-ms-region", HeaderValue::from_static("East US"));
            headers.insert("apim-request-id", id.clone());
            headers.insert("x-request-id", id);
        }
        Dialect::Bedrock => {
            headers.insert("x-amzn-requestid", id);
        }
    }
}

/// `/_sim/faults` (GET, POST, DELETE) and `/_sim/calls` (GET, DELETE).
fn admin(state: &State, method: &Method, what: &str, body: &Bytes) -> Response<Body> {
    match (what, method) {
        ("calls", &Method::GET) => json_response(StatusCode::OK, &json!(state.calls.list())),
        ("calls", &Method::DELETE) => {
            state.calls.clear();
            json_response(StatusCode::OK, &json!({ "cleared": true }))
        }
        ("faults", &Method::POST) => match faults_in(body) {
            Ok(faults) => {
                faults.into_iter().for_each(|fault| state.faults.push(fault));
                json_response(StatusCode::OK, &json!({ "waiting": state.faults.waiting() }))
            }
            Err(message) => {
                json_response(StatusCode::BAD_REQUEST, &json!({ "error": { "message": message } }))
            }
        },
        ("faults", &Method::GET) => {
            json_response(StatusCode::OK, &json!({ "waiting": state.faults.waiting() }))
        }
        ("faults", &Method::DELETE) => {
            state.faults.clear();
            json_response(StatusCode::OK, &json!({ "waiting": 0 }))
        }
        _ => json_response(StatusCode::NOT_FOUND, &json!({ "error": { "message": "no such admin path" } })),
    }
}

fn faults_in(body: &Bytes) -> Result<Vec<Fault>, String> {
    let parsed: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let list = match parsed {
        Value::Array(list) => list,
        single => vec![single],
    };
    list.iter().map(|fault| Fault::from_json(fault).map_err(|error| error.to_string())).collect()
}

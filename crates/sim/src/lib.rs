//! Fake clouds that speak vendor wire formats exactly, from the server side.
//!
//! They stand where OpenAI, Azure OpenAI and Amazon Bedrock stand: in tests, in the demo and in
//! benchmarks. They check credentials and reject malformed requests as the vendor does, answer with
//! a deterministic model, and misbehave on request. They share no code with the translation they
//! test, so that one mistake cannot agree with itself.

mod azure;
mod bedrock;
mod body;
mod brain;
mod calls;
mod chat;
mod converse;
mod fault;
mod openai;
mod schema;
mod serve;
mod sigv4;
mod voice;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use calls::{Call, Outcome};
pub use fault::{Fault, Kind, ParseFaultError};
pub use sigv4::AwsKey;

/// The key a fake OpenAI expects unless told otherwise.
pub const OPENAI_KEY: &str = "sk-sim-openai";
/// The key a fake Azure expects unless told otherwise.
pub const AZURE_KEY: &str = "sim-azure-key";
/// The Bedrock API key a fake Bedrock expects, besides signatures, unless told otherwise.
pub const BEDROCK_KEY: &str = "bedrock-api-key-sim";
/// The AWS access key id a fake Bedrock expects unless told otherwise.
pub const AWS_ACCESS_KEY_ID: &str = "AKIASIMSIMSIMSIMSIM0";
/// The AWS secret a fake Bedrock expects unless told otherwise.
pub const AWS_SECRET_ACCESS_KEY: &str = "sim/secret+access+key/of+a+cloud+nobody+owns";
/// The region a fake Bedrock says it is in unless told otherwise.
pub const AWS_REGION: &str = "us-east-1";

/// Whose wire format a fake speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `api.openai.com`: chat completions with a bearer key.
    OpenAi,
    /// Azure OpenAI: the v1 and the dated forms, with `api-key` or a bearer token.
    Azure,
    /// Amazon Bedrock: Converse and ConverseStream, with SigV4 or a Bedrock API key.
    Bedrock,
}

/// What a caller must show. A part that is absent is never accepted.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// Bearer key (OpenAI), `api-key` (Azure), or Bedrock API key.
    pub key: Option<String>,
    /// The key that signs Bedrock calls.
    pub aws: Option<AwsKey>,
}

/// How a fake behaves when no fault is asked for.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Pause before the response head.
    pub wait: Duration,
    /// Pause before every token; a call that does not stream waits for all of them at once.
    pub token_delay: Duration,
    /// Azure only: end every stream with a filter chunk that lacks `delta` and ids.
    pub bare_filter_chunk: bool,
    /// Faults queued from the start, as if pushed.
    pub faults: Vec<Fault>,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name the fake gives itself in answers, and by which a fault can single it out.
    pub name: String,
    /// Whose wire format it speaks.
    pub dialect: Dialect,
    /// What a caller must show.
    pub credentials: Credentials,
    /// Model ids (Azure: deployments) it serves. Empty: any.
    pub models: Vec<String>,
    /// Where it listens. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// A file to which every call is appended as one JSON line.
    pub log: Option<PathBuf>,
    /// How many calls [`Cloud::calls`] remembers, the newest. 0: none.
    pub keep_calls: usize,
    /// Whether a remembered call keeps its request body.
    pub keep_requests: bool,
    /// How it behaves when no fault is asked for.
    pub behaviour: Behaviour,
}

impl Config {
    /// A fake on a free loopback port with the default credentials of its dialect.
    pub fn new(dialect: Dialect) -> Self {
        let (name, key, aws) = match dialect {
            Dialect::OpenAi => ("openai", OPENAI_KEY, None),
            Dialect::Azure => ("azure", AZURE_KEY, None),
            Dialect::Bedrock => ("aws", BEDROCK_KEY, Some(AwsKey::default())),
        };
        Self {
            name: name.to_owned(),
            dialect,
            credentials: Credentials { key: Some(key.to_owned()), aws },
            models: Vec::new(),
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            log: None,
            keep_calls: 1024,
            keep_requests: false,
            behaviour: Behaviour::default(),
        }
    }
}

/// A running fake. Dropping it closes it and every connection to it.
#[derive(Debug)]
pub struct Cloud {
    addr: SocketAddr,
    state: Arc<serve::State>,
    stop: Option<oneshot::Sender<()>>,
    accepting: Option<JoinHandle<()>>,
}

/// Starts a fake on the current tokio runtime.
///
/// # Errors
///
/// When the address cannot be bound or the log cannot be opened for appending.
pub async fn start(config: Config) -> io::Result<Cloud> {
    let listener = TcpListener::bind(config.bind).await?;
    let addr = listener.local_addr()?;
    let state = Arc::new(serve::State::new(config)?);
    let (stop, stopped) = oneshot::channel();
    let accepting = tokio::spawn(serve::accept(listener, Arc::clone(&state), stopped));
    Ok(Cloud { addr, state, stop: Some(stop), accepting: Some(accepting) })
}

impl Cloud {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL a client of the vendor is given: `http://host:port/v1` for OpenAI,
    /// `http://host:port` (the resource endpoint) for Azure and Bedrock.
    pub fn base_url(&self) -> String {
        match self.state.config.dialect {
            Dialect::OpenAi => format!("http://{}/v1", self.addr),
            Dialect::Azure | Dialect::Bedrock => format!("http://{}", self.addr),
        }
    }

    /// The calls it served, oldest first, as far as `keep_calls` reaches.
    pub fn calls(&self) -> Vec<Call> {
        self.state.calls.list()
    }

    /// Forgets the calls it served.
    pub fn clear_calls(&self) {
        self.state.calls.clear();
    }

    /// Queues a fault for the next requests that it fits.
    pub fn push_fault(&self, fault: Fault) {
        self.state.faults.push(fault);
    }

    /// Closes the listener and every connection, then waits until all is closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // A receiver that is gone has stopped already.
            let _ = stop.send(());
        }
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.await;
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

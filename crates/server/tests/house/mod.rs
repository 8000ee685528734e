//! A server on a real engine with two fake clouds, and a client that speaks plain HTTP to it.
#![allow(dead_code, reason = "each test file uses its part of the house")]

use abide_agreement::{Book, Source};
use abide_engine::{
    Agent, Auth, Base, Endpoint, Engine, KeyFile, KeyWish, Limits, Model, Options as EngineOptions, Setup,
    Waits, key,
};
use abide_model::secret::Secret;
use abide_model::target::{Capabilities, Dialect, Target};
use abide_model::{Hash, Time};
use abide_server::Options;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct House {
    pub(crate) azure: abide_sim::Cloud,
    pub(crate) aws: abide_sim::Cloud,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    engine: Engine,
    serving: JoinHandle<std::io::Result<()>>,
    stop: Option<oneshot::Sender<()>>,
    _folder: TempDir,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and the error's code and type.
    pub(crate) fn error(&self) -> String {
        let body = self.json();
        let error = &body["error"];
        assert!(error["message"].is_string() && error.get("param").is_some(), "{body}");
        format!("{} {} {}", self.status, error["type"].as_str().unwrap(), error["code"].as_str().unwrap())
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// Under an agreement that keeps the API to Azure.
    pub(crate) async fn governed() -> Self {
        Self::build(Options::default(), Some(Arc::new(book()))).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        Self::build(options, None).await
    }

    async fn build(options: Options, book: Option<Arc<Book>>) -> Self {
        let azure = abide_sim::start(abide_sim::Config::new(abide_sim::Dialect::Azure)).await.unwrap();
        let aws = abide_sim::start(abide_sim::Config::new(abide_sim::Dialect::Bedrock)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key = make_key(&folder);
        let setup = Setup { book, ..setup(&azure, &aws) };
        let engine = Engine::open(EngineOptions { folder: folder.path().to_owned(), setup }).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(abide_server::serve(listener, engine.handle(), options, shutdown));
        Self { azure, aws, address, key, engine, serving, stop: Some(stop), _folder: folder }
    }

    /// Asks the server to stop, without waiting for it.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Stops the server, waits for it, and closes the engine.
    pub(crate) async fn end(mut self) {
        drop(self.stop.take());
        self.serving.await.unwrap().unwrap();
        self.engine.close(Duration::from_secs(5)).await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, body.to_string()).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        let key = format!("Bearer {}", self.key);
        self.ask_with(method, path, &[("authorization", &key)], body).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        whole(self.send(method, path, headers, body).await).await
    }

    /// Sends a request and comes back with the head of the answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "abide");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        sender.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap()
    }

    /// Begins a stream.
    pub(crate) async fn stream(&self, path: &str, body: Value) -> Response<Incoming> {
        let key = format!("Bearer {}", self.key);
        self.send("POST", path, &[("authorization", &key)], body.to_string()).await
    }

    /// Writes bytes on a connection of their own and reads until the server closes it.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A server that closes early may reset the connection; what it said before counts.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

pub(crate) async fn whole(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}

/// The next piece of a stream; empty at its end.
pub(crate) async fn piece(response: &mut Response<Incoming>) -> String {
    match response.frame().await {
        Some(frame) => String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap(),
        None => String::new(),
    }
}

/// The documents of a stream's events.
pub(crate) fn documents(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter(|line| *line != "[DONE]").map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn make_key(folder: &TempDir) -> String {
    let wish = KeyWish {
        name: "test".to_owned(),
        customer: "acme".parse().unwrap(),
        segment: None,
        territory: None,
        expires: None,
    };
    let mut file = KeyFile::open(folder.path()).unwrap();
    key::create(&mut file, &wish, Time::now()).unwrap().secret.expose().to_owned()
}

fn setup(azure: &abide_sim::Cloud, aws: &abide_sim::Cloud) -> Setup {
    let sigv4 = Auth::SigV4 {
        access_key: abide_sim::AWS_ACCESS_KEY_ID.to_owned(),
        secret: Secret::new(abide_sim::AWS_SECRET_ACCESS_KEY),
        session_token: None,
        region: abide_sim::AWS_REGION.to_owned(),
    };
    let clouds = [
        endpoint("azure", &azure.base_url(), Dialect::Azure, Auth::ApiKey(Secret::new(abide_sim::AZURE_KEY))),
        endpoint("aws", &aws.base_url(), Dialect::Bedrock, sigv4),
    ];
    let targets = vec![target("azure", Dialect::Azure), target("aws", Dialect::Bedrock)];
    let aws_only = vec![target("aws", Dialect::Bedrock)];
    let text_only = Target {
        can: Capabilities { tools: false, json_schema: false, images: false },
        ..(*target("azure", Dialect::Azure)).clone()
    };
    let agent = Agent {
        model: "demo".parse().unwrap(),
        description: "answers".to_owned(),
        instructions: Arc::from("Be brief."),
        version: Hash::of(b"agent"),
    };
    Setup {
        clouds: clouds.into_iter().map(|one| (one.name.clone(), Arc::new(one))).collect(),
        models: [
            ("demo".parse().unwrap(), Model { targets, created: Time::UNIX_EPOCH }),
            ("aws-only".parse().unwrap(), Model { targets: aws_only, created: Time::UNIX_EPOCH }),
            (
                "text-only".parse().unwrap(),
                Model { targets: vec![Arc::new(text_only)], created: Time::UNIX_EPOCH },
            ),
        ]
        .into(),
        agents: [("agent/brief".parse().unwrap(), agent)].into(),
        book: None,
        waits: Waits::default(),
        limits: Limits::default(),
        sync: Default::default(),
        version: Hash::of(b"test"),
    }
}

fn endpoint(name: &str, url: &str, dialect: Dialect, auth: Auth) -> Endpoint {
    Endpoint { name: name.parse().unwrap(), base: Base::parse(url, dialect).unwrap(), dialect, auth }
}

fn target(cloud: &str, dialect: Dialect) -> Arc<Target> {
    Arc::new(Target {
        cloud: cloud.parse().unwrap(),
        model: Arc::from("gpt-demo"),
        dialect,
        channel: cloud.parse().unwrap(),
        product: "openai/api/responses".parse().unwrap(),
        can: Capabilities { tools: true, json_schema: true, images: true },
    })
}

const BOOK: &str = r#"
book = "house"
self = "openai"
zone = "UTC"

[[party]]
id = "openai"
name = "OpenAI"

[[party]]
id = "microsoft"
name = "Microsoft"

[[party]]
id = "amazon"
name = "Amazon"

[[channel]]
id = "azure"
operator = "microsoft"

[[channel]]
id = "aws"
operator = "amazon"

[[product]]
id = "openai/api/responses"
owner = "openai"
classes = ["api"]
"#;

const DEAL: &str = r#"
instrument = "deal"
parties = ["openai", "microsoft"]
signed = 2020-01-01

[source.deal]
class = "official"
url = "the deal"

[[exclusive]]
id = "deal.api-exclusive"
from = "openai"
to = "microsoft"
actions = ["serve"]
classes = ["api"]
except = [{ channels = ["azure"] }]
cite = { source = "deal" }
"#;

fn book() -> Book {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    abide_agreement::load(&[file("book.toml", BOOK), file("deal.toml", DEAL)]).unwrap()
}

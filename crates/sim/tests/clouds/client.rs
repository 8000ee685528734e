//! A small HTTP/1.1 client that sees what others hide: whether an answer was cut off, and every frame.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::SystemTime;

use abide_sim::{AwsKey, Cloud, Config, Dialect};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_eventstream::frame::read_message_from;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Anthropic's id has a colon, which must be encoded in a path.
pub(crate) const MODEL: &str = "anthropic.claude-sonnet-4-20250514-v1:0";

pub(crate) async fn start(dialect: Dialect) -> Cloud {
    abide_sim::start(Config::new(dialect)).await.unwrap()
}

/// An answer, and whether all of it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) is_whole: bool,
}

impl Reply {
    /// Reads what a server sent until it closed; no head, no reply.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: BTreeMap<String, String> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let raw = &bytes[end + 4..];
        let (body, is_whole) = match headers.get("content-length") {
            Some(length) => (raw.to_vec(), raw.len() == length.parse::<usize>().unwrap()),
            None => dechunk(raw),
        };
        Some(Self { status, headers, body, is_whole })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The data of every whole server-sent event.
    pub(crate) fn events(&self) -> Vec<String> {
        let text = std::str::from_utf8(&self.body).unwrap();
        let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        whole.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).map(str::to_owned).collect()
    }

    /// Every whole event stream frame as its type and payload, and the bytes left over.
    pub(crate) fn frames(&self) -> (Vec<(String, Value)>, usize) {
        let mut rest = self.body.as_slice();
        let mut frames = Vec::new();
        while rest.len() >= 4 {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
            if length > rest.len() {
                break;
            }
            let Ok(message) = read_message_from(&rest[..length]) else { break };
            let kind = message
                .headers()
                .iter()
                .find(|header| [":event-type", ":exception-type"].contains(&header.name().as_str()))
                .map(|header| header.value().as_string().unwrap().as_str().to_owned());
            let payload = serde_json::from_slice(message.payload()).unwrap_or(Value::Null);
            frames.push((kind.unwrap(), payload));
            rest = &rest[length..];
        }
        (frames, rest.len())
    }
}

fn dechunk(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = raw.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        let start = end + 2;
        let stop = (start + size).min(raw.len());
        body.extend_from_slice(&raw[start..stop]);
        raw = raw.get(stop + 2..).unwrap_or_default();
    }
    (body, false)
}

/// Opens a connection and sends one request that asks to close it afterwards.
pub(crate) async fn send(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name == "host") {
        head.push_str(&format!("host: {addr}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

pub(crate) async fn receive(mut stream: TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    // A reset loses nothing that was read before.
    let _ = stream.read_to_end(&mut bytes).await;
    Reply::parse(&bytes)
}

fn owned(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) async fn request(
    cloud: &Cloud,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Reply> {
    receive(send(cloud.addr(), method, path, &owned(headers), body).await).await
}

/// Posts JSON with a bearer key.
pub(crate) async fn post(cloud: &Cloud, path: &str, key: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    request(cloud, "POST", path, &headers, body.to_string().as_bytes()).await.unwrap()
}

/// Posts chat messages to a fake OpenAI.
pub(crate) async fn chat(cloud: &Cloud, body: Value) -> Reply {
    let mut body = body;
    if body.get("model").is_none() {
        body["model"] = json!("gpt-test");
    }
    post(cloud, "/v1/chat/completions", abide_sim::OPENAI_KEY, &body).await
}

pub(crate) fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

pub(crate) fn converse_path(operation: &str) -> String {
    format!("/model/{}/{operation}", MODEL.replace(':', "%3A"))
}

/// Posts to Bedrock, signed by the vendor's own signer.
pub(crate) async fn signed(cloud: &Cloud, key: &AwsKey, path: &str, body: &Value, at: SystemTime) -> Reply {
    let body = body.to_string();
    let headers = sign_headers(cloud, key, path, &body, at);
    receive(send(cloud.addr(), "POST", path, &headers, body.as_bytes()).await).await.unwrap()
}

pub(crate) fn sign_headers(
    cloud: &Cloud,
    key: &AwsKey,
    path: &str,
    body: &str,
    at: SystemTime,
) -> Vec<(String, String)> {
    let token = key.session_token.clone();
    let identity = Credentials::new(&key.access_key_id, &key.secret_access_key, token, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&key.region)
        .name(&key.service)
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let host = cloud.addr().to_string();
    let headers = [("host", host.as_str()), ("content-type", "application/json")];
    let uri = format!("http://{host}{path}");
    let body = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new("POST", &uri, headers.into_iter(), body).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    let mut all = owned(&headers);
    all.extend(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}

/// Posts to Bedrock with its API key.
pub(crate) async fn converse(cloud: &Cloud, operation: &str, body: Value) -> Reply {
    post(cloud, &converse_path(operation), abide_sim::BEDROCK_KEY, &body).await
}

pub(crate) fn says(role: &str, text: &str) -> Value {
    json!({ "role": role, "content": [{ "text": text }] })
}

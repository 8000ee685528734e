//! Amazon Bedrock's Converse and ConverseStream, from the server side: paths, signatures and API
//! keys, and how an answer is said whole and in event stream frames.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue as FrameValue, Message};
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Config;
use crate::brain::{Answer, Block, Finish};
use crate::converse;
use crate::sigv4::{self, Signed};
use crate::voice::{Chat, Opened, Refusal, Say, Usage, Voice};

/// The service fills `p` with a part of this, so that lengths tell little of the text.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Opens a request, or refuses it as Bedrock does.
pub(crate) fn open(config: &Config, head: &Parts, body: &Bytes, id: &str) -> Result<Opened, Refusal> {
    authorise(config, head, body)?;
    let Some((model, stream)) = route(head.uri.path()) else {
        return Err(unknown_operation(StatusCode::NOT_FOUND));
    };
    if head.method != Method::POST {
        return Err(unknown_operation(StatusCode::METHOD_NOT_ALLOWED));
    }
    if !config.models.is_empty() && !config.models.contains(&model) {
        return Err(validation("The provided model identifier is invalid."));
    }
    let parsed = converse::parse(body)?;
    let voice = ConverseVoice { id: id.to_owned(), started: Instant::now(), said: 0 };
    Ok(Opened::Chat(Box::new(Chat {
        ask: parsed.ask,
        model,
        stream,
        input_tokens: parsed.input_tokens,
        voice: Box::new(voice),
    })))
}

/// `/model/{encoded id}/converse` or `…/converse-stream`: the model and whether to stream.
fn route(path: &str) -> Option<(String, bool)> {
    let rest = path.strip_prefix("/model/")?;
    let (model, operation) = rest.rsplit_once('/')?;
    let stream = match operation {
        "converse" => false,
        "converse-stream" => true,
        _ => return None,
    };
    // An id that is not encoded has slashes when it is an ARN: that is another path.
    if model.is_empty() || model.contains('/') {
        return None;
    }
    String::from_utf8(sigv4::decode(model)).ok().map(|model| (model, stream))
}

/// The answer to a fault's status.
pub(crate) fn trouble(status: StatusCode) -> Refusal {
    let (kind, message) = match status.as_u16() {
        400 => ("ValidationException", "The request is not valid."),
        403 => ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
        404 => ("ResourceNotFoundException", "The specified resource was not found."),
        408 => ("ModelTimeoutException", "The model took too long to answer. Try again."),
        424 => ("ModelErrorException", "The model failed to process the request. Try again."),
        429 => ("ThrottlingException", "Too many requests, please wait before trying again."),
        503 => ("ServiceUnavailableException", "Bedrock is unable to process your request."),
        _ => {
            let message =
                "The system encountered an unexpected error during processing. Try your request again.";
            ("InternalServerException", message)
        }
    };
    refusal(status, kind, message, "com.amazon.bedrock")
}

/// The status under which an exception comes when it comes before the stream.
pub(crate) fn status_of(exception: &str) -> u16 {
    match exception {
        "throttlingException" => 429,
        "validationException" => 400,
        "modelStreamErrorException" => 424,
        "modelTimeoutException" => 408,
        "serviceUnavailableException" => 503,
        _ => 500,
    }
}

/// A request that breaks a rule of the operation.
pub(crate) fn validation(message: &str) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, "ValidationException", message, "com.amazon.bedrock")
}

/// A request that does not even have the operation's shape.
pub(crate) fn serialization(message: &str) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, "SerializationException", message, "com.amazon.coral.service")
}

fn refusal(status: StatusCode, kind: &str, message: &str, namespace: &str) -> Refusal {
    let header = format!("{kind}:http://internal.amazon.com/coral/{namespace}/");
    Refusal::new(status, kind, json!({ "message": message })).with_header("x-amzn-errortype", &header)
}

fn unknown_operation(status: StatusCode) -> Refusal {
    let kind = "UnknownOperationException";
    Refusal::new(status, kind, json!({ "message": null })).with_header("x-amzn-errortype", kind)
}

fn authorise(config: &Config, head: &Parts, body: &Bytes) -> Result<(), Refusal> {
    let header = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(sent) = header.and_then(|value| value.strip_prefix("Bearer ")) {
        if config.credentials.key.as_deref() == Some(sent) {
            return Ok(());
        }
        // This one error has a capital M.
        let body = json!({ "Message": "Authentication failed: Please make sure your API Key is valid." });
        let kind = "AccessDeniedException";
        return Err(Refusal::new(StatusCode::FORBIDDEN, kind, body).with_header("x-amzn-errortype", kind));
    }
    let forbidden =
        |kind: &str, message: &str| refusal(StatusCode::FORBIDDEN, kind, message, "com.amazon.coral.service");
    let Some(key) = &config.credentials.aws else {
        let message = "The security token included in the request is invalid.";
        return Err(forbidden("UnrecognizedClientException", message));
    };
    let signed = Signed {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    sigv4::verify(&signed, key, now).map_err(|problem| forbidden(problem.kind, &problem.message))
}

struct ConverseVoice {
    id: String,
    started: Instant,
    said: usize,
}

impl ConverseVoice {
    fn tool_use_id(&self, block: usize) -> String {
        let unique: String = self.id.chars().filter(char::is_ascii_alphanumeric).rev().take(20).collect();
        format!("tooluse_{unique}{block:02}")
    }

    fn latency_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn event(&mut self, kind: &'static str, mut payload: Value, out: &mut Vec<u8>) {
        self.said += 1;
        let length = 1 + (self.said * 7) % PADDING.len();
        if let (Value::Object(fields), Some(padding)) = (&mut payload, PADDING.get(..length)) {
            fields.insert("p".to_owned(), Value::String(padding.to_owned()));
        }
        let headers =
            [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
        frame(&headers, payload.to_string().into_bytes(), out);
    }

    fn begin(&mut self, answer: &Answer, block: usize, out: &mut Vec<u8>) {
        match answer.blocks.get(block) {
            Some(Block::Call { name, .. }) => {
                let start = json!({ "toolUse": { "toolUseId": self.tool_use_id(block), "name": name } });
                self.event("contentBlockStart", json!({ "contentBlockIndex": block, "start": start }), out);
            }
            // The service starts no text block.
            Some(Block::Text(_)) | None => {}
        }
    }

    fn piece(&mut self, answer: &Answer, block: usize, from: usize, to: usize, out: &mut Vec<u8>) {
        let delta = match answer.blocks.get(block) {
            Some(Block::Text(text)) => json!({ "text": text.get(from..to) }),
            Some(Block::Call { arguments, .. }) => json!({ "toolUse": { "input": arguments.get(from..to) } }),
            None => return,
        };
        self.event("contentBlockDelta", json!({ "contentBlockIndex": block, "delta": delta }), out);
    }
}

fn frame(headers: &[(&'static str, &str)], payload: Vec<u8>, out: &mut Vec<u8>) {
    let headers = headers
        .iter()
        .map(|(name, value)| Header::new(*name, FrameValue::String((*value).to_owned().into())))
        .collect();
    // A frame is refused only when it is larger than 16 MiB; one token never is.
    let _ = write_message_to(&Message::new_from_parts(headers, payload), out);
}

fn usage_object(usage: Usage) -> Value {
    json!({
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
    })
}

fn stop_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::StopSequence(_) => "stop_sequence",
        Finish::Calls => "tool_use",
        Finish::Length => "max_tokens",
        Finish::Filter => "content_filtered",
    }
}

impl Voice for ConverseVoice {
    fn stream_type(&self) -> HeaderValue {
        HeaderValue::from_static("application/vnd.amazon.eventstream")
    }

    fn tells_usage(&self) -> bool {
        true
    }

    fn whole(&self, answer: &Answer, usage: Option<Usage>) -> Vec<u8> {
        let content: Vec<Value> = answer
            .blocks
            .iter()
            .enumerate()
            .map(|(place, block)| match block {
                Block::Text(text) => json!({ "text": text }),
                Block::Call { name, arguments } => {
                    // Arguments cut off by a token limit are no object any more.
                    let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                    json!({ "toolUse": { "toolUseId": self.tool_use_id(place), "name": name, "input": input } })
                }
            })
            .collect();
        let mut whole = json!({
            "metrics": { "latencyMs": self.latency_ms() },
            "output": { "message": { "content": content, "role": "assistant" } },
            "stopReason": stop_reason(&answer.finish),
        });
        if let (Value::Object(fields), Some(usage)) = (&mut whole, usage) {
            fields.insert("usage".to_owned(), usage_object(usage));
        }
        whole.to_string().into_bytes()
    }

    fn say(&mut self, answer: &Answer, step: Say, usage: Option<Usage>, out: &mut Vec<u8>) {
        match step {
            Say::Open => self.event("messageStart", json!({ "role": "assistant" }), out),
            Say::Begin(block) => self.begin(answer, block, out),
            Say::Piece { block, from, to } => self.piece(answer, block, from, to, out),
            Say::End(block) => self.event("contentBlockStop", json!({ "contentBlockIndex": block }), out),
            Say::Stop => {
                self.event("messageStop", json!({ "stopReason": stop_reason(&answer.finish) }), out);
            }
            Say::Last => {
                if let Some(usage) = usage {
                    let metrics = json!({ "latencyMs": self.latency_ms() });
                    self.event("metadata", json!({ "metrics": metrics, "usage": usage_object(usage) }), out);
                }
            }
        }
    }

    fn exception(&self, name: &str, out: &mut Vec<u8>) {
        let status = StatusCode::from_u16(status_of(name)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = [
            (":exception-type", name),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ];
        frame(&headers, trouble(status).body.to_string().into_bytes(), out);
    }

    fn malformed(&self, out: &mut Vec<u8>) {
        let headers = [
            (":event-type", "contentBlockDelta"),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ];
        frame(&headers, b"{\"contentBlockIndex\":0,\"delta\":{\"te".to_vec(), out);
    }

    fn corrupt(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let headers = [
            (":event-type", "contentBlockDelta"),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ];
        frame(&headers, b"{\"contentBlockIndex\":0,\"delta\":{\"text\":\"x\"}}".to_vec(), out);
        // The last four bytes are the checksum.
        if let Some(last) = out.get_mut(start..).and_then(<[u8]>::last_mut) {
            *last ^= 0xff;
        }
    }
}

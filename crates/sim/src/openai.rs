//! OpenAI's Chat Completions and Models, from the server side: paths, bearer keys, and how an answer
//! is said whole and in server-sent events. Azure says its answers with the same voice.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Config;
use crate::brain::{Answer, Block, Finish};
use crate::chat::{self, Parsed, error};
use crate::voice::{Chat, Opened, Refusal, Say, Usage, Voice};

const FINGERPRINT: &str = "fp_51ab1de0";
const PADDING: &str = "m3Kx81LtQvZs0aYw";
/// A model has existed since this second.
const MODEL_CREATED: u64 = 1_735_689_600;

/// Opens a request, or refuses it as OpenAI does.
pub(crate) fn open(config: &Config, head: &Parts, body: &Bytes, id: &str) -> Result<Opened, Refusal> {
    authorise(config, head)?;
    let path = head.uri.path();
    match (&head.method, path) {
        (&Method::POST, "/v1/chat/completions") => {
            let parsed = chat::parse(body)?;
            let model = parsed.model.clone().unwrap_or_default();
            if model.is_empty() {
                return Err(error(StatusCode::BAD_REQUEST, "you must provide a model parameter", None, None));
            }
            check_model(config, &model)?;
            Ok(Opened::Chat(Box::new(chat(parsed, model, id, Flavour::OpenAi))))
        }
        (&Method::GET, "/v1/models") => Ok(Opened::Document(models(config))),
        (&Method::GET, _) if path.starts_with("/v1/models/") => {
            let model = path.trim_start_matches("/v1/models/");
            check_model(config, model)?;
            Ok(Opened::Document(model_object(model)))
        }
        (method, "/v1/chat/completions" | "/v1/models") => {
            let message = format!(
                "Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
            );
            Err(error(StatusCode::METHOD_NOT_ALLOWED, &message, None, Some("method_not_supported")))
        }
        (method, _) => {
            Err(error(StatusCode::NOT_FOUND, &format!("Invalid URL ({method} {path})"), None, None))
        }
    }
}

/// The answer to a fault's status.
pub(crate) fn trouble(status: StatusCode, retry_after: Option<u64>) -> Refusal {
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = retry_after.unwrap_or(1);
            let message = format!(
                "Rate limit reached for requests in organization org-sim on requests per min (RPM): Limit 3, \
                 Used 3, Requested 1. Please try again in {seconds}s. Visit \
                 https://platform.openai.com/account/rate-limits to learn more."
            );
            let body = json!({ "error": {
                "message": message, "type": "requests", "param": null, "code": "rate_limit_exceeded",
            } });
            Refusal::new(status, "rate_limit_exceeded", body)
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            error(status, "The engine is currently overloaded, please try again later", None, None)
        }
        status if status.is_server_error() => {
            let message = "The server had an error while processing your request. Sorry about that!";
            error(status, message, None, None)
        }
        status => error(status, "The request was refused.", None, None),
    }
}

/// A prompt that the safety system blocks.
pub(crate) fn prompt_blocked() -> Refusal {
    let message = "Your request was rejected as a result of our safety system.";
    error(StatusCode::BAD_REQUEST, message, None, Some("content_policy_violation"))
}

fn authorise(config: &Config, head: &Parts) -> Result<(), Refusal> {
    let sent = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(sent) = sent.and_then(|value| value.strip_prefix("Bearer ")) else {
        let message = "You didn't provide an API key. You need to provide your API key in an Authorization \
                       header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field \
                       (with blank username) if you're accessing the API from your browser and are prompted for \
                       a username and password. You can obtain an API key from \
                       https://platform.openai.com/account/api-keys.";
        return Err(error(StatusCode::UNAUTHORIZED, message, None, None));
    };
    if config.credentials.key.as_deref() == Some(sent) {
        return Ok(());
    }
    let message = format!(
        "Incorrect API key provided: {}. You can find your API key at \
         https://platform.openai.com/account/api-keys.",
        masked(sent)
    );
    Err(error(StatusCode::UNAUTHORIZED, &message, None, Some("invalid_api_key")))
}

/// A key as OpenAI quotes it: the ends only.
fn masked(key: &str) -> String {
    match (key.get(..8), key.get(key.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) if key.len() > 12 => {
            format!("{start}{}{end}", "*".repeat(key.len() - 12))
        }
        _ => "*".repeat(key.len()),
    }
}

fn check_model(config: &Config, model: &str) -> Result<(), Refusal> {
    if config.models.is_empty() || config.models.iter().any(|known| known == model) {
        return Ok(());
    }
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Err(error(StatusCode::NOT_FOUND, &message, None, Some("model_not_found")))
}

/// The list of models.
pub(crate) fn models(config: &Config) -> Value {
    let models: Vec<Value> = config.models.iter().map(|model| model_object(model)).collect();
    json!({ "object": "list", "data": models })
}

fn model_object(model: &str) -> Value {
    json!({ "id": model, "object": "model", "created": MODEL_CREATED, "owned_by": "system" })
}

/// Whose variant of the format is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    OpenAi,
    /// With content filter results.
    Azure {
        /// End with a filter chunk that has neither `delta` nor ids.
        bare_filter_chunk: bool,
    },
}

/// Joins a parsed request with the voice that answers it.
pub(crate) fn chat(parsed: Parsed, model: String, id: &str, flavour: Flavour) -> Chat {
    let voice = ChatVoice {
        id: format!("chatcmpl-{id}"),
        created: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        model: model.clone(),
        include_usage: parsed.include_usage,
        obfuscate: parsed.obfuscate && flavour == Flavour::OpenAi,
        flavour,
    };
    Chat {
        ask: parsed.ask,
        model,
        stream: parsed.stream,
        input_tokens: parsed.input_tokens,
        voice: Box::new(voice),
    }
}

struct ChatVoice {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
    obfuscate: bool,
    flavour: Flavour,
}

#[derive(Serialize)]
struct Completion<'a, C> {
    id: &'a str,
    object: &'a str,
    created: u64,
    model: &'a str,
    choices: &'a [C],
    /// Absent, null, or the usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<UsageObject>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    system_fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    obfuscation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_filter_results: Option<Value>,
}

#[derive(Serialize)]
struct WholeChoice<'a> {
    index: u8,
    message: WholeMessage<'a>,
    logprobs: Option<()>,
    finish_reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter_results: Option<Value>,
}

#[derive(Serialize)]
struct WholeMessage<'a> {
    role: &'a str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallObject<'a>>,
    refusal: Option<&'a str>,
    annotations: [(); 0],
}

#[derive(Serialize)]
struct CallObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    function: FunctionObject<'a>,
}

#[derive(Serialize)]
struct FunctionObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u8,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_filter_results: Option<Value>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Option<&'a str>>,
}

#[derive(Serialize)]
struct UsageObject {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<Usage> for UsageObject {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.input + usage.output,
            prompt_tokens_details: PromptDetails { cached_tokens: 0, audio_tokens: 0 },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: 0,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) => "stop",
        Finish::Calls => "tool_calls",
        Finish::Length => "length",
        Finish::Filter => "content_filter",
    }
}

fn filter_results(filtered: bool) -> Value {
    let safe = json!({ "filtered": false, "severity": "safe" });
    let violence = if filtered { json!({ "filtered": true, "severity": "medium" }) } else { safe.clone() };
    json!({ "hate": safe, "self_harm": safe, "sexual": safe, "violence": violence })
}

fn prompt_filter_results() -> Value {
    json!([{ "prompt_index": 0, "content_filter_results": filter_results(false) }])
}

impl ChatVoice {
    fn is_azure(&self) -> bool {
        match self.flavour {
            Flavour::OpenAi => false,
            Flavour::Azure { .. } => true,
        }
    }

    fn completion<'a, C>(&'a self, object: &'a str, choices: &'a [C]) -> Completion<'a, C> {
        Completion {
            id: &self.id,
            object,
            created: self.created,
            model: &self.model,
            choices,
            usage: None,
            service_tier: (!self.is_azure()).then_some("default"),
            system_fingerprint: FINGERPRINT,
            obfuscation: None,
            prompt_filter_results: None,
        }
    }

    /// Tool calls are counted by themselves and named after the response.
    fn call<'a>(
        &self,
        answer: &'a Answer,
        block: usize,
        arguments: &'a str,
        is_first: bool,
    ) -> Option<CallObject<'a>> {
        let Some(Block::Call { name, .. }) = answer.blocks.get(block) else { return None };
        let before = answer.blocks.iter().take(block);
        let index = before.filter(|block| matches!(block, Block::Call { .. })).count();
        let unique: String = self.id.chars().filter(char::is_ascii_hexdigit).rev().take(22).collect();
        Some(CallObject {
            index: Some(index),
            id: is_first.then(|| format!("call_{unique}{index:02}")),
            kind: is_first.then_some("function"),
            function: FunctionObject { name: is_first.then_some(name), arguments },
        })
    }

    fn chunk(&self, delta: Delta<'_>, finish: Option<&Finish>, out: &mut Vec<u8>) {
        let filter = match (self.flavour, finish) {
            (Flavour::OpenAi, _) => None,
            (Flavour::Azure { .. }, Some(Finish::Filter)) => Some(filter_results(true)),
            (Flavour::Azure { .. }, _) if delta.content.flatten().is_some_and(|text| !text.is_empty()) => {
                Some(filter_results(false))
            }
            (Flavour::Azure { .. }, _) => Some(json!({})),
        };
        let padding = delta.content.flatten().map_or(3, str::len) % PADDING.len();
        let choices = [ChunkChoice {
            index: 0,
            delta,
            logprobs: None,
            finish_reason: finish.map(finish_reason),
            content_filter_results: filter,
        }];
        let mut chunk = self.completion("chat.completion.chunk", &choices);
        chunk.usage = self.include_usage.then_some(None);
        chunk.obfuscation = PADDING.get(padding..).filter(|_| self.obfuscate);
        event(&chunk, out);
    }

    fn open(&self, answer: &Answer, out: &mut Vec<u8>) {
        if self.is_azure() {
            let results = prompt_filter_results();
            let first = json!({
                "choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": results,
            });
            event(&first, out);
        }
        if !matches!(answer.blocks.first(), Some(Block::Call { .. })) {
            let delta = Delta {
                role: Some("assistant"),
                content: Some(Some("")),
                refusal: Some(None),
                ..Delta::default()
            };
            self.chunk(delta, None, out);
        }
    }

    fn begin(&self, answer: &Answer, block: usize, out: &mut Vec<u8>) {
        let Some(call) = self.call(answer, block, "", true) else { return };
        let mut delta = Delta { tool_calls: vec![call], ..Delta::default() };
        if block == 0 {
            delta.role = Some("assistant");
            delta.content = Some(None);
            delta.refusal = Some(None);
        }
        self.chunk(delta, None, out);
    }

    fn piece(&self, answer: &Answer, block: usize, from: usize, to: usize, out: &mut Vec<u8>) {
        let delta = match answer.blocks.get(block) {
            Some(Block::Text(text)) => Delta { content: Some(text.get(from..to)), ..Delta::default() },
            Some(Block::Call { arguments, .. }) => {
                let piece = arguments.get(from..to).unwrap_or_default();
                let call = self.call(answer, block, piece, false);
                Delta { tool_calls: call.into_iter().collect(), ..Delta::default() }
            }
            None => return,
        };
        self.chunk(delta, None, out);
    }

    fn last(&self, usage: Option<Usage>, out: &mut Vec<u8>) {
        if self.flavour == (Flavour::Azure { bare_filter_chunk: true }) {
            let bare = json!({
                "id": "", "object": "", "created": 0, "model": "",
                "choices": [{
                    "index": 0, "finish_reason": null, "content_filter_results": filter_results(false),
                    "content_filter_offsets": { "check_offset": 0, "start_offset": 0, "end_offset": 1 },
                }],
            });
            event(&bare, out);
        }
        if let Some(usage) = usage.filter(|_| self.include_usage) {
            let mut chunk = self.completion::<ChunkChoice<'_>>("chat.completion.chunk", &[]);
            chunk.usage = Some(Some(usage.into()));
            event(&chunk, out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

fn event(value: &impl Serialize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    // Writing strings and numbers into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, value);
    out.extend_from_slice(b"\n\n");
}

impl Voice for ChatVoice {
    fn stream_type(&self) -> HeaderValue {
        HeaderValue::from_static("text/event-stream; charset=utf-8")
    }

    fn tells_usage(&self) -> bool {
        self.include_usage
    }

    fn whole(&self, answer: &Answer, usage: Option<Usage>) -> Vec<u8> {
        let mut content = None;
        let mut calls = Vec::new();
        for (place, block) in answer.blocks.iter().enumerate() {
            match block {
                Block::Text(text) => content = Some(text.as_str()),
                Block::Call { arguments, .. } => {
                    let call = self.call(answer, place, arguments, true);
                    calls.extend(call.map(|call| CallObject { index: None, ..call }));
                }
            }
        }
        if calls.is_empty() {
            content = content.or(Some(""));
        }
        let message =
            WholeMessage { role: "assistant", content, tool_calls: calls, refusal: None, annotations: [] };
        let choices = [WholeChoice {
            index: 0,
            message,
            logprobs: None,
            finish_reason: finish_reason(&answer.finish),
            content_filter_results: self.is_azure().then(|| filter_results(answer.finish == Finish::Filter)),
        }];
        let mut whole = self.completion("chat.completion", &choices);
        whole.usage = usage.map(|usage| Some(usage.into()));
        whole.prompt_filter_results = self.is_azure().then(prompt_filter_results);
        serde_json::to_vec(&whole).unwrap_or_default()
    }

    fn say(&mut self, answer: &Answer, step: Say, usage: Option<Usage>, out: &mut Vec<u8>) {
        match step {
            Say::Open => self.open(answer, out),
            Say::Begin(block) => self.begin(answer, block, out),
            Say::Piece { block, from, to } => self.piece(answer, block, from, to, out),
            Say::End(_) => {}
            Say::Stop => self.chunk(Delta::default(), Some(&answer.finish), out),
            Say::Last => self.last(usage, out),
        }
    }

    fn exception(&self, name: &str, out: &mut Vec<u8>) {
        let (kind, code) = if name == "throttlingException" {
            ("requests", Some("rate_limit_exceeded"))
        } else {
            ("server_error", None)
        };
        let message = "The server had an error while processing your request. Sorry about that!";
        event(&json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }), out);
    }

    fn malformed(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: {\"id\":\"chatcmpl-broken\",\"choices\":[{\"delta\":{\"content\":\n\n");
    }

    fn corrupt(&self, out: &mut Vec<u8>) {
        self.malformed(out);
    }
}

//! Chat Completions requests as OpenAI checks them: fields, roles, tool pairing, limits. Gives the
//! conversation, or the refusal with OpenAI's own words. Knows nothing of paths or keys.

mod refuse;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use self::refuse::{article, bad, diagnose, empty, missing, too_long, unsupported};
use crate::brain::{Ask, Choice, Shape, Tool, Turn};
use crate::schema;
use crate::voice::{Refusal, tokens_of_bytes};

pub(crate) use self::refuse::error;

const CALL_ID_BYTES_MAX: usize = 40;
const NAME_BYTES_MAX: usize = 64;
const STOPS_MAX: usize = 4;
const TOOLS_MAX: usize = 128;
/// A request that OpenAI would serve.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) ask: Ask,
    pub(crate) model: Option<String>,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) obfuscate: bool,
    pub(crate) input_tokens: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    tools: Option<Vec<ToolItem>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    response_format: Option<Value>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    n: Option<i64>,
    stop: Option<Stop>,
    #[serde(rename = "audio")]
    _audio: Option<IgnoredAny>,
    #[serde(rename = "data_sources")]
    _data_sources: Option<IgnoredAny>,
    #[serde(rename = "frequency_penalty")]
    _frequency_penalty: Option<f64>,
    #[serde(rename = "function_call")]
    _function_call: Option<IgnoredAny>,
    #[serde(rename = "functions")]
    _functions: Option<IgnoredAny>,
    #[serde(rename = "logit_bias")]
    _logit_bias: Option<BTreeMap<String, f64>>,
    #[serde(rename = "logprobs")]
    _logprobs: Option<bool>,
    #[serde(rename = "metadata")]
    _metadata: Option<BTreeMap<String, String>>,
    #[serde(rename = "modalities")]
    _modalities: Option<Vec<String>>,
    #[serde(rename = "moderation")]
    _moderation: Option<IgnoredAny>,
    #[serde(rename = "prediction")]
    _prediction: Option<IgnoredAny>,
    #[serde(rename = "presence_penalty")]
    _presence_penalty: Option<f64>,
    #[serde(rename = "prompt_cache_key")]
    _prompt_cache_key: Option<String>,
    #[serde(rename = "prompt_cache_retention")]
    _prompt_cache_retention: Option<String>,
    #[serde(rename = "reasoning_effort")]
    _reasoning_effort: Option<String>,
    #[serde(rename = "safety_identifier")]
    _safety_identifier: Option<String>,
    #[serde(rename = "seed")]
    _seed: Option<i64>,
    #[serde(rename = "service_tier")]
    _service_tier: Option<String>,
    #[serde(rename = "store")]
    _store: Option<bool>,
    #[serde(rename = "top_logprobs")]
    _top_logprobs: Option<u8>,
    #[serde(rename = "user")]
    _user: Option<String>,
    #[serde(rename = "verbosity")]
    _verbosity: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamOptions {
    include_usage: Option<bool>,
    include_obfuscation: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: String,
    content: Option<Content>,
    #[serde(rename = "name")]
    _name: Option<String>,
    tool_calls: Option<Vec<CallItem>>,
    tool_call_id: Option<String>,
    refusal: Option<String>,
    audio: Option<IgnoredAny>,
    function_call: Option<IgnoredAny>,
    #[serde(rename = "annotations")]
    _annotations: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<IgnoredAny>,
    input_audio: Option<IgnoredAny>,
    file: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallItem {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    function: Option<CalledFunction>,
    #[serde(rename = "custom")]
    _custom: Option<IgnoredAny>,
    #[serde(rename = "index")]
    _index: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalledFunction {
    name: String,
    arguments: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolItem {
    #[serde(rename = "type")]
    kind: String,
    function: Option<Function>,
    #[serde(rename = "custom")]
    _custom: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    parameters: Option<Value>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

/// A message's content. Read by hand: an untagged enum would copy it first.
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of a string or array of objects")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = items.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// Reads and checks a request.
pub(crate) fn parse(body: &[u8]) -> Result<Parsed, Refusal> {
    let mut request: Request = serde_json::from_slice(body).map_err(|error| diagnose(body, &error))?;
    check_numbers(&request)?;
    let stream = request.stream.unwrap_or(false);
    if request.stream_options.is_some() && !stream {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(bad(message, Some("stream_options"), None));
    }
    let messages = request.messages.take().ok_or_else(|| missing("messages"))?;
    if messages.is_empty() {
        return Err(empty("messages"));
    }
    let tools = tools(request.tools.take())?;
    let choice = choice(request.tool_choice.take(), &tools, request.parallel_tool_calls)?;
    let mut reader = Reader::default();
    for (place, message) in messages.into_iter().enumerate() {
        reader.read(place, message)?;
    }
    reader.finish()?;
    let shape = shape(request.response_format.take(), &reader)?;
    let tokens_max = request.max_completion_tokens.or(request.max_tokens).map(i64::unsigned_abs);
    let options = request.stream_options.as_ref();
    Ok(Parsed {
        model: request.model,
        stream,
        include_usage: options.and_then(|options| options.include_usage).unwrap_or(false),
        obfuscate: options.and_then(|options| options.include_obfuscation).unwrap_or(true),
        input_tokens: tokens_of_bytes(reader.bytes),
        ask: Ask {
            turns: reader.turns,
            tools,
            choice,
            parallel: request.parallel_tool_calls.unwrap_or(true),
            shape,
            tokens_max,
            stops: stops(request.stop)?,
        },
    })
}

fn check_numbers(request: &Request) -> Result<(), Refusal> {
    for (param, value, most) in [("temperature", request.temperature, 2.0), ("top_p", request.top_p, 1.0)] {
        let Some(value) = value else { continue };
        let (word, sign, limit, code) = if value > most {
            ("above maximum", "<=", most, "decimal_above_max_value")
        } else if value < 0.0 {
            ("below minimum", ">=", 0.0, "decimal_below_min_value")
        } else {
            continue;
        };
        let message = format!(
            "Invalid '{param}': decimal {word} value. Expected a value {sign} {limit}, but got {value:?} instead."
        );
        return Err(bad(&message, Some(param), Some(code)));
    }
    if request.max_tokens.is_some() && request.max_completion_tokens.is_some() {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(bad(message, Some("max_tokens"), Some("invalid_parameter_combination")));
    }
    let counts = [
        ("max_tokens", request.max_tokens),
        ("max_completion_tokens", request.max_completion_tokens),
        ("n", request.n),
    ];
    for (param, value) in counts {
        if let Some(value) = value.filter(|value| *value < 1) {
            let message = format!(
                "Invalid '{param}': integer below minimum value. Expected a value >= 1, but got {value} instead."
            );
            return Err(bad(&message, Some(param), Some("integer_below_min_value")));
        }
    }
    match request.n {
        Some(n) if n > 1 => {
            let message = format!(
                "Invalid 'n': integer above maximum value. Expected a value <= 1, but got {n} instead."
            );
            Err(bad(&message, Some("n"), Some("integer_above_max_value")))
        }
        Some(_) | None => Ok(()),
    }
}

fn stops(stop: Option<Stop>) -> Result<Vec<String>, Refusal> {
    let stops = match stop {
        None => Vec::new(),
        Some(Stop::One(stop)) => vec![stop],
        Some(Stop::Several(stops)) => stops,
    };
    if stops.len() > STOPS_MAX {
        let message = format!(
            "Invalid 'stop': array too long. Expected an array with maximum length {STOPS_MAX}, but got an array \
             with length {} instead.",
            stops.len()
        );
        return Err(bad(&message, Some("stop"), Some("array_above_max_length")));
    }
    Ok(stops)
}

fn tools(items: Option<Vec<ToolItem>>) -> Result<Vec<Tool>, Refusal> {
    let Some(items) = items else { return Ok(Vec::new()) };
    if items.is_empty() {
        return Err(empty("tools"));
    }
    if items.len() > TOOLS_MAX {
        let message = format!(
            "Invalid 'tools': array too long. Expected an array with maximum length {TOOLS_MAX}, but got an array \
             with length {} instead.",
            items.len()
        );
        return Err(bad(&message, Some("tools"), Some("array_above_max_length")));
    }
    let mut tools = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        if item.kind != "function" && item.kind != "custom" {
            return Err(unsupported(&format!("tools[{place}].type"), &item.kind, "'function' and 'custom'"));
        }
        let Some(function) = item.function else {
            return Err(missing(&format!("tools[{place}].function")));
        };
        check_name(&format!("tools[{place}].function.name"), &function.name)?;
        if let Some(parameters) = &function.parameters {
            check_parameters(place, &function, parameters)?;
        }
        tools.push(Tool { name: function.name, schema: function.parameters });
    }
    Ok(tools)
}

fn check_name(param: &str, name: &str) -> Result<(), Refusal> {
    if name.len() > NAME_BYTES_MAX {
        return Err(too_long(param, NAME_BYTES_MAX, name.len()));
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
        let message = format!(
            "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern \
             '^[a-zA-Z0-9_-]+$'."
        );
        return Err(bad(&message, Some(param), Some("invalid_value")));
    }
    Ok(())
}

fn check_parameters(place: usize, function: &Function, parameters: &Value) -> Result<(), Refusal> {
    let param = format!("tools[{place}].function.parameters");
    let about = format!("Invalid schema for function '{}'", function.name);
    if !parameters.is_object() {
        let message = format!(
            "Invalid type for '{param}': expected an object, but got {} instead.",
            article(parameters)
        );
        return Err(bad(&message, Some(&param), Some("invalid_type")));
    }
    let kind = parameters.get("type").and_then(Value::as_str);
    if parameters.as_object().is_some_and(|all| !all.is_empty()) && kind != Some("object") {
        let message =
            format!("{about}: schema must be a JSON Schema of 'type: \"object\"', got 'type: {kind:?}'.");
        return Err(bad(&message, Some(&param), Some("invalid_function_parameters")));
    }
    match schema::strict_problem(parameters).filter(|_| function.strict == Some(true)) {
        Some(problem) => {
            Err(bad(&format!("{about}: {problem}"), Some(&param), Some("invalid_function_parameters")))
        }
        None => Ok(()),
    }
}

fn choice(wanted: Option<Value>, tools: &[Tool], parallel: Option<bool>) -> Result<Choice, Refusal> {
    if tools.is_empty() {
        if parallel.is_some() {
            let message = "'parallel_tool_calls' is only allowed when 'tools' are specified.";
            return Err(bad(message, Some("parallel_tool_calls"), None));
        }
        return match wanted {
            Some(wanted) if wanted != "none" => Err(bad(
                "'tool_choice' is only allowed when 'tools' are specified.",
                Some("tool_choice"),
                None,
            )),
            Some(_) | None => Ok(Choice::Never),
        };
    }
    let Some(wanted) = wanted else { return Ok(Choice::Auto) };
    match &wanted {
        Value::String(word) => match word.as_str() {
            "auto" => Ok(Choice::Auto),
            "none" => Ok(Choice::Never),
            "required" => Ok(Choice::Any),
            other => Err(unsupported("tool_choice", other, "'none', 'auto', and 'required'")),
        },
        other => match other.pointer("/function/name").and_then(Value::as_str) {
            Some(name) if tools.iter().any(|tool| tool.name == name) => Ok(Choice::Named(name.to_owned())),
            Some(name) => {
                let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
                Err(bad(&message, Some("tool_choice"), None))
            }
            None => Err(missing("tool_choice.function.name")),
        },
    }
}

fn shape(wanted: Option<Value>, reader: &Reader) -> Result<Shape, Refusal> {
    let Some(wanted) = wanted else { return Ok(Shape::Text) };
    let Some(kind) = wanted.get("type").and_then(Value::as_str) else {
        return Err(missing("response_format.type"));
    };
    match kind {
        "text" => Ok(Shape::Text),
        "json_object" if reader.speaks_of_json => Ok(Shape::Object),
        "json_object" => {
            let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of \
                           type 'json_object'.";
            Err(bad(message, Some("messages"), None))
        }
        "json_schema" => {
            let Some(name) = wanted.pointer("/json_schema/name").and_then(Value::as_str) else {
                return Err(missing("response_format.json_schema.name"));
            };
            check_name("response_format.json_schema.name", name)?;
            let Some(schema) = wanted.pointer("/json_schema/schema") else {
                return Err(missing("response_format.json_schema.schema"));
            };
            let strict = wanted.pointer("/json_schema/strict").and_then(Value::as_bool) == Some(true);
            match schema::strict_problem(schema).filter(|_| strict) {
                Some(problem) => {
                    let message = format!("Invalid schema for response_format '{name}': {problem}");
                    Err(bad(&message, Some("response_format"), None))
                }
                None => Ok(Shape::Schema(schema.clone())),
            }
        }
        other => Err(unsupported("response_format.type", other, "'json_object', 'json_schema', and 'text'")),
    }
}

/// Reads messages in order and keeps count of tool calls that wait for their results.
#[derive(Default)]
struct Reader {
    turns: Vec<Turn>,
    bytes: usize,
    speaks_of_json: bool,
    /// Calls of the newest assistant message without a result: id and tool.
    waiting: Vec<(String, String)>,
    /// Whether the newest message other than tool results called tools.
    called: bool,
    newest: usize,
}

impl Reader {
    fn read(&mut self, place: usize, mut message: Message) -> Result<(), Refusal> {
        self.newest = place;
        let calls = message.tool_calls.take();
        if message.role != "tool" {
            self.finish()?;
            self.called = calls.is_some();
        }
        if message.role == "assistant" {
            return self.read_assistant(place, &message, calls);
        }
        if calls.is_some() {
            let param = format!("messages[{place}].tool_calls");
            return Err(bad(
                &format!("Unknown parameter: '{param}'."),
                Some(&param),
                Some("unknown_parameter"),
            ));
        }
        let parts: &[&str] =
            if message.role == "user" { &["text", "image_url", "input_audio", "file"] } else { &["text"] };
        let known = ["system", "developer", "user", "tool", "function"];
        if !known.contains(&message.role.as_str()) {
            let supported = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
            return Err(unsupported(&format!("messages[{place}].role"), &message.role, supported));
        }
        let text = text(place, message.content.take(), parts)?.ok_or_else(|| no_content(place))?;
        self.count(&text);
        match message.role.as_str() {
            "user" => self.turns.push(Turn::User(text)),
            "tool" => return self.read_result(place, message.tool_call_id.as_deref(), text),
            _ => self.turns.push(Turn::System(text)),
        }
        Ok(())
    }

    fn read_assistant(
        &mut self,
        place: usize,
        message: &Message,
        calls: Option<Vec<CallItem>>,
    ) -> Result<(), Refusal> {
        let text = match &message.content {
            Some(Content::Text(text)) => Some(text.clone()),
            Some(Content::Parts(parts)) => Some(join(place, parts, &["text", "refusal"])?),
            None => message.refusal.clone(),
        };
        let other = message.audio.is_some() || message.function_call.is_some();
        if text.is_none() && calls.is_none() && !other {
            return Err(no_content(place));
        }
        let text = text.unwrap_or_default();
        self.count(&text);
        self.turns.push(Turn::Assistant(text));
        let Some(calls) = calls else { return Ok(()) };
        if calls.is_empty() {
            return Err(empty(&format!("messages[{place}].tool_calls")));
        }
        for (index, call) in calls.into_iter().enumerate() {
            self.read_call(&format!("messages[{place}].tool_calls[{index}]"), call)?;
        }
        Ok(())
    }

    fn read_call(&mut self, param: &str, call: CallItem) -> Result<(), Refusal> {
        if call.kind != "function" && call.kind != "custom" {
            return Err(unsupported(&format!("{param}.type"), &call.kind, "'function' and 'custom'"));
        }
        if call.id.len() > CALL_ID_BYTES_MAX {
            return Err(too_long(&format!("{param}.id"), CALL_ID_BYTES_MAX, call.id.len()));
        }
        let Some(function) = call.function else { return Err(missing(&format!("{param}.function"))) };
        check_name(&format!("{param}.function.name"), &function.name)?;
        self.count(&function.arguments);
        self.waiting.push((call.id, function.name));
        Ok(())
    }

    fn read_result(&mut self, place: usize, id: Option<&str>, text: String) -> Result<(), Refusal> {
        let Some(id) = id else {
            let message =
                "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.";
            return Err(bad(message, Some(&format!("messages.[{place}].tool_call_id")), None));
        };
        if !self.called {
            let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding \
                           message with 'tool_calls'.";
            return Err(bad(message, Some(&format!("messages.[{place}].role")), None));
        }
        let Some(found) = self.waiting.iter().position(|(waiting, _)| waiting == id) else {
            let message = format!(
                "Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous message."
            );
            return Err(bad(&message, Some(&format!("messages.[{place}].tool_call_id")), None));
        };
        let (_, tool) = self.waiting.remove(found);
        self.turns.push(Turn::Result { tool, text });
        Ok(())
    }

    /// Every call must have had its result by now.
    fn finish(&self) -> Result<(), Refusal> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = self.waiting.iter().map(|(id, _)| id.as_str()).collect();
        let message = format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
             'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            ids.join(", ")
        );
        Err(bad(&message, Some(&format!("messages.[{}].role", self.newest)), None))
    }

    fn count(&mut self, text: &str) {
        self.bytes += text.len();
        self.speaks_of_json |= text.to_ascii_lowercase().contains("json");
    }
}

fn no_content(place: usize) -> Refusal {
    let message = "Invalid value for 'content': expected a string, got null.";
    bad(message, Some(&format!("messages.[{place}].content")), None)
}

fn text(place: usize, content: Option<Content>, kinds: &[&str]) -> Result<Option<String>, Refusal> {
    match content {
        None => Ok(None),
        Some(Content::Text(text)) => Ok(Some(text)),
        Some(Content::Parts(parts)) => join(place, &parts, kinds).map(Some),
    }
}

fn join(place: usize, parts: &[Part], kinds: &[&str]) -> Result<String, Refusal> {
    if parts.is_empty() {
        return Err(empty(&format!("messages[{place}].content")));
    }
    let mut joined = String::new();
    for (index, part) in parts.iter().enumerate() {
        let param = format!("messages[{place}].content[{index}]");
        if !kinds.contains(&part.kind.as_str()) {
            let quoted: Vec<String> = kinds.iter().map(|kind| format!("'{kind}'")).collect();
            return Err(unsupported(&format!("{param}.type"), &part.kind, &quoted.join(", ")));
        }
        let given = match part.kind.as_str() {
            "text" => part.text.is_some(),
            "refusal" => part.refusal.is_some(),
            "image_url" => part.image_url.is_some(),
            "input_audio" => part.input_audio.is_some(),
            _ => part.file.is_some(),
        };
        if !given {
            return Err(missing(&format!("{param}.{}", part.kind)));
        }
        joined.push_str(part.text.as_deref().or(part.refusal.as_deref()).unwrap_or_default());
    }
    Ok(joined)
}

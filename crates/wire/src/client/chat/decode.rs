//! A request for a chat completion.

use crate::client::error::{Problem, code};
use crate::client::params::{self, Unpaired};
use crate::client::read::{self, Node, Object};
use abide_model::item::{Item, Message, Part, Role, ToolCall, ToolResult};
use abide_model::prompt::{Output, Params, ToolChoice};
use abide_model::want::Wanted;

/// Messages of one request.
const MESSAGES_MAX: usize = 10_000;
/// Pieces of one message.
const PARTS_MAX: usize = 1_000;
/// Tool calls of one message.
const CALLS_MAX: usize = 128;
/// Texts that end an answer.
const STOPS_MAX: usize = 4;
/// `modalities` of one request.
const MODALITIES_MAX: usize = 4;

/// Fields that other formats have for what this one calls otherwise.
const ELSEWHERE: &[(&str, &str)] = &[
    ("input", "`messages`"),
    ("instructions", "a message of the role `developer`"),
    ("system", "a message of the role `system`"),
    ("max_output_tokens", "`max_completion_tokens`"),
    ("text", "`response_format`"),
    ("reasoning", "`reasoning_effort`"),
    ("stop_sequences", "`stop`"),
    ("conversation", "`/v1/responses`, which keeps conversations"),
    ("previous_response_id", "`/v1/responses`, which keeps conversations"),
];

/// Fields of the API that Abide does not serve.
const UNSERVED: &[&str] = &["audio", "web_search_options"];

/// A request, and how its answer is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub wanted: Wanted,
    /// Whether a stream ends with token counts.
    pub include_usage: bool,
}

/// Reads the body of `POST /v1/chat/completions`.
///
/// # Errors
/// The first field that is missing, malformed, unknown or not served.
pub fn decode(body: &[u8]) -> Result<Request, Problem> {
    let body = read::body(body)?;
    let mut fields = body.object()?;
    fields.divert(ELSEWHERE)?;
    let model = params::model(&mut fields)?;
    let mut asked = Params::default();
    params::shared(&mut fields, &mut asked)?;
    own(&mut fields, &mut asked)?;
    passed_on(&mut fields, &mut asked)?;
    if let Some(node) = fields.take("tools") {
        tools(&node, &mut asked)?;
    }
    if let Some(node) = fields.take("tool_choice") {
        asked.tool_choice = tool_choice(&node)?;
        params::check_choice(&asked.tool_choice, &asked.tools, &model, &node)?;
    }
    let items = messages(&fields.need("messages")?)?;
    let keep = flag(&mut fields, "store")?.unwrap_or(false);
    let stream = flag(&mut fields, "stream")?.unwrap_or(false);
    let include_usage = include_usage(&mut fields, stream)?;
    let metadata = fields.take("metadata").map(|node| params::metadata(&node)).transpose()?;
    older_tools(&mut fields)?;
    one_text(&mut fields)?;
    fields.refuse(UNSERVED)?;
    fields.finish()?;
    Ok(Request {
        wanted: Wanted {
            model,
            params: asked,
            items,
            conversation: None,
            previous: None,
            keep,
            stream,
            background: false,
            metadata,
        },
        include_usage,
    })
}

fn flag(fields: &mut Object<'_, '_>, name: &'static str) -> Result<Option<bool>, Problem> {
    fields.take(name).map(|node| node.boolean()).transpose()
}

/// What this format asks in its own words.
fn own(fields: &mut Object<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    if let Some(node) = fields.take("max_completion_tokens") {
        asked.sampling.output_tokens_max = Some(params::output_tokens_max(&node)?);
    }
    // `max_tokens` is the older name.
    if let Some(node) = fields.take("max_tokens") {
        let max = params::output_tokens_max(&node)?;
        if asked.sampling.output_tokens_max.is_some_and(|other| other != max) {
            let message = "`max_tokens` and `max_completion_tokens` differ; give the second alone";
            return Err(node.problem(code::INVALID_VALUE, message));
        }
        asked.sampling.output_tokens_max = Some(max);
    }
    if let Some(node) = fields.take("stop") {
        asked.sampling.stop = stops(&node)?;
    }
    if let Some(node) = fields.take("reasoning_effort") {
        asked.reasoning_effort = Some(params::effort(&node)?);
    }
    if let Some(node) = fields.take("verbosity") {
        params::verbosity(&node, asked)?;
    }
    if let Some(node) = fields.take("response_format") {
        asked.output = output(&node)?;
    }
    Ok(())
}

/// What only a cloud of this format can carry, under the same name.
fn passed_on(fields: &mut Object<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    for name in ["frequency_penalty", "presence_penalty"] {
        if let Some(node) = fields.take(name) {
            node.number(-2.0..=2.0)?;
            params::keep(asked, name, &node);
        }
    }
    if let Some(node) = fields.take("seed") {
        node.integer(i64::MIN..=i64::MAX)?;
        params::keep(asked, "seed", &node);
    }
    for name in ["logit_bias", "prediction"] {
        if let Some(node) = fields.take(name) {
            node.json_object()?;
            params::keep(asked, name, &node);
        }
    }
    if let Some(node) = fields.take("logprobs")
        && node.boolean()?
    {
        return Err(node.unsupported("`logprobs`"));
    }
    Ok(())
}

fn stops(node: &Node<'_, '_>) -> Result<Vec<String>, Problem> {
    if node.is_string() {
        return Ok(vec![node.string()?.into_owned()]);
    }
    if !node.is_list() {
        return Err(node.mistyped("a string or a list"));
    }
    node.list(STOPS_MAX)?.map(|entry| entry.string().map(|text| text.into_owned())).collect()
}

fn output(node: &Node<'_, '_>) -> Result<Output, Problem> {
    let mut fields = node.object()?;
    let output = match fields.need("type")?.choice(&["text", "json_object", "json_schema"])? {
        "json_schema" => params::json_schema(fields.need("json_schema")?.object()?)?,
        "json_object" => Output::JsonObject,
        _ => Output::Text,
    };
    fields.finish()?;
    Ok(output)
}

fn tools(node: &Node<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    for entry in node.list(params::TOOLS_MAX)? {
        let mut fields = entry.object()?;
        let kind = fields.need("type")?;
        let name = kind.string()?;
        if name != "function" {
            return Err(kind.unsupported(&format!("a tool of type `{name}`")));
        }
        fields.divert(&[
            ("name", "`function`, which holds it"),
            ("parameters", "`function`, which holds it"),
        ])?;
        let function = fields.need("function")?;
        let mut inner = function.object()?;
        let tool = params::function(&mut inner)?;
        inner.finish()?;
        fields.finish()?;
        params::add_tool(&mut asked.tools, tool, &entry)?;
    }
    Ok(())
}

fn tool_choice(node: &Node<'_, '_>) -> Result<ToolChoice, Problem> {
    if node.is_string() {
        return params::choice_word(node);
    }
    let mut fields = node.object()?;
    let kind = fields.need("type")?;
    let name = kind.string()?;
    if name != "function" {
        return Err(kind.unsupported(&format!("a tool choice of type `{name}`")));
    }
    let function = fields.need("function")?;
    let mut inner = function.object()?;
    let choice = ToolChoice::Named(inner.need("name")?.string()?.into_owned());
    inner.finish()?;
    fields.finish()?;
    Ok(choice)
}

fn include_usage(fields: &mut Object<'_, '_>, stream: bool) -> Result<bool, Problem> {
    let Some(node) = fields.take("stream_options") else {
        return Ok(false);
    };
    if !stream {
        return Err(node.problem(code::INVALID_VALUE, "`stream_options` needs `stream`"));
    }
    let mut options = node.object()?;
    let include_usage = flag(&mut options, "include_usage")?.unwrap_or(false);
    // Padding against traffic analysis may be asked for or not; Abide sends none.
    flag(&mut options, "include_obfuscation")?;
    options.finish()?;
    Ok(include_usage)
}

/// The form of tools that came before `tools`.
fn older_tools(fields: &mut Object<'_, '_>) -> Result<(), Problem> {
    for (name, newer) in [("functions", "tools"), ("function_call", "tool_choice")] {
        if let Some(node) = fields.take(name) {
            let message = format!("`{name}` is deprecated and not supported by Abide; use `{newer}`");
            return Err(node.problem(code::UNSUPPORTED, message));
        }
    }
    Ok(())
}

/// One answer, in text.
fn one_text(fields: &mut Object<'_, '_>) -> Result<(), Problem> {
    if let Some(node) = fields.take("n")
        && node.integer(1..=128)? != 1
    {
        return Err(node.unsupported("`n` above 1"));
    }
    if let Some(node) = fields.take("modalities") {
        for entry in node.list(MODALITIES_MAX)? {
            if entry.choice(&["text", "audio"])? != "text" {
                return Err(entry.unsupported("the modality `audio`"));
            }
        }
    }
    Ok(())
}

fn messages(node: &Node<'_, '_>) -> Result<Vec<Item>, Problem> {
    let mut items = Vec::new();
    // The message that each item came with.
    let mut origins = Vec::new();
    for (index, entry) in node.list(MESSAGES_MAX)?.enumerate() {
        message(&entry, &mut items)?;
        origins.resize(items.len(), index);
    }
    if items.is_empty() {
        return Err(node.problem(code::INVALID_VALUE, "`messages` is empty"));
    }
    let origin = |item: usize| origins.get(item).copied().unwrap_or_default();
    match params::unpaired(&items) {
        None => Ok(items),
        Some(Unpaired::Result { index, call_id }) => Err(Problem {
            message: format!("no message before this one makes the tool call `{call_id}`"),
            param: Some(format!("messages[{}].tool_call_id", origin(index))),
            code: code::INVALID_VALUE,
        }),
        Some(Unpaired::Call { index, call_id }) => Err(Problem {
            message: format!("no message of the role `tool` answers the tool call `{call_id}`"),
            param: Some(format!("messages[{}].tool_calls", origin(index))),
            code: code::INVALID_VALUE,
        }),
    }
}

/// Adds the items of one message: what it says, then the calls it makes.
fn message(node: &Node<'_, '_>, items: &mut Vec<Item>) -> Result<(), Problem> {
    const ROLES: &[&str] = &["developer", "system", "user", "assistant", "tool"];
    let mut fields = node.object()?;
    let role = fields.need("role")?;
    let name = role.string()?;
    match (&*name, Role::parse(&name)) {
        (_, Some(Role::Assistant)) => answer(&mut fields, items)?,
        (_, Some(role)) => {
            let parts = content(&fields.need("content")?, role)?;
            items.push(Item::Message(Message { role, parts }));
        }
        ("tool", None) => {
            let call_id = params::call_id(&fields.need("tool_call_id")?)?;
            let parts = content(&fields.need("content")?, Role::System)?;
            fields.ignore(&["name"]);
            items.push(Item::ToolResult(ToolResult { call_id, parts }));
        }
        ("function", None) => {
            let message = "the role `function` is deprecated and not supported by Abide; use `tool`";
            return Err(role.problem(code::UNSUPPORTED, message));
        }
        (_, None) => return Err(role.not_among(ROLES)),
    }
    fields.refuse(&["name"])?;
    fields.finish()
}

/// What an assistant said and asked for. Answers of this format, sent back, hold fields that are empty.
fn answer(fields: &mut Object<'_, '_>, items: &mut Vec<Item>) -> Result<(), Problem> {
    let mut parts = match fields.take("content") {
        Some(node) => content(&node, Role::Assistant)?,
        None => Vec::new(),
    };
    if let Some(node) = fields.take("refusal") {
        parts.push(Part::Refusal(node.string()?.into_owned()));
    }
    let mut calls = Vec::new();
    if let Some(node) = fields.take("tool_calls") {
        for entry in node.list(CALLS_MAX)? {
            calls.push(Item::ToolCall(call(&entry)?));
        }
    }
    if parts.is_empty() && calls.is_empty() {
        fields.need("content")?;
    }
    let silent = parts.iter().all(|part| part.text().is_some_and(str::is_empty));
    if calls.is_empty() || !silent {
        items.push(Item::Message(Message { role: Role::Assistant, parts }));
    }
    items.append(&mut calls);
    fields.ignore(&["annotations"]);
    fields.refuse(&["audio", "function_call"])
}

fn call(node: &Node<'_, '_>) -> Result<ToolCall, Problem> {
    let mut fields = node.object()?;
    let kind = fields.need("type")?;
    let name = kind.string()?;
    if name != "function" {
        return Err(kind.unsupported(&format!("a tool call of type `{name}`")));
    }
    let call_id = params::call_id(&fields.need("id")?)?;
    let function = fields.need("function")?;
    let mut inner = function.object()?;
    let name = inner.need("name")?.string()?.into_owned();
    let arguments = inner.need("arguments")?.string()?.into_owned();
    inner.finish()?;
    // Pieces of a stream, put together by a client, keep their index.
    fields.ignore(&["index"]);
    fields.finish()?;
    Ok(ToolCall { call_id, name, arguments })
}

fn content(node: &Node<'_, '_>, role: Role) -> Result<Vec<Part>, Problem> {
    if node.is_string() {
        return Ok(vec![Part::Text(node.string()?.into_owned())]);
    }
    if !node.is_list() {
        return Err(node.mistyped("a string or a list"));
    }
    node.list(PARTS_MAX)?.map(|entry| part(&entry, role)).collect()
}

fn part(node: &Node<'_, '_>, role: Role) -> Result<Part, Problem> {
    let mut fields = node.object()?;
    let kind = fields.need("type")?;
    let part = match (&*kind.string()?, role) {
        ("text", _) => Part::Text(fields.need("text")?.string()?.into_owned()),
        ("refusal", Role::Assistant) => Part::Refusal(fields.need("refusal")?.string()?.into_owned()),
        ("image_url", Role::User) => {
            let picture = fields.need("image_url")?;
            let mut inner = picture.object()?;
            let detail = inner.take("detail");
            let part = params::image(&inner.need("url")?, detail)?;
            inner.finish()?;
            part
        }
        (other @ ("input_audio" | "file"), Role::User) => {
            return Err(kind.unsupported(&format!("content of type `{other}`")));
        }
        (_, Role::User) => return Err(kind.not_among(&["text", "image_url"])),
        (_, Role::Assistant) => return Err(kind.not_among(&["text", "refusal"])),
        (_, Role::System | Role::Developer) => return Err(kind.not_among(&["text"])),
    };
    fields.refuse(&["prompt_cache_breakpoint"])?;
    fields.finish()?;
    Ok(part)
}

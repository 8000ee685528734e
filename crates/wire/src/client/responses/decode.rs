//! A request for a response.

use super::{INCLUDE_LOGPROBS, INCLUDE_NOTHING, INCLUDE_SEALS, echo};
use crate::client::error::{Problem, code};
use crate::client::items;
use crate::client::params::{self, Unpaired};
use crate::client::read::{self, Node, Object};
use abide_model::id::{RunId, SessionId};
use abide_model::item::{Item, Json, Role};
use abide_model::prompt::{Output, Params, ToolChoice};
use abide_model::want::Wanted;

/// Entries of `include`.
const INCLUDES_MAX: usize = 16;
/// The largest `max_tool_calls`.
const TOOL_CALLS_MAX: i64 = 1 << 20;

/// Fields that other formats have for what this one calls otherwise.
const ELSEWHERE: &[(&str, &str)] = &[
    ("messages", "`input`"),
    ("max_tokens", "`max_output_tokens`"),
    ("max_completion_tokens", "`max_output_tokens`"),
    ("response_format", "`text.format`"),
    ("reasoning_effort", "`reasoning.effort`"),
    ("verbosity", "`text.verbosity`"),
    ("system", "`instructions`"),
    ("functions", "`tools`"),
    ("function_call", "`tool_choice`"),
    ("stop", "Chat Completions, where it is a field"),
    ("seed", "Chat Completions, where it is a field"),
    ("n", "one request for each answer"),
];

/// Fields of the API that Abide does not serve.
const UNSERVED: &[&str] = &["access_programs", "context_management", "image", "prompt"];

/// Reads the body of `POST /v1/responses`.
///
/// # Errors
/// The first field that is missing, malformed, unknown or not served.
pub fn decode(body: &[u8]) -> Result<Wanted, Problem> {
    let body = read::body(body)?;
    let mut fields = body.object()?;
    fields.divert(ELSEWHERE)?;
    let model = params::model(&mut fields)?;
    let mut asked = Params::default();
    params::shared(&mut fields, &mut asked)?;
    own(&mut fields, &mut asked)?;
    if let Some(node) = fields.take("tools") {
        tools(&node, &mut asked)?;
    }
    if let Some(node) = fields.take("tool_choice") {
        asked.tool_choice = tool_choice(&node)?;
        params::check_choice(&asked.tool_choice, &asked.tools, &model, &node)?;
    }
    let conversation = fields.take("conversation").map(|node| conversation(&node)).transpose()?;
    let previous = previous(&mut fields, conversation.is_some())?;
    let continues = conversation.is_some() || previous.is_some();
    let items = input(&mut fields, continues)?;
    let keep = store(&mut fields, conversation.is_some())?;
    let stream = flag(&mut fields, "stream")?.unwrap_or(false);
    let background = background(&mut fields, keep, &mut asked)?;
    stream_options(&mut fields, stream)?;
    let metadata = fields.take("metadata").map(|node| params::metadata(&node)).transpose()?;
    fields.refuse(UNSERVED)?;
    fields.finish()?;
    Ok(Wanted { model, params: asked, items, conversation, previous, keep, stream, background, metadata })
}

fn flag(fields: &mut Object<'_, '_>, name: &'static str) -> Result<Option<bool>, Problem> {
    fields.take(name).map(|node| node.boolean()).transpose()
}

/// What only this format asks, or asks in its own words.
fn own(fields: &mut Object<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    if let Some(node) = fields.take("instructions") {
        asked.instructions = Some(node.string()?.into_owned());
    }
    if let Some(node) = fields.take("max_output_tokens") {
        asked.sampling.output_tokens_max = Some(params::output_tokens_max(&node)?);
    }
    if let Some(node) = fields.take("reasoning") {
        reasoning(&node, asked)?;
    }
    if let Some(node) = fields.take("text") {
        text(&node, asked)?;
    }
    if let Some(node) = fields.take("include") {
        include(&node, asked)?;
    }
    if let Some(node) = fields.take("max_tool_calls") {
        // It bounds calls of built-in tools, of which there are none: it holds as it is.
        node.integer(1..=TOOL_CALLS_MAX)?;
        asked.echo.insert(echo::MAX_TOOL_CALLS.to_owned(), node.kept());
    }
    if let Some(node) = fields.take("truncation")
        && node.choice(&["disabled", "auto"])? == "auto"
    {
        return Err(node.unsupported("`truncation` `auto`"));
    }
    Ok(())
}

fn reasoning(node: &Node<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    const SUMMARIES: &[&str] = &["auto", "concise", "detailed"];
    let mut fields = node.object()?;
    if let Some(effort) = fields.take("effort") {
        asked.reasoning_effort = Some(params::effort(&effort)?);
    }
    // `generate_summary` is the older name.
    for name in ["generate_summary", "summary"] {
        if let Some(summary) = fields.take(name) {
            asked.reasoning_summary = Some(summary.choice(SUMMARIES)?.to_owned());
        }
    }
    fields.refuse(&["context", "mode"])?;
    fields.finish()
}

fn text(node: &Node<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    let mut fields = node.object()?;
    if let Some(verbosity) = fields.take("verbosity") {
        params::verbosity(&verbosity, asked)?;
    }
    if let Some(format) = fields.take("format") {
        asked.output = output(&format)?;
    }
    fields.finish()
}

fn output(node: &Node<'_, '_>) -> Result<Output, Problem> {
    let mut fields = node.object()?;
    let output = match fields.need("type")?.choice(&["text", "json_object", "json_schema"])? {
        "json_schema" => return params::json_schema(fields),
        "json_object" => Output::JsonObject,
        _ => Output::Text,
    };
    fields.finish()?;
    Ok(output)
}

fn include(node: &Node<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    for entry in node.list(INCLUDES_MAX)? {
        let name = entry.string()?;
        if name == INCLUDE_SEALS {
            let shown = Json::from_parsed("[\"reasoning.encrypted_content\"]");
            asked.echo.insert(echo::INCLUDE.to_owned(), shown);
        } else if name == INCLUDE_LOGPROBS {
            return Err(entry.unsupported(&format!("`{INCLUDE_LOGPROBS}`")));
        } else if !INCLUDE_NOTHING.contains(&&*name) {
            let known: Vec<&str> = INCLUDE_NOTHING.iter().copied().chain([INCLUDE_SEALS]).collect();
            return Err(entry.not_among(&known));
        }
    }
    Ok(())
}

fn tools(node: &Node<'_, '_>, asked: &mut Params) -> Result<(), Problem> {
    for entry in node.list(params::TOOLS_MAX)? {
        let mut fields = entry.object()?;
        let kind = fields.need("type")?;
        let name = kind.string()?;
        if name != "function" {
            return Err(kind.unsupported(&format!("a tool of type `{name}`")));
        }
        fields.divert(&[("function", "`name`, `description`, `parameters` and `strict` beside `type`")])?;
        let tool = params::function(&mut fields)?;
        fields.refuse(&["allowed_callers", "async", "defer_loading", "output_schema"])?;
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
    let choice = ToolChoice::Named(fields.need("name")?.string()?.into_owned());
    fields.finish()?;
    Ok(choice)
}

fn conversation(node: &Node<'_, '_>) -> Result<SessionId, Problem> {
    let parse = |node: &Node<'_, '_>| {
        SessionId::parse(&node.string()?)
            .map_err(|error| node.problem(code::INVALID_VALUE, error.to_string()))
    };
    if node.is_string() {
        return parse(node);
    }
    let mut fields = node.object()?;
    let id = parse(&fields.need("id")?)?;
    fields.finish()?;
    Ok(id)
}

fn previous(fields: &mut Object<'_, '_>, in_conversation: bool) -> Result<Option<RunId>, Problem> {
    let Some(node) = fields.take("previous_response_id") else {
        return Ok(None);
    };
    if in_conversation {
        let message = "`previous_response_id` and `conversation` exclude each other";
        return Err(node.problem(code::INVALID_VALUE, message));
    }
    RunId::parse(&node.string()?)
        .map(Some)
        .map_err(|error| node.problem(code::INVALID_VALUE, error.to_string()))
}

fn input(fields: &mut Object<'_, '_>, continues: bool) -> Result<Vec<Item>, Problem> {
    if continues && !fields.holds("input") {
        fields.take("input");
        return Ok(Vec::new());
    }
    let node = fields.need("input")?;
    if node.is_string() {
        return Ok(vec![Item::text(Role::User, node.string()?)]);
    }
    if !node.is_list() {
        return Err(node.mistyped("a string or a list"));
    }
    let items = items::items(&node, items::ITEMS_MAX)?;
    if continues {
        // The other halves may lie in what is continued; whoever holds it checks.
        return Ok(items);
    }
    if items.is_empty() {
        return Err(node.problem(code::INVALID_VALUE, "`input` is empty"));
    }
    match params::unpaired(&items) {
        None => Ok(items),
        Some(Unpaired::Result { index, call_id }) => Err(Problem {
            message: format!("no function call with `call_id` `{call_id}` comes before this output"),
            param: Some(format!("input[{index}].call_id")),
            code: code::INVALID_VALUE,
        }),
        Some(Unpaired::Call { index, call_id }) => Err(Problem {
            message: format!("the function call `{call_id}` has no output in `input`"),
            param: Some(format!("input[{index}].call_id")),
            code: code::INVALID_VALUE,
        }),
    }
}

fn store(fields: &mut Object<'_, '_>, in_conversation: bool) -> Result<bool, Problem> {
    let Some(node) = fields.take("store") else {
        return Ok(true);
    };
    let keep = node.boolean()?;
    if in_conversation && !keep {
        let message = "`conversation` needs `store`: what is said in a conversation is kept in it";
        return Err(node.problem(code::INVALID_VALUE, message));
    }
    Ok(keep)
}

fn background(fields: &mut Object<'_, '_>, keep: bool, asked: &mut Params) -> Result<bool, Problem> {
    let Some(node) = fields.take("background") else {
        return Ok(false);
    };
    let background = node.boolean()?;
    if background && !keep {
        return Err(
            node.problem(code::INVALID_VALUE, "`background` needs `store`, or nobody could read the answer")
        );
    }
    asked.echo.insert(echo::BACKGROUND.to_owned(), node.kept());
    Ok(background)
}

fn stream_options(fields: &mut Object<'_, '_>, stream: bool) -> Result<(), Problem> {
    let Some(node) = fields.take("stream_options") else {
        return Ok(());
    };
    if !stream {
        return Err(node.problem(code::INVALID_VALUE, "`stream_options` needs `stream`"));
    }
    let mut options = node.object()?;
    // Padding against traffic analysis may be asked for or not; Abide sends none.
    if let Some(padding) = options.take("include_obfuscation") {
        padding.boolean()?;
    }
    options.finish()
}

//! Items as clients send them, and the model's own items as clients send them back.
//!
//! What a client repeats of an answer (`id`, `status`, `annotations`, `logprobs`, `phase`) says nothing to a model
//! and is read over. Source: the input items of OpenAI's Responses reference.

use super::OPENAI;
use crate::client::error::Problem;
use crate::client::params;
use crate::client::read::{Node, Object};
use abide_model::item::{Item, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult};

/// Items of one request.
pub(crate) const ITEMS_MAX: usize = 10_000;
/// Pieces of one message, result or summary.
const PARTS_MAX: usize = 1_000;

/// Types of items that the format has and Abide does not serve.
const UNSERVED: &[&str] = &[
    "additional_tools",
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "compaction_trigger",
    "computer_call",
    "computer_call_output",
    "configuration_update",
    "custom_tool_call",
    "custom_tool_call_output",
    "file_search_call",
    "image_generation_call",
    "item_reference",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "program",
    "program_output",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

/// A list of at most `max` items.
pub(crate) fn items(node: &Node<'_, '_>, max: usize) -> Result<Vec<Item>, Problem> {
    node.list(max)?.map(|entry| item(&entry)).collect()
}

fn item(node: &Node<'_, '_>) -> Result<Item, Problem> {
    let mut fields = node.object()?;
    let Some(kind) = fields.take("type") else {
        return untyped(node, fields);
    };
    let item = match &*kind.string()? {
        "message" => message(&mut fields)?,
        "function_call" => call(&mut fields)?,
        "function_call_output" => result(&mut fields)?,
        "reasoning" => reasoning(&mut fields)?,
        other if UNSERVED.contains(&other) => {
            return Err(kind.unsupported(&format!("an item of type `{other}`")));
        }
        _ => return Err(kind.not_among(&["message", "function_call", "function_call_output", "reasoning"])),
    };
    fields.finish()?;
    Ok(item)
}

/// An item that does not say what it is: a message has a role, a reference has nothing but an id.
fn untyped(node: &Node<'_, '_>, mut fields: Object<'_, '_>) -> Result<Item, Problem> {
    let says_who = fields.holds("role") || fields.holds("content");
    if !says_who && fields.holds("id") {
        return Err(node.unsupported("a reference to an item"));
    }
    if !says_who {
        return Err(fields.missing("type"));
    }
    let item = message(&mut fields)?;
    fields.finish()?;
    Ok(item)
}

fn message(fields: &mut Object<'_, '_>) -> Result<Item, Problem> {
    let node = fields.need("role")?;
    let role = Role::parse(&node.string()?)
        .ok_or_else(|| node.not_among(&["user", "assistant", "system", "developer"]))?;
    let content = fields.need("content")?;
    let parts = if content.is_string() {
        vec![Part::Text(content.string()?.into_owned())]
    } else if !content.is_list() {
        return Err(content.mistyped("a string or a list"));
    } else if role == Role::Assistant {
        content.list(PARTS_MAX)?.map(|part| said(&part)).collect::<Result<_, _>>()?
    } else {
        content.list(PARTS_MAX)?.map(|part| heard(&part)).collect::<Result<_, _>>()?
    };
    fields.ignore(&["id", "status", "phase"]);
    Ok(Item::Message(Message { role, parts }))
}

/// A piece of what is put to the model.
fn heard(node: &Node<'_, '_>) -> Result<Part, Problem> {
    let mut fields = node.object()?;
    let kind = fields.need("type")?;
    let part = match &*kind.string()? {
        "input_text" => Part::Text(fields.need("text")?.string()?.into_owned()),
        "input_image" => {
            fields.refuse(&["file_id"])?;
            let detail = fields.take("detail");
            params::image(&fields.need("image_url")?, detail)?
        }
        other @ ("input_file" | "input_audio" | "computer_screenshot" | "encrypted_content") => {
            return Err(kind.unsupported(&format!("content of type `{other}`")));
        }
        _ => return Err(kind.not_among(&["input_text", "input_image"])),
    };
    fields.refuse(&["prompt_cache_breakpoint"])?;
    fields.finish()?;
    Ok(part)
}

/// A piece of what the model said.
fn said(node: &Node<'_, '_>) -> Result<Part, Problem> {
    let mut fields = node.object()?;
    let kind = fields.need("type")?;
    let part = match &*kind.string()? {
        "output_text" => {
            fields.ignore(&["annotations", "logprobs"]);
            Part::Text(fields.need("text")?.string()?.into_owned())
        }
        "refusal" => Part::Refusal(fields.need("refusal")?.string()?.into_owned()),
        _ => return Err(kind.not_among(&["output_text", "refusal"])),
    };
    fields.finish()?;
    Ok(part)
}

fn call(fields: &mut Object<'_, '_>) -> Result<Item, Problem> {
    let call_id = params::call_id(&fields.need("call_id")?)?;
    let name = fields.need("name")?.string()?.into_owned();
    let arguments = fields.need("arguments")?.string()?.into_owned();
    fields.ignore(&["id", "status", "created_by"]);
    fields.refuse(&["namespace", "caller", "async"])?;
    Ok(Item::ToolCall(ToolCall { call_id, name, arguments }))
}

fn result(fields: &mut Object<'_, '_>) -> Result<Item, Problem> {
    let call_id = params::call_id(&fields.need("call_id")?)?;
    let output = fields.need("output")?;
    let parts = if output.is_string() {
        vec![Part::Text(output.string()?.into_owned())]
    } else if output.is_list() {
        output.list(PARTS_MAX)?.map(|part| heard(&part)).collect::<Result<_, _>>()?
    } else {
        return Err(output.mistyped("a string or a list"));
    };
    fields.ignore(&["id", "status", "name", "created_by"]);
    fields.refuse(&["namespace", "caller"])?;
    Ok(Item::ToolResult(ToolResult { call_id, parts }))
}

fn reasoning(fields: &mut Object<'_, '_>) -> Result<Item, Problem> {
    let mut thought = Reasoning::default();
    if let Some(summary) = fields.take("summary") {
        thought.summary =
            summary.list(PARTS_MAX)?.map(|entry| words(&entry, "summary_text")).collect::<Result<_, _>>()?;
    }
    if let Some(content) = fields.take("content") {
        for entry in content.list(PARTS_MAX)? {
            thought.text.push_str(&words(&entry, "reasoning_text")?);
        }
    }
    if let Some(sealed) = fields.take("encrypted_content") {
        let payload = sealed.string()?.into_owned();
        thought.signature = Some(Signature { vendor: OPENAI.to_owned(), payload });
    }
    fields.ignore(&["id", "status"]);
    Ok(Item::Reasoning(thought))
}

fn words(node: &Node<'_, '_>, kind: &'static str) -> Result<String, Problem> {
    let mut fields = node.object()?;
    fields.need("type")?.choice(&[kind])?;
    let text = fields.need("text")?.string()?.into_owned();
    fields.finish()?;
    Ok(text)
}

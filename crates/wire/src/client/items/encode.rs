//! Items as clients read them. Every field the format documents for them is there, empty or null where need be.

use crate::client::write::{self, Object};
use abide_model::item::{
    ImageSource, Item, ItemStatus, Message, Part, Reasoning, Role, ToolCall, ToolResult,
};
use abide_model::run::Placed;

/// Who can read the `encrypted_content` of this format.
pub(crate) const OPENAI: &str = "openai";

/// Whether reasoning shows its `encrypted_content`, which a client asks for by `include`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seals {
    Shown,
    Hidden,
}

/// One item.
pub(crate) fn item(out: &mut Vec<u8>, placed: &Placed, seals: Seals) {
    write::object(out, |body| {
        body.text("id", &placed.id.with_prefix(placed.item.id_prefix()));
        match &*placed.item {
            Item::Message(said) => message(body, said, placed.status),
            Item::ToolCall(asked) => call(body, asked, placed.status),
            Item::ToolResult(answered) => result(body, answered, placed.status),
            Item::Reasoning(thought) => reasoning(body, thought, placed.status, seals),
        }
    });
}

/// A page of items in the order given.
pub(crate) fn list(out: &mut Vec<u8>, items: &[&Placed], has_more: bool, seals: Seals) {
    let id = |placed: Option<&&Placed>| placed.map(|one| one.id.with_prefix(one.item.id_prefix()));
    write::object(out, |body| {
        body.text("object", "list");
        body.list("data", items, |out, placed| item(out, placed, seals));
        body.maybe_text("first_id", id(items.first()).as_deref());
        body.maybe_text("last_id", id(items.last()).as_deref());
        body.flag("has_more", has_more);
    });
}

fn message(body: &mut Object<'_>, message: &Message, status: ItemStatus) {
    body.text("type", "message");
    body.text("status", status.as_str());
    body.text("role", message.role.as_str());
    body.list("content", &message.parts, |out, piece| part(out, piece, message.role));
}

fn call(body: &mut Object<'_>, call: &ToolCall, status: ItemStatus) {
    body.text("type", "function_call");
    body.text("status", status.as_str());
    body.text("call_id", &call.call_id);
    body.text("name", &call.name);
    body.text("arguments", &call.arguments);
}

fn result(body: &mut Object<'_>, result: &ToolResult, status: ItemStatus) {
    body.text("type", "function_call_output");
    body.text("status", status.as_str());
    body.text("call_id", &result.call_id);
    match result.parts.as_slice() {
        [] => body.text("output", ""),
        [Part::Text(text)] => body.text("output", text),
        parts => body.list("output", parts, |out, piece| part(out, piece, Role::User)),
    }
}

fn reasoning(body: &mut Object<'_>, thought: &Reasoning, status: ItemStatus, seals: Seals) {
    body.text("type", "reasoning");
    body.text("status", status.as_str());
    body.list("summary", &thought.summary, |out, text| summary_text(out, text));
    let shown = (!thought.text.is_empty()).then_some(&thought.text);
    body.list("content", shown, |out, text| reasoning_text(out, text));
    let readable = |seal: &&abide_model::item::Signature| seals == Seals::Shown && seal.vendor == OPENAI;
    let seal = thought.signature.as_ref().filter(readable);
    body.maybe_text("encrypted_content", seal.map(|seal| seal.payload.as_str()));
}

/// One piece of what `role` said.
pub(crate) fn part(out: &mut Vec<u8>, part: &Part, role: Role) {
    write::object(out, |body| match part {
        Part::Text(text) if role == Role::Assistant => {
            body.text("type", "output_text");
            body.text("text", text);
            body.raw("annotations", "[]");
            body.raw("logprobs", "[]");
        }
        Part::Text(text) => {
            body.text("type", "input_text");
            body.text("text", text);
        }
        Part::Refusal(words) => {
            body.text("type", "refusal");
            body.text("refusal", words);
        }
        Part::Image { source, detail } => {
            body.text("type", "input_image");
            body.text("detail", detail.as_deref().unwrap_or("auto"));
            body.null("file_id");
            match source {
                ImageSource::Url(url) => body.text("image_url", url),
                ImageSource::Inline { media_type, base64 } => {
                    body.text("image_url", &format!("data:{media_type};base64,{base64}"));
                }
            }
        }
    });
}

/// One summary of thinking.
pub(crate) fn summary_text(out: &mut Vec<u8>, text: &str) {
    typed_text(out, "summary_text", text);
}

/// Thinking that is shown.
pub(crate) fn reasoning_text(out: &mut Vec<u8>, text: &str) {
    typed_text(out, "reasoning_text", text);
}

fn typed_text(out: &mut Vec<u8>, kind: &str, text: &str) {
    write::object(out, |body| {
        body.text("type", kind);
        body.text("text", text);
    });
}

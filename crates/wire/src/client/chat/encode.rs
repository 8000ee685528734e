//! The chat completion object.

use crate::client::error::{self, Kind};
use crate::client::write::{self, Object};
use abide_model::call::Finish;
use abide_model::event::{RunError, RunStatus, Shortfall};
use abide_model::id::RunId;
use abide_model::item::{Item, ItemStatus, Part, ToolCall};
use abide_model::prompt::Params;
use abide_model::run::{Placed, RunView};
use abide_model::usage::{Measure, Usage};
use std::fmt;

/// What the object takes beside its content, in bytes.
const FRAME_BYTES: usize = 768;

/// The completion. A run that has no answer to give (it failed, was cancelled or interrupted) is encoded as the
/// error that says so; its HTTP status is the server's to choose.
#[must_use]
pub fn encode(view: &RunView) -> Vec<u8> {
    let content: usize = view.output.iter().map(|placed| placed.item.bytes()).sum();
    let mut out = Vec::with_capacity(FRAME_BYTES + content);
    match ending(&view.status) {
        Ok(finish) => write_completion(&mut out, view, finish),
        Err(failure) => failure.write(&mut out),
    }
    out
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure<'r> {
    kind: Kind,
    code: &'r str,
    message: &'r str,
}

impl Failure<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        error::write_error(out, self.kind, self.code, self.message, None);
    }
}

impl<'r> From<&'r RunError> for Failure<'r> {
    fn from(error: &'r RunError) -> Self {
        Failure { kind: Kind::of_run(error), code: &error.code, message: &error.message }
    }
}

/// Why the model stopped, in this format's words, if it is an end this format knows.
pub(super) fn ending(status: &RunStatus) -> Result<Finish, Failure<'_>> {
    let none = |code, message| Err(Failure { kind: Kind::Server, code, message });
    match status {
        RunStatus::Completed(finish) => Ok(*finish),
        RunStatus::Incomplete(Shortfall::OutputTokens) => Ok(Finish::Length),
        RunStatus::Incomplete(Shortfall::ContentFilter) => Ok(Finish::ContentFilter),
        RunStatus::Incomplete(Shortfall::Interrupted) => none("interrupted", "the run was interrupted"),
        RunStatus::Failed(error) => Err(error.into()),
        RunStatus::Cancelled => none("cancelled", "the run was cancelled"),
        RunStatus::InProgress => none("in_progress", "the run has not ended"),
    }
}

/// A run's id as this format spells it.
pub(super) struct ChatId(pub(super) RunId);

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("chatcmpl-")?;
        self.0.write_digits(f)
    }
}

/// The service tier that was asked for, as JSON.
pub(super) fn tier(params: &Params) -> &str {
    params.rest.get("service_tier").map_or("\"default\"", |json| json.as_str())
}

/// A model that asked for tools has stopped for them, whatever its cloud calls it.
pub(super) fn finish_word(finish: Finish, calls: bool) -> &'static str {
    match finish {
        Finish::Stop if calls => Finish::ToolCalls.as_str(),
        Finish::Stop | Finish::ToolCalls | Finish::Length | Finish::ContentFilter => finish.as_str(),
    }
}

fn write_completion(out: &mut Vec<u8>, view: &RunView, finish: Finish) {
    let kept = kept(&view.output);
    let calls: Vec<&ToolCall> = kept.iter().filter_map(|placed| call(placed)).collect();
    write::object(out, |body| {
        body.plain("id", ChatId(view.id));
        body.text("object", "chat.completion");
        body.seconds("created", view.created_at);
        body.text("model", view.model.as_str());
        body.list("choices", [()], |out, ()| {
            write::object(out, |choice| {
                choice.raw("index", "0");
                choice.object("message", |message| write_message(message, &kept, &calls));
                choice.null("logprobs");
                choice.text("finish_reason", finish_word(finish, !calls.is_empty()));
            });
        });
        match &view.usage {
            Some(usage) => body.object("usage", |counts| write_usage(counts, usage)),
            None => body.null("usage"),
        }
        body.raw("metadata", view.metadata.as_ref().map_or("null", |json| json.as_str()));
        body.null("moderation");
        body.raw("service_tier", tier(&view.params));
        body.null("system_fingerprint");
    });
}

/// The items that count: one that was cut is replaced by those after it.
fn kept(output: &[Placed]) -> Vec<&Placed> {
    let last = output.len().saturating_sub(1);
    output
        .iter()
        .enumerate()
        .filter(|(index, placed)| placed.status != ItemStatus::Incomplete || *index == last)
        .map(|(_, placed)| placed)
        .collect()
}

fn call(placed: &Placed) -> Option<&ToolCall> {
    match &*placed.item {
        Item::ToolCall(call) => Some(call),
        Item::Message(_) | Item::ToolResult(_) | Item::Reasoning(_) => None,
    }
}

fn write_message(message: &mut Object<'_>, kept: &[&Placed], calls: &[&ToolCall]) {
    let (mut text, mut refusal) = (None::<String>, None::<String>);
    for placed in kept {
        let Item::Message(said) = &*placed.item else { continue };
        for part in &said.parts {
            match part {
                Part::Text(words) => text.get_or_insert_default().push_str(words),
                Part::Refusal(words) => refusal.get_or_insert_default().push_str(words),
                Part::Image { .. } => {}
            }
        }
    }
    message.text("role", "assistant");
    message.maybe_text("content", text.as_deref());
    message.maybe_text("refusal", refusal.as_deref());
    message.raw("annotations", "[]");
    message.null("audio");
    message.null("function_call");
    if calls.is_empty() {
        message.null("tool_calls");
    } else {
        message.list("tool_calls", calls, |out, call| {
            write::object(out, |body| {
                body.text("id", &call.call_id);
                body.text("type", "function");
                body.object("function", |function| {
                    function.text("name", &call.name);
                    function.text("arguments", &call.arguments);
                });
            });
        });
    }
}

/// Token counts; counts that no cloud reported say so.
pub(super) fn write_usage(counts: &mut Object<'_>, usage: &Usage) {
    let tokens = &usage.tokens;
    counts.count("prompt_tokens", tokens.input);
    counts.count("completion_tokens", tokens.output);
    counts.count("total_tokens", tokens.total());
    counts.object("prompt_tokens_details", |details| {
        details.count("cached_tokens", tokens.cache_read);
        details.count("cache_write_tokens", tokens.cache_write);
        for name in ["audio_tokens", "image_tokens", "text_tokens"] {
            details.null(name);
        }
    });
    counts.object("completion_tokens_details", |details| {
        details.count("reasoning_tokens", tokens.reasoning);
        for name in
            ["accepted_prediction_tokens", "audio_tokens", "rejected_prediction_tokens", "text_tokens"]
        {
            details.null(name);
        }
    });
    if usage.measure == Measure::Estimated {
        counts.text("abide_measure", usage.measure.as_str());
    }
}

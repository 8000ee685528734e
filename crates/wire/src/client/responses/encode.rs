//! The response object, its list of input items, and word of its deletion.

use super::{INCLUDE_SEALS, echo};
use crate::client::items::{self, Seals};
use crate::client::page::Page;
use crate::client::write::{self, Object};
use abide_model::call::Finish;
use abide_model::event::{RunError, RunStatus, Shortfall};
use abide_model::fault::FaultKind;
use abide_model::id::RunId;
use abide_model::prompt::{Output, Params, Tool, ToolChoice};
use abide_model::run::RunView;
use abide_model::usage::{Measure, Usage};

/// What the object takes beside its items, in bytes.
const FRAME_BYTES: usize = 1_536;

/// The response object.
#[must_use]
pub fn encode(view: &RunView) -> Vec<u8> {
    let content: usize = view.output.iter().map(|placed| placed.item.bytes() + 256).sum();
    let mut out = Vec::with_capacity(FRAME_BYTES + content);
    write_response(&mut out, view);
    out
}

/// What the run's client sent with it, as a list.
#[must_use]
pub fn encode_input_items(view: &RunView, page: &Page<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    items::list(&mut out, &page.items, page.has_more, seals(&view.params));
    out
}

/// Word that a response is gone.
#[must_use]
pub fn encode_deleted(id: RunId) -> Vec<u8> {
    let mut out = Vec::new();
    write::object(&mut out, |body| {
        body.plain("id", id);
        body.text("object", "response");
        body.flag("deleted", true);
    });
    out
}

/// Whether the client asked to see `encrypted_content`.
pub(super) fn seals(params: &Params) -> Seals {
    let asked = params.echo.get(echo::INCLUDE).is_some_and(|list| list.as_str().contains(INCLUDE_SEALS));
    if asked { Seals::Shown } else { Seals::Hidden }
}

pub(super) fn write_response(out: &mut Vec<u8>, view: &RunView) {
    write::object(out, |body| {
        body.plain("id", view.id);
        body.text("object", "response");
        body.seconds("created_at", view.created_at);
        standing(body, view);
        body.text("model", view.model.as_str());
        body.list("output", &view.output, |out, placed| items::item(out, placed, seals(&view.params)));
        match view.previous {
            Some(previous) => body.plain("previous_response_id", previous),
            None => body.null("previous_response_id"),
        }
        match view.conversation {
            Some(id) => body.object("conversation", |conversation| conversation.plain("id", id)),
            None => body.null("conversation"),
        }
        body.flag("store", view.stored);
        body.raw("metadata", view.metadata.as_ref().map_or("{}", |json| json.as_str()));
        asked(body, &view.params);
        match &view.usage {
            Some(usage) => body.object("usage", |counts| write_usage(counts, usage)),
            None => body.null("usage"),
        }
        for name in UNSERVED {
            body.null(name);
        }
    });
}

/// Fields of the object that Abide has no value for.
const UNSERVED: &[&str] = &[
    "access_programs",
    "image",
    "input_transformations",
    "moderation",
    "prompt",
    "prompt_cache_diagnostics",
    "tool_usage",
];

/// How far it has come, and why not further.
fn standing(body: &mut Object<'_>, view: &RunView) {
    let (status, shortfall) = match &view.status {
        RunStatus::Completed(Finish::Length) => ("incomplete", Some(Shortfall::OutputTokens)),
        RunStatus::Completed(Finish::ContentFilter) => ("incomplete", Some(Shortfall::ContentFilter)),
        RunStatus::Incomplete(shortfall) => ("incomplete", Some(*shortfall)),
        other @ (RunStatus::Completed(Finish::Stop | Finish::ToolCalls)
        | RunStatus::InProgress
        | RunStatus::Failed(_)
        | RunStatus::Cancelled) => (other.as_str(), None),
    };
    body.text("status", status);
    match view.ended_at.filter(|_| status == "completed") {
        Some(at) => body.seconds("completed_at", at),
        None => body.null("completed_at"),
    }
    match &view.status {
        RunStatus::Failed(error) => {
            body.object("error", |fields| write_error(fields, code(error), &error.message, &error.code));
        }
        // The format's reasons do not have this one, and it is no doing of the client's.
        RunStatus::Incomplete(Shortfall::Interrupted) => {
            let message = "the run was interrupted and was not taken up again";
            let code = Shortfall::Interrupted.as_str();
            body.object("error", |fields| write_error(fields, "server_error", message, code));
        }
        RunStatus::InProgress
        | RunStatus::Completed(_)
        | RunStatus::Incomplete(Shortfall::OutputTokens | Shortfall::ContentFilter)
        | RunStatus::Cancelled => body.null("error"),
    }
    match shortfall {
        Some(why @ (Shortfall::OutputTokens | Shortfall::ContentFilter)) => {
            body.object("incomplete_details", |details| details.text("reason", why.as_str()));
        }
        Some(Shortfall::Interrupted) | None => body.null("incomplete_details"),
    }
}

/// The code among the format's own, whose list is closed.
fn code(error: &RunError) -> &'static str {
    match error.fault {
        Some(FaultKind::RateLimited) => "rate_limit_exceeded",
        Some(FaultKind::BadRequest | FaultKind::Filtered | FaultKind::Unsupported) => "invalid_prompt",
        Some(
            FaultKind::Connect
            | FaultKind::Server
            | FaultKind::Timeout(_)
            | FaultKind::Cut
            | FaultKind::Protocol
            | FaultKind::Auth
            | FaultKind::NoModel,
        )
        | None => "server_error",
    }
}

/// Abide's own code stands in `type`.
fn write_error(fields: &mut Object<'_>, code: &str, message: &str, own: &str) {
    fields.text("code", code);
    fields.text("message", message);
    fields.text("type", own);
    fields.null("param");
    fields.null("misalignment");
}

/// What was asked, with the API's own defaults where the client left it to them.
fn asked(body: &mut Object<'_>, params: &Params) {
    body.maybe_text("instructions", params.instructions.as_deref());
    let sampling = &params.sampling;
    body.raw("temperature", sampling.temperature.as_ref().map_or("1.0", |number| &number.0));
    body.raw("top_p", sampling.top_p.as_ref().map_or("1.0", |number| &number.0));
    match sampling.output_tokens_max {
        Some(max) => body.count("max_output_tokens", max),
        None => body.null("max_output_tokens"),
    }
    body.raw("presence_penalty", "0.0");
    body.raw("frequency_penalty", "0.0");
    body.raw("top_logprobs", "0");
    body.list("tools", &params.tools, write_tool);
    body.value("tool_choice", |out| write_choice(out, &params.tool_choice));
    body.flag("parallel_tool_calls", params.parallel_tools.unwrap_or(true));
    body.object("text", |text| {
        text.object("format", |format| write_format(format, &params.output));
        text.raw("verbosity", kept(params, "verbosity", "\"medium\""));
    });
    body.object("reasoning", |reasoning| {
        reasoning.maybe_text("effort", params.reasoning_effort.as_deref());
        reasoning.maybe_text("summary", params.reasoning_summary.as_deref());
        reasoning.null("generate_summary");
        reasoning.null("context");
        reasoning.null("mode");
    });
    body.text("truncation", "disabled");
    for (name, default) in [
        ("service_tier", "\"default\""),
        ("user", "null"),
        ("safety_identifier", "null"),
        ("prompt_cache_key", "null"),
        ("prompt_cache_options", "null"),
        ("prompt_cache_retention", "null"),
    ] {
        body.raw(name, kept(params, name, default));
    }
    for (name, default) in [(echo::BACKGROUND, "false"), (echo::MAX_TOOL_CALLS, "null")] {
        body.raw(name, params.echo.get(name).map_or(default, |json| json.as_str()));
    }
}

fn kept<'p>(params: &'p Params, name: &str, default: &'p str) -> &'p str {
    params.rest.get(name).map_or(default, |json| json.as_str())
}

fn write_tool(out: &mut Vec<u8>, tool: &Tool) {
    write::object(out, |body| {
        body.text("type", "function");
        body.text("name", &tool.name);
        body.maybe_text("description", tool.description.as_deref());
        body.raw("parameters", tool.parameters.as_ref().map_or("null", |json| json.as_str()));
        maybe_flag(body, "strict", tool.strict);
    });
}

fn maybe_flag(body: &mut Object<'_>, name: &'static str, flag: Option<bool>) {
    match flag {
        Some(flag) => body.flag(name, flag),
        None => body.null(name),
    }
}

fn write_choice(out: &mut Vec<u8>, choice: &ToolChoice) {
    match choice {
        ToolChoice::Auto => write::string(out, "auto"),
        ToolChoice::None => write::string(out, "none"),
        ToolChoice::Required => write::string(out, "required"),
        ToolChoice::Named(name) => write::object(out, |body| {
            body.text("type", "function");
            body.text("name", name);
        }),
    }
}

fn write_format(format: &mut Object<'_>, output: &Output) {
    match output {
        Output::Text => format.text("type", "text"),
        Output::JsonObject => format.text("type", "json_object"),
        Output::JsonSchema { name, description, schema, strict } => {
            format.text("type", "json_schema");
            format.text("name", name);
            format.maybe_text("description", description.as_deref());
            format.raw("schema", schema.as_str());
            maybe_flag(format, "strict", *strict);
        }
    }
}

/// Token counts; counts that no cloud reported say so.
fn write_usage(counts: &mut Object<'_>, usage: &Usage) {
    let tokens = &usage.tokens;
    counts.count("input_tokens", tokens.input);
    counts.object("input_tokens_details", |details| {
        details.count("cached_tokens", tokens.cache_read);
        details.count("cache_write_tokens", tokens.cache_write);
        details.null("cache_write_tokens_details");
    });
    counts.count("output_tokens", tokens.output);
    counts.object("output_tokens_details", |details| details.count("reasoning_tokens", tokens.reasoning));
    counts.count("total_tokens", tokens.total());
    if usage.measure == Measure::Estimated {
        counts.text("abide_measure", usage.measure.as_str());
    }
}

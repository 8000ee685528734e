//! A transcript as JSON for programs.

use crate::cli::answer::{self, Answer};
use abide_engine::{Transcript, TranscriptCall, TranscriptRun, refusal_in_words};
use abide_model::event::RunStatus;
use abide_model::item::{Item, Part};
use abide_model::plan::{Considered, Standing};
use abide_model::run::Placed;
use abide_model::usage::Usage;
use abide_session::record::CallEnd;
use jiff::tz::TimeZone;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct TranscriptJson<'t> {
    id: String,
    customer: &'t str,
    created: Option<String>,
    kept: bool,
    records: u64,
    items: Vec<ItemJson<'t>>,
    runs: Vec<RunJson<'t>>,
}

#[derive(Serialize)]
struct RunJson<'t> {
    id: String,
    model: &'t str,
    key: &'t str,
    status: &'static str,
    incomplete: Option<&'static str>,
    error: Option<ErrorJson<'t>>,
    created: String,
    ended: Option<String>,
    input: Vec<ItemJson<'t>>,
    calls: Vec<CallJson<'t>>,
    /// The plan that left it without a target; null when it never was.
    no_target: Option<Vec<StandingJson<'t>>>,
    output: Vec<ItemJson<'t>>,
    usage: Option<UsageJson>,
}

#[derive(Serialize)]
struct ErrorJson<'t> {
    code: &'t str,
    message: &'t str,
}

#[derive(Serialize)]
struct CallJson<'t> {
    call: u32,
    at: String,
    cloud: &'t str,
    model: &'t str,
    product: &'t str,
    channel: &'t str,
    decision: Answer<'t>,
    plan: Vec<StandingJson<'t>>,
    /// `whole`, `fault`, `lost`, `cancelled`; null while it is under way.
    end: Option<&'static str>,
    fault: Option<ErrorJson<'t>>,
    usage: Option<UsageJson>,
}

#[derive(Serialize)]
struct StandingJson<'t> {
    cloud: &'t str,
    model: &'t str,
    /// From 0; null when it was refused.
    place: Option<u32>,
    why: String,
}

#[derive(Serialize)]
struct UsageJson {
    input_tokens: u64,
    cache_read_tokens: u64,
    cache_write_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    measure: &'static str,
}

#[derive(Serialize)]
struct ItemJson<'t> {
    id: String,
    status: &'static str,
    /// The cloud and model it came from; null for what the client sent.
    from: Option<String>,
    #[serde(flatten)]
    content: ContentJson<'t>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentJson<'t> {
    Message { role: &'static str, text: String },
    ToolCall { name: &'t str, arguments: &'t str, call_id: &'t str },
    ToolResult { call_id: &'t str, text: String },
    Reasoning { text: &'t str, summary: &'t [String] },
}

pub(super) fn transcript(transcript: &Transcript) -> TranscriptJson<'_> {
    TranscriptJson {
        id: transcript.session.to_string(),
        customer: &transcript.owner,
        created: transcript.created_at.map(|at| at.to_string()),
        kept: transcript.kept,
        records: transcript.records,
        items: transcript.loose.iter().map(|placed| item(placed, None)).collect(),
        runs: transcript.runs.iter().map(run).collect(),
    }
}

fn run(run: &TranscriptRun) -> RunJson<'_> {
    let view = &run.view;
    let from = |at: usize| {
        let call = run
            .calls
            .iter()
            .find(|call| (call.first_output as usize..call.end_output as usize).contains(&at));
        call.map(|call| format!("{}/{}", call.started.cloud, call.started.model))
    };
    let (incomplete, error) = match &view.status {
        RunStatus::InProgress | RunStatus::Completed(_) | RunStatus::Cancelled => (None, None),
        RunStatus::Incomplete(shortfall) => (Some(shortfall.as_str()), None),
        RunStatus::Failed(error) => (None, Some(ErrorJson { code: &error.code, message: &error.message })),
    };
    RunJson {
        id: view.id.to_string(),
        model: view.model.as_str(),
        key: &run.key,
        status: view.status.as_str(),
        incomplete,
        error,
        created: view.created_at.to_string(),
        ended: view.ended_at.map(|at| at.to_string()),
        input: view.input.iter().map(|placed| item(placed, None)).collect(),
        calls: run.calls.iter().map(call).collect(),
        no_target: run.nowhere.as_ref().map(|plan| plan.considered.iter().map(standing).collect()),
        output: view.output.iter().enumerate().map(|(at, placed)| item(placed, from(at))).collect(),
        usage: view.usage.as_ref().map(usage),
    }
}

fn call(call: &TranscriptCall) -> CallJson<'_> {
    let started = &call.started;
    let outcome = call.outcome.as_ref();
    let (end, fault) = match outcome.map(|outcome| &outcome.end) {
        None => (None, None),
        Some(CallEnd::Whole) => (Some("whole"), None),
        Some(CallEnd::Lost) => (Some("lost"), None),
        Some(CallEnd::Cancelled) => (Some("cancelled"), None),
        Some(CallEnd::Fault(fault)) => {
            (Some("fault"), Some(ErrorJson { code: fault.kind.as_str(), message: &fault.message }))
        }
    };
    CallJson {
        call: started.call.0,
        at: call.at.to_string(),
        cloud: started.cloud.as_str(),
        model: &started.model,
        product: started.product.as_str(),
        channel: started.channel.as_str(),
        decision: answer::json(&started.decision, &TimeZone::UTC),
        plan: started.plan.considered.iter().map(standing).collect(),
        end,
        fault,
        usage: outcome.and_then(|outcome| outcome.usage.as_ref()).map(usage),
    }
}

fn standing(considered: &Considered) -> StandingJson<'_> {
    let (place, why) = match &considered.standing {
        Standing::Ranked { place, why } => (Some(*place), why.clone()),
        Standing::Refused(refusal) => (None, refusal_in_words(refusal)),
    };
    StandingJson { cloud: considered.cloud.as_str(), model: &considered.model, place, why }
}

fn usage(usage: &Usage) -> UsageJson {
    UsageJson {
        input_tokens: usage.tokens.input,
        cache_read_tokens: usage.tokens.cache_read,
        cache_write_tokens: usage.tokens.cache_write,
        output_tokens: usage.tokens.output,
        reasoning_tokens: usage.tokens.reasoning,
        measure: usage.measure.as_str(),
    }
}

fn item(placed: &Placed, from: Option<String>) -> ItemJson<'_> {
    let content = match &*placed.item {
        Item::Message(message) => {
            ContentJson::Message { role: message.role.as_str(), text: words(&message.parts) }
        }
        Item::ToolCall(call) => {
            ContentJson::ToolCall { name: &call.name, arguments: &call.arguments, call_id: &call.call_id }
        }
        Item::ToolResult(result) => {
            ContentJson::ToolResult { call_id: &result.call_id, text: words(&result.parts) }
        }
        Item::Reasoning(reasoning) => {
            ContentJson::Reasoning { text: &reasoning.text, summary: &reasoning.summary }
        }
    };
    ItemJson {
        id: placed.id.with_prefix(placed.item.id_prefix()),
        status: placed.status.as_str(),
        from,
        content,
    }
}

fn words(parts: &[Part]) -> String {
    parts.iter().filter_map(Part::text).collect::<Vec<_>>().join("\n")
}

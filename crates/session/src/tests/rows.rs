//! What the machine asks for and shows, as rows of text.

use super::stage::{HOME, amount};
use crate::effect::Effect;
use crate::record::{CallEnd, Record};
use crate::run::CallNote;
use abide_model::call::{Delta, ItemStart};
use abide_model::event::{Change, Event, RunStatus};
use abide_model::id::ItemId;
use abide_model::item::{Item, Part};
use abide_model::run::{Placed, RunView};

pub(super) fn effects(effects: &[Effect]) -> Vec<String> {
    let mut rows = Vec::new();
    for effect in effects {
        match effect {
            Effect::Append(append) => {
                let durable = if append.durable { " durable" } else { "" };
                let open = if append.open { " open" } else { "" };
                rows.push(format!("append after {}{durable}{open}", append.expect));
                rows.extend(append.records.iter().map(|stamped| format!("  {}", record(&stamped.record))));
                let line = |line: &abide_model::line::UsageLine| {
                    format!("  line: call {} at {} {}", line.call, line.cloud, amount(&line.usage))
                };
                rows.extend(append.lines.iter().map(line));
            }
            Effect::Emit(events) => rows.extend(events.iter().map(event)),
            Effect::Plan { run, tried, last } => {
                let tried: Vec<String> = tried.iter().map(|(cloud, _)| format!(" not {cloud}")).collect();
                let last = last.as_ref().map(|fault| format!(" after {}", fault.kind.as_str()));
                rows.push(format!("plan run {}{}{}", run.n, tried.concat(), last.unwrap_or_default()));
            }
            Effect::Call { call, target } => rows.push(format!("call {call} to {target}")),
            Effect::Stop { call } => rows.push(format!("stop call {call}")),
        }
    }
    rows
}

fn record(record: &Record) -> String {
    match record {
        Record::Opened(opened) => match opened.parent {
            Some(parent) => format!("opened, continues {:x}/{}", parent.session.0, parent.n),
            None => "opened".to_owned(),
        },
        Record::RunStarted(run) => {
            format!("run {} started, items from {}: {}", run.run, run.first_item, run.input.len())
        }
        Record::CallStarted(call) => {
            format!("call {} started at {}, {} bytes", call.call, call.cloud, call.prompt_bytes)
        }
        Record::Heard { deltas } => {
            format!("heard {}", deltas.iter().map(delta).collect::<Vec<_>>().join(" | "))
        }
        Record::CallEnded { call, end, usage } => {
            let usage = usage.as_ref().map_or("nothing".to_owned(), amount);
            format!("call {call} ended {}, used {usage}", end_word(end))
        }
        Record::RunEnded { status } => format!("run ended {}", status_words(status)),
        Record::ItemsAdded { first_item, items } => format!("items added from {first_item}: {}", items.len()),
        Record::ItemRemoved { id } => format!("item {} removed", short_id(*id)),
        Record::MetadataSet { metadata } => {
            format!("labels {}", metadata.as_ref().map_or("none", |labels| labels.as_str()))
        }
        Record::NowhereToGo { plan } => format!("nowhere to go of {}", plan.considered.len()),
        Record::Forked { child } => format!("forked by {:x}", child.0),
        Record::Deleted => "deleted".to_owned(),
        Record::RunErased { run } => format!("run {run} erased"),
        Record::Recovered => "recovered".to_owned(),
    }
}

fn delta(delta: &Delta) -> String {
    match delta {
        Delta::ItemStarted { index, start } => format!("{index} starts {}", start_words(start)),
        Delta::Text { index, text } => format!("{index} text {text:?}"),
        Delta::Refusal { index, text } => format!("{index} refusal {text:?}"),
        Delta::Arguments { index, json } => format!("{index} args {json:?}"),
        Delta::Reasoning { index, text } => format!("{index} thought {text:?}"),
        Delta::Signed { index, .. } => format!("{index} signed"),
        Delta::ItemDone { index } => format!("{index} done"),
        Delta::Finished(finish) => format!("finish {}", finish.as_str()),
        Delta::Usage(tokens) => format!("usage {}+{}", tokens.input, tokens.output),
    }
}

fn start_words(start: &ItemStart) -> String {
    match start {
        ItemStart::Message => "message".to_owned(),
        ItemStart::Reasoning => "thinking".to_owned(),
        ItemStart::ToolCall { call_id, name } => format!("call {call_id} {name}"),
    }
}

fn end_word(end: &CallEnd) -> &'static str {
    match end {
        CallEnd::Whole => "whole",
        CallEnd::Fault(fault) => fault.kind.as_str(),
        CallEnd::Lost => "lost",
        CallEnd::Cancelled => "cancelled",
    }
}

fn status_words(status: &RunStatus) -> String {
    match status {
        RunStatus::InProgress | RunStatus::Cancelled => status.as_str().to_owned(),
        RunStatus::Completed(finish) => format!("completed ({})", finish.as_str()),
        RunStatus::Incomplete(why) => format!("incomplete ({})", why.as_str()),
        RunStatus::Failed(error) => format!("failed ({})", error.code),
    }
}

/// One event: its place, and what a client sees.
pub(super) fn event(event: &Event) -> String {
    let what = match &event.change {
        Change::Replaced { first } => format!("items from {first} are produced anew"),
        Change::RunStarted => "run started".to_owned(),
        Change::ItemStarted { index, id, start } => {
            format!("output {index} = item {}: {}", short_id(*id), start_words(start))
        }
        Change::Text { index, text } => format!("output {index} text {text:?}"),
        Change::Refusal { index, text } => format!("output {index} refusal {text:?}"),
        Change::Arguments { index, json } => format!("output {index} args {json:?}"),
        Change::Reasoning { index, text } => format!("output {index} thought {text:?}"),
        Change::ItemDone { index, item: done, status, .. } => {
            format!("output {index} {}: {}", status.as_str(), item(done))
        }
        Change::RunEnded { status, usage } => {
            let usage = usage.as_ref().map_or("nothing".to_owned(), amount);
            format!("run {}, used {usage}", status_words(status))
        }
    };
    format!("{}: {what}", event.seq)
}

pub(super) fn items(items: &[Placed]) -> Vec<String> {
    items.iter().map(placed).collect()
}

fn placed(placed: &Placed) -> String {
    let status = match placed.status.as_str() {
        "completed" => String::new(),
        other => format!(" ({other})"),
    };
    format!("{} {}{status}", short_id(placed.id), item(&placed.item))
}

pub(super) fn item(item: &Item) -> String {
    let words = |parts: &[Part]| parts.iter().filter_map(Part::text).collect::<Vec<_>>().join(" / ");
    match item {
        Item::Message(message) => format!("{}: {}", message.role.as_str(), words(&message.parts)),
        Item::ToolCall(call) => format!("call {} {}{}", call.call_id, call.name, call.arguments),
        Item::ToolResult(result) => format!("result {}: {}", result.call_id, words(&result.parts)),
        Item::Reasoning(reasoning) => format!("thinks: {}", reasoning.text),
    }
}

pub(super) fn view(view: &Option<RunView>) -> Vec<String> {
    let Some(view) = view else { return vec!["none".to_owned()] };
    let usage = view.usage.as_ref().map_or("nothing".to_owned(), amount);
    let mut rows = vec![format!("{}, used {usage}", status_words(&view.status))];
    rows.extend(view.input.iter().map(|one| format!("in  {}", placed(one))));
    rows.extend(view.output.iter().map(|one| format!("out {}", placed(one))));
    rows
}

pub(super) fn calls(calls: &[CallNote]) -> Vec<String> {
    let row = |call: &CallNote| {
        let end = call.outcome.as_ref().map_or("under way", |outcome| end_word(&outcome.end));
        format!(
            "call {} at {}: {end}, outputs from {}",
            call.started.call, call.started.cloud, call.first_output
        )
    };
    calls.iter().map(row).collect()
}

/// The item's number, with its session's before it unless that is the story's.
fn short_id(id: ItemId) -> String {
    if id.session == HOME { id.n.to_string() } else { format!("{:x}/{}", id.session.0, id.n) }
}

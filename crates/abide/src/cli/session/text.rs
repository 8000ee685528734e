//! A transcript as text for people.

use crate::cli::print::{Paint, plain};
use crate::cli::when::short;
use abide_engine::{Transcript, TranscriptCall, TranscriptRun, refusal_in_words};
use abide_model::decision::Decision;
use abide_model::event::RunStatus;
use abide_model::item::{Item, ItemStatus, Part};
use abide_model::plan::{Considered, Plan, Standing};
use abide_model::run::Placed;
use abide_model::usage::Usage;
use abide_session::record::CallEnd;

/// Where the words of an item begin.
const MARGIN: &str = "             ";

pub(super) fn transcript(transcript: &Transcript, paint: Paint) -> String {
    let began = transcript.created_at.map_or("-".to_owned(), short);
    let kept = if transcript.kept { "" } else { ", content not kept" };
    let mut text = format!(
        "{} of {}, began {began}, {} records{kept}\n",
        paint.bold("1", &transcript.session.to_string()),
        plain(&transcript.owner, false),
        transcript.records,
    );
    for placed in &transcript.loose {
        item(&mut text, placed, None, paint);
    }
    for run in &transcript.runs {
        text.push('\n');
        one_run(&mut text, run, paint);
    }
    text
}

fn one_run(text: &mut String, run: &TranscriptRun, paint: Paint) {
    let view = &run.view;
    text.push_str(&format!(
        "{} {}\n  {}\n",
        paint.bold("1", &view.id.to_string()),
        status(&view.status, paint),
        paint.dim(&format!(
            "asked {} by key {}, model {}",
            short(view.created_at),
            plain(&run.key, false),
            view.model
        )),
    ));
    for placed in &view.input {
        item(text, placed, None, paint);
    }
    for one in &run.calls {
        call(text, one, paint);
        let from = format!("{}/{}", one.started.cloud, one.started.model);
        let range = one.first_output as usize..one.end_output as usize;
        for placed in view.output.get(range).unwrap_or_default() {
            item(text, placed, Some(&from), paint);
        }
    }
    if let Some(plan) = &run.nowhere {
        text.push_str("  no target\n");
        standings(text, plan, paint);
    }
    if let RunStatus::Failed(error) = &view.status {
        text.push_str(&format!("  error      {}: {}\n", error.code, plain(&error.message, false)));
    }
    if let Some(usage) = &view.usage {
        text.push_str(&format!("  usage      {}\n", used(usage)));
    }
}

fn status(status: &RunStatus, paint: Paint) -> String {
    match status {
        RunStatus::Completed(_) => paint.bold("32", status.as_str()),
        RunStatus::InProgress => paint.bold("36", "at work"),
        RunStatus::Incomplete(shortfall) => {
            format!("{} ({})", paint.bold("33", status.as_str()), shortfall.as_str())
        }
        RunStatus::Cancelled => paint.bold("33", status.as_str()),
        RunStatus::Failed(_) => paint.bold("31", status.as_str()),
    }
}

fn call(text: &mut String, call: &TranscriptCall, paint: Paint) {
    let started = &call.started;
    let place = format!("call {}", started.call);
    text.push_str(&format!(
        "  {place:<10} {} {} {}\n",
        paint.bold("36", &format!("{}/{}", started.cloud, plain(&started.model, false))),
        end(call),
        paint.dim(&format!("({} through {}, left {})", started.product, started.channel, short(call.at))),
    ));
    text.push_str(&format!("{MARGIN}{}\n", decision(&started.decision)));
    standings(text, &started.plan, paint);
}

fn standings(text: &mut String, plan: &Plan, paint: Paint) {
    for considered in &plan.considered {
        text.push_str(&format!("{MARGIN}{}\n", paint.dim(&standing(considered))));
    }
}

fn end(call: &TranscriptCall) -> String {
    let Some(outcome) = &call.outcome else { return "is under way".to_owned() };
    let how = match &outcome.end {
        CallEnd::Whole => "answered".to_owned(),
        CallEnd::Fault(fault) => format!("failed: {}", plain(&fault.to_string(), false)),
        CallEnd::Lost => "was lost with the process".to_owned(),
        CallEnd::Cancelled => "was cancelled".to_owned(),
    };
    match &outcome.usage {
        Some(usage) => format!("{how}, {}", used(usage)),
        None => how,
    }
}

fn used(usage: &Usage) -> String {
    let tokens = &usage.tokens;
    format!("{} tokens in, {} out ({})", tokens.input, tokens.output, usage.measure.as_str())
}

/// `permit: grants apr27.any-cloud (msft-openai/2026-04-27.toml:31)`.
fn decision(decision: &Decision) -> String {
    let clauses = decision.reasons.iter().map(|reason| {
        format!(
            "{} {} ({}:{})",
            reason.effect.as_str(),
            reason.cited.clause,
            plain(&reason.cited.file, false),
            reason.cited.line
        )
    });
    let mut parts: Vec<String> = clauses.collect();
    let duties: Vec<&str> = decision.duties.iter().map(|duty| duty.as_str()).collect();
    if !duties.is_empty() {
        parts.push(format!("counts for {}", duties.join(", ")));
    }
    let verdict = decision.verdict.as_str();
    if parts.is_empty() { verdict.to_owned() } else { format!("{verdict}: {}", parts.join("; ")) }
}

fn standing(considered: &Considered) -> String {
    let target = format!("{}/{}", considered.cloud, plain(&considered.model, false));
    match &considered.standing {
        Standing::Ranked { place, why } => format!("{}. {target}: {}", place + 1, plain(why, false)),
        Standing::Refused(refusal) => format!("-  {target}: {}", refusal_in_words(refusal)),
    }
}

fn item(text: &mut String, placed: &Placed, from: Option<&str>, paint: Paint) {
    let (who, words) = match &*placed.item {
        Item::Message(message) => (message.role.as_str(), parts(&message.parts)),
        Item::ToolCall(call) => ("calls", format!("{}({}) as {}", call.name, call.arguments, call.call_id)),
        Item::ToolResult(result) => ("result", format!("of {}: {}", result.call_id, parts(&result.parts))),
        Item::Reasoning(reasoning) => {
            let thought = reasoning.summary.join("\n");
            ("thinks", if reasoning.text.is_empty() { thought } else { reasoning.text.clone() })
        }
    };
    let cut = match placed.status {
        ItemStatus::Completed => "",
        ItemStatus::InProgress => " [being written]",
        ItemStatus::Incomplete => " [cut off]",
    };
    let from = from.map(|from| paint.dim(&format!("  from {}", plain(from, false)))).unwrap_or_default();
    let words = plain(&words, true).replace('\n', &format!("\n{MARGIN}"));
    text.push_str(&format!("  {who:<10} {words}{cut}{from}\n"));
}

fn parts(parts: &[Part]) -> String {
    let shown = parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Refusal(text) => format!("[refuses] {text}"),
        Part::Image { .. } => "[image]".to_owned(),
    });
    shown.collect::<Vec<_>>().join("\n")
}

//! A decision as text for people and as JSON for programs.

use super::print::{Paint, plain};
use super::when::in_zone;
use abide_agreement::Book;
use abide_model::decision::{Ask, Decision, Reason, SourceClass, Verdict};
use abide_model::name::{Party, Question};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::fmt::Display;

/// The answer, with stable fields.
#[derive(Serialize)]
pub(super) struct Answer<'d> {
    verdict: &'static str,
    toward: Vec<&'d str>,
    questions: Vec<&'d str>,
    until: Option<String>,
    reasons: Vec<ReasonJson<'d>>,
    duties: Vec<&'d str>,
    at: String,
    known: String,
    book: String,
}

#[derive(Serialize)]
struct ReasonJson<'d> {
    clause: &'d str,
    effect: &'static str,
    file: &'d str,
    line: u32,
    quote: Option<&'d str>,
    source: Option<&'static str>,
}

/// Times with the offset of `zone`.
pub(super) fn json<'d>(decision: &'d Decision, zone: &TimeZone) -> Answer<'d> {
    let (toward, questions) = open(&decision.verdict);
    let time = |at| in_zone(at, zone);
    let reasons = decision.reasons.iter().map(|reason| ReasonJson {
        clause: reason.cited.clause.as_str(),
        effect: reason.effect.as_str(),
        file: &reason.cited.file,
        line: reason.cited.line,
        quote: reason.cited.quote.as_deref(),
        source: reason.cited.source.map(SourceClass::as_str),
    });
    Answer {
        verdict: decision.verdict.as_str(),
        toward: toward.iter().map(Party::as_str).collect(),
        questions: questions.iter().map(Question::as_str).collect(),
        until: decision.until.map(time),
        reasons: reasons.collect(),
        duties: decision.duties.iter().map(|clause| clause.as_str()).collect(),
        at: time(decision.at),
        known: time(decision.known),
        book: decision.book.to_string(),
    }
}

pub(super) fn open(verdict: &Verdict) -> (&[Party], &[Question]) {
    match verdict {
        Verdict::NoRight | Verdict::Permit => (&[], &[]),
        Verdict::Breach { toward } => (toward, &[]),
        Verdict::Contested { toward, questions } => (toward, questions),
    }
}

pub(super) fn text(ask: &Ask, decision: &Decision, book: &Book, paint: Paint) -> String {
    let tone = if decision.verdict.permits() { "32" } else { "31" };
    let mut text = format!("{}: {}\n", paint.bold(tone, decision.verdict.as_str()), question(ask));
    let mut line =
        |name: &str, value: &str| text.push_str(&format!("  {name:<11} {}\n", plain(value, false)));
    line("at", &in_zone(decision.at, book.zone()));
    line("as known at", &in_zone(decision.known, book.zone()));
    if let Some(because) = because(ask, decision, book) {
        line("because", &because);
    }
    let (toward, questions) = open(&decision.verdict);
    if !toward.is_empty() {
        line("toward", &list(toward));
    }
    for one in questions {
        let words = book.questions().find(|(id, _)| *id == one).map_or("", |(_, words)| words);
        line("depends on", &format!("{one}: {words}"));
    }
    if !decision.duties.is_empty() {
        line("counts for", &list(&decision.duties));
    }
    if let Some(until) = decision.until {
        line("until", &in_zone(until, book.zone()));
    }
    if !decision.reasons.is_empty() {
        text.push('\n');
    }
    for reason in &decision.reasons {
        text.push_str(&reason_text(reason, paint));
    }
    text
}

/// What decides where no clause does: who owns the product.
fn because(ask: &Ask, decision: &Decision, book: &Book) -> Option<String> {
    let (product, owner) = book.products().find(|(product, _)| **product == ask.product)?;
    match decision.verdict {
        Verdict::Permit if *owner == ask.actor => {
            Some(format!("{owner} owns {product}; no promise forbids it"))
        }
        Verdict::NoRight => {
            Some(format!("{owner} owns {product}; {} holds no grant that covers this", ask.actor))
        }
        Verdict::Permit | Verdict::Breach { .. } | Verdict::Contested { .. } => None,
    }
}

/// The question in words: `amazon sell openai/frontier through aws`.
pub(super) fn question(ask: &Ask) -> String {
    let mut words =
        format!("may {} {} {} through {}", ask.actor, ask.action.as_str(), ask.product, ask.channel);
    if let Some(customer) = &ask.customer {
        words.push_str(&format!(" for {customer}"));
    }
    if let Some(segment) = &ask.segment {
        words.push_str(&format!(" of {segment}"));
    }
    if let Some(territory) = &ask.territory {
        words.push_str(&format!(" in {territory}"));
    }
    words + "?"
}

fn reason_text(reason: &Reason, paint: Paint) -> String {
    let cited = &reason.cited;
    let source = cited.source.map(|class| format!(" ({})", class.as_str())).unwrap_or_default();
    let place = paint.dim(&format!("{}:{}{source}", plain(&cited.file, false), cited.line));
    let effect = reason.effect.as_str();
    let mut text = format!("  {effect:<8} {}  {place}\n", paint.bold("1", cited.clause.as_str()));
    if let Some(quote) = &cited.quote {
        text.push_str(&format!("           “{}”\n", plain(quote, false)));
    }
    text
}

pub(super) fn list(names: &[impl Display]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

//! `abide agreement timeline`: how the answer to one ask changes over the years, as a table and a chart.

use super::super::answer;
use super::super::failure::{Failure, Status};
use super::super::grid::Grid;
use super::super::output;
use super::super::print;
use super::super::when::{self, When, day_or_time, in_zone};
use super::ask::AskWords;
use super::book_folder;
use crate::config;
use abide_agreement::{Book, Span};
use abide_draw::band::{self, Bands, Row};
use abide_draw::{Mark, Tone};
use abide_model::decision::{Ask, Decision, Effect, Verdict};
use abide_model::{Date, Time};
use clap::Args;
use jiff::ToSpan;
use serde::Serialize;
use std::path::PathBuf;

/// What is drawn before the first change and after the last, in days: at least so many, and else a part of the rest.
const DAYS_AROUND_MIN: i32 = 180;
const PART_AROUND: i32 = 8;

/// `abide agreement timeline`.
#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    #[command(flatten)]
    ask: AskWords,
    /// From this time on: a day (its start in the book's zone) or an instant [default: the first change]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    from: Option<When>,
    /// Until this time [default: without end]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<When>,
    /// As known at this time: what was recorded later is not used [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    known: Option<When>,
    /// Write a chart to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct SpanJson {
    from: Option<String>,
    until: Option<String>,
    verdict: &'static str,
    toward: Vec<String>,
    questions: Vec<String>,
    /// The clauses that decide, with what each does.
    reasons: Vec<ReasonJson>,
    duties: Vec<String>,
}

#[derive(Serialize)]
struct ReasonJson {
    clause: String,
    effect: &'static str,
}

impl Timeline {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let book = config::open_book(&self.book)?;
        let instant = |when: Option<When>| when.map(|when| when.instant(&book));
        let (from, until) = (instant(self.from), instant(self.until));
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err(Failure::input("`--until` is not later than `--from`"));
        }
        let known = instant(self.known).unwrap_or_else(when::now);
        let ask = self.ask.ask(&book, known, known)?;
        let spans = book.timeline(&ask, from, until);
        if let Some(path) = &self.svg {
            output::write(path, &chart(&ask, &spans, &book).svg())?;
        }
        if self.json {
            print::json(&spans.iter().map(|span| json(span, &book)).collect::<Vec<_>>())?;
        } else {
            print::text(&text(&ask, &spans, &book))?;
        }
        Ok(Status::Done)
    }
}

fn json(span: &Span, book: &Book) -> SpanJson {
    let time = |at: Time| day_or_time(at, book.zone());
    let (toward, questions) = answer::open(&span.decision.verdict);
    SpanJson {
        from: span.from.map(time),
        until: span.until.map(time),
        verdict: span.decision.verdict.as_str(),
        toward: toward.iter().map(ToString::to_string).collect(),
        questions: questions.iter().map(ToString::to_string).collect(),
        reasons: span
            .decision
            .reasons
            .iter()
            .map(|reason| ReasonJson {
                clause: reason.cited.clause.to_string(),
                effect: reason.effect.as_str(),
            })
            .collect(),
        duties: span.decision.duties.iter().map(ToString::to_string).collect(),
    }
}

fn text(ask: &Ask, spans: &[Span], book: &Book) -> String {
    let time = |at: Time| day_or_time(at, book.zone());
    let mut grid = Grid::new(&["from", "until", "verdict", "toward", "depends on", "clauses", "counts for"]);
    for span in spans {
        let (toward, questions) = answer::open(&span.decision.verdict);
        grid.row([
            &span.from.map_or("ever".to_owned(), time),
            &span.until.map_or("open".to_owned(), time),
            span.decision.verdict.as_str(),
            &answer::list(toward),
            &answer::list(questions),
            &clauses(&span.decision),
            &answer::list(&span.decision.duties),
        ]);
    }
    format!("{}\nas known at {}\n\n{}", answer::question(ask), in_zone(ask.known, book.zone()), grid.text())
}

/// `+` grants, `-` forbids, `~` lifts.
fn clauses(decision: &Decision) -> String {
    let sign = |effect| match effect {
        Effect::Grants => "+",
        Effect::Forbids => "-",
        Effect::Excepts | Effect::Waives => "~",
    };
    let words =
        decision.reasons.iter().map(|reason| format!("{}{}", sign(reason.effect), reason.cited.clause));
    words.collect::<Vec<_>>().join(" ")
}

// ------------------------------------------------------------------ the chart

fn chart(ask: &Ask, spans: &[Span], book: &Book) -> Bands {
    let day = |at: Time| at.to_zoned(book.zone().clone()).date();
    let ends: Vec<Date> = spans.iter().flat_map(|span| [span.from, span.until]).flatten().map(day).collect();
    let known = day(ask.known);
    let first = ends.iter().min().copied().unwrap_or(known);
    let last = ends.iter().max().copied().unwrap_or(known);
    let around = (last - first).get_days() / PART_AROUND;
    let around = around.max(DAYS_AROUND_MIN).days();
    let open_before = spans.first().is_none_or(|span| span.from.is_none());
    let open_after = spans.last().is_none_or(|span| span.until.is_none());
    let from = if open_before { first.saturating_sub(around) } else { first };
    let until = if open_after { last.saturating_add(around) } else { last };
    let mark = (from < known && known < until).then(|| Mark { on: known, label: "as known then".to_owned() });
    let row = |label: &str, shown: fn(&Decision) -> Option<Shown>| Row {
        label: label.to_owned(),
        note: String::new(),
        spans: alike(spans, shown, (from, until), &day),
    };
    let mut rows = vec![row("answer", |decision| Some(verdict(decision)))];
    rows.extend(Some(row("counts toward", duties)).filter(|row| !row.spans.is_empty()));
    let tones: Vec<Tone> = rows.iter().flat_map(|row| &row.spans).map(|span| span.tone).collect();
    let keys = [
        (Tone::Good, "permitted"),
        (Tone::Caution, "contested: depends on open questions"),
        (Tone::Bad, "breach of a promise"),
        (Tone::Muted, "no right"),
    ];
    Bands {
        id: "timeline".to_owned(),
        title: answer::question(ask),
        note: format!("As known on {known}, under the book {}", book.name()),
        from,
        until,
        keys: keys
            .into_iter()
            .filter(|(tone, _)| tones.contains(tone))
            .map(|(tone, words)| (tone, words.to_owned()))
            .collect(),
        rows,
        marks: mark.into_iter().collect(),
    }
}

/// What a band shows of a span: tone, label, detail.
type Shown = (Tone, String, String);

/// Neighbours that look the same are drawn as one.
fn alike(
    spans: &[Span],
    shown: fn(&Decision) -> Option<Shown>,
    (from, until): (Date, Date),
    day: &impl Fn(Time) -> Date,
) -> Vec<band::Span> {
    let mut found: Vec<band::Span> = Vec::new();
    for span in spans {
        let (begins, ends) = (span.from.map_or(from, day), span.until.map_or(until, day));
        let Some((tone, label, detail)) = shown(&span.decision) else { continue };
        match found.last_mut() {
            Some(last)
                if last.until == begins
                    && (last.tone, &last.label, &last.detail) == (tone, &label, &detail) =>
            {
                last.until = ends;
            }
            Some(_) | None => found.push(band::Span { from: begins, until: ends, tone, label, detail }),
        }
    }
    found
}

fn duties(decision: &Decision) -> Option<Shown> {
    (!decision.duties.is_empty()).then(|| (Tone::Plain, answer::list(&decision.duties), String::new()))
}

fn verdict(decision: &Decision) -> Shown {
    let by = |effect: Effect| {
        let names = decision
            .reasons
            .iter()
            .filter(|reason| reason.effect == effect)
            .map(|reason| reason.cited.clause.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    match &decision.verdict {
        Verdict::Permit => {
            let granted = by(Effect::Grants);
            let detail = if granted.is_empty() { String::new() } else { format!("by {granted}") };
            (Tone::Good, "permit".to_owned(), detail)
        }
        Verdict::Contested { toward, questions } => {
            let toward =
                if toward.is_empty() { String::new() } else { format!("toward {}, ", answer::list(toward)) };
            (Tone::Caution, "contested".to_owned(), format!("{toward}on {}", answer::list(questions)))
        }
        Verdict::Breach { toward } => (
            Tone::Bad,
            "breach".to_owned(),
            format!("toward {}, by {}", answer::list(toward), by(Effect::Forbids)),
        ),
        Verdict::NoRight => (Tone::Muted, "no right".to_owned(), String::new()),
    }
}

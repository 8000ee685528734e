//! `abide agreement diff`: what changes between two days, or between two drafts.

use super::super::answer;
use super::super::failure::{Failure, Status};
use super::super::print::{self, Paint};
use super::super::when::{self, When, day_or_time, in_zone};
use super::axes::AxesJson;
use super::book_folder;
use crate::config;
use abide_agreement::{Book, Change, ChangeKind, Diff, Side, TermChange, customers, diff};
use abide_model::decision::Verdict;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// `abide agreement diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffCall {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// The folder of another book, such as a draft; the same book unless given
    #[arg(value_parser = book_folder())]
    other: Option<PathBuf>,
    /// When things are done, in the first book: a day (its start in the book's zone) or an instant [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    before: Option<When>,
    /// When things are done, in the second book [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    after: Option<When>,
    /// As known at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse, conflicts_with = "known_then")]
    known: Option<When>,
    /// As known on each of the two days, so that what became known between them counts as a change
    #[arg(long)]
    known_then: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct DiffJson<'d> {
    asks: Vec<ChangeJson<'d>>,
    terms: Vec<TermJson>,
}

#[derive(Serialize)]
struct ChangeJson<'d> {
    kind: &'static str,
    before: VerdictJson,
    after: VerdictJson,
    actors: Vec<String>,
    #[serde(flatten)]
    axes: AxesJson<'d>,
}

#[derive(Serialize)]
struct VerdictJson {
    verdict: &'static str,
    toward: Vec<String>,
    questions: Vec<String>,
}

#[derive(Serialize)]
struct TermJson {
    kind: &'static str,
    from: String,
    to: Option<String>,
    before: Vec<FiguresJson>,
    after: Vec<FiguresJson>,
}

#[derive(Serialize)]
struct FiguresJson {
    clause: String,
    figures: String,
}

impl DiffCall {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let first = config::open_book(&self.book)?;
        let other = self.other.as_deref().map(config::open_book).transpose()?;
        let second = other.as_ref().unwrap_or(&first);
        if self.other.is_none() && self.before.is_none() && self.after.is_none() {
            return Err(Failure::input("there is nothing to compare")
                .help("name two days with --before and --after, or a second book"));
        }
        let now = when::now();
        let side = |book, at: Option<When>| -> Side<'_> {
            let book: &Book = book;
            let at = at.map_or(now, |at| at.instant(book));
            let known =
                if self.known_then { at } else { self.known.map_or(now, |known| known.instant(book)) };
            Side { book, at, known }
        };
        let (before, after) = (side(&first, self.before), side(second, self.after));
        let found = diff(before, after).map_err(|error| Failure::input(error.to_string()))?;
        if self.json {
            print::json(&json(&found))?;
        } else {
            print::text(&text(&found, before, after, Paint::out()))?;
        }
        Ok(Status::Done)
    }
}

fn json(found: &Diff) -> DiffJson<'_> {
    DiffJson {
        asks: found.asks.iter().map(change_json).collect(),
        terms: found.terms.iter().map(term_json).collect(),
    }
}

fn change_json(change: &Change) -> ChangeJson<'_> {
    ChangeJson {
        kind: change.kind.as_str(),
        before: verdict_json(&change.before),
        after: verdict_json(&change.after),
        actors: names(&change.actors),
        axes: AxesJson::from(change),
    }
}

fn verdict_json(verdict: &Verdict) -> VerdictJson {
    let (toward, questions) = answer::open(verdict);
    VerdictJson { verdict: verdict.as_str(), toward: names(toward), questions: names(questions) }
}

fn term_json(change: &TermChange) -> TermJson {
    let figures = |list: &[(abide_model::name::Clause, String)]| {
        let one = |(clause, figures): &(abide_model::name::Clause, String)| FiguresJson {
            clause: clause.to_string(),
            figures: figures.clone(),
        };
        list.iter().map(one).collect()
    };
    TermJson {
        kind: change.kind,
        from: change.from.to_string(),
        to: change.to.as_ref().map(ToString::to_string),
        before: figures(&change.before),
        after: figures(&change.after),
    }
}

fn names(list: &[impl ToString]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn text(found: &Diff, before: Side<'_>, after: Side<'_>, paint: Paint) -> String {
    let mut text = format!("{}\n{}\n", headline("before", before), headline("after", after));
    let mut last: Option<(ChangeKind, &Verdict, &Verdict)> = None;
    for change in &found.asks {
        let label = (change.kind, &change.before, &change.after);
        if last != Some(label) {
            let turn = format!("{} → {}", verdict(&change.before), verdict(&change.after));
            text += &format!("\n{}: {turn}\n", paint.bold(tone(change.kind), change.kind.as_str()));
            last = Some(label);
        }
        text += &format!("  {}\n", print::plain(&scope(change, &[before.book, after.book]), false));
    }
    for change in &found.terms {
        let to = change.to.as_ref().map_or(String::new(), |to| format!(" to {to}"));
        text += &format!("\n{}: {} from {}{to}\n", paint.bold("1", "terms"), change.kind, change.from);
        for (word, list) in [("before", &change.before), ("after", &change.after)] {
            if list.is_empty() {
                text += &format!("  {word:<7} none\n");
            }
            for (clause, figures) in list {
                text += &format!("  {word:<7} {figures}  ({clause})\n");
            }
        }
    }
    if found.asks.is_empty() && found.terms.is_empty() {
        text += "\nNothing changes.\n";
    }
    text
}

fn headline(word: &str, side: Side<'_>) -> String {
    let zone = side.book.zone();
    format!(
        "{word:<7} {}, {}, as known at {}",
        side.book.name(),
        day_or_time(side.at, zone),
        in_zone(side.known, zone)
    )
}

fn tone(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::NewlyPermitted => "32",
        ChangeKind::NewlyForbidden => "31",
        ChangeKind::NowCertain | ChangeKind::NowContested | ChangeKind::ChangedToward => "33",
    }
}

fn verdict(verdict: &Verdict) -> String {
    let (toward, questions) = answer::open(verdict);
    let mut text = verdict.as_str().to_owned();
    if !questions.is_empty() {
        text += &format!(" on {}", answer::list(questions));
    }
    if !toward.is_empty() {
        text += &format!(" toward {}", answer::list(toward));
    }
    text
}

/// `amazon: serve, sell openai/frontier through aws`.
fn scope(change: &Change, books: &[&Book]) -> String {
    let actions: Vec<&str> = change.actions.iter().map(|action| action.as_str()).collect();
    let text = format!(
        "{}: {} of {} through {}",
        answer::list(&change.actors),
        actions.join(", "),
        answer::list(&change.products),
        answer::list(&change.channels)
    );
    text + &customers(books, &change.segments, &change.territories)
}

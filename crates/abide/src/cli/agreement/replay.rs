//! `abide agreement replay`: which recorded decisions would come out otherwise under another book.

use super::super::StoreFolder;
use super::super::answer;
use super::super::failure::{Failure, Status};
use super::super::grid::Grid;
use super::super::print;
use super::super::when::{self, When, short};
use super::book_folder;
use crate::config;
use abide_agreement::{Replay, Replayed, Turn};
use abide_engine::recorded_decisions;
use abide_store::Reader;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// `abide agreement replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayCall {
    /// The folder of the book in force, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// The folder of the other book, such as a draft
    #[arg(long, value_name = "BOOK", value_parser = book_folder())]
    against: PathBuf,
    /// As if every call were made at this time [default: when it was made]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<When>,
    /// As known at this time [default: all that the other book says]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    known: Option<When>,
    #[command(flatten)]
    store: StoreFolder,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ReplayJson {
    decisions: u64,
    same: u64,
    changed: Vec<TurnJson>,
}

#[derive(Serialize)]
struct TurnJson {
    kind: &'static str,
    decisions: u64,
    before: &'static str,
    after: &'static str,
    toward: Vec<String>,
    questions: Vec<String>,
    clauses: Vec<String>,
    actor: String,
    action: &'static str,
    product: String,
    channel: String,
    segment: Option<String>,
    country: Option<String>,
    first: String,
    last: String,
}

impl ReplayCall {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let book = config::open_book(&self.book)?;
        let other = config::open_book(&self.against)?;
        let mut reader = decisions(&self.store, self.book)?;
        let instant = |when: Option<When>| when.map(|when| when.instant(&other));
        let when = abide_agreement::When { at: instant(self.at), known: instant(self.known) };
        let mut replay = Replay::new(&other, when);
        recorded_decisions(&mut reader, book.owner(), |ask, verdict| replay.add(ask, verdict))?;
        let found = replay.finish();
        if self.json {
            let changed = found.turns.iter().map(json).collect();
            print::json(&ReplayJson { decisions: found.decisions, same: found.same, changed })?;
        } else {
            print::text(&text(&found))?;
        }
        Ok(if found.turns.is_empty() { Status::Done } else { Status::NotPermitted })
    }
}

/// Opens the store whose decisions are looked at.
fn decisions(store: &StoreFolder, book: PathBuf) -> Result<Reader, Failure> {
    let help = "decisions of model calls are kept by `abide serve`: name the folder of its store, --folder DIR, or its \
                configuration, --config FILE; two books alone are compared by `abide agreement diff BOOK DRAFT`";
    let places = store.places(Some(book)).map_err(|failure| match failure {
        Failure::Input { .. } | Failure::Work { .. } => failure.help(help),
        Failure::Findings(_) => failure,
    })?;
    Reader::open(&places.folder).map_err(|error| Failure::from(error).help(help))
}

fn json(turn: &Turn) -> TurnJson {
    let (toward, questions) = answer::open(&turn.after);
    TurnJson {
        kind: turn.kind.as_str(),
        decisions: turn.decisions,
        before: turn.before.as_str(),
        after: turn.after.as_str(),
        toward: toward.iter().map(ToString::to_string).collect(),
        questions: questions.iter().map(ToString::to_string).collect(),
        clauses: turn.clauses.iter().map(ToString::to_string).collect(),
        actor: turn.actor.to_string(),
        action: turn.action.as_str(),
        product: turn.product.to_string(),
        channel: turn.channel.to_string(),
        segment: turn.segment.as_ref().map(ToString::to_string),
        country: turn.territory.as_ref().map(ToString::to_string),
        first: turn.first.to_string(),
        last: turn.last.to_string(),
    }
}

fn text(found: &Replayed) -> String {
    let changed = found.decisions - found.same;
    let mut text = format!("{} decisions: {} the same, {changed} otherwise\n", found.decisions, found.same);
    let mut grid =
        Grid::new(&["decisions", "change", "from", "to", "toward", "clauses", "ask", "first", "last"]);
    for turn in &found.turns {
        let (toward, questions) = answer::open(&turn.after);
        let ask =
            format!("{} {} {} through {}", turn.actor, turn.action.as_str(), turn.product, turn.channel);
        let to = match questions.is_empty() {
            true => turn.after.as_str().to_owned(),
            false => format!("{} on {}", turn.after.as_str(), answer::list(questions)),
        };
        grid.row([
            &turn.decisions.to_string(),
            turn.kind.as_str(),
            turn.before.as_str(),
            &to,
            &answer::list(toward),
            &answer::list(&turn.clauses),
            &ask,
            &short(turn.first),
            &short(turn.last),
        ]);
    }
    if !found.turns.is_empty() {
        text += &format!("\n{}", grid.text());
    }
    text
}

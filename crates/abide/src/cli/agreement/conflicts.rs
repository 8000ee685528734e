//! `abide agreement conflicts`: what collides in a book, with the smallest ask that shows it.

use super::super::failure::{Failure, Status};
use super::super::print::{self, Paint};
use super::super::when::{self, When, day_or_time, in_zone};
use super::axes::AxesJson;
use super::book_folder;
use crate::config;
use abide_agreement::{Book, Conflict, Window};
use abide_model::Time;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `abide agreement conflicts`.
#[derive(Debug, Args)]
pub(crate) struct Conflicts {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// Only what collides at this time or later: a day (its start in the book's zone) or an instant
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    from: Option<When>,
    /// Only what collides before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<When>,
    /// As known at this time: what was recorded later is not used [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    known: Option<When>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ConflictJson<'c> {
    kind: &'static str,
    clauses: Vec<String>,
    witness: WitnessJson,
    from: String,
    until: Option<String>,
    depends_on: Vec<String>,
    /// What they come to where the clauses collide.
    #[serde(rename = "where")]
    is: BTreeMap<String, Option<String>>,
    extent: Vec<AxesJson<'c>>,
    says: String,
    resolve: Vec<String>,
}

#[derive(Serialize)]
struct WitnessJson {
    actor: String,
    action: &'static str,
    product: String,
    channel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    at: String,
}

impl Conflicts {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let book = config::open_book(&self.book)?;
        let window = self.window(&book)?;
        let found = book.conflicts(&window);
        if self.json {
            print::json(&found.iter().map(|one| json(one, &book)).collect::<Vec<_>>())?;
        } else {
            print::text(&text(&found, &window, &book, Paint::out()))?;
        }
        Ok(if found.is_empty() { Status::Done } else { Status::NotPermitted })
    }

    fn window(&self, book: &Book) -> Result<Window, Failure> {
        let instant = |when: Option<When>| when.map(|when| when.instant(book));
        let window = Window {
            from: instant(self.from),
            until: instant(self.until),
            known: instant(self.known).unwrap_or_else(when::now),
        };
        match (window.from, window.until) {
            (Some(from), Some(until)) if until <= from => {
                Err(Failure::input("`--until` is not later than `--from`")
                    .help("the span is half-open: the day of `--until` is not in it"))
            }
            _ => Ok(window),
        }
    }
}

fn json<'c>(conflict: &'c Conflict, book: &Book) -> ConflictJson<'c> {
    let time = |at: Time| day_or_time(at, book.zone());
    let witness = &conflict.witness;
    ConflictJson {
        kind: conflict.kind.as_str(),
        clauses: conflict.clauses.iter().map(ToString::to_string).collect(),
        witness: WitnessJson {
            actor: witness.actor.to_string(),
            action: witness.action.as_str(),
            product: witness.product.to_string(),
            channel: witness.channel.to_string(),
            segment: witness.segment.as_ref().map(ToString::to_string),
            country: witness.territory.as_ref().map(ToString::to_string),
            at: time(witness.at),
        },
        from: time(conflict.from),
        until: conflict.until.map(time),
        depends_on: conflict.depends_on.iter().map(|one| one.question.to_string()).collect(),
        is: conflict.depends_on.iter().map(|one| (one.question.to_string(), one.is.clone())).collect(),
        extent: conflict.extent.iter().map(AxesJson::from).collect(),
        says: conflict.says.clone(),
        resolve: conflict.resolve.clone(),
    }
}

fn text(found: &[Conflict], window: &Window, book: &Book, paint: Paint) -> String {
    let time = |at: Time| day_or_time(at, book.zone());
    let mut head = match found.len() {
        0 => "No conflicts".to_owned(),
        1 => "1 conflict".to_owned(),
        count => format!("{count} conflicts"),
    };
    if let Some(from) = window.from {
        head += &format!(" from {}", time(from));
    }
    if let Some(until) = window.until {
        head += &format!(" until {}", time(until));
    }
    head += &format!(", as known at {}\n", in_zone(window.known, book.zone()));
    for (at, one) in found.iter().enumerate() {
        head.push('\n');
        head.push_str(&block(at + 1, one, book, paint));
    }
    head
}

fn block(number: usize, conflict: &Conflict, book: &Book, paint: Paint) -> String {
    let time = |at: Time| day_or_time(at, book.zone());
    let kind = conflict.kind.as_str();
    let mut text = format!("{number}. {}: {}\n", paint.bold("31", kind), conflict.says);
    let mut line =
        |name: &str, value: &str| text.push_str(&format!("   {name:<11} {}\n", print::plain(value, false)));
    line(
        "when",
        &match conflict.until {
            Some(until) => format!("{} until {}", time(conflict.from), time(until)),
            None => format!("{} on, without end", time(conflict.from)),
        },
    );
    line("for example", &example(conflict));
    for one in &conflict.depends_on {
        let is = one.is.as_deref().unwrap_or("answered one way or another");
        line("if", &format!("{} is {is}: {}", one.question, one.ask));
    }
    for clause in &conflict.clauses {
        let place = book.clauses().find(|(name, ..)| *name == clause);
        line("clause", &place.map_or(clause.to_string(), |(name, file, at)| format!("{name}  {file}:{at}")));
    }
    for way in &conflict.resolve {
        line("resolved by", way);
    }
    text
}

fn example(conflict: &Conflict) -> String {
    let ask = &conflict.witness;
    let mut text = format!("{} {} {} through {}", ask.actor, ask.action.as_str(), ask.product, ask.channel);
    if let Some(segment) = &ask.segment {
        text += &format!(" for a customer of {segment}");
    }
    if let Some(territory) = &ask.territory {
        text += &format!(" in {territory}");
    }
    text
}

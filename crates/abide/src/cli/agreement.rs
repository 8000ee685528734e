//! `abide agreement`: is a book right, what does it allow, what money terms does it hold.

mod ask;
mod axes;
mod conflicts;
mod diff;
mod explain;
mod fmt;
mod render;
mod replay;
mod schema;
mod simulate;
mod terms;
mod timeline;
mod told;

use super::answer;
use super::check::Checked;
use super::failure::{Failure, Status, counted, findings};
use super::print;
use super::when::Times;
use crate::config::{self, BookError};
use ask::AskWords;
use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Subcommand};
use std::path::PathBuf;

const ASK_EXAMPLE: &str = "\
Example:
  abide agreement ask agreements/my-clouds --actor cloud --action sell \\
        --product lab/agent --channel blue --at 2026-03-18

`abide demo` writes a book to try it on: abide-demo/agreements/openai-clouds.

Exit status: 0 permitted, 3 not permitted (no_right, breach, contested), 2 a bad book or call.";

const CONFLICTS_EXAMPLE: &str = "\
Example:
  abide agreement conflicts agreements/my-clouds --from 2026-02-27 --until 2026-04-27

`abide demo` writes a book to try it on: abide-demo/agreements/openai-clouds.

Exit status: 0 none, 3 some, 2 a bad book or call.";

/// What to do with a book.
#[derive(Debug, Subcommand)]
pub(crate) enum Agreement {
    /// Check a book: everything that is wrong, with its place
    Check(Check),
    /// May somebody do something? Answered with the clauses that decide
    #[command(after_help = ASK_EXAMPLE)]
    Ask(AskCall),
    /// How the answer to one ask changes over the years, as a table and a chart
    Timeline(timeline::Timeline),
    /// What changes between two days, or between two drafts: asks in boxes, and money terms
    Diff(diff::DiffCall),
    /// Which recorded decisions would come out otherwise under another book
    Replay(replay::ReplayCall),
    /// Which clauses collide, each time with the smallest ask that shows it
    #[command(after_help = CONFLICTS_EXAMPLE)]
    Conflicts(conflicts::Conflicts),
    /// The money terms in force, with what is known of them
    #[command(after_help = terms::EXAMPLE)]
    Terms(terms::Terms),
    /// Say in plain sentences what a clause promises
    #[command(after_help = explain::EXAMPLE)]
    Explain(explain::Explain),
    /// Lay files out in the one way; comments stay
    #[command(after_help = fmt::EXAMPLE)]
    Fmt(fmt::Fmt),
    /// Lay the whole book before a reader: each clause beside the words it was read from
    #[command(after_help = render::EXAMPLE)]
    Render(render::Render),
    /// What a forecast comes to under drafts of the terms: cash, present value, caps, break-even
    #[command(after_help = simulate::EXAMPLE)]
    Simulate(simulate::Simulate),
    /// Print the JSON Schema of the files, for editors that complete and check TOML
    #[command(after_help = schema::EXAMPLE)]
    Schema(schema::Schema),
}

/// `abide agreement check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `abide agreement ask`.
#[derive(Debug, Args)]
pub(crate) struct AskCall {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    #[command(flatten)]
    ask: AskWords,
    #[command(flatten)]
    times: Times,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// A path to a book: the folder of the one that it is, or lies in.
fn book_folder() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| config::book_root(&path))
}

impl Agreement {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        match self {
            Agreement::Check(check) => check.run(),
            Agreement::Ask(ask) => ask.run(),
            Agreement::Timeline(timeline) => timeline.run(),
            Agreement::Diff(diff) => diff.run(),
            Agreement::Replay(replay) => replay.run(),
            Agreement::Conflicts(conflicts) => conflicts.run(),
            Agreement::Terms(terms) => terms.run(),
            Agreement::Explain(explain) => explain.run(),
            Agreement::Fmt(fmt) => fmt.run(),
            Agreement::Render(render) => render.run(),
            Agreement::Simulate(simulate) => simulate.run(),
            Agreement::Schema(schema) => schema.run(),
        }
    }
}

impl Check {
    fn run(self) -> Result<Status, Failure> {
        let book = match config::open_book(&self.book) {
            Ok(book) => book,
            Err(BookError::Findings(found)) if self.json => {
                print::json(&Checked::new(false, &found))?;
                return Ok(Status::BadInput);
            }
            Err(error) => return Err(error.into()),
        };
        let warnings = config::shown_findings(&self.book, book.warnings());
        if self.json {
            print::json(&Checked::new(true, &warnings))?;
            return Ok(Status::Done);
        }
        if !warnings.is_empty() {
            print::aside(&findings(&warnings, print::color_on_stderr()));
        }
        print::text(&format!(
            "book `{}` of {}: {} parties, {} products, {} channels, {} clauses; {}\n",
            book.name(),
            book.owner(),
            book.parties().count(),
            book.products().count(),
            book.channels().count(),
            book.clauses().count(),
            counted(&warnings),
        ))?;
        Ok(Status::Done)
    }
}

impl AskCall {
    fn run(self) -> Result<Status, Failure> {
        let book = config::open_book(&self.book)?;
        let (at, known) = self.times.instants(&book);
        let ask = self.ask.ask(&book, at, known)?;
        let decision = book.decide(&ask);
        if self.json {
            print::json(&answer::json(&decision, book.zone()))?;
        } else {
            print::text(&answer::text(&ask, &decision, &book, print::Paint::out()))?;
        }
        Ok(if decision.verdict.permits() { Status::Done } else { Status::NotPermitted })
    }
}

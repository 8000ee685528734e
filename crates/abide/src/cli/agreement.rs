//! `abide agreement`: is a book right, what does it allow, what money terms does it hold.

mod ask;
mod conflicts;
mod diff;
mod explain;
mod fmt;
mod render;
mod replay;
mod schema;
mod simulate;
mod timeline;
mod told;

use super::answer;
use super::check::Checked;
use super::failure::{Failure, Status, counted, findings};
use super::grid::Grid;
use super::print;
use super::when::{self, When};
use crate::config::{self, BookError};
use abide_model::money::grouped;
use abide_model::terms::{Basis, Limit, Rates, Share};
use ask::AskWords;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;

const ASK_EXAMPLE: &str = "\
Example:
  abide agreement ask abide-demo/agreements/openai-clouds --actor amazon --action sell \\
        --product openai/frontier --channel aws --at 2026-03-18

`abide demo` writes that book.

Exit status: 0 permitted, 3 not permitted (no_right, breach, contested), 2 a bad book or call.";

const CONFLICTS_EXAMPLE: &str = "\
Example:
  abide agreement conflicts abide-demo/agreements/openai-clouds --from 2026-02-27 --until 2026-04-27

`abide demo` writes that book.

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
    /// The revenue shares in force, with what is known of their caps
    Terms(Terms),
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
    /// The folder of the book
    book: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `abide agreement ask`.
#[derive(Debug, Args)]
pub(crate) struct AskCall {
    /// The folder of the book
    book: PathBuf,
    #[command(flatten)]
    ask: AskWords,
    /// When it is done: a day (its start in the book's zone) or an instant [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<When>,
    /// As known at this time: what was recorded later is not used [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    known: Option<When>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `abide agreement terms`.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// The folder of the book
    book: PathBuf,
    /// In force at this time: a day (its start in the book's zone) or an instant [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<When>,
    /// As known at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    known: Option<When>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
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
        let now = when::now();
        let instant = |when: Option<When>| when.map_or(now, |when| when.instant(&book));
        let ask = self.ask.ask(&book, instant(self.at), instant(self.known))?;
        let decision = book.decide(&ask);
        if self.json {
            print::json(&answer::json(&decision, book.zone()))?;
        } else {
            print::text(&answer::text(&ask, &decision, &book, print::Paint::out()))?;
        }
        Ok(if decision.verdict.permits() { Status::Done } else { Status::NotPermitted })
    }
}

#[derive(Serialize)]
struct ShareJson {
    clause: String,
    payer: String,
    payee: String,
    rate: String,
    every: &'static str,
    since: String,
    until: Option<String>,
    /// `none`, `unknown` or `total`.
    cap: &'static str,
    cap_total: Option<String>,
}

impl Terms {
    fn run(self) -> Result<Status, Failure> {
        let book = config::open_book(&self.book)?;
        let now = when::now();
        let at = self.at.map_or(now, |at| at.instant(&book));
        let known = self.known.map_or(now, |known| known.instant(&book));
        let mut shares = book.shares(known);
        shares.retain(|share| {
            let begun = book.start_of_day(share.since) <= at;
            begun && share.until.is_none_or(|until| at < book.start_of_day(until))
        });
        if self.json {
            print::json(&shares.iter().map(share_json).collect::<Vec<_>>())?;
            return Ok(Status::Done);
        }
        let zone = book.zone();
        let head = format!(
            "Revenue shares at {}, as known at {}\n",
            when::in_zone(at, zone),
            when::in_zone(known, zone)
        );
        let body = if shares.is_empty() { "none\n".to_owned() } else { table(&shares) };
        print::text(&(head + &body))?;
        Ok(Status::Done)
    }
}

fn table(shares: &[Share]) -> String {
    let mut grid = Grid::new(&["clause", "from", "to", "rate", "every", "since", "until", "cap"]);
    for share in shares {
        let (cap, total) = cap(&share.cap.total);
        grid.row([
            share.clause.as_str(),
            share.payer.as_str(),
            share.payee.as_str(),
            &rate(&share.rates),
            share.every.as_str(),
            &share.since.to_string(),
            &share.until.map_or("-".to_owned(), |until| until.to_string()),
            &total.as_deref().map_or(cap.to_owned(), grouped),
        ]);
    }
    grid.text()
}

fn share_json(share: &Share) -> ShareJson {
    let (cap, cap_total) = cap(&share.cap.total);
    ShareJson {
        clause: share.clause.to_string(),
        payer: share.payer.to_string(),
        payee: share.payee.to_string(),
        rate: rate(&share.rates),
        every: share.every.as_str(),
        since: share.since.to_string(),
        until: share.until.map(|until| until.to_string()),
        cap,
        cap_total,
    }
}

/// `20%`, or each tier with where it ends: `20% to 10000000.00 USD, 5%`.
fn rate(rates: &Rates) -> String {
    let tiers = rates.tiers.iter().map(|tier| match tier.upto {
        Some(upto) => format!("{} to {upto}", tier.rate.percent()),
        None => tier.rate.percent(),
    });
    let basis = match (rates.basis, rates.as_flat()) {
        (Basis::Volume, None) => " by volume",
        (Basis::Volume, Some(_)) | (Basis::Marginal, _) => "",
    };
    tiers.collect::<Vec<_>>().join(", ") + basis
}

fn cap(cap: &Limit) -> (&'static str, Option<String>) {
    match cap {
        Limit::None => ("none", None),
        Limit::Unknown => ("unknown", None),
        Limit::Of(total) => ("total", Some(total.to_string())),
    }
}

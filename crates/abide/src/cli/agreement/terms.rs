//! `abide agreement terms`: the money terms in force, as a table and as JSON.

use super::super::failure::{Failure, Status};
use super::super::grid::Grid;
use super::super::print;
use super::super::when::{self, Times};
use super::book_folder;
use crate::config;
use abide_agreement::InForce;
use abide_model::Date;
use abide_model::money::{Amount, Exact};
use abide_model::terms::{
    Cap, Commit, Comparable, Guarantee, Limit, Minimum, Parity, Share, Split, Stage, Stake, Step, Take, Term,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "\
Example:
  abide agreement terms agreements/my-clouds --at 2026-05-01 --known 2026-05-01

`abide demo` writes a book to try it on: abide-demo/agreements/openai-clouds.";

/// `abide agreement terms`.
#[derive(Debug, Args)]
pub(crate) struct Terms {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    #[command(flatten)]
    times: Times,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Terms {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let book = config::open_book(&self.book)?;
        let (at, known) = self.times.instants(&book);
        let terms = book.terms(known);
        let found = book.in_force(&terms, at, known);
        if self.json {
            print::json(&found.iter().map(json).collect::<Vec<_>>())?;
            return Ok(Status::Done);
        }
        let zone = book.zone();
        let head = format!(
            "Money terms at {}, as known at {}\n",
            when::in_zone(at, zone),
            when::in_zone(known, zone)
        );
        let body = if found.is_empty() { "none\n".to_owned() } else { table(&found) };
        print::text(&(head + &body))?;
        Ok(Status::Done)
    }
}

fn table(found: &[InForce<'_>]) -> String {
    let mut grid = Grid::new(&["kind", "clause", "from", "to", "since", "until", "terms"]);
    for one in found {
        let term = one.term;
        let points: Vec<&str> = one.hangs_on.iter().map(|point| point.as_str()).collect();
        let hanging =
            if points.is_empty() { String::new() } else { format!("; hangs on {}", points.join(", ")) };
        grid.row([
            term.kind(),
            term.clause().as_str(),
            term.from().as_str(),
            term.to().map_or("-", |to| to.as_str()),
            &day(term.since()).unwrap_or_else(|| "-".to_owned()),
            &day(term.until()).unwrap_or_else(|| "-".to_owned()),
            &(one.figures.clone() + &hanging),
        ]);
    }
    grid.text()
}

fn day(day: Option<Date>) -> Option<String> {
    day.map(|day| day.to_string())
}

/// A term with stable fields. Amounts, percentages and lengths of time are text as in the files, `unknown` where there is
/// an amount that is not known, and absent or `null` where there is none.
#[derive(Serialize)]
struct TermJson<'t> {
    kind: &'static str,
    clause: &'t str,
    from: &'t str,
    to: Option<&'t str>,
    since: Option<String>,
    until: Option<String>,
    /// All of it in words.
    figures: &'t str,
    /// The open points on which it hangs whether it counts.
    hangs_on: Vec<&'t str>,
    #[serde(flatten)]
    own: OwnJson<'t>,
}

/// What the terms of one kind have.
#[derive(Serialize)]
#[serde(untagged)]
enum OwnJson<'t> {
    Share {
        tiers: Vec<TierJson>,
        basis: &'static str,
        reset: Option<&'static str>,
        every: &'static str,
        floor: Option<String>,
        cap: CapJson,
        currency: Option<String>,
        conversion: &'static str,
    },
    Guarantee {
        over: Vec<&'t str>,
        every: &'static str,
        minima: Vec<AmountJson>,
        window: u32,
    },
    Commit {
        stages: Vec<AmountJson>,
        capacity: Option<String>,
        shortfall: String,
        carry: String,
        rollover: String,
    },
    Split {
        every: &'static str,
        rounding: &'static str,
        steps: Vec<StepJson<'t>>,
    },
    Parity {
        every: &'static str,
        against: Vec<AgainstJson<'t>>,
    },
    Stake {
        percent: Option<String>,
        invested: Option<String>,
    },
}

#[derive(Serialize)]
struct TierJson {
    upto: Option<String>,
    rate: String,
}

#[derive(Serialize)]
struct CapJson {
    period: Option<String>,
    total: Option<String>,
    from: Option<String>,
    used: Option<String>,
}

/// A minimum, or a stage of a commitment.
#[derive(Serialize)]
struct AmountJson {
    since: String,
    until: Option<String>,
    amount: String,
    /// Whether the commitment ends before the stage would have, so that no shortfall of it is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    lapses: Option<bool>,
}

#[derive(Serialize)]
struct StepJson<'t> {
    to: &'t str,
    /// `fixed`, `gross`, `remaining`, `wholesale` or `remainder`.
    take: &'static str,
    /// How much, where it is not all that remains.
    of: Option<String>,
    cap: Option<String>,
}

#[derive(Serialize)]
struct AgainstJson<'t> {
    /// Everybody else when empty.
    customers: Vec<&'t str>,
    adjust: String,
    at_most: Option<String>,
}

fn json<'t>(one: &'t InForce<'t>) -> TermJson<'t> {
    let term = one.term;
    TermJson {
        kind: term.kind(),
        clause: term.clause().as_str(),
        from: term.from().as_str(),
        to: term.to().map(|to| to.as_str()),
        since: day(term.since()),
        until: day(term.until()),
        figures: &one.figures,
        hangs_on: one.hangs_on.iter().map(|point| point.as_str()).collect(),
        own: match term {
            Term::Share(share) => self::share(share),
            Term::Guarantee(guarantee) => self::guarantee(guarantee),
            Term::Commit(commit) => self::commit(commit),
            Term::Split(split) => self::split(split),
            Term::Parity(parity) => self::parity(parity),
            Term::Stake(stake) => self::stake(stake),
        },
    }
}

fn share(share: &Share) -> OwnJson<'_> {
    let tier = |tier: &abide_model::terms::Tier| TierJson {
        upto: tier.upto.as_ref().map(Amount::to_string),
        rate: tier.rate.percent(),
    };
    OwnJson::Share {
        tiers: share.rates.tiers.iter().map(tier).collect(),
        basis: share.rates.basis.as_str(),
        reset: share.rates.reset.map(|every| every.as_str()),
        every: share.every.as_str(),
        floor: share.floor.as_ref().map(Amount::to_string),
        cap: cap(&share.cap),
        currency: share.currency.map(|currency| currency.to_string()),
        conversion: share.conversion.as_str(),
    }
}

fn cap(cap: &Cap) -> CapJson {
    CapJson {
        period: limit(&cap.period),
        total: limit(&cap.total),
        from: day(cap.from),
        used: limit(&cap.used),
    }
}

fn limit(limit: &Limit) -> Option<String> {
    match limit {
        Limit::None => None,
        Limit::Unknown => Some(UNKNOWN.to_owned()),
        Limit::Of(amount) => Some(amount.to_string()),
    }
}

/// The word of the files for a figure that exists and is not known.
const UNKNOWN: &str = "unknown";

fn guarantee(guarantee: &Guarantee) -> OwnJson<'_> {
    let minimum = |one: &Minimum| AmountJson {
        since: one.since.to_string(),
        until: day(one.until),
        amount: one.amount.to_string(),
        lapses: None,
    };
    OwnJson::Guarantee {
        over: guarantee.over.iter().map(|clause| clause.as_str()).collect(),
        every: guarantee.every.as_str(),
        minima: guarantee.minima.iter().map(minimum).collect(),
        window: guarantee.window,
    }
}

fn commit(commit: &Commit) -> OwnJson<'_> {
    let stage = |stage: &Stage| AmountJson {
        since: stage.since.to_string(),
        until: day(stage.until),
        amount: stage.amount.as_ref().map_or(UNKNOWN.to_owned(), Amount::to_string),
        lapses: Some(stage.lapsed),
    };
    OwnJson::Commit {
        stages: commit.stages.iter().map(stage).collect(),
        capacity: commit.capacity.as_ref().map(|capacity| format!("{} {}", capacity.count, capacity.unit)),
        shortfall: commit.shortfall.percent(),
        carry: commit.carry.percent(),
        rollover: commit.rollover.percent(),
    }
}

fn split(split: &Split) -> OwnJson<'_> {
    OwnJson::Split {
        every: split.every.as_str(),
        rounding: split.rounding.as_str(),
        steps: split.steps.iter().map(step).collect(),
    }
}

fn step(step: &Step) -> StepJson<'_> {
    let (take, of) = match &step.take {
        Take::Fixed(amount) => ("fixed", Some(amount.to_string())),
        Take::Gross(rate) => ("gross", Some(rate.percent())),
        Take::Remaining(rate) => ("remaining", Some(rate.percent())),
        Take::Wholesale(amount) => ("wholesale", Some(amount.to_string())),
        Take::Remainder => ("remainder", None),
    };
    StepJson { to: step.to.as_str(), take, of, cap: step.cap.as_ref().map(Amount::to_string) }
}

fn parity(parity: &Parity) -> OwnJson<'_> {
    OwnJson::Parity { every: parity.every.as_str(), against: parity.against.iter().map(against).collect() }
}

fn against(one: &Comparable) -> AgainstJson<'_> {
    AgainstJson {
        customers: one.customers.iter().map(|name| name.as_str()).collect(),
        adjust: one.adjust.percent(),
        at_most: one.at_most.as_ref().map(Exact::to_string),
    }
}

fn stake(stake: &Stake) -> OwnJson<'_> {
    OwnJson::Stake {
        percent: stake.percent.as_ref().map(Exact::percent),
        invested: stake.invested.as_ref().map(Amount::to_string),
    }
}

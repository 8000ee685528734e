//! How far commitments are drawn down, month by month, and what is left to be bought.

use super::outcome::{Drawn, figure, reached};
use super::{Figure, Reached};
use crate::share::Span;
use crate::sum::TooLarge;
use crate::tally::{self, Account, Entry, Kind, Stretch, Tally};
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Clause, Party};
use abide_model::terms::{Commit, Stage, Terms};

/// What a draft comes to for one commitment, in its own currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOutcome {
    /// Which.
    pub clause: Clause,
    /// Who buys.
    pub buyer: Party,
    /// From whom.
    pub seller: Party,
    /// The currency of its figures.
    pub currency: Currency,
    /// What was bought before the horizon, as far as it was entered, in minor units.
    pub before: i128,
    /// What has been bought by the end of each period of the tables, that before the horizon included.
    pub bought: Vec<Figure>,
    /// Its stages that reach into the horizon.
    pub stages: Vec<StageOutcome>,
}

/// What a stage of a commitment comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageOutcome {
    /// Its first day.
    pub since: Date,
    /// The first day after it; `None` when no end is known.
    pub until: Option<Date>,
    /// Whether it ends within the horizon. Else nothing is owed of it: what is missing may still be bought.
    pub closed: bool,
    /// What is to be bought in it, with what came from the stage before; `None` where that is not known.
    pub wanted: Option<Figure>,
    /// What is bought in it by the end of the horizon.
    pub bought: Figure,
    /// What is missing then.
    pub left: Figure,
    /// What is owed of it.
    pub due: Figure,
    /// When all of it has been bought; `None` where it is not known how much that is.
    pub met: Option<Reached>,
}

/// What one commitment comes to in one future, in currency units.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawdown {
    /// What each stage has been drawn down by the end of each month, by day.
    months: Vec<(Date, Vec<Exact>)>,
    /// What they come to, in their order.
    stages: Vec<Option<Entry>>,
}

/// What has been bought toward each commitment by the end of a month.
pub(super) fn note(drawdowns: &mut [Drawdown], tally: &Tally, day: Date) {
    for (drawdown, drawn) in drawdowns.iter_mut().zip(tally.drawn()) {
        drawdown.months.push((day, drawn));
    }
}

/// Keeps what the commitments were worked out to.
pub(super) fn keep(drawdowns: &mut [Drawdown], terms: &Terms, accounts: &[Account]) {
    let commits = accounts.iter().filter(|account| account.kind == Kind::Commit);
    for ((drawdown, commit), account) in drawdowns.iter_mut().zip(&terms.commits).zip(commits) {
        let entry = |stage: &Stage| {
            let stretch = Stretch::Stage(stage.since, stage.until);
            account.entries.iter().find(|entry| entry.stretch == stretch).cloned()
        };
        drawdown.stages = commit.stages.iter().map(entry).collect();
    }
}

/// Every commitment of a draft over many futures.
pub(super) fn outcomes(all: &[Drawn<'_>]) -> Result<Vec<CommitOutcome>, TooLarge> {
    let mut found: Vec<CommitOutcome> = Vec::new();
    for commit in all.iter().flat_map(|one| &one.plan.terms.commits) {
        if !found.iter().any(|one| one.clause == commit.clause) {
            found.push(outcome(commit, all)?);
        }
    }
    Ok(found)
}

fn outcome(commit: &Commit, all: &[Drawn<'_>]) -> Result<CommitOutcome, TooLarge> {
    let currency = tally::commit_currency(commit).unwrap_or(Currency::USD);
    let minor = |exact: &Exact| exact.to_minor(currency).ok_or(TooLarge { currency });
    let drawdowns: Vec<&Drawdown> = all.iter().filter_map(|one| one.drawdown(&commit.clause)).collect();
    let (from, periods) = all.first().map_or((Date::MIN, &[][..]), |one| (one.plan.from, one.plan.periods));
    let by = |day: Date| -> Result<Vec<i128>, TooLarge> {
        drawdowns.iter().map(|one| minor(&one.by(day).iter().cloned().sum())).collect()
    };
    let bought = periods.iter().map(|stage| Ok(exactly(by(stage.until)?)));
    let until = all.first().map_or(Date::MAX, |one| one.plan.until);
    let within = |stage: &Stage| stage.since < until && stage.until.is_none_or(|until| from < until);
    let stages = commit.stages.iter().filter(|stage| within(stage));
    let stages = stages.map(|stage| self::stage(stage, &drawdowns, &minor));
    Ok(CommitOutcome {
        clause: commit.clause.clone(),
        buyer: commit.buyer.clone(),
        seller: commit.seller.clone(),
        currency,
        before: by(from)?.first().copied().unwrap_or(0),
        bought: bought.collect::<Result<_, TooLarge>>()?,
        stages: stages.collect::<Result<_, _>>()?,
    })
}

fn stage(
    stage: &Stage,
    drawdowns: &[&Drawdown],
    minor: &dyn Fn(&Exact) -> Result<i128, TooLarge>,
) -> Result<StageOutcome, TooLarge> {
    let stretch = Stretch::Stage(stage.since, stage.until);
    let found: Vec<(&Drawdown, usize, &Entry)> = drawdowns
        .iter()
        .filter_map(|one| one.stage(stretch).map(|(place, entry)| (*one, place, entry)))
        .collect();
    let figured = |names: &[&str]| -> Result<Vec<i128>, TooLarge> {
        let spans = found.iter().filter_map(|(.., entry)| names.iter().find_map(|name| entry.figure(name)));
        spans.map(|span| minor(&span.high)).collect()
    };
    let wanted = figured(&[tally::WANTED])?;
    let due = found.iter().map(|(.., entry)| entry.owed.first().map_or(0, |owing| owing.due.high)).collect();
    let last = stretch.last_day().unwrap_or(Date::MAX);
    let met = found.iter().filter_map(|(drawdown, place, entry)| {
        let wanted = &entry.figure(tally::WANTED)?.high;
        let full = |drawn: &[Exact]| drawn.get(*place).is_some_and(|drawn| drawn >= wanted);
        let month = drawdown.months.iter().find(|(_, drawn)| full(drawn));
        // A stage of which what was carried on leaves nothing to buy is met on its first day.
        let day = month.map(|(day, _)| *day.max(&stage.since).min(&last));
        Some(Span { low: day, high: day })
    });
    let met: Vec<Span<Option<Date>>> = met.collect();
    Ok(StageOutcome {
        since: stage.since,
        until: stage.until,
        closed: found.first().is_some_and(|(.., entry)| entry.closed),
        bought: exactly(figured(&[tally::BOUGHT])?),
        wanted: (!wanted.is_empty()).then(|| exactly(wanted)),
        left: exactly(figured(&[tally::SHORT, tally::LEFT])?),
        due: exactly(due),
        met: (!met.is_empty()).then(|| reached(&met)),
    })
}

fn exactly(values: Vec<i128>) -> Figure {
    figure(values.into_iter().map(|value| Span { low: value, high: value }))
}

impl Drawdown {
    fn stage(&self, stretch: Stretch) -> Option<(usize, &Entry)> {
        let mut all =
            self.stages.iter().enumerate().filter_map(|(place, entry)| Some((place, entry.as_ref()?)));
        all.find(|(_, entry)| entry.stretch == stretch)
    }

    /// What each stage has been drawn down before a day.
    fn by(&self, day: Date) -> &[Exact] {
        let after = self.months.partition_point(|(end, _)| *end < day);
        let last = after.checked_sub(1).and_then(|at| self.months.get(at));
        last.map_or(&[], |(_, drawn)| drawn)
    }
}

impl Drawn<'_> {
    fn drawdown(&self, clause: &Clause) -> Option<&Drawdown> {
        let place = self.plan.terms.commits.iter().position(|commit| commit.clause == *clause)?;
        self.sheet.drawdowns.get(place)
    }
}

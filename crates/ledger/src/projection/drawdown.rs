//! How far commitments are drawn down, month by month, and what is left to be bought.

use super::outcome::{Drawn, figure, reached};
use super::run::Plan;
use super::{Figure, Reached};
use crate::share::Span;
use crate::sum::TooLarge;
use crate::tally::{self, Account, Entry, Kind, Stretch, Tally};
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Clause, Party};
use abide_model::terms::{Commit, Stage};

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

/// What one commitment comes to in one future, in minor units of its currency. One is kept of every future, so it holds
/// what is shown and nothing else.
#[derive(Debug, Clone)]
pub(super) struct Drawdown {
    before: i128,
    /// For each period of the tables, what has been bought by its end.
    bought: Vec<i128>,
    stages: Vec<Kept>,
}

/// What a stage comes to in one future, in minor units.
#[derive(Debug, Clone)]
struct Kept {
    stretch: Stretch,
    closed: bool,
    wanted: Option<i128>,
    bought: Option<i128>,
    left: Option<i128>,
    due: i128,
    /// When all of it has been bought, if it has; `None` where it is not known how much that is.
    met: Option<Option<Date>>,
}

/// What each stage of one commitment has been drawn down by the end of each month, by day, in currency units: while a
/// future is worked out.
#[derive(Debug, Clone, Default)]
pub(super) struct Months(Vec<(Date, Vec<Exact>)>);

/// What has been bought toward each commitment by the end of a month.
pub(super) fn note(all: &mut [Months], tally: &Tally, day: Date) {
    for (months, drawn) in all.iter_mut().zip(tally.drawn()) {
        months.0.push((day, drawn));
    }
}

/// What the commitments of a draft were worked out to.
pub(super) fn keep(
    plan: &Plan<'_>,
    months: &[Months],
    accounts: &[Account],
) -> Result<Vec<Drawdown>, TooLarge> {
    let accounts = accounts.iter().filter(|account| account.kind == Kind::Commit);
    let all = plan.terms.commits.iter().zip(months).zip(accounts);
    all.map(|((commit, months), account)| {
        let currency = currency(commit);
        let by = |day: Date| minor(&months.by(day).iter().cloned().sum(), currency);
        let stages = commit.stages.iter().enumerate().filter_map(|(place, stage)| {
            let stretch = Stretch::Stage(stage.since, stage.until);
            let entry = account.entries.iter().find(|entry| entry.stretch == stretch)?;
            Some(Kept::new(stage, entry, currency, |wanted| months.met(place, stage, wanted)))
        });
        Ok(Drawdown {
            before: by(plan.from)?,
            bought: plan.periods.iter().map(|period| by(period.until)).collect::<Result<_, _>>()?,
            stages: stages.collect::<Result<_, _>>()?,
        })
    })
    .collect()
}

fn currency(commit: &Commit) -> Currency {
    tally::commit_currency(commit).unwrap_or(Currency::USD)
}

fn minor(exact: &Exact, currency: Currency) -> Result<i128, TooLarge> {
    exact.to_minor(currency).ok_or(TooLarge { currency })
}

/// Every commitment of a draft over many futures.
pub(super) fn outcomes(all: &[Drawn<'_>]) -> Vec<CommitOutcome> {
    let mut found: Vec<CommitOutcome> = Vec::new();
    for commit in all.iter().flat_map(|one| &one.plan.terms.commits) {
        if !found.iter().any(|one| one.clause == commit.clause) {
            found.push(outcome(commit, all));
        }
    }
    found
}

fn outcome(commit: &Commit, all: &[Drawn<'_>]) -> CommitOutcome {
    let drawdowns: Vec<&Drawdown> = all.iter().filter_map(|one| one.drawdown(&commit.clause)).collect();
    let (from, until) = all.first().map_or((Date::MIN, Date::MAX), |one| (one.plan.from, one.plan.until));
    let periods = 0..all.first().map_or(0, |one| one.plan.periods.len());
    let bought =
        |period: usize| exactly(drawdowns.iter().filter_map(|one| one.bought.get(period).copied()).collect());
    let within = |stage: &&Stage| stage.since < until && stage.until.is_none_or(|until| from < until);
    let stages = commit.stages.iter().filter(within);
    CommitOutcome {
        clause: commit.clause.clone(),
        buyer: commit.buyer.clone(),
        seller: commit.seller.clone(),
        currency: currency(commit),
        before: drawdowns.first().map_or(0, |one| one.before),
        bought: periods.map(bought).collect(),
        stages: stages.map(|stage| self::stage(stage, &drawdowns)).collect(),
    }
}

fn stage(stage: &Stage, drawdowns: &[&Drawdown]) -> StageOutcome {
    let stretch = Stretch::Stage(stage.since, stage.until);
    let found = drawdowns.iter().filter_map(|one| one.stages.iter().find(|kept| kept.stretch == stretch));
    let found: Vec<&Kept> = found.collect();
    let all = |of: fn(&Kept) -> Option<i128>| found.iter().filter_map(|kept| of(kept)).collect::<Vec<_>>();
    let wanted = all(|kept| kept.wanted);
    let met = found.iter().filter_map(|kept| kept.met.map(|day| Span { low: day, high: day }));
    let met: Vec<Span<Option<Date>>> = met.collect();
    StageOutcome {
        since: stage.since,
        until: stage.until,
        closed: found.first().is_some_and(|kept| kept.closed),
        wanted: (!wanted.is_empty()).then(|| exactly(wanted)),
        bought: exactly(all(|kept| kept.bought)),
        left: exactly(all(|kept| kept.left)),
        due: exactly(all(|kept| Some(kept.due))),
        met: (!met.is_empty()).then(|| reached(&met)),
    }
}

fn exactly(values: Vec<i128>) -> Figure {
    figure(values.into_iter().map(|value| Span { low: value, high: value }))
}

impl Kept {
    /// `met` says when so much had been bought, in currency units.
    fn new(
        stage: &Stage,
        entry: &Entry,
        currency: Currency,
        met: impl Fn(&Exact) -> Option<Date>,
    ) -> Result<Self, TooLarge> {
        let figure = |names: &[&str]| names.iter().find_map(|name| entry.figure(name)).map(|span| &span.high);
        let in_minor = |names: &[&str]| figure(names).map(|figure| minor(figure, currency)).transpose();
        Ok(Self {
            stretch: Stretch::Stage(stage.since, stage.until),
            closed: entry.closed,
            wanted: in_minor(&[tally::WANTED])?,
            bought: in_minor(&[tally::BOUGHT])?,
            left: in_minor(&[tally::SHORT, tally::LEFT])?,
            due: entry.owed.first().map_or(0, |owing| owing.due.high),
            met: figure(&[tally::WANTED]).map(met),
        })
    }
}

impl Months {
    /// The day by which the stage at a place has been drawn down by so much.
    fn met(&self, place: usize, stage: &Stage, wanted: &Exact) -> Option<Date> {
        let full = |drawn: &[Exact]| drawn.get(place).is_some_and(|drawn| drawn >= wanted);
        let (day, _) = self.0.iter().find(|(_, drawn)| full(drawn))?;
        let last = Stretch::Stage(stage.since, stage.until).last_day().unwrap_or(Date::MAX);
        // A stage of which what was carried on leaves nothing to buy is met on its first day.
        Some(*day.max(&stage.since).min(&last))
    }

    /// What each stage has been drawn down before a day.
    fn by(&self, day: Date) -> &[Exact] {
        let after = self.0.partition_point(|(end, _)| *end < day);
        let last = after.checked_sub(1).and_then(|at| self.0.get(at));
        last.map_or(&[], |(_, drawn)| drawn)
    }
}

impl Drawn<'_> {
    fn drawdown(&self, clause: &Clause) -> Option<&Drawdown> {
        let place = self.plan.terms.commits.iter().position(|commit| commit.clause == *clause)?;
        self.sheet.drawdowns.get(place)
    }
}

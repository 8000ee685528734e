//! How far commitments are drawn down, month by month, and what is left to be bought.

use super::column::{Column, Days};
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
    /// What has been bought in it before its first day within the horizon, before the end of each period from then on,
    /// and by its end or the horizon's.
    pub course: Vec<(Date, Figure)>,
    /// When all of it has been bought; `None` where it is not known how much that is.
    pub met: Option<Reached>,
}

/// What one commitment comes to in one future, in minor units of its currency: what is shown and nothing else.
#[derive(Debug, Clone)]
pub(super) struct Drawdown {
    before: i128,
    /// For each period of the tables, what has been bought by its end.
    bought: Vec<i128>,
    stages: Vec<Drawn>,
}

/// What a stage comes to in one future, in minor units.
#[derive(Debug, Clone)]
struct Drawn {
    stretch: Stretch,
    closed: bool,
    wanted: Option<Span<i128>>,
    bought: Option<Span<i128>>,
    left: Option<Span<i128>>,
    due: Span<i128>,
    /// What has been bought in it before each of [`days`] but the last.
    course: Vec<i128>,
    /// When all of it has been bought, if it has; `None` where it is not known how much that is.
    met: Option<Span<Option<Date>>>,
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
        let stages = commit.stages.iter().enumerate().filter(|(_, stage)| plan.reaches_into(stage));
        let stages = stages.filter_map(|(place, stage)| {
            let stretch = stretch(stage);
            let entry = account.entries.iter().find(|entry| entry.stretch == stretch)?;
            Some(Drawn::new(plan, (place, stage), entry, (months, currency)))
        });
        Ok(Drawdown {
            before: by(plan.from)?,
            bought: plan.periods.iter().map(|period| by(period.until)).collect::<Result<_, _>>()?,
            stages: stages.collect::<Result<_, _>>()?,
        })
    })
    .collect()
}

fn stretch(stage: &Stage) -> Stretch {
    Stretch::Stage(stage.since, stage.until)
}

fn currency(commit: &Commit) -> Currency {
    tally::commit_currency(commit).unwrap_or(Currency::USD)
}

fn minor(exact: &Exact, currency: Currency) -> Result<i128, TooLarge> {
    exact.to_minor(currency).ok_or(TooLarge { currency })
}

/// The days from the first day of a stage to its end, as far as they lie within the horizon: both, and the ends of the
/// periods between.
fn days(plan: &Plan<'_>, stage: &Stage) -> Vec<Date> {
    let (from, until) = (stage.since.max(plan.from), stage.until.unwrap_or(Date::MAX).min(plan.until));
    let ends = plan.periods.iter().map(|period| period.until);
    let between = ends.filter(|end| from < *end && *end < until);
    [from].into_iter().chain(between).chain([until]).collect()
}

/// A commitment in every future so far.
pub(super) struct Gathered<'p> {
    commit: &'p Commit,
    before: i128,
    bought: Vec<Column>,
    stages: Vec<OfStage<'p>>,
}

/// A stage in every future so far.
struct OfStage<'p> {
    stage: &'p Stage,
    days: Vec<Date>,
    closed: bool,
    /// Whether it is known in any future how much is to be bought.
    known: bool,
    wanted: Column,
    bought: Column,
    left: Column,
    due: Column,
    course: Vec<Column>,
    met: Days,
}

impl<'p> Gathered<'p> {
    pub(super) fn new(plan: &'p Plan<'p>, commit: &'p Commit) -> Self {
        let stage = |stage: &'p Stage| {
            let days = days(plan, stage);
            OfStage {
                stage,
                closed: false,
                known: false,
                wanted: Column::default(),
                bought: Column::default(),
                left: Column::default(),
                due: Column::default(),
                course: vec![Column::default(); days.len().saturating_sub(1)],
                days,
                met: Days::default(),
            }
        };
        Self {
            commit,
            before: 0,
            bought: vec![Column::default(); plan.periods.len()],
            stages: commit.stages.iter().filter(|stage| plan.reaches_into(stage)).map(stage).collect(),
        }
    }

    pub(super) fn clause(&self) -> &Clause {
        &self.commit.clause
    }

    /// Adds what it came to in one more future.
    pub(super) fn push(&mut self, one: &Drawdown) {
        self.before = one.before;
        self.bought
            .iter_mut()
            .zip(&one.bought)
            .for_each(|(column, bought)| column.push(Span::exactly(*bought)));
        for stage in &mut self.stages {
            let stretch = stretch(stage.stage);
            if let Some(drawn) = one.stages.iter().find(|drawn| drawn.stretch == stretch) {
                stage.push(drawn);
            }
        }
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.bought.iter().chain(self.stages.iter().flat_map(OfStage::columns))
    }

    pub(super) fn outcome(self) -> CommitOutcome {
        CommitOutcome {
            clause: self.commit.clause.clone(),
            buyer: self.commit.buyer.clone(),
            seller: self.commit.seller.clone(),
            currency: currency(self.commit),
            before: self.before,
            bought: self.bought.into_iter().map(Column::figure).collect(),
            stages: self.stages.into_iter().map(OfStage::outcome).collect(),
        }
    }
}

impl OfStage<'_> {
    fn push(&mut self, one: &Drawn) {
        self.closed = one.closed;
        self.known |= one.wanted.is_some();
        let figures = [
            (&mut self.wanted, one.wanted),
            (&mut self.bought, one.bought),
            (&mut self.left, one.left),
            (&mut self.due, Some(one.due)),
        ];
        for (column, figure) in figures {
            figure.into_iter().for_each(|figure| column.push(figure));
        }
        self.course.iter_mut().zip(&one.course).for_each(|(column, by)| column.push(Span::exactly(*by)));
        one.met.into_iter().for_each(|day| self.met.push(day));
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        [&self.wanted, &self.bought, &self.left, &self.due].into_iter().chain(&self.course)
    }

    fn outcome(self) -> StageOutcome {
        let bought = self.bought.figure();
        let course = self.course.into_iter().map(Column::figure).chain([bought]);
        StageOutcome {
            since: self.stage.since,
            until: self.stage.until,
            closed: self.closed,
            wanted: self.known.then(|| self.wanted.figure()),
            bought,
            left: self.left.figure(),
            due: self.due.figure(),
            course: self.days.into_iter().zip(course).collect(),
            met: self.met.reached(),
        }
    }
}

impl Drawn {
    fn new(
        plan: &Plan<'_>,
        (place, stage): (usize, &Stage),
        entry: &Entry,
        (months, currency): (&Months, Currency),
    ) -> Result<Self, TooLarge> {
        let figure = |names: &[&str]| names.iter().find_map(|name| entry.figure(name));
        let both = |span: &Span<Exact>| {
            Ok(Span { low: minor(&span.low, currency)?, high: minor(&span.high, currency)? })
        };
        let in_minor = |names: &[&str]| figure(names).map(both).transpose();
        let mut before = days(plan, stage);
        before.pop();
        let by = |day: &Date| months.by(*day).get(place).map_or(Ok(0), |drawn| minor(drawn, currency));
        Ok(Self {
            stretch: stretch(stage),
            closed: entry.closed,
            wanted: in_minor(&[tally::WANTED])?,
            bought: in_minor(&[tally::BOUGHT])?,
            left: in_minor(&[tally::SHORT, tally::LEFT, tally::LAPSED])?,
            due: entry.owed.first().map_or(Span::exactly(0), |owing| owing.due),
            course: before.iter().map(by).collect::<Result<_, _>>()?,
            met: figure(&[tally::WANTED]).map(|wanted| wanted.map(|wanted| months.met(place, stage, wanted))),
        })
    }
}

impl Months {
    /// The day by which the stage at a place has been drawn down by so much.
    fn met(&self, place: usize, stage: &Stage, wanted: &Exact) -> Option<Date> {
        let full = |drawn: &[Exact]| drawn.get(place).is_some_and(|drawn| drawn >= wanted);
        let (day, _) = self.0.iter().find(|(_, drawn)| full(drawn))?;
        let last = stretch(stage).last_day().unwrap_or(Date::MAX);
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

//! What would happen: a forecast of sales and purchases under one or more drafts of the terms, for each party and
//! period.
//!
//! What is sold and bought goes through the same bases as the lines of a statement, so that the two cannot disagree.
//! What a stretch of it counts toward is told by the caller, for each world: each way in which what may happen does.
//! Cash is revenue for who sells, less what is bought from others, and what clauses move; other costs are not known
//! here. Figures are whole minor units; under terms that are not known they are intervals, under chance p10, p50 and
//! p90 of many futures, which all drafts share.

mod basis;
mod chance;
mod column;
mod drawdown;
mod flow;
mod future;
mod grid;
mod level;
mod outcome;
mod run;
mod search;
mod weight;
mod worth;

pub use drawdown::{CommitOutcome, StageOutcome};
pub use future::{World, worlds};
pub use search::{Found, Sample, Side as Standing, Stretch};

use crate::share::Span;
use crate::stake::Unowned;
use crate::sum::TooLarge;
use crate::tally::Kind;
use abide_model::Date;
use abide_model::money::{Currency, Exact, PICO};
use abide_model::name::{Clause, Party};
use abide_model::scenario::{Quantity, Scenario};
use abide_model::terms::{Cap, Limit, YearBegins};
use chance::Run;
use future::Futures;
use jiff::tz::TimeZone;
use level::Courses;
use outcome::{Base, Gathered};
use run::{Plan, Sheet};
use std::collections::BTreeSet;

/// A draft in one world, as the projection needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// All terms about money as the draft knows them, with the rows that were entered.
    pub money: abide_model::terms::Terms,
    /// For each stream of the scenario, in its order: what it counts toward, stretch by stretch without a gap.
    pub sold: Vec<Vec<Piece>>,
    /// The same for each purchase.
    pub bought: Vec<Vec<Piece>>,
}

/// A stretch of time in which what is sold or bought counts toward the same clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its first day.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
    /// Those clauses.
    pub toward: Vec<Clause>,
}

/// How days and periods are counted.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The book's zone.
    pub zone: TimeZone,
    /// When its year begins.
    pub year: YearBegins,
}

/// Why nothing was projected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unprojected {
    /// A sum does not fit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// More figures than are kept.
    #[error("{figures} figures of each of {futures} futures are more than fit: at most {most} futures do")]
    TooMany {
        /// How many differ from future to future.
        figures: usize,
        /// How many futures were asked for.
        futures: usize,
        /// How many would fit.
        most: usize,
    },
    /// Stakes that cannot be looked through.
    #[error("draft `{draft}`: {why}")]
    Ownership {
        /// Which draft.
        draft: String,
        /// What is wrong with them.
        why: Unowned,
    },
}

/// A forecast, worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The periods of the tables.
    pub periods: Vec<Stage>,
    /// For each draft, in the scenario's order.
    pub drafts: Vec<Outcome>,
    /// How many futures the figures are drawn from; 1 where nothing is random.
    pub futures: u32,
    /// In how many of them each world comes about, in the order of [`worlds`].
    pub worlds: Vec<u32>,
    /// What was found, for each search of the scenario.
    pub found: Vec<Found>,
}

/// A period of the tables, cut at the ends of the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name, like `2026` or `2026-Q2`.
    pub name: String,
    /// Its first day that is looked at.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
}

/// What one draft comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// For each party that has any cash, by name.
    pub parties: Vec<PartyOutcome>,
    /// For each clause that comes to anything and each party that it pays: shares first, in the order of the terms.
    pub clauses: Vec<ClauseOutcome>,
    /// How far each commitment is drawn down.
    pub commits: Vec<CommitOutcome>,
    /// The clauses about money in force within the horizon that are not in the figures, or not with all they hold.
    pub missing: Vec<Missing>,
}

/// A clause that the figures leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which.
    pub clause: Clause,
    /// What it would take.
    pub why: Why,
}

/// What a forecast lacks for a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Purchases that count toward a commitment.
    Purchases,
    /// The price of a unit of some revenue that counts toward it.
    Prices,
    /// An exchange rate between the clause's currency and the forecast's.
    Rate,
    /// Which part of the company a stake is.
    Part,
}

/// What a draft comes to for one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyOutcome {
    /// Whom.
    pub party: Party,
    /// What it sells.
    pub revenue: Row,
    /// What it buys.
    pub bought: Row,
    /// What it is paid under clauses.
    pub received: Row,
    /// What it pays under clauses.
    pub paid: Row,
    /// All of it together.
    pub cash: Row,
    /// Cash, discounted to the start of the scenario.
    pub present_value: Figure,
    /// The same with its parts of the others' present value.
    pub look_through: Figure,
    /// What its stakes are worth at the end of each period, looked through; empty where none has a valuation.
    pub worth: Vec<Figure>,
    /// By how much the present value is above that under the first draft, future by future.
    pub gain: Figure,
    /// The same with its parts of the others' present value.
    pub gain_through: Figure,
    /// In how many futures the present value is above that under the first draft by a currency unit or more, …
    pub ahead: u32,
    /// … and in how many it is as far below.
    pub behind: u32,
}

/// What a clause comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseOutcome {
    /// Which.
    pub clause: Clause,
    /// What it is; `None` for a share.
    pub kind: Option<Kind>,
    /// Who pays.
    pub payer: Party,
    /// Who is paid.
    pub payee: Party,
    /// What falls due.
    pub due: Row,
    /// What has fallen due by the end of each period.
    pub added_up: Vec<Figure>,
    /// The bound on all it pays, as the draft knows it.
    pub cap: Limit,
    /// What is left of the bound for the horizon, in minor units, where that is known and in the scenario's currency.
    pub room: Option<i128>,
    /// When the bound is reached; `None` where there is none.
    pub reached: Option<Reached>,
    /// What of each whole that it pays is left to the payee once what it owns of others, the payer among them, is looked
    /// through, as of the first day; `None` where that is the whole.
    pub kept: Option<Exact>,
}

/// A figure for each period, and for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// In the order of periods.
    pub periods: Vec<Figure>,
    /// Over the whole horizon.
    pub total: Figure,
}

/// An amount in minor units: exceeded in nine, five and one of ten futures. All three are the same where nothing is
/// random; each is an interval where terms are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figure {
    /// Exceeded nine times in ten.
    pub p10: Span<i128>,
    /// As often exceeded as not.
    pub p50: Span<i128>,
    /// Exceeded one time in ten.
    pub p90: Span<i128>,
}

impl Figure {
    /// The same in every future.
    #[must_use]
    pub fn exactly(same: Span<i128>) -> Self {
        Self { p10: same, p50: same, p90: same }
    }
}

/// The last day of the settlement that uses a cap up, early, middling and late. `None` is not within the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// One time in ten it is reached by then.
    pub p10: Span<Option<Date>>,
    /// Every second time.
    pub p50: Span<Option<Date>>,
    /// Nine times in ten.
    pub p90: Span<Option<Date>>,
    /// In how many futures it is reached within the horizon under the lowest bound; of [`Projection::futures`].
    pub times: u32,
}

/// Works a scenario out, for each of its drafts in order. `drafts` holds all of them for each of [`worlds`].
///
/// # Errors
/// When a sum does not fit in 128 bits of minor units, or ownership cannot be looked through.
pub fn project(
    scenario: &Scenario,
    drafts: &[Vec<Terms>],
    calendar: &Calendar,
) -> Result<Projection, Unprojected> {
    let periods = grid::periods(scenario, calendar.year);
    let futures = Futures::of(scenario);
    let plans = drafts.iter().map(|drafts| plans(scenario, drafts, &periods, calendar));
    let plans: Vec<Vec<Plan<'_>>> = plans.collect::<Result<_, _>>()?;
    let courses = Courses::new(scenario)?;
    let drafts = over(&futures.runs, &plans, &courses)?;
    let middle = plans.first().map_or(&[][..], Vec::as_slice);
    let found = scenario.searches.iter().map(|search| search::search(search, &courses, middle));
    let found = found.collect::<Result<_, _>>()?;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let times = |world| futures.runs.iter().filter(|(_, one)| *one == world).count();
    let worlds = (0..futures.worlds.len()).map(|world| count(times(world))).collect();
    Ok(Projection { futures: count(futures.runs.len()), worlds, drafts, found, periods })
}

/// What the drafts come to in the one future in which every random number is the one in the middle, under terms that
/// are known to be those of its world. Nothing is searched for.
///
/// # Errors
/// As of [`project`].
pub fn middle(
    scenario: &Scenario,
    drafts: &[Terms],
    calendar: &Calendar,
) -> Result<Vec<Outcome>, Unprojected> {
    let periods = grid::periods(scenario, calendar.year);
    let plans = plans(scenario, drafts, &periods, calendar)?;
    over(&[(Run::Middle, 0)], &[plans], &Courses::new(scenario)?)
}

/// What a quantity is in the one future in which every random number is the one in the middle.
#[must_use]
pub fn in_the_middle(quantity: &Quantity) -> Exact {
    chance::value(quantity, Run::Middle)
}

fn plans<'p>(
    scenario: &'p Scenario,
    drafts: &'p [Terms],
    periods: &'p [Stage],
    calendar: &'p Calendar,
) -> Result<Vec<Plan<'p>>, Unprojected> {
    let each = scenario.drafts.iter().zip(drafts);
    each.map(|(draft, terms)| Plan::new(scenario, &draft.name, terms, periods, calendar)).collect()
}

/// Every future under every draft, and what they come to together.
fn over(
    runs: &[(Run, usize)],
    worlds: &[Vec<Plan<'_>>],
    courses: &Courses<'_>,
) -> Result<Vec<Outcome>, Unprojected> {
    // Those of worlds that no future comes to have no say.
    let about: BTreeSet<usize> = runs.iter().map(|(_, world)| *world).collect();
    let drafts = worlds.first().map_or(0, Vec::len);
    let plans = |draft: usize| about.iter().filter_map(move |world| worlds.get(*world)?.get(draft));
    let mut gathered: Vec<_> =
        (0..drafts).map(|draft| Gathered::new(&plans(draft).collect::<Vec<_>>())).collect();
    for (done, (run, world)) in (1..).zip(runs) {
        let future = courses.in_future(*run)?;
        let plans = worlds.get(*world).map_or(&[][..], Vec::as_slice);
        let sheets: Vec<Sheet> = plans.iter().map(|plan| plan.work_out(&future)).collect::<Result<_, _>>()?;
        let first = plans.first().zip(sheets.first()).map(|(plan, sheet)| Base::new(plan, sheet));
        for (draft, ((plan, sheet), gathered)) in plans.iter().zip(&sheets).zip(&mut gathered).enumerate() {
            gathered.push(plan, sheet, first.filter(|_| draft > 0))?;
        }
        outcome::fits(&gathered, done, runs.len())?;
    }
    Ok(gathered.into_iter().map(Gathered::outcome).collect())
}

/// The first day of the month after the one that `day` lies in.
fn next_month(day: Date) -> Date {
    let (year, month) = if day.month() == 12 { (day.year() + 1, 1) } else { (day.year(), day.month() + 1) };
    Date::new(year, month, 1).unwrap_or(Date::MAX)
}

/// What is left of the bound on a share's total when it begins, and its currency, where that is known.
fn bound(cap: &Cap) -> Option<(Exact, Currency)> {
    let total = cap.total.amount()?;
    match cap.used {
        Limit::None => Some((total.exact(), total.currency)),
        Limit::Unknown => None,
        Limit::Of(used) => Some((&total.exact() - &used.exact(), total.currency)),
    }
}

/// What a whole at the end of `day` is worth at the start of `from`, in trillionths: compounded over whole years,
/// simple within one.
fn discount(rate: &Exact, from: Date, day: Date) -> i128 {
    let mut factor = Exact::whole(1);
    let mut at = from;
    while let Ok(next) = at.checked_add(jiff::Span::new().years(1))
        && next <= day
    {
        factor = factor * (Exact::whole(1) + rate.clone());
        at = next;
    }
    let days = at.until(day).map_or(0, |span| i128::from(span.get_days()) + 1);
    let part = Exact::ratio(days, 365).unwrap_or_default();
    factor = factor * (Exact::whole(1) + rate * &part);
    (&Exact::whole(PICO) / &factor).and_then(|scaled| scaled.round_half_even()).unwrap_or(0)
}

//! What would happen: a forecast of revenue under one or more drafts of the terms, for each party and period.
//!
//! Clauses are worked out by the same arithmetic as statements. What a stretch of revenue counts toward is told by the
//! caller. Cash is revenue for who sells, and what clauses move for who pays and is paid; costs are not known here.
//! Figures are whole minor units; under terms that are not known they are intervals, under random revenue p10, p50
//! and p90 of many futures, which all drafts share.

mod basis;
mod chance;
mod flow;
mod grid;
mod level;
mod outcome;
mod run;
mod search;

pub use search::{Found, Sample, Side as Standing, Stretch};

use crate::share::Span;
use crate::sum::TooLarge;
use crate::tally::Kind;
use abide_model::Date;
use abide_model::money::{Currency, Exact, PICO};
use abide_model::name::{Clause, Party};
use abide_model::scenario::{Holding, Scenario};
use abide_model::terms::{Cap, Limit, YearBegins};
use chance::Run;
use jiff::tz::TimeZone;
use run::{Course, Plan};

/// A draft, as the projection needs it.
#[derive(Debug, Clone)]
pub struct Terms {
    /// All terms about money as the draft knows them, with the rows that were entered.
    pub money: abide_model::terms::Terms,
    /// For each stream of the scenario, in its order: what it counts toward, stretch by stretch without a gap.
    pub pieces: Vec<Vec<Piece>>,
    /// Ownership.
    pub holdings: Vec<Holding>,
}

/// A stretch of time in which the revenue of a stream counts toward the same clauses.
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
    /// Holdings that leave nobody outside.
    #[error(
        "the holdings of draft `{draft}` make parties own all of each other, so that nobody is left who owns them"
    )]
    Circle {
        /// Which draft.
        draft: String,
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
    /// Prices of units.
    Prices,
    /// An exchange rate between the clause's currency and the forecast's.
    Rate,
}

/// What a draft comes to for one party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyOutcome {
    /// Whom.
    pub party: Party,
    /// What it sells.
    pub revenue: Row,
    /// What it is paid under clauses.
    pub received: Row,
    /// What it pays under clauses.
    pub paid: Row,
    /// What it has been paid by the end of each period.
    pub paid_up: Vec<Figure>,
    /// All of it together.
    pub cash: Row,
    /// Cash, discounted to the start of the scenario.
    pub present_value: Figure,
    /// The same with its parts of the others' present value.
    pub look_through: Figure,
    /// By how much the present value is above that under the first draft, future by future.
    pub gain: Figure,
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
    /// The bound on all it pays, as the draft knows it.
    pub cap: Limit,
    /// When the bound is reached; `None` where there is none.
    pub reached: Option<Reached>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Exceeded nine times in ten.
    pub p10: Span<i128>,
    /// As often exceeded as not.
    pub p50: Span<i128>,
    /// Exceeded one time in ten.
    pub p90: Span<i128>,
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

/// Works a scenario out, for each of its drafts in order.
///
/// # Errors
/// When a sum does not fit in 128 bits of minor units, or holdings go in a circle.
pub fn project(
    scenario: &Scenario,
    drafts: &[Terms],
    calendar: &Calendar,
) -> Result<Projection, Unprojected> {
    let periods = grid::periods(scenario, calendar.year);
    let plans = plans(scenario, drafts, &periods, calendar)?;
    let runs: Vec<Run> = match scenario.is_random() {
        true => (0..scenario.draws.max(1)).map(|number| Run::Drawn { seed: scenario.seed, number }).collect(),
        false => vec![Run::Middle],
    };
    let drafts = over(&runs, scenario, &plans)?;
    let found = scenario.searches.iter().map(|search| search::search(search, scenario, &plans));
    let found = found.collect::<Result<_, _>>()?;
    let futures = u32::try_from(runs.len()).unwrap_or(u32::MAX);
    Ok(Projection { periods, drafts, futures, found })
}

/// What the drafts come to in the one future in which every random number is the one in the middle. Nothing is
/// searched for.
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
    over(&[Run::Middle], scenario, &plans)
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

fn over(runs: &[Run], scenario: &Scenario, plans: &[Plan<'_>]) -> Result<Vec<Outcome>, Unprojected> {
    let mut sheets: Vec<Vec<run::Sheet>> = plans.iter().map(|_| Vec::new()).collect();
    for run in runs {
        let course = |stream| Course::new(stream, scenario.currency, *run, None);
        let courses: Vec<Course> = scenario.streams.iter().map(course).collect::<Result<_, _>>()?;
        for (plan, sheets) in plans.iter().zip(&mut sheets) {
            sheets.push(plan.work_out(&courses)?);
        }
    }
    let first = plans.first().zip(sheets.first());
    let outcomes = plans.iter().zip(&sheets).map(|(plan, sheets)| plan.outcome(sheets, first));
    Ok(outcomes.collect::<Result<_, _>>()?)
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

//! Many futures as figures: tenths and middles of what each of them comes to.

use super::drawdown;
use super::flow::Flow;
use super::run::{NOTHING, Plan, Sheet};
use super::{ClauseOutcome, Figure, Missing, Outcome, PartyOutcome, Reached, Row, Why};
use crate::share::Span;
use crate::sum::TooLarge;
use abide_model::Date;
use abide_model::money::Currency;
use abide_model::name::{Clause, Party};
use abide_model::scenario::Measure;
use abide_model::terms::Limit;
use std::collections::BTreeSet;

/// One future under one draft.
pub(super) struct Drawn<'p> {
    /// The draft in the future's world.
    pub(super) plan: &'p Plan<'p>,
    pub(super) sheet: Sheet,
}

/// Many futures as figures; those of the first draft are the same futures.
pub(super) fn outcome(all: &[Drawn<'_>], first: Option<&[Drawn<'_>]>) -> Result<Outcome, TooLarge> {
    let parties: BTreeSet<&Party> = all.iter().flat_map(|one| &one.plan.parties).collect();
    let parties = parties.into_iter().map(|party| self::party(party, all, first));
    let mut parties: Vec<PartyOutcome> = parties.collect::<Result<_, _>>()?;
    parties.retain(|one| {
        let idle = [&one.revenue, &one.bought, &one.received, &one.paid].iter().all(|row| row.is_nothing());
        let poor = one.worth.iter().all(|figure| *figure == nothing());
        !idle || !poor || one.look_through != nothing()
    });
    let mut flows: Vec<&Flow> = Vec::new();
    for flow in distinct(all).flat_map(|plan| &plan.flows) {
        if !flows.contains(&flow) {
            flows.push(flow);
        }
    }
    // Those of shares first, also where worlds differ.
    flows.sort_by_key(|flow| flow.kind);
    let clauses = flows.into_iter().map(|flow| clause(flow, all));
    let mut clauses: Vec<ClauseOutcome> = clauses.collect::<Result<_, _>>()?;
    clauses.retain(|clause| !clause.due.is_nothing());
    Ok(Outcome { parties, clauses, commits: drawdown::outcomes(all), missing: missing(all) })
}

/// The plans behind many futures, each once.
fn distinct<'d>(all: &'d [Drawn<'_>]) -> impl Iterator<Item = &'d Plan<'d>> {
    let mut seen: Vec<*const Plan<'_>> = Vec::new();
    all.iter().map(|one| one.plan).filter(move |plan| {
        let new = !seen.iter().any(|one| std::ptr::eq(*one, *plan));
        if new {
            seen.push(std::ptr::from_ref(*plan));
        }
        new
    })
}

fn party(party: &Party, all: &[Drawn<'_>], first: Option<&[Drawn<'_>]>) -> Result<PartyOutcome, TooLarge> {
    let exactly = |row: &Vec<i128>| row.iter().map(|one| Span { low: *one, high: *one }).collect();
    let whole =
        |of: fn(&Sheet) -> &Vec<Vec<i128>>| row(all, |one| Ok(one.of(of(&one.sheet), party).map(exactly)));
    let spans =
        |of: fn(&Sheet) -> &Vec<Vec<Span<i128>>>| row(all, |one| Ok(one.of(of(&one.sheet), party).cloned()));
    let single = |of: fn(&Sheet) -> &Vec<Span<i128>>| {
        figure(all.iter().map(|one| one.of(of(&one.sheet), party).copied().unwrap_or(NOTHING)))
    };
    let valued = all.iter().any(|one| one.worth(party).is_some());
    let worth = row(all, |one| Ok(one.worth(party).map(exactly)))?.periods;
    Ok(PartyOutcome {
        party: party.clone(),
        revenue: whole(|sheet| &sheet.revenue)?,
        bought: whole(|sheet| &sheet.bought)?,
        received: spans(|sheet| &sheet.received)?,
        paid: spans(|sheet| &sheet.paid)?,
        paid_up: row(all, |one| added_up(one, party).map(Some))?.periods,
        cash: row(all, |one| one.cash(party).map(Some))?,
        present_value: single(|sheet| &sheet.present),
        look_through: single(|sheet| &sheet.through),
        worth: if valued { worth } else { Vec::new() },
        gain: gain(party, all, first)?,
    })
}

/// For each period, what a party has been paid by its end.
fn added_up(one: &Drawn<'_>, party: &Party) -> Result<Vec<Span<i128>>, TooLarge> {
    let mut sum = NOTHING;
    let mut add = |part: &Span<i128>| {
        sum = one.plan.plus(&sum, part)?;
        Ok(sum)
    };
    one.of(&one.sheet.received, party).into_iter().flatten().map(&mut add).collect()
}

fn gain(party: &Party, all: &[Drawn<'_>], first: Option<&[Drawn<'_>]>) -> Result<Figure, TooLarge> {
    // A draft gains nothing over itself, also where its terms are not known.
    let Some(first) = first else { return Ok(nothing()) };
    let mut gains = Vec::with_capacity(all.len());
    for (one, base) in all.iter().zip(first) {
        let own = one.plan.measured(&one.sheet, party, Measure::PresentValue)?;
        let base = base.plan.measured(&base.sheet, party, Measure::PresentValue)?;
        gains.push(one.plan.plus(&own, &Span { low: -base.high, high: -base.low })?);
    }
    Ok(figure(gains.into_iter()))
}

fn clause(flow: &Flow, all: &[Drawn<'_>]) -> Result<ClauseOutcome, TooLarge> {
    let place = |one: &Drawn<'_>| one.plan.flows.iter().position(|other| other == flow);
    let due = row(all, |one| Ok(place(one).and_then(|at| one.sheet.due.get(at)).cloned()))?;
    let days = all.iter().filter_map(|one| *one.sheet.reached.get(place(one)?)?);
    let days: Vec<Span<Option<Date>>> = days.collect();
    let cap = all.iter().find_map(|one| Some(one.plan.terms.shares.get(place(one)?)?.cap.total));
    Ok(ClauseOutcome {
        clause: flow.clause.clone(),
        kind: flow.kind,
        payer: flow.payer.clone(),
        payee: flow.payee.clone(),
        due,
        cap: cap.unwrap_or(Limit::None),
        reached: (!days.is_empty()).then(|| reached(&days)),
    })
}

/// What is in no figure, or not wholly: the clauses left out from the start, and those with amounts that have no rate.
fn missing(all: &[Drawn<'_>]) -> Vec<Missing> {
    let lost: BTreeSet<&Clause> = all.iter().flat_map(|one| &one.sheet.unconverted).collect();
    let lost = lost.into_iter().map(|clause| Missing { clause: clause.clone(), why: Why::Rate });
    let mut found: Vec<Missing> = Vec::new();
    for one in distinct(all).flat_map(|plan| plan.missing.iter().cloned()).chain(lost) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

fn row(
    all: &[Drawn<'_>],
    of: impl Fn(&Drawn<'_>) -> Result<Option<Vec<Span<i128>>>, TooLarge>,
) -> Result<Row, TooLarge> {
    let periods = all.first().map_or(0, |one| one.plan.periods.len());
    let mut columns: Vec<Vec<Span<i128>>> = vec![Vec::with_capacity(all.len()); periods];
    let mut totals = Vec::with_capacity(all.len());
    for one in all {
        let row = of(one)?.unwrap_or_else(|| vec![NOTHING; periods]);
        totals.push(row.iter().try_fold(NOTHING, |sum, part| one.plan.plus(&sum, part))?);
        columns.iter_mut().zip(row).for_each(|(column, part)| column.push(part));
    }
    let periods = columns.into_iter().map(|column| figure(column.into_iter())).collect();
    Ok(Row { periods, total: figure(totals.into_iter()) })
}

impl Drawn<'_> {
    /// The place of a party in a list that has one for each of the plan's.
    fn of<'a, T>(&self, all: &'a [T], party: &Party) -> Option<&'a T> {
        self.plan.parties.binary_search(party).ok().and_then(|at| all.get(at))
    }

    fn worth(&self, party: &Party) -> Option<&Vec<i128>> {
        self.plan.parties.binary_search(party).ok().and_then(|at| self.sheet.worth.get(&at))
    }

    fn cash(&self, party: &Party) -> Result<Vec<Span<i128>>, TooLarge> {
        let at = self.plan.parties.binary_search(party).ok();
        at.map_or(Ok(Vec::new()), |at| self.sheet.cash(at, self.plan.currency))
    }
}

impl Sheet {
    /// Revenue and what is received less what is bought and paid, for each period.
    pub(super) fn cash(&self, at: usize, currency: Currency) -> Result<Vec<Span<i128>>, TooLarge> {
        let (Some(revenue), Some(bought), Some(received), Some(paid)) =
            (self.revenue.get(at), self.bought.get(at), self.received.get(at), self.paid.get(at))
        else {
            return Ok(Vec::new());
        };
        let net = |revenue: i128, received: i128, paid: i128| {
            revenue.checked_add(received).and_then(|sum| sum.checked_sub(paid)).ok_or(TooLarge { currency })
        };
        let each = revenue.iter().zip(bought).zip(received).zip(paid);
        each.map(|(((revenue, bought), received), paid)| {
            let revenue = revenue.checked_sub(*bought).ok_or(TooLarge { currency })?;
            let (low, high) =
                (net(revenue, received.low, paid.high)?, net(revenue, received.high, paid.low)?);
            Ok(Span { low, high })
        })
        .collect()
    }
}

impl Row {
    fn is_nothing(&self) -> bool {
        self.total == nothing() && self.periods.iter().all(|figure| *figure == nothing())
    }
}

fn nothing() -> Figure {
    Figure { p10: NOTHING, p50: NOTHING, p90: NOTHING }
}

pub(super) fn figure(values: impl Iterator<Item = Span<i128>>) -> Figure {
    let (mut lows, mut highs): (Vec<i128>, Vec<i128>) = values.map(|span| (span.low, span.high)).unzip();
    lows.sort_unstable();
    highs.sort_unstable();
    let at = |percent: usize| Span { low: rank(&lows, percent), high: rank(&highs, percent) };
    Figure { p10: at(10), p50: at(50), p90: at(90) }
}

/// The value that `percent` of a hundred do not exceed (nearest rank).
fn rank<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

pub(super) fn reached(days: &[Span<Option<Date>>]) -> Reached {
    // Never comes after every day.
    let never = |day: Option<Date>| day.unwrap_or(Date::MAX);
    let mut lows: Vec<Date> = days.iter().map(|span| never(span.low)).collect();
    let mut highs: Vec<Date> = days.iter().map(|span| never(span.high)).collect();
    lows.sort_unstable();
    highs.sort_unstable();
    let day = |sorted: &[Date], percent| Some(rank(sorted, percent)).filter(|day| *day < Date::MAX);
    let at = |percent| Span { low: day(&lows, percent), high: day(&highs, percent) };
    let times = highs.iter().filter(|day| **day < Date::MAX).count();
    Reached { p10: at(10), p50: at(50), p90: at(90), times: u32::try_from(times).unwrap_or(u32::MAX) }
}

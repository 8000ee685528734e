//! One future under one draft: what every party sells, pays and is paid, period by period.

pub(super) use super::level::Course;

use super::grid::{self, Slice};
use super::{
    Calendar, ClauseOutcome, Figure, Outcome, PartyOutcome, Reached, Row, Stage, Terms, Unprojected,
};
use crate::accrual::{Accrual, Settlement};
use crate::period::day_start;
use crate::share::Span;
use crate::stake::{self, Parts};
use crate::sum::{TooLarge, minor_amount};
use abide_model::money::{Currency, Exact, PICO};
use abide_model::name::Party;
use abide_model::scenario::{Measure, Scenario};
use abide_model::terms::Share;
use abide_model::{Date, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Months after the horizon within which its last settlement closes.
const MONTHS_AFTER: usize = 12;

/// A draft, laid out so that a future costs little more than its sums.
pub(super) struct Plan<'p> {
    pub(super) name: &'p str,
    currency: Currency,
    calendar: &'p Calendar,
    periods: &'p [Stage],
    until: Date,
    shares: &'p [Share],
    parties: Vec<Party>,
    /// For each stream, who sells and its cells by day.
    streams: Vec<(usize, Vec<Cell>)>,
    /// What an amount at the end of a month's last day is worth at the start of the horizon, in trillionths.
    factors: BTreeMap<Date, i128>,
    /// Which part of whom parties own, directly or through others.
    through: Parts,
}

/// A slice of revenue, looked up.
struct Cell {
    month: Date,
    /// From this day of the month, counted from 0, …
    from: i128,
    /// … until this one, …
    until: i128,
    /// … of so many.
    of: i128,
    at: Time,
    period: usize,
    last_day: Date,
    toward: Vec<usize>,
}

/// What a future comes to under a draft, in minor units. Rows hold a figure for each period.
pub(super) struct Sheet {
    revenue: Vec<Vec<i128>>,
    received: Vec<Vec<Span<i128>>>,
    paid: Vec<Vec<Span<i128>>>,
    due: Vec<Vec<Span<i128>>>,
    reached: Vec<Option<Span<Option<Date>>>>,
    present: Vec<Span<i128>>,
    through: Vec<Span<i128>>,
}

const NOTHING: Span<i128> = Span { low: 0, high: 0 };

impl<'p> Plan<'p> {
    pub(super) fn new(
        scenario: &'p Scenario,
        name: &'p str,
        terms: &'p Terms,
        periods: &'p [Stage],
        calendar: &'p Calendar,
    ) -> Result<Self, Unprojected> {
        let sellers = scenario.streams.iter().map(|stream| &stream.party);
        let owners = terms.holdings.iter().flat_map(|holding| [&holding.owner, &holding.of]);
        let sharers = terms.shares.iter().flat_map(|share| [&share.payer, &share.payee]);
        let parties: BTreeSet<&Party> = sellers.chain(owners).chain(sharers).collect();
        let parties: Vec<Party> = parties.into_iter().cloned().collect();
        let mut direct = Parts::new();
        for holding in &terms.holdings {
            *direct.entry((holding.owner.clone(), holding.of.clone())).or_default() += &holding.part;
        }
        let through = stake::look_through(&direct, scenario.from)
            .map_err(|_| Unprojected::Circle { draft: name.to_owned() })?;
        let cell = |slice: Slice<'_>| Cell {
            month: slice.month,
            from: i128::from(slice.from.day()) - 1,
            until: i128::from(slice.from.day()) - 1 + i128::from(slice.days),
            of: i128::from(slice.of),
            at: day_start(slice.from, &calendar.zone),
            period: grid::place(periods, slice.from),
            last_day: last_of_month(slice.month),
            toward: places(&terms.shares, &slice.piece.toward),
        };
        let streams = scenario.streams.iter().zip(&terms.pieces).map(|(stream, pieces)| {
            let seller = parties.iter().position(|party| *party == stream.party).unwrap_or(0);
            (seller, grid::slices(scenario, stream, pieces).into_iter().map(cell).collect())
        });
        Ok(Self {
            name,
            currency: scenario.currency,
            calendar,
            periods,
            until: scenario.until,
            shares: &terms.shares,
            streams: streams.collect(),
            factors: factors(scenario),
            parties,
            through,
        })
    }

    /// What the future with these courses comes to.
    pub(super) fn work_out(&self, courses: &[Course]) -> Result<Sheet, TooLarge> {
        let (parties, periods) = (self.parties.len(), self.periods.len());
        let mut sheet = Sheet {
            revenue: vec![vec![0; periods]; parties],
            received: vec![vec![NOTHING; periods]; parties],
            paid: vec![vec![NOTHING; periods]; parties],
            due: Vec::new(),
            reached: Vec::new(),
            present: Vec::new(),
            through: Vec::new(),
        };
        let (mut sold, mut moved) = (vec![0; parties], Vec::with_capacity(self.shares.len()));
        let whole = Time::MIN..Time::MAX;
        let Calendar { zone, year } = self.calendar;
        let accrual = |share: &Share| Accrual::new(share.clone(), whole.clone(), zone.clone(), *year);
        let mut accruals: Vec<Accrual> = self.shares.iter().map(accrual).collect();
        for ((seller, cells), course) in self.streams.iter().zip(courses) {
            self.sell(*seller, cells, course, (&mut sheet, &mut sold, &mut accruals))?;
        }
        for (share, accrual) in self.shares.iter().zip(&accruals) {
            let settled = accrual.work_out()?.into_iter().find(|worked| worked.currency == self.currency);
            let settled = settled.map(|worked| worked.settled).unwrap_or_default();
            moved.push(self.settle(share, &settled, &mut sheet)?);
            sheet.reached.push(self.reached(share, &settled));
        }
        self.look_through(&sold, &moved, &mut sheet)?;
        Ok(sheet)
    }

    fn sell(
        &self,
        seller: usize,
        cells: &[Cell],
        course: &Course,
        (sheet, sold, accruals): (&mut Sheet, &mut [i128], &mut [Accrual]),
    ) -> Result<(), TooLarge> {
        for cell in cells {
            let minor = cell.share_of(course.month(cell.month)).ok_or(self.too_large())?;
            let amount = minor_amount(minor, self.currency)?;
            for place in &cell.toward {
                if let Some(accrual) = accruals.get_mut(*place).filter(|accrual| accrual.counts(cell.at)) {
                    accrual.add_revenue(cell.at, amount);
                }
            }
            if let Some(sum) = sheet.revenue.get_mut(seller).and_then(|row| row.get_mut(cell.period)) {
                *sum = self.sum(*sum, minor)?;
            }
            let present = self.present(minor, cell.last_day)?;
            if let Some(sold) = sold.get_mut(seller) {
                *sold = self.sum(*sold, present)?;
            }
        }
        Ok(())
    }

    /// Books what falls due under one share, with whoever pays and is paid; returns what it is worth.
    fn settle(
        &self,
        share: &Share,
        settled: &[Settlement],
        sheet: &mut Sheet,
    ) -> Result<Span<i128>, TooLarge> {
        let place = |party: &Party| self.parties.iter().position(|one| one == party);
        let (payer, payee) = (place(&share.payer), place(&share.payee));
        let mut row = vec![NOTHING; self.periods.len()];
        let mut moved = NOTHING;
        for settlement in settled {
            let day = settlement.period.last_day();
            let (period, due) = (grid::place(self.periods, day), &settlement.due);
            if let Some(sum) = row.get_mut(period) {
                *sum = self.plus(sum, due)?;
            }
            let present = Span { low: self.present(due.low, day)?, high: self.present(due.high, day)? };
            moved = self.plus(&moved, &present)?;
        }
        for (side, at) in [(&mut sheet.paid, payer), (&mut sheet.received, payee)] {
            let Some(sums) = at.and_then(|at| side.get_mut(at)) else { continue };
            for (sum, due) in sums.iter_mut().zip(&row) {
                *sum = self.plus(sum, due)?;
            }
        }
        sheet.due.push(row);
        Ok(moved)
    }

    /// The last day of the settlement that uses up the bound of a share; `None` where it has none that is known.
    fn reached(&self, share: &Share, settled: &[Settlement]) -> Option<Span<Option<Date>>> {
        let cap = super::bound(&share.cap)?;
        let counted = |one: &&Settlement| share.cap.from.is_none_or(|from| one.period.first_day() >= from);
        let day = |end: fn(&Span<Exact>) -> &Exact| {
            let mut used = Exact::zero();
            let full = settled.iter().filter(counted).find(|settlement| {
                used += end(&settlement.share);
                used >= cap
            });
            full.map(|settlement| settlement.period.last_day()).filter(|day| *day < self.until)
        };
        // What pays more uses the bound up sooner.
        Some(Span { low: day(|share| &share.high), high: day(|share| &share.low) })
    }

    /// Present values, own and with parts of others'. What a share moves is counted once for payer and payee together,
    /// so that an amount that is not known widens the interval by no more than the owner's part in it.
    fn look_through(&self, sold: &[i128], moved: &[Span<i128>], sheet: &mut Sheet) -> Result<(), TooLarge> {
        let minor = |exact: &Exact| {
            let unit = exact * &Exact::ratio(1, PICO).unwrap_or_default();
            unit.round_half_even().ok_or(self.too_large())
        };
        for party in &self.parties {
            let whole = |part: &dyn Fn(&Party) -> Exact| -> Result<Span<i128>, TooLarge> {
                let mut sum = Span { low: Exact::zero(), high: Exact::zero() };
                for (other, sold) in self.parties.iter().zip(sold) {
                    let sold = &part(other) * &Exact::whole(*sold);
                    sum = Span { low: &sum.low + &sold, high: &sum.high + &sold };
                }
                for (share, moved) in self.shares.iter().zip(moved) {
                    let part = part(&share.payee) - part(&share.payer);
                    let (low, high) = (&part * &Exact::whole(moved.low), &part * &Exact::whole(moved.high));
                    let (low, high) = if part.is_negative() { (high, low) } else { (low, high) };
                    sum = Span { low: &sum.low + &low, high: &sum.high + &high };
                }
                Ok(Span { low: minor(&sum.low)?, high: minor(&sum.high)? })
            };
            let own = |other: &Party| if other == party { Exact::whole(1) } else { Exact::zero() };
            sheet.present.push(whole(&own)?);
            let through = |other: &Party| {
                let part = self.through.get(&(party.clone(), other.clone()));
                own(other) + part.cloned().unwrap_or_default()
            };
            sheet.through.push(whole(&through)?);
        }
        Ok(())
    }

    /// What a measure comes to for a party. The bounds of cash and of present value are taken apart: what is not known
    /// may lie at its low end for what is paid and at its high end for what is received.
    pub(super) fn measured(
        &self,
        sheet: &Sheet,
        party: &Party,
        measure: Measure,
    ) -> Result<Span<i128>, TooLarge> {
        let Some(at) = self.parties.iter().position(|one| one == party) else { return Ok(NOTHING) };
        let found = match measure {
            Measure::PresentValue => sheet.present.get(at).copied(),
            Measure::LookThrough => sheet.through.get(at).copied(),
            Measure::Cash => {
                let cash = sheet.cash(at, self.currency)?;
                Some(cash.iter().try_fold(NOTHING, |sum, one| self.plus(&sum, one))?)
            }
        };
        Ok(found.unwrap_or(NOTHING))
    }

    /// What an amount at the end of a day is worth at the start of the horizon, in trillionths of a minor unit.
    fn present(&self, minor: i128, last_day: Date) -> Result<i128, TooLarge> {
        let factor = self.factors.get(&last_day).copied().unwrap_or(0);
        minor.checked_mul(factor).ok_or(self.too_large())
    }

    fn too_large(&self) -> TooLarge {
        TooLarge { currency: self.currency }
    }

    fn sum(&self, a: i128, b: i128) -> Result<i128, TooLarge> {
        a.checked_add(b).ok_or(self.too_large())
    }

    fn plus(&self, a: &Span<i128>, b: &Span<i128>) -> Result<Span<i128>, TooLarge> {
        Ok(Span { low: self.sum(a.low, b.low)?, high: self.sum(a.high, b.high)? })
    }

    /// Many futures as figures; those of the first draft are the same futures.
    pub(super) fn outcome(
        &self,
        sheets: &[Sheet],
        first: Option<(&Plan<'_>, &Vec<Sheet>)>,
    ) -> Result<Outcome, TooLarge> {
        let mut parties = Vec::new();
        for (at, party) in self.parties.iter().enumerate() {
            let exact = |amount: &i128| Span { low: *amount, high: *amount };
            let revenue = |sheet: &Sheet| sheet.revenue.get(at).map(|row| row.iter().map(exact).collect());
            let one = PartyOutcome {
                party: party.clone(),
                revenue: self.row(sheets, |sheet| Ok(revenue(sheet)))?,
                received: self.row(sheets, |sheet| Ok(sheet.received.get(at).cloned()))?,
                paid: self.row(sheets, |sheet| Ok(sheet.paid.get(at).cloned()))?,
                paid_up: self.row(sheets, |sheet| self.added_up(sheet.received.get(at)).map(Some))?.periods,
                cash: self.row(sheets, |sheet| sheet.cash(at, self.currency).map(Some))?,
                present_value: figure(sheets.iter().filter_map(|sheet| sheet.present.get(at).copied())),
                look_through: figure(sheets.iter().filter_map(|sheet| sheet.through.get(at).copied())),
                gain: self.gain(party, sheets, first)?,
            };
            let idle = [&one.revenue, &one.received, &one.paid].iter().all(|row| row.is_nothing());
            if !idle || one.look_through != figure(std::iter::once(NOTHING)) {
                parties.push(one);
            }
        }
        let mut clauses = Vec::new();
        for (at, share) in self.shares.iter().enumerate() {
            let due = self.row(sheets, |sheet| Ok(sheet.due.get(at).cloned()))?;
            let days: Vec<_> = sheets.iter().filter_map(|sheet| *sheet.reached.get(at)?).collect();
            if !due.is_nothing() {
                clauses.push(ClauseOutcome {
                    clause: share.clause.clone(),
                    payer: share.payer.clone(),
                    payee: share.payee.clone(),
                    due,
                    cap: share.cap.total,
                    reached: (!days.is_empty()).then(|| reached(&days)),
                });
            }
        }
        Ok(Outcome { parties, clauses })
    }

    /// For each period, its sum with all before it.
    fn added_up(&self, row: Option<&Vec<Span<i128>>>) -> Result<Vec<Span<i128>>, TooLarge> {
        let mut sum = NOTHING;
        let mut add = |one: &Span<i128>| {
            sum = self.plus(&sum, one)?;
            Ok(sum)
        };
        row.into_iter().flatten().map(&mut add).collect()
    }

    fn gain(
        &self,
        party: &Party,
        sheets: &[Sheet],
        first: Option<(&Plan<'_>, &Vec<Sheet>)>,
    ) -> Result<Figure, TooLarge> {
        // A draft gains nothing over itself, also where its terms are not known.
        let Some((plan, base)) = first.filter(|(plan, _)| !std::ptr::eq(*plan, self)) else {
            return Ok(figure(std::iter::once(NOTHING)));
        };
        let mut gains = Vec::with_capacity(sheets.len());
        for (sheet, base) in sheets.iter().zip(base) {
            let own = self.measured(sheet, party, Measure::PresentValue)?;
            let base = plan.measured(base, party, Measure::PresentValue)?;
            gains.push(self.plus(&own, &Span { low: -base.high, high: -base.low })?);
        }
        Ok(figure(gains.into_iter()))
    }

    fn row(
        &self,
        sheets: &[Sheet],
        of: impl Fn(&Sheet) -> Result<Option<Vec<Span<i128>>>, TooLarge>,
    ) -> Result<Row, TooLarge> {
        let mut rows: Vec<Vec<Span<i128>>> = Vec::with_capacity(sheets.len());
        let mut totals = Vec::with_capacity(sheets.len());
        for sheet in sheets {
            let row = of(sheet)?.unwrap_or_default();
            totals.push(row.iter().try_fold(NOTHING, |sum, one| self.plus(&sum, one))?);
            rows.push(row);
        }
        let column = |at: usize| figure(rows.iter().filter_map(|row| row.get(at).copied()));
        let periods = (0..self.periods.len()).map(column).collect();
        Ok(Row { periods, total: figure(totals.into_iter()) })
    }
}

impl Cell {
    /// Its part of what the month comes to. The parts of a month's cells add up to the month.
    fn share_of(&self, month: i128) -> Option<i128> {
        let upto = |day: i128| Some(month.checked_mul(day)?.div_euclid(self.of.max(1)));
        Some(upto(self.until)? - upto(self.from)?)
    }
}

impl Sheet {
    /// Revenue and what is received less what is paid, for each period.
    fn cash(&self, at: usize, currency: Currency) -> Result<Vec<Span<i128>>, TooLarge> {
        let (Some(revenue), Some(received), Some(paid)) =
            (self.revenue.get(at), self.received.get(at), self.paid.get(at))
        else {
            return Ok(Vec::new());
        };
        let net = |revenue: i128, received: i128, paid: i128| {
            revenue.checked_add(received).and_then(|sum| sum.checked_sub(paid)).ok_or(TooLarge { currency })
        };
        let each = revenue.iter().zip(received).zip(paid);
        each.map(|((revenue, received), paid)| {
            let (low, high) =
                (net(*revenue, received.low, paid.high)?, net(*revenue, received.high, paid.low)?);
            Ok(Span { low, high })
        })
        .collect()
    }
}

impl Row {
    fn is_nothing(&self) -> bool {
        let zero = figure(std::iter::once(NOTHING));
        self.total == zero && self.periods.iter().all(|figure| *figure == zero)
    }
}

fn places(shares: &[Share], toward: &[abide_model::name::Clause]) -> Vec<usize> {
    let found = shares.iter().enumerate().filter(|(_, share)| toward.contains(&share.clause));
    found.map(|(at, _)| at).collect()
}

fn last_of_month(month: Date) -> Date {
    super::next_month(month).yesterday().unwrap_or(Date::MAX)
}

/// The worth of an amount at the end of every month in which something may fall due.
fn factors(scenario: &Scenario) -> BTreeMap<Date, i128> {
    let first = Date::new(scenario.from.year(), scenario.from.month(), 1).unwrap_or(scenario.from);
    let next = |month: &Date| Some(super::next_month(*month)).filter(|next| next > month);
    let all: Vec<Date> =
        std::iter::successors(Some(first), next).take_while(|month| *month < scenario.until).collect();
    let after = std::iter::successors(all.last().copied(), next).take(MONTHS_AFTER);
    let days = all.iter().copied().chain(after).map(last_of_month);
    days.map(|day| (day, super::discount(&scenario.discount, scenario.from, day))).collect()
}

fn figure(values: impl Iterator<Item = Span<i128>>) -> Figure {
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

fn reached(days: &[Span<Option<Date>>]) -> Reached {
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

//! Many futures as figures: tenths and middles of what each of them comes to.

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

impl Plan<'_> {
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
        for (at, flow) in self.flows.iter().enumerate() {
            let due = self.row(sheets, |sheet| Ok(sheet.due.get(at).cloned()))?;
            let days: Vec<_> = sheets.iter().filter_map(|sheet| *sheet.reached.get(at)?).collect();
            if !due.is_nothing() {
                clauses.push(ClauseOutcome {
                    clause: flow.clause.clone(),
                    kind: flow.kind,
                    payer: flow.payer.clone(),
                    payee: flow.payee.clone(),
                    due,
                    cap: self.terms.shares.get(at).map_or(Limit::None, |share| share.cap.total),
                    reached: (!days.is_empty()).then(|| reached(&days)),
                });
            }
        }
        Ok(Outcome { parties, clauses, missing: self.missing(sheets) })
    }

    /// What is in no figure: the clauses left out from the start, and those with amounts that have no rate.
    fn missing(&self, sheets: &[Sheet]) -> Vec<Missing> {
        let lost: BTreeSet<&Clause> = sheets.iter().flat_map(|sheet| &sheet.unconverted).collect();
        let lost = lost.into_iter().map(|clause| Missing { clause: clause.clone(), why: Why::Rate });
        self.missing.iter().cloned().chain(lost).collect()
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

impl Sheet {
    /// Revenue and what is received less what is paid, for each period.
    pub(super) fn cash(&self, at: usize, currency: Currency) -> Result<Vec<Span<i128>>, TooLarge> {
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

//! What the shares under a guarantee earn, in the guarantee's currency.

use super::{NONE_DUE, nothing, plus, sure};
use crate::accrual::Worked;
use crate::convert::{Quote, Rates};
use crate::period::Period;
use crate::share::Span;
use crate::sum::{Cumulative, TooLarge};
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use std::collections::{BTreeMap, BTreeSet};

/// The earnings of a guarantee's shares, period by period.
pub(super) struct Earned {
    same: BTreeMap<Period, (Span<Exact>, Span<i128>)>,
    converted: BTreeMap<Period, Span<Exact>>,
    /// Periods in which something was earned that has no rate.
    unknown: BTreeSet<Period>,
    /// What has no rate, by currency.
    pub(super) unconverted: BTreeMap<Currency, Exact>,
    quotes: BTreeMap<Period, BTreeSet<Quote>>,
    /// How many sums that are rounded by themselves there are.
    pub(super) parts: u32,
    low: Cumulative,
    high: Cumulative,
}

/// The earnings of one period.
pub(super) struct OfPeriod {
    /// What is known to be earned, in currency units.
    pub(super) exact: Span<Exact>,
    /// What is due for it, in minor units.
    pub(super) due: Span<i128>,
    /// Whether that is all.
    pub(super) whole: bool,
}

impl Earned {
    /// Gathers what `shares` come to. What is settled in another currency is converted at the rate of the last day of
    /// its period, or of `until` where that comes before.
    pub(super) fn of<'w>(
        shares: impl Iterator<Item = &'w Worked>,
        currency: Currency,
        (rates, until): (&Rates, Date),
    ) -> Result<Self, TooLarge> {
        let mut found = Self {
            same: BTreeMap::new(),
            converted: BTreeMap::new(),
            unknown: BTreeSet::new(),
            unconverted: BTreeMap::new(),
            quotes: BTreeMap::new(),
            parts: 0,
            low: Cumulative::new(currency),
            high: Cumulative::new(currency),
        };
        let mut converts = false;
        for worked in shares {
            converts |= worked.currency != currency;
            found.parts += u32::from(worked.currency == currency);
            for settlement in worked.all() {
                let (period, share) = (settlement.period, &settlement.share);
                if worked.currency == currency {
                    let (sum, due) = found.same.entry(period).or_insert_with(|| (nothing(), NONE_DUE));
                    add(sum, share);
                    *due = plus(due, &settlement.due, currency)?;
                    continue;
                }
                let day = period.last_day().min(until);
                let into = |exact: &Exact| rates.convert(exact, worked.currency, currency, day);
                if let Some((low, high)) = into(&share.low).zip(into(&share.high)) {
                    add(found.converted.entry(period).or_insert_with(nothing), &Span { low, high });
                    let quote = rates.quote(worked.currency, currency, day);
                    found.quotes.entry(period).or_default().extend(quote.filter(|_| !share.high.is_zero()));
                } else if !share.high.is_zero() {
                    found.unknown.insert(period);
                    *found.unconverted.entry(worked.currency).or_default() += &share.high;
                }
            }
        }
        // What is converted is rounded together.
        found.parts += u32::from(converts);
        Ok(found)
    }

    /// The rates at which what was earned in a period is converted.
    pub(super) fn quotes(&self, period: Period) -> BTreeSet<Quote> {
        self.quotes.get(&period).cloned().unwrap_or_default()
    }

    /// The earnings of the next period. Periods are asked for in order, and each once.
    pub(super) fn next(&mut self, period: Period, currency: Currency) -> Result<OfPeriod, TooLarge> {
        let (mut exact, due) = self.same.remove(&period).unwrap_or_else(|| (nothing(), NONE_DUE));
        let converted = self.converted.remove(&period).unwrap_or_else(|| sure(Exact::zero()));
        add(&mut exact, &converted);
        let rounded = Span { low: self.low.add(&converted.low)?, high: self.high.add(&converted.high)? };
        Ok(OfPeriod { exact, due: plus(&due, &rounded, currency)?, whole: !self.unknown.contains(&period) })
    }
}

fn add(sum: &mut Span<Exact>, part: &Span<Exact>) {
    sum.low += &part.low;
    sum.high += &part.high;
}

//! Gathers the revenue a share is worked out on, period by period, and works it out. One entry a period and
//! currency is kept, however many lines there are. Knows nothing of why a line counts.

use crate::period::{Period, Periods, day_start};
use crate::share::{Bound, Series, Span};
use crate::sum::{Sum, TooLarge};
use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::terms::{Limit, Share, YearBegins};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A period of a share and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which one.
    pub period: Period,
    /// The revenue in it that the share is worked out on, in currency units.
    pub base: Exact,
    /// The share, in currency units.
    pub share: Span<Exact>,
    /// What is to be paid, in minor units.
    pub due: Span<i128>,
}

/// A share in one currency, before and within a window of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worked {
    pub(crate) currency: Currency,
    pub(crate) base_before: Exact,
    pub(crate) base: Exact,
    pub(crate) used_before: Span<Exact>,
    pub(crate) used_after: Span<Exact>,
    /// What is left of the cap on the total, where there is one that is known.
    pub(crate) left: Option<Span<Exact>>,
    /// The periods that close within the window.
    pub(crate) settled: Vec<Settlement>,
    /// The period that the end of the window cuts, when it has revenue.
    pub(crate) open: Option<Settlement>,
}

/// Collects the base of one share.
#[derive(Debug, Clone)]
pub(crate) struct Accrual {
    share: Share,
    window: Range<Time>,
    zone: TimeZone,
    begins: YearBegins,
    counts: Range<Time>,
    periods: Periods,
    parts: BTreeMap<Currency, BTreeMap<Period, Parts>>,
    /// Lines in the window that belong to the base but have no price.
    unpriced: u64,
}

#[derive(Debug, Clone, Default)]
struct Parts {
    before: Sum,
    within: Sum,
}

impl Accrual {
    pub(crate) fn new(share: Share, window: Range<Time>, zone: TimeZone, begins: YearBegins) -> Self {
        let until = share.until.map_or(Time::MAX, |until| day_start(until, &zone));
        let counts = day_start(share.since, &zone)..until;
        let periods = Periods::new(share.every, begins, zone.clone());
        Self { share, window, zone, begins, counts, periods, parts: BTreeMap::new(), unpriced: 0 }
    }

    pub(crate) fn share(&self) -> &Share {
        &self.share
    }

    pub(crate) fn unpriced(&self) -> u64 {
        self.unpriced
    }

    /// Whether the share runs at `at` and the window has not ended by then.
    pub(crate) fn counts(&self, at: Time) -> bool {
        self.counts.contains(&at) && at < self.window.end
    }

    /// Adds a line of the base.
    pub(crate) fn add(&mut self, line: &UsageLine) {
        let Some(Amount { pico, currency }) = line.charge else {
            self.unpriced += u64::from(self.window.contains(&line.at));
            return;
        };
        self.add_revenue(line.at, Amount { pico, currency });
    }

    /// Adds revenue of the base that no call stands behind.
    pub(crate) fn add_revenue(&mut self, at: Time, amount: Amount) {
        let period = self.periods.find(at);
        let parts = self.parts.entry(amount.currency).or_default().entry(period).or_default();
        let part = if at < self.window.start { &mut parts.before } else { &mut parts.within };
        part.add(amount.pico);
    }

    /// Works the share out, once for each currency of its base.
    pub(crate) fn work_out(&self) -> Result<Vec<Worked>, TooLarge> {
        let mut currencies: BTreeSet<Currency> = self.parts.keys().copied().collect();
        currencies.extend(self.share.currency());
        currencies.into_iter().map(|currency| self.in_currency(currency)).collect()
    }

    fn in_currency(&self, currency: Currency) -> Result<Worked, TooLarge> {
        let mut series = Series::new(&self.share, self.begins, currency, self.bound(currency));
        let mut worked = Worked {
            currency,
            base_before: Exact::zero(),
            base: Exact::zero(),
            used_before: series.used(),
            used_after: series.used(),
            left: None,
            settled: Vec::new(),
            open: None,
        };
        for (period, parts) in self.parts.get(&currency).into_iter().flatten() {
            let (before, within) = (parts.before.exact(), parts.within.exact());
            worked.base_before += &before;
            worked.base += &within;
            let end = period.bounds(&self.zone).end;
            if end <= self.window.start {
                series.next(*period, &before)?;
                worked.used_before = series.used();
                continue;
            }
            // Where the window's start cuts a period, what was used up by then comes from the part before it.
            if !before.is_zero() {
                let mut so_far = series.clone();
                so_far.next(*period, &before)?;
                worked.used_before = so_far.used();
            }
            let base = before + within;
            let owed = series.next(*period, &base)?;
            let settlement = Settlement { period: *period, base, share: owed.share, due: owed.due };
            if end <= self.window.end {
                worked.settled.push(settlement);
            } else {
                worked.open = Some(settlement);
            }
        }
        worked.used_after = series.used();
        worked.left = match (self.share.cap.total, series.left()) {
            // An interval from nothing says no more than that it is not known.
            (Limit::Of(total), Span { low: Some(low), high: Some(high) }) if total.currency == currency => {
                Some(Span { low: low.max(Exact::zero()), high })
            }
            (Limit::None | Limit::Unknown | Limit::Of(_), _) => None,
        };
        Ok(worked)
    }

    /// A cap is in one currency. Until amounts are converted, revenue in another leaves open how much of the cap
    /// is used up, on both sides.
    fn bound(&self, currency: Currency) -> Bound {
        let alone = !self.parts.keys().any(|other| *other != currency);
        Bound::of(&self.share.cap, currency, alone)
    }
}

//! Gathers the revenue a share is worked out on, period by period, and works it out. One entry a period and
//! currency is kept, however many lines there are. Knows nothing of why a line counts.

use crate::convert::{Quote, Rates};
use crate::period::{Period, Periods, day_start};
use crate::share::{Bound, Series, Span};
use crate::sum::{Sum, TooLarge};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::terms::{Conversion, Limit, Share, YearBegins};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

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
    /// The periods that closed before the window.
    pub(crate) history: Vec<Settlement>,
    /// The periods that close within the window.
    pub(crate) settled: Vec<Settlement>,
    /// The period that the end of the window cuts, when it has revenue.
    pub(crate) open: Option<Settlement>,
}

impl Worked {
    /// Every period, from the first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Settlement> {
        self.history.iter().chain(&self.settled).chain(&self.open)
    }
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
    rates: Arc<Rates>,
    parts: BTreeMap<Currency, BTreeMap<Period, Parts>>,
    /// Revenue in another currency than the share's, by that and the day of the rate it is converted at.
    foreign: BTreeMap<(Currency, Date), BTreeMap<Period, Parts>>,
    /// Lines in the window that belong to the base but have no price.
    unpriced: u64,
}

#[derive(Debug, Clone, Default)]
struct Parts {
    before: Sum,
    within: Sum,
}

/// The base of one period, before and within the window.
#[derive(Debug, Clone, Default)]
struct Base {
    before: Exact,
    within: Exact,
}

impl Accrual {
    pub(crate) fn new(share: Share, window: Range<Time>, zone: TimeZone, begins: YearBegins) -> Self {
        let until = share.until.map_or(Time::MAX, |until| day_start(until, &zone));
        let counts = day_start(share.since, &zone)..until;
        let periods = Periods::new(share.every, begins, zone.clone());
        Self {
            share,
            window,
            zone,
            begins,
            counts,
            periods,
            rates: Arc::default(),
            parts: BTreeMap::new(),
            foreign: BTreeMap::new(),
            unpriced: 0,
        }
    }

    /// Converts revenue in other currencies than the share's at these rates.
    pub(crate) fn at_rates(self, rates: Arc<Rates>) -> Self {
        Self { rates, ..self }
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
        match line.charge {
            Some(charge) => self.add_revenue(line.at, charge),
            None => self.unpriced += u64::from(self.window.contains(&line.at)),
        }
    }

    /// Adds revenue of the base.
    pub(crate) fn add_revenue(&mut self, at: Time, Amount { pico, currency }: Amount) {
        let period = self.periods.find(at);
        // One rate for a whole period is found when that is worked out.
        let daily = self.share.conversion == Conversion::Day;
        let rate = self.share.currency().filter(|own| daily && *own != currency).and_then(|own| {
            let day = crate::period::date_of(at, &self.zone);
            self.rates.on(currency, own, day).map(|(on, _)| on)
        });
        let by_period = match rate {
            Some(on) => self.foreign.entry((currency, on)).or_default(),
            None => self.parts.entry(currency).or_default(),
        };
        let parts = by_period.entry(period).or_default();
        let part = if at < self.window.start { &mut parts.before } else { &mut parts.within };
        part.add(pico);
    }

    /// The rates at which revenue of a period is converted to `own`, the share's currency.
    pub(crate) fn quotes(&self, own: Currency, period: Period) -> BTreeSet<Quote> {
        if self.share.currency() != Some(own) {
            return BTreeSet::new();
        }
        let daily = self.foreign.iter().filter(|(_, by_period)| by_period.contains_key(&period));
        let daily = daily.filter_map(|((from, on), _)| self.rates.quote(*from, own, *on));
        let whole = self.parts.iter().filter(|(_, by_period)| by_period.contains_key(&period));
        let whole = whole.filter_map(|(from, _)| Some(self.of_period(*from, period)?.1.1));
        daily.chain(whole).collect()
    }

    /// Works the share out, once for each currency of its base.
    pub(crate) fn work_out(&self) -> Result<Vec<Worked>, TooLarge> {
        let mut bases = self.bases();
        let sold: BTreeSet<Currency> = bases.keys().copied().collect();
        let mut worked = Vec::new();
        for currency in sold.iter().copied().chain(self.share.currency()).collect::<BTreeSet<Currency>>() {
            // A cap is in one currency. Revenue in another, for which there is no rate, leaves open how much of the
            // cap is used up, on both sides.
            let alone = sold.iter().all(|other| *other == currency);
            worked.push(self.in_currency(currency, bases.remove(&currency).unwrap_or_default(), alone)?);
        }
        Ok(worked)
    }

    fn in_currency(
        &self,
        currency: Currency,
        mut bases: BTreeMap<Period, Base>,
        alone: bool,
    ) -> Result<Worked, TooLarge> {
        self.add_floored(currency, &mut bases);
        let bound = Bound::of(&self.share.cap, currency, alone);
        let mut series = Series::new(&self.share, self.begins, currency, bound);
        let mut worked = Worked {
            currency,
            base_before: Exact::zero(),
            base: Exact::zero(),
            used_before: series.used(),
            used_after: series.used(),
            left: None,
            history: Vec::new(),
            settled: Vec::new(),
            open: None,
        };
        for (period, base) in bases {
            worked.base_before += &base.before;
            worked.base += &base.within;
            let bounds = period.bounds(&self.zone);
            // Where the window's start cuts a period, what was used up by then comes from the part before it.
            if bounds.start < self.window.start && bounds.end > self.window.start && !base.before.is_zero() {
                let mut so_far = series.clone();
                so_far.next(period, &base.before)?;
                worked.used_before = so_far.used();
            }
            let whole = base.before + base.within;
            let owed = series.next(period, &whole)?;
            let settlement = Settlement { period, base: whole, share: owed.share, due: owed.due };
            if bounds.end <= self.window.start {
                worked.used_before = series.used();
                worked.history.push(settlement);
            } else if bounds.end <= self.window.end {
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

    /// A share with a floor owes it for periods without revenue too.
    fn add_floored(&self, currency: Currency, bases: &mut BTreeMap<Period, Base>) {
        if self.share.floor.is_none_or(|floor| floor.currency != currency) {
            return;
        }
        let first = Period::of(self.share.every, self.begins, self.share.since);
        let running = |period: &Period| {
            let start = period.bounds(&self.zone).start;
            start < self.counts.end && start < self.window.end
        };
        for period in first.onwards().take_while(running) {
            bases.entry(period).or_default();
        }
    }

    /// The base of each period by the currency it is settled in, conversions included.
    fn bases(&self) -> BTreeMap<Currency, BTreeMap<Period, Base>> {
        let mut found: BTreeMap<Currency, BTreeMap<Period, Base>> = BTreeMap::new();
        let mut add = |currency: Currency, period: Period, before: Exact, within: Exact| {
            let base = found.entry(currency).or_default().entry(period).or_default();
            base.before += &before;
            base.within += &within;
        };
        for (currency, by_period) in &self.parts {
            for (period, parts) in by_period {
                let (before, within) = (parts.before.exact(), parts.within.exact());
                match self.of_period(*currency, *period) {
                    None => add(*currency, *period, before, within),
                    Some((own, (rate, _))) => add(own, *period, &before * &rate, &within * &rate),
                }
            }
        }
        for ((from, on), by_period) in &self.foreign {
            let Some(own) = self.share.currency() else { continue };
            let convert = |sum: &Sum| self.rates.convert(&sum.exact(), *from, own, *on).unwrap_or_default();
            for (period, parts) in by_period {
                add(own, *period, convert(&parts.before), convert(&parts.within));
            }
        }
        found
    }

    /// The share's currency and the rate at which all of a period's revenue in another is converted to it.
    fn of_period(&self, currency: Currency, period: Period) -> Option<(Currency, (Exact, Quote))> {
        let own = self.share.currency().filter(|own| *own != currency)?;
        let days = period.first_day()..=period.last_day();
        let end = self.window.end.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(self.window.end);
        let last = crate::period::date_of(end, &self.zone);
        let rate = self.rates.of_period((currency, own), self.share.conversion, &days, last)?;
        Some((own, rate))
    }
}

//! Conversion of money: at the last rate on or before a day, or at one rate for a whole period, in either direction.

use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::terms::{Average, Conversion, Rate};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

/// Decimals that people are shown of a rate.
const VALUE_DECIMALS: u32 = 8;

/// A rate, and what was entered where it is that the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    rate: Exact,
    inverse_of: Option<Exact>,
}

/// Averages of pairs of currencies, each with its days.
type Averages = BTreeMap<(Currency, Currency), Vec<(RangeInclusive<Date>, Held)>>;

/// The rates of a book, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    by_pair: BTreeMap<(Currency, Currency), BTreeMap<Date, Held>>,
    averages: Averages,
}

/// A rate that something was converted at, as it was entered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quote {
    /// From which currency was converted.
    pub from: Currency,
    /// To which.
    pub to: Currency,
    /// For which days it was entered, or worked out.
    pub of: QuoteOf,
    /// What one unit is worth, as it was entered.
    pub value: Exact,
    /// Whether it was entered from `to` to `from`, and is used the other way round.
    pub inverse: bool,
}

/// What days a rate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuoteOf {
    /// From this day on.
    Since(Date),
    /// From the first day to the last, as a published average.
    Average(Date, Date),
    /// From the first day to the last, as the mean of their rates.
    Mean(Date, Date),
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quote { from, to, .. } = self;
        let (one, other) = if self.inverse { (to, from) } else { (from, to) };
        let value = match self.value.rounded(VALUE_DECIMALS) {
            Some(near) if near != self.value => format!("≈ {near}"),
            Some(_) | None => self.value.to_string(),
        };
        write!(f, "1 {one} = {value} {other}, ")?;
        match self.of {
            QuoteOf::Since(day) => write!(f, "from {day} on")?,
            QuoteOf::Average(first, last) => write!(f, "on average from {first} to {last}")?,
            QuoteOf::Mean(first, last) => write!(f, "the mean of the rates of {first} to {last}")?,
        }
        if self.inverse { write!(f, ", used the other way round: from {from} to {to}") } else { Ok(()) }
    }
}

impl Rates {
    /// Takes the rows of a book. A row also holds the other way round, as one over its value, where no row says
    /// otherwise for that day. Of two rows for one day the later holds.
    #[must_use]
    pub fn new(rows: &[Rate]) -> Self {
        let mut by_pair: BTreeMap<(Currency, Currency), BTreeMap<Date, Held>> = BTreeMap::new();
        for row in rows {
            if let Some(held) = Held::inverse(&row.value) {
                by_pair.entry((row.to, row.from)).or_default().insert(row.on, held);
            }
        }
        for row in rows {
            by_pair.entry((row.from, row.to)).or_default().insert(row.on, Held::entered(&row.value));
        }
        Self { by_pair, averages: BTreeMap::new() }
    }

    /// With the averages of a book. A row also holds the other way round, as one over its value, where no row says
    /// otherwise for the same days. Of two rows for the same days the later holds.
    #[must_use]
    pub fn with_averages(self, rows: &[Average]) -> Self {
        let mut averages: Averages = BTreeMap::new();
        let mut add = |pair, days: RangeInclusive<Date>, value: Held| {
            let known = averages.entry(pair).or_default();
            known.retain(|(same, _)| *same != days);
            known.push((days, value));
        };
        let days = |row: &Average| Some(row.since..=row.until.yesterday().ok()?);
        for row in rows {
            if let Some((days, inverse)) = days(row).zip(Held::inverse(&row.value)) {
                add((row.to, row.from), days, inverse);
            }
        }
        for row in rows {
            if let Some(days) = days(row) {
                add((row.from, row.to), days, Held::entered(&row.value));
            }
        }
        Self { averages, ..self }
    }

    /// What one unit of `from` is worth in `to` on a day, and since when; `None` before the first rate.
    #[must_use]
    pub fn on(&self, from: Currency, to: Currency, day: Date) -> Option<(Date, &Exact)> {
        self.held(from, to, day).map(|(on, held)| (on, &held.rate))
    }

    fn held(&self, from: Currency, to: Currency, day: Date) -> Option<(Date, &Held)> {
        self.by_pair.get(&(from, to))?.range(..=day).next_back().map(|(on, held)| (*on, held))
    }

    /// The rate of a day as it was entered; `None` before the first.
    #[must_use]
    pub fn quote(&self, from: Currency, to: Currency, day: Date) -> Option<Quote> {
        self.held(from, to, day).map(|(on, held)| held.quote((from, to), QuoteOf::Since(on)))
    }

    /// `value` of `from` in `to` at the rate of `day`.
    #[must_use]
    pub fn convert(&self, value: &Exact, from: Currency, to: Currency, day: Date) -> Option<Exact> {
        if from == to {
            return Some(value.clone());
        }
        self.on(from, to, day).map(|(_, rate)| value * rate)
    }

    /// The one rate at which all of a period is converted, whose days are `whole` and of which those up to `last` are
    /// over, and how it was entered; `None` where it has no rate, or is converted day by day.
    #[must_use]
    pub fn of_period(
        &self,
        (from, to): (Currency, Currency),
        conversion: Conversion,
        whole: &RangeInclusive<Date>,
        last: Date,
    ) -> Option<(Exact, Quote)> {
        let last = last.min(*whole.end());
        match conversion {
            Conversion::Day => None,
            Conversion::Closing => {
                let (on, held) = self.held(from, to, last)?;
                Some((held.rate.clone(), held.quote((from, to), QuoteOf::Since(on))))
            }
            Conversion::Average => self.average((from, to), whole, last),
        }
    }

    /// What was entered for exactly these days; else the mean over the days up to `last`, of which each has the rate of
    /// the shortest average that holds it, or its own.
    fn average(
        &self,
        (from, to): (Currency, Currency),
        whole: &RangeInclusive<Date>,
        last: Date,
    ) -> Option<(Exact, Quote)> {
        let averages = self.averages.get(&(from, to)).map_or(&[][..], Vec::as_slice);
        if let Some((days, held)) = averages.iter().find(|(days, _)| days == whole) {
            let of = QuoteOf::Average(*days.start(), *days.end());
            return Some((held.rate.clone(), held.quote((from, to), of)));
        }
        let length = |days: &RangeInclusive<Date>| {
            days.start().until(*days.end()).map_or(i32::MAX, |span| span.get_days())
        };
        let of_day = |day: Date| {
            let holding = averages.iter().filter(|(days, _)| days.contains(&day));
            let shortest = holding.min_by_key(|(days, _)| length(days)).map(|(_, held)| &held.rate);
            shortest.or_else(|| self.on(from, to, day).map(|(_, value)| value))
        };
        let (mut sum, mut count) = (Exact::zero(), 0);
        let mut day = *whole.start();
        while day <= last {
            sum += of_day(day)?;
            count += 1;
            day = day.tomorrow().ok()?;
        }
        let value = (&sum / &Exact::whole(count))?;
        let of = QuoteOf::Mean(*whole.start(), last);
        Some((value.clone(), Quote { from, to, of, value, inverse: false }))
    }
}

impl Held {
    fn entered(value: &Exact) -> Self {
        Self { rate: value.clone(), inverse_of: None }
    }

    fn inverse(value: &Exact) -> Option<Self> {
        Some(Self { rate: (&Exact::whole(1) / value)?, inverse_of: Some(value.clone()) })
    }

    fn quote(&self, (from, to): (Currency, Currency), of: QuoteOf) -> Quote {
        let value = self.inverse_of.as_ref().unwrap_or(&self.rate).clone();
        Quote { from, to, of, value, inverse: self.inverse_of.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rate_on_or_before_the_day_holds_in_both_directions() {
        let currency = |code: &str| Currency::parse(code).unwrap();
        let rate = |from: &str, to: &str, value: &str, on: &str| Rate {
            from: currency(from),
            to: currency(to),
            value: Exact::parse(value).unwrap(),
            on: on.parse().unwrap(),
        };
        let rates = Rates::new(&[
            rate("EUR", "USD", "1.25", "2026-01-01"),
            rate("EUR", "USD", "1.5", "2026-02-01"),
            rate("USD", "EUR", "0.5", "2026-03-01"),
        ]);
        let asked = |from: &str, to: &str, day: &str| {
            let found = rates.convert(&Exact::whole(12), currency(from), currency(to), day.parse().unwrap());
            found.map_or("none".to_owned(), |found| found.to_string())
        };
        assert_eq!(asked("EUR", "USD", "2025-12-31"), "none");
        assert_eq!(asked("EUR", "USD", "2026-01-31"), "15");
        assert_eq!(asked("USD", "EUR", "2026-02-01"), "8");
        assert_eq!(asked("USD", "EUR", "2026-03-01"), "6");
        assert_eq!(asked("EUR", "USD", "2026-03-01"), "24");
        assert_eq!(asked("USD", "USD", "2026-03-01"), "12");
        assert_eq!(asked("USD", "JPY", "2026-03-01"), "none");
        let quoted = |from: &str, to: &str, day: &str| {
            rates.quote(currency(from), currency(to), day.parse().unwrap()).unwrap().to_string()
        };
        assert_eq!(quoted("EUR", "USD", "2026-01-31"), "1 EUR = 1.25 USD, from 2026-01-01 on");
        assert_eq!(
            quoted("USD", "EUR", "2026-02-01"),
            "1 EUR = 1.5 USD, from 2026-02-01 on, used the other way round: from USD to EUR"
        );
        assert_eq!(quoted("USD", "EUR", "2026-03-01"), "1 USD = 0.5 EUR, from 2026-03-01 on");
    }

    #[test]
    fn a_period_has_one_rate_by_its_average_or_its_last_day() {
        let currency = |code: &str| Currency::parse(code).unwrap();
        let (eur, usd) = (currency("EUR"), currency("USD"));
        let rate = |value: &str, on: &str| Rate {
            from: eur,
            to: usd,
            value: Exact::parse(value).unwrap(),
            on: on.parse().unwrap(),
        };
        let average = |value: &str, since: &str, until: &str| Average {
            from: eur,
            to: usd,
            value: Exact::parse(value).unwrap(),
            since: since.parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let dated = [rate("1.2", "2026-03-22"), rate("1.5", "2026-03-31"), rate("2", "2026-04-01")];
        let published =
            [average("1.25", "2026-04-01", "2026-05-01"), average("1.6", "2026-04-01", "2026-07-01")];
        let rates = Rates::new(&dated).with_averages(&published);
        let asked = |pair, rule, from: &str, to: &str, last: &str| {
            let days = from.parse().unwrap()..=to.parse().unwrap();
            let found = rates.of_period(pair, rule, &days, last.parse().unwrap());
            found.map_or("none".to_owned(), |(found, quote)| {
                assert!(quote.value == found || quote.inverse, "{quote}");
                found.to_string()
            })
        };
        let (into, back) = ((eur, usd), (usd, eur));
        let (end, quarter) = ("2026-12-31", ("2026-04-01", "2026-06-30"));
        assert_eq!(asked(into, Conversion::Closing, "2026-03-01", "2026-03-31", end), "1.5");
        assert_eq!(
            asked(into, Conversion::Closing, "2026-03-01", "2026-03-31", "2026-03-30"),
            "1.2",
            "still open"
        );
        assert_eq!(
            asked(into, Conversion::Average, "2026-03-22", "2026-03-31", end),
            "1.23",
            "nine days and one"
        );
        assert_eq!(
            asked(into, Conversion::Average, "2026-03-01", "2026-03-31", end),
            "none",
            "days without a rate"
        );
        assert_eq!(asked(into, Conversion::Average, "2026-04-01", "2026-04-30", end), "1.25");
        assert_eq!(asked(back, Conversion::Average, "2026-04-01", "2026-04-30", end), "0.8");
        assert_eq!(asked(into, Conversion::Average, quarter.0, quarter.1, end), "1.6");
        assert_eq!(
            asked(into, Conversion::Average, "2026-04-30", "2026-05-01", end),
            "1.425",
            "April's, the quarter's"
        );
        assert_eq!(asked(into, Conversion::Day, quarter.0, quarter.1, end), "none");
    }
}

//! Conversion of money: at the last rate on or before a day, or at one rate for a whole period, in either direction.

use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::terms::{Average, Conversion, Rate};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Averages of pairs of currencies, each with its days.
type Averages = BTreeMap<(Currency, Currency), Vec<(RangeInclusive<Date>, Exact)>>;

/// The rates of a book, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    by_pair: BTreeMap<(Currency, Currency), BTreeMap<Date, Exact>>,
    averages: Averages,
}

impl Rates {
    /// Takes the rows of a book. A row also holds the other way round, as one over its value, where no row says
    /// otherwise for that day. Of two rows for one day the later holds.
    #[must_use]
    pub fn new(rows: &[Rate]) -> Self {
        let mut by_pair: BTreeMap<(Currency, Currency), BTreeMap<Date, Exact>> = BTreeMap::new();
        for row in rows {
            if let Some(inverse) = &Exact::whole(1) / &row.value {
                by_pair.entry((row.to, row.from)).or_default().insert(row.on, inverse);
            }
        }
        for row in rows {
            by_pair.entry((row.from, row.to)).or_default().insert(row.on, row.value.clone());
        }
        Self { by_pair, averages: BTreeMap::new() }
    }

    /// With the averages of a book. A row also holds the other way round, as one over its value, where no row says
    /// otherwise for the same days. Of two rows for the same days the later holds.
    #[must_use]
    pub fn with_averages(self, rows: &[Average]) -> Self {
        let mut averages: Averages = BTreeMap::new();
        let mut add = |pair, days: RangeInclusive<Date>, value: Exact| {
            let known = averages.entry(pair).or_default();
            known.retain(|(same, _)| *same != days);
            known.push((days, value));
        };
        let days = |row: &Average| Some(row.since..=row.until.yesterday().ok()?);
        for row in rows {
            if let Some((days, inverse)) = days(row).zip(&Exact::whole(1) / &row.value) {
                add((row.to, row.from), days, inverse);
            }
        }
        for row in rows {
            if let Some(days) = days(row) {
                add((row.from, row.to), days, row.value.clone());
            }
        }
        Self { averages, ..self }
    }

    /// What one unit of `from` is worth in `to` on a day, and since when; `None` before the first rate.
    #[must_use]
    pub fn on(&self, from: Currency, to: Currency, day: Date) -> Option<(Date, &Exact)> {
        self.by_pair.get(&(from, to))?.range(..=day).next_back().map(|(on, value)| (*on, value))
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
    /// over; `None` where it has no rate, or is converted day by day.
    #[must_use]
    pub fn of_period(
        &self,
        (from, to): (Currency, Currency),
        conversion: Conversion,
        whole: &RangeInclusive<Date>,
        last: Date,
    ) -> Option<Exact> {
        let last = last.min(*whole.end());
        match conversion {
            Conversion::Day => None,
            Conversion::Closing => self.on(from, to, last).map(|(_, rate)| rate.clone()),
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
    ) -> Option<Exact> {
        let averages = self.averages.get(&(from, to)).map_or(&[][..], Vec::as_slice);
        if let Some((_, value)) = averages.iter().find(|(days, _)| days == whole) {
            return Some(value.clone());
        }
        let length = |days: &RangeInclusive<Date>| {
            days.start().until(*days.end()).map_or(i32::MAX, |span| span.get_days())
        };
        let of_day = |day: Date| {
            let holding = averages.iter().filter(|(days, _)| days.contains(&day));
            let shortest = holding.min_by_key(|(days, _)| length(days)).map(|(_, value)| value);
            shortest.or_else(|| self.on(from, to, day).map(|(_, value)| value))
        };
        let (mut sum, mut count) = (Exact::zero(), 0);
        let mut day = *whole.start();
        while day <= last {
            sum += of_day(day)?;
            count += 1;
            day = day.tomorrow().ok()?;
        }
        &sum / &Exact::whole(count)
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
            found.map_or("none".to_owned(), |found| found.to_string())
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

//! Conversion of money at dated rates: the last row on or before a day, in either direction.

use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::terms::Rate;
use std::collections::BTreeMap;

/// The rates of a book, ready to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    by_pair: BTreeMap<(Currency, Currency), BTreeMap<Date, Exact>>,
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
        Self { by_pair }
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
}

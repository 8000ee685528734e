//! How high a stream of revenue is, month by month.

use super::chance::{self, Run};
use crate::sum::TooLarge;
use abide_model::Date;
use abide_model::money::{Currency, Exact, PICO};
use abide_model::scenario::{Growing, Level, Stream};

/// The revenue of whole months in one future, in minor units. Rounding is cumulative, so that twelve months of a year
/// come to the year. Amounts below zero count as zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// The number of the first month.
    first: i64,
    /// From the first month to the last.
    months: Vec<i128>,
}

impl Course {
    /// The course of `stream` in this future; `amount` takes the place of what the stream says, if given.
    pub(super) fn new(
        stream: &Stream,
        currency: Currency,
        run: Run,
        amount: Option<&Exact>,
    ) -> Result<Self, TooLarge> {
        let (first, end) = (month_number(stream.from), month_number(stream.until) + 1);
        let count = end - first;
        let exact = match &stream.level {
            Level::Points(points) => (first..end).map(|month| on_lines(points, month)).collect(),
            Level::Growing(level) => steps(level, run, amount, count),
        };
        let pico = exact.iter().map(|month| pico(month).ok_or(TooLarge { currency }));
        let months = rounded(pico, currency)?;
        Ok(Self { first, months })
    }

    /// What the month that begins on `day` comes to.
    pub(super) fn month(&self, day: Date) -> i128 {
        let place = usize::try_from(month_number(day) - self.first).ok();
        place.and_then(|place| self.months.get(place)).copied().unwrap_or(0)
    }
}

/// What each of `count` months comes to, in currency units.
fn steps(level: &Growing, run: Run, amount: Option<&Exact>, count: i64) -> Vec<Exact> {
    let zero = Exact::zero();
    let amount = amount.cloned().unwrap_or_else(|| chance::value(&level.amount, run)).max(zero.clone());
    let factor = (Exact::whole(1) + chance::value(&level.growth, run)).max(zero);
    let step = i64::from(level.step.months());
    let mut month = divided(&amount, i64::from(level.per.months()));
    let mut found = Vec::new();
    for number in 0..count {
        if number > 0 && number % step == 0 {
            // To the trillionth of a unit, so that digits do not pile up over a hundred years.
            let grown = &month * &factor;
            month = pico(&grown).and_then(|pico| Exact::ratio(pico, PICO)).unwrap_or(grown);
        }
        found.push(month.clone());
    }
    found
}

/// The nearest trillionth.
fn pico(amount: &Exact) -> Option<i128> {
    (amount * &Exact::whole(PICO)).round_half_even()
}

/// Minor units, so that the sum of all up to any month is the rounded sum.
fn rounded(
    months: impl Iterator<Item = Result<i128, TooLarge>>,
    currency: Currency,
) -> Result<Vec<i128>, TooLarge> {
    let unit = PICO / 10i128.pow(currency.decimals());
    let (mut sum, mut emitted) = (0i128, 0i128);
    let mut found = Vec::new();
    for month in months {
        sum = sum.checked_add(month?).ok_or(TooLarge { currency })?;
        // Half up: nothing here is below zero.
        let whole = (sum + unit / 2) / unit;
        found.push(whole - emitted);
        emitted = whole;
    }
    Ok(found)
}

/// What a month comes to on the straight lines between points.
fn on_lines(points: &[(Date, Exact)], month: i64) -> Exact {
    divided(&(on_line(points, month) + on_line(points, month + 1)), 24)
}

/// The amount a year that the straight lines between points come to at the start of a month. Lines rise evenly by the
/// month.
fn on_line(points: &[(Date, Exact)], month: i64) -> Exact {
    let after = points.partition_point(|(on, _)| month_number(*on) <= month);
    let before = after.checked_sub(1).and_then(|at| points.get(at));
    match (before, points.get(after)) {
        (Some((from, low)), Some((until, high))) => {
            let whole = month_number(*until) - month_number(*from);
            let into = month - month_number(*from);
            let part = Exact::ratio(i128::from(into), i128::from(whole)).unwrap_or_default();
            low + &(&(high - low) * &part)
        }
        (Some((_, level)), None) | (None, Some((_, level))) => level.clone(),
        (None, None) => Exact::zero(),
    }
}

/// Months since the year 0.
fn month_number(day: Date) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month()) - 1
}

fn divided(amount: &Exact, by: i64) -> Exact {
    (amount / &Exact::whole(i128::from(by))).unwrap_or_default()
}

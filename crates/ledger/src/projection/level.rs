//! How high what is sold and bought is, month by month.

use super::chance::{self, Run};
use crate::sum::TooLarge;
use abide_model::Date;
use abide_model::money::{Currency, Exact, PICO};
use abide_model::scenario::{Growing, Level, Scenario, UnitPrice};
use std::rc::Rc;

/// What everything comes to in one future: the streams of the scenario, then its purchases, then what its valuations
/// say.
pub(super) struct Future {
    pub(super) courses: Vec<Rc<Course>>,
    /// In currency units.
    pub(super) values: Vec<Exact>,
}

/// All courses of a scenario. Those that hang on no chance are worked out once.
pub(super) struct Courses<'s> {
    scenario: &'s Scenario,
    middle: Vec<Rc<Course>>,
}

impl<'s> Courses<'s> {
    pub(super) fn new(scenario: &'s Scenario) -> Result<Self, TooLarge> {
        let each = sources(scenario).map(|source| source.course(scenario.currency, Run::Middle, None));
        let middle = each.map(|course| course.map(Rc::new)).collect::<Result<_, _>>()?;
        Ok(Self { scenario, middle })
    }

    pub(super) fn in_future(&self, run: Run) -> Result<Future, TooLarge> {
        let mut courses = Vec::with_capacity(self.middle.len());
        for (source, middle) in sources(self.scenario).zip(&self.middle) {
            courses.push(match source.is_random() && run != Run::Middle {
                true => Rc::new(source.course(self.scenario.currency, run, None)?),
                false => Rc::clone(middle),
            });
        }
        Ok(Future { courses, values: self.values(run) })
    }

    /// The future in the middle, with this amount in place of what the stream or purchase of that name says.
    pub(super) fn in_middle(&self, vary: &str, amount: &Exact) -> Result<Future, TooLarge> {
        let mut courses = self.middle.clone();
        let streams = self.scenario.streams.iter().map(|stream| &stream.name);
        let mut names = streams.chain(self.scenario.purchases.iter().map(|purchase| &purchase.name));
        let place = names.position(|name| name == vary);
        let varied =
            place.and_then(|place| Some((sources(self.scenario).nth(place)?, courses.get_mut(place)?)));
        if let Some((source, course)) = varied {
            *course = Rc::new(source.course(self.scenario.currency, Run::Middle, Some(amount))?);
        }
        Ok(Future { courses, values: self.values(Run::Middle) })
    }

    fn values(&self, run: Run) -> Vec<Exact> {
        let all = self.scenario.valuations.iter().map(|valuation| chance::value(&valuation.value, run));
        all.map(|value| value.max(Exact::zero())).collect()
    }
}

/// What a course is worked out from.
struct Source<'s> {
    from: Date,
    until: Date,
    level: &'s Level,
    price: Option<&'s UnitPrice>,
}

/// The streams, then the purchases.
fn sources(scenario: &Scenario) -> impl Iterator<Item = Source<'_>> {
    let streams = scenario.streams.iter().map(|stream| Source {
        from: stream.from,
        until: stream.until,
        level: &stream.level,
        price: stream.price.as_ref(),
    });
    let purchases = scenario.purchases.iter().map(|purchase| Source {
        from: purchase.from,
        until: purchase.until,
        level: &purchase.level,
        price: None,
    });
    streams.chain(purchases)
}

impl Source<'_> {
    fn is_random(&self) -> bool {
        self.level.is_random() || self.price.is_some_and(|price| price.amount.is_random())
    }

    /// The course in this future; `amount` takes the place of what the level says, if given.
    fn course(&self, currency: Currency, run: Run, amount: Option<&Exact>) -> Result<Course, TooLarge> {
        let (first, end) = (month_number(self.from), month_number(self.until) + 1);
        let months = match self.level {
            Level::Points(points) => (first..end).map(|month| pico(&on_lines(points, month))).collect(),
            Level::Growing(level) => steps(level, run, amount, end - first),
        };
        let months = months.into_iter().map(|month| month.ok_or(TooLarge { currency }));
        let price = self.price.map(|price| chance::value(&price.amount, run));
        Ok(Course { first, months: rounded(months, currency)?, price })
    }
}

/// What whole months come to in one future, in minor units. Rounding is cumulative, so that twelve months of a year
/// come to the year. Amounts below zero count as zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// The number of the first month.
    first: i64,
    /// From the first month to the last.
    months: Vec<i128>,
    /// What a unit costs.
    price: Option<Exact>,
}

impl Course {
    /// What the month that begins on `day` comes to.
    pub(super) fn month(&self, day: Date) -> i128 {
        let place = usize::try_from(month_number(day) - self.first).ok();
        place.and_then(|place| self.months.get(place)).copied().unwrap_or(0)
    }

    /// How many units an amount pays for; `None` where none are counted, or they cost nothing.
    pub(super) fn units(&self, amount: &Exact) -> Option<Exact> {
        let price = self.price.as_ref().filter(|price| !price.is_negative());
        price.and_then(|price| amount / price)
    }
}

/// What each of `count` months comes to, in trillionths of a currency unit; `None` where it does not fit.
fn steps(level: &Growing, run: Run, amount: Option<&Exact>, count: i64) -> Vec<Option<i128>> {
    let zero = Exact::zero();
    let amount = amount.cloned().unwrap_or_else(|| chance::value(&level.amount, run)).max(zero.clone());
    let factor = (Exact::whole(1) + chance::value(&level.growth, run)).max(zero);
    let step = i64::from(level.step.months());
    let mut month = divided(&amount, i64::from(level.per.months()));
    let mut whole = pico(&month);
    let mut found = Vec::new();
    for number in 0..count {
        if number > 0 && number % step == 0 {
            // To the trillionth of a unit, so that digits do not pile up over a hundred years.
            let grown = &month * &factor;
            whole = pico(&grown);
            month = whole.and_then(|pico| Exact::ratio(pico, PICO)).unwrap_or(grown);
        }
        found.push(whole);
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

//! A date axis: places of days, and ticks that fall on days people name.

use crate::svg::{PX, Px};
use crate::text;
use jiff::civil::Date;

/// The room a tick's label needs besides its own width.
const GAP: Px = 14 * PX;
/// The most ticks an axis can hold, whatever its dates are.
const TICKS_MAX: usize = 60;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Days from `from` to `until` over the places from `left` to `right`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) from: Date,
    pub(crate) until: Date,
    pub(crate) left: Px,
    pub(crate) right: Px,
}

/// A day that the axis names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) x: Px,
    pub(crate) label: String,
    /// What stands below: the year, where it is not said yet.
    pub(crate) below: Option<String>,
}

/// The distance between ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Days(i64),
    Months(i64),
}

/// From fine to coarse.
const STEPS: [Step; 15] = [
    Step::Days(1),
    Step::Days(7),
    Step::Months(1),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
    Step::Months(240),
    Step::Months(600),
    Step::Months(1_200),
    Step::Months(3_000),
    Step::Months(12_000),
    Step::Months(60_000),
];

impl Scale {
    /// The place of the start of a day; a day outside lies on the edge.
    pub(crate) fn x(&self, date: Date) -> Px {
        let days = number(self.until) - number(self.from);
        let into = (number(date) - number(self.from)).clamp(0, days.max(0));
        self.left + (self.right - self.left) * into / days.max(1)
    }

    /// The days that are named: as many as there is room for.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let fits = |step: &&Step| {
            let days = (number(self.until) - number(self.from)).max(1);
            let apart = (self.right - self.left) * step.days() / days;
            apart >= text::width(step.widest(), text::SMALL) + GAP
        };
        let step = STEPS.iter().find(fits).copied().unwrap_or(Step::Months(60_000));
        let mut ticks: Vec<Tick> = Vec::new();
        let mut year = None;
        for date in step.dates(self.from, self.until) {
            let says_year = !step.names_years() && year != Some(date.year());
            year = Some(date.year());
            let below = says_year.then(|| date.year().to_string());
            ticks.push(Tick { x: self.x(date), label: step.label(date), below });
        }
        ticks
    }
}

impl Step {
    fn days(self) -> i64 {
        match self {
            Step::Days(days) => days,
            Step::Months(months) => months * 30,
        }
    }

    fn names_years(self) -> bool {
        match self {
            Step::Days(_) => false,
            Step::Months(months) => months >= 12,
        }
    }

    fn widest(self) -> &'static str {
        match self {
            Step::Days(_) => "30 Mar",
            Step::Months(_) => "2026",
        }
    }

    fn label(self, date: Date) -> String {
        match self {
            Step::Days(_) => format!("{} {}", date.day(), month(date)),
            Step::Months(_) if self.names_years() => date.year().to_string(),
            Step::Months(_) => month(date).to_owned(),
        }
    }

    /// The dates of the axis that are whole multiples of the step.
    fn dates(self, from: Date, until: Date) -> Vec<Date> {
        let first = match self {
            Step::Days(1) => Some(from),
            // Weeks begin on Mondays.
            Step::Days(_) => from.checked_add(jiff::Span::new().days((7 - weekday(from)) % 7)).ok(),
            Step::Months(months) => first_month(from, months),
        };
        let next = |date: &Date| match self {
            Step::Days(days) => date.checked_add(jiff::Span::new().days(days)).ok(),
            Step::Months(months) => date.checked_add(jiff::Span::new().months(months)).ok(),
        };
        std::iter::successors(first, next).take_while(|date| *date <= until).take(TICKS_MAX).collect()
    }
}

/// The first day of the first month on or after `from` whose number since year 0 is a multiple of `months`.
fn first_month(from: Date, months: i64) -> Option<Date> {
    let begun = i64::from(from.day() > 1);
    let count = i64::from(from.year()) * 12 + i64::from(from.month()) - 1 + begun;
    let count = count.div_euclid(months) * months + if count.rem_euclid(months) > 0 { months } else { 0 };
    let year = i16::try_from(count.div_euclid(12)).ok()?;
    Date::new(year, i8::try_from(count.rem_euclid(12) + 1).ok()?, 1).ok()
}

/// Days since Monday.
fn weekday(date: Date) -> i64 {
    i64::from(date.weekday().to_monday_zero_offset())
}

/// Days since 1970-01-01.
pub(crate) fn number(date: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// The day of a number, or the nearest there is.
pub(crate) fn of(number: i128) -> Date {
    let days = i64::try_from(number.clamp(-4_000_000, 4_000_000)).unwrap_or(0);
    let edge = if days < 0 { Date::MIN } else { Date::MAX };
    jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap_or(edge)
}

/// `27 Apr 2026`.
pub(crate) fn shown(date: Date) -> String {
    format!("{} {} {}", date.day(), month(date), date.year())
}

fn month(date: Date) -> &'static str {
    let place = usize::try_from(date.month() - 1).unwrap_or(0);
    MONTHS.get(place).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use jiff::civil::date;
    use proptest::prelude::*;

    fn check(from: &str, until: &str, expected: Expect) {
        let scale =
            Scale { from: from.parse().unwrap(), until: until.parse().unwrap(), left: 0, right: 700 * PX };
        let ticks = scale.ticks();
        let shown = |tick: &Tick| match &tick.below {
            Some(below) => format!("{}/{below}", tick.label),
            None => tick.label.clone(),
        };
        expected.assert_eq(&ticks.iter().map(shown).collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn ticks_fall_on_days_people_name() {
        check(
            "2026-02-27",
            "2026-03-07",
            expect!["27 Feb/2026 28 Feb 1 Mar 2 Mar 3 Mar 4 Mar 5 Mar 6 Mar 7 Mar"],
        );
        check(
            "2026-02-27",
            "2026-04-27",
            expect!["2 Mar/2026 9 Mar 16 Mar 23 Mar 30 Mar 6 Apr 13 Apr 20 Apr 27 Apr"],
        );
        check("2025-10-28", "2026-07-01", expect!["Nov/2025 Dec Jan/2026 Feb Mar Apr May Jun Jul"]);
        check(
            "2025-01-21",
            "2028-01-01",
            expect!["Apr/2025 Jul Oct Jan/2026 Apr Jul Oct Jan/2027 Apr Jul Oct Jan/2028"],
        );
        check(
            "2019-07-22",
            "2033-01-01",
            expect!["2020 2021 2022 2023 2024 2025 2026 2027 2028 2029 2030 2031 2032 2033"],
        );
        check("1900-01-01", "2100-01-01", expect!["1900 1920 1940 1960 1980 2000 2020 2040 2060 2080 2100"]);
    }

    #[test]
    fn an_axis_without_length_still_has_a_place() {
        let day = date(2026, 4, 27);
        let scale = Scale { from: day, until: day, left: 10, right: 90 };
        assert_eq!(scale.x(day), 10);
        assert!(scale.ticks().len() <= 1);
    }

    proptest! {
        #[test]
        fn labels_never_touch(start in -20_000i64..1_000_000, days in 0i64..400_000) {
            let at = |n: i64| date(1970, 1, 1).checked_add(jiff::Span::new().days(n)).unwrap();
            let scale = Scale { from: at(start), until: at(start + days), left: 0, right: 700 * PX };
            let ticks = scale.ticks();
            for pair in ticks.windows(2) {
                prop_assert!(pair[1].x - pair[0].x >= text::width(&pair[0].label, text::SMALL));
            }
            prop_assert!(ticks.len() < TICKS_MAX);
        }
    }
}

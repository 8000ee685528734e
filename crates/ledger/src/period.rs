//! Calendar periods: parsed, walked, and turned into instants of a zone. The zone arrives as an argument.

use abide_model::terms::{Every, YearBegins};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::fmt;
use std::ops::Range;

/// Why a text is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a period")]
pub struct PeriodError {
    text: String,
    meant: Option<String>,
}

impl PeriodError {
    fn of(text: &str, begins: YearBegins) -> Self {
        Self { text: text.to_owned(), meant: meant(text).filter(|meant| read_in(meant, begins).is_some()) }
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        match &self.meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 \
                     for one of the book's own year"
                .to_owned(),
        }
    }
}

/// A year, half, quarter or month, of the calendar or of a book whose year begins in another month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    every: Every,
    // Invariant: January for months, which are the same in every year.
    begins: YearBegins,
    // A year that does not begin in January is named for the calendar year in which it ends.
    year: i16,
    // Invariant: from 1 to as many as `every` has in a year.
    n: u8,
}

impl Period {
    /// Parses `2026`, `2026-H1`, `2026-Q2` or `2026-05`, of the calendar.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        read(text, YearBegins::JANUARY).ok_or_else(|| PeriodError::of(text, YearBegins::JANUARY))
    }

    /// Parses `FY2026`, `FY2026-H1` or `FY2026-Q2` as a period of a book whose year so begins, and all that
    /// [`Period::parse`] does as one of the calendar.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse_in(text: &str, begins: YearBegins) -> Result<Self, PeriodError> {
        read_in(text, begins).ok_or_else(|| PeriodError::of(text, begins))
    }

    /// The period of length `every` that `date` lies in, where years begin so.
    #[must_use]
    pub fn of(every: Every, begins: YearBegins, date: Date) -> Self {
        let begins = begins_of(every, begins);
        let (month, first) = (date.month().unsigned_abs(), begins.month());
        let later = i16::from(first > 1 && month >= first);
        let n = (month + 12 - first) % 12 / every.months() + 1;
        Self { every, begins, year: date.year().saturating_add(later), n }
    }

    /// Its length.
    #[must_use]
    pub fn every(&self) -> Every {
        self.every
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(&self) -> Date {
        let first = self.begins.month();
        let month = first - 1 + (self.n - 1) * self.every.months();
        let year = self.year - i16::from(first > 1) + i16::from(month / 12);
        Date::new(year, (month % 12 + 1).cast_signed(), 1).unwrap_or(if year < 0 {
            Date::MIN
        } else {
            Date::MAX
        })
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(&self) -> Date {
        self.next().and_then(|next| next.first_day().yesterday().ok()).unwrap_or(Date::MAX)
    }

    /// Its name, and beside it its days where the name does not tell them: `FY2026-Q1 (2025-07-01 to 2025-09-30)`.
    #[must_use]
    pub fn told(&self) -> String {
        if self.begins == YearBegins::JANUARY {
            return self.to_string();
        }
        format!("{self} ({} to {})", self.first_day(), self.last_day())
    }

    /// The one after it; `None` at the end of the calendar, the year 9999.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        if self.n < 12 / self.every.months() {
            let next = Self { n: self.n + 1, ..*self };
            return (next.first_day() < Date::MAX).then_some(next);
        }
        (self.year < Date::MAX.year()).then(|| Self { year: self.year + 1, n: 1, ..*self })
    }

    /// This period and all after it.
    pub fn onwards(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), Self::next)
    }

    /// Its instants in `zone`: from the start of its first day to the start of the day after its last.
    #[must_use]
    pub fn bounds(&self, zone: &TimeZone) -> Range<Time> {
        let end = self.next().map_or(Time::MAX, |next| day_start(next.first_day(), zone));
        day_start(self.first_day(), zone)..end
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fiscal = if self.begins == YearBegins::JANUARY { "" } else { "FY" };
        match self.every {
            Every::Year => write!(f, "{fiscal}{:04}", self.year),
            Every::Half => write!(f, "{fiscal}{:04}-H{}", self.year, self.n),
            Every::Quarter => write!(f, "{fiscal}{:04}-Q{}", self.year, self.n),
            Every::Month => write!(f, "{:04}-{:02}", self.year, self.n),
        }
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        Self::parse(text)
    }
}

/// The instant `date` begins in `zone`; the first or last instant there is when the calendar ends before it.
pub(crate) fn day_start(date: Date, zone: &TimeZone) -> Time {
    let edge = if date.year() < 1970 { Time::MIN } else { Time::MAX };
    date.to_zoned(zone.clone()).map_or(edge, |start| start.timestamp())
}

/// The date that `at` falls on in `zone`.
pub(crate) fn date_of(at: Time, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

/// Finds the period an instant lies in; asks the zone only when the answer differs from the last one.
#[derive(Debug, Clone)]
pub(crate) struct Periods {
    every: Every,
    begins: YearBegins,
    zone: TimeZone,
    last: Option<(Range<Time>, Period)>,
}

impl Periods {
    pub(crate) fn new(every: Every, begins: YearBegins, zone: TimeZone) -> Self {
        Self { every, begins, zone, last: None }
    }

    pub(crate) fn find(&mut self, at: Time) -> Period {
        match &self.last {
            Some((bounds, period)) if bounds.contains(&at) => *period,
            Some(_) | None => {
                let period = Period::of(self.every, self.begins, date_of(at, &self.zone));
                self.last = Some((period.bounds(&self.zone), period));
                period
            }
        }
    }
}

/// Finds the date of an instant; asks the zone only when the answer differs from the last one.
#[derive(Debug, Clone)]
pub(crate) struct Days {
    zone: TimeZone,
    last: Option<(Range<Time>, Date)>,
}

impl Days {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, last: None }
    }

    pub(crate) fn find(&mut self, at: Time) -> Date {
        match &self.last {
            Some((bounds, date)) if bounds.contains(&at) => *date,
            Some(_) | None => {
                let date = date_of(at, &self.zone);
                let end = date.tomorrow().map_or(Time::MAX, |next| day_start(next, &self.zone));
                self.last = Some((day_start(date, &self.zone)..end, date));
                date
            }
        }
    }
}

fn begins_of(every: Every, begins: YearBegins) -> YearBegins {
    if every == Every::Month { YearBegins::JANUARY } else { begins }
}

fn read_in(text: &str, begins: YearBegins) -> Option<Period> {
    match text.strip_prefix("FY") {
        Some(rest) => read(rest, begins).filter(|period| period.every != Every::Month),
        None => read(text, YearBegins::JANUARY),
    }
}

fn read(text: &str, begins: YearBegins) -> Option<Period> {
    let (year, part) = match text.split_once('-') {
        Some((year, part)) => (year, Some(part)),
        None => (text, None),
    };
    let of = |part: &str, letter: char| part.strip_prefix(letter).map(|n| digits(n, 1));
    let (every, n) = match part {
        None => (Every::Year, 1),
        Some(part) => match (of(part, 'Q'), of(part, 'H')) {
            (Some(quarter), _) => (Every::Quarter, quarter?),
            (None, Some(half)) => (Every::Half, half?),
            (None, None) => (Every::Month, digits(part, 2)?),
        },
    };
    let year = digits(year, 4)?;
    let in_range = (1..=12 / u16::from(every.months())).contains(&n) && year > 1;
    let begins = begins_of(every, begins);
    in_range.then_some(Period { every, begins, year: year.cast_signed(), n: u8::try_from(n).ok()? })
}

/// What a text such as `Q2 2026`, `2026q2`, `May 2026` or `5/2026` most likely means.
fn meant(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let text = text.to_ascii_uppercase();
    let runs = |keep: fn(char) -> bool| -> Vec<String> {
        text.split(|c: char| !keep(c)).filter(|run| !run.is_empty()).map(str::to_owned).collect()
    };
    let (words, numbers) = (runs(|c| c.is_ascii_alphabetic()), runs(|c| c.is_ascii_digit()));
    let own = words.iter().any(|word| word == "FY");
    let letter = words.iter().find(|word| matches!(word.as_str(), "Q" | "H"));
    let month = words.iter().find_map(|word| MONTHS.iter().position(|month| word.starts_with(month)));
    let two_digits = own || letter.is_some() || month.is_some();
    let is_year = |number: &&String| number.len() == 4 || (two_digits && number.len() == 2);
    let year = numbers.iter().find(|number| number.len() == 4).or(numbers.iter().find(is_year))?;
    let mut rest =
        numbers.iter().filter(|number| *number != year).filter_map(|number| number.parse::<u8>().ok());
    let part = match (letter, month) {
        (Some(letter), _) => format!("-{letter}{}", rest.next()?),
        (None, Some(month)) => format!("-{:02}", month + 1),
        (None, None) => rest.next().map_or(String::new(), |month| format!("-{month:02}")),
    };
    let century = if year.len() == 2 { "20" } else { "" };
    Some(format!("{}{century}{year}{part}", if own { "FY" } else { "" }))
}

fn digits(text: &str, count: usize) -> Option<u16> {
    let plain = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn check(texts: &[&str], zone_name: &str, expected: Expect) {
        let rows = texts.iter().map(|text| match Period::parse(text) {
            Ok(period) => {
                let bounds = period.bounds(&zone(zone_name));
                format!("{period}: {} to {}, until {}\n", bounds.start, period.last_day(), bounds.end)
            }
            Err(error) => format!("{error}: {}\n", error.help()),
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn a_period_begins_and_ends_at_midnight_of_its_zone() {
        check(
            &["2026", "2026-Q1", "2026-Q4", "2026-03", "2024-02", "9999-Q4"],
            "America/Los_Angeles",
            expect![[r#"
                2026: 2026-01-01T08:00:00Z to 2026-12-31, until 2027-01-01T08:00:00Z
                2026-Q1: 2026-01-01T08:00:00Z to 2026-03-31, until 2026-04-01T07:00:00Z
                2026-Q4: 2026-10-01T07:00:00Z to 2026-12-31, until 2027-01-01T08:00:00Z
                2026-03: 2026-03-01T08:00:00Z to 2026-03-31, until 2026-04-01T07:00:00Z
                2024-02: 2024-02-01T08:00:00Z to 2024-02-29, until 2024-03-01T08:00:00Z
                9999-Q4: 9999-10-01T07:00:00Z to 9999-12-31, until 9999-12-30T22:00:00.999999999Z
            "#]],
        );
    }

    #[test]
    fn what_is_not_a_period_is_refused_with_an_example() {
        check(
            &[
                "",
                "26",
                "2026-",
                "2026-Q5",
                "2026-Q0",
                "2026-13",
                "2026-5",
                "2026-05-01",
                "0000",
                "+026",
                "2026-q2",
                "Q2 2026",
                "2026Q2",
                "1H26",
                "fy26-q1",
                "January 2026",
                "sept. 26",
                "05/2026",
                "20260501",
            ],
            "UTC",
            expect![[r#"
                `` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `26` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `2026-` is not a period: did you mean `2026`?
                `2026-Q5` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `2026-Q0` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `2026-13` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `2026-5` is not a period: did you mean `2026-05`?
                `2026-05-01` is not a period: did you mean `2026-05`?
                `0000` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `+026` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
                `2026-q2` is not a period: did you mean `2026-Q2`?
                `Q2 2026` is not a period: did you mean `2026-Q2`?
                `2026Q2` is not a period: did you mean `2026-Q2`?
                `1H26` is not a period: did you mean `2026-H1`?
                `fy26-q1` is not a period: did you mean `FY2026-Q1`?
                `January 2026` is not a period: did you mean `2026-01`?
                `sept. 26` is not a period: did you mean `2026-09`?
                `05/2026` is not a period: did you mean `2026-05`?
                `20260501` is not a period: write a year, a half, a quarter or a month, like 2026, 2026-H1, 2026-Q2 or 2026-05, or FY2026-Q2 for one of the book's own year
            "#]],
        );
    }

    #[test]
    fn periods_follow_each_other_without_a_gap_across_a_year() {
        let walked = |text: &str, count: usize| {
            let names = Period::parse(text).unwrap().onwards().take(count).map(|period| period.to_string());
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(walked("2026-11", 4), "2026-11 2026-12 2027-01 2027-02");
        assert_eq!(walked("2026-Q3", 3), "2026-Q3 2026-Q4 2027-Q1");
        assert_eq!(walked("9998", 5), "9998 9999");
    }

    #[test]
    fn a_year_that_begins_in_july_is_named_for_the_one_it_ends_in() {
        let july = YearBegins::in_month(7).unwrap();
        let shown = |text: &str| {
            let period = Period::parse_in(text, july).unwrap();
            format!("{period}: {} to {}", period.first_day(), period.last_day())
        };
        assert_eq!(shown("FY2026"), "FY2026: 2025-07-01 to 2026-06-30");
        assert_eq!(shown("FY2026-H2"), "FY2026-H2: 2026-01-01 to 2026-06-30");
        assert_eq!(shown("FY2026-Q1"), "FY2026-Q1: 2025-07-01 to 2025-09-30");
        assert_eq!(shown("2026-Q1"), "2026-Q1: 2026-01-01 to 2026-03-31");
        assert!(Period::parse_in("FY2026-05", july).is_err(), "a month is the same in every year");
        assert_eq!(Period::parse_in("FY2026-Q2", YearBegins::JANUARY), Period::parse("2026-Q2"));
    }

    #[test]
    fn a_day_that_has_no_midnight_starts_when_its_clock_does() {
        // Santiago springs forward at midnight: 2026-09-06 starts at 01:00.
        let start = day_start(jiff::civil::date(2026, 9, 6), &zone("America/Santiago"));
        assert_eq!(start.to_string(), "2026-09-06T04:00:00Z");
        assert_eq!(Days::new(zone("America/Santiago")).find(start).to_string(), "2026-09-06");
    }

    proptest! {
        #[test]
        fn an_instant_lies_within_the_period_found_for_it(
            seconds in prop::collection::vec(-60_000_000_000i64..250_000_000_000, 1..20),
            every in prop::sample::select(Every::ALL.to_vec()),
            month in 1u8..=12,
        ) {
            let zone = zone("America/Los_Angeles");
            let begins = YearBegins::in_month(month).unwrap();
            let mut periods = Periods::new(every, begins, zone.clone());
            let mut days = Days::new(zone.clone());
            for second in seconds {
                let at = Time::from_second(second).unwrap();
                let period = periods.find(at);
                prop_assert!(period.bounds(&zone).contains(&at));
                prop_assert_eq!(Period::of(every, begins, days.find(at)), period);
                if (2..=9998).contains(&period.first_day().year()) {
                    prop_assert_eq!(Period::parse_in(&period.to_string(), begins), Ok(period));
                }
            }
        }
    }
}

//! Days and spans of agreements, turned into instants of the book's zone.

use abide_model::{Date, Time};
use jiff::Span;
use jiff::tz::TimeZone;

/// An instant down to its second. All that a book says begins and ends on whole seconds, so that comparing these tells
/// as much as comparing instants, in a quarter of the steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

impl Moment {
    /// Later than every instant.
    pub(crate) const NEVER: Moment = Moment(i64::MAX);

    /// The second that `at` lies in.
    pub(crate) fn of(at: Time) -> Self {
        // Before 1970 a fraction counts backward.
        Self(at.as_second() - i64::from(at.subsec_nanosecond() < 0))
    }

    /// Its first instant.
    pub(crate) fn time(self) -> Time {
        Time::from_second(self.0).unwrap_or(Time::MAX)
    }
}

/// The first instant of `day` in `zone`, also where midnight is skipped by a change of clocks. A whole second.
pub(crate) fn start_of_day(zone: &TimeZone, day: Date) -> Time {
    let midnight = zone.to_ambiguous_zoned(day.at(0, 0, 0, 0)).compatible();
    let begun = midnight.and_then(|midnight| midnight.start_of_day());
    // Only a day at the very edge of the calendar has no instant.
    begun.map_or(if day.year() < 0 { Time::MIN } else { Time::MAX }, |begun| begun.timestamp())
}

/// Reads `"90d"`, `"2w"`, `"6m"` (months) or `"1y"`. Longer than the calendar has no meaning.
pub(crate) fn span(text: &str) -> Option<Span> {
    let unit = text.chars().last()?;
    let count: i32 = text.strip_suffix(unit)?.parse().ok().filter(|count| (0..=36_500).contains(count))?;
    let none = Span::new();
    match unit {
        'd' => none.try_days(count),
        'w' => none.try_weeks(count),
        'm' => none.try_months(count),
        'y' => none.try_years(count),
        _ => return None,
    }
    .ok()
}

/// Reads a day such as `2026-04-27`.
pub(crate) fn day(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    shaped.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_read_or_refused_and_never_too_long() {
        for text in ["36500d", "36500w", "36500m", "9999y"] {
            assert!(span(text).is_some(), "{text}");
        }
        for text in ["36500y", "36501d", "-1d", "1h", "d", "", "é"] {
            assert!(span(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_where_its_zone_says() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let begun = start_of_day(&zone, Date::constant(2026, 4, 27));
        assert_eq!(begun.to_string(), "2026-04-27T07:00:00Z");
        let skipped = TimeZone::get("America/Sao_Paulo").unwrap();
        let begun = start_of_day(&skipped, Date::constant(2018, 11, 4));
        assert_eq!(begun.to_string(), "2018-11-04T03:00:00Z", "clocks went from 0:00 to 1:00");
    }

    #[test]
    fn the_edges_of_the_calendar_have_instants_too() {
        for zone in [TimeZone::UTC, TimeZone::get("America/Los_Angeles").unwrap()] {
            start_of_day(&zone, Date::MAX);
            start_of_day(&zone, Date::MIN);
        }
    }

    #[test]
    fn a_moment_is_after_another_when_its_instant_is_in_a_later_second() {
        for (text, begins) in [
            ("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
            ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00Z"),
            ("2026-04-27T07:00:00.25Z", "2026-04-27T07:00:00Z"),
        ] {
            let moment = Moment::of(text.parse().unwrap());
            assert_eq!(moment.time().to_string(), begins, "{text}");
            assert!(Moment::of(Time::MIN) < moment && moment < Moment::of(Time::MAX), "{text}");
        }
        assert!(Moment::of(Time::MAX) < Moment::NEVER);
    }

    #[test]
    fn spans_are_a_count_and_a_unit() {
        for (text, read) in [("90d", true), ("0d", true), ("2w", true), ("6m", true), ("1y", true)] {
            assert_eq!(span(text).is_some(), read, "{text}");
        }
        for text in ["", "d", "90", "-1d", "1.5d", "90 d", "99999999999d", "1é"] {
            assert!(span(text).is_none(), "{text}");
        }
    }
}

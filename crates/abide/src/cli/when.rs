//! Times as people give them and read them.

use abide_agreement::Book;
use abide_model::{Date, Time};
use clap::Args;
use jiff::tz::TimeZone;
use std::time::Duration;

/// A day, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Day(Date),
    Instant(Time),
}

/// Reads `2026-04-27` or `2026-04-27T09:00-07:00`.
pub(crate) fn parse(text: &str) -> Result<When, String> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == 10
    {
        return Ok(When::Day(day));
    }
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape == "0000-00-00" {
        return Err("the calendar has no such day".to_owned());
    }
    let instant = text.parse::<Time>();
    instant
        .map(When::Instant)
        .map_err(|_| "write a day, 2026-04-27, or an instant, 2026-04-27T09:00-07:00".to_owned())
}

impl When {
    /// The instant; of a day its start in the book's zone.
    pub(crate) fn instant(self, book: &Book) -> Time {
        match self {
            When::Day(day) => book.start_of_day(day),
            When::Instant(at) => at,
        }
    }
}

/// The two times that a question is about.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Times {
    /// When it is done or in force: a day (its start in the book's zone) or an instant [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse)]
    at: Option<When>,
    /// As known at this time: what was recorded later is not used [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse)]
    known: Option<When>,
}

impl Times {
    /// Both as instants: when, and as known when.
    pub(crate) fn instants(self, book: &Book) -> (Time, Time) {
        let now = now();
        let instant = |when: Option<When>| when.map_or(now, |when| when.instant(book));
        (instant(self.at), instant(self.known))
    }
}

/// When something that lasts `"90d"`, or ends on a day or at an instant, is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    After(Duration),
    At(Time),
}

/// Reads `90d`, `2027-01-01` (its start in UTC) or an instant.
pub(crate) fn parse_end(text: &str) -> Result<End, String> {
    if let Some(after) = crate::config::table::duration(text) {
        return Ok(End::After(after));
    }
    match parse(text) {
        Ok(When::Instant(at)) => Ok(End::At(at)),
        Ok(When::Day(day)) => {
            let start = day.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
            Ok(End::At(start.timestamp()))
        }
        Err(_) => Err("write how long, such as 90d or 12h, or a day, such as 2027-01-01".to_owned()),
    }
}

/// This moment, to the second: finer is noise in what people read.
pub(crate) fn now() -> Time {
    let now = Time::now();
    Time::from_second(now.as_second()).unwrap_or(now)
}

/// This moment, to the millisecond, as fine as the ledger keeps time.
pub(crate) fn now_in_ledger() -> Time {
    let now = Time::now();
    Time::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// To the second, in UTC: `2026-04-27 09:00:00Z`.
pub(crate) fn short(at: Time) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// With the offset of a zone: `2026-04-27T00:00:00-07:00`.
pub(crate) fn in_zone(at: Time, zone: &TimeZone) -> String {
    at.display_with_offset(zone.to_offset(at)).to_string()
}

/// The day, where the instant begins one in the zone; else the instant: `2026-04-27`, `2026-04-27T09:00:00-07:00`.
pub(crate) fn day_or_time(at: Time, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    match zoned.start_of_day() {
        Ok(start) if start.timestamp() == at => zoned.date().to_string(),
        Ok(_) | Err(_) => in_zone(at, zone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_told_apart() {
        assert_eq!(parse("2026-04-27"), Ok(When::Day(Date::constant(2026, 4, 27))));
        let instant = "2026-04-27T07:00:00Z".parse().unwrap();
        assert_eq!(parse("2026-04-27T00:00-07:00"), Ok(When::Instant(instant)));
        for text in ["", "today", "2026-04", "2026-13-01", "2026-04-27T09:00", "27.4.2026"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_end_is_a_time_from_now_or_a_day() {
        assert_eq!(parse_end("90d"), Ok(End::After(Duration::from_secs(90 * 86_400))));
        assert_eq!(parse_end("2027-01-01"), Ok(End::At("2027-01-01T00:00:00Z".parse().unwrap())));
        assert!(parse_end("soon").is_err());
    }

    #[test]
    fn an_instant_is_shown_with_the_offset_of_its_zone() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let at = "2026-04-27T07:00:00Z".parse().unwrap();
        assert_eq!(in_zone(at, &zone), "2026-04-27T00:00:00-07:00");
        assert_eq!(short(at), "2026-04-27 07:00:00Z");
    }
}

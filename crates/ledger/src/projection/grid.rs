//! The periods of a scenario's tables and the stretches of time that sales and purchases are worked out in.

use super::{Piece, Stage, next_month};
use crate::period::Period;
use abide_model::Date;
use abide_model::scenario::Scenario;
use abide_model::terms::YearBegins;
use std::collections::BTreeSet;
use std::ops::Range;

/// The calendar periods of the horizon, cut at its ends.
pub(super) fn periods(scenario: &Scenario, year: YearBegins) -> Vec<Stage> {
    let all = Period::of(scenario.every, year, scenario.from).onwards();
    let inside = all.take_while(|period| period.first_day() < scenario.until);
    let stage = |period: Period| Stage {
        name: period.to_string(),
        from: period.first_day().max(scenario.from),
        until: period.next().map_or(Date::MAX, |next| next.first_day()).min(scenario.until),
    };
    inside.map(stage).collect()
}

/// The period that `day` lies in; the last for a day after the horizon.
pub(super) fn place(periods: &[Stage], day: Date) -> usize {
    periods.partition_point(|stage| stage.until <= day).min(periods.len().saturating_sub(1))
}

/// A part of a month within one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice<'p> {
    /// The first day of the month.
    pub(super) month: Date,
    /// Its own first day.
    pub(super) from: Date,
    /// How many days it has, …
    pub(super) days: i64,
    /// … of how many in the month.
    pub(super) of: i64,
    pub(super) piece: &'p Piece,
}

/// The slices within the horizon of what runs through `days`, by day; none goes across one of `turns`.
pub(super) fn slices<'p>(
    scenario: &Scenario,
    days: Range<Date>,
    pieces: &'p [Piece],
    turns: &BTreeSet<Date>,
) -> Vec<Slice<'p>> {
    let (from, until) = (days.start.max(scenario.from), days.end.min(scenario.until));
    let mut found = Vec::new();
    let first = Date::new(from.year(), from.month(), 1).unwrap_or(from);
    let next = |month: &Date| Some(next_month(*month)).filter(|next| next > month);
    for month in std::iter::successors(Some(first), next).take_while(|month| *month < until) {
        let end = next_month(month);
        for piece in pieces {
            let (begun, ended) = (piece.from.max(from).max(month), piece.until.min(until).min(end));
            let inside = turns.iter().copied().filter(|turn| begun < *turn && *turn < ended);
            let mut from = begun;
            for until in inside.chain([ended]).filter(|_| begun < ended) {
                found.push(Slice { month, from, days: count(from, until), of: count(month, end), piece });
                from = until;
            }
        }
    }
    found
}

fn count(from: Date, until: Date) -> i64 {
    from.until(until).map_or(0, |span| i64::from(span.get_days()))
}

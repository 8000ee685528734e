//! Figures in words: one unit for a whole table, intervals and percentiles where there are some.

use super::case::Case;
use abide_draw::{Scale, Unit};
use abide_ledger::Span;
use abide_ledger::projection::{self, Figure, Outcome, Reached, Row, StageOutcome, Standing};
use abide_model::Date;
use abide_model::money::Exact;
use abide_model::scenario::{Level, Search};
use abide_model::terms::Limit;

/// How amounts of a case are written.
pub(super) struct Money {
    scale: Scale,
}

impl Money {
    /// One unit for everything, by the largest figure.
    pub(super) fn of(case: &Case) -> Self {
        let all = case.projection.drafts.iter().flat_map(all);
        Self::fitting(unit(case), all)
    }

    /// One unit for all commitments of a draft; `None` where it has none.
    pub(super) fn of_commits(outcome: &Outcome) -> Option<Self> {
        let currency = outcome.commits.first()?.currency;
        let unit = Unit { name: currency.to_string(), decimals: currency.decimals() };
        let stages = outcome.commits.iter().flat_map(|one| &one.stages);
        let all = stages.flat_map(|stage| {
            [stage.wanted.as_ref().map_or(0, |wanted| wanted.p90.high), stage.bought.p90.high]
        });
        Some(Self::fitting(unit, all))
    }

    /// With up to four digits before the point, so that one large figure leaves the small ones theirs.
    fn fitting(unit: Unit, all: impl IntoIterator<Item = i128>) -> Self {
        Self { scale: Scale::fitting(unit, all.into_iter().map(|amount| amount / 10)) }
    }

    pub(super) fn name(&self) -> String {
        self.scale.name()
    }

    pub(super) fn span(&self, span: &Span<i128>) -> String {
        let one = |amount| self.scale.shown(amount, 2);
        match span.is_exact() {
            true => one(span.low),
            false => format!("{} to {}", one(span.low), one(span.high)),
        }
    }

    /// The one in the middle, without its range.
    pub(super) fn middle(&self, figure: &Figure) -> String {
        self.span(&figure.p50)
    }

    /// The range in which eight of ten lie; empty where nothing is random.
    pub(super) fn range(&self, figure: &Figure) -> String {
        if figure.p10 == figure.p90 {
            return String::new();
        }
        self.span(&Span { low: figure.p10.low, high: figure.p90.high })
    }
}

pub(super) fn unit(case: &Case) -> Unit {
    Unit { name: case.scenario.currency.to_string(), decimals: case.decimals() }
}

fn all(outcome: &Outcome) -> impl Iterator<Item = i128> {
    let ends = |figure: &Figure| [figure.p10.low, figure.p90.high];
    let row = move |row: &Row| ends(&row.total);
    outcome
        .parties
        .iter()
        .flat_map(move |one| [ends(&one.present_value), row(&one.cash), row(&one.revenue)])
        .flatten()
}

/// When a bound is reached, for tables.
pub(super) fn reached(reached: &Reached, futures: u32) -> String {
    let Reached { p10, p50, p90, times } = reached;
    let day = |day: &Span<Option<Date>>| days(day, "not within the horizon");
    match (certainly(reached, futures), p50.low) {
        (true, _) => day(p50),
        (false, Some(_)) => {
            format!("{} (p10 {}, p90 {}; in {times} of {futures})", day(p50), day(p10), day(p90))
        }
        (false, None) if p10.low.is_some() => format!("in {times} of {futures} futures (p10 {})", day(p10)),
        (false, None) => format!("in {times} of {futures} futures"),
    }
}

/// The same for people: the answer, and the rest of the sentence. `done` is what happens on that day, and `within` the
/// time that is looked at.
pub(super) fn told(reached: &Reached, futures: u32, [done, within]: [&str; 2]) -> (String, String) {
    let Reached { p10, p50, p90, times } = reached;
    let by = |day: &Span<Option<Date>>| {
        if day.is_exact() { format!("by {}", days(day, "")) } else { days(day, &format!("not {within}")) }
    };
    let tenth = |day: &Span<Option<Date>>, tenth| match day.low {
        Some(_) => format!(", in {tenth} of ten {}", by(day)),
        None => String::new(),
    };
    let answer = match p50.low {
        Some(_) => format!("{done} {}", by(p50)),
        None if *times > 0 => format!("{done} {within} in {times} of {futures} futures"),
        None => format!("not {done} {within}"),
    };
    let rest = match (certainly(reached, futures), p50.low) {
        (true, _) if futures == 1 => String::new(),
        (true, Some(_)) => format!(" in all {futures} futures"),
        (true, None) => format!(" in any of {futures} futures"),
        (false, Some(_)) => {
            let (early, late) = (tenth(p10, "one"), tenth(p90, "nine"));
            format!(" in the middle of {futures} futures{early}{late}; {within} in {times}")
        }
        (false, None) => tenth(p10, "one"),
    };
    (answer, rest)
}

/// Whether it is the same in every future.
fn certainly(reached: &Reached, futures: u32) -> bool {
    futures == 1 || (reached.p10 == reached.p90 && [0, futures].contains(&reached.times))
}

/// A day, or from when to when it may be.
fn days(day: &Span<Option<Date>>, never: &str) -> String {
    let one = |day: Option<Date>| day.map_or(never.to_owned(), |day| day.to_string());
    if day.is_exact() { one(day.low) } else { format!("{} to {}", one(day.low), one(day.high)) }
}

/// What tables say of a stage of a commitment besides its figures.
pub(super) struct Told {
    pub(super) stage: String,
    /// When all of it has been bought.
    pub(super) met: String,
}

impl Told {
    pub(super) fn of(stage: &StageOutcome, case: &Case) -> Self {
        let last = stage.until.and_then(|until| until.yesterday().ok());
        let met = stage.met.as_ref().map(|met| match (met.p50.low, case.is_random()) {
            (Some(_), _) => format!("all bought by {}", reached(met, case.projection.futures)),
            (None, false) => String::new(),
            (None, true) if met.times == 0 => "all bought in no future".to_owned(),
            (None, true) => format!("all bought {}", reached(met, case.projection.futures)),
        });
        Self {
            stage: last.map_or(format!("{} on", stage.since), |last| format!("{} to {last}", stage.since)),
            met: met.unwrap_or_default(),
        }
    }
}

/// A bound, in words.
pub(super) fn cap(limit: &Limit, money: &Money) -> String {
    match limit {
        Limit::None => "no cap".to_owned(),
        Limit::Unknown => "a cap that is not known".to_owned(),
        Limit::Of(total) => {
            let minor = total.exact().to_minor(total.currency).unwrap_or(i128::MAX);
            format!("cap of {} {}", trimmed(&money.scale.shown(minor, 2)), money.name())
        }
    }
}

/// What a stretch of a search says.
pub(super) fn standing(side: Standing, better: &str, than: &str) -> String {
    match side {
        Standing::Better => format!("{better} is better"),
        Standing::Worse => format!("{than} is better"),
        Standing::Even => "both come to the same".to_owned(),
        Standing::Open => "it depends on what is not known".to_owned(),
    }
}

/// Between which levels of a search the answer changes, in whole currency units.
pub(super) fn turns(case: &Case, search: &Search) -> Vec<i128> {
    let searches = case.scenario.searches.iter().zip(&case.projection.found);
    let found = searches.filter(|(one, _)| one.name == search.name).map(|(_, found)| found);
    // The last level of a stretch that is no mere point.
    let turns = found.flat_map(|found| found.stretches.windows(2));
    let turns = turns.filter(|pair| matches!(pair, [one, _] if one.low < one.high));
    turns.filter_map(|pair| pair.first()).map(|one| one.high).collect()
}

/// What a search varies: what people call it, and what the forecast says of it.
pub(super) fn varied<'c>(case: &'c Case, search: &Search) -> Option<(&'c str, &'c Level)> {
    let sold = case.scenario.streams.iter().map(|one| (&one.name, &one.title, &one.level));
    let bought = case.scenario.purchases.iter().map(|one| (&one.name, &one.title, &one.level));
    let (name, title, level) = sold.chain(bought).find(|(name, ..)| **name == search.vary)?;
    Some((if title.is_empty() { name } else { title }, level))
}

/// The amount that the forecast has at first, in the middle future; a curve has none.
pub(super) fn in_forecast(level: &Level) -> Option<Exact> {
    match level {
        Level::Growing(growing) => Some(projection::in_the_middle(&growing.amount)),
        Level::Points(_) => None,
    }
}

/// Whole currency units as amounts of a level, to three decimals: `23.41 billion USD`.
pub(super) fn level(case: &Case, units: i128) -> String {
    if units == 0 {
        return format!("0 {}", case.scenario.currency);
    }
    let minor = units.saturating_mul(10i128.pow(case.decimals()));
    let scale = Scale::fitting(unit(case), [minor]);
    let number = scale.shown(minor, 3);
    let number =
        if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number} {}", scale.name())
}

/// A number without needless digits.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

//! Figures in words: one unit for a whole table, intervals and percentiles where there are some.

use super::case::Case;
use abide_draw::{Scale, Unit};
use abide_ledger::Span;
use abide_ledger::projection::{Figure, Outcome, Reached, Row, StageOutcome, Standing};
use abide_model::Date;
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

/// When a bound is reached, in words.
pub(super) fn reached(reached: &Reached, futures: u32) -> String {
    let day = |span: &Span<Option<Date>>| {
        let one = |day: Option<Date>| day.map_or("not within the horizon".to_owned(), |day| day.to_string());
        if span.is_exact() { one(span.low) } else { format!("{} to {}", one(span.low), one(span.high)) }
    };
    if futures == 1 || (reached.p10 == reached.p90 && [0, futures].contains(&reached.times)) {
        return day(&reached.p50);
    }
    format!(
        "{} (p10 {}, p90 {}; in {} of {futures})",
        day(&reached.p50),
        day(&reached.p10),
        day(&reached.p90),
        reached.times
    )
}

/// The same for people: the day in the middle, and the rest of the sentence.
pub(super) fn reached_on(reached: &Reached, futures: u32) -> (String, String) {
    let day = |span: &Span<Option<Date>>| {
        let one =
            |day: Option<Date>| day.map_or("never within the horizon".to_owned(), |day| day.to_string());
        if span.is_exact() { one(span.low) } else { format!("{} to {}", one(span.low), one(span.high)) }
    };
    let rest = match reached.p10 == reached.p90 {
        _ if futures == 1 => String::new(),
        true => format!(", in {} of {futures} futures", reached.times),
        false => {
            let tenths = [(&reached.p10, "one"), (&reached.p90, "nine")].into_iter();
            let within = tenths.filter(|(span, _)| span.low.is_some() && span.high.is_some());
            let listed = within.map(|(span, tenth)| format!(", in {tenth} of ten by {}", day(span)));
            let listed: String = listed.collect();
            format!(" in the middle of {futures} futures{listed}; within the horizon in {}", reached.times)
        }
    };
    (day(&reached.p50), rest)
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
            (Some(day), false) => format!("all bought by {day}"),
            (None, false) => String::new(),
            (_, true) if met.times == 0 => "all bought in no future".to_owned(),
            (_, true) => format!("all bought by {}", reached(met, case.projection.futures)),
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

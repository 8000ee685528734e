//! The pictures of a worked scenario.

use super::case::Case;
use super::figures;
use abide_draw::bars::{Bar, Group};
use abide_draw::lines::{Across, Level, Point, Series, day};
use abide_draw::{Bars, Lines};
use abide_ledger::projection::{CommitOutcome, Figure, Outcome};
use abide_model::name::Party;
use abide_model::terms::Limit;
use std::collections::BTreeMap;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chart {
    /// What shares come to, added up over time.
    Shares,
    /// The present value of each party under each draft.
    Value,
    /// By how much one draft is better, over the amount that is varied.
    BreakEven,
    /// How far commitments are drawn down.
    Commitments,
}

impl Chart {
    pub(super) const ALL: [Chart; 4] = [Chart::Shares, Chart::Value, Chart::BreakEven, Chart::Commitments];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Chart::Shares => "shares",
            Chart::Value => "value",
            Chart::BreakEven => "break-even",
            Chart::Commitments => "commitments",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chart| chart.as_str() == text)
    }
}

/// The first picture of a kind; `None` where there is nothing to draw.
pub(super) fn draw(case: &Case, chart: Chart) -> Option<String> {
    match chart {
        Chart::Shares => shares(case),
        Chart::Value => value(case),
        Chart::BreakEven => break_even(case, 0),
        Chart::Commitments => commitments(case),
    }
}

/// A line for each payee and draft: what it has been paid by the end of each period.
pub(super) fn shares(case: &Case) -> Option<String> {
    let mut series = Vec::new();
    let mut levels: BTreeMap<i128, String> = BTreeMap::new();
    let payees =
        case.projection.drafts.iter().flat_map(|outcome| outcome.clauses.iter().map(|one| &one.payee));
    let mut payees: Vec<_> = payees.collect();
    payees.sort();
    payees.dedup();
    for payee in &payees {
        for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
            let name = match (payees.len() > 1, case.scenario.drafts.len() > 1) {
                (true, true) => format!("{}, {}", case.called(payee), draft.name),
                (_, false) => case.called(payee),
                (false, true) => draft.name.clone(),
            };
            let points = paid(case, outcome, payee);
            if points.iter().any(|point| point.high != 0) {
                series.push(Series { name, points });
            }
        }
    }
    for one in case.projection.drafts.iter().flat_map(|outcome| &outcome.clauses) {
        if let Limit::Of(total) = one.cap
            && let Some(minor) = total.exact().to_minor(total.currency)
        {
            levels.insert(minor, format!("cap of {}", one.clause));
        }
    }
    let note = match case.is_random() {
        true => "By the end of each period; the middle future, and the range in which eight of ten lie",
        false => "By the end of each period",
    };
    let to =
        if let [only] = payees.as_slice() { format!(" to {}", case.called(only)) } else { String::new() };
    (!series.is_empty()).then(|| {
        let levels = levels.into_iter().map(|(value, label)| Level { value, label }).collect();
        let (id, title) = ("shares".to_owned(), format!("What clauses pay{to}, added up"));
        let across = Across::Days(Vec::new());
        Lines { id, title, note: note.to_owned(), across, unit: figures::unit(case), series, levels }.svg()
    })
}

/// What a payee has been paid by the end of each period.
fn paid(case: &Case, outcome: &Outcome, payee: &Party) -> Vec<Point> {
    let mut points = vec![Point { at: day(case.scenario.from), low: 0, value: 0, high: 0 }];
    let Some(one) = outcome.parties.iter().find(|one| one.party == *payee) else { return points };
    for (stage, figure) in case.projection.periods.iter().zip(&one.paid_up) {
        let (low, value, high) = ends(figure);
        points.push(Point { at: day(stage.until), low, value, high });
    }
    points
}

/// The present value of each party under each draft.
pub(super) fn value(case: &Case) -> Option<String> {
    let mut groups: BTreeMap<&Party, Vec<Bar>> = BTreeMap::new();
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
        for one in &outcome.parties {
            let (low, value, high) = ends(&one.present_value);
            let bar = Bar { name: draft.name.clone(), low, value, high };
            groups.entry(&one.party).or_default().push(bar);
        }
    }
    let groups: Vec<Group> =
        groups.into_iter().map(|(party, bars)| Group { name: case.called(party), bars }).collect();
    let (id, title) = ("value".to_owned(), "Present value for each party".to_owned());
    let rate = &case.scenario.discount;
    let mut note = match rate.is_zero() {
        true => "Not discounted".to_owned(),
        false => format!("At {} a year, as of {}", super::text::percent(rate), case.scenario.from),
    };
    if case.is_random() {
        note += "; the middle future, and the range in which eight of ten lie";
    }
    (!groups.is_empty()).then(|| Bars { id, title, note, unit: figures::unit(case), groups }.svg())
}

/// A line for each commitment and draft, and the amount that was committed to, for those in the scenario's currency.
pub(super) fn commitments(case: &Case) -> Option<String> {
    let mut series: Vec<Series> = Vec::new();
    let mut levels: BTreeMap<i128, String> = BTreeMap::new();
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
        for one in outcome.commits.iter().filter(|one| one.currency == case.scenario.currency) {
            let points = drawn(case, one);
            // Drafts that come to the same are one line.
            if series.iter().any(|other| other.points == points) {
                continue;
            }
            let alone = case.scenario.drafts.len() == 1;
            let name = if alone { one.clause.to_string() } else { format!("{}, {}", one.clause, draft.name) };
            series.push(Series { name, points });
            if let [only] = one.stages.as_slice()
                && let Some(wanted) = &only.wanted
            {
                levels.insert(wanted.p50.low, format!("{} in all", one.clause));
            }
        }
    }
    let note = match case.is_random() {
        true => "By the end of each period; the middle future, and the range in which eight of ten lie",
        false => "By the end of each period",
    };
    (!series.is_empty()).then(|| {
        let levels = levels.into_iter().map(|(value, label)| Level { value, label }).collect();
        let (id, title) =
            ("commitments".to_owned(), "What is bought toward commitments, added up".to_owned());
        let across = Across::Days(Vec::new());
        Lines { id, title, note: note.to_owned(), across, unit: figures::unit(case), series, levels }.svg()
    })
}

fn drawn(case: &Case, one: &CommitOutcome) -> Vec<Point> {
    let before = one.before;
    let mut points = vec![Point { at: day(case.scenario.from), low: before, value: before, high: before }];
    for (stage, figure) in case.projection.periods.iter().zip(&one.bought) {
        let (low, value, high) = ends(figure);
        points.push(Point { at: day(stage.until), low, value, high });
    }
    points
}

/// By how much one draft is better, for one search.
pub(super) fn break_even(case: &Case, number: usize) -> Option<String> {
    let (search, found) = (case.scenario.searches.get(number)?, case.projection.found.get(number)?);
    let minor = |units: i128| units.saturating_mul(10i128.pow(case.decimals()));
    let point = |sample: &abide_ledger::projection::Sample| {
        let span = sample.difference;
        let value = span.low + (span.high - span.low) / 2;
        Point { at: minor(sample.level), low: span.low, value, high: span.high }
    };
    let points: Vec<Point> = found.samples.iter().map(point).collect();
    let party = case.called(&search.party);
    // Where the answer changes: the last level of a stretch that is no mere point.
    let turns = found.stretches.windows(2).filter(|pair| matches!(pair, [one, _] if one.low < one.high));
    let turns = turns.filter_map(|pair| pair.first()).map(|one| one.high);
    let turns =
        turns.map(|units| Level { value: minor(units), label: figures::level(case, units) }).collect();
    let sold = case.scenario.streams.iter().map(|one| (&one.name, &one.title));
    let bought = case.scenario.purchases.iter().map(|one| (&one.name, &one.title));
    let (name, stands) = sold.chain(bought).find(|(name, _)| **name == search.vary)?;
    let called = if stands.is_empty() { name } else { stands };
    let title = match search.title.is_empty() {
        true => {
            format!("By how much “{}” is better than “{}” for {}", search.better, search.than, party)
        }
        false => search.title.clone(),
    };
    let measure = search.measure.as_str().replace('-', " ");
    let lines = Lines {
        id: format!("break-even-{}", search.name),
        title,
        note: format!(
            "By how much “{}” is better for {}, in {measure}; below zero “{}” is",
            search.better, party, search.than
        ),
        across: Across::Amounts(figures::unit(case), format!("{called}, at first"), turns),
        unit: figures::unit(case),
        series: vec![Series { name: String::new(), points }],
        levels: Vec::new(),
    };
    (!found.samples.is_empty()).then(|| lines.svg())
}

fn ends(figure: &Figure) -> (i128, i128, i128) {
    let middle = figure.p50.low + (figure.p50.high - figure.p50.low) / 2;
    (figure.p10.low, middle, figure.p90.high)
}

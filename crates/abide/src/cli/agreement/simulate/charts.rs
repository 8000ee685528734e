//! The pictures of a worked scenario.

use super::case::Case;
use super::figures;
use abide_draw::bars::{Bar, Group};
use abide_draw::lines::{Across, Level, Point, Series, Spot, Upright, day};
use abide_draw::{Bars, Estimate, Lines, Unit};
use abide_ledger::Span;
use abide_ledger::projection::{
    ClauseOutcome, CommitOutcome, Figure, PartyOutcome, Reached, Sample, StageOutcome,
};
use abide_model::name::{Clause, Party};
use abide_model::scenario::{Level as Amounts, Search};
use std::collections::BTreeMap;

/// The most lines in one picture: each has a colour and a dash of its own.
const LINES_MAX: usize = 6;
/// With more stages than these, their words in a picture are short.
const STAGES_TOLD: usize = 3;

/// Which picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chart {
    /// What clauses come to, added up over time.
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

/// One picture, and what it is of: a search or a clause. Empty where a scenario has but one of its kind.
pub(super) struct Picture {
    pub(super) of: String,
    drawn: Drawn,
}

enum Drawn {
    Lines(Lines),
    Bars(Bars),
}

impl Picture {
    pub(super) fn svg(&self) -> String {
        match &self.drawn {
            Drawn::Lines(lines) => lines.svg(),
            Drawn::Bars(bars) => bars.svg(),
        }
    }

    /// The same for a screen that is held in the hand.
    pub(super) fn small_svg(&self) -> String {
        match &self.drawn {
            Drawn::Lines(lines) => lines.small_svg(),
            Drawn::Bars(bars) => bars.small_svg(),
        }
    }
}

/// The pictures of a kind; none where there is nothing to draw.
pub(super) fn all(case: &Case, chart: Chart) -> Vec<Picture> {
    let one = |of: &str, drawn| Picture { of: of.to_owned(), drawn };
    match chart {
        Chart::Shares => shares(case).into_iter().map(|lines| one("", Drawn::Lines(lines))).collect(),
        Chart::Value => value(case).into_iter().map(|bars| one("", Drawn::Bars(bars))).collect(),
        Chart::BreakEven => {
            let searches = case.scenario.searches.iter().zip(&case.projection.found);
            let drawn = searches
                .filter_map(|(search, found)| Some((search, break_even(case, search, &found.samples)?)));
            drawn.map(|(search, lines)| one(&search.name, Drawn::Lines(lines))).collect()
        }
        Chart::Commitments => {
            let mut clauses: Vec<&Clause> = Vec::new();
            for commit in case.projection.drafts.iter().flat_map(|outcome| &outcome.commits) {
                if !clauses.contains(&&commit.clause) {
                    clauses.push(&commit.clause);
                }
            }
            let drawn = clauses.into_iter().filter_map(|clause| Some((clause, commitment(case, clause)?)));
            drawn.map(|(clause, lines)| one(clause.as_str(), Drawn::Lines(lines))).collect()
        }
    }
}

/// What the shades of a picture say.
fn shades(case: &Case, all: &[Series]) -> String {
    let mut said = match case.is_random() {
        true => "By the end of each period; the middle future, and the range in which eight of ten lie",
        false => "By the end of each period",
    }
    .to_owned();
    let open = |point: &Point| point.amount.value != point.amount.upto;
    if all.iter().flat_map(|series| series.runs.iter().flatten()).any(open) {
        said += ". Between two thin lines lies what a term that is not known may make of it";
    }
    said
}

/// What drafts come to, those together that come to the same, with the names of these drafts where not all do.
fn alike<T: PartialEq>(case: &Case, found: Vec<(usize, T)>) -> Vec<(String, T)> {
    let all = case.scenario.drafts.len();
    let mut together: Vec<(Vec<usize>, T)> = Vec::new();
    for (draft, one) in found {
        match together.iter_mut().find(|(_, other)| *other == one) {
            Some((drafts, _)) => drafts.push(draft),
            None => together.push((vec![draft], one)),
        }
    }
    let named = |drafts: Vec<usize>| {
        let names = drafts.iter().filter_map(|draft| case.scenario.drafts.get(*draft));
        let names: Vec<&str> = names.map(|draft| draft.name.as_str()).collect();
        if names.len() == all { String::new() } else { names.join(" and ") }
    };
    together.into_iter().map(|(drafts, one)| (named(drafts), one)).collect()
}

/// A line for each clause and payee: what has been paid by the end of each period.
fn shares(case: &Case) -> Option<Lines> {
    let mut flows: BTreeMap<(&Clause, &Party), Vec<(usize, Paid)>> = BTreeMap::new();
    for (draft, outcome) in case.projection.drafts.iter().enumerate() {
        for one in &outcome.clauses {
            flows.entry((&one.clause, &one.payee)).or_default().push((draft, Paid::of(case, one)));
        }
    }
    let several = |clause: &Clause| flows.keys().filter(|(other, _)| *other == clause).count() > 1;
    let only = flows.len() == 1;
    let called = |(clause, payee): (&Clause, &Party), drafts: &str| {
        let mut name = if only { String::new() } else { clause.to_string() };
        if several(clause) {
            name += &format!(" to {}", case.called(payee));
        }
        if drafts.is_empty() || only { name + drafts } else { format!("{name}, {drafts}") }
    };
    let mut lines: Vec<(String, Paid)> = Vec::new();
    for (key, found) in &flows {
        let together = alike(case, found.clone());
        lines.extend(together.into_iter().map(|(drafts, paid)| (called(*key, &drafts), paid)));
    }
    lines.sort_by_key(|(_, paid)| std::cmp::Reverse(paid.most()));
    let left = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    let mut drawn = Lines {
        id: "shares".to_owned(),
        title: match flows.keys().next() {
            Some((clause, payee)) if only => {
                format!("What {} is paid under {clause}, added up", case.called(payee))
            }
            Some(_) | None => "What is paid under each clause, added up".to_owned(),
        },
        note: String::new(),
        across: Across::Days(Vec::new()),
        unit: figures::unit(case),
        series: Vec::new(),
        levels: Vec::new(),
        spots: Vec::new(),
        sides: Default::default(),
    };
    for (number, (name, paid)) in lines.into_iter().enumerate() {
        drawn.spots.extend(paid.spot(number));
        let level = paid.level(number);
        let new = |level: &Level| {
            !drawn.levels.iter().any(|one| one.value == level.value && one.label == level.label)
        };
        drawn.levels.extend(level.filter(new));
        drawn.series.push(Series { name, runs: vec![paid.points] });
    }
    if let [only] = drawn.levels.as_mut_slice() {
        "at most".clone_into(&mut only.label);
    }
    drawn.note = shades(case, &drawn.series);
    if left > 0 {
        drawn.note += &format!(". {left} smaller ones are not drawn");
    }
    (!drawn.series.is_empty()).then_some(drawn)
}

/// What one clause pays one party under one draft.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Paid {
    clause: Clause,
    points: Vec<Point>,
    /// What may be paid within the horizon, and whether that is all the bound allows.
    room: Option<i128>,
    reached: Option<Reached>,
}

impl Paid {
    fn of(case: &Case, one: &ClauseOutcome) -> Self {
        let begins = Point { at: day(case.scenario.from), amount: Estimate::exactly(0) };
        let ends = case.projection.periods.iter().zip(&one.added_up);
        let ends = ends.map(|(stage, figure)| Point { at: day(stage.until), amount: estimate(figure) });
        Self {
            clause: one.clause.clone(),
            points: [begins].into_iter().chain(ends).collect(),
            room: one.room,
            reached: one.reached,
        }
    }

    fn most(&self) -> i128 {
        self.points.last().map_or(0, |point| point.amount.high)
    }

    fn level(&self, series: usize) -> Option<Level> {
        let label = format!("is the most that {} pays", self.clause);
        self.room.map(|value| Level { value, label, over: None, of: Some(series) })
    }

    /// Where the cap is reached.
    fn spot(&self, series: usize) -> Option<Spot> {
        let on = self.reached?.p50;
        let on = on.low.filter(|_| on.is_exact())?;
        Some(Spot { at: day(on), value: self.room?, label: format!("reached {on}"), of: Some(series) })
    }
}

/// The present value of each party under each draft, and what it is with their parts of others.
fn value(case: &Case) -> Option<Bars> {
    let bars = |party: &Party, of: fn(&PartyOutcome) -> &Figure| -> Vec<Bar> {
        let drafts = case.scenario.drafts.iter().zip(&case.projection.drafts);
        let found = drafts.filter_map(|(draft, outcome)| {
            let one = outcome.parties.iter().find(|one| one.party == *party)?;
            Some(Bar { name: draft.name.clone(), amount: estimate(of(one)) })
        });
        found.collect()
    };
    let outcomes = || case.projection.drafts.iter().flat_map(|outcome| &outcome.parties);
    let mut parties: Vec<&Party> = outcomes().map(|one| &one.party).collect();
    parties.sort();
    parties.dedup();
    let mut groups = Vec::new();
    for party in parties {
        let name = case.called(party);
        let owns = outcomes().any(|one| one.party == *party && one.look_through != one.present_value);
        if owns {
            let bars = bars(party, |one| &one.look_through);
            groups.push(Group { name: format!("{name}, with its parts of the others"), bars });
        }
        groups.insert(
            groups.len() - usize::from(owns),
            Group { name, bars: bars(party, |one| &one.present_value) },
        );
    }
    let rate = &case.scenario.discount;
    let mut note = match rate.is_zero() {
        true => "Not discounted".to_owned(),
        false => format!("At {} a year, as of {}", super::text::percent(rate), case.scenario.from),
    };
    if case.is_random() {
        note += "; the middle future, and the range in which eight of ten lie";
    }
    let (id, title) = ("value".to_owned(), "Present value for each party".to_owned());
    (!groups.is_empty()).then(|| Bars { id, title, note, unit: figures::unit(case), groups })
}

/// One commitment: what is bought in each stage, and what is to be bought in it.
fn commitment(case: &Case, clause: &Clause) -> Option<Lines> {
    let drafts = case.projection.drafts.iter().enumerate();
    let found = drafts.filter_map(|(draft, outcome)| {
        Some((draft, outcome.commits.iter().find(|one| one.clause == *clause)?.clone()))
    });
    let together: Vec<(String, CommitOutcome)> = alike(case, found.collect());
    let (_, first) = together.first()?;
    let unit = Unit { name: first.currency.to_string(), decimals: first.currency.decimals() };
    let (buyer, seller) = (case.called(&first.buyer), case.called(&first.seller));
    let mut drawn = Lines {
        id: format!("commitment-{clause}"),
        title: format!("What {buyer} buys from {seller} under {clause}"),
        note: String::new(),
        across: Across::Days(Vec::new()),
        unit,
        series: Vec::new(),
        levels: Vec::new(),
        spots: Vec::new(),
        sides: Default::default(),
    };
    for (number, (name, commit)) in together.iter().enumerate() {
        for stage in &commit.stages {
            let (level, spot) = (to_buy(stage, number), met(case, stage, number));
            let (level, spot) = match commit.stages.len() > STAGES_TOLD {
                true => (level.map(|level| Level { label: String::new(), ..level }), spot.map(short)),
                false => (level, spot),
            };
            let new = |level: &Level| {
                !drawn.levels.iter().any(|one| (one.value, one.over) == (level.value, level.over))
            };
            drawn.levels.extend(level.filter(new));
            drawn.spots.extend(spot);
        }
        drawn.series.push(Series { name: name.clone(), runs: commit.stages.iter().map(course).collect() });
    }
    drawn.note = shades(case, &drawn.series);
    if first.stages.len() > 1 {
        drawn.note += ". Each stage begins anew";
    }
    (!drawn.series.is_empty()).then_some(drawn)
}

/// What has been bought in a stage.
fn course(stage: &StageOutcome) -> Vec<Point> {
    stage.course.iter().map(|(on, figure)| Point { at: day(*on), amount: estimate(figure) }).collect()
}

/// What is to be bought in a stage, over its days.
fn to_buy(stage: &StageOutcome, series: usize) -> Option<Level> {
    let (first, last) = (stage.course.first()?.0, stage.course.last()?.0);
    let value = stage.wanted.as_ref()?.p50.high;
    let label = "to be bought".to_owned();
    Some(Level { value, label, over: Some((day(first), day(last))), of: Some(series) })
}

/// Where all of a stage has been bought.
fn met(case: &Case, stage: &StageOutcome, series: usize) -> Option<Spot> {
    let (met, wanted) = (stage.met.as_ref()?, stage.wanted.as_ref()?);
    let (on, futures) = (met.p50.high?, case.projection.futures);
    let times =
        if met.times < futures { format!(", in {} of {futures} futures", met.times) } else { String::new() };
    let label = format!("all bought by {on}{times}");
    Some(Spot { at: day(on), value: wanted.p50.high, label, of: Some(series) })
}

fn short(spot: Spot) -> Spot {
    let label = spot.label.trim_start_matches("all bought by ");
    Spot { label: label.split(',').next().unwrap_or("").to_owned(), ..spot }
}

/// By how much one draft is better, for one search.
fn break_even(case: &Case, search: &Search, samples: &[Sample]) -> Option<Lines> {
    let minor = |units: i128| units.saturating_mul(10i128.pow(case.decimals()));
    let point = |sample: &Sample| {
        let Span { low, high } = sample.difference;
        Point { at: minor(sample.level), amount: Estimate { value: low, upto: high, low, high } }
    };
    let points: Vec<Point> = samples.iter().map(point).collect();
    let party = case.called(&search.party);
    let spot = |units| {
        let label = figures::level(case, units);
        Spot { at: minor(units), value: 0, label: format!("{label}: even"), of: None }
    };
    let (called, level) = figures::varied(case, search)?;
    let forecast = figures::in_forecast(level).and_then(|amount| amount.to_minor(case.scenario.currency));
    let forecast = forecast.filter(|at| points.first().is_some_and(|one| one.at <= *at));
    let forecast = forecast.filter(|at| points.last().is_some_and(|one| *at <= one.at));
    let label = "in the forecast".to_owned();
    let uprights = forecast.into_iter().map(|at| Upright { at, label: label.clone() }).collect();
    let title = match search.title.is_empty() {
        true => format!("By how much “{}” is better than “{}” for {party}", search.better, search.than),
        false => search.title.clone(),
    };
    let measure = search.measure.as_str().replace('-', " ");
    let a = match level {
        Amounts::Growing(level) => format!("a {}", level.per.as_str()),
        Amounts::Points(_) => "a year".to_owned(),
    };
    let lines = Lines {
        id: format!("break-even-{}", search.name),
        title,
        note: format!(
            "By how much “{}” is better for {party} than “{}”, in {measure}; all that is random is in the middle",
            search.better, search.than
        ),
        across: Across::Amounts(figures::unit(case), format!("{called}, {a} at first"), uprights),
        unit: figures::unit(case),
        series: vec![Series { name: String::new(), runs: vec![points] }],
        levels: Vec::new(),
        spots: figures::turns(case, search).into_iter().map(spot).collect(),
        sides: [&search.better, &search.than].map(|name| format!("“{name}” is better")),
    };
    (!samples.is_empty()).then_some(lines)
}

fn estimate(figure: &Figure) -> Estimate {
    let Figure { p10, p50, p90 } = figure;
    Estimate { value: p50.low, upto: p50.high, low: p10.low, high: p90.high }
}

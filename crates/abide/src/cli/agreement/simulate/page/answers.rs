//! What a forecast comes to, in sentences: the answers to what was asked.

use super::super::case::Case;
use super::super::figures::{self, Money};
use super::super::text;
use super::{escaped, named, section, titled};
use abide_draw::Scale;
use abide_ledger::projection::{
    ClauseOutcome, CommitOutcome, Found, Outcome, PartyOutcome, StageOutcome, Standing, Stretch,
};
use abide_model::scenario::{Draft, Search};

pub(super) fn answers(case: &Case, money: &Money) -> String {
    let searches = case.scenario.searches.iter().zip(&case.projection.found);
    let mut items: Vec<String> = searches.map(|(search, found)| self::search(case, search, found)).collect();
    for (draft, outcome) in drafts(case) {
        let stages = outcome.commits.iter().flat_map(|one| one.stages.iter().map(move |stage| (one, stage)));
        let told = Money::of_commits(outcome);
        items.extend(stages.filter_map(|(one, of)| stage(case, draft, (one, of), told.as_ref()?)));
    }
    for (draft, outcome) in drafts(case) {
        items.extend(outcome.clauses.iter().filter_map(|clause| cap(case, draft, clause, money)));
    }
    items.extend(compared(case, money));
    items.extend(text::kept(case).iter().map(|said| format!("<p>{}</p>\n", named(said))));
    match items.is_empty() {
        true => String::new(),
        false => section("What it comes to", &format!("<div class=\"answer\">\n{}</div>\n", items.concat())),
    }
}

fn drafts(case: &Case) -> impl Iterator<Item = (&Draft, &Outcome)> {
    case.scenario.drafts.iter().zip(&case.projection.drafts)
}

/// Which draft is better at which amounts, and where the forecast lies.
fn search(case: &Case, search: &Search, found: &Found) -> String {
    let title = if search.title.is_empty() { &search.name } else { &search.title };
    // Where both come to the same at one amount alone, the stretches beside it say so.
    let told = found.stretches.iter().filter(|one| one.side != Standing::Even || one.low < one.high);
    let stretches = told.map(|one| {
        let words = figures::standing(one.side, &titled(case, &search.better), &titled(case, &search.than));
        format!("<li><b>{}</b>: {}</li>\n", escaped(&place(case, one)), named(&words))
    });
    let mut said = format!("<p>{}</p>\n<ul>{}</ul>\n", escaped(title), stretches.collect::<String>());
    let forecast = figures::varied(case, search).and_then(|(called, level)| {
        let minor = figures::in_forecast(level)?.to_minor(case.scenario.currency)?;
        Some((called, minor, minor / 10i128.pow(case.decimals())))
    });
    if let Some((called, minor, units)) = forecast {
        let told = Scale::fitting(figures::unit(case), [minor]).told(minor, 2);
        let there = found.stretches.iter().find(|one| one.low <= units && units <= one.high);
        let there = there.map_or(String::new(), |one| {
            let (better, than) = (titled(case, &search.better), titled(case, &search.than));
            format!(": there {}", figures::standing(one.side, &better, &than))
        });
        said += &format!(
            "<p class=\"small\">The forecast has {1} of it at first ({0}){2}.</p>\n",
            escaped(called),
            escaped(&told),
            named(&there)
        );
    }
    said
}

/// The levels of a stretch.
fn place(case: &Case, stretch: &Stretch) -> String {
    let (low, high) = (figures::level(case, stretch.low), figures::level(case, stretch.high));
    match (stretch.low, stretch.low == stretch.high) {
        (_, true) => format!("at {low}"),
        (0, false) => format!("up to {high}"),
        (_, false) => format!("{low} to {high}"),
    }
}

/// How much better off each party is than under the first draft, and in how many futures.
fn compared(case: &Case, money: &Money) -> Vec<String> {
    let first = case.scenario.drafts.first().map_or("", |draft| draft.title.as_str());
    let one = |(draft, outcome): (&Draft, &Outcome)| {
        let row = |one: &PartyOutcome| {
            let told = |gain| {
                let range = money.range(gain);
                let range = if range.is_empty() { range } else { format!(" (eight of ten: {range})") };
                format!("{}{range}", money.middle(gain))
            };
            let mut said = told(&one.gain);
            if case.is_random() {
                said += &format!("; {}", text::futures(case, one));
            }
            if one.gain_through != one.gain {
                said += &format!("; with its parts of the others {}", told(&one.gain_through));
            }
            format!("<li><b>{}</b>: {}</li>\n", escaped(&case.called(&one.party)), escaped(&said))
        };
        let rows: String = outcome.parties.iter().map(row).collect();
        format!(
            "<p>Present value under “{}” less that under “{}”, in {}:</p>\n<ul>{rows}</ul>\n",
            escaped(&draft.title),
            escaped(first),
            escaped(&money.name()),
        )
    };
    drafts(case).skip(1).map(one).collect()
}

/// What becomes of a stage of a commitment.
fn stage(
    case: &Case,
    draft: &Draft,
    (commit, stage): (&CommitOutcome, &StageOutcome),
    money: &Money,
) -> Option<String> {
    let (wanted, met) = (stage.wanted.as_ref()?, stage.met.as_ref()?);
    let within = if stage.closed { "within the stage" } else { "within the horizon" };
    let (answer, rest) = figures::told(met, case.projection.futures, ["all bought", within]);
    let mut said = String::new();
    if stage.left.p90.high > 0 {
        let range = money.range(&stage.left);
        let range = if range.is_empty() { range } else { format!(" (eight of ten: {range})") };
        said += &format!(" Left at the end: {}{range}", money.middle(&stage.left));
        said += if stage.due.p90.high > 0 { ", and owed for it: " } else { "." };
        if stage.due.p90.high > 0 {
            said += &format!("{}.", money.middle(&stage.due));
        }
    }
    Some(format!(
        "<p>{}What {} is to buy from {} under <code>{}</code>{}, {} {}, is <b>{}</b>{}.{}</p>\n",
        prefixed(case, draft),
        escaped(&case.called(&commit.buyer)),
        escaped(&case.called(&commit.seller)),
        commit.clause,
        if commit.stages.len() > 1 {
            format!(" from {}", escaped(&figures::Told::of(stage, case).stage))
        } else {
            String::new()
        },
        escaped(&money.middle(wanted)),
        escaped(&money.name()),
        escaped(&answer),
        escaped(&rest),
        escaped(&said)
    ))
}

/// When the bound of a share is reached.
fn cap(case: &Case, draft: &Draft, clause: &ClauseOutcome, money: &Money) -> Option<String> {
    let (answer, rest) =
        figures::told(clause.reached.as_ref()?, case.projection.futures, ["reached", "within the horizon"]);
    Some(format!(
        "<p>{}The {} of <code>{}</code> is <b>{}</b>{}.</p>\n",
        prefixed(case, draft),
        escaped(&figures::cap(&clause.cap, money)),
        clause.clause,
        escaped(&answer),
        escaped(&rest)
    ))
}

/// The draft that a sentence is about, where there are several.
fn prefixed(case: &Case, draft: &Draft) -> String {
    if case.scenario.drafts.len() > 1 { format!("{}: ", escaped(&draft.title)) } else { String::new() }
}

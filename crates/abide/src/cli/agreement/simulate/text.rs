//! A worked scenario as tables for a terminal.

use super::case::Case;
use super::figures::{self, Money};
use crate::cli::grid::Grid;
use crate::cli::print::{Paint, plain};
use crate::cli::when;
use abide_ledger::projection::{ClauseOutcome, Figure, Outcome, Row, Why};

/// The widest line of a note, in characters.
const LINE_CHARS_MAX: usize = 100;

/// All of it.
pub(super) fn text(case: &Case, paint: Paint) -> String {
    let money = Money::of(case);
    let mut out = head(case, paint);
    for (number, outcome) in case.projection.drafts.iter().enumerate() {
        out += &draft(case, number, outcome, &money, paint);
    }
    if case.projection.drafts.len() > 1 {
        out += &compared(case, &money, paint);
    }
    out += &searches(case, paint);
    out += &unpermitted(case, paint);
    for one in left_out(case) {
        out += &format!("\n{}", wrapped(&one));
    }
    out + &swings(case, &money, paint)
}

/// A sentence for what the figures are.
pub(super) fn about(case: &Case) -> String {
    let scenario = &case.scenario;
    let mut said = format!("From {} until {}", scenario.from, scenario.until);
    if !scenario.discount.is_zero() {
        let percent = &scenario.discount * &abide_model::money::Exact::whole(100);
        said += &format!("; present values at {percent} % a year as of {}", scenario.from);
    }
    if case.is_random() {
        said += &format!("; the middle of {} futures, seed {}", case.projection.futures, scenario.seed);
    }
    said + "."
}

fn head(case: &Case, paint: Paint) -> String {
    let note = &case.scenario.note;
    let note = if note.is_empty() { String::new() } else { wrapped(&plain(note, true)) };
    format!("{}\n{note}{}\n", paint.bold("37", &plain(&case.scenario.title, false)), about(case))
}

/// Paragraphs in lines of bearable length.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| line.chars().count() + word.chars().count() < LINE_CHARS_MAX) {
            Some(line) => *line = format!("{line} {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn draft(case: &Case, number: usize, outcome: &Outcome, money: &Money, paint: Paint) -> String {
    let (Some(draft), Some(book)) = (case.scenario.drafts.get(number), case.books.get(number)) else {
        return String::new();
    };
    let known = case.known.get(number).map_or(String::new(), |known| when::in_zone(*known, book.zone()));
    let mut titles = vec![money.name(), String::new()];
    titles.extend(case.projection.periods.iter().map(|stage| stage.name.clone()));
    titles.push("total".to_owned());
    if case.is_random() {
        titles.push("eight of ten".to_owned());
    }
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let mut grid = Grid::new(&titles).numbers_from(2);
    for one in &outcome.parties {
        let rows =
            [("sells", &one.revenue), ("receives", &one.received), ("pays", &one.paid), ("cash", &one.cash)];
        for (what, row) in rows.into_iter().filter(|(what, row)| *what == "cash" || !is_nothing(row)) {
            add(&mut grid, [one.party.as_str(), what], row, money, case);
        }
        alone(&mut grid, [one.party.as_str(), "present value"], &one.present_value, money, case);
        if one.look_through != one.present_value {
            alone(&mut grid, [one.party.as_str(), "look-through"], &one.look_through, money, case);
        }
    }
    for clause in &outcome.clauses {
        let whom = format!("{} to {}", clause.payer, clause.payee);
        add(&mut grid, [clause.clause.as_str(), &whom], &clause.due, money, case);
    }
    let mut out =
        format!("\n{}  as known at {known}\n{}", paint.bold("36", &plain(&draft.title, false)), grid.text());
    for clause in outcome.clauses.iter().filter(|clause| is_share(clause)) {
        let cap = figures::cap(&clause.cap, money);
        let reached = clause.reached.as_ref().map(|day| figures::reached(day, case.projection.futures));
        let reached = reached.map_or(String::new(), |day| format!(", reached: {day}"));
        out += &format!("{}: {cap}{reached}\n", clause.clause);
    }
    out
}

fn is_share(clause: &ClauseOutcome) -> bool {
    clause.kind.is_none()
}

pub(super) fn is_nothing(row: &Row) -> bool {
    let nothing =
        |figure: &Figure| [figure.p10, figure.p90].iter().all(|span| span.low == 0 && span.high == 0);
    nothing(&row.total) && row.periods.iter().all(nothing)
}

fn add(grid: &mut Grid, names: [&str; 2], row: &Row, money: &Money, case: &Case) {
    let mut cells: Vec<String> = names.map(str::to_owned).to_vec();
    cells.extend(row.periods.iter().map(|figure| money.middle(figure)));
    cells.push(money.middle(&row.total));
    if case.is_random() {
        cells.push(money.range(&row.total));
    }
    grid.cells(&cells);
}

fn alone(grid: &mut Grid, names: [&str; 2], figure: &Figure, money: &Money, case: &Case) {
    let mut cells: Vec<String> = names.map(str::to_owned).to_vec();
    cells.extend(case.projection.periods.iter().map(|_| String::new()));
    cells.push(money.middle(figure));
    if case.is_random() {
        cells.push(money.range(figure));
    }
    grid.cells(&cells);
}

fn compared(case: &Case, money: &Money, paint: Paint) -> String {
    let Some(first) = case.scenario.drafts.first() else { return String::new() };
    let head = format!("present value over `{}`, {}", first.name, money.name());
    let range = if case.is_random() { "eight of ten" } else { "" };
    let mut grid = Grid::new(&[head.as_str(), "", "difference", range]).numbers_from(2);
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts).skip(1) {
        for one in &outcome.parties {
            let (middle, range) = (money.middle(&one.gain), money.range(&one.gain));
            grid.row([draft.name.as_str(), one.party.as_str(), &middle, &range]);
        }
    }
    format!("\n{}\n{}", paint.bold("36", "Compared"), grid.text())
}

fn searches(case: &Case, paint: Paint) -> String {
    let mut out = String::new();
    for (search, found) in case.scenario.searches.iter().zip(&case.projection.found) {
        let title = if search.title.is_empty() { &search.name } else { &search.title };
        out += &format!("\n{}\n", paint.bold("36", &plain(title, false)));
        out += &format!(
            "for {}, by {}, over the amount of `{}`:\n",
            search.party,
            search.measure.as_str(),
            search.vary
        );
        for one in &found.stretches {
            let (low, high) = (figures::level(case, one.low), figures::level(case, one.high));
            let words = figures::standing(one.side, &search.better, &search.than);
            out += &match one.low == one.high {
                true => format!("  at {low}: {words}\n"),
                false => format!("  from {low} to {high}: {words}\n"),
            };
        }
    }
    out
}

/// What the figures do not hold, a sentence for each draft and reason.
pub(super) fn left_out(case: &Case) -> Vec<String> {
    let mut said = Vec::new();
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
        for why in [Why::Purchases, Why::Prices, Why::Rate] {
            let clauses = outcome.missing.iter().filter(|one| one.why == why);
            let clauses: Vec<String> = clauses.map(|one| format!("`{}`", one.clause)).collect();
            if !clauses.is_empty() {
                let (name, clauses) = (&draft.name, clauses.join(", "));
                said.push(format!("Not in the figures of `{name}`, {}: {clauses}.", lacking(why)));
            }
        }
    }
    said
}

fn lacking(why: Why) -> &'static str {
    match why {
        Why::Purchases => "since no purchases are forecast that count toward them",
        Why::Prices => "since no prices of units are forecast",
        Why::Rate => "or not all of it, since the book has no exchange rate",
    }
}

fn unpermitted(case: &Case, paint: Paint) -> String {
    if case.unpermitted.is_empty() {
        return String::new();
    }
    let mut out =
        format!("\n{}\n", paint.bold("33", "What the forecast supposes and the terms do not plainly permit"));
    for one in &case.unpermitted {
        let (Some(stream), Some(draft)) =
            (case.scenario.streams.get(one.stream), case.scenario.drafts.get(one.draft))
        else {
            continue;
        };
        out += &format!(
            "  {}, under `{}`, {} to {}: {}\n",
            stream.name, draft.name, one.from, one.until, one.verdict
        );
    }
    out
}

fn swings(case: &Case, money: &Money, paint: Paint) -> String {
    if case.swings.is_empty() {
        return String::new();
    }
    let head = format!("present value, {}", money.name());
    let mut grid = Grid::new(&["question", "draft", "party", "if yes", "if no", head.as_str()]);
    for one in &case.swings {
        let draft = case.scenario.drafts.get(one.draft).map_or("", |draft| draft.name.as_str());
        let (yes, no) = (money.span(&one.yes), money.span(&one.no));
        grid.row([one.question.as_str(), draft, one.party.as_str(), &yes, &no, ""]);
    }
    format!("\n{}\n{}", paint.bold("36", "What open questions move"), grid.text())
}

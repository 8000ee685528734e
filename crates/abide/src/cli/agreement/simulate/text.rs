//! A worked scenario as tables for a terminal.

use super::case::Case;
use super::figures::{self, Money};
use crate::cli::grid::Grid;
use crate::cli::print::{Paint, plain};
use crate::cli::when;
use abide_ledger::projection::{ClauseOutcome, Figure, Outcome, PartyOutcome, Row, Why};
use abide_model::money::Exact;
use abide_model::scenario::{Chance, When};

/// The widest line of a note, in characters.
const LINE_CHARS_MAX: usize = 100;

/// All of it.
pub(super) fn text(case: &Case, paint: Paint) -> String {
    let money = Money::of(case);
    let mut out = head(case, paint);
    out += &chances(case).iter().map(|one| format!("{one}\n")).collect::<String>();
    for (number, outcome) in case.projection.drafts.iter().enumerate() {
        out += &draft(case, number, outcome, &money, paint);
    }
    if case.projection.drafts.len() > 1 {
        out += &compared(case, &money, paint);
    }
    out += &searches(case, paint);
    out += &unpermitted(case, paint);
    let kept: String = kept(case).iter().map(|one| wrapped(one)).collect();
    if !kept.is_empty() {
        out += &format!("\n{kept}");
    }
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
        let rate = percent(&scenario.discount);
        said += &format!("; present values at {rate} a year as of {}", scenario.from);
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

/// What may happen, a sentence for each.
pub(super) fn chances(case: &Case) -> Vec<String> {
    let futures = case.projection.futures;
    let one = |(chance, times): (&Chance, u32)| {
        let when = match chance.when {
            When::Always => String::new(),
            When::On(day) => format!(" on {day}"),
            When::By(day) => format!(" in some month until {day}"),
        };
        format!(
            "{}{when}: a chance of {}, here {times} of {futures} futures.",
            chance.text,
            percent(&chance.odds)
        )
    };
    case.chances().map(one).collect()
}

pub(super) fn percent(part: &Exact) -> String {
    format!("{} %", part * &Exact::whole(100))
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
    let head = format!("\n{}  as known at {known}\n", paint.bold("36", &plain(&draft.title, false)));
    if let Some(same) = same_as(case, number) {
        return format!("{head}It comes to the same as `{same}`.\n");
    }
    let mut titles = vec![money.name(), String::new()];
    titles.extend(case.projection.periods.iter().map(|stage| stage.name.clone()));
    titles.push("total".to_owned());
    if case.is_random() {
        titles.push("eight of ten".to_owned());
    }
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let mut grid = Grid::new(&titles).numbers_from(2);
    for one in &outcome.parties {
        let name = case.called(&one.party);
        for (what, row) in rows(one) {
            add(&mut grid, [&name, what], row, money, case);
        }
        alone(&mut grid, [&name, "present value"], &one.present_value, money, case);
        if one.look_through != one.present_value {
            alone(&mut grid, [&name, "look-through"], &one.look_through, money, case);
        }
        if !one.worth.is_empty() {
            let mut cells = vec![name, "stakes worth".to_owned()];
            cells.extend(one.worth.iter().map(|figure| money.middle(figure)));
            cells.resize(titles.len(), String::new());
            grid.cells(&cells);
        }
    }
    for clause in &outcome.clauses {
        let whom = format!("{} to {}", case.called(&clause.payer), case.called(&clause.payee));
        add(&mut grid, [clause.clause.as_str(), &whom], &clause.due, money, case);
    }
    let mut out = head + &grid.text();
    for clause in outcome.clauses.iter().filter(|clause| is_share(clause)) {
        let cap = figures::cap(&clause.cap, money);
        let reached = clause.reached.as_ref().map(|day| figures::reached(day, case.projection.futures));
        let reached = reached.map_or(String::new(), |day| format!(", reached: {day}"));
        out += &format!("{}: {cap}{reached}\n", clause.clause);
    }
    out + &commitments(case, outcome)
}

/// An earlier draft under which all comes to the same.
fn same_as(case: &Case, number: usize) -> Option<&str> {
    let outcomes = &case.projection.drafts;
    let own = outcomes.get(number)?;
    let first = outcomes.iter().position(|outcome| outcome == own).filter(|first| *first < number)?;
    case.scenario.drafts.get(first).map(|draft| draft.name.as_str())
}

/// What a party sells, buys, receives and pays, as far as it does, and its cash.
pub(super) fn rows(one: &PartyOutcome) -> impl Iterator<Item = (&'static str, &Row)> {
    let rows = [
        ("sells", &one.revenue),
        ("buys", &one.bought),
        ("receives", &one.received),
        ("pays", &one.paid),
        ("cash", &one.cash),
    ];
    rows.into_iter().filter(|(what, row)| *what == "cash" || !is_nothing(row))
}

/// How far commitments are drawn down, stage by stage.
fn commitments(case: &Case, outcome: &Outcome) -> String {
    let Some(money) = Money::of_commits(outcome) else { return String::new() };
    let mut grid = Grid::new(&[money.name().as_str(), "stage", "to be bought", "bought", "left", "owed", ""])
        .numbers_in(2..6);
    for (commit, stage) in
        outcome.commits.iter().flat_map(|one| one.stages.iter().map(move |stage| (one, stage)))
    {
        let told = figures::Told::of(stage, case);
        grid.cells(&[
            commit.clause.to_string(),
            told.stage,
            stage.wanted.as_ref().map_or("unknown".to_owned(), |wanted| money.middle(wanted)),
            money.middle(&stage.bought),
            if stage.wanted.is_some() { money.middle(&stage.left) } else { String::new() },
            if stage.closed { money.middle(&stage.due) } else { "open".to_owned() },
            told.met,
        ]);
    }
    format!("\n{}", grid.text())
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

/// How much better off each party is than under the first draft.
fn compared(case: &Case, money: &Money, paint: Paint) -> String {
    let Some(first) = case.scenario.drafts.first() else { return String::new() };
    let head = format!("present value over `{}`, {}", first.name, money.name());
    let titles = match case.is_random() {
        true => ["difference", "eight of ten", "better in", "worse in"].as_slice(),
        false => ["difference"].as_slice(),
    };
    let titles: Vec<&str> = [head.as_str(), ""].into_iter().chain(titles.iter().copied()).collect();
    let mut grid = Grid::new(&titles).numbers_from(2);
    let all = case.scenario.drafts.iter().zip(&case.projection.drafts).enumerate().skip(1);
    let others = all.filter(|(number, _)| same_as(case, *number).is_none()).map(|(_, both)| both);
    for (draft, outcome) in others {
        for one in &outcome.parties {
            let name = case.called(&one.party);
            let mut cells = vec![draft.name.clone(), name.clone(), money.middle(&one.gain)];
            if case.is_random() {
                let futures = case.projection.futures;
                cells.push(money.range(&one.gain));
                cells.extend([one.ahead, one.behind].map(|times| format!("{times} of {futures}")));
            }
            grid.cells(&cells);
            if one.gain_through != one.gain {
                let through =
                    [draft.name.clone(), format!("{name}, look-through"), money.middle(&one.gain_through)];
                let mut cells = through.to_vec();
                cells.extend(case.is_random().then(|| money.range(&one.gain_through)));
                cells.resize(titles.len(), String::new());
                grid.cells(&cells);
            }
        }
    }
    if case.projection.drafts.iter().skip(1).all(|outcome| Some(outcome) == case.projection.drafts.first()) {
        return String::new();
    }
    format!("\n{}\n{}", paint.bold("36", "Compared"), grid.text())
}

/// In how many futures a party is better off than under the first draft, and in how many it is not.
pub(super) fn futures(case: &Case, one: &PartyOutcome) -> String {
    let futures = case.projection.futures;
    let rest = futures - one.ahead - one.behind;
    let known = [one.gain.p10, one.gain.p50, one.gain.p90].iter().all(abide_ledger::Span::is_exact);
    let rest = match (rest, known) {
        (0, _) => String::new(),
        (rest, true) => format!(", the same in {rest}"),
        (rest, false) => format!(", and in {rest} it depends on what is not known"),
    };
    format!("better off in {} of {futures} futures, worse off in {}{rest}", one.ahead, one.behind)
}

/// What is left of a payment to somebody who owns a part of the payer, a sentence for each clause.
pub(super) fn kept(case: &Case) -> Vec<String> {
    let mut alike: Vec<(&ClauseOutcome, &Exact, Vec<String>)> = Vec::new();
    for clause in case.projection.drafts.iter().flat_map(|outcome| &outcome.clauses) {
        let Some(kept) = &clause.kept else { continue };
        let name = format!("`{}`", clause.clause);
        let same = |(one, other, _): &&mut (&ClauseOutcome, &Exact, Vec<String>)| {
            (&one.payer, &one.payee, *other) == (&clause.payer, &clause.payee, kept)
        };
        match alike.iter_mut().find(same) {
            Some((_, _, names)) if names.contains(&name) => {}
            Some((_, _, names)) => names.push(name),
            None => alike.push((clause, kept, vec![name])),
        }
    }
    let said = |(clause, kept, names): (&ClauseOutcome, &Exact, Vec<String>)| {
        let (payer, payee) = (case.called(&clause.payer), case.called(&clause.payee));
        let back = &Exact::whole(1) - kept;
        let bears = match back.is_negative() {
            true => String::new(),
            false => format!(", and {} it bears itself, by what it owns of {payer}", shown(&back)),
        };
        let (currency, kept) = (case.scenario.currency, shown(kept));
        format!(
            "Of each {currency} that {payer} pays under {}, {kept} stays with {payee}{bears}.",
            names.join(" and ")
        )
    };
    alike.into_iter().map(said).collect()
}

/// Four decimals, without needless ones.
pub(super) fn shown(part: &Exact) -> String {
    let scaled = (part * &Exact::whole(10_000)).round_half_even().unwrap_or(0);
    let digits = format!("{}.{:04}", scaled / 10_000, scaled.unsigned_abs() % 10_000);
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
    let part = part.trim_end_matches('0');
    format!("{whole}.{part:0<2}")
}

fn searches(case: &Case, paint: Paint) -> String {
    let mut out = String::new();
    for (search, found) in case.scenario.searches.iter().zip(&case.projection.found) {
        let title = if search.title.is_empty() { &search.name } else { &search.title };
        out += &format!("\n{}\n", paint.bold("36", &plain(title, false)));
        out += &format!(
            "for {}, by {}, over the amount of `{}`:\n",
            case.called(&search.party),
            search.measure.as_str().replace('-', " "),
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

/// What the figures do not hold, a sentence for each reason and the drafts that it is the same for.
pub(super) fn left_out(case: &Case) -> Vec<String> {
    let mut said = Vec::new();
    for why in [Why::Purchases, Why::Prices, Why::Rate, Why::Part] {
        let mut lists: Vec<(String, Vec<String>)> = Vec::new();
        for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
            let clauses = outcome.missing.iter().filter(|one| one.why == why);
            let clauses: Vec<String> = clauses.map(|one| format!("`{}`", one.clause)).collect();
            let (clauses, name) = (clauses.join(", "), format!("`{}`", draft.name));
            match lists.iter_mut().find(|(same, _)| *same == clauses) {
                Some((_, drafts)) => drafts.push(name),
                None => lists.push((clauses, vec![name])),
            }
        }
        let listed = lists.iter().filter(|(clauses, _)| !clauses.is_empty());
        said.extend(listed.map(|(clauses, drafts)| {
            format!("Not in the figures of {}, {}: {clauses}.", drafts.join(" and "), lacking(why))
        }));
    }
    said.extend(case.unplaced.iter().filter_map(|one| {
        let (stream, draft) = (case.scenario.streams.get(one.stream)?, case.scenario.drafts.get(one.draft)?);
        let does = if one.of.counted { "does" } else { "does not" };
        Some(format!(
            "Whether `{}` counts toward `{}` under `{}` hangs on a segment or country that it does not name. Here it {does}.",
            stream.name, one.of.clause, draft.name
        ))
    }));
    said
}

fn lacking(why: Why) -> &'static str {
    match why {
        Why::Purchases => "since nothing is forecast that counts toward them",
        Why::Prices => "or not all of it, since some revenue that counts toward it has no price of a unit",
        Why::Rate => "or not all of it, since the book has no exchange rate",
        Why::Part => "since it is not known which part of a company that is",
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
        let times = some_futures(case, one.times);
        out += &format!(
            "  {}, under `{}`, {} to {}: {}{times}\n",
            stream.name, draft.name, one.from, one.until, one.verdict
        );
    }
    out
}

/// In how many futures, where it is not in all of them.
pub(super) fn some_futures(case: &Case, times: u32) -> String {
    let futures = case.projection.futures;
    if times == futures { String::new() } else { format!(", in {times} of {futures} futures") }
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
        grid.row([one.question.as_str(), draft, &case.called(&one.party), &yes, &no, ""]);
    }
    format!("\n{}\n{}", paint.bold("36", "What open questions move"), grid.text())
}

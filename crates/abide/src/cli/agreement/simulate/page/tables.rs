//! The tables of a page: each draft, party by party and clause by clause.

use super::super::case::Case;
use super::super::figures::{self, Money};
use super::super::text;
use super::{escaped, section};
use crate::cli::when;
use abide_ledger::projection::{Figure, Outcome, Row, Stage};

/// The most periods beside one another; more go below.
const COLUMNS_MAX: usize = 8;

pub(super) fn drafts(case: &Case, money: &Money) -> String {
    let all = case.projection.drafts.iter().enumerate();
    all.map(|(number, outcome)| draft(case, number, outcome, money)).collect()
}

fn draft(case: &Case, number: usize, outcome: &Outcome, money: &Money) -> String {
    let (Some(draft), Some(book)) = (case.scenario.drafts.get(number), case.books.get(number)) else {
        return String::new();
    };
    let known = case.known.get(number).map_or(String::new(), |known| when::in_zone(*known, book.zone()));
    let day = known.split('T').next().unwrap_or("");
    let mut body =
        format!("<p class=\"small\">As known on {day}. Amounts in {}.</p>\n", escaped(&money.name()));
    let chunks: Vec<&[Stage]> = case.projection.periods.chunks(COLUMNS_MAX).collect();
    for (at, stages) in chunks.iter().enumerate() {
        let last = at + 1 == chunks.len();
        body += &table(case, outcome, money, (at * COLUMNS_MAX, stages, last));
    }
    let caps = outcome.clauses.iter().filter_map(|clause| {
        let reached = clause.reached.as_ref()?;
        let day = figures::reached(reached, case.projection.futures);
        Some(format!(
            "<p class=\"small\"><code>{}</code>: {}, reached {}.</p>\n",
            clause.clause,
            escaped(&figures::cap(&clause.cap, money)),
            escaped(&day)
        ))
    });
    body += &caps.collect::<String>();
    section(&draft.title, &body)
}

fn table(
    case: &Case,
    outcome: &Outcome,
    money: &Money,
    (from, stages, last): (usize, &[Stage], bool),
) -> String {
    let random = case.is_random();
    let mut head: String =
        stages.iter().map(|stage| format!("<th class=\"n\">{}</th>", escaped(&stage.name))).collect();
    if last {
        head += "<th class=\"n\">total</th>";
        head += if random { "<th class=\"n\">eight of ten</th>" } else { "" };
    }
    let cells = Cells { money, from, count: stages.len(), last, random };
    let mut rows = String::new();
    for one in &outcome.parties {
        let mut body = String::new();
        let names = [("sells", &one.revenue), ("receives", &one.received), ("pays", &one.paid)];
        for (what, row) in names.into_iter().filter(|(_, row)| !text::is_nothing(row)) {
            body += &cells.row(what, "", row);
        }
        body += &cells.row("cash", " class=\"sum\"", &one.cash);
        if last {
            body += &cells.alone("present value", &one.present_value);
            if one.look_through != one.present_value {
                body += &cells.alone("look-through", &one.look_through);
            }
        }
        rows += &group(&escaped(one.party.as_str()), &body);
    }
    for clause in &outcome.clauses {
        let whom = format!("{} to {}", clause.payer, clause.payee);
        let name = format!("<code>{}</code>", escaped(clause.clause.as_str()));
        rows += &group(&name, &cells.row(&whom, "", &clause.due));
    }
    format!(
        "<div class=\"scroll\"><table>\n<thead><tr><th></th><th></th>{head}</tr></thead>\n{rows}</table></div>\n"
    )
}

/// Rows under one name. The name stands on a row of its own, so that it may be long.
fn group(name: &str, rows: &str) -> String {
    format!("<tbody class=\"group\"><tr><th colspan=\"12\">{name}</th></tr>\n{rows}</tbody>\n")
}

struct Cells<'m> {
    money: &'m Money,
    from: usize,
    count: usize,
    last: bool,
    random: bool,
}

impl Cells<'_> {
    fn row(&self, name: &str, class: &str, row: &Row) -> String {
        let shown = row.periods.iter().skip(self.from).take(self.count);
        let cells: String = shown.map(|figure| number(&self.money.middle(figure))).collect();
        format!("<tr{class}><td></td><td>{}</td>{cells}{}</tr>\n", escaped(name), self.end(&row.total))
    }

    /// A figure that belongs to no period.
    fn alone(&self, name: &str, figure: &Figure) -> String {
        let empty = "<td></td>".repeat(self.count);
        format!("<tr><td></td><td>{}</td>{empty}{}</tr>\n", escaped(name), self.end(figure))
    }

    fn end(&self, figure: &Figure) -> String {
        match (self.last, self.random) {
            (false, _) => String::new(),
            (true, false) => number(&self.money.middle(figure)),
            (true, true) => number(&self.money.middle(figure)) + &number(&self.money.range(figure)),
        }
    }
}

fn number(text: &str) -> String {
    format!("<td class=\"n\">{}</td>", escaped(text))
}

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
    let periods = &case.projection.periods;
    // Of about the same width, so that none is left with a single period.
    let width = periods.len().div_ceil(periods.len().div_ceil(COLUMNS_MAX).max(1)).max(1);
    let chunks: Vec<&[Stage]> = periods.chunks(width).collect();
    for (at, stages) in chunks.iter().enumerate() {
        let last = at + 1 == chunks.len();
        body += &table(case, outcome, money, (at * width, stages, last));
    }
    body += &commitments(case, outcome);
    section(&draft.title, &body)
}

/// How far commitments are drawn down, stage by stage.
fn commitments(case: &Case, outcome: &Outcome) -> String {
    let Some(money) = Money::of_commits(outcome) else { return String::new() };
    let mut rows = String::new();
    for commit in &outcome.commits {
        let mut body = String::new();
        for stage in &commit.stages {
            let told = figures::Told::of(stage, case);
            let figures = [
                stage.wanted.as_ref().map_or("unknown".to_owned(), |wanted| money.middle(wanted)),
                money.middle(&stage.bought),
                if stage.wanted.is_some() { money.middle(&stage.left) } else { String::new() },
                if stage.closed { money.middle(&stage.due) } else { "open".to_owned() },
            ];
            let cells: String = figures.iter().map(|cell| number(cell)).collect();
            body += &format!(
                "<tr><th>{}</th>{cells}<td>{}</td></tr>\n",
                escaped(&told.stage),
                escaped(&told.met)
            );
        }
        let name = format!(
            "<code>{}</code> <span class=\"whom\">{} from {}</span>",
            escaped(commit.clause.as_str()),
            escaped(&case.called(&commit.buyer)),
            escaped(&case.called(&commit.seller))
        );
        rows += &group(&name, &body);
    }
    format!(
        "<h3>Commitments</h3>\n<p class=\"small\">Amounts in {}. What is left of a stage that ends later may still be \
         bought.</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>stage</th><th class=\"n\">to be bought</th>\
         <th class=\"n\">bought</th><th class=\"n\">left</th><th class=\"n\">owed</th><th></th></tr></thead>\n{rows}\
         </table></div>\n",
        escaped(&money.name())
    )
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
        for (what, row) in text::rows(one) {
            let class = if what == "cash" { " class=\"sum\"" } else { "" };
            body += &cells.row(what, class, row);
        }
        if last {
            body += &cells.alone("present value", &one.present_value);
            if one.look_through != one.present_value {
                body += &cells.alone("look-through", &one.look_through);
            }
        }
        if !one.worth.is_empty() {
            body += &cells.standing("stakes worth", &one.worth);
        }
        rows += &group(&escaped(&case.called(&one.party)), &body);
    }
    for clause in &outcome.clauses {
        let whom = format!("{} to {}", case.called(&clause.payer), case.called(&clause.payee));
        let name = format!("<code>{}</code>", escaped(clause.clause.as_str()));
        rows += &group(&name, &cells.row(&whom, "", &clause.due));
    }
    format!("<div class=\"scroll\"><table>\n<thead><tr><th></th>{head}</tr></thead>\n{rows}</table></div>\n")
}

/// Rows under one name. The name stands on a row of its own, so that it may be long.
fn group(name: &str, rows: &str) -> String {
    format!(
        "<tbody class=\"group\"><tr><th class=\"whose\" colspan=\"12\">{name}</th></tr>\n{rows}</tbody>\n"
    )
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
        format!("<tr{class}><th>{}</th>{cells}{}</tr>\n", escaped(name), self.end(&row.total))
    }

    /// What stands at the end of each period and adds up to nothing.
    fn standing(&self, name: &str, figures: &[Figure]) -> String {
        let shown = figures.iter().skip(self.from).take(self.count);
        let cells: String = shown.map(|figure| number(&self.money.middle(figure))).collect();
        let empty = if self.last { 1 + usize::from(self.random) } else { 0 };
        format!("<tr><th>{}</th>{cells}{}</tr>\n", escaped(name), "<td></td>".repeat(empty))
    }

    /// A figure that belongs to no period.
    fn alone(&self, name: &str, figure: &Figure) -> String {
        let empty = "<td></td>".repeat(self.count);
        format!("<tr><th>{}</th>{empty}{}</tr>\n", escaped(name), self.end(figure))
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

//! A worked scenario as one page for people: question, answers, pictures, tables, what it rests on. Needs nothing
//! beside itself, holds no script, and prints.

mod about;
mod tables;

use super::case::Case;
use super::charts;
use super::figures::{self, Money};
use super::text;

const STYLE: &str = include_str!("page/style.css");

/// The page.
pub(super) fn page(case: &Case) -> String {
    let money = Money::of(case);
    let parts = [
        head(case),
        answers(case, &money),
        pictures(case),
        tables::drafts(case, &money),
        about::unknown(case, &money),
        about::assumed(case),
        about::clauses(case),
        about::method(case),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n\
         </body>\n</html>\n",
        escaped(&case.scenario.title),
        parts.concat()
    )
}

/// Text as it may stand between tags and in attributes. A number and its percent sign stay on one line.
fn escaped(text: &str) -> String {
    abide_draw::escaped(&text.replace(" %", "\u{a0}%"))
}

/// Text in which what stands between backticks is a name.
fn named(text: &str) -> String {
    let part = |(number, part): (usize, &str)| match number % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    };
    text.split('`').enumerate().map(part).collect()
}

fn section(title: &str, body: &str) -> String {
    if body.is_empty() {
        String::new()
    } else {
        format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escaped(title))
    }
}

fn head(case: &Case) -> String {
    let book = case.books.first().map_or("", |book| book.name());
    let note = &case.scenario.note;
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("<p class=\"lead\">{}</p>\n", named(note.trim()))
    };
    let chances = text::chances(case).join(" ");
    let chances =
        if chances.is_empty() { chances } else { format!("<p class=\"meta\">{}</p>\n", named(&chances)) };
    format!(
        "<header>\n<p class=\"kicker\">Forecast under agreements · book {} · scenario {}</p>\n<h1>{}</h1>\n{note}<p \
         class=\"meta\">{}</p>\n{chances}</header>\n",
        escaped(book),
        escaped(&case.scenario.name),
        escaped(&case.scenario.title),
        escaped(&text::about(case)),
    )
}

/// What it comes to, in sentences.
fn answers(case: &Case, money: &Money) -> String {
    let mut items = Vec::new();
    for (search, found) in case.scenario.searches.iter().zip(&case.projection.found) {
        let title = if search.title.is_empty() { &search.name } else { &search.title };
        let stretches = found.stretches.iter().map(|one| {
            let words =
                figures::standing(one.side, &titled(case, &search.better), &titled(case, &search.than));
            let (low, high) = (figures::level(case, one.low), figures::level(case, one.high));
            let place = if one.low == one.high { format!("at {low}") } else { format!("{low} to {high}") };
            format!("<li><b>{}</b>: {}</li>", escaped(&place), named(&words))
        });
        items.push(format!("<p>{}</p>\n<ul>{}</ul>\n", escaped(title), stretches.collect::<String>()));
    }
    items.extend(commitments(case));
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
        for clause in &outcome.clauses {
            let Some(reached) = &clause.reached else { continue };
            let cap = figures::cap(&clause.cap, money);
            let (day, rest) = figures::reached_on(reached, case.projection.futures);
            let words = format!("{}: <code>{}</code> has a {cap}", escaped(&draft.title), clause.clause);
            items.push(format!("<p>{words}, reached <b>{}</b>{}.</p>\n", escaped(&day), escaped(&rest)));
        }
    }
    let first = case.scenario.drafts.first().map_or("", |draft| draft.title.as_str());
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts).skip(1) {
        let gains = outcome.parties.iter().map(|one| {
            let range = money.range(&one.gain);
            let range = if range.is_empty() { range } else { format!(" (eight of ten: {range})") };
            let (party, gain) = (case.called(&one.party), money.middle(&one.gain));
            format!("<li><b>{}</b>: {}{}</li>", escaped(&party), escaped(&gain), escaped(&range))
        });
        items.push(format!(
            "<p>Present value under “{}” less that under “{}”, in {}:</p>\n<ul>{}</ul>\n",
            escaped(&draft.title),
            escaped(first),
            escaped(&money.name()),
            gains.collect::<String>()
        ));
    }
    match items.is_empty() {
        true => String::new(),
        false => section("What it comes to", &format!("<div class=\"answer\">\n{}</div>\n", items.concat())),
    }
}

/// What becomes of each stage of a commitment, a sentence for each.
fn commitments(case: &Case) -> Vec<String> {
    let mut said = Vec::new();
    for (draft, outcome) in case.scenario.drafts.iter().zip(&case.projection.drafts) {
        let Some(money) = Money::of_commits(outcome) else { continue };
        for (commit, stage) in
            outcome.commits.iter().flat_map(|one| one.stages.iter().map(move |stage| (one, stage)))
        {
            let (Some(wanted), Some(met)) = (&stage.wanted, &stage.met) else { continue };
            let (day, rest) = figures::reached_on(met, case.projection.futures);
            let met = match met.times {
                0 => format!(
                    "not bought within the horizon: <b>{}</b> is left",
                    escaped(&money.middle(&stage.left))
                ),
                _ => format!("bought by <b>{}</b>{}", escaped(&day), escaped(&rest)),
            };
            let draft = if case.scenario.drafts.len() > 1 {
                format!("{}: ", escaped(&draft.title))
            } else {
                String::new()
            };
            said.push(format!(
                "<p>{draft}What {} is to buy from {} under <code>{}</code>, {} {}, is {met}.</p>\n",
                escaped(&case.called(&commit.buyer)),
                escaped(&case.called(&commit.seller)),
                commit.clause,
                escaped(&money.middle(wanted)),
                escaped(&money.name())
            ));
        }
    }
    said
}

/// A draft's title in quotes.
fn titled(case: &Case, name: &str) -> String {
    let draft = case.scenario.drafts.iter().find(|draft| draft.name == name);
    format!("“{}”", draft.map_or(name, |draft| draft.title.as_str()))
}

fn pictures(case: &Case) -> String {
    let searches = (0..case.scenario.searches.len()).filter_map(|number| charts::break_even(case, number));
    let all =
        searches.chain(charts::shares(case)).chain(charts::commitments(case)).chain(charts::value(case));
    let figures = all.map(|svg| format!("<figure>\n{svg}</figure>\n"));
    section("Pictures", &figures.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_file_can_become_markup() {
        assert_eq!(named("<b> `a&b` 'x'\u{1}"), "&lt;b&gt; <code>a&amp;b</code> &#39;x&#39;\u{fffd}");
    }
}

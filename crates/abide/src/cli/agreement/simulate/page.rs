//! A worked scenario as one page for people: question, answers, pictures, tables, what it rests on. Needs nothing
//! beside itself, holds no script, and prints.

mod about;
mod answers;
mod tables;

use super::case::Case;
use super::charts::{self, Chart, Picture};
use super::figures::Money;
use super::text;

const STYLE: &str = include_str!("page/style.css");

/// The page.
pub(super) fn page(case: &Case) -> String {
    let money = Money::of(case);
    let parts = [
        head(case),
        answers::answers(case, &money),
        pictures(case),
        tables::drafts(case, &money),
        about::unknown(case, &money),
        about::left_out(case),
        about::assumed(case),
        about::clauses(case),
        about::method(case),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n\
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

/// A draft's title in quotes.
fn titled(case: &Case, name: &str) -> String {
    let draft = case.scenario.drafts.iter().find(|draft| draft.name == name);
    format!("“{}”", draft.map_or(name, |draft| draft.title.as_str()))
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

/// The pictures, those of what was asked for first. A small screen has drawings of its own.
fn pictures(case: &Case) -> String {
    let kinds = [Chart::BreakEven, Chart::Commitments, Chart::Shares, Chart::Value];
    let all = kinds.into_iter().flat_map(|kind| charts::all(case, kind));
    let figure = |one: Picture| {
        let (wide, small) = (one.svg(), one.small_svg());
        format!(
            "<figure>\n<div class=\"wide\">\n{wide}</div>\n<div class=\"small-screen\">\n{small}</div>\n</figure>\n"
        )
    };
    section("Pictures", &all.map(figure).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_file_can_become_markup() {
        assert_eq!(named("<b> `a&b` 'x'\u{1}"), "&lt;b&gt; <code>a&amp;b</code> &#39;x&#39;\u{fffd}");
    }
}

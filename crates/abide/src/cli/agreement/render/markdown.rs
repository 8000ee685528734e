//! The book as Markdown.

use super::super::explain::origin;
use super::{Paper, positions};
use crate::cli::print::plain;
use abide_agreement::Explanation;

pub(super) fn text(paper: &Paper<'_>) -> String {
    let mut out = format!(
        "# {}\n\nThe book of {}: {}. Version `{}`.\n\n## Parties\n\n",
        escape(paper.name),
        escape(paper.owner),
        paper.size(),
        paper.version
    );
    for party in &paper.parties {
        let part = party.part().into_iter().map(|one| marked(&one));
        let said: Vec<String> = part.chain(party.firm.iter().map(|line| escape(line))).collect();
        let said = if said.is_empty() { said.concat() } else { format!(": {}", said.join("; ")) };
        out += &format!("- **{}** (`{}`){said}\n", escape(&party.who.name), party.who.id);
    }
    for text in &paper.texts {
        out += &format!("\n## {}\n\n{}\n", escape(&text.heading()), escape(&text.between()));
        for clause in &text.clauses {
            out += &self::clause(clause);
        }
    }
    if !paper.told.questions.is_empty() {
        out += "\n## Open questions\n";
    }
    for open in &paper.told.questions {
        out += &format!("\n- **`{}`** {}", open.question, escape(&open.ask));
        if !open.positions.is_empty() {
            out += &format!(" {}.", escape(&positions(&open.positions)));
        }
        if let Some(settled) = &open.settled_by {
            out += &format!(" Settled by: {}.", escape(settled));
        }
        for (day, answer, recorded) in &open.answers {
            let answer = if *answer { "yes" } else { "no" };
            out += &format!(" Answered {answer} on {day}, known since {recorded}.");
        }
        out.push('\n');
    }
    out += if paper.told.meanings.is_empty() { "" } else { "\n## Words\n\n" };
    for one in &paper.told.meanings {
        out += &format!("- `{}` ({}): {}\n", one.word, one.kind, marked(&one.text));
    }
    out += if paper.sources.is_empty() { "" } else { "\n## Sources\n\n" };
    for source in &paper.sources {
        out += &format!("- `{}`, {}\n", source.id, escape(&origin(source)));
    }
    out
}

fn clause(one: &Explanation) -> String {
    let mut out = format!("\n### `{}` ({}, {}:{})\n\n", one.clause, one.kind, escape(&one.file), one.line);
    for sentence in &one.sentences {
        out += &format!("{}\n", marked(&sentence.text));
    }
    if let Some(quote) = &one.quote {
        out += &format!("\n> {}\n", escape(quote));
    }
    match &one.source {
        Some(source) => out += &format!("\n*{}*\n", escape(&origin(source))),
        None => out += "\n*No source is named.*\n",
    }
    if let Some(note) = &one.note {
        out += &format!("\nNote: {}\n", escape(note));
    }
    out
}

/// A sentence, in which what stands between backticks stays so.
fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 0 { escape(part) } else { plain(part, false) });
    parts.collect::<Vec<_>>().join("`")
}

/// Text of the book, with nothing in it read as a mark.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in plain(text, false).chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

//! The book as one page of HTML that needs nothing else: what a clause says on the left, its words on the right.

use super::super::explain::origin;
use super::{CLASSES, Paper, Text, positions};
use abide_agreement::{Explanation, Meaning, OpenPoint, Origin, Topic};
use abide_draw::escaped;
use abide_model::decision::SourceClass;
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

pub(super) fn page(paper: &Paper<'_>) -> String {
    let mut out = String::new();
    let name = escaped(paper.name);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{name}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{name}</h1>\n\
         <p>The book of {}: {}. Version <code>{}</code>.</p>\n</header>\n",
        escaped(paper.owner),
        escaped(&paper.size()),
        escaped(&paper.version),
    );
    parties(&mut out, paper);
    contents(&mut out, paper);
    for (at, text) in paper.texts.iter().enumerate() {
        section(&mut out, at, text);
    }
    questions(&mut out, &paper.told.questions);
    meanings(&mut out, &paper.told.meanings);
    sources(&mut out, &paper.sources);
    out += "<footer>\n<p>Each clause is told in sentences beside the words it was read from. What was signed binds; this page \
            does not.</p>\n</footer>\n</body>\n</html>\n";
    out
}

/// Who they are and what part they have.
fn parties(out: &mut String, paper: &Paper<'_>) {
    *out += "<section>\n<h2>Parties</h2>\n<table class=\"list\">\n<tbody>\n";
    for party in &paper.parties {
        let part: Vec<String> = party.part().iter().map(|one| marked(one)).collect();
        let firm: Vec<String> = party.firm.iter().map(|line| escaped(line)).collect();
        let firm = if firm.is_empty() { String::new() } else { format!("<br>{}", firm.join("<br>")) };
        let _ = writeln!(
            out,
            "<tr><th>{}<br><code>{}</code></th><td>{}{firm}</td></tr>",
            escaped(&party.who.name),
            escaped(&party.who.id),
            part.join("; ")
        );
    }
    *out += "</tbody>\n</table>\n</section>\n";
}

/// What the words of the book mean.
fn meanings(out: &mut String, meanings: &[Meaning]) {
    if meanings.is_empty() {
        return;
    }
    *out += "<section>\n<h2>Words</h2>\n<table class=\"list\">\n<tbody>\n";
    for one in meanings {
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escaped(&one.word),
            one.kind,
            marked(&one.text)
        );
    }
    *out += "</tbody>\n</table>\n</section>\n";
}

fn sources(out: &mut String, sources: &[&Origin]) {
    if sources.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<section>\n<h2>Sources</h2>\n<p class=\"note\">{}</p>\n<table class=\"list\">\n<tbody>\n",
        escaped(CLASSES)
    );
    for source in sources {
        let class = source.class.map_or("", SourceClass::as_str);
        let named = [&source.title, &source.url].into_iter().flatten().map(|text| escaped(text));
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{class}</td><td>{}</td></tr>",
            escaped(&source.id),
            named.collect::<Vec<_>>().join("<br>")
        );
    }
    *out += "</tbody>\n</table>\n</section>\n";
}

fn contents(out: &mut String, paper: &Paper<'_>) {
    *out += "<nav>\n<h2>Texts</h2>\n<ol>\n";
    for (at, text) in paper.texts.iter().enumerate() {
        let clauses = text.clauses.iter().map(|one| {
            format!(
                "<a href=\"#{}\"><code>{}</code></a>",
                escaped(one.clause.as_str()),
                escaped(one.clause.as_str())
            )
        });
        let clauses = clauses.collect::<Vec<_>>().join(" ");
        let _ =
            writeln!(out, "<li><a href=\"#text-{at}\">{}</a><br>{clauses}</li>", escaped(&text.heading()));
    }
    *out += "</ol>\n</nav>\n";
}

fn section(out: &mut String, at: usize, text: &Text<'_>) {
    let _ = write!(
        out,
        "<section id=\"text-{at}\">\n<h2>{}</h2>\n<p class=\"file\">{}</p>\n",
        escaped(&text.heading()),
        escaped(&text.between())
    );
    for clause in &text.clauses {
        article(out, clause);
    }
    *out += "</section>\n";
}

fn article(out: &mut String, one: &Explanation) {
    let id = escaped(one.clause.as_str());
    let _ = write!(
        out,
        "<article id=\"{id}\">\n<h3><code>{id}</code> <span class=\"kind\">{}, {}:{}</span></h3>\n\
         <div class=\"pair\">\n<div class=\"says\">\n",
        one.kind,
        escaped(&one.file),
        one.line
    );
    for sentence in &one.sentences {
        let class = match sentence.topic {
            Topic::Promise => "promise",
            Topic::Except | Topic::Money => "detail",
            Topic::Term | Topic::Condition | Topic::Precedence | Topic::Known => "frame",
        };
        let _ = writeln!(out, "<p class=\"{class}\">{}</p>", marked(&sentence.text));
    }
    *out += "</div>\n<div class=\"words\">\n";
    if let Some(quote) = &one.quote {
        let _ = writeln!(out, "<blockquote>{}</blockquote>", escaped(quote));
    }
    match &one.source {
        Some(source) => {
            let class = source.class.map_or("none", SourceClass::as_str);
            let _ = writeln!(out, "<p class=\"source {class}\">{}</p>", escaped(&origin(source)));
        }
        None => *out += "<p class=\"source none\">No source is named.</p>\n",
    }
    if let Some(note) = &one.note {
        let _ = writeln!(out, "<p class=\"note\">Note: {}</p>", escaped(note));
    }
    *out += "</div>\n</div>\n</article>\n";
}

fn questions(out: &mut String, questions: &[OpenPoint]) {
    if questions.is_empty() {
        return;
    }
    *out += "<section>\n<h2>Open questions</h2>\n<table>\n<thead><tr><th>Question</th><th>Who reads it how</th>\
             <th>Settled by</th></tr></thead>\n<tbody>\n";
    for open in questions {
        let answers: String = open
            .answers
            .iter()
            .map(|(day, answer, recorded)| {
                let answer = if *answer { "yes" } else { "no" };
                format!("<br>Answered {answer} on {day}, known since {recorded}.")
            })
            .collect();
        let _ = writeln!(
            out,
            "<tr><td><code>{}</code><br>{}{answers}</td><td>{}</td><td>{}</td></tr>",
            escaped(&open.question),
            escaped(&open.ask),
            escaped(&positions(&open.positions)),
            escaped(open.settled_by.as_deref().unwrap_or("")),
        );
    }
    *out += "</tbody>\n</table>\n</section>\n";
}

/// A sentence, with what stands between backticks as code.
fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

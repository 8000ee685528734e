//! Answers asks from standard input, one JSON value a line, for the independent check in `oracle/`.
//!
//! `{"book": {"book.toml": "…", …}}` loads a book and answers `{"ok": true}` or `{"errors": [code, …]}`.
//! `{"actor": …, "action": …, "product": …, "channel": …, "at": DAY, "known": DAY}`, with `customer`,
//! `segment` and `country` where they matter, asks it and answers the decision.
//! `{"conflicts": {"known": DAY, "from": DAY, "until": DAY}}`, the last two or `null`, answers every conflict.

use abide_agreement::{Book, Conflict, Extent, Severity, Source, Window, load};
use abide_model::decision::{Action, Ask, Decision, Verdict};
use abide_model::{Date, Time};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufWriter, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut book = None;
    for line in std::io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let answer = match (line.get("book"), &book) {
            (Some(files), _) => {
                let (loaded, answer) = read(files)?;
                book = loaded;
                answer
            }
            (None, Some(book)) if let Some(asked) = line.get("conflicts") => {
                let found = book.conflicts(&window(book, asked)?);
                found.iter().map(|one| conflict(book, one)).collect()
            }
            (None, Some(book)) => decision(book, &book.decide(&ask(book, &line)?)),
            (None, None) => json!({ "errors": ["no-book"] }),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn read(files: &Value) -> Result<(Option<Book>, Value), Box<dyn Error>> {
    let files = files.as_object().ok_or("`book` is not a table of files")?;
    let sources = files.iter().map(|(path, text)| {
        let text = text.as_str().ok_or("a file is not text")?;
        Ok(Source { path: path.clone(), text: text.to_owned() })
    });
    let sources = sources.collect::<Result<Vec<_>, &str>>()?;
    Ok(match load(&sources) {
        Ok(book) => (Some(book), json!({ "ok": true })),
        Err(findings) => {
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            let codes: Vec<_> = errors.map(|finding| finding.code).collect();
            let shown: String = findings.iter().map(|finding| finding.render(false)).collect();
            (None, json!({ "errors": codes, "shown": shown }))
        }
    })
}

fn ask(book: &Book, line: &Value) -> Result<Ask, Box<dyn Error>> {
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    let need = |key: &'static str| text(key).ok_or_else(|| format!("an ask lacks `{key}`"));
    let instant = |key: &'static str| -> Result<Time, Box<dyn Error>> {
        Ok(book.start_of_day(need(key)?.parse::<Date>()?))
    };
    Ok(Ask {
        actor: need("actor")?.parse()?,
        action: Action::parse(need("action")?).ok_or("no such action")?,
        product: need("product")?.parse()?,
        channel: need("channel")?.parse()?,
        customer: text("customer").map(str::parse).transpose()?,
        segment: text("segment").map(str::parse).transpose()?,
        territory: text("country").map(str::parse).transpose()?,
        at: instant("at")?,
        known: instant("known")?,
    })
}

fn decision(book: &Book, decision: &Decision) -> Value {
    let (toward, questions) = match &decision.verdict {
        Verdict::NoRight | Verdict::Permit => (&[][..], &[][..]),
        Verdict::Breach { toward } => (toward.as_slice(), &[][..]),
        Verdict::Contested { toward, questions } => (toward.as_slice(), questions.as_slice()),
    };
    let until = decision.until.map(|until| until.to_zoned(book.zone().clone()).date().to_string());
    json!({
        "verdict": decision.verdict.as_str(),
        "toward": toward.iter().map(|party| party.as_str()).collect::<Vec<_>>(),
        "questions": questions.iter().map(|question| question.as_str()).collect::<Vec<_>>(),
        "duties": decision.duties.iter().map(|clause| clause.as_str()).collect::<Vec<_>>(),
        "until": until,
        "forbids": decision.obstacles().map(|reason| reason.cited.clause.as_str()).collect::<Vec<_>>(),
    })
}

fn window(book: &Book, line: &Value) -> Result<Window, Box<dyn Error>> {
    let day = |key: &str| -> Result<Option<Time>, Box<dyn Error>> {
        let day = line.get(key).and_then(Value::as_str).map(str::parse::<Date>).transpose()?;
        Ok(day.map(|day| book.start_of_day(day)))
    };
    Ok(Window { from: day("from")?, until: day("until")?, known: day("known")?.ok_or("`known` is missing")? })
}

fn conflict(book: &Book, conflict: &Conflict) -> Value {
    let day = |at: Time| at.to_zoned(book.zone().clone()).date().to_string();
    let witness = &conflict.witness;
    let is: serde_json::Map<String, Value> =
        conflict.depends_on.iter().map(|one| (one.question.to_string(), one.is.clone().into())).collect();
    json!({
        "kind": conflict.kind.as_str(),
        "clauses": texts(&conflict.clauses),
        "witness": {
            "actor": witness.actor.as_str(),
            "action": witness.action.as_str(),
            "product": witness.product.as_str(),
            "channel": witness.channel.as_str(),
            "segment": witness.segment.as_ref().map(ToString::to_string),
            "country": witness.territory.as_ref().map(ToString::to_string),
            "at": day(witness.at),
        },
        "from": day(conflict.from),
        "until": conflict.until.map(day),
        "depends_on": conflict.depends_on.iter().map(|one| one.question.to_string()).collect::<Vec<_>>(),
        "where": is,
        "extent": conflict.extent.iter().map(extent).collect::<Vec<_>>(),
    })
}

fn extent(extent: &Extent) -> Value {
    json!({
        "actions": extent.actions.iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        "products": texts(&extent.products),
        "channels": texts(&extent.channels),
        "segments": extent.segments.iter().map(|one| one.as_ref().map(ToString::to_string)).collect::<Vec<_>>(),
        "countries": extent.territories.iter().map(|one| one.as_ref().map(ToString::to_string)).collect::<Vec<_>>(),
    })
}

fn texts(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

//! Books and asks as text, answers as text.

use abide_agreement::{Book, Source, load};
use abide_model::decision::{Action, Ask, Decision, Verdict};
use abide_model::{Date, Time};
use expect_test::Expect;
use std::path::Path;

/// The files under a folder, with paths relative to it.
pub(crate) fn read(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    found
}

#[expect(clippy::disallowed_methods, reason = "the test reads its cases; the crate does not")]
fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(Source { path, text });
        }
    }
}

/// The example book of the repository.
pub(crate) fn openai_clouds() -> Book {
    loaded(&openai_clouds_files())
}

/// Its files.
pub(crate) fn openai_clouds_files() -> Vec<Source> {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements/openai-clouds"))
}

/// A book that must load.
pub(crate) fn loaded(files: &[Source]) -> Book {
    load(files).unwrap_or_else(|findings| {
        panic!("{}", findings.iter().map(|finding| finding.render(false)).collect::<String>())
    })
}

/// A book of `book.toml` and the instruments below it; each instrument begins at a line `--- path`.
pub(crate) fn files(text: &str) -> Vec<Source> {
    let mut found = vec![Source { path: "book.toml".to_owned(), text: String::new() }];
    for line in text.lines() {
        match line.trim().strip_prefix("--- ") {
            Some(path) => found.push(Source { path: path.to_owned(), text: String::new() }),
            None => {
                let last = found.last_mut().unwrap();
                last.text += line.trim_start();
                last.text += "\n";
            }
        }
    }
    found
}

/// `amazon sell openai/frontier aws 2026-03-18 [known=DAY] [customer=N] [segment=S] [country=C]`
pub(crate) fn ask(book: &Book, row: &str) -> Ask {
    let mut words = row.split_whitespace();
    let mut next = || words.next().unwrap_or_else(|| panic!("`{row}` lacks a word"));
    let (actor, action, product, channel) = (next(), next(), next(), next());
    let at = instant(book, next());
    let mut ask = Ask {
        actor: actor.parse().unwrap(),
        action: Action::parse(action).unwrap(),
        product: product.parse().unwrap(),
        channel: channel.parse().unwrap(),
        customer: None,
        segment: None,
        territory: None,
        at,
        known: at,
    };
    for word in words {
        match word.split_once('=').unwrap() {
            ("known", day) => ask.known = instant(book, day),
            ("customer", name) => ask.customer = Some(name.parse().unwrap()),
            ("segment", name) => ask.segment = Some(name.parse().unwrap()),
            ("country", name) => ask.territory = Some(name.parse().unwrap()),
            other => panic!("unknown {other:?}"),
        }
    }
    ask
}

fn instant(book: &Book, day: &str) -> Time {
    book.start_of_day(day.parse::<Date>().unwrap())
}

/// One line for the verdict, one for each reason.
pub(crate) fn answer(book: &Book, decision: &Decision) -> String {
    let names = |list: &[String]| list.join(", ");
    let texts =
        |parties: &[abide_model::name::Party]| parties.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut out = decision.verdict.as_str().to_owned();
    match &decision.verdict {
        Verdict::NoRight | Verdict::Permit => {}
        Verdict::Breach { toward } => out += &format!(" toward {}", names(&texts(toward))),
        Verdict::Contested { toward, questions } => {
            let questions: Vec<_> = questions.iter().map(ToString::to_string).collect();
            out += &format!(" on {}", names(&questions));
            if !toward.is_empty() {
                out += &format!(" toward {}", names(&texts(toward)));
            }
        }
    }
    if let Some(until) = decision.until {
        let day = until.to_zoned(book.zone().clone()).date();
        assert_eq!(book.start_of_day(day), until, "answers change at the start of a day");
        out += &format!(", until {day}");
    }
    if !decision.duties.is_empty() {
        let duties: Vec<_> = decision.duties.iter().map(ToString::to_string).collect();
        out += &format!(", counts toward {}", names(&duties));
    }
    for reason in &decision.reasons {
        out += &format!("\n    {} {}", reason.cited.clause, reason.effect.as_str());
    }
    out
}

/// Asks every row and compares the answers.
pub(crate) fn check(book: &Book, rows: &[&str], expected: Expect) {
    let mut out = String::new();
    for row in rows {
        let ask = ask(book, row);
        book.check_ask(&ask).unwrap_or_else(|wrong| panic!("{row}: {wrong:?}"));
        out += &format!("{row}\n  {}\n", answer(book, &book.decide(&ask)));
    }
    expected.assert_eq(&out);
}

/// Asks every row of every book, each under its heading, and compares the answers.
pub(crate) fn check_each(books: &[(&str, Book)], rows: &[&str], expected: Expect) {
    let mut out = String::new();
    for (heading, book) in books {
        out += &format!("with {heading}\n");
        for row in rows {
            let answer = answer(book, &book.decide(&ask(book, row))).replace("\n    ", "; ");
            out += &format!("  {row}\n    {answer}\n");
        }
    }
    expected.assert_eq(&out);
}

/// One owner, two clouds, one buyer of rights; the clauses are given.
pub(crate) fn small(clauses: &str) -> Book {
    loaded(&small_files(clauses))
}

/// The files of [`small`], to be added to.
pub(crate) fn small_files(clauses: &str) -> Vec<Source> {
    files(&format!(
        r#"
        book = "small"
        self = "lab"
        [[party]]
        id = "lab"
        [[party]]
        id = "cloud"
        [[party]]
        id = "rival"
        [[party]]
        id = "reseller"
        [[channel]]
        id = "own"
        operator = "lab"
        [[channel]]
        id = "blue"
        operator = "cloud"
        [[channel]]
        id = "red"
        operator = "rival"
        [[product]]
        id = "lab/chat"
        owner = "lab"
        classes = ["api"]
        [[product]]
        id = "lab/agent"
        owner = "lab"
        classes = [{{ class = "api", if = "agent-is-api" }}]
        [[segment]]
        id = "public/schools"
        [[segment]]
        id = "public/defence"
        [[territory]]
        id = "EU"
        members = ["DE", "FR"]
        [[question]]
        id = "agent-is-api"
        ask = "Is it?"
        positions = {{ cloud = true, lab = false }}
        [[question]]
        id = "other"
        ask = "Is something else so?"
        [[event]]
        id = "verified"
        ask = "Has it happened?"
        [[event]]
        id = "cannot_support"
        args = ["channel", "product"]
        ask = "Can it not?"
        --- one.toml
        instrument = "one"
        parties = ["lab", "cloud", "rival", "reseller"]
        signed = 2026-01-01
        {clauses}
        "#
    ))
}

//! `abide agreement render`: a whole book for counsel, each clause in sentences beside the words it was read from.

mod html;
mod markdown;

use super::book_folder;
use super::told::told;
use crate::cli::failure::{Failure, Status};
use crate::cli::output;
use crate::cli::print;
use abide_agreement::{Book, Explanation, Origin, Told, Who};
use abide_model::Date;
use clap::Args;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "\
Examples:
  abide agreement render agreements/my-clouds > my-clouds.md
  abide agreement render agreements/my-clouds --html my-clouds.html     one file, prints well";

/// `abide agreement render`.
#[derive(Debug, Args)]
pub(crate) struct Render {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// Write one page of HTML that needs nothing else, to be read or printed
    #[arg(long, value_name = "FILE", conflicts_with = "markdown")]
    html: Option<PathBuf>,
    /// Print as Markdown, as happens unless --html is given
    #[arg(long)]
    markdown: bool,
}

impl Render {
    pub(super) fn run(self) -> Result<Status, Failure> {
        let (book, told) = told(&self.book)?;
        let paper = Paper::new(&book, &told);
        match &self.html {
            Some(file) => output::write(file, &html::page(&paper))?,
            None => print::text(&markdown::text(&paper))?,
        }
        Ok(Status::Done)
    }
}

/// A book in the order in which it is laid before a reader.
struct Paper<'t> {
    name: &'t str,
    owner: &'t str,
    /// The version of its content.
    version: String,
    told: &'t Told,
    /// The texts: instruments by name, each with its amendments in order.
    texts: Vec<Text<'t>>,
    parties: Vec<Party<'t>>,
    /// Where words were read, in the order in which clauses name them.
    sources: Vec<&'t Origin>,
}

/// A party and its part in the book.
struct Party<'t> {
    who: &'t Who,
    /// What invoices say of it besides its name.
    firm: Vec<String>,
}

/// An instrument or an amendment.
struct Text<'t> {
    instrument: &'t str,
    amendment: u32,
    title: Option<&'t str>,
    signed: Option<Date>,
    /// Who signed it, by what people call them.
    parties: Vec<&'t str>,
    clauses: Vec<&'t Explanation>,
}

impl<'t> Paper<'t> {
    fn new(book: &'t Book, told: &'t Told) -> Self {
        let mut texts: Vec<Text<'t>> = Vec::new();
        for clause in &told.clauses {
            let same = |text: &&mut Text<'t>| {
                text.instrument == clause.instrument && text.amendment == clause.amendment
            };
            match texts.iter_mut().find(same) {
                Some(text) => text.clauses.push(clause),
                None => texts.push(Text {
                    instrument: &clause.instrument,
                    amendment: clause.amendment,
                    title: clause.title.as_deref(),
                    signed: clause.signed,
                    parties: told
                        .who
                        .iter()
                        .filter(|who| who.signs.contains(&clause.instrument))
                        .map(|who| who.name.as_str())
                        .collect(),
                    clauses: vec![clause],
                }),
            }
        }
        texts.sort_by_key(|text| (text.instrument, text.amendment));
        let owner = book.owner().as_str();
        let owner = told.parties.get(owner).map_or(owner, String::as_str);
        let parties = told.who.iter().map(|who| Party { who, firm: firm(told, who) }).collect();
        let mut sources: Vec<&Origin> = Vec::new();
        for source in told.clauses.iter().filter_map(|clause| clause.source.as_ref()) {
            if !sources.iter().any(|one| one.id == source.id) {
                sources.push(source);
            }
        }
        Self { name: book.name(), owner, version: book.hash().short(), told, texts, parties, sources }
    }

    /// `6 texts, 16 clauses, 6 parties`.
    fn size(&self) -> String {
        let count = |number: usize, one: &str, more: &str| {
            if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
        };
        [
            count(self.texts.len(), "text", "texts"),
            count(self.told.clauses.len(), "clause", "clauses"),
            count(self.parties.len(), "party", "parties"),
        ]
        .join(", ")
    }
}

impl Text<'_> {
    /// `between Microsoft and OpenAI, signed 2025-10-28`.
    fn between(&self) -> String {
        let names = match self.parties.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        };
        let signed = self.signed.map_or(String::new(), |day| format!(", signed {day}"));
        format!("between {names}{signed}")
    }

    /// `msft-openai, amendment 3: The recapitalisation`.
    fn heading(&self) -> String {
        let number = match self.amendment {
            0 => String::new(),
            number => format!(", amendment {number}"),
        };
        let title = self.title.map_or(String::new(), |title| format!(": {title}"));
        format!("{}{number}{title}", self.instrument)
    }
}

/// What invoices say of a party besides its name.
fn firm(told: &Told, who: &Who) -> Vec<String> {
    let Some(firm) = told.firms.get(&who.id) else { return Vec::new() };
    let mut lines = vec![firm.address.join(", ")];
    lines.extend(firm.tax_id.as_ref().map(|id| format!("tax number {id}")));
    if !firm.pay_to.is_empty() {
        lines.push(format!("paid to {}", firm.pay_to.join(", ")));
    }
    lines.extend(firm.pay_within.as_ref().map(|within| format!("within {within}")));
    lines.retain(|line| !line.is_empty());
    lines
}

impl Party<'_> {
    /// Its part in the book, a phrase for each, with names of the book between backticks.
    fn part(&self) -> Vec<String> {
        let listed = |what: &str, names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
        };
        let Who { signs, operates, owns, .. } = self.who;
        [listed("signs", signs), listed("operates", operates), listed("owns", owns)]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// What the word of each class of sources means.
const CLASSES: &str = "official: a party\u{2019}s own text; filing: with an authority; reported: by the press; inferred: concluded by \
                       whoever wrote the book.";

/// `Microsoft: yes; OpenAI: no`.
fn positions(held: &[(String, bool)]) -> String {
    let held = held.iter().map(|(who, yes)| format!("{who}: {}", if *yes { "yes" } else { "no" }));
    held.collect::<Vec<_>>().join("; ")
}

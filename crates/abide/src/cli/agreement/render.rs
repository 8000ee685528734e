//! `abide agreement render`: a whole book for counsel, each clause in sentences beside the words it was read from.

mod html;
mod markdown;

use super::book_folder;
use super::told::told;
use crate::cli::failure::{Failure, Status};
use crate::cli::output;
use crate::cli::print;
use abide_agreement::{Book, Explanation, Told};
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
}

/// An instrument or an amendment.
struct Text<'t> {
    instrument: &'t str,
    amendment: u32,
    title: Option<&'t str>,
    signed: Option<Date>,
    file: &'t str,
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
                    file: &clause.file,
                    clauses: vec![clause],
                }),
            }
        }
        texts.sort_by_key(|text| (text.instrument, text.amendment));
        let owner = book.owner().as_str();
        let owner = told.parties.get(owner).map_or(owner, String::as_str);
        Self { name: book.name(), owner, version: book.hash().to_string(), told, texts }
    }
}

impl Text<'_> {
    /// `msft-openai/2025-10-28.toml, signed 2025-10-28`.
    fn place(&self) -> String {
        let signed = self.signed.map_or(String::new(), |day| format!(", signed {day}"));
        format!("{}{signed}", self.file)
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

/// The parties of which invoices say more than a name: the name, and each thing that is known of it in words.
fn firms(told: &Told) -> Vec<(&str, Vec<String>)> {
    let name = |id: &'_ String| told.parties.get(id).map_or("", String::as_str);
    let firms = told.firms.iter().map(|(id, firm)| {
        let mut lines = vec![firm.address.join(", ")];
        lines.extend(firm.tax_id.as_ref().map(|id| format!("tax number {id}")));
        if !firm.pay_to.is_empty() {
            lines.push(format!("paid to {}", firm.pay_to.join(", ")));
        }
        lines.extend(firm.pay_within.as_ref().map(|within| format!("within {within}")));
        lines.retain(|line| !line.is_empty());
        (name(id), lines)
    });
    firms.collect()
}

/// `Microsoft: yes; OpenAI: no`.
fn positions(held: &[(String, bool)]) -> String {
    let held = held.iter().map(|(who, yes)| format!("{who}: {}", if *yes { "yes" } else { "no" }));
    held.collect::<Vec<_>>().join("; ")
}

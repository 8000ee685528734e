//! `abide agreement explain`: one clause in plain sentences.

use super::book_folder;
use super::told::{ToldJson, json, told};
use crate::cli::failure::{Failure, Status};
use crate::cli::print::{self, Paint, plain};
use abide_agreement::{Explanation, Origin, nearest};
use abide_model::decision::SourceClass;
use clap::Args;
use std::path::PathBuf;

/// The widest line of sentences, in characters.
const LINE_CHARS_MAX: usize = 100;

pub(super) const EXAMPLE: &str = "\
Example:
  abide agreement explain agreements/my-clouds apr27.revenue-share";

/// `abide agreement explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// The clauses, by id; all of them when none is named
    clauses: Vec<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(self) -> Result<Status, Failure> {
        let (_, told) = told(&self.book)?;
        let all = told.clauses;
        let wanted = if self.clauses.is_empty() { all } else { pick(all, &self.clauses)? };
        if self.json {
            print::json(&wanted.iter().map(json).collect::<Vec<ToldJson<'_>>>())?;
        } else {
            let texts: Vec<_> = wanted.iter().map(|one| text(one, Paint::out())).collect();
            print::text(&texts.join("\n"))?;
        }
        Ok(Status::Done)
    }
}

/// The clauses that are asked for, in that order.
fn pick(all: Vec<Explanation>, names: &[String]) -> Result<Vec<Explanation>, Failure> {
    let mut found = Vec::new();
    for name in names {
        let Some(one) = all.iter().find(|one| one.clause.as_str() == name) else {
            let failure = Failure::input(format!("there is no clause `{name}` in this book"));
            let near = nearest(name, all.iter().map(|one| one.clause.as_str()));
            return Err(match near {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("name none, and all of them are explained"),
            });
        };
        found.push(one.clone());
    }
    Ok(found)
}

fn text(one: &Explanation, paint: Paint) -> String {
    let amendment = match one.amendment {
        0 => String::new(),
        number => format!(", amendment {number}"),
    };
    let place = format!("{} of {}{amendment}  {}:{}", one.kind, one.instrument, one.file, one.line);
    let mut out =
        format!("{}  {}\n\n", paint.bold("1", one.clause.as_str()), paint.dim(&plain(&place, false)));
    for sentence in &one.sentences {
        out += &wrapped(&plain(&sentence.text, false), "  ");
    }
    if let Some(source) = &one.source {
        out += &format!("\n  {}\n", plain(&origin(source), false));
    }
    if let Some(quote) = &one.quote {
        out += &wrapped(&format!("“{}”", plain(quote, false)), "  ");
    }
    if let Some(note) = &one.note {
        out += &format!("\n{}", wrapped(&format!("Note: {}", plain(note, false)), "  "));
    }
    out
}

/// `official: Title, example.com`.
pub(super) fn origin(source: &Origin) -> String {
    let class = source.class.map_or("source", SourceClass::as_str);
    let named: Vec<&str> = [&source.title, &source.url].into_iter().flatten().map(String::as_str).collect();
    let named = if named.is_empty() { source.id.clone() } else { named.join(", ") };
    format!("{class}: {named}")
}

/// Broken between words, each line behind `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        let full = line.chars().count() + word.chars().count() >= LINE_CHARS_MAX;
        if full && line.trim() != "" {
            out += line.trim_end();
            out.push('\n');
            indent.clone_into(&mut line);
        }
        line += word;
        line.push(' ');
    }
    out + line.trim_end() + "\n"
}

//! A book whose clauses are told in sentences, read from its folder.

use crate::cli::failure::Failure;
use crate::config::{self, BookError};
use abide_agreement::{Book, Explanation, Told, explain};
use abide_model::decision::SourceClass;
use serde::Serialize;
use std::path::Path;

/// Reads, checks and tells the book in `folder`.
pub(super) fn told(folder: &Path) -> Result<(Book, Told), Failure> {
    let files = config::book_files(folder)?;
    let book = abide_agreement::load(&files)
        .map_err(|found| BookError::Findings(config::shown_findings(folder, &found)))?;
    let told = explain(&files, &book);
    Ok((book, told))
}

/// A clause for programs, with stable fields.
#[derive(Serialize)]
pub(super) struct ToldJson<'t> {
    clause: &'t str,
    kind: &'t str,
    instrument: &'t str,
    amendment: u32,
    title: Option<&'t str>,
    signed: Option<String>,
    file: &'t str,
    line: u32,
    from: &'t str,
    to: Option<&'t str>,
    sentences: Vec<SentenceJson<'t>>,
    source: Option<OriginJson<'t>>,
    quote: Option<&'t str>,
    note: Option<&'t str>,
}

#[derive(Serialize)]
struct SentenceJson<'t> {
    about: &'static str,
    text: &'t str,
}

#[derive(Serialize)]
struct OriginJson<'t> {
    id: &'t str,
    class: Option<&'static str>,
    title: Option<&'t str>,
    url: Option<&'t str>,
}

pub(super) fn json(told: &Explanation) -> ToldJson<'_> {
    let sentences =
        told.sentences.iter().map(|one| SentenceJson { about: one.topic.as_str(), text: &one.text });
    ToldJson {
        clause: told.clause.as_str(),
        kind: told.kind,
        instrument: &told.instrument,
        amendment: told.amendment,
        title: told.title.as_deref(),
        signed: told.signed.map(|day| day.to_string()),
        file: &told.file,
        line: told.line,
        from: &told.from,
        to: told.to.as_deref(),
        sentences: sentences.collect(),
        source: told.source.as_ref().map(|source| OriginJson {
            id: &source.id,
            class: source.class.map(SourceClass::as_str),
            title: source.title.as_deref(),
            url: source.url.as_deref(),
        }),
        quote: told.quote.as_deref(),
        note: told.note.as_deref(),
    }
}

//! Commercial agreements as files that a person can read and a program can answer from.
//!
//! [`load`] reads a book from texts and checks all of it; [`Book::decide`] answers "may this party do this with that
//! product through that channel, at this time, as known then?" with the clauses that decided. Knows nothing of HTTP,
//! stores or clocks: texts and times arrive as arguments.
#![deny(clippy::wildcard_enum_match_arm)]

mod bits;
mod book;
mod calendar;
mod compile;
mod conflict;
mod customers;
mod decide;
mod diagnostic;
mod diff;
mod eval;
mod explain;
mod few;
mod figures;
mod finding;
mod format;
mod hits;
mod index;
mod meant;
mod open;
mod outcome;
mod reasons;
mod replay;
mod schema;
mod space;
mod suggest;
mod syntax;
mod table;
mod terms;
mod timeline;

pub use book::Book;
pub use compile::{
    CLAUSES_MAX, DRAWS_MAX, FILE_BYTES_MAX, FILES_MAX, Staged, YEARS_MAX, is_scenario, load, stage,
};
pub use conflict::{Conflict, ConflictKind, Dependence, Extent, Window};
pub use customers::customers;
pub use decide::{AskError, Ruling};
pub use diagnostic::{Diagnostic, Place, Severity};
pub use diff::{CELLS_MAX, Change, ChangeKind, Diff, Side, TermChange, TooMany, diff};
pub use explain::{Explanation, Meaning, OpenPoint, Origin, Sentence, Told, Topic, Who, explain};
pub use figures::InForce;
pub use format::format;
pub use open::OPEN_QUESTIONS_MAX;
pub use outcome::CHAIN_GRANTS_MAX;
pub use reasons::Cited;
pub use replay::{Replay, Replayed, Turn, When};
pub use schema::{SchemaOf, schema};
pub use suggest::nearest;
pub use timeline::Span;

/// One file of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path below the book's folder, with `/` between parts: `msft-openai/2026-04-27.toml`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

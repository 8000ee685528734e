//! `abide ledger`: statements and exports, drawn up beside a running server.

use super::StoreFolder;
use super::failure::{Failure, Status};
use super::print;
use super::when;
use crate::config;
use abide_agreement::{Book, nearest};
use abide_engine::{Books, SettleError};
use abide_ledger::export::Format;
use abide_ledger::{Detail, Period};
use abide_model::name::Party;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// What to draw up.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// What a party is owed and owes for a period, and from what
    #[command(after_help = "Example:\n  abide ledger statement --party microsoft --period 2026-Q4")]
    Statement(StatementCall),
    /// All postings, for Beancount, hledger or a spreadsheet
    #[command(after_help = "Example:\n  abide ledger export --format beancount --out abide.beancount")]
    Export(Export),
}

/// Which lines, under which agreements.
#[derive(Debug, Clone, Args)]
struct Which {
    #[command(flatten)]
    store: StoreFolder,
    /// The folder of the book of agreements, instead of the one the configuration names
    #[arg(long, value_name = "DIR")]
    book: Option<PathBuf>,
}

/// `abide ledger statement`.
#[derive(Debug, Args)]
pub(crate) struct StatementCall {
    /// Whom it is for: a party of the book
    #[arg(long)]
    party: Party,
    /// A year, a quarter or a month: 2026, 2026-Q4, 2026-11
    #[arg(long)]
    period: Period,
    #[command(flatten)]
    which: Which,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// How usage is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DetailWord {
    /// One transaction a day, customer and currency
    Day,
    /// One transaction a call
    Call,
}

/// `abide ledger export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The form
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.map(Format::as_str)))]
    format: String,
    /// How usage is put together
    #[arg(long, value_enum, default_value = "day")]
    detail: DetailWord,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

impl Ledger {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        match self {
            Ledger::Statement(statement) => statement.run(),
            Ledger::Export(export) => export.run(),
        }
    }
}

impl Which {
    fn open(self) -> Result<(PathBuf, Book), Failure> {
        let places = self.store.places(self.book)?;
        let folder = places.agreements.ok_or_else(|| {
            Failure::input("amounts are worked out under agreements, and none are named")
                .help("set `agreements` in the configuration, or name a book with --book")
        })?;
        Ok((places.folder, config::open_book(&folder)?))
    }
}

impl StatementCall {
    fn run(self) -> Result<Status, Failure> {
        let (folder, book) = self.which.open()?;
        if !book.parties().any(|party| *party == self.party) {
            let near = nearest(self.party.as_str(), book.parties().map(Party::as_str));
            let names: Vec<&str> = book.parties().map(Party::as_str).collect();
            let help =
                near.map_or(format!("it has {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
            return Err(Failure::input(format!("the book has no party `{}`", self.party)).help(help));
        }
        let statement =
            Books::open(&folder, &book)?.statement(self.party, self.period, when::now_in_ledger())?;
        print::text(&if self.json { statement.to_json() } else { statement.render_table() })?;
        Ok(Status::Done)
    }
}

impl Export {
    fn run(self) -> Result<Status, Failure> {
        let (folder, book) = self.which.open()?;
        let format = Format::parse(&self.format)
            .ok_or_else(|| Failure::input(format!("there is no form `{}`", self.format)))?;
        let detail = match self.detail {
            DetailWord::Day => Detail::Day,
            DetailWord::Call => Detail::Call,
        };
        let text = Books::open(&folder, &book)?.export(format, detail, when::now_in_ledger())?;
        match &self.out {
            Some(path) => write(path, &text)?,
            None => print::text(&text)?,
        }
        Ok(Status::Done)
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::work(format!("cannot write `{}`: {error}", path.display()));
    std::fs::write(path, text).map_err(failed)
}

impl From<SettleError> for Failure {
    fn from(error: SettleError) -> Self {
        Failure::work(error.to_string())
    }
}

//! `abide agreement schema`: what editors need to complete and check the files of a book.

use crate::cli::failure::{Failure, Status};
use crate::cli::print;
use abide_agreement::{SchemaOf, schema};
use clap::Args;
use clap::builder::PossibleValuesParser;

pub(super) const EXAMPLE: &str = "\
Examples:
  abide agreement schema > agreements/schema.json          any file of a book
  abide agreement schema instrument > instrument.json      instruments and amendments alone

Name it in the first line of a file, #:schema ../schema.json, or for whole folders in the settings of
the editor; docs/agreements.md shows how.";

/// `abide agreement schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which files: any of a book, book.toml, instruments, scenarios, or all others (prices, facts)
    #[arg(default_value = SchemaOf::Any.as_str())]
    #[arg(value_parser = PossibleValuesParser::new(SchemaOf::ALL.map(SchemaOf::as_str)))]
    file: String,
}

impl Schema {
    pub(super) fn run(self) -> Result<Status, Failure> {
        let of = SchemaOf::parse(&self.file)
            .ok_or_else(|| Failure::input(format!("there is no schema `{}`", self.file)))?;
        print::text(&schema(of))?;
        Ok(Status::Done)
    }
}

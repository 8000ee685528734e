//! `abide agreement simulate`: what a forecast comes to under one or more drafts of the terms.

mod case;
mod charts;
mod figures;
mod json;
mod page;
mod text;

use super::book_folder;
use crate::cli::failure::{Failure, Status};
use crate::cli::output;
use crate::cli::print::{self, Paint};
use crate::cli::when::{self, When};
use case::Case;
use charts::Chart;
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "\
Examples:
  abide agreement simulate agreements/my-clouds agreements/my-clouds/scenarios/cap.toml
  abide agreement simulate agreements/my-clouds what-if.toml --against agreements/draft --html report.html

docs/agreements.md says what a scenario holds and how its figures are worked out.";

/// `abide agreement simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The folder of the book, or a file or folder in it
    #[arg(value_parser = book_folder())]
    book: PathBuf,
    /// The scenario, a TOML file
    scenario: PathBuf,
    /// The folder of a book to compare with
    #[arg(long, value_name = "BOOK")]
    against: Option<PathBuf>,
    /// As known at this time, where scenario and draft do not say [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    known: Option<When>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Write a chart as SVG into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Which chart
    #[arg(long, value_name = "CHART", default_value = Chart::Shares.as_str())]
    #[arg(value_parser = PossibleValuesParser::new(Chart::ALL.map(Chart::as_str)))]
    chart: String,
    /// Write a report for people into this file: one page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Simulate {
    pub(super) fn run(self) -> Result<Status, Failure> {
        let case = Case::open(&self.book, &self.scenario, self.against.as_deref(), self.known)?;
        if let Some(path) = &self.svg {
            let chart = Chart::parse(&self.chart)
                .ok_or_else(|| Failure::input(format!("there is no chart `{}`", self.chart)))?;
            let drawn = charts::draw(&case, chart).ok_or_else(|| {
                Failure::input(format!("this scenario has nothing to draw as `{}`", self.chart))
                    .help("`break-even` needs a [[break_even]], `shares` a share that comes to something, `commitments` a purchase")
            })?;
            output::write(path, &drawn)?;
        }
        if let Some(path) = &self.html {
            output::write(path, &page::page(&case))?;
        }
        if self.json {
            print::json(&json::json(&case))?;
        } else {
            print::text(&text::text(&case, Paint::out()))?;
        }
        Ok(Status::Done)
    }
}

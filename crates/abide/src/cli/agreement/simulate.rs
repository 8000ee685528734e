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
use charts::{Chart, Picture};
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
    /// Of several charts of a kind, the one of this [[break_even]] or commitment [default: the first]
    #[arg(long, value_name = "ID", requires = "svg")]
    of: Option<String>,
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
            output::write(path, &self.picture(&case, chart)?.svg())?;
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

    fn picture(&self, case: &Case, chart: Chart) -> Result<Picture, Failure> {
        let all = charts::all(case, chart);
        let names: Vec<String> = all.iter().map(|one| format!("`{}`", one.of)).collect();
        let mut wanted = all.into_iter().filter(|one| self.of.as_ref().is_none_or(|of| one.of == *of));
        wanted.next().ok_or_else(|| match (&self.of, names.is_empty()) {
            (Some(of), false) => Failure::input(format!("there is no chart `{}` of `{of}`", self.chart))
                .help(format!("there is one of {}", names.join(", "))),
            (Some(_), true) | (None, _) => {
                Failure::input(format!("this scenario has nothing to draw as `{}`", self.chart)).help(
                    "`break-even` needs a [[break_even]], `shares` a clause that comes to something, `commitments` a purchase",
                )
            }
        })
    }
}

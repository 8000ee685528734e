//! `abide check`: everything that is wrong with a configuration, at once.

use super::failure::{Failure, Status, counted, findings, many};
use super::{ConfigFile, print};
use crate::config::{self, Config, ConfigError, Secrets};
use abide_agreement::Diagnostic;
use clap::Args;
use serde::Serialize;

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 when it can be served, 2 when it cannot.")]
pub(crate) struct Check {
    #[command(flatten)]
    config: ConfigFile,
    /// Leave secrets alone, for a machine that does not have them
    #[arg(long)]
    without_secrets: bool,
    /// Print findings as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let secrets = if self.without_secrets { Secrets::Skip } else { Secrets::Read };
        match config::load(&self.config.path, secrets) {
            Ok(config) => self.report(&config),
            Err(ConfigError::Findings(found)) if self.json => {
                print::json(&Checked::new(false, &found))?;
                Ok(Status::BadInput)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn report(&self, config: &Config) -> Result<Status, Failure> {
        if self.json {
            print::json(&Checked::new(true, &config.warnings))?;
            return Ok(Status::Done);
        }
        if !config.warnings.is_empty() {
            print::aside(&findings(&config.warnings, print::color_on_stderr()));
        }
        let setup = &config.setup;
        let book =
            setup.book.as_ref().map_or("no agreements".to_owned(), |book| format!("book `{}`", book.name()));
        print::text(&format!(
            "{}: {}, {}, {}, {book}; {}\n",
            self.config.path.display(),
            many(setup.clouds.len(), "cloud"),
            many(setup.models.len(), "model"),
            many(setup.agents.len(), "agent"),
            counted(&config.warnings),
        ))?;
        Ok(Status::Done)
    }
}

/// Findings as JSON.
#[derive(Serialize)]
pub(crate) struct Checked<'d> {
    ok: bool,
    findings: Vec<FindingJson<'d>>,
}

#[derive(Serialize)]
struct FindingJson<'d> {
    severity: &'d str,
    code: &'d str,
    file: &'d str,
    line: u32,
    column: u32,
    message: &'d str,
    help: Option<&'d str>,
    also: Vec<AlsoJson<'d>>,
}

#[derive(Serialize)]
struct AlsoJson<'d> {
    file: &'d str,
    line: u32,
    column: u32,
    message: &'d str,
}

impl<'d> Checked<'d> {
    pub(crate) fn new(ok: bool, found: &'d [Diagnostic]) -> Self {
        Self { ok, findings: found.iter().map(finding).collect() }
    }
}

fn finding(one: &Diagnostic) -> FindingJson<'_> {
    let also = one.also.iter().map(|(place, words)| AlsoJson {
        file: &place.file,
        line: place.line,
        column: place.column,
        message: words,
    });
    FindingJson {
        severity: one.severity.as_str(),
        code: one.code,
        file: &one.place.file,
        line: one.place.line,
        column: one.place.column,
        message: &one.message,
        help: one.help.as_deref(),
        also: also.collect(),
    }
}

//! `abide session`: reads journals beside a running server and shows what came from where, and why.

mod json;
mod text;

use super::StoreFolder;
use super::failure::{Failure, Status};
use super::grid::Grid;
use super::print;
use super::when::short;
use abide_engine::{Refused, Transcript};
use abide_model::Time;
use abide_model::id::{RunId, SessionId};
use abide_store::{Filter, Listed, Reader};
use clap::{Args, Subcommand};
use serde::Serialize;

/// The most conversations listed at once.
const LIST_MAX: u64 = 10_000;

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    /// List conversations, the newest first
    List(List),
    /// Show a conversation: what was said, where it came from, which clauses allowed it
    #[command(
        after_help = "Example:\n  abide session show conv_0190f3a1…\n\nA response's id shows that response alone."
    )]
    Show(Show),
}

/// `abide session list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this customer
    #[arg(long)]
    customer: Option<String>,
    /// How many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=LIST_MAX))]
    limit: u64,
    /// Also those no client gave a name: chains of responses and single calls
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    store: StoreFolder,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// `abide session show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// `conv_…` or `resp_…`
    id: String,
    #[command(flatten)]
    store: StoreFolder,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct ListedJson {
    id: String,
    customer: String,
    named: bool,
    at_work: bool,
    records: u64,
    created: Option<String>,
    changed: Option<String>,
}

impl Session {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        match self {
            Session::List(list) => list.run(),
            Session::Show(show) => show.run(),
        }
    }
}

impl List {
    fn run(self) -> Result<Status, Failure> {
        let mut reader = Reader::open(&self.store.places(None)?.folder)?;
        let filter = Filter { owner: self.customer, unnamed: self.all, before: None };
        let listed = reader.sessions(&filter, usize::try_from(self.limit).unwrap_or(usize::MAX))?;
        if self.json {
            print::json(&listed.iter().map(listed_json).collect::<Vec<_>>())?;
            return Ok(Status::Done);
        }
        let mut grid = Grid::new(&["conversation", "customer", "began", "changed", "records", ""]);
        for one in &listed {
            grid.row([
                &one.session.to_string(),
                &one.owner,
                &time(one.created_ms).map_or("-".to_owned(), short),
                &time(one.changed_ms).map_or("-".to_owned(), short),
                &one.head.to_string(),
                if one.open { "at work" } else { "" },
            ]);
        }
        print::text(&grid.text())?;
        if listed.is_empty() && !self.all {
            print::aside("no conversations; --all also lists chains of responses and single calls\n");
        }
        Ok(Status::Done)
    }
}

fn time(ms: i64) -> Option<Time> {
    Time::from_millisecond(ms).ok()
}

fn listed_json(one: &Listed) -> ListedJson {
    ListedJson {
        id: one.session.to_string(),
        customer: one.owner.clone(),
        named: one.named,
        at_work: one.open,
        records: one.head,
        created: time(one.created_ms).map(|at| at.to_string()),
        changed: time(one.changed_ms).map(|at| at.to_string()),
    }
}

impl Show {
    fn run(self) -> Result<Status, Failure> {
        let (session, run) = parse(&self.id)?;
        let mut reader = Reader::open(&self.store.places(None)?.folder)?;
        let absent = || Failure::input(format!("there is no `{}` here, or it was deleted", self.id));
        let mut transcript = Transcript::read(&mut reader, session)?.ok_or_else(absent)?;
        if let Some(run) = run {
            transcript.runs.retain(|one| one.view.id == run);
            transcript.loose.clear();
            if transcript.runs.is_empty() {
                return Err(absent());
            }
        }
        if self.json {
            print::json(&json::transcript(&transcript))?;
        } else {
            print::text(&text::transcript(&transcript, print::Paint::out()))?;
        }
        Ok(Status::Done)
    }
}

fn parse(id: &str) -> Result<(SessionId, Option<RunId>), Failure> {
    if let Ok(run) = RunId::parse(id) {
        return Ok((run.session, Some(run)));
    }
    let session = SessionId::parse(id).map_err(|_| {
        Failure::input(format!("`{id}` is no id of a conversation or a response"))
            .help("they begin with conv_ and resp_; `abide session list` shows them")
    })?;
    Ok((session, None))
}

impl From<Refused> for Failure {
    fn from(error: Refused) -> Self {
        Failure::work(error.to_string())
    }
}

//! What happened in a session, for people: who said what, where it came from, why it went there.

use crate::load;
use crate::refused::Refused;
use abide_model::Time;
use abide_model::id::{ItemId, SessionId};
use abide_model::plan::Plan;
use abide_model::run::{Placed, RunView};
use abide_session::record::CallStarted;
use abide_session::{Outcome, Session, Show};
use abide_store::Reader;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A session, run by run.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Its identity.
    pub session: SessionId,
    /// Whose it is.
    pub owner: String,
    /// When it began.
    pub created_at: Option<Time>,
    /// Whether content is kept.
    pub kept: bool,
    /// Records in its journal.
    pub records: u64,
    /// Its runs, oldest first.
    pub runs: Vec<TranscriptRun>,
    /// Items that no run brought in.
    pub loose: Vec<Placed>,
}

/// One run.
#[derive(Debug, Clone)]
pub struct TranscriptRun {
    /// The run as its client reads it, cut items included.
    pub view: RunView,
    /// The short name of the key that asked.
    pub key: String,
    /// Its calls, oldest first.
    pub calls: Vec<TranscriptCall>,
    /// The plan that left it without a target, when that is how it ended.
    pub nowhere: Option<Plan>,
}

/// One call of a run.
#[derive(Debug, Clone)]
pub struct TranscriptCall {
    /// When it left.
    pub at: Time,
    /// Where it went, and why: plan and decision.
    pub started: Arc<CallStarted>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Its items among the run's output: from here …
    pub first_output: u32,
    /// … to before here.
    pub end_output: u32,
}

impl Transcript {
    /// Reads the session `id` beside a running server; `None` when there is none.
    ///
    /// # Errors
    /// When the store or the journal cannot be read.
    pub fn read(reader: &mut Reader, id: SessionId) -> Result<Option<Self>, Refused> {
        Ok(load::session_from(reader, id)?.map(|session| Self::of(&session)))
    }

    pub(crate) fn of(session: &Session) -> Self {
        let runs: Vec<TranscriptRun> = (1..=session.last_run()).filter_map(|n| run(session, n)).collect();
        let of_runs: BTreeSet<ItemId> = runs
            .iter()
            .flat_map(|run| run.view.input.iter().chain(&run.view.output))
            .map(|one| one.id)
            .collect();
        let loose = session.items().into_iter().filter(|placed| !of_runs.contains(&placed.id)).collect();
        Self {
            session: session.id(),
            owner: session.opened().owner.clone(),
            created_at: session.created_at(),
            kept: session.opened().kept,
            records: session.head(),
            runs,
            loose,
        }
    }
}

fn run(session: &Session, n: u32) -> Option<TranscriptRun> {
    let view = session.view(n, Show::All)?;
    let notes = session.calls(n);
    let ends = notes.iter().skip(1).map(|call| call.first_output);
    let ends = ends.chain(std::iter::once(view.output.len() as u32));
    let calls = notes.iter().zip(ends).map(|(note, end_output)| TranscriptCall {
        at: note.at,
        started: note.started.clone(),
        outcome: note.outcome.clone(),
        first_output: note.first_output,
        end_output,
    });
    let key = session.asked(n).map(|asked| asked.key.clone()).unwrap_or_default();
    Some(TranscriptRun { key, calls: calls.collect(), nowhere: session.nowhere(n).cloned(), view })
}

//! What a client may see of a run, in order, each at its place in the journal.

use crate::call::ItemStart;
use crate::fault::FaultKind;
use crate::id::{ItemId, RunId};
use crate::item::{Item, ItemStatus};
use crate::usage::Usage;
use crate::{Time, call::Finish};

/// Why a run failed, as the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    /// A stable Abide code: `no_target`, `refused_by_agreement`, `upstream_failed`, …
    pub code: String,
    /// For people.
    pub message: String,
    /// The last fault's kind, when a cloud was the cause.
    pub fault: Option<FaultKind>,
    /// How long to wait before trying again, in milliseconds, when somebody said.
    pub retry_after_ms: Option<u64>,
}

/// Why a run ended without being whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortfall {
    /// The output limit was hit.
    OutputTokens,
    /// The cloud's filter cut the output.
    ContentFilter,
    /// The process died while it was at work, and it was not taken up again.
    Interrupted,
}

impl Shortfall {
    /// The word the Responses format uses, or Abide's own where it has none.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Shortfall::OutputTokens => "max_output_tokens",
            Shortfall::ContentFilter => "content_filter",
            Shortfall::Interrupted => "interrupted",
        }
    }
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunStatus {
    /// At work.
    InProgress,
    /// Done.
    Completed(Finish),
    /// Ended early, with what there is.
    Incomplete(Shortfall),
    /// Ended by an error.
    Failed(RunError),
    /// Ended by the client.
    Cancelled,
}

impl RunStatus {
    /// The word the Responses format uses.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            RunStatus::InProgress => "in_progress",
            RunStatus::Completed(_) => "completed",
            RunStatus::Incomplete(_) => "incomplete",
            RunStatus::Failed(_) => "failed",
            RunStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will come.
    #[must_use]
    pub fn ended(&self) -> bool {
        *self != RunStatus::InProgress
    }
}

/// One change a client sees. `index` counts the run's output items from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The run is on record and at work.
    RunStarted,
    /// An output item begins.
    ItemStarted {
        /// Which output item.
        index: u32,
        /// Its identity.
        id: ItemId,
        /// What it is.
        start: ItemStart,
    },
    /// More text.
    Text {
        /// Which output item.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// More words of a refusal.
    Refusal {
        /// Which output item.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// More of a tool call's arguments.
    Arguments {
        /// Which output item.
        index: u32,
        /// The JSON text to append.
        json: String,
    },
    /// More thinking.
    Reasoning {
        /// Which output item.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// An output item is closed.
    ItemDone {
        /// Which output item.
        index: u32,
        /// Its identity.
        id: ItemId,
        /// The whole of it.
        item: Item,
        /// `Completed`, or `Incomplete` when it was cut.
        status: ItemStatus,
    },
    /// The output items from `first` on that came so far are left behind: a later call produces them anew.
    Replaced {
        /// The first of them.
        first: u32,
    },
    /// Nothing more comes.
    RunEnded {
        /// How it ended.
        status: RunStatus,
        /// What all its calls consumed; `None` when it made none.
        usage: Option<Usage>,
    },
}

/// A change at its place. Strictly increasing within a session, the same after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Position of the journal record that holds it.
    pub seq: u64,
    /// When it was recorded.
    pub at: Time,
    /// The run it belongs to.
    pub run: RunId,
    /// What changed.
    pub change: Change,
}

//! What is read back.

use crate::append::Snapshot;
use abide_model::id::SessionId;

/// A session as far as it must be read to continue it: its snapshot and every record after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Whose it is.
    pub owner: String,
    /// Whether it is listed.
    pub named: bool,
    /// Its last record.
    pub head: u64,
    /// Whether a run is still at work after it.
    pub open: bool,
    /// When it began, in Unix milliseconds.
    pub created_ms: i64,
    /// When it last grew, in Unix milliseconds.
    pub changed_ms: i64,
    /// The latest snapshot.
    pub snapshot: Option<Snapshot>,
    /// What came after the snapshot, oldest first, or all of it.
    pub records: Vec<Vec<u8>>,
}

impl Journal {
    /// The place of the first of `records`.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.snapshot.as_ref().map_or(1, |snapshot| snapshot.seq + 1)
    }
}

/// Which sessions to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those of this owner.
    pub owner: Option<String>,
    /// Also those that have no name.
    pub unnamed: bool,
    /// Only those older than this one: the last of the page before.
    pub before: Option<SessionId>,
}

/// One session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub session: SessionId,
    /// Whose it is.
    pub owner: String,
    /// Whether it has a name.
    pub named: bool,
    /// Its last record.
    pub head: u64,
    /// Whether a run is still at work.
    pub open: bool,
    /// When it began, in Unix milliseconds.
    pub created_ms: i64,
    /// When it last grew, in Unix milliseconds.
    pub changed_ms: i64,
}

/// A ledger line at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedLine {
    /// Counts lines of the store upwards from 1, in the order they were posted.
    pub n: u64,
    /// The session whose append carried it.
    pub session: SessionId,
    /// When it counts, in Unix milliseconds.
    pub at_ms: i64,
    /// What it says.
    pub body: Vec<u8>,
}

//! What is kept in one atomic step.

use abide_model::Hash;
use abide_model::id::SessionId;

/// The most bytes one append carries, everything in it together.
pub const APPEND_BYTES_MAX: usize = 32 << 20;
/// Bytes that a record, a line or a blob counts beside its own, so that many empty ones are not nothing.
const PART_BYTES: usize = 32;

/// One step of one session. Kept whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Whose journal grows.
    pub session: SessionId,
    /// The last record the writer knows of; 0 for a session that is not there yet.
    pub expect: u64,
    /// The records, in order; the first becomes `expect + 1`. At least one.
    pub records: Vec<Vec<u8>>,
    /// Whether a run is still at work after these records.
    pub open: bool,
    /// Whether the answer waits for the disk. Otherwise the step survives the process, not the machine. Readers see
    /// it once it is written, which may be before that.
    pub durable: bool,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// Ledger lines that belong to these records.
    pub lines: Vec<Line>,
    /// Bodies that live once.
    pub blobs: Vec<Blob>,
    /// What the session amounts to after one of its records; takes the place of the one before.
    pub snapshot: Option<Snapshot>,
    /// Present exactly when `expect` is 0.
    pub first: Option<NewSession>,
}

/// A body that lives once, by the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Of `body`.
    pub hash: Hash,
    /// The bytes.
    pub body: Vec<u8>,
    /// Whether it is what somebody said, and goes with the last session whose step carried it. Others stay.
    pub content: bool,
}

/// One posting, opaque here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it counts, in Unix milliseconds.
    pub at_ms: i64,
    /// What it says.
    pub body: Vec<u8>,
}

/// A session's state after record `seq`, so that a reader need not begin at the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record it contains.
    pub seq: u64,
    /// The state.
    pub body: Vec<u8>,
}

/// What is said once, when a session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose it is: the short name of a key, a user, a tenant.
    pub owner: String,
    /// Whether it is listed. A call that is not kept for later still has a journal, under no name.
    pub named: bool,
}

impl Append {
    /// Bytes it carries, for limits.
    #[must_use]
    pub fn bytes(&self) -> usize {
        (self.records.len() + self.lines.len() + self.blobs.len()) * PART_BYTES
            + self.records.iter().map(Vec::len).sum::<usize>()
            + self.lines.iter().map(|line| line.body.len()).sum::<usize>()
            + self.blobs.iter().map(|blob| blob.body.len()).sum::<usize>()
            + self.snapshot.as_ref().map_or(0, |snapshot| snapshot.body.len())
            + self.first.as_ref().map_or(0, |first| first.owner.len())
    }
}

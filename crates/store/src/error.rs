//! Why the store cannot be opened, and why a step was not kept.

use abide_model::id::SessionId;
use std::path::PathBuf;

/// Why a folder's store cannot be opened. Each says where and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another server works on the folder.
    #[error("`{}` is in use by another server; stop that one, or give this one a folder of its own", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// No SQLite database at all.
    #[error("`{}` is not a store of Abide: it is no database; move it away, or name another folder", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of another program.
    #[error("`{}` is a database of another program, not a store of Abide; move it away, or name another folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a later Abide.
    #[error("`{}` has store format {found}, this Abide knows formats up to {known}; use a newer Abide", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// It can be read but not written.
    #[error("`{}` cannot be written; give this user write permission to the file and its folder", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk has no room for what has to be written first.
    #[error("no room for `{}`: {reason}; free some space", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// There is nothing to read.
    #[error("`{}` is not there; `abide serve` makes it", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Some other program holds the database.
    #[error("`{}` is locked by another program; close whatever has it open", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// It does not hang together.
    #[error("`{}` is damaged: {reason}; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The linked SQLite has a defect that loses commits.
    #[error("SQLite {found} can lose commits; build Abide with 3.51.3 or later")]
    OldSqlite {
        /// Its version.
        found: &'static str,
    },
    /// The operating system refused.
    #[error("cannot open `{}`: {reason}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
}

impl OpenError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            OpenError::InUse { .. } => "store_in_use",
            OpenError::NotADatabase { .. } => "store_not_a_database",
            OpenError::Foreign { .. } => "store_foreign",
            OpenError::Newer { .. } => "store_newer",
            OpenError::ReadOnly { .. } => "store_read_only",
            OpenError::Full { .. } => "store_full",
            OpenError::Missing { .. } => "store_missing",
            OpenError::Locked { .. } => "store_locked",
            OpenError::Damaged { .. } => "store_damaged",
            OpenError::OldSqlite { .. } => "store_old_sqlite",
            OpenError::Io { .. } => "store_io",
        }
    }
}

/// Why a step was not kept, or a question not answered. Nothing of a refused step is kept, except that after
/// [`StoreError::Unsynced`] only opening anew tells.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The session has moved on, or is not where the writer believed.
    #[error("`{session}` is at record {head}, not {expected}")]
    Conflict {
        /// Whose journal.
        session: SessionId,
        /// Where the writer believed it to be.
        expected: u64,
        /// Where it is; 0 when it is not there.
        head: u64,
    },
    /// The session was erased and cannot grow again.
    #[error("`{session}` was erased")]
    Erased {
        /// Whose journal.
        session: SessionId,
    },
    /// More in one step than [`crate::append::APPEND_BYTES_MAX`].
    #[error("{bytes} bytes in one step, the most is {limit}")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// There is a key with this id or this hash.
    #[error("key `{id}` exists")]
    KeyExists {
        /// The id that was given.
        id: String,
    },
    /// The disk, or the limit set for the file, is full. It works again when there is room.
    #[error("no room for `{}`: {reason}; free some space", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// The disk failed.
    #[error("`{}` failed: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// The disk failed to make written bytes durable, so that none since can be trusted. Only opening the store
    /// anew, which reads what is truly there, goes on.
    #[error("`{}` could not be synced: {reason}; restart to go on from what is on disk", path.display())]
    Unsynced {
        /// The file.
        path: PathBuf,
        /// What was said.
        reason: String,
    },
    /// What is stored does not hang together.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Conflict { .. } => "store_conflict",
            StoreError::Erased { .. } => "store_erased",
            StoreError::TooLarge { .. } => "store_too_large",
            StoreError::KeyExists { .. } => "key_exists",
            StoreError::Full { .. } => "store_full",
            StoreError::Io { .. } => "store_io",
            StoreError::Unsynced { .. } => "store_unsynced",
            StoreError::Damaged { .. } => "store_damaged",
            StoreError::Closed => "store_closed",
        }
    }
}

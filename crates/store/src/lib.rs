//! Keeps what must outlive the process: journals, ledger lines, blobs and keys.
//!
//! Knows bytes, positions and keys. What a record says, what a line charges and what a key may do is for others
//! to know. One append is one atomic step: its records, its ledger lines, its blobs and its snapshot are kept
//! together or not at all.

pub mod append;
mod commitlog;
pub mod error;
mod frame;
pub mod journal;
pub mod key;
pub mod sqlite;

pub use append::{Append, Blob, Line, NewSession, Snapshot};
pub use error::{OpenError, StoreError};
pub use journal::{Filter, Journal, Listed, PostedLine};
pub use key::Key;
pub use sqlite::{KeyFile, Opened, Options, Reader, Recovery, Stats, Store};

//! The thread that moves committed pages from the write-ahead log into the file, so that no append has to.

use super::file::Place;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks.
const PASS_EVERY: Duration = Duration::from_millis(100);
/// A write-ahead log that has grown beyond this is made to start over with the writer's help.
const WAL_BYTES_MAX: u64 = 64 << 20;

/// Works until `stop` is dropped.
pub(super) fn run(conn: &Connection, place: &Place, stop: &Receiver<()>, overgrown: &AtomicBool) {
    let mut seen = None;
    while stop.recv_timeout(PASS_EVERY) == Err(RecvTimeoutError::Timeout) {
        let version = conn.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).ok();
        if version == seen {
            continue;
        }
        // A pass that fails leaves everything in the log, where it is safe; the next one tries again.
        let done = passive(conn).unwrap_or(false);
        seen = version.filter(|_| done);
        if std::fs::metadata(place.wal()).is_ok_and(|wal| wal.len() > WAL_BYTES_MAX) {
            overgrown.store(true, Ordering::Relaxed);
        }
    }
}

/// Moves what no reader stands in the way of; whether that was everything.
pub(super) fn passive(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (busy, in_log, moved) = (row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
        Ok(!busy && in_log == moved)
    })
}

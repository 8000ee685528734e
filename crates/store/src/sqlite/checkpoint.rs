//! The thread that moves committed pages from the write-ahead log into the file, so that no append has to.

use super::file::Place;
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks.
const PASS_EVERY: Duration = Duration::from_millis(100);
/// A write-ahead log that has grown beyond this is made to start over, though writers wait for it a moment.
const WAL_BYTES_MAX: u64 = 64 << 20;
/// How long writers wait at most while readers of old pages finish.
const TRUNCATE_WAIT: Duration = Duration::from_millis(200);

/// Works until `stop` is dropped.
pub(super) fn run(conn: &Connection, place: &Place, stop: &Receiver<()>) {
    let mut seen = None;
    while stop.recv_timeout(PASS_EVERY) == Err(RecvTimeoutError::Timeout) {
        let version = conn.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).ok();
        if version == seen {
            continue;
        }
        // A pass that fails leaves everything in the log, where it is safe; the next one tries again.
        let done = pass(conn, place).unwrap_or(false);
        seen = version.filter(|_| done);
    }
}

/// Whether everything that was there is moved.
fn pass(conn: &Connection, place: &Place) -> rusqlite::Result<bool> {
    let done = checkpoint(conn, "PASSIVE")?;
    let wal_bytes = std::fs::metadata(place.wal()).map_or(0, |file| file.len());
    if wal_bytes <= WAL_BYTES_MAX {
        return Ok(done);
    }
    conn.busy_timeout(TRUNCATE_WAIT)?;
    checkpoint(conn, "TRUNCATE")
}

fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<bool> {
    conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (busy, in_log, moved) = (row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
        Ok(!busy && in_log == moved)
    })
}

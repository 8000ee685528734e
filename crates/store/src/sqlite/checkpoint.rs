//! The thread that moves committed pages from the write-ahead log into the file, so that no append has to.

use super::file::{PAGE_BYTES, Place};
use super::sync::Broken;
use rusqlite::Connection;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks.
const PASS_EVERY: Duration = Duration::from_millis(100);
/// A write-ahead log with more pages than this (64 MiB) is made to start over with the writer's help.
const WAL_PAGES_MAX: i64 = (64 << 20) / PAGE_BYTES as i64;
/// Passes in a row at most before the writer is asked.
const PASSES_MAX: usize = 8;
/// The writer is asked sooner when a pass found no more pages than this: it then waits for about as few.
const LEFT_PAGES_MAX: i64 = 128;

/// How far a pass came, in pages of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    in_log: i64,
    moved: i64,
}

/// Works until `stop` is dropped.
pub(super) fn run(
    conn: &Connection,
    (place, database): (&Place, &File),
    stop: &Receiver<()>,
    overgrown: &AtomicBool,
    broken: &Broken,
) {
    let mut seen = None;
    while stop.recv_timeout(PASS_EVERY) == Err(RecvTimeoutError::Timeout) && broken.check().is_ok() {
        let version = conn.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).ok();
        if version == seen {
            continue;
        }
        // A pass that fails leaves everything in the log, where it is safe, and the next one tries again; but not
        // when the disk failed to sync. Pages of passes before may be lost, and the log would start over without them.
        let pass = broken.watch(catch_up(conn, database, overgrown).map_err(|e| place.fault(&e)));
        let done = pass.is_ok_and(|pass| pass.in_log == pass.moved);
        seen = version.filter(|_| done);
    }
}

/// One pass, or as many as it takes to come close to a writer that goes on.
fn catch_up(conn: &Connection, database: &File, overgrown: &AtomicBool) -> rusqlite::Result<Pass> {
    let mut pass = passive(conn)?;
    if pass.in_log > WAL_PAGES_MAX {
        for _ in 1..PASSES_MAX {
            let before = pass.moved;
            pass = passive(conn)?;
            if pass.moved - before <= LEFT_PAGES_MAX {
                break;
            }
        }
        // The writer's pass ends with a sync of the database. What was moved so far is synced here, where nobody waits
        // for it; a failure shows again at SQLite's own sync.
        let _ = database.sync_data();
        overgrown.store(true, Ordering::Relaxed);
    }
    Ok(pass)
}

/// Moves what no reader stands in the way of.
pub(super) fn passive(conn: &Connection) -> rusqlite::Result<Pass> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(Pass { in_log: row.get(1)?, moved: row.get(2)? })
    })
}

//! The thread that moves committed pages from the write-ahead log into the file, so that no append has to.

use super::file::{PAGE_BYTES, Place};
use super::sync::Broken;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A pass begins when so many pages wait for it (1 MiB). More would take a core for too long at once from those who
/// serve. Fewer would move a page again that is just being filled, and sync the file and the log more often: whoever
/// waits for the disk meanwhile waits for that too.
const PASS_PAGES_MIN: i64 = (1 << 20) / PAGE_BYTES as i64;
/// Looks after which fewer pages are moved as well.
const LOOKS_MAX: u32 = 100;
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
    place: &Place,
    stop: &Receiver<()>,
    overgrown: &AtomicBool,
    broken: &Broken,
) {
    let mut looks = 0;
    while stop.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) && broken.check().is_ok() {
        looks += 1;
        let waiting = idle(conn).map_or(0, |pass| pass.in_log - pass.moved);
        if waiting == 0 || waiting < PASS_PAGES_MIN && looks < LOOKS_MAX {
            continue;
        }
        looks = 0;
        // A pass that fails leaves everything in the log, where it is safe, and the next one tries again; but not
        // when the disk failed to sync. Pages of passes before may be lost, and the log would start over without them.
        let _ = broken.watch(catch_up(conn, overgrown).map_err(|e| place.fault(&e)));
    }
}

/// One pass, or as many as it takes to come close to a writer that goes on.
fn catch_up(conn: &Connection, overgrown: &AtomicBool) -> rusqlite::Result<Pass> {
    let mut pass = passive(conn)?;
    if pass.in_log > WAL_PAGES_MAX {
        for _ in 1..PASSES_MAX {
            let before = pass.moved;
            pass = passive(conn)?;
            if pass.moved - before <= LEFT_PAGES_MAX {
                break;
            }
        }
        overgrown.store(true, Ordering::Relaxed);
    }
    Ok(pass)
}

/// Moves what no reader stands in the way of.
pub(super) fn passive(conn: &Connection) -> rusqlite::Result<Pass> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], read_pass)
}

/// Moves nothing, and says how far the last pass came.
fn idle(conn: &Connection) -> rusqlite::Result<Pass> {
    conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], read_pass)
}

fn read_pass(row: &rusqlite::Row<'_>) -> rusqlite::Result<Pass> {
    Ok(Pass { in_log: row.get(1)?, moved: row.get(2)? })
}

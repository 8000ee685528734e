//! Erasure: the session is gone for readers with the first commit, its bytes a slice at a time, so that other
//! sessions are not kept waiting. Its steps stand in the commit log too: that goes on in its other file, and both are
//! wiped. What a crash interrupts goes on when the store is opened.
//!
//! A limit: where pages that lost most of their rows are merged, SQLite may leave a copy of a row that it moved in
//! the unused part of a page (`rebuildPage`, whatever `secure_delete` says). Should that row be erased later, the copy
//! stays until something else is written there, or the file is vacuumed.

use super::blobs;
use super::file::{BUSY_WAIT, corrupt};
use super::heads::{self, Head, id_bytes};
use super::intake::{Intake, answer};
use super::rows;
use crate::error::StoreError;
use abide_model::id::SessionId;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::time::Duration;
use tokio::sync::oneshot;

/// Entries removed in one transaction.
const SLICE_ENTRIES_MAX: usize = 128;
/// Bytes removed in one transaction, unless one entry holds more.
const SLICE_BYTES_MAX: usize = 8 << 20;

/// Sessions whose rows are removed before the write-ahead log starts over without them, at most.
const REMOVED_MAX: usize = 256;

/// How long the end of an erasure waits for readers of old pages.
const TRUNCATE_WAIT: Duration = Duration::from_millis(200);

/// A session whose rows are being removed.
pub(super) struct Erasure {
    session: SessionId,
    head: Head,
    reply: Option<Reply>,
}

/// Erasures that were not done when the file was last closed.
pub(super) fn unfinished(conn: &Connection) -> rusqlite::Result<Vec<Erasure>> {
    let mut statement = conn.prepare("SELECT id, state FROM erasing JOIN session USING (id)")?;
    let rows = statement.query_map([], heads::read_row)?;
    rows.map(|row| row.map(|(session, head)| Erasure { session, head, reply: None })).collect()
}

/// How far the commit log is wiped of what was erased.
#[derive(Debug, Default)]
pub(super) struct Scrub {
    stage: Stage,
    /// Told when both files are wiped.
    replies: Vec<Reply>,
    /// Set when something was erased after the wiping had begun: it begins again.
    again: bool,
    /// Told when that is done.
    late: Vec<Reply>,
}

pub(super) type Reply = oneshot::Sender<Result<bool, StoreError>>;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    /// The file that is not written is to be wiped and gone on in.
    First,
    /// The file that was written until then is to be wiped, once its steps are taken in.
    Second,
}

impl Scrub {
    pub(super) fn is_wanted(&self) -> bool {
        self.stage != Stage::Nothing
    }

    fn want(&mut self, reply: Option<Reply>) {
        match self.stage {
            Stage::Nothing | Stage::First => {
                self.stage = Stage::First;
                self.replies.extend(reply);
            }
            Stage::Second => {
                self.again = true;
                self.late.extend(reply);
            }
        }
    }
}

impl Intake {
    /// Marks the session as erased, durably, and lets its rows follow. `settled` says why it may not be in the tables
    /// although it is in the log.
    pub(super) fn begin_erasure(
        &mut self,
        session: SessionId,
        reply: Reply,
        settled: Result<(), StoreError>,
    ) {
        let marked = self.broken.check();
        let marked = marked.and_then(|()| self.mark(session).map_err(|e| self.place.fault(&e)));
        match self.broken.watch(marked) {
            Ok(Some(head)) => self.erasing.push_back(Erasure { session, head, reply: Some(reply) }),
            Ok(None) => {
                self.front.revive(session);
                drop(reply.send(settled.map(|()| false)));
            }
            Err(error) => {
                self.front.revive(session);
                drop(reply.send(Err(error)));
            }
        }
    }

    fn mark(&mut self, session: SessionId) -> rusqlite::Result<Option<Head>> {
        let Some(known) = heads::find(&self.conn, session)?.filter(|head| !head.erased) else {
            return Ok(None);
        };
        self.wait_for_disk(true)?;
        let head = Head { erased: true, open: false, ..known.clone() };
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        heads::Writer::new(&tx).put(session, Some(&known), &head)?;
        tx.execute("DELETE FROM snapshot WHERE session = ?1", [id_bytes(session)])?;
        mark_scrub(&tx, true)?;
        tx.commit()?;
        Ok(Some(head))
    }

    /// Removes a slice of the first session that is being erased.
    pub(super) fn erase_some(&mut self) {
        let Some(mut erasure) = self.erasing.pop_front() else {
            return;
        };
        match self.broken.check().and_then(|()| self.remove(&erasure)) {
            Ok(pos) if pos > 0 => {
                erasure.head.pos = pos;
                self.erasing.push_back(erasure);
            }
            Ok(_) => self.removed.push(erasure.reply),
            Err(error) => answer(erasure.reply, Err(error)),
        }
        let all = self.erasing.is_empty() && !self.removed.is_empty();
        if all || self.removed.len() >= REMOVED_MAX {
            self.end_erasures();
        }
    }

    /// Nothing waits for the disk here: what is lost of this with the machine's power is done again.
    fn remove(&mut self, erasure: &Erasure) -> Result<i64, StoreError> {
        let removed = match self.wait_for_disk(false) {
            Ok(()) => remove_slice(&mut self.conn, erasure.session, &erasure.head),
            Err(e) => Err(e),
        };
        self.broken.watch(removed.map_err(|e| self.place.fault(&e)))
    }

    /// The database's write-ahead log still holds copies of the removed rows. It starts over now, or, when somebody
    /// reads old pages for longer than this waits, with a later checkpoint.
    fn end_erasures(&mut self) {
        let truncate = |conn: &Connection| {
            conn.busy_timeout(TRUNCATE_WAIT)?;
            let truncated = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            conn.busy_timeout(BUSY_WAIT)?;
            truncated
        };
        let durable = self.make_durable();
        let truncated = durable.and_then(|()| truncate(&self.conn).map_err(|e| self.place.fault(&e)));
        match self.broken.watch(truncated) {
            Ok(()) => std::mem::take(&mut self.removed).into_iter().for_each(|reply| self.scrub.want(reply)),
            Err(error) => {
                self.removed.drain(..).for_each(|reply| answer(reply, Err(error.clone())));
            }
        }
    }

    /// Tells those who wait for the log to be wiped why it cannot be while its steps are not taken in. Erasures under
    /// way may make room. The wiping itself waits.
    pub(super) fn put_off_scrub(&mut self, error: &StoreError) {
        if self.erasing.is_empty() {
            for reply in self.scrub.replies.drain(..).chain(self.scrub.late.drain(..)) {
                let _ = reply.send(Err(error.clone()));
            }
        }
    }

    /// Goes on with wiping the commit log. To be called when all that was found is taken in.
    pub(super) fn scrub_some(&mut self) {
        if !self.scrub.is_wanted() {
            return;
        }
        let wiped = self.broken.check().and_then(|()| self.front.wipe(self.scrub.stage == Stage::First));
        match self.broken.watch(wiped) {
            // The steps of the sealed file are taken in first, with what is found next.
            Ok(false) => {}
            Ok(true) if self.scrub.stage == Stage::First => self.scrub.stage = Stage::Second,
            Ok(true) => {
                let scrubbed = self.end_scrub();
                self.tell(scrubbed);
            }
            Err(error) => self.tell(Err(error)),
        }
    }

    fn end_scrub(&mut self) -> Result<(), StoreError> {
        let done = self.erasing.is_empty() && !self.scrub.again;
        if !done {
            return Ok(());
        }
        let cleared = self.wait_for_disk(true).and_then(|()| mark_scrub(&self.conn, false));
        self.broken.watch(cleared.map_err(|e| self.place.fault(&e)))
    }

    fn tell(&mut self, outcome: Result<(), StoreError>) {
        for reply in std::mem::take(&mut self.scrub.replies) {
            let _ = reply.send(outcome.clone().map(|()| true));
        }
        self.scrub.replies = std::mem::take(&mut self.scrub.late);
        let again = std::mem::take(&mut self.scrub.again);
        self.scrub.stage = if again { Stage::First } else { Stage::Nothing };
    }
}

/// Says whether the commit log may hold what was erased.
pub(super) fn mark_scrub(conn: &Connection, wanted: bool) -> rusqlite::Result<()> {
    conn.execute("UPDATE meta SET value = ?1 WHERE name = 'scrub'", [wanted])?;
    Ok(())
}

/// Removes entries from the end backwards; SQLite overwrites them with zeros. Returns the row to go on from, 0 at the
/// end.
fn remove_slice(conn: &mut Connection, session: SessionId, head: &Head) -> rusqlite::Result<i64> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut pos = head.pos;
    let (mut entries, mut bytes) = (0, 0);
    while pos > 0 && entries < SLICE_ENTRIES_MAX && bytes < SLICE_BYTES_MAX {
        let (prev, removed) = remove_entry(&tx, pos, session)?;
        bytes = bytes.saturating_add(removed);
        entries += 1;
        pos = prev;
    }
    heads::Writer::new(&tx).put(session, Some(head), &Head { pos, ..head.clone() })?;
    tx.commit()?;
    Ok(pos)
}

/// Removes the entry of a session from a row, with what it alone held. Returns the row of the one before, and bytes
/// written.
fn remove_entry(tx: &Transaction<'_>, pos: i64, session: SessionId) -> rusqlite::Result<(i64, usize)> {
    let row: Option<Vec<u8>> = tx
        .prepare_cached("SELECT body FROM log WHERE pos = ?1")?
        .query_row([pos], |row| row.get(0))
        .optional()?;
    let Some(row) = row else { return Ok((0, 0)) };
    let cut = rows::cut(&row, session).map_err(|_| corrupt("a row of the log cannot be read"))?;
    let Some((entry, rest)) = cut else { return Ok((0, 0)) };
    if rest.is_empty() {
        tx.prepare_cached("DELETE FROM log WHERE pos = ?1")?.execute([pos])?;
    } else {
        tx.prepare_cached("UPDATE log SET body = ?2 WHERE pos = ?1")?.execute(params![pos, rest])?;
    }
    let released = blobs::release(tx, session, entry.held)?;
    Ok((entry.prev, row.len().saturating_add(released)))
}

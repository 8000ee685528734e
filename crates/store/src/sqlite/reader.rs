//! Reading: a connection of its own that writes nothing, so that readers and the writer never wait for each other.

use super::blobs;
use super::file::{BUSY_WAIT, Place};
use super::front::End;
use super::heads::{self, Head, id_bytes};
use super::rows::{self, Entry};
use super::{Options, Store, front, keys, lines};
use crate::append::Snapshot;
use crate::commitlog::Tail;
use crate::error::{OpenError, StoreError};
use crate::frame;
use crate::journal::{Filter, Journal, Listed, PostedLine};
use crate::key::Key;
use abide_model::Hash;
use abide_model::id::SessionId;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Lines read in one go; writers are not held up in between.
pub(super) const LINES_PAGE: usize = 1_000;

/// How often a reader beside a server looks whether it has taken in what is in its log.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Reads a folder's store, also while a server works on it. Blocks; for commands, and for the reading threads.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    place: Place,
    /// The server's log, when it is not of this process: what stands there may not be in the tables yet.
    log: Option<Tail>,
}

impl Reader {
    /// Opens what is there.
    ///
    /// # Errors
    /// When there is nothing, it is not ours, or it cannot be read.
    pub fn open(dir: &Path) -> Result<Reader, OpenError> {
        let place = Place::of(dir);
        Ok(Reader { conn: place.open_reader()?, place, log: Some(Tail::of(dir)) })
    }

    /// For a process that takes its own log in before it asks.
    pub(super) fn beside(place: &Place) -> Result<Reader, OpenError> {
        Ok(Reader { conn: place.open_reader()?, place: place.clone(), log: None })
    }

    /// Waits until the tables say all that a server has answered. What a killed one left is taken in here.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        let Some(log) = &mut self.log else { return Ok(()) };
        let dir = self.place.folder();
        let mark = |name| heads::mark(&self.conn, name).map_err(|e| self.place.fault(&e));
        let salt = mark("salt")?.cast_unsigned();
        let last = log.last(salt).map_err(|e| front::failure(dir, &e))?;
        let until = Instant::now() + BUSY_WAIT;
        loop {
            if mark("step")?.cast_unsigned() >= last {
                return Ok(());
            }
            match Store::open_within(Duration::ZERO, dir, Options::default()) {
                Ok(opened) => opened.store.close(),
                Err(OpenError::InUse { .. }) if Instant::now() < until => thread::sleep(LOOK_EVERY),
                Err(OpenError::InUse { .. }) => {
                    let why = "the server that works on it does not take in its log";
                    return Err(self.place.behind(why.to_owned()));
                }
                Err(refused) => return Err(self.place.behind(refused.to_string())),
            }
        }
    }

    /// The end of a session, as the tables have it.
    pub(super) fn end(&mut self, session: SessionId) -> Result<Option<End>, StoreError> {
        let head = heads::find(&self.conn, session).map_err(|e| self.place.fault(&e))?;
        Ok(head.map(|head| End { seq: head.seq, erased: head.erased, number: 0 }))
    }

    /// A session from its snapshot on; `None` when it is not there or was erased.
    ///
    /// # Errors
    /// When the disk fails or what is stored does not hang together.
    pub fn read(&mut self, session: SessionId) -> Result<Option<Journal>, StoreError> {
        let Some((view, head)) = self.view(session)? else { return Ok(None) };
        let snapshot = view.ask(|tx| snapshot(tx, session))?;
        let from = snapshot.as_ref().map_or(1, |snapshot| snapshot.seq + 1);
        let records = view.records(session, &head, from)?;
        Ok(Some(Journal {
            owner: head.owner.to_string(),
            named: head.named,
            head: head.seq,
            open: head.open,
            created_ms: head.created_ms,
            changed_ms: head.changed_ms,
            snapshot,
            records,
        }))
    }

    /// Record `seq` and all after it; `None` when the session is not there or was erased.
    ///
    /// # Errors
    /// When the disk fails or what is stored does not hang together.
    pub fn read_from(&mut self, session: SessionId, seq: u64) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let Some((view, head)) = self.view(session)? else { return Ok(None) };
        view.records(session, &head, seq).map(Some)
    }

    /// The bodies of hashes, in their order; `None` for one that is not there.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn blobs(&mut self, hashes: &[Hash]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.catch_up()?;
        blobs::read(&self.conn, hashes).map_err(|e| self.place.fault(&e))
    }

    /// Sessions, newest first: by their ids, which begin with the time they were made.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sessions(&mut self, filter: &Filter, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let view = self.open_view()?;
        let found = view.ask(|tx| listed(tx, filter, limit))?;
        Ok(found.into_iter().map(|(session, head)| list(session, head)).collect())
    }

    /// Sessions in which a run was at work when the last record was kept.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn unfinished(&mut self) -> Result<Vec<SessionId>, StoreError> {
        let view = self.open_view()?;
        view.ask(|tx| {
            let mut statement = tx.prepare_cached("SELECT id FROM open ORDER BY id")?;
            let found = statement.query_map([], |row| row.get(0).map(heads::id_from))?;
            found.collect()
        })
    }

    /// Lines with `from_ms <= at < until_ms` after line `after`, in the order they were posted; at most `limit`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn lines_page(
        &mut self,
        (from_ms, until_ms): (i64, i64),
        after: u64,
        limit: usize,
    ) -> Result<Vec<PostedLine>, StoreError> {
        self.catch_up()?;
        let mut read = || {
            let tx = self.conn.transaction()?;
            lines::page(&tx, (from_ms, until_ms), after.cast_signed(), limit)
        };
        let found: rusqlite::Result<_> = read();
        found.map_err(|e| self.place.fault(&e))
    }

    /// Every line with `from_ms <= at < until_ms`, in the order they were posted, until `each` breaks off.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn lines(
        &mut self,
        (from_ms, until_ms): (i64, i64),
        mut each: impl FnMut(PostedLine) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let page = self.lines_page((from_ms, until_ms), after, LINES_PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.n;
            if page.into_iter().try_for_each(&mut each).is_break() {
                return Ok(());
            }
        }
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keys(&mut self) -> Result<Vec<Key>, StoreError> {
        keys::list(&self.conn).map_err(|e| self.place.fault(&e))
    }

    /// The key whose secret has this hash, revoked or not.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn key(&mut self, hash: Hash) -> Result<Option<Key>, StoreError> {
        keys::find(&self.conn, hash).map_err(|e| self.place.fault(&e))
    }

    /// A number that grows with every change of keys, whichever process makes it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keys_version(&mut self) -> Result<u64, StoreError> {
        keys::version(&self.conn).map_err(|e| self.place.fault(&e))
    }

    /// One state of the file.
    fn open_view(&mut self) -> Result<View<'_>, StoreError> {
        self.catch_up()?;
        let place = &self.place;
        let tx = self.conn.transaction().map_err(|e| place.fault(&e))?;
        Ok(View { tx, place })
    }

    /// The same for one session, with its head; `None` when it is not there or was erased.
    fn view(&mut self, session: SessionId) -> Result<Option<(View<'_>, Head)>, StoreError> {
        let view = self.open_view()?;
        let head = view.ask(|tx| heads::find(tx, session))?;
        Ok(head.filter(|head| !head.erased).map(|head| (view, head)))
    }
}

/// Records of a session that stand together.
struct Found {
    /// The place of the first.
    seq: u64,
    /// The row of those before them, 0 when there are none.
    prev: i64,
    records: Vec<Vec<u8>>,
}

/// `None` inside when its records cannot be read.
fn read_entry(entry: Option<Entry<'_>>) -> Option<Option<Found>> {
    entry.map(|Entry { seq, prev, body, .. }| Some(Found { seq, prev, records: frame::split(body)? }))
}

struct View<'a> {
    tx: Transaction<'a>,
    place: &'a Place,
}

impl View<'_> {
    fn ask<T>(
        &self,
        question: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        question(&self.tx).map_err(|e| self.place.fault(&e))
    }

    /// The records from `from` on, oldest first.
    fn records(&self, session: SessionId, head: &Head, from: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut entries: Vec<Found> = Vec::new();
        let (mut pos, mut next) = (head.pos, head.seq + 1);
        while pos > 0 && next > from {
            // One state of the file: an erasure that begins meanwhile is not seen.
            let entry = self.entry(pos, session)?.ok_or_else(|| self.torn(pos, "is missing"))?;
            if entry.seq + entry.records.len() as u64 != next {
                return Err(self.torn(pos, "does not end where the next begins"));
            }
            (pos, next) = (entry.prev, entry.seq);
            entries.push(entry);
        }
        if next > from.max(1) {
            return Err(self.place.torn(format!("the journal of a session begins at record {next}")));
        }
        // The oldest entry may begin before.
        let early = usize::try_from(from.saturating_sub(next)).unwrap_or(usize::MAX);
        Ok(entries.into_iter().rev().flat_map(|entry| entry.records).skip(early).collect())
    }

    /// One entry of a session.
    fn entry(&self, pos: i64, session: SessionId) -> Result<Option<Found>, StoreError> {
        let found = self.ask(|tx| {
            tx.prepare_cached("SELECT body FROM log WHERE pos = ?1")?
                .query_row([pos], |row| Ok(rows::find(row.get_ref(0)?.as_blob()?, session).map(read_entry)))
                .optional()
        })?;
        match found {
            Some(Ok(Some(found))) => found.map(Some).ok_or_else(|| self.torn(pos, "cannot be read")),
            Some(Err(rows::Torn)) => Err(self.torn(pos, "cannot be read")),
            Some(Ok(None)) | None => Ok(None),
        }
    }

    fn torn(&self, pos: i64, how: &str) -> StoreError {
        self.place.torn(format!("row {pos} of the log {how}"))
    }
}

fn snapshot(tx: &Transaction<'_>, session: SessionId) -> rusqlite::Result<Option<Snapshot>> {
    tx.prepare_cached("SELECT seq, body FROM snapshot WHERE session = ?1")?
        .query_row([id_bytes(session)], |row| {
            Ok(Snapshot { seq: row.get::<_, i64>(0)?.cast_unsigned(), body: row.get(1)? })
        })
        .optional()
}

fn listed(tx: &Transaction<'_>, filter: &Filter, limit: usize) -> rusqlite::Result<Vec<(SessionId, Head)>> {
    let before = filter.before.map_or([u8::MAX; 16], id_bytes);
    let owned = |head: &Head| filter.owner.as_ref().is_none_or(|owner| **owner == *head.owner);
    let wanted = |head: &Head| owned(head) && !head.erased && (head.named || filter.unnamed);
    let collect = |sql, params: &[&dyn rusqlite::ToSql]| {
        let mut statement = tx.prepare_cached(sql)?;
        let found = statement.query_map(params, heads::read_row)?;
        found.filter(|found| found.as_ref().map_or(true, |(_, head)| wanted(head))).take(limit).collect()
    };
    match &filter.owner {
        Some(owner) if !filter.unnamed => collect(
            "SELECT id, state FROM named JOIN session USING (id) WHERE named.owner = ?1 AND id < ?2
             ORDER BY id DESC",
            params![owner, before],
        ),
        Some(_) | None => {
            collect("SELECT id, state FROM session WHERE id < ?1 ORDER BY id DESC", params![before])
        }
    }
}

fn list(session: SessionId, head: Head) -> Listed {
    Listed {
        session,
        owner: head.owner.to_string(),
        named: head.named,
        head: head.seq,
        open: head.open,
        created_ms: head.created_ms,
        changed_ms: head.changed_ms,
    }
}

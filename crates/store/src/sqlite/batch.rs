//! One transaction of appends. An append that does not fit is answered without touching its neighbours; only the
//! disk can fail them all.

use super::blobs;
use super::file::Place;
use super::heads::{self, Head, Slice, Unwritten, first_bytes, id_bytes};
use super::lines::{self, Hours};
use crate::append::{Append, NewSession};
use crate::error::StoreError;
use crate::frame;
use abide_model::id::SessionId;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the file ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// The last row of `log`.
    pub(super) pos: i64,
    /// The last row of `line`.
    pub(super) line: i64,
}

/// What a transaction changes, until it is committed.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) ends: Ends,
    /// Heads it moved, and the first row that moved each.
    pub(super) heads: BTreeMap<SessionId, (Head, i64)>,
    pub(super) hours: Hours,
}

impl Draft {
    pub(super) fn new(ends: Ends) -> Draft {
        Draft { ends, heads: BTreeMap::new(), hours: Hours::default() }
    }

    /// Writes one append, or says why it does not fit. `known` is its session's head where that is not written
    /// back yet. An error of SQLite ends the whole transaction.
    pub(super) fn write(
        &mut self,
        conn: &Connection,
        known: Option<Head>,
        append: &Append,
    ) -> rusqlite::Result<Result<u64, StoreError>> {
        let before = match self.heads.get(&append.session).map(|(head, _)| head.clone()).or(known) {
            Some(head) => Some(head),
            None => heads::find(conn, append.session)?,
        };
        if let Some(refusal) = refusal(append, before.as_ref()) {
            return Ok(Err(refusal));
        }
        let pos = self.ends.pos + 1;
        let head = next_head(append, before.as_ref(), pos);
        let held = blobs::put(conn, append.session, &append.blobs)?;
        write_row(conn, append, &held, (before.map_or(0, |head| head.pos), pos))?;
        self.write_rest(conn, append)?;
        self.ends.pos = pos;
        let seq = head.seq;
        self.heads.entry(append.session).and_modify(|known| known.0 = head.clone()).or_insert((head, pos));
        Ok(Ok(seq))
    }

    fn write_rest(&mut self, conn: &Connection, append: &Append) -> rusqlite::Result<()> {
        for line in &append.lines {
            self.ends.line += 1;
            lines::post(conn, self.ends.line, append.session, line)?;
            self.hours.add(self.ends.line, line.at_ms);
        }
        if let Some(snapshot) = &append.snapshot {
            conn.prepare_cached(
                "INSERT INTO snapshot (session, seq, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (session) DO UPDATE SET seq = ?2, body = ?3",
            )?
            .execute(params![
                id_bytes(append.session),
                snapshot.seq.cast_signed(),
                snapshot.body
            ])?;
        }
        Ok(())
    }

    /// Takes committed heads over, in the order their rows stand in the log.
    pub(super) fn publish(self, unwritten: &mut Unwritten) {
        let mut moved: Vec<_> = self.heads.into_iter().collect();
        moved.sort_unstable_by_key(|(_, (_, first))| *first);
        for (session, (head, first)) in moved {
            unwritten.put(session, head, first);
        }
    }
}

fn refusal(append: &Append, before: Option<&Head>) -> Option<StoreError> {
    let (session, expected) = (append.session, append.expect);
    match before {
        Some(head) if head.erased => Some(StoreError::Erased { session }),
        Some(head) if head.seq != expected => {
            Some(StoreError::Conflict { session, expected, head: head.seq })
        }
        None if expected != 0 => Some(StoreError::Conflict { session, expected, head: 0 }),
        Some(_) | None => None,
    }
}

fn next_head(append: &Append, before: Option<&Head>, pos: i64) -> Head {
    let seq = append.expect + append.records.len() as u64;
    let (open, changed_ms) = (append.open, append.at_ms);
    match (before, &append.first) {
        (Some(head), _) => Head { pos, seq, open, changed_ms, ..head.clone() },
        (None, first) => {
            let (owner, named) =
                first.as_ref().map_or(("", false), |NewSession { owner, named }| (owner, *named));
            let owner = Arc::from(owner);
            Head { pos, seq, open, owner, named, created_ms: append.at_ms, changed_ms, erased: false }
        }
    }
}

fn write_row(
    conn: &Connection,
    append: &Append,
    held: &[u8],
    (prev, pos): (i64, i64),
) -> rusqlite::Result<()> {
    let first = append.first.as_ref().map(|first| first_bytes(&first.owner, first.named));
    conn.prepare_cached(
        "INSERT INTO log (pos, session, seq, n, prev, open, at, first, held, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        pos,
        id_bytes(append.session),
        (append.expect + 1).cast_signed(),
        append.records.len() as i64,
        prev,
        append.open,
        append.at_ms,
        first,
        (!held.is_empty()).then_some(held),
        frame::join(&append.records),
    ])?;
    Ok(())
}

/// What is found when a file is opened: the heads and hours that were not written back.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) ends: Ends,
    pub(super) unwritten: Unwritten,
    pub(super) hours: Hours,
    pub(super) rows: u64,
}

/// Reads the ends of the log and of the lines. To be called inside a transaction.
pub(super) fn find_ends(conn: &Connection, place: &Place) -> Result<Found, crate::error::OpenError> {
    let refuse = |e: rusqlite::Error| place.refusal(&e);
    let tail = heads::tail(conn).map_err(refuse)?;
    if let Some(reason) = tail.torn {
        return Err(place.damaged(reason));
    }
    let mut unwritten = Unwritten::default();
    Draft { ends: Ends::default(), heads: tail.heads, hours: Hours::default() }.publish(&mut unwritten);
    let pos = conn
        .query_row(
            "SELECT max(coalesce((SELECT max(pos) FROM log), 0), value) FROM meta WHERE name = 'log'",
            [],
            |r| r.get(0),
        )
        .map_err(refuse)?;
    let line = lines::last(conn).map_err(refuse)?;
    let hours = Hours::tail(conn).map_err(refuse)?;
    Ok(Found { ends: Ends { pos, line }, unwritten, hours, rows: tail.rows })
}

/// What is written back beside appends.
#[derive(Debug, Default)]
pub(super) struct WriteBack {
    pub(super) slice: Slice,
    pub(super) hours: Option<(Hours, i64)>,
}

impl WriteBack {
    pub(super) fn is_empty(&self) -> bool {
        self.slice.is_empty() && self.hours.is_none()
    }

    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        if !self.slice.is_empty() {
            self.slice.write(conn)?;
        }
        if let Some((hours, end)) = &self.hours {
            hours.write(conn, *end)?;
        }
        Ok(())
    }
}

//! One transaction of steps: what it writes, and what holds when it is committed.

use super::blobs;
use super::file::corrupt;
use super::heads::{self, Head, id_bytes};
use super::lines::{self, Hours};
use super::rows::{self, ROW_BYTES_MAX};
use crate::commitlog::Step;
use abide_model::id::SessionId;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Where the tables end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// The last row of `log`.
    pub(super) pos: i64,
    /// The number of the last ledger line.
    pub(super) line: i64,
}

impl Ends {
    pub(super) fn find(conn: &Connection) -> rusqlite::Result<Ends> {
        Ok(Ends {
            pos: conn.query_row("SELECT coalesce(max(pos), 0) FROM log", [], |row| row.get(0))?,
            line: lines::last(conn)?,
        })
    }
}

/// What a transaction has written and not yet committed.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// As committed.
    ends: Ends,
    /// With what this transaction adds.
    next: Ends,
    /// Sessions it moved: each gets one entry, and its head is written once, however many steps moved it.
    moved: BTreeMap<SessionId, Moved>,
    lines: lines::Writer,
    hours: Hours,
}

/// Where a session stands, and the entry of `log` that it gets.
#[derive(Debug)]
struct Moved {
    /// Where it stood; `None` when it is new.
    before: Option<Head>,
    head: Head,
    /// Its first record.
    seq: u64,
    held: Vec<u8>,
    body: Vec<u8>,
}

impl Draft {
    pub(super) fn new(ends: Ends) -> Draft {
        Draft { ends, next: ends, ..Draft::default() }
    }

    /// Writes steps, which follow: that was decided when they were kept. Of a session that was erased since, only the
    /// ledger lines stay. `None` is one that cannot be read.
    pub(super) fn write<'a>(
        &mut self,
        conn: &Connection,
        steps: impl IntoIterator<Item = Option<Step<'a>>>,
    ) -> rusqlite::Result<()> {
        for step in steps {
            let step = step.ok_or_else(|| corrupt("a step that was kept cannot be read"))?;
            for (at_ms, body) in step.lines() {
                self.next.line += 1;
                self.lines.post(conn, self.next.line, step.session, (at_ms, body))?;
                self.hours.add(self.next.line, at_ms);
            }
            self.move_on(conn, &step)?;
        }
        Ok(())
    }

    fn move_on(&mut self, conn: &Connection, step: &Step<'_>) -> rusqlite::Result<()> {
        let moved = match self.moved.entry(step.session) {
            Entry::Occupied(moved) => moved.into_mut(),
            Entry::Vacant(place) => {
                let before = match step.first {
                    Some(_) => None,
                    None => heads::find(conn, step.session)?,
                };
                if before.as_ref().is_some_and(|head| head.erased) {
                    return Ok(());
                }
                place.insert(Moved::new(step, before))
            }
        };
        moved.add(step);
        blobs::put(conn, step, &mut moved.held)?;
        if let Some((seq, body)) = step.snapshot {
            conn.prepare_cached(
                "INSERT INTO snapshot (session, seq, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (session) DO UPDATE SET seq = ?2, body = ?3",
            )?
            .execute(params![id_bytes(step.session), seq.cast_signed(), body])?;
        }
        Ok(())
    }

    /// Writes what is written once for all steps; `number` is that of the last. Pauses after so many sessions.
    pub(super) fn end(
        &mut self,
        conn: &Connection,
        number: u64,
        (sessions, pause): (usize, impl Fn()),
    ) -> rusqlite::Result<()> {
        let mut heads = heads::Writer::new(conn);
        let mut row = Vec::with_capacity(ROW_BYTES_MAX);
        for (n, (session, moved)) in self.moved.iter_mut().enumerate() {
            let entry = moved.entry(*session);
            if !entry.fits(&row) {
                self.next.pos = write_row(conn, self.next.pos, &mut row)?;
            }
            entry.put(&mut row);
            moved.head.pos = self.next.pos + 1;
            heads.put(*session, moved.before.as_ref(), &moved.head)?;
            if n % sessions == sessions - 1 {
                pause();
            }
        }
        heads.end()?;
        self.next.pos = write_row(conn, self.next.pos, &mut row)?;
        self.lines.end(conn)?;
        self.hours.write(conn)?;
        mark(conn, number)
    }

    pub(super) fn committed(&mut self) {
        self.ends = self.next;
        self.moved.clear();
        self.hours = Hours::default();
    }

    pub(super) fn undo(&mut self) {
        self.next = self.ends;
        self.moved.clear();
        self.lines.undo();
        self.hours = Hours::default();
    }
}

/// Writes a row of entries behind row `last`, and empties it; returns what is the last one then.
fn write_row(conn: &Connection, last: i64, row: &mut Vec<u8>) -> rusqlite::Result<i64> {
    if row.is_empty() {
        return Ok(last);
    }
    conn.prepare_cached("INSERT INTO log (pos, body) VALUES (?1, ?2)")?.execute(params![last + 1, *row])?;
    row.clear();
    Ok(last + 1)
}

/// Says under which salt the log goes on.
pub(super) fn mark_salt(conn: &Connection, salt: u64) -> rusqlite::Result<()> {
    conn.execute("UPDATE meta SET value = ?1 WHERE name = 'salt'", [salt.cast_signed()])?;
    Ok(())
}

/// Changes something, so that the commit has something to wait for the disk with: SQLite makes none of a transaction
/// that writes what is there already.
pub(super) fn touch(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("UPDATE meta SET value = value + 1 WHERE name = 'durable'", [])?;
    Ok(())
}

/// Says how far the log is taken in.
fn mark(conn: &Connection, number: u64) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'step'")?.execute([number.cast_signed()])?;
    Ok(())
}

impl Moved {
    fn new(step: &Step<'_>, before: Option<Head>) -> Moved {
        let head = before.clone().unwrap_or_else(|| first_head(step));
        Moved { before, head, seq: step.expect + 1, held: Vec::new(), body: Vec::new() }
    }

    fn entry(&self, session: SessionId) -> rows::Entry<'_> {
        let prev = self.before.as_ref().map_or(0, |head| head.pos);
        rows::Entry { session, seq: self.seq, prev, held: &self.held, body: &self.body }
    }

    fn add(&mut self, step: &Step<'_>) {
        self.head.seq = step.expect + step.records;
        self.head.open = step.open;
        self.head.changed_ms = step.at_ms;
        self.body.extend_from_slice(step.joined);
    }
}

fn first_head(step: &Step<'_>) -> Head {
    let (owner, named) = step.first.unwrap_or_default();
    Head {
        pos: 0,
        seq: 0,
        open: step.open,
        owner: Arc::from(owner),
        named,
        created_ms: step.at_ms,
        changed_ms: step.at_ms,
        erased: false,
    }
}

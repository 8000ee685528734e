//! One transaction of steps: what it writes, and what holds when it is committed.

use super::blobs;
use super::heads::{self, Head, id_bytes};
use super::lines::{self, Hours};
use crate::append::Append;
use crate::frame;
use abide_model::id::SessionId;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the tables end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// The last row of `log`.
    pub(super) pos: i64,
    /// The last row of `line`.
    pub(super) line: i64,
}

impl Ends {
    pub(super) fn find(conn: &Connection) -> rusqlite::Result<Ends> {
        let last = |sql| conn.query_row(sql, [], |row| row.get(0));
        Ok(Ends {
            pos: last("SELECT coalesce(max(pos), 0) FROM log")?,
            line: last("SELECT coalesce(max(n), 0) FROM line")?,
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
    /// Heads it moved: written once, however many steps moved them.
    heads: BTreeMap<SessionId, Head>,
    hours: Hours,
}

impl Draft {
    pub(super) fn new(ends: Ends) -> Draft {
        Draft { ends, next: ends, ..Draft::default() }
    }

    /// Writes one step, which follows: that was decided when it was kept. Of a session that was erased since, only
    /// the ledger lines stay.
    pub(super) fn write(&mut self, conn: &Connection, append: &Append) -> rusqlite::Result<()> {
        self.post(conn, append)?;
        let before = match self.heads.get(&append.session) {
            Some(head) => Some(head.clone()),
            None if append.first.is_some() => None,
            None => heads::find(conn, append.session)?,
        };
        if before.as_ref().is_some_and(|head| head.erased) {
            return Ok(());
        }
        self.next.pos += 1;
        let pos = self.next.pos;
        let held = blobs::put(conn, append.session, &append.blobs)?;
        write_row(conn, append, &held, (before.as_ref().map_or(0, |head| head.pos), pos))?;
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
        self.heads.insert(append.session, next_head(append, before, pos));
        Ok(())
    }

    fn post(&mut self, conn: &Connection, append: &Append) -> rusqlite::Result<()> {
        for line in &append.lines {
            self.next.line += 1;
            lines::post(conn, self.next.line, append.session, line)?;
            self.hours.add(self.next.line, line.at_ms);
        }
        Ok(())
    }

    /// Writes what is written once for all steps; `number` is that of the last. Pauses after so many rows.
    pub(super) fn end(
        &mut self,
        conn: &Connection,
        number: u64,
        (rows, pause): (usize, impl Fn()),
    ) -> rusqlite::Result<()> {
        for (n, (session, head)) in self.heads.iter().enumerate() {
            heads::write(conn, *session, head)?;
            if n % rows == rows - 1 {
                pause();
            }
        }
        self.hours.write(conn)?;
        mark(conn, number)
    }

    pub(super) fn committed(&mut self) {
        self.ends = self.next;
        self.heads.clear();
        self.hours = Hours::default();
    }

    pub(super) fn undo(&mut self) {
        self.next = self.ends;
        self.heads.clear();
        self.hours = Hours::default();
    }
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

fn next_head(append: &Append, before: Option<Head>, pos: i64) -> Head {
    let seq = append.expect + append.records.len() as u64;
    let (open, changed_ms) = (append.open, append.at_ms);
    match before {
        Some(head) => Head { pos, seq, open, changed_ms, ..head },
        None => {
            let (owner, named) =
                append.first.as_ref().map_or(("", false), |first| (&first.owner, first.named));
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
    conn.prepare_cached(
        "INSERT INTO log (pos, session, seq, prev, at, held, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        pos,
        id_bytes(append.session),
        (append.expect + 1).cast_signed(),
        prev,
        append.at_ms,
        (!held.is_empty()).then_some(held),
        frame::join(&append.records),
    ])?;
    Ok(())
}

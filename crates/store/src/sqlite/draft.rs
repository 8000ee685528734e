//! One transaction of steps: what it writes, and what holds when it is committed.

use super::blobs;
use super::heads::{self, Head, id_bytes};
use super::lines::{self, Hours};
use crate::append::Append;
use crate::frame;
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
    /// Sessions it moved: each gets one row, and its head is written once, however many steps moved it.
    moved: BTreeMap<SessionId, Moved>,
    hours: Hours,
}

/// Where a session stands, and the row of `log` that it gets.
#[derive(Debug)]
struct Moved {
    head: Head,
    /// The row before; 0 when the session is new.
    prev: i64,
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
    /// ledger lines stay.
    pub(super) fn write<'a>(
        &mut self,
        conn: &Connection,
        steps: impl IntoIterator<Item = &'a Append>,
    ) -> rusqlite::Result<()> {
        let mut lines = lines::Writer::new(conn)?;
        for append in steps {
            for line in &append.lines {
                self.next.line += 1;
                lines.post(self.next.line, append.session, line)?;
                self.hours.add(self.next.line, line.at_ms);
            }
            self.move_on(conn, append)?;
        }
        Ok(())
    }

    fn move_on(&mut self, conn: &Connection, append: &Append) -> rusqlite::Result<()> {
        let moved = match self.moved.entry(append.session) {
            Entry::Occupied(moved) => moved.into_mut(),
            Entry::Vacant(place) => {
                let before = match append.first {
                    Some(_) => None,
                    None => heads::find(conn, append.session)?,
                };
                if before.as_ref().is_some_and(|head| head.erased) {
                    return Ok(());
                }
                self.next.pos += 1;
                place.insert(Moved::new(append, before, self.next.pos))
            }
        };
        moved.add(append);
        moved.held.extend(blobs::put(conn, append.session, &append.blobs)?);
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

    /// Writes what is written once for all steps; `number` is that of the last. Pauses after so many rows.
    pub(super) fn end(
        &mut self,
        conn: &Connection,
        number: u64,
        (rows, pause): (usize, impl Fn()),
    ) -> rusqlite::Result<()> {
        let pause_after = |n: usize| {
            if n % rows == rows - 1 {
                pause();
            }
        };
        let mut moved: Vec<(&SessionId, &Moved)> = self.moved.iter().collect();
        let mut heads = heads::Writer::new(conn)?;
        for (n, (session, moved)) in moved.iter().enumerate() {
            match moved.prev {
                0 => heads.insert(**session, &moved.head)?,
                _ => heads.update(**session, &moved.head)?,
            }
            pause_after(n);
        }
        // In the order of the table's key, so that its pages fill up.
        moved.sort_unstable_by_key(|(_, moved)| moved.head.pos);
        let mut rows = conn.prepare_cached(
            "INSERT INTO log (pos, session, seq, prev, held, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (n, (session, moved)) in moved.iter().enumerate() {
            rows.execute(params![
                moved.head.pos,
                id_bytes(**session),
                moved.seq.cast_signed(),
                moved.prev,
                (!moved.held.is_empty()).then_some(&moved.held),
                moved.body,
            ])?;
            pause_after(n);
        }
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

impl Moved {
    fn new(append: &Append, before: Option<Head>, pos: i64) -> Moved {
        let prev = before.as_ref().map_or(0, |head| head.pos);
        let head = before.map_or_else(|| first_head(append, pos), |head| Head { pos, ..head });
        Moved { head, prev, seq: append.expect + 1, held: Vec::new(), body: Vec::new() }
    }

    fn add(&mut self, append: &Append) {
        self.head.seq = append.expect + append.records.len() as u64;
        self.head.open = append.open;
        self.head.changed_ms = append.at_ms;
        frame::join(&append.records, &mut self.body);
    }
}

fn first_head(append: &Append, pos: i64) -> Head {
    let (owner, named) = append.first.as_ref().map_or(("", false), |first| (&first.owner, first.named));
    Head {
        pos,
        seq: 0,
        open: append.open,
        owner: Arc::from(owner),
        named,
        created_ms: append.at_ms,
        changed_ms: append.at_ms,
        erased: false,
    }
}

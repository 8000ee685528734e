//! Where each session's journal ends, for sessions whose row in `session` is behind the log.
//!
//! An append writes one row of `log` and nothing else; the rows of `session` follow later, many at once. What has
//! not followed yet is here, and is found again after a crash by reading the end of the log.

use abide_model::id::SessionId;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ends of journals, by session.
pub(super) type Heads = BTreeMap<SessionId, Head>;

/// The end of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Its last row in `log`; of an erased session, the last that is still to be removed.
    pub(super) pos: i64,
    /// Its last record.
    pub(super) seq: u64,
    pub(super) open: bool,
    pub(super) owner: Arc<str>,
    pub(super) named: bool,
    pub(super) created_ms: i64,
    pub(super) changed_ms: i64,
    pub(super) erased: bool,
}

/// Since when a session's row is behind.
#[derive(Debug)]
struct Since {
    session: SessionId,
    /// The first row of `log` that its row does not know of.
    pos: i64,
    at: Instant,
}

/// Heads not yet in `session`. Shared with readers, who look here first.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    heads: Heads,
    // Invariant: sorted by `pos`, and every session of `heads` stands here once.
    since: VecDeque<Since>,
}

/// Heads to write back in one transaction, and how far the log is covered afterwards.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub(super) heads: Vec<(SessionId, Head)>,
    pub(super) covered: i64,
    taken: usize,
}

impl Unwritten {
    pub(super) fn get(&self, session: SessionId) -> Option<&Head> {
        self.heads.get(&session)
    }

    /// Whether `session` knows all of the log.
    pub(super) fn is_covered(&self) -> bool {
        self.since.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(super) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Keeps a head that rows of the log from `pos` on have moved.
    pub(super) fn put(&mut self, session: SessionId, head: Head, pos: i64) {
        if self.heads.insert(session, head).is_none() {
            assert!(self.since.back().is_none_or(|last| last.pos < pos), "the log grows at its end");
            self.since.push_back(Since { session, pos, at: Instant::now() });
        }
    }

    /// Drops a head that `session` knows already. Its place in `since` stays, and stands for nothing.
    pub(super) fn drop_head(&mut self, session: SessionId) {
        self.heads.remove(&session);
    }

    /// The oldest heads: those behind for longer than `age`, and those above `count_max`; at most `slice_max`.
    /// `end` is the last row of the log.
    pub(super) fn slice(&self, age: Duration, count_max: usize, slice_max: usize, end: i64) -> Slice {
        let now = Instant::now();
        let oldest = self.since.iter().take(slice_max);
        let old = oldest.take_while(|since| now.duration_since(since.at) >= age).count();
        let above = self.since.len().saturating_sub(count_max);
        let taken = old.max(above.min(slice_max));
        let heads = self.since.iter().take(taken);
        let heads = heads.filter_map(|s| self.heads.get(&s.session).map(|head| (s.session, head.clone())));
        Slice {
            heads: heads.collect(),
            covered: self.since.get(taken).map_or(end, |next| next.pos - 1),
            taken,
        }
    }

    /// Forgets a slice that was committed.
    pub(super) fn written(&mut self, slice: &Slice) {
        for since in self.since.drain(..slice.taken) {
            self.heads.remove(&since.session);
        }
    }
}

impl Slice {
    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        for (session, head) in &self.heads {
            write(conn, *session, head)?;
        }
        conn.prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'log'")?.execute([self.covered])?;
        Ok(())
    }
}

/// How a session is named in the file.
pub(super) fn id_bytes(session: SessionId) -> [u8; 16] {
    session.0.to_be_bytes()
}

pub(super) fn id_from(bytes: [u8; 16]) -> SessionId {
    SessionId(u128::from_be_bytes(bytes))
}

/// The columns [`read_row`] reads.
pub(super) const COLUMNS: &str = "head, seq, open, owner, named, created, changed, erased, id";

pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<(SessionId, Head)> {
    let head = Head {
        pos: row.get(0)?,
        seq: row.get::<_, i64>(1)?.cast_unsigned(),
        open: row.get(2)?,
        owner: Arc::from(row.get_ref(3)?.as_str()?),
        named: row.get(4)?,
        created_ms: row.get(5)?,
        changed_ms: row.get(6)?,
        erased: row.get(7)?,
    };
    Ok((id_from(row.get(8)?), head))
}

/// The head as `session` knows it.
pub(super) fn find(conn: &Connection, session: SessionId) -> rusqlite::Result<Option<Head>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM session WHERE id = ?1"))?;
    Ok(statement.query_row([id_bytes(session)], read_row).optional()?.map(|(_, head)| head))
}

pub(super) fn write(conn: &Connection, session: SessionId, head: &Head) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO session (id, owner, named, head, seq, open, created, changed, erased)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET head = ?4, seq = ?5, open = ?6, changed = ?8, erased = ?9",
    )?
    .execute(params![
        id_bytes(session),
        &*head.owner,
        head.named,
        head.pos,
        head.seq.cast_signed(),
        head.open,
        head.created_ms,
        head.changed_ms,
        head.erased,
    ])?;
    Ok(())
}

/// What the log's first row of a session says of it, in one value.
pub(super) fn first_bytes(owner: &str, named: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + owner.len());
    bytes.push(u8::from(named));
    bytes.extend_from_slice(owner.as_bytes());
    bytes
}

fn first_from(bytes: &[u8]) -> Option<(Arc<str>, bool)> {
    let (named, owner) = bytes.split_first()?;
    Some((Arc::from(std::str::from_utf8(owner).ok()?), *named != 0))
}

/// A number of `meta`: how far `log` or `line` is covered, the version of the keys.
pub(super) fn mark(conn: &Connection, name: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0))
}

/// What the end of the log says that `session` does not.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) heads: BTreeMap<SessionId, (Head, i64)>,
    pub(super) rows: u64,
    /// Why it does not hang together.
    pub(super) torn: Option<String>,
}

/// Reads the log's end. To be called inside a transaction.
pub(super) fn tail(conn: &Connection) -> rusqlite::Result<Tail> {
    let covered = mark(conn, "log")?;
    let mut statement = conn.prepare_cached(
        "SELECT pos, session, seq, n, open, at, first FROM log WHERE pos > ?1 ORDER BY pos",
    )?;
    let mut rows = statement.query([covered])?;
    let mut tail = Tail::default();
    while let Some(row) = rows.next()? {
        tail.rows += 1;
        let pos: i64 = row.get(0)?;
        let session = id_from(row.get(1)?);
        let known = match tail.heads.remove(&session) {
            Some(known) => Some(known),
            None => find(conn, session)?.map(|head| (head, pos)),
        };
        match follow(known, row)? {
            // Rows of an erased session may still be there; its own row says how far the removal is.
            Some((head, _)) if head.erased => {}
            Some(next) => {
                tail.heads.insert(session, next);
            }
            None => tail.torn = Some(format!("row {pos} of the log does not continue `{session}`")),
        }
    }
    Ok(tail)
}

/// The head after one more row; `None` when the row does not follow.
fn follow(known: Option<(Head, i64)>, row: &Row<'_>) -> rusqlite::Result<Option<(Head, i64)>> {
    let pos: i64 = row.get(0)?;
    let seq = row.get::<_, i64>(2)?.cast_unsigned();
    let last = seq.saturating_add(row.get::<_, i64>(3)?.cast_unsigned()).saturating_sub(1);
    let at_ms: i64 = row.get(5)?;
    let open = row.get(4)?;
    let first = row.get_ref(6)?.as_blob_or_null()?.and_then(first_from);
    Ok(match (known, first) {
        // A session's row may already know rows that stand after the covered part of the log.
        (Some((head, since)), _) if last <= head.seq => Some((head, since)),
        (Some((head, since)), None) if seq == head.seq + 1 => {
            Some((Head { pos, seq: last, open, changed_ms: at_ms, ..head }, since))
        }
        (None, Some((owner, named))) if seq == 1 => {
            let head = Head {
                pos,
                seq: last,
                open,
                owner,
                named,
                created_ms: at_ms,
                changed_ms: at_ms,
                erased: false,
            };
            Some((head, pos))
        }
        (Some(_) | None, _) => None,
    })
}

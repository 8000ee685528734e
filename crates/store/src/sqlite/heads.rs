//! Where each session's journal ends: the rows of `session`, and of the tables by which some are found.

use super::file::corrupt;
use abide_model::id::SessionId;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::sync::Arc;

/// The end of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The row of `log` with its last entry; of an erased session, the last that is still to be removed.
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

/// How a session is named in the file.
pub(super) fn id_bytes(session: SessionId) -> [u8; 16] {
    session.0.to_be_bytes()
}

pub(super) fn id_from(bytes: [u8; 16]) -> SessionId {
    SessionId(u128::from_be_bytes(bytes))
}

const OPEN: u8 = 1;
const NAMED: u8 = 2;
const ERASED: u8 = 4;

impl Head {
    /// As it stands in the file: `flags u8 | pos | seq | created | changed`, 64 bits each and little-endian, and the
    /// owner behind them. One column costs the thread that takes steps in a fraction of what nine do.
    fn state(&self, bytes: &mut Vec<u8>) {
        let flags = [(self.open, OPEN), (self.named, NAMED), (self.erased, ERASED)];
        bytes.clear();
        bytes.push(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum());
        bytes.extend_from_slice(&self.pos.to_le_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.created_ms.to_le_bytes());
        bytes.extend_from_slice(&self.changed_ms.to_le_bytes());
        bytes.extend_from_slice(self.owner.as_bytes());
    }

    /// Reads it back; `None` when the bytes are not what [`Head::state`] makes.
    fn from_state(bytes: &[u8]) -> Option<Head> {
        let (flags, rest) = bytes.split_first()?;
        let (pos, rest) = rest.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (created, rest) = rest.split_first_chunk()?;
        let (changed, owner) = rest.split_first_chunk()?;
        Some(Head {
            pos: i64::from_le_bytes(*pos),
            seq: u64::from_le_bytes(*seq),
            open: flags & OPEN != 0,
            owner: Arc::from(std::str::from_utf8(owner).ok()?),
            named: flags & NAMED != 0,
            created_ms: i64::from_le_bytes(*created),
            changed_ms: i64::from_le_bytes(*changed),
            erased: flags & ERASED != 0,
        })
    }

    /// Whether it is among those with a name.
    fn is_listed(&self) -> bool {
        self.named && !self.erased
    }

    /// Whether it is erased, and not all of it removed.
    fn is_being_erased(&self) -> bool {
        self.erased && self.pos > 0
    }
}

/// Reads `id, state`.
pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<(SessionId, Head)> {
    let head = Head::from_state(row.get_ref(1)?.as_blob()?);
    let head = head.ok_or_else(|| corrupt("the end of a session cannot be read"))?;
    Ok((id_from(row.get(0)?), head))
}

/// The head as `session` knows it.
pub(super) fn find(conn: &Connection, session: SessionId) -> rusqlite::Result<Option<Head>> {
    let mut statement = conn.prepare_cached("SELECT id, state FROM session WHERE id = ?1")?;
    Ok(statement.query_row([id_bytes(session)], read_row).optional()?.map(|(_, head)| head))
}

/// Writes heads, many with one statement.
pub(super) struct Writer<'c> {
    conn: &'c Connection,
    insert: CachedStatement<'c>,
    state: Vec<u8>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection) -> rusqlite::Result<Writer<'c>> {
        let insert = conn.prepare_cached("INSERT INTO session (id, state) VALUES (?1, ?2)")?;
        Ok(Writer { conn, insert, state: Vec::new() })
    }

    /// Puts `head` in place of `before`, which is what stands there; `None` of a session that has none.
    pub(super) fn put(
        &mut self,
        session: SessionId,
        before: Option<&Head>,
        head: &Head,
    ) -> rusqlite::Result<()> {
        head.state(&mut self.state);
        let id = id_bytes(session);
        match before {
            None => self.insert.execute(params![id, self.state])?,
            Some(_) => self.run("UPDATE session SET state = ?2 WHERE id = ?1", params![id, self.state])?,
        };
        let changes = |of: fn(&Head) -> bool| (before.is_some_and(of), of(head));
        match changes(|head| head.open) {
            (false, true) => self.run("INSERT INTO open (id) VALUES (?1)", params![id])?,
            (true, false) => self.run("DELETE FROM open WHERE id = ?1", params![id])?,
            (false, false) | (true, true) => 0,
        };
        match changes(Head::is_listed) {
            (false, true) => {
                self.run("INSERT INTO named (owner, id) VALUES (?1, ?2)", params![&*head.owner, id])?
            }
            (true, false) => {
                self.run("DELETE FROM named WHERE owner = ?1 AND id = ?2", params![&*head.owner, id])?
            }
            (false, false) | (true, true) => 0,
        };
        match changes(Head::is_being_erased) {
            (false, true) => self.run("INSERT INTO erasing (id) VALUES (?1)", params![id])?,
            (true, false) => self.run("DELETE FROM erasing WHERE id = ?1", params![id])?,
            (false, false) | (true, true) => 0,
        };
        Ok(())
    }

    fn run(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }
}

/// A number of `meta`.
pub(super) fn mark(conn: &Connection, name: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?.query_row([name], |row| row.get(0))
}

/// No session has a greater id.
pub(super) fn newest(conn: &Connection) -> rusqlite::Result<SessionId> {
    let id: Option<[u8; 16]> = conn.query_row("SELECT max(id) FROM session", [], |row| row.get(0))?;
    Ok(id.map_or(SessionId(0), id_from))
}

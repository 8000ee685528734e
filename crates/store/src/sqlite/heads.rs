//! Where each session's journal ends: the rows of `session`.

use abide_model::id::SessionId;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::sync::Arc;

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

/// Writes heads, many with one statement.
pub(super) struct Writer<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection) -> rusqlite::Result<Writer<'c>> {
        Ok(Writer {
            insert: conn.prepare_cached(
                "INSERT INTO session (id, owner, named, head, seq, open, created, changed, erased)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            update: conn.prepare_cached(
                "UPDATE session SET head = ?2, seq = ?3, open = ?4, changed = ?5, erased = ?6 WHERE id = ?1",
            )?,
        })
    }

    /// Of a session that has none.
    pub(super) fn insert(&mut self, session: SessionId, head: &Head) -> rusqlite::Result<()> {
        self.insert.execute(params![
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

    /// Of a session that has one.
    pub(super) fn update(&mut self, session: SessionId, head: &Head) -> rusqlite::Result<()> {
        let Head { pos, seq, open, changed_ms, erased, owner: _, named: _, created_ms: _ } = head;
        let seq = seq.cast_signed();
        self.update.execute(params![id_bytes(session), pos, seq, open, changed_ms, erased])?;
        Ok(())
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

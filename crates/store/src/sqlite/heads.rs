//! Where each session's journal ends: the rows of `session`, and of the tables by which some are found.

use super::file::corrupt;
use abide_model::id::SessionId;
use rusqlite::{Connection, OptionalExtension, Row, params};
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
    /// Adds what stands in the file: `flags u8 | pos | seq | created | changed`, 64 bits each and little-endian, and the
    /// owner behind them. One column costs the thread that takes steps in a fraction of what nine do.
    fn state(&self, bytes: &mut Vec<u8>) {
        let flags = [(self.open, OPEN), (self.named, NAMED), (self.erased, ERASED)];
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

/// Sessions that one statement adds: it looks for the place of the first alone, those after it follow there.
const TOGETHER: usize = 16;
/// Nothing of the transaction stays when it fails, so that SQLite need not be able to take back this statement alone.
const ADD_TOGETHER: &str =
    "INSERT OR FAIL INTO session (id, state) VALUES (?,?), (?,?), (?,?), (?,?), (?,?), (?,?), (?,?),
    (?,?), (?,?), (?,?), (?,?), (?,?), (?,?), (?,?), (?,?), (?,?)";

/// Writes heads, many with one statement. Those of new sessions stand in the file after [`Writer::end`].
pub(super) struct Writer<'c> {
    conn: &'c Connection,
    /// New sessions, and where the state of each ends in `states`.
    new: Vec<([u8; 16], usize)>,
    states: Vec<u8>,
}

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection) -> Writer<'c> {
        Writer { conn, new: Vec::new(), states: Vec::new() }
    }

    /// Puts `head` in place of `before`, which is what stands there; `None` of a session that has none. Once for a
    /// session.
    pub(super) fn put(
        &mut self,
        session: SessionId,
        before: Option<&Head>,
        head: &Head,
    ) -> rusqlite::Result<()> {
        let id = id_bytes(session);
        let begins = self.states.len();
        head.state(&mut self.states);
        if before.is_some() {
            let state = self.states.get(begins..).unwrap_or_default();
            self.run("UPDATE session SET state = ?2 WHERE id = ?1", params![id, state])?;
            self.states.truncate(begins);
        } else {
            self.new.push((id, self.states.len()));
            if self.new.len() == TOGETHER {
                self.end()?;
            }
        }
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

    /// Writes what is not written yet.
    pub(super) fn end(&mut self) -> rusqlite::Result<()> {
        let mut begins = 0;
        let rows = self.new.iter().map(|(id, end)| {
            let state = self.states.get(begins..*end).unwrap_or_default();
            begins = *end;
            (id, state)
        });
        if self.new.len() == TOGETHER {
            let mut statement = self.conn.prepare_cached(ADD_TOGETHER)?;
            for (n, (id, state)) in rows.enumerate() {
                statement.raw_bind_parameter(2 * n + 1, id)?;
                statement.raw_bind_parameter(2 * n + 2, state)?;
            }
            statement.raw_execute()?;
        } else {
            for (id, state) in rows {
                self.run("INSERT INTO session (id, state) VALUES (?1, ?2)", params![id, state])?;
            }
        }
        self.new.clear();
        self.states.clear();
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

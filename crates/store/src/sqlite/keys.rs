//! Keys in the file, for a server and for a command beside it.

use super::file::Place;
use super::heads;
use crate::error::{OpenError, StoreError};
use crate::key::Key;
use abide_model::Hash;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, params};
use std::path::Path;

const COLUMNS: &str = "id, name, hash, body, created, revoked";

/// The keys of a folder, also while a server works on it. Blocks; for commands.
#[derive(Debug)]
pub struct KeyFile {
    conn: Connection,
    place: Place,
}

impl KeyFile {
    /// Opens the folder's store, and makes it when it is not there.
    ///
    /// # Errors
    /// When the folder or file cannot be made, read or written, or is not ours.
    pub fn open(dir: &Path) -> Result<KeyFile, OpenError> {
        super::file::make_folder(dir)?;
        let place = Place::of(dir);
        Ok(KeyFile { conn: place.open_writer()?, place })
    }

    /// Keeps a new key.
    ///
    /// # Errors
    /// When there is one with its id or hash, or the disk fails.
    pub fn insert(&mut self, key: &Key) -> Result<(), StoreError> {
        insert(&mut self.conn, &self.place, key)
    }

    /// Every key, oldest first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn list(&self) -> Result<Vec<Key>, StoreError> {
        list(&self.conn).map_err(|e| self.place.fault(&e))
    }

    /// Marks a key as revoked; false when there is none that is not revoked yet.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn revoke(&mut self, id: &str, at_ms: i64) -> Result<bool, StoreError> {
        revoke(&mut self.conn, id, at_ms).map_err(|e| self.place.fault(&e))
    }
}

pub(super) fn insert(conn: &mut Connection, place: &Place, key: &Key) -> Result<(), StoreError> {
    let kept = change(conn, |conn| {
        conn.execute(
            "INSERT INTO key (id, name, hash, body, created, revoked) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![key.id, key.name, key.hash.0, key.body, key.created_ms, key.revoked_ms],
        )
    });
    match kept {
        Ok(_) => Ok(()),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::KeyExists { id: key.id.clone() })
        }
        Err(e) => Err(place.fault(&e)),
    }
}

pub(super) fn revoke(conn: &mut Connection, id: &str, at_ms: i64) -> rusqlite::Result<bool> {
    let sql = "UPDATE key SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL";
    Ok(change(conn, |conn| conn.execute(sql, params![id, at_ms]))? > 0)
}

/// Every change of keys moves their version.
fn change(
    conn: &mut Connection,
    what: impl FnOnce(&Connection) -> rusqlite::Result<usize>,
) -> rusqlite::Result<usize> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let changed = what(&tx)?;
    tx.execute("UPDATE meta SET value = value + 1 WHERE name = 'key'", [])?;
    tx.commit()?;
    Ok(changed)
}

pub(super) fn list(conn: &Connection) -> rusqlite::Result<Vec<Key>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM key ORDER BY created, id"))?;
    statement.query_map([], read_key)?.collect()
}

pub(super) fn find(conn: &Connection, hash: Hash) -> rusqlite::Result<Option<Key>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM key WHERE hash = ?1"))?
        .query_row([hash.0], read_key)
        .optional()
}

pub(super) fn version(conn: &Connection) -> rusqlite::Result<u64> {
    heads::mark(conn, "key").map(i64::cast_unsigned)
}

fn read_key(row: &Row<'_>) -> rusqlite::Result<Key> {
    Ok(Key {
        id: row.get(0)?,
        name: row.get(1)?,
        hash: Hash(row.get(2)?),
        body: row.get(3)?,
        created_ms: row.get(4)?,
        revoked_ms: row.get(5)?,
    })
}

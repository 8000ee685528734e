//! Bodies that live once, and which sessions hold those that are content.

use super::heads::id_bytes;
use crate::commitlog::Step;
use abide_model::Hash;
use abide_model::id::SessionId;
use rusqlite::{Connection, OptionalExtension, params};

const HASH_BYTES: usize = 32;

/// Keeps bodies that are not there yet. Adds to `held` the hashes, one after the other, of content that the session did
/// not hold before.
pub(super) fn put(conn: &Connection, step: &Step<'_>, held: &mut Vec<u8>) -> rusqlite::Result<()> {
    for (hash, content, body) in step.blobs() {
        conn.prepare_cached(
            "INSERT INTO blob (hash, kept, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO UPDATE SET kept = 1 WHERE excluded.kept AND NOT kept",
        )?
        .execute(params![hash.0, !content, body])?;
        if content && hold(conn, step.session, &hash)? {
            held.extend_from_slice(&hash.0);
        }
    }
    Ok(())
}

fn hold(conn: &Connection, session: SessionId, hash: &Hash) -> rusqlite::Result<bool> {
    let added = conn
        .prepare_cached("INSERT INTO holder (hash, session) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![hash.0, id_bytes(session)])?;
    Ok(added > 0)
}

/// Lets go of what an entry of the session holds, and removes what nobody holds any more. Returns bytes removed.
pub(super) fn release(conn: &Connection, session: SessionId, held: &[u8]) -> rusqlite::Result<usize> {
    let mut bytes = 0;
    for hash in held.chunks(HASH_BYTES) {
        conn.prepare_cached("DELETE FROM holder WHERE hash = ?1 AND session = ?2")?
            .execute(params![hash, id_bytes(session)])?;
        let removed = conn
            .prepare_cached(
                "DELETE FROM blob WHERE hash = ?1 AND NOT kept
                 AND NOT EXISTS (SELECT 1 FROM holder WHERE hash = ?1) RETURNING length(body)",
            )?
            .query_row([hash], |row| row.get::<_, i64>(0))
            .optional()?;
        bytes += removed.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    }
    Ok(bytes)
}

pub(super) fn read(conn: &Connection, hashes: &[Hash]) -> rusqlite::Result<Vec<Option<Vec<u8>>>> {
    let mut statement = conn.prepare_cached("SELECT body FROM blob WHERE hash = ?1")?;
    hashes.iter().map(|hash| statement.query_row([hash.0], |row| row.get(0)).optional()).collect()
}

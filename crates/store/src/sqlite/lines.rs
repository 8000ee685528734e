//! Ledger lines: posted at the end of `line`, found again by time through `hour`.

use super::heads::{id_bytes, id_from};
use crate::append::Line;
use crate::journal::PostedLine;
use abide_model::id::SessionId;
use rusqlite::{CachedStatement, Connection, Row, params};
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;

/// Which lines of one transaction fall into which hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hours {
    ranges: BTreeMap<i64, (i64, i64)>,
}

impl Hours {
    pub(super) fn add(&mut self, n: i64, at_ms: i64) {
        let range = self.ranges.entry(at_ms.div_euclid(HOUR_MS)).or_insert((n, n));
        range.0 = range.0.min(n);
        range.1 = range.1.max(n);
    }

    pub(super) fn write(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(
            "INSERT INTO hour (hour, first, last) VALUES (?1, ?2, ?3)
             ON CONFLICT (hour) DO UPDATE SET first = min(first, ?2), last = max(last, ?3)",
        )?;
        for (hour, (first, last)) in &self.ranges {
            statement.execute(params![hour, first, last])?;
        }
        Ok(())
    }
}

/// Posts lines, many with one statement.
pub(super) struct Writer<'c>(CachedStatement<'c>);

impl<'c> Writer<'c> {
    pub(super) fn new(conn: &'c Connection) -> rusqlite::Result<Writer<'c>> {
        conn.prepare_cached("INSERT INTO line (n, at, session, body) VALUES (?1, ?2, ?3, ?4)").map(Writer)
    }

    pub(super) fn post(&mut self, n: i64, session: SessionId, line: &Line) -> rusqlite::Result<()> {
        self.0.execute(params![n, line.at_ms, id_bytes(session), line.body])?;
        Ok(())
    }
}

/// Lines with `from_ms <= at < until_ms` after line `after`, in the order they were posted, at most `limit`.
/// To be called inside a transaction.
pub(super) fn page(
    conn: &Connection,
    (from_ms, until_ms): (i64, i64),
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<PostedLine>> {
    let hours = (from_ms.div_euclid(HOUR_MS), until_ms.div_euclid(HOUR_MS));
    let (first, last): (Option<i64>, Option<i64>) = conn
        .prepare_cached("SELECT min(first), max(last) FROM hour WHERE hour BETWEEN ?1 AND ?2")?
        .query_row([hours.0, hours.1], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((first, last)) = first.zip(last) else { return Ok(Vec::new()) };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    conn.prepare_cached(
        "SELECT n, session, at, body FROM line
         WHERE n > ?1 AND n <= ?2 AND at >= ?3 AND at < ?4 ORDER BY n LIMIT ?5",
    )?
    .query_map(params![after.max(first - 1), last, from_ms, until_ms, limit], read_line)?
    .collect()
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<PostedLine> {
    Ok(PostedLine {
        n: row.get::<_, i64>(0)?.cast_unsigned(),
        session: id_from(row.get(1)?),
        at_ms: row.get(2)?,
        body: row.get(3)?,
    })
}

//! Ledger lines: posted at the end of `line`, found again by time through `hour`.
//!
//! Like heads, the hours follow later, and are found again by reading the end of the lines.

use super::heads::{id_bytes, id_from, mark};
use crate::append::Line;
use crate::journal::PostedLine;
use abide_model::id::SessionId;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;

/// Which lines fall into which hour, for lines that `hour` does not count in yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hours {
    ranges: BTreeMap<i64, (i64, i64)>,
}

impl Hours {
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(super) fn add(&mut self, n: i64, at_ms: i64) {
        let range = self.ranges.entry(at_ms.div_euclid(HOUR_MS)).or_insert((n, n));
        range.0 = range.0.min(n);
        range.1 = range.1.max(n);
    }

    pub(super) fn merge(&mut self, later: Hours) {
        for (hour, (first, last)) in later.ranges {
            let range = self.ranges.entry(hour).or_insert((first, last));
            range.0 = range.0.min(first);
            range.1 = range.1.max(last);
        }
    }

    /// Writes all of it; `end` is the last line counted in.
    pub(super) fn write(&self, conn: &Connection, end: i64) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(
            "INSERT INTO hour (hour, first, last) VALUES (?1, ?2, ?3)
             ON CONFLICT (hour) DO UPDATE SET first = min(first, ?2), last = max(last, ?3)",
        )?;
        for (hour, (first, last)) in &self.ranges {
            statement.execute(params![hour, first, last])?;
        }
        conn.prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'line'")?.execute([end])?;
        Ok(())
    }

    /// Finds again what a crash left behind.
    pub(super) fn tail(conn: &Connection) -> rusqlite::Result<Hours> {
        let mut statement = conn.prepare_cached("SELECT n, at FROM line WHERE n > ?1")?;
        let mut rows = statement.query([mark(conn, "line")?])?;
        let mut hours = Hours::default();
        while let Some(row) = rows.next()? {
            hours.add(row.get(0)?, row.get(1)?);
        }
        Ok(hours)
    }
}

/// The number of the last line; 0 when there is none.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT coalesce(max(n), 0) FROM line", [], |row| row.get(0))
}

pub(super) fn post(conn: &Connection, n: i64, session: SessionId, line: &Line) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO line (n, at, session, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![n, line.at_ms, id_bytes(session), line.body])?;
    Ok(())
}

/// Lines with `from_ms <= at < until_ms` after line `after`, in the order they were posted, at most `limit`.
/// To be called inside a transaction.
pub(super) fn page(
    conn: &Connection,
    (from_ms, until_ms): (i64, i64),
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<PostedLine>> {
    let counted = mark(conn, "line")?;
    let hours = (from_ms.div_euclid(HOUR_MS), until_ms.div_euclid(HOUR_MS));
    let (first, last): (Option<i64>, Option<i64>) = conn
        .prepare_cached("SELECT min(first), max(last) FROM hour WHERE hour BETWEEN ?1 AND ?2")?
        .query_row([hours.0, hours.1], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut found = Vec::new();
    let mut statement = conn.prepare_cached(
        "SELECT n, session, at, body FROM line
         WHERE n > ?1 AND n <= ?2 AND at >= ?3 AND at < ?4 ORDER BY n LIMIT ?5",
    )?;
    let in_hours = first.zip(last).map(|(first, last)| (first - 1, last.min(counted)));
    for (above, to) in in_hours.into_iter().chain([(counted, i64::MAX)]) {
        let room = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![above.max(after), to, from_ms, until_ms, room], read_line)?;
        for line in rows {
            found.push(line?);
        }
    }
    Ok(found)
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<PostedLine> {
    Ok(PostedLine {
        n: row.get::<_, i64>(0)?.cast_unsigned(),
        session: id_from(row.get(1)?),
        at_ms: row.get(2)?,
        body: row.get(3)?,
    })
}

//! Ledger lines: posted at the end of `line`, found again by time through `hour`.

use super::file::corrupt;
use super::heads::{id_bytes, id_from};
use super::rows::ROW_BYTES_MAX;
use crate::frame::{put_length, take_length};
use crate::journal::PostedLine;
use abide_model::id::SessionId;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

const HOUR_MS: i64 = 3_600_000;
/// Bytes of a line in a row beside its body, at most.
const ENTRY_BYTES_MAX: usize = 8 + 16 + 10;

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

/// Posts lines, several in a row: `at i64 | session [u8; 16] | body`, the last behind its length.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The row that is not written yet, and the number of its first line.
    row: Vec<u8>,
    first: i64,
}

impl Writer {
    /// Posts the next line, which has number `n`.
    pub(super) fn post(
        &mut self,
        conn: &Connection,
        n: i64,
        session: SessionId,
        (at_ms, body): (i64, &[u8]),
    ) -> rusqlite::Result<()> {
        if self.row.len() + ENTRY_BYTES_MAX + body.len() > ROW_BYTES_MAX {
            self.end(conn)?;
        }
        if self.row.is_empty() {
            self.first = n;
        }
        self.row.extend_from_slice(&at_ms.to_le_bytes());
        self.row.extend_from_slice(&id_bytes(session));
        put_length(&mut self.row, body.len() as u64);
        self.row.extend_from_slice(body);
        Ok(())
    }

    /// Writes what is not written yet.
    pub(super) fn end(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        if !self.row.is_empty() {
            conn.prepare_cached("INSERT INTO line (n, body) VALUES (?1, ?2)")?
                .execute(params![self.first, self.row])?;
        }
        self.row.clear();
        Ok(())
    }

    /// Leaves out what is not written yet.
    pub(super) fn undo(&mut self) {
        self.row.clear();
    }
}

/// The number of the last line; 0 when there is none.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<i64> {
    let last = conn
        .prepare_cached("SELECT n, body FROM line ORDER BY n DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
        .optional()?;
    let Some((first, body)): Option<(i64, Vec<u8>)> = last else { return Ok(0) };
    let mut last = first - 1;
    each(first, &body, |line| {
        last = line.n.cast_signed();
        ControlFlow::Continue(())
    })?;
    Ok(last)
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
    let after = after.max(first - 1);
    let mut found = Vec::new();
    // The row that holds the first of them may begin before it.
    let mut statement = conn.prepare_cached(
        "SELECT n, body FROM line
         WHERE n >= coalesce((SELECT max(n) FROM line WHERE n <= ?1), 0) AND n <= ?2 ORDER BY n",
    )?;
    let mut rows = statement.query([after + 1, last])?;
    while let Some(row) = rows.next()?
        && found.len() < limit
    {
        each(row.get(0)?, row.get_ref(1)?.as_blob()?, |line| {
            let among = after < line.n.cast_signed() && line.n.cast_signed() <= last;
            if among && (from_ms..until_ms).contains(&line.at_ms) {
                found.push(PostedLine {
                    body: line.body.to_vec(),
                    n: line.n,
                    session: line.session,
                    at_ms: line.at_ms,
                });
            }
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    Ok(found)
}

/// Reads the lines of a row, the first of which has number `first`, until `look` breaks off.
fn each(first: i64, row: &[u8], mut look: impl FnMut(Found<'_>) -> ControlFlow<()>) -> rusqlite::Result<()> {
    let (mut n, mut rest) = (first.cast_unsigned(), row);
    while !rest.is_empty() {
        let (line, after) = take(n, rest).ok_or_else(|| corrupt("a row of ledger lines cannot be read"))?;
        if look(line).is_break() {
            break;
        }
        (n, rest) = (n + 1, after);
    }
    Ok(())
}

/// A line where it stands.
struct Found<'b> {
    n: u64,
    session: SessionId,
    at_ms: i64,
    body: &'b [u8],
}

fn take(n: u64, row: &[u8]) -> Option<(Found<'_>, &[u8])> {
    let (at, rest) = row.split_first_chunk()?;
    let (id, rest) = rest.split_first_chunk()?;
    let (length, rest) = take_length(rest)?;
    let (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Found { n, session: id_from(*id), at_ms: i64::from_le_bytes(*at), body }, rest))
}

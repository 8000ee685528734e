//! From the store's bytes to a session.

use crate::refused::Refused;
use abide_model::Hash;
use abide_model::id::{RunId, SessionId};
use abide_model::run::Placed;
use abide_session::record::{self, Blobs, DecodeError, Record};
use abide_session::{Session, Stamped, snapshot};
use abide_store::{Journal, Reader, Row, Store};

/// How many sessions a fork may have above it.
const ANCESTORS_MAX: usize = 64;

/// The session `id`, with what it inherits; `None` when the store has none.
pub(crate) async fn session(store: &Store, id: SessionId) -> Result<Option<Session>, Refused> {
    let mut chain = Vec::new();
    let mut next = Some(RunId { session: id, n: 0 });
    while let Some(run) = next.take() {
        let Some(journal) = store.read(run.session).await? else {
            if chain.is_empty() {
                return Ok(None);
            }
            break;
        };
        let hashes = references(&journal).map_err(|error| unreadable(run.session, &error))?;
        let blobs = hashes.iter().copied().zip(store.blobs(&hashes).await?);
        let blobs: Blobs = blobs.filter_map(|(hash, body)| Some((hash, body?))).collect();
        let records = records(&journal, &blobs).map_err(|error| unreadable(run.session, &error))?;
        next = parent(&records).filter(|_| chain.len() < ANCESTORS_MAX);
        chain.push((run, records));
    }
    Ok(assemble(chain))
}

/// The same, by a reader beside a running server.
pub(crate) fn session_from(reader: &mut Reader, id: SessionId) -> Result<Option<Session>, Refused> {
    let mut chain = Vec::new();
    let mut next = Some(RunId { session: id, n: 0 });
    while let Some(run) = next.take() {
        let Some(journal) = reader.read(run.session)? else {
            if chain.is_empty() {
                return Ok(None);
            }
            break;
        };
        let hashes = references(&journal).map_err(|error| unreadable(run.session, &error))?;
        let blobs = hashes.iter().copied().zip(reader.blobs(&hashes)?);
        let blobs: Blobs = blobs.filter_map(|(hash, body)| Some((hash, body?))).collect();
        let records = records(&journal, &blobs).map_err(|error| unreadable(run.session, &error))?;
        next = parent(&records).filter(|_| chain.len() < ANCESTORS_MAX);
        chain.push((run, records));
    }
    Ok(assemble(chain))
}

/// Records from `seq` on, decoded.
pub(crate) async fn records_from(
    store: &Store,
    session: SessionId,
    seq: u64,
) -> Result<Vec<(u64, Stamped)>, Refused> {
    let rows = store.read_from(session, seq).await?.unwrap_or_default();
    let hashes = row_references(&rows).map_err(|error| unreadable(session, &error))?;
    let blobs = hashes.iter().copied().zip(store.blobs(&hashes).await?);
    let blobs: Blobs = blobs.filter_map(|(hash, body)| Some((hash, body?))).collect();
    let mut records = Vec::new();
    row_records(&rows, &blobs, &mut records).map_err(|error| unreadable(session, &error))?;
    records.retain(|(at, _)| *at >= seq);
    Ok(records)
}

/// The whole journal of a session, snapshot and tail, decoded.
pub(crate) async fn all_records(store: &Store, id: SessionId) -> Result<Vec<(u64, Stamped)>, Refused> {
    let Some(journal) = store.read(id).await? else { return Ok(Vec::new()) };
    let hashes = references(&journal).map_err(|error| unreadable(id, &error))?;
    let blobs = hashes.iter().copied().zip(store.blobs(&hashes).await?);
    let blobs: Blobs = blobs.filter_map(|(hash, body)| Some((hash, body?))).collect();
    records(&journal, &blobs).map_err(|error| unreadable(id, &error))
}

type Chain = Vec<(RunId, Vec<(u64, Stamped)>)>;

/// From the eldest down: each inherits what stood at the run it was forked from.
fn assemble(chain: Chain) -> Option<Session> {
    let mut inherited: Vec<Placed> = Vec::new();
    let mut session = None;
    for (run, records) in chain.into_iter().rev() {
        let one =
            Session::replay(run.session, inherited, records.iter().map(|(seq, stamped)| (*seq, stamped)));
        inherited = one.items_through(run.n);
        session = Some(one);
    }
    session
}

fn parent(records: &[(u64, Stamped)]) -> Option<RunId> {
    match records.first().map(|(_, stamped)| &stamped.record) {
        Some(Record::Opened(opened)) => opened.parent,
        Some(_) | None => None,
    }
}

fn references(journal: &Journal) -> Result<Vec<Hash>, DecodeError> {
    let mut hashes = match &journal.snapshot {
        Some(snapshot) => snapshot::references(&snapshot.body)?,
        None => Vec::new(),
    };
    hashes.extend(row_references(&journal.rows)?);
    Ok(hashes)
}

fn row_references(rows: &[Row]) -> Result<Vec<Hash>, DecodeError> {
    let mut hashes = Vec::new();
    for bytes in rows.iter().flat_map(|row| &row.records) {
        hashes.extend(record::references(bytes)?);
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes)
}

fn records(journal: &Journal, blobs: &Blobs) -> Result<Vec<(u64, Stamped)>, DecodeError> {
    let (mut records, seen) = match &journal.snapshot {
        Some(snapshot) => (snapshot::read(&snapshot.body, blobs)?, snapshot.seq),
        None => (Vec::new(), 0),
    };
    let mut tail = Vec::new();
    row_records(&journal.rows, blobs, &mut tail)?;
    records.extend(tail.into_iter().filter(|(seq, _)| *seq > seen));
    Ok(records)
}

fn row_records(rows: &[Row], blobs: &Blobs, into: &mut Vec<(u64, Stamped)>) -> Result<(), DecodeError> {
    for row in rows {
        for (seq, bytes) in (row.seq..).zip(&row.records) {
            into.push((seq, record::decode(bytes, blobs)?));
        }
    }
    Ok(())
}

fn unreadable(session: SessionId, error: &DecodeError) -> Refused {
    Refused::Journal { session, reason: error.to_string() }
}

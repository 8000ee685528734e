//! From the store's bytes to a session.

use crate::refused::Refused;
use abide_model::Hash;
use abide_model::id::{RunId, SessionId};
use abide_model::run::Placed;
use abide_session::record::{self, Blobs, DecodeError, Record};
use abide_session::{Session, Stamped, snapshot};
use abide_store::{Journal, Reader, Store};

/// How many sessions a fork may have above it.
pub(crate) const ANCESTORS_MAX: usize = 256;

/// The session `id`, with what it inherits, and how many sessions it inherits from; `None` when the store has none.
pub(crate) async fn session(store: &Store, id: SessionId) -> Result<Option<(Session, usize)>, Refused> {
    let mut lineage = Lineage::new(id);
    while let Some(id) = lineage.next()? {
        let Some(journal) = store.read(id).await? else { break };
        let hashes = references(&journal).map_err(|error| unreadable(id, &error))?;
        let bodies = store.blobs(&hashes).await?;
        lineage.add(id, &journal, (&hashes, bodies))?;
    }
    Ok(lineage.assemble())
}

/// The same, by a reader beside a running server.
pub(crate) fn session_from(reader: &mut Reader, id: SessionId) -> Result<Option<Session>, Refused> {
    let mut lineage = Lineage::new(id);
    while let Some(id) = lineage.next()? {
        let Some(journal) = reader.read(id)? else { break };
        let hashes = references(&journal).map_err(|error| unreadable(id, &error))?;
        let bodies = reader.blobs(&hashes)?;
        lineage.add(id, &journal, (&hashes, bodies))?;
    }
    Ok(lineage.assemble().map(|(session, _)| session))
}

/// Records from `seq` on, decoded.
pub(crate) async fn records_from(
    store: &Store,
    session: SessionId,
    seq: u64,
) -> Result<Vec<(u64, Stamped)>, Refused> {
    let records = store.read_from(session, seq).await?.unwrap_or_default();
    let hashes = references_of(&records).map_err(|error| unreadable(session, &error))?;
    let blobs = paired(&hashes, store.blobs(&hashes).await?);
    decode(seq, &records, &blobs).map_err(|error| unreadable(session, &error))
}

/// The whole journal of a session, snapshot and tail, decoded.
pub(crate) async fn all_records(store: &Store, id: SessionId) -> Result<Vec<(u64, Stamped)>, Refused> {
    let Some(journal) = store.read(id).await? else { return Ok(Vec::new()) };
    let hashes = references(&journal).map_err(|error| unreadable(id, &error))?;
    let blobs = paired(&hashes, store.blobs(&hashes).await?);
    records(&journal, &blobs).map_err(|error| unreadable(id, &error))
}

/// A session and those it inherits from, youngest first.
struct Lineage {
    /// Each with the run that its child continues from, 0 for the youngest.
    members: Vec<(RunId, Vec<(u64, Stamped)>)>,
    next: Option<RunId>,
}

impl Lineage {
    fn new(id: SessionId) -> Self {
        Self { members: Vec::new(), next: Some(RunId { session: id, n: 0 }) }
    }

    /// The session to be read next; `None` when all are.
    fn next(&self) -> Result<Option<SessionId>, Refused> {
        match self.next {
            Some(run) if self.members.len() > ANCESTORS_MAX => Err(Refused::Journal {
                session: run.session,
                reason: format!("more than {ANCESTORS_MAX} sessions inherit from each other"),
            }),
            next => Ok(next.map(|run| run.session)),
        }
    }

    fn add(
        &mut self,
        id: SessionId,
        journal: &Journal,
        (hashes, bodies): (&[Hash], Vec<Option<Vec<u8>>>),
    ) -> Result<(), Refused> {
        let Some(run) = self.next.take() else { return Ok(()) };
        let blobs = paired(hashes, bodies);
        let records = records(journal, &blobs).map_err(|error| unreadable(id, &error))?;
        self.next = parent(&records);
        self.members.push((run, records));
        Ok(())
    }

    /// From the eldest down: each inherits what stood at the run it was forked from, when it was.
    fn assemble(self) -> Option<(Session, usize)> {
        let ancestors = self.members.len().saturating_sub(1);
        let children: Vec<SessionId> = self.members.iter().map(|(run, _)| run.session).collect();
        let children = std::iter::once(None).chain(children.into_iter().map(Some));
        let mut inherited: Vec<Placed> = Vec::new();
        let mut session = None;
        let members: Vec<_> = self.members.into_iter().zip(children).collect();
        for ((run, records), child) in members.into_iter().rev() {
            let until = fork_of(child, &records).unwrap_or(records.len());
            let then = records.iter().take(until).map(|(seq, stamped)| (*seq, stamped));
            let one = Session::replay(run.session, inherited, then);
            inherited = one.items_through(run.n);
            session = Some(one);
        }
        session.map(|session| (session, ancestors))
    }
}

/// Where in the parent's `records` the fork `child` is noted.
fn fork_of(child: Option<SessionId>, records: &[(u64, Stamped)]) -> Option<usize> {
    let child = child?;
    records
        .iter()
        .position(|(_, stamped)| matches!(stamped.record, Record::Forked { child: one } if one == child))
}

fn paired(hashes: &[Hash], bodies: Vec<Option<Vec<u8>>>) -> Blobs {
    hashes.iter().copied().zip(bodies).filter_map(|(hash, body)| Some((hash, body?))).collect()
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
    hashes.extend(references_of(&journal.records)?);
    Ok(hashes)
}

fn references_of(records: &[Vec<u8>]) -> Result<Vec<Hash>, DecodeError> {
    let mut hashes = Vec::new();
    for bytes in records {
        hashes.extend(record::references(bytes)?);
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes)
}

fn records(journal: &Journal, blobs: &Blobs) -> Result<Vec<(u64, Stamped)>, DecodeError> {
    let mut records = match &journal.snapshot {
        Some(snapshot) => snapshot::read(&snapshot.body, blobs)?,
        None => Vec::new(),
    };
    records.extend(decode(journal.first(), &journal.records, blobs)?);
    Ok(records)
}

fn decode(first: u64, records: &[Vec<u8>], blobs: &Blobs) -> Result<Vec<(u64, Stamped)>, DecodeError> {
    (first..).zip(records).map(|(seq, bytes)| Ok((seq, record::decode(bytes, blobs)?))).collect()
}

fn unreadable(session: SessionId, error: &DecodeError) -> Refused {
    Refused::Journal { session, reason: error.to_string() }
}

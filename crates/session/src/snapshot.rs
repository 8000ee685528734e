//! A snapshot: the folded journal up to a position, as one body: a format byte, then each record behind its
//! position (8 bytes) and its length (4), both little-endian.

use crate::fold::fold;
use crate::record::{self, Blobs, DecodeError, Record, Stamped};
use abide_model::Hash;

/// Records after the last snapshot before another is worth its bytes.
pub const TAIL_RECORDS_MIN: usize = 256;
/// How many times shorter folding must make the tail.
pub const FOLD_RATIO_MIN: usize = 4;

/// The first byte of every snapshot.
const FORMAT: u8 = 1;

/// Whether folding `records` pays: opening then reads a quarter of the records, and the snapshot's bytes are few
/// beside those of the many small records it folds.
#[must_use]
pub fn pays(records: usize, folded: usize) -> bool {
    records >= TAIL_RECORDS_MIN && folded.saturating_mul(FOLD_RATIO_MIN) <= records
}

/// The bytes of a snapshot of `records`, from the session's first on; `None` when folding them does not pay.
#[must_use]
pub fn take(records: Vec<(u64, Stamped)>, blobs: &mut Blobs) -> Option<Vec<u8>> {
    let count = records.len();
    let kept = records.iter().all(|(_, stamped)| match &stamped.record {
        Record::Opened(opened) => opened.kept,
        Record::RunStarted(_)
        | Record::CallStarted(_)
        | Record::Heard { .. }
        | Record::CallEnded { .. }
        | Record::RunEnded { .. }
        | Record::ItemsAdded { .. }
        | Record::ItemRemoved { .. }
        | Record::MetadataSet { .. }
        | Record::RunErased { .. }
        | Record::Forked { .. }
        | Record::NowhereToGo { .. }
        | Record::Deleted
        | Record::Recovered => true,
    });
    let folded = fold(records);
    pays(count, folded.len()).then(|| {
        let mut bytes = vec![FORMAT];
        for (seq, stamped) in &folded {
            let record = record::encode(stamped, kept, blobs);
            bytes.extend(seq.to_le_bytes());
            bytes.extend((record.len() as u32).to_le_bytes());
            bytes.extend(record);
        }
        bytes
    })
}

/// The bodies a snapshot points at.
///
/// # Errors
/// When the bytes are damaged.
pub fn references(bytes: &[u8]) -> Result<Vec<Hash>, DecodeError> {
    let mut hashes = Vec::new();
    for frame in frames(bytes)? {
        hashes.extend(record::references(frame.1)?);
    }
    Ok(hashes)
}

/// The records of a snapshot.
///
/// # Errors
/// When the bytes are damaged or a body is missing.
pub fn read(bytes: &[u8], blobs: &Blobs) -> Result<Vec<(u64, Stamped)>, DecodeError> {
    frames(bytes)?.into_iter().map(|(seq, record)| Ok((seq, record::decode(record, blobs)?))).collect()
}

fn frames(bytes: &[u8]) -> Result<Vec<(u64, &[u8])>, DecodeError> {
    let cut = || DecodeError::Damaged("snapshot ends inside a record".to_owned());
    let mut bytes = match bytes.split_first() {
        Some((&FORMAT, rest)) => rest,
        Some((&found, _)) if found > FORMAT => return Err(DecodeError::Newer { found, known: FORMAT }),
        Some(_) | None => return Err(DecodeError::Damaged("snapshot without a format".to_owned())),
    };
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (seq, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (record, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        frames.push((u64::from_le_bytes(*seq), record));
        bytes = rest;
    }
    Ok(frames)
}

//! A step as bytes: fixed fields first, then what has a length, each behind its length as a base-128 integer.

use crate::append::Append;
use crate::frame::{join, put_length, take_length};
use abide_model::Hash;
use abide_model::id::SessionId;

const OPEN: u8 = 1;
const DURABLE: u8 = 2;
const SNAPSHOT: u8 = 4;
const FIRST: u8 = 8;
const NAMED: u8 = 16;

/// Adds the step's bytes to `bytes`.
pub(crate) fn encode(append: &Append, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&append.session.0.to_le_bytes());
    bytes.extend_from_slice(&append.expect.to_le_bytes());
    bytes.extend_from_slice(&append.at_ms.to_le_bytes());
    bytes.push(flags(append));
    put_length(bytes, append.records.len() as u64);
    join(&append.records, bytes);
    put_length(bytes, append.lines.len() as u64);
    for line in &append.lines {
        bytes.extend_from_slice(&line.at_ms.to_le_bytes());
        put(bytes, &line.body);
    }
    put_length(bytes, append.blobs.len() as u64);
    for blob in &append.blobs {
        bytes.extend_from_slice(&blob.hash.0);
        bytes.push(u8::from(blob.content));
        put(bytes, &blob.body);
    }
    if let Some(snapshot) = &append.snapshot {
        bytes.extend_from_slice(&snapshot.seq.to_le_bytes());
        put(bytes, &snapshot.body);
    }
    if let Some(first) = &append.first {
        put(bytes, first.owner.as_bytes());
    }
}

fn flags(append: &Append) -> u8 {
    let named = append.first.as_ref().is_some_and(|first| first.named);
    let flags = [
        (append.open, OPEN),
        (append.durable, DURABLE),
        (append.snapshot.is_some(), SNAPSHOT),
        (append.first.is_some(), FIRST),
        (named, NAMED),
    ];
    flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum()
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    put_length(bytes, part.len() as u64);
    bytes.extend_from_slice(part);
}

/// A step as its bytes tell it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'b> {
    pub(crate) session: SessionId,
    pub(crate) expect: u64,
    pub(crate) open: bool,
    pub(crate) at_ms: i64,
    /// How many records there are.
    pub(crate) records: u64,
    /// They, each behind its length, as [`crate::frame::split`] reads them.
    pub(crate) joined: &'b [u8],
    lines: Many<'b>,
    blobs: Many<'b>,
    /// The last record it contains, and the state.
    pub(crate) snapshot: Option<(u64, &'b [u8])>,
    /// The owner, and whether it is named.
    pub(crate) first: Option<(&'b str, bool)>,
}

/// Parts one behind the other, how many of them, that were looked at before.
#[derive(Debug, Clone, Copy)]
struct Many<'b>(u64, &'b [u8]);

impl<'b> Step<'b> {
    /// Reads what [`encode`] makes; `None` when the bytes are something else.
    pub(crate) fn read(bytes: &'b [u8]) -> Option<Step<'b>> {
        let mut rest = Rest(bytes);
        let session = SessionId(u128::from_le_bytes(rest.fixed()?));
        let (expect, at_ms) = (u64::from_le_bytes(rest.fixed()?), i64::from_le_bytes(rest.fixed()?));
        let [flags] = rest.fixed()?;
        let is = |flag| flags & flag != 0;
        let Many(records, joined) = rest.many(Rest::part)?;
        let (lines, blobs) = (rest.many(Rest::line)?, rest.many(Rest::blob)?);
        let snapshot = match is(SNAPSHOT) {
            true => Some((u64::from_le_bytes(rest.fixed()?), rest.part()?)),
            false => None,
        };
        let first = match is(FIRST) {
            true => Some((std::str::from_utf8(rest.part()?).ok()?, is(NAMED))),
            false => None,
        };
        let open = is(OPEN);
        let whole = Step { session, expect, open, at_ms, records, joined, lines, blobs, snapshot, first };
        rest.0.is_empty().then_some(whole)
    }

    /// Its ledger lines: when each counts, and what it says.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (i64, &'b [u8])> + use<'b> {
        let Many(count, bytes) = self.lines;
        let mut rest = Rest(bytes);
        (0..count).map_while(move |_| rest.line())
    }

    /// Its blobs: the hash of each, whether it is content, and the bytes.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = (Hash, bool, &'b [u8])> + use<'b> {
        let Many(count, bytes) = self.blobs;
        let mut rest = Rest(bytes);
        (0..count).map_while(move |_| rest.blob())
    }
}

/// What is still to be read.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (fixed, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*fixed)
    }

    fn part(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = take_length(self.0)?;
        let (part, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(part)
    }

    fn line(&mut self) -> Option<(i64, &'b [u8])> {
        Some((i64::from_le_bytes(self.fixed()?), self.part()?))
    }

    fn blob(&mut self) -> Option<(Hash, bool, &'b [u8])> {
        let (hash, [content]) = (Hash(self.fixed()?), self.fixed()?);
        Some((hash, content != 0, self.part()?))
    }

    /// Looks at parts behind their count: a count that lies ends with the bytes.
    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Many<'b>> {
        let (count, rest) = take_length(self.0)?;
        self.0 = rest;
        for _ in 0..count {
            one(self)?;
        }
        Some(Many(count, rest.get(..rest.len() - self.0.len())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::append::{Blob, Line, NewSession, Snapshot};
    use proptest::prelude::*;

    fn any_append() -> impl Strategy<Value = Append> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..300);
        let lines = proptest::collection::vec((any::<i64>(), bytes()), 0..3);
        let blobs = proptest::collection::vec((any::<[u8; 32]>(), bytes(), any::<bool>()), 0..3);
        let snapshot = proptest::option::of((any::<u64>(), bytes()));
        let first = proptest::option::of((".{0,20}", any::<bool>()));
        let fixed = (any::<u128>(), any::<u64>(), any::<bool>(), any::<bool>(), any::<i64>());
        let records = proptest::collection::vec(bytes(), 1..4);
        (fixed, records, lines, blobs, snapshot, first).prop_map(
            |((session, expect, open, durable, at_ms), records, lines, blobs, snapshot, first)| Append {
                session: SessionId(session),
                expect,
                records,
                open,
                durable,
                at_ms,
                lines: lines.into_iter().map(|(at_ms, body)| Line { at_ms, body }).collect(),
                blobs: blobs
                    .into_iter()
                    .map(|(hash, body, content)| Blob { hash: Hash(hash), body, content })
                    .collect(),
                snapshot: snapshot.map(|(seq, body)| Snapshot { seq, body }),
                first: first.map(|(owner, named)| NewSession { owner, named }),
            },
        )
    }

    /// The step that the bytes tell, as it was.
    fn decode(bytes: &[u8], durable: bool) -> Option<Append> {
        let step = Step::read(bytes)?;
        let records = crate::frame::split(step.joined)?;
        assert_eq!(records.len() as u64, step.records);
        Some(Append {
            session: step.session,
            expect: step.expect,
            records,
            open: step.open,
            durable,
            at_ms: step.at_ms,
            lines: step.lines().map(|(at_ms, body)| Line { at_ms, body: body.to_vec() }).collect(),
            blobs: step
                .blobs()
                .map(|(hash, content, body)| Blob { hash, body: body.to_vec(), content })
                .collect(),
            snapshot: step.snapshot.map(|(seq, body)| Snapshot { seq, body: body.to_vec() }),
            first: step.first.map(|(owner, named)| NewSession { owner: owner.to_owned(), named }),
        })
    }

    proptest! {
        #[test]
        fn a_step_comes_back_as_it_was(append in any_append()) {
            let mut bytes = Vec::new();
            encode(&append, &mut bytes);
            prop_assert_eq!(decode(&bytes, append.durable), Some(append));
        }

        #[test]
        fn a_step_that_ends_early_is_refused(append in any_append(), part in 0.0..1.0) {
            let mut bytes = Vec::new();
            encode(&append, &mut bytes);
            let end = (bytes.len() as f64 * part) as usize;
            prop_assert!(Step::read(&bytes[..end]).is_none());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = decode(&bytes, false);
        }
    }
}

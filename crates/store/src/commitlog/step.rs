//! A step as bytes: fixed fields first, then what has a length, each behind its length as a base-128 integer.

use crate::append::{Append, Blob, Line, NewSession, Snapshot};
use crate::frame::{put_length, take_length};
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
    for record in &append.records {
        put(bytes, record);
    }
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

/// Reads [`encode`] back; `None` when the bytes are not what it makes.
pub(crate) fn decode(bytes: &[u8]) -> Option<Append> {
    let mut rest = Rest(bytes);
    let session = SessionId(u128::from_le_bytes(rest.fixed()?));
    let (expect, at_ms) = (u64::from_le_bytes(rest.fixed()?), i64::from_le_bytes(rest.fixed()?));
    let [flags] = rest.fixed()?;
    let is = |flag| flags & flag != 0;
    let records = rest.many(Rest::part)?;
    let lines = rest.many(|rest| {
        let at_ms = i64::from_le_bytes(rest.fixed()?);
        Some(Line { at_ms, body: rest.part()? })
    })?;
    let blobs = rest.many(|rest| {
        let (hash, [content]) = (Hash(rest.fixed()?), rest.fixed()?);
        Some(Blob { hash, content: content != 0, body: rest.part()? })
    })?;
    let snapshot = match is(SNAPSHOT) {
        true => Some(Snapshot { seq: u64::from_le_bytes(rest.fixed()?), body: rest.part()? }),
        false => None,
    };
    let first = match is(FIRST) {
        true => Some(NewSession { owner: String::from_utf8(rest.part()?).ok()?, named: is(NAMED) }),
        false => None,
    };
    let (open, durable) = (is(OPEN), is(DURABLE));
    let whole = Append { session, expect, records, open, durable, at_ms, lines, blobs, snapshot, first };
    rest.0.is_empty().then_some(whole)
}

/// What is still to be read.
struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (fixed, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*fixed)
    }

    fn length(&mut self) -> Option<usize> {
        let (length, rest) = take_length(self.0)?;
        self.0 = rest;
        usize::try_from(length).ok()
    }

    fn part(&mut self) -> Option<Vec<u8>> {
        let length = self.length()?;
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part.to_vec())
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // Collected one by one: a count that lies ends with the bytes, not with the memory.
        (0..self.length()?).map(|_| one(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    proptest! {
        #[test]
        fn a_step_comes_back_as_it_was(append in any_append()) {
            let mut bytes = Vec::new();
            encode(&append, &mut bytes);
            prop_assert_eq!(decode(&bytes), Some(append));
        }

        #[test]
        fn a_step_that_ends_early_is_refused(append in any_append(), part in 0.0..1.0) {
            let mut bytes = Vec::new();
            encode(&append, &mut bytes);
            let end = (bytes.len() as f64 * part) as usize;
            prop_assert_eq!(decode(&bytes[..end]), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}

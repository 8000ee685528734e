//! Rows of `log`: entries of several sessions one behind the other, so that the database is asked once for many.
//!
//! An entry is what one transaction took in of a session, which has at most one in a row: `session [u8; 16] | seq |
//! prev | held | body`, numbers as base-128 integers, the last two each behind its length.

use super::file::PAGE_BYTES;
use super::heads::{id_bytes, id_from};
use crate::frame::{put_length, take_length};
use abide_model::id::SessionId;

/// Bytes of a row at most, unless one entry alone has more: a page of the file holds four such rows, so that little of
/// it stays empty when many are shorter.
pub(super) const ROW_BYTES_MAX: usize = PAGE_BYTES as usize / 4 - 32;
/// Bytes of an entry's numbers and lengths at most.
const NUMBERS_BYTES_MAX: usize = 16 + 4 * 10;

/// What one transaction took in of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry<'b> {
    pub(super) session: SessionId,
    /// The place of its first record.
    pub(super) seq: u64,
    /// The row of the session's entry before, 0 at its first.
    pub(super) prev: i64,
    /// The hashes that the session holds since this entry, one after the other.
    pub(super) held: &'b [u8],
    /// Its records.
    pub(super) body: &'b [u8],
}

impl<'b> Entry<'b> {
    /// Whether a row has room for one more.
    pub(super) fn fits(&self, row: &[u8]) -> bool {
        row.is_empty() || row.len() + NUMBERS_BYTES_MAX + self.held.len() + self.body.len() <= ROW_BYTES_MAX
    }

    pub(super) fn put(&self, row: &mut Vec<u8>) {
        row.extend_from_slice(&id_bytes(self.session));
        put_length(row, self.seq);
        put_length(row, self.prev.cast_unsigned());
        for part in [self.held, self.body] {
            put_length(row, part.len() as u64);
            row.extend_from_slice(part);
        }
    }

    /// The first entry of a row, and what comes after it; `None` when it cannot be read.
    fn take(row: &'b [u8]) -> Option<(Entry<'b>, &'b [u8])> {
        let (id, rest) = row.split_first_chunk()?;
        let (seq, rest) = take_length(rest)?;
        let (prev, rest) = take_length(rest)?;
        let (held, rest) = take_part(rest)?;
        let (body, rest) = take_part(rest)?;
        Some((Entry { session: id_from(*id), seq, prev: prev.cast_signed(), held, body }, rest))
    }
}

fn take_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = take_length(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// A row that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn;

/// The entry of a session; `None` when the row has none of it.
pub(super) fn find(row: &[u8], session: SessionId) -> Result<Option<Entry<'_>>, Torn> {
    split(row, session).map(|found| found.map(|(_, entry, _)| entry))
}

/// The entry of a session, and the row without it.
pub(super) fn cut(row: &[u8], session: SessionId) -> Result<Option<(Entry<'_>, Vec<u8>)>, Torn> {
    split(row, session).map(|found| found.map(|(before, entry, after)| (entry, [before, after].concat())))
}

type Parts<'b> = (&'b [u8], Entry<'b>, &'b [u8]);

/// What comes before the entry of a session, it, and what comes after.
fn split(row: &[u8], session: SessionId) -> Result<Option<Parts<'_>>, Torn> {
    let mut rest = row;
    while !rest.is_empty() {
        let (entry, after) = Entry::take(rest).ok_or(Torn)?;
        if entry.session == session {
            let before = row.get(..row.len() - rest.len()).ok_or(Torn)?;
            return Ok(Some((before, entry, after)));
        }
        rest = after;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Parts = (u64, i64, Vec<u8>, Vec<u8>);

    fn entry<'b>(session: u128, (seq, prev, held, body): &'b Parts) -> Entry<'b> {
        Entry { session: SessionId(session), seq: *seq, prev: *prev, held, body }
    }

    proptest! {
        #[test]
        fn entries_are_found_and_cut_out_again(
            all: BTreeMap<u128, (u64, i64, Vec<u8>, Vec<u8>)>,
            missing: u128,
        ) {
            let row_of = |without: Option<u128>| {
                let mut row = Vec::new();
                let kept = all.iter().filter(|(session, _)| Some(**session) != without);
                kept.for_each(|(session, parts)| entry(*session, parts).put(&mut row));
                row
            };
            let row = row_of(None);
            for (session, parts) in &all {
                let found = entry(*session, parts);
                prop_assert_eq!(find(&row, SessionId(*session)), Ok(Some(found)));
                prop_assert_eq!(cut(&row, SessionId(*session)), Ok(Some((found, row_of(Some(*session))))));
            }
            if !all.contains_key(&missing) {
                prop_assert_eq!(find(&row, SessionId(missing)), Ok(None));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(row: Vec<u8>, session: u128) {
            let _ = cut(&row, SessionId(session));
        }
    }

    #[test]
    fn a_row_takes_entries_up_to_its_limit_and_one_that_is_larger() {
        let body = vec![7; 1_000];
        let one = Entry { session: SessionId(1), seq: 1, prev: 0, held: &[], body: &body };
        let mut row = Vec::new();
        while one.fits(&row) {
            one.put(&mut row);
        }
        assert!((ROW_BYTES_MAX - 1_100..=ROW_BYTES_MAX).contains(&row.len()), "{}", row.len());
        let large = vec![7; 10 * ROW_BYTES_MAX];
        assert!(Entry { body: &large, ..one }.fits(&[]));
    }
}

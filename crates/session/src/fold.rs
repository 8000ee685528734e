//! Folding a journal: the same history in fewer records, for a snapshot.
//!
//! Words of a cloud that stand in many small records become one; nothing else changes. Replaying the folded
//! records gives the same session as replaying the originals. Events are streamed again from the originals alone:
//! the place of each is the place of its own record.

use crate::record::{Record, Stamped};
use abide_model::call::Delta;

/// Folds `records` (position and record, in order).
#[must_use]
pub fn fold(records: Vec<(u64, Stamped)>) -> Vec<(u64, Stamped)> {
    let mut folded: Vec<(u64, Stamped)> = Vec::new();
    for (seq, stamped) in records {
        match (folded.last_mut(), stamped) {
            (
                Some((last_seq, Stamped { at: last_at, record: Record::Heard { deltas: earlier } })),
                Stamped { at, record: Record::Heard { deltas } },
            ) => {
                *last_seq = seq;
                *last_at = at;
                deltas.into_iter().for_each(|delta| join(earlier, delta));
            }
            (_, Stamped { at, record: Record::Heard { deltas } }) => {
                let mut joined = Vec::new();
                deltas.into_iter().for_each(|delta| join(&mut joined, delta));
                folded.push((seq, Stamped { at, record: Record::Heard { deltas: joined } }));
            }
            (_, stamped) => folded.push((seq, stamped)),
        }
    }
    folded
}

/// Appends `delta`, lengthening the last one when both continue the same text.
fn join(deltas: &mut Vec<Delta>, delta: Delta) {
    match (deltas.last_mut(), &delta) {
        (Some(Delta::Text { index: a, text }), Delta::Text { index: b, text: more }) if a == b => {
            text.push_str(more);
        }
        (Some(Delta::Arguments { index: a, json }), Delta::Arguments { index: b, json: more }) if a == b => {
            json.push_str(more);
        }
        (Some(Delta::Reasoning { index: a, text }), Delta::Reasoning { index: b, text: more }) if a == b => {
            text.push_str(more);
        }
        (Some(_) | None, _) => deltas.push(delta),
    }
}

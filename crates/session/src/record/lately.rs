//! The decisions that were encoded last: they repeat from call to call, and are neither written nor hashed anew.

use super::body::{Blobs, Body};
use super::{Stamped, stored};
use abide_model::decision::Decision;
use std::collections::VecDeque;

/// How many are remembered: a few targets for each of a few kinds of customers.
const DECISIONS_MAX: usize = 8;

/// Encodes records, and remembers the decisions in them.
#[derive(Debug, Default)]
pub struct Lately(VecDeque<Known>);

#[derive(Debug)]
struct Known {
    decision: Decision,
    bytes: Vec<u8>,
    body: Body,
}

impl Lately {
    /// As [`super::encode`] does, and gives the same bytes.
    #[must_use]
    pub fn encode(&mut self, stamped: &Stamped, content: bool, blobs: &mut Blobs) -> Vec<u8> {
        stored::encode(stamped, content, (blobs, self))
    }

    /// The stored body of a decision.
    pub(super) fn body(&mut self, decision: &Decision, blobs: &mut Blobs) -> Body {
        if let Some(known) = self.0.iter().find(|known| known.decision.says_the_same_as(decision)) {
            if let Some(hash) = known.body.reference() {
                blobs.insert(hash, known.bytes.clone());
            }
            return known.body.clone();
        }
        let bytes = stored::decision_bytes(decision);
        let body = Body::put(bytes.clone(), stored::CALL_INLINE_BYTES_MAX, blobs);
        self.0.truncate(DECISIONS_MAX - 1);
        self.0.push_front(Known { decision: decision.clone(), bytes, body: body.clone() });
        body
    }
}

//! The plans and decisions that were encoded last: they repeat from call to call, and are neither written nor hashed
//! anew.

use super::body::{Blobs, Body};
use super::{Stamped, stored};
use abide_model::decision::Decision;
use abide_model::plan::Plan;
use std::collections::VecDeque;

/// How many of each are remembered: a few targets for each of a few kinds of customers.
const REMEMBERED_MAX: usize = 8;

/// Encodes records, and remembers the plans and decisions in them.
#[derive(Debug, Default)]
pub struct Lately {
    plans: VecDeque<Known<Plan>>,
    decisions: VecDeque<Known<Decision>>,
}

#[derive(Debug)]
struct Known<T> {
    value: T,
    bytes: Vec<u8>,
    body: Body,
}

impl Lately {
    /// As [`super::encode`] does, and gives the same bytes.
    #[must_use]
    pub fn encode(&mut self, stamped: &Stamped, content: bool, blobs: &mut Blobs) -> Vec<u8> {
        stored::encode(stamped, content, (blobs, self))
    }

    /// The stored body of a plan.
    pub(super) fn plan(&mut self, plan: &Plan, blobs: &mut Blobs) -> Body {
        body(&mut self.plans, plan, PartialEq::eq, stored::plan_bytes, blobs)
    }

    /// The stored body of a decision, which holds no time.
    pub(super) fn decision(&mut self, decision: &Decision, blobs: &mut Blobs) -> Body {
        body(&mut self.decisions, decision, Decision::says_the_same_as, stored::decision_bytes, blobs)
    }
}

fn body<T: Clone>(
    known: &mut VecDeque<Known<T>>,
    value: &T,
    same: fn(&T, &T) -> bool,
    encode: fn(&T) -> Vec<u8>,
    blobs: &mut Blobs,
) -> Body {
    if let Some(known) = known.iter().find(|known| same(&known.value, value)) {
        if let Some(hash) = known.body.reference() {
            blobs.insert(hash, known.bytes.clone());
        }
        return known.body.clone();
    }
    let bytes = encode(value);
    let body = Body::put(bytes.clone(), stored::CALL_INLINE_BYTES_MAX, blobs);
    known.truncate(REMEMBERED_MAX - 1);
    known.push_front(Known { value: value.clone(), bytes, body: body.clone() });
    body
}

//! What is worked out once over the front of a conversation, so that a call costs what it adds, not what it sends:
//! the running hash of the items and which tool calls wait for a result. Knows nothing of runs or records.

use crate::effect::Rejection;
use crate::record::item_hash;
use abide_model::Hash;
use abide_model::item::Item;
use std::collections::BTreeSet;

/// The running hash of items, and the bytes they hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digest {
    pub(crate) hash: Hash,
    pub(crate) bytes: u64,
}

impl Digest {
    const EMPTY: Digest = Digest { hash: Hash([0; 32]), bytes: 0 };

    pub(crate) fn add(&mut self, item: &Item) {
        let hash = item_hash(item);
        self.hash = Hash::of_parts([self.hash.0.as_slice(), hash.0.as_slice()]);
        self.bytes += item.bytes() as u64;
    }
}

/// The first `entries` entries, summed up.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    pub(crate) entries: usize,
    pub(crate) digest: Digest,
    waiting: Vec<String>,
    answered: BTreeSet<String>,
}

impl Front {
    pub(crate) const EMPTY: Front =
        Front { entries: 0, digest: Digest::EMPTY, waiting: Vec::new(), answered: BTreeSet::new() };

    /// Takes in the next entry; `item` is `None` when later calls are not shown it.
    pub(crate) fn add(&mut self, item: Option<&Item>) {
        self.entries += 1;
        let Some(item) = item else { return };
        self.digest.add(item);
        match item {
            Item::ToolCall(call) => self.waiting.push(call.call_id.clone()),
            Item::ToolResult(result) => {
                if let Some(place) = self.waiting.iter().position(|id| *id == result.call_id) {
                    self.answered.insert(self.waiting.remove(place));
                }
            }
            Item::Message(_) | Item::Reasoning(_) => {}
        }
    }

    /// Forgets what it knows when the entry at `place` is part of it.
    pub(crate) fn changed_at(&mut self, place: usize) {
        if place < self.entries {
            *self = Front::EMPTY;
        }
    }

    /// The calls that wait once `items` follow this front, in order.
    ///
    /// # Errors
    /// When a result answers no call before it, or one that has its result.
    pub(crate) fn waiting_after<'a>(
        &'a self,
        items: impl Iterator<Item = &'a Item>,
    ) -> Result<Vec<&'a str>, Rejection> {
        let mut waiting: Vec<&str> = self.waiting.iter().map(String::as_str).collect();
        let mut answered: BTreeSet<&str> = BTreeSet::new();
        for item in items {
            match item {
                Item::ToolCall(call) => waiting.push(&call.call_id),
                Item::ToolResult(result) => {
                    let call_id = result.call_id.as_str();
                    if let Some(place) = waiting.iter().position(|id| *id == call_id) {
                        answered.insert(waiting.remove(place));
                    } else if answered.contains(call_id) || self.answered.contains(call_id) {
                        return Err(Rejection::AnsweredTwice { call_id: call_id.to_owned() });
                    } else {
                        return Err(Rejection::UnknownCall { call_id: call_id.to_owned() });
                    }
                }
                Item::Message(_) | Item::Reasoning(_) => {}
            }
        }
        Ok(waiting)
    }
}

/// It follows from the entries: sessions with the same entries are the same, however far each has worked it out.
impl PartialEq for Front {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

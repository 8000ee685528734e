//! What the journal holds: one enum of records, and their stored form.
//!
//! Records carry what arrived from outside (a request, a plan, a decision, a cloud's words, a time), never what
//! can be worked out from earlier ones. The stored form is CBOR (RFC 8949) arrays with numbered fields: a field
//! may be added at the end, none is ever renumbered, and old bytes decode forever.

mod body;
mod lately;
mod stored;

pub use body::{BODY_INLINE_BYTES_MAX, Blobs, ITEM_INLINE_BYTES_MAX};
pub use lately::Lately;

use abide_model::call::Delta;
use abide_model::decision::Decision;
use abide_model::event::RunStatus;
use abide_model::fault::Fault;
use abide_model::id::{CallNo, ItemId, RunId, SessionId};
use abide_model::item::{Item, Json};
use abide_model::name::{Channel, Cloud, Customer, ModelName, Product, Segment, Territory};
use abide_model::plan::Plan;
use abide_model::prompt::Params;
use abide_model::usage::Usage;
use abide_model::{Hash, Time};
use std::sync::Arc;

/// Why bytes are not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the stored form at all.
    #[error("journal record is damaged: {0}")]
    Damaged(String),
    /// Written by a later Abide.
    #[error("journal record of format {found} is newer than this Abide, which reads up to {known}")]
    Newer {
        /// The format found.
        found: u8,
        /// The newest format known here.
        known: u8,
    },
    /// A body it points at was not given.
    #[error("journal record points at a body that is not in the store: {0}")]
    MissingBody(Hash),
}

/// A record, and when it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// When.
    pub at: Time,
    /// What.
    pub record: Record,
}

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// The session begins.
    Opened(Opened),
    /// A request is taken on.
    RunStarted(Arc<RunStarted>),
    /// A model call is about to leave; on disk before it does.
    CallStarted(Arc<CallStarted>),
    /// No target was left for the run's next call.
    NowhereToGo {
        /// Every target considered, and why each was refused.
        plan: Plan,
    },
    /// A cloud said something.
    Heard {
        /// Its words, in order.
        deltas: Vec<Delta>,
    },
    /// A model call is over, with what it consumed.
    CallEnded {
        /// Which.
        call: CallNo,
        /// How.
        end: CallEnd,
        /// What it consumed; `None` when it certainly consumed nothing.
        usage: Option<Usage>,
    },
    /// The run is over.
    RunEnded {
        /// How.
        status: RunStatus,
    },
    /// Items were put into the conversation outside a run.
    ItemsAdded {
        /// The number of the first; the others count on.
        first_item: u32,
        /// They.
        items: Vec<Arc<Item>>,
    },
    /// An item was taken out.
    ItemRemoved {
        /// Which.
        id: ItemId,
    },
    /// The client's labels were replaced.
    MetadataSet {
        /// A JSON object.
        metadata: Option<Json>,
    },
    /// A response was deleted: it can no longer be read back by its id.
    RunErased {
        /// Which run.
        run: u32,
    },
    /// Another session continues from one of its runs, and needs what stood then.
    Forked {
        /// Which.
        child: SessionId,
    },
    /// The client deleted it; what its forks need stays.
    Deleted,
    /// The process came back and found the run unfinished.
    Recovered,
}

impl Record {
    /// Whether the bodies that its stored form points at are what somebody said. Those of plans and decisions are
    /// not.
    #[must_use]
    pub fn bodies_are_content(&self) -> bool {
        match self {
            Record::RunStarted(_) | Record::ItemsAdded { .. } => true,
            Record::CallStarted(_) | Record::NowhereToGo { .. } => false,
            Record::Opened(_)
            | Record::Heard { .. }
            | Record::CallEnded { .. }
            | Record::RunEnded { .. }
            | Record::ItemRemoved { .. }
            | Record::MetadataSet { .. }
            | Record::RunErased { .. }
            | Record::Forked { .. }
            | Record::Deleted
            | Record::Recovered => false,
        }
    }
}

/// How a session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Whose it is: the wall between tenants.
    pub owner: String,
    /// Whether content is kept. Otherwise records hold decisions, plans and usage without content.
    pub kept: bool,
    /// Whether the client made it as a conversation, to be addressed by its id.
    pub named: bool,
    /// The run whose conversation it continues: what came up to that run's end is inherited.
    pub parent: Option<RunId>,
    /// The client's labels, a JSON object.
    pub metadata: Option<Json>,
}

/// What a run is asked to do, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStarted {
    /// Counts runs of the session from 1.
    pub run: u32,
    /// The number of its first input item; items of the session count on from here.
    pub first_item: u32,
    /// The model, route or agent asked for.
    pub model: ModelName,
    /// What is asked, apart from the items.
    pub params: Arc<Params>,
    /// Instructions of the agent, which come before the client's.
    pub preface: Option<Arc<str>>,
    /// The version of the agent, when one was asked for.
    pub agent: Option<Hash>,
    /// The items the client sent.
    pub input: Vec<Arc<Item>>,
    /// The run it continues, when the client said so.
    pub previous: Option<RunId>,
    /// Whether the client named the conversation.
    pub in_conversation: bool,
    /// Whether the door can show a cut item followed by its replacement.
    pub splices: bool,
    /// The client's labels for the run, a JSON object.
    pub metadata: Option<Json>,
    /// The short name of the key that asked.
    pub key: String,
    /// The buyer.
    pub customer: Customer,
    /// The buyer's segment, for the agreements.
    pub segment: Option<Segment>,
    /// The buyer's country, for the agreements.
    pub territory: Option<Territory>,
}

/// Everything known at the moment a call leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStarted {
    /// Counts calls of the session from 1.
    pub call: CallNo,
    /// Every target considered, and why it was ranked or refused.
    pub plan: Plan,
    /// The cloud it goes to.
    pub cloud: Cloud,
    /// The cloud's name for the model.
    pub model: String,
    /// What is served.
    pub product: Product,
    /// Through which route.
    pub channel: Channel,
    /// Why it may.
    pub decision: Decision,
    /// Hash of parameters and conversation up to this call.
    pub prefix: Hash,
    /// Bytes of content sent: the estimate of input should the cloud never report.
    pub prompt_bytes: u64,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEnd {
    /// The cloud said so.
    Whole,
    /// It failed.
    Fault(Fault),
    /// The process died while it was under way.
    Lost,
    /// The client cancelled it, or went away.
    Cancelled,
}

/// The stored bytes of `stamped`, with bodies that live once moved into `blobs`.
///
/// With `content` false, what the client and the model said is left out, and what a cloud said about it: the
/// record of a session that is not kept.
#[must_use]
pub fn encode(stamped: &Stamped, content: bool, blobs: &mut Blobs) -> Vec<u8> {
    Lately::default().encode(stamped, content, blobs)
}

/// Reads stored bytes back, taking bodies from `blobs`.
///
/// # Errors
/// When the bytes are damaged or newer, or a body is missing.
pub fn decode(bytes: &[u8], blobs: &Blobs) -> Result<Stamped, DecodeError> {
    stored::decode(bytes, blobs)
}

/// The bodies that a stored record points at.
///
/// # Errors
/// When the bytes are damaged or newer.
pub fn references(bytes: &[u8]) -> Result<Vec<Hash>, DecodeError> {
    stored::references(bytes)
}

/// The hash of an item's content.
#[must_use]
pub fn item_hash(item: &Item) -> Hash {
    Hash::of(&stored::item_bytes(item))
}

/// The hash of a call's parameters.
#[must_use]
pub fn params_hash(params: &Params) -> Hash {
    Hash::of(&stored::params_bytes(params))
}

//! What enters the machine and what it asks for.

use crate::record::Stamped;
use abide_model::Hash;
use abide_model::call::Delta;
use abide_model::decision::Decision;
use abide_model::event::{Event, RunError};
use abide_model::fault::Fault;
use abide_model::id::{CallNo, ItemId, RunId, SessionId};
use abide_model::item::{Item, Json};
use abide_model::line::UsageLine;
use abide_model::name::{Customer, Segment, Territory};
use abide_model::plan::Plan;
use abide_model::target::Target;
use abide_model::want::Wanted;
use std::sync::Arc;

/// A request, with what its door and its key add to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// What the client wants.
    pub wanted: Wanted,
    /// Instructions of the agent that was asked for.
    pub preface: Option<Arc<str>>,
    /// The version of that agent.
    pub agent: Option<Hash>,
    /// Whether the door can show a cut item followed by its replacement.
    pub splices: bool,
    /// The short name of the key that asked.
    pub key: String,
    /// The buyer.
    pub customer: Customer,
    /// The buyer's segment, for the agreements.
    pub segment: Option<Segment>,
    /// The buyer's country, for the agreements.
    pub territory: Option<Territory>,
}

/// The target a call goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// It.
    pub target: Arc<Target>,
    /// Why it may.
    pub decision: Decision,
}

/// What enters the machine. Each carries facts from outside; the machine looks nothing up.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A client asks for a run.
    Asked(Box<Asked>),
    /// The plan for the next call: where it goes, or why it goes nowhere.
    Planned {
        /// Every target considered.
        plan: Plan,
        /// The best of them, or the error to end the run with.
        choice: Result<Box<Choice>, RunError>,
    },
    /// The cloud said something.
    Heard(Vec<Delta>),
    /// The call is over.
    CallEnded(Result<(), Fault>),
    /// The client cancels the run, or went away from one that is not kept.
    Cancel,
    /// The process came back and found the run unfinished.
    Recovered,
    /// A client puts items into the conversation.
    AddItems(Vec<Item>),
    /// A client takes an item out.
    RemoveItem(ItemId),
    /// A client replaces the labels.
    SetMetadata(Option<Json>),
    /// A client deletes a response.
    EraseRun(u32),
    /// Another session is to continue from one of the runs.
    Fork(SessionId),
    /// A client deletes the conversation, which others continue from.
    Delete,
}

/// Records that go to the journal in one commit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Append {
    /// Head before them.
    pub expect: u64,
    /// They, in order.
    pub records: Vec<Stamped>,
    /// Whether they must be on disk before anything follows, not only with the kernel.
    pub durable: bool,
    /// Whether a run remains unfinished after them.
    pub open: bool,
    /// Usage posted in the same commit; not priced yet.
    pub lines: Vec<UsageLine>,
}

/// What the machine asks for, to be carried out in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write to the journal, and wait.
    Append(Append),
    /// Tell whoever follows the run.
    Emit(Vec<Event>),
    /// Decide and plan the run's next call, and come back with [`Input::Planned`].
    Plan {
        /// Which run.
        run: RunId,
        /// Targets that failed in it, as (cloud, the cloud's name for the model).
        tried: Vec<(abide_model::name::Cloud, String)>,
        /// The last failure, for the error should nothing be left.
        last: Option<Fault>,
    },
    /// Send the call, and come back with [`Input::Heard`] and [`Input::CallEnded`].
    Call {
        /// Which.
        call: CallNo,
        /// Where to.
        target: Arc<Target>,
    },
    /// Let go of a call under way.
    Stop {
        /// Which.
        call: CallNo,
    },
}

/// Why an input is not taken. An answer to the client, not a failure of Abide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A tool's result names a call that the conversation does not hold.
    #[error("no tool call with id `{call_id}` in this conversation; its result was never asked for")]
    UnknownCall {
        /// The id.
        call_id: String,
    },
    /// A tool call has its result already.
    #[error("tool call `{call_id}` was answered already")]
    AnsweredTwice {
        /// The id.
        call_id: String,
    },
    /// The model waits for results that the client did not send.
    #[error("no output for tool call `{}`; send a result for each call before going on", call_ids.join("`, `"))]
    Unanswered {
        /// The ids.
        call_ids: Vec<String>,
    },
    /// Another run is at work in this session.
    #[error("response `{run}` is still at work in this conversation; wait for it or cancel it")]
    Busy {
        /// Which.
        run: RunId,
    },
    /// No such run, or it was deleted.
    #[error("response `{run}` does not exist or was deleted")]
    UnknownRun {
        /// Which.
        run: RunId,
    },
    /// No such item.
    #[error("item `{id:?}` is not in this conversation")]
    UnknownItem {
        /// Which.
        id: ItemId,
    },
    /// The run is over.
    #[error("response `{run}` has ended ({status}) and cannot be cancelled")]
    Ended {
        /// Which.
        run: RunId,
        /// How.
        status: &'static str,
    },
    /// The conversation holds as many items as it may.
    #[error("a conversation holds at most {max} items; this one would hold {items}")]
    TooManyItems {
        /// How many it would hold.
        items: usize,
        /// How many it may.
        max: usize,
    },
}

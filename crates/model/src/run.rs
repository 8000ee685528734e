//! A run as a client reads it back.

use crate::Time;
use crate::event::RunStatus;
use crate::id::{ItemId, RunId, SessionId};
use crate::item::{Item, ItemStatus, Json};
use crate::name::ModelName;
use crate::prompt::Params;
use crate::usage::Usage;
use std::sync::Arc;

/// An item at its place in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its identity.
    pub id: ItemId,
    /// What it is.
    pub item: Arc<Item>,
    /// Whether it is whole.
    pub status: ItemStatus,
}

/// One run, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    /// Its identity.
    pub id: RunId,
    /// When it was asked for.
    pub created_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// The model as the client named it.
    pub model: ModelName,
    /// How far it has come.
    pub status: RunStatus,
    /// What was asked, apart from the items.
    pub params: Arc<Params>,
    /// The items the client sent with it.
    pub input: Vec<Placed>,
    /// The items it produced, partial ones included.
    pub output: Vec<Placed>,
    /// What all its calls consumed; `None` when it made none.
    pub usage: Option<Usage>,
    /// The conversation the client named; `None` when it named none.
    pub conversation: Option<SessionId>,
    /// The run it continues, when the client said so.
    pub previous: Option<RunId>,
    /// Whether it can be read back later.
    pub stored: bool,
    /// The client's own labels, a JSON object.
    pub metadata: Option<Json>,
}

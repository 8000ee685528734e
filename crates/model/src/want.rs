//! What a client asked for, whichever door it came through.

use crate::id::{RunId, SessionId};
use crate::item::{Item, Json};
use crate::name::ModelName;
use crate::prompt::Params;

/// One request, translated from its door's format and checked for shape, not yet for rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The model, route or agent asked for.
    pub model: ModelName,
    /// What is asked, apart from the items.
    pub params: Params,
    /// The items the client sends along, in order.
    pub items: Vec<Item>,
    /// The conversation to continue.
    pub conversation: Option<SessionId>,
    /// The run to continue; never together with `conversation`.
    pub previous: Option<RunId>,
    /// Whether it can be read back and continued later. A request that is not kept still is decided, planned,
    /// metered and journaled, without its content.
    pub keep: bool,
    /// Whether the answer is wanted as a stream.
    pub stream: bool,
    /// Whether the client does not wait for the end.
    pub background: bool,
    /// The client's own labels, a JSON object.
    pub metadata: Option<Json>,
}

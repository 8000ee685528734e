//! Why the engine does not do what a client asks: the errors of [`crate::Handle`].

use abide_model::event::RunError;
use abide_model::id::{ItemId, RunId, SessionId};
use abide_model::name::ModelName;
use abide_session::Rejection;
use abide_store::StoreError;

/// An answer a client can read and act on. `server::problem` maps each to a status.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// No key was given.
    #[error("no API key was given; send it as `Authorization: Bearer KEY`")]
    NoKey,
    /// The key is not known, or was revoked or has expired.
    #[error("the API key is not valid: {why}")]
    BadKey {
        /// `unknown`, `revoked`, `expired`.
        why: &'static str,
    },
    /// No such model, route or agent.
    #[error("the model `{model}` does not exist{}", suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default())]
    UnknownModel {
        /// The name asked for.
        model: ModelName,
        /// A near name.
        suggestion: Option<ModelName>,
    },
    /// No such conversation for this caller, or it was deleted.
    #[error("conversation `{0}` does not exist or was deleted")]
    UnknownConversation(SessionId),
    /// No such response for this caller, or it was deleted, or it was not stored.
    #[error("response `{0}` does not exist, was deleted, or was not stored")]
    UnknownResponse(RunId),
    /// No such item in the conversation.
    #[error("item `{}` is not in this conversation", .0.with_prefix("item"))]
    UnknownItem(ItemId),
    /// The session machine does not take it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A run ended before anything of it was shown: refused by the agreements, or no cloud could serve it.
    #[error("{}", .0.message)]
    Run(RunError),
    /// The store did not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error("the journal of `{session}` cannot be read: {reason}")]
    Journal {
        /// Whose journal.
        session: SessionId,
        /// What is wrong with it.
        reason: String,
    },
    /// A limit of the engine.
    #[error("{what} is at its limit of {limit}; try again shortly")]
    Limit {
        /// What is full.
        what: &'static str,
        /// How much it holds.
        limit: usize,
    },
    /// A fork of a fork of a fork, as often as there may be.
    #[error("this response is {max} forks away from its first, which is the most; continue the latest one")]
    Forks {
        /// How many there may be.
        max: usize,
    },
    /// The process is shutting down.
    #[error("Abide is shutting down; try again on another node or shortly")]
    ShuttingDown,
}

impl Refused {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Refused::NoKey => "missing_api_key",
            Refused::BadKey { .. } => "invalid_api_key",
            Refused::UnknownModel { .. } => "model_not_found",
            Refused::UnknownConversation(_) => "conversation_not_found",
            Refused::UnknownResponse(_) => "response_not_found",
            Refused::UnknownItem(_) => "item_not_found",
            Refused::Rejected(Rejection::UnknownCall { .. }) => "unknown_tool_call",
            Refused::Rejected(Rejection::AnsweredTwice { .. }) => "tool_call_answered_twice",
            Refused::Rejected(Rejection::Unanswered { .. }) => "tool_output_missing",
            Refused::Rejected(Rejection::Busy { .. }) => "conversation_busy",
            Refused::Rejected(Rejection::UnknownRun { .. }) => "response_not_found",
            Refused::Rejected(Rejection::UnknownItem { .. }) => "item_not_found",
            Refused::Rejected(Rejection::Ended { .. }) => "response_ended",
            Refused::Rejected(Rejection::TooManyItems { .. }) => "too_many_items",
            Refused::Run(error) => &error.code,
            Refused::Store(error) => error.code(),
            Refused::Journal { .. } => "journal_unreadable",
            Refused::Limit { .. } => "overloaded",
            Refused::Forks { .. } => "too_many_forks",
            Refused::ShuttingDown => "shutting_down",
        }
    }
}

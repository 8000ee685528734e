//! Runs sessions: decides, plans, calls, journals and settles, behind one door, [`Handle`].
//!
//! The session machine says what is to be done; this room does it, in order, and brings the answers back. Knows
//! nothing of HTTP towards clients.

mod decide;
mod engine;
mod handle;
pub mod key;
mod live;
mod load;
mod metrics;
mod recorded;
mod refused;
mod settle;
mod setup;
mod transcript;

pub use decide::in_words as refusal_in_words;
pub use engine::{Engine, OpenError, Options};
pub use handle::{Calling, ConversationView, Door, Following, Handle, ModelEntry, Running, Update};
pub use key::{KeyWish, MadeKey, Principal, ShownKey};
pub use live::Updates;
pub use metrics::{Metrics, Outcomes};
pub use recorded::recorded_decisions;
pub use refused::Refused;
pub use settle::{Books, Progress, SettleError};
pub use setup::{Agent, Limits, Model, Setup, Sync};
pub use transcript::{Transcript, TranscriptCall, TranscriptRun};

/// Where keys are made, also beside a running engine.
pub use abide_store::KeyFile;
/// What a [`Setup`] is made of.
pub use abide_upstream::{Auth, BadBase, Base, Endpoint, Waits};

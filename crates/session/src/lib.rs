//! The session machine: one conversation, worked one run at a time over an append-only journal.
//!
//! [`Session::handle`] takes an input and the time and returns effects in the order they must be carried out;
//! whatever a client sees stands in the journal first. State changes only by applying records, so that a replay
//! gives the same state and the same events as the live run did. Knows nothing of stores, clouds or clocks.
#![deny(clippy::wildcard_enum_match_arm)]

mod effect;
pub mod fold;
mod front;
mod machine;
pub mod record;
mod run;
mod session;
pub mod snapshot;
#[cfg(test)]
mod tests;

pub use effect::{Append, Asked, Choice, Effect, Input, Rejection};
pub use machine::{CALLS_PER_RUN_MAX, ITEMS_MAX, RECOVERIES_PER_RUN_MAX, error_of, events_of};
pub use record::{Record, Stamped};
pub use run::{CallNote, Outcome, Show};
pub use session::{Opening, Session};

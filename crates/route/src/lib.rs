//! Chooses which targets a call may go to, in which order, and says why.
//!
//! Pure: the same candidates, health, need and time give the same plan. Knows nothing of HTTP, and does not
//! decide what the agreements allow; it takes their answer as it is.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod health;
pub mod need;
mod plan;

pub use health::Health;
pub use need::{Need, need};
pub use plan::{Candidate, plan};

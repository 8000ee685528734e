//! The words every other room shares: names, ids, time, money, items, events, usage, decisions.
//!
//! Pure values. Nothing here reads a clock, opens a file, or knows a vendor's wire format; vendor formats are
//! translated to and from these types in `wire`, stored forms in each room's `record`.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod call;
pub mod decision;
pub mod digits;
pub mod event;
pub mod fault;
pub mod hash;
pub mod id;
pub mod item;
pub mod line;
pub mod money;
pub mod name;
pub mod near;
pub mod plan;
pub mod prompt;
pub mod run;
pub mod scenario;
pub mod secret;
pub mod target;
pub mod terms;
pub mod usage;
pub mod want;

pub use hash::Hash;
pub use jiff::Timestamp as Time;
pub use jiff::civil::Date;

//! Every wire format Abide speaks, as bytes to and from the words of `model`.
//!
//! Knows nothing of sockets, clocks or files. Formats meet only in `model`: no format imports another.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod client;
pub mod eventstream;
pub mod provider;
pub mod sign;
pub mod sse;

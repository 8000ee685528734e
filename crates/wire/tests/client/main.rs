//! What clients send and read, tried from outside the crate.
#![expect(clippy::disallowed_methods, reason = "fixtures are files")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing field of JSON reads as null, a missing entry fails the test"
)]

mod answers;
mod laws;
mod made;
mod refusals;
mod requests;

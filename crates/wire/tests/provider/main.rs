//! The provider side of the wire: prompts out, answers in, one folder a case.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod answers;
mod laws;
mod requests;

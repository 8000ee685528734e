//! What clients speak: OpenAI's Responses, Conversations, Chat Completions and model list.
//!
//! Bytes of a request become the words of `model`; runs, items and events become bytes of an answer. Knows nothing
//! of HTTP, of who asks, or of what a cloud speaks. Paths, headers and statuses belong to the server.

pub mod chat;
pub mod conversations;
pub mod error;
pub mod models;
pub mod page;
pub mod responses;

mod frame;
mod items;
mod params;
mod read;
mod write;

pub use error::{Problem, encode_error};

//! Items of Responses and Conversations: the same JSON in a request, in an answer, in a list.

mod decode;
mod encode;

pub(super) use decode::{ITEMS_MAX, items};
pub(super) use encode::{OPENAI, Seals, item, list, part, reasoning_text, summary_text};

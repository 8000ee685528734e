//! What a cloud says while it answers: the stream of one model call, whatever its wire format.
//!
//! A decoder yields items in order; item `n` is the call's `n`-th, from 0. An item that has started is closed by
//! `ItemDone`, by the next item's start where the vendor never says so, or by the end of the call.

use crate::item::Signature;
use crate::usage::Tokens;

/// What kind of item begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemStart {
    /// A message of the assistant.
    Message,
    /// A call of a tool.
    ToolCall {
        /// Pairs it with its result.
        call_id: String,
        /// Which tool.
        name: String,
    },
    /// Thinking.
    Reasoning,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finish {
    /// It was done.
    Stop,
    /// It wants tools called.
    ToolCalls,
    /// The output limit was hit.
    Length,
    /// The cloud's filter cut the output.
    ContentFilter,
}

impl Finish {
    /// The word Chat Completions uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Finish::Stop => "stop",
            Finish::ToolCalls => "tool_calls",
            Finish::Length => "length",
            Finish::ContentFilter => "content_filter",
        }
    }

    /// Reads [`Finish::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Finish::Stop, Finish::ToolCalls, Finish::Length, Finish::ContentFilter]
            .into_iter()
            .find(|finish| finish.as_str() == text)
    }
}

/// One change. Texts are whole UTF-8, in the order they arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// Item `index` begins.
    ItemStarted {
        /// Counts items of the call from 0.
        index: u32,
        /// What it is.
        start: ItemStart,
    },
    /// More text of a message.
    Text {
        /// Which item.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// More words of a refusal.
    Refusal {
        /// Which item.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// More of a tool call's arguments.
    Arguments {
        /// Which item.
        index: u32,
        /// The JSON text to append.
        json: String,
    },
    /// More thinking.
    Reasoning {
        /// Which item.
        index: u32,
        /// The text to append.
        text: String,
    },
    /// The proof that closes thinking.
    Signed {
        /// Which item.
        index: u32,
        /// The proof.
        signature: Signature,
    },
    /// Item `index` is whole.
    ItemDone {
        /// Which item.
        index: u32,
    },
    /// The model stopped. Usage may still follow.
    Finished(Finish),
    /// Token counts; a later one replaces an earlier one.
    Usage(Tokens),
}

//! OpenAI's Responses: `POST /v1/responses`, and reading, streaming and listing what came of it.
//!
//! Source: OpenAI's API reference, and the types of its Python SDK 3.51. Fields that the API has and Abide does not
//! serve are refused by name; fields of an answer that Abide has no value for are there as `null`.

mod decode;
mod encode;
mod pieces;
mod retrieve;
mod stream;

pub use decode::decode;
pub use encode::{encode, encode_deleted, encode_input_items};
pub use retrieve::{Retrieve, decode_retrieve};
pub use stream::Stream;

/// Keys of `Params::echo`, under this format's names.
mod echo {
    pub(super) const BACKGROUND: &str = "background";
    pub(super) const INCLUDE: &str = "include";
    pub(super) const MAX_TOOL_CALLS: &str = "max_tool_calls";
}

/// The value of `include` that shows `encrypted_content`.
const INCLUDE_SEALS: &str = "reasoning.encrypted_content";
/// The values of `include` that Abide has nothing to add for.
const INCLUDE_NOTHING: &[&str] = &[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
];
/// The value of `include` that Abide does not serve.
const INCLUDE_LOGPROBS: &str = "message.output_text.logprobs";

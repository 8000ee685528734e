//! OpenAI's Chat Completions: `POST /v1/chat/completions`, whole and streamed.
//!
//! Source: OpenAI's API reference, and the types of its Python SDK 3.51. Fields that the API has and Abide does not
//! serve are refused by name; fields of an answer that Abide has no value for are there as `null`.

mod decode;
mod encode;
mod stream;

pub use decode::{Request, decode};
pub use encode::encode;
pub use stream::Stream;

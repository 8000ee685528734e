//! OpenAI, and every server that is compatible with it: Chat Completions below a base address that ends in `/v1`.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>.

use super::{Outgoing, Unsupported, chat};
use abide_model::prompt::Prompt;

/// Writes a prompt as a Chat Completions request.
pub(super) fn encode(prompt: &Prompt<'_>, model: &str, stream: bool) -> Result<Outgoing, Unsupported> {
    chat::encode("/chat/completions", prompt, model, stream)
}

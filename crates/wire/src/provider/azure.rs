//! Azure OpenAI on its v1 paths: Chat Completions with the deployment as the model and no `api-version`.
//!
//! Source: <https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>. Filter annotations, chunks
//! without choices, and chunks without `delta` are read by the same decoder as everybody's.

use super::{Outgoing, Unsupported, chat};
use abide_model::prompt::Prompt;

/// Writes a prompt as a Chat Completions request to the deployment `model`.
pub(super) fn encode(prompt: &Prompt<'_>, model: &str, stream: bool) -> Result<Outgoing, Unsupported> {
    chat::encode("/openai/v1/chat/completions", prompt, model, stream)
}

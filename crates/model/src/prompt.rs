//! What a model call is asked to do, apart from the conversation itself.

use crate::item::{Item, Json};
use std::collections::BTreeMap;

/// A function the model may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub parameters: Option<Json>,
    /// Whether arguments must follow the schema exactly; `None` when the client left it out.
    pub strict: Option<bool>,
}

/// Whether and which tool the model must use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Named(String),
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Output {
    /// Free text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema {
        /// A name for the schema.
        name: String,
        /// What the answer is for.
        description: Option<String>,
        /// The JSON Schema.
        schema: Json,
        /// Whether the answer must follow it exactly.
        strict: Option<bool>,
    },
}

/// A number the client wrote, kept as its text: `0.7` stays `0.7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(pub String);

/// How the answer is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sampling {
    /// Spread of the distribution, 0 to 2.
    pub temperature: Option<Number>,
    /// Nucleus, 0 to 1.
    pub top_p: Option<Number>,
    /// The most tokens of output, reasoning included.
    pub output_tokens_max: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
}

/// Everything a call is asked to do but the items.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params {
    /// Standing instructions; they come before the items and are not one of them.
    pub instructions: Option<String>,
    /// Functions on offer.
    pub tools: Vec<Tool>,
    /// Which of them must be used.
    pub tool_choice: ToolChoice,
    /// Whether several tools may be asked for at once; `None` when the client left it out.
    pub parallel_tools: Option<bool>,
    /// The form of the answer.
    pub output: Output,
    /// How it is drawn.
    pub sampling: Sampling,
    /// `minimal`, `low`, `medium`, `high`, …: how hard to think, in the client's word.
    pub reasoning_effort: Option<String>,
    /// `auto`, `concise`, `detailed`: which summary of the thinking to show.
    pub reasoning_summary: Option<String>,
    /// Fields of the client's dialect that only the same dialect can carry (`seed`, `logit_bias`,
    /// `service_tier`, …), by their name in Chat Completions, which is also how a cloud of that dialect is sent
    /// them.
    pub rest: BTreeMap<String, Json>,
    /// Fields that only the client's own door reads back (`background`, `include`, …), by their name in that
    /// door. No cloud is sent them.
    pub echo: BTreeMap<String, Json>,
}

/// One whole prompt, borrowed from a session.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// What is asked.
    pub params: &'a Params,
    /// The conversation so far.
    pub items: &'a [&'a Item],
}

impl Prompt<'_> {
    /// Bytes of content: the estimate of input when a cloud reports none.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tools: usize = self.params.tools.iter().map(tool_bytes).sum();
        let instructions = self.params.instructions.as_ref().map_or(0, String::len);
        instructions + tools + self.items.iter().map(|item| item.bytes()).sum::<usize>()
    }
}

fn tool_bytes(tool: &Tool) -> usize {
    tool.name.len()
        + tool.description.as_ref().map_or(0, String::len)
        + tool.parameters.as_ref().map_or(0, |schema| schema.as_str().len())
}

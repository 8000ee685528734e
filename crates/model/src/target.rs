//! Where a call can go: one model at one cloud.

use crate::name::{Channel, Cloud, Product};
use std::fmt;
use std::sync::Arc;

/// The wire format a cloud speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// OpenAI's Chat Completions, and whatever is compatible with it.
    OpenAi,
    /// Azure OpenAI, v1 paths.
    Azure,
    /// AWS Bedrock Converse and ConverseStream.
    Bedrock,
}

impl Dialect {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::OpenAi => "openai",
            Dialect::Azure => "azure",
            Dialect::Bedrock => "bedrock",
        }
    }

    /// Reads [`Dialect::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Dialect::OpenAi, Dialect::Azure, Dialect::Bedrock].into_iter().find(|d| d.as_str() == text)
    }
}

/// What a target can do beyond text; what is missing refuses a request that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Function tools.
    pub tools: bool,
    /// JSON answers of a given schema.
    pub json_schema: bool,
    /// Pictures in messages.
    pub images: bool,
}

/// One model at one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The cloud.
    pub cloud: Cloud,
    /// The cloud's own name for the model: a deployment, a model id, an ARN.
    pub model: Arc<str>,
    /// How to speak to it.
    pub dialect: Dialect,
    /// The route to the customer that the agreements speak of.
    pub channel: Channel,
    /// What is served, for the agreements and the price book.
    pub product: Product,
    /// What it can do.
    pub can: Capabilities,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cloud, self.model)
    }
}

//! The parts of a conversation, in no vendor's shape.

use std::sync::Arc;

/// JSON kept as the text it arrived in, so that what is sent twice is sent byte for byte the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Json(Arc<str>);

impl Json {
    /// Wraps text that the caller has parsed as JSON.
    #[must_use]
    pub fn from_parsed(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The operator's standing instructions.
    System,
    /// The application's instructions; a system message where a cloud knows no other.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The word OpenAI's formats use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }

    /// Reads [`Role::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Role::System, Role::Developer, Role::User, Role::Assistant]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// What a picture counts for in estimates, in bytes of text: about a thousand tokens.
pub const IMAGE_BYTES: usize = 4_000;

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// At an address the cloud fetches.
    Url(String),
    /// In the request.
    Inline {
        /// `image/png` and the like.
        media_type: String,
        /// Base64 (RFC 4648) of the bytes.
        base64: String,
    },
}

/// A piece of a message or of a tool's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// The model's words for declining.
    Refusal(String),
    /// A picture.
    Image {
        /// Where it is.
        source: ImageSource,
        /// `low`, `high` or `auto`, when the client said.
        detail: Option<String>,
    },
}

impl Part {
    /// The words of a text or a refusal.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Part::Text(text) | Part::Refusal(text) => Some(text),
            Part::Image { .. } => None,
        }
    }

    /// Bytes the part counts for where tokens are estimated; a picture counts for [`IMAGE_BYTES`] whatever its size.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Part::Text(text) | Part::Refusal(text) => text.len(),
            Part::Image { .. } => IMAGE_BYTES,
        }
    }
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What, in order.
    pub parts: Vec<Part>,
}

/// The model's wish to have a tool called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Pairs the call with its result; chosen by the cloud that made it.
    pub call_id: String,
    /// Which tool.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, possibly not valid.
    pub arguments: String,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    /// The call it answers.
    pub call_id: String,
    /// The answer, in order.
    pub parts: Vec<Part>,
}

/// The model's thinking, as far as its cloud shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reasoning {
    /// Summaries meant for people.
    pub summary: Vec<String>,
    /// The thinking itself, where it is shown.
    pub text: String,
    /// An opaque proof that only the vendor who made it can read.
    pub signature: Option<Signature>,
}

/// Opaque reasoning state of one vendor; sent back to that vendor alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Who can read it: `openai`, `anthropic`, `google`, …
    pub vendor: String,
    /// What to send back, unaltered.
    pub payload: String,
}

/// One part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Somebody spoke.
    Message(Message),
    /// The model asks for a tool.
    ToolCall(ToolCall),
    /// A tool answered.
    ToolResult(ToolResult),
    /// The model thought.
    Reasoning(Reasoning),
}

impl Item {
    /// A message of one text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Item::Message(Message { role, parts: vec![Part::Text(text.into())] })
    }

    /// The prefix of its id: `msg`, `fc`, `fco`, `rs`.
    #[must_use]
    pub fn id_prefix(&self) -> &'static str {
        match self {
            Item::Message(_) => "msg",
            Item::ToolCall(_) => "fc",
            Item::ToolResult(_) => "fco",
            Item::Reasoning(_) => "rs",
        }
    }

    /// Bytes of content, for estimates of tokens.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Item::Message(message) => message.parts.iter().map(Part::bytes).sum(),
            Item::ToolCall(call) => call.name.len() + call.arguments.len(),
            Item::ToolResult(result) => result.parts.iter().map(Part::bytes).sum(),
            Item::Reasoning(reasoning) => {
                reasoning.text.len() + reasoning.summary.iter().map(String::len).sum::<usize>()
            }
        }
    }
}

/// Whether an item got to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemStatus {
    /// It is being produced.
    InProgress,
    /// It is whole.
    Completed,
    /// It was cut off; a later item may take its place.
    Incomplete,
}

impl ItemStatus {
    /// The word OpenAI's formats use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ItemStatus::InProgress => "in_progress",
            ItemStatus::Completed => "completed",
            ItemStatus::Incomplete => "incomplete",
        }
    }
}

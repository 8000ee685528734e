//! A conversation as Converse wants it: two sides in strict turns, each a list of content blocks.

use super::REDACTED;
use crate::provider::Unsupported;
use crate::provider::json::{Array, Object};
use crate::provider::names::{Names, fit};
use abide_model::item::{ImageSource, Item, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The longest id of a tool call, in bytes.
const CALL_ID_BYTES_MAX: usize = 64;

/// A conversation sorted into what Converse takes apart.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// Standing instructions; Converse has no place for them between turns.
    pub(super) system: Vec<&'a str>,
    turns: Vec<Turn<'a>>,
    /// Whether a detail level of a picture was left out.
    pub(super) detail_dropped: bool,
}

#[derive(Debug)]
struct Turn<'a> {
    side: Side,
    blocks: Vec<Block<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    User,
    Assistant,
}

#[derive(Debug)]
enum Block<'a> {
    Text(&'a str),
    Image { format: &'static str, base64: &'a str },
    Call(&'a ToolCall),
    Result { call_id: &'a str, blocks: Vec<Block<'a>> },
    Thinking { text: &'a str, signature: &'a str },
    Redacted(&'a str),
}

impl<'a> Conversation<'a> {
    /// Sorts the items. Thinking stays only where `vendor` can read its signature.
    pub(super) fn of(items: &[&'a Item], vendor: &str) -> Result<Self, Unsupported> {
        let mut conversation = Conversation::default();
        for item in items {
            match item {
                Item::Message(message) => conversation.message(message)?,
                Item::ToolCall(call) => conversation.add(Side::Assistant, Block::Call(call)),
                Item::ToolResult(result) => conversation.result(result)?,
                Item::Reasoning(reasoning) => {
                    if let Some(block) = thinking(reasoning, vendor) {
                        conversation.add(Side::Assistant, block);
                    }
                }
            }
        }
        conversation.arrange()?;
        Ok(conversation)
    }

    /// Names of the tools that the conversation has called, each once, in order.
    pub(super) fn called(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for block in self.turns.iter().flat_map(|turn| &turn.blocks) {
            match block {
                Block::Call(call) if !names.contains(&call.name.as_str()) => names.push(&call.name),
                Block::Call(_)
                | Block::Text(_)
                | Block::Image { .. }
                | Block::Result { .. }
                | Block::Thinking { .. }
                | Block::Redacted(_) => {}
            }
        }
        names
    }

    /// Writes the turns.
    pub(super) fn write(&self, list: &mut Array<'_>, names: &Names) {
        for turn in &self.turns {
            list.object(|message| {
                let role = match turn.side {
                    Side::User => "user",
                    Side::Assistant => "assistant",
                };
                message.text("role", role);
                message.array("content", |content| {
                    turn.blocks.iter().for_each(|block| block.write(content, names));
                });
            });
        }
    }

    fn message(&mut self, message: &'a Message) -> Result<(), Unsupported> {
        let side = match message.role {
            Role::System | Role::Developer => {
                for part in &message.parts {
                    let Some(text) = part.text() else {
                        return Err(Unsupported::new(
                            "messages.content",
                            "Converse takes no pictures as system",
                        ));
                    };
                    self.system.extend(Some(text).filter(|text| !text.trim().is_empty()));
                }
                return Ok(());
            }
            Role::User => Side::User,
            Role::Assistant => Side::Assistant,
        };
        for part in &message.parts {
            if let Some(block) = self.part(part)? {
                self.add(side, block);
            }
        }
        Ok(())
    }

    fn result(&mut self, result: &'a ToolResult) -> Result<(), Unsupported> {
        let mut blocks = Vec::new();
        for part in &result.parts {
            blocks.extend(self.part(part)?);
        }
        if blocks.is_empty() {
            // Blank text is refused and models expect a result to hold something.
            blocks.push(Block::Text("(no output)"));
        }
        self.add(Side::User, Block::Result { call_id: &result.call_id, blocks });
        Ok(())
    }

    /// A block, or nothing where the text is blank: Converse refuses those.
    fn part(&mut self, part: &'a Part) -> Result<Option<Block<'a>>, Unsupported> {
        match part {
            Part::Text(text) | Part::Refusal(text) => {
                Ok(Some(Block::Text(text)).filter(|_| !text.trim().is_empty()))
            }
            Part::Image { source, detail } => {
                self.detail_dropped |= detail.as_deref().is_some_and(|detail| detail != "auto");
                image(source).map(Some)
            }
        }
    }

    fn add(&mut self, side: Side, block: Block<'a>) {
        match self.turns.last_mut() {
            Some(turn) if turn.side == side => turn.blocks.push(block),
            Some(_) | None => self.turns.push(Turn { side, blocks: vec![block] }),
        }
    }

    /// Puts blocks where models accept them, and checks who begins.
    fn arrange(&mut self) -> Result<(), Unsupported> {
        for turn in &mut self.turns {
            match turn.side {
                // Results answer the turn before, so they stand before anything else the user says.
                Side::User => turn.blocks.sort_by_key(|block| !block.is_result()),
                // Thinking that led to nothing is what a cut left behind; no turn may end in it.
                Side::Assistant => {
                    while turn.blocks.last().is_some_and(Block::is_thinking) {
                        turn.blocks.pop();
                    }
                }
            }
        }
        self.turns.retain(|turn| !turn.blocks.is_empty());
        self.merge();
        match self.turns.first() {
            Some(Turn { side: Side::User, .. }) => Ok(()),
            Some(Turn { side: Side::Assistant, .. }) => {
                Err(Unsupported::new("messages", "Converse wants the user to speak first"))
            }
            None => {
                Err(Unsupported::new("messages", "Converse wants at least one message that is not blank"))
            }
        }
    }

    fn merge(&mut self) {
        let mut merged: Vec<Turn<'a>> = Vec::with_capacity(self.turns.len());
        for turn in std::mem::take(&mut self.turns) {
            match merged.last_mut() {
                Some(last) if last.side == turn.side => last.blocks.extend(turn.blocks),
                Some(_) | None => merged.push(turn),
            }
        }
        self.turns = merged;
    }
}

impl Block<'_> {
    fn is_result(&self) -> bool {
        matches!(self, Block::Result { .. })
    }

    fn is_thinking(&self) -> bool {
        matches!(self, Block::Thinking { .. } | Block::Redacted(_))
    }

    fn write(&self, list: &mut Array<'_>, names: &Names) {
        list.object(|out| match self {
            Block::Text(text) => out.text("text", text),
            Block::Image { format, base64 } => out.object("image", |image| {
                image.text("format", format);
                image.object("source", |source| source.text("bytes", base64));
            }),
            Block::Call(call) => out.object("toolUse", |out| {
                out.text("toolUseId", &call_id(&call.call_id));
                out.text("name", names.sent(&call.name));
                input(out, &call.arguments);
            }),
            Block::Result { call_id: id, blocks } => out.object("toolResult", |out| {
                out.text("toolUseId", &call_id(id));
                out.array("content", |list| blocks.iter().for_each(|block| block.write(list, names)));
            }),
            Block::Thinking { text, signature } => out.object("reasoningContent", |out| {
                out.object("reasoningText", |out| {
                    out.text("text", text);
                    out.text("signature", signature);
                });
            }),
            Block::Redacted(payload) => {
                out.object("reasoningContent", |out| out.text("redactedContent", payload));
            }
        });
    }
}

/// The id as Converse allows it. Only the pairing matters, and the same id always becomes the same.
fn call_id(id: &str) -> Cow<'_, str> {
    fit(id, CALL_ID_BYTES_MAX, |byte| matches!(byte, b'_' | b'-' | b'.' | b':'))
}

/// `input` must be an object; what a model elsewhere wrote may be none.
fn input(out: &mut Object<'_>, arguments: &str) {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        out.raw("input", "{}");
    } else if arguments.starts_with('{') && serde_json::from_str::<&RawValue>(arguments).is_ok() {
        out.raw("input", arguments);
    } else {
        out.object("input", |wrapped| wrapped.text("arguments", arguments));
    }
}

fn thinking<'a>(reasoning: &'a Reasoning, vendor: &str) -> Option<Block<'a>> {
    let Signature { vendor: signer, payload } = reasoning.signature.as_ref()?;
    if signer == vendor {
        return Some(Block::Thinking { text: &reasoning.text, signature: payload });
    }
    (signer.strip_suffix(REDACTED)? == vendor).then_some(Block::Redacted(payload))
}

fn image(source: &ImageSource) -> Result<Block<'_>, Unsupported> {
    let (media_type, base64) = match source {
        ImageSource::Inline { media_type, base64 } => (media_type.as_str(), base64.as_str()),
        ImageSource::Url(url) => url
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(";base64,"))
            .ok_or_else(|| Unsupported::new("image_url", "Converse fetches no pictures; send the bytes"))?,
    };
    let format = match media_type {
        "image/png" => "png",
        "image/jpeg" | "image/jpg" => "jpeg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        other => {
            let reason = format!("Converse takes PNG, JPEG, GIF and WebP, not `{other}`");
            return Err(Unsupported::new("image_url", reason));
        }
    };
    Ok(Block::Image { format, base64 })
}

//! The events of one output item: its pieces open, grow and close.
//!
//! A piece that the stream did not show in full is shown before it closes, so that deltas always add up to it.

use super::stream::Frames;
use crate::client::items;
use crate::client::write::Object;
use abide_model::item::{Message, Part, Reasoning, Role, ToolCall};

/// The two kinds of words a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Text,
    Refusal,
}

impl Words {
    pub(super) fn of(part: &Part) -> Option<Self> {
        match part {
            Part::Text(_) => Some(Words::Text),
            Part::Refusal(_) => Some(Words::Refusal),
            Part::Image { .. } => None,
        }
    }

    pub(super) fn empty(self) -> Part {
        match self {
            Words::Text => Part::Text(String::new()),
            Words::Refusal => Part::Refusal(String::new()),
        }
    }
}

/// Which output item, as events name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'w> {
    pub(super) index: u32,
    pub(super) wire_id: &'w str,
}

/// What of `whole` comes after `shown`.
fn rest<'t>(whole: &'t str, shown: &str) -> Option<&'t str> {
    whole.strip_prefix(shown).filter(|rest| !rest.is_empty())
}

impl Place<'_> {
    fn write(self, frames: &mut Frames, out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
        frames.write(out, kind, |body| {
            body.text("item_id", self.wire_id);
            body.count("output_index", u64::from(self.index));
            fill(body);
        });
    }

    pub(super) fn open_part(self, frames: &mut Frames, at: usize, part: &Part, out: &mut Vec<u8>) {
        self.write(frames, out, "response.content_part.added", |body| {
            body.count("content_index", at as u64);
            body.value("part", |out| items::part(out, part, Role::Assistant));
        });
    }

    pub(super) fn delta(self, frames: &mut Frames, at: usize, words: Words, text: &str, out: &mut Vec<u8>) {
        let kind = match words {
            Words::Text => "response.output_text.delta",
            Words::Refusal => "response.refusal.delta",
        };
        self.write(frames, out, kind, |body| {
            body.count("content_index", at as u64);
            body.text("delta", text);
            if words == Words::Text {
                body.raw("logprobs", "[]");
            }
        });
    }

    pub(super) fn close_part(self, frames: &mut Frames, at: usize, part: &Part, out: &mut Vec<u8>) {
        match part {
            Part::Text(text) => self.write(frames, out, "response.output_text.done", |body| {
                body.count("content_index", at as u64);
                body.text("text", text);
                body.raw("logprobs", "[]");
            }),
            Part::Refusal(words) => self.write(frames, out, "response.refusal.done", |body| {
                body.count("content_index", at as u64);
                body.text("refusal", words);
            }),
            Part::Image { .. } => {}
        }
        self.write(frames, out, "response.content_part.done", |body| {
            body.count("content_index", at as u64);
            body.value("part", |out| items::part(out, part, Role::Assistant));
        });
    }

    /// Shows what is still to be shown of a message and closes its last piece. Those before it closed when the
    /// next one opened.
    pub(super) fn close_message(
        self,
        frames: &mut Frames,
        shown: &Message,
        whole: &Message,
        out: &mut Vec<u8>,
    ) {
        let last_shown = shown.parts.len().checked_sub(1);
        for at in 0..shown.parts.len().max(whole.parts.len()) {
            match (shown.parts.get(at), whole.parts.get(at)) {
                (None, Some(part)) => self.whole_part(frames, at, part, out),
                (Some(before), after) if last_shown == Some(at) => {
                    let part = after.unwrap_or(before);
                    let missing = part.text().zip(before.text()).and_then(|(all, some)| rest(all, some));
                    if let Some((text, words)) = missing.zip(Words::of(part)) {
                        self.delta(frames, at, words, text, out);
                    }
                    self.close_part(frames, at, part, out);
                }
                (Some(_) | None, _) => {}
            }
        }
    }

    fn whole_part(self, frames: &mut Frames, at: usize, part: &Part, out: &mut Vec<u8>) {
        match Words::of(part) {
            None => self.open_part(frames, at, part, out),
            Some(words) => {
                self.open_part(frames, at, &words.empty(), out);
                if let Some(text) = part.text().filter(|text| !text.is_empty()) {
                    self.delta(frames, at, words, text, out);
                }
            }
        }
        self.close_part(frames, at, part, out);
    }

    pub(super) fn arguments_delta(self, frames: &mut Frames, json: &str, out: &mut Vec<u8>) {
        self.write(frames, out, "response.function_call_arguments.delta", |body| body.text("delta", json));
    }

    pub(super) fn close_call(
        self,
        frames: &mut Frames,
        shown: &ToolCall,
        whole: &ToolCall,
        out: &mut Vec<u8>,
    ) {
        if let Some(json) = rest(&whole.arguments, &shown.arguments) {
            self.arguments_delta(frames, json, out);
        }
        self.write(frames, out, "response.function_call_arguments.done", |body| {
            body.text("name", &whole.name);
            body.text("arguments", &whole.arguments);
        });
    }

    /// Thinking is one piece of content, the first.
    pub(super) fn thinking_part(self, frames: &mut Frames, kind: &str, text: &str, out: &mut Vec<u8>) {
        self.write(frames, out, kind, |body| {
            body.count("content_index", 0);
            body.value("part", |out| items::reasoning_text(out, text));
        });
    }

    pub(super) fn thinking_delta(self, frames: &mut Frames, text: &str, out: &mut Vec<u8>) {
        self.write(frames, out, "response.reasoning_text.delta", |body| {
            body.count("content_index", 0);
            body.text("delta", text);
        });
    }

    pub(super) fn close_thought(
        self,
        frames: &mut Frames,
        shown: &Reasoning,
        whole: &Reasoning,
        out: &mut Vec<u8>,
    ) {
        if shown.text.is_empty() && !whole.text.is_empty() {
            self.thinking_part(frames, "response.content_part.added", "", out);
        }
        if let Some(text) = rest(&whole.text, &shown.text) {
            self.thinking_delta(frames, text, out);
        }
        let text = if whole.text.is_empty() { &shown.text } else { &whole.text };
        if !text.is_empty() {
            self.write(frames, out, "response.reasoning_text.done", |body| {
                body.count("content_index", 0);
                body.text("text", text);
            });
            self.thinking_part(frames, "response.content_part.done", text, out);
        }
        for (at, summary) in whole.summary.iter().enumerate() {
            self.summary(frames, at, summary, out);
        }
    }

    fn summary(self, frames: &mut Frames, at: usize, text: &str, out: &mut Vec<u8>) {
        let mut step = |kind: &str, name: &'static str, text: &str| {
            self.write(frames, out, kind, |body| {
                body.count("summary_index", at as u64);
                match name {
                    "part" => body.value("part", |out| items::summary_text(out, text)),
                    name => body.text(name, text),
                }
            });
        };
        step("response.reasoning_summary_part.added", "part", "");
        step("response.reasoning_summary_text.delta", "delta", text);
        step("response.reasoning_summary_text.done", "text", text);
        step("response.reasoning_summary_part.done", "part", text);
    }
}

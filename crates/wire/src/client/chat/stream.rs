//! A run as chunks of a chat completion.
//!
//! The format has one message and no way to take words back: what was streamed stays, and a run that fails ends in
//! an error. Thinking has no place in it.

use super::encode::{self, ChatId, ending, finish_word, tier};
use crate::client::error::{self, Kind, Problem};
use crate::client::frame;
use crate::client::write::{self, Object};
use abide_model::call::ItemStart;
use abide_model::event::{Change, Event};
use abide_model::item::{Item, Part};
use abide_model::run::RunView;
use abide_model::usage::Usage;
use std::collections::BTreeMap;

/// Turns a run's changes into chunks, in order. Nothing is sent before the model speaks, so that a run that fails
/// before can still be answered with an HTTP status.
#[derive(Debug)]
pub struct Stream {
    /// The fields that every chunk begins with, as JSON.
    head: Vec<u8>,
    include_usage: bool,
    spoke: bool,
    open: BTreeMap<u32, Shown>,
    calls: u32,
}

/// What of an item was streamed, in bytes.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Message { text: usize, refusal: usize },
    Call { call: u32, arguments: usize },
}

impl Stream {
    /// A stream of a run; `include_usage` adds a chunk with token counts before the end.
    #[must_use]
    pub fn new(view: &RunView, include_usage: bool) -> Self {
        let mut head = Vec::with_capacity(256);
        write::object(&mut head, |body| {
            body.plain("id", ChatId(view.id));
            body.text("object", "chat.completion.chunk");
            body.seconds("created", view.created_at);
            body.text("model", view.model.as_str());
            body.raw("service_tier", tier(&view.params));
            body.null("system_fingerprint");
        });
        // The brace that closes it goes behind the rest of the chunk.
        head.pop();
        Self { head, include_usage, spoke: false, open: BTreeMap::new(), calls: 0 }
    }

    /// Appends the chunks of one change to `out`; none, for a change that this format does not show.
    pub fn push(&mut self, event: &Event, out: &mut Vec<u8>) {
        match &event.change {
            // A streamed chat answer is never produced anew once something of it was shown.
            Change::RunStarted | Change::Reasoning { .. } | Change::Replaced { .. } => {}
            Change::ItemStarted { index, start, .. } => self.start(*index, start, out),
            Change::Text { index, text } => self.text(*index, text, out),
            Change::Refusal { index, text } => self.refusal(*index, text, out),
            Change::Arguments { index, json } => self.arguments(*index, json, out),
            Change::ItemDone { index, item, .. } => self.done(*index, item, out),
            Change::RunEnded { status, usage } => match ending(status) {
                Ok(finish) => {
                    if !self.spoke {
                        self.role(out, |_| ());
                    }
                    let word = finish_word(finish, self.calls > 0);
                    self.choice(out, Some(word), |_| ());
                    if let Some(usage) = usage.as_ref().filter(|_| self.include_usage) {
                        self.usage(usage, out);
                    }
                    out.extend_from_slice(b"data: [DONE]\n\n");
                }
                Err(failure) => frame::unnamed(out, |out| failure.write(out)),
            },
        }
    }

    /// Appends the error that says why nothing more can be sent, when it is not the run that ended.
    pub fn fail(&mut self, problem: &Problem, out: &mut Vec<u8>) {
        frame::unnamed(out, |out| {
            error::write_error(out, Kind::Server, problem.code, &problem.message, problem.param.as_deref());
        });
    }

    fn start(&mut self, index: u32, start: &ItemStart, out: &mut Vec<u8>) {
        match start {
            ItemStart::Message => {
                self.open.insert(index, Shown::Message { text: 0, refusal: 0 });
                if !self.spoke {
                    self.role(out, |delta| delta.text("content", ""));
                }
            }
            ItemStart::ToolCall { call_id, name } => {
                let call = self.calls;
                self.calls += 1;
                self.open.insert(index, Shown::Call { call, arguments: 0 });
                let first = |delta: &mut Object<'_>| {
                    delta.list("tool_calls", [()], |out, ()| {
                        write::object(out, |body| {
                            body.count("index", u64::from(call));
                            body.text("id", call_id);
                            body.text("type", "function");
                            body.object("function", |function| {
                                function.text("name", name);
                                function.text("arguments", "");
                            });
                        });
                    });
                };
                if self.spoke { self.choice(out, None, first) } else { self.role(out, first) }
            }
            ItemStart::Reasoning => {}
        }
    }

    fn text(&mut self, index: u32, words: &str, out: &mut Vec<u8>) {
        if let Some(Shown::Message { text, .. }) = self.open.get_mut(&index) {
            *text += words.len();
            self.choice(out, None, |delta| delta.text("content", words));
        }
    }

    fn refusal(&mut self, index: u32, words: &str, out: &mut Vec<u8>) {
        if let Some(Shown::Message { refusal, .. }) = self.open.get_mut(&index) {
            *refusal += words.len();
            self.choice(out, None, |delta| delta.text("refusal", words));
        }
    }

    fn arguments(&mut self, index: u32, json: &str, out: &mut Vec<u8>) {
        let Some(Shown::Call { call, arguments }) = self.open.get_mut(&index) else { return };
        *arguments += json.len();
        let call = *call;
        self.choice(out, None, |delta| {
            delta.list("tool_calls", [()], |out, ()| {
                write::object(out, |body| {
                    body.count("index", u64::from(call));
                    body.object("function", |function| function.text("arguments", json));
                });
            });
        });
    }

    /// Streams what the whole item has and the stream did not show.
    fn done(&mut self, index: u32, item: &Item, out: &mut Vec<u8>) {
        if !self.open.contains_key(&index) {
            self.start_of(index, item, out);
        }
        match (self.open.get(&index).copied(), item) {
            (Some(Shown::Message { mut text, mut refusal }), Item::Message(message)) => {
                for part in &message.parts {
                    match part {
                        Part::Text(words) => {
                            if let Some(words) = rest(words, &mut text) {
                                self.text(index, words, out);
                            }
                        }
                        Part::Refusal(words) => {
                            if let Some(words) = rest(words, &mut refusal) {
                                self.refusal(index, words, out);
                            }
                        }
                        Part::Image { .. } => {}
                    }
                }
            }
            (Some(Shown::Call { mut arguments, .. }), Item::ToolCall(call)) => {
                if let Some(json) = rest(&call.arguments, &mut arguments) {
                    self.arguments(index, json, out);
                }
            }
            (_, Item::Message(_) | Item::ToolCall(_) | Item::ToolResult(_) | Item::Reasoning(_)) => {}
        }
        self.open.remove(&index);
    }

    fn start_of(&mut self, index: u32, item: &Item, out: &mut Vec<u8>) {
        match item {
            Item::Message(_) => self.start(index, &ItemStart::Message, out),
            Item::ToolCall(call) => {
                let start = ItemStart::ToolCall { call_id: call.call_id.clone(), name: call.name.clone() };
                self.start(index, &start, out);
            }
            Item::ToolResult(_) | Item::Reasoning(_) => {}
        }
    }

    /// The first chunk says who speaks.
    fn role(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        self.spoke = true;
        self.choice(out, None, |delta| {
            delta.text("role", "assistant");
            fill(delta);
            delta.null("refusal");
        });
    }

    fn choice(&self, out: &mut Vec<u8>, finish: Option<&str>, fill: impl FnOnce(&mut Object<'_>)) {
        frame::unnamed(out, |out| {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[");
            write::object(out, |choice| {
                choice.raw("index", "0");
                choice.object("delta", fill);
                choice.null("logprobs");
                choice.maybe_text("finish_reason", finish);
            });
            // A stream that ends with counts says on every other chunk that they are not there yet.
            out.extend_from_slice(if self.include_usage { b"],\"usage\":null}" } else { b"]}" });
        });
    }

    fn usage(&self, usage: &Usage, out: &mut Vec<u8>) {
        frame::unnamed(out, |out| {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            write::object(out, |counts| encode::write_usage(counts, usage));
            out.push(b'}');
        });
    }
}

/// What of `whole` lies behind the `shown` bytes; takes off what `whole` itself accounts for.
fn rest<'t>(whole: &'t str, shown: &mut usize) -> Option<&'t str> {
    let here = whole.len().min(*shown);
    *shown -= here;
    whole.get(here..).filter(|rest| !rest.is_empty())
}

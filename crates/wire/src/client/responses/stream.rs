//! A run as server-sent events.
//!
//! The numbers of the events follow from the changes alone: the same changes give the same events with the same
//! numbers, after a restart and on any node, so that a client that comes back can be given what it has not seen.

use super::encode::{seals, write_response};
use super::pieces::{Place, Words};
use crate::client::error::Problem;
use crate::client::frame;
use crate::client::items::{self, Seals};
use crate::client::write::{self, Object};
use abide_model::call::{Finish, ItemStart};
use abide_model::event::{Change, Event, RunStatus};
use abide_model::id::ItemId;
use abide_model::item::{Item, ItemStatus, Message, Part, Reasoning, Role, ToolCall};
use abide_model::run::{Placed, RunView};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Turns a run's changes into events, in order, from the run's first change on.
#[derive(Debug)]
pub struct Stream {
    view: RunView,
    open: BTreeMap<u32, Open>,
    /// Output items that are whole, or as whole as they get.
    closed: BTreeMap<u32, Placed>,
    seals: Seals,
    frames: Frames,
}

/// Numbers events and leaves out those the client has.
#[derive(Debug)]
pub(super) struct Frames {
    next: u64,
    seen: Option<u64>,
}

/// An output item that is being produced.
#[derive(Debug)]
struct Open {
    id: ItemId,
    wire_id: String,
    item: Item,
}

impl Frames {
    pub(super) fn write(&mut self, out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
        let number = self.next;
        self.next += 1;
        if self.seen.is_some_and(|seen| number <= seen) {
            return;
        }
        Self::event(out, kind, number, fill);
    }

    /// Writes an event that is none of the run's, under the number of the one before it: a client that comes back
    /// with that number is given the run's next event.
    fn aside(&self, out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut Object<'_>)) {
        Self::event(out, kind, self.next.saturating_sub(1), fill);
    }

    fn event(out: &mut Vec<u8>, kind: &str, number: u64, fill: impl FnOnce(&mut Object<'_>)) {
        frame::event(out, kind, |out| {
            write::object(out, |body| {
                body.text("type", kind);
                body.count("sequence_number", number);
                fill(body);
            });
        });
    }
}

impl Stream {
    /// A stream from the beginning. `view` is the run at whatever moment; what came of it since is not looked at.
    #[must_use]
    pub fn new(view: &RunView) -> Self {
        Self::resume(view, None)
    }

    /// A stream for a client that has seen all up to the event numbered `seen`. It must be given the run's changes
    /// from the first on all the same.
    #[must_use]
    pub fn resume(view: &RunView, seen: Option<u64>) -> Self {
        let start = RunView {
            ended_at: None,
            status: RunStatus::InProgress,
            input: Vec::new(),
            output: Vec::new(),
            usage: None,
            ..view.clone()
        };
        Self {
            seals: seals(&start.params),
            view: start,
            open: BTreeMap::new(),
            closed: BTreeMap::new(),
            frames: Frames { next: 0, seen },
        }
    }

    /// Appends the events of one change to `out`.
    pub fn push(&mut self, event: &Event, out: &mut Vec<u8>) {
        match &event.change {
            Change::RunStarted => {
                for kind in ["response.created", "response.in_progress"] {
                    self.frames.write(out, kind, |body| {
                        body.value("response", |out| write_response(out, &self.view))
                    });
                }
            }
            Change::ItemStarted { index, id, start } => self.start(*index, *id, start, out),
            Change::Text { index, text } => self.words(*index, Words::Text, text, out),
            Change::Refusal { index, text } => self.words(*index, Words::Refusal, text, out),
            Change::Arguments { index, json } => self.arguments(*index, json, out),
            Change::Reasoning { index, text } => self.thinking(*index, text, out),
            Change::ItemDone { index, id, item, status } => self.done(*index, *id, item, *status, out),
            Change::Replaced { first } => self.closed.retain(|index, _| index < first),
            Change::RunEnded { status, usage } => {
                while let Some((index, open)) = self.open.first_key_value() {
                    let (index, id, item) = (*index, open.id, open.item.clone());
                    self.done(index, id, &item, ItemStatus::Incomplete, out);
                }
                self.view.output = self.closed.values().cloned().collect();
                self.view.status = status.clone();
                self.view.usage = *usage;
                self.view.ended_at = Some(event.at);
                let kind = ending(status);
                self.frames
                    .write(out, kind, |body| body.value("response", |out| write_response(out, &self.view)));
            }
        }
    }

    /// Appends the event that says why nothing more can be sent, when it is not the run that ended.
    pub fn fail(&mut self, problem: &Problem, out: &mut Vec<u8>) {
        self.frames.aside(out, "error", |body| {
            body.text("code", problem.code);
            body.text("message", &problem.message);
            body.maybe_text("param", problem.param.as_deref());
        });
    }

    fn start(&mut self, index: u32, id: ItemId, start: &ItemStart, out: &mut Vec<u8>) {
        let item = match start {
            ItemStart::Message => Item::Message(Message { role: Role::Assistant, parts: Vec::new() }),
            ItemStart::ToolCall { call_id, name } => Item::ToolCall(ToolCall {
                call_id: call_id.clone(),
                name: name.clone(),
                arguments: String::new(),
            }),
            ItemStart::Reasoning => Item::Reasoning(Reasoning::default()),
        };
        self.added(index, id, item, out);
    }

    fn added(&mut self, index: u32, id: ItemId, item: Item, out: &mut Vec<u8>) {
        let placed = Placed { id, item: Arc::new(item.clone()), status: ItemStatus::InProgress };
        self.frames.write(out, "response.output_item.added", |body| {
            body.count("output_index", u64::from(index));
            body.value("item", |out| items::item(out, &placed, self.seals));
        });
        let wire_id = id.with_prefix(item.id_prefix());
        self.open.insert(index, Open { id, wire_id, item });
    }

    fn words(&mut self, index: u32, words: Words, text: &str, out: &mut Vec<u8>) {
        let Some(open) = self.open.get_mut(&index) else { return };
        let Item::Message(message) = &mut open.item else { return };
        let place = Place { index, wire_id: &open.wire_id };
        let goes_on = message.parts.last().is_some_and(|part| Words::of(part) == Some(words));
        if !goes_on {
            if let Some((at, part)) = message.parts.iter().enumerate().next_back() {
                place.close_part(&mut self.frames, at, part, out);
            }
            place.open_part(&mut self.frames, message.parts.len(), &words.empty(), out);
            message.parts.push(words.empty());
        }
        let at = message.parts.len().saturating_sub(1);
        if let Some(Part::Text(so_far) | Part::Refusal(so_far)) = message.parts.last_mut() {
            so_far.push_str(text);
        }
        place.delta(&mut self.frames, at, words, text, out);
    }

    fn arguments(&mut self, index: u32, json: &str, out: &mut Vec<u8>) {
        let Some(open) = self.open.get_mut(&index) else { return };
        let Item::ToolCall(call) = &mut open.item else { return };
        call.arguments.push_str(json);
        Place { index, wire_id: &open.wire_id }.arguments_delta(&mut self.frames, json, out);
    }

    fn thinking(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        let Some(open) = self.open.get_mut(&index) else { return };
        let Item::Reasoning(thought) = &mut open.item else { return };
        let place = Place { index, wire_id: &open.wire_id };
        if thought.text.is_empty() {
            place.thinking_part(&mut self.frames, "response.content_part.added", "", out);
        }
        thought.text.push_str(text);
        place.thinking_delta(&mut self.frames, text, out);
    }

    fn done(&mut self, index: u32, id: ItemId, item: &Item, status: ItemStatus, out: &mut Vec<u8>) {
        if !self.open.contains_key(&index) {
            self.added(index, id, unsaid(item), out);
        }
        let Some(Open { wire_id, item: shown, .. }) = self.open.remove(&index) else { return };
        let place = Place { index, wire_id: &wire_id };
        let frames = &mut self.frames;
        match (item, &shown) {
            (Item::Message(whole), Item::Message(shown)) => place.close_message(frames, shown, whole, out),
            (Item::ToolCall(whole), Item::ToolCall(shown)) => place.close_call(frames, shown, whole, out),
            (Item::Reasoning(whole), Item::Reasoning(shown)) => {
                place.close_thought(frames, shown, whole, out)
            }
            (Item::Message(_) | Item::ToolCall(_) | Item::ToolResult(_) | Item::Reasoning(_), _) => {}
        }
        let placed = Placed { id, item: Arc::new(item.clone()), status };
        frames.write(out, "response.output_item.done", |body| {
            body.count("output_index", u64::from(index));
            body.value("item", |out| items::item(out, &placed, self.seals));
        });
        self.closed.insert(index, placed);
    }
}

/// An item as it is before anything of it was shown.
fn unsaid(item: &Item) -> Item {
    match item {
        Item::Message(message) => Item::Message(Message { role: message.role, parts: Vec::new() }),
        Item::ToolCall(call) => Item::ToolCall(ToolCall { arguments: String::new(), ..call.clone() }),
        Item::ToolResult(result) => Item::ToolResult(result.clone()),
        Item::Reasoning(_) => Item::Reasoning(Reasoning::default()),
    }
}

/// The format has no event of its own for a response that was cancelled: it did not come to its end.
fn ending(status: &RunStatus) -> &'static str {
    match status {
        RunStatus::Completed(Finish::Stop | Finish::ToolCalls) => "response.completed",
        RunStatus::Completed(Finish::Length | Finish::ContentFilter)
        | RunStatus::Incomplete(_)
        | RunStatus::Cancelled
        | RunStatus::InProgress => "response.incomplete",
        RunStatus::Failed(_) => "response.failed",
    }
}

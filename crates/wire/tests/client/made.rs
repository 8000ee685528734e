//! Runs to encode: their views, and the changes that lead to them.

use abide_model::Time;
use abide_model::call::{Finish, ItemStart};
use abide_model::event::{Change, Event, RunStatus};
use abide_model::id::{ItemId, RunId, SessionId};
use abide_model::item::{Item, ItemStatus, Message, Part, Reasoning, Role, ToolCall};
use abide_model::name::ModelName;
use abide_model::run::{Placed, RunView};
use abide_model::usage::{Measure, Tokens, Usage};
use std::sync::Arc;

const BEGAN: i64 = 1_767_225_600;
const TOOK: i64 = 3;

pub(crate) fn session() -> SessionId {
    SessionId(0x0190_f3a1)
}

fn at(second: i64) -> Time {
    Time::from_second(second).unwrap_or_default()
}

pub(crate) fn began() -> Time {
    at(BEGAN)
}

/// An output item and the pieces its words arrive in.
#[derive(Debug, Clone)]
pub(crate) struct Produced {
    pub(crate) item: Item,
    pub(crate) status: ItemStatus,
    /// Where each text is cut, in characters.
    pub(crate) cuts: Vec<usize>,
}

impl Produced {
    pub(crate) fn whole(item: Item) -> Self {
        Self { item, status: ItemStatus::Completed, cuts: vec![3, 5] }
    }
}

pub(crate) fn said(parts: &[Part]) -> Item {
    Item::Message(Message { role: Role::Assistant, parts: parts.to_vec() })
}

pub(crate) fn asked(call_id: &str, name: &str, arguments: &str) -> Item {
    Item::ToolCall(ToolCall {
        call_id: call_id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    })
}

pub(crate) fn thought(text: &str, summary: &[&str]) -> Item {
    let summary = summary.iter().map(|text| (*text).to_owned()).collect();
    Item::Reasoning(Reasoning { summary, text: text.to_owned(), signature: None })
}

pub(crate) fn usage() -> Option<Usage> {
    let tokens = Tokens { input: 40, cache_read: 32, cache_write: 4, output: 12, reasoning: 5 };
    Some(Usage { tokens, measure: Measure::Reported })
}

/// The run as it is read back after it produced `items` and ended with `status`.
pub(crate) fn view(items: &[Produced], status: RunStatus) -> RunView {
    let ended = status.ended();
    let place = |(n, produced): (u32, &Produced)| Placed {
        id: ItemId { session: session(), n },
        item: Arc::new(produced.item.clone()),
        status: produced.status,
    };
    let question = Placed {
        id: ItemId { session: session(), n: 1 },
        item: Arc::new(Item::text(Role::User, "Hello")),
        status: ItemStatus::Completed,
    };
    RunView {
        id: RunId { session: session(), n: 7 },
        created_at: began(),
        ended_at: ended.then(|| at(BEGAN + TOOK)),
        model: ModelName::parse("balanced").unwrap_or_else(|error| unreachable!("{error}")),
        status,
        params: Arc::default(),
        input: vec![question],
        output: (2..).zip(items).map(place).collect(),
        usage: if ended { usage() } else { None },
        conversation: None,
        previous: None,
        stored: true,
        metadata: None,
    }
}

pub(crate) fn completed() -> RunStatus {
    RunStatus::Completed(Finish::Stop)
}

/// The changes that lead to [`view`].
pub(crate) fn events(items: &[Produced], status: RunStatus) -> Vec<Event> {
    let mut changes = vec![Change::RunStarted];
    for ((index, n), produced) in (0..).zip(2..).zip(items) {
        let id = ItemId { session: session(), n };
        changes.push(Change::ItemStarted { index, id, start: start(&produced.item) });
        changes.extend(growth(index, produced));
        changes.push(Change::ItemDone { index, id, item: produced.item.clone(), status: produced.status });
    }
    changes.push(Change::RunEnded { status, usage: usage() });
    let last = changes.len() as u64;
    (1..).zip(changes).map(|(seq, change)| event(seq, if seq == last { TOOK } else { 0 }, change)).collect()
}

fn event(seq: u64, after: i64, change: Change) -> Event {
    Event { seq, at: at(BEGAN + after), run: RunId { session: session(), n: 7 }, change }
}

fn start(item: &Item) -> ItemStart {
    match item {
        Item::Message(_) | Item::ToolResult(_) => ItemStart::Message,
        Item::ToolCall(call) => {
            ItemStart::ToolCall { call_id: call.call_id.clone(), name: call.name.clone() }
        }
        Item::Reasoning(_) => ItemStart::Reasoning,
    }
}

fn growth(index: u32, produced: &Produced) -> Vec<Change> {
    let cut = |text: &str| pieces(text, &produced.cuts);
    match &produced.item {
        Item::Message(message) => message
            .parts
            .iter()
            .flat_map(|part| match part {
                Part::Text(text) => cut(text).map(|text| Change::Text { index, text }).collect(),
                Part::Refusal(text) => cut(text).map(|text| Change::Refusal { index, text }).collect(),
                Part::Image { .. } => Vec::new(),
            })
            .collect(),
        Item::ToolCall(call) => cut(&call.arguments).map(|json| Change::Arguments { index, json }).collect(),
        Item::Reasoning(thought) => {
            cut(&thought.text).map(|text| Change::Reasoning { index, text }).collect()
        }
        Item::ToolResult(_) => Vec::new(),
    }
}

fn pieces(text: &str, cuts: &[usize]) -> impl Iterator<Item = String> + use<> {
    let mut pieces = vec![String::new()];
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && cuts.contains(&at) {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces.into_iter().filter(|piece| !piece.is_empty())
}

//! One run's state, worked out from its records.

use crate::record::{CallEnd, CallStarted, RunStarted};
use abide_model::Time;
use abide_model::call::{Finish, ItemStart};
use abide_model::event::RunStatus;
use abide_model::id::{CallNo, ItemId};
use abide_model::item::{Item, Message, Part, Reasoning, Role, Signature, ToolCall};
use abide_model::plan::Plan;
use abide_model::usage::{Measure, Tokens, Usage};
use std::sync::Arc;

/// Which of a run's output items to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Every one, cut items that a later one replaced included.
    All,
    /// Those that stand.
    Standing,
}

/// A call, for the transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct CallNote {
    /// When it left.
    pub at: Time,
    /// Where it went and why.
    pub started: Arc<CallStarted>,
    /// How it ended; `None` while it is under way.
    pub outcome: Option<Outcome>,
    /// The first of its output items, counted in the run from 0.
    pub first_output: u32,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// When.
    pub at: Time,
    /// How.
    pub end: CallEnd,
    /// What it consumed.
    pub usage: Option<Usage>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) started_at: Time,
    pub(crate) ended_at: Option<Time>,
    pub(crate) first_seq: u64,
    /// The number the session's next item had when the run ended; `None` before.
    pub(crate) end_item: Option<u32>,
    pub(crate) asked: Arc<RunStarted>,
    pub(crate) status: RunStatus,
    pub(crate) calls: Vec<CallNote>,
    /// Output items so far.
    pub(crate) outputs: u32,
    pub(crate) recoveries: u32,
    pub(crate) erased: bool,
    /// The plan that found no target.
    pub(crate) nowhere: Option<Plan>,
    /// The call under way.
    pub(crate) open: Option<OpenCall>,
}

/// What a call under way has said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenCall {
    pub(crate) call: CallNo,
    pub(crate) growing: Vec<Growing>,
    pub(crate) finish: Option<Finish>,
    pub(crate) tokens: Option<Tokens>,
    /// Bytes heard since the cloud last reported usage.
    pub(crate) unreported_bytes: u64,
}

/// An item that is being produced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Growing {
    /// The cloud's number for it within the call.
    pub(crate) call_index: u32,
    /// Its place among the run's output items.
    pub(crate) output: u32,
    pub(crate) id: ItemId,
    pub(crate) start: ItemStart,
    pub(crate) text: String,
    pub(crate) refusal: String,
    pub(crate) signature: Option<Signature>,
    pub(crate) done: bool,
}

/// Bytes that estimates count as one token, where a cloud never reported.
const BYTES_PER_TOKEN: u64 = 4;

impl Run {
    pub(crate) fn new(at: Time, seq: u64, asked: Arc<RunStarted>) -> Self {
        Self {
            started_at: at,
            ended_at: None,
            first_seq: seq,
            end_item: None,
            asked,
            status: RunStatus::InProgress,
            calls: Vec::new(),
            outputs: 0,
            recoveries: 0,
            erased: false,
            nowhere: None,
            open: None,
        }
    }

    /// What all calls consumed; estimated when any of them is.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let mut total: Option<Usage> = None;
        for usage in self.calls.iter().filter_map(|call| call.outcome.as_ref()?.usage) {
            let so_far = total.unwrap_or(Usage { tokens: Tokens::default(), measure: usage.measure });
            let measure = so_far.measure.max(usage.measure);
            total = Some(Usage { tokens: so_far.tokens.plus(&usage.tokens), measure });
        }
        total
    }

    /// The first output item that the next call produces anew, because the calls that said it failed; `None` when
    /// there is none, or a call is under way.
    pub(crate) fn produced_anew_from(&self) -> Option<u32> {
        let mut failed = self.calls.iter().rev().map_while(|call| {
            call.outcome.as_ref().filter(|outcome| outcome.end != CallEnd::Whole).map(|_| call.first_output)
        });
        failed.next().map(|last| failed.fold(last, u32::min))
    }
}

impl RunStarted {
    /// The instructions a cloud is given: the agent's, then the client's.
    pub(crate) fn instructions(&self) -> Option<String> {
        match (&self.preface, &self.params.instructions) {
            (Some(preface), Some(own)) => Some(format!("{preface}\n\n{own}")),
            (Some(preface), None) => Some(preface.to_string()),
            (None, own) => own.clone(),
        }
    }
}

impl OpenCall {
    pub(crate) fn new(call: CallNo) -> Self {
        Self { call, growing: Vec::new(), finish: None, tokens: None, unreported_bytes: 0 }
    }

    pub(crate) fn item(&mut self, call_index: u32) -> Option<&mut Growing> {
        self.growing.iter_mut().rev().find(|item| item.call_index == call_index && !item.done)
    }

    /// What the call consumed: as reported, else estimated from what went out and came in. What a call that is not
    /// `whole` said after its last report is estimated on top of that.
    pub(crate) fn usage(&self, prompt_bytes: u64, whole: bool) -> Usage {
        let heard = self.unreported_bytes.div_ceil(BYTES_PER_TOKEN);
        match self.tokens {
            Some(tokens) if whole || heard == 0 => Usage { tokens, measure: Measure::Reported },
            Some(tokens) => {
                let output = tokens.output.saturating_add(heard);
                Usage { tokens: Tokens { output, ..tokens }, measure: Measure::Estimated }
            }
            None => {
                let input = prompt_bytes.div_ceil(BYTES_PER_TOKEN);
                let tokens = Tokens { input, output: heard, ..Tokens::default() };
                Usage { tokens, measure: Measure::Estimated }
            }
        }
    }
}

impl Growing {
    /// The item as far as it has come.
    pub(crate) fn item(&self) -> Item {
        match &self.start {
            ItemStart::Message => {
                let mut parts = Vec::new();
                if !self.text.is_empty() || self.refusal.is_empty() {
                    parts.push(Part::Text(self.text.clone()));
                }
                if !self.refusal.is_empty() {
                    parts.push(Part::Refusal(self.refusal.clone()));
                }
                Item::Message(Message { role: Role::Assistant, parts })
            }
            ItemStart::ToolCall { call_id, name } => Item::ToolCall(ToolCall {
                call_id: call_id.clone(),
                name: name.clone(),
                arguments: if self.done && self.text.is_empty() {
                    "{}".to_owned()
                } else {
                    self.text.clone()
                },
            }),
            ItemStart::Reasoning => Item::Reasoning(Reasoning {
                summary: Vec::new(),
                text: self.text.clone(),
                signature: self.signature.clone(),
            }),
        }
    }
}

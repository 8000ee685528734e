//! A Chat Completions answer, streamed or whole, as deltas.

use super::items::{Items, Kind, Piece};
use crate::provider::{Reading, collect, fault, parse, unreadable};
use crate::sse;
use abide_model::call::{Delta, Finish};
use abide_model::fault::{Fault, FaultKind};
use abide_model::usage::Tokens;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads one answer.
#[derive(Debug)]
pub(in crate::provider) struct Decoder {
    body: Body,
    answer: Answer,
}

#[derive(Debug)]
enum Body {
    Stream(sse::Parser),
    Whole(Vec<u8>),
}

#[derive(Debug)]
struct Answer {
    reading: Reading,
    items: Items,
    finished: bool,
    done: bool,
}

impl Decoder {
    pub(in crate::provider) fn new(stream: bool, reading: Reading) -> Self {
        let body = if stream { Body::Stream(sse::Parser::default()) } else { Body::Whole(Vec::new()) };
        Self { body, answer: Answer { reading, items: Items::default(), finished: false, done: false } }
    }

    pub(in crate::provider) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), Fault> {
        let parser = match &mut self.body {
            Body::Whole(body) => return collect(body, bytes),
            Body::Stream(parser) => parser,
        };
        parser.push(bytes);
        while let Some(event) =
            parser.next_event().map_err(|long| Fault::new(FaultKind::Protocol, long.to_string()))?
        {
            if event.data.trim() == "[DONE]" {
                self.answer.done = true;
            } else if !self.answer.done && !event.data.is_empty() {
                self.answer.chunk(&event.data, out)?;
            }
        }
        Ok(())
    }

    pub(in crate::provider) fn whole(&self) -> bool {
        self.answer.done
    }

    pub(in crate::provider) fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Body::Whole(body) = &self.body {
            return self.answer.completion(body, out);
        }
        if self.answer.finished {
            return Ok(());
        }
        Err(Fault::new(FaultKind::Cut, "the stream ended before the model had finished"))
    }
}

impl Answer {
    fn chunk(&mut self, data: &str, out: &mut Vec<Delta>) -> Result<(), Fault> {
        // The event is whole, so an end that comes too early is the cloud's own doing.
        let chunk: Completion<'_> = serde_json::from_str(data)
            .map_err(|error| Fault { kind: FaultKind::Protocol, ..unreadable("a chunk", &error) })?;
        if let Some(error) = chunk.error {
            return Err(fault::in_band(error.get()));
        }
        for choice in chunk.choices.unwrap_or_default() {
            if choice.index.unwrap_or(0) == 0 {
                self.choice(choice, out)?;
            }
        }
        out.extend(chunk.usage.and_then(Usage::tokens).map(Delta::Usage));
        Ok(())
    }

    fn completion(&mut self, body: &[u8], out: &mut Vec<Delta>) -> Result<(), Fault> {
        let answer: Completion<'_> = parse("the answer", body)?;
        if let Some(error) = answer.error {
            return Err(fault::in_band(error.get()));
        }
        let Some(choice) = answer.choices.unwrap_or_default().into_iter().next() else {
            return Err(Fault::new(FaultKind::Protocol, "the answer holds no choice"));
        };
        self.choice(choice, out)?;
        if !self.finished {
            self.end(None, out)?;
        }
        out.extend(answer.usage.and_then(Usage::tokens).map(Delta::Usage));
        Ok(())
    }

    fn choice(&mut self, choice: Choice<'_>, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if self.finished {
            // Annotations of a filter may follow the end; they hold no content.
            return Ok(());
        }
        if let Some(said) = choice.delta.or(choice.message) {
            self.said(said, out)?;
        }
        match choice.finish_reason {
            Some(reason) if !reason.is_empty() => self.end(Some(&reason), out),
            Some(_) | None => Ok(()),
        }
    }

    fn said(&mut self, said: Said<'_>, out: &mut Vec<Delta>) -> Result<(), Fault> {
        let thinking = said.reasoning_content.or_else(|| said.reasoning.and_then(text));
        for (kind, words) in
            [(Kind::Thinking, thinking), (Kind::Text, said.content), (Kind::Refusal, said.refusal)]
        {
            self.items.words(kind, words.unwrap_or_default(), out);
        }
        for call in said.tool_calls.unwrap_or_default() {
            let function = call.function.unwrap_or_default();
            let piece = Piece {
                index: call.index,
                id: call.id,
                name: function.name.map(|name| self.reading.names.original(name)),
                arguments: function.arguments.unwrap_or_default(),
            };
            self.items.call(piece, out)?;
        }
        Ok(())
    }

    fn end(&mut self, reason: Option<&str>, out: &mut Vec<Delta>) -> Result<(), Fault> {
        self.finished = true;
        self.items.finish(out)?;
        let finish = match reason {
            Some("length") => Finish::Length,
            Some("content_filter") => Finish::ContentFilter,
            Some("tool_calls" | "function_call") => Finish::ToolCalls,
            // Some compatible servers say `stop`, or a word of their own, also after calls.
            Some(_) | None if self.items.has_calls() => Finish::ToolCalls,
            Some(_) | None => Finish::Stop,
        };
        out.push(Delta::Finished(finish));
        Ok(())
    }
}

/// A JSON string's text; some servers put other things in fields that are text elsewhere.
fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[derive(Deserialize)]
struct Completion<'a> {
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<Usage>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u32>,
    #[serde(borrow)]
    delta: Option<Said<'a>>,
    #[serde(borrow)]
    message: Option<Said<'a>>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said<'a> {
    content: Option<String>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u32>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize, Default)]
struct Function {
    name: Option<String>,
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl Usage {
    /// The counts, or nothing where the cloud left one of the two totals out.
    fn tokens(self) -> Option<Tokens> {
        let input = self.prompt_tokens_details;
        Some(Tokens {
            input: self.prompt_tokens?,
            cache_read: input.as_ref().and_then(|details| details.cached_tokens).unwrap_or(0),
            cache_write: input.as_ref().and_then(|details| details.cache_write_tokens).unwrap_or(0),
            output: self.completion_tokens?,
            reasoning: self
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
        })
    }
}

//! A Converse or ConverseStream answer as deltas.

use super::REDACTED;
use crate::eventstream::{Frame, Reader};
use crate::provider::{Reading, collect, fault, parse};
use abide_model::call::{Delta, Finish, ItemStart};
use abide_model::fault::{Fault, FaultKind};
use abide_model::item::Signature;
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
    Stream(Reader),
    Whole(Vec<u8>),
}

#[derive(Debug)]
struct Answer {
    reading: Reading,
    started: u32,
    open: Option<Open>,
    called: bool,
    /// Said by `messageStop`; `metadata` with the usage comes after it.
    stopped: Option<Result<Finish, Fault>>,
    done: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Open {
    /// Text blocks that follow each other are one message.
    Message,
    Call {
        empty: bool,
    },
    Thinking {
        block: u32,
        signature: String,
        redacted: String,
    },
}

impl Decoder {
    pub(in crate::provider) fn new(stream: bool, reading: Reading) -> Self {
        let body = if stream { Body::Stream(Reader::default()) } else { Body::Whole(Vec::new()) };
        let answer = Answer { reading, started: 0, open: None, called: false, stopped: None, done: false };
        Self { body, answer }
    }

    pub(in crate::provider) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), Fault> {
        let reader = match &mut self.body {
            Body::Whole(body) => return collect(body, bytes),
            Body::Stream(reader) => reader,
        };
        reader.push(bytes);
        while let Some(frame) =
            reader.next_frame().map_err(|broken| Fault::new(FaultKind::Protocol, broken.to_string()))?
        {
            self.answer.frame(frame, out)?;
        }
        Ok(())
    }

    pub(in crate::provider) fn whole(&self) -> bool {
        self.answer.done
    }

    pub(in crate::provider) fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Body::Whole(body) = &self.body {
            self.answer.converse(body, out)?;
        }
        match &self.answer.stopped {
            Some(Ok(_)) => Ok(()),
            Some(Err(fault)) => Err(fault.clone()),
            None => Err(Fault::new(FaultKind::Cut, "the stream ended before `messageStop`")),
        }
    }
}

impl Answer {
    fn frame(&mut self, frame: Frame<'_>, out: &mut Vec<Delta>) -> Result<(), Fault> {
        match frame.text(":message-type") {
            Some("event") | None => {}
            Some("exception") => {
                let name = frame.text(":exception-type").unwrap_or_default();
                let told: Option<Told> = serde_json::from_slice(frame.payload).ok();
                return Err(fault::exception(name, &told.and_then(Told::words).unwrap_or_default()));
            }
            Some(_) => {
                let code = frame.text(":error-code").unwrap_or_default();
                return Err(fault::exception(code, frame.text(":error-message").unwrap_or_default()));
            }
        }
        match frame.text(":event-type") {
            Some("contentBlockStart") => self.block_start(read(frame.payload)?, out),
            Some("contentBlockDelta") => self.block_delta(read(frame.payload)?, out),
            Some("contentBlockStop") => self.block_stop(out),
            Some("messageStop") => self.stop(read(frame.payload)?, out),
            Some("metadata") => {
                let metadata: Metadata = read(frame.payload)?;
                out.extend(metadata.usage.and_then(Usage::tokens).map(Delta::Usage));
                self.done = true;
            }
            // `messageStart` says nothing new, and events not yet known may come.
            Some(_) | None => {}
        }
        Ok(())
    }

    fn block_start(&mut self, event: BlockStart, out: &mut Vec<Delta>) {
        if let Some(call) = event.start.tool_use {
            self.call(call.tool_use_id, call.name, out);
        }
    }

    /// Text and thinking may begin without a `contentBlockStart`.
    fn block_delta(&mut self, event: BlockDelta, out: &mut Vec<Delta>) {
        let block = event.content_block_index;
        if let Some(text) = event.delta.text {
            self.text(text, out);
        } else if let Some(piece) = event.delta.tool_use {
            self.arguments(piece.input, out);
        } else if let Some(piece) = event.delta.reasoning_content {
            self.thinking(block, piece, out);
        }
    }

    fn block_stop(&mut self, out: &mut Vec<Delta>) {
        match self.open {
            // More text blocks may follow.
            Some(Open::Message) | None => {}
            Some(Open::Call { .. } | Open::Thinking { .. }) => self.close(out),
        }
    }

    fn stop(&mut self, event: MessageStop, out: &mut Vec<Delta>) {
        self.close(out);
        let finish = match event.stop_reason.as_str() {
            "tool_use" => Ok(Finish::ToolCalls),
            "max_tokens" | "model_context_window_exceeded" => Ok(Finish::Length),
            "guardrail_intervened" | "content_filtered" => Ok(Finish::ContentFilter),
            reason @ ("malformed_model_output" | "malformed_tool_use") => {
                // Raised at the end, so that the usage that follows is still counted.
                Err(Fault::new(FaultKind::Protocol, format!("the model's output was unusable: {reason}")))
            }
            _ if self.called => Ok(Finish::ToolCalls),
            _ => Ok(Finish::Stop),
        };
        out.extend(finish.as_ref().ok().copied().map(Delta::Finished));
        self.stopped = Some(finish);
    }

    fn converse(&mut self, body: &[u8], out: &mut Vec<Delta>) -> Result<(), Fault> {
        let answer: Converse<'_> = parse("the answer", body)?;
        for (block, content) in (0..).zip(answer.output.message.content) {
            if let Some(text) = content.text {
                self.text(text, out);
            } else if let Some(call) = content.tool_use {
                self.call(call.tool_use_id, call.name, out);
                self.arguments(call.input.map_or_else(String::new, |input| input.get().to_owned()), out);
            } else if let Some(thinking) = content.reasoning_content {
                let (text, signature) = match thinking.reasoning_text {
                    Some(told) => (told.text, told.signature),
                    None => (None, None),
                };
                let redacted_content = thinking.redacted_content;
                self.thinking(block, ThinkingPiece { text, signature, redacted_content }, out);
            }
        }
        self.stop(MessageStop { stop_reason: answer.stop_reason }, out);
        out.extend(answer.usage.and_then(Usage::tokens).map(Delta::Usage));
        self.done = true;
        Ok(())
    }

    fn text(&mut self, text: String, out: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        if self.open != Some(Open::Message) {
            self.start(Open::Message, ItemStart::Message, out);
        }
        out.push(Delta::Text { index: self.current(), text });
    }

    fn call(&mut self, call_id: String, name: String, out: &mut Vec<Delta>) {
        self.called = true;
        let name = self.reading.names.original(name);
        self.start(Open::Call { empty: true }, ItemStart::ToolCall { call_id, name }, out);
    }

    fn arguments(&mut self, json: String, out: &mut Vec<Delta>) {
        let index = self.current();
        if let Some(Open::Call { empty }) = &mut self.open
            && !json.is_empty()
        {
            *empty = false;
            out.push(Delta::Arguments { index, json });
        }
    }

    fn thinking(&mut self, block: u32, piece: ThinkingPiece, out: &mut Vec<Delta>) {
        let same = match &self.open {
            Some(Open::Thinking { block: open, .. }) => *open == block,
            Some(Open::Message | Open::Call { .. }) | None => false,
        };
        if !same {
            let open = Open::Thinking { block, signature: String::new(), redacted: String::new() };
            self.start(open, ItemStart::Reasoning, out);
        }
        if let Some(text) = piece.text.filter(|text| !text.is_empty()) {
            out.push(Delta::Reasoning { index: self.current(), text });
        }
        if let Some(Open::Thinking { signature, redacted, .. }) = &mut self.open {
            signature.push_str(&piece.signature.unwrap_or_default());
            redacted.push_str(&piece.redacted_content.unwrap_or_default());
        }
    }

    fn start(&mut self, open: Open, start: ItemStart, out: &mut Vec<Delta>) {
        self.close(out);
        self.open = Some(open);
        self.started += 1;
        out.push(Delta::ItemStarted { index: self.current(), start });
    }

    fn close(&mut self, out: &mut Vec<Delta>) {
        let index = self.current();
        match self.open.take() {
            None => return,
            Some(Open::Message | Open::Call { empty: false }) => {}
            Some(Open::Call { empty: true }) => {
                out.push(Delta::Arguments { index, json: "{}".to_owned() });
            }
            Some(Open::Thinking { signature, redacted, .. }) => {
                let vendor = &self.reading.vendor;
                let signed = if !signature.is_empty() {
                    Some(Signature { vendor: vendor.to_string(), payload: signature })
                } else if !redacted.is_empty() {
                    Some(Signature { vendor: format!("{vendor}{REDACTED}"), payload: redacted })
                } else {
                    None
                };
                out.extend(signed.map(|signature| Delta::Signed { index, signature }));
            }
        }
        out.push(Delta::ItemDone { index });
    }

    fn current(&self) -> u32 {
        self.started.saturating_sub(1)
    }
}

fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Fault> {
    // The frame's checksum held, so an end that comes too early is the cloud's own doing.
    parse("an event", payload).map_err(|fault| Fault { kind: FaultKind::Protocol, ..fault })
}

#[derive(Deserialize)]
struct Told {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "originalMessage")]
    original: Option<String>,
}

impl Told {
    fn words(self) -> Option<String> {
        self.message.or(self.original)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart {
    start: Start,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    tool_use: Option<CallStart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallStart {
    tool_use_id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta {
    content_block_index: u32,
    delta: Piece,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    text: Option<String>,
    tool_use: Option<CallPiece>,
    reasoning_content: Option<ThinkingPiece>,
}

#[derive(Deserialize)]
struct CallPiece {
    input: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingPiece {
    text: Option<String>,
    signature: Option<String>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop {
    stop_reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
}

impl Usage {
    /// The counts. `inputTokens` leaves cache reads and writes out; ours holds them.
    fn tokens(self) -> Option<Tokens> {
        let cache_read = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write = self.cache_write_input_tokens.unwrap_or(0);
        Some(Tokens {
            input: self.input_tokens?.saturating_add(cache_read).saturating_add(cache_write),
            cache_read,
            cache_write,
            output: self.output_tokens?,
            reasoning: 0,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Converse<'a> {
    #[serde(borrow)]
    output: Output<'a>,
    stop_reason: String,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Message<'a>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Content<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    text: Option<String>,
    #[serde(borrow)]
    tool_use: Option<Call<'a>>,
    reasoning_content: Option<Thinking>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    tool_use_id: String,
    name: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thinking {
    reasoning_text: Option<ThinkingText>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
struct ThinkingText {
    text: Option<String>,
    signature: Option<String>,
}

//! What every dialect has in common: a request that was understood, a refusal, and the steps in
//! which an answer is said. Dialects implement [`Voice`]; they never see each other.

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::brain::{Answer, Ask};

/// A request that the vendor would serve.
pub(crate) enum Opened {
    /// A model call.
    Chat(Box<Chat>),
    /// Something fixed, such as the list of models: its JSON.
    Document(Value),
}

/// A model call that the vendor would serve.
pub(crate) struct Chat {
    pub(crate) ask: Ask,
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) input_tokens: u64,
    pub(crate) voice: Box<dyn Voice>,
}

/// What a vendor answers instead of serving.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The vendor's code or type, for the record.
    pub(crate) code: String,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, body: Value) -> Self {
        Self { status, code: code.to_owned(), body, headers: Vec::new() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}

/// Tokens of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) output: u64,
}

/// One step of a streamed answer. Blocks are counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    Open,
    Begin(usize),
    /// Bytes `from..to` of the block's text or arguments: one token.
    Piece {
        block: usize,
        from: usize,
        to: usize,
    },
    End(usize),
    Stop,
    /// Usage and whatever closes the stream.
    Last,
}

/// The steps of an answer, in order.
pub(crate) fn steps(answer: &Answer) -> Vec<Say> {
    let mut steps = vec![Say::Open];
    for (block, content) in answer.blocks.iter().enumerate() {
        steps.push(Say::Begin(block));
        let mut from = 0;
        for piece in content.pieces() {
            let to = from + piece.len();
            steps.push(Say::Piece { block, from, to });
            from = to;
        }
        steps.push(Say::End(block));
    }
    steps.push(Say::Stop);
    steps.push(Say::Last);
    steps
}

/// How a dialect says an answer.
pub(crate) trait Voice: Send + Sync {
    /// The content type of a stream.
    fn stream_type(&self) -> HeaderValue;

    /// Whether a stream ends with the usage.
    fn tells_usage(&self) -> bool;

    /// The whole answer in one body. Without usage, usage is left out.
    fn whole(&self, answer: &Answer, usage: Option<Usage>) -> Vec<u8>;

    /// One step, appended to `out`: nothing where the dialect has no word for it.
    fn say(&mut self, answer: &Answer, step: Say, usage: Option<Usage>, out: &mut Vec<u8>);

    /// An error inside the stream.
    fn exception(&self, name: &str, out: &mut Vec<u8>);

    /// A well-framed message whose JSON does not parse.
    fn malformed(&self, out: &mut Vec<u8>);

    /// A message whose frame is broken, where frames can be.
    fn corrupt(&self, out: &mut Vec<u8>);
}

/// A quarter of the bytes, rounded up.
pub(crate) fn tokens_of_bytes(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

//! What clouds speak: a prompt into the bytes of one vendor's request, and the bytes of its answer back into the
//! deltas and faults of `model`.
//!
//! Pure: sends nothing and signs nothing. Each vendor is a module of its own that knows of no other.

mod azure;
mod bedrock;
mod chat;
mod fault;
mod json;
mod names;
mod openai;

pub use fault::fault;

use abide_model::call::Delta;
use abide_model::fault::{Fault, FaultKind};
use abide_model::prompt::Prompt;
use abide_model::target::Dialect;
use names::Names;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;

/// The largest answer that is read when it does not stream, in bytes.
pub const ANSWER_BYTES_MAX: usize = 32 << 20;

/// One request, ready to be signed and sent with `POST`.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where to, below the base address of the cloud; percent-encoded as it is sent.
    pub path: Cow<'static, str>,
    /// Headers that say what the body is and what is accepted. None of them is a credential.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body, JSON.
    pub body: Vec<u8>,
    /// Fields of the prompt that this vendor has no place for and whose loss does no harm.
    pub dropped: Vec<String>,
    /// What the decoder of the answer needs to know.
    pub reading: Reading,
}

/// What was decided while encoding that decoding has to undo.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    names: Names,
    vendor: Cow<'static, str>,
}

/// Something was asked that this vendor cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The field, in the words of Chat Completions where it has one.
    pub field: String,
    /// Why not, for people.
    pub reason: String,
}

impl Unsupported {
    fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.field, self.reason)
    }
}

impl std::error::Error for Unsupported {}

/// Writes a prompt as a request of `dialect` for the cloud's `model`.
///
/// # Errors
/// When the prompt holds something that the dialect has no words for and that must not be left out.
pub fn encode(
    dialect: Dialect,
    prompt: &Prompt<'_>,
    model: &str,
    stream: bool,
) -> Result<Outgoing, Unsupported> {
    match dialect {
        Dialect::OpenAi => openai::encode(prompt, model, stream),
        Dialect::Azure => azure::encode(prompt, model, stream),
        Dialect::Bedrock => bedrock::encode(prompt, model, stream),
    }
}

/// Reads one answer with status 200, streamed or whole, as deltas.
///
/// One item is open at a time: `ItemDone` comes before the next `ItemStarted` and before `Finished`.
#[derive(Debug)]
pub struct Decoder(Inner);

#[derive(Debug)]
enum Inner {
    Chat(Box<chat::Decoder>),
    Bedrock(Box<bedrock::Decoder>),
}

impl Decoder {
    /// A decoder for the answer to a request that was encoded with the same `dialect` and `stream`.
    #[must_use]
    pub fn new(dialect: Dialect, stream: bool, reading: Reading) -> Self {
        Self(match dialect {
            Dialect::OpenAi | Dialect::Azure => Inner::Chat(Box::new(chat::Decoder::new(stream, reading))),
            Dialect::Bedrock => Inner::Bedrock(Box::new(bedrock::Decoder::new(stream, reading))),
        })
    }

    /// Takes in the next bytes of the body and appends what they say to `out`.
    ///
    /// # Errors
    /// When the cloud reports a failure in-band, or speaks something else than its protocol. What was appended
    /// before stays valid.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), Fault> {
        match &mut self.0 {
            Inner::Chat(decoder) => decoder.feed(bytes, out),
            Inner::Bedrock(decoder) => decoder.feed(bytes, out),
        }
    }

    /// Whether the protocol says that nothing follows; the body may then be left unread.
    #[must_use]
    pub fn whole(&self) -> bool {
        match &self.0 {
            Inner::Chat(decoder) => decoder.whole(),
            Inner::Bedrock(decoder) => decoder.whole(),
        }
    }

    /// The body has ended. Appends what was held back until now.
    ///
    /// # Errors
    /// [`FaultKind::Cut`] when the answer was not at its end; otherwise as [`Decoder::feed`].
    pub fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), Fault> {
        match &mut self.0 {
            Inner::Chat(decoder) => decoder.finish(out),
            Inner::Bedrock(decoder) => decoder.finish(out),
        }
    }
}

/// Collects an answer that does not stream.
fn collect(body: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Fault> {
    if body.len() + bytes.len() > ANSWER_BYTES_MAX {
        let message = format!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
        return Err(Fault::new(FaultKind::Protocol, message));
    }
    body.extend_from_slice(bytes);
    Ok(())
}

/// Reads JSON; `what` it is, a fault says.
fn parse<'a, T: Deserialize<'a>>(what: &str, body: &'a [u8]) -> Result<T, Fault> {
    // Of what is known to be text, no string is checked again.
    let read = std::str::from_utf8(body).map_or_else(|_| serde_json::from_slice(body), serde_json::from_str);
    read.map_err(|error| unreadable(what, &error))
}

/// The fault of a body that is not the JSON it should be. The offending text is content and stays out of it.
fn unreadable(what: &str, error: &serde_json::Error) -> Fault {
    let kind = if error.is_eof() { FaultKind::Cut } else { FaultKind::Protocol };
    Fault::new(kind, format!("{what} is not what the protocol says, at column {}", error.column()))
}

//! The record of calls: what was asked, what was sent, how it ended. Written once for each call,
//! also when the client leaves in the middle.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call as the cloud saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The request id, as the response header and the body carry it.
    pub id: String,
    /// The name of the cloud that served it.
    pub cloud: String,
    /// When it arrived, milliseconds since 1970.
    pub at_ms: u64,
    /// The path as it was sent.
    pub path: String,
    /// The model or deployment; empty when the request did not get that far.
    pub model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The HTTP status; 0 when the connection closed without one.
    pub status: u16,
    /// Tokens read: a quarter of the bytes of all text in the request, rounded up.
    pub input_tokens: u64,
    /// Tokens produced: all of them when the answer was whole, else those sent.
    pub output_tokens: u64,
    /// Whether the client was sent the usage.
    pub usage_sent: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The request body, where requests are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Outcome {
    /// The whole answer was sent.
    Completed,
    /// The request was refused as the vendor would, with the vendor's code.
    Rejected(String),
    /// The client left; this many tokens had been sent.
    ClientGone(u64),
    /// A fault changed the answer.
    Fault(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::Rejected(code) => write!(f, "rejected:{code}"),
            Self::ClientGone(tokens) => write!(f, "client_gone_after_{tokens}_tokens"),
            Self::Fault(fault) => write!(f, "fault:{fault}"),
        }
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> Self {
        outcome.to_string()
    }
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        if let Some(code) = text.strip_prefix("rejected:") {
            return Self::Rejected(code.to_owned());
        }
        if let Some(fault) = text.strip_prefix("fault:") {
            return Self::Fault(fault.to_owned());
        }
        let gone = text.strip_prefix("client_gone_after_").and_then(|rest| rest.strip_suffix("_tokens"));
        match gone.and_then(|tokens| tokens.parse().ok()) {
            Some(tokens) => Self::ClientGone(tokens),
            None => Self::Completed,
        }
    }
}

/// Every call of one cloud, the newest in memory and all in the log.
#[derive(Debug)]
pub(crate) struct Calls {
    keep: usize,
    kept: Mutex<VecDeque<Call>>,
    log: Option<Mutex<File>>,
}

impl Calls {
    pub(crate) fn new(keep: usize, log: Option<&Path>) -> io::Result<Self> {
        let log = match log {
            Some(path) => Some(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)),
            None => None,
        };
        Ok(Self { keep, kept: Mutex::new(VecDeque::new()), log })
    }

    pub(crate) fn list(&self) -> Vec<Call> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn record(&self, call: Call) {
        if let Some(log) = &self.log
            && let Ok(mut line) = serde_json::to_vec(&call)
        {
            line.push(b'\n');
            // One write a line: lines of several processes never mix. A full disk must not stop
            // the cloud.
            let _ = log.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
        }
        if self.keep > 0 {
            let mut kept = self.lock();
            if kept.len() >= self.keep {
                kept.pop_front();
            }
            kept.push_back(call);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way. Whatever becomes of it, it is recorded once.
#[derive(Debug)]
pub(crate) struct Ticket {
    calls: Arc<Calls>,
    call: Option<Call>,
}

impl Ticket {
    pub(crate) fn open(calls: &Arc<Calls>, id: String, cloud: &str, path: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let call = Call {
            id,
            cloud: cloud.to_owned(),
            at_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            path: path.to_owned(),
            model: String::new(),
            stream: false,
            status: 0,
            input_tokens: 0,
            output_tokens: 0,
            usage_sent: false,
            outcome: Outcome::ClientGone(0),
            request: None,
        };
        Self { calls: Arc::clone(calls), call: Some(call) }
    }

    pub(crate) fn keep_request(&mut self, body: &Bytes) {
        if let Some(call) = &mut self.call {
            call.request = serde_json::from_slice(body).ok();
        }
    }

    pub(crate) fn asked(&mut self, model: &str, stream: bool, input_tokens: u64) {
        if let Some(call) = &mut self.call {
            model.clone_into(&mut call.model);
            call.stream = stream;
            call.input_tokens = input_tokens;
        }
    }

    pub(crate) fn answering(&mut self, status: u16) {
        if let Some(call) = &mut self.call {
            call.status = status;
        }
    }

    /// A token is on its way to the client.
    pub(crate) fn sent(&mut self, tokens: u64) {
        if let Some(call) = &mut self.call {
            call.output_tokens = tokens;
            if let Outcome::ClientGone(gone_after) = &mut call.outcome {
                *gone_after = tokens;
            }
        }
    }

    pub(crate) fn usage_sent(&mut self) {
        if let Some(call) = &mut self.call {
            call.usage_sent = true;
        }
    }

    /// From here on the call counts as faulted, even when the client leaves first.
    pub(crate) fn faulted(&mut self, fault: &str) {
        if let Some(call) = &mut self.call {
            call.outcome = Outcome::Fault(fault.to_owned());
        }
    }

    /// The whole answer is on its way.
    pub(crate) fn complete(&mut self) {
        if let Some(call) = &mut self.call
            && let Outcome::ClientGone(_) = call.outcome
        {
            call.outcome = Outcome::Completed;
        }
        self.close();
    }

    pub(crate) fn reject(&mut self, code: &str) {
        if let Some(call) = &mut self.call {
            call.outcome = Outcome::Rejected(code.to_owned());
        }
        self.close();
    }

    /// Records the call as it stands.
    pub(crate) fn close(&mut self) {
        if let Some(call) = self.call.take() {
            self.calls.record(call);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.close();
    }
}

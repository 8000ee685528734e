//! Faults on request: their one-line syntax, the queue they wait in, and what they come to for one
//! call. Knows nothing of HTTP or dialects.
//!
//! ```text
//! [CLOUD:]KIND [KEY=VALUE ...]
//!
//! 429 retry-after=2        any status from 400 to 599, retry-after in seconds
//! drop                     the connection closes without an answer
//! hang                     nothing ever comes; `hang after=3` hangs after three tokens
//! cut after=3              the connection closes after three tokens, in the middle of a frame
//! slow ms=50               a pause before every token
//! wait ms=50               a pause before the response head
//! exception type=throttlingException after=3     an error inside a stream that began with 200
//! malformed after=3        JSON that does not parse
//! corrupt after=3          Bedrock: a frame whose checksum is wrong
//! no-usage                 usage is left out
//! filter                   the prompt is blocked; `filter after=3` blocks the output
//!
//! keys of every kind: cloud, model, contains (of the newest user text), stream=true|false,
//! skip (requests to let pass), times (requests to hit, 1 unless said)
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::Behaviour;

const MARKER_OPEN: &str = "[[sim:";
const MARKER_CLOSE: &str = "]]";

/// A fault and the requests it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Only at the cloud of this name (or dialect).
    pub cloud: Option<String>,
    /// Only for this model id.
    pub model: Option<String>,
    /// Only when the newest user text contains this.
    pub contains: Option<String>,
    /// Only for calls that stream, or that do not.
    pub stream: Option<bool>,
    /// Fitting requests that pass unharmed first.
    pub skip: u32,
    /// Fitting requests that are hit, after those.
    pub times: u32,
}

/// What goes wrong. `after` counts tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// This status instead of an answer.
    Status {
        /// 400 to 599.
        code: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// The connection closes without an answer.
    Drop,
    /// Nothing comes any more: not even a head when `after` is absent.
    Hang {
        /// Tokens sent before.
        after: Option<u64>,
    },
    /// The connection closes in the middle of a frame.
    Cut {
        /// Tokens sent before.
        after: u64,
    },
    /// A pause before every token.
    Slow {
        /// Milliseconds a token.
        ms: u64,
    },
    /// A pause before the response head.
    Wait {
        /// Milliseconds.
        ms: u64,
    },
    /// An error inside a stream that began with 200.
    Exception {
        /// The event stream's exception type, such as `throttlingException`.
        name: String,
        /// Tokens sent before.
        after: u64,
    },
    /// JSON that does not parse.
    Malformed {
        /// Tokens sent before.
        after: u64,
    },
    /// A frame whose checksum is wrong; where frames have none, the same as malformed.
    Corrupt {
        /// Tokens sent before.
        after: u64,
    },
    /// Usage is left out.
    NoUsage,
    /// The content filter: of the prompt when `after` is absent, else of the output.
    Filter {
        /// Tokens sent before.
        after: Option<u64>,
    },
}

impl From<Kind> for Fault {
    /// The next request, whatever it is.
    fn from(kind: Kind) -> Self {
        Self { kind, cloud: None, model: None, contains: None, stream: None, skip: 0, times: 1 }
    }
}

impl Kind {
    /// The word that names it in the one-line syntax.
    pub fn word(&self) -> String {
        match self {
            Self::Status { code, .. } => code.to_string(),
            Self::Drop => "drop".to_owned(),
            Self::Hang { .. } => "hang".to_owned(),
            Self::Cut { .. } => "cut".to_owned(),
            Self::Slow { .. } => "slow".to_owned(),
            Self::Wait { .. } => "wait".to_owned(),
            Self::Exception { .. } => "exception".to_owned(),
            Self::Malformed { .. } => "malformed".to_owned(),
            Self::Corrupt { .. } => "corrupt".to_owned(),
            Self::NoUsage => "no-usage".to_owned(),
            Self::Filter { .. } => "filter".to_owned(),
        }
    }
}

/// A fault line that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError(String);

impl fmt::Display for ParseFaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseFaultError {}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut words = line.split_whitespace();
        let first = words.next().ok_or_else(|| ParseFaultError("the fault is empty".to_owned()))?;
        let (cloud, word) = match first.split_once(':') {
            Some((cloud, word)) => (Some(cloud.to_owned()), word),
            None => (None, first),
        };
        let mut keys = Keys::default();
        for pair in words {
            keys.take(pair)?;
        }
        let kind = keys.kind(word)?;
        Ok(Self {
            kind,
            cloud: cloud.or(keys.cloud),
            model: keys.model,
            contains: keys.contains,
            stream: keys.stream,
            skip: keys.skip,
            times: keys.times.unwrap_or(1),
        })
    }
}

impl Fault {
    /// From JSON: a line of the syntax, or `{"fault": LINE, "contains": …, "times": …, …}`.
    ///
    /// # Errors
    ///
    /// When the line or a key does not parse; the message quotes it.
    pub fn from_json(value: &Value) -> Result<Self, ParseFaultError> {
        if let Value::String(line) = value {
            return line.parse();
        }
        let wrong = || ParseFaultError(format!("`{value}` is neither a line nor an object with `fault`"));
        let object = value.as_object().ok_or_else(wrong)?;
        let line = object.get("fault").and_then(Value::as_str).ok_or_else(wrong)?;
        let mut fault: Self = line.parse()?;
        for (key, value) in object {
            let text = value.as_str().map(str::to_owned);
            let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
            match (key.as_str(), text, count, value.as_bool()) {
                ("fault", ..) => {}
                ("cloud", Some(text), ..) => fault.cloud = Some(text),
                ("model", Some(text), ..) => fault.model = Some(text),
                ("contains", Some(text), ..) => fault.contains = Some(text),
                ("stream", _, _, Some(stream)) => fault.stream = Some(stream),
                ("skip", _, Some(count), _) => fault.skip = count,
                ("times", _, Some(count), _) => fault.times = count,
                _ => return Err(ParseFaultError(format!("`{key}` cannot be `{value}`"))),
            }
        }
        Ok(fault)
    }
}

#[derive(Default)]
struct Keys {
    after: Option<u64>,
    ms: Option<u64>,
    retry_after: Option<u64>,
    name: Option<String>,
    cloud: Option<String>,
    model: Option<String>,
    contains: Option<String>,
    stream: Option<bool>,
    skip: u32,
    times: Option<u32>,
}

impl Keys {
    fn take(&mut self, pair: &str) -> Result<(), ParseFaultError> {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| ParseFaultError(format!("`{pair}` is not KEY=VALUE")))?;
        match key {
            "after" => self.after = Some(number(pair, value)?),
            "ms" => self.ms = Some(number(pair, value)?),
            "retry-after" => self.retry_after = Some(number(pair, value)?),
            "type" => self.name = Some(value.to_owned()),
            "cloud" => self.cloud = Some(value.to_owned()),
            "model" => self.model = Some(value.to_owned()),
            "contains" => self.contains = Some(value.to_owned()),
            "stream" => self.stream = Some(number(pair, value)?),
            "skip" => self.skip = number(pair, value)?,
            "times" => self.times = Some(number(pair, value)?),
            unknown => return Err(ParseFaultError(format!("no fault has a key `{unknown}`"))),
        }
        Ok(())
    }

    fn kind(&self, word: &str) -> Result<Kind, ParseFaultError> {
        let after = self.after.unwrap_or(0);
        let ms = self.ms.unwrap_or(50);
        Ok(match word {
            "drop" => Kind::Drop,
            "hang" => Kind::Hang { after: self.after },
            "cut" => Kind::Cut { after },
            "slow" => Kind::Slow { ms },
            "wait" => Kind::Wait { ms },
            "exception" => {
                let name = self.name.clone().unwrap_or_else(|| "throttlingException".to_owned());
                Kind::Exception { name, after }
            }
            "malformed" => Kind::Malformed { after },
            "corrupt" => Kind::Corrupt { after },
            "no-usage" => Kind::NoUsage,
            "filter" => Kind::Filter { after: self.after },
            code => match code.parse() {
                Ok(code @ 400..=599) => Kind::Status { code, retry_after: self.retry_after },
                Ok(_) | Err(_) => return Err(ParseFaultError(format!("no fault is called `{word}`"))),
            },
        })
    }
}

fn number<T: FromStr>(pair: &str, value: &str) -> Result<T, ParseFaultError> {
    value.parse().map_err(|_| ParseFaultError(format!("`{pair}` has no usable value")))
}

/// What a fault looks at to see whether it is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) name: &'a str,
    pub(crate) dialect: &'a str,
    pub(crate) model: &'a str,
    pub(crate) text: &'a str,
    pub(crate) stream: bool,
}

impl Fault {
    fn fits(&self, target: &Target<'_>) -> bool {
        self.cloud.as_deref().is_none_or(|cloud| cloud == target.name || cloud == target.dialect)
            && self.model.as_deref().is_none_or(|model| model == target.model)
            && self.contains.as_deref().is_none_or(|part| target.text.contains(part))
            && self.stream.is_none_or(|stream| stream == target.stream)
    }
}

/// Faults that wait for their requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<VecDeque<Fault>>);

impl Faults {
    pub(crate) fn push(&self, fault: Fault) {
        self.lock().push_back(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// The first fault that fits, counted down; it leaves the queue when it has hit its last.
    fn next(&self, target: &Target<'_>) -> Option<Kind> {
        let mut queue = self.lock();
        let place = queue.iter().position(|fault| fault.fits(target))?;
        let fault = queue.get_mut(place)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times = fault.times.saturating_sub(1);
        let kind = fault.kind.clone();
        if fault.times == 0 {
            queue.remove(place);
        }
        Some(kind)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happens instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Early {
    Status { code: u16, retry_after: Option<u64> },
    Drop,
    Hang,
    Filter,
}

/// What happens in the middle of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    Hang,
    Cut,
    Exception(String),
    Malformed,
    Corrupt,
}

/// How one call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) wait: Duration,
    pub(crate) token_delay: Duration,
    pub(crate) early: Option<Early>,
    pub(crate) middle: Option<(u64, Middle)>,
    pub(crate) filter_after: Option<u64>,
    pub(crate) usage: bool,
    /// The fault that changes the answer, for the record.
    pub(crate) label: Option<String>,
}

impl Plan {
    /// The plan of one call: the behaviour, then the header's faults, the marker's and the queue's.
    pub(crate) fn new(
        behaviour: &Behaviour,
        header: Option<&str>,
        markers: &[&str],
        queue: &Faults,
        target: &Target<'_>,
    ) -> Result<Self, ParseFaultError> {
        let mut plan = Self {
            wait: behaviour.wait,
            token_delay: behaviour.token_delay,
            early: None,
            middle: None,
            filter_after: None,
            usage: true,
            label: None,
        };
        let lines = header.into_iter().flat_map(|header| header.split(';')).chain(markers.iter().copied());
        for line in lines {
            let fault: Fault = line.parse()?;
            if fault.fits(target) {
                plan.add(fault.kind);
            }
        }
        if let Some(kind) = queue.next(target) {
            plan.add(kind);
        }
        Ok(plan)
    }

    fn add(&mut self, kind: Kind) {
        let word = kind.word();
        match kind {
            Kind::Slow { ms } => {
                self.token_delay = Duration::from_millis(ms);
                return;
            }
            Kind::Wait { ms } => {
                self.wait = Duration::from_millis(ms);
                return;
            }
            Kind::Status { code, retry_after } => self.early = Some(Early::Status { code, retry_after }),
            Kind::Drop => self.early = Some(Early::Drop),
            Kind::Hang { after: None } => self.early = Some(Early::Hang),
            Kind::Hang { after: Some(after) } => self.middle = Some((after, Middle::Hang)),
            Kind::Cut { after } => self.middle = Some((after, Middle::Cut)),
            Kind::Exception { name, after } => self.middle = Some((after, Middle::Exception(name))),
            Kind::Malformed { after } => self.middle = Some((after, Middle::Malformed)),
            Kind::Corrupt { after } => self.middle = Some((after, Middle::Corrupt)),
            Kind::NoUsage => self.usage = false,
            Kind::Filter { after: None } => self.early = Some(Early::Filter),
            Kind::Filter { after: Some(after) } => self.filter_after = Some(after),
        }
        self.label = Some(word);
    }
}

/// Takes the markers `[[sim:…]]` out of a text: the text without them, and their lines.
pub(crate) fn markers(text: &str) -> (String, Vec<&str>) {
    let mut plain = String::with_capacity(text.len());
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once(MARKER_OPEN) {
        let Some((line, after)) = tail.split_once(MARKER_CLOSE) else { break };
        plain.push_str(before);
        lines.push(line.trim());
        rest = after;
    }
    plain.push_str(rest);
    (plain.trim().to_owned(), lines)
}

/// Whether a text has a marker at all.
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains(MARKER_OPEN)
}

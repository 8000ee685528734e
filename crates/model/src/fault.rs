//! Why a model call did not come to its end, in no vendor's words.

use std::fmt;

/// Which wait ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// For a connection.
    Connect,
    /// For the first token, or the head of a whole answer.
    FirstToken,
    /// Between two pieces of a stream.
    Between,
    /// For the end.
    Total,
}

/// The kinds of failure that routing tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// No connection, or it broke before an answer began.
    Connect,
    /// 429, or the same thing said in-band.
    RateLimited,
    /// 5xx, or the same thing said in-band.
    Server,
    /// A wait ran out.
    Timeout(Wait),
    /// The answer broke off.
    Cut,
    /// The answer does not follow the vendor's protocol.
    Protocol,
    /// The cloud refuses our credentials.
    Auth,
    /// The cloud does not know the model or deployment.
    NoModel,
    /// The cloud finds the request itself wrong; another would too.
    BadRequest,
    /// The cloud's content filter refused the prompt.
    Filtered,
    /// The request holds something this cloud's format has no words for; it was not sent.
    Unsupported,
}

impl FaultKind {
    /// A stable word for logs, metrics and transcripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FaultKind::Connect => "connect",
            FaultKind::RateLimited => "rate_limited",
            FaultKind::Server => "server",
            FaultKind::Timeout(Wait::Connect) => "timeout_connect",
            FaultKind::Timeout(Wait::FirstToken) => "timeout_first_token",
            FaultKind::Timeout(Wait::Between) => "timeout_between_tokens",
            FaultKind::Timeout(Wait::Total) => "timeout_total",
            FaultKind::Cut => "cut",
            FaultKind::Protocol => "protocol",
            FaultKind::Auth => "auth",
            FaultKind::NoModel => "no_model",
            FaultKind::BadRequest => "bad_request",
            FaultKind::Filtered => "filtered",
            FaultKind::Unsupported => "unsupported",
        }
    }

    /// Reads [`FaultKind::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Every kind.
    pub const ALL: [FaultKind; 14] = [
        FaultKind::Connect,
        FaultKind::RateLimited,
        FaultKind::Server,
        FaultKind::Timeout(Wait::Connect),
        FaultKind::Timeout(Wait::FirstToken),
        FaultKind::Timeout(Wait::Between),
        FaultKind::Timeout(Wait::Total),
        FaultKind::Cut,
        FaultKind::Protocol,
        FaultKind::Auth,
        FaultKind::NoModel,
        FaultKind::BadRequest,
        FaultKind::Filtered,
        FaultKind::Unsupported,
    ];

    /// Whether another target may do better.
    #[must_use]
    pub fn fails_over(self) -> bool {
        match self {
            FaultKind::Connect
            | FaultKind::RateLimited
            | FaultKind::Server
            | FaultKind::Timeout(_)
            | FaultKind::Cut
            | FaultKind::Protocol
            | FaultKind::Auth
            | FaultKind::NoModel
            | FaultKind::Unsupported => true,
            FaultKind::BadRequest | FaultKind::Filtered => false,
        }
    }
}

/// One failure of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub kind: FaultKind,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// The cloud's own words, shortened; never a credential.
    pub message: String,
    /// How long the cloud asks to be left alone, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault without status or delay.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, message: message.into(), retry_after_ms: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{} (HTTP {status}): {}", self.kind.as_str(), self.message),
            None => write!(f, "{}: {}", self.kind.as_str(), self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_from_its_word() {
        for kind in FaultKind::ALL {
            assert_eq!(FaultKind::parse(kind.as_str()), Some(kind));
        }
    }
}

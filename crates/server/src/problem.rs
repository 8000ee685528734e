//! The one table from what can go wrong to an HTTP status and an error body in OpenAI's shape.
//!
//! | Status | When |
//! | --- | --- |
//! | 400 | the request is wrong, here or in a cloud's eyes; a filter refused it; the run had ended or was cancelled |
//! | 401 | no key, or one that is unknown, revoked or expired |
//! | 403 | an agreement forbids it; the message names the clause |
//! | 404 | no such path, model, conversation, response or item |
//! | 405 | the path takes other methods, which `Allow` lists |
//! | 408 | the body came too slowly |
//! | 409 | another run is at work in the conversation; trying again helps |
//! | 413 | the body, or what it would store, is too large |
//! | 415 | the body is compressed |
//! | 429 | every cloud that could serve it says: not now; `Retry-After` when one of them said how long |
//! | 500 | a fault of Abide or of its disk |
//! | 502 | the last cloud failed, and no other could serve it |
//! | 503 | a limit of Abide is hit, or it is stopping; `Retry-After` says when to come back |
//! | 504 | the last cloud did not answer in time |
//! | 507 | the store is full; nothing that was kept is lost |

use crate::route::{self, Op};
use abide_engine::Refused;
use abide_model::event::{RunError, RunStatus, Shortfall};
use abide_model::fault::FaultKind;
use abide_model::run::RunView;
use abide_session::Rejection;
use abide_wire::client;
use abide_wire::client::error::{Kind, encode_error};
use hyper::StatusCode;
use std::borrow::Cow;

/// Seconds to wait when Abide itself is full or stopping.
const RETRY_SECONDS: u32 = 1;

/// What a client is told instead of what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) kind: Kind,
    /// A stable word for programs.
    pub(crate) code: Cow<'static, str>,
    /// For people.
    pub(crate) message: String,
    /// The field that is wrong.
    pub(crate) param: Option<Box<str>>,
    /// Seconds after which trying again may help.
    pub(crate) retry_after: Option<u32>,
    /// What the path takes instead, when the method is wrong.
    pub(crate) allow: Option<&'static [Op]>,
    /// What only the log says: paths and reasons that are no client's business.
    pub(crate) inside: Option<Box<str>>,
}

impl Failure {
    fn new(status: StatusCode, kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: Cow::Borrowed(code),
            message: message.into(),
            param: None,
            retry_after: None,
            allow: None,
            inside: None,
        }
    }

    /// The body that says so.
    pub(crate) fn encode(&self) -> Vec<u8> {
        encode_error(self.kind, &self.code, &self.message, self.param.as_deref())
    }

    /// The same, for a stream that has begun.
    pub(crate) fn in_stream(self) -> client::Problem {
        let code = match self.code {
            Cow::Borrowed(code) => code,
            Cow::Owned(_) => self.kind.as_str(),
        };
        client::Problem { message: self.message, param: self.param.map(String::from), code }
    }

    pub(crate) fn no_such_path(method: &str, path: &str) -> Self {
        let shown: String = path.chars().take(PATH_SHOWN_CHARS_MAX).collect();
        let message = format!("nothing is served at `{method} {shown}`; `GET /` lists what is");
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "unknown_url", message)
    }

    pub(crate) fn no_such(code: &'static str, message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, Kind::NotFound, code, message)
    }

    pub(crate) fn wrong_method(ops: &'static [Op]) -> Self {
        let path = ops.first().map_or("", |op| op.shape().1);
        let message = format!("`{path}` takes {}", route::allowed(ops));
        let failure =
            Self::new(StatusCode::METHOD_NOT_ALLOWED, Kind::InvalidRequest, "method_not_allowed", message);
        Self { allow: Some(ops), ..failure }
    }

    pub(crate) fn body_too_large(max: usize) -> Self {
        let message = format!("the body is larger than {max} bytes, which is the most");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Kind::InvalidRequest, "body_too_large", message)
    }

    pub(crate) fn body_too_slow(seconds: u64) -> Self {
        let message = format!("the body did not arrive within {seconds} seconds");
        Self::new(StatusCode::REQUEST_TIMEOUT, Kind::InvalidRequest, "body_timeout", message)
    }

    pub(crate) fn body_cut() -> Self {
        let message = "the body broke off before its end";
        Self::new(StatusCode::BAD_REQUEST, Kind::InvalidRequest, "body_incomplete", message)
    }

    pub(crate) fn body_encoded() -> Self {
        let message = "a compressed body is not taken; send it without `content-encoding`";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, Kind::InvalidRequest, "unsupported_content_encoding", message)
    }

    pub(crate) fn full(what: &str, limit: usize) -> Self {
        let message = format!("{what} are at their limit of {limit}; try again shortly");
        Self::later("overloaded", message)
    }

    /// Nobody knows how the run went on: Abide stops, or the client read too slowly.
    pub(crate) fn interrupted() -> Self {
        Self::later("interrupted", "the run was interrupted; if it is stored, read it back by its id")
    }

    pub(crate) fn stopping() -> Self {
        Refused::ShuttingDown.into()
    }

    /// A handler panicked: a defect of Abide.
    pub(crate) fn defect() -> Self {
        let message = "Abide failed on this request; its log holds more under the request id";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let failure = Self::new(status, Kind::Server, "internal_error", message);
        Self { inside: Some("a panic; the lines above say where".into()), ..failure }
    }

    fn later(code: &'static str, message: impl Into<String>) -> Self {
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, Kind::Server, code, message);
        Self { retry_after: Some(RETRY_SECONDS), ..failure }
    }

    /// Why a run that has ended has no whole answer to give, if it has none.
    pub(crate) fn of(view: &RunView) -> Option<Self> {
        match &view.status {
            RunStatus::Completed(_)
            | RunStatus::Incomplete(Shortfall::OutputTokens | Shortfall::ContentFilter) => None,
            RunStatus::Failed(error) => Some(error.into()),
            RunStatus::Cancelled => Some(Self::new(
                StatusCode::BAD_REQUEST,
                Kind::InvalidRequest,
                "cancelled",
                "the run was cancelled",
            )),
            RunStatus::Incomplete(Shortfall::Interrupted) | RunStatus::InProgress => {
                Some(Self::interrupted())
            }
        }
    }
}

/// Characters of a path that an error repeats.
const PATH_SHOWN_CHARS_MAX: usize = 100;

impl From<client::Problem> for Failure {
    fn from(problem: client::Problem) -> Self {
        let failure = Self::new(StatusCode::BAD_REQUEST, Kind::InvalidRequest, problem.code, problem.message);
        Self { param: problem.param.map(String::into), ..failure }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        match &refused {
            Refused::NoKey => {
                Self::new(StatusCode::UNAUTHORIZED, Kind::Authentication, "missing_api_key", message)
            }
            Refused::BadKey { .. } => {
                Self::new(StatusCode::UNAUTHORIZED, Kind::Authentication, "invalid_api_key", message)
            }
            Refused::UnknownModel { .. } => {
                let failure = Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "model_not_found", message);
                Self { param: Some("model".into()), ..failure }
            }
            Refused::UnknownConversation(_) => {
                Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "conversation_not_found", message)
            }
            Refused::UnknownResponse(_) => {
                Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "response_not_found", message)
            }
            Refused::UnknownItem(_) => {
                Self::new(StatusCode::NOT_FOUND, Kind::NotFound, "item_not_found", message)
            }
            Refused::Rejected(rejection) => {
                let (status, kind, code) = rejected(rejection);
                Self::new(status, kind, code, message)
            }
            Refused::Run(error) => error.into(),
            Refused::Store(error) => stored(error.code(), message),
            Refused::Journal { session, .. } => {
                let shown = format!("what is stored of `{session}` cannot be read");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let failure = Self::new(status, Kind::Server, "journal_unreadable", shown);
                Self { inside: Some(message.into()), ..failure }
            }
            Refused::Limit { .. } => Self::later("overloaded", message),
            Refused::Forks { .. } => {
                Self::new(StatusCode::BAD_REQUEST, Kind::InvalidRequest, "too_many_forks", message)
            }
            Refused::ShuttingDown => Self::later("shutting_down", message),
        }
    }
}

fn rejected(rejection: &Rejection) -> (StatusCode, Kind, &'static str) {
    let wrong = |code| (StatusCode::BAD_REQUEST, Kind::InvalidRequest, code);
    let absent = |code| (StatusCode::NOT_FOUND, Kind::NotFound, code);
    match rejection {
        Rejection::UnknownCall { .. } => wrong("unknown_tool_call"),
        Rejection::AnsweredTwice { .. } => wrong("tool_call_answered_twice"),
        Rejection::Unanswered { .. } => wrong("tool_output_missing"),
        Rejection::Busy { .. } => (StatusCode::CONFLICT, Kind::InvalidRequest, "conversation_busy"),
        Rejection::UnknownRun { .. } => absent("response_not_found"),
        Rejection::UnknownItem { .. } => absent("item_not_found"),
        Rejection::Ended { .. } => wrong("response_ended"),
        Rejection::TooManyItems { .. } => wrong("too_many_items"),
    }
}

/// The store is known here by its codes alone. Its messages name files of the machine: they are for the log.
fn stored(code: &str, inside: String) -> Failure {
    let failure = match code {
        "store_full" => Failure::new(
            StatusCode::INSUFFICIENT_STORAGE,
            Kind::Server,
            "store_full",
            "the store has no room left for this; nothing that was kept before is lost",
        ),
        "store_too_large" => Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Kind::InvalidRequest,
            "store_too_large",
            "this is more than can be stored in one step",
        ),
        "store_erased" => Failure::new(
            StatusCode::NOT_FOUND,
            Kind::NotFound,
            "conversation_not_found",
            "the conversation was deleted",
        ),
        "store_conflict" => {
            Failure::later("store_conflict", "the conversation moved on meanwhile; try again")
        }
        "store_closed" => Failure::later("shutting_down", Refused::ShuttingDown.to_string()),
        _ => Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Server,
            "store_failed",
            "the store failed; the log of Abide holds more under the request id",
        ),
    };
    Failure { inside: Some(inside.into()), ..failure }
}

impl From<&RunError> for Failure {
    fn from(error: &RunError) -> Self {
        Self {
            status: run_status(error),
            kind: Kind::of_run(error),
            code: Cow::Owned(error.code.clone()),
            message: error.message.clone(),
            param: None,
            retry_after: error.retry_after_ms.map(|ms| u32::try_from(ms.div_ceil(1000)).unwrap_or(u32::MAX)),
            allow: None,
            inside: None,
        }
    }
}

/// What a cloud did decides; without a cloud, Abide's own code.
fn run_status(error: &RunError) -> StatusCode {
    match error.fault {
        Some(FaultKind::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(FaultKind::Timeout(_)) => StatusCode::GATEWAY_TIMEOUT,
        Some(FaultKind::BadRequest | FaultKind::Filtered | FaultKind::Unsupported) => StatusCode::BAD_REQUEST,
        Some(
            FaultKind::Connect
            | FaultKind::Server
            | FaultKind::Cut
            | FaultKind::Protocol
            | FaultKind::Auth
            | FaultKind::NoModel,
        ) => StatusCode::BAD_GATEWAY,
        None => match error.code.as_str() {
            "refused_by_agreement" => StatusCode::FORBIDDEN,
            "unsupported_parameter" => StatusCode::BAD_REQUEST,
            "no_target" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::fault::Wait;
    use abide_model::id::{ItemId, RunId, SessionId};
    use expect_test::{Expect, expect};
    use std::fmt::Write as _;

    fn check(failures: impl IntoIterator<Item = Failure>, expected: &Expect) {
        let rows = failures.into_iter().fold(String::new(), |mut rows, failure| {
            let (status, kind) = (failure.status.as_u16(), failure.kind.as_str());
            write!(rows, "{status} {kind} {}", failure.code).unwrap();
            if let Some(seconds) = failure.retry_after {
                write!(rows, " retry-after {seconds}").unwrap();
            }
            writeln!(rows, ": {}", failure.message).unwrap();
            rows
        });
        expected.assert_eq(&rows);
    }

    const SESSION: SessionId = SessionId(1);
    const RUN: RunId = RunId { session: SESSION, n: 2 };
    const ITEM: ItemId = ItemId { session: SESSION, n: 3 };

    #[test]
    fn every_refusal_has_its_status() {
        let refusals = [
            Refused::NoKey,
            Refused::BadKey { why: "it has expired" },
            Refused::UnknownModel { model: "dmo".parse().unwrap(), suggestion: "demo".parse().ok() },
            Refused::UnknownConversation(SESSION),
            Refused::UnknownResponse(RUN),
            Refused::UnknownItem(ITEM),
            Refused::Journal { session: SESSION, reason: "record 4 is cut".to_owned() },
            Refused::Limit { what: "the number of runs at work", limit: 4 },
            Refused::Forks { max: 256 },
            Refused::ShuttingDown,
        ];
        check(
            refusals.map(Failure::from),
            &expect![[r#"
            401 authentication_error missing_api_key: no API key was given; send it as `Authorization: Bearer KEY`
            401 authentication_error invalid_api_key: the API key is not valid: it has expired
            404 not_found_error model_not_found: the model `dmo` does not exist; did you mean `demo`?
            404 not_found_error conversation_not_found: conversation `conv_00000000000000000000000000000001` does not exist or was deleted
            404 not_found_error response_not_found: response `resp_0000000000000000000000000000000100000002` does not exist, was deleted, or was not stored
            404 not_found_error item_not_found: item `item_0000000000000000000000000000000100000003` is not in this conversation
            500 server_error journal_unreadable: what is stored of `conv_00000000000000000000000000000001` cannot be read
            503 server_error overloaded retry-after 1: the number of runs at work is at its limit of 4; try again shortly
            400 invalid_request_error too_many_forks: this response is 256 forks away from its first, which is the most; continue the latest one
            503 server_error shutting_down retry-after 1: Abide is shutting down; try again on another node or shortly
        "#]],
        );
    }

    #[test]
    fn what_a_session_does_not_take_has_its_status() {
        let rejections = [
            Rejection::UnknownCall { call_id: "call_1".to_owned() },
            Rejection::AnsweredTwice { call_id: "call_1".to_owned() },
            Rejection::Unanswered { call_ids: vec!["call_1".to_owned()] },
            Rejection::Busy { run: RUN },
            Rejection::UnknownRun { run: RUN },
            Rejection::UnknownItem { id: ITEM },
            Rejection::Ended { run: RUN, status: "completed" },
            Rejection::TooManyItems { items: 11, max: 10 },
        ];
        check(
            rejections.map(Refused::from).map(Failure::from),
            &expect![[r#"
            400 invalid_request_error unknown_tool_call: no tool call with id `call_1` in this conversation; its result was never asked for
            400 invalid_request_error tool_call_answered_twice: tool call `call_1` was answered already
            400 invalid_request_error tool_output_missing: no output for tool call `call_1`; send a result for each call before going on
            409 invalid_request_error conversation_busy: response `resp_0000000000000000000000000000000100000002` is still at work in this conversation; wait for it or cancel it
            404 not_found_error response_not_found: response `resp_0000000000000000000000000000000100000002` does not exist or was deleted
            404 not_found_error item_not_found: item `item_0000000000000000000000000000000100000003` is not in this conversation
            400 invalid_request_error response_ended: response `resp_0000000000000000000000000000000100000002` has ended (completed) and cannot be cancelled
            400 invalid_request_error too_many_items: a conversation holds at most 10 items; this one would hold 11
        "#]],
        );
    }

    #[test]
    fn the_end_of_a_run_that_failed_has_the_status_of_what_failed_it() {
        let faults = FaultKind::ALL.into_iter().filter(|kind| match kind {
            FaultKind::Timeout(wait) => *wait == Wait::Connect,
            FaultKind::Connect
            | FaultKind::RateLimited
            | FaultKind::Server
            | FaultKind::Cut
            | FaultKind::Protocol
            | FaultKind::Auth
            | FaultKind::NoModel
            | FaultKind::BadRequest
            | FaultKind::Filtered
            | FaultKind::Unsupported => true,
        });
        let by_cloud = faults.map(|kind| RunError {
            code: "of_cloud".to_owned(),
            message: kind.as_str().to_owned(),
            fault: Some(kind),
            retry_after_ms: (kind == FaultKind::RateLimited).then_some(1_200),
        });
        let codes = ["refused_by_agreement", "unsupported_parameter", "no_target", "of_tomorrow"];
        let by_abide = codes.map(|code| RunError {
            code: code.to_owned(),
            message: "said by Abide".to_owned(),
            fault: None,
            retry_after_ms: None,
        });
        check(
            by_cloud.chain(by_abide).map(|error| Failure::from(&error)),
            &expect![[r#"
                502 server_error of_cloud: connect
                429 rate_limit_error of_cloud retry-after 2: rate_limited
                502 server_error of_cloud: server
                504 server_error of_cloud: timeout_connect
                502 server_error of_cloud: cut
                502 server_error of_cloud: protocol
                502 server_error of_cloud: auth
                502 server_error of_cloud: no_model
                400 invalid_request_error of_cloud: bad_request
                400 invalid_request_error of_cloud: filtered
                400 invalid_request_error of_cloud: unsupported
                403 permission_error refused_by_agreement: said by Abide
                400 invalid_request_error unsupported_parameter: said by Abide
                503 server_error no_target: said by Abide
                500 server_error of_tomorrow: said by Abide
            "#]],
        );
    }

    #[test]
    fn what_the_store_says_of_its_files_is_for_the_log_alone() {
        let codes =
            ["store_full", "store_too_large", "store_erased", "store_conflict", "store_closed", "store_io"];
        let failures = codes.map(|code| stored(code, "no room for `/srv/abide`".to_owned()));
        assert!(failures.iter().all(|failure| failure.inside.as_deref() == Some("no room for `/srv/abide`")));
        check(
            failures,
            &expect![[r#"
                507 server_error store_full: the store has no room left for this; nothing that was kept before is lost
                413 invalid_request_error store_too_large: this is more than can be stored in one step
                404 not_found_error conversation_not_found: the conversation was deleted
                503 server_error store_conflict retry-after 1: the conversation moved on meanwhile; try again
                503 server_error shutting_down retry-after 1: Abide is shutting down; try again on another node or shortly
                500 server_error store_failed: the store failed; the log of Abide holds more under the request id
            "#]],
        );
    }

    #[test]
    fn an_error_in_a_stream_keeps_its_code() {
        assert_eq!(Failure::interrupted().in_stream().code, "interrupted");
    }
}

//! Errors in OpenAI's shape: what is wrong with a request, and the body and stream event that say so.
//!
//! Source: the error object of OpenAI's API reference. Which HTTP status goes with an error is the server's table.

use super::write;
use abide_model::event::RunError;
use abide_model::fault::FaultKind;
use std::fmt;

/// Why a request cannot be read: always the client's to mend, HTTP 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// For people: what is wrong and, where it is known, what was meant.
    pub message: String,
    /// The field, as a path: `input[2].call_id`. `None` when it is the body itself.
    pub param: Option<String>,
    /// A stable word for programs, one of [`code`].
    pub code: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

/// The stable codes of [`Problem`].
pub mod code {
    /// The body is not JSON.
    pub const INVALID_JSON: &str = "invalid_json";
    /// A value of another JSON type than the field takes.
    pub const INVALID_TYPE: &str = "invalid_type";
    /// A value outside what the field takes.
    pub const INVALID_VALUE: &str = "invalid_value";
    /// A field that must be there is not.
    pub const MISSING: &str = "missing_required_parameter";
    /// A field that OpenAI's API does not have.
    pub const UNKNOWN: &str = "unknown_parameter";
    /// A field or value that OpenAI's API has and Abide does not serve.
    pub const UNSUPPORTED: &str = "unsupported_parameter";
    /// A text, list or object beyond its limit.
    pub const TOO_LONG: &str = "above_max_length";
    /// The same name twice where it must be once.
    pub const DUPLICATE: &str = "duplicate";
}

/// The `type` of an error object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The request is wrong.
    InvalidRequest,
    /// Who asks is not known.
    Authentication,
    /// Who asks may not.
    Permission,
    /// What is asked for is not there.
    NotFound,
    /// Too much, for now.
    RateLimit,
    /// The fault is on this side.
    Server,
}

impl Kind {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::InvalidRequest => "invalid_request_error",
            Kind::Authentication => "authentication_error",
            Kind::Permission => "permission_error",
            Kind::NotFound => "not_found_error",
            Kind::RateLimit => "rate_limit_error",
            Kind::Server => "server_error",
        }
    }

    /// The kind of a run's failure. A fault of a cloud decides; without one, Abide's own code.
    #[must_use]
    pub fn of_run(error: &RunError) -> Self {
        match error.fault {
            Some(FaultKind::RateLimited) => Kind::RateLimit,
            Some(FaultKind::BadRequest | FaultKind::Filtered | FaultKind::Unsupported) => {
                Kind::InvalidRequest
            }
            Some(
                FaultKind::Connect
                | FaultKind::Server
                | FaultKind::Timeout(_)
                | FaultKind::Cut
                | FaultKind::Protocol
                | FaultKind::Auth
                | FaultKind::NoModel,
            ) => Kind::Server,
            None => match error.code.as_str() {
                "refused_by_agreement" => Kind::Permission,
                "unsupported_parameter" => Kind::InvalidRequest,
                _ => Kind::Server,
            },
        }
    }
}

/// The body of an error answer.
#[must_use]
pub fn encode_error(kind: Kind, code: &str, message: &str, param: Option<&str>) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 128);
    write_error(&mut out, kind, code, message, param);
    out
}

/// The body that answers a request that cannot be read.
#[must_use]
pub fn encode_problem(problem: &Problem) -> Vec<u8> {
    encode_error(Kind::InvalidRequest, problem.code, &problem.message, problem.param.as_deref())
}

pub(super) fn write_error(out: &mut Vec<u8>, kind: Kind, code: &str, message: &str, param: Option<&str>) {
    write::object(out, |body| {
        body.object("error", |error| {
            error.text("message", message);
            error.text("type", kind.as_str());
            error.maybe_text("param", param);
            error.text("code", code);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_error_body_has_all_four_fields_and_escapes_what_people_wrote() {
        let body = encode_error(Kind::Permission, "refused_by_agreement", "clause \"a\"\n\u{1}é", None);
        expect![[r#"{"error":{"message":"clause \"a\"\n\u0001é","type":"permission_error","param":null,"code":"refused_by_agreement"}}"#]]
            .assert_eq(std::str::from_utf8(&body).unwrap());
    }

    #[test]
    fn a_run_that_a_cloud_throttled_is_a_rate_limit_and_an_agreement_is_a_permission() {
        let mut error = RunError {
            code: "upstream_failed".to_owned(),
            message: String::new(),
            fault: Some(FaultKind::RateLimited),
            retry_after_ms: None,
        };
        assert_eq!(Kind::of_run(&error), Kind::RateLimit);
        error.fault = None;
        for (code, kind) in [
            ("refused_by_agreement", Kind::Permission),
            ("unsupported_parameter", Kind::InvalidRequest),
            ("no_target", Kind::Server),
        ] {
            error.code = code.to_owned();
            assert_eq!(Kind::of_run(&error), kind, "{code}");
        }
    }
}

//! Error answers of clouds, and errors they report in the middle of an answer, in the words of `model`.
//!
//! The cloud's own text is kept, shortened. Knows nothing of what is done about a fault.

use abide_model::Time;
use abide_model::fault::{Fault, FaultKind};
use abide_model::target::Dialect;
use http::HeaderMap;
use serde_json::Value;

/// The most of a cloud's words that a fault keeps, in characters.
const MESSAGE_CHARS_MAX: usize = 500;
/// A cloud that asks for more than this is taken to ask for this, in milliseconds: one day.
const RETRY_AFTER_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Classifies an answer whose status is not 200. `now` is what an HTTP date in `Retry-After` is measured against.
#[must_use]
pub fn fault(dialect: Dialect, status: u16, headers: &HeaderMap, body: &[u8], now: Time) -> Fault {
    let value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let named = match dialect {
        Dialect::OpenAi | Dialect::Azure => chat_kind(status, &value),
        Dialect::Bedrock => bedrock_kind(headers, &value),
    };
    Fault {
        kind: named.unwrap_or_else(|| status_kind(status)),
        status: Some(status),
        message: words(&value).unwrap_or_else(|| plain(body, status)),
        retry_after_ms: retry_after_ms(headers, now),
    }
}

/// An `error` member inside a Chat Completions answer that began with status 200.
pub(super) fn in_band(error: &str) -> Fault {
    let value: Value = serde_json::from_str(error).unwrap_or(Value::Null);
    let status = number(value.get("code")).or_else(|| number(value.get("status")));
    let kind = code_kind(&value).or_else(|| status.map(status_kind)).unwrap_or(FaultKind::Server);
    let message = words(&value).unwrap_or_else(|| "the cloud reported an error without words".to_owned());
    Fault::new(kind, message)
}

/// A modelled exception of Bedrock, in a header or in a stream: `ThrottlingException`, `throttlingException`.
pub(super) fn exception(name: &str, message: &str) -> Fault {
    let kind = exception_kind(name, message).unwrap_or(FaultKind::Server);
    Fault::new(kind, short(if message.is_empty() { name } else { message }))
}

fn status_kind(status: u16) -> FaultKind {
    match status {
        401..=403 => FaultKind::Auth,
        404 => FaultKind::NoModel,
        429 => FaultKind::RateLimited,
        // Redirects are never followed: what answers there is not the cloud that was configured.
        200..=399 => FaultKind::Protocol,
        // Timeouts, conflicts and failed dependencies on the cloud's side.
        408 | 409 | 424 | 425 | 499 | 500..=599 => FaultKind::Server,
        _ => FaultKind::BadRequest,
    }
}

fn chat_kind(status: u16, body: &Value) -> Option<FaultKind> {
    let error = body.get("error").unwrap_or(body);
    match status {
        400..=404 | 422 => code_kind(error),
        _ => None,
    }
}

/// What the `code` or `type` of an error says, where it says more than the status.
fn code_kind(error: &Value) -> Option<FaultKind> {
    let inner = error.get("innererror").and_then(|inner| inner.get("code"));
    [error.get("code"), error.get("type"), inner].into_iter().flatten().find_map(|code| {
        match code.as_str()? {
            "content_filter" | "content_policy_violation" | "ResponsibleAIPolicyViolation" => {
                Some(FaultKind::Filtered)
            }
            "rate_limit_exceeded" | "rate_limit_error" | "insufficient_quota" | "tokens" | "requests" => {
                Some(FaultKind::RateLimited)
            }
            "model_not_found" | "DeploymentNotFound" | "OperationNotSupported" => Some(FaultKind::NoModel),
            "invalid_api_key" | "authentication_error" => Some(FaultKind::Auth),
            "server_error" | "internal_error" | "service_unavailable" => Some(FaultKind::Server),
            _ => None,
        }
    })
}

fn bedrock_kind(headers: &HeaderMap, body: &Value) -> Option<FaultKind> {
    let header = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let name = header.or_else(|| body.get("__type")?.as_str())?;
    // The header may carry an address behind a colon, the body a namespace before a hash.
    let name = name.split(':').next().unwrap_or(name);
    let name = name.rsplit('#').next().unwrap_or(name);
    exception_kind(name, &words(body).unwrap_or_default())
}

fn exception_kind(name: &str, message: &str) -> Option<FaultKind> {
    let mut letters = name.chars();
    let first = letters.next()?.to_ascii_uppercase();
    match format!("{first}{}", letters.as_str()).as_str() {
        "ThrottlingException"
        | "TooManyRequestsException"
        | "ServiceQuotaExceededException"
        | "ModelNotReadyException" => Some(FaultKind::RateLimited),
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "NotAuthorized" => Some(FaultKind::Auth),
        "ResourceNotFoundException" => Some(FaultKind::NoModel),
        // Bedrock has no exception of its own for a model that is not there or not offered this way.
        "ValidationException"
            if message.contains("model identifier is invalid")
                || message.contains("on-demand throughput")
                || message.contains("model ID") =>
        {
            Some(FaultKind::NoModel)
        }
        "ValidationException" => Some(FaultKind::BadRequest),
        "InternalServerException"
        | "ServiceUnavailableException"
        | "ModelErrorException"
        | "ModelStreamErrorException"
        | "ModelTimeoutException" => Some(FaultKind::Server),
        _ => None,
    }
}

fn number(value: Option<&Value>) -> Option<u16> {
    let value = value?;
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..=599).contains(status))
}

fn words(body: &Value) -> Option<String> {
    let error = body.get("error").unwrap_or(body);
    let text = ["message", "Message", "detail"]
        .into_iter()
        .find_map(|name| error.get(name)?.as_str())
        .or_else(|| error.as_str())?;
    Some(short(text)).filter(|text| !text.is_empty())
}

/// What to say of a body that is no JSON error: its text, unless it is a page made for browsers.
fn plain(body: &[u8], status: u16) -> String {
    let head = body.get(..body.len().min(4 * MESSAGE_CHARS_MAX)).unwrap_or_default();
    let text = short(String::from_utf8_lossy(head).trim());
    if text.is_empty() || text.starts_with(['<', '{', '[']) {
        return format!("the cloud answered with status {status}");
    }
    text
}

fn short(text: &str) -> String {
    let one_line = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut kept: String = one_line.take(MESSAGE_CHARS_MAX).collect();
    if text.chars().nth(MESSAGE_CHARS_MAX).is_some() {
        kept.push('…');
    }
    kept
}

fn retry_after_ms(headers: &HeaderMap, now: Time) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|ms| whole_part(ms)?.parse::<u64>().ok()) {
        return Some(ms.min(RETRY_AFTER_MS_MAX));
    }
    let after = text("retry-after")?;
    let ms = match whole_part(after).and_then(|seconds| seconds.parse::<u64>().ok()) {
        // A fraction is rounded up: asking again too early is worse than too late.
        Some(seconds) if after.contains('.') => seconds.saturating_add(1).saturating_mul(1000),
        Some(seconds) => seconds.saturating_mul(1000),
        None => until_ms(after, now)?,
    };
    Some(ms.min(RETRY_AFTER_MS_MAX))
}

fn whole_part(number: &str) -> Option<&str> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(fraction)).then_some(whole)
}

/// Milliseconds until an HTTP date (RFC 9110, section 5.6.7); 0 when it has passed.
fn until_ms(date: &str, now: Time) -> Option<u64> {
    let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(u64::try_from(then.as_millisecond() - now.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(dialect: Dialect, status: u16, headers: &[(&'static str, &str)], body: &str, expected: Expect) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let now = "2026-01-15T12:00:00Z".parse().unwrap();
        let fault = fault(dialect, status, &map, body.as_bytes(), now);
        let after = fault.retry_after_ms.map_or_else(String::new, |ms| format!(", again in {ms} ms"));
        expected.assert_eq(&format!("{fault}{after}"));
    }

    #[test]
    fn a_429_says_when_to_come_back() {
        let body =
            r#"{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}"#;
        check(
            Dialect::OpenAi,
            429,
            &[("retry-after", "2")],
            body,
            expect!["rate_limited (HTTP 429): Rate limit reached, again in 2000 ms"],
        );
        check(
            Dialect::Azure,
            429,
            &[("retry-after", "2"), ("retry-after-ms", "1250")],
            body,
            expect!["rate_limited (HTTP 429): Rate limit reached, again in 1250 ms"],
        );
        check(
            Dialect::OpenAi,
            429,
            &[("retry-after", "Thu, 15 Jan 2026 12:00:30 GMT")],
            body,
            expect!["rate_limited (HTTP 429): Rate limit reached, again in 30000 ms"],
        );
        check(
            Dialect::OpenAi,
            429,
            &[("retry-after", "Thu, 15 Jan 2026 11:00:00 GMT")],
            body,
            expect!["rate_limited (HTTP 429): Rate limit reached, again in 0 ms"],
        );
        check(
            Dialect::OpenAi,
            503,
            &[("retry-after", "0.5")],
            "",
            expect!["server (HTTP 503): the cloud answered with status 503, again in 1000 ms"],
        );
        check(
            Dialect::OpenAi,
            429,
            &[("retry-after", "soon")],
            body,
            expect!["rate_limited (HTTP 429): Rate limit reached"],
        );
        check(
            Dialect::OpenAi,
            429,
            &[("retry-after", "99999999999999999")],
            body,
            expect!["rate_limited (HTTP 429): Rate limit reached, again in 86400000 ms"],
        );
    }

    #[test]
    fn credentials_models_and_requests_are_told_apart() {
        check(
            Dialect::OpenAi,
            401,
            &[],
            r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#,
            expect!["auth (HTTP 401): Incorrect API key"],
        );
        check(
            Dialect::Azure,
            404,
            &[],
            r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist"}}"#,
            expect!["no_model (HTTP 404): The API deployment does not exist"],
        );
        check(
            Dialect::OpenAi,
            400,
            &[],
            r#"{"error":{"message":"Unknown parameter: 'x'","type":"invalid_request_error","param":"x","code":null}}"#,
            expect!["bad_request (HTTP 400): Unknown parameter: 'x'"],
        );
        check(
            Dialect::OpenAi,
            400,
            &[],
            r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
            expect!["no_model (HTTP 400): no such model"],
        );
        check(
            Dialect::OpenAi,
            302,
            &[],
            "",
            expect!["protocol (HTTP 302): the cloud answered with status 302"],
        );
    }

    #[test]
    fn a_prompt_that_azure_blocks_is_filtered() {
        check(
            Dialect::Azure,
            400,
            &[],
            r#"{"error":{"message":"The response was filtered","param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            expect!["filtered (HTTP 400): The response was filtered"],
        );
    }

    #[test]
    fn bedrock_names_its_errors_in_a_header_or_in_the_body() {
        check(
            Dialect::Bedrock,
            429,
            &[("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/coral/")],
            r#"{"message":"Too many requests"}"#,
            expect!["rate_limited (HTTP 429): Too many requests"],
        );
        check(
            Dialect::Bedrock,
            400,
            &[("x-amzn-errortype", "ValidationException")],
            r#"{"message":"The provided model identifier is invalid."}"#,
            expect!["no_model (HTTP 400): The provided model identifier is invalid."],
        );
        check(
            Dialect::Bedrock,
            400,
            &[("x-amzn-errortype", "ValidationException")],
            r#"{"message":"messages: text content blocks must be non-empty"}"#,
            expect!["bad_request (HTTP 400): messages: text content blocks must be non-empty"],
        );
        check(
            Dialect::Bedrock,
            400,
            &[],
            r#"{"__type":"com.amazon.coral.service#ExpiredTokenException","Message":"expired"}"#,
            expect!["auth (HTTP 400): expired"],
        );
        check(
            Dialect::Bedrock,
            403,
            &[("x-amzn-errortype", "InvalidSignatureException")],
            r#"{"message":"The request signature we calculated does not match"}"#,
            expect!["auth (HTTP 403): The request signature we calculated does not match"],
        );
        check(
            Dialect::Bedrock,
            424,
            &[("x-amzn-errortype", "ModelErrorException")],
            r#"{"message":"model failed"}"#,
            expect!["server (HTTP 424): model failed"],
        );
    }

    #[test]
    fn a_body_that_is_no_error_gives_its_text_or_its_status() {
        check(
            Dialect::OpenAi,
            502,
            &[],
            "<html>Bad Gateway</html>",
            expect!["server (HTTP 502): the cloud answered with status 502"],
        );
        check(
            Dialect::OpenAi,
            503,
            &[],
            "upstream connect error\n",
            expect!["server (HTTP 503): upstream connect error"],
        );
        check(
            Dialect::OpenAi,
            400,
            &[],
            r#"{"error":"model 'x' not found"}"#,
            expect!["bad_request (HTTP 400): model 'x' not found"],
        );
        check(
            Dialect::OpenAi,
            422,
            &[],
            r#"{"detail":"bad field"}"#,
            expect!["bad_request (HTTP 422): bad field"],
        );
    }

    #[test]
    fn long_words_are_cut_at_a_character() {
        let body = format!(r#"{{"error":{{"message":"{}"}}}}"#, "ä".repeat(600));
        let fault = fault(Dialect::OpenAi, 500, &HeaderMap::new(), body.as_bytes(), Time::UNIX_EPOCH);
        assert_eq!(fault.message, format!("{}…", "ä".repeat(500)));
    }
}

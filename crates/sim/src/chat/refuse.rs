//! OpenAI's words for what it refuses, and the search for the words when a request does not parse.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Message, Request, ToolItem};
use crate::voice::Refusal;

const FIELDS: [&str; 36] = [
    "audio",
    "data_sources",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
];

/// A refusal in OpenAI's shape.
pub(crate) fn error(status: StatusCode, message: &str, param: Option<&str>, code: Option<&str>) -> Refusal {
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    let body = json!({ "error": { "message": message, "type": kind, "param": param, "code": code } });
    Refusal::new(status, code.unwrap_or(kind), body)
}

pub(super) fn bad(message: &str, param: Option<&str>, code: Option<&str>) -> Refusal {
    error(StatusCode::BAD_REQUEST, message, param, code)
}

pub(super) fn missing(param: &str) -> Refusal {
    let message = format!("Missing required parameter: '{param}'.");
    bad(&message, Some(param), Some("missing_required_parameter"))
}

pub(super) fn empty(param: &str) -> Refusal {
    let message = format!(
        "Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    );
    bad(&message, Some(param), Some("empty_array"))
}

pub(super) fn unsupported(param: &str, got: &str, supported: &str) -> Refusal {
    let message = format!("Invalid value: '{got}'. Supported values are: {supported}.");
    bad(&message, Some(param), Some("invalid_value"))
}

pub(super) fn too_long(param: &str, most: usize, length: usize) -> Refusal {
    let message = format!(
        "Invalid '{param}': string too long. Expected a string with maximum length {most}, but got a string \
         with length {length} instead."
    );
    bad(&message, Some(param), Some("string_above_max_length"))
}

/// Finds the words for a request that did not parse. Slow, and only for those.
pub(super) fn diagnose(body: &[u8], cause: &serde_json::Error) -> Refusal {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        let message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't \
                       using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was \
                       sent was not valid JSON. If you have trouble figuring out how to fix this, please contact \
                       us through our help center at help.openai.com.)";
        return bad(message, None, None);
    };
    let unknown: Vec<&str> =
        fields.keys().map(String::as_str).filter(|name| !FIELDS.contains(name)).collect();
    if !unknown.is_empty() {
        let plural = if unknown.len() > 1 { "s" } else { "" };
        let message = format!("Unrecognized request argument{plural} supplied: {}", unknown.join(", "));
        return bad(&message, None, None);
    }
    let deeper = first_failure::<Message>(&fields, "messages")
        .or_else(|| first_failure::<ToolItem>(&fields, "tools"))
        .or_else(|| failing_field(&fields));
    let (place, reason) = deeper.unwrap_or_else(|| (String::new(), cause.to_string()));
    explain(&place, &reason)
}

/// The place and reason of the first element of an array field that does not parse by itself.
fn first_failure<T: for<'de> Deserialize<'de>>(
    fields: &Map<String, Value>,
    name: &str,
) -> Option<(String, String)> {
    let value = fields.get(name)?;
    let Some(items) = value.as_array() else {
        let reason = format!("invalid type: {}, expected an array of objects", kind_of(value));
        return (!value.is_null()).then(|| (name.to_owned(), reason));
    };
    items.iter().enumerate().find_map(|(place, item)| {
        let error = T::deserialize(item).err()?;
        Some((format!("{name}[{place}]"), error.to_string()))
    })
}

/// The first field that does not parse by itself.
fn failing_field(fields: &Map<String, Value>) -> Option<(String, String)> {
    fields.iter().find_map(|(name, value)| {
        let alone = Value::Object([(name.clone(), value.clone())].into_iter().collect());
        Request::deserialize(alone).err().map(|error| (name.clone(), error.to_string()))
    })
}

/// Turns a parser's reason into OpenAI's words.
fn explain(place: &str, reason: &str) -> Refusal {
    let named = || reason.split('`').nth(1).unwrap_or_default();
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    if reason.starts_with("unknown field") {
        let param = inside(named());
        return bad(&format!("Unknown parameter: '{param}'."), Some(&param), Some("unknown_parameter"));
    }
    if reason.starts_with("missing field") {
        return missing(&inside(named()));
    }
    let param = (!place.is_empty()).then_some(place);
    let (got, expected) = reason.split_once(", expected ").unwrap_or((reason, "another value"));
    let got = got.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
    let got = match got.split([' ', '`']).next().unwrap_or_default() {
        "null" => "null".to_owned(),
        "map" => "an object".to_owned(),
        "sequence" | "array" => "an array".to_owned(),
        "integer" => "an integer".to_owned(),
        "floating" => "a decimal".to_owned(),
        kind => format!("a {kind}"),
    };
    let expected = match expected.split(" at line").next().unwrap_or(expected) {
        "f64" => "a decimal",
        "i64" | "u64" | "u8" => "an integer",
        "a sequence" => "an array",
        "a map" | "struct StreamOptions" => "an object",
        other => other,
    };
    let about = param.unwrap_or("a parameter");
    let message = format!("Invalid type for '{about}': expected {expected}, but got {got} instead.");
    bad(&message, param, Some("invalid_type"))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

pub(super) fn article(value: &Value) -> String {
    match kind_of(value) {
        "null" => "null".to_owned(),
        kind @ ("array" | "object") => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}

//! Azure OpenAI, from the server side: its paths, its keys and its errors, thin over OpenAI's format.

use bytes::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Config;
use crate::chat::{self, error};
use crate::openai::{self, Flavour};
use crate::voice::{Opened, Refusal};

/// Opens a request, or refuses it as Azure does.
pub(crate) fn open(config: &Config, head: &Parts, body: &Bytes, id: &str) -> Result<Opened, Refusal> {
    authorise(config, head)?;
    let path = head.uri.path();
    let version = api_version(head.uri.query());
    match (&head.method, path) {
        (&Method::POST, "/openai/v1/chat/completions") => {
            check_v1(version)?;
            let parsed = chat::parse(body)?;
            let model = parsed.model.clone().unwrap_or_default();
            if model.is_empty() {
                return Err(error(StatusCode::BAD_REQUEST, "you must provide a model parameter", None, None));
            }
            check_deployment(config, &model)?;
            Ok(Opened::Chat(Box::new(openai::chat(parsed, model, id, flavour(config)))))
        }
        (&Method::GET, "/openai/v1/models") => {
            check_v1(version)?;
            Ok(Opened::Document(openai::models(config)))
        }
        (&Method::POST, _) => {
            let deployment = path
                .strip_prefix("/openai/deployments/")
                .and_then(|rest| rest.strip_suffix("/chat/completions"))
                .filter(|deployment| !deployment.is_empty() && !deployment.contains('/'))
                .ok_or_else(not_found)?;
            version.filter(|version| is_dated(version)).ok_or_else(not_found)?;
            check_deployment(config, deployment)?;
            let parsed = chat::parse(body)?;
            Ok(Opened::Chat(Box::new(openai::chat(parsed, deployment.to_owned(), id, flavour(config)))))
        }
        _ => Err(not_found()),
    }
}

/// The answer to a fault's status.
pub(crate) fn trouble(status: StatusCode, retry_after: Option<u64>) -> Refusal {
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = retry_after.unwrap_or(1);
            let message = format!(
                "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded call rate \
                 limit of your current OpenAI S0 pricing tier. Please retry after {seconds} seconds. Please go \
                 here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate \
                 limit."
            );
            coded(status, "RateLimitReached", &message)
        }
        StatusCode::SERVICE_UNAVAILABLE => coded(
            status,
            "ServiceUnavailable",
            "The service is temporarily unable to process your request. Please try again later.",
        ),
        status if status.is_server_error() => coded(
            status,
            "InternalServerError",
            "The server had an error while processing your request. Sorry about that!",
        ),
        status => coded(status, status.as_str(), "The request was refused."),
    }
}

/// A prompt that the content filter blocks.
pub(crate) fn prompt_blocked() -> Refusal {
    let message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. \
                   Please modify your prompt and retry. To learn more about our content filtering policies please \
                   read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766";
    let safe = json!({ "filtered": false, "severity": "safe" });
    let body = json!({ "error": {
        "message": message,
        "type": null,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": safe,
                "self_harm": safe,
                "sexual": safe,
                "violence": { "filtered": true, "severity": "medium" },
            },
        },
    } });
    Refusal::new(StatusCode::BAD_REQUEST, "content_filter", body)
}

fn flavour(config: &Config) -> Flavour {
    Flavour::Azure { bare_filter_chunk: config.behaviour.bare_filter_chunk }
}

fn coded(status: StatusCode, code: &str, message: &str) -> Refusal {
    let body: Value = json!({ "error": { "code": code, "message": message } });
    Refusal::new(status, code, body)
}

fn not_found() -> Refusal {
    coded(StatusCode::NOT_FOUND, "404", "Resource not found")
}

fn authorise(config: &Config, head: &Parts) -> Result<(), Refusal> {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let sent = header("api-key").or(bearer);
    if sent.is_some() && sent == config.credentials.key.as_deref() {
        return Ok(());
    }
    let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a \
                   valid key for an active subscription and use a correct regional API endpoint for your resource.";
    Err(coded(StatusCode::UNAUTHORIZED, "401", message))
}

fn check_deployment(config: &Config, deployment: &str) -> Result<(), Refusal> {
    if config.models.is_empty() || config.models.iter().any(|known| known == deployment) {
        return Ok(());
    }
    let message = "The API deployment for this resource does not exist. If you created the deployment within the \
                   last 5 minutes, please wait a moment and try again.";
    Err(coded(StatusCode::NOT_FOUND, "DeploymentNotFound", message))
}

fn api_version(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("api-version="))
}

/// The v1 form takes no dated version.
fn check_v1(version: Option<&str>) -> Result<(), Refusal> {
    match version {
        None | Some("preview" | "latest" | "v1") => Ok(()),
        Some(_) => {
            let message = "api-version query parameter is not allowed when using /v1 path";
            Err(coded(StatusCode::BAD_REQUEST, "BadRequest", message))
        }
    }
}

/// `2024-10-21` or `2024-12-01-preview`.
fn is_dated(version: &str) -> bool {
    let date = version.strip_suffix("-preview").unwrap_or(version);
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}

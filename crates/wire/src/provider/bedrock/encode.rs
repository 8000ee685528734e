//! A prompt as a Converse or ConverseStream request.

use super::content::Conversation;
use super::vendor;
use crate::provider::json::{self, Array, Object};
use crate::provider::names::Names;
use crate::provider::{Outgoing, Reading, Unsupported};
use abide_model::item::Json;
use abide_model::prompt::{Number, Output, Params, Prompt, Tool, ToolChoice};
use std::borrow::Cow;

const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// What goes outside the fields that Converse names, into `additionalModelRequestFields` and its neighbours.
#[derive(Debug, Default)]
struct Extra<'a> {
    additional: Vec<(&'a str, Cow<'a, str>)>,
    tier: Option<&'static str>,
    effort: Option<&'a str>,
}

pub(in crate::provider) fn encode(
    prompt: &Prompt<'_>,
    model: &str,
    stream: bool,
) -> Result<Outgoing, Unsupported> {
    let params = prompt.params;
    let vendor = vendor(model);
    let names = Names::of(prompt);
    let conversation = Conversation::of(prompt.items, vendor)?;
    let mut dropped = Vec::new();
    if conversation.detail_dropped {
        dropped.push("image_url.detail".to_owned());
    }
    let extra = extra(params, vendor, &mut dropped)?;
    let mut body = Vec::with_capacity(prompt.bytes() + 512);
    json::object(&mut body, |top| {
        top.array("messages", |list| conversation.write(list, &names));
        system(top, params, &conversation);
        sampling(top, params)?;
        tools(top, params, &conversation, &names)?;
        output(top, params, &extra)?;
        if !extra.additional.is_empty() {
            top.object("additionalModelRequestFields", |fields| {
                extra.additional.iter().for_each(|(name, value)| fields.raw(name, value));
            });
        }
        if let Some(tier) = extra.tier {
            top.object("serviceTier", |out| out.text("type", tier));
        }
        Ok(())
    })?;
    let (end, accept) = match stream {
        true => ("converse-stream", "application/vnd.amazon.eventstream"),
        false => ("converse", "application/json"),
    };
    Ok(Outgoing {
        path: Cow::Owned(format!("/model/{}/{end}", segment(model))),
        headers: vec![("content-type", "application/json"), ("accept", accept)],
        body,
        dropped,
        reading: Reading { names, vendor: Cow::Owned(vendor.to_owned()) },
    })
}

/// One segment of a path: everything but RFC 3986's unreserved characters is percent-encoded.
fn segment(text: &str) -> String {
    let mut path = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

fn system(top: &mut Object<'_>, params: &Params, conversation: &Conversation<'_>) {
    let instructions = params.instructions.as_deref().filter(|text| !text.trim().is_empty());
    if instructions.is_none() && conversation.system.is_empty() {
        return;
    }
    top.array("system", |list| {
        for text in instructions.iter().chain(&conversation.system) {
            list.object(|block| block.text("text", text));
        }
    });
}

fn sampling(top: &mut Object<'_>, params: &Params) -> Result<(), Unsupported> {
    let sampling = &params.sampling;
    let none = sampling.temperature.is_none()
        && sampling.top_p.is_none()
        && sampling.output_tokens_max.is_none()
        && sampling.stop.is_empty();
    if none {
        return Ok(());
    }
    if over_one(sampling.temperature.as_ref()) {
        return Err(Unsupported::new("temperature", "Converse takes 0 to 1"));
    }
    top.object("inferenceConfig", |config| {
        if let Some(most) = sampling.output_tokens_max {
            config.raw("maxTokens", &most.to_string());
        }
        if let Some(temperature) = &sampling.temperature {
            config.raw("temperature", &temperature.0);
        }
        if let Some(top_p) = &sampling.top_p {
            config.raw("topP", &top_p.0);
        }
        if !sampling.stop.is_empty() {
            config.array("stopSequences", |list| sampling.stop.iter().for_each(|stop| list.text(stop)));
        }
    });
    Ok(())
}

fn over_one(number: Option<&Number>) -> bool {
    number.and_then(|number| number.0.parse::<f64>().ok()).is_some_and(|number| number > 1.0)
}

/// Converse wants `toolConfig` whenever the conversation holds calls or results, and cannot say "no tool now".
fn tools(
    top: &mut Object<'_>,
    params: &Params,
    conversation: &Conversation<'_>,
    names: &Names,
) -> Result<(), Unsupported> {
    let called = conversation.called();
    if params.tool_choice == ToolChoice::None {
        if called.is_empty() {
            return Ok(());
        }
        let reason = "Converse cannot forbid tools in a conversation that has called some";
        return Err(Unsupported::new("tool_choice", reason));
    }
    if params.tools.is_empty() && called.is_empty() {
        return Ok(());
    }
    top.object("toolConfig", |config| {
        config.array("tools", |list| {
            params.tools.iter().for_each(|one| tool(list, one, names));
            if params.tools.is_empty() {
                called.iter().for_each(|name| former_tool(list, names.sent(name)));
            }
        });
        match &params.tool_choice {
            ToolChoice::Auto | ToolChoice::None => {}
            ToolChoice::Required => {
                config.object("toolChoice", |choice| choice.object("any", |_| ()));
            }
            ToolChoice::Named(name) => config.object("toolChoice", |choice| {
                choice.object("tool", |out| out.text("name", names.sent(name)));
            }),
        }
    });
    Ok(())
}

fn tool(list: &mut Array<'_>, tool: &Tool, names: &Names) {
    list.object(|entry| {
        entry.object("toolSpec", |spec| {
            spec.text("name", names.sent(&tool.name));
            if let Some(description) = tool.description.as_ref().filter(|text| !text.is_empty()) {
                spec.text("description", description);
            }
            let schema = tool.parameters.as_ref().map_or(NO_ARGUMENTS, Json::as_str);
            spec.object("inputSchema", |out| out.raw("json", schema));
            if tool.strict == Some(true) {
                spec.truth("strict", true);
            }
        });
    });
}

/// A tool that the conversation called earlier and that is no longer on offer.
fn former_tool(list: &mut Array<'_>, name: &str) {
    list.object(|entry| {
        entry.object("toolSpec", |spec| {
            spec.text("name", name);
            spec.text("description", "Not available any more. Do not call it.");
            spec.object("inputSchema", |out| out.raw("json", NO_ARGUMENTS));
        });
    });
}

fn output(top: &mut Object<'_>, params: &Params, extra: &Extra<'_>) -> Result<(), Unsupported> {
    let schema = match &params.output {
        Output::Text => None,
        Output::JsonObject => {
            let reason = "Converse gives JSON of a schema only; send `json_schema`";
            return Err(Unsupported::new("response_format", reason));
        }
        Output::JsonSchema { name, description, schema, strict: _ } => Some((name, description, schema)),
    };
    if schema.is_none() && extra.effort.is_none() {
        return Ok(());
    }
    top.object("outputConfig", |config| {
        if let Some((name, description, schema)) = schema {
            config.object("textFormat", |format| {
                format.text("type", "json_schema");
                format.object("structure", |structure| {
                    structure.object("jsonSchema", |out| {
                        out.text("schema", schema.as_str());
                        out.text("name", name);
                        if let Some(description) = description {
                            out.text("description", description);
                        }
                    });
                });
            });
        }
        if let Some(effort) = extra.effort {
            config.text("effort", effort);
        }
    });
    Ok(())
}

fn extra<'a>(params: &'a Params, vendor: &str, dropped: &mut Vec<String>) -> Result<Extra<'a>, Unsupported> {
    let mut extra = Extra::default();
    if params.reasoning_summary.is_some() {
        dropped.push("reasoning.summary".to_owned());
    }
    match params.reasoning_effort.as_deref() {
        None => {}
        Some(effort) if vendor == "openai" => {
            extra.additional.push(("reasoning_effort", Cow::Owned(json::quoted(effort))));
        }
        Some(effort @ ("low" | "medium" | "high" | "xhigh" | "max")) => extra.effort = Some(effort),
        Some(_) => dropped.push("reasoning_effort".to_owned()),
    }
    if params.parallel_tools == Some(false) && !params.tools.is_empty() {
        if vendor != "anthropic" || params.tool_choice != ToolChoice::Auto {
            let reason = "Converse cannot hold this model to one tool at a time";
            return Err(Unsupported::new("parallel_tool_calls", reason));
        }
        let choice = r#"{"type":"auto","disable_parallel_tool_use":true}"#;
        extra.additional.push(("tool_choice", Cow::Borrowed(choice)));
    }
    for (name, value) in &params.rest {
        rest(name, value.as_str(), &mut extra, dropped)?;
    }
    Ok(extra)
}

/// One field that only the client's dialect names: carried where Converse has a place, reported where losing it
/// changes nothing that is said, refused otherwise.
fn rest<'a>(
    name: &'a str,
    value: &'a str,
    extra: &mut Extra<'a>,
    dropped: &mut Vec<String>,
) -> Result<(), Unsupported> {
    match name {
        "top_k" | "thinking" | "anthropic_beta" => extra.additional.push((name, Cow::Borrowed(value))),
        "service_tier" => match value {
            r#""default""# => extra.tier = Some("default"),
            r#""flex""# => extra.tier = Some("flex"),
            r#""priority""# => extra.tier = Some("priority"),
            _ => dropped.push(name.to_owned()),
        },
        // These are the defaults and ask for nothing.
        _ if value == "null" => {}
        "n" if value == "1" => {}
        "logprobs" if value == "false" => {}
        "frequency_penalty" | "presence_penalty" | "top_logprobs" if is_zero(value) => {}
        "logit_bias" if value == "{}" => {}
        "modalities" if !value.contains("audio") => {}
        "metadata"
        | "user"
        | "store"
        | "seed"
        | "prediction"
        | "safety_identifier"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "verbosity" => dropped.push(name.to_owned()),
        _ => return Err(Unsupported::new(name, "Converse has no place for it")),
    }
    Ok(())
}

fn is_zero(value: &str) -> bool {
    value.parse::<f64>().is_ok_and(|number| number == 0.0)
}

//! A prompt as a Chat Completions request.

use crate::provider::json::{self, Array, Object};
use crate::provider::names::{Names, fit};
use crate::provider::{Outgoing, Reading, Unsupported};
use abide_model::item::{ImageSource, Item, Json, Message, Part, Role, ToolCall, ToolResult};
use abide_model::prompt::{Output, Params, Prompt, Tool, ToolChoice};
use std::borrow::Cow;

/// The longest id of a tool call, in bytes.
const CALL_ID_BYTES_MAX: usize = 40;

/// Members that this codec writes itself; a prompt cannot bring them along in `rest`.
const OWN: [&str; 19] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "response_format",
    "temperature",
    "top_p",
    "max_completion_tokens",
    "max_tokens",
    "stop",
    "reasoning_effort",
    "instructions",
    "input",
    "reasoning",
];

pub(in crate::provider) fn encode(
    path: &'static str,
    prompt: &Prompt<'_>,
    model: &str,
    stream: bool,
) -> Result<Outgoing, Unsupported> {
    let names = Names::of(prompt);
    let params = prompt.params;
    let mut dropped = Vec::new();
    if params.reasoning_summary.is_some() {
        dropped.push("reasoning.summary".to_owned());
    }
    let mut body = Vec::with_capacity(prompt.bytes() + 512);
    json::object(&mut body, |top| {
        top.text("model", model);
        top.array("messages", |list| messages(list, prompt, &names))?;
        if stream {
            top.truth("stream", true);
            top.object("stream_options", |options| options.truth("include_usage", true));
        }
        tools(top, params, &names);
        output(top, &params.output);
        sampling(top, params);
        rest(top, params)
    })?;
    let accept = if stream { "text/event-stream" } else { "application/json" };
    Ok(Outgoing {
        path: Cow::Borrowed(path),
        headers: vec![("content-type", "application/json"), ("accept", accept)],
        body,
        dropped,
        reading: Reading { names, vendor: Cow::Borrowed("") },
    })
}

fn messages(list: &mut Array<'_>, prompt: &Prompt<'_>, names: &Names) -> Result<(), Unsupported> {
    if let Some(instructions) = &prompt.params.instructions {
        list.object(|message| {
            message.text("role", "system");
            message.text("content", instructions);
        });
    }
    let mut rest = prompt.items;
    while let Some((first, tail)) = rest.split_first() {
        if is_models(first) {
            let count = rest.iter().take_while(|item| is_models(item)).count();
            let (turn, tail) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            models_turn(list, turn, names)?;
            rest = tail;
            continue;
        }
        match first {
            Item::Message(message) => spoken(list, message)?,
            Item::ToolResult(result) => tool_result(list, result)?,
            Item::ToolCall(_) | Item::Reasoning(_) => {}
        }
        rest = tail;
    }
    Ok(())
}

fn is_models(item: &Item) -> bool {
    match item {
        Item::Message(message) => message.role == Role::Assistant,
        Item::ToolCall(_) | Item::Reasoning(_) => true,
        Item::ToolResult(_) => false,
    }
}

/// What the model said without a break. Its calls must stand in one message, right before their results; without
/// calls each message stays its own. Thinking has no place in this format.
fn models_turn(list: &mut Array<'_>, turn: &[&Item], names: &Names) -> Result<(), Unsupported> {
    let mut calls: Vec<&ToolCall> = Vec::new();
    let mut messages: Vec<&Message> = Vec::new();
    for item in turn {
        match item {
            Item::Message(message) => messages.push(message),
            Item::ToolCall(call) => calls.push(call),
            Item::Reasoning(_) | Item::ToolResult(_) => {}
        }
    }
    if calls.is_empty() {
        return messages.into_iter().try_for_each(|message| spoken(list, message));
    }
    let parts: Vec<&Part> = messages.iter().flat_map(|message| &message.parts).collect();
    list.object(|message| {
        message.text("role", "assistant");
        if parts.is_empty() {
            message.raw("content", "null");
        } else {
            content(message, &parts, Role::Assistant)?;
        }
        message.array("tool_calls", |list| calls.iter().for_each(|call| tool_call(list, call, names)));
        Ok(())
    })
}

fn spoken(list: &mut Array<'_>, message: &Message) -> Result<(), Unsupported> {
    let parts: Vec<&Part> = message.parts.iter().collect();
    list.object(|out| {
        // Every server knows `system`; OpenAI reads it as `developer` where a model wants that, and mixing both
        // words in one request is refused by some.
        let role = match message.role {
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        out.text("role", role);
        content(out, &parts, message.role)
    })
}

/// One text is a string, which every compatible server takes; anything else is a list of parts.
fn content(out: &mut Object<'_>, parts: &[&Part], role: Role) -> Result<(), Unsupported> {
    match parts {
        [] => out.text("content", ""),
        [Part::Text(text)] => out.text("content", text),
        _ => {
            return out.array("content", |list| parts.iter().try_for_each(|one| part(list, one, role)));
        }
    }
    Ok(())
}

fn part(list: &mut Array<'_>, part: &Part, role: Role) -> Result<(), Unsupported> {
    match part {
        Part::Refusal(text) if role == Role::Assistant => list.object(|out| {
            out.text("type", "refusal");
            out.text("refusal", text);
        }),
        Part::Text(text) | Part::Refusal(text) => list.object(|out| {
            out.text("type", "text");
            out.text("text", text);
        }),
        Part::Image { source, detail } if role == Role::User => list.object(|out| {
            out.text("type", "image_url");
            out.object("image_url", |image| {
                match source {
                    ImageSource::Url(url) => image.text("url", url),
                    ImageSource::Inline { media_type, base64 } => {
                        image.text("url", &format!("data:{media_type};base64,{base64}"));
                    }
                }
                if let Some(detail) = detail {
                    image.text("detail", detail);
                }
            });
        }),
        Part::Image { .. } => {
            let reason = "Chat Completions takes pictures from the user only";
            return Err(Unsupported::new("messages.content", reason));
        }
    }
    Ok(())
}

/// The id as OpenAI allows it. Only the pairing matters, and the same id always becomes the same.
fn call_id(id: &str) -> Cow<'_, str> {
    fit(id, CALL_ID_BYTES_MAX, |byte| byte.is_ascii_graphic())
}

fn tool_call(list: &mut Array<'_>, call: &ToolCall, names: &Names) {
    list.object(|out| {
        out.text("id", &call_id(&call.call_id));
        out.text("type", "function");
        out.object("function", |function| {
            function.text("name", names.sent(&call.name));
            // Servers that parse the history choke on nothing at all.
            let arguments = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
            function.text("arguments", arguments);
        });
    });
}

fn tool_result(list: &mut Array<'_>, result: &ToolResult) -> Result<(), Unsupported> {
    let parts: Vec<&Part> = result.parts.iter().collect();
    list.object(|out| {
        out.text("role", "tool");
        out.text("tool_call_id", &call_id(&result.call_id));
        content(out, &parts, Role::System)
    })
}

fn tools(top: &mut Object<'_>, params: &Params, names: &Names) {
    if !params.tools.is_empty() {
        top.array("tools", |list| params.tools.iter().for_each(|one| tool(list, one, names)));
        if let Some(parallel) = params.parallel_tools {
            top.truth("parallel_tool_calls", parallel);
        }
    }
    match &params.tool_choice {
        ToolChoice::Auto => {}
        ToolChoice::None if params.tools.is_empty() => {}
        ToolChoice::None => top.text("tool_choice", "none"),
        ToolChoice::Required => top.text("tool_choice", "required"),
        ToolChoice::Named(name) => top.object("tool_choice", |choice| {
            choice.text("type", "function");
            choice.object("function", |function| function.text("name", names.sent(name)));
        }),
    }
}

fn tool(list: &mut Array<'_>, tool: &Tool, names: &Names) {
    list.object(|out| {
        out.text("type", "function");
        out.object("function", |function| {
            function.text("name", names.sent(&tool.name));
            if let Some(description) = &tool.description {
                function.text("description", description);
            }
            if let Some(parameters) = &tool.parameters {
                function.raw("parameters", parameters.as_str());
            }
            if let Some(strict) = tool.strict {
                function.truth("strict", strict);
            }
        });
    });
}

fn output(top: &mut Object<'_>, output: &Output) {
    match output {
        Output::Text => {}
        Output::JsonObject => top.object("response_format", |format| format.text("type", "json_object")),
        Output::JsonSchema { name, description, schema, strict } => top.object("response_format", |format| {
            format.text("type", "json_schema");
            format.object("json_schema", |out| {
                out.text("name", name);
                if let Some(description) = description {
                    out.text("description", description);
                }
                out.raw("schema", schema.as_str());
                if let Some(strict) = strict {
                    out.truth("strict", *strict);
                }
            });
        }),
    }
}

fn sampling(top: &mut Object<'_>, params: &Params) {
    let sampling = &params.sampling;
    if let Some(temperature) = &sampling.temperature {
        top.raw("temperature", &temperature.0);
    }
    if let Some(top_p) = &sampling.top_p {
        top.raw("top_p", &top_p.0);
    }
    if let Some(most) = sampling.output_tokens_max {
        top.raw("max_completion_tokens", &most.to_string());
    }
    if !sampling.stop.is_empty() {
        top.array("stop", |list| sampling.stop.iter().for_each(|stop| list.text(stop)));
    }
    if let Some(effort) = &params.reasoning_effort {
        top.text("reasoning_effort", effort);
    }
}

/// What the client's dialect named and this one carries unread. What would change the shape of the answer beyond
/// what deltas can say is refused, for it would be lost on the way back.
fn rest(top: &mut Object<'_>, params: &Params) -> Result<(), Unsupported> {
    for (name, value) in &params.rest {
        if OWN.contains(&name.as_str()) {
            return Err(Unsupported::new(name, "it is said in another place of the request"));
        }
        if widens_answer(name, value) {
            return Err(Unsupported::new(name, "its part of the answer is not carried"));
        }
        top.raw(name, value.as_str());
    }
    Ok(())
}

fn widens_answer(name: &str, value: &Json) -> bool {
    let value = value.as_str();
    match name {
        "n" => !matches!(value, "1" | "null"),
        "logprobs" => !matches!(value, "false" | "null"),
        "top_logprobs" => !matches!(value, "0" | "null"),
        "audio" => value != "null",
        "modalities" => value.contains("audio"),
        _ => false,
    }
}

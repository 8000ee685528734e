//! What holds for every run: a stream put together is the object that is read back; a stream that is taken up again
//! misses nothing and repeats nothing.

use crate::made::{Produced, asked, completed, events, said, thought, view};
use abide_model::event::{Event, RunStatus, Shortfall};
use abide_model::item::{ItemStatus, Part};
use abide_model::run::RunView;
use abide_wire::client::{chat, responses};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One event of a stream: its name and its data.
type Frame = (Option<String>, String);

fn frames(bytes: &[u8]) -> Vec<Frame> {
    String::from_utf8_lossy(bytes)
        .split_terminator("\n\n")
        .map(|frame| {
            let field =
                |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            (field("event: "), field("data: ").unwrap_or_default())
        })
        .collect()
}

fn response_frames(view: &RunView, events: &[Event], seen: Option<u64>) -> Vec<Frame> {
    let mut stream = responses::Stream::resume(view, seen);
    let mut out = Vec::new();
    events.iter().for_each(|event| stream.push(event, &mut out));
    frames(&out)
}

/// Puts a stream together as a client does that trusts deltas alone.
fn assemble(frames: &[Frame]) -> Value {
    let mut output: Vec<Value> = Vec::new();
    let mut last = Value::Null;
    for (name, data) in frames {
        let event: Value = serde_json::from_str(data).unwrap_or_default();
        assert_eq!(event["type"].as_str(), name.as_deref(), "the event's name is its type");
        let item = event["output_index"].as_u64().map_or(0, |index| usize::try_from(index).unwrap_or(0));
        let part = event["content_index"].as_u64().map_or(0, |index| usize::try_from(index).unwrap_or(0));
        let grow = |slot: &mut Value, delta: &Value| {
            *slot = json!(format!("{}{}", slot.as_str().unwrap_or(""), delta.as_str().unwrap_or("")));
        };
        match name.as_deref().unwrap_or("") {
            "response.output_item.added" => {
                assert_eq!(output.len(), item, "items are added in order");
                output.push(event["item"].clone());
            }
            "response.content_part.added" => {
                let parts = output[item]["content"].as_array_mut();
                parts.into_iter().for_each(|parts| parts.push(event["part"].clone()));
            }
            "response.output_text.delta" => grow(&mut output[item]["content"][part]["text"], &event["delta"]),
            "response.refusal.delta" => grow(&mut output[item]["content"][part]["refusal"], &event["delta"]),
            "response.reasoning_text.delta" => {
                grow(&mut output[item]["content"][part]["text"], &event["delta"]);
            }
            "response.function_call_arguments.delta" => grow(&mut output[item]["arguments"], &event["delta"]),
            "response.reasoning_summary_part.added" => {
                let parts = output[item]["summary"].as_array_mut();
                parts.into_iter().for_each(|parts| parts.push(event["part"].clone()));
            }
            "response.reasoning_summary_text.delta" => {
                let at = usize::try_from(event["summary_index"].as_u64().unwrap_or(0)).unwrap_or(0);
                grow(&mut output[item]["summary"][at]["text"], &event["delta"]);
            }
            "response.output_text.done" => {
                assert_eq!(output[item]["content"][part]["text"], event["text"], "deltas add up");
            }
            "response.refusal.done" => {
                assert_eq!(output[item]["content"][part]["refusal"], event["refusal"], "deltas add up");
            }
            "response.content_part.done" => {
                assert_eq!(output[item]["content"][part], event["part"], "deltas add up");
            }
            "response.output_item.done" => {
                output[item]["status"] = event["item"]["status"].clone();
                assert_eq!(output[item], event["item"], "deltas add up");
            }
            _ => last = event["response"].clone(),
        }
    }
    assert_eq!(json!(output), last["output"], "the last event holds what was streamed");
    last
}

/// Puts chunks together into the message of a completion.
fn assemble_chat(frames: &[Frame]) -> (Value, Value) {
    let (mut content, mut refusal) = (None::<String>, None::<String>);
    let (mut calls, mut finish): (Vec<Value>, Value) = (Vec::new(), Value::Null);
    for (_, data) in frames.iter().filter(|(_, data)| data != "[DONE]") {
        let chunk: Value = serde_json::from_str(data).unwrap_or_default();
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        for (slot, name) in [(&mut content, "content"), (&mut refusal, "refusal")] {
            if let Some(text) = delta[name].as_str() {
                slot.get_or_insert_default().push_str(text);
            }
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let at = usize::try_from(call["index"].as_u64().unwrap_or(0)).unwrap_or(0);
            if at == calls.len() {
                calls.push(json!({"id": call["id"], "type": call["type"], "function": call["function"]}));
            } else {
                let so_far = calls[at]["function"]["arguments"].as_str().unwrap_or("").to_owned();
                let more = call["function"]["arguments"].as_str().unwrap_or("");
                calls[at]["function"]["arguments"] = json!(so_far + more);
            }
        }
        if !choice["finish_reason"].is_null() {
            finish = choice["finish_reason"].clone();
        }
    }
    let calls = if calls.is_empty() { Value::Null } else { json!(calls) };
    (json!({"content": content, "refusal": refusal, "tool_calls": calls}), finish)
}

fn produced() -> impl Strategy<Value = Produced> {
    let text = "[a-zé😀\"\\\\\n ]{0,8}";
    let part = (any::<bool>(), text)
        .prop_map(|(refuses, text)| if refuses { Part::Refusal(text) } else { Part::Text(text) });
    let item = prop_oneof![
        proptest::collection::vec(part, 0..4).prop_map(|parts| said(&merged(parts))),
        (0..9_u8, text).prop_map(|(n, arguments)| asked(&format!("call_{n}"), "f", &arguments)),
        (text, proptest::collection::vec(text, 0..3)).prop_map(|(text, summary)| {
            thought(&text, &summary.iter().map(String::as_str).collect::<Vec<_>>())
        }),
    ];
    (item, proptest::collection::vec(1..8_usize, 0..4)).prop_map(|(item, cuts)| Produced {
        item,
        status: ItemStatus::Completed,
        cuts,
    })
}

/// Neighbours of one kind are one piece: a stream cannot tell them apart.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for part in parts.into_iter().filter(|part| part.bytes() > 0) {
        match (merged.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (Some(Part::Refusal(before)), Part::Refusal(text)) => before.push_str(&text),
            (_, part) => merged.push(part),
        }
    }
    merged
}

fn status() -> impl Strategy<Value = RunStatus> {
    prop_oneof![
        Just(completed()),
        Just(RunStatus::Incomplete(Shortfall::ContentFilter)),
        Just(RunStatus::Cancelled)
    ]
}

proptest! {
    #[test]
    fn a_stream_put_together_is_the_response_that_is_read_back(
        items in proptest::collection::vec(produced(), 0..5),
        status in status(),
    ) {
        let view = view(&items, status.clone());
        let frames = response_frames(&view, &events(&items, status), None);
        let read: Value = serde_json::from_slice(&responses::encode(&view)).unwrap();
        prop_assert_eq!(assemble(&frames), read);
    }

    #[test]
    fn events_are_numbered_from_zero_without_gaps_and_a_stream_goes_on_after_any_of_them(
        items in proptest::collection::vec(produced(), 0..4),
        seen in 0..40_u64,
    ) {
        let view = view(&items, completed());
        let events = events(&items, completed());
        let all = response_frames(&view, &events, None);
        for (number, (_, data)) in (0_u64..).zip(&all) {
            let event: Value = serde_json::from_str(data).unwrap();
            prop_assert_eq!(event["sequence_number"].as_u64(), Some(number));
        }
        let rest: Vec<Frame> = all.into_iter().skip(usize::try_from(seen).unwrap() + 1).collect();
        prop_assert_eq!(response_frames(&view, &events, Some(seen)), rest);
    }

    #[test]
    fn chunks_put_together_are_the_completion_that_is_read_back(
        items in proptest::collection::vec(produced(), 0..5),
    ) {
        let view = view(&items, completed());
        let mut stream = chat::Stream::new(&view, false);
        let mut out = Vec::new();
        events(&items, completed()).iter().for_each(|event| stream.push(event, &mut out));
        let (message, finish) = assemble_chat(&frames(&out));
        let whole: Value = serde_json::from_slice(&chat::encode(&view)).unwrap();
        let choice = &whole["choices"][0];
        // A stream says that a message begins before it knows whether it will have words.
        let said = |text: &Value| text.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        prop_assert_eq!(said(&message["content"]), said(&choice["message"]["content"]));
        prop_assert_eq!(said(&message["refusal"]), said(&choice["message"]["refusal"]));
        prop_assert_eq!(&message["tool_calls"], &choice["message"]["tool_calls"]);
        prop_assert_eq!(&finish, &choice["finish_reason"]);
    }

    #[test]
    fn no_body_makes_the_decoders_fall_over(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = responses::decode(&body);
        let _ = chat::decode(&body);
    }

    #[test]
    fn items_sent_back_as_they_were_read_are_the_same_items(
        items in proptest::collection::vec(produced(), 1..5),
    ) {
        let view = view(&items, completed());
        let read: Value = serde_json::from_slice(&responses::encode(&view)).unwrap();
        let body = json!({"model": "m", "input": read["output"], "conversation":
            "conv_0000000000000000000000000190f3a1"});
        let wanted = responses::decode(body.to_string().as_bytes()).unwrap();
        let sent: Vec<_> = items.into_iter().map(|produced| produced.item).collect();
        prop_assert_eq!(wanted.items, sent);
    }
}

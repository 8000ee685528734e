//! What holds for every answer, not only for the recorded ones.

use abide_model::call::{Delta, ItemStart};
use abide_model::target::Dialect;
use abide_wire::provider::{Decoder, Reading};
use proptest::prelude::*;
use serde_json::json;

/// Arguments as models write them, some with braces and quotes inside of texts.
fn arguments() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("{}".to_owned()),
        ("[a-z]{1,6}", "[\\PC\"\\\\{}\\[\\]]{0,12}")
            .prop_map(|(name, text)| json!({ name: text, "deep": [{ "n": 1 }] }).to_string()),
    ]
}

/// Cuts a text after every `size` characters.
fn pieces(text: &str, size: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(size.max(1)).map(|piece| piece.iter().collect()).collect()
}

proptest! {
    #[test]
    fn calls_arrive_whole_however_their_pieces_are_mixed(
        calls in prop::collection::vec((arguments(), 1usize..6), 1..5),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let mut waiting: Vec<Vec<String>> =
            calls.iter().map(|(text, size)| pieces(text, *size).into_iter().rev().collect()).collect();
        let mut stream = String::new();
        let mut chunk = |call: serde_json::Value| {
            stream.push_str(&format!("data: {}\n\n", json!({"choices": [{"delta": {"tool_calls": [call]}}]})));
        };
        for index in 0..calls.len() {
            chunk(json!({"index": index, "id": format!("call_{index}"), "function": {"name": "f", "arguments": ""}}));
        }
        let mut order = order.into_iter();
        while waiting.iter().any(|pieces| !pieces.is_empty()) {
            let left: Vec<usize> = (0..waiting.len()).filter(|index| !waiting[*index].is_empty()).collect();
            let index = order.next().map_or(left[0], |at| *at.get(&left));
            let piece = waiting[index].pop().unwrap();
            chunk(json!({"index": index, "function": {"arguments": piece}}));
        }
        stream.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n");

        let mut decoder = Decoder::new(Dialect::OpenAi, true, Reading::default());
        let mut deltas = Vec::new();
        decoder.feed(stream.as_bytes(), &mut deltas).unwrap();
        decoder.finish(&mut deltas).unwrap();
        let mut got: Vec<(String, String)> = Vec::new();
        for delta in deltas {
            match delta {
                Delta::ItemStarted { start: ItemStart::ToolCall { call_id, .. }, .. } => got.push((call_id, String::new())),
                Delta::Arguments { index, json } => got[index as usize].1.push_str(&json),
                Delta::ItemDone { .. } | Delta::Finished(_) => {}
                other => prop_assert!(false, "unexpected {:?}", other),
            }
        }
        let sent: Vec<(String, String)> = calls
            .iter()
            .enumerate()
            .map(|(index, (text, _))| (format!("call_{index}"), if text.is_empty() { "{}".to_owned() } else { text.clone() }))
            .collect();
        prop_assert_eq!(got, sent);
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        stream in any::<bool>(),
        text in "(data: )?[\\[\\]{}\":,a-z0-9 \n]{0,120}",
    ) {
        for dialect in [Dialect::OpenAi, Dialect::Azure, Dialect::Bedrock] {
            for body in [bytes.as_slice(), text.as_bytes()] {
                let mut decoder = Decoder::new(dialect, stream, Reading::default());
                let mut deltas = Vec::new();
                let ended = decoder.feed(body, &mut deltas).and_then(|()| decoder.finish(&mut deltas));
                prop_assert!(ended.is_err() || !deltas.is_empty());
            }
        }
    }
}

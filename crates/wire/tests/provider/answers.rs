//! Every recorded answer gives its deltas, however its bytes are cut.

use abide_model::call::Delta;
use abide_model::fault::Fault;
use abide_model::item::{Item, Role};
use abide_model::prompt::{Params, Prompt, Tool};
use abide_model::target::Dialect;
use abide_wire::provider::{Decoder, Reading, encode};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use expect_test::{ExpectFile, expect_file};
use std::fmt::Write;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

macro_rules! streamed {
    ($($name:ident: $dialect:ident $case:literal,)*) => {$(
        #[test]
        fn $name() {
            let recorded = include_str!(concat!("../../testdata/provider/", $case, "/stream.sse"));
            let expected = expect_file![concat!("../../testdata/provider/", $case, "/deltas.txt")];
            check(Dialect::$dialect, true, recorded.as_bytes(), expected);
        }
    )*};
}

macro_rules! framed {
    ($($name:ident: $case:literal,)*) => {$(
        #[test]
        fn $name() {
            let recorded = include_str!(concat!("../../testdata/provider/", $case, "/frames.txt"));
            let expected = expect_file![concat!("../../testdata/provider/", $case, "/deltas.txt")];
            check(Dialect::Bedrock, true, &frames(recorded), expected);
        }
    )*};
}

macro_rules! whole {
    ($($name:ident: $dialect:ident $case:literal,)*) => {$(
        #[test]
        fn $name() {
            let recorded = include_str!(concat!("../../testdata/provider/", $case, "/answer.json"));
            let expected = expect_file![concat!("../../testdata/provider/", $case, "/deltas.txt")];
            check(Dialect::$dialect, false, recorded.as_bytes(), expected);
        }
    )*};
}

streamed! {
    text_streams_and_usage_comes_on_a_chunk_without_choices: OpenAi "openai-text-stream",
    parallel_calls_stream_one_after_the_other: OpenAi "openai-parallel-tools-stream",
    calls_whose_pieces_are_mixed_lose_nothing: OpenAi "compatible-mixed-tools-stream",
    calls_that_are_all_numbered_zero_are_told_apart_by_id: OpenAi "compatible-tools-all-numbered-zero",
    usage_may_come_on_the_finish_chunk: OpenAi "compatible-usage-on-finish",
    usage_may_come_with_an_empty_delta: OpenAi "compatible-usage-with-empty-delta",
    thinking_is_an_item_and_done_may_be_missing: OpenAi "compatible-thinking-without-done",
    a_refusal_streams_as_refusal: OpenAi "openai-refusal-stream",
    an_error_in_the_stream_is_a_fault: OpenAi "openai-error-in-stream",
    an_end_before_the_finish_is_a_cut: OpenAi "openai-cut-stream",
    done_before_the_finish_is_a_cut: OpenAi "openai-done-without-finish",
    usage_that_is_absent_is_not_zero: OpenAi "openai-without-usage",
    arguments_for_a_closed_call_are_never_dropped_in_silence: OpenAi "openai-late-arguments",
    azure_chunks_without_choices_delta_or_ids_are_read: Azure "azure-text-stream",
    azure_output_that_is_blocked_ends_in_content_filter: Azure "azure-filtered-stream",
}

framed! {
    converse_text_needs_no_block_start_and_cache_counts_as_input: "bedrock-text-stream",
    converse_calls_without_input_have_an_empty_object: "bedrock-tools-stream",
    converse_thinking_is_signed_once: "bedrock-thinking-stream",
    converse_signatures_without_text_and_redacted_blocks_are_kept: "bedrock-signature-alone-stream",
    converse_text_blocks_in_a_row_are_one_message: "bedrock-text-in-two-blocks-and-news",
    an_exception_after_status_200_is_a_fault_of_its_name: "bedrock-exception-stream",
    a_failing_model_is_a_server_fault: "bedrock-model-error-stream",
    an_error_without_a_model_is_a_server_fault: "bedrock-unmodelled-error-stream",
    a_stream_without_message_stop_is_a_cut: "bedrock-cut-stream",
    a_stream_without_metadata_has_unknown_usage: "bedrock-without-metadata",
    output_that_the_cloud_calls_malformed_is_a_fault_after_its_usage: "bedrock-malformed-tool-stream",
    a_guardrail_ends_in_content_filter: "bedrock-guardrail-stream",
}

whole! {
    a_whole_answer_gives_the_same_deltas: OpenAi "openai-whole",
    whole_calls_without_arguments_have_an_empty_object: OpenAi "openai-whole-tools",
    a_whole_refusal_is_a_refusal: OpenAi "openai-whole-refusal",
    an_error_with_status_200_is_a_fault: OpenAi "openai-whole-error",
    an_answer_that_breaks_off_is_a_cut: OpenAi "openai-whole-torn",
    azure_annotations_do_no_harm: Azure "azure-whole",
    a_whole_converse_keeps_thinking_text_and_calls: Bedrock "bedrock-whole",
    a_whole_converse_without_usage_has_none: Bedrock "bedrock-whole-without-usage",
}

fn reading(dialect: Dialect, tool: &str) -> Reading {
    let tool = Tool { name: tool.to_owned(), description: None, parameters: None, strict: None };
    let params = Params { tools: vec![tool], ..Params::default() };
    let item = Item::text(Role::User, "hi");
    encode(dialect, &Prompt { params: &params, items: &[&item] }, CLAUDE, true).unwrap().reading
}

fn decode(dialect: Dialect, stream: bool, pieces: &[&[u8]]) -> (Vec<Delta>, Result<(), Fault>) {
    let mut decoder = Decoder::new(dialect, stream, reading(dialect, "weather"));
    let mut deltas = Vec::new();
    let read = pieces.iter().try_for_each(|piece| decoder.feed(piece, &mut deltas));
    let ended = read.and_then(|()| decoder.finish(&mut deltas));
    (deltas, ended)
}

fn check(dialect: Dialect, stream: bool, recorded: &[u8], expected: ExpectFile) {
    let whole = decode(dialect, stream, &[recorded]);
    for at in 0..=recorded.len() {
        let (head, tail) = recorded.split_at(at);
        assert_eq!(decode(dialect, stream, &[head, tail]), whole, "split at byte {at}");
    }
    let bytes: Vec<&[u8]> = recorded.chunks(1).collect();
    assert_eq!(decode(dialect, stream, &bytes), whole, "byte by byte");
    in_order(&whole.0);
    expected.assert_eq(&rows(&whole));
}

/// One item is open at a time, items count up, and nothing is said outside of one.
fn in_order(deltas: &[Delta]) {
    let mut open = None;
    let mut next = 0;
    for delta in deltas {
        match delta {
            Delta::ItemStarted { index, .. } => {
                assert_eq!((open, *index), (None, next));
                open = Some(*index);
                next += 1;
            }
            Delta::ItemDone { index } => assert_eq!(open.take(), Some(*index)),
            Delta::Text { index, .. }
            | Delta::Refusal { index, .. }
            | Delta::Arguments { index, .. }
            | Delta::Reasoning { index, .. }
            | Delta::Signed { index, .. } => assert_eq!(open, Some(*index)),
            Delta::Finished(_) => assert_eq!(open, None),
            Delta::Usage(_) => {}
        }
    }
}

fn rows((deltas, ended): &(Vec<Delta>, Result<(), Fault>)) -> String {
    let mut rows = String::new();
    for delta in deltas {
        match delta {
            Delta::ItemStarted { index, start } => writeln!(rows, "{index} {start:?}"),
            Delta::Text { index, text } => writeln!(rows, "{index} text {text:?}"),
            Delta::Refusal { index, text } => writeln!(rows, "{index} refusal {text:?}"),
            Delta::Arguments { index, json } => writeln!(rows, "{index} arguments {json}"),
            Delta::Reasoning { index, text } => writeln!(rows, "{index} thinking {text:?}"),
            Delta::Signed { index, signature } => {
                writeln!(rows, "{index} signed by {}: {}", signature.vendor, signature.payload)
            }
            Delta::ItemDone { index } => writeln!(rows, "{index} done"),
            Delta::Finished(finish) => writeln!(rows, "finished: {}", finish.as_str()),
            Delta::Usage(tokens) => writeln!(
                rows,
                "usage: {} in ({} read, {} written), {} out ({} reasoning)",
                tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning
            ),
        }
        .unwrap();
    }
    match ended {
        Ok(()) => rows.push_str("whole\n"),
        Err(fault) => writeln!(rows, "fault: {fault}").unwrap(),
    }
    rows
}

/// Frames from lines of `KIND NAME PAYLOAD`, encoded by an encoder that is not ours.
fn frames(lines: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines.lines() {
        let mut words = line.splitn(3, ' ');
        let (kind, name, payload) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let text =
            |name: &'static str, value: &str| Header::new(name, HeaderValue::String(value.to_owned().into()));
        let message = match kind {
            "event" => Message::new(payload.as_bytes().to_vec())
                .add_header(text(":event-type", name))
                .add_header(text(":content-type", "application/json")),
            "exception" => Message::new(payload.as_bytes().to_vec())
                .add_header(text(":exception-type", name))
                .add_header(text(":content-type", "application/json")),
            _ => Message::new(Vec::new())
                .add_header(text(":error-code", name))
                .add_header(text(":error-message", payload)),
        };
        write_message_to(&message.add_header(text(":message-type", kind)), &mut bytes).unwrap();
    }
    bytes
}

#[test]
fn a_tool_name_that_was_rewritten_comes_back_as_the_client_knows_it() {
    for dialect in [Dialect::OpenAi, Dialect::Bedrock] {
        let item = Item::text(Role::User, "hi");
        let tool =
            Tool { name: "orders.find ☃".to_owned(), description: None, parameters: None, strict: None };
        let params = Params { tools: vec![tool], ..Params::default() };
        let outgoing = encode(dialect, &Prompt { params: &params, items: &[&item] }, CLAUDE, false).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&outgoing.body).unwrap();
        let answer = match dialect {
            Dialect::OpenAi | Dialect::Azure => {
                let name = body.pointer("/tools/0/function/name").unwrap();
                format!(
                    r#"{{"choices":[{{"message":{{"tool_calls":[{{"id":"a","function":{{"name":{name},"arguments":""}}}}]}}}}]}}"#
                )
            }
            Dialect::Bedrock => {
                let name = body.pointer("/toolConfig/tools/0/toolSpec/name").unwrap();
                format!(
                    r#"{{"output":{{"message":{{"content":[{{"toolUse":{{"toolUseId":"a","name":{name}}}}}]}}}},"stopReason":"tool_use"}}"#
                )
            }
        };
        let mut decoder = Decoder::new(dialect, false, outgoing.reading);
        let mut deltas = Vec::new();
        decoder.feed(answer.as_bytes(), &mut deltas).unwrap();
        decoder.finish(&mut deltas).unwrap();
        let expected = r#"ToolCall { call_id: "a", name: "orders.find ☃" }"#;
        assert_eq!(rows(&(deltas, Ok(()))).lines().next(), Some(format!("0 {expected}").as_str()));
    }
}

#[test]
fn the_protocol_says_when_nothing_follows() {
    let mut chat = Decoder::new(Dialect::OpenAi, true, Reading::default());
    chat.feed(b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", &mut Vec::new())
        .unwrap();
    assert!(!chat.whole());
    chat.feed(b"data: [DONE]\n\n", &mut Vec::new()).unwrap();
    assert!(chat.whole());
    let mut bedrock = Decoder::new(Dialect::Bedrock, true, Reading::default());
    bedrock.feed(&frames("event messageStop {\"stopReason\":\"end_turn\"}"), &mut Vec::new()).unwrap();
    assert!(!bedrock.whole());
    bedrock.feed(&frames("event metadata {}"), &mut Vec::new()).unwrap();
    assert!(bedrock.whole());
}

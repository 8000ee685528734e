//! Requests as the vendor's SDKs send them, and what is understood: `testdata/client/CASE/request.json` beside
//! `wanted.txt`.

use abide_wire::client::{chat, conversations, responses};
use expect_test::expect_file;
use std::fmt::Debug;

fn check<T: Debug, E: Debug>(case: &str, decode: impl Fn(&[u8]) -> Result<T, E>) {
    let folder = format!("{}/testdata/client/{case}", env!("CARGO_MANIFEST_DIR"));
    let request = std::fs::read(format!("{folder}/request.json")).unwrap_or_default();
    assert!(!request.is_empty(), "{case} has a request");
    expect_file![format!("{folder}/wanted.txt")].assert_debug_eq(&decode(&request));
}

#[test]
fn a_text_alone_is_a_message_of_the_user_that_is_kept() {
    check("responses-text", responses::decode);
}

#[test]
fn every_field_that_a_response_can_ask_for_finds_its_place() {
    check("responses-everything", responses::decode);
}

#[test]
fn every_form_of_an_item_is_understood_with_and_without_its_type() {
    check("responses-items", responses::decode);
}

#[test]
fn a_conversation_goes_on_with_a_tools_output_alone() {
    check("responses-continue", responses::decode);
}

#[test]
fn a_small_chat_is_a_message_that_is_not_kept() {
    check("chat-text", chat::decode);
}

#[test]
fn every_field_that_a_chat_can_ask_for_finds_its_place() {
    check("chat-everything", chat::decode);
}

#[test]
fn a_chat_with_tools_becomes_calls_and_results_in_order() {
    check("chat-tools", chat::decode);
}

#[test]
fn a_conversation_begins_with_items_and_labels() {
    check("conversations-create", conversations::decode_create);
}

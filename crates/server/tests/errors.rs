//! What clients are told when something is wrong: the status, the type and the code.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod house;

use house::{House, documents, piece, whole};
use serde_json::{Value, json};

fn chat(text: &str) -> Value {
    json!({"model": "demo", "messages": [{"role": "user", "content": text}]})
}

fn streamed(text: &str) -> Value {
    json!({"model": "demo", "stream": true, "messages": [{"role": "user", "content": text}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_missing_or_wrong_is_refused_before_the_body_is_looked_at() {
    let house = House::new().await;
    let wrong = format!("Bearer {}x", house.key);
    for (headers, error) in [
        (vec![], "401 authentication_error missing_api_key"),
        (vec![("authorization", "Basic abc")], "401 authentication_error missing_api_key"),
        (vec![("authorization", "Bearer sk-other")], "401 authentication_error invalid_api_key"),
        (vec![("authorization", wrong.as_str())], "401 authentication_error invalid_api_key"),
    ] {
        let answer = house.ask_with("POST", "/v1/chat/completions", &headers, "{").await;
        assert_eq!(answer.error(), error);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"abide\"");
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_or_method_that_is_not_there_says_so_in_the_shape_of_every_error() {
    let house = House::new().await;
    let nowhere = house.get("/v1/nowhere").await;
    assert_eq!(nowhere.error(), "404 not_found_error unknown_url");
    let wrong = house.ask("PUT", "/v1/responses/resp_1", "").await;
    assert_eq!(wrong.error(), "405 invalid_request_error method_not_allowed");
    assert_eq!(wrong.header("allow"), "GET, DELETE");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_names_the_field() {
    let house = House::new().await;
    let broken = house.ask("POST", "/v1/chat/completions", "{\"model\": ").await;
    assert_eq!(broken.error(), "400 invalid_request_error invalid_json");
    let typo = house.post("/v1/responses", json!({"model": "demo", "input": "hi", "temprature": 1})).await;
    assert_eq!(typo.error(), "400 invalid_request_error unknown_parameter");
    assert_eq!(typo.json()["error"]["param"], "temprature");
    let query = house.get("/v1/responses/resp_1?strem=true").await;
    assert_eq!(query.error(), "400 invalid_request_error unknown_parameter");
    let squeezed = [("content-encoding", "gzip"), ("authorization", &format!("Bearer {}", house.key))];
    let squeezed = house.ask_with("POST", "/v1/chat/completions", &squeezed, "x").await;
    assert_eq!(squeezed.error(), "415 invalid_request_error unsupported_content_encoding");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_and_not_there_is_404() {
    let house = House::new().await;
    let conversation = format!("conv_{:032x}", 7);
    for (method, path, code) in [
        ("GET", "/v1/responses/resp_1".to_owned(), "response_not_found"),
        ("GET", format!("/v1/responses/resp_{:040x}", 7), "response_not_found"),
        ("POST", format!("/v1/responses/resp_{:040x}/cancel", 7), "response_not_found"),
        ("GET", format!("/v1/responses/resp_{:040x}?stream=true", 7), "response_not_found"),
        ("GET", format!("/v1/conversations/{conversation}"), "conversation_not_found"),
        ("GET", format!("/v1/conversations/{conversation}/items"), "conversation_not_found"),
        ("DELETE", "/v1/conversations/x".to_owned(), "conversation_not_found"),
        ("GET", "/v1/models/dmo".to_owned(), "model_not_found"),
    ] {
        let answer = house.ask(method, &path, "").await;
        assert_eq!(answer.error(), format!("404 not_found_error {code}"), "{method} {path}");
    }
    let mut near = chat("hi");
    near["model"] = json!("dmo");
    let near = house.post("/v1/chat/completions", near).await;
    assert_eq!(near.error(), "404 not_found_error model_not_found");
    assert!(near.text().contains("did you mean `demo`?"), "{}", near.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_result_nobody_asked_for_is_the_clients_mistake() {
    let house = House::new().await;
    let input = json!([{"type": "function_call_output", "call_id": "call_x", "output": "42"}]);
    let first = house.post("/v1/responses", json!({"model": "demo", "input": "hi"})).await.json();
    let body = json!({"model": "demo", "input": input, "previous_response_id": first["id"]});
    let answer = house.post("/v1/responses", body).await;
    assert_eq!(answer.error(), "400 invalid_request_error unknown_tool_call");
    assert!(answer.text().contains("call_x"), "{}", answer.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clouds_that_fail_before_anything_was_said_give_a_status_streamed_or_not() {
    let house = House::new().await;
    for (fault, error) in [
        ("429 retry-after=3", "429 rate_limit_error upstream_rate_limited"),
        ("500", "502 server_error upstream_failed"),
        ("filter", "400 invalid_request_error content_filter"),
    ] {
        let everywhere = format!("hello [[sim:{fault}]]");
        for body in [chat(&everywhere), streamed(&everywhere)] {
            let answer = house.post("/v1/chat/completions", body).await;
            assert_eq!(answer.error(), error, "{fault}");
        }
        let body = json!({"model": "demo", "input": everywhere, "stream": true});
        let answer = house.post("/v1/responses", body).await;
        assert_eq!(answer.error(), error, "{fault}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_the_first_word_is_an_event_in_the_stream() {
    let house = House::new().await;
    let body = streamed("count to 9 [[sim:cut after=4]]");
    let response = house.stream("/v1/chat/completions", body).await;
    assert_eq!(response.status(), 200);
    let answer = whole(response).await;
    let last = documents(answer.text()).pop().unwrap();
    assert_eq!(last["error"]["code"], "upstream_failed", "{}", answer.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_stream_takes_nothing_from_the_next() {
    let house = House::new().await;
    let mut response =
        house.stream("/v1/chat/completions", streamed("count to 300 [[sim:slow ms=10]]")).await;
    assert!(!piece(&mut response).await.is_empty());
    drop(response);
    let answer = house.post("/v1/chat/completions", chat("say: still here")).await;
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "still here");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agreement_forbids_is_403_names_the_clause_and_reaches_no_cloud() {
    let house = House::governed().await;
    let allowed = house.post("/v1/chat/completions", chat("hi")).await;
    assert_eq!(allowed.header("x-abide-decision"), "permit", "{}", allowed.text());
    for stream in [false, true] {
        let body = json!({"model": "aws-only", "input": "hi", "stream": stream});
        let answer = house.post("/v1/responses", body).await;
        assert_eq!(answer.error(), "403 permission_error refused_by_agreement");
        assert!(answer.text().contains("deal.api-exclusive"), "{}", answer.text());
    }
    assert!(house.aws.calls().is_empty());
    house.end().await;
}

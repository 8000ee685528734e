//! What clients of the OpenAI doors get, over HTTP, from a real engine.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod house;

use house::{House, documents, piece, whole};
use serde_json::{Value, json};

fn output_text(response: &Value) -> String {
    let items = response["output"].as_array().unwrap();
    let parts = items.iter().filter_map(|item| item["content"].as_array()).flatten();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_answered_with_the_headers_that_say_who_served() {
    let house = House::new().await;
    let messages = json!([{"role": "user", "content": "say: hello there"}]);
    let answer = house.post("/v1/chat/completions", json!({"model": "demo", "messages": messages})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "hello there");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-abide-target"), "azure/gpt-demo");
    assert_eq!(answer.header("x-abide-attempts"), "1");
    assert!(answer.header("x-request-id").starts_with("req_"));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_fails_over_counts_its_attempts() {
    let house = House::new().await;
    let messages = json!([{"role": "user", "content": "hello [[sim:azure:429]]"}]);
    let answer = house.post("/v1/chat/completions", json!({"model": "demo", "messages": messages})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-abide-target"), "aws/gpt-demo");
    assert_eq!(answer.header("x-abide-attempts"), "2");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_the_cloud_has_no_place_for_is_named_in_a_header_or_refused() {
    let house = House::new().await;
    let mut body = json!({"model": "aws-only", "seed": 1, "messages": [{"role": "user", "content": "hi"}]});
    let answer = house.post("/v1/chat/completions", body.clone()).await;
    assert_eq!((answer.status, answer.header("x-abide-dropped")), (200, "seed"), "{}", answer.text());
    body["frequency_penalty"] = json!(1);
    let refused = house.post("/v1/chat/completions", body).await;
    assert_eq!(refused.error(), "400 invalid_request_error unsupported_parameter");
    assert!(refused.text().contains("frequency_penalty"), "{}", refused.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_cloud_of_a_model_can_do_is_the_requests_mistake() {
    let house = House::new().await;
    let tool = json!({"type": "function", "name": "now", "parameters": {"type": "object"}});
    let body = json!({"model": "text-only", "input": "hi", "tools": [tool]});
    let refused = house.post("/v1/responses", body).await;
    assert_eq!(refused.error(), "400 invalid_request_error unsupported_parameter");
    assert!(refused.text().contains("tools"), "{}", refused.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_chat_comes_in_pieces_and_ends_with_done() {
    let house = House::new().await;
    let body = json!({
        "model": "demo", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "count to 5 [[sim:slow ms=20]]"}],
    });
    let mut response = house.stream("/v1/chat/completions", body).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["x-abide-target"], "azure/gpt-demo");
    let first = piece(&mut response).await;
    assert!(!first.contains("[DONE]"), "the whole stream came at once: {first}");
    let all = first + whole(response).await.text();
    let text: String =
        documents(&all).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "1 2 3 4 5");
    assert!(documents(&all).last().unwrap()["usage"]["total_tokens"].is_u64());
    assert!(all.ends_with("data: [DONE]\n\n"));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_remembers_its_turns_and_shows_its_items() {
    let house = House::new().await;
    let made = house.post("/v1/conversations", json!({"metadata": {"team": "a"}})).await.json();
    let id = made["id"].as_str().unwrap().to_owned();
    let ask = |text: &str| json!({"model": "agent/brief", "conversation": id, "input": text});
    house.post("/v1/responses", ask("my name is Ada")).await;
    let second = house.post("/v1/responses", ask("what is my name?")).await;
    assert!(output_text(&second.json()).contains("Ada"), "{}", second.text());

    let path = format!("/v1/conversations/{id}");
    assert_eq!(house.get(&path).await.json()["metadata"]["team"], "a");
    let items = house.get(&format!("{path}/items?order=asc&limit=3")).await.json();
    assert_eq!(items["data"].as_array().unwrap().len(), 3);
    assert_eq!(items["has_more"], true);
    let first = items["data"][0]["id"].as_str().unwrap();
    assert_eq!(house.get(&format!("{path}/items/{first}")).await.json()["id"], first);
    let changed = house.post(&path, json!({"metadata": {"team": "b"}})).await.json();
    assert_eq!(changed["metadata"]["team"], "b");
    let added = json!({"items": [{"role": "user", "content": "my city is Rome"}]});
    let added = house.post(&format!("{path}/items"), added).await.json();
    let added = added["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(house.delete(&format!("{path}/items/{added}")).await.status, 200);
    assert_eq!(
        house.get(&format!("{path}/items/{added}")).await.error(),
        "404 not_found_error item_not_found"
    );

    assert_eq!(house.delete(&path).await.json()["deleted"], true);
    assert_eq!(house.get(&path).await.error(), "404 not_found_error conversation_not_found");
    let gone = house.post("/v1/responses", ask("hello?")).await;
    assert_eq!(gone.error(), "404 not_found_error conversation_not_found");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_response_is_read_back_listed_and_deleted() {
    let house = House::new().await;
    let body = json!({"model": "demo", "input": "say: kept", "instructions": "be brief"});
    let made = house.post("/v1/responses", body).await.json();
    let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
    assert_eq!(house.get(&path).await.json(), made);
    let input = house.get(&format!("{path}/input_items")).await.json();
    assert_eq!(input["data"][0]["content"][0]["text"], "say: kept");
    let cancel = house.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(cancel.json()["status"], "completed", "{}", cancel.text());
    assert_eq!(house.delete(&path).await.json()["deleted"], true);
    assert_eq!(house.get(&path).await.error(), "404 not_found_error response_not_found");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_given_again_from_any_event_on() {
    let house = House::new().await;
    let body = json!({"model": "demo", "input": "count to 6", "stream": true});
    let live = whole(house.stream("/v1/responses", body).await).await;
    let events = documents(live.text());
    assert_eq!(events.last().unwrap()["type"], "response.completed", "{}", live.text());
    let id = events[0]["response"]["id"].as_str().unwrap();
    let again = house.get(&format!("/v1/responses/{id}?stream=true")).await;
    assert_eq!(documents(again.text()), events);
    let rest = house.get(&format!("/v1/responses/{id}?stream=true&starting_after=4")).await;
    assert_eq!(documents(rest.text()), &events[5..]);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_response_is_followed_while_it_is_at_work_and_cancelled() {
    let house = House::new().await;
    let body = json!({"model": "demo", "input": "count to 500 [[sim:slow ms=20]]", "background": true});
    let made = house.post("/v1/responses", body).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    assert!(matches!(made["status"].as_str(), Some("in_progress" | "queued")), "{made}");
    let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
    let key = format!("Bearer {}", house.key);
    let headers = [("authorization", key.as_str())];
    let mut following = house.send("GET", &format!("{path}?stream=true"), &headers, "").await;
    assert!(piece(&mut following).await.contains("response.created"));
    let cancelled = house.post(&format!("{path}/cancel"), json!({})).await;
    assert_eq!(cancelled.json()["status"], "cancelled", "{}", cancelled.text());
    let rest = whole(following).await;
    let last = documents(rest.text()).pop().unwrap();
    assert_eq!(last["response"]["status"], "cancelled", "{}", rest.text());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_and_agents_are_listed_and_found_with_the_slash_plain_or_encoded() {
    let house = House::new().await;
    let list = house.get("/v1/models").await.json();
    let names: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["aws-only", "demo", "text-only", "agent/brief"]);
    for path in ["/v1/models/agent/brief", "/v1/models/agent%2Fbrief"] {
        assert_eq!(house.get(path).await.json()["id"], "agent/brief");
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_pages_need_no_key_and_the_metrics_count_what_was_served() {
    let house = House::new().await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    house.post("/v1/chat/completions", json!({"model": "demo", "messages": messages})).await;
    for path in ["/", "/healthz", "/readyz"] {
        assert_eq!(house.ask_with("GET", path, &[], "").await.status, 200, "{path}");
    }
    let metrics = house.ask_with("GET", "/metrics", &[], "").await;
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        r#"abide_http_requests_total{method="POST",route="/v1/chat/completions",status="200"} 1"#,
        r#"abide_calls_total{target="azure/gpt-demo",outcome="ok"} 1"#,
        r#"abide_runs_ended_total{status="completed"} 1"#,
        "abide_http_requests_in_flight 1",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line}\nin\n{}", metrics.text());
    }
    house.end().await;
}

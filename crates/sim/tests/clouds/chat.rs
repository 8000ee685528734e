//! OpenAI's and Azure's chat completions.

use abide_sim::{AZURE_KEY, Config, Dialect, OPENAI_KEY, Outcome};
use expect_test::expect;
use serde_json::{Value, json};

use crate::client::{chat, post, request, start, user};

fn weather() -> Value {
    let parameters =
        json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    json!([{ "type": "function", "function": { "name": "get_weather", "parameters": parameters } }])
}

#[tokio::test]
async fn an_answer_carries_its_id_everywhere_and_its_usage_is_recorded() {
    let cloud = start(Dialect::OpenAi).await;
    let reply = chat(&cloud, json!({ "messages": [user("Hello there")] })).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    let calls = cloud.calls();
    let [call] = calls.as_slice() else { panic!("one call, not {calls:?}") };
    assert_eq!(body["id"], format!("chatcmpl-{}", call.id));
    assert_eq!(reply.headers["x-request-id"], call.id);
    assert_eq!(body["choices"][0]["message"]["content"], "This is openai, turn 1. You said: Hello there");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 3);
    assert_eq!(body["usage"]["completion_tokens"], 9);
    assert_eq!(body["usage"]["total_tokens"], 12);
    assert_eq!((call.input_tokens, call.output_tokens, call.usage_sent), (3, 9, true));
    assert_eq!((call.status, &call.outcome, call.model.as_str()), (200, &Outcome::Completed, "gpt-test"));
    cloud.stop().await;
}

#[tokio::test]
async fn a_stream_tells_usage_only_when_asked() {
    let cloud = start(Dialect::OpenAi).await;
    for (options, last_usage) in [(json!(null), None), (json!({ "include_usage": true }), Some(3))] {
        let body = json!({ "messages": [user("count to 3")], "stream": true, "stream_options": options });
        let reply = chat(&cloud, body).await;
        assert_eq!(reply.headers["content-type"], "text/event-stream; charset=utf-8");
        let events = reply.events();
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(done, "[DONE]");
        let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        let text: Vec<&str> =
            chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, ["", "1", " 2", " 3"]);
        let last = chunks.last().unwrap();
        assert_eq!(last["usage"]["completion_tokens"].as_u64(), last_usage);
        assert_eq!(last["choices"].as_array().map(Vec::is_empty), Some(last_usage.is_some()));
        assert_eq!(cloud.calls().last().unwrap().usage_sent, last_usage.is_some());
    }
    cloud.stop().await;
}

#[tokio::test]
async fn a_tool_call_streams_in_pieces_and_its_result_is_quoted() {
    let cloud = start(Dialect::OpenAi).await;
    let ask = user("What is the weather in Paris?");
    let reply = chat(&cloud, json!({ "messages": [ask], "tools": weather(), "stream": true })).await;
    let mut arguments = String::new();
    let mut starts = Vec::new();
    let mut finish = Value::Null;
    for event in reply.events().iter().filter(|event| *event != "[DONE]") {
        let chunk: Value = serde_json::from_str(event).unwrap();
        let choice = &chunk["choices"][0];
        if let Some(call) = choice["delta"]["tool_calls"].get(0) {
            arguments.push_str(call["function"]["arguments"].as_str().unwrap());
            starts.extend(call["id"].as_str().map(str::to_owned));
        }
        finish = choice["finish_reason"].clone();
    }
    assert_eq!(arguments, r#"{"city":"Paris"}"#);
    assert_eq!(finish, "tool_calls");
    let [id] = starts.as_slice() else { panic!("one id, not {starts:?}") };
    let call = json!({ "id": id, "type": "function", "function": { "name": "get_weather", "arguments": arguments } });
    let messages = json!([
        ask,
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": id, "content": "18 degrees" },
    ]);
    let reply = chat(&cloud, json!({ "messages": messages, "tools": weather() })).await;
    let text = &reply.json()["choices"][0]["message"]["content"];
    assert_eq!(text, "This is openai, turn 1. get_weather says: 18 degrees");
    cloud.stop().await;
}

#[tokio::test]
async fn malformed_requests_are_refused_in_the_vendors_words() {
    let cloud = start(Dialect::OpenAi).await;
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let asked = json!({ "role": "assistant", "tool_calls": [call] });
    let result = json!({ "role": "tool", "tool_call_id": "c1", "content": "x" });
    let other = json!({ "role": "tool", "tool_call_id": "c2", "content": "x" });
    let cases = [
        json!({ "messages": [] }),
        json!({ "messages": [user("x")], "mesages": 1 }),
        json!({ "messages": [{ "role": "robot", "content": "x" }] }),
        json!({ "messages": [{ "role": "user", "content": null }] }),
        json!({ "messages": [{ "role": "user", "content": "x", "mood": 1 }] }),
        json!({ "messages": [user("x"), result] }),
        json!({ "messages": [user("x"), asked, user("y")] }),
        json!({ "messages": [user("x"), asked] }),
        json!({ "messages": [user("x"), asked, other] }),
        json!({ "messages": [user("x")], "tools": [] }),
        json!({ "messages": [user("x")], "tool_choice": "auto" }),
        json!({ "messages": [user("x")], "tools": [{ "type": "function", "function": { "name": "a b" } }] }),
        json!({ "messages": [user("x")], "temperature": 3 }),
        json!({ "messages": [user("x")], "max_tokens": "many" }),
        json!({ "messages": [user("x")], "stream_options": {} }),
        json!({ "messages": [user("x")], "response_format": { "type": "json_object" } }),
        json!({ "messages": [user("x")], "model": "" }),
    ];
    let mut told = String::new();
    for case in cases {
        let reply = chat(&cloud, case).await;
        let error = &reply.json()["error"];
        assert_eq!((reply.status, &error["type"]), (400, &json!("invalid_request_error")));
        told.push_str(&format!(
            "{} {} {}\n",
            error["param"],
            error["code"],
            error["message"].as_str().unwrap()
        ));
    }
    expect![[r#"
        "messages" "empty_array" Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.
        null null Unrecognized request argument supplied: mesages
        "messages[0].role" "invalid_value" Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.
        "messages.[0].content" null Invalid value for 'content': expected a string, got null.
        "messages[0].mood" "unknown_parameter" Unknown parameter: 'messages[0].mood'.
        "messages.[1].role" null Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.
        "messages.[2].role" null An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: c1
        "messages.[1].role" null An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: c1
        "messages.[2].tool_call_id" null Invalid parameter: 'tool_call_id' of 'c2' not found in 'tool_calls' of previous message.
        "tools" "empty_array" Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.
        "tool_choice" null 'tool_choice' is only allowed when 'tools' are specified.
        "tools[0].function.name" "invalid_value" Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.
        "temperature" "decimal_above_max_value" Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3.0 instead.
        "max_tokens" "invalid_type" Invalid type for 'max_tokens': expected an integer, but got a string instead.
        "stream_options" null The 'stream_options' parameter is only allowed when 'stream' is enabled.
        "messages" null 'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.
        null null you must provide a model parameter
    "#]]
    .assert_eq(&told);
    cloud.stop().await;
}

#[tokio::test]
async fn keys_and_models_are_checked_and_refusals_are_recorded() {
    let mut config = Config::new(Dialect::OpenAi);
    config.models = vec!["gpt-test".to_owned()];
    let cloud = abide_sim::start(config).await.unwrap();
    let body = json!({ "model": "gpt-test", "messages": [user("x")] });
    let none =
        request(&cloud, "POST", "/v1/chat/completions", &[], body.to_string().as_bytes()).await.unwrap();
    assert_eq!(none.status, 401);
    let wrong = post(&cloud, "/v1/chat/completions", "sk-wrong", &body).await;
    assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    let unknown = chat(&cloud, json!({ "model": "gpt-9", "messages": [user("x")] })).await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!("model_not_found")));
    let bearer = format!("Bearer {OPENAI_KEY}");
    let list = request(&cloud, "GET", "/v1/models", &[("authorization", &bearer)], b"").await.unwrap();
    assert_eq!(list.json()["data"][0]["id"], "gpt-test");
    let outcomes: Vec<String> = cloud.calls().iter().map(|call| call.outcome.to_string()).collect();
    assert_eq!(
        outcomes,
        [
            "rejected:invalid_request_error",
            "rejected:invalid_api_key",
            "rejected:model_not_found",
            "completed"
        ]
    );
    cloud.stop().await;
}

#[tokio::test]
async fn azure_speaks_both_forms_and_begins_streams_with_filter_results() {
    let cloud = start(Dialect::Azure).await;
    let body = json!({ "model": "gpt-test", "messages": [user("count to 2")], "stream": true });
    let dated = "/openai/deployments/gpt-test/chat/completions?api-version=2024-10-21";
    for path in ["/openai/v1/chat/completions", dated] {
        let headers = [("api-key", AZURE_KEY), ("content-type", "application/json")];
        let reply = request(&cloud, "POST", path, &headers, body.to_string().as_bytes()).await.unwrap();
        let events = reply.events();
        let first: Value = serde_json::from_str(&events[0]).unwrap();
        assert_eq!(first["choices"], json!([]));
        assert_eq!(first["prompt_filter_results"][0]["content_filter_results"]["hate"]["severity"], "safe");
        let token: Value = serde_json::from_str(&events[2]).unwrap();
        assert_eq!(token["choices"][0]["delta"]["content"], "1");
        assert_eq!(token["choices"][0]["content_filter_results"]["violence"]["filtered"], false);
        assert_eq!(reply.headers["apim-request-id"], cloud.calls().last().unwrap().id);
    }
    cloud.stop().await;
}

#[tokio::test]
async fn azure_refuses_in_its_own_shape() {
    let mut config = Config::new(Dialect::Azure);
    config.models = vec!["known".to_owned()];
    let cloud = abide_sim::start(config).await.unwrap();
    let body = json!({ "model": "gpt-test", "messages": [user("x")] });
    let cases = [
        ("/openai/v1/chat/completions", "wrong", 401, "401"),
        ("/openai/v1/chat/completions", AZURE_KEY, 404, "DeploymentNotFound"),
        ("/openai/v1/chat/completions?api-version=2024-10-21", AZURE_KEY, 400, "BadRequest"),
        ("/openai/deployments/known/chat/completions", AZURE_KEY, 404, "404"),
        ("/openai/deployments/known/chat/completions?api-version=today", AZURE_KEY, 404, "404"),
        ("/v1/chat/completions", AZURE_KEY, 404, "404"),
    ];
    for (path, key, status, code) in cases {
        let reply = post(&cloud, path, key, &body).await;
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (status, &json!(code)), "{path}");
    }
    cloud.stop().await;
}

#[tokio::test]
async fn a_filter_chunk_without_delta_and_ids_can_end_an_azure_stream() {
    let mut config = Config::new(Dialect::Azure);
    config.behaviour.bare_filter_chunk = true;
    let cloud = abide_sim::start(config).await.unwrap();
    let body = json!({ "model": "m", "messages": [user("count to 1")], "stream": true });
    let events = post(&cloud, "/openai/v1/chat/completions", AZURE_KEY, &body).await.events();
    let bare: Value = serde_json::from_str(&events[events.len() - 2]).unwrap();
    assert_eq!(bare["id"], "");
    assert_eq!(bare["choices"][0].get("delta"), None);
    cloud.stop().await;
}

#[tokio::test]
async fn the_request_that_was_sent_can_be_kept() {
    let mut config = Config::new(Dialect::OpenAi);
    config.keep_requests = true;
    config.keep_calls = 1;
    let cloud = abide_sim::start(config).await.unwrap();
    for text in ["first", "second"] {
        chat(&cloud, json!({ "messages": [user(text)] })).await;
    }
    let calls = cloud.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].request.as_ref().unwrap()["messages"][0]["content"], "second");
    cloud.stop().await;
}

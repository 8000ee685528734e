//! Faults on request, and the record of every call.

use std::time::Duration;

use abide_sim::{Call, Cloud, Config, Dialect, Fault, Kind, OPENAI_KEY, Outcome};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::client::{chat, converse, receive, request, says, send, start, user};

fn stream_of(text: &str) -> Value {
    json!({ "messages": [user(text)], "stream": true, "model": "m" })
}

async fn last_call(cloud: &Cloud) -> Call {
    // A client that left is noticed when the connection next looks at its socket.
    for _ in 0..500 {
        if let Some(call) = cloud.calls().pop() {
            return call;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no call was recorded");
}

fn bearer() -> Vec<(String, String)> {
    vec![("authorization".to_owned(), format!("Bearer {OPENAI_KEY}"))]
}

#[tokio::test]
async fn a_status_comes_in_the_vendors_shape_with_retry_after_and_strikes_once() {
    let cloud = start(Dialect::OpenAi).await;
    cloud.push_fault("429 retry-after=2".parse().unwrap());
    let reply = chat(&cloud, json!({ "messages": [user("Hi")] })).await;
    assert_eq!((reply.status, reply.headers["retry-after"].as_str()), (429, "2"));
    assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(last_call(&cloud).await.outcome, Outcome::Fault("429".to_owned()));
    assert_eq!(chat(&cloud, json!({ "messages": [user("Hi")] })).await.status, 200);
    cloud.stop().await;
}

#[tokio::test]
async fn queued_faults_wait_for_the_requests_they_fit() {
    let cloud = start(Dialect::OpenAi).await;
    let list = json!([
        { "fault": "500", "contains": "soup" },
        "openai:503 model=gpt-b skip=1 times=2",
        "azure:drop",
    ]);
    let posted = request(&cloud, "POST", "/_sim/faults", &[], list.to_string().as_bytes()).await.unwrap();
    assert_eq!(posted.json()["waiting"], 3);
    let mut statuses = Vec::new();
    for (model, text) in [
        ("gpt-a", "x"),
        ("gpt-b", "x"),
        ("gpt-b", "x"),
        ("gpt-a", "x"),
        ("gpt-b", "x"),
        ("gpt-b", "x"),
        ("gpt-a", "soup"),
    ] {
        statuses.push(chat(&cloud, json!({ "model": model, "messages": [user(text)] })).await.status);
    }
    assert_eq!(statuses, [200, 200, 503, 200, 503, 200, 500]);
    let wrong = request(&cloud, "POST", "/_sim/faults", &[], b"[\"explode\"]").await.unwrap();
    assert_eq!(
        (wrong.status, &wrong.json()["error"]["message"]),
        (400, &json!("no fault is called `explode`"))
    );
    cloud.stop().await;
}

#[tokio::test]
async fn a_marker_in_the_newest_text_strikes_its_cloud_only_and_is_not_read() {
    let cloud = start(Dialect::OpenAi).await;
    let old = json!([user("[[sim:500]] one"), { "role": "assistant", "content": "x" }, user("[[sim:azure:503]] two")]);
    let reply = chat(&cloud, json!({ "messages": old })).await;
    assert_eq!(reply.json()["choices"][0]["message"]["content"], "This is openai, turn 2. You said: two");
    assert_eq!(chat(&cloud, json!({ "messages": [user("[[sim:openai:503]] x")] })).await.status, 503);
    assert_eq!(chat(&cloud, json!({ "messages": [user("[[sim:openai:expode]] x")] })).await.status, 400);
    cloud.stop().await;
}

#[tokio::test]
async fn a_header_strikes_too() {
    let cloud = start(Dialect::OpenAi).await;
    let mut headers = bearer();
    headers.push(("x-sim-fault".to_owned(), "wait ms=1; 500".to_owned()));
    let body = stream_of("Hi").to_string();
    let reply =
        receive(send(cloud.addr(), "POST", "/v1/chat/completions", &headers, body.as_bytes()).await).await;
    assert_eq!(reply.unwrap().status, 500);
    cloud.stop().await;
}

#[tokio::test]
async fn a_cut_ends_the_connection_in_the_middle_of_an_event_after_the_tokens_before_it() {
    let cloud = start(Dialect::OpenAi).await;
    let reply = chat(&cloud, stream_of("count to 9 [[sim:cut after=3]]")).await;
    assert_eq!((reply.status, reply.is_whole), (200, false));
    let texts: Vec<Value> = reply.events().iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let texts: Vec<&str> =
        texts.iter().map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["", "1", " 2", " 3"]);
    assert!(!reply.body.ends_with(b"\n\n"), "half an event is left over");
    let call = last_call(&cloud).await;
    assert_eq!(
        (call.outcome, call.output_tokens, call.usage_sent),
        (Outcome::Fault("cut".to_owned()), 3, false)
    );
    cloud.stop().await;
}

#[tokio::test]
async fn bedrock_is_cut_in_the_middle_of_a_frame() {
    let cloud = start(Dialect::Bedrock).await;
    let body = json!({ "messages": [says("user", "count to 9 [[sim:aws:cut after=2]]")] });
    let reply = converse(&cloud, "converse-stream", body).await;
    let (frames, rest) = reply.frames();
    let kinds: Vec<&str> = frames.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["messageStart", "contentBlockDelta", "contentBlockDelta"]);
    assert!(rest > 12, "the prelude of the next frame and more, not {rest} bytes");
    assert!(!reply.is_whole);
    cloud.stop().await;
}

#[tokio::test]
async fn an_answer_that_does_not_stream_is_cut_before_its_length() {
    let cloud = start(Dialect::OpenAi).await;
    cloud.push_fault(Kind::Cut { after: 0 }.into());
    let reply = chat(&cloud, json!({ "messages": [user("Hi")] })).await;
    assert_eq!((reply.status, reply.is_whole), (200, false));
    assert!(!reply.body.is_empty());
    cloud.stop().await;
}

#[tokio::test]
async fn an_exception_comes_inside_a_stream_that_began_well() {
    let cloud = start(Dialect::Bedrock).await;
    let body = json!({ "messages": [says("user", "count to 3 [[sim:exception type=modelStreamErrorException after=1]]")] });
    let reply = converse(&cloud, "converse-stream", body.clone()).await;
    let (frames, _) = reply.frames();
    let kinds: Vec<&str> = frames.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["messageStart", "contentBlockDelta", "modelStreamErrorException"]);
    assert!(frames[2].1["message"].is_string());
    // Without a stream the same trouble is a status.
    let reply = converse(&cloud, "converse", body).await;
    assert_eq!(reply.status, 424);
    assert!(reply.headers["x-amzn-errortype"].starts_with("ModelErrorException:"));
    cloud.stop().await;
}

#[tokio::test]
async fn broken_frames_and_broken_json_come_on_request() {
    let cloud = start(Dialect::Bedrock).await;
    let body =
        |fault: &str| json!({ "messages": [says("user", &format!("count to 3 [[sim:{fault} after=1]]"))] });
    let (frames, rest) = converse(&cloud, "converse-stream", body("corrupt")).await.frames();
    assert_eq!(frames.len(), 2);
    assert!(rest > 0, "the frame with the wrong checksum stops the reader");
    let (frames, rest) = converse(&cloud, "converse-stream", body("malformed")).await.frames();
    assert_eq!((&frames[2].1, rest), (&Value::Null, 0));
    let plain = converse(&cloud, "converse", body("malformed")).await;
    assert!(plain.is_whole && serde_json::from_slice::<Value>(&plain.body).is_err());
    cloud.stop().await;
}

#[tokio::test]
async fn usage_can_be_left_out() {
    let cloud = start(Dialect::OpenAi).await;
    let reply = chat(&cloud, json!({ "messages": [user("Hi [[sim:no-usage]]")] })).await;
    assert_eq!(reply.json().get("usage"), None);
    let call = last_call(&cloud).await;
    assert_eq!((call.outcome, call.usage_sent), (Outcome::Fault("no-usage".to_owned()), false));
    cloud.stop().await;
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer() {
    let cloud = start(Dialect::OpenAi).await;
    let headers = bearer();
    let body = stream_of("Hi [[sim:drop]]").to_string();
    let stream = send(cloud.addr(), "POST", "/v1/chat/completions", &headers, body.as_bytes()).await;
    assert!(receive(stream).await.is_none());
    let call = last_call(&cloud).await;
    assert_eq!((call.status, call.outcome), (0, Outcome::Fault("drop".to_owned())));
    cloud.stop().await;
}

#[tokio::test]
async fn a_hang_says_some_tokens_and_then_nothing_until_the_client_leaves() {
    let cloud = start(Dialect::OpenAi).await;
    let headers = bearer();
    let body = stream_of("count to 9 [[sim:hang after=2]]").to_string();
    let mut stream = send(cloud.addr(), "POST", "/v1/chat/completions", &headers, body.as_bytes()).await;
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains("\" 2\"") {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
    assert_eq!(cloud.calls(), []);
    drop(stream);
    let call = last_call(&cloud).await;
    assert_eq!((call.outcome, call.output_tokens), (Outcome::Fault("hang".to_owned()), 2));
    cloud.stop().await;
}

#[tokio::test]
async fn a_hang_before_the_head_is_recorded_when_the_client_leaves() {
    let cloud = start(Dialect::Bedrock).await;
    let path = crate::client::converse_path("converse");
    let headers = [("authorization".to_owned(), format!("Bearer {}", abide_sim::BEDROCK_KEY))];
    let body = json!({ "messages": [says("user", "Hi [[sim:hang]]")] }).to_string();
    let mut stream = send(cloud.addr(), "POST", &path, &headers, body.as_bytes()).await;
    let silence = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(silence.is_err(), "nothing comes, not {silence:?}");
    drop(stream);
    let call = last_call(&cloud).await;
    assert_eq!((call.status, call.outcome), (0, Outcome::Fault("hang".to_owned())));
    cloud.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_is_recorded_with_the_tokens_it_was_sent() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut config = Config::new(Dialect::OpenAi);
    config.log = Some(log.path().to_owned());
    config.behaviour.token_delay = Duration::from_millis(20);
    let cloud = abide_sim::start(config).await.unwrap();
    let headers = bearer();
    let body = stream_of("count to 100000").to_string();
    let mut stream = send(cloud.addr(), "POST", "/v1/chat/completions", &headers, body.as_bytes()).await;
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains("\" 2\"") {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
    drop(stream);
    let call = last_call(&cloud).await;
    let Outcome::ClientGone(tokens) = call.outcome else { panic!("{call:?}") };
    assert!((2..100).contains(&tokens), "{tokens}");
    assert_eq!(call.output_tokens, tokens);
    let lines = std::fs::read_to_string(log.path()).unwrap();
    let logged: Call = serde_json::from_str(lines.trim_end()).unwrap();
    assert_eq!(logged, call);
    cloud.stop().await;
}

#[tokio::test]
async fn stopping_closes_connections_that_hang() {
    let cloud = start(Dialect::OpenAi).await;
    let addr = cloud.addr();
    let headers = bearer();
    let body = stream_of("Hi [[sim:hang]]").to_string();
    let stream = send(addr, "POST", "/v1/chat/completions", &headers, body.as_bytes()).await;
    cloud.stop().await;
    assert!(receive(stream).await.is_none());
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn the_content_filter_blocks_prompts_and_outputs() {
    let cloud = start(Dialect::Azure).await;
    let ask =
        |fault: &str| json!({ "model": "m", "messages": [user(&format!("count to 9 [[sim:{fault}]]"))] });
    let path = "/openai/v1/chat/completions";
    let reply = crate::client::post(&cloud, path, abide_sim::AZURE_KEY, &ask("filter")).await;
    let error = &reply.json()["error"];
    assert_eq!(
        (reply.status, &error["code"], &error["param"]),
        (400, &json!("content_filter"), &json!("prompt"))
    );
    assert_eq!(error["innererror"]["code"], "ResponsibleAIPolicyViolation");
    let reply = crate::client::post(&cloud, path, abide_sim::AZURE_KEY, &ask("filter after=2")).await;
    let choice = &reply.json()["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["content"]),
        (&json!("content_filter"), &json!("1 2"))
    );
    assert_eq!(choice["content_filter_results"]["violence"]["filtered"], true);
    cloud.stop().await;
}

#[test]
fn a_fault_line_that_does_not_parse_says_which_word() {
    let cases = [
        ("", "the fault is empty"),
        ("200", "no fault is called `200`"),
        ("cut after", "`after` is not KEY=VALUE"),
        ("cut after=x", "`after=x` has no usable value"),
        ("cut before=1", "no fault has a key `before`"),
    ];
    for (line, told) in cases {
        assert_eq!(line.parse::<Fault>().unwrap_err().to_string(), told);
    }
}

//! Bedrock's Converse and ConverseStream.

use std::time::{Duration, SystemTime};

use abide_sim::{AwsKey, Config, Dialect};
use expect_test::expect;
use serde_json::{Value, json};

use crate::client::{
    MODEL, Reply, converse, converse_path, receive, says, send, sign_headers, signed, start,
};

fn tool_config() -> Value {
    let schema =
        json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    json!({ "tools": [{ "toolSpec": { "name": "get_weather", "inputSchema": { "json": schema } } }] })
}

#[tokio::test]
async fn the_vendors_signer_is_believed() {
    let cloud = start(Dialect::Bedrock).await;
    let body = json!({ "messages": [says("user", "Hello")] });
    let path = converse_path("converse");
    let reply = signed(&cloud, &AwsKey::default(), &path, &body, SystemTime::now()).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let told = reply.json();
    assert_eq!(told["output"]["message"]["content"][0]["text"], "This is aws, turn 1. You said: Hello");
    assert_eq!(told["stopReason"], "end_turn");
    assert_eq!(told["usage"], json!({ "inputTokens": 2, "outputTokens": 8, "totalTokens": 10 }));
    let call = cloud.calls().pop().unwrap();
    assert_eq!((call.model.as_str(), call.input_tokens, call.output_tokens), (MODEL, 2, 8));
    assert_eq!(reply.headers["x-amzn-requestid"], call.id);
    cloud.stop().await;
}

#[tokio::test]
async fn a_signature_that_is_wrong_in_any_way_is_refused() {
    let cloud = start(Dialect::Bedrock).await;
    let body = json!({ "messages": [says("user", "Hello")] });
    let path = converse_path("converse");
    let now = SystemTime::now();
    let key = AwsKey::default();
    let mut told = String::new();
    let cases = [
        (AwsKey { secret_access_key: "wrong".to_owned(), ..key.clone() }, now),
        (AwsKey { access_key_id: "AKIAOTHER".to_owned(), ..key.clone() }, now),
        (AwsKey { region: "eu-west-1".to_owned(), ..key.clone() }, now),
        (AwsKey { service: "bedrock-runtime".to_owned(), ..key.clone() }, now),
        (AwsKey { session_token: Some("token".to_owned()), ..key.clone() }, now),
        (key.clone(), now - Duration::from_secs(600)),
    ];
    for (key, at) in cases {
        told.push_str(&refusal(&signed(&cloud, &key, &path, &body, at).await));
    }
    // The signature of another path, and of another body.
    let text = body.to_string();
    let stream_path = converse_path("converse-stream");
    let headers = sign_headers(&cloud, &key, &path, &text, now);
    for (path, text) in [(&stream_path, text.clone()), (&path, text.replace("Hello", "Jello"))] {
        let reply = receive(send(cloud.addr(), "POST", path, &headers, text.as_bytes()).await).await;
        told.push_str(&refusal(&reply.unwrap()));
    }
    expect![[r#"
        403 InvalidSignatureException The request signature we calculated does not match the signature you provided
        403 UnrecognizedClientException The security token included in the request is invalid
        403 InvalidSignatureException Credential should be scoped to a valid region, not
        403 InvalidSignatureException Credential should be scoped to correct service
        403 UnrecognizedClientException The security token included in the request is invalid
        403 InvalidSignatureException Signature expired
        403 InvalidSignatureException The request signature we calculated does not match the signature you provided
        403 InvalidSignatureException The request signature we calculated does not match the signature you provided
    "#]]
    .assert_eq(&told);
    cloud.stop().await;
}

/// Status, type and the first words of the message, without what differs from run to run.
fn refusal(reply: &Reply) -> String {
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    let kind = reply.headers["x-amzn-errortype"].split(':').next().unwrap();
    format!("{} {kind} {}\n", reply.status, message.split(['.', ':', '\'']).next().unwrap().trim_end())
}

#[tokio::test]
async fn temporary_credentials_need_their_token() {
    let mut config = Config::new(Dialect::Bedrock);
    let key = AwsKey { session_token: Some("token".to_owned()), ..AwsKey::default() };
    config.credentials.aws = Some(key.clone());
    let cloud = abide_sim::start(config).await.unwrap();
    let body = json!({ "messages": [says("user", "Hello")] });
    let path = converse_path("converse");
    assert_eq!(signed(&cloud, &key, &path, &body, SystemTime::now()).await.status, 200);
    let without = AwsKey { session_token: None, ..key };
    assert_eq!(signed(&cloud, &without, &path, &body, SystemTime::now()).await.status, 403);
    cloud.stop().await;
}

#[tokio::test]
async fn a_stream_starts_tool_blocks_only_and_ends_with_metadata() {
    let cloud = start(Dialect::Bedrock).await;
    let mut told = String::new();
    for text in ["count to 2", "What is the weather in Paris?"] {
        let body = json!({ "messages": [says("user", text)], "toolConfig": tool_config() });
        let reply = converse(&cloud, "converse-stream", body).await;
        assert_eq!(reply.headers["content-type"], "application/vnd.amazon.eventstream");
        let (frames, rest) = reply.frames();
        assert_eq!(rest, 0);
        for (kind, mut payload) in frames {
            let fields = payload.as_object_mut().unwrap();
            assert!(fields.remove("p").is_some(), "every event is padded");
            fields.remove("metrics");
            if let Some(id) = payload.pointer_mut("/start/toolUse/toolUseId") {
                *id = json!("ID");
            }
            told.push_str(&format!("{kind} {payload}\n"));
        }
    }
    expect![[r#"
        messageStart {"role":"assistant"}
        contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"1"}}
        contentBlockDelta {"contentBlockIndex":0,"delta":{"text":" 2"}}
        contentBlockStop {"contentBlockIndex":0}
        messageStop {"stopReason":"end_turn"}
        metadata {"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}
        messageStart {"role":"assistant"}
        contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"name":"get_weather","toolUseId":"ID"}}}
        contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"city\":"}}}
        contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"\"Paris\"}"}}}
        contentBlockStop {"contentBlockIndex":0}
        messageStop {"stopReason":"tool_use"}
        metadata {"usage":{"inputTokens":8,"outputTokens":2,"totalTokens":10}}
    "#]]
    .assert_eq(&told);
    cloud.stop().await;
}

fn tool_use(id: &str, input: &Value) -> Value {
    json!({ "role": "assistant", "content": [{ "toolUse": { "toolUseId": id, "name": "f", "input": input } }] })
}

fn tool_result(id: &str) -> Value {
    json!({ "role": "user", "content": [{ "toolResult": { "toolUseId": id, "content": [{ "text": "18" }] } }] })
}

#[tokio::test]
async fn malformed_requests_are_refused_in_the_vendors_words() {
    let cloud = start(Dialect::Bedrock).await;
    let user = says("user", "x");
    let assistant = says("assistant", "x");
    let none = json!({});
    let config = tool_config();
    let bad_name = json!({ "tools": [{ "toolSpec": { "name": "a b", "inputSchema": { "json": { "type": "object" } } } }] });
    let cases = [
        json!({ "messages": [] }),
        json!({ "messages": [assistant] }),
        json!({ "messages": [user, user] }),
        json!({ "messages": [user, assistant] }),
        json!({ "messages": [says("system", "x")] }),
        json!({ "messages": [says("user", " \n")] }),
        json!({ "messages": [{ "role": "user", "content": [] }] }),
        json!({ "messages": [{ "role": "user", "content": [{ "text": "x", "cachePoint": { "type": "default" } }] }] }),
        json!({ "messages": [user], "mesages": [] }),
        json!({ "messages": [user], "inferenceConfig": { "temperature": 1.5 } }),
        json!({ "messages": [user], "toolConfig": { "tools": [] } }),
        json!({ "messages": [user], "toolConfig": bad_name }),
        json!({ "messages": [user, tool_use("t1", &none), tool_result("t1")] }),
        json!({ "messages": [user, tool_use("t1", &none), user], "toolConfig": config }),
        json!({ "messages": [user, assistant, tool_result("t1")], "toolConfig": config }),
        json!({ "messages": [user, tool_use("t1", &json!("{}")), tool_result("t1")], "toolConfig": config }),
    ];
    let mut told = String::new();
    for case in cases {
        let reply = converse(&cloud, "converse", case).await;
        let kind = &reply.headers["x-amzn-errortype"];
        assert_eq!(reply.status, 400);
        assert_eq!(kind, "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/");
        told.push_str(reply.json()["message"].as_str().unwrap());
        told.push('\n');
    }
    expect![[r#"
        A conversation must start with a user message. Try again with a conversation that starts with a user message.
        A conversation must start with a user message. Try again with a conversation that starts with a user message.
        A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.
        The model returned the following errors: This model does not support assistant message prefill. The conversation must end with a user message.
        1 validation error detected: Value 'system' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]
        The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.
        The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field and try again.
        The ContentBlock object at messages.0.content.0 must set one of the following keys: text, image, document, video, audio, toolUse, toolResult, guardContent, cachePoint, reasoningContent.
        Malformed input request: #: extraneous key [mesages] is not permitted, please reformat your input and try again.
        1 validation error detected: Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1
        1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1
        1 validation error detected: Value 'a b' at 'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+
        The toolConfig field must be defined when using toolUse and toolResult content blocks.
        Expected toolResult blocks at messages.2.content for the following Ids: t1
        The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.
        The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object for the field and try again.
    "#]]
    .assert_eq(&told);
    cloud.stop().await;
}

#[tokio::test]
async fn an_api_key_is_an_alternative_to_a_signature_and_is_checked() {
    let cloud = start(Dialect::Bedrock).await;
    let body = json!({ "messages": [says("user", "x")] });
    assert_eq!(converse(&cloud, "converse", body.clone()).await.status, 200);
    let wrong = crate::client::post(&cloud, &converse_path("converse"), "wrong", &body).await;
    assert_eq!(wrong.status, 403);
    assert_eq!(wrong.json()["Message"], "Authentication failed: Please make sure your API Key is valid.");
    cloud.stop().await;
}

#[tokio::test]
async fn an_arn_is_a_model_only_when_it_is_encoded() {
    let cloud = start(Dialect::Bedrock).await;
    let body = json!({ "messages": [says("user", "x")] });
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x";
    let plain =
        crate::client::post(&cloud, &format!("/model/{arn}/converse"), abide_sim::BEDROCK_KEY, &body).await;
    assert_eq!(plain.status, 404);
    let path = format!("/model/{}/converse", arn.replace(':', "%3A").replace('/', "%2F"));
    let encoded = signed(&cloud, &AwsKey::default(), &path, &body, SystemTime::now()).await;
    assert_eq!(encoded.status, 200);
    assert_eq!(cloud.calls().last().unwrap().model, arn);
    cloud.stop().await;
}

//! Prompts as each vendor is sent them.

use abide_model::item::{
    ImageSource, Item, Json, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult,
};
use abide_model::prompt::{Number, Output, Params, Prompt, Sampling, Tool, ToolChoice};
use abide_model::target::Dialect;
use abide_wire::provider::{Outgoing, Unsupported, encode};
use expect_test::{Expect, ExpectFile, expect, expect_file};
use serde_json::Value;
use std::fmt::Write;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn model(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi | Dialect::Azure => "gpt-5",
        Dialect::Bedrock => CLAUDE,
    }
}

fn encoded(dialect: Dialect, params: &Params, items: &[Item], stream: bool) -> Result<Outgoing, Unsupported> {
    let items: Vec<&Item> = items.iter().collect();
    encode(dialect, &Prompt { params, items: &items }, model(dialect), stream)
}

/// The whole request: line and headers, what was dropped, and the body laid out for reading.
fn sent(dialect: Dialect, params: &Params, items: &[Item], stream: bool) -> String {
    let outgoing = encoded(dialect, params, items, stream).unwrap();
    let mut text = format!("POST {}\n", outgoing.path);
    for (name, value) in &outgoing.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !outgoing.dropped.is_empty() {
        writeln!(text, "(dropped: {})", outgoing.dropped.join(", ")).unwrap();
    }
    let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
    writeln!(text, "\n{body:#}").unwrap();
    text
}

fn check(params: &Params, items: &[Item], stream: bool, expected: [(Dialect, ExpectFile); 3]) {
    for (dialect, file) in expected {
        file.assert_eq(&sent(dialect, params, items, stream));
    }
}

macro_rules! files {
    ($case:literal) => {
        [
            (Dialect::OpenAi, expect_file![concat!("../../testdata/provider/", $case, "/openai.txt")]),
            (Dialect::Azure, expect_file![concat!("../../testdata/provider/", $case, "/azure.txt")]),
            (Dialect::Bedrock, expect_file![concat!("../../testdata/provider/", $case, "/bedrock.txt")]),
        ]
    };
}

fn user(text: &str) -> Item {
    Item::text(Role::User, text)
}

fn call(id: &str, name: &str, arguments: &str) -> Item {
    Item::ToolCall(ToolCall {
        call_id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    })
}

fn result(id: &str, text: &str) -> Item {
    Item::ToolResult(ToolResult { call_id: id.to_owned(), parts: vec![Part::Text(text.to_owned())] })
}

fn thought(text: &str, vendor: &str) -> Item {
    let signature = Signature { vendor: vendor.to_owned(), payload: format!("sealed by {vendor}") };
    Item::Reasoning(Reasoning { summary: Vec::new(), text: text.to_owned(), signature: Some(signature) })
}

fn picture(source: ImageSource) -> Item {
    let image = Part::Image { source, detail: Some("low".to_owned()) };
    Item::Message(Message { role: Role::User, parts: vec![Part::Text("What is this?".to_owned()), image] })
}

fn png() -> ImageSource {
    ImageSource::Inline { media_type: "image/png".to_owned(), base64: "iVBORw0KGgo=".to_owned() }
}

fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        description: Some(format!("Does {name}")),
        parameters: Some(Json::from_parsed(r#"{"type":"object","properties":{"x":{"type":"number"}}}"#)),
        strict: Some(true),
    }
}

fn rest(pairs: &[(&str, &str)]) -> Params {
    let rest = pairs.iter().map(|(name, json)| ((*name).to_owned(), Json::from_parsed(json))).collect();
    Params { rest, ..Params::default() }
}

#[test]
fn a_small_call_is_small() {
    let outgoing = encoded(Dialect::OpenAi, &Params::default(), &[user("hi")], false).unwrap();
    assert_eq!(outgoing.body, br#"{"model":"gpt-5","messages":[{"role":"user","content":"hi"}]}"#);
    let outgoing = encoded(Dialect::Bedrock, &Params::default(), &[user("hi")], false).unwrap();
    assert_eq!(outgoing.body, br#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#);
}

#[test]
fn a_conversation_with_tools_thinking_and_pictures_goes_to_every_vendor() {
    let params = Params { instructions: Some("Be brief.".to_owned()), ..Params::default() };
    let items = [
        Item::text(Role::Developer, "Speak Norwegian."),
        picture(png()),
        thought("A cat, I think.", "anthropic"),
        thought("", "anthropic/redacted"),
        thought("A cat.", "openai"),
        Item::text(Role::Assistant, "Let me look."),
        call("call_a", "look.up", r#"{"x":1.50}"#),
        call("call_b", "now", ""),
        result("call_a", "a cat"),
        result("call_b", "  "),
        user("And now?"),
        Item::text(Role::System, "Late news: it is Friday."),
        Item::text(Role::Assistant, "Now it sleeps."),
        thought("cut off here", "anthropic"),
        user("Thanks."),
    ];
    check(&params, &items, true, files!("request-conversation"));
}

#[test]
fn every_parameter_has_its_place() {
    let schema = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}"#;
    let params = Params {
        tools: vec![
            tool("orders.find"),
            Tool { description: None, parameters: None, strict: None, ..tool("now") },
        ],
        tool_choice: ToolChoice::Named("orders.find".to_owned()),
        parallel_tools: Some(true),
        output: Output::JsonSchema {
            name: "answer".to_owned(),
            description: Some("A number".to_owned()),
            schema: Json::from_parsed(schema),
            strict: Some(true),
        },
        sampling: Sampling {
            temperature: Some(Number("0.70".to_owned())),
            top_p: Some(Number("1e-1".to_owned())),
            output_tokens_max: Some(100),
            stop: vec!["END".to_owned(), "\n\n".to_owned()],
        },
        reasoning_effort: Some("low".to_owned()),
        reasoning_summary: Some("auto".to_owned()),
        ..rest(&[("seed", "7"), ("service_tier", r#""flex""#), ("user", r#""u1""#)])
    };
    check(&params, &[user("How many?")], false, files!("request-parameters"));
}

fn converse(params: &Params, items: &[Item], expected: Expect) {
    let outgoing = encoded(Dialect::Bedrock, params, items, false).unwrap();
    expected.assert_eq(&String::from_utf8(outgoing.body).unwrap());
}

#[test]
fn converse_sides_alternate_and_results_come_first() {
    let items = [
        user("one"),
        user(" "),
        user("two"),
        call("a", "f", "{}"),
        Item::text(Role::Assistant, "both"),
        call("b", "g", "{}"),
        user("hurry"),
        result("b", "2"),
        result("a", "1"),
    ];
    converse(
        &Params { tools: vec![tool("f")], ..Params::default() },
        &items,
        expect![[
            r#"{"messages":[{"role":"user","content":[{"text":"one"},{"text":"two"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{}}},{"text":"both"},{"toolUse":{"toolUseId":"b","name":"g","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"b","content":[{"text":"2"}]}},{"toolResult":{"toolUseId":"a","content":[{"text":"1"}]}},{"text":"hurry"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"Does f","inputSchema":{"json":{"type":"object","properties":{"x":{"type":"number"}}}},"strict":true}}]}}"#
        ]],
    );
}

#[test]
fn converse_input_is_an_object_whatever_a_model_elsewhere_wrote() {
    let items = [
        user("go"),
        call("a", "f", "[1]"),
        call("b", "f", r#"{"torn":"#),
        call("c", "f", " "),
        call("d", "f", r#" {"n":1.0} "#),
    ];
    converse(
        &Params { tools: vec![tool("f")], ..Params::default() },
        &items,
        expect![[
            r#"{"messages":[{"role":"user","content":[{"text":"go"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":{"arguments":"[1]"}}},{"toolUse":{"toolUseId":"b","name":"f","input":{"arguments":"{\"torn\":"}}},{"toolUse":{"toolUseId":"c","name":"f","input":{}}},{"toolUse":{"toolUseId":"d","name":"f","input":{"n":1.0}}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"Does f","inputSchema":{"json":{"type":"object","properties":{"x":{"type":"number"}}}},"strict":true}}]}}"#
        ]],
    );
}

#[test]
fn converse_is_told_of_former_tools_when_none_are_on_offer() {
    let items =
        [user("go"), call("a", "f.g", "{}"), result("a", "1"), call("b", "f.g", "{}"), result("b", "2")];
    converse(
        &Params::default(),
        &items,
        expect![[
            r#"{"messages":[{"role":"user","content":[{"text":"go"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f_g_6bca9357","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"1"}]}}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"b","name":"f_g_6bca9357","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"b","content":[{"text":"2"}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f_g_6bca9357","description":"Not available any more. Do not call it.","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}"#
        ]],
    );
}

#[test]
fn ids_of_calls_fit_and_still_pair() {
    let long = "id with spaces that is much longer than the sixty-four characters allowed";
    let items = [user("go"), call(long, "f", "{}"), result(long, "1")];
    let params = Params { tools: vec![tool("f")], ..Params::default() };
    for (dialect, asked, answered, bytes_max) in [
        (Dialect::OpenAi, "/messages/1/tool_calls/0/id", "/messages/2/tool_call_id", 40),
        (
            Dialect::Bedrock,
            "/messages/1/content/0/toolUse/toolUseId",
            "/messages/2/content/0/toolResult/toolUseId",
            64,
        ),
    ] {
        let outgoing = encoded(dialect, &params, &items, false).unwrap();
        let body: Value = serde_json::from_slice(&outgoing.body).unwrap();
        let sent = body.pointer(asked).unwrap().as_str().unwrap();
        assert_eq!(body.pointer(answered).unwrap(), sent);
        assert!(sent.len() <= bytes_max && !sent.contains(' '), "{sent}");
    }
}

#[test]
fn converse_paths_are_percent_encoded_once() {
    for (model, path) in [
        (CLAUDE, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-pro-v1%3A0/converse-stream",
        ),
    ] {
        let item = user("hi");
        let prompt = Prompt { params: &Params::default(), items: &[&item] };
        assert_eq!(encode(Dialect::Bedrock, &prompt, model, true).unwrap().path, path);
    }
}

#[test]
fn thinking_is_sent_only_to_models_of_the_vendor_that_signed_it() {
    let items = [user("go"), thought("hm", "anthropic"), Item::text(Role::Assistant, "ok"), user("more")];
    let refs: Vec<&Item> = items.iter().collect();
    for (model, sent) in
        [(CLAUDE, true), ("anthropic.claude-opus-4-v1:0", true), ("amazon.nova-pro-v1:0", false)]
    {
        let prompt = Prompt { params: &Params::default(), items: &refs };
        let outgoing = encode(Dialect::Bedrock, &prompt, model, false).unwrap();
        let body = String::from_utf8(outgoing.body).unwrap();
        assert_eq!(body.contains("reasoningContent"), sent, "{model}");
        assert_eq!(outgoing.dropped, Vec::<String>::new(), "{model}");
    }
}

#[test]
fn effort_goes_where_the_model_looks_for_it() {
    let item = user("hi");
    for (model, effort, expected) in [
        ("openai.gpt-oss-120b-1:0", "low", r#""additionalModelRequestFields":{"reasoning_effort":"low"}"#),
        (CLAUDE, "high", r#""outputConfig":{"effort":"high"}"#),
    ] {
        let params = Params { reasoning_effort: Some(effort.to_owned()), ..Params::default() };
        let prompt = Prompt { params: &params, items: &[&item] };
        let body = encode(Dialect::Bedrock, &prompt, model, false).unwrap().body;
        assert!(String::from_utf8(body).unwrap().contains(expected), "{model}");
    }
}

#[test]
fn a_conversation_that_grows_keeps_its_rendered_beginning() {
    let mut items = vec![user("go"), call("a", "f.g", "{}"), result("a", "1")];
    let params = Params { tools: vec![tool("f.g")], ..Params::default() };
    for dialect in [Dialect::OpenAi, Dialect::Bedrock] {
        let before = encoded(dialect, &params, &items, true).unwrap().body;
        items.push(Item::text(Role::Assistant, "done"));
        items.push(user("again"));
        let after = encoded(dialect, &params, &items, true).unwrap().body;
        let shared = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        let turns = String::from_utf8_lossy(&before[..shared]).into_owned();
        assert!(turns.contains("toolResult") || turns.contains("tool_call_id"), "{turns}");
        items.truncate(3);
    }
}

fn refusals(dialect: Dialect, asks: &[(Params, Vec<Item>)], expected: Expect) {
    let mut rows = String::new();
    for (params, items) in asks {
        match encoded(dialect, params, items, false) {
            Ok(outgoing) => writeln!(rows, "sent, dropped: {}", outgoing.dropped.join(", ")).unwrap(),
            Err(unsupported) => writeln!(rows, "{unsupported}").unwrap(),
        }
    }
    expected.assert_eq(&rows);
}

#[test]
fn what_converse_cannot_say_is_refused_by_name_or_reported() {
    let hi = || vec![user("hi")];
    let hot = Sampling { temperature: Some(Number("1.2".to_owned())), ..Sampling::default() };
    let by_url = picture(ImageSource::Url("https://example.com/cat.png".to_owned()));
    let tiff = ImageSource::Inline { media_type: "image/tiff".to_owned(), base64: "AA==".to_owned() };
    let no_tool = Params { tools: vec![tool("f")], tool_choice: ToolChoice::None, ..Params::default() };
    let one_tool = Params { tools: vec![tool("f")], parallel_tools: Some(false), ..Params::default() };
    let one_named = Params { tool_choice: ToolChoice::Required, ..one_tool.clone() };
    let asks = [
        (Params { output: Output::JsonObject, ..Params::default() }, hi()),
        (Params { sampling: hot, ..Params::default() }, hi()),
        (Params::default(), vec![by_url]),
        (Params::default(), vec![picture(tiff)]),
        (Params::default(), vec![picture(ImageSource::Url("data:image/webp;base64,AA==".to_owned()))]),
        (Params::default(), vec![Item::text(Role::Assistant, "I begin")]),
        (Params::default(), vec![user(" ")]),
        (no_tool.clone(), hi()),
        (no_tool, vec![user("hi"), call("a", "f", "{}"), result("a", "1")]),
        (one_tool, hi()),
        (one_named, hi()),
        (Params { reasoning_effort: Some("minimal".to_owned()), ..Params::default() }, hi()),
        (rest(&[("logit_bias", r#"{"50256":-100}"#)]), hi()),
        (rest(&[("logprobs", "true")]), hi()),
        (rest(&[("n", "2")]), hi()),
        (rest(&[("presence_penalty", "0.5")]), hi()),
        (rest(&[("n", "1"), ("logprobs", "false"), ("presence_penalty", "0.0"), ("logit_bias", "{}")]), hi()),
        (rest(&[("seed", "1"), ("store", "true"), ("user", r#""u""#), ("service_tier", r#""auto""#)]), hi()),
        (rest(&[("web_search_options", "{}")]), hi()),
    ];
    refusals(
        Dialect::Bedrock,
        &asks,
        expect![[r#"
        `response_format`: Converse gives JSON of a schema only; send `json_schema`
        `temperature`: Converse takes 0 to 1
        `image_url`: Converse fetches no pictures; send the bytes
        `image_url`: Converse takes PNG, JPEG, GIF and WebP, not `image/tiff`
        sent, dropped: image_url.detail
        `messages`: Converse wants the user to speak first
        `messages`: Converse wants at least one message that is not blank
        sent, dropped: 
        `tool_choice`: Converse cannot forbid tools in a conversation that has called some
        sent, dropped: 
        `parallel_tool_calls`: Converse cannot hold this model to one tool at a time
        sent, dropped: reasoning_effort
        `logit_bias`: Converse has no place for it
        `logprobs`: Converse has no place for it
        `n`: Converse has no place for it
        `presence_penalty`: Converse has no place for it
        sent, dropped: 
        sent, dropped: seed, service_tier, store, user
        `web_search_options`: Converse has no place for it
    "#]],
    );
}

#[test]
fn what_chat_cannot_say_is_refused_by_name_or_reported() {
    let hi = || vec![user("hi")];
    let shown =
        ToolResult { call_id: "a".to_owned(), parts: vec![Part::Image { source: png(), detail: None }] };
    let asks = [
        (Params::default(), vec![user("hi"), call("a", "f", "{}"), Item::ToolResult(shown)]),
        (rest(&[("n", "2")]), hi()),
        (rest(&[("n", "1")]), hi()),
        (rest(&[("logprobs", "true")]), hi()),
        (rest(&[("modalities", r#"["text","audio"]"#)]), hi()),
        (rest(&[("model", r#""another""#)]), hi()),
        (rest(&[("stream", "true")]), hi()),
        (Params { reasoning_summary: Some("auto".to_owned()), ..Params::default() }, hi()),
        (rest(&[("seed", "1"), ("logit_bias", r#"{"5":1}"#), ("top_k", "4")]), hi()),
    ];
    refusals(
        Dialect::OpenAi,
        &asks,
        expect![[r#"
        `messages.content`: Chat Completions takes pictures from the user only
        `n`: its part of the answer is not carried
        sent, dropped: 
        `logprobs`: its part of the answer is not carried
        `modalities`: its part of the answer is not carried
        `model`: it is said in another place of the request
        `stream`: it is said in another place of the request
        sent, dropped: reasoning.summary
        sent, dropped: 
    "#]],
    );
}

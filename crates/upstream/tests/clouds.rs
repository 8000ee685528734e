//! One call against each fake cloud, in every way it can go.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use abide_model::Time;
use abide_model::call::{Delta, ItemStart};
use abide_model::fault::Fault;
use abide_model::item::{Item, Json, Part, Reasoning, Role, Signature, ToolCall, ToolResult};
use abide_model::name::Cloud;
use abide_model::prompt::{Output, Params, Prompt, Tool};
use abide_model::secret::Secret;
use abide_model::target::Dialect;
use abide_sim::Kind;
use abide_upstream::{Auth, Base, Client, Endpoint, More, Waits};
use abide_wire::provider;
use expect_test::{Expect, expect};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Azure, Dialect::Bedrock];
const MODELS: [&str; 3] = ["gpt-5", "gpt-5-deployment", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"];

struct Rig {
    cloud: abide_sim::Cloud,
    endpoint: Endpoint,
    model: &'static str,
    client: Client,
    waits: Waits,
}

impl Rig {
    async fn new(dialect: Dialect) -> Self {
        let (sim, auth, model) = match dialect {
            Dialect::OpenAi => {
                (abide_sim::Dialect::OpenAi, Auth::Bearer(Secret::new(abide_sim::OPENAI_KEY)), MODELS[0])
            }
            Dialect::Azure => {
                (abide_sim::Dialect::Azure, Auth::ApiKey(Secret::new(abide_sim::AZURE_KEY)), MODELS[1])
            }
            Dialect::Bedrock => {
                (abide_sim::Dialect::Bedrock, aws(abide_sim::AWS_SECRET_ACCESS_KEY), MODELS[2])
            }
        };
        let cloud = abide_sim::start(abide_sim::Config::new(sim)).await.unwrap();
        let endpoint = endpoint(&cloud.base_url(), dialect, auth);
        Self { cloud, endpoint, model, client: Client::new().unwrap(), waits: Waits::default() }
    }

    fn fault(&self, kind: Kind) {
        self.cloud.push_fault(kind.into());
    }

    async fn say(&self, text: &str, stream: bool) -> String {
        self.send(&Params::default(), &[Item::text(Role::User, text)], stream).await
    }

    async fn send(&self, params: &Params, items: &[Item], stream: bool) -> String {
        send(&self.client, &self.endpoint, self.model, &self.waits, params, items, stream).await
    }
}

fn aws(secret: &str) -> Auth {
    Auth::SigV4 {
        access_key: abide_sim::AWS_ACCESS_KEY_ID.to_owned(),
        secret: Secret::new(secret),
        session_token: None,
        region: abide_sim::AWS_REGION.to_owned(),
    }
}

fn endpoint(base: &str, dialect: Dialect, auth: Auth) -> Endpoint {
    let base = Base::parse(base, dialect).unwrap();
    Endpoint { name: Cloud::parse("here").unwrap(), base, dialect, auth }
}

/// The whole answer on one line, text pieces joined; a fault behind `!`.
async fn send(
    client: &Client,
    endpoint: &Endpoint,
    model: &str,
    waits: &Waits,
    params: &Params,
    items: &[Item],
    stream: bool,
) -> String {
    let items: Vec<&Item> = items.iter().collect();
    let outgoing =
        provider::encode(endpoint.dialect, &Prompt { params, items: &items }, model, stream).unwrap();
    let mut deltas = Vec::new();
    let ended = async {
        let mut answer =
            client.call(&Arc::new(endpoint.clone()), outgoing, stream, waits, Time::now()).await?;
        while answer.next(&mut deltas).await? == More::Yes {}
        assert_eq!(answer.next(&mut deltas).await, Ok(More::End));
        Ok::<(), Fault>(())
    }
    .await;
    let mut row = row(&deltas);
    if let Err(fault) = ended {
        write!(row, "! {fault}").unwrap();
        if let Some(ms) = fault.retry_after_ms {
            write!(row, " (again in {ms} ms)").unwrap();
        }
    }
    row
}

fn row(deltas: &[Delta]) -> String {
    let mut row = String::new();
    for delta in deltas {
        match delta {
            Delta::ItemStarted { start: ItemStart::Message, .. } => row.push('"'),
            Delta::ItemStarted { start: ItemStart::ToolCall { name, .. }, .. } => {
                write!(row, "{name}(").unwrap();
            }
            Delta::ItemStarted { start: ItemStart::Reasoning, .. } => row.push('~'),
            Delta::Text { text, .. } | Delta::Refusal { text, .. } | Delta::Reasoning { text, .. } => {
                row.push_str(text);
            }
            Delta::Arguments { json, .. } => row.push_str(json),
            Delta::Signed { .. } => row.push('*'),
            Delta::ItemDone { .. } => row.push_str("; "),
            Delta::Finished(finish) => write!(row, "{} ", finish.as_str()).unwrap(),
            Delta::Usage(tokens) => write!(row, "{}+{} tokens ", tokens.input, tokens.output).unwrap(),
        }
    }
    row
}

/// The rows of all dialects; those that are equal once.
async fn check(kind: Option<Kind>, text: &str, stream: bool, expected: Expect) {
    check_within(Waits::default(), kind, text, stream, expected).await;
}

async fn check_within(waits: Waits, kind: Option<Kind>, text: &str, stream: bool, expected: Expect) {
    let mut rows = String::new();
    for dialect in DIALECTS {
        let mut rig = Rig::new(dialect).await;
        rig.waits = waits;
        if let Some(kind) = &kind {
            rig.fault(kind.clone());
        }
        writeln!(rows, "{}: {}", dialect.as_str(), rig.say(text, stream).await.trim_end()).unwrap();
    }
    expected.assert_eq(&rows);
}

#[tokio::test]
async fn every_cloud_answers_whole() {
    check(
        None,
        "count to 5",
        false,
        expect![[r#"
        openai: "1 2 3 4 5; stop 3+5 tokens
        azure: "1 2 3 4 5; stop 3+5 tokens
        bedrock: "1 2 3 4 5; stop 3+5 tokens
    "#]],
    )
    .await;
}

#[tokio::test]
async fn every_cloud_answers_in_a_stream() {
    check(
        None,
        "count to 5",
        true,
        expect![[r#"
        openai: "1 2 3 4 5; stop 3+5 tokens
        azure: "1 2 3 4 5; stop 3+5 tokens
        bedrock: "1 2 3 4 5; stop 3+5 tokens
    "#]],
    )
    .await;
}

#[tokio::test]
async fn tools_are_called_with_their_arguments_whole() {
    let parameters = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;
    let tool = |name: &str| Tool {
        name: name.to_owned(),
        description: None,
        parameters: Some(Json::from_parsed(parameters)),
        strict: None,
    };
    let params = Params { tools: vec![tool("weather.report"), tool("traffic")], ..Params::default() };
    let item = Item::text(Role::User, "weather and traffic in Oslo");
    let mut rows = String::new();
    for dialect in DIALECTS {
        for stream in [false, true] {
            let rig = Rig::new(dialect).await;
            writeln!(rows, "{}", rig.send(&params, std::slice::from_ref(&item), stream).await.trim_end())
                .unwrap();
        }
    }
    expect![[r#"
        weather.report({"city":"Oslo"}; traffic({"city":"Oslo"}; tool_calls 7+4 tokens
        weather.report({"city":"Oslo"}; traffic({"city":"Oslo"}; tool_calls 7+4 tokens
        weather.report({"city":"Oslo"}; traffic({"city":"Oslo"}; tool_calls 7+4 tokens
        weather.report({"city":"Oslo"}; traffic({"city":"Oslo"}; tool_calls 7+4 tokens
        weather.report({"city":"Oslo"}; traffic({"city":"Oslo"}; tool_calls 7+4 tokens
        weather.report({"city":"Oslo"}; traffic({"city":"Oslo"}; tool_calls 7+4 tokens
    "#]]
    .assert_eq(&rows);
}

#[tokio::test]
async fn results_of_calls_that_another_cloud_made_are_taken_by_every_cloud() {
    let call = |id: &str, name: &str, arguments: &str| {
        Item::ToolCall(ToolCall {
            call_id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        })
    };
    let result = |id: &str, text: &str| {
        Item::ToolResult(ToolResult { call_id: id.to_owned(), parts: vec![Part::Text(text.to_owned())] })
    };
    let signature = Signature { vendor: "anthropic".to_owned(), payload: "c2lnbmVk".to_owned() };
    let thought =
        Reasoning { summary: Vec::new(), text: "First the weather.".to_owned(), signature: Some(signature) };
    let items = [
        Item::text(Role::Developer, "Be brief."),
        Item::text(Role::User, "my city is Oslo"),
        Item::text(Role::Assistant, ""),
        Item::text(Role::User, "go on"),
        Item::Reasoning(thought),
        call(
            "an id that is far too long and not at all made of the letters allowed",
            "weather.now",
            "torn {",
        ),
        call("b", "time", ""),
        result("an id that is far too long and not at all made of the letters allowed", "rain"),
        result("b", " "),
    ];
    let params = Params { instructions: Some("Help.".to_owned()), ..Params::default() };
    let mut rows = String::new();
    for dialect in DIALECTS {
        for stream in [false, true] {
            let rig = Rig::new(dialect).await;
            writeln!(rows, "{}", rig.send(&params, &items, stream).await.trim_end()).unwrap();
        }
    }
    expect![[r#"
        "This is openai, turn 2. weather_now_a580b131 says: rain time says:  ; stop 12+12 tokens
        "This is openai, turn 2. weather_now_a580b131 says: rain time says:  ; stop 12+12 tokens
        "This is azure, turn 2. weather_now_a580b131 says: rain time says:  ; stop 12+12 tokens
        "This is azure, turn 2. weather_now_a580b131 says: rain time says:  ; stop 12+12 tokens
        "This is aws, turn 1. weather_now_a580b131 says: rain time says: (no output); stop 19+13 tokens
        "This is aws, turn 1. weather_now_a580b131 says: rain time says: (no output); stop 19+13 tokens
    "#]]
    .assert_eq(&rows);
}

#[tokio::test]
async fn an_answer_of_a_schema_is_given_by_every_cloud() {
    let schema = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}"#;
    let output = Output::JsonSchema {
        name: "answer".to_owned(),
        description: None,
        schema: Json::from_parsed(schema),
        strict: Some(true),
    };
    let params = Params { output, ..Params::default() };
    let mut rows = String::new();
    for dialect in DIALECTS {
        let rig = Rig::new(dialect).await;
        writeln!(rows, "{}", rig.send(&params, &[Item::text(Role::User, "a number")], true).await.trim_end())
            .unwrap();
    }
    expect![[r#"
        "{"n":1}; stop 2+1 tokens
        "{"n":1}; stop 2+1 tokens
        "{"n":1}; stop 2+1 tokens
    "#]]
    .assert_eq(&rows);
}

#[tokio::test]
async fn a_connection_that_the_cloud_closed_while_idle_does_no_harm() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (closed, mut was_closed) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let body = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(head.as_bytes()).await;
            drop(stream);
            let _ = closed.send(()).await;
        }
    });
    let client = Client::new().unwrap();
    let endpoint = endpoint(&base, Dialect::OpenAi, Auth::Nothing);
    for _ in 0..3 {
        let item = Item::text(Role::User, "hello");
        let row = send(&client, &endpoint, "m", &Waits::default(), &Params::default(), &[item], false).await;
        assert_eq!(row, "\"hi; stop ");
        was_closed.recv().await.unwrap();
        // The news has to cross the loopback and be read by the pool.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let kind = Kind::Status { code: 429, retry_after: Some(2) };
    check(Some(kind), "hello", true, expect![[r#"
        openai: ! rate_limited (HTTP 429): Rate limit reached for requests in organization org-sim on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 2s. Visit https://platform.openai.com/account/rate-limits to learn more. (again in 2000 ms)
        azure: ! rate_limited (HTTP 429): Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 2 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit. (again in 2000 ms)
        bedrock: ! rate_limited (HTTP 429): Too many requests, please wait before trying again. (again in 2000 ms)
    "#]]).await;
}

#[tokio::test]
async fn a_server_error_keeps_its_status() {
    check(Some(Kind::Status { code: 500, retry_after: None }), "hello", false, expect![[r#"
        openai: ! server (HTTP 500): The server had an error while processing your request. Sorry about that!
        azure: ! server (HTTP 500): The server had an error while processing your request. Sorry about that!
        bedrock: ! server (HTTP 500): The system encountered an unexpected error during processing. Try your request again.
    "#]]).await;
}

#[tokio::test]
async fn a_blocked_prompt_is_filtered() {
    check(Some(Kind::Filter { after: None }), "hello", true, expect![[r#"
        openai: ! filtered (HTTP 400): Your request was rejected as a result of our safety system.
        azure: ! filtered (HTTP 400): The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766
        bedrock: "The request was blocked.; content_filter 2+4 tokens
    "#]]).await;
}

#[tokio::test]
async fn blocked_output_ends_in_content_filter() {
    check(
        Some(Kind::Filter { after: Some(2) }),
        "count to 5",
        true,
        expect![[r#"
        openai: "1 2; content_filter 3+2 tokens
        azure: "1 2; content_filter 3+2 tokens
        bedrock: "1 2; content_filter 3+2 tokens
    "#]],
    )
    .await;
}

#[tokio::test]
async fn usage_that_is_left_out_is_unknown() {
    check(
        Some(Kind::NoUsage),
        "count to 3",
        true,
        expect![[r#"
        openai: "1 2 3; stop
        azure: "1 2 3; stop
        bedrock: "1 2 3; stop
    "#]],
    )
    .await;
    check(
        Some(Kind::NoUsage),
        "count to 3",
        false,
        expect![[r#"
        openai: "1 2 3; stop
        azure: "1 2 3; stop
        bedrock: "1 2 3; stop
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_a_connect_fault() {
    check(
        Some(Kind::Drop),
        "hello",
        true,
        expect![[r#"
        openai: ! connect: connection closed before message completed
        azure: ! connect: connection closed before message completed
        bedrock: ! connect: connection closed before message completed
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_stream_cut_in_the_middle_of_a_frame_keeps_what_came_before() {
    check(
        Some(Kind::Cut { after: 3 }),
        "count to 9",
        true,
        expect![[r#"
        openai: "1 2 3! cut: unexpected EOF during chunk size line
        azure: "1 2 3! cut: unexpected EOF during chunk size line
        bedrock: "1 2 3! cut: unexpected EOF during chunk size line
    "#]],
    )
    .await;
}

#[tokio::test]
async fn an_answer_that_is_cut_is_cut_also_without_a_stream() {
    check(
        Some(Kind::Cut { after: 3 }),
        "count to 9",
        false,
        expect![[r#"
        openai: ! cut: end of file before message length reached
        azure: ! cut: end of file before message length reached
        bedrock: ! cut: end of file before message length reached
    "#]],
    )
    .await;
}

#[tokio::test]
async fn an_error_after_status_200_is_a_fault() {
    let kind = Kind::Exception { name: "throttlingException".to_owned(), after: 2 };
    check(
        Some(kind),
        "count to 9",
        true,
        expect![[r#"
        openai: "1 2! rate_limited: The server had an error while processing your request. Sorry about that!
        azure: "1 2! rate_limited: The server had an error while processing your request. Sorry about that!
        bedrock: "1 2! rate_limited: Too many requests, please wait before trying again.
    "#]],
    )
    .await;
}

#[tokio::test]
async fn what_is_not_the_protocol_is_a_fault() {
    check(
        Some(Kind::Malformed { after: 2 }),
        "count to 9",
        true,
        expect![[r#"
        openai: "1 2! protocol: a chunk is not what the protocol says, at column 55
        azure: "1 2! protocol: a chunk is not what the protocol says, at column 55
        bedrock: "1 2! protocol: an event is not what the protocol says, at column 35
    "#]],
    )
    .await;
    check(
        Some(Kind::Corrupt { after: 2 }),
        "count to 9",
        true,
        expect![[r#"
        openai: "1 2! protocol: a chunk is not what the protocol says, at column 55
        azure: "1 2! protocol: a chunk is not what the protocol says, at column 55
        bedrock: "1 2! protocol: the checksum of an event-stream frame is wrong
    "#]],
    )
    .await;
}

fn short(first: u64, between: u64, total: u64) -> Waits {
    let ms = Duration::from_millis;
    Waits {
        connect: ms(5_000),
        first_token: ms(first),
        whole: ms(first),
        between: ms(between),
        total: ms(total),
    }
}

#[tokio::test]
async fn an_answer_that_does_not_stream_may_take_longer_than_a_first_token() {
    let waits = Waits { first_token: Duration::from_millis(50), ..Waits::default() };
    check_within(
        waits,
        Some(Kind::Wait { ms: 200 }),
        "count to 2",
        false,
        expect![[r#"
        openai: "1 2; stop 3+2 tokens
        azure: "1 2; stop 3+2 tokens
        bedrock: "1 2; stop 3+2 tokens
    "#]],
    )
    .await;
    check_within(
        waits,
        Some(Kind::Wait { ms: 200 }),
        "count to 2",
        true,
        expect![[r#"
        openai: ! timeout_first_token: no first token within 50 ms
        azure: ! timeout_first_token: no first token within 50 ms
        bedrock: ! timeout_first_token: no first token within 50 ms
    "#]],
    )
    .await;
}

#[tokio::test]
async fn silence_before_the_first_token_runs_out() {
    let waits = short(150, 20_000, 30_000);
    check_within(
        waits,
        Some(Kind::Hang { after: None }),
        "hello",
        true,
        expect![[r#"
        openai: ! timeout_first_token: no first token within 150 ms
        azure: ! timeout_first_token: no first token within 150 ms
        bedrock: ! timeout_first_token: no first token within 150 ms
    "#]],
    )
    .await;
    check_within(
        waits,
        Some(Kind::Hang { after: None }),
        "hello",
        false,
        expect![[r#"
        openai: ! timeout_first_token: no first token within 150 ms
        azure: ! timeout_first_token: no first token within 150 ms
        bedrock: ! timeout_first_token: no first token within 150 ms
    "#]],
    )
    .await;
}

#[tokio::test]
async fn silence_between_tokens_runs_out() {
    let waits = short(20_000, 150, 30_000);
    check_within(
        waits,
        Some(Kind::Hang { after: Some(3) }),
        "count to 9",
        true,
        expect![[r#"
        openai: "1 2 3! timeout_between_tokens: nothing more within 150 ms
        azure: "1 2 3! timeout_between_tokens: nothing more within 150 ms
        bedrock: "1 2 3! timeout_between_tokens: nothing more within 150 ms
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_stream_that_never_ends_runs_out() {
    let mut rig = Rig::new(Dialect::OpenAi).await;
    rig.waits = short(20_000, 20_000, 400);
    rig.fault(Kind::Slow { ms: 20 });
    let row = rig.say("count to 9999", true).await;
    let (text, fault) = row.split_once("! ").unwrap();
    assert!(text.starts_with("\"1 2 3"), "{row}");
    assert_eq!(fault, "timeout_total: no end within 400 ms");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_wait_for_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let endpoint = endpoint(&base, Dialect::OpenAi, Auth::Nothing);
    let waits = Waits { connect: Duration::from_millis(150), ..Waits::default() };
    let item = Item::text(Role::User, "hello");
    let row = send(&Client::new().unwrap(), &endpoint, "m", &waits, &Params::default(), &[item], true).await;
    assert_eq!(row, "! timeout_connect: no connection within 150 ms");
}

#[tokio::test]
async fn a_refused_connection_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let row = at(&base, Auth::Nothing).await;
    assert_eq!(row, "! connect: Connection refused (os error 111)");
}

#[tokio::test]
async fn wrong_credentials_are_told_apart() {
    for (dialect, auth) in [
        (Dialect::OpenAi, Auth::Bearer(Secret::new("sk-hunter2"))),
        (Dialect::OpenAi, Auth::Nothing),
        (Dialect::Azure, Auth::ApiKey(Secret::new("hunter2-key"))),
        (Dialect::Bedrock, aws("hunter2/secret")),
        (Dialect::Bedrock, Auth::Bearer(Secret::new("hunter2"))),
    ] {
        let mut rig = Rig::new(dialect).await;
        rig.endpoint.auth = auth;
        let row = rig.say("hello", true).await;
        assert!(row.starts_with("! auth (HTTP 40"), "{row}");
        assert!(!row.contains("hunter2"), "{row}");
    }
}

#[tokio::test]
async fn bedrock_takes_an_api_key_too() {
    let mut rig = Rig::new(Dialect::Bedrock).await;
    rig.endpoint.auth = Auth::Bearer(Secret::new(abide_sim::BEDROCK_KEY));
    assert!(rig.say("say: yes", true).await.starts_with("\"yes; stop"));
}

#[tokio::test]
async fn one_connection_serves_call_after_call() {
    for dialect in DIALECTS {
        let rig = Rig::new(dialect).await;
        for _ in 0..3 {
            for stream in [true, false] {
                assert!(rig.say("say: yes", stream).await.starts_with("\"yes; stop"));
            }
        }
        assert_eq!(rig.cloud.calls().len(), 6);
    }
}

#[tokio::test]
async fn dropping_an_answer_cancels_the_call() {
    let rig = Rig::new(Dialect::OpenAi).await;
    rig.fault(Kind::Slow { ms: 10 });
    let item = Item::text(Role::User, "count to 9999");
    let params = Params::default();
    let prompt = Prompt { params: &params, items: &[&item] };
    let outgoing = provider::encode(Dialect::OpenAi, &prompt, rig.model, true).unwrap();
    let mut answer = rig
        .client
        .call(&Arc::new(rig.endpoint.clone()), outgoing, true, &rig.waits, Time::now())
        .await
        .unwrap();
    assert!(answer.upstream_request_id().is_some());
    let mut deltas = Vec::new();
    assert_eq!(answer.next(&mut deltas).await, Ok(More::Yes));
    drop(answer);
    while rig.cloud.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A server that reads one request and answers each with the same bytes.
async fn raw(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
        }
    });
    base
}

async fn at(base: &str, auth: Auth) -> String {
    let endpoint = endpoint(base, Dialect::OpenAi, auth);
    let item = Item::text(Role::User, "hello");
    let client = Client::new().unwrap();
    send(&client, &endpoint, "m", &Waits::default(), &Params::default(), &[item], true).await
}

#[tokio::test]
async fn a_key_that_a_cloud_repeats_is_taken_out() {
    let base = raw(
        b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 52\r\n\r\n{\"error\":{\"message\":\"bad key sk-hush-hush given\"}}  ",
    )
    .await;
    let row = at(&base, Auth::Bearer(Secret::new("sk-hush-hush"))).await;
    assert_eq!(row, "! auth (HTTP 401): bad key … given");
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_an_auth_fault() {
    let row = at("http://127.0.0.1:9", Auth::Bearer(Secret::new("new\nline"))).await;
    assert_eq!(row, "! auth: the key holds a character that no header can carry");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let base =
        raw(b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n")
            .await;
    assert_eq!(at(&base, Auth::Nothing).await, "! protocol (HTTP 307): the cloud answered with status 307");
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_fault() {
    let base = raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
    assert_eq!(at(&base, Auth::Nothing).await, "! protocol: invalid HTTP version parsed");
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_whole() {
    let base = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 74\r\n\r\n{\"choices\":[{\"message\":{\"content\":\"whole\"},\"finish_reason\":\"stop\"}],\"x\":1}",
    )
    .await;
    assert_eq!(at(&base, Auth::Nothing).await, "\"whole; stop ");
}

#[tokio::test]
async fn a_stream_that_ends_after_the_finish_without_done_is_whole() {
    let base = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
    )
    .await;
    assert_eq!(at(&base, Auth::Nothing).await, "\"hi; stop ");
}

#[tokio::test]
async fn a_stream_that_is_cut_after_the_finish_is_whole_and_one_cut_before_is_not() {
    let finished = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n",
    )
    .await;
    assert_eq!(at(&finished, Auth::Nothing).await, "\"hi; stop ");
    let unfinished = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n",
    )
    .await;
    let row = at(&unfinished, Auth::Nothing).await;
    assert!(row.starts_with("\"hi! cut: "), "{row}");
}

#[tokio::test]
async fn a_stream_that_stays_open_after_its_end_is_let_go() {
    let base = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    )
    .await;
    assert_eq!(at(&base, Auth::Nothing).await, "\"hi; stop ");
}

#[tokio::test]
async fn an_error_page_without_end_is_read_up_to_its_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\nconnection: close\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let row = at(&base, Auth::Nothing).await;
    assert!(row.starts_with("! server (HTTP 503): xxx"), "{row}");
    assert!(row.ends_with("x… (again in 7000 ms)"), "{row}");
}

//! Stored bytes of every kind of record, written once and read for ever.
//!
//! For a new kind, make an empty file for it, name it in [`STORED`] and [`samples`], and run the ignored test.
//! Bytes that are there are never written again.

use crate::record::{self, Blobs, CallEnd, CallStarted, Opened, Record, RunStarted, Stamped};
use abide_model::call::{Delta, Finish, ItemStart};
use abide_model::decision::{Citation, Decision, Effect, Reason, SourceClass, Verdict};
use abide_model::event::{RunError, RunStatus, Shortfall};
use abide_model::fault::{Fault, FaultKind};
use abide_model::id::{CallNo, ItemId, RunId, SessionId};
use abide_model::item::{
    ImageSource, Item, Json, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult,
};
use abide_model::plan::{Considered, Plan, Refusal, Standing};
use abide_model::prompt::{Number, Output, Params, Sampling, Tool, ToolChoice};
use abide_model::usage::{Measure, Tokens, Usage};
use abide_model::{Hash, Time};
use expect_test::{expect, expect_file};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

macro_rules! stored {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../testdata/records/v1/", $name, ".cbor")).as_slice())),*]
    };
}

const STORED: [(&str, &[u8]); 19] = stored![
    "opened",
    "run_started",
    "call_started",
    "heard",
    "call_ended_whole",
    "call_ended_fault",
    "call_ended_lost",
    "call_ended_cancelled",
    "run_ended_completed",
    "run_ended_incomplete",
    "run_ended_failed",
    "items_added",
    "item_removed",
    "metadata_set",
    "run_erased",
    "recovered",
    "forked",
    "deleted",
    "nowhere_to_go",
];

/// Bodies that the records point at; their names say nothing, their hashes do.
const BODIES: [(&str, &[u8]); 4] = stored!["body_params", "body_preface", "body_plan", "body_decision"];

#[test]
fn records_stored_by_the_first_format_are_read_for_ever() {
    let blobs: Blobs = BODIES.iter().map(|(_, bytes)| (Hash::of(bytes), bytes.to_vec())).collect();
    let mut pointed_at = Vec::new();
    for (name, bytes) in STORED {
        let stamped = record::decode(bytes, &blobs).unwrap_or_else(|error| panic!("{name}: {error}"));
        expect_file![format!("../../testdata/records/v1/{name}.txt")].assert_eq(&format!("{stamped:#?}\n"));
        pointed_at.extend(record::references(bytes).unwrap());
    }
    pointed_at.sort();
    assert!(pointed_at.iter().eq(blobs.keys()), "every body is pointed at");
}

#[test]
fn the_words_that_records_hold_never_change() {
    let finishes = [Finish::Stop, Finish::ToolCalls, Finish::Length, Finish::ContentFilter];
    let shortfalls = [Shortfall::OutputTokens, Shortfall::ContentFilter, Shortfall::Interrupted];
    let effects = [Effect::Grants, Effect::Forbids, Effect::Excepts, Effect::Waives];
    let sources = [SourceClass::Official, SourceClass::Filing, SourceClass::Reported, SourceClass::Inferred];
    let verdicts = [
        Verdict::NoRight,
        Verdict::Breach { toward: Vec::new() },
        Verdict::Contested { toward: Vec::new(), questions: Vec::new() },
        Verdict::Permit,
    ];
    let rows = [
        FaultKind::ALL.map(FaultKind::as_str).join(" "),
        finishes.map(Finish::as_str).join(" "),
        shortfalls.map(Shortfall::as_str).join(" "),
        effects.map(Effect::as_str).join(" "),
        sources.map(SourceClass::as_str).join(" "),
        verdicts.each_ref().map(Verdict::as_str).join(" "),
        [Role::System, Role::Developer, Role::User, Role::Assistant].map(Role::as_str).join(" "),
    ];
    expect![[r#"
        connect rate_limited server timeout_connect timeout_first_token timeout_between_tokens timeout_total cut protocol auth no_model bad_request filtered unsupported
        stop tool_calls length content_filter
        max_output_tokens content_filter interrupted
        grants forbids excepts waives
        official filing reported inferred
        no_right breach contested permit
        system developer user assistant"#]].assert_eq(&rows.join("\n"));
}

#[test]
#[ignore = "writes the stored bytes of kinds that have none yet"]
#[expect(clippy::disallowed_methods, reason = "the one place that writes fixtures")]
fn write_the_bytes_of_new_kinds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/records/v1");
    let mut blobs = Blobs::new();
    let mut files: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (name, stamped) in samples() {
        let known: Vec<Hash> = blobs.keys().copied().collect();
        files.insert(name, record::encode(&stamped, true, &mut blobs));
        let bodies: &[&str] = match name {
            "run_started" => &["body_params", "body_preface"],
            "call_started" => &["body_plan", "body_decision"],
            _ => &[],
        };
        let new = record::references(files.get(name).unwrap()).unwrap();
        let new = new.into_iter().filter(|hash| !known.contains(hash));
        for (body, hash) in bodies.iter().zip(new) {
            files.insert(body, blobs[&hash].clone());
        }
    }
    for (name, _) in STORED.iter().chain(&BODIES).filter(|(_, bytes)| bytes.is_empty()) {
        std::fs::write(folder.join(format!("{name}.cbor")), &files[name]).unwrap();
    }
}

fn samples() -> Vec<(&'static str, Stamped)> {
    let usage = |measure| {
        let tokens = Tokens { input: 1_000, cache_read: 400, cache_write: 100, output: 70_000, reasoning: 5 };
        Some(Usage { tokens, measure })
    };
    let ended = |end, usage| Record::CallEnded { call: CallNo(3), end, usage };
    let status = |status| Record::RunEnded { status };
    let records = vec![
        ("opened", Record::Opened(opened())),
        ("run_started", Record::RunStarted(Arc::new(run_started()))),
        ("call_started", Record::CallStarted(Arc::new(call_started()))),
        ("heard", Record::Heard { deltas: deltas() }),
        ("call_ended_whole", ended(CallEnd::Whole, usage(Measure::Reported))),
        ("call_ended_fault", ended(CallEnd::Fault(fault()), None)),
        ("call_ended_lost", ended(CallEnd::Lost, usage(Measure::Estimated))),
        ("call_ended_cancelled", ended(CallEnd::Cancelled, usage(Measure::Estimated))),
        ("run_ended_completed", status(RunStatus::Completed(Finish::ToolCalls))),
        ("run_ended_incomplete", status(RunStatus::Incomplete(Shortfall::Interrupted))),
        ("run_ended_failed", status(RunStatus::Failed(error()))),
        ("items_added", Record::ItemsAdded { first_item: 300, items: items() }),
        ("item_removed", Record::ItemRemoved { id: ItemId { session: SessionId(7), n: 300 } }),
        ("metadata_set", Record::MetadataSet { metadata: Some(Json::from_parsed(r#"{"topic":"é"}"#)) }),
        ("run_erased", Record::RunErased { run: 2 }),
        ("recovered", Record::Recovered),
        ("forked", Record::Forked { child: SessionId(0x0190_f3a1) }),
        ("deleted", Record::Deleted),
        ("nowhere_to_go", Record::NowhereToGo { plan: Plan { considered: Vec::new() } }),
    ];
    let at = Time::from_microsecond(1_777_777_777_123_456).unwrap();
    records.into_iter().map(|(name, record)| (name, Stamped { at, record })).collect()
}

fn opened() -> Opened {
    Opened {
        owner: "acme".to_owned(),
        kept: true,
        named: true,
        parent: Some(RunId { session: SessionId(0x0190_f3a1), n: 7 }),
        metadata: Some(Json::from_parsed(r#"{"topic":"refunds"}"#)),
    }
}

fn run_started() -> RunStarted {
    let json = |text: &str| Json::from_parsed(text);
    let tool = Tool {
        name: "refund".to_owned(),
        description: Some("Issues a refund.".to_owned()),
        parameters: Some(json(r#"{"type":"object","properties":{"amount":{"type":"number"}}}"#)),
        strict: Some(true),
    };
    let output = Output::JsonSchema {
        name: "answer".to_owned(),
        description: Some("What was done.".to_owned()),
        schema: json(r#"{"type":"object"}"#),
        strict: Some(false),
    };
    let sampling = Sampling {
        temperature: Some(Number("0.7".to_owned())),
        top_p: Some(Number("1".to_owned())),
        output_tokens_max: Some(4_096),
        stop: vec!["END".to_owned()],
    };
    let params = Params {
        instructions: Some("Be brief. ".repeat(20)),
        tools: vec![tool],
        tool_choice: ToolChoice::Named("refund".to_owned()),
        parallel_tools: Some(false),
        output,
        sampling,
        reasoning_effort: Some("low".to_owned()),
        reasoning_summary: Some("auto".to_owned()),
        rest: BTreeMap::from([("seed".to_owned(), json("7"))]),
        echo: BTreeMap::from([("background".to_owned(), json("false"))]),
    };
    RunStarted {
        run: 2,
        first_item: 5,
        model: "agent/refunds".parse().unwrap(),
        params: Arc::new(params),
        preface: Some(Arc::from("You help customers. ".repeat(20))),
        agent: Some(Hash([0x11; 32])),
        input: vec![Arc::new(Item::text(Role::User, "I want my money back."))],
        previous: Some(RunId { session: SessionId(0x0190_f3a1), n: 1 }),
        in_conversation: false,
        splices: true,
        metadata: Some(json(r#"{"ticket":"7"}"#)),
        key: "k1".to_owned(),
        customer: "acme/eu".parse().unwrap(),
        segment: Some("government/national-security".parse().unwrap()),
        territory: Some("US".parse().unwrap()),
    }
}

fn call_started() -> CallStarted {
    let time = |second| Time::from_second(second).unwrap();
    let considered = |cloud: &str, standing| Considered {
        cloud: cloud.parse().unwrap(),
        model: "gpt-5".to_owned(),
        standing,
    };
    let agreement = Refusal::Agreement {
        verdict: "contested",
        clauses: vec!["oct25.api-exclusivity".parse().unwrap()],
        toward: vec!["microsoft".parse().unwrap()],
        questions: vec!["frontier-is-api".parse().unwrap()],
    };
    let plan = Plan {
        considered: vec![
            considered("azure", Standing::Ranked { place: 0, why: "listed first".to_owned() }),
            considered("aws", Standing::Refused(agreement)),
            considered("local", Standing::Refused(Refusal::Capability { missing: "images" })),
            considered("other", Standing::Refused(Refusal::Resting { until_ms: 1_777_777_777_000 })),
            considered("azure", Standing::Refused(Refusal::Tried)),
        ],
    };
    let cited = Citation {
        clause: "oct25.license".parse().unwrap(),
        file: "2025-10-28-microsoft.toml".into(),
        line: 12,
        quote: Some("may offer".into()),
        source: Some(SourceClass::Official),
    };
    let decision = Decision {
        verdict: Verdict::Permit,
        reasons: vec![Reason { cited: Arc::new(cited), effect: Effect::Grants }],
        duties: vec!["oct25.share".parse().unwrap()],
        until: Some(time(1_800_000_000)),
        at: time(1_777_777_777),
        known: time(1_777_777_776),
        book: Hash([0x22; 32]),
    };
    CallStarted {
        call: CallNo(3),
        plan,
        cloud: "azure".parse().unwrap(),
        model: "gpt-5".to_owned(),
        product: "openai/api/responses".parse().unwrap(),
        channel: "azure".parse().unwrap(),
        decision,
        prefix: Hash([0x33; 32]),
        prompt_bytes: 123_456,
    }
}

fn deltas() -> Vec<Delta> {
    let signature = Signature { vendor: "anthropic".to_owned(), payload: "c2ln".to_owned() };
    let start = ItemStart::ToolCall { call_id: "call_1".to_owned(), name: "refund".to_owned() };
    vec![
        Delta::ItemStarted { index: 0, start: ItemStart::Reasoning },
        Delta::Reasoning { index: 0, text: "hm".to_owned() },
        Delta::Signed { index: 0, signature },
        Delta::ItemDone { index: 0 },
        Delta::ItemStarted { index: 1, start: ItemStart::Message },
        Delta::Text { index: 1, text: "Natürlich 🙂".to_owned() },
        Delta::Refusal { index: 1, text: "no".to_owned() },
        Delta::ItemStarted { index: 2, start },
        Delta::Arguments { index: 2, json: r#"{"amount":50}"#.to_owned() },
        Delta::Finished(Finish::Length),
        Delta::Usage(Tokens { input: 9, cache_read: 8, cache_write: 7, output: 6, reasoning: 5 }),
    ]
}

fn fault() -> Fault {
    Fault {
        kind: FaultKind::RateLimited,
        status: Some(429),
        message: "slow down".to_owned(),
        retry_after_ms: Some(1_500),
    }
}

fn error() -> RunError {
    RunError {
        code: "upstream_rate_limited".to_owned(),
        message: "rate_limited (HTTP 429): slow down".to_owned(),
        fault: Some(FaultKind::RateLimited),
        retry_after_ms: Some(1_500),
    }
}

fn items() -> Vec<Arc<Item>> {
    let inline = ImageSource::Inline { media_type: "image/png".to_owned(), base64: "iVBORw==".to_owned() };
    let parts = vec![
        Part::Text("look".to_owned()),
        Part::Image {
            source: ImageSource::Url("https://example.com/a.png".to_owned()),
            detail: Some("low".to_owned()),
        },
        Part::Image { source: inline, detail: None },
    ];
    let refusal = vec![Part::Refusal("I will not.".to_owned())];
    let signature = Some(Signature { vendor: "openai".to_owned(), payload: "c2ln".to_owned() });
    let items = [
        Item::Message(Message { role: Role::User, parts }),
        Item::Message(Message { role: Role::Assistant, parts: refusal }),
        Item::text(Role::System, "Be kind."),
        Item::text(Role::Developer, "Be brief."),
        Item::ToolCall(ToolCall {
            call_id: "call_1".to_owned(),
            name: "refund".to_owned(),
            arguments: "{}".to_owned(),
        }),
        Item::ToolResult(ToolResult {
            call_id: "call_1".to_owned(),
            parts: vec![Part::Text("done".to_owned())],
        }),
        Item::Reasoning(Reasoning { summary: vec!["s".to_owned()], text: "t".to_owned(), signature }),
    ];
    items.into_iter().map(Arc::new).collect()
}

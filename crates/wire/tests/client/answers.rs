//! Runs as clients read them, whole and streamed: `testdata/client/CASE/` holds `response.json`, `response.sse`,
//! `chat.json` and `chat.sse` of one run.

use crate::made::{Produced, asked, began, completed, events, said, session, thought, view};
use abide_model::call::Finish;
use abide_model::event::{Event, RunError, RunStatus, Shortfall};
use abide_model::fault::FaultKind;
use abide_model::id::{ItemId, RunId};
use abide_model::item::{
    ImageSource, Item, ItemStatus, Json, Message, Part, Reasoning, Role, Signature, ToolResult,
};
use abide_model::name::ModelName;
use abide_model::run::{Placed, RunView};
use abide_model::usage::Measure;
use abide_wire::client::page::{Query, decode_query};
use abide_wire::client::responses::{Retrieve, decode_retrieve};
use abide_wire::client::{Problem, chat, conversations, models, responses};
use expect_test::{expect, expect_file};
use std::sync::Arc;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn response_stream(view: &RunView, events: &[Event]) -> String {
    let mut stream = responses::Stream::new(view);
    let mut out = Vec::new();
    events.iter().for_each(|event| stream.push(event, &mut out));
    text(out)
}

fn chat_stream(view: &RunView, events: &[Event]) -> String {
    let mut stream = chat::Stream::new(view, true);
    let mut out = Vec::new();
    events.iter().for_each(|event| stream.push(event, &mut out));
    text(out)
}

fn check(case: &str, view: &RunView, events: &[Event]) {
    let folder = format!("{}/testdata/client/{case}", env!("CARGO_MANIFEST_DIR"));
    expect_file![format!("{folder}/response.json")].assert_eq(&text(responses::encode(view)));
    expect_file![format!("{folder}/response.sse")].assert_eq(&response_stream(view, events));
    expect_file![format!("{folder}/chat.json")].assert_eq(&text(chat::encode(view)));
    expect_file![format!("{folder}/chat.sse")].assert_eq(&chat_stream(view, events));
}

fn check_run(case: &str, items: &[Produced], status: RunStatus) {
    check(case, &view(items, status.clone()), &events(items, status));
}

#[test]
fn a_text_is_one_message_of_one_piece() {
    check_run(
        "run-text",
        &[Produced::whole(said(&[Part::Text("Hello, \"you\"\n".to_owned())]))],
        completed(),
    );
}

#[test]
fn parallel_calls_keep_their_order_and_their_arguments() {
    let items = [
        Produced::whole(said(&[Part::Text("Let me see.".to_owned())])),
        Produced::whole(asked("call_1", "weather", "{\"city\":\"Rome\"}")),
        Produced::whole(asked("call_2", "time", "")),
    ];
    check_run("run-tools", &items, RunStatus::Completed(Finish::ToolCalls));
}

#[test]
fn thinking_and_refusing_have_events_of_their_own() {
    let items = [
        Produced::whole(thought("They want a secret.", &["Considered the request"])),
        Produced::whole(said(&[Part::Text("Hm. ".to_owned()), Part::Refusal("I cannot say.".to_owned())])),
    ];
    check_run("run-thought", &items, completed());
}

#[test]
fn a_run_that_moved_to_another_cloud_shows_the_item_that_was_cut_and_the_one_after_it() {
    let cut = Produced {
        item: said(&[Part::Text("The answ".to_owned())]),
        status: ItemStatus::Incomplete,
        cuts: Vec::new(),
    };
    let items = [cut, Produced::whole(said(&[Part::Text("The answer is 4.".to_owned())]))];
    check_run("run-moved", &items, completed());
}

#[test]
fn an_answer_that_hit_its_limit_is_incomplete_and_says_why() {
    let cut = Produced {
        item: said(&[Part::Text("Once upon".to_owned())]),
        status: ItemStatus::Incomplete,
        cuts: vec![4],
    };
    check_run("run-limit", &[cut], RunStatus::Incomplete(Shortfall::OutputTokens));
}

#[test]
fn a_run_that_failed_says_why_in_the_formats_words_and_in_abides() {
    let error = RunError {
        code: "upstream_failed".to_owned(),
        message: "every target of `balanced` failed; the last said: slow down".to_owned(),
        fault: Some(FaultKind::RateLimited),
        retry_after_ms: Some(2_000),
    };
    check_run("run-failed", &[], RunStatus::Failed(error));
}

#[test]
fn a_run_that_was_interrupted_or_cancelled_ends_its_stream_and_its_open_item() {
    let item = Produced::whole(said(&[Part::Text("Half a".to_owned())]));
    for (case, status) in [
        ("run-interrupted", RunStatus::Incomplete(Shortfall::Interrupted)),
        ("run-cancelled", RunStatus::Cancelled),
    ] {
        let mut changes = events(std::slice::from_ref(&item), status.clone());
        // The item was never closed: the run ends on its text.
        changes.remove(changes.len() - 2);
        let item = Produced { status: ItemStatus::Incomplete, ..item.clone() };
        check(case, &view(&[item], status), &changes);
    }
}

#[test]
fn what_was_asked_is_shown_back() {
    let request = std::fs::read(format!(
        "{}/testdata/client/responses-everything/request.json",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap();
    let wanted = responses::decode(&request).unwrap();
    let mut sealed = Reasoning { summary: vec!["Thought".to_owned()], ..Reasoning::default() };
    sealed.signature = Some(Signature { vendor: "openai".to_owned(), payload: "gAAA".to_owned() });
    let items = [Produced::whole(Item::Reasoning(sealed))];
    let mut view = view(&items, completed());
    view.params = Arc::new(wanted.params);
    view.model = wanted.model;
    view.conversation = wanted.conversation;
    view.metadata = wanted.metadata;
    view.usage = view.usage.map(|usage| abide_model::usage::Usage { measure: Measure::Estimated, ..usage });
    expect_file![format!(
        "{}/testdata/client/responses-everything/response.json",
        env!("CARGO_MANIFEST_DIR")
    )]
    .assert_eq(&text(responses::encode(&view)));
}

#[test]
fn a_seal_of_another_vendor_is_never_shown_and_one_nobody_asked_for_is_hidden() {
    let sealed = |vendor: &str| {
        let signature = Some(Signature { vendor: vendor.to_owned(), payload: "secret".to_owned() });
        Produced::whole(Item::Reasoning(Reasoning { signature, ..Reasoning::default() }))
    };
    let mut view = view(&[sealed("anthropic")], completed());
    let wanted =
        responses::decode(br#"{"model":"m","input":"x","include":["reasoning.encrypted_content"]}"#).unwrap();
    view.params = Arc::new(wanted.params);
    assert!(!text(responses::encode(&view)).contains("secret"));
    let view = crate::made::view(&[sealed("openai")], completed());
    assert!(!text(responses::encode(&view)).contains("secret"));
}

#[test]
fn arguments_that_arrive_only_with_the_whole_item_are_streamed_before_it_closes() {
    let items = [
        Produced { item: asked("call_1", "f", "{\"a\":1}"), status: ItemStatus::Completed, cuts: Vec::new() },
        Produced::whole(said(&[Part::Text("ok".to_owned())])),
    ];
    let mut changes = events(&items, completed());
    changes.retain(|event| {
        !matches!(
            event.change,
            abide_model::event::Change::Arguments { .. } | abide_model::event::Change::Text { .. }
        )
    });
    let view = view(&items, completed());
    let stream = response_stream(&view, &changes);
    assert!(stream.contains(r#""output_index":0,"delta":"{\"a\":1}""#), "{stream}");
    assert!(stream.contains(r#""content_index":0,"delta":"ok""#), "{stream}");
    let stream = chat_stream(&view, &changes);
    assert!(stream.contains(r#""function":{"arguments":"{\"a\":1}"}"#), "{stream}");
    assert!(stream.contains(r#""delta":{"content":"ok"}"#), "{stream}");
}

#[test]
fn a_chat_sends_nothing_before_the_model_speaks() {
    let items = [Produced::whole(thought("hm", &[])), Produced::whole(said(&[Part::Text("hi".to_owned())]))];
    let view = view(&items, completed());
    let mut stream = chat::Stream::new(&view, false);
    let mut out = Vec::new();
    for event in events(&items, completed()).iter().take(4) {
        stream.push(event, &mut out);
    }
    assert_eq!(text(out), "");
}

#[test]
fn a_stream_that_cannot_go_on_says_so_in_its_formats_own_way() {
    let problem = Problem { message: "the store is gone".to_owned(), param: None, code: "store_failed" };
    let run = view(&[], RunStatus::InProgress);
    let mut out = Vec::new();
    responses::Stream::new(&run).fail(&problem, &mut out);
    chat::Stream::new(&run, true).fail(&problem, &mut out);
    expect![[r#"
        event: error
        data: {"type":"error","sequence_number":0,"code":"store_failed","message":"the store is gone","param":null}

        data: {"error":{"message":"the store is gone","type":"server_error","param":null,"code":"store_failed"}}

    "#]].assert_eq(&text(out));
}

#[test]
fn a_client_that_comes_back_after_an_error_misses_no_event() {
    let items = [Produced::whole(said(&[Part::Text("hi".to_owned())]))];
    let (view, events) = (view(&items, completed()), events(&items, completed()));
    let (mut stream, mut cut) = (responses::Stream::new(&view), Vec::new());
    events.iter().take(3).for_each(|event| stream.push(event, &mut cut));
    let shown = text(cut.clone());
    let problem = Problem { message: "Abide stops".to_owned(), param: None, code: "interrupted" };
    stream.fail(&problem, &mut cut);
    let last = numbers(&text(cut)).last().copied();
    let (mut rest, mut out) = (responses::Stream::resume(&view, last), Vec::new());
    events.iter().for_each(|event| rest.push(event, &mut out));
    assert_eq!(shown + &text(out), response_stream(&view, &events));
}

fn numbers(stream: &str) -> Vec<u64> {
    let parts = stream.split("\"sequence_number\":").skip(1);
    parts.filter_map(|part| part.split(',').next()?.parse().ok()).collect()
}

fn conversation_items() -> Vec<Placed> {
    let user = Message {
        role: Role::User,
        parts: vec![
            Part::Text("Look".to_owned()),
            Part::Image { source: ImageSource::Url("https://example.com/a.png".to_owned()), detail: None },
            Part::Image {
                source: ImageSource::Inline { media_type: "image/png".to_owned(), base64: "aGk=".to_owned() },
                detail: Some("low".to_owned()),
            },
        ],
    };
    let result = |parts: Vec<Part>| Item::ToolResult(ToolResult { call_id: "call_1".to_owned(), parts });
    let items = [
        Item::Message(user),
        thought("Hm.", &["Looked"]),
        asked("call_1", "f", "{}"),
        result(vec![Part::Text("one".to_owned())]),
        result(vec![Part::Text("one".to_owned()), Part::Text("two".to_owned())]),
        said(&[Part::Text("Done.".to_owned())]),
    ];
    (1..)
        .zip(items)
        .map(|(n, item)| Placed {
            id: ItemId { session: session(), n },
            item: Arc::new(item),
            status: ItemStatus::Completed,
        })
        .collect()
}

#[test]
fn a_list_of_items_says_where_it_begins_and_ends() {
    let folder = format!("{}/testdata/client/items", env!("CARGO_MANIFEST_DIR"));
    let items = conversation_items();
    let query = decode_query([("order", "asc"), ("limit", "100")]).unwrap();
    let page = query.cut(&items).unwrap();
    expect_file![format!("{folder}/list.json")].assert_eq(&text(conversations::encode_items(&page)));
    let mut run = view(&[], completed());
    run.input.clone_from(&items);
    assert_eq!(text(responses::encode_input_items(&run, &page)), text(conversations::encode_items(&page)));
    let one = items.first().unwrap();
    assert!(text(conversations::encode_items(&page)).contains(&text(conversations::encode_item(one))));
}

#[test]
fn pages_follow_each_other_newest_first_until_nothing_is_left() {
    let items = conversation_items();
    let mut query = decode_query([("limit", "4"), ("include[]", "x")]).unwrap();
    let page = query.cut(&items).unwrap();
    let ns =
        |page: &abide_wire::client::page::Page<'_>| page.items.iter().map(|i| i.id.n).collect::<Vec<_>>();
    assert_eq!((ns(&page), page.has_more), (vec![6, 5, 4, 3], true));
    query.after = page.items.last().map(|placed| placed.id);
    let page = query.cut(&items).unwrap();
    assert_eq!((ns(&page), page.has_more), (vec![2, 1], false));
    query.after = Some(ItemId { session: session(), n: 99 });
    assert_eq!(query.cut(&items).unwrap_err().param.as_deref(), Some("after"));
    let nothing = Query::default().cut(&[]).unwrap();
    expect![[r#"{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}"#]]
        .assert_eq(&text(conversations::encode_items(&nothing)));
}

#[test]
fn a_query_that_makes_no_sense_is_refused_by_name() {
    for (pair, param) in [
        (("limit", "0"), "limit"),
        (("limit", "101"), "limit"),
        (("limit", "many"), "limit"),
        (("order", "up"), "order"),
        (("after", "7"), "after"),
        (("page", "2"), "page"),
    ] {
        assert_eq!(decode_query([pair]).unwrap_err().param.as_deref(), Some(param));
    }
    assert_eq!(
        decode_retrieve([("stream", "true"), ("starting_after", "12"), ("include[]", "x")]).unwrap(),
        Retrieve { stream: true, starting_after: Some(12) }
    );
    for (pairs, param) in [
        (vec![("stream", "1")], "stream"),
        (vec![("starting_after", "2")], "starting_after"),
        (vec![("stream", "true"), ("starting_after", "-1")], "starting_after"),
        (vec![("strem", "true")], "strem"),
    ] {
        assert_eq!(decode_retrieve(pairs).unwrap_err().param.as_deref(), Some(param));
    }
}

#[test]
fn small_objects_have_every_field() {
    let model = |id: &str| models::Model {
        id: ModelName::parse(id).unwrap(),
        created: began(),
        owned_by: "abide".to_owned(),
    };
    let lines = [
        models::encode_list(&[model("balanced"), model("agent/refunds")]),
        models::encode(&model("balanced")),
        conversations::encode(session(), began(), Some(&Json::from_parsed(r#"{"a":"b"}"#))),
        conversations::encode(session(), began(), None),
        conversations::encode_deleted(session()),
        responses::encode_deleted(RunId { session: session(), n: 7 }),
    ]
    .map(text)
    .join("\n");
    expect_file![format!("{}/testdata/client/small/objects.jsonl", env!("CARGO_MANIFEST_DIR"))]
        .assert_eq(&lines);
}

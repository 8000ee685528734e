//! The engine on real fake clouds and a real store: what a client is promised, across failures and restarts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod house;

use abide_engine::{Door, Limits, Refused, Update};
use abide_model::event::{Change, RunStatus};
use abide_model::id::RunId;
use abide_model::item::ItemStatus;
use abide_model::want::Wanted;
use house::{House, text_of};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_turn_remembers_the_first() {
    let house = House::new().await;
    let first = house.say(None, "my name is Ada").await;
    let second = house.say(Some(first.id), "what is my name?").await;
    assert!(text_of(&second).contains("Ada"), "{}", text_of(&second));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_answers_429_is_followed_by_the_next() {
    let house = House::new().await;
    let view = house.say(None, "hello [[sim:azure:429 retry-after=1]]").await;
    assert!(text_of(&view).contains("aws"), "{}", text_of(&view));
    let transcript = house.transcript(view.id.session).await;
    let calls: Vec<String> =
        transcript.runs[0].calls.iter().map(|call| call.started.cloud.to_string()).collect();
    assert_eq!(calls, ["azure", "aws"]);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_in_the_middle_goes_on_with_the_next_cloud_and_keeps_the_cut_item() {
    let house = House::new().await;
    let view = house.stream(None, "count to 9 [[sim:azure:cut after=4]]").await;
    assert_eq!(text_of(&view), "1 2 3 4 5 6 7 8 9", "the answer is said once");
    let told = house.transcript(view.id.session).await;
    let statuses: Vec<ItemStatus> = told.runs[0].view.output.iter().map(|placed| placed.status).collect();
    assert_eq!(statuses, [ItemStatus::Incomplete, ItemStatus::Completed]);
    assert!(matches!(view.status, RunStatus::Completed(_)), "{:?}", view.status);
    let again = house.say(Some(view.id), "what did I say?").await;
    let served = house.aws.calls().len() + house.azure.calls().len();
    assert!(served >= 3 && again.usage.is_some());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_chat_that_is_cut_after_its_first_token_fails_rather_than_repeat_itself() {
    let house = House::new().await;
    let wanted = house.wanted("count to 9 [[sim:azure:cut after=4]]", false, true);
    let mut running = house.handle().respond(&house.who, wanted, Door::Chat).await.unwrap();
    let mut last = None;
    while let Some(update) = running.updates.recv().await {
        if let Update::Ended(view) = update {
            last = Some(view);
        }
    }
    assert!(matches!(last.unwrap().status, RunStatus::Failed(_)));
    assert!(house.aws.calls().is_empty());
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cloud_failing_is_an_error_that_says_so() {
    let house = House::new().await;
    let wanted = house.wanted("hello [[sim:500]]", true, false);
    let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let view = house::end_of(running).await;
    let RunStatus::Failed(error) = &view.status else { panic!("{:?}", view.status) };
    assert_eq!(error.code, "upstream_failed");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customer_cannot_tell_that_a_response_is_there() {
    let house = House::new().await;
    let view = house.say(None, "my name is Ada").await;
    let stranger = house::principal("stranger");
    let refused = house.handle().response(&stranger, view.id).await.unwrap_err();
    assert_eq!(refused, Refused::UnknownResponse(view.id));
    let mut wanted = house.wanted("what is my name?", true, false);
    wanted.previous = Some(view.id);
    let refused = house.handle().respond(&stranger.into(), wanted, Door::Responses).await.unwrap_err();
    assert_eq!(refused, Refused::UnknownResponse(view.id));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_outlives_the_process() {
    let mut house = House::new().await;
    let first = house.say(None, "my name is Ada").await;
    house.restart().await;
    let second = house.say(Some(first.id), "what is my name?").await;
    assert!(text_of(&second).contains("Ada"), "{}", text_of(&second));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_under_way_at_shutdown_is_taken_up_at_the_next_start() {
    let mut house = House::new().await;
    let wanted = house.wanted("count to 40 [[sim:azure:hang after=5]]", true, true);
    let mut running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let id = running.view.id;
    let mut seen = Vec::new();
    while let Some(update) = running.updates.recv().await {
        if let Update::Events(events) = update {
            seen.extend(events);
            if seen.iter().filter(|event| matches!(event.change, Change::Text { .. })).count() >= 5 {
                break;
            }
        }
    }
    house.azure.push_fault("500".parse().unwrap());
    house.restart().await;
    let following = house.handle().follow(&house.who, id).await.unwrap();
    assert_eq!(following.past[..seen.len()], seen[..], "what was seen is still there, and the same");
    let view = house.wait_for(id).await;
    assert!(view.status.ended(), "{:?}", view.status);
    let told = house.transcript(view.id.session).await;
    assert_eq!(told.runs[0].view.output[0].status, ItemStatus::Incomplete);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_kept_leaves_its_usage_and_no_content() {
    let house = House::new().await;
    let wanted = house.wanted("the secret word is heliotrope", false, false);
    let running = house.handle().respond(&house.who, wanted, Door::Chat).await.unwrap();
    let view = house::end_of(running).await;
    assert!(text_of(&view).contains("heliotrope"));
    let refused = house.handle().response(&house.who, view.id).await.unwrap_err();
    assert_eq!(refused, Refused::UnknownResponse(view.id));
    let folder = house.end().await;
    assert!(!house::holds(&folder, b"heliotrope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_conversation_takes_long_content_along_unless_another_sent_it_too() {
    let mut house = House::new().await;
    let long = |word: &str| format!("{word} ").repeat(10_000 / word.len());
    let mut conversations = Vec::new();
    for (instructions, own) in [("periwinkle", "heliotrope"), ("mauve", "magenta")] {
        let id = house.handle().create_conversation(&house.who, Vec::new(), None).await.unwrap().id;
        for word in [own, "sycamore"] {
            let mut wanted = house.wanted(&long(word), true, false);
            wanted.conversation = Some(id);
            wanted.params.instructions = Some(long(instructions));
            let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
            assert!(matches!(house::end_of(running).await.status, RunStatus::Completed(_)));
        }
        conversations.push(id);
    }
    house.handle().delete_conversation(&house.who, conversations[0]).await.unwrap();
    house.restart().await;
    let items = house.handle().items(&house.who, conversations[1]).await.unwrap();
    let texts: Vec<String> = items.iter().map(|placed| format!("{:?}", placed.item)).collect();
    assert!(texts.iter().any(|text| text.contains(&long("sycamore"))), "{}", texts.len());
    let folder = house.end().await;
    let words = ["periwinkle", "heliotrope", "mauve", "magenta", "sycamore"];
    assert_eq!(words.map(|word| house::holds(&folder, word.as_bytes())), [false, false, true, true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_a_response_that_is_not_kept_does_not_disturb_it() {
    let house = House::new().await;
    let wanted = house.wanted("count to 9 [[sim:slow ms=50]]", false, true);
    let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let id = running.view.id;
    let handle = house.handle();
    assert_eq!(handle.response(&house.who, id).await.unwrap_err(), Refused::UnknownResponse(id));
    assert_eq!(handle.cancel(&house.who, id).await.unwrap_err(), Refused::UnknownResponse(id));
    assert_eq!(handle.delete_response(&house.who, id).await.unwrap_err(), Refused::UnknownResponse(id));
    let view = house::end_of(running).await;
    assert!(matches!(view.status, RunStatus::Completed(_)), "{:?}", view.status);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_continues_a_response_and_is_not_kept_leaves_no_content() {
    let house = House::new().await;
    let first = house.say(None, "my name is Ada").await;
    let mut wanted = house.wanted("what is my name? the secret word is heliotrope", false, false);
    wanted.previous = Some(first.id);
    let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let view = house::end_of(running).await;
    assert!(text_of(&view).contains("Ada"), "{}", text_of(&view));
    assert!(!view.stored);
    let refused = house.handle().response(&house.who, view.id).await.unwrap_err();
    assert_eq!(refused, Refused::UnknownResponse(view.id));
    let folder = house.end().await;
    assert!(!house::holds(&folder, b"heliotrope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_not_kept_goes_at_the_pace_of_its_reader_and_ends_without_one() {
    let house = House::with(Limits { lag_events_max: 2, ..Limits::default() }).await;
    let wanted = || house.wanted("count to 9 [[sim:azure:slow ms=5 times=9]]", false, true);
    let handle = house.handle();
    let read = handle.respond(&house.who, wanted(), Door::Chat).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(house::end_of(read).await.status.as_str(), "completed");

    drop(handle.respond(&house.who, wanted(), Door::Chat).await.unwrap());
    let ended = || handle.metrics().runs_ended();
    for _ in 0..500 {
        if ended().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ended().into_keys().collect::<Vec<_>>(), ["cancelled", "completed"]);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_client_left_while_it_waited_is_not_taken_on() {
    let house = House::with(Limits { queue_max: 1, ..Limits::default() }).await;
    let conversation = house.handle().create_conversation(&house.who, Vec::new(), None).await.unwrap().id;
    let within = |text: &str| Wanted { conversation: Some(conversation), ..house.wanted(text, true, false) };
    let handle = house.handle();
    let slow = within("count to 9 [[sim:slow ms=50]]");
    let first = handle.respond(&house.who, slow, Door::Responses).await.unwrap();
    let left = handle.respond(&house.who, within("my name is Ada"), Door::Responses);
    assert!(tokio::time::timeout(Duration::from_millis(50), left).await.is_err(), "it waits");
    let last = handle.respond(&house.who, within("what is my name?"), Door::Responses).await.unwrap();
    house::end_of(first).await;
    let answer = house::end_of(last).await;
    assert!(!text_of(&answer).contains("Ada"), "{}", text_of(&answer));
    assert_eq!(house.transcript(conversation).await.runs.len(), 2);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waited_begins_under_the_configuration_of_then() {
    let house = House::new().await;
    let conversation = house.handle().create_conversation(&house.who, Vec::new(), None).await.unwrap().id;
    let within = |text: &str| Wanted { conversation: Some(conversation), ..house.wanted(text, true, false) };
    let handle = house.handle();
    let slow = within("count to 9 [[sim:slow ms=50]]");
    let first = handle.respond(&house.who, slow, Door::Responses).await.unwrap();
    let second = handle.respond(&house.who, within("hello"), Door::Responses);
    let (second, ()) = tokio::join!(second, async { house.withdraw_models() });
    let model = "demo".parse().unwrap();
    assert_eq!(second.unwrap_err(), Refused::UnknownModel { model, suggestion: None });
    let first = house::end_of(first).await;
    assert!(matches!(first.status, RunStatus::Completed(_)), "{:?}", first.status);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn continuing_an_earlier_response_forks_the_conversation() {
    let house = House::new().await;
    let first = house.say(None, "my name is Ada").await;
    let second = house.say(Some(first.id), "my colour is blue").await;
    let fork = house.say(Some(first.id), "what is my name?").await;
    assert!(text_of(&fork).contains("Ada"));
    assert_ne!(fork.id.session, second.id.session);
    let blue = house.say(Some(fork.id), "what is my colour?").await;
    assert!(!text_of(&blue).contains("blue"), "{}", text_of(&blue));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_remembers_what_its_deleted_conversation_said() {
    let mut house = House::new().await;
    let conversation = house.handle().create_conversation(&house.who, Vec::new(), None).await.unwrap().id;
    let mut wanted = house.wanted("my name is Ada", true, false);
    wanted.conversation = Some(conversation);
    let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let first = house::end_of(running).await;
    let fork = house.say(Some(first.id), "and my colour is blue").await;
    house.handle().delete_conversation(&house.who, conversation).await.unwrap();
    let gone = house.handle().conversation(&house.who, conversation).await.unwrap_err();
    assert_eq!(gone, Refused::UnknownConversation(conversation));
    house.restart().await;
    let gone = house.handle().conversation(&house.who, conversation).await.unwrap_err();
    assert_eq!(gone, Refused::UnknownConversation(conversation));
    let name = house.say(Some(fork.id), "what is my name?").await;
    assert!(text_of(&name).contains("Ada"), "{}", text_of(&name));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_keeps_what_is_later_taken_out_of_its_conversation() {
    let mut house = House::new().await;
    let conversation = house.handle().create_conversation(&house.who, Vec::new(), None).await.unwrap().id;
    let mut wanted = house.wanted("my name is Ada", true, false);
    wanted.conversation = Some(conversation);
    let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let first = house::end_of(running).await;
    let fork = house.say(Some(first.id), "and my colour is blue").await;
    for placed in house.handle().items(&house.who, conversation).await.unwrap() {
        house.handle().remove_item(&house.who, conversation, placed.id).await.unwrap();
    }
    house.restart().await;
    let name = house.say(Some(fork.id), "what is my name?").await;
    assert!(text_of(&name).contains("Ada"), "{}", text_of(&name));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_of_many_forks_remembers_the_first_until_there_are_too_many() {
    let mut house = House::new().await;
    let mut last = house.say(None, "my name is Ada").await.id;
    let refused = loop {
        house.say(Some(last), "go on").await;
        let wanted = Wanted { previous: Some(last), ..house.wanted("go on otherwise", true, false) };
        match house.handle().respond(&house.who, wanted, Door::Responses).await {
            Ok(running) => last = house::end_of(running).await.id,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, Refused::Forks { max: 256 });
    house.restart().await;
    let wanted = house.wanted("what is my name?", true, false);
    let wanted = Wanted { previous: Some(RunId { n: 2, ..last }), ..wanted };
    let running = house.handle().respond(&house.who, wanted, Door::Responses).await.unwrap();
    let name = house::end_of(running).await;
    assert!(text_of(&name).contains("Ada"), "{}", text_of(&name));
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_every_response_of_a_chain_takes_its_content_from_the_disk() {
    let house = House::new().await;
    let first = house.say(None, "the secret word is heliotrope").await;
    let second = house.say(Some(first.id), "say it again").await;
    house.handle().delete_response(&house.who, first.id).await.unwrap();
    let third = house.say(Some(second.id), "and again").await;
    house.handle().delete_response(&house.who, second.id).await.unwrap();
    house.handle().delete_response(&house.who, third.id).await.unwrap();
    let folder = house.end().await;
    let bytes = std::fs::read(folder.path().join("abide.db")).unwrap();
    let word = b"heliotrope";
    assert!(!bytes.windows(word.len()).any(|window| window == word));
}

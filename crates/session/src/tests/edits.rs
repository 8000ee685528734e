//! Edits of a conversation, the pairing of tool calls with results, and forks.

use super::lines::check;
use super::stage::{Stage, asked};
use crate::{ITEMS_MAX, Input, Rejection};
use abide_model::Time;
use abide_model::item::{Item, Role};
use expect_test::expect;

#[test]
fn a_conversation_begins_with_items_and_grows_by_edits() {
    check(
        r#"
            begin user hello
            add assistant hi | user bye
            label {"topic":"x"}
            remove 2
            show items
            label
            .ask user more
            plan azure
            show prompt
            show items
        "#,
        expect![[r#"
            > begin user hello
                append after 0 durable
                  opened
                  items added from 1: 1
            > add assistant hi | user bye
                append after 2 durable
                  items added from 2: 2
            > label {"topic":"x"}
                append after 3 durable
                  labels {"topic":"x"}
            > remove 2
                append after 4 durable
                  item 2 removed
            > show items
                1 user: hello
                3 user: bye
            > label
                append after 5 durable
                  labels none
            > plan azure
                append after 6 durable open
                  run 1 started, items from 4: 1
                  call 1 started at azure, 12 bytes
                7: run started
                call 1 to azure/gpt
            > show prompt
                user: hello
                user: bye
                user: more
            > show items
                1 user: hello
                3 user: bye
                4 user: more
        "#]],
    );
}

#[test]
fn an_empty_conversation_is_one_record() {
    check(
        r"
            begin
            show items
        ",
        expect![[r#"
            > begin
                append after 0 durable
                  opened
            > show items
        "#]],
    );
}

#[test]
fn edits_are_the_first_records_of_a_session_that_has_none() {
    check(
        r"
            add user hello
        ",
        expect![[r#"
            > add user hello
                append after 0 durable
                  opened
                  items added from 1: 1
        "#]],
    );
}

#[test]
fn an_item_that_is_not_there_cannot_be_removed() {
    check(
        r"
            .begin user hello
            remove 9
            .remove 1
            remove 1
        ",
        expect![[r#"
            > remove 9
                rejected: item `item_0000000000000000000000000000000a00000009` is not in this conversation
            > remove 1
                rejected: item `item_0000000000000000000000000000000a00000001` is not in this conversation
        "#]],
    );
}

#[test]
fn numbers_of_removed_items_are_not_given_again() {
    check(
        r"
            .begin user a | user b
            .remove 2
            add user c
            show items
        ",
        expect![[r#"
            > add user c
                append after 3 durable
                  items added from 3: 1
            > show items
                1 user: a
                3 user: c
        "#]],
    );
}

#[test]
fn a_result_for_a_call_that_was_never_made_is_refused() {
    check(
        r"
            ask result c9 sunny
            add result c9 sunny
            .ask user hello
            .plan azure
            .hear call 0 c1 f | finish tool_calls
            .end
            ask result c1 a | result c9 b
        ",
        expect![[r#"
            > ask result c9 sunny
                rejected: no tool call with id `c9` in this conversation; its result was never asked for
            > add result c9 sunny
                rejected: no tool call with id `c9` in this conversation; its result was never asked for
            > ask result c1 a | result c9 b
                rejected: no tool call with id `c9` in this conversation; its result was never asked for
        "#]],
    );
}

#[test]
fn a_call_is_answered_once() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear call 0 c1 f | finish tool_calls
            .end
            ask result c1 a | result c1 b
            .ask result c1 a
            .plan azure
            .hear message 0 | text 0 ok | finish stop
            .end
            ask result c1 again
            add result c1 again
        ",
        expect![[r#"
            > ask result c1 a | result c1 b
                rejected: tool call `c1` was answered already
            > ask result c1 again
                rejected: tool call `c1` was answered already
            > add result c1 again
                rejected: tool call `c1` was answered already
        "#]],
    );
}

#[test]
fn every_call_needs_its_result_before_the_conversation_goes_on() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear call 0 c1 f | done 0 | call 1 c2 g | finish tool_calls
            .end
            ask user what now?
            ask result c2 two
            add result c2 two
            ask result c1 one
        ",
        expect![[r#"
            > ask user what now?
                rejected: no output for tool call `c1`, `c2`; send a result for each call before going on
            > ask result c2 two
                rejected: no output for tool call `c1`; send a result for each call before going on
            > add result c2 two
                append after 6 durable
                  items added from 4: 1
            > ask result c1 one
                plan run 2
        "#]],
    );
}

#[test]
fn a_client_that_sends_its_whole_history_brings_calls_and_results_along() {
    check(
        r"
            ask user hi | call c1 f | result c1 a | user and?
            plan azure
        ",
        expect![[r#"
            > ask user hi | call c1 f | result c1 a | user and?
                plan run 1
            > plan azure
                append after 0 durable open
                  opened
                  run 1 started, items from 1: 4
                  call 1 started at azure, 10 bytes
                2: run started
                call 1 to azure/gpt
        "#]],
    );
}

#[test]
fn a_call_id_may_come_again_once_it_was_answered() {
    check(
        r"
            .ask user hi | call c1 f | result c1 a
            .plan azure
            .hear call 0 c1 f | finish tool_calls
            .end
            ask result c1 b
            plan azure
            show prompt
        ",
        expect![[r#"
            > ask result c1 b
                plan run 2
            > plan azure
                append after 6 durable open
                  run 2 started, items from 5: 1
                  call 2 started at azure, 10 bytes
                7: run started
                call 2 to azure/gpt
            > show prompt
                user: hi
                call c1 f{}
                result c1: a
                call c1 f{}
                result c1: b
        "#]],
    );
}

#[test]
fn a_result_whose_call_was_taken_out_is_sent_to_nobody() {
    check(
        r"
            .begin user hi | call c1 f | result c1 a
            remove 2
            show items
            ask user more
            plan azure
            show prompt
        ",
        expect![[r#"
            > remove 2
                append after 2 durable
                  item 2 removed
            > show items
                1 user: hi
                3 result c1: a
            > ask user more
                plan run 1
            > plan azure
                append after 3 durable open
                  run 1 started, items from 4: 1
                  call 1 started at azure, 6 bytes
                4: run started
                call 1 to azure/gpt
            > show prompt
                user: hi
                user: more
        "#]],
    );
}

#[test]
fn a_call_whose_result_was_taken_out_waits_again() {
    check(
        r"
            .begin user hi | call c1 f | result c1 a
            .ask user one
            .plan azure
            .hear message 0 | text 0 ok | finish stop
            .end
            remove 3
            ask user more
            ask result c1 b
        ",
        expect![[r#"
            > remove 3
                append after 7 durable
                  item 3 removed
            > ask user more
                rejected: no output for tool call `c1`; send a result for each call before going on
            > ask result c1 b
                plan run 2
        "#]],
    );
}

#[test]
fn what_a_run_at_work_says_cannot_be_answered_before_it_stands() {
    check(
        r"
            .ask user hi
            .plan azure
            .hear call 0 c1 f | done 0
            add result c1 a
            add user aside
            .fault cut
            .plan aws
            show prompt
        ",
        expect![[r#"
            > add result c1 a
                rejected: no tool call with id `c1` in this conversation; its result was never asked for
            > add user aside
                append after 4 durable open
                  items added from 3: 1
            > show prompt
                user: hi
                user: aside
        "#]],
    );
}

#[test]
fn the_conversation_does_not_change_between_a_request_and_its_plan() {
    check(
        r"
            .begin user hi
            .ask user more
            add user aside
            remove 1
            label {}
            plan azure
        ",
        expect![[r#"
            > add user aside
                rejected: response `resp_0000000000000000000000000000000a00000001` is still at work in this conversation; wait for it or cancel it
            > remove 1
                rejected: response `resp_0000000000000000000000000000000a00000001` is still at work in this conversation; wait for it or cancel it
            > label {}
                append after 2 durable
                  labels {}
            > plan azure
                append after 3 durable open
                  run 1 started, items from 2: 1
                  call 1 started at azure, 6 bytes
                4: run started
                call 1 to azure/gpt
        "#]],
    );
}

#[test]
fn a_fork_inherits_what_came_up_to_its_run_and_numbers_its_own() {
    check(
        r"
            .ask user one
            .plan azure
            .hear message 0 | text 0 uno | finish stop
            .end
            .ask user two
            .plan azure
            .hear message 0 | text 0 dos | finish stop
            .end
            show ends 1
            show ends 2
            fork 1
            ask user zwei
            plan aws
            show prompt
            .hear message 0 | text 0 zwo | finish stop
            .end
            show items
            remove a/1
            show items
            fork 1
        ",
        expect![[r#"
            > show ends 1
                false
            > show ends 2
                true
            > fork 1
                1 user: one
                2 assistant: uno
            > ask user zwei
                plan run 1
            > plan aws
                append after 0 durable open
                  opened, continues a/1
                  run 1 started, items from 1: 1
                  call 1 started at aws, 10 bytes
                2: run started
                call 1 to aws/gpt
            > show prompt
                user: one
                assistant: uno
                user: zwei
            > show items
                1 user: one
                2 assistant: uno
                b/1 user: zwei
                b/2 assistant: zwo
            > remove a/1
                append after 6 durable
                  item 1 removed
            > show items
                2 assistant: uno
                b/1 user: zwei
                b/2 assistant: zwo
            > fork 1
                2 assistant: uno
                b/1 user: zwei
                b/2 assistant: zwo
        "#]],
    );
}

#[test]
fn a_fork_leaves_out_what_was_superseded_and_what_was_refused() {
    check(
        r"
            .ask user one
            .plan azure
            .hear message 0 | text 0 un
            .fault cut
            .plan aws
            .hear message 0 | text 0 uno | finish stop
            .end
            .ask user two
            .refuse refused_by_agreement
            show items
            fork 2
        ",
        expect![[r#"
            > show items
                1 user: one
                3 assistant: uno
            > fork 2
                1 user: one
                3 assistant: uno
        "#]],
    );
}

#[test]
fn a_fork_from_a_run_without_items_inherits_all_before_it() {
    check(
        r"
            .begin user one
            .ask
            .refuse no_target
            fork 1
        ",
        expect![[r#"
            > fork 1
                1 user: one
        "#]],
    );
}

#[test]
fn a_fork_answers_the_call_its_parent_ended_with() {
    check(
        r"
            .ask user one
            .plan azure
            .hear call 0 c1 f | finish tool_calls
            .end
            fork 1
            ask result c1 a
            plan aws
            show prompt
        ",
        expect![[r#"
            > fork 1
                1 user: one
                2 call c1 f{}
            > ask result c1 a
                plan run 1
            > plan aws
                append after 0 durable open
                  opened, continues a/1
                  run 1 started, items from 1: 1
                  call 1 started at aws, 7 bytes
                2: run started
                call 1 to aws/gpt
            > show prompt
                user: one
                call c1 f{}
                result c1: a
        "#]],
    );
}

#[test]
fn a_session_ends_with_a_run_until_something_is_put_in() {
    check(
        r"
            show ends 1
            .ask user one
            .plan azure
            show ends 1
            .hear message 0 | text 0 uno | finish stop
            .end
            show ends 1
            .ask user two
            show ends 1
            .cancel
            show ends 2
            .add user aside
            show ends 2
        ",
        expect![[r#"
            > show ends 1
                false
            > show ends 1
                true
            > show ends 1
                true
            > show ends 1
                false
            > show ends 2
                true
            > show ends 2
                false
        "#]],
    );
}

#[test]
fn a_deleted_response_is_gone_but_its_words_stay_in_the_conversation() {
    check(
        r"
            .ask user one
            .plan azure
            erase 1
            .hear message 0 | text 0 uno | finish stop
            .end
            erase 1
            erase 1
            erase 7
            show run 1
            show events 1
            show items
        ",
        expect![[r#"
            > erase 1
                rejected: response `resp_0000000000000000000000000000000a00000001` is still at work in this conversation; wait for it or cancel it
            > erase 1
                append after 6 durable
                  run 1 erased
            > erase 1
                rejected: response `resp_0000000000000000000000000000000a00000001` does not exist or was deleted
            > erase 7
                rejected: response `resp_0000000000000000000000000000000a00000007` does not exist or was deleted
            > show run 1
                none
            > show events 1
                none
            > show items
                1 user: one
                2 assistant: uno
        "#]],
    );
}

#[test]
fn a_fork_of_a_fork_inherits_from_both() {
    check(
        r"
            .begin user a | user b | user c | user d
            .ask user one
            .plan azure
            .hear message 0 | text 0 uno | finish stop
            .end
            .fork 1
            .ask user two
            .plan azure
            .hear message 0 | text 0 dos | finish stop
            .end
            fork 1
        ",
        expect![[r#"
            > fork 1
                1 user: a
                2 user: b
                3 user: c
                4 user: d
                5 user: one
                6 assistant: uno
                b/1 user: two
                b/2 assistant: dos
        "#]],
    );
}

#[test]
fn a_conversation_holds_only_so_many_items() {
    let mut session = Stage::new(true).session;
    let item = || Item::text(Role::User, "x");
    drop(session.begin(Time::UNIX_EPOCH, vec![item(); ITEMS_MAX - 1]));
    let mut add = |items| session.handle(Time::UNIX_EPOCH, Input::AddItems(items)).map(drop);
    let full = |items| Err(Rejection::TooManyItems { items, max: ITEMS_MAX });
    assert_eq!(add(vec![item(); 2]), full(ITEMS_MAX + 1));
    assert_eq!(add(vec![item()]), Ok(()));
    assert_eq!(session.check_items(&[item()]), full(ITEMS_MAX + 1));
    let ask = session.handle(Time::UNIX_EPOCH, asked(vec![item()], true)).map(drop);
    assert_eq!(ask, full(ITEMS_MAX + 1));
}

#[test]
fn an_item_of_the_run_at_work_stays_until_the_run_is_over() {
    check(
        r"
            .ask user hello
            .plan azure
            remove 1
            .hear message 0 | text 0 Hi
            .end
            remove 1
        ",
        expect![[r#"
            > remove 1
                rejected: response `resp_0000000000000000000000000000000a00000001` is still at work in this conversation; wait for it or cancel it
            > remove 1
                append after 6 durable
                  item 1 removed
        "#]],
    );
}

//! Runs from request to end: what is written, called and shown, in which order.

use super::lines::check;
use super::stage::{Stage, asked, planned};
use crate::{CALLS_PER_RUN_MAX, Input};
use abide_model::Hash;
use abide_model::item::{Item, Role};
use expect_test::expect;

#[test]
fn a_plain_run_is_on_record_before_its_call_leaves_and_before_a_client_sees_it() {
    check(
        r"
            ask user hello
            plan azure
            hear message 0 | text 0 Good_
            hear text 0 day | done 0 | finish stop | usage 7 2
            end
            show items
            show run 1
        ",
        expect![[r#"
            > ask user hello
                plan run 1
            > plan azure
                append after 0 durable open
                  opened
                  run 1 started, items from 1: 1
                  call 1 started at azure, 5 bytes
                2: run started
                call 1 to azure/gpt
            > hear message 0 | text 0 Good_
                append after 3 open
                  heard 0 starts message | 0 text "Good "
                4: output 0 = item 2: message
                4: output 0 text "Good "
            > hear text 0 day | done 0 | finish stop | usage 7 2
                append after 4 open
                  heard 0 text "day" | 0 done | finish stop | usage 7+2
                5: output 0 text "day"
                5: output 0 completed: assistant: Good day
            > end
                append after 5 durable
                  call 1 ended whole, used 7+2
                  run ended completed (stop)
                  line: call 1 at azure 7+2
                7: run completed (stop), used 7+2
            > show items
                1 user: hello
                2 assistant: Good day
            > show run 1
                completed (stop), used 7+2
                in  1 user: hello
                out 2 assistant: Good day
        "#]],
    );
}

#[test]
fn a_tool_call_is_answered_in_the_next_run() {
    check(
        r#"
            .ask user weather?
            .plan azure
            .hear call 0 c1 weather | args 0 {"at": | args 0 "Bern"} | done 0 | finish tool_calls | usage 9 4
            end
            ask result c1 sunny
            plan azure
            show prompt
            .hear message 0 | text 0 Sun. | finish stop | usage 12 1
            end
            show items
        "#,
        expect![[r#"
            > end
                append after 4 durable
                  call 1 ended whole, used 9+4
                  run ended completed (tool_calls)
                  line: call 1 at azure 9+4
                6: run completed (tool_calls), used 9+4
            > ask result c1 sunny
                plan run 2
            > plan azure
                append after 6 durable open
                  run 2 started, items from 3: 1
                  call 2 started at azure, 33 bytes
                7: run started
                call 2 to azure/gpt
            > show prompt
                user: weather?
                call c1 weather{"at":"Bern"}
                result c1: sunny
            > end
                append after 9 durable
                  call 2 ended whole, used 12+1
                  run ended completed (stop)
                  line: call 2 at azure 12+1
                10: output 0 completed: assistant: Sun.
                11: run completed (stop), used 12+1
            > show items
                1 user: weather?
                2 call c1 weather{"at":"Bern"}
                3 result c1: sunny
                4 assistant: Sun.
        "#]],
    );
}

#[test]
fn arguments_that_never_came_are_an_empty_object() {
    check(
        r"
            .ask user go
            .plan azure
            .hear call 0 c1 go | finish tool_calls
            end
        ",
        expect![[r#"
            > end
                append after 4 durable
                  call 1 ended whole, used ~1+0
                  run ended completed (tool_calls)
                  line: call 1 at azure ~1+0
                5: output 0 completed: call c1 go{}
                6: run completed (tool_calls), used ~1+0
        "#]],
    );
}

#[test]
fn thinking_and_several_calls_keep_their_order() {
    check(
        r"
            .ask user both?
            .plan azure
            .hear think 0 | thought 0 hm | done 0 | call 1 c1 a | args 1 {} | done 1 | call 2 c2 b | args 2 {} | done 2 | finish tool_calls
            .end
            ask result c2 two | result c1 one | user and?
            plan aws
            show prompt
        ",
        expect![[r#"
            > ask result c2 two | result c1 one | user and?
                plan run 2
            > plan aws
                append after 6 durable open
                  run 2 started, items from 5: 3
                  call 2 started at aws, 23 bytes
                7: run started
                call 2 to aws/gpt
            > show prompt
                user: both?
                thinks: hm
                call c1 a{}
                call c2 b{}
                result c2: two
                result c1: one
                user: and?
        "#]],
    );
}

#[test]
fn a_fault_before_the_first_token_is_made_good_without_a_trace_for_the_client() {
    check(
        r"
            ask user hello
            plan azure
            fault rate_limited
            plan aws
            hear message 0 | text 0 Hi | done 0 | finish stop | usage 5 1
            end
            show calls 1
        ",
        expect![[r#"
            > ask user hello
                plan run 1
            > plan azure
                append after 0 durable open
                  opened
                  run 1 started, items from 1: 1
                  call 1 started at azure, 5 bytes
                2: run started
                call 1 to azure/gpt
            > fault rate_limited
                append after 3 durable open
                  call 1 ended rate_limited, used nothing
                plan run 1 not azure after rate_limited
            > plan aws
                append after 4 durable open
                  call 2 started at aws, 5 bytes
                call 2 to aws/gpt
            > hear message 0 | text 0 Hi | done 0 | finish stop | usage 5 1
                append after 5 open
                  heard 0 starts message | 0 text "Hi" | 0 done | finish stop | usage 5+1
                6: output 0 = item 2: message
                6: output 0 text "Hi"
                6: output 0 completed: assistant: Hi
            > end
                append after 6 durable
                  call 2 ended whole, used 5+1
                  run ended completed (stop)
                  line: call 2 at aws 5+1
                8: run completed (stop), used 5+1
            > show calls 1
                call 1 at azure: rate_limited, outputs from 0
                call 2 at aws: whole, outputs from 0
        "#]],
    );
}

#[test]
fn a_message_cut_mid_stream_is_closed_and_produced_anew_and_the_cut_one_is_sent_to_nobody() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Half_an
            fault cut
            plan aws
            show prompt
            hear message 0 | text 0 Whole | done 0 | finish stop | usage 5 1
            end
            show items
            show run 1
            show standing 1
            .ask user more
            plan aws
            show prompt
        ",
        expect![[r#"
            > fault cut
                append after 4 durable open
                  call 1 ended cut, used ~2+2
                  line: call 1 at azure ~2+2
                5: output 0 incomplete: assistant: Half an
                plan run 1 not azure after cut
            > plan aws
                append after 5 durable open
                  call 2 started at aws, 5 bytes
                6: items from 0 are produced anew
                call 2 to aws/gpt
            > show prompt
                user: hello
            > hear message 0 | text 0 Whole | done 0 | finish stop | usage 5 1
                append after 6 open
                  heard 0 starts message | 0 text "Whole" | 0 done | finish stop | usage 5+1
                7: output 1 = item 3: message
                7: output 1 text "Whole"
                7: output 1 completed: assistant: Whole
            > end
                append after 7 durable
                  call 2 ended whole, used 5+1
                  run ended completed (stop)
                  line: call 2 at aws 5+1
                9: run completed (stop), used ~7+3
            > show items
                1 user: hello
                3 assistant: Whole
            > show run 1
                completed (stop), used ~7+3
                in  1 user: hello
                out 2 assistant: Half an (incomplete)
                out 3 assistant: Whole
            > show standing 1
                completed (stop), used ~7+3
                in  1 user: hello
                out 3 assistant: Whole
            > plan aws
                append after 9 durable open
                  run 2 started, items from 4: 1
                  call 3 started at aws, 14 bytes
                10: run started
                call 3 to aws/gpt
            > show prompt
                user: hello
                assistant: Whole
                user: more
        "#]],
    );
}

#[test]
fn a_second_cut_supersedes_what_both_calls_said() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear message 0 | text 0 one | done 0 | call 1 c1 f | args 1 {
            .fault cut
            .plan aws
            .hear message 0 | text 0 two
            .fault timeout_between_tokens
            plan azure
            show prompt
            .hear message 0 | text 0 three | finish stop
            end
            show run 1
        ",
        expect![[r#"
            > plan azure
                append after 8 durable open
                  call 3 started at azure, 5 bytes
                9: items from 0 are produced anew
                call 3 to azure/gpt
            > show prompt
                user: hello
            > end
                append after 10 durable
                  call 3 ended whole, used ~2+2
                  run ended completed (stop)
                  line: call 3 at azure ~2+2
                11: output 3 completed: assistant: three
                12: run completed (stop), used ~6+4
            > show run 1
                completed (stop), used ~6+4
                in  1 user: hello
                out 2 assistant: one
                out 3 call c1 f{ (incomplete)
                out 4 assistant: two (incomplete)
                out 5 assistant: three
        "#]],
    );
}

#[test]
fn a_chat_stream_cut_after_its_first_token_fails() {
    check(
        r"
            .chat door
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Half
            fault cut
            show run 1
            show items
        ",
        expect![[r#"
            > fault cut
                append after 4 durable
                  call 1 ended cut, used ~2+1
                  run ended failed (upstream_failed)
                  line: call 1 at azure ~2+1
                5: output 0 incomplete: assistant: Half
                6: run failed (upstream_failed), used ~2+1
            > show run 1
                failed (upstream_failed), used ~2+1
                in  1 user: hello
                out 2 assistant: Half (incomplete)
            > show items
                1 user: hello
                2 assistant: Half (incomplete)
        "#]],
    );
}

#[test]
fn a_chat_stream_that_fails_before_its_first_token_goes_elsewhere() {
    check(
        r"
            .chat door
            .ask user hello
            .plan azure
            fault server
        ",
        expect![[r#"
            > fault server
                append after 3 durable open
                  call 1 ended server, used nothing
                plan run 1 not azure after server
        "#]],
    );
}

#[test]
fn a_request_the_cloud_finds_wrong_is_not_tried_elsewhere() {
    check(
        r"
            .ask user hello
            .plan azure
            fault bad_request
        ",
        expect![[r#"
            > fault bad_request
                append after 3 durable
                  call 1 ended bad_request, used nothing
                  run ended failed (upstream_refused_request)
                5: run failed (upstream_refused_request), used nothing
        "#]],
    );
}

#[test]
fn when_no_target_is_left_the_run_fails_with_the_plans_error() {
    check(
        r"
            .ask user hello
            .plan azure
            fault server
            refuse upstream_failed
            show run 1
        ",
        expect![[r#"
            > fault server
                append after 3 durable open
                  call 1 ended server, used nothing
                plan run 1 not azure after server
            > refuse upstream_failed
                append after 4 durable
                  nowhere to go of 0
                  run ended failed (upstream_failed)
                6: run failed (upstream_failed), used nothing
            > show run 1
                failed (upstream_failed), used nothing
                in  1 user: hello
        "#]],
    );
}

#[test]
fn a_run_makes_a_bounded_number_of_calls() {
    let many = ".plan azure\n.fault server\n".repeat(CALLS_PER_RUN_MAX - 1);
    check(
        &format!(".ask user hello\n{many}.plan aws\nfault server"),
        expect![[r#"
            > fault server
                append after 33 durable
                  call 16 ended server, used nothing
                  run ended failed (upstream_failed)
                35: run failed (upstream_failed), used nothing
        "#]],
    );
}

#[test]
fn an_answer_at_its_length_limit_ends_incomplete_at_its_last_item() {
    check(
        r"
            .ask user long
            .plan azure
            .hear think 0 | thought 0 hm | done 0 | message 1 | text 1 And_so_on
            .hear finish length | usage 5 9
            end
            show items
            .ask user more
            .plan azure
            show prompt
        ",
        expect![[r#"
            > end
                append after 5 durable
                  call 1 ended whole, used 5+9
                  run ended incomplete (max_output_tokens)
                  line: call 1 at azure 5+9
                6: output 1 incomplete: assistant: And so on
                7: run incomplete (max_output_tokens), used 5+9
            > show items
                1 user: long
                2 thinks: hm
                3 assistant: And so on (incomplete)
            > show prompt
                user: long
                thinks: hm
                assistant: And so on
                user: more
        "#]],
    );
}

#[test]
fn an_answer_the_cloud_filtered_ends_incomplete() {
    check(
        r"
            .ask user bad
            .plan azure
            .hear message 0 | text 0 Well | refusal 0 I_will_not | finish content_filter
            end
        ",
        expect![[r#"
            > end
                append after 4 durable
                  call 1 ended whole, used ~1+4
                  run ended incomplete (content_filter)
                  line: call 1 at azure ~1+4
                5: output 0 incomplete: assistant: Well / I will not
                6: run incomplete (content_filter), used ~1+4
        "#]],
    );
}

#[test]
fn a_run_the_plan_refuses_reaches_no_cloud_and_leaves_nothing_in_the_conversation() {
    check(
        r"
            ask user secret
            refuse refused_by_agreement
            show run 1
            show items
            .ask user other
            plan azure
            show prompt
        ",
        expect![[r#"
            > ask user secret
                plan run 1
            > refuse refused_by_agreement
                append after 0 durable
                  opened
                  run 1 started, items from 1: 1
                  nowhere to go of 0
                  run ended failed (refused_by_agreement)
                2: run started
                4: run failed (refused_by_agreement), used nothing
            > show run 1
                failed (refused_by_agreement), used nothing
                in  1 user: secret
            > show items
            > plan azure
                append after 4 durable open
                  run 2 started, items from 2: 1
                  call 1 started at azure, 5 bytes
                5: run started
                call 1 to azure/gpt
            > show prompt
                user: other
        "#]],
    );
}

#[test]
fn a_result_that_came_with_a_failed_run_can_be_sent_again() {
    check(
        r"
            .ask user weather?
            .plan azure
            .hear call 0 c1 weather | args 0 {} | finish tool_calls
            .end
            .ask result c1 sunny
            .plan azure
            .fault auth
            .refuse upstream_failed
            ask result c1 sunny
            plan aws
            show prompt
        ",
        expect![[r#"
            > ask result c1 sunny
                plan run 3
            > plan aws
                append after 11 durable open
                  run 3 started, items from 4: 1
                  call 3 started at aws, 22 bytes
                12: run started
                call 3 to aws/gpt
            > show prompt
                user: weather?
                call c1 weather{}
                result c1: sunny
        "#]],
    );
}

#[test]
fn an_item_left_open_before_the_last_is_whole_though_the_limit_was_hit() {
    check(
        r"
            .ask user long
            .plan azure
            .hear think 0 | thought 0 hm | message 1 | text 1 And_so_on | finish length
            end
        ",
        expect![[r#"
            > end
                append after 4 durable
                  call 1 ended whole, used ~1+3
                  run ended incomplete (max_output_tokens)
                  line: call 1 at azure ~1+3
                5: output 0 completed: thinks: hm
                5: output 1 incomplete: assistant: And so on
                6: run incomplete (max_output_tokens), used ~1+3
        "#]],
    );
}

#[test]
fn a_tool_call_cut_at_the_limit_is_neither_sent_nor_waited_for() {
    check(
        r#"
            .ask user long
            .plan azure
            .hear call 0 c1 f | args 0 {} | done 0 | call 1 c2 g | args 1 {"a | finish length
            end
            ask user more
            ask result c1 a
            plan azure
            show prompt
        "#,
        expect![[r#"
            > end
                append after 4 durable
                  call 1 ended whole, used ~1+2
                  run ended incomplete (max_output_tokens)
                  line: call 1 at azure ~1+2
                5: output 1 incomplete: call c2 g{"a
                6: run incomplete (max_output_tokens), used ~1+2
            > ask user more
                rejected: no output for tool call `c1`; send a result for each call before going on
            > ask result c1 a
                plan run 2
            > plan azure
                append after 6 durable open
                  run 2 started, items from 4: 1
                  call 2 started at azure, 8 bytes
                7: run started
                call 2 to azure/gpt
            > show prompt
                user: long
                call c1 f{}
                result c1: a
        "#]],
    );
}

#[test]
fn an_item_that_begins_again_under_its_number_gets_the_words_that_follow() {
    check(
        r"
            .ask user hello
            .plan azure
            hear message 0 | text 0 a | message 0 | text 0 b
            end
        ",
        expect![[r#"
            > hear message 0 | text 0 a | message 0 | text 0 b
                append after 3 open
                  heard 0 starts message | 0 text "a" | 0 starts message | 0 text "b"
                4: output 0 = item 2: message
                4: output 0 text "a"
                4: output 1 = item 3: message
                4: output 1 text "b"
            > end
                append after 4 durable
                  call 1 ended whole, used ~2+1
                  run ended completed (stop)
                  line: call 1 at azure ~2+1
                5: output 0 completed: assistant: a
                5: output 1 completed: assistant: b
                6: run completed (stop), used ~2+1
        "#]],
    );
}

#[test]
fn the_agents_instructions_come_before_the_clients_and_are_part_of_what_a_call_sends() {
    let send = |preface: Option<&str>, own: Option<&str>| -> (Option<String>, Hash) {
        let mut stage = Stage::new(true);
        let mut input = asked(vec![Item::text(Role::User, "hello")], true);
        if let Input::Asked(asked) = &mut input {
            asked.preface = preface.map(Into::into);
            asked.wanted.params.instructions = own.map(str::to_owned);
        }
        stage.step(input).unwrap();
        let before = stage.session.prompt().unwrap();
        stage.step(planned("azure")).unwrap();
        let now = stage.session.prompt().unwrap();
        assert_eq!(before, now, "what is planned for is what is sent");
        (now.0.instructions.clone(), stage.session.calls(1).last().unwrap().started.prefix)
    };
    let both = send(Some("Be kind."), Some("Be brief."));
    assert_eq!(both.0.as_deref(), Some("Be kind.\n\nBe brief."));
    let agents = send(Some("Be kind."), None);
    assert_eq!(agents.0.as_deref(), Some("Be kind."));
    let own = send(None, Some("Be kind."));
    assert_eq!(own.0.as_deref(), Some("Be kind."));
    let none = send(None, None);
    assert_eq!(none.0, None);
    assert_eq!(send(None, None).1, none.1, "the same prompt has the same prefix");
    let prefixes = [both.1, agents.1, own.1, none.1];
    assert!((1..4).all(|n| !prefixes[n..].contains(&prefixes[n - 1])), "another prompt has another");
}

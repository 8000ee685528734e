//! Runs from request to end: what is written, called and shown, in which order.

use super::lines::check;
use crate::CALLS_PER_RUN_MAX;
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
                  run ended failed (upstream_failed)
                5: run failed (upstream_failed), used nothing
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
                  run ended failed (refused_by_agreement)
                2: run started
                3: run failed (refused_by_agreement), used nothing
            > show run 1
                failed (refused_by_agreement), used nothing
                in  1 user: secret
            > show items
            > plan azure
                append after 3 durable open
                  run 2 started, items from 2: 1
                  call 1 started at azure, 5 bytes
                4: run started
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
                append after 10 durable open
                  run 3 started, items from 4: 1
                  call 3 started at aws, 22 bytes
                11: run started
                call 3 to aws/gpt
            > show prompt
                user: weather?
                call c1 weather{}
                result c1: sunny
        "#]],
    );
}

#[test]
fn cancelling_lets_go_of_the_call_charges_it_once_and_keeps_what_was_said() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Once_upon
            cancel
            hear text 0 late
            end
            cancel
            show items
            .ask user go_on
            .plan azure
            show prompt
        ",
        expect![[r#"
            > cancel
                stop call 1
                append after 4 durable
                  call 1 ended cancelled, used ~2+3
                  run ended cancelled
                  line: call 1 at azure ~2+3
                5: output 0 incomplete: assistant: Once upon
                6: run cancelled, used ~2+3
            > hear text 0 late
            > end
            > cancel
                rejected: response `resp_0000000000000000000000000000000a00000001` has ended (cancelled) and cannot be cancelled
            > show items
                1 user: hello
                2 assistant: Once upon (incomplete)
            > show prompt
                user: hello
                assistant: Once upon
                user: go_on
        "#]],
    );
}

#[test]
fn cancelling_before_the_plan_arrives_puts_the_run_on_record_as_cancelled() {
    check(
        r"
            ask user hello
            cancel
            plan azure
        ",
        expect![[r#"
            > ask user hello
                plan run 1
            > cancel
                append after 0 durable
                  opened
                  run 1 started, items from 1: 1
                  run ended cancelled
                2: run started
                3: run cancelled, used nothing
            > plan azure
        "#]],
    );
}

#[test]
fn cancelling_between_two_calls_ends_the_run() {
    check(
        r"
            .ask user hello
            .plan azure
            .fault server
            cancel
            plan aws
        ",
        expect![[r#"
            > cancel
                append after 4 durable
                  run ended cancelled
                5: run cancelled, used nothing
            > plan aws
        "#]],
    );
}

#[test]
fn nothing_can_be_cancelled_where_nothing_ran() {
    check(
        r"
            cancel
        ",
        expect![[r#"
            > cancel
                rejected: response `resp_0000000000000000000000000000000a00000000` does not exist or was deleted
        "#]],
    );
}

#[test]
fn a_tool_call_of_a_run_that_broke_off_is_not_waited_for() {
    check(
        r"
            .ask user weather?
            .plan azure
            .hear think 0 | thought 0 hm | done 0 | call 1 c1 weather | args 1 {} | done 1
            cancel
            show items
            ask result c1 sunny
            ask user never mind
            plan azure
            show prompt
        ",
        expect![[r#"
            > cancel
                stop call 1
                append after 4 durable
                  call 1 ended cancelled, used ~2+1
                  run ended cancelled
                  line: call 1 at azure ~2+1
                6: run cancelled, used ~2+1
            > show items
                1 user: weather?
                2 thinks: hm
                3 call c1 weather{}
            > ask result c1 sunny
                rejected: no tool call with id `c1` in this conversation; its result was never asked for
            > ask user never mind
                plan run 2
            > plan azure
                append after 6 durable open
                  run 2 started, items from 4: 1
                  call 2 started at azure, 18 bytes
                7: run started
                call 2 to azure/gpt
            > show prompt
                user: weather?
                user: never mind
        "#]],
    );
}

#[test]
fn a_run_at_work_keeps_the_next_one_out() {
    check(
        r"
            .ask user hello
            ask user me too
            .plan azure
            ask user me too
            .hear message 0 | text 0 Hi | finish stop
            .end
            ask user me too
        ",
        expect![[r#"
            > ask user me too
                rejected: response `resp_0000000000000000000000000000000a00000001` is still at work in this conversation; wait for it or cancel it
            > ask user me too
                rejected: response `resp_0000000000000000000000000000000a00000001` is still at work in this conversation; wait for it or cancel it
            > ask user me too
                plan run 2
        "#]],
    );
}

#[test]
fn a_kept_run_is_taken_up_again_after_the_process_died() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Half_an
            kill
            recover
            plan azure
            show prompt
            .hear message 0 | text 0 Whole | finish stop | usage 5 1
            end
            show run 1
            show events 1
        ",
        expect![[r#"
            > kill
            > recover
                append after 4 durable open
                  recovered
                  call 1 ended lost, used ~2+2
                  line: call 1 at azure ~2+2
                6: output 0 incomplete: assistant: Half an
                plan run 1
            > plan azure
                append after 6 durable open
                  call 2 started at azure, 5 bytes
                call 2 to azure/gpt
            > show prompt
                user: hello
            > end
                append after 8 durable
                  call 2 ended whole, used 5+1
                  run ended completed (stop)
                  line: call 2 at azure 5+1
                9: output 1 completed: assistant: Whole
                10: run completed (stop), used ~7+3
            > show run 1
                completed (stop), used ~7+3
                in  1 user: hello
                out 2 assistant: Half an (incomplete)
                out 3 assistant: Whole
            > show events 1
                2: run started
                4: output 0 = item 2: message
                4: output 0 text "Half an"
                6: output 0 incomplete: assistant: Half an
                8: output 1 = item 3: message
                8: output 1 text "Whole"
                9: output 1 completed: assistant: Whole
                10: run completed (stop), used ~7+3
        "#]],
    );
}

#[test]
fn a_run_is_taken_up_again_a_bounded_number_of_times() {
    check(
        r"
            .ask user hello
            .plan azure
            .kill
            .recover
            .plan azure
            .kill
            .recover
            .plan azure
            .kill
            recover
            .plan azure
            .kill
            recover
            show run 1
        ",
        expect![[r#"
            > recover
                append after 9 durable open
                  recovered
                  call 3 ended lost, used ~2+0
                  line: call 3 at azure ~2+0
                plan run 1
            > recover
                append after 12 durable
                  recovered
                  call 4 ended lost, used ~2+0
                  run ended incomplete (interrupted)
                  line: call 4 at azure ~2+0
                15: run incomplete (interrupted), used ~8+0
            > show run 1
                incomplete (interrupted), used ~8+0
                in  1 user: hello
        "#]],
    );
}

#[test]
fn a_process_that_died_between_two_calls_charges_nothing_more() {
    check(
        r"
            .ask user hello
            .plan azure
            .fault server
            kill
            recover
        ",
        expect![[r#"
            > kill
            > recover
                append after 4 durable open
                  recovered
                plan run 1 not azure
        "#]],
    );
}

#[test]
fn a_chat_stream_that_said_something_is_not_taken_up_again() {
    check(
        r"
            .chat door
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Half
            kill
            recover
            show items
        ",
        expect![[r#"
            > kill
            > recover
                append after 4 durable
                  recovered
                  call 1 ended lost, used ~2+1
                  run ended incomplete (interrupted)
                  line: call 1 at azure ~2+1
                6: output 0 incomplete: assistant: Half
                7: run incomplete (interrupted), used ~2+1
            > show items
                1 user: hello
                2 assistant: Half (incomplete)
        "#]],
    );
}

#[test]
fn a_chat_stream_that_said_nothing_is_taken_up_again() {
    check(
        r"
            .chat door
            .ask user hello
            .plan azure
            kill
            recover
        ",
        expect![[r#"
            > kill
            > recover
                append after 3 durable open
                  recovered
                  call 1 ended lost, used ~2+0
                  line: call 1 at azure ~2+0
                plan run 1
        "#]],
    );
}

#[test]
fn recovery_finds_nothing_to_do_in_a_finished_session() {
    check(
        r"
            recover
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Hi | finish stop
            .end
            kill
            recover
        ",
        expect![[r#"
            > recover
            > kill
            > recover
        "#]],
    );
}

#[test]
fn a_session_that_is_not_kept_streams_without_writing_what_was_said() {
    check(
        r"
            .session not kept
            ask user hello
            plan azure
            hear message 0 | text 0 Good_
            hear text 0 day | finish stop | usage 7 2
            end
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
                3: output 0 = item 2: message
                3: output 0 text "Good "
            > hear text 0 day | finish stop | usage 7 2
                3: output 0 text "day"
            > end
                append after 3 durable
                  call 1 ended whole, used 7+2
                  run ended completed (stop)
                  line: call 1 at azure 7+2
                4: output 0 completed: assistant: Good day
                5: run completed (stop), used 7+2
        "#]],
    );
}

#[test]
fn a_session_that_is_not_kept_is_interrupted_by_a_crash_and_its_call_is_charged_for() {
    check(
        r"
            .session not kept
            .ask user hello
            .plan azure
            .hear message 0 | text 0 Good
            kill
            recover
        ",
        expect![[r#"
            > kill
            > recover
                append after 3 durable
                  recovered
                  call 1 ended lost, used ~2+0
                  run ended incomplete (interrupted)
                  line: call 1 at azure ~2+0
                6: run incomplete (interrupted), used ~2+0
        "#]],
    );
}

#[test]
fn what_a_cloud_reports_is_charged_and_what_it_does_not_is_estimated() {
    check(
        r"
            .ask user four tokens here
            .plan azure
            .hear message 0 | text 0 12345
            fault cut
            .plan aws
            .hear usage 4 0
            .hear message 0 | text 0 12345678
            .hear finish stop | usage 4 2
            end
            .ask user again
            .plan azure
            .hear usage 9 0 | message 0 | text 0 12345
            fault cut
            .plan azure
            fault timeout_connect
            .plan aws
            fault timeout_first_token
            .plan azure
            fault connect
            .plan aws
            .hear message 0 | text 0 ok | finish stop | usage 30 1
            end
        ",
        expect![[r#"
            > fault cut
                append after 4 durable open
                  call 1 ended cut, used ~4+2
                  line: call 1 at azure ~4+2
                5: output 0 incomplete: assistant: 12345
                plan run 1 not azure after cut
            > end
                append after 9 durable
                  call 2 ended whole, used 4+2
                  run ended completed (stop)
                  line: call 2 at aws 4+2
                10: output 1 completed: assistant: 12345678
                11: run completed (stop), used ~8+4
            > fault cut
                append after 14 durable open
                  call 3 ended cut, used ~9+2
                  line: call 3 at azure ~9+2
                15: output 0 incomplete: assistant: 12345
                plan run 2 not azure after cut
            > fault timeout_connect
                append after 16 durable open
                  call 4 ended timeout_connect, used nothing
                plan run 2 not azure not azure after timeout_connect
            > fault timeout_first_token
                append after 18 durable open
                  call 5 ended timeout_first_token, used ~8+0
                  line: call 5 at aws ~8+0
                plan run 2 not azure not azure not aws after timeout_first_token
            > fault connect
                append after 20 durable open
                  call 6 ended connect, used nothing
                plan run 2 not azure not azure not aws not azure after connect
            > end
                append after 23 durable
                  call 7 ended whole, used 30+1
                  run ended completed (stop)
                  line: call 7 at aws 30+1
                24: output 1 completed: assistant: ok
                25: run completed (stop), used ~47+3
        "#]],
    );
}

#[test]
fn words_for_an_item_that_never_began_are_journaled_and_shown_to_nobody() {
    check(
        r"
            .ask user hello
            .plan azure
            hear text 3 lost | done 3 | args 1 x
            hear message 0 | done 0 | text 0 after
            end
        ",
        expect![[r#"
            > hear text 3 lost | done 3 | args 1 x
                append after 3 open
                  heard 3 text "lost" | 3 done | 1 args "x"
            > hear message 0 | done 0 | text 0 after
                append after 4 open
                  heard 0 starts message | 0 done | 0 text "after"
                5: output 0 = item 2: message
                5: output 0 completed: assistant:
            > end
                append after 5 durable
                  call 1 ended whole, used ~2+3
                  run ended completed (stop)
                  line: call 1 at azure ~2+3
                7: run completed (stop), used ~2+3
        "#]],
    );
}

#[test]
fn inputs_that_belong_to_no_call_are_ignored() {
    check(
        r"
            hear text 0 hm
            end
            fault cut
            plan azure
            .ask user hello
            .plan azure
            plan aws
        ",
        expect![[r#"
            > hear text 0 hm
            > end
            > fault cut
            > plan azure
            > plan aws
        "#]],
    );
}

//! How runs end before their time: cancelled, crashed, not kept; and what is charged for each call.

use super::lines::check;
use expect_test::expect;

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
                7: items from 0 are produced anew
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
                7: items from 0 are produced anew
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
                append after 0 open
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

#[test]
fn a_crash_after_a_tool_call_that_nobody_was_asked_to_answer_leaves_no_wait() {
    check(
        r"
            .chat door
            .ask user weather?
            .plan azure
            .hear message 0 | text 0 Let_me_see. | done 0 | call 1 c1 weather | args 1 {} | done 1
            .kill
            .recover
            show run 1
            ask user and?
            plan azure
            show prompt
        ",
        expect![[r#"
            > show run 1
                incomplete (interrupted), used ~2+4
                in  1 user: weather?
                out 2 assistant: Let me see.
                out 3 call c1 weather{}
            > ask user and?
                plan run 2
            > plan azure
                append after 7 durable open
                  run 2 started, items from 4: 1
                  call 2 started at azure, 23 bytes
                8: run started
                call 2 to azure/gpt
            > show prompt
                user: weather?
                assistant: Let me see.
                user: and?
        "#]],
    );
}

#[test]
fn a_report_of_usage_covers_what_came_before_it() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear message 0 | text 0 12345 | usage 9 3
            fault server
            .plan aws
            .hear message 0 | usage 9 0 | text 0 12345 | finish stop
            end
        ",
        expect![[r#"
            > fault server
                append after 4 durable open
                  call 1 ended server, used 9+3
                  line: call 1 at azure 9+3
                5: output 0 incomplete: assistant: 12345
                plan run 1 not azure after server
            > end
                append after 7 durable
                  call 2 ended whole, used 9+0
                  run ended completed (stop)
                  line: call 2 at aws 9+0
                8: output 1 completed: assistant: 12345
                9: run completed (stop), used 18+3
        "#]],
    );
}

#[test]
fn a_cloud_that_spoke_before_it_failed_is_charged_for() {
    check(
        r"
            .ask user hello
            .plan azure
            .hear message 0 | text 0 12345
            fault server
            .plan azure
            .hear usage 7 0
            fault server
        ",
        expect![[r#"
            > fault server
                append after 4 durable open
                  call 1 ended server, used ~2+2
                  line: call 1 at azure ~2+2
                5: output 0 incomplete: assistant: 12345
                plan run 1 not azure after server
            > fault server
                append after 7 durable open
                  call 2 ended server, used 7+0
                  line: call 2 at azure 7+0
                plan run 1 not azure not azure after server
        "#]],
    );
}

#[test]
fn an_answer_cut_before_its_first_word_may_have_been_worked_on() {
    check(
        r"
            .ask user hello
            .plan azure
            fault cut
            .plan aws
            fault protocol
        ",
        expect![[r#"
            > fault cut
                append after 3 durable open
                  call 1 ended cut, used ~2+0
                  line: call 1 at azure ~2+0
                plan run 1 not azure after cut
            > fault protocol
                append after 5 durable open
                  call 2 ended protocol, used ~2+0
                  line: call 2 at aws ~2+0
                plan run 1 not azure not aws after protocol
        "#]],
    );
}

#[test]
fn what_one_cloud_has_no_words_for_does_not_hide_that_another_failed() {
    check(
        r"
            .ask user hello
            .plan azure
            .fault server
            .plan aws
            .fault unsupported
            refuse no_target
        ",
        expect![[r#"
            > refuse no_target
                append after 6 durable
                  nowhere to go of 0
                  run ended failed (upstream_failed)
                8: run failed (upstream_failed), used nothing
        "#]],
    );
}

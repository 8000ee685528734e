//! Who may do what: rights, promises and what lifts them, on books of a few lines.

use crate::rows::{check, check_each, small};
use expect_test::expect;

#[test]
fn the_owner_may_and_others_need_a_grant() {
    check(
        &small(
            r#"
            [[grant]]
            id = "licence"
            from = "lab"
            to = "cloud"
            actions = ["serve"]
            products = ["lab/chat"]
            channels = ["blue"]
            until = 2027-01-01
            "#,
        ),
        &[
            "lab serve lab/chat blue 2020-01-01",
            "cloud serve lab/chat blue 2025-12-31",
            "cloud serve lab/chat blue 2026-01-01",
            "cloud serve lab/chat blue 2026-12-31",
            "cloud serve lab/chat blue 2027-01-01",
            "cloud sell lab/chat blue 2026-06-01",
            "cloud serve lab/agent blue 2026-06-01",
            "cloud serve lab/chat red 2026-06-01",
            "rival serve lab/chat blue 2026-06-01",
        ],
        expect![[r#"
            lab serve lab/chat blue 2020-01-01
              permit
            cloud serve lab/chat blue 2025-12-31
              no_right
            cloud serve lab/chat blue 2026-01-01
              permit, until 2027-01-01
                licence grants
            cloud serve lab/chat blue 2026-12-31
              permit, until 2027-01-01
                licence grants
            cloud serve lab/chat blue 2027-01-01
              no_right
            cloud sell lab/chat blue 2026-06-01
              no_right
            cloud serve lab/agent blue 2026-06-01
              no_right
            cloud serve lab/chat red 2026-06-01
              no_right
            rival serve lab/chat blue 2026-06-01
              no_right
        "#]],
    );
}

#[test]
fn an_exclusive_binds_the_promisor_and_all_who_act_by_its_right() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            actions = ["serve"]
            products = ["lab/chat"]
            except = [{ channels = ["blue", "own"] }, { segments = ["public"] }]
            [[grant]]
            id = "rival-may"
            from = "lab"
            to = "rival"
            [[grant]]
            id = "cloud-may"
            from = "lab"
            to = "cloud"
            "#,
        ),
        &[
            "lab serve lab/chat red 2026-06-01",
            "lab serve lab/chat blue 2026-06-01",
            "lab sell lab/chat red 2026-06-01",
            "lab serve lab/chat red 2026-06-01 segment=public/schools",
            "rival serve lab/chat red 2026-06-01",
            "rival serve lab/agent red 2026-06-01",
            "cloud serve lab/chat red 2026-06-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              breach toward cloud
                claim forbids
            lab serve lab/chat blue 2026-06-01
              permit
                claim excepts
            lab sell lab/chat red 2026-06-01
              permit
            lab serve lab/chat red 2026-06-01 segment=public/schools
              permit
                claim excepts
            rival serve lab/chat red 2026-06-01
              breach toward cloud
                claim forbids
                rival-may grants
            rival serve lab/agent red 2026-06-01
              permit
                rival-may grants
            cloud serve lab/chat red 2026-06-01
              permit
                cloud-may grants
        "#]],
    );
}

#[test]
fn a_sole_claim_leaves_room_for_the_promisor_alone() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            sole = true
            [[grant]]
            id = "rival-may"
            from = "lab"
            to = "rival"
            "#,
        ),
        &["lab serve lab/chat red 2026-06-01", "rival serve lab/chat red 2026-06-01"],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              permit
            rival serve lab/chat red 2026-06-01
              breach toward cloud
                claim forbids
                rival-may grants
        "#]],
    );
}

#[test]
fn a_grant_to_one_never_cancels_a_promise_to_another() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            products = ["lab/agent"]
            classes = ["api"]
            [[grant]]
            id = "distribution"
            from = "lab"
            to = "rival"
            products = ["lab/agent"]
            channels = ["red"]
            "#,
        ),
        &[
            "rival sell lab/agent red 2026-06-01",
            "lab sell lab/agent red 2026-06-01",
            "lab sell lab/chat red 2026-06-01",
        ],
        expect![[r#"
            rival sell lab/agent red 2026-06-01
              contested on agent-is-api toward cloud
                claim forbids
                distribution grants
            lab sell lab/agent red 2026-06-01
              contested on agent-is-api toward cloud
                claim forbids
            lab sell lab/chat red 2026-06-01
              permit
        "#]],
    );
}

#[test]
fn leave_from_the_promisee_lifts_the_promise_when_it_is_narrower() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            [[grant]]
            id = "leave"
            from = "cloud"
            to = "lab"
            actions = ["serve"]
            products = ["lab/chat"]
            channels = ["red"]
            until = 2026-07-01
            [[grant]]
            id = "rival-may"
            from = "lab"
            to = "rival"
            "#,
        ),
        &[
            "lab serve lab/chat red 2026-06-01",
            "lab serve lab/chat red 2026-07-01",
            "lab sell lab/chat red 2026-06-01",
            "rival serve lab/chat red 2026-06-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              permit, until 2026-07-01
                leave grants
            lab serve lab/chat red 2026-07-01
              breach toward cloud
                claim forbids
            lab sell lab/chat red 2026-06-01
              breach toward cloud
                claim forbids
            rival serve lab/chat red 2026-06-01
              permit, until 2026-07-01
                rival-may grants
                leave excepts
        "#]],
    );
}

#[test]
fn a_chain_of_grants_needs_leave_to_pass_on_at_every_step_but_the_last() {
    let chain = |head| {
        let book = small(&format!(
            r#"
            [[grant]]
            id = "head"
            from = "lab"
            to = "cloud"
            {head}
            [[grant]]
            id = "middle"
            from = "cloud"
            to = "rival"
            [[grant]]
            id = "tail"
            from = "rival"
            to = "reseller"
            actions = ["sell"]
            "#
        ));
        (head, book)
    };
    check_each(
        &["", "depth = 0", "depth = 1", "actions = [\"sell\"]", "actions = [\"sell\", \"sublicense\"]"]
            .map(chain),
        &[
            "rival sell lab/chat red 2026-06-01",
            "reseller sell lab/chat red 2026-06-01",
            "cloud sublicense lab/chat red 2026-06-01",
        ],
        expect![[r#"
            with 
              rival sell lab/chat red 2026-06-01
                permit; head grants; middle grants
              reseller sell lab/chat red 2026-06-01
                permit; head grants; middle grants; tail grants
              cloud sublicense lab/chat red 2026-06-01
                permit; head grants
            with depth = 0
              rival sell lab/chat red 2026-06-01
                no_right
              reseller sell lab/chat red 2026-06-01
                no_right
              cloud sublicense lab/chat red 2026-06-01
                no_right
            with depth = 1
              rival sell lab/chat red 2026-06-01
                permit; head grants; middle grants
              reseller sell lab/chat red 2026-06-01
                no_right
              cloud sublicense lab/chat red 2026-06-01
                permit; head grants
            with actions = ["sell"]
              rival sell lab/chat red 2026-06-01
                no_right
              reseller sell lab/chat red 2026-06-01
                no_right
              cloud sublicense lab/chat red 2026-06-01
                no_right
            with actions = ["sell", "sublicense"]
              rival sell lab/chat red 2026-06-01
                permit; head grants; middle grants
              reseller sell lab/chat red 2026-06-01
                permit; head grants; middle grants; tail grants
              cloud sublicense lab/chat red 2026-06-01
                permit; head grants
        "#]],
    );
}

#[test]
fn a_promise_binds_down_the_chain_and_spares_who_acts_through_its_promisee() {
    check(
        &small(
            r#"
            [[grant]]
            id = "to-cloud"
            from = "lab"
            to = "cloud"
            [[grant]]
            id = "to-reseller"
            from = "cloud"
            to = "reseller"
            [[grant]]
            id = "to-rival"
            from = "lab"
            to = "rival"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            [[exclusive]]
            id = "cloud-stays-off-red"
            from = "cloud"
            to = "rival"
            channels = ["red"]
            "#,
        ),
        &[
            "reseller serve lab/chat blue 2026-06-01",
            "reseller serve lab/chat red 2026-06-01",
            "cloud serve lab/chat red 2026-06-01",
            "rival serve lab/chat red 2026-06-01",
        ],
        expect![[r#"
            reseller serve lab/chat blue 2026-06-01
              permit
                to-cloud grants
                to-reseller grants
            reseller serve lab/chat red 2026-06-01
              breach toward rival
                cloud-stays-off-red forbids
                to-cloud grants
                to-reseller grants
            cloud serve lab/chat red 2026-06-01
              breach toward rival
                cloud-stays-off-red forbids
                to-cloud grants
            rival serve lab/chat red 2026-06-01
              breach toward cloud
                claim forbids
                to-rival grants
        "#]],
    );
}

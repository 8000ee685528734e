//! What each word of a clause does to an answer, on books of a few lines.

use crate::rows::{check, files, loaded};
use abide_agreement::Book;
use expect_test::expect;

/// One owner, two clouds, one buyer of rights; the clauses are given.
fn book(clauses: &str) -> Book {
    let files = files(&format!(
        r#"
        book = "small"
        self = "lab"
        [[party]]
        id = "lab"
        [[party]]
        id = "cloud"
        [[party]]
        id = "rival"
        [[party]]
        id = "reseller"
        [[channel]]
        id = "own"
        operator = "lab"
        [[channel]]
        id = "blue"
        operator = "cloud"
        [[channel]]
        id = "red"
        operator = "rival"
        [[product]]
        id = "lab/chat"
        owner = "lab"
        classes = ["api"]
        [[product]]
        id = "lab/agent"
        owner = "lab"
        classes = [{{ class = "api", if = "agent-is-api" }}]
        [[segment]]
        id = "public/schools"
        [[segment]]
        id = "public/defence"
        [[territory]]
        id = "EU"
        members = ["DE", "FR"]
        [[question]]
        id = "agent-is-api"
        ask = "Is it?"
        positions = {{ cloud = true, lab = false }}
        [[question]]
        id = "other"
        ask = "Is something else so?"
        [[event]]
        id = "verified"
        ask = "Has it happened?"
        [[event]]
        id = "cannot_support"
        args = ["channel", "product"]
        ask = "Can it not?"
        --- one.toml
        instrument = "one"
        parties = ["lab", "cloud", "rival", "reseller"]
        signed = 2026-01-01
        {clauses}
        "#
    ));
    loaded(&files)
}

#[test]
fn the_owner_may_and_others_need_a_grant() {
    check(
        &book(
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

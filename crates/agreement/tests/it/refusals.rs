//! Rights of first refusal: offers, replies, lapses, and who is touched by them.

use crate::rows::{check, check_each, loaded, small_files};
use abide_agreement::Book;
use expect_test::expect;

const REFUSAL: &str = r#"
    [[refusal]]
    id = "rofr"
    from = "lab"
    to = "cloud"
    actions = ["serve", "host"]
    within = "30d"
    until = 2027-01-01
    [[grant]]
    id = "rival-may"
    from = "lab"
    to = "rival"
"#;

/// A book with the refusal, `more` clauses, and a fact for each row `EVENT on DAY [recorded DAY]`.
fn book(more: &str, facts: &[&str]) -> Book {
    let mut files = small_files(&format!("{REFUSAL}\n{more}"));
    for row in facts {
        let (event, days) = row.split_once(" on ").unwrap();
        let (on, recorded) = days.split_once(" recorded ").unwrap_or((days, days));
        files[0].text += &format!("[[fact]]\nevent = \"{event}\"\non = {on}\nrecorded = {recorded}\n");
    }
    loaded(&files)
}

const OFFERED: &str = "offered(lab, cloud, lab/agent) on 2026-03-01";

#[test]
fn dealing_with_others_without_an_offer_is_a_breach_toward_the_holder() {
    check(
        &book("", &[]),
        &[
            "lab serve lab/agent red 2026-02-01",
            "rival serve lab/agent red 2026-02-01",
            "rival sell lab/agent red 2026-02-01",
            "lab serve lab/agent red 2027-01-01",
        ],
        expect![[r#"
            lab serve lab/agent red 2026-02-01
              breach toward cloud, until 2027-01-01
                rofr forbids
            rival serve lab/agent red 2026-02-01
              breach toward cloud, until 2027-01-01
                rofr forbids
                rival-may grants
            rival sell lab/agent red 2026-02-01
              permit
                rival-may grants
            lab serve lab/agent red 2027-01-01
              permit
        "#]],
    );
}

#[test]
fn what_the_promisor_does_without_a_third_party_is_no_deal_to_be_offered() {
    check(
        &book("[[grant]]\nid = \"cloud-may\"\nfrom = \"lab\"\nto = \"cloud\"", &[]),
        &[
            "lab serve lab/agent own 2026-02-01",
            "lab serve lab/agent blue 2026-02-01",
            "cloud serve lab/agent red 2026-02-01",
            "rival serve lab/agent own 2026-02-01",
            "rival serve lab/agent blue 2026-02-01",
        ],
        expect![[r#"
            lab serve lab/agent own 2026-02-01
              permit
            lab serve lab/agent blue 2026-02-01
              permit
            cloud serve lab/agent red 2026-02-01
              permit
                cloud-may grants
            rival serve lab/agent own 2026-02-01
              breach toward cloud, until 2027-01-01
                rofr forbids
                rival-may grants
            rival serve lab/agent blue 2026-02-01
              breach toward cloud, until 2027-01-01
                rofr forbids
                rival-may grants
        "#]],
    );
}

#[test]
fn inside_the_window_it_hangs_on_the_reply_and_afterwards_on_nothing() {
    let replies = [
        ("no reply", None),
        ("acceptance", Some("accepted(cloud, lab, lab/agent) on 2026-03-10")),
        ("acceptance of something else", Some("accepted(cloud, lab, lab/chat) on 2026-03-10")),
        ("acceptance on the last day", Some("accepted(cloud, lab, lab/agent) on 2026-03-30")),
        ("acceptance too late", Some("accepted(cloud, lab, lab/agent) on 2026-03-31")),
        ("acceptance before the offer", Some("accepted(cloud, lab, lab/agent) on 2026-02-28")),
        ("declining", Some("declined(cloud, lab, lab/agent) on 2026-03-10")),
    ];
    let books = replies.map(|(heading, reply)| {
        let facts: Vec<_> = [OFFERED].into_iter().chain(reply).collect();
        (heading, book("", &facts))
    });
    check_each(
        &books,
        &["rival serve lab/agent red 2026-03-10", "rival serve lab/agent red 2026-04-01"],
        expect![[r#"
            with no reply
              rival serve lab/agent red 2026-03-10
                contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-31; rofr forbids; rival-may grants
              rival serve lab/agent red 2026-04-01
                permit; rival-may grants; rofr waives
            with acceptance
              rival serve lab/agent red 2026-03-10
                breach toward cloud, until 2027-01-01; rofr forbids; rival-may grants
              rival serve lab/agent red 2026-04-01
                breach toward cloud, until 2027-01-01; rofr forbids; rival-may grants
            with acceptance of something else
              rival serve lab/agent red 2026-03-10
                contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-31; rofr forbids; rival-may grants
              rival serve lab/agent red 2026-04-01
                permit; rival-may grants; rofr waives
            with acceptance on the last day
              rival serve lab/agent red 2026-03-10
                contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-31; rofr forbids; rival-may grants
              rival serve lab/agent red 2026-04-01
                breach toward cloud, until 2027-01-01; rofr forbids; rival-may grants
            with acceptance too late
              rival serve lab/agent red 2026-03-10
                contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-31; rofr forbids; rival-may grants
              rival serve lab/agent red 2026-04-01
                permit; rival-may grants; rofr waives
            with acceptance before the offer
              rival serve lab/agent red 2026-03-10
                contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-31; rofr forbids; rival-may grants
              rival serve lab/agent red 2026-04-01
                permit; rival-may grants; rofr waives
            with declining
              rival serve lab/agent red 2026-03-10
                permit; rival-may grants; rofr waives
              rival serve lab/agent red 2026-04-01
                permit; rival-may grants; rofr waives
        "#]],
    );
}

#[test]
fn a_new_offer_opens_the_matter_again() {
    let facts = [
        OFFERED,
        "declined(cloud, lab, lab/agent) on 2026-03-05",
        "offered(lab, cloud, lab) on 2026-06-01",
        "accepted(cloud, lab, lab) on 2026-06-20",
        "declined(cloud, lab, lab) on 2026-06-25",
    ];
    check(
        &book("", &facts),
        &[
            "lab host lab/agent red 2026-05-31",
            "lab host lab/agent red 2026-06-01",
            "lab host lab/agent red 2026-06-20",
            "lab host lab/agent red 2026-06-25",
            "lab host lab/agent red 2026-03-01 known=2026-04-01",
            "lab host lab/chat red 2026-05-31",
            "lab host lab/chat red 2026-06-01",
        ],
        expect![[r#"
            lab host lab/agent red 2026-05-31
              permit
                rofr waives
            lab host lab/agent red 2026-06-01
              contested on accepted(cloud, lab, lab) toward cloud, until 2026-07-01
                rofr forbids
            lab host lab/agent red 2026-06-20
              breach toward cloud, until 2027-01-01
                rofr forbids
            lab host lab/agent red 2026-06-25
              breach toward cloud, until 2027-01-01
                rofr forbids
            lab host lab/agent red 2026-03-01 known=2026-04-01
              contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-05
                rofr forbids
            lab host lab/chat red 2026-05-31
              breach toward cloud, until 2027-01-01
                rofr forbids
            lab host lab/chat red 2026-06-01
              contested on accepted(cloud, lab, lab) toward cloud, until 2026-07-01
                rofr forbids
        "#]],
    );
}

#[test]
fn what_was_not_yet_known_of_offers_and_replies_does_not_count() {
    let facts = [
        "offered(lab, cloud, lab/agent) on 2026-03-01 recorded 2026-03-10",
        "accepted(cloud, lab, lab/agent) on 2026-03-20 recorded 2026-04-20",
    ];
    check(
        &book("", &facts),
        &[
            "lab host lab/agent red 2026-03-05 known=2026-03-05",
            "lab host lab/agent red 2026-03-05 known=2026-03-10",
            "lab host lab/agent red 2026-04-10 known=2026-04-10",
            "lab host lab/agent red 2026-04-10 known=2026-04-20",
        ],
        expect![[r#"
            lab host lab/agent red 2026-03-05 known=2026-03-05
              breach toward cloud, until 2027-01-01
                rofr forbids
            lab host lab/agent red 2026-03-05 known=2026-03-10
              contested on accepted(cloud, lab, lab/agent) toward cloud, until 2026-03-31
                rofr forbids
            lab host lab/agent red 2026-04-10 known=2026-04-10
              permit
                rofr waives
            lab host lab/agent red 2026-04-10 known=2026-04-20
              breach toward cloud, until 2027-01-01
                rofr forbids
        "#]],
    );
}

#[test]
fn leave_conditions_and_carve_outs_lift_a_refusal_like_any_promise() {
    let leave = "[[grant]]\nid = \"leave\"\nfrom = \"cloud\"\nto = \"lab\"\nactions = [\"serve\"]\nproducts = [\"lab/agent\"]";
    let books = [
        ("unless", loaded(&small_files(&REFUSAL.replace("within", "unless = 'other'\nwithin")))),
        (
            "except",
            loaded(&small_files(&REFUSAL.replace("within", "except = [{ channels = [\"red\"] }]\nwithin"))),
        ),
        ("a class", loaded(&small_files(&REFUSAL.replace("within", "classes = [\"api\"]\nwithin")))),
        ("leave", book(leave, &[])),
    ];
    check_each(
        &books,
        &["rival serve lab/agent red 2026-02-01"],
        expect![[r#"
        with unless
          rival serve lab/agent red 2026-02-01
            contested on other toward cloud, until 2027-01-01; rofr forbids; rival-may grants
        with except
          rival serve lab/agent red 2026-02-01
            permit; rival-may grants; rofr excepts
        with a class
          rival serve lab/agent red 2026-02-01
            contested on agent-is-api toward cloud, until 2027-01-01; rofr forbids; rival-may grants
        with leave
          rival serve lab/agent red 2026-02-01
            permit; rival-may grants; leave excepts
    "#]],
    );
}

#[test]
fn two_refusals_that_hang_on_one_reply_hang_on_it_together() {
    let other = r#"
        [[refusal]]
        id = "shorter"
        from = "lab"
        to = "cloud"
        within = "10d"
        channels = ["red"]
        [[refusal]]
        id = "of-reseller"
        from = "lab"
        to = "reseller"
        within = "60d"
        channels = ["red"]
    "#;
    let facts = [OFFERED, "offered(lab, reseller, lab) on 2026-03-05"];
    check(
        &book(other, &facts),
        &[
            "rival serve lab/agent red 2026-03-01",
            "rival serve lab/agent red 2026-03-06",
            "rival serve lab/agent red 2026-03-20",
            "rival serve lab/agent red 2026-04-10",
            "rival serve lab/agent red 2026-06-10",
        ],
        expect![[r#"
            rival serve lab/agent red 2026-03-01
              breach toward reseller
                of-reseller forbids
                rival-may grants
            rival serve lab/agent red 2026-03-06
              contested on accepted(cloud, lab, lab/agent), accepted(reseller, lab, lab) toward cloud, reseller, until 2026-03-31
                rofr forbids
                shorter forbids
                of-reseller forbids
                rival-may grants
            rival serve lab/agent red 2026-03-20
              contested on accepted(cloud, lab, lab/agent), accepted(reseller, lab, lab) toward cloud, reseller, until 2026-03-31
                rofr forbids
                of-reseller forbids
                rival-may grants
            rival serve lab/agent red 2026-04-10
              contested on accepted(reseller, lab, lab) toward reseller, until 2026-05-04
                of-reseller forbids
                rival-may grants
            rival serve lab/agent red 2026-06-10
              permit
                rival-may grants
                rofr waives
                shorter waives
                of-reseller waives
        "#]],
    );
}

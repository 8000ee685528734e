//! What comes along with an act: what is owed of it, and the terms under which it is sold.

use crate::rows::{check, loaded, small_files};
use abide_agreement::Book;
use expect_test::expect;

const TERMS: &str = r#"
    [[grant]]
    id = "reseller-may"
    from = "lab"
    to = "reseller"
    until = 2028-01-01
    [[share]]
    id = "of-chat"
    from = "lab"
    to = "cloud"
    rate = "20%"
    of = { products = ["lab/chat"] }
    every = "quarter"
    [[guarantee]]
    id = "at-least"
    from = "lab"
    to = "cloud"
    over = ["of-chat"]
    every = "quarter"
    minimum = "75_000 USD"
    since = 2026-04-01
    until = 2027-01-01
    [[commit]]
    id = "rival-buys"
    from = "rival"
    to = "reseller"
    total = "1_000_000 USD"
    of = { channels = ["red"] }
    until = 2028-01-01
    [[split]]
    id = "waterfall"
    from = "reseller"
    every = "month"
    of = { products = ["lab/agent"] }
    steps = [{ to = "lab", rate = "70%" }, { to = "reseller", remainder = true }]
    [[parity]]
    id = "most-favoured"
    from = "reseller"
    to = "cloud"
    every = "quarter"
    against = [{ at_most = "1_000" }]
    if = 'other'
"#;

fn book() -> Book {
    loaded(&small_files(TERMS))
}

#[test]
fn a_guarantee_comes_along_where_a_share_it_is_over_does() {
    check(
        &book(),
        &[
            "lab serve lab/chat red 2026-02-01",
            "lab serve lab/chat red 2026-04-01",
            "lab serve lab/agent red 2026-04-01",
            "lab host lab/chat red 2026-04-01",
            "lab serve lab/chat red 2027-01-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-02-01
              permit, until 2026-04-01, counts toward of-chat
            lab serve lab/chat red 2026-04-01
              permit, until 2027-01-01, counts toward of-chat, at-least
            lab serve lab/agent red 2026-04-01
              permit
            lab host lab/chat red 2026-04-01
              permit
            lab serve lab/chat red 2027-01-01
              permit, counts toward of-chat
        "#]],
    );
}

#[test]
fn who_sells_does_so_under_its_splits_prices_and_commitments() {
    check(
        &book(),
        &[
            "reseller sell lab/agent red 2026-06-01",
            "reseller sell lab/agent red 2026-06-01 customer=rival",
            "reseller sell lab/agent red 2026-06-01 customer=rival/west",
            "reseller sell lab/agent red 2026-06-01 customer=rivals",
            "reseller sell lab/agent blue 2026-06-01 customer=rival",
            "reseller sell lab/chat red 2026-06-01",
            "lab sell lab/agent red 2026-06-01 customer=rival",
            "reseller sell lab/agent red 2028-01-01 customer=rival",
        ],
        expect![[r#"
            reseller sell lab/agent red 2026-06-01
              permit, until 2028-01-01, counts toward waterfall, most-favoured
                reseller-may grants
            reseller sell lab/agent red 2026-06-01 customer=rival
              permit, until 2028-01-01, counts toward rival-buys, waterfall, most-favoured
                reseller-may grants
            reseller sell lab/agent red 2026-06-01 customer=rival/west
              permit, until 2028-01-01, counts toward rival-buys, waterfall, most-favoured
                reseller-may grants
            reseller sell lab/agent red 2026-06-01 customer=rivals
              permit, until 2028-01-01, counts toward waterfall, most-favoured
                reseller-may grants
            reseller sell lab/agent blue 2026-06-01 customer=rival
              permit, until 2028-01-01, counts toward waterfall, most-favoured
                reseller-may grants
            reseller sell lab/chat red 2026-06-01
              permit, until 2027-01-01, counts toward of-chat, at-least, most-favoured
                reseller-may grants
            lab sell lab/agent red 2026-06-01 customer=rival
              permit
            reseller sell lab/agent red 2028-01-01 customer=rival
              no_right
        "#]],
    );
}

#[test]
fn what_hangs_on_a_question_counts_unless_no_answer_makes_it() {
    let with = |condition: &str| loaded(&small_files(&TERMS.replace("if = 'other'", condition)));
    for (condition, counts) in [
        ("if = 'other'", true),
        ("if = 'other and not other'", false),
        ("unless = 'other or not other'", false),
        (r#"if = 'spend(lab, blue) > "5 USD" and spend(lab, blue) < "4 USD"'"#, false),
        (r#"if = 'spend(lab, blue) > "4 USD" and spend(lab, blue) < "5 USD"'"#, true),
    ] {
        let book = with(condition);
        let decision = book.decide(&crate::rows::ask(&book, "reseller sell lab/chat red 2026-06-01"));
        let named = decision.duties.iter().any(|clause| clause.as_str() == "most-favoured");
        assert_eq!(named, counts, "{condition}");
    }
}

#[test]
fn a_right_that_comes_another_way_changes_who_owes() {
    let book = loaded(&small_files(
        r#"
        [[grant]]
        id = "lab-to-rival"
        from = "lab"
        to = "rival"
        [[grant]]
        id = "lab-to-reseller"
        from = "lab"
        to = "reseller"
        [[grant]]
        id = "reseller-to-rival"
        from = "reseller"
        to = "rival"
        since = 2026-06-01
        until = 2026-09-01
        [[share]]
        id = "of-reseller"
        from = "reseller"
        to = "cloud"
        rate = "20%"
        every = "quarter"
        "#,
    ));
    check(
        &book,
        &[
            "rival sell lab/chat red 2026-05-01",
            "rival sell lab/chat red 2026-06-01",
            "rival sell lab/chat red 2026-09-01",
        ],
        expect![[r#"
            rival sell lab/chat red 2026-05-01
              permit, until 2026-06-01
                lab-to-rival grants
            rival sell lab/chat red 2026-06-01
              permit, until 2026-09-01, counts toward of-reseller
                lab-to-rival grants
                lab-to-reseller grants
                reseller-to-rival grants
            rival sell lab/chat red 2026-09-01
              permit
                lab-to-rival grants
        "#]],
    );
}

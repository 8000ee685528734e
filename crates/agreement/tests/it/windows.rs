//! Windows in time and customers in groups: holdbacks, carve-outs by place and class, chains that must cover the ask at
//! every step, and what was known of all that.

use crate::rows::{check, check_each, loaded, small, small_files};
use expect_test::expect;

#[test]
fn a_holdback_keeps_others_out_for_so_long_after_the_launch() {
    let mut files = small_files(
        r#"
        [[exclusive]]
        id = "holdback"
        from = "lab"
        to = "cloud"
        actions = ["serve", "sell", "launch"]
        if = 'launched(product, blue)'
        unless = 'after(launched(product, blue), "90d")'
        [[exclusive]]
        id = "summer"
        from = "lab"
        to = "rival"
        products = ["lab/agent"]
        actions = ["host"]
        since = 2026-06-01
        until = 2026-09-01
        "#,
    );
    files[0].text +=
        "[[fact]]\nevent = \"launched(lab/chat, blue)\"\non = 2026-03-01\nrecorded = 2026-03-20\n";
    check(
        &loaded(&files),
        &[
            "lab serve lab/chat red 2026-02-28 known=2026-04-01",
            "lab serve lab/chat red 2026-03-01 known=2026-03-19",
            "lab serve lab/chat red 2026-03-01 known=2026-03-20",
            "lab serve lab/chat red 2026-05-29",
            "lab serve lab/chat red 2026-05-30",
            "lab serve lab/agent red 2026-04-01",
            "lab host lab/agent own 2026-05-31",
            "lab host lab/agent own 2026-06-01",
            "lab host lab/agent own 2026-09-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-02-28 known=2026-04-01
              permit, until 2026-03-01
            lab serve lab/chat red 2026-03-01 known=2026-03-19
              permit
            lab serve lab/chat red 2026-03-01 known=2026-03-20
              breach toward cloud, until 2026-05-30
                holdback forbids
            lab serve lab/chat red 2026-05-29
              breach toward cloud, until 2026-05-30
                holdback forbids
            lab serve lab/chat red 2026-05-30
              permit
                holdback waives
            lab serve lab/agent red 2026-04-01
              permit
            lab host lab/agent own 2026-05-31
              permit, until 2026-06-01
            lab host lab/agent own 2026-06-01
              breach toward rival, until 2026-09-01
                summer forbids
            lab host lab/agent own 2026-09-01
              permit
        "#]],
    );
}

#[test]
fn a_carve_out_by_place_or_group_spares_only_customers_who_are_known_to_be_in_it() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            except = [{ territories = ["EU"], segments = ["public"] }, { territories = ["GB"], actions = ["serve"] }]
            "#,
        ),
        &[
            "lab serve lab/chat red 2026-06-01",
            "lab serve lab/chat red 2026-06-01 country=DE",
            "lab serve lab/chat red 2026-06-01 country=DE segment=public/defence",
            "lab serve lab/chat red 2026-06-01 country=GB",
            "lab sell lab/chat red 2026-06-01 country=GB segment=public/defence",
            "lab sell lab/chat red 2026-06-01 country=JP segment=public/defence",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              breach toward cloud
                claim forbids
            lab serve lab/chat red 2026-06-01 country=DE
              breach toward cloud
                claim forbids
            lab serve lab/chat red 2026-06-01 country=DE segment=public/defence
              permit
                claim excepts
            lab serve lab/chat red 2026-06-01 country=GB
              permit
                claim excepts
            lab sell lab/chat red 2026-06-01 country=GB segment=public/defence
              breach toward cloud
                claim forbids
            lab sell lab/chat red 2026-06-01 country=JP segment=public/defence
              breach toward cloud
                claim forbids
        "#]],
    );
}

#[test]
fn a_carve_out_by_a_contested_class_leaves_the_answer_contested() {
    let with = |scope: &'static str| {
        let clause = "[[exclusive]]\nid = \"claim\"\nfrom = \"lab\"\nto = \"cloud\"\n";
        (scope, small(&format!("{clause}{scope}")))
    };
    let scopes = [
        r#"classes = ["api"]"#,
        r#"except = [{ classes = ["api"] }]"#,
        r#"except = [{ classes = ["api"], channels = ["red"] }, { channels = ["own"] }]"#,
        "classes = [\"api\"]\nexcept = [{ classes = [\"api\"] }]",
    ];
    check_each(
        &scopes.map(with),
        &["lab serve lab/agent red 2026-06-01", "lab serve lab/agent own 2026-06-01"],
        expect![[r#"
            with classes = ["api"]
              lab serve lab/agent red 2026-06-01
                contested on agent-is-api toward cloud; claim forbids
              lab serve lab/agent own 2026-06-01
                contested on agent-is-api toward cloud; claim forbids
            with except = [{ classes = ["api"] }]
              lab serve lab/agent red 2026-06-01
                contested on agent-is-api toward cloud; claim forbids
              lab serve lab/agent own 2026-06-01
                contested on agent-is-api toward cloud; claim forbids
            with except = [{ classes = ["api"], channels = ["red"] }, { channels = ["own"] }]
              lab serve lab/agent red 2026-06-01
                contested on agent-is-api toward cloud; claim forbids
              lab serve lab/agent own 2026-06-01
                permit; claim excepts
            with classes = ["api"]
            except = [{ classes = ["api"] }]
              lab serve lab/agent red 2026-06-01
                permit
              lab serve lab/agent own 2026-06-01
                permit
        "#]],
    );
}

#[test]
fn every_step_of_a_chain_covers_the_customer_and_may_be_passed_on_for_it() {
    let book = |head: &'static str| {
        let clauses = format!(
            "[[grant]]\nid = \"head\"\nfrom = \"lab\"\nto = \"cloud\"\n{head}
            [[grant]]\nid = \"tail\"\nfrom = \"cloud\"\nto = \"rival\"\nsegments = [\"public\"]\nuntil = 2027-01-01\n"
        );
        (head, small(&clauses))
    };
    let heads = [
        "until = 2026-09-01",
        r#"territories = ["EU"]"#,
        r#"except = [{ actions = ["sublicense"], segments = ["public/schools"] }]"#,
        r#"except = [{ actions = ["serve"], segments = ["public/schools"] }]"#,
        r#"actions = ["serve"]"#,
        "depth = 0",
    ];
    check_each(
        &heads.map(book),
        &[
            "rival serve lab/chat red 2026-06-01 country=DE segment=public/schools",
            "rival serve lab/chat red 2026-06-01 segment=public/defence",
        ],
        expect![[r#"
            with until = 2026-09-01
              rival serve lab/chat red 2026-06-01 country=DE segment=public/schools
                permit, until 2026-09-01; head grants; tail grants
              rival serve lab/chat red 2026-06-01 segment=public/defence
                permit, until 2026-09-01; head grants; tail grants
            with territories = ["EU"]
              rival serve lab/chat red 2026-06-01 country=DE segment=public/schools
                permit, until 2027-01-01; head grants; tail grants
              rival serve lab/chat red 2026-06-01 segment=public/defence
                no_right
            with except = [{ actions = ["sublicense"], segments = ["public/schools"] }]
              rival serve lab/chat red 2026-06-01 country=DE segment=public/schools
                no_right
              rival serve lab/chat red 2026-06-01 segment=public/defence
                permit, until 2027-01-01; head grants; tail grants
            with except = [{ actions = ["serve"], segments = ["public/schools"] }]
              rival serve lab/chat red 2026-06-01 country=DE segment=public/schools
                no_right
              rival serve lab/chat red 2026-06-01 segment=public/defence
                permit, until 2027-01-01; head grants; tail grants
            with actions = ["serve"]
              rival serve lab/chat red 2026-06-01 country=DE segment=public/schools
                no_right
              rival serve lab/chat red 2026-06-01 segment=public/defence
                no_right
            with depth = 0
              rival serve lab/chat red 2026-06-01 country=DE segment=public/schools
                no_right
              rival serve lab/chat red 2026-06-01 segment=public/defence
                no_right
        "#]],
    );
}

#[test]
fn a_sole_claim_of_a_licensee_binds_those_it_licenses_and_not_itself() {
    check(
        &small(
            r#"
            [[grant]]
            id = "head"
            from = "lab"
            to = "cloud"
            [[grant]]
            id = "tail"
            from = "cloud"
            to = "reseller"
            [[exclusive]]
            id = "sole"
            from = "cloud"
            to = "rival"
            sole = true
            "#,
        ),
        &[
            "cloud serve lab/chat red 2026-06-01",
            "reseller serve lab/chat red 2026-06-01",
            "lab serve lab/chat red 2026-06-01",
        ],
        expect![[r#"
            cloud serve lab/chat red 2026-06-01
              permit
                head grants
            reseller serve lab/chat red 2026-06-01
              breach toward rival
                sole forbids
                head grants
                tail grants
            lab serve lab/chat red 2026-06-01
              permit
        "#]],
    );
}

#[test]
fn what_an_amendment_takes_back_ends_when_it_takes_effect_once_it_is_signed() {
    let mut files = small_files("[[exclusive]]\nid = \"claim\"\nfrom = \"lab\"\nto = \"cloud\"\n");
    let mut amendment = files[1].clone();
    amendment.path = "two.toml".to_owned();
    amendment.text =
        "instrument = \"one\"\namendment = 1\nparties = [\"lab\", \"cloud\"]\nsigned = 2026-04-01\n\
                      effective = 2026-05-01\nsupersedes = [\"claim\"]\n"
            .to_owned();
    files.push(amendment);
    check(
        &loaded(&files),
        &[
            "lab serve lab/chat red 2026-03-01",
            "lab serve lab/chat red 2026-03-01 known=2026-04-01",
            "lab serve lab/chat red 2026-05-01 known=2026-03-31",
            "lab serve lab/chat red 2026-05-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-03-01
              breach toward cloud
                claim forbids
            lab serve lab/chat red 2026-03-01 known=2026-04-01
              breach toward cloud, until 2026-05-01
                claim forbids
            lab serve lab/chat red 2026-05-01 known=2026-03-31
              breach toward cloud
                claim forbids
            lab serve lab/chat red 2026-05-01
              permit
        "#]],
    );
}

#[test]
fn what_an_amendment_takes_back_holds_until_the_amendment_is_known() {
    let mut files = small_files("[[exclusive]]\nid = \"claim\"\nfrom = \"lab\"\nto = \"cloud\"\n");
    let mut amendment = files[1].clone();
    amendment.path = "two.toml".to_owned();
    amendment.text =
        "instrument = \"one\"\namendment = 1\nparties = [\"lab\", \"cloud\", \"rival\"]\nsigned = 2026-03-01\n\
         known = 2026-05-01\nsupersedes = [\"claim\"]\n[[exclusive]]\nid = \"next\"\nfrom = \"lab\"\nto = \"rival\"\n"
            .to_owned();
    files.push(amendment);
    check(
        &loaded(&files),
        &[
            "lab serve lab/chat own 2026-04-01",
            "lab serve lab/chat own 2026-04-01 known=2026-05-01",
            "lab serve lab/chat own 2026-05-01",
        ],
        expect![[r#"
            lab serve lab/chat own 2026-04-01
              breach toward cloud
                claim forbids
            lab serve lab/chat own 2026-04-01 known=2026-05-01
              breach toward rival
                next forbids
            lab serve lab/chat own 2026-05-01
              breach toward rival
                next forbids
        "#]],
    );
}

//! Measured amounts in conditions: what facts report, and what hangs on it while nobody did.

use crate::rows::{ask, check, check_each, loaded, small_files};
use abide_agreement::Book;
use expect_test::expect;

/// A claim of the cloud that hangs on `condition`, with a fact for each row `MEASURE AMOUNT on DAY [recorded DAY]`.
fn book(condition: &str, facts: &[(&str, &str, &str)]) -> Book {
    let mut files = small_files(&format!(
        "[[exclusive]]\nid = \"claim\"\nfrom = \"lab\"\nto = \"cloud\"\nif = '{condition}'\n"
    ));
    for (measure, amount, days) in facts {
        let (on, recorded) = days.split_once(" recorded ").unwrap_or((days, days));
        files[0].text += &format!(
            "[[fact]]\nmeasure = \"{measure}\"\namount = \"{amount}\"\non = {on}\nrecorded = {recorded}\n"
        );
    }
    loaded(&files)
}

#[test]
fn an_amount_is_open_before_its_first_report_and_the_latest_report_counts() {
    let facts = [
        ("spend(lab, blue)", "100 USD", "2026-03-01"),
        ("spend(lab, blue)", "250 USD", "2026-06-01 recorded 2026-07-01"),
        ("spend(lab, blue)", "90 USD", "2026-09-01"),
    ];
    check(
        &book(r#"spend(lab, blue) >= "250 USD""#, &facts),
        &[
            "lab serve lab/chat red 2026-02-01",
            "lab serve lab/chat red 2026-02-01 known=2026-12-01",
            "lab serve lab/chat red 2026-03-01",
            "lab serve lab/chat red 2026-06-15",
            "lab serve lab/chat red 2026-06-15 known=2026-07-01",
            "lab serve lab/chat red 2026-09-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-02-01
              contested on spend(lab, blue) toward cloud
                claim forbids
            lab serve lab/chat red 2026-02-01 known=2026-12-01
              contested on spend(lab, blue) toward cloud, until 2026-03-01
                claim forbids
            lab serve lab/chat red 2026-03-01
              permit
            lab serve lab/chat red 2026-06-15
              permit
            lab serve lab/chat red 2026-06-15 known=2026-07-01
              breach toward cloud
                claim forbids
            lab serve lab/chat red 2026-09-01
              permit
        "#]],
    );
}

#[test]
fn a_report_of_the_same_day_that_came_later_puts_the_earlier_one_right() {
    let facts = [
        ("revenue(lab)", "10 USD", "2026-03-01 recorded 2026-03-02"),
        ("revenue(lab)", "5 USD", "2026-03-01 recorded 2026-05-01"),
    ];
    check(
        &book(r#"revenue(lab) > "9.99 USD""#, &facts),
        &["lab serve lab/chat red 2026-04-01", "lab serve lab/chat red 2026-04-01 known=2026-05-01"],
        expect![[r#"
            lab serve lab/chat red 2026-04-01
              breach toward cloud
                claim forbids
            lab serve lab/chat red 2026-04-01 known=2026-05-01
              permit
        "#]],
    );
}

#[test]
fn each_way_of_comparing_means_what_it_says_at_the_amount_itself() {
    let compared = |order: &'static str| {
        (
            order,
            book(
                &format!(r#"revenue(lab, lab/chat) {order} "5 USD""#),
                &[("revenue(lab, lab/chat)", "5.00 USD", "2026-01-01")],
            ),
        )
    };
    check_each(
        &[">=", ">", "<=", "<"].map(compared),
        &["lab serve lab/chat red 2026-02-01"],
        expect![[r#"
            with >=
              lab serve lab/chat red 2026-02-01
                breach toward cloud; claim forbids
            with >
              lab serve lab/chat red 2026-02-01
                permit
            with <=
              lab serve lab/chat red 2026-02-01
                breach toward cloud; claim forbids
            with <
              lab serve lab/chat red 2026-02-01
                permit
        "#]],
    );
}

#[test]
fn a_measure_is_named_once_and_no_amount_is_thought_both_large_and_small() {
    let conditions = [
        r#"spend(lab, cloud) >= "100 USD""#,
        r#"spend(lab, cloud) >= "100 USD" or spend(lab, cloud) < "200 USD""#,
        r#"spend(lab, cloud) >= "200 USD" and spend(lab, cloud) < "100 USD""#,
        r#"spend(lab, cloud) >= "100 USD" and spend(lab, cloud) <= "100 USD" and other"#,
        r#"spend(lab, cloud) > "100 USD" and revenue(lab, blue) <= "7 EUR""#,
    ];
    check_each(
        &conditions.map(|condition| (condition, book(condition, &[]))),
        &["lab serve lab/chat red 2026-02-01"],
        expect![[r#"
            with spend(lab, cloud) >= "100 USD"
              lab serve lab/chat red 2026-02-01
                contested on spend(lab, cloud) toward cloud; claim forbids
            with spend(lab, cloud) >= "100 USD" or spend(lab, cloud) < "200 USD"
              lab serve lab/chat red 2026-02-01
                breach toward cloud; claim forbids
            with spend(lab, cloud) >= "200 USD" and spend(lab, cloud) < "100 USD"
              lab serve lab/chat red 2026-02-01
                permit
            with spend(lab, cloud) >= "100 USD" and spend(lab, cloud) <= "100 USD" and other
              lab serve lab/chat red 2026-02-01
                contested on other, spend(lab, cloud) toward cloud; claim forbids
            with spend(lab, cloud) > "100 USD" and revenue(lab, blue) <= "7 EUR"
              lab serve lab/chat red 2026-02-01
                contested on spend(lab, cloud), revenue(lab, blue) toward cloud; claim forbids
        "#]],
    );
}

#[test]
fn a_share_that_hangs_on_an_amount_counts_from_the_report_on() {
    let mut files = small_files(
        r#"
        [[share]]
        id = "early"
        from = "lab"
        to = "cloud"
        rate = "20%"
        every = "month"
        unless = 'revenue(lab) >= "1_000 USD"'
        "#,
    );
    files[0].text += "[[fact]]\nmeasure = \"revenue(lab)\"\namount = \"400 USD\"\non = 2026-02-01\n";
    files[0].text += "[[fact]]\nmeasure = \"revenue(lab)\"\namount = \"1_000 USD\"\non = 2026-05-01\n";
    let book = loaded(&files);
    check(
        &book,
        &[
            "lab serve lab/chat red 2026-01-15 known=2026-12-01",
            "lab serve lab/chat red 2026-03-01 known=2026-12-01",
            "lab serve lab/chat red 2026-05-01",
        ],
        expect![[r#"
            lab serve lab/chat red 2026-01-15 known=2026-12-01
              permit, until 2026-05-01, counts toward early
            lab serve lab/chat red 2026-03-01 known=2026-12-01
              permit, until 2026-05-01, counts toward early
            lab serve lab/chat red 2026-05-01
              permit
        "#]],
    );
    let known = ask(&book, "lab serve lab/chat red 2026-12-01").at;
    let until: Vec<_> =
        book.shares(known).iter().map(|share| share.until.map(|day| day.to_string())).collect();
    assert_eq!(until, [Some("2026-05-01".to_owned())]);
}

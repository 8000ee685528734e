//! What hangs on questions, facts, days and customers, on books of a few lines.

use crate::rows::{ask, check, check_each, loaded, small, small_files};
use abide_model::decision::Verdict;
use expect_test::expect;

#[test]
fn only_questions_that_flip_the_answer_are_named() {
    let hangs_on = |condition| {
        let book = small(&format!(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            products = ["lab/chat"]
            if = '{condition}'
            "#
        ));
        (condition, book)
    };
    let conditions = [
        "other",
        "other or not other",
        "other and not other",
        "other and (agent-is-api or not agent-is-api)",
        "other or agent-is-api",
        "other and verified",
    ];
    check_each(
        &conditions.map(hangs_on),
        &["lab serve lab/chat red 2026-06-01"],
        expect![[r#"
            with other
              lab serve lab/chat red 2026-06-01
                contested on other toward cloud; claim forbids
            with other or not other
              lab serve lab/chat red 2026-06-01
                breach toward cloud; claim forbids
            with other and not other
              lab serve lab/chat red 2026-06-01
                permit
            with other and (agent-is-api or not agent-is-api)
              lab serve lab/chat red 2026-06-01
                contested on other toward cloud; claim forbids
            with other or agent-is-api
              lab serve lab/chat red 2026-06-01
                contested on agent-is-api, other toward cloud; claim forbids
            with other and verified
              lab serve lab/chat red 2026-06-01
                permit
        "#]],
    );
}

#[test]
fn a_breach_that_is_certain_toward_one_is_not_called_open_for_another() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "certain"
            from = "lab"
            to = "cloud"
            [[exclusive]]
            id = "open"
            from = "lab"
            to = "rival"
            if = 'other'
            "#,
        ),
        &["lab serve lab/chat red 2026-06-01"],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              breach toward cloud
                certain forbids
        "#]],
    );
    check(
        &small(
            r#"
            [[exclusive]]
            id = "one-way"
            from = "lab"
            to = "cloud"
            if = 'other'
            [[exclusive]]
            id = "other-way"
            from = "lab"
            to = "rival"
            unless = 'other'
            "#,
        ),
        &["lab serve lab/chat red 2026-06-01"],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              breach toward cloud, rival
                one-way forbids
                other-way forbids
        "#]],
    );
}

#[test]
fn a_promise_that_holds_on_every_answer_forbids_like_one_that_hangs_on_none() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "certain"
            from = "lab"
            to = "cloud"
            [[exclusive]]
            id = "either-way"
            from = "lab"
            to = "rival"
            if = 'other or not other'
            [[exclusive]]
            id = "one-way"
            from = "lab"
            to = "reseller"
            if = 'other'
            [[exclusive]]
            id = "once-more"
            from = "lab"
            to = "cloud"
            since = 2026-08-01
            until = 2026-10-01
            "#,
        ),
        &["lab serve lab/chat red 2026-06-01"],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              breach toward cloud, rival
                certain forbids
                either-way forbids
        "#]],
    );
}

#[test]
fn who_gives_a_right_that_is_open_binds_for_certain_only_where_it_gives_it() {
    let mut files = small_files(
        r#"
        [[grant]]
        id = "straight"
        from = "lab"
        to = "reseller"
        [[grant]]
        id = "round"
        from = "lab"
        to = "rival"
        if = 'other'
        [[grant]]
        id = "about"
        from = "rival"
        to = "reseller"
        [[exclusive]]
        id = "of-lab"
        from = "lab"
        to = "cloud"
        [[exclusive]]
        id = "once-more"
        from = "lab"
        to = "cloud"
        since = 2026-08-01
        until = 2026-10-01
        --- two.toml
        instrument = "two"
        parties = ["rival", "fifth"]
        signed = 2026-01-01
        [[exclusive]]
        id = "of-rival"
        from = "rival"
        to = "fifth"
        "#,
    );
    files[0].text += "[[party]]\nid = \"fifth\"\n";
    let book = loaded(&files);
    check(
        &book,
        &["reseller serve lab/chat red 2026-06-01"],
        expect![[r#"
        reseller serve lab/chat red 2026-06-01
          breach toward cloud
            of-lab forbids
            straight grants
            round grants
            about grants
    "#]],
    );
}

#[test]
fn what_binds_nobody_on_the_way_is_not_said_to_be_lifted() {
    let book = loaded(&small_files(
        r#"
        [[grant]]
        id = "straight"
        from = "lab"
        to = "reseller"
        [[grant]]
        id = "about"
        from = "rival"
        to = "reseller"
        [[exclusive]]
        id = "of-lab"
        from = "lab"
        to = "cloud"
        except = [{ channels = ["red"] }]
        [[exclusive]]
        id = "of-rival"
        from = "rival"
        to = "cloud"
        except = [{ channels = ["red"] }]
        "#,
    ));
    check(
        &book,
        &["reseller serve lab/chat red 2026-06-01"],
        expect![[r#"
            reseller serve lab/chat red 2026-06-01
              permit
                straight grants
                of-lab excepts
        "#]],
    );
}

#[test]
fn an_answer_ends_where_it_comes_to_hang_on_something_else() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "first-half"
            from = "lab"
            to = "cloud"
            until = 2026-08-01
            if = 'other'
            [[exclusive]]
            id = "second-half"
            from = "lab"
            to = "cloud"
            since = 2026-08-01
            if = 'agent-is-api'
            "#,
        ),
        &["lab serve lab/chat red 2026-06-01"],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              contested on other toward cloud, until 2026-08-01
                first-half forbids
        "#]],
    );
}

#[test]
fn one_more_promise_may_settle_toward_whom_it_is_a_breach() {
    check(
        &small(
            r#"
            [[exclusive]]
            id = "plain-to-cloud"
            from = "lab"
            to = "cloud"
            until = 2026-08-01
            [[exclusive]]
            id = "plain-to-rival"
            from = "lab"
            to = "rival"
            until = 2026-08-01
            [[exclusive]]
            id = "one-way"
            from = "lab"
            to = "cloud"
            since = 2026-07-01
            if = 'other'
            [[exclusive]]
            id = "other-way"
            from = "lab"
            to = "rival"
            since = 2026-07-01
            unless = 'other'
            [[exclusive]]
            id = "once-more"
            from = "lab"
            to = "cloud"
            since = 2026-09-01
            "#,
        ),
        &["lab serve lab/chat red 2026-06-01", "lab serve lab/chat red 2026-09-01"],
        expect![[r#"
            lab serve lab/chat red 2026-06-01
              breach toward cloud, rival, until 2026-09-01
                plain-to-cloud forbids
                plain-to-rival forbids
            lab serve lab/chat red 2026-09-01
              breach toward cloud
                once-more forbids
        "#]],
    );
}

#[test]
fn a_right_that_hangs_on_a_question_is_contested_toward_nobody() {
    check(
        &small(
            r#"
            [[grant]]
            id = "licence"
            from = "lab"
            to = "cloud"
            classes = ["api"]
            "#,
        ),
        &["cloud serve lab/agent blue 2026-06-01", "cloud serve lab/chat blue 2026-06-01"],
        expect![[r#"
            cloud serve lab/agent blue 2026-06-01
              contested on agent-is-api
                licence grants
            cloud serve lab/chat blue 2026-06-01
              permit
                licence grants
        "#]],
    );
}

#[test]
fn an_answer_to_a_question_counts_from_the_day_it_is_known_for_every_day() {
    let mut with_answer = small_files(
        r#"
        [[exclusive]]
        id = "claim"
        from = "lab"
        to = "cloud"
        classes = ["api"]
        "#,
    );
    with_answer[0].text +=
        "[[fact]]\nquestion = \"agent-is-api\"\nanswer = true\non = 2026-08-01\nrecorded = 2026-09-01\n";
    check(
        &loaded(&with_answer),
        &[
            "lab serve lab/agent red 2026-06-01",
            "lab serve lab/agent red 2026-08-15",
            "lab serve lab/agent red 2026-06-01 known=2026-09-01",
        ],
        expect![[r#"
            lab serve lab/agent red 2026-06-01
              contested on agent-is-api toward cloud
                claim forbids
            lab serve lab/agent red 2026-08-15
              contested on agent-is-api toward cloud
                claim forbids
            lab serve lab/agent red 2026-06-01 known=2026-09-01
              breach toward cloud
                claim forbids
        "#]],
    );
}

#[test]
fn a_question_on_which_its_parties_agree_is_not_open() {
    let mut files = small_files(
        r#"
        [[exclusive]]
        id = "claim"
        from = "lab"
        to = "cloud"
        classes = ["api"]
        "#,
    );
    files[0].text = files[0].text.replace("cloud = true, lab = false", "cloud = false, lab = false");
    check(
        &loaded(&files),
        &["lab serve lab/agent red 2026-06-01"],
        expect![[r#"
        lab serve lab/agent red 2026-06-01
          permit
    "#]],
    );
}

#[test]
fn a_first_launch_waits_for_its_channel_and_the_lead() {
    let mut files = small_files(
        r#"
        [[first]]
        id = "blue-first"
        from = "lab"
        to = "cloud"
        channel = "blue"
        lead = "90d"
        unless = 'cannot_support(blue, product)'
        "#,
    );
    files[0].text +=
        "[[fact]]\nevent = \"launched(lab/chat, blue)\"\non = 2026-02-01\nrecorded = 2026-02-10\n";
    files[0].text += "[[fact]]\nevent = \"cannot_support(blue, lab/agent)\"\non = 2026-06-01\n";
    check(
        &loaded(&files),
        &[
            "lab launch lab/chat blue 2026-01-15",
            "lab launch lab/chat red 2026-01-15",
            "lab launch lab/chat red 2026-03-01",
            "lab launch lab/chat red 2026-05-02",
            "lab launch lab/chat red 2026-05-02 known=2026-02-09",
            "lab serve lab/chat red 2026-01-15",
            "lab launch lab/agent red 2026-05-31",
            "lab launch lab/agent red 2026-06-01",
        ],
        expect![[r#"
            lab launch lab/chat blue 2026-01-15
              permit
            lab launch lab/chat red 2026-01-15
              breach toward cloud
                blue-first forbids
            lab launch lab/chat red 2026-03-01
              breach toward cloud, until 2026-05-02
                blue-first forbids
            lab launch lab/chat red 2026-05-02
              permit
                blue-first waives
            lab launch lab/chat red 2026-05-02 known=2026-02-09
              breach toward cloud
                blue-first forbids
            lab serve lab/chat red 2026-01-15
              permit
            lab launch lab/agent red 2026-05-31
              breach toward cloud
                blue-first forbids
            lab launch lab/agent red 2026-06-01
              permit
                blue-first waives
        "#]],
    );
}

#[test]
fn conditions_follow_dates_and_delays() {
    let with = |condition| {
        let mut files = small_files(&format!(
            r#"
            [[exclusive]]
            id = "claim"
            from = "lab"
            to = "cloud"
            {condition}
            "#
        ));
        files[0].text += "[[fact]]\nevent = \"verified\"\non = 2026-03-01\n";
        (condition, loaded(&files))
    };
    let conditions = [
        "if = 'verified'",
        "if = 'after(verified, \"1m\")'",
        "unless = 'verified or before(2026-02-15)'",
        "if = 'not before(2026-03-10)'",
    ];
    check_each(
        &conditions.map(with),
        &[
            "lab serve lab/chat red 2026-02-01",
            "lab serve lab/chat red 2026-03-15 known=2026-03-15",
            "lab serve lab/chat red 2026-06-15",
        ],
        expect![[r#"
            with if = 'verified'
              lab serve lab/chat red 2026-02-01
                permit
              lab serve lab/chat red 2026-03-15 known=2026-03-15
                breach toward cloud; claim forbids
              lab serve lab/chat red 2026-06-15
                breach toward cloud; claim forbids
            with if = 'after(verified, "1m")'
              lab serve lab/chat red 2026-02-01
                permit
              lab serve lab/chat red 2026-03-15 known=2026-03-15
                permit, until 2026-04-01
              lab serve lab/chat red 2026-06-15
                breach toward cloud; claim forbids
            with unless = 'verified or before(2026-02-15)'
              lab serve lab/chat red 2026-02-01
                permit, until 2026-02-15; claim waives
              lab serve lab/chat red 2026-03-15 known=2026-03-15
                permit; claim waives
              lab serve lab/chat red 2026-06-15
                permit; claim waives
            with if = 'not before(2026-03-10)'
              lab serve lab/chat red 2026-02-01
                permit, until 2026-03-10
              lab serve lab/chat red 2026-03-15 known=2026-03-15
                breach toward cloud; claim forbids
              lab serve lab/chat red 2026-06-15
                breach toward cloud; claim forbids
        "#]],
    );
}

#[test]
fn customers_outside_every_named_group_meet_only_clauses_that_name_none() {
    check(
        &small(
            r#"
            [[grant]]
            id = "schools-in-europe"
            from = "lab"
            to = "cloud"
            segments = ["public/schools"]
            territories = ["EU", "GB"]
            "#,
        ),
        &[
            "cloud serve lab/chat blue 2026-06-01",
            "cloud serve lab/chat blue 2026-06-01 segment=public/schools",
            "cloud serve lab/chat blue 2026-06-01 segment=public/schools country=DE",
            "cloud serve lab/chat blue 2026-06-01 segment=public/schools country=GB",
            "cloud serve lab/chat blue 2026-06-01 segment=public/schools country=US",
            "cloud serve lab/chat blue 2026-06-01 segment=public/defence country=DE",
        ],
        expect![[r#"
            cloud serve lab/chat blue 2026-06-01
              no_right
            cloud serve lab/chat blue 2026-06-01 segment=public/schools
              no_right
            cloud serve lab/chat blue 2026-06-01 segment=public/schools country=DE
              permit
                schools-in-europe grants
            cloud serve lab/chat blue 2026-06-01 segment=public/schools country=GB
              permit
                schools-in-europe grants
            cloud serve lab/chat blue 2026-06-01 segment=public/schools country=US
              no_right
            cloud serve lab/chat blue 2026-06-01 segment=public/defence country=DE
              no_right
        "#]],
    );
}

#[test]
fn shares_count_revenue_of_the_payer_and_of_those_it_licensed_but_not_of_the_payee() {
    check(
        &small(
            r#"
            [[share]]
            id = "of-chat"
            from = "lab"
            to = "cloud"
            rate = "20%"
            of = { products = ["lab/chat"] }
            every = "month"
            until = 2027-01-01
            [[share]]
            id = "of-apis-on-red"
            from = "lab"
            to = "reseller"
            rate = "5%"
            of = { classes = ["api"], channels = ["red"] }
            except = [{ segments = ["public"] }]
            every = "year"
            [[grant]]
            id = "all-may"
            from = "lab"
            to = "rival"
            [[grant]]
            id = "cloud-may"
            from = "lab"
            to = "cloud"
            "#,
        ),
        &[
            "lab serve lab/chat own 2026-06-01",
            "lab sell lab/chat red 2026-06-01",
            "lab host lab/chat red 2026-06-01",
            "lab serve lab/agent red 2026-06-01",
            "lab serve lab/agent red 2026-06-01 segment=public/schools",
            "rival serve lab/chat red 2026-06-01",
            "cloud serve lab/chat red 2026-06-01",
            "reseller serve lab/chat red 2026-06-01",
        ],
        expect![[r#"
            lab serve lab/chat own 2026-06-01
              permit, until 2027-01-01, counts toward of-chat
            lab sell lab/chat red 2026-06-01
              permit, until 2027-01-01, counts toward of-chat, of-apis-on-red
            lab host lab/chat red 2026-06-01
              permit
            lab serve lab/agent red 2026-06-01
              permit, counts toward of-apis-on-red
            lab serve lab/agent red 2026-06-01 segment=public/schools
              permit
            rival serve lab/chat red 2026-06-01
              permit, until 2027-01-01, counts toward of-chat, of-apis-on-red
                all-may grants
            cloud serve lab/chat red 2026-06-01
              permit, counts toward of-apis-on-red
                cloud-may grants
            reseller serve lab/chat red 2026-06-01
              no_right
        "#]],
    );
}

#[test]
fn an_ask_with_names_the_book_lacks_is_told_the_nearest() {
    let book = small("");
    let mut ask = ask(&book, "lab serve lab/chat red 2026-06-01");
    ask.actor = "labb".parse().unwrap();
    ask.product = "lab/chats".parse().unwrap();
    ask.channel = "reed".parse().unwrap();
    ask.segment = Some("schools".parse().unwrap());
    ask.territory = Some("EU".parse().unwrap());
    let wrong: Vec<_> = book.check_ask(&ask).unwrap_err().iter().map(|wrong| format!("{wrong}\n")).collect();
    expect![[r#"
        the book has no actor `labb`; did you mean `lab`?
        the book has no product `lab/chats`; did you mean `lab/chat`?
        the book has no channel `reed`; did you mean `red`?
        the book has no segment `schools`; did you mean `public/schools`?
        the book has no country `EU`; a country is two capital letters of ISO 3166, such as US
    "#]]
    .assert_eq(&wrong.concat());
    assert_eq!(book.decide(&ask).verdict, Verdict::NoRight);
    ask.territory = Some("ZW".parse().unwrap());
    ask.segment = None;
    assert_eq!(book.check_ask(&ask).unwrap_err().len(), 3);
}

#[test]
fn a_share_that_a_condition_ends_is_listed_up_to_that_day() {
    let mut files = small_files(
        r#"
        [[share]]
        id = "until-verified"
        from = "lab"
        to = "cloud"
        rate = "12.5%"
        of = { products = ["lab"] }
        every = "month"
        since = 2026-02-01
        unless = 'verified'
        "#,
    );
    files[0].text += "[[fact]]\nevent = \"verified\"\non = 2026-05-01\nrecorded = 2026-05-03\n";
    let book = loaded(&files);
    let shown = |day: &str| {
        let known = ask(&book, &format!("lab serve lab/chat red {day}")).at;
        book.shares(known)
            .iter()
            .map(|share| format!("{} to {:?}", share.since, share.until))
            .collect::<Vec<_>>()
    };
    assert_eq!(shown("2025-12-31"), Vec::<String>::new());
    assert_eq!(shown("2026-05-02"), ["2026-02-01 to None"]);
    assert_eq!(shown("2026-05-03"), ["2026-02-01 to Some(2026-05-01)"]);
}

#[test]
fn more_open_questions_than_can_be_tried_out_are_all_named() {
    let asked = |count: usize, condition: &dyn Fn(&[String]) -> String| {
        let names: Vec<_> = (0..count).map(|n| format!("q{n:02}")).collect();
        let mut files = small_files(&format!(
            "[[exclusive]]\nid = \"claim\"\nfrom = \"lab\"\nto = \"cloud\"\nif = '{}'\n",
            condition(&names)
        ));
        for name in &names {
            files[0].text += &format!("[[question]]\nid = \"{name}\"\nask = \"?\"\n");
        }
        let book = loaded(&files);
        match book.decide(&ask(&book, "lab serve lab/chat red 2026-06-01")).verdict {
            Verdict::Contested { questions, .. } => Some(questions.len()),
            Verdict::NoRight | Verdict::Breach { .. } | Verdict::Permit => None,
        }
    };
    let all = |names: &[String]| names.join(" or ");
    let certain = |names: &[String]| format!("{} or not {}", names.join(" or "), names[0]);
    assert_eq!(asked(16, &all), Some(16));
    assert_eq!(asked(16, &certain), None);
    assert_eq!(asked(17, &all), Some(17));
    assert_eq!(asked(17, &certain), Some(17), "unknown is worked out step by step beyond the limit");
}

//! Which clauses collide, and which only look as if they did.

use crate::rows::{openai_clouds, small};
use abide_agreement::{Book, Conflict, Window};
use abide_model::{Date, Time};
use expect_test::{Expect, expect};

fn instant(book: &Book, day: &str) -> Time {
    book.start_of_day(day.parse::<Date>().unwrap())
}

pub(crate) fn window(book: &Book, from: &str, until: &str, known: &str) -> Window {
    let bound = |day: &str| (!day.is_empty()).then(|| instant(book, day));
    Window { from: bound(from), until: bound(until), known: instant(book, known) }
}

/// `kind (clauses): ask, from until, if question is yes`
fn row(book: &Book, conflict: &Conflict) -> String {
    let day = |at: Time| {
        let day = at.to_zoned(book.zone().clone()).date();
        assert_eq!(book.start_of_day(day), at, "collisions begin and end with days");
        day.to_string()
    };
    let clauses: Vec<_> = conflict.clauses.iter().map(ToString::to_string).collect();
    let ask = &conflict.witness;
    assert_eq!(ask.at, conflict.from, "the witness shows it at once");
    let mut out = format!("{} ({}): ", conflict.kind.as_str(), clauses.join(", "));
    out += &format!("{} {} {} {}", ask.actor, ask.action.as_str(), ask.product, ask.channel);
    out += &ask.segment.as_ref().map_or(String::new(), |name| format!(" segment={name}"));
    out += &ask.territory.as_ref().map_or(String::new(), |name| format!(" country={name}"));
    out += &format!(", {} to {}", day(conflict.from), conflict.until.map_or("ever".to_owned(), day));
    for one in &conflict.depends_on {
        out += &format!(", if {} is {}", one.question, one.is.as_deref().unwrap_or("?"));
    }
    out
}

pub(crate) fn rows(book: &Book, window: &Window) -> String {
    let found = book.conflicts(window);
    let rows: Vec<String> = found.iter().map(|conflict| row(book, conflict) + "\n").collect();
    if rows.is_empty() { "none\n".to_owned() } else { rows.concat() }
}

/// Every collision of a small book, at any time.
pub(crate) fn check(clauses: &str, expected: Expect) {
    let book = small(clauses);
    expected.assert_eq(&rows(&book, &window(&book, "", "", "2030-01-01")));
}

#[test]
fn in_february_frontier_and_the_runtime_collide_with_azure_and_each_hangs_on_its_own_question() {
    let book = openai_clouds();
    expect![[r#"
        exclusive_overlap (feb26.frontier-exclusive, oct25.api-exclusive): amazon serve openai/frontier oracle-cloud, 2026-02-27 to 2026-04-27, if frontier-is-api is yes
        grant_into_exclusive (feb26.frontier-distribution, oct25.api-exclusive): amazon serve openai/frontier aws, 2026-02-27 to 2026-04-27, if frontier-is-api is yes
        grant_into_exclusive (feb26.stateful-runtime, oct25.api-exclusive): amazon serve openai/api/stateful-runtime aws, 2026-02-27 to 2026-04-27, if stateful-runtime-is-api is yes
    "#]].assert_eq(&rows(&book, &window(&book, "2026-02-27", "2026-04-27", "2026-11-20")));
}

#[test]
fn none_of_them_is_left_after_the_amendment_of_april() {
    let book = openai_clouds();
    expect![[r#"
        none
    "#]]
    .assert_eq(&rows(&book, &window(&book, "2026-04-27", "", "2026-11-20")));
    expect!["none\n"].assert_eq(&rows(&book, &window(&book, "", "2026-02-27", "2026-11-20")));
}

#[test]
fn what_was_not_known_collides_with_nothing() {
    let book = openai_clouds();
    expect!["none\n"].assert_eq(&rows(&book, &window(&book, "", "", "2026-02-26")));
}

const EXCLUSIVE: &str = r#"
    [[exclusive]]
    id = "alone"
    from = "lab"
    to = "cloud"
    actions = ["serve", "sell"]
    classes = ["api"]
    except = [{ channels = ["blue"] }]
    until = 2027-01-01
"#;

#[test]
fn a_grant_into_what_was_promised_away_is_found_once_for_what_is_certain_and_once_for_each_question() {
    check(
        &format!(
            r#"{EXCLUSIVE}
            [[grant]]
            id = "given"
            from = "lab"
            to = "rival"
            channels = ["blue", "red"]
            since = 2026-03-01
            "#
        ),
        expect![[r#"
            grant_into_exclusive (given, alone): rival serve lab/chat red, 2026-03-01 to 2027-01-01
            grant_into_exclusive (given, alone): rival serve lab/agent red, 2026-03-01 to 2027-01-01, if agent-is-api is yes
        "#]],
    );
}

#[test]
fn products_that_may_be_of_a_class_are_told_apart_from_those_that_are_not() {
    let given = "[[grant]]\nid = \"given\"\nfrom = \"lab\"\nto = \"rival\"\nproducts = [\"lab/tool\", \"lab/agent\"]\n";
    let mut files = crate::rows::small_files(&format!("{EXCLUSIVE}\n{given}"));
    let first = files[0].text.find("[[product]]").unwrap();
    files[0].text.insert_str(first, "[[product]]\nid = \"lab/tool\"\nowner = \"lab\"\n");
    let book = crate::rows::loaded(&files);
    expect![[r#"
        grant_into_exclusive (given, alone): rival serve lab/agent own, 2026-01-01 to 2027-01-01, if agent-is-api is yes
    "#]]
    .assert_eq(&rows(&book, &window(&book, "", "", "2030-01-01")));
}

#[test]
fn a_carve_out_another_time_another_channel_or_leave_keep_a_grant_out_of_a_promise() {
    let given = |more: &str| {
        format!(
            "{EXCLUSIVE}\n[[grant]]\nid = \"given\"\nfrom = \"lab\"\nto = \"rival\"\nproducts = [\"lab/chat\"]\n{more}\n"
        )
    };
    check(&given("channels = [\"blue\"]"), expect!["none\n"]);
    check(&given("since = 2027-01-01"), expect!["none\n"]);
    check(&given("actions = [\"host\"]"), expect!["none\n"]);
    check(&given("segments = [\"public\"]\nif = 'verified'"), expect!["none\n"]);
    let leave = "\n[[grant]]\nid = \"leave\"\nfrom = \"cloud\"\nto = \"lab\"\nchannels = [\"red\"]\noverrides = [\"alone\"]";
    check(&given(&format!("channels = [\"red\"]\n{leave}")), expect!["none\n"]);
    check(
        &given(&format!("channels = [\"red\"]\n{leave}\nuntil = 2026-09-01")),
        expect![[r#"
            grant_into_exclusive (given, alone): rival serve lab/chat red, 2026-09-01 to 2027-01-01
        "#]],
    );
}

#[test]
fn the_smallest_ask_names_a_customer_only_where_it_must() {
    check(
        &format!(
            r#"{EXCLUSIVE}
            [[grant]]
            id = "given"
            from = "lab"
            to = "rival"
            products = ["lab/chat"]
            channels = ["own"]
            actions = ["sell"]
            segments = ["public"]
            territories = ["EU"]
            "#
        ),
        expect![[r#"
            grant_into_exclusive (given, alone): rival sell lab/chat own segment=public/schools country=DE, 2026-01-01 to 2027-01-01
        "#]],
    );
}

#[test]
fn two_parties_cannot_both_be_alone() {
    let second = |more: &str| {
        format!(
            "{EXCLUSIVE}\n[[exclusive]]\nid = \"also\"\nfrom = \"lab\"\nto = \"rival\"\nproducts = [\"lab/chat\"]\n{more}\n"
        )
    };
    check(
        &second("since = 2026-06-01"),
        expect![[r#"
            exclusive_overlap (alone, also): cloud serve lab/chat own, 2026-06-01 to 2027-01-01
        "#]],
    );
    check(&second("channels = [\"blue\"]"), expect!["none\n"]);
    check(&second("except = [{ channels = [\"own\", \"red\"] }]"), expect!["none\n"]);
    check(&second("unless = 'before(2027-01-01)'"), expect!["none\n"]);
}

const SUBLICENCE: &str = r#"
    [[grant]]
    id = "sub"
    from = "cloud"
    to = "reseller"
    actions = ["sell"]
    products = ["lab/chat"]
    channels = ["blue", "red"]
"#;

#[test]
fn nobody_gives_what_it_does_not_have() {
    let head = |more: &str| {
        format!(
            "{SUBLICENCE}\n[[grant]]\nid = \"head\"\nfrom = \"lab\"\nto = \"cloud\"\nproducts = [\"lab\"]\n{more}\n"
        )
    };
    check(
        SUBLICENCE,
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat blue, 2026-01-01 to ever
        "#]],
    );
    check(&head(""), expect!["none\n"]);
    check(
        &head("channels = [\"blue\"]"),
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat red, 2026-01-01 to ever
        "#]],
    );
    check(
        &head("except = [{ actions = [\"sublicense\"], channels = [\"red\"] }]"),
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat red, 2026-01-01 to ever
        "#]],
    );
    check(
        &head("depth = 0"),
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat blue, 2026-01-01 to ever
        "#]],
    );
    check(
        &head("actions = [\"sell\"]"),
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat blue, 2026-01-01 to ever
        "#]],
    );
    check(
        &(head("depth = 1")
            + "[[grant]]\nid = \"onward\"\nfrom = \"cloud\"\nto = \"rival\"\nproducts = [\"lab/chat\"]\n"),
        expect![[r#"
            no_rights_in (onward): rival sublicense lab/chat own, 2026-01-01 to ever
        "#]],
    );
    check(
        &head("classes = [\"api\"]\nif = 'other'"),
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat blue, 2026-01-01 to ever, if other is no
        "#]],
    );
    check(
        &head("since = 2026-05-01"),
        expect![[r#"
            no_rights_in (sub): reseller sell lab/chat blue, 2026-01-01 to 2026-05-01
        "#]],
    );
}

#[test]
fn a_grant_does_not_outlive_the_right_behind_it() {
    check(
        &format!(
            r#"{SUBLICENCE}
            [[grant]]
            id = "head"
            from = "lab"
            to = "cloud"
            until = 2026-08-01
            [[grant]]
            id = "renewed"
            from = "lab"
            to = "cloud"
            since = 2026-10-01
            until = 2027-01-01
            unless = 'other'
            "#
        ),
        expect![[r#"
            term_overhang (sub, head): reseller sell lab/chat blue, 2026-08-01 to 2026-10-01
            term_overhang (sub, head): reseller sell lab/chat blue, 2026-10-01 to ever, if other is yes
            term_overhang (sub, renewed): reseller sell lab/chat blue, 2027-01-01 to ever, if other is no
        "#]],
    );
}

#[test]
fn of_grants_that_hang_below_an_empty_one_the_uppermost_is_told() {
    let below = |id: &str, from: &str, to: &str, more: &str| {
        format!(
            "[[grant]]\nid = \"{id}\"\nfrom = \"{from}\"\nto = \"{to}\"\nproducts = [\"lab/chat\"]\n{more}\n"
        )
    };
    let chain =
        |middle: &str| below("upper", "cloud", "rival", middle) + &below("lower", "rival", "reseller", "");
    check(
        &chain(""),
        expect![[r#"
            no_rights_in (upper): rival serve lab/chat own, 2026-01-01 to ever
        "#]],
    );
    // Where it may not be passed on, both are empty, each for a reason of its own.
    check(
        &chain("depth = 0\nactions = [\"sell\"]"),
        expect![[r#"
            no_rights_in (upper): rival sell lab/chat own, 2026-01-01 to ever
            no_rights_in (lower): reseller serve lab/chat own, 2026-01-01 to ever
        "#]],
    );
    check(
        &chain("channels = [\"blue\"]"),
        expect![[r#"
            no_rights_in (upper): rival serve lab/chat blue, 2026-01-01 to ever
            no_rights_in (lower): reseller serve lab/chat own, 2026-01-01 to ever
        "#]],
    );
    check(
        &chain("until = 2026-06-01\nif = 'other'"),
        expect![[r#"
            no_rights_in (upper): rival serve lab/chat own, 2026-01-01 to 2026-06-01, if other is yes
            no_rights_in (lower): reseller serve lab/chat own, 2026-01-01 to 2026-06-01, if other is no
            no_rights_in (lower): reseller serve lab/chat own, 2026-06-01 to ever
        "#]],
    );
    let head = below("head", "lab", "cloud", "until = 2026-06-01");
    check(
        &(chain("") + &head),
        expect![[r#"
            term_overhang (upper, head): rival serve lab/chat own, 2026-06-01 to ever
        "#]],
    );
    // The grant between is empty for nobody but who holds it below.
    check(
        &(chain("") + &below("head", "lab", "cloud", "depth = 1")),
        expect![[r#"
            no_rights_in (upper): rival sublicense lab/chat own, 2026-01-01 to ever
            no_rights_in (lower): reseller serve lab/chat own, 2026-01-01 to ever
        "#]],
    );
    // What gives leave is not empty.
    let loyal = "[[exclusive]]\nid = \"loyal\"\nfrom = \"rival\"\nto = \"cloud\"\n";
    check(
        &(chain("actions = [\"sell\", \"sublicense\"]") + loyal),
        expect![[r#"
            no_rights_in (lower): reseller serve lab/chat own, 2026-01-01 to ever
            grant_into_exclusive (lower, loyal): reseller serve lab/chat own, 2026-01-01 to ever
        "#]],
    );
}

#[test]
fn a_grant_that_names_no_products_is_of_what_its_giver_has() {
    let mut files = crate::rows::small_files(
        r#"
        [[grant]]
        id = "own"
        from = "cloud"
        to = "rival"
        [[grant]]
        id = "held"
        from = "reseller"
        to = "rival"
        channels = ["red"]
        [[grant]]
        id = "head"
        from = "lab"
        to = "reseller"
        products = ["lab/chat"]
        until = 2026-06-01
        [[grant]]
        id = "nothing"
        from = "rival"
        to = "lab"
        channels = ["blue"]
        "#,
    );
    let found = |files: &[abide_agreement::Source]| {
        let book = crate::rows::loaded(files);
        rows(&book, &window(&book, "", "", "2030-01-01"))
    };
    files[0].text += "[[product]]\nid = \"cloud/search\"\nowner = \"cloud\"\n";
    expect![[r#"
        term_overhang (held, head): rival serve lab/chat red, 2026-06-01 to ever
    "#]]
    .assert_eq(&found(&files));
    files[1].text = files[1].text.replace("until = 2026-06-01", "").replace("products = [\"lab/chat\"]", "");
    expect![[r#"
        no_rights_in (head): reseller serve cloud/search own, 2026-01-01 to ever
    "#]]
    .assert_eq(&found(&files));
}

#[test]
fn leave_is_given_by_whoever_was_promised_something_and_needs_no_right() {
    check(
        &format!(
            "{EXCLUSIVE}\n[[grant]]\nid = \"leave\"\nfrom = \"cloud\"\nto = \"lab\"\nactions = [\"sell\"]\noverrides = [\"alone\"]\n"
        ),
        expect!["none\n"],
    );
    check(
        r#"
        [[exclusive]]
        id = "loyal"
        from = "reseller"
        to = "cloud"
        actions = ["sell"]
        products = ["lab/chat"]
        until = 2026-07-01
        [[grant]]
        id = "leave"
        from = "cloud"
        to = "reseller"
        actions = ["sell"]
        products = ["lab/chat"]
        channels = ["red"]
        "#,
        expect![[r#"
            no_rights_in (leave): reseller sell lab/chat red, 2026-07-01 to ever
        "#]],
    );
}

#[test]
fn nobody_promises_to_be_alone_with_what_its_licensor_may_do_too() {
    let below = |more: &str| {
        format!(
            r#"
            [[grant]]
            id = "head"
            from = "lab"
            to = "cloud"
            products = ["lab/chat"]
            [[exclusive]]
            id = "alone-below"
            from = "cloud"
            to = "reseller"
            actions = ["sell"]
            products = ["lab/chat"]
            channels = ["blue"]
            {more}
            "#
        )
    };
    check(
        &below(""),
        expect![[r#"
            not_exclusive_in (alone-below, head): lab sell lab/chat blue, 2026-01-01 to ever
        "#]],
    );
    let above = "[[exclusive]]\nid = \"above\"\nfrom = \"lab\"\nto = \"cloud\"\nchannels = [\"blue\"]\n";
    check(&below(above), expect!["none\n"]);
    // What the promisee itself was promised is kept as well, and toward the licensor it is alone in no sense.
    check(
        &below(&above.replace("to = \"cloud\"", "to = \"reseller\"")),
        expect![[r#"
            grant_into_exclusive (head, above): cloud serve lab/chat blue, 2026-01-01 to ever
        "#]],
    );
    check(&below("").replace("to = \"reseller\"", "to = \"lab\""), expect!["none\n"]);
    check(
        &below(&format!("{above}until = 2026-06-01\n")),
        expect![[r#"
            not_exclusive_in (alone-below, head): lab sell lab/chat blue, 2026-06-01 to ever
        "#]],
    );
    check(
        &below(&format!("{above}sole = true\n")),
        expect![[r#"
            not_exclusive_in (alone-below, head): lab sell lab/chat blue, 2026-01-01 to ever
        "#]],
    );
}

#[test]
fn a_launch_given_to_one_waits_for_the_launch_promised_to_another_first() {
    check(
        r#"
        [[first]]
        id = "blue-first"
        from = "lab"
        to = "cloud"
        channel = "blue"
        unless = 'cannot_support(blue, product) or not before(2026-09-01)'
        [[grant]]
        id = "given"
        from = "lab"
        to = "rival"
        channels = ["red"]
        "#,
        expect![[r#"
            launch_order (given, blue-first): rival launch lab/chat red, 2026-01-01 to 2026-09-01
        "#]],
    );
}

#[test]
fn two_first_launches_and_a_first_launch_where_another_is_alone_are_stuck() {
    let first = |to: &str, channel: &str| {
        format!(
            "[[first]]\nid = \"{channel}-first\"\nfrom = \"lab\"\nto = \"{to}\"\nchannel = \"{channel}\"\nproducts = [\"lab/chat\"]\n"
        )
    };
    check(
        &(first("cloud", "blue") + &first("rival", "red") + "since = 2026-04-01\n"),
        expect![[r#"
            launch_order (blue-first, red-first): lab launch lab/chat red, 2026-04-01 to ever
        "#]],
    );
    let alone = |to: &str, channel: &str| {
        format!(
            "[[exclusive]]\nid = \"alone\"\nfrom = \"lab\"\nto = \"{to}\"\nactions = [\"launch\"]\nchannels = [\"{channel}\"]\n"
        )
    };
    check(
        &(first("cloud", "blue") + &alone("rival", "blue")),
        expect![[r#"
            launch_order (blue-first, alone): lab launch lab/chat own, 2026-01-01 to ever
        "#]],
    );
    check(&(first("cloud", "blue") + &alone("cloud", "blue")), expect!["none\n"]);
    check(&(first("cloud", "blue") + &alone("rival", "blue") + "sole = true\n"), expect!["none\n"]);
    check(&(first("cloud", "blue") + &alone("rival", "own")), expect!["none\n"]);
}

#[test]
fn shares_of_one_payer_come_to_no_more_than_the_whole() {
    let share = |id: &str, from: &str, to: &str, rate: &str, more: &str| {
        format!(
            "[[share]]\nid = \"{id}\"\nfrom = \"{from}\"\nto = \"{to}\"\nrate = \"{rate}\"\nevery = \"month\"\n{more}\n"
        )
    };
    let to_cloud = share("a", "lab", "cloud", "60%", "until = 2027-01-01");
    check(&(to_cloud.clone() + &share("b", "lab", "rival", "40%", "")), expect!["none\n"]);
    check(
        &(to_cloud.clone()
            + &share("b", "lab", "rival", "40.01%", "of = { classes = [\"api\"], channels = [\"red\"] }")),
        expect![[r#"
            rate_stack (a, b): lab serve lab/chat red, 2026-01-01 to 2027-01-01
            rate_stack (a, b): lab serve lab/agent red, 2026-01-01 to 2027-01-01, if agent-is-api is yes
        "#]],
    );
    check(&(to_cloud.clone() + &share("b", "cloud", "lab", "60%", "")), expect!["none\n"]);
    check(
        &(to_cloud
            + &share("b", "lab", "rival", "30%", "of = { channels = [\"blue\", \"red\"] }")
            + &share("c", "lab", "reseller", "30%", "of = { channels = [\"red\"] }")
            + &share("d", "reseller", "rival", "90%", "")
            + &share("e", "reseller", "lab", "90%", "")),
        expect![[r#"
            rate_stack (a, b, c): lab serve lab/chat red, 2026-01-01 to 2027-01-01
        "#]],
    );
}

#[test]
fn what_is_to_be_offered_first_is_not_given_before() {
    let mut files = crate::rows::small_files(
        r#"
        [[refusal]]
        id = "asked-first"
        from = "lab"
        to = "cloud"
        actions = ["host"]
        within = "30d"
        [[grant]]
        id = "given"
        from = "lab"
        to = "rival"
        actions = ["host"]
        products = ["lab"]
        since = 2026-02-01
        until = 2027-01-01
        unless = 'spend(lab, rival) >= "5 USD" and spend(lab, rival) < "9 USD"'
        "#,
    );
    let book = crate::rows::loaded(&files);
    let known = window(&book, "", "", "2030-01-01");
    expect![[r#"
        refusal_bypassed (given, asked-first): rival host lab/chat own, 2026-02-01 to 2027-01-01, if spend(lab, rival) is below 5.00 USD
    "#]]
    .assert_eq(&rows(&book, &known));
    files[0].text += "[[fact]]\nevent = \"offered(lab, cloud, lab/chat)\"\non = 2026-02-15\n";
    files[0].text += "[[fact]]\nmeasure = \"spend(lab, rival)\"\namount = \"1 USD\"\non = 2026-01-01\n";
    let book = crate::rows::loaded(&files);
    expect![[r#"
        refusal_bypassed (given, asked-first): rival host lab/chat own, 2026-02-01 to 2027-01-01
        refusal_bypassed (given, asked-first): rival host lab/chat own, 2026-02-15 to 2026-03-17, if accepted(cloud, lab, lab/chat) is yes
    "#]].assert_eq(&rows(&book, &known));
}

#[test]
fn what_ends_and_comes_back_is_told_twice() {
    check(
        r#"
        [[exclusive]]
        id = "alone"
        from = "lab"
        to = "cloud"
        actions = ["sell"]
        unless = 'not before(2026-05-01) and before(2026-07-01)'
        [[grant]]
        id = "given"
        from = "lab"
        to = "rival"
        actions = ["sell"]
        until = 2026-09-01
        "#,
        expect![[r#"
            grant_into_exclusive (given, alone): rival sell lab/chat own, 2026-01-01 to 2026-05-01
            grant_into_exclusive (given, alone): rival sell lab/chat own, 2026-07-01 to 2026-09-01
        "#]],
    );
}

#[test]
fn every_collision_says_what_would_end_it() {
    let book = openai_clouds();
    let found = book.conflicts(&window(&book, "2026-02-27", "2026-04-27", "2026-11-20"));
    let first = found.first().unwrap();
    expect![[r#"
        openai promises amazon by `feb26.frontier-exclusive` and microsoft by `oct25.api-exclusive`, each of them, that nobody else may
        - the answer no to `frontier-is-api`
        - a carve-out (`except`) in `feb26.frontier-exclusive` for serve, sell and launch of openai/frontier through oracle-cloud, coreweave, google-cloud and cerebras, for customers of no named segment
        - a carve-out (`except`) in `oct25.api-exclusive` for serve, sell and launch of openai/frontier through oracle-cloud, coreweave, google-cloud and cerebras, for customers of no named segment"#]]
    .assert_eq(&format!("{}\n- {}", first.says, first.resolve.join("\n- ")));
}

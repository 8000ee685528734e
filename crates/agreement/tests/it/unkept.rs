//! Promises about money that cannot be kept: commitments in vain, and most favoured prices that undercut one another.

use crate::conflicts::{check, rows, window};
use crate::rows::{loaded, small, small_files};
use abide_agreement::Book;
use expect_test::{Expect, expect};

/// The lab buys its own chat back from a cloud; `more` are keys of the commitment.
fn commit(of: &str, more: &str) -> String {
    format!("[[commit]]\nid = \"spend\"\nfrom = \"lab\"\nto = \"cloud\"\nof = {of}\n{more}\n")
}

const YEAR: &str = "total = \"100 USD\"\nuntil = 2027-01-01";

fn grant(id: &str, more: &str) -> String {
    format!("[[grant]]\nid = \"{id}\"\nfrom = \"lab\"\nto = \"cloud\"\nproducts = [\"lab/chat\"]\n{more}\n")
}

fn alone(more: &str) -> String {
    format!(
        "[[exclusive]]\nid = \"alone\"\nfrom = \"lab\"\nto = \"rival\"\nactions = [\"sell\", \"serve\"]\n{more}\n"
    )
}

const CHAT: &str = "{ products = [\"lab/chat\"], channels = [\"blue\"] }";

#[test]
fn what_the_seller_has_no_right_to_sell_is_not_bought_from_it() {
    let vain = |clauses: &str| {
        check(
            clauses,
            expect![[r#"
                commit_infeasible (spend): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01
            "#]],
        );
    };
    vain(&commit(CHAT, YEAR));
    vain(&(commit(CHAT, YEAR) + &grant("given", "channels = [\"red\"]")));
    vain(&(commit(CHAT, YEAR) + &grant("given", "actions = [\"host\"]")));
    vain(&(commit(CHAT, YEAR) + &grant("given", "since = 2027-01-01")));
    check(&(commit(CHAT, YEAR) + &grant("given", "")), expect!["none\n"]);
    check(&(commit(CHAT, YEAR) + &grant("given", "actions = [\"sell\"]")), expect!["none\n"]);
    // One customer in one country is enough, and one day.
    check(
        &(commit(CHAT, YEAR)
            + &grant("given", "segments = [\"public\"]\nterritories = [\"EU\"]\nsince = 2026-12-31")),
        expect!["none\n"],
    );
}

#[test]
fn what_is_promised_to_another_alone_is_not_bought_from_the_seller() {
    let both = commit(CHAT, YEAR) + &grant("given", "");
    check(
        &(both.clone() + &alone("")),
        expect![[r#"
            grant_into_exclusive (given, alone): cloud serve lab/chat own, 2026-01-01 to ever
            commit_infeasible (spend, alone): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01
        "#]],
    );
    check(
        &(both.clone() + &alone("channels = [\"red\"]")),
        expect![[r#"
        grant_into_exclusive (given, alone): cloud serve lab/chat red, 2026-01-01 to ever
    "#]],
    );
    check(
        &(both.clone() + &alone("until = 2026-12-31")),
        expect![[r#"
            grant_into_exclusive (given, alone): cloud serve lab/chat own, 2026-01-01 to 2026-12-31
        "#]],
    );
    check(
        &(both + &alone("if = 'other'")),
        expect![[r#"
            grant_into_exclusive (given, alone): cloud serve lab/chat own, 2026-01-01 to ever, if other is yes
            commit_infeasible (spend, alone): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01, if other is yes
        "#]],
    );
}

#[test]
fn a_commitment_to_buy_from_the_owner_is_in_vain_where_the_owner_promised_to_stay_away() {
    let from_owner = "[[commit]]\nid = \"seats\"\nfrom = \"reseller\"\nto = \"lab\"\nof = { products = [\"lab/chat\"] }\ntotal = \"100 USD\"\n";
    check(&(from_owner.to_owned() + &alone("since = 2026-06-01")), expect!["none\n"]);
    check(
        &(from_owner.to_owned() + "since = 2026-06-01\n" + &alone("")),
        expect![[r#"
            commit_infeasible (seats, alone): lab serve lab/chat own, 2026-06-01 to ever
        "#]],
    );
    check(&(from_owner.to_owned() + &alone("sole = true")), expect!["none\n"]);
    check(
        &(from_owner.to_owned() + &alone("except = [{ segments = [\"public/schools\"] }]")),
        expect!["none\n"],
    );
}

#[test]
fn a_right_of_first_refusal_closes_the_channels_of_third_parties_alone() {
    let clauses = |channel: &str| {
        let of = format!("{{ products = [\"lab/chat\"], channels = [\"{channel}\"] }}");
        format!("[[commit]]\nid = \"seats\"\nfrom = \"reseller\"\nto = \"lab\"\nof = {of}\n{YEAR}\n")
            + "[[refusal]]\nid = \"asked-first\"\nfrom = \"lab\"\nto = \"cloud\"\nwithin = \"30d\"\n"
    };
    check(&clauses("own"), expect!["none\n"]);
    check(&clauses("blue"), expect!["none\n"]);
    check(&clauses("own\", \"red"), expect!["none\n"]);
    check(
        &clauses("red"),
        expect![[r#"
            commit_infeasible (seats, asked-first): lab serve lab/chat red, 2026-01-01 to 2027-01-01
        "#]],
    );
}

#[test]
fn one_channel_and_one_product_that_may_be_sold_are_enough() {
    // A seller may go its own way past whom it is to ask first.
    let asked = "[[refusal]]\nid = \"asked-first\"\nfrom = \"cloud\"\nto = \"reseller\"\nwithin = \"30d\"\n";
    let chat = "{ products = [\"lab/chat\"] }";
    check(&(commit(chat, YEAR) + &grant("given", "") + asked), expect!["none\n"]);
    let mut files = small_files(&commit("{ products = [\"lab\", \"cloud\"] }", YEAR));
    files[0].text += "[[product]]\nid = \"cloud/search\"\nowner = \"cloud\"\n";
    let book = loaded(&files);
    expect!["none\n"].assert_eq(&rows(&book, &window(&book, "", "", "2030-01-01")));
}

#[test]
fn where_anything_may_be_bought_or_nothing_has_to_be_nothing_is_in_vain() {
    check(&commit("{ channels = [\"blue\"] }", YEAR), expect!["none\n"]);
    check(&commit(CHAT, "total = \"0 USD\""), expect!["none\n"]);
    check(
        &commit("{ classes = [\"api\"] }", "total = \"unknown\""),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat own, 2026-01-01 to ever
        "#]],
    );
}

#[test]
fn what_counts_may_hang_on_a_question_or_be_nothing_at_all() {
    let agent = |more: &str| {
        commit("{ products = [\"lab/agent\"], classes = [\"api\"] }", more)
            + &grant("given", "").replace("chat", "agent")
    };
    check(
        &agent(YEAR),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/agent own, 2026-01-01 to 2027-01-01, if agent-is-api is no
        "#]],
    );
    check(&agent(&format!("{YEAR}\nif = 'agent-is-api'")), expect!["none\n"]);
    check(
        &(commit(CHAT, &format!("{YEAR}\nexcept = [{{ channels = [\"blue\"] }}]")) + &grant("given", "")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01
        "#]],
    );
    // What counts for certain shows it better than what may.
    let agent = "{ products = [\"lab/agent\"] }";
    check(
        &commit(agent, &format!("{YEAR}\nexcept = [{{ classes = [\"api\"], channels = [\"own\"] }}]")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/agent blue, 2026-01-01 to 2027-01-01
        "#]],
    );
    check(
        &commit(CHAT, &format!("{YEAR}\nif = 'other'")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01, if other is yes
        "#]],
    );
}

#[test]
fn a_commitment_that_an_amendment_ends_early_lapses_and_one_that_is_not_in_force_binds_nobody() {
    let book = |known: &str| {
        let mut files = small_files(&commit(CHAT, YEAR));
        files[1].text = files[1].text.replace("instrument", "amendment = 0\ninstrument");
        let mut later = files[1].clone();
        later.path = "two.toml".to_owned();
        later.text = "instrument = \"one\"\namendment = 1\nparties = [\"lab\", \"cloud\"]\nsigned = 2026-06-01\nsupersedes = [\"spend\"]\n".to_owned();
        files.push(later);
        let book = loaded(&files);
        rows(&book, &window(&book, "", "", known))
    };
    expect![[r#"
        commit_infeasible (spend): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01
    "#]]
    .assert_eq(&book("2026-05-31"));
    expect!["none\n"].assert_eq(&book("2026-06-01"));
    check(&commit(CHAT, &format!("{YEAR}\nif = 'verified'")), expect!["none\n"]);
}

fn schedule(more: &str) -> String {
    let stage = |year: u32, amount: &str| {
        format!("{{ since = {year}-01-01, until = {}-01-01, amount = \"{amount}\" }}", year + 1)
    };
    let stages = [stage(2026, "100 USD"), stage(2027, "50 USD"), stage(2028, "80 USD")];
    commit(CHAT, &format!("schedule = [{}]\n{more}", stages.join(", ")))
}

#[test]
fn each_stage_is_met_by_what_can_be_bought_in_it_carried_into_it_or_rolled_out_of_it() {
    let given = |days: &str| grant("given", days);
    let first = "until = 2027-01-01";
    check(
        &(schedule("") + &given(first)),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2027-01-01 to 2029-01-01
        "#]],
    );
    // Half of 100 covers the 50 of the next year, and nothing is carried on from there.
    check(
        &(schedule("carry = \"50%\"") + &given(first)),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2028-01-01 to 2029-01-01
        "#]],
    );
    check(
        &(schedule("carry = \"49%\"") + &given(first)),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2027-01-01 to 2029-01-01
        "#]],
    );
    let middle = "since = 2027-01-01\nuntil = 2028-01-01";
    check(
        &(schedule("rollover = \"100%\"\ncarry = \"100%\"") + &given(middle)),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2028-01-01 to 2029-01-01
        "#]],
    );
    check(
        &(schedule("rollover = \"99%\"") + &given("since = 2027-01-01")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01
        "#]],
    );
    check(&(schedule("rollover = \"100%\"") + &given("since = 2027-01-01")), expect!["none\n"]);
    // What rolls over does not roll twice, and nothing rolls out of the last stage.
    check(
        &(schedule("rollover = \"100%\"") + &given("since = 2028-01-01")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2027-01-01 to 2028-01-01
        "#]],
    );
    check(
        &(schedule("rollover = \"100%\"") + &given(first)),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2028-01-01 to 2029-01-01
        "#]],
    );
}

#[test]
fn an_amount_that_is_not_known_is_covered_by_what_may_be_carried() {
    let unknown =
        |more: &str| schedule(more).replace("50 USD", "unknown") + &grant("given", "until = 2027-01-01");
    check(
        &unknown(""),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2027-01-01 to 2029-01-01
        "#]],
    );
    // It may be all of what was carried, and then the last year is short alone.
    check(
        &unknown("carry = \"1%\""),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2028-01-01 to 2029-01-01
        "#]],
    );
    let first =
        |more: &str| schedule(more).replace("100 USD", "unknown") + &grant("given", "until = 2027-01-01");
    check(
        &first("carry = \"1%\""),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2028-01-01 to 2029-01-01
        "#]],
    );
    check(
        &first("rollover = \"1%\""),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2027-01-01 to 2029-01-01
        "#]],
    );
    check(
        &(schedule("rollover = \"100%\"").replace("100 USD", "unknown")
            + &grant("given", "since = 2027-01-01")),
        expect!["none\n"],
    );
    check(
        &(schedule("rollover = \"99%\"").replace("100 USD", "unknown")
            + &grant("given", "since = 2027-01-01")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2026-01-01 to 2027-01-01
        "#]],
    );
    // All of it may be bought a year later, and then what was due in that year cannot roll over too.
    check(
        &(schedule("rollover = \"100%\"").replace("100 USD", "unknown")
            + &grant("given", "since = 2028-01-01")),
        expect![[r#"
            commit_infeasible (spend): cloud serve lab/chat blue, 2027-01-01 to 2028-01-01
        "#]],
    );
}

#[test]
fn a_purchase_counts_toward_commitments_whose_base_it_names() {
    let commit = |id: &str, of: &str, more: &str| {
        commit(of, &format!("total = \"9 USD\"\n{more}")).replace("spend", id)
    };
    let clauses = [
        commit("all", "{}", ""),
        commit("chat", "{ products = [\"lab/chat\"] }", ""),
        commit("blue", "{ channels = [\"blue\"] }", "except = [{ products = [\"lab/chat\"] }]"),
        commit("api", "{ classes = [\"api\"] }", ""),
        commit("no-api", "{}", "except = [{ classes = [\"api\"] }]"),
        commit("eu", "{ territories = [\"EU\"] }", ""),
        commit("hosted", "{}", "except = [{ actions = [\"sell\"] }]"),
        commit("later", "{}", "since = 2026-06-02"),
        commit("asked", "{}", "if = 'other'"),
        commit("never", "{}", "if = 'verified'"),
        commit("before", "{ products = [\"lab/agent\"] }", "overrides = [\"all\"]"),
    ];
    let mut files = small_files(&clauses.concat());
    for what in [
        "",
        "product = \"lab/chat\"",
        "product = \"lab/agent\"",
        "channel = \"blue\"",
        "channel = \"blue\"\nproduct = \"lab/chat\"",
        "channel = \"own\"\nproduct = \"lab/agent\"",
    ] {
        files[0].text += &format!(
            "[[purchase]]\nby = \"lab\"\nfrom = \"cloud\"\n{what}\namount = \"1 USD\"\non = 2026-06-01\n"
        );
    }
    let book = loaded(&files);
    let terms = book.terms(window(&book, "", "", "2030-01-01").known);
    let row = |purchase: &abide_model::terms::Purchase| {
        let toward: Vec<_> = purchase.toward.iter().map(ToString::to_string).collect();
        toward.join(" ") + "\n"
    };
    expect![[r#"
        all no-api asked
        all chat api asked
        api no-api asked before
        all blue no-api asked
        all chat api asked
        api no-api asked before
    "#]]
    .assert_eq(&terms.purchases.iter().map(row).collect::<String>());
}

// ------------------------------------------------------------------ prices

fn favoured(id: &str, to: &str, against: &str) -> String {
    let against = if against.is_empty() { String::new() } else { format!("against = [{against}]\n") };
    format!("[[parity]]\nid = \"{id}\"\nfrom = \"lab\"\nto = \"{to}\"\nevery = \"month\"\n{against}")
}

#[test]
fn two_buyers_cannot_both_pay_less_than_the_other() {
    let two = |one: &str, other: &str| favoured("a", "cloud", one) + &favoured("b", "rival", other);
    let less = |clauses: &str| {
        check(
            clauses,
            expect![[r#"
                parity (a, b): lab sell lab/chat own, 2026-01-01 to ever
            "#]],
        );
    };
    less(&two("{ adjust = \"90%\" }", "{ adjust = \"100%\" }"));
    less(&two("{ adjust = \"80%\" }", "{ adjust = \"124.9%\" }"));
    check(&two("{ adjust = \"80%\" }", "{ adjust = \"125%\" }"), expect!["none\n"]);
    check(&two("", ""), expect!["none\n"]);
    less(&two("{ adjust = \"90%\", at_most = \"10\" }", "{ at_most = \"1\" }"));
    check(&two("{ adjust = \"90%\", at_most = \"0\" }", ""), expect!["none\n"]);
    check(&two("{ customers = [\"reseller\"], adjust = \"90%\" }", ""), expect!["none\n"]);
    check(&two("{ customers = [\"rival\"] }, { adjust = \"90%\" }", ""), expect!["none\n"]);
    less(&two("{ customers = [\"rival/west\"], adjust = \"90%\" }, { adjust = \"110%\" }", ""));
    // Whoever buys below the rival is bound by the same promise.
    less(&two("{ customers = [\"rival/west\"], adjust = \"90%\" }", "{ customers = [\"cloud\"] }"));
    check(&(two("{ adjust = \"90%\" }", "").replace("to = \"rival\"", "to = \"cloud\"")), expect!["none\n"]);
}

#[test]
fn prices_collide_where_both_count_and_the_seller_may_sell() {
    let two = |one: &str, other: &str| {
        favoured("a", "cloud", "{ adjust = \"90%\" }") + one + &favoured("b", "rival", "") + other
    };
    check(
        &two(
            "of = { channels = [\"blue\", \"red\"] }\nuntil = 2027-01-01\n",
            "of = { channels = [\"red\"], products = [\"lab/agent\"] }\nsince = 2026-07-01\n",
        ),
        expect![[r#"
            parity (a, b): lab sell lab/agent red, 2026-07-01 to 2027-01-01
        "#]],
    );
    check(&two("of = { channels = [\"blue\"] }\n", "of = { channels = [\"red\"] }\n"), expect!["none\n"]);
    check(&two("until = 2026-07-01\n", "since = 2026-07-01\n"), expect!["none\n"]);
    check(
        &two("of = { classes = [\"api\"], products = [\"lab/agent\"] }\nif = 'other'\n", ""),
        expect![[r#"
            parity (a, b): lab sell lab/agent own, 2026-01-01 to ever, if agent-is-api is yes, if other is yes
        "#]],
    );
    let resold = |more: &str| two("", "").replace("from = \"lab\"", "from = \"reseller\"") + more;
    check(&resold(""), expect!["none\n"]);
    check(
        &resold(
            "[[grant]]\nid = \"given\"\nfrom = \"lab\"\nto = \"reseller\"\nactions = [\"sell\"]\nchannels = [\"own\"]\n",
        ),
        expect![[r#"
            parity (a, b): reseller sell lab/chat own, 2026-01-01 to ever
        "#]],
    );
    check(
        &resold("[[grant]]\nid = \"given\"\nfrom = \"lab\"\nto = \"reseller\"\nactions = [\"serve\"]\n"),
        expect!["none\n"],
    );
}

#[test]
fn a_ring_of_prices_is_told_by_its_fewest_clauses_where_no_two_collide() {
    let names = |buyer: &str, adjust: &str| format!("{{ customers = [\"{buyer}\"], adjust = \"{adjust}\" }}");
    let ring = |last: &str| {
        favoured("a", "cloud", &names("reseller", "95%"))
            + &favoured("b", "rival", &names("cloud", "100%"))
            + &favoured("c", "reseller", &names("rival", last))
    };
    check(
        &ring("105%"),
        expect![[r#"
            parity (a, c, b): lab sell lab/chat own, 2026-01-01 to ever
        "#]],
    );
    check(&ring("106%"), expect!["none\n"]);
    check(
        &(ring("105%")
            + &favoured("d", "rival", "")
            + "since = 2026-07-01\nif = 'other'\n"
            + &favoured("e", "cloud", &names("rival", "50%"))
            + "since = 2026-08-01\n"),
        expect![[r#"
            parity (a, c, b): lab sell lab/chat own, 2026-01-01 to 2026-08-01
            parity (b, e): lab sell lab/chat own, 2026-08-01 to ever
            parity (d, e): lab sell lab/chat own, 2026-08-01 to ever, if other is yes
        "#]],
    );
}

#[test]
fn rings_of_prices_are_looked_for_among_many_in_no_time() {
    let ring = |number: usize, last: &str| {
        let one = |id: &str, to: &str, buyer: &str, adjust: &str| {
            favoured(
                &format!("{id}{number}"),
                to,
                &format!("{{ customers = [\"{buyer}\"], adjust = \"{adjust}\" }}"),
            )
        };
        one("a", "cloud", "reseller", "95%")
            + &one("b", "rival", "cloud", "100%")
            + &one("c", "reseller", "rival", last)
    };
    let all = (0..40).map(|number| ring(number, "106%")).collect::<String>();
    check(&all, expect!["none\n"]);
    check(
        &(all + &ring(40, "105%")),
        expect![[r#"
            parity (a0, c40, b0): lab sell lab/chat own, 2026-01-01 to ever
        "#]],
    );
}

fn told(book: &Book) -> String {
    let found = book.conflicts(&window(book, "", "", "2030-01-01"));
    let lines = found.iter().map(|one| format!("{}\n- {}\n", one.says, one.resolve.join("\n- ")));
    lines.collect()
}

#[test]
fn each_says_what_would_end_it() {
    let check = |clauses: &str, expected: Expect| expected.assert_eq(&told(&small(clauses)));
    let only = grant("given", "channels = [\"blue\"]\nuntil = 2027-01-01\nactions = [\"sell\"]");
    check(
        &(commit(CHAT, &format!("{YEAR}\nshortfall = \"100%\"")) + &only + &alone("")),
        expect![[r#"
            lab gives cloud by `given` what it promised rival by `alone` to give nobody else
            - an `overrides` in `one`: `given` or `alone` goes first
            - a carve-out (`except`) in `alone` for sell of lab/chat through blue
            - leave from rival: a grant to lab in `one` that covers this
            - an end of `given` or of `alone`
            lab is to buy from cloud by `spend` what cloud may not sell: `alone` forbids it, and to the rest it has no right; 100% of what is not bought is owed all the same
            - a carve-out (`except`) in `alone` for serve and sell of lab/chat through blue
            - leave from rival: a grant to lab in `one` that covers this
            - a grant to cloud that covers some of it and that no promise stands against
            - a base (`of`) of `spend` that holds something cloud may sell
            - an end of `spend`
        "#]],
    );
    check(
        &(favoured("a", "cloud", "{ adjust = \"90%\" }") + &favoured("b", "rival", "{ adjust = \"105%\" }")),
        expect![[r#"
            lab promises cloud by `a` at most 90% of the price of rival and rival by `b` at most 105% of the price of cloud: no price above nothing keeps that
            - higher factors (`adjust`) in `a` and `b`: multiplied at least 100%
            - an `against` in `b` that leaves cloud out
            - a narrower base (`of`) of one of them
            - an end of `a` or of `b`
        "#]],
    );
}

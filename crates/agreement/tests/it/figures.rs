//! Money terms in words: nothing that changes what is owed is left out.

use crate::rows::small;
use abide_model::Date;
use expect_test::{Expect, expect};

/// The terms that count on a day, as known then: `clause: figures, if what it hangs on`.
fn check(day: &str, clauses: &str, expected: Expect) {
    let book = small(clauses);
    let at = book.start_of_day(day.parse::<Date>().unwrap());
    let terms = book.terms(at);
    let row = |one: &abide_agreement::InForce<'_>| {
        let points: Vec<_> = one.hangs_on.iter().map(ToString::to_string).collect();
        let hanging = if points.is_empty() { String::new() } else { format!(", if {}", points.join(", ")) };
        format!("{} {}: {}{hanging}\n", one.term.kind(), one.term.clause(), one.figures)
    };
    expected.assert_eq(&book.in_force(&terms, at, at).iter().map(row).collect::<String>());
}

fn clause(kind: &str, id: &str, more: &str) -> String {
    format!("[[{kind}]]\nid = \"{id}\"\nfrom = \"lab\"\nto = \"cloud\"\n{more}\n")
}

#[test]
fn shares_and_guarantees_tell_rates_periods_and_bounds() {
    let share = |id: &str, more: &str| clause("share", id, &format!("every = \"quarter\"\n{more}"));
    let tiers = "tiers = [{ upto = \"10 USD\", rate = \"10%\" }, { rate = \"5%\" }]";
    let clauses = [
        share("flat", "rate = \"20%\"\ncurrency = \"EUR\""),
        share("tiers", &format!("{tiers}\nfloor = {{ period = \"1 USD\" }}")),
        share("volume", &format!("{tiers}\nbasis = \"volume\"\nreset = \"year\"")),
        share(
            "capped",
            "rate = \"20%\"\ncap = { period = \"5 USD\", total = \"2_000 USD\", from = 2026-02-01, used = \"unknown\" }",
        ),
        share("unknown", "rate = \"20%\"\ncap = { total = \"9 USD\", used = \"1 USD\", known = 2027-01-01 }"),
        clause(
            "guarantee",
            "least",
            "over = [\"flat\", \"tiers\"]\nevery = \"quarter\"\nminimum = \"7 USD\"",
        ),
        clause(
            "guarantee",
            "rising",
            "over = [\"flat\"]\nevery = \"quarter\"\nwindow = 2\nschedule = [{ since = 2026-01-01, until = 2027-01-01, minimum = \"7 USD\" }, { since = 2027-01-01, minimum = \"8 USD\" }]",
        ),
    ];
    check(
        "2026-06-01",
        &clauses.concat(),
        expect![[r#"
            share flat: 20% a quarter, settled in EUR
            share tiers: 10% up to 10.00 USD, then 5% a quarter, at least 1.00 USD a quarter
            share volume: 10% up to 10.00 USD, then 5% a quarter, each rate of all revenue, anew each year
            share capped: 20% a quarter, at most 5.00 USD a quarter, at most 2,000.00 USD in total, counted from 2026-02-01, an unknown amount of it used before
            share unknown: 20% a quarter, at most an unknown amount in total, an unknown amount of it used before
            guarantee least: at least 7.00 USD a quarter, over flat, tiers
            guarantee rising: at least 7.00 USD from 2026-01-01 until 2027-01-01, then 8.00 USD from 2027-01-01 a quarter, over flat, recouped within 2 periods
        "#]],
    );
}

#[test]
fn commitments_tell_their_stages_and_what_moves_between_them() {
    let clauses = [
        clause("commit", "plain", "total = \"unknown\"\nuntil = 2027-01-01\ncapacity = \"4.5 GW\""),
        clause(
            "commit",
            "staged",
            "schedule = [{ since = 2026-01-01, until = 2027-01-01, amount = \"7 USD\" }, { since = 2027-01-01, amount = \"8 USD\" }]\nshortfall = \"100%\"\ncarry = \"20%\"\nrollover = \"10%\"",
        ),
        clause("commit", "later", "total = \"7 USD\"\nsince = 2026-06-02"),
        clause("commit", "over", "total = \"7 USD\"\nuntil = 2026-06-01"),
    ];
    check(
        "2026-06-01",
        &clauses.concat(),
        expect![[r#"
            commit plain: an unknown amount from 2026-01-01 until 2027-01-01; 4.5 GW
            commit staged: 7.00 USD from 2026-01-01 until 2027-01-01, then 8.00 USD from 2027-01-01; 100% of a shortfall is owed; 20% of a stage may be bought ahead; 10% of a stage may be bought in the next
        "#]],
    );
}

#[test]
fn splits_prices_and_stakes_tell_who_gets_what() {
    let split = "[[split]]\nid = \"steps\"\nfrom = \"lab\"\nevery = \"month\"\nrounding = \"last\"\nsteps = [{ to = \"cloud\", fixed = \"3 USD\" }, { to = \"rival\", wholesale = \"80 USD\" }, { to = \"rival\", rate = \"3%\" }, { to = \"cloud\", rate = \"10%\", of = \"remaining\", cap = \"50 USD\" }, { to = \"lab\", remainder = true }]\n";
    let parity = |id: &str, against: &str| clause("parity", id, &format!("every = \"year\"\n{against}"));
    let clauses = [
        split.to_owned(),
        parity("all", ""),
        parity(
            "some",
            "against = [{ customers = [\"a\"], adjust = \"105%\" }, { customers = [\"b\", \"c\"], at_most = \"1_000\" }]",
        ),
        clause("stake", "part", "percent = \"27%\""),
        clause("stake", "paid", "invested = \"15 USD\""),
        clause("stake", "both", "percent = \"1%\"\ninvested = \"15 USD\""),
    ];
    check(
        "2026-06-01",
        &clauses.concat(),
        expect![[r#"
            split steps: 3.00 USD to cloud, 80.00 USD a unit to rival, 3% to rival, 10% of what remains, at most 50.00 USD, to cloud, the rest to lab, a month, rounding to the last
            parity all: no more than 100% of what others pay, by year
            parity some: no more than 105% of what a pays, or 100% of what b, c pay for at most 1,000 units, by year
            stake part: 27%
            stake paid: an unknown part, 15.00 USD invested
            stake both: 1%, 15.00 USD invested
        "#]],
    );
}

#[test]
fn what_hangs_on_an_open_point_says_so_and_what_does_not_count_is_left_out() {
    let stake = |id: &str, condition: &str| clause("stake", id, &format!("percent = \"1%\"\n{condition}"));
    let clauses = [
        stake("open", "if = 'other and not agent-is-api'"),
        stake("waived", "unless = 'spend(lab, cloud) >= \"5 USD\" or spend(lab, cloud) >= \"9 USD\"'"),
        stake("never", "if = 'verified and other'"),
        stake("gap", "unless = 'not before(2026-05-01) and before(2026-07-01)'"),
        stake("sure", "if = 'other or not verified'"),
    ];
    check(
        "2026-06-01",
        &clauses.concat(),
        expect![[r#"
            stake open: 1%, if agent-is-api, other
            stake waived: 1%, if spend(lab, cloud)
            stake sure: 1%
        "#]],
    );
}

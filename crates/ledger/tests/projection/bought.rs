//! Commitments in forecasts: purchases, sales to a party, and what is left to be bought; and units with a price.

use crate::scene::*;
use abide_ledger::projection::{CommitOutcome, Figure, Piece, Projection, Reached};
use abide_model::Date;
use abide_model::money::Amount;
use abide_model::scenario::{Draft, Measure, Purchase, Quantity, Scenario, Search, Shape, Stream, UnitPrice};
use abide_model::terms::{
    self, Commit, Comparable, Every, Parity, Rounding, Split, Stage, Step, Take, Terms,
};
use expect_test::{Expect, expect};
use jiff::civil::date;

fn amount(units: &str) -> Amount {
    Amount::parse(&format!("{units} USD")).unwrap()
}

/// A stage for each amount, a year each from 2026 on; `?` is not known.
fn commit(amounts: &[&str], shortfall: &str) -> Commit {
    let stage = |(year, units): (i16, &&str)| Stage {
        since: date(year, 1, 1),
        until: Some(date(year + 1, 1, 1)),
        amount: (**units != *"?").then(|| amount(units)),
        lapsed: false,
    };
    Commit {
        clause: "c".parse().unwrap(),
        buyer: party("lab"),
        seller: party("cloud"),
        stages: (2026i16..).zip(amounts).map(stage).collect(),
        capacity: None,
        shortfall: exact(shortfall),
        carry: exact("20%"),
        rollover: exact("10%"),
    }
}

fn purchase(year: i16, level: abide_model::scenario::Level) -> Purchase {
    Purchase {
        name: format!("p{year}"),
        title: String::new(),
        buyer: party("lab"),
        seller: party("cloud"),
        product: None,
        channel: None,
        from: date(year, 1, 1),
        until: date(year + 1, 1, 1),
        level,
    }
}

fn spending(amounts: &[&str]) -> Scenario {
    let mut scenario = scenario(&["terms"], Vec::new());
    let years = (2026i16..).zip(amounts);
    scenario.purchases = years.map(|(year, amount)| purchase(year, fixed(amount, "0"))).collect();
    scenario
}

fn commits(projection: &Projection) -> String {
    let all = |figures: &[Figure]| figures.iter().map(figure).collect::<Vec<_>>().join(" ");
    let day = |day: Option<Date>| day.map_or("never".to_owned(), |day| day.to_string());
    let met = |met: &Reached| {
        format!("{}/{}/{} in {}", day(met.p10.low), day(met.p50.low), day(met.p90.low), met.times)
    };
    let course = |course: &[(Date, Figure)]| {
        let points = course.iter().map(|(day, by)| format!("{} by {day}", figure(by)));
        points.collect::<Vec<_>>().join(", ")
    };
    let mut out = String::new();
    for CommitOutcome { clause, before, bought, stages, .. } in &projection.drafts[0].commits {
        out += &format!("{clause}: {} before, then {}\n", exact(&before.to_string()), all(bought));
        for one in stages {
            out += &format!(
                "  {}: {} of {}, {} left{}, {} due, met {}; {}\n",
                one.since,
                figure(&one.bought),
                one.wanted.as_ref().map_or("?".to_owned(), figure),
                figure(&one.left),
                if one.closed { "" } else { " so far" },
                figure(&one.due),
                one.met.as_ref().map_or("?".to_owned(), met),
                course(&one.course),
            );
        }
    }
    out
}

fn check(scenario: &Scenario, money: Terms, expected: Expect) {
    let worked = worked(scenario, &[under(scenario, money)]);
    let missing = worked.drafts[0].missing.iter();
    let missing: String = missing.map(|one| format!("missing {}: {:?}\n", one.clause, one.why)).collect();
    expected.assert_eq(&(table(&worked, &["terms"]) + &commits(&worked) + &missing));
}

fn committed(commit: Commit) -> Terms {
    Terms { commits: vec![commit], ..Terms::default() }
}

#[test]
fn a_commitment_is_drawn_down_by_what_is_bought_and_its_shortfall_falls_due() {
    // 150 of 100, 20 carried on; 60 of 80, 10 rolled over and 10 owed; 110 of 110; 40 of 100 by the end of June.
    let mut scenario = spending(&["150", "60", "110", "80"]);
    scenario.until = date(2029, 7, 1);
    check(
        &scenario,
        committed(commit(&["100", "100", "100", "100", "100"], "100%")),
        expect![[r#"
            terms cloud: cash 150 70 110 40 = 370; received 10, paid 0, present 370, through 370
            terms lab: cash -150 -70 -110 -40 = -370; received 0, paid 10, present -370, through -370
            terms c: 0 10 0 0; no cap
            c: 0 before, then 150 210 320 360
              2026-01-01: 150 of 100, 0 left, 0 due, met 2026-08-31/2026-08-31/2026-08-31 in 1; 0 by 2026-01-01, 150 by 2027-01-01
              2027-01-01: 60 of 80, 20 left, 10 due, met never/never/never in 0; 0 by 2027-01-01, 60 by 2028-01-01
              2028-01-01: 110 of 110, 0 left, 0 due, met 2028-12-31/2028-12-31/2028-12-31 in 1; 0 by 2028-01-01, 110 by 2029-01-01
              2029-01-01: 40 of 100, 60 left so far, 0 due, met never/never/never in 0; 0 by 2029-01-01, 40 by 2029-07-01
        "#]],
    );
}

#[test]
fn each_stage_is_drawn_down_from_nothing_by_the_end_of_every_period() {
    let mut scenario = spending(&["120", "60"]);
    scenario.every = abide_model::terms::Every::Quarter;
    (scenario.from, scenario.until) = (date(2026, 4, 1), date(2027, 8, 1));
    let worked = worked(&scenario, &[under(&scenario, committed(commit(&["60", "60"], "0%")))]);
    expect![[r#"
        c: 0 before, then 30 60 90 105 120 125
          2026-01-01: 90 of 60, 0 left, 0 due, met 2026-09-30/2026-09-30/2026-09-30 in 1; 0 by 2026-04-01, 30 by 2026-07-01, 60 by 2026-10-01, 90 by 2027-01-01
          2027-01-01: 35 of 48, 13 left so far, 0 due, met never/never/never in 0; 0 by 2027-01-01, 15 by 2027-04-01, 30 by 2027-07-01, 35 by 2027-08-01
    "#]].assert_eq(&commits(&worked));
}

#[test]
fn a_commitment_toward_which_nothing_is_forecast_is_named_and_owes_nothing() {
    let mut scenario = spending(&["10"]);
    let money = committed(commit(&["100"], "100%"));
    let mut terms = under(&scenario, money.clone());
    terms.bought[0][0].toward = Vec::new();
    let worked = worked(&scenario, &[terms]);
    let outcome = &worked.drafts[0];
    assert_eq!(
        format!("{:?} {:?}", outcome.missing, outcome.commits),
        "[Missing { clause: Clause(c), why: Purchases }] []"
    );
    // What is bought is paid for all the same. A purchase of nothing is a forecast of nothing.
    assert_eq!(figure(&outcome.parties[1].cash.total), "-10");
    scenario.purchases = vec![purchase(2026, fixed("0", "0"))];
    check(
        &scenario,
        money,
        expect![[r#"
            terms cloud: cash 100 0 0 0 0 = 100; received 100, paid 0, present 100, through 100
            terms lab: cash -100 0 0 0 0 = -100; received 0, paid 100, present -100, through -100
            terms c: 100 0 0 0 0; no cap
            c: 0 before, then 0 0 0 0 0
              2026-01-01: 0 of 100, 100 left, 100 due, met never/never/never in 0; 0 by 2026-01-01, 0 by 2027-01-01
        "#]],
    );
}

#[test]
fn what_was_entered_before_the_horizon_counts_and_amounts_may_be_unknown() {
    let mut scenario = spending(&["0", "60"]);
    scenario.from = date(2027, 1, 1);
    let mut money = committed(commit(&["100", "100", "?"], "100%"));
    money.purchases = vec![terms::Purchase {
        by: party("lab"),
        from: party("cloud"),
        amount: amount("95"),
        on: date(2026, 3, 1),
        recorded: date(2026, 3, 1),
        toward: vec!["c".parse().unwrap()],
        place: terms::Place { file: "book.toml".to_owned(), line: 1 },
    }];
    check(
        &scenario,
        money.clone(),
        expect![[r#"
            terms cloud: cash 95 0 0 0 = 95; received 35, paid 0, present 95, through 95
            terms lab: cash -95 0 0 0 = -95; received 0, paid 35, present -95, through -95
            terms c: 35 0 0 0; no cap
            c: 9500 before, then 155 155 155 155
              2027-01-01: 60 of 105, 45 left, 35 due, met never/never/never in 0; 0 by 2027-01-01, 60 by 2028-01-01
              2028-01-01: 0 of ?, 0 left, 0 due, met ?; 0 by 2028-01-01, 0 by 2029-01-01
        "#]],
    );
    // Without it nothing is known of the first stage, and nothing rolls over from it.
    money.purchases.clear();
    check(
        &scenario,
        money,
        expect![[r#"
            terms cloud: cash 90 0 0 0 = 90; received 30, paid 0, present 90, through 90
            terms lab: cash -90 0 0 0 = -90; received 0, paid 30, present -90, through -90
            terms c: 30 0 0 0; no cap
            c: 0 before, then 60 60 60 60
              2027-01-01: 60 of 100, 40 left, 30 due, met never/never/never in 0; 0 by 2027-01-01, 60 by 2028-01-01
              2028-01-01: 0 of ?, 0 left, 0 due, met ?; 0 by 2028-01-01, 0 by 2029-01-01
        "#]],
    );
}

#[test]
fn what_may_have_been_carried_out_of_a_stage_of_unknown_amount_makes_the_next_a_range() {
    // Of 60 bought, at most 10 are a fifth of an amount that leaves so much of them over: 50.
    let scenario = spending(&["60", "96"]);
    let worked = worked(&scenario, &[under(&scenario, committed(commit(&["?", "100"], "100%")))]);
    expect![[r#"
        c: 0 before, then 60 156 156 156 156
          2026-01-01: 60 of ?, 0 left, 0 due, met ?; 0 by 2026-01-01, 60 by 2027-01-01
          2027-01-01: 96 of 90–100, 0–4 left, 0–4 due, met 2027-12-31/2027-12-31/2027-12-31 in 0; 0 by 2027-01-01, 96 by 2028-01-01
    "#]].assert_eq(&commits(&worked));
}

#[test]
fn the_amount_of_a_purchase_is_varied_like_that_of_a_stream() {
    let mut scenario = spending(&["10"]);
    scenario.drafts =
        ["new", "old"].map(|name| Draft { name: name.to_owned(), ..scenario.drafts[0].clone() }).into();
    scenario.searches = vec![Search {
        name: "x".to_owned(),
        title: String::new(),
        vary: "p2026".to_owned(),
        low: amount("0"),
        high: amount("1_000"),
        party: party("cloud"),
        better: "new".to_owned(),
        than: "old".to_owned(),
        measure: Measure::Cash,
    }];
    // Whoever buys less than 100 pays 100.
    let new = under(&scenario, committed(commit(&["100"], "100%")));
    let old = under(&scenario, Terms::default());
    let found = &worked(&scenario, &[new, old]).found[0];
    let shown = found.stretches.iter().map(|one| format!("{}..{} {:?}", one.low, one.high, one.side));
    expect!["0..99 Better, 100..1000 Even"].assert_eq(&shown.collect::<Vec<_>>().join(", "));
}

#[test]
fn a_stage_of_which_nothing_is_left_to_buy_is_met_when_it_begins() {
    let mut scenario = spending(&["300", "0", "0"]);
    scenario.from = date(2026, 5, 1);
    let carried = Commit { carry: exact("100%"), ..commit(&["100", "100", "100"], "100%") };
    check(
        &scenario,
        committed(carried),
        expect![[r#"
            terms cloud: cash 200 0 100 0 0 = 300; received 100, paid 0, present 300, through 300
            terms lab: cash -200 0 -100 0 0 = -300; received 0, paid 100, present -300, through -300
            terms c: 0 0 100 0 0; no cap
            c: 0 before, then 200 200 200 200 200
              2026-01-01: 200 of 100, 0 left, 0 due, met 2026-08-31/2026-08-31/2026-08-31 in 1; 0 by 2026-05-01, 200 by 2027-01-01
              2027-01-01: 0 of 0, 0 left, 0 due, met 2027-01-01/2027-01-01/2027-01-01 in 1; 0 by 2027-01-01, 0 by 2028-01-01
              2028-01-01: 0 of 100, 100 left, 100 due, met never/never/never in 0; 0 by 2028-01-01, 0 by 2029-01-01
        "#]],
    );
}

#[test]
fn a_sale_to_a_party_is_what_that_party_buys() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "cloud", fixed("90", "0"))]);
    scenario.until = date(2027, 1, 1);
    scenario.streams[0].customer = Some("lab/research".parse().unwrap());
    scenario.streams[0].buyer = Some(party("lab"));
    let mut terms = under(&scenario, committed(commit(&["100"], "50%")));
    let toward = vec!["c".parse().unwrap()];
    terms.sold[0] = vec![Piece { from: scenario.from, until: scenario.until, toward }];
    let worked = worked(&scenario, &[terms]);
    expect![[r#"
        terms cloud: cash 95 = 95; received 5, paid 0, present 95, through 95
        terms lab: cash -95 = -95; received 0, paid 5, present -95, through -95
        terms c: 5; no cap
        c: 0 before, then 90
          2026-01-01: 90 of 100, 10 left, 5 due, met never/never/never in 0; 0 by 2026-01-01, 90 by 2027-01-01
    "#]]
    .assert_eq(&(table(&worked, &["terms"]) + &commits(&worked)));
}

#[test]
fn how_far_a_commitment_is_drawn_down_may_be_left_to_chance() {
    let mut scenario = scenario(&["terms"], Vec::new());
    let shape = Shape::Uniform { low: exact("50"), high: exact("150") };
    let level = growing(Quantity::Random { shape, draw: "d".to_owned() }, Quantity::Fixed(exact("0")));
    scenario.purchases = vec![purchase(2026, level)];
    scenario.draws = 400;
    check(
        &scenario,
        committed(commit(&["100"], "100%")),
        expect![[r#"
            terms cloud: cash 100/100/139.12 0 0 0 0 = 100/100/139.12; received 0/1.63/42.18, paid 0, present 100/100/139.12, through 100/100/139.12
            terms lab: cash -139.16/-100/-100 0 0 0 0 = -139.16/-100/-100; received 0, paid 0/1.63/42.18, present -139.16/-100/-100, through -139.16/-100/-100
            terms c: 0/1.63/42.18 0 0 0 0; no cap
            c: 0 before, then 57.78/98.27/139.12 57.78/98.27/139.12 57.78/98.27/139.12 57.78/98.27/139.12 57.78/98.27/139.12
              2026-01-01: 57.78/98.27/139.12 of 100, 0/1.63/42.18 left, 0/1.63/42.18 due, met 2026-09-30/never/never in 196; 0 by 2026-01-01, 57.78/98.27/139.12 by 2027-01-01
        "#]],
    );
}

fn seats(name: &str, amount: &str, price: &str) -> Stream {
    Stream {
        customer: Some(name.parse().unwrap()),
        price: Some(UnitPrice { amount: Quantity::Fixed(exact(price)), unit: "seats".to_owned() }),
        ..stream(name, "lab", fixed(amount, "0"))
    }
}

#[test]
fn units_with_a_price_make_wholesale_splits_and_most_favoured_prices() {
    // 120 seats at 10 and 300 at 8: acme is credited 2 on each of its own. The maker gets 3 for each of 420.
    let mut scenario =
        scenario(&["terms"], vec![seats("acme", "1200", "10"), seats("umbrella", "2400", "8")]);
    scenario.until = date(2027, 1, 1);
    let parity = Parity {
        clause: "p".parse().unwrap(),
        seller: party("lab"),
        buyer: party("acme"),
        every: Every::Year,
        since: date(2026, 1, 1),
        until: None,
        against: vec![Comparable { customers: Vec::new(), adjust: exact("1"), at_most: None }],
    };
    let step = |to: &str, take| Step { to: party(to), take, cap: None };
    let split = Split {
        clause: "w".parse().unwrap(),
        holder: party("lab"),
        every: Every::Year,
        since: date(2026, 1, 1),
        until: None,
        steps: vec![step("maker", Take::Wholesale(amount("3"))), step("lab", Take::Remainder)],
        rounding: Rounding::LargestRemainder,
    };
    let money = Terms { splits: vec![split], parities: vec![parity], ..Terms::default() };
    check(
        &scenario,
        money.clone(),
        expect![[r#"
        terms acme: cash 240 = 240; received 240, paid 0, present 240, through 240
        terms lab: cash 2100 = 2100; received 0, paid 1500, present 2100, through 2100
        terms maker: cash 1260 = 1260; received 1260, paid 0, present 1260, through 1260
        terms w: 1260; no cap
        terms p: 240; no cap
    "#]],
    );
    // Without a price of one of them, nobody knows what the maker gets.
    scenario.streams[1].price = None;
    check(
        &scenario,
        money,
        expect![[r#"
        terms lab: cash 3600 = 3600; received 0, paid 0, present 3600, through 3600
        missing w: Prices
        missing p: Prices
    "#]],
    );
}

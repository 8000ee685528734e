//! Facts that come true in some futures, and what stakes are worth.

use crate::scene::*;
use abide_ledger::projection::{Terms, project, worlds};
use abide_model::money::{Amount, Currency};
use abide_model::scenario::{Chance, Holding, Quantity, Scenario, Shape, Valuation, When};
use abide_model::terms::{self, Cap, Rate, Stake};
use expect_test::expect;
use jiff::civil::date;

fn chance(odds: &str, when: When, draw: &str) -> Chance {
    Chance { text: "`it`".to_owned(), odds: exact(odds), when, draw: draw.to_owned() }
}

/// A share that ends on the day on which the only chance comes true.
fn ending(scenario: &Scenario) -> Vec<Vec<Terms>> {
    let world = |world: Vec<Option<jiff::civil::Date>>| {
        let mut one = share("s", "lab", "cloud", "20%", Cap::NONE);
        one.until = world[0];
        vec![under(scenario, terms::Terms { shares: vec![one], ..Default::default() })]
    };
    worlds(scenario).into_iter().map(world).collect()
}

#[test]
fn a_fact_comes_true_in_its_part_of_all_futures() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("100", "0"))]);
    scenario.draws = 2_000;
    let mut out = String::new();
    for odds in ["0%", "15%", "30%", "60%", "100%"] {
        scenario.chances = vec![chance(odds, When::On(date(2028, 1, 1)), "it")];
        let worked = project(&scenario, &ending(&scenario), &calendar()).unwrap();
        let due = &worked.drafts[0].clauses[0].due.total;
        let days: Vec<_> = worlds(&scenario).iter().map(|world| format!("{:?}", world[0])).collect();
        out += &format!("{odds}: {} {:?}, {}\n", days.join(" "), worked.worlds, figure(due));
    }
    expect![[r#"
        0%: None [2000], 100
        15%: None Some(2028-01-01) [1686, 314], 40/100/100
        30%: None Some(2028-01-01) [1363, 637], 40/100/100
        60%: Some(2028-01-01) None [1182, 818], 40/40/100
        100%: Some(2028-01-01) [2000], 40
    "#]]
    .assert_eq(&out);
}

#[test]
fn a_fact_that_comes_true_by_a_day_does_so_in_any_month_before() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("100", "0"))]);
    (scenario.from, scenario.draws) = (date(2026, 1, 15), 2_000);
    scenario.chances = vec![chance("80%", When::By(date(2026, 5, 20)), "it")];
    let worked = project(&scenario, &ending(&scenario), &calendar()).unwrap();
    let mut shown: Vec<_> = worlds(&scenario).into_iter().zip(&worked.worlds).collect();
    shown.sort();
    let shown: Vec<_> = shown.iter().map(|(world, times)| format!("{:?} {times}", world[0])).collect();
    // In the middle future the draw is half way up: below 80 % by 5 of 8 parts of them.
    expect![[r#"
        None 397
        Some(2026-01-15) 333
        Some(2026-02-01) 337
        Some(2026-03-01) 305
        Some(2026-04-01) 290
        Some(2026-05-01) 338
        middle Some(2026-04-01)"#]]
    .assert_eq(&format!("{}\nmiddle {:?}", shown.join("\n"), worlds(&scenario)[0][0]));
}

#[test]
fn facts_of_one_draw_come_true_together_and_the_likelier_with_the_less_likely() {
    let mut scenario = scenario(&["terms"], Vec::new());
    scenario.chances = vec![
        chance("70%", When::Always, "one"),
        chance("20%", When::On(date(2027, 1, 1)), "one"),
        chance("50%", When::Always, "another"),
    ];
    let both = worlds(&scenario).iter().filter(|world| world[1].is_some()).all(|world| world[0].is_some());
    assert!(both);
    assert_eq!(worlds(&scenario).len(), 6);
}

fn stakes(scenario: &Scenario, money: terms::Terms) -> String {
    let worked = worked(scenario, &[under(scenario, money)]);
    let mut out = String::new();
    for one in &worked.drafts[0].parties {
        let worth: Vec<_> = one.worth.iter().map(figure).collect();
        out += &format!("{}: {}\n", one.party, worth.join(" "));
    }
    let missing = worked.drafts[0].missing.iter();
    out + &missing.map(|one| format!("missing {}: {:?}\n", one.clause, one.why)).collect::<String>()
}

#[test]
fn stakes_are_worth_their_part_of_the_latest_valuation_of_book_or_scenario() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("1", "0"))]);
    let euro = Currency::parse("EUR").unwrap();
    let stake = |holder: &str, company: &str, percent: &str, since| Stake {
        clause: format!("{holder}.{company}").parse().unwrap(),
        company: party(company),
        holder: party(holder),
        percent: (percent != "?").then(|| exact(percent)),
        invested: None,
        since,
        until: None,
    };
    let money = terms::Terms {
        stakes: vec![
            stake("cloud", "lab", "27%", date(2020, 1, 1)),
            stake("fund", "cloud", "50%", date(2028, 1, 1)),
            stake("fund", "lab", "?", date(2020, 1, 1)),
        ],
        valuations: vec![
            terms::Valuation {
                of: party("lab"),
                value: Amount::parse("500 EUR").unwrap(),
                on: date(2025, 10, 28),
            },
            terms::Valuation {
                of: party("lab"),
                value: Amount::parse("700 USD").unwrap(),
                on: date(2029, 6, 1),
            },
        ],
        rates: vec![Rate { from: euro, to: Currency::USD, value: exact("1.2"), on: date(2025, 1, 1) }],
        ..Default::default()
    };
    let shape = Shape::Uniform { low: exact("900"), high: exact("1100") };
    let value = Quantity::Random { shape, draw: "v".to_owned() };
    scenario.valuations = vec![Valuation { of: party("lab"), value, on: date(2027, 5, 1) }];
    // 27 % of 600, then of about 1,000, and of 700 in the end; the fund has half of the cloud's from 2028 on.
    expect![[r#"
        cloud: 162 247.47/267.95/289.21 247.47/267.95/289.21 189 189
        fund: 0 0 123.74/133.98/144.6 94.5 94.5
        lab: 
        missing fund.lab: Part
    "#]]
    .assert_eq(&stakes(&scenario, money.clone()));
    // What the scenario supposes stands in place of a stake.
    let holding =
        |owner: &str, part: &str| Holding { owner: party(owner), of: party("lab"), part: exact(part) };
    scenario.holdings = vec![holding("cloud", "10%"), holding("fund", "5%")];
    expect![[r#"
        cloud: 60 91.66/99.24/107.11 91.66/99.24/107.11 70 70
        fund: 30 45.83/49.62/53.56 91.66/99.24/107.11 70 70
        lab: 
    "#]]
    .assert_eq(&stakes(&scenario, money));
}

//! What forecasts come to, and the laws they keep.

use crate::scene::*;
use abide_ledger::projection::{Piece, project};
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::Clause;
use abide_model::scenario::{Holding, Measure, Quantity, Search, Shape};
use abide_model::terms::{Cap, Every, Limit, Place, Rate, Revenue, Rounding, Share, Split, Step, Take};
use expect_test::expect;
use jiff::civil::date;
use proptest::prelude::*;

#[test]
fn the_capped_share_of_the_table_of_answers_comes_out_of_a_forecast() {
    let rows = ["30", "60", "90", "120", "150"];
    let scenario = scenario(&["terms"], yearly(&rows));
    check(
        &scenario,
        &[vec![share("s", "lab", "cloud", "20%", total("38"))]],
        expect![[r#"
            terms cloud: cash 6 12 18 2 0 = 38; received 38, paid 0, present 38, through 38
            terms lab: cash 24 48 72 118 150 = 412; received 0, paid 38, present 412, through 412
            terms s: 6 12 18 2 0; 38 of its cap left, reached 2029-12-31/2029-12-31/2029-12-31 in 1 of 1
        "#]],
    );
}

#[test]
fn the_guarantee_of_the_table_of_answers_comes_out_of_a_forecast() {
    let rows = ["50_000", "61_000", "104_000", "127_500", "177_500"];
    let mut scenario = scenario(&["terms"], yearly(&rows));
    let all = || vec![share("s", "lab", "cloud", "100%", Cap::NONE)];
    let money = || abide_model::terms::Terms {
        shares: all(),
        guarantees: vec![guarantee("75_000 USD", 2)],
        ..Default::default()
    };
    check_under(
        &scenario,
        money(),
        expect![[r#"
        terms cloud: cash 75000 75000 75000 117500 177500 = 520000; received 520000, paid 0, present 520000, through 520000
        terms lab: cash -25000 -14000 29000 10000 0 = 0; received 0, paid 520000, present 0, through 0
        terms s: 50000 61000 104000 127500 177500; no cap
        terms g: 25000 14000 -29000 -10000 0; no cap
    "#]],
    );
    // The half of 2030 that is left out may still make up for the other: nothing is owed of its shortfall.
    scenario.until = date(2030, 4, 1);
    check_under(
        &scenario,
        money(),
        expect![[r#"
        terms cloud: cash 75000 75000 75000 117500 44375 = 386875; received 386875, paid 0, present 386875, through 386875
        terms lab: cash -25000 -14000 29000 10000 0 = 0; received 0, paid 386875, present 0, through 0
        terms s: 50000 61000 104000 127500 44375; no cap
        terms g: 25000 14000 -29000 -10000 0; no cap
    "#]],
    );
}

#[test]
fn a_floor_is_owed_in_periods_without_revenue_from_the_horizon_on() {
    let mut floored = share("s", "lab", "cloud", "20%", total("90"));
    floored.since = date(2020, 1, 1);
    floored.floor = Some(Amount::parse("15 USD").unwrap());
    let scenario = scenario(&["terms"], yearly(&["0", "100", "50", "300"]));
    let money = abide_model::terms::Terms { shares: vec![floored], ..Default::default() };
    check_under(
        &scenario,
        money.clone(),
        expect![[r#"
            terms cloud: cash 15 20 15 40 0 = 90; received 90, paid 0, present 90, through 90
            terms lab: cash -15 80 35 260 0 = 360; received 0, paid 90, present 360, through 360
            terms s: 15 20 15 40 0; 90 of its cap left, reached 2029-12-31/2029-12-31/2029-12-31 in 1 of 1
        "#]],
    );
    // What was sold before the horizon uses up the cap, and its floors count from then on: 40 and 15 of 90.
    let row = Revenue {
        by: party("lab"),
        product: "lab/api".parse().unwrap(),
        channel: "blue".parse().unwrap(),
        customer: None,
        amount: Amount::parse("200 USD").unwrap(),
        quantity: None,
        on: date(2024, 6, 1),
        recorded: date(2024, 6, 1),
        toward: vec!["s".parse().unwrap()],
        unplaced: vec![],
        place: Place { file: "book.toml".to_owned(), line: 1 },
    };
    // A row within the horizon is what the forecast stands for.
    let within = Revenue { on: date(2026, 6, 1), ..row.clone() };
    check_under(
        &scenario,
        abide_model::terms::Terms { revenue: vec![row, within], ..money },
        expect![[r#"
            terms cloud: cash 15 20 0 0 0 = 35; received 35, paid 0, present 35, through 35
            terms lab: cash -15 80 50 300 0 = 415; received 0, paid 35, present 415, through 415
            terms s: 15 20 0 0 0; 35 of its cap left, reached 2027-12-31/2027-12-31/2027-12-31 in 1 of 1
        "#]],
    );
}

#[test]
fn a_split_passes_on_what_its_holder_sells_and_keeps_the_rest() {
    let step = |to: &str, take| Step { to: party(to), take, cap: None };
    let split = Split {
        clause: "w".parse().unwrap(),
        holder: party("lab"),
        every: Every::Year,
        since: date(2026, 1, 1),
        until: None,
        steps: vec![
            step("market", Take::Gross(exact("12%"))),
            step("broker", Take::Fixed(Amount::parse("5 USD").unwrap())),
            step("maker", Take::Remaining(exact("50%"))),
            step("lab", Take::Remainder),
        ],
        rounding: Rounding::LargestRemainder,
    };
    let units = step("maker", Take::Wholesale(Amount::parse("1 USD").unwrap()));
    let by_units = Split {
        clause: "v".parse().unwrap(),
        steps: vec![units, step("lab", Take::Remainder)],
        ..split.clone()
    };
    let scenario = scenario(&["terms"], yearly(&["100", "3"]));
    let money = abide_model::terms::Terms { splits: vec![split, by_units], ..Default::default() };
    check_under(
        &scenario,
        money,
        expect![[r#"
        terms broker: cash 5 2.64 0 0 0 = 7.64; received 7.64, paid 0, present 7.64, through 7.64
        terms lab: cash 41.5 0 0 0 0 = 41.5; received 0, paid 61.5, present 41.5, through 41.5
        terms maker: cash 41.5 0 0 0 0 = 41.5; received 41.5, paid 0, present 41.5, through 41.5
        terms market: cash 12 0.36 0 0 0 = 12.36; received 12.36, paid 0, present 12.36, through 12.36
        terms w: 12 0.36 0 0 0; no cap
        terms w: 5 2.64 0 0 0; no cap
        terms w: 41.5 0 0 0 0; no cap
        missing v: Prices
    "#]],
    );
}

#[test]
fn what_is_settled_in_another_currency_is_converted_at_the_rate_of_its_day() {
    let euro = Currency::parse("EUR").unwrap();
    let rate = |value: &str, on| Rate { from: euro, to: Currency::USD, value: exact(value), on };
    let mut foreign = share("s", "lab", "cloud", "20%", Cap::NONE);
    foreign.currency = Some(euro);
    let scenario = scenario(&["terms"], yearly(&["100", "100"]));
    // A euro is 1.25 dollars for what comes in until 2 December, and 2 for the rest and when the year is settled: a fifth
    // of 77.58 euros is 15.52, and 31.04 dollars.
    let rates = vec![rate("1.25", date(2025, 1, 1)), rate("2", date(2026, 12, 2))];
    let money = abide_model::terms::Terms { shares: vec![foreign.clone()], rates, ..Default::default() };
    check_under(
        &scenario,
        money,
        expect![[r#"
            terms cloud: cash 31.04 20 0 0 0 = 51.04; received 51.04, paid 0, present 51.04, through 51.04
            terms lab: cash 68.96 80 0 0 0 = 148.96; received 0, paid 51.04, present 148.96, through 148.96
            terms s: 31.04 20 0 0 0; no cap
        "#]],
    );
    let floored = Share { floor: Some(Amount::parse("7 EUR").unwrap()), ..foreign };
    let money = abide_model::terms::Terms { shares: vec![floored], ..Default::default() };
    check_under(
        &scenario,
        money,
        expect![[r#"
        terms cloud: cash 20 20 0 0 0 = 40; received 40, paid 0, present 40, through 40
        terms lab: cash 80 80 0 0 0 = 160; received 0, paid 40, present 160, through 160
        terms s: 20 20 0 0 0; no cap
        missing s: Rate
    "#]],
    );
}

#[test]
fn growth_goes_in_steps_and_curves_in_straight_lines() {
    let lines = points(&[(date(2027, 1, 1), "120"), (date(2029, 1, 1), "360")]);
    let scenario = scenario(
        &["terms"],
        vec![stream("steps", "lab", fixed("100", "10%")), stream("lines", "cloud", lines)],
    );
    check(
        &scenario,
        &[vec![]],
        expect![[r#"
        terms cloud: cash 120 180 300 360 360 = 1320; received 0, paid 0, present 1320, through 1320
        terms lab: cash 100 110 121 133.1 146.41 = 610.51; received 0, paid 0, present 610.51, through 610.51
    "#]],
    );
}

#[test]
fn a_cap_that_is_not_known_makes_intervals_for_both_sides() {
    let scenario = scenario(&["known", "unknown"], vec![stream("a", "lab", fixed("100", "0"))]);
    let of = |cap| vec![share("s", "lab", "cloud", "20%", cap)];
    check(
        &scenario,
        &[of(total("50")), of(Cap::total(Limit::Unknown))],
        expect![[r#"
            known cloud: cash 20 20 10 0 0 = 50; received 50, paid 0, present 50, through 50
            known lab: cash 80 80 90 100 100 = 450; received 0, paid 50, present 450, through 450
            known s: 20 20 10 0 0; 50 of its cap left, reached 2028-12-31/2028-12-31/2028-12-31 in 1 of 1
            unknown cloud: cash 0–20 0–20 0–20 0–20 0–20 = 0–100; received 0–100, paid 0, present 0–100, through 0–100
            unknown lab: cash 80–100 80–100 80–100 80–100 80–100 = 400–500; received 0, paid 0–100, present 400–500, through 400–500
            unknown s: 0–20 0–20 0–20 0–20 0–20; no cap
        "#]],
    );
}

#[test]
fn later_money_is_worth_less_and_owners_have_their_part() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("100", "0"))]);
    scenario.discount = exact("10%");
    scenario.until = date(2028, 1, 1);
    let terms = terms(&scenario, vec![share("s", "lab", "cloud", "20%", Cap::NONE)]);
    scenario.holdings = vec![Holding { owner: party("cloud"), of: party("lab"), part: exact("27%") }];
    // At the end of 2026 money is worth 1/1.1, at the end of 2027 1/1.21; a month before that, a little more.
    expect![[r#"
        terms cloud: cash 20 20 = 40; received 40, paid 0, present 34.71, through 74.28
        terms lab: cash 80 80 = 160; received 0, paid 40, present 146.56, through 146.56
        terms s: 20 20; no cap; 0.73 of it kept
    "#]]
    .assert_eq(&table(&worked(&scenario, &[terms]), &["terms"]));
}

#[test]
fn an_owner_bears_its_part_of_what_it_is_paid_also_where_that_is_not_known() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("100", "0"))]);
    scenario.until = date(2027, 1, 1);
    let terms = terms(&scenario, vec![share("s", "lab", "cloud", "20%", Cap::total(Limit::Unknown))]);
    scenario.holdings = vec![Holding { owner: party("cloud"), of: party("lab"), part: exact("27%") }];
    let worked = worked(&scenario, &[terms]);
    let cloud = &worked.drafts[0].parties[0];
    // 27 of the 100 whatever is paid, and 73 cents of each unit that is.
    assert_eq!(
        (figure(&cloud.present_value), figure(&cloud.look_through)),
        ("0–20".to_owned(), "27–41.6".to_owned())
    );
}

#[test]
fn a_piece_that_starts_within_a_month_takes_its_days() {
    let scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("1200", "0"))]);
    let mut terms = terms(&scenario, vec![share("s", "lab", "cloud", "20%", Cap::NONE)]);
    let day = date(2026, 4, 27);
    terms.sold[0] = vec![
        Piece { from: scenario.from, until: day, toward: Vec::new() },
        Piece { from: day, until: scenario.until, toward: vec![Clause::parse("s").unwrap()] },
    ];
    // 4 of 30 days of April, and eight months: 20 % of 813.33.
    let worked = worked(&scenario, &[terms]);
    assert_eq!(figure(&worked.drafts[0].clauses[0].due.periods[0]), "162.67");
}

#[test]
fn what_is_random_gives_three_figures_and_the_day_a_cap_is_reached_at() {
    let growth = Quantity::Random {
        shape: Shape::Normal { mean: exact("40%"), deviation: exact("20%") },
        draw: "g".to_owned(),
    };
    let level = growing(Quantity::Fixed(exact("100")), growth);
    let scenario = scenario(&["terms"], vec![stream("a", "lab", level)]);
    check(
        &scenario,
        &[vec![share("s", "lab", "cloud", "20%", total("150"))]],
        expect![[r#"
            terms cloud: cash 20 22.9/28.51/32.87 26.21/40.65/54.03 29.12/48.97/57.13 0/2.78/33.74 = 133.46/150/150; received 133.46/150/150, paid 0, present 133.46/150/150, through 133.46/150/150
            terms lab: cash 80 91.58/114.06/131.49 104.84/162.6/216.11 120.03/231.81/400.89 137.4/410.23/729.75 = 533.85/998.7/1558.24; received 0, paid 133.46/150/150, present 533.85/998.7/1558.24, through 533.85/998.7/1558.24
            terms s: 20 22.9/28.51/32.87 26.21/40.65/54.03 29.12/48.97/57.13 0/2.78/33.74; 150 of its cap left, reached 2029-12-31/2030-12-31/never in 83 of 100
        "#]],
    );
}

fn search(better: &str, than: &str) -> Search {
    Search {
        name: "x".to_owned(),
        title: String::new(),
        vary: "a".to_owned(),
        low: Amount::parse("0 USD").unwrap(),
        high: Amount::parse("1_000 USD").unwrap(),
        party: party("cloud"),
        better: better.to_owned(),
        than: than.to_owned(),
        measure: Measure::Cash,
    }
}

fn found(shares: &[Vec<Share>; 2]) -> String {
    let mut scenario = scenario(&["new", "old"], vec![stream("a", "lab", fixed("1", "0"))]);
    scenario.searches = vec![search("new", "old")];
    let terms: Vec<_> = shares.iter().map(|shares| terms(&scenario, shares.clone())).collect();
    let found = &worked(&scenario, &terms).found[0];
    assert_eq!(found.samples.first().map(|sample| sample.level), Some(0));
    let shown = found.stretches.iter().map(|one| format!("{}..{} {:?}", one.low, one.high, one.side));
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_place_at_which_one_draft_becomes_better_is_found_to_the_unit() {
    let of = |rate: &str, cap| vec![share("s", "lab", "cloud", rate, cap)];
    // 30 % up to 120 against 10 % without end: even at five years of 240.
    let cases = [
        ("one", [of("30%", total("120")), of("10%", Cap::NONE)]),
        ("none", [of("30%", Cap::NONE), of("10%", Cap::NONE)]),
        ("all even", [of("10%", Cap::NONE), of("10%", Cap::NONE)]),
        ("even above a level", [of("30%", total("120")), of("10%", total("120"))]),
        (
            "several",
            [
                vec![
                    share("a", "lab", "cloud", "30%", total("120")),
                    share("b", "lab", "cloud", "5%", Cap::NONE),
                ],
                vec![
                    share("c", "lab", "cloud", "50%", total("90")),
                    share("d", "lab", "cloud", "10%", Cap::NONE),
                ],
            ],
        ),
        ("open", [of("30%", Cap::total(Limit::Unknown)), of("10%", Cap::NONE)]),
    ];
    let shown: String = cases.iter().map(|(name, shares)| format!("{name}: {}\n", found(shares))).collect();
    expect![[r#"
        one: 0..0 Even, 1..238 Better, 239..241 Even, 242..1000 Worse
        none: 0..0 Even, 1..1000 Better
        all even: 0..1000 Even
        even above a level: 0..0 Even, 1..238 Better, 239..1000 Even
        several: 0..0 Even, 1..71 Worse, 72..72 Even, 73..116 Better, 117..123 Even, 124..1000 Worse
        open: 0..0 Even, 1..1000 Open
    "#]]
    .assert_eq(&shown);
}

#[test]
fn who_is_better_off_is_counted_future_by_future() {
    // The new share is half as high and has no cap: above 200 a year it is better for the payee.
    let amount = Quantity::Random {
        shape: Shape::Uniform { low: exact("100"), high: exact("500") },
        draw: "a".to_owned(),
    };
    let level = growing(amount, Quantity::Fixed(exact("0")));
    let mut scenario = scenario(&["old", "new"], vec![stream("a", "lab", level)]);
    scenario.until = date(2027, 1, 1);
    scenario.holdings = vec![Holding { owner: party("cloud"), of: party("lab"), part: exact("27%") }];
    let of = |rate: &str, cap| vec![share("s", "lab", "cloud", rate, cap)];
    check(
        &scenario,
        &[of("20%", total("40")), of("10%", Cap::NONE)],
        expect![[r#"
        old cloud: cash 29.03/40/40 = 29.03/40/40; received 29.03/40/40, paid 0, present 29.03/40/40, through 60.38/112.24/153.65
        old lab: cash 116.1/267.54/420.94 = 116.1/267.54/420.94; received 0, paid 29.03/40/40, present 116.1/267.54/420.94, through 116.1/267.54/420.94
        old s: 29.03/40/40; 40 of its cap left, reached 2026-12-31/2026-12-31/never in 80 of 100; 0.73 of it kept
        new cloud: cash 14.51/30.75/46.09 = 14.51/30.75/46.09; received 14.51/30.75/46.09, paid 0, present 14.51/30.75/46.09, through 49.78/105.48/158.1
          gains -17.7/-9.25/6.09, -12.92/-6.76/4.45 through; better in 26, worse in 70 of 100
        new lab: cash 130.62/276.79/414.85 = 130.62/276.79/414.85; received 0, paid 14.51/30.75/46.09, present 130.62/276.79/414.85, through 130.62/276.79/414.85
          gains -6.88/8.97/17.42, -6.88/8.97/17.42 through; better in 70, worse in 26 of 100
        new s: 14.51/30.75/46.09; no cap; 0.73 of it kept
    "#]],
    );
}

#[test]
fn more_figures_than_are_kept_are_refused_before_they_fill_memory() {
    let amount = Quantity::Random {
        shape: Shape::Uniform { low: exact("1000"), high: exact("2000") },
        draw: "a".to_owned(),
    };
    let level = growing(amount, Quantity::Fixed(exact("0")));
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", level)]);
    (scenario.every, scenario.until, scenario.draws) = (Every::Month, date(2046, 1, 1), 100_000);
    scenario.streams[0].until = scenario.until;
    let monthly = Share { every: Every::Month, ..share("s", "lab", "cloud", "20%", Cap::NONE) };
    let terms = terms(&scenario, vec![monthly]);
    let wrong = project(&scenario, &[vec![terms]], &calendar()).unwrap_err();
    expect!["1690 figures of each of 100000 futures are more than fit: at most 59171 futures do"]
        .assert_eq(&wrong.to_string());
}

#[test]
fn owners_in_a_circle_are_refused() {
    let mut scenario = scenario(&["terms"], vec![stream("a", "lab", fixed("1", "0"))]);
    let terms = terms(&scenario, Vec::new());
    let holding = |owner, of| Holding { owner: party(owner), of: party(of), part: exact("100%") };
    scenario.holdings = vec![holding("lab", "cloud"), holding("cloud", "lab")];
    let wrong = project(&scenario, &[vec![terms]], &calendar()).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "draft `terms`: on 2026-01-01, the companies cloud, lab own one another whole"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn shares_move_money_and_make_none(
        amounts in prop::collection::vec(0i128..10_000_000, 1..4), rate in 0i128..100, cap in 0i128..5_000_000,
        growth in -50i128..100,
    ) {
        let level = |amount: &i128| growing(
            Quantity::Fixed(Exact::ratio(*amount, 7).unwrap()), Quantity::Fixed(Exact::ratio(growth, 100).unwrap()));
        let streams = amounts.iter().enumerate().map(|(n, amount)| stream(&n.to_string(), "lab", level(amount)));
        let scenario = scenario(&["terms"], streams.collect());
        let cap = Exact::ratio(cap, 100).unwrap().to_amount(Currency::USD).unwrap();
        let share = share("s", "lab", "cloud", &format!("{rate}%"), Cap::total(Limit::Of(cap)));
        let worked = worked(&scenario, &[terms(&scenario, vec![share])]);
        let parties = &worked.drafts[0].parties;
        let cash: i128 = parties.iter().map(|one| one.cash.total.p50.low).sum();
        let revenue: i128 = parties.iter().map(|one| one.revenue.total.p50.low).sum();
        prop_assert_eq!(cash, revenue);
        for one in parties {
            let periods: i128 = one.cash.periods.iter().map(|figure| figure.p50.low).sum();
            prop_assert_eq!(periods, one.cash.total.p50.low);
        }
        let paid: i128 = parties.iter().map(|one| one.paid.total.p50.low).sum();
        prop_assert!(paid <= cap.exact().to_minor(Currency::USD).unwrap());
    }

    #[test]
    fn the_same_seed_gives_the_same_figures_and_another_gives_others(seed in 0u64..1_000) {
        let growth = Quantity::Random { shape: Shape::Uniform { low: exact("0"), high: exact("1") }, draw: "g".to_owned() };
        let mut scenario = scenario(&["terms"], vec![stream("a", "lab", growing(Quantity::Fixed(exact("100")), growth))]);
        (scenario.seed, scenario.draws) = (seed, 20);
        let terms = [terms(&scenario, Vec::new())];
        let once = worked(&scenario, &terms);
        prop_assert_eq!(&once, &worked(&scenario, &terms));
        scenario.seed += 1;
        prop_assert!(once != worked(&scenario, &terms));
        let one = &once.drafts[0].parties[0].cash.total;
        prop_assert!(one.p10.low <= one.p50.low && one.p50.low <= one.p90.low);
    }
}

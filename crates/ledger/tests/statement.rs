//! Statements, as a reader sees them and by the laws they keep.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it is wrong")]

mod rows;

use abide_ledger::closing::Closings;
use abide_ledger::statement::{Draft, Scope, Sight, statement};
use abide_ledger::{Period, Statement};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact, PICO};
use abide_model::name::{Clause, Party, Product};
use abide_model::terms::{
    Commit, Every, Guarantee, Minimum, Place, Purchase, Rate, Rates, Share, Stage, Terms, YearBegins,
};
use expect_test::{Expect, expect, expect_file};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CALLS: &str = "
    2026-01-15T12:00Z acme openai/api azure 1200/300 100.005 USD
    2026-04-01T06:59Z acme openai/api azure 10/3 0.40 USD
    2026-04-01T07:00Z acme openai/api azure 1200/300 0.00185 USD
    2026-04-10T12:00Z acme openai/api azure 1200/300~ 0.00185 USD
    2026-05-10T12:00Z umbrella openai/api azure 1000000/5000 1250.00 USD
    2026-05-11T12:00Z umbrella openai/frontier aws 900/100 20.155 USD
    2026-06-30T12:00Z umbrella openai/frontier aws 70/7 free
    2026-06-30T12:00Z umbrella mistral/large direct 70/7 3 USD
    2026-07-01T07:00Z acme openai/api azure 1200/300 900 USD
";

fn scope(party: &str, period: &str, shares: Vec<Share>) -> Scope {
    Scope {
        party: Party::parse(party).unwrap(),
        own: Party::parse("openai").unwrap(),
        sight: Sight::Own,
        names: BTreeMap::new(),
        period: Period::parse(period).unwrap(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        begins: YearBegins::JANUARY,
        at: "2027-02-01T00:00Z".parse().unwrap(),
        terms: Terms { shares, ..Terms::default() },
        closings: Closings::default(),
    }
}

fn covers(_: &Clause, line: &UsageLine) -> bool {
    Product::parse("openai").unwrap().covers(&line.product)
}

fn draw(party: &str, period: &str, share: Share, calls: &str) -> Statement {
    statement(scope(party, period, vec![share]), rows::lines(calls).unwrap(), covers).unwrap()
}

fn check(party: &str, period: &str, share: Share, expected: Expect) {
    expected.assert_eq(&draw(party, period, share, CALLS).render_table());
}

#[test]
fn a_payee_sees_the_revenue_its_share_covers_and_what_is_due() {
    let share = rows::share("20%", "38_000_000_000 USD").unwrap();
    check(
        "microsoft",
        "2026-Q2",
        share,
        expect![[r#"
            Statement for microsoft · 2026-Q2
            from the books of openai, 2026-04-01 to 2026-06-30 in America/Los_Angeles
            internal: it shows what microsoft is not to see

            Revenue
              product          channel  calls  estimated  tokens in  tokens out         revenue
              openai/api       azure        3          1  1,002,400       5,600  1,250.0037 USD
              openai/frontier  aws          1          0        900         100     20.155 USD
              ─────────────────────────────────────────────────────────────────────────────────
              total                         4          1  1,003,300       5,700  1,270.1587 USD
              to the minor unit: 1,270.16 USD

            Without a price, in no sum above or below
              product          channel  calls  estimated  tokens in  tokens out
              openai/frontier  aws          1          0         70           7

            Share apr27.revenue-share
              openai owes microsoft 20% of revenue, each quarter from 2026-01-01 until 2031-01-01, at most 38,000,000,000.00 USD in all
              without a price, so not in the base: 1 call
                revenue before                    100.405   USD
                revenue in the period           1,270.1587  USD
                share before                       20.081   USD
                share in the period               254.03174 USD
                share so far                      274.11274 USD
                left under the cap     37,999,999,725.88726 USD
                due for 2026-Q2                   254.03    USD

            Due
              to microsoft: 254.03 USD
              by microsoft: 0.00 USD
        "#]],
    );
}

#[test]
fn the_books_own_party_sees_all_revenue() {
    check(
        "openai",
        "2026-Q2",
        rows::share("20%", "none").unwrap(),
        expect![[r#"
            Statement for openai · 2026-Q2
            from the books of openai, 2026-04-01 to 2026-06-30 in America/Los_Angeles

            Revenue
              product          channel  calls  estimated  tokens in  tokens out         revenue
              mistral/large    direct       1          0         70           7      3.00 USD
              openai/api       azure        3          1  1,002,400       5,600  1,250.0037 USD
              openai/frontier  aws          1          0        900         100     20.155 USD
              ─────────────────────────────────────────────────────────────────────────────────
              total                         5          1  1,003,370       5,707  1,273.1587 USD
              to the minor unit: 1,273.16 USD

            Without a price, in no sum above or below
              product          channel  calls  estimated  tokens in  tokens out
              openai/frontier  aws          1          0         70           7

            Metered usage by customer, as it is invoiced
              umbrella  1,273.16 USD
              acme          0.01 USD

            Share apr27.revenue-share
              openai owes microsoft 20% of revenue, each quarter from 2026-01-01 until 2031-01-01, no cap
              without a price, so not in the base: 1 call
                revenue before           100.405   USD
                revenue in the period  1,270.1587  USD
                share before              20.081   USD
                share in the period      254.03174 USD
                share so far             274.11274 USD
                due for 2026-Q2          254.03    USD

            Due
              to openai: 0.00 USD
              by openai: 254.03 USD
        "#]],
    );
}

#[test]
fn a_month_within_a_quarter_accrues_and_nothing_falls_due() {
    check(
        "microsoft",
        "2026-05",
        rows::share("20%", "unknown").unwrap(),
        expect![[r#"
            Statement for microsoft · 2026-05
            from the books of openai, 2026-05-01 to 2026-05-31 in America/Los_Angeles
            internal: it shows what microsoft is not to see

            Revenue
              product          channel  calls  estimated  tokens in  tokens out        revenue
              openai/api       azure        1          0  1,000,000       5,000  1,250.00 USD
              openai/frontier  aws          1          0        900         100     20.155 USD
              ────────────────────────────────────────────────────────────────────────────────
              total                         2          0  1,000,900       5,100  1,270.155 USD
              to the minor unit: 1,270.16 USD

            Share apr27.revenue-share
              openai owes microsoft 20% of revenue, each quarter from 2026-01-01 until 2031-01-01, a cap in all that is not known
                revenue before                           100.4087  USD
                revenue in the period                  1,270.155   USD
                share before                      0.00 to 20.08174 USD
                share in the period              0.00 to 254.031   USD
                share so far                     0.00 to 274.11274 USD
                accrued in 2026-Q2, not yet due  0.00 to 254.03    USD

            Due
              to microsoft: 0.00 USD, and 0.00 to 254.03 USD accrued, not yet due
              by microsoft: 0.00 USD
        "#]],
    );
}

#[test]
fn a_year_holds_the_settlements_of_its_quarters_up_to_the_cap() {
    check(
        "microsoft",
        "2026",
        rows::share("20%", "300 USD").unwrap(),
        expect![[r#"
            Statement for microsoft · 2026
            from the books of openai, 2026-01-01 to 2026-12-31 in America/Los_Angeles
            internal: it shows what microsoft is not to see

            Revenue
              product          channel  calls  estimated  tokens in  tokens out         revenue
              openai/api       azure        6          1  1,004,810       6,203  2,250.4087 USD
              openai/frontier  aws          1          0        900         100     20.155 USD
              ─────────────────────────────────────────────────────────────────────────────────
              total                         7          1  1,005,710       6,303  2,270.5637 USD
              to the minor unit: 2,270.56 USD

            Without a price, in no sum above or below
              product          channel  calls  estimated  tokens in  tokens out
              openai/frontier  aws          1          0         70           7

            Share apr27.revenue-share
              openai owes microsoft 20% of revenue, each quarter from 2026-01-01 until 2031-01-01, at most 300.00 USD in all
              without a price, so not in the base: 1 call
                revenue before             0.00   USD
                revenue in the period  2,270.5637 USD
                share before               0.00   USD
                share in the period      300.00   USD
                share so far             300.00   USD
                left under the cap         0.00   USD
                due for 2026-Q1           20.08   USD
                due for 2026-Q2          254.03   USD
                due for 2026-Q3           25.89   USD

            Due
              to microsoft: 300.00 USD
              by microsoft: 0.00 USD
        "#]],
    );
}

#[test]
fn what_is_open_when_the_statement_is_drawn_up_is_not_yet_due() {
    let share = Share { every: Every::Month, ..rows::share("20%", "none").unwrap() };
    let early = Scope { at: "2026-05-11T00:00Z".parse().unwrap(), ..scope("openai", "2026-Q2", vec![share]) };
    let drawn = statement(early, rows::lines(CALLS).unwrap(), covers).unwrap();
    expect![[r#"
        Statement for openai · 2026-Q2
        from the books of openai, 2026-04-01 to 2026-06-30 in America/Los_Angeles
        drawn up on 2026-05-10 17:00, before the period ends

        Revenue
          product     channel  calls  estimated  tokens in  tokens out         revenue
          openai/api  azure        3          1  1,002,400       5,600  1,250.0037 USD
          ────────────────────────────────────────────────────────────────────────────
          total                    3          1  1,002,400       5,600  1,250.0037 USD
          to the minor unit: 1,250.00 USD

        Metered usage by customer, as it is invoiced
          umbrella  1,250.00 USD
          acme          0.01 USD

        Share apr27.revenue-share
          openai owes microsoft 20% of revenue, each month from 2026-01-01 until 2031-01-01, no cap
            revenue before                     100.405   USD
            revenue in the period            1,250.0037  USD
            share before                        20.081   USD
            share in the period                250.00074 USD
            share so far                       270.08174 USD
            due for 2026-04                      0.00    USD
            accrued in 2026-05, not yet due    250.00    USD

        Due
          to openai: 0.00 USD
          by openai: 0.00 USD, and 250.00 USD accrued, not yet due
    "#]]
    .assert_eq(&drawn.render_table());
}

#[test]
fn a_statement_of_a_period_to_come_holds_what_there_was_when_it_is_drawn_up() {
    let share = rows::share("20%", "none").unwrap();
    let early = Scope { at: "2026-02-01T00:00Z".parse().unwrap(), ..scope("openai", "2026-Q2", vec![share]) };
    let drawn = statement(early, rows::lines(CALLS).unwrap(), covers).unwrap();
    assert!(drawn.revenue.is_empty() && drawn.unpriced.is_empty());
    let entry = &drawn.shares[0].entries[0];
    assert_eq!(
        (entry.base_before.to_string(), entry.base.to_string()),
        ("100.005".to_owned(), "0".to_owned())
    );
}

#[test]
fn a_party_without_shares_gets_an_empty_statement() {
    check(
        "amazon",
        "2026-Q2",
        rows::share("20%", "none").unwrap(),
        expect![[r#"
            Statement for amazon · 2026-Q2
            from the books of openai, 2026-04-01 to 2026-06-30 in America/Los_Angeles
            internal: it shows what amazon is not to see

            Revenue
              none

            Due
              nothing
        "#]],
    );
}

#[test]
fn a_share_does_not_count_before_it_starts_or_after_it_ends() {
    let mut share = rows::share("20%", "none").unwrap();
    share.since = "2026-05-11".parse().unwrap();
    share.until = Some("2026-06-01".parse().unwrap());
    check(
        "microsoft",
        "2026-Q2",
        share,
        expect![[r#"
            Statement for microsoft · 2026-Q2
            from the books of openai, 2026-04-01 to 2026-06-30 in America/Los_Angeles
            internal: it shows what microsoft is not to see

            Revenue
              product          channel  calls  estimated  tokens in  tokens out     revenue
              openai/frontier  aws          1          0        900         100  20.155 USD
              ─────────────────────────────────────────────────────────────────────────────
              total                         1          0        900         100  20.155 USD
              to the minor unit: 20.16 USD

            Share apr27.revenue-share
              openai owes microsoft 20% of revenue, each quarter from 2026-05-11 until 2026-06-01, no cap
                revenue before          0.00  USD
                revenue in the period  20.155 USD
                share before            0.00  USD
                share in the period     4.031 USD
                share so far            4.031 USD
                due for 2026-Q2         4.03  USD

            Due
              to microsoft: 4.03 USD
              by microsoft: 0.00 USD
        "#]],
    );
}

#[test]
fn revenue_beside_the_currency_of_the_cap_leaves_the_share_open_on_both_sides() {
    let calls = "
        2026-04-10T12:00Z acme openai/api azure 1/1 100 USD
        2026-04-10T12:00Z acme openai/api azure 1/1 100 EUR
    ";
    let share = rows::share("20%", "15 USD").unwrap();
    expect![[r#"
        Statement for microsoft · 2026-Q2
        from the books of openai, 2026-04-01 to 2026-06-30 in America/Los_Angeles
        internal: it shows what microsoft is not to see

        Revenue
          product     channel  calls  estimated  tokens in  tokens out     revenue
          openai/api  azure        1          0          1           1  100.00 EUR
          openai/api  azure        1          0          1           1  100.00 USD
          ────────────────────────────────────────────────────────────────────────
          total                    1          0          1           1  100.00 EUR
          total                    1          0          1           1  100.00 USD

        Share apr27.revenue-share
          openai owes microsoft 20% of revenue, each quarter from 2026-01-01 until 2031-01-01, at most 15.00 USD in all
            revenue before                  0.00 EUR
            revenue in the period         100.00 EUR
            share before                    0.00 EUR
            share in the period    0.00 to 20.00 EUR
            share so far           0.00 to 20.00 EUR
            due for 2026-Q2        0.00 to 20.00 EUR
            revenue before                  0.00 USD
            revenue in the period         100.00 USD
            share before                    0.00 USD
            share in the period    0.00 to 15.00 USD
            share so far           0.00 to 15.00 USD
            left under the cap              0.00 USD
            due for 2026-Q2        0.00 to 15.00 USD

        Due
          to microsoft: 0.00 to 20.00 EUR
          by microsoft: 0.00 EUR
          to microsoft: 0.00 to 15.00 USD
          by microsoft: 0.00 USD
    "#]].assert_eq(&draw("microsoft", "2026-Q2", share, calls).render_table());
}

#[test]
fn the_json_holds_the_same_figures_as_text() {
    let share = rows::share("20%", "300 USD").unwrap();
    let json = draw("microsoft", "2026-Q2", share, CALLS).to_json();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    expect_file!["../testdata/statement/quarter.json"]
        .assert_eq(&(serde_json::to_string_pretty(&value).unwrap() + "\n"));
}

#[test]
fn a_total_beyond_128_bits_is_refused_and_never_wraps() {
    let mut lines = rows::lines(CALLS).unwrap();
    for line in &mut lines {
        line.charge = Some(Amount { pico: i128::MAX, currency: Currency::USD });
    }
    let mut share = rows::share("20%", "none").unwrap();
    share.rates = Rates::flat(Exact::whole(i128::MAX));
    let refused = statement(scope("microsoft", "2026-Q2", vec![share]), lines, covers).unwrap_err();
    assert_eq!(refused.to_string(), "an amount in USD is too large to be written down");
}

fn some_lines() -> impl Strategy<Value = Vec<UsageLine>> {
    let line = (0i64..31_536_000, 0usize..3, 0usize..2, 0i128..10_000 * PICO, any::<bool>());
    prop::collection::vec(line, 0..60).prop_map(|drawn| {
        let mut lines =
            rows::lines(&"2026-01-01T08:00Z acme openai/api azure 12/3 free\n".repeat(drawn.len())).unwrap();
        for (line, (second, product, channel, pico, priced)) in lines.iter_mut().zip(drawn) {
            line.at += jiff::SignedDuration::from_secs(second);
            line.product =
                Product::parse(["openai/api", "openai/frontier", "mistral/large"][product]).unwrap();
            line.channel = ["azure", "aws"][channel].parse().unwrap();
            line.charge = priced.then_some(Amount { pico, currency: Currency::USD });
        }
        lines
    })
}

fn every() -> impl Strategy<Value = Every> {
    prop::sample::select(vec![Every::Month, Every::Quarter, Every::Year])
}

fn some_share() -> impl Strategy<Value = Share> {
    (every(), 0i128..1_000, prop::option::of(0i128..20_000)).prop_map(|(every, rate, cap)| {
        let cap = cap.map_or("none".to_owned(), |cap| format!("{cap}.005 USD"));
        let rate = Exact::ratio(rate, 999).unwrap();
        Share { every, rates: Rates::flat(rate), ..rows::share("20%", &cap).unwrap() }
    })
}

proptest! {
    #[test]
    fn totals_equal_the_sum_of_the_calls_to_the_cent(lines in some_lines()) {
        let whole = statement(scope("openai", "2026", vec![]), &lines, covers).unwrap();
        let charged: Exact = lines.iter().filter_map(|line| line.charge).map(|charge| charge.exact()).sum();
        let total: i128 = whole.totals.iter().map(|total| total.revenue_minor).sum();
        prop_assert_eq!(Some(total), charged.to_minor(Currency::USD));
        let calls: u64 = whole.totals.iter().map(|total| total.count.calls).sum();
        let unpriced: u64 = whole.unpriced.iter().map(|row| row.count.calls).sum();
        prop_assert_eq!(calls + unpriced, lines.len() as u64);
    }

    #[test]
    fn neither_the_order_of_lines_nor_how_they_arrive_matters(
        (lines, shuffled) in some_lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        share in some_share(),
        cut in 0usize..60,
    ) {
        let scope = scope("microsoft", "2026-Q2", vec![share]);
        let whole = statement(scope.clone(), &lines, covers).unwrap();
        prop_assert_eq!(&statement(scope.clone(), &shuffled, covers).unwrap(), &whole);
        let mut draft = Draft::new(scope);
        for batch in lines.chunks(cut + 1) {
            batch.iter().for_each(|line| draft.add(line, covers));
        }
        prop_assert_eq!(draft.finish().unwrap(), whole);
    }

    #[test]
    fn statements_of_successive_periods_add_up_to_that_of_the_whole(
        lines in some_lines(), share in some_share(), length in every(),
    ) {
        let whole = statement(scope("microsoft", "2026", vec![share.clone()]), &lines, covers).unwrap();
        let first = Period::of(length, YearBegins::JANUARY, "2026-01-01".parse().unwrap());
        let (mut shared, mut due) = (Exact::zero(), 0);
        for period in first.onwards().take_while(|period| period.first_day().year() == 2026) {
            let part = statement(scope("microsoft", &period.to_string(), vec![share.clone()]), &lines, covers).unwrap();
            for entry in part.shares.iter().flat_map(|account| &account.entries) {
                prop_assert_eq!(&entry.used_before.low, &shared);
                shared += &entry.share.low;
                prop_assert_eq!(&entry.used_after.low, &shared);
                due += entry.due.low;
            }
        }
        for entry in whole.shares.iter().flat_map(|account| &account.entries) {
            prop_assert_eq!(&entry.share.low, &shared);
            prop_assert_eq!(entry.due.low, due);
            prop_assert_eq!(Some(due), shared.to_minor(Currency::USD));
        }
    }
}

/// The guarantee of 300 USD a quarter over a share that is settled in euros, under these rates.
fn check_guarantee_over_euros(rates: Vec<Rate>, period: &str, expected: Expect) {
    let since = "2026-01-01".parse().unwrap();
    let guarantee = Guarantee {
        clause: "apr27.minimum".parse().unwrap(),
        payer: "openai".parse().unwrap(),
        payee: "microsoft".parse().unwrap(),
        over: vec!["apr27.revenue-share".parse().unwrap()],
        every: Every::Quarter,
        since,
        until: None,
        minima: vec![Minimum { since, until: None, amount: Amount::parse("300 USD").unwrap() }],
        window: 1,
    };
    let calls = "
        2026-01-15T12:00Z acme openai/api azure 1/1 1_000 EUR
        2026-05-15T12:00Z acme openai/api azure 1/1 2_000 EUR
    ";
    let mut scope = scope("microsoft", period, vec![rows::share("20%", "none").unwrap()]);
    scope.terms = Terms { guarantees: vec![guarantee], rates, ..scope.terms };
    let drawn = statement(scope, rows::lines(calls).unwrap(), covers).unwrap().render_table();
    let section = drawn.split("\n\n").find(|section| section.starts_with("Guarantee")).unwrap();
    expected.assert_eq(&format!("{section}\n"));
}

#[test]
fn what_a_guaranteed_share_earns_in_another_currency_is_converted_at_the_rate_of_its_last_day() {
    let rate = |value: &str, on: &str| Rate {
        from: Currency::parse("EUR").unwrap(),
        to: Currency::USD,
        value: Exact::parse(value).unwrap(),
        on: on.parse().unwrap(),
    };
    let rates = vec![rate("2", "2026-01-01"), rate("1.25", "2026-03-31"), rate("1.1", "2026-05-01")];
    check_guarantee_over_euros(
        rates.clone(),
        "2026-Q1",
        expect![[r#"
        Guarantee apr27.minimum
          openai guarantees microsoft a minimum
          2026-Q1
            earned            250.00 USD
            minimum           300.00 USD
            shortfall          50.00 USD
            paid in all       300.00 USD
            due to microsoft   50.00 USD
    "#]],
    );
    check_guarantee_over_euros(
        rates,
        "2026-Q2",
        expect![[r#"
        Guarantee apr27.minimum
          openai guarantees microsoft a minimum
          2026-Q2
            earned                 440.00 USD
            minimum                300.00 USD
            to recoup from before   50.00 USD
            recouped                50.00 USD
            paid in all            390.00 USD
            due to microsoft       -50.00 USD
    "#]],
    );
}

#[test]
fn what_a_guaranteed_share_earns_without_a_rate_leaves_the_guarantee_open_within_bounds() {
    check_guarantee_over_euros(
        Vec::new(),
        "2026-Q1",
        expect![[r#"
            Guarantee apr27.minimum
              openai guarantees microsoft a minimum
              without a rate, so not counted: 200.00 EUR
              2026-Q1
                minimum                   300.00 USD
                shortfall         0.00 to 300.00 USD
                due to microsoft  0.00 to 300.00 USD
        "#]],
    );
    check_guarantee_over_euros(
        Vec::new(),
        "2026-Q2",
        expect![[r#"
            Guarantee apr27.minimum
              openai guarantees microsoft a minimum
              without a rate, so not counted: 600.00 EUR
              2026-Q2
                minimum                           300.00 USD
                shortfall                 0.00 to 300.00 USD
                to recoup from before     0.00 to 300.00 USD
                recouped                  0.00 to 300.00 USD
                due to microsoft       -300.00 to 300.00 USD
        "#]],
    );
}

#[test]
fn the_json_names_nobody_whom_the_statement_does_not_tell_of() {
    let mut scope = scope("microsoft", "2026-Q2", vec![rows::share("20%", "none").unwrap()]);
    let named = |party: &str, name: &str| (Party::parse(party).unwrap(), name.to_owned());
    scope.names =
        [named("openai", "OpenAI"), named("microsoft", "Microsoft"), named("amazon", "Amazon")].into();
    let drawn = statement(scope, rows::lines(CALLS).unwrap(), covers).unwrap();
    let json: serde_json::Value = serde_json::from_str(&drawn.to_json()).unwrap();
    expect![[r#"{"microsoft":"Microsoft","openai":"OpenAI"}"#]].assert_eq(&json["names"].to_string());
}

#[test]
fn a_stage_says_what_part_of_its_shortfall_is_owed_and_rolls_nothing_over_while_it_is_open() {
    let stage = |since: &str, until: &str| Stage {
        since: since.parse().unwrap(),
        until: Some(until.parse().unwrap()),
        amount: Some(Amount::parse("400_000 USD").unwrap()),
        lapsed: false,
    };
    let part = |text: &str| Exact::parse(text).unwrap();
    let commit = Commit {
        clause: "apr27.spend".parse().unwrap(),
        buyer: "openai".parse().unwrap(),
        seller: "microsoft".parse().unwrap(),
        stages: vec![
            stage("2026-01-01", "2026-04-01"),
            stage("2026-04-01", "2026-10-01"),
            stage("2026-10-01", "2027-01-01"),
        ],
        capacity: None,
        shortfall: part("60%"),
        carry: part("0"),
        rollover: part("10%"),
    };
    let drawn = |period: &str| {
        let mut scope = scope("microsoft", period, Vec::new());
        scope.terms.commits = vec![commit.clone()];
        scope.at = "2026-07-15T00:00Z".parse().unwrap();
        statement(scope, rows::lines("").unwrap(), covers).unwrap()
    };
    let json = drawn("2026-Q1").to_json();
    assert!(json.contains(r#""part":{"rate":"60%","of":"360000.00"}"#), "{json}");
    let told = |period: &str| {
        let drawn = drawn(period).render_table();
        drawn.split("\n\n").find(|section| section.starts_with("Commit")).unwrap().to_owned() + "\n"
    };
    expect![[r#"
        Commit apr27.spend
          openai buys at least so much from microsoft
          2026-01-01 to 2026-03-31
            committed         400,000.00 USD
            to be bought      400,000.00 USD
            short             400,000.00 USD
            rolled over        40,000.00 USD
            owed: 60% of      360,000.00 USD
            due to microsoft  216,000.00 USD
    "#]]
    .assert_eq(&told("2026-Q1"));
    expect![[r#"
        Commit apr27.spend
          openai buys at least so much from microsoft
          2026-04-01 to 2026-09-30, still open
            committed           400,000.00 USD
            rolled in            40,000.00 USD
            to be bought        440,000.00 USD
            still to be bought  440,000.00 USD
    "#]]
    .assert_eq(&told("2026-Q2"));
}

#[test]
fn nothing_is_known_to_pass_through_a_stage_of_which_the_amount_is_not_known() {
    let stage = |since: &str, until: &str, amount: Option<&str>| Stage {
        since: since.parse().unwrap(),
        until: Some(until.parse().unwrap()),
        amount: amount.map(|amount| Amount::parse(amount).unwrap()),
        lapsed: false,
    };
    let part = |text: &str| Exact::parse(text).unwrap();
    let commit = Commit {
        clause: "apr27.spend".parse().unwrap(),
        buyer: "openai".parse().unwrap(),
        seller: "microsoft".parse().unwrap(),
        stages: vec![
            stage("2026-01-01", "2026-02-01", Some("100 USD")),
            stage("2026-02-01", "2026-03-01", None),
            stage("2026-03-01", "2026-04-01", Some("100 USD")),
        ],
        capacity: None,
        shortfall: part("100%"),
        carry: part("25%"),
        rollover: part("10%"),
    };
    let bought = |on: &str, amount: &str| Purchase {
        by: "openai".parse().unwrap(),
        from: "microsoft".parse().unwrap(),
        amount: Amount::parse(amount).unwrap(),
        on: on.parse().unwrap(),
        recorded: on.parse().unwrap(),
        toward: vec![commit.clause.clone()],
        place: Place { file: "rows.toml".to_owned(), line: 1 },
    };
    let mut scope = scope("microsoft", "2026-Q1", Vec::new());
    scope.terms.purchases = vec![bought("2026-01-05", "60 USD"), bought("2026-02-05", "110 USD")];
    scope.terms.commits = vec![commit.clone()];
    let drawn = statement(scope, rows::lines("").unwrap(), covers).unwrap().render_table();
    let drawn = drawn.split("\n\n").find(|section| section.starts_with("Commit")).unwrap().to_owned() + "\n";
    expect![[r#"
        Commit apr27.spend
          openai buys at least so much from microsoft
          2026-01-01 to 2026-01-31
            committed         100.00 USD
            to be bought      100.00 USD
            bought             60.00 USD
            short              40.00 USD
            rolled over        10.00 USD
            owed: 100% of      30.00 USD
            due to microsoft   30.00 USD
          2026-02-01 to 2026-02-28
            bought  110.00 USD
          2026-03-01 to 2026-03-31
            committed                  100.00 USD
            carried in          0.00 to 20.00 USD
            to be bought      80.00 to 100.00 USD
            short             80.00 to 100.00 USD
            due to microsoft  80.00 to 100.00 USD
    "#]]
    .assert_eq(&drawn);
}

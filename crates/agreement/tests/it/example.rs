//! The book of OpenAI, Microsoft and Amazon, asked what its readers would ask.

use crate::rows::{ask, check, openai_clouds};
use expect_test::expect;

#[test]
fn amazon_may_sell_frontier_from_april_and_until_then_it_hangs_on_one_question() {
    check(
        &openai_clouds(),
        &[
            "amazon sell openai/frontier aws 2026-01-15",
            "amazon sell openai/frontier aws 2026-03-18",
            "amazon sell openai/frontier aws 2026-04-28",
        ],
        expect![[r#"
            amazon sell openai/frontier aws 2026-01-15
              no_right
            amazon sell openai/frontier aws 2026-03-18
              contested on frontier-is-api toward microsoft, counts toward oct25.share-until-agi
                oct25.api-exclusive forbids
                feb26.frontier-distribution grants
            amazon sell openai/frontier aws 2026-04-28
              permit, until 2031-01-01, counts toward apr27.revenue-share
                feb26.frontier-distribution grants
        "#]],
    );
}

#[test]
fn the_cap_of_the_share_is_unknown_until_it_was_reported() {
    let book = openai_clouds();
    let mut out = String::new();
    for day in ["2025-11-01", "2025-12-01", "2026-03-01", "2026-05-01", "2026-05-11"] {
        out += &format!("as known on {day}\n");
        for share in book.shares(ask(&book, &format!("openai serve openai/frontier direct {day}")).at) {
            let until = share.until.map_or("open".to_owned(), |day| day.to_string());
            out += &format!(
                "  {}: {} to {}, {} a {}, {} to {until}, cap {:?}\n",
                share.clause,
                share.payer,
                share.payee,
                share.rates.as_flat().unwrap(),
                share.every.as_str(),
                share.since,
                share.cap.total
            );
        }
    }
    expect![[r#"
        as known on 2025-11-01
          jan23.profit-until-recouped: openai to microsoft, 0.75 a year, 2023-01-23 to 2025-10-28, cap Of(10000000000.00 USD)
          jan25.share: openai to microsoft, 0.2 a quarter, 2025-01-21 to 2025-10-28, cap None
          jan25.share-back: microsoft to openai, 0.2 a quarter, 2025-01-21 to 2031-01-01, cap None
          oct25.share-until-agi: openai to microsoft, 0.2 a quarter, 2025-10-28 to open, cap None
        as known on 2025-12-01
          jan23.profit-until-recouped: openai to microsoft, 0.75 a year, 2023-01-23 to 2025-10-28, cap Of(10000000000.00 USD)
          jan23.share: openai to microsoft, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan23.share-back: microsoft to openai, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan25.share: openai to microsoft, 0.2 a quarter, 2025-01-21 to 2025-10-28, cap None
          jan25.share-back: microsoft to openai, 0.2 a quarter, 2025-01-21 to 2031-01-01, cap None
          oct25.share-until-agi: openai to microsoft, 0.2 a quarter, 2025-10-28 to open, cap None
        as known on 2026-03-01
          jan23.profit-until-recouped: openai to microsoft, 0.75 a year, 2023-01-23 to 2025-10-28, cap Of(10000000000.00 USD)
          jan23.share: openai to microsoft, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan23.share-back: microsoft to openai, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan25.share: openai to microsoft, 0.2 a quarter, 2025-01-21 to 2025-10-28, cap None
          jan25.share-back: microsoft to openai, 0.2 a quarter, 2025-01-21 to 2031-01-01, cap None
          oct25.share-until-agi: openai to microsoft, 0.2 a quarter, 2025-10-28 to open, cap None
        as known on 2026-05-01
          jan23.profit-until-recouped: openai to microsoft, 0.75 a year, 2023-01-23 to 2025-10-28, cap Of(10000000000.00 USD)
          jan23.share: openai to microsoft, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan23.share-back: microsoft to openai, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan25.share: openai to microsoft, 0.2 a quarter, 2025-01-21 to 2025-10-28, cap None
          jan25.share-back: microsoft to openai, 0.2 a quarter, 2025-01-21 to 2026-04-27, cap None
          oct25.share-until-agi: openai to microsoft, 0.2 a quarter, 2025-10-28 to 2026-04-27, cap None
          apr27.revenue-share: openai to microsoft, 0.2 a quarter, 2026-04-27 to 2031-01-01, cap Unknown
        as known on 2026-05-11
          jan23.profit-until-recouped: openai to microsoft, 0.75 a year, 2023-01-23 to 2025-10-28, cap Of(10000000000.00 USD)
          jan23.share: openai to microsoft, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan23.share-back: microsoft to openai, 0.2 a quarter, 2023-01-23 to 2025-01-21, cap None
          jan25.share: openai to microsoft, 0.2 a quarter, 2025-01-21 to 2025-10-28, cap None
          jan25.share-back: microsoft to openai, 0.2 a quarter, 2025-01-21 to 2026-04-27, cap None
          oct25.share-until-agi: openai to microsoft, 0.2 a quarter, 2025-10-28 to 2026-04-27, cap None
          apr27.revenue-share: openai to microsoft, 0.2 a quarter, 2026-04-27 to 2031-01-01, cap Of(38000000000.00 USD)
    "#]].assert_eq(&out);
}

#[test]
fn today_the_api_goes_through_both_clouds_and_frontier_through_one() {
    check(
        &openai_clouds(),
        &[
            "openai serve openai/api/responses azure 2026-11-20",
            "openai serve openai/api/responses aws 2026-11-20",
            "openai serve openai/api/responses direct 2026-11-20",
            "openai serve openai/frontier azure 2026-11-20",
            "openai sell openai/frontier azure 2026-11-20",
            "openai host openai/frontier azure 2026-11-20",
            "openai serve openai/frontier aws 2026-11-20",
            "openai serve openai/frontier direct 2026-11-20",
            "microsoft serve openai/api/responses azure 2026-11-20",
            "microsoft sell openai/frontier azure 2026-11-20",
            "amazon serve openai/api/responses aws 2026-11-20",
            "amazon serve openai/api/responses azure 2026-11-20",
        ],
        expect![[r#"
            openai serve openai/api/responses azure 2026-11-20
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
            openai serve openai/api/responses aws 2026-11-20
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
            openai serve openai/api/responses direct 2026-11-20
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
            openai serve openai/frontier azure 2026-11-20
              breach toward amazon, until 2031-01-01, counts toward apr27.revenue-share
                feb26.frontier-exclusive forbids
            openai sell openai/frontier azure 2026-11-20
              breach toward amazon, until 2031-01-01, counts toward apr27.revenue-share
                feb26.frontier-exclusive forbids
            openai host openai/frontier azure 2026-11-20
              permit
            openai serve openai/frontier aws 2026-11-20
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
                feb26.frontier-exclusive excepts
            openai serve openai/frontier direct 2026-11-20
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
                feb26.frontier-exclusive excepts
            microsoft serve openai/api/responses azure 2026-11-20
              permit, until 2033-01-01
                apr27.ip-licence grants
            microsoft sell openai/frontier azure 2026-11-20
              no_right
            amazon serve openai/api/responses aws 2026-11-20
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr28.bedrock grants
            amazon serve openai/api/responses azure 2026-11-20
              no_right
        "#]],
    );
}

#[test]
fn before_the_settlement_the_api_was_bound_to_azure_except_for_national_security() {
    check(
        &openai_clouds(),
        &[
            "openai serve openai/api/responses aws 2024-06-01",
            "openai serve openai/api/responses aws 2025-06-01",
            "openai serve openai/api/responses aws 2025-11-15",
            "openai serve openai/api/responses aws 2026-03-15",
            "openai serve openai/api/responses aws 2026-03-15 segment=government/national-security",
            "openai serve openai/api/responses azure 2026-03-15",
            "openai serve openai/api/stateful-runtime aws 2026-03-15",
            "openai serve openai/api/responses aws 2026-04-27",
            "openai serve openai/chatgpt aws 2026-03-15",
            "openai host openai/models/weights aws 2024-06-01",
            "openai host openai/models/weights aws 2025-06-01",
        ],
        expect![[r#"
            openai serve openai/api/responses aws 2024-06-01
              breach toward microsoft
                jul19.exclusive-cloud forbids
            openai serve openai/api/responses aws 2025-06-01
              breach toward microsoft, until 2031-01-01, counts toward jan25.share
                jan25.api-exclusive forbids
            openai serve openai/api/responses aws 2025-11-15
              breach toward microsoft, counts toward oct25.share-until-agi
                oct25.api-exclusive forbids
            openai serve openai/api/responses aws 2026-03-15
              breach toward microsoft, counts toward oct25.share-until-agi
                oct25.api-exclusive forbids
                feb26.stateless-exclusive forbids
            openai serve openai/api/responses aws 2026-03-15 segment=government/national-security
              permit, counts toward oct25.share-until-agi
                oct25.api-exclusive excepts
                feb26.stateless-exclusive excepts
            openai serve openai/api/responses azure 2026-03-15
              permit, counts toward oct25.share-until-agi
                oct25.api-exclusive excepts
                feb26.stateless-exclusive excepts
            openai serve openai/api/stateful-runtime aws 2026-03-15
              contested on stateful-runtime-is-api toward microsoft, counts toward oct25.share-until-agi
                oct25.api-exclusive forbids
            openai serve openai/api/responses aws 2026-04-27
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
            openai serve openai/chatgpt aws 2026-03-15
              permit, counts toward oct25.share-until-agi
            openai host openai/models/weights aws 2024-06-01
              breach toward microsoft
                jul19.exclusive-cloud forbids
            openai host openai/models/weights aws 2025-06-01
              contested on capacity-was-offered toward microsoft
                jan25.capacity-refusal forbids
        "#]],
    );
}

#[test]
fn what_was_known_then_is_another_question_than_what_is_known_now() {
    check(
        &openai_clouds(),
        &[
            "openai serve openai/api/responses aws 2026-05-01 known=2026-04-01",
            "openai serve openai/api/responses aws 2026-05-01 known=2026-05-01",
            "openai serve openai/api/chat direct 2024-06-01 known=2024-06-01",
            "openai serve openai/api/chat direct 2024-06-01 known=2026-11-20",
        ],
        expect![[r#"
            openai serve openai/api/responses aws 2026-05-01 known=2026-04-01
              breach toward microsoft, counts toward oct25.share-until-agi
                oct25.api-exclusive forbids
                feb26.stateless-exclusive forbids
            openai serve openai/api/responses aws 2026-05-01 known=2026-05-01
              permit, until 2031-01-01, counts toward apr27.revenue-share
                apr27.any-cloud grants
            openai serve openai/api/chat direct 2024-06-01 known=2024-06-01
              permit
                jul19.exclusive-cloud excepts
            openai serve openai/api/chat direct 2024-06-01 known=2026-11-20
              permit, until 2025-01-21, counts toward jan23.share
                jul19.exclusive-cloud excepts
        "#]],
    );
}

#[test]
fn a_launch_elsewhere_waits_for_azure() {
    check(
        &openai_clouds(),
        &[
            "openai launch openai/api/responses aws 2026-04-28",
            "openai launch openai/frontier aws 2026-03-01",
            "openai launch openai/frontier aws 2026-04-28",
            "openai launch openai/codex aws 2026-04-28",
            "openai launch openai/api/stateful-runtime aws 2026-03-01",
            "openai launch openai/api/stateful-runtime aws 2026-06-01",
            "openai launch openai/api/stateful-runtime azure 2026-06-01",
        ],
        expect![[r#"
            openai launch openai/api/responses aws 2026-04-28
              permit
                apr27.azure-first waives
            openai launch openai/frontier aws 2026-03-01
              contested on frontier-is-api toward microsoft
                oct25.api-exclusive forbids
            openai launch openai/frontier aws 2026-04-28
              permit
                feb26.frontier-exclusive excepts
                apr27.azure-first waives
            openai launch openai/codex aws 2026-04-28
              contested on azure-passed-on-april-launches toward microsoft
                apr27.azure-first forbids
            openai launch openai/api/stateful-runtime aws 2026-03-01
              contested on stateful-runtime-is-api toward microsoft
                oct25.api-exclusive forbids
            openai launch openai/api/stateful-runtime aws 2026-06-01
              permit
                apr27.azure-first excepts
            openai launch openai/api/stateful-runtime azure 2026-06-01
              permit
        "#]],
    );
}

#[test]
fn the_licence_of_microsoft_leaves_out_hardware_and_ends_research_with_agi() {
    check(
        &openai_clouds(),
        &[
            "microsoft sell openai/hardware/consumer azure 2025-12-01",
            "microsoft host openai/research azure 2025-12-01",
            "microsoft sell openai/chatgpt azure 2024-01-01",
            "microsoft sell openai/chatgpt azure 2025-02-01",
            "microsoft sell openai/chatgpt azure 2032-12-31",
            "microsoft sell openai/chatgpt azure 2033-01-01",
            "microsoft serve microsoft/bing azure 2025-12-01",
        ],
        expect![[r#"
            microsoft sell openai/hardware/consumer azure 2025-12-01
              no_right
            microsoft host openai/research azure 2025-12-01
              permit, until 2031-01-01
                oct25.research-licence grants
            microsoft sell openai/chatgpt azure 2024-01-01
              no_right
            microsoft sell openai/chatgpt azure 2025-02-01
              permit, until 2031-01-01, counts toward jan25.share-back
                jan25.ip-licence grants
            microsoft sell openai/chatgpt azure 2032-12-31
              permit, until 2033-01-01
                apr27.ip-licence grants
            microsoft sell openai/chatgpt azure 2033-01-01
              no_right
            microsoft serve microsoft/bing azure 2025-12-01
              permit, until 2031-01-01, counts toward jan25.share-back
        "#]],
    );
}

#[test]
fn prices_are_in_the_book_and_the_later_one_follows_the_earlier() {
    let book = openai_clouds();
    let rows: Vec<_> = book
        .prices()
        .iter()
        .map(|price| {
            let day = price.since.to_zoned(book.zone().clone()).date();
            let (read, written) = (price.cache_read, price.cache_write);
            format!("{} {day}: {} / {read} / {written} / {}\n", price.product, price.input, price.output)
        })
        .collect();
    expect![[r#"
        openai/api 2025-01-01: 2.50 USD / 0.25 USD / 2.50 USD / 10.00 USD
        openai/api 2026-07-01: 2.00 USD / 0.20 USD / 2.00 USD / 8.00 USD
        openai/api/chat 2025-01-01: 0.60 USD / 0.15 USD / 0.60 USD / 2.40 USD
        openai/frontier 2026-02-27: 5.00 USD / 0.50 USD / 6.25 USD / 25.00 USD
    "#]]
    .assert_eq(&rows.concat());
}

#[test]
fn compute_was_one_clouds_then_asked_for_then_free() {
    check(
        &openai_clouds(),
        &[
            "openai host openai/models/weights oracle-cloud 2024-06-01",
            "openai host openai/models/weights coreweave 2025-06-01",
            "openai host openai/models/weights coreweave 2025-10-28",
        ],
        expect![[r#"
            openai host openai/models/weights oracle-cloud 2024-06-01
              breach toward microsoft
                jul19.exclusive-cloud forbids
            openai host openai/models/weights coreweave 2025-06-01
              contested on capacity-was-offered toward microsoft
                jan25.capacity-refusal forbids
            openai host openai/models/weights coreweave 2025-10-28
              permit
        "#]],
    );
}

#[test]
fn stakes_and_commitments_are_known_from_the_day_they_were_published() {
    let book = openai_clouds();
    let mut out = String::new();
    for day in ["2023-02-01", "2025-10-01", "2025-11-05", "2026-11-20"] {
        let terms = book.terms(ask(&book, &format!("openai serve openai/frontier direct {day}")).at);
        out += &format!("as known on {day}\n");
        for stake in &terms.stakes {
            let until = stake.until.map_or("open".to_owned(), |day| day.to_string());
            out += &format!(
                "  {}: {:?} for {:?}, {} to {until}\n",
                stake.clause, stake.percent, stake.invested, stake.since
            );
        }
        for commit in &terms.commits {
            out += &format!(
                "  {}: {} buys from {}, {:?}\n",
                commit.clause, commit.buyer, commit.seller, commit.stages
            );
        }
    }
    expect![[r#"
        as known on 2023-02-01
          jul19.stake: None for Some(1000000000.00 USD), 2019-07-22 to open
          jan23.stake: None for Some(10000000000.00 USD), 2023-01-23 to open
        as known on 2025-10-01
          jul19.stake: None for Some(1000000000.00 USD), 2019-07-22 to open
          jan23.stake: None for Some(10000000000.00 USD), 2023-01-23 to open
          mar25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-03-31, until: None, amount: Some(11900000000.00 USD), lapsed: false }]
          may25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-05-31, until: None, amount: Some(4000000000.00 USD), lapsed: false }]
          sep25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-09-30, until: None, amount: Some(6500000000.00 USD), lapsed: false }]
          jun25.google-commit: openai buys from google, [Stage { since: 2025-06-10, until: None, amount: None, lapsed: false }]
          sep25.oracle-commit: openai buys from oracle, [Stage { since: 2027-01-01, until: Some(2032-01-01), amount: Some(300000000000.00 USD), lapsed: false }]
        as known on 2025-11-05
          jul19.stake: None for Some(1000000000.00 USD), 2019-07-22 to 2025-10-28
          jan23.stake: None for Some(10000000000.00 USD), 2023-01-23 to 2025-10-28
          oct25.stake: Some(0.27) for None, 2025-10-28 to open
          nov25.aws-commit: openai buys from amazon, [Stage { since: 2025-11-03, until: Some(2032-11-03), amount: Some(38000000000.00 USD), lapsed: false }]
          mar25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-03-31, until: None, amount: Some(11900000000.00 USD), lapsed: false }]
          may25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-05-31, until: None, amount: Some(4000000000.00 USD), lapsed: false }]
          sep25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-09-30, until: None, amount: Some(6500000000.00 USD), lapsed: false }]
          jun25.google-commit: openai buys from google, [Stage { since: 2025-06-10, until: None, amount: None, lapsed: false }]
          sep25.oracle-commit: openai buys from oracle, [Stage { since: 2027-01-01, until: Some(2032-01-01), amount: Some(300000000000.00 USD), lapsed: false }]
          oct25.azure-commit: openai buys from microsoft, [Stage { since: 2025-10-28, until: None, amount: Some(250000000000.00 USD), lapsed: false }]
        as known on 2026-11-20
          feb26.stake: None for Some(15000000000.00 USD), 2026-02-27 to open
          jul19.stake: None for Some(1000000000.00 USD), 2019-07-22 to 2025-10-28
          jan23.stake: None for Some(10000000000.00 USD), 2023-01-23 to 2025-10-28
          oct25.stake: Some(0.27) for None, 2025-10-28 to open
          nov25.aws-commit: openai buys from amazon, [Stage { since: 2025-11-03, until: Some(2026-02-27), amount: Some(38000000000.00 USD), lapsed: true }]
          feb26.aws-commit: openai buys from amazon, [Stage { since: 2026-02-27, until: Some(2034-02-27), amount: Some(138000000000.00 USD), lapsed: false }]
          jan26.cerebras-commit: openai buys from cerebras, [Stage { since: 2026-01-14, until: Some(2026-04-17), amount: Some(10000000000.00 USD), lapsed: true }]
          apr26.cerebras-commit: openai buys from cerebras, [Stage { since: 2026-04-17, until: None, amount: Some(20000000000.00 USD), lapsed: false }]
          mar25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-03-31, until: None, amount: Some(11900000000.00 USD), lapsed: false }]
          may25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-05-31, until: None, amount: Some(4000000000.00 USD), lapsed: false }]
          sep25.coreweave-commit: openai buys from coreweave, [Stage { since: 2025-09-30, until: None, amount: Some(6500000000.00 USD), lapsed: false }]
          jun25.google-commit: openai buys from google, [Stage { since: 2025-06-10, until: None, amount: None, lapsed: false }]
          sep25.oracle-commit: openai buys from oracle, [Stage { since: 2027-01-01, until: Some(2032-01-01), amount: Some(300000000000.00 USD), lapsed: false }]
          oct25.azure-commit: openai buys from microsoft, [Stage { since: 2025-10-28, until: None, amount: Some(250000000000.00 USD), lapsed: false }]
    "#]].assert_eq(&out);
}

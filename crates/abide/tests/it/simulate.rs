//! `abide agreement simulate` on the example book and its scenarios.

use crate::stage::{Done, Stage, example_book};
use expect_test::expect;

fn simulate(stage: &Stage, scenario: &str, words: &[&str]) -> Done {
    let book = example_book();
    let path = book.join("scenarios").join(scenario);
    stage.run(&[&["agreement", "simulate", book.to_str().unwrap(), path.to_str().unwrap()], words].concat())
}

/// The figure of a party under a draft, in minor units.
fn figure(all: &serde_json::Value, draft: &str, party: &str, what: &str) -> i64 {
    let draft = all["drafts"].as_array().unwrap().iter().find(|one| one["draft"] == draft).unwrap();
    let party = draft["parties"].as_array().unwrap().iter().find(|one| one["party"] == party).unwrap();
    let figure = &party[what];
    assert_eq!(figure["p50"][0], figure["p50"][1]);
    figure["p50"][0].as_i64().unwrap()
}

#[test]
fn a_stake_of_27_percent_leaves_73_cents_of_each_dollar_of_the_share() {
    let all = simulate(&Stage::new(&[]), "stake.toml", &["--json"]).json();
    let through = |draft| figure(&all, draft, "microsoft", "look_through");
    let paid = figure(&all, "share", "microsoft", "present_value");
    assert_eq!(paid, 20_000_000_000 * 100);
    assert_eq!(through("share") - through("no-share"), paid / 100 * 73);
    let left_out = all["drafts"][0]["left_out"].as_array().unwrap();
    assert!(
        left_out.iter().any(|one| one["clause"] == "oct25.azure-commit" && one["lacks"] == "purchases"),
        "{left_out:?}"
    );
}

#[test]
fn the_page_holds_the_answer_the_pictures_and_the_words_and_nothing_from_elsewhere() {
    let stage = Stage::new(&[]);
    let (page, chart) = (stage.path().join("report.html"), stage.path().join("chart.svg"));
    let words = ["--html", page.to_str().unwrap(), "--svg", chart.to_str().unwrap(), "--chart", "value"];
    assert!(simulate(&stage, "stake.toml", &words).text().ends_with("exit 0\n"));
    let page = std::fs::read_to_string(page).unwrap();
    for wanted in ["<h1>What does Microsoft", "apr27.revenue-share", "<svg ", "official", "look-through"] {
        assert!(page.contains(wanted), "{wanted}");
    }
    for banned in ["<script", "src=", "href=", "@import"] {
        assert!(!page.contains(banned), "{banned}");
    }
    assert!(std::fs::read_to_string(chart).unwrap().starts_with("<svg "));
}

#[test]
fn a_scenario_that_is_wrong_is_shown_with_its_place() {
    let stage = Stage::new(&[]);
    let book = example_book();
    let path = stage.path().join("what-if.toml");
    std::fs::write(&path, "scenario = \"x\"\nfrom = 2026-05-01\nuntil = 2027-01-01\ncurrency = \"USD\"\n")
        .unwrap();
    let done = stage.run(&["agreement", "simulate", book.to_str().unwrap(), path.to_str().unwrap()]);
    let text = done.text().replace(path.to_str().unwrap(), "what-if.toml");
    expect![[r#"
        error[missing-key]: a scenario needs at least one [[revenue]] or [[purchase]]
         --> what-if.toml:1:1
          |
        1 | scenario = "x"
          | ^
          = help: say what is sold through which channel, or bought from whom, and how much a year

        1 error
        exit 2
    "#]]
    .assert_eq(&text);
}

//! `abide agreement` on the example book.

use crate::stage::{Done, Stage, ended, example_book};
use expect_test::expect;

fn ask(words: &[&str]) -> Done {
    let book = example_book();
    let mut all = vec!["agreement", "ask", book.to_str().unwrap()];
    all.extend(words);
    Stage::new(&[]).run(&all)
}

/// What is said of Amazon selling Frontier through aws, without the numbers of lines.
fn sale(at: &str) -> String {
    let words = ["--actor", "amazon", "--action", "sell", "--product", "openai/frontier", "--channel", "aws"];
    without_lines(&ask(&[&words[..], &["--at", at, "--known", "2026-11-01"]].concat()).text())
}

/// `file.toml:N` for every `file.toml:12`.
fn without_lines(text: &str) -> String {
    let mut parts = text.split(".toml:");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.fold(head, |text, part| text + ".toml:N" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn before_the_agreement_of_february_amazon_has_no_right_to_sell_frontier() {
    expect![[r#"
        no_right: may amazon sell openai/frontier through aws?
          at          2026-01-15T00:00:00-08:00
          as known at 2026-11-01T00:00:00-07:00
          because     openai owns openai/frontier; amazon holds no grant that covers this
          until       2026-02-27T00:00:00-08:00
        exit 3
    "#]]
    .assert_eq(&sale("2026-01-15"));
}

#[test]
fn in_march_the_sale_depends_on_what_an_api_is() {
    expect![[r#"
        contested: may amazon sell openai/frontier through aws?
          at          2026-03-18T00:00:00-07:00
          as known at 2026-11-01T00:00:00-07:00
          toward      microsoft
          depends on  frontier-is-api: Is Frontier, with the stateful runtime below it, an API product under the October 2025 terms?
          counts for  oct25.share-until-agi
          until       2026-04-27T00:00:00-07:00

          forbids  oct25.api-exclusive  msft-openai/2025-10-28.toml:N (official)
          grants   feb26.frontier-distribution  amazon-openai/2026-02-27.toml:N (official)
        exit 3
    "#]].assert_eq(&sale("2026-03-18"));
}

#[test]
fn after_the_amendment_of_april_the_sale_is_permitted() {
    expect![[r#"
        permit: may amazon sell openai/frontier through aws?
          at          2026-04-28T00:00:00-07:00
          as known at 2026-11-01T00:00:00-07:00
          counts for  apr27.revenue-share
          until       2031-01-01T00:00:00-08:00

          grants   feb26.frontier-distribution  amazon-openai/2026-02-27.toml:N (official)
        exit 0
    "#]]
    .assert_eq(&sale("2026-04-28"));
}

#[test]
fn the_answer_has_stable_fields_for_programs() {
    let words = ["--actor", "amazon", "--action", "sell", "--product", "openai/frontier", "--channel", "aws"];
    let done = ask(&[&words[..], &["--at", "2026-03-18", "--known", "2026-11-01", "--json"]].concat());
    assert_eq!(done.status, 3);
    let answer = done.json();
    assert_eq!(answer["verdict"], "contested");
    assert_eq!(answer["toward"], serde_json::json!(["microsoft"]));
    assert_eq!(answer["questions"], serde_json::json!(["frontier-is-api"]));
    assert_eq!(answer["until"], "2026-04-27T00:00:00-07:00");
    assert_eq!(answer["at"], "2026-03-18T00:00:00-07:00");
    let forbids = &answer["reasons"][0];
    assert_eq!(
        (forbids["clause"].as_str(), forbids["effect"].as_str()),
        (Some("oct25.api-exclusive"), Some("forbids"))
    );
    assert!(forbids["line"].as_u64().unwrap() > 0 && forbids["source"] == "official");
}

#[test]
fn the_cap_is_unknown_until_it_was_reported() {
    let book = example_book();
    let terms = |words: &[&str]| {
        let all = [&["agreement", "terms", book.to_str().unwrap(), "--at", "2026-05-01"], words].concat();
        Stage::new(&[]).run(&all)
    };
    expect![[r#"
        Money terms at 2026-05-01T00:00:00-07:00, as known at 2026-05-01T00:00:00-07:00
        kind    clause                  from    to         since       until       terms
        share   apr27.revenue-share     openai  microsoft  2026-04-27  2031-01-01  20% a quarter, at most an unknown amount in total
        commit  feb26.aws-commit        openai  amazon     2026-02-27  2034-02-27  138,000,000,000.00 USD from 2026-02-27 until 2034-02-27; 2 GW
        commit  apr26.cerebras-commit   openai  cerebras   2026-04-17  -           20,000,000,000.00 USD from 2026-04-17; 750 MW
        commit  mar25.coreweave-commit  openai  coreweave  2025-03-31  -           11,900,000,000.00 USD from 2025-03-31
        commit  may25.coreweave-commit  openai  coreweave  2025-05-31  -           4,000,000,000.00 USD from 2025-05-31
        commit  sep25.coreweave-commit  openai  coreweave  2025-09-30  -           6,500,000,000.00 USD from 2025-09-30
        commit  jun25.google-commit     openai  google     2025-06-10  -           an unknown amount from 2025-06-10
        commit  oct25.azure-commit      openai  microsoft  2025-10-28  -           250,000,000,000.00 USD from 2025-10-28
        stake   feb26.stake             openai  amazon     2026-02-27  -           an unknown part, 15,000,000,000.00 USD invested
        stake   oct25.stake             openai  microsoft  2025-10-28  -           27%
        exit 0
    "#]]
    .assert_eq(&terms(&["--known", "2026-05-01"]).text());
    expect![[r#"
        Money terms at 2026-05-01T00:00:00-07:00, as known at 2026-05-12T00:00:00-07:00
        kind    clause                  from    to         since       until       terms
        share   apr27.revenue-share     openai  microsoft  2026-04-27  2031-01-01  20% a quarter, at most 38,000,000,000.00 USD in total
        commit  feb26.aws-commit        openai  amazon     2026-02-27  2034-02-27  138,000,000,000.00 USD from 2026-02-27 until 2034-02-27; 2 GW
        commit  apr26.cerebras-commit   openai  cerebras   2026-04-17  -           20,000,000,000.00 USD from 2026-04-17; 750 MW
        commit  mar25.coreweave-commit  openai  coreweave  2025-03-31  -           11,900,000,000.00 USD from 2025-03-31
        commit  may25.coreweave-commit  openai  coreweave  2025-05-31  -           4,000,000,000.00 USD from 2025-05-31
        commit  sep25.coreweave-commit  openai  coreweave  2025-09-30  -           6,500,000,000.00 USD from 2025-09-30
        commit  jun25.google-commit     openai  google     2025-06-10  -           an unknown amount from 2025-06-10
        commit  oct25.azure-commit      openai  microsoft  2025-10-28  -           250,000,000,000.00 USD from 2025-10-28
        stake   feb26.stake             openai  amazon     2026-02-27  -           an unknown part, 15,000,000,000.00 USD invested
        stake   oct25.stake             openai  microsoft  2025-10-28  -           27%
        exit 0
    "#]]
    .assert_eq(&terms(&["--known", "2026-05-12"]).text());
    let json = terms(&["--known", "2026-05-01", "--json"]).json();
    assert_eq!(
        (&json[0]["clause"], &json[0]["cap"]["total"]),
        (&"apr27.revenue-share".into(), &"unknown".into())
    );
}

#[test]
fn every_kind_of_money_term_in_force_is_listed_with_its_figures() {
    let book = example_book().join("../fernhill-chain");
    let terms = |words: &[&str]| {
        let days = ["--at", "2026-05-01", "--known", "2026-11-20"];
        let all = [&["agreement", "terms", book.to_str().unwrap()], &days[..], words].concat();
        Stage::new(&[]).run(&all)
    };
    expect![[r#"
        Money terms at 2026-05-01T00:00:00+02:00, as known at 2026-11-20T00:00:00+01:00
        kind       clause                 from      to        since       until       terms
        share      alder.share            alder     fernhill  2025-02-01  2028-02-01  70% up to 1,000,000.00 EUR, then 65% up to 5,000,000.00 EUR, then 60% a quarter, anew each year
        share      corvid.share           corvid    alder     2025-03-01  2028-02-01  80% a quarter, at least 5,000.00 EUR a quarter
        guarantee  alder.minimum          alder     fernhill  2025-02-01  2026-07-01  at least 150,000.00 EUR a quarter, over alder.share, recouped within 2 periods
        commit     harbour.commit         harbour   fernhill  2026-01-01  2029-01-01  600,000.00 EUR from 2026-01-01 until 2027-01-01, then 700,000.00 EUR from 2027-01-01 until 2028-01-01, then 700,000.00 EUR from 2028-01-01 until 2029-01-01; 50% of a shortfall is owed; 20% of a stage may be bought ahead
        split      bazaar.waterfall       bazaar    -         2026-02-01  -           12% to bazaar, 10% of what remains, at most 20,000.00 EUR, to corvid, the rest to fernhill, a month
        split      plaza.waterfall        plaza     -         2026-04-01  -           15%, at most 100,000.00 USD, to plaza, the rest to fernhill, a month
        parity     harbour.most-favoured  fernhill  harbour   2026-01-01  2029-01-01  no more than 100% of what others pay for at most 2,000 units, by quarter
        exit 0
    "#]]
    .assert_eq(&terms(&[]).text());
    let json = terms(&["--json"]).json();
    let kinds: Vec<_> = json.as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["share", "share", "guarantee", "commit", "split", "split", "parity"]);
    assert_eq!(json[0]["tiers"][0], serde_json::json!({ "upto": "1000000.00 EUR", "rate": "70%" }));
    assert_eq!(json[3]["stages"][0]["amount"], "600000.00 EUR");
    let step = serde_json::json!({ "to": "corvid", "take": "remaining", "of": "10%", "cap": "20000.00 EUR" });
    assert_eq!(json[4]["steps"][1], step);
}

#[test]
fn names_the_book_does_not_have_are_a_bad_call_with_the_nearest_that_it_has() {
    let done =
        ask(&["--actor", "amazom", "--action", "sell", "--product", "openai/fronteer", "--channel", "gcp"]);
    expect![[r#"
        error: the book has no actor `amazom`; did you mean `amazon`?
               the book has no product `openai/fronteer`; did you mean `openai/frontier`?
               the book has no channel `gcp`; it has `aws`, `azure`, `cerebras`, `coreweave`, `direct`, `google-cloud`, `oracle-cloud`
        exit 2
    "#]]
    .assert_eq(&done.text());
}

#[test]
fn a_day_that_is_none_and_an_action_that_is_none_are_a_bad_call() {
    for words in [["--action", "sell", "--at", "yesterday"], ["--action", "resell", "--at", "2026-01-01"]] {
        let done = ask(&[&words[..], &["--product", "openai/frontier", "--channel", "aws"]].concat());
        assert_eq!(done.status, 2, "{}", done.text());
    }
}

#[test]
fn a_book_that_is_right_is_summed_up_and_one_that_is_not_there_is_a_bad_call() {
    let stage = Stage::new(&[]);
    let done = stage.run(&["agreement", "check", example_book().to_str().unwrap()]);
    assert!(
        done.status == 0 && done.out.starts_with("book `openai-clouds` of openai: 7 parties,"),
        "{}",
        done.text()
    );
    expect![[r#"
        error: there is no file or folder `nowhere`
        help: name the folder of a book, the one that holds `book.toml`
        exit 2
    "#]]
    .assert_eq(&stage.run(&["agreement", "check", "nowhere"]).text());
}

fn conflicts(words: &[&str]) -> Done {
    let book = example_book();
    let all = [&["agreement", "conflicts", book.to_str().unwrap(), "--known", "2026-11-01"], words].concat();
    Stage::new(&[]).run(&all)
}

#[test]
fn what_february_collided_with_is_listed_with_its_question() {
    let done = conflicts(&["--from", "2026-02-27", "--until", "2026-04-27"]);
    let (head, _) = done.out.split_once("\n2. ").unwrap();
    expect![[r#"
        3 conflicts from 2026-02-27 until 2026-04-27, as known at 2026-11-01T00:00:00-07:00

        1. exclusive_overlap: openai promises amazon by `feb26.frontier-exclusive` and microsoft by `oct25.api-exclusive`, each of them, that nobody else may
           when        2026-02-27 until 2026-04-27
           for example amazon serve openai/frontier through oracle-cloud
           if          frontier-is-api is yes: Is Frontier, with the stateful runtime below it, an API product under the October 2025 terms?
           clause      feb26.frontier-exclusive  amazon-openai/2026-02-27.toml:N
           clause      oct25.api-exclusive  msft-openai/2025-10-28.toml:N
           resolved by the answer no to `frontier-is-api`
           resolved by a carve-out (`except`) in `feb26.frontier-exclusive` for serve, sell and launch of openai/frontier through oracle-cloud, coreweave, google-cloud and cerebras, for customers of no named segment
           resolved by a carve-out (`except`) in `oct25.api-exclusive` for serve, sell and launch of openai/frontier through oracle-cloud, coreweave, google-cloud and cerebras, for customers of no named segment
    "#]]
    .assert_eq(&without_lines(head));
    assert_eq!(done.status, 3);
}

#[test]
fn conflicts_have_stable_fields_for_programs_and_their_absence_is_good_news() {
    let done = conflicts(&["--from", "2026-02-27", "--until", "2026-04-27", "--json"]);
    let found = &done.json()[1];
    assert_eq!(found["kind"], "grant_into_exclusive");
    assert_eq!(found["clauses"], serde_json::json!(["feb26.frontier-distribution", "oct25.api-exclusive"]));
    let witness = serde_json::json!({ "actor": "amazon", "action": "serve", "product": "openai/frontier",
        "channel": "aws", "at": "2026-02-27" });
    assert_eq!(found["witness"], witness);
    assert_eq!((&found["from"], &found["until"]), (&"2026-02-27".into(), &"2026-04-27".into()));
    assert_eq!(found["depends_on"], serde_json::json!(["frontier-is-api"]));
    let none = conflicts(&["--until", "2026-02-27"]);
    assert_eq!((none.status, none.out.lines().count()), (0, 1), "{}", none.text());
    let turned = conflicts(&["--from", "2026-04-27", "--until", "2026-02-27"]);
    assert_eq!(turned.status, 2, "{}", turned.text());
}

#[test]
fn the_answer_over_the_years_is_a_table_and_a_chart() {
    let stage = Stage::new(&[]);
    let book = example_book();
    let words = "--actor amazon --action sell --product openai/frontier --channel aws --known 2026-11-01";
    let words: Vec<&str> = words.split(' ').collect();
    let all =
        [&["agreement", "timeline", book.to_str().unwrap()], &words[..], &["--svg", "chart.svg"]].concat();
    let done = stage.run(&all);
    expect![[r#"
        may amazon sell openai/frontier through aws?
        as known at 2026-11-01T00:00:00-07:00

        from        until       verdict    toward     depends on       clauses                                            counts for
        ever        2026-02-27  no_right
        2026-02-27  2026-04-27  contested  microsoft  frontier-is-api  -oct25.api-exclusive +feb26.frontier-distribution  oct25.share-until-agi
        2026-04-27  2031-01-01  permit                                 +feb26.frontier-distribution                       apr27.revenue-share
        2031-01-01  open        permit                                 +feb26.frontier-distribution
        exit 0
    "#]].assert_eq(&done.text());
    let svg = std::fs::read_to_string(stage.path().join("chart.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("frontier-is-api") && svg.contains("permit"), "{svg}");
    let json =
        stage.run(&[&all[..], &["--json", "--from", "2026-03-01", "--until", "2026-04-01"]].concat()).json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["questions"], serde_json::json!(["frontier-is-api"]));
    let turned = stage.run(&[&all[..], &["--from", "2026-04-27", "--until", "2026-02-27"]].concat());
    assert_eq!(turned.status, 2);
}

#[test]
fn what_april_changed_is_told_in_boxes_and_figures() {
    let book = example_book();
    let book = book.to_str().unwrap();
    let stage = Stage::new(&[]);
    let diff = |words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        stage.run(&[&["agreement", "diff", book], &words[..]].concat())
    };
    expect![[r#"
        before  openai-clouds, 2026-03-18, as known at 2026-11-01T00:00:00-07:00
        after   openai-clouds, 2026-04-28, as known at 2026-11-01T00:00:00-07:00

        newly_permitted: breach toward microsoft → permit
          openai: serve, sell, launch of openai/api/responses, openai/api/chat through aws, oracle-cloud, coreweave, google-cloud, cerebras, for customers of no named segment

        newly_permitted: no_right → permit
          amazon: serve, sell of openai/api/responses, openai/api/chat, openai/codex, openai/managed-agents through aws

        newly_forbidden: permit → breach toward microsoft
          openai: launch of openai/api/stateful-runtime, openai/chatgpt, openai/codex, openai/managed-agents, openai/models/weights, openai/research, openai/hardware/consumer through direct
          openai: launch of openai/chatgpt, openai/codex, openai/managed-agents, openai/models/weights, openai/research, openai/hardware/consumer through oracle-cloud, coreweave, google-cloud, cerebras
          openai: launch of openai/chatgpt, openai/models/weights, openai/research, openai/hardware/consumer through aws
          openai: launch of openai/api/stateful-runtime through oracle-cloud, coreweave, google-cloud, cerebras, for customers of government/national-security

        now_certain: contested on frontier-is-api toward microsoft → permit
          openai, amazon: serve, sell, launch of openai/frontier through aws, for customers of no named segment

        now_certain: contested on stateful-runtime-is-api toward microsoft → breach toward microsoft
          openai: launch of openai/api/stateful-runtime through oracle-cloud, coreweave, google-cloud, cerebras, for customers of no named segment

        now_certain: contested on stateful-runtime-is-api toward microsoft → permit
          openai: serve, sell of openai/api/stateful-runtime through oracle-cloud, coreweave, google-cloud, cerebras, for customers of no named segment
          openai, amazon: serve, sell, launch of openai/api/stateful-runtime through aws, for customers of no named segment

        now_contested: permit → contested on azure-passed-on-april-launches toward microsoft
          openai: launch of openai/codex, openai/managed-agents through aws

        terms: commit from openai to cerebras
          before  10,000,000,000.00 USD from 2026-01-14 until 2026-04-17, then lapses; 750 MW  (jan26.cerebras-commit)
          after   20,000,000,000.00 USD from 2026-04-17; 750 MW  (apr26.cerebras-commit)

        terms: share from microsoft to openai
          before  20% a quarter, until 2026-04-27  (jan25.share-back)
          after   none

        terms: share from openai to microsoft
          before  20% a quarter, until 2026-04-27  (oct25.share-until-agi)
          after   20% a quarter, at most 38,000,000,000.00 USD in total, until 2031-01-01  (apr27.revenue-share)
        exit 0
    "#]].assert_eq(&diff("--before 2026-03-18 --after 2026-04-28 --known 2026-11-01").text());
    let json = diff("--before 2026-03-18 --after 2026-04-28 --known 2026-11-01 --json").json();
    assert_eq!(json["asks"][0]["kind"], "newly_permitted");
    assert_eq!(json["terms"].as_array().unwrap().last().unwrap()["kind"], "share");
    let known = diff("--before 2026-05-01 --after 2026-05-12 --known-then");
    expect![[r#"
        before  openai-clouds, 2026-05-01, as known at 2026-05-01T00:00:00-07:00
        after   openai-clouds, 2026-05-12, as known at 2026-05-12T00:00:00-07:00

        terms: share from openai to microsoft
          before  20% a quarter, at most an unknown amount in total, until 2031-01-01  (apr27.revenue-share)
          after   20% a quarter, at most 38,000,000,000.00 USD in total, until 2031-01-01  (apr27.revenue-share)
        exit 0
    "#]].assert_eq(&known.text());
    let same = stage.run(&["agreement", "diff", book, book]);
    assert!(same.status == 0 && same.out.ends_with("Nothing changes.\n"), "{}", same.text());
    assert_eq!(diff("").status, 2);
}

#[test]
fn the_question_that_the_readme_asks_is_answered_as_it_shows() {
    let readme = example_book().join("../../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, shown) = readme.split_once("$ abide agreement ask examples/agreements/openai-clouds ").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let (words, answer) = shown.split_once("\ncontested").unwrap();
    let words: Vec<&str> = words.split_whitespace().filter(|word| *word != "\\").collect();
    let told = ask(&words).text();
    for line in format!("contested{answer}").lines().filter(|line| line.trim() != "…") {
        assert!(told.lines().any(|said| said == line), "no `{line}` in {told}");
    }
}

#[test]
fn a_file_or_folder_in_a_book_stands_for_the_book() {
    let book = example_book();
    let whole = Stage::new(&[]).run(&["agreement", "check", book.to_str().unwrap()]).text();
    for path in ["msft-openai", "msft-openai/2026-04-27.toml", "book.toml"] {
        let path = book.join(path);
        assert_eq!(Stage::new(&[]).run(&["agreement", "check", path.to_str().unwrap()]).text(), whole);
    }
    let stage = Stage::new(&[
        ("book/book.toml", "book = \"one\"\nself = \"lab\"\n[[party]]\nid = \"lab\"\n"),
        ("book/deals/cloud/a.toml", "instrument = \"a\"\n"),
        ("loose/a.toml", "instrument = \"a\"\n"),
    ]);
    let mut out = String::new();
    for path in ["book/deals/cloud", "book/deals/../deals/cloud/a.toml", "loose/a.toml"] {
        out += &stage.run(&["agreement", "check", path]).text();
    }
    // From below the book it is found above the folder that the command runs in.
    let below = stage
        .command(&["agreement", "check", "a.toml"])
        .current_dir(stage.path().join("book/deals/cloud"))
        .output();
    out += &ended(below.unwrap()).text().replace(stage.path().canonicalize().unwrap().to_str().unwrap(), "…");
    expect![[r#"
        error[missing-key]: an instrument file lacks `parties`, `signed`
         --> book/deals/cloud/a.toml:1:1
          |
        1 | instrument = "a"
          | ^
          = help: add lines such as: parties = ["lab", "cloud"]; signed = 2026-04-27

        1 error
        exit 2
        error[missing-key]: an instrument file lacks `parties`, `signed`
         --> book/deals/../deals/cloud/a.toml:1:1
          |
        1 | instrument = "a"
          | ^
          = help: add lines such as: parties = ["lab", "cloud"]; signed = 2026-04-27

        1 error
        exit 2
        error: `loose/a.toml` is a file, and lies in no book
        help: name the folder of a book, the one that holds `book.toml`, or a file below it
        exit 2
        error[missing-key]: an instrument file lacks `parties`, `signed`
         --> …/book/deals/cloud/a.toml:1:1
          |
        1 | instrument = "a"
          | ^
          = help: add lines such as: parties = ["lab", "cloud"]; signed = 2026-04-27

        1 error
        exit 2
    "#]]
    .assert_eq(&out);
}

#[test]
fn a_path_above_products_is_answered_with_those_below_it() {
    let done = ask(&["--action", "sell", "--product", "openai/api", "--channel", "azure"]);
    expect![[r#"
        error: the book has no product `openai/api`; below it are `openai/api/chat`, `openai/api/responses`, `openai/api/stateful-runtime`
        exit 2
    "#]].assert_eq(&done.text());
}

#[test]
fn a_replay_without_a_store_says_where_decisions_are_kept() {
    let book = example_book();
    let book = book.to_str().unwrap();
    let replay = |more: &[&str]| {
        Stage::new(&[]).run(&[&["agreement", "replay", book, "--against", book][..], more].concat()).text()
    };
    expect![[r#"
        error: `nowhere/abide.db` is not there; `abide serve` makes it
        help: decisions of model calls are kept by `abide serve`: name the folder of its store, --folder DIR, or its configuration, --config FILE; two books alone are compared by `abide agreement diff BOOK DRAFT`
        exit 1
        error: there is no configuration `abide.toml`
        help: decisions of model calls are kept by `abide serve`: name the folder of its store, --folder DIR, or its configuration, --config FILE; two books alone are compared by `abide agreement diff BOOK DRAFT`
        exit 2
    "#]].assert_eq(&(replay(&["--folder", "nowhere"]) + &replay(&[])));
}

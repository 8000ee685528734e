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

/// A book of three clauses: a commitment with a shortfall, a share of what schools buy until something happens, and a
/// price for each unit.
const BOOK: [(&str, &str); 3] = [
    (
        "book.toml",
        "book = \"b\"\nself = \"lab\"\n\
         [[party]]\nid = \"lab\"\nname = \"The Lab\"\n[[party]]\nid = \"cloud\"\n[[party]]\nid = \"maker\"\n\
         [[channel]]\nid = \"own\"\noperator = \"lab\"\n[[product]]\nid = \"lab/api\"\nowner = \"lab\"\n\
         [[segment]]\nid = \"schools\"\n[[event]]\nid = \"it\"\nask = \"Has it happened?\"\n",
    ),
    (
        "terms.toml",
        "instrument = \"i\"\nparties = [\"lab\", \"cloud\", \"maker\"]\nsigned = 2026-01-01\n\
         [[commit]]\nid = \"spend\"\nfrom = \"lab\"\nto = \"cloud\"\nshortfall = \"50%\"\n\
         schedule = [{ since = 2026-01-01, until = 2027-01-01, amount = \"100 USD\" }]\n\
         [[share]]\nid = \"part\"\nfrom = \"lab\"\nto = \"cloud\"\nrate = \"10%\"\nevery = \"year\"\n\
         of = { segments = [\"schools\"] }\nunless = 'it'\n\
         [[split]]\nid = \"wholesale\"\nfrom = \"lab\"\nevery = \"year\"\n\
         steps = [{ to = \"maker\", wholesale = \"3 USD\" }, { to = \"lab\", remainder = true }]\n",
    ),
    (
        "what-if.toml",
        "scenario = \"s\"\ntitle = \"What if?\"\nfrom = 2026-01-01\nuntil = 2028-01-01\nknown = 2026-06-01\n\
         currency = \"USD\"\ndraws = 200\n\
         [[revenue]]\nid = \"schools\"\nproduct = \"lab/api\"\nchannel = \"own\"\nsegment = \"schools\"\n\
         amount = \"1_000 USD\"\nprice = \"10 USD\"\nunit = \"seats\"\n\
         [[revenue]]\nid = \"anybody\"\nproduct = \"lab/api\"\nchannel = \"own\"\namount = \"500 USD\"\nprice = \"5 USD\"\n\
         [[purchase]]\nid = \"compute\"\nfrom = \"cloud\"\namount = \"60 USD\"\n\
         [[fact]]\nevent = \"it\"\non = 2027-01-01\nchance = \"25%\"\n",
    ),
];

#[test]
fn commitments_units_and_chances_come_out_together_and_what_is_open_is_named() {
    let stage = Stage::new(&[]);
    let book = stage.path().join("book");
    std::fs::create_dir(&book).unwrap();
    for (name, text) in BOOK {
        std::fs::write(book.join(name), text).unwrap();
    }
    let path = book.join("what-if.toml");
    let done = stage.run(&["agreement", "simulate", book.to_str().unwrap(), path.to_str().unwrap()]);
    expect![[r#"
        What if?
        From 2026-01-01 until 2028-01-01; the middle of 200 futures, seed 1.
        `it` on 2027-01-01: a chance of 25 %, here 55 of 200 futures.

        The terms of the book  as known at 2026-06-01T00:00:00+00:00
        USD                              2026      2027     total          eight of ten
        cloud      sells                60.00     60.00    120.00
        cloud      receives            120.00    100.00    220.00      120.00 to 220.00
        cloud      cash                180.00    160.00    340.00      240.00 to 340.00
        cloud      present value                           340.00      240.00 to 340.00
        The Lab    sells             1,500.00  1,500.00  3,000.00
        The Lab    buys                 60.00     60.00    120.00
        The Lab    pays                720.00    700.00  1,420.00  1,320.00 to 1,420.00
        The Lab    cash                720.00    740.00  1,460.00  1,460.00 to 1,560.00
        The Lab    present value                         1,460.00  1,460.00 to 1,560.00
        maker      receives            600.00    600.00  1,200.00
        maker      cash                600.00    600.00  1,200.00
        maker      present value                         1,200.00
        part       The Lab to cloud    100.00    100.00    200.00      100.00 to 200.00
        spend      The Lab to cloud     20.00      0.00     20.00
        wholesale  The Lab to maker    600.00    600.00  1,200.00
        part: no cap

        USD    stage                     to be bought  bought   left   owed
        spend  2026-01-01 to 2026-12-31        100.00   60.00  40.00  20.00  all bought in no future

        Whether `anybody` counts toward `part` under `terms` hangs on a segment or country that it does not
        name. Here it does not.
        exit 0
    "#]]
    .assert_eq(&done.text());
}

/// The book above with two stages and what is bought left to chance.
fn chancy() -> Stage {
    let [book, (terms, text), (scenario, what_if)] = BOOK;
    let text = text.replace(
        "amount = \"100 USD\" }]",
        "amount = \"100 USD\" }, { since = 2027-01-01, until = 2028-01-01, amount = \"150 USD\" }]",
    );
    let uniform = "amount = { shape = \"uniform\", low = \"60 USD\", high = \"130 USD\" }";
    let what_if = what_if.replace("amount = \"60 USD\"", uniform);
    let files = [(book.0, book.1), (terms, text.as_str()), (scenario, what_if.as_str())];
    Stage::new(&files.map(|(name, text)| (format!("book/{name}").leak() as &str, text)))
}

#[test]
fn a_commitment_is_drawn_stage_by_stage_and_its_headline_is_what_its_table_says() {
    let stage = chancy();
    let words = ["agreement", "simulate", "book", "book/what-if.toml", "--html", "x.html", "--svg", "x.svg"];
    let done = stage.run(&[&words[..], &["--chart", "commitments", "--of", "spend"]].concat()).text();
    let table: Vec<&str> = done.lines().filter(|line| line.starts_with("spend  20")).collect();
    expect![[r#"
        spend  2026-01-01 to 2026-12-31        100.00   89.98   9.84   4.92  all bought in 77 of 200 futures (p10 2026-10-31)
        spend  2027-01-01 to 2027-12-31        150.00   89.97  59.84  29.92  all bought in no future"#]].assert_eq(&table.join("\n"));
    let page = stage.read("x.html");
    let said = page.lines().filter(|line| line.starts_with("<p>What The Lab is to buy"));
    expect![[r#"
        <p>What The Lab is to buy from cloud under <code>spend</code> from 2026-01-01 to 2026-12-31, 100.00 USD, is <b>all bought within the stage in 77 of 200 futures</b>, in one of ten by 2026-10-31. Left at the end: 9.84 (eight of ten: 0.00 to 32.33), and owed for it: 4.92.</p>
        <p>What The Lab is to buy from cloud under <code>spend</code> from 2027-01-01 to 2027-12-31, 150.00 USD, is <b>not all bought within the stage</b> in any of 200 futures. Left at the end: 59.84 (eight of ten: 25.41 to 82.33), and owed for it: 29.92.</p>"#]].assert_eq(&said.collect::<Vec<_>>().join("\n"));
    let svg = stage.read("x.svg");
    let told = svg.split_once("-desc\">").and_then(|(_, rest)| rest.split_once("</desc>")).unwrap().0;
    expect!["It goes from 0.00 to 89.98 (67.11 to 124.00) USD, then from 0.00 to 89.97 (67.10 to 124.00) USD. 100.00 USD to be bought. 150.00 USD to be bought."].assert_eq(told);
    let wrong = stage.run(&[&words[..], &["--chart", "commitments", "--of", "nothing"]].concat());
    expect![[r#"
        error: there is no chart `commitments` of `nothing`
        help: there is one of `spend`
        exit 2
    "#]]
    .assert_eq(&wrong.text());
}

#[test]
fn what_begins_to_count_within_the_horizon_is_seen_whatever_the_verdict_is() {
    let stage = Stage::new(&[
        (
            "book/book.toml",
            "book = \"b\"\nself = \"lab\"\n\
             [[party]]\nid = \"lab\"\n[[party]]\nid = \"cloud\"\n[[party]]\nid = \"maker\"\n\
             [[channel]]\nid = \"own\"\noperator = \"lab\"\n[[segment]]\nid = \"schools\"\n\
             [[product]]\nid = \"lab/api\"\nowner = \"lab\"\n[[product]]\nid = \"maker/api\"\nowner = \"maker\"\n",
        ),
        (
            "book/terms.toml",
            "instrument = \"i\"\nparties = [\"lab\", \"cloud\", \"maker\"]\nsigned = 2026-01-01\n\
             [[share]]\nid = \"part\"\nfrom = \"lab\"\nto = \"cloud\"\nrate = \"10%\"\nevery = \"year\"\n\
             since = 2027-01-01\nof = { segments = [\"schools\"] }\n\
             [[split]]\nid = \"passed\"\nfrom = \"lab\"\nevery = \"year\"\nsince = 2027-01-01\n\
             of = { products = [\"maker/api\"] }\n\
             steps = [{ to = \"maker\", rate = \"50%\" }, { to = \"lab\", remainder = true }]\n",
        ),
        (
            "book/what-if.toml",
            "scenario = \"s\"\nfrom = 2026-05-01\nuntil = 2028-01-01\nknown = 2026-05-01\ncurrency = \"USD\"\n\
             [[revenue]]\nid = \"anybody\"\nproduct = \"lab/api\"\nchannel = \"own\"\namount = \"120 USD\"\n\
             [[revenue]]\nid = \"resold\"\nproduct = \"maker/api\"\nchannel = \"own\"\namount = \"60 USD\"\n",
        ),
    ]);
    expect![[r#"
        s
        From 2026-05-01 until 2028-01-01.

        The terms of the book  as known at 2026-05-01T00:00:00+00:00
        USD                      2026    2027   total
        lab     sells          120.00  180.00  300.00
        lab     pays             0.00   30.00   30.00
        lab     cash           120.00  150.00  270.00
        lab     present value                  270.00
        maker   receives         0.00   30.00   30.00
        maker   cash             0.00   30.00   30.00
        maker   present value                   30.00
        passed  lab to maker     0.00   30.00   30.00

        What the forecast supposes and the terms do not plainly permit
          resold, under `terms`, 2026-05-01 to 2028-01-01: no right to sell it

        Whether `anybody` counts toward `part` under `terms` hangs on a segment or country that it does not
        name. Here it does not.
        exit 0
    "#]]
    .assert_eq(&stage.run(&["agreement", "simulate", "book", "book/what-if.toml"]).text());
}

#[test]
fn a_draft_that_changes_nothing_is_said_to_without_its_tables() {
    let book = "book = \"b\"\nself = \"lab\"\n[[party]]\nid = \"lab\"\n[[channel]]\nid = \"own\"\noperator = \"lab\"\n\
                [[product]]\nid = \"lab/api\"\nowner = \"lab\"\n";
    let scenario = "scenario = \"s\"\nfrom = 2026-01-01\nuntil = 2027-01-01\ncurrency = \"USD\"\nknown = 2026-01-01\n\
                    [[draft]]\nid = \"a\"\n[[draft]]\nid = \"b\"\nknown = 2026-02-01\n\
                    [[revenue]]\nid = \"r\"\nproduct = \"lab/api\"\nchannel = \"own\"\namount = \"12 USD\"\n";
    let stage = Stage::new(&[("book/book.toml", book), ("s.toml", scenario)]);
    expect![[r#"
        s
        From 2026-01-01 until 2027-01-01.

        a  as known at 2026-01-01T00:00:00+00:00
        USD                  2026  total
        lab  sells          12.00  12.00
        lab  cash           12.00  12.00
        lab  present value         12.00

        b  as known at 2026-02-01T00:00:00+00:00
        It comes to the same as `a`.
        exit 0
    "#]]
    .assert_eq(&stage.run(&["agreement", "simulate", "book", "s.toml"]).text());
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

//! `abide ledger` on books whose revenue and purchases are entered by hand, without a running store.

use crate::stage::Stage;
use expect_test::expect;
use std::path::{Path, PathBuf};

/// The worked answers of the reference, as files.
fn answers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/testdata/books/answers").canonicalize().unwrap()
}

/// A copy of the book in a folder that may be written to.
fn copy_to(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for file in ["book.toml", "clauses.toml", "rows.toml"] {
        std::fs::copy(answers().join(file), folder.join(file)).unwrap();
    }
}

/// The section of a party's statement that begins with `title`, for each of several periods.
fn section(title: &str, party: &str, periods: &str) -> String {
    let book = answers();
    let mut out = String::new();
    for period in periods.split(' ') {
        let words = ["ledger", "statement", book.to_str().unwrap(), "--at", "2028-05-01", "--party", party];
        let shown = Stage::new(&[]).run(&[&words[..], &["--period", period]].concat()).text();
        let lines =
            shown.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty());
        out += &format!("{period}\n");
        for line in
            lines.filter(|line| line.contains("due") || line.contains("keeps") || line.contains("worth"))
        {
            out += &format!("{line}\n");
        }
    }
    out
}

#[test]
fn a_share_stops_at_its_cap() {
    expect![[r#"
        2026-Q1
            due for 2026-Q1         6.00 USD
        2026-Q2
            due for 2026-Q2        12.00 USD
        2026-Q3
            due for 2026-Q3        18.00 USD
        2026-Q4
            due for 2026-Q4          2.00 USD
        2027-Q1
            due for 2027-Q1          0.00 USD
    "#]]
    .assert_eq(&section("Share capped", "cloud", "2026-Q1 2026-Q2 2026-Q3 2026-Q4 2027-Q1"));
}

#[test]
fn a_guarantee_tops_up_and_recoups() {
    expect![[r#"
        2026-Q1
            due to studio  25,000.00 USD
        2026-Q2
            due to studio          14,000.00 USD
        2026-Q3
            due to studio          -29,000.00 USD
        2026-Q4
            due to studio          -10,000.00 USD
        2027-Q1
            due to studio        0.00 USD
    "#]]
    .assert_eq(&section("Guarantee minimum", "studio", "2026-Q1 2026-Q2 2026-Q3 2026-Q4 2027-Q1"));
}

#[test]
fn a_split_gives_what_rounding_leaves_to_the_first() {
    expect![[r#"
        2026-Q1
            due to lab       13 JPY
            due to reseller   1 JPY
            market keeps      1 JPY
    "#]]
    .assert_eq(&section("Split waterfall", "market", "2026-Q1"));
}

#[test]
fn a_stake_is_worth_its_part_of_the_last_valuation() {
    expect![[r#"
        2026-Q1
          cloud owns 27% of lab, worth 135,000,000,000.00 USD
    "#]]
    .assert_eq(&section("Ownership at the end of the period", "cloud", "2026-Q1"));
}

#[test]
fn a_commitment_is_drawn_down_in_another_currency_and_its_shortfall_owed() {
    expect![[r#"
        2026
            due to cloud    0.00 USD
        2027
            due to cloud   30.00 USD
    "#]]
    .assert_eq(&section("Commit spend", "cloud", "2026 2027"));
}

#[test]
fn a_most_favoured_buyer_is_credited_what_it_paid_above_the_others() {
    expect![[r#"
        2026-Q1
            due to acme    100.00 USD
    "#]]
    .assert_eq(&section("Parity favoured", "acme", "2026-Q1"));
}

#[test]
fn a_closed_quarter_stays_and_what_comes_late_is_posted_in_the_open_one() {
    let stage = Stage::new(&[]);
    let book = stage.path().join("book");
    copy_to(&book);
    let run = |words: &[&str]| {
        let all = [&["ledger", words[0], "book"], &words[1..]].concat();
        stage.run(&all).text().replace(&format!("{}/", stage.path().display()), "")
    };
    let shown = |period: &str| {
        let text = run(&["statement", "--at", "2026-08-01", "--party", "cloud", "--period", period]);
        let kept = text.lines().skip_while(|line| !line.starts_with("The book is closed"));
        kept.map(|line| format!("{line}\n")).collect::<String>()
    };
    let mut out = run(&["close", "--at", "2026-04-05", "--period", "2026-Q1"]);
    let late = "\n[[revenue]]\nproduct = \"lab/api\"\nchannel = \"blue\"\namount = \"10 USD\"\non = 2026-03-30\n\
                recorded = 2026-05-04\n";
    let rows = std::fs::read_to_string(book.join("rows.toml")).unwrap() + late;
    std::fs::write(book.join("rows.toml"), rows).unwrap();
    out += &shown("2026-Q1");
    out += &shown("2026-Q2");
    let invoice = ["invoice", "--at", "2026-08-01", "--to", "lab", "--from", "cloud", "--period", "2026-Q2"];
    let page = run(&invoice);
    assert!(page.contains("20% of revenue of 60.00 USD, within its floor and caps"), "{page}");
    assert!(page.contains("Adjustments for periods closed before"), "{page}");
    assert!(page.contains("To be paid</td><td class=\"when\"></td><td class=\"n\">14.00 USD"), "{page}");
    assert!(!page.contains("Draft"), "{page}");
    out += &run(&["close", "--at", "2026-08-01", "--period", "2026-Q1"]);
    out += &run(&["close", "--at", "2026-08-01", "--period", "2026-Q3"]);
    out += &run(&["close", "--at", "2026-08-01", "--period", "2026-Q2"]);
    out += &shown("2026-Q2");
    expect![[r#"
        closed through 2026-03-31: 6 figures, 0 of them adjustments, in book/closed/2026-Q1.json
        exit 0
        The book is closed through 2026-03-31.

        Due
          to cloud: 6.00 USD
          by cloud: 0.00 USD
        exit 0
        The book is closed through 2026-03-31.

        Adjustments for periods that were closed before
          capped for 2026-Q1: lab to cloud 2.00 USD

        Due
          to cloud: 14.00 USD
          by cloud: 0.00 USD
        exit 0
        error: 2026-Q1 ends by 2026-03-31, through which the book is closed already
        exit 1
        error: 2026-Q3 has not ended: its last day is 2026-09-30
        exit 1
        closed through 2026-06-30: 4 figures, 1 of them adjustments, in book/closed/2026-Q2.json
        exit 0
        The book is closed through 2026-06-30.

        Adjustments for periods that were closed before
          capped for 2026-Q1: lab to cloud 2.00 USD

        Due
          to cloud: 14.00 USD
          by cloud: 0.00 USD
        exit 0
    "#]]
    .assert_eq(&out);
}

#[test]
fn the_lines_behind_a_statement_name_their_places_and_what_they_count_toward() {
    let book = answers();
    let words =
        ["ledger", "statement", book.to_str().unwrap(), "--at", "2028-05-01", "--period", "2026", "--lines"];
    let shown = |party: &str| Stage::new(&[]).run(&[&words[..], &["--party", party]].concat()).text();
    expect![[r#"
        2026-03-31           30.00 USD  lab/api blue  (withheld)  capped
        2026-06-30           60.00 USD  lab/api blue  (withheld)  capped
        2026-09-30           90.00 USD  lab/api blue  (withheld)  capped
        2026-12-31          120.00 USD  lab/api blue  (withheld)  capped
        2026-05-01           96.00 EUR  bought from cloud  lab  spend  rows.toml:97
        2026-11-01           30.00 USD  bought from cloud  lab  spend  rows.toml:103
        exit 0
        2026-02-15        1,000.00 USD  lab/seats blue  acme  favoured  rows.toml:73
        exit 0
    "#]]
    .assert_eq(&(shown("cloud") + &shown("acme")));
}

/// A book of sales in euros, of which a fifth is owed in dollars, converted by `rule`.
fn in_euros(rule: &str) -> Stage {
    let book = r#"
        book = "euros"
        self = "lab"
        [[party]]
        id = "lab"
        name = "Lab & Söhne"
        [[party]]
        id = "cloud"
        [[channel]]
        id = "own"
        operator = "lab"
        [[product]]
        id = "lab/api"
        owner = "lab"
        [[rate]]
        from = "EUR"
        to = "USD"
        value = "1.2"
        on = 2026-01-01
        [[rate]]
        from = "EUR"
        to = "USD"
        value = "1.5"
        on = 2026-03-31
        [[rate]]
        from = "EUR"
        to = "USD"
        average = "1.25"
        since = 2026-01-01
        until = 2026-04-01
        recorded = 2026-04-02
        [[revenue]]
        product = "lab/api"
        channel = "own"
        amount = "1_000 EUR"
        on = 2026-01-10
    "#;
    let terms = format!(
        "instrument = \"terms\"\nparties = [\"lab\", \"cloud\"]\nsigned = 2026-01-01\n[[share]]\nid = \"fifth\"\n\
         from = \"lab\"\nto = \"cloud\"\nrate = \"20%\"\nevery = \"quarter\"\ncurrency = \"USD\"\n\
         convert = \"{rule}\"\n"
    );
    Stage::new(&[("book/book.toml", book), ("book/terms.toml", &terms)])
}

#[test]
fn revenue_is_converted_at_the_rate_of_its_day_of_its_period_or_of_the_periods_end() {
    let mut out = String::new();
    for (rule, at) in [
        ("day", "2026-05-01"),
        ("average", "2026-05-01"),
        ("average", "2026-04-01"),
        ("closing", "2026-05-01"),
        ("closing", "2026-02-01"),
    ] {
        let words = ["ledger", "statement", "book", "--party", "cloud", "--period", "2026-Q1", "--at", at];
        let shown = in_euros(rule).run(&words).text();
        for line in shown
            .lines()
            .filter(|line| line.contains("owes") || line.contains("not yet due") || line.contains("due for"))
        {
            out += &format!("{rule} {at}:{line}\n");
        }
    }
    expect![[r#"
        day 2026-05-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap
        day 2026-05-01:    due for 2026-Q1          240.00 USD
        average 2026-05-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap, converted to USD at average rates
        average 2026-05-01:    due for 2026-Q1          250.00 USD
        average 2026-04-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap, converted to USD at average rates
        average 2026-04-01:    due for 2026-Q1            240.67 USD
        closing 2026-05-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap, converted to USD at closing rates
        closing 2026-05-01:    due for 2026-Q1          300.00 USD
        closing 2026-02-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap, converted to USD at closing rates
        closing 2026-02-01:    accrued in 2026-Q1, not yet due    240.00 USD
        closing 2026-02-01:  to cloud: 0.00 USD, and 240.00 USD accrued, not yet due
    "#]].assert_eq(&out);
}

/// A seller, its most favoured buyer and two others, and a share of what is sold in Europe.
fn favoured() -> Stage {
    let book = r#"
        book = "seats"
        self = "lab"
        [[party]]
        id = "lab"
        name = "Lab & Söhne"
        [[party]]
        id = "acme"
        name = "Acme"
        [[party]]
        id = "cloud"
        [[channel]]
        id = "own"
        operator = "lab"
        [[product]]
        id = "lab/seats"
        owner = "lab"
        [[segment]]
        id = "public"
        [[territory]]
        id = "EU"
        members = ["DE", "FR"]
    "#;
    let row = |customer: &str, quantity: u32, amount: u32, more: &str| {
        format!(
            "[[revenue]]\nproduct = \"lab/seats\"\nchannel = \"own\"\ncustomer = \"{customer}\"\n\
             quantity = \"{quantity} seats\"\namount = \"{amount} USD\"\non = 2026-02-01\n{more}"
        )
    };
    let rows = [
        row("acme", 10, 1_000, "country = \"US\"\n"),
        row("umbrella", 5, 333, "country = \"DE\"\n"),
        row("globex/west", 7, 800, ""),
    ];
    let terms = r#"
        instrument = "terms"
        parties = ["lab", "acme", "cloud"]
        signed = 2026-01-01
        [[parity]]
        id = "favoured"
        from = "lab"
        to = "acme"
        every = "quarter"
        [[share]]
        id = "europe"
        from = "lab"
        to = "cloud"
        rate = "10%"
        every = "quarter"
        of = { territories = ["EU"] }
    "#;
    Stage::new(&[("book/book.toml", book), ("book/rows.toml", &rows.concat()), ("book/terms.toml", terms)])
}

fn drawn_for(party: &str, more: &[&str]) -> String {
    let words =
        ["ledger", "statement", "book", "--party", party, "--period", "2026-Q1", "--at", "2026-05-01"];
    favoured().run(&[&words[..], more].concat()).text()
}

#[test]
fn a_buyer_is_not_told_what_others_pay() {
    let told = drawn_for("acme", &[]) + &drawn_for("acme", &["--lines"]) + &drawn_for("acme", &["--json"]);
    for secret in ["umbrella", "globex", "333", "800", "2,133", "666", "66.6", "rows.toml:9"] {
        assert!(!told.contains(secret), "`{secret}` in {told}");
    }
    let internal = drawn_for("acme", &["--internal"]) + &drawn_for("acme", &["--internal", "--lines"]);
    for known in ["umbrella", "globex", "333", "800", "666", "rows.toml:9"] {
        assert!(internal.contains(known), "no `{known}` in {internal}");
    }
    expect![[r#"
        Statement for Acme (acme) · 2026-Q1
        from the books of Lab & Söhne, 2026-01-01 to 2026-03-31 in UTC

        Revenue
          product    channel      calls  estimated  tokens in  tokens out       revenue
          lab/seats  own      1 entered          0          0           0  1,000.00 USD
          ─────────────────────────────────────────────────────────────────────────────
          total               1 entered          0          0           0  1,000.00 USD
          to the minor unit: 1,000.00 USD

        Parity favoured
          Lab & Söhne charges Acme no more than others
          2026-Q1
            paid         1,000.00 USD
            due to Acme    334.00 USD

        Due
          to Acme: 334.00 USD
          by Acme: 0.00 USD
        exit 0
    "#]]
    .assert_eq(&drawn_for("acme", &[]));
}

#[test]
fn an_invoice_does_not_tell_what_others_pay_either() {
    let words = [
        "ledger",
        "invoice",
        "book",
        "--to",
        "lab",
        "--from",
        "acme",
        "--period",
        "2026-Q1",
        "--at",
        "2026-05-01",
    ];
    let page = favoured().run(&words).text();
    assert!(page.contains("Lab &amp; Söhne") && page.contains("334.00 USD"), "{page}");
    assert!(!page.contains("favoured price") && !page.contains("666"), "{page}");
}

#[test]
fn lines_for_a_payee_withhold_who_bought() {
    expect![[r#"
        2026-02-01          333.00 USD  lab/seats own  (withheld)  europe
        exit 0
    "#]]
    .assert_eq(&drawn_for("cloud", &["--lines"]));
}

#[test]
fn sales_that_name_no_country_stay_in_sight_where_a_share_counts_by_it() {
    let open = |text: String| {
        let lines =
            text.lines().skip_while(|line| !line.starts_with("Open:")).take_while(|line| !line.is_empty());
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    expect![[r#"
        Open: sales that name no segment or country, on which a clause hangs
          europe: 800.00 USD of lab/seats through own, 1 entered (rows.toml:17): not counted
          give entered rows a `segment` and a `country`, and keys theirs (abide key create)
    "#]]
    .assert_eq(&open(drawn_for("lab", &[])));
    expect![[r#"
        Open: sales that name no segment or country, on which a clause hangs
          europe: 800.00 USD of lab/seats through own, 1 entered: not counted
          give entered rows a `segment` and a `country`, and keys theirs (abide key create)
    "#]]
    .assert_eq(&open(drawn_for("cloud", &[])));
    expect![[""]].assert_eq(&open(drawn_for("acme", &[])));
    let stage = favoured();
    expect![[r#"
        book `seats` of lab: 3 parties, 1 products, 1 channels, 2 clauses; 1 warning
        warning[unplaced]: whether this revenue counts toward `europe` hangs on a segment or country that it does not name
          --> book/rows.toml:17:1
           |
        17 | [[revenue]]
           | ^^^^^^^^^^^
           = help: add them, such as country = "DE"; until then a statement shows it as open

        1 warning
        exit 0
    "#]].assert_eq(&stage.run(&["agreement", "check", "book"]).text());
    expect![[r#"
        closed through 2026-03-31: 2 figures, 0 of them adjustments, in book/closed/2026-Q1.json
        warning: sales name no segment or country, on which clauses hang; the statement shows them as open. Once they do, the difference is posted in the next period.
        exit 0
    "#]].assert_eq(
        &stage.run(&["ledger", "close", "book", "--period", "2026-Q1", "--at", "2026-05-01"]).text(),
    );
}

//! `abide ledger` on books whose revenue and purchases are entered by hand, without a running store.

use crate::stage::Stage;
use expect_test::expect;
use std::path::{Path, PathBuf};

/// The worked answers of the reference, as files.
fn answers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/testdata/books/answers").canonicalize().unwrap()
}

/// A copy of the book in a folder that may be written to.
pub(crate) fn copy_to(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for file in ["book.toml", "clauses.toml", "rows.toml"] {
        std::fs::copy(answers().join(file), folder.join(file)).unwrap();
    }
}

/// Adds a sale of the first quarter that becomes known in May.
pub(crate) fn add_late(book: &Path) {
    let late = "\n[[revenue]]\nproduct = \"lab/api\"\nchannel = \"blue\"\namount = \"10 USD\"\non = 2026-03-30\n\
                recorded = 2026-05-04\n";
    let rows = std::fs::read_to_string(book.join("rows.toml")).unwrap() + late;
    std::fs::write(book.join("rows.toml"), rows).unwrap();
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
    add_late(&book);
    out += &shown("2026-Q1");
    out += &shown("2026-Q2");
    out += &run(&["close", "--at", "2026-08-01", "--period", "2026-Q1"]);
    out += &run(&["close", "--at", "2026-08-01", "--period", "2026-Q3"]);
    out += &run(&["close", "--at", "2026-08-01", "--period", "2026-Q2"]);
    out += &shown("2026-Q2");
    expect![[r#"
        closed through 2026-03-31: 6 figures, 0 of them adjustments, in book/closed/2026-Q1.json
        exit 0
        The book is closed through 2026-03-31.

        As it was closed; above stands what it comes to as known now
          capped for 2026-Q1: lab to cloud 6.00 USD
            20% of revenue of 30.00 USD; at most 38.00 USD in all; comes to 6.00 USD

        Due
          to cloud: 6.00 USD
          by cloud: 0.00 USD
        exit 0
        The book is closed through 2026-03-31.

        Adjustments for periods that were closed before
          capped for 2026-Q1: lab to cloud 2.00 USD
            20% of revenue of 40.00 USD; at most 38.00 USD in all; comes to 8.00 USD; less, as it was closed before, 6.00 USD

        Due
          to cloud: 14.00 USD
          by cloud: 0.00 USD
        exit 0
        error: 2026-Q1 ends by 2026-03-31, through which the book is closed already
        help: what changed since is posted as an adjustment when the next period is closed
        exit 1
        error: 2026-Q3 has not ended: its last day is 2026-09-30
        help: until then, `abide ledger statement` shows what has accrued
        exit 1
        closed through 2026-06-30: 4 figures, 1 of them adjustments, in book/closed/2026-Q2.json
        exit 0
        The book is closed through 2026-06-30.

        As it was closed; above stands what it comes to as known now
          capped for 2026-Q2: lab to cloud 12.00 USD
            20% of revenue of 60.00 USD; at most 38.00 USD in all; comes to 12.00 USD

        Adjustments for periods that were closed before
          capped for 2026-Q1: lab to cloud 2.00 USD
            20% of revenue of 40.00 USD; at most 38.00 USD in all; comes to 8.00 USD; less, as it was closed before, 6.00 USD

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
        2026-03-31           30.00 USD  lab/api through blue  (withheld)  capped
        2026-06-30           60.00 USD  lab/api through blue  (withheld)  capped
        2026-09-30           90.00 USD  lab/api through blue  (withheld)  capped
        2026-12-31          120.00 USD  lab/api through blue  (withheld)  capped
        2026-05-01           96.00 EUR  bought from cloud  lab  spend  rows.toml:97
        2026-11-01           30.00 USD  bought from cloud  lab  spend  rows.toml:103
        exit 0
        2026-02-15        1,000.00 USD  lab/seats through blue  acme  favoured  rows.toml:73
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
        average 2026-04-01:    due for 2026-Q1            240.67   USD
        closing 2026-05-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap, converted to USD at closing rates
        closing 2026-05-01:    due for 2026-Q1          300.00 USD
        closing 2026-02-01:  Lab & Söhne owes cloud 20% of revenue, each quarter from 2026-01-01, no cap, converted to USD at closing rates
        closing 2026-02-01:    accrued in 2026-Q1, not yet due    240.00 USD
        closing 2026-02-01:  to cloud: 0.00 USD, and 240.00 USD accrued, not yet due
    "#]].assert_eq(&out);
}

/// A seller, its most favoured buyer and two others, and a share of what is sold in Europe.
fn favoured() -> Stage {
    favoured_for("", "")
}

/// The same with more said of the most favoured price, and more rows.
fn favoured_for(parity: &str, more: &str) -> Stage {
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
        more.to_owned(),
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
        # more
        [[share]]
        id = "europe"
        from = "lab"
        to = "cloud"
        rate = "10%"
        every = "quarter"
        of = { territories = ["EU"] }
    "#;
    let terms = terms.replace("# more", parity);
    Stage::new(&[("book/book.toml", book), ("book/rows.toml", &rows.concat()), ("book/terms.toml", &terms)])
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
          product    channel  rows       revenue
          lab/seats  own         1  1,000.00 USD
          ──────────────────────────────────────
          total                  1  1,000.00 USD

        Parity favoured
          Lab & Söhne charges Acme no more than others
          2026-Q1
            paid         1,000.00 USD
            due to Acme    334.00 USD

        Due
          to Acme: 334.00 USD
          by Acme: 0.00 USD
        note: the book has 1 warning: abide agreement check book
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
        2026-02-01          333.00 USD  lab/seats through own  (withheld)  europe
        note: the book has 1 warning: abide agreement check book
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
        note: the book has 1 warning: abide agreement check book
        warning: sales name no segment or country, on which clauses hang; the statement shows them as open. Once they do, the difference is posted in the next period.
        exit 0
    "#]].assert_eq(
        &stage.run(&["ledger", "close", "book", "--period", "2026-Q1", "--at", "2026-05-01"]).text(),
    );
}

#[test]
fn an_export_lists_open_sales_in_no_posting() {
    let stage = favoured();
    let mut out = String::new();
    for form in ["beancount", "hledger", "csv", "jsonl"] {
        let text = stage.run(&["ledger", "export", "book", "--at", "2026-05-01", "--format", form]).text();
        let open =
            text.lines().filter(|line| line.to_lowercase().contains("open") && line.contains("europe"));
        out += &open.map(|line| format!("{line}\n")).collect::<String>();
    }
    expect![[r#"
        ;; Open, naming no segment or country: 800.00 USD of lab/seats through own, not counted under europe.
        ; Open, naming no segment or country: 800.00 USD of lab/seats through own, not counted under europe.
        ,2026-04-30,open,,,,,USD,0,0,0,0,,lab/seats,own,,europe,,800.00,,,,,,,,rows.toml:17
        {"kind":"open","clause":"europe","counted":false,"product":"lab/seats","channel":"own","revenue":"800.00","currency":"USD","rows":1,"entered":["rows.toml:17"],"calls":0,"estimated_calls":0,"input_tokens":0,"output_tokens":0}
    "#]]
    .assert_eq(&out);
}

#[test]
fn what_others_pay_is_not_open_for_a_buyer_and_only_what_has_a_unit_price_is_open_for_anybody() {
    // One row names no number of units: its price for a unit is compared with nothing.
    let lump = "[[revenue]]\nproduct = \"lab/seats\"\nchannel = \"own\"\ncustomer = \"initech\"\n\
                amount = \"77 USD\"\non = 2026-02-01\ncountry = \"US\"\n";
    let stage = favoured_for("of = { segments = [\"public\"] }", lump);
    let open = |party: &str| {
        let words =
            ["ledger", "statement", "book", "--party", party, "--period", "2026-Q1", "--at", "2026-05-01"];
        let text = stage.run(&words).text();
        let lines = text.lines().map(str::trim_start).filter(|line| line.starts_with("favoured: "));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    expect![[r#"
        favoured: 2,133.00 USD of lab/seats through own, 3 entered (rows.toml:1, rows.toml:9, rows.toml:17): not counted
    "#]].assert_eq(&open("lab"));
    expect![[r#"
        favoured: 1,000.00 USD of lab/seats through own, 1 entered: not counted
    "#]]
    .assert_eq(&open("acme"));
    let check = stage.run(&["agreement", "check", "book"]).text();
    assert_eq!(check.matches("toward `favoured`").count(), 3, "{check}");
}

/// What a command says that cannot be done.
fn refused(stage: &Stage, words: &str) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    format!("{}\n{}", words.join(" "), stage.run(&words).text())
}

#[test]
fn slips_on_the_command_line_are_answered_with_what_is_meant() {
    let stage = favoured();
    let mut out = String::new();
    for words in [
        "ledger statement book --party acme --period Q1-2026",
        "ledger statement book --party acmee --period 2026-Q1",
        "ledger statement --party acme --period 2026-Q1",
        "ledger close book --period 2026-Q1 --at 2026-02-01",
        "ledger statement book --party acme --period 2026-Q1 --at 2026-02-30",
        "ledger invoice book --period 2026-Q1",
        "ledger invoice book --to acme --from acme --period 2026-Q1",
        "ledger invoice book --customer acme --period 2026-Q1",
        "ledger export book --format csv --out nowhere/book.csv",
    ] {
        out += &refused(&stage, words);
    }
    expect![[r#"
        ledger statement book --party acme --period Q1-2026
        note: the book has 1 warning: abide agreement check book
        error: `Q1-2026` is not a period
        help: did you mean `2026-Q1`?
        exit 2
        ledger statement book --party acmee --period 2026-Q1
        note: the book has 1 warning: abide agreement check book
        error: the book has no party `acmee`
        help: did you mean `acme`?
        exit 2
        ledger statement --party acme --period 2026-Q1
        error: there is no configuration `abide.toml`
        help: `abide init` writes one; --config names another than `abide.toml`; or name the folder of a book to settle what was entered in it alone
        exit 2
        ledger close book --period 2026-Q1 --at 2026-02-01
        note: the book has 1 warning: abide agreement check book
        error: 2026-Q1 has not ended: its last day is 2026-03-31
        help: until then, `abide ledger statement` shows what has accrued
        exit 1
        ledger statement book --party acme --period 2026-Q1 --at 2026-02-30
        error: invalid value '2026-02-30' for '--at <TIME>': the calendar has no such day

        For more information, try '--help'.
        exit 2
        ledger invoice book --period 2026-Q1
        error: the following required arguments were not provided:
          <--customer <CUSTOMER>|--to <PARTY>>

        Usage: abide ledger invoice --period <PERIOD> <--customer <CUSTOMER>|--to <PARTY>> <BOOK>

        For more information, try '--help'.
        exit 2
        ledger invoice book --to acme --from acme --period 2026-Q1
        note: the book has 1 warning: abide agreement check book
        error: nobody bills itself, as `acme` would
        help: name in --from the party that is owed
        exit 2
        ledger invoice book --customer acme --period 2026-Q1
        note: the book has 1 warning: abide agreement check book
        error: an invoice to a customer is of metered usage, and a book alone has none
        help: leave out BOOK, or name the folder of a store with --folder
        exit 2
        ledger export book --format csv --out nowhere/book.csv
        note: the book has 1 warning: abide agreement check book
        error: cannot write `nowhere/book.csv`: No such file or directory (os error 2)
        exit 1
    "#]].assert_eq(&out);
}

#[test]
fn a_party_may_be_called_by_its_name() {
    let by_id = drawn_for("lab", &["--json"]);
    let words = [
        "ledger",
        "statement",
        "book",
        "--party",
        "lab & söhne",
        "--period",
        "2026-Q1",
        "--at",
        "2026-05-01",
    ];
    assert_eq!(favoured().run(&[&words[..], &["--json"]].concat()).text(), by_id);
}

#[test]
fn a_book_saved_in_another_way_is_read_or_the_line_is_named() {
    let stage = favoured();
    let words = "ledger statement book --party cloud --period 2026-Q1 --at 2026-05-01";
    let plain = refused(&stage, words);
    let text = stage.read("book/rows.toml");
    let rows = stage.path().join("book/rows.toml");
    std::fs::write(&rows, format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
    assert_eq!(refused(&stage, words), plain, "as some editors save it");
    let mut latin = text.clone().into_bytes();
    latin.extend(b"# M\xfcller\n");
    std::fs::write(&rows, latin).unwrap();
    let mut out = refused(&stage, words);
    std::fs::write(&rows, [0xff, 0xfe, b'a', 0]).unwrap();
    out += &refused(&stage, words);
    expect![[r#"
        ledger statement book --party cloud --period 2026-Q1 --at 2026-05-01
        error: `book/rows.toml` cannot be read: line 24 is not UTF-8 text
        help: save it as UTF-8 text, which editors offer when they save a file
        exit 2
        ledger statement book --party cloud --period 2026-Q1 --at 2026-05-01
        error: `book/rows.toml` cannot be read: it is UTF-16 text, not UTF-8
        help: save it as UTF-8 text, which editors offer when they save a file
        exit 2
    "#]]
    .assert_eq(&out);
}

#[test]
fn a_closing_that_is_cut_off_leaves_the_book_as_it_was() {
    let stage = favoured();
    let close = ["ledger", "close", "book", "--period", "2026-Q1", "--at", "2026-05-01"];
    let held = || {
        let entries = std::fs::read_dir(stage.path().join("book/closed")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let full = stage.run_full(&close).text();
    assert!(full.contains("error: cannot write `book/closed/2026-Q1.json`: File too large"), "{full}");
    assert_eq!(held(), Vec::<String>::new());
    stage.run_killed(&close);
    assert!(!stage.path().join("book/closed/2026-Q1.json").exists());
    let text = stage.run(&close).text();
    assert!(text.contains("closed through 2026-03-31: 2 figures") && text.ends_with("exit 0\n"), "{text}");
    // What the killed one left is named as a part.
    let whole: Vec<_> = held().into_iter().filter(|name| !name.ends_with(".part")).collect();
    assert_eq!(whole, ["2026-Q1.json"]);
}

#[test]
fn a_file_that_cannot_be_written_whole_leaves_the_old_one() {
    let stage = favoured();
    let at = ["--at", "2026-05-01"];
    let held = || std::fs::read_dir(stage.path()).unwrap().count();
    stage.write(
        "what-if.toml",
        "scenario = \"s\"\nfrom = 2026-01-01\nuntil = 2027-01-01\ncurrency = \"USD\"\n\
         [[revenue]]\nid = \"r\"\nproduct = \"lab/seats\"\nchannel = \"own\"\namount = \"10 USD\"\n",
    );
    for words in [
        "ledger export book --format csv --out",
        "ledger invoice book --to acme --period 2026-Q1 --html",
        "agreement render book --html",
        "agreement timeline book --actor lab --action sell --product lab/seats --channel own --svg",
        "agreement simulate book what-if.toml --html",
        "agreement simulate book what-if.toml --chart value --svg",
    ] {
        let words = format!("{words} shown");
        let dated = if words.starts_with("ledger") { &at[..] } else { &[] };
        let words = [&words.split(' ').collect::<Vec<_>>(), dated].concat();
        stage.write("shown", "old");
        let before = held();
        let full = stage.run_full(&words);
        let said = "error: cannot write `shown`: File too large";
        assert!(full.err.contains(said), "{words:?}: {}", full.text());
        assert_eq!((stage.read("shown").as_str(), held()), ("old", before), "{words:?}");
        let done = stage.run(&words);
        assert_eq!((done.status, held()), (0, before), "{words:?}: {}", done.text());
        assert_ne!(stage.read("shown"), "old", "{words:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_goes_over_what_a_link_leads_to_and_is_read_by_nobody_else() {
    use std::os::unix::fs::PermissionsExt;
    let stage = favoured();
    stage.write("kept/page.html", "old");
    let page = stage.path().join("kept/page.html");
    std::fs::set_permissions(&page, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("kept/page.html", stage.path().join("page.html")).unwrap();
    let done = stage.run(&["agreement", "render", "book", "--html", "page.html"]);
    assert_eq!(done.status, 0, "{}", done.text());
    assert!(stage.path().join("page.html").is_symlink());
    assert_ne!(stage.read("kept/page.html"), "old");
    assert_eq!(page.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_of_the_book_stands_for_the_book() {
    let stage = favoured();
    let statement =
        |book: &str| stage.run(&["ledger", "statement", book, "--party", "acme", "--period", "2026-Q1"]);
    assert_eq!(statement("book/book.toml").text(), statement("book").text());
}

#[test]
fn closings_that_were_copied_or_cut_short_are_refused() {
    let stage = favoured();
    stage.run(&["ledger", "close", "book", "--period", "2026-Q1", "--at", "2026-05-01"]);
    let words = "ledger statement book --party cloud --period 2026-Q1 --at 2026-05-01";
    let closing = stage.read("book/closed/2026-Q1.json");
    stage.write("book/closed/2026-Q1 (copy).json", &closing);
    let mut out = refused(&stage, words);
    std::fs::remove_file(stage.path().join("book/closed/2026-Q1 (copy).json")).unwrap();
    stage.write("book/closed/2026-Q1.json", closing.get(..40).unwrap());
    out += &refused(&stage, words);
    expect![[r#"
        ledger statement book --party cloud --period 2026-Q1 --at 2026-05-01
        note: the book has 1 warning: abide agreement check book
        error: `book/closed`: 2026-Q1 and 2026-Q1 both close the book through 2026-03-31
        help: closings are written by `abide ledger close`, and never edited, copied or taken away: restore the files from a copy of the book
        exit 2
        ledger statement book --party cloud --period 2026-Q1 --at 2026-05-01
        note: the book has 1 warning: abide agreement check book
        error: `book/closed/2026-Q1.json`: this is no closing: EOF while parsing a value at line 3 column 22
        help: closings are written by `abide ledger close`, and never edited, copied or taken away: restore the files from a copy of the book
        exit 2
    "#]].assert_eq(&out);
}

#[test]
fn rows_of_a_later_day_and_warnings_are_mentioned_beside_the_figures() {
    let stage = favoured();
    let late =
        "\n[[revenue]]\nproduct = \"lab/seats\"\nchannel = \"own\"\namount = \"5 USD\"\non = 2206-03-01\n";
    stage.write("book/late.toml", late);
    let done = stage.run(&["ledger", "statement", "book", "--party", "acme", "--period", "2026-Q1"]);
    let notes: Vec<&str> = done.err.lines().collect();
    expect![[r#"
        note: the book has 3 warnings: abide agreement check book
        note: 1 row became known later than now and left out, the first in late.toml:2"#]]
    .assert_eq(&notes.join("\n"));
}

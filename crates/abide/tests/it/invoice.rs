//! `abide ledger invoice`, what rates do to figures, and what a closed period keeps.

use crate::ledger::{add_late, copy_to};
use crate::stage::Stage;
use expect_test::expect;

#[test]
fn an_invoice_for_a_closed_quarter_prints_what_it_was_closed_with() {
    let stage = Stage::new(&[]);
    let book = stage.path().join("book");
    copy_to(&book);
    let run = |words: &[&str]| stage.run(&[&["ledger", words[0], "book"], &words[1..]].concat()).text();
    run(&["close", "--at", "2026-04-05", "--period", "2026-Q1"]);
    add_late(&book);
    let invoice = ["invoice", "--at", "2026-08-01", "--to", "lab", "--from", "cloud", "--period", "2026-Q2"];
    let page = run(&invoice);
    assert!(
        page.contains("<small>20% of revenue of 60.00 USD; at most 38.00 USD in all; comes to 12.00 USD"),
        "{page}"
    );
    assert!(page.contains("comes to 8.00 USD; less, as it was closed before, 6.00 USD</small>"), "{page}");
    assert!(page.contains("Adjustments for periods closed before"), "{page}");
    assert!(page.contains("To be paid</td><td class=\"when\"></td><td class=\"n\">14.00 USD"), "{page}");
    assert!(!page.contains("Draft"), "{page}");
    let invoice = ["invoice", "--at", "2026-08-01", "--to", "lab", "--from", "cloud", "--period", "2026-Q1"];
    let first = run(&invoice);
    let closed =
        "as it was closed: 20% of revenue of 30.00 USD; at most 38.00 USD in all; comes to 6.00 USD</small>";
    assert!(first.contains(closed), "{first}");
    let file = std::fs::read_to_string(book.join("closed/2026-Q1.json")).unwrap();
    assert!(file.contains("\"from\": null,"), "{file}");
}

#[test]
fn what_no_rate_converts_is_warned_of_and_leaves_the_invoice_a_draft() {
    let stage = Stage::new(&[]);
    let book = stage.path().join("book");
    copy_to(&book);
    let more = "\n[[purchase]]\nfrom = \"cloud\"\namount = \"7_500 GBP\"\non = 2027-03-01\n\
                \n[[revenue]]\nproduct = \"lab/api\"\nchannel = \"blue\"\namount = \"9 JPY\"\non = 2027-03-01\n";
    let rows = std::fs::read_to_string(book.join("rows.toml")).unwrap() + more;
    std::fs::write(book.join("rows.toml"), rows).unwrap();
    let price = |since: &str, amount: &str| {
        format!(
            "[[price]]\nproduct = \"lab\"\nsince = {since}\ninput = \"{amount}\"\noutput = \"{amount}\"\n\n"
        )
    };
    let cost = "[[cost]]\nchannel = \"blue\"\nproduct = \"lab\"\nsince = 2027-01-01\ninput = \"1 SEK\"\noutput = \"1 SEK\"\n";
    stage.write("book/prices.toml", &(price("2027-01-01", "2 CHF") + &price("2020-01-01", "2 USD") + cost));
    let run = |words: &[&str]| stage.run(words).text();
    let mut out = run(&["agreement", "check", "book"]);
    let of = ["ledger", "invoice", "book", "--to", "lab", "--from", "cloud", "--at", "2028-05-01"];
    let page = run(&[&of[..], &["--period", "2027"]].concat());
    let told = page.lines().filter(|line| line.contains("<title>") || line.contains("class=\"draft\""));
    out += &told.map(|line| format!("{line}\n")).collect::<String>();
    expect![[r#"
        book `answers` of lab: 7 parties, 4 products, 3 channels, 7 clauses; 4 warnings
        warning[no-rate]: `capped` cannot count this: there is no rate from CHF to USD for it
         --> book/prices.toml:1:1
          |
        1 | [[price]]
          | ^^^^^^^^^
          = help: add a [[rate]] from = "CHF", to = "USD" of 2027-01-01 or before; until then a statement shows it apart

        warning[no-rate]: `spend` cannot count this: there is no rate from SEK to USD for it
          --> book/prices.toml:13:1
           |
        13 | [[cost]]
           | ^^^^^^^^
           = help: add a [[rate]] from = "SEK", to = "USD" of 2027-01-01 or before; until then a statement shows it apart

        warning[no-rate]: `spend` cannot count this: there is no rate from GBP to USD for it
           --> book/rows.toml:115:1
            |
        115 | [[purchase]]
            | ^^^^^^^^^^^^
            = help: add a [[rate]] from = "GBP", to = "USD" of 2027-03-01 or before; until then a statement shows it apart

        warning[no-rate]: `capped` cannot count this: there is no rate from JPY to USD for it
           --> book/rows.toml:120:1
            |
        120 | [[revenue]]
            | ^^^^^^^^^^^
            = help: add a [[rate]] from = "JPY", to = "USD" of 2027-03-01 or before; until then a statement shows it apart

        4 warnings
        exit 0
        <title>Draft invoice cloud-lab-20270101-20271231</title>
        <p class="draft">A term is not known, so an amount is a range. The total is the most it can be.</p>
        <p class="draft">Without a rate, so not counted under spend: 7,500.00 GBP.</p>
    "#]].assert_eq(&out);
}

#[test]
fn a_guarantee_whose_shares_have_no_rate_is_not_closed() {
    let stage = Stage::new(&[]);
    let book = stage.path().join("book");
    copy_to(&book);
    let clauses = std::fs::read_to_string(book.join("clauses.toml")).unwrap();
    std::fs::write(book.join("clauses.toml"), clauses.replace("\"75_000 USD\"", "\"75_000 GBP\"")).unwrap();
    let close = ["ledger", "close", "book", "--at", "2026-04-05", "--period", "2026-Q1"];
    let out = stage.run(&close).text();
    expect![[r#"
        note: the book has 5 warnings: abide agreement check book
        error: what `minimum` comes to is not known: there is no rate from USD for what its shares earn
        help: add a [[rate]] to the guarantee's currency; then the period can be closed
        exit 1
    "#]]
    .assert_eq(&out);
    assert!(!book.join("closed").exists(), "nothing is closed");
}

/// A book with a fiscal year, whose share is settled in the currency that rates are given to.
fn turned_round() -> Stage {
    let stage = Stage::new(&[]);
    stage.write(
        "book/book.toml",
        "book = \"turned\"\nself = \"lab\"\nyear_begins = \"07-01\"\n\n\
         [[party]]\nid = \"lab\"\nname = \"Lab\"\naddress = [\"1 Quay Street\", \"Hamburg\"]\ntax_id = \"DE1\"\n\n\
         [[party]]\nid = \"cloud\"\npay_to = [\"IBAN 1\"]\npay_within = \"2w\"\n\n\
         [[channel]]\nid = \"own\"\noperator = \"lab\"\n\n[[product]]\nid = \"lab/api\"\nowner = \"lab\"\n\n\
         [[rate]]\nfrom = \"EUR\"\nto = \"CHF\"\nvalue = \"0.79\"\non = 2025-01-01\n\n\
         [[revenue]]\nproduct = \"lab/api\"\nchannel = \"own\"\namount = \"1_234 CHF\"\non = 2025-08-01\n\n\
         [[revenue]]\nproduct = \"lab/api\"\nchannel = \"own\"\namount = \"-2_000 CHF\"\non = 2025-11-01\n",
    );
    stage.write(
        "book/terms.toml",
        "instrument = \"lab-cloud\"\ntitle = \"Cloud <terms>\"\nparties = [\"lab\", \"cloud\"]\nsigned = 2025-01-01\n\n\
         [[share]]\nid = \"part\"\nfrom = \"lab\"\nto = \"cloud\"\nrate = \"20%\"\nevery = \"quarter\"\n\
         currency = \"EUR\"\nfloor = { period = \"10 EUR\" }\n",
    );
    stage
}

#[test]
fn what_a_rate_turned_round_comes_to_is_a_decimal_and_the_rate_is_named() {
    let stage = turned_round();
    let of = ["ledger", "statement", "book", "--at", "2026-01-05T09:30:15.123Z", "--party", "cloud"];
    let mut out = stage.run(&[&of[..], &["--period", "FY2026-Q1"]].concat()).text();
    let csv = stage.run(&["ledger", "export", "book", "--at", "2026-01-05", "--format", "csv"]).text();
    assert!(csv.contains(",FY2026-Q1,1562.") && !csv.contains("/79"), "{csv}");
    out += &csv
        .lines()
        .filter(|row| row.contains("FY2026-Q1"))
        .map(|row| format!("{row}\n"))
        .collect::<String>();
    let json = stage.run(&[&of[..], &["--period", "FY2026-Q1", "--json"]].concat()).text();
    let rates = json.split("\"rates\":").nth(1).unwrap().split(']').next().unwrap();
    out += &format!("{rates}]\n");
    expect![[r#"
        Statement for cloud · FY2026-Q1
        from the books of Lab, 2025-07-01 to 2025-09-30 in UTC

        Revenue
          product  channel  rows       revenue
          lab/api  own         1  1,234.00 CHF
          ────────────────────────────────────
          total                1  1,234.00 CHF

        Share part
          Lab owes cloud 20% of revenue, each quarter from 2025-01-01, at least 10.00 EUR each, no cap
            revenue before                                      0.00   EUR
            revenue in the period                         ≈ 1,562.0253 EUR
            share before                                       20.00   EUR
            share in the period                             ≈ 312.4051 EUR
            share so far                                    ≈ 332.4051 EUR
            due for FY2026-Q1 (2025-07-01 to 2025-09-30)      312.41   EUR

        Converted at
          1 EUR = 0.79 CHF, from 2025-01-01 on, used the other way round: from CHF to EUR

        Due
          to cloud: 312.41 EUR
          by cloud: 0.00 EUR
        exit 0
        4,2025-09-30,due,true,cloud,Expenses:RevenueShare:Part,312.41,EUR,,,,,,,,,part,FY2026-Q1,1562.025316455696,,,,,,,,
        4,2025-09-30,due,true,cloud,Liabilities:Payable:Cloud,-312.41,EUR,,,,,,,,cloud,part,FY2026-Q1,1562.025316455696,,,,,,,,
        [{"from":"CHF","to":"EUR","value":"0.79","inverse":true,"since":"2025-01-01","until":null,"by":"entered"}]
    "#]]
    .assert_eq(&out);
}

#[test]
fn an_invoice_is_numbered_by_its_days_and_says_who_is_paid_where_and_when() {
    let stage = turned_round();
    let of =
        ["ledger", "invoice", "book", "--to", "lab", "--from", "cloud", "--at", "2026-01-05T09:30:15.123Z"];
    let mut out = String::new();
    for period in ["FY2026-Q1", "2025-Q3", "2025-09", "FY2026-H1", "2025-08"] {
        let page = stage.run(&[&of[..], &["--period", period]].concat()).text();
        let (body, notes) = page.split_once("</html>").unwrap();
        let title = body.lines().find(|line| line.contains("<title>")).unwrap();
        out += &format!("{period} {title}{}", notes.replace("exit 0", ""));
        if period == "FY2026-Q1" {
            out += body.split_once("</style>\n").unwrap().1;
        }
    }
    expect![[r#"
        FY2026-Q1 <title>Invoice cloud-lab-20250701-20250930</title>

        <header>
        <h1>Invoice</h1>
        <dl>
        <dt>Number</dt><dd>cloud-lab-20250701-20250930</dd>
        <dt>Issued</dt><dd>2026-01-05</dd>
        <dt>Due</dt><dd>2026-01-19</dd>
        <dt>Period</dt><dd>FY2026-Q1</dd>
        <dt></dt><dd>2025-07-01 to 2025-09-30</dd>
        </dl>
        </header>
        <section class="parties">
        <p><span>From</span><strong>cloud</strong></p>
        <p><span>To</span><strong>Lab</strong><br>1 Quay Street<br>Hamburg<br>Tax number DE1</p>
        </section>
        <h2>Due</h2>
        <table>
        <thead><tr><th class="what">For</th><th class="when">When</th><th class="n">Amount</th></tr></thead>
        <tbody>
        <tr><td>Share of revenue<small>Cloud &lt;terms&gt;, part</small><small>20% of revenue of ≈ 1,562.0253 EUR; at least 10.00 EUR; comes to ≈ 312.4051 EUR; converted at 1 EUR = 0.79 CHF, from 2025-01-01 on, used the other way round: from CHF to EUR</small></td><td class="when">FY2026‑Q1<small>2025‑07‑01 to 2025‑09‑30</small></td><td class="n">312.41 EUR</td></tr>
        </tbody>
        </table>
        <h2>Total</h2>
        <table>
        <tbody>
        <tr class="sum"><td class="what">To be paid</td><td class="when"></td><td class="n">312.41 EUR</td></tr>
        </tbody>
        </table>
        <section class="payment">
        <h2>Payment</h2>
        <p>By 2026-01-19, with the number of this invoice.</p>
        <p>To IBAN 1</p>
        </section>
        <footer>From the book turned as known on 2026-01-05 09:30 (UTC). Each amount is the rounded sum so far less what was billed before, half to even, so that all bills add up. No tax is added.</footer>
        2025-Q3 <title>Invoice cloud-lab-20250701-20250930</title>

        2025-09 <title>Invoice cloud-lab-20250901-20250930</title>
        note: `part` falls due for FY2026-Q1, and so is on an invoice for FY2026-Q1 too, under another number: send one of them

        FY2026-H1 <title>Invoice cloud-lab-20250701-20251231</title>
        note: `part` falls due for FY2026-Q1, and so is on an invoice for FY2026-Q1 too, under another number: send one of them
        note: `part` falls due for FY2026-Q2, and so is on an invoice for FY2026-Q2 too, under another number: send one of them

        2025-08 <title>Nothing due cloud-lab-20250801-20250831</title>

    "#]]
    .assert_eq(&out);
}

//! What a book says and its writer hardly means: warned of where it is so, and nowhere else.

use crate::rows::{files, loaded, openai_clouds, read};
use expect_test::{Expect, expect};
use std::path::Path;

const BOOK: &str = r#"
    book = "slips"
    self = "lab"
    [[party]]
    id = "lab"
    [[party]]
    id = "cloud"
    [[party]]
    id = "acme"
    [[channel]]
    id = "own"
    operator = "lab"
    [[channel]]
    id = "blue"
    operator = "cloud"
    [[product]]
    id = "lab/api"
    owner = "lab"
    classes = ["api"]
    [[product]]
    id = "lab/seats"
    owner = "lab"
    [[product]]
    id = "cloud/compute"
    owner = "cloud"
    [[question]]
    id = "resold"
    ask = "Is it?"
    [source.press]
    class = "reported"
"#;

const RESALE: &str = r#"
    --- resale.toml
    instrument = "resale"
    parties = ["lab", "cloud"]
    signed = 2025-12-01
    [[grant]]
    id = "resale"
    from = "lab"
    to = "cloud"
    products = ["lab/api"]
    channels = ["blue"]
"#;

const SHARE: &str = r#"
    [[share]]
    id = "share"
    from = "cloud"
    to = "lab"
    rate = "20%"
    of = { channels = ["blue"] }
    every = "quarter"
"#;

const SWAPPED: &str = r#"
    [[share]]
    id = "share"
    from = "lab"
    to = "cloud"
    rate = "20%"
    of = { channels = ["blue"] }
    every = "quarter"
"#;

/// A row of revenue or of a purchase: `revenue product=lab/api channel=blue on=2026-03-31 …`.
fn row(text: &str) -> String {
    let mut words = text.split(' ');
    let mut out = format!("[[{}]]\n", words.next().unwrap());
    for word in words {
        let (key, value) = word.split_once('=').unwrap();
        let value = value.replace('~', " ");
        let quoted = if matches!(key, "on" | "recorded" | "since") { value } else { format!("\"{value}\"") };
        out += &format!("{key} = {quoted}\n");
    }
    out
}

/// Code, place and words of each warning of a book with these rows and instruments.
fn warned(rows: &[&str], instruments: &str) -> String {
    let rows: String = rows.iter().map(|text| row(text)).collect();
    let book = loaded(&files(&format!("{BOOK}{rows}{instruments}")));
    let told = book.warnings().iter().map(|one| {
        let word = one.place.text.get(one.place.column as usize - 1..).unwrap();
        let word = word.get(..one.place.span.len()).unwrap();
        let also: String = one.also.iter().map(|(place, _)| format!(", and {}", place.text)).collect();
        let help = one.help.as_deref().unwrap();
        format!("{}: {word}{also}\n  {}\n  {help}\n", one.code, one.message)
    });
    told.collect()
}

fn check(rows: &[&str], instruments: &str, expected: Expect) {
    expected.assert_eq(&warned(rows, instruments));
}

#[test]
fn the_examples_hold_no_slip() {
    assert!(openai_clouds().warnings().is_empty());
    let chain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements/fernhill-chain");
    assert!(loaded(&read(&chain)).warnings().is_empty());
}

#[test]
fn revenue_without_a_seller_that_counts_only_as_somebody_elses_is_warned_of() {
    let instruments = format!("{RESALE}{SHARE}");
    let silent = [
        "revenue by=lab product=lab/api channel=blue amount=100~USD on=2026-03-31",
        "revenue product=lab/api channel=own amount=100~USD on=2026-03-31",
        "revenue product=lab/seats channel=blue amount=100~USD on=2026-03-31",
        "revenue product=lab/api channel=blue amount=100~USD on=2025-03-31",
        "revenue by=cloud product=lab/api channel=blue amount=100~USD on=2026-03-31",
    ];
    assert_eq!(warned(&silent, &instruments), "");
    check(
        &["revenue product=lab/api channel=blue amount=100~USD on=2026-03-31"],
        &instruments,
        expect![[r#"
            no-seller: [[revenue]]
              this names no seller, so it is revenue of `lab`, and no clause counts it; of `cloud`, it would count toward `share`
              say who sold: by = "cloud", or by = "lab" if it was `lab`
        "#]],
    );
}

#[test]
fn a_purchase_that_counts_only_the_other_way_round_is_warned_of() {
    let commit = r#"
        --- commit.toml
        instrument = "commit"
        parties = ["lab", "cloud"]
        signed = 2025-12-01
        [[commit]]
        id = "spend"
        from = "lab"
        to = "cloud"
        total = "1_000 USD"
        until = 2027-01-01
    "#;
    let silent = [
        "purchase channel=blue amount=100~USD on=2026-03-31",
        "purchase by=lab from=cloud amount=100~USD on=2026-03-31",
        "purchase by=cloud from=lab amount=100~USD on=2025-03-31",
        "purchase by=acme from=cloud amount=100~USD on=2026-03-31",
    ];
    assert_eq!(warned(&silent, commit), "");
    check(
        &[
            "purchase by=cloud from=lab amount=100~USD on=2026-03-31",
            "purchase by=cloud channel=own amount=100~USD on=2026-03-31",
        ],
        commit,
        expect![[r#"
            swapped: lab
              here `cloud` buys from `lab`, and no commitment counts it; the other way round, `spend` would
              `by` buys and `from` sells: if it is the other way round, write by = "lab" and from = "cloud"
            swapped: cloud
              here `cloud` buys from `lab`, and no commitment counts it; the other way round, `spend` would
              `by` buys and `from` sells: if it is the other way round, write by = "lab" and from = "cloud"
        "#]],
    );
}

#[test]
fn a_share_that_its_payee_sells_is_warned_of() {
    let sold = "revenue by=cloud product=lab/api channel=blue amount=100~USD on=2026-03-31";
    let own = "revenue by=lab product=lab/api channel=blue amount=90~USD on=2026-03-31";
    let both = format!("{RESALE}{SHARE}{}", SWAPPED.replace("\"share\"", "\"back\""));
    for (rows, instruments) in [
        (&[sold][..], format!("{RESALE}{SHARE}")),
        (&[own], format!("{RESALE}{SWAPPED}")),
        (&[own, sold], format!("{RESALE}{SWAPPED}")),
        (&[sold], both.clone()),
        (&[own], both),
        (&[], format!("{RESALE}{SWAPPED}")),
        (
            &[sold, "price product=lab since=2026-01-01 input=1~USD output=4~USD"],
            format!("{RESALE}{SWAPPED}"),
        ),
    ] {
        assert_eq!(warned(rows, &instruments), "", "{rows:?} under {instruments}");
    }
    check(
        &[sold],
        &format!("{RESALE}{SWAPPED}"),
        expect![[r#"
        swapped: cloud, and [[revenue]]
          the only revenue that `share` could be on is of `cloud`, who receives it
          `from` owes and `to` is owed: if `cloud` owes it, write from = "cloud" and to = "lab"
    "#]],
    );
}

#[test]
fn a_share_whose_payer_can_sell_nothing_of_it_is_warned_of() {
    let share = |from: &str, to: &str, of: &str| {
        format!(
            "--- share.toml\ninstrument = \"share\"\nparties = [\"lab\", \"acme\"]\nsigned = 2026-01-01\n[[share]]\n\
             id = \"share\"\nfrom = \"{from}\"\nto = \"{to}\"\nrate = \"20%\"\nof = {{ {of} }}\nevery = \"year\"\n"
        )
    };
    let of_api = "products = [\"lab/api\"]";
    assert_eq!(warned(&[], &share("lab", "acme", of_api)), "");
    check(
        &[],
        &share("acme", "lab", of_api),
        expect![[r#"
        idle-share: acme
          no revenue can count toward `share`: `acme` neither owns what it is on nor holds a grant of it
          `from` owes and `to` is owed: if `lab` owes it, swap the two; else write the [[grant]] to `acme`
    "#]],
    );
    check(
        &[],
        &share("lab", "acme", "products = [\"cloud/compute\"]"),
        expect![[r#"
        idle-share: lab
          no revenue can count toward `share`: `lab` neither owns what it is on nor holds a grant of it
          write the [[grant]] by which `lab` sells, or look at `of`
    "#]],
    );
}

#[test]
fn prices_in_units_that_are_never_compared_are_warned_of() {
    let parity = r#"
        --- parity.toml
        instrument = "parity"
        parties = ["lab", "acme"]
        signed = 2025-12-01
        [[parity]]
        id = "best"
        from = "lab"
        to = "acme"
        of = { products = ["lab/seats"] }
        every = "quarter"
    "#;
    let sale = |customer: &str, unit: &str, day: &str| {
        format!(
            "revenue product=lab/seats channel=own customer={customer} quantity=3~{unit} amount=9~USD on=2026-01-{day}"
        )
    };
    let sales = |all: &[(&str, &str)]| -> Vec<String> {
        all.iter().enumerate().map(|(at, (who, unit))| sale(who, unit, &format!("{:02}", at + 1))).collect()
    };
    let told = |all: &[(&str, &str)]| {
        let rows = sales(all);
        warned(&rows.iter().map(String::as_str).collect::<Vec<_>>(), parity)
    };
    for silent in [
        &[("acme", "seats"), ("umbrella", "seats")][..],
        &[("acme", "seats"), ("umbrella", "seats"), ("umbrella", "calls")],
        &[("acme", "seats"), ("acme/west", "calls")],
        &[("umbrella", "seats"), ("globex", "calls")],
    ] {
        assert_eq!(told(silent), "", "{silent:?}");
    }
    expect![[r#"
        units: 3 seats, and quantity = "3 users"
          `best` compares this with nothing: `lab/seats` is sold to `acme` in `seats`, and to others in `seat`, `users`
          write the unit alike in all rows that are to be compared; what is sold in two units can be two products
    "#]].assert_eq(&told(&[("acme", "seats"), ("umbrella", "seat"), ("globex", "users")]));
    expect![[r#"
        units: 3 seat, and quantity = "3 seats"
          `best` leaves this out: `lab/seats` is sold to `globex` in `seat`, and to `acme` in `seats`
          write the unit alike in all rows that are to be compared; what is sold in two units can be two products
    "#]].assert_eq(&told(&[("acme", "seats"), ("umbrella", "seats"), ("globex", "seat")]));
}

#[test]
fn names_that_differ_by_case_alone_are_warned_of() {
    check(
        &[
            "revenue product=lab/api channel=own customer=umbrella/west amount=1~USD on=2026-01-01",
            "revenue product=lab/api channel=own customer=Umbrella/west amount=1~USD on=2026-01-02",
            "revenue product=lab/api channel=own customer=Umbrella/west amount=1~USD on=2026-01-03",
            "revenue product=lab/api channel=own customer=Acme amount=1~USD on=2026-01-04",
            "product id=Lab/chat owner=lab",
            "party id=Cloud",
        ],
        &format!("{RESALE}{}", RESALE.replace("resale", "Resale")),
        expect![[r#"
            two-spellings: Umbrella/west, and customer = "umbrella/west"
              customer `Umbrella` is not `umbrella`: case tells names apart
              write both alike, or give them names that differ by more than case
            two-spellings: Acme, and id = "acme"
              customer `Acme` is not `acme`: case tells names apart
              write both alike, or give them names that differ by more than case
            two-spellings: Lab/chat, and id = "lab/api"
              product `Lab` is not `lab`: case tells names apart
              write both alike, or give them names that differ by more than case
            two-spellings: Cloud, and id = "cloud"
              party `Cloud` is not `cloud`: case tells names apart
              write both alike, or give them names that differ by more than case
            two-spellings: resale, and instrument = "Resale"
              instrument `resale` is not `Resale`: case tells names apart
              write both alike, or give them names that differ by more than case
            two-spellings: resale, and id = "Resale"
              clause `resale` is not `Resale`: case tells names apart
              write both alike, or give them names that differ by more than case
        "#]],
    );
}

#[test]
fn a_day_decades_from_all_others_is_warned_of() {
    let far = [
        "revenue product=lab/api channel=own amount=1~USD on=2206-01-31 recorded=2206-02-03",
        "revenue product=lab/api channel=own amount=2~USD on=1926-01-31 recorded=2026-02-03",
        "revenue product=lab/api channel=own amount=3~USD on=2026-01-31",
        "rate from=EUR to=USD value=1.1 on=2047-01-31",
    ];
    let long = RESALE.replace("channels =", "until = 2099-01-01\nchannels =");
    check(
        &far,
        RESALE,
        expect![[r#"
        far-day: 2206-01-31, and on = 2047-01-31
          2206-01-31 lies 159 years after everything else in this book
          look at the year: most likely one of its digits is wrong
        far-day: 1926-01-31, and signed = 2025-12-01
          1926-01-31 lies 99 years before everything else in this book
          look at the year: most likely one of its digits is wrong
    "#]],
    );
    assert_eq!(warned(&["revenue product=lab/api channel=own amount=3~USD on=2026-01-31"], &long), "");
}

#[test]
fn a_stage_outside_the_days_of_its_commitment_is_warned_of() {
    let commit = |since: &str, until: &str| {
        format!(
            "--- commit.toml\ninstrument = \"commit\"\nparties = [\"lab\", \"cloud\"]\nsigned = 2026-01-01\n[[commit]]\n\
             id = \"spend\"\nfrom = \"lab\"\nto = \"cloud\"\nuntil = 2028-01-01\n\
             schedule = [{{ since = {since}, until = {until}, amount = \"1_000 USD\" }}]\n"
        )
    };
    assert_eq!(warned(&[], &commit("2026-01-01", "2028-01-01")), "");
    for (since, until) in [("2025-01-01", "2026-01-01"), ("2028-01-01", "2029-01-01")] {
        assert!(warned(&[], &commit(since, until)).contains("as it stands nothing is to be bought in it"));
    }
    check(
        &[],
        &commit("2025-10-01", "2028-04-01"),
        expect![[r#"
            outside-term: 2025-10-01
              this stage begins before its clause does, on 2026-01-01
              as it stands all of it is to be bought from that day on: let it begin then, or the clause before: since = 2025-10-01
            outside-term: 2028-04-01
              this stage ends after its clause does, on 2028-01-01
              as it stands it lapses, and no shortfall of it is owed: let it end then, or the clause later: until = 2028-04-01
        "#]],
    );
}

#[test]
fn more_decimals_than_the_currency_has_are_warned_of() {
    let of = |amount: &str| format!("revenue product=lab/api channel=own amount={amount} on=2026-01-31");
    let rows = ["1_250.50~USD", "1.250~KWD", "100~JPY", "12.5~EUR"].map(of);
    assert_eq!(warned(&rows.each_ref().map(String::as_str), ""), "");
    let rows = ["1.250~EUR", "10.5~JPY", "0.0005~USD"].map(of);
    check(
        &rows.each_ref().map(String::as_str),
        "",
        expect![[r#"
            decimals: 1.250 EUR
              `1.250 EUR` has more decimals than its currency: EUR has 2
              if the point sets thousands apart, write "1_250 EUR"; amounts are added up as written, and rounded when they fall due
            decimals: 10.5 JPY
              `10.5 JPY` has more decimals than its currency: JPY has 0
              write no more; amounts are added up as written, and rounded when they fall due
            decimals: 0.0005 USD
              `0.0005 USD` has more decimals than its currency: USD has 2
              write no more; amounts are added up as written, and rounded when they fall due
        "#]],
    );
}

#[test]
fn a_bill_for_calls_that_are_counted_by_what_they_cost_counts_them_again() {
    let cost = "cost channel=blue product=lab since=2026-03-01 input=1~USD output=4~USD";
    let bill = |more: &str| format!("purchase channel=blue amount=5~USD {more}");
    // Before the cost, of something else, and of nobody knows what.
    let others = ["on=2026-02-01 product=lab/api", "on=2026-03-02 product=cloud/compute", "on=2026-03-03"];
    let mut rows = vec![cost.to_owned(), bill("on=2026-04-01 product=lab/api")];
    rows.extend(others.iter().map(|more| bill(more)));
    // What is given back, and bills from when on calls are not counted.
    rows.push("purchase channel=blue amount=-5~USD on=2026-04-02 product=lab/api".to_owned());
    rows.push("cost channel=blue product=lab since=2026-07-01 input=0~USD output=0~USD".to_owned());
    rows.push(bill("on=2026-08-31 product=lab/api"));
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    check(
        &rows,
        "",
        expect![[r#"
            counted-twice: [[purchase]], and [[cost]]
              calls of `lab` through `blue` are counted by what they cost from 2026-03-01 on, and this purchase counts them again
              take one of them out: the purchase where it is the bill for these calls, or the cost where bills are entered
        "#]],
    );
}

//! What is owed, from a store: lines are read beside a server and are never all in memory.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abide_agreement::{Book, Source, load};
use abide_engine::{Books, Progress};
use abide_ledger::export::Format;
use abide_ledger::statement::Sight;
use abide_ledger::{Detail, Period};
use abide_model::Time;
use abide_model::id::{CallNo, RunId, SessionId};
use abide_model::line::UsageLine;
use abide_model::money::Amount;
use abide_model::usage::{Measure, Tokens, Usage};
use abide_store::{Append, Line, NewSession, Options, Store};
use expect_test::expect;
use std::path::Path;

const BOOK: &str = r#"
book = "small"
self = "lab"
zone = "America/Los_Angeles"
[[party]]
id = "lab"
[[channel]]
id = "own"
operator = "lab"
[[product]]
id = "lab/api"
owner = "lab"
[[revenue]]
product = "lab/api"
channel = "own"
amount = "5 USD"
on = 2026-03-02
"#;

fn book() -> Book {
    let files = [Source { path: "book.toml".to_owned(), text: BOOK.to_owned() }];
    load(&files).unwrap()
}

/// Posts a line of six tenths of a cent for each instant, in this order.
async fn post(folder: &Path, instants: &[&str]) {
    let calls: Vec<_> = instants.iter().map(|at| (*at, "acme", "own", 1)).collect();
    post_calls(folder, &calls).await;
}

/// Posts a line for each instant, customer, channel and number of input tokens, in this order.
async fn post_calls(folder: &Path, calls: &[(&str, &str, &str, u64)]) {
    let store = Store::open(folder, Options::default()).unwrap().store;
    for (n, (at, customer, channel, input)) in (1u32..).zip(calls) {
        let at: Time = at.parse().unwrap();
        let line = UsageLine {
            at,
            run: RunId { session: SessionId(u128::from(n)), n: 1 },
            call: CallNo(n),
            key: "ci".to_owned(),
            customer: customer.parse().unwrap(),
            model: "gpt".parse().unwrap(),
            cloud: "east".parse().unwrap(),
            product: "lab/api".parse().unwrap(),
            channel: channel.parse().unwrap(),
            usage: Usage {
                tokens: Tokens { input: *input, ..Tokens::default() },
                measure: Measure::Reported,
            },
            charge: Some(Amount::parse("0.006 USD").unwrap()),
            duties: vec![],
        };
        let body = abide_ledger::record::encode(&line);
        let append = Append {
            session: SessionId(u128::from(n)),
            expect: 0,
            records: vec![vec![0]],
            open: false,
            durable: true,
            at_ms: at.as_millisecond(),
            lines: vec![Line { at_ms: at.as_millisecond(), body }],
            blobs: vec![],
            snapshot: None,
            first: Some(NewSession { owner: "acme".to_owned(), named: false }),
        };
        store.append(append).await.unwrap();
    }
    store.close();
}

/// Each transaction of the export, `date kind`, and how far it said it was.
fn exported(folder: &Path, until: &str) -> (Vec<String>, Vec<Progress>) {
    let (mut out, mut told) = (Vec::new(), Vec::new());
    let book = book();
    let books = Books::open(folder, &book).unwrap();
    let form = (Format::Csv, Detail::Call);
    books.export(form, until.parse().unwrap(), &mut out, |progress| told.push(progress)).unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut shown: Vec<String> =
        text.lines().skip(1).map(|row| row.split(',').take(3).collect::<Vec<_>>().join(" ")).collect();
    shown.dedup();
    (shown, told)
}

#[tokio::test]
async fn calls_leave_day_by_day_whatever_order_they_were_posted_in() {
    let folder = tempfile::tempdir().unwrap();
    // A day begins at eight in the morning, Greenwich time.
    let instants = [
        "2026-03-03T07:59:59.999Z",
        "2026-03-03T08:00:00Z",
        "2026-03-01T12:00:00Z",
        "2026-03-02T12:00:00Z",
        "2026-03-05T12:00:00Z",
    ];
    post(folder.path(), &instants).await;
    let (transactions, told) = exported(folder.path(), "2026-03-04T00:00Z");
    let expected = [
        "1 2026-03-01 call",
        "2 2026-03-02 call",
        "3 2026-03-02 call",
        "4 2026-03-02 revenue",
        "5 2026-03-03 call",
    ];
    assert_eq!(transactions, expected);
    assert_eq!(told.last(), Some(&Progress::Written(4, 4)), "the fifth comes later than asked");
}

#[tokio::test]
async fn what_customers_are_billed_is_what_the_statement_says_to_the_cent() {
    let folder = tempfile::tempdir().unwrap();
    let hours: Vec<String> =
        (0..40).map(|n| format!("2026-0{}-1{}T1{}:00Z", 1 + n % 3, n % 7, n % 10)).collect();
    post(folder.path(), &hours.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let book = book();
    let mut books = Books::open(folder.path(), &book).unwrap();
    let now = "2026-05-01T00:00Z".parse().unwrap();
    let mut billed = 0;
    for period in ["2026-01", "2026-02", "2026-03", "2026-Q1"] {
        let period = Period::parse(period).unwrap();
        let drawn = books.statement(("lab".parse().unwrap(), Sight::Own), period, now).unwrap();
        let bill = books.bill("acme".parse().unwrap(), period, now).unwrap().unwrap();
        let [account] = drawn.customers.as_slice() else { panic!("{:?}", drawn.customers) };
        assert_eq!(bill.totals.values().copied().collect::<Vec<_>>(), [account.billed], "{period}");
        let lines = bill.accounts.iter().flat_map(|account| &account.lines);
        assert_eq!(lines.map(|line| line.minor).sum::<i128>(), account.billed, "{period}");
        billed += if period.to_string().contains('Q') { -account.billed } else { account.billed };
    }
    assert_eq!(billed, 0, "three months are billed what their quarter is: 0.006 USD forty times");
    let nobody = books.bill("acm".parse().unwrap(), Period::parse("2026-Q1").unwrap(), now).unwrap();
    assert_eq!(nobody, Err(vec!["acme".parse().unwrap()]));
}

/// What calls cost the lab through the red cloud, to which it has committed, as `acme` has to the lab.
const SPENT: &str = r#"
[[party]]
id = "acme"
[[party]]
id = "red"
[[channel]]
id = "red-cloud"
operator = "red"
[[cost]]
channel = "red-cloud"
product = "lab"
since = 2026-02-01
recorded = 2026-03-10
input = "2 EUR"
output = "8 EUR"
[[rate]]
from = "EUR"
to = "USD"
value = "1.25"
on = 2026-01-01
[[purchase]]
from = "red"
amount = "10 USD"
on = 2026-03-04
"#;

const COMMITS: [(&str, &str); 2] = [
    (
        "lab-red",
        "[[commit]]\nid = \"spend\"\nfrom = \"lab\"\nto = \"red\"\nshortfall = \"100%\"\n\
         schedule = [{ since = 2026-01-01, until = 2026-04-01, amount = \"20 USD\" }]\n",
    ),
    (
        "acme-lab",
        "[[commit]]\nid = \"volume\"\nfrom = \"acme\"\nto = \"lab\"\nshortfall = \"100%\"\n\
         schedule = [{ since = 2026-01-01, until = 2026-04-01, amount = \"1 USD\" }]\n",
    ),
];

fn committed() -> Book {
    let mut files = vec![Source { path: "book.toml".to_owned(), text: format!("{BOOK}{SPENT}") }];
    for (name, clause) in COMMITS {
        let parties = name.replace('-', "\", \"");
        let text =
            format!("instrument = \"{name}\"\nparties = [\"{parties}\"]\nsigned = 2026-01-01\n{clause}");
        files.push(Source { path: format!("{name}.toml"), text });
    }
    load(&files).unwrap()
}

/// A store with calls through both channels.
async fn called() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let calls = [
        ("2026-01-15T12:00Z", "acme/west", "own", 1_000_000),
        // Before there was a cost, and charged to nobody who committed.
        ("2026-01-20T12:00Z", "other", "red-cloud", 1_000_000),
        ("2026-03-02T12:00Z", "other", "red-cloud", 1_000_000),
        ("2026-03-02T18:00Z", "acme", "red-cloud", 3_000_000),
    ];
    post_calls(folder.path(), &calls).await;
    folder
}

/// What a statement for the first quarter says from its purchases or commitments on.
fn drawn(folder: &Path, party: &str, now: &str) -> String {
    let book = committed();
    let (period, who) = (Period::parse("2026-Q1").unwrap(), (party.parse().unwrap(), Sight::Own));
    let drawn = Books::open(folder, &book).unwrap().statement(who, period, now.parse().unwrap()).unwrap();
    let before = |line: &&str| !["Bought", "Commit"].iter().any(|title| line.starts_with(title));
    drawn.render_table().lines().skip_while(before).map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn metered_calls_draw_down_what_their_customer_and_what_their_caller_committed_to() {
    let folder = called().await;
    expect![[r#"
        Bought
          by   from      calls  estimated  tokens in  tokens out        for
          lab  red           2          0  4,000,000           0   8.00 EUR
          lab  red   1 entered          0          0           0  10.00 USD

        Metered usage by customer, as it is invoiced
          other      0.01 USD
          acme       0.01 USD
          acme/west  0.01 USD

        Commit volume
          acme buys at least so much from lab
          2026-01-01 to 2026-03-31
            committed     1.00  USD
            to be bought  1.00  USD
            bought        0.012 USD
            short         0.988 USD
            due to lab    0.99  USD

        Commit spend
          lab buys at least so much from red
          2026-01-01 to 2026-03-31
            committed     20.00 USD
            to be bought  20.00 USD
            bought        20.00 USD
            due to red     0.00 USD

        Converted at
          1 EUR = 1.25 USD, from 2026-01-01 on

        Due
          to lab: 0.99 USD
          by lab: 0.00 USD
    "#]]
    .assert_eq(&drawn(folder.path(), "lab", "2026-05-01T00:00Z"));
}

#[tokio::test]
async fn a_cost_draws_nothing_down_before_it_is_known() {
    let folder = called().await;
    expect![[r#"
        Bought
          by   from  rows        for
          lab  red      1  10.00 USD

        Commit spend
          lab buys at least so much from red
          2026-01-01 to 2026-03-31, still open
            committed           20.00 USD
            to be bought        20.00 USD
            bought              10.00 USD
            still to be bought  10.00 USD

        Due
          nothing
    "#]]
    .assert_eq(&drawn(folder.path(), "red", "2026-03-05T00:00Z"));
}

#[tokio::test]
async fn a_call_through_a_channel_with_a_cost_is_a_sale_and_a_purchase() {
    let folder = called().await;
    let (book, now) = (committed(), "2026-05-01T00:00Z".parse().unwrap());
    let (period, lab) = (Period::parse("2026-Q1").unwrap(), ("lab".parse().unwrap(), Sight::Own));
    let mut lines = String::new();
    let mut books = Books::open(folder.path(), &book).unwrap();
    let told = books.lines(lab, period, now, |behind| {
        lines += &behind.text();
        Ok(())
    });
    told.unwrap();
    expect![[r#"
        2026-03-02            5.00 USD  lab/api through own  -    book.toml:13
        2026-03-04           10.00 USD  bought from red  lab  spend  book.toml:38
        2026-01-15           0.006 USD  lab/api through own  acme/west  volume  resp_0000000000000000000000000000000100000001 call 1
        2026-01-20           0.006 USD  lab/api through red-cloud  other    resp_0000000000000000000000000000000200000001 call 2
        2026-03-02           0.006 USD  lab/api through red-cloud  other    resp_0000000000000000000000000000000300000001 call 3
        2026-03-02            2.00 EUR  bought from red: lab/api through red-cloud  lab  spend  resp_0000000000000000000000000000000300000001 call 3
        2026-03-02           0.006 USD  lab/api through red-cloud  acme  volume  resp_0000000000000000000000000000000400000001 call 4
        2026-03-02            6.00 EUR  bought from red: lab/api through red-cloud  lab  spend  resp_0000000000000000000000000000000400000001 call 4
    "#]]
    .assert_eq(&lines);
    let (mut out, form) = (Vec::new(), (Format::Hledger, Detail::Call));
    books.export(form, now, &mut out, |_| ()).unwrap();
    let text = String::from_utf8(out).unwrap();
    let bought = text.split("\n\n").filter(|one| one.contains("kind:cost") || one.contains("kind:purchase"));
    expect![[r#"
        2026-03-02 * red | usage, as metered
            ; kind:cost
            Expenses:Usage:Lab:Api:Red-cloud  8.00 EUR  ; calls:2, estimated-calls:0, input-tokens:4000000, output-tokens:0
            Liabilities:Uninvoiced:Red  -8.00 EUR
        2026-03-04 * red | entered purchase
            ; kind:purchase, entered:book.toml:38
            Expenses:Purchases:Red  10.00 USD
            Liabilities:Payable:Red  -10.00 USD"#]]
    .assert_eq(&bought.collect::<Vec<_>>().join("\n"));
}

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

/// Posts a line of a cent for each instant, in this order.
async fn post(folder: &Path, instants: &[&str]) {
    let store = Store::open(folder, Options::default()).unwrap().store;
    for (n, at) in (1u32..).zip(instants) {
        let at: Time = at.parse().unwrap();
        let line = UsageLine {
            at,
            run: RunId { session: SessionId(u128::from(n)), n: 1 },
            call: CallNo(n),
            key: "ci".to_owned(),
            customer: "acme".parse().unwrap(),
            model: "gpt".parse().unwrap(),
            cloud: "east".parse().unwrap(),
            product: "lab/api".parse().unwrap(),
            channel: "own".parse().unwrap(),
            usage: Usage { tokens: Tokens { input: 1, ..Tokens::default() }, measure: Measure::Reported },
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

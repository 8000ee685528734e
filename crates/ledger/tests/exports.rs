//! The book in every form it leaves in, as its readers see it, and the laws a book keeps.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it is wrong")]

mod rows;

use abide_ledger::account::Account;
use abide_ledger::bill;
use abide_ledger::book::{Draft, Scope};
use abide_ledger::closing::Closings;
use abide_ledger::export::Format;
use abide_ledger::export::invoice::Side;
use abide_ledger::export::usage::Invoice;
use abide_ledger::{Book, Detail, statement};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact, PICO};
use abide_model::name::{Clause, Party, Product};
use abide_model::terms::{Firm, Price, Share, Terms, YearBegins};
use expect_test::{ExpectFile, expect, expect_file};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CALLS: &str = "
    2026-03-31T12:00Z acme openai/api azure 1200/300 0.00485 USD
    2026-03-31T13:00Z acme openai/api azure 1200/300~ 0.00485 USD
    2026-03-31T14:00Z acme openai/frontier aws 900/100 20.155 USD
    2026-04-10T12:00Z user:ann@example.com openai/api azure 1200/300 1.5 EUR
    2026-04-11T12:00Z acme openai/api azure 70/7 free
    2026-07-10T12:00Z acme openai/api azure 1200/300 500 JPY
";

fn book(own: &str, until: &str, detail: Detail, share: Share, lines: &[UsageLine]) -> Book {
    let scope = Scope {
        own: Party::parse(own).unwrap(),
        zone: TimeZone::get("America/Los_Angeles").unwrap(),
        begins: YearBegins::JANUARY,
        until: until.parse().unwrap(),
        detail,
        terms: Terms { shares: vec![share], ..Terms::default() },
        closings: Closings::default(),
    };
    let mut draft = Draft::new(scope);
    lines.iter().for_each(|line| draft.add(line, covers));
    draft.finish().unwrap()
}

fn covers(_: &Clause, line: &UsageLine) -> bool {
    Product::parse("openai").unwrap().covers(&line.product)
}

fn check(format: &str, own: &str, detail: Detail, cap: &str, expected: ExpectFile) {
    let share = rows::share("20%", cap).unwrap();
    let book = book(own, "2026-07-20T00:00Z", detail, share, &rows::lines(CALLS).unwrap());
    expected.assert_eq(&visible(
        &Format::parse(format).unwrap().text(&book, rows::lines(CALLS).unwrap()).unwrap(),
    ));
}

/// Carriage returns as a sign: a source file cannot hold them.
fn visible(text: &str) -> String {
    text.replace('\r', "␍")
}

#[test]
fn beancount_opens_accounts_books_by_day_and_asserts_balances() {
    check("beancount", "openai", Detail::Day, "none", expect_file!["../testdata/exports/by-day.beancount"]);
}

#[test]
fn beancount_books_by_call_when_asked() {
    check("beancount", "openai", Detail::Call, "none", expect_file!["../testdata/exports/by-call.beancount"]);
}

#[test]
fn hledger_declares_what_it_uses_and_asserts_balances() {
    check("hledger", "openai", Detail::Day, "unknown", expect_file!["../testdata/exports/by-day.hledger"]);
}

#[test]
fn a_payee_books_the_share_as_income() {
    check("hledger", "microsoft", Detail::Day, "none", expect_file!["../testdata/exports/payee.hledger"]);
}

#[test]
fn csv_has_a_row_for_each_posting_and_for_calls_without_a_price() {
    check("csv", "openai", Detail::Day, "none", expect_file!["../testdata/exports/by-day.csv"]);
}

#[test]
fn json_lines_have_an_object_for_each_transaction() {
    check("jsonl", "openai", Detail::Call, "unknown", expect_file!["../testdata/exports/by-call.jsonl"]);
}

#[test]
fn an_empty_book_is_still_a_valid_file() {
    let share = rows::share("20%", "none").unwrap();
    let book = book("openai", "2026-07-20T00:00Z", Detail::Day, share, &[]);
    expect![[r#"
        ;; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
        ;; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
        ;; Marked `!`: not final, for the period is open or a term is not known.

        option "title" "The book of openai"
        option "tolerance_multiplier" "0"
        ----
        ; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
        ; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
        ; Marked `!`: not final, for the period is open or a term is not known.

        decimal-mark .
        payee abide
        ----
        transaction,date,kind,final,payee,account,amount,currency,calls,estimated-calls,input-tokens,output-tokens,customer,product,channel,party,clause,period,base,least,at,run,call,key,model,cloud,entered␍
        ----
    "#]].assert_eq(&Format::ALL.map(|format| visible(&format.text(&book, Vec::<UsageLine>::new()).unwrap())).join("----\n"));
}

#[test]
fn text_from_outside_cannot_break_out_of_its_place() {
    let mut lines = rows::lines("2026-03-31T12:00Z acme openai/api azure 1/1 1 USD").unwrap();
    lines[0].key = "a \"b\" \\ c, d\n2026-01-01 open Assets:Stolen".to_owned();
    let share = rows::share("20%", "none").unwrap();
    let book = book("openai", "2026-07-20T00:00Z", Detail::Call, share, &lines);
    let shown = Format::ALL.map(|format| {
        let text = format.text(&book, &lines).unwrap();
        let rows: Vec<&str> = text.lines().filter(|row| row.contains("Stolen")).collect();
        rows.join("\n")
    });
    expect![[r#"
          key: "a \"b\" \\ c, d\\u{a}2026-01-01 open Assets:Stolen"
            ; kind:call, at:2026-03-31T12:00:00Z, run:resp_0000000000000000000000000000abcd00000001, call:1, key:a "b" \ c  d 2026-01-01 open Assets:Stolen, model:gpt, cloud:east
        2026-01-01 open Assets:Stolen",gpt,east,
        2026-01-01 open Assets:Stolen",gpt,east,
        {"kind":"call","date":"2026-03-31","final":true,"payee":"acme","at":"2026-03-31T12:00:00Z","call":1,"cloud":"east","key":"a \"b\" \\ c, d\n2026-01-01 open Assets:Stolen","model":"gpt","run":"resp_0000000000000000000000000000abcd00000001","postings":[{"account":"Assets:Receivable:Customers:Acme","amount":"1.00","currency":"USD","customer":"acme"},{"account":"Income:Usage:Openai:Api:Azure","amount":"-1.00","currency":"USD","channel":"azure","product":"openai/api","calls":1,"estimated_calls":0,"input_tokens":1,"output_tokens":1}]}"#]].assert_eq(&shown.join("\n"));
}

fn some_lines() -> impl Strategy<Value = Vec<UsageLine>> {
    let line = (0i64..31_536_000, 0usize..3, 0usize..3, 0i128..100 * PICO, 0usize..4);
    prop::collection::vec(line, 0..60).prop_map(|drawn| {
        let mut lines =
            rows::lines(&"2026-01-01T08:00Z acme openai/api azure 12/3 free\n".repeat(drawn.len())).unwrap();
        for (line, (second, product, customer, pico, currency)) in lines.iter_mut().zip(drawn) {
            line.at += jiff::SignedDuration::from_secs(second);
            line.product = Product::parse(["openai", "openai/azure", "mistral/large"][product]).unwrap();
            line.customer = ["acme", "acme/west", "umbrella"][customer].parse().unwrap();
            let currency = ["USD", "JPY", "KWD"].get(currency).map(|code| Currency::parse(code).unwrap());
            line.charge = currency.map(|currency| Amount { pico, currency });
        }
        lines
    })
}

/// Exact charges of `lines`, by what `key` says of them.
fn charged<K: Ord>(lines: &[UsageLine], key: impl Fn(&UsageLine) -> K) -> BTreeMap<(K, Currency), Exact> {
    let mut sums: BTreeMap<_, Exact> = BTreeMap::new();
    for line in lines {
        if let Some(charge) = line.charge {
            *sums.entry((key(line), charge.currency)).or_default() += &charge.exact();
        }
    }
    sums
}

proptest! {
    #[test]
    fn income_is_the_sum_of_the_calls_and_receivables_are_that_sum_rounded(
        lines in some_lines(), by_call in any::<bool>(),
    ) {
        let detail = if by_call { Detail::Call } else { Detail::Day };
        let book = book("openai", "2027-01-01T08:00Z", detail, rows::share("20%", "50 USD").unwrap(), &lines);
        let balance = |account, currency| {
            book.balances.get(&(account, currency)).map_or(Exact::zero(), Amount::exact)
        };
        for ((customer, currency), used) in charged(&lines, |line| line.customer.clone()) {
            let receivable = balance(Account::Receivable(customer.clone()), currency);
            prop_assert_eq!(receivable.to_minor(currency), used.to_minor(currency));
            prop_assert_eq!(receivable + balance(Account::Unbilled(customer), currency), used);
        }
        for (((product, channel), currency), used) in charged(&lines, |line| (line.product.clone(), line.channel.clone())) {
            prop_assert_eq!(-balance(Account::Usage(product, channel), currency), used);
        }
    }

    #[test]
    fn the_book_owes_what_the_statements_say_is_due_and_accrued(
        lines in some_lines(), cap in prop::sample::select(vec!["none", "unknown", "150.005 USD"]),
    ) {
        let until = "2026-11-15T08:00Z";
        let share = rows::share("12.3%", cap).unwrap();
        let drawn = statement::Scope {
            party: "microsoft".parse().unwrap(),
            own: "openai".parse().unwrap(),
            sight: statement::Sight::Own,
            names: BTreeMap::new(),
            period: "2026".parse().unwrap(),
            zone: TimeZone::get("America/Los_Angeles").unwrap(),
            begins: YearBegins::JANUARY,
            at: until.parse().unwrap(),
            terms: Terms { shares: vec![share.clone()], ..Terms::default() },
            closings: Closings::default(),
        };
        let drawn = statement::statement(drawn, &lines, covers).unwrap();
        let book = book("openai", until, Detail::Day, share, &lines);
        let owed = |account, currency| {
            book.balances.get(&(account, currency)).map_or(Some(0), |owed| (-owed.exact()).to_minor(currency))
        };
        for due in drawn.due {
            prop_assert_eq!(owed(Account::Payable(drawn.party.clone()), due.currency), Some(due.to_party.high));
            let accrued = owed(Account::ShareAccruedOut(drawn.party.clone()), due.currency);
            prop_assert_eq!(accrued, Some(due.accrued_to_party.high));
        }
    }

    #[test]
    fn debits_equal_credits_on_every_day(lines in some_lines()) {
        let book = book("openai", "2027-01-01T08:00Z", Detail::Day, rows::share("33.3%", "none").unwrap(), &lines);
        let mut sums: BTreeMap<_, i128> = BTreeMap::new();
        for transaction in &book.transactions {
            for posting in transaction.postings() {
                *sums.entry((transaction.date(), posting.amount.currency)).or_default() += posting.amount.pico;
            }
        }
        prop_assert!(sums.values().all(|sum| *sum == 0));
    }

    #[test]
    fn single_calls_add_up_to_the_balances_of_their_book(mut lines in some_lines()) {
        lines.sort_by_key(|line| line.at);
        let share = rows::share("20%", "50 USD").unwrap();
        let book = book("openai", "2026-11-15T00:00Z", Detail::Call, share, &lines);
        let text = Format::JsonLines.text(&book, &lines).unwrap();
        let mut sums: BTreeMap<(String, String), Exact> = BTreeMap::new();
        for entry in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
            for posting in entry["postings"].as_array().into_iter().flatten() {
                let word = |key: &str| posting[key].as_str().unwrap().to_owned();
                *sums.entry((word("account"), word("currency"))).or_default() += &Exact::parse(&word("amount")).unwrap();
            }
        }
        for ((account, currency), balance) in &book.balances {
            let sum = sums.remove(&(account.name(), currency.to_string())).unwrap_or_default();
            prop_assert_eq!(sum, balance.exact(), "{}", account.name());
        }
        prop_assert!(sums.is_empty(), "{sums:?}");
    }

    #[test]
    fn the_order_of_lines_does_not_change_the_book(
        (lines, shuffled) in some_lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
        by_call in any::<bool>(),
    ) {
        let detail = if by_call { Detail::Call } else { Detail::Day };
        let draw = |lines: &[UsageLine]| {
            book("openai", "2026-11-15T00:00Z", detail, rows::share("20%", "unknown").unwrap(), lines)
        };
        prop_assert_eq!(draw(&lines), draw(&shuffled));
    }
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_becomes_text() {
    let mut lines = rows::lines("2026-03-31T12:00Z acme openai/api azure 1/1 1 USD").unwrap();
    lines[0].key = "=HYPERLINK(\"http://example.com\")".to_owned();
    let share = rows::share("20%", "none").unwrap();
    let book = book("openai", "2026-07-20T00:00Z", Detail::Call, share, &lines);
    let text = Format::Csv.text(&book, &lines).unwrap();
    assert!(text.contains("\"'=HYPERLINK(\"\"http://example.com\"\")\""), "{text}");
    assert!(text.contains(",-1.00,USD"), "amounts stay numbers: {text}");
}

/// What tokens of openai cost from an instant on, going out ten dollars a million.
fn price(since: &str, input: &str) -> Price {
    let input = Amount::parse(input).unwrap();
    Price {
        product: Product::parse("openai").unwrap(),
        since: since.parse().unwrap(),
        input,
        cache_read: input,
        cache_write: input,
        output: Amount::parse("10 USD").unwrap(),
    }
}

#[test]
fn an_invoice_to_a_customer_names_what_was_used_at_which_prices() {
    let lines = rows::lines(
        "2026-01-31T12:00Z acme openai/api azure 1000000/1000000 12.5 USD
         2026-02-10T12:00Z acme/west openai/api azure 500000/250000~ 3.004 USD
         2026-02-11T12:00Z acme openai/api azure 1000000/0 2.5 USD
         2026-02-11T13:00Z acme openai/frontier azure 70/7 free
         2026-02-11T13:00Z umbrella openai/api azure 1000000/0 2.5 USD",
    );
    let prices = [price("2025-01-01T00:00Z", "2.5 USD"), price("2026-02-15T00:00Z", "2 USD")];
    let mut draft = bill::Draft::new(bill::Scope {
        customer: "acme".parse().unwrap(),
        period: "2026-02".parse().unwrap(),
        zone: TimeZone::UTC,
        at: "2026-07-01T00:00Z".parse().unwrap(),
    });
    lines.unwrap().iter().for_each(|line| draft.add(line));
    let bill = draft.finish().unwrap();
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    let firm = Firm {
        address: lines(&["1 Quay Street", "Hamburg & Altona"]),
        tax_id: Some("DE123456789".to_owned()),
        pay_to: lines(&["IBAN DE02 1203 0000 0000 2020 51"]),
        pay_within: Some("30d".to_owned()),
    };
    let invoice = Invoice {
        seller: "openai",
        from: Side { name: "OpenAI", firm: Some(&firm) },
        to: Side { name: "R&D of Acme", firm: None },
        pay_by: Some(jiff::civil::date(2026, 7, 31)),
        book: "clouds",
        zone: &TimeZone::UTC,
        prices: &prices,
        bill: &bill,
    };
    let page = invoice.html();
    let body = page.split_once("</style>").unwrap().1;
    expect_file!["../testdata/exports/usage-invoice.html"].assert_eq(body);
}

//! The book in every form it leaves in, as its readers see it, and the laws a book keeps.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it is wrong")]

mod rows;

use abide_ledger::account::Account;
use abide_ledger::book::{Draft, Scope};
use abide_ledger::export::Format;
use abide_ledger::{Book, Detail};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact, PICO};
use abide_model::name::{Party, Product};
use abide_model::terms::Share;
use expect_test::{Expect, expect};
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
        until: until.parse().unwrap(),
        detail,
        shares: vec![share],
    };
    let mut draft = Draft::new(scope);
    lines.iter().for_each(|line| draft.add(line, covers));
    draft.finish().unwrap()
}

fn covers(_: &Share, line: &UsageLine) -> bool {
    Product::parse("openai").unwrap().covers(&line.product)
}

fn check(format: &str, own: &str, detail: Detail, cap: &str, expected: Expect) {
    let share = rows::share("20%", cap).unwrap();
    let book = book(own, "2026-07-20T00:00Z", detail, share, &rows::lines(CALLS).unwrap());
    expected.assert_eq(&Format::parse(format).unwrap().text(&book));
}

#[test]
fn beancount_opens_accounts_books_by_day_and_asserts_balances() {
    check(
        "beancount",
        "openai",
        Detail::Day,
        "none",
        expect![[r#"
            ;; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
            ;; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
            ;; Marked `!`: not final, for the period is open or the cap is not known.
            ;; Not booked, having no price: 1 call of openai/api through azure.

            option "title" "The book of openai"
            option "tolerance_multiplier" "0"
            option "operating_currency" "EUR"
            option "operating_currency" "JPY"
            option "operating_currency" "USD"

            2026-03-31 commodity EUR
              minor-unit-decimals: 2
            2026-03-31 commodity JPY
              minor-unit-decimals: 0
            2026-03-31 commodity USD
              minor-unit-decimals: 2

            2026-03-31 open Assets:Receivable:Customers:Acme JPY,USD
              customer: "acme"
            2026-03-31 open Assets:Receivable:Customers:User---3Aann---40example--com EUR
              customer: "user:ann@example.com"
            2026-03-31 open Assets:Unbilled:Acme USD
              customer: "acme"
            2026-03-31 open Liabilities:Payable:Microsoft EUR,USD
              party: "microsoft"
            2026-03-31 open Liabilities:Accrued:Microsoft JPY
              party: "microsoft"
            2026-03-31 open Income:Usage:Openai:Api:Azure EUR,JPY,USD
              product: "openai/api"
              channel: "azure"
            2026-03-31 open Income:Usage:Openai:Frontier:Aws USD
              product: "openai/frontier"
              channel: "aws"
            2026-03-31 open Expenses:RevenueShare:Apr27--revenue-share EUR,JPY,USD
              clause: "apr27.revenue-share"

            2026-03-31 * "acme" "usage"
              kind: "usage"
              Assets:Receivable:Customers:Acme  20.16 USD
              Assets:Unbilled:Acme  0.0047 USD
              Income:Usage:Openai:Api:Azure  -0.0097 USD
                calls: 2
                estimated-calls: 1
                input-tokens: 2400
                output-tokens: 600
              Income:Usage:Openai:Frontier:Aws  -20.155 USD
                calls: 1
                estimated-calls: 0
                input-tokens: 900
                output-tokens: 100

            2026-03-31 * "microsoft" "apr27.revenue-share for 2026-Q1"
              kind: "due"
              clause: "apr27.revenue-share"
              period: "2026-Q1"
              base: "20.1647"
              Expenses:RevenueShare:Apr27--revenue-share  4.03 USD
              Liabilities:Payable:Microsoft  -4.03 USD

            2026-04-10 * "user:ann@example.com" "usage"
              kind: "usage"
              Assets:Receivable:Customers:User---3Aann---40example--com  1.50 EUR
              Income:Usage:Openai:Api:Azure  -1.50 EUR
                calls: 1
                estimated-calls: 0
                input-tokens: 1200
                output-tokens: 300

            2026-06-30 * "microsoft" "apr27.revenue-share for 2026-Q2"
              kind: "due"
              clause: "apr27.revenue-share"
              period: "2026-Q2"
              base: "1.50"
              Expenses:RevenueShare:Apr27--revenue-share  0.30 EUR
              Liabilities:Payable:Microsoft  -0.30 EUR

            2026-07-10 * "acme" "usage"
              kind: "usage"
              Assets:Receivable:Customers:Acme  500 JPY
              Income:Usage:Openai:Api:Azure  -500 JPY
                calls: 1
                estimated-calls: 0
                input-tokens: 1200
                output-tokens: 300

            2026-07-19 ! "microsoft" "apr27.revenue-share accrued in 2026-Q3, not yet due"
              kind: "accrued"
              clause: "apr27.revenue-share"
              period: "2026-Q3"
              base: "500"
              Expenses:RevenueShare:Apr27--revenue-share  100 JPY
              Liabilities:Accrued:Microsoft  -100 JPY

            2026-07-20 balance Assets:Receivable:Customers:User---3Aann---40example--com  1.50 ~ 0 EUR
            2026-07-20 balance Expenses:RevenueShare:Apr27--revenue-share  0.30 ~ 0 EUR
            2026-07-20 balance Income:Usage:Openai:Api:Azure  -1.50 ~ 0 EUR
            2026-07-20 balance Liabilities:Payable:Microsoft  -0.30 ~ 0 EUR
            2026-07-20 balance Assets:Receivable:Customers:Acme  500 ~ 0 JPY
            2026-07-20 balance Expenses:RevenueShare:Apr27--revenue-share  100 ~ 0 JPY
            2026-07-20 balance Income:Usage:Openai:Api:Azure  -500 ~ 0 JPY
            2026-07-20 balance Liabilities:Accrued:Microsoft  -100 ~ 0 JPY
            2026-07-20 balance Assets:Receivable:Customers:Acme  20.16 ~ 0 USD
            2026-07-20 balance Assets:Unbilled:Acme  0.0047 ~ 0 USD
            2026-07-20 balance Expenses:RevenueShare:Apr27--revenue-share  4.03 ~ 0 USD
            2026-07-20 balance Income:Usage:Openai:Api:Azure  -0.0097 ~ 0 USD
            2026-07-20 balance Income:Usage:Openai:Frontier:Aws  -20.155 ~ 0 USD
            2026-07-20 balance Liabilities:Payable:Microsoft  -4.03 ~ 0 USD
        "#]],
    );
}

#[test]
fn beancount_books_by_call_when_asked() {
    check(
        "beancount",
        "openai",
        Detail::Call,
        "none",
        expect![[r#"
            ;; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
            ;; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
            ;; Marked `!`: not final, for the period is open or the cap is not known.
            ;; Not booked, having no price: 1 call of openai/api through azure.

            option "title" "The book of openai"
            option "tolerance_multiplier" "0"
            option "operating_currency" "EUR"
            option "operating_currency" "JPY"
            option "operating_currency" "USD"

            2026-03-31 commodity EUR
              minor-unit-decimals: 2
            2026-03-31 commodity JPY
              minor-unit-decimals: 0
            2026-03-31 commodity USD
              minor-unit-decimals: 2

            2026-03-31 open Assets:Receivable:Customers:Acme JPY,USD
              customer: "acme"
            2026-03-31 open Assets:Receivable:Customers:User---3Aann---40example--com EUR
              customer: "user:ann@example.com"
            2026-03-31 open Assets:Unbilled:Acme USD
              customer: "acme"
            2026-03-31 open Liabilities:Payable:Microsoft EUR,USD
              party: "microsoft"
            2026-03-31 open Liabilities:Accrued:Microsoft JPY
              party: "microsoft"
            2026-03-31 open Income:Usage:Openai:Api:Azure EUR,JPY,USD
              product: "openai/api"
              channel: "azure"
            2026-03-31 open Income:Usage:Openai:Frontier:Aws USD
              product: "openai/frontier"
              channel: "aws"
            2026-03-31 open Expenses:RevenueShare:Apr27--revenue-share EUR,JPY,USD
              clause: "apr27.revenue-share"

            2026-03-31 * "acme" "call 1 of conv_0000000000000000000000000000abcd"
              kind: "call"
              at: "2026-03-31T12:00:00Z"
              run: "resp_0000000000000000000000000000abcd00000001"
              call: 1
              key: "ci"
              model: "gpt"
              cloud: "east"
              Assets:Unbilled:Acme  0.00485 USD
              Income:Usage:Openai:Api:Azure  -0.00485 USD
                calls: 1
                estimated-calls: 0
                input-tokens: 1200
                output-tokens: 300

            2026-03-31 * "acme" "call 2 of conv_0000000000000000000000000000abcd"
              kind: "call"
              at: "2026-03-31T13:00:00Z"
              run: "resp_0000000000000000000000000000abcd00000002"
              call: 2
              key: "ci"
              model: "gpt"
              cloud: "east"
              Assets:Receivable:Customers:Acme  0.01 USD
              Assets:Unbilled:Acme  -0.00515 USD
              Income:Usage:Openai:Api:Azure  -0.00485 USD
                calls: 1
                estimated-calls: 1
                input-tokens: 1200
                output-tokens: 300

            2026-03-31 * "acme" "call 3 of conv_0000000000000000000000000000abcd"
              kind: "call"
              at: "2026-03-31T14:00:00Z"
              run: "resp_0000000000000000000000000000abcd00000003"
              call: 3
              key: "ci"
              model: "gpt"
              cloud: "east"
              Assets:Receivable:Customers:Acme  20.15 USD
              Assets:Unbilled:Acme  0.005 USD
              Income:Usage:Openai:Frontier:Aws  -20.155 USD
                calls: 1
                estimated-calls: 0
                input-tokens: 900
                output-tokens: 100

            2026-03-31 * "microsoft" "apr27.revenue-share for 2026-Q1"
              kind: "due"
              clause: "apr27.revenue-share"
              period: "2026-Q1"
              base: "20.1647"
              Expenses:RevenueShare:Apr27--revenue-share  4.03 USD
              Liabilities:Payable:Microsoft  -4.03 USD

            2026-04-10 * "user:ann@example.com" "call 4 of conv_0000000000000000000000000000abcd"
              kind: "call"
              at: "2026-04-10T12:00:00Z"
              run: "resp_0000000000000000000000000000abcd00000004"
              call: 4
              key: "ci"
              model: "gpt"
              cloud: "east"
              Assets:Receivable:Customers:User---3Aann---40example--com  1.50 EUR
              Income:Usage:Openai:Api:Azure  -1.50 EUR
                calls: 1
                estimated-calls: 0
                input-tokens: 1200
                output-tokens: 300

            2026-06-30 * "microsoft" "apr27.revenue-share for 2026-Q2"
              kind: "due"
              clause: "apr27.revenue-share"
              period: "2026-Q2"
              base: "1.50"
              Expenses:RevenueShare:Apr27--revenue-share  0.30 EUR
              Liabilities:Payable:Microsoft  -0.30 EUR

            2026-07-10 * "acme" "call 6 of conv_0000000000000000000000000000abcd"
              kind: "call"
              at: "2026-07-10T12:00:00Z"
              run: "resp_0000000000000000000000000000abcd00000006"
              call: 6
              key: "ci"
              model: "gpt"
              cloud: "east"
              Assets:Receivable:Customers:Acme  500 JPY
              Income:Usage:Openai:Api:Azure  -500 JPY
                calls: 1
                estimated-calls: 0
                input-tokens: 1200
                output-tokens: 300

            2026-07-19 ! "microsoft" "apr27.revenue-share accrued in 2026-Q3, not yet due"
              kind: "accrued"
              clause: "apr27.revenue-share"
              period: "2026-Q3"
              base: "500"
              Expenses:RevenueShare:Apr27--revenue-share  100 JPY
              Liabilities:Accrued:Microsoft  -100 JPY

            2026-07-20 balance Assets:Receivable:Customers:User---3Aann---40example--com  1.50 ~ 0 EUR
            2026-07-20 balance Expenses:RevenueShare:Apr27--revenue-share  0.30 ~ 0 EUR
            2026-07-20 balance Income:Usage:Openai:Api:Azure  -1.50 ~ 0 EUR
            2026-07-20 balance Liabilities:Payable:Microsoft  -0.30 ~ 0 EUR
            2026-07-20 balance Assets:Receivable:Customers:Acme  500 ~ 0 JPY
            2026-07-20 balance Expenses:RevenueShare:Apr27--revenue-share  100 ~ 0 JPY
            2026-07-20 balance Income:Usage:Openai:Api:Azure  -500 ~ 0 JPY
            2026-07-20 balance Liabilities:Accrued:Microsoft  -100 ~ 0 JPY
            2026-07-20 balance Assets:Receivable:Customers:Acme  20.16 ~ 0 USD
            2026-07-20 balance Assets:Unbilled:Acme  0.0047 ~ 0 USD
            2026-07-20 balance Expenses:RevenueShare:Apr27--revenue-share  4.03 ~ 0 USD
            2026-07-20 balance Income:Usage:Openai:Api:Azure  -0.0097 ~ 0 USD
            2026-07-20 balance Income:Usage:Openai:Frontier:Aws  -20.155 ~ 0 USD
            2026-07-20 balance Liabilities:Payable:Microsoft  -4.03 ~ 0 USD
        "#]],
    );
}

#[test]
fn hledger_declares_what_it_uses_and_asserts_balances() {
    check(
        "hledger",
        "openai",
        Detail::Day,
        "unknown",
        expect![[r#"
            ; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
            ; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
            ; Marked `!`: not final, for the period is open or the cap is not known.
            ; Not booked, having no price: 1 call of openai/api through azure.

            decimal-mark .
            commodity 1000.00 EUR
            commodity 1000. JPY
            commodity 1000.00 USD
            payee abide
            payee acme
            payee microsoft
            payee user:ann@example.com
            account Assets:Receivable:Customers:Acme  ; customer:acme
            account Assets:Receivable:Customers:User---3Aann---40example--com  ; customer:user:ann@example.com
            account Assets:Unbilled:Acme  ; customer:acme
            account Liabilities:Payable:Microsoft  ; party:microsoft
            account Liabilities:Accrued:Microsoft  ; party:microsoft
            account Income:Usage:Openai:Api:Azure  ; product:openai/api, channel:azure
            account Income:Usage:Openai:Frontier:Aws  ; product:openai/frontier, channel:aws
            account Expenses:RevenueShare:Apr27--revenue-share  ; clause:apr27.revenue-share

            2026-03-31 * acme | usage
                ; kind:usage
                Assets:Receivable:Customers:Acme  20.16 USD
                Assets:Unbilled:Acme  0.0047 USD
                Income:Usage:Openai:Api:Azure  -0.0097 USD  ; calls:2, estimated-calls:1, input-tokens:2400, output-tokens:600
                Income:Usage:Openai:Frontier:Aws  -20.155 USD  ; calls:1, estimated-calls:0, input-tokens:900, output-tokens:100

            2026-03-31 ! microsoft | apr27.revenue-share for 2026-Q1
                ; kind:due, clause:apr27.revenue-share, period:2026-Q1, base:20.1647, least:0.00
                Expenses:RevenueShare:Apr27--revenue-share  4.03 USD
                Liabilities:Payable:Microsoft  -4.03 USD

            2026-04-10 * user:ann@example.com | usage
                ; kind:usage
                Assets:Receivable:Customers:User---3Aann---40example--com  1.50 EUR
                Income:Usage:Openai:Api:Azure  -1.50 EUR  ; calls:1, estimated-calls:0, input-tokens:1200, output-tokens:300

            2026-06-30 ! microsoft | apr27.revenue-share for 2026-Q2
                ; kind:due, clause:apr27.revenue-share, period:2026-Q2, base:1.50, least:0.00
                Expenses:RevenueShare:Apr27--revenue-share  0.30 EUR
                Liabilities:Payable:Microsoft  -0.30 EUR

            2026-07-10 * acme | usage
                ; kind:usage
                Assets:Receivable:Customers:Acme  500 JPY
                Income:Usage:Openai:Api:Azure  -500 JPY  ; calls:1, estimated-calls:0, input-tokens:1200, output-tokens:300

            2026-07-19 ! microsoft | apr27.revenue-share accrued in 2026-Q3, not yet due
                ; kind:accrued, clause:apr27.revenue-share, period:2026-Q3, base:500, least:0
                Expenses:RevenueShare:Apr27--revenue-share  100 JPY
                Liabilities:Accrued:Microsoft  -100 JPY

            2026-07-19 * abide | balances
                Assets:Receivable:Customers:Acme  0 JPY = 500 JPY
                Assets:Receivable:Customers:Acme  0 USD = 20.16 USD
                Assets:Receivable:Customers:User---3Aann---40example--com  0 EUR = 1.50 EUR
                Assets:Unbilled:Acme  0 USD = 0.0047 USD
                Liabilities:Payable:Microsoft  0 EUR = -0.30 EUR
                Liabilities:Payable:Microsoft  0 USD = -4.03 USD
                Liabilities:Accrued:Microsoft  0 JPY = -100 JPY
                Income:Usage:Openai:Api:Azure  0 EUR = -1.50 EUR
                Income:Usage:Openai:Api:Azure  0 JPY = -500 JPY
                Income:Usage:Openai:Api:Azure  0 USD = -0.0097 USD
                Income:Usage:Openai:Frontier:Aws  0 USD = -20.155 USD
                Expenses:RevenueShare:Apr27--revenue-share  0 EUR = 0.30 EUR
                Expenses:RevenueShare:Apr27--revenue-share  0 JPY = 100 JPY
                Expenses:RevenueShare:Apr27--revenue-share  0 USD = 4.03 USD
        "#]],
    );
}

#[test]
fn a_payee_books_the_share_as_income() {
    check(
        "hledger",
        "microsoft",
        Detail::Day,
        "none",
        expect![[r#"
            ; The book of microsoft to the end of 2026-07-19, days in America/Los_Angeles.
            ; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
            ; Marked `!`: not final, for the period is open or the cap is not known.
            ; Not booked, having no price: 1 call of openai/api through azure.

            decimal-mark .
            commodity 1000.00 EUR
            commodity 1000. JPY
            commodity 1000.00 USD
            payee abide
            payee acme
            payee openai
            payee user:ann@example.com
            account Assets:Receivable:Customers:Acme  ; customer:acme
            account Assets:Receivable:Customers:User---3Aann---40example--com  ; customer:user:ann@example.com
            account Assets:Unbilled:Acme  ; customer:acme
            account Assets:Receivable:Parties:Openai  ; party:openai
            account Assets:Accrued:Openai  ; party:openai
            account Income:Usage:Openai:Api:Azure  ; product:openai/api, channel:azure
            account Income:Usage:Openai:Frontier:Aws  ; product:openai/frontier, channel:aws
            account Income:RevenueShare:Apr27--revenue-share  ; clause:apr27.revenue-share

            2026-03-31 * acme | usage
                ; kind:usage
                Assets:Receivable:Customers:Acme  20.16 USD
                Assets:Unbilled:Acme  0.0047 USD
                Income:Usage:Openai:Api:Azure  -0.0097 USD  ; calls:2, estimated-calls:1, input-tokens:2400, output-tokens:600
                Income:Usage:Openai:Frontier:Aws  -20.155 USD  ; calls:1, estimated-calls:0, input-tokens:900, output-tokens:100

            2026-03-31 * openai | apr27.revenue-share for 2026-Q1
                ; kind:due, clause:apr27.revenue-share, period:2026-Q1, base:20.1647
                Assets:Receivable:Parties:Openai  4.03 USD
                Income:RevenueShare:Apr27--revenue-share  -4.03 USD

            2026-04-10 * user:ann@example.com | usage
                ; kind:usage
                Assets:Receivable:Customers:User---3Aann---40example--com  1.50 EUR
                Income:Usage:Openai:Api:Azure  -1.50 EUR  ; calls:1, estimated-calls:0, input-tokens:1200, output-tokens:300

            2026-06-30 * openai | apr27.revenue-share for 2026-Q2
                ; kind:due, clause:apr27.revenue-share, period:2026-Q2, base:1.50
                Assets:Receivable:Parties:Openai  0.30 EUR
                Income:RevenueShare:Apr27--revenue-share  -0.30 EUR

            2026-07-10 * acme | usage
                ; kind:usage
                Assets:Receivable:Customers:Acme  500 JPY
                Income:Usage:Openai:Api:Azure  -500 JPY  ; calls:1, estimated-calls:0, input-tokens:1200, output-tokens:300

            2026-07-19 ! openai | apr27.revenue-share accrued in 2026-Q3, not yet due
                ; kind:accrued, clause:apr27.revenue-share, period:2026-Q3, base:500
                Assets:Accrued:Openai  100 JPY
                Income:RevenueShare:Apr27--revenue-share  -100 JPY

            2026-07-19 * abide | balances
                Assets:Receivable:Customers:Acme  0 JPY = 500 JPY
                Assets:Receivable:Customers:Acme  0 USD = 20.16 USD
                Assets:Receivable:Customers:User---3Aann---40example--com  0 EUR = 1.50 EUR
                Assets:Unbilled:Acme  0 USD = 0.0047 USD
                Assets:Receivable:Parties:Openai  0 EUR = 0.30 EUR
                Assets:Receivable:Parties:Openai  0 USD = 4.03 USD
                Assets:Accrued:Openai  0 JPY = 100 JPY
                Income:Usage:Openai:Api:Azure  0 EUR = -1.50 EUR
                Income:Usage:Openai:Api:Azure  0 JPY = -500 JPY
                Income:Usage:Openai:Api:Azure  0 USD = -0.0097 USD
                Income:Usage:Openai:Frontier:Aws  0 USD = -20.155 USD
                Income:RevenueShare:Apr27--revenue-share  0 EUR = -0.30 EUR
                Income:RevenueShare:Apr27--revenue-share  0 JPY = -100 JPY
                Income:RevenueShare:Apr27--revenue-share  0 USD = -4.03 USD
        "#]],
    );
}

#[test]
fn csv_has_a_row_for_each_posting_and_for_calls_without_a_price() {
    check(
        "csv",
        "openai",
        Detail::Day,
        "none",
        expect![[r#"
            transaction,date,kind,final,payee,account,amount,currency,calls,estimated-calls,input-tokens,output-tokens,customer,product,channel,party,clause,period,base,least,at,run,call,key,model,cloud
            1,2026-03-31,usage,true,acme,Assets:Receivable:Customers:Acme,20.16,USD,,,,,acme,,,,,,,,,,,,,
            1,2026-03-31,usage,true,acme,Assets:Unbilled:Acme,0.0047,USD,,,,,acme,,,,,,,,,,,,,
            1,2026-03-31,usage,true,acme,Income:Usage:Openai:Api:Azure,-0.0097,USD,2,1,2400,600,,openai/api,azure,,,,,,,,,,,
            1,2026-03-31,usage,true,acme,Income:Usage:Openai:Frontier:Aws,-20.155,USD,1,0,900,100,,openai/frontier,aws,,,,,,,,,,,
            2,2026-03-31,due,true,microsoft,Expenses:RevenueShare:Apr27--revenue-share,4.03,USD,,,,,,,,,apr27.revenue-share,2026-Q1,20.1647,,,,,,,
            2,2026-03-31,due,true,microsoft,Liabilities:Payable:Microsoft,-4.03,USD,,,,,,,,microsoft,apr27.revenue-share,2026-Q1,20.1647,,,,,,,
            3,2026-04-10,usage,true,user:ann@example.com,Assets:Receivable:Customers:User---3Aann---40example--com,1.50,EUR,,,,,user:ann@example.com,,,,,,,,,,,,,
            3,2026-04-10,usage,true,user:ann@example.com,Income:Usage:Openai:Api:Azure,-1.50,EUR,1,0,1200,300,,openai/api,azure,,,,,,,,,,,
            4,2026-06-30,due,true,microsoft,Expenses:RevenueShare:Apr27--revenue-share,0.30,EUR,,,,,,,,,apr27.revenue-share,2026-Q2,1.50,,,,,,,
            4,2026-06-30,due,true,microsoft,Liabilities:Payable:Microsoft,-0.30,EUR,,,,,,,,microsoft,apr27.revenue-share,2026-Q2,1.50,,,,,,,
            5,2026-07-10,usage,true,acme,Assets:Receivable:Customers:Acme,500,JPY,,,,,acme,,,,,,,,,,,,,
            5,2026-07-10,usage,true,acme,Income:Usage:Openai:Api:Azure,-500,JPY,1,0,1200,300,,openai/api,azure,,,,,,,,,,,
            6,2026-07-19,accrued,false,microsoft,Expenses:RevenueShare:Apr27--revenue-share,100,JPY,,,,,,,,,apr27.revenue-share,2026-Q3,500,,,,,,,
            6,2026-07-19,accrued,false,microsoft,Liabilities:Accrued:Microsoft,-100,JPY,,,,,,,,microsoft,apr27.revenue-share,2026-Q3,500,,,,,,,
            ,2026-07-19,unpriced,,,,,,1,0,70,7,,openai/api,azure,,,,,,,,,,,
        "#]],
    );
}

#[test]
fn json_lines_have_an_object_for_each_transaction() {
    check(
        "jsonl",
        "openai",
        Detail::Call,
        "unknown",
        expect![[r#"
        {"kind":"call","date":"2026-03-31","final":true,"payee":"acme","at":"2026-03-31T12:00:00Z","call":1,"cloud":"east","key":"ci","model":"gpt","run":"resp_0000000000000000000000000000abcd00000001","postings":[{"account":"Assets:Unbilled:Acme","amount":"0.00485","currency":"USD","customer":"acme"},{"account":"Income:Usage:Openai:Api:Azure","amount":"-0.00485","currency":"USD","channel":"azure","product":"openai/api","calls":1,"estimated_calls":0,"input_tokens":1200,"output_tokens":300}]}
        {"kind":"call","date":"2026-03-31","final":true,"payee":"acme","at":"2026-03-31T13:00:00Z","call":2,"cloud":"east","key":"ci","model":"gpt","run":"resp_0000000000000000000000000000abcd00000002","postings":[{"account":"Assets:Receivable:Customers:Acme","amount":"0.01","currency":"USD","customer":"acme"},{"account":"Assets:Unbilled:Acme","amount":"-0.00515","currency":"USD","customer":"acme"},{"account":"Income:Usage:Openai:Api:Azure","amount":"-0.00485","currency":"USD","channel":"azure","product":"openai/api","calls":1,"estimated_calls":1,"input_tokens":1200,"output_tokens":300}]}
        {"kind":"call","date":"2026-03-31","final":true,"payee":"acme","at":"2026-03-31T14:00:00Z","call":3,"cloud":"east","key":"ci","model":"gpt","run":"resp_0000000000000000000000000000abcd00000003","postings":[{"account":"Assets:Receivable:Customers:Acme","amount":"20.15","currency":"USD","customer":"acme"},{"account":"Assets:Unbilled:Acme","amount":"0.005","currency":"USD","customer":"acme"},{"account":"Income:Usage:Openai:Frontier:Aws","amount":"-20.155","currency":"USD","channel":"aws","product":"openai/frontier","calls":1,"estimated_calls":0,"input_tokens":900,"output_tokens":100}]}
        {"kind":"due","date":"2026-03-31","final":false,"payee":"microsoft","base":"20.1647","clause":"apr27.revenue-share","least":"0.00","period":"2026-Q1","postings":[{"account":"Expenses:RevenueShare:Apr27--revenue-share","amount":"4.03","currency":"USD","clause":"apr27.revenue-share"},{"account":"Liabilities:Payable:Microsoft","amount":"-4.03","currency":"USD","party":"microsoft"}]}
        {"kind":"call","date":"2026-04-10","final":true,"payee":"user:ann@example.com","at":"2026-04-10T12:00:00Z","call":4,"cloud":"east","key":"ci","model":"gpt","run":"resp_0000000000000000000000000000abcd00000004","postings":[{"account":"Assets:Receivable:Customers:User---3Aann---40example--com","amount":"1.50","currency":"EUR","customer":"user:ann@example.com"},{"account":"Income:Usage:Openai:Api:Azure","amount":"-1.50","currency":"EUR","channel":"azure","product":"openai/api","calls":1,"estimated_calls":0,"input_tokens":1200,"output_tokens":300}]}
        {"kind":"due","date":"2026-06-30","final":false,"payee":"microsoft","base":"1.50","clause":"apr27.revenue-share","least":"0.00","period":"2026-Q2","postings":[{"account":"Expenses:RevenueShare:Apr27--revenue-share","amount":"0.30","currency":"EUR","clause":"apr27.revenue-share"},{"account":"Liabilities:Payable:Microsoft","amount":"-0.30","currency":"EUR","party":"microsoft"}]}
        {"kind":"call","date":"2026-07-10","final":true,"payee":"acme","at":"2026-07-10T12:00:00Z","call":6,"cloud":"east","key":"ci","model":"gpt","run":"resp_0000000000000000000000000000abcd00000006","postings":[{"account":"Assets:Receivable:Customers:Acme","amount":"500","currency":"JPY","customer":"acme"},{"account":"Income:Usage:Openai:Api:Azure","amount":"-500","currency":"JPY","channel":"azure","product":"openai/api","calls":1,"estimated_calls":0,"input_tokens":1200,"output_tokens":300}]}
        {"kind":"accrued","date":"2026-07-19","final":false,"payee":"microsoft","base":"500","clause":"apr27.revenue-share","least":"0","period":"2026-Q3","postings":[{"account":"Expenses:RevenueShare:Apr27--revenue-share","amount":"100","currency":"JPY","clause":"apr27.revenue-share"},{"account":"Liabilities:Accrued:Microsoft","amount":"-100","currency":"JPY","party":"microsoft"}]}
        {"kind":"unpriced","product":"openai/api","channel":"azure","calls":1,"estimated_calls":0,"input_tokens":70,"output_tokens":7}
    "#]],
    );
}

#[test]
fn an_empty_book_is_still_a_valid_file() {
    let share = rows::share("20%", "none").unwrap();
    let book = book("openai", "2026-07-20T00:00Z", Detail::Day, share, &[]);
    expect![[r#"
        ;; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
        ;; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
        ;; Marked `!`: not final, for the period is open or the cap is not known.

        option "title" "The book of openai"
        option "tolerance_multiplier" "0"
        ----
        ; The book of openai to the end of 2026-07-19, days in America/Los_Angeles.
        ; Income is exact. Receivable is in whole minor units; Unbilled holds the rest.
        ; Marked `!`: not final, for the period is open or the cap is not known.

        decimal-mark .
        payee abide
        ----
        transaction,date,kind,final,payee,account,amount,currency,calls,estimated-calls,input-tokens,output-tokens,customer,product,channel,party,clause,period,base,least,at,run,call,key,model,cloud
        ----
    "#]].assert_eq(&Format::ALL.map(|format| format.text(&book)).join("----\n"));
}

#[test]
fn text_from_outside_cannot_break_out_of_its_place() {
    let mut lines = rows::lines("2026-03-31T12:00Z acme openai/api azure 1/1 1 USD").unwrap();
    lines[0].key = "a \"b\" \\ c, d\n2026-01-01 open Assets:Stolen".to_owned();
    let share = rows::share("20%", "none").unwrap();
    let book = book("openai", "2026-07-20T00:00Z", Detail::Call, share, &lines);
    let shown = Format::ALL.map(|format| {
        let text = format.text(&book);
        let rows: Vec<&str> = text.lines().filter(|row| row.contains("Stolen")).collect();
        rows.join("\n")
    });
    expect![[r#"
          key: "a \"b\" \\ c, d\\u{a}2026-01-01 open Assets:Stolen"
            ; kind:call, at:2026-03-31T12:00:00Z, run:resp_0000000000000000000000000000abcd00000001, call:1, key:a "b" \ c  d 2026-01-01 open Assets:Stolen, model:gpt, cloud:east
        2026-01-01 open Assets:Stolen",gpt,east
        2026-01-01 open Assets:Stolen",gpt,east
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

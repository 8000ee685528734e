//! A book as an hledger journal that `hledger check --strict` accepts, payees and date order included.

use crate::account::Account;
use crate::book::Book;
use crate::export::{Fact, Facts, count_facts, facts, kind, narration, payee, preamble};
use crate::figure::number;
use crate::postings::Transaction;
use abide_model::money::Currency;
use std::collections::BTreeSet;

/// Who stands on the closing transaction, which asserts the balances.
const CLOSING_PAYEE: &str = "abide";

pub(super) fn head(out: &mut String, book: &Book) {
    for line in preamble(book) {
        out.push_str(&format!("; {line}\n"));
    }
    out.push_str("\ndecimal-mark .\n");
    let currencies: BTreeSet<Currency> = book.balances.keys().map(|(_, currency)| *currency).collect();
    for currency in &currencies {
        let zeros = "0".repeat(currency.decimals() as usize);
        out.push_str(&format!("commodity 1000.{zeros} {currency}\n"));
    }
    let mut payees: BTreeSet<String> = book.transactions.iter().map(payee).collect();
    payees.extend(book.calls.customers().map(ToString::to_string));
    payees.insert(CLOSING_PAYEE.to_owned());
    for payee in payees {
        out.push_str(&format!("payee {payee}\n"));
    }
    let accounts: BTreeSet<&Account> = book.balances.keys().map(|(account, _)| account).collect();
    for account in accounts {
        let origin: Vec<String> =
            account.origin().iter().map(|(what, name)| format!("{what}:{}", plain(name))).collect();
        out.push_str(&format!("account {}  ; {}\n", account.name(), origin.join(", ")));
    }
}

/// Asserts balances on the day of the last transaction.
pub(super) fn tail(out: &mut String, book: &Book) {
    let Some((_, last)) = super::dates(book) else { return };
    out.push_str(&format!("\n{last} * {CLOSING_PAYEE} | balances\n"));
    for ((account, currency), balance) in &book.balances {
        let balance = number(balance);
        out.push_str(&format!("    {}  0 {currency} = {balance} {currency}\n", account.name()));
    }
}

pub(super) fn transaction(out: &mut String, entry: &Transaction) {
    let flag = if entry.is_final() { '*' } else { '!' };
    out.push_str(&format!("\n{} {flag} {} | {}\n", entry.date(), payee(entry), narration(entry)));
    out.push_str(&format!("    ; kind:{}{}\n", kind(entry), tags(", ", &facts(entry))));
    for posting in entry.postings() {
        let (account, amount) = (posting.account.name(), &posting.amount);
        let count = posting.count.as_ref().map(count_facts).unwrap_or_default();
        out.push_str(&format!(
            "    {account}  {} {}{}\n",
            number(amount),
            amount.currency,
            tags("  ; ", &count)
        ));
    }
}

/// `before` and the facts as tags; nothing when there are none.
fn tags(before: &str, facts: &Facts) -> String {
    let tags = facts.iter().map(|(name, fact)| match fact {
        Fact::Text(text) => format!("{name}:{}", plain(text)),
        Fact::Number(n) => format!("{name}:{n}"),
    });
    let tags: Vec<String> = tags.collect();
    if tags.is_empty() { String::new() } else { format!("{before}{}", tags.join(", ")) }
}

/// A tag's value ends at a comma or at the end of the line; neither may come from a name.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c == ',' || c.is_control() { ' ' } else { c }).collect()
}

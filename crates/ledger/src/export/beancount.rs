//! A book as Beancount text that `bean-check` accepts: accounts are opened, balances asserted at the end.

use crate::account::Account;
use crate::book::Book;
use crate::export::{Fact, Facts, count_facts, facts, kind, narration, payee, preamble};
use crate::figure::number;
use crate::postings::Transaction;
use abide_model::Date;
use abide_model::money::{Amount, Currency};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn head(out: &mut String, book: &Book) {
    for line in preamble(book) {
        out.push_str(&format!(";; {line}\n"));
    }
    out.push_str(&format!("\noption \"title\" {}\n", quoted(&format!("The book of {}", book.own))));
    // Every sum is exact: no tolerance to be inferred from the decimals of its parts.
    out.push_str("option \"tolerance_multiplier\" \"0\"\n");
    let currencies: BTreeSet<Currency> = book.balances.keys().map(|(_, currency)| *currency).collect();
    for currency in &currencies {
        out.push_str(&format!("option \"operating_currency\" \"{currency}\"\n"));
    }
    let Some((first, _)) = super::dates(book) else { return };
    out.push('\n');
    for currency in &currencies {
        let decimals = currency.decimals();
        out.push_str(&format!("{first} commodity {currency}\n  minor-unit-decimals: {decimals}\n"));
    }
    out.push('\n');
    open(out, book, first);
}

/// Asserts balances on the day after the last transaction.
pub(super) fn tail(out: &mut String, book: &Book) {
    if let Some(after) = super::dates(book).and_then(|(_, last)| last.tomorrow().ok()) {
        out.push('\n');
        assertions(out, book, after);
    }
}

fn open(out: &mut String, book: &Book, date: Date) {
    let mut accounts: BTreeMap<&Account, Vec<&str>> = BTreeMap::new();
    for (account, currency) in book.balances.keys() {
        accounts.entry(account).or_default().push(currency.as_str());
    }
    for (account, currencies) in accounts {
        out.push_str(&format!("{date} open {} {}\n", account.name(), currencies.join(",")));
        for (what, name) in account.origin() {
            out.push_str(&format!("  {what}: {}\n", quoted(name)));
        }
    }
}

pub(super) fn transaction(out: &mut String, entry: &Transaction) {
    let flag = if entry.is_final() { '*' } else { '!' };
    let (payee, narration) = (quoted(&payee(entry)), quoted(&narration(entry)));
    out.push_str(&format!("\n{} {flag} {payee} {narration}\n", entry.date()));
    out.push_str(&format!("  kind: {}\n", quoted(kind(entry))));
    metadata(out, "  ", &facts(entry));
    for posting in entry.postings() {
        let (account, amount) = (posting.account.name(), &posting.amount);
        out.push_str(&format!("  {account}  {} {}\n", number(amount), amount.currency));
        metadata(out, "    ", &posting.count.as_ref().map(count_facts).unwrap_or_default());
    }
}

fn metadata(out: &mut String, indent: &str, facts: &Facts) {
    for (name, fact) in facts {
        let value = match fact {
            Fact::Text(text) => quoted(text),
            Fact::Number(n) => n.to_string(),
        };
        out.push_str(&format!("{indent}{name}: {value}\n"));
    }
}

/// Beancount counts the accounts below an account into its balance, so they are added here too.
fn assertions(out: &mut String, book: &Book, date: Date) {
    let mut named: BTreeMap<(Currency, String), Amount> = BTreeMap::new();
    for ((account, currency), balance) in &book.balances {
        named.insert((*currency, account.name()), *balance);
    }
    for ((currency, name), balance) in &named {
        // `:` and `;` are neighbours in ASCII: between them lies all that begins with the name and a colon.
        let below = (*currency, format!("{name}:"))..(*currency, format!("{name};"));
        let total = named.range(below).try_fold(*balance, |sum, (_, amount)| sum.checked_add(*amount));
        if let Some(total) = total {
            out.push_str(&format!("{date} balance {name}  {} ~ 0 {currency}\n", number(&total)));
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&c.escape_unicode().to_string().replace('\\', "\\\\")),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

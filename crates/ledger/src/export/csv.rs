//! A book as comma-separated values (RFC 4180), one row a posting; calls without a price are rows without amount.

use crate::book::Book;
use crate::export::{Fact, Facts, count_facts, facts, kind, payee};
use crate::figure::number;
use std::collections::BTreeMap;

const COLUMNS: [&str; 27] = [
    "transaction",
    "date",
    "kind",
    "final",
    "payee",
    "account",
    "amount",
    "currency",
    "calls",
    "estimated-calls",
    "input-tokens",
    "output-tokens",
    "customer",
    "product",
    "channel",
    "party",
    "clause",
    "period",
    "base",
    "least",
    "at",
    "run",
    "call",
    "key",
    "model",
    "cloud",
    "entered",
];

/// The book as comma-separated values, with a row of titles. `transaction` counts transactions from 1.
#[must_use]
pub fn text(book: &Book) -> String {
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for (n, entry) in (1u64..).zip(&book.transactions) {
        let mut shown = BTreeMap::from([
            ("transaction", n.to_string()),
            ("date", entry.date().to_string()),
            ("kind", kind(entry).to_owned()),
            ("final", entry.is_final().to_string()),
            ("payee", payee(entry)),
        ]);
        shown.extend(values(facts(entry)));
        for posting in entry.postings() {
            let mut cells = shown.clone();
            cells.insert("account", posting.account.name());
            cells.insert("amount", number(&posting.amount));
            cells.insert("currency", posting.amount.currency.to_string());
            cells.extend(posting.account.origin().into_iter().map(|(what, name)| (what, name.to_owned())));
            cells.extend(posting.count.iter().flat_map(|count| values(count_facts(count))));
            row(&mut out, &cells);
        }
    }
    for ((product, channel), count) in &book.unpriced {
        let mut cells = BTreeMap::from([
            ("date", book.last_day.to_string()),
            ("kind", "unpriced".to_owned()),
            ("product", product.to_string()),
            ("channel", channel.to_string()),
        ]);
        cells.extend(values(count_facts(count)));
        row(&mut out, &cells);
    }
    out
}

fn values(facts: Facts) -> impl Iterator<Item = (&'static str, String)> {
    facts.into_iter().map(|(name, fact)| match fact {
        Fact::Text(text) => (name, text),
        Fact::Number(n) => (name, n.to_string()),
    })
}

fn row(out: &mut String, cells: &BTreeMap<&str, String>) {
    let cells = COLUMNS.iter().map(|column| cells.get(column).map_or(String::new(), |cell| quoted(cell)));
    out.push_str(&cells.collect::<Vec<_>>().join(","));
    out.push_str("\r\n");
}

/// A spreadsheet takes a cell that begins so for a formula, and would run it; a quote before it makes it text.
fn defused(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if formula && !number { format!("'{text}") } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    let text = defused(text);
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

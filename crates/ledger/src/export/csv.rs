//! A book as comma-separated values (RFC 4180), one row a posting; calls without a price are rows without amount.

use crate::book::Book;
use crate::export::{Fact, Facts, count_facts, facts, kind, open_amount, payee};
use crate::figure::number;
use crate::postings::Transaction;
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

/// The row of titles.
pub(super) fn head(out: &mut String) {
    out.push_str(&COLUMNS.join(","));
    out.push_str("\r\n");
}

/// A row for each posting of transaction number `n`, counted from 1.
pub(super) fn transaction(out: &mut String, n: u64, entry: &Transaction) {
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
        row(out, &cells);
    }
}

/// What was used without a price, and sales of which a clause cannot say whether it counts them.
pub(super) fn tail(out: &mut String, book: &Book) {
    for ((product, channel), count) in &book.unpriced {
        let mut cells = BTreeMap::from([
            ("date", book.last_day.to_string()),
            ("kind", "unpriced".to_owned()),
            ("product", product.to_string()),
            ("channel", channel.to_string()),
        ]);
        cells.extend(values(count_facts(count)));
        row(out, &cells);
    }
    for open in &book.unplaced {
        let mut cells = BTreeMap::from([
            ("date", book.last_day.to_string()),
            ("kind", if open.counted { "open-counted" } else { "open" }.to_owned()),
            ("clause", open.clause.to_string()),
            ("product", open.product.to_string()),
            ("channel", open.channel.to_string()),
        ]);
        // In no account, and so in no sum of amounts.
        cells.extend(
            open_amount(open)
                .into_iter()
                .flat_map(|(amount, currency)| [("base", amount), ("currency", currency.to_string())]),
        );
        cells.extend(open.places.first().map(|place| ("entered", place.to_string())));
        cells.extend(values(count_facts(&open.count)));
        row(out, &cells);
    }
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

//! A book as JSON lines: an object a transaction, then one for each product and channel with calls that have no
//! price, and one for each clause that cannot say of sales whether it counts them. Money is text, so that no reader makes a float of it.

use crate::book::Book;
use crate::export::json::line;
use crate::export::{Fact, Facts, count_facts, facts, kind, open_amount, payee};
use crate::figure::number;
use crate::postings::{Posting, Transaction};
use abide_model::money::Currency;
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) fn transaction(out: &mut String, entry: &Transaction) {
    out.push_str(&line(&TransactionJson::from(entry)));
}

/// What was used without a price.
pub(super) fn tail(out: &mut String, book: &Book) {
    for ((product, channel), count) in &book.unpriced {
        let (product, channel) = (product.as_str(), channel.as_str());
        let counts = values(count_facts(count));
        out.push_str(&line(&UnpricedJson { kind: "unpriced", product, channel, counts }));
    }
    for open in &book.unplaced {
        let (amount, currency) = open_amount(open).unzip();
        out.push_str(&line(&OpenJson {
            kind: "open",
            clause: open.clause.as_str(),
            counted: open.counted,
            product: open.product.as_str(),
            channel: open.channel.as_str(),
            revenue: amount,
            currency: currency.as_ref().map(Currency::as_str),
            entered: open.places.iter().map(ToString::to_string).collect(),
            rows: open.count.entered,
            counts: values(count_facts(&open.count)),
        }));
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Number(u64),
}

type Values = BTreeMap<String, Value>;

#[derive(Serialize)]
struct TransactionJson<'a> {
    kind: &'static str,
    date: String,
    r#final: bool,
    payee: String,
    #[serde(flatten)]
    facts: Values,
    postings: Vec<PostingJson<'a>>,
}

#[derive(Serialize)]
struct PostingJson<'a> {
    account: String,
    amount: String,
    currency: &'a str,
    #[serde(flatten)]
    origin: BTreeMap<&'static str, &'a str>,
    #[serde(flatten)]
    counts: Values,
}

#[derive(Serialize)]
struct UnpricedJson<'a> {
    kind: &'static str,
    product: &'a str,
    channel: &'a str,
    #[serde(flatten)]
    counts: Values,
}

/// Sales of which a clause cannot say whether it counts them, since they name no segment or country.
#[derive(Serialize)]
struct OpenJson<'a> {
    kind: &'static str,
    clause: &'a str,
    /// Whether it counts them all the same.
    counted: bool,
    product: &'a str,
    channel: &'a str,
    revenue: Option<String>,
    currency: Option<&'a str>,
    rows: u64,
    /// Where the first rows were entered.
    entered: Vec<String>,
    #[serde(flatten)]
    counts: Values,
}

impl<'a> From<&'a Transaction> for TransactionJson<'a> {
    fn from(entry: &'a Transaction) -> Self {
        Self {
            kind: kind(entry),
            date: entry.date().to_string(),
            r#final: entry.is_final(),
            payee: payee(entry),
            facts: values(facts(entry)),
            postings: entry.postings().iter().map(PostingJson::from).collect(),
        }
    }
}

impl<'a> From<&'a Posting> for PostingJson<'a> {
    fn from(posting: &'a Posting) -> Self {
        Self {
            account: posting.account.name(),
            amount: number(&posting.amount),
            currency: posting.amount.currency.as_str(),
            origin: posting.account.origin().into_iter().collect(),
            counts: posting.count.as_ref().map(count_facts).map(values).unwrap_or_default(),
        }
    }
}

/// Names in JSON take `_` where plain-text accounting takes `-`.
fn values(facts: Facts) -> Values {
    let value = |fact| match fact {
        Fact::Text(text) => Value::Text(text),
        Fact::Number(n) => Value::Number(n),
    };
    facts.into_iter().map(|(name, fact)| (name.replace('-', "_"), value(fact))).collect()
}

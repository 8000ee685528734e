//! The lines behind the figures of a statement, one at a time, so that no number of them fills memory.

use super::Draft;
use crate::export::json;
use crate::figure::number;
use crate::period::{date_of, day_start};
use abide_model::Date;
use abide_model::line::UsageLine;
use abide_model::money::{Amount, grouped};
use abide_model::name::Clause;
use serde::Serialize;

/// A line or row that counts in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The day it counts on, in the book's zone.
    pub day: Date,
    /// Where it comes from: a run and call, or a place in the book's files.
    pub origin: String,
    /// What it is: the product and channel it was sold through, or from whom it was bought.
    pub what: String,
    /// To whom it was sold, or who bought; empty where that is not known.
    pub who: String,
    /// For how much; `None` where no price was found.
    pub amount: Option<Amount>,
    /// The clauses of the statement that count it.
    pub toward: Vec<Clause>,
}

impl Behind {
    /// As a line of text, with a line end.
    #[must_use]
    pub fn text(&self) -> String {
        let amount = self.amount.map_or("no price".to_owned(), |amount| {
            format!("{} {}", grouped(&number(&amount)), amount.currency)
        });
        let toward: Vec<&str> = self.toward.iter().map(Clause::as_str).collect();
        let who = if self.who.is_empty() { "-" } else { &self.who };
        let line = format!(
            "{}  {amount:>18}  {}  {who}  {}  {}",
            self.day,
            self.what,
            toward.join(" "),
            self.origin
        );
        line.replace(char::is_control, " ") + "\n"
    }

    /// As a line of JSON, with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::line(&BehindJson {
            day: self.day.to_string(),
            origin: &self.origin,
            what: &self.what,
            who: &self.who,
            amount: self.amount.as_ref().map(number),
            currency: self.amount.as_ref().map(|amount| amount.currency.to_string()),
            toward: self.toward.iter().map(Clause::as_str).collect(),
        })
    }
}

#[derive(Serialize)]
struct BehindJson<'a> {
    day: String,
    origin: &'a str,
    what: &'a str,
    who: &'a str,
    amount: Option<String>,
    currency: Option<String>,
    toward: Vec<&'a str>,
}

impl Draft {
    /// What the statement makes of a line; `None` when it counts in no figure of the period.
    #[must_use]
    pub fn behind(&self, line: &UsageLine, covers: impl Fn(&Clause, &UsageLine) -> bool) -> Option<Behind> {
        let inside = line.at < self.at && self.window.contains(&line.at);
        let toward: Vec<Clause> = if inside {
            self.clauses().filter(|clause| covers(clause, line)).cloned().collect()
        } else {
            vec![]
        };
        (inside && (self.party == self.own || !toward.is_empty())).then(|| Behind {
            day: date_of(line.at, &self.zone),
            origin: format!("{} call {}", line.run, line.call),
            what: format!("{} {}", line.product, line.channel),
            who: line.customer.to_string(),
            amount: line.charge,
            toward,
        })
    }

    /// The rows entered by hand that count in the period, sales before purchases.
    pub fn entered(&self) -> impl Iterator<Item = Behind> + '_ {
        let ours = |toward: &[Clause]| -> Vec<Clause> {
            self.clauses().filter(|clause| toward.contains(clause)).cloned().collect()
        };
        let inside = |day: Date| self.window.contains(&day_start(day, &self.zone));
        let sales = self.terms.revenue.iter().filter(move |row| inside(row.on)).map(move |row| {
            let behind = Behind {
                day: row.on,
                origin: row.place.to_string(),
                what: format!("{} {}", row.product, row.channel),
                who: row.customer.as_ref().map_or(String::new(), ToString::to_string),
                amount: Some(row.amount),
                toward: ours(&row.toward),
            };
            (row.by == self.party || !behind.toward.is_empty(), behind)
        });
        let bought = self.terms.purchases.iter().filter(move |row| inside(row.on)).map(move |row| {
            let behind = Behind {
                day: row.on,
                origin: row.place.to_string(),
                what: format!("bought from {}", row.from),
                who: row.by.to_string(),
                amount: Some(row.amount),
                toward: ours(&row.toward),
            };
            (!behind.toward.is_empty(), behind)
        });
        sales.chain(bought).filter(|(counts, _)| *counts).map(|(_, behind)| behind)
    }

    /// The clauses of the statement that sales and purchases count toward.
    fn clauses(&self) -> impl Iterator<Item = &Clause> {
        let terms = &self.terms;
        let shares = terms.shares.iter().map(|share| &share.clause);
        let splits = terms.splits.iter().map(|split| &split.clause);
        let commits = terms.commits.iter().map(|commit| &commit.clause);
        shares.chain(splits).chain(commits).chain(terms.parities.iter().map(|parity| &parity.clause))
    }
}

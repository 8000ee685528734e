//! The lines behind the figures of a statement, one at a time, so that no number of them fills memory.

use super::{Draft, Sight};
use crate::export::json;
use crate::figure::number;
use crate::period::{date_of, day_start};
use crate::tally::{Spent, is_below};
use abide_model::Date;
use abide_model::line::UsageLine;
use abide_model::money::{Amount, grouped};
use abide_model::name::{Clause, Customer};
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
    /// Whether `origin` and `who` are empty because they are not for these eyes.
    pub withheld: bool,
}

impl Behind {
    /// As a line of text, with a line end.
    #[must_use]
    pub fn text(&self) -> String {
        let amount = self.amount.map_or("no price".to_owned(), |amount| {
            format!("{} {}", grouped(&number(&amount)), amount.currency)
        });
        let toward: Vec<&str> = self.toward.iter().map(Clause::as_str).collect();
        let (who, origin) =
            if self.withheld { ("(withheld)", "") } else { (self.who.as_str(), self.origin.as_str()) };
        let who = if who.is_empty() { "-" } else { who };
        let line =
            format!("{}  {amount:>18}  {}  {who}  {}  {}", self.day, self.what, toward.join(" "), origin);
        line.trim_end().replace(char::is_control, " ") + "\n"
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
            withheld: self.withheld,
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
    withheld: bool,
}

impl Draft {
    /// What the statement makes of a line, as a sale and as what it cost; nothing when it counts in no figure of the
    /// period.
    pub fn behind(
        &self,
        line: &UsageLine,
        covers: impl Fn(&Clause, &UsageLine) -> bool,
    ) -> impl Iterator<Item = Behind> {
        let inside = line.at < self.at && self.window.contains(&line.at);
        let covers = |clause: &Clause| covers(clause, line);
        let sold = inside.then(|| self.sold(line, covers)).flatten();
        let spent = Spent::of_line(line, &self.terms.costs).filter(|_| inside);
        let spent = spent.and_then(|spent| self.spent(line, &spent, covers));
        sold.into_iter().chain(spent)
    }

    fn sold(&self, line: &UsageLine, covers: impl Fn(&Clause) -> bool) -> Option<Behind> {
        let tally = self.bases.tally();
        // A call is for no number of units, so that no price is asked for it.
        let counts = |clause: &&Clause| {
            let counted = !self.is_parity(clause) && !tally.is_at_cost(clause);
            counted && covers(clause) && self.sees(clause, Some(&line.customer))
        };
        let behind = Behind {
            day: date_of(line.at, &self.zone),
            origin: format!("{} call {}", line.run, line.call),
            what: format!("{} through {}", line.product, line.channel),
            who: line.customer.to_string(),
            amount: line.charge,
            toward: self.clauses().filter(counts).cloned().collect(),
            withheld: false,
        };
        let told = self.party == self.own || !behind.toward.is_empty();
        told.then(|| self.told(behind, Some(&line.customer)))
    }

    fn spent(&self, line: &UsageLine, spent: &Spent<'_>, covers: impl Fn(&Clause) -> bool) -> Option<Behind> {
        let (buyer, seller) = (&spent.cost.buyer, &spent.cost.seller);
        let drawn = self.terms.commits.iter().filter(|commit| spent.is_between(commit));
        let drawn = drawn.map(|commit| &commit.clause).filter(|clause| covers(clause));
        let behind = Behind {
            day: date_of(line.at, &self.zone),
            // Which run of whose customer it was is the buyer's business.
            origin: if self.sight == Sight::Own {
                format!("{} call {}", line.run, line.call)
            } else {
                String::new()
            },
            what: format!("bought from {seller}: {} through {}", line.product, line.channel),
            who: buyer.to_string(),
            amount: Some(spent.amount),
            toward: drawn.cloned().collect(),
            withheld: false,
        };
        (self.party == *buyer || self.party == *seller).then_some(behind)
    }

    /// The rows entered by hand that count in the period, sales before purchases.
    pub fn entered(&self) -> impl Iterator<Item = Behind> + '_ {
        let ours = |toward: &[Clause], customer: Option<&Customer>, in_units: bool| -> Vec<Clause> {
            let compared = |clause: &Clause| in_units || !self.is_parity(clause);
            let seen =
                |clause: &&Clause| toward.contains(clause) && self.sees(clause, customer) && compared(clause);
            self.clauses().filter(seen).cloned().collect()
        };
        let inside = |day: Date| self.window.contains(&day_start(day, &self.zone));
        let sales = self.terms.revenue.iter().filter(move |row| inside(row.on)).map(move |row| {
            let behind = Behind {
                day: row.on,
                origin: row.place.to_string(),
                what: format!("{} through {}", row.product, row.channel),
                who: row.customer.as_ref().map_or(String::new(), ToString::to_string),
                amount: Some(row.amount),
                toward: ours(
                    &row.toward,
                    row.customer.as_ref(),
                    row.quantity.is_some() && row.customer.is_some(),
                ),
                withheld: false,
            };
            let counts = row.by == self.party || !behind.toward.is_empty();
            (counts, self.told(behind, row.customer.as_ref()))
        });
        let bought = self.terms.purchases.iter().filter(move |row| inside(row.on)).map(move |row| {
            let behind = Behind {
                day: row.on,
                origin: row.place.to_string(),
                what: format!("bought from {}", row.from),
                who: row.by.to_string(),
                amount: Some(row.amount),
                toward: ours(&row.toward, None, false),
                withheld: false,
            };
            let ours = row.by == self.party || row.from == self.party;
            (ours || !behind.toward.is_empty(), behind)
        });
        sales.chain(bought).filter(|(counts, _)| *counts).map(|(_, behind)| behind)
    }

    fn is_parity(&self, clause: &Clause) -> bool {
        self.terms.parities.iter().any(|parity| parity.clause == *clause)
    }

    fn sees(&self, clause: &Clause, customer: Option<&Customer>) -> bool {
        self.sight.sees(&self.terms, clause, customer)
    }

    /// Without what is not for these eyes: who another customer is, and where its purchase is kept.
    fn told(&self, behind: Behind, customer: Option<&Customer>) -> Behind {
        let own = customer.is_some_and(|customer| is_below(customer, self.party.as_str()));
        if self.sight == Sight::Own || self.party == self.own || own {
            return behind;
        }
        Behind { origin: String::new(), who: String::new(), withheld: true, ..behind }
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

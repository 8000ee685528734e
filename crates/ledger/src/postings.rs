//! Double entry: transactions whose postings sum to zero, exactly and in every currency.

use crate::account::Account;
use crate::accrual::Settlement;
use crate::tally::Kind;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Channel, Clause, Customer, Party};
use abide_model::terms::Place;
use abide_model::usage::{Measure, Tokens};
use abide_model::{Date, line::UsageLine};
use std::collections::BTreeMap;

/// How many calls, and what they consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// All calls.
    pub calls: u64,
    /// Those whose counts the cloud did not report.
    pub estimated: u64,
    /// Rows entered by hand, which no calls stand behind.
    pub entered: u64,
    /// What they consumed together.
    pub tokens: Tokens,
}

impl Count {
    /// Adds one line.
    pub(crate) fn add(&mut self, line: &UsageLine) {
        self.calls += 1;
        self.estimated += match line.usage.measure {
            Measure::Reported => 0,
            Measure::Estimated => 1,
        };
        self.tokens = self.tokens.plus(&line.usage.tokens);
    }

    /// Adds another count.
    pub(crate) fn absorb(&mut self, other: &Count) {
        self.calls += other.calls;
        self.estimated += other.estimated;
        self.entered += other.entered;
        self.tokens = self.tokens.plus(&other.tokens);
    }
}

/// One leg of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// How much: debits above zero, credits below.
    pub amount: Amount,
    /// The calls behind it, on revenue from usage.
    pub count: Option<Count>,
}

/// Why a transaction is in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A customer's usage of one day.
    Day {
        /// Whose.
        customer: Customer,
    },
    /// One model call.
    Call(Box<UsageLine>),
    /// Revenue that was entered by hand.
    Entered {
        /// Whose, where that is known.
        customer: Option<Customer>,
        /// Through which channel.
        channel: Channel,
        /// Where it was entered.
        place: Place,
    },
    /// Something bought that was entered by hand.
    Bought {
        /// From whom.
        seller: Party,
        /// Where it was entered.
        place: Place,
    },
    /// What metered calls of one day cost.
    Spent {
        /// Who charges for them.
        seller: Party,
    },
    /// What falls due under a clause that is no share, or is still open.
    Clause {
        /// What the clause is.
        kind: Kind,
        /// The clause.
        clause: Clause,
        /// Who owes it or is owed.
        counterparty: Party,
        /// For which stretch of time.
        stretch: String,
        /// Whether that is still open.
        open: bool,
        /// Whether it is one figure; else the most it can be is booked.
        exact: bool,
    },
    /// What changed of a period that was closed before.
    Adjustment {
        /// The clause.
        clause: Clause,
        /// Who owes it or is owed.
        counterparty: Party,
        /// For which stretch of time.
        stretch: String,
    },
    /// A share of a period that has closed.
    Due {
        /// The clause.
        clause: Clause,
        /// Who owes it or is owed.
        counterparty: Party,
        /// The period, and how it was worked out.
        settlement: Settlement,
    },
    /// A share of a period that is still open, as if it closed at the end of the book.
    Accrued {
        /// The clause.
        clause: Clause,
        /// Who owes it or is owed.
        counterparty: Party,
        /// The period, and how it was worked out.
        settlement: Settlement,
    },
}

/// Postings that belong together. They sum to zero in every currency, by construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    date: Date,
    cause: Cause,
    postings: Vec<Posting>,
}

impl Transaction {
    /// # Panics
    /// When the postings do not sum to zero in every currency; the caller builds them in balance.
    pub(crate) fn new(date: Date, cause: Cause, postings: Vec<Posting>) -> Self {
        let mut totals: BTreeMap<Currency, Exact> = BTreeMap::new();
        for posting in &postings {
            *totals.entry(posting.amount.currency).or_default() += &posting.amount.exact();
        }
        assert!(totals.values().all(Exact::is_zero), "debits equal credits");
        Self { date, cause, postings }
    }

    /// The day it is booked on, in the book's zone.
    #[must_use]
    pub fn date(&self) -> Date {
        self.date
    }

    /// Why it is there.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Its legs.
    #[must_use]
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// Whether its amounts are final: an accrual is not, and neither is what is owed under a term that is not known.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match &self.cause {
            Cause::Day { .. }
            | Cause::Call(_)
            | Cause::Entered { .. }
            | Cause::Bought { .. }
            | Cause::Spent { .. }
            | Cause::Adjustment { .. } => true,
            Cause::Due { settlement, .. } => settlement.due.is_exact(),
            Cause::Clause { open, exact, .. } => !open && *exact,
            Cause::Accrued { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "debits equal credits")]
    fn a_transaction_out_of_balance_cannot_be_made() {
        let customer = Customer::parse("acme").unwrap();
        let posting = |text: &str| Posting {
            account: Account::Receivable(customer.clone()),
            amount: Amount::parse(text).unwrap(),
            count: None,
        };
        let postings = vec![posting("1 USD"), posting("-1 EUR")];
        Transaction::new(jiff::civil::date(2026, 1, 1), Cause::Day { customer: customer.clone() }, postings);
    }
}

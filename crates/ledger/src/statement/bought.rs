//! What was bought: rows that people entered, and what metered calls cost.

use crate::postings::Count;
use crate::sum::Sum;
use crate::tally::Spent;
use abide_model::line::UsageLine;
use abide_model::money::{Currency, Exact};
use abide_model::name::Party;
use abide_model::terms::Purchase;
use std::collections::BTreeMap;

/// What one party bought from another in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// Who bought.
    pub buyer: Party,
    /// Who sold.
    pub seller: Party,
    /// In which currency.
    pub currency: Currency,
    /// The calls and rows.
    pub count: Count,
    /// What they come to, in currency units.
    pub amount: Exact,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Gathered(BTreeMap<(Party, Party, Currency), (Count, Sum)>);

impl Gathered {
    /// Adds a row that `party` bought or sold.
    pub(super) fn add_row(&mut self, row: &Purchase, party: &Party) {
        if row.by == *party || row.from == *party {
            let (count, sum) = self.find((&row.by, &row.from), row.amount.currency);
            count.entered += 1;
            sum.add(row.amount.pico);
        }
    }

    /// Adds what a line cost, where `party` is charged or charges.
    pub(super) fn add_line(&mut self, line: &UsageLine, spent: &Spent<'_>, party: &Party) {
        let (buyer, seller) = (&spent.cost.buyer, &spent.cost.seller);
        if buyer == party || seller == party {
            let (count, sum) = self.find((buyer, seller), spent.amount.currency);
            count.add(line);
            sum.add(spent.amount.pico);
        }
    }

    fn find(&mut self, (buyer, seller): (&Party, &Party), currency: Currency) -> &mut (Count, Sum) {
        self.0.entry((buyer.clone(), seller.clone(), currency)).or_default()
    }

    pub(super) fn finish(self) -> Vec<Bought> {
        let found = self.0.into_iter().map(|((buyer, seller, currency), (count, sum))| Bought {
            buyer,
            seller,
            currency,
            count,
            amount: sum.exact(),
        });
        found.collect()
    }
}

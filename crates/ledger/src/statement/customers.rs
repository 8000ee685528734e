//! What each customer is billed for metered usage: the figures that invoices to customers add up to.

use crate::postings::Count;
use crate::sum::{Sum, TooLarge};
use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::{Currency, Exact};
use abide_model::name::Customer;
use std::collections::BTreeMap;
use std::ops::Range;

/// A customer's metered usage in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerAccount {
    /// The customer.
    pub customer: Customer,
    /// The currency.
    pub currency: Currency,
    /// The calls of the period.
    pub count: Count,
    /// The sum of their charges, in currency units.
    pub revenue: Exact,
    /// What is billed for the period, in minor units: the rounded sum so far less what was billed before.
    pub billed: i128,
}

#[derive(Debug, Clone, Default)]
struct Usage {
    before: Sum,
    count: Count,
    within: Sum,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Gathered(BTreeMap<(Customer, Currency), Usage>);

impl Gathered {
    pub(super) fn add(&mut self, line: &UsageLine, window: &Range<Time>) {
        let Some(charge) = line.charge else { return };
        let usage = self.0.entry((line.customer.clone(), charge.currency)).or_default();
        if line.at < window.start {
            usage.before.add(charge.pico);
        } else {
            usage.count.add(line);
            usage.within.add(charge.pico);
        }
    }

    pub(super) fn finish(self) -> Result<Vec<CustomerAccount>, TooLarge> {
        let used = self.0.into_iter().filter(|(_, usage)| usage.count.calls > 0);
        let account = |((customer, currency), usage): ((Customer, Currency), Usage)| {
            let (before, revenue) = (usage.before.exact(), usage.within.exact());
            let billed = billed(&before, &revenue, currency)?;
            Ok(CustomerAccount { customer, currency, count: usage.count, revenue, billed })
        };
        used.map(account).collect()
    }
}

/// The minor units billed for usage of `within` after usage of `before`, in currency units.
pub(crate) fn billed(before: &Exact, within: &Exact, currency: Currency) -> Result<i128, TooLarge> {
    let so_far = (before + within).to_minor(currency);
    let billed = so_far.zip(before.to_minor(currency)).and_then(|(all, earlier)| all.checked_sub(earlier));
    billed.ok_or(TooLarge { currency })
}

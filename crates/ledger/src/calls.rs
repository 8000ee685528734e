//! Usage as transactions: the calls of a customer's day together, or each by itself.
//!
//! A book of single calls takes two passes over the lines, so that it keeps none of them: the first sums up what opens
//! and closes the book, the second books each call as it comes by.

use crate::account::Account;
use crate::period::Days;
use crate::postings::{Cause, Count, Posting, Transaction};
use crate::sum::{Cumulative, Sum, TooLarge, minor_amount};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Channel, Customer, Product};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// What was used of each offer.
pub(crate) type Sheet = BTreeMap<(Product, Channel), (Count, Sum)>;

/// What the single calls of a book come to. Calls without a price are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    zone: TimeZone,
    until: Time,
    days: BTreeSet<Date>,
    count: u64,
    used: BTreeMap<(Customer, Currency), Sum>,
    sold: BTreeMap<(Product, Channel, Currency), Sum>,
}

impl Calls {
    pub(crate) fn new(zone: TimeZone, until: Time) -> Self {
        let (used, sold) = (BTreeMap::new(), BTreeMap::new());
        Self { zone, until, days: BTreeSet::new(), count: 0, used, sold }
    }

    /// How many there are.
    #[must_use]
    pub fn count_all(&self) -> u64 {
        self.count
    }

    /// The days on which there are any, rising.
    pub fn days(&self) -> impl Iterator<Item = Date> + '_ {
        self.days.iter().copied()
    }

    /// Whose they are, each once.
    pub(crate) fn customers(&self) -> impl Iterator<Item = &Customer> {
        self.used.keys().map(|(customer, _)| customer)
    }

    pub(crate) fn count(&mut self, date: Date, line: &UsageLine, Amount { pico, currency }: Amount) {
        self.count += 1;
        self.days.insert(date);
        self.used.entry((line.customer.clone(), currency)).or_default().add(pico);
        self.sold.entry((line.product.clone(), line.channel.clone(), currency)).or_default().add(pico);
    }

    /// Adds what stands in each account after all calls.
    pub(crate) fn add_to(
        &self,
        balances: &mut BTreeMap<(Account, Currency), Amount>,
    ) -> Result<(), TooLarge> {
        let mut add = |account: Account, amount: Amount| {
            let currency = amount.currency;
            let balance = balances.entry((account, currency)).or_insert_with(|| Amount::zero(currency));
            *balance = balance.checked_add(amount).ok_or(TooLarge { currency })?;
            Ok(())
        };
        for ((customer, currency), sum) in &self.used {
            let used = sum.exact();
            let billed = used.to_minor(*currency).ok_or(TooLarge { currency: *currency })?;
            let billed = minor_amount(billed, *currency)?;
            add(Account::Receivable(customer.clone()), billed)?;
            add(Account::Unbilled(customer.clone()), amount(&(&used - &billed.exact()), *currency)?)?;
        }
        for ((product, channel, currency), sum) in &self.sold {
            add(Account::Usage(product.clone(), channel.clone()), amount(&-sum.exact(), *currency)?)?;
        }
        Ok(())
    }
}

/// Books calls one by one.
#[derive(Debug)]
pub(crate) struct Booking {
    days: Days,
    until: Time,
    billing: Billing,
}

impl Booking {
    pub(crate) fn of(calls: &Calls) -> Self {
        Self { days: Days::new(calls.zone.clone()), until: calls.until, billing: Billing::default() }
    }

    /// The transaction of a call; `None` for one that is not in the book.
    pub(crate) fn book(&mut self, line: &UsageLine) -> Result<Option<Transaction>, TooLarge> {
        let Some(charge) = line.charge.filter(|_| line.at < self.until) else { return Ok(None) };
        let (mut count, mut sum) = (Count::default(), Sum::default());
        count.add(line);
        sum.add(charge.pico);
        let sheet = Sheet::from([((line.product.clone(), line.channel.clone()), (count, sum))]);
        let whom = (line.customer.clone(), charge.currency);
        let (date, cause) = (self.days.find(line.at), Cause::Call(Box::new(line.clone())));
        self.billing.transaction(date, cause, whom, sheet).map(Some)
    }
}

/// Where exact usage becomes whole minor units: one cumulative rounding a customer and currency.
#[derive(Debug, Default)]
pub(crate) struct Billing {
    rounding: BTreeMap<(Customer, Currency), Cumulative>,
}

impl Billing {
    pub(crate) fn transaction(
        &mut self,
        date: Date,
        cause: Cause,
        (customer, currency): (Customer, Currency),
        sheet: Sheet,
    ) -> Result<Transaction, TooLarge> {
        let total: Exact = sheet.values().map(|(_, sum)| sum.exact()).sum();
        let rounding =
            self.rounding.entry((customer.clone(), currency)).or_insert_with(|| Cumulative::new(currency));
        let billed = minor_amount(rounding.add(&total)?, currency)?;
        let unbilled = amount(&(&total - &billed.exact()), currency)?;
        let owed = [(Account::Receivable(customer.clone()), billed), (Account::Unbilled(customer), unbilled)];
        let owed = owed.into_iter().filter(|(_, amount)| amount.pico != 0);
        let mut postings: Vec<Posting> =
            owed.map(|(account, amount)| Posting { account, amount, count: None }).collect();
        for ((product, channel), (count, sum)) in sheet {
            let account = Account::Usage(product, channel);
            postings.push(Posting { account, amount: amount(&-sum.exact(), currency)?, count: Some(count) });
        }
        Ok(Transaction::new(date, cause, postings))
    }
}

fn amount(exact: &Exact, currency: Currency) -> Result<Amount, TooLarge> {
    exact.to_amount(currency).ok_or(TooLarge { currency })
}

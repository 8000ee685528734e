//! The book of one party: usage and shares as double entry, from the first line to a given instant.
//!
//! Income is booked exactly, to the trillionth. What a customer owes is booked in whole minor units, rounded
//! cumulatively a customer and currency; the rest, never more than half a minor unit, stands in `Unbilled`. So no total differs
//! from the sum of its calls by anything.

use crate::account::Account;
use crate::accrual::{Accrual, Settlement};
use crate::period::{Days, date_of};
use crate::postings::{Cause, Count, Posting, Transaction};
use crate::sum::{Cumulative, Sum, TooLarge, minor_amount};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Channel, Clause, Customer, Party, Product};
use abide_model::terms::{Share, YearBegins};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// How usage is put together into transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// One a day, customer and currency. What is kept grows with these, not with calls.
    Day,
    /// One a call. Every call is kept.
    Call,
}

/// What a book is drawn up from.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The party whose book it is.
    pub own: Party,
    /// The zone that days and periods are counted in.
    pub zone: TimeZone,
    /// When the book's years begin.
    pub begins: YearBegins,
    /// The end: lines from here on are left out, periods that close by here are due.
    pub until: Time,
    /// How usage is put together.
    pub detail: Detail,
    /// The terms; those between others are left out.
    pub shares: Vec<Share>,
}

/// A party's book, in the order it is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Whose it is.
    pub own: Party,
    /// The zone of its dates; `None` when the zone has no name.
    pub zone: Option<String>,
    /// Its last day.
    pub last_day: Date,
    /// By date; within one, usage before shares.
    pub transactions: Vec<Transaction>,
    /// What stands in each account at the end.
    pub balances: BTreeMap<(Account, Currency), Amount>,
    /// Calls that no price was found for and that are in no posting.
    pub unpriced: BTreeMap<(Product, Channel), Count>,
}

type Sheet = BTreeMap<(Product, Channel), (Count, Sum)>;

/// Draws up a book from lines in any order.
#[derive(Debug, Clone)]
pub struct Draft {
    scope: Scope,
    days: Days,
    accruals: Vec<Accrual>,
    sheets: BTreeMap<(Date, Customer, Currency), Sheet>,
    calls: Vec<(Date, UsageLine)>,
    unpriced: BTreeMap<(Product, Channel), Count>,
}

impl Draft {
    /// Starts with an empty book.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let ours = scope.shares.iter().filter(|share| share.payer == scope.own || share.payee == scope.own);
        let accruals = ours
            .map(|share| {
                Accrual::new(share.clone(), Time::MIN..scope.until, scope.zone.clone(), scope.begins)
            })
            .collect();
        Self {
            days: Days::new(scope.zone.clone()),
            scope,
            accruals,
            sheets: BTreeMap::new(),
            calls: Vec::new(),
            unpriced: BTreeMap::new(),
        }
    }

    /// Books a line. `covers` says whether a share's base holds it; the share's dates are looked at here.
    pub fn add(&mut self, line: &UsageLine, covers: impl Fn(&Clause, &UsageLine) -> bool) {
        if line.at >= self.scope.until {
            return;
        }
        for accrual in &mut self.accruals {
            if accrual.counts(line.at) && covers(&accrual.share().clause, line) {
                accrual.add(line);
            }
        }
        let place = (line.product.clone(), line.channel.clone());
        let Some(charge) = line.charge else {
            self.unpriced.entry(place).or_default().add(line);
            return;
        };
        let date = self.days.find(line.at);
        match self.scope.detail {
            Detail::Call => self.calls.push((date, line.clone())),
            Detail::Day => {
                let sheet = self.sheets.entry((date, line.customer.clone(), charge.currency)).or_default();
                let (count, sum) = sheet.entry(place).or_default();
                count.add(line);
                sum.add(charge.pico);
            }
        }
    }

    /// The book.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits.
    pub fn finish(mut self) -> Result<Book, TooLarge> {
        let mut billing = Billing::default();
        let mut transactions = Vec::new();
        for ((date, customer, currency), sheet) in std::mem::take(&mut self.sheets) {
            let cause = Cause::Day { customer: customer.clone() };
            transactions.push(billing.transaction(date, cause, (customer, currency), sheet)?);
        }
        self.calls.sort_by_key(|(_, line)| (line.at, line.run, line.call));
        for (date, line) in std::mem::take(&mut self.calls) {
            transactions.extend(billing.call(date, line)?);
        }
        for accrual in &self.accruals {
            self.post_share(accrual, &mut transactions)?;
        }
        transactions.sort_by_key(Transaction::date);
        Ok(Book {
            balances: balances(&transactions)?,
            last_day: self.last_day(),
            zone: self.scope.zone.iana_name().map(str::to_owned),
            own: self.scope.own,
            transactions,
            unpriced: self.unpriced,
        })
    }

    fn post_share(&self, accrual: &Accrual, transactions: &mut Vec<Transaction>) -> Result<(), TooLarge> {
        let share = accrual.share();
        let we_pay = share.payer == self.scope.own;
        let clause = share.clause.clone();
        let counterparty = if we_pay { share.payee.clone() } else { share.payer.clone() };
        for worked in accrual.work_out()? {
            for settlement in worked.settled {
                let accounts = if we_pay {
                    (Account::ShareExpense(clause.clone()), Account::Payable(counterparty.clone()))
                } else {
                    (Account::ShareReceivable(counterparty.clone()), Account::ShareIncome(clause.clone()))
                };
                let (date, postings) =
                    (settlement.period.last_day(), transfer(accounts, &settlement, worked.currency)?);
                let cause =
                    Cause::Due { clause: clause.clone(), counterparty: counterparty.clone(), settlement };
                transactions.push(Transaction::new(date, cause, postings));
            }
            if let Some(settlement) = worked.open {
                let accounts = if we_pay {
                    (Account::ShareExpense(clause.clone()), Account::ShareAccruedOut(counterparty.clone()))
                } else {
                    (Account::ShareAccruedIn(counterparty.clone()), Account::ShareIncome(clause.clone()))
                };
                let (date, postings) = (self.last_day(), transfer(accounts, &settlement, worked.currency)?);
                let cause =
                    Cause::Accrued { clause: clause.clone(), counterparty: counterparty.clone(), settlement };
                transactions.push(Transaction::new(date, cause, postings));
            }
        }
        Ok(())
    }

    fn last_day(&self) -> Date {
        let last = self.scope.until.checked_sub(jiff::SignedDuration::from_nanos(1));
        date_of(last.unwrap_or(Time::MIN), &self.scope.zone)
    }
}

/// Debits the first account and credits the second. Under a cap that is not known the most is booked: a debt that
/// may prove smaller.
fn transfer(
    (debit, credit): (Account, Account),
    settlement: &Settlement,
    currency: Currency,
) -> Result<Vec<Posting>, TooLarge> {
    let amount = minor_amount(settlement.due.high, currency)?;
    let opposite = Amount { pico: -amount.pico, currency };
    let leg = |account, amount| Posting { account, amount, count: None };
    Ok(vec![leg(debit, amount), leg(credit, opposite)])
}

fn balances(transactions: &[Transaction]) -> Result<BTreeMap<(Account, Currency), Amount>, TooLarge> {
    let mut balances = BTreeMap::new();
    for posting in transactions.iter().flat_map(Transaction::postings) {
        let currency = posting.amount.currency;
        let balance =
            balances.entry((posting.account.clone(), currency)).or_insert_with(|| Amount::zero(currency));
        *balance = balance.checked_add(posting.amount).ok_or(TooLarge { currency })?;
    }
    Ok(balances)
}

/// Where exact usage becomes whole minor units: one cumulative rounding a customer and currency.
#[derive(Debug, Default)]
struct Billing {
    rounding: BTreeMap<(Customer, Currency), Cumulative>,
}

impl Billing {
    fn call(&mut self, date: Date, line: UsageLine) -> Result<Option<Transaction>, TooLarge> {
        let Some(charge) = line.charge else { return Ok(None) };
        let (mut count, mut sum) = (Count::default(), Sum::default());
        count.add(&line);
        sum.add(charge.pico);
        let sheet = Sheet::from([((line.product.clone(), line.channel.clone()), (count, sum))]);
        let whom = (line.customer.clone(), charge.currency);
        self.transaction(date, Cause::Call(Box::new(line)), whom, sheet).map(Some)
    }

    fn transaction(
        &mut self,
        date: Date,
        cause: Cause,
        (customer, currency): (Customer, Currency),
        sheet: Sheet,
    ) -> Result<Transaction, TooLarge> {
        let amount = |exact: &Exact| exact.to_amount(currency).ok_or(TooLarge { currency });
        let total: Exact = sheet.values().map(|(_, sum)| sum.exact()).sum();
        let rounding =
            self.rounding.entry((customer.clone(), currency)).or_insert_with(|| Cumulative::new(currency));
        let billed = minor_amount(rounding.add(&total)?, currency)?;
        let unbilled = amount(&(&total - &billed.exact()))?;
        let owed = [(Account::Receivable(customer.clone()), billed), (Account::Unbilled(customer), unbilled)];
        let owed = owed.into_iter().filter(|(_, amount)| amount.pico != 0);
        let mut postings: Vec<Posting> =
            owed.map(|(account, amount)| Posting { account, amount, count: None }).collect();
        for ((product, channel), (count, sum)) in sheet {
            let account = Account::Usage(product, channel);
            postings.push(Posting { account, amount: amount(&-sum.exact())?, count: Some(count) });
        }
        Ok(Transaction::new(date, cause, postings))
    }
}

//! The book of one party: usage and shares as double entry, from the first line to a given instant.
//!
//! Income is booked exactly, to the trillionth. What a customer owes is booked in whole minor units, rounded
//! cumulatively a customer and currency; the rest, never more than half a minor unit, stands in `Unbilled`. So no total differs
//! from the sum of its calls by anything.
//!
//! Calls are never kept: where each is a transaction of its own, the book holds what they come to, and they are booked
//! as their lines come by again.

use crate::account::Account as Ledger;
use crate::bases::{Bases, Reckoned};
use crate::calls::{Billing, Calls, Sheet};
use crate::closing::{Closings, Figure, Obligation, Owed};
use crate::period::{Days, date_of, day_start};
use crate::postings::{Cause, Count, Posting, Transaction};
use crate::statement::{Unplaced, unplaced};
use crate::sum::{TooLarge, minor_amount};
use crate::tally::{Account, Entry, Kind, Owing, Spent, Stretch};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Channel, Clause, Customer, Party, Product};
use abide_model::terms::{self as model, Cost, Purchase, Revenue, Terms, YearBegins};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How usage is put together into transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// One a day, customer and currency. What is kept grows with these, not with calls.
    Day,
    /// One a call, booked as the lines come by a second time. What is kept grows with days, customers and offers.
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
    /// The terms and the rows entered by hand; clauses between others are left out.
    pub terms: Terms,
    /// What was closed.
    pub closings: Closings,
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
    /// By date; within one, usage before shares. Without single calls.
    pub transactions: Vec<Transaction>,
    /// What single calls come to, where each is a transaction. They are in the balances.
    pub calls: Calls,
    /// What stands in each account at the end.
    pub balances: BTreeMap<(Ledger, Currency), Amount>,
    /// Calls that no price was found for and that are in no posting.
    pub unpriced: BTreeMap<(Product, Channel), Count>,
    /// Sales of which a clause cannot say whether it counts them: what is due may change once somebody says.
    pub unplaced: Vec<Unplaced>,
}

/// Draws up a book from lines in any order.
#[derive(Debug, Clone)]
pub struct Draft {
    scope: Scope,
    days: Days,
    bases: Bases,
    sheets: BTreeMap<(Date, Customer, Currency), Sheet>,
    calls: Calls,
    entered: Vec<Revenue>,
    bought: Vec<Purchase>,
    costs: Vec<Cost>,
    spent: BTreeMap<(Date, Party, Currency), Sheet>,
    unpriced: BTreeMap<(Product, Channel), Count>,
    unplaced: unplaced::Gathered,
}

impl Draft {
    /// Starts with an empty book.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let terms = Arc::new(scope.terms.of_party(&scope.own));
        let closings = scope.closings.of_party(&scope.own);
        // A book by days takes no single call.
        let calls_until = if scope.detail == Detail::Call { scope.until } else { Time::MIN };
        let calls = Calls::new(scope.zone.clone(), calls_until);
        let mut bases = Bases::new(&terms, &(Time::MIN..scope.until), &scope.zone, scope.begins);
        let (mut entered, mut unplaced) = (Vec::new(), unplaced::Gathered::default());
        bases.enter(&terms, &scope.zone, |row, _, _| {
            unplaced.add_row(row, |clause| terms.has(clause));
            if row.by == scope.own {
                entered.push(row.clone());
            }
        });
        let bought = |row: &&Purchase| row.by == scope.own && day_start(row.on, &scope.zone) < scope.until;
        Self {
            bought: terms.purchases.iter().filter(bought).cloned().collect(),
            costs: terms.costs.clone(),
            spent: BTreeMap::new(),
            days: Days::new(scope.zone.clone()),
            bases,
            scope: Scope { terms: Terms::default(), closings, ..scope },
            sheets: BTreeMap::new(),
            calls,
            entered,
            unpriced: BTreeMap::new(),
            unplaced,
        }
    }

    /// Books a line. `covers` says whether a share's base holds it; the share's dates are looked at here.
    pub fn add(&mut self, line: &UsageLine, covers: impl Fn(&Clause, &UsageLine) -> bool) {
        if line.at >= self.scope.until {
            return;
        }
        self.bases.meter(line, |clause| covers(clause, line));
        self.spend(line, |clause| covers(clause, line));
        let place = (line.product.clone(), line.channel.clone());
        let Some(charge) = line.charge else {
            self.unpriced.entry(place).or_default().add(line);
            return;
        };
        let date = self.days.find(line.at);
        match self.scope.detail {
            Detail::Call => self.calls.count(date, line, charge),
            Detail::Day => {
                let sheet = self.sheets.entry((date, line.customer.clone(), charge.currency)).or_default();
                let (count, sum) = sheet.entry(place).or_default();
                count.add(line);
                sum.add(charge.pico);
            }
        }
    }

    /// Notes the clauses of which it hangs on a segment or country that the line does not name whether they count it.
    pub fn leave_open(&mut self, line: &UsageLine, unplaced: &[model::Unplaced]) {
        if line.at < self.scope.until {
            self.unplaced.add_line(line, unplaced, |clause| self.bases.tally().has(clause));
        }
    }

    /// Books what a line costs, with what else the same seller charges for that day.
    fn spend(&mut self, line: &UsageLine, covers: impl Fn(&Clause) -> bool) {
        let Some(spent) = Spent::of_line(line, &self.costs) else { return };
        self.bases.spend(&spent, covers);
        let key = (self.days.find(line.at), spent.cost.seller.clone(), spent.amount.currency);
        let sheet = self.spent.entry(key).or_default();
        let (count, sum) = sheet.entry((line.product.clone(), line.channel.clone())).or_default();
        count.add(line);
        sum.add(spent.amount.pico);
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
        for row in std::mem::take(&mut self.entered) {
            transactions.push(entered(row));
        }
        for row in std::mem::take(&mut self.bought) {
            transactions.push(bought(row));
        }
        for ((date, seller, currency), sheet) in std::mem::take(&mut self.spent) {
            transactions.push(spent(date, seller, currency, sheet)?);
        }
        let reckoned = self.bases.work_out()?;
        self.post_due(&reckoned, &mut transactions)?;
        self.post_open(&reckoned, &mut transactions)?;
        transactions.sort_by_key(Transaction::date);
        let mut balances = balances(&transactions)?;
        self.calls.add_to(&mut balances)?;
        Ok(Book {
            balances,
            calls: self.calls.clone(),
            last_day: self.last_day(),
            zone: self.scope.zone.iana_name().map(str::to_owned),
            own: self.scope.own,
            transactions,
            unpriced: self.unpriced,
            unplaced: self.unplaced.finish(),
        })
    }

    /// Posts what has fallen due, as it was closed where the book is closed, and adjustments where it is open.
    fn post_due(
        &self,
        Reckoned { shares, accounts }: &Reckoned<'_>,
        transactions: &mut Vec<Transaction>,
    ) -> Result<(), TooLarge> {
        let mut causes: BTreeMap<Owed, Cause> = BTreeMap::new();
        let mut obligations = Vec::new();
        for (share, worked) in shares {
            for worked in worked {
                for settlement in worked.history.iter().chain(&worked.settled) {
                    let stretch = Stretch::Period(settlement.period);
                    let parties = (&share.payer, &share.payee);
                    let Some(of) = Owed::new(&share.clause, parties, worked.currency, &stretch) else {
                        continue;
                    };
                    let (clause, counterparty) = (share.clause.clone(), self.counterparty(&of));
                    let cause = Cause::Due { clause, counterparty, settlement: settlement.clone() };
                    causes.insert(of.clone(), cause);
                    obligations.push(Obligation { of, due: settlement.due, working: Vec::new() });
                }
            }
        }
        for (account, entry, owing) in self.owings(accounts).filter(|(_, entry, _)| entry.closed) {
            let parties = (&owing.payer, &owing.payee);
            let Some(of) = Owed::new(&account.clause, parties, entry.currency, &entry.stretch) else {
                continue;
            };
            causes.insert(of.clone(), self.cause((account, entry, owing), &of));
            obligations.push(Obligation { of, due: owing.due, working: Vec::new() });
        }
        for Obligation { of, due, .. } in self.scope.closings.due(&obligations, &(Date::MIN..=Date::MAX))? {
            // What was closed and is not owed at all any more stays where it was closed.
            let gone = || self.adjustment(&of);
            let cause = causes.remove(&of).unwrap_or_else(gone);
            if (due.low, due.high) != (0, 0) || has_base(&cause) {
                transactions.push(self.transfer(of.closes, cause, &of, due.high)?);
            }
        }
        for (date, Figure { of, minor, .. }) in self.scope.closings.posted(&obligations)? {
            transactions.push(self.transfer(date, self.adjustment(&of), &of, minor)?);
        }
        Ok(())
    }

    /// Posts what is still open, as if it closed at the end of the book.
    fn post_open(
        &self,
        Reckoned { shares, accounts }: &Reckoned<'_>,
        transactions: &mut Vec<Transaction>,
    ) -> Result<(), TooLarge> {
        for (share, worked) in shares {
            for worked in worked {
                let Some(settlement) = worked.open.clone() else { continue };
                let parties = (&share.payer, &share.payee);
                let stretch = Stretch::Period(settlement.period);
                let Some(of) = Owed::new(&share.clause, parties, worked.currency, &stretch) else { continue };
                let due = settlement.due.high;
                if due == 0 && settlement.base.is_zero() {
                    continue;
                }
                let (clause, counterparty) = (share.clause.clone(), self.counterparty(&of));
                let cause = Cause::Accrued { clause, counterparty, settlement };
                transactions.push(self.transfer(self.last_day(), cause, &of, due)?);
            }
        }
        for (account, entry, owing) in self.owings(accounts).filter(|(_, entry, _)| !entry.closed) {
            if owing.due.high == 0 {
                continue;
            }
            let parties = (&owing.payer, &owing.payee);
            let Some(of) = Owed::new(&account.clause, parties, entry.currency, &entry.stretch) else {
                continue;
            };
            let cause = self.cause((account, entry, owing), &of);
            transactions.push(self.transfer(self.last_day(), cause, &of, owing.due.high)?);
        }
        Ok(())
    }

    /// What the book's own party owes or is owed under clauses that are no shares.
    fn owings<'a>(
        &'a self,
        accounts: &'a [Account],
    ) -> impl Iterator<Item = (&'a Account, &'a Entry, &'a Owing)> {
        let own = &self.scope.own;
        let all =
            accounts.iter().flat_map(|account| account.entries.iter().map(move |entry| (account, entry)));
        let all =
            all.flat_map(|(account, entry)| entry.owed.iter().map(move |owing| (account, entry, owing)));
        all.filter(move |(_, _, owing)| (owing.payer == *own) != (owing.payee == *own))
    }

    fn counterparty(&self, of: &Owed) -> Party {
        if of.payer == self.scope.own { of.payee.clone() } else { of.payer.clone() }
    }

    fn cause(&self, (account, entry, owing): (&Account, &Entry, &Owing), of: &Owed) -> Cause {
        Cause::Clause {
            kind: account.kind,
            clause: account.clause.clone(),
            counterparty: self.counterparty(of),
            stretch: of.stretch.clone(),
            open: !entry.closed,
            exact: owing.due.is_exact(),
        }
    }

    fn adjustment(&self, of: &Owed) -> Cause {
        let (clause, counterparty) = (of.clause.clone(), self.counterparty(of));
        Cause::Adjustment { clause, counterparty, stretch: of.stretch.clone() }
    }

    /// The postings of what is owed: an expense against a debt, or a claim against income. Under a term that is not
    /// known the most is booked: a debt that may prove smaller.
    fn transfer(&self, date: Date, cause: Cause, of: &Owed, minor: i128) -> Result<Transaction, TooLarge> {
        let we_pay = of.payer == self.scope.own;
        let (clause, party) = (of.clause.clone(), self.counterparty(of));
        let open = match &cause {
            Cause::Accrued { .. } => true,
            Cause::Clause { open, .. } => *open,
            Cause::Day { .. }
            | Cause::Call(_)
            | Cause::Entered { .. }
            | Cause::Bought { .. }
            | Cause::Spent { .. }
            | Cause::Due { .. }
            | Cause::Adjustment { .. } => false,
        };
        let kind = self.bases.tally().kind(&of.clause);
        let (debit, credit) = match (we_pay, open) {
            (true, false) => (expense(kind, clause), Ledger::Payable(party)),
            (true, true) => (expense(kind, clause), Ledger::ShareAccruedOut(party)),
            (false, false) => (Ledger::ShareReceivable(party), income(kind, clause)),
            (false, true) => (Ledger::ShareAccruedIn(party), income(kind, clause)),
        };
        let amount = minor_amount(minor, of.currency)?;
        let opposite = Amount { pico: -amount.pico, currency: of.currency };
        let leg = |account, amount| Posting { account, amount, count: None };
        Ok(Transaction::new(date, cause, vec![leg(debit, amount), leg(credit, opposite)]))
    }

    fn last_day(&self) -> Date {
        let last = self.scope.until.checked_sub(jiff::SignedDuration::from_nanos(1));
        date_of(last.unwrap_or(Time::MIN), &self.scope.zone)
    }
}

/// Whether it says what revenue a share was worked out on, which is worth an entry of nothing.
fn has_base(cause: &Cause) -> bool {
    match cause {
        Cause::Due { settlement, .. } | Cause::Accrued { settlement, .. } => !settlement.base.is_zero(),
        Cause::Day { .. }
        | Cause::Call(_)
        | Cause::Entered { .. }
        | Cause::Bought { .. }
        | Cause::Spent { .. }
        | Cause::Clause { .. }
        | Cause::Adjustment { .. } => false,
    }
}

fn expense(kind: Option<Kind>, clause: Clause) -> Ledger {
    match kind {
        Some(kind) => Ledger::ClauseExpense(kind, clause),
        None => Ledger::ShareExpense(clause),
    }
}

fn income(kind: Option<Kind>, clause: Clause) -> Ledger {
    match kind {
        Some(kind) => Ledger::ClauseIncome(kind, clause),
        None => Ledger::ShareIncome(clause),
    }
}

/// A row of revenue that was entered by hand, in full: it was invoiced elsewhere.
fn entered(row: Revenue) -> Transaction {
    let receivable = match &row.customer {
        Some(customer) => Ledger::Receivable(customer.clone()),
        None => Ledger::ReceivableThrough(row.channel.clone()),
    };
    let opposite = Amount { pico: -row.amount.pico, currency: row.amount.currency };
    let usage = Ledger::Usage(row.product, row.channel.clone());
    let postings = vec![
        Posting { account: receivable, amount: row.amount, count: None },
        Posting { account: usage, amount: opposite, count: None },
    ];
    let cause = Cause::Entered { customer: row.customer, channel: row.channel, place: row.place };
    Transaction::new(row.on, cause, postings)
}

/// A row of something bought, in full: its seller's invoice is elsewhere.
fn bought(row: Purchase) -> Transaction {
    let opposite = Amount { pico: -row.amount.pico, currency: row.amount.currency };
    let leg = |account, amount| Posting { account, amount, count: None };
    let postings = vec![
        leg(Ledger::Purchase(row.from.clone()), row.amount),
        leg(Ledger::Payable(row.from.clone()), opposite),
    ];
    Transaction::new(row.on, Cause::Bought { seller: row.from, place: row.place }, postings)
}

/// What metered calls of one day cost, exactly: how their seller rounds is for its invoice to say.
fn spent(date: Date, seller: Party, currency: Currency, sheet: Sheet) -> Result<Transaction, TooLarge> {
    let exact = |sum: Exact| sum.to_amount(currency).ok_or(TooLarge { currency });
    let total: Exact = sheet.values().map(|(_, sum)| sum.exact()).sum();
    let mut postings = Vec::new();
    for ((product, channel), (count, sum)) in sheet {
        let account = Ledger::Served(product, channel);
        postings.push(Posting { account, amount: exact(sum.exact())?, count: Some(count) });
    }
    let account = Ledger::Uninvoiced(seller.clone());
    postings.push(Posting { account, amount: exact(-total)?, count: None });
    Ok(Transaction::new(date, Cause::Spent { seller }, postings))
}

fn balances(transactions: &[Transaction]) -> Result<BTreeMap<(Ledger, Currency), Amount>, TooLarge> {
    let mut balances = BTreeMap::new();
    for posting in transactions.iter().flat_map(Transaction::postings) {
        let currency = posting.amount.currency;
        let balance =
            balances.entry((posting.account.clone(), currency)).or_insert_with(|| Amount::zero(currency));
        *balance = balance.checked_add(posting.amount).ok_or(TooLarge { currency })?;
    }
    Ok(balances)
}

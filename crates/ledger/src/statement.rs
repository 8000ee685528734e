//! The statement of a party for a period: revenue, shares, and what is due, with every line accounted for.
//!
//! One pass over lines in any order; what is kept grows with products, channels and periods, not with lines.
//! Whether a share's base holds a line is asked of the caller.

mod behind;
mod bought;
mod customers;
mod table;
pub(crate) mod unplaced;

pub use behind::Behind;
pub use bought::Bought;
pub use customers::CustomerAccount;
pub(crate) use customers::billed;
pub use unplaced::Unplaced;

use crate::accrual::{Settlement, Worked};
use crate::bases::{Bases, Reckoned};
use crate::closing::{Closings, Figure, Obligation, Owed};
use crate::convert::Quote;
use crate::period::{Period, day_start};
use crate::postings::Count;
use crate::share::Span;
use crate::stake;
use crate::sum::{Sum, TooLarge};
use crate::tally::{AT_FAVOURED_PRICE, Account, Entry, Kind, Say, Spent, Stretch, is_below, plus};
use crate::working;
use abide_model::line::UsageLine;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Channel, Clause, Customer, Party, Product};
use abide_model::terms::{self as model, Share, Terms, YearBegins};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Whose eyes a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Those of the party whose book it is: all that is behind the figures.
    Own,
    /// Those of the party it is drawn up for: what it may be sent. Other customers' names and prices are left out.
    Party,
}

impl Sight {
    /// Whether a sale with this say is among the revenue: what others pay is for the own party's eyes alone.
    fn lists(self, say: Say) -> bool {
        match say {
            Say::Nothing => false,
            Say::IsCompared => self == Sight::Own,
            Say::Counts => true,
        }
    }

    /// Whether it is for these eyes that a clause counts what a customer bought: whom a price is compared with is not.
    fn sees(self, terms: &Terms, clause: &Clause, customer: Option<&Customer>) -> bool {
        let parity = terms.parities.iter().find(|parity| parity.clause == *clause);
        self == Self::Own
            || parity.is_none_or(|parity| customer.is_some_and(|one| is_below(one, parity.buyer.as_str())))
    }
}

/// What a statement is drawn up for.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whom it is for. For the book's own party it holds all revenue, for another what its shares cover.
    pub party: Party,
    /// The party whose lines these are.
    pub own: Party,
    /// Whose eyes it is for.
    pub sight: Sight,
    /// What people call the parties, of those that have a name.
    pub names: BTreeMap<Party, String>,
    /// The period.
    pub period: Period,
    /// The zone that periods are counted in.
    pub zone: TimeZone,
    /// When the book's years begin.
    pub begins: YearBegins,
    /// When it is drawn up: lines from here on are left out, and what closes later is not yet due.
    pub at: Time,
    /// The terms and the rows entered by hand; clauses that neither pay nor burden the party are left out.
    pub terms: Terms,
    /// What was closed.
    pub closings: Closings,
}

/// A party's statement for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whom it is for.
    pub party: Party,
    /// The party whose lines it is drawn from.
    pub own: Party,
    /// Whose eyes it is for.
    pub sight: Sight,
    /// What people call the parties, of those that have a name.
    pub names: BTreeMap<Party, String>,
    /// The period.
    pub period: Period,
    /// Its instants.
    pub bounds: Range<Time>,
    /// The zone it is counted in.
    pub zone: TimeZone,
    /// When the book's years begin.
    pub begins: YearBegins,
    /// When it was drawn up. Before the end of the period it holds what there was by then.
    pub at: Time,
    /// Revenue, by product, channel and currency.
    pub revenue: Vec<Revenue>,
    /// Calls without a price, by product and channel. They are in no sum.
    pub unpriced: Vec<Unpriced>,
    /// Sales of which a clause cannot say whether it counts them.
    pub unplaced: Vec<Unplaced>,
    /// Revenue, by currency.
    pub totals: Vec<Total>,
    /// What the party bought and sold by purchases that were entered, and what metered calls cost, by currency.
    pub bought: Vec<Bought>,
    /// Metered usage by customer, for the book's own party alone.
    pub customers: Vec<CustomerAccount>,
    /// The shares that pay or burden the party.
    pub shares: Vec<ShareAccount>,
    /// The other clauses about money that do, with what closes in the period or is still open.
    pub accounts: Vec<Account>,
    /// The rates at which what counts in the period was converted.
    pub rates: BTreeSet<Quote>,
    /// What the party and others own of one another at the end of the period.
    pub holdings: Vec<Holding>,
    /// All that falls due in the period. Where the book is closed, as it was closed.
    pub falls_due: Vec<Obligation>,
    /// What changed of periods that were closed before, posted in this one.
    pub adjustments: Vec<Figure>,
    /// All that has fallen due since the beginning, as it is worked out now.
    pub obligations: Vec<Obligation>,
    /// The last closed day.
    pub closed_through: Option<Date>,
    /// What falls due in the period and what is still accruing, by currency.
    pub due: Vec<Due>,
}

/// A part of a company that a party owns at the end of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Who owns it.
    pub holder: Party,
    /// The company.
    pub company: Party,
    /// The part held directly.
    pub direct: Exact,
    /// The part held directly or through others.
    pub whole: Exact,
    /// What that is worth by the last valuation, in units of its currency.
    pub worth: Option<(Exact, Currency)>,
}

/// Revenue from a product through a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// What was sold.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// In which currency.
    pub currency: Currency,
    /// The calls behind it.
    pub count: Count,
    /// The sum of their charges, in currency units.
    pub revenue: Exact,
}

/// Calls that no price was found for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpriced {
    /// What was used.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// The calls.
    pub count: Count,
}

/// All revenue in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// The currency.
    pub currency: Currency,
    /// The calls behind it.
    pub count: Count,
    /// The sum of their charges, in currency units.
    pub revenue: Exact,
    /// The same in minor units, rounded once, half to even.
    pub revenue_minor: i128,
}

/// A share, and what it comes to in the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareAccount {
    /// The terms.
    pub terms: Share,
    /// Calls of the period that belong to the base and are not in it, having no price.
    pub unpriced_calls: u64,
    /// By currency of the base; none before the first revenue, unless a cap names a currency.
    pub entries: Vec<ShareEntry>,
}

/// A share in one currency. Sums are in currency units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareEntry {
    /// The currency.
    pub currency: Currency,
    /// The base from the share's start to the start of the period.
    pub base_before: Exact,
    /// The base in the period.
    pub base: Exact,
    /// What the share has come to before the period; so much of a cap is used up.
    pub used_before: Span<Exact>,
    /// What it has come to at the end of the period.
    pub used_after: Span<Exact>,
    /// What is left of the cap on the total at the end; `None` where there is none, or it is not known.
    pub left: Option<Span<Exact>>,
    /// The share of the period. Both ends of its span are sums under one value of the cap.
    pub share: Span<Exact>,
    /// The settlements that fall due in the period.
    pub settled: Vec<Settlement>,
    /// What they come to, in minor units.
    pub due: Span<i128>,
    /// The settlement that is still open at the end, as if it closed then.
    pub open: Option<Settlement>,
}

/// What falls due and what is still accruing in one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The currency.
    pub currency: Currency,
    /// What the party receives.
    pub to_party: Span<i128>,
    /// What the party pays.
    pub by_party: Span<i128>,
    /// What the party would receive besides, if what is open closed when the statement ends.
    pub accrued_to_party: Span<i128>,
    /// What the party would pay besides.
    pub accrued_by_party: Span<i128>,
}

impl Statement {
    /// What people call a party: its name, else its id.
    #[must_use]
    pub fn name<'s>(&'s self, party: &'s Party) -> &'s str {
        self.names.get(party).map_or(party.as_str(), String::as_str)
    }
}

const NOTHING: Span<i128> = Span { low: 0, high: 0 };

impl Due {
    fn none(currency: Currency) -> Self {
        Self {
            currency,
            to_party: NOTHING,
            by_party: NOTHING,
            accrued_to_party: NOTHING,
            accrued_by_party: NOTHING,
        }
    }
}

/// Draws up a statement from all lines between the start of the oldest share and the end of the period.
///
/// # Errors
/// When an amount does not fit in 128 bits of minor units.
pub fn statement<L: Borrow<UsageLine>>(
    scope: Scope,
    lines: impl IntoIterator<Item = L>,
    covers: impl Fn(&Clause, &UsageLine) -> bool,
) -> Result<Statement, TooLarge> {
    let mut draft = Draft::new(scope);
    for line in lines {
        draft.add(line.borrow(), &covers);
    }
    draft.finish()
}

/// A statement in the making, for lines that arrive piece by piece.
#[derive(Debug, Clone)]
pub struct Draft {
    party: Party,
    own: Party,
    sight: Sight,
    names: BTreeMap<Party, String>,
    period: Period,
    bounds: Range<Time>,
    // Invariant: within the bounds, up to when the statement is drawn up.
    window: Range<Time>,
    zone: TimeZone,
    begins: YearBegins,
    at: Time,
    terms: Arc<Terms>,
    closings: Closings,
    bases: Bases,
    revenue: BTreeMap<(Product, Channel, Currency), (Count, Sum)>,
    unpriced: BTreeMap<(Product, Channel), Count>,
    unplaced: unplaced::Gathered,
    bought: bought::Gathered,
    customers: customers::Gathered,
    /// Whether obligations between others are kept.
    all: bool,
}

impl Draft {
    /// Starts with the rows that were entered, and no lines.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let terms = scope.terms.of_party(&scope.party);
        let closings = scope.closings.of_party(&scope.party);
        Self::under(Scope { terms, closings, ..scope }, false)
    }

    /// The same under every clause of the book, whomever it concerns: what a period is closed with.
    #[must_use]
    pub fn of_all(scope: Scope) -> Self {
        Self::under(scope, true)
    }

    fn under(scope: Scope, all: bool) -> Self {
        let bounds = scope.period.bounds(&scope.zone);
        let window = bounds.start..bounds.end.min(scope.at).max(bounds.start);
        let terms = Arc::new(scope.terms);
        let mut draft = Self {
            bases: Bases::new(&terms, &window, &scope.zone, scope.begins),
            zone: scope.zone,
            begins: scope.begins,
            at: scope.at,
            terms,
            closings: scope.closings,
            bounds,
            window,
            party: scope.party,
            own: scope.own,
            sight: scope.sight,
            names: scope.names,
            period: scope.period,
            revenue: BTreeMap::new(),
            unpriced: BTreeMap::new(),
            unplaced: unplaced::Gathered::default(),
            bought: bought::Gathered::default(),
            customers: customers::Gathered::default(),
            all,
        };
        draft.enter();
        draft
    }

    /// Adds a line. `covers` says whether a clause's base holds it; the clause's dates are looked at here.
    pub fn add(&mut self, line: &UsageLine, covers: impl Fn(&Clause, &UsageLine) -> bool) {
        if line.at >= self.at || line.at >= self.window.end {
            return;
        }
        let say = self.bases.meter(line, |clause| covers(clause, line));
        if let Some(spent) = Spent::of_line(line, &self.terms.costs) {
            self.bases.spend(&spent, |clause| covers(clause, line));
            if self.window.contains(&line.at) {
                self.bought.add_line(line, &spent, &self.party);
            }
        }
        let listed = self.party == self.own || self.sight.lists(say);
        if self.party == self.own {
            self.customers.add(line, &self.window);
        }
        if !listed || !self.window.contains(&line.at) {
            return;
        }
        let (product, channel) = (line.product.clone(), line.channel.clone());
        match line.charge {
            Some(charge) => {
                let (count, sum) = self.revenue.entry((product, channel, charge.currency)).or_default();
                count.add(line);
                sum.add(charge.pico);
            }
            None => self.unpriced.entry((product, channel)).or_default().add(line),
        }
    }

    /// Adds the rows that were entered by hand.
    fn enter(&mut self) {
        let Self { terms, bases, zone, window, revenue, party, unplaced, sight, bought, .. } = self;
        for row in terms.purchases.iter().filter(|row| window.contains(&day_start(row.on, zone))) {
            bought.add_row(row, party);
        }
        bases.enter(terms, zone, |row, at, say| {
            if window.contains(&at) {
                let seen = |clause: &Clause| sight.sees(terms, clause, row.customer.as_ref());
                unplaced.add_row(row, |clause| terms.has(clause) && seen(clause));
            }
            let listed = row.by == *party || sight.lists(say);
            if listed && window.contains(&at) {
                let place = (row.product.clone(), row.channel.clone(), row.amount.currency);
                let (count, sum) = revenue.entry(place).or_default();
                count.entered += 1;
                sum.add(row.amount.pico);
            }
        });
    }

    /// Notes the clauses of which it hangs on a segment or country that the line does not name whether they count it.
    pub fn leave_open(&mut self, line: &UsageLine, unplaced: &[model::Unplaced]) {
        if line.at < self.at && self.window.contains(&line.at) {
            let seen = |clause: &Clause| self.sight.sees(&self.terms, clause, Some(&line.customer));
            self.unplaced.add_line(line, unplaced, |clause| self.terms.has(clause) && seen(clause));
        }
    }

    /// The statement of the lines so far.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn finish(self) -> Result<Statement, TooLarge> {
        let reckoned = self.bases.work_out()?;
        let obligations = self.obligations(&reckoned);
        let days = self.period.first_day()..=self.period.last_day();
        let mut rates = self.quotes(&reckoned);
        let Reckoned { shares, accounts } = reckoned;
        let shares = shares.into_iter().zip(self.bases.unpriced()).map(account);
        let shares: Vec<ShareAccount> = shares.collect::<Result<_, _>>()?;
        let accounts = self.in_period(accounts);
        rates.extend(
            accounts
                .iter()
                .flat_map(|account| &account.entries)
                .flat_map(|entry| entry.quotes.iter().cloned()),
        );
        let falls_due = self.closings.due(&obligations, &days)?;
        let adjustments = self.closings.adjustments(&obligations, &days)?;
        let due = due((&falls_due, &adjustments), (&shares, &accounts), &self.party)?;
        let mut holdings = holdings(&self.terms, self.period.last_day());
        holdings.retain(|held| held.holder == self.party || held.company == self.party);
        let revenue: Vec<Revenue> = self.revenue.into_iter().map(revenue).collect();
        let unpriced = self.unpriced.into_iter();
        Ok(Statement {
            totals: totals(&revenue)?,
            due,
            unpriced: unpriced
                .map(|((product, channel), count)| Unpriced { product, channel, count })
                .collect(),
            unplaced: self.unplaced.finish(),
            bought: self.bought.finish(),
            customers: self.customers.finish()?,
            sight: self.sight,
            names: self.names,
            zone: self.zone,
            begins: self.begins,
            closed_through: self.closings.through(),
            party: self.party,
            own: self.own,
            period: self.period,
            bounds: self.bounds,
            at: self.at,
            revenue,
            shares,
            accounts,
            rates,
            holdings,
            falls_due,
            adjustments,
            obligations,
        })
    }

    /// The rates at which revenue of shares that close in the period, or are still open, was converted.
    fn quotes(&self, reckoned: &Reckoned<'_>) -> BTreeSet<Quote> {
        let mut found = BTreeSet::new();
        for (at, (_, worked)) in reckoned.shares.iter().enumerate() {
            for worked in worked {
                for settlement in worked.settled.iter().chain(&worked.open) {
                    found.extend(self.bases.quotes(at, worked.currency, settlement.period));
                }
            }
        }
        found
    }

    /// All that has fallen due by the end of the window.
    fn obligations(&self, reckoned: &Reckoned<'_>) -> Vec<Obligation> {
        let mut found = Vec::new();
        for (at, (share, worked)) in reckoned.shares.iter().enumerate() {
            for worked in worked {
                for settlement in worked.history.iter().chain(&worked.settled) {
                    let stretch = Stretch::Period(settlement.period);
                    let parties = (&share.payer, &share.payee);
                    let of = Owed::new(&share.clause, parties, worked.currency, &stretch);
                    let quotes = self.bases.quotes(at, worked.currency, settlement.period);
                    let working = working::of_share(share, settlement, worked.currency, &quotes);
                    found.extend(of.map(|of| Obligation { of, due: settlement.due, working }));
                }
            }
        }
        for account in &reckoned.accounts {
            for entry in account.entries.iter().filter(|entry| entry.closed) {
                for owing in entry.owed.iter().filter(|owing| owing.payer != owing.payee) {
                    let parties = (&owing.payer, &owing.payee);
                    let of = Owed::new(&account.clause, parties, entry.currency, &entry.stretch);
                    let working = working::of_entry(entry);
                    found.extend(of.map(|of| Obligation { of, due: owing.due, working }));
                }
            }
        }
        found.retain(|owed| self.all || owed.of.payer == self.party || owed.of.payee == self.party);
        found
    }

    /// The accounts with what closes in the period or is still open at its end.
    fn in_period(&self, accounts: Vec<Account>) -> Vec<Account> {
        let shown = |entry: &Entry| {
            let last = entry.stretch.last_day();
            !entry.closed || last.is_some_and(|last| last >= self.period.first_day())
        };
        let told = |(name, _): &(&str, Span<Exact>)| self.sight == Sight::Own || *name != AT_FAVOURED_PRICE;
        let cut = |account: Account| Account {
            entries: account
                .entries
                .into_iter()
                .filter(shown)
                .map(|entry| Entry { figures: entry.figures.into_iter().filter(told).collect(), ..entry })
                .collect(),
            ..account
        };
        // A guarantee or a commitment has something for every period in which it runs; the others need sales for that.
        let runs = |account: &Account| match account.kind {
            Kind::Guarantee | Kind::Commit => !account.entries.is_empty() || !account.unconverted.is_empty(),
            Kind::Split | Kind::Parity => true,
        };
        accounts.into_iter().map(cut).filter(runs).collect()
    }
}

/// What parties own of one another on a day; nothing where stakes contradict one another.
fn holdings(terms: &Terms, on: Date) -> Vec<Holding> {
    let Ok(direct) = stake::direct(&terms.stakes, on) else { return Vec::new() };
    let Ok(whole) = stake::look_through(&direct, on) else { return Vec::new() };
    let holding = |((holder, company), part): (&(Party, Party), &Exact)| Holding {
        holder: holder.clone(),
        company: company.clone(),
        direct: direct.get(&(holder.clone(), company.clone())).cloned().unwrap_or_default(),
        whole: part.clone(),
        worth: stake::worth(part, company, &terms.valuations, on).map(|(worth, of)| (worth, of.currency)),
    };
    whole.iter().map(holding).collect()
}

fn revenue(
    ((product, channel, currency), (count, sum)): ((Product, Channel, Currency), (Count, Sum)),
) -> Revenue {
    Revenue { product, channel, currency, count, revenue: sum.exact() }
}

fn totals(revenue: &[Revenue]) -> Result<Vec<Total>, TooLarge> {
    let mut sums: BTreeMap<Currency, (Count, Exact)> = BTreeMap::new();
    for row in revenue {
        let (count, sum) = sums.entry(row.currency).or_default();
        count.absorb(&row.count);
        *sum += &row.revenue;
    }
    let total = |(currency, (count, revenue)): (Currency, (Count, Exact))| {
        let revenue_minor = revenue.to_minor(currency).ok_or(TooLarge { currency })?;
        Ok(Total { currency, count, revenue, revenue_minor })
    };
    sums.into_iter().map(total).collect()
}

fn account(
    ((share, worked), unpriced_calls): ((&Share, Vec<Worked>), u64),
) -> Result<ShareAccount, TooLarge> {
    let entries = worked.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(ShareAccount { terms: share.clone(), unpriced_calls, entries })
}

fn entry(worked: Worked) -> Result<ShareEntry, TooLarge> {
    let mut due = NOTHING;
    for settlement in &worked.settled {
        due = plus(&due, &settlement.due, worked.currency)?;
    }
    let (before, after) = (&worked.used_before, &worked.used_after);
    Ok(ShareEntry {
        currency: worked.currency,
        share: Span { low: &after.low - &before.low, high: &after.high - &before.high },
        base_before: worked.base_before,
        base: worked.base,
        used_before: worked.used_before,
        used_after: worked.used_after,
        settled: worked.settled,
        due,
        open: worked.open,
        left: worked.left,
    })
}

fn due(
    (falls_due, adjustments): (&[Obligation], &[Figure]),
    (shares, accounts): (&[ShareAccount], &[Account]),
    party: &Party,
) -> Result<Vec<Due>, TooLarge> {
    let mut sums: BTreeMap<Currency, Due> = BTreeMap::new();
    let mut add = |(payer, payee): (&Party, &Party), currency: Currency, span: &Span<i128>, accrued: bool| {
        let sum = sums.entry(currency).or_insert_with(|| Due::none(currency));
        let Due { to_party, by_party, accrued_to_party, accrued_by_party, .. } = sum;
        if payee == party {
            let place = if accrued { &mut *accrued_to_party } else { &mut *to_party };
            *place = plus(place, span, currency)?;
        }
        if payer == party {
            let place = if accrued { &mut *accrued_by_party } else { &mut *by_party };
            *place = plus(place, span, currency)?;
        }
        Ok::<(), TooLarge>(())
    };
    for Obligation { of, due, .. } in falls_due {
        add((&of.payer, &of.payee), of.currency, due, false)?;
    }
    for Figure { of, minor, .. } in adjustments {
        add((&of.payer, &of.payee), of.currency, &Span::exactly(*minor), false)?;
    }
    for share in shares {
        for entry in &share.entries {
            let open = entry.open.as_ref().map_or(NOTHING, |open| open.due);
            add((&share.terms.payer, &share.terms.payee), entry.currency, &open, true)?;
        }
    }
    for account in accounts {
        for entry in account.entries.iter().filter(|entry| !entry.closed) {
            for owing in entry.owed.iter().filter(|owing| owing.payer != owing.payee) {
                add((&owing.payer, &owing.payee), entry.currency, &owing.due, true)?;
            }
        }
    }
    Ok(sums.into_values().collect())
}

//! Gathers what guarantees, commitments, splits and most favoured prices are worked out on, and works them out. What
//! is kept grows with clauses, periods, stages and priced deals, not with lines.

mod earned;

use self::earned::{Earned, OfPeriod};
use crate::accrual::Worked;
use crate::commit::{self, Drawn};
use crate::convert::{Quote, Rates};
use crate::guarantee;
use crate::parity::{self, Deal};
use crate::period::{Period, Periods, date_of, day_start};
use crate::rate;
use crate::share::Span;
use crate::split;
use crate::sum::{Cumulative, Sum, TooLarge};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Clause, Customer, Party, Product};
use abide_model::terms::{
    Commit, Comparable, Cost, Guarantee, Parity, Quantity, Revenue, Share, Split, Stage, Step, Take, Terms,
    YearBegins,
};
use abide_model::{Date, Time};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What a buyer would have paid at the prices of others.
pub(crate) const AT_FAVOURED_PRICE: &str = "at the favoured price";

/// What a clause about money other than a share is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A minimum guarantee.
    Guarantee,
    /// A commitment to buy.
    Commit,
    /// A waterfall.
    Split,
    /// A most favoured price.
    Parity,
}

impl Kind {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Guarantee => "guarantee",
            Kind::Commit => "commit",
            Kind::Split => "split",
            Kind::Parity => "parity",
        }
    }
}

/// The stretch of time that something falls due for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stretch {
    /// A period.
    Period(Period),
    /// A stage of a schedule: its first day, and the first after it.
    Stage(Date, Option<Date>),
}

impl Stretch {
    /// Its last day; `None` when it does not end.
    #[must_use]
    pub fn last_day(&self) -> Option<Date> {
        match self {
            Stretch::Period(period) => Some(period.last_day()),
            Stretch::Stage(_, until) => until.and_then(|until| until.yesterday().ok()),
        }
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stretch::Period(period) => period.fmt(f),
            Stretch::Stage(since, Some(until)) => {
                write!(f, "{since} to {}", until.yesterday().unwrap_or(*until))
            }
            Stretch::Stage(since, None) => write!(f, "{since} on"),
        }
    }
}

/// What one party owes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    /// Who owes. What is taken back is owed the same way round, below zero.
    pub payer: Party,
    /// Who is owed.
    pub payee: Party,
    /// Exact, in currency units.
    pub exact: Span<Exact>,
    /// To be paid, in minor units.
    pub due: Span<i128>,
}

/// A period or stage of a clause, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// For which stretch of time.
    pub stretch: Stretch,
    /// In which currency.
    pub currency: Currency,
    /// Whether it has closed by the end of the statement; else it is worked out as if it closed then.
    pub closed: bool,
    /// The figures that lead to what is owed, by name, in currency units.
    pub figures: Vec<(&'static str, Span<Exact>)>,
    /// The rates at which what is behind the figures was converted.
    pub quotes: BTreeSet<Quote>,
    /// What is owed, as a part of an amount in currency units, where it is neither all of a figure nor none.
    pub part: Option<(Exact, Exact)>,
    /// What is owed.
    pub owed: Vec<Owing>,
}

/// The names of a commitment's figures, in the order in which they stand.
pub(crate) const WANTED: &str = "to be bought";
pub(crate) const BOUGHT: &str = "bought";
/// What is missing when a stage ends, …
pub(crate) const SHORT: &str = "short";
/// … and before, …
pub(crate) const LEFT: &str = "still to be bought";
/// … and when it ends early, and nothing is owed of it.
pub(crate) const LAPSED: &str = "not bought when it lapsed";

impl Entry {
    /// One of its figures.
    pub(crate) fn figure(&self, name: &str) -> Option<&Span<Exact>> {
        self.figures.iter().find(|(one, _)| *one == name).map(|(_, figure)| figure)
    }
}

/// A clause and all its periods or stages, from the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The clause.
    pub clause: Clause,
    /// What it is.
    pub kind: Kind,
    /// Who owes under it: who guarantees, buys, collects, sells.
    pub payer: Party,
    /// Who is owed, where that is one party.
    pub payee: Option<Party>,
    /// By time.
    pub entries: Vec<Entry>,
    /// What could not be counted, having no rate to the clause's currency.
    pub unconverted: BTreeMap<Currency, Exact>,
}

/// Something sold, as the base of clauses counts it.
pub(crate) struct Sale<'a> {
    pub(crate) at: Time,
    pub(crate) product: &'a Product,
    pub(crate) customer: Option<&'a Customer>,
    pub(crate) amount: Amount,
    pub(crate) quantity: Option<&'a Quantity>,
    /// Whether it is a call rather than a row.
    pub(crate) metered: bool,
}

impl<'a> Sale<'a> {
    /// A metered line; `None` when it has no price.
    pub(crate) fn of_line(line: &'a UsageLine) -> Option<Self> {
        let (product, customer) = (&line.product, Some(&line.customer));
        line.charge.map(|amount| Sale {
            at: line.at,
            product,
            customer,
            amount,
            quantity: None,
            metered: true,
        })
    }

    /// A row that was entered by hand, whose day begins at `at`.
    pub(crate) fn of_row(row: &'a Revenue, at: Time) -> Self {
        let (customer, quantity) = (row.customer.as_ref(), row.quantity.as_ref());
        Sale { at, product: &row.product, customer, amount: row.amount, quantity, metered: false }
    }
}

/// What a metered call costs the book's own party.
pub(crate) struct Spent<'a> {
    pub(crate) at: Time,
    pub(crate) cost: &'a Cost,
    pub(crate) amount: Amount,
}

impl<'a> Spent<'a> {
    /// What a line costs under `costs`; `None` where its channel's operator has no price for it.
    pub(crate) fn of_line(line: &UsageLine, costs: &'a [Cost]) -> Option<Self> {
        let (cost, amount) = rate::cost(costs, line)?;
        Some(Spent { at: line.at, cost, amount })
    }

    /// Whether a commitment is one of its buyer to its seller.
    pub(crate) fn is_between(&self, commit: &Commit) -> bool {
        (&commit.buyer, &commit.seller) == (&self.cost.buyer, &self.cost.seller)
    }
}

/// What a sale does under the clauses of a tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Say {
    /// No clause has it in its base.
    Nothing,
    /// Its price is what that of another customer is compared with.
    IsCompared,
    /// It counts.
    Counts,
}

/// Sums in the currency of a clause.
#[derive(Debug, Clone, Default)]
struct Gathered {
    own: Sum,
    converted: Exact,
    /// From which currencies, at the rates of which days.
    days: BTreeSet<(Currency, Date)>,
    units: Exact,
}

impl Gathered {
    fn exact(&self) -> Exact {
        &self.own.exact() + &self.converted
    }

    /// The rates that what was converted to `currency` was converted at.
    fn quotes(&self, rates: &Rates, currency: Currency) -> BTreeSet<Quote> {
        self.days.iter().filter_map(|(from, day)| rates.quote(*from, currency, *day)).collect()
    }
}

/// Units and amounts that each customer bought.
type Prices = BTreeMap<Customer, (Exact, Exact)>;
type Grosses = BTreeMap<(Currency, Period), Gathered>;
type Deals = BTreeMap<(Period, Product, String, Currency), Prices>;

/// Collects the bases of all clauses about money that are no shares.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    terms: Arc<Terms>,
    zone: TimeZone,
    begins: YearBegins,
    until: Time,
    rates: Arc<Rates>,
    splits: Vec<(Range<Time>, Periods, Grosses)>,
    commits: Vec<(Vec<Gathered>, BTreeMap<Currency, Exact>)>,
    /// For each commitment, whether metered calls draw it down by what they cost, since its buyer is charged for them.
    at_cost: Vec<bool>,
    parities: Vec<(Range<Time>, Periods, Deals)>,
}

impl Tally {
    /// What comes at `until` or later is left out.
    pub(crate) fn new(
        terms: Arc<Terms>,
        zone: TimeZone,
        begins: YearBegins,
        until: Time,
        rates: Arc<Rates>,
    ) -> Self {
        let days = |since: Date, end: Option<Date>| {
            day_start(since, &zone)..end.map_or(Time::MAX, |end| day_start(end, &zone))
        };
        let split = |split: &Split| {
            (days(split.since, split.until), Periods::new(split.every, begins, zone.clone()), BTreeMap::new())
        };
        let parity = |parity: &Parity| {
            (
                days(parity.since, parity.until),
                Periods::new(parity.every, begins, zone.clone()),
                BTreeMap::new(),
            )
        };
        Self {
            splits: terms.splits.iter().map(split).collect(),
            parities: terms.parities.iter().map(parity).collect(),
            at_cost: terms
                .commits
                .iter()
                .map(|commit| {
                    let between =
                        |cost: &Cost| (&cost.buyer, &cost.seller) == (&commit.buyer, &commit.seller);
                    terms.costs.iter().any(between)
                })
                .collect(),
            commits: terms
                .commits
                .iter()
                .map(|commit| (vec![Gathered::default(); commit.stages.len()], BTreeMap::new()))
                .collect(),
            terms,
            zone,
            begins,
            until,
            rates,
        }
    }

    /// Whether a clause is among the terms.
    pub(crate) fn has(&self, clause: &Clause) -> bool {
        self.terms.has(clause)
    }

    /// Whether there is any clause that sales count toward.
    pub(crate) fn counts_sales(&self) -> bool {
        !(self.splits.is_empty() && self.commits.is_empty() && self.parities.is_empty())
    }

    /// What kind of clause this is; `None` when it is a share.
    pub(crate) fn kind(&self, clause: &Clause) -> Option<Kind> {
        let terms = &self.terms;
        let any = |mut names: Box<dyn Iterator<Item = &Clause> + '_>| names.any(|name| name == clause);
        let kinds = [
            (Kind::Guarantee, any(Box::new(terms.guarantees.iter().map(|one| &one.clause)))),
            (Kind::Commit, any(Box::new(terms.commits.iter().map(|one| &one.clause)))),
            (Kind::Split, any(Box::new(terms.splits.iter().map(|one| &one.clause)))),
            (Kind::Parity, any(Box::new(terms.parities.iter().map(|one| &one.clause)))),
        ];
        kinds.into_iter().find(|(_, found)| *found).map(|(kind, _)| kind)
    }

    /// Adds a sale to every clause whose base holds it; how much of a say it has there.
    pub(crate) fn add(&mut self, sale: &Sale<'_>, holds: impl Fn(&Clause) -> bool) -> Say {
        let mut found = Say::Nothing;
        let terms = Arc::clone(&self.terms);
        for (split, (counts, periods, sums)) in terms.splits.iter().zip(&mut self.splits) {
            if !counts.contains(&sale.at) || !holds(&split.clause) {
                continue;
            }
            found = Say::Counts;
            let currency = split_currency(split).unwrap_or(sale.amount.currency);
            let period = periods.find(sale.at);
            let day = date_of(sale.at, &self.zone);
            let into = into(&self.rates, sale.amount, currency, day);
            let gathered = match into {
                Some(into) => {
                    let gathered = sums.entry((currency, period)).or_default();
                    gather(gathered, into);
                    gathered
                }
                // Without a rate it is passed on in its own currency, in which fixed steps take nothing.
                None => {
                    let gathered = sums.entry((sale.amount.currency, period)).or_default();
                    gather(gathered, Into::Same(sale.amount.pico));
                    gathered
                }
            };
            if let Some(quantity) = sale.quantity {
                gathered.units += &quantity.count;
            }
        }
        for (at, commit) in terms.commits.iter().enumerate() {
            let at_cost = sale.metered && self.at_cost.get(at).is_some_and(|at_cost| *at_cost);
            if !at_cost && holds(&commit.clause) {
                found = Say::Counts;
                self.draw(at, sale.at, sale.amount);
            }
        }
        let Some((quantity, customer)) = sale.quantity.zip(sale.customer) else { return found };
        for (parity, (counts, periods, deals)) in terms.parities.iter().zip(&mut self.parities) {
            if !counts.contains(&sale.at) || !holds(&parity.clause) {
                continue;
            }
            let own = is_below(customer, parity.buyer.as_str());
            found = found.max(if own { Say::Counts } else { Say::IsCompared });
            let place =
                (periods.find(sale.at), sale.product.clone(), quantity.unit.clone(), sale.amount.currency);
            let (units, paid) = deals.entry(place).or_default().entry(customer.clone()).or_default();
            *units += &quantity.count;
            *paid += &sale.amount.exact();
        }
        found
    }

    /// Whether metered calls draw a commitment down by what they cost rather than by what is charged for them.
    pub(crate) fn is_at_cost(&self, clause: &Clause) -> bool {
        let mut commits = self.terms.commits.iter().zip(&self.at_cost);
        commits.any(|(commit, at_cost)| *at_cost && commit.clause == *clause)
    }

    /// Counts what a metered call costs toward the commitments between its buyer and its seller.
    pub(crate) fn spend(&mut self, spent: &Spent<'_>, holds: impl Fn(&Clause) -> bool) {
        let terms = Arc::clone(&self.terms);
        for (place, commit) in terms.commits.iter().enumerate() {
            if spent.is_between(commit) && holds(&commit.clause) {
                self.draw(place, spent.at, spent.amount);
            }
        }
    }

    /// Counts something bought toward a commitment.
    pub(crate) fn buy(&mut self, at: Time, amount: Amount, holds: impl Fn(&Clause) -> bool) {
        let terms = Arc::clone(&self.terms);
        for (place, commit) in terms.commits.iter().enumerate() {
            if holds(&commit.clause) {
                self.draw(place, at, amount);
            }
        }
    }

    fn draw(&mut self, place: usize, at: Time, amount: Amount) {
        let day = date_of(at, &self.zone);
        let Some((commit, (sums, lost))) = self.terms.commits.get(place).zip(self.commits.get_mut(place))
        else {
            return;
        };
        let within = |stage: &&Stage| stage.since <= day && stage.until.is_none_or(|until| day < until);
        let Some(stage) = commit.stages.iter().position(|stage| within(&stage)) else { return };
        let currency = commit_currency(commit).unwrap_or(amount.currency);
        match (into(&self.rates, amount, currency, day), sums.get_mut(stage)) {
            (Some(into), Some(gathered)) => gather(gathered, into),
            (Some(_), None) => {}
            (None, _) => *lost.entry(amount.currency).or_default() += &amount.exact(),
        }
    }

    /// For each commitment, what each of its stages has been drawn down so far, in currency units.
    pub(crate) fn drawn(&self) -> impl Iterator<Item = Vec<Exact>> {
        self.commits.iter().map(|(sums, _)| sums.iter().map(Gathered::exact).collect())
    }

    /// Every clause with all its periods and stages. `shares` are those that guarantees are over.
    pub(crate) fn work_out(&self, shares: &[(&Share, Vec<Worked>)]) -> Result<Vec<Account>, TooLarge> {
        let mut accounts = Vec::new();
        for guarantee in &self.terms.guarantees {
            accounts.push(self.guarantee(guarantee, shares)?);
        }
        for (commit, (sums, lost)) in self.terms.commits.iter().zip(&self.commits) {
            accounts.push(self.commit(commit, sums, lost)?);
        }
        for (split, (_, _, sums)) in self.terms.splits.iter().zip(&self.splits) {
            accounts.push(self.split(split, sums)?);
        }
        for (parity, (_, _, deals)) in self.terms.parities.iter().zip(&self.parities) {
            accounts.push(self.parity(parity, deals)?);
        }
        Ok(accounts)
    }

    fn closed(&self, stretch: &Stretch) -> bool {
        let after = stretch.last_day().and_then(|last| last.tomorrow().ok());
        after.is_some_and(|after| day_start(after, &self.zone) <= self.until)
    }

    fn guarantee(
        &self,
        guarantee: &Guarantee,
        shares: &[(&Share, Vec<Worked>)],
    ) -> Result<Account, TooLarge> {
        let currency = guarantee.minima.first().map_or(Currency::USD, |minimum| minimum.amount.currency);
        let over = shares.iter().filter(|(share, _)| guarantee.over.contains(&share.clause));
        let until = date_of(self.until, &self.zone);
        let mut earned = Earned::of(over.flat_map(|(_, worked)| worked), currency, (&self.rates, until))?;
        let mut series = guarantee::Series::new(guarantee.window, currency, earned.parts);
        let mut entries = Vec::new();
        let first = Period::of(guarantee.every, self.begins, guarantee.since);
        for period in first.onwards() {
            let begins = period.bounds(&self.zone).start;
            if begins >= self.until || guarantee.until.is_some_and(|until| period.first_day() >= until) {
                break;
            }
            let day = period.first_day().max(guarantee.since);
            let holds =
                |since: Date, until: Option<Date>| since <= day && until.is_none_or(|until| day < until);
            let minimum = guarantee.minima.iter().find(|minimum| holds(minimum.since, minimum.until));
            let minimum = minimum.map_or(Exact::zero(), |minimum| minimum.amount.exact());
            let OfPeriod { exact: mut known, mut due, whole } = earned.next(period, currency)?;
            let pool = series.pool();
            if !whole {
                // What has no rate may be worth anything: enough to meet the minimum and to recoup all that is left.
                let more = &minimum + &pool.high;
                let least = known.high.to_minor(currency);
                known.high += &more;
                let most = known.high.to_minor(currency).and_then(|most| most.checked_sub(least?));
                due.high =
                    due.high.checked_add(most.ok_or(TooLarge { currency })?).ok_or(TooLarge { currency })?;
            }
            let found = series.next(&minimum, &known, &due)?;
            let exact = Span {
                low: &found.shortfall.low - &found.recouped.high,
                high: &found.shortfall.high - &found.recouped.low,
            };
            let stretch = Stretch::Period(period);
            let mut figures = vec![
                ("earned", known),
                ("minimum", sure(minimum)),
                ("shortfall", found.shortfall),
                ("to recoup from before", pool),
                ("recouped", found.recouped),
                ("paid in all", found.pay),
            ];
            // Of what has no rate no figure says the most it can be.
            figures.retain(|(name, _)| whole || !matches!(*name, "earned" | "paid in all"));
            entries.push(Entry {
                closed: self.closed(&stretch),
                stretch,
                currency,
                figures,
                quotes: earned.quotes(period),
                part: None,
                owed: vec![owing((&guarantee.payer, &guarantee.payee), exact, found.due)],
            });
        }
        Ok(Account {
            clause: guarantee.clause.clone(),
            kind: Kind::Guarantee,
            payer: guarantee.payer.clone(),
            payee: Some(guarantee.payee.clone()),
            entries,
            unconverted: earned.unconverted,
        })
    }

    fn commit(
        &self,
        terms: &Commit,
        sums: &[Gathered],
        lost: &BTreeMap<Currency, Exact>,
    ) -> Result<Account, TooLarge> {
        let currency = commit_currency(terms).unwrap_or(Currency::USD);
        // They differ after a stage of which the amount is not known: as much of it as can be was bought ahead, or nothing.
        let (mut least, mut most) =
            (commit::Series::new(terms, currency), commit::Series::new(terms, currency));
        let mut entries = Vec::new();
        for (at, (stage, drawn)) in terms.stages.iter().zip(sums).enumerate() {
            let stretch = Stretch::Stage(stage.since, stage.until);
            let begun = day_start(stage.since, &self.zone) < self.until;
            let quotes = drawn.quotes(&self.rates, currency);
            let drawn = drawn.exact();
            let last = at + 1 == terms.stages.len();
            if !begun {
                continue;
            }
            let closed = self.closed(&stretch);
            let Some(amount) = stage.amount else {
                let carried = least.pass(&drawn, last || stage.lapsed);
                least.carry(carried);
                most.pass(&drawn, last);
                let (figures, owed) = (vec![(BOUGHT, sure(drawn))], Vec::new());
                entries.push(Entry { stretch, currency, closed, figures, quotes, part: None, owed });
                continue;
            };
            let amount = amount.exact();
            let found =
                [&mut least, &mut most].map(|series| series.next(&amount, &drawn, last, stage.lapsed));
            let [least, most] = found;
            let ends =
                if stage.lapsed { closed.then_some(Ends::Lapsed) } else { closed.then_some(Ends::Whole) };
            let (figures, part, owed) = stage_entry(terms, (&least?, &most?), ends);
            entries.push(Entry { stretch, currency, closed, figures, quotes, part, owed });
        }
        Ok(Account {
            clause: terms.clause.clone(),
            kind: Kind::Commit,
            payer: terms.buyer.clone(),
            payee: Some(terms.seller.clone()),
            entries,
            unconverted: lost.clone(),
        })
    }

    fn split(&self, terms: &Split, sums: &Grosses) -> Result<Account, TooLarge> {
        let own = split_currency(terms);
        let mut rounding: BTreeMap<Currency, Cumulative> = BTreeMap::new();
        let mut entries = Vec::new();
        for ((currency, period), gathered) in sums {
            let currency = *currency;
            let steps =
                if own.is_none_or(|own| own == currency) { terms.steps.clone() } else { plain(terms) };
            let gross = gathered.exact();
            let parts = split::parts(&steps, &gross, &gathered.units);
            let total = rounding.entry(currency).or_insert_with(|| Cumulative::new(currency)).add(&gross)?;
            let scale = Exact::whole(10i128.pow(currency.decimals()));
            let scaled: Vec<Exact> = parts.iter().map(|part| part * &scale).collect();
            let minor = split::in_minor_units(&scaled, total, terms.rounding);
            let mut owed: Vec<Owing> = Vec::new();
            for ((step, part), minor) in steps.iter().zip(parts).zip(minor) {
                match owed.iter_mut().find(|owing| owing.payee == step.to) {
                    Some(owing) => {
                        owing.exact = sure(&owing.exact.low + &part);
                        owing.due = plus(&owing.due, &Span::exactly(minor), currency)?;
                    }
                    None => owed.push(owing((&terms.holder, &step.to), sure(part), Span::exactly(minor))),
                }
            }
            let stretch = Stretch::Period(*period);
            let closed = self.closed(&stretch);
            entries.push(Entry {
                stretch,
                currency,
                closed,
                figures: vec![("gross", sure(gross))],
                quotes: gathered.quotes(&self.rates, currency),
                part: None,
                owed,
            });
        }
        entries.sort_by_key(|entry| entry.stretch);
        Ok(Account {
            clause: terms.clause.clone(),
            kind: Kind::Split,
            payer: terms.holder.clone(),
            payee: None,
            entries,
            unconverted: BTreeMap::new(),
        })
    }

    fn parity(&self, terms: &Parity, deals: &Deals) -> Result<Account, TooLarge> {
        let mut credits: BTreeMap<(Period, Currency), (Exact, Exact)> = BTreeMap::new();
        for ((period, _, _, currency), prices) in deals {
            let (own, others) = compared(terms, prices);
            let (paid, credit) = credits.entry((*period, *currency)).or_default();
            own.iter().for_each(|deal| *paid += &deal.paid);
            *credit += &parity::credit(&own, &others);
        }
        let mut rounding: BTreeMap<Currency, Cumulative> = BTreeMap::new();
        let mut entries = Vec::new();
        for ((period, currency), (paid, credit)) in credits {
            let due = rounding.entry(currency).or_insert_with(|| Cumulative::new(currency)).add(&credit)?;
            let stretch = Stretch::Period(period);
            let owed = owing((&terms.seller, &terms.buyer), sure(credit.clone()), Span::exactly(due));
            entries.push(Entry {
                closed: self.closed(&stretch),
                stretch,
                currency,
                figures: vec![("paid", sure(paid.clone())), (AT_FAVOURED_PRICE, sure(paid - credit))],
                quotes: BTreeSet::new(),
                part: None,
                owed: vec![owed],
            });
        }
        Ok(Account {
            clause: terms.clause.clone(),
            kind: Kind::Parity,
            payer: terms.seller.clone(),
            payee: Some(terms.buyer.clone()),
            entries,
            unconverted: BTreeMap::new(),
        })
    }
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// On its day.
    Whole,
    /// Before it: what the parties settled instead is not known here.
    Lapsed,
}

/// Figures by name; what part of an amount is owed; what is owed.
type Figured = (Vec<(&'static str, Span<Exact>)>, Option<(Exact, Exact)>, Vec<Owing>);

/// The figures of a stage between the least and the most that may have been bought ahead of it, what part of which of
/// them is owed, and what is owed.
fn stage_entry(terms: &Commit, (least, most): (&Drawn, &Drawn), ends: Option<Ends>) -> Figured {
    let between = |one: &Exact, other: &Exact| Span {
        low: one.clone().min(other.clone()),
        high: one.clone().max(other.clone()),
    };
    let figure = |take: fn(&Drawn) -> &Exact| between(take(least), take(most));
    let missing = match ends {
        None => LEFT,
        Some(Ends::Lapsed) => LAPSED,
        Some(Ends::Whole) => SHORT,
    };
    let mut figures = vec![
        ("committed", figure(|one| &one.committed)),
        ("rolled in", figure(|one| &one.rolled_in)),
        ("carried in", figure(|one| &one.carried_in)),
        (WANTED, figure(|one| &one.available)),
        (BOUGHT, figure(|one| &one.drawn)),
        (missing, figure(|one| &one.gap)),
    ];
    // Before a stage ends nothing has moved to the next, and nothing is owed of a shortfall that may still be made up.
    if ends != Some(Ends::Whole) {
        return (figures, None, Vec::new());
    }
    figures.push(("rolled over", figure(|one| &one.rolled_out)));
    figures.push(("carried on", figure(|one| &one.carried_out)));
    let rest = &most.gap - &most.rolled_out;
    let is_part = terms.shortfall != Exact::whole(1) || rest != most.gap;
    let part = (is_part && least == most && !most.fee.is_zero()).then(|| (terms.shortfall.clone(), rest));
    let due = Span { low: least.due.min(most.due), high: least.due.max(most.due) };
    let fee = between(&least.fee, &most.fee);
    (figures, part, vec![owing((&terms.buyer, &terms.seller), fee, due)])
}

const NONE_DUE: Span<i128> = Span { low: 0, high: 0 };

fn nothing() -> Span<Exact> {
    sure(Exact::zero())
}

fn sure(value: Exact) -> Span<Exact> {
    Span { low: value.clone(), high: value }
}

fn owing((payer, payee): (&Party, &Party), exact: Span<Exact>, due: Span<i128>) -> Owing {
    Owing { payer: payer.clone(), payee: payee.clone(), exact, due }
}

pub(crate) fn plus(a: &Span<i128>, b: &Span<i128>, currency: Currency) -> Result<Span<i128>, TooLarge> {
    let sum = |a: i128, b: i128| a.checked_add(b).ok_or(TooLarge { currency });
    Ok(Span { low: sum(a.low, b.low)?, high: sum(a.high, b.high)? })
}

/// An amount in the currency of a clause.
enum Into {
    Same(i128),
    /// From which currency, at the rate of which day.
    Converted(Exact, Currency, Date),
}

fn into(rates: &Rates, amount: Amount, currency: Currency, day: Date) -> Option<Into> {
    if amount.currency == currency {
        return Some(Into::Same(amount.pico));
    }
    let converted = rates.convert(&amount.exact(), amount.currency, currency, day);
    converted.map(|converted| Into::Converted(converted, amount.currency, day))
}

fn gather(gathered: &mut Gathered, into: Into) {
    match into {
        Into::Same(pico) => gathered.own.add(pico),
        Into::Converted(exact, from, day) => {
            gathered.converted += &exact;
            gathered.days.insert((from, day));
        }
    }
}

fn split_currency(split: &Split) -> Option<Currency> {
    let stated = |take: &Take| match take {
        Take::Fixed(amount) | Take::Wholesale(amount) => Some(amount.currency),
        Take::Gross(_) | Take::Remaining(_) | Take::Remainder => None,
    };
    split.steps.iter().find_map(|step| step.cap.map(|cap| cap.currency).or(stated(&step.take)))
}

/// The steps without what is stated in another currency.
fn plain(split: &Split) -> Vec<Step> {
    let plain = |step: &Step| match step.take {
        Take::Fixed(_) | Take::Wholesale(_) => {
            Step { take: Take::Gross(Exact::zero()), cap: None, ..step.clone() }
        }
        Take::Gross(_) | Take::Remaining(_) | Take::Remainder => Step { cap: None, ..step.clone() },
    };
    split.steps.iter().map(plain).collect()
}

pub(crate) fn commit_currency(commit: &Commit) -> Option<Currency> {
    commit.stages.iter().find_map(|stage| stage.amount).map(|amount| amount.currency)
}

/// Whether a customer is the one of this name, or stands below it.
pub(crate) fn is_below(customer: &Customer, name: &str) -> bool {
    let rest = customer.as_str().strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The deals of the buyer and those it is compared with.
fn compared(terms: &Parity, prices: &Prices) -> (Vec<Deal>, Vec<Deal>) {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for (customer, (units, paid)) in prices {
        let deal = |adjust: Exact| Deal { units: units.clone(), paid: paid.clone(), adjust };
        if is_below(customer, terms.buyer.as_str()) {
            own.push(deal(Exact::whole(1)));
            continue;
        }
        let named = |row: &&Comparable| {
            row.customers.is_empty() || row.customers.iter().any(|name| is_below(customer, name.as_str()))
        };
        let row = terms.against.iter().find(named);
        let few = |row: &&Comparable| row.at_most.as_ref().is_none_or(|most| units <= most);
        others.extend(row.filter(few).map(|row| deal(row.adjust.clone())));
    }
    (own, others)
}

//! The statement of a party for a period: revenue, shares, and what is due, with every line accounted for.
//!
//! One pass over lines in any order; what is kept grows with products, channels and periods, not with lines.
//! Whether a share's base holds a line is asked of the caller.

mod table;

use crate::accrual::{Accrual, Settlement, Worked};
use crate::period::Period;
use crate::postings::Count;
use crate::share::Span;
use crate::sum::{Sum, TooLarge};
use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Channel, Party, Product};
use abide_model::terms::{Share, YearBegins};
use jiff::tz::TimeZone;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Range;

/// What a statement is drawn up for.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whom it is for. For the book's own party it holds all revenue, for another what its shares cover.
    pub party: Party,
    /// The party whose lines these are.
    pub own: Party,
    /// The period.
    pub period: Period,
    /// The zone that periods are counted in.
    pub zone: TimeZone,
    /// When the book's years begin.
    pub begins: YearBegins,
    /// When it is drawn up: lines from here on are left out, and what closes later is not yet due.
    pub at: Time,
    /// The terms; those that neither pay nor burden the party are left out.
    pub shares: Vec<Share>,
}

/// A party's statement for a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whom it is for.
    pub party: Party,
    /// The party whose lines it is drawn from.
    pub own: Party,
    /// The period.
    pub period: Period,
    /// Its instants.
    pub bounds: Range<Time>,
    /// The zone it is counted in; `None` when the zone has no name.
    pub zone: Option<String>,
    /// When it was drawn up. Before the end of the period it holds what there was by then.
    pub at: Time,
    /// Revenue, by product, channel and currency.
    pub revenue: Vec<Revenue>,
    /// Calls without a price, by product and channel. They are in no sum.
    pub unpriced: Vec<Unpriced>,
    /// Revenue, by currency.
    pub totals: Vec<Total>,
    /// The shares that pay or burden the party.
    pub shares: Vec<ShareAccount>,
    /// What falls due in the period and what is still accruing, by currency.
    pub due: Vec<Due>,
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
    covers: impl Fn(&Share, &UsageLine) -> bool,
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
    period: Period,
    bounds: Range<Time>,
    // Invariant: within the bounds, up to when the statement is drawn up.
    window: Range<Time>,
    zone: Option<String>,
    at: Time,
    accruals: Vec<Accrual>,
    revenue: BTreeMap<(Product, Channel, Currency), (Count, Sum)>,
    unpriced: BTreeMap<(Product, Channel), Count>,
}

impl Draft {
    /// Starts with no lines.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let bounds = scope.period.bounds(&scope.zone);
        let window = bounds.start..bounds.end.min(scope.at).max(bounds.start);
        let mut shares = scope.shares;
        shares.retain(|share| share.payer == scope.party || share.payee == scope.party);
        let accrual = |share| Accrual::new(share, window.clone(), scope.zone.clone(), scope.begins);
        Self {
            zone: scope.zone.iana_name().map(str::to_owned),
            accruals: shares.into_iter().map(accrual).collect(),
            at: scope.at,
            bounds,
            window,
            party: scope.party,
            own: scope.own,
            period: scope.period,
            revenue: BTreeMap::new(),
            unpriced: BTreeMap::new(),
        }
    }

    /// Adds a line. `covers` says whether a share's base holds it; the share's dates are looked at here.
    pub fn add(&mut self, line: &UsageLine, covers: impl Fn(&Share, &UsageLine) -> bool) {
        if line.at >= self.at {
            return;
        }
        let mut listed = self.party == self.own;
        for accrual in &mut self.accruals {
            if accrual.counts(line.at) && covers(accrual.share(), line) {
                accrual.add(line);
                listed = true;
            }
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

    /// The statement of the lines so far.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn finish(self) -> Result<Statement, TooLarge> {
        let shares: Vec<ShareAccount> = self.accruals.iter().map(account).collect::<Result<_, _>>()?;
        let revenue: Vec<Revenue> = self.revenue.into_iter().map(revenue).collect();
        let unpriced = self.unpriced.into_iter();
        Ok(Statement {
            totals: totals(&revenue)?,
            due: due(&shares, &self.party)?,
            unpriced: unpriced
                .map(|((product, channel), count)| Unpriced { product, channel, count })
                .collect(),
            party: self.party,
            own: self.own,
            period: self.period,
            bounds: self.bounds,
            zone: self.zone,
            at: self.at,
            revenue,
            shares,
        })
    }
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

fn account(accrual: &Accrual) -> Result<ShareAccount, TooLarge> {
    let entries = accrual.work_out()?.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(ShareAccount { terms: accrual.share().clone(), unpriced_calls: accrual.unpriced(), entries })
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

fn due(shares: &[ShareAccount], party: &Party) -> Result<Vec<Due>, TooLarge> {
    let mut sums: BTreeMap<Currency, Due> = BTreeMap::new();
    for share in shares {
        for entry in &share.entries {
            let currency = entry.currency;
            let sum = sums.entry(currency).or_insert_with(|| Due::none(currency));
            let accrued = entry.open.as_ref().map_or(NOTHING, |open| open.due);
            if share.terms.payee == *party {
                sum.to_party = plus(&sum.to_party, &entry.due, currency)?;
                sum.accrued_to_party = plus(&sum.accrued_to_party, &accrued, currency)?;
            }
            if share.terms.payer == *party {
                sum.by_party = plus(&sum.by_party, &entry.due, currency)?;
                sum.accrued_by_party = plus(&sum.accrued_by_party, &accrued, currency)?;
            }
        }
    }
    Ok(sums.into_values().collect())
}

fn plus(a: &Span<i128>, b: &Span<i128>, currency: Currency) -> Result<Span<i128>, TooLarge> {
    let sum = |a: i128, b: i128| a.checked_add(b).ok_or(TooLarge { currency });
    Ok(Span { low: sum(a.low, b.low)?, high: sum(a.high, b.high)? })
}

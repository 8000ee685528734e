//! Most favoured prices of one seller that no price above nothing keeps together.
//!
//! Each says of two buyers that the price of the first is at most so much of the price of the second. Around a ring of
//! such clauses, a price is at most the product of their factors times itself: below the whole, it can only be nothing.

use super::probe::Search;
use super::together::{Rule, Together};
use super::{ConflictKind, Found, money_of};
use crate::book::{Book, Money, Scope, action_bit};
use crate::table::ClauseNo;
use crate::terms::is_below;
use abide_model::decision::Action;
use abide_model::money::Exact;
use abide_model::name::Party;
use abide_model::terms::Comparable;
use std::collections::BTreeMap;
use std::iter::successors;

/// Every set of most favoured prices that one seller cannot keep for some sale.
pub(super) fn find(search: Search<'_>, found: &mut Vec<Found>) {
    // Prices are compared of what is sold by the unit, and that is sold.
    let sold = Scope {
        actions: action_bit(Action::Sell),
        products: None,
        classes: Vec::new(),
        channels: None,
        segments: None,
        territories: None,
    };
    for (seller, clauses) in money_of(search, |money| matches!(money, Money::Parity { .. })) {
        let rule = Prices { book: search.book };
        if clauses.len() > 1 && clauses.iter().any(|number| rule.lowers(*number)) {
            Together { search, party: seller, clauses, rule: &rule, within: &[&sold] }.find(found);
        }
    }
}

/// No ring of prices, each at most a part of the next, comes to less than the whole.
struct Prices<'b> {
    book: &'b Book,
}

/// The least part of some price of the second's buyer that the price of the first's is at most; `None` where they are
/// never compared.
pub(super) fn factor(book: &Book, one: ClauseNo, other: ClauseNo) -> Option<Exact> {
    Prices { book }.factor(one, other)
}

impl<'b> Prices<'b> {
    fn terms(&self, number: ClauseNo) -> (&'b Party, &'b [Comparable]) {
        let clause = &self.book.clauses[number];
        let against: &[Comparable] = match clause.kind.money() {
            Some(Money::Parity { against, .. }) => against,
            Some(
                Money::Share(_)
                | Money::Guarantee { .. }
                | Money::Commit { .. }
                | Money::Split { .. }
                | Money::Stake { .. },
            )
            | None => &[],
        };
        (&self.book.words.parties[clause.to], against)
    }

    /// Whether it promises a price below somebody else's.
    fn lowers(&self, number: ClauseNo) -> bool {
        self.terms(number).1.iter().any(|row| row.adjust < Exact::whole(1))
    }

    fn factor(&self, one: ClauseNo, other: ClauseNo) -> Option<Exact> {
        let ((buyer, against), (compared, _)) = (self.terms(one), self.terms(other));
        if buyer == compared {
            return None;
        }
        // The other's buyer, and whoever below it is taken under a row of its own.
        let below = against.iter().flat_map(|row| &row.customers).map(|name| name.as_str());
        let customers = below.filter(|name| is_below(name, compared.as_str())).chain([compared.as_str()]);
        let taken = customers.filter_map(|customer| {
            let names = |row: &&Comparable| {
                row.customers.is_empty() || row.customers.iter().any(|name| is_below(customer, name.as_str()))
            };
            let row = against.iter().find(names)?;
            // Who may have bought no unit at all is compared with nobody.
            let bought = |most: &Exact| !most.is_negative() && !most.is_zero();
            row.at_most.as_ref().is_none_or(bought).then_some(&row.adjust)
        });
        taken.min().cloned()
    }
}

impl Rule for Prices<'_> {
    fn kind(&self) -> ConflictKind {
        ConflictKind::Parity
    }

    fn may_break(&self, clauses: &[ClauseNo]) -> bool {
        clauses.len() > 1 && clauses.iter().any(|number| self.lowers(*number))
    }

    /// Every two that cannot be kept together; where there are none, the fewest that cannot. Each ring begins with its
    /// first clause in the order of the book, and goes on to the one whose buyer that clause compares with.
    fn broken(&self, clauses: &[ClauseNo]) -> Vec<Vec<ClauseNo>> {
        if !self.may_break(clauses) {
            return Vec::new();
        }
        let mut ordered = clauses.to_vec();
        ordered.sort_unstable();
        let pairs = ordered.iter().enumerate().flat_map(|(at, one)| {
            let later = ordered.iter().skip(at + 1);
            later.map(|other| (*one, *other))
        });
        let links = pairs.flat_map(|(one, other)| [(one, other), (other, one)]);
        let links = links.filter_map(|(one, other)| Some(((one, other), self.factor(one, other)?)));
        Rings { clauses: ordered.clone(), links: links.collect() }.find()
    }
}

/// Clauses, and by what factor each bounds its price by that of another.
struct Rings {
    /// Invariant: sorted, each once.
    clauses: Vec<ClauseNo>,
    links: BTreeMap<(ClauseNo, ClauseNo), Exact>,
}

impl Rings {
    fn find(&self) -> Vec<Vec<ClauseNo>> {
        let pairs = self.links.iter().filter(|((one, other), there)| {
            let back = self.links.get(&(*other, *one));
            one < other && back.is_some_and(|back| *there * back < Exact::whole(1))
        });
        let pairs: Vec<_> = pairs.map(|((one, other), _)| vec![*one, *other]).collect();
        if !pairs.is_empty() {
            return pairs;
        }
        if !self.any() {
            return Vec::new();
        }
        let mut fewest: Option<Vec<ClauseNo>> = None;
        for first in &self.clauses {
            let most = fewest.as_ref().map_or(self.clauses.len(), |ring| ring.len() - 1);
            fewest = self.ring(*first, most).or(fewest);
        }
        fewest.into_iter().collect()
    }

    /// Whether there is any ring at all, which is told much sooner than which is the smallest (Bellman and Ford).
    fn any(&self) -> bool {
        // The least product found of a way from each clause, at first of no links, and the next clause on that way.
        let mut least: BTreeMap<ClauseNo, Exact> =
            self.clauses.iter().map(|number| (*number, Exact::whole(1))).collect();
        let mut next: BTreeMap<ClauseNo, ClauseNo> = BTreeMap::new();
        loop {
            let mut lower = false;
            for ((one, other), factor) in &self.links {
                let Some(product) = least.get(other).map(|rest| factor * rest) else { continue };
                if least.get(one).is_none_or(|known| product >= *known) {
                    continue;
                }
                // A way that comes back to where it is lowered is a ring below the whole.
                if successors(Some(*other), |at| next.get(at).copied()).any(|at| at == *one) {
                    return true;
                }
                least.insert(*one, product);
                next.insert(*one, *other);
                lower = true;
            }
            if !lower {
                return false;
            }
        }
    }

    /// The smallest ring of at most so many clauses from `first` on, and the first of them, where no pair is one.
    fn ring(&self, first: ClauseNo, most: usize) -> Option<Vec<ClauseNo>> {
        let whole = Exact::whole(1);
        let mut ways = vec![BTreeMap::from([(first, whole.clone())])];
        // A ring of so many clauses is a way of so many links back to where it began.
        while ways.len() <= most {
            let longer = self.longer(ways.last()?, first);
            let closed = longer.get(&first).is_some_and(|product| *product < whole);
            if longer.is_empty() {
                return None;
            }
            ways.push(longer);
            if closed {
                return self.along(&ways, first);
            }
        }
        None
    }

    /// The first clauses in the order of the book that come from `first` around to it below the whole, by as many links
    /// as the longest of `ways` has.
    fn along(&self, ways: &[BTreeMap<ClauseNo, Exact>], first: ClauseNo) -> Option<Vec<ClauseNo>> {
        let mut ring = vec![first];
        let mut product = Exact::whole(1);
        for rest in ways.iter().rev().skip(1) {
            let here = *ring.last()?;
            let next = rest.iter().find_map(|(next, rest)| {
                let so_far = &product * self.links.get(&(here, *next))?;
                (&so_far * rest < Exact::whole(1)).then_some((*next, so_far))
            });
            let (next, so_far) = next?;
            product = so_far;
            ring.push(next);
        }
        ring.pop();
        Some(ring)
    }

    /// The least product with which each clause comes to `goal` by one link more than in `last`, not by way of clauses
    /// before `goal`.
    fn longer(&self, last: &BTreeMap<ClauseNo, Exact>, goal: ClauseNo) -> BTreeMap<ClauseNo, Exact> {
        let mut longer: BTreeMap<ClauseNo, Exact> = BTreeMap::new();
        for ((one, other), factor) in self.links.range((goal, goal)..) {
            let Some(rest) = last.get(other) else { continue };
            let product = factor * rest;
            let least = longer.entry(*one).or_insert_with(|| product.clone());
            *least = product.min(least.clone());
        }
        longer
    }
}

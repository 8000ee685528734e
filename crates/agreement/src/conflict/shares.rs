//! Shares of one payer that come to more than there is.

use super::probe::Search;
use super::together::{Rule, Together};
use super::{ConflictKind, Found, money_of};
use crate::book::{Book, Money};
use crate::table::ClauseNo;
use abide_model::money::Exact;

/// Every set of shares that takes more than the whole of some revenue from its payer.
pub(super) fn find(search: Search<'_>, found: &mut Vec<Found>) {
    for (payer, shares) in money_of(search, |money| matches!(money, Money::Share(_))) {
        let rated = shares.iter().filter_map(|number| rated(search.book, *number));
        let rule = Whole { rated: rated.collect() };
        Together { search, party: payer, clauses: shares, rule: &rule, within: &[] }.find(found);
    }
}

/// All that one payer owes of some revenue is at most the whole of it.
struct Whole {
    rated: Vec<Rated>,
}

/// A share with what it takes at most: exactly, and in trillionths rounded up.
struct Rated {
    number: ClauseNo,
    rate: Exact,
    pico: i128,
}

const WHOLE_PICO: i128 = 1_000_000_000_000;

/// A share at the highest of its rates.
fn rated(book: &Book, number: ClauseNo) -> Option<Rated> {
    let rate = match book.clauses[number].kind.money()? {
        Money::Share(terms) => terms.rates.highest()?.clone(),
        Money::Guarantee { .. }
        | Money::Commit { .. }
        | Money::Split { .. }
        | Money::Parity { .. }
        | Money::Stake { .. } => return None,
    };
    let rounded = (&rate * &Exact::whole(WHOLE_PICO)).round_half_even().unwrap_or(WHOLE_PICO);
    Some(Rated { number, rate, pico: rounded + 1 })
}

impl Whole {
    fn among<'w>(&'w self, shares: &'w [ClauseNo]) -> impl Iterator<Item = &'w Rated> {
        self.rated.iter().filter(|one| shares.contains(&one.number))
    }
}

impl Rule for Whole {
    fn kind(&self) -> ConflictKind {
        ConflictKind::RateStack
    }

    fn may_break(&self, shares: &[ClauseNo]) -> bool {
        self.among(shares).map(|one| one.pico).sum::<i128>() > WHOLE_PICO
    }

    /// The fewest of `shares` that take more than the whole together, each at the highest of its rates, the highest
    /// first; in the order of the book.
    fn broken(&self, shares: &[ClauseNo]) -> Vec<Vec<ClauseNo>> {
        let mut rates: Vec<&Rated> = self.among(shares).collect();
        rates.sort_by(|a, b| b.rate.cmp(&a.rate).then(a.number.cmp(&b.number)));
        let mut sum = Exact::zero();
        let mut taken = Vec::new();
        for one in rates {
            sum += &one.rate;
            taken.push(one.number);
            if sum > Exact::whole(1) {
                taken.sort_unstable();
                return vec![taken];
            }
        }
        Vec::new()
    }
}

//! Shares of one payer that come to more than there is.

use super::probe::{Hit, Hits, Search, When, spans};
use super::{ConflictKind, Found};
use crate::book::Money;
use crate::eval::View;
use crate::open::Open;
use crate::outcome::has_right;
use crate::space::{self, Leaf};
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use abide_model::money::Exact;
use std::collections::{BTreeMap, BTreeSet};

/// Every set of shares that takes more than the whole of some revenue from its payer.
pub(super) fn find(search: Search<'_>, found: &mut Vec<Found>) {
    let mut by_payer: BTreeMap<PartyNo, Vec<ClauseNo>> = BTreeMap::new();
    for (number, clause) in search.book.clauses.iter().filter(|(number, _)| search.touches(*number)) {
        if matches!(clause.kind.money(), Some(Money::Share(_))) {
            by_payer.entry(clause.from).or_default().push(number);
        }
    }
    for (payer, shares) in by_payer {
        let stack = Stack { search, payer, shares };
        if stack.over(&stack.shares).is_some() {
            stack.find(found);
        }
    }
}

struct Stack<'b> {
    search: Search<'b>,
    payer: PartyNo,
    shares: Vec<ClauseNo>,
}

impl Stack<'_> {
    fn find(&self, found: &mut Vec<Found>) {
        let book = self.search.book;
        let known = self.search.window.known;
        let above = super::rights::above(self.search, self.payer, None);
        let cast = space::with_beaters(book, self.shares.iter().copied().chain(above));
        let mut hits: Hits<Vec<ClauseNo>> = Hits::new();
        let worth = |touching: &[ClauseNo]| self.over(touching).is_some();
        space::cells_worth(book, known, (&cast, &[]), &worth, &mut |leaf| self.look(leaf, &mut hits));
        let mut by_clauses: BTreeMap<Vec<ClauseNo>, Hits<()>> = BTreeMap::new();
        for ((clauses, when), list) in hits {
            by_clauses.entry(clauses).or_default().insert(((), when), list);
        }
        for (clauses, hits) in by_clauses {
            found.extend(Found::new(ConflictKind::RateStack, clauses, self.payer, hits));
        }
    }

    fn look(&self, leaf: &Leaf<'_>, hits: &mut Hits<Vec<ClauseNo>>) {
        let Some(cell) = leaf.point.cell(self.payer) else { return };
        let instants = self.search.instants(leaf.touching);
        for (at, next) in spans(&instants) {
            let Some((from, until)) = self.search.clip(at, next) else { continue };
            let view = self.search.view(&cell, at);
            for (clauses, when) in self.stacks(&view, leaf.touching) {
                let hit = Hit { from, until, point: leaf.point, block: leaf.block.clone() };
                hits.entry((clauses, when)).or_default().push(hit);
            }
        }
    }

    /// The sets of shares that come to too much on this ask, each with the answers on which it does.
    fn stacks(&self, view: &View<'_>, touching: &[ClauseNo]) -> Vec<(Vec<ClauseNo>, When)> {
        if self.standing(view, touching, None).and_then(|shares| self.over(&shares)).is_none() {
            return Vec::new();
        }
        let mut open: Vec<QuestionNo> = Vec::new();
        self.search.open(view, touching, &mut open);
        let open = Open::new(self.search.book, open);
        let Some(sets) = open.sets() else {
            let most = self.standing(view, touching, None).and_then(|shares| self.over(&shares));
            let when = When::somehow(self.search.book, &open);
            return most.into_iter().map(|clauses| (clauses, when.clone())).collect();
        };
        let stack_on = |set: u32| {
            let view = View { open: open.points(), assumed: Some(set), ..*view };
            open.fits(set)
                .then(|| self.standing(&view, touching, Some(true)).and_then(|shares| self.over(&shares)))
        };
        let stacks: Vec<Option<Option<Vec<ClauseNo>>>> = (0..sets).map(stack_on).collect();
        let kinds: BTreeSet<&Vec<ClauseNo>> = stacks.iter().flatten().flatten().collect();
        let when = |clauses: &Vec<ClauseNo>| {
            let truth = |stack: &Option<Option<Vec<ClauseNo>>>| {
                stack.as_ref().map(|stack| stack.as_ref() == Some(clauses))
            };
            When::read(self.search.book, &open, &stacks.iter().map(truth).collect::<Vec<_>>())
        };
        kinds.into_iter().filter_map(|clauses| Some((clauses.clone(), when(clauses)?))).collect()
    }

    /// The payer's shares that stand on an ask it has a right to: those that may, or with `surely` those that do.
    fn standing(
        &self,
        view: &View<'_>,
        touching: &[ClauseNo],
        surely: Option<bool>,
    ) -> Option<Vec<ClauseNo>> {
        let counts = |truth: Option<bool>| truth == Some(true) || (surely.is_none() && truth.is_none());
        let shares = touching
            .iter()
            .copied()
            .filter(|number| self.shares.contains(number) && counts(view.stands(*number, &[self.payer])));
        let shares: Vec<ClauseNo> = shares.collect();
        (!shares.is_empty() && counts(has_right(view))).then_some(shares)
    }

    /// The fewest of `shares` that take more than the whole together, each at the highest of its rates, the highest
    /// first; in the order of the book.
    fn over(&self, shares: &[ClauseNo]) -> Option<Vec<ClauseNo>> {
        let rate = |number: &ClauseNo| match self.search.book.clauses[*number].kind.money()? {
            Money::Share(terms) => terms.rates.highest().cloned(),
            Money::Guarantee { .. }
            | Money::Commit { .. }
            | Money::Split { .. }
            | Money::Parity { .. }
            | Money::Stake { .. } => None,
        };
        let mut rates: Vec<(Exact, ClauseNo)> =
            shares.iter().filter_map(|number| Some((rate(number)?, *number))).collect();
        rates.sort_by(|(a, one), (b, other)| b.cmp(a).then(one.cmp(other)));
        let mut sum = Exact::zero();
        let mut taken = Vec::new();
        for (rate, number) in rates {
            sum += &rate;
            taken.push(number);
            if sum > Exact::whole(1) {
                taken.sort_unstable();
                return Some(taken);
            }
        }
        None
    }
}

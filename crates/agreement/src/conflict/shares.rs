//! Shares of one payer that come to more than there is.

use super::probe::{Hit, Hits, Search, When, spans};
use super::{ConflictKind, Found};
use crate::book::Money;
use crate::eval::{Kleene, View};
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
        Stack {
            search,
            payer,
            rated: shares.iter().filter_map(|number| rated(search, *number)).collect(),
            shares,
        }
        .find(found);
    }
}

/// The shares of one payer.
struct Stack<'b> {
    search: Search<'b>,
    payer: PartyNo,
    shares: Vec<ClauseNo>,
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
fn rated(search: Search<'_>, number: ClauseNo) -> Option<Rated> {
    let rate = match search.book.clauses[number].kind.money()? {
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

impl Stack<'_> {
    fn find(&self, found: &mut Vec<Found>) {
        let (book, known) = (self.search.book, self.search.window.known);
        let shares = space::with_beaters(book, self.shares.iter().copied());
        let worth = |touching: &[ClauseNo]| self.may_stack(touching);
        // What nobody has a right to is told apart only where shares stack at all.
        let mut any = false;
        space::cells_worth(book, known, (&shares, &[]), &worth, &mut |leaf| any |= self.stacks_in(leaf));
        if !any {
            return;
        }
        let above = super::rights::above(self.search, self.payer, None);
        let cast = space::with_beaters(book, shares.into_iter().chain(above));
        let mut hits: Hits<Vec<ClauseNo>> = Hits::new();
        space::cells_worth(book, known, (&cast, &[]), &worth, &mut |leaf| self.look(leaf, &mut hits));
        let mut by_clauses: BTreeMap<Vec<ClauseNo>, Hits<()>> = BTreeMap::new();
        for ((clauses, when), list) in hits {
            by_clauses.entry(clauses).or_default().insert(((), when), list);
        }
        for (clauses, hits) in by_clauses {
            found.extend(Found::new(ConflictKind::RateStack, clauses, self.payer, hits));
        }
    }

    /// Whether shares may come to more than the whole somewhere in the cell, whoever has a right there.
    fn stacks_in(&self, leaf: &Leaf<'_>) -> bool {
        let Some(cell) = leaf.point.cell(self.payer) else { return false };
        spans(&self.search.instants(leaf.touching)).any(|(at, next)| {
            let view = self.search.view(&cell, at);
            let standing =
                || leaf.touching.iter().copied().filter(|number| self.stands(&view, *number) != Some(false));
            self.search.clip(at, next).is_some() && self.may_stack(&standing().collect::<Vec<_>>())
        })
    }

    fn stands(&self, view: &View<'_>, number: ClauseNo) -> Kleene {
        if self.shares.contains(&number) { view.stands(number, &[self.payer]) } else { Some(false) }
    }

    /// Whether those of `touching` that are in force together at some time may come to more than the whole. It is
    /// asked of every cell, so it looks at rounded rates.
    fn may_stack(&self, touching: &[ClauseNo]) -> bool {
        let known = self.search.window.known;
        let term = |number: ClauseNo| &self.search.book.clauses[number].term;
        let near: Vec<&Rated> = self.rated.iter().filter(|one| touching.contains(&one.number)).collect();
        near.iter().any(|first| {
            let since = term(first.number).since;
            let since = self.search.window.from.map_or(since, |from| from.max(since));
            let together = near.iter().filter(|one| term(one.number).holds(since, known));
            together.map(|one| one.pico).sum::<i128>() > WHOLE_PICO
        })
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
        let shares = touching.iter().copied().filter(|number| counts(self.stands(view, *number)));
        let shares: Vec<ClauseNo> = shares.collect();
        (!shares.is_empty() && counts(has_right(view))).then_some(shares)
    }

    /// The fewest of `shares` that take more than the whole together, each at the highest of its rates, the highest
    /// first; in the order of the book.
    fn over(&self, shares: &[ClauseNo]) -> Option<Vec<ClauseNo>> {
        let mut rates: Vec<&Rated> = self.rated.iter().filter(|one| shares.contains(&one.number)).collect();
        rates.sort_by(|a, b| b.rate.cmp(&a.rate).then(a.number.cmp(&b.number)));
        let mut sum = Exact::zero();
        let mut taken = Vec::new();
        for one in rates {
            sum += &one.rate;
            taken.push(one.number);
            if sum > Exact::whole(1) {
                taken.sort_unstable();
                return Some(taken);
            }
        }
        None
    }
}

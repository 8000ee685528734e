//! Clauses about the money of one party that cannot all be kept where they stand together. Which those are is said by a
//! [`Rule`]; where they stand together is looked for here.

use super::probe::{Hit, Hits, Search, When, spans};
use super::{ConflictKind, Found, rights};
use crate::book::Scope;
use crate::eval::{Kleene, View};
use crate::open::Open;
use crate::outcome::has_right;
use crate::space::{self, Leaf};
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use std::collections::{BTreeMap, BTreeSet};

/// What cannot be kept together.
pub(super) trait Rule {
    fn kind(&self) -> ConflictKind;

    /// Whether some of these may break the rule. It is asked of every cell, so it may say yes too often.
    fn may_break(&self, clauses: &[ClauseNo]) -> bool;

    /// The sets among these that break it, each in the order in which they are told.
    fn broken(&self, clauses: &[ClauseNo]) -> Vec<Vec<ClauseNo>>;
}

/// Clauses by which one party pays or sells, and the rule for them.
pub(super) struct Together<'b> {
    pub(super) search: Search<'b>,
    pub(super) party: PartyNo,
    pub(super) clauses: Vec<ClauseNo>,
    pub(super) rule: &'b dyn Rule,
    /// Where it is looked for; everywhere when empty.
    pub(super) within: &'b [&'b Scope],
}

impl Together<'_> {
    /// Every set of clauses that stands together on some ask to which the party has a right, and breaks the rule.
    pub(super) fn find(&self, found: &mut Vec<Found>) {
        let (book, known) = (self.search.book, self.search.window.known);
        let own = space::with_beaters(book, self.clauses.iter().copied());
        let worth = |touching: &[ClauseNo]| self.may_break(touching);
        // What nobody has a right to is told apart only where the rule is broken at all.
        let mut any = false;
        space::cells_worth(book, known, (&own, self.within), &worth, &mut |leaf| any |= self.breaks_in(leaf));
        if !any {
            return;
        }
        let above = rights::above(self.search, self.party, None);
        let cast = space::with_beaters(book, own.into_iter().chain(above));
        let mut hits: Hits<Vec<ClauseNo>> = Hits::new();
        space::cells_worth(book, known, (&cast, self.within), &worth, &mut |leaf| self.look(leaf, &mut hits));
        let mut by_clauses: BTreeMap<Vec<ClauseNo>, Hits<()>> = BTreeMap::new();
        for ((clauses, when), list) in hits {
            by_clauses.entry(clauses).or_default().insert(((), when), list);
        }
        for (clauses, hits) in by_clauses {
            found.extend(Found::new(self.rule.kind(), clauses, self.party, hits));
        }
    }

    /// Whether the rule may be broken somewhere in the cell, whoever has a right there.
    fn breaks_in(&self, leaf: &Leaf<'_>) -> bool {
        let Some(cell) = leaf.point.cell(self.party) else { return false };
        spans(&self.search.instants(leaf.touching)).any(|(at, next)| {
            let view = self.search.view(&cell, at);
            let standing =
                || leaf.touching.iter().copied().filter(|number| self.stands(&view, *number) != Some(false));
            self.search.clip(at, next).is_some() && self.may_break(&standing().collect::<Vec<_>>())
        })
    }

    fn stands(&self, view: &View<'_>, number: ClauseNo) -> Kleene {
        if self.clauses.contains(&number) { view.stands(number, &[self.party]) } else { Some(false) }
    }

    /// Whether those of `touching` that are in force together at some time may break the rule.
    fn may_break(&self, touching: &[ClauseNo]) -> bool {
        let known = self.search.window.known;
        let term = |number: ClauseNo| &self.search.book.clauses[number].term;
        let near = || touching.iter().copied().filter(|number| self.clauses.contains(number));
        near().any(|first| {
            let since = term(first).since;
            let since = self.search.window.from.map_or(since, |from| from.max(since));
            let together: Vec<ClauseNo> = near().filter(|number| term(*number).holds(since, known)).collect();
            self.rule.may_break(&together)
        })
    }

    fn look(&self, leaf: &Leaf<'_>, hits: &mut Hits<Vec<ClauseNo>>) {
        let Some(cell) = leaf.point.cell(self.party) else { return };
        let instants = self.search.instants(leaf.touching);
        for (at, next) in spans(&instants) {
            let Some((from, until)) = self.search.clip(at, next) else { continue };
            let view = self.search.view(&cell, at);
            for (clauses, when) in self.breaks(&view, leaf.touching) {
                let hit = Hit { from, until, point: leaf.point, block: leaf.block.clone() };
                hits.entry((clauses, when)).or_default().push(hit);
            }
        }
    }

    /// The sets that break the rule on this ask, each with the answers on which it does.
    fn breaks(&self, view: &View<'_>, touching: &[ClauseNo]) -> Vec<(Vec<ClauseNo>, When)> {
        let most = self.broken(view, touching, None);
        if most.is_empty() {
            return Vec::new();
        }
        let mut open: Vec<QuestionNo> = Vec::new();
        self.search.open(view, touching, &mut open);
        let open = Open::new(self.search.book, open);
        let Some(sets) = open.sets() else {
            let when = When::somehow(self.search.book, &open);
            return most.into_iter().map(|clauses| (clauses, when.clone())).collect();
        };
        let broken_on = |set: u32| {
            let view = View { open: open.points(), assumed: Some(set), ..*view };
            open.fits(set).then(|| self.broken(&view, touching, Some(true)))
        };
        let rows: Vec<Option<Vec<Vec<ClauseNo>>>> = (0..sets).map(broken_on).collect();
        let kinds: BTreeSet<&Vec<ClauseNo>> = rows.iter().flatten().flatten().collect();
        let when = |clauses: &Vec<ClauseNo>| {
            let truth = |row: &Option<Vec<Vec<ClauseNo>>>| row.as_ref().map(|row| row.contains(clauses));
            When::read(self.search.book, &open, &rows.iter().map(truth).collect::<Vec<_>>())
        };
        kinds.into_iter().filter_map(|clauses| Some((clauses.clone(), when(clauses)?))).collect()
    }

    /// What is broken by the clauses that stand on an ask to which the party has a right: by those that may, or with
    /// `surely` by those that do.
    fn broken(&self, view: &View<'_>, touching: &[ClauseNo], surely: Option<bool>) -> Vec<Vec<ClauseNo>> {
        let counts = |truth: Option<bool>| truth == Some(true) || (surely.is_none() && truth.is_none());
        let standing = touching.iter().copied().filter(|number| counts(self.stands(view, *number)));
        let standing: Vec<ClauseNo> = standing.collect();
        if standing.is_empty() || !counts(has_right(view)) {
            return Vec::new();
        }
        self.rule.broken(&standing)
    }
}

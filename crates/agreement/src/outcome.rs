//! What an actor may do under one set of assumptions: follows every chain of rights to the owner, with the promises that
//! stand against each.

use crate::book::Clause;
use crate::eval::{Kleene, View, and, not, or};
use crate::few::Few;
use crate::hits::{Hit, Hits, Line};
use crate::table::{ClauseNo, PartyNo};
use abide_model::decision::Action;

/// The most grants in a row from an owner to an actor.
pub const CHAIN_GRANTS_MAX: u32 = 8;

/// What an actor may do under one set of assumptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// There is a right.
    pub(crate) right: Kleene,
    /// There is a right that no promise stands against.
    pub(crate) clean: Kleene,
}

impl Outcome {
    pub(crate) const NONE: Outcome = Outcome { right: Some(false), clean: Some(false) };
    /// There is a right, and promises stand against each.
    pub(crate) const BARRED: Outcome = Outcome { right: Some(true), clean: Some(false) };
}

/// What is met while rights are followed.
pub(crate) enum Step<'a> {
    /// A promise that stands against a right, and how surely.
    Forbids(Hit, Kleene),
    /// A grant that is part of a right.
    Grants(ClauseNo),
    /// A right: the parties it comes through, how surely it does, and whether it does with no promise against it.
    Right { bound: &'a [PartyNo], right: Kleene, clean: Kleene },
}

/// Follows every chain of rights and weighs the promises against each; `note` hears of what is met on the way.
pub(crate) fn outcome(view: &View<'_>, hits: &Hits, note: &mut impl FnMut(Step<'_>)) -> Outcome {
    Walk { view, hits, weighs: true, weighed: None, found: Outcome::NONE, hurries: false, note }.walk()
}

/// [`outcome`], leaving promises aside.
pub(crate) fn rights(view: &View<'_>, hits: &Hits, note: &mut impl FnMut(Step<'_>)) -> Outcome {
    Walk { view, hits, weighs: false, weighed: None, found: Outcome::NONE, hurries: false, note }.walk()
}

/// Whether there is a right that no promise stands against.
pub(crate) fn clean(view: &View<'_>, hits: &Hits) -> Kleene {
    let note = &mut |_: Step<'_>| {};
    let walk = Walk { view, hits, weighs: true, weighed: None, found: Outcome::NONE, hurries: true, note };
    walk.walk().clean
}

/// Whether the ask's actor has a right, whatever was promised away.
pub(crate) fn has_right(view: &View<'_>) -> Kleene {
    let Some(cell) = view.cell else { return Some(false) };
    rights(view, &Hits::gather(view, cell), &mut |_| {}).right
}

/// Whether whoever gives `grant` has the right to give it, with the first grant by which that right comes to it.
pub(crate) fn backing(view: &View<'_>, grant: &Clause) -> (Kleene, Option<ClauseNo>) {
    let Some(cell) = view.cell else { return (Some(false), None) };
    let hits = Hits::gather(view, cell);
    let mut line: Line = [grant.to, grant.from].into_iter().collect();
    let mut first = None;
    let mut note = |step: Step<'_>| match step {
        Step::Grants(number) if view.book.clauses[number].to == grant.from => {
            first = Some(first.map_or(number, |one: ClauseNo| one.min(number)));
        }
        Step::Grants(_) | Step::Forbids(..) | Step::Right { .. } => {}
    };
    let mut walk = Walk {
        view,
        hits: &hits,
        weighs: false,
        weighed: None,
        found: Outcome::NONE,
        hurries: false,
        note: &mut note,
    };
    walk.follow(&mut line, Some(true));
    (walk.found.right, first)
}

/// A walk along all chains of rights.
struct Walk<'a, N> {
    view: &'a View<'a>,
    hits: &'a Hits,
    /// Whether promises are looked at.
    weighs: bool,
    /// The line that was weighed last, and what came of it: many grants lead along the same one.
    weighed: Option<(Line, Kleene)>,
    found: Outcome,
    /// Whether it is over once a right is found that no promise stands against.
    hurries: bool,
    note: &'a mut N,
}

impl<N: FnMut(Step<'_>)> Walk<'_, N> {
    fn walk(mut self) -> Outcome {
        let Some(actor) = self.hits.parties.as_slice().first().copied() else { return self.found };
        let mut bound: Line = Few::new();
        bound.push(actor);
        if actor == self.hits.owner {
            self.arrive(bound.as_slice(), Some(true));
        } else if self.hits.parties.as_slice().contains(&self.hits.owner) {
            self.follow(&mut bound, Some(true));
        }
        self.found
    }

    /// Follows grants from the last of `bound` upward until the owner; tells whether it got there.
    fn follow(&mut self, bound: &mut Line, right: Kleene) -> bool {
        let (view, hits) = (self.view, self.hits);
        let below = bound.as_slice().len() as u32 - 1;
        let Some(holder) = bound.as_slice().last().copied() else { return false };
        let mut arrived = false;
        for hit in hits.grants() {
            if hit.to != holder || bound.as_slice().contains(&hit.from) {
                continue;
            }
            let passes = || passes_on(view, hit.number, below);
            let right = and(right, || and(view.hit_stands(*hit, bound.as_slice()), passes));
            if right == Some(false) {
                continue;
            }
            bound.push(hit.from);
            let through = if hit.from == hits.owner {
                self.arrive(bound.as_slice(), right);
                true
            } else {
                below + 1 < CHAIN_GRANTS_MAX && self.follow(bound, right)
            };
            if through {
                (self.note)(Step::Grants(hit.number));
            }
            arrived |= through;
            bound.pop();
            if self.hurries && self.found.clean == Some(true) {
                break;
            }
        }
        arrived
    }

    /// Adds up a right that reaches the owner, with what stands against it.
    fn arrive(&mut self, bound: &[PartyNo], right: Kleene) {
        let clean = and(right, || if self.weighs { not(self.forbidden(bound)) } else { Some(true) });
        (self.note)(Step::Right { bound, right, clean });
        self.found.right = or(self.found.right, || right);
        self.found.clean = or(self.found.clean, || clean);
    }

    /// Whether a promise of somebody in `bound` forbids the act.
    fn forbidden(&mut self, bound: &[PartyNo]) -> Kleene {
        if let Some((_, found)) = self.weighed.as_ref().filter(|(line, _)| line.as_slice() == bound) {
            return *found;
        }
        let view = self.view;
        let mut found = Some(false);
        for hit in self.hits.promises() {
            if !binds(*hit, bound) {
                continue;
            }
            let stands = view.hit_stands(*hit, bound);
            if stands != Some(false) {
                (self.note)(Step::Forbids(*hit, stands));
            }
            found = or(found, || stands);
        }
        self.weighed = Some((bound.iter().copied().collect(), found));
        found
    }
}

/// Whether a grant may carry `below` further grants, and one more when that is what is asked.
pub(crate) fn passes_on(view: &View<'_>, grant: ClauseNo, below: u32) -> Kleene {
    let asked = view.cell.is_some_and(|cell| cell.action == Action::Sublicense);
    let needed = below + u32::from(asked);
    if needed == 0 {
        return Some(true);
    }
    let deep_enough = view.depth(grant).is_none_or(|depth| needed <= depth);
    and(Some(deep_enough), || view.inside_as(&view.book.clauses[grant], Action::Sublicense))
}

/// Whether the promise is one that somebody in `bound` made, to nobody among them.
pub(crate) fn binds(hit: Hit, bound: &[PartyNo]) -> bool {
    bound.contains(&hit.from) && !bound.contains(&hit.to)
}

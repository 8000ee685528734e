//! Gathers the clauses that can have a say in an ask, at its time or later, with all that the time does not change
//! worked out once.

use crate::book::{Book, Clause, Kind, Money};
use crate::eval::{Kleene, View, and, not};
use crate::few::Few;
use crate::index::{Brief, Cell, Part};
use crate::table::{ClauseNo, PartyNo};
use crate::terms::is_party;
use abide_model::Time;
use abide_model::name::Customer;

/// How many clauses of a kind, and parties, are held without an allocation.
const CLAUSES_IN_PLACE: usize = 32;
const PARTIES_IN_PLACE: usize = 16;

/// A clause whose scope covers an ask, or does so on some answers, and that has not ended before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hit {
    pub(crate) number: ClauseNo,
    /// Whether it covers the ask; `None` hangs on a class. A promise that carves the ask out is kept, to be named.
    inside: Kleene,
}

/// What an instant may do to a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Begins,
    Ends,
    Either,
}

pub(crate) type HitList = Few<Hit, CLAUSES_IN_PLACE>;
/// Parties in a row, the actor first.
pub(crate) type Line = Few<PartyNo, PARTIES_IN_PLACE>;

/// The clauses that can have a say in an ask.
#[derive(Debug)]
pub(crate) struct Hits {
    /// Parties through whom a right may come to the actor, itself first.
    pub(crate) parties: Line,
    pub(crate) owner: PartyNo,
    pub(crate) grants: HitList,
    pub(crate) promises: HitList,
    /// What anybody through whom the right may come owes of revenue from the act.
    pub(crate) owed: HitList,
    /// What revenue of the actor itself counts toward.
    pub(crate) sales: HitList,
}

impl Hits {
    /// What has a say in `cell` from the time of `view` on, as known then, when nobody in particular is served.
    pub(crate) fn gather(view: &View<'_>, cell: &Cell) -> Self {
        Self::gather_for(view, cell, None)
    }

    /// What has a say in `cell` from the time of `view` on, as known then.
    pub(crate) fn gather_for(view: &View<'_>, cell: &Cell, customer: Option<&Customer>) -> Self {
        let owner = view.book.words.offers[cell.product].owner;
        let mut hits = Self {
            parties: Few::new(),
            owner,
            grants: Few::new(),
            promises: Few::new(),
            owed: Few::new(),
            sales: Few::new(),
        };
        hits.parties.push(cell.actor);
        let mut next = 0;
        while let Some(party) = hits.parties.as_slice().get(next).copied() {
            hits.gather_of(view, cell, party, next == 0);
            next += 1;
        }
        for at in 0..next {
            let Some(party) = hits.parties.as_slice().get(at).copied() else { break };
            // What is owed to the actor itself is not owed.
            each(view, cell, party, Part::Payer, |hit, brief| {
                if brief.to != cell.actor {
                    hits.owed.push(hit);
                }
            });
        }
        each(view, cell, cell.actor, Part::Seller, |hit, _| {
            if is_concerned(&view.book.clauses[hit.number], view.book, customer) {
                hits.sales.push(hit);
            }
        });
        hits
    }

    fn gather_of(&mut self, view: &View<'_>, cell: &Cell, party: PartyNo, is_actor: bool) {
        // Whoever a promise was made to is never bound by it.
        each(view, cell, party, Part::Promisor, |hit, brief| {
            if brief.to != cell.actor {
                self.promises.push(hit);
            }
        });
        // What an owner is granted gives it no right it lacks, but may be the reason it is asked about.
        if party == self.owner && !is_actor {
            return;
        }
        each(view, cell, party, Part::Grantee, |hit, brief| {
            self.grants.push(hit);
            if cell.actor != self.owner && !self.parties.as_slice().contains(&brief.from) {
                self.parties.push(brief.from);
            }
        });
    }

    /// Those about money.
    pub(crate) fn paying(&self) -> impl Iterator<Item = Hit> + '_ {
        self.owed.iter().chain(self.sales.iter())
    }

    /// Those that a right or a promise hangs on.
    pub(crate) fn deciding(&self) -> impl Iterator<Item = Hit> + '_ {
        self.grants.iter().chain(self.promises.iter())
    }
}

/// Whether what is sold to the customer counts toward a clause of the seller: a commitment is drawn down by its buyer
/// alone.
fn is_concerned(clause: &Clause, book: &Book, customer: Option<&Customer>) -> bool {
    match clause.kind.money() {
        Some(Money::Commit { .. }) => {
            let buyer = &book.words.parties[clause.from];
            customer.is_some_and(|customer| is_party(customer, buyer))
        }
        Some(
            Money::Share(_)
            | Money::Guarantee { .. }
            | Money::Split { .. }
            | Money::Parity { .. }
            | Money::Stake { .. },
        )
        | None => true,
    }
}

fn each(view: &View<'_>, cell: &Cell, party: PartyNo, part: Part, mut found: impl FnMut(Hit, &Brief)) {
    let index = &view.book.index;
    let unsifted = index.unsifted(party, part);
    index.each(cell, party, part, |number| {
        let brief = index.brief(number);
        if brief.known > view.known || view.end(number).is_some_and(|end| end <= view.at) {
            return;
        }
        let sure = brief.boxed && !unsifted;
        let inside = if sure { Some(true) } else { view.inside(&view.book.clauses[number]) };
        let named = || {
            part == Part::Promisor
                && view.covers(&view.book.clauses[number].scope, cell, cell.action) != Some(false)
        };
        if inside != Some(false) || named() {
            found(Hit { number, inside }, brief);
        }
    });
}

impl View<'_> {
    /// When a clause ends, as known.
    fn end(&self, number: ClauseNo) -> Option<Time> {
        let brief = self.book.index.brief(number);
        if brief.cut_short { self.book.clauses[number].term.end(self.known) } else { brief.until }
    }

    /// [`View::stands`] of a clause that was gathered for this ask at this time or before.
    pub(crate) fn hit_stands(&self, hit: Hit, bound: &[PartyNo]) -> Kleene {
        let brief = self.book.index.brief(hit.number);
        if hit.inside == Some(false)
            || brief.since > self.at
            || self.end(hit.number).is_some_and(|end| end <= self.at)
        {
            return Some(false);
        }
        let inside = hit.inside.or_else(|| self.inside(&self.book.clauses[hit.number]));
        if brief.plain {
            return inside;
        }
        let clause = &self.book.clauses[hit.number];
        let met = and(inside, || self.condition(clause.holds_if.as_ref(), true));
        and(met, || not(self.lifted(clause, bound).1))
    }

    /// The instants after that of the view at which the clause may begin or cease to count, and which of the two it is.
    pub(crate) fn turns(&self, hit: Hit, found: &mut impl FnMut(Time, Change)) {
        if hit.inside == Some(false) {
            return;
        }
        let brief = self.book.index.brief(hit.number);
        let end = self.end(hit.number);
        let mut later = |at: Time, change: Change| {
            // What happens to a clause after its end changes nothing.
            if at > self.at && end.is_none_or(|end| at <= end) {
                found(at, change);
            }
        };
        if brief.plain {
            later(brief.since, Change::Begins);
            end.into_iter().for_each(|end| later(end, Change::Ends));
        } else {
            later(brief.since, Change::Either);
            end.into_iter().for_each(|end| later(end, Change::Either));
            self.changes(hit.number, &mut |at| later(at, Change::Either));
        }
    }

    /// The instants at which a clause, or one that beats it, may change.
    fn changes(&self, number: ClauseNo, found: &mut dyn FnMut(Time)) {
        let clause = &self.book.clauses[number];
        if clause.known > self.known {
            return;
        }
        clause.changes.iter().filter(|(_, known)| *known <= self.known).for_each(|(at, _)| found(*at));
        for beater in &clause.beaten_by {
            if self.inside(&self.book.clauses[*beater]) != Some(false) {
                self.changes(*beater, found);
            }
        }
    }

    /// How far below a right further grants may hang.
    pub(crate) fn depth(&self, number: ClauseNo) -> Option<u32> {
        match &self.book.clauses[number].kind {
            Kind::Grant { depth } => *depth,
            Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } | Kind::Money(_) => Some(0),
        }
    }
}

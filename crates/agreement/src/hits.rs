//! Gathers the clauses that can have a say in an ask, at its time or later, with all that the time does not change
//! worked out once.

use crate::book::{Book, Clause, Kind, Money};
use crate::calendar::Moment;
use crate::eval::{Kleene, View, and, not};
use crate::few::Few;
use crate::index::{Binds, Brief, Cell, Hangs, Part};
use crate::table::{ClauseNo, PartyNo};
use crate::terms::is_party;
use abide_model::name::Customer;

/// How many clauses, and parties, are held without an allocation.
const CLAUSES_IN_PLACE: usize = 32;
const PARTIES_IN_PLACE: usize = 16;

/// A clause whose scope covers an ask, or does so on some answers, and that has not ended before it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hit {
    pub(crate) number: ClauseNo,
    pub(crate) from: PartyNo,
    pub(crate) to: PartyNo,
    /// From when to when it is in force, as known.
    since: Moment,
    pub(crate) end: Moment,
    /// Whether it covers the ask; `None` hangs on a class. A promise that carves the ask out is kept, to be named.
    inside: Kleene,
    /// Nothing but its term and its scope says whether it counts for this ask.
    plain: bool,
    pub(crate) hangs: Hangs,
    /// It counts only beside a share.
    pub(crate) over_shares: bool,
}

impl Hit {
    /// Whether it counts whenever it is in force.
    pub(crate) fn is_sure(self) -> bool {
        self.plain && self.inside == Some(true)
    }

    pub(crate) fn in_force(self, at: Moment) -> bool {
        (self.since <= at) & (at < self.end)
    }
}

/// What an instant may do to a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Begins,
    Ends,
    Either,
}

/// Parties in a row, the actor first.
pub(crate) type Line = Few<PartyNo, PARTIES_IN_PLACE>;

/// The clauses that can have a say in an ask.
#[derive(Debug)]
pub(crate) struct Hits {
    /// Parties through whom a right may come to the actor, itself first.
    pub(crate) parties: Line,
    pub(crate) owner: PartyNo,
    /// Grants, then promises, then what is owed, then what counts toward terms of the seller.
    all: Few<Hit, CLAUSES_IN_PLACE>,
    promises: usize,
    owed: usize,
    sales: usize,
}

impl Hits {
    /// What has a say in `cell` from the time of `view` on, as known then, when nobody in particular is served.
    pub(crate) fn gather(view: &View<'_>, cell: &Cell) -> Self {
        Self::gather_for(view, cell, None)
    }

    /// What has a say in `cell` from the time of `view` on, as known then.
    pub(crate) fn gather_for(view: &View<'_>, cell: &Cell, customer: Option<&Customer>) -> Self {
        let owner = view.book.words.offers[cell.product].owner;
        let mut hits = Self { parties: Few::new(), owner, all: Few::new(), promises: 0, owed: 0, sales: 0 };
        hits.follow(view, cell);
        hits.promises = hits.all.as_slice().len();
        (hits.owed, hits.sales) = (hits.promises, hits.promises);
        // Without a way to the owner nothing is promised away, and nothing owed.
        if hits.parties.as_slice().contains(&owner) {
            hits.bind(view, cell, customer);
        }
        hits
    }

    /// Gathers grants, and the parties they lead to.
    fn follow(&mut self, view: &View<'_>, cell: &Cell) {
        let Self { parties, owner, all, .. } = self;
        parties.push(cell.actor);
        let mut next = 0;
        while let Some(party) = parties.as_slice().get(next).copied() {
            next += 1;
            // What an owner is granted gives it no right it lacks, but may be the reason it is asked about.
            if party == *owner && party != cell.actor {
                continue;
            }
            each(view, cell, party, Part::Grantee, |hit| {
                all.push(hit);
                if cell.actor != *owner && !parties.as_slice().contains(&hit.from) {
                    parties.push(hit.from);
                }
            });
        }
    }

    /// Gathers what binds the parties.
    fn bind(&mut self, view: &View<'_>, cell: &Cell, customer: Option<&Customer>) {
        let Self { parties, all, .. } = self;
        for party in parties.iter() {
            // Whoever a promise was made to is never bound by it.
            each(view, cell, party, Part::Promisor, |hit| {
                if hit.to != cell.actor && (hit.from != cell.actor || binds_itself(view, cell, hit)) {
                    all.push(hit);
                }
            });
        }
        self.owed = all.as_slice().len();
        for party in parties.iter() {
            // What is owed to the actor itself is not owed.
            each(view, cell, party, Part::Payer, |hit| {
                if hit.to != cell.actor {
                    all.push(hit);
                }
            });
        }
        self.sales = all.as_slice().len();
        each(view, cell, cell.actor, Part::Seller, |hit| {
            if is_concerned(&view.book.clauses[hit.number], view.book, customer) {
                all.push(hit);
            }
        });
    }

    pub(crate) fn grants(&self) -> &[Hit] {
        self.part(0, self.promises)
    }

    pub(crate) fn promises(&self) -> &[Hit] {
        self.part(self.promises, self.owed)
    }

    /// What anybody through whom the right may come owes of revenue from the act.
    pub(crate) fn owed(&self) -> &[Hit] {
        self.part(self.owed, self.sales)
    }

    /// What revenue of the actor itself counts toward.
    pub(crate) fn sales(&self) -> &[Hit] {
        self.part(self.sales, self.all.as_slice().len())
    }

    /// Those about money.
    pub(crate) fn paying(&self) -> &[Hit] {
        self.part(self.owed, self.all.as_slice().len())
    }

    /// Those that a right or a promise hangs on.
    pub(crate) fn deciding(&self) -> &[Hit] {
        self.part(0, self.owed)
    }

    fn part(&self, from: usize, until: usize) -> &[Hit] {
        self.all.as_slice().get(from..until).unwrap_or(&[])
    }
}

/// Whether a promise of the actor forbids the act to itself.
fn binds_itself(view: &View<'_>, cell: &Cell, hit: Hit) -> bool {
    match view.book.index.brief(hit.number).binds {
        Binds::Itself => true,
        Binds::OthersAlone => false,
        Binds::WithOthers => {
            let operator = view.book.words.operators[cell.channel];
            operator != hit.from && operator != hit.to
        }
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

fn each(view: &View<'_>, cell: &Cell, party: PartyNo, part: Part, mut found: impl FnMut(Hit)) {
    let index = &view.book.index;
    let unsifted = index.unsifted(party, part);
    let (at, known) = (Moment::of(view.at), Moment::of(view.known));
    index.each(cell, party, part, |number| {
        let brief = index.brief(number);
        let end = view.end(number, brief);
        if brief.known > known || end <= at {
            return;
        }
        let sure = brief.boxed && !unsifted;
        let inside = if sure { Some(true) } else { view.inside(&view.book.clauses[number]) };
        let named = || {
            part == Part::Promisor
                && view.covers(&view.book.clauses[number].scope, cell, cell.action) != Some(false)
        };
        if inside != Some(false) || named() {
            let plain = brief.steady && !(brief.beaten && view.may_be_beaten(number, at));
            let Brief { from, to, since, hangs, over_shares, .. } = *brief;
            found(Hit { number, from, to, since, end, inside, plain, hangs, over_shares });
        }
    });
}

impl View<'_> {
    /// When a clause ends, as known.
    fn end(&self, number: ClauseNo, brief: &Brief) -> Moment {
        if !brief.cut_short {
            return brief.until;
        }
        self.book.clauses[number].term.end(self.known).map_or(Moment::NEVER, Moment::of)
    }

    /// Whether anything goes before a clause for this ask, at some time or later.
    fn may_be_beaten(&self, number: ClauseNo, at: Moment) -> bool {
        self.book.clauses[number].beaten_by.iter().any(|beater| {
            let brief = self.book.index.brief(*beater);
            brief.known <= Moment::of(self.known)
                && self.end(*beater, brief) > at
                && self.inside(&self.book.clauses[*beater]) != Some(false)
        })
    }

    /// [`View::stands`] of a clause that was gathered for this ask at this time or before.
    #[inline]
    pub(crate) fn hit_stands(&self, hit: Hit, bound: &[PartyNo]) -> Kleene {
        match hit.in_force(Moment::of(self.at)) {
            true if hit.is_sure() => Some(true),
            true => self.weigh(hit, bound),
            false => Some(false),
        }
    }

    /// Whether a clause that is in force counts.
    fn weigh(&self, hit: Hit, bound: &[PartyNo]) -> Kleene {
        if hit.inside == Some(false) {
            return hit.inside;
        }
        let clause = &self.book.clauses[hit.number];
        let inside = hit.inside.or_else(|| self.inside(clause));
        if hit.plain {
            return inside;
        }
        let met = and(inside, || self.condition(clause.holds_if.as_ref(), true));
        and(met, || not(self.lifted(clause, bound).1))
    }

    /// The instants at which the clause may begin or cease to count, and which of the two it is; [`Moment::NEVER`] for an
    /// end that it does not have.
    pub(crate) fn turns(&self, hit: Hit, mut found: impl FnMut(Moment, Change)) {
        if hit.inside == Some(false) {
            return;
        }
        if hit.plain {
            found(hit.since, Change::Begins);
            found(hit.end, Change::Ends);
        } else {
            found(hit.since, Change::Either);
            found(hit.end, Change::Either);
            // What happens to a clause after its end changes nothing.
            self.changes(hit.number, &mut |at| {
                if at < hit.end {
                    found(at, Change::Either);
                }
            });
        }
    }

    /// The instants at which a clause, or one that beats it, may change.
    fn changes(&self, number: ClauseNo, found: &mut dyn FnMut(Moment)) {
        let clause = &self.book.clauses[number];
        if clause.known > self.known {
            return;
        }
        clause
            .changes
            .iter()
            .filter(|(_, known)| *known <= self.known)
            .for_each(|(at, _)| found(Moment::of(*at)));
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

//! Collisions with what the giver holds: it gives what it has no right to, outlives its own right, or promises to be
//! alone where it is not.

use super::probe::{Hit, Hits, Probe, Search, When, spans};
use super::{ConflictKind, Found};
use crate::bits::Bits;
use crate::book::{Clause, Kind, Scope};
use crate::eval::{Kleene, View, and, not, or};
use crate::index::Cell;
use crate::open::Open;
use crate::outcome::{backing, passes_on};
use crate::space::{self, Leaf};
use crate::table::{ClauseNo, Number, PartyNo, QuestionNo};
use abide_model::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Every collision of a grant or an exclusive with what its giver holds.
pub(super) fn find(search: Search<'_>, found: &mut Vec<Found>) {
    let held = Held::new(search);
    for (number, clause) in search.book.clauses.iter().filter(|(number, _)| search.touches(*number)) {
        match &clause.kind {
            Kind::Grant { .. } => given(search, &held, number, clause, found),
            Kind::Exclusive { .. } => alone(search, &held, number, clause, found),
            Kind::First { .. } | Kind::Refusal { .. } | Kind::Money(_) => {}
        }
    }
}

/// The grants and exclusives of the book that are known, whenever they are in force.
struct Held {
    grants: Vec<ClauseNo>,
    exclusives: Vec<ClauseNo>,
    /// Whatever one party promises another: exclusives, first launches, first refusals.
    promises: Vec<ClauseNo>,
}

impl Held {
    fn new(search: Search<'_>) -> Self {
        let mut held = Self { grants: Vec::new(), exclusives: Vec::new(), promises: Vec::new() };
        let known = |clause: &Clause| clause.known <= search.window.known;
        for (number, clause) in search.book.clauses.iter().filter(|(_, clause)| known(clause)) {
            match &clause.kind {
                Kind::Grant { .. } => held.grants.push(number),
                Kind::Exclusive { sole } => {
                    held.promises.push(number);
                    if !sole {
                        held.exclusives.push(number);
                    }
                }
                Kind::First { .. } | Kind::Refusal { .. } => held.promises.push(number),
                Kind::Money(_) => {}
            }
        }
        held
    }
}

/// The grants by which a right may come to `holder`, also by way of others; within `scope`, where one is given.
pub(super) fn above(search: Search<'_>, holder: PartyNo, scope: Option<&Scope>) -> Vec<ClauseNo> {
    let mut holders = vec![holder];
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(holder) = holders.get(next).copied() {
        for (number, grant) in search.book.clauses.iter() {
            let known = grant.known <= search.window.known && matches!(grant.kind, Kind::Grant { .. });
            if known && grant.to == holder && scope.is_none_or(|scope| space::meet(&grant.scope, scope)) {
                found.push(number);
                if !holders.contains(&grant.from) {
                    holders.push(grant.from);
                }
            }
        }
        next += 1;
    }
    found
}

// ------------------------------------------------------------------ grants

/// Why a grant is empty: nothing stands behind it, or no longer does what once stood there.
type Lack = Option<ClauseNo>;

fn given(search: Search<'_>, held: &Held, number: ClauseNo, grant: &Clause, found: &mut Vec<Found>) {
    let Some(foreign) = foreign(search, held, grant) else { return };
    let above = above(search, grant.from, Some(&grant.scope));
    let own = Given::new(search, held, number);
    let heads = above.iter().filter(|head| search.book.clauses[**head].to == grant.from);
    let heads: Vec<Given> = heads.map(|head| Given::new(search, held, *head)).collect();
    let leave = std::iter::once(&own).chain(&heads).flat_map(|given| given.leave.iter().copied());
    let all = std::iter::once(number).chain(leave).chain(above);
    let cast = space::with_beaters(search.book, all);
    let empty = Empty { search, own, grant, heads };
    let mut hits: Hits<Lack> = Hits::new();
    space::cells(search.book, search.window.known, (&cast, &[&grant.scope, &foreign]), &mut |leaf| {
        empty.look(leaf, &mut hits);
    });
    let mut by_lack: BTreeMap<Lack, Hits<()>> = BTreeMap::new();
    for ((lack, when), list) in hits {
        by_lack.entry(lack).or_default().insert(((), when), list);
    }
    for (lack, hits) in by_lack {
        let (kind, clauses) = match lack {
            None => (ConflictKind::NoRightsIn, vec![number]),
            Some(head) => (ConflictKind::TermOverhang, vec![number, head]),
        };
        found.extend(Found::new(kind, clauses, grant.to, hits));
    }
}

/// The products that a grant gives and that are neither its giver's nor its receiver's; `None` when there are none.
fn foreign(search: Search<'_>, held: &Held, grant: &Clause) -> Option<Scope> {
    let mut given = products(search, held, grant, &mut Vec::new());
    if !given.any() {
        // Who has nothing gives whatever the words say.
        given = Bits::all(search.book.words.products.len());
    }
    for (number, offer) in search.book.words.offers.iter() {
        if offer.owner == grant.from || offer.owner == grant.to {
            given.remove(number.at());
        }
    }
    given.any().then(|| Scope { products: Some(given), ..grant.scope.clone() })
}

/// The products that a grant names; of one that names none, what its giver owns and was ever given.
fn products(search: Search<'_>, held: &Held, grant: &Clause, seen: &mut Vec<PartyNo>) -> Bits {
    if let Some(named) = &grant.scope.products {
        return named.clone();
    }
    let mut found = Bits::none(search.book.words.products.len());
    if seen.contains(&grant.from) {
        return found;
    }
    seen.push(grant.from);
    let owned = search.book.words.offers.iter().filter(|(_, offer)| offer.owner == grant.from);
    owned.for_each(|(number, _)| found.insert(number.at()));
    for head in held.grants.iter().map(|head| &search.book.clauses[*head]) {
        if head.to == grant.from {
            found.join(&products(search, held, head, seen));
        }
    }
    found
}

/// A grant, with the promises from which it may be leave.
struct Given {
    number: ClauseNo,
    /// What its receiver promised its giver.
    leave: Vec<ClauseNo>,
}

impl Given {
    fn new(search: Search<'_>, held: &Held, number: ClauseNo) -> Self {
        let grant = &search.book.clauses[number];
        let is_leave = |promise: &ClauseNo| {
            let promise = &search.book.clauses[*promise];
            promise.from == grant.to && promise.to == grant.from && space::meet(&promise.scope, &grant.scope)
        };
        Self { number, leave: held.promises.iter().copied().filter(is_leave).collect() }
    }

    /// Whether it stands for whoever acts by the right of `line`, and is no leave.
    fn gives(&self, view: &View<'_>, line: &[PartyNo]) -> Kleene {
        and(view.stands(self.number, line), || not(self.is_leave(view)))
    }

    fn is_leave(&self, view: &View<'_>) -> Kleene {
        let mut found = Some(false);
        for number in &self.leave {
            let promise = &view.book.clauses[*number];
            found = or(found, || and(Some(view.live(promise)), || view.inside(promise)));
        }
        found
    }
}

/// A grant behind which no right stands.
struct Empty<'b> {
    search: Search<'b>,
    own: Given,
    grant: &'b Clause,
    /// The grants to its giver.
    heads: Vec<Given>,
}

impl Empty<'_> {
    fn look(&self, leaf: &Leaf<'_>, hits: &mut Hits<Lack>) {
        let Some(cell) = leaf.point.cell(self.grant.to) else { return };
        let owner = self.search.book.words.offers[cell.product].owner;
        if owner == self.grant.from || owner == self.grant.to {
            return;
        }
        let instants = self.search.instants(leaf.touching);
        let mut open = Vec::new();
        for at in &instants {
            self.search.open(&self.search.view(&cell, *at), leaf.touching, &mut open);
        }
        let open = Open::new(self.search.book, open);
        // Beyond the bound, what hangs on a question is looked at as unknown, in one go.
        let sets = open.sets();
        let row = |set: u32| {
            let assumed = sets.map(|_| set);
            open.fits(set).then(|| self.through_time(&cell, &instants, open.points(), assumed))
        };
        let rows: Vec<Option<Vec<Option<Lack>>>> = (0..sets.unwrap_or(1)).map(row).collect();
        for (slice, (at, next)) in spans(&instants).enumerate() {
            let Some((from, until)) = self.search.clip(at, next) else { continue };
            let lacking = |row: &Vec<Option<Lack>>| row.get(slice).copied().flatten();
            let lacks: BTreeSet<Lack> = rows.iter().flatten().filter_map(lacking).collect();
            for lack in lacks {
                let truths: Vec<Option<bool>> =
                    rows.iter().map(|row| row.as_ref().map(|row| lacking(row) == Some(lack))).collect();
                let when = match sets {
                    Some(_) => When::read(self.search.book, &open, &truths),
                    None => Some(When::somehow(self.search.book, &open)),
                };
                let hit = Hit { from, until, point: leaf.point, block: leaf.block.clone() };
                if let Some(when) = when {
                    hits.entry((lack, when)).or_default().push(hit);
                }
            }
        }
    }

    /// What is lacking from each instant on, under one set of answers.
    fn through_time(
        &self,
        cell: &Cell,
        instants: &[Time],
        open: &[QuestionNo],
        set: Option<u32>,
    ) -> Vec<Option<Lack>> {
        let line = [self.grant.to];
        let mut last: Lack = None;
        let mut found = Vec::with_capacity(instants.len());
        for at in instants {
            let view = View { open, assumed: set, ..self.search.view(cell, *at) };
            if self.own.gives(&view, &line) == Some(false) {
                found.push(None);
                continue;
            }
            let (right, head) = backing(&view, self.grant);
            if right == Some(true) {
                last = head;
            }
            let lacks = and(not(right), || not(self.hangs_below(&view)));
            found.push((lacks != Some(false)).then_some(last));
        }
        found
    }

    /// Whether it hangs below a grant that is empty itself: that one is told, and mended with it.
    fn hangs_below(&self, view: &View<'_>) -> Kleene {
        let line = [self.grant.to, self.grant.from];
        let mut found = Some(false);
        for head in &self.heads {
            let clause = &view.book.clauses[head.number];
            let Some(cell) = view.cell.filter(|_| clause.from != self.grant.to) else { continue };
            let own = Cell { actor: clause.to, ..*cell };
            let own = View { cell: Some(&own), ..*view };
            found = or(found, || {
                let passes = and(view.stands(head.number, &line), || passes_on(view, head.number, 1));
                let gives = and(passes, || head.gives(&own, &[clause.to]));
                and(gives, || not(backing(&own, clause).0))
            });
        }
        found
    }
}

// ------------------------------------------------------------------ exclusives

/// A promise to be the only one, by somebody who is not: whoever its right comes from may do the same.
struct NotAlone<'b> {
    promise: (ClauseNo, [PartyNo; 1]),
    licence: (ClauseNo, [PartyNo; 1]),
    /// What the licensor promised to the promisor, or to whom it promises.
    kept: Vec<ClauseNo>,
    licensor: [PartyNo; 1],
    promisor: &'b Clause,
}

impl Probe for NotAlone<'_> {
    fn collides(&self, view: &View<'_>) -> Kleene {
        let Some(cell) = view.cell else { return Some(false) };
        if view.book.words.offers[cell.product].owner == self.promisor.from {
            return Some(false);
        }
        let holds = and(view.stands(self.promise.0, &self.promise.1), || {
            view.stands(self.licence.0, &self.licence.1)
        });
        let mut kept = Some(false);
        for number in &self.kept {
            kept = or(kept, || view.stands(*number, &self.licensor));
        }
        and(holds, || not(kept))
    }
}

fn alone(search: Search<'_>, held: &Held, number: ClauseNo, promise: &Clause, found: &mut Vec<Found>) {
    let clauses = &search.book.clauses;
    for licence in &held.grants {
        let grant = &clauses[*licence];
        let apart = grant.to != promise.from
            || grant.from == promise.to
            || !space::meet(&grant.scope, &promise.scope);
        if apart || !search.touches(*licence) || !search.together(number, *licence) {
            continue;
        }
        let keeps = |other: &&ClauseNo| {
            let other = &clauses[**other];
            other.from == grant.from && (other.to == promise.from || other.to == promise.to)
        };
        let kept: Vec<ClauseNo> = held.exclusives.iter().filter(keeps).copied().collect();
        let cast =
            space::with_beaters(search.book, [number, *licence].into_iter().chain(kept.iter().copied()));
        let probe = NotAlone {
            promise: (number, [promise.from]),
            licence: (*licence, [promise.from]),
            kept,
            licensor: [grant.from],
            promisor: promise,
        };
        let hits = search.run(grant.from, (&cast, &[&promise.scope, &grant.scope]), &probe);
        found.extend(Found::new(ConflictKind::NotExclusiveIn, vec![number, *licence], grant.from, hits));
    }
}

//! Why: the clauses that decided, each with what it did and where it stands.

use crate::book::Book;
use crate::eval::View;
use crate::few::Few;
use crate::finding::{Answer, Finding, Way};
use crate::hits::{Hit, Hits};
use crate::outcome::binds;
use crate::table::{ClauseNo, PartyNo};
use abide_model::decision::{Citation, Effect, Reason};
use std::sync::Arc;

/// How many reasons are held without an allocation.
const REASONS_IN_PLACE: usize = 32;

/// A clause and what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Why {
    /// What forbids comes first, then what grants, then what lifts.
    rank: u8,
    number: ClauseNo,
    effect: Effect,
}

impl Default for Why {
    fn default() -> Self {
        Self { rank: 0, number: ClauseNo::default(), effect: Effect::Grants }
    }
}

impl Why {
    fn new(number: ClauseNo, effect: Effect) -> Self {
        let rank = match effect {
            Effect::Forbids => 0,
            Effect::Grants => 1,
            Effect::Excepts => 2,
            Effect::Waives => 3,
        };
        Self { rank, number, effect }
    }

    pub(crate) fn cited(self, book: &Book) -> Cited<'_> {
        Cited { cited: &book.citations[self.number], effect: self.effect }
    }
}

/// A [`Reason`] that still lies in its book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cited<'b> {
    /// The clause.
    pub cited: &'b Arc<Citation>,
    /// What it did.
    pub effect: Effect,
}

impl From<Cited<'_>> for Reason {
    fn from(cited: Cited<'_>) -> Self {
        Self { cited: Arc::clone(cited.cited), effect: cited.effect }
    }
}

/// The clauses that decided, each once, strongest effect first.
pub(crate) fn reasons(
    view: &View<'_>,
    hits: &Hits,
    finding: &Finding,
    way: &Way,
) -> Few<Why, REASONS_IN_PLACE> {
    let mut found: Few<Why, REASONS_IN_PLACE> = Few::new();
    found.extend(finding.forbidding.iter().map(|number| Why::new(number, Effect::Forbids)));
    found.extend(way.grants.iter().map(|number| Why::new(number, Effect::Grants)));
    let clean = way.clean.as_slice();
    if clean.first() == Some(&hits.owner) {
        let given = hits.grants().iter().filter(|hit| view.hit_stands(**hit, clean) == Some(true));
        found.extend(given.map(|hit| Why::new(hit.number, Effect::Grants)));
    }
    if finding.answer == Answer::Permit {
        found.extend(hits.promises().iter().filter_map(|hit| lifts(view, clean, *hit)));
    }
    found.tidy();
    once(&found)
}

/// The first entry of each clause.
fn once(found: &Few<Why, REASONS_IN_PLACE>) -> Few<Why, REASONS_IN_PLACE> {
    let mut kept: Few<Why, REASONS_IN_PLACE> = Few::new();
    for why in found.iter() {
        if !kept.iter().any(|other| other.number == why.number) {
            kept.push(why);
        }
    }
    kept
}

/// What lifts a promise that would otherwise forbid the act.
fn lifts(view: &View<'_>, bound: &[PartyNo], hit: Hit) -> Option<Why> {
    if hit.is_sure() || !binds(hit, bound) {
        return None;
    }
    let clause = &view.book.clauses[hit.number];
    let cell = view.cell?;
    let would = view.live(clause)
        && view.covers(&clause.scope, cell, cell.action) != Some(false)
        && view.condition(clause.holds_if.as_ref(), true) != Some(false);
    if !would {
        return None;
    }
    if view.carved(clause, cell.action) == Some(true) {
        return Some(Why::new(hit.number, Effect::Excepts));
    }
    match view.lifted(clause, bound) {
        (Some((number, effect)), _) => Some(Why::new(number, effect)),
        (None, Some(true)) => Some(Why::new(hit.number, Effect::Waives)),
        (None, _) => None,
    }
}

//! Collisions of two promises: both stand on one ask, and cannot both be kept.

use super::probe::{Hits, Probe, Search};
use super::{ConflictKind, Found};
use crate::bits::Bits;
use crate::book::{Clause, Kind, Scope, action_bit};
use crate::eval::{Kleene, View, and};
use crate::index::Cell;
use crate::space;
use crate::table::{ChannelNo, ClauseNo, Number, PartyNo};
use abide_model::decision::Action;

/// Every collision of a grant or a promise with a promise of the same party.
pub(super) fn find(search: Search<'_>, found: &mut Vec<Found>) {
    let sorted = Sorted::new(search);
    for promises in &sorted.promises {
        let Some(giver) = promises.first().map(|number| search.book.clauses[*number].from) else { continue };
        let grants = sorted.grants.iter().filter(|number| search.book.clauses[**number].from == giver);
        for (grant, promise) in pairs(grants, promises) {
            grant_meets_promise(search, grant, promise, found);
        }
        for (at, one) in promises.iter().enumerate() {
            for other in promises.iter().skip(at + 1) {
                promise_meets_promise(search, *one, *other, found);
            }
        }
    }
}

fn pairs<'a>(
    grants: impl Iterator<Item = &'a ClauseNo>,
    promises: &'a [ClauseNo],
) -> impl Iterator<Item = (ClauseNo, ClauseNo)> {
    grants.flat_map(move |grant| promises.iter().map(move |promise| (*grant, *promise)))
}

/// The clauses that touch the window, by what they are.
struct Sorted {
    grants: Vec<ClauseNo>,
    /// Exclusives, first launches and first refusals, by who promises.
    promises: Vec<Vec<ClauseNo>>,
}

impl Sorted {
    fn new(search: Search<'_>) -> Self {
        let mut sorted =
            Self { grants: Vec::new(), promises: vec![Vec::new(); search.book.words.parties.len()] };
        for (number, clause) in search.book.clauses.iter().filter(|(number, _)| search.touches(*number)) {
            match &clause.kind {
                Kind::Grant { .. } => sorted.grants.push(number),
                Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } => {
                    sorted.promises.get_mut(clause.from.at()).into_iter().for_each(|list| list.push(number));
                }
                Kind::Money(_) => {}
            }
        }
        sorted
    }
}

/// Both clauses stand on one ask, each for those who act by the right of these parties.
struct Both<'l> {
    one: (ClauseNo, &'l [PartyNo]),
    other: (ClauseNo, &'l [PartyNo]),
}

impl Probe for Both<'_> {
    fn collides(&self, view: &View<'_>) -> Kleene {
        and(view.stands(self.one.0, self.one.1), || view.stands(self.other.0, self.other.1))
    }
}

fn grant_meets_promise(search: Search<'_>, grant: ClauseNo, promise: ClauseNo, found: &mut Vec<Found>) {
    let (given, promised) = (&search.book.clauses[grant], &search.book.clauses[promise]);
    let kind = match &promised.kind {
        Kind::Exclusive { .. } => ConflictKind::GrantIntoExclusive,
        Kind::First { .. } => ConflictKind::LaunchOrder,
        Kind::Refusal { .. } => ConflictKind::RefusalBypassed,
        Kind::Grant { .. } | Kind::Money(_) => return,
    };
    let apart = given.to == promised.to || !space::meet(&given.scope, &promised.scope);
    if apart || !search.together(grant, promise) {
        return;
    }
    let line = [given.to, given.from];
    let cast = space::with_beaters(search.book, [grant, promise]);
    let probe = Both { one: (grant, &[given.to]), other: (promise, &line) };
    let hits = search.run(given.to, (&cast, &[&given.scope, &promised.scope]), &probe);
    found.extend(Found::new(kind, vec![grant, promise], given.to, hits));
}

fn promise_meets_promise(search: Search<'_>, one: ClauseNo, other: ClauseNo, found: &mut Vec<Found>) {
    if !search.together(one, other) {
        return;
    }
    let (a, b) = (&search.book.clauses[one], &search.book.clauses[other]);
    match (&a.kind, &b.kind) {
        (Kind::Exclusive { .. }, Kind::Exclusive { .. }) => overlap(search, one, other, found),
        (Kind::First { channel: first, .. }, Kind::First { channel: second, .. }) if first != second => {
            before(search, (one, *first), (other, *second), found);
        }
        (Kind::First { channel, .. }, Kind::Exclusive { sole }) => {
            barred(search, (one, *channel), (other, *sole), found);
        }
        (Kind::Exclusive { sole }, Kind::First { channel, .. }) => {
            barred(search, (other, *channel), (one, *sole), found);
        }
        (Kind::First { .. }, Kind::First { .. })
        | (Kind::Grant { .. } | Kind::Refusal { .. } | Kind::Money(_), _)
        | (_, Kind::Grant { .. } | Kind::Refusal { .. } | Kind::Money(_)) => {}
    }
}

/// Two parties were each promised that nobody else does it.
fn overlap(search: Search<'_>, one: ClauseNo, other: ClauseNo, found: &mut Vec<Found>) {
    let (a, b) = (&search.book.clauses[one], &search.book.clauses[other]);
    if a.to == b.to || !space::meet(&a.scope, &b.scope) {
        return;
    }
    let cast = space::with_beaters(search.book, [one, other]);
    let probe = Both { one: (one, &[b.to, a.from]), other: (other, &[a.to, a.from]) };
    let hits = search.run(a.to, (&cast, &[&a.scope, &b.scope]), &probe);
    found.extend(Found::new(ConflictKind::ExclusiveOverlap, vec![one, other], a.to, hits));
}

/// A promise forbids the launch that another waits for.
struct Stuck {
    waiting: ClauseNo,
    barring: ClauseNo,
    /// The channel that `waiting` waits for.
    channel: ChannelNo,
    line: [PartyNo; 1],
}

impl Probe for Stuck {
    fn collides(&self, view: &View<'_>) -> Kleene {
        let Some(cell) = view.cell.and_then(|cell| self.also(cell)) else { return Some(false) };
        and(view.stands(self.waiting, &self.line), || {
            View { cell: Some(&cell), ..*view }.stands(self.barring, &self.line)
        })
    }

    fn also(&self, cell: &Cell) -> Option<Cell> {
        Some(Cell { channel: self.channel, ..*cell })
    }
}

/// Each of two channels is to launch before the other: neither may begin.
fn before(
    search: Search<'_>,
    (one, first): (ClauseNo, ChannelNo),
    (other, second): (ClauseNo, ChannelNo),
    found: &mut Vec<Found>,
) {
    let giver = search.book.clauses[one].from;
    // Each forbids to begin where the other wants to.
    let probe = Stuck { waiting: one, barring: other, channel: first, line: [giver] };
    stuck(search, giver, &probe, Some(second), found);
}

/// A launch is to come first through a channel on which it was promised away.
fn barred(
    search: Search<'_>,
    (first, channel): (ClauseNo, ChannelNo),
    (exclusive, sole): (ClauseNo, bool),
    found: &mut Vec<Found>,
) {
    let (waiting, barring) = (&search.book.clauses[first], &search.book.clauses[exclusive]);
    // Where the promisor itself, or whoever was promised the first launch, may launch there, the way is open.
    if sole || waiting.to == barring.to {
        return;
    }
    let probe = Stuck { waiting: first, barring: exclusive, channel, line: [waiting.from] };
    stuck(search, waiting.from, &probe, None, found);
}

fn stuck(search: Search<'_>, giver: PartyNo, probe: &Stuck, only: Option<ChannelNo>, found: &mut Vec<Found>) {
    let waiting = &search.book.clauses[probe.waiting];
    let barring = &search.book.clauses[probe.barring];
    let cast = space::with_beaters(search.book, [probe.waiting, probe.barring]);
    let anywhere = |clause: &Clause| Scope { channels: None, ..clause.scope.clone() };
    let channels = only.map(|only| {
        let mut bits = Bits::none(search.book.words.channels.len());
        bits.insert(only.at());
        bits
    });
    let mut barred = anywhere(barring);
    barred.channels = channels;
    barred.actions &= action_bit(Action::Launch);
    if !space::meet(&waiting.scope, &barred) {
        return;
    }
    let hits: Hits<()> = search.run(giver, (&cast, &[&waiting.scope, &barred]), probe);
    found.extend(Found::new(ConflictKind::LaunchOrder, vec![probe.waiting, probe.barring], giver, hits));
}

//! Shares that nothing counts toward: their payer has no right to what they are on, or it is the payee who sells.

use crate::book::{Book, Clause, Kind, Money, Term};
use crate::compile::scope::boxes_apart;
use crate::diagnostic::{Sink, Spot, Word};
use crate::eval::View;
use crate::index::Cell;
use crate::syntax::File;
use crate::syntax::clause::ClauseRow;
use crate::table::{ClauseNo, Number, PartyNo, ProductNo};
use abide_model::Time;
use abide_model::decision::Ask;
use std::collections::{BTreeMap, BTreeSet};

/// Looks at every share; `doubted` is revenue of which it is doubtful who sold.
pub(super) fn warn(files: &[(usize, File)], book: &Book, doubted: &BTreeSet<Spot>, sink: &mut Sink) {
    let homes = files.iter().filter_map(|(_, file)| file.instrument.as_ref());
    let rows: BTreeMap<&str, &ClauseRow> =
        homes.flat_map(|home| &home.clauses).map(|row| (row.id.value.as_str(), row)).collect();
    let mut grants: BTreeMap<PartyNo, Vec<&Clause>> = BTreeMap::new();
    for (_, clause) in book.clauses.iter().filter(|(_, clause)| matches!(clause.kind, Kind::Grant { .. })) {
        grants.entry(clause.to).or_default().push(clause);
    }
    for (number, share) in book.clauses.iter().filter(|(_, clause)| is_share(clause)) {
        let Some(row) = rows.get(share.name.as_str()) else { continue };
        if let Some(from) = row.from.as_ref().filter(|_| !reaches(share, share.from, &grants, book)) {
            idle(share, from, reaches(share, share.to, &grants, book), book, sink);
        } else if let Some(to) = &row.to {
            received(number, to, book, doubted, sink);
        }
    }
}

fn is_share(clause: &Clause) -> bool {
    matches!(clause.kind.money(), Some(Money::Share(_)))
}

/// Whether revenue that the share is on may come by a right of the party: it owns some of what is sold, or holds a
/// grant of it at some time.
fn reaches(share: &Clause, party: PartyNo, grants: &BTreeMap<PartyNo, Vec<&Clause>>, book: &Book) -> bool {
    let covered =
        |product: ProductNo| share.scope.products.as_ref().is_none_or(|bits| bits.holds(product.at()));
    let owns = book.words.offers.iter().any(|(product, offer)| offer.owner == party && covered(product));
    let held = |grant: &&Clause| !boxes_apart(&grant.scope, &share.scope) && meet(&grant.term, &share.term);
    owns || grants.get(&party).is_some_and(|grants| grants.iter().any(held))
}

/// Whether two clauses are in force at some time both, whatever is known by then.
fn meet(one: &Term, other: &Term) -> bool {
    let before = |a: &Term, b: &Term| b.end(Time::MAX).is_none_or(|end| a.since < end);
    before(one, other) && before(other, one)
}

/// Nobody sells by a right of the payer.
fn idle(share: &Clause, from: &Word, turned: bool, book: &Book, sink: &mut Sink) {
    let (payer, payee) = (&book.words.parties[share.from], &book.words.parties[share.to]);
    let message = format!(
        "no revenue can count toward `{}`: `{payer}` neither owns what it is on nor holds a grant of it",
        share.name
    );
    let help = if turned {
        format!(
            "`from` owes and `to` is owed: if `{payee}` owes it, swap the two; else write the [[grant]] to `{payer}`"
        )
    } else {
        format!("write the [[grant]] by which `{payer}` sells, or look at `of`")
    };
    sink.warning("idle-share", from.spot, message).help(help);
}

/// The payee sells what the share is on, and nobody else does.
fn received(number: ClauseNo, to: &Word, book: &Book, doubted: &BTreeSet<Spot>, sink: &mut Sink) {
    let share = &book.clauses[number];
    // What is metered stands in no row.
    if share.from == book.owner && !book.prices.is_empty() {
        return;
    }
    let mut sold = None;
    for entry in book.entries.revenue.iter().filter(|entry| !doubted.contains(&entry.spot)) {
        let ask = book.ask_of(entry, Time::MAX);
        if !covers(share, &entry.cell, &ask, book) {
            continue;
        }
        let counted = book.duties(&ask);
        let mirrored = |(_, other): (ClauseNo, &Clause)| {
            is_share(other)
                && (other.from, other.to) == (share.to, share.from)
                && counted.contains(&other.name)
        };
        if counted.contains(&share.name) || book.clauses.iter().any(mirrored) {
            return;
        }
        if entry.cell.actor == share.to {
            sold = sold.or(Some(entry.spot));
        }
    }
    let Some(spot) = sold else { return };
    let (payer, payee) = (&book.words.parties[share.from], &book.words.parties[share.to]);
    let message =
        format!("the only revenue that `{}` could be on is of `{payee}`, who receives it", share.name);
    sink.warning("swapped", to.spot, message).also(spot, format!("sold by `{payee}`")).help(format!(
        "`from` owes and `to` is owed: if `{payee}` owes it, write from = \"{payee}\" and to = \"{payer}\""
    ));
}

/// Whether the share would be on this, whoever sold it.
fn covers(share: &Clause, cell: &Cell, ask: &Ask, book: &Book) -> bool {
    let view = View { book, cell: Some(cell), at: ask.at, known: ask.known, open: &[], assumed: None };
    view.live(share) && view.inside(share) == Some(true)
}

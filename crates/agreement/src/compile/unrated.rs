//! Warns of entered rows that a clause counts and cannot convert, for want of a rate.

use crate::book::Book;
use crate::diagnostic::{Sink, Spot};
use abide_model::money::Currency;
use abide_model::name::Clause;
use abide_model::terms::{Conversion, Guarantee, Share, Terms};
use abide_model::{Date, Time};
use std::collections::BTreeSet;

/// Which rate would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// One that holds on the day.
    Day(Date),
    /// Any, since the day that is asked for comes later than the row's.
    Some,
}

/// Warns, once for each row, of the clauses that count it and lack a rate to their own currency.
pub(super) fn warn(book: &Book, sink: &mut Sink) {
    let entries = &book.entries;
    if entries.revenue.is_empty() && entries.purchases.is_empty() {
        return;
    }
    let terms = book.terms(Time::MAX);
    // Nothing is left out at the end of time, so that rows and entries go in pairs.
    let revenue = terms.revenue.iter().zip(entries.revenue.iter().map(|entry| entry.spot));
    for (row, spot) in revenue {
        tell(&terms, (&row.toward, row.amount.currency, row.on), spot, sink);
    }
    let purchases = terms.purchases.iter().zip(entries.purchases.iter().map(|entry| entry.spot));
    for (row, spot) in purchases {
        tell(&terms, (&row.toward, row.amount.currency, row.on), spot, sink);
    }
}

fn tell(terms: &Terms, (toward, own, on): (&[Clause], Currency, Date), spot: Spot, sink: &mut Sink) {
    let wanted = toward.iter().flat_map(|clause| into(terms, clause, own, on));
    let lacking: BTreeSet<(String, Currency, Currency)> = wanted
        .filter(|(_, from, to, by)| from != to && !rated(terms, (*from, *to), *by))
        .map(|(clause, from, to, _)| (format!("`{clause}`"), from, to))
        .collect();
    let Some((_, from, to)) = lacking.first() else { return };
    let clauses: Vec<&str> = lacking.iter().map(|(clause, ..)| clause.as_str()).collect();
    let message =
        format!("{} cannot count this: there is no rate from {from} to {to} for it", clauses.join(", "));
    sink.warning("no-rate", spot, message).help(format!(
        "add a [[rate]] from = \"{from}\", to = \"{to}\" of {on} or before; until then a statement shows it apart"
    ));
}

/// What has to be converted for a clause to count an amount: under which clause, from what, to what, by which rate.
fn into<'t>(
    terms: &'t Terms,
    clause: &'t Clause,
    own: Currency,
    on: Date,
) -> Vec<(&'t Clause, Currency, Currency, By)> {
    let mut found = Vec::new();
    for share in terms.shares.iter().filter(|share| share.clause == *clause) {
        let by = match share.conversion {
            Conversion::Day => By::Day(on),
            Conversion::Average | Conversion::Closing => By::Some,
        };
        found.extend(share.currency().map(|to| (clause, own, to, by)));
        let over = terms.guarantees.iter().filter(|guarantee| guarantee.over.contains(clause));
        found.extend(over.filter_map(|guarantee| of_guarantee(guarantee, share, own)));
    }
    for commit in terms.commits.iter().filter(|commit| commit.clause == *clause) {
        let to = commit.stages.iter().find_map(|stage| stage.amount).map(|amount| amount.currency);
        found.extend(to.map(|to| (clause, own, to, By::Day(on))));
    }
    found
}

/// A guarantee converts what its share is settled in, at the end of the period.
fn of_guarantee<'t>(
    guarantee: &'t Guarantee,
    share: &Share,
    own: Currency,
) -> Option<(&'t Clause, Currency, Currency, By)> {
    let to = guarantee.minima.first()?.amount.currency;
    Some((&guarantee.clause, share.currency().unwrap_or(own), to, By::Some))
}

/// Whether the book has a rate between two currencies, in either direction.
fn rated(terms: &Terms, (from, to): (Currency, Currency), by: By) -> bool {
    let between = |a: Currency, b: Currency| (a, b) == (from, to) || (b, a) == (from, to);
    let dated = terms.rates.iter().filter(|rate| between(rate.from, rate.to));
    match by {
        By::Day(day) => dated.into_iter().any(|rate| rate.on <= day),
        By::Some => dated.count() > 0 || terms.averages.iter().any(|row| between(row.from, row.to)),
    }
}

//! Warns of entered rows, and of prices of metered calls, that a clause counts and cannot convert for want of a rate.

use crate::book::Book;
use crate::diagnostic::{Sink, Spot};
use abide_model::decision::{Action, Ask};
use abide_model::money::Currency;
use abide_model::name::{Channel, Clause, Customer, Product};
use abide_model::terms::{Conversion, Guarantee, Price, Share, Terms};
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

/// Warns, once for each row, of the clauses that count it and lack a rate to their own currency. A price or cost counts
/// for the calls that it will be charged for.
pub(super) fn warn(book: &Book, sink: &mut Sink) {
    let entries = &book.entries;
    let rows = entries.revenue.len() + entries.purchases.len() + book.prices.len() + entries.costs.len();
    if rows == 0 {
        return;
    }
    let terms = book.terms(Time::MAX);
    // Nothing is left out at the end of time, so that rows and entries go in pairs.
    let revenue = terms.revenue.iter().zip(entries.revenue.iter().map(|entry| entry.spot));
    for (row, spot) in revenue {
        tell(&terms, &[(row.toward.clone(), row.on)], row.amount.currency, spot, sink);
    }
    let purchases = terms.purchases.iter().zip(entries.purchases.iter().map(|entry| entry.spot));
    for (row, spot) in purchases {
        tell(&terms, &[(row.toward.clone(), row.on)], row.amount.currency, spot, sink);
    }
    for (price, spot) in book.prices.iter().zip(&entries.priced) {
        let channels = book.words.channels.iter().map(|(_, channel)| channel);
        metered(book, &terms, (price, &channels.collect::<Vec<_>>(), false), *spot, sink);
    }
    for (cost, spot) in terms.costs.iter().zip(entries.costs.iter().map(|(_, spot)| *spot)) {
        metered(book, &terms, (&cost.price, &[&cost.channel], true), spot, sink);
    }
}

/// Warns of a price, or of what is `spent`, under which calls through `channels` would be counted without a rate.
fn metered(
    book: &Book,
    terms: &Terms,
    (price, channels, spent): (&Price, &[&Channel], bool),
    spot: Spot,
    sink: &mut Sink,
) {
    let own = price.input.currency;
    let first = price.since.to_zoned(book.zone.clone()).date();
    let shares = terms.shares.iter().map(|share| (share.currency(), share.since));
    let minima = terms
        .guarantees
        .iter()
        .map(|one| (one.minima.first().map(|minimum| minimum.amount.currency), one.since));
    let stages = terms.commits.iter().flat_map(|commit| {
        commit.stages.iter().map(|stage| (stage.amount.map(|amount| amount.currency), stage.since))
    });
    let lacks = |to: Option<Currency>, day: Date| {
        to.is_some_and(|to| to != own && !rated(terms, (own, to), By::Day(day)))
    };
    // Most books have one currency: then nothing is looked up at all.
    let clauses = shares.chain(minima).chain(stages);
    let days: BTreeSet<Date> = clauses
        .map(|(to, since)| (to, since.max(first)))
        .filter(|(to, day)| lacks(*to, *day))
        .map(|(_, day)| day)
        .collect();
    let products = book.words.products.iter().map(|(_, product)| product);
    let products: Vec<&Product> = products.filter(|product| price.product.covers(product)).collect();
    let buyers = terms.commits.iter().filter(|commit| commit.seller == *book.owner());
    let customers: Vec<Option<Customer>> =
        buyers.filter_map(|commit| commit.buyer.as_str().parse().ok()).map(Some).chain([None]).collect();
    let mut found = Vec::new();
    for (day, product) in days.iter().flat_map(|day| products.iter().map(move |product| (*day, *product))) {
        for (channel, customer) in
            channels.iter().flat_map(|one| customers.iter().map(move |who| (*one, who)))
        {
            let ask = Ask {
                actor: book.owner().clone(),
                action: Action::Serve,
                product: product.clone(),
                channel: channel.clone(),
                customer: customer.clone(),
                segment: None,
                territory: None,
                at: book.start_of_day(day),
                known: Time::MAX,
            };
            found.push((if spent { book.spends(&ask) } else { book.counts(&ask) }, day));
        }
    }
    tell(terms, &found, own, spot, sink);
}

/// One warning for all that count, each on its day, an amount of a currency.
fn tell(terms: &Terms, toward: &[(Vec<Clause>, Date)], own: Currency, spot: Spot, sink: &mut Sink) {
    let wanted = toward.iter().flat_map(|(clauses, on)| {
        clauses.iter().flat_map(move |clause| into(terms, clause, own, *on)).map(move |found| (found, *on))
    });
    let lacking: BTreeSet<(String, Currency, Currency, Date)> = wanted
        .filter(|((_, from, to, by), _)| from != to && !rated(terms, (*from, *to), *by))
        .map(|((clause, from, to, _), on)| (format!("`{clause}`"), from, to, on))
        .collect();
    let Some((_, from, to, on)) = lacking.first() else { return };
    let clauses: BTreeSet<&str> = lacking.iter().map(|(clause, ..)| clause.as_str()).collect();
    let clauses: Vec<&str> = clauses.into_iter().collect();
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

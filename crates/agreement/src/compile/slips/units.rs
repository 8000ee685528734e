//! Units in which a most favoured price compares nothing: prices are compared unit by unit.

use crate::book::Book;
use crate::diagnostic::{Sink, Spot};
use crate::syntax::File;
use crate::terms::{is_below, is_party};
use abide_model::Time;
use abide_model::name::{Customer, Product};
use abide_model::terms::{Parity, Revenue};
use std::collections::{BTreeMap, BTreeSet};

/// Warns of buyers and customers whose units are none of the other's, product by product.
pub(super) fn warn(files: &[(usize, File)], book: &Book, sink: &mut Sink) {
    if book.entries.revenue.iter().all(|entry| entry.quantity.is_none()) {
        return;
    }
    let rows = files.iter().flat_map(|(_, file)| &file.registry.entries.revenue);
    let places: BTreeMap<Spot, Spot> =
        rows.filter_map(|row| Some((row.dated.spot, row.quantity.as_ref()?.spot))).collect();
    let terms = book.terms(Time::MAX);
    // Nothing is left out at the end of time, so that rows and entries go in pairs.
    let rows = || terms.revenue.iter().zip(book.entries.revenue.iter().map(|entry| entry.spot));
    for parity in &terms.parities {
        let mut sold: BTreeMap<&Product, Sales<'_>> = BTreeMap::new();
        for (row, spot) in rows().filter(|(row, _)| row.toward.contains(&parity.clause)) {
            if let Some((customer, unit)) = unit(row) {
                let spot = places.get(&spot).copied().unwrap_or(spot);
                sold.entry(&row.product).or_default().add(parity, customer, unit, spot);
            }
        }
        for (product, sales) in &sold {
            sales.warn(parity, product, sink);
        }
    }
}

fn unit(row: &Revenue) -> Option<(&Customer, &str)> {
    Some((row.customer.as_ref()?, row.quantity.as_ref()?.unit.as_str()))
}

/// What of one product was sold in which units: each unit with the first place it was met at.
#[derive(Default)]
struct Sales<'t> {
    buyer: BTreeMap<&'t str, Spot>,
    others: BTreeMap<&'t Customer, BTreeMap<&'t str, Spot>>,
}

impl<'t> Sales<'t> {
    fn add(&mut self, parity: &Parity, customer: &'t Customer, unit: &'t str, spot: Spot) {
        if is_party(customer, &parity.buyer) {
            self.buyer.entry(unit).or_insert(spot);
        } else if compares(parity, customer) {
            self.others.entry(customer).or_default().entry(unit).or_insert(spot);
        }
    }

    fn warn(&self, parity: &Parity, product: &Product, sink: &mut Sink) {
        let Some((own, buyer)) = self.buyer.first_key_value() else { return };
        let apart = |units: &BTreeMap<&str, Spot>| units.keys().all(|unit| !self.buyer.contains_key(unit));
        let strangers: Vec<_> = self.others.iter().filter(|(_, units)| apart(units)).collect();
        let help = "write the unit alike in all rows that are to be compared; what is sold in two units can be two products";
        if strangers.len() == self.others.len() {
            let units: BTreeSet<&str> = self.others.values().flat_map(BTreeMap::keys).copied().collect();
            let Some((_, first)) = self.others.values().find_map(BTreeMap::first_key_value) else { return };
            let units: Vec<String> = units.iter().map(|unit| format!("`{unit}`")).collect();
            let message = format!(
                "`{}` compares this with nothing: `{product}` is sold to `{}` in `{own}`, and to others in {}",
                parity.clause,
                parity.buyer,
                units.join(", ")
            );
            sink.warning("units", *buyer, message).also(*first, "another unit").help(help);
            return;
        }
        for (customer, units) in strangers {
            let Some((unit, spot)) = units.first_key_value() else { continue };
            let message = format!(
                "`{}` leaves this out: `{product}` is sold to `{customer}` in `{unit}`, and to `{}` in `{own}`",
                parity.clause, parity.buyer
            );
            sink.warning("units", *spot, message).also(*buyer, "another unit").help(help);
        }
    }
}

/// Whether the customer is one whose prices the clause looks at.
fn compares(parity: &Parity, customer: &Customer) -> bool {
    parity.against.iter().any(|one| {
        let named = |name: &Customer| is_below(customer.as_str(), name.as_str());
        one.customers.is_empty() || one.customers.iter().any(named)
    })
}

//! Sales of which a clause cannot say whether it counts them, since they name no segment or no country.

use crate::postings::Count;
use crate::sum::Sum;
use abide_model::line::UsageLine;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Channel, Clause, Product};
use abide_model::terms::{self, Place, Revenue};
use std::collections::BTreeMap;

/// How many rows are named of those that were entered.
const PLACES_MAX: usize = 3;

/// Such sales of a product through a channel in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// The clause.
    pub clause: Clause,
    /// Whether it counts them all the same.
    pub counted: bool,
    /// What was sold.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// In which currency; `None` for calls without a price.
    pub currency: Option<Currency>,
    /// The calls and rows.
    pub count: Count,
    /// What they come to, in currency units.
    pub revenue: Exact,
    /// Where the first rows were entered.
    pub places: Vec<Place>,
}

type Key = (Clause, bool, Product, Channel, Option<Currency>);

#[derive(Debug, Clone, Default)]
struct Sales {
    count: Count,
    sum: Sum,
    places: Vec<Place>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered(BTreeMap<Key, Sales>);

impl Gathered {
    pub(crate) fn add_row(&mut self, row: &Revenue, ours: impl Fn(&Clause) -> bool) {
        let currency = Some(row.amount.currency);
        for one in row.unplaced.iter().filter(|one| ours(&one.clause)) {
            let sales = self.find(one, (&row.product, &row.channel, currency));
            sales.count.entered += 1;
            sales.sum.add(row.amount.pico);
            if sales.places.len() < PLACES_MAX {
                sales.places.push(row.place.clone());
            }
        }
    }

    pub(crate) fn add_line(
        &mut self,
        line: &UsageLine,
        unplaced: &[terms::Unplaced],
        ours: impl Fn(&Clause) -> bool,
    ) {
        let currency = line.charge.map(|charge| charge.currency);
        for one in unplaced.iter().filter(|one| ours(&one.clause)) {
            let sales = self.find(one, (&line.product, &line.channel, currency));
            sales.count.add(line);
            sales.sum.add(line.charge.map_or(0, |charge| charge.pico));
        }
    }

    fn find(
        &mut self,
        one: &terms::Unplaced,
        (product, channel, currency): (&Product, &Channel, Option<Currency>),
    ) -> &mut Sales {
        let key = (one.clause.clone(), one.counted, product.clone(), channel.clone(), currency);
        self.0.entry(key).or_default()
    }

    pub(crate) fn finish(self) -> Vec<Unplaced> {
        let found =
            self.0.into_iter().map(|((clause, counted, product, channel, currency), sales)| Unplaced {
                clause,
                counted,
                product,
                channel,
                currency,
                count: sales.count,
                revenue: sales.sum.exact(),
                places: sales.places,
            });
        found.collect()
    }
}

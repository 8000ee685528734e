//! What a scenario sells and buys, what companies are worth in it, and what may happen.

use super::{Check, Head, turned, world};
use crate::diagnostic::{At, Spot, Word};
use crate::syntax::registry::{FactRow, Happening};
use crate::syntax::scenario::{CourseRow, PurchaseRow, RevenueRow, ScenarioRow, ValuationRow};
use crate::terms::is_party;
use abide_model::Date;
use abide_model::money::Exact;
use abide_model::name::{Channel, Customer, Party, Product, Segment, Territory};
use abide_model::scenario::{Chance, Growing, Level, Purchase, Quantity, Stream, UnitPrice, Valuation, When};
use abide_model::terms::Every;

impl Check<'_> {
    pub(super) fn stream(&mut self, row: &RevenueRow, head: &Head) -> Option<Stream> {
        let book = self.words;
        let words = book.map(|book| &book.words);
        let party = match &row.party {
            Some(word) => self.find(words.map(|w| &w.parties), word, "party"),
            None => book.map(|book| book.owner().clone()),
        };
        let product: Option<Product> =
            row.product.as_ref().and_then(|word| self.find(words.map(|w| &w.products), word, "product"));
        let channel: Option<Channel> =
            row.channel.as_ref().and_then(|word| self.find(words.map(|w| &w.channels), word, "channel"));
        let segment: Option<Option<Segment>> =
            turned(row.segment.as_ref().map(|word| self.find(words.map(|w| &w.segments), word, "segment")));
        let customer: Option<Option<Customer>> = turned(row.customer.as_ref().map(|word| self.parse(word)));
        let territory: Option<Option<Territory>> =
            turned(row.country.as_ref().map(|word| self.country(word)));
        let level = self.level(&row.course, &row.id, head);
        let price = turned(row.price.as_ref().map(|number| {
            let amount = self.price(number, &row.id, head)?;
            let unit = row.unit.as_ref().map_or("units", |unit| unit.value.as_str()).to_owned();
            Some(UnitPrice { amount, unit })
        }));
        let (from, until) = self.days(&row.course, ("revenue", &row.id), head);
        let customer = customer?;
        Some(Stream {
            name: row.id.value.clone(),
            title: row.title.as_ref().map_or(String::new(), |title| title.value.clone()),
            party: party?,
            product: product?,
            channel: channel?,
            buyer: customer.as_ref().and_then(|customer| self.buyer(customer)),
            customer,
            segment: segment?,
            territory: territory?,
            from,
            until,
            level: level?,
            price: price?,
        })
    }

    /// The party that a customer is, or that it stands below: the one with the longest name.
    fn buyer(&self, customer: &Customer) -> Option<Party> {
        let parties = self.words.into_iter().flat_map(|book| book.parties());
        let found = parties.filter(|party| is_party(customer, party));
        found.max_by_key(|party| party.as_str().len()).cloned()
    }

    pub(super) fn purchase(&mut self, row: &PurchaseRow, head: &Head) -> Option<Purchase> {
        let book = self.words;
        let words = book.map(|book| &book.words);
        let buyer: Option<Party> = match &row.by {
            Some(word) => self.find(words.map(|w| &w.parties), word, "party"),
            None => book.map(|book| book.owner().clone()),
        };
        let named = row.from.as_ref().map(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let channel: Option<Option<Channel>> =
            turned(row.channel.as_ref().map(|word| self.find(words.map(|w| &w.channels), word, "channel")));
        let product: Option<Option<Product>> =
            turned(row.product.as_ref().map(|word| self.find(words.map(|w| &w.products), word, "product")));
        let level = self.level(&row.course, &row.id, head);
        let (from, until) = self.days(&row.course, ("purchase", &row.id), head);
        let channel = channel?;
        let operator = book.and_then(|book| {
            let mut all = book.channels();
            all.find(|(name, _)| Some(*name) == channel.as_ref()).map(|(_, operator)| operator.clone())
        });
        let seller: Option<Party> = named.unwrap_or(operator);
        if let Some(word) =
            row.from.as_ref().or(row.channel.as_ref()).filter(|_| seller.is_some() && seller == buyer)
        {
            self.sink
                .error("self-promise", word.spot, "nobody buys from itself")
                .help("name in `from` the party that sells, or the channel of another party");
        }
        Some(Purchase {
            name: row.id.value.clone(),
            title: row.title.as_ref().map_or(String::new(), |title| title.value.clone()),
            buyer: buyer?,
            seller: seller?,
            product: product?,
            channel,
            from,
            until,
            level: level?,
        })
    }

    /// What is sold and what is bought have names apart.
    pub(super) fn apart(&mut self, row: &ScenarioRow) {
        for purchase in &row.purchases {
            if let Some(same) = row.revenue.iter().find(|revenue| revenue.id.value == purchase.id.value) {
                let message = format!("`{}` is the name of revenue already", purchase.id.value);
                self.sink
                    .error("duplicate-id", purchase.id.spot, message)
                    .also(same.id.spot, "first given here")
                    .help("rename one of them: tables and searches call both by their ids");
            }
        }
    }

    fn days(&mut self, row: &CourseRow, (kind, id): (&str, &Word), head: &Head) -> (Date, Date) {
        let from = row.since.as_ref().map_or(head.from, |day| day.value);
        let until = row.until.as_ref().map_or(head.until, |day| day.value);
        if let Some(late) = row.until.as_ref().or(row.since.as_ref()).filter(|_| until <= from) {
            let message = format!("{kind} `{}` ends before it starts", id.value);
            let help = format!("it starts on {from}; `until` is the first day after it");
            self.sink.error("dates", late.spot, message).help(help);
        }
        (from, until)
    }

    fn level(&mut self, row: &CourseRow, id: &Word, head: &Head) -> Option<Level> {
        let per = self.length(row.per.as_ref(), Every::Year);
        let step = self.length(row.step.as_ref(), Every::Year);
        if row.amount.is_none() {
            let on_curve = [&row.per, &row.step].into_iter().flatten().next();
            if let Some(word) = on_curve {
                self.sink
                    .error(
                        "wrong-key",
                        word.spot,
                        "points on a curve are amounts a year, and do not grow in steps",
                    )
                    .help("take it out; between points the amount changes along a straight line");
            }
            return self.points(row, head);
        }
        let amount = row.amount.as_ref().map(|number| self.amount(number, id, head));
        let growth = match &row.growth {
            Some(number) => self.growth(number, id),
            None => Some(Quantity::Fixed(Exact::zero())),
        };
        let growing = Growing { amount: amount??, per: per?, growth: growth?, step: step? };
        Some(Level::Growing(Box::new(growing)))
    }

    fn points(&mut self, row: &CourseRow, head: &Head) -> Option<Level> {
        let mut points: Vec<(Date, Exact)> = Vec::new();
        for (on, amount) in &row.points {
            let amount = amount.as_ref().and_then(|word| self.money(word, head.currency));
            let (Some(on), Some(amount)) = (on, amount) else { continue };
            if on.value.day() != 1 {
                self.sink
                    .error("dates", on.spot, "a point stands on the first day of a month")
                    .help("amounts are worked out month by month");
            }
            if points.last().is_some_and(|(before, _)| *before >= on.value) {
                self.sink
                    .error("dates", on.spot, "this point is not after the one before it")
                    .help("points stand in the order of their days, each day once");
            }
            points.push((on.value, amount));
        }
        (!points.is_empty()).then_some(Level::Points(points))
    }

    pub(super) fn valuation(&mut self, row: &ValuationRow, head: &Head) -> Option<Valuation> {
        let words = self.words.map(|book| &book.words);
        let of: Option<Party> =
            row.of.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let on = row.on.as_ref().map_or(head.from, |on| on.value);
        let draw = row.of.as_ref().map_or(String::new(), |of| format!("{}.value.{on}", of.value));
        let value = row.value.as_ref().and_then(|number| self.worth(number, &draw, head));
        Some(Valuation { of: of?, value: value?, on })
    }

    /// A fact that may come true; `None` for one that does for sure.
    pub(super) fn chance(&mut self, fact: &FactRow, head: &Head) -> Option<Chance> {
        let row = fact.odds.as_ref()?;
        let odds = self.part(&row.chance);
        let At { value: day, spot } = fact.on;
        let when = match (&fact.what, row.by) {
            (Happening::Answer(..), _) => When::Always,
            (Happening::Event(_), true) => When::By(day),
            (Happening::Event(_), false) => When::On(day),
            (Happening::Reading(..), _) => {
                self.sink
                    .error(
                        "wrong-key",
                        row.chance.spot,
                        "an amount has no chance: it comes to what it comes to",
                    )
                    .help("give an event or the answer to a question a chance");
                return None;
            }
        };
        self.in_time(when, spot, head);
        let text = world::words(fact);
        let draw = row
            .draw
            .as_ref()
            .map_or_else(|| format!("fact.{}", world::subject(fact)), |word| word.value.clone());
        Some(Chance { text, odds: odds?, when, draw })
    }

    fn in_time(&mut self, when: When, spot: Spot, head: &Head) {
        if let When::By(day) = when
            && day < head.from
        {
            self.sink
                .error("dates", spot, "the last day on which this may happen lies before the scenario")
                .help("what happened before is a fact of the book");
        }
    }
}

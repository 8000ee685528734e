//! Compiles dated rows: exchange rates, valuations, revenue, purchases.

use super::Check;
use super::money::{currency, quantity};
use super::price::payable;
use super::registry::{Registry, cited, country};
use crate::book::{Dated, Entries, PurchaseEntry, RevenueEntry};
use crate::diagnostic::{Spot, Word};
use crate::index::Cell;
use crate::meant;
use crate::syntax::File;
use crate::syntax::entry::{Dated as DatedRow, PurchaseRow, RateRow, RevenueRow, ValuationRow, Worth};
use crate::table::PartyNo;
use abide_model::decision::Action;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::Customer;
use abide_model::terms::{Average, Place, Quantity, Rate, Valuation};
use abide_model::{Date, Time};
use std::collections::BTreeMap;

/// How much two rates of one day may lose or gain there and back, as a fraction, before somebody is asked to look.
const ROUND_TRIP_LOSS: (i128, i128) = (1, 20);

/// Every row of every file, by day. `owner` sells what names no seller, and buys what names no buyer.
pub(super) fn build(
    files: &[(usize, File)],
    owner: Option<PartyNo>,
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Entries {
    let mut entries = Entries::default();
    let mut seen = Seen::default();
    for (_, file) in files {
        let rows = &file.registry.entries;
        for row in &rows.rates {
            match rate(row, registry, check) {
                Some(RateOf::Day(dated)) => {
                    seen.rate(&dated, row.dated.spot, check);
                    entries.rates.push(dated);
                }
                Some(RateOf::Time(dated)) => entries.averages.push(dated),
                None => {}
            }
        }
        rows.revenue.iter().for_each(|row| seen.sale(row, check));
        rows.purchases.iter().for_each(|row| seen.bought(row, check));
        entries.valuations.extend(rows.valuations.iter().filter_map(|row| valuation(row, registry, check)));
        entries.revenue.extend(rows.revenue.iter().filter_map(|row| revenue(row, owner, registry, check)));
        entries
            .purchases
            .extend(rows.purchases.iter().filter_map(|row| purchase(row, owner, registry, check)));
    }
    entries.rates.sort_by_key(|dated| (dated.row.from, dated.row.to, dated.row.on, dated.recorded));
    entries.averages.sort_by_key(|dated| (dated.row.from, dated.row.to, dated.row.since, dated.recorded));
    entries
        .valuations
        .sort_by(|a, b| (&a.row.of, a.row.on, a.recorded).cmp(&(&b.row.of, b.row.on, b.recorded)));
    entries.revenue.sort_by(|a, b| (a.on, &a.place).cmp(&(b.on, &b.place)));
    entries.purchases.sort_by(|a, b| (a.on, &a.place).cmp(&(b.on, &b.place)));
    entries
}

/// Rows that were met, to find what was entered twice.
#[derive(Default)]
struct Seen {
    rows: BTreeMap<Vec<String>, Spot>,
    rates: BTreeMap<(Currency, Currency, Date, Time), (Exact, Spot)>,
}

impl Seen {
    fn sale(&mut self, row: &RevenueRow, check: &mut Check<'_>) {
        let RevenueRow { by, product, channel, customer, segment, country, amount, quantity, dated } = row;
        let words = [by, product, channel, customer, segment, country, amount, quantity];
        self.row("revenue", &words, dated, check);
    }

    fn bought(&mut self, row: &PurchaseRow, check: &mut Check<'_>) {
        let PurchaseRow { by, from, channel, product, amount, dated } = row;
        self.row("purchase", &[by, from, channel, product, amount], dated, check);
    }

    fn row(&mut self, kind: &str, words: &[&Option<Word>], dated: &DatedRow, check: &mut Check<'_>) {
        let text = |word: &Option<Word>| word.as_ref().map_or(String::new(), |word| word.value.clone());
        let days =
            [&dated.on, &dated.recorded].map(|day| day.map_or(String::new(), |day| day.value.to_string()));
        let mut all = vec![kind.to_owned(), text(&dated.note)];
        all.extend(days);
        all.extend(words.iter().map(|word| text(word)));
        if let Some(first) = self.rows.insert(all, dated.spot) {
            check
                .sink
                .warning(
                    "entered-twice",
                    dated.spot,
                    format!("this {kind} says the same as another, and both count"),
                )
                .also(first, "the other one")
                .help("take one of them out, or tell them apart by a `note`");
        }
    }

    /// Two rates for one day that became known together leave open which holds; those of the two directions should
    /// agree.
    fn rate(&mut self, dated: &Dated<Rate>, spot: Spot, check: &mut Check<'_>) {
        let Rate { from, to, value, on } = &dated.row;
        if let Some((_, first)) = self.rates.get(&(*from, *to, *on, dated.recorded)) {
            let message = format!("the rate from {from} to {to} of {on} is given twice");
            check
                .sink
                .error("duplicate-id", spot, message)
                .also(*first, "first given here")
                .help("take one of them out; a correction says in `recorded` when it became known");
        }
        if let Some((back, first)) = self.rates.get(&(*to, *from, *on, dated.recorded)) {
            let round = value * back;
            let apart =
                if round > Exact::whole(1) { &round - &Exact::whole(1) } else { &Exact::whole(1) - &round };
            if Exact::ratio(ROUND_TRIP_LOSS.0, ROUND_TRIP_LOSS.1).is_some_and(|most| apart > most) {
                let message =
                    format!("there and back, this rate and that from {to} to {from} turn 1 into {round}");
                check.sink.warning("rates-disagree", spot, message).also(*first, "the other way round").help(
                    "leave one of them out: a rate also holds the other way round, as one over its value",
                );
            }
        }
        self.rates.insert((*from, *to, *on, dated.recorded), (value.clone(), spot));
    }
}

/// The day a row is about and the day it became known.
fn days(row: &DatedRow, registry: &Registry, check: &mut Check<'_>) -> Option<(Date, Date)> {
    if let Some(word) = &row.source {
        cited(word, registry, check);
    }
    let on = row.on.as_ref()?.value;
    let recorded = row.recorded.as_ref().map_or(on, |day| day.value);
    if let Some(early) = row.recorded.as_ref().filter(|day| day.value < on) {
        check
            .sink
            .warning("early-record", early.spot, "this row is recorded before it happened")
            .help("`on` is the day it happened, `recorded` the day it became known");
    }
    Some((on, recorded))
}

/// A rate from a day on, or an average.
enum RateOf {
    Day(Dated<Rate>),
    Time(Dated<Average>),
}

fn rate(row: &RateRow, registry: &Registry, check: &mut Check<'_>) -> Option<RateOf> {
    let days = days(&row.dated, registry, check);
    let from = row.from.as_ref().and_then(|word| currency(word, check));
    let to = row.to.as_ref().and_then(|word| currency(word, check));
    let word = match &row.worth {
        Worth::On(value) | Worth::Average { value, .. } => value,
    };
    let value = word.as_ref().and_then(|word| worth(word, check));
    if from.is_some() && from == to {
        check
            .sink
            .error("bad-money", row.dated.spot, "a rate is between two different currencies")
            .help("name them in `from` and `to`, such as from = \"EUR\", to = \"USD\"");
    }
    let (on, recorded) = days?;
    let (from, to, value, recorded) = (from?, to?, value?, check.start(recorded));
    match &row.worth {
        Worth::On(_) => Some(RateOf::Day(Dated { row: Rate { from, to, value, on }, recorded })),
        Worth::Average { since, until, .. } => {
            let (since, until) = (since.as_ref()?.value, until.as_ref()?);
            if until.value <= since {
                check
                    .sink
                    .error("empty-term", until.spot, "this average ends before it starts")
                    .help("`until` is the first day after the time it is over");
            }
            let row = Average { from, to, value, since, until: until.value };
            Some(RateOf::Time(Dated { row, recorded }))
        }
    }
}

fn worth(word: &Word, check: &mut Check<'_>) -> Option<Exact> {
    let read = Exact::parse(&word.value).ok();
    let read = read.filter(|value| !value.is_negative() && !value.is_zero() && !word.value.ends_with('%'));
    if read.is_none() {
        let meant =
            meant::number(&word.value).filter(|text| *text != word.value && Exact::parse(text).is_ok());
        let like = meant.unwrap_or("1.08".to_owned());
        check
            .sink
            .error("bad-number", word.spot, format!("`{}` is not an exchange rate", word.value))
            .help(format!("write how much one unit is worth, as a decimal number above zero: \"{like}\""));
    }
    read
}

fn valuation(row: &ValuationRow, registry: &Registry, check: &mut Check<'_>) -> Option<Dated<Valuation>> {
    let days = days(&row.dated, registry, check);
    let of = row.of.as_ref().and_then(|word| check.find(&registry.words.parties, word, "party"));
    let value = row.value.as_ref().and_then(|word| {
        let value = payable(word, check)?;
        if value.pico < 0 {
            check
                .sink
                .error("bad-money", word.spot, "a company is not worth less than nothing")
                .help("write \"0 USD\" where nothing of its worth is left");
        }
        Some(value)
    });
    let (on, recorded) = days?;
    let of = registry.words.parties[of?].clone();
    Some(Dated { row: Valuation { of, value: value?, on }, recorded: check.start(recorded) })
}

fn place(row: &DatedRow, check: &Check<'_>) -> Place {
    Place { file: check.sources.path(row.spot).to_owned(), line: check.sources.line(row.spot) }
}

fn revenue(
    row: &RevenueRow,
    owner: Option<PartyNo>,
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Option<RevenueEntry> {
    let days = days(&row.dated, registry, check);
    let territory = row.country.as_ref().map(|word| country(word, &mut registry.words, check));
    let words = &registry.words;
    let by = row.by.as_ref().map_or(owner, |word| check.find(&words.parties, word, "party"));
    let product = row.product.as_ref().and_then(|word| check.find(&words.products, word, "product"));
    let channel = row.channel.as_ref().and_then(|word| check.find(&words.channels, word, "channel"));
    let segment = row.segment.as_ref().map(|word| check.find(&words.segments, word, "segment"));
    let customer = row.customer.as_ref().map(|word| check.parse::<Customer>(word));
    let amount = row.amount.as_ref().and_then(|word| payable(word, check));
    let quantity = row.quantity.as_ref().map(|word| {
        let found = quantity(word, check)?;
        of_one_sign(&found, amount, word.spot, check);
        Some(found)
    });
    let (on, recorded) = days?;
    Some(RevenueEntry {
        cell: Cell {
            actor: by?,
            action: Action::Sell,
            product: product?,
            channel: channel?,
            segment: segment.map_or(Some(None), |found| found.map(Some))?,
            territory: territory.map_or(Some(None), |found| found.map(Some))?,
        },
        customer: customer.map_or(Some(None), |found| found.map(Some))?,
        amount: amount?,
        quantity: quantity.map_or(Some(None), |found| found.map(Some))?,
        on,
        recorded,
        place: place(&row.dated, check),
        spot: row.dated.spot,
    })
}

/// Prices of a unit, and what is paid for each, need units that go with the amount.
fn of_one_sign(quantity: &Quantity, amount: Option<Amount>, spot: Spot, check: &mut Check<'_>) {
    let Some(amount) = amount.filter(|amount| amount.pico != 0) else { return };
    if quantity.count.is_zero() {
        check
            .sink
            .error(
                "bad-number",
                spot,
                format!("{amount} for no {} at all has no price of a unit", quantity.unit),
            )
            .help("leave `quantity` out, or write how many were sold");
    } else if quantity.count.is_negative() != (amount.pico < 0) {
        let (count, unit) = (&quantity.count, &quantity.unit);
        check
            .sink
            .warning("bad-number", spot, format!("{count} {unit} and {amount} have different signs"))
            .help("a credit note takes back units: both are below zero; without units, leave `quantity` out");
    }
}

fn purchase(
    row: &PurchaseRow,
    owner: Option<PartyNo>,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Option<PurchaseEntry> {
    let days = days(&row.dated, registry, check);
    let words = &registry.words;
    let by = row.by.as_ref().map_or(owner, |word| check.find(&words.parties, word, "party"));
    let from = row.from.as_ref().map(|word| check.find(&words.parties, word, "party"));
    let channel = row.channel.as_ref().map(|word| check.find(&words.channels, word, "channel"));
    let product = row.product.as_ref().map(|word| check.find(&words.products, word, "product"));
    let amount = row.amount.as_ref().and_then(|word| payable(word, check));
    let channel = channel.map_or(Some(None), |found| found.map(Some))?;
    let from = match (from, channel) {
        (Some(from), _) => from?,
        (None, channel) => words.operators[channel?],
    };
    let (on, recorded) = days?;
    if Some(from) == by {
        check
            .sink
            .error("self-promise", row.dated.spot, "nobody buys from itself")
            .help("name in `from` the party that sells, or the channel of another party");
    }
    Some(PurchaseEntry {
        by: by?,
        from,
        channel,
        product: product.map_or(Some(None), |found| found.map(Some))?,
        amount: amount?,
        on,
        recorded,
        place: place(&row.dated, check),
        spot: row.dated.spot,
    })
}

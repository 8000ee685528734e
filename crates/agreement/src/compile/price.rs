//! The price book: what a customer is charged per million tokens, by product and day; and what the operator of a
//! channel charges for them.

use super::Check;
use super::registry::{Registry, cited, family};
use crate::book::{Dated, Words};
use crate::diagnostic::{Spot, Word};
use crate::meant;
use crate::syntax::File;
use crate::syntax::registry::{CostRow, PriceRow};
use crate::table::PartyNo;
use abide_model::Time;
use abide_model::money::{Amount, Currency, MoneyError};
use abide_model::name::Product;
use abide_model::terms::{Cost, Price};
use std::collections::BTreeMap;

/// Every price of every file, by product and then by day, and where each stands.
pub(super) fn build(
    files: &[(usize, File)],
    words: &Words,
    check: &mut Check<'_>,
) -> (Vec<Price>, Vec<Spot>) {
    let mut prices = Vec::new();
    let mut seen = BTreeMap::new();
    for row in files.iter().flat_map(|(_, file)| &file.registry.prices) {
        let known = row.product.as_ref().and_then(|word| family(word, words, check));
        let (Some(product), Some(since)) = (&row.product, &row.since) else { continue };
        if let Some(first) = seen.insert((product.value.clone(), since.value), row.spot) {
            let message = format!("the price of `{}` from {} is given twice", product.value, since.value);
            check
                .sink
                .error("duplicate-id", row.spot, message)
                .also(first, "first given here")
                .help("take one of them out, or give it the day in `since` from which it is charged");
        }
        let since = check.start(since.value);
        prices.extend(price(row, known, since, check).map(|price| (price, row.spot)));
    }
    prices.sort_by(|(a, _), (b, _)| (&a.product, a.since).cmp(&(&b.product, b.since)));
    prices.into_iter().unzip()
}

/// Every cost of every file, by channel, product and day. `owner` is who is charged.
pub(super) fn costs(
    files: &[(usize, File)],
    owner: Option<PartyNo>,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Vec<(Dated<Cost>, Spot)> {
    let mut costs = Vec::new();
    let mut seen = BTreeMap::new();
    for row in files.iter().flat_map(|(_, file)| &file.registry.costs) {
        let given = (&row.channel, &row.price.product, &row.price.since);
        if let (Some(channel), Some(product), Some(since)) = given {
            let recorded = row.recorded.unwrap_or(*since).value;
            let key = (channel.value.clone(), product.value.clone(), since.value, recorded);
            if let Some(first) = seen.insert(key, row.price.spot) {
                let (product, channel) = (&product.value, &channel.value);
                let message =
                    format!("what `{product}` costs through `{channel}` from {} is given twice", since.value);
                check
                    .sink
                    .error("duplicate-id", row.price.spot, message)
                    .also(first, "first given here")
                    .help("take one of them out; a correction says in `recorded` when it became known");
            }
        }
        costs.extend(cost(row, owner, registry, check).map(|cost| (cost, row.price.spot)));
    }
    costs.sort_by(|(a, _), (b, _)| {
        let (one, other) = (&a.row, &b.row);
        let names = (&one.channel, &one.price.product).cmp(&(&other.channel, &other.price.product));
        names.then((one.price.since, a.recorded).cmp(&(other.price.since, b.recorded)))
    });
    costs
}

fn cost(
    row: &CostRow,
    owner: Option<PartyNo>,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Option<Dated<Cost>> {
    let words = &registry.words;
    if let Some(word) = &row.source {
        cited(word, registry, check);
    }
    let channel = row.channel.as_ref().and_then(|word| check.find(&words.channels, word, "channel"));
    let seller = channel.map(|channel| words.operators[channel]);
    if let (Some(word), true) = (&row.channel, seller.is_some() && seller == owner) {
        check
            .sink
            .error("self-promise", word.spot, "this channel is your own: nobody else charges for it")
            .help("name a channel that another party operates, or take the row out");
    }
    let product = row.price.product.as_ref().and_then(|word| family(word, words, check));
    let since = check.start(row.price.since.as_ref()?.value);
    let recorded = row.recorded.map_or(since, |day| check.start(day.value));
    let price = price(&row.price, product, since, check)?;
    let (buyer, seller) = (words.parties[owner?].clone(), words.parties[seller?].clone());
    let channel = words.channels[channel?].clone();
    Some(Dated { row: Cost { buyer, seller, channel, price }, recorded })
}

fn price(row: &PriceRow, product: Option<Product>, since: Time, check: &mut Check<'_>) -> Option<Price> {
    let input = row.input.as_ref().map(|word| amount(word, None, check));
    let currency = input.flatten().map(|input| input.currency);
    let mut rest = |word: &Option<Word>| word.as_ref().map(|word| amount(word, currency, check));
    let (cached, written, output) = (rest(&row.cached), rest(&row.cache_write), rest(&row.output));
    let input = input??;
    Some(Price {
        product: product?,
        since,
        input,
        cache_read: cached.unwrap_or(Some(input))?,
        cache_write: written.unwrap_or(Some(input))?,
        output: output??,
    })
}

/// An amount per million tokens that is exact per token.
fn amount(word: &Word, currency: Option<Currency>, check: &mut Check<'_>) -> Option<Amount> {
    let amount = money(word, check)?;
    let (fault, help) = if amount.pico % Price::PER_TOKENS != 0 {
        (
            "a price per million tokens has at most six decimals, so that each token has an exact price",
            "write the price of a million tokens, not of one, or round it".to_owned(),
        )
    } else if amount.pico < 0 {
        ("a price is not below zero", "write \"0 USD\" for what is free".to_owned())
    } else if let Some(currency) = currency.filter(|currency| *currency != amount.currency) {
        (
            "the amounts of one price need one currency",
            format!("`input` is in {currency}; write this in it too"),
        )
    } else {
        return Some(amount);
    };
    check.sink.error("bad-money", word.spot, fault).help(help);
    None
}

/// An amount that is charged or owed. One with more decimals than its currency has is warned of: most likely the point
/// sets thousands apart.
pub(super) fn payable(word: &Word, check: &mut Check<'_>) -> Option<Amount> {
    let amount = money(word, check)?;
    let currency = amount.currency;
    let number = word.value.trim().trim_end_matches(currency.as_str()).trim_end();
    let decimals = number.split_once('.').map_or("", |(_, decimals)| decimals);
    let written = decimals.chars().filter(char::is_ascii_digit).count();
    if currency.is_listed() && written > currency.decimals() as usize {
        let message = format!(
            "`{}` has more decimals than its currency: {currency} has {}",
            word.value,
            currency.decimals()
        );
        let rounded = "amounts are added up as written, and rounded when they fall due";
        let help = match written {
            3 => format!(
                "if the point sets thousands apart, write \"{} {currency}\"; {rounded}",
                number.replace('.', "_")
            ),
            _ => format!("write no more; {rounded}"),
        };
        check.sink.warning("decimals", word.spot, message).help(help);
    }
    Some(amount)
}

/// An amount of money as text.
pub(super) fn money(word: &Word, check: &mut Check<'_>) -> Option<Amount> {
    match Amount::parse(&word.value) {
        Ok(amount) => {
            check.see_currency(amount.currency, word.spot);
            Some(amount)
        }
        Err(wrong) => {
            let help = match (meant::amount(&word.value), &wrong) {
                (Some(meant), _) => format!("write it like this: \"{meant}\""),
                (None, MoneyError::Precision(_)) => {
                    "at most twelve decimals, and at most about 10^26 in all".to_owned()
                }
                (None, MoneyError::Currency(_) | MoneyError::Number(_) | MoneyError::Amount(_)) => {
                    "write a number, a space and a currency: \"2.50 USD\"; decimals follow a point, and `_` sets \
                     thousands apart"
                        .to_owned()
                }
            };
            check.sink.error("bad-money", word.spot, wrong.to_string()).help(help);
            None
        }
    }
}

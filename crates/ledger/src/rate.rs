//! Puts a price on usage: which price of the price book holds, and what the tokens cost at it; and what the operator of
//! a channel charges for them.

use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::Amount;
use abide_model::name::Product;
use abide_model::terms::{Cost, Price};
use abide_model::usage::Tokens;

/// The price that holds for `product` at `at`: among those that have begun, the longest path that covers the
/// product wins, then the latest begun, then the last listed.
#[must_use]
pub fn price_of<'p>(prices: &'p [Price], product: &Product, at: Time) -> Option<&'p Price> {
    best(prices.iter(), |price| price, product, at)
}

/// The row whose price holds.
fn best<T>(
    rows: impl Iterator<Item = T>,
    price: impl Fn(&T) -> &Price,
    product: &Product,
    at: Time,
) -> Option<T> {
    let holds = |price: &Price| price.since <= at && price.product.covers(product);
    rows.filter(|row| holds(price(row)))
        .max_by_key(|row| (price(row).product.as_str().len(), price(row).since))
}

/// What a call cost whoever is charged for what its channel serves, by the cost that held then; `None` where there is
/// none, or it is so high that it fits no amount.
#[must_use]
pub fn cost<'c>(costs: &'c [Cost], line: &UsageLine) -> Option<(&'c Cost, Amount)> {
    let through = costs.iter().filter(|cost| cost.channel == line.channel);
    let cost = best(through, |cost| &cost.price, &line.product, line.at)?;
    Some((cost, cost.price.charge(&line.usage.tokens)?))
}

/// What `tokens` of `product` cost the customer; `None` when no price holds, or the price is so high that the
/// charge fits no amount. Such a line is listed apart, never counted as zero.
#[must_use]
pub fn charge(prices: &[Price], product: &Product, at: Time, tokens: &Tokens) -> Option<Amount> {
    price_of(prices, product, at)?.charge(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn price(product: &str, since: &str, input: &str) -> Price {
        let usd = |text: &str| Amount::parse(&format!("{text} USD")).unwrap();
        Price {
            product: Product::parse(product).unwrap(),
            since: since.parse().unwrap(),
            input: usd(input),
            cache_read: usd("0"),
            cache_write: usd("0"),
            output: usd("10"),
        }
    }

    fn check(asked: &[(&str, &str)], expected: Expect) {
        let prices = [
            price("openai", "2026-01-01T00:00Z", "1"),
            price("openai/api", "2026-03-01T00:00Z", "2"),
            price("openai/api", "2026-02-01T00:00Z", "3"),
            price("openai/api/responses", "2026-05-01T00:00Z", "4"),
        ];
        let tokens = Tokens { input: 1_000_000, output: 100_000, ..Tokens::default() };
        let rows = asked.iter().map(|(product, at)| {
            let cost = charge(&prices, &Product::parse(product).unwrap(), at.parse().unwrap(), &tokens);
            let cost = cost.map_or("no price".to_owned(), |cost| cost.to_string());
            format!("{product} {at}: {cost}\n")
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn the_longest_path_that_has_begun_wins_and_then_the_latest() {
        check(
            &[
                ("openai/api/responses", "2025-12-31T23:59Z"),
                ("openai/api/responses", "2026-01-01T00:00Z"),
                ("openai/api/responses", "2026-02-01T00:00Z"),
                ("openai/api/responses", "2026-04-01T00:00Z"),
                ("openai/api/responses", "2026-05-01T00:00Z"),
                ("openai/frontier", "2026-05-01T00:00Z"),
                ("openai/apis", "2026-05-01T00:00Z"),
                ("mistral/large", "2026-05-01T00:00Z"),
            ],
            expect![[r#"
                openai/api/responses 2025-12-31T23:59Z: no price
                openai/api/responses 2026-01-01T00:00Z: 2.00 USD
                openai/api/responses 2026-02-01T00:00Z: 4.00 USD
                openai/api/responses 2026-04-01T00:00Z: 3.00 USD
                openai/api/responses 2026-05-01T00:00Z: 5.00 USD
                openai/frontier 2026-05-01T00:00Z: 2.00 USD
                openai/apis 2026-05-01T00:00Z: 2.00 USD
                mistral/large 2026-05-01T00:00Z: no price
            "#]],
        );
    }

    #[test]
    fn a_charge_that_fits_no_amount_is_no_charge_rather_than_a_wrong_one() {
        let mut high = price("openai", "2026-01-01T00:00Z", "1");
        high.output.pico = i128::MAX;
        let tokens = Tokens { output: u64::MAX, ..Tokens::default() };
        let product = Product::parse("openai").unwrap();
        assert_eq!(charge(&[high], &product, "2026-01-02T00:00Z".parse().unwrap(), &tokens), None);
    }
}

//! The price book: what a customer is charged for tokens, and what the operator of a channel charges for them.

use crate::Time;
use crate::money::Amount;
use crate::name::{Channel, Party, Product};
use crate::usage::Tokens;

/// What the customer is charged for a product's tokens, from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The product and all below it; the longest path that covers a product wins.
    pub product: Product,
    /// From when it holds; the latest that has begun wins.
    pub since: Time,
    /// Per million input tokens that were neither read from nor written to a cache.
    pub input: Amount,
    /// Per million input tokens read from a cache.
    pub cache_read: Amount,
    /// Per million input tokens written to a cache.
    pub cache_write: Amount,
    /// Per million output tokens.
    pub output: Amount,
}

/// What the operator of a channel charges the book's own party for what is served through it, from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Who buys: the book's own party.
    pub buyer: Party,
    /// Who charges: the operator of the channel.
    pub seller: Party,
    /// Through which channel.
    pub channel: Channel,
    /// For what, from when, how much.
    pub price: Price,
}

impl Price {
    /// Tokens a price is quoted for.
    pub const PER_TOKENS: i128 = 1_000_000;

    /// The exact charge for `tokens`; `None` when an amount does not fit in 128 bits.
    ///
    /// Exact because [`Price`]s are only built from amounts whose trillionths divide by a million.
    #[must_use]
    pub fn charge(&self, tokens: &Tokens) -> Option<Amount> {
        let cached = tokens.cache_read.saturating_add(tokens.cache_write);
        let fresh = tokens.input.saturating_sub(cached);
        let parts = [
            (fresh, self.input),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write, self.cache_write),
            (tokens.output, self.output),
        ];
        let mut total = Amount::zero(self.input.currency);
        for (count, price) in parts {
            let pico = i128::from(count).checked_mul(price.pico / Self::PER_TOKENS)?;
            total = total.checked_add(Amount { pico, currency: price.currency })?;
        }
        Some(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_input_is_charged_once_and_at_its_own_price() {
        let usd = |text: &str| Amount::parse(text).unwrap();
        let price = Price {
            product: Product::parse("openai/api").unwrap(),
            since: Time::UNIX_EPOCH,
            input: usd("2.50 USD"),
            cache_read: usd("0.25 USD"),
            cache_write: usd("3.00 USD"),
            output: usd("10 USD"),
        };
        let tokens = Tokens { input: 1_000, cache_read: 400, cache_write: 100, output: 20, reasoning: 5 };
        assert_eq!(price.charge(&tokens).unwrap(), usd("0.00185 USD"));
    }
}

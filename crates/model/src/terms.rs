//! Money terms of clauses, as the agreements state them and the ledger works them out.

use crate::money::{Amount, Exact};
use crate::name::{Clause, Party, Product};
use crate::usage::Tokens;
use crate::{Date, Time};

/// How often a term is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Every {
    /// Calendar month.
    Month,
    /// Calendar quarter.
    Quarter,
    /// Calendar year.
    Year,
}

impl Every {
    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Every::Month => "month",
            Every::Quarter => "quarter",
            Every::Year => "year",
        }
    }

    /// All periods, shortest first.
    pub const ALL: [Every; 3] = [Every::Month, Every::Quarter, Every::Year];

    /// Reads [`Every::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|every| every.as_str() == text)
    }
}

/// A bound on what a share pays in all its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cap {
    /// There is none.
    None,
    /// There is one, whose amount is not known (as known at the time asked).
    Unknown,
    /// This much in total.
    Total(Amount),
}

/// A revenue share: `payer` owes `payee` a part of the revenue its base covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The clause that says so.
    pub clause: Clause,
    /// Who owes.
    pub payer: Party,
    /// Who is owed.
    pub payee: Party,
    /// The part of revenue, `1/5` for 20 %.
    pub rate: Exact,
    /// The period it is worked out for.
    pub every: Every,
    /// First day it counts, in the book's zone.
    pub since: Date,
    /// First day it no longer counts, in the book's zone; `None` when it does not end.
    pub until: Option<Date>,
    /// The bound on the total.
    pub cap: Cap,
}

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

//! What a customer is billed for metered usage in a period: the charges of its lines, in minor units that add up.
//!
//! A customer and those below it (`acme` and `acme/west`) are billed together, each by itself. What one is billed is the
//! rounded sum of its usage so far less what it was billed before, as statements and exports have it.

use crate::period::Period;
use crate::postings::Count;
use crate::split::in_minor_units;
use crate::statement::billed;
use crate::sum::{Sum, TooLarge};
use crate::tally::is_below;
use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Channel, Customer, Product};
use abide_model::terms::Rounding;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What a bill is drawn up for.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The customer, with those below it.
    pub customer: Customer,
    /// The period.
    pub period: Period,
    /// The zone that it is counted in.
    pub zone: TimeZone,
    /// When it is drawn up: lines from here on are left out.
    pub at: Time,
}

/// A bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Whose it is.
    pub customer: Customer,
    /// The period.
    pub period: Period,
    /// Its instants.
    pub bounds: Range<Time>,
    /// When it was drawn up.
    pub at: Time,
    /// By customer and currency.
    pub accounts: Vec<Account>,
    /// What is to be paid, in minor units.
    pub totals: BTreeMap<Currency, i128>,
    /// Calls that no price was found for; they are in no amount.
    pub unpriced: BTreeMap<(Product, Channel), Count>,
}

/// What one customer is billed in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The customer.
    pub customer: Customer,
    /// The currency.
    pub currency: Currency,
    /// By product and channel.
    pub lines: Vec<Line>,
    /// In minor units; the lines add up to it.
    pub billed: i128,
}

/// Usage of a product through a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was used.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// The calls and their tokens.
    pub count: Count,
    /// The sum of their charges, in currency units.
    pub exact: Exact,
    /// What is billed for them, in minor units.
    pub minor: i128,
}

#[derive(Debug, Clone, Default)]
struct Usage {
    before: Sum,
    sheet: BTreeMap<(Product, Channel), (Count, Sum)>,
}

/// A bill in the making, for lines in any order.
#[derive(Debug, Clone)]
pub struct Draft {
    scope: Scope,
    bounds: Range<Time>,
    until: Time,
    used: BTreeMap<(Customer, Currency), Usage>,
    unpriced: BTreeMap<(Product, Channel), Count>,
    known: BTreeSet<Customer>,
}

impl Draft {
    /// Starts with no lines.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        let bounds = scope.period.bounds(&scope.zone);
        let until = bounds.end.min(scope.at);
        let (used, unpriced) = (BTreeMap::new(), BTreeMap::new());
        Self { scope, bounds, until, used, unpriced, known: BTreeSet::new() }
    }

    /// Whether any line was for the customer or one below it, whenever.
    #[must_use]
    pub fn used_anything(&self) -> bool {
        self.known.iter().any(|known| is_below(known, self.scope.customer.as_str()))
    }

    /// Every customer that any line was for.
    pub fn known(&self) -> impl Iterator<Item = &Customer> {
        self.known.iter()
    }

    /// Adds a line, when it is of the customer. What came before the period is needed too, for rounding.
    pub fn add(&mut self, line: &UsageLine) {
        if !self.known.contains(&line.customer) {
            self.known.insert(line.customer.clone());
        }
        if line.at >= self.until || !is_below(&line.customer, self.scope.customer.as_str()) {
            return;
        }
        let within = line.at >= self.bounds.start;
        let place = || (line.product.clone(), line.channel.clone());
        match line.charge {
            Some(charge) => {
                let usage = self.used.entry((line.customer.clone(), charge.currency)).or_default();
                if within {
                    let (count, sum) = usage.sheet.entry(place()).or_default();
                    count.add(line);
                    sum.add(charge.pico);
                } else {
                    usage.before.add(charge.pico);
                }
            }
            None if within => self.unpriced.entry(place()).or_default().add(line),
            None => {}
        }
    }

    /// The bill of the lines so far.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn finish(self) -> Result<Bill, TooLarge> {
        let mut accounts = Vec::new();
        let mut totals: BTreeMap<Currency, i128> = BTreeMap::new();
        for ((customer, currency), usage) in self.used {
            if usage.sheet.is_empty() {
                continue;
            }
            let account = account(customer, currency, usage)?;
            let total = totals.entry(currency).or_default();
            *total = total.checked_add(account.billed).ok_or(TooLarge { currency })?;
            accounts.push(account);
        }
        let Scope { customer, period, zone: _, at } = self.scope;
        Ok(Bill { customer, period, bounds: self.bounds, at, accounts, totals, unpriced: self.unpriced })
    }
}

fn account(customer: Customer, currency: Currency, usage: Usage) -> Result<Account, TooLarge> {
    let parts: Vec<Exact> = usage.sheet.values().map(|(_, sum)| sum.exact()).collect();
    let billed = billed(&usage.before.exact(), &parts.iter().cloned().sum(), currency)?;
    let minor = in_minor_units(&parts, billed, Rounding::LargestRemainder);
    let lines = usage.sheet.into_iter().zip(parts).zip(minor);
    let lines = lines.map(|((((product, channel), (count, _)), exact), minor)| Line {
        product,
        channel,
        count,
        exact,
        minor,
    });
    Ok(Account { customer, currency, lines: lines.collect(), billed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::id::{CallNo, RunId, SessionId};
    use abide_model::money::Amount;
    use abide_model::usage::{Measure, Tokens, Usage as Used};
    use proptest::prelude::*;

    fn line(customer: &str, product: &str, at: &str, charge: Option<i128>) -> UsageLine {
        UsageLine {
            at: at.parse().unwrap(),
            run: RunId { session: SessionId(1), n: 1 },
            call: CallNo(1),
            key: "ci".to_owned(),
            customer: customer.parse().unwrap(),
            model: "gpt".parse().unwrap(),
            cloud: "east".parse().unwrap(),
            product: product.parse().unwrap(),
            channel: "own".parse().unwrap(),
            usage: Used { tokens: Tokens::default(), measure: Measure::Reported },
            charge: charge.map(|pico| Amount { pico, currency: Currency::USD }),
            duties: vec![],
        }
    }

    fn bill(customer: &str, period: &str, lines: &[UsageLine]) -> Bill {
        let mut draft = Draft::new(Scope {
            customer: customer.parse().unwrap(),
            period: Period::parse(period).unwrap(),
            zone: TimeZone::UTC,
            at: "2027-01-01T00:00Z".parse().unwrap(),
        });
        lines.iter().for_each(|line| draft.add(line));
        draft.finish().unwrap()
    }

    #[test]
    fn a_customer_is_billed_with_those_below_it_and_not_with_its_namesakes() {
        let lines = [
            line("acme", "lab/api", "2026-02-01T00:00Z", Some(6_000_000_000)),
            line("acme/west", "lab/api", "2026-02-01T00:00Z", Some(6_000_000_000)),
            line("acme-two", "lab/api", "2026-02-01T00:00Z", Some(6_000_000_000)),
            line("acme", "lab/free", "2026-02-01T00:00Z", None),
            line("acme", "lab/api", "2026-04-01T00:00Z", Some(6_000_000_000)),
        ];
        let bill = bill("acme", "2026-Q1", &lines);
        let shown: Vec<String> =
            bill.accounts.iter().map(|one| format!("{} {}", one.customer, one.billed)).collect();
        assert_eq!(shown, ["acme 1", "acme/west 1"], "each is rounded by itself");
        assert_eq!(bill.totals[&Currency::USD], 2);
        assert_eq!(bill.unpriced.values().map(|count| count.calls).sum::<u64>(), 1);
    }

    proptest! {
        #[test]
        fn months_add_up_to_their_year_and_lines_to_their_bill(
            drawn in prop::collection::vec((1u8..=12, 0usize..3, 0i128..50_000_000_000), 0..40),
        ) {
            let lines: Vec<UsageLine> = drawn
                .iter()
                .map(|(month, product, pico)| {
                    let product = ["lab/api", "lab/agent", "lab/web"][*product];
                    line("acme", product, &format!("2026-{month:02}-03T00:00Z"), Some(*pico))
                })
                .collect();
            let total = |bill: &Bill| bill.totals.get(&Currency::USD).copied().unwrap_or(0);
            let months = (1..=12).map(|month| bill("acme", &format!("2026-{month:02}"), &lines));
            let mut sum = 0;
            for bill in months {
                let by_line: i128 = bill.accounts.iter().flat_map(|one| &one.lines).map(|line| line.minor).sum();
                prop_assert_eq!(by_line, total(&bill));
                sum += by_line;
            }
            prop_assert_eq!(sum, total(&bill("acme", "2026", &lines)));
        }
    }
}

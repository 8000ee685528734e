//! Dated rows that people enter: exchange rates, valuations, revenue that is not metered, purchases.

use crate::Date;
use crate::money::{Amount, Currency, Exact};
use crate::name::{Channel, Clause, Customer, Party, Product};
use std::fmt;

/// Where a row stands in the book's files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, below the book's folder.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A number of units: `4.5 GW`, `1200 seats`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// How many.
    pub count: Exact,
    /// Of what.
    pub unit: String,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.unit)
    }
}

/// What one unit of a currency is worth in another from a day on, until the next row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// One unit of this …
    pub from: Currency,
    /// … is, in this,
    pub to: Currency,
    /// so much; above zero.
    pub value: Exact,
    /// From this day on.
    pub on: Date,
}

/// What one unit of a currency was worth in another over a time, on average.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Average {
    /// One unit of this …
    pub from: Currency,
    /// … was, in this,
    pub to: Currency,
    /// so much; above zero.
    pub value: Exact,
    /// Its first day.
    pub since: Date,
    /// The first day after it.
    pub until: Date,
}

/// What a company is worth from a day on, until the next row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    /// The company.
    pub of: Party,
    /// All of it.
    pub value: Amount,
    /// From this day on.
    pub on: Date,
}

/// A clause of which it hangs on the customer's segment or country, which a sale does not name, whether it counts it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unplaced {
    /// The clause.
    pub clause: Clause,
    /// Whether it does, for a customer of no segment and no country.
    pub counted: bool,
}

/// Revenue that was not metered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// Who sold.
    pub by: Party,
    /// What.
    pub product: Product,
    /// Through which route.
    pub channel: Channel,
    /// To whom, where that is known.
    pub customer: Option<Customer>,
    /// For how much; below zero for a credit.
    pub amount: Amount,
    /// How many units, where the price of one matters.
    pub quantity: Option<Quantity>,
    /// On which day.
    pub on: Date,
    /// The day it became known.
    pub recorded: Date,
    /// The clauses whose base holds it.
    pub toward: Vec<Clause>,
    /// The clauses of which that hangs on a segment or country that it does not name.
    pub unplaced: Vec<Unplaced>,
    /// Where it was entered.
    pub place: Place,
}

/// Something that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Who bought.
    pub by: Party,
    /// From whom.
    pub from: Party,
    /// For how much; below zero for a refund.
    pub amount: Amount,
    /// On which day.
    pub on: Date,
    /// The day it became known.
    pub recorded: Date,
    /// The commitments it counts toward.
    pub toward: Vec<Clause>,
    /// Where it was entered.
    pub place: Place,
}

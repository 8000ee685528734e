//! Commitments to buy.

use super::Quantity;
use crate::Date;
use crate::money::{Amount, Exact};
use crate::name::{Clause, Party};

/// A stretch of a commitment, with what has to be bought in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its first day.
    pub since: Date,
    /// The first day after it; `None` when no end is known.
    pub until: Option<Date>,
    /// What has to be bought; `None` when that is not known.
    pub amount: Option<Amount>,
    /// Whether the clause ends before the stage would have: then no shortfall of it is owed.
    pub lapsed: bool,
}

/// A commitment: `buyer` buys from `seller` at least so much, stage by stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The clause that says so.
    pub clause: Clause,
    /// Who has to buy.
    pub buyer: Party,
    /// From whom.
    pub seller: Party,
    /// By day; they do not overlap, and all amounts are in one currency.
    pub stages: Vec<Stage>,
    /// What is committed to besides money, such as `4.5 GW`. Only noted.
    pub capacity: Option<Quantity>,
    /// The part of a stage's shortfall that is owed when it ends: 1 for all of it (take or pay), 0 for nothing.
    pub shortfall: Exact,
    /// What was bought above a stage counts toward the next, up to this part of the stage's amount.
    pub carry: Exact,
    /// What was not bought in a stage may be bought in the next instead of being owed, up to this part of its amount.
    pub rollover: Exact,
}

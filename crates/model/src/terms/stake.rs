//! Ownership.

use crate::Date;
use crate::money::{Amount, Exact};
use crate::name::{Clause, Party};

/// A part of a company that a party owns. Stakes of one holder in one company add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stake {
    /// The clause that says so.
    pub clause: Clause,
    /// The company.
    pub company: Party,
    /// Who owns the part.
    pub holder: Party,
    /// The part, `27/100` for 27 %; `None` where only what is paid for it is known.
    pub percent: Option<Exact>,
    /// What is paid for it, where that is known.
    pub invested: Option<Amount>,
    /// First day it is held.
    pub since: Date,
    /// First day it is no longer held; `None` when it does not end.
    pub until: Option<Date>,
}

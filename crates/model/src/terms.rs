//! Money terms of clauses, as the agreements state them and the ledger works them out.
//!
//! Every amount is exact, every day is of the book's zone, every span is half-open. Which of these count is asked of
//! the agreements (as known at a time); what they come to is worked out by the ledger.

mod firm;
mod one;
mod price;
mod revenue;
mod row;
mod spend;
mod stake;

pub use firm::Firm;
pub use one::Term;
pub use price::{Cost, Price};
pub use revenue::{
    Basis, Cap, Comparable, Conversion, Guarantee, Limit, Minimum, Parity, Rates, Share, Tier,
};
pub use revenue::{Rounding, Split, Step, Take};
pub use row::{Average, Place, Purchase, Quantity, Rate, Revenue, Unplaced, Valuation};
pub use spend::{Commit, Stage};
pub use stake::Stake;

use crate::name::{Clause, Party};

/// How often a term is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Every {
    /// Month.
    Month,
    /// Quarter of the book's year.
    Quarter,
    /// Half of the book's year.
    Half,
    /// The book's year.
    Year,
}

impl Every {
    /// All, shortest first.
    pub const ALL: [Every; 4] = [Every::Month, Every::Quarter, Every::Half, Every::Year];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Every::Month => "month",
            Every::Quarter => "quarter",
            Every::Half => "half",
            Every::Year => "year",
        }
    }

    /// Reads [`Every::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|every| every.as_str() == text)
    }

    /// How many months it lasts.
    #[must_use]
    pub fn months(self) -> u8 {
        match self {
            Every::Month => 1,
            Every::Quarter => 3,
            Every::Half => 6,
            Every::Year => 12,
        }
    }
}

/// On which month's first day the book's year begins.
///
/// A year that begins in January has the number of the calendar. Any other is named for the calendar year in which it
/// ends, as accountants do: with a year that begins in July, July 2025 to June 2026 is the fiscal year 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct YearBegins(u8);

impl YearBegins {
    /// The calendar year.
    pub const JANUARY: YearBegins = YearBegins(1);

    /// The year that begins with this month, from 1 to 12; `None` for any other number.
    #[must_use]
    pub fn in_month(month: u8) -> Option<Self> {
        (1..=12).contains(&month).then_some(Self(month))
    }

    /// The month, from 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0
    }
}

impl Default for YearBegins {
    fn default() -> Self {
        Self::JANUARY
    }
}

/// All money terms of a book as known at one time, with the rows entered by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Revenue shares.
    pub shares: Vec<Share>,
    /// Minimum guarantees over shares.
    pub guarantees: Vec<Guarantee>,
    /// Commitments to buy.
    pub commits: Vec<Commit>,
    /// Waterfalls.
    pub splits: Vec<Split>,
    /// Most favoured prices.
    pub parities: Vec<Parity>,
    /// Ownership.
    pub stakes: Vec<Stake>,
    /// Exchange rates, by currencies and day.
    pub rates: Vec<Rate>,
    /// Average rates, by currencies and days.
    pub averages: Vec<Average>,
    /// What companies are worth, by company and day.
    pub valuations: Vec<Valuation>,
    /// Revenue that was not metered, by day.
    pub revenue: Vec<Revenue>,
    /// What was bought, by day.
    pub purchases: Vec<Purchase>,
    /// What metered calls cost the book's own party, where a channel's operator charges for them.
    pub costs: Vec<Cost>,
}

impl Terms {
    /// The clauses that pay or burden `party`, and all rows. Stakes stay whole, since ownership runs through others.
    #[must_use]
    pub fn of_party(&self, party: &Party) -> Terms {
        let one = |a: &Party, b: &Party| a == party || b == party;
        let mut found = self.clone();
        found.shares.retain(|share| one(&share.payer, &share.payee));
        found.guarantees.retain(|guarantee| one(&guarantee.payer, &guarantee.payee));
        found.commits.retain(|commit| one(&commit.buyer, &commit.seller));
        found
            .splits
            .retain(|split| split.holder == *party || split.steps.iter().any(|step| step.to == *party));
        found.parities.retain(|parity| one(&parity.seller, &parity.buyer));
        found
    }

    /// Whether a clause that sales count toward is among them.
    #[must_use]
    pub fn has(&self, clause: &Clause) -> bool {
        self.shares.iter().any(|one| one.clause == *clause)
            || self.splits.iter().any(|one| one.clause == *clause)
            || self.commits.iter().any(|one| one.clause == *clause)
            || self.parities.iter().any(|one| one.clause == *clause)
    }
}

//! Terms that divide revenue: shares, guarantees over them, waterfalls and most favoured prices.

use super::Every;
use crate::Date;
use crate::money::{Amount, Currency, Exact};
use crate::name::{Clause, Customer, Party};

/// An amount that bounds another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// There is none.
    None,
    /// There is one, whose amount is not known (as known at the time asked).
    Unknown,
    /// This much.
    Of(Amount),
}

impl Limit {
    /// The amount, where there is one and it is known.
    #[must_use]
    pub fn amount(&self) -> Option<Amount> {
        match self {
            Limit::None | Limit::Unknown => None,
            Limit::Of(amount) => Some(*amount),
        }
    }
}

/// What a share pays at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// In one period.
    pub period: Limit,
    /// In all its life.
    pub total: Limit,
    /// The first day whose periods use the total up; what was paid for periods that began earlier does not.
    /// `None` for the share's own start.
    pub from: Option<Date>,
    /// How much of the total was used up before the share began, under earlier clauses.
    pub used: Limit,
}

impl Cap {
    /// No cap at all.
    pub const NONE: Cap = Cap { period: Limit::None, total: Limit::None, from: None, used: Limit::None };

    /// A cap on the total alone.
    #[must_use]
    pub fn total(total: Limit) -> Self {
        Self { total, ..Self::NONE }
    }
}

/// What a tier's rate applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// To the part of the base that lies within the tier.
    Marginal,
    /// To the whole base, as soon as it reaches the tier (retroactive).
    Volume,
}

impl Basis {
    /// All.
    pub const ALL: [Basis; 2] = [Basis::Marginal, Basis::Volume];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Marginal => "marginal",
            Basis::Volume => "volume",
        }
    }

    /// Reads [`Basis::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == text)
    }
}

/// A rate up to a cumulative base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Where it ends, this amount included; `None` for the last tier.
    pub upto: Option<Amount>,
    /// The part of revenue, `1/5` for 20 %.
    pub rate: Exact,
}

/// The rates of a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// What each applies to.
    pub basis: Basis,
    /// By where they end, rising; exactly the last has no end. A flat rate is one tier.
    pub tiers: Vec<Tier>,
    /// When the cumulative base starts anew at nothing; `None` for never.
    pub reset: Option<Every>,
}

impl Rates {
    /// One rate for all revenue.
    #[must_use]
    pub fn flat(rate: Exact) -> Self {
        Self { basis: Basis::Marginal, tiers: vec![Tier { upto: None, rate }], reset: None }
    }

    /// The rate, where there is only one.
    #[must_use]
    pub fn as_flat(&self) -> Option<&Exact> {
        match self.tiers.as_slice() {
            [only] => Some(&only.rate),
            _ => None,
        }
    }

    /// The highest of the rates.
    #[must_use]
    pub fn highest(&self) -> Option<&Exact> {
        self.tiers.iter().map(|tier| &tier.rate).max()
    }

    /// The currency that the tiers are drawn in.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.tiers.iter().find_map(|tier| tier.upto).map(|upto| upto.currency)
    }
}

/// At which rate revenue in another currency is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conversion {
    /// That of the day of each sale.
    #[default]
    Day,
    /// The average of the period that the sale falls into.
    Average,
    /// That of the last day of the period.
    Closing,
}

impl Conversion {
    /// All.
    pub const ALL: [Conversion; 3] = [Conversion::Day, Conversion::Average, Conversion::Closing];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Conversion::Day => "day",
            Conversion::Average => "average",
            Conversion::Closing => "closing",
        }
    }

    /// Reads [`Conversion::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|conversion| conversion.as_str() == text)
    }
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
    /// The part of revenue.
    pub rates: Rates,
    /// The period it is worked out for.
    pub every: Every,
    /// First day it counts, in the book's zone.
    pub since: Date,
    /// First day it no longer counts, in the book's zone; `None` when it does not end.
    pub until: Option<Date>,
    /// The least it pays for a period, from its first on.
    pub floor: Option<Amount>,
    /// The most it pays.
    pub cap: Cap,
    /// The currency it is settled in, into which revenue in others is converted; `None` where each currency is
    /// settled by itself.
    pub currency: Option<Currency>,
    /// At which rate.
    pub conversion: Conversion,
}

impl Share {
    /// The currency it counts in: the one it is settled in, or else that of its amounts. `None` when it names none.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        let bounds = [self.floor, self.cap.total.amount(), self.cap.period.amount(), self.cap.used.amount()];
        let amounts = bounds.into_iter().flatten().map(|amount| amount.currency).next();
        self.currency.or(amounts).or(self.rates.currency())
    }
}

/// A minimum of a guarantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minimum {
    /// It holds for periods whose first day is this or later…
    pub since: Date,
    /// … and before this; `None` when it does not end.
    pub until: Option<Date>,
    /// For each period.
    pub amount: Amount,
}

/// A minimum over what shares pay in a period, with recoupment of earlier shortfalls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarantee {
    /// The clause that says so.
    pub clause: Clause,
    /// Who guarantees.
    pub payer: Party,
    /// To whom.
    pub payee: Party,
    /// The shares whose sum is guaranteed. They have the guarantee's parties and period.
    pub over: Vec<Clause>,
    /// The period.
    pub every: Every,
    /// First day it counts; the first period is the one this lies in.
    pub since: Date,
    /// First day it no longer counts; the last period is the one before this lies in. `None` when it does not end.
    pub until: Option<Date>,
    /// The minima, by day; they do not overlap, and all are in one currency.
    pub minima: Vec<Minimum>,
    /// For how many periods after its own a shortfall can be recouped from earnings above the minimum.
    pub window: u32,
}

/// Who gets what is left when parts are rounded to the minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// One unit each to those whose parts lost most by rounding down; the earlier step where two lost the same.
    LargestRemainder,
    /// All of it to the first step.
    First,
    /// All of it to the last step.
    Last,
}

impl Rounding {
    /// All.
    pub const ALL: [Rounding; 3] = [Rounding::LargestRemainder, Rounding::First, Rounding::Last];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Rounding::LargestRemainder => "largest-remainder",
            Rounding::First => "first",
            Rounding::Last => "last",
        }
    }

    /// Reads [`Rounding::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rounding| rounding.as_str() == text)
    }
}

/// How much a step of a waterfall takes. No step takes more than is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// This much a period.
    Fixed(Amount),
    /// This part of the gross.
    Gross(Exact),
    /// This part of what is left.
    Remaining(Exact),
    /// This price for each unit sold; who sells keeps what it makes above that.
    Wholesale(Amount),
    /// All that is left.
    Remainder,
}

/// A step of a waterfall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who gets it.
    pub to: Party,
    /// How much.
    pub take: Take,
    /// The most it gets in a period.
    pub cap: Option<Amount>,
}

/// A waterfall: `holder` collects gross revenue and passes it on in steps. The parts add up to the gross exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The clause that says so.
    pub clause: Clause,
    /// Who collects the gross. Its own steps are what it keeps.
    pub holder: Party,
    /// The period it is worked out for.
    pub every: Every,
    /// First day it counts.
    pub since: Date,
    /// First day it no longer counts; `None` when it does not end.
    pub until: Option<Date>,
    /// In order. The last, and only the last, takes the remainder.
    pub steps: Vec<Step>,
    /// Who gets what rounding leaves.
    pub rounding: Rounding,
}

/// Sales to others that a most favoured price is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparable {
    /// These customers and those below them; every other than the buyer when empty.
    pub customers: Vec<Customer>,
    /// Their unit price is taken times this, for what differs between the deals; 1 where nothing does.
    pub adjust: Exact,
    /// Only who bought at most this many units in the period is comparable; `None` for any number.
    pub at_most: Option<Exact>,
}

/// A most favoured price: `seller` charges `buyer` no more for a unit than comparable customers pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parity {
    /// The clause that says so.
    pub clause: Clause,
    /// Who promises, and credits what was paid too much.
    pub seller: Party,
    /// Who is promised it.
    pub buyer: Party,
    /// The period within which prices are compared.
    pub every: Every,
    /// First day it counts.
    pub since: Date,
    /// First day it no longer counts; `None` when it does not end.
    pub until: Option<Date>,
    /// With whom prices are compared. A customer is taken under the first that names it.
    pub against: Vec<Comparable>,
}

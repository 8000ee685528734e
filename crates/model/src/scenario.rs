//! What might happen: a forecast of revenue, what is assumed besides, and what is to be compared.
//!
//! Plain values, checked by whoever reads them from a file. All days are of the book's zone; every span is half-open.

use crate::Date;
use crate::decision::SourceClass;
use crate::money::{Amount, Currency, Exact};
use crate::name::{Channel, Customer, Party, Product, Segment, Territory};
use crate::terms::Every;

/// A forecast, and the question that is put to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its id.
    pub name: String,
    /// The question, in a sentence.
    pub title: String,
    /// More about it; may be empty.
    pub note: String,
    /// The first day looked at. Present values are as of its start.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
    /// How long the periods of its tables are.
    pub every: Every,
    /// As known at the start of this day; `None` for whenever it is asked.
    pub known: Option<Date>,
    /// The currency of its revenue.
    pub currency: Currency,
    /// The discount rate a year, `2/25` for 8 %; zero when money later is worth as much as money now.
    pub discount: Exact,
    /// Which random numbers are drawn.
    pub seed: u64,
    /// How many times, where something is random.
    pub draws: u32,
    /// What is compared, at least one.
    pub drafts: Vec<Draft>,
    /// What is sold, …
    pub streams: Vec<Stream>,
    /// … and what is bought; at least one of both together.
    pub purchases: Vec<Purchase>,
    /// What companies are supposed to be worth, by company and day.
    pub valuations: Vec<Valuation>,
    /// What may happen or be answered, in the order of the file.
    pub chances: Vec<Chance>,
    /// What is supposed to happen or to be answered for sure, in words with names between backticks.
    pub supposed: Vec<String>,
    /// Ownership assumed besides what the book says.
    pub holdings: Vec<Holding>,
    /// What the forecast rests on, in words.
    pub assumptions: Vec<Assumption>,
    /// What is searched for.
    pub searches: Vec<Search>,
}

impl Scenario {
    /// Whether anything is left to chance.
    #[must_use]
    pub fn is_random(&self) -> bool {
        let mut priced = self.streams.iter().filter_map(|stream| stream.price.as_ref());
        !self.chances.is_empty()
            || self.streams.iter().any(|stream| stream.level.is_random())
            || self.purchases.iter().any(|purchase| purchase.level.is_random())
            || self.valuations.iter().any(|valuation| valuation.value.is_random())
            || priced.any(|price| price.amount.is_random())
    }
}

/// The terms under which the forecast is worked out: a book, seen in some way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// Whether it is the book that the other is compared with.
    pub against: bool,
    /// As known at the start of this day; that of the scenario when `None`.
    pub known: Option<Date>,
    /// Clauses that are left out.
    pub without: Vec<String>,
    /// Superseded clauses that go on as if nobody had taken them back.
    pub keep: Vec<String>,
}

/// Revenue from one product through one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its id.
    pub name: String,
    /// What it is, in a few words; may be empty.
    pub title: String,
    /// Who sells.
    pub party: Party,
    /// What.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// To whom.
    pub customer: Option<Customer>,
    /// The party of the book that buys: the one that the customer is or stands below, if any.
    pub buyer: Option<Party>,
    /// Of which segment.
    pub segment: Option<Segment>,
    /// In which country.
    pub territory: Option<Territory>,
    /// Its first day.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
    /// How high it is.
    pub level: Level,
    /// What a unit costs, where units are counted: so many are sold as the amount pays for.
    pub price: Option<UnitPrice>,
}

/// What a unit costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPrice {
    /// In currency units; above zero.
    pub amount: Quantity,
    /// Of what, such as `seats`.
    pub unit: String,
}

/// What one party buys from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Its id.
    pub name: String,
    /// What it is, in a few words; may be empty.
    pub title: String,
    /// Who buys.
    pub buyer: Party,
    /// From whom.
    pub seller: Party,
    /// What, where that is said.
    pub product: Option<Product>,
    /// Through which channel, where that is said.
    pub channel: Option<Channel>,
    /// Its first day.
    pub from: Date,
    /// The day at which it ends.
    pub until: Date,
    /// How high it is.
    pub level: Level,
}

/// What a company is supposed to be worth from a day on, until the next row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valuation {
    /// The company.
    pub of: Party,
    /// All of it, in currency units.
    pub value: Quantity,
    /// From this day on.
    pub on: Date,
}

/// A fact that comes true in some futures and not in others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chance {
    /// The fact, in words with names between backticks, without its day.
    pub text: String,
    /// In which part of all futures it comes true, `2/5` for 40 %.
    pub odds: Exact,
    /// When it does.
    pub when: When,
    /// The name of the draw. It comes true where that is highest.
    pub draw: String,
}

/// When what may come true does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is the answer to a question, which counts for every day.
    Always,
    /// On this day.
    On(Date),
    /// On the first day looked at, or of a month from then to this day, each as likely as any other.
    By(Date),
}

/// The course of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// An amount that grows in steps.
    Growing(Box<Growing>),
    /// Amounts a year on days, by day; in a straight line between them, level before the first and after the last.
    Points(Vec<(Date, Exact)>),
}

impl Level {
    /// Whether any of its numbers is drawn.
    #[must_use]
    pub fn is_random(&self) -> bool {
        match self {
            Level::Growing(level) => level.amount.is_random() || level.growth.is_random(),
            Level::Points(_) => false,
        }
    }
}

/// An amount that grows in steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growing {
    /// In currency units for each `per`, in the first step.
    pub amount: Quantity,
    /// What the amount is for.
    pub per: Every,
    /// By which part it grows from one step to the next; zero for not at all.
    pub growth: Quantity,
    /// How long a step is, counted from the stream's first month.
    pub step: Every,
}

/// A number that is given, or drawn once for each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// This one.
    Fixed(Exact),
    /// One of these.
    Random {
        /// How likely which is.
        shape: Shape,
        /// The name of the draw; quantities of one name are high together and low together.
        draw: String,
    },
}

impl Quantity {
    /// Whether it is drawn.
    #[must_use]
    pub fn is_random(&self) -> bool {
        matches!(self, Quantity::Random { .. })
    }
}

/// How likely which number is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Every number between two is as likely as any other.
    Uniform {
        /// The least.
        low: Exact,
        /// The most.
        high: Exact,
    },
    /// Likelier toward a number between two.
    Triangular {
        /// The least.
        low: Exact,
        /// The likeliest.
        mode: Exact,
        /// The most.
        high: Exact,
    },
    /// The bell curve.
    Normal {
        /// Its middle.
        mean: Exact,
        /// The standard deviation.
        deviation: Exact,
    },
    /// A bell curve of the logarithm: never below zero, with a long tail upwards.
    Lognormal {
        /// As often above as below.
        median: Exact,
        /// Exceeded one time in ten.
        p90: Exact,
    },
}

/// A part of one party that another owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Who owns.
    pub owner: Party,
    /// Of whom.
    pub of: Party,
    /// Which part, `27/100` for 27 %.
    pub part: Exact,
}

/// Something the forecast rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// What is assumed.
    pub text: String,
    /// Where it comes from; may be empty.
    pub source: String,
    /// How strong that is.
    pub class: Option<SourceClass>,
}

/// What parties are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// All cash over the horizon.
    Cash,
    /// The same, discounted.
    PresentValue,
    /// Discounted cash, with the part of others' that is owned.
    LookThrough,
}

impl Measure {
    /// All.
    pub const ALL: [Measure; 3] = [Measure::Cash, Measure::PresentValue, Measure::LookThrough];

    /// The word used in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::Cash => "cash",
            Measure::PresentValue => "present-value",
            Measure::LookThrough => "look-through",
        }
    }

    /// Reads [`Measure::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == text)
    }
}

/// At which level of a stream or purchase one draft becomes better for a party than another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Its id.
    pub name: String,
    /// The question, in a sentence; may be empty.
    pub title: String,
    /// Whose amount is varied: the name of a stream or purchase.
    pub vary: String,
    /// From this amount on, …
    pub low: Amount,
    /// … to this.
    pub high: Amount,
    /// For whom.
    pub party: Party,
    /// The name of the draft that may be better …
    pub better: String,
    /// … than this one.
    pub than: String,
    /// By what.
    pub measure: Measure,
}

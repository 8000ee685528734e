//! A loaded book: who there is, what was promised, what happened, compiled for quick answers.
//!
//! Everything in it is checked; answering from it cannot fail.

use crate::bits::Bits;
use crate::calendar;
use crate::compile::StageTerms;
use crate::diagnostic::{Diagnostic, Spot};
use crate::index::{Cell, Index};
use crate::table::{
    ChannelNo, ClassNo, ClauseNo, MeasureNo, Names, PartyNo, ProductNo, QuestionNo, SegmentNo, Table,
    TerritoryNo,
};
use abide_model::decision::{Action, Citation};
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name;
use abide_model::terms::{
    Average, Comparable, Conversion, Cost, Every, Firm, Limit, Place, Price, Quantity, Rate, Rates, Rounding,
    Step, Valuation, YearBegins,
};
use abide_model::{Date, Hash, Time};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A book that passed every check.
#[derive(Debug)]
pub struct Book {
    pub(crate) name: String,
    pub(crate) hash: Hash,
    pub(crate) owner: PartyNo,
    pub(crate) zone: TimeZone,
    pub(crate) words: Words,
    pub(crate) clauses: Table<ClauseNo, Clause>,
    /// What an answer says of each clause.
    pub(crate) citations: Table<ClauseNo, Arc<Citation>>,
    pub(crate) index: Index,
    pub(crate) prices: Vec<Price>,
    /// The clauses about money other than shares, which the index finds.
    pub(crate) money: Vec<ClauseNo>,
    /// The clauses about money that tell segments or countries apart.
    pub(crate) placing: Vec<ClauseNo>,
    pub(crate) entries: Entries,
    pub(crate) year: YearBegins,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// Everything that has a name.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) parties: Names<PartyNo, name::Party>,
    /// What people call them, of those that have a name.
    pub(crate) called: BTreeMap<name::Party, String>,
    /// What invoices say of them, of those of which they say anything.
    pub(crate) firms: BTreeMap<name::Party, Firm>,
    /// What instruments are called, by their names.
    pub(crate) titles: BTreeMap<String, String>,
    pub(crate) channels: Names<ChannelNo, name::Channel>,
    pub(crate) operators: Table<ChannelNo, PartyNo>,
    pub(crate) products: Names<ProductNo, name::Product>,
    pub(crate) offers: Table<ProductNo, Offer>,
    pub(crate) classes: Names<ClassNo, name::Class>,
    pub(crate) segments: Names<SegmentNo, name::Segment>,
    /// Countries that some clause or set names.
    pub(crate) territories: Names<TerritoryNo, name::Territory>,
    /// Sets of countries, such as `EU`.
    pub(crate) sets: BTreeMap<name::Territory, Vec<TerritoryNo>>,
    /// The questions that are declared; their numbers are the first ones of `points`.
    pub(crate) questions: Names<QuestionNo, name::Question>,
    pub(crate) points: Table<QuestionNo, Point>,
    pub(crate) measures: Table<MeasureNo, Measure>,
}

/// A product: whose it is, and what it counts as.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) owner: PartyNo,
    /// Each class, with the question its membership hangs on.
    pub(crate) classes: Vec<(ClassNo, Option<QuestionNo>)>,
}

/// What an answer may hang on while it is open: a question, an amount, or the reply to an offer.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    /// How an answer names it: the question, the measure, or the fact that would settle it.
    pub(crate) name: name::Question,
    pub(crate) ask: String,
    pub(crate) settled: Settled,
}

/// What closes a point.
#[derive(Debug, Clone)]
pub(crate) enum Settled {
    /// What the parties agree on, when two or more have said the same; answers, by the time they became known.
    Answers { agreed: Option<bool>, answers: Vec<(Time, bool)> },
    /// What a measure came to.
    Reached(Threshold),
    /// The holder of a refusal replies, or its time runs out. Open for as long as a clause asks for it.
    Reply,
}

/// A measured amount that is at least so much, or above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Threshold {
    pub(crate) measure: MeasureNo,
    pub(crate) amount: Amount,
    /// Not met by the amount itself.
    pub(crate) above: bool,
}

impl Threshold {
    pub(crate) fn met(&self, value: Amount) -> bool {
        if self.above { value.pico > self.amount.pico } else { value.pico >= self.amount.pico }
    }
}

/// A running total of money, as facts report it.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) name: name::Question,
    pub(crate) currency: Currency,
    /// The first point that hangs on it.
    pub(crate) point: Option<QuestionNo>,
    /// Invariant: sorted by the day it speaks of, then by the day it became known.
    pub(crate) readings: Vec<Reading>,
}

/// What a measure came to on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reading {
    pub(crate) on: Time,
    pub(crate) recorded: Time,
    pub(crate) amount: Amount,
}

impl Measure {
    /// What it had come to at `at`, as known at `known`: the latest reading counts.
    pub(crate) fn value(&self, at: Time, known: Time) -> Option<Amount> {
        let readings = self.readings.iter().rev();
        readings.filter(|reading| reading.on <= at && reading.recorded <= known).map(|r| r.amount).next()
    }
}

/// A clause, compiled.
#[derive(Debug)]
pub(crate) struct Clause {
    pub(crate) name: name::Clause,
    pub(crate) kind: Kind,
    pub(crate) from: PartyNo,
    pub(crate) to: PartyNo,
    pub(crate) scope: Scope,
    pub(crate) except: Vec<Scope>,
    pub(crate) known: Time,
    pub(crate) term: Term,
    pub(crate) holds_if: Option<Condition>,
    pub(crate) unless: Option<Condition>,
    /// Clauses of the same instrument that go before this one where both apply.
    pub(crate) beaten_by: Vec<ClauseNo>,
    /// Instants at which this clause may begin or cease to count, each with the time from which it is known.
    pub(crate) changes: Vec<(Time, Time)>,
    /// Questions this clause may hang on.
    pub(crate) questions: Vec<QuestionNo>,
    /// The name of the instrument it stands in.
    pub(crate) instrument: String,
}

impl Clause {
    /// The channel that a first launch is promised to go through.
    pub(crate) fn first_channel(&self) -> Option<ChannelNo> {
        match &self.kind {
            Kind::First { channel, .. } => Some(*channel),
            Kind::Grant { .. } | Kind::Exclusive { .. } | Kind::Refusal { .. } | Kind::Money(_) => None,
        }
    }
}

/// When a clause is in force: half-open, cut short by amendments that take it back.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) since: Time,
    pub(crate) until: Option<Time>,
    /// `(known, at)`: from `known` on it is known to end at `at`.
    pub(crate) superseded: Vec<(Time, Time)>,
}

impl Term {
    /// The end, as known at `known`.
    pub(crate) fn end(&self, known: Time) -> Option<Time> {
        let cut = self.superseded.iter().filter(|(when, _)| *when <= known).map(|(_, at)| *at);
        cut.chain(self.until).min()
    }

    pub(crate) fn holds(&self, at: Time, known: Time) -> bool {
        self.since <= at && self.end(known).is_none_or(|end| at < end)
    }
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// `to` may; passed on at most `depth` times where it covers `sublicense`.
    Grant { depth: Option<u32> },
    /// Nobody but `to` may; with `sole`, `from` may too.
    Exclusive { sole: bool },
    /// Nobody launches through the channels in scope before one of these happened.
    First { channel: ChannelNo, launches: Vec<Happened> },
    /// `from` deals with others only after `to` was offered the same and did not take it.
    Refusal { notices: Vec<Notice> },
    /// It is about money and permits or forbids nothing.
    Money(Box<Money>),
}

impl Kind {
    /// What it says about money, if it does.
    pub(crate) fn money(&self) -> Option<&Money> {
        match self {
            Kind::Money(money) => Some(money),
            Kind::Grant { .. } | Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } => None,
        }
    }
}

/// What a clause about money says. Its scope is the revenue or spend that it is worked out on.
#[derive(Debug)]
pub(crate) enum Money {
    /// `from` owes `to` a part of the revenue.
    Share(ShareTerms),
    /// `from` pays `to` at least so much, together with these shares.
    Guarantee { over: Vec<name::Clause>, every: Every, minima: Vec<StageTerms>, window: u32 },
    /// `from` buys at least so much from `to`.
    Commit {
        stages: Vec<StageTerms>,
        capacity: Option<Quantity>,
        shortfall: Exact,
        carry: Exact,
        rollover: Exact,
    },
    /// `from` collects and passes on.
    Split { every: Every, rounding: Rounding, steps: Vec<Step> },
    /// `from` charges `to` no more than others.
    Parity { every: Every, against: Vec<Comparable> },
    /// `to` owns a part of `from`.
    Stake { percent: Option<Exact>, invested: Option<Amount> },
}

/// An offer under a right of first refusal, or a reply to one.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) at: Time,
    pub(crate) recorded: Time,
    pub(crate) products: Bits,
    pub(crate) what: Notified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notified {
    /// Open until the instant; the point stands for "the holder takes it".
    Offered {
        lapses: Time,
        reply: QuestionNo,
    },
    Accepted,
    Declined,
}

#[derive(Debug)]
pub(crate) struct ShareTerms {
    pub(crate) rates: Rates,
    pub(crate) every: Every,
    pub(crate) floor: Option<Amount>,
    pub(crate) cap: Option<CapTerms>,
    pub(crate) currency: Option<Currency>,
    pub(crate) conversion: Conversion,
}

#[derive(Debug)]
pub(crate) struct CapTerms {
    pub(crate) period: Limit,
    pub(crate) total: Limit,
    pub(crate) from: Option<Date>,
    pub(crate) used: Limit,
    /// From when the amounts are known.
    pub(crate) known: Time,
}

/// Rows that people entered, by day.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) rates: Vec<Dated<Rate>>,
    pub(crate) averages: Vec<Dated<Average>>,
    pub(crate) valuations: Vec<Dated<Valuation>>,
    pub(crate) revenue: Vec<RevenueEntry>,
    pub(crate) purchases: Vec<PurchaseEntry>,
    /// By channel, product and day.
    pub(crate) costs: Vec<(Dated<Cost>, Spot)>,
    /// Where each price of the price book stands.
    pub(crate) priced: Vec<Spot>,
}

/// A row and when it became known.
#[derive(Debug)]
pub(crate) struct Dated<T> {
    pub(crate) row: T,
    pub(crate) recorded: Time,
}

/// Revenue that was not metered.
#[derive(Debug)]
pub(crate) struct RevenueEntry {
    pub(crate) cell: Cell,
    pub(crate) customer: Option<name::Customer>,
    pub(crate) amount: Amount,
    pub(crate) quantity: Option<Quantity>,
    pub(crate) on: Date,
    pub(crate) recorded: Date,
    pub(crate) place: Place,
    pub(crate) spot: Spot,
}

/// Something that was bought.
#[derive(Debug)]
pub(crate) struct PurchaseEntry {
    pub(crate) by: PartyNo,
    pub(crate) from: PartyNo,
    pub(crate) channel: Option<ChannelNo>,
    pub(crate) product: Option<ProductNo>,
    pub(crate) amount: Amount,
    pub(crate) on: Date,
    pub(crate) recorded: Date,
    pub(crate) place: Place,
    pub(crate) spot: Spot,
}

/// A box over all axes; `None` covers the whole axis.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// One bit for each [`Action`], in the order of [`Action::ALL`].
    pub(crate) actions: u8,
    pub(crate) products: Option<Bits>,
    /// A product needs one of these; empty for all.
    pub(crate) classes: Vec<ClassNo>,
    pub(crate) channels: Option<Bits>,
    pub(crate) segments: Option<Bits>,
    pub(crate) territories: Option<Vec<TerritoryNo>>,
}

/// The bit of an action in [`Scope::actions`].
pub(crate) fn action_bit(action: Action) -> u8 {
    1 << action_number(action)
}

/// The place of an action in [`Action::ALL`].
pub(crate) fn action_number(action: Action) -> usize {
    match action {
        Action::Serve => 0,
        Action::Sell => 1,
        Action::Host => 2,
        Action::Train => 3,
        Action::Sublicense => 4,
        Action::Launch => 5,
    }
}

/// A condition, with every name looked up.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Question(QuestionNo),
    /// One of these came to pass.
    Event(Vec<Happened>),
    Before(Time),
}

impl Condition {
    /// How often it names a question or an amount.
    pub(crate) fn questions(&self) -> usize {
        match self {
            Condition::Any(parts) | Condition::All(parts) => parts.iter().map(Condition::questions).sum(),
            Condition::Not(inner) => inner.questions(),
            Condition::Question(_) => 1,
            Condition::Event(_) | Condition::Before(_) => 0,
        }
    }
}

/// A fact that makes an event true, from an instant on, for the asks it concerns.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    /// When it counts: the day it happened, plus any delay the condition adds.
    pub(crate) at: Time,
    pub(crate) recorded: Time,
    /// Where the condition names the product of the ask: the products the fact is about.
    pub(crate) products: Option<Bits>,
    pub(crate) channel: Option<ChannelNo>,
    pub(crate) actor: Option<PartyNo>,
}

impl Book {
    /// The name it gives itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of its content: the hash of all paths and texts, whatever their order.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The party whose Abide this is (`self` in `book.toml`), the actor where an ask names none.
    #[must_use]
    pub fn owner(&self) -> &name::Party {
        &self.words.parties[self.owner]
    }

    /// The zone in which its days begin.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When its years begin, by which quarters and halves are counted.
    #[must_use]
    pub fn year_begins(&self) -> YearBegins {
        self.year
    }

    /// The first instant of a day in the book's zone.
    #[must_use]
    pub fn start_of_day(&self, day: Date) -> Time {
        crate::calendar::start_of_day(&self.zone, day)
    }

    /// Findings that do not keep the book from being used.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What customers are charged, by product and day.
    #[must_use]
    pub fn prices(&self) -> &[Price] {
        &self.prices
    }

    /// The parties, in the order of the files.
    pub fn parties(&self) -> impl Iterator<Item = &name::Party> {
        self.words.parties.iter().map(|(_, party)| party)
    }

    /// What invoices say of a party besides its name.
    #[must_use]
    pub fn firm(&self, party: &name::Party) -> Option<&Firm> {
        self.words.firms.get(party)
    }

    /// The day by which an invoice from a party is to be paid; `None` where the book does not say.
    #[must_use]
    pub fn pay_by(&self, party: &name::Party, issued: Date) -> Option<Date> {
        let within = self.firm(party)?.pay_within.as_deref()?;
        issued.checked_add(calendar::span(within)?).ok()
    }

    /// What people call the instrument that a clause stands in: the title of its first text, else its name.
    #[must_use]
    pub fn instrument_of(&self, clause: &name::Clause) -> Option<&str> {
        let (_, found) = self.clauses.iter().find(|(_, one)| one.name == *clause)?;
        let title = self.words.titles.get(&found.instrument);
        Some(title.map_or(found.instrument.as_str(), String::as_str))
    }

    /// What people call the parties, of those that have a name.
    #[must_use]
    pub fn names(&self) -> &BTreeMap<name::Party, String> {
        &self.words.called
    }

    /// The products, each with its owner.
    pub fn products(&self) -> impl Iterator<Item = (&name::Product, &name::Party)> {
        let words = &self.words;
        words.products.iter().map(|(number, product)| (product, &words.parties[words.offers[number].owner]))
    }

    /// The channels, each with its operator.
    pub fn channels(&self) -> impl Iterator<Item = (&name::Channel, &name::Party)> {
        let words = &self.words;
        words.channels.iter().map(|(number, channel)| (channel, &words.parties[words.operators[number]]))
    }

    /// The questions, each with its words.
    pub fn questions(&self) -> impl Iterator<Item = (&name::Question, &str)> {
        let words = &self.words;
        words.questions.iter().map(|(number, question)| (question, words.points[number].ask.as_str()))
    }

    /// The segment as this book tells customers apart: the nearest above it that the book has, if any.
    pub(crate) fn nearest_segment(&self, segment: Option<&name::Segment>) -> Option<name::Segment> {
        let segments = self.words.segments.iter().map(|(_, known)| known);
        let above = segments.filter(|known| segment.is_some_and(|segment| known.covers(segment)));
        above.max_by_key(|known| known.as_str().len()).cloned()
    }

    /// The clauses, each with its file and line, in the order of the files.
    pub fn clauses(&self) -> impl Iterator<Item = (&name::Clause, &str, u32)> {
        self.citations.iter().map(|(_, cited)| (&cited.clause, cited.file.as_ref(), cited.line))
    }
}

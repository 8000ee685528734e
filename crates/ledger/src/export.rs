//! A book or a statement in forms that other programs read. Nothing here is read back by Abide.
//!
//! A book is written piece by piece: its head, its transactions with single calls among them as their lines come by,
//! its tail. What is in memory is one piece.

pub mod beancount;
pub mod csv;
pub mod hledger;
pub mod invoice;
pub mod json;
pub mod jsonl;
mod paper;
pub mod usage;

use crate::book::Book;
use crate::calls::Booking;
use crate::figure;
use crate::postings::{Cause, Count, Transaction};
use crate::statement::Unplaced;
use crate::sum::TooLarge;
use abide_model::Date;
use abide_model::line::UsageLine;
use abide_model::money::Currency;
use std::borrow::Borrow;

/// A form of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text for Beancount 3.
    Beancount,
    /// Text for hledger, and for what reads its journal.
    Hledger,
    /// One row a posting (RFC 4180).
    Csv,
    /// One JSON object a transaction and line.
    JsonLines,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 4] = [Format::Beancount, Format::Hledger, Format::Csv, Format::JsonLines];

    /// The word used on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Beancount => "beancount",
            Format::Hledger => "hledger",
            Format::Csv => "csv",
            Format::JsonLines => "jsonl",
        }
    }

    /// Reads [`Format::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The book in this form, whole. `calls` are the lines of a book of single calls, a day before the next.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits.
    pub fn text<L: Borrow<UsageLine>>(
        self,
        book: &Book,
        calls: impl IntoIterator<Item = L>,
    ) -> Result<String, TooLarge> {
        let mut out = String::new();
        let mut writer = Writer::new(self, book, &mut out);
        for line in calls {
            writer.call(&mut out, line.borrow())?;
        }
        writer.finish(&mut out);
        Ok(out)
    }
}

/// Writes a book in a form, piece by piece, into text that the caller may take away in between.
#[derive(Debug)]
pub struct Writer<'b> {
    format: Format,
    book: &'b Book,
    booking: Booking,
    /// What is not written yet, by date.
    rest: &'b [Transaction],
    /// The date that was come to.
    date: Date,
    /// Transactions written.
    count: u64,
}

impl<'b> Writer<'b> {
    /// Writes what stands before all transactions.
    #[must_use]
    pub fn new(format: Format, book: &'b Book, out: &mut String) -> Self {
        match format {
            Format::Beancount => beancount::head(out, book),
            Format::Hledger => hledger::head(out, book),
            Format::Csv => csv::head(out),
            Format::JsonLines => {}
        }
        let (booking, rest) = (Booking::of(&book.calls), book.transactions.as_slice());
        Self { format, book, booking, rest, date: Date::MIN, count: 0 }
    }

    /// Writes a call of a book of single calls, after all that stands before its day; whether it is in the book, else
    /// it is passed over. Lines of one day come in any order.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits.
    ///
    /// # Panics
    /// When lines do not come a day before the next.
    pub fn call(&mut self, out: &mut String, line: &UsageLine) -> Result<bool, TooLarge> {
        let Some(entry) = self.booking.book(line)? else { return Ok(false) };
        let date = entry.date();
        assert!(date >= self.date, "lines come day by day");
        self.date = date;
        while let Some((first, rest)) = self.rest.split_first().filter(|(first, _)| first.date() < date) {
            self.rest = rest;
            self.transaction(out, first);
        }
        self.transaction(out, &entry);
        Ok(true)
    }

    /// Writes what is left, and what stands after all transactions.
    pub fn finish(mut self, out: &mut String) {
        for entry in std::mem::take(&mut self.rest) {
            self.transaction(out, entry);
        }
        match self.format {
            Format::Beancount => beancount::tail(out, self.book),
            Format::Hledger => hledger::tail(out, self.book),
            Format::Csv => csv::tail(out, self.book),
            Format::JsonLines => jsonl::tail(out, self.book),
        }
    }

    fn transaction(&mut self, out: &mut String, entry: &Transaction) {
        self.count += 1;
        match self.format {
            Format::Beancount => beancount::transaction(out, entry),
            Format::Hledger => hledger::transaction(out, entry),
            Format::Csv => csv::transaction(out, self.count, entry),
            Format::JsonLines => jsonl::transaction(out, entry),
        }
    }
}

/// One thing said of a transaction or posting.
enum Fact {
    Text(String),
    Number(u64),
}

type Facts = Vec<(&'static str, Fact)>;

/// The kind of a transaction, in one word.
fn kind(transaction: &Transaction) -> &'static str {
    match transaction.cause() {
        Cause::Day { .. } => "usage",
        Cause::Call(_) => "call",
        Cause::Due { .. } => "due",
        Cause::Accrued { .. } => "accrued",
        Cause::Entered { .. } => "revenue",
        Cause::Bought { .. } => "purchase",
        Cause::Spent { .. } => "cost",
        Cause::Clause { kind, .. } => kind.as_str(),
        Cause::Adjustment { .. } => "adjustment",
    }
}

/// Who stands on the other side.
fn payee(transaction: &Transaction) -> String {
    match transaction.cause() {
        Cause::Day { customer } => customer.to_string(),
        Cause::Call(line) => line.customer.to_string(),
        Cause::Entered { customer, channel, .. } => {
            customer.as_ref().map_or_else(|| channel.to_string(), ToString::to_string)
        }
        Cause::Bought { seller, .. } | Cause::Spent { seller } => seller.to_string(),
        Cause::Due { counterparty, .. }
        | Cause::Accrued { counterparty, .. }
        | Cause::Clause { counterparty, .. }
        | Cause::Adjustment { counterparty, .. } => counterparty.to_string(),
    }
}

/// What happened, in a few words.
fn narration(transaction: &Transaction) -> String {
    match transaction.cause() {
        Cause::Day { .. } => "usage".to_owned(),
        Cause::Call(line) => format!("call {} of {}", line.call, line.run.session),
        Cause::Due { clause, settlement, .. } => format!("{clause} for {}", settlement.period),
        Cause::Entered { .. } => "entered revenue".to_owned(),
        Cause::Bought { .. } => "entered purchase".to_owned(),
        Cause::Spent { .. } => "usage, as metered".to_owned(),
        Cause::Clause { clause, stretch, open: false, .. } => format!("{clause} for {stretch}"),
        Cause::Clause { clause, stretch, open: true, .. } => {
            format!("{clause} accrued in {stretch}, not yet due")
        }
        Cause::Adjustment { clause, stretch, .. } => format!("{clause}, adjusted for {stretch}"),
        Cause::Accrued { clause, settlement, .. } => {
            format!("{clause} accrued in {}, not yet due", settlement.period)
        }
    }
}

/// What else is known of a transaction.
fn facts(transaction: &Transaction) -> Facts {
    let text = |text: String| Fact::Text(text);
    match transaction.cause() {
        Cause::Day { .. } | Cause::Spent { .. } => Facts::new(),
        Cause::Entered { place, .. } | Cause::Bought { place, .. } => {
            vec![("entered", text(place.to_string()))]
        }
        Cause::Clause { clause, stretch, .. } | Cause::Adjustment { clause, stretch, .. } => {
            vec![("clause", text(clause.to_string())), ("period", text(stretch.clone()))]
        }
        Cause::Call(line) => vec![
            ("at", text(line.at.to_string())),
            ("run", text(line.run.to_string())),
            ("call", Fact::Number(u64::from(line.call.0))),
            ("key", text(line.key.clone())),
            ("model", text(line.model.to_string())),
            ("cloud", text(line.cloud.to_string())),
        ],
        Cause::Due { clause, settlement, .. } | Cause::Accrued { clause, settlement, .. } => {
            let currency = transaction.postings().first().map(|posting| posting.amount.currency);
            let mut facts =
                vec![("clause", text(clause.to_string())), ("period", text(settlement.period.to_string()))];
            if let Some(currency) = currency {
                facts.push(("base", text(figure::exact(&settlement.base, currency))));
                if !settlement.due.is_exact() {
                    facts.push(("least", text(figure::minor(settlement.due.low, currency))));
                }
            }
            facts
        }
    }
}

/// The dates of the first transaction and the last; `None` for a book without any.
fn dates(book: &Book) -> Option<(Date, Date)> {
    let calls = [book.calls.days().next(), book.calls.days().last()];
    let others =
        [book.transactions.first(), book.transactions.last()].map(|entry| entry.map(Transaction::date));
    let all = || calls.into_iter().chain(others).flatten();
    all().min().zip(all().max())
}

/// What sales that are open come to; `None` where they have no price.
fn open_amount(open: &Unplaced) -> Option<(String, Currency)> {
    open.currency.map(|currency| (figure::exact(&open.revenue, currency), currency))
}

fn count_facts(count: &Count) -> Facts {
    vec![
        ("calls", Fact::Number(count.calls)),
        ("estimated-calls", Fact::Number(count.estimated)),
        ("input-tokens", Fact::Number(count.tokens.input)),
        ("output-tokens", Fact::Number(count.tokens.output)),
    ]
}

/// What a reader of the plain-text forms should know first, one line each.
fn preamble(book: &Book) -> Vec<String> {
    let zone = book.zone.as_deref().unwrap_or("a zone without a name");
    let mut lines = vec![
        format!("The book of {} to the end of {}, days in {zone}.", book.own, book.last_day),
        "Income is exact. Receivable is in whole minor units; Unbilled holds the rest.".to_owned(),
        "Marked `!`: not final, for the period is open or a term is not known.".to_owned(),
    ];
    for ((product, channel), count) in &book.unpriced {
        let calls = figure::calls(count.calls);
        lines.push(format!("Not booked, having no price: {calls} of {product} through {channel}."));
    }
    for open in &book.unplaced {
        let Unplaced { clause, product, channel, counted, .. } = open;
        let counted = if *counted { "counted" } else { "not counted" };
        let what = open_amount(open).map_or_else(
            || figure::calls(open.count.calls),
            |(amount, currency)| format!("{amount} {currency}"),
        );
        lines.push(format!(
            "Open, naming no segment or country: {what} of {product} through {channel}, {counted} under {clause}."
        ));
    }
    lines
}

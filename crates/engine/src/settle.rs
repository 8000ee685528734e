//! Who owes whom: the store's lines under the book's terms. Reads beside a running server and writes nothing.

use crate::key;
use abide_agreement::Book;
use abide_ledger::book::{Draft, Scope};
use abide_ledger::closing::{self, Closing, Closings};
use abide_ledger::export::Format;
use abide_ledger::record::DecodeError;
use abide_ledger::statement::Behind;
use abide_ledger::{Detail, Period, Statement, TooLarge, statement};
use abide_model::Time;
use abide_model::decision::{Action, Ask};
use abide_model::line::UsageLine;
use abide_model::name::{Clause, Customer, Party, Segment, Territory};
use abide_model::terms::{Share, YearBegins};
use abide_store::{OpenError, PostedLine, Reader, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// There is no store to read, or it is not ours.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A line cannot be read.
    #[error("line {n} of the ledger: {error}")]
    Line {
        /// Its place, counted from 1.
        n: u64,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A sum does not fit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A period cannot be closed.
    #[error(transparent)]
    Close(#[from] closing::Refusal),
}

/// What the agreements ask of a customer, by the key that called.
type Customers = BTreeMap<(String, Customer), Option<(Option<Segment>, Option<Territory>)>>;

/// The lines of a store and the rows of a book, to be settled under it.
#[derive(Debug)]
pub struct Books<'b> {
    /// `None` where the rows of the book are all there is.
    reader: Option<Reader>,
    book: &'b Book,
    customers: Customers,
    closings: Closings,
}

impl<'b> Books<'b> {
    /// Opens the store of `folder`, also while a server works on it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(folder: &Path, book: &'b Book) -> Result<Self, SettleError> {
        let mut reader = Reader::open(folder)?;
        let customers = customers(&mut reader)?;
        Ok(Self { reader: Some(reader), book, customers, closings: Closings::default() })
    }

    /// Takes the rows of a book alone, without metered usage.
    #[must_use]
    pub fn of_rows(book: &'b Book) -> Self {
        Self { reader: None, book, customers: Customers::new(), closings: Closings::default() }
    }

    /// With what was closed before.
    #[must_use]
    pub fn with_closings(self, closings: Closings) -> Self {
        Self { closings, ..self }
    }

    /// The statement of `party` for `period`, drawn up at `now` under the terms as known then.
    ///
    /// # Errors
    /// When lines cannot be read or sums do not fit.
    pub fn statement(&mut self, party: Party, period: Period, now: Time) -> Result<Statement, SettleError> {
        self.draw(statement::Draft::new(self.scope(party, period, now)), period, now)
    }

    /// The lines and rows behind the figures of such a statement, one at a time: rows first, then lines in the order
    /// in which they were kept.
    ///
    /// # Errors
    /// When lines cannot be read.
    pub fn lines(
        &mut self,
        party: Party,
        period: Period,
        now: Time,
        mut each: impl FnMut(Behind),
    ) -> Result<(), SettleError> {
        let draft = statement::Draft::new(self.scope(party, period, now));
        draft.entered().for_each(&mut each);
        let until = period.bounds(self.book.zone()).end.min(now);
        let cover = Cover::new(self.book, &self.customers, now);
        let Some(reader) = &mut self.reader else { return Ok(()) };
        each_line(reader, until, |line| {
            draft.behind(line, |clause, line| cover.covers(clause, line)).into_iter().for_each(&mut each);
        })
    }

    /// What `period` is closed with: all that is owed under the book by its end, as worked out at `now`, less what was
    /// closed before.
    ///
    /// # Errors
    /// When lines cannot be read, sums do not fit, or the period is closed already or has not ended.
    pub fn close(&mut self, period: Period, now: Time) -> Result<Closing, SettleError> {
        let scope = self.scope(self.book.owner().clone(), period, now);
        let drawn = self.draw(statement::Draft::of_all(scope), period, now)?;
        let today = self.book.zone().to_datetime(now).date();
        let last_ended = today.yesterday().unwrap_or(today);
        let ended = (period.to_string(), period.last_day());
        Ok(self.closings.close(ended, &drawn.obligations, last_ended)?)
    }

    fn scope(&self, party: Party, period: Period, now: Time) -> statement::Scope {
        let mut terms = self.book.terms(now);
        let begins = self.book.year_begins();
        let over: Vec<Clause> =
            terms.guarantees.iter().flat_map(|guarantee| guarantee.over.iter().cloned()).collect();
        // What was closed before has to be worked out again to see whether it changed.
        let closed = self.closings.through().is_some();
        terms.shares.retain(|share| closed || over.contains(&share.clause) || touches(share, begins, period));
        statement::Scope {
            party,
            own: self.book.owner().clone(),
            period,
            zone: self.book.zone().clone(),
            begins,
            at: now,
            terms,
            closings: self.closings.clone(),
        }
    }

    fn draw(
        &mut self,
        mut draft: statement::Draft,
        period: Period,
        now: Time,
    ) -> Result<Statement, SettleError> {
        let until = period.bounds(self.book.zone()).end.min(now);
        let cover = Cover::new(self.book, &self.customers, now);
        if let Some(reader) = &mut self.reader {
            each_line(reader, until, |line| draft.add(line, |clause, line| cover.covers(clause, line)))?;
        }
        Ok(draft.finish()?)
    }

    /// The book of the operator up to `now`, in a form that other programs read.
    ///
    /// # Errors
    /// When lines cannot be read or sums do not fit.
    pub fn export(mut self, format: Format, detail: Detail, now: Time) -> Result<String, SettleError> {
        let mut draft = Draft::new(Scope {
            own: self.book.owner().clone(),
            zone: self.book.zone().clone(),
            begins: self.book.year_begins(),
            until: now,
            detail,
            terms: self.book.terms(now),
            closings: self.closings.clone(),
        });
        let cover = Cover::new(self.book, &self.customers, now);
        if let Some(reader) = &mut self.reader {
            each_line(reader, now, |line| draft.add(line, |clause, line| cover.covers(clause, line)))?;
        }
        Ok(format.text(&draft.finish()?))
    }
}

/// Whether a share runs in `period`, or its last settlement falls due there.
fn touches(share: &Share, begins: YearBegins, period: Period) -> bool {
    let last_day = share.until.and_then(|until| until.yesterday().ok());
    let last_due = last_day.map(|day| Period::of(share.every, begins, day).last_day());
    share.since <= period.last_day() && last_due.is_none_or(|day| day >= period.first_day())
}

/// Which shares a line belongs to, as the book has it now: an amendment that came later counts, a price that was
/// charged stays.
struct Cover<'c> {
    book: &'c Book,
    customers: &'c Customers,
    known: Time,
    /// The last line looked at and its shares: one look serves all shares.
    last: RefCell<Option<(Ask, Vec<Clause>)>>,
}

impl<'c> Cover<'c> {
    fn new(book: &'c Book, customers: &'c Customers, known: Time) -> Self {
        Self { book, customers, known, last: RefCell::new(None) }
    }

    fn covers(&self, clause: &Clause, line: &UsageLine) -> bool {
        let ask = self.ask(line);
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(asked, _)| *asked != ask) {
            let counts = self.book.counts(&ask);
            *last = Some((ask, counts));
        }
        last.as_ref().is_some_and(|(_, counts)| counts.contains(clause))
    }

    fn ask(&self, line: &UsageLine) -> Ask {
        let caller = (line.key.clone(), line.customer.clone());
        let (segment, territory) = self.customers.get(&caller).cloned().flatten().unwrap_or_default();
        Ask {
            actor: self.book.owner().clone(),
            action: Action::Serve,
            product: line.product.clone(),
            channel: line.channel.clone(),
            customer: Some(line.customer.clone()),
            segment,
            territory,
            at: line.at,
            known: self.known,
        }
    }
}

/// Segment and country of each key's customer. `None` where keys of one name and customer differ in them: such a
/// line is settled as if neither were known.
fn customers(reader: &mut Reader) -> Result<Customers, StoreError> {
    let mut customers = Customers::new();
    for shown in reader.keys()?.iter().filter_map(key::shown) {
        let who = shown.principal;
        let place = (who.segment, who.territory);
        customers
            .entry((who.key_name, who.customer))
            .and_modify(|known| {
                if known.as_ref() != Some(&place) {
                    *known = None;
                }
            })
            .or_insert(Some(place));
    }
    Ok(customers)
}

fn each_line(reader: &mut Reader, until: Time, mut each: impl FnMut(&UsageLine)) -> Result<(), SettleError> {
    let mut broken = None;
    // Lines are kept to the millisecond: those of the last one are looked at by whoever takes them.
    let until_ms = until.as_millisecond().saturating_add(1);
    reader.lines((i64::MIN, until_ms), |PostedLine { n, body, .. }| {
        match abide_ledger::record::decode(&body) {
            Ok(line) => each(&line),
            Err(error) => broken = Some(SettleError::Line { n, error }),
        }
        if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    broken.map_or(Ok(()), Err)
}

//! Who owes whom: the store's lines under the book's terms. Reads beside a running server and writes nothing.

use crate::key;
use abide_agreement::Book;
use abide_ledger::book::{Draft, Scope};
use abide_ledger::export::Format;
use abide_ledger::record::DecodeError;
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
}

/// What the agreements ask of a customer, by the key that called.
type Customers = BTreeMap<(String, Customer), Option<(Option<Segment>, Option<Territory>)>>;

/// The lines of a store, to be settled under a book.
#[derive(Debug)]
pub struct Books<'b> {
    reader: Reader,
    book: &'b Book,
    customers: Customers,
}

impl<'b> Books<'b> {
    /// Opens the store of `folder`, also while a server works on it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn open(folder: &Path, book: &'b Book) -> Result<Self, SettleError> {
        let mut reader = Reader::open(folder)?;
        let customers = customers(&mut reader)?;
        Ok(Self { reader, book, customers })
    }

    /// The statement of `party` for `period`, drawn up at `now` under the terms as known then.
    ///
    /// # Errors
    /// When lines cannot be read or sums do not fit.
    pub fn statement(mut self, party: Party, period: Period, now: Time) -> Result<Statement, SettleError> {
        let mut shares = self.book.shares(now);
        shares.retain(|share| touches(share, self.book.year_begins(), period));
        let mut draft = statement::Draft::new(statement::Scope {
            party,
            own: self.book.owner().clone(),
            period,
            zone: self.book.zone().clone(),
            begins: self.book.year_begins(),
            at: now,
            shares,
        });
        let until = period.bounds(self.book.zone()).end.min(now);
        let cover = Cover::new(self.book, &self.customers, now);
        each_line(&mut self.reader, until, |line| draft.add(line, |share, line| cover.covers(share, line)))?;
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
            shares: self.book.shares(now),
        });
        let cover = Cover::new(self.book, &self.customers, now);
        each_line(&mut self.reader, now, |line| draft.add(line, |share, line| cover.covers(share, line)))?;
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

    fn covers(&self, share: &Share, line: &UsageLine) -> bool {
        let ask = self.ask(line);
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(asked, _)| *asked != ask) {
            let duties = self.book.duties(&ask);
            *last = Some((ask, duties));
        }
        last.as_ref().is_some_and(|(_, duties)| duties.contains(&share.clause))
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

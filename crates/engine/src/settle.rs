//! Who owes whom: the store's lines under the book's terms. Reads beside a running server and writes nothing.

use crate::key;
use abide_agreement::Book;
use abide_ledger::bill::{self, Bill};
use abide_ledger::book::{Draft, Scope};
use abide_ledger::closing::{self, Closing, Closings};
use abide_ledger::export::{Format, Writer};
use abide_ledger::record::DecodeError;
use abide_ledger::statement::{Behind, Sight, Unplaced};
use abide_ledger::tally::Kind;
use abide_ledger::{Detail, Period, Statement, TooLarge, statement};
use abide_model::decision::{Action, Ask};
use abide_model::line::UsageLine;
use abide_model::money::Currency;
use abide_model::name::{Channel, Clause, Customer, Party, Product, Segment, Territory};
use abide_model::terms::{self, Share, YearBegins};
use abide_model::{Date, Time};
use abide_store::{OpenError, PostedLine, Reader, StoreError};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::{ControlFlow, Range};
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
    /// What was worked out cannot be written to where it should go.
    #[error("cannot write the output: {0}")]
    Write(#[from] io::Error),
    /// A period cannot be closed.
    #[error(transparent)]
    Close(#[from] closing::Refusal),
    /// A guarantee cannot be closed: what its shares earn has no rate.
    #[error("what `{clause}` comes to is not known: there is no rate from {from} for what its shares earn")]
    Unrated {
        /// The guarantee.
        clause: Clause,
        /// What the shares are settled in.
        from: Currency,
    },
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many lines of the store were read.
    Read(u64),
    /// So many calls were written, of so many.
    Written(u64, u64),
}

/// How much text is gathered before it is written.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// How many answers of the agreements are kept while lines are read.
const DAYS_KEPT_MAX: usize = 100_000;

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
    pub fn statement(
        &mut self,
        (party, sight): (Party, Sight),
        period: Period,
        now: Time,
    ) -> Result<Statement, SettleError> {
        self.draw(statement::Draft::new(self.scope((party, sight), period, now)), period, now)
    }

    /// The lines and rows behind the figures of such a statement, one at a time: rows first, then lines in the order
    /// in which they were kept.
    ///
    /// # Errors
    /// When lines cannot be read, or what `each` says.
    pub fn lines(
        &mut self,
        (party, sight): (Party, Sight),
        period: Period,
        now: Time,
        mut each: impl FnMut(Behind) -> io::Result<()>,
    ) -> Result<(), SettleError> {
        let draft = statement::Draft::new(self.scope((party, sight), period, now));
        draft.entered().try_for_each(&mut each)?;
        let until = period.bounds(self.book.zone()).end.min(now);
        let cover = Cover::new(self.book, &self.customers, now);
        let Some(reader) = &mut self.reader else { return Ok(()) };
        each_line(reader, before(until), |_, line| {
            let mut behind = draft.behind(line, |clause, line| cover.covers(clause, line));
            Ok(behind.try_for_each(&mut each)?)
        })
    }

    /// What `period` is closed with: all that is owed under the book by its end, as worked out at `now`, less what was
    /// closed before. Beside it the sales of the period that are still open.
    ///
    /// # Errors
    /// When lines cannot be read, sums do not fit, or the period is closed already or has not ended.
    pub fn close(&mut self, period: Period, now: Time) -> Result<(Closing, Vec<Unplaced>), SettleError> {
        let scope = self.scope((self.book.owner().clone(), Sight::Own), period, now);
        let drawn = self.draw(statement::Draft::of_all(scope), period, now)?;
        // Unlike a term that nobody knows, a rate can be entered: the most it can be is not booked for want of one.
        let minima = drawn.accounts.iter().filter(|account| account.kind == Kind::Guarantee);
        if let Some((clause, from)) =
            minima.flat_map(|one| one.unconverted.keys().map(|from| (&one.clause, *from))).next()
        {
            return Err(SettleError::Unrated { clause: clause.clone(), from });
        }
        let today = self.book.zone().to_datetime(now).date();
        let last_ended = today.yesterday().unwrap_or(today);
        let ended = (period.to_string(), period.last_day());
        Ok((self.closings.close(ended, &drawn.obligations, last_ended)?, drawn.unplaced))
    }

    /// What a customer, and those below it, are billed for metered usage in `period`, drawn up at `now`; the customers
    /// that there are when this one has never used anything.
    ///
    /// # Errors
    /// When lines cannot be read or sums do not fit.
    pub fn bill(
        &mut self,
        customer: Customer,
        period: Period,
        now: Time,
    ) -> Result<Result<Bill, Vec<Customer>>, SettleError> {
        let zone = self.book.zone().clone();
        let mut draft = bill::Draft::new(bill::Scope { customer: customer.clone(), period, zone, at: now });
        if let Some(reader) = &mut self.reader {
            each_line(reader, before(now), |_, line| {
                draft.add(line);
                Ok(())
            })?;
        }
        if !draft.used_anything() {
            return Ok(Err(draft.known().cloned().collect()));
        }
        Ok(Ok(draft.finish()?))
    }

    fn scope(&self, (party, sight): (Party, Sight), period: Period, now: Time) -> statement::Scope {
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
            sight,
            names: self.book.names().clone(),
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
            each_line(reader, before(until), |_, line| {
                draft.add(line, |clause, line| cover.covers(clause, line));
                cover.unplaced(line, |unplaced| draft.leave_open(line, unplaced));
                Ok(())
            })?;
        }
        Ok(draft.finish()?)
    }

    /// Writes the book of the operator up to `now` to `out`, in a form that other programs read. Single calls are read
    /// a second time, day by day, so that no number of them fills memory.
    ///
    /// # Errors
    /// When lines cannot be read, sums do not fit, or `out` takes no more.
    pub fn export(
        mut self,
        (format, detail): (Format, Detail),
        now: Time,
        out: &mut impl Write,
        mut progress: impl FnMut(Progress),
    ) -> Result<(), SettleError> {
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
        let (mut last, mut read) = (0, 0);
        if let Some(reader) = &mut self.reader {
            each_line(reader, before(now), |n, line| {
                draft.add(line, |clause, line| cover.covers(clause, line));
                cover.unplaced(line, |unplaced| draft.leave_open(line, unplaced));
                (last, read) = (n, read + 1);
                progress(Progress::Read(read));
                Ok(())
            })?;
        }
        let drawn = draft.finish()?;
        let mut text = String::new();
        let mut writer = Writer::new(format, &drawn, &mut text);
        let mut written = 0;
        if let Some(reader) = &mut self.reader {
            for day in drawn.calls.days() {
                each_line(reader, day_in_ms(self.book, day), |n, line| {
                    // What was posted since the book was summed up is in none of its sums.
                    if n <= last && writer.call(&mut text, line)? {
                        written += 1;
                        progress(Progress::Written(written, drawn.calls.count_all()));
                    }
                    if text.len() >= TEXT_BYTES_MAX {
                        out.write_all(text.as_bytes())?;
                        text.clear();
                    }
                    Ok(())
                })?;
            }
        }
        writer.finish(&mut text);
        Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?)
    }
}

/// Whether a share runs in `period`, or its last settlement falls due there.
fn touches(share: &Share, begins: YearBegins, period: Period) -> bool {
    let last_day = share.until.and_then(|until| until.yesterday().ok());
    let last_due = last_day.map(|day| Period::of(share.every, begins, day).last_day());
    share.since <= period.last_day() && last_due.is_none_or(|day| day >= period.first_day())
}

/// Which clauses a line counts toward, as the book has it now: an amendment that came later counts, a price that was
/// charged stays.
struct Cover<'c> {
    book: &'c Book,
    customers: &'c Customers,
    known: Time,
    /// The last day looked at of each buyer of each offer: books count in days, so its lines have one answer.
    days: RefCell<BTreeMap<Sold, Day>>,
}

/// A key, its customer, a product and a channel.
type Sold = (String, Customer, Product, Channel);

/// What holds for every sale of one day.
struct Day {
    bounds: Range<Time>,
    counts: Vec<Clause>,
    unplaced: Vec<terms::Unplaced>,
}

impl<'c> Cover<'c> {
    fn new(book: &'c Book, customers: &'c Customers, known: Time) -> Self {
        Self { book, customers, known, days: RefCell::new(BTreeMap::new()) }
    }

    fn covers(&self, clause: &Clause, line: &UsageLine) -> bool {
        self.day(line, |day| day.counts.contains(clause))
    }

    /// The clauses of which it hangs on a segment or country that the line's key does not name.
    fn unplaced(&self, line: &UsageLine, told: impl FnOnce(&[terms::Unplaced])) {
        self.day(line, |day| told(&day.unplaced));
    }

    fn day<T>(&self, line: &UsageLine, look: impl FnOnce(&Day) -> T) -> T {
        let sold = (line.key.clone(), line.customer.clone(), line.product.clone(), line.channel.clone());
        let mut days = self.days.borrow_mut();
        if days.len() >= DAYS_KEPT_MAX && !days.contains_key(&sold) {
            days.clear();
        }
        let day = days.entry(sold).or_insert_with(|| self.look_up(line));
        if !day.bounds.contains(&line.at) {
            *day = self.look_up(line);
        }
        look(day)
    }

    fn look_up(&self, line: &UsageLine) -> Day {
        let ask = self.ask(line);
        let date = self.book.zone().to_datetime(line.at).date();
        let end = date.tomorrow().map_or(Time::MAX, |next| self.book.start_of_day(next));
        Day {
            bounds: self.book.start_of_day(date)..end,
            counts: self.book.counts(&ask).into_iter().chain(self.book.spends(&ask)).collect(),
            // A call is charged by its tokens, which are no units that a price is asked for.
            unplaced: self.book.unplaced(&ask, false),
        }
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

/// All milliseconds of lines before `until`. Lines are kept to the millisecond: those of the last one are looked at by
/// whoever takes them.
fn before(until: Time) -> (i64, i64) {
    (i64::MIN, until.as_millisecond().saturating_add(1))
}

/// The milliseconds of a day of the book.
fn day_in_ms(book: &Book, day: Date) -> (i64, i64) {
    let start = |day: Date| book.start_of_day(day).as_millisecond();
    (start(day), day.tomorrow().map_or(i64::MAX, start))
}

/// Every line of a stretch of milliseconds with its number, in the order they were posted.
fn each_line(
    reader: &mut Reader,
    stretch: (i64, i64),
    mut each: impl FnMut(u64, &UsageLine) -> Result<(), SettleError>,
) -> Result<(), SettleError> {
    let mut stopped = Ok(());
    reader.lines(stretch, |PostedLine { n, body, .. }| {
        let line = abide_ledger::record::decode(&body).map_err(|error| SettleError::Line { n, error });
        stopped = line.and_then(|line| each(n, &line));
        if stopped.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    stopped
}

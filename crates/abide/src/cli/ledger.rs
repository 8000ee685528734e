//! `abide ledger`: statements and exports, drawn up beside a running server.

use super::StoreFolder;
use super::closed;
use super::failure::{Failure, Status, many};
use super::meter::Meter;
use super::output::{self, Output};
use super::print;
use super::when::{self, When};
use crate::config;
use abide_agreement::{Book, nearest};
use abide_engine::{Books, Progress, SettleError};
use abide_ledger::closing::{Owed, Refusal};
use abide_ledger::export::Format;
use abide_ledger::export::invoice::{Invoice, Side};
use abide_ledger::export::usage;
use abide_ledger::statement::Sight;
use abide_ledger::{Detail, Period, Statement};
use abide_model::Time;
use abide_model::money::grouped;
use abide_model::name::{Clause, Customer, Party};
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What to draw up.
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// What a party is owed and owes for a period, and from what
    #[command(after_help = "Examples:\n  abide ledger statement --party cloud --period 2026-Q4\n  \
                            abide ledger statement agreements/my-clouds --party cloud --period FY2026-Q2")]
    Statement(StatementCall),
    /// Close a period: what is owed for it is never rewritten, later changes are posted as adjustments
    #[command(after_help = "Example:\n  abide ledger close agreements/my-clouds --period 2026-Q1\n\n\
                            Writes agreements/my-clouds/closed/2026-Q1.json.")]
    Close(Close),
    /// What a customer owes for metered usage, or one party another under clauses, as a page of HTML to send and print
    #[command(
        after_help = "Examples:\n  abide ledger invoice --customer acme --period 2026-11 --html FILE\n  \
                            abide ledger invoice agreements/my-clouds --to lab --from cloud --period 2026-Q1 --html FILE"
    )]
    Invoice(InvoiceCall),
    /// All postings, for Beancount, hledger or a spreadsheet
    #[command(after_help = "Example:\n  abide ledger export --format beancount --out abide.beancount")]
    Export(Export),
}

/// Which lines, under which agreements.
#[derive(Debug, Clone, Args)]
struct Which {
    /// A book whose entered rows are taken alone, without metered usage unless --folder names a store
    #[arg(value_name = "BOOK", conflicts_with = "book")]
    rows: Option<PathBuf>,
    #[command(flatten)]
    store: StoreFolder,
    /// The folder of the book of agreements, instead of the one the configuration names
    #[arg(long, value_name = "DIR")]
    book: Option<PathBuf>,
    /// As drawn up at this time, with what was known then: a day (its start in the book's zone) or an instant
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<When>,
}

/// A book, and where its usage lies.
struct Opened {
    /// `None` where entered rows are all there is.
    store: Option<PathBuf>,
    folder: PathBuf,
    book: Book,
    now: Time,
}

/// `abide ledger statement`.
#[derive(Debug, Args)]
pub(crate) struct StatementCall {
    /// Whom it is for: a party of the book, by id or by name
    #[arg(long)]
    party: String,
    /// A year, half, quarter or month: 2026, 2026-H2, 2026-Q4, 2026-11, or FY2026-Q2 of the book's own year
    #[arg(long)]
    period: String,
    #[command(flatten)]
    which: Which,
    /// Print the lines behind the figures instead: each sale and purchase, and what it counts toward
    #[arg(long)]
    lines: bool,
    /// Show also what another party is not to see: who other customers are, and what they pay
    #[arg(long)]
    internal: bool,
    /// Print as JSON; with --lines an object a line
    #[arg(long)]
    json: bool,
}

/// `abide ledger close`.
#[derive(Debug, Args)]
pub(crate) struct Close {
    /// The period to close, with all before it that is still open
    #[arg(long)]
    period: String,
    #[command(flatten)]
    which: Which,
}

/// `abide ledger invoice`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["customer", "to"])))]
pub(crate) struct InvoiceCall {
    /// Who owes for metered usage: a customer, with those below it
    #[arg(long, value_name = "CUSTOMER", conflicts_with = "from")]
    customer: Option<Customer>,
    /// Who owes under clauses: a party of the book, by id or by name
    #[arg(long, value_name = "PARTY")]
    to: Option<String>,
    /// Who is owed; the party whose book it is unless given
    #[arg(long, value_name = "PARTY")]
    from: Option<String>,
    /// The period, as for a statement
    #[arg(long)]
    period: String,
    /// Write the page to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

/// How usage is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DetailWord {
    /// One transaction a day, customer and currency
    Day,
    /// One transaction a call
    Call,
}

/// `abide ledger export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The form
    #[arg(long, value_parser = PossibleValuesParser::new(Format::ALL.map(Format::as_str)))]
    format: String,
    /// How usage is put together
    #[arg(long, value_enum, default_value = "day")]
    detail: DetailWord,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    which: Which,
}

impl Ledger {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        match self {
            Ledger::Statement(statement) => statement.run(),
            Ledger::Close(close) => close.run(),
            Ledger::Invoice(invoice) => invoice.run(),
            Ledger::Export(export) => export.run(),
        }
    }
}

impl Which {
    fn open(self) -> Result<Opened, Failure> {
        let (store, folder) = match self.rows {
            Some(rows) if self.store.folder.is_none() => (None, rows),
            rows => {
                let places = self.store.places(rows.or(self.book)).map_err(|failure| match failure {
                    Failure::Input { message, help: Some(help) } => {
                        let book = "or name the folder of a book to settle what was entered in it alone";
                        Failure::input(message).help(format!("{help}; {book}"))
                    }
                    Failure::Input { .. } | Failure::Work { .. } | Failure::Findings(_) => failure,
                })?;
                let folder = places.agreements.ok_or_else(|| {
                    Failure::input("amounts are worked out under agreements, and none are named")
                        .help("set `agreements` in the configuration, or name a book with --book")
                })?;
                (Some(places.folder), folder)
            }
        };
        let folder = config::book_root(&folder);
        let book = config::open_book(&folder)?;
        let now = self.at.map_or_else(when::now_in_ledger, |at| at.instant(&book));
        tell_of_warnings(&book, &folder, self.at.is_none().then_some(now));
        Ok(Opened { store, folder, book, now })
    }
}

/// Says on standard error what a reader of figures should look at: warnings of the book, and rows that are dated later
/// than now, most likely by a slip.
fn tell_of_warnings(book: &Book, folder: &Path, now: Option<Time>) {
    let warnings = book.warnings().len();
    if warnings > 0 {
        let warnings = many(warnings, "warning");
        print::aside(&format!("note: the book has {warnings}: abide agreement check {}\n", folder.display()));
    }
    let later: Vec<String> =
        now.map_or(vec![], |now| book.entered_after(now)).iter().map(ToString::to_string).collect();
    if let Some(first) = later.first() {
        let rows = many(later.len(), "row");
        print::aside(&format!(
            "note: {rows} became known later than now and left out, the first in {first}\n"
        ));
    }
}

impl Opened {
    fn books(&self) -> Result<Books<'_>, Failure> {
        let books = match &self.store {
            Some(store) => Books::open(store, &self.book)?,
            None => Books::of_rows(&self.book),
        };
        Ok(books.with_closings(closed::read(&self.folder)?))
    }

    fn period(&self, text: &str) -> Result<Period, Failure> {
        Period::parse_in(text, self.book.year_begins())
            .map_err(|error| Failure::input(error.to_string()).help(error.help()))
    }

    /// The party of this id, or that people call so.
    fn party(&self, text: &str) -> Result<&Party, Failure> {
        let (book, names) = (&self.book, self.book.names());
        if let Some(party) = book.parties().find(|party| party.as_str() == text) {
            return Ok(party);
        }
        let mut called = names.iter().filter(|(_, name)| name.to_lowercase() == text.to_lowercase());
        if let (Some((party, _)), None) = (called.next(), called.next()) {
            return Ok(party);
        }
        let ids: Vec<&str> = book.parties().map(Party::as_str).collect();
        let near = nearest(text, ids.iter().copied()).or(nearest(text, names.values().map(String::as_str)));
        let help =
            near.map_or(format!("it has {}", ids.join(", ")), |near| format!("did you mean `{near}`?"));
        Err(Failure::input(format!("the book has no party `{text}`")).help(help))
    }

    /// Prints line by line, so that no number of them fills memory.
    fn lines(&self, (party, sight): (&Party, Sight), period: &str, json: bool) -> Result<Status, Failure> {
        let period = self.period(period)?;
        let mut out = Output::open(None)?;
        let written = self.books()?.lines((party.clone(), sight), period, self.now, |behind| {
            let text = if json { behind.to_json() } else { behind.text() };
            out.write_all(text.as_bytes())
        });
        finish(written, out)
    }

    fn statement(&self, (party, sight): (&Party, Sight), period: &str) -> Result<Statement, Failure> {
        Ok(self.books()?.statement((party.clone(), sight), self.period(period)?, self.now)?)
    }

    /// What is drawn up for another party is what that may be sent.
    fn sight(&self, party: &Party, internal: bool) -> Sight {
        if internal || party == self.book.owner() { Sight::Own } else { Sight::Party }
    }
}

impl StatementCall {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.which.open()?;
        let party = opened.party(&self.party)?;
        let sight = opened.sight(party, self.internal);
        if self.lines {
            return opened.lines((party, sight), &self.period, self.json);
        }
        let statement = opened.statement((party, sight), &self.period)?;
        print::text(&if self.json { statement.to_json() } else { statement.render_table() })?;
        Ok(Status::Done)
    }
}

impl Close {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.which.open()?;
        let period = opened.period(&self.period)?;
        let (closing, open) = opened.books()?.close(period, opened.now)?;
        let path = closed::write(&opened.folder, &closing)?;
        let adjusted = closing.figures.iter().filter(|figure| closing.adjusts(figure)).count();
        let (through, count) = (closing.through, closing.figures.len());
        print::text(&format!(
            "closed through {through}: {}, {adjusted} of them adjustments, in {}\n",
            many(count, "figure"),
            path.display()
        ))?;
        if !open.is_empty() {
            print::aside(
                "warning: sales name no segment or country, on which clauses hang; the statement shows them as open. \
                 Once they do, the difference is posted in the next period.\n",
            );
        }
        Ok(Status::Done)
    }
}

impl InvoiceCall {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.which.open()?;
        let page = match (&self.customer, &self.to) {
            (Some(customer), _) => opened.usage_invoice(customer, &self.period)?,
            (None, Some(to)) => opened.invoice(to, self.from.as_deref(), &self.period)?,
            (None, None) => {
                return Err(Failure::input("an invoice is to somebody").help("add --customer or --to"));
            }
        };
        match &self.html {
            Some(path) => output::write(path, &page)?,
            None => print::text(&page)?,
        }
        Ok(Status::Done)
    }
}

impl Opened {
    /// What `to` owes `from` under clauses.
    fn invoice(&self, to: &str, from: Option<&str>, period: &str) -> Result<String, Failure> {
        let from = from.map_or(Ok(self.book.owner()), |from| self.party(from))?;
        let to = self.party(to)?;
        if from == to {
            return Err(Failure::input(format!("nobody bills itself, as `{from}` would"))
                .help("name in --from the party that is owed"));
        }
        // An invoice leaves the house, whoever's it is.
        let statement = self.statement((to, Sight::Party), period)?;
        let due = statement.falls_due.iter().map(|owed| &owed.of);
        let owed = due.chain(statement.adjustments.iter().map(|figure| &figure.of));
        let book = &self.book;
        let instrument = |of: &Owed| Some((of.clause.clone(), book.instrument_of(&of.clause)?.to_owned()));
        let instruments: BTreeMap<Clause, String> = owed.filter_map(instrument).collect();
        let invoice = Invoice {
            from,
            to,
            firms: (book.firm(from), book.firm(to)),
            pay_by: book.pay_by(from, statement.drawn_on()),
            book: book.name(),
            instruments: &instruments,
            statement: &statement,
        };
        for (clause, stretch) in invoice.of_other_periods() {
            print::aside(&format!(
                "note: `{clause}` falls due for {stretch}, and so is on an invoice for {stretch} too, under another \
                 number: send one of them\n"
            ));
        }
        Ok(invoice.html().map_err(SettleError::from)?)
    }

    /// What a customer owes for metered usage.
    fn usage_invoice(&self, customer: &Customer, period: &str) -> Result<String, Failure> {
        if self.store.is_none() {
            return Err(Failure::input(
                "an invoice to a customer is of metered usage, and a book alone has none",
            )
            .help("leave out BOOK, or name the folder of a store with --folder"));
        }
        let bill = self.books()?.bill(customer.clone(), self.period(period)?, self.now)?;
        let bill = bill.map_err(|known| {
            let near = nearest(customer.as_str(), known.iter().map(Customer::as_str));
            let help = near
                .map_or("`abide ledger statement` for your own party lists who did".to_owned(), |near| {
                    format!("did you mean `{near}`?")
                });
            Failure::input(format!("no customer `{customer}` has used anything")).help(help)
        })?;
        let (owner, names) = (self.book.owner(), self.book.names());
        let side = |id: &'_ str| {
            let party = self.book.parties().find(|party| party.as_str() == id);
            let name = party.and_then(|party| names.get(party)).cloned().unwrap_or(id.to_owned());
            (name, party.and_then(|party| self.book.firm(party)))
        };
        let (from, to) = (side(owner.as_str()), side(customer.as_str()));
        let issued = self.book.zone().to_datetime(self.now).date();
        let invoice = usage::Invoice {
            seller: owner.as_str(),
            from: Side { name: &from.0, firm: from.1 },
            to: Side { name: &to.0, firm: to.1 },
            pay_by: self.book.pay_by(owner, issued),
            book: self.book.name(),
            zone: self.book.zone(),
            prices: self.book.prices(),
            bill: &bill,
        };
        Ok(invoice.html())
    }
}

impl Export {
    fn run(self) -> Result<Status, Failure> {
        let opened = self.which.open()?;
        let format = Format::parse(&self.format)
            .ok_or_else(|| Failure::input(format!("there is no form `{}`", self.format)))?;
        let detail = match self.detail {
            DetailWord::Day => Detail::Day,
            DetailWord::Call => Detail::Call,
        };
        let mut out = Output::open(self.out.as_deref())?;
        let mut meter = Meter::beside(out.is_terminal());
        let count = |n: u64| grouped(&n.to_string());
        let exported = opened.books()?.export((format, detail), opened.now, &mut out, |progress| {
            meter.say(|| match progress {
                Progress::Read(lines) => format!("{} lines read", count(lines)),
                Progress::Written(calls, all) => format!("{} of {} calls written", count(calls), count(all)),
            });
        });
        drop(meter);
        finish(exported, out)
    }
}

/// Puts the output in its place, when it is whole.
fn finish(written: Result<(), SettleError>, out: Output) -> Result<Status, Failure> {
    match written {
        Err(SettleError::Write(error)) => out.broken(error)?,
        written => written.map_err(Failure::from).and_then(|()| out.finish())?,
    }
    Ok(Status::Done)
}

impl From<SettleError> for Failure {
    fn from(error: SettleError) -> Self {
        let failure = Failure::work(error.to_string());
        match error {
            SettleError::Close(Refusal::Closed { .. }) => {
                failure.help("what changed since is posted as an adjustment when the next period is closed")
            }
            SettleError::Close(Refusal::Open { .. }) => {
                failure.help("until then, `abide ledger statement` shows what has accrued")
            }
            SettleError::Unrated { .. } => {
                failure.help("add a [[rate]] to the guarantee's currency; then the period can be closed")
            }
            SettleError::Close(Refusal::TooLarge(_))
            | SettleError::Open(_)
            | SettleError::Store(_)
            | SettleError::Line { .. }
            | SettleError::TooLarge(_)
            | SettleError::Write(_) => failure,
        }
    }
}

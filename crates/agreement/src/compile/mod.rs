//! From read files to a [`Book`]: looks every name up, compares dates, settles precedence, and reports all that is
//! wrong at once.

mod clause;
mod condition;
mod entry;
mod measure;
mod money;
mod precedence;
mod price;
mod refusal;
mod registry;
pub(crate) mod scenario;
mod scope;
mod slips;
mod unrated;

pub use clause::CLAUSES_MAX;
pub(crate) use money::StageTerms;
pub(crate) use registry::is_country;
pub use scenario::{DRAWS_MAX, Staged, YEARS_MAX, stage};

use crate::book::Book;
use crate::diagnostic::{Diagnostic, Files, Sink, Spot, Word};
use crate::index::Index;
use crate::suggest::did_you_mean;
use crate::syntax::{self, BOOK_FILE};
use crate::table::{Names, Number, Table};
use crate::{Source, calendar};
use abide_model::money::Currency;
use abide_model::name::{self, NameError};
use abide_model::terms::YearBegins;
use abide_model::{Date, Hash, Time};
use jiff::tz::TimeZone;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// The most files a book may have.
pub const FILES_MAX: usize = 10_000;
/// The longest file of a book, in bytes.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// The most names that help lists where none is near to what was written.
pub(crate) const NAMES_LISTED_MAX: usize = 8;

/// Reads and checks a whole book.
///
/// The order of `files` does not matter. Files that are not named `*.toml` must not be given. Scenarios are no part of
/// a book and are passed over.
///
/// # Errors
/// Everything that is wrong, in the order of paths and places; warnings are among them.
pub fn load(files: &[Source]) -> Result<Book, Vec<Diagnostic>> {
    let sources = Files::new(files.iter().filter(|file| !is_scenario(file)));
    let mut sink = Sink::default();
    let read = read(&sources, &mut sink);
    let book = read.as_ref().and_then(|read| compile(&sources, read, &mut sink));
    if let Some((files, book)) = read.as_deref().zip(book.as_ref()) {
        unplaced(book, &mut sink);
        unrated::warn(book, &mut sink);
        slips::warn(files, book, &mut sink);
    }
    let failed = sink.failed();
    let findings = sink.finish(&sources);
    match book {
        Some(book) if !failed => Ok(Book { warnings: findings, ..book }),
        _ => Err(findings),
    }
}

/// Warns of revenue of which a clause cannot say whether it counts.
fn unplaced(book: &Book, sink: &mut Sink) {
    for entry in &book.entries.revenue {
        let found = book.unplaced(&book.ask_of(entry, Time::MAX), entry.quantity.is_some());
        let clauses: Vec<String> = found.iter().map(|one| format!("`{}`", one.clause)).collect();
        if clauses.is_empty() {
            continue;
        }
        let message = format!(
            "whether this revenue counts toward {} hangs on a segment or country that it does not name",
            clauses.join(", ")
        );
        sink.warning("unplaced", entry.spot, message)
            .help("add them, such as country = \"DE\"; until then a statement shows it as open");
    }
}

/// Whether a file is a scenario: it has a key `scenario` before its first table.
#[must_use]
pub fn is_scenario(file: &Source) -> bool {
    let head = file.text.lines().map(str::trim_start).take_while(|line| !line.starts_with('['));
    let mut keys =
        head.filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim_matches(['"', '\'', ' ', '\t']));
    file.path != BOOK_FILE && keys.any(|key| key == "scenario")
}

/// Reads every file; `None` when names cannot be looked up because some file is missing or is not TOML.
fn read(sources: &Files<'_>, sink: &mut Sink) -> Option<Vec<(usize, syntax::File)>> {
    let nowhere = Spot { file: 0, start: 0, end: 0 };
    if sources.iter().count() > FILES_MAX {
        sink.error("limit", nowhere, format!("this book has more than {FILES_MAX} files"));
        return None;
    }
    let mut all = true;
    let mut found = Vec::new();
    let mut paths = BTreeSet::new();
    for (at, source) in sources.iter() {
        if !paths.insert(source.path.as_str()) {
            sink.error("duplicate-id", Spot { file: at, ..nowhere }, "this file is given twice");
            all = false;
        }
        if source.text.len() > FILE_BYTES_MAX {
            let spot = Spot { file: at, ..nowhere };
            sink.error("limit", spot, format!("this file is larger than {FILE_BYTES_MAX} bytes"));
            all = false;
            continue;
        }
        match syntax::read(at, source, sink) {
            Some(file) => found.push((at, file)),
            None => all = false,
        }
    }
    if !sources.iter().any(|(_, source)| source.path == BOOK_FILE) {
        sink.error("no-book", nowhere, format!("there is no `{BOOK_FILE}` in this folder"))
            .help("it names the book: book = \"my-clouds\", self = \"lab\", and its parties")
            .hint(misplaced(sources));
        all = false;
    }
    all.then_some(found)
}

/// Where the file lies that names the book, under another name or in another folder.
fn misplaced(sources: &Files<'_>) -> Option<String> {
    let paths = || sources.iter().map(|(_, source)| source.path.as_str());
    let renamed = paths().find(|path| path.eq_ignore_ascii_case(BOOK_FILE));
    let deeper = || paths().find_map(|path| path.strip_suffix(BOOK_FILE)?.strip_suffix('/'));
    renamed
        .map(|path| format!("rename `{path}` to `{BOOK_FILE}`, in small letters"))
        .or_else(|| deeper().map(|folder| format!("there is one in the folder `{folder}`: name that folder")))
}

fn compile(sources: &Files<'_>, files: &[(usize, syntax::File)], sink: &mut Sink) -> Option<Book> {
    let head = files.iter().find_map(|(_, file)| file.head.as_ref())?;
    let zone = zone(head, sink);
    let mut check = Check { zone, seen: BTreeMap::new(), unlisted: BTreeSet::new(), sources, sink };
    let mut registry = registry::build(files, &mut check);
    let owner = head.owner.as_ref().and_then(|word| check.find(&registry.words.parties, word, "party"));
    let (prices, priced) = price::build(files, &registry.words, &mut check);
    let year = year_begins(head, &mut check);
    let mut entries = entry::build(files, owner, &mut registry, &mut check);
    entries.priced = priced;
    entries.costs = price::costs(files, owner, &registry, &mut check);
    let (clauses, citations) = clause::build(files, &mut registry, &mut check)?;
    registry.words.points = Table::new(registry.points);
    registry.words.measures = Table::new(registry.measures);
    let zone = check.zone;
    if sink.failed() {
        return None;
    }
    let parts = sources.iter().flat_map(|(_, source)| [source.path.as_bytes(), source.text.as_bytes()]);
    let index = Index::build(&registry.words, &clauses);
    Some(Book {
        name: head.book.as_ref()?.value.clone(),
        hash: Hash::of_parts(parts),
        owner: owner?,
        zone,
        words: registry.words,
        index,
        prices,
        money: money::with_base(&clauses),
        placing: money::placing(&clauses),
        clauses,
        citations,
        entries,
        year,
        warnings: Vec::new(),
    })
}

fn zone(head: &syntax::Head, sink: &mut Sink) -> TimeZone {
    let Some(word) = &head.zone else { return TimeZone::UTC };
    TimeZone::get(&word.value).unwrap_or_else(|_| {
        sink.error("unknown-name", word.spot, format!("there is no time zone `{}`", word.value))
            .help("use a name of the IANA time zone database, such as \"America/Los_Angeles\" or \"UTC\"");
        TimeZone::UTC
    })
}

/// `"07-01"`: a month and the first of it.
fn year_begins(head: &syntax::Head, check: &mut Check<'_>) -> YearBegins {
    let Some(word) = &head.year_begins else { return YearBegins::JANUARY };
    let month = word.value.strip_suffix("-01").filter(|month| month.len() == 2);
    month.and_then(|month| month.parse().ok()).and_then(YearBegins::in_month).unwrap_or_else(|| {
        check
            .sink
            .error("bad-year", word.spot, format!("`{}` is not the first day of a month", word.value))
            .help("write month and day, such as \"07-01\" for a year that begins in July");
        YearBegins::JANUARY
    })
}

/// A name that would do, made from one that does not; `paths` may hold `/`.
fn name_help(text: &str, paths: bool) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') || (paths && c == '/');
    let made: String =
        text.chars().map(|c| if fits(c) { c } else { '-' }).take(name::NAME_BYTES_MAX).collect();
    match made.trim_matches('-') {
        "" => "write a name such as my-name".to_owned(),
        made => format!("write it like this: {made}"),
    }
}

/// What every check needs: the zone, the names seen so far, and the place to complain.
struct Check<'a> {
    zone: TimeZone,
    /// Where each id was first given, by what it names.
    seen: BTreeMap<(&'static str, String), Spot>,
    /// Currencies that were warned of.
    unlisted: BTreeSet<Currency>,
    sources: &'a Files<'a>,
    sink: &'a mut Sink,
}

impl Check<'_> {
    /// Warns once of a currency that nobody else knows: most likely a slip, which would count apart from all others.
    fn see_currency(&mut self, currency: Currency, spot: Spot) {
        if currency.is_listed() || !self.unlisted.insert(currency) {
            return;
        }
        let near = did_you_mean(currency.as_str(), Currency::listed());
        self.sink
            .warning("unlisted-currency", spot, format!("`{currency}` is no currency of ISO 4217 in use"))
            .help("amounts in it are counted by themselves, with two decimals")
            .hint(near);
    }

    fn start(&self, day: Date) -> Time {
        calendar::start_of_day(&self.zone, day)
    }

    /// Parses the name that `word` gives to a `kind` of thing; `None` when it is taken or no name.
    fn declare<T: FromStr<Err = NameError>>(&mut self, word: &Word, kind: &'static str) -> Option<T> {
        if let Some(first) = self.seen.get(&(kind, word.value.clone())) {
            let first = *first;
            self.sink
                .error("duplicate-id", word.spot, format!("{kind} `{}` is given twice", word.value))
                .also(first, "first given here")
                .help("rename one of them, or take it out");
            return None;
        }
        self.seen.insert((kind, word.value.clone()), word.spot);
        self.parse(word)
    }

    /// [`Check::declare`] for what conditions name: one word, though a name may hold more.
    fn declare_word(&mut self, word: &Word, kind: &'static str) -> Option<name::Question> {
        let stray = word.value.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        if let Some(stray) = stray {
            let message = format!(
                "{kind} id `{}` holds `{stray}`; letters, digits, `-`, `_` and `.` are allowed",
                word.value
            );
            self.sink.error("bad-name", word.spot, message).help(name_help(&word.value, false));
            return None;
        }
        self.declare(word, kind)
    }

    fn parse<T: FromStr<Err = NameError>>(&mut self, word: &Word) -> Option<T> {
        word.value
            .parse()
            .map_err(|wrong: NameError| {
                self.sink.error("bad-name", word.spot, wrong.to_string()).help(name_help(&word.value, true));
            })
            .ok()
    }

    /// Looks `word` up among the declared names of one kind.
    fn find<N: Number, K: Ord + Clone + Borrow<str>>(
        &mut self,
        names: &Names<N, K>,
        word: &Word,
        kind: &str,
    ) -> Option<N> {
        let found = names.find(&word.value);
        if found.is_none() {
            self.unknown(word, kind, names.words());
        }
        found
    }

    fn unknown<'w>(&mut self, word: &Word, kind: &str, known: impl Iterator<Item = &'w str>) {
        let known: Vec<_> = known.collect();
        let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        let all = match listed.len() {
            0 => Some("the book has none".to_owned()),
            1..=NAMES_LISTED_MAX => Some(format!("the book has {}", listed.join(", "))),
            _ => None,
        };
        self.sink
            .error("unknown-name", word.spot, format!("there is no {kind} `{}` in this book", word.value))
            .hint(all)
            .hint(did_you_mean(&word.value, known));
    }
}

//! From TOML text to tables of words with places. Finds misspelt keys, wrong types and broken conditions; looks no
//! name up and compares no dates.

pub(crate) mod clause;
pub(crate) mod condition;
pub(crate) mod entry;
pub(crate) mod fields;
pub(crate) mod keys;
pub(crate) mod money;
pub(crate) mod registry;
pub(crate) mod scenario;

use crate::Source;
use crate::diagnostic::{At, Sink, Spot, Word};
use clause::ClauseRow;
use fields::Fields;
use jiff::civil::Date;
use keys::Keys;
use registry::Registry;
use scenario::ScenarioRow;
use toml::Spanned;
use toml::de::DeTable;

/// The file that names the book, its owner and its zone.
pub(crate) const BOOK_FILE: &str = "book.toml";

/// One file, read.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// `book`, `self`, `zone`, `year_begins`: only in [`BOOK_FILE`].
    pub(crate) head: Option<Head>,
    /// What is named, happened, costs.
    pub(crate) registry: Registry,
    /// An instrument or an amendment to one.
    pub(crate) instrument: Option<Instrument>,
    /// A forecast and its question.
    pub(crate) scenario: Option<ScenarioRow>,
}

#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) book: Option<Word>,
    pub(crate) owner: Option<Word>,
    pub(crate) zone: Option<Word>,
    pub(crate) year_begins: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct Instrument {
    pub(crate) name: Word,
    pub(crate) amendment: u32,
    /// Whether `amendment` says what it should, or nothing.
    pub(crate) numbered: bool,
    pub(crate) title: Option<Word>,
    pub(crate) parties: Vec<Word>,
    pub(crate) signed: Option<At<Date>>,
    pub(crate) effective: Option<At<Date>>,
    pub(crate) known: Option<At<Date>>,
    pub(crate) supersedes: Vec<Word>,
    pub(crate) clauses: Vec<ClauseRow>,
}

impl Instrument {
    /// The day on which all of it became known, but for clauses that name another.
    pub(crate) fn known(&self) -> Option<Date> {
        self.known.or(self.signed).map(|day| day.value)
    }
}

/// Reads one file; what is wrong goes into `sink`. `None` when the file is not TOML.
pub(crate) fn read(file: usize, source: &Source, sink: &mut Sink) -> Option<File> {
    let table = parse(file, source, sink)?;
    let spot = Spot { file, start: 0, end: 0 };
    if let Some((key, _)) =
        table.get_ref().get_key_value("scenario").filter(|(_, value)| value.get_ref().is_table())
    {
        let span = key.span();
        sink.error("wrong-type", Spot { start: span.start, end: span.end, ..spot }, "`scenario` is a name, not a table")
            .help("write scenario = \"what-if\" in the first line, and the keys of this table below it, without its header");
        return Some(File::default());
    }
    let kind = FileKind::of(&source.path, |key| table.get_ref().contains_key(key));
    let mut fields = Fields::new(table.get_ref(), file, &source.text, spot, kind.what(), kind.keys());
    let mut read = File::default();
    match kind {
        FileKind::Instrument => {
            read.instrument = instrument(&mut fields, sink);
            read.registry.sources = registry::sources(&mut fields, sink);
        }
        FileKind::Book => {
            read.head = Some(head(&mut fields, sink));
            read.registry = registry::read(&mut fields, sink);
            refuse_clauses(&mut fields, sink);
        }
        FileKind::Registry => {
            read.registry = registry::read(&mut fields, sink);
            refuse_clauses(&mut fields, sink);
        }
        FileKind::Scenario => {
            read.scenario = Some(scenario::read(&mut fields, sink));
            read.registry.facts = scenario::facts(&mut fields, sink);
            read.registry.sources = registry::sources(&mut fields, sink);
            refuse_clauses(&mut fields, sink);
        }
    }
    fields.finish(sink);
    Some(read)
}

/// The text as TOML; every place where it is not goes into `sink`.
pub(crate) fn parse<'s>(file: usize, source: &'s Source, sink: &mut Sink) -> Option<Spanned<DeTable<'s>>> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let spot = Spot { file, start: span.start, end: span.end };
        let help = toml_help(error.message(), source.text.get(span).unwrap_or(""));
        sink.error("toml", spot, format!("this is not TOML: {}", error.message())).help(help);
    }
    errors.is_empty().then_some(table)
}

/// What would most likely mend text that is not TOML.
fn toml_help(message: &str, text: &str) -> String {
    if text.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}']) {
        return "these are typographic quotes, as text programs make them; write straight ones: \"…\""
            .to_owned();
    }
    if message.contains("date") {
        return "write a day of the calendar as year, month, day: 2026-02-28".to_owned();
    }
    if message.contains("must be quoted") && !text.contains(['"', '\n']) {
        return format!("put it in quotes: \"{}\"", text.trim());
    }
    "texts stand between two quotes, lists between [ and ], and each line is a key, `=` and a value"
        .to_owned()
}

/// How many keys that only one sort of file has make a file without its name one of that sort.
const NAMELESS_KEYS_MIN: usize = 2;

/// What a file of a book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// `book.toml`.
    Book,
    /// An instrument or an amendment to one.
    Instrument,
    /// A forecast, which is no part of what was agreed.
    Scenario,
    /// Anything else: prices, facts.
    Registry,
}

impl FileKind {
    /// By the path below the book's folder, and the keys the text has. A file without the key that names what it is, but
    /// with others that only such a file has, is taken for one: that it lacks its name is then all there is to say.
    pub(crate) fn of(path: &str, has: impl Fn(&str) -> bool) -> Self {
        let own = |keys: &'static Keys, others: &[&'static Keys]| {
            let shared = |name: &str| others.iter().any(|keys| keys.find(name).is_some());
            keys.rows().filter(|key| !shared(key.name) && has(key.name)).count()
        };
        if has("instrument") {
            return Self::Instrument;
        }
        if path.eq_ignore_ascii_case(BOOK_FILE) {
            return Self::Book;
        }
        if has("scenario") {
            return Self::Scenario;
        }
        if own(&keys::REGISTRY, &[&keys::INSTRUMENT, &keys::SCENARIO]) > 0 {
            return Self::Registry;
        }
        let clauses = clause::KINDS.into_iter().filter(|kind| has(kind)).count();
        match own(&keys::INSTRUMENT, &[&keys::REGISTRY, &keys::SCENARIO]) {
            all if all > clauses && all >= NAMELESS_KEYS_MIN => Self::Instrument,
            _ if own(&keys::SCENARIO, &[&keys::REGISTRY, &keys::INSTRUMENT]) >= NAMELESS_KEYS_MIN => {
                Self::Scenario
            }
            _ => Self::Registry,
        }
    }

    pub(crate) fn keys(self) -> &'static Keys {
        match self {
            Self::Book => &keys::BOOK,
            Self::Instrument => &keys::INSTRUMENT,
            Self::Scenario => &keys::SCENARIO,
            Self::Registry => &keys::REGISTRY,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Book => "`book.toml`",
            Self::Instrument => "an instrument file",
            Self::Scenario => "a scenario",
            Self::Registry => "this file",
        }
    }
}

fn head(fields: &mut Fields<'_>, sink: &mut Sink) -> Head {
    Head {
        book: fields.need_text(sink, "book"),
        owner: fields.need_text(sink, "self"),
        zone: fields.text(sink, "zone"),
        year_begins: fields.text(sink, "year_begins"),
    }
}

fn instrument(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Instrument> {
    let name = fields.need_text(sink, "instrument");
    let number = fields.whole(sink, "amendment");
    let numbered = number.is_some() || fields.key_spot("amendment").is_none();
    let title = fields.text(sink, "title");
    fields.text(sink, "note");
    let parties = fields.texts(sink, "parties");
    fields.require("parties");
    let signed = fields.need_date(sink, "signed");
    let effective = fields.date(sink, "effective");
    let known = fields.date(sink, "known");
    let supersedes = fields.texts(sink, "supersedes").unwrap_or_default();
    let clauses = clause::read_all(fields, sink);
    Some(Instrument {
        name: name?,
        amendment: number.map_or(0, |number| number.value),
        numbered,
        title,
        parties: parties.unwrap_or_default(),
        signed,
        effective,
        known,
        supersedes,
        clauses,
    })
}

/// Clauses stand in instrument files only.
fn refuse_clauses(fields: &mut Fields<'_>, sink: &mut Sink) {
    for kind in clause::KINDS {
        if let Some(spot) = fields.take_away(kind) {
            sink.error("clause-place", spot, format!("this `{kind}` clause needs an instrument around it"))
                .help("move it to a file that begins with a line such as: instrument = \"lab-cloud\"");
        }
    }
}

//! From a scenario file to a forecast and the books under which it is worked out. Everything that is wrong in the
//! scenario and in the books comes out at once.

mod number;

use crate::Source;
use crate::book::Book;
use crate::diagnostic::{At, Diagnostic, Files, Sink, Spot, Word};
use crate::suggest::did_you_mean;
use crate::syntax::condition::{Arg, Term};
use crate::syntax::registry::{FactRow, Happening};
use crate::syntax::scenario::{AssumeRow, DraftRow, HoldingRow, RevenueRow, ScenarioRow, SearchRow};
use crate::syntax::{self, Instrument};
use crate::table::{Names, Number};
use abide_model::Date;
use abide_model::decision::SourceClass;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Channel, Customer, NameError, Party, Product, Segment, Territory};
use abide_model::scenario::{
    Assumption, Draft, Growing, Holding, Level, Measure, Quantity, Scenario, Search, Stream,
};
use abide_model::terms::Every;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// The longest time a scenario may look at.
pub const YEARS_MAX: i16 = 100;
/// The most draws of a scenario.
pub const DRAWS_MAX: u32 = 100_000;

const DRAWS: u32 = 1_000;
const SEED: u32 = 1;

/// A scenario, with the books under which it is to be worked out.
#[derive(Debug)]
pub struct Staged {
    /// The forecast and its question.
    pub scenario: Scenario,
    /// One for each of the scenario's drafts, in their order.
    pub books: Vec<Book>,
}

/// Reads a scenario together with the book it is about, and the one it compares with if any.
///
/// The facts of the scenario hold in every book; each draft's book lacks the clauses that the draft leaves out. A
/// scenario among `files` is passed over, so that it may be given as `scenario` as well.
///
/// # Errors
/// Everything that is wrong in the scenario and in the books.
pub fn stage(
    files: &[Source],
    against: Option<&[Source]>,
    scenario: &Source,
) -> Result<Staged, Vec<Diagnostic>> {
    let own = Shelf::new(files, scenario);
    let mut sink = Sink::default();
    let read = own.read(&mut sink);
    let base = read.as_ref().and_then(|read| super::compile(&own.sources, &read.files, &mut sink));
    let row = read.as_ref().and_then(|read| read.files.iter().find_map(|(_, file)| file.scenario.as_ref()));
    let Some(row) = row else {
        if !sink.failed() {
            sink.error("no-scenario", own.spot, "this file has no key `scenario`")
                .help("begin it with a line such as: scenario = \"old-or-new\"");
        }
        return Err(sink.finish(&own.sources));
    };
    // What the scenario supposes may be what is wrong: names are looked up in the book without it.
    let names = base.or_else(|| own.unsupposed());
    let supposed = read.as_ref().map(supposed).unwrap_or_default();
    let found = Check { words: names.as_ref(), against: against.is_some(), sink: &mut sink }.scenario(row);
    let found = found.map(|scenario| Scenario { supposed, ..scenario });
    let books = found.as_ref().and_then(|found| books(&own, found, row, against, scenario, &mut sink));
    match (found, books) {
        (Some(scenario), Some(Ok(books))) if !sink.failed() => Ok(Staged { scenario, books }),
        (_, Some(Err(findings))) => Err([sink.finish(&own.sources), findings].concat()),
        _ => Err(sink.finish(&own.sources)),
    }
}

/// The files of one book, with the scenario among them.
struct Shelf<'a> {
    sources: Files<'a>,
    spot: Spot,
}

struct Read {
    files: Vec<(usize, syntax::File)>,
}

impl<'a> Shelf<'a> {
    fn new(files: &'a [Source], scenario: &'a Source) -> Self {
        let kept = files.iter().filter(|file| !super::is_scenario(file) && file.path != scenario.path);
        let sources = Files::new(kept.chain([scenario]));
        let at = sources.iter().find(|(_, source)| std::ptr::eq(*source, scenario)).map_or(0, |(at, _)| at);
        Self { sources, spot: Spot { file: at, start: 0, end: 0 } }
    }

    fn read(&self, sink: &mut Sink) -> Option<Read> {
        super::read(&self.sources, sink).map(|files| Read { files })
    }

    /// The book without what the scenario supposes; `None` when something is wrong with the book itself.
    fn unsupposed(&self) -> Option<Book> {
        let mut read = self.read(&mut Sink::default())?;
        read.files.iter_mut().for_each(|(_, file)| file.registry.facts.retain(|fact| !fact.assumed));
        super::compile(&self.sources, &read.files, &mut Sink::default())
    }

    /// The book as a draft sees it.
    fn book(&self, draft: &Draft, sink: &mut Sink) -> Option<Book> {
        let mut read = self.read(sink)?;
        for instrument in read.files.iter_mut().filter_map(|(_, file)| file.instrument.as_mut()) {
            leave_out(instrument, draft);
        }
        super::compile(&self.sources, &read.files, sink)
    }
}

fn leave_out(instrument: &mut Instrument, draft: &Draft) {
    let gone = |word: &Word| draft.without.contains(&word.value);
    instrument.clauses.retain(|clause| !gone(&clause.id));
    instrument.clauses.iter_mut().for_each(|clause| clause.overrides.retain(|word| !gone(word)));
    instrument.supersedes.retain(|word| !gone(word) && !draft.keep.contains(&word.value));
}

/// What the scenario supposes, in words.
fn supposed(read: &Read) -> Vec<String> {
    let facts = read.files.iter().flat_map(|(_, file)| &file.registry.facts).filter(|fact| fact.assumed);
    let words = |fact: &FactRow| match &fact.what {
        Happening::Event(term) => format!("`{}` on {}.", written(term), fact.on.value),
        Happening::Answer(question, answer) => {
            format!("`{}` is answered {}.", question.value, if answer.value { "yes" } else { "no" })
        }
        Happening::Reading(term, amount) => {
            format!("`{}` comes to {} on {}.", written(term), amount.value, fact.on.value)
        }
    };
    facts.map(words).collect()
}

/// A term as it stands in a file.
fn written(term: &Term) -> String {
    let Some(args) = &term.args else { return term.name.value.clone() };
    let arg = |arg: &Arg| match arg {
        Arg::Term(term) => written(term),
        Arg::Text(word) => word.value.clone(),
    };
    format!("{}({})", term.name.value, args.iter().map(arg).collect::<Vec<_>>().join(", "))
}

/// The book of every draft; `None` when one cannot be made, `Err` when the fault lies in the book compared with.
fn books(
    own: &Shelf<'_>,
    scenario: &Scenario,
    row: &ScenarioRow,
    against: Option<&[Source]>,
    source: &Source,
    sink: &mut Sink,
) -> Option<Result<Vec<Book>, Vec<Diagnostic>>> {
    let other = against.map(|files| Shelf::new(files, source));
    let mut strangers = Sink::default();
    let mut books = Vec::new();
    for draft in &scenario.drafts {
        let book = match other.as_ref().filter(|_| draft.against) {
            Some(shelf) => {
                let book = shelf.book(draft, &mut strangers);
                // Names that the own book has may be unknown in the other one.
                let mut check = Check { words: book.as_ref(), against: true, sink: &mut strangers };
                book.as_ref().and_then(|_| check.scenario(row));
                book
            }
            None => own.book(draft, sink),
        };
        books.extend(book);
    }
    if let Some(shelf) = other.filter(|_| strangers.failed()) {
        return Some(Err(strangers.finish(&shelf.sources)));
    }
    (books.len() == scenario.drafts.len()).then_some(Ok(books))
}

/// Turns rows into a scenario. Without a book, names are only parsed.
struct Check<'a> {
    words: Option<&'a Book>,
    against: bool,
    sink: &'a mut Sink,
}

/// The head of a scenario, which the rest is checked against.
struct Head {
    from: Date,
    until: Date,
    /// `None` where it is not one.
    currency: Option<Currency>,
}

impl Check<'_> {
    fn scenario(&mut self, row: &ScenarioRow) -> Option<Scenario> {
        let head = self.head(row);
        let every = self.length(row.every.as_ref(), Every::Year);
        let discount = row.discount.as_ref().map_or(Some(Exact::zero()), |word| self.part(word));
        let draws = self.draws(row);
        let drafts = self.drafts(row);
        if row.revenue.is_empty() {
            self.sink
                .error("missing-key", row.spot, "a scenario needs at least one [[revenue]]")
                .help("say what is sold through which channel, and how much a year");
        }
        let streams =
            self.named(&row.revenue, "revenue", |row| &row.id, |check, row| check.stream(row, &head));
        let holdings = row.holdings.iter().filter_map(|row| self.holding(row)).collect();
        let assumptions = row.assumptions.iter().filter_map(|row| self.assumption(row)).collect();
        let searches = self.named(
            &row.searches,
            "search",
            |row| &row.id,
            |check, row| check.search(row, &head, &streams, &drafts),
        );
        let text = |word: &Option<Word>| word.as_ref().map_or(String::new(), |word| word.value.clone());
        Some(Scenario {
            name: row.name.as_ref()?.value.clone(),
            title: if row.title.is_some() { text(&row.title) } else { text(&row.name) },
            note: text(&row.note),
            from: head.from,
            until: head.until,
            every: every?,
            known: row.known.as_ref().map(|day| day.value),
            currency: head.currency?,
            discount: discount?,
            seed: u64::from(row.seed.as_ref().map_or(SEED, |seed| seed.value)),
            draws: draws?,
            drafts,
            streams,
            supposed: Vec::new(),
            holdings,
            assumptions,
            searches,
        })
    }

    /// Where something is wrong with a day it stands in for the time being, so that the rest can be checked.
    fn head(&mut self, row: &ScenarioRow) -> Head {
        let currency = row.currency.as_ref().and_then(|word| self.currency(word));
        if let (Some(from), Some(until)) = (&row.from, &row.until) {
            if until.value <= from.value {
                self.sink
                    .error("dates", until.spot, "the scenario ends before it starts")
                    .also(from.spot, "it starts here");
            }
            if until.value.year() - from.value.year() > YEARS_MAX {
                let message = format!("a scenario looks at most {YEARS_MAX} years ahead");
                self.sink.error("limit", until.spot, message);
            }
        }
        let day = |at: &Option<At<Date>>, absent| at.as_ref().map_or(absent, |at| at.value);
        Head { from: day(&row.from, Date::MIN), until: day(&row.until, Date::MAX), currency }
    }

    fn currency(&mut self, word: &Word) -> Option<Currency> {
        let found = Currency::parse(&word.value);
        found.map_err(|wrong| self.sink.error("bad-money", word.spot, wrong.to_string()).hint(None)).ok()
    }

    fn draws(&mut self, row: &ScenarioRow) -> Option<u32> {
        let Some(draws) = &row.draws else { return Some(DRAWS) };
        if (1..=DRAWS_MAX).contains(&draws.value) {
            return Some(draws.value);
        }
        self.sink.error("limit", draws.spot, format!("draw at least once and at most {DRAWS_MAX} times"));
        None
    }

    /// Rows that have ids, each id once.
    fn named<R, T>(
        &mut self,
        rows: &[R],
        kind: &str,
        id: impl Fn(&R) -> &Word,
        each: impl Fn(&mut Self, &R) -> Option<T>,
    ) -> Vec<T> {
        let mut seen: BTreeMap<&str, Spot> = BTreeMap::new();
        let mut found = Vec::new();
        for row in rows {
            let word = id(row);
            if let Some(first) = seen.insert(&word.value, word.spot) {
                self.sink
                    .error("duplicate-id", word.spot, format!("{kind} `{}` is given twice", word.value))
                    .also(first, "first given here");
            }
            found.extend(each(self, row));
        }
        found
    }

    fn drafts(&mut self, row: &ScenarioRow) -> Vec<Draft> {
        let plain = |name: &str, title: &str, against| Draft {
            name: name.to_owned(),
            title: title.to_owned(),
            against,
            known: None,
            without: Vec::new(),
            keep: Vec::new(),
        };
        let found = self.named(&row.drafts, "draft", |row| &row.id, Self::draft);
        match (found.is_empty(), self.against) {
            (true, false) => return vec![plain("terms", "The terms of the book", false)],
            (true, true) => {
                return vec![
                    plain("own", "The book", false),
                    plain("against", "The book it is compared with", true),
                ];
            }
            (false, true) if !found.iter().any(|draft| draft.against) => {
                let spot = row.drafts.first().map_or(row.spot, |draft| draft.id.spot);
                self.sink
                    .error("drafts", spot, "no draft is of the book that `--against` names")
                    .help("add book = \"against\" to one [[draft]], or leave `--against` out");
            }
            (false, _) => {}
        }
        found
    }

    fn draft(&mut self, row: &DraftRow) -> Option<Draft> {
        let against = match row.book.as_ref() {
            None => false,
            Some(word) if word.value == "own" => false,
            Some(word) if word.value == "against" && self.against => true,
            Some(word) if word.value == "against" => {
                self.sink
                    .error("drafts", word.spot, "this draft is of another book, and none is given")
                    .help("name it on the command line: --against OTHER-BOOK");
                true
            }
            Some(word) => {
                self.unknown_word(word, "book", &["own", "against"]);
                false
            }
        };
        for word in row.without.iter().chain(&row.keep).filter(|_| !against) {
            self.clause(word);
        }
        let words = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        Some(Draft {
            name: row.id.value.clone(),
            title: row.title.as_ref().unwrap_or(&row.id).value.clone(),
            against,
            known: row.known.as_ref().map(|day| day.value),
            without: words(&row.without),
            keep: words(&row.keep),
        })
    }

    fn clause(&mut self, word: &Word) {
        let Some(book) = self.words else { return };
        let names: Vec<&str> = book.clauses.iter().map(|(_, clause)| clause.name.as_str()).collect();
        if !names.contains(&word.value.as_str()) {
            self.unknown(word, "clause", names.into_iter());
        }
    }

    fn stream(&mut self, row: &RevenueRow, head: &Head) -> Option<Stream> {
        let book = self.words;
        let words = book.map(|book| &book.words);
        let party = match &row.party {
            Some(word) => self.find(words.map(|w| &w.parties), word, "party"),
            None => book.map(|book| book.owner().clone()),
        };
        let product: Option<Product> =
            row.product.as_ref().and_then(|word| self.find(words.map(|w| &w.products), word, "product"));
        let channel: Option<Channel> =
            row.channel.as_ref().and_then(|word| self.find(words.map(|w| &w.channels), word, "channel"));
        let segment: Option<Option<Segment>> =
            turned(row.segment.as_ref().map(|word| self.find(words.map(|w| &w.segments), word, "segment")));
        let customer: Option<Option<Customer>> = turned(row.customer.as_ref().map(|word| self.parse(word)));
        let territory: Option<Option<Territory>> =
            turned(row.country.as_ref().map(|word| self.country(word)));
        let level = self.level(row, head);
        let from = row.since.as_ref().map_or(head.from, |day| day.value);
        let until = row.until.as_ref().map_or(head.until, |day| day.value);
        if let Some(late) = row.until.as_ref().or(row.since.as_ref()).filter(|_| until <= from) {
            self.sink.error("dates", late.spot, format!("revenue `{}` ends before it starts", row.id.value));
        }
        let party: Party = party?;
        Some(Stream {
            name: row.id.value.clone(),
            title: row.title.as_ref().map_or(String::new(), |title| title.value.clone()),
            party,
            product: product?,
            channel: channel?,
            customer: customer?,
            segment: segment?,
            territory: territory?,
            from,
            until,
            level: level?,
        })
    }

    fn country(&mut self, word: &Word) -> Option<Territory> {
        if super::is_country(&word.value) {
            return self.parse(word);
        }
        self.sink
            .error("unknown-name", word.spot, format!("`{}` is no country", word.value))
            .help("countries are two capital letters of ISO 3166, such as US");
        None
    }

    fn level(&mut self, row: &RevenueRow, head: &Head) -> Option<Level> {
        let per = self.length(row.per.as_ref(), Every::Year);
        let step = self.length(row.step.as_ref(), Every::Year);
        if row.amount.is_none() {
            let on_curve = [&row.per, &row.step].into_iter().flatten().next();
            if let Some(word) = on_curve {
                self.sink.error(
                    "wrong-key",
                    word.spot,
                    "points on a curve are amounts a year, and do not grow in steps",
                );
            }
            return self.points(row, head);
        }
        let amount = row.amount.as_ref().map(|number| self.amount(number, &row.id, head));
        let growth = match &row.growth {
            Some(number) => self.growth(number, &row.id),
            None => Some(Quantity::Fixed(Exact::zero())),
        };
        let growing = Growing { amount: amount??, per: per?, growth: growth?, step: step? };
        Some(Level::Growing(Box::new(growing)))
    }

    fn points(&mut self, row: &RevenueRow, head: &Head) -> Option<Level> {
        let mut points: Vec<(Date, Exact)> = Vec::new();
        for (on, amount) in &row.points {
            let amount = amount.as_ref().and_then(|word| self.money(word, head.currency));
            let (Some(on), Some(amount)) = (on, amount) else { continue };
            if on.value.day() != 1 {
                self.sink
                    .error("dates", on.spot, "a point stands on the first day of a month")
                    .help("revenue is worked out month by month");
            }
            if points.last().is_some_and(|(before, _)| *before >= on.value) {
                self.sink.error("dates", on.spot, "this point is not after the one before it");
            }
            points.push((on.value, amount));
        }
        (!points.is_empty()).then_some(Level::Points(points))
    }

    fn holding(&mut self, row: &HoldingRow) -> Option<Holding> {
        let words = self.words.map(|book| &book.words);
        let owner = row.owner.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let of = row.of.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let part = row.part.as_ref().and_then(|word| self.part(word));
        let holding = Holding { owner: owner?, of: of?, part: part? };
        if let Some(word) = row.part.as_ref().filter(|_| holding.part >= Exact::whole(1)) {
            self.sink
                .error("bad-rate", word.spot, "a holding is less than the whole")
                .help("a party that owns all of another is the same party here");
        }
        if let Some(word) = row.of.as_ref().filter(|_| holding.owner == holding.of) {
            self.sink.error("holding", word.spot, "nobody owns a part of itself here");
        }
        Some(holding)
    }

    fn assumption(&mut self, row: &AssumeRow) -> Option<Assumption> {
        let class = row.class.as_ref().and_then(|word| {
            let class = SourceClass::parse(&word.value);
            if class.is_none() {
                self.unknown_word(word, "class of sources", &SourceClass::ALL.map(|c| c.as_str()));
            }
            class
        });
        let source = row.source.as_ref().map_or(String::new(), |word| word.value.clone());
        Some(Assumption { text: row.text.as_ref()?.value.clone(), source, class })
    }

    fn search(
        &mut self,
        row: &SearchRow,
        head: &Head,
        streams: &[Stream],
        drafts: &[Draft],
    ) -> Option<Search> {
        let vary = row.vary.as_ref().and_then(|word| {
            let found = streams.iter().find(|stream| stream.name == word.value);
            if found.is_none() {
                self.unknown(word, "revenue", streams.iter().map(|stream| stream.name.as_str()));
            }
            if found.is_some_and(|stream| matches!(stream.level, Level::Points(_))) {
                self.sink
                    .error(
                        "break-even",
                        word.spot,
                        format!("revenue `{}` is a curve and has no amount to vary", word.value),
                    )
                    .help("give it an `amount`, and a `growth` if it grows");
            }
            found.map(|stream| stream.name.clone())
        });
        let range = [&row.low, &row.high].map(|word| {
            let amount = word.as_ref().map(|word| self.money(word, head.currency));
            amount.flatten().and_then(|amount| amount.to_amount(head.currency?))
        });
        let [low, high] = range;
        if let (Some(word), Some(low), Some(high)) = (&row.high, low, high)
            && high.pico <= low.pico
        {
            self.sink.error("break-even", word.spot, "`high` is not above `low`");
        }
        let words = self.words.map(|book| &book.words);
        let party = row.party.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let mut draft = |word: &Option<Word>| {
            let word = word.as_ref()?;
            let found = drafts.iter().find(|draft| draft.name == word.value);
            if found.is_none() {
                self.unknown(word, "draft", drafts.iter().map(|draft| draft.name.as_str()));
            }
            found.map(|draft| draft.name.clone())
        };
        let (better, than) = (draft(&row.better), draft(&row.than));
        let measure = self.measure(row.measure.as_ref());
        let (low, high): (Amount, Amount) = (low?, high?);
        Some(Search {
            name: row.id.value.clone(),
            title: row.title.as_ref().map_or(String::new(), |title| title.value.clone()),
            vary: vary?,
            low,
            high,
            party: party?,
            better: better?,
            than: than?,
            measure: measure?,
        })
    }

    fn measure(&mut self, word: Option<&Word>) -> Option<Measure> {
        let Some(word) = word else { return Some(Measure::PresentValue) };
        let found = Measure::parse(&word.value);
        if found.is_none() {
            self.unknown_word(word, "measure", &Measure::ALL.map(Measure::as_str));
        }
        found
    }

    fn length(&mut self, word: Option<&Word>, absent: Every) -> Option<Every> {
        let Some(word) = word else { return Some(absent) };
        let found = Every::parse(&word.value);
        if found.is_none() {
            self.unknown_word(word, "period", &Every::ALL.map(Every::as_str));
        }
        found
    }

    fn find<N: Number, K: Ord + Clone + Borrow<str> + FromStr<Err = NameError>>(
        &mut self,
        names: Option<&Names<N, K>>,
        word: &Word,
        kind: &str,
    ) -> Option<K> {
        let Some(names) = names else { return self.parse(word) };
        if names.find(&word.value).is_none() {
            self.unknown(word, kind, names.words());
            return None;
        }
        self.parse(word)
    }

    fn parse<T: FromStr<Err = NameError>>(&mut self, word: &Word) -> Option<T> {
        let parsed = word.value.parse();
        parsed
            .map_err(|wrong: NameError| self.sink.error("bad-name", word.spot, wrong.to_string()).hint(None))
            .ok()
    }

    fn unknown<'w>(&mut self, word: &Word, kind: &str, known: impl Iterator<Item = &'w str>) {
        let message = match kind {
            "revenue" | "draft" => format!("there is no {kind} `{}` in this scenario", word.value),
            _ => format!("there is no {kind} `{}` in the book", word.value),
        };
        let known: BTreeSet<_> = known.collect();
        let all = match known.len() {
            0 => None,
            1..=super::NAMES_LISTED_MAX => {
                let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("there is {}", listed.join(", ")))
            }
            _ => None,
        };
        self.sink.error("unknown-name", word.spot, message).hint(all).hint(did_you_mean(&word.value, known));
    }

    fn unknown_word(&mut self, word: &Word, kind: &str, known: &[&str]) {
        let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        self.sink
            .error("unknown-word", word.spot, format!("`{}` is no {kind}", word.value))
            .help(format!("one of {}", listed.join(", ")))
            .hint(did_you_mean(&word.value, known.iter().copied()));
    }
}

/// What was asked for and found, or not asked for; `None` when it was asked for and is not there.
fn turned<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}

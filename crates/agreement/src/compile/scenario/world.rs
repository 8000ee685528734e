//! The books of a scenario's drafts, in each world: each way in which what may happen does.

use super::Check;
use crate::Source;
use crate::book::Book;
use crate::diagnostic::{At, Diagnostic, Files, Sink, Spot, Word};
use crate::syntax::condition::{Arg, Term};
use crate::syntax::registry::{FactRow, Happening};
use crate::syntax::scenario::ScenarioRow;
use crate::syntax::{self, Instrument};
use abide_model::Date;
use abide_model::name::Question;
use abide_model::scenario::{Draft, Scenario};

/// A scenario, with the books under which it is to be worked out.
#[derive(Debug)]
pub struct Staged<'a> {
    /// The forecast and its question.
    pub scenario: Scenario,
    /// One for each of the scenario's drafts, in their order, in the world in which all comes true that may.
    pub books: Vec<Book>,
    shelves: Vec<Shelf<'a>>,
}

impl Staged<'_> {
    /// The books of the world in which what may come true does on these days, or not where there is none, with a
    /// question answered besides. `None` where facts contradict one another then.
    pub fn books_in(
        &mut self,
        world: &[Option<Date>],
        answered: Option<(&Question, bool)>,
    ) -> Option<Vec<Book>> {
        self.shelves.iter_mut().map(|shelf| shelf.book_in(world, answered)).collect()
    }
}

pub(super) fn stage<'a>(
    files: &'a [Source],
    against: Option<&'a [Source]>,
    source: &'a Source,
) -> Result<Staged<'a>, Vec<Diagnostic>> {
    let mut sink = Sink::default();
    let mut own = Shelf::read(files, source, &mut sink);
    let base = own.book(&mut sink);
    let Some(row) = own.row() else {
        let Shelf { sources, spot, .. } = own;
        if !sink.failed() {
            sink.error("no-scenario", spot, "this file has no key `scenario`")
                .help("begin it with a line such as: scenario = \"old-or-new\"");
        }
        return Err(sink.finish(&sources));
    };
    // What the scenario supposes may be what is wrong: names are looked up in the book without it.
    let names = base.or_else(|| Shelf::read(files, source, &mut Sink::default()).unsupposed());
    let found = Check { words: names.as_ref(), against: against.is_some(), sink: &mut sink }
        .scenario(row, &own.facts);
    let Some(scenario) = found else { return Err(sink.finish(&own.sources)) };
    let mut strangers = Sink::default();
    let mut shelves = Vec::new();
    let mut books = Vec::new();
    for draft in &scenario.drafts {
        let other = against.filter(|_| draft.against);
        let to = if other.is_some() { &mut strangers } else { &mut sink };
        let mut shelf = Shelf::read(other.unwrap_or(files), source, to);
        shelf.leave_out(draft);
        let book = shelf.book(to);
        if other.is_some()
            && let Some(row) = shelf.row().filter(|_| book.is_some())
        {
            // Names that the own book has may be unknown in the other one.
            Check { words: book.as_ref(), against: true, sink: to }.scenario(row, &shelf.facts);
        }
        if !scenario.chances.is_empty() && book.is_some() {
            shelf.suppose(&vec![None; scenario.chances.len()], None);
            shelf.book(to);
        }
        books.extend(book);
        shelves.push(shelf);
    }
    let other = shelves.iter().zip(&scenario.drafts).find(|(_, draft)| draft.against);
    match other.filter(|_| strangers.failed()) {
        Some((shelf, _)) => Err([sink.finish(&own.sources), strangers.finish(&shelf.sources)].concat()),
        None if sink.failed() => Err(sink.finish(&own.sources)),
        None => Ok(Staged { scenario, books, shelves }),
    }
}

/// The files of one book, with the scenario among them.
#[derive(Debug)]
struct Shelf<'a> {
    sources: Files<'a>,
    /// `None` where some file cannot be read.
    files: Option<Vec<(usize, syntax::File)>>,
    /// The facts of the scenario, as it gives them.
    facts: Vec<FactRow>,
    spot: Spot,
}

impl<'a> Shelf<'a> {
    fn read(files: &'a [Source], scenario: &'a Source, sink: &mut Sink) -> Self {
        let kept = files.iter().filter(|file| !super::super::is_scenario(file) && file.path != scenario.path);
        let sources = Files::new(kept.chain([scenario]));
        let at = sources.iter().find(|(_, source)| std::ptr::eq(*source, scenario)).map_or(0, |(at, _)| at);
        let files = super::super::read(&sources, sink);
        let read = files.iter().flatten().flat_map(|(_, file)| &file.registry.facts);
        let facts = read.filter(|fact| fact.assumed).cloned().collect();
        Self { sources, files, facts, spot: Spot { file: at, start: 0, end: 0 } }
    }

    fn row(&self) -> Option<&ScenarioRow> {
        self.files.iter().flatten().find_map(|(_, file)| file.scenario.as_ref())
    }

    fn book(&mut self, sink: &mut Sink) -> Option<Book> {
        super::super::compile(&self.sources, self.files.as_ref()?, sink)
    }

    /// The book without what the scenario supposes; `None` when something is wrong with the book itself.
    fn unsupposed(mut self) -> Option<Book> {
        self.facts.clear();
        self.suppose(&[], None);
        self.book(&mut Sink::default())
    }

    /// The book as a draft sees it.
    fn leave_out(&mut self, draft: &Draft) {
        for instrument in self.files.iter_mut().flatten().filter_map(|(_, file)| file.instrument.as_mut()) {
            leave_out(instrument, draft);
        }
    }

    fn book_in(&mut self, world: &[Option<Date>], answered: Option<(&Question, bool)>) -> Option<Book> {
        self.suppose(world, answered);
        let mut sink = Sink::default();
        self.book(&mut sink).filter(|_| !sink.failed())
    }

    /// Puts what comes true in a world in place of what the scenario supposes.
    fn suppose(&mut self, world: &[Option<Date>], answered: Option<(&Question, bool)>) {
        let mut days = world.iter();
        let facts = self.facts.iter().filter_map(|fact| match fact.odds {
            Some(_) => come_true(fact, *days.next()?),
            None => Some(fact.clone()),
        });
        let besides = answered.map(|(question, answer)| FactRow {
            what: Happening::Answer(
                Word { value: question.to_string(), spot: self.spot },
                At { value: answer, spot: self.spot },
            ),
            on: At { value: Date::MIN, spot: self.spot },
            recorded: None,
            source: None,
            assumed: true,
            odds: None,
        });
        let facts: Vec<FactRow> = facts.chain(besides).collect();
        let scenario = self.files.iter_mut().flatten().find(|(_, file)| file.scenario.is_some());
        if let Some((_, file)) = scenario {
            file.registry.facts = facts;
        }
    }
}

/// What a fact with a chance comes to in a world: the event of a day, or either answer.
fn come_true(fact: &FactRow, day: Option<Date>) -> Option<FactRow> {
    let on = At { value: day.unwrap_or(fact.on.value), spot: fact.on.spot };
    match (&fact.what, day) {
        (Happening::Answer(question, answer), None) => {
            let answer = At { value: !answer.value, spot: answer.spot };
            Some(FactRow { what: Happening::Answer(question.clone(), answer), ..fact.clone() })
        }
        (Happening::Answer(..), Some(_)) => Some(fact.clone()),
        (Happening::Event(_) | Happening::Reading(..), Some(_)) => Some(FactRow { on, ..fact.clone() }),
        (Happening::Event(_) | Happening::Reading(..), None) => None,
    }
}

fn leave_out(instrument: &mut Instrument, draft: &Draft) {
    let gone = |word: &Word| draft.without.contains(&word.value);
    instrument.clauses.retain(|clause| !gone(&clause.id));
    instrument.clauses.iter_mut().for_each(|clause| clause.overrides.retain(|word| !gone(word)));
    instrument.supersedes.retain(|word| !gone(word) && !draft.keep.contains(&word.value));
}

/// What a scenario supposes for sure, in words.
pub(super) fn supposed(facts: &[FactRow]) -> Vec<String> {
    let sure = facts.iter().filter(|fact| fact.odds.is_none());
    let dated = |fact: &FactRow| match &fact.what {
        Happening::Event(_) | Happening::Reading(..) => format!("{} on {}.", words(fact), fact.on.value),
        Happening::Answer(..) => format!("{}.", words(fact)),
    };
    sure.map(dated).collect()
}

/// A fact in words, without its day.
pub(super) fn words(fact: &FactRow) -> String {
    let subject = subject(fact);
    match &fact.what {
        Happening::Event(_) => format!("`{subject}`"),
        Happening::Answer(_, answer) => {
            format!("`{subject}` is answered {}", if answer.value { "yes" } else { "no" })
        }
        Happening::Reading(_, amount) => format!("`{subject}` comes to {}", amount.value),
    }
}

/// What a fact is about, as it stands in the file.
pub(super) fn subject(fact: &FactRow) -> String {
    match &fact.what {
        Happening::Event(term) | Happening::Reading(term, _) => written(term),
        Happening::Answer(question, _) => question.value.clone(),
    }
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

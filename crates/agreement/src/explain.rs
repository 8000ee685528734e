//! Clauses in plain sentences: who promised what to whom, from when until when, except what, on what condition, for how
//! much money, what it goes before and what goes before it, and where that was read.
//!
//! Speaks from the words of the files, and of precedence as the loaded book has settled it. Knows no asks and no layout.

mod condition;
mod glossary;
mod money;
mod promise;
mod words;

pub use glossary::{Meaning, Who};

use crate::Source;
use crate::book::{Book, Term};
use crate::diagnostic::{Files, Sink, Word};
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::money::{Amounts, MoneyRow};
use crate::syntax::registry::{Happening, QuestionRow, Registry};
use crate::syntax::{self, File, Instrument};
use crate::table::ClauseNo;
use abide_model::decision::SourceClass;
use abide_model::terms::Firm;
use abide_model::{Date, Time, name};
use std::collections::BTreeMap;

/// A clause, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Its name.
    pub clause: name::Clause,
    /// `grant`, `exclusive`, …
    pub kind: &'static str,
    /// The instrument it stands in.
    pub instrument: String,
    /// Which amendment of it; 0 for the first text.
    pub amendment: u32,
    /// What people call that text.
    pub title: Option<String>,
    /// The day that text was signed.
    pub signed: Option<Date>,
    /// The file, below the book's folder.
    pub file: String,
    /// The line of its header, from 1.
    pub line: u32,
    /// Who gives, promises or owes, by id.
    pub from: String,
    /// To whom, by id; a split names that in its steps.
    pub to: Option<String>,
    /// The sentences, in the order in which they are best read.
    pub sentences: Vec<Sentence>,
    /// Where its words were read.
    pub source: Option<Origin>,
    /// The words themselves.
    pub quote: Option<String>,
    /// What whoever wrote the book added.
    pub note: Option<String>,
}

/// One sentence about a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// What it is about.
    pub topic: Topic,
    /// The sentence, with names of the book between backticks.
    pub text: String,
}

/// What a sentence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// What is given, promised or owed.
    Promise,
    /// What is carved out.
    Except,
    /// How much, and when.
    Money,
    /// From when until when.
    Term,
    /// On what condition.
    Condition,
    /// What it goes before, and what goes before it.
    Precedence,
    /// Since when it is known.
    Known,
}

impl Topic {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Promise => "promise",
            Topic::Except => "except",
            Topic::Money => "money",
            Topic::Term => "term",
            Topic::Condition => "condition",
            Topic::Precedence => "precedence",
            Topic::Known => "known",
        }
    }
}

/// Where words were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The ID of its `[source.ID]`.
    pub id: String,
    /// How strong it is.
    pub class: Option<SourceClass>,
    /// What it is called.
    pub title: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
}

/// An open point, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPoint {
    /// Its name.
    pub question: String,
    /// The question itself.
    pub ask: String,
    /// Who reads it how, by what people call them.
    pub positions: Vec<(String, bool)>,
    /// What would settle it.
    pub settled_by: Option<String>,
    /// Answers that the book records: the day, the answer, and the day it became known.
    pub answers: Vec<(Date, bool, Date)>,
}

/// A book, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its clauses, in the order of files and places.
    pub clauses: Vec<Explanation>,
    /// Its questions, in the order of files and places.
    pub questions: Vec<OpenPoint>,
    /// What people call its parties, by id.
    pub parties: BTreeMap<String, String>,
    /// What invoices say of them, by id, of those of which they say anything.
    pub firms: BTreeMap<String, Firm>,
    /// Who the parties are, in the order of files and places.
    pub who: Vec<Who>,
    /// What the words mean that clauses use, kind by kind.
    pub meanings: Vec<Meaning>,
}

/// Tells a whole book. `files` are those that it was loaded from.
#[must_use]
pub fn explain(files: &[Source], book: &Book) -> Told {
    let sources = Files::new(files);
    let read: Vec<_> = sources
        .iter()
        .filter_map(|(at, source)| Some((at, syntax::read(at, source, &mut Sink::default())?)))
        .collect();
    let teller = Teller::new(&read, book);
    let mut clauses = Vec::new();
    for home in read.iter().filter_map(|(_, file)| file.instrument.as_ref()) {
        let mut rows: Vec<_> = home.clauses.iter().collect();
        rows.sort_by_key(|row| row.spot);
        clauses.extend(rows.into_iter().filter_map(|row| {
            let spot = row.spot;
            teller.tell(row, home, sources.path(spot), sources.line(spot))
        }));
    }
    let registries: Vec<_> = read.iter().map(|(_, file)| &file.registry).collect();
    let questions = registries.iter().flat_map(|registry| &registry.questions);
    let questions = questions.map(|row| teller.question(row, &registries)).collect();
    let parties = registries.iter().flat_map(|registry| &registry.parties);
    let firms = parties.filter_map(|row| Some((row.id.value.clone(), row.firm()?))).collect();
    let owned = |(id, name): (&&str, &&str)| ((*id).to_owned(), (*name).to_owned());
    Told {
        clauses,
        questions,
        parties: teller.parties.iter().map(owned).collect(),
        firms,
        who: glossary::parties(&read, &teller.parties),
        meanings: glossary::meanings(&registries, &teller.parties),
    }
}

/// What sentences are made from.
struct Teller<'b> {
    book: &'b Book,
    /// What people call a party, by its id.
    parties: BTreeMap<&'b str, &'b str>,
    /// What questions and events ask.
    asks: BTreeMap<&'b str, &'b str>,
    origins: BTreeMap<&'b str, Origin>,
    clauses: BTreeMap<&'b str, ClauseNo>,
    /// Which amendments take a clause back, by its id.
    superseded: BTreeMap<&'b str, Vec<&'b Instrument>>,
}

impl<'b> Teller<'b> {
    fn new(files: &'b [(usize, File)], book: &'b Book) -> Self {
        let registries = || files.iter().map(|(_, file)| &file.registry);
        let homes = || files.iter().filter_map(|(_, file)| file.instrument.as_ref());
        let mut superseded: BTreeMap<&str, Vec<&Instrument>> = BTreeMap::new();
        for home in homes() {
            for word in &home.supersedes {
                superseded.entry(&word.value).or_default().push(home);
            }
        }
        let questions = |registry: &'b Registry| {
            let questions = registry.questions.iter().map(|row| (&row.id, row.ask.as_ref()));
            questions.chain(registry.events.iter().map(|row| (&row.id, row.ask.as_ref())))
        };
        Self {
            book,
            parties: registries()
                .flat_map(|registry| &registry.parties)
                .map(|row| (row.id.value.as_str(), row.name.as_ref().unwrap_or(&row.id).value.as_str()))
                .collect(),
            asks: registries()
                .flat_map(questions)
                .filter_map(|(id, ask)| Some((id.value.as_str(), ask?.value.as_str())))
                .collect(),
            origins: registries()
                .flat_map(|registry| &registry.sources)
                .map(|row| {
                    let text = |word: &Option<Word>| word.as_ref().map(|word| word.value.clone());
                    let (title, url) = (text(&row.title), text(&row.url));
                    (row.id.value.as_str(), Origin { id: row.id.value.clone(), class: row.class, title, url })
                })
                .collect(),
            clauses: book.clauses.iter().map(|(number, clause)| (clause.name.as_str(), number)).collect(),
            superseded,
        }
    }

    fn tell(&self, row: &ClauseRow, home: &Instrument, file: &str, line: u32) -> Option<Explanation> {
        let number = *self.clauses.get(row.id.value.as_str())?;
        let cite = row.cite.as_ref();
        let source = cite.and_then(|cite| cite.source.as_ref());
        let mut sentences = vec![Sentence { topic: Topic::Promise, text: self.promise(row) }];
        let mut say = |topic, texts: Vec<String>| {
            sentences.extend(texts.into_iter().map(|text| Sentence { topic, text }));
        };
        say(Topic::Except, self.exceptions(row));
        say(Topic::Money, self.money(row));
        say(Topic::Term, self.term(row, home));
        say(Topic::Condition, self.conditions(row));
        say(Topic::Precedence, self.precedence(row, home, number));
        say(Topic::Known, known(row, home));
        Some(Explanation {
            clause: self.book.clauses[number].name.clone(),
            kind: kind_word(&row.kind),
            instrument: home.name.value.clone(),
            amendment: home.amendment,
            title: home.title.as_ref().map(|title| title.value.clone()),
            signed: home.signed.as_ref().map(|day| day.value),
            file: file.to_owned(),
            line,
            from: row.from.as_ref()?.value.clone(),
            to: row.to.as_ref().map(|to| to.value.clone()),
            sentences,
            source: source.and_then(|word| self.origins.get(word.value.as_str())).cloned(),
            quote: cite.and_then(|cite| cite.quote.as_ref()).map(|quote| quote.value.clone()),
            note: row.note.as_ref().map(|note| note.value.clone()),
        })
    }

    fn question(&self, row: &QuestionRow, registries: &[&Registry]) -> OpenPoint {
        let facts = registries.iter().flat_map(|registry| &registry.facts);
        let answers = facts.filter_map(|fact| match &fact.what {
            Happening::Answer(question, answer) if question.value == row.id.value => {
                let recorded = fact.recorded.as_ref().map_or(fact.on.value, |day| day.value);
                Some((fact.on.value, answer.value, recorded))
            }
            Happening::Answer(..) | Happening::Event(_) | Happening::Reading(..) => None,
        });
        OpenPoint {
            question: row.id.value.clone(),
            ask: row.ask.as_ref().map_or(String::new(), |ask| ask.value.clone()),
            positions: row.positions.iter().map(|(who, held)| (self.party(Some(who)), *held)).collect(),
            settled_by: row.settled_by.as_ref().map(|text| text.value.clone()),
            answers: answers.collect(),
        }
    }

    /// What people call the party that `word` names.
    fn party(&self, word: Option<&Word>) -> String {
        let id = word.map_or("somebody", |word| word.value.as_str());
        (*self.parties.get(id).unwrap_or(&id)).to_owned()
    }

    fn term(&self, row: &ClauseRow, home: &Instrument) -> Vec<String> {
        let since = row.since.as_ref().or(home.effective.as_ref()).or(home.signed.as_ref());
        let since = since.map_or(String::new(), |day| format!(" from {}", day.value));
        let until = row.until.as_ref().map(|day| day.value).or_else(|| last_stage_ends(row));
        let ends = self.superseded.get(row.id.value.as_str()).into_iter().flatten();
        let ended = ends.filter_map(|home| Some((begins(home)?, *home))).min_by_key(|(day, _)| *day);
        let text = match (until, ended) {
            (until, Some((day, home))) if until.is_none_or(|until| day < until) => format!(
                "It holds{since} until {day}, when {} took it back; it would have held {}.",
                amendment(home),
                until.map_or("without end".to_owned(), |until| format!("until {until}")),
            ),
            (Some(until), _) => format!("It holds{since} until {until}, that day not included."),
            (None, _) => format!("It holds{since}, without end."),
        };
        vec![text]
    }

    fn precedence(&self, row: &ClauseRow, home: &Instrument, number: ClauseNo) -> Vec<String> {
        let names = |numbers: Vec<ClauseNo>| {
            words::all(numbers.iter().map(|number| format!("`{}`", self.book.clauses[*number].name)))
        };
        let own = &self.book.clauses[number];
        let meets = |other: &ClauseNo| overlap(&own.term, &self.book.clauses[*other].term);
        let beaters: Vec<_> = own.beaten_by.iter().copied().filter(meets).collect();
        let beaten = self.book.clauses.iter().filter(|(_, clause)| clause.beaten_by.contains(&number));
        let beaten: Vec<_> = beaten.map(|(other, _)| other).filter(meets).collect();
        let mut texts = Vec::new();
        if !beaten.is_empty() {
            texts.push(format!("Where both apply, it goes before {}.", names(beaten)));
        }
        if !beaters.is_empty() {
            let verb = if beaters.len() == 1 { "goes" } else { "go" };
            texts.push(format!("Where both apply, {} {verb} before it.", names(beaters)));
        }
        let replaced: Vec<_> = home.supersedes.iter().filter(|word| self.alike(&word.value, row)).collect();
        if !replaced.is_empty() {
            let names = words::all(replaced.iter().map(|word| format!("`{}`", word.value)));
            texts.push(format!(
                "The text it stands in takes back {names}, of the same kind and between the same two."
            ));
        }
        texts
    }

    /// Whether the clause called `id` is of the same kind as `row`, from the same party to the same.
    fn alike(&self, id: &str, row: &ClauseRow) -> bool {
        let Some((own, other)) = self.clauses.get(row.id.value.as_str()).zip(self.clauses.get(id)) else {
            return false;
        };
        let (own, other) = (&self.book.clauses[*own], &self.book.clauses[*other]);
        let alike = match (own.kind.money(), other.kind.money()) {
            (Some(own), Some(other)) => std::mem::discriminant(own) == std::mem::discriminant(other),
            (None, None) => std::mem::discriminant(&own.kind) == std::mem::discriminant(&other.kind),
            (Some(_), None) | (None, Some(_)) => false,
        };
        alike && (own.from, own.to) == (other.from, other.to)
    }
}

/// The first day after the last stage of a commitment; `None` where a stage does not end.
fn last_stage_ends(row: &ClauseRow) -> Option<Date> {
    let KindRow::Money(money) = &row.kind else { return None };
    let MoneyRow::Commit(commit) = money.as_ref() else { return None };
    let Amounts::Schedule(stages) = &commit.amounts else { return None };
    let ends: Option<Vec<Date>> = stages.iter().map(|stage| Some(stage.until.as_ref()?.value)).collect();
    ends?.into_iter().max()
}

/// Whether two clauses hold at some time both, whatever is known by then.
fn overlap(a: &Term, b: &Term) -> bool {
    let before = |a: &Term, b: &Term| b.end(Time::MAX).is_none_or(|end| a.since < end);
    before(a, b) && before(b, a)
}

fn begins(home: &Instrument) -> Option<Date> {
    home.effective.as_ref().or(home.signed.as_ref()).map(|day| day.value)
}

fn amendment(home: &Instrument) -> String {
    match home.amendment {
        0 => format!("the first text of `{}`", home.name.value),
        number => format!("amendment {number} of `{}`", home.name.value),
    }
}

fn known(row: &ClauseRow, home: &Instrument) -> Vec<String> {
    let signed = home.signed.as_ref().map(|day| day.value);
    let known = row.known.map(|day| day.value).or(home.known()).filter(|known| Some(*known) != signed);
    known.map(|known| format!("It has been known since {known} only.")).into_iter().collect()
}

fn kind_word(kind: &KindRow) -> &'static str {
    match kind {
        KindRow::Grant { .. } => "grant",
        KindRow::Exclusive { .. } => "exclusive",
        KindRow::First { .. } => "first",
        KindRow::Refusal { .. } => "refusal",
        KindRow::Money(money) => match money.as_ref() {
            MoneyRow::Share(_) => "share",
            MoneyRow::Guarantee(_) => "guarantee",
            MoneyRow::Commit(_) => "commit",
            MoneyRow::Split(_) => "split",
            MoneyRow::Parity(_) => "parity",
            MoneyRow::Stake(_) => "stake",
        },
    }
}

//! May we? One ask in, one answer out, with the clauses that decided.
//!
//! The owner of a product may do anything with it, except what it has promised away. Anyone else needs a grant from
//! the owner, or a chain of grants that may be passed on, and is bound by the promises of everybody in the chain.

use crate::book::{Book, Money};
use crate::compile::{NAMES_LISTED_MAX, is_country};
use crate::eval::View;
use crate::few::Few;
use crate::finding::{Answer, Finding, Way, duties};
use crate::hits::Hits;
use crate::index::Cell;
use crate::reasons::{Cited, reasons};
use crate::suggest::did_you_mean;
use crate::terms::is_below;
use abide_model::Time;
use abide_model::decision::{Ask, Decision, Reason, Verdict};
use abide_model::name;

/// A name in an ask that the book does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskError {
    /// Which part of the ask: `actor`, `product`, `channel`, `segment`, `country`.
    pub field: &'static str,
    /// What was given.
    pub name: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl std::fmt::Display for AskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the book has no {} `{}`", self.field, self.name)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for AskError {}

/// An answer that still lies in its book: what it says is looked up or worked out when it is asked for. A permit that
/// hangs on no open point costs no allocation.
#[derive(Debug)]
pub struct Ruling<'b> {
    book: &'b Book,
    at: Time,
    known: Time,
    /// `None` when the ask names something the book does not have.
    case: Option<Case>,
}

/// What was found about an ask.
#[derive(Debug)]
struct Case {
    cell: Cell,
    hits: Hits,
    finding: Finding,
    way: Way,
}

impl Book {
    /// Whether every name of an ask is one of the book.
    ///
    /// # Errors
    /// One for each name that is not, with the nearest that is.
    pub fn check_ask(&self, ask: &Ask) -> Result<(), Vec<AskError>> {
        let words = &self.words;
        let mut wrong = Vec::new();
        let mut unknown =
            |field, name: &str, help| wrong.push(AskError { field, name: name.to_owned(), help });
        let (actor, product, channel) = (ask.actor.as_str(), ask.product.as_str(), ask.channel.as_str());
        if words.parties.find(actor).is_none() {
            unknown("actor", actor, name_help(actor, words.parties.words()));
        }
        if words.products.find(product).is_none() {
            unknown("product", product, path_help(product, words.products.words()));
        }
        if words.channels.find(channel).is_none() {
            unknown("channel", channel, name_help(channel, words.channels.words()));
        }
        if let Some(segment) =
            ask.segment.as_ref().filter(|name| words.segments.find(name.as_str()).is_none())
        {
            unknown("segment", segment.as_str(), path_help(segment.as_str(), words.segments.words()));
        }
        if let Some(country) = ask.territory.as_ref().filter(|name| !is_country(name.as_str())) {
            let help = "a country is two capital letters of ISO 3166, such as US";
            unknown("country", country.as_str(), Some(help.to_owned()));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Answers an ask as it is kept. Names the book does not have ([`Book::check_ask`]) give nobody a right.
    #[must_use]
    pub fn decide(&self, ask: &Ask) -> Decision {
        self.rule(ask).decision()
    }

    /// Answers an ask. Names the book does not have ([`Book::check_ask`]) give nobody a right.
    #[must_use]
    pub fn rule(&self, ask: &Ask) -> Ruling<'_> {
        let (at, known) = (ask.at, ask.known);
        let Some(cell) = self.cell(ask) else { return Ruling { book: self, at, known, case: None } };
        let view = self.view(&cell, ask);
        let hits = Hits::gather_for(&view, &cell, ask.customer.as_ref());
        let (finding, way) = Finding::with_way(&view, &hits);
        Ruling { book: self, at, known, case: Some(Case { cell, hits, finding, way }) }
    }

    /// The shares that revenue from this act counts toward, also where an open point leaves that open: those owed by
    /// the actor or by somebody from whom its right comes, to anybody but the actor.
    #[must_use]
    pub fn duties(&self, ask: &Ask) -> Vec<name::Clause> {
        let Some(cell) = self.cell(ask) else { return Vec::new() };
        let view = self.view(&cell, ask);
        let found = duties(&view, &Hits::gather(&view, &cell));
        let clauses = found.iter().map(|number| &self.clauses[number]);
        let shares = clauses.filter(|clause| matches!(clause.kind.money(), Some(Money::Share(_))));
        shares.map(|share| share.name.clone()).collect()
    }

    fn view<'a>(&'a self, cell: &'a Cell, ask: &Ask) -> View<'a> {
        View { book: self, cell: Some(cell), at: ask.at, known: ask.known, open: &[], assumed: None }
    }

    pub(crate) fn cell(&self, ask: &Ask) -> Option<Cell> {
        let words = &self.words;
        let segment = ask.segment.as_ref().map(|name| words.segments.find(name.as_str()).ok_or(()));
        let territory = ask.territory.as_ref().and_then(|name| words.territories.find(name.as_str()));
        let foreign =
            ask.territory.as_ref().is_some_and(|name| territory.is_none() && !is_country(name.as_str()));
        if foreign {
            return None;
        }
        Some(Cell {
            actor: words.parties.find(ask.actor.as_str())?,
            action: ask.action,
            product: words.products.find(ask.product.as_str())?,
            channel: words.channels.find(ask.channel.as_str())?,
            segment: segment.transpose().ok()?,
            territory,
        })
    }
}

/// The name that is meant, else all there are where they are few.
fn name_help<'w>(name: &str, known: impl Iterator<Item = &'w str>) -> Option<String> {
    let known: Vec<&str> = known.collect();
    did_you_mean(name, known.iter().copied()).or_else(|| {
        let few = (1..=NAMES_LISTED_MAX).contains(&known.len());
        few.then(|| format!("it has {}", listed(&known)))
    })
}

/// The same for a path; of one that only stands above others, those below it: an ask is about one of them.
fn path_help<'w>(path: &str, known: impl Iterator<Item = &'w str>) -> Option<String> {
    let known: Vec<&str> = known.collect();
    let below: Vec<&str> = known.iter().copied().filter(|name| is_below(name, path)).collect();
    if below.is_empty() {
        name_help(path, known.into_iter())
    } else {
        Some(format!("below it are {}", listed(&below)))
    }
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_LISTED_MAX).map(|name| format!("`{name}`")).collect();
    let more = match names.len().saturating_sub(NAMES_LISTED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &more
}

impl<'b> Ruling<'b> {
    /// Whether the act may go ahead.
    #[must_use]
    pub fn permits(&self) -> bool {
        self.answer() == Answer::Permit
    }

    /// The verdict, with the names that belong to it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let toward = || self.toward().cloned().collect();
        match self.answer() {
            Answer::NoRight => Verdict::NoRight,
            Answer::Breach => Verdict::Breach { toward: toward() },
            Answer::Contested => {
                Verdict::Contested { toward: toward(), questions: self.questions().cloned().collect() }
            }
            Answer::Permit => Verdict::Permit,
        }
    }

    /// Toward whom it is, or may be, a breach.
    pub fn toward(&self) -> impl Iterator<Item = &'b name::Party> + '_ {
        let book = self.book;
        let parties = self.case.as_ref().map_or(&[][..], |case| case.finding.toward.as_slice());
        parties.iter().map(|party| &book.words.parties[*party])
    }

    /// The open points that flip the answer.
    pub fn questions(&self) -> impl Iterator<Item = &'b name::Question> + '_ {
        let points = self.case.as_ref().map_or(&[][..], |case| case.finding.questions.as_slice());
        points.iter().map(|point| &self.book.words.points[*point].name)
    }

    /// What comes along with the act: shares and guarantees that are owed, splits, most favoured prices and commitments.
    pub fn duties(&self) -> impl Iterator<Item = &'b name::Clause> + '_ {
        let duties = self.case.as_ref().map_or(&[][..], |case| case.finding.duties.as_slice());
        duties.iter().map(|number| &self.book.clauses[*number].name)
    }

    /// The clauses that decided, strongest effect first.
    pub fn reasons(&self) -> impl Iterator<Item = Cited<'b>> {
        let book = self.book;
        let found = self
            .case
            .as_ref()
            .map_or_else(Few::new, |case| reasons(&self.view(case), &case.hits, &case.finding, &case.way));
        found.into_iter().map(move |why| why.cited(book))
    }

    /// The next instant at which verdict or duties change if nothing new becomes known. Worked out when asked for.
    #[must_use]
    pub fn until(&self) -> Option<Time> {
        let case = self.case.as_ref()?;
        case.finding.until(&self.view(case), &case.hits, &case.way)
    }

    /// The whole answer, to be kept.
    #[must_use]
    pub fn decision(&self) -> Decision {
        Decision {
            verdict: self.verdict(),
            reasons: self.reasons().map(Reason::from).collect(),
            duties: self.duties().cloned().collect(),
            until: self.until(),
            at: self.at,
            known: self.known,
            book: self.book.hash,
        }
    }

    fn answer(&self) -> Answer {
        self.case.as_ref().map_or(Answer::NoRight, |case| case.finding.answer)
    }

    fn view<'a>(&'a self, case: &'a Case) -> View<'a> {
        let (at, known) = (self.at, self.known);
        View { book: self.book, cell: Some(&case.cell), at, known, open: &[], assumed: None }
    }
}

//! Recorded decisions under another book: which would come out otherwise.

use crate::book::Book;
use crate::diff::ChangeKind;
use abide_model::Time;
use abide_model::decision::{Action, Ask, Decision, Verdict};
use abide_model::name::{Channel, Clause, Party, Product, Segment, Territory};
use std::collections::BTreeMap;

/// The times at which recorded asks are put to the other book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// As if done then; when it was done, when `None`.
    pub at: Option<Time>,
    /// As known then; all that the other book says, when `None`, so that a draft that is signed tomorrow counts.
    pub known: Option<Time>,
}

/// Puts recorded decisions to another book, one by one.
#[derive(Debug)]
pub struct Replay<'b> {
    book: &'b Book,
    when: When,
    decisions: u64,
    same: u64,
    turns: BTreeMap<Key, Turn>,
}

/// Calls of one kind whose decision comes out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// How.
    pub kind: ChangeKind,
    /// The recorded answer.
    pub before: Verdict,
    /// The other book's answer.
    pub after: Verdict,
    /// Who acted.
    pub actor: Party,
    /// What was done.
    pub action: Action,
    /// With which product.
    pub product: Product,
    /// Through which channel.
    pub channel: Channel,
    /// The customers' segment.
    pub segment: Option<Segment>,
    /// The customers' country.
    pub territory: Option<Territory>,
    /// The clauses that decide in the other book, in its order.
    pub clauses: Vec<Clause>,
    /// How many decisions.
    pub decisions: u64,
    /// When the first of them was made.
    pub first: Time,
    /// When the last was.
    pub last: Time,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// How many decisions were put to the other book.
    pub decisions: u64,
    /// How many of them come out the same.
    pub same: u64,
    /// The others, by kind of change, then by what was asked.
    pub turns: Vec<Turn>,
}

/// What tells turns apart, ordered by the words that a reader sees.
type Key = (ChangeKind, [String; 8]);

impl<'b> Replay<'b> {
    /// Under `book`, nothing replayed yet.
    #[must_use]
    pub fn new(book: &'b Book, when: When) -> Self {
        Self { book, when, decisions: 0, same: 0, turns: BTreeMap::new() }
    }

    /// Puts one recorded decision to the book; `ask` has the times at which it was made.
    pub fn add(&mut self, ask: &Ask, recorded: &Verdict) {
        let at = self.when.at.unwrap_or(ask.at);
        let known = self.when.known.unwrap_or(Time::MAX);
        let segment = self.book.nearest_segment(ask.segment.as_ref());
        let decision = self.book.decide(&Ask { at, known, segment, ..ask.clone() });
        self.decisions += 1;
        match ChangeKind::of(recorded, &decision.verdict) {
            None => self.same += 1,
            Some(kind) => self.count(kind, ask, recorded, decision),
        }
    }

    fn count(&mut self, kind: ChangeKind, ask: &Ask, recorded: &Verdict, decision: Decision) {
        let clauses: Vec<Clause> =
            decision.reasons.iter().map(|reason| reason.cited.clause.clone()).collect();
        let words = [
            format!("{recorded:?} {:?}", decision.verdict),
            ask.actor.to_string(),
            ask.action.as_str().to_owned(),
            ask.product.to_string(),
            ask.channel.to_string(),
            ask.segment.as_ref().map(ToString::to_string).unwrap_or_default(),
            ask.territory.as_ref().map(ToString::to_string).unwrap_or_default(),
            format!("{clauses:?}"),
        ];
        let turn = self.turns.entry((kind, words)).or_insert_with(|| Turn {
            kind,
            before: recorded.clone(),
            after: decision.verdict,
            actor: ask.actor.clone(),
            action: ask.action,
            product: ask.product.clone(),
            channel: ask.channel.clone(),
            segment: ask.segment.clone(),
            territory: ask.territory.clone(),
            clauses,
            decisions: 0,
            first: ask.at,
            last: ask.at,
        });
        turn.decisions += 1;
        turn.first = turn.first.min(ask.at);
        turn.last = turn.last.max(ask.at);
    }

    /// All that was put to the book.
    #[must_use]
    pub fn finish(self) -> Replayed {
        Replayed { decisions: self.decisions, same: self.same, turns: self.turns.into_values().collect() }
    }
}

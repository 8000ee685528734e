//! What one clause says about one ask at one time: yes, no, or "that depends", in strong Kleene logic.
//!
//! `Some(true)` and `Some(false)` are certain; `None` hangs on a question that is open.

use crate::bits::Bits;
use crate::book::{Book, Clause, Condition, Happened, Kind, Notice, Notified, Scope, Settled, action_bit};
use crate::index::Cell;
use crate::table::{ClauseNo, Number, PartyNo, QuestionNo};
use abide_model::Time;
use abide_model::decision::{Action, Effect};

/// A value of strong Kleene logic.
pub(crate) type Kleene = Option<bool>;

pub(crate) fn and(a: Kleene, b: impl FnOnce() -> Kleene) -> Kleene {
    match a {
        Some(false) => a,
        Some(true) => b(),
        None => b().filter(|b| !b),
    }
}

pub(crate) fn or(a: Kleene, b: impl FnOnce() -> Kleene) -> Kleene {
    not(and(not(a), || not(b())))
}

pub(crate) fn not(a: Kleene) -> Kleene {
    a.map(|a| !a)
}

/// Whether one of them holds.
fn any(parts: impl IntoIterator<Item = Kleene>) -> Kleene {
    let mut found = Some(false);
    for part in parts {
        found = or(found, || part);
        if found == Some(true) {
            break;
        }
    }
    found
}

/// Whether each of them holds.
fn all(parts: impl IntoIterator<Item = Kleene>) -> Kleene {
    not(any(parts.into_iter().map(not)))
}

/// How an offer under a right of first refusal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// None was made.
    Missing,
    /// It waits for its reply.
    Open(QuestionNo),
    Taken,
    /// Declined or lapsed.
    Free,
}

/// A book as seen at one time, with some answers to open questions assumed.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) book: &'a Book,
    /// Without one, what the ask would decide is open.
    pub(crate) cell: Option<&'a Cell>,
    pub(crate) at: Time,
    pub(crate) known: Time,
    /// Questions whose answers `assumed` holds, one bit each.
    pub(crate) open: &'a [QuestionNo],
    pub(crate) assumed: Option<u32>,
}

impl View<'_> {
    /// What a point comes to, as known or as assumed.
    fn answer(&self, question: QuestionNo) -> Kleene {
        self.settled(question).or_else(|| {
            let at = self.open.iter().position(|open| *open == question)?;
            self.assumed.map(|bits| bits >> at & 1 == 1)
        })
    }

    /// What a point comes to, as known.
    pub(crate) fn settled(&self, question: QuestionNo) -> Kleene {
        let words = &self.book.words;
        match &words.points[question].settled {
            Settled::Answers { agreed, answers } => {
                let answer = answers.iter().rev().find(|(recorded, _)| *recorded <= self.known);
                answer.map(|(_, answer)| *answer).or(*agreed)
            }
            Settled::Reached(threshold) => {
                words.measures[threshold.measure].value(self.at, self.known).map(|value| threshold.met(value))
            }
            Settled::Reply => None,
        }
    }

    /// Whether the clause is known and in force.
    pub(crate) fn live(&self, clause: &Clause) -> bool {
        clause.known <= self.known && clause.term.holds(self.at, self.known)
    }

    /// Whether the clause counts for this ask, for somebody who acts by the right of `bound`.
    ///
    /// `bound` are the actor and everybody from whom its right comes.
    pub(crate) fn stands(&self, number: ClauseNo, bound: &[PartyNo]) -> Kleene {
        let clause = &self.book.clauses[number];
        if !self.live(clause) {
            return Some(false);
        }
        let met = and(self.inside(clause), || self.condition(clause.holds_if.as_ref(), true));
        and(met, || not(self.lifted(clause, bound).1))
    }

    /// Whether something takes the clause away where it covers the ask: which clause, how, and how surely.
    pub(crate) fn lifted(&self, clause: &Clause, bound: &[PartyNo]) -> (Option<(ClauseNo, Effect)>, Kleene) {
        let waived = or(self.condition(clause.unless.as_ref(), false), || self.satisfied(clause));
        if waived == Some(true) {
            return (None, waived);
        }
        let mut beaten = Some(false);
        for beater in &clause.beaten_by {
            let other = &self.book.clauses[*beater];
            // A grant lifts a promise for whoever acts by the right of its grantee, for nobody else.
            if matches!(other.kind, Kind::Grant { .. }) && !bound.contains(&other.to) {
                continue;
            }
            match self.stands(*beater, bound) {
                Some(true) => return (Some((*beater, Effect::Excepts)), Some(true)),
                stands => beaten = or(beaten, || stands),
            }
        }
        (None, or(waived, || beaten))
    }

    /// Whether the ask lies in the scope and in none of the carve-outs.
    pub(crate) fn inside(&self, clause: &Clause) -> Kleene {
        let cell = self.cell?;
        and(self.covers(&clause.scope, cell, cell.action), || not(self.carved(clause, cell.action)))
    }

    /// Whether the ask lies in a carve-out.
    pub(crate) fn carved(&self, clause: &Clause, action: Action) -> Kleene {
        let cell = self.cell?;
        any(clause.except.iter().map(|except| self.covers(except, cell, action)))
    }

    /// Whether the clause would cover the ask if its action were `action`.
    pub(crate) fn inside_as(&self, clause: &Clause, action: Action) -> Kleene {
        let cell = self.cell?;
        and(self.covers(&clause.scope, cell, action), || not(self.carved(clause, action)))
    }

    pub(crate) fn covers(&self, scope: &Scope, cell: &Cell, action: Action) -> Kleene {
        let within = |axis: &Option<Bits>, at: Option<usize>| {
            axis.as_ref().is_none_or(|bits| at.is_some_and(|at| bits.holds(at)))
        };
        let boxed = scope.actions & action_bit(action) != 0
            && within(&scope.products, Some(cell.product.at()))
            && within(&scope.channels, Some(cell.channel.at()))
            && within(&scope.segments, cell.segment.map(Number::at))
            && scope
                .territories
                .as_ref()
                .is_none_or(|list| cell.territory.is_some_and(|at| list.contains(&at)));
        if !boxed || scope.classes.is_empty() {
            return Some(boxed);
        }
        let offer = &self.book.words.offers[cell.product];
        let held = offer.classes.iter().filter(|(class, _)| scope.classes.contains(class));
        any(held.map(|(_, hangs_on)| hangs_on.map_or(Some(true), |question| self.answer(question))))
    }

    /// Whether what the clause waits for has come: the first launch, or a refusal of what was offered.
    fn satisfied(&self, clause: &Clause) -> Kleene {
        match &clause.kind {
            Kind::First { launches, .. } => self.one_of(launches),
            Kind::Refusal { notices } => match self.offer(notices) {
                Offer::Missing | Offer::Taken => Some(false),
                Offer::Free => Some(true),
                Offer::Open(reply) => not(self.answer(reply)),
            },
            Kind::Grant { .. } | Kind::Exclusive { .. } | Kind::Money(_) => Some(false),
        }
    }

    /// How the latest offer of the product stands. A reply counts when it comes while the offer is open; the first
    /// one does.
    fn offer(&self, notices: &[Notice]) -> Offer {
        let mut found = Offer::Missing;
        let mut open_until = Time::MAX;
        for notice in notices.iter().filter(|notice| notice.at <= self.at && notice.recorded <= self.known) {
            let about = self.cell.is_some_and(|cell| notice.products.holds(cell.product.at()));
            if !about {
                continue;
            }
            let waits = matches!(found, Offer::Open(_)) && notice.at < open_until;
            match notice.what {
                Notified::Offered { lapses, reply } => {
                    found = Offer::Open(reply);
                    open_until = lapses;
                }
                Notified::Accepted if waits => found = Offer::Taken,
                Notified::Declined if waits => found = Offer::Free,
                Notified::Accepted | Notified::Declined => {}
            }
        }
        let lapsed = matches!(found, Offer::Open(_)) && self.at >= open_until;
        if lapsed { Offer::Free } else { found }
    }

    pub(crate) fn condition(&self, condition: Option<&Condition>, absent: bool) -> Kleene {
        condition.map_or(Some(absent), |condition| self.holds(condition))
    }

    fn holds(&self, condition: &Condition) -> Kleene {
        match condition {
            Condition::Any(parts) => any(parts.iter().map(|part| self.holds(part))),
            Condition::All(parts) => all(parts.iter().map(|part| self.holds(part))),
            Condition::Not(inner) => not(self.holds(inner)),
            Condition::Question(question) => self.answer(*question),
            Condition::Event(facts) => self.one_of(facts),
            Condition::Before(at) => Some(self.at < *at),
        }
    }

    /// Events are a closed world: what no fact records has not happened.
    fn one_of(&self, facts: &[Happened]) -> Kleene {
        any(facts.iter().map(|fact| self.happened(fact)))
    }

    fn happened(&self, fact: &Happened) -> Kleene {
        if fact.at > self.at || fact.recorded > self.known {
            return Some(false);
        }
        let Some(cell) = self.cell else {
            let about_all = fact.products.is_none() && fact.channel.is_none() && fact.actor.is_none();
            return about_all.then_some(true);
        };
        let about = fact.products.as_ref().is_none_or(|bits| bits.holds(cell.product.at()))
            && fact.channel.is_none_or(|channel| channel == cell.channel)
            && fact.actor.is_none_or(|actor| actor == cell.actor);
        Some(about)
    }

    /// The open questions that the clause may hang on for this ask.
    pub(crate) fn open_questions(&self, number: ClauseNo, found: &mut impl Extend<QuestionNo>) {
        let clause = &self.book.clauses[number];
        let Some(cell) = self.cell else { return };
        if !self.live(clause) || self.inside(clause) == Some(false) {
            return;
        }
        let offer = &self.book.words.offers[cell.product];
        let scopes = || std::iter::once(&clause.scope).chain(&clause.except);
        let named = |class| scopes().any(|scope| scope.classes.contains(class));
        let of_class =
            offer.classes.iter().filter(|(class, _)| named(class)).filter_map(|(_, question)| *question);
        let all = clause.questions.iter().copied().chain(of_class);
        found.extend(all.filter(|question| self.answer(*question).is_none()));
        if let Kind::Refusal { notices } = &clause.kind
            && let Offer::Open(reply) = self.offer(notices)
        {
            found.extend([reply]);
        }
        clause.beaten_by.iter().for_each(|beater| self.open_questions(*beater, found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Kleene; 3] = [Some(true), None, Some(false)];

    #[test]
    fn unknown_counts_only_where_the_other_side_does_not_settle_it() {
        let table = |op: fn(Kleene, Kleene) -> Kleene| ALL.map(|a| ALL.map(|b| op(a, b)));
        let (t, u, f) = (Some(true), None, Some(false));
        assert_eq!(table(|a, b| and(a, || b)), [[t, u, f], [u, u, f], [f, f, f]]);
        assert_eq!(table(|a, b| or(a, || b)), [[t, t, t], [t, u, u], [t, u, f]]);
        assert_eq!(ALL.map(not), [f, u, t]);
    }
}

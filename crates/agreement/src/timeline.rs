//! How the answer to one ask changes over time.

use crate::book::Book;
use abide_model::Time;
use abide_model::decision::{Ask, Decision};
use std::collections::BTreeSet;

/// A stretch of time in which the answer and its reasons stay the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// From this instant on; `None` for as long as anybody can look back.
    pub from: Option<Time>,
    /// Until this instant; `None` when nothing known ends it.
    pub until: Option<Time>,
    /// The answer, given at the first instant of the span.
    pub decision: Decision,
}

impl Book {
    /// The answers to `ask` from one time until another, without gaps, as known at the time that the ask says; its own
    /// `at` counts for nothing.
    #[must_use]
    pub fn timeline(&self, ask: &Ask, from: Option<Time>, until: Option<Time>) -> Vec<Span> {
        let decide = |at: Time| self.decide(&Ask { at, ..ask.clone() });
        let mut spans: Vec<Span> = Vec::new();
        for at in [from.unwrap_or(Time::MIN)].into_iter().chain(self.turns(from, until, ask.known)) {
            let decision = decide(at);
            match spans.last_mut() {
                Some(last) if says_the_same(&last.decision, &decision) => {}
                Some(last) => {
                    last.until = Some(at);
                    spans.push(Span { from: Some(at), until, decision });
                }
                None => spans.push(Span { from, until, decision }),
            }
        }
        spans
    }

    /// Every instant between the two at which a clause may begin or cease to count, as known at `known`.
    pub(crate) fn turns(&self, from: Option<Time>, until: Option<Time>, known: Time) -> BTreeSet<Time> {
        let changes = self.clauses.iter().flat_map(|(_, clause)| &clause.changes);
        let inside = |at: &Time| from.is_none_or(|from| from < *at) && until.is_none_or(|until| *at < until);
        changes.filter(|(_, recorded)| *recorded <= known).map(|(at, _)| *at).filter(inside).collect()
    }
}

/// Whether a reader would be told the same: verdict, duties, and what each clause does.
fn says_the_same(one: &Decision, other: &Decision) -> bool {
    let effects = |decision: &Decision| -> Vec<_> {
        decision.reasons.iter().map(|reason| (reason.cited.clause.clone(), reason.effect)).collect()
    };
    one.verdict == other.verdict && one.duties == other.duties && effects(one) == effects(other)
}

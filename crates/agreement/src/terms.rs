//! Money terms, as known at a time, for whoever works amounts out.

use crate::book::{Book, Clause, Kind, ShareTerms};
use crate::eval::{View, and, not};
use abide_model::terms::{Cap, Share};
use abide_model::{Date, Time};

impl Book {
    /// The revenue shares as known at `known`, in the order of the files.
    ///
    /// A share ends where an amendment known by then takes it back, and a cap is [`Cap::Unknown`] before the day its
    /// amount is known. Where a condition interrupts a share, the days here run from its first to its last; which
    /// revenue counts on which day is what [`Book::duties`] answers.
    #[must_use]
    pub fn shares(&self, known: Time) -> Vec<Share> {
        self.clauses.iter().filter_map(|(_, clause)| self.share(clause, known)).collect()
    }

    fn share(&self, clause: &Clause, known: Time) -> Option<Share> {
        let Kind::Share(terms) = &clause.kind else { return None };
        let (since, until) = self.in_force(clause, known)?;
        Some(Share {
            clause: clause.name.clone(),
            payer: self.words.parties[clause.from].clone(),
            payee: self.words.parties[clause.to].clone(),
            rate: terms.rate.clone(),
            every: terms.every,
            since: self.day_of(since),
            until: until.map(|end| self.day_of(end)),
            cap: cap(terms, known),
        })
    }

    /// From the first instant at which the clause may count to the last, as known at `known`.
    fn in_force(&self, clause: &Clause, known: Time) -> Option<(Time, Option<Time>)> {
        if clause.known > known {
            return None;
        }
        let end = clause.term.end(known);
        let inside = |at: &Time| *at >= clause.term.since && end.is_none_or(|end| *at < end);
        let mut turns: Vec<Time> = clause.changes.iter().map(|(at, _)| *at).filter(inside).collect();
        turns.dedup();
        let counts = |at: &Time| {
            let view = View { book: self, cell: None, at: *at, known, open: &[], assumed: None };
            let holds = view.condition(clause.holds_if.as_ref(), true);
            and(holds, || not(view.condition(clause.unless.as_ref(), false))) != Some(false)
        };
        let first = turns.iter().find(|at| counts(at))?;
        let last = turns.iter().rposition(counts)?;
        Some((*first, turns.get(last + 1).copied().or(end)))
    }

    fn day_of(&self, at: Time) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }
}

fn cap(terms: &ShareTerms, known: Time) -> Cap {
    match &terms.cap {
        None => Cap::None,
        Some((_, since)) if *since > known => Cap::Unknown,
        Some((total, _)) => Cap::Total(*total),
    }
}

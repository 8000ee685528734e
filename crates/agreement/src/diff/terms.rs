//! Money terms that begin, end, or change their figures.

use super::Side;
use abide_model::name::{Clause, Party, Question};
use abide_model::terms::Term;
use std::collections::BTreeMap;

/// The money terms of one kind between two parties, where they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermChange {
    /// The kind of clause: `share`, `guarantee`, `commit`, `split`, `parity`, `stake`.
    pub kind: &'static str,
    /// Who owes, buys or promises; of a stake, the company.
    pub from: Party,
    /// Who is owed; nobody for a split.
    pub to: Option<Party>,
    /// The clauses before, each with its figures in words.
    pub before: Vec<(Clause, String)>,
    /// The clauses after.
    pub after: Vec<(Clause, String)>,
}

type Key = (&'static str, Party, Option<Party>);
type Terms = BTreeMap<Key, Vec<(Clause, String)>>;

pub(super) fn changes(before: Side<'_>, after: Side<'_>) -> Vec<TermChange> {
    let (mut was, mut is) = (in_force(before), in_force(after));
    let keys: Vec<Key> = was.keys().chain(is.keys()).cloned().collect();
    let mut found: Vec<TermChange> = Vec::new();
    for key in keys {
        let (before, after) = (was.remove(&key).unwrap_or_default(), is.remove(&key).unwrap_or_default());
        if before != after {
            let (kind, from, to) = key;
            found.push(TermChange { kind, from, to, before, after });
        }
    }
    found.sort_by(|a, b| (a.kind, &a.from, &a.to).cmp(&(b.kind, &b.from, &b.to)));
    found
}

/// Every term in force on the side's day, with its figures.
fn in_force(side: Side<'_>) -> Terms {
    let terms = side.book.terms(side.known);
    let mut found = Terms::new();
    for one in side.book.in_force(&terms, side.at, side.known) {
        let term = one.term;
        let until = match term {
            // Its stages tell their own days.
            Term::Commit(_) => None,
            Term::Share(_) | Term::Guarantee(_) | Term::Split(_) | Term::Parity(_) | Term::Stake(_) => {
                term.until()
            }
        };
        let until = until.map_or(String::new(), |until| format!(", until {until}"));
        let list = found.entry((term.kind(), term.from().clone(), term.to().cloned())).or_default();
        list.push((term.clause().clone(), one.figures + &until + &hanging(&one.hangs_on)));
    }
    found
}

fn hanging(points: &[Question]) -> String {
    let names: Vec<&str> = points.iter().map(Question::as_str).collect();
    if names.is_empty() { String::new() } else { format!(", hanging on {}", names.join(", ")) }
}

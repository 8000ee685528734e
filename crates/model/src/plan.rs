//! Which targets a call may go to, in which order, and why. Kept with the run.

use crate::name::{Clause, Cloud, Party, Question};

/// Why a target is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The agreements do not permit it.
    Agreement {
        /// `no_right`, `breach` or `contested`.
        verdict: &'static str,
        /// The clauses that stand in the way; empty where a right is missing.
        clauses: Vec<Clause>,
        /// Toward whom.
        toward: Vec<Party>,
        /// On which open questions it depends.
        questions: Vec<Question>,
    },
    /// It cannot do something the request needs.
    Capability {
        /// `tools`, `json_schema`, `images`.
        missing: &'static str,
    },
    /// It failed lately and is left alone until a time, in Unix milliseconds.
    Resting {
        /// Until when.
        until_ms: i64,
    },
    /// It already failed in this run.
    Tried,
}

/// What became of one target when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is tried at this place, from 0.
    Ranked {
        /// The place.
        place: u32,
        /// Why there: `listed first`, `rested, tried last`.
        why: String,
    },
    /// It is not tried.
    Refused(Refusal),
}

/// One target that was considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// Its cloud.
    pub cloud: Cloud,
    /// The cloud's name for the model.
    pub model: String,
    /// What became of it.
    pub standing: Standing,
}

/// Every target that was considered, in the order of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// All of them.
    pub considered: Vec<Considered>,
}

impl Plan {
    /// Indexes into `considered` of the targets to try, best first.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut ranked: Vec<(u32, usize)> = self
            .considered
            .iter()
            .enumerate()
            .filter_map(|(index, one)| match &one.standing {
                Standing::Ranked { place, .. } => Some((*place, index)),
                Standing::Refused(_) => None,
            })
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, index)| index).collect()
    }
}

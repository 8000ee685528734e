//! One money term of any kind.

use super::{Commit, Guarantee, Parity, Share, Split, Stake, Terms};
use crate::Date;
use crate::name::{Clause, Party};

/// A money term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term<'t> {
    /// A revenue share.
    Share(&'t Share),
    /// A minimum guarantee.
    Guarantee(&'t Guarantee),
    /// A commitment to buy.
    Commit(&'t Commit),
    /// A waterfall.
    Split(&'t Split),
    /// A most favoured price.
    Parity(&'t Parity),
    /// Ownership.
    Stake(&'t Stake),
}

impl Terms {
    /// Every term, kind by kind, each kind in the order of the files.
    pub fn each(&self) -> impl Iterator<Item = Term<'_>> {
        let shares = self.shares.iter().map(Term::Share);
        let guarantees = self.guarantees.iter().map(Term::Guarantee);
        let commits = self.commits.iter().map(Term::Commit);
        let splits = self.splits.iter().map(Term::Split);
        let parities = self.parities.iter().map(Term::Parity);
        let stakes = self.stakes.iter().map(Term::Stake);
        shares.chain(guarantees).chain(commits).chain(splits).chain(parities).chain(stakes)
    }
}

impl<'t> Term<'t> {
    /// The word used in files.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Term::Share(_) => "share",
            Term::Guarantee(_) => "guarantee",
            Term::Commit(_) => "commit",
            Term::Split(_) => "split",
            Term::Parity(_) => "parity",
            Term::Stake(_) => "stake",
        }
    }

    /// The clause that says so.
    #[must_use]
    pub fn clause(self) -> &'t Clause {
        match self {
            Term::Share(share) => &share.clause,
            Term::Guarantee(guarantee) => &guarantee.clause,
            Term::Commit(commit) => &commit.clause,
            Term::Split(split) => &split.clause,
            Term::Parity(parity) => &parity.clause,
            Term::Stake(stake) => &stake.clause,
        }
    }

    /// Who owes, guarantees, buys, collects or sells; of a stake, the company.
    #[must_use]
    pub fn from(self) -> &'t Party {
        match self {
            Term::Share(share) => &share.payer,
            Term::Guarantee(guarantee) => &guarantee.payer,
            Term::Commit(commit) => &commit.buyer,
            Term::Split(split) => &split.holder,
            Term::Parity(parity) => &parity.seller,
            Term::Stake(stake) => &stake.company,
        }
    }

    /// The other side; `None` for a split, whose steps name who gets what.
    #[must_use]
    pub fn to(self) -> Option<&'t Party> {
        match self {
            Term::Share(share) => Some(&share.payee),
            Term::Guarantee(guarantee) => Some(&guarantee.payee),
            Term::Commit(commit) => Some(&commit.seller),
            Term::Split(_) => None,
            Term::Parity(parity) => Some(&parity.buyer),
            Term::Stake(stake) => Some(&stake.holder),
        }
    }

    /// From which day on it counts; `None` when it never does.
    #[must_use]
    pub fn since(self) -> Option<Date> {
        match self {
            Term::Share(share) => Some(share.since),
            Term::Guarantee(guarantee) => Some(guarantee.since),
            Term::Commit(commit) => commit.stages.first().map(|stage| stage.since),
            Term::Split(split) => Some(split.since),
            Term::Parity(parity) => Some(parity.since),
            Term::Stake(stake) => Some(stake.since),
        }
    }

    /// The first day on which it no longer counts; `None` when it does not end.
    #[must_use]
    pub fn until(self) -> Option<Date> {
        match self {
            Term::Share(share) => share.until,
            Term::Guarantee(guarantee) => guarantee.until,
            Term::Commit(commit) => commit.stages.last().and_then(|stage| stage.until),
            Term::Split(split) => split.until,
            Term::Parity(parity) => parity.until,
            Term::Stake(stake) => stake.until,
        }
    }
}

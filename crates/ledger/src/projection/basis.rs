//! What a forecast works out: the clauses that it can, from the day on from which it knows what they count.

use super::{Missing, Terms, Why};
use abide_model::Date;
use abide_model::name::{Clause, Party};
use abide_model::scenario::Scenario;
use abide_model::terms::{self, Step, Take};

/// The clauses that are worked out, and those in force within the horizon that are not.
///
/// What the book's rows tell of the time before the horizon is its past, and stays. Rows within the horizon go: the
/// forecast stands for them. What is owed also without revenue counts from the horizon on, or from the first row
/// before it that tells of revenue, since nothing is known of the time before that.
pub(super) fn basis(terms: &Terms, scenario: &Scenario) -> (terms::Terms, Vec<Missing>) {
    let mut found = terms.money.clone();
    found.revenue.retain(|row| row.on < scenario.from);
    found.purchases.retain(|row| row.on < scenario.from);
    let rows = std::mem::take(&mut found.revenue);
    let known = |clauses: &[Clause]| {
        let first = rows.iter().filter(|row| row.toward.iter().any(|clause| clauses.contains(clause)));
        first.map(|row| row.on).min().unwrap_or(scenario.from)
    };
    for share in found.shares.iter_mut().filter(|share| share.floor.is_some()) {
        share.since = share.since.max(known(std::slice::from_ref(&share.clause)));
    }
    for guarantee in &mut found.guarantees {
        guarantee.since = guarantee.since.max(known(&guarantee.over));
    }
    found.revenue = rows;
    let mut missing = Vec::new();
    let mut leave = |clause: &Clause, why| missing.push(Missing { clause: clause.clone(), why });
    let within = |since: Date, until: Option<Date>| {
        since < scenario.until && until.is_none_or(|until| scenario.from < until)
    };
    found.commits.retain(|commit| {
        if commit.stages.iter().any(|stage| within(stage.since, stage.until)) {
            leave(&commit.clause, Why::Purchases);
        }
        false
    });
    found.splits.retain(|split| {
        let needed = split.steps.iter().any(by_the_unit);
        if needed && within(split.since, split.until) {
            leave(&split.clause, Why::Prices);
        }
        !needed
    });
    found.parities.retain(|parity| {
        if within(parity.since, parity.until) {
            leave(&parity.clause, Why::Prices);
        }
        false
    });
    (found, missing)
}

fn by_the_unit(step: &Step) -> bool {
    match step.take {
        Take::Wholesale(_) => true,
        Take::Fixed(_) | Take::Gross(_) | Take::Remaining(_) | Take::Remainder => false,
    }
}

/// Every party that a clause pays or burdens.
pub(super) fn parties(terms: &terms::Terms) -> impl Iterator<Item = &Party> {
    let shares = terms.shares.iter().flat_map(|one| [&one.payer, &one.payee]);
    let guarantees = terms.guarantees.iter().flat_map(|one| [&one.payer, &one.payee]);
    let commits = terms.commits.iter().flat_map(|one| [&one.buyer, &one.seller]);
    let splits = terms.splits.iter();
    let splits =
        splits.flat_map(|one| std::iter::once(&one.holder).chain(one.steps.iter().map(|step| &step.to)));
    let parities = terms.parities.iter().flat_map(|one| [&one.seller, &one.buyer]);
    shares.chain(guarantees).chain(commits).chain(splits).chain(parities)
}

/// Every clause besides shares that sales count toward.
pub(super) fn sold_under(terms: &terms::Terms) -> impl Iterator<Item = &Clause> {
    let commits = terms.commits.iter().map(|one| &one.clause);
    let splits = terms.splits.iter().map(|one| &one.clause);
    commits.chain(splits).chain(terms.parities.iter().map(|one| &one.clause))
}

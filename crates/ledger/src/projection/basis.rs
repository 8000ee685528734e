//! What a forecast works out: the clauses that it can, from the day on from which it knows what they count.

use super::{Missing, Piece, Terms, Why};
use abide_model::Date;
use abide_model::name::{Clause, Party};
use abide_model::scenario::Scenario;
use abide_model::terms::{self, Step, Take};
use std::collections::BTreeSet;

/// The clauses that are worked out, and those in force within the horizon that are not, or not wholly.
///
/// What the book's rows tell of the time before the horizon is its past, and stays. Rows within the horizon go: the
/// forecast stands for them. What is owed also where nothing is sold or bought counts from the horizon on, or from the
/// first row before it that tells of it, since nothing is known of the time before that. Clauses that nothing counts
/// toward come to nothing and go.
pub(super) fn basis(terms: &Terms, scenario: &Scenario) -> (terms::Terms, Vec<Missing>) {
    let mut found = terms.money.clone();
    found.revenue.retain(|row| row.on < scenario.from);
    found.purchases.retain(|row| row.on < scenario.from);
    let past = Past { sold: &found.revenue, bought: &found.purchases, horizon: scenario.from };
    for share in found.shares.iter_mut().filter(|share| share.floor.is_some()) {
        share.since = share.since.max(past.begins(std::slice::from_ref(&share.clause)));
    }
    for guarantee in &mut found.guarantees {
        guarantee.since = guarantee.since.max(past.begins(&guarantee.over));
    }
    for commit in &mut found.commits {
        let begins = past.begins(std::slice::from_ref(&commit.clause));
        commit.stages.retain(|stage| stage.until.is_none_or(|until| begins < until));
    }
    let counted = Counted::new(terms, scenario, &past);
    let mut missing = Vec::new();
    let mut leave = |clause: &Clause, why| missing.push(Missing { clause: clause.clone(), why });
    let within = |since: Date, until: Option<Date>| {
        since < scenario.until && until.is_none_or(|until| scenario.from < until)
    };
    found.shares.retain(|share| share.floor.is_some() || counted.any.contains(&share.clause));
    found.commits.retain(|commit| {
        let forecast = counted.forecast.contains(&commit.clause);
        if !forecast && commit.stages.iter().any(|stage| within(stage.since, stage.until)) {
            leave(&commit.clause, Why::Purchases);
        }
        forecast
    });
    found.splits.retain(|split| {
        let lacking = split.steps.iter().any(by_the_unit) && counted.unpriced.contains(&split.clause);
        if lacking && within(split.since, split.until) {
            leave(&split.clause, Why::Prices);
        }
        !lacking && counted.any.contains(&split.clause)
    });
    found.parities.retain(|parity| {
        if counted.unpriced.contains(&parity.clause) && within(parity.since, parity.until) {
            leave(&parity.clause, Why::Prices);
        }
        counted.any.contains(&parity.clause)
    });
    for stake in found.stakes.iter().filter(|stake| stake.percent.is_none()) {
        let supposed =
            |one: &abide_model::scenario::Holding| one.owner == stake.holder && one.of == stake.company;
        if within(stake.since, stake.until) && !scenario.holdings.iter().any(supposed) {
            leave(&stake.clause, Why::Part);
        }
    }
    (found, missing)
}

/// The rows before the horizon.
struct Past<'p> {
    sold: &'p [terms::Revenue],
    bought: &'p [terms::Purchase],
    horizon: Date,
}

impl Past<'_> {
    /// From when on it is known what counts toward one of these: the first row that does, else the horizon.
    fn begins(&self, clauses: &[Clause]) -> Date {
        let any = |toward: &[Clause]| toward.iter().any(|clause| clauses.contains(clause));
        let sold = self.sold.iter().filter(|row| any(&row.toward)).map(|row| row.on);
        let bought = self.bought.iter().filter(|row| any(&row.toward)).map(|row| row.on);
        sold.chain(bought).min().unwrap_or(self.horizon)
    }
}

/// The clauses that anything counts toward.
struct Counted<'t> {
    any: BTreeSet<&'t Clause>,
    /// Of those, what is sold or bought in the forecast, …
    forecast: BTreeSet<&'t Clause>,
    /// … and sold without a price of a unit.
    unpriced: BTreeSet<&'t Clause>,
}

impl<'t> Counted<'t> {
    fn new(terms: &'t Terms, scenario: &Scenario, past: &Past<'t>) -> Self {
        let toward = |pieces: &'t Vec<Piece>| pieces.iter().flat_map(|piece| &piece.toward);
        let sold = scenario.streams.iter().zip(&terms.sold);
        let unpriced =
            sold.filter(|(stream, _)| stream.price.is_none()).flat_map(|(_, pieces)| toward(pieces));
        let forecast: BTreeSet<_> = terms.sold.iter().chain(&terms.bought).flat_map(toward).collect();
        let rows = past.sold.iter().flat_map(|row| &row.toward);
        let rows = rows.chain(past.bought.iter().flat_map(|row| &row.toward));
        Self { any: rows.chain(forecast.iter().copied()).collect(), unpriced: unpriced.collect(), forecast }
    }
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

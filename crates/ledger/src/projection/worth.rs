//! Who owns whom on which day, and what stakes are worth by the valuations of book and scenario.

use super::{Stage, Unprojected};
use crate::convert::Rates;
use crate::stake::{self, Parts, Unowned};
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::name::Party;
use abide_model::scenario::Scenario;
use abide_model::terms::{Stake, Terms, Valuation};
use std::collections::BTreeMap;

/// Ownership on a day, looked through. What the scenario supposes stands in place of the stakes between the same two.
pub(super) fn owned(
    draft: &str,
    scenario: &Scenario,
    stakes: &[Stake],
    on: Date,
) -> Result<Parts, Unprojected> {
    let wrong = |why| Unprojected::Ownership { draft: draft.to_owned(), why };
    let supposed = |stake: &Stake| {
        scenario.holdings.iter().any(|one| one.owner == stake.holder && one.of == stake.company)
    };
    let kept: Vec<Stake> = stakes.iter().filter(|stake| !supposed(stake)).cloned().collect();
    let mut direct = stake::direct(&kept, on).map_err(wrong)?;
    let mut sums: BTreeMap<Party, Exact> = BTreeMap::new();
    for ((_, company), part) in &direct {
        *sums.entry(company.clone()).or_default() += part;
    }
    for holding in &scenario.holdings {
        *direct.entry((holding.owner.clone(), holding.of.clone())).or_default() += &holding.part;
        let sum = sums.entry(holding.of.clone()).or_default();
        *sum += &holding.part;
        if *sum > Exact::whole(1) {
            let percent = &*sum * &Exact::whole(100);
            return Err(wrong(Unowned::Over { company: holding.of.clone(), on, percent }));
        }
    }
    stake::look_through(&direct, on).map_err(wrong)
}

/// A part of a company with a valuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Who owns it.
    pub(super) party: Party,
    /// The part, times the minor units of the forecast that a unit of the valuation's currency is.
    part: Exact,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// That of the book.
    Dated(Exact),
    /// The row of the scenario with this place.
    Supposed(usize),
}

impl Held {
    /// In minor units, where the scenario's valuations come to these amounts.
    pub(super) fn worth(&self, values: &[Exact]) -> Option<i128> {
        let value = match &self.value {
            Value::Dated(value) => Some(value),
            Value::Supposed(place) => values.get(*place),
        };
        (&self.part * value?).round_half_even()
    }
}

/// For each period, what is held on its last day.
pub(super) fn held(
    draft: &str,
    scenario: &Scenario,
    (terms, rates): (&Terms, &Rates),
    periods: &[Stage],
) -> Result<Vec<Vec<Held>>, Unprojected> {
    let on = |stage: &Stage| {
        let day = stage.until.yesterday().unwrap_or(stage.until);
        let mut found = Vec::new();
        for ((holder, company), part) in owned(draft, scenario, &terms.stakes, day)? {
            let valued = valued(scenario, &terms.valuations, &company, day);
            found.extend(valued.and_then(|(value, currency)| {
                let one = rates.convert(&Exact::whole(1), currency, scenario.currency, day)?;
                let minor = Exact::whole(10i128.checked_pow(scenario.currency.decimals())?);
                Some(Held { party: holder, part: &(&part * &one) * &minor, value })
            }));
        }
        Ok(found)
    };
    periods.iter().map(on).collect()
}

/// The latest valuation by then; that of the scenario where both are of one day.
fn valued(scenario: &Scenario, rows: &[Valuation], company: &Party, day: Date) -> Option<(Value, Currency)> {
    let dated = rows.iter().filter(|row| row.of == *company && row.on <= day).max_by_key(|row| row.on);
    let supposed = scenario.valuations.iter().enumerate();
    let supposed =
        supposed.filter(|(_, row)| row.of == *company && row.on <= day).max_by_key(|(_, row)| row.on);
    match (dated, supposed) {
        (Some(dated), Some((_, row))) if dated.on > row.on => {
            Some((Value::Dated(dated.value.exact()), dated.value.currency))
        }
        (_, Some((place, _))) => Some((Value::Supposed(place), scenario.currency)),
        (Some(dated), None) => Some((Value::Dated(dated.value.exact()), dated.value.currency)),
        (None, None) => None,
    }
}

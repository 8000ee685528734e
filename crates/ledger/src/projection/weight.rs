//! Present values: what every party's cash is worth at the start, and what its parts of the others' add to it.
//!
//! What a clause moves is weighed once for payer and payee together, so that an amount that is not known widens the
//! interval by no more than the owner's part in it.

use super::flow::Flow;
use crate::share::Span;
use crate::stake::Parts;
use abide_model::money::{Exact, PICO};
use abide_model::name::Party;

/// How much of everybody's trade and of every flow counts for one party. What does not count is not listed.
pub(super) struct Weights {
    traded: Vec<(usize, Exact)>,
    moved: Vec<(usize, Exact)>,
}

impl Weights {
    /// What is the party's own.
    pub(super) fn own(party: &Party, parties: &[Party], flows: &[Flow]) -> Self {
        let own = |other: &Party| if other == party { Exact::whole(1) } else { Exact::zero() };
        Self::of(&own, parties, flows)
    }

    /// The same with its parts of the others, directly and through others.
    pub(super) fn through(party: &Party, through: &Parts, parties: &[Party], flows: &[Flow]) -> Self {
        let own = |other: &Party| if other == party { Exact::whole(1) } else { Exact::zero() };
        let part = |other: &Party| through.get(&(party.clone(), other.clone())).cloned().unwrap_or_default();
        Self::of(&|other: &Party| own(other) + part(other), parties, flows)
    }

    fn of(part: &dyn Fn(&Party) -> Exact, parties: &[Party], flows: &[Flow]) -> Self {
        let listed =
            |all: Vec<Exact>| all.into_iter().enumerate().filter(|(_, part)| !part.is_zero()).collect();
        Self {
            traded: listed(parties.iter().map(part).collect()),
            moved: listed(flows.iter().map(|flow| part(&flow.payee) - part(&flow.payer)).collect()),
        }
    }

    /// How much of a flow counts.
    pub(super) fn of_flow(&self, flow: usize) -> Exact {
        let found = self.moved.iter().find(|(at, _)| *at == flow);
        found.map_or_else(Exact::zero, |(_, part)| part.clone())
    }

    /// The sum in minor units, of what everybody's trade and every flow is worth, in trillionths of one. `None` when it
    /// does not fit.
    pub(super) fn weigh(&self, traded: &[i128], moved: &[Span<i128>]) -> Option<Span<i128>> {
        let mut sum = Span { low: Exact::zero(), high: Exact::zero() };
        for (at, part) in &self.traded {
            let worth = part * &Exact::whole(traded.get(*at).copied().unwrap_or(0));
            sum.low += &worth;
            sum.high += &worth;
        }
        for (at, part) in &self.moved {
            let Some(moved) = moved.get(*at) else { continue };
            let (low, high) = (part * &Exact::whole(moved.low), part * &Exact::whole(moved.high));
            let (low, high) = if part.is_negative() { (high, low) } else { (low, high) };
            sum.low += &low;
            sum.high += &high;
        }
        let unit = Exact::ratio(1, PICO)?;
        Some(Span {
            low: (&sum.low * &unit).round_half_even()?,
            high: (&sum.high * &unit).round_half_even()?,
        })
    }
}

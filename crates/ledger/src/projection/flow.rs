//! Who pays whom under which clause, and when: what the formulas say is owed, booked on the day it falls due.

use super::grid;
use super::run::{NOTHING, Plan, Sheet};
use crate::bases::Reckoned;
use crate::share::Span;
use crate::sum::TooLarge;
use crate::tally::Kind;
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Clause, Party};
use abide_model::terms::{Split, Terms};

/// A clause under which one party pays another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) clause: Clause,
    /// What the clause is; `None` for a share.
    pub(super) kind: Option<Kind>,
    pub(super) payer: Party,
    pub(super) payee: Party,
}

/// What a flow is worth at the start of the horizon, in trillionths of a minor unit.
pub(super) type Moved = Span<i128>;

impl Flow {
    /// Those of shares first, in the order of the terms.
    pub(super) fn all(terms: &Terms) -> Vec<Flow> {
        let flow = |clause: &Clause, kind, payer: &Party, payee: &Party| Flow {
            clause: clause.clone(),
            kind,
            payer: payer.clone(),
            payee: payee.clone(),
        };
        let shares = terms.shares.iter().map(|one| flow(&one.clause, None, &one.payer, &one.payee));
        let guarantees = terms.guarantees.iter();
        let guarantees =
            guarantees.map(|one| flow(&one.clause, Some(Kind::Guarantee), &one.payer, &one.payee));
        let commits = terms.commits.iter();
        let commits = commits.map(|one| flow(&one.clause, Some(Kind::Commit), &one.buyer, &one.seller));
        let parities = terms.parities.iter();
        let parities = parities.map(|one| flow(&one.clause, Some(Kind::Parity), &one.seller, &one.buyer));
        let split = |split: &Split| {
            let mut found: Vec<Flow> = Vec::new();
            for to in split.steps.iter().map(|step| &step.to).filter(|to| **to != split.holder) {
                if !found.iter().any(|flow| flow.payee == *to) {
                    found.push(flow(&split.clause, Some(Kind::Split), &split.holder, to));
                }
            }
            found
        };
        let splits = terms.splits.iter().flat_map(split);
        shares.chain(guarantees).chain(commits).chain(splits).chain(parities).collect()
    }
}

impl Plan<'_> {
    /// Books all that falls due within the horizon; returns what each flow is worth.
    pub(super) fn settle(
        &self,
        Reckoned { shares, accounts }: &Reckoned<'_>,
        sheet: &mut Sheet,
    ) -> Result<Vec<Moved>, TooLarge> {
        sheet.due = vec![vec![NOTHING; self.periods.len()]; self.flows.len()];
        let mut moved = vec![NOTHING; self.flows.len()];
        for (at, (_, worked)) in shares.iter().enumerate() {
            for worked in worked {
                // One that closes after the horizon counts with what the horizon holds of it.
                for settlement in worked.settled.iter().chain(&worked.open) {
                    let day = settlement.period.last_day();
                    self.book(at, day, (settlement.due, worked.currency), (&mut moved, sheet))?;
                }
            }
        }
        for account in accounts {
            if !account.unconverted.is_empty() {
                sheet.unconverted.insert(account.clause.clone());
            }
            for entry in &account.entries {
                let day = entry.stretch.last_day().filter(|day| *day >= self.from);
                let Some(day) = day.filter(|_| entry.closed || falls_due_open(account.kind)) else {
                    continue;
                };
                for owing in &entry.owed {
                    let flow = |flow: &Flow| flow.clause == account.clause && flow.payee == owing.payee;
                    // What a holder keeps is no flow.
                    let Some(at) = self.flows.iter().position(flow) else { continue };
                    self.book(at, day, (owing.due, entry.currency), (&mut moved, sheet))?;
                }
            }
        }
        self.pay(sheet)?;
        Ok(moved)
    }

    /// What falls due under a flow on a day.
    fn book(
        &self,
        at: usize,
        day: Date,
        (due, currency): (Span<i128>, Currency),
        (moved, sheet): (&mut [Moved], &mut Sheet),
    ) -> Result<(), TooLarge> {
        let Some(due) = self.converted(&due, currency, day)? else {
            let clause = self.flows.get(at).map(|flow| flow.clause.clone());
            sheet.unconverted.extend(clause.filter(|_| due != NOTHING));
            return Ok(());
        };
        let period = grid::place(self.periods, day);
        if let Some(sum) = sheet.due.get_mut(at).and_then(|row| row.get_mut(period)) {
            *sum = self.plus(sum, &due)?;
        }
        if let Some(sum) = moved.get_mut(at) {
            let present = Span { low: self.present(due.low, day)?, high: self.present(due.high, day)? };
            *sum = self.plus(sum, &present)?;
        }
        Ok(())
    }

    /// A payment in the currency of the scenario, at the rate of its day, rounded half to even. `None` without a rate.
    fn converted(
        &self,
        due: &Span<i128>,
        currency: Currency,
        day: Date,
    ) -> Result<Option<Span<i128>>, TooLarge> {
        if currency == self.currency {
            return Ok(Some(*due));
        }
        let Some((_, rate)) = self.rates.on(currency, self.currency, day) else { return Ok(None) };
        let unit = Exact::whole(10i128.pow(currency.decimals()));
        let convert = |minor: i128| {
            let units = (&Exact::whole(minor) / &unit).unwrap_or_default();
            (&units * rate).to_minor(self.currency).ok_or(self.too_large())
        };
        Ok(Some(Span { low: convert(due.low)?, high: convert(due.high)? }))
    }

    /// Adds every flow to what its parties pay and receive.
    fn pay(&self, sheet: &mut Sheet) -> Result<(), TooLarge> {
        let place = |party: &Party| self.parties.iter().position(|one| one == party);
        let Sheet { paid, received, due, .. } = sheet;
        for (flow, row) in self.flows.iter().zip(due.iter()) {
            for (side, party) in [(&mut *paid, &flow.payer), (&mut *received, &flow.payee)] {
                let Some(sums) = place(party).and_then(|at| side.get_mut(at)) else { continue };
                for (sum, due) in sums.iter_mut().zip(row) {
                    *sum = self.plus(sum, due)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether what a period has come to by the end of the horizon counts although it has not closed. A shortfall does not:
/// it may still be made up.
fn falls_due_open(kind: Kind) -> bool {
    match kind {
        Kind::Split | Kind::Parity => true,
        Kind::Guarantee | Kind::Commit => false,
    }
}

//! Many futures as figures: tenths and middles of what each of them comes to. Of a future nothing else is kept.

use super::column::{Column, Days};
use super::drawdown;
use super::flow::Flow;
use super::run::{NOTHING, Plan, Sheet};
use super::{ClauseOutcome, Figure, Missing, Outcome, PartyOutcome, Row, Unprojected, Why};
use crate::share::Span;
use crate::sum::TooLarge;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Clause, Party};
use abide_model::scenario::Measure;
use abide_model::terms::Limit;
use std::collections::BTreeSet;

/// The most figures that are kept of all futures together; each takes eight bytes.
const FIGURES_MAX: usize = 100_000_000;
/// After how many futures it is looked at how many figures that will be.
const FUTURES_LOOKED_AT: usize = 64;
/// A difference below this many minor units is rounding.
pub(super) const EVEN_MINOR: i128 = 100;

/// One draft in every future so far.
pub(super) struct Gathered<'p> {
    parties: Vec<(&'p Party, OfParty)>,
    flows: Vec<(&'p Flow, OfFlow)>,
    commits: Vec<drawdown::Gathered<'p>>,
    missing: Vec<Missing>,
    unconverted: BTreeSet<Clause>,
}

/// A figure for each period, and for all of them.
struct Rows {
    periods: Vec<Column>,
    total: Column,
}

struct OfParty {
    revenue: Rows,
    bought: Rows,
    received: Rows,
    paid: Rows,
    cash: Rows,
    present: Column,
    through: Column,
    worth: Vec<Column>,
    /// Whether anything it holds has a valuation in any future.
    valued: bool,
    gain: Column,
    gain_through: Column,
    ahead: u32,
    behind: u32,
}

struct OfFlow {
    due: Rows,
    added_up: Vec<Column>,
    cap: Limit,
    room: Option<i128>,
    kept: Option<Exact>,
    reached: Days,
}

/// What one future comes to under the draft that the others are compared with.
#[derive(Clone, Copy)]
pub(super) struct Base<'b> {
    plan: &'b Plan<'b>,
    sheet: &'b Sheet,
}

impl<'b> Base<'b> {
    pub(super) fn new(plan: &'b Plan<'b>, sheet: &'b Sheet) -> Self {
        Self { plan, sheet }
    }
}

impl<'p> Gathered<'p> {
    /// `plans` are those of the draft in every world that comes about.
    pub(super) fn new(plans: &[&'p Plan<'p>]) -> Self {
        let periods = plans.first().map_or(0, |plan| plan.periods.len());
        let parties: BTreeSet<&Party> = plans.iter().flat_map(|plan| &plan.parties).collect();
        let mut found = Self {
            parties: parties.into_iter().map(|party| (party, OfParty::new(periods))).collect(),
            flows: Vec::new(),
            commits: Vec::new(),
            missing: Vec::new(),
            unconverted: BTreeSet::new(),
        };
        for plan in plans {
            for (at, flow) in plan.flows.iter().enumerate() {
                if !found.flows.iter().any(|(known, _)| *known == flow) {
                    found.flows.push((flow, OfFlow::new(plan, at)));
                }
            }
            for commit in &plan.terms.commits {
                if !found.commits.iter().any(|known| *known.clause() == commit.clause) {
                    found.commits.push(drawdown::Gathered::new(plan, commit));
                }
            }
            for one in &plan.missing {
                if !found.missing.contains(one) {
                    found.missing.push(one.clone());
                }
            }
        }
        // Those of shares first, also where worlds differ.
        found.flows.sort_by_key(|(flow, _)| flow.kind);
        found
    }

    /// Adds what one more future comes to. `base` is the same future under the first draft, for the others.
    pub(super) fn push(
        &mut self,
        plan: &Plan<'_>,
        sheet: &Sheet,
        base: Option<Base<'_>>,
    ) -> Result<(), TooLarge> {
        for (party, gathered) in &mut self.parties {
            gathered.push(party, plan, sheet)?;
            // A draft gains nothing over itself, also where its terms are not known.
            if let Some(base) = base {
                gathered.compare(party, (plan, sheet), base)?;
            }
        }
        for (flow, gathered) in &mut self.flows {
            let place = plan.flows.iter().position(|one| one == *flow);
            gathered.push(plan, place.map(|at| (at, sheet)))?;
        }
        for gathered in &mut self.commits {
            let place = plan.terms.commits.iter().position(|commit| commit.clause == *gathered.clause());
            place.and_then(|at| sheet.drawdowns.get(at)).into_iter().for_each(|one| gathered.push(one));
        }
        let new = sheet.unconverted.iter().filter(|clause| !self.unconverted.contains(*clause));
        let new: Vec<Clause> = new.cloned().collect();
        self.unconverted.extend(new);
        Ok(())
    }

    /// How many figures differ from future to future.
    fn moving(&self) -> usize {
        let of_parties = self.parties.iter().flat_map(|(_, one)| one.columns());
        let of_flows = self.flows.iter().flat_map(|(_, one)| one.due.columns().chain(&one.added_up));
        let of_commits = self.commits.iter().flat_map(drawdown::Gathered::columns);
        of_parties.chain(of_flows).chain(of_commits).filter(|column| column.moves()).count()
    }

    pub(super) fn outcome(self) -> Outcome {
        let mut parties: Vec<PartyOutcome> =
            self.parties.into_iter().map(|(party, one)| one.outcome(party)).collect();
        parties.retain(|one| {
            let idle =
                [&one.revenue, &one.bought, &one.received, &one.paid].iter().all(|row| row.is_nothing());
            let poor = one.worth.iter().all(|figure| *figure == Figure::default());
            !idle || !poor || one.look_through != Figure::default()
        });
        let mut clauses: Vec<ClauseOutcome> =
            self.flows.into_iter().map(|(flow, one)| one.outcome(flow)).collect();
        clauses.retain(|clause| !clause.due.is_nothing());
        let commits = self.commits.into_iter().map(drawdown::Gathered::outcome).collect();
        // Left out from the start, and amounts that have no rate.
        let lost = self.unconverted.into_iter().map(|clause| Missing { clause, why: Why::Rate });
        let mut missing = self.missing;
        for one in lost {
            if !missing.contains(&one) {
                missing.push(one);
            }
        }
        Outcome { parties, clauses, commits, missing }
    }
}

/// Whether so many futures may be kept, as far as the first of them tell; asked after each.
pub(super) fn fits(all: &[Gathered<'_>], done: usize, futures: usize) -> Result<(), Unprojected> {
    if !done.is_multiple_of(FUTURES_LOOKED_AT) {
        return Ok(());
    }
    let figures: usize = all.iter().map(Gathered::moving).sum();
    let most = FIGURES_MAX.checked_div(figures).unwrap_or(usize::MAX);
    if futures > most { Err(Unprojected::TooMany { figures, futures, most }) } else { Ok(()) }
}

impl Rows {
    fn new(periods: usize) -> Self {
        Self { periods: vec![Column::default(); periods], total: Column::default() }
    }

    /// Adds a row; nothing where there is none.
    fn push(&mut self, plan: &Plan<'_>, row: Option<&[Span<i128>]>) -> Result<(), TooLarge> {
        let mut sum = NOTHING;
        for (at, column) in self.periods.iter_mut().enumerate() {
            let part = row.and_then(|row| row.get(at)).copied().unwrap_or(NOTHING);
            sum = plan.plus(&sum, &part)?;
            column.push(part);
        }
        self.total.push(sum);
        Ok(())
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.periods.iter().chain([&self.total])
    }

    fn row(self) -> Row {
        Row { periods: figures(self.periods), total: self.total.figure() }
    }
}

fn figures(columns: Vec<Column>) -> Vec<Figure> {
    columns.into_iter().map(Column::figure).collect()
}

impl OfParty {
    fn new(periods: usize) -> Self {
        let rows = || Rows::new(periods);
        Self {
            revenue: rows(),
            bought: rows(),
            received: rows(),
            paid: rows(),
            cash: rows(),
            present: Column::default(),
            through: Column::default(),
            worth: vec![Column::default(); periods],
            valued: false,
            gain: Column::default(),
            gain_through: Column::default(),
            ahead: 0,
            behind: 0,
        }
    }

    fn push(&mut self, party: &Party, plan: &Plan<'_>, sheet: &Sheet) -> Result<(), TooLarge> {
        let at = plan.parties.binary_search(party).ok();
        let exactly = |row: &Vec<i128>| row.iter().map(|one| Span::exactly(*one)).collect::<Vec<_>>();
        for (rows, all) in [(&mut self.revenue, &sheet.revenue), (&mut self.bought, &sheet.bought)] {
            rows.push(plan, at.and_then(|at| all.get(at)).map(exactly).as_deref())?;
        }
        for (rows, all) in [(&mut self.received, &sheet.received), (&mut self.paid, &sheet.paid)] {
            rows.push(plan, at.and_then(|at| all.get(at)).map(Vec::as_slice))?;
        }
        let cash = at.map(|at| sheet.cash(at, plan.currency)).transpose()?;
        self.cash.push(plan, cash.as_deref())?;
        for (column, all) in [(&mut self.present, &sheet.present), (&mut self.through, &sheet.through)] {
            column.push(at.and_then(|at| all.get(at)).copied().unwrap_or(NOTHING));
        }
        let worth = at.and_then(|at| sheet.worth.get(&at));
        self.valued |= worth.is_some();
        for (place, column) in self.worth.iter_mut().enumerate() {
            column.push(Span::exactly(worth.and_then(|worth| worth.get(place)).copied().unwrap_or(0)));
        }
        Ok(())
    }

    /// By how much it is better off than in the same future under the first draft.
    fn compare(
        &mut self,
        party: &Party,
        (plan, sheet): (&Plan<'_>, &Sheet),
        base: Base<'_>,
    ) -> Result<(), TooLarge> {
        let gain = |measure| {
            let own = plan.measured(sheet, party, measure)?;
            let other = base.plan.measured(base.sheet, party, measure)?;
            plan.plus(&own, &Span { low: -other.high, high: -other.low })
        };
        let present = gain(Measure::PresentValue)?;
        self.ahead += u32::from(present.low >= EVEN_MINOR);
        self.behind += u32::from(present.high <= -EVEN_MINOR);
        self.gain.push(present);
        self.gain_through.push(gain(Measure::LookThrough)?);
        Ok(())
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        let rows = [&self.revenue, &self.bought, &self.received, &self.paid, &self.cash];
        let alone = [&self.present, &self.through, &self.gain, &self.gain_through];
        rows.into_iter().flat_map(Rows::columns).chain(alone).chain(&self.worth)
    }

    fn outcome(self, party: &Party) -> PartyOutcome {
        PartyOutcome {
            party: party.clone(),
            revenue: self.revenue.row(),
            bought: self.bought.row(),
            received: self.received.row(),
            paid: self.paid.row(),
            cash: self.cash.row(),
            present_value: self.present.figure(),
            look_through: self.through.figure(),
            worth: if self.valued { figures(self.worth) } else { Vec::new() },
            gain: self.gain.figure(),
            gain_through: self.gain_through.figure(),
            ahead: self.ahead,
            behind: self.behind,
        }
    }
}

impl OfFlow {
    fn new(plan: &Plan<'_>, at: usize) -> Self {
        // Flows begin with those of shares, in their order.
        let share = plan.terms.shares.get(at);
        Self {
            due: Rows::new(plan.periods.len()),
            added_up: vec![Column::default(); plan.periods.len()],
            cap: share.map_or(Limit::None, |share| share.cap.total),
            room: None,
            kept: plan.kept(at),
            reached: Days::default(),
        }
    }

    fn push(&mut self, plan: &Plan<'_>, place: Option<(usize, &Sheet)>) -> Result<(), TooLarge> {
        let row = place.and_then(|(at, sheet)| sheet.due.get(at));
        self.due.push(plan, row.map(Vec::as_slice))?;
        let mut sum = NOTHING;
        for (at, column) in self.added_up.iter_mut().enumerate() {
            sum = plan.plus(&sum, &row.and_then(|row| row.get(at)).copied().unwrap_or(NOTHING))?;
            column.push(sum);
        }
        let bound = place.and_then(|(at, sheet)| sheet.bounds.get(at).copied().flatten());
        if let Some(bound) = bound {
            self.room = self.room.or(bound.room);
            self.reached.push(bound.reached);
        }
        Ok(())
    }

    fn outcome(self, flow: &Flow) -> ClauseOutcome {
        ClauseOutcome {
            clause: flow.clause.clone(),
            kind: flow.kind,
            payer: flow.payer.clone(),
            payee: flow.payee.clone(),
            due: self.due.row(),
            added_up: figures(self.added_up),
            cap: self.cap,
            room: self.room,
            reached: self.reached.reached(),
            kept: self.kept,
        }
    }
}

impl Sheet {
    /// Revenue and what is received less what is bought and paid, for each period.
    pub(super) fn cash(&self, at: usize, currency: Currency) -> Result<Vec<Span<i128>>, TooLarge> {
        let (Some(revenue), Some(bought), Some(received), Some(paid)) =
            (self.revenue.get(at), self.bought.get(at), self.received.get(at), self.paid.get(at))
        else {
            return Ok(Vec::new());
        };
        let net = |revenue: i128, received: i128, paid: i128| {
            revenue.checked_add(received).and_then(|sum| sum.checked_sub(paid)).ok_or(TooLarge { currency })
        };
        let each = revenue.iter().zip(bought).zip(received).zip(paid);
        each.map(|(((revenue, bought), received), paid)| {
            let revenue = revenue.checked_sub(*bought).ok_or(TooLarge { currency })?;
            let (low, high) =
                (net(revenue, received.low, paid.high)?, net(revenue, received.high, paid.low)?);
            Ok(Span { low, high })
        })
        .collect()
    }
}

impl Row {
    fn is_nothing(&self) -> bool {
        self.total == Figure::default() && self.periods.iter().all(|figure| *figure == Figure::default())
    }
}

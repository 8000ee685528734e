//! One future under one draft: what every party sells, buys, pays and is paid, period by period.

use super::basis;
use super::drawdown::{self, Drawdown, Months};
use super::flow::{Flow, Moved};
use super::grid::{self, Slice};
use super::level::{Course, Future};
use super::weight::Weights;
use super::worth::{self, Held};
use super::{Calendar, Missing, Piece, Stage, Terms, Unprojected};
use crate::accrual::{Settlement, Worked};
use crate::bases::Bases;
use crate::convert::Rates;
use crate::period::day_start;
use crate::share::Span;
use crate::sum::{TooLarge, minor_amount};
use crate::tally::Sale;
use abide_model::money::{Currency, Exact};
use abide_model::name::{Clause, Customer, Party, Product};
use abide_model::scenario::{Measure, Purchase, Scenario, Stream};
use abide_model::terms::{self, Quantity, Share};
use abide_model::{Date, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A draft in one world, laid out so that a future costs little more than its sums.
pub(super) struct Plan<'p> {
    pub(super) name: &'p str,
    pub(super) currency: Currency,
    pub(super) periods: &'p [Stage],
    pub(super) from: Date,
    pub(super) until: Date,
    discount: &'p Exact,
    pub(super) terms: Arc<terms::Terms>,
    pub(super) rates: Rates,
    pub(super) parties: Vec<Party>,
    /// Who pays whom under which clause; those of shares first, in their order.
    pub(super) flows: Vec<Flow>,
    /// What is left out whatever the future.
    pub(super) missing: Vec<Missing>,
    /// What is sold and bought, by month.
    cells: Vec<Cell<'p>>,
    /// Every base as it stands when the horizon begins.
    bases: Bases,
    /// What an amount at the end of a month's last day is worth at the start of the horizon, in trillionths.
    factors: BTreeMap<Date, i128>,
    /// What counts for each party's present value, …
    own: Vec<Weights>,
    /// … and through all it owns; the same where nobody owns anything.
    through: Option<Vec<Weights>>,
    /// For each period, whose stakes have a valuation.
    held: Vec<Vec<(usize, Held)>>,
}

/// A slice of what one course sells or buys, looked up.
struct Cell<'p> {
    /// The place of its course.
    course: usize,
    month: Date,
    /// From this day of the month, counted from 0, …
    from: i128,
    /// … until this one, …
    until: i128,
    /// … of so many.
    of: i128,
    at: Time,
    period: usize,
    last_day: Date,
    seller: Option<usize>,
    /// The party that pays for it, where it is one of the book.
    buyer: Option<usize>,
    /// What is sold; `None` for a purchase.
    goods: Option<Goods<'p>>,
    /// The clauses that hold it.
    toward: &'p [Clause],
}

/// What clauses look at in a sale.
#[derive(Clone, Copy)]
struct Goods<'p> {
    product: &'p Product,
    customer: Option<&'p Customer>,
    unit: Option<&'p str>,
}

/// What a future comes to under a draft, in minor units. Rows hold a figure for each period.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) revenue: Vec<Vec<i128>>,
    pub(super) bought: Vec<Vec<i128>>,
    pub(super) received: Vec<Vec<Span<i128>>>,
    pub(super) paid: Vec<Vec<Span<i128>>>,
    /// For each flow.
    pub(super) due: Vec<Vec<Span<i128>>>,
    /// For each share; `None` where it has no bound that is known.
    pub(super) bounds: Vec<Option<Bounded>>,
    /// For each commitment.
    pub(super) drawdowns: Vec<Drawdown>,
    pub(super) present: Vec<Span<i128>>,
    pub(super) through: Vec<Span<i128>>,
    /// For each party what its stakes are worth, where any has a valuation.
    pub(super) worth: BTreeMap<usize, Vec<i128>>,
    /// Clauses with amounts that no rate turns into the currency of the scenario, or of the clause.
    pub(super) unconverted: BTreeSet<Clause>,
}

/// What becomes of the bound on a share's total in one future.
#[derive(Clone, Copy)]
pub(super) struct Bounded {
    /// What is left of it for the horizon, in minor units, where it is in the scenario's currency.
    pub(super) room: Option<i128>,
    /// The last day of the settlement that uses it up.
    pub(super) reached: Span<Option<Date>>,
}

pub(super) const NOTHING: Span<i128> = Span { low: 0, high: 0 };

impl<'p> Plan<'p> {
    pub(super) fn new(
        scenario: &'p Scenario,
        name: &'p str,
        terms: &'p Terms,
        periods: &'p [Stage],
        calendar: &Calendar,
    ) -> Result<Self, Unprojected> {
        let (money, missing) = basis::basis(terms, scenario);
        let rates = Rates::new(&money.rates);
        let through = worth::owned(name, scenario, &money.stakes, scenario.from)?;
        let held = worth::held(name, scenario, (&money, &rates), periods)?;
        let traders =
            scenario.streams.iter().flat_map(|one| [Some(&one.party), one.buyer.as_ref()]).flatten();
        let traders = traders.chain(scenario.purchases.iter().flat_map(|one| [&one.buyer, &one.seller]));
        let owners = through.keys().flat_map(|(owner, of)| [owner, of]);
        let holders = held.iter().flatten().map(|held| &held.party);
        let parties: BTreeSet<&Party> =
            traders.chain(owners).chain(holders).chain(basis::parties(&money)).collect();
        let parties: Vec<Party> = parties.into_iter().cloned().collect();
        let place = |party: &Party| parties.iter().position(|one| one == party);
        let each =
            |held: Vec<Held>| held.into_iter().filter_map(|one| Some((place(&one.party)?, one))).collect();
        let held = held.into_iter().map(each).collect();
        let flows = Flow::all(&money);
        let cells = cells(scenario, (terms, &money), &parties, periods, calendar);
        let money = Arc::new(money);
        let window = day_start(scenario.from, &calendar.zone)..day_start(scenario.until, &calendar.zone);
        let mut bases = Bases::new(&money, &window, &calendar.zone, calendar.year);
        bases.enter(&money, &calendar.zone, |_, _, _| {});
        let own = parties.iter().map(|party| Weights::own(party, &parties, &flows)).collect();
        let owned = parties.iter().map(|party| Weights::through(party, &through, &parties, &flows));
        Ok(Self {
            name,
            currency: scenario.currency,
            periods,
            from: scenario.from,
            until: scenario.until,
            discount: &scenario.discount,
            terms: money,
            rates,
            missing,
            cells,
            bases,
            factors: factors(scenario),
            own,
            through: (!through.is_empty()).then(|| owned.collect()),
            held,
            flows,
            parties,
        })
    }

    /// What a future comes to.
    pub(super) fn work_out(&self, future: &Future) -> Result<Sheet, TooLarge> {
        let (parties, periods) = (self.parties.len(), self.periods.len());
        let mut sheet = Sheet {
            revenue: vec![vec![0; periods]; parties],
            bought: vec![vec![0; periods]; parties],
            received: vec![vec![NOTHING; periods]; parties],
            paid: vec![vec![NOTHING; periods]; parties],
            ..Sheet::default()
        };
        let mut bases = self.bases.clone();
        let mut months = vec![Months::default(); self.terms.commits.len()];
        let traded = self.trade(future, &mut bases, (&mut sheet, &mut months))?;
        let reckoned = bases.work_out()?;
        let bounds = reckoned.shares.iter().map(|(share, worked)| self.bounded(share, worked));
        sheet.bounds = bounds.collect();
        sheet.drawdowns = drawdown::keep(self, &months, &reckoned.accounts)?;
        let moved = self.settle(&reckoned, &mut sheet)?;
        self.value(future, (&traded, &moved), &mut sheet)?;
        Ok(sheet)
    }

    /// Sells and buys everything, month by month; returns what each party's trade is worth at the start of the horizon,
    /// in trillionths of a minor unit.
    fn trade(
        &self,
        future: &Future,
        bases: &mut Bases,
        (sheet, months): (&mut Sheet, &mut [Months]),
    ) -> Result<Vec<i128>, TooLarge> {
        let mut traded = vec![0; self.parties.len()];
        let horizon = self.until.yesterday().unwrap_or(self.until);
        drawdown::note(months, bases.tally(), self.from.yesterday().unwrap_or(self.from));
        let mut cells = self.cells.iter().peekable();
        while let Some(cell) = cells.next() {
            let Some(course) = future.courses.get(cell.course) else { continue };
            let minor = cell.part_of(course.month(cell.month)).ok_or(self.too_large())?;
            self.count(cell, course, minor, bases)?;
            let present = self.present(minor, cell.last_day)?;
            let sides =
                [(cell.seller, &mut sheet.revenue, present), (cell.buyer, &mut sheet.bought, -present)];
            for (party, rows, present) in sides {
                let Some(party) = party else { continue };
                if let Some(sum) = rows.get_mut(party).and_then(|row| row.get_mut(cell.period)) {
                    *sum = self.sum(*sum, minor)?;
                }
                if let Some(sum) = traded.get_mut(party) {
                    *sum = self.sum(*sum, present)?;
                }
            }
            if cells.peek().is_none_or(|next| next.month != cell.month) {
                drawdown::note(months, bases.tally(), cell.last_day.min(horizon));
            }
        }
        Ok(traded)
    }

    /// Puts a cell into the bases that hold it, as the row that a statement would count.
    fn count(
        &self,
        cell: &Cell<'_>,
        course: &Course,
        minor: i128,
        bases: &mut Bases,
    ) -> Result<(), TooLarge> {
        if cell.toward.is_empty() {
            return Ok(());
        }
        let amount = minor_amount(minor, self.currency)?;
        let holds = |clause: &Clause| cell.toward.contains(clause);
        let Some(Goods { product, customer, unit }) = cell.goods else {
            bases.buy(cell.at, amount, holds);
            return Ok(());
        };
        let units = unit
            .and_then(|unit| Some(Quantity { count: course.units(&amount.exact())?, unit: unit.to_owned() }));
        bases.sell(
            &Sale { at: cell.at, product, customer, amount, quantity: units.as_ref(), metered: false },
            holds,
        );
        Ok(())
    }

    /// What becomes of the bound of a share; `None` where it has none that is known.
    fn bounded(&self, share: &Share, worked: &[Worked]) -> Option<Bounded> {
        let (cap, currency) = super::bound(&share.cap)?;
        let worked = worked.iter().find(|worked| worked.currency == currency);
        let counts = |one: &&Settlement| share.cap.from.is_none_or(|from| one.period.first_day() >= from);
        let day = |end: fn(&Span<Exact>) -> &Exact| {
            let mut used = Exact::zero();
            let mut settled = worked.into_iter().flat_map(Worked::all);
            let full = settled.find(|settlement| {
                if counts(settlement) {
                    used += end(&settlement.share);
                }
                used >= cap
            });
            full.map(|settlement| settlement.period.last_day()).filter(|day| *day < self.until)
        };
        let past = worked.into_iter().flat_map(|worked| &worked.history).filter(counts);
        let used: Exact = past.map(|settlement| settlement.share.high.clone()).sum();
        let room = (&cap - &used).to_minor(currency).filter(|_| currency == self.currency);
        // What pays more uses the bound up sooner.
        Some(Bounded { room, reached: Span { low: day(|share| &share.high), high: day(|share| &share.low) } })
    }

    /// What of each whole that a flow pays is left to its payee, looked through what it owns; `None` where that is the
    /// whole.
    pub(super) fn kept(&self, flow: usize) -> Option<Exact> {
        let payee = &self.flows.get(flow)?.payee;
        let at = self.parties.iter().position(|party| party == payee)?;
        let kept = self.through.as_ref()?.get(at)?.of_flow(flow);
        Some(kept).filter(|kept| *kept != Exact::whole(1))
    }

    /// Whether a stage of a commitment lies in the horizon, or a part of it.
    pub(super) fn reaches_into(&self, stage: &terms::Stage) -> bool {
        stage.since < self.until && stage.until.is_none_or(|until| self.from < until)
    }

    /// Present values, own and with parts of others', and what stakes are worth.
    fn value(
        &self,
        future: &Future,
        (traded, moved): (&[i128], &[Moved]),
        sheet: &mut Sheet,
    ) -> Result<(), TooLarge> {
        let weighed = |weights: &Weights| weights.weigh(traded, moved).ok_or(self.too_large());
        sheet.present = self.own.iter().map(weighed).collect::<Result<_, _>>()?;
        sheet.through = match &self.through {
            Some(through) => through.iter().map(weighed).collect::<Result<_, _>>()?,
            None => sheet.present.clone(),
        };
        for (period, held) in self.held.iter().enumerate() {
            for (party, held) in held {
                let worth = held.worth(&future.values).ok_or(self.too_large())?;
                let row = sheet.worth.entry(*party).or_insert_with(|| vec![0; self.periods.len()]);
                if let Some(sum) = row.get_mut(period) {
                    *sum = self.sum(*sum, worth)?;
                }
            }
        }
        Ok(())
    }

    /// What a measure comes to for a party. The bounds of cash and of present value are taken apart: what is not known
    /// may lie at its low end for what is paid and at its high end for what is received.
    pub(super) fn measured(
        &self,
        sheet: &Sheet,
        party: &Party,
        measure: Measure,
    ) -> Result<Span<i128>, TooLarge> {
        let Some(at) = self.parties.iter().position(|one| one == party) else { return Ok(NOTHING) };
        let found = match measure {
            Measure::PresentValue => sheet.present.get(at).copied(),
            Measure::LookThrough => sheet.through.get(at).copied(),
            Measure::Cash => {
                let cash = sheet.cash(at, self.currency)?;
                Some(cash.iter().try_fold(NOTHING, |sum, one| self.plus(&sum, one))?)
            }
        };
        Ok(found.unwrap_or(NOTHING))
    }

    /// What an amount at the end of a day is worth at the start of the horizon, in trillionths of a minor unit.
    pub(super) fn present(&self, minor: i128, day: Date) -> Result<i128, TooLarge> {
        let factor = self.factors.get(&day).copied();
        let factor = factor.unwrap_or_else(|| super::discount(self.discount, self.from, day));
        minor.checked_mul(factor).ok_or(self.too_large())
    }

    pub(super) fn too_large(&self) -> TooLarge {
        TooLarge { currency: self.currency }
    }

    fn sum(&self, a: i128, b: i128) -> Result<i128, TooLarge> {
        a.checked_add(b).ok_or(self.too_large())
    }

    pub(super) fn plus(&self, a: &Span<i128>, b: &Span<i128>) -> Result<Span<i128>, TooLarge> {
        Ok(Span { low: self.sum(a.low, b.low)?, high: self.sum(a.high, b.high)? })
    }
}

/// Everything that is sold and bought, by month.
fn cells<'p>(
    scenario: &'p Scenario,
    (terms, money): (&'p Terms, &terms::Terms),
    parties: &[Party],
    periods: &[Stage],
    calendar: &Calendar,
) -> Vec<Cell<'p>> {
    let turns = turns(money);
    let place = |party: &Party| parties.iter().position(|one| one == party);
    let sold = |stream: &'p Stream, pieces: &'p [Piece]| {
        let goods = Goods {
            product: &stream.product,
            customer: stream.customer.as_ref(),
            unit: stream.price.as_ref().map(|price| price.unit.as_str()),
        };
        let sides = (place(&stream.party), stream.buyer.as_ref().and_then(place));
        (grid::slices(scenario, stream.from..stream.until, pieces, &turns), sides, Some(goods))
    };
    let bought = |purchase: &Purchase, pieces: &'p [Piece]| {
        let sides = (place(&purchase.seller), place(&purchase.buyer));
        (grid::slices(scenario, purchase.from..purchase.until, pieces, &turns), sides, None)
    };
    let streams = scenario.streams.iter().zip(&terms.sold).map(|(stream, pieces)| sold(stream, pieces));
    let purchases = scenario.purchases.iter().zip(&terms.bought);
    let all = streams.chain(purchases.map(|(purchase, pieces)| bought(purchase, pieces)));
    let mut found: Vec<Cell<'p>> = Vec::new();
    for (course, (slices, (seller, buyer), goods)) in all.enumerate() {
        let cell = |slice: Slice<'p>| {
            let from = i128::from(slice.from.day()) - 1;
            Cell {
                course,
                month: slice.month,
                from,
                until: from + i128::from(slice.days),
                of: i128::from(slice.of),
                at: day_start(slice.from, &calendar.zone),
                period: grid::place(periods, slice.from),
                last_day: last_of_month(slice.month),
                seller,
                buyer,
                goods,
                toward: slice.piece.toward.as_slice(),
            }
        };
        found.extend(slices.into_iter().map(cell));
    }
    found.sort_by_key(|cell| cell.month);
    found
}

/// The days on which a stage of a commitment or an exchange rate begins or ends: what lies on both sides counts apart.
fn turns(money: &terms::Terms) -> BTreeSet<Date> {
    let stages = money.commits.iter().flat_map(|commit| &commit.stages);
    let stages = stages.flat_map(|stage| [Some(stage.since), stage.until]).flatten();
    stages.chain(money.rates.iter().map(|rate| rate.on)).collect()
}

impl Cell<'_> {
    /// Its part of what the month comes to. The parts of a month's cells add up to the month.
    fn part_of(&self, month: i128) -> Option<i128> {
        let upto = |day: i128| Some(month.checked_mul(day)?.div_euclid(self.of.max(1)));
        Some(upto(self.until)? - upto(self.from)?)
    }
}

fn last_of_month(month: Date) -> Date {
    super::next_month(month).yesterday().unwrap_or(Date::MAX)
}

/// The worth of an amount at the end of every month of the horizon.
fn factors(scenario: &Scenario) -> BTreeMap<Date, i128> {
    let first = Date::new(scenario.from.year(), scenario.from.month(), 1).unwrap_or(scenario.from);
    let next = |month: &Date| Some(super::next_month(*month)).filter(|next| next > month);
    let all = std::iter::successors(Some(first), next).take_while(|month| *month < scenario.until);
    let days = all.map(last_of_month);
    days.map(|day| (day, super::discount(&scenario.discount, scenario.from, day))).collect()
}

//! One future under one draft: what every party sells, pays and is paid, period by period.

pub(super) use super::level::Course;

use super::basis;
use super::flow::{Flow, Moved};
use super::grid::{self, Slice};
use super::{Calendar, Missing, Stage, Terms, Unprojected};
use crate::accrual::{Accrual, Worked};
use crate::convert::Rates;
use crate::period::day_start;
use crate::share::Span;
use crate::stake::{self, Parts};
use crate::sum::{TooLarge, minor_amount};
use crate::tally::{Sale, Tally};
use abide_model::money::{Currency, Exact, PICO};
use abide_model::name::{Clause, Customer, Party, Product};
use abide_model::scenario::{Measure, Scenario};
use abide_model::terms::{self, Share};
use abide_model::{Date, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A draft, laid out so that a future costs little more than its sums.
pub(super) struct Plan<'p> {
    pub(super) name: &'p str,
    pub(super) currency: Currency,
    pub(super) periods: &'p [Stage],
    pub(super) from: Date,
    until: Date,
    discount: &'p Exact,
    pub(super) terms: Arc<terms::Terms>,
    pub(super) rates: Arc<Rates>,
    pub(super) parties: Vec<Party>,
    /// Who pays whom under which clause; those of shares first, in their order.
    pub(super) flows: Vec<Flow>,
    /// What is left out whatever the future.
    pub(super) missing: Vec<Missing>,
    streams: Vec<Sold<'p>>,
    /// Every base as it stands when the horizon begins.
    accruals: Vec<Accrual>,
    tally: Tally,
    /// What an amount at the end of a month's last day is worth at the start of the horizon, in trillionths.
    factors: BTreeMap<Date, i128>,
    /// Which part of whom parties own, directly or through others.
    through: Parts,
}

/// What one stream sells.
struct Sold<'p> {
    seller: usize,
    product: &'p Product,
    customer: Option<&'p Customer>,
    /// By day.
    cells: Vec<Cell<'p>>,
}

/// A slice of revenue, looked up.
struct Cell<'p> {
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
    /// The shares that it counts toward, by their place.
    shares: Vec<usize>,
    /// Whether any other clause holds it, …
    others: bool,
    /// … and all that do.
    toward: &'p [Clause],
}

/// What a future comes to under a draft, in minor units. Rows hold a figure for each period.
pub(super) struct Sheet {
    pub(super) revenue: Vec<Vec<i128>>,
    pub(super) received: Vec<Vec<Span<i128>>>,
    pub(super) paid: Vec<Vec<Span<i128>>>,
    /// For each flow.
    pub(super) due: Vec<Vec<Span<i128>>>,
    /// For each share.
    pub(super) reached: Vec<Option<Span<Option<Date>>>>,
    pub(super) present: Vec<Span<i128>>,
    pub(super) through: Vec<Span<i128>>,
    /// Clauses with amounts that no rate turns into the currency of the scenario, or of the clause.
    pub(super) unconverted: BTreeSet<Clause>,
}

/// What counts, in the making.
struct Bases {
    accruals: Vec<Accrual>,
    tally: Tally,
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
        let sellers = scenario.streams.iter().map(|stream| &stream.party);
        let owners = terms.holdings.iter().flat_map(|holding| [&holding.owner, &holding.of]);
        let parties: BTreeSet<&Party> = sellers.chain(owners).chain(basis::parties(&money)).collect();
        let parties: Vec<Party> = parties.into_iter().cloned().collect();
        let through = through(name, terms, scenario.from)?;
        let streams = scenario.streams.iter().zip(&terms.pieces).map(|(stream, pieces)| {
            let cell = |slice: Slice<'p>| Cell::new(&slice, &money, periods, calendar);
            Sold {
                seller: parties.iter().position(|party| *party == stream.party).unwrap_or(0),
                product: &stream.product,
                customer: stream.customer.as_ref(),
                cells: grid::slices(scenario, stream, pieces).into_iter().map(cell).collect(),
            }
        });
        let (streams, money) = (streams.collect(), Arc::new(money));
        let rates = Arc::new(Rates::new(&money.rates).with_averages(&money.averages));
        let Bases { accruals, tally } = bases(&money, &rates, scenario, calendar);
        Ok(Self {
            name,
            currency: scenario.currency,
            periods,
            from: scenario.from,
            until: scenario.until,
            discount: &scenario.discount,
            flows: Flow::all(&money),
            terms: money,
            rates,
            parties,
            missing,
            streams,
            accruals,
            tally,
            factors: factors(scenario),
            through,
        })
    }

    /// What the future with these courses comes to.
    pub(super) fn work_out(&self, courses: &[Course]) -> Result<Sheet, TooLarge> {
        let (parties, periods) = (self.parties.len(), self.periods.len());
        let mut sheet = Sheet {
            revenue: vec![vec![0; periods]; parties],
            received: vec![vec![NOTHING; periods]; parties],
            paid: vec![vec![NOTHING; periods]; parties],
            due: Vec::new(),
            reached: Vec::new(),
            present: Vec::new(),
            through: Vec::new(),
            unconverted: BTreeSet::new(),
        };
        let mut sold = vec![0; parties];
        let mut bases = Bases { accruals: self.accruals.clone(), tally: self.tally.clone() };
        for (stream, course) in self.streams.iter().zip(courses) {
            self.sell(stream, course, (&mut sheet, &mut sold, &mut bases))?;
        }
        let mut worked: Vec<(&Clause, Vec<Worked>)> = Vec::with_capacity(bases.accruals.len());
        for (share, accrual) in self.terms.shares.iter().zip(&bases.accruals) {
            let found = accrual.work_out()?;
            sheet.reached.push(self.reached(share, &found));
            worked.push((&share.clause, found));
        }
        let accounts = bases.tally.work_out(&worked)?;
        let moved = self.settle(&worked, &accounts, &mut sheet)?;
        self.look_through(&sold, &moved, &mut sheet)?;
        Ok(sheet)
    }

    fn sell(
        &self,
        stream: &Sold<'_>,
        course: &Course,
        (sheet, sold, bases): (&mut Sheet, &mut [i128], &mut Bases),
    ) -> Result<(), TooLarge> {
        for cell in &stream.cells {
            let minor = cell.share_of(course.month(cell.month)).ok_or(self.too_large())?;
            let amount = minor_amount(minor, self.currency)?;
            for place in &cell.shares {
                if let Some(accrual) =
                    bases.accruals.get_mut(*place).filter(|accrual| accrual.counts(cell.at))
                {
                    accrual.add_revenue(cell.at, amount);
                }
            }
            if cell.others {
                let (product, customer) = (stream.product, stream.customer);
                let sale = Sale { at: cell.at, product, customer, amount, quantity: None };
                bases.tally.add(&sale, |clause| cell.toward.contains(clause));
            }
            if let Some(sum) = sheet.revenue.get_mut(stream.seller).and_then(|row| row.get_mut(cell.period)) {
                *sum = self.sum(*sum, minor)?;
            }
            let present = self.present(minor, cell.last_day)?;
            if let Some(sold) = sold.get_mut(stream.seller) {
                *sold = self.sum(*sold, present)?;
            }
        }
        Ok(())
    }

    /// The last day of the settlement that uses up the bound of a share; `None` where it has none that is known.
    fn reached(&self, share: &Share, worked: &[Worked]) -> Option<Span<Option<Date>>> {
        let (cap, currency) = super::bound(&share.cap)?;
        let worked = worked.iter().find(|worked| worked.currency == currency);
        let day = |end: fn(&Span<Exact>) -> &Exact| {
            let mut used = Exact::zero();
            let mut settled = worked.into_iter().flat_map(Worked::all);
            let full = settled.find(|settlement| {
                if share.cap.from.is_none_or(|from| settlement.period.first_day() >= from) {
                    used += end(&settlement.share);
                }
                used >= cap
            });
            full.map(|settlement| settlement.period.last_day()).filter(|day| *day < self.until)
        };
        // What pays more uses the bound up sooner.
        Some(Span { low: day(|share| &share.high), high: day(|share| &share.low) })
    }

    /// Present values, own and with parts of others'. What a clause moves is counted once for payer and payee together,
    /// so that an amount that is not known widens the interval by no more than the owner's part in it.
    fn look_through(&self, sold: &[i128], moved: &[Moved], sheet: &mut Sheet) -> Result<(), TooLarge> {
        let minor = |exact: &Exact| {
            let unit = exact * &Exact::ratio(1, PICO).unwrap_or_default();
            unit.round_half_even().ok_or(self.too_large())
        };
        for party in &self.parties {
            let whole = |part: &dyn Fn(&Party) -> Exact| -> Result<Span<i128>, TooLarge> {
                let mut sum = Span { low: Exact::zero(), high: Exact::zero() };
                for (other, sold) in self.parties.iter().zip(sold) {
                    let sold = &part(other) * &Exact::whole(*sold);
                    sum = Span { low: &sum.low + &sold, high: &sum.high + &sold };
                }
                for (flow, moved) in self.flows.iter().zip(moved) {
                    let part = part(&flow.payee) - part(&flow.payer);
                    let (low, high) = (&part * &Exact::whole(moved.low), &part * &Exact::whole(moved.high));
                    let (low, high) = if part.is_negative() { (high, low) } else { (low, high) };
                    sum = Span { low: &sum.low + &low, high: &sum.high + &high };
                }
                Ok(Span { low: minor(&sum.low)?, high: minor(&sum.high)? })
            };
            let own = |other: &Party| if other == party { Exact::whole(1) } else { Exact::zero() };
            sheet.present.push(whole(&own)?);
            let through = |other: &Party| {
                let part = self.through.get(&(party.clone(), other.clone()));
                own(other) + part.cloned().unwrap_or_default()
            };
            sheet.through.push(whole(&through)?);
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

/// Every base with what the book's rows tell of the time before the horizon.
fn bases(money: &Arc<terms::Terms>, rates: &Arc<Rates>, scenario: &Scenario, calendar: &Calendar) -> Bases {
    let Calendar { zone, year } = calendar;
    let window = day_start(scenario.from, zone)..day_start(scenario.until, zone);
    let accrual = |share: &Share| {
        Accrual::new(share.clone(), window.clone(), zone.clone(), *year).at_rates(Arc::clone(rates))
    };
    let mut bases = Bases {
        accruals: money.shares.iter().map(accrual).collect(),
        tally: Tally::new(Arc::clone(money), zone.clone(), *year, window.end, Arc::clone(rates)),
    };
    for row in &money.revenue {
        let at = day_start(row.on, zone);
        for accrual in &mut bases.accruals {
            if accrual.counts(at) && row.toward.contains(&accrual.share().clause) {
                accrual.add_revenue(at, row.amount);
            }
        }
        bases.tally.add(&Sale::of_row(row, at), |clause| row.toward.contains(clause));
    }
    for row in &money.purchases {
        let at = day_start(row.on, zone);
        bases.tally.buy(at, row.amount, |clause| row.toward.contains(clause));
    }
    bases
}

fn through(name: &str, terms: &Terms, on: Date) -> Result<Parts, Unprojected> {
    let mut direct = Parts::new();
    for holding in &terms.holdings {
        *direct.entry((holding.owner.clone(), holding.of.clone())).or_default() += &holding.part;
    }
    stake::look_through(&direct, on).map_err(|_| Unprojected::Circle { draft: name.to_owned() })
}

impl<'p> Cell<'p> {
    fn new(slice: &Slice<'p>, money: &terms::Terms, periods: &[Stage], calendar: &Calendar) -> Self {
        let from = i128::from(slice.from.day()) - 1;
        let toward = slice.piece.toward.as_slice();
        let shares = money.shares.iter().enumerate();
        let shares: Vec<usize> =
            shares.filter(|(_, share)| toward.contains(&share.clause)).map(|(at, _)| at).collect();
        let others = basis::sold_under(money).any(|clause| toward.contains(clause));
        Self {
            month: slice.month,
            from,
            until: from + i128::from(slice.days),
            of: i128::from(slice.of),
            at: day_start(slice.from, &calendar.zone),
            period: grid::place(periods, slice.from),
            last_day: last_of_month(slice.month),
            shares,
            others,
            toward,
        }
    }

    /// Its part of what the month comes to. The parts of a month's cells add up to the month.
    fn share_of(&self, month: i128) -> Option<i128> {
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

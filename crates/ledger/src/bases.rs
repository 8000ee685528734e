//! What every clause about money is worked out on, gathered as it comes, and all of them worked out: the one way from
//! lines, sales and purchases to what falls due, for statements, books and forecasts alike.

use crate::accrual::{Accrual, Worked};
use crate::convert::{Quote, Rates};
use crate::period::{Period, day_start};
use crate::sum::TooLarge;
use crate::tally::{Account, Sale, Say, Spent, Tally};
use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency};
use abide_model::name::Clause;
use abide_model::terms::{Share, Terms, YearBegins};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// The bases of all clauses about money.
#[derive(Debug, Clone)]
pub(crate) struct Bases {
    accruals: Vec<Accrual>,
    tally: Tally,
    until: Time,
}

/// All clauses, worked out.
pub(crate) struct Reckoned<'b> {
    /// The shares, in the order of the terms.
    pub(crate) shares: Vec<(&'b Share, Vec<Worked>)>,
    /// The others.
    pub(crate) accounts: Vec<Account>,
}

impl Bases {
    /// With nothing in them. What comes at the end of the window or later is left out.
    pub(crate) fn new(terms: &Arc<Terms>, window: &Range<Time>, zone: &TimeZone, begins: YearBegins) -> Self {
        let rates = Arc::new(Rates::new(&terms.rates).with_averages(&terms.averages));
        let accrual = |share: &Share| {
            Accrual::new(share.clone(), window.clone(), zone.clone(), begins).at_rates(Arc::clone(&rates))
        };
        Self {
            accruals: terms.shares.iter().map(accrual).collect(),
            tally: Tally::new(Arc::clone(terms), zone.clone(), begins, window.end, Arc::clone(&rates)),
            until: window.end,
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// For each share, the lines in the window that belong to its base but have no price.
    pub(crate) fn unpriced(&self) -> impl Iterator<Item = u64> {
        self.accruals.iter().map(Accrual::unpriced)
    }

    /// The rates at which revenue of a period of share number `at` is converted to `currency`.
    pub(crate) fn quotes(&self, at: usize, currency: Currency, period: Period) -> BTreeSet<Quote> {
        self.accruals.get(at).map_or_else(BTreeSet::new, |accrual| accrual.quotes(currency, period))
    }

    /// Adds the rows that were entered by hand. `seen` is told of each sale and what it does there.
    pub(crate) fn enter(
        &mut self,
        terms: &Terms,
        zone: &TimeZone,
        mut seen: impl FnMut(&abide_model::terms::Revenue, Time, Say),
    ) {
        for row in &terms.revenue {
            let at = day_start(row.on, zone);
            if at < self.until {
                let say = self.sell(&Sale::of_row(row, at), |clause| row.toward.contains(clause));
                seen(row, at, say);
            }
        }
        for row in &terms.purchases {
            self.buy(day_start(row.on, zone), row.amount, |clause| row.toward.contains(clause));
        }
    }

    /// Adds a metered line to the bases that hold it; what it does there.
    pub(crate) fn meter(&mut self, line: &UsageLine, holds: impl Fn(&Clause) -> bool) -> Say {
        let mut say = Say::Nothing;
        for accrual in &mut self.accruals {
            if accrual.counts(line.at) && holds(&accrual.share().clause) {
                accrual.add(line);
                say = Say::Counts;
            }
        }
        if let Some(sale) = Sale::of_line(line).filter(|_| self.tally.counts_sales()) {
            say = say.max(self.tally.add(&sale, holds));
        }
        say
    }

    /// Counts what a metered line costs toward the commitments that it draws down.
    pub(crate) fn spend(&mut self, spent: &Spent<'_>, holds: impl Fn(&Clause) -> bool) {
        if spent.at < self.until {
            self.tally.spend(spent, holds);
        }
    }

    /// Adds a sale to the bases that hold it; what it does there.
    pub(crate) fn sell(&mut self, sale: &Sale<'_>, holds: impl Fn(&Clause) -> bool) -> Say {
        let mut say = Say::Nothing;
        for accrual in &mut self.accruals {
            if accrual.counts(sale.at) && holds(&accrual.share().clause) {
                accrual.add_revenue(sale.at, sale.amount);
                say = Say::Counts;
            }
        }
        if self.tally.counts_sales() {
            say = say.max(self.tally.add(sale, holds));
        }
        say
    }

    /// Counts something bought toward the commitments that hold it.
    pub(crate) fn buy(&mut self, at: Time, amount: Amount, holds: impl Fn(&Clause) -> bool) {
        if at < self.until {
            self.tally.buy(at, amount, holds);
        }
    }

    /// Works every clause out.
    pub(crate) fn work_out(&self) -> Result<Reckoned<'_>, TooLarge> {
        let mut shares = Vec::with_capacity(self.accruals.len());
        for accrual in &self.accruals {
            shares.push((accrual.share(), accrual.work_out()?));
        }
        let accounts = self.tally.work_out(&shares)?;
        Ok(Reckoned { shares, accounts })
    }
}

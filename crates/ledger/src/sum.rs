//! Sums that lose nothing and roundings that add up. Knows nothing of what is summed.

use abide_model::money::{Amount, Currency, Exact, PICO};

/// An amount is beyond what 128 bits of its smallest unit can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount in {currency} is too large to be written down")]
pub struct TooLarge {
    /// Its currency.
    pub currency: Currency,
}

/// A running total of trillionths. Adding is one integer addition until 128 bits are full.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pico: i128,
    spill: Exact,
}

impl Sum {
    /// Adds trillionths of a currency unit.
    pub(crate) fn add(&mut self, pico: i128) {
        match self.pico.checked_add(pico) {
            Some(total) => self.pico = total,
            None => {
                self.spill = self.exact();
                self.pico = pico;
            }
        }
    }

    /// The total in currency units.
    pub(crate) fn exact(&self) -> Exact {
        &self.spill + &Amount { pico: self.pico, currency: Currency::USD }.exact()
    }
}

/// Rounds a growing total half to even, so that what is emitted always adds up to the rounded total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cumulative {
    currency: Currency,
    exact: Exact,
    emitted: i128,
}

impl Cumulative {
    pub(crate) fn new(currency: Currency) -> Self {
        Self { currency, exact: Exact::zero(), emitted: 0 }
    }

    /// Adds `part`; returns the minor units to emit for it, which carry what earlier roundings left over.
    pub(crate) fn add(&mut self, part: &Exact) -> Result<i128, TooLarge> {
        let too_large = TooLarge { currency: self.currency };
        self.exact += part;
        let rounded = self.exact.to_minor(self.currency).ok_or(too_large)?;
        let emit = rounded.checked_sub(self.emitted).ok_or(too_large)?;
        self.emitted = rounded;
        Ok(emit)
    }

    /// Everything added so far.
    pub(crate) fn exact(&self) -> &Exact {
        &self.exact
    }
}

/// Minor units as an amount.
pub(crate) fn minor_amount(minor: i128, currency: Currency) -> Result<Amount, TooLarge> {
    let pico = minor.checked_mul(PICO / 10i128.pow(currency.decimals()));
    pico.map(|pico| Amount { pico, currency }).ok_or(TooLarge { currency })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sum_beyond_128_bits_is_still_exact() {
        let mut sum = Sum::default();
        for _ in 0..3 {
            sum.add(i128::MAX);
        }
        let unit = Amount { pico: i128::MAX, currency: Currency::USD }.exact();
        assert_eq!(sum.exact(), &(&unit + &unit) + &unit);
    }

    #[test]
    fn an_amount_that_minor_units_cannot_hold_is_refused() {
        let mut round = Cumulative::new(Currency::USD);
        let huge = Exact::whole(i128::MAX);
        assert_eq!(round.add(&huge), Err(TooLarge { currency: Currency::USD }));
        assert!(minor_amount(i128::MAX, Currency::USD).is_err());
    }

    proptest! {
        #[test]
        fn what_is_emitted_adds_up_to_the_rounded_total(parts in prop::collection::vec(-10i128.pow(16)..10i128.pow(16), 0..40)) {
            let mut round = Cumulative::new(Currency::USD);
            let mut emitted = 0;
            let mut sum = Sum::default();
            for pico in &parts {
                sum.add(*pico);
                emitted += round.add(&Amount { pico: *pico, currency: Currency::USD }.exact()).unwrap();
            }
            prop_assert_eq!(Some(emitted), sum.exact().to_minor(Currency::USD));
        }
    }
}

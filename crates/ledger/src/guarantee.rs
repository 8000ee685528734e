//! The minimum guarantee, period by period: shortfalls pool and are recouped from later earnings, oldest first, until
//! they expire.
//!
//! Pure arithmetic on earnings: which shares they come from is decided elsewhere.

use crate::share::Span;
use crate::sum::TooLarge;
use abide_model::money::{Currency, Exact};
use std::collections::VecDeque;

/// What one period comes to, in currency units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guaranteed {
    /// What the minimum adds: max(0, M − E).
    pub shortfall: Span<Exact>,
    /// What is taken back of earlier shortfalls: min(max(0, E − M), pool).
    pub recouped: Span<Exact>,
    /// What is paid in all, shares included: max(M, E − R).
    pub pay: Span<Exact>,
    /// What is to be paid for the guarantee besides the shares, in minor units; below zero where it takes back.
    pub due: Span<i128>,
}

/// A guarantee over its whole life. Every period is given, in order.
#[derive(Debug, Clone)]
pub struct Series {
    window: u32,
    currency: Currency,
    low: Track,
    high: Track,
}

impl Series {
    /// Starts with an empty pool. A shortfall can be recouped in the `window` periods after its own.
    #[must_use]
    pub fn new(window: u32, currency: Currency) -> Self {
        Self { window, currency, low: Track::default(), high: Track::default() }
    }

    /// The next period, with its minimum M, the earnings E of its shares, and what is due for them.
    ///
    /// What is due for the guarantee makes the sum of all that is due the rounded sum of all that is paid:
    /// due = round(Σ pay) − Σ (due of the shares) − Σ due, half to even.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn next(
        &mut self,
        minimum: &Exact,
        earned: &Span<Exact>,
        earned_due: &Span<i128>,
    ) -> Result<Guaranteed, TooLarge> {
        let too_large = TooLarge { currency: self.currency };
        // More earned leaves less in the pool, and less in the pool is paid more: both tracks bound what is paid.
        let pools = Span { low: self.low.pool(), high: self.high.pool() };
        let low = self.low.next(self.window, minimum, &earned.low);
        let high = self.high.next(self.window, minimum, &earned.high);
        let zero = Exact::zero();
        let above = |earned: &Exact| (earned - minimum).max(zero.clone());
        let below = |earned: &Exact| (minimum - earned).max(zero.clone());
        let shortfall = Span { low: below(&earned.high), high: below(&earned.low) };
        let recouped =
            Span { low: above(&earned.low).min(pools.high), high: above(&earned.high).min(pools.low) };
        self.low.paid += &low;
        self.high.paid += &high;
        self.low.due = self.low.due.checked_add(earned_due.low).ok_or(too_large)?;
        self.high.due = self.high.due.checked_add(earned_due.high).ok_or(too_large)?;
        let due = if earned.is_exact() && earned_due.is_exact() && self.low.paid == self.high.paid {
            let rounded = self.low.paid.to_minor(self.currency).ok_or(too_large)?;
            let due = rounded.checked_sub(self.low.due).ok_or(too_large)?;
            Span::exactly(due)
        } else {
            // Rounding here and of the shares moves at most two minor units from one period to another.
            let minor = |exact: Exact, by| {
                exact.to_minor(self.currency).and_then(|minor| minor.checked_add(by)).ok_or(too_large)
            };
            Span {
                low: minor(&shortfall.low - &recouped.high, -2)?,
                high: minor(&shortfall.high - &recouped.low, 2)?,
            }
        };
        self.low.due = self.low.due.checked_add(due.low).ok_or(too_large)?;
        self.high.due = self.high.due.checked_add(due.high).ok_or(too_large)?;
        Ok(Guaranteed { shortfall, recouped, pay: Span { low, high }, due })
    }

    /// What can still be recouped.
    #[must_use]
    pub fn pool(&self) -> Span<Exact> {
        Span { low: self.high.pool(), high: self.low.pool() }
    }
}

/// The series under one course of earnings.
#[derive(Debug, Clone, Default)]
struct Track {
    /// Shortfalls that are left, oldest first, each with how many periods it has still to live.
    pool: VecDeque<(u32, Exact)>,
    paid: Exact,
    due: i128,
}

impl Track {
    fn pool(&self) -> Exact {
        self.pool.iter().map(|(_, left)| left.clone()).sum()
    }

    /// What is paid in the period.
    fn next(&mut self, window: u32, minimum: &Exact, earned: &Exact) -> Exact {
        let above = (earned - minimum).max(Exact::zero());
        let mut wanted = above;
        let mut recouped = Exact::zero();
        for (_, left) in &mut self.pool {
            let taken = left.clone().min(wanted.clone());
            *left = &*left - &taken;
            wanted = wanted - taken.clone();
            recouped += &taken;
        }
        for (life, _) in &mut self.pool {
            *life = life.saturating_sub(1);
        }
        self.pool.retain(|(life, left)| *life > 0 && !left.is_zero());
        let shortfall = minimum - earned;
        if window > 0 && !shortfall.is_negative() && !shortfall.is_zero() {
            self.pool.push_back((window, shortfall));
        }
        minimum.clone().max(earned - &recouped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    fn sure<T: Clone>(value: T) -> Span<T> {
        Span { low: value.clone(), high: value }
    }

    fn check(window: u32, minimum: &str, earned: &str, expected: Expect) {
        let mut series = Series::new(window, Currency::USD);
        let rows = earned.split_whitespace().map(|text| {
            let earned = exact(text);
            let due = earned.to_minor(Currency::USD).unwrap();
            let found = series.next(&exact(minimum), &sure(earned), &sure(due)).unwrap();
            let Guaranteed { shortfall, recouped, pay, due } = found;
            assert!(pay.is_exact() && due.is_exact());
            format!("{text}: {} + {} - {}, due {}\n", pay.low, shortfall.low, recouped.low, due.low)
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn shortfalls_are_recouped_oldest_first_until_they_expire() {
        check(
            2,
            "75000",
            "50000 61000 104000 127500 177500",
            expect![[r#"
                50000: 75000 + 25000 - 0, due 2500000
                61000: 75000 + 14000 - 0, due 1400000
                104000: 75000 + 0 - 29000, due -2900000
                127500: 117500 + 0 - 10000, due -1000000
                177500: 177500 + 0 - 0, due 0
            "#]],
        );
    }

    #[test]
    fn what_is_not_recouped_within_its_window_is_kept() {
        check(
            1,
            "10",
            "4 10 30",
            expect![[r#"
                4: 10 + 6 - 0, due 600
                10: 10 + 0 - 0, due 0
                30: 30 + 0 - 0, due 0
            "#]],
        );
        check(
            0,
            "10",
            "4 30",
            expect![[r#"
                4: 10 + 6 - 0, due 600
                30: 30 + 0 - 0, due 0
            "#]],
        );
    }

    proptest! {
        #[test]
        fn all_that_is_due_is_the_rounded_sum_of_what_is_paid(
            earned in prop::collection::vec(0i128..100_000, 0..20), window in 0u32..5, minimum in 0i128..50_000,
        ) {
            let minimum = Exact::ratio(minimum, 700).unwrap();
            let mut series = Series::new(window, Currency::USD);
            let (mut paid, mut due) = (Exact::zero(), 0);
            for earned in earned {
                let earned = Exact::ratio(earned, 300).unwrap();
                let of_shares = earned.to_minor(Currency::USD).unwrap();
                let found = series.next(&minimum, &sure(earned.clone()), &sure(of_shares)).unwrap();
                prop_assert!(found.pay.low >= minimum && found.pay.low >= Exact::zero());
                prop_assert_eq!(&found.pay.low, &(earned + found.shortfall.low - found.recouped.low));
                paid += &found.pay.low;
                due += of_shares + found.due.low;
            }
            prop_assert_eq!(Some(due), paid.to_minor(Currency::USD));
        }

        #[test]
        fn the_interval_holds_the_answer_of_every_course_of_earnings(
            earned in prop::collection::vec((0i128..100_000, 0i128..50_000, 0i128..100), 1..20), window in 0u32..5,
        ) {
            let at = |n: i128| Exact::ratio(n, 300).unwrap();
            let minor = |exact: &Exact| exact.to_minor(Currency::USD).unwrap();
            let (mut unknown, mut known) = (Series::new(window, Currency::USD), Series::new(window, Currency::USD));
            let minimum = exact("100");
            for (low, more, part) in earned {
                let (low, inside, high) = (at(low), at(low + more * part / 100), at(low + more));
                let due = Span { low: minor(&low), high: minor(&high) };
                let loose = unknown.next(&minimum, &Span { low, high }, &due).unwrap();
                let tight = known.next(&minimum, &sure(inside.clone()), &sure(minor(&inside))).unwrap();
                for (loose, tight) in [(&loose.pay, &tight.pay), (&loose.recouped, &tight.recouped)] {
                    prop_assert!(loose.low <= tight.low && tight.high <= loose.high);
                }
                prop_assert!(loose.due.low <= tight.due.low && tight.due.high <= loose.due.high);
            }
        }
    }
}

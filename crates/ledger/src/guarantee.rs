//! The minimum guarantee, period by period: shortfalls pool and are recouped from later earnings, oldest first, until
//! they expire.
//!
//! Pure arithmetic on earnings: which shares they come from is decided elsewhere.

use crate::share::Span;
use crate::sum::{TooLarge, minor_amount};
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
    /// How many sums, each rounded by itself, what is due for the shares is made of.
    parts: u32,
    low: Track,
    high: Track,
}

impl Series {
    /// Starts with an empty pool. A shortfall can be recouped in the `window` periods after its own. What is due for the
    /// shares is made of so many `parts`, each rounded cumulatively by itself.
    #[must_use]
    pub fn new(window: u32, currency: Currency, parts: u32) -> Self {
        Self { window, currency, parts, low: Track::default(), high: Track::default() }
    }

    /// The next period, with its minimum M, the earnings E of its shares, and what is due for them.
    ///
    /// What is due for the guarantee makes the sum of all that is due the rounded sum of all that is paid, half to even:
    /// due = round(Σ pay) − round(Σ pay before) − due of the shares. Where earnings are an interval, it is one that holds
    /// what is due on every course of them.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn next(
        &mut self,
        minimum: &Exact,
        earned: &Span<Exact>,
        earned_due: &Span<i128>,
    ) -> Result<Guaranteed, TooLarge> {
        // More earned leaves less in the pool, and less in the pool is paid more: both tracks bound what is paid.
        let pools = Span { low: self.low.pool(), high: self.high.pool() };
        let (before, expired) = (self.paid(), self.low.expired || self.high.expired);
        let low = self.low.next(self.window, minimum, &earned.low);
        let high = self.high.next(self.window, minimum, &earned.high);
        let zero = Exact::zero();
        let above = |earned: &Exact| (earned - minimum).max(zero.clone());
        let below = |earned: &Exact| (minimum - earned).max(zero.clone());
        let shortfall = Span { low: below(&earned.high), high: below(&earned.low) };
        let recouped = Span {
            low: above(&earned.low).min(pools.high.clone()),
            high: above(&earned.high).min(pools.low.clone()),
        };
        self.low.paid += &low;
        self.high.paid += &high;
        let due = match before.zip(self.paid()) {
            Some((before, after)) => {
                let paid = self.minor(&after)?.checked_sub(self.minor(&before)?);
                self.less(paid, earned_due)?
            }
            None => {
                // Sums that are rounded each by itself move a minor unit each between periods, but for one sum of which
                // nothing has expired: all that it was given is taken back in the end.
                let slack = if self.parts <= 1 && !expired { 0 } else { self.parts.max(1).into() };
                let pool = Span { low: pools.high, high: pools.low };
                self.bounds(minimum, (earned, earned_due), &pool, slack)?
            }
        };
        Ok(Guaranteed { shortfall, recouped, pay: Span { low, high }, due })
    }

    /// All that was paid, where that is the same on every course of earnings.
    fn paid(&self) -> Option<Exact> {
        (self.low.paid == self.high.paid).then(|| self.low.paid.clone())
    }

    /// What is due for the guarantee of what is `paid` in all.
    fn less(&self, paid: Option<i128>, earned_due: &Span<i128>) -> Result<Span<i128>, TooLarge> {
        let less = |due: i128| paid.and_then(|paid| paid.checked_sub(due)).ok_or(self.too_large());
        Ok(Span { low: less(earned_due.high)?, high: less(earned_due.low)? })
    }

    /// Bounds of what is due where it hangs on earnings what is paid, with a `pool` before the period.
    ///
    /// Earnings up to M + pool are paid M: what is due is M less the shares, and never takes back more than the pool.
    /// Beyond that the whole pool is taken back. By so many minor units as `slack` says, rounding may move either.
    fn bounds(
        &self,
        minimum: &Exact,
        (earned, earned_due): (&Span<Exact>, &Span<i128>),
        pool: &Span<Exact>,
        slack: i128,
    ) -> Result<Span<i128>, TooLarge> {
        let least = Span { low: self.floor(minimum)?, high: self.ceiling(minimum)? };
        let uneven = slack + (least.high - least.low);
        let back = Span { low: self.floor(&pool.low)? - slack, high: self.ceiling(&pool.high)? + uneven };
        let topped = self.less(Some(least.high), earned_due)?.high;
        let met = self.less(Some(least.low), earned_due)?.low.max(-back.high);
        let (may_lack, may_exceed) = (earned.low <= minimum + &pool.high, earned.high > minimum + &pool.low);
        Ok(match (may_lack, may_exceed) {
            (true, false) => Span { low: met, high: topped },
            (true, true) => Span { low: -back.high, high: topped.max(-back.low) },
            (false, _) => Span { low: -back.high, high: -back.low },
        })
    }

    fn minor(&self, exact: &Exact) -> Result<i128, TooLarge> {
        exact.to_minor(self.currency).ok_or(self.too_large())
    }

    /// The whole minor units below, or at, an amount.
    fn floor(&self, exact: &Exact) -> Result<i128, TooLarge> {
        let near = self.minor(exact)?;
        let above = minor_amount(near, self.currency)?.exact() > *exact;
        near.checked_sub(i128::from(above)).ok_or(self.too_large())
    }

    /// The whole minor units above, or at, an amount.
    fn ceiling(&self, exact: &Exact) -> Result<i128, TooLarge> {
        self.floor(&-exact.clone()).map(|below| -below)
    }

    fn too_large(&self) -> TooLarge {
        TooLarge { currency: self.currency }
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
    /// Whether some of a shortfall was never recouped.
    expired: bool,
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
        self.expired |= self.pool.iter().any(|(life, left)| *life == 0 && !left.is_zero());
        self.pool.retain(|(life, left)| *life > 0 && !left.is_zero());
        let shortfall = minimum - earned;
        self.expired |= window == 0 && !shortfall.is_negative() && !shortfall.is_zero();
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
        let mut series = Series::new(window, Currency::USD, 1);
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

    /// Earnings as `low..high`, with what is due for the guarantee.
    fn check_unknown(window: u32, minimum: &str, earned: &str, expected: Expect) {
        let mut series = Series::new(window, Currency::USD, 1);
        let rows = earned.split_whitespace().map(|text| {
            let (low, high) = text.split_once("..").unwrap_or((text, text));
            let earned = Span { low: exact(low), high: exact(high) };
            let minor = |exact: &Exact| exact.to_minor(Currency::USD).unwrap();
            let due = Span { low: minor(&earned.low), high: minor(&earned.high) };
            let due = series.next(&exact(minimum), &earned, &due).unwrap().due;
            format!("{text}: {} to {}\n", due.low, due.high)
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn what_is_not_known_of_earnings_is_all_that_is_not_known_of_what_is_due() {
        // What is paid in all is the minimum whatever is earned: only how it is divided is open, and later nothing is.
        check_unknown(
            3,
            "300",
            "0..250 100 0..900 400",
            expect![[r#"
                0..250: 5000 to 30000
                100: 20000 to 20000
                0..900: -50000 to 30000
                400: -80000 to 0
            "#]],
        );
    }

    proptest! {
        #[test]
        fn all_that_is_due_is_the_rounded_sum_of_what_is_paid(
            earned in prop::collection::vec(0i128..100_000, 0..20), window in 0u32..5, minimum in 0i128..50_000,
        ) {
            let minimum = Exact::ratio(minimum, 700).unwrap();
            let mut series = Series::new(window, Currency::USD, 1);
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
            minimum in 0i128..2_000,
        ) {
            let at = |n: i128| Exact::ratio(n, 300).unwrap();
            let minor = |exact: &Exact| exact.to_minor(Currency::USD).unwrap();
            let (mut unknown, mut known) =
                (Series::new(window, Currency::USD, 1), Series::new(window, Currency::USD, 1));
            let minimum = Exact::ratio(minimum, 7).unwrap();
            let (mut sums, mut given) = ([(); 3].map(|()| Exact::zero()), [0; 3]);
            for (low, more, part) in earned {
                let ends = [at(low), at(low + more * part / 100), at(low + more)];
                // Each course is rounded cumulatively; the least of this period follows the least or most of those before.
                let mut dues = [0; 3];
                for (((sum, given), due), end) in sums.iter_mut().zip(&mut given).zip(&mut dues).zip(&ends) {
                    *sum += end;
                    *due = minor(sum) - *given;
                    *given = minor(sum);
                }
                let [low, inside, high] = ends;
                let due = Span { low: minor(&low) - 1, high: minor(&high) + 1 };
                let loose = unknown.next(&minimum, &Span { low, high }, &due).unwrap();
                let tight = known.next(&minimum, &sure(inside), &sure(dues[1])).unwrap();
                for (loose, tight) in [(&loose.pay, &tight.pay), (&loose.recouped, &tight.recouped)] {
                    prop_assert!(loose.low <= tight.low && tight.high <= loose.high);
                }
                prop_assert!(loose.due.low <= tight.due.low && tight.due.high <= loose.due.high);
            }
        }
    }
}

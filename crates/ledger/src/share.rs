//! The capped share, period by period, with cumulative rounding; a cap that is not known gives an interval.
//!
//! Pure arithmetic on bases: which lines make up a base is decided elsewhere.

use crate::sum::{Cumulative, TooLarge};
use abide_model::money::{Currency, Exact};

/// A value that is known to lie between two others; both are the same when it is known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<T> {
    /// The least it can be.
    pub low: T,
    /// The most it can be.
    pub high: T,
}

impl<T: PartialEq> Span<T> {
    /// Whether it is known exactly.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }
}

impl<T> Span<T> {
    /// The same on both ends.
    #[must_use]
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> Span<U> {
        Span { low: f(&self.low), high: f(&self.high) }
    }
}

/// Between which amounts the cap on a share's total lies, in units of its currency; `None` is no cap at all.
///
/// What a share pays never falls when its cap rises. So working it out at both ends gives the tightest interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound(pub Span<Option<Exact>>);

impl Bound {
    /// There is no cap.
    #[must_use]
    pub fn none() -> Self {
        Self(Span { low: None, high: None })
    }

    /// The cap is `total`.
    #[must_use]
    pub fn total(total: Exact) -> Self {
        Self(Span { low: Some(total.clone()), high: Some(total) })
    }

    /// There is a cap that nobody has told us; it is at least `paid`, which has been paid under it already.
    #[must_use]
    pub fn at_least(paid: Exact) -> Self {
        Self(Span { low: Some(paid), high: None })
    }

    /// The cap is `total`, of which an unknown part is used up elsewhere.
    #[must_use]
    pub fn at_most(total: Exact) -> Self {
        Self(Span { low: Some(Exact::zero()), high: Some(total) })
    }
}

/// What one period comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The share of the period, exact, in currency units.
    pub share: Span<Exact>,
    /// What is to be paid for it, in minor units.
    pub due: Span<i128>,
}

/// A share over its whole life. Periods are given in order, from the first.
#[derive(Debug, Clone)]
pub struct Series {
    rate: Exact,
    low: Track,
    high: Track,
}

impl Series {
    /// Starts before the first period, with nothing owed.
    #[must_use]
    pub fn new(rate: Exact, bound: Bound, currency: Currency) -> Self {
        let Span { low, high } = bound.0;
        Self { rate, low: Track::new(low, currency), high: Track::new(high, currency) }
    }

    /// The next period, with the revenue `base` in it: Gₖ = rate·Bₖ, Sₖ = max(0, min(Gₖ, K − Σ S)),
    /// dueₖ = round(Σ S) − Σ due, half to even.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn next(&mut self, base: &Exact) -> Result<Owed, TooLarge> {
        let gross = &self.rate * base;
        let (low, due_low) = self.low.next(&gross)?;
        let (high, due_high) = self.high.next(&gross)?;
        Ok(Owed { share: Span { low, high }, due: Span { low: due_low, high: due_high } })
    }

    /// Σ S of the periods given so far.
    #[must_use]
    pub fn used(&self) -> Span<Exact> {
        Span { low: self.low.shared.exact().clone(), high: self.high.shared.exact().clone() }
    }
}

/// The series under one value of the cap.
#[derive(Debug, Clone)]
struct Track {
    cap: Option<Exact>,
    shared: Cumulative,
}

impl Track {
    fn new(cap: Option<Exact>, currency: Currency) -> Self {
        Self { cap, shared: Cumulative::new(currency) }
    }

    fn next(&mut self, gross: &Exact) -> Result<(Exact, i128), TooLarge> {
        let room = self.cap.as_ref().map(|cap| cap - self.shared.exact());
        let capped = room.map_or(gross.clone(), |room| room.min(gross.clone()));
        let share = capped.max(Exact::zero());
        let due = self.shared.add(&share)?;
        Ok((share, due))
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

    fn check(rate: &str, bound: Bound, bases: &str, expected: Expect) {
        let mut series = Series::new(exact(rate), bound, Currency::USD);
        let rows = bases.split_whitespace().map(|base| {
            let Owed { share, due } = series.next(&exact(base)).unwrap();
            if share.is_exact() {
                format!("{base}: share {}, due {}\n", share.low, due.low)
            } else {
                format!("{base}: share {} to {}, due {} to {}\n", share.low, share.high, due.low, due.high)
            }
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn the_share_stops_at_its_cap() {
        check(
            "20%",
            Bound::total(exact("38")),
            "30 60 90 120 150",
            expect![[r#"
            30: share 6, due 600
            60: share 12, due 1200
            90: share 18, due 1800
            120: share 2, due 200
            150: share 0, due 0
        "#]],
        );
    }

    #[test]
    fn without_a_cap_nothing_stops_it() {
        check(
            "20%",
            Bound::none(),
            "30 60 90 120 150",
            expect![[r#"
            30: share 6, due 600
            60: share 12, due 1200
            90: share 18, due 1800
            120: share 24, due 2400
            150: share 30, due 3000
        "#]],
        );
    }

    #[test]
    fn an_unknown_cap_may_bind_from_what_was_paid_already() {
        check(
            "20%",
            Bound::at_least(exact("0")),
            "30 60",
            expect![[r#"
            30: share 0 to 6, due 0 to 600
            60: share 0 to 12, due 0 to 1200
        "#]],
        );
        check(
            "20%",
            Bound::at_least(exact("10")),
            "30 60 90",
            expect![[r#"
            30: share 6, due 600
            60: share 4 to 12, due 400 to 1200
            90: share 0 to 18, due 0 to 1800
        "#]],
        );
        check(
            "20%",
            Bound::at_most(exact("10")),
            "30 60 90",
            expect![[r#"
            30: share 0 to 6, due 0 to 600
            60: share 0 to 4, due 0 to 400
            90: share 0, due 0
        "#]],
        );
    }

    #[test]
    fn what_rounding_leaves_over_is_paid_later() {
        check(
            "10%",
            Bound::none(),
            "0.04 0.04 0.04 0.04 0.04",
            expect![[r#"
            0.04: share 0.004, due 0
            0.04: share 0.004, due 1
            0.04: share 0.004, due 0
            0.04: share 0.004, due 1
            0.04: share 0.004, due 0
        "#]],
        );
    }

    #[test]
    fn a_credit_pays_nothing_back_and_does_not_reopen_the_cap() {
        check(
            "20%",
            Bound::total(exact("10")),
            "30 -60 60 60",
            expect![[r#"
            30: share 6, due 600
            -60: share 0, due 0
            60: share 4, due 400
            60: share 0, due 0
        "#]],
        );
    }

    fn bases() -> impl Strategy<Value = Vec<i128>> {
        prop::collection::vec(-1_000_000i128..100_000_000, 0..30)
    }

    fn worked(rate: &Exact, bound: Bound, bases: &[i128]) -> (Vec<Owed>, Span<Exact>) {
        let mut series = Series::new(rate.clone(), bound, Currency::USD);
        let owed =
            bases.iter().map(|base| series.next(&Exact::ratio(*base, 700).unwrap()).unwrap()).collect();
        (owed, series.used())
    }

    proptest! {
        #[test]
        fn what_is_due_adds_up_to_the_rounded_share(bases in bases(), rate in 0i128..2_000, cap in 0i128..100_000) {
            let rate = Exact::ratio(rate, 999).unwrap();
            let (owed, used) = worked(&rate, Bound::total(Exact::ratio(cap, 7).unwrap()), &bases);
            let due: i128 = owed.iter().map(|owed| owed.due.low).sum();
            prop_assert_eq!(Some(due), used.low.to_minor(Currency::USD));
            prop_assert!(used.is_exact());
        }

        #[test]
        fn the_total_is_the_gross_up_to_the_cap(bases in bases(), rate in 0i128..2_000, cap in 0i128..100_000) {
            let rate = Exact::ratio(rate, 999).unwrap();
            let cap = Exact::ratio(cap, 7).unwrap();
            let (_, used) = worked(&rate, Bound::total(cap.clone()), &bases);
            let gross = bases.iter().filter(|base| **base > 0).map(|base| &rate * &Exact::ratio(*base, 700).unwrap());
            prop_assert_eq!(used.low, gross.sum::<Exact>().min(cap));
        }

        #[test]
        fn the_interval_of_an_unknown_cap_holds_the_answer_of_every_cap(
            bases in bases(), rate in 0i128..2_000, paid in 0i128..50_000, more in 0i128..50_000,
        ) {
            let rate = Exact::ratio(rate, 999).unwrap();
            let at = |n: i128| Exact::ratio(n, 7).unwrap();
            let (unknown, _) = worked(&rate, Bound::at_least(at(paid)), &bases);
            let (known, _) = worked(&rate, Bound::total(at(paid + more)), &bases);
            for (unknown, known) in unknown.iter().zip(&known) {
                prop_assert!(unknown.share.low <= known.share.low && known.share.high <= unknown.share.high);
                prop_assert!(unknown.due.low <= known.due.low && known.due.high <= unknown.due.high);
            }
        }
    }
}

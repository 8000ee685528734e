//! The share, period by period: tiers, floor, caps, cumulative rounding. A cap that is not known gives an interval.
//!
//! Pure arithmetic on bases: which lines make up a base is decided elsewhere.

use crate::period::Period;
use crate::sum::{Cumulative, TooLarge};
use abide_model::Date;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::terms::{Basis, Cap, Limit, Rates, Share, Tier, YearBegins};

/// A value that is known to lie between two others; both are the same when it is known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span<T> {
    /// The least it can be.
    pub low: T,
    /// The most it can be.
    pub high: T,
}

impl<T: Copy> Span<T> {
    /// What is known exactly.
    #[must_use]
    pub fn exactly(value: T) -> Self {
        Self { low: value, high: value }
    }
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

/// How much of a cap on a share's total is left when the share begins, in units of its currency; `None` is no cap.
///
/// What a share has paid never falls when its cap rises. So working it out at both ends gives the tightest interval.
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

    /// What a cap says, for revenue in `currency`. `alone` is whether no revenue in another currency uses it up.
    #[must_use]
    pub fn of(cap: &Cap, currency: Currency, alone: bool) -> Self {
        let total = match &cap.total {
            Limit::None => return Self::none(),
            Limit::Unknown => return Self::at_least(Exact::zero()),
            Limit::Of(total) if total.currency != currency => return Self::at_least(Exact::zero()),
            Limit::Of(total) => total.exact(),
        };
        let room = |used: Exact| (&total - &used).max(Exact::zero());
        match &cap.used {
            Limit::None if alone => Self::total(total),
            Limit::Of(used) if alone => Self::total(room(used.exact())),
            Limit::Of(used) => Self::at_most(room(used.exact())),
            Limit::None | Limit::Unknown => Self::at_most(total),
        }
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

/// A share over its whole life. Periods are given in order; those in which nothing is earned may be left out unless
/// the share has a floor.
#[derive(Debug, Clone)]
pub struct Series {
    rates: Rates,
    begins: YearBegins,
    currency: Currency,
    floor: Option<Exact>,
    /// Cᵢ: the base since the tiers last started anew, and in which year, half, quarter or month that was.
    cumulative: Exact,
    since: Option<Period>,
    /// The first day whose periods use up the cap on the total.
    capped_from: Option<Date>,
    low: Track,
    high: Track,
}

impl Series {
    /// Starts before the first period, with nothing owed. `bound` is what the cap on the total leaves in `currency`;
    /// the floor and the cap on a period are those of the share, where they are in it.
    #[must_use]
    pub fn new(share: &Share, begins: YearBegins, currency: Currency, bound: Bound) -> Self {
        let ours = |amount: &Amount| (amount.currency == currency).then(|| amount.exact());
        let (low, high) = match &share.cap.period {
            Limit::None => (None, None),
            Limit::Unknown => (Some(Exact::zero()), None),
            Limit::Of(amount) => (ours(amount), ours(amount)),
        };
        let Span { low: room_low, high: room_high } = bound.0;
        Self {
            rates: share.rates.clone(),
            begins,
            currency,
            floor: share.floor.as_ref().and_then(ours),
            cumulative: Exact::zero(),
            since: None,
            capped_from: share.cap.from,
            low: Track::new(low, room_low, currency),
            high: Track::new(high, room_high, currency),
        }
    }

    /// The next period, with the revenue `base` Bₖ in it. With Cₖ = Σ B and T the tiers: Gₖ = T(Cₖ) − T(Cₖ₋₁),
    /// Sₖ = max(0, min(min(max(Gₖ, floor), cap of the period), cap of the total − Σ S)), and
    /// dueₖ = round(Σ S) − Σ due, half to even.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn next(&mut self, period: Period, base: &Exact) -> Result<Owed, TooLarge> {
        let gross = self.gross(period, base);
        let least = self.floor.as_ref().map_or(gross.clone(), |floor| gross.max(floor.clone()));
        let counts = self.capped_from.is_none_or(|from| period.first_day() >= from);
        let tight = self.low.period == self.high.period;
        // The least that can be left is the lowest cap less the most that can have been paid, and the other way round.
        let room = Span { low: self.low.room_after(&self.high), high: self.high.room_after(&self.low) };
        let (low, due_low) = self.low.next(&least, counts)?;
        let (high, due_high) = self.high.next(&least, counts)?;
        if tight {
            return Ok(Owed { share: Span { low, high }, due: Span { low: due_low, high: due_high } });
        }
        self.loose(&least, counts, &room)
    }

    /// Where the cap on a period is not known, less now may mean more later, so neither track bounds a single
    /// period. What is left of the total under the one bounds what the other can still pay.
    fn loose(&self, least: &Exact, counts: bool, room: &Span<Option<Exact>>) -> Result<Owed, TooLarge> {
        let bounded = |period: &Option<Exact>, room: &Option<Exact>| {
            let room = if counts { room.clone() } else { None };
            clamp(clamp(least.clone(), period.clone()), room).max(Exact::zero())
        };
        let share =
            Span { low: bounded(&self.low.period, &room.low), high: bounded(&self.high.period, &room.high) };
        let minor = |exact: &Exact, by: i128| {
            let whole = exact.to_minor(self.currency).and_then(|minor| minor.checked_add(by));
            whole.map(|minor| minor.max(0)).ok_or(TooLarge { currency: self.currency })
        };
        // Cumulative rounding moves at most a minor unit from one period to another, rounding here half of one.
        let due = Span { low: minor(&share.low, -2)?, high: minor(&share.high, 2)? };
        Ok(Owed { share, due })
    }

    fn gross(&mut self, period: Period, base: &Exact) -> Exact {
        if let Some(reset) = self.rates.reset {
            let turn = Period::of(reset, self.begins, period.first_day());
            if self.since.replace(turn) != Some(turn) {
                self.cumulative = Exact::zero();
            }
        }
        let before = tiered(&self.rates, &self.cumulative);
        self.cumulative += base;
        tiered(&self.rates, &self.cumulative) - before
    }

    /// Σ S of the periods given so far.
    #[must_use]
    pub fn used(&self) -> Span<Exact> {
        Span { low: self.low.shared.exact().clone(), high: self.high.shared.exact().clone() }
    }

    /// What is left of the cap on the total; `None` where there is none, or it is not known.
    #[must_use]
    pub fn left(&self) -> Span<Option<Exact>> {
        Span { low: self.low.room_after(&self.low), high: self.high.room_after(&self.high) }
    }
}

/// T(x): what the tiers come to on a base of `x`, in currency units.
///
/// Marginal: Σ rᵢ·max(0, min(x, uᵢ) − lᵢ). By volume: r(x)·x, with the rate of the tier that `x` lies in, its end
/// included.
#[must_use]
pub fn tiered(rates: &Rates, x: &Exact) -> Exact {
    match rates.basis {
        Basis::Marginal => marginal(rates, x),
        Basis::Volume => {
            let reached = |tier: &&Tier| tier.upto.is_none_or(|upto| *x <= upto.exact());
            rates.tiers.iter().find(reached).map_or(Exact::zero(), |tier| &tier.rate * x)
        }
    }
}

fn marginal(rates: &Rates, x: &Exact) -> Exact {
    let mut begin = Exact::zero();
    let mut total = Exact::zero();
    for tier in &rates.tiers {
        let end = tier.upto.map(|upto| upto.exact());
        let within = clamp(x.clone(), end.clone()) - begin;
        total += &(&tier.rate * &within.max(Exact::zero()));
        let Some(end) = end else { break };
        begin = end;
    }
    total
}

fn clamp(value: Exact, most: Option<Exact>) -> Exact {
    most.map_or(value.clone(), |most| value.min(most))
}

/// The series under one value of each cap.
#[derive(Debug, Clone)]
struct Track {
    period: Option<Exact>,
    total: Option<Exact>,
    /// What of the total is used up.
    counted: Exact,
    shared: Cumulative,
}

impl Track {
    fn new(period: Option<Exact>, total: Option<Exact>, currency: Currency) -> Self {
        Self { period, total, counted: Exact::zero(), shared: Cumulative::new(currency) }
    }

    /// What is left of this track's total after what `other` paid.
    fn room_after(&self, other: &Track) -> Option<Exact> {
        self.total.as_ref().map(|total| total - &other.counted)
    }

    fn next(&mut self, least: &Exact, counts: bool) -> Result<(Exact, i128), TooLarge> {
        let room = if counts { self.room_after(self) } else { None };
        let share = clamp(clamp(least.clone(), self.period.clone()), room).max(Exact::zero());
        if counts {
            self.counted += &share;
        }
        let due = self.shared.add(&share)?;
        Ok((share, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::terms::Every;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    fn usd(text: &str) -> Amount {
        Amount::parse(&format!("{text} USD")).unwrap()
    }

    /// A yearly share; tiers as `10=20% 30=10% 5%`.
    fn share(rates: &str) -> Share {
        let tier = |text: &str| match text.split_once('=') {
            Some((upto, rate)) => Tier { upto: Some(usd(upto)), rate: exact(rate) },
            None => Tier { upto: None, rate: exact(text) },
        };
        Share {
            clause: "share".parse().unwrap(),
            payer: "lab".parse().unwrap(),
            payee: "cloud".parse().unwrap(),
            rates: Rates { basis: Basis::Marginal, tiers: rates.split(' ').map(tier).collect(), reset: None },
            every: Every::Quarter,
            since: "2026-01-01".parse().unwrap(),
            until: None,
            floor: None,
            cap: Cap::NONE,
            currency: None,
            conversion: abide_model::terms::Conversion::Day,
        }
    }

    fn quarters() -> impl Iterator<Item = Period> {
        Period::parse("2026-Q1").unwrap().onwards()
    }

    fn check(rate: &str, bound: Bound, bases: &str, expected: Expect) {
        check_share(&share(rate), bound, bases, expected);
    }

    fn check_share(share: &Share, bound: Bound, bases: &str, expected: Expect) {
        let mut series = Series::new(share, YearBegins::JANUARY, Currency::USD, bound);
        let rows = bases.split_whitespace().zip(quarters()).map(|(base, period)| {
            let Owed { share, due } = series.next(period, &exact(base)).unwrap();
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

    #[test]
    fn tiers_take_their_rate_of_what_lies_within_them() {
        check_share(
            &share("10=20% 30=10% 5%"),
            Bound::none(),
            "4 10 20 100",
            expect![[r#"
                4: share 0.8, due 80
                10: share 1.6, due 160
                20: share 1.8, due 180
                100: share 5, due 500
            "#]],
        );
    }

    #[test]
    fn a_volume_tier_reaches_back_to_the_first_unit() {
        let mut share = share("10=5% 30=10% 20%");
        share.rates.basis = Basis::Volume;
        check_share(
            &share,
            Bound::none(),
            "4 6 1 20",
            expect![[r#"
                4: share 0.2, due 20
                6: share 0.3, due 30
                1: share 0.6, due 60
                20: share 5.1, due 510
            "#]],
        );
    }

    #[test]
    fn tiers_that_start_anew_each_half_year_forget_what_was_before() {
        let mut share = share("10=20% 10%");
        share.rates.reset = Some(Every::Half);
        check_share(
            &share,
            Bound::none(),
            "8 8 8 8",
            expect![[r#"
                8: share 1.6, due 160
                8: share 1, due 100
                8: share 1.6, due 160
                8: share 1, due 100
            "#]],
        );
    }

    #[test]
    fn the_floor_comes_before_the_caps_and_the_cap_of_a_period_before_that_of_the_total() {
        let mut share = share("20%");
        share.floor = Some(usd("5"));
        share.cap.period = Limit::Of(usd("9"));
        check_share(
            &share,
            Bound::total(exact("20")),
            "10 100 0 40",
            expect![[r#"
                10: share 5, due 500
                100: share 9, due 900
                0: share 5, due 500
                40: share 1, due 100
            "#]],
        );
    }

    #[test]
    fn what_is_paid_before_the_cap_counts_does_not_use_it_up() {
        let mut share = share("20%");
        share.cap.from = Some("2026-07-01".parse().unwrap());
        check_share(
            &share,
            Bound::total(exact("8")),
            "30 30 30 30",
            expect![[r#"
                30: share 6, due 600
                30: share 6, due 600
                30: share 6, due 600
                30: share 2, due 200
            "#]],
        );
    }

    #[test]
    fn a_cap_that_is_used_up_by_an_unknown_part_gives_an_interval() {
        let cap = |used| Cap { used, ..Cap::total(Limit::Of(usd("10"))) };
        let bound = |used| Bound::of(&cap(used), Currency::USD, true);
        assert_eq!(bound(Limit::None), Bound::total(exact("10")));
        assert_eq!(bound(Limit::Of(usd("4"))), Bound::total(exact("6")));
        assert_eq!(bound(Limit::Of(usd("40"))), Bound::total(exact("0")));
        assert_eq!(bound(Limit::Unknown), Bound::at_most(exact("10")));
    }

    fn bases() -> impl Strategy<Value = Vec<i128>> {
        prop::collection::vec(-1_000_000i128..100_000_000, 0..30)
    }

    fn worked(rate: &Exact, bound: Bound, bases: &[i128]) -> (Vec<Owed>, Span<Exact>) {
        let flat = Share { rates: Rates::flat(rate.clone()), ..share("0%") };
        run(&flat, bound, bases)
    }

    fn run(share: &Share, bound: Bound, bases: &[i128]) -> (Vec<Owed>, Span<Exact>) {
        let mut series = Series::new(share, YearBegins::JANUARY, Currency::USD, bound);
        let exact = bases.iter().map(|base| Exact::ratio(*base, 700).unwrap());
        let owed = exact.zip(quarters()).map(|(base, period)| series.next(period, &base).unwrap()).collect();
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
        fn the_total_is_the_gross_up_to_the_cap(bases in prop::collection::vec(0i128..100_000_000, 0..30), rate in 0i128..2_000, cap in 0i128..100_000) {
            let rate = Exact::ratio(rate, 999).unwrap();
            let cap = Exact::ratio(cap, 7).unwrap();
            let (_, used) = worked(&rate, Bound::total(cap.clone()), &bases);
            let gross = bases.iter().map(|base| &rate * &Exact::ratio(*base, 700).unwrap());
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

        #[test]
        fn the_interval_of_an_unknown_cap_of_a_period_holds_the_answer_of_every_one(
            bases in bases(), period in 0i128..100_000, total in 0i128..1_000_000, floor in 0i128..10_000,
        ) {
            let amount = |n: i128| Amount { pico: n * 10i128.pow(11), currency: Currency::USD };
            let mut share = Share { floor: Some(amount(floor)), ..share("7%") };
            let bound = || Bound::total(amount(total).exact());
            share.cap.period = Limit::Unknown;
            let (unknown, _) = run(&share, bound(), &bases);
            share.cap.period = Limit::Of(amount(period));
            let (known, _) = run(&share, bound(), &bases);
            for (unknown, known) in unknown.iter().zip(&known) {
                prop_assert!(unknown.share.low <= known.share.low && known.share.high <= unknown.share.high);
                prop_assert!(unknown.due.low <= known.due.low && known.due.high <= unknown.due.high);
            }
        }
    }
}

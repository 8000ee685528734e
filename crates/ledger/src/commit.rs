//! The commitment to buy, stage by stage: what is left to buy, what is owed of a shortfall, what moves on.
//!
//! Pure arithmetic on what was bought in each stage: which purchases count is decided elsewhere.

use crate::sum::{Cumulative, TooLarge};
use abide_model::money::{Currency, Exact};
use abide_model::terms::Commit;

/// What one stage comes to, in currency units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The stage's own amount.
    pub committed: Exact,
    /// What the stage before it left to be bought here.
    pub rolled_in: Exact,
    /// What was bought beyond the stage before it, and counts here.
    pub carried_in: Exact,
    /// A: what is to be bought, max(0, committed + rolled in − carried in).
    pub available: Exact,
    /// D: what was bought.
    pub drawn: Exact,
    /// max(0, A − D).
    pub gap: Exact,
    /// Of the gap, what moves to the next stage: min(gap, rollover · committed).
    pub rolled_out: Exact,
    /// Bought beyond the stage, what counts in the next: min(max(0, D − A), carry · committed).
    pub carried_out: Exact,
    /// What is owed: the rest of the gap times the shortfall rate.
    pub fee: Exact,
    /// The same in minor units, rounded cumulatively over the stages.
    pub due: i128,
}

/// A commitment over its whole life. Stages are given in order.
#[derive(Debug, Clone)]
pub struct Series {
    shortfall: Exact,
    carry: Exact,
    rollover: Exact,
    rolled: Exact,
    carried: Exact,
    fees: Cumulative,
}

impl Series {
    /// Starts before the first stage.
    #[must_use]
    pub fn new(commit: &Commit, currency: Currency) -> Self {
        Self {
            shortfall: commit.shortfall.clone(),
            carry: commit.carry.clone(),
            rollover: commit.rollover.clone(),
            rolled: Exact::zero(),
            carried: Exact::zero(),
            fees: Cumulative::new(currency),
        }
    }

    /// The next stage, of which it is not known how much was committed to: nothing is known to move out of it. What may
    /// be carried on is at most the answer, what may roll over has no bound.
    ///
    /// With c carried in, r rolled in and D drawn, min(D, χ·a, D − (a + r − c)) is most at a = (D + c − r) / (1 + χ).
    pub fn pass(&mut self, drawn: &Exact, last: bool) -> Exact {
        let (rolled, carried) = (std::mem::take(&mut self.rolled), std::mem::take(&mut self.carried));
        let beyond = (drawn + &carried - rolled).max(Exact::zero());
        let most = &(&self.carry * &beyond) / &(&Exact::whole(1) + &self.carry);
        if last { Exact::zero() } else { most.unwrap_or_default().min(drawn.clone()).max(Exact::zero()) }
    }

    /// Takes so much as bought ahead of the next stage.
    pub fn carry(&mut self, carried: Exact) {
        self.carried = carried;
    }

    /// The next stage: what was committed to and what was bought. Nothing moves out of the `last` one, and nothing is
    /// owed for one that `lapsed`.
    ///
    /// # Errors
    /// When an amount does not fit in 128 bits of minor units.
    pub fn next(
        &mut self,
        committed: &Exact,
        drawn: &Exact,
        last: bool,
        lapsed: bool,
    ) -> Result<Drawn, TooLarge> {
        let zero = Exact::zero;
        let rolled_in = std::mem::take(&mut self.rolled);
        let carried_in = std::mem::take(&mut self.carried);
        let available = (committed + &rolled_in - carried_in.clone()).max(zero());
        let gap = (&available - drawn).max(zero());
        if !last && !lapsed {
            self.rolled = gap.clone().min(&self.rollover * committed);
            self.carried = (drawn - &available).max(zero()).min(&self.carry * committed);
        }
        let owed = if lapsed { zero() } else { &gap - &self.rolled };
        let fee = &self.shortfall * &owed;
        Ok(Drawn {
            due: self.fees.add(&fee)?,
            committed: committed.clone(),
            drawn: drawn.clone(),
            rolled_out: self.rolled.clone(),
            carried_out: self.carried.clone(),
            rolled_in,
            carried_in,
            available,
            gap,
            fee,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn terms(shortfall: &str, carry: &str, rollover: &str) -> Commit {
        let part = |text: &str| Exact::parse(text).unwrap();
        Commit {
            clause: "spend".parse().unwrap(),
            buyer: "lab".parse().unwrap(),
            seller: "cloud".parse().unwrap(),
            stages: Vec::new(),
            capacity: None,
            shortfall: part(shortfall),
            carry: part(carry),
            rollover: part(rollover),
        }
    }

    /// Stages as `committed/drawn`.
    fn check(commit: &Commit, stages: &str, expected: Expect) {
        let mut series = Series::new(commit, Currency::USD);
        let stages: Vec<_> = stages.split(' ').map(|stage| stage.split_once('/').unwrap()).collect();
        let rows = stages.iter().enumerate().map(|(at, (committed, drawn))| {
            let exact = |text: &str| Exact::parse(text).unwrap();
            let last = at + 1 == stages.len();
            let found = series.next(&exact(committed), &exact(drawn), last, false).unwrap();
            format!(
                "{committed} + {} - {}: {} to buy, {drawn} bought, {} short, due {}\n",
                found.rolled_in, found.carried_in, found.available, found.gap, found.due
            )
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn what_is_not_bought_is_owed_at_the_shortfall_rate() {
        check(
            &terms("50%", "0%", "0%"),
            "100/80 100/130 100/100",
            expect![[r#"
                100 + 0 - 0: 100 to buy, 80 bought, 20 short, due 1000
                100 + 0 - 0: 100 to buy, 130 bought, 0 short, due 0
                100 + 0 - 0: 100 to buy, 100 bought, 0 short, due 0
            "#]],
        );
    }

    #[test]
    fn what_is_bought_beyond_a_stage_counts_toward_the_next_up_to_a_part_of_it() {
        check(
            &terms("100%", "20%", "0%"),
            "100/150 100/70 100/200",
            expect![[r#"
                100 + 0 - 0: 100 to buy, 150 bought, 0 short, due 0
                100 + 0 - 20: 80 to buy, 70 bought, 10 short, due 1000
                100 + 0 - 0: 100 to buy, 200 bought, 0 short, due 0
            "#]],
        );
    }

    #[test]
    fn what_rolls_over_is_bought_later_and_not_out_of_the_last_stage() {
        check(
            &terms("100%", "0%", "10%"),
            "100/85 100/95 100/90",
            expect![[r#"
                100 + 0 - 0: 100 to buy, 85 bought, 15 short, due 500
                100 + 10 - 0: 110 to buy, 95 bought, 15 short, due 500
                100 + 10 - 0: 110 to buy, 90 bought, 20 short, due 2000
            "#]],
        );
    }

    #[test]
    fn nothing_moves_through_a_stage_of_which_the_amount_is_not_known() {
        let mut series = Series::new(&terms("100%", "25%", "10%"), Currency::USD);
        series.next(&Exact::whole(100), &Exact::whole(60), false, false).unwrap();
        // Ten rolled in; with 80 committed to, twenty of 110 are bought beyond 90.
        assert_eq!(series.pass(&Exact::whole(110), false), Exact::whole(20));
        let found = series.next(&Exact::whole(100), &Exact::whole(90), true, false).unwrap();
        assert_eq!((found.rolled_in, found.carried_in, found.due), (Exact::zero(), Exact::zero(), 1000));
    }

    #[test]
    fn nothing_is_owed_for_a_stage_that_lapsed() {
        let mut series = Series::new(&terms("100%", "0%", "10%"), Currency::USD);
        let found = series.next(&Exact::whole(100), &Exact::zero(), false, true).unwrap();
        assert_eq!((found.due, found.rolled_out), (0, Exact::zero()));
    }

    proptest! {
        #[test]
        fn under_take_or_pay_what_is_bought_and_owed_comes_to_what_was_committed(
            stages in prop::collection::vec((0i128..1_000, 0i128..1_000), 1..10), rollover in 0i128..=100,
        ) {
            let commit = Commit { rollover: Exact::ratio(rollover, 100).unwrap(), ..terms("100%", "0%", "0%") };
            let mut series = Series::new(&commit, Currency::USD);
            let (mut committed, mut met, mut due) = (0, Exact::zero(), 0);
            for (at, (amount, drawn)) in stages.iter().enumerate() {
                let (amount_exact, drawn) = (Exact::whole(*amount), Exact::whole(*drawn));
                let found = series.next(&amount_exact, &drawn, at + 1 == stages.len(), false).unwrap();
                committed += amount;
                met += &drawn.min(found.available);
                met += &found.fee;
                due += found.due;
                prop_assert_eq!(found.rolled_out.is_zero() || found.carried_out.is_zero(), true);
            }
            prop_assert_eq!(met, Exact::whole(committed));
            prop_assert!(due >= 0);
        }
    }
}

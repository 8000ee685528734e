//! The waterfall: gross revenue passed on in steps, exactly, and then in minor units that add up to the gross.

use abide_model::money::{Amount, Exact};
use abide_model::terms::{Rounding, Step, Take};

/// What each step gets of `gross`, in currency units; `units` were sold. The parts add up to the gross exactly.
///
/// No step takes more than is left, nor less than nothing. The parts of a gross below zero are those of the gross above
/// zero, negated. Steps are in the currency of the gross.
#[must_use]
pub fn parts(steps: &[Step], gross: &Exact, units: &Exact) -> Vec<Exact> {
    if gross.is_negative() {
        let mirrored = parts(steps, &-gross.clone(), &-units.clone());
        return mirrored.into_iter().map(|part| -part).collect();
    }
    let mut left = gross.clone();
    let taken = steps.iter().map(|step| {
        let wanted = match &step.take {
            Take::Fixed(amount) => amount.exact(),
            Take::Gross(rate) => rate * gross,
            Take::Remaining(rate) => rate * &left,
            Take::Wholesale(price) => &price.exact() * units,
            Take::Remainder => left.clone(),
        };
        let capped = step.cap.as_ref().map(Amount::exact).map_or(wanted.clone(), |cap| wanted.min(cap));
        let part = capped.max(Exact::zero()).min(left.clone());
        left = &left - &part;
        part
    });
    taken.collect()
}

/// `total` minor units handed out by `parts`, whose sum has the sign of `total`: each gets its proportion rounded
/// toward zero, and what that leaves goes as `rounding` says. The result adds up to `total`.
#[must_use]
pub fn in_minor_units(parts: &[Exact], total: i128, rounding: Rounding) -> Vec<i128> {
    let sum: Exact = parts.iter().cloned().sum();
    let scale = &Exact::whole(total) / &sum;
    let quotas: Vec<Exact> =
        parts.iter().map(|part| scale.as_ref().map_or(Exact::zero(), |scale| part * scale)).collect();
    let mut given: Vec<i128> = quotas.iter().map(toward_zero).collect();
    let rest: i128 = total - given.iter().sum::<i128>();
    let unit = rest.signum();
    match rounding {
        Rounding::First => given.first_mut().into_iter().for_each(|first| *first += rest),
        Rounding::Last => given.last_mut().into_iter().for_each(|last| *last += rest),
        Rounding::LargestRemainder => {
            let lost = |at: usize| {
                let quota = quotas.get(at).cloned().unwrap_or_default();
                let rest = quota - Exact::whole(given.get(at).copied().unwrap_or(0));
                if unit < 0 { -rest } else { rest }
            };
            let mut order: Vec<(Exact, usize)> = (0..given.len()).map(|at| (lost(at), at)).collect();
            order.sort_by(|(a, first), (b, second)| b.cmp(a).then(first.cmp(second)));
            let places: Vec<usize> = order.into_iter().map(|(_, at)| at).collect();
            let count = usize::try_from(rest.unsigned_abs()).unwrap_or(usize::MAX);
            for at in places.into_iter().take(count) {
                given.get_mut(at).into_iter().for_each(|part| *part += unit);
            }
        }
    }
    given
}

fn toward_zero(quota: &Exact) -> i128 {
    let half = Exact::ratio(1, 2).unwrap_or_default();
    let magnitude = if quota.is_negative() { -quota.clone() } else { quota.clone() };
    let nearest = magnitude.round_half_even().unwrap_or(0);
    let down = if Exact::whole(nearest) > magnitude { nearest - 1 } else { nearest };
    assert!(&Exact::whole(down) + &half > &magnitude - &half, "a part is rounded by less than one unit");
    if quota.is_negative() { -down } else { down }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(&format!("{text} USD")).unwrap()
    }

    /// `3%` of the gross, `10%r` of the rest, `=5` fixed, `*8` a unit, `rest`; `<4` after one caps it.
    fn steps(text: &str) -> Vec<Step> {
        let step = |text: &str| {
            let (take, cap) =
                text.split_once('<').map_or((text, None), |(take, cap)| (take, Some(amount(cap))));
            let rate = |text: &str| Exact::parse(text).unwrap();
            let take = match (take.strip_prefix('='), take.strip_prefix('*'), take.strip_suffix('r')) {
                (Some(fixed), ..) => Take::Fixed(amount(fixed)),
                (_, Some(price), _) => Take::Wholesale(amount(price)),
                (.., Some(part)) => Take::Remaining(rate(part)),
                _ if take == "rest" => Take::Remainder,
                _ => Take::Gross(rate(take)),
            };
            Step { to: "somebody".parse().unwrap(), take, cap }
        };
        text.split(' ').map(step).collect()
    }

    fn check(text: &str, cases: &[(&str, &str)], expected: Expect) {
        let rows = cases.iter().map(|(gross, units)| {
            let exact = |text: &str| Exact::parse(text).unwrap();
            let parts = parts(&steps(text), &exact(gross), &exact(units));
            let shown: Vec<_> = parts.iter().map(ToString::to_string).collect();
            format!("{gross} of {units}: {}\n", shown.join(" "))
        });
        expected.assert_eq(&rows.collect::<String>());
    }

    #[test]
    fn steps_take_in_order_and_never_more_than_is_left() {
        check(
            "3% =5 10%r<20 *8 rest",
            &[("100", "10"), ("1000", "10"), ("4", "0"), ("-100", "-10"), ("0", "0")],
            expect![[r#"
                100 of 10: 3 5 9.2 80 2.8
                1000 of 10: 30 5 20 80 865
                4 of 0: 0.12 3.88 0 0 0
                -100 of -10: -3 -5 -9.2 -80 -2.8
                0 of 0: 0 0 0 0 0
            "#]],
        );
    }

    #[test]
    fn what_rounding_leaves_goes_where_the_clause_says() {
        let parts = parts(&steps("80% 8% rest"), &Exact::whole(15), &Exact::zero());
        assert_eq!(in_minor_units(&parts, 15, Rounding::First), [13, 1, 1]);
        assert_eq!(in_minor_units(&parts, 15, Rounding::LargestRemainder), [12, 1, 2]);
        assert_eq!(in_minor_units(&parts, 15, Rounding::Last), [12, 1, 2]);
        let refund: Vec<Exact> = parts.into_iter().map(|part| -part).collect();
        assert_eq!(in_minor_units(&refund, -15, Rounding::LargestRemainder), [-12, -1, -2]);
        assert_eq!(in_minor_units(&[], 0, Rounding::First), [0i128; 0]);
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_gross_exactly_and_in_minor_units(
            gross in -1_000_000i128..1_000_000, units in 0i128..100,
            rates in prop::collection::vec((0i128..=100, 0usize..4, prop::option::of(0i128..500)), 0..6),
            rounding in prop::sample::select(Rounding::ALL.to_vec()),
        ) {
            let mut drawn: Vec<Step> = rates.into_iter().map(|(n, kind, cap)| {
                let take = match kind {
                    0 => Take::Gross(Exact::ratio(n, 100).unwrap()),
                    1 => Take::Remaining(Exact::ratio(n, 100).unwrap()),
                    2 => Take::Fixed(amount(&n.to_string())),
                    _ => Take::Wholesale(amount(&n.to_string())),
                };
                Step { to: "somebody".parse().unwrap(), take, cap: cap.map(|cap| amount(&cap.to_string())) }
            }).collect();
            drawn.extend(steps("rest"));
            let gross = Exact::ratio(gross, 700).unwrap();
            let found = parts(&drawn, &gross, &Exact::whole(units));
            prop_assert_eq!(found.iter().cloned().sum::<Exact>(), gross.clone());
            prop_assert!(found.iter().all(|part| part.is_zero() || part.is_negative() == gross.is_negative()));
            let total = gross.to_minor(abide_model::money::Currency::USD).unwrap();
            let minor = in_minor_units(&found, total, rounding);
            prop_assert_eq!(minor.iter().sum::<i128>(), total);
            prop_assert!(minor.iter().all(|part| *part == 0 || (*part < 0) == gross.is_negative()));
        }
    }
}

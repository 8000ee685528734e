//! Ownership, looked through: what parties own in the end, where companies own one another.

use abide_model::Date;
use abide_model::money::{Amount, Exact};
use abide_model::name::Party;
use abide_model::terms::{Stake, Valuation};
use std::collections::{BTreeMap, BTreeSet};

/// Why ownership cannot be looked through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unowned {
    /// More of a company is owned than there is.
    #[error("on {on}, stakes in `{company}` add up to {percent}%")]
    Over {
        /// The company.
        company: Party,
        /// The day.
        on: Date,
        /// What they add up to.
        percent: Exact,
    },
    /// Companies own one another whole, so that nobody outside owns any of them.
    #[error("on {on}, the companies {companies} own one another whole")]
    Circle {
        /// The companies, in words.
        companies: String,
        /// The day.
        on: Date,
    },
}

/// Who owns which part of which company: `(holder, company)` to the part.
pub type Parts = BTreeMap<(Party, Party), Exact>;

/// W: the direct parts on a day. Stakes of one holder in one company add up.
///
/// # Errors
/// When stakes in a company add up to more than all of it.
pub fn direct(stakes: &[Stake], on: Date) -> Result<Parts, Unowned> {
    let held = stakes.iter().filter(|stake| stake.since <= on && stake.until.is_none_or(|until| on < until));
    let mut parts = Parts::new();
    let mut sums: BTreeMap<&Party, Exact> = BTreeMap::new();
    for stake in held {
        let Some(percent) = &stake.percent else { continue };
        *parts.entry((stake.holder.clone(), stake.company.clone())).or_default() += percent;
        let sum = sums.entry(&stake.company).or_default();
        *sum += percent;
        if *sum > Exact::whole(1) {
            let percent = &*sum * &Exact::whole(100);
            return Err(Unowned::Over { company: stake.company.clone(), on, percent });
        }
    }
    Ok(parts)
}

/// X = W (I − W)⁻¹: the parts that parties own directly or through others.
///
/// # Errors
/// When companies own one another whole: then I − W has no inverse.
pub fn look_through(direct: &Parts, on: Date) -> Result<Parts, Unowned> {
    let parties: BTreeSet<&Party> = direct.keys().flat_map(|(holder, company)| [holder, company]).collect();
    let parties: Vec<&Party> = parties.into_iter().collect();
    let at = |holder: &Party, company: &Party| {
        direct.get(&(holder.clone(), company.clone())).cloned().unwrap_or_default()
    };
    // X (I − W) = W, so each row of X solves (I − W)ᵀ xᵀ = wᵀ: one elimination with all rows on the right.
    let one = |same: bool| Exact::whole(i128::from(same));
    let mut rows: Vec<Vec<Exact>> = parties
        .iter()
        .map(|company| {
            let left = parties.iter().map(|middle| one(middle == company) - at(middle, company));
            left.chain(parties.iter().map(|holder| at(holder, company))).collect()
        })
        .collect();
    if !eliminate(&mut rows) {
        let companies: BTreeSet<&str> = direct.keys().map(|(_, company)| company.as_str()).collect();
        let companies = companies.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Unowned::Circle { companies, on });
    }
    let mut found = Parts::new();
    for (middle, row) in parties.iter().zip(&rows) {
        for (holder, part) in parties.iter().zip(row.iter().skip(parties.len())) {
            if !part.is_zero() {
                found.insert(((*holder).clone(), (*middle).clone()), part.clone());
            }
        }
    }
    Ok(found)
}

/// Gauss and Jordan on exact rows; whether the left square became the identity.
fn eliminate(rows: &mut [Vec<Exact>]) -> bool {
    let cell = |row: &[Exact], at: usize| row.get(at).cloned().unwrap_or_default();
    for pivot in 0..rows.len() {
        let Some(found) =
            (pivot..rows.len()).find(|at| rows.get(*at).is_some_and(|row| !cell(row, pivot).is_zero()))
        else {
            return false;
        };
        rows.swap(pivot, found);
        let Some(base) = rows.get_mut(pivot) else { return false };
        let lead = cell(base, pivot);
        for value in base.iter_mut() {
            *value = (&*value / &lead).unwrap_or_default();
        }
        let base = base.clone();
        for (at, row) in rows.iter_mut().enumerate().filter(|(at, _)| *at != pivot) {
            let factor = cell(row, pivot);
            debug_assert!(at != pivot);
            for (value, with) in row.iter_mut().zip(&base) {
                *value = &*value - &(&factor * with);
            }
        }
    }
    true
}

/// What a part of a company is worth on a day, by its last valuation; `None` before the first.
#[must_use]
pub fn worth(part: &Exact, company: &Party, valuations: &[Valuation], on: Date) -> Option<(Exact, Amount)> {
    let dated = valuations.iter().filter(|valuation| valuation.of == *company && valuation.on <= on);
    let last = dated.max_by_key(|valuation| valuation.on)?;
    Some((part * &last.value.exact(), last.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// `holder company percent` rows.
    fn parts(text: &str) -> Result<Parts, Unowned> {
        let stake = |row: &str| {
            let words: Vec<_> = row.split_whitespace().collect();
            Stake {
                clause: "stake".parse().unwrap(),
                holder: words[0].parse().unwrap(),
                company: words[1].parse().unwrap(),
                percent: Some(Exact::parse(words[2]).unwrap()),
                invested: None,
                since: "2026-01-01".parse().unwrap(),
                until: None,
            }
        };
        let stakes: Vec<_> = text.split(", ").map(stake).collect();
        direct(&stakes, "2026-02-01".parse().unwrap())
    }

    fn check(text: &str, expected: Expect) {
        let on = "2026-02-01".parse().unwrap();
        let shown = match parts(text).and_then(|direct| look_through(&direct, on)) {
            Ok(found) => {
                found.iter().map(|((holder, company), part)| format!("{holder} {company} {part}\n")).collect()
            }
            Err(error) => format!("{error}\n"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn a_chain_of_companies_multiplies_and_a_circle_converges() {
        check(
            "cloud lab 27%",
            expect![[r#"
            cloud lab 0.27
        "#]],
        );
        check(
            "fund cloud 50%, cloud lab 27%, fund lab 1%",
            expect![[r#"
            cloud lab 0.27
            fund cloud 0.5
            fund lab 0.145
        "#]],
        );
        check(
            "a b 50%, b a 50%",
            expect![[r#"
            a a 1/3
            a b 2/3
            b a 2/3
            b b 1/3
        "#]],
        );
    }

    #[test]
    fn what_cannot_be_owned_is_an_answer_and_not_a_number() {
        check(
            "a b 60%, c b 50%",
            expect![[r#"
            on 2026-02-01, stakes in `b` add up to 110%
        "#]],
        );
        check(
            "a b 100%, b a 100%",
            expect![[r#"
            on 2026-02-01, the companies a, b own one another whole
        "#]],
        );
    }

    #[test]
    fn a_stake_is_worth_its_part_of_the_last_valuation() {
        let valuation = |value: &str, on: &str| Valuation {
            of: "lab".parse().unwrap(),
            value: Amount::parse(value).unwrap(),
            on: on.parse().unwrap(),
        };
        let all = [valuation("500_000_000_000 USD", "2025-10-28"), valuation("800 USD", "2026-03-01")];
        let on = |day: &str| {
            worth(&Exact::parse("27%").unwrap(), &"lab".parse().unwrap(), &all, day.parse().unwrap())
        };
        assert_eq!(on("2026-01-01").unwrap().0, Exact::whole(135_000_000_000));
        assert_eq!(on("2026-03-01").unwrap().0, Exact::whole(216));
        assert_eq!(on("2025-01-01"), None);
    }
}

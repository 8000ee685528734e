//! Look-through: what a party has besides, as the owner of parts of others.

use abide_model::money::Exact;
use abide_model::name::Party;
use abide_model::scenario::Holding;
use std::collections::BTreeMap;

/// Which part of each other party's money is a party's own in the end: X = W(I − W)⁻¹, W being who owns which part of
/// whom. A party that owns a part of one that owns a part of a third has a part of that too, and so on.
#[derive(Debug, Clone)]
pub(super) struct LookThrough {
    parts: BTreeMap<(Party, Party), Exact>,
}

impl LookThrough {
    /// Holdings of one owner in one party add up. `None` when they make somebody own all of itself in a circle.
    pub(super) fn new(holdings: &[Holding], parties: &[Party]) -> Option<Self> {
        let owns = |owner: &Party, of: &Party| -> Exact {
            let parts = holdings.iter().filter(|one| one.owner == *owner && one.of == *of);
            parts.map(|one| one.part.clone()).sum()
        };
        let n = parties.len();
        // (I − W)ᵀ Xᵀ = Wᵀ, solved for all owners at once: rows are the parties owned.
        let mut rows: Vec<Vec<Exact>> = parties
            .iter()
            .map(|of| {
                let left = parties.iter().map(|owner| {
                    let own = if owner == of { Exact::whole(1) } else { Exact::zero() };
                    own - owns(owner, of)
                });
                left.chain(parties.iter().map(|owner| owns(owner, of))).collect()
            })
            .collect();
        solve(&mut rows, n)?;
        let mut parts = BTreeMap::new();
        for (of, row) in parties.iter().zip(&rows) {
            for (owner, part) in parties.iter().zip(row.iter().skip(n)).filter(|(_, part)| !part.is_zero()) {
                parts.insert((owner.clone(), of.clone()), part.clone());
            }
        }
        Some(Self { parts })
    }

    /// The part of `of` that is `owner`'s.
    pub(super) fn part(&self, owner: &Party, of: &Party) -> Exact {
        self.parts.get(&(owner.clone(), of.clone())).cloned().unwrap_or_default()
    }
}

/// Gauss and Jordan, exactly. `None` when the left side has no inverse.
fn solve(rows: &mut [Vec<Exact>], n: usize) -> Option<()> {
    for column in 0..n {
        let pivot = (column..n).find(|row| cell(rows, *row, column).is_some_and(|cell| !cell.is_zero()))?;
        rows.swap(column, pivot);
        let head = cell(rows, column, column)?.clone();
        let row: Vec<Exact> =
            rows.get(column)?.iter().map(|cell| (cell / &head).unwrap_or_default()).collect();
        for (at, other) in rows.iter_mut().enumerate().filter(|(at, _)| *at != column) {
            debug_assert!(at < n, "one row a party");
            let times = other.get(column)?.clone();
            other.iter_mut().zip(&row).for_each(|(cell, pivot)| *cell = &*cell - &(&times * pivot));
        }
        *rows.get_mut(column)? = row;
    }
    Some(())
}

fn cell(rows: &[Vec<Exact>], row: usize, column: usize) -> Option<&Exact> {
    rows.get(row)?.get(column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(holdings: &str, expected: Expect) {
        let party = |name: &str| Party::parse(name).unwrap();
        let holding = |row: &str| {
            let words: Vec<&str> = row.split_whitespace().collect();
            Holding { owner: party(words[0]), of: party(words[2]), part: Exact::parse(words[1]).unwrap() }
        };
        let holdings: Vec<_> = holdings.split(',').map(holding).collect();
        let parties = [party("a"), party("b"), party("c")];
        let shown = LookThrough::new(&holdings, &parties).map_or("none\n".to_owned(), |through| {
            through.parts.iter().map(|((owner, of), part)| format!("{owner} has {part} of {of}\n")).collect()
        });
        expected.assert_eq(&shown);
    }

    #[test]
    fn parts_of_parts_are_looked_through() {
        check(
            "a 27% b",
            expect![[r#"
            a has 0.27 of b
        "#]],
        );
        check(
            "a 50% b, b 50% c",
            expect![[r#"
            a has 0.5 of b
            a has 0.25 of c
            b has 0.5 of c
        "#]],
        );
        check(
            "a 50% b, b 50% a",
            expect![[r#"
            a has 1/3 of a
            a has 2/3 of b
            b has 2/3 of a
            b has 1/3 of b
        "#]],
        );
        check(
            "a 100% b, b 100% a",
            expect![[r#"
            none
        "#]],
        );
    }
}

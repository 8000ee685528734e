//! Collisions of clauses about money, in words.

use super::super::Found;
use super::super::commits::Lack;
use super::{carve, leave, listed, quoted};
use crate::book::{Book, Money};
use crate::table::ClauseNo;
use abide_model::money::Exact;

/// Shares come to too much.
pub(super) fn stack(book: &Book, found: &Found) -> String {
    let from = found.clauses.first().map_or("", |number| party(book, book.clauses[*number].from));
    format!("{from} owes more than the whole of one revenue, by {}", names(book, &found.clauses))
}

pub(super) fn stack_ways(book: &Book, clauses: &[ClauseNo]) -> Vec<String> {
    vec![
        format!("lower rates in {}: together at most 100%", names(book, clauses)),
        "a narrower base (`of`) of one of them".to_owned(),
    ]
}

/// A commitment comes up short.
pub(super) fn vain(book: &Book, found: &Found) -> String {
    let ([commit, forbidding @ ..], Some(lack)) = (found.clauses.as_slice(), &found.lack) else {
        return String::new();
    };
    let clause = &book.clauses[*commit];
    let (buyer, seller) = (party(book, clause.from), party(book, clause.to));
    let bought = format!("{buyer} is to buy from {seller} by {}", quoted(book, *commit));
    let why = match (lack, forbidding) {
        (Lack { counts: false, .. }, _) => format!("{bought}, and nothing counts toward it"),
        (_, []) => format!("{bought} what {seller} has no right to sell"),
        (Lack { rightless, .. }, _) => {
            let verb = if forbidding.len() == 1 { "forbids" } else { "forbid" };
            let rest = if *rightless { ", and to the rest it has no right" } else { "" };
            format!("{bought} what {seller} may not sell: {} {verb} it{rest}", names(book, forbidding))
        }
    };
    match clause.kind.money() {
        Some(Money::Commit { shortfall, .. }) if !shortfall.is_zero() => {
            format!("{why}; {} of what is not bought is owed all the same", shortfall.percent())
        }
        Some(
            Money::Commit { .. }
            | Money::Share(_)
            | Money::Guarantee { .. }
            | Money::Split { .. }
            | Money::Parity { .. }
            | Money::Stake { .. },
        )
        | None => why,
    }
}

pub(super) fn vain_ways(book: &Book, found: &Found, commit: ClauseNo, scopes: &str) -> Vec<String> {
    let Some(lack) = &found.lack else { return Vec::new() };
    let seller = party(book, book.clauses[commit].to);
    let mut ways = Vec::new();
    for promise in &lack.sole {
        ways.push(carve(book, *promise, scopes));
        ways.push(leave(book, *promise));
    }
    if lack.rightless {
        ways.push(format!("a grant to {seller} that covers some of it and that no promise stands against"));
    }
    ways.push(format!("a base (`of`) of {} that holds something {seller} may sell", quoted(book, commit)));
    ways.push(format!("an end of {}", quoted(book, commit)));
    ways
}

/// Prices that only nothing keeps.
pub(super) fn ring(book: &Book, found: &Found) -> String {
    let after = found.clauses.iter().cycle().skip(1);
    let each = found.clauses.iter().zip(after).map(|(one, other)| {
        let (a, b) = (&book.clauses[*one], &book.clauses[*other]);
        let factor = super::super::parity::factor(book, *one, *other).unwrap_or_else(|| Exact::whole(1));
        let (buyer, compared) = (party(book, a.to), party(book, b.to));
        format!("{buyer} by {} at most {} of the price of {compared}", quoted(book, *one), factor.percent())
    });
    let seller = found.clauses.first().map_or("", |number| party(book, book.clauses[*number].from));
    format!("{seller} promises {}: no price above nothing keeps that", listed(each))
}

pub(super) fn ring_ways(book: &Book, clauses: &[ClauseNo]) -> Vec<String> {
    let [first, .., last] = clauses else { return Vec::new() };
    vec![
        format!("higher factors (`adjust`) in {}: multiplied at least 100%", names(book, clauses)),
        format!(
            "an `against` in {} that leaves {} out",
            quoted(book, *last),
            party(book, book.clauses[*first].to)
        ),
        "a narrower base (`of`) of one of them".to_owned(),
        format!(
            "an end of {}",
            clauses.iter().map(|number| quoted(book, *number)).collect::<Vec<_>>().join(" or of ")
        ),
    ]
}

fn party(book: &Book, number: crate::table::PartyNo) -> &str {
    book.words.parties[number].as_str()
}

fn names(book: &Book, clauses: &[ClauseNo]) -> String {
    listed(clauses.iter().map(|number| quoted(book, *number)))
}

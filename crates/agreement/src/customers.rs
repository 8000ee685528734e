//! Customers in words: of which segments and in which countries, said as briefly as the books allow. Sets of countries
//! stand for their members, and what is left out is said where nearly everything is meant.

use crate::book::{Book, Words};
use abide_model::name::{Segment, Territory};
use std::collections::BTreeSet;

/// Which customers those of `segments` and `territories` are, among all that `books` tell apart: `, for customers not of
/// public, in DACH`. `None` among them is a customer of no segment or country that is named; all when empty.
#[must_use]
pub fn customers(books: &[&Book], segments: &[Option<Segment>], territories: &[Option<Territory>]) -> String {
    let words: Vec<&Words> = books.iter().map(|book| &book.words).collect();
    let named = words.iter().flat_map(|words| words.segments.iter().map(|(_, name)| name));
    let of = part(segments, named, ("of", "of no named segment"), &|names| {
        names.iter().map(|name| name.as_str()).collect()
    });
    let named = words.iter().flat_map(|words| words.territories.iter().map(|(_, name)| name));
    let within = part(territories, named, ("in", "in no named country"), &|names| sets(&words, names));
    let parts: Vec<String> = [of, within].into_iter().flatten().collect();
    let between = if parts.first().is_some_and(|part| part.starts_with("not")) { ", " } else { " " };
    if parts.is_empty() { String::new() } else { format!(", for customers {}", parts.join(between)) }
}

/// Those of one axis, or those it leaves out where it holds what has no name.
fn part<'a, N: Ord + 'a>(
    values: &'a [Option<N>],
    named: impl Iterator<Item = &'a N>,
    (of, none): (&str, &str),
    say: &dyn Fn(&BTreeSet<&'a N>) -> Vec<&'a str>,
) -> Option<String> {
    let inside: BTreeSet<&N> = values.iter().flatten().collect();
    let outside: BTreeSet<&N> = named.filter(|name| !inside.contains(name)).collect();
    let others = values.iter().any(Option::is_none);
    match (values.is_empty(), others, inside.is_empty()) {
        (true, ..) => None,
        (false, false, _) => Some(format!("{of} {}", any(&say(&inside)))),
        (false, true, true) => Some(none.to_owned()),
        (false, true, false) => Some(format!("not {of} {}", any(&say(&outside)))),
    }
}

/// Countries, by the sets that hold nothing else.
fn sets<'a>(words: &[&'a Words], countries: &BTreeSet<&'a Territory>) -> Vec<&'a str> {
    let mut left = countries.clone();
    let mut found = Vec::new();
    let members = |words: &'a Words, name: &Territory| -> Vec<&'a Territory> {
        words.sets.get(name).into_iter().flatten().map(|at| &words.territories[*at]).collect()
    };
    let all = words.iter().flat_map(|words| words.sets.keys().map(|name| (name, members(words, name))));
    let fitting: Vec<_> = all.filter(|(_, held)| held.iter().all(|one| countries.contains(one))).collect();
    loop {
        let gain = |held: &[&Territory]| held.iter().filter(|one| left.contains(*one)).count();
        let best = fitting.iter().max_by_key(|(name, held)| (gain(held), std::cmp::Reverse(*name)));
        let Some((name, held)) = best.filter(|(_, held)| gain(held) > 1) else { break };
        held.iter().for_each(|one| {
            left.remove(one);
        });
        found.push(name.as_str());
    }
    found.extend(left.iter().map(|one| one.as_str()));
    found
}

/// `a, b or c`.
fn any(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

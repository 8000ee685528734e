//! Which clause goes before which, inside one instrument: what is said outright, else the later amendment, else the
//! narrower scope; else the book is ambiguous, which is an error.

use super::Check;
use super::clause::Draft;
use super::scope::{Lie, Region, boxes_apart, lie};
use crate::book::{Kind, Words};
use crate::diagnostic::{Spot, Word};

use crate::syntax::Instrument;
use crate::syntax::clause::ClauseRow;
use crate::table::{ClauseNo, Number};
use std::collections::{BTreeMap, BTreeSet};

/// How many clauses may go before one another in a row.
const OVERRIDE_LEVELS_MAX: usize = 12;

/// Fills in which clauses beat which, and which end because an amendment takes them back.
pub(super) fn settle(drafts: &mut [Draft<'_>], homes: &[&Instrument], words: &Words, check: &mut Check<'_>) {
    let numbers: BTreeMap<String, usize> =
        drafts.iter().enumerate().map(|(at, draft)| (draft.row.id.value.clone(), at)).collect();
    for home in homes {
        supersede(home, drafts, &numbers, check);
    }
    let outright = overrides(drafts, &numbers, check);
    for (winner, loser) in &outright {
        beat(drafts, *winner, *loser);
    }
    weigh(drafts, &outright, words, check);
    if !circles(drafts, check) {
        towers(drafts, check);
    }
    // The latest is asked first: it is the likeliest to settle the matter.
    let order: Vec<_> = drafts.iter().enumerate().map(|(at, draft)| (draft.home.amendment, at)).collect();
    for draft in drafts {
        draft.clause.beaten_by.sort_by_key(|number| std::cmp::Reverse(order.get(number.at()).copied()));
    }
}

fn beat(drafts: &mut [Draft<'_>], winner: usize, loser: usize) {
    if let Some(draft) = drafts.get_mut(loser) {
        draft.clause.beaten_by.push(ClauseNo::new(winner));
    }
}

/// Looks up a clause that `word` takes back or goes before.
fn earlier<'d, 'a>(
    word: &Word,
    home: &Instrument,
    verb: &str,
    drafts: &'d [Draft<'a>],
    numbers: &BTreeMap<String, usize>,
    check: &mut Check<'_>,
) -> Option<(usize, &'d Draft<'a>)> {
    let found = numbers.get(&word.value).and_then(|at| Some((*at, drafts.get(*at)?)));
    let Some((at, draft)) = found else {
        // A clause that is declared but missing here is broken, and reported as such already.
        if !check.seen.contains_key(&("clause", word.value.clone())) {
            let declared: Vec<_> =
                check.seen.keys().filter(|(kind, _)| *kind == "clause").map(|(_, id)| id.clone()).collect();
            check.unknown(word, "clause", declared.iter().map(String::as_str));
        }
        return None;
    };
    if draft.home.name.value != home.name.value {
        let message = format!(
            "clause `{}` belongs to instrument `{}`, so `{}` cannot {verb} it",
            word.value, draft.home.name.value, home.name.value
        );
        check
            .sink
            .error("foreign-clause", word.spot, message)
            .also(draft.row.id.spot, "it stands here")
            .help("across instruments there is no precedence: both promises live");
        return None;
    }
    Some((at, draft))
}

/// Ends what an amendment takes back, on the day the amendment takes effect.
fn supersede(
    home: &Instrument,
    drafts: &mut [Draft<'_>],
    numbers: &BTreeMap<String, usize>,
    check: &mut Check<'_>,
) {
    for word in &home.supersedes {
        let Some((at, draft)) = earlier(word, home, "supersede", drafts, numbers, check) else {
            continue;
        };
        if draft.home.amendment >= home.amendment {
            let message = format!("clause `{}` is not of an earlier amendment", word.value);
            check
                .sink
                .error("not-earlier", word.spot, message)
                .also(draft.row.id.spot, format!("it is of amendment {}", draft.home.amendment))
                .help(format!("this file is amendment {}; raise it, or name another clause", home.amendment));
            continue;
        }
        let Some((known, effective)) = home.known().zip(home.effective.or(home.signed)) else { continue };
        let cut = (check.start(known), check.start(effective.value));
        if let Some(draft) = drafts.get_mut(at) {
            draft.clause.term.superseded.push(cut);
        }
    }
}

/// Every pair `(winner, loser)` that a clause states outright.
fn overrides(
    drafts: &[Draft<'_>],
    numbers: &BTreeMap<String, usize>,
    check: &mut Check<'_>,
) -> BTreeSet<(usize, usize)> {
    let mut pairs = BTreeSet::new();
    for (winner, draft) in drafts.iter().enumerate() {
        for word in &draft.row.overrides {
            let found = earlier(word, draft.home, "override", drafts, numbers, check);
            let Some((loser, other)) = found else { continue };
            if loser == winner {
                check
                    .sink
                    .error("circle", word.spot, format!("clause `{}` overrides itself", word.value))
                    .help("take it out of its own `overrides`");
            } else if other.home.amendment > draft.home.amendment {
                let message = format!("clause `{}` is of a later amendment", word.value);
                check
                    .sink
                    .error("not-earlier", word.spot, message)
                    .also(other.row.id.spot, "it stands here")
                    .help("let the later one say what it overrides");
            } else {
                pairs.insert((winner, loser));
            }
        }
    }
    pairs
}

/// Settles every permission that lifts a promise made to whoever gives the permission.
fn weigh(
    drafts: &mut [Draft<'_>],
    outright: &BTreeSet<(usize, usize)>,
    words: &Words,
    check: &mut Check<'_>,
) {
    let mut by_instrument: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        by_instrument.entry(draft.home.name.value.clone()).or_default().push(at);
    }
    let mut won = Vec::new();
    for members in by_instrument.values() {
        let grants = members.iter().filter(|at| is_grant(drafts, **at));
        for (grant, promise) in grants.flat_map(|grant| members.iter().map(move |promise| (*grant, *promise)))
        {
            let (Some(a), Some(b)) = (drafts.get(grant), drafts.get(promise)) else { continue };
            if !lifts(a, b) {
                continue;
            }
            let settled = outright.contains(&(grant, promise)) || outright.contains(&(promise, grant));
            if !settled && goes_before(a, b, words, check) {
                won.push((grant, promise));
            }
        }
    }
    for (grant, promise) in won {
        beat(drafts, grant, promise);
    }
}

fn is_grant(drafts: &[Draft<'_>], at: usize) -> bool {
    drafts.get(at).is_some_and(|draft| matches!(draft.clause.kind, Kind::Grant { .. }))
}

/// Whether `grant` gives the promisor of `promise` leave from its promisee.
fn lifts(grant: &Draft<'_>, promise: &Draft<'_>) -> bool {
    let forbids = match promise.clause.kind {
        Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } => true,
        Kind::Grant { .. } | Kind::Money(_) => false,
    };
    forbids && grant.clause.from == promise.clause.to && grant.clause.to == promise.clause.from
}

/// Whether the permission wins over the promise where both apply.
fn goes_before(grant: &Draft<'_>, promise: &Draft<'_>, words: &Words, check: &mut Check<'_>) -> bool {
    // What never meets needs no order, and a promise that nothing beats is answered quickest.
    let overlap =
        |a: &Draft<'_>, b: &Draft<'_>| b.clause.term.until.is_none_or(|end| a.clause.term.since < end);
    let meet = overlap(grant, promise)
        && overlap(promise, grant)
        && !boxes_apart(&grant.clause.scope, &promise.clause.scope);
    if !meet {
        return false;
    }
    let (later, earlier) = (grant.home.amendment, promise.home.amendment);
    if later != earlier {
        return later > earlier;
    }
    let region = |draft| region_of(draft);
    match lie(region(grant), region(promise), words) {
        Lie::Apart | Lie::Wider => false,
        Lie::Narrower => true,
        Lie::Crossing => {
            let (a, b) = (&grant.row.id, &promise.row.id);
            let message = format!(
                "`{}` permits what `{}` forbids, and nothing says which goes first",
                a.value, b.value
            );
            let (last, first) = if a.spot > b.spot { (a, b) } else { (b, a) };
            check.sink.error("ambiguous", last.spot, message).also(first.spot, "the other clause").help(
                format!(
                    "say it: overrides = [\"{}\"], or make one of them narrower than the other",
                    first.value
                ),
            );
            false
        }
    }
}

fn region_of<'a>(draft: &'a Draft<'_>) -> Region<'a> {
    Region { scope: &draft.clause.scope, except: &draft.clause.except }
}

/// Whether clauses go before one another only so many levels deep; what hangs on them is looked at level by level.
fn towers(drafts: &[Draft<'_>], check: &mut Check<'_>) {
    let mut levels = vec![0usize; drafts.len()];
    for _ in 0..=OVERRIDE_LEVELS_MAX {
        let above = |draft: &Draft<'_>| {
            let beaters = draft.clause.beaten_by.iter();
            beaters.filter_map(|number| levels.get(number.at())).max().map_or(0, |level| level + 1)
        };
        levels = drafts.iter().map(above).collect();
    }
    let too_deep = levels.iter().position(|level| *level > OVERRIDE_LEVELS_MAX);
    if let Some(draft) = too_deep.and_then(|at| drafts.get(at)) {
        let message =
            format!("clauses override one another more than {OVERRIDE_LEVELS_MAX} levels above this one");
        check
            .sink
            .error("limit", draft.row.id.spot, message)
            .help("let later amendments name it in `supersedes` instead");
    }
}

/// No clause may, by way of others, go before itself; whether one does.
fn circles(drafts: &[Draft<'_>], check: &mut Check<'_>) -> bool {
    let mut state = vec![0u8; drafts.len()];
    for start in 0..drafts.len() {
        let mut path = vec![(start, 0usize)];
        while let Some((at, next)) = path.pop() {
            let Some(draft) = drafts.get(at) else { continue };
            if next == 0 {
                match state.get(at) {
                    Some(0) => mark(&mut state, at, 1),
                    _ => continue,
                }
            }
            let Some(beater) = draft.clause.beaten_by.get(next).map(|beater| beater.at()) else {
                mark(&mut state, at, 2);
                continue;
            };
            path.push((at, next + 1));
            match state.get(beater) {
                Some(0) => path.push((beater, 0)),
                Some(1) => {
                    report(drafts, draft.row, beater, check);
                    return true;
                }
                _ => {}
            }
        }
    }
    false
}

fn mark(state: &mut [u8], at: usize, value: u8) {
    if let Some(cell) = state.get_mut(at) {
        *cell = value;
    }
}

fn report(drafts: &[Draft<'_>], row: &ClauseRow, other: usize, check: &mut Check<'_>) {
    let spot = |row: &ClauseRow| row.overrides.first().map_or(row.id.spot, |word| word.spot);
    let also: Option<Spot> = drafts.get(other).map(|draft| spot(draft.row));
    let draft = check.sink.error("circle", spot(row), "these clauses override one another in a circle");
    if let Some(place) = also.filter(|place| *place != spot(row)) {
        draft.also(place, "and here");
    }
    draft.help("take one of the `overrides` out");
}

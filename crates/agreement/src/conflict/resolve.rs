//! Collisions in words: what collides, and what would end it.

mod money;

use super::probe::When;
use super::{ConflictKind, Dependence, Extent, Found};
use crate::book::{Book, Clause, Point, Settled, Threshold};
use crate::customers::customers;
use crate::table::{ClauseNo, QuestionNo};
use std::borrow::Borrow;

/// What collides, in one sentence.
pub(super) fn says(book: &Book, found: &Found) -> String {
    let clause = |at: usize| found.clauses.get(at).map(|number| &book.clauses[*number]);
    let name = |at: usize| clause(at).map_or("", |clause| clause.name.as_str());
    let from = |at: usize| clause(at).map_or("", |clause| book.words.parties[clause.from].as_str());
    let to = |at: usize| clause(at).map_or("", |clause| book.words.parties[clause.to].as_str());
    match found.kind {
        ConflictKind::NoRightsIn => {
            format!("{} gives {} by `{}` what it has no right to give", from(0), to(0), name(0))
        }
        ConflictKind::TermOverhang => format!(
            "{} gives {} by `{}` what it no longer has, since the right that came by `{}` from {} is over",
            from(0),
            to(0),
            name(0),
            name(1),
            from(1)
        ),
        ConflictKind::NotExclusiveIn => format!(
            "{} promises {} by `{}` that nobody else may, while its own right, `{}` from {}, is not exclusive",
            from(0),
            to(0),
            name(0),
            name(1),
            from(1)
        ),
        ConflictKind::ExclusiveOverlap => format!(
            "{} promises {} by `{}` and {} by `{}`, each of them, that nobody else may",
            from(0),
            to(0),
            name(0),
            to(1),
            name(1)
        ),
        ConflictKind::GrantIntoExclusive if earlier(book, found) => format!(
            "{} promises {} by `{}` that nobody else may do what {} already may by `{}`",
            from(1),
            to(1),
            name(1),
            to(0),
            name(0)
        ),
        ConflictKind::GrantIntoExclusive => format!(
            "{} gives {} by `{}` what it promised {} by `{}` to give nobody else",
            from(0),
            to(0),
            name(0),
            to(1),
            name(1)
        ),
        ConflictKind::RefusalBypassed => format!(
            "{} gives {} by `{}` what it is to offer {} first by `{}`",
            from(0),
            to(0),
            name(0),
            to(1),
            name(1)
        ),
        ConflictKind::LaunchOrder => launches(book, found),
        ConflictKind::RateStack => money::stack(book, found),
        ConflictKind::CommitInfeasible => money::vain(book, found),
        ConflictKind::Parity => money::ring(book, found),
    }
}

/// Whether the first of the clauses began before the second.
fn earlier(book: &Book, found: &Found) -> bool {
    let mut begins = found.clauses.iter().map(|number| book.clauses[*number].term.since);
    begins.next() < begins.next()
}

fn launches(book: &Book, found: &Found) -> String {
    let [one, other] = found.clauses.as_slice() else { return String::new() };
    let (a, b) = (&book.clauses[*one], &book.clauses[*other]);
    let party = |number| book.words.parties[number].as_str();
    match (a.first_channel(), b.first_channel()) {
        (None, Some(channel)) => format!(
            "{} lets {} launch by `{}` before the launch through {} that `{}` promises {} first",
            party(a.from),
            party(a.to),
            a.name,
            book.words.channels[channel],
            b.name,
            party(b.to)
        ),
        (Some(first), Some(second)) => format!(
            "{} promises the first launch through {} by `{}` and through {} by `{}`: neither may begin",
            party(a.from),
            book.words.channels[first],
            a.name,
            book.words.channels[second],
            b.name
        ),
        (Some(first), None) => format!(
            "{} promises {} by `{}` the first launch through {}, where `{}` lets nobody but {} launch",
            party(a.from),
            party(a.to),
            a.name,
            book.words.channels[first],
            b.name,
            party(b.to)
        ),
        (None, None) => String::new(),
    }
}

/// What would end it: each alone is enough.
pub(super) fn ways(book: &Book, found: &Found, extent: &[Extent]) -> Vec<String> {
    let mut ways = Vec::new();
    ways.extend(answer(book, &found.when));
    let scopes = || listed(extent.iter().map(|extent| scope(book, extent)));
    match (found.kind, found.clauses.as_slice()) {
        (ConflictKind::NoRightsIn, [grant, ..]) => {
            let clause = &book.clauses[*grant];
            let giver = &book.words.parties[clause.from];
            ways.push(format!(
                "a grant to {giver} that covers this and may be passed on (`sublicense`, enough `depth`)"
            ));
            ways.push(carve(book, *grant, &scopes()));
        }
        (ConflictKind::TermOverhang, [grant, head, ..]) => {
            ways.push(format!(
                "a right by {} that lasts longer, or one that follows it",
                quoted(book, *head)
            ));
            ways.push(format!(
                "an `until` in {} no later than the right behind it lasts",
                quoted(book, *grant)
            ));
        }
        (ConflictKind::NotExclusiveIn, [promise, licence, ..]) => {
            let (clause, above) = (&book.clauses[*promise], &book.clauses[*licence]);
            let (giver, licensor) = (&book.words.parties[clause.from], &book.words.parties[above.from]);
            ways.push(format!("an exclusive from {licensor} to {giver} over the same"));
            ways.push(carve(book, *promise, &scopes()));
        }
        (ConflictKind::ExclusiveOverlap, [one, other, ..]) => {
            ways.push(carve(book, *one, &scopes()));
            ways.push(carve(book, *other, &scopes()));
            ways.extend(precedence(book, *one, *other));
        }
        (
            ConflictKind::GrantIntoExclusive | ConflictKind::RefusalBypassed | ConflictKind::LaunchOrder,
            [one, other, ..],
        ) => {
            ways.extend(offer(book, found.kind, *other));
            ways.extend(precedence(book, *one, *other));
            ways.push(carve(book, *other, &scopes()));
            ways.push(leave(book, *other));
            ways.push(format!("an end of {} or of {}", quoted(book, *one), quoted(book, *other)));
        }
        (ConflictKind::RateStack, clauses) => ways.extend(money::stack_ways(book, clauses)),
        (ConflictKind::CommitInfeasible, [commit, ..]) => {
            ways.extend(money::vain_ways(book, found, *commit, &scopes()));
        }
        (ConflictKind::Parity, clauses) => ways.extend(money::ring_ways(book, clauses)),
        (_, []) | (_, [_]) => {}
    }
    ways
}

/// What it hangs on, each with what it comes to where the clauses collide.
pub(super) fn depends_on(book: &Book, when: &When) -> Vec<Dependence> {
    let first = when.first();
    let one = |question: &QuestionNo| {
        let point = &book.words.points[*question];
        Dependence { question: point.name.clone(), ask: point.ask.clone(), is: is(book, point, &first) }
    };
    when.questions.iter().map(one).collect()
}

/// What the point of this name comes to among `answers`; of a measure, the nearest amounts on both sides.
fn is(book: &Book, point: &Point, answers: &[(QuestionNo, bool)]) -> Option<String> {
    let (mut reached, mut missed): (Option<Threshold>, Option<Threshold>) = (None, None);
    for (number, answer) in answers {
        let one = &book.words.points[*number];
        match &one.settled {
            Settled::Answers { .. } | Settled::Reply if one.name == point.name => {
                return Some(if *answer { "yes" } else { "no" }.to_owned());
            }
            Settled::Reached(threshold) if one.name == point.name => match answer {
                true => reached = reached.max(Some(*threshold)),
                false => missed = Some(missed.map_or(*threshold, |least| least.min(*threshold))),
            },
            Settled::Answers { .. } | Settled::Reply | Settled::Reached(_) => {}
        }
    }
    let least =
        reached.map(|least| format!("{} {}", if least.above { "above" } else { "at least" }, least.amount));
    let most = missed.map(|most| format!("{} {}", if most.above { "at most" } else { "below" }, most.amount));
    let sides: Vec<String> = [least, most].into_iter().flatten().collect();
    (!sides.is_empty()).then(|| sides.join(" and "))
}

fn answer(book: &Book, when: &When) -> Option<String> {
    let name = |number: &QuestionNo| format!("`{}`", book.words.points[*number].name);
    match (when.questions.as_slice(), when.points.as_slice(), when.table.as_slice()) {
        ([], ..) => None,
        ([one], [point], [no, _]) => Some(match (&book.words.points[*point].settled, *no == Some(true)) {
            // The clauses collide on one of the two answers: the other ends it.
            (Settled::Answers { .. }, true) => format!("the answer yes to {}", name(one)),
            (Settled::Answers { .. }, false) => format!("the answer no to {}", name(one)),
            (Settled::Reply, true) => format!("{}, in time", name(one)),
            (Settled::Reply, false) => format!("another reply than {}, or none in time", name(one)),
            (Settled::Reached(_), _) => format!("what {} comes to", name(one)),
        }),
        (all, ..) => Some(format!("answers to {} on which it does not arise", listed(all.iter().map(name)))),
    }
}

fn carve(book: &Book, number: ClauseNo, scopes: &str) -> String {
    format!("a carve-out (`except`) in {} for {scopes}", quoted(book, number))
}

fn offer(book: &Book, kind: ConflictKind, refusal: ClauseNo) -> Option<String> {
    let clause = &book.clauses[refusal];
    let (giver, holder) = (&book.words.parties[clause.from], &book.words.parties[clause.to]);
    (kind == ConflictKind::RefusalBypassed).then(|| {
        format!("an offer from {giver} to {holder} that is declined or lapses before the grant begins")
    })
}

fn leave(book: &Book, promise: ClauseNo) -> String {
    let clause = &book.clauses[promise];
    let (giver, holder) = (&book.words.parties[clause.from], &book.words.parties[clause.to]);
    format!("leave from {holder}: a grant to {giver} in `{}` that covers this", clause.instrument)
}

/// Inside one instrument, one clause can go before another.
fn precedence(book: &Book, one: ClauseNo, other: ClauseNo) -> Option<String> {
    let (a, b): (&Clause, &Clause) = (&book.clauses[one], &book.clauses[other]);
    (a.instrument == b.instrument).then(|| {
        format!(
            "an `overrides` in `{}`: {} or {} goes first",
            a.instrument,
            quoted(book, one),
            quoted(book, other)
        )
    })
}

fn quoted(book: &Book, number: ClauseNo) -> String {
    format!("`{}`", book.clauses[number].name)
}

/// A box in words: `serve, sell: openai/frontier through aws`.
fn scope(book: &Book, extent: &Extent) -> String {
    let mut text = listed(extent.actions.iter().map(|action| action.as_str()));
    text += &format!(" of {}", listed(extent.products.iter().map(|product| product.as_str())));
    text += &format!(" through {}", listed(extent.channels.iter().map(|channel| channel.as_str())));
    text + &customers(&[book], &extent.segments, &extent.territories)
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: impl Iterator<Item = impl Borrow<str>>) -> String {
    let words: Vec<_> = words.collect();
    let words: Vec<&str> = words.iter().map(Borrow::borrow).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

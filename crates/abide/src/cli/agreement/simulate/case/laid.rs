//! The drafts of one world, laid out for the projection: what is sold and bought counts toward which clauses on which
//! days, and whether it may be sold at all.

use abide_agreement::Book;
use abide_ledger::projection::{Piece, Terms};
use abide_model::decision::{Action, Ask, Verdict};
use abide_model::name::Party;
use abide_model::scenario::{Purchase, Scenario, Stream};
use abide_model::{Date, Time, terms};
use std::collections::BTreeSet;

/// All drafts in one world.
pub(super) struct Laid {
    pub(super) terms: Vec<Terms>,
    pub(super) known: Vec<Time>,
    unpermitted: Vec<Unpermitted>,
    unplaced: Vec<Unplaced>,
}

/// Revenue that names no segment or country, on which it hangs whether a clause counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Unplaced {
    pub(in super::super) draft: usize,
    pub(in super::super) stream: usize,
    pub(in super::super) of: terms::Unplaced,
}

/// Revenue that a draft does not permit, or perhaps not.
#[derive(Debug, Clone)]
pub(in super::super) struct Unpermitted {
    pub(in super::super) draft: usize,
    pub(in super::super) stream: usize,
    pub(in super::super) from: Date,
    pub(in super::super) until: Date,
    pub(in super::super) verdict: String,
    /// In how many futures.
    pub(in super::super) times: u32,
}

pub(super) fn laid_out(scenario: &Scenario, books: &[Book], given: &impl Fn(&Book) -> Time) -> Laid {
    let mut laid =
        Laid { terms: Vec::new(), known: Vec::new(), unpermitted: Vec::new(), unplaced: Vec::new() };
    for (number, (draft, book)) in scenario.drafts.iter().zip(books).enumerate() {
        let day = draft.known.or(scenario.known);
        let known = day.map_or_else(|| given(book), |day| book.start_of_day(day));
        let mut sold = Vec::new();
        for (at, stream) in scenario.streams.iter().enumerate() {
            let Cut { pieces, wrong, unplaced } = cut(scenario, stream, book, known);
            sold.push(pieces);
            laid.unplaced.extend(unplaced.into_iter().map(|of| Unplaced { draft: number, stream: at, of }));
            laid.unpermitted.extend(wrong.into_iter().map(|(from, until, verdict)| Unpermitted {
                draft: number,
                stream: at,
                from,
                until,
                verdict,
                times: 1,
            }));
        }
        let bought = scenario.purchases.iter().map(|one| drawn(scenario, one, book, known)).collect();
        laid.terms.push(Terms { money: book.terms(known), sold, bought });
        laid.known.push(known);
    }
    laid
}

/// What is not permitted in any world, put together: from the first day to the last, and in how many futures.
pub(super) fn unpermitted(worlds: &[Laid], times: &[u32]) -> Vec<Unpermitted> {
    let mut found: Vec<Unpermitted> = Vec::new();
    for (laid, times) in worlds.iter().zip(times).filter(|(_, times)| **times > 0) {
        for one in &laid.unpermitted {
            let same = |other: &&mut Unpermitted| {
                let stretch = worlds.len() > 1 || (other.from, other.until) == (one.from, one.until);
                stretch
                    && (other.draft, other.stream, &other.verdict) == (one.draft, one.stream, &one.verdict)
            };
            match found.iter_mut().find(same) {
                Some(known) => {
                    known.times += times;
                    (known.from, known.until) = (known.from.min(one.from), known.until.max(one.until));
                }
                None => found.push(Unpermitted { times: *times, ..one.clone() }),
            }
        }
    }
    found.sort_by_key(|one| (one.draft, one.stream, one.from));
    found
}

/// What hangs on a segment or country in any world, each once.
pub(super) fn unplaced(worlds: &[Laid]) -> Vec<Unplaced> {
    let mut found: Vec<Unplaced> = Vec::new();
    for one in worlds.iter().flat_map(|laid| &laid.unplaced) {
        if !found.contains(one) {
            found.push(one.clone());
        }
    }
    found
}

/// A purchase in pieces that each count toward the same commitments.
fn drawn(scenario: &Scenario, purchase: &Purchase, book: &Book, known: Time) -> Vec<Piece> {
    let (from, until) = (purchase.from.max(scenario.from), purchase.until.min(scenario.until));
    if from >= until {
        return Vec::new();
    }
    let turns = book.drawn_down(purchase, from..until, known);
    let ends: Vec<Date> = turns.iter().skip(1).map(|(day, _)| *day).chain([until]).collect();
    turns.into_iter().zip(ends).map(|((from, toward), until)| Piece { from, until, toward }).collect()
}

/// A stream in pieces that each count toward the same clauses.
#[derive(Default)]
struct Cut {
    pieces: Vec<Piece>,
    /// The stretches that are not permitted.
    wrong: Vec<(Date, Date, String)>,
    unplaced: BTreeSet<terms::Unplaced>,
}

fn cut(scenario: &Scenario, stream: &Stream, book: &Book, known: Time) -> Cut {
    let until = stream.until.min(scenario.until);
    let mut from = stream.from.max(scenario.from);
    let mut cut = Cut::default();
    let Cut { pieces, wrong, unplaced } = &mut cut;
    // An answer stays the same for longer than what counts the revenue: without a right, splits count it all the same.
    let mut turns = book.money_turns(from..until, known).into_iter().peekable();
    // Each piece is a day long or longer, so that the years of a scenario bound them: none of its end is left out.
    while from < until {
        let ask = Ask {
            actor: stream.party.clone(),
            action: Action::Sell,
            product: stream.product.clone(),
            channel: stream.channel.clone(),
            customer: stream.customer.clone(),
            segment: stream.segment.clone(),
            territory: stream.territory.clone(),
            at: book.start_of_day(from),
            known,
        };
        let decision = book.decide(&ask);
        let turn = decision.until.map(|at| at.to_zoned(book.zone().clone()).date());
        while turns.next_if(|turn| *turn <= from).is_some() {}
        let turn = turn.filter(|turn| *turn > from).into_iter().chain(turns.peek().copied()).min();
        let next = turn.map_or(until, |turn| turn.min(until));
        let toward = book.counts(&ask);
        match pieces.last_mut().filter(|piece| piece.toward == toward) {
            Some(piece) => piece.until = next,
            None => pieces.push(Piece { from, until: next, toward }),
        }
        unplaced.extend(book.unplaced(&ask, stream.price.is_some()));
        if let Some(verdict) = not_permitted(&decision.verdict) {
            match wrong.last_mut().filter(|(_, end, same)| *end == from && *same == verdict) {
                Some((_, end, _)) => *end = next,
                None => wrong.push((from, next, verdict)),
            }
        }
        from = next;
    }
    cut
}

fn not_permitted(verdict: &Verdict) -> Option<String> {
    let listed = |names: Vec<&str>| names.join(", ");
    match verdict {
        Verdict::Permit => None,
        Verdict::NoRight => Some("no right to sell it".to_owned()),
        Verdict::Breach { toward } => {
            Some(format!("a breach toward {}", listed(toward.iter().map(Party::as_str).collect())))
        }
        Verdict::Contested { toward, questions } => {
            let questions = listed(questions.iter().map(|question| question.as_str()).collect());
            let toward = listed(toward.iter().map(Party::as_str).collect());
            let whom = if toward.is_empty() { String::new() } else { format!(" toward {toward}") };
            Some(format!("contested{whom}, on {questions}"))
        }
    }
}

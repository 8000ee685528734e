//! What open questions move: the same forecast with one answer supposed, and with the other.

use super::laid::laid_out;
use abide_agreement::{Book, Staged};
use abide_ledger::Span;
use abide_ledger::projection::{self, Calendar, Outcome, Terms, World};
use abide_model::Time;
use abide_model::name::{Party, Question};

/// The most open questions that are tried out.
const QUESTIONS_MAX: usize = 16;

/// What the answer to a question moves, for one party under one draft: its present value on either answer.
pub(in super::super) struct Swing {
    pub(in super::super) question: String,
    pub(in super::super) ask: String,
    pub(in super::super) draft: usize,
    pub(in super::super) party: Party,
    pub(in super::super) yes: Span<i128>,
    pub(in super::super) no: Span<i128>,
}

/// In the future in the middle. A question that the scenario or the book answers moves nothing.
pub(super) fn swings(
    staged: &mut Staged<'_>,
    books: &[Book],
    (world, terms): (&World, &Vec<Terms>),
    given: &impl Fn(&Book) -> Time,
    calendar: &Calendar,
) -> Vec<Swing> {
    let Some(book) = books.first() else { return Vec::new() };
    let mut found = Vec::new();
    for (question, ask) in book.questions().take(QUESTIONS_MAX) {
        let mut laid = |answer| {
            let books = staged.books_in(world, Some((question, answer)))?;
            Some(laid_out(&staged.scenario, &books, given).terms)
        };
        let (Some(yes), Some(no)) = (laid(true), laid(false)) else { continue };
        // Most questions are about other things than money.
        if yes == no && yes == *terms {
            continue;
        }
        let worked = |terms: &[Terms]| projection::middle(&staged.scenario, terms, calendar).ok();
        if let (Some(yes), Some(no)) = (worked(&yes), worked(&no)) {
            found.extend(compared(question, ask, &yes, &no));
        }
    }
    found.sort_by_key(|swing| std::cmp::Reverse((swing.yes.high - swing.no.high).unsigned_abs()));
    found
}

fn compared(question: &Question, ask: &str, yes: &[Outcome], no: &[Outcome]) -> Vec<Swing> {
    let mut found = Vec::new();
    for (draft, (yes, no)) in yes.iter().zip(no).enumerate() {
        for one in &yes.parties {
            let Some(other) = no.parties.iter().find(|other| other.party == one.party) else { continue };
            let (yes, no) = (one.present_value.p50, other.present_value.p50);
            if yes != no {
                let (question, ask) = (question.to_string(), ask.to_owned());
                found.push(Swing { question, ask, draft, party: one.party.clone(), yes, no });
            }
        }
    }
    found
}

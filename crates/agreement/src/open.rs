//! Open points, and the sets of answers to them that can come true together.
//!
//! Each point takes one bit of a set. Points that compare one measure with several amounts are rungs of a ladder: who
//! stands on a rung stands on every lower one too. Knows nothing of what hangs on the answers.

use crate::book::{Book, Settled, Threshold};
use crate::few::Few;
use crate::table::{MeasureNo, QuestionNo};
use std::collections::BTreeMap;

/// The most open points whose answers are tried out one against the other.
pub const OPEN_QUESTIONS_MAX: usize = 16;

/// Some open points of a book.
#[derive(Debug)]
pub(crate) struct Open {
    /// Invariant: sorted, each once.
    points: Few<QuestionNo, OPEN_QUESTIONS_MAX>,
    /// The bits of each measure, the lowest amount first.
    ladders: Vec<Vec<u32>>,
}

impl Open {
    pub(crate) fn new(book: &Book, found: impl IntoIterator<Item = QuestionNo>) -> Self {
        let mut points: Few<_, OPEN_QUESTIONS_MAX> = found.into_iter().collect();
        points.tidy();
        let mut rungs: BTreeMap<MeasureNo, Vec<(Threshold, u32)>> = BTreeMap::new();
        for (point, bit) in points.iter().zip(0..) {
            if let Settled::Reached(threshold) = book.words.points[point].settled {
                rungs.entry(threshold.measure).or_default().push((threshold, bit));
            }
        }
        let ladders = rungs.into_values().map(|mut ladder| {
            ladder.sort_unstable();
            ladder.into_iter().map(|(_, bit)| bit).collect()
        });
        Self { ladders: ladders.collect(), points }
    }

    pub(crate) fn points(&self) -> &[QuestionNo] {
        self.points.as_slice()
    }

    /// How many sets of answers there are, those among them that cannot be included; `None` when they are too many to
    /// be tried out.
    pub(crate) fn sets(&self) -> Option<u32> {
        let points = self.points().len();
        (points <= OPEN_QUESTIONS_MAX).then(|| 1 << points)
    }

    /// Whether the answers can come true together.
    pub(crate) fn fits(&self, set: u32) -> bool {
        let holds = |bit: &u32| set >> bit & 1 == 1;
        self.ladders
            .iter()
            .all(|ladder| ladder.iter().is_sorted_by(|lower, upper| holds(lower) || !holds(upper)))
    }

    /// Each point that has a name of its own, with its bits.
    pub(crate) fn named<'a>(&'a self, book: &'a Book) -> impl Iterator<Item = (QuestionNo, u32)> + 'a {
        let mut masks: BTreeMap<QuestionNo, u32> = BTreeMap::new();
        for (point, bit) in self.points.iter().zip(0u32..) {
            // Beyond the bits of a set nobody asks for masks.
            *masks.entry(spokesman(book, point)).or_default() |= 1u32.checked_shl(bit).unwrap_or(0);
        }
        masks.into_iter()
    }
}

/// The point that speaks for all of the same name: a measure is named once, with however many amounts it is compared.
fn spokesman(book: &Book, point: QuestionNo) -> QuestionNo {
    match book.words.points[point].settled {
        Settled::Reached(threshold) => book.words.measures[threshold.measure].point.unwrap_or(point),
        Settled::Answers { .. } | Settled::Reply => point,
    }
}

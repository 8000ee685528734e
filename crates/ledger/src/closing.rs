//! Closed periods. What a period was closed with is never rewritten: usage that comes late and amendments that reach
//! back are worked out anew, and the difference is posted where the book is still open.

pub mod record;

use crate::share::Span;
use crate::sum::TooLarge;
use crate::tally::{Stretch, plus};
use crate::working::{self, Step};
use abide_model::Date;
use abide_model::money::Currency;
use abide_model::name::{Clause, Party};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What one party owes another for one stretch of time under one clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// Which, by what it is owed for.
    pub of: Owed,
    /// How much, in minor units.
    pub due: Span<i128>,
    /// What it comes from. Where it is closed, as it was closed; empty where that was not kept.
    pub working: Vec<Step>,
}

/// What something is owed for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owed {
    /// The last day of the stretch: it falls due when that ends.
    pub closes: Date,
    /// The clause.
    pub clause: Clause,
    /// Who owes.
    pub payer: Party,
    /// Who is owed.
    pub payee: Party,
    /// In which currency.
    pub currency: Currency,
    /// The stretch, in words, such as `2026-Q1`.
    pub stretch: String,
}

impl Owed {
    pub(crate) fn new(
        clause: &Clause,
        (payer, payee): (&Party, &Party),
        currency: Currency,
        stretch: &Stretch,
    ) -> Option<Self> {
        Some(Self {
            closes: stretch.last_day()?,
            clause: clause.clone(),
            payer: payer.clone(),
            payee: payee.clone(),
            currency,
            stretch: stretch.to_string(),
        })
    }
}

/// One figure a period was closed with. Figures for stretches that ended before the period are adjustments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it is for.
    pub of: Owed,
    /// How much, in minor units. Where a term was not known, the most it could be.
    pub minor: i128,
    /// What it comes from; empty where that was not kept.
    pub working: Vec<Step>,
}

/// A closed period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The period, in words, such as `2026-Q1`.
    pub period: String,
    /// The first day after the closing before it; the beginning of time for the first.
    pub from: Date,
    /// Its last day: all that falls due by then is closed.
    pub through: Date,
    /// What it was closed with, by what it is for.
    pub figures: Vec<Figure>,
}

impl Closing {
    /// Whether a figure is an adjustment of what was closed before.
    #[must_use]
    pub fn adjusts(&self, figure: &Figure) -> bool {
        figure.of.closes < self.from
    }
}

/// Why a period cannot be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It ends before, or with, one that is closed.
    #[error("{period} ends by {through}, through which the book is closed already")]
    Closed {
        /// The period.
        period: String,
        /// The last closed day.
        through: Date,
    },
    /// It has not ended.
    #[error("{period} has not ended: its last day is {last}")]
    Open {
        /// The period.
        period: String,
        /// Its last day.
        last: Date,
    },
    /// A sum does not fit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Why closings do not make up the past of one book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Two hold the same.
    #[error("{0} and {1} both close the book through {2}")]
    Twice(String, String, Date),
    /// One follows another that is not there.
    #[error("{period} was closed from {from} on, and the closing before it ends with {before}")]
    Gap {
        /// The later one.
        period: String,
        /// Its first day.
        from: Date,
        /// The last day closed before, in words.
        before: String,
    },
}

/// All closings of a book, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Closings(Vec<Closing>);

impl Closings {
    /// In any order; they are put in that of their days.
    #[must_use]
    pub fn new(mut closings: Vec<Closing>) -> Self {
        closings.sort_by_key(|closing| closing.through);
        Self(closings)
    }

    /// The same, when each goes on where the one before it ends.
    ///
    /// # Errors
    /// When one is there twice, or one is missing between others.
    pub fn chained(closings: Vec<Closing>) -> Result<Self, Broken> {
        let found = Self::new(closings);
        let mut before: Option<&Closing> = None;
        for closing in &found.0 {
            if let Some(twin) = before.filter(|before| before.through == closing.through) {
                return Err(Broken::Twice(twin.period.clone(), closing.period.clone(), closing.through));
            }
            let from = before.map_or(Date::MIN, |before| before.through.tomorrow().unwrap_or(Date::MAX));
            if closing.from != from {
                let before = before.map_or("nothing".to_owned(), |before| before.through.to_string());
                return Err(Broken::Gap { period: closing.period.clone(), from: closing.from, before });
            }
            before = Some(closing);
        }
        Ok(found)
    }

    /// What of them concerns a party.
    #[must_use]
    pub fn of_party(&self, party: &Party) -> Self {
        let mut found = self.clone();
        for closing in &mut found.0 {
            closing.figures.retain(|figure| figure.of.payer == *party || figure.of.payee == *party);
        }
        found
    }

    /// The last closed day.
    #[must_use]
    pub fn through(&self) -> Option<Date> {
        self.0.last().map(|closing| closing.through)
    }

    /// Closes the book through `through`, the last day of `period`, with what is owed by `obligations` less what was
    /// closed before.
    ///
    /// # Errors
    /// When it is closed already, or `last_ended`, the last day that has ended, is earlier.
    pub fn close(
        &self,
        (period, through): (String, Date),
        obligations: &[Obligation],
        last_ended: Date,
    ) -> Result<Closing, Refusal> {
        if let Some(closed) = self.through().filter(|closed| *closed >= through) {
            return Err(Refusal::Closed { period, through: closed });
        }
        if through > last_ended {
            return Err(Refusal::Open { period, last: through });
        }
        let from = self.through().map_or(Date::MIN, |closed| closed.tomorrow().unwrap_or(Date::MAX));
        let due = obligations.iter().filter(|obligation| obligation.of.closes <= through);
        let mut figures = self.differences(due)?;
        figures.retain(|figure| figure.minor != 0 || figure.of.closes >= from);
        Ok(Closing { period, from, through, figures })
    }

    /// What falls due within `days`: as it was closed where the book is closed, else as it is worked out now.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn due(
        &self,
        obligations: &[Obligation],
        days: &RangeInclusive<Date>,
    ) -> Result<Vec<Obligation>, TooLarge> {
        let open = |obligation: &&Obligation| {
            days.contains(&obligation.of.closes)
                && self.through().is_none_or(|through| obligation.of.closes > through)
        };
        let mut found: BTreeMap<Owed, (Span<i128>, Vec<Step>)> = BTreeMap::new();
        let closed = self.0.iter().flat_map(|closing| {
            closing
                .figures
                .iter()
                .filter(|figure| !closing.adjusts(figure) && days.contains(&figure.of.closes))
        });
        let closed = closed
            .map(|figure| (&figure.of, Span { low: figure.minor, high: figure.minor }, &figure.working));
        let open = obligations.iter().filter(open).map(|one| (&one.of, one.due, &one.working));
        for (of, due, steps) in closed.chain(open) {
            let none = (Span { low: 0, high: 0 }, Vec::new());
            let (sum, working) = found.entry(of.clone()).or_insert(none);
            *sum = plus(sum, &due, of.currency)?;
            working.extend(steps.iter().cloned());
        }
        Ok(found.into_iter().map(|(of, (due, working))| Obligation { of, due, working }).collect())
    }

    /// Adjustments posted within `days`, for stretches that were closed before: those that a closing posted, and what
    /// is still to be posted when the first open day lies within.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn adjustments(
        &self,
        obligations: &[Obligation],
        days: &RangeInclusive<Date>,
    ) -> Result<Vec<Figure>, TooLarge> {
        let posted = self.0.iter().filter(|closing| days.contains(&closing.through));
        let posted =
            posted.flat_map(|closing| closing.figures.iter().filter(|figure| closing.adjusts(figure)));
        let mut found: Vec<Figure> = posted.cloned().collect();
        let Some(through) = self.through() else { return Ok(found) };
        if through.tomorrow().is_ok_and(|open| days.contains(&open)) {
            let closed = obligations.iter().filter(|obligation| obligation.of.closes <= through);
            found.extend(self.differences(closed)?.into_iter().filter(|figure| figure.minor != 0));
        }
        found.sort_by(|a, b| a.of.cmp(&b.of));
        Ok(found)
    }

    /// Every adjustment with the day it is posted on: the last of the period that was closed with it, or the first
    /// that is open.
    ///
    /// # Errors
    /// When a sum does not fit.
    pub fn posted(&self, obligations: &[Obligation]) -> Result<Vec<(Date, Figure)>, TooLarge> {
        let mut found = Vec::new();
        for closing in &self.0 {
            let adjusting = closing.figures.iter().filter(|figure| closing.adjusts(figure));
            found.extend(adjusting.map(|figure| (closing.through, figure.clone())));
        }
        if let Some((through, open)) = self.through().and_then(|day| Some((day, day.tomorrow().ok()?))) {
            let closed = obligations.iter().filter(|obligation| obligation.of.closes <= through);
            let pending = self.differences(closed)?.into_iter().filter(|figure| figure.minor != 0);
            found.extend(pending.map(|figure| (open, figure)));
        }
        Ok(found)
    }

    /// What is owed now less what was closed, by what it is for.
    fn differences<'o>(
        &'o self,
        obligations: impl Iterator<Item = &'o Obligation>,
    ) -> Result<Vec<Figure>, TooLarge> {
        let mut sums: BTreeMap<&Owed, Difference<'o>> = BTreeMap::new();
        for Obligation { of, due, working } in obligations {
            let found = sums.entry(of).or_default();
            found.now = found.now.checked_add(due.high).ok_or(TooLarge { currency: of.currency })?;
            found.working = Some(working);
        }
        for Figure { of, minor, .. } in self.0.iter().flat_map(|closing| &closing.figures) {
            let found = sums.entry(of).or_default();
            found.closed = found.closed.checked_add(*minor).ok_or(TooLarge { currency: of.currency })?;
        }
        let figure = |(of, found): (&Owed, Difference<'_>)| {
            let Difference { now, closed, working } = found;
            let minor = now.checked_sub(closed).ok_or(TooLarge { currency: of.currency })?;
            let working = working::of_change(working, closed, of.currency);
            Ok(Figure { of: of.clone(), minor, working })
        };
        sums.into_iter().map(figure).collect()
    }
}

/// What is owed now and what was closed, in minor units.
#[derive(Default)]
struct Difference<'o> {
    now: i128,
    closed: i128,
    working: Option<&'o [Step]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn owed(closes: &str, due: i128) -> Obligation {
        let closes: Date = closes.parse().unwrap();
        Obligation {
            of: Owed {
                closes,
                clause: "share".parse().unwrap(),
                payer: "lab".parse().unwrap(),
                payee: "cloud".parse().unwrap(),
                currency: Currency::USD,
                stretch: closes.to_string(),
            },
            due: Span::exactly(due),
            working: vec![],
        }
    }

    fn close(closings: &Closings, through: &str, owed: &[Obligation]) -> Result<Closing, Refusal> {
        let through: Date = through.parse().unwrap();
        closings.close((through.to_string(), through), owed, "2026-12-31".parse().unwrap())
    }

    fn days(from: &str, to: &str) -> RangeInclusive<Date> {
        from.parse().unwrap()..=to.parse().unwrap()
    }

    #[test]
    fn what_changes_after_a_closing_is_posted_where_the_book_is_open() {
        let first = close(&Closings::default(), "2026-03-31", &[owed("2026-03-31", 100)]).unwrap();
        let closings = Closings::new(vec![first.clone()]);
        let now = [owed("2026-03-31", 130), owed("2026-06-30", 50)];
        let q1 = days("2026-01-01", "2026-03-31");
        let q2 = days("2026-04-01", "2026-06-30");
        assert_eq!(closings.due(&now, &q1).unwrap(), [owed("2026-03-31", 100)], "as it was closed");
        assert_eq!(closings.due(&now, &q2).unwrap(), [owed("2026-06-30", 50)]);
        assert_eq!(closings.adjustments(&now, &q1).unwrap(), []);
        let adjusted = closings.adjustments(&now, &q2).unwrap();
        assert_eq!(adjusted.iter().map(|figure| figure.minor).collect::<Vec<_>>(), [30]);
        let second = close(&closings, "2026-06-30", &now).unwrap();
        let closings = Closings::new(vec![second, first]);
        assert_eq!(closings.adjustments(&now, &q2).unwrap(), adjusted, "once posted it stays");
        assert_eq!(closings.adjustments(&now, &days("2026-07-01", "2026-09-30")).unwrap(), []);
        assert_eq!(closings.due(&[], &q2).unwrap(), [owed("2026-06-30", 50)]);
    }

    #[test]
    fn a_period_is_closed_once_and_after_its_end() {
        let first = close(&Closings::default(), "2026-03-31", &[]).unwrap();
        let closings = Closings::new(vec![first]);
        let refused = |through: &str| close(&closings, through, &[]).unwrap_err().to_string();
        assert_eq!(
            refused("2026-03-31"),
            "2026-03-31 ends by 2026-03-31, through which the book is closed already"
        );
        assert_eq!(refused("2027-03-31"), "2027-03-31 has not ended: its last day is 2027-03-31");
    }

    #[test]
    fn closings_that_were_copied_or_taken_away_are_not_taken_for_the_past() {
        let first = close(&Closings::default(), "2026-03-31", &[]).unwrap();
        let second = close(&Closings::new(vec![first.clone()]), "2026-06-30", &[]).unwrap();
        let chained = |closings: &[&Closing]| {
            let found = Closings::chained(closings.iter().copied().cloned().collect());
            found.map_or_else(|broken| broken.to_string(), |found| format!("{:?}", found.through()))
        };
        assert_eq!(chained(&[&second, &first]), "Some(2026-06-30)");
        assert_eq!(
            chained(&[&first, &first]),
            "2026-03-31 and 2026-03-31 both close the book through 2026-03-31"
        );
        assert_eq!(
            chained(&[&second]),
            "2026-06-30 was closed from 2026-04-01 on, and the closing before it ends with nothing"
        );
    }

    proptest! {
        #[test]
        fn all_that_was_closed_and_adjusted_adds_up_to_what_is_owed_now(
            rounds in prop::collection::vec(prop::collection::vec(-1_000i128..1_000, 12), 1..12),
        ) {
            let mut closed = Vec::new();
            for (month, dues) in rounds.iter().enumerate() {
                let owed: Vec<_> = dues.iter().enumerate().map(|(at, due)| {
                    owed(&format!("2026-{:02}-28", at + 1), *due)
                }).collect();
                let through = format!("2026-{:02}-28", month + 1);
                let closing = close(&Closings::new(closed.clone()), &through, &owed).unwrap();
                closed.push(closing);
                let total: i128 = closed.iter().flat_map(|closing| &closing.figures).map(|figure| figure.minor).sum();
                let due: i128 = dues.iter().take(month + 1).sum();
                prop_assert_eq!(total, due);
            }
        }
    }
}

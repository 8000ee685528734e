//! The verdict in numbers: what is certain, what open points decide, toward whom, which duties come along, and until when
//! that is so.

use crate::book::{Book, Money};
use crate::eval::{Kleene, View, and, or};
use crate::few::Few;
use crate::hits::{Change, Hit, Hits, Line};
use crate::open::Open;
use crate::outcome::{Outcome, Step, is_clean, outcome, rights};
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use abide_model::Time;

/// How many clauses, questions and instants are held without an allocation.
const CLAUSES_IN_PLACE: usize = 16;
const QUESTIONS_IN_PLACE: usize = 8;
const TURNS_IN_PLACE: usize = 32;

pub(crate) type Clauses = Few<ClauseNo, CLAUSES_IN_PLACE>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    NoRight,
    Breach,
    Contested,
    Permit,
}

/// A verdict in numbers.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) answer: Answer,
    /// The promises that forbid, in the order of the book.
    pub(crate) forbidding: Clauses,
    /// The points that flip the answer.
    pub(crate) questions: Few<QuestionNo, QUESTIONS_IN_PLACE>,
    pub(crate) duties: Clauses,
}

/// What was met on the way to a verdict, before anything was assumed.
#[derive(Debug)]
pub(crate) struct Way {
    ground: Ground,
    /// Promises that forbid for certain, and those that may.
    sure: Clauses,
    maybe: Clauses,
    /// Grants that are part of a right.
    pub(crate) grants: Clauses,
    /// The parties of the first right that no promise stands against.
    pub(crate) clean: Line,
}

/// On what a verdict rests. It tells which clauses may begin or end without any effect on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// No chain of rights reaches the owner.
    Broken,
    /// A chain does, and nothing stands against it.
    Clean,
    /// Chains do, something stands against each, and no point is open.
    Barred,
    /// Answers to open points were assumed.
    Tried,
}

impl Way {
    fn new() -> Self {
        Self {
            ground: Ground::Tried,
            sure: Few::new(),
            maybe: Few::new(),
            grants: Few::new(),
            clean: Few::new(),
        }
    }
}

impl Finding {
    fn new(answer: Answer) -> Self {
        Self { answer, forbidding: Few::new(), questions: Few::new(), duties: Few::new() }
    }

    /// Reads the answer off the clauses, and tells what was met.
    pub(crate) fn with_way(view: &View<'_>, hits: &Hits) -> (Self, Way) {
        let mut way = Way::new();
        let mut finding = settle(view, hits, &mut way);
        finding.forbidding.tidy();
        if finding.answer != Answer::NoRight {
            finding.duties = duties(view, hits);
        }
        (finding, way)
    }

    /// To whom the promises that forbid were made.
    pub(crate) fn toward(&self, book: &Book) -> Few<PartyNo, QUESTIONS_IN_PLACE> {
        let mut parties: Few<_, QUESTIONS_IN_PLACE> =
            self.forbidding.iter().map(|number| book.index.brief(number).to).collect();
        parties.tidy();
        parties
    }

    /// The next instant at which the answer changes if nothing new becomes known.
    pub(crate) fn until(&self, view: &View<'_>, hits: &Hits, way: &Way) -> Option<Time> {
        let mut turns = self.turns(view, hits, way.ground);
        turns.tidy();
        let changed = |turn: &Turn| {
            let then = View { at: turn.at, ..*view };
            match turn.what {
                What::Verdict => !self.same_verdict(&then, hits, way.ground),
                What::Duties => !self.same_duties(&then, hits),
            }
        };
        turns.iter().find(changed).map(|turn| turn.at)
    }

    /// The instants to look at. Right and freedom from promises only grow when a grant begins or a promise ends, and
    /// only shrink when a grant ends or a promise begins, so that one of the two leaves a certain verdict as it is.
    fn turns(&self, view: &View<'_>, hits: &Hits, ground: Ground) -> Few<Turn, TURNS_IN_PLACE> {
        let mut turns: Few<Turn, TURNS_IN_PLACE> = Few::new();
        let has_duties = ground != Ground::Broken && hits.paying().next().is_some();
        for hit in hits.grants.iter() {
            view.turns(hit, &mut |at, change| {
                let moves = match (ground, change) {
                    (Ground::Broken, Change::Ends) | (Ground::Clean, Change::Begins) => false,
                    (Ground::Broken | Ground::Clean | Ground::Barred | Ground::Tried, _) => true,
                };
                turns.extend(moves.then_some(Turn { at, what: What::Verdict }));
                // Where a right comes from says who owes.
                turns.extend(has_duties.then_some(Turn { at, what: What::Duties }));
            });
        }
        if ground == Ground::Broken {
            return turns;
        }
        let toward = self.toward(view.book);
        for hit in hits.promises.iter() {
            let named = toward.as_slice().contains(&view.book.index.brief(hit.number).to);
            view.turns(hit, &mut |at, change| {
                let moves = match (ground, change) {
                    (Ground::Clean, Change::Ends) => false,
                    // One more promise to somebody toward whom it is a breach already.
                    (Ground::Barred, Change::Begins) => !named,
                    (Ground::Broken | Ground::Clean | Ground::Barred | Ground::Tried, _) => true,
                };
                turns.extend(moves.then_some(Turn { at, what: What::Verdict }));
            });
        }
        for hit in hits.paying() {
            view.turns(hit, &mut |at, _| turns.push(Turn { at, what: What::Duties }));
        }
        turns
    }

    /// Whether a reader would get the same verdict at another time.
    fn same_verdict(&self, view: &View<'_>, hits: &Hits, ground: Ground) -> bool {
        let at_once = match ground {
            Ground::Clean => is_clean(view, hits),
            Ground::Broken => rights(view, hits, &mut |_| {}).right == Some(false),
            Ground::Barred | Ground::Tried => false,
        };
        at_once || {
            let mut then = settle(view, hits, &mut Way::new());
            then.forbidding.tidy();
            then.answer == self.answer
                && then.questions == self.questions
                && then.toward(view.book) == self.toward(view.book)
        }
    }

    /// Whether the same duties come along at another time at which the verdict is the same.
    fn same_duties(&self, view: &View<'_>, hits: &Hits) -> bool {
        self.answer == Answer::NoRight || duties(view, hits) == self.duties
    }
}

/// An instant at which something begins or ends, and what it may change. The verdict of an instant is looked at before
/// its duties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    at: Time,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Verdict,
    Duties,
}

impl Default for Turn {
    fn default() -> Self {
        Self { at: Time::UNIX_EPOCH, what: What::Verdict }
    }
}

fn settle(view: &View<'_>, hits: &Hits, way: &mut Way) -> Finding {
    let outcome = outcome(view, hits, &mut |step| match step {
        Step::Forbids(number, Some(true)) => way.sure.push(number),
        Step::Forbids(number, _) => way.maybe.push(number),
        Step::Grants(number) => way.grants.push(number),
        Step::Right { bound, clean: Some(true), .. } if way.clean.is_empty() => {
            way.clean.extend(bound.iter().copied());
        }
        Step::Right { .. } => {}
    });
    match (outcome.right, outcome.clean) {
        (Some(false), _) => {
            way.ground = Ground::Broken;
            return Finding::new(Answer::NoRight);
        }
        (_, Some(true)) => {
            way.ground = Ground::Clean;
            return Finding::new(Answer::Permit);
        }
        _ => {}
    }
    let open = open(view, hits.deciding());
    if let Some(sets) = open.sets().filter(|sets| *sets > 1) {
        return try_out(view, hits, &open, sets);
    }
    let certain = outcome == (Outcome { right: Some(true), clean: Some(false) });
    let sure_alone = certain && !way.sure.is_empty();
    let maybe = way.maybe.iter().filter(|_| !sure_alone);
    let forbidding = way.sure.iter().chain(maybe).collect();
    if certain {
        way.ground = if open.points().is_empty() { Ground::Barred } else { Ground::Tried };
        return Finding { forbidding, ..Finding::new(Answer::Breach) };
    }
    let questions = open.named(view.book).map(|(question, _)| question).collect();
    Finding { forbidding, questions, ..Finding::new(Answer::Contested) }
}

fn open(view: &View<'_>, hits: impl Iterator<Item = Hit>) -> Open {
    let mut points = Vec::new();
    hits.for_each(|hit| view.open_questions(hit.number, &mut points));
    Open::new(view.book, points)
}

/// Tries every set of answers to the open points.
fn try_out(view: &View<'_>, hits: &Hits, open: &Open, sets: u32) -> Finding {
    let mut answers = Vec::with_capacity(sets as usize);
    let mut tally: Vec<(ClauseNo, u32)> = Vec::new();
    let mut possible = 0;
    for assumed in 0..sets {
        if !open.fits(assumed) {
            answers.push(None);
            continue;
        }
        possible += 1;
        let view = View { open: open.points(), assumed: Some(assumed), ..*view };
        let mut forbidding = Clauses::new();
        let outcome = outcome(&view, hits, &mut |step| match step {
            Step::Forbids(number, _) => forbidding.push(number),
            Step::Grants(_) | Step::Right { .. } => {}
        });
        let answer = match outcome {
            Outcome { clean: Some(true), .. } => Answer::Permit,
            Outcome { right: Some(true), .. } => Answer::Breach,
            Outcome { .. } => Answer::NoRight,
        };
        answers.push(Some(answer));
        if answer == Answer::Breach {
            forbidding.tidy();
            forbidding.iter().for_each(|number| count(&mut tally, number));
        }
    }
    let first = answers.iter().flatten().next().copied().unwrap_or(Answer::NoRight);
    let always: Clauses =
        tally.iter().filter(|(_, times)| *times == possible).map(|(number, _)| *number).collect();
    let ever = || tally.iter().map(|(number, _)| *number).collect();
    if answers.iter().flatten().all(|answer| *answer == first) {
        let forbidding = if always.is_empty() { ever() } else { always };
        return Finding { forbidding, ..Finding::new(first) };
    }
    let questions = open.named(view.book).filter(|(_, mask)| flips(&answers, *mask)).map(|(point, _)| point);
    Finding { forbidding: ever(), questions: questions.collect(), ..Finding::new(Answer::Contested) }
}

fn count(tally: &mut Vec<(ClauseNo, u32)>, number: ClauseNo) {
    match tally.iter_mut().find(|(counted, _)| *counted == number) {
        Some((_, times)) => *times += 1,
        None => tally.push((number, 1)),
    }
}

/// Whether some two sets of answers that differ in these bits alone lead to different outcomes.
fn flips(answers: &[Option<Answer>], mask: u32) -> bool {
    (0..).zip(answers).any(|(set, answer): (u32, _)| {
        // With none of its amounts reached, a measure fits whatever else is so.
        let without = answers.get((set & !mask) as usize).copied().flatten();
        answer.is_some() && *answer != without
    })
}

/// What revenue from the act counts toward on some answers to the open points: what the actor, or somebody from whom its
/// right comes, owes to anybody but the actor, and the terms under which the actor sells.
pub(crate) fn duties(view: &View<'_>, hits: &Hits) -> Clauses {
    let (mut sure, mut maybe) = (Clauses::new(), Clauses::new());
    if hits.paying().next().is_none() {
        return sure;
    }
    counts(view, hits, &mut sure, &mut maybe);
    if !maybe.is_empty() {
        let open = open(view, hits.grants.iter().chain(hits.paying()));
        match open.sets() {
            None => sure.extend(maybe.iter()),
            Some(sets) => {
                for assumed in (0..sets).filter(|set| open.fits(*set)) {
                    let view = View { open: open.points(), assumed: Some(assumed), ..*view };
                    counts(&view, hits, &mut sure, &mut maybe);
                }
            }
        }
    }
    sure.tidy();
    sure
}

/// Adds what counts for certain to `sure`, and what hangs on an open point to `maybe`.
fn counts(view: &View<'_>, hits: &Hits, sure: &mut Clauses, maybe: &mut Clauses) {
    rights(view, hits, &mut |step| {
        let Step::Right { bound, right, .. } = step else { return };
        let mut add = |number, counts| match counts {
            Some(true) => sure.push(number),
            Some(false) => {}
            None => maybe.push(number),
        };
        for hit in hits.owed.iter().filter(|hit| owes(view, *hit, bound)) {
            let counted = and(right, || view.hit_stands(hit, bound));
            add(hit.number, and(counted, || over_shares(view, hits, hit, bound)));
        }
        for hit in hits.sales.iter() {
            add(hit.number, and(right, || view.hit_stands(hit, bound)));
        }
    });
}

/// Whether somebody in `bound` owes, and not to the actor.
fn owes(view: &View<'_>, hit: Hit, bound: &[PartyNo]) -> bool {
    let brief = view.book.index.brief(hit.number);
    bound.contains(&brief.from) && bound.first() != Some(&brief.to)
}

/// Whether a share counts that a guarantee is over; anything else hangs on no share.
fn over_shares(view: &View<'_>, hits: &Hits, hit: Hit, bound: &[PartyNo]) -> Kleene {
    let Some(Money::Guarantee { over, .. }) = view.book.clauses[hit.number].kind.money() else {
        return Some(true);
    };
    let mut found = Some(false);
    for share in hits.owed.iter().filter(|share| owes(view, *share, bound)) {
        if over.contains(&view.book.clauses[share.number].name) {
            found = or(found, || view.hit_stands(share, bound));
        }
    }
    found
}

//! The verdict in numbers: what is certain, what open points decide, toward whom, which duties come along, and until when
//! that is so.

use crate::book::{Book, Money};
use crate::calendar::Moment;
use crate::eval::{Kleene, View, and, not, or};
use crate::few::Few;
use crate::hits::{Change, Hit, Hits, Line};
use crate::index::Hangs;
use crate::open::{OPEN_QUESTIONS_MAX, Open};
use crate::outcome::{Outcome, Step, clean, outcome, rights};
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use abide_model::Time;

/// How many clauses, questions, outcomes, parties and instants are held without an allocation.
const CLAUSES_IN_PLACE: usize = 16;
const QUESTIONS_IN_PLACE: usize = 8;
const OUTCOMES_IN_PLACE: usize = 16;
const PARTIES_IN_PLACE: usize = 16;
const TURNS_IN_PLACE: usize = 32;

/// Sorted, each once.
pub(crate) type Parties = Few<PartyNo, PARTIES_IN_PLACE>;
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
    /// To whom they were made.
    pub(crate) toward: Parties,
    /// The points that flip the answer.
    pub(crate) questions: Few<QuestionNo, QUESTIONS_IN_PLACE>,
    pub(crate) duties: Clauses,
}

/// What was met on the way to a verdict, before anything was assumed.
#[derive(Debug)]
pub(crate) struct Way {
    ground: Ground,
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
    /// Chains do, something stands against each, and no open point will ever have a say.
    Barred,
    /// Open points have a say, or may have one later.
    Tried,
}

impl Way {
    fn new() -> Self {
        Self { ground: Ground::Tried, grants: Few::new(), clean: Few::new() }
    }
}

impl Finding {
    fn new(answer: Answer) -> Self {
        Self { answer, forbidding: Few::new(), toward: Few::new(), questions: Few::new(), duties: Few::new() }
    }

    /// Reads the answer off the clauses, and tells what was met.
    pub(crate) fn with_way(view: &View<'_>, hits: &Hits) -> (Self, Way) {
        let mut way = Way::new();
        let mut finding = settle(view, hits, &mut way);
        finding.forbidding.tidy();
        finding.toward = toward(view.book, &finding.forbidding);
        if finding.answer != Answer::NoRight {
            finding.duties = duties(view, hits);
        }
        (finding, way)
    }

    /// The next instant at which the answer changes if nothing new becomes known.
    pub(crate) fn until(&self, view: &View<'_>, hits: &Hits, way: &Way) -> Option<Time> {
        let turns = self.turns(view, hits, way.ground);
        let mut last = Moment::of(view.at);
        loop {
            let later = turns.iter().map(|turn| turn.at).filter(|at| *at > last);
            last = later.min().filter(|at| *at < Moment::NEVER)?;
            let now = || turns.iter().filter(|turn| turn.at == last);
            let then = View { at: last.time(), ..*view };
            let same = !self.loses(hits, last)
                && (!now().any(|turn| turn.of_verdict) || self.same_verdict(&then, hits, way.ground))
                && (!now().any(|turn| turn.of_duties) || self.same_duties(&then, hits));
            if !same {
                return Some(then.at);
            }
        }
    }

    /// Whether something that the answer names has ended by then for certain: a duty, or the only promise to somebody
    /// toward whom it is a breach.
    fn loses(&self, hits: &Hits, by: Moment) -> bool {
        let promises = hits.promises();
        let alone = |hit: &Hit| promises.iter().filter(|other| other.to == hit.to).count() == 1;
        let forbade = |hit: &Hit| holds(self.toward.as_slice(), hit.to) && alone(hit);
        let counted = |hit: &Hit| self.duties.as_slice().contains(&hit.number);
        promises.iter().any(|hit| hit.end == by && forbade(hit))
            || hits.paying().iter().any(|hit| hit.end == by && counted(hit))
    }

    /// The instants to look at. Right and freedom from promises only grow when a grant begins or a promise ends, and
    /// only shrink when a grant ends or a promise begins, so that one of the two leaves a certain verdict as it is.
    fn turns(&self, view: &View<'_>, hits: &Hits, ground: Ground) -> Few<Turn, TURNS_IN_PLACE> {
        let mut turns: Few<Turn, TURNS_IN_PLACE> = Few::new();
        let now = Moment::of(view.at);
        // Where a right comes from says who owes.
        let of_duties = ground != Ground::Broken && !hits.paying().is_empty();
        for hit in hits.grants() {
            view.turns(*hit, |at, change| {
                let of_verdict = match (ground, change) {
                    (Ground::Broken, Change::Ends) | (Ground::Clean, Change::Begins) => false,
                    (Ground::Broken | Ground::Clean | Ground::Barred | Ground::Tried, _) => true,
                };
                turns.push_if(at > now && (of_verdict | of_duties), Turn { at, of_verdict, of_duties });
            });
        }
        if ground == Ground::Broken {
            return turns;
        }
        for hit in hits.promises() {
            view.turns(*hit, |at, change| {
                let of_verdict = match (ground, change) {
                    (Ground::Clean, Change::Ends) => false,
                    // One more promise to somebody toward whom it is a breach already.
                    (Ground::Barred, Change::Begins) => !holds(self.toward.as_slice(), hit.to),
                    (Ground::Broken | Ground::Clean | Ground::Barred | Ground::Tried, _) => true,
                };
                turns.push_if(at > now && of_verdict, Turn { at, of_verdict, of_duties: false });
            });
        }
        for hit in hits.paying() {
            view.turns(*hit, |at, _| {
                turns.push_if(at > now, Turn { at, of_verdict: false, of_duties: true });
            });
        }
        turns
    }

    /// Whether a reader would get the same verdict at another time.
    fn same_verdict(&self, view: &View<'_>, hits: &Hits, ground: Ground) -> bool {
        let told = match (ground, self.answer) {
            (Ground::Clean, _) => clean(view, hits),
            (Ground::Broken, _) => not(rights(view, hits, &mut |_| {}).right),
            (Ground::Barred, _) | (Ground::Tried, Answer::Breach) => self.same_breach(view, hits),
            (Ground::Tried, Answer::NoRight | Answer::Contested | Answer::Permit) => None,
        };
        told.unwrap_or_else(|| {
            let then = settle(view, hits, &mut Way::new());
            then.answer == self.answer
                && then.questions == self.questions
                && toward(view.book, &then.forbidding) == self.toward
        })
    }

    /// Whether it is a breach toward the same at another time; `None` where only trying out the open points can tell.
    fn same_breach(&self, view: &View<'_>, hits: &Hits) -> Kleene {
        let mut found = Parties::new();
        let mut plain = true;
        let outcome = outcome(view, hits, &mut |step| match step {
            Step::Forbids(hit, Some(true)) => found.push(hit.to),
            Step::Forbids(hit, _) => plain &= hit.hangs == Hangs::OnOne,
            Step::Right { right, .. } => plain &= right == Some(true),
            Step::Grants(_) => {}
        });
        let (found, toward) = (found.as_slice(), self.toward.as_slice());
        match outcome {
            Outcome { right: Some(false), .. } | Outcome { clean: Some(true), .. } => Some(false),
            Outcome::BARRED if plain => Some(
                found.iter().all(|party| holds(toward, *party))
                    && toward.iter().all(|party| holds(found, *party)),
            ),
            Outcome { .. } => None,
        }
    }

    /// Whether the same duties come along at another time at which the verdict is the same.
    fn same_duties(&self, view: &View<'_>, hits: &Hits) -> bool {
        self.answer == Answer::NoRight || duties(view, hits) == self.duties
    }
}

/// An instant at which something begins or ends, and what that may change.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    at: Moment,
    of_verdict: bool,
    of_duties: bool,
}

/// To whom the promises that forbid were made.
fn toward(book: &Book, forbidding: &Clauses) -> Parties {
    let mut parties: Parties = forbidding.iter().map(|number| book.index.brief(number).to).collect();
    parties.tidy();
    parties
}

/// Whether a party is in a short list, without leaving it early: a guess at where it is costs more than looking on.
fn holds(parties: &[PartyNo], party: PartyNo) -> bool {
    parties.iter().fold(false, |found, one| found | (*one == party))
}

fn settle(view: &View<'_>, hits: &Hits, way: &mut Way) -> Finding {
    // Promises that forbid for certain, and those that may.
    let (mut sure, mut maybe) = (Clauses::new(), Clauses::new());
    let mut plain = true;
    let outcome = outcome(view, hits, &mut |step| match step {
        Step::Forbids(hit, Some(true)) => sure.push(hit.number),
        Step::Forbids(hit, _) => {
            plain &= hit.hangs == Hangs::OnOne;
            maybe.push(hit.number);
        }
        Step::Grants(number) => way.grants.push(number),
        Step::Right { bound, right, clean } => {
            plain &= right == Some(true);
            if clean == Some(true) && way.clean.is_empty() {
                way.clean.extend(bound.iter().copied());
            }
        }
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
    let certain = outcome == Outcome::BARRED;
    if certain && plain {
        // Each promise that may forbid does not on some answers.
        let hangs = hits.deciding().iter().any(|hit| hit.hangs != Hangs::Never);
        way.ground = if hangs { Ground::Tried } else { Ground::Barred };
        return Finding { forbidding: sure, ..Finding::new(Answer::Breach) };
    }
    let open = open(view, hits.deciding().iter());
    if let Some(sets) = open.sets() {
        return try_out(view, hits, &open, sets);
    }
    let sure_alone = certain && !sure.is_empty();
    let maybe = maybe.iter().filter(|_| !sure_alone);
    let forbidding = sure.iter().chain(maybe).collect();
    if certain {
        return Finding { forbidding, ..Finding::new(Answer::Breach) };
    }
    let questions = open.named(view.book).map(|(question, _)| question).collect();
    Finding { forbidding, questions, ..Finding::new(Answer::Contested) }
}

fn open<'a>(view: &View<'_>, hits: impl Iterator<Item = &'a Hit>) -> Open {
    let mut points: Few<_, OPEN_QUESTIONS_MAX> = Few::new();
    hits.filter(|hit| hit.hangs != Hangs::Never).for_each(|hit| view.open_questions(hit.number, &mut points));
    Open::new(view.book, points.iter())
}

/// What each set of answers leads to; `None` for a set that cannot be.
type Answers = Few<Option<Answer>, OUTCOMES_IN_PLACE>;
/// How often each promise forbade.
type Tally = Few<(ClauseNo, u32), CLAUSES_IN_PLACE>;

/// Tries every set of answers to the open points.
fn try_out(view: &View<'_>, hits: &Hits, open: &Open, sets: u32) -> Finding {
    let mut answers = Answers::new();
    let mut tally = Tally::new();
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
            Step::Forbids(hit, _) => forbidding.push(hit.number),
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
    let first = answers.iter().flatten().next().unwrap_or(Answer::NoRight);
    let always: Clauses =
        tally.iter().filter(|(_, times)| *times == possible).map(|(number, _)| number).collect();
    let ever = || tally.iter().map(|(number, _)| number).collect();
    if answers.iter().flatten().all(|answer| answer == first) {
        let forbidding = if always.is_empty() { ever() } else { always };
        return Finding { forbidding, ..Finding::new(first) };
    }
    let questions =
        open.named(view.book).filter(|(_, mask)| flips(answers.as_slice(), *mask)).map(|(point, _)| point);
    Finding { forbidding: ever(), questions: questions.collect(), ..Finding::new(Answer::Contested) }
}

fn count(tally: &mut Tally, number: ClauseNo) {
    match tally.as_mut_slice().iter_mut().find(|(counted, _)| *counted == number) {
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
    if hits.paying().is_empty() {
        return sure;
    }
    counts(view, hits, &mut sure, &mut maybe);
    if !maybe.is_empty() {
        let open = open(view, hits.grants().iter().chain(hits.paying()));
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
        for hit in hits.owed().iter().filter(|hit| owes(hit, bound)) {
            let counted = and(right, || view.hit_stands(*hit, bound));
            add(hit.number, and(counted, || over_shares(view, hits, hit, bound)));
        }
        for hit in hits.sales() {
            add(hit.number, and(right, || view.hit_stands(*hit, bound)));
        }
    });
}

/// Whether somebody in `bound` owes.
fn owes(hit: &Hit, bound: &[PartyNo]) -> bool {
    bound.contains(&hit.from)
}

/// Whether a share counts that a guarantee is over; anything else hangs on no share.
fn over_shares(view: &View<'_>, hits: &Hits, hit: &Hit, bound: &[PartyNo]) -> Kleene {
    if !hit.over_shares {
        return Some(true);
    }
    let Some(Money::Guarantee { over, .. }) = view.book.clauses[hit.number].kind.money() else {
        return Some(true);
    };
    let mut found = Some(false);
    for share in hits.owed().iter().filter(|share| owes(share, bound)) {
        if over.contains(&view.book.clauses[share.number].name) {
            found = or(found, || view.hit_stands(*share, bound));
        }
    }
    found
}

//! Looks into every cell, at every time that matters, under every set of answers to the questions that matter there.
//!
//! What is looked for arrives as a [`Probe`]; what is found leaves as [`Hit`]s, put together by [`runs`].

use super::Window;
use crate::book::{Book, Scope};
use crate::eval::{Kleene, View};
use crate::index::Cell;
use crate::open::Open;
use crate::space::{self, Block, Point};
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use abide_model::Time;
use std::collections::BTreeMap;

/// A collision that is looked for.
pub(super) trait Probe {
    /// Whether the clauses collide on the view's ask.
    fn collides(&self, view: &View<'_>) -> Kleene;

    /// Another ask that has a part in the collision.
    fn also(&self, _cell: &Cell) -> Option<Cell> {
        None
    }
}

/// On which answers something happens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct When {
    /// What decides, by the name it has in answers; nothing when it happens for certain.
    pub(super) questions: Vec<QuestionNo>,
    /// The points behind these names: a measure has one for each amount that it is compared with.
    pub(super) points: Vec<QuestionNo>,
    /// For each set of answers to the points, counted in binary with the first point lowest, whether it happens; `None`
    /// where the answers cannot come true together. Empty when there are too many to be tried out.
    pub(super) table: Vec<Option<bool>>,
}

impl When {
    /// Whatever the answers are.
    pub(super) fn always() -> Self {
        Self { questions: Vec::new(), points: Vec::new(), table: vec![Some(true)] }
    }

    /// On some answers to more points than can be tried out.
    pub(super) fn somehow(book: &Book, open: &Open) -> Self {
        let questions = open.named(book).map(|(question, _)| question).collect();
        Self { questions, points: open.points().to_vec(), table: Vec::new() }
    }

    /// Reads it off the outcome for each set of answers to `open`; `None` when it never happens.
    pub(super) fn read(book: &Book, open: &Open, truths: &[Option<bool>]) -> Option<Self> {
        if !truths.contains(&Some(true)) {
            return None;
        }
        let deciding: Vec<_> = open.named(book).filter(|(_, mask)| tips(truths, *mask)).collect();
        let mask = deciding.iter().fold(0, |all, (_, mask)| all | mask);
        let bits: Vec<(u32, QuestionNo)> =
            (0..).zip(open.points().iter().copied()).filter(|(bit, _)| mask >> bit & 1 == 1).collect();
        let spread = |set: usize| {
            let chosen = bits.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            chosen.fold(0usize, |sum, (_, (bit, _))| sum | 1 << bit)
        };
        Some(Self {
            questions: deciding.into_iter().map(|(question, _)| question).collect(),
            table: (0..1usize << bits.len()).map(|set| truths.get(spread(set)).copied().flatten()).collect(),
            points: bits.into_iter().map(|(_, point)| point).collect(),
        })
    }

    /// The first set of answers on which it happens, with each point's; empty when that is not known.
    pub(super) fn first(&self) -> Vec<(QuestionNo, bool)> {
        let set = self.table.iter().position(|happens| *happens == Some(true));
        let answers =
            |set: usize| (0..).zip(&self.points).map(move |(bit, point)| (*point, set >> bit & 1 == 1));
        set.map(|set| answers(set).collect()).unwrap_or_default()
    }
}

/// Whether some two sets of answers that differ in these bits alone lead to different outcomes.
fn tips(truths: &[Option<bool>], mask: u32) -> bool {
    (0u32..).zip(truths).any(|(set, truth)| {
        // With none of its amounts reached, a measure fits whatever else is so.
        truth.is_some() && *truth != truths.get((set & !mask) as usize).copied().flatten()
    })
}

/// A cell in which something happens, from one instant until another.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    pub(super) point: Point,
    pub(super) block: Block,
}

/// Hits by what tells them apart.
pub(super) type Hits<L> = BTreeMap<(L, When), Vec<Hit>>;

/// A span without a gap in which something happens somewhere.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    /// The smallest ask that shows it from the first instant on.
    pub(super) point: Point,
    pub(super) blocks: Vec<Block>,
}

/// What is searched: a book, as known at one time, in a window of time.
#[derive(Clone, Copy)]
pub(super) struct Search<'b> {
    pub(super) book: &'b Book,
    pub(super) window: Window,
}

impl<'b> Search<'b> {
    pub(super) fn view<'v>(self, cell: &'v Cell, at: Time) -> View<'v>
    where
        'b: 'v,
    {
        View { book: self.book, cell: Some(cell), at, known: self.window.known, open: &[], assumed: None }
    }

    /// Whether a clause is known, and in force at some time of the window.
    pub(super) fn touches(self, number: ClauseNo) -> bool {
        let clause = &self.book.clauses[number];
        let end = clause.term.end(self.window.known);
        let begun = self.window.until.is_none_or(|until| clause.term.since < until);
        let lasts =
            end.is_none_or(|end| clause.term.since < end && self.window.from.is_none_or(|from| from < end));
        clause.known <= self.window.known && begun && lasts
    }

    /// Whether two clauses are in force together at some time of the window.
    pub(super) fn together(self, one: ClauseNo, other: ClauseNo) -> bool {
        let (a, b) = (&self.book.clauses[one].term, &self.book.clauses[other].term);
        let known = self.window.known;
        let since = a.since.max(b.since).max(self.window.from.unwrap_or(Time::MIN));
        a.holds(since, known) && b.holds(since, known) && self.window.until.is_none_or(|until| since < until)
    }

    /// Every instant at which one of `cast` may begin or cease to count, as known, in order and once.
    pub(super) fn instants(self, cast: &[ClauseNo]) -> Vec<Time> {
        let changes = cast.iter().flat_map(|number| &self.book.clauses[*number].changes);
        let known = changes.filter(|(_, known)| *known <= self.window.known);
        let mut found: Vec<Time> = known.map(|(at, _)| *at).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The part of the window in which nothing changes from `at` to `next`.
    pub(super) fn clip(self, at: Time, next: Option<Time>) -> Option<(Time, Option<Time>)> {
        let from = self.window.from.map_or(at, |from| from.max(at));
        let until = [next, self.window.until].into_iter().flatten().min();
        until.is_none_or(|until| from < until).then_some((from, until))
    }

    /// The open points on which `touching` may hang.
    pub(super) fn open(self, view: &View<'_>, touching: &[ClauseNo], open: &mut Vec<QuestionNo>) {
        touching.iter().for_each(|number| view.open_questions(*number, open));
    }

    /// Every cell inside `within` in which the probe's clauses collide for `actor`.
    pub(super) fn run(
        self,
        actor: PartyNo,
        (cast, within): (&[ClauseNo], &[&Scope]),
        probe: &dyn Probe,
    ) -> Hits<()> {
        let mut hits = Hits::new();
        let instants = self.instants(cast);
        space::cells(self.book, self.window.known, (cast, within), &mut |leaf| {
            let Some(cell) = leaf.point.cell(actor) else { return };
            for (at, next) in spans(&instants) {
                let Some((from, until)) = self.clip(at, next) else { continue };
                let view = self.view(&cell, at);
                let Some(when) = self.when(&view, leaf.touching, probe) else { continue };
                let hit = Hit { from, until, point: leaf.point, block: leaf.block.clone() };
                hits.entry(((), when)).or_default().push(hit);
            }
        });
        hits
    }

    fn when(self, view: &View<'_>, touching: &[ClauseNo], probe: &dyn Probe) -> Option<When> {
        match probe.collides(view) {
            Some(false) => return None,
            Some(true) => return Some(When::always()),
            None => {}
        }
        let mut open = Vec::new();
        let other = view.cell.and_then(|cell| probe.also(cell));
        if let Some(cell) = &other {
            self.open(&View { cell: Some(cell), ..*view }, touching, &mut open);
        }
        self.open(view, touching, &mut open);
        let open = Open::new(self.book, open);
        let Some(sets) = open.sets() else { return Some(When::somehow(self.book, &open)) };
        let truth = |set: u32| {
            let view = View { open: open.points(), assumed: Some(set), ..*view };
            open.fits(set).then(|| probe.collides(&view) == Some(true))
        };
        When::read(self.book, &open, &(0..sets).map(truth).collect::<Vec<_>>())
    }
}

/// Each instant with the next.
pub(super) fn spans(instants: &[Time]) -> impl Iterator<Item = (Time, Option<Time>)> + '_ {
    instants.iter().enumerate().map(|(at, instant)| (*instant, instants.get(at + 1).copied()))
}

/// Hits that touch one another in time, put together.
pub(super) fn runs(mut hits: Vec<Hit>) -> Vec<Run> {
    hits.sort_by_key(|hit| (hit.from, hit.point));
    let mut found: Vec<Run> = Vec::new();
    for hit in hits {
        match found.last_mut().filter(|run| run.until.is_none_or(|until| hit.from <= until)) {
            Some(run) => {
                run.until = run.until.zip(hit.until).map(|(a, b)| a.max(b));
                run.blocks.push(hit.block);
            }
            None => {
                let Hit { from, until, point, block } = hit;
                found.push(Run { from, until, point, blocks: vec![block] });
            }
        }
    }
    for run in &mut found {
        run.blocks = space::merge(std::mem::take(&mut run.blocks));
    }
    found
}

//! Commitments that cannot be kept: nothing that would count toward them may be sold.
//!
//! What a commitment counts is sales of its seller, and so is what its buyer enters as purchases. Where its base names
//! neither products nor classes, anything at all may be bought, and nothing can be said.

use super::probe::{Hit, Hits, Search, When};
use super::{ConflictKind, Found, rights};
use crate::book::{Clause, Kind, Money};
use crate::eval::{Kleene, View, and};
use crate::hits::Hits as Gathered;
use crate::index::Cell;
use crate::open::{OPEN_QUESTIONS_MAX, Open};
use crate::outcome::{Step, outcome};
use crate::space::{self, Block, Point};
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use abide_model::Time;
use abide_model::money::Exact;
use abide_model::terms::Stage;
use std::collections::{BTreeMap, BTreeSet};

/// Why a commitment cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lack {
    /// Whether anything counts toward it at all.
    pub(super) counts: bool,
    /// Whether the seller has no right to some of what counts.
    pub(super) rightless: bool,
    /// Promises each of which alone stands in the way of something that counts.
    pub(super) sole: Vec<ClauseNo>,
}

/// Every commitment that cannot be kept in some stage.
pub(super) fn find(search: Search<'_>, found: &mut Vec<Found>) {
    for (number, clause) in search.book.clauses.iter() {
        let named = clause.scope.products.is_some() || !clause.scope.classes.is_empty();
        if let Some(Money::Commit { carry, rollover, .. }) = clause.kind.money()
            && named
            && search.touches(number)
        {
            Vain { search, number, clause, carry, rollover }.find(found);
        }
    }
}

/// A commitment that may be in vain.
struct Vain<'b> {
    search: Search<'b>,
    number: ClauseNo,
    clause: &'b Clause,
    carry: &'b Exact,
    rollover: &'b Exact,
}

/// Sales that the clauses at hand do not tell apart.
struct Place {
    cell: Cell,
    point: Point,
    block: Block,
    touching: Vec<ClauseNo>,
}

/// Every sale in the base of a commitment, and every instant at which something about them may change.
struct Ground {
    places: Vec<Place>,
    instants: Vec<Time>,
}

/// When something that counts may be sold.
struct Doors {
    /// The instants from which on it may for certain, at least one for each stage in which there is any.
    sure: BTreeSet<Time>,
    /// Where and from when on it hangs on open points, in all other stages.
    doubts: Vec<(usize, Time)>,
}

type Span = (Time, Option<Time>);

impl<'b> Vain<'b> {
    fn find(&self, found: &mut Vec<Found>) {
        let ground = self.ground();
        let stages = self.search.book.stages(self.clause, &self.view(None, Time::MIN));
        let doors = self.doors(&ground, &stages);
        let spans = stages.iter().map(|stage| self.span(stage));
        if spans.into_iter().all(|span| doors.sure.iter().any(|at| holds(span, *at))) {
            return;
        }
        let open = Open::new(self.search.book, self.points(&ground, &doors));
        // Beyond the bound, what hangs on a question is looked at as unknown, in one go.
        let sets = open.sets();
        let row = |set: u32| {
            let view = View { open: open.points(), assumed: sets.map(|_| set), ..self.view(None, Time::MIN) };
            open.fits(set).then(|| self.short(&view, &ground, &doors))
        };
        let rows: Vec<Option<Vec<Span>>> = (0..sets.unwrap_or(1)).map(row).collect();
        let short: BTreeSet<Span> = rows.iter().flatten().flatten().copied().collect();
        let mut by_clauses: BTreeMap<(Vec<ClauseNo>, Lack), Hits<()>> = BTreeMap::new();
        for span in short {
            let truths: Vec<Option<bool>> =
                rows.iter().map(|row| row.as_ref().map(|row| row.contains(&span))).collect();
            let when = match sets {
                Some(_) => When::read(self.search.book, &open, &truths),
                None => Some(When::somehow(self.search.book, &open)),
            };
            let Some((when, (from, until))) = when.zip(self.search.clip(span.0, span.1)) else { continue };
            let (points, answers) = assumptions(&when);
            let view = View { open: &points, assumed: Some(answers), ..self.view(None, Time::MIN) };
            let evidence = self.evidence(&view, &ground, span);
            let hits = by_clauses.entry((evidence.clauses, evidence.lack)).or_default();
            let list = hits.entry(((), when)).or_default();
            list.extend(evidence.places.iter().map(|place| Hit {
                from,
                until,
                point: place.point,
                block: place.block.clone(),
            }));
        }
        for ((clauses, lack), hits) in by_clauses {
            let each = Found::new(ConflictKind::CommitInfeasible, clauses, self.clause.to, hits);
            found.extend(each.into_iter().map(|one| Found { lack: Some(lack.clone()), ..one }));
        }
    }

    fn view<'v>(&self, cell: Option<&'v Cell>, at: Time) -> View<'v>
    where
        'b: 'v,
    {
        let known = self.search.window.known;
        View { book: self.search.book, cell, at, known, open: &[], assumed: None }
    }

    fn ground(&self) -> Ground {
        let book = self.search.book;
        let (known, scope) = (self.search.window.known, &self.clause.scope);
        let above = rights::above(self.search, self.clause.to, Some(scope));
        let mut givers: BTreeSet<PartyNo> = above.iter().map(|grant| book.clauses[*grant].from).collect();
        givers.insert(self.clause.to);
        let binds = |clause: &Clause| match clause.kind {
            Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } => {
                clause.known <= known && givers.contains(&clause.from) && space::meet(&clause.scope, scope)
            }
            Kind::Grant { .. } | Kind::Money(_) => false,
        };
        let promises = book.clauses.iter().filter(|(_, clause)| binds(clause)).map(|(number, _)| number);
        let cast = space::with_beaters(book, [self.number].into_iter().chain(above).chain(promises));
        let mut instants = self.search.instants(&cast);
        for stage in book.stages(self.clause, &self.view(None, Time::MIN)) {
            let (since, until) = self.span(&stage);
            instants.extend([since].into_iter().chain(until));
        }
        instants.sort_unstable();
        instants.dedup();
        let mut places = Vec::new();
        space::cells(book, known, (&cast, &[scope]), &mut |leaf| {
            let Some(cell) = leaf.point.cell(self.clause.to) else { return };
            let (block, touching) = (leaf.block.clone(), leaf.touching.to_vec());
            places.push(Place { cell, point: leaf.point, block, touching });
        });
        Ground { places, instants }
    }

    fn span(&self, stage: &Stage) -> Span {
        let start = |day| self.search.book.start_of_day(day);
        (start(stage.since), stage.until.map(start))
    }

    /// Looks into each stage until something is found that counts and may be sold for certain.
    fn doors(&self, ground: &Ground, stages: &[Stage]) -> Doors {
        let mut doors = Doors { sure: BTreeSet::new(), doubts: Vec::new() };
        for stage in stages {
            let span = self.span(stage);
            let mut doubts = Vec::new();
            let sure = ground.instants.iter().filter(|at| holds(span, **at)).find(|at| {
                ground.places.iter().enumerate().any(|(place, one)| {
                    let opens = self.opens(&self.view(Some(&one.cell), **at));
                    doubts.extend(opens.is_none().then_some((place, **at)));
                    opens == Some(true)
                })
            });
            match sure {
                Some(at) => drop(doors.sure.insert(*at)),
                None => doors.doubts.append(&mut doubts),
            }
        }
        doors
    }

    /// Whether the view's ask counts, and the seller may go ahead with it.
    fn opens(&self, view: &View<'_>) -> Kleene {
        and(self.counts(view), || {
            let Some(cell) = view.cell else { return Some(false) };
            outcome(view, &Gathered::gather(view, cell), &mut |_| {}).clean
        })
    }

    /// Whether the view's ask counts.
    fn counts(&self, view: &View<'_>) -> Kleene {
        view.stands(self.number, &[self.clause.to])
    }

    /// What comes of each set of answers to what is still open at a place.
    fn on_each_answer<T>(
        &self,
        view: &View<'_>,
        place: &Place,
        at: Time,
        mut look: impl FnMut(&View<'_>) -> T,
    ) -> Vec<T> {
        let view = View { cell: Some(&place.cell), at, ..*view };
        let mut more = Vec::new();
        self.search.open(&view, &place.touching, &mut more);
        let open = Open::new(self.search.book, more);
        let points: Vec<QuestionNo> = view.open.iter().chain(open.points()).copied().collect();
        let Some(sets) = open.sets().filter(|_| points.len() <= OPEN_QUESTIONS_MAX) else {
            return vec![look(&view)];
        };
        let known = view.assumed.unwrap_or(0);
        let assumed = (0..sets).filter(|set| open.fits(*set)).map(|set| known | set << view.open.len());
        assumed.map(|set| look(&View { open: &points, assumed: Some(set), ..view })).collect()
    }

    /// The open points on which it hangs whether a stage comes up short.
    fn points(&self, ground: &Ground, doors: &Doors) -> Vec<QuestionNo> {
        let mut points = Vec::new();
        for (place, at) in &doors.doubts {
            let Some(place) = ground.places.get(*place) else { continue };
            self.search.open(&self.view(Some(&place.cell), *at), &place.touching, &mut points);
        }
        let open = |point: &&QuestionNo| {
            ground.instants.iter().any(|at| self.view(None, *at).settled(**point).is_none())
        };
        points.extend(self.clause.questions.iter().filter(open));
        points
    }

    /// The stages that come up short on the answers that `view` assumes.
    fn short(&self, view: &View<'_>, ground: &Ground, doors: &Doors) -> Vec<Span> {
        let stages = self.search.book.stages(self.clause, view);
        let open = |stage: &Stage| {
            let span = self.span(stage);
            doors.sure.iter().any(|at| holds(span, *at))
                || doors.doubts.iter().filter(|(_, at)| holds(span, *at)).any(|(place, at)| {
                    let cell = ground.places.get(*place).map(|place| &place.cell);
                    self.opens(&View { cell, at: *at, ..*view }) == Some(true)
                })
        };
        let stages: Vec<(&Stage, bool)> = stages.iter().map(|stage| (stage, open(stage))).collect();
        short(&stages, self.carry, self.rollover).into_iter().map(|stage| self.span(stage)).collect()
    }

    /// What shows it in a stage, on the answers that `view` assumes.
    fn evidence<'g>(&self, view: &View<'_>, ground: &'g Ground, span: Span) -> Evidence<'g> {
        let instants: Vec<Time> = ground.instants.iter().copied().filter(|at| holds(span, *at)).collect();
        let counts = |place: &Place| {
            let each =
                instants.iter().map(|at| self.on_each_answer(view, place, *at, |view| self.counts(view)));
            each.fold((false, false), |(may, surely), counted| {
                let all = counted.iter().all(|counts| *counts == Some(true));
                (may || counted.iter().any(|counts| *counts != Some(false)), surely || all)
            })
        };
        let counted = ground.places.iter().map(|place| (place, counts(place)));
        let counted: Vec<(&Place, bool)> =
            counted.filter(|(_, (may, _))| *may).map(|(place, (_, surely))| (place, surely)).collect();
        // What counts for certain says more than what may.
        let any_surely = counted.iter().any(|(_, surely)| *surely);
        let places: Vec<&Place> =
            counted.iter().filter(|(_, surely)| *surely || !any_surely).map(|(place, _)| *place).collect();
        let mut met = Obstacles::default();
        for place in &places {
            for at in &instants {
                self.on_each_answer(view, place, *at, |view| {
                    if self.counts(view) != Some(false) {
                        met.look(view, &place.cell);
                    }
                });
            }
        }
        let counts = !places.is_empty();
        Evidence {
            clauses: [self.number].into_iter().chain(met.forbidding).collect(),
            lack: Lack { counts, rightless: met.rightless, sole: met.sole.into_iter().collect() },
            places: if counts { places } else { ground.places.iter().collect() },
        }
    }
}

/// The points that decide, and the first answers to them on which it happens, one bit each.
fn assumptions(when: &When) -> (Vec<QuestionNo>, u32) {
    let first = when.first();
    let answers = (0u32..).zip(&first).fold(0, |bits, (at, (_, answer))| bits | u32::from(*answer) << at);
    (first.into_iter().map(|(point, _)| point).collect(), answers)
}

/// What shows that a commitment cannot be kept in a stage.
struct Evidence<'g> {
    /// The commitment, and the promises that forbid what counts toward it.
    clauses: Vec<ClauseNo>,
    lack: Lack,
    /// What counts toward it; where nothing does, its base.
    places: Vec<&'g Place>,
}

/// What stands in the way of sales.
#[derive(Default)]
struct Obstacles {
    forbidding: BTreeSet<ClauseNo>,
    /// Those that stand in the way of something alone.
    sole: BTreeSet<ClauseNo>,
    rightless: bool,
}

impl Obstacles {
    fn look(&mut self, view: &View<'_>, cell: &Cell) {
        let (mut fresh, mut line) = (Vec::new(), Vec::new());
        let found = outcome(view, &Gathered::gather(view, cell), &mut |step| match step {
            Step::Forbids(hit, _) => fresh.push(hit.number),
            Step::Grants(_) => {}
            Step::Right { clean, .. } => {
                // What forbids a line is told once where several chains lead along it.
                if !fresh.is_empty() {
                    line = std::mem::take(&mut fresh);
                    self.forbidding.extend(&line);
                }
                if let (Some(false), [only]) = (clean, line.as_slice()) {
                    self.sole.insert(*only);
                }
            }
        });
        self.rightless |= found.right == Some(false);
    }
}

fn holds((since, until): Span, at: Time) -> bool {
    since <= at && until.is_none_or(|until| at < until)
}

/// The stages whose amount cannot be bought in full, where what is to be bought can be had in those that are open alone,
/// and there without bound. The rules are those of the ledger; what is not known of an amount is that it is more than
/// nothing.
fn short<'s>(stages: &[(&'s Stage, bool)], carry: &Exact, rollover: &Exact) -> Vec<&'s Stage> {
    let mut found = Vec::new();
    let mut moved = Moved::nothing();
    for (at, (stage, open)) in stages.iter().enumerate() {
        let moves = at + 1 < stages.len() && !stage.lapsed;
        let amount = stage.amount.map(|amount| amount.exact());
        if *open {
            let ahead = amount.map(|amount| carry * &amount).filter(|_| !carry.is_zero());
            let unbounded = moves && !carry.is_zero();
            moved = Moved { ahead: if unbounded { ahead } else { Some(Exact::zero()) }, ..Moved::nothing() };
            continue;
        }
        let rest = match &amount {
            Some(amount) => moved.rest(amount, rollover, moves),
            None => moved.rest_of_unknown(rollover, moves),
        };
        found.extend((rest.is_short && !stage.lapsed).then_some(*stage));
        moved = Moved { left: rest.later, more: rest.more, ..Moved::nothing() };
    }
    found
}

/// What moves from a stage into the next.
struct Moved {
    /// At least so much is still to be bought…
    left: Exact,
    /// … and something on top.
    more: bool,
    /// At most so much was bought ahead; `None` without bound.
    ahead: Option<Exact>,
}

/// What becomes of a stage in which nothing can be bought.
struct Rest {
    is_short: bool,
    later: Exact,
    more: bool,
}

impl Moved {
    fn nothing() -> Self {
        Self { left: Exact::zero(), more: false, ahead: Some(Exact::zero()) }
    }

    fn rest(&self, amount: &Exact, rollover: &Exact, moves: bool) -> Rest {
        let limit = if moves { rollover * amount } else { Exact::zero() };
        let Some(ahead) = &self.ahead else {
            return Rest { is_short: false, later: Exact::zero(), more: false };
        };
        let due = &(amount + &self.left) - ahead;
        let more = self.more && !due.is_negative();
        let due = due.max(Exact::zero());
        Rest {
            is_short: due > limit || (more && due == limit),
            more: more && due < limit,
            later: due.min(limit),
        }
    }

    fn rest_of_unknown(&self, rollover: &Exact, moves: bool) -> Rest {
        let none_ahead = self.ahead.as_ref().is_some_and(Exact::is_zero);
        let all_later = moves && *rollover >= Exact::whole(1) && self.left.is_zero() && !self.more;
        Rest {
            is_short: none_ahead && !all_later,
            later: Exact::zero(),
            more: none_ahead && moves && !rollover.is_zero(),
        }
    }
}

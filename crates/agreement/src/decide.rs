//! May we? One ask in, one answer out, with the clauses that decided.
//!
//! The owner of a product may do anything with it, except what it has promised away. Anyone else needs a grant from
//! the owner, or a chain of grants that may be passed on, and is bound by the promises of everybody in the chain.

use crate::book::{Book, Clause, Kind};
use crate::compile::is_country;
use crate::eval::{Kleene, View, and, not, or};
use crate::few::Few;
use crate::index::{Cell, Part};
use crate::open::Open;
use crate::suggest::did_you_mean;
use crate::table::{ClauseNo, PartyNo, QuestionNo};
use abide_model::Time;
use abide_model::decision::{Action, Ask, Decision, Effect, Reason, Verdict};
use abide_model::name;

/// The most grants in a row from an owner to an actor.
pub const CHAIN_GRANTS_MAX: u32 = 8;

/// A name in an ask that the book does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskError {
    /// Which part of the ask: `actor`, `product`, `channel`, `segment`, `country`.
    pub field: &'static str,
    /// What was given.
    pub name: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl std::fmt::Display for AskError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the book has no {} `{}`", self.field, self.name)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for AskError {}

/// The clauses that may touch an ask at some time.
struct Hits {
    /// Parties through whom a right may come to the actor, itself first.
    parties: Few<PartyNo, 8>,
    owner: PartyNo,
    grants: Few<ClauseNo, 24>,
    promises: Few<ClauseNo, 24>,
    shares: Few<ClauseNo, 8>,
}

impl Hits {
    fn all(&self) -> impl Iterator<Item = ClauseNo> + '_ {
        let lists = [self.grants.as_slice(), self.promises.as_slice(), self.shares.as_slice()];
        lists.into_iter().flatten().copied()
    }
}

/// What an actor may do under one set of assumptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Outcome {
    /// There is a right.
    right: Kleene,
    /// There is a right that no promise stands against.
    clean: Kleene,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    NoRight,
    Breach,
    Contested,
    Permit,
}

/// What is met while rights are followed.
enum Step<'a> {
    /// A promise that stands against a right, and how surely.
    Forbids(ClauseNo, Kleene),
    /// A grant that is part of a right.
    Grants(ClauseNo),
    /// A right: the parties it comes through, how surely it does, and whether it does with no promise against it.
    Right { bound: &'a [PartyNo], right: Kleene, clean: Kleene },
}

/// A verdict in numbers.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    answer: Answer,
    /// The promises that forbid, in the order of the book.
    forbidding: Vec<ClauseNo>,
    /// The questions that flip the answer.
    questions: Vec<QuestionNo>,
    duties: Vec<ClauseNo>,
}

impl Finding {
    fn new(answer: Answer) -> Self {
        Self { answer, forbidding: Vec::new(), questions: Vec::new(), duties: Vec::new() }
    }

    fn toward(&self, book: &Book) -> Vec<PartyNo> {
        let mut parties: Vec<_> = self.forbidding.iter().map(|number| book.clauses[*number].to).collect();
        parties.sort_unstable();
        parties.dedup();
        parties
    }

    /// Whether a reader would get the same answer.
    fn says_the_same(&self, other: &Finding, book: &Book) -> bool {
        self.answer == other.answer
            && self.questions == other.questions
            && self.duties == other.duties
            && self.toward(book) == other.toward(book)
    }
}

impl Book {
    /// Whether every name of an ask is one of the book.
    ///
    /// # Errors
    /// One for each name that is not, with the nearest that is.
    pub fn check_ask(&self, ask: &Ask) -> Result<(), Vec<AskError>> {
        let words = &self.words;
        let mut wrong = Vec::new();
        let mut unknown =
            |field, name: &str, help| wrong.push(AskError { field, name: name.to_owned(), help });
        let (actor, product, channel) = (ask.actor.as_str(), ask.product.as_str(), ask.channel.as_str());
        if words.parties.find(actor).is_none() {
            unknown("actor", actor, did_you_mean(actor, words.parties.words()));
        }
        if words.products.find(product).is_none() {
            unknown("product", product, did_you_mean(product, words.products.words()));
        }
        if words.channels.find(channel).is_none() {
            unknown("channel", channel, did_you_mean(channel, words.channels.words()));
        }
        if let Some(segment) =
            ask.segment.as_ref().filter(|name| words.segments.find(name.as_str()).is_none())
        {
            unknown("segment", segment.as_str(), did_you_mean(segment.as_str(), words.segments.words()));
        }
        if let Some(country) = ask.territory.as_ref().filter(|name| !is_country(name.as_str())) {
            let help = "a country is two capital letters of ISO 3166, such as US";
            unknown("country", country.as_str(), Some(help.to_owned()));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Answers an ask. Names the book does not have ([`Book::check_ask`]) give nobody a right.
    #[must_use]
    pub fn decide(&self, ask: &Ask) -> Decision {
        let none = Decision {
            verdict: Verdict::NoRight,
            reasons: Vec::new(),
            duties: Vec::new(),
            until: None,
            at: ask.at,
            known: ask.known,
            book: self.hash,
        };
        let Some(cell) = self.cell(ask) else { return none };
        let hits = self.hits(&cell);
        let view =
            View { book: self, cell: Some(&cell), at: ask.at, known: ask.known, open: &[], assumed: None };
        let finding = find(&view, &hits);
        Decision {
            verdict: self.verdict(&finding),
            reasons: reasons(&view, &hits, &finding),
            duties: finding.duties.iter().map(|number| self.clauses[*number].name.clone()).collect(),
            until: until(&view, &hits, &finding),
            ..none
        }
    }

    /// The shares that revenue from this act counts toward, also where a question leaves that open: those owed by
    /// the actor or by somebody from whom its right comes, to anybody but the actor.
    #[must_use]
    pub fn duties(&self, ask: &Ask) -> Vec<name::Clause> {
        let Some(cell) = self.cell(ask) else { return Vec::new() };
        let hits = self.hits(&cell);
        let view =
            View { book: self, cell: Some(&cell), at: ask.at, known: ask.known, open: &[], assumed: None };
        duties(&view, &hits).into_iter().map(|number| self.clauses[number].name.clone()).collect()
    }

    pub(crate) fn cell(&self, ask: &Ask) -> Option<Cell> {
        let words = &self.words;
        let segment = ask.segment.as_ref().map(|name| words.segments.find(name.as_str()).ok_or(()));
        let territory = ask.territory.as_ref().and_then(|name| words.territories.find(name.as_str()));
        let foreign =
            ask.territory.as_ref().is_some_and(|name| territory.is_none() && !is_country(name.as_str()));
        if foreign {
            return None;
        }
        Some(Cell {
            actor: words.parties.find(ask.actor.as_str())?,
            action: ask.action,
            product: words.products.find(ask.product.as_str())?,
            channel: words.channels.find(ask.channel.as_str())?,
            segment: segment.transpose().ok()?,
            territory,
        })
    }

    fn hits(&self, cell: &Cell) -> Hits {
        let owner = self.words.offers[cell.product].owner;
        let mut hits =
            Hits { parties: Few::new(), owner, grants: Few::new(), promises: Few::new(), shares: Few::new() };
        hits.parties.push(cell.actor);
        let mut next = 0;
        while let Some(party) = hits.parties.as_slice().get(next).copied() {
            self.index.each(cell, party, Part::Promisor, |number| hits.promises.push(number));
            // What an owner is granted gives it no right it lacks, but may be the reason it is asked about.
            let reached = next == 0 || party != owner;
            if reached {
                self.index.each(cell, party, Part::Grantee, |number| {
                    hits.grants.push(number);
                    let from = self.clauses[number].from;
                    if cell.actor != owner && !hits.parties.as_slice().contains(&from) {
                        hits.parties.push(from);
                    }
                });
            }
            next += 1;
        }
        for party in hits.parties.as_slice() {
            self.index.each(cell, *party, Part::Payer, |number| hits.shares.push(number));
        }
        hits
    }

    fn verdict(&self, finding: &Finding) -> Verdict {
        let toward =
            || finding.toward(self).into_iter().map(|party| self.words.parties[party].clone()).collect();
        match finding.answer {
            Answer::NoRight => Verdict::NoRight,
            Answer::Breach => Verdict::Breach { toward: toward() },
            Answer::Contested => Verdict::Contested {
                toward: toward(),
                questions: finding
                    .questions
                    .iter()
                    .map(|number| self.words.points[*number].name.clone())
                    .collect(),
            },
            Answer::Permit => Verdict::Permit,
        }
    }
}

/// Reads the answer off the clauses.
fn find(view: &View<'_>, hits: &Hits) -> Finding {
    let mut finding = settle(view, hits);
    finding.forbidding.sort_unstable();
    finding.forbidding.dedup();
    if finding.answer != Answer::NoRight {
        finding.duties = duties(view, hits);
    }
    finding
}

fn settle(view: &View<'_>, hits: &Hits) -> Finding {
    let mut sure = Vec::new();
    let mut maybe = Vec::new();
    let outcome = outcome(view, hits, &mut |step| match step {
        Step::Forbids(number, Some(true)) => sure.push(number),
        Step::Forbids(number, _) => maybe.push(number),
        Step::Grants(_) | Step::Right { .. } => {}
    });
    match (outcome.right, outcome.clean) {
        (Some(false), _) => return Finding::new(Answer::NoRight),
        (_, Some(true)) => return Finding::new(Answer::Permit),
        _ => {}
    }
    let mut open = Vec::new();
    let deciding = hits.grants.as_slice().iter().chain(hits.promises.as_slice());
    deciding.for_each(|number| view.open_questions(*number, &mut open));
    let open = Open::new(view.book, open);
    if let Some(sets) = open.sets().filter(|sets| *sets > 1) {
        return try_out(view, hits, &open, sets);
    }
    if outcome == (Outcome { right: Some(true), clean: Some(false) }) {
        let forbidding = if sure.is_empty() { maybe } else { sure };
        return Finding { forbidding, ..Finding::new(Answer::Breach) };
    }
    sure.append(&mut maybe);
    let questions = open.named(view.book).map(|(question, _)| question).collect();
    Finding { forbidding: sure, questions, ..Finding::new(Answer::Contested) }
}

/// Tries every set of answers to the open points.
fn try_out(view: &View<'_>, hits: &Hits, open: &Open, sets: u32) -> Finding {
    let mut answers = Vec::with_capacity(sets as usize);
    let mut tally: Vec<(ClauseNo, u32)> = Vec::new();
    let mut forbidding: Vec<ClauseNo> = Vec::new();
    let mut possible = 0;
    for assumed in 0..sets {
        if !open.fits(assumed) {
            answers.push(None);
            continue;
        }
        possible += 1;
        let view = View { open: open.points(), assumed: Some(assumed), ..*view };
        forbidding.clear();
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
            forbidding.sort_unstable();
            forbidding.dedup();
            forbidding.iter().for_each(|number| count(&mut tally, *number));
        }
    }
    let first = answers.iter().flatten().next().copied().unwrap_or(Answer::NoRight);
    let always: Vec<_> =
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

/// Follows every chain of rights; `note` hears of what is met on the way.
fn outcome(view: &View<'_>, hits: &Hits, note: &mut dyn FnMut(Step<'_>)) -> Outcome {
    let mut found = Outcome { right: Some(false), clean: Some(false) };
    let Some(actor) = hits.parties.as_slice().first().copied() else { return found };
    let mut bound = Few::<PartyNo, 8>::new();
    bound.push(actor);
    if actor == hits.owner {
        arrive(view, hits, bound.as_slice(), Some(true), &mut found, note);
    } else if hits.parties.as_slice().contains(&hits.owner) {
        follow(view, hits, &mut bound, Some(true), &mut found, note);
    }
    found
}

/// Follows grants from the last of `bound` upward until the owner; tells whether it got there.
fn follow(
    view: &View<'_>,
    hits: &Hits,
    bound: &mut Few<PartyNo, 8>,
    right: Kleene,
    found: &mut Outcome,
    note: &mut dyn FnMut(Step<'_>),
) -> bool {
    let below = bound.as_slice().len() as u32 - 1;
    let Some(holder) = bound.as_slice().last().copied() else { return false };
    let mut arrived = false;
    for number in hits.grants.as_slice() {
        let grant = &view.book.clauses[*number];
        if grant.to != holder || bound.as_slice().contains(&grant.from) {
            continue;
        }
        let passes = || passes_on(view, grant, below);
        let right = and(right, || and(view.stands(*number, bound.as_slice()), passes));
        if right == Some(false) {
            continue;
        }
        bound.push(grant.from);
        let through = if grant.from == hits.owner {
            arrive(view, hits, bound.as_slice(), right, found, note);
            true
        } else {
            below + 1 < CHAIN_GRANTS_MAX && follow(view, hits, bound, right, found, note)
        };
        if through {
            note(Step::Grants(*number));
        }
        arrived |= through;
        bound.pop();
    }
    arrived
}

/// Adds up a right that reaches the owner, with what stands against it.
fn arrive(
    view: &View<'_>,
    hits: &Hits,
    bound: &[PartyNo],
    right: Kleene,
    found: &mut Outcome,
    note: &mut dyn FnMut(Step<'_>),
) {
    let free = not(forbidden(view, hits, bound, note));
    let clean = and(right, || free);
    note(Step::Right { bound, right, clean });
    found.right = or(found.right, || right);
    found.clean = or(found.clean, || clean);
}

/// Whether the ask's actor has a right, whatever was promised away.
pub(crate) fn has_right(view: &View<'_>) -> Kleene {
    let Some(cell) = view.cell else { return Some(false) };
    outcome(view, &view.book.hits(cell), &mut |_| {}).right
}

/// Whether whoever gives `grant` has the right to give it, with the first grant by which that right comes to it.
pub(crate) fn backing(view: &View<'_>, grant: &Clause) -> (Kleene, Option<ClauseNo>) {
    let Some(cell) = view.cell else { return (Some(false), None) };
    let hits = view.book.hits(cell);
    let mut line = Few::<PartyNo, 8>::new();
    line.push(grant.to);
    line.push(grant.from);
    let mut found = Outcome { right: Some(false), clean: Some(false) };
    let mut first = None;
    follow(view, &hits, &mut line, Some(true), &mut found, &mut |step| match step {
        Step::Grants(number) if view.book.clauses[number].to == grant.from => {
            first = Some(first.map_or(number, |one: ClauseNo| one.min(number)));
        }
        Step::Grants(_) | Step::Forbids(..) | Step::Right { .. } => {}
    });
    (found.right, first)
}

/// Whether a grant may carry `below` further grants, and one more when that is what is asked.
fn passes_on(view: &View<'_>, grant: &Clause, below: u32) -> Kleene {
    let asked = view.cell.is_some_and(|cell| cell.action == Action::Sublicense);
    let needed = below + u32::from(asked);
    let deep_enough = match &grant.kind {
        Kind::Grant { depth } => depth.is_none_or(|depth| needed <= depth),
        Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } | Kind::Money(_) => false,
    };
    if needed == 0 {
        Some(true)
    } else {
        and(Some(deep_enough), || view.inside_as(grant, Action::Sublicense))
    }
}

/// Whether a promise of somebody in `bound` forbids the act.
fn forbidden(view: &View<'_>, hits: &Hits, bound: &[PartyNo], note: &mut dyn FnMut(Step<'_>)) -> Kleene {
    let mut found = Some(false);
    for number in hits.promises.as_slice() {
        if !binds(view, *number, bound) {
            continue;
        }
        let stands = view.stands(*number, bound);
        if stands != Some(false) {
            note(Step::Forbids(*number, stands));
        }
        found = or(found, || stands);
    }
    found
}

/// Whether the promise is one that somebody in `bound` made, to nobody among them.
fn binds(view: &View<'_>, number: ClauseNo, bound: &[PartyNo]) -> bool {
    let promise = &view.book.clauses[number];
    let by_promisor = bound.first() == Some(&promise.from);
    let alone_with_promisor = match promise.kind {
        Kind::Exclusive { sole } => sole && by_promisor,
        Kind::First { .. } => false,
        // What the promisor does without any third party is no deal that the holder could have taken.
        Kind::Refusal { .. } => {
            let operator = view.cell.map(|cell| view.book.words.operators[cell.channel]);
            by_promisor && (operator == Some(promise.from) || operator == Some(promise.to))
        }
        Kind::Grant { .. } | Kind::Money(_) => true,
    };
    !alone_with_promisor && bound.contains(&promise.from) && !bound.contains(&promise.to)
}

/// The shares that revenue from the act counts toward on some answers to the open questions: those owed by the actor,
/// or by somebody from whom its right comes, to anybody but the actor.
fn duties(view: &View<'_>, hits: &Hits) -> Vec<ClauseNo> {
    let (mut sure, mut maybe) = (Vec::new(), Vec::new());
    if hits.shares.as_slice().is_empty() {
        return sure;
    }
    owed(view, hits, &mut sure, &mut maybe);
    if !maybe.is_empty() {
        let mut open = Vec::new();
        let deciding = hits.grants.as_slice().iter().chain(hits.shares.as_slice());
        deciding.for_each(|number| view.open_questions(*number, &mut open));
        let open = Open::new(view.book, open);
        match open.sets() {
            None => sure.append(&mut maybe),
            Some(sets) => {
                for assumed in (0..sets).filter(|set| open.fits(*set)) {
                    let view = View { open: open.points(), assumed: Some(assumed), ..*view };
                    owed(&view, hits, &mut sure, &mut maybe);
                }
            }
        }
    }
    sure.sort_unstable();
    sure.dedup();
    sure
}

/// Adds the shares that count for certain to `sure`, and those that hang on a question to `maybe`.
fn owed(view: &View<'_>, hits: &Hits, sure: &mut Vec<ClauseNo>, maybe: &mut Vec<ClauseNo>) {
    outcome(view, hits, &mut |step| {
        let Step::Right { bound, right, .. } = step else { return };
        for number in hits.shares.as_slice() {
            let share = &view.book.clauses[*number];
            if !bound.contains(&share.from) || bound.first() == Some(&share.to) {
                continue;
            }
            match and(right, || view.stands(*number, bound)) {
                Some(true) => sure.push(*number),
                Some(false) => {}
                None => maybe.push(*number),
            }
        }
    });
}

/// The next instant at which the answer changes if nothing new becomes known.
fn until(view: &View<'_>, hits: &Hits, finding: &Finding) -> Option<Time> {
    let mut at = view.at;
    loop {
        at = hits.all().filter_map(|number| view.next_change(number, at)).min()?;
        if !find(&View { at, ..*view }, hits).says_the_same(finding, view.book) {
            return Some(at);
        }
    }
}

/// The clauses that decided: what forbids, then what grants, then what lifts.
fn reasons(view: &View<'_>, hits: &Hits, finding: &Finding) -> Vec<Reason> {
    let mut found: Vec<(u8, ClauseNo, Effect)> = Vec::new();
    let mut add = |number, effect| {
        let rank = match effect {
            Effect::Forbids => 0,
            Effect::Grants => 1,
            Effect::Excepts => 2,
            Effect::Waives => 3,
        };
        found.push((rank, number, effect));
    };
    finding.forbidding.iter().for_each(|number| add(*number, Effect::Forbids));
    let mut clean = Vec::new();
    outcome(view, hits, &mut |step| match step {
        Step::Grants(number) => add(number, Effect::Grants),
        Step::Right { bound, clean: Some(true), .. } if clean.is_empty() => clean.extend_from_slice(bound),
        Step::Right { .. } | Step::Forbids(..) => {}
    });
    if clean.first() == Some(&hits.owner) {
        let given =
            hits.grants.as_slice().iter().filter(|number| view.stands(**number, &clean) == Some(true));
        given.for_each(|number| add(*number, Effect::Grants));
    }
    if finding.answer == Answer::Permit {
        for number in hits.promises.as_slice() {
            lifts(view, &clean, *number).into_iter().for_each(|(number, effect)| add(number, effect));
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|(_, number, _)| *number);
    found.into_iter().map(|(_, number, effect)| reason(view.book, number, effect)).collect()
}

/// What lifts a promise that would otherwise forbid the act.
fn lifts(view: &View<'_>, bound: &[PartyNo], number: ClauseNo) -> Option<(ClauseNo, Effect)> {
    let clause = &view.book.clauses[number];
    let cell = view.cell?;
    let would = binds(view, number, bound)
        && view.live(clause)
        && view.covers(&clause.scope, cell, cell.action) != Some(false)
        && view.condition(clause.holds_if.as_ref(), true) != Some(false);
    if !would {
        return None;
    }
    if view.carved(clause, cell.action) == Some(true) {
        return Some((number, Effect::Excepts));
    }
    match view.lifted(clause, bound) {
        (Some(lifting), _) => Some(lifting),
        (None, Some(true)) => Some((number, Effect::Waives)),
        (None, _) => None,
    }
}

fn reason(book: &Book, number: ClauseNo, effect: Effect) -> Reason {
    let clause = &book.clauses[number];
    Reason {
        clause: clause.name.clone(),
        effect,
        file: clause.file.clone(),
        line: clause.line,
        quote: clause.quote.clone(),
        source: clause.source,
    }
}

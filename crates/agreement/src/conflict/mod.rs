//! Do these collide? Every collision between the clauses of a book, each with the smallest ask that shows it.
//!
//! Time is cut at every instant at which a clause may begin or cease to count, asks into cells that the clauses at hand
//! do not tell apart, and open questions are tried out in every combination: what is not found is not there.

mod commits;
mod pairs;
mod parity;
mod probe;
mod resolve;
mod rights;
mod shares;
mod together;

use crate::book::{Book, Money};
use crate::space::{Block, Point};
use crate::table::{ClauseNo, Number, PartyNo, QuestionNo, SegmentNo, TerritoryNo};
use abide_model::Time;
use abide_model::decision::{Action, Ask};
use abide_model::name::{Channel, Clause, Product, Question, Segment, Territory};
use commits::Lack;
use probe::{Hits, Run, Search, When, runs};
use std::collections::BTreeMap;

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Only what collides at this time or later; everything when `None`.
    pub from: Option<Time>,
    /// Only what collides before this time; without end when `None`.
    pub until: Option<Time>,
    /// What was known: clauses, facts and answers recorded later are not used.
    pub known: Time,
}

/// How clauses collide. `docs/agreements.md` defines each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictKind {
    /// A grant by somebody who has no right to give.
    NoRightsIn,
    /// A grant outlives the right it was given by.
    TermOverhang,
    /// An exclusive is promised by somebody whose own right is not exclusive.
    NotExclusiveIn,
    /// Two parties were promised the same, each alone.
    ExclusiveOverlap,
    /// A grant gives what was promised to another alone.
    GrantIntoExclusive,
    /// A grant gives what another was to be offered first.
    RefusalBypassed,
    /// Launches cannot come in the order that was promised.
    LaunchOrder,
    /// Shares take more than the whole.
    RateStack,
    /// Nothing that would count toward a commitment may be sold.
    CommitInfeasible,
    /// Most favoured prices that only a price of nothing keeps.
    Parity,
}

impl ConflictKind {
    /// The word used in JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ConflictKind::NoRightsIn => "no_rights_in",
            ConflictKind::TermOverhang => "term_overhang",
            ConflictKind::NotExclusiveIn => "not_exclusive_in",
            ConflictKind::ExclusiveOverlap => "exclusive_overlap",
            ConflictKind::GrantIntoExclusive => "grant_into_exclusive",
            ConflictKind::RefusalBypassed => "refusal_bypassed",
            ConflictKind::LaunchOrder => "launch_order",
            ConflictKind::RateStack => "rate_stack",
            ConflictKind::CommitInfeasible => "commit_infeasible",
            ConflictKind::Parity => "parity",
        }
    }
}

/// A collision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// How they collide.
    pub kind: ConflictKind,
    /// The clauses, in the order that the kind names them.
    pub clauses: Vec<Clause>,
    /// The smallest ask that shows it, at the first instant at which it does.
    pub witness: Ask,
    /// The first instant.
    pub from: Time,
    /// The first instant at which it is over; `None` when it does not end.
    pub until: Option<Time>,
    /// What it hangs on; nothing when the clauses collide for certain.
    pub depends_on: Vec<Dependence>,
    /// Every ask that shows it at some time, in few boxes.
    pub extent: Vec<Extent>,
    /// What collides, in words.
    pub says: String,
    /// What would resolve it, in words; each of them alone is enough.
    pub resolve: Vec<String>,
}

/// An open point on which a collision hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependence {
    /// The question, the measure, or the fact that would settle it.
    pub question: Question,
    /// What is asked.
    pub ask: String,
    /// What it comes to where the clauses collide, all that they hang on taken together: `yes`, `no`, `at least
    /// 1000000.00 USD`. `None` when there are too many open points to be tried out.
    pub is: Option<String>,
}

/// A box of asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// What is done.
    pub actions: Vec<Action>,
    /// With which products.
    pub products: Vec<Product>,
    /// Through which channels.
    pub channels: Vec<Channel>,
    /// Of which segment the customer is; `None` among them is a customer of no named segment. All when empty.
    pub segments: Vec<Option<Segment>>,
    /// In which country the customer is; `None` among them is a country that the book does not name. All when empty.
    pub territories: Vec<Option<Territory>>,
}

impl Book {
    /// Every collision in the window, in the order in which they begin, then of kinds, then of clauses.
    ///
    /// One collision is a kind, its clauses, the answers to questions that it hangs on and a span without a gap.
    #[must_use]
    pub fn conflicts(&self, window: &Window) -> Vec<Conflict> {
        let search = Search { book: self, window: *window };
        let mut found = Vec::new();
        rights::find(search, &mut found);
        pairs::find(search, &mut found);
        shares::find(search, &mut found);
        commits::find(search, &mut found);
        parity::find(search, &mut found);
        found.sort_by(|a, b| a.order().cmp(&b.order()));
        found.into_iter().filter_map(|one| self.conflict(one, window)).collect()
    }

    fn conflict(&self, found: Found, window: &Window) -> Option<Conflict> {
        let extent: Vec<Extent> = found.run.blocks.iter().map(|block| self.extent(block)).collect();
        Some(Conflict {
            kind: found.kind,
            clauses: found.clauses.iter().map(|number| self.clauses[*number].name.clone()).collect(),
            witness: self.witness(found.run.point, found.actor, found.run.from, window.known)?,
            from: found.run.from,
            until: found.run.until,
            says: resolve::says(self, &found),
            resolve: resolve::ways(self, &found, &extent),
            depends_on: resolve::depends_on(self, &found.when),
            extent,
        })
    }

    fn witness(&self, point: Point, actor: PartyNo, at: Time, known: Time) -> Option<Ask> {
        let cell = point.cell(actor)?;
        let words = &self.words;
        Some(Ask {
            actor: words.parties[cell.actor].clone(),
            action: cell.action,
            product: words.products[cell.product].clone(),
            channel: words.channels[cell.channel].clone(),
            customer: None,
            segment: cell.segment.map(|segment| words.segments[segment].clone()),
            territory: cell.territory.map(|territory| words.territories[territory].clone()),
            at,
            known,
        })
    }

    fn extent(&self, block: &Block) -> Extent {
        let words = &self.words;
        let mut axes = block.iter();
        let mut next = || axes.next().map(Vec::as_slice).unwrap_or_default();
        let (segments, territories, products, actions, channels) = (next(), next(), next(), next(), next());
        let all = |values: &[usize], named: usize| values.len() == named + 1;
        let segment =
            |value: &usize| value.checked_sub(1).map(|at| words.segments[SegmentNo::new(at)].clone());
        let territory =
            |value: &usize| value.checked_sub(1).map(|at| words.territories[TerritoryNo::new(at)].clone());
        Extent {
            actions: actions.iter().filter_map(|at| Action::ALL.get(*at).copied()).collect(),
            products: products.iter().map(|at| words.products[Number::new(*at)].clone()).collect(),
            channels: channels.iter().map(|at| words.channels[Number::new(*at)].clone()).collect(),
            segments: match all(segments, words.segments.len()) {
                true => Vec::new(),
                false => segments.iter().map(segment).collect(),
            },
            territories: match all(territories, words.territories.len()) {
                true => Vec::new(),
                false => territories.iter().map(territory).collect(),
            },
        }
    }
}

/// The clauses about money that touch the window and are of one kind, by who promises.
fn money_of(search: Search<'_>, wanted: impl Fn(&Money) -> bool) -> BTreeMap<PartyNo, Vec<ClauseNo>> {
    let mut found: BTreeMap<PartyNo, Vec<ClauseNo>> = BTreeMap::new();
    for (number, clause) in search.book.clauses.iter() {
        if clause.kind.money().is_some_and(&wanted) && search.touches(number) {
            found.entry(clause.from).or_default().push(number);
        }
    }
    found
}

/// A collision in numbers.
#[derive(Debug)]
struct Found {
    kind: ConflictKind,
    clauses: Vec<ClauseNo>,
    actor: PartyNo,
    when: When,
    run: Run,
    /// Why a commitment cannot be kept.
    lack: Option<Lack>,
}

impl Found {
    fn new(kind: ConflictKind, clauses: Vec<ClauseNo>, actor: PartyNo, hits: Hits<()>) -> Vec<Self> {
        let each = hits
            .into_iter()
            .flat_map(|(((), when), hits)| runs(hits).into_iter().map(move |run| (when.clone(), run)));
        each.map(|(when, run)| Self { kind, clauses: clauses.clone(), actor, when, run, lack: None })
            .collect()
    }

    fn order(&self) -> (Time, ConflictKind, &[ClauseNo], &[QuestionNo], Point) {
        (self.run.from, self.kind, &self.clauses, &self.when.questions, self.run.point)
    }
}

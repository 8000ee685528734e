//! The space of asks, cut into cells: inside a cell, the clauses at hand say the same of every ask.
//!
//! Knows axes and scopes; knows nothing of what is looked for in a cell.

mod boxes;

pub(crate) use boxes::{Block, merge};

use crate::bits::Bits;
use crate::book::{Book, Clause, Condition, Happened, Kind, Notice, Offer, Scope, Words, action_number};
use crate::eval::View;
use crate::index::Cell;
use crate::table::{ChannelNo, ClauseNo, Number, PartyNo, ProductNo, SegmentNo, TerritoryNo};
use abide_model::Time;
use abide_model::decision::Action;
use std::collections::BTreeMap;

/// What an ask says beside its actor and its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Axis {
    /// 0 is a customer of no named segment.
    Segment,
    /// 0 is a customer of no country that the book names.
    Territory,
    Product,
    Action,
    Channel,
}

impl Axis {
    /// In the order in which asks are compared: what can be left out comes first.
    pub(crate) const ALL: [Axis; 5] =
        [Axis::Segment, Axis::Territory, Axis::Product, Axis::Action, Axis::Channel];

    pub(crate) fn size(self, words: &Words) -> usize {
        match self {
            Axis::Segment => words.segments.len() + 1,
            Axis::Territory => words.territories.len() + 1,
            Axis::Product => words.products.len(),
            Axis::Action => Action::ALL.len(),
            Axis::Channel => words.channels.len(),
        }
    }
}

/// One value on each axis. Ordered as [`Axis::ALL`] is, so that the smallest ask is the one that says least and names
/// what the book names first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Point {
    segment: usize,
    territory: usize,
    product: usize,
    action: usize,
    channel: usize,
}

impl Point {
    fn with(mut self, axis: Axis, value: usize) -> Self {
        match axis {
            Axis::Segment => self.segment = value,
            Axis::Territory => self.territory = value,
            Axis::Product => self.product = value,
            Axis::Action => self.action = value,
            Axis::Channel => self.channel = value,
        }
        self
    }

    /// The ask of `actor` here.
    pub(crate) fn cell(self, actor: PartyNo) -> Option<Cell> {
        Some(Cell {
            actor,
            action: *Action::ALL.get(self.action)?,
            product: ProductNo::new(self.product),
            channel: ChannelNo::new(self.channel),
            segment: self.segment.checked_sub(1).map(SegmentNo::new),
            territory: self.territory.checked_sub(1).map(TerritoryNo::new),
        })
    }
}

/// A cell: its smallest ask, every value it spans, and the clauses that may touch it.
#[derive(Debug)]
pub(crate) struct Leaf<'w> {
    pub(crate) point: Point,
    /// The values on each axis, in the order of [`Axis::ALL`].
    pub(crate) block: &'w Block,
    pub(crate) touching: &'w [ClauseNo],
}

/// The clauses among which something is looked for, with everything that may go before them.
pub(crate) fn with_beaters(book: &Book, clauses: impl IntoIterator<Item = ClauseNo>) -> Vec<ClauseNo> {
    let mut found: Vec<ClauseNo> = clauses.into_iter().collect();
    let mut next = 0;
    while let Some(number) = found.get(next).copied() {
        for beater in &book.clauses[number].beaten_by {
            if !found.contains(beater) {
                found.push(*beater);
            }
        }
        next += 1;
    }
    found
}

/// Calls `each` for every cell that lies in all of `within`, from the smallest ask on.
///
/// `cast` are the clauses that are told apart, as known at `known`.
pub(crate) fn cells(
    book: &Book,
    known: Time,
    (cast, within): (&[ClauseNo], &[&Scope]),
    each: &mut dyn FnMut(&Leaf<'_>),
) {
    cells_worth(book, known, (cast, within), &|_| true, each);
}

/// [`cells`], without those whose clauses are not `worth` a look.
pub(crate) fn cells_worth(
    book: &Book,
    known: Time,
    (cast, within): (&[ClauseNo], &[&Scope]),
    worth: &dyn Fn(&[ClauseNo]) -> bool,
    each: &mut dyn FnMut(&Leaf<'_>),
) {
    let shapes = cast.iter().map(|number| Shape::new(*number, &book.clauses[*number], known)).collect();
    let mut walk = Walk { book, known, within, worth, each };
    walk.descend(&Axis::ALL, shapes, Point::default(), Vec::new());
}

/// Whether two scopes share an ask, apart from classes.
pub(crate) fn meet(one: &Scope, other: &Scope) -> bool {
    let bits = |a: &Option<Bits>, b: &Option<Bits>| match (a, b) {
        (Some(a), Some(b)) => a.meets(b),
        (None, _) | (_, None) => true,
    };
    let places = match (&one.territories, &other.territories) {
        (Some(a), Some(b)) => a.iter().any(|place| b.contains(place)),
        (None, _) | (_, None) => true,
    };
    one.actions & other.actions != 0
        && bits(&one.products, &other.products)
        && bits(&one.channels, &other.channels)
        && bits(&one.segments, &other.segments)
        && places
}

/// What tells asks apart in one clause.
#[derive(Clone)]
struct Shape<'b> {
    number: ClauseNo,
    scope: &'b Scope,
    except: Vec<&'b Scope>,
    facts: Vec<&'b Happened>,
    notices: &'b [Notice],
    /// Whether it binds through the channels of some operators alone.
    asks_operator: bool,
}

impl<'b> Shape<'b> {
    fn new(number: ClauseNo, clause: &'b Clause, known: Time) -> Self {
        let mut facts = Vec::new();
        for condition in clause.holds_if.iter().chain(&clause.unless) {
            gather(condition, &mut facts);
        }
        let mut notices: &[Notice] = &[];
        match &clause.kind {
            Kind::First { launches, .. } => facts.extend(launches),
            Kind::Refusal { notices: given } => notices = given,
            Kind::Grant { .. } | Kind::Exclusive { .. } | Kind::Money(_) => {}
        }
        facts.retain(|fact| fact.recorded <= known);
        Self {
            number,
            scope: &clause.scope,
            except: clause.except.iter().collect(),
            facts,
            notices,
            asks_operator: matches!(clause.kind, Kind::Refusal { .. }),
        }
    }

    /// Whether it may tell values of the axis apart.
    fn parts(&self, axis: Axis) -> bool {
        let mut scopes = std::iter::once(self.scope).chain(self.except.iter().copied());
        match axis {
            Axis::Segment => scopes.any(|scope| scope.segments.is_some()),
            Axis::Territory => scopes.any(|scope| scope.territories.is_some()),
            Axis::Channel => {
                self.asks_operator
                    || scopes.any(|scope| scope.channels.is_some())
                    || self.facts.iter().any(|fact| fact.channel.is_some())
            }
            // Products have owners, and passing on is an action of its own.
            Axis::Product | Axis::Action => true,
        }
    }

    /// What is left of it where an ask has this value; `None` when it does not meet the ask.
    ///
    /// Carve-outs stay whatever they say of actions: whether a grant may be passed on is asked of another action.
    fn at(&self, axis: Axis, value: usize) -> Option<Self> {
        on(self.scope, axis, value).then(|| {
            let mut left = self.clone();
            left.except.retain(|scope| axis == Axis::Action || on(scope, axis, value));
            left
        })
    }
}

fn gather<'b>(condition: &'b Condition, found: &mut Vec<&'b Happened>) {
    match condition {
        Condition::Any(parts) | Condition::All(parts) => parts.iter().for_each(|part| gather(part, found)),
        Condition::Not(inner) => gather(inner, found),
        Condition::Event(facts) => found.extend(facts),
        Condition::Question(_) | Condition::Before(_) => {}
    }
}

/// Whether a scope holds a value of one axis, apart from classes.
fn on(scope: &Scope, axis: Axis, value: usize) -> bool {
    let inside = |bits: &Option<Bits>, at: Option<usize>| {
        bits.as_ref().is_none_or(|bits| at.is_some_and(|at| bits.holds(at)))
    };
    match axis {
        Axis::Segment => inside(&scope.segments, value.checked_sub(1)),
        Axis::Territory => scope.territories.as_ref().is_none_or(|list| {
            value.checked_sub(1).is_some_and(|at| list.binary_search(&TerritoryNo::new(at)).is_ok())
        }),
        Axis::Product => inside(&scope.products, Some(value)),
        Axis::Action => scope.actions >> value & 1 == 1,
        Axis::Channel => inside(&scope.channels, Some(value)),
    }
}

/// What tells the values of an axis apart in a whole book.
pub(crate) struct Marks<'b> {
    book: &'b Book,
    known: Time,
    shapes: Vec<Shape<'b>>,
}

impl<'b> Marks<'b> {
    pub(crate) fn new(book: &'b Book, known: Time) -> Self {
        let shapes = book.clauses.iter().map(|(number, clause)| Shape::new(number, clause, known)).collect();
        Self { book, known, shapes }
    }

    /// The same for two values when no clause tells them apart.
    pub(crate) fn of(&self, axis: Axis, value: usize) -> Vec<usize> {
        mark(self.book, self.known, (axis, value), &self.shapes)
    }
}

struct Walk<'w> {
    book: &'w Book,
    known: Time,
    within: &'w [&'w Scope],
    worth: &'w dyn Fn(&[ClauseNo]) -> bool,
    each: &'w mut dyn FnMut(&Leaf<'_>),
}

impl Walk<'_> {
    fn descend(&mut self, axes: &[Axis], shapes: Vec<Shape<'_>>, point: Point, block: Block) {
        let touching: Vec<_> = shapes.iter().map(|shape| shape.number).collect();
        if !(self.worth)(&touching) {
            return;
        }
        let Some((axis, rest)) = axes.split_first() else {
            (self.each)(&Leaf { point, block: &block, touching: &touching });
            return;
        };
        for values in self.alike(*axis, &shapes) {
            let Some(value) = values.first().copied() else { continue };
            // The last axis is left as it is: a promise about one channel may wait for a launch through another.
            let left = match axis {
                Axis::Channel => shapes.clone(),
                Axis::Segment | Axis::Territory | Axis::Product | Axis::Action => {
                    shapes.iter().filter_map(|shape| shape.at(*axis, value)).collect()
                }
            };
            let mut block = block.clone();
            block.push(values);
            self.descend(rest, left, point.with(*axis, value), block);
        }
    }

    /// The values inside, in groups that no shape tells apart; groups in the order of their first value.
    fn alike(&self, axis: Axis, shapes: &[Shape<'_>]) -> Vec<Vec<usize>> {
        let size = axis.size(&self.book.words);
        let inside = (0..size).filter(|value| self.within.iter().all(|scope| on(scope, axis, *value)));
        if !shapes.iter().any(|shape| shape.parts(axis)) {
            let all: Vec<usize> = inside.collect();
            return if all.is_empty() { Vec::new() } else { vec![all] };
        }
        let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for value in inside {
            groups.entry(mark(self.book, self.known, (axis, value), shapes)).or_default().push(value);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_unstable();
        groups
    }
}

/// What tells a value from others.
fn mark(book: &Book, known: Time, (axis, value): (Axis, usize), shapes: &[Shape<'_>]) -> Vec<usize> {
    let mut mark = Vec::new();
    let offer = (axis == Axis::Product).then(|| &book.words.offers[ProductNo::new(value)]);
    mark.extend(offer.map(|offer| offer.owner.at()));
    // To pass a right on once more takes a deeper one.
    mark.push(usize::from(axis == Axis::Action && value == action_number(Action::Sublicense)));
    if axis == Axis::Channel && shapes.iter().any(|shape| shape.asks_operator) {
        mark.push(book.words.operators[ChannelNo::new(value)].at());
    }
    for shape in shapes {
        for scope in std::iter::once(shape.scope).chain(shape.except.iter().copied()) {
            mark.push(usize::from(on(scope, axis, value)));
            if let Some(offer) = offer {
                class_mark(book, known, (scope, offer), &mut mark);
            }
        }
        for fact in &shape.facts {
            match axis {
                Axis::Product => {
                    mark.extend(fact.products.as_ref().map(|bits| usize::from(bits.holds(value))))
                }
                Axis::Channel => mark.extend(fact.channel.map(|channel| usize::from(channel.at() == value))),
                Axis::Segment | Axis::Territory | Axis::Action => {}
            }
        }
        if axis == Axis::Product {
            mark.extend(shape.notices.iter().map(|notice| usize::from(notice.products.holds(value))));
        }
    }
    mark
}

/// On what it hangs that a product is in one of a scope's classes.
fn class_mark(book: &Book, known: Time, (scope, offer): (&Scope, &Offer), mark: &mut Vec<usize>) {
    const NEVER: usize = 0;
    const ALWAYS: usize = 1;
    const QUESTIONS: usize = 2;
    if scope.classes.is_empty() {
        return;
    }
    // Classes hang on questions, whose answers count for every day.
    let view = View { book, cell: None, at: Time::MIN, known, open: &[], assumed: None };
    let mut questions = Vec::new();
    for (_, hangs_on) in offer.classes.iter().filter(|(class, _)| scope.classes.contains(class)) {
        match hangs_on.map_or(Some(true), |question| view.settled(question)) {
            Some(true) => return mark.push(ALWAYS),
            Some(false) => {}
            None => questions.extend(hangs_on.map(Number::at)),
        }
    }
    questions.sort_unstable();
    questions.dedup();
    mark.push(if questions.is_empty() { NEVER } else { QUESTIONS + questions.len() });
    mark.append(&mut questions);
}

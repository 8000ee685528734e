//! Finds the few clauses that can touch an ask among many: one row of bits for each value of each axis, met word by
//! word.
//!
//! Over-approximates: a clause it yields may still be carved out, hang on a condition, or be out of force.

use crate::bits::{Bits, Rows, meet};
use crate::book::{Clause, Kind, Money, Words, action_number};
use crate::table::{ChannelNo, ClauseNo, Number, PartyNo, ProductNo, SegmentNo, Table, TerritoryNo};
use abide_model::decision::Action;

/// A party's part in a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It receives a grant.
    Grantee,
    /// It has promised something away.
    Promisor,
    /// It owes a share.
    Payer,
}

const PARTS: usize = 3;

/// Rows of clause numbers by axis value.
#[derive(Debug)]
pub(crate) struct Index {
    actions: Rows,
    products: Rows,
    channels: Rows,
    /// Row 0 is for customers of no named segment.
    segments: Rows,
    /// Row 0 is for customers of no named country.
    territories: Rows,
    /// [`PARTS`] rows for each party.
    parts: Rows,
}

/// An ask, with its names looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) actor: PartyNo,
    pub(crate) action: Action,
    pub(crate) product: ProductNo,
    pub(crate) channel: ChannelNo,
    pub(crate) segment: Option<SegmentNo>,
    pub(crate) territory: Option<TerritoryNo>,
}

impl Index {
    pub(crate) fn build(words: &Words, clauses: &Table<ClauseNo, Clause>) -> Self {
        let bound = clauses.len();
        let mut index = Self {
            actions: Rows::new(Action::ALL.len(), bound),
            products: Rows::new(words.products.len(), bound),
            channels: Rows::new(words.channels.len(), bound),
            segments: Rows::new(words.segments.len() + 1, bound),
            territories: Rows::new(words.territories.len() + 1, bound),
            parts: Rows::new(words.parties.len() * PARTS, bound),
        };
        for (number, clause) in clauses.iter() {
            index.add(number.at(), clause, words);
        }
        index
    }

    fn add(&mut self, number: usize, clause: &Clause, words: &Words) {
        let scope = &clause.scope;
        for action in Action::ALL.map(action_number) {
            if scope.actions >> action & 1 == 1 {
                self.actions.insert(action, number);
            }
        }
        for (product, offer) in words.offers.iter() {
            let of_class =
                scope.classes.is_empty() || offer.classes.iter().any(|(c, _)| scope.classes.contains(c));
            if of_class && inside(&scope.products, product.at()) {
                self.products.insert(product.at(), number);
            }
        }
        for channel in (0..words.channels.len()).filter(|channel| inside(&scope.channels, *channel)) {
            self.channels.insert(channel, number);
        }
        for segment in (0..words.segments.len()).filter(|segment| inside(&scope.segments, *segment)) {
            self.segments.insert(segment + 1, number);
        }
        for (territory, _) in words.territories.iter() {
            if scope.territories.as_ref().is_none_or(|list| list.contains(&territory)) {
                self.territories.insert(territory.at() + 1, number);
            }
        }
        if scope.segments.is_none() {
            self.segments.insert(0, number);
        }
        if scope.territories.is_none() {
            self.territories.insert(0, number);
        }
        let (party, part) = match &clause.kind {
            Kind::Grant { .. } => (clause.to, Part::Grantee),
            Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } => {
                (clause.from, Part::Promisor)
            }
            Kind::Money(money) => match money.as_ref() {
                Money::Share(_) => (clause.from, Part::Payer),
                // These permit and forbid nothing, and bear no duty of who acts.
                Money::Guarantee { .. }
                | Money::Commit { .. }
                | Money::Split { .. }
                | Money::Parity { .. }
                | Money::Stake { .. } => return,
            },
        };
        self.parts.insert(part_row(party, part), number);
    }

    /// Every clause that may touch `cell` and in which `party` has this part, in the order of the book.
    pub(crate) fn each(&self, cell: &Cell, party: PartyNo, part: Part, mut found: impl FnMut(ClauseNo)) {
        let rows = [
            self.parts.row(part_row(party, part)),
            self.products.row(cell.product.at()),
            self.channels.row(cell.channel.at()),
            self.actions.row(action_number(cell.action)),
            self.segments.row(cell.segment.map_or(0, |segment| segment.at() + 1)),
            self.territories.row(cell.territory.map_or(0, |territory| territory.at() + 1)),
        ];
        meet(rows, |number| found(ClauseNo::new(number)));
    }
}

fn inside(axis: &Option<Bits>, at: usize) -> bool {
    axis.as_ref().is_none_or(|bits| bits.holds(at))
}

fn part_row(party: PartyNo, part: Part) -> usize {
    let offset = match part {
        Part::Grantee => 0,
        Part::Promisor => 1,
        Part::Payer => 2,
    };
    party.at() * PARTS + offset
}

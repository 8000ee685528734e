//! Finds the few clauses that can touch an ask among many: for each part of each party a shelf with one row of bits for
//! each value of each axis, met word by word.
//!
//! Over-approximates: a clause it yields may still be carved out, hang on a condition, or be out of force.

use crate::bits::{Bits, Rows, meet};
use crate::book::{Clause, Condition, Kind, Money, Scope, Words, action_number};
use crate::calendar::Moment;
use crate::table::{ChannelNo, ClassNo, ClauseNo, Number, PartyNo, ProductNo, SegmentNo, Table, TerritoryNo};
use abide_model::decision::Action;
use std::collections::BTreeSet;

/// The most memory that rows may take, in words of 64 bits. Beyond it small shelves are searched clause by clause.
const ROW_WORDS_MAX: usize = 8 << 20;
/// A shelf of so many clauses always has rows.
const SHELF_SMALL_MAX: usize = 64;

/// A party's part in a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// It receives a grant.
    Grantee,
    /// It has promised something away.
    Promisor,
    /// It owes a share, or at least so much.
    Payer,
    /// What it sells is divided, priced or bought under terms.
    Seller,
}

const PARTS: usize = 4;

/// What has to be known of a clause before anything else is: kept apart, so that looking through many stays in cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) from: PartyNo,
    pub(crate) to: PartyNo,
    pub(crate) known: Moment,
    pub(crate) since: Moment,
    /// Where no amendment cuts it short.
    pub(crate) until: Moment,
    pub(crate) cut_short: bool,
    /// Its box alone says what it covers: no classes, no carve-outs.
    pub(crate) boxed: bool,
    /// No condition and nothing that it waits for says whether it counts, but others may go before it.
    pub(crate) steady: bool,
    pub(crate) beaten: bool,
    pub(crate) hangs: Hangs,
    /// How it binds whoever made it.
    pub(crate) binds: Binds,
    /// It counts only beside a share.
    pub(crate) over_shares: bool,
}

/// What a clause hangs on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Hangs {
    /// No open point has a say in it, nor in what goes before it.
    #[default]
    Never,
    /// While it is open whether it counts, one point decides: it counts on one answer and not on the other.
    OnOne,
    OnSeveral,
}

/// Whether a promise forbids the act to its own promisor too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binds {
    Itself,
    OthersAlone,
    /// Unless promisor or promisee operates the channel: what a promisor does without any third party is no deal that
    /// the holder of a refusal could have taken.
    WithOthers,
}

/// Rows of clauses by axis value.
#[derive(Debug)]
pub(crate) struct Index {
    /// [`PARTS`] for each party.
    shelves: Vec<Shelf>,
    briefs: Table<ClauseNo, Brief>,
    axes: Axes,
}

/// Where the rows of each axis begin; row 0 of segments and territories is for customers in none.
#[derive(Debug, Clone, Copy)]
struct Axes {
    products: usize,
    channels: usize,
    segments: usize,
    territories: usize,
    end: usize,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Invariant: in the order of the book.
    clauses: Vec<ClauseNo>,
    /// `None` where the clauses are looked through one by one.
    rows: Option<Rows>,
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
        Self::within(ROW_WORDS_MAX, words, clauses)
    }

    fn within(row_words: usize, words: &Words, clauses: &Table<ClauseNo, Clause>) -> Self {
        let mut shelves: Vec<Shelf> = Vec::new();
        shelves.resize_with(words.parties.len() * PARTS, Shelf::default);
        for (number, clause) in clauses.iter() {
            let Some((party, part)) = place(clause) else { continue };
            if let Some(shelf) = shelves.get_mut(shelf_number(party, part)) {
                shelf.clauses.push(number);
            }
        }
        let axes = Axes::of(words);
        let needed: usize = shelves.iter().map(|shelf| axes.end * Rows::stride(shelf.clauses.len())).sum();
        for shelf in &mut shelves {
            let count = shelf.clauses.len();
            if count > 0 && (needed <= row_words || count > SHELF_SMALL_MAX) {
                let mut rows = Rows::new(axes.end, count);
                for (at, number) in shelf.clauses.iter().enumerate() {
                    axes.insert(&mut rows, at, &clauses[*number].scope, words);
                }
                shelf.rows = Some(rows);
            }
        }
        Self { shelves, briefs: briefs(words, clauses), axes }
    }

    pub(crate) fn brief(&self, number: ClauseNo) -> &Brief {
        &self.briefs[number]
    }

    /// Every clause that may touch `cell` and in which `party` has this part, in the order of the book.
    pub(crate) fn each(&self, cell: &Cell, party: PartyNo, part: Part, mut found: impl FnMut(ClauseNo)) {
        let Some(shelf) = self.shelves.get(shelf_number(party, part)) else { return };
        let Some(rows) = &shelf.rows else {
            shelf.clauses.iter().for_each(|number| found(*number));
            return;
        };
        let at = &self.axes;
        let rows = [
            rows.row(action_number(cell.action)),
            rows.row(at.products + cell.product.at()),
            rows.row(at.channels + cell.channel.at()),
            rows.row(at.segments + cell.segment.map_or(0, |segment| segment.at() + 1)),
            rows.row(at.territories + cell.territory.map_or(0, |territory| territory.at() + 1)),
        ];
        meet(rows, |at| shelf.clauses.get(at).into_iter().for_each(|number| found(*number)));
    }

    /// Whether the clauses of this shelf come without having been compared with the ask.
    pub(crate) fn unsifted(&self, party: PartyNo, part: Part) -> bool {
        self.shelves.get(shelf_number(party, part)).is_some_and(|shelf| shelf.rows.is_none())
    }
}

impl Axes {
    fn of(words: &Words) -> Self {
        let products = Action::ALL.len();
        let channels = products + words.products.len();
        let segments = channels + words.channels.len();
        let territories = segments + words.segments.len() + 1;
        Self { products, channels, segments, territories, end: territories + words.territories.len() + 1 }
    }

    fn insert(&self, rows: &mut Rows, at: usize, scope: &Scope, words: &Words) {
        for action in Action::ALL.map(action_number) {
            if scope.actions >> action & 1 == 1 {
                rows.insert(action, at);
            }
        }
        let of_class = |product: &usize| {
            let offer = &words.offers[ProductNo::new(*product)];
            scope.classes.is_empty() || offer.classes.iter().any(|(c, _)| scope.classes.contains(c))
        };
        let mut insert = |product| rows.insert(self.products + product, at);
        match &scope.products {
            Some(products) => products.iter().filter(of_class).for_each(&mut insert),
            None => (0..words.products.len()).filter(of_class).for_each(&mut insert),
        }
        for channel in (0..words.channels.len()).filter(|channel| inside(&scope.channels, *channel)) {
            rows.insert(self.channels + channel, at);
        }
        for segment in (0..words.segments.len()).filter(|segment| inside(&scope.segments, *segment)) {
            rows.insert(self.segments + segment + 1, at);
        }
        for (territory, _) in words.territories.iter() {
            if scope.territories.as_ref().is_none_or(|list| list.contains(&territory)) {
                rows.insert(self.territories + territory.at() + 1, at);
            }
        }
        if scope.segments.is_none() {
            rows.insert(self.segments, at);
        }
        if scope.territories.is_none() {
            rows.insert(self.territories, at);
        }
    }
}

fn briefs(words: &Words, clauses: &Table<ClauseNo, Clause>) -> Table<ClauseNo, Brief> {
    let classes = words.offers.iter().flat_map(|(_, offer)| &offer.classes);
    let open: BTreeSet<ClassNo> = classes.filter_map(|(class, hangs_on)| hangs_on.map(|_| *class)).collect();
    let mut briefs: Vec<Brief> = clauses.iter().map(|(_, clause)| brief(clause, &open)).collect();
    // What goes before a clause has others before it in turn.
    loop {
        let hangs = |number: &ClauseNo| briefs.get(number.at()).map_or(Hangs::Never, |brief| brief.hangs);
        let beaten = |clause: &Clause| clause.beaten_by.iter().any(|beater| hangs(beater) != Hangs::Never);
        let spread: Vec<usize> = clauses
            .iter()
            .filter(|(number, clause)| hangs(number) != Hangs::OnSeveral && beaten(clause))
            .map(|(number, _)| number.at())
            .collect();
        if spread.is_empty() {
            return Table::new(briefs);
        }
        for at in spread {
            briefs.get_mut(at).into_iter().for_each(|brief| brief.hangs = Hangs::OnSeveral);
        }
    }
}

fn brief(clause: &Clause, open: &BTreeSet<ClassNo>) -> Brief {
    // What nobody launched or offered is waited for in vain.
    let (waits, binds) = match &clause.kind {
        Kind::First { launches, .. } => (!launches.is_empty(), Binds::Itself),
        Kind::Refusal { notices } => (!notices.is_empty(), Binds::WithOthers),
        Kind::Exclusive { sole: true } | Kind::Grant { .. } | Kind::Money(_) => (false, Binds::OthersAlone),
        Kind::Exclusive { sole: false } => (false, Binds::Itself),
    };
    let replies = usize::from(waits && matches!(clause.kind, Kind::Refusal { .. }));
    let scopes = || std::iter::once(&clause.scope).chain(&clause.except);
    let of_open_class = scopes().any(|scope| scope.classes.iter().any(|class| open.contains(class)));
    Brief {
        from: clause.from,
        to: clause.to,
        known: Moment::of(clause.known),
        since: Moment::of(clause.term.since),
        until: clause.term.until.map_or(Moment::NEVER, Moment::of),
        cut_short: !clause.term.superseded.is_empty(),
        boxed: clause.scope.classes.is_empty() && clause.except.is_empty(),
        steady: !waits && clause.holds_if.is_none() && clause.unless.is_none(),
        beaten: !clause.beaten_by.is_empty(),
        hangs: match replies
            + clause.holds_if.iter().chain(&clause.unless).map(Condition::questions).sum::<usize>()
        {
            0 if !of_open_class => Hangs::Never,
            1 if !of_open_class => Hangs::OnOne,
            _ => Hangs::OnSeveral,
        },
        binds,
        over_shares: matches!(clause.kind.money(), Some(Money::Guarantee { .. })),
    }
}

fn inside(axis: &Option<Bits>, at: usize) -> bool {
    axis.as_ref().is_none_or(|bits| bits.holds(at))
}

/// The party whose clause it is when rights are followed, and its part; `None` when it has none.
fn place(clause: &Clause) -> Option<(PartyNo, Part)> {
    match &clause.kind {
        Kind::Grant { .. } => Some((clause.to, Part::Grantee)),
        Kind::Exclusive { .. } | Kind::First { .. } | Kind::Refusal { .. } => {
            Some((clause.from, Part::Promisor))
        }
        Kind::Money(money) => match money.as_ref() {
            Money::Share(_) | Money::Guarantee { .. } => Some((clause.from, Part::Payer)),
            Money::Split { .. } | Money::Parity { .. } => Some((clause.from, Part::Seller)),
            Money::Commit { .. } => Some((clause.to, Part::Seller)),
            // What belongs to whom is no duty of who acts.
            Money::Stake { .. } => None,
        },
    }
}

fn shelf_number(party: PartyNo, part: Part) -> usize {
    let offset = match part {
        Part::Grantee => 0,
        Part::Promisor => 1,
        Part::Payer => 2,
        Part::Seller => 3,
    };
    party.at() * PARTS + offset
}

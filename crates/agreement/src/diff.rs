//! What changes from one day to another, or from one draft to another: asks in boxes, and money terms.

mod terms;

pub use terms::TermChange;

use crate::book::Book;
use crate::space::{self, Axis, Block, Marks};
use abide_model::Time;
use abide_model::decision::{Action, Ask, Verdict};
use abide_model::name::{Channel, Party, Product, Segment, Territory};
use std::collections::BTreeMap;

/// The most cells that are compared.
pub const CELLS_MAX: usize = 20_000_000;

/// A book at a time, as known at a time.
#[derive(Debug, Clone, Copy)]
pub struct Side<'b> {
    /// The book.
    pub book: &'b Book,
    /// When things are done.
    pub at: Time,
    /// What was known then.
    pub known: Time,
}

/// How an answer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was forbidden for certain, and is permitted.
    NewlyPermitted,
    /// It was permitted, and is forbidden for certain.
    NewlyForbidden,
    /// It depended on open questions, and is permitted or forbidden for certain.
    NowCertain,
    /// It was certain, and depends on open questions.
    NowContested,
    /// It stays forbidden, or contested, but toward others or on other questions.
    ChangedToward,
}

impl ChangeKind {
    /// The word used in JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::NewlyPermitted => "newly_permitted",
            ChangeKind::NewlyForbidden => "newly_forbidden",
            ChangeKind::NowCertain => "now_certain",
            ChangeKind::NowContested => "now_contested",
            ChangeKind::ChangedToward => "changed_toward",
        }
    }

    pub(crate) fn of(before: &Verdict, after: &Verdict) -> Option<Self> {
        let forbids = |verdict: &Verdict| matches!(verdict, Verdict::NoRight | Verdict::Breach { .. });
        match (before, after) {
            _ if before == after => None,
            (Verdict::Contested { .. }, Verdict::Contested { .. }) => Some(ChangeKind::ChangedToward),
            (Verdict::Contested { .. }, _) => Some(ChangeKind::NowCertain),
            (_, Verdict::Contested { .. }) => Some(ChangeKind::NowContested),
            (_, Verdict::Permit) => Some(ChangeKind::NewlyPermitted),
            (Verdict::Permit, _) => Some(ChangeKind::NewlyForbidden),
            _ => (forbids(before) && forbids(after)).then_some(ChangeKind::ChangedToward),
        }
    }
}

/// A box of asks whose answer changes in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// The answer before.
    pub before: Verdict,
    /// The answer after.
    pub after: Verdict,
    /// Who acts.
    pub actors: Vec<Party>,
    /// What they do.
    pub actions: Vec<Action>,
    /// With which products.
    pub products: Vec<Product>,
    /// Through which channels.
    pub channels: Vec<Channel>,
    /// Of which segment the customer is; `None` among them is a customer of no named segment. All when empty.
    pub segments: Vec<Option<Segment>>,
    /// In which country the customer is; `None` among them is a country that neither book names. All when empty.
    pub territories: Vec<Option<Territory>>,
}

/// Everything that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Asks, by kind of change, then by place in the books.
    pub asks: Vec<Change>,
    /// Money terms, by kind and parties.
    pub terms: Vec<TermChange>,
}

/// There are more cells than [`CELLS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// How many there are.
    pub cells: usize,
}

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} kinds of asks would have to be compared, and the limit is {CELLS_MAX}", self.cells)
    }
}

impl std::error::Error for TooMany {}

/// Compares every ask, and every money term.
///
/// Boxes are joined until no two that change in the same way differ on one axis alone.
///
/// # Errors
/// When there are too many cells to compare.
pub fn diff(before: Side<'_>, after: Side<'_>) -> Result<Diff, TooMany> {
    let names = Names::new(before.book, after.book);
    let space = Space::new(&names, before, after);
    let cells = space.axes.iter().map(Vec::len).fold(names.parties.len(), usize::saturating_mul);
    if cells > CELLS_MAX {
        return Err(TooMany { cells });
    }
    let mut found: BTreeMap<Label, Vec<Block>> = BTreeMap::new();
    for (number, actor) in names.parties.iter().enumerate() {
        space.each(&mut |groups| {
            let Some(ask) = names.ask(actor, groups) else { return };
            let verdict = |side: Side<'_>| {
                let segment = side.book.nearest_segment(ask.segment.as_ref());
                side.book.decide(&Ask { at: side.at, known: side.known, segment, ..ask.clone() }).verdict
            };
            let (was, is) = (verdict(before), verdict(after));
            let Some(kind) = ChangeKind::of(&was, &is) else { return };
            let block =
                std::iter::once(vec![number]).chain(groups.iter().map(|group| (*group).clone())).collect();
            found.entry(Label::new(kind, was, is)).or_default().push(block);
        });
    }
    let asks = found.into_iter().flat_map(|(label, blocks)| {
        let names = &names;
        space::merge(blocks).into_iter().map(move |block| names.change(&label, &block))
    });
    Ok(Diff { asks: asks.collect(), terms: terms::changes(before, after) })
}

/// A kind of change with both answers, ordered by the words that a reader sees.
struct Label {
    kind: ChangeKind,
    words: String,
    before: Verdict,
    after: Verdict,
}

impl Label {
    fn new(kind: ChangeKind, before: Verdict, after: Verdict) -> Self {
        let words = format!("{before:?} {after:?}");
        Self { kind, words, before, after }
    }

    fn key(&self) -> (ChangeKind, &str) {
        (self.kind, &self.words)
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Label {}

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The names of both books, those of the first first.
struct Names {
    parties: Vec<Party>,
    segments: Vec<Option<Segment>>,
    territories: Vec<Option<Territory>>,
    products: Vec<Product>,
    channels: Vec<Channel>,
}

impl Names {
    fn new(before: &Book, after: &Book) -> Self {
        let (a, b) = (&before.words, &after.words);
        Self {
            parties: union(a.parties.iter().chain(b.parties.iter()).map(|(_, name)| name.clone())),
            segments: union(some(a.segments.iter().chain(b.segments.iter()).map(|(_, name)| name.clone()))),
            territories: union(some(
                a.territories.iter().chain(b.territories.iter()).map(|(_, name)| name.clone()),
            )),
            products: union(a.products.iter().chain(b.products.iter()).map(|(_, name)| name.clone())),
            channels: union(a.channels.iter().chain(b.channels.iter()).map(|(_, name)| name.clone())),
        }
    }

    fn size(&self, axis: Axis) -> usize {
        match axis {
            Axis::Segment => self.segments.len(),
            Axis::Territory => self.territories.len(),
            Axis::Product => self.products.len(),
            Axis::Action => Action::ALL.len(),
            Axis::Channel => self.channels.len(),
        }
    }

    /// The number that a book gives to a value on an axis; `None` when it does not have it.
    fn in_book(&self, book: &Book, axis: Axis, value: usize) -> Option<usize> {
        use crate::table::Number;
        let words = &book.words;
        match axis {
            Axis::Segment => match self.segments.get(value)? {
                None => Some(0),
                Some(name) => {
                    let near = book.nearest_segment(Some(name));
                    let number = near.and_then(|near| words.segments.find(near.as_str()));
                    Some(number.map_or(0, |number| number.at() + 1))
                }
            },
            Axis::Territory => match self.territories.get(value)? {
                None => Some(0),
                // A country that a book does not name is like any other there.
                Some(name) => Some(words.territories.find(name.as_str()).map_or(0, |number| number.at() + 1)),
            },
            Axis::Product => words.products.find(self.products.get(value)?.as_str()).map(Number::at),
            Axis::Action => Some(value),
            Axis::Channel => words.channels.find(self.channels.get(value)?.as_str()).map(Number::at),
        }
    }

    /// The ask of the first value of each group.
    fn ask(&self, actor: &Party, groups: &[&Vec<usize>]) -> Option<Ask> {
        let [segment, territory, product, action, channel] = groups else { return None };
        Some(Ask {
            actor: actor.clone(),
            action: *Action::ALL.get(*action.first()?)?,
            product: self.products.get(*product.first()?)?.clone(),
            channel: self.channels.get(*channel.first()?)?.clone(),
            customer: None,
            segment: self.segments.get(*segment.first()?)?.clone(),
            territory: self.territories.get(*territory.first()?)?.clone(),
            at: Time::MIN,
            known: Time::MIN,
        })
    }

    fn change(&self, label: &Label, block: &Block) -> Change {
        let mut axes = block.iter();
        let mut next = || axes.next().map(Vec::as_slice).unwrap_or_default();
        let actors = picked(&self.parties, next());
        let (segments, territories) = (next(), next());
        Change {
            kind: label.kind,
            before: label.before.clone(),
            after: label.after.clone(),
            actors,
            segments: if segments.len() == self.segments.len() {
                Vec::new()
            } else {
                picked(&self.segments, segments)
            },
            territories: match territories.len() == self.territories.len() {
                true => Vec::new(),
                false => picked(&self.territories, territories),
            },
            products: picked(&self.products, next()),
            actions: picked(&Action::ALL, next()),
            channels: picked(&self.channels, next()),
        }
    }
}

fn picked<T: Clone>(from: &[T], numbers: &[usize]) -> Vec<T> {
    numbers.iter().filter_map(|number| from.get(*number).cloned()).collect()
}

fn some<T>(names: impl Iterator<Item = T>) -> impl Iterator<Item = Option<T>> {
    std::iter::once(None).chain(names.map(Some))
}

fn union<T: PartialEq>(names: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// On each axis, the values in groups that neither side tells apart.
struct Space {
    axes: Vec<Vec<Vec<usize>>>,
}

impl Space {
    fn new(names: &Names, before: Side<'_>, after: Side<'_>) -> Self {
        let sides = [before, after].map(|side| (side.book, Marks::new(side.book, side.known)));
        let alike = |axis: Axis| {
            let mut groups: BTreeMap<Vec<Option<Vec<usize>>>, Vec<usize>> = BTreeMap::new();
            for value in 0..names.size(axis) {
                let mark = sides
                    .iter()
                    .map(|(book, marks)| names.in_book(book, axis, value).map(|value| marks.of(axis, value)));
                groups.entry(mark.collect()).or_default().push(value);
            }
            let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
            groups.sort_unstable();
            groups
        };
        Self { axes: Axis::ALL.map(alike).into() }
    }

    fn each(&self, visit: &mut dyn FnMut(&[&Vec<usize>])) {
        descend(&self.axes, &mut Vec::new(), visit);
    }
}

fn descend<'s>(
    axes: &'s [Vec<Vec<usize>>],
    chosen: &mut Vec<&'s Vec<usize>>,
    visit: &mut dyn FnMut(&[&Vec<usize>]),
) {
    let Some((axis, rest)) = axes.split_first() else { return visit(chosen) };
    for group in axis {
        chosen.push(group);
        descend(rest, chosen, visit);
        chosen.pop();
    }
}

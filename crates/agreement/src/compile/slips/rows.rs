//! Entered rows that count toward nothing as they stand, though they would if somebody else sold or bought.

use crate::book::{Book, Money, PurchaseEntry, RevenueEntry};
use crate::diagnostic::{Sink, Spot, Word};
use crate::syntax::File;
use crate::syntax::entry::{PurchaseRow, RevenueRow};
use crate::table::{ChannelNo, PartyNo};
use abide_model::Time;
use abide_model::decision::Ask;
use abide_model::name::Clause;
use std::collections::{BTreeMap, BTreeSet};

/// Looks at every row; gives the revenue of which it is doubtful who sold.
pub(super) fn warn(files: &[(usize, File)], book: &Book, sink: &mut Sink) -> BTreeSet<Spot> {
    let entries = || files.iter().map(|(_, file)| &file.registry.entries);
    let revenue: BTreeMap<Spot, &RevenueRow> =
        entries().flat_map(|rows| &rows.revenue).map(|row| (row.dated.spot, row)).collect();
    let purchases: BTreeMap<Spot, &PurchaseRow> =
        entries().flat_map(|rows| &rows.purchases).map(|row| (row.dated.spot, row)).collect();
    let says = |entry: &&RevenueEntry| revenue.get(&entry.spot).is_some_and(|row| row.by.is_some());
    let (said, unsaid): (Vec<_>, Vec<_>) = book.entries.revenue.iter().partition(says);
    // Who is known to sell through a channel: its operator, and whom rows name.
    let mut sellers: BTreeMap<ChannelNo, BTreeSet<PartyNo>> = book
        .words
        .operators
        .iter()
        .map(|(channel, operator)| (channel, BTreeSet::from([*operator])))
        .collect();
    for entry in said {
        sellers.entry(entry.cell.channel).or_default().insert(entry.cell.actor);
    }
    let doubted = unsaid.into_iter().filter(|entry| seller(entry, &sellers, book, sink));
    let doubted = doubted.map(|entry| entry.spot).collect();
    for entry in &book.entries.purchases {
        if let Some(row) = purchases.get(&entry.spot) {
            direction(entry, row, book, sink);
        }
    }
    doubted
}

/// Revenue that names no seller is the book's own party's. That is worth a look where no clause counts it so, and one
/// would if somebody sold who is known to sell there.
fn seller(
    entry: &RevenueEntry,
    sellers: &BTreeMap<ChannelNo, BTreeSet<PartyNo>>,
    book: &Book,
    sink: &mut Sink,
) -> bool {
    let ask = book.ask_of(entry, Time::MAX);
    if !toward(book, &ask).is_empty() {
        return false;
    }
    let known = sellers.get(&entry.cell.channel).into_iter().flatten();
    let would = known.filter(|party| **party != entry.cell.actor).find_map(|party| {
        let actor = book.words.parties[*party].clone();
        let counted = toward(book, &Ask { actor: actor.clone(), ..ask.clone() });
        (!counted.is_empty()).then_some((actor, counted))
    });
    let Some((other, counted)) = would else { return false };
    let message = format!(
        "this names no seller, so it is revenue of `{own}`, and no clause counts it; of `{other}`, it would count \
         toward {}",
        listed(&counted),
        own = ask.actor,
    );
    sink.warning("no-seller", entry.spot, message)
        .help(format!("say who sold: by = \"{other}\", or by = \"{}\" if it was `{0}`", ask.actor));
    true
}

/// What counts revenue, but for most favoured prices: those look at every sale of their seller.
fn toward(book: &Book, ask: &Ask) -> Vec<Clause> {
    let is_parity = |name: &Clause| {
        let clause = book.clauses.iter().find(|(_, clause)| clause.name == *name);
        matches!(clause.and_then(|(_, clause)| clause.kind.money()), Some(Money::Parity { .. }))
    };
    let mut found = book.counts(ask);
    found.retain(|name| !is_parity(name));
    found
}

/// A purchase that no commitment counts, though one counts its mirror image.
fn direction(entry: &PurchaseEntry, row: &PurchaseRow, book: &Book, sink: &mut Sink) {
    let drawn = |by: PartyNo, from: PartyNo| {
        let bought = entry.bought(by, from);
        book.drawn(bought, book.start_of_day(entry.on), Time::MAX)
    };
    let mirrored = drawn(entry.from, entry.by);
    if mirrored.is_empty() || !drawn(entry.by, entry.from).is_empty() {
        return;
    }
    let (by, from) = (&book.words.parties[entry.by], &book.words.parties[entry.from]);
    let message = format!(
        "here `{by}` buys from `{from}`, and no commitment counts it; the other way round, {} would",
        listed(&mirrored)
    );
    let word: Option<&Word> = row.from.as_ref().or(row.by.as_ref()).or(row.channel.as_ref());
    sink.warning("swapped", word.map_or(entry.spot, |word| word.spot), message).help(format!(
        "`by` buys and `from` sells: if it is the other way round, write by = \"{from}\" and from = \"{by}\""
    ));
}

fn listed(clauses: &[Clause]) -> String {
    clauses.iter().map(|clause| format!("`{clause}`")).collect::<Vec<_>>().join(", ")
}

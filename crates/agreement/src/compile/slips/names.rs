//! Names of one kind that differ only by case, and so are two.

use crate::diagnostic::{Sink, Word};
use crate::syntax::File;
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::money::{ComparableRow, MoneyRow};
use std::collections::BTreeMap;

/// Warns once of each spelling but the first.
pub(super) fn warn(files: &[(usize, File)], sink: &mut Sink) {
    let mut seen = Seen::default();
    for registry in files.iter().map(|(_, file)| &file.registry) {
        registry.parties.iter().for_each(|row| seen.name("party", &row.id, sink));
        registry.channels.iter().for_each(|row| seen.name("channel", &row.id, sink));
        for row in &registry.products {
            seen.path("product", &row.id, sink);
            row.classes.iter().for_each(|(class, _)| seen.name("class", class, sink));
        }
        registry.segments.iter().for_each(|id| seen.path("segment", id, sink));
        registry.territories.iter().for_each(|row| seen.name("set of countries", &row.id, sink));
        registry.questions.iter().for_each(|row| seen.name("question", &row.id, sink));
        registry.events.iter().for_each(|row| seen.name("event", &row.id, sink));
        registry.sources.iter().for_each(|row| seen.name("source", &row.id, sink));
    }
    for home in files.iter().filter_map(|(_, file)| file.instrument.as_ref()) {
        seen.name("instrument", &home.name, sink);
        home.clauses.iter().for_each(|row| seen.name("clause", &row.id, sink));
    }
    customers(files, sink);
}

/// A customer is a party where it has its name, letter by letter.
fn customers(files: &[(usize, File)], sink: &mut Sink) {
    let mut seen = Seen::default();
    for row in files.iter().flat_map(|(_, file)| &file.registry.parties) {
        seen.name(CUSTOMER, &row.id, &mut Sink::default());
    }
    for (_, file) in files {
        let homes = file.instrument.iter().flat_map(|home| &home.clauses);
        let compared = homes.flat_map(against).flat_map(|row| row.customers.iter().flatten());
        let sold = file.registry.entries.revenue.iter().filter_map(|row| row.customer.as_ref());
        compared.chain(sold).for_each(|customer| seen.path(CUSTOMER, customer, sink));
    }
}

const CUSTOMER: &str = "customer";

/// What a most favoured price is compared with.
fn against(row: &ClauseRow) -> &[ComparableRow] {
    match &row.kind {
        KindRow::Money(money) => match money.as_ref() {
            MoneyRow::Parity(parity) => &parity.against,
            MoneyRow::Share(_)
            | MoneyRow::Guarantee(_)
            | MoneyRow::Commit(_)
            | MoneyRow::Split(_)
            | MoneyRow::Stake(_) => &[],
        },
        KindRow::Grant { .. }
        | KindRow::Exclusive { .. }
        | KindRow::First { .. }
        | KindRow::Refusal { .. } => &[],
    }
}

/// The spellings of each name, by its kind and its small letters; the first one met comes first.
#[derive(Default)]
struct Seen<'f> {
    spelled: BTreeMap<(&'static str, String), Vec<(&'f str, &'f Word)>>,
}

impl<'f> Seen<'f> {
    fn name(&mut self, kind: &'static str, word: &'f Word, sink: &mut Sink) {
        self.spelling(kind, &word.value, word, sink);
    }

    /// A name of parts: the families above it are names too.
    fn path(&mut self, kind: &'static str, word: &'f Word, sink: &mut Sink) {
        let cuts: Vec<usize> =
            word.value.match_indices('/').map(|(at, _)| at).chain([word.value.len()]).collect();
        for family in cuts.into_iter().filter_map(|at| word.value.get(..at)) {
            // A path below one that is spelled otherwise is not told again.
            if self.spelling(kind, family, word, sink) {
                break;
            }
        }
    }

    /// Whether the name has been spelled otherwise before.
    fn spelling(&mut self, kind: &'static str, name: &'f str, word: &'f Word, sink: &mut Sink) -> bool {
        let spellings = self.spelled.entry((kind, name.to_lowercase())).or_default();
        let other = spellings.first().filter(|(first, _)| *first != name).copied();
        if spellings.iter().any(|(known, _)| *known == name) {
            return other.is_some();
        }
        spellings.push((name, word));
        let Some((first, place)) = other else { return false };
        sink.warning(
            "two-spellings",
            word.spot,
            format!("{kind} `{name}` is not `{first}`: case tells names apart"),
        )
        .also(place.spot, "the other spelling")
        .help("write both alike, or give them names that differ by more than case");
        true
    }
}

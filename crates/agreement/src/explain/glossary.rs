//! The words of a book told: who its parties are, and what its channels, products, segments, territories and events mean.

use super::words;
use crate::syntax::registry::{ProductRow, Registry};
use crate::syntax::{File, Instrument};
use std::collections::BTreeMap;

/// A party, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Its id, which clauses use.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The instruments it is a party of.
    pub signs: Vec<String>,
    /// The channels it operates.
    pub operates: Vec<String>,
    /// The products it owns, without those below another that it owns.
    pub owns: Vec<String>,
}

/// A word that clauses use, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The word.
    pub word: String,
    /// `channel`, `product`, `segment`, `territory` or `event`.
    pub kind: &'static str,
    /// What it means, with names of the book between backticks.
    pub text: String,
}

/// Every party, in the order of files and places.
pub(super) fn parties(files: &[(usize, File)], names: &BTreeMap<&str, &str>) -> Vec<Who> {
    let registries = || files.iter().map(|(_, file)| &file.registry);
    let homes: Vec<&Instrument> = files.iter().filter_map(|(_, file)| file.instrument.as_ref()).collect();
    let who = |id: &str| {
        let mut signs: Vec<String> = Vec::new();
        for home in homes.iter().filter(|home| home.parties.iter().any(|party| party.value == id)) {
            if !signs.contains(&home.name.value) {
                signs.push(home.name.value.clone());
            }
        }
        signs.sort();
        let operated = registries().flat_map(|registry| &registry.channels);
        let operated = operated.filter(|row| row.operator.as_ref().is_some_and(|who| who.value == id));
        let products = registries().flat_map(|registry| &registry.products);
        let owned = products.filter(|row| row.owner.as_ref().is_some_and(|who| who.value == id));
        let owned: Vec<&str> = owned.map(|row| row.id.value.as_str()).collect();
        let below = |product: &&str| {
            owned.iter().any(|one| product.strip_prefix(one).is_some_and(|rest| rest.starts_with('/')))
        };
        Who {
            id: id.to_owned(),
            name: (*names.get(id).unwrap_or(&id)).to_owned(),
            signs,
            operates: operated.map(|row| row.id.value.clone()).collect(),
            owns: owned.iter().filter(|product| !below(product)).map(|one| (*one).to_owned()).collect(),
        }
    };
    registries().flat_map(|registry| &registry.parties).map(|row| who(&row.id.value)).collect()
}

/// Every word but parties and questions, kind by kind.
pub(super) fn meanings(registries: &[&Registry], names: &BTreeMap<&str, &str>) -> Vec<Meaning> {
    let called = |id: &str| (*names.get(id).unwrap_or(&id)).to_owned();
    let meaning = |kind, word: &str, text| Meaning { word: word.to_owned(), kind, text };
    let channels = registries.iter().flat_map(|registry| &registry.channels).map(|row| {
        let operator = row.operator.as_ref().map_or(String::new(), |who| called(&who.value));
        meaning("channel", &row.id.value, format!("A route to the customer that {operator} operates."))
    });
    let products = registries.iter().flat_map(|registry| &registry.products);
    let products = products.map(|row| meaning("product", &row.id.value, product(row, &called)));
    let segments = registries.iter().flat_map(|registry| &registry.segments);
    let segments = segments.map(|row| {
        meaning("segment", &row.value, "A group of customers, with all below its path.".to_owned())
    });
    let territories = registries.iter().flat_map(|registry| &registry.territories).map(|row| {
        let members = words::all(row.members.iter().map(|member| member.value.clone()));
        meaning("territory", &row.id.value, format!("The countries {members}."))
    });
    let events = registries.iter().flat_map(|registry| &registry.events).map(|row| {
        let ask = row.ask.as_ref().map_or("Whether it has happened.", |ask| ask.value.as_str());
        meaning("event", &row.id.value, ask.to_owned())
    });
    channels.chain(products).chain(segments).chain(territories).chain(events).collect()
}

fn product(row: &ProductRow, called: &dyn Fn(&str) -> String) -> String {
    let owner = row.owner.as_ref().map_or(String::new(), |who| called(&who.value));
    let class = |(class, question): &(crate::diagnostic::Word, Option<crate::diagnostic::Word>)| {
        let hangs =
            question.as_ref().map_or(String::new(), |on| format!(" if `{}` is answered yes", on.value));
        format!("`{}`{hangs}", class.value)
    };
    let classes = words::all(row.classes.iter().map(class));
    let counts = if classes.is_empty() { String::new() } else { format!("; it counts as {classes}") };
    format!("A product of {owner}{counts}.")
}

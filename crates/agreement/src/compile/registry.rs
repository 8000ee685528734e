//! Gives numbers to everything that is named, and gathers what happened.

use super::Check;
use crate::book::{Offer, Point, Words};
use crate::diagnostic::{At, Word};
use crate::syntax::File;
use crate::syntax::condition::{Arg, Term};
use crate::syntax::registry::{EventRow, FactRow, Happening, ProductRow, QuestionRow, TerritoryRow};
use crate::table::{ChannelNo, Names, Number, PartyNo, Table, TerritoryNo};
use abide_model::decision::SourceClass;
use abide_model::name;
use abide_model::{Date, Time};
use std::collections::{BTreeMap, BTreeSet};

/// The event that every book has: a product became available through a channel.
pub(super) const LAUNCHED: &str = "launched";

/// Country codes of ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER \
    ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM \
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF \
    MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK \
    PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD \
    TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Whether `code` is a country of ISO 3166-1.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split_ascii_whitespace().any(|country| country == code)
}

/// What is registered, besides the names of the finished book.
pub(super) struct Registry {
    pub(super) words: Words,
    /// The arguments that each event takes.
    pub(super) events: BTreeMap<String, Vec<ArgKind>>,
    pub(super) facts: Vec<Fact>,
    pub(super) sources: BTreeMap<String, Option<SourceClass>>,
}

/// What an argument of an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgKind {
    Party,
    Channel,
    Product,
}

impl ArgKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ArgKind::Party => "party",
            ArgKind::Channel => "channel",
            ArgKind::Product => "product",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [ArgKind::Party, ArgKind::Channel, ArgKind::Product].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A fixed argument of a fact or a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Party(PartyNo),
    Channel(ChannelNo),
    Product(name::Product),
}

/// Something that happened.
pub(super) struct Fact {
    pub(super) event: String,
    pub(super) args: Vec<Named>,
    pub(super) on: Date,
    pub(super) recorded: Time,
}

/// Numbers all names of all files.
pub(super) fn build(files: &[(usize, File)], check: &mut Check<'_>) -> Registry {
    let registries: Vec<_> = files.iter().map(|(_, file)| &file.registry).collect();
    let mut parties = Names::new();
    for word in registries.iter().flat_map(|registry| &registry.parties) {
        check.declare(word, "party").map(|name| parties.add(name));
    }
    let mut channels = Names::new();
    let mut operators = Vec::new();
    for row in registries.iter().flat_map(|registry| &registry.channels) {
        let operator = row.operator.as_ref().and_then(|word| check.find(&parties, word, "party"));
        if let Some(name) = check.declare(&row.id, "channel") {
            channels.add(name);
            operators.push(operator.unwrap_or(PartyNo::new(0)));
        }
    }
    let mut words = Words {
        parties,
        channels,
        operators: Table::new(operators),
        products: Names::new(),
        offers: Table::new(Vec::new()),
        classes: Names::new(),
        segments: Names::new(),
        territories: Names::new(),
        sets: BTreeMap::new(),
        questions: Names::new(),
        points: Table::new(Vec::new()),
    };
    let mut points = Vec::new();
    registries.iter().flat_map(|registry| &registry.questions).for_each(|row| {
        question(row, &mut words, &mut points, check);
    });
    let mut offers = Vec::new();
    for row in registries.iter().flat_map(|registry| &registry.products) {
        product(row, &mut words, &mut offers, check);
    }
    for word in registries.iter().flat_map(|registry| &registry.segments) {
        check.declare(word, "segment").map(|name| words.segments.add(name));
    }
    for row in registries.iter().flat_map(|registry| &registry.territories) {
        territory(row, &mut words, check);
    }
    words.offers = Table::new(offers);
    let mut registry =
        Registry { words, events: BTreeMap::new(), facts: Vec::new(), sources: BTreeMap::new() };
    registry.events.insert(LAUNCHED.to_owned(), vec![ArgKind::Product, ArgKind::Channel]);
    for row in registries.iter().flat_map(|registry| &registry.events) {
        event(row, &mut registry, check);
    }
    for row in registries.iter().flat_map(|registry| &registry.sources) {
        check.declare::<name::Clause>(&row.id, "source");
        registry.sources.insert(row.id.value.clone(), row.class);
    }
    for row in registries.iter().flat_map(|registry| &registry.facts) {
        fact(row, &mut registry, &mut points, check);
    }
    points.iter_mut().for_each(|point| point.answers.sort_unstable());
    registry.words.points = Table::new(points);
    registry
}

fn question(row: &QuestionRow, words: &mut Words, points: &mut Vec<Point>, check: &mut Check<'_>) {
    for (party, _) in &row.positions {
        check.find(&words.parties, party, "party");
    }
    let Some(name) = check.declare(&row.id, "question") else { return };
    words.questions.add(name);
    let mut held = row.positions.iter().map(|(_, answer)| *answer);
    let first = held.next();
    let agreed = first.filter(|first| row.positions.len() > 1 && held.all(|answer| answer == *first));
    let ask = row.ask.as_ref().map_or(String::new(), |ask| ask.value.clone());
    points.push(Point { ask, agreed, answers: Vec::new() });
}

fn product(row: &ProductRow, words: &mut Words, offers: &mut Vec<Offer>, check: &mut Check<'_>) {
    let owner = row.owner.as_ref().and_then(|word| check.find(&words.parties, word, "party"));
    let mut classes = Vec::new();
    let mut seen = BTreeSet::new();
    for (class, question) in &row.classes {
        let hangs_on = question.as_ref().map(|word| check.find(&words.questions, word, "question"));
        if !seen.insert(class.value.as_str()) {
            check.sink.error("duplicate-id", class.spot, format!("class `{}` is listed twice", class.value));
        }
        if let Some(name) = check.parse(class) {
            classes.push((words.classes.add(name), hangs_on.flatten()));
        }
    }
    let Some(name) = check.declare::<name::Product>(&row.id, "product") else { return };
    if name.as_str().split('/').any(str::is_empty) {
        check
            .sink
            .error("bad-name", row.id.spot, format!("product `{name}` has an empty part between its `/`"))
            .help("write it like a path: openai/api/responses");
    }
    words.products.add(name);
    offers.push(Offer { owner: owner.unwrap_or(PartyNo::new(0)), classes });
}

fn territory(row: &TerritoryRow, words: &mut Words, check: &mut Check<'_>) {
    let Some(name) = check.declare::<name::Territory>(&row.id, "territory set") else { return };
    if is_country(name.as_str()) {
        check.sink.error(
            "bad-name",
            row.id.spot,
            format!("`{name}` is a country, so it cannot name a set of countries"),
        );
    }
    let members = row.members.iter().filter_map(|word| country(word, words, check)).collect();
    words.sets.insert(name, members);
}

/// The number of the country that `word` names.
pub(super) fn country(word: &Word, words: &mut Words, check: &mut Check<'_>) -> Option<TerritoryNo> {
    if !is_country(&word.value) {
        let sets: Vec<String> = words.sets.keys().map(ToString::to_string).collect();
        check
            .sink
            .error("unknown-name", word.spot, format!("`{}` is neither a country nor a set of this book", word.value))
            .help("countries are two capital letters of ISO 3166, such as US; sets are declared with [[territory]]")
            .hint(crate::suggest::did_you_mean(&word.value, sets.iter().map(String::as_str)));
        return None;
    }
    check.parse(word).map(|name| words.territories.add(name))
}

fn event(row: &EventRow, registry: &mut Registry, check: &mut Check<'_>) {
    let mut args = Vec::new();
    for word in &row.args {
        match ArgKind::parse(&word.value) {
            Some(kind) => args.push(kind),
            None => {
                check
                    .sink
                    .error("unknown-word", word.spot, format!("an event cannot be about a `{}`", word.value))
                    .help("its arguments are \"party\", \"channel\" or \"product\"");
            }
        }
    }
    if row.id.value == LAUNCHED {
        check
            .sink
            .error(
                "duplicate-id",
                row.id.spot,
                "every book has the event `launched(product, channel)` already",
            )
            .help("take this table out");
        return;
    }
    if ["before", "after", "and", "or", "not"].contains(&row.id.value.as_str())
        || registry.words.questions.find(&row.id.value).is_some()
    {
        let message = format!("`{}` means something else in conditions already", row.id.value);
        check.sink.error("duplicate-id", row.id.spot, message).help("give the event another id");
        return;
    }
    if check.declare::<name::Question>(&row.id, "event").is_some() {
        registry.events.insert(row.id.value.clone(), args);
    }
}

fn fact(row: &FactRow, registry: &mut Registry, points: &mut [Point], check: &mut Check<'_>) {
    let day = row.recorded.as_ref().map_or(row.on.value, |recorded| recorded.value);
    let recorded = check.start(day);
    if let Some(at) = row.recorded.as_ref().filter(|at| at.value < row.on.value) {
        check
            .sink
            .warning("early-record", at.spot, "this fact is recorded before it happened")
            .help("`on` is the day it happened, `recorded` the day it became known");
    }
    if let Some(source) = &row.source {
        cited(source, registry, check);
    }
    match &row.what {
        Happening::Answer(question, answer) => {
            let number = check.find(&registry.words.questions, question, "question");
            let Some(point) = number.and_then(|number| points.get_mut(number.at())) else { return };
            answer_once(question, *answer, recorded, point, check);
        }
        Happening::Event(term) => {
            let Some(args) = named(term, registry, check) else { return };
            registry.facts.push(Fact { event: term.name.value.clone(), args, on: row.on.value, recorded });
        }
    }
}

fn answer_once(question: &Word, answer: At<bool>, recorded: Time, point: &mut Point, check: &mut Check<'_>) {
    if point.answers.iter().any(|(when, other)| *when == recorded && *other != answer.value) {
        let message = format!("question `{}` is answered both ways on the same day", question.value);
        check.sink.error("contradiction", answer.spot, message).help("keep one of the two facts");
    }
    point.answers.push((recorded, answer.value));
}

/// Looks up the source that `word` cites.
pub(super) fn cited(word: &Word, registry: &Registry, check: &mut Check<'_>) -> Option<SourceClass> {
    let found = registry.sources.get(&word.value);
    if found.is_none() {
        check.unknown(word, "source", registry.sources.keys().map(String::as_str));
    }
    found.copied().flatten()
}

/// The arguments of a fact: names of the kinds that its event declares.
fn named(term: &Term, registry: &Registry, check: &mut Check<'_>) -> Option<Vec<Named>> {
    let kinds = event_args(term, registry, check)?;
    let args = term.args.as_deref().unwrap_or_default();
    args.iter().zip(kinds).map(|(arg, kind)| literal(arg, *kind, &registry.words, check)).collect()
}

/// The kinds of arguments of the event that `term` names, when it has as many.
pub(super) fn event_args<'r>(
    term: &Term,
    registry: &'r Registry,
    check: &mut Check<'_>,
) -> Option<&'r [ArgKind]> {
    let Some(kinds) = registry.events.get(&term.name.value) else {
        check.unknown(&term.name, "event", registry.events.keys().map(String::as_str));
        return None;
    };
    let given = term.args.as_ref().map_or(0, Vec::len);
    if given != kinds.len() {
        let wanted: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let shape = match wanted.is_empty() {
            true => format!("`{}` alone", term.name.value),
            false => format!("`{}({})`", term.name.value, wanted.join(", ")),
        };
        check
            .sink
            .error(
                "arguments",
                term.spot,
                format!("event `{}` takes {} arguments, not {given}", term.name.value, kinds.len()),
            )
            .help(format!("write {shape}"));
        return None;
    }
    Some(kinds)
}

/// The thing that an argument names.
pub(super) fn literal(arg: &Arg, kind: ArgKind, words: &Words, check: &mut Check<'_>) -> Option<Named> {
    let word = match arg {
        Arg::Term(Term { name, args: None, .. }) | Arg::Text(name) => name,
        Arg::Term(term) => {
            let message = format!("a {} is wanted here, not a call", kind.as_str());
            check.sink.error("arguments", term.spot, message);
            return None;
        }
    };
    match kind {
        ArgKind::Party => check.find(&words.parties, word, "party").map(Named::Party),
        ArgKind::Channel => check.find(&words.channels, word, "channel").map(Named::Channel),
        ArgKind::Product => family(word, words, check).map(Named::Product),
    }
}

/// A product of the book, or a path above some.
pub(super) fn family(word: &Word, words: &Words, check: &mut Check<'_>) -> Option<name::Product> {
    let path: name::Product = check.parse(word)?;
    if words.products.iter().any(|(_, product)| path.covers(product)) {
        return Some(path);
    }
    let known: BTreeSet<&str> =
        words.products.iter().flat_map(|(_, product)| prefixes(product.as_str())).collect();
    check.unknown(word, "product", known.into_iter());
    None
}

fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    cuts.filter_map(|at| path.get(..at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_the_standard() {
        assert_eq!(COUNTRIES.split_ascii_whitespace().count(), 249);
        assert!(is_country("US") && is_country("GB"));
        assert!(!is_country("EU") && !is_country("UK") && !is_country("us") && !is_country("U"));
    }

    #[test]
    fn a_path_has_itself_and_every_path_above_it_as_prefixes() {
        assert_eq!(
            prefixes("openai/api/responses").collect::<Vec<_>>(),
            ["openai", "openai/api", "openai/api/responses"]
        );
    }
}

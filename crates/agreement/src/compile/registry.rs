//! Gives numbers to everything that is named, and gathers what happened.

use super::Check;
use super::clause::span;
use super::measure;
use crate::book::{Measure, Offer, Point, Settled, Threshold, Words};
use crate::diagnostic::{At, Spot, Word};
use crate::syntax::condition::{Arg, Term};
use crate::syntax::registry::{EventRow, FactRow, Happening, ProductRow, QuestionRow, TerritoryRow};
use crate::syntax::{self, File};
use crate::table::{ChannelNo, MeasureNo, Names, Number, PartyNo, QuestionNo, Table, TerritoryNo};
use abide_model::decision::SourceClass;
use abide_model::name;
use abide_model::terms::Firm;
use abide_model::{Date, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A product became available through a channel.
pub(super) const LAUNCHED: &str = "launched";
/// Who offered what to whom, under a right of first refusal.
pub(super) const OFFERED: &str = "offered";
/// Who took what from whom.
pub(super) const ACCEPTED: &str = "accepted";
/// Who did not take what from whom.
pub(super) const DECLINED: &str = "declined";

/// The events that every book has, each with what it is about and a shape to show.
const BUILT_IN: [(&str, &[ArgKind], &str); 4] = [
    (LAUNCHED, &[ArgKind::Product, ArgKind::Channel], "launched(product, channel)"),
    (OFFERED, &[ArgKind::Party, ArgKind::Party, ArgKind::Product], "offered(from, to, product)"),
    (ACCEPTED, &[ArgKind::Party, ArgKind::Party, ArgKind::Product], "accepted(by, from, product)"),
    (DECLINED, &[ArgKind::Party, ArgKind::Party, ArgKind::Product], "declined(by, from, product)"),
];
/// Words that conditions give a meaning of their own.
const RESERVED: [&str; 7] = ["before", "after", "and", "or", "not", measure::SPEND, measure::REVENUE];

/// Country codes of ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER \
    ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM \
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF \
    MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK \
    PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD \
    TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// One bit for each second letter, under each first: an ask is compared with these before every answer.
const COUNTRY_BITS: [u32; 26] = country_bits();

#[expect(
    clippy::indexing_slicing,
    reason = "worked out when this is compiled: a letter out of place does not build"
)]
const fn country_bits() -> [u32; 26] {
    let text = COUNTRIES.as_bytes();
    let mut bits = [0; 26];
    let mut at = 0;
    while at < text.len() {
        bits[(text[at] - b'A') as usize] |= 1 << (text[at + 1] - b'A');
        at += 3;
    }
    bits
}

/// Whether `code` is a country of ISO 3166-1.
pub(crate) fn is_country(code: &str) -> bool {
    let [first, second] = code.as_bytes() else { return false };
    let letters = first.is_ascii_uppercase() && second.is_ascii_uppercase();
    let row = || COUNTRY_BITS.get(usize::from(first - b'A')).copied().unwrap_or(0);
    letters && row() >> (second - b'A') & 1 == 1
}

/// What is registered, besides the names of the finished book.
pub(super) struct Registry {
    pub(super) words: Words,
    /// What answers may hang on; the declared questions first.
    pub(super) points: Vec<Point>,
    pub(super) measures: Vec<Measure>,
    pub(super) measured: BTreeMap<String, MeasureNo>,
    pub(super) thresholds: BTreeMap<Threshold, QuestionNo>,
    /// The point that stands for the reply to an offer: who offered what to whom.
    pub(super) replies: BTreeMap<(PartyNo, PartyNo, name::Product), QuestionNo>,
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
    pub(super) spot: Spot,
}

/// The parties, what people call them, and what invoices say of them.
type Parties = (Names<PartyNo, name::Party>, BTreeMap<name::Party, String>, BTreeMap<name::Party, Firm>);

fn parties(registries: &[&syntax::registry::Registry], check: &mut Check<'_>) -> Parties {
    let mut parties = Names::new();
    let (mut called, mut firms) = (BTreeMap::new(), BTreeMap::new());
    for row in registries.iter().flat_map(|registry| &registry.parties) {
        if let Some(party) = check.declare::<name::Party>(&row.id, "party") {
            called.extend(row.name.as_ref().map(|word| (party.clone(), word.value.clone())));
            firms.extend(row.firm().map(|firm| (party.clone(), firm)));
            parties.add(party);
        }
        if let Some(word) = row.pay_within.as_ref() {
            span(word, check);
        }
    }
    (parties, called, firms)
}

/// What each instrument is called: the title of the first of its texts that has one.
fn titles(files: &[(usize, File)]) -> BTreeMap<String, String> {
    let mut homes: Vec<_> = files.iter().filter_map(|(_, file)| file.instrument.as_ref()).collect();
    homes.sort_by_key(|home| std::cmp::Reverse(home.amendment));
    let titled = homes.iter().filter_map(|home| Some((&home.name, home.title.as_ref()?)));
    titled.map(|(name, title)| (name.value.clone(), title.value.clone())).collect()
}

/// Numbers all names of all files.
pub(super) fn build(files: &[(usize, File)], check: &mut Check<'_>) -> Registry {
    let registries: Vec<_> = files.iter().map(|(_, file)| &file.registry).collect();
    let (parties, called, firms) = parties(&registries, check);
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
        called,
        firms,
        titles: titles(files),
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
        measures: Table::new(Vec::new()),
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
    let mut registry = Registry {
        words,
        points,
        measures: Vec::new(),
        measured: BTreeMap::new(),
        thresholds: BTreeMap::new(),
        replies: BTreeMap::new(),
        events: BTreeMap::new(),
        facts: Vec::new(),
        sources: BTreeMap::new(),
    };
    for (event, args, _) in BUILT_IN {
        registry.events.insert(event.to_owned(), args.to_vec());
    }
    events(&registries, &mut registry, check);
    registry
}

/// Everything about what happened, once all that it can be about has a number.
fn events(registries: &[&syntax::registry::Registry], registry: &mut Registry, check: &mut Check<'_>) {
    for row in registries.iter().flat_map(|registry| &registry.events) {
        event(row, registry, check);
    }
    for row in registries.iter().flat_map(|registry| &registry.sources) {
        check.declare::<name::Clause>(&row.id, "source");
        registry.sources.insert(row.id.value.clone(), row.class);
    }
    for row in registries.iter().flat_map(|registry| &registry.facts) {
        fact(row, registry, check);
    }
    for point in &mut registry.points {
        if let Settled::Answers { answers, .. } = &mut point.settled {
            answers.sort_unstable();
        }
    }
    registry.measures.iter_mut().for_each(|measure| measure.readings.sort_unstable());
}

fn question(row: &QuestionRow, words: &mut Words, points: &mut Vec<Point>, check: &mut Check<'_>) {
    for (party, _) in &row.positions {
        check.find(&words.parties, party, "party");
    }
    let Some(name) = check.declare_word(&row.id, "question") else { return };
    words.questions.add(name.clone());
    let mut held = row.positions.iter().map(|(_, answer)| *answer);
    let first = held.next();
    let agreed = first.filter(|first| row.positions.len() > 1 && held.all(|answer| answer == *first));
    let ask = row.ask.as_ref().map_or(String::new(), |ask| ask.value.clone());
    points.push(Point { name, ask, settled: Settled::Answers { agreed, answers: Vec::new() } });
}

fn product(row: &ProductRow, words: &mut Words, offers: &mut Vec<Offer>, check: &mut Check<'_>) {
    let owner = row.owner.as_ref().and_then(|word| check.find(&words.parties, word, "party"));
    let mut classes = Vec::new();
    let mut seen = BTreeSet::new();
    for (class, question) in &row.classes {
        let hangs_on = question.as_ref().map(|word| check.find(&words.questions, word, "question"));
        if !seen.insert(class.value.as_str()) {
            check
                .sink
                .error("duplicate-id", class.spot, format!("class `{}` is listed twice", class.value))
                .help("take one of them out");
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
            .help("write it like a path: lab/api/chat");
    }
    words.products.add(name);
    offers.push(Offer { owner: owner.unwrap_or(PartyNo::new(0)), classes });
}

fn territory(row: &TerritoryRow, words: &mut Words, check: &mut Check<'_>) {
    let Some(name) = check.declare::<name::Territory>(&row.id, "territory set") else { return };
    if is_country(name.as_str()) {
        check
            .sink
            .error(
                "bad-name",
                row.id.spot,
                format!("`{name}` is a country, so it cannot name a set of countries"),
            )
            .help("clauses name a country as it is; give a set an id that is none, such as \"DACH\"");
    }
    let members = row.members.iter().filter_map(|word| country(word, words, check)).collect();
    words.sets.insert(name, members);
}

/// What was most likely meant by a word that is no country: two letters are too few to guess from.
fn country_or_set(word: &str, sets: &[String]) -> Option<String> {
    match word {
        "UK" => Some("the United Kingdom is GB".to_owned()),
        "EL" => Some("Greece is GR".to_owned()),
        _ if is_country(&word.to_ascii_uppercase()) => {
            Some(format!("write it in capitals: {}", word.to_ascii_uppercase()))
        }
        _ if word.len() <= 2 => None,
        _ => crate::suggest::did_you_mean(word, sets.iter().map(String::as_str)),
    }
}

/// The number of the country that `word` names.
pub(super) fn country(word: &Word, words: &mut Words, check: &mut Check<'_>) -> Option<TerritoryNo> {
    if !is_country(&word.value) {
        let sets: Vec<String> = words.sets.keys().map(ToString::to_string).collect();
        check
            .sink
            .error("unknown-name", word.spot, format!("`{}` is neither a country nor a set of this book", word.value))
            .help("countries are two capital letters of ISO 3166, such as US; sets are declared with [[territory]]")
            .hint(country_or_set(&word.value, &sets));
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
    if let Some((_, _, shape)) = BUILT_IN.iter().find(|(event, ..)| *event == row.id.value) {
        let message = format!("every book has the event `{shape}` already");
        check.sink.error("duplicate-id", row.id.spot, message).help("take this table out");
        return;
    }
    let word = row.id.value.as_str();
    if RESERVED.contains(&word) || registry.words.questions.find(word).is_some() {
        let message = format!("`{word}` means something else in conditions already");
        check.sink.error("duplicate-id", row.id.spot, message).help("give the event another id");
        return;
    }
    if check.declare_word(&row.id, "event").is_some() {
        registry.events.insert(row.id.value.clone(), args);
    }
}

fn fact(row: &FactRow, registry: &mut Registry, check: &mut Check<'_>) {
    let day = row.recorded.as_ref().map_or(row.on.value, |recorded| recorded.value);
    let recorded = if row.assumed { Time::MIN } else { check.start(day) };
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
            let Some(point) = number.and_then(|number| registry.points.get_mut(number.at())) else { return };
            answer_once(question, *answer, recorded, point, check);
        }
        Happening::Event(term) => {
            let Some(args) = named(term, registry, check) else { return };
            let (event, on, spot) = (term.name.value.clone(), row.on.value, term.spot);
            if let (OFFERED, [Named::Party(from), Named::Party(to), Named::Product(product)]) =
                (event.as_str(), args.as_slice())
            {
                reply(*from, *to, product, term, registry, check);
            }
            registry.facts.push(Fact { event, args, on, recorded, spot });
        }
        Happening::Reading(term, amount) => {
            measure::reading(term, amount, row.on.value, recorded, registry, check);
        }
    }
}

/// The point that is open while an offer waits for its reply, named like the fact that would settle it.
fn reply(
    from: PartyNo,
    to: PartyNo,
    product: &name::Product,
    term: &Term,
    registry: &mut Registry,
    check: &mut Check<'_>,
) {
    let key = (from, to, product.clone());
    if registry.replies.contains_key(&key) {
        return;
    }
    let (giver, holder) = (&registry.words.parties[from], &registry.words.parties[to]);
    let text = At { value: format!("{ACCEPTED}({holder}, {giver}, {product})"), spot: term.spot };
    let Some(name) = check.parse::<name::Question>(&text) else { return };
    let ask = format!("Does {holder} take what {giver} offered?");
    registry.replies.insert(key, QuestionNo::new(registry.points.len()));
    registry.points.push(Point { name, ask, settled: Settled::Reply });
}

fn answer_once(question: &Word, answer: At<bool>, recorded: Time, point: &mut Point, check: &mut Check<'_>) {
    let Settled::Answers { answers, .. } = &mut point.settled else { return };
    if answers.iter().any(|(when, other)| *when == recorded && *other != answer.value) {
        let message = format!("question `{}` is answered both ways on the same day", question.value);
        check.sink.error("contradiction", answer.spot, message).help("keep one of the two facts");
    }
    answers.push((recorded, answer.value));
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
            check.sink.error("arguments", term.spot, message).help("name one, without brackets behind it");
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
    if words.products.beginning(path.as_str()).any(|(_, product)| path.covers(product)) {
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
        assert!(COUNTRIES.split_ascii_whitespace().all(is_country));
        let letters = || ('A'..='Z').chain(['a', '[', '@', 'Ä']);
        let pairs = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        assert_eq!(pairs.filter(|code| is_country(code)).count(), 249);
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

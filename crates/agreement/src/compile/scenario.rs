//! From a scenario file to a forecast and the books under which it is worked out. Everything that is wrong in the
//! scenario and in the books comes out at once.

mod number;
mod trade;
mod world;

pub use world::Staged;

use crate::Source;
use crate::book::Book;
use crate::diagnostic::{At, Diagnostic, Draft as Finding, Sink, Spot, Word};
use crate::suggest::did_you_mean;
use crate::syntax::registry::FactRow;
use crate::syntax::scenario::{AssumeRow, DraftRow, HoldingRow, ScenarioRow, SearchRow};
use crate::table::{Names, Number};
use abide_model::Date;
use abide_model::decision::SourceClass;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{NameError, Territory};
use abide_model::scenario::{Assumption, Draft, Holding, Level, Measure, Purchase, Scenario, Search, Stream};
use abide_model::terms::Every;
use jiff::Span;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// The longest time a scenario may look at.
pub const YEARS_MAX: i16 = 100;
/// The most draws of a scenario.
pub const DRAWS_MAX: u32 = 100_000;

const DRAWS: u32 = 1_000;
const SEED: u32 = 1;

/// Reads a scenario together with the book it is about, and the one it compares with if any.
///
/// The facts of the scenario hold in every book; each draft's book lacks the clauses that the draft leaves out. A
/// scenario among `files` is passed over, so that it may be given as `scenario` as well.
///
/// # Errors
/// Everything that is wrong in the scenario and in the books.
pub fn stage<'a>(
    files: &'a [Source],
    against: Option<&'a [Source]>,
    scenario: &'a Source,
) -> Result<Staged<'a>, Vec<Diagnostic>> {
    world::stage(files, against, scenario)
}

/// Turns rows into a scenario. Without a book, names are only parsed.
struct Check<'a> {
    words: Option<&'a Book>,
    against: bool,
    sink: &'a mut Sink,
}

/// The head of a scenario, which the rest is checked against.
struct Head {
    from: Date,
    until: Date,
    /// `None` where it is not one.
    currency: Option<Currency>,
}

impl Check<'_> {
    /// `facts` are those of the scenario.
    fn scenario(&mut self, row: &ScenarioRow, facts: &[FactRow]) -> Option<Scenario> {
        let head = self.head(row);
        let every = self.length(row.every.as_ref(), Every::Year);
        let discount = row.discount.as_ref().map_or(Some(Exact::zero()), |word| self.part(word));
        let draws = self.draws(row);
        let drafts = self.drafts(row);
        if row.revenue.is_empty() && row.purchases.is_empty() {
            self.sink
                .error("missing-key", row.spot, "a scenario needs at least one [[revenue]] or [[purchase]]")
                .help("say what is sold through which channel, or bought from whom, and how much a year");
        }
        let streams =
            self.named(&row.revenue, "revenue", |row| &row.id, |check, row| check.stream(row, &head));
        let purchases =
            self.named(&row.purchases, "purchase", |row| &row.id, |check, row| check.purchase(row, &head));
        self.apart(row);
        let valuations = row.valuations.iter().filter_map(|row| self.valuation(row, &head)).collect();
        let chances = facts.iter().filter_map(|fact| self.chance(fact, &head)).collect();
        let holdings = row.holdings.iter().filter_map(|row| self.holding(row)).collect();
        let assumptions = row.assumptions.iter().filter_map(|row| self.assumption(row)).collect();
        let searches = self.named(
            &row.searches,
            "search",
            |row| &row.id,
            |check, search| check.search(search, row, &head, (&streams, &purchases), &drafts),
        );
        let text = |word: &Option<Word>| word.as_ref().map_or(String::new(), |word| word.value.clone());
        Some(Scenario {
            name: row.name.as_ref()?.value.clone(),
            title: if row.title.is_some() { text(&row.title) } else { text(&row.name) },
            note: text(&row.note),
            from: head.from,
            until: head.until,
            every: every?,
            known: row.known.as_ref().map(|day| day.value),
            currency: head.currency?,
            discount: discount?,
            seed: u64::from(row.seed.as_ref().map_or(SEED, |seed| seed.value)),
            draws: draws?,
            drafts,
            streams,
            purchases,
            valuations,
            chances,
            supposed: world::supposed(facts),
            holdings,
            assumptions,
            searches,
        })
    }

    /// Where something is wrong with a day it stands in for the time being, so that the rest can be checked.
    fn head(&mut self, row: &ScenarioRow) -> Head {
        let currency = row.currency.as_ref().and_then(|word| self.currency(word));
        if let (Some(from), Some(until)) = (&row.from, &row.until) {
            if until.value <= from.value {
                self.sink
                    .error("dates", until.spot, "the scenario ends before it starts")
                    .also(from.spot, "it starts here")
                    .help("`until` is the first day that it no longer looks at");
            }
            if until.value.year() - from.value.year() > YEARS_MAX {
                let message = format!("a scenario looks at most {YEARS_MAX} years ahead");
                self.sink.error("limit", until.spot, message).help(format!(
                    "end it at {} at the latest",
                    from.value.checked_add(Span::new().years(YEARS_MAX)).unwrap_or(Date::MAX)
                ));
            }
        }
        let day = |at: &Option<At<Date>>, absent| at.as_ref().map_or(absent, |at| at.value);
        Head { from: day(&row.from, Date::MIN), until: day(&row.until, Date::MAX), currency }
    }

    fn currency(&mut self, word: &Word) -> Option<Currency> {
        let found = Currency::parse(&word.value);
        found
            .map_err(|wrong| {
                let like = crate::meant::currency(&word.value).unwrap_or("USD".to_owned());
                let help = format!("write it like this: \"{like}\"");
                self.sink.error("bad-money", word.spot, wrong.to_string()).help(help);
            })
            .ok()
    }

    fn draws(&mut self, row: &ScenarioRow) -> Option<u32> {
        let Some(draws) = &row.draws else { return Some(DRAWS) };
        if (1..=DRAWS_MAX).contains(&draws.value) {
            return Some(draws.value);
        }
        self.sink
            .error("limit", draws.spot, format!("draw at least once and at most {DRAWS_MAX} times"))
            .help(format!("leave `draws` out for {DRAWS}; without anything random it changes nothing"));
        None
    }

    /// Rows that have ids, each id once.
    fn named<R, T>(
        &mut self,
        rows: &[R],
        kind: &str,
        id: impl Fn(&R) -> &Word,
        each: impl Fn(&mut Self, &R) -> Option<T>,
    ) -> Vec<T> {
        let mut seen: BTreeMap<&str, Spot> = BTreeMap::new();
        let mut found = Vec::new();
        for row in rows {
            let word = id(row);
            if let Some(first) = seen.insert(&word.value, word.spot) {
                self.sink
                    .error("duplicate-id", word.spot, format!("{kind} `{}` is given twice", word.value))
                    .also(first, "first given here")
                    .help("rename one of them, or take it out");
            }
            found.extend(each(self, row));
        }
        found
    }

    fn drafts(&mut self, row: &ScenarioRow) -> Vec<Draft> {
        let plain = |name: &str, title: &str, against| Draft {
            name: name.to_owned(),
            title: title.to_owned(),
            against,
            known: None,
            without: Vec::new(),
            keep: Vec::new(),
        };
        let found = self.named(&row.drafts, "draft", |row| &row.id, Self::draft);
        match (found.is_empty(), self.against) {
            (true, false) => return vec![plain("terms", "The terms of the book", false)],
            (true, true) => {
                return vec![
                    plain("own", "The book", false),
                    plain("against", "The book it is compared with", true),
                ];
            }
            (false, true) if !found.iter().any(|draft| draft.against) => {
                let spot = row.drafts.first().map_or(row.spot, |draft| draft.id.spot);
                self.sink
                    .error("drafts", spot, "no draft is of the book that `--against` names")
                    .help("add book = \"against\" to one [[draft]], or leave `--against` out");
            }
            (false, _) => {}
        }
        found
    }

    fn draft(&mut self, row: &DraftRow) -> Option<Draft> {
        let against = match row.book.as_ref() {
            None => false,
            Some(word) if word.value == "own" => false,
            Some(word) if word.value == "against" && self.against => true,
            Some(word) if word.value == "against" => {
                self.sink
                    .error("drafts", word.spot, "this draft is of another book, and none is given")
                    .help("name it on the command line: --against OTHER-BOOK");
                true
            }
            Some(word) => {
                self.unknown_word(word, "book", &["own", "against"]);
                false
            }
        };
        for word in row.without.iter().chain(&row.keep).filter(|_| !against) {
            self.clause(word);
        }
        let words = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        Some(Draft {
            name: row.id.value.clone(),
            title: row.title.as_ref().unwrap_or(&row.id).value.clone(),
            against,
            known: row.known.as_ref().map(|day| day.value),
            without: words(&row.without),
            keep: words(&row.keep),
        })
    }

    fn clause(&mut self, word: &Word) {
        let Some(book) = self.words else { return };
        let names: Vec<&str> = book.clauses.iter().map(|(_, clause)| clause.name.as_str()).collect();
        if !names.contains(&word.value.as_str()) {
            self.unknown(word, "clause", names.into_iter());
        }
    }

    fn country(&mut self, word: &Word) -> Option<Territory> {
        if super::is_country(&word.value) {
            return self.parse(word);
        }
        self.sink
            .error("unknown-name", word.spot, format!("`{}` is no country", word.value))
            .help("countries are two capital letters of ISO 3166, such as US");
        None
    }

    fn holding(&mut self, row: &HoldingRow) -> Option<Holding> {
        let words = self.words.map(|book| &book.words);
        let owner = row.owner.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let of = row.of.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let part = row.part.as_ref().and_then(|word| self.part(word));
        let holding = Holding { owner: owner?, of: of?, part: part? };
        if let Some(word) = row.part.as_ref().filter(|_| holding.part >= Exact::whole(1)) {
            self.sink
                .error("bad-rate", word.spot, "a holding is less than the whole")
                .help("a party that owns all of another is the same party here");
        }
        if let Some(word) = row.of.as_ref().filter(|_| holding.owner == holding.of) {
            self.sink
                .error("holding", word.spot, "nobody owns a part of itself here")
                .help("`owner` owns, and `of` is the other party, of which it owns a part");
        }
        Some(holding)
    }

    fn assumption(&mut self, row: &AssumeRow) -> Option<Assumption> {
        let class = row.class.as_ref().and_then(|word| {
            let class = SourceClass::parse(&word.value);
            if class.is_none() {
                self.unknown_word(word, "class of sources", &SourceClass::ALL.map(|c| c.as_str()));
            }
            class
        });
        let source = row.source.as_ref().map_or(String::new(), |word| word.value.clone());
        Some(Assumption { text: row.text.as_ref()?.value.clone(), source, class })
    }

    fn search(
        &mut self,
        row: &SearchRow,
        whole: &ScenarioRow,
        head: &Head,
        (streams, purchases): (&[Stream], &[Purchase]),
        drafts: &[Draft],
    ) -> Option<Search> {
        let vary = row.vary.as_ref().and_then(|word| {
            let sold = streams.iter().map(|stream| (stream.name.as_str(), &stream.level));
            let bought = purchases.iter().map(|purchase| (purchase.name.as_str(), &purchase.level));
            let all: Vec<(&str, &Level)> = sold.chain(bought).collect();
            let found = all.iter().find(|(name, _)| *name == word.value);
            // What is wrong in itself is there all the same.
            let sold = whole.revenue.iter().map(|row| row.id.value.as_str());
            let named: Vec<&str> =
                sold.chain(whole.purchases.iter().map(|row| row.id.value.as_str())).collect();
            if !named.contains(&word.value.as_str()) {
                self.unknown(word, "revenue or purchase", named.into_iter());
            }
            if found.is_some_and(|(_, level)| matches!(level, Level::Points(_))) {
                self.sink
                    .error(
                        "break-even",
                        word.spot,
                        format!("`{}` is a curve and has no amount to vary", word.value),
                    )
                    .help("give it an `amount`, and a `growth` if it grows");
            }
            found.map(|(name, _)| (*name).to_owned())
        });
        let range = [&row.low, &row.high].map(|word| {
            let amount = word.as_ref().map(|word| self.money(word, head.currency));
            amount.flatten().and_then(|amount| amount.to_amount(head.currency?))
        });
        let [low, high] = range;
        if let (Some(word), Some(low), Some(high)) = (&row.high, low, high)
            && high.pico <= low.pico
        {
            self.sink
                .error("break-even", word.spot, "`high` is not above `low`")
                .help("the amount is varied from `low` up to `high`");
        }
        let words = self.words.map(|book| &book.words);
        let party = row.party.as_ref().and_then(|word| self.find(words.map(|w| &w.parties), word, "party"));
        let mut draft = |word: &Option<Word>| {
            let word = word.as_ref()?;
            let found = drafts.iter().find(|draft| draft.name == word.value);
            if found.is_none() {
                self.unknown(word, "draft", drafts.iter().map(|draft| draft.name.as_str()));
            }
            found.map(|draft| draft.name.clone())
        };
        let (better, than) = (draft(&row.better), draft(&row.than));
        let measure = self.measure(row.measure.as_ref());
        let (low, high): (Amount, Amount) = (low?, high?);
        Some(Search {
            name: row.id.value.clone(),
            title: row.title.as_ref().map_or(String::new(), |title| title.value.clone()),
            vary: vary?,
            low,
            high,
            party: party?,
            better: better?,
            than: than?,
            measure: measure?,
        })
    }

    fn measure(&mut self, word: Option<&Word>) -> Option<Measure> {
        let Some(word) = word else { return Some(Measure::PresentValue) };
        let found = Measure::parse(&word.value);
        if found.is_none() {
            self.unknown_word(word, "measure", &Measure::ALL.map(Measure::as_str));
        }
        found
    }

    fn length(&mut self, word: Option<&Word>, absent: Every) -> Option<Every> {
        let Some(word) = word else { return Some(absent) };
        let found = Every::parse(&word.value);
        if found.is_none() {
            self.unknown_word(word, "period", &Every::ALL.map(Every::as_str))
                .hint(crate::meant::period(&word.value));
        }
        found
    }

    fn find<N: Number, K: Ord + Clone + Borrow<str> + FromStr<Err = NameError>>(
        &mut self,
        names: Option<&Names<N, K>>,
        word: &Word,
        kind: &str,
    ) -> Option<K> {
        let Some(names) = names else { return self.parse(word) };
        if names.find(&word.value).is_none() {
            self.unknown(word, kind, names.words());
            return None;
        }
        self.parse(word)
    }

    fn parse<T: FromStr<Err = NameError>>(&mut self, word: &Word) -> Option<T> {
        let parsed = word.value.parse();
        parsed
            .map_err(|wrong: NameError| {
                let help = super::name_help(&word.value, true);
                self.sink.error("bad-name", word.spot, wrong.to_string()).help(help);
            })
            .ok()
    }

    fn unknown<'w>(&mut self, word: &Word, kind: &str, known: impl Iterator<Item = &'w str>) {
        let message = match kind {
            "revenue or purchase" | "draft" => {
                format!("there is no {kind} `{}` in this scenario", word.value)
            }
            _ => format!("there is no {kind} `{}` in the book", word.value),
        };
        let known: BTreeSet<_> = known.collect();
        let all = match known.len() {
            0 => Some(format!("there is no {kind} at all")),
            1..=super::NAMES_LISTED_MAX => {
                let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("there is {}", listed.join(", ")))
            }
            _ => None,
        };
        self.sink.error("unknown-name", word.spot, message).hint(all).hint(did_you_mean(&word.value, known));
    }

    fn unknown_word(&mut self, word: &Word, kind: &str, known: &[&str]) -> &mut Finding {
        let listed: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        self.sink
            .error("unknown-word", word.spot, format!("`{}` is no {kind}", word.value))
            .help(format!("one of {}", listed.join(", ")))
            .hint(did_you_mean(&word.value, known.iter().copied()))
    }
}

/// What was asked for and found, or not asked for; `None` when it was asked for and is not there.
fn turned<T>(found: Option<Option<T>>) -> Option<Option<T>> {
    match found {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}

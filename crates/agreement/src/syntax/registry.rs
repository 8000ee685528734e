//! The tables of `book.toml` and of other files that are not instruments: who and what there is, what happened, what
//! it costs.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::suggest::did_you_mean;
use crate::syntax::condition::{self, Term};
use crate::syntax::entry::{self, Entries};
use crate::syntax::fields::{Fields, Value};
use abide_model::decision::SourceClass;
use abide_model::terms::Firm;
use jiff::civil::Date;

/// Everything a file registers.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) parties: Vec<PartyRow>,
    pub(crate) channels: Vec<ChannelRow>,
    pub(crate) products: Vec<ProductRow>,
    pub(crate) segments: Vec<Word>,
    pub(crate) territories: Vec<TerritoryRow>,
    pub(crate) questions: Vec<QuestionRow>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) facts: Vec<FactRow>,
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) prices: Vec<PriceRow>,
    pub(crate) costs: Vec<CostRow>,
    pub(crate) entries: Entries,
}

#[derive(Debug)]
pub(crate) struct PartyRow {
    pub(crate) id: Word,
    pub(crate) name: Option<Word>,
    pub(crate) address: Vec<Word>,
    pub(crate) tax_id: Option<Word>,
    pub(crate) pay_to: Vec<Word>,
    pub(crate) pay_within: Option<Word>,
}

impl PartyRow {
    /// What invoices say of it; `None` when that is nothing.
    pub(crate) fn firm(&self) -> Option<Firm> {
        let lines = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        let text = |word: &Option<Word>| word.as_ref().map(|word| word.value.clone());
        let firm = Firm {
            address: lines(&self.address),
            tax_id: text(&self.tax_id),
            pay_to: lines(&self.pay_to),
            pay_within: text(&self.pay_within),
        };
        (firm != Firm::default()).then_some(firm)
    }
}

#[derive(Debug)]
pub(crate) struct ChannelRow {
    pub(crate) id: Word,
    pub(crate) operator: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct ProductRow {
    pub(crate) id: Word,
    pub(crate) owner: Option<Word>,
    /// Each class with the question that its membership hangs on, if any.
    pub(crate) classes: Vec<(Word, Option<Word>)>,
}

#[derive(Debug)]
pub(crate) struct TerritoryRow {
    pub(crate) id: Word,
    pub(crate) members: Vec<Word>,
}

#[derive(Debug)]
pub(crate) struct QuestionRow {
    pub(crate) id: Word,
    pub(crate) ask: Option<Word>,
    pub(crate) positions: Vec<(Word, bool)>,
    pub(crate) settled_by: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) id: Word,
    pub(crate) args: Vec<Word>,
    pub(crate) ask: Option<Word>,
}

#[derive(Debug, Clone)]
pub(crate) struct FactRow {
    pub(crate) what: Happening,
    pub(crate) on: At<Date>,
    pub(crate) recorded: Option<At<Date>>,
    pub(crate) source: Option<Word>,
    /// Whether it is supposed rather than recorded: known at every time.
    pub(crate) assumed: bool,
    /// How likely it is, where that is not for sure.
    pub(crate) odds: Option<OddsRow>,
}

/// How likely something is.
#[derive(Debug, Clone)]
pub(crate) struct OddsRow {
    pub(crate) chance: Word,
    /// Whether it happens by its day rather than on it.
    pub(crate) by: bool,
    pub(crate) draw: Option<Word>,
}

#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Event(Term),
    Answer(Word, At<bool>),
    /// What was measured, and how much it came to.
    Reading(Term, Word),
}

#[derive(Debug)]
pub(crate) struct SourceRow {
    pub(crate) id: Word,
    pub(crate) class: Option<SourceClass>,
    pub(crate) url: Option<Word>,
    pub(crate) title: Option<Word>,
}

#[derive(Debug)]
pub(crate) struct PriceRow {
    pub(crate) product: Option<Word>,
    pub(crate) since: Option<At<Date>>,
    pub(crate) input: Option<Word>,
    pub(crate) cached: Option<Word>,
    pub(crate) cache_write: Option<Word>,
    pub(crate) output: Option<Word>,
    pub(crate) spot: Spot,
}

#[derive(Debug)]
pub(crate) struct CostRow {
    pub(crate) channel: Option<Word>,
    pub(crate) price: PriceRow,
    pub(crate) recorded: Option<At<Date>>,
    pub(crate) source: Option<Word>,
}

/// Reads every registry table of a file.
pub(crate) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> Registry {
    Registry {
        parties: rows(fields, sink, "party", party),
        channels: rows(fields, sink, "channel", channel),
        products: rows(fields, sink, "product", product),
        segments: rows(fields, sink, "segment", |table, sink| {
            table.text(sink, "name");
            table.need_text(sink, "id")
        }),
        territories: rows(fields, sink, "territory", territory),
        questions: rows(fields, sink, "question", question),
        events: rows(fields, sink, "event", event),
        facts: facts(fields, sink),
        sources: sources(fields, sink),
        prices: rows(fields, sink, "price", |table, sink| Some(price(table, sink))),
        costs: rows(fields, sink, "cost", |table, sink| {
            Some(CostRow {
                channel: table.need_text(sink, "channel"),
                price: price(table, sink),
                recorded: table.date(sink, "recorded"),
                source: table.text(sink, "source"),
            })
        }),
        entries: entry::read(fields, sink),
    }
}

/// Reads the tables under `[[key]]` headers.
pub(crate) fn rows<T>(
    fields: &mut Fields<'_>,
    sink: &mut Sink,
    key: &'static str,
    row: impl Fn(&mut Fields<'_>, &mut Sink) -> Option<T>,
) -> Vec<T> {
    let mut found = Vec::new();
    for mut table in fields.tables(sink, key) {
        if let Some(id) = table.peek("id").and_then(|id| id.as_word()) {
            table.rename(format!("[[{key}]] `{}`", id.value));
        }
        table.text(sink, "note");
        found.extend(row(&mut table, sink));
        table.finish(sink);
    }
    found
}

fn party(table: &mut Fields<'_>, sink: &mut Sink) -> Option<PartyRow> {
    let name = table.text(sink, "name");
    let address = table.texts(sink, "address").unwrap_or_default();
    let tax_id = table.text(sink, "tax_id");
    let pay_to = table.texts(sink, "pay_to").unwrap_or_default();
    let pay_within = table.text(sink, "pay_within");
    Some(PartyRow { id: table.need_text(sink, "id")?, name, address, tax_id, pay_to, pay_within })
}

fn channel(table: &mut Fields<'_>, sink: &mut Sink) -> Option<ChannelRow> {
    let operator = table.need_text(sink, "operator");
    Some(ChannelRow { id: table.need_text(sink, "id")?, operator })
}

fn product(table: &mut Fields<'_>, sink: &mut Sink) -> Option<ProductRow> {
    let owner = table.need_text(sink, "owner");
    let listed = table.list(sink, "classes").unwrap_or_default();
    let classes = listed.into_iter().filter_map(|value| class(value, sink)).collect();
    Some(ProductRow { id: table.need_text(sink, "id")?, owner, classes })
}

/// `"api"`, or `{ class = "api", if = "question" }` where membership is contested.
fn class(value: Value<'_>, sink: &mut Sink) -> Option<(Word, Option<Word>)> {
    if let Some(word) = value.as_word() {
        return Some((word, None));
    }
    let Some(mut table) = value.as_table("a class") else {
        sink.error("wrong-type", value.spot(), "a class is a name, or a table with `class` and `if`")
            .help("write \"api\", or { class = \"api\", if = \"agent-is-api\" }");
        return None;
    };
    let class = table.need_text(sink, "class");
    let question = table.need_text(sink, "if");
    table.finish(sink);
    Some((class?, question))
}

fn territory(table: &mut Fields<'_>, sink: &mut Sink) -> Option<TerritoryRow> {
    let members = table.texts(sink, "members").unwrap_or_default();
    Some(TerritoryRow { id: table.need_text(sink, "id")?, members })
}

fn question(table: &mut Fields<'_>, sink: &mut Sink) -> Option<QuestionRow> {
    let ask = table.need_text(sink, "ask");
    let settled_by = table.text(sink, "settled_by");
    let mut positions = Vec::new();
    for (party, value) in table.map(sink, "positions").unwrap_or_default() {
        match value.as_bool() {
            Some(answer) => positions.push((party, answer)),
            None => {
                sink.error("wrong-type", value.spot(), "a position is true or false")
                    .help(format!("write {0} = true or {0} = false, without quotes", party.value));
            }
        }
    }
    Some(QuestionRow { id: table.need_text(sink, "id")?, ask, positions, settled_by })
}

fn event(table: &mut Fields<'_>, sink: &mut Sink) -> Option<EventRow> {
    let ask = table.need_text(sink, "ask");
    let args = table.texts(sink, "args").unwrap_or_default();
    Some(EventRow { id: table.need_text(sink, "id")?, args, ask })
}

/// Reads every `[[fact]]`.
pub(crate) fn facts(fields: &mut Fields<'_>, sink: &mut Sink) -> Vec<FactRow> {
    rows(fields, sink, "fact", |table, sink| {
        let on = table.need_date(sink, "on");
        fact(table, sink, on)
    })
}

/// Reads a fact but for its day.
pub(crate) fn fact(table: &mut Fields<'_>, sink: &mut Sink, on: Option<At<Date>>) -> Option<FactRow> {
    let recorded = table.date(sink, "recorded");
    let source = table.text(sink, "source");
    let event = table.text(sink, "event");
    let question = table.text(sink, "question");
    let answer = table.boolean(sink, "answer");
    let (measure, amount) = (table.text(sink, "measure"), table.text(sink, "amount"));
    let read = [&event, &question, &measure, &amount].map(Option::is_some);
    let given = ["event", "question", "measure", "amount"].map(|key| table.peek(key).is_some());
    let broken = read != given || table.peek("answer").is_some() != answer.is_some();
    let what = match (event, (question, answer), (measure, amount)) {
        (Some(event), (None, None), (None, None)) => {
            condition::parse_term(&event, sink).map(Happening::Event)
        }
        (None, (Some(question), Some(answer)), (None, None)) => Some(Happening::Answer(question, answer)),
        (None, (None, None), (Some(measure), Some(amount))) => {
            condition::parse_term(&measure, sink).map(|term| Happening::Reading(term, amount))
        }
        // What is there and of a wrong type is said to be so already.
        _ if broken => None,
        _ => {
            sink.error(
                "missing-key",
                table.spot(),
                "a [[fact]] needs either `event`, or `question` and `answer`, or `measure` and `amount`",
            )
            .help(
                "write event = \"launched(lab/agent, blue)\", or question = \"…\" with answer = true, or \
                 measure = \"spend(lab, blue)\" with amount = \"5_000_000 USD\"",
            );
            None
        }
    };
    Some(FactRow { what: what?, on: on?, recorded, source, assumed: false, odds: None })
}

/// `[source.ID]` tables, which instrument files have too.
pub(crate) fn sources(fields: &mut Fields<'_>, sink: &mut Sink) -> Vec<SourceRow> {
    let mut found = Vec::new();
    for (id, value) in fields.map(sink, "source").unwrap_or_default() {
        let Some(mut table) = value.as_table(&format!("[source.{}]", id.value)) else {
            sink.error("wrong-type", value.spot(), format!("source `{}` needs a table", id.value))
                .help(format!("write [source.{}] with `class` and `url` below it", id.value));
            continue;
        };
        let (url, title) = (table.text(sink, "url"), table.text(sink, "title"));
        table.text(sink, "note");
        let word = table.need_text(sink, "class");
        let class = word.and_then(|word| source_class(&word, sink));
        table.finish(sink);
        found.push(SourceRow { id, class, url, title });
    }
    found
}

fn source_class(word: &Word, sink: &mut Sink) -> Option<SourceClass> {
    let class = SourceClass::parse(&word.value);
    if class.is_none() {
        let known = ["official", "filing", "reported", "inferred"];
        sink.error("unknown-word", word.spot, format!("`{}` is not a class of sources", word.value))
            .help("one of `official`, `filing`, `reported`, `inferred`, strongest first")
            .hint(did_you_mean(&word.value, known));
    }
    class
}

fn price(table: &mut Fields<'_>, sink: &mut Sink) -> PriceRow {
    PriceRow {
        product: table.need_text(sink, "product"),
        since: table.need_date(sink, "since"),
        input: table.need_text(sink, "input"),
        cached: table.text(sink, "cached"),
        cache_write: table.text(sink, "cache_write"),
        output: table.need_text(sink, "output"),
        spot: table.spot(),
    }
}

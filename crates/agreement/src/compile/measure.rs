//! Amounts that conditions compare: which measures there are, and what facts report of them.

use super::Check;
use super::price::payable;
use super::registry::{ArgKind, Registry, family};
use crate::book::{Condition, Measure, Point, Reading, Settled, Threshold};
use crate::diagnostic::{At, Word};
use crate::syntax::condition::{Arg, Order, Term};
use crate::table::{MeasureNo, Number, QuestionNo};
use abide_model::money::Amount;
use abide_model::{Date, Time};

/// What a party has paid to another, or for what it takes through a channel.
pub(super) const SPEND: &str = "spend";
/// What a party has taken in, of a product or through a channel where one is named.
pub(super) const REVENUE: &str = "revenue";

const SHAPES: &str =
    "there are spend(party, party or channel), revenue(party), and revenue(party, product or channel)";

/// Notes what a fact reports.
pub(super) fn reading(
    term: &Term,
    amount: &Word,
    on: Date,
    recorded: Time,
    registry: &mut Registry,
    check: &mut Check<'_>,
) {
    let text = amount;
    let amount = sum(text, check);
    let Some(name) = name(term, registry, check) else { return };
    let Some(amount) = amount else { return };
    let Some(number) = numbered(term, name, text, amount, registry, check) else { return };
    let reading = Reading { on: check.start(on), recorded, amount };
    let Some(measure) = registry.measures.get_mut(number.at()) else { return };
    let same_days = |other: &&Reading| (other.on, other.recorded) == (reading.on, recorded);
    if measure.readings.iter().find(same_days).is_some_and(|other| other.amount != amount) {
        let message = format!("`{}` is reported twice for one day, with different amounts", measure.name);
        check
            .sink
            .error("contradiction", text.spot, message)
            .help("keep one of the two facts, or give the later one the day in `recorded` on which it came");
    }
    measure.readings.push(reading);
}

/// Compiles a comparison into the point that settles it.
pub(super) fn compared(
    term: &Term,
    order: Order,
    amount: &Word,
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Option<Condition> {
    let text = amount;
    let amount = sum(text, check);
    let name = name(term, registry, check);
    let (name, amount) = (name?, amount?);
    let above = matches!(order, Order::Above | Order::AtMost);
    if amount.pico == 0 && !above {
        let message = "no measured amount is below zero, so this never changes";
        check
            .sink
            .error("bad-money", text.spot, message)
            .help("compare with `> 0`, or with an amount above zero");
        return None;
    }
    let measure = numbered(term, name, text, amount, registry, check)?;
    let point = point(Threshold { measure, amount, above }, registry)?;
    let met = Condition::Question(point);
    Some(match order {
        Order::AtLeast | Order::Above => met,
        Order::AtMost | Order::Below => Condition::Not(Box::new(met)),
    })
}

/// Says that a measure stands where something true or false is wanted.
pub(super) fn alone(term: &Term, check: &mut Check<'_>) {
    let message = format!("`{}` is an amount, neither true nor false", term.name.value);
    check
        .sink
        .error("arguments", term.spot, message)
        .help("compare it: spend(lab, blue) >= \"250_000_000_000 USD\"");
}

pub(super) fn is_measure(word: &str) -> bool {
    [SPEND, REVENUE].contains(&word)
}

fn sum(word: &Word, check: &mut Check<'_>) -> Option<Amount> {
    let amount = payable(word, check)?;
    if amount.pico < 0 {
        check
            .sink
            .error("bad-money", word.spot, "a measured amount is not below zero")
            .help("write what it had come to in all by then, not what it changed by");
        return None;
    }
    Some(amount)
}

fn point(threshold: Threshold, registry: &mut Registry) -> Option<QuestionNo> {
    if let Some(number) = registry.thresholds.get(&threshold) {
        return Some(*number);
    }
    let number = QuestionNo::new(registry.points.len());
    let measure = registry.measures.get_mut(threshold.measure.at())?;
    measure.point.get_or_insert(number);
    let name = measure.name.clone();
    let ask = format!("How much is {name}?");
    registry.points.push(Point { name, ask, settled: Settled::Reached(threshold) });
    registry.thresholds.insert(threshold, number);
    Some(number)
}

/// The measure of this name, which counts in one currency.
fn numbered(
    term: &Term,
    name: String,
    text: &Word,
    amount: Amount,
    registry: &mut Registry,
    check: &mut Check<'_>,
) -> Option<MeasureNo> {
    let currency = amount.currency;
    if let Some(number) = registry.measured.get(&name) {
        let held = registry.measures.get(number.at())?.currency;
        if held != currency {
            let message = format!("`{name}` counts in {held} elsewhere, not in {currency}");
            check.sink.error("bad-money", text.spot, message).help("keep to one currency for each measure");
            return None;
        }
        return Some(*number);
    }
    let shown = check.parse(&At { value: name.clone(), spot: term.spot })?;
    let number = MeasureNo::new(registry.measures.len());
    registry.measures.push(Measure { name: shown, currency, point: None, readings: Vec::new() });
    registry.measured.insert(name, number);
    Some(number)
}

/// The measure as everybody writes it: `spend(openai, azure)`.
fn name(term: &Term, registry: &Registry, check: &mut Check<'_>) -> Option<String> {
    let measure = term.name.value.as_str();
    let second = match measure {
        SPEND => ArgKind::Party,
        REVENUE => ArgKind::Product,
        _ => {
            check.unknown(&term.name, "measure", [SPEND, REVENUE].into_iter());
            return None;
        }
    };
    let args: Option<Vec<&Word>> = term.args.iter().flatten().map(word).collect();
    let (who, what) = match (args.as_deref(), measure) {
        (Some([who, what]), _) => (*who, Some(*what)),
        (Some([who]), REVENUE) => (*who, None),
        _ => {
            let message = format!("`{measure}` is not written like this");
            check.sink.error("arguments", term.spot, message).help(SHAPES);
            return None;
        }
    };
    let named = check.find(&registry.words.parties, who, "party").is_some();
    let named = what.is_none_or(|what| about(what, second, registry, check)) && named;
    let tail = what.map_or(String::new(), |what| format!(", {}", what.value));
    named.then(|| format!("{measure}({}{tail})", who.value))
}

fn word(arg: &Arg) -> Option<&Word> {
    match arg {
        Arg::Term(Term { name, args: None, .. }) | Arg::Text(name) => Some(name),
        Arg::Term(_) => None,
    }
}

/// Whether it names a channel, or else something of the kind.
fn about(word: &Word, kind: ArgKind, registry: &Registry, check: &mut Check<'_>) -> bool {
    let words = &registry.words;
    if words.channels.find(&word.value).is_some() {
        return true;
    }
    match kind {
        ArgKind::Product => family(word, words, check).is_some(),
        ArgKind::Party | ArgKind::Channel => {
            let found = words.parties.find(&word.value).is_some();
            if !found {
                let known = words.parties.words().chain(words.channels.words());
                check.unknown(word, "party or channel", known);
            }
            found
        }
    }
}

//! Compiles conditions: looks names up, and matches events with the facts that make them true.

use super::registry::{ArgKind, Fact, Named, Registry, event_args, literal};
use super::{Check, measure};
use crate::bits::Bits;
use crate::book::{Condition, Happened, Settled, Words};
use crate::calendar;
use crate::syntax::condition::{Arg, Expr, Term};
use crate::table::{ChannelNo, Number, QuestionNo};
use abide_model::Time;
use jiff::Span;

/// Compiles a condition; `None` after an error.
pub(super) fn build(expr: &Expr, registry: &mut Registry, check: &mut Check<'_>) -> Option<Condition> {
    match expr {
        Expr::Any(parts) => each(parts, registry, check).map(Condition::Any),
        Expr::All(parts) => each(parts, registry, check).map(Condition::All),
        Expr::Not(inner) => Some(Condition::Not(Box::new(build(inner, registry, check)?))),
        Expr::Term(term) => term_of(term, registry, check),
        Expr::Amount(term, order, amount) => measure::compared(term, *order, amount, registry, check),
    }
}

/// Compiles every part, so that all that is wrong with any of them is said.
fn each(parts: &[Expr], registry: &mut Registry, check: &mut Check<'_>) -> Option<Vec<Condition>> {
    let built: Vec<_> = parts.iter().map(|part| build(part, registry, check)).collect();
    built.into_iter().collect()
}

fn term_of(term: &Term, registry: &Registry, check: &mut Check<'_>) -> Option<Condition> {
    let words = &registry.words;
    match (term.name.value.as_str(), &term.args) {
        ("before", Some(args)) => before(term, args, check),
        ("after", Some(args)) => after(term, args, registry, check),
        (name, None) if words.questions.find(name).is_some() => {
            words.questions.find(name).map(Condition::Question)
        }
        (name, _) if registry.events.contains_key(name) => {
            happened(term, Span::new(), registry, check).map(Condition::Event)
        }
        (name, Some(_)) if measure::is_measure(name) => {
            measure::alone(term, check);
            None
        }
        (name, _) => {
            let event = words.questions.find(name).is_none();
            if event {
                let known = words.questions.words().chain(registry.events.keys().map(String::as_str));
                check.unknown(&term.name, "question or event", known);
            } else {
                let message = format!("question `{name}` takes no arguments");
                check.sink.error("arguments", term.spot, message).help(format!("write `{name}` alone"));
            }
            None
        }
    }
}

fn before(term: &Term, args: &[Arg], check: &mut Check<'_>) -> Option<Condition> {
    let [arg] = args else { return wrong_call(term, "before(2030-01-01)", check) };
    let Some(day) = plain(arg).and_then(calendar::day) else {
        return wrong_call(term, "before(2030-01-01)", check);
    };
    Some(Condition::Before(check.start(day)))
}

fn after(term: &Term, args: &[Arg], registry: &Registry, check: &mut Check<'_>) -> Option<Condition> {
    const SHAPE: &str = "after(agi-verified, \"90d\")";
    let (event, delay) = match args {
        [Arg::Term(event)] => (event, Span::new()),
        [Arg::Term(event), Arg::Text(delay)] => match calendar::span(&delay.value) {
            Some(span) => (event, span),
            None => {
                let message = format!("`{}` is not a length of time", delay.value);
                check.sink.error("bad-span", delay.spot, message).help(SPAN_HELP);
                return None;
            }
        },
        _ => return wrong_call(term, SHAPE, check),
    };
    if let Some(day) = calendar::day(&event.name.value) {
        let message = "`after` is about an event, not a day";
        check.sink.error("arguments", event.spot, message).help(format!("write `not before({day})`"));
        return None;
    }
    happened(event, delay, registry, check).map(Condition::Event)
}

/// What a length of time looks like.
pub(super) const SPAN_HELP: &str =
    "write a count and a unit: 90d (days), 2w (weeks), 6m (months), 1y (years)";

fn wrong_call(term: &Term, shape: &str, check: &mut Check<'_>) -> Option<Condition> {
    let message = format!("`{}` is not written like this", term.name.value);
    check.sink.error("arguments", term.spot, message).help(format!("write `{shape}`"));
    None
}

fn plain(arg: &Arg) -> Option<&str> {
    match arg {
        Arg::Term(Term { name, args: None, .. }) | Arg::Text(name) => Some(&name.value),
        Arg::Term(_) => None,
    }
}

/// An argument of an event in a condition.
enum Wanted {
    Fixed(Named),
    /// The actor, channel or product of the ask.
    OfAsk,
}

fn happened(term: &Term, delay: Span, registry: &Registry, check: &mut Check<'_>) -> Option<Vec<Happened>> {
    let kinds = event_args(term, registry, check)?;
    let args = term.args.as_deref().unwrap_or_default();
    let mut wanted = Vec::new();
    for (arg, kind) in args.iter().zip(kinds) {
        let of_ask = match kind {
            ArgKind::Party => "actor",
            ArgKind::Channel => "channel",
            ArgKind::Product => "product",
        };
        wanted.push(match plain(arg) == Some(of_ask) {
            true => Wanted::OfAsk,
            false => Wanted::Fixed(literal(arg, *kind, &registry.words, check)?),
        });
    }
    let facts = registry.facts.iter().filter(|fact| fact.event == term.name.value);
    Some(facts.filter_map(|fact| matched(fact, &wanted, delay, &registry.words, check)).collect())
}

/// Every launch through `channel` that a fact records, counted from `lead` after it.
pub(super) fn launches(
    channel: ChannelNo,
    lead: Span,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Vec<Happened> {
    let wanted = [Wanted::OfAsk, Wanted::Fixed(Named::Channel(channel))];
    let facts = registry.facts.iter().filter(|fact| fact.event == super::registry::LAUNCHED);
    facts.filter_map(|fact| matched(fact, &wanted, lead, &registry.words, check)).collect()
}

fn matched(
    fact: &Fact,
    wanted: &[Wanted],
    delay: Span,
    words: &Words,
    check: &mut Check<'_>,
) -> Option<Happened> {
    let at = fact.on.checked_add(delay).map_or(Time::MAX, |day| check.start(day));
    let mut found = Happened { at, recorded: fact.recorded, products: None, channel: None, actor: None };
    for (wanted, named) in wanted.iter().zip(&fact.args) {
        match (wanted, named) {
            (Wanted::Fixed(Named::Product(path)), Named::Product(about)) if about.covers(path) => {}
            (Wanted::Fixed(fixed), named) if fixed == named => {}
            (Wanted::Fixed(_), _) => return None,
            (Wanted::OfAsk, Named::Party(party)) => found.actor = Some(*party),
            (Wanted::OfAsk, Named::Channel(channel)) => found.channel = Some(*channel),
            (Wanted::OfAsk, Named::Product(about)) => {
                let mut bits = Bits::none(words.products.len());
                let covered = words.products.iter().filter(|(_, product)| about.covers(product));
                covered.for_each(|(number, _)| bits.insert(number.at()));
                found.products = Some(bits);
            }
        }
    }
    Some(found)
}

impl Condition {
    /// The questions it may hang on.
    pub(super) fn gather_questions(&self, found: &mut Vec<QuestionNo>) {
        match self {
            Condition::Any(parts) | Condition::All(parts) => {
                parts.iter().for_each(|part| part.gather_questions(found))
            }
            Condition::Not(inner) => inner.gather_questions(found),
            Condition::Question(question) => found.push(*question),
            Condition::Event(_) | Condition::Before(_) => {}
        }
    }

    /// The instants at which its answer may change, each with the time from which that is known.
    pub(super) fn changes(&self, registry: &Registry, found: &mut Vec<(Time, Time)>) {
        match self {
            Condition::Any(parts) | Condition::All(parts) => {
                parts.iter().for_each(|part| part.changes(registry, found))
            }
            Condition::Not(inner) => inner.changes(registry, found),
            Condition::Question(question) => {
                let measure = match registry.points.get(question.at()).map(|point| &point.settled) {
                    Some(Settled::Reached(threshold)) => registry.measures.get(threshold.measure.at()),
                    Some(Settled::Answers { .. } | Settled::Reply) | None => None,
                };
                let readings = measure.into_iter().flat_map(|measure| &measure.readings);
                found.extend(readings.map(|reading| (reading.on, reading.recorded)));
            }
            Condition::Event(facts) => found.extend(facts.iter().map(|fact| (fact.at, fact.recorded))),
            Condition::Before(at) => found.push((*at, Time::MIN)),
        }
    }
}

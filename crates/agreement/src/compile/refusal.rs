//! Compiles rights of first refusal: which offers and replies each of them hears of.

use super::Check;
use super::registry::{ACCEPTED, DECLINED, Fact, Named, OFFERED, Registry};
use crate::bits::Bits;
use crate::book::{Clause, Kind, Notice, Notified, Words};
use crate::table::{Number, PartyNo};
use abide_model::{Time, name};
use jiff::Span;

/// The offers that `from` made to `to`, and the replies, in the order in which they happened.
pub(super) fn notices(
    from: PartyNo,
    to: PartyNo,
    within: Span,
    registry: &Registry,
    check: &Check<'_>,
) -> Vec<Notice> {
    let mut found: Vec<_> = registry
        .facts
        .iter()
        .filter_map(|fact| {
            let (step, product) = heard(fact, from, to)?;
            let what = match step {
                Step::Offered => Notified::Offered {
                    lapses: fact.on.checked_add(within).map_or(Time::MAX, |day| check.start(day)),
                    reply: *registry.replies.get(&(from, to, product.clone()))?,
                },
                Step::Accepted => Notified::Accepted,
                Step::Declined => Notified::Declined,
            };
            let products = covered(product, &registry.words);
            let at = check.start(fact.on);
            // On one day an offer goes before its reply, and an acceptance before a refusal.
            Some(((at, step, product), Notice { at, recorded: fact.recorded, products, what }))
        })
        .collect();
    found.sort_by_key(|(order, _)| *order);
    found.into_iter().map(|(_, notice)| notice).collect()
}

/// Warns of offers and replies that no right of first refusal hears of: most likely their parties are swapped.
pub(super) fn unheard(clauses: &[Clause], registry: &Registry, check: &mut Check<'_>) {
    let steps = [OFFERED, ACCEPTED, DECLINED];
    for fact in registry.facts.iter().filter(|fact| steps.contains(&fact.event.as_str())) {
        let refusals = clauses.iter().filter(|clause| matches!(clause.kind, Kind::Refusal { .. }));
        if !refusals.into_iter().any(|clause| heard(fact, clause.from, clause.to).is_some()) {
            check
                .sink
                .warning(
                    "unheard",
                    fact.spot,
                    "no right of first refusal is between these parties this way round",
                )
                .help(
                    "write offered(who offers, to whom, product) and accepted(who takes, from whom, product)",
                );
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Offered,
    Accepted,
    Declined,
}

/// What a fact says between the two, if anything.
fn heard(fact: &Fact, from: PartyNo, to: PartyNo) -> Option<(Step, &name::Product)> {
    let [Named::Party(who), Named::Party(whom), Named::Product(product)] = fact.args.as_slice() else {
        return None;
    };
    let (step, between) = match fact.event.as_str() {
        OFFERED => (Step::Offered, (from, to)),
        ACCEPTED => (Step::Accepted, (to, from)),
        DECLINED => (Step::Declined, (to, from)),
        _ => return None,
    };
    ((*who, *whom) == between).then_some((step, product))
}

fn covered(path: &name::Product, words: &Words) -> Bits {
    let mut bits = Bits::none(words.products.len());
    let below = words.products.iter().filter(|(_, product)| path.covers(product));
    below.for_each(|(number, _)| bits.insert(number.at()));
    bits
}

/// The instants at which it may begin or cease to stand in the way, each with the time from which that is known.
pub(super) fn changes(notices: &[Notice]) -> impl Iterator<Item = (Time, Time)> + '_ {
    notices.iter().flat_map(|notice| {
        let lapse = match notice.what {
            Notified::Offered { lapses, .. } => Some((lapses, notice.recorded)),
            Notified::Accepted | Notified::Declined => None,
        };
        [(notice.at, notice.recorded)].into_iter().chain(lapse)
    })
}

//! Compiles what a clause covers, and compares what two clauses cover.

use super::Check;
use super::registry::{country, family};
use crate::bits::Bits;
use crate::book::{Offer, Scope, Words, action_bit};
use crate::diagnostic::Word;
use crate::open::OPEN_QUESTIONS_MAX;
use crate::suggest::did_you_mean;
use crate::syntax::clause::ScopeRow;
use crate::table::{Number, ProductNo, QuestionNo, TerritoryNo};
use abide_model::decision::Action;
use abide_model::name;
use std::collections::BTreeSet;

const EVERY_ACTION: u8 = (1 << Action::ALL.len()) - 1;

/// Compiles one box; names that are unknown are left out of it, after an error.
pub(super) fn build(row: &ScopeRow, words: &mut Words, check: &mut Check<'_>) -> Scope {
    Scope {
        actions: row.actions.as_ref().map_or(EVERY_ACTION, |actions| actions_of(actions, check)),
        products: row.products.as_ref().map(|paths| products_of(paths, words, check)),
        classes: row
            .classes
            .iter()
            .flatten()
            .filter_map(|word| check.find(&words.classes, word, "class"))
            .collect(),
        channels: row.channels.as_ref().map(|channels| {
            let mut bits = Bits::none(words.channels.len());
            for word in channels {
                check
                    .find(&words.channels, word, "channel")
                    .into_iter()
                    .for_each(|found| bits.insert(found.at()));
            }
            bits
        }),
        segments: row.segments.as_ref().map(|paths| segments_of(paths, words, check)),
        territories: row.territories.as_ref().map(|places| territories_of(places, words, check)),
    }
}

fn actions_of(actions: &[Word], check: &mut Check<'_>) -> u8 {
    let mut bits = 0;
    for word in actions {
        match Action::parse(&word.value) {
            Some(action) => bits |= action_bit(action),
            None => {
                let known = Action::ALL.map(Action::as_str);
                check
                    .sink
                    .error("unknown-word", word.spot, format!("there is no action `{}`", word.value))
                    .help(format!("the actions are {}", known.map(|action| format!("`{action}`")).join(", ")))
                    .hint(did_you_mean(&word.value, known));
            }
        }
    }
    bits
}

fn products_of(paths: &[Word], words: &Words, check: &mut Check<'_>) -> Bits {
    let mut bits = Bits::none(words.products.len());
    for word in paths {
        let Some(path) = family(word, words, check) else { continue };
        let covered = words.products.beginning(path.as_str()).filter(|(_, product)| path.covers(product));
        covered.for_each(|(number, _)| bits.insert(number.at()));
    }
    bits
}

fn segments_of(paths: &[Word], words: &Words, check: &mut Check<'_>) -> Bits {
    let mut bits = Bits::none(words.segments.len());
    for word in paths {
        let Some(path) = check.parse::<name::Segment>(word) else { continue };
        let covered: Vec<_> = words.segments.iter().filter(|(_, segment)| path.covers(segment)).collect();
        if covered.is_empty() {
            check.unknown(word, "segment", words.segments.words());
        }
        covered.into_iter().for_each(|(number, _)| bits.insert(number.at()));
    }
    bits
}

fn territories_of(places: &[Word], words: &mut Words, check: &mut Check<'_>) -> Vec<TerritoryNo> {
    let mut found = BTreeSet::new();
    for word in places {
        match words.sets.get(word.value.as_str()) {
            Some(members) => found.extend(members.iter().copied()),
            None => found.extend(country(word, words, check)),
        }
    }
    found.into_iter().collect()
}

/// A corner of the ask space: one value on each axis, `None` for a customer outside every named group or country.
#[derive(Clone, Copy)]
struct Corner {
    action: u8,
    product: ProductNo,
    channel: usize,
    segment: Option<usize>,
    territory: Option<TerritoryNo>,
}

impl Scope {
    fn on(&self, corner: Corner) -> bool {
        let inside = |axis: &Option<Bits>, at: Option<usize>| {
            axis.as_ref().is_none_or(|bits| at.is_some_and(|at| bits.holds(at)))
        };
        self.actions & corner.action != 0
            && inside(&self.products, Some(corner.product.at()))
            && inside(&self.channels, Some(corner.channel))
            && inside(&self.segments, corner.segment)
            && self
                .territories
                .as_ref()
                .is_none_or(|list| corner.territory.is_some_and(|at| list.contains(&at)))
    }
}

/// What a clause covers: its box, less the boxes carved out of it.
#[derive(Clone, Copy)]
pub(super) struct Region<'a> {
    pub(super) scope: &'a Scope,
    pub(super) except: &'a [Scope],
}

/// On which answers to open questions a region covers a corner.
struct Cover {
    /// When one of these is answered yes; `None` for always.
    when: Option<Vec<QuestionNo>>,
    /// Unless one of these is.
    unless: Vec<QuestionNo>,
}

impl Cover {
    fn holds(&self, yes: &[QuestionNo]) -> bool {
        let some = |questions: &[QuestionNo]| questions.iter().any(|question| yes.contains(question));
        self.when.as_deref().is_none_or(some) && !some(&self.unless)
    }

    fn questions(&self) -> impl Iterator<Item = QuestionNo> + '_ {
        self.when.iter().flatten().chain(&self.unless).copied()
    }
}

impl Region<'_> {
    /// `None` when it covers the corner on no answers.
    fn at(&self, corner: Corner, offer: &Offer) -> Option<Cover> {
        let when = self.scope.on(corner).then(|| hangs_on(self.scope, offer))?;
        let mut unless = Vec::new();
        for except in self.except.iter().filter(|except| except.on(corner)) {
            unless.extend(hangs_on(except, offer)?);
        }
        let never = when.as_ref().is_some_and(Vec::is_empty);
        (!never).then_some(Cover { when, unless })
    }
}

/// The questions that put a product into one of a scope's classes; `None` when it is in one for certain.
fn hangs_on(scope: &Scope, offer: &Offer) -> Option<Vec<QuestionNo>> {
    let held = offer.classes.iter().filter(|(class, _)| scope.classes.contains(class));
    if scope.classes.is_empty() { None } else { held.map(|(_, question)| *question).collect() }
}

/// How what one clause covers lies to what another covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    Apart,
    Narrower,
    Wider,
    /// They cross, or are the same.
    Crossing,
}

/// Compares two regions corner by corner, over the values that either of them or the book names, and over every set
/// of answers to the questions that matter there.
pub(super) fn lie(one: Region<'_>, other: Region<'_>, words: &Words) -> Lie {
    if boxes_apart(one.scope, other.scope) {
        return Lie::Apart;
    }
    let (mut meet, mut one_alone, mut other_alone) = (false, false, false);
    for corner in corners(one, other, words) {
        let offer = &words.offers[corner.product];
        match (one.at(corner, offer), other.at(corner, offer)) {
            (None, None) => {}
            (Some(cover), None) => one_alone |= answers(&[&cover]).any(|yes| cover.holds(&yes)),
            (None, Some(cover)) => other_alone |= answers(&[&cover]).any(|yes| cover.holds(&yes)),
            (Some(a), Some(b)) => {
                for yes in answers(&[&a, &b]) {
                    let (a, b) = (a.holds(&yes), b.holds(&yes));
                    meet |= a && b;
                    one_alone |= a && !b;
                    other_alone |= b && !a;
                }
            }
        }
        if meet && one_alone && other_alone {
            return Lie::Crossing;
        }
    }
    match (meet, one_alone, other_alone) {
        (false, ..) => Lie::Apart,
        (true, false, true) => Lie::Narrower,
        (true, true, false) => Lie::Wider,
        (true, ..) => Lie::Crossing,
    }
}

/// Whether two boxes share no action, product, channel, segment or country: the quick way out.
pub(super) fn boxes_apart(one: &Scope, other: &Scope) -> bool {
    let apart = |a: &Option<Bits>, b: &Option<Bits>| match (a, b) {
        (Some(a), Some(b)) => !a.meets(b),
        (None, _) | (_, None) => false,
    };
    one.actions & other.actions == 0
        || apart(&one.products, &other.products)
        || apart(&one.channels, &other.channels)
        || apart(&one.segments, &other.segments)
        || match (&one.territories, &other.territories) {
            (Some(a), Some(b)) => !a.iter().any(|country| b.contains(country)),
            (None, _) | (_, None) => false,
        }
}

/// Every set of questions answered yes, among those that the covers hang on.
fn answers(covers: &[&Cover]) -> impl Iterator<Item = Vec<QuestionNo>> + use<> {
    let questions: BTreeSet<_> = covers.iter().flat_map(|cover| cover.questions()).collect();
    let questions: Vec<_> = questions.into_iter().take(OPEN_QUESTIONS_MAX).collect();
    (0u32..1 << questions.len()).map(move |set| {
        let chosen = questions.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
        chosen.map(|(_, question)| *question).collect()
    })
}

fn corners<'a>(one: Region<'a>, other: Region<'a>, words: &'a Words) -> impl Iterator<Item = Corner> + 'a {
    let either = one.scope.actions | other.scope.actions;
    let actions = (0..Action::ALL.len()).map(|at| 1u8 << at).filter(move |bit| either & bit != 0);
    let scopes =
        [one, other].into_iter().flat_map(|region| std::iter::once(region.scope).chain(region.except));
    let segments = || std::iter::once(None).chain((0..words.segments.len()).map(Some));
    let places: BTreeSet<_> = scopes.flat_map(|scope| scope.territories.iter().flatten().copied()).collect();
    let territories: Vec<_> = std::iter::once(None).chain(places.into_iter().map(Some)).collect();
    actions.flat_map(move |action| {
        let territories = territories.clone();
        words.products.iter().flat_map(move |(product, _)| {
            let territories = territories.clone();
            (0..words.channels.len()).flat_map(move |channel| {
                let territories = territories.clone();
                segments().flat_map(move |segment| {
                    let corner = move |territory| Corner { action, product, channel, segment, territory };
                    territories.clone().into_iter().map(corner)
                })
            })
        })
    })
}

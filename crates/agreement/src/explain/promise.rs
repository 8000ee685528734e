//! What a clause gives, promises or owes, and over which scope.

use super::{Teller, words};
use crate::diagnostic::Word;
use crate::syntax::clause::{ClauseRow, KindRow, ScopeRow};

impl Teller<'_> {
    pub(super) fn promise(&self, row: &ClauseRow) -> String {
        let (from, to) = (self.party(row.from.as_ref()), self.party(row.to.as_ref()));
        let scope = &row.scope;
        let deed = || format!("{} {}{}", verbs(scope), things(scope), places(scope));
        match &row.kind {
            KindRow::Grant { depth } => {
                let further = depth.as_ref().map_or(String::new(), |depth| match depth.value {
                    0 => " It may not be passed on.".to_owned(),
                    1 => " It may be passed on once.".to_owned(),
                    many => format!(" It may be passed on, {many} grants deep."),
                });
                format!("{from} lets {to} {}.{further}", deed())
            }
            KindRow::Exclusive { sole: false } => {
                format!("{from} promises {to} that nobody but {to} may {}.", deed())
            }
            KindRow::Exclusive { sole: true } => {
                format!("{from} promises {to} that nobody but {to} and {from} itself may {}.", deed())
            }
            KindRow::First { channel, lead } => {
                let channel = channel.as_ref().map_or("that channel", |word| word.value.as_str());
                let later = lead
                    .as_ref()
                    .filter(|lead| !lead.value.starts_with('0'))
                    .map_or("only afterwards".to_owned(), |lead| {
                        format!("no sooner than {} later", words::span(&lead.value))
                    });
                let others =
                    scope.channels.as_ref().map_or("any other channel".to_owned(), |names| any(names));
                format!(
                    "{from} promises {to} that {} will be launched through `{channel}` first, and {later} through \
                     {others}.",
                    things(scope)
                )
            }
            KindRow::Refusal { within } => {
                let within = within.as_ref().map_or(String::new(), |within| words::span(&within.value));
                format!(
                    "{from} has to offer it to {to} first, and to leave the offer open for {within}, before it deals \
                     with others so that they {}.",
                    deed()
                )
            }
            KindRow::Money(money) => self.money_promise(row, money),
        }
    }

    pub(super) fn exceptions(&self, row: &ClauseRow) -> Vec<String> {
        row.except.iter().map(|scope| format!("Except: {}.", carved(scope))).collect()
    }
}

/// The revenue that counts: ` from `openai` through `azure``.
pub(super) fn base(scope: &ScopeRow) -> String {
    let named = scope.products.is_some() || scope.classes.is_some();
    let what = if named { format!(" from {}", things(scope)) } else { String::new() };
    format!("{what}{}", places(scope))
}

/// What is sold: `any product through `azure``.
pub(super) fn sold(scope: &ScopeRow) -> String {
    things(scope) + &places(scope)
}

/// What is bought: ``openai` and everything below it``; nothing where the base leaves it open.
pub(super) fn bought(scope: &ScopeRow) -> String {
    let named = scope.products.is_some() || scope.classes.is_some();
    let places = places(scope);
    match (named, places.is_empty()) {
        (true, _) => sold(scope),
        (false, false) => format!("what it buys{places}"),
        (false, true) => String::new(),
    }
}

/// What is done: `serve, sell or launch`.
fn verbs(scope: &ScopeRow) -> String {
    let said = |word: &Word| match word.value.as_str() {
        "host" => "host (run for itself)".to_owned(),
        "train" => "train".to_owned(),
        "sublicense" => "license on".to_owned(),
        other => other.to_owned(),
    };
    scope
        .actions
        .as_ref()
        .map_or("do anything with".to_owned(), |actions| words::any(actions.iter().map(said)))
}

/// With what: `openai and everything below it`.
fn things(scope: &ScopeRow) -> String {
    let products = scope.products.as_ref().map(|paths| {
        let below = if paths.len() > 1 { "everything below them" } else { "everything below it" };
        words::all(paths.iter().map(|path| format!("`{}`", path.value)).chain([below.to_owned()]))
    });
    let classes = scope.classes.as_ref().map(|classes| format!("counts as {}", any(classes)));
    match (products, classes) {
        (Some(products), None) => products,
        (Some(products), Some(classes)) => format!("what {classes} among {products}"),
        (None, Some(classes)) => format!("any product that {classes}"),
        (None, None) => "any product".to_owned(),
    }
}

/// Where and for whom.
fn places(scope: &ScopeRow) -> String {
    let part = |names: &Option<Vec<Word>>, before: &str| {
        names.as_ref().map_or(String::new(), |names| format!(" {before} {}", any(names)))
    };
    let customers = scope.segments.is_some() || scope.territories.is_some();
    part(&scope.channels, "through")
        + if customers { " for customers" } else { "" }
        + &part(&scope.segments, "of")
        + &part(&scope.territories, "in")
}

/// A scope that is taken out, as a phrase of its own.
fn carved(scope: &ScopeRow) -> String {
    let named = scope.products.is_some() || scope.classes.is_some();
    let mut phrase = match (&scope.actions, named) {
        (Some(_), _) => {
            format!("to {} {}", verbs(scope), if named { things(scope) } else { "it".to_owned() })
        }
        (None, true) => things(scope),
        (None, false) => String::new(),
    };
    phrase += &places(scope);
    phrase.trim_start().to_owned()
}

pub(super) fn any(names: &[Word]) -> String {
    words::any(names.iter().map(|word| format!("`{}`", word.value)))
}

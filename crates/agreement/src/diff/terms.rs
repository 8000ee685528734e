//! Money terms that begin, end, or change their figures.

use super::Side;
use abide_model::Date;
use abide_model::money::{Amount, Exact, grouped};
use abide_model::name::{Clause, Party};
use abide_model::terms::{
    Cap, Commit, Conversion, Guarantee, Limit, Parity, Rates, Share, Split, Stake, Take,
};
use std::collections::BTreeMap;

/// The money terms of one kind between two parties, where they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermChange {
    /// The kind of clause: `share`, `guarantee`, `commit`, `split`, `parity`, `stake`.
    pub kind: &'static str,
    /// Who owes, buys or promises; of a stake, the company.
    pub from: Party,
    /// Who is owed; nobody for a split.
    pub to: Option<Party>,
    /// The clauses before, each with its figures in words.
    pub before: Vec<(Clause, String)>,
    /// The clauses after.
    pub after: Vec<(Clause, String)>,
}

type Key = (&'static str, Party, Option<Party>);
type Terms = BTreeMap<Key, Vec<(Clause, String)>>;

pub(super) fn changes(before: Side<'_>, after: Side<'_>) -> Vec<TermChange> {
    let (mut was, mut is) = (in_force(before), in_force(after));
    let keys: Vec<Key> = was.keys().chain(is.keys()).cloned().collect();
    let mut found: Vec<TermChange> = Vec::new();
    for key in keys {
        let (before, after) = (was.remove(&key).unwrap_or_default(), is.remove(&key).unwrap_or_default());
        if before != after {
            let (kind, from, to) = key;
            found.push(TermChange { kind, from, to, before, after });
        }
    }
    found.sort_by(|a, b| (a.kind, &a.from, &a.to).cmp(&(b.kind, &b.from, &b.to)));
    found
}

/// Every term in force on the side's day, with its figures.
fn in_force(side: Side<'_>) -> Terms {
    let day = side.at.to_zoned(side.book.zone().clone()).date();
    let terms = side.book.terms(side.known);
    let mut found = Terms::new();
    let mut add = |kind, from: &Party, to: Option<&Party>, clause: &Clause, span: Days, words: String| {
        let holds = span.0 <= day && span.1.is_none_or(|until| day < until);
        if holds {
            let until = span.1.map_or(String::new(), |until| format!(", until {until}"));
            found
                .entry((kind, from.clone(), to.cloned()))
                .or_default()
                .push((clause.clone(), words + &until));
        }
    };
    for one in &terms.shares {
        add("share", &one.payer, Some(&one.payee), &one.clause, (one.since, one.until), share(one));
    }
    for one in &terms.guarantees {
        add("guarantee", &one.payer, Some(&one.payee), &one.clause, (one.since, one.until), guarantee(one));
    }
    for one in &terms.commits {
        let since = one.stages.first().map_or(Date::MAX, |stage| stage.since);
        let until = one.stages.last().and_then(|stage| stage.until);
        add("commit", &one.buyer, Some(&one.seller), &one.clause, (since, until), commit(one));
    }
    for one in &terms.splits {
        add("split", &one.holder, None, &one.clause, (one.since, one.until), split(one));
    }
    for one in &terms.parities {
        add("parity", &one.seller, Some(&one.buyer), &one.clause, (one.since, one.until), parity(one));
    }
    for one in &terms.stakes {
        add("stake", &one.company, Some(&one.holder), &one.clause, (one.since, one.until), stake(one));
    }
    found
}

type Days = (Date, Option<Date>);

fn share(share: &Share) -> String {
    let mut text = format!("{} a {}", rates(&share.rates), share.every.as_str());
    if let Some(floor) = &share.floor {
        text += &format!(", at least {} a {}", money(floor), share.every.as_str());
    }
    text += &cap(&share.cap, share.every.as_str());
    match share.conversion {
        Conversion::Day => {}
        Conversion::Average => text += ", converted at average rates",
        Conversion::Closing => text += ", converted at closing rates",
    }
    text
}

fn rates(rates: &Rates) -> String {
    let tiers = rates.tiers.iter().map(|tier| match &tier.upto {
        Some(upto) => format!("{} up to {}", tier.rate.percent(), money(upto)),
        None => tier.rate.percent(),
    });
    tiers.collect::<Vec<_>>().join(", then ")
}

fn cap(cap: &Cap, every: &str) -> String {
    let limit = |limit: &Limit, of: &str| match limit {
        Limit::None => String::new(),
        Limit::Unknown => format!(", at most an unknown amount {of}"),
        Limit::Of(amount) => format!(", at most {} {of}", money(amount)),
    };
    limit(&cap.period, &format!("a {every}")) + &limit(&cap.total, "in total")
}

fn guarantee(guarantee: &Guarantee) -> String {
    let minima: Vec<String> = guarantee.minima.iter().map(|one| money(&one.amount)).collect();
    format!("at least {} a {}", minima.join(", then "), guarantee.every.as_str())
}

fn commit(commit: &Commit) -> String {
    let amount = |amount: &Option<Amount>| amount.as_ref().map_or("an unknown amount".to_owned(), money);
    let stages = commit.stages.iter().map(|stage| {
        let until = stage.until.map_or(String::new(), |until| format!(" until {until}"));
        format!("{} from {}{until}", amount(&stage.amount), stage.since)
    });
    let mut text = stages.collect::<Vec<_>>().join(", then ");
    if !commit.shortfall.is_zero() {
        text += &format!("; {} of a shortfall is owed", commit.shortfall.percent());
    }
    text
}

fn split(split: &Split) -> String {
    let steps = split.steps.iter().map(|step| {
        let take = match &step.take {
            Take::Fixed(amount) => money(amount),
            Take::Gross(rate) => rate.percent(),
            Take::Remaining(rate) => format!("{} of what remains", rate.percent()),
            Take::Wholesale(amount) => format!("{} a unit", money(amount)),
            Take::Remainder => "the rest".to_owned(),
        };
        format!("{take} to {}", step.to)
    });
    format!("{}, a {}", steps.collect::<Vec<_>>().join(", "), split.every.as_str())
}

fn parity(parity: &Parity) -> String {
    let against = parity.against.iter().map(|one| match one.customers.is_empty() {
        true => format!("{} of what others pay", one.adjust.percent()),
        false => {
            let names: Vec<_> = one.customers.iter().map(ToString::to_string).collect();
            format!("{} of what {} pays", one.adjust.percent(), names.join(", "))
        }
    });
    format!("no more than {}, by {}", against.collect::<Vec<_>>().join(", or "), parity.every.as_str())
}

fn stake(stake: &Stake) -> String {
    let part = stake.percent.as_ref().map(Exact::percent);
    let paid = stake.invested.as_ref().map(|amount| format!("{} invested", money(amount)));
    [part, paid].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `38,000,000,000.00 USD`.
fn money(amount: &Amount) -> String {
    grouped(&amount.to_string())
}

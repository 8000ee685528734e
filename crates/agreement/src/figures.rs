//! Money terms in force, with their figures in words: amounts, periods, rates, bounds, and what is not known of them.
//! Nothing that changes what is owed is left out.

use crate::book::Book;
use crate::eval::{View, and, not};
use crate::open::Open;
use abide_model::money::{Amount, Exact, grouped};
use abide_model::name::{self, Question};
use abide_model::terms::{
    Basis, Cap, Commit, Comparable, Conversion, Guarantee, Limit, Parity, Rates, Rounding, Share, Split,
    Stage, Stake, Step, Take, Term, Terms,
};
use abide_model::{Date, Time};

/// A money term in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce<'t> {
    /// The term.
    pub term: Term<'t>,
    /// Its figures in words.
    pub figures: String,
    /// The open points on which it hangs whether it counts at all.
    pub hangs_on: Vec<Question>,
}

impl Book {
    /// Those of `terms`, as [`Book::terms`] gives them for `known`, that count at `at`, or may.
    #[must_use]
    pub fn in_force<'t>(&self, terms: &'t Terms, at: Time, known: Time) -> Vec<InForce<'t>> {
        let day = at.to_zoned(self.zone.clone()).date();
        let within = |term: &Term<'_>| {
            term.since().is_some_and(|since| since <= day) && term.until().is_none_or(|until| day < until)
        };
        let each = terms.each().filter(within);
        let found = each.filter_map(|term| {
            let hangs_on = self.hangs_on(term.clause(), at, known)?;
            Some(InForce { term, figures: figures(term), hangs_on })
        });
        found.collect()
    }

    /// The open points on which it hangs whether a clause counts; `None` when it does not for certain.
    fn hangs_on(&self, clause: &name::Clause, at: Time, known: Time) -> Option<Vec<Question>> {
        let (_, clause) = self.clauses.iter().find(|(_, one)| one.name == *clause)?;
        let view = View { book: self, cell: None, at, known, open: &[], assumed: None };
        let holds = view.condition(clause.holds_if.as_ref(), true);
        match and(holds, || not(view.condition(clause.unless.as_ref(), false))) {
            Some(false) => None,
            Some(true) => Some(Vec::new()),
            None => {
                let open = clause.questions.iter().copied().filter(|point| view.settled(*point).is_none());
                let open = Open::new(self, open);
                Some(open.named(self).map(|(point, _)| self.words.points[point].name.clone()).collect())
            }
        }
    }
}

/// The figures of a term in words.
fn figures(term: Term<'_>) -> String {
    match term {
        Term::Share(term) => share(term),
        Term::Guarantee(term) => guarantee(term),
        Term::Commit(term) => commit(term),
        Term::Split(term) => split(term),
        Term::Parity(term) => parity(term),
        Term::Stake(term) => stake(term),
    }
}

fn share(share: &Share) -> String {
    let mut text = format!("{} a {}", tiers(&share.rates), share.every.as_str());
    if share.rates.as_flat().is_none() {
        text += match share.rates.basis {
            Basis::Marginal => "",
            Basis::Volume => ", each rate of all revenue",
        };
        text += &share.rates.reset.map_or(String::new(), |every| format!(", anew each {}", every.as_str()));
    }
    if let Some(floor) = &share.floor {
        text += &format!(", at least {} a {}", money(floor), share.every.as_str());
    }
    text += &cap(&share.cap, share.every.as_str());
    if let Some(currency) = share.currency {
        text += &format!(", settled in {currency}");
    }
    match share.conversion {
        Conversion::Day => {}
        Conversion::Average => text += ", converted at average rates",
        Conversion::Closing => text += ", converted at closing rates",
    }
    text
}

fn tiers(rates: &Rates) -> String {
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
    let mut text = limit(&cap.period, &format!("a {every}")) + &limit(&cap.total, "in total");
    if let Some(from) = cap.from {
        text += &format!(", counted from {from}");
    }
    text += &match &cap.used {
        Limit::None => String::new(),
        Limit::Unknown => ", an unknown amount of it used before".to_owned(),
        Limit::Of(used) => format!(", {} of it used before", money(used)),
    };
    text
}

fn guarantee(guarantee: &Guarantee) -> String {
    let minima = guarantee.minima.iter().map(|one| match guarantee.minima.len() {
        1 => money(&one.amount),
        _ => format!("{} {}", money(&one.amount), span(one.since, one.until)),
    });
    let over: Vec<&str> = guarantee.over.iter().map(name::Clause::as_str).collect();
    let mut text =
        format!("at least {} a {}", minima.collect::<Vec<_>>().join(", then "), guarantee.every.as_str());
    text += &format!(", over {}", over.join(", "));
    match guarantee.window {
        0 => {}
        1 => text += ", recouped within 1 period",
        many => text += &format!(", recouped within {many} periods"),
    }
    text
}

fn commit(commit: &Commit) -> String {
    let amount = |amount: &Option<Amount>| amount.as_ref().map_or("an unknown amount".to_owned(), money);
    let stages = commit.stages.iter().map(|stage: &Stage| {
        let lapses = if stage.lapsed { ", then lapses" } else { "" };
        format!("{} {}{lapses}", amount(&stage.amount), span(stage.since, stage.until))
    });
    let mut text = stages.collect::<Vec<_>>().join(", then ");
    if let Some(capacity) = &commit.capacity {
        text += &format!("; {} {}", capacity.count, capacity.unit);
    }
    let part = |part: &Exact, what: &str| {
        if part.is_zero() { String::new() } else { format!("; {} of {what}", part.percent()) }
    };
    text += &part(&commit.shortfall, "a shortfall is owed");
    text += &part(&commit.carry, "a stage may be bought ahead");
    text + &part(&commit.rollover, "a stage may be bought in the next")
}

fn split(split: &Split) -> String {
    let steps = split.steps.iter().map(|step: &Step| {
        let take = match &step.take {
            Take::Fixed(amount) => money(amount),
            Take::Gross(rate) => rate.percent(),
            Take::Remaining(rate) => format!("{} of what remains", rate.percent()),
            Take::Wholesale(amount) => format!("{} a unit", money(amount)),
            Take::Remainder => "the rest".to_owned(),
        };
        let most = step.cap.as_ref().map_or(String::new(), |cap| format!(", at most {},", money(cap)));
        format!("{take}{most} to {}", step.to)
    });
    let rounding = match split.rounding {
        Rounding::LargestRemainder => "",
        Rounding::First => ", rounding to the first",
        Rounding::Last => ", rounding to the last",
    };
    format!("{}, a {}{rounding}", steps.collect::<Vec<_>>().join(", "), split.every.as_str())
}

fn parity(parity: &Parity) -> String {
    let against = parity.against.iter().map(|one: &Comparable| {
        let names: Vec<&str> = one.customers.iter().map(name::Customer::as_str).collect();
        let who = match names.as_slice() {
            [] => "others pay".to_owned(),
            [one] => format!("{one} pays"),
            many => format!("{} pay", many.join(", ")),
        };
        let most = one
            .at_most
            .as_ref()
            .map_or(String::new(), |most| format!(" for at most {} units", grouped(&most.to_string())));
        format!("{} of what {who}{most}", one.adjust.percent())
    });
    format!("no more than {}, by {}", against.collect::<Vec<_>>().join(", or "), parity.every.as_str())
}

fn stake(stake: &Stake) -> String {
    let part = stake.percent.as_ref().map_or("an unknown part".to_owned(), Exact::percent);
    let paid = stake.invested.as_ref().map(|amount| format!("{} invested", money(amount)));
    [Some(part), paid].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn span(since: Date, until: Option<Date>) -> String {
    format!("from {since}{}", until.map_or(String::new(), |until| format!(" until {until}")))
}

/// `38,000,000,000.00 USD`.
fn money(amount: &Amount) -> String {
    grouped(&amount.to_string())
}

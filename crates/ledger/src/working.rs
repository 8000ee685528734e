//! What an amount comes from, step by step, in words and figures: what invoices print, and what a closed period keeps.

use crate::accrual::Settlement;
use crate::convert::Quote;
use crate::figure::{self, money, number, rates, span};
use crate::share::Span;
use crate::tally::{AT_FAVOURED_PRICE, Entry};
use abide_model::money::{Amount, Currency, Exact, grouped};
use abide_model::terms::{Limit, Share};
use std::collections::BTreeSet;

/// One step: `20% of revenue of`, `60.00 USD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub what: String,
    /// The figure, with its currency; a bound, a rate.
    pub is: String,
}

impl Step {
    pub(crate) fn new(what: impl Into<String>, is: impl Into<String>) -> Self {
        Self { what: what.into(), is: is.into() }
    }

    /// In one text.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.what, self.is).trim().to_owned()
    }

    /// Whether it may be shown to the party that it is owed to: what others pay may not.
    pub(crate) fn may_be_sent(&self) -> bool {
        self.what != AT_FAVOURED_PRICE
    }
}

/// The steps to a share of a period.
pub(crate) fn of_share(
    share: &Share,
    settlement: &Settlement,
    currency: Currency,
    quotes: &BTreeSet<Quote>,
) -> Vec<Step> {
    let base = format!("{} {currency}", money(&settlement.base, currency));
    let rate = rates(&share.rates);
    let mut steps = match share.rates.as_flat() {
        Some(_) => vec![Step::new(format!("{rate} of revenue of"), base)],
        None => vec![Step::new("on revenue of", base), Step::new("by tiers:", rate)],
    };
    steps.extend(share.floor.as_ref().map(|floor| Step::new("at least", amount(floor))));
    let bound = |limit: &Limit, of: String| match limit {
        Limit::None => None,
        Limit::Unknown => Some(Step::new("a cap that is not known", of)),
        Limit::Of(most) => Some(Step::new("at most", format!("{} {of}", amount(most)))),
    };
    steps.extend(bound(&share.cap.period, format!("each {}", share.every.as_str())));
    steps.extend(bound(&share.cap.total, "in all".to_owned()));
    if steps.len() > 1 {
        let comes_to = span(&settlement.share, |share| format!("{} {currency}", money(share, currency)));
        steps.push(Step::new("comes to", comes_to));
    }
    steps.extend(quotes.iter().map(converted));
    steps
}

/// The steps to what falls due under another clause.
pub(crate) fn of_entry(entry: &Entry) -> Vec<Step> {
    let currency = entry.currency;
    let one = |value: &Exact| format!("{} {currency}", money(value, currency));
    let shown = |(name, value): &(&str, Span<Exact>)| {
        let zero = value.is_exact() && value.low.is_zero();
        (!zero).then(|| Step::new(*name, span(value, one)))
    };
    let part = entry.part.as_ref().map(|(part, of)| Step::new(format!("{} of", part.percent()), one(of)));
    let figures = entry.figures.iter().filter_map(shown).chain(part);
    figures.chain(entry.quotes.iter().map(converted)).collect()
}

/// The steps to what changed of a closed period: what it is worked out from now, less what it was closed with.
pub(crate) fn of_change(now: Option<&[Step]>, closed: i128, currency: Currency) -> Vec<Step> {
    let mut steps = match now {
        Some(now) => now.to_vec(),
        None => vec![Step::new("not owed any more", "")],
    };
    if closed != 0 {
        let closed = grouped(&figure::minor(closed, currency));
        steps.push(Step::new("less, as it was closed before,", format!("{closed} {currency}")));
    }
    steps
}

fn converted(quote: &Quote) -> Step {
    Step::new("converted at", quote.to_string())
}

fn amount(amount: &Amount) -> String {
    format!("{} {}", grouped(&number(amount)), amount.currency)
}

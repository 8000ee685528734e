//! How much a clause is about, and how it is worked out.

use super::promise::{base, bought, sold};
use super::{Teller, words};
use crate::diagnostic::Word;
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::money::{
    Amounts, CapRow, CommitRow, ComparableRow, GuaranteeRow, MoneyRow, ParityRow, ShareRow, SplitRow,
    StakeRow, StepRow, TakeRow, TierRow,
};
use abide_model::money::grouped;

/// The word of the files for a figure that exists and is not known.
const UNKNOWN: &str = "unknown";

impl Teller<'_> {
    /// The sentence that says what a clause about money is.
    pub(super) fn money_promise(&self, row: &ClauseRow, money: &MoneyRow) -> String {
        let (from, to) = (self.party(row.from.as_ref()), self.party(row.to.as_ref()));
        let scope = &row.scope;
        match money {
            MoneyRow::Share(_) => format!("{from} owes {to} a part of its revenue{}.", base(scope)),
            MoneyRow::Guarantee(_) => format!("{from} promises {to} a minimum."),
            MoneyRow::Commit(_) => {
                let what = bought(scope);
                let what = if what.is_empty() { what } else { format!("; what counts is {what}") };
                format!("{from} commits to buying from {to}{what}.")
            }
            MoneyRow::Split(_) => format!("{from} collects the revenue{} and passes it on.", base(scope)),
            MoneyRow::Parity(_) => {
                let what = sold(scope);
                format!("{from} promises {to} that it pays no higher price for {what} than others do.")
            }
            MoneyRow::Stake(StakeRow { percent: Some(percent), .. }) => {
                format!("{to} owns {} of {from}.", percent.value)
            }
            MoneyRow::Stake(StakeRow { percent: None, .. }) => {
                format!("{to} owns a part of {from}; which part is not known.")
            }
        }
    }

    pub(super) fn money(&self, row: &ClauseRow) -> Vec<String> {
        match &row.kind {
            KindRow::Grant { .. }
            | KindRow::Exclusive { .. }
            | KindRow::First { .. }
            | KindRow::Refusal { .. } => Vec::new(),
            KindRow::Money(money) => match money.as_ref() {
                MoneyRow::Share(share) => share_said(share),
                MoneyRow::Guarantee(guarantee) => guarantee_said(guarantee),
                MoneyRow::Commit(commit) => commit_said(commit),
                MoneyRow::Split(split) => self.split_said(split),
                MoneyRow::Parity(parity) => self.parity_said(parity, &self.party(row.to.as_ref())),
                MoneyRow::Stake(stake) => {
                    let invested = stake.invested.iter();
                    invested
                        .map(|sum| format!("{} were invested for it.", words::money(&sum.value)))
                        .collect()
                }
            },
        }
    }

    fn split_said(&self, split: &SplitRow) -> Vec<String> {
        let mut texts = vec![format!("It is divided each {}, in this order.", text(&split.every))];
        texts.extend(split.steps.iter().map(|step| self.step(step)));
        texts.extend(split.rounding.as_ref().map(|rounding| match rounding.value.as_str() {
            "first" => "What rounding leaves over goes to the first.".to_owned(),
            "last" => "What rounding leaves over goes to the last.".to_owned(),
            _ => "What rounding leaves over goes to whom it took most from.".to_owned(),
        }));
        texts
    }

    fn step(&self, step: &StepRow) -> String {
        let who = self.party(step.to.as_ref());
        let cap =
            step.cap.as_ref().map_or(String::new(), |cap| format!(", at most {}", words::money(&cap.value)));
        let takes = match &step.take {
            None => "something".to_owned(),
            Some(TakeRow::Fixed(sum)) => words::money(&sum.value),
            Some(TakeRow::Rate { rate, of }) => {
                let remaining = of.as_ref().is_some_and(|of| of.value == "remaining");
                let whole = if remaining { "what then remains" } else { "the whole" };
                format!("{} of {whole}", rate.value)
            }
            Some(TakeRow::Wholesale(price)) => format!("{} for each unit", words::money(&price.value)),
            Some(TakeRow::Remainder) => "the rest".to_owned(),
        };
        format!("{who} takes {takes}{cap}.")
    }

    fn parity_said(&self, parity: &ParityRow, buyer: &str) -> Vec<String> {
        let every = text(&parity.every);
        let against = parity.against.iter().map(|one| self.comparable(one, &every));
        let against = words::all(against.collect::<Vec<_>>());
        let against = if against.is_empty() { "what every other customer pays".to_owned() } else { against };
        vec![format!(
            "Each {every}, what {buyer} pays for a unit is compared with {against}; what it paid above the lowest is \
             credited."
        )]
    }

    fn comparable(&self, one: &ComparableRow, every: &str) -> String {
        let who = one.customers.as_ref().map_or("any other customer".to_owned(), |customers| {
            words::any(customers.iter().map(|customer| self.party(Some(customer))))
        });
        let units = one.at_most.as_ref();
        let units = units.map_or(String::new(), |most| {
            format!(
                " where it buys no more than {} units in that {every}",
                grouped(&most.value.replace('_', ""))
            )
        });
        let part = one.adjust.as_ref().map_or(String::new(), |part| format!("{} of ", part.value));
        format!("{part}what {who} pays{units}")
    }
}

fn share_said(share: &ShareRow) -> Vec<String> {
    let every = text(&share.every);
    let mut texts = match (&share.rate, &share.tiers) {
        (_, Some(tiers)) => tiers_said(tiers, share),
        (rate, None) => vec![format!("The part is {}, worked out each {every}.", text(rate))],
    };
    if share.tiers.is_some() {
        texts.push(format!("It is worked out each {every}."));
    }
    texts.extend(
        share
            .floor
            .as_ref()
            .map(|floor| format!("It is at least {} each {every}.", words::money(&floor.value))),
    );
    texts.extend(share.cap.iter().flat_map(|cap| cap_said(cap, &every)));
    texts.extend(share.currency.as_ref().map(|currency| format!("It is settled in {}.", currency.value)));
    texts.extend(share.convert.as_ref().map(|rule| match rule.value.as_str() {
        "average" => format!("Revenue in another currency is converted at the average rate of each {every}."),
        "closing" => {
            format!("Revenue in another currency is converted at the rate of the last day of each {every}.")
        }
        _ => "Revenue in another currency is converted at the rate of the day of each sale.".to_owned(),
    }));
    texts
}

fn tiers_said(tiers: &[TierRow], share: &ShareRow) -> Vec<String> {
    let parts = tiers.iter().map(|tier| match &tier.upto {
        Some(upto) => format!("{} up to {}", text(&tier.rate), words::money(&upto.value)),
        None => format!("{} above that", text(&tier.rate)),
    });
    let basis = match share.basis.as_ref().map(|word| word.value.as_str()) {
        Some("volume") => "the rate that is reached is taken of all of it, from the beginning",
        _ => "each rate is taken of the revenue within its tier",
    };
    let reset = share.reset.as_ref();
    let reset = reset.map_or(String::new(), |every| format!("; the tiers start anew each {}", every.value));
    vec![format!("The part is {}: {basis}{reset}.", words::all(parts))]
}

fn cap_said(cap: &CapRow, every: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for (when, sum) in [(format!("Each {every}"), &cap.period), ("In all".to_owned(), &cap.total)] {
        texts.extend(sum.as_ref().map(|sum| match sum.value.as_str() {
            UNKNOWN => format!("{when}, there is a bound to it; how high is not known."),
            sum => format!("{when}, it is at most {}.", words::money(sum)),
        }));
    }
    texts.extend(
        cap.from
            .as_ref()
            .map(|day| format!("Only periods that begin on {} or later use up the total.", day.value)),
    );
    texts.extend(cap.used.as_ref().map(|sum| match sum.value.as_str() {
        UNKNOWN => "How much of it earlier clauses have used up is not known.".to_owned(),
        sum => format!("Earlier clauses have used up {} of it.", words::money(sum)),
    }));
    texts.extend(cap.known.as_ref().map(|day| {
        format!("Before {}, it was known that there is such a bound, but not how high it is.", day.value)
    }));
    texts
}

fn guarantee_said(guarantee: &GuaranteeRow) -> Vec<String> {
    let every = text(&guarantee.every);
    let over = words::all(guarantee.over.iter().map(|word| format!("`{}`", word.value)));
    let mut texts = stages(&guarantee.amounts, &format!("each {every}"));
    texts.insert(
        0,
        format!("It is a minimum over what {over} earn{}.", if guarantee.over.len() == 1 { "s" } else { "" }),
    );
    texts.push(match &guarantee.window {
        Some(window) if window.value > 0 => {
            let periods =
                if window.value == 1 { every } else { format!("{} {}", window.value, plural(&every)) };
            format!(
                "What falls short of it may be recouped from what is earned above it in the next {periods}."
            )
        }
        Some(_) | None => "What falls short of it is not recouped later.".to_owned(),
    });
    texts
}

fn commit_said(commit: &CommitRow) -> Vec<String> {
    let mut texts = stages(&commit.amounts, "over the whole term");
    texts.extend(commit.capacity.as_ref().map(|text| format!("Capacity: {}.", text.value)));
    texts.push(match commit.shortfall.as_ref().map(|part| part.value.as_str()) {
        Some("100%") => "What was not bought is owed all the same.".to_owned(),
        Some(part) => format!("Of what was not bought, {part} is owed."),
        None => "Nothing is owed for what was not bought.".to_owned(),
    });
    texts.extend(commit.carry.as_ref().map(|part| {
        format!("What was bought beyond a stage counts toward the next, up to {} of it.", part.value)
    }));
    texts.extend(commit.rollover.as_ref().map(|part| {
        format!("What was not bought may be bought in the next stage, up to {} of it.", part.value)
    }));
    texts
}

/// The amounts, each with its days.
fn stages(amounts: &Amounts, whole: &str) -> Vec<String> {
    let said = |word: &Word| match word.value.as_str() {
        UNKNOWN => "an amount that is not public".to_owned(),
        sum => words::money(sum),
    };
    match amounts {
        Amounts::None => Vec::new(),
        Amounts::One(sum) if sum.value == UNKNOWN => vec![format!("How much that is {whole} is not public.")],
        Amounts::One(sum) => vec![format!("The amount is {} {whole}.", words::money(&sum.value))],
        Amounts::Schedule(stages) => {
            let one = |stage: &crate::syntax::money::StageRow| {
                let since = stage.since.as_ref().map_or(String::new(), |day| format!(" from {}", day.value));
                let until = stage.until.as_ref().map_or(String::new(), |day| format!(" until {}", day.value));
                format!("{}{since}{until}", stage.amount.as_ref().map_or(String::new(), said))
            };
            let whole = if whole.starts_with("each") { format!(" {whole}") } else { String::new() };
            vec![format!("The amount{whole} is {}.", words::all(stages.iter().map(one)))]
        }
    }
}

/// `quarters`, `halves`.
fn plural(every: &str) -> String {
    every.strip_suffix("lf").map_or_else(|| format!("{every}s"), |stem| format!("{stem}lves"))
}

fn text(word: &Option<Word>) -> String {
    word.as_ref().map_or(String::new(), |word| word.value.clone())
}

//! Compiles the clauses about money: rates, bounds, schedules, steps.

use super::Check;
use super::clause::Draft;
use super::price::{money, payable};
use super::registry::Registry;
use crate::book::{CapTerms, Money, Scope, ShareTerms};
use crate::diagnostic::{At, Spot, Word};
use crate::meant;
use crate::suggest::did_you_mean;
use crate::syntax::clause::{ClauseRow, KindRow};
use crate::syntax::money::{
    Amounts, CapRow, CommitRow, ComparableRow, GuaranteeRow, MoneyRow, ParityRow, ShareRow, SplitRow,
    StageRow, StakeRow, StepRow, TakeRow, TierRow,
};
use crate::table::{ClauseNo, PartyNo, Table};
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::{Clause, Customer};
use abide_model::terms::{
    Basis, Comparable, Conversion, Every, Limit, Quantity, Rates, Rounding, Step, Take, Tier,
};
use abide_model::{Date, Time};

/// The word for a figure that exists and is not known.
const UNKNOWN: &str = "unknown";
/// The most steps of a split, tiers of a share, or stages of a schedule.
const STEPS_MAX: usize = 1_000;
/// How far a shortfall may be recouped, in periods.
const WINDOW_PERIODS_MAX: u32 = 1_200;

/// A dated amount of a schedule; `None` where it is not known.
#[derive(Debug)]
pub(crate) struct StageTerms {
    pub(crate) since: Option<Date>,
    pub(crate) until: Option<Date>,
    pub(crate) amount: Option<Amount>,
}

/// Compiles one clause about money.
pub(super) fn build(
    row: &MoneyRow,
    clause: &ClauseRow,
    registry: &Registry,
    check: &mut Check<'_>,
) -> Option<Money> {
    match row {
        MoneyRow::Share(row) => share(row, clause, check).map(Money::Share),
        MoneyRow::Guarantee(row) => guarantee(row, check),
        MoneyRow::Commit(row) => commit(row, check),
        MoneyRow::Split(row) => split(row, registry, check),
        MoneyRow::Parity(row) => parity(row, check),
        MoneyRow::Stake(row) => stake(row, check),
    }
}

/// The party that a split names first besides its holder; a split has no `to` of its own.
pub(super) fn first_payee(row: &SplitRow, registry: &Registry, holder: Option<PartyNo>) -> Option<PartyNo> {
    let named = row.steps.iter().filter_map(|step| step.to.as_ref());
    let parties = named.filter_map(|word| registry.words.parties.find(&word.value));
    let all: Vec<_> = parties.collect();
    all.iter().find(|party| Some(**party) != holder).or(all.first()).copied()
}

/// A guarantee and the shares it is over have the same parties and the same period.
pub(super) fn guarantees(drafts: &[Draft<'_>], check: &mut Check<'_>) {
    for draft in drafts {
        let KindRow::Money(row) = &draft.row.kind else { continue };
        let (MoneyRow::Guarantee(row), Some(Money::Guarantee { every, .. })) =
            (row.as_ref(), draft.clause.kind.money())
        else {
            continue;
        };
        for word in &row.over {
            let found = drafts.iter().find(|draft| draft.clause.name.as_str() == word.value);
            let share = found.and_then(|found| match found.clause.kind.money() {
                Some(Money::Share(terms)) => Some((&found.clause, terms)),
                Some(
                    Money::Guarantee { .. }
                    | Money::Commit { .. }
                    | Money::Split { .. }
                    | Money::Parity { .. }
                    | Money::Stake { .. },
                )
                | None => None,
            });
            // A clause that is declared but missing here is broken, and reported as such already.
            if found.is_none() && check.seen.contains_key(&("clause", word.value.clone())) {
                continue;
            }
            let Some((clause, terms)) = share else {
                let is_share =
                    |draft: &&Draft<'_>| matches!(draft.clause.kind.money(), Some(Money::Share(_)));
                let shares = drafts.iter().filter(is_share);
                check.unknown(word, "share", shares.map(|draft| draft.clause.name.as_str()));
                continue;
            };
            if (clause.from, clause.to) != (draft.clause.from, draft.clause.to) || terms.every != *every {
                let message = format!("`{}` is between others, or for another period", word.value);
                check
                    .sink
                    .error("guarantee", word.spot, message)
                    .help("a guarantee and its shares have the same `from`, `to` and `every`");
            }
        }
    }
}

/// The clauses about money that have a base of their own and are not shares.
pub(super) fn with_base(clauses: &Table<ClauseNo, crate::book::Clause>) -> Vec<ClauseNo> {
    let based = |money: &Money| match money {
        Money::Commit { .. } | Money::Split { .. } | Money::Parity { .. } => true,
        Money::Share(_) | Money::Guarantee { .. } | Money::Stake { .. } => false,
    };
    let found = clauses.iter().filter(|(_, clause)| clause.kind.money().is_some_and(based));
    found.map(|(number, _)| number).collect()
}

/// The clauses about money that tell segments or countries apart.
pub(super) fn placing(clauses: &Table<ClauseNo, crate::book::Clause>) -> Vec<ClauseNo> {
    let tells = |scope: &Scope| scope.segments.is_some() || scope.territories.is_some();
    let placing = |clause: &crate::book::Clause| {
        clause.kind.money().is_some() && (tells(&clause.scope) || clause.except.iter().any(tells))
    };
    clauses.iter().filter(|(_, clause)| placing(clause)).map(|(number, _)| number).collect()
}

fn share(row: &ShareRow, clause: &ClauseRow, check: &mut Check<'_>) -> Option<ShareTerms> {
    let mut one = OneCurrency::default();
    let rates = rates(row, &mut one, check);
    let every = row.every.as_ref().and_then(|word| period(word, check));
    let currency = row.currency.as_ref().map(|word| currency(word, check));
    if let (Some(word), Some(Some(currency))) = (&row.currency, currency) {
        one.see(currency, word, check);
    }
    let floor = row.floor.as_ref().map(|word| one.amount(word, check));
    let cap = row.cap.as_ref().map(|cap| self::cap(cap, clause, &mut one, check));
    let conversion = row.convert.as_ref().map(|word| conversion(word, &one, check));
    Some(ShareTerms {
        rates: rates?,
        every: every?,
        floor: floor.map_or(Some(None), |floor| floor.map(Some))?,
        cap: cap.map_or(Some(None), |cap| cap.map(Some))?,
        currency: currency.map_or(Some(None), |found| found.map(Some))?,
        conversion: conversion.unwrap_or(Some(Conversion::Day))?,
    })
}

/// The rate at which a share converts; without a currency to convert to it would say nothing.
fn conversion(word: &Word, one: &OneCurrency, check: &mut Check<'_>) -> Option<Conversion> {
    if one.0.is_none() {
        check
            .sink
            .error("no-currency", word.spot, "this share has no currency that revenue is converted to")
            .help("add the one it is settled in, such as currency = \"USD\"");
    }
    let known = Conversion::ALL.map(Conversion::as_str);
    choice(word, "way of converting", Conversion::parse(&word.value), &known, check)
}

/// Keeps the amounts of one clause in one currency.
#[derive(Default)]
struct OneCurrency(Option<(Currency, Spot)>);

impl OneCurrency {
    fn see(&mut self, found: Currency, word: &Word, check: &mut Check<'_>) {
        match self.0 {
            None => self.0 = Some((found, word.spot)),
            Some((first, spot)) if first != found => {
                let message = format!("this clause counts in {first} and in {found}");
                check
                    .sink
                    .error("two-currencies", word.spot, message)
                    .also(spot, format!("{first} here"))
                    .help("state all its amounts in one; revenue in others is converted at the book's rates");
            }
            Some(_) => {}
        }
    }

    /// An amount that is not below zero.
    fn amount(&mut self, word: &Word, check: &mut Check<'_>) -> Option<Amount> {
        let amount = payable(word, check);
        self.positive(amount?, word, check)
    }

    /// A price of a unit, which may be as fine as it likes.
    fn price(&mut self, word: &Word, check: &mut Check<'_>) -> Option<Amount> {
        let amount = money(word, check);
        self.positive(amount?, word, check)
    }

    fn positive(&mut self, amount: Amount, word: &Word, check: &mut Check<'_>) -> Option<Amount> {
        self.see(amount.currency, word, check);
        if amount.pico < 0 {
            check
                .sink
                .error("bad-money", word.spot, "an amount of a term is not below zero")
                .help("write how much it is; who owes it to whom is said by `from` and `to`");
            return None;
        }
        Some(amount)
    }

    /// An amount, or the word that it is not known.
    fn limit(&mut self, word: Option<&Word>, check: &mut Check<'_>) -> Option<Limit> {
        match word {
            None => Some(Limit::None),
            Some(word) if word.value == UNKNOWN => Some(Limit::Unknown),
            Some(word) => self.amount(word, check).map(Limit::Of),
        }
    }
}

fn rates(row: &ShareRow, one: &mut OneCurrency, check: &mut Check<'_>) -> Option<Rates> {
    let word = |word: &Option<Word>| word.clone();
    let basis = word(&row.basis).map(|word| {
        choice(&word, "basis of tiers", Basis::parse(&word.value), &Basis::ALL.map(Basis::as_str), check)
    });
    let reset = word(&row.reset).map(|word| period(&word, check));
    let basis = basis.unwrap_or(Some(Basis::Marginal));
    let reset = reset.map_or(Some(None), |every| every.map(Some));
    let tiers = match &row.tiers {
        Some(tiers) => self::tiers(tiers, one, check),
        None => {
            if let Some(word) = row.basis.as_ref().or(row.reset.as_ref()) {
                check
                    .sink
                    .error("no-tiers", word.spot, "this says how tiers are counted, and there are none")
                    .help("write tiers = [{ upto = \"1_000_000 USD\", rate = \"20%\" }, { rate = \"15%\" }]");
            }
            percentage(row.rate.as_ref()?, "a share", check).map(|rate| vec![Tier { upto: None, rate }])
        }
    };
    Some(Rates { basis: basis?, tiers: tiers?, reset: reset? })
}

fn tiers(rows: &[TierRow], one: &mut OneCurrency, check: &mut Check<'_>) -> Option<Vec<Tier>> {
    let mut found: Vec<Tier> = Vec::new();
    let mut whole = rows.len() <= STEPS_MAX;
    for (at, row) in rows.iter().enumerate() {
        let rate = row.rate.as_ref().and_then(|word| percentage(word, "a share", check));
        let upto = row.upto.as_ref().map(|word| one.amount(word, check));
        let last = at + 1 == rows.len();
        if upto.is_some() == last {
            let message = if last { "the last tier must not end" } else { "this tier must end" };
            check
                .sink
                .error("tiers", row.upto.as_ref().map_or(row.spot, |word| word.spot), message)
                .help("every tier but the last ends with upto = \"…\", and the last has none");
            whole = false;
        }
        let before = found.last().and_then(|tier: &Tier| tier.upto);
        if let (Some(Some(upto)), Some(word)) = (upto, &row.upto)
            && (upto.pico == 0 || before.is_some_and(|before| before.pico >= upto.pico))
        {
            check
                .sink
                .error("tiers", word.spot, "this tier ends before it begins")
                .help("tiers rise from zero, each from where the one before it ends");
        }
        match (rate, upto) {
            (Some(rate), None) => found.push(Tier { upto: None, rate }),
            (Some(rate), Some(Some(upto))) => found.push(Tier { upto: Some(upto), rate }),
            (None, _) | (Some(_), Some(None)) => whole = false,
        }
    }
    (whole && !found.is_empty()).then_some(found)
}

fn cap(row: &CapRow, clause: &ClauseRow, one: &mut OneCurrency, check: &mut Check<'_>) -> Option<CapTerms> {
    let period = one.limit(row.period.as_ref(), check);
    let total = one.limit(row.total.as_ref(), check);
    let used = one.limit(row.used.as_ref(), check);
    if let (Some(cap), Some(clause)) = (&row.known, &clause.known)
        && cap.value < clause.value
    {
        check.sink.warning("early-record", cap.spot, "the cap is known before its clause is").help(
            "`known` of a cap is the day its amounts became known; leave it out where that is the clause's",
        );
    }
    if row.total.is_none() && (row.from.is_some() || row.used.is_some()) {
        check
            .sink
            .error("cap", row.spot, "`from` and `used` are about a total, and this cap has none")
            .help("add total = \"…\", or take them out");
    }
    Some(CapTerms {
        period: period?,
        total: total?,
        from: row.from.as_ref().map(|day| day.value),
        used: used?,
        known: row.known.as_ref().map_or(Time::MIN, |day| check.start(day.value)),
    })
}

fn guarantee(row: &GuaranteeRow, check: &mut Check<'_>) -> Option<Money> {
    let every = row.every.as_ref().and_then(|word| period(word, check));
    let over = row.over.iter().filter_map(|word| check.parse::<Clause>(word));
    let over: Vec<_> = over.collect();
    let stages = stages(&row.amounts, false, check);
    if let Some(window) = row.window.as_ref().filter(|window| window.value > WINDOW_PERIODS_MAX) {
        let message = format!("a window has at most {WINDOW_PERIODS_MAX} periods");
        check.sink.error("limit", window.spot, message).help("leave it out where nothing is recouped");
    }
    Some(Money::Guarantee {
        over,
        every: every?,
        minima: stages?,
        window: row.window.as_ref().map_or(0, |window| window.value),
    })
}

fn commit(row: &CommitRow, check: &mut Check<'_>) -> Option<Money> {
    let stages = stages(&row.amounts, true, check);
    let capacity = row.capacity.as_ref().map(|word| quantity(word, check));
    let mut part = |word: &Option<Word>, what: &str| {
        word.as_ref().map_or(Some(Exact::zero()), |word| percentage(word, what, check))
    };
    let shortfall = part(&row.shortfall, "what is owed of a shortfall");
    let carry = part(&row.carry, "what is carried on");
    let rollover = part(&row.rollover, "what rolls over");
    Some(Money::Commit {
        stages: stages?,
        capacity: capacity.map_or(Some(None), |found| found.map(Some))?,
        shortfall: shortfall?,
        carry: carry?,
        rollover: rollover?,
    })
}

/// The amounts of a schedule, by day.
fn stages(amounts: &Amounts, may_be_unknown: bool, check: &mut Check<'_>) -> Option<Vec<StageTerms>> {
    let mut one = OneCurrency::default();
    let mut amount = |word: &Word, check: &mut Check<'_>| {
        if may_be_unknown && word.value == UNKNOWN {
            return Some(None);
        }
        one.amount(word, check).map(Some)
    };
    let rows = match amounts {
        Amounts::None => return Some(Vec::new()),
        Amounts::One(word) => {
            let amount = amount(word, check)?;
            return Some(vec![StageTerms { since: None, until: None, amount }]);
        }
        Amounts::Schedule(rows) => rows,
    };
    let mut found: Vec<(Spot, StageTerms)> = Vec::new();
    let mut whole = rows.len() <= STEPS_MAX;
    for row in rows {
        let day = |day: &Option<At<Date>>| day.as_ref().map(|day| day.value);
        match row.amount.as_ref().and_then(|word| amount(word, check)) {
            Some(amount) => {
                found.push((row.spot, StageTerms { since: day(&row.since), until: day(&row.until), amount }));
            }
            None => whole = false,
        }
        stage_days(row, check);
    }
    found.sort_by_key(|(_, stage)| stage.since);
    for ((_, before), (spot, stage)) in found.iter().zip(found.iter().skip(1)) {
        if before.until.is_none_or(|end| stage.since.is_none_or(|since| since < end)) {
            check
                .sink
                .error("schedule", *spot, "this stage begins before the one before it ends")
                .help("`until` is the first day of the next stage; only the last may have none");
            whole = false;
        }
    }
    whole.then(|| found.into_iter().map(|(_, stage)| stage).collect())
}

fn stage_days(row: &StageRow, check: &mut Check<'_>) {
    if let (Some(since), Some(until)) = (&row.since, &row.until)
        && until.value <= since.value
    {
        check
            .sink
            .error("empty-term", until.spot, "this stage ends before it starts")
            .help("`until` is the first day after it");
    }
}

fn split(row: &SplitRow, registry: &Registry, check: &mut Check<'_>) -> Option<Money> {
    let every = row.every.as_ref().and_then(|word| period(word, check));
    let rounding = row.rounding.as_ref().map_or(Some(Rounding::LargestRemainder), |word| {
        let known = Rounding::ALL.map(Rounding::as_str);
        choice(word, "way of rounding", Rounding::parse(&word.value), &known, check)
    });
    let mut one = OneCurrency::default();
    let mut steps = Vec::new();
    let mut whole = row.steps.len() <= STEPS_MAX;
    for (at, step) in row.steps.iter().enumerate() {
        match self::step(step, registry, &mut one, check) {
            Some(found) => {
                remainder_last(step, &found, at + 1 == row.steps.len(), check);
                steps.push(found);
            }
            None => whole = false,
        }
    }
    if row.steps.is_empty() {
        check
            .sink
            .error("step", row.spot, "this split has no steps")
            .help("say in `steps` who gets what, in order; the last takes the remainder");
    }
    Some(Money::Split { every: every?, rounding: rounding?, steps: whole.then_some(steps)? })
}

/// What is left has to go somewhere, and after it nothing is left.
fn remainder_last(row: &StepRow, step: &Step, last: bool, check: &mut Check<'_>) {
    let takes_all = step.take == Take::Remainder && step.cap.is_none();
    if last && !takes_all {
        check
            .sink
            .error("step", row.spot, "the last step has to take all that is left, so that nothing is lost")
            .help("end with a step such as { to = \"lab\", remainder = true }, without a cap");
    } else if !last && takes_all {
        check.sink.error("step", row.spot, "the steps after this one get nothing").help("put it last");
    }
}

fn step(row: &StepRow, registry: &Registry, one: &mut OneCurrency, check: &mut Check<'_>) -> Option<Step> {
    let to = row.to.as_ref().and_then(|word| {
        check
            .find(&registry.words.parties, word, "party")
            .map(|number| registry.words.parties[number].clone())
    });
    let take = match row.take.as_ref()? {
        TakeRow::Fixed(word) => one.amount(word, check).map(Take::Fixed),
        TakeRow::Wholesale(word) => one.price(word, check).map(Take::Wholesale),
        TakeRow::Remainder => Some(Take::Remainder),
        TakeRow::Rate { rate, of } => {
            let exact = percentage(rate, "a step's part", check);
            match of.as_ref().map(|word| (word, word.value.as_str())) {
                None | Some((_, "gross")) => exact.map(Take::Gross),
                Some((_, "remaining")) => exact.map(Take::Remaining),
                Some((word, _)) => {
                    choice::<Take>(word, "base of a step", None, &["gross", "remaining"], check)
                }
            }
        }
    };
    let cap = row.cap.as_ref().map(|word| one.amount(word, check));
    Some(Step { to: to?, take: take?, cap: cap.map_or(Some(None), |cap| cap.map(Some))? })
}

fn parity(row: &ParityRow, check: &mut Check<'_>) -> Option<Money> {
    let every = row.every.as_ref().and_then(|word| period(word, check));
    let mut against: Vec<_> = row.against.iter().map(|row| comparable(row, check)).collect();
    if against.is_empty() {
        against.push(Some(Comparable { customers: Vec::new(), adjust: Exact::whole(1), at_most: None }));
    }
    Some(Money::Parity { every: every?, against: against.into_iter().collect::<Option<_>>()? })
}

fn comparable(row: &ComparableRow, check: &mut Check<'_>) -> Option<Comparable> {
    let customers = row.customers.iter().flatten().map(|word| check.parse::<Customer>(word));
    let customers: Vec<_> = customers.collect();
    let adjust = row.adjust.as_ref().map_or(Some(Exact::whole(1)), |word| {
        let read = Exact::parse(&word.value).ok().filter(|adjust| !adjust.is_negative() && !adjust.is_zero());
        if read.is_none() {
            check.sink.error("bad-rate", word.spot, format!("`{}` is not a factor", word.value)).help(
                "write a percentage above zero, such as \"105%\" for prices taken five hundredths higher",
            );
        }
        read
    });
    let at_most = row.at_most.as_ref().map(|word| whole_number(word, check));
    Some(Comparable {
        customers: customers.into_iter().collect::<Option<_>>()?,
        adjust: adjust?,
        at_most: at_most.map_or(Some(None), |found| found.map(Some))?,
    })
}

fn stake(row: &StakeRow, check: &mut Check<'_>) -> Option<Money> {
    let percent = row.percent.as_ref().map(|word| percentage(word, "a stake", check));
    let invested = row.invested.as_ref().map(|word| OneCurrency::default().amount(word, check));
    Some(Money::Stake {
        percent: percent.map_or(Some(None), |found| found.map(Some))?,
        invested: invested.map_or(Some(None), |found| found.map(Some))?,
    })
}

/// A percentage from 0 to 100; `what` it is begins the message.
pub(super) fn percentage(word: &Word, what: &str, check: &mut Check<'_>) -> Option<Exact> {
    let rate = Exact::parse(&word.value).ok().filter(|_| word.value.ends_with('%'));
    match rate {
        Some(rate) if !rate.is_negative() && rate <= Exact::whole(1) => Some(rate),
        Some(_) => {
            check
                .sink
                .error("bad-rate", word.spot, format!("{what} is at least 0% and at most 100%"))
                .help("write a part of the whole, such as \"20%\"");
            None
        }
        None => {
            let message = format!("`{}` is not a percentage", word.value);
            let like = meant::percent(&word.value).unwrap_or("20%".to_owned());
            check
                .sink
                .error("bad-rate", word.spot, message)
                .help(format!("write a number and a percent sign: \"{like}\""));
            None
        }
    }
}

fn period(word: &Word, check: &mut Check<'_>) -> Option<Every> {
    let found = Every::parse(&word.value);
    if found.is_none()
        && let Some(help) = meant::period(&word.value)
    {
        check.sink.error("unknown-word", word.spot, format!("`{}` is not a period", word.value)).help(help);
        return None;
    }
    choice(word, "period", found, &Every::ALL.map(Every::as_str), check)
}

/// One of a few words; an error that lists them when `found` is none.
fn choice<T>(word: &Word, what: &str, found: Option<T>, known: &[&str], check: &mut Check<'_>) -> Option<T> {
    if found.is_none() {
        let listed: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
        check
            .sink
            .error("unknown-word", word.spot, format!("`{}` is not a {what}", word.value))
            .help(format!("one of {}", listed.join(", ")))
            .hint(did_you_mean(&word.value, known.iter().copied()));
    }
    found
}

/// An ISO 4217 code.
pub(super) fn currency(word: &Word, check: &mut Check<'_>) -> Option<Currency> {
    let read = Currency::parse(&word.value);
    match &read {
        Ok(currency) => check.see_currency(*currency, word.spot),
        Err(wrong) => {
            let help = meant::currency(&word.value).unwrap_or("USD".to_owned());
            check
                .sink
                .error("bad-money", word.spot, wrong.to_string())
                .help(format!("write it like this: \"{help}\""));
        }
    }
    read.ok()
}

fn whole_number(word: &Word, check: &mut Check<'_>) -> Option<Exact> {
    let read = Exact::parse(&word.value).ok().filter(|_| !word.value.ends_with('%'));
    if read.is_none() {
        check
            .sink
            .error("bad-number", word.spot, format!("`{}` is not a number", word.value))
            .help("write digits in quotes, such as \"1_200\"");
    }
    read
}

/// `"4.5 GW"`, `"1_200 seats"`.
pub(super) fn quantity(word: &Word, check: &mut Check<'_>) -> Option<Quantity> {
    let (count, unit) = word.value.trim().split_once(' ').unwrap_or((word.value.as_str(), ""));
    let count = Exact::parse(count).ok().filter(|_| !unit.trim().is_empty() && !count.ends_with('%'));
    if count.is_none() {
        check
            .sink
            .error("bad-number", word.spot, format!("`{}` is not a quantity", word.value))
            .help("write a number, a space and a unit: \"4.5 GW\", \"1_200 seats\"");
    }
    Some(Quantity { count: count?, unit: unit.trim().to_owned() })
}

//! A statement as JSON. Money is text, exact and in currency units; spans always give both ends.

use crate::accrual::Settlement;
use crate::closing::Owed;
use crate::convert::{Quote, QuoteOf};
use crate::figure::{decimal, exact, minor};
use crate::postings::Count;
use crate::share::Span;
use crate::statement::{
    Bought, CustomerAccount, Due, Holding, ShareAccount, ShareEntry, Sight, Statement, Unplaced,
};
use crate::tally::{Account, Entry, Owing};
use crate::working::Step;
use abide_model::Time;
use abide_model::money::{Currency, Exact};
use abide_model::name::Party;
use abide_model::terms::{Every, Limit, Tier};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

impl Statement {
    /// The statement as one line of JSON, with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        line(&StatementJson::from(self))
    }
}

/// One line of JSON, with a line end.
pub(crate) fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value);
    assert!(text.is_ok(), "texts, whole numbers and maps keyed by text have a JSON form");
    text.unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct StatementJson<'a> {
    party: &'a str,
    book_of: &'a str,
    /// What people call the parties named here, by id; those without a name are left out.
    names: BTreeMap<&'a str, &'a str>,
    /// `own`: all that is behind the figures. `party`: what the party may be sent.
    sight: &'a str,
    period: String,
    from: String,
    until: String,
    zone: Option<&'a str>,
    at: String,
    /// Whether the period went on when the statement was drawn up.
    open: bool,
    revenue: Vec<RevenueJson<'a>>,
    unpriced: Vec<UnpricedJson<'a>>,
    /// Sales of which a clause cannot say whether it counts them, since they name no segment or country.
    unplaced: Vec<UnplacedJson<'a>>,
    totals: Vec<TotalJson<'a>>,
    /// Purchases that were entered, and what metered calls cost.
    bought: Vec<BoughtJson<'a>>,
    /// Metered usage by customer, as it is invoiced.
    customers: Vec<CustomerJson<'a>>,
    shares: Vec<ShareJson<'a>>,
    accounts: Vec<AccountJson<'a>>,
    /// The rates at which what counts in the period was converted, as they were entered.
    rates: Vec<QuoteJson<'a>>,
    ownership: Vec<HoldingJson<'a>>,
    closed_through: Option<String>,
    falls_due: Vec<ObligationJson<'a>>,
    /// What changed of periods that were closed before.
    adjustments: Vec<ObligationJson<'a>>,
    due: Vec<DueJson<'a>>,
}

#[derive(Serialize)]
struct RevenueJson<'a> {
    product: &'a str,
    channel: &'a str,
    #[serde(flatten)]
    count: CountJson,
    revenue: String,
    currency: &'a str,
}

#[derive(Serialize)]
struct UnpricedJson<'a> {
    product: &'a str,
    channel: &'a str,
    #[serde(flatten)]
    count: CountJson,
}

#[derive(Serialize)]
struct UnplacedJson<'a> {
    clause: &'a str,
    counted: bool,
    product: &'a str,
    channel: &'a str,
    #[serde(flatten)]
    count: CountJson,
    revenue: Option<String>,
    currency: Option<&'a str>,
    /// Where the first rows were entered.
    places: Vec<String>,
}

#[derive(Serialize)]
struct CustomerJson<'a> {
    customer: &'a str,
    #[serde(flatten)]
    count: CountJson,
    revenue: String,
    /// The rounded sum so far less what was billed before.
    billed: String,
    currency: &'a str,
}

#[derive(Serialize)]
struct BoughtJson<'a> {
    by: &'a str,
    from: &'a str,
    #[serde(flatten)]
    count: CountJson,
    amount: String,
    currency: &'a str,
}

#[derive(Serialize)]
struct TotalJson<'a> {
    #[serde(flatten)]
    count: CountJson,
    revenue: String,
    /// Rounded once, half to even.
    revenue_rounded: String,
    currency: &'a str,
}

#[derive(Serialize)]
struct CountJson {
    calls: u64,
    estimated_calls: u64,
    entered_rows: u64,
    input_tokens: u64,
    cache_read_tokens: u64,
    cache_write_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
}

#[derive(Serialize)]
struct ShareJson<'a> {
    clause: &'a str,
    payer: &'a str,
    payee: &'a str,
    /// The rate, where there is only one.
    rate: Option<String>,
    tiers: Vec<TierJson>,
    basis: &'a str,
    reset: Option<&'a str>,
    every: &'a str,
    since: String,
    until: Option<String>,
    floor: Option<String>,
    cap: LimitJson<'a>,
    cap_of_period: LimitJson<'a>,
    cap_from: Option<String>,
    /// The currency it is settled in, where it has one, and at which rates others are converted.
    currency: Option<&'a str>,
    conversion: &'a str,
    unpriced_calls: u64,
    entries: Vec<EntryJson<'a>>,
}

#[derive(Serialize)]
struct TierJson {
    upto: Option<String>,
    rate: String,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum LimitJson<'a> {
    None,
    Unknown,
    Total { total: String, currency: &'a str },
}

#[derive(Serialize)]
struct EntryJson<'a> {
    currency: &'a str,
    base_before: String,
    base: String,
    share_before: SpanJson,
    share: SpanJson,
    share_after: SpanJson,
    settlements: Vec<SettlementJson>,
    due: SpanJson,
    accrued: Option<SettlementJson>,
}

#[derive(Serialize)]
struct SettlementJson {
    period: String,
    base: String,
    share: SpanJson,
    due: SpanJson,
}

#[derive(Serialize)]
struct AccountJson<'a> {
    clause: &'a str,
    kind: &'a str,
    payer: &'a str,
    payee: Option<&'a str>,
    entries: Vec<AccountEntryJson<'a>>,
    /// What could not be counted for lack of an exchange rate, by currency.
    unconverted: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct AccountEntryJson<'a> {
    stretch: String,
    currency: &'a str,
    closed: bool,
    figures: BTreeMap<String, SpanJson>,
    /// What is owed, as a part of an amount, where it is neither all of a figure nor none.
    part: Option<PartJson>,
    owed: Vec<OwingJson<'a>>,
}

#[derive(Serialize)]
struct PartJson {
    rate: String,
    of: String,
}

#[derive(Serialize)]
struct OwingJson<'a> {
    payer: &'a str,
    payee: &'a str,
    exact: SpanJson,
    due: SpanJson,
}

#[derive(Serialize)]
struct QuoteJson<'a> {
    from: &'a str,
    to: &'a str,
    value: String,
    /// Whether it was entered from `to` to `from`, and is used the other way round.
    inverse: bool,
    /// The day from which it holds, or the days it is an average over.
    since: String,
    until: Option<String>,
    /// `entered`, or the `mean` of the rates of its days.
    by: &'static str,
}

#[derive(Serialize)]
struct HoldingJson<'a> {
    holder: &'a str,
    company: &'a str,
    direct: String,
    whole: String,
    worth: Option<String>,
    currency: Option<&'a str>,
}

#[derive(Serialize)]
struct ObligationJson<'a> {
    clause: &'a str,
    stretch: &'a str,
    closes: String,
    payer: &'a str,
    payee: &'a str,
    due: SpanJson,
    currency: &'a str,
    /// What it comes from; of what is closed, as it was closed.
    working: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    what: &'a str,
    is: &'a str,
}

#[derive(Serialize)]
struct DueJson<'a> {
    to_party: SpanJson,
    by_party: SpanJson,
    accrued_to_party: SpanJson,
    accrued_by_party: SpanJson,
    currency: &'a str,
}

#[derive(Serialize)]
struct SpanJson {
    low: String,
    high: String,
}

impl<'a> From<&'a Statement> for StatementJson<'a> {
    fn from(statement: &'a Statement) -> Self {
        let revenue = statement.revenue.iter().map(|row| RevenueJson {
            product: row.product.as_str(),
            channel: row.channel.as_str(),
            count: CountJson::from(&row.count),
            revenue: exact(&row.revenue, row.currency),
            currency: row.currency.as_str(),
        });
        let unpriced = statement.unpriced.iter().map(|row| UnpricedJson {
            product: row.product.as_str(),
            channel: row.channel.as_str(),
            count: CountJson::from(&row.count),
        });
        let totals = statement.totals.iter().map(|total| TotalJson {
            count: CountJson::from(&total.count),
            revenue: exact(&total.revenue, total.currency),
            revenue_rounded: minor(total.revenue_minor, total.currency),
            currency: total.currency.as_str(),
        });
        Self {
            party: statement.party.as_str(),
            book_of: statement.own.as_str(),
            names: named(statement),
            sight: match statement.sight {
                Sight::Own => "own",
                Sight::Party => "party",
            },
            period: statement.period.to_string(),
            from: instant(statement.bounds.start, &statement.zone),
            until: instant(statement.bounds.end, &statement.zone),
            zone: statement.zone.iana_name(),
            at: instant(statement.at, &statement.zone),
            open: statement.at < statement.bounds.end,
            revenue: revenue.collect(),
            unpriced: unpriced.collect(),
            unplaced: statement.unplaced.iter().map(|open| unplaced(open, statement.sight)).collect(),
            totals: totals.collect(),
            bought: statement.bought.iter().map(BoughtJson::from).collect(),
            customers: statement.customers.iter().map(CustomerJson::from).collect(),
            shares: statement.shares.iter().map(ShareJson::from).collect(),
            accounts: statement.accounts.iter().map(AccountJson::from).collect(),
            rates: statement.rates.iter().map(QuoteJson::from).collect(),
            ownership: statement.holdings.iter().map(HoldingJson::from).collect(),
            closed_through: statement.closed_through.map(|day| day.to_string()),
            falls_due: statement
                .falls_due
                .iter()
                .map(|owed| obligation(&owed.of, &owed.due, (&owed.working, statement.sight)))
                .collect(),
            adjustments: statement
                .adjustments
                .iter()
                .map(|figure| {
                    let minor = Span { low: figure.minor, high: figure.minor };
                    obligation(&figure.of, &minor, (&figure.working, statement.sight))
                })
                .collect(),
            due: statement.due.iter().map(DueJson::from).collect(),
        }
    }
}

/// With the offset of a zone: `2026-04-27T00:00:00-07:00`.
fn instant(at: Time, zone: &TimeZone) -> String {
    at.display_with_offset(zone.to_offset(at)).to_string()
}

impl<'a> From<&'a Bought> for BoughtJson<'a> {
    fn from(row: &'a Bought) -> Self {
        Self {
            by: row.buyer.as_str(),
            from: row.seller.as_str(),
            count: CountJson::from(&row.count),
            amount: exact(&row.amount, row.currency),
            currency: row.currency.as_str(),
        }
    }
}

impl<'a> From<&'a CustomerAccount> for CustomerJson<'a> {
    fn from(one: &'a CustomerAccount) -> Self {
        Self {
            customer: one.customer.as_str(),
            count: CountJson::from(&one.count),
            revenue: exact(&one.revenue, one.currency),
            billed: minor(one.billed, one.currency),
            currency: one.currency.as_str(),
        }
    }
}

impl<'a> From<&'a Due> for DueJson<'a> {
    fn from(due: &'a Due) -> Self {
        Self {
            to_party: minor_span(&due.to_party, due.currency),
            by_party: minor_span(&due.by_party, due.currency),
            accrued_to_party: minor_span(&due.accrued_to_party, due.currency),
            accrued_by_party: minor_span(&due.accrued_by_party, due.currency),
            currency: due.currency.as_str(),
        }
    }
}

/// The names of the parties that the statement tells of: whom else the book knows is nobody's business.
fn named(statement: &Statement) -> BTreeMap<&str, &str> {
    let mut told = BTreeSet::from([&statement.party, &statement.own]);
    for share in &statement.shares {
        told.extend([&share.terms.payer, &share.terms.payee]);
    }
    for account in &statement.accounts {
        told.extend(std::iter::once(&account.payer).chain(&account.payee));
        let owed = account.entries.iter().flat_map(|entry| &entry.owed);
        told.extend(owed.flat_map(|owing| [&owing.payer, &owing.payee]));
    }
    told.extend(statement.bought.iter().flat_map(|row| [&row.buyer, &row.seller]));
    told.extend(statement.holdings.iter().flat_map(|held| [&held.holder, &held.company]));
    let due = statement.falls_due.iter().map(|owed| &owed.of);
    let owed = due.chain(statement.adjustments.iter().map(|figure| &figure.of));
    told.extend(owed.flat_map(|of| [&of.payer, &of.payee]));
    let buys = |party: &Party| statement.customers.iter().any(|one| one.customer.as_str() == party.as_str());
    let names = statement.names.iter().filter(|(party, _)| told.contains(party) || buys(party));
    names.map(|(party, name)| (party.as_str(), name.as_str())).collect()
}

impl From<&Count> for CountJson {
    fn from(count: &Count) -> Self {
        Self {
            calls: count.calls,
            estimated_calls: count.estimated,
            entered_rows: count.entered,
            input_tokens: count.tokens.input,
            cache_read_tokens: count.tokens.cache_read,
            cache_write_tokens: count.tokens.cache_write,
            output_tokens: count.tokens.output,
            reasoning_tokens: count.tokens.reasoning,
        }
    }
}

impl<'a> From<&'a ShareAccount> for ShareJson<'a> {
    fn from(share: &'a ShareAccount) -> Self {
        let terms = &share.terms;
        Self {
            clause: terms.clause.as_str(),
            payer: terms.payer.as_str(),
            payee: terms.payee.as_str(),
            rate: terms.rates.as_flat().map(ToString::to_string),
            tiers: terms.rates.tiers.iter().map(tier).collect(),
            basis: terms.rates.basis.as_str(),
            reset: terms.rates.reset.map(Every::as_str),
            every: terms.every.as_str(),
            since: terms.since.to_string(),
            until: terms.until.map(|until| until.to_string()),
            floor: terms.floor.map(|floor| floor.to_string()),
            cap: limit(&terms.cap.total),
            cap_of_period: limit(&terms.cap.period),
            cap_from: terms.cap.from.map(|from| from.to_string()),
            currency: share.terms.currency.as_ref().map(Currency::as_str),
            conversion: terms.conversion.as_str(),
            unpriced_calls: share.unpriced_calls,
            entries: share.entries.iter().map(EntryJson::from).collect(),
        }
    }
}

impl<'a> From<&'a ShareEntry> for EntryJson<'a> {
    fn from(entry: &'a ShareEntry) -> Self {
        let currency = entry.currency;
        Self {
            currency: entry.currency.as_str(),
            base_before: exact(&entry.base_before, currency),
            base: exact(&entry.base, currency),
            share_before: exact_span(&entry.used_before, currency),
            share: exact_span(&entry.share, currency),
            share_after: exact_span(&entry.used_after, currency),
            settlements: entry.settled.iter().map(|settled| settlement(settled, currency)).collect(),
            due: minor_span(&entry.due, currency),
            accrued: entry.open.as_ref().map(|open| settlement(open, currency)),
        }
    }
}

impl<'a> From<&'a Account> for AccountJson<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            clause: account.clause.as_str(),
            kind: account.kind.as_str(),
            payer: account.payer.as_str(),
            payee: account.payee.as_ref().map(Party::as_str),
            entries: account.entries.iter().map(AccountEntryJson::from).collect(),
            unconverted: account
                .unconverted
                .iter()
                .map(|(currency, sum)| (currency.as_str(), exact(sum, *currency)))
                .collect(),
        }
    }
}

impl<'a> From<&'a Entry> for AccountEntryJson<'a> {
    fn from(entry: &'a Entry) -> Self {
        let currency = entry.currency;
        let owing = |owing: &'a Owing| OwingJson {
            payer: owing.payer.as_str(),
            payee: owing.payee.as_str(),
            exact: exact_span(&owing.exact, currency),
            due: minor_span(&owing.due, currency),
        };
        let figure =
            |(name, value): &(&str, Span<Exact>)| (name.replace(' ', "_"), exact_span(value, currency));
        Self {
            stretch: entry.stretch.to_string(),
            currency: entry.currency.as_str(),
            closed: entry.closed,
            figures: entry.figures.iter().map(figure).collect(),
            part: entry
                .part
                .as_ref()
                .map(|(rate, of)| PartJson { rate: rate.percent(), of: exact(of, currency) }),
            owed: entry.owed.iter().map(owing).collect(),
        }
    }
}

impl<'a> From<&'a Quote> for QuoteJson<'a> {
    fn from(quote: &'a Quote) -> Self {
        let (since, last, by) = match quote.of {
            QuoteOf::Since(day) => (day, None, "entered"),
            QuoteOf::Average(first, last) => (first, Some(last), "entered"),
            QuoteOf::Mean(first, last) => (first, Some(last), "mean"),
        };
        let until = last.map(|last| last.tomorrow().unwrap_or(last));
        Self {
            from: quote.from.as_str(),
            to: quote.to.as_str(),
            value: decimal(&quote.value),
            inverse: quote.inverse,
            since: since.to_string(),
            until: until.map(|until| until.to_string()),
            by,
        }
    }
}

impl<'a> From<&'a Holding> for HoldingJson<'a> {
    fn from(held: &'a Holding) -> Self {
        Self {
            holder: held.holder.as_str(),
            company: held.company.as_str(),
            direct: decimal(&held.direct),
            whole: decimal(&held.whole),
            worth: held.worth.as_ref().map(|(worth, currency)| exact(worth, *currency)),
            currency: held.worth.as_ref().map(|(_, currency)| currency.as_str()),
        }
    }
}

fn unplaced(open: &Unplaced, sight: Sight) -> UnplacedJson<'_> {
    let places = open.places.iter().filter(|_| sight == Sight::Own);
    UnplacedJson {
        clause: open.clause.as_str(),
        counted: open.counted,
        product: open.product.as_str(),
        channel: open.channel.as_str(),
        count: CountJson::from(&open.count),
        revenue: open.currency.map(|currency| exact(&open.revenue, currency)),
        currency: open.currency.as_ref().map(Currency::as_str),
        places: places.map(ToString::to_string).collect(),
    }
}

fn obligation<'a>(
    of: &'a Owed,
    due: &Span<i128>,
    (working, sight): (&'a [Step], Sight),
) -> ObligationJson<'a> {
    let shown = working.iter().filter(|step| sight == Sight::Own || step.may_be_sent());
    ObligationJson {
        clause: of.clause.as_str(),
        stretch: &of.stretch,
        closes: of.closes.to_string(),
        payer: of.payer.as_str(),
        payee: of.payee.as_str(),
        due: minor_span(due, of.currency),
        currency: of.currency.as_str(),
        working: shown.map(|step| StepJson { what: &step.what, is: &step.is }).collect(),
    }
}

fn tier(tier: &Tier) -> TierJson {
    TierJson { upto: tier.upto.map(|upto| upto.to_string()), rate: tier.rate.to_string() }
}

fn limit(limit: &Limit) -> LimitJson<'_> {
    match limit {
        Limit::None => LimitJson::None,
        Limit::Unknown => LimitJson::Unknown,
        Limit::Of(total) => LimitJson::Total {
            total: exact(&total.exact(), total.currency),
            currency: total.currency.as_str(),
        },
    }
}

fn settlement(settlement: &Settlement, currency: Currency) -> SettlementJson {
    SettlementJson {
        period: settlement.period.to_string(),
        base: exact(&settlement.base, currency),
        share: exact_span(&settlement.share, currency),
        due: minor_span(&settlement.due, currency),
    }
}

fn exact_span(span: &Span<Exact>, currency: Currency) -> SpanJson {
    SpanJson { low: exact(&span.low, currency), high: exact(&span.high, currency) }
}

fn minor_span(span: &Span<i128>, currency: Currency) -> SpanJson {
    SpanJson { low: minor(span.low, currency), high: minor(span.high, currency) }
}

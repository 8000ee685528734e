//! Works out random money series, one JSON object a line, so that a second implementation can be laid beside it.
//!
//! `python3 crates/ledger/oracle/money.py target/debug/examples/reckon --series 10000 --seed 1` runs both.

use abide_ledger::closing::Closings;
use abide_ledger::parity::Deal;
use abide_ledger::share::{Bound, Span};
use abide_ledger::{Period, Settlement, commit, guarantee, parity, share, split, stake, statement};
use abide_model::Time;
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Currency, Exact};
use abide_model::name::Clause;
use abide_model::terms::{
    Average, Basis, Cap, Commit, Conversion, Every, Limit, Place, Rate, Rates, Revenue, Rounding, Share,
    Step, Take, Terms, Tier, YearBegins,
};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> Fallible<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let answer = match text(&case, "kind")? {
            "share" => shares(&case)?,
            "guarantee" => guarantees(&case)?,
            "commit" => commits(&case)?,
            "split" => splits(&case)?,
            "parity" => parities(&case)?,
            "stake" => stakes(&case)?,
            "convert" => conversions(&case)?,
            other => return Err(format!("there is no kind `{other}`").into()),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn text<'v>(case: &'v Value, key: &str) -> Fallible<&'v str> {
    case.get(key).and_then(Value::as_str).ok_or_else(|| format!("`{key}` is no text in {case}").into())
}

fn list<'v>(case: &'v Value, key: &str) -> Fallible<&'v Vec<Value>> {
    case.get(key).and_then(Value::as_array).ok_or_else(|| format!("`{key}` is no list in {case}").into())
}

/// `3/7`, `-2` or `0.25`.
fn exact(value: &Value) -> Fallible<Exact> {
    let text = value.as_str().ok_or("a number is text")?;
    let (over, under) = text.split_once('/').unwrap_or((text, "1"));
    (&Exact::parse(over)? / &Exact::parse(under)?).ok_or_else(|| "a number over zero".into())
}

fn exacts(case: &Value, key: &str) -> Fallible<Vec<Exact>> {
    list(case, key)?.iter().map(exact).collect()
}

fn amount(value: &Value) -> Fallible<Option<Amount>> {
    value.as_str().map(|text| Amount::parse(&format!("{text} USD")).map_err(Into::into)).transpose()
}

fn limit(value: &Value) -> Fallible<Limit> {
    if value.as_str() == Some("unknown") {
        return Ok(Limit::Unknown);
    }
    Ok(amount(value)?.map_or(Limit::None, Limit::Of))
}

fn sure<T: Clone>(value: T) -> Span<T> {
    Span { low: value.clone(), high: value }
}

fn shares(case: &Value) -> Fallible<Value> {
    let tier = |value: &Value| -> Fallible<Tier> {
        let (upto, rate) = (value.get(0), value.get(1).ok_or("a tier has a rate")?);
        Ok(Tier { upto: upto.map_or(Ok(None), amount)?, rate: exact(rate)? })
    };
    let get = |key: &str| case.get(key).cloned().unwrap_or(Value::Null);
    let basis = Basis::parse(text(case, "basis")?).ok_or("no basis")?;
    let tiers = list(case, "tiers")?.iter().map(tier).collect::<Fallible<_>>()?;
    let every = Every::parse(text(case, "every")?).ok_or("no period")?;
    let terms = Share {
        clause: "share".parse()?,
        payer: "lab".parse()?,
        payee: "cloud".parse()?,
        rates: Rates { basis, tiers, reset: get("reset").as_str().and_then(Every::parse) },
        every,
        since: "2026-01-01".parse()?,
        until: None,
        floor: amount(&get("floor"))?,
        cap: Cap {
            period: limit(&get("period"))?,
            total: limit(&get("total"))?,
            from: get("from").as_str().map(str::parse).transpose()?,
            used: limit(&get("used"))?,
        },
        currency: None,
        conversion: Conversion::Day,
    };
    let begins = YearBegins::in_month(get("begins").as_u64().unwrap_or(1).try_into()?).ok_or("no month")?;
    let bound = Bound::of(&terms.cap, Currency::USD, true);
    let mut series = share::Series::new(&terms, begins, Currency::USD, bound);
    let first = Period::of(every, begins, terms.since);
    let mut rows = Vec::new();
    for (base, period) in exacts(case, "bases")?.iter().zip(first.onwards()) {
        let owed = series.next(period, base)?;
        let (low, high) = (owed.share.low.to_string(), owed.share.high.to_string());
        rows.push(json!([low, high, owed.due.low.to_string(), owed.due.high.to_string()]));
    }
    Ok(json!(rows))
}

fn guarantees(case: &Value) -> Fallible<Value> {
    let window = case.get("window").and_then(Value::as_u64).ok_or("no window")?;
    let mut series = guarantee::Series::new(window.try_into()?, Currency::USD, 1);
    let mut rows = Vec::new();
    let mut sum = Exact::zero();
    let mut given = 0;
    for (minimum, earned) in exacts(case, "minima")?.iter().zip(exacts(case, "earned")?) {
        sum += &earned;
        let rounded = sum.to_minor(Currency::USD).ok_or("too large")?;
        let due = rounded - std::mem::replace(&mut given, rounded);
        let found = series.next(minimum, &sure(earned), &sure(due))?;
        rows.push(json!([found.pay.low.to_string(), (due + found.due.low).to_string()]));
    }
    Ok(json!(rows))
}

fn commits(case: &Value) -> Fallible<Value> {
    let part = |key: &str| exact(case.get(key).ok_or("a part is missing")?);
    let terms = Commit {
        clause: "spend".parse()?,
        buyer: "lab".parse()?,
        seller: "cloud".parse()?,
        stages: Vec::new(),
        capacity: None,
        shortfall: part("shortfall")?,
        carry: part("carry")?,
        rollover: part("rollover")?,
    };
    let mut series = commit::Series::new(&terms, Currency::USD);
    let (committed, drawn) = (exacts(case, "committed")?, exacts(case, "drawn")?);
    let lapses = case.get("lapses").and_then(Value::as_bool).unwrap_or(false);
    let mut rows = Vec::new();
    for (at, (committed_to, bought)) in committed.iter().zip(&drawn).enumerate() {
        let last = at + 1 == committed.len();
        let found = series.next(committed_to, bought, last, last && lapses)?;
        rows.push(json!([found.available.to_string(), found.fee.to_string(), found.due.to_string()]));
    }
    Ok(json!(rows))
}

fn splits(case: &Value) -> Fallible<Value> {
    let step = |value: &Value| -> Fallible<Step> {
        let figure = value.get(1).ok_or("a step has a figure")?;
        let money = || -> Fallible<Amount> { amount(figure)?.ok_or_else(|| "a step has an amount".into()) };
        let take = match value.get(0).and_then(Value::as_str) {
            Some("gross") => Take::Gross(exact(figure)?),
            Some("remaining") => Take::Remaining(exact(figure)?),
            Some("fixed") => money().map(Take::Fixed)?,
            Some("wholesale") => money().map(Take::Wholesale)?,
            _ => Take::Remainder,
        };
        Ok(Step { to: "somebody".parse()?, take, cap: value.get(2).map_or(Ok(None), amount)? })
    };
    let steps: Vec<Step> = list(case, "steps")?.iter().map(step).collect::<Fallible<_>>()?;
    let gross = exact(case.get("gross").ok_or("no gross")?)?;
    let parts = split::parts(&steps, &gross, &exact(case.get("units").ok_or("no units")?)?);
    let rounding = Rounding::parse(text(case, "rounding")?).ok_or("no rounding")?;
    let scaled: Vec<Exact> = parts.iter().map(|part| part * &Exact::whole(100)).collect();
    let minor = split::in_minor_units(&scaled, gross.to_minor(Currency::USD).ok_or("too large")?, rounding);
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    let minor: Vec<String> = minor.iter().map(ToString::to_string).collect();
    Ok(json!([parts, minor]))
}

fn parities(case: &Value) -> Fallible<Value> {
    let deal = |value: &Value| -> Fallible<Deal> {
        let at = |place: usize| value.get(place).ok_or("a deal has three figures").map_err(Into::into);
        let read = |place: usize| at(place).and_then(exact);
        Ok(Deal { units: read(0)?, paid: read(1)?, adjust: read(2)? })
    };
    let own: Vec<Deal> = list(case, "own")?.iter().map(deal).collect::<Fallible<_>>()?;
    let others: Vec<Deal> = list(case, "others")?.iter().map(deal).collect::<Fallible<_>>()?;
    Ok(json!(parity::credit(&own, &others).to_string()))
}

fn stakes(case: &Value) -> Fallible<Value> {
    let rows = list(case, "direct")?;
    let mut direct = stake::Parts::new();
    for (holder, row) in rows.iter().enumerate() {
        for (company, part) in row.as_array().ok_or("a row is a list")?.iter().enumerate() {
            let part = exact(part)?;
            if !part.is_zero() {
                direct.insert((format!("p{holder}").parse()?, format!("p{company}").parse()?), part);
            }
        }
    }
    let Ok(whole) = stake::look_through(&direct, "2026-01-01".parse()?) else { return Ok(Value::Null) };
    let part = |holder: usize, company: usize| -> Fallible<String> {
        let key = (format!("p{holder}").parse()?, format!("p{company}").parse()?);
        Ok(whole.get(&key).cloned().unwrap_or_default().to_string())
    };
    let all = (0..rows.len()).map(|holder| (0..rows.len()).map(|company| part(holder, company)).collect());
    Ok(json!(all.collect::<Fallible<Vec<Vec<String>>>>()?))
}

/// What a fifth of sales in several currencies comes to, by currency and period.
fn conversions(case: &Value) -> Fallible<Value> {
    let clause: Clause = "share".parse()?;
    let get = |key: &str| case.get(key).cloned().unwrap_or(Value::Null);
    let rule = Conversion::parse(text(case, "rule")?).ok_or("no rule")?;
    let share = Share {
        clause: clause.clone(),
        payer: "lab".parse()?,
        payee: "cloud".parse()?,
        rates: Rates::flat(Exact::parse("20%")?),
        every: Every::parse(text(case, "every")?).ok_or("no period")?,
        since: "2026-01-01".parse()?,
        until: None,
        floor: None,
        cap: Cap::NONE,
        currency: Some(Currency::USD),
        conversion: rule,
    };
    let terms = Terms {
        shares: vec![share],
        rates: list(case, "rates")?.iter().map(rate).collect::<Fallible<_>>()?,
        averages: list(case, "averages")?.iter().map(average).collect::<Fallible<_>>()?,
        revenue: list(case, "sales")?.iter().map(|row| sale(row, &clause)).collect::<Fallible<_>>()?,
        ..Terms::default()
    };
    let at: Time = format!("{}T00:00Z", text(case, "at")?).parse()?;
    let scope = statement::Scope {
        party: "cloud".parse()?,
        own: "lab".parse()?,
        sight: statement::Sight::Own,
        names: BTreeMap::new(),
        period: Period::parse("2026").map_err(|error| error.to_string())?,
        zone: TimeZone::UTC,
        begins: YearBegins::in_month(get("begins").as_u64().unwrap_or(1).try_into()?).ok_or("no month")?,
        at,
        terms,
        closings: Closings::default(),
    };
    let drawn = statement::statement(scope, Vec::<UsageLine>::new(), |_, _| false)?;
    let mut rows = Vec::new();
    for entry in drawn.shares.iter().flat_map(|share| &share.entries) {
        let all = entry.settled.iter().chain(&entry.open);
        let row = |one: &Settlement| json!([one.base.to_string(), one.due.low.to_string()]);
        rows.push(Value::Array(all.map(row).collect()));
    }
    Ok(json!(rows))
}

fn word(row: &Value, place: usize) -> Fallible<&str> {
    row.get(place).and_then(Value::as_str).ok_or_else(|| format!("no text at {place} of {row}").into())
}

fn rate(row: &Value) -> Fallible<Rate> {
    Ok(Rate {
        from: Currency::parse(word(row, 0)?)?,
        to: Currency::parse(word(row, 1)?)?,
        value: Exact::parse(word(row, 2)?)?,
        on: word(row, 3)?.parse()?,
    })
}

fn average(row: &Value) -> Fallible<Average> {
    let Rate { from, to, value, on } = rate(row)?;
    Ok(Average { from, to, value, since: on, until: word(row, 4)?.parse()? })
}

fn sale(row: &Value, toward: &Clause) -> Fallible<Revenue> {
    let on = word(row, 0)?.parse()?;
    Ok(Revenue {
        by: "lab".parse()?,
        product: "lab/api".parse()?,
        channel: "own".parse()?,
        customer: None,
        amount: Amount::parse(&format!("{} {}", word(row, 2)?, word(row, 1)?))?,
        quantity: None,
        on,
        recorded: on,
        toward: vec![toward.clone()],
        unplaced: vec![],
        place: Place { file: "rows.toml".to_owned(), line: 1 },
    })
}

//! Usage lines as rows of text, for tests and the sample.
//!
//! `2026-04-03T10:00Z acme openai/api azure 1200/300 0.00185 USD`, `free` for no price, `~` after the tokens when
//! they are estimated.

use abide_model::id::{CallNo, RunId, SessionId};
use abide_model::line::UsageLine;
use abide_model::money::{Amount, Exact};
use abide_model::name::{Channel, Clause, Cloud, Customer, ModelName, Party, Product};
use abide_model::terms::{Cap, Every, Limit, Rates, Share};
use abide_model::usage::{Measure, Tokens, Usage};
use std::error::Error;

/// One line a row; calls are numbered from 1.
pub(crate) fn lines(text: &str) -> Result<Vec<UsageLine>, Box<dyn Error>> {
    let rows = text.lines().map(str::trim).filter(|row| !row.is_empty());
    rows.zip(1..).map(|(row, n)| line(row, n)).collect()
}

fn line(row: &str, n: u32) -> Result<UsageLine, Box<dyn Error>> {
    let wrong = || format!("`{row}` is not a line");
    let words: Vec<&str> = row.split_whitespace().collect();
    let [at, customer, product, channel, tokens, charge @ ..] = words.as_slice() else {
        return Err(wrong().into());
    };
    let (tokens, measure) = match tokens.strip_suffix('~') {
        Some(tokens) => (tokens, Measure::Estimated),
        None => (*tokens, Measure::Reported),
    };
    let (input, output) = tokens.split_once('/').ok_or_else(wrong)?;
    let tokens = Tokens { input: input.parse()?, output: output.parse()?, ..Tokens::default() };
    let charge = charge.join(" ");
    Ok(UsageLine {
        at: at.parse()?,
        run: RunId { session: SessionId(0xabcd), n },
        call: CallNo(n),
        key: "ci".to_owned(),
        customer: Customer::parse(customer)?,
        model: ModelName::parse("gpt")?,
        cloud: Cloud::parse("east")?,
        product: Product::parse(product)?,
        channel: Channel::parse(channel)?,
        usage: Usage { tokens, measure },
        charge: (charge != "free").then(|| Amount::parse(&charge)).transpose()?,
        duties: vec![],
    })
}

/// A quarterly share from openai to microsoft since 2026-01-01: `20%`, and `none`, `unknown` or an amount as cap.
pub(crate) fn share(rate: &str, cap: &str) -> Result<Share, Box<dyn Error>> {
    Ok(Share {
        clause: Clause::parse("apr27.revenue-share")?,
        payer: Party::parse("openai")?,
        payee: Party::parse("microsoft")?,
        rates: Rates::flat(Exact::parse(rate)?),
        every: Every::Quarter,
        since: "2026-01-01".parse()?,
        until: Some("2031-01-01".parse()?),
        floor: None,
        cap: match cap {
            "none" => Cap::NONE,
            "unknown" => Cap::total(Limit::Unknown),
            total => Cap::total(Limit::Of(Amount::parse(total)?)),
        },
        currency: None,
        conversion: abide_model::terms::Conversion::Day,
    })
}

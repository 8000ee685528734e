//! Prints a sample export, to try with the tools that read it.
//!
//! `cargo run -p abide-ledger --example export -- beancount day > sample.beancount && bean-check sample.beancount`

#[path = "../tests/rows/mod.rs"]
mod rows;

use abide_ledger::Detail;
use abide_ledger::book::{Draft, Scope};
use abide_ledger::closing::Closings;
use abide_ledger::export::Format;
use abide_model::name::Party;
use abide_model::terms::{Terms, YearBegins};
use jiff::tz::TimeZone;
use std::error::Error;

const CUSTOMERS: [&str; 4] = ["acme", "acme/west", "user:ann@example.com", "4th-floor"];
const OFFERS: [&str; 4] =
    ["openai/api azure", "openai/api/gpt-4.1 aws", "openai/frontier aws", "Mistral/large_2 direct"];
const PRICES: [&str; 5] = ["0.00185 USD", "0.0000075 USD", "12.5 EUR", "3.125 JPY", "free"];

#[expect(clippy::disallowed_methods, reason = "a program, not the crate: it has a command line")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let format =
        words.next().as_deref().and_then(Format::parse).ok_or("beancount, hledger, csv or jsonl?")?;
    let detail = match words.next().as_deref() {
        Some("day") | None => Detail::Day,
        Some("call") => Detail::Call,
        Some(other) => return Err(format!("`{other}` is neither day nor call").into()),
    };
    let mut draft = Draft::new(Scope {
        own: Party::parse("openai")?,
        zone: TimeZone::get("America/Los_Angeles")?,
        begins: YearBegins::JANUARY,
        until: "2026-08-01T12:00Z".parse()?,
        detail,
        terms: Terms {
            shares: vec![rows::share("20%", "2 USD")?, rows::share("12.5%", "unknown")?],
            ..Terms::default()
        },
        closings: Closings::default(),
    });
    let mut lines = rows::lines(&sample(2_000))?;
    lines.sort_by_key(|line| line.at);
    for line in &lines {
        draft.add(line, |_, line| line.product.as_str().starts_with("openai"));
    }
    print!("{}", format.text(&draft.finish()?, &lines)?);
    Ok(())
}

fn sample(calls: usize) -> String {
    let turn = |words: &[&'static str], n: usize| words.iter().copied().cycle().nth(n).unwrap_or_default();
    let row = |n: usize| {
        let (month, day, hour) = (1 + n % 7, 1 + n / 7 % 28, n % 24);
        let (customer, offer, price) = (turn(&CUSTOMERS, n / 3), turn(&OFFERS, n / 5), turn(&PRICES, n / 2));
        format!("2026-{month:02}-{day:02}T{hour:02}:00Z {customer} {offer} {n}/{} {price}\n", n % 50)
    };
    (0..calls).map(row).collect()
}

//! Amounts and counts as text that people and programs read. Knows nothing of what they count.

use crate::share::Span;
use abide_model::money::{Amount, Currency, Exact, grouped};
use abide_model::terms::{Basis, Rates, Tier};

/// An exact number of currency units: at least the decimals of the minor unit, `a/b` when no decimal ends.
pub(crate) fn exact(value: &Exact, currency: Currency) -> String {
    match value.to_amount(currency) {
        Some(amount) => number(&amount),
        None => value.to_string(),
    }
}

/// Minor units as currency units: `1234` is `12.34`.
pub(crate) fn minor(value: i128, currency: Currency) -> String {
    let scale = 10u128.pow(currency.decimals());
    let (unit, part) = (value.unsigned_abs() / scale, value.unsigned_abs() % scale);
    let sign = if value < 0 { "-" } else { "" };
    match currency.decimals() {
        0 => format!("{sign}{unit}"),
        decimals => format!("{sign}{unit}.{part:0>width$}", width = decimals as usize),
    }
}

/// An amount without its currency.
pub(crate) fn number(amount: &Amount) -> String {
    let mut text = amount.to_string();
    text.truncate(text.len() - amount.currency.as_str().len() - 1);
    text
}

/// The rates of a share: `20%`, or `20% up to 10,000,000.00 USD, then 5%`.
pub(crate) fn rates(rates: &Rates) -> String {
    let tier = |tier: &Tier| match tier.upto {
        Some(upto) => format!("{} up to {} {}", tier.rate.percent(), grouped(&number(&upto)), upto.currency),
        None => tier.rate.percent(),
    };
    let tiers: Vec<String> = rates.tiers.iter().map(tier).collect();
    let counted = match (rates.basis, tiers.len()) {
        (_, 0 | 1) | (Basis::Marginal, _) => "",
        (Basis::Volume, _) => ", the rate reached for all of it",
    };
    let reset = rates.reset.map_or(String::new(), |every| format!(", anew each {}", every.as_str()));
    tiers.join(", then ") + counted + &reset
}

/// `1 call`, `2,000 calls`.
pub(crate) fn calls(n: u64) -> String {
    format!("{} {}", grouped(&n.to_string()), if n == 1 { "call" } else { "calls" })
}

/// Figures one below the other with their points in line, each as wide as the widest.
pub(crate) fn in_line(figures: &mut [&mut String]) {
    let tail = |text: &str| text.len() - text.rfind('.').unwrap_or(text.len());
    let longest = figures.iter().map(|text| tail(text)).max().unwrap_or(0);
    for text in figures.iter_mut() {
        let spaces = longest - tail(text);
        text.push_str(&" ".repeat(spaces));
    }
    let widest = figures.iter().map(|text| text.len()).max().unwrap_or(0);
    for text in figures.iter_mut() {
        **text = format!("{text:>widest$}");
    }
}

/// One text when both ends are the same, else `low to high`.
pub(crate) fn span<T: PartialEq>(span: &Span<T>, show: impl Fn(&T) -> String) -> String {
    if span.is_exact() { show(&span.low) } else { format!("{} to {}", show(&span.low), show(&span.high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_below_each_other_have_their_points_in_line() {
        let mut figures = ["1,250.0037", "20.5", "7", "0.00 to 3.25"].map(str::to_owned);
        in_line(&mut figures.each_mut());
        assert_eq!(
            figures,
            ["    1,250.0037", "       20.5   ", "        7     ", "0.00 to 3.25  "].map(str::to_owned)
        );
    }

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(calls(1), "1 call");
        assert_eq!(calls(2_000), "2,000 calls");
        assert_eq!(minor(-123_405, Currency::USD), "-1234.05");
        assert_eq!(minor(7, Currency::parse("JPY").unwrap()), "7");
        assert_eq!(minor(7, Currency::parse("KWD").unwrap()), "0.007");
        assert_eq!(exact(&Exact::parse("1.5").unwrap(), Currency::USD), "1.50");
        assert_eq!(exact(&Exact::ratio(1, 3).unwrap(), Currency::USD), "1/3");
        assert_eq!(Exact::parse("12.5%").unwrap().percent(), "12.5%");
        for (plain, shown) in
            [("0", "0"), ("-123", "-123"), ("1234", "1,234"), ("-1234567.89", "-1,234,567.89")]
        {
            assert_eq!(grouped(plain), shown);
        }
    }
}

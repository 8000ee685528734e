//! Amounts and counts as text that people and programs read. Knows nothing of what they count.

use crate::period::{date_of, day_start};
use crate::share::Span;
use abide_model::Time;
use abide_model::money::{Amount, Currency, Exact, grouped};
use abide_model::terms::{Basis, Rates, Tier};
use jiff::tz::TimeZone;

/// Decimals that programs are given of an amount that does not end, as after a division by a rate.
const DECIMALS_MAX: u32 = 12;

/// Decimals that people are shown of such an amount beyond those of the minor unit.
const MORE_DECIMALS: u32 = 2;

/// A number of currency units for programs: at least the decimals of the minor unit. Where no decimal ends, it is rounded
/// to the twelfth, half to even.
pub(crate) fn exact(value: &Exact, currency: Currency) -> String {
    let near = || value.rounded(DECIMALS_MAX)?.to_amount(currency);
    value.to_amount(currency).or_else(near).map_or_else(|| value.to_string(), |amount| number(&amount))
}

/// A number for programs: rounded to the twelfth decimal, half to even, where none ends.
pub(crate) fn decimal(value: &Exact) -> String {
    value.rounded(DECIMALS_MAX).unwrap_or_else(|| value.clone()).to_string()
}

/// A number of currency units for people: `1,234.50`. Where no decimal ends, it is rounded, half to even, and says so:
/// `≈ 15.6203`.
pub(crate) fn money(value: &Exact, currency: Currency) -> String {
    if let Some(amount) = value.to_amount(currency) {
        return grouped(&number(&amount));
    }
    let near = value.rounded(currency.decimals() + MORE_DECIMALS).and_then(|near| near.to_amount(currency));
    near.map_or_else(|| value.to_string(), |near| format!("≈ {}", grouped(&number(&near))))
}

/// A day where the instant begins one in the zone, else the minute: `2026-04-27`, `2026-04-27 09:05`.
pub(crate) fn moment(at: Time, zone: &TimeZone) -> String {
    let day = date_of(at, zone);
    if day_start(day, zone) == at {
        day.to_string()
    } else {
        zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// The name of a zone.
pub(crate) fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("a zone without a name")
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
    let chars = |text: &str| text.chars().count();
    let tail = |text: &str| text.rfind('.').map_or(0, |point| text.len() - point);
    let longest = figures.iter().map(|text| tail(text)).max().unwrap_or(0);
    for text in figures.iter_mut() {
        let spaces = longest - tail(text);
        text.push_str(&" ".repeat(spaces));
    }
    let widest = figures.iter().map(|text| chars(text)).max().unwrap_or(0);
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
        let mut figures = ["1,250.0037", "20.5", "7", "≈ 0.00 to 3.25"].map(str::to_owned);
        in_line(&mut figures.each_mut());
        assert_eq!(
            figures,
            ["      1,250.0037", "         20.5   ", "          7     ", "≈ 0.00 to 3.25  "]
                .map(str::to_owned)
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
        let (third, most) = (Exact::ratio(1, 3).unwrap(), Exact::ratio(-9_999_999, 1000).unwrap());
        assert_eq!(exact(&third, Currency::USD), "0.333333333333");
        assert_eq!(money(&third, Currency::USD), "≈ 0.3333");
        assert_eq!(money(&most, Currency::USD), "-9,999.999");
        assert_eq!(money(&(&third + &most), Currency::USD), "≈ -9,999.6657");
        let (zone, at) = (TimeZone::get("Europe/Berlin").unwrap(), "2026-04-27T22:00:00.040Z");
        assert_eq!(moment(at.parse().unwrap(), &zone), "2026-04-28 00:00");
        assert_eq!(moment("2026-04-27T22:00Z".parse().unwrap(), &zone), "2026-04-28");
        assert_eq!(Exact::parse("12.5%").unwrap().percent(), "12.5%");
        for (plain, shown) in
            [("0", "0"), ("-123", "-123"), ("1234", "1,234"), ("-1234567.89", "-1,234,567.89")]
        {
            assert_eq!(grouped(plain), shown);
        }
    }
}

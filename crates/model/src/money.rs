//! Exact money. No float touches an amount; every rounding is named.
//!
//! [`Amount`] is an integer count of trillionths of a currency unit, small enough that any price per token with
//! six decimals per million is exact. [`Exact`] is an unbounded rational for rates and clause arithmetic.

mod exact;

pub use exact::Exact;

use std::fmt;

/// Trillionths in one currency unit.
pub const PICO: i128 = 1_000_000_000_000;

/// The codes of ISO 4217 for currencies and funds in use.
#[rustfmt::skip]
const LISTED: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BHD", "BIF", "BMD", "BND", "BOB", "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF",
    "CHE", "CHF", "CHW", "CLF", "CLP", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK",
    "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF",
    "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD",
    "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD",
    "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN",
    "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "USN", "UYI", "UYU", "UYW", "UZS", "VED", "VES",
    "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZWG",
];

/// Why a text is not an amount, a rate or a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an ISO 4217 code.
    #[error("`{0}` is not a currency code of three capital letters, like USD")]
    Currency(String),
    /// Not a decimal number.
    #[error("`{0}` is not a decimal number, like 1_250.50")]
    Number(String),
    /// No space between number and currency, or neither.
    #[error("`{0}` is not an amount, like \"250_000 USD\"")]
    Amount(String),
    /// More decimals than an amount can hold exactly.
    #[error("`{0}` is finer than a trillionth of a currency unit, or too large")]
    Precision(String),
}

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The United States dollar.
    pub const USD: Currency = Currency(*b"USD");

    /// Parses three capital letters.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|x| x.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::Currency(text.to_owned())),
        }
    }

    /// The code, like `USD`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Whether it is one of the currencies of ISO 4217 that are in use.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        LISTED.contains(&self.as_str())
    }

    /// Those currencies.
    pub fn listed() -> impl Iterator<Item = &'static str> {
        LISTED.iter().copied()
    }

    /// Decimals of the minor unit (ISO 4217 exponent): 2 for USD, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
            | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A written number with its thousands set apart, and whatever follows its whole part as it is: `-38000.50 USD` is
/// `-38,000.50 USD`.
#[must_use]
pub fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find(['.', '/', ' ']).unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = sign.to_owned();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

/// An amount of one currency, in whole trillionths of its unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    /// Trillionths of the currency unit.
    pub pico: i128,
    /// The currency.
    pub currency: Currency,
}

impl Amount {
    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { pico: 0, currency }
    }

    /// Parses `"1_250.50 USD"`.
    ///
    /// # Errors
    /// When the number, the currency, or the precision does not fit.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let (number, code) =
            text.trim().rsplit_once(' ').ok_or_else(|| MoneyError::Amount(text.to_owned()))?;
        let currency = Currency::parse(code)?;
        let exact = Exact::decimal(number.trim())?;
        exact.to_amount(currency).ok_or_else(|| MoneyError::Precision(text.to_owned()))
    }

    /// The exact value in currency units.
    #[must_use]
    pub fn exact(&self) -> Exact {
        Exact::ratio(self.pico, PICO).unwrap_or_default()
    }

    /// Sum of two amounts of one currency; `None` when the currencies differ or the sum overflows.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.pico.checked_add(other.pico))
            .flatten()
            .map(|pico| Self { pico, currency: self.currency })
    }
}

impl fmt::Display for Amount {
    /// All digits that are not zero, at least as many as the minor unit has: `0.0000075 USD`, `12.50 USD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.pico.unsigned_abs() / PICO.unsigned_abs();
        let part = self.pico.unsigned_abs() % PICO.unsigned_abs();
        let mut digits = format!("{part:012}");
        while digits.len() > self.currency.decimals() as usize && digits.ends_with('0') {
            digits.pop();
        }
        let sign = if self.pico < 0 { "-" } else { "" };
        let point = if digits.is_empty() { "" } else { "." };
        write!(f, "{sign}{unit}{point}{digits} {}", self.currency)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_read_and_print_as_people_write_them() {
        for (text, shown) in [
            ("250_000_000_000 USD", "250000000000.00 USD"),
            ("0.0000075 USD", "0.0000075 USD"),
            ("-12.5 EUR", "-12.50 EUR"),
            ("100 JPY", "100 JPY"),
        ] {
            assert_eq!(Amount::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in
            ["12", "USD", "1.2.3 USD", "_1 USD", "1e9 USD", "1 usd", "0.0000000000001 USD", "50% USD", ""]
        {
            assert!(Amount::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ties_round_to_the_even_neighbour() {
        for (text, rounded) in [("0.5", 0), ("1.5", 2), ("2.5", 2), ("-0.5", 0), ("-1.5", -2), ("2.51", 3)] {
            assert_eq!(Exact::parse(text).unwrap().round_half_even(), Some(rounded), "{text}");
        }
    }

    #[test]
    fn thousands_are_set_apart_in_the_whole_part_alone() {
        let rows = [
            ("0", "0"),
            ("-123456", "-123,456"),
            ("1000.0001", "1,000.0001"),
            ("10000/3", "10,000/3"),
            ("38000000000.00 USD", "38,000,000,000.00 USD"),
        ];
        for (plain, expected) in rows {
            assert_eq!(grouped(plain), expected);
        }
    }

    #[test]
    fn a_percentage_is_a_hundredth() {
        assert_eq!(Exact::parse("20%").unwrap(), Exact::ratio(1, 5).unwrap());
        assert_eq!(Exact::parse("20%").unwrap().to_string(), "0.2");
        assert_eq!(Exact::ratio(1, 3).unwrap().to_string(), "1/3");
    }

    #[test]
    fn a_percentage_has_one_sign() {
        let many = "%".repeat(100_000);
        for text in ["20%%", "20% %", "%", "%20", &many, &format!("20{many}")] {
            assert_eq!(Exact::parse(text), Err(MoneyError::Number(text.to_owned())));
        }
        assert!(Exact::decimal("20%").is_err());
    }

    proptest! {
        #[test]
        fn an_amount_survives_the_way_through_text(pico in -10i128.pow(30)..10i128.pow(30)) {
            let amount = Amount { pico, currency: Currency::USD };
            prop_assert_eq!(Amount::parse(&amount.to_string()).unwrap(), amount);
        }
    }
}

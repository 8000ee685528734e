//! What a text that is no amount most likely means: other ways of writing money, read as people do.

use abide_model::money::{Amount, Currency};

/// The signs that people write for a currency.
const SIGNS: [(char, &str); 4] = [('$', "USD"), ('€', "EUR"), ('£', "GBP"), ('¥', "JPY")];

/// The same amount as a book writes it; `None` where there is more than one way to read it, or none.
pub(super) fn amount(text: &str) -> Option<String> {
    let text = text.replace(['\u{a0}', '\u{202f}'], " ");
    let sign = SIGNS.iter().find(|(sign, _)| text.contains(*sign));
    let is_number = |c: char| c.is_ascii_digit() || "+-.,_' \u{2019}".contains(c);
    let number: String = text.chars().filter(|c| is_number(*c)).collect();
    let words: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    let code = match (words.to_ascii_uppercase(), sign) {
        (word, Some((_, code))) if word.is_empty() || word == *code => (*code).to_owned(),
        (word, None) if Currency::parse(&word).is_ok() => word,
        (_, Some(_) | None) => return None,
    };
    let meant = format!("{} {code}", self::number(&number)?);
    Amount::parse(&meant).is_ok().then_some(meant)
}

/// `1.250,50`, `1,250.50`, `1'250.50` and `1 250,50` as `1250.50`. A single comma before three digits may be either.
pub(super) fn number(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !" _'\u{2019}".contains(*c)).collect();
    let (commas, points) = (plain.matches(',').count(), plain.matches('.').count());
    let last = plain.rfind([',', '.']).and_then(|at| plain.get(at..));
    let decimals = last.map_or(0, |tail| tail.len() - 1);
    let point = match (commas, points) {
        (0, 0 | 1) => None,
        (1, 0) if decimals == 3 => return None,
        (1, 0) => Some(','),
        (_, 0) | (0, _) => Some(' '),
        (_, 1) if last.is_some_and(|tail| tail.starts_with('.')) => Some('.'),
        (1, _) if last.is_some_and(|tail| tail.starts_with(',')) => Some(','),
        (_, _) => return None,
    };
    let keep = |c: char| match point {
        None => Some(c),
        Some(point) if c == point => Some('.'),
        Some(_) => (c != ',' && c != '.').then_some(c),
    };
    Some(plain.chars().filter_map(keep).collect())
}

/// The code of a currency that is written in small letters or by its sign.
pub(super) fn currency(text: &str) -> Option<String> {
    let sign =
        SIGNS.iter().find(|(sign, _)| text.trim().chars().eq([*sign])).map(|(_, code)| (*code).to_owned());
    sign.or_else(|| Some(text.trim().to_ascii_uppercase()).filter(|code| Currency::parse(code).is_ok()))
}

/// Which period is meant by another word for it, worded as help.
pub(super) fn period(text: &str) -> Option<String> {
    let period = match text.to_lowercase().as_str() {
        "monthly" | "1m" => "month",
        "quarterly" | "trimester" | "3m" => "quarter",
        "semester" | "half-year" | "half year" | "halfyear" | "half-yearly" | "semiannual" | "6m" => "half",
        "yearly" | "annual" | "annually" | "1y" | "12m" => "year",
        _ => return None,
    };
    Some(format!("write \"{period}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn money_is_read_as_people_write_it_where_there_is_one_way_to() {
        let texts = [
            "1,250.50 USD",
            "1.250,50 EUR",
            "1'250.50 CHF",
            "1 250,50 €",
            "$1250",
            "$ 1,250,000",
            "USD 12.5",
            "12.50 usd",
            "12.50USD",
            "-€5",
            "1.250.000 EUR",
            "1,250 USD",
            "12,5 USD",
            "1250 dollars",
            "$5 EUR",
            "1.2,3.4 USD",
            "USD",
        ];
        let shown = texts.map(|text| format!("{text}: {}\n", amount(text).unwrap_or("?".to_owned())));
        expect![[r#"
            1,250.50 USD: 1250.50 USD
            1.250,50 EUR: 1250.50 EUR
            1'250.50 CHF: 1250.50 CHF
            1 250,50 €: 1250.50 EUR
            $1250: 1250 USD
            $ 1,250,000: 1250000 USD
            USD 12.5: 12.5 USD
            12.50 usd: 12.50 USD
            12.50USD: 12.50 USD
            -€5: -5 EUR
            1.250.000 EUR: 1250000 EUR
            1,250 USD: ?
            12,5 USD: 12.5 USD
            1250 dollars: ?
            $5 EUR: ?
            1.2,3.4 USD: ?
            USD: ?
        "#]]
        .assert_eq(&shown.concat());
    }
}

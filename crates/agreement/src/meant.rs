//! What is most likely meant by a text that is not understood: other ways of writing money, parts and periods, and other
//! words for keys, read as people do.

use abide_model::money::{Amount, Currency, Exact, grouped};

/// The signs that people write for a currency.
const SIGNS: [(char, &str); 4] = [('$', "USD"), ('€', "EUR"), ('£', "GBP"), ('¥', "JPY")];

/// The same amount as a book writes it; `None` where there is more than one way to read it, or none.
pub(crate) fn amount(text: &str) -> Option<String> {
    let text = text.replace(['\u{a0}', '\u{202f}'], " ");
    let sign = SIGNS.iter().find(|(sign, _)| text.contains(*sign));
    let is_number = |c: char| c.is_ascii_digit() || "+-.,_' \u{2019}".contains(c);
    let number: String = text.chars().filter(|c| is_number(*c)).collect();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let zeros = words.iter().find_map(|word| zeros(word));
    let codes: String = words.into_iter().filter(|word| self::zeros(word).is_none()).collect();
    let code = match (codes.to_ascii_uppercase(), sign) {
        (word, Some((_, code))) if word.is_empty() || word == *code => (*code).to_owned(),
        (word, None) if Currency::parse(&word).is_ok() => word,
        (_, Some(_) | None) => return None,
    };
    let number = self::number(&number)?;
    let number = zeros.map_or(Some(number.clone()), |zeros| shifted(&number, zeros))?;
    let meant = format!("{number} {code}");
    Amount::parse(&meant).is_ok().then_some(meant)
}

/// How many zeros a word behind a number stands for: `10M USD`.
fn zeros(word: &str) -> Option<usize> {
    match word.to_ascii_lowercase().as_str() {
        "k" | "thousand" => Some(3),
        "m" | "mn" | "mio" | "million" | "millions" => Some(6),
        "b" | "bn" | "billion" | "billions" => Some(9),
        "tn" | "trillion" | "trillions" => Some(12),
        _ => None,
    }
}

/// `1.5` with six zeros is `1_500_000`.
fn shifted(number: &str, zeros: usize) -> Option<String> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let padded = format!("{decimals:0<zeros$}");
    let (moved, rest) = padded.split_at_checked(zeros)?;
    let whole = grouped(&format!("{whole}{moved}")).replace(',', "_");
    Some(if rest.is_empty() { whole } else { format!("{whole}.{rest}") })
}

/// `0.27` and `27` as `27%`; `1` may be either.
pub(crate) fn percent(text: &str) -> Option<String> {
    let part = Exact::decimal(text.trim()).ok()?;
    let one = Exact::whole(1);
    match part.is_negative() || part == one {
        true => None,
        false if part < one => Some(part.percent()),
        false => Some(format!("{}%", text.trim())),
    }
}

/// The keys that another word for one may mean, the likeliest first; `dated` says whether its value is a day.
pub(crate) fn keys(word: &str, dated: bool) -> &'static [&'static str] {
    match word.to_ascii_lowercase().as_str() {
        "from" | "to" if !dated => &[],
        "from" | "start" | "starts" | "begin" | "begins" => &["since", "on", "from"],
        "to" | "end" | "ends" | "term" => &["until"],
        "date" | "day" | "when" => &["on", "signed"],
        "payer" | "licensor" | "grantor" => &["from"],
        "payee" | "licensee" | "grantee" => &["to"],
        "party" | "who" => &["to", "by", "operator", "owner"],
        "owner" => &["self", "operator"],
        "amount" | "value" => &["total", "minimum", "amount", "value"],
        "price" => &["amount"],
        "percentage" | "percent" => &["rate", "percent", "part"],
        "rest" | "remaining" => &["remainder"],
        "units" | "seats" | "count" | "number" => &["quantity", "unit"],
        "period" | "frequency" => &["every"],
        "region" | "regions" | "countries" => &["territories", "country"],
        "exclude" | "excludes" | "excluding" | "exclusions" => &["except"],
        "condition" | "only_if" => &["if"],
        "notice" | "days" => &["within", "lead"],
        "comment" | "description" => &["note"],
        "timezone" | "tz" => &["zone"],
        "link" => &["url"],
        _ => &[],
    }
}

/// `1.250,50`, `1,250.50`, `1'250.50` and `1 250,50` as `1250.50`. A single comma before three digits may be either.
pub(crate) fn number(text: &str) -> Option<String> {
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
pub(crate) fn currency(text: &str) -> Option<String> {
    let sign =
        SIGNS.iter().find(|(sign, _)| text.trim().chars().eq([*sign])).map(|(_, code)| (*code).to_owned());
    sign.or_else(|| Some(text.trim().to_ascii_uppercase()).filter(|code| Currency::parse(code).is_ok()))
}

/// Which period is meant by another word for it, worded as help.
pub(crate) fn period(text: &str) -> Option<String> {
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
            "10M USD",
            "1.5 bn EUR",
            "$250k",
            "USD 2 million",
            "1.2345k USD",
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
            10M USD: 10_000_000 USD
            1.5 bn EUR: 1_500_000_000 EUR
            $250k: 250_000 USD
            USD 2 million: 2_000_000 USD
            1.2345k USD: 1_234.5 USD
        "#]]
        .assert_eq(&shown.concat());
    }

    #[test]
    fn parts_and_keys_are_read_by_other_words() {
        let texts =
            ["0.27", "20", "1", "0.005", "-3", "a fifth"].map(|text| percent(text).unwrap_or("?".to_owned()));
        assert_eq!(texts, ["27%", "20%", "?", "0.5%", "?", "?"]);
        assert_eq!([keys("End", true), keys("to", true)], [["until"], ["until"]]);
        assert!(keys("to", false).is_empty() && keys("until", true).is_empty());
    }
}

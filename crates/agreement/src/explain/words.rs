//! Lists, lengths of time and amounts as they are said. Knows nothing of agreements.

/// `a, b and c`.
pub(super) fn all(items: impl IntoIterator<Item = String>) -> String {
    joined(items, "and")
}

/// `a, b or c`.
pub(super) fn any(items: impl IntoIterator<Item = String>) -> String {
    joined(items, "or")
}

fn joined(items: impl IntoIterator<Item = String>, word: &str) -> String {
    let mut items: Vec<_> = items.into_iter().collect();
    match items.pop() {
        None => String::new(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} {word} {last}", items.join(", ")),
    }
}

/// `90d` is `90 days`; what is no length of time stays as it is.
pub(super) fn span(text: &str) -> String {
    let (count, unit) = text.split_at(text.len().saturating_sub(1));
    let unit = match unit {
        "d" => "day",
        "w" => "week",
        "m" => "month",
        "y" => "year",
        _ => return text.to_owned(),
    };
    if count == "1" { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// `38_000_000_000 USD` is `38,000,000,000 USD`.
pub(super) fn money(text: &str) -> String {
    let (number, currency) = text.trim().split_once(' ').unwrap_or((text, ""));
    let plain: String = number.chars().filter(|c| *c != '_').collect();
    let (whole, part) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let groups: Vec<&str> =
        whole.as_bytes().rchunks(3).rev().filter_map(|digits| std::str::from_utf8(digits).ok()).collect();
    format!("{}{part} {}", groups.join(","), currency.trim()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_said_as_people_say_them() {
        let list = |items: &[&str]| all(items.iter().map(ToString::to_string));
        assert_eq!([list(&[]), list(&["a"]), list(&["a", "b"])], ["", "a", "a and b"]);
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!([span("1d"), span("90d"), span("2w"), span("x")], ["1 day", "90 days", "2 weeks", "x"]);
        assert_eq!(money("38_000_000_000 USD"), "38,000,000,000 USD");
        assert_eq!([money("0.25 USD"), money("1_234.5 USD"), money("5")], ["0.25 USD", "1,234.5 USD", "5"]);
    }
}

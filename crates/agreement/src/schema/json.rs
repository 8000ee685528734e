//! JSON values in the order they were put, and their text. Knows nothing of schemas.

use std::fmt::Write as _;
use toml::de::DeValue;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Bool(bool),
    Whole(usize),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

pub(super) fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

pub(super) fn list(items: impl IntoIterator<Item = Json>) -> Json {
    Json::List(items.into_iter().collect())
}

pub(super) fn words<'a>(items: impl IntoIterator<Item = &'a str>) -> Json {
    list(items.into_iter().map(text))
}

pub(super) fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Json {
    /// The value that `toml` stands for; days become text. `None` when it is no value of a kind that files use.
    pub(super) fn of_toml(toml: &str) -> Option<Json> {
        Self::of_value(DeValue::parse(toml).ok()?.get_ref())
    }

    fn of_value(value: &DeValue<'_>) -> Option<Json> {
        Some(match value {
            DeValue::String(text) => Json::Text(text.to_string()),
            DeValue::Integer(digits) => Json::Whole(digits.as_str().parse().ok()?),
            DeValue::Boolean(flag) => Json::Bool(*flag),
            DeValue::Datetime(day) => Json::Text(day.to_string()),
            DeValue::Array(items) => {
                Json::List(items.iter().map(|item| Self::of_value(item.get_ref())).collect::<Option<_>>()?)
            }
            DeValue::Table(rows) => {
                let rows = rows
                    .iter()
                    .map(|(key, value)| Some((key.get_ref().to_string(), Self::of_value(value.get_ref())?)));
                Json::Object(rows.collect::<Option<_>>()?)
            }
            DeValue::Float(_) => return None,
        })
    }

    /// Indented by two spaces.
    pub(super) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, level: usize) {
        match self {
            Json::Bool(flag) => {
                let _ = write!(out, "{flag}");
            }
            Json::Whole(number) => {
                let _ = write!(out, "{number}");
            }
            Json::Text(text) => quote(out, text),
            Json::List(items) if items.iter().all(Self::is_short) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    item.write(out, level);
                }
                out.push(']');
            }
            Json::List(items) => {
                block(out, level, ['[', ']'], items, |out, item| item.write(out, level + 1));
            }
            Json::Object(members) => block(out, level, ['{', '}'], members, |out, (name, value)| {
                quote(out, name);
                out.push_str(": ");
                value.write(out, level + 1);
            }),
        }
    }

    fn is_short(&self) -> bool {
        matches!(self, Json::Bool(_) | Json::Whole(_) | Json::Text(_))
    }
}

fn block<T>(
    out: &mut String,
    level: usize,
    [open, close]: [char; 2],
    items: &[T],
    each: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(level + 1));
        each(out, item);
    }
    if !items.is_empty() {
        out.push('\n');
        out.push_str(&"  ".repeat(level));
    }
    out.push(close);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

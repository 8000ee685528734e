//! One TOML table, read key by key: what is asked for must have the right type, and what nobody asks for is an error.
//!
//! Knows types, not what keys mean.

use super::source::{Findings, Source, Spot, Word};
use abide_agreement::nearest;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest time a configuration may name.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads `text`, placed `offset` bytes into `source`. `None` when it is not TOML.
pub(crate) fn parse<'a>(
    source: &'a Source,
    text: &'a str,
    offset: usize,
    findings: &mut Findings,
) -> Option<Spanned<DeTable<'a>>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let spot = Spot { source, start: offset + span.start, end: offset + span.end };
        findings.error("toml", spot, format!("this is not TOML: {}", error.message()), None);
    }
    errors.is_empty().then_some(table)
}

/// A value, not yet read.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    raw: &'a Spanned<DeValue<'a>>,
    source: &'a Source,
    offset: usize,
}

impl<'a> Value<'a> {
    pub(crate) fn spot(&self) -> Spot<'a> {
        let span = self.raw.span();
        Spot { source: self.source, start: self.offset + span.start, end: self.offset + span.end }
    }

    /// The text, when this is one. Its place leaves out the quotes where it is written letter by letter.
    pub(crate) fn word(&self) -> Option<Word<'a>> {
        let text = self.raw.get_ref().as_str()?.to_owned();
        let whole = self.spot();
        let inner = Spot { start: whole.start + 1, end: whole.end.saturating_sub(1), ..whole };
        let verbatim = whole.source.text.get(inner.start..inner.end) == Some(text.as_str());
        Some(Word { text, spot: if verbatim && inner.start < inner.end { inner } else { whole } })
    }

    pub(crate) fn table(&self, what: &str) -> Option<Table<'a>> {
        let table = self.raw.get_ref().as_table()?;
        Some(Table::new(table, self.source, self.offset, self.spot(), what))
    }

    fn items(&self) -> Option<Vec<Value<'a>>> {
        let items = self.raw.get_ref().as_array()?;
        Some(items.iter().map(|raw| Value { raw, ..*self }).collect())
    }

    fn kind(&self) -> &'static str {
        match self.raw.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

/// A table, and which of its keys were asked for.
pub(crate) struct Table<'a> {
    /// How messages call it: `[cloud.azure]`.
    pub(crate) what: String,
    pub(crate) spot: Spot<'a>,
    entries: BTreeMap<&'a str, (Spot<'a>, Value<'a>)>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        table: &'a DeTable<'a>,
        source: &'a Source,
        offset: usize,
        spot: Spot<'a>,
        what: &str,
    ) -> Self {
        let entries = table
            .iter()
            .map(|(key, raw)| {
                let span = key.span();
                let place = Spot { source, start: offset + span.start, end: offset + span.end };
                (key.get_ref().as_ref(), (place, Value { raw, source, offset }))
            })
            .collect();
        Self { what: what.to_owned(), spot, entries, asked: BTreeSet::new() }
    }

    pub(crate) fn value(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.asked.insert(key);
        self.entries.get(key).map(|(_, value)| *value)
    }

    /// Where the key stands; the table itself when it is not there.
    pub(crate) fn key_spot(&self, key: &str) -> Spot<'a> {
        self.entries.get(key).map_or(self.spot, |(spot, _)| *spot)
    }

    /// Every key of a table whose keys are names.
    pub(crate) fn names(&self) -> impl Iterator<Item = (Word<'a>, Value<'a>)> + '_ {
        self.entries
            .iter()
            .map(|(key, (spot, value))| (Word { text: (*key).to_owned(), spot: *spot }, *value))
    }

    pub(crate) fn missing(&self, findings: &mut Findings, key: &str, like: &str) {
        let help = format!("add a line such as: {key} = {like}");
        findings.error("missing-key", self.spot, format!("{} lacks `{key}`", self.what), help);
    }

    fn wrong(&self, findings: &mut Findings, key: &str, value: Value<'_>, wanted: &str) {
        let message = format!("`{key}` needs {wanted}, not {}", value.kind());
        findings.error("wrong-type", value.spot(), message, None);
    }

    pub(crate) fn text(&mut self, findings: &mut Findings, key: &'static str) -> Option<Word<'a>> {
        let value = self.value(key)?;
        let word = value.word();
        if word.is_none() {
            self.wrong(findings, key, value, "text in quotes");
        }
        word
    }

    pub(crate) fn need_text(
        &mut self,
        findings: &mut Findings,
        key: &'static str,
        like: &str,
    ) -> Option<Word<'a>> {
        let found = self.text(findings, key);
        if !self.entries.contains_key(key) {
            self.missing(findings, key, &format!("\"{like}\""));
        }
        found
    }

    pub(crate) fn flag(&mut self, findings: &mut Findings, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let read = value.raw.get_ref().as_bool();
        if read.is_none() {
            self.wrong(findings, key, value, "true or false");
        }
        read
    }

    /// A whole number from 1 to `max`.
    pub(crate) fn count(&mut self, findings: &mut Findings, key: &'static str, max: usize) -> Option<usize> {
        let value = self.value(key)?;
        let digits = value.raw.get_ref().as_integer();
        let read = digits.and_then(|n| usize::from_str_radix(n.as_str(), n.radix()).ok());
        let fits = read.filter(|count| (1..=max).contains(count));
        if fits.is_none() {
            let message = format!("`{key}` needs a whole number from 1 to {max}, without quotes");
            findings.error("wrong-type", value.spot(), message, None);
        }
        fits
    }

    /// A time such as `"30s"`; never zero.
    pub(crate) fn duration(&mut self, findings: &mut Findings, key: &'static str) -> Option<Duration> {
        let value = self.value(key)?;
        let read = value.word().and_then(|word| duration(&word.text));
        if read.is_none() {
            let message = format!("`{key}` needs a time such as \"250ms\", \"30s\", \"10m\" or \"2h\"");
            findings.error("wrong-type", value.spot(), message, None);
        }
        read
    }

    /// A list of at least one value.
    pub(crate) fn list(&mut self, findings: &mut Findings, key: &'static str) -> Option<Vec<Value<'a>>> {
        let value = self.value(key)?;
        let items = value.items();
        match &items {
            None => self.wrong(findings, key, value, "a list in brackets"),
            Some(items) if items.is_empty() => {
                let help = "name at least one".to_owned();
                findings.error("empty-list", value.spot(), format!("`{key}` is an empty list"), help);
            }
            Some(_) => {}
        }
        items.filter(|items| !items.is_empty())
    }

    /// The table under `key`.
    pub(crate) fn table(&mut self, findings: &mut Findings, key: &'static str) -> Option<Table<'a>> {
        let value = self.value(key)?;
        let table = value.table(&format!("`{key}`"));
        if table.is_none() {
            self.wrong(findings, key, value, "a table");
        }
        table
    }

    /// The tables `[key.NAME]`, each with its name.
    pub(crate) fn named(&mut self, findings: &mut Findings, key: &'static str) -> Vec<(Word<'a>, Table<'a>)> {
        let Some(all) = self.table(findings, key) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, value) in all.names() {
            match value.table(&format!("[{key}.{}]", name.text)) {
                Some(table) => found.push((Word { text: name.text, spot: name.spot }, table)),
                None => self.wrong(findings, &format!("{key}.{}", name.text), value, "a table"),
            }
        }
        found
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(self, findings: &mut Findings) {
        for (key, (spot, _)) in self.entries.iter().filter(|(key, _)| !self.asked.contains(*key)) {
            let suggestion = nearest(key, self.asked.iter().copied());
            let listed = || {
                let known: Vec<_> = self.asked.iter().map(|key| format!("`{key}`")).collect();
                format!("it may have {}", known.join(", "))
            };
            let help = suggestion.map_or_else(listed, |found| format!("did you mean `{found}`?"));
            findings.error("unknown-key", *spot, format!("{} has no key `{key}`", self.what), help);
        }
    }
}

/// Reads `"250ms"`, `"30s"`, `"10m"`, `"2h"`, `"90d"`; `None` for zero, for more than a year, and for anything else.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let count: u64 = digits.parse().ok()?;
    let unit = match text.get(digits.len()..)? {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let time = Duration::from_millis(count.checked_mul(unit)?);
    (time > Duration::ZERO && time <= DURATION_MAX).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_count_and_a_unit() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("30s", Some(30_000)),
            ("10m", Some(600_000)),
            ("2h", Some(7_200_000)),
            ("90d", Some(7_776_000_000)),
            ("0s", None),
            ("1.5s", None),
            ("-1s", None),
            ("s", None),
            ("30", None),
            ("30 s", None),
            ("400d", None),
            ("99999999999999999999h", None),
        ] {
            let read = duration(text).map(|time| time.as_millis());
            assert_eq!(read, millis, "{text}");
        }
    }
}

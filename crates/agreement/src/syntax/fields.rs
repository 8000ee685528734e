//! One TOML table, read key by key: each key that is there must have a row in the table of keys, and the type it is
//! asked for as.
//!
//! Knows the types, not the meaning of keys.

use crate::diagnostic::{At, Sink, Spot, Word};
use crate::meant;
use crate::suggest::nearest;
use crate::syntax::condition::{self, Expr};
use crate::syntax::keys::{Keys, NONE, Shape};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value of a file, not yet read.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    raw: &'a Spanned<DeValue<'a>>,
    text: &'a str,
    file: usize,
    keys: &'static Keys,
}

impl<'a> Value<'a> {
    pub(crate) fn spot(&self) -> Spot {
        let span = self.raw.span();
        Spot { file: self.file, start: span.start, end: span.end }
    }

    /// The text, when this is one. Its place leaves out the quotes where the text stands there letter by letter.
    pub(crate) fn as_word(&self) -> Option<Word> {
        let value = self.raw.get_ref().as_str()?.to_owned();
        let whole = self.spot();
        let raw = self.text.get(whole.start..whole.end).unwrap_or("");
        let opening = match raw.as_bytes() {
            [a, b, c, ..] if a == b && b == c && raw.len() >= 6 => 3,
            _ => 1,
        };
        let inner = Spot { start: whole.start + opening, end: whole.end.saturating_sub(opening), ..whole };
        let verbatim = self.text.get(inner.start..inner.end) == Some(value.as_str());
        Some(At { value, spot: if verbatim && inner.start < inner.end { inner } else { whole } })
    }

    pub(crate) fn as_table(&self, what: &str) -> Option<Fields<'a>> {
        let table = self.raw.get_ref().as_table()?;
        Some(Fields::new(table, self.file, self.text, self.spot(), what, self.keys))
    }

    pub(crate) fn is_table(&self) -> bool {
        self.raw.get_ref().is_table()
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        self.raw.get_ref().as_bool()
    }

    fn elements(&self) -> Option<Vec<Value<'a>>> {
        let items = self.raw.get_ref().as_array()?;
        Some(items.iter().map(|raw| Value { raw, ..*self }).collect())
    }

    pub(crate) fn source(&self) -> &'a str {
        let span = self.raw.span();
        self.text.get(span).unwrap_or("")
    }

    fn kind(&self) -> &'static str {
        match self.raw.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) if self.source().starts_with('-') => "a number below zero",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(stamp) if stamp.time.is_some() => "a date with a time",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

/// A table of a file.
pub(crate) struct Fields<'a> {
    /// How messages call this table: ``[[grant]] `apr27.licence` ``.
    what: String,
    spot: Spot,
    keys: &'static Keys,
    entries: BTreeMap<&'a str, (Spot, Value<'a>)>,
    /// Keys that must be there and are not.
    lacking: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        table: &'a DeTable<'a>,
        file: usize,
        text: &'a str,
        spot: Spot,
        what: &str,
        keys: &'static Keys,
    ) -> Self {
        let entries = table
            .iter()
            .map(|(key, raw)| {
                let span = key.span();
                let place = Spot { file, start: span.start, end: span.end };
                (key.get_ref().as_ref(), (place, Value { raw, text, file, keys: &NONE }))
            })
            .collect();
        Self { what: what.to_owned(), spot, keys, entries, lacking: Vec::new() }
    }

    pub(crate) fn spot(&self) -> Spot {
        self.spot
    }

    pub(crate) fn rename(&mut self, what: String) {
        self.what = what;
    }

    /// How messages call this table.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// A line as the first of `keys` would stand in a file.
    pub(crate) fn example(&self, keys: &[&str]) -> String {
        keys.first().map_or(String::new(), |key| format!("{key} = {}", self.like(key)))
    }

    /// The names and values under `key`, a table whose keys are names; `None` when it is absent or no table.
    pub(crate) fn map(&mut self, sink: &mut Sink, key: &'static str) -> Option<Vec<(Word, Value<'a>)>> {
        let shape = self.shape(key);
        debug_assert!(matches!(shape, Some(Shape::Map(_))), "`{key}` of {} is no map of names", self.what);
        let keys = if let Some(Shape::Map(shape)) = shape { shape.keys() } else { &NONE };
        let named = self.table(sink, key)?.entries.into_iter();
        let named =
            named.map(|(name, (spot, value))| (At { value: name.to_owned(), spot }, Value { keys, ..value }));
        Some(named.collect())
    }

    fn shape(&self, key: &str) -> Option<&'static Shape> {
        self.keys.find(key).map(|key| &key.shape)
    }

    /// The value of `key`, whatever it is.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<Value<'a>> {
        debug_assert!(self.shape(key).is_some(), "`{key}` of {} has no row in the table of keys", self.what);
        self.entries.get(key).map(|(_, value)| *value)
    }

    /// What stands under `key`, whether or not it has a place here.
    pub(crate) fn peek(&self, key: &str) -> Option<Value<'a>> {
        self.entries.get(key).map(|(_, value)| *value)
    }

    /// Takes out a key that has no place here, so that it is not reported as unknown; its place, if it was there.
    pub(crate) fn take_away(&mut self, key: &str) -> Option<Spot> {
        self.entries.remove(key).map(|(spot, _)| spot)
    }

    pub(crate) fn key_spot(&self, key: &str) -> Option<Spot> {
        self.entries.get(key).map(|(spot, _)| *spot)
    }

    /// Notes that `key` has to be there; whether it is meant by a misspelt one shows at the end.
    pub(crate) fn require(&mut self, key: &'static str) {
        debug_assert!(
            self.keys.find(key).is_some_and(|key| key.needed),
            "`{key}` of {} is needed, and the table of keys does not say so",
            self.what
        );
        if !self.entries.contains_key(key) {
            self.lacking.push(key);
        }
    }

    /// An example of what `key` may be, as it would stand in a file.
    fn like(&self, key: &str) -> &'static str {
        self.keys.find(key).map_or("…", |key| key.like)
    }

    fn wrong(&self, sink: &mut Sink, key: &str, value: Value<'a>, wanted: &str) {
        let message = format!("`{key}` needs {wanted}, not {}", value.kind());
        let draft = sink.error("wrong-type", value.spot(), message);
        let like = self.like(key);
        let help = match value.raw.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) if wanted.starts_with("text") => {
                format!(
                    "write it in quotes, so that no digit is lost, like: {key} = {}",
                    self.quoted(key, value)
                )
            }
            DeValue::String(day) if wanted.starts_with("a day") && crate::calendar::day(day).is_some() => {
                format!("leave the quotes out: {key} = {day}")
            }
            DeValue::String(_) if wanted == "a table" && like.contains(" = ") => {
                format!("write it like this: {key} = {}", inside(like, value.source()))
            }
            DeValue::String(_) if wanted.starts_with("a list") => {
                format!("put it in brackets: {key} = [{}]", value.source())
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)
                if like.is_empty() =>
            {
                format!("put its keys below a line [{key}] or, where there may be many, [[{key}]]")
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => format!("write it like this: {key} = {like}"),
        };
        draft.help(help);
    }

    /// What is written as a number, as the text it is meant to be.
    fn quoted(&self, key: &str, value: Value<'a>) -> String {
        let (number, like) = (value.source(), self.like(key));
        let unit = like.trim_matches('"').split_once(' ').map(|(_, unit)| unit);
        match (self.shape(key), unit) {
            (Some(Shape::Percent), _) => meant::percent(number).map(|part| format!("\"{part}\"")),
            (Some(Shape::Money), Some(currency)) => Some(format!("\"{number} {currency}\"")),
            (Some(_), None)
                if like.trim_matches('"').bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') =>
            {
                Some(format!("\"{number}\""))
            }
            (Some(_) | None, _) => None,
        }
        .unwrap_or_else(|| like.to_owned())
    }

    pub(crate) fn text(&mut self, sink: &mut Sink, key: &'static str) -> Option<Word> {
        let value = self.value(key)?;
        debug_assert!(self.shape(key).is_some_and(Shape::is_text), "`{key}` of {} is no text", self.what);
        let word = value.as_word();
        if word.is_none() {
            self.wrong(sink, key, value, "text in quotes");
        }
        word
    }

    pub(crate) fn need_text(&mut self, sink: &mut Sink, key: &'static str) -> Option<Word> {
        self.require(key);
        self.text(sink, key)
    }

    pub(crate) fn date(&mut self, sink: &mut Sink, key: &'static str) -> Option<At<Date>> {
        let value = self.value(key)?;
        let read = value.raw.get_ref().as_datetime().and_then(|stamp| match (stamp.date, stamp.time) {
            (Some(day), None) => {
                Date::new(i16::try_from(day.year).ok()?, day.month as i8, day.day as i8).ok()
            }
            _ => None,
        });
        if read.is_none() {
            self.wrong(sink, key, value, "a day such as 2026-04-27");
        }
        Some(At { value: read?, spot: value.spot() })
    }

    pub(crate) fn need_date(&mut self, sink: &mut Sink, key: &'static str) -> Option<At<Date>> {
        self.require(key);
        self.date(sink, key)
    }

    pub(crate) fn boolean(&mut self, sink: &mut Sink, key: &'static str) -> Option<At<bool>> {
        let value = self.value(key)?;
        let read = value.raw.get_ref().as_bool();
        if read.is_none() {
            self.wrong(sink, key, value, "true or false");
        }
        Some(At { value: read?, spot: value.spot() })
    }

    /// A whole number from zero on.
    pub(crate) fn whole(&mut self, sink: &mut Sink, key: &'static str) -> Option<At<u32>> {
        let value = self.value(key)?;
        let digits = value.raw.get_ref().as_integer();
        let read = digits.and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        if read.is_none() {
            self.wrong(sink, key, value, "a whole number from 0 on, without quotes");
        }
        Some(At { value: read?, spot: value.spot() })
    }

    /// The elements of a list; an empty list is an error, since it would cover nothing.
    pub(crate) fn list(&mut self, sink: &mut Sink, key: &'static str) -> Option<Vec<Value<'a>>> {
        let value = self.value(key)?;
        let Some(items) = value.elements() else {
            self.wrong(sink, key, value, "a list in brackets");
            return None;
        };
        if items.is_empty() {
            sink.error("empty-list", value.spot(), format!("`{key}` is an empty list"))
                .help(format!("leave `{key}` out, or name at least one"));
        }
        let keys = self.shape(key).map_or(&NONE, Shape::keys);
        Some(items.into_iter().map(|item| Value { keys, ..item }).collect())
    }

    pub(crate) fn texts(&mut self, sink: &mut Sink, key: &'static str) -> Option<Vec<Word>> {
        let items = self.list(sink, key)?;
        let mut words = Vec::with_capacity(items.len());
        for item in items {
            match item.as_word() {
                Some(word) => words.push(word),
                None => self.wrong(sink, key, item, "text in quotes"),
            }
        }
        Some(words)
    }

    pub(crate) fn table(&mut self, sink: &mut Sink, key: &'static str) -> Option<Fields<'a>> {
        let value = Value { keys: self.shape(key).map_or(&NONE, Shape::keys), ..self.value(key)? };
        let table = value.as_table(&format!("`{key}`"));
        if table.is_none() {
            self.wrong(sink, key, value, "a table");
        }
        table
    }

    /// A list of tables written in brackets, each read and checked by `row`.
    pub(crate) fn rows<T>(
        &mut self,
        sink: &mut Sink,
        key: &'static str,
        row: impl Fn(&mut Fields<'a>, &mut Sink) -> T,
    ) -> Option<Vec<T>> {
        let mut found = Vec::new();
        for value in self.list(sink, key)? {
            let Some(mut table) = value.as_table(&format!("an entry of `{key}`")) else {
                sink.error("wrong-type", value.spot(), format!("`{key}` needs a list of tables"))
                    .help(format!("write {key} = {}", self.like(key)));
                continue;
            };
            found.push(row(&mut table, sink));
            table.finish(sink);
        }
        Some(found)
    }

    /// The tables under `[[key]]` headers.
    pub(crate) fn tables(&mut self, sink: &mut Sink, key: &'static str) -> Vec<Fields<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let what = format!("[[{key}]]");
        let value = Value { keys: self.shape(key).map_or(&NONE, Shape::keys), ..value };
        let items = value.elements().unwrap_or_default();
        let tables: Vec<_> = items.iter().filter_map(|item| item.as_table(&what)).collect();
        if tables.is_empty() || tables.len() != items.len() {
            sink.error(
                "wrong-type",
                self.key_spot(key).unwrap_or(value.spot()),
                format!("there may be many of `{key}`"),
            )
            .help(format!("begin each with a line [[{key}]], the brackets doubled"));
        }
        tables
    }

    /// A condition such as `'q and not before(2030-01-01)'`.
    pub(crate) fn condition(&mut self, sink: &mut Sink, key: &'static str) -> Option<At<Expr>> {
        let word = self.text(sink, key)?;
        condition::parse(&word, sink).map(|value| At { value, spot: word.spot })
    }

    /// Reports every key that has no row in the table of keys, and every one that is lacking.
    pub(crate) fn finish(self, sink: &mut Sink) {
        let mut told = BTreeSet::new();
        for (key, (spot, value)) in &self.entries {
            if self.keys.find(key).is_some() {
                continue;
            }
            let free = |name: &&&str| self.keys.find(name).is_some() && !self.entries.contains_key(**name);
            let other = || {
                meant::keys(key, value.raw.get_ref().is_datetime())
                    .iter()
                    .find(free)
                    .map(|name| (*name).to_owned())
            };
            let suggestion = nearest(key, self.keys.rows().map(|key| key.name)).or_else(other);
            told.extend(suggestion.clone());
            let listed = || {
                let known: Vec<_> = self.keys.rows().map(|key| format!("`{}`", key.name)).collect();
                format!("it may have {}", known.join(", "))
            };
            sink.error("unknown-key", *spot, format!("{} has no key `{key}`", self.what))
                .help(suggestion.map_or_else(listed, |word| format!("did you mean `{word}`?")));
        }
        let lacking: Vec<&str> = self.lacking.iter().copied().filter(|key| !told.contains(*key)).collect();
        if lacking.is_empty() {
            return;
        }
        let names: Vec<String> = lacking.iter().map(|key| format!("`{key}`")).collect();
        let lines: Vec<String> = lacking.iter().map(|key| format!("{key} = {}", self.like(key))).collect();
        let such = if lines.len() == 1 { "a line" } else { "lines" };
        sink.error("missing-key", self.spot, format!("{} lacks {}", self.what, names.join(", ")))
            .help(format!("add {such} such as: {}", lines.join("; ")));
    }
}

/// An example of a table, with what was written in place of its first value: `{ total = "5 USD" }`.
fn inside(like: &str, written: &str) -> String {
    let (key, first) = like.split_once(" = ").unwrap_or((like, ""));
    if first.starts_with('[') { format!("{key} = [{written}] }}") } else { format!("{key} = {written} }}") }
}

//! Reads a request body step by step, knowing at each step where it is, so that a refusal can name the field.
//!
//! Nothing is copied before it is wanted: a value stays the text it was until somebody asks for its type.

use super::error::{Problem, code};
use abide_model::item::Json;
use abide_model::near::edits;
use abide_model::prompt::Number;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

/// The most fields of one JSON object of a request.
const FIELDS_MAX: usize = 256;
/// As many fields as most objects have.
const FIELDS_USUAL: usize = 8;
/// About how many fields a body is asked for.
const FIELDS_KNOWN: usize = 48;
/// How deep JSON that is kept as text may nest, in levels.
const JSON_DEPTH_MAX: usize = 100;
/// The longest name of an unknown field that an answer repeats, in characters.
const NAME_SHOWN_CHARS_MAX: usize = 64;
/// Edits between a field nobody knows and the one that was probably meant.
const NEAR_EDITS_MAX: usize = 2;

/// A place in the body: a chain of steps that lives on the stack and is only spelled out for a refusal.
#[derive(Clone, Copy)]
pub(super) struct Spot<'p> {
    up: Option<&'p Spot<'p>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Body,
    Field(&'static str),
    Entry(usize),
}

impl Spot<'_> {
    fn write(&self, path: &mut String) {
        if let Some(up) = self.up {
            up.write(path);
        }
        match self.step {
            Step::Body => {}
            Step::Field(name) => join(path, name),
            Step::Entry(index) => path.push_str(&format!("[{index}]")),
        }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        self.write(&mut path);
        path
    }
}

fn join(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// One value and its place.
#[derive(Clone, Copy)]
pub(super) struct Node<'a, 'p> {
    text: &'a str,
    spot: Spot<'p>,
}

/// Opens a body, which must be UTF-8 and one JSON value.
pub(super) fn body(bytes: &[u8]) -> Result<Node<'_, 'static>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| Problem {
        message: format!("the body is not UTF-8 after byte {}", error.valid_up_to()),
        param: None,
        code: code::INVALID_JSON,
    })?;
    Ok(Node { text: text.trim_ascii(), spot: Spot { up: None, step: Step::Body } })
}

impl<'a, 'p> Node<'a, 'p> {
    /// What the value is, as a refusal calls it.
    pub(super) fn kind(&self) -> &'static str {
        match self.text.as_bytes().first() {
            Some(b'"') => "a string",
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(_) => "a number",
            None => "nothing",
        }
    }

    pub(super) fn is_string(&self) -> bool {
        self.text.starts_with('"')
    }

    pub(super) fn is_list(&self) -> bool {
        self.text.starts_with('[')
    }

    pub(super) fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// A refusal of this value; the message says what is wrong with it.
    pub(super) fn problem(&self, code: &'static str, message: impl Into<String>) -> Problem {
        let path = self.spot.path();
        Problem { message: message.into(), param: (!path.is_empty()).then_some(path), code }
    }

    /// The place as a refusal shows it.
    pub(super) fn shown(&self) -> String {
        let path = self.spot.path();
        if path.is_empty() { "the body".to_owned() } else { format!("`{path}`") }
    }

    /// A refusal because the value should be `wanted`.
    pub(super) fn mistyped(&self, wanted: &str) -> Problem {
        let message = format!("{} must be {wanted}, not {}", self.shown(), self.kind());
        self.problem(code::INVALID_TYPE, message)
    }

    /// A refusal because Abide does not serve `what`.
    pub(super) fn unsupported(&self, what: &str) -> Problem {
        self.problem(code::UNSUPPORTED, format!("{what} is not supported by Abide"))
    }

    /// A refusal because the value is none of `choices`.
    pub(super) fn not_among(&self, choices: &[&str]) -> Problem {
        let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
        let message = format!("{} must be one of {}", self.shown(), choices.join(", "));
        self.problem(code::INVALID_VALUE, message)
    }

    fn parse<T: Deserialize<'a>>(&self, wanted: &str) -> Result<T, Problem> {
        serde_json::from_str(self.text).map_err(|error| {
            if error.is_data() {
                self.mistyped(wanted)
            } else {
                self.problem(code::INVALID_JSON, format!("{} is not valid JSON: {error}", self.shown()))
            }
        })
    }

    pub(super) fn string(&self) -> Result<Cow<'a, str>, Problem> {
        self.parse::<Text<'a>>("a string").map(|text| text.0)
    }

    /// A string of at most `max` characters.
    pub(super) fn string_up_to(&self, max: usize) -> Result<Cow<'a, str>, Problem> {
        let text = self.string()?;
        if text.len() > max && text.chars().count() > max {
            let message = format!("{} is longer than {max} characters", self.shown());
            return Err(self.problem(code::TOO_LONG, message));
        }
        Ok(text)
    }

    /// One of `choices`.
    pub(super) fn choice<'c>(&self, choices: &[&'c str]) -> Result<&'c str, Problem> {
        let text = self.string()?;
        choices.iter().find(|choice| **choice == text).copied().ok_or_else(|| self.not_among(choices))
    }

    pub(super) fn boolean(&self) -> Result<bool, Problem> {
        self.parse("a boolean")
    }

    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, Problem> {
        let number: i64 = self.parse("an integer")?;
        if range.contains(&number) {
            return Ok(number);
        }
        let message = format!("{} must be from {} to {}", self.shown(), range.start(), range.end());
        Err(self.problem(code::INVALID_VALUE, message))
    }

    /// A number kept as its text.
    pub(super) fn number(&self, range: RangeInclusive<f64>) -> Result<Number, Problem> {
        let number: f64 = self.parse("a number")?;
        if range.contains(&number) {
            return Ok(Number(self.text.to_owned()));
        }
        let message = format!("{} must be from {} to {}", self.shown(), range.start(), range.end());
        Err(self.problem(code::INVALID_VALUE, message))
    }

    /// The entries of a list of at most `max`.
    pub(super) fn list(&'p self, max: usize) -> Result<impl Iterator<Item = Node<'a, 'p>> + 'p, Problem>
    where
        'a: 'p,
    {
        let entries: Vec<&'a RawValue> = self.parse("a list")?;
        if entries.len() > max {
            let message = format!("{} holds {} entries, the most is {max}", self.shown(), entries.len());
            return Err(self.problem(code::TOO_LONG, message));
        }
        Ok(entries.into_iter().enumerate().map(|(index, entry)| Node {
            text: entry.get(),
            spot: Spot { up: Some(&self.spot), step: Step::Entry(index) },
        }))
    }

    /// The fields of an object.
    pub(super) fn object(&'p self) -> Result<Object<'a, 'p>, Problem> {
        let Fields(entries) = self.parse("an object")?;
        if entries.len() > FIELDS_MAX {
            let message = format!("{} has more than {FIELDS_MAX} fields", self.shown());
            return Err(self.problem(code::TOO_LONG, message));
        }
        for (index, (name, _)) in entries.iter().enumerate() {
            if entries.iter().take(index).any(|(before, _)| before == name) {
                let message = format!("{} has the field `{name}` twice", self.shown());
                return Err(self.problem(code::DUPLICATE, message));
            }
        }
        Ok(Object { entries, asked: Vec::with_capacity(FIELDS_KNOWN), at: self })
    }

    /// The text the value came in.
    pub(super) fn kept(&self) -> Json {
        Json::from_parsed(self.text)
    }

    /// A JSON object kept as the text it came in.
    pub(super) fn json_object(&self) -> Result<Json, Problem> {
        if !self.text.starts_with('{') {
            return Err(self.mistyped("an object"));
        }
        if deeper_than(self.text, JSON_DEPTH_MAX) {
            let message = format!("{} nests deeper than {JSON_DEPTH_MAX} levels", self.shown());
            return Err(self.problem(code::TOO_LONG, message));
        }
        Ok(Json::from_parsed(self.text))
    }
}

/// Whether valid JSON nests deeper than `max`.
fn deeper_than(json: &str, max: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

/// An object whose fields are taken one by one; whatever nobody took is refused at the end.
pub(super) struct Object<'a, 'p> {
    entries: Vec<(Cow<'a, str>, Option<&'a RawValue>)>,
    asked: Vec<&'static str>,
    at: &'p Node<'a, 'p>,
}

impl<'a, 'p> Object<'a, 'p> {
    /// Takes a field; `null` is as good as absent.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node<'a, 'p>> {
        self.take_or_null(name).filter(|node| !node.is_null())
    }

    fn take_or_null(&mut self, name: &'static str) -> Option<Node<'a, 'p>> {
        self.asked.push(name);
        let (_, value) = self.entries.iter_mut().find(|(key, _)| key == name)?;
        let raw = value.take()?;
        Some(Node { text: raw.get(), spot: Spot { up: Some(&self.at.spot), step: Step::Field(name) } })
    }

    /// Takes a field that must be there.
    pub(super) fn need(&mut self, name: &'static str) -> Result<Node<'a, 'p>, Problem> {
        self.take(name).ok_or_else(|| self.missing(name))
    }

    /// Takes a field that must be there, be it `null`.
    pub(super) fn need_or_null(&mut self, name: &'static str) -> Result<Node<'a, 'p>, Problem> {
        self.take_or_null(name).ok_or_else(|| self.missing(name))
    }

    /// A refusal because the field is not there.
    pub(super) fn missing(&self, name: &'static str) -> Problem {
        let path = self.path_of(name);
        let there = self.entries.iter().filter(|(_, value)| value.is_some());
        let near = there.map(|(key, _)| key).find(|key| nearest(key, &[name]).is_some());
        let hint = near.map_or(String::new(), |near| format!("; `{}` is there instead", shortened(near)));
        Problem { message: format!("`{path}` is missing{hint}"), param: Some(path), code: code::MISSING }
    }

    /// Whether the field is there and not `null`.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, value)| key == name && value.is_some_and(|raw| raw.get() != "null"))
    }

    /// Drops fields that mean nothing here.
    pub(super) fn ignore(&mut self, names: &[&'static str]) {
        for name in names {
            self.take(name);
        }
    }

    /// Refuses fields that OpenAI's API has and Abide does not serve.
    pub(super) fn refuse(&mut self, names: &[&'static str]) -> Result<(), Problem> {
        for name in names {
            if let Some(node) = self.take(name) {
                return Err(node.unsupported(&node.shown()));
            }
        }
        Ok(())
    }

    /// Refuses fields that other formats have, pairing their names with what to use here.
    pub(super) fn divert(&self, elsewhere: &[(&str, &str)]) -> Result<(), Problem> {
        for (name, _) in &self.entries {
            if let Some((_, here)) = elsewhere.iter().find(|(other, _)| other == name) {
                return Err(self.unknown(name, &format!("; use {here}")));
            }
        }
        Ok(())
    }

    /// Refuses whatever was not taken.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let Some((name, _)) = self.entries.iter().find(|(_, value)| value.is_some()) else {
            return Ok(());
        };
        match nearest(name, &self.asked) {
            Some(near) => Err(self.unknown(name, &format!("; did you mean `{near}`?"))),
            None => Err(self.unknown(name, "")),
        }
    }

    /// The fields as texts, whatever they are called.
    pub(super) fn texts(&self) -> Result<Vec<(&str, Cow<'a, str>)>, Problem> {
        let text = |(name, value): &'_ (Cow<'a, str>, Option<&'a RawValue>)| {
            let raw = value.map_or("null", RawValue::get);
            serde_json::from_str::<Text<'a>>(raw).map(|text| text.0).map_err(|_| {
                let path = self.path_of(&shortened(name));
                let kind = Node { text: raw, spot: self.at.spot }.kind();
                Problem {
                    message: format!("`{path}` must be a string, not {kind}"),
                    param: Some(path),
                    code: code::INVALID_TYPE,
                }
            })
        };
        self.entries.iter().map(|entry| Ok((&*entry.0, text(entry)?))).collect()
    }

    fn unknown(&self, name: &str, hint: &str) -> Problem {
        let path = self.path_of(&shortened(name));
        Problem { message: format!("unknown field `{path}`{hint}"), param: Some(path), code: code::UNKNOWN }
    }

    fn path_of(&self, name: &str) -> String {
        let mut path = self.at.spot.path();
        join(&mut path, name);
        path
    }
}

/// A name as an answer repeats it.
fn shortened(name: &str) -> String {
    name.chars().take(NAME_SHOWN_CHARS_MAX).collect()
}

/// The known name that `name` was probably meant to be.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let length = name.chars().count();
    if length > NAME_SHOWN_CHARS_MAX {
        return None;
    }
    known
        .iter()
        .map(|known| (edits(name, known), *known))
        .filter(|(edits, _)| *edits <= NEAR_EDITS_MAX && *edits * 2 < length)
        .min()
        .map(|(_, known)| known)
}

/// A string, borrowed where it holds no escape.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// The fields of an object in their order, each still text.
struct Fields<'a>(Vec<(Cow<'a, str>, Option<&'a RawValue>)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut entries = Vec::with_capacity(FIELDS_USUAL);
                while let Some(Text(name)) = map.next_key()? {
                    entries.push((name, Some(map.next_value::<&'de RawValue>()?)));
                }
                Ok(Fields(entries))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

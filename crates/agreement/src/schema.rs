//! JSON Schema of the files of a book, for editors that complete and check TOML.
//!
//! Made from the table of keys that the readers use, so that the two cannot say different things. A schema knows keys,
//! types and words; names, days and precedence are what [`crate::load`] checks.

mod json;

use crate::syntax::condition::CONDITION_BYTES_MAX;
use crate::syntax::keys::{BOOK, INSTRUMENT, Key, Keys, REGISTRY, SCENARIO, Shape};
use abide_model::name::NAME_BYTES_MAX;
use json::{Json, list, object, text, words};

/// Which file a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaOf {
    /// Any file of a book: which one it is shows in the keys `instrument` and `book`.
    Any,
    /// `book.toml`.
    Book,
    /// An instrument or an amendment to one.
    Instrument,
    /// A scenario: a forecast and its question.
    Scenario,
    /// Any other file: prices, facts.
    Registry,
}

impl SchemaOf {
    /// All of them.
    pub const ALL: [SchemaOf; 5] =
        [SchemaOf::Any, SchemaOf::Book, SchemaOf::Instrument, SchemaOf::Scenario, SchemaOf::Registry];

    /// The word used on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SchemaOf::Any => "any",
            SchemaOf::Book => "book",
            SchemaOf::Instrument => "instrument",
            SchemaOf::Scenario => "scenario",
            SchemaOf::Registry => "registry",
        }
    }

    /// Reads [`SchemaOf::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.as_str() == text)
    }
}

/// The schema as indented JSON with a line end, in draft 7, which every TOML editor reads.
#[must_use]
pub fn schema(of: SchemaOf) -> String {
    let mut members = vec![("$schema", text("http://json-schema.org/draft-07/schema#"))];
    match of {
        SchemaOf::Any => members.extend(any()),
        SchemaOf::Book => members.extend(table(&BOOK)),
        SchemaOf::Instrument => members.extend(table(&INSTRUMENT)),
        SchemaOf::Scenario => members.extend(table(&SCENARIO)),
        SchemaOf::Registry => members.extend(table(&REGISTRY)),
    }
    object(members).pretty() + "\n"
}

fn any() -> Vec<(&'static str, Json)> {
    let has = |key| object(vec![("required", words([key]))]);
    let either =
        |key, then, other| object(vec![("if", has(key)), ("then", object(table(then))), ("else", other)]);
    let registry = either("scenario", &SCENARIO, object(table(&REGISTRY)));
    let registry = either("book", &BOOK, registry);
    vec![
        ("description", text("A file of a book of agreements.")),
        ("type", text("object")),
        ("if", has("instrument")),
        ("then", object(table(&INSTRUMENT))),
        ("else", registry),
    ]
}

fn table(keys: &'static Keys) -> Vec<(&'static str, Json)> {
    let properties = keys.rows().map(|key| (key.name, object(property(key)))).collect();
    let needed: Vec<_> = keys.rows().filter(|key| key.needed).map(|key| key.name).collect();
    let mut members = vec![
        ("description", text(keys.about)),
        ("type", text("object")),
        ("additionalProperties", Json::Bool(false)),
        ("x-tombi-table-keys-order", text("schema")),
        ("properties", object(properties)),
    ];
    if !needed.is_empty() {
        members.push(("required", words(needed)));
    }
    if !keys.choice.is_empty() {
        let choice = keys.choice.iter().map(|set| object(vec![("required", words(set.iter().copied()))]));
        members.push(("oneOf", list(choice)));
    }
    members
}

fn property(key: &'static Key) -> Vec<(&'static str, Json)> {
    let mut members = shape(&key.shape);
    members.retain(|(name, _)| *name != "description");
    members.insert(0, ("description", text(key.about)));
    members.extend(Json::of_toml(key.like).map(|example| ("examples", list([example]))));
    members
}

fn shape(shape: &'static Shape) -> Vec<(&'static str, Json)> {
    let string = || vec![("type", text("string"))];
    let pattern = |pattern: &str| {
        vec![("type", text("string")), ("pattern", text(pattern)), ("maxLength", Json::Whole(NAME_BYTES_MAX))]
    };
    let array = |items| vec![("type", text("array")), ("minItems", Json::Whole(1)), ("items", object(items))];
    match shape {
        Shape::Text => string(),
        Shape::Name => pattern("^[A-Za-z0-9._-]+$"),
        Shape::Path => pattern("^[A-Za-z0-9._/-]+$"),
        Shape::Word(allowed) => vec![("type", text("string")), ("enum", words(allowed()))],
        Shape::Money => pattern("^[0-9][0-9_]*([.][0-9_]+)? +[A-Z]{3}$"),
        Shape::Percent => pattern("^[0-9][0-9_]*([.][0-9_]+)? *%$"),
        Shape::Span => pattern("^[0-9]+[dwmy]$"),
        Shape::Condition => vec![
            ("type", text("string")),
            ("minLength", Json::Whole(1)),
            ("maxLength", Json::Whole(CONDITION_BYTES_MAX)),
        ],
        Shape::Date => vec![("type", text("string")), ("format", text("date"))],
        Shape::Bool => vec![("type", text("boolean"))],
        Shape::Whole => vec![("type", text("integer")), ("minimum", Json::Whole(0))],
        Shape::List(item) => array(self::shape(item)),
        Shape::Table(keys) => table(keys),
        Shape::Tables(keys) => array(table(keys)),
        Shape::Map(item) => {
            vec![("type", text("object")), ("additionalProperties", object(self::shape(item)))]
        }
        Shape::Either(shapes) => {
            vec![("anyOf", list(shapes.iter().map(|one| object(self::shape(one)))))]
        }
    }
}

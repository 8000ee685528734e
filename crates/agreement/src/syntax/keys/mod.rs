//! The one table of keys: what each table of a file may hold, in the order in which it is best written.
//!
//! Readers ask for keys by name, and asking for one that has no row here is a fault of this crate. Messages take their
//! examples from here, the JSON Schema its descriptions, and the formatter its order. Knows no values.

mod clause;
mod entry;
mod money;
mod registry;
mod scenario;

/// The keys of one table.
#[derive(Debug)]
pub(crate) struct Keys {
    /// What the table is, in a sentence.
    pub(crate) about: &'static str,
    /// Rows in order; in parts, since tables share some.
    pub(crate) parts: &'static [&'static [Key]],
    /// Sets of keys of which exactly one is to be there, whole. Empty where no such choice is.
    pub(crate) choice: &'static [&'static [&'static str]],
}

/// One key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) needed: bool,
    /// An example of a value, as it stands in a file; empty for tables under headers.
    pub(crate) like: &'static str,
    /// What it means, in a sentence or two.
    pub(crate) about: &'static str,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Text that people read.
    Text,
    /// A name without `/`.
    Name,
    /// A name with `/` between its parts.
    Path,
    /// One of a few words.
    Word(fn() -> Vec<&'static str>),
    /// `"38_000_000_000 USD"`.
    Money,
    /// `"20%"`.
    Percent,
    /// `"90d"`.
    Span,
    /// `'agi-verified and not before(2030-01-01)'`.
    Condition,
    /// `2026-04-27`.
    Date,
    Bool,
    /// A whole number from 0 on.
    Whole,
    /// At least one of these.
    List(&'static Shape),
    /// One table.
    Table(&'static Keys),
    /// Tables under `[[key]]` headers.
    Tables(&'static Keys),
    /// A table whose keys are names.
    Map(&'static Shape),
    /// Any one of these.
    Either(&'static [Shape]),
}

/// The keys of a table that holds nothing.
pub(crate) static NONE: Keys = Keys { about: "", parts: &[], choice: &[] };

pub(crate) use registry::{BOOK, REGISTRY};
pub(crate) use scenario::SCENARIO;

/// A file that holds an instrument or an amendment.
pub(crate) use clause::INSTRUMENT;

impl Keys {
    pub(crate) fn rows(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.parts.iter().copied().flatten()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&'static Key> {
        self.rows().find(|key| key.name == name)
    }
}

impl Shape {
    /// Whether the value is text in quotes.
    pub(crate) fn is_text(&self) -> bool {
        match self {
            Shape::Text
            | Shape::Name
            | Shape::Path
            | Shape::Word(_)
            | Shape::Money
            | Shape::Percent
            | Shape::Span
            | Shape::Condition => true,
            Shape::Date
            | Shape::Bool
            | Shape::Whole
            | Shape::List(_)
            | Shape::Table(_)
            | Shape::Tables(_)
            | Shape::Map(_) => false,
            Shape::Either(shapes) => shapes.iter().any(Shape::is_text),
        }
    }

    /// What stands under `name`, when this is a table.
    pub(crate) fn child(self, name: &str) -> Option<Shape> {
        match self {
            Shape::Map(shape) => Some(*shape),
            Shape::Table(_) | Shape::Tables(_) | Shape::List(_) | Shape::Either(_) => {
                self.keys().find(name).map(|key| key.shape)
            }
            Shape::Text
            | Shape::Name
            | Shape::Path
            | Shape::Word(_)
            | Shape::Money
            | Shape::Percent
            | Shape::Span
            | Shape::Condition
            | Shape::Date
            | Shape::Bool
            | Shape::Whole => None,
        }
    }

    /// What each element is, when this is a list.
    pub(crate) fn item(self) -> Option<Shape> {
        match self {
            Shape::List(shape) => Some(*shape),
            Shape::Tables(keys) => Some(Shape::Table(keys)),
            Shape::Text
            | Shape::Name
            | Shape::Path
            | Shape::Word(_)
            | Shape::Money
            | Shape::Percent
            | Shape::Span
            | Shape::Condition
            | Shape::Date
            | Shape::Bool
            | Shape::Whole
            | Shape::Table(_)
            | Shape::Map(_)
            | Shape::Either(_) => None,
        }
    }

    /// The keys of the table that the value is, or that each of its elements is.
    pub(crate) fn keys(&self) -> &'static Keys {
        match self {
            Shape::Table(keys) | Shape::Tables(keys) => keys,
            Shape::List(shape) => shape.keys(),
            Shape::Either(shapes) => {
                shapes.iter().map(Shape::keys).find(|keys| !keys.parts.is_empty()).unwrap_or(&NONE)
            }
            Shape::Text
            | Shape::Name
            | Shape::Path
            | Shape::Word(_)
            | Shape::Money
            | Shape::Percent
            | Shape::Span
            | Shape::Condition
            | Shape::Date
            | Shape::Bool
            | Shape::Whole
            | Shape::Map(_) => &NONE,
        }
    }
}

const fn key(name: &'static str, shape: Shape, like: &'static str, about: &'static str) -> Key {
    Key { name, shape, needed: false, like, about }
}

const fn needed(name: &'static str, shape: Shape, like: &'static str, about: &'static str) -> Key {
    Key { name, shape, needed: true, like, about }
}

/// Money, or the word `unknown` for an amount that there is and that is not known.
const LIMIT: Shape = Shape::Either(&[Shape::Money, Shape::Word(|| vec!["unknown"])]);
const NAMES: Shape = Shape::List(&Shape::Name);
const PATHS: Shape = Shape::List(&Shape::Path);

const NOTE: &[Key] =
    &[key("note", Shape::Text, "\"…\"", "Anything worth saying. It means nothing to Abide.")];

#[cfg(test)]
mod test;

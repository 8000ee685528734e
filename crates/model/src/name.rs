//! Names people give to things in their files: parties, products, channels, models, clauses.
//!
//! Each is parsed once at the edge and is cheap to clone afterwards. Knows nothing of what a name refers to.

use std::fmt;
use std::sync::Arc;

/// The longest name of any kind, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a {kind} needs at least one character")]
    Empty {
        /// What was to be named.
        kind: &'static str,
    },
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("{kind} is {bytes} bytes long, the most is {NAME_BYTES_MAX}")]
    TooLong {
        /// What was to be named.
        kind: &'static str,
        /// How long it is.
        bytes: usize,
    },
    /// A character that this kind of name cannot hold.
    #[error("{kind} `{text}` holds `{found}`; {allowed}")]
    Character {
        /// What was to be named.
        kind: &'static str,
        /// The whole text.
        text: String,
        /// The first offending character.
        found: char,
        /// Which characters are allowed, in words.
        allowed: &'static str,
    },
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $allowed:literal, $accept:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("Parses a ", $kind, ": ", $allowed, ".")]
            ///
            /// # Errors
            /// When the text is empty, too long, or holds another character.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check(text, $kind, $allowed, $accept).map(|()| Self(Arc::from(text)))
            }

            /// The name as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

fn check(
    text: &str,
    kind: &'static str,
    allowed: &'static str,
    accept: fn(char) -> bool,
) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { kind });
    }
    if text.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong { kind, bytes: text.len() });
    }
    match text.chars().find(|c| !accept(*c)) {
        Some(found) => Err(NameError::Character { kind, text: text.to_owned(), found, allowed }),
        None => Ok(()),
    }
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn path(c: char) -> bool {
    word(c) || c == '/'
}

fn point(c: char) -> bool {
    path(c) || matches!(c, '(' | ')' | ',' | ' ')
}

fn model(c: char) -> bool {
    path(c) || matches!(c, ':' | '@' | '+')
}

name!(
    /// Who signs, owns, operates, pays: `openai`, `microsoft`.
    Party, "party", "letters, digits, `-`, `_` and `.` are allowed", word
);
name!(
    /// What is offered, as a path whose prefixes name families: `openai/api/responses`.
    Product, "product", "letters, digits, `-`, `_`, `.` and `/` are allowed", path
);
name!(
    /// A route to the customer: `azure`, `aws`, `direct`.
    Channel, "channel", "letters, digits, `-`, `_` and `.` are allowed", word
);
name!(
    /// A group of customers, as a path: `government/national-security`.
    Segment, "segment", "letters, digits, `-`, `_`, `.` and `/` are allowed", path
);
name!(
    /// A kind of product that clauses speak of: `api`, `stateless-api`.
    Class, "class", "letters, digits, `-`, `_` and `.` are allowed", word
);
name!(
    /// A place, as an ISO 3166 code or a set the book defines: `US`, `EU`.
    Territory, "territory", "letters, digits, `-`, `_` and `.` are allowed", word
);
name!(
    /// A clause of an agreement: `apr27.revenue-share`.
    Clause, "clause id", "letters, digits, `-`, `_` and `.` are allowed", word
);
name!(
    /// An open point: a question (`frontier-is-api`), an amount that nobody reported (`spend(openai, azure)`), or a
    /// fact that would settle it (`accepted(microsoft, openai, openai/compute)`).
    Question, "question id", "letters, digits, `-`, `_`, `.`, `/`, `(`, `)`, `,` and spaces are allowed", point
);
name!(
    /// The buyer whom a call is for, as the operator of Abide calls it.
    Customer, "customer", "letters, digits, `-`, `_`, `.`, `/`, `:`, `@` and `+` are allowed", model
);
name!(
    /// What a client asks for in `model`: a model, a route, or `agent/NAME`.
    ModelName, "model", "letters, digits, `-`, `_`, `.`, `/`, `:`, `@` and `+` are allowed", model
);
name!(
    /// A cloud of the configuration: one endpoint with its credentials.
    Cloud, "cloud", "letters, digits, `-`, `_` and `.` are allowed", word
);

impl Product {
    /// Whether this path is `other` or lies below it: `openai` covers `openai/api`.
    #[must_use]
    pub fn covers(&self, other: &Product) -> bool {
        path_covers(&self.0, &other.0)
    }
}

impl Segment {
    /// Whether this path is `other` or lies below it.
    #[must_use]
    pub fn covers(&self, other: &Segment) -> bool {
        path_covers(&self.0, &other.0)
    }
}

fn path_covers(upper: &str, lower: &str) -> bool {
    lower.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_covers_itself_and_what_lies_below_but_not_its_neighbours() {
        let api = Product::parse("openai/api").unwrap();
        assert!(api.covers(&Product::parse("openai/api").unwrap()));
        assert!(api.covers(&Product::parse("openai/api/responses").unwrap()));
        assert!(!api.covers(&Product::parse("openai/apis").unwrap()));
        assert!(!api.covers(&Product::parse("openai").unwrap()));
    }

    #[test]
    fn a_name_with_a_space_says_which_character_is_wrong() {
        let error = Party::parse("open ai").unwrap_err();
        assert_eq!(
            error.to_string(),
            "party `open ai` holds ` `; letters, digits, `-`, `_` and `.` are allowed"
        );
    }
}

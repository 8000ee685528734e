//! One page of a list of items: which of them, in which order.

use super::error::{Problem, code};
use abide_model::id::ItemId;
use abide_model::run::Placed;

/// Items of a page when the client does not say.
const LIMIT_DEFAULT: usize = 20;
/// Items of a page at most.
const LIMIT_MAX: usize = 100;

/// What a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Start behind this item.
    pub after: Option<ItemId>,
    /// The most items, 1 to 100.
    pub limit: usize,
    /// Newest first.
    pub descending: bool,
}

impl Default for Query {
    fn default() -> Self {
        Self { after: None, limit: LIMIT_DEFAULT, descending: true }
    }
}

/// The items that answer a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'i> {
    /// In the order asked for.
    pub items: Vec<&'i Placed>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Reads the decoded pairs of a list's query.
///
/// # Errors
/// A value that is not what the name takes, or a name nobody knows.
pub fn decode_query<'q>(pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> Result<Query, Problem> {
    let mut query = Query::default();
    for (name, value) in pairs {
        let refuse = |message: String, code| Problem { message, param: Some(name.to_owned()), code };
        match name {
            "after" => {
                let id =
                    ItemId::parse(value).map_err(|error| refuse(error.to_string(), code::INVALID_VALUE))?;
                query.after = Some(id);
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                let message = || format!("`limit` must be from 1 to {LIMIT_MAX}, not `{value}`");
                query.limit = limit.ok_or_else(|| refuse(message(), code::INVALID_VALUE))?;
            }
            "order" if value == "asc" => query.descending = false,
            "order" if value == "desc" => query.descending = true,
            "order" => {
                return Err(refuse("`order` must be `asc` or `desc`".to_owned(), code::INVALID_VALUE));
            }
            "include" | "include[]" => {}
            _ => return Err(refuse(format!("unknown field `{name}`"), code::UNKNOWN)),
        }
    }
    Ok(query)
}

impl Query {
    /// Cuts the page out of `all`, which stands oldest first.
    ///
    /// # Errors
    /// When `after` names an item that is not among them.
    pub fn cut<'i>(&self, all: &'i [Placed]) -> Result<Page<'i>, Problem> {
        let mut ordered: Vec<&'i Placed> = all.iter().collect();
        if self.descending {
            ordered.reverse();
        }
        let start = match self.after {
            None => 0,
            Some(id) => {
                ordered.iter().position(|placed| placed.id == id).map(|at| at + 1).ok_or_else(|| Problem {
                    message: "`after` names an item that is not in this list".to_owned(),
                    param: Some("after".to_owned()),
                    code: code::INVALID_VALUE,
                })?
            }
        };
        let mut items: Vec<&'i Placed> = ordered.into_iter().skip(start).collect();
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        Ok(Page { items, has_more })
    }
}

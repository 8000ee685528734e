//! OpenAI's Conversations: what a session is to a client of `/v1/conversations`.
//!
//! Source: OpenAI's API reference. Items have the form they have in Responses.

use super::error::Problem;
use super::items::{self, Seals};
use super::page::Page;
use super::params;
use super::read;
use super::write;
use abide_model::Time;
use abide_model::id::SessionId;
use abide_model::item::{Item, Json};
use abide_model::run::Placed;

/// Items added in one request.
pub const ITEMS_ADDED_MAX: usize = 20;

/// A conversation to begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Create {
    /// What it begins with.
    pub items: Vec<Item>,
    /// The client's own labels, a JSON object.
    pub metadata: Option<Json>,
}

/// Reads the body of `POST /v1/conversations`, which may be empty.
///
/// # Errors
/// The first field that is malformed, unknown or not served.
pub fn decode_create(body: &[u8]) -> Result<Create, Problem> {
    if body.trim_ascii().is_empty() {
        return Ok(Create::default());
    }
    let body = read::body(body)?;
    let mut fields = body.object()?;
    let items = match fields.take("items") {
        Some(node) => items::items(&node, ITEMS_ADDED_MAX)?,
        None => Vec::new(),
    };
    let metadata = fields.take("metadata").map(|node| params::metadata(&node)).transpose()?;
    fields.finish()?;
    Ok(Create { items, metadata })
}

/// Reads the body of `POST /v1/conversations/{id}`: the labels that replace those it has; `null` takes them away.
///
/// # Errors
/// When `metadata` is missing or malformed, or another field is there.
pub fn decode_update(body: &[u8]) -> Result<Option<Json>, Problem> {
    let body = read::body(body)?;
    let mut fields = body.object()?;
    let metadata = fields.need_or_null("metadata")?;
    let metadata = if metadata.is_null() { None } else { Some(params::metadata(&metadata)?) };
    fields.finish()?;
    Ok(metadata)
}

/// Reads the body of `POST /v1/conversations/{id}/items`.
///
/// # Errors
/// When `items` is missing or one of them is malformed or not served, or another field is there.
pub fn decode_items(body: &[u8]) -> Result<Vec<Item>, Problem> {
    let body = read::body(body)?;
    let mut fields = body.object()?;
    let items = items::items(&fields.need("items")?, ITEMS_ADDED_MAX)?;
    fields.finish()?;
    Ok(items)
}

/// The conversation object.
#[must_use]
pub fn encode(id: SessionId, created_at: Time, metadata: Option<&Json>) -> Vec<u8> {
    let mut out = Vec::new();
    write::object(&mut out, |body| {
        body.plain("id", id);
        body.text("object", "conversation");
        body.seconds("created_at", created_at);
        body.raw("metadata", metadata.map_or("{}", |json| json.as_str()));
    });
    out
}

/// Word that a conversation is gone.
#[must_use]
pub fn encode_deleted(id: SessionId) -> Vec<u8> {
    let mut out = Vec::new();
    write::object(&mut out, |body| {
        body.plain("id", id);
        body.text("object", "conversation.deleted");
        body.flag("deleted", true);
    });
    out
}

/// A page of items, or those that were just added.
#[must_use]
pub fn encode_items(page: &Page<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    items::list(&mut out, &page.items, page.has_more, Seals::Hidden);
    out
}

/// One item.
#[must_use]
pub fn encode_item(placed: &Placed) -> Vec<u8> {
    let mut out = Vec::new();
    items::item(&mut out, placed, Seals::Hidden);
    out
}

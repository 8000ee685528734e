//! Conversations and their items.

use super::Ask;
use crate::problem::Failure;
use crate::reply::Reply;
use abide_engine::{ConversationView, Refused};
use abide_model::id::{ItemId, SessionId};
use abide_wire::client::conversations;
use abide_wire::client::page::Page;

pub(super) async fn create(mut ask: Ask<'_>) -> Result<Reply, Failure> {
    let wanted = conversations::decode_create(&ask.body().await?)?;
    let view = ask.engine().create_conversation(ask.who, wanted.items, wanted.metadata).await?;
    Ok(shown(&view))
}

pub(super) async fn read(ask: Ask<'_>) -> Result<Reply, Failure> {
    Ok(shown(&ask.engine().conversation(ask.who, session(&ask)?).await?))
}

pub(super) async fn update(mut ask: Ask<'_>) -> Result<Reply, Failure> {
    let metadata = conversations::decode_update(&ask.body().await?)?;
    Ok(shown(&ask.engine().set_metadata(ask.who, session(&ask)?, metadata).await?))
}

pub(super) async fn delete(ask: Ask<'_>) -> Result<Reply, Failure> {
    let id = session(&ask)?;
    ask.engine().delete_conversation(ask.who, id).await?;
    Ok(Reply::json(conversations::encode_deleted(id)))
}

pub(super) async fn list_items(ask: Ask<'_>) -> Result<Reply, Failure> {
    let query = ask.page()?;
    let items = ask.engine().items(ask.who, session(&ask)?).await?;
    Ok(Reply::json(conversations::encode_items(&query.cut(&items)?)))
}

pub(super) async fn add_items(mut ask: Ask<'_>) -> Result<Reply, Failure> {
    let items = conversations::decode_items(&ask.body().await?)?;
    let placed = ask.engine().add_items(ask.who, session(&ask)?, items).await?;
    let page = Page { items: placed.iter().collect(), has_more: false };
    Ok(Reply::json(conversations::encode_items(&page)))
}

pub(super) async fn read_item(ask: Ask<'_>) -> Result<Reply, Failure> {
    let id = item(&ask)?;
    let items = ask.engine().items(ask.who, session(&ask)?).await?;
    let placed = items.iter().find(|placed| placed.id == id).ok_or(Refused::UnknownItem(id))?;
    Ok(Reply::json(conversations::encode_item(placed)))
}

pub(super) async fn delete_item(ask: Ask<'_>) -> Result<Reply, Failure> {
    let id = item(&ask)?;
    Ok(shown(&ask.engine().remove_item(ask.who, session(&ask)?, id).await?))
}

fn shown(view: &ConversationView) -> Reply {
    Reply::json(conversations::encode(view.id, view.created_at, view.metadata.as_ref()))
}

fn session(ask: &Ask<'_>) -> Result<SessionId, Failure> {
    SessionId::parse(ask.route.first)
        .map_err(|error| Failure::no_such("conversation_not_found", error.to_string()))
}

fn item(ask: &Ask<'_>) -> Result<ItemId, Failure> {
    ItemId::parse(ask.route.second).map_err(|error| Failure::no_such("item_not_found", error.to_string()))
}

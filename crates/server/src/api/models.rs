//! The names clients can ask for.

use super::Ask;
use crate::problem::Failure;
use crate::reply::Reply;
use abide_engine::ModelEntry;
use abide_wire::client::models;
use percent_encoding::percent_decode_str;

pub(super) fn list(ask: &Ask<'_>) -> Reply {
    let all: Vec<models::Model> = ask.engine().models().into_iter().map(shown).collect();
    Reply::json(models::encode_list(&all))
}

/// Clients write the slash of `agent/NAME` as it is or encoded.
pub(super) fn read(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let name = percent_decode_str(ask.route.first).decode_utf8_lossy();
    let found = ask.engine().models().into_iter().find(|entry| entry.name.as_str() == name);
    let missing = || Failure::no_such("model_not_found", format!("the model `{name}` does not exist"));
    Ok(Reply::json(models::encode(&shown(found.ok_or_else(missing)?))))
}

fn shown(entry: ModelEntry) -> models::Model {
    models::Model { id: entry.name, created: entry.created, owned_by: entry.owned_by }
}

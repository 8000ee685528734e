//! OpenAI's list of models: `GET /v1/models` and `GET /v1/models/{model}`.

use super::write::{self, Object};
use abide_model::Time;
use abide_model::name::ModelName;

/// A model, route or agent that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// What to put in `model`.
    pub id: ModelName,
    /// Since when it is there.
    pub created: Time,
    /// Who offers it.
    pub owned_by: String,
}

/// The list.
#[must_use]
pub fn encode_list(models: &[Model]) -> Vec<u8> {
    let mut out = Vec::new();
    write::object(&mut out, |body| {
        body.text("object", "list");
        body.list("data", models, |out, model| write::object(out, |body| fill(body, model)));
    });
    out
}

/// One of them.
#[must_use]
pub fn encode(model: &Model) -> Vec<u8> {
    let mut out = Vec::new();
    write::object(&mut out, |body| fill(body, model));
    out
}

fn fill(body: &mut Object<'_>, model: &Model) {
    body.text("id", model.id.as_str());
    body.text("object", "model");
    body.seconds("created", model.created);
    body.text("owned_by", &model.owned_by);
    body.null("shutdown_date");
}

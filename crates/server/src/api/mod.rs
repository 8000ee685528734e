//! What the holder of a key can ask for: bodies and paths to calls of [`abide_engine::Handle`], and back.

mod conversations;
mod models;
mod responses;
mod runs;

use crate::answer::Shared;
use crate::problem::Failure;
use crate::read;
use crate::reply::Reply;
use crate::route::{Api, Route};
use abide_engine::{Handle, Principal};
use abide_wire::client::page;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use std::sync::Arc;

/// One request of somebody known.
pub(crate) struct Ask<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) who: &'a Arc<Principal>,
    pub(crate) head: &'a Parts,
    pub(crate) incoming: &'a mut Incoming,
    pub(crate) route: Route<'a>,
    /// Bytes of the body, once it was read.
    pub(crate) received: &'a mut usize,
}

impl Ask<'_> {
    fn engine(&self) -> &Handle {
        &self.shared.handle
    }

    async fn body(&mut self) -> Result<Bytes, Failure> {
        let options = &self.shared.options;
        let (bytes_max, time_max) = (options.body_bytes_max, options.body_time_max);
        let body = read::body(self.head, self.incoming, &self.shared.bodies, bytes_max, time_max).await?;
        *self.received = body.len();
        Ok(body)
    }

    /// The decoded pairs of the query.
    fn query(&self) -> Vec<(String, String)> {
        let query = self.head.uri.query().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// The query of a list.
    fn page(&self) -> Result<page::Query, Failure> {
        Ok(page::decode_query(borrowed(&self.query()))?)
    }
}

fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// Does what is asked.
pub(crate) async fn serve(api: Api, ask: Ask<'_>) -> Result<Reply, Failure> {
    match api {
        Api::CreateResponse => runs::respond(ask).await,
        Api::CreateChat => runs::chat(ask).await,
        Api::ReadResponse => responses::read(ask).await,
        Api::DeleteResponse => responses::delete(ask).await,
        Api::CancelResponse => responses::cancel(ask).await,
        Api::ListInput => responses::list_input(ask).await,
        Api::CreateConversation => conversations::create(ask).await,
        Api::ReadConversation => conversations::read(ask).await,
        Api::UpdateConversation => conversations::update(ask).await,
        Api::DeleteConversation => conversations::delete(ask).await,
        Api::ListItems => conversations::list_items(ask).await,
        Api::AddItems => conversations::add_items(ask).await,
        Api::ReadItem => conversations::read_item(ask).await,
        Api::DeleteItem => conversations::delete_item(ask).await,
        Api::ListModels => Ok(models::list(&ask)),
        Api::ReadModel => models::read(&ask),
    }
}

//! Responses that are stored: read, followed, cancelled, deleted.

use super::{Ask, borrowed};
use crate::live::{Feed, Live};
use crate::problem::Failure;
use crate::reply::Reply;
use abide_model::id::RunId;
use abide_wire::client::responses;

pub(super) async fn read(ask: Ask<'_>) -> Result<Reply, Failure> {
    let asked = responses::decode_retrieve(borrowed(&ask.query()))?;
    let run = run(&ask)?;
    if !asked.stream {
        let view = ask.engine().response(ask.who, run).await?;
        return Ok(Reply::json(responses::encode(&view)));
    }
    let following = ask.engine().follow(ask.who, run).await?;
    let stream = responses::Stream::resume(&following.view, asked.starting_after);
    let feed = Feed::Responses(Box::new(stream));
    Ok(Reply::events(Live::replay(following, feed, ask.shared.options.keep_alive_every)))
}

pub(super) async fn delete(ask: Ask<'_>) -> Result<Reply, Failure> {
    let run = run(&ask)?;
    ask.engine().delete_response(ask.who, run).await?;
    Ok(Reply::json(responses::encode_deleted(run)))
}

pub(super) async fn cancel(ask: Ask<'_>) -> Result<Reply, Failure> {
    let view = ask.engine().cancel(ask.who, run(&ask)?).await?;
    Ok(Reply::json(responses::encode(&view)))
}

pub(super) async fn list_input(ask: Ask<'_>) -> Result<Reply, Failure> {
    let query = ask.page()?;
    let view = ask.engine().response(ask.who, run(&ask)?).await?;
    let page = query.cut(&view.input)?;
    Ok(Reply::json(responses::encode_input_items(&view, &page)))
}

/// What is no id names nothing, as an id does that was never given out.
fn run(ask: &Ask<'_>) -> Result<RunId, Failure> {
    RunId::parse(ask.route.first).map_err(|error| Failure::no_such("response_not_found", error.to_string()))
}

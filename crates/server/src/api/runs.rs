//! Requests that start a run: `POST /v1/responses` and `POST /v1/chat/completions`.

use super::Ask;
use crate::live::{self, Feed, Live};
use crate::problem::Failure;
use crate::reply::Reply;
use abide_engine::{Door, Running};
use abide_model::event::RunStatus;
use abide_wire::client::{chat, responses};

pub(super) async fn respond(mut ask: Ask<'_>) -> Result<Reply, Failure> {
    let wanted = responses::decode(&ask.body().await?)?;
    let (stream, background) = (wanted.stream, wanted.background);
    let running = ask.engine().respond(ask.who, wanted, Door::Responses).await?;
    if stream {
        let feed = Feed::Responses(Box::new(responses::Stream::new(&running.view)));
        return streamed(&ask, running, feed).await;
    }
    if background {
        return Ok(Reply::json(responses::encode(&running.view)));
    }
    let (view, calls) = live::end(running).await?;
    match &view.status {
        // Nobody may take the beginning of an answer for the whole of it.
        RunStatus::Failed(error) => Err(error.into()),
        RunStatus::Completed(_) | RunStatus::Incomplete(_) | RunStatus::Cancelled | RunStatus::InProgress => {
            Ok(Reply::json(responses::encode(&view)).with_calls(&calls))
        }
    }
}

pub(super) async fn chat(mut ask: Ask<'_>) -> Result<Reply, Failure> {
    let chat::Request { wanted, include_usage, .. } = chat::decode(&ask.body().await?)?;
    let stream = wanted.stream;
    let running = ask.engine().respond(ask.who, wanted, Door::Chat).await?;
    if stream {
        let feed = Feed::Chat(chat::Stream::new(&running.view, include_usage));
        return streamed(&ask, running, feed).await;
    }
    let (view, calls) = live::end(running).await?;
    match Failure::of(&view) {
        Some(failure) => Err(failure),
        None => Ok(Reply::json(chat::encode(&view)).with_calls(&calls)),
    }
}

async fn streamed(ask: &Ask<'_>, running: Running, feed: Feed) -> Result<Reply, Failure> {
    let (live, calls) = Live::begin(running, feed, ask.shared.options.keep_alive_every).await?;
    Ok(Reply::events(live).with_calls(&calls))
}

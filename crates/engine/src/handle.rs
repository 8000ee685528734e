//! The one public door of the engine. The API, the console and the command line all come through here.

use crate::engine::Shared;
use crate::key::Principal;
use crate::live::{self, Command, Reply, Updates};
use crate::metrics::Metrics;
use crate::refused::Refused;
use crate::setup::Setup;
use crate::transcript::Transcript;
use abide_model::Time;
use abide_model::event::Event;
use abide_model::id::{ItemId, RunId, SessionId};
use abide_model::item::{Item, Json};
use abide_model::name::ModelName;
use abide_model::run::{Placed, RunView};
use abide_model::want::Wanted;
use abide_session::Input;
use std::sync::Arc;

/// Which kind of answer the client's format can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Items: a cut item can be followed by its replacement.
    Responses,
    /// One message: what was streamed cannot be taken back.
    Chat,
}

/// What follows a run gets.
#[derive(Debug, Clone)]
pub enum Update {
    /// A call leaves for a cloud.
    Calling(Arc<Calling>),
    /// Changes, in order, each in the journal already.
    Events(Vec<Event>),
    /// The run is over; this is all of it.
    Ended(Arc<RunView>),
    /// The journal could not be written: nothing more is known of the run until it is read back.
    Lost(Refused),
}

/// A call that leaves, for the headers of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calling {
    /// `CLOUD/MODEL`.
    pub target: Arc<str>,
    /// Counts the run's calls from 1.
    pub attempt: u32,
    /// The agreements' verdict, `permit`; `None` when there is no book.
    pub verdict: Option<&'static str>,
    /// Fields the cloud has no place for and whose loss does no harm.
    pub dropped: Vec<String>,
}

/// A run that was taken on.
#[derive(Debug)]
pub struct Running {
    /// As it is now: without output yet.
    pub view: Arc<RunView>,
    /// What comes. Closed without [`Update::Ended`] when the reader lagged too far behind or Abide stops.
    pub updates: Updates,
}

/// A run that is followed from its beginning, whether it is at work or over.
#[derive(Debug)]
pub struct Following {
    /// The run as it was asked for.
    pub view: Arc<RunView>,
    /// What has happened so far.
    pub past: Vec<Event>,
    /// What comes after `past`; `None` when the run is over.
    pub updates: Option<Updates>,
}

/// A conversation as a client reads it.
#[derive(Debug, Clone)]
pub struct ConversationView {
    /// Its identity.
    pub id: SessionId,
    /// When it was made.
    pub created_at: Time,
    /// The client's labels, a JSON object.
    pub metadata: Option<Json>,
}

/// A name clients can ask for.
#[derive(Debug, Clone)]
pub struct ModelEntry {
    /// The name.
    pub name: ModelName,
    /// When it was first offered.
    pub created: Time,
    /// Who offers it: the party whose Abide this is.
    pub owned_by: String,
}

/// The door. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// Who holds `key`.
    ///
    /// # Errors
    /// When it is not a key, or was revoked or has expired.
    pub async fn authenticate(&self, key: &str) -> Result<Arc<Principal>, Refused> {
        self.shared.keys.authenticate(&self.shared.store, key, Time::now()).await
    }

    /// Takes on a run. Returns once it is in the journal.
    ///
    /// # Errors
    /// When it cannot be taken on; a refusal by the agreements or by every cloud before anything was shown is
    /// [`Refused::Run`].
    pub async fn respond(
        &self,
        who: &Arc<Principal>,
        wanted: Wanted,
        door: Door,
    ) -> Result<Running, Refused> {
        live::respond(&self.shared, who, wanted, door).await
    }

    /// Reads a stored response back.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn response(&self, who: &Principal, run: RunId) -> Result<RunView, Refused> {
        let ask = |reply| Command::View { n: run.n, reply };
        self.of_run(who, run, ask).await?.ok_or(Refused::UnknownResponse(run))
    }

    /// Follows a stored response from its beginning.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn follow(&self, who: &Principal, run: RunId) -> Result<Following, Refused> {
        self.of_run(who, run, |reply| Command::Follow { n: run.n, reply }).await
    }

    /// Ends a run at work.
    ///
    /// # Errors
    /// When there is none for this caller, or it has ended.
    pub async fn cancel(&self, who: &Principal, run: RunId) -> Result<RunView, Refused> {
        self.of_run(who, run, |reply| Command::Cancel { n: run.n, reply }).await
    }

    /// Deletes a stored response: it can no longer be read.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn delete_response(&self, who: &Principal, run: RunId) -> Result<(), Refused> {
        let ask = |reply| Command::EraseRun { n: run.n, reply };
        self.of_run(who, run, ask).await
    }

    /// Makes a conversation.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn create_conversation(
        &self,
        who: &Arc<Principal>,
        items: Vec<Item>,
        metadata: Option<Json>,
    ) -> Result<ConversationView, Refused> {
        live::create(&self.shared, who, items, metadata).await
    }

    /// Reads a conversation.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn conversation(&self, who: &Principal, id: SessionId) -> Result<ConversationView, Refused> {
        live::call(&self.shared, who, id, |reply| Command::Conversation { reply })
            .await?
            .ok_or(Refused::UnknownConversation(id))
    }

    /// Replaces a conversation's labels.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn set_metadata(
        &self,
        who: &Principal,
        id: SessionId,
        metadata: Option<Json>,
    ) -> Result<ConversationView, Refused> {
        self.conversation(who, id).await?;
        self.edit(who, id, Input::SetMetadata(metadata)).await?;
        self.conversation(who, id).await
    }

    /// Deletes a conversation with its content. Amounts in the ledger stay.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn delete_conversation(&self, who: &Principal, id: SessionId) -> Result<(), Refused> {
        self.conversation(who, id).await?;
        live::call(&self.shared, who, id, |reply| Command::Delete { reply }).await
    }

    /// The items of a conversation, in order.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn items(&self, who: &Principal, id: SessionId) -> Result<Vec<Placed>, Refused> {
        self.conversation(who, id).await?;
        live::call(&self.shared, who, id, |reply| Command::Items { reply }).await
    }

    /// Puts items into a conversation, and returns them as placed.
    ///
    /// # Errors
    /// When there is no such conversation for this caller, or it is full.
    pub async fn add_items(
        &self,
        who: &Principal,
        id: SessionId,
        items: Vec<Item>,
    ) -> Result<Vec<Placed>, Refused> {
        live::call(&self.shared, who, id, |reply| Command::AddItems { items, reply }).await
    }

    /// Takes an item out of a conversation.
    ///
    /// # Errors
    /// When there is no such conversation or item for this caller.
    pub async fn remove_item(
        &self,
        who: &Principal,
        id: SessionId,
        item: ItemId,
    ) -> Result<ConversationView, Refused> {
        let view = self.conversation(who, id).await?;
        self.edit(who, id, Input::RemoveItem(item)).await?;
        Ok(view)
    }

    /// What happened in a session, for people.
    ///
    /// # Errors
    /// When there is none for this caller.
    pub async fn transcript(&self, who: &Principal, id: SessionId) -> Result<Transcript, Refused> {
        live::call(&self.shared, who, id, |reply| Command::Transcript { reply }).await
    }

    /// Every name clients can ask for.
    #[must_use]
    pub fn models(&self) -> Vec<ModelEntry> {
        let setup: Arc<Setup> = self.shared.setup.load_full();
        let owned_by = setup.book.as_ref().map_or("abide".to_owned(), |book| book.owner().to_string());
        let agents =
            setup.agents.iter().filter_map(|(name, agent)| Some((name, setup.models.get(&agent.model)?)));
        let all = setup.models.iter().chain(agents);
        all.map(|(name, model)| ModelEntry {
            name: name.clone(),
            created: model.created,
            owned_by: owned_by.clone(),
        })
        .collect()
    }

    /// Whether requests can be served: the store answers and Abide is not shutting down.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<(), Refused> {
        if self.shared.stopping.is_cancelled() {
            return Err(Refused::ShuttingDown);
        }
        self.shared.store.keys_version().await.map(drop).map_err(Refused::Store)
    }

    /// Counts since start, for `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What the store says of itself, for `/metrics`.
    #[must_use]
    pub fn store_stats(&self) -> abide_store::Stats {
        self.shared.store.stats()
    }

    /// Asks the session of `run` something; where the session is missing, so is the run.
    async fn of_run<T>(
        &self,
        who: &Principal,
        run: RunId,
        ask: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, Refused> {
        live::call(&self.shared, who, run.session, ask).await.map_err(|refused| match refused {
            Refused::UnknownConversation(_) => Refused::UnknownResponse(run),
            other => other,
        })
    }

    async fn edit(&self, who: &Principal, id: SessionId, input: Input) -> Result<(), Refused> {
        live::call(&self.shared, who, id, |reply| Command::Edit { input: Box::new(input), reply }).await
    }
}

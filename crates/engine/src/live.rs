//! Sessions in memory: one task for each that is in use, which everybody reaches by its inbox.

mod attended;
mod flight;
mod updates;
mod worker;

use crate::engine::Shared;
use crate::handle::{ConversationView, Door, Following, Running};
use crate::key::Principal;
use crate::load;
use crate::refused::Refused;
use crate::setup::Setup;
use crate::transcript::Transcript;
use abide_model::id::SessionId;
use abide_model::item::{Item, Json};
use abide_model::name::ModelName;
use abide_model::near::edits;
use abide_model::run::{Placed, RunView};
use abide_model::want::Wanted;
use abide_model::{Hash, Time};
use abide_session::record::Opened;
use abide_session::{Asked, Input, Opening, Session};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use worker::Worker;

pub(crate) use attended::Attended;
pub use updates::Updates;

/// Commands that wait in one session's inbox.
const INBOX_COMMANDS_MAX: usize = 64;
/// How often a command is handed to a session whose task is just ending.
const HAND_OVER_TRIES_MAX: usize = 8;
/// How long after its journal could not be written a session is read anew, to take up the run it left unfinished.
const TAKE_UP_AFTER: Duration = Duration::from_secs(5);
/// Edits that make a model's name from another and are still taken for a slip.
const NEAR_EDITS_MAX: usize = 3;

/// Where an answer goes. Dropped, it says: no such session for this caller.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// What is asked of a session's task.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Box<RunCommand>),
    View { n: u32, reply: Reply<Option<RunView>> },
    Follow { n: u32, reply: Reply<Following> },
    Cancel { n: u32, reply: Reply<RunView> },
    EraseRun { n: u32, reply: Reply<()> },
    Edit { input: Box<Input>, reply: Reply<()> },
    AddItems { items: Vec<Item>, reply: Reply<Vec<Placed>> },
    Conversation { reply: Reply<Option<ConversationView>> },
    Items { reply: Reply<Vec<Placed>> },
    Delete { reply: Reply<()> },
    Transcript { reply: Reply<Transcript> },
}

/// A run to be taken on.
#[derive(Debug)]
pub(crate) struct RunCommand {
    pub(crate) who: Arc<Principal>,
    pub(crate) asked: Asked,
    pub(crate) model: ModelName,
    /// The configuration it begins under, which it keeps to its end.
    pub(crate) setup: Arc<Setup>,
    pub(crate) reply: Reply<Running>,
}

/// A command, and whose it is.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) owner: String,
    pub(crate) command: Command,
}

/// The sessions that have a task.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    inboxes: Mutex<HashMap<SessionId, mpsc::Sender<Envelope>>>,
}

impl Lives {
    /// Takes the inbox of `id` out, unless a command has just arrived in it.
    fn leave(&self, id: SessionId, inbox: &mut mpsc::Receiver<Envelope>) -> Option<Envelope> {
        let mut inboxes = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(envelope) = inbox.try_recv() {
            return Some(envelope);
        }
        inboxes.remove(&id);
        inbox.close();
        None
    }

    fn forget(&self, id: SessionId) {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Asks the session `id` of `owner` something.
pub(crate) async fn call<T>(
    shared: &Arc<Shared>,
    who: &Principal,
    id: SessionId,
    ask: impl FnOnce(Reply<T>) -> Command,
) -> Result<T, Refused> {
    let (reply, answer) = oneshot::channel();
    send(shared, id, Envelope { owner: who.customer.to_string(), command: ask(reply) }).await?;
    answer.await.map_err(|_| Refused::UnknownConversation(id))?
}

async fn send(shared: &Arc<Shared>, id: SessionId, mut envelope: Envelope) -> Result<(), Refused> {
    for _ in 0..HAND_OVER_TRIES_MAX {
        let inbox = inbox(shared, id);
        match inbox.send(envelope).await {
            Ok(()) => return Ok(()),
            Err(mpsc::error::SendError(returned)) => envelope = returned,
        }
        tokio::task::yield_now().await;
    }
    Err(Refused::UnknownConversation(id))
}

/// The inbox of `id`; its task is started when there is none.
fn inbox(shared: &Arc<Shared>, id: SessionId) -> mpsc::Sender<Envelope> {
    let mut inboxes = shared.lives.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(inbox) = inboxes.get(&id).filter(|inbox| !inbox.is_closed()) {
        return inbox.clone();
    }
    let (inbox, receiver) = mpsc::channel(INBOX_COMMANDS_MAX);
    inboxes.insert(id, inbox.clone());
    shared.tasks.spawn(open(shared.clone(), id, receiver, false));
    inbox
}

/// Takes up the unfinished run of `id`, unless somebody has asked for the session and had it taken up.
pub(crate) fn recover(shared: &Arc<Shared>, id: SessionId) {
    let mut inboxes = shared.lives.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
    if inboxes.get(&id).is_some_and(|inbox| !inbox.is_closed()) {
        return;
    }
    let (inbox, receiver) = mpsc::channel(INBOX_COMMANDS_MAX);
    inboxes.insert(id, inbox);
    shared.tasks.spawn(open(shared.clone(), id, receiver, true));
}

/// Takes up the unfinished run of `id` once the store has had time to come back. Nobody may ever ask for the session
/// again, and what it consumed is to be posted all the same.
fn recover_later(shared: &Arc<Shared>, id: SessionId) {
    let later = shared.clone();
    shared.tasks.spawn(async move {
        tokio::select! {
            () = later.stopping.cancelled() => {}
            () = tokio::time::sleep(TAKE_UP_AFTER) => recover(&later, id),
        }
    });
}

async fn open(shared: Arc<Shared>, id: SessionId, inbox: mpsc::Receiver<Envelope>, recovering: bool) {
    let (session, ancestors) = match load::session(&shared.store, id).await {
        // One that is not kept has a task from its first record to its last, or none until the next start takes up
        // what was left: whoever asks for it meanwhile gets no answer, and no second task.
        Ok(Some(found)) if found.0.opened().kept || recovering => found,
        Ok(Some(_) | None) => return shared.lives.forget(id),
        Err(error) => {
            tracing::error!(session = %id, %error, "session cannot be opened");
            if recovering && matches!(error, Refused::Store(_)) {
                recover_later(&shared, id);
            }
            return refuse_all(&shared, id, inbox, None, &error);
        }
    };
    let mut worker = Worker::new(shared, (session, ancestors), Some(inbox));
    if recovering || worker.unfinished() {
        worker.recover().await;
    }
    worker.work().await;
}

/// Answers what waits with the reason why it cannot be done: nobody is to take a session for gone that is only out
/// of reach. Where the owner is known, only to them.
fn refuse_all(
    shared: &Shared,
    id: SessionId,
    mut inbox: mpsc::Receiver<Envelope>,
    owner: Option<&str>,
    error: &Refused,
) {
    shared.lives.forget(id);
    inbox.close();
    while let Ok(envelope) = inbox.try_recv() {
        if owner.is_none_or(|owner| owner == envelope.owner) {
            envelope.command.refuse(error.clone());
        }
    }
}

impl Command {
    fn refuse(self, error: Refused) {
        match self {
            Command::Run(run) => drop(run.reply.send(Err(error))),
            Command::View { reply, .. } => drop(reply.send(Err(error))),
            Command::Follow { reply, .. } => drop(reply.send(Err(error))),
            Command::Cancel { reply, .. } => drop(reply.send(Err(error))),
            Command::Edit { reply, .. } | Command::EraseRun { reply, .. } | Command::Delete { reply } => {
                drop(reply.send(Err(error)));
            }
            Command::AddItems { reply, .. } | Command::Items { reply } => drop(reply.send(Err(error))),
            Command::Conversation { reply } => drop(reply.send(Err(error))),
            Command::Transcript { reply } => drop(reply.send(Err(error))),
        }
    }
}

/// Takes on a run, in the session it belongs to or in a new one.
pub(crate) async fn respond(
    shared: &Arc<Shared>,
    who: &Arc<Principal>,
    wanted: Wanted,
    door: Door,
) -> Result<Running, Refused> {
    let setup = admit(shared)?;
    let (model, preface, version) = chosen(&setup, &wanted.model)?;
    let (reply, answer) = oneshot::channel();
    let (conversation, previous, kept) = (wanted.conversation, wanted.previous, wanted.keep);
    let asked = Asked {
        preface,
        agent: version,
        // A streamed chat answer cannot be taken back; one that is sent whole can be made anew.
        splices: door == Door::Responses || !wanted.stream,
        key: who.key_name.clone(),
        customer: who.customer.clone(),
        segment: who.segment.clone(),
        territory: who.territory.clone(),
        wanted,
    };
    let run = Box::new(RunCommand { who: who.clone(), asked, model, setup, reply });
    match conversation.or(previous.map(|run| run.session)) {
        Some(session) => {
            let envelope = Envelope { owner: who.customer.to_string(), command: Command::Run(run) };
            send(shared, session, envelope).await?;
            let missing = match previous {
                Some(run) => Refused::UnknownResponse(run),
                None => Refused::UnknownConversation(session),
            };
            answer.await.map_err(|_| missing)?
        }
        None => {
            let opened = opening(who, kept, false, None);
            let mut work = begin(shared, new_id(), (Opening { opened, inherited: Vec::new() }, 0), run);
            let answered = match &mut work {
                Some(work) => work.until(answer).await,
                None => answer.await,
            };
            let mut running = answered.map_err(|_| Refused::ShuttingDown)??;
            running.updates.attend(work);
            Ok(running)
        }
    }
}

/// A model, and the instructions and version of the agent that thinks with it.
type Chosen = (ModelName, Option<Arc<str>>, Option<Hash>);

/// What `name` stands for.
fn chosen(setup: &Setup, name: &ModelName) -> Result<Chosen, Refused> {
    let (model, _, agent) = setup.find(name).ok_or_else(|| unknown_model(setup, name.clone()))?;
    let (preface, version) = agent.map(|agent| (agent.instructions.clone(), agent.version)).unzip();
    Ok((model.clone(), preface, version))
}

/// Puts a run that waited under the configuration that holds now: nothing begins under agreements that were replaced.
fn renew(shared: &Shared, run: &mut RunCommand) -> Result<(), Refused> {
    let setup = shared.setup.load_full();
    if !Arc::ptr_eq(&setup, &run.setup) {
        (run.model, run.asked.preface, run.asked.agent) = chosen(&setup, &run.asked.wanted.model)?;
        run.setup = setup;
    }
    Ok(())
}

/// Makes a conversation that is listed under its id.
pub(crate) async fn create(
    shared: &Arc<Shared>,
    who: &Arc<Principal>,
    items: Vec<Item>,
    metadata: Option<Json>,
) -> Result<ConversationView, Refused> {
    admit(shared)?;
    let mut opened = opening(who, true, true, None);
    opened.metadata = metadata;
    let session = Session::open(new_id(), Opening { opened, inherited: Vec::new() });
    session.check_items(&items)?;
    let (id, created_at, metadata) = (session.id(), Time::now(), session.metadata().cloned());
    let mut worker = Worker::new(shared.clone(), (session, 0), None);
    worker.begin(created_at, items).await?;
    Ok(ConversationView { id, created_at, metadata })
}

/// Starts a session with its first run. It inherits from `ancestors` others. One that is not kept is worked on by
/// whoever gets the work.
pub(crate) fn begin(
    shared: &Arc<Shared>,
    id: SessionId,
    (opening, ancestors): (Opening, usize),
    run: Box<RunCommand>,
) -> Option<Attended> {
    let inbox = opening.opened.kept.then(|| {
        let (inbox, receiver) = mpsc::channel(INBOX_COMMANDS_MAX);
        shared.lives.inboxes.lock().unwrap_or_else(PoisonError::into_inner).insert(id, inbox);
        receiver
    });
    let kept = inbox.is_some();
    let worker = Worker::new(shared.clone(), (Session::open(id, opening), ancestors), inbox);
    if kept {
        shared.tasks.spawn(worker.work_on(run));
        return None;
    }
    Some(Attended::new(&shared.tasks, worker.work_on(run)))
}

pub(crate) fn opening(
    who: &Principal,
    kept: bool,
    named: bool,
    parent: Option<abide_model::id::RunId>,
) -> Opened {
    Opened { owner: who.customer.to_string(), kept, named, parent, metadata: None }
}

fn admit(shared: &Shared) -> Result<Arc<Setup>, Refused> {
    if shared.stopping.is_cancelled() {
        return Err(Refused::ShuttingDown);
    }
    let setup = shared.setup.load_full();
    let limit = setup.limits.runs_max;
    if shared.metrics.runs_active.load(Ordering::Relaxed) >= limit as u64 {
        return Err(Refused::Limit { what: "the number of runs at work", limit });
    }
    Ok(setup)
}

pub(crate) fn new_id() -> SessionId {
    SessionId(uuid::Uuid::now_v7().as_u128())
}

fn unknown_model(setup: &Setup, model: ModelName) -> Refused {
    let names = setup.models.keys().chain(setup.agents.keys());
    let near = names.map(|name| (edits(name.as_str(), model.as_str()), name)).min();
    let suggestion = near.filter(|(edits, _)| *edits <= NEAR_EDITS_MAX).map(|(_, name)| name.clone());
    Refused::UnknownModel { model, suggestion }
}

#[cfg(test)]
mod tests {
    use super::{Hash, Time, begin, load, new_id, opening};
    use crate::key::Principal;
    use crate::live::RunCommand;
    use crate::{Endpoint, Engine, Limits, Model, Options, Setup};
    use abide_model::item::{Item, Role};
    use abide_model::prompt::Params;
    use abide_model::target::{Capabilities, Dialect, Target};
    use abide_model::want::Wanted;
    use abide_session::record::{self, Blobs, Record};
    use abide_session::{Asked, Opening, Stamped};
    use abide_upstream::{Auth, Base, Waits};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::oneshot;

    fn setup(base: &str) -> Setup {
        let base = Base::parse(base, Dialect::OpenAi).unwrap();
        let name: abide_model::name::Cloud = "silent".parse().unwrap();
        let target = Arc::new(Target {
            cloud: name.clone(),
            model: Arc::from("m"),
            dialect: Dialect::OpenAi,
            channel: "silent".parse().unwrap(),
            product: "m".parse().unwrap(),
            can: Capabilities { tools: true, json_schema: true, images: true },
        });
        let endpoint = Endpoint { name: name.clone(), base, dialect: Dialect::OpenAi, auth: Auth::Nothing };
        let model = Model { targets: vec![target], created: Time::UNIX_EPOCH };
        Setup {
            clouds: [(name, Arc::new(endpoint))].into(),
            models: [("m".parse().unwrap(), model)].into(),
            agents: [].into(),
            book: None,
            waits: Waits::default(),
            limits: Limits::default(),
            sync: Default::default(),
            version: Hash::of(b"test"),
        }
    }

    fn who() -> Arc<Principal> {
        Arc::new(Principal {
            key_id: "key_1".to_owned(),
            key_name: "test".to_owned(),
            customer: "acme".parse().unwrap(),
            segment: None,
            territory: None,
            expires: None,
        })
    }

    fn asked(who: &Principal) -> Asked {
        let wanted = Wanted {
            model: "m".parse().unwrap(),
            params: Params::default(),
            items: vec![Item::text(Role::User, "hello")],
            conversation: None,
            previous: None,
            keep: false,
            stream: true,
            background: false,
            metadata: None,
        };
        Asked {
            wanted,
            preface: None,
            agent: None,
            splices: false,
            key: who.key_name.clone(),
            customer: who.customer.clone(),
            segment: None,
            territory: None,
        }
    }

    #[tokio::test]
    async fn what_a_run_consumed_is_posted_although_its_end_could_not_be_written() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let setup = setup(&format!("http://{}", silent.local_addr().unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(Options { folder: folder.path().to_owned(), setup }).await.unwrap();
        let shared = engine.handle().shared;
        let (who, id, (reply, answer)) = (who(), new_id(), oneshot::channel());
        let opening = Opening { opened: opening(&who, false, false, None), inherited: Vec::new() };
        let (asked, model) = (asked(&who), "m".parse().unwrap());
        let setup = shared.setup.load_full();
        let run = Box::new(RunCommand { who, asked, model, setup, reply });
        drop(begin(&shared, id, (opening, 0), run));
        let running = answer.await.unwrap().unwrap();

        // Somebody else's record makes the store refuse the worker's next one.
        let head = load::session(&shared.store, id).await.unwrap().unwrap().0.head();
        let foreign = Stamped { at: Time::now(), record: Record::MetadataSet { metadata: None } };
        let append = abide_store::Append {
            session: id,
            expect: head,
            records: vec![record::encode(&foreign, false, &mut Blobs::new())],
            open: true,
            durable: false,
            at_ms: 1,
            lines: Vec::new(),
            blobs: Vec::new(),
            snapshot: None,
            first: None,
        };
        shared.store.append(append).await.unwrap();
        drop(running);
        while !shared.store.unfinished().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut lines = 0;
        shared.store.lines((i64::MIN, i64::MAX), |page| lines += page.len()).await.unwrap();
        assert_eq!(lines, 1);
        assert_eq!(shared.metrics.runs_ended().into_keys().collect::<Vec<_>>(), ["incomplete", "lost"]);
        engine.close(Duration::ZERO).await;
    }
}

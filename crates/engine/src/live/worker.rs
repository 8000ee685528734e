//! The task of one session: takes commands, carries out what the machine asks for, in order.

use super::flight::{Flight, Heard};
use super::updates::{Teller, Untold, Updates, updates};
use super::{Command, Envelope, RunCommand};
use crate::decide;
use crate::engine::Shared;
use crate::handle::{Calling, ConversationView, Following, Running, Update};
use crate::key::Principal;
use crate::load;
use crate::refused::Refused;
use crate::setup::{Setup, Sync};
use crate::transcript::Transcript;
use abide_model::event::{Change, Event, RunStatus};
use abide_model::fault::Fault;
use abide_model::id::{CallNo, RunId};
use abide_model::item::Item;
use abide_model::line::UsageLine;
use abide_model::name::{Cloud, ModelName};
use abide_model::prompt::Prompt;
use abide_model::run::{Placed, RunView};
use abide_model::target::Target;
use abide_model::{Hash, Time};
use abide_session::record::{self, Blobs, Record, Stamped};
use abide_session::{Append, Effect, Input, Opening, Rejection, Session, Show, snapshot};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Room for the updates of a run that goes at its reader's pace: more than one poll makes, which tokio bounds to 128
/// reads of a socket. Each is of some 400 KiB at most, and an update gathers up to 64 pieces of an answer.
const ATTENDED_UPDATES_MAX: usize = 1 << 16;

thread_local! {
    /// What the records of this thread's sessions repeat.
    static LATELY: RefCell<record::Lately> = RefCell::default();
}

/// A session, and everything its runs need from outside.
pub(super) struct Worker {
    shared: Arc<Shared>,
    session: Session,
    /// How many sessions it inherits from.
    ancestors: usize,
    inbox: Option<mpsc::Receiver<Envelope>>,
    /// The run at work.
    run: Option<Run>,
    flight: Option<Flight>,
    followers: Vec<Follower>,
    waiting: VecDeque<Box<RunCommand>>,
    /// Small records since the last snapshot.
    heard: usize,
    /// A snapshot that is being made; it goes with the next append after it is ready.
    snapshot: Option<oneshot::Receiver<(abide_store::Snapshot, Blobs)>>,
    /// Set when the journal could not be written, and why: what is in memory can no longer be trusted.
    lost: Option<Refused>,
}

/// What a run keeps from its beginning to its end.
struct Run {
    who: Arc<Principal>,
    model: ModelName,
    setup: Arc<Setup>,
    stream: bool,
    calls: u32,
    reply: Option<oneshot::Sender<Result<Running, Refused>>>,
}

struct Follower {
    updates: Teller,
    /// Whether it wants every change, or only how it ends.
    events: bool,
}

/// What wakes the task.
enum Wake {
    Heard(Heard),
    Command(Option<Envelope>),
    ReaderGone,
    Idle,
    Halt,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        (session, ancestors): (Session, usize),
        inbox: Option<mpsc::Receiver<Envelope>>,
    ) -> Self {
        Self {
            shared,
            session,
            ancestors,
            inbox,
            run: None,
            flight: None,
            followers: Vec::new(),
            waiting: VecDeque::new(),
            heard: 0,
            snapshot: None,
            lost: None,
        }
    }

    pub(super) fn unfinished(&self) -> bool {
        self.session.active().is_some()
    }

    /// Writes the first record of a conversation that has no run yet.
    pub(super) async fn begin(&mut self, now: Time, items: Vec<Item>) -> Result<(), Refused> {
        let effects = self.session.begin(now, items);
        self.carry_out(effects).await
    }

    /// Takes up a run that the process died under.
    pub(super) async fn recover(&mut self) {
        let Some(id) = self.session.active() else { return };
        let setup = self.shared.setup.load_full();
        if let Some(asked) = self.session.asked(id.n) {
            let who = Principal {
                key_id: String::new(),
                key_name: asked.key.clone(),
                customer: asked.customer.clone(),
                segment: asked.segment.clone(),
                territory: asked.territory.clone(),
                expires: None,
            };
            let model = setup.find(&asked.model).map_or(asked.model.clone(), |(name, _, _)| name.clone());
            self.run = Some(Run { who: Arc::new(who), model, setup, stream: true, calls: 0, reply: None });
        }
        self.shared.metrics.runs_active.fetch_add(1, Ordering::Relaxed);
        self.shared.metrics.runs_recovered.fetch_add(1, Ordering::Relaxed);
        tracing::info!(run = %id, "unfinished run taken up");
        self.take(Input::Recovered).await;
    }

    /// Works on `run`, then on whatever comes.
    pub(super) async fn work_on(mut self, run: Box<RunCommand>) {
        self.start(run).await;
        self.work().await;
    }

    /// Works until nothing has come for a while.
    pub(super) async fn work(&mut self) {
        loop {
            if let Some(error) = self.lost.take() {
                return self.give_up(&error);
            }
            if self.session.active().is_none() {
                self.forget_left();
                if let Some(mut next) = self.waiting.pop_front() {
                    match super::renew(&self.shared, &mut next) {
                        Ok(()) => self.start(next).await,
                        Err(refused) => drop(next.reply.send(Err(refused))),
                    }
                    continue;
                }
                if self.inbox.is_none() {
                    return;
                }
            }
            match self.wake().await {
                Wake::Heard(heard) => self.hear(heard).await,
                Wake::Command(Some(envelope)) => self.obey(envelope).await,
                Wake::Command(None) => return,
                Wake::ReaderGone => self.take(Input::Cancel).await,
                Wake::Idle => {
                    let Some(inbox) = &mut self.inbox else { return };
                    match self.shared.lives.leave(self.session.id(), inbox) {
                        Some(envelope) => self.obey(envelope).await,
                        None => return,
                    }
                }
                Wake::Halt => return self.give_up(&Refused::ShuttingDown),
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let at_work = self.session.active().is_some();
        let kept = self.session.opened().kept;
        let idle = self.shared.setup.load().limits.idle;
        let (flight, inbox, followers) = (&mut self.flight, &mut self.inbox, &self.followers);
        tokio::select! {
            heard = next_heard(flight), if at_work => Wake::Heard(heard),
            command = next_command(inbox) => Wake::Command(command),
            () = reader_gone(followers), if at_work && !kept => Wake::ReaderGone,
            () = tokio::time::sleep(idle), if !at_work => Wake::Idle,
            () = self.shared.stopping.cancelled(), if !at_work => Wake::Idle,
            () = self.shared.halting.cancelled() => Wake::Halt,
        }
    }

    async fn obey(&mut self, envelope: Envelope) {
        // A wall: whoever does not own the session cannot tell that it is there, and nobody can once it is deleted.
        if envelope.owner != self.session.opened().owner || self.session.deleted() {
            return;
        }
        match envelope.command {
            Command::Run(run) => self.accept(run).await,
            Command::View { n, reply } => {
                let view = self.session.opened().kept.then(|| self.session.view(n, Show::Standing)).flatten();
                let _ = reply.send(Ok(view));
            }
            Command::Follow { n, reply } => {
                let following = self.follow(n).await;
                let _ = reply.send(following);
            }
            Command::Cancel { n, reply } => {
                let cancelled = self.cancel(n).await;
                let _ = reply.send(cancelled);
            }
            Command::Edit { input, reply } => {
                let edited = self.edit(*input).await;
                let _ = reply.send(edited);
            }
            Command::EraseRun { n, reply } => {
                let erased = self.erase_run(n).await;
                let _ = reply.send(erased);
            }
            Command::AddItems { items, reply } => {
                let added = self.add(items).await;
                let _ = reply.send(added);
            }
            Command::Conversation { reply } => {
                let _ = reply.send(Ok(self.conversation()));
            }
            Command::Items { reply } => {
                let _ = reply.send(Ok(self.session.items()));
            }
            Command::Delete { reply } => {
                let deleted = self.delete().await;
                let _ = reply.send(deleted);
            }
            Command::Transcript { reply } => {
                let _ = reply.send(Ok(Transcript::of(&self.session)));
            }
        }
    }

    fn conversation(&self) -> Option<ConversationView> {
        self.session.opened().named.then(|| ConversationView {
            id: self.session.id(),
            created_at: self.session.created_at().unwrap_or(Time::UNIX_EPOCH),
            metadata: self.session.metadata().cloned(),
        })
    }

    /// Takes a run on here, in a fork, or later.
    async fn accept(&mut self, run: Box<RunCommand>) {
        if let Some(previous) = run.asked.wanted.previous {
            return self.continue_from(previous, run).await;
        }
        if !self.session.opened().named {
            return;
        }
        let limit = run.setup.limits.queue_max;
        self.forget_left();
        if self.session.active().is_none() && self.waiting.is_empty() {
            self.start(run).await;
        } else if self.waiting.len() < limit {
            self.waiting.push_back(run);
        } else {
            let what = "the queue of this conversation";
            let _ = run.reply.send(Err(Refused::Limit { what, limit }));
        }
    }

    /// Whoever left while their run waited never learned of it, and may have asked again.
    fn forget_left(&mut self) {
        self.waiting.retain(|run| !run.reply.is_closed());
    }

    /// Continues after `previous`: in place when nothing came after it and the run is kept, else in a fork.
    async fn continue_from(&mut self, previous: RunId, run: Box<RunCommand>) {
        let n = previous.n;
        if self.session.run_begins_at(n).is_none() || !self.session.opened().kept {
            let _ = run.reply.send(Err(Refused::UnknownResponse(previous)));
            return;
        }
        if self.session.active() == Some(previous) {
            let _ = run.reply.send(Err(Rejection::Busy { run: previous }.into()));
            return;
        }
        let last =
            self.session.ends_with_run(n) && self.session.active().is_none() && self.waiting.is_empty();
        let keep = run.asked.wanted.keep;
        if last && keep && !self.session.opened().named {
            return self.start(run).await;
        }
        if self.ancestors >= load::ANCESTORS_MAX {
            let _ = run.reply.send(Err(Refused::Forks { max: load::ANCESTORS_MAX }));
            return;
        }
        let child = super::new_id();
        // One that is not kept is never read back, so nothing here is held for it.
        if keep && let Err(error) = self.edit(Input::Fork(child)).await {
            let _ = run.reply.send(Err(error));
            return;
        }
        let opened = super::opening(&run.who, keep, false, Some(previous));
        let opening = Opening { opened, inherited: self.session.items_through(n) };
        // On a task of its own: this one has other commands to obey.
        drop(super::begin(&self.shared, child, (opening, self.ancestors + 1), run));
    }

    async fn start(&mut self, run: Box<RunCommand>) {
        let RunCommand { who, asked, model, setup, reply } = *run;
        let stream = asked.wanted.stream || asked.wanted.background;
        match self.session.handle(Time::now(), Input::Asked(Box::new(asked))) {
            Ok(effects) => {
                self.run = Some(Run { who, model, setup, stream, calls: 0, reply: Some(reply) });
                self.shared.metrics.runs_started.fetch_add(1, Ordering::Relaxed);
                self.shared.metrics.runs_active.fetch_add(1, Ordering::Relaxed);
                if let Err(error) = self.carry_out(effects).await {
                    self.lose(error);
                }
            }
            Err(rejection) => {
                let _ = reply.send(Err(rejection.into()));
            }
        }
    }

    async fn hear(&mut self, heard: Heard) {
        let now = Time::now();
        let mut effects = Vec::new();
        if !heard.deltas.is_empty() {
            effects.extend(self.session.handle(now, Input::Heard(heard.deltas)).unwrap_or_default());
        }
        if let Some(end) = heard.end {
            if let Some(flight) = self.flight.take() {
                self.note_end(&flight, end.as_ref().err(), now);
            }
            effects.extend(self.session.handle(now, Input::CallEnded(end)).unwrap_or_default());
        }
        if let Err(error) = self.carry_out(merge(effects)).await {
            self.lose(error);
        }
    }

    fn note_end(&self, Flight { target, name, .. }: &Flight, fault: Option<&Fault>, now: Time) {
        self.shared.metrics.call_ended(name, fault.map(|fault| fault.kind));
        if let Some(fault) = fault {
            tracing::warn!(
                target = &**name,
                kind = fault.kind.as_str(),
                status = fault.status,
                "call failed"
            );
        }
        let mut health = self.shared.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.record(target, fault.map_or(Ok(()), Err), now.as_millisecond());
    }

    /// Hands an input to the machine and carries out what it asks for.
    async fn take(&mut self, input: Input) {
        match self.session.handle(Time::now(), input) {
            Ok(effects) => {
                if let Err(error) = self.carry_out(effects).await {
                    self.lose(error);
                }
            }
            Err(rejection) => tracing::debug!(%rejection, "input not taken"),
        }
    }

    async fn edit(&mut self, input: Input) -> Result<(), Refused> {
        let effects = self.session.handle(Time::now(), input)?;
        self.carry_out(effects).await.inspect_err(|error| self.lose(error.clone()))
    }

    async fn add(&mut self, items: Vec<Item>) -> Result<Vec<Placed>, Refused> {
        if !self.session.opened().named {
            return Err(Refused::UnknownConversation(self.session.id()));
        }
        let count = items.len();
        self.edit(Input::AddItems(items)).await?;
        Ok(self.session.last_items(count))
    }

    async fn cancel(&mut self, n: u32) -> Result<RunView, Refused> {
        let run = RunId { session: self.session.id(), n };
        let missing = || Refused::UnknownResponse(run);
        let view = self.session.view(n, Show::Standing).filter(|view| view.stored).ok_or_else(missing)?;
        if self.session.active() != Some(run) {
            return Ok(view);
        }
        self.edit(Input::Cancel).await?;
        self.session.view(n, Show::Standing).ok_or_else(missing)
    }

    /// Deletes a response; with the last one of a session that has no name goes its content.
    async fn erase_run(&mut self, n: u32) -> Result<(), Refused> {
        self.edit(Input::EraseRun(n)).await?;
        if self.session.out_of_reach() && self.waiting.is_empty() { self.delete().await } else { Ok(()) }
    }

    async fn delete(&mut self) -> Result<(), Refused> {
        if let Some(run) = self.session.active() {
            return Err(Rejection::Busy { run }.into());
        }
        if self.session.forks() > 0 {
            return self.edit(Input::Delete).await;
        }
        self.shared.store.erase(self.session.id()).await?;
        self.lost = Some(Refused::UnknownConversation(self.session.id()));
        Ok(())
    }

    async fn follow(&mut self, n: u32) -> Result<Following, Refused> {
        let run = RunId { session: self.session.id(), n };
        let missing = || Refused::UnknownResponse(run);
        let first =
            self.session.run_begins_at(n).filter(|_| self.session.opened().kept).ok_or_else(missing)?;
        let view = self.session.view(n, Show::Standing).ok_or_else(missing)?;
        let records = load::records_from(&self.shared.store, self.session.id(), first).await?;
        let past =
            abide_session::events_of(run.session, n, records.iter().map(|(seq, record)| (*seq, record)));
        let updates = (self.session.active() == Some(run)).then(|| self.subscribe(true));
        Ok(Following { view: Arc::new(view), past, updates })
    }

    fn subscribe(&mut self, events: bool) -> Updates {
        let lag = self.shared.setup.load().limits.lag_events_max;
        let lag = if self.session.opened().kept { lag } else { lag.max(ATTENDED_UPDATES_MAX) };
        let (teller, updates) = updates(lag);
        self.followers.push(Follower { updates: teller, events });
        updates
    }

    /// Carries out effects in order; what they lead to comes after them.
    async fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), Refused> {
        let mut todo = VecDeque::from(effects);
        while let Some(effect) = todo.pop_front() {
            match effect {
                Effect::Append(append) => self.append(append).await?,
                Effect::Emit(events) => self.emit(events),
                Effect::Plan { run: _, tried, last } => {
                    let input = self.plan(&tried, last.as_ref());
                    todo.extend(self.session.handle(Time::now(), input)?);
                }
                Effect::Call { call, target } => self.call(call, &target),
                Effect::Stop { call: _ } => self.flight = None,
            }
        }
        Ok(())
    }

    fn plan(&self, tried: &[(Cloud, String)], last: Option<&Fault>) -> Input {
        let now = Time::now();
        let Some((run, model)) =
            self.run.as_ref().and_then(|run| Some((run, run.setup.models.get(&run.model)?)))
        else {
            return decide::without_model();
        };
        let prompt = self.session.prompt();
        let items: Vec<&Item> =
            prompt.iter().flat_map(|(_, items)| items.iter().map(|item| &**item)).collect();
        let prompt = prompt.as_ref().map(|(params, _)| Prompt { params, items: &items });
        let health = self.shared.health.lock().unwrap_or_else(PoisonError::into_inner);
        decide::plan((&run.setup, model, &run.who), prompt, (tried, last), &health, now)
    }

    fn call(&mut self, call: CallNo, target: &Arc<Target>) {
        let Some(run) = self.run.as_mut() else { return };
        run.calls += 1;
        let (attempt, stream) = (run.calls, run.stream);
        let name: Arc<str> = [target.cloud.as_str(), "/", &target.model].concat().into();
        let way_to = (target.clone(), name.clone());
        let Some((params, items)) = self.session.prompt() else { return };
        let items: Vec<&Item> = items.iter().map(|item| &**item).collect();
        let prompt = Prompt { params: &params, items: &items };
        let encoded = abide_wire::provider::encode(target.dialect, &prompt, &target.model, stream);
        let mut dropped = Vec::new();
        self.flight = Some(match (encoded, run.setup.clouds.get(&target.cloud)) {
            (Ok(mut outgoing), Some(endpoint)) => {
                dropped = std::mem::take(&mut outgoing.dropped);
                let way = (self.shared.client.clone(), endpoint.clone(), run.setup.waits);
                tracing::debug!(session = %self.session.id(), %call, target = &*name, "call started");
                Flight::start(way, outgoing, stream, way_to, Time::now())
            }
            (Err(unsupported), _) => Flight::grounded(way_to, &unsupported.field, &unsupported.reason),
            (Ok(_), None) => Flight::grounded(way_to, "cloud", "it is not configured any more"),
        });
        let verdict = run.setup.book.as_ref().map(|_| "permit");
        self.send(&Update::Calling(Arc::new(Calling { target: name, attempt, verdict, dropped })));
    }

    /// Journals, posts and prices in one commit.
    async fn append(&mut self, append: Append) -> Result<(), Refused> {
        let kept = self.session.opened().kept;
        let (mut content, mut rest) = (Blobs::new(), Blobs::new());
        let encode = |stamped: &Stamped| {
            let blobs = if stamped.record.bodies_are_content() { &mut content } else { &mut rest };
            LATELY.with_borrow_mut(|lately| lately.encode(stamped, kept, blobs))
        };
        let records: Vec<Vec<u8>> = append.records.iter().map(encode).collect();
        self.heard += append.records.iter().filter(|one| matches!(one.record, Record::Heard { .. })).count();
        let snapshot = self.snapshot.as_mut().and_then(|ready| ready.try_recv().ok());
        let snapshot = snapshot.map(|(snapshot, bodies)| {
            // All of them came with their records before, and what was no content then stays.
            content.extend(bodies);
            snapshot
        });
        rest.retain(|hash, _| !self.shared.known.holds(hash));
        let new: Vec<Hash> = rest.keys().copied().collect();
        let blob = |content| move |(hash, body)| abide_store::Blob { hash, body, content };
        let blobs = content.into_iter().map(blob(true)).chain(rest.into_iter().map(blob(false)));
        let lines = append.lines.into_iter().map(|line| self.post(line)).collect();
        let opened = self.session.opened();
        let first = (append.expect == 0)
            .then(|| abide_store::NewSession { owner: opened.owner.clone(), named: opened.named });
        let at_ms = append.records.last().map_or(0, |last| last.at.as_millisecond());
        self.shared
            .store
            .append(abide_store::Append {
                session: self.session.id(),
                expect: append.expect,
                records,
                open: append.open,
                durable: append.durable && (kept || self.shared.setup.load().sync == Sync::Always),
                at_ms,
                lines,
                blobs: blobs.collect(),
                snapshot,
                first,
            })
            .await?;
        self.shared.known.add(new);
        Ok(())
    }

    fn post(&self, mut line: UsageLine) -> abide_store::Line {
        let tokens = &line.usage.tokens;
        self.shared.metrics.tokens_input.fetch_add(tokens.input, Ordering::Relaxed);
        self.shared.metrics.tokens_output.fetch_add(tokens.output, Ordering::Relaxed);
        let book = self.run.as_ref().and_then(|run| run.setup.book.as_ref());
        line.charge =
            book.and_then(|book| abide_ledger::rate::charge(book.prices(), &line.product, line.at, tokens));
        abide_store::Line { at_ms: line.at.as_millisecond(), body: abide_ledger::record::encode(&line) }
    }

    fn emit(&mut self, events: Vec<Event>) {
        let status = events.iter().rev().find_map(|event| match &event.change {
            Change::RunEnded { status, .. } => Some(status.clone()),
            Change::RunStarted
            | Change::ItemStarted { .. }
            | Change::Text { .. }
            | Change::Refusal { .. }
            | Change::Arguments { .. }
            | Change::Reasoning { .. }
            | Change::ItemDone { .. }
            | Change::Replaced { .. } => None,
        });
        self.answer_start(&events, status.as_ref());
        let run = events.first().map(|event| event.run);
        if self.followers.iter().any(|follower| follower.events) {
            self.send(&Update::Events(events));
        }
        if let (Some(status), Some(run)) = (status, run) {
            self.finish(run, &status);
        }
    }

    /// Answers whoever asked for the run: it is on record, or it ended before anything was shown.
    fn answer_start(&mut self, events: &[Event], status: Option<&RunStatus>) {
        let starts = events.iter().find(|event| event.change == Change::RunStarted);
        let Some(start) = starts else { return };
        let Some(reply) = self.run.as_mut().and_then(|run| run.reply.take()) else { return };
        if let Some(RunStatus::Failed(error)) = status {
            let _ = reply.send(Err(Refused::Run(error.clone())));
            return;
        }
        let Some(view) = self.session.view(start.run.n, Show::Standing) else { return };
        let updates = self.subscribe(self.run.as_ref().is_some_and(|run| run.stream));
        let _ = reply.send(Ok(Running { view: Arc::new(view), updates }));
    }

    /// Sends to every follower; one that lags too far behind is let go of, and can read the journal later.
    fn send(&mut self, update: &Update) {
        let wanted = |follower: &Follower| follower.events || !matches!(update, Update::Events(_));
        self.followers.retain(|follower| {
            !wanted(follower)
                || match follower.updates.tell(update.clone()) {
                    Ok(()) => true,
                    Err(Untold::Full) => {
                        tracing::warn!("a reader lags too far behind and is let go of");
                        false
                    }
                    Err(Untold::Left) => !self.session.opened().kept,
                }
        });
    }

    fn finish(&mut self, run: RunId, status: &RunStatus) {
        self.shared.metrics.run_ended(status.as_str());
        for Follower { updates, events: _ } in std::mem::take(&mut self.followers) {
            if let Some(view) = self.session.view(run.n, Show::Standing) {
                updates.tell_end(Update::Ended(Arc::new(view)));
            }
        }
        self.run = None;
        self.flight = None;
        self.fold_journal();
    }

    /// Folds the journal, when that makes the next opening quicker.
    fn fold_journal(&mut self) {
        if self.heard < snapshot::TAIL_RECORDS_MIN || !self.session.opened().kept {
            return;
        }
        self.heard = 0;
        let (done, ready) = oneshot::channel();
        self.snapshot = Some(ready);
        let (shared, id) = (self.shared.clone(), self.session.id());
        self.shared.tasks.spawn(async move {
            match take_snapshot(&shared, id).await {
                Ok(Some(taken)) => drop(done.send(taken)),
                Ok(None) => {}
                Err(error) => tracing::warn!(session = %id, %error, "snapshot not taken"),
            }
        });
    }

    /// The journal could not be written. Whoever waits is told; the session is read anew when it is next used, and
    /// soon when a run was at work.
    fn lose(&mut self, error: Refused) {
        tracing::error!(session = %self.session.id(), %error, "journal not written");
        self.lost = Some(error.clone());
        self.flight = None;
        if let Some(reply) = self.run.as_mut().and_then(|run| run.reply.take()) {
            let _ = reply.send(Err(error.clone()));
        }
        if self.run.take().is_some() {
            self.shared.metrics.run_ended("lost");
            super::recover_later(&self.shared, self.session.id());
        }
        for Follower { updates, events: _ } in std::mem::take(&mut self.followers) {
            updates.tell_end(Update::Lost(error.clone()));
        }
    }

    /// Leaves what waits with the reason.
    fn give_up(&mut self, error: &Refused) {
        for run in self.waiting.drain(..) {
            let _ = run.reply.send(Err(error.clone()));
        }
        let id = self.session.id();
        match self.inbox.take() {
            Some(inbox) => {
                let owner = &self.session.opened().owner;
                super::refuse_all(&self.shared, id, inbox, Some(owner), error);
            }
            None => self.shared.lives.forget(id),
        }
    }
}

async fn next_heard(flight: &mut Option<Flight>) -> Heard {
    match flight {
        Some(flight) => flight.next().await,
        None => std::future::pending().await,
    }
}

async fn next_command(inbox: &mut Option<mpsc::Receiver<Envelope>>) -> Option<Envelope> {
    match inbox {
        Some(inbox) => inbox.recv().await,
        None => std::future::pending().await,
    }
}

/// Resolves when nobody follows the run any more, also when its reader was let go of.
async fn reader_gone(followers: &[Follower]) {
    for follower in followers {
        follower.updates.left().await;
    }
}

/// What one wake-up leads to goes into the journal in one commit, and is shown after it.
fn merge(effects: Vec<Effect>) -> Vec<Effect> {
    let mut append: Option<Append> = None;
    let mut events = Vec::new();
    let mut rest = Vec::new();
    for effect in effects {
        match effect {
            Effect::Append(next) => match &mut append {
                Some(first) => {
                    first.records.extend(next.records);
                    first.lines.extend(next.lines);
                    first.durable |= next.durable;
                    first.open = next.open;
                }
                None => append = Some(next),
            },
            Effect::Emit(more) => events.extend(more),
            Effect::Plan { .. } | Effect::Call { .. } | Effect::Stop { .. } => rest.push(effect),
        }
    }
    let append = append.map(Effect::Append);
    let emit = (!events.is_empty()).then_some(Effect::Emit(events));
    append.into_iter().chain(emit).chain(rest).collect()
}

async fn take_snapshot(
    shared: &Shared,
    id: abide_model::id::SessionId,
) -> Result<Option<(abide_store::Snapshot, Blobs)>, Refused> {
    let records = load::all_records(&shared.store, id).await?;
    let Some(seq) = records.last().map(|(seq, _)| *seq) else { return Ok(None) };
    let mut blobs = Blobs::new();
    Ok(snapshot::take(records, &mut blobs).map(|body| (abide_store::Snapshot { seq, body }, blobs)))
}

//! From an input to records and effects.

use crate::effect::{Append, Asked, Choice, Effect, Input, Rejection};
use crate::record::{self, CallEnd, CallStarted, Record, RunStarted, Stamped};
use crate::session::{Entry, Session};
use abide_model::call::{Delta, Finish};
use abide_model::decision::Decision;
use abide_model::event::{Change, Event, RunError, RunStatus, Shortfall};
use abide_model::fault::{Fault, FaultKind};
use abide_model::id::{CallNo, ItemId, RunId};
use abide_model::item::Item;
use abide_model::line::UsageLine;
use abide_model::plan::Plan;
use abide_model::prompt::Prompt;
use abide_model::target::Target;
use abide_model::usage::Usage;
use abide_model::{Hash, Time};
use std::sync::Arc;

/// The most calls one run makes, failed ones included.
pub const CALLS_PER_RUN_MAX: usize = 16;
/// How often a run is taken up again after the process died under it.
pub const RECOVERIES_PER_RUN_MAX: u32 = 3;
/// The most items a conversation holds.
pub const ITEMS_MAX: usize = 100_000;

/// Records gathered while one input is handled, and what clients see of them.
struct Batch {
    append: Append,
    events: Vec<Event>,
}

impl Session {
    /// Takes one input at `now` and returns what is to be done, in order. The journal keeps whole microseconds of
    /// `now`.
    ///
    /// # Errors
    /// When the input cannot be taken; nothing has changed then.
    pub fn handle(&mut self, now: Time, input: Input) -> Result<Vec<Effect>, Rejection> {
        let now = in_micros(now);
        match input {
            Input::Asked(asked) => self.ask(*asked),
            Input::Planned { plan, choice } => Ok(self.planned(now, plan, choice)),
            Input::Heard(deltas) => Ok(self.heard(now, deltas)),
            Input::CallEnded(result) => Ok(self.call_ended(now, result)),
            Input::Cancel => self.cancel(now),
            Input::Recovered => Ok(self.recovered(now)),
            Input::AddItems(items) => self.add_items(now, items),
            Input::RemoveItem(id) => self.remove_item(now, id),
            Input::SetMetadata(metadata) => Ok(self.edit(now, Record::MetadataSet { metadata })),
            Input::Fork(child) => Ok(self.edit(now, Record::Forked { child })),
            Input::Delete => match self.active().or(self.wished()) {
                Some(run) => Err(Rejection::Busy { run }),
                None => Ok(self.edit(now, Record::Deleted)),
            },
            Input::EraseRun(run) => self.erase_run(now, run),
        }
    }

    /// Whether `items` can be put into the conversation: there is room, and each result of a tool answers a call
    /// before it. Calls may be left without a result.
    ///
    /// # Errors
    /// When they cannot, with the first reason.
    pub fn check_items(&self, items: &[Item]) -> Result<(), Rejection> {
        self.room_for(items.len())?;
        self.waiting_after(items).map(drop)
    }

    /// Writes the first record without a run: a conversation that is made before it is used. What a client sends
    /// as `items` passes [`Session::check_items`] first.
    #[must_use]
    pub fn begin(&mut self, now: Time, items: Vec<Item>) -> Vec<Effect> {
        let now = in_micros(now);
        let mut batch = self.batch(true);
        if !items.is_empty() {
            let items = items.into_iter().map(Arc::new).collect();
            let record = Record::ItemsAdded { first_item: self.next_item, items };
            self.write(now, record, &mut batch);
        } else if self.head == 0 {
            self.write_opening(now, &mut batch);
        }
        self.effects(batch)
    }

    fn ask(&mut self, asked: Asked) -> Result<Vec<Effect>, Rejection> {
        if let Some(run) = self.active().or(self.wished()) {
            return Err(Rejection::Busy { run });
        }
        self.room_for(asked.wanted.items.len())?;
        self.advance_front();
        let unanswered = self.waiting_after(&asked.wanted.items)?;
        if !unanswered.is_empty() {
            let call_ids = unanswered.into_iter().map(str::to_owned).collect();
            return Err(Rejection::Unanswered { call_ids });
        }
        let run = self.last_run() + 1;
        self.wish = Some(Arc::new(RunStarted {
            run,
            first_item: self.next_item,
            model: asked.wanted.model,
            params: Arc::new(asked.wanted.params),
            preface: asked.preface,
            agent: asked.agent,
            input: asked.wanted.items.into_iter().map(Arc::new).collect(),
            previous: asked.wanted.previous,
            in_conversation: asked.wanted.conversation.is_some(),
            splices: asked.splices,
            metadata: asked.wanted.metadata,
            key: asked.key,
            customer: asked.customer,
            segment: asked.segment,
            territory: asked.territory,
        }));
        Ok(vec![Effect::Plan { run: RunId { session: self.id, n: run }, tried: Vec::new(), last: None }])
    }

    fn planned(&mut self, now: Time, plan: Plan, choice: Result<Box<Choice>, RunError>) -> Vec<Effect> {
        // A run that is not kept acknowledges nothing yet: what starts it survives the process, and its end, which
        // posts its usage, is on disk before the client learns of it.
        let mut batch = self.batch(self.opened.kept);
        self.write_wish(now, &mut batch);
        if self.active.is_none() || self.open_call().is_some() {
            return self.effects(batch);
        }
        match choice {
            Ok(choice) => {
                let call = CallNo(self.next_call);
                let Choice { target, decision } = *choice;
                let started = self.call_record(call, plan, &target, decision);
                self.write(now, Record::CallStarted(Arc::new(started)), &mut batch);
                let mut effects = self.effects(batch);
                effects.push(Effect::Call { call, target });
                effects
            }
            Err(error) => {
                let error = self.failure().unwrap_or(error);
                self.write(now, Record::NowhereToGo { plan }, &mut batch);
                self.write(now, Record::RunEnded { status: RunStatus::Failed(error) }, &mut batch);
                self.effects(batch)
            }
        }
    }

    fn call_record(
        &mut self,
        call: CallNo,
        plan: Plan,
        target: &Target,
        mut decision: Decision,
    ) -> CallStarted {
        let (prefix, prompt_bytes) = self.prefix();
        decision.at = in_micros(decision.at);
        decision.known = in_micros(decision.known);
        decision.until = decision.until.map(in_micros);
        CallStarted {
            call,
            plan,
            cloud: target.cloud.clone(),
            model: target.model.to_string(),
            product: target.product.clone(),
            channel: target.channel.clone(),
            decision,
            prefix,
            prompt_bytes,
        }
    }

    /// The hash of what the call is to send, and how many bytes of content that is.
    fn prefix(&mut self) -> (Hash, u64) {
        self.advance_front();
        let Some(run) = self.active.and_then(|n| self.runs.get(&n)) else { return (Hash([0; 32]), 0) };
        let mut digest = self.front.digest;
        self.shown_from(self.front.entries).for_each(|item| digest.add(item));
        let params = record::params_hash(&run.asked.params);
        let preface = run.asked.preface.as_deref().unwrap_or_default();
        let prefix = Hash::of_parts([params.0.as_slice(), preface.as_bytes(), digest.hash.0.as_slice()]);
        let own = run.asked.params.instructions.as_ref().map_or(0, String::len);
        let tools = Prompt { params: &run.asked.params, items: &[] }.bytes().saturating_sub(own);
        let instructions = run.asked.instructions().map_or(0, |text| text.len());
        (prefix, digest.bytes + (tools + instructions) as u64)
    }

    fn heard(&mut self, now: Time, deltas: Vec<Delta>) -> Vec<Effect> {
        if deltas.is_empty() || self.open_call().is_none() {
            return Vec::new();
        }
        let mut batch = self.batch(false);
        self.write(now, Record::Heard { deltas }, &mut batch);
        self.effects(batch)
    }

    fn call_ended(&mut self, now: Time, result: Result<(), Fault>) -> Vec<Effect> {
        let mut batch = self.batch(true);
        let Some(call) = self.open_call() else { return Vec::new() };
        match result {
            Ok(()) => {
                let finish = self.open_finish();
                self.end_call_record(now, call, CallEnd::Whole, &mut batch);
                self.write(now, Record::RunEnded { status: status_of(finish) }, &mut batch);
                self.effects(batch)
            }
            Err(fault) => {
                let again = self.may_call_again(&fault);
                self.end_call_record(now, call, CallEnd::Fault(fault.clone()), &mut batch);
                if !again {
                    self.write(
                        now,
                        Record::RunEnded {
                            status: RunStatus::Failed(self.failure().unwrap_or_else(|| error_of(&fault))),
                        },
                        &mut batch,
                    );
                    return self.effects(batch);
                }
                let mut effects = self.effects(batch);
                effects.push(self.plan_again(Some(fault)));
                effects
            }
        }
    }

    fn may_call_again(&self, fault: &Fault) -> bool {
        let Some(run) = self.active.and_then(|n| self.runs.get(&n)) else { return false };
        fault.kind.fails_over()
            && run.calls.len() < CALLS_PER_RUN_MAX
            && (run.asked.splices || run.outputs == 0)
    }

    /// What the client is told of the run's failed calls: each target with its failure, and the soonest time at which
    /// one of them may do better. `None` when none has failed.
    fn failure(&self) -> Option<RunError> {
        let run = self.runs.get(&self.active?)?;
        let faults = || {
            run.calls.iter().filter_map(|call| match &call.outcome.as_ref()?.end {
                CallEnd::Fault(fault) => Some((&call.started, fault)),
                CallEnd::Whole | CallEnd::Lost | CallEnd::Cancelled => None,
            })
        };
        // What one cloud has no words for says nothing of the others.
        let spoken = faults().rfind(|(_, fault)| fault.kind != FaultKind::Unsupported);
        let (_, last) = spoken.or_else(|| faults().next_back())?;
        let told = faults().map(|(call, fault)| format!("`{}/{}`: {}", call.cloud, call.model, told(fault)));
        Some(RunError {
            message: told.collect::<Vec<_>>().join("; "),
            retry_after_ms: faults().filter_map(|(_, fault)| fault.retry_after_ms).min(),
            ..error_of(last)
        })
    }

    fn plan_again(&self, last: Option<Fault>) -> Effect {
        let n = self.active.unwrap_or_default();
        let calls = self.runs.get(&n).map_or([].as_slice(), |run| run.calls.as_slice());
        let failed = calls.iter().filter(|call| {
            call.outcome.as_ref().is_some_and(|outcome| matches!(outcome.end, CallEnd::Fault(_)))
        });
        let tried = failed.map(|call| (call.started.cloud.clone(), call.started.model.clone())).collect();
        Effect::Plan { run: RunId { session: self.id, n }, tried, last }
    }

    fn cancel(&mut self, now: Time) -> Result<Vec<Effect>, Rejection> {
        let mut batch = self.batch(true);
        self.write_wish(now, &mut batch);
        if self.active.is_none() {
            return Err(self.nothing_to_cancel());
        }
        let mut effects = Vec::new();
        if let Some(call) = self.open_call() {
            effects.push(Effect::Stop { call });
            self.end_call_record(now, call, CallEnd::Cancelled, &mut batch);
        }
        self.write(now, Record::RunEnded { status: RunStatus::Cancelled }, &mut batch);
        effects.extend(self.effects(batch));
        Ok(effects)
    }

    fn nothing_to_cancel(&self) -> Rejection {
        let n = self.last_run();
        let run = RunId { session: self.id, n };
        match self.runs.get(&n) {
            Some(last) => Rejection::Ended { run, status: last.status.as_str() },
            None => Rejection::UnknownRun { run },
        }
    }

    fn recovered(&mut self, now: Time) -> Vec<Effect> {
        let mut batch = self.batch(true);
        let Some(run) = self.active.and_then(|n| self.runs.get(&n)) else { return Vec::new() };
        // Without its content a run cannot be taken up again; nor can one whose door cannot show a cut item.
        let again = self.opened.kept
            && run.recoveries < RECOVERIES_PER_RUN_MAX
            && run.calls.len() < CALLS_PER_RUN_MAX
            && (run.asked.splices || run.outputs == 0);
        self.write(now, Record::Recovered, &mut batch);
        if let Some(call) = self.open_call() {
            self.end_call_record(now, call, CallEnd::Lost, &mut batch);
        }
        if !again {
            self.write(
                now,
                Record::RunEnded { status: RunStatus::Incomplete(Shortfall::Interrupted) },
                &mut batch,
            );
            return self.effects(batch);
        }
        let mut effects = self.effects(batch);
        effects.push(self.plan_again(None));
        effects
    }

    fn add_items(&mut self, now: Time, items: Vec<Item>) -> Result<Vec<Effect>, Rejection> {
        self.refuse_while_asking()?;
        self.advance_front();
        self.check_items(&items)?;
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let items = items.into_iter().map(Arc::new).collect();
        Ok(self.edit(now, Record::ItemsAdded { first_item: self.next_item, items }))
    }

    fn remove_item(&mut self, now: Time, id: ItemId) -> Result<Vec<Effect>, Rejection> {
        self.refuse_while_asking()?;
        if !self.entries.iter().any(|entry| entry.placed.id == id) {
            return Err(Rejection::UnknownItem { id });
        }
        let of_active = |entry: &Entry| entry.placed.id == id && Some(entry.run) == self.active;
        match self.active() {
            Some(run) if self.entries.iter().any(of_active) => Err(Rejection::Busy { run }),
            Some(_) | None => Ok(self.edit(now, Record::ItemRemoved { id })),
        }
    }

    fn erase_run(&mut self, now: Time, n: u32) -> Result<Vec<Effect>, Rejection> {
        let run = RunId { session: self.id, n };
        if self.run_begins_at(n).is_none() {
            return Err(Rejection::UnknownRun { run });
        }
        if self.active == Some(n) {
            return Err(Rejection::Busy { run });
        }
        Ok(self.edit(now, Record::RunErased { run: n }))
    }

    /// A request that was checked against the conversation finds it unchanged when its plan arrives.
    fn refuse_while_asking(&self) -> Result<(), Rejection> {
        self.wished().map_or(Ok(()), |run| Err(Rejection::Busy { run }))
    }

    fn wished(&self) -> Option<RunId> {
        self.wish.as_ref().map(|wish| RunId { session: self.id, n: wish.run })
    }

    fn edit(&mut self, now: Time, record: Record) -> Vec<Effect> {
        let mut batch = self.batch(true);
        self.write(now, record, &mut batch);
        self.effects(batch)
    }

    fn open_finish(&self) -> Finish {
        let open = self.active.and_then(|n| self.runs.get(&n)?.open.as_ref());
        open.and_then(|open| open.finish).unwrap_or(Finish::Stop)
    }

    /// Writes the end of `call` and posts what it consumed.
    fn end_call_record(&mut self, now: Time, call: CallNo, end: CallEnd, batch: &mut Batch) {
        let usage = self.consumed(&end);
        if let Some(line) = usage.and_then(|usage| self.line(now, call, usage)) {
            batch.append.lines.push(line);
        }
        self.write(now, Record::CallEnded { call, end, usage }, batch);
    }

    fn consumed(&self, end: &CallEnd) -> Option<Usage> {
        let run = self.runs.get(&self.active?)?;
        let open = run.open.as_ref()?;
        let used = open.usage(run.calls.last()?.started.prompt_bytes, *end == CallEnd::Whole);
        let worked = open.tokens.is_some() || !open.growing.is_empty();
        match end {
            CallEnd::Whole | CallEnd::Lost | CallEnd::Cancelled => Some(used),
            CallEnd::Fault(fault) => (worked || may_have_worked(fault.kind)).then_some(used),
        }
    }

    fn line(&self, now: Time, call: CallNo, usage: Usage) -> Option<UsageLine> {
        let n = self.active?;
        let run = self.runs.get(&n)?;
        let started = &run.calls.last()?.started;
        Some(UsageLine {
            at: now,
            run: RunId { session: self.id, n },
            call,
            key: run.asked.key.clone(),
            customer: run.asked.customer.clone(),
            model: run.asked.model.clone(),
            cloud: started.cloud.clone(),
            product: started.product.clone(),
            channel: started.channel.clone(),
            usage,
            charge: None,
            duties: started.decision.duties.clone(),
        })
    }

    fn room_for(&self, more: usize) -> Result<(), Rejection> {
        let items = self.entries.len().saturating_add(more);
        if items > ITEMS_MAX { Err(Rejection::TooManyItems { items, max: ITEMS_MAX }) } else { Ok(()) }
    }

    /// The tool calls that wait once `new` follows what is final: what a run at work produces may yet be produced
    /// anew.
    fn waiting_after<'a>(&'a self, new: &'a [Item]) -> Result<Vec<&'a str>, Rejection> {
        let rest = self.final_from(self.front.entries).map(|item| &**item);
        self.front.waiting_after(rest.chain(new))
    }

    fn batch(&self, durable: bool) -> Batch {
        let append = Append { expect: self.head, durable, ..Append::default() };
        Batch { append, events: Vec::new() }
    }

    /// Applies `record` and adds it to the batch. What a session that is not kept heard is applied only.
    fn write(&mut self, now: Time, record: Record, batch: &mut Batch) {
        if self.head == 0 {
            self.write_opening(now, batch);
        }
        let stamped = Stamped { at: now, record };
        if !self.opened.kept && matches!(stamped.record, Record::Heard { .. }) {
            let head = self.head;
            batch.events.extend(self.apply(head, &stamped));
            return;
        }
        batch.events.extend(self.apply(self.head + 1, &stamped));
        batch.append.records.push(stamped);
    }

    /// Puts the run that was asked for on record.
    fn write_wish(&mut self, now: Time, batch: &mut Batch) {
        if let Some(wish) = self.wish.take() {
            self.write(now, Record::RunStarted(wish), batch);
        }
    }

    fn write_opening(&mut self, now: Time, batch: &mut Batch) {
        let stamped = Stamped { at: now, record: Record::Opened(self.opened.clone()) };
        self.apply(1, &stamped);
        batch.append.records.push(stamped);
    }

    /// Journal before speaking.
    fn effects(&self, mut batch: Batch) -> Vec<Effect> {
        batch.append.open = self.active.is_some();
        let mut effects = Vec::with_capacity(3);
        if !batch.append.records.is_empty() {
            effects.push(Effect::Append(batch.append));
        }
        if !batch.events.is_empty() {
            effects.push(Effect::Emit(batch.events));
        }
        effects
    }
}

/// The whole microseconds of `time`, which is what the journal keeps: what is live equals what is read back.
fn in_micros(time: Time) -> Time {
    Time::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

/// Whether a cloud may have worked, and may charge, though it gave no answer.
fn may_have_worked(kind: FaultKind) -> bool {
    match kind {
        FaultKind::Timeout(wait) => wait != abide_model::fault::Wait::Connect,
        FaultKind::Cut | FaultKind::Protocol => true,
        FaultKind::Connect
        | FaultKind::RateLimited
        | FaultKind::Server
        | FaultKind::Auth
        | FaultKind::NoModel
        | FaultKind::BadRequest
        | FaultKind::Filtered
        | FaultKind::Unsupported => false,
    }
}

fn status_of(finish: Finish) -> RunStatus {
    match finish {
        Finish::Stop | Finish::ToolCalls => RunStatus::Completed(finish),
        Finish::Length => RunStatus::Incomplete(Shortfall::OutputTokens),
        Finish::ContentFilter => RunStatus::Incomplete(Shortfall::ContentFilter),
    }
}

/// A fault in words for a client. What a cloud says of Abide's own credentials is the operator's business.
fn told(fault: &Fault) -> String {
    match fault.kind {
        FaultKind::Auth => {
            format!("{}: the cloud refused the credentials it is configured with", fault.kind.as_str())
        }
        FaultKind::Connect
        | FaultKind::RateLimited
        | FaultKind::Server
        | FaultKind::Timeout(_)
        | FaultKind::Cut
        | FaultKind::Protocol
        | FaultKind::NoModel
        | FaultKind::BadRequest
        | FaultKind::Filtered
        | FaultKind::Unsupported => fault.to_string(),
    }
}

/// What the client is told when a fault ends a run.
#[must_use]
pub fn error_of(fault: &Fault) -> RunError {
    let code = match fault.kind {
        FaultKind::RateLimited => "upstream_rate_limited",
        FaultKind::Timeout(_) => "upstream_timeout",
        FaultKind::BadRequest => "upstream_refused_request",
        FaultKind::Filtered => "content_filter",
        FaultKind::Unsupported => "unsupported_parameter",
        FaultKind::Connect
        | FaultKind::Server
        | FaultKind::Cut
        | FaultKind::Protocol
        | FaultKind::Auth
        | FaultKind::NoModel => "upstream_failed",
    };
    RunError {
        code: code.to_owned(),
        message: told(fault),
        fault: Some(fault.kind),
        retry_after_ms: fault.retry_after_ms,
    }
}

/// The events of run `n` among `records`, which begin at that run's first record or at an earlier run's.
///
/// What a client saw live is what this gives, before and after a restart.
#[must_use]
pub fn events_of<'a>(
    session: abide_model::id::SessionId,
    n: u32,
    records: impl IntoIterator<Item = (u64, &'a Stamped)>,
) -> Vec<Event> {
    let opened =
        record::Opened { owner: String::new(), kept: true, named: false, parent: None, metadata: None };
    let mut state = Session::open(session, crate::Opening { opened, inherited: Vec::new() });
    let mut events = Vec::new();
    for (seq, stamped) in records {
        for event in state.apply(seq, stamped) {
            let last = matches!(event.change, Change::RunEnded { .. });
            if event.run.n == n {
                events.push(event);
                if last {
                    return events;
                }
            }
        }
    }
    events
}

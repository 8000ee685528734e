//! The state of one session, and how records change it.

use crate::front::Front;
use crate::record::{self, CallEnd, Opened, Record, Stamped};
use crate::run::{CallNote, Growing, OpenCall, Outcome, Run, Show};
use abide_model::Time;
use abide_model::call::{Delta, Finish, ItemStart};
use abide_model::event::{Change, Event, RunStatus, Shortfall};
use abide_model::id::{CallNo, ItemId, RunId, SessionId};
use abide_model::item::{Item, ItemStatus, Json};
use abide_model::plan::Plan;
use abide_model::prompt::Params;
use abide_model::run::{Placed, RunView};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a new session begins.
#[derive(Debug, Clone)]
pub struct Opening {
    /// What its first record will say.
    pub opened: Opened,
    /// Items of the session it continues, in order.
    pub inherited: Vec<Placed>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lot {
    /// It is part of the conversation.
    Stands,
    /// Clients see it, clouds do not: thinking or a tool call that its run broke off after, or the result of a
    /// call that was taken out.
    Dangles,
    /// A later call of its run produced it anew.
    Superseded,
    /// It came with a run that failed before it said anything: whoever asks again sends it again.
    Withdrawn,
}

/// An item at its place, with what the machine needs to know of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) placed: Placed,
    /// The run it belongs to; 0 when it belongs to none.
    pub(crate) run: u32,
    /// Its place among what the run produced; `None` when the run did not produce it.
    pub(crate) output: Option<u32>,
    pub(crate) lot: Lot,
}

impl Entry {
    /// Whether no later call of the run at work can produce it anew.
    fn is_final(&self, active: Option<u32>) -> bool {
        self.output.is_none() || Some(self.run) != active
    }

    /// Whether run `run` produced it, at place `first` or later.
    pub(crate) fn is_output(&self, run: u32, first: u32) -> bool {
        self.run == run && self.output.is_some_and(|place| place >= first)
    }
}

/// One conversation: what its journal says, and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub(crate) id: SessionId,
    pub(crate) head: u64,
    pub(crate) opened: Opened,
    pub(crate) created_at: Option<Time>,
    pub(crate) entries: Vec<Entry>,
    /// Apart from the tree, whose nodes have room for eleven: most sessions have one.
    pub(crate) runs: BTreeMap<u32, Box<Run>>,
    pub(crate) active: Option<u32>,
    pub(crate) next_item: u32,
    pub(crate) next_call: u32,
    pub(crate) metadata: Option<Json>,
    /// A run that was asked for and not yet planned: in no record yet.
    pub(crate) wish: Option<Arc<record::RunStarted>>,
    pub(crate) front: Front,
    pub(crate) forks: u32,
    pub(crate) deleted: bool,
}

impl Session {
    /// A session that has no record yet.
    #[must_use]
    pub fn open(id: SessionId, opening: Opening) -> Self {
        let metadata = opening.opened.metadata.clone();
        let entries = opening.inherited.into_iter().map(inherit).collect();
        Self {
            id,
            head: 0,
            opened: opening.opened,
            created_at: None,
            entries,
            runs: BTreeMap::new(),
            active: None,
            next_item: 1,
            next_call: 1,
            metadata,
            wish: None,
            front: Front::EMPTY,
            forks: 0,
            deleted: false,
        }
    }

    /// The session that `records` tell of, from the first on. `inherited` are the items up to the parent run, for
    /// a session whose first record names one.
    #[must_use]
    pub fn replay<'a>(
        id: SessionId,
        inherited: Vec<Placed>,
        records: impl IntoIterator<Item = (u64, &'a Stamped)>,
    ) -> Self {
        let nobody = Opened { owner: String::new(), kept: true, named: false, parent: None, metadata: None };
        let mut session = Self::open(id, Opening { opened: nobody, inherited });
        for (seq, stamped) in records {
            session.apply(seq, stamped);
        }
        session
    }

    /// Applies one record that stands at `seq`, and returns what a client sees of it.
    pub fn apply(&mut self, seq: u64, stamped: &Stamped) -> Vec<Event> {
        assert!(seq >= self.head, "journal goes forward");
        self.head = seq;
        let at = stamped.at;
        let active = self.active;
        let changes = match &stamped.record {
            Record::Opened(opened) => {
                self.metadata.clone_from(&opened.metadata);
                if self.opened != *opened {
                    self.opened = opened.clone();
                }
                self.created_at = Some(at);
                Vec::new()
            }
            Record::RunStarted(asked) => self.start_run(seq, at, asked),
            Record::CallStarted(started) => self.start_call(at, started),
            Record::NowhereToGo { plan } => {
                if let Some(run) = self.active_run() {
                    run.nowhere = Some(plan.clone());
                }
                Vec::new()
            }
            Record::Heard { deltas } => self.hear(deltas),
            Record::CallEnded { call: _, end, usage } => {
                self.end_call(Outcome { at, end: end.clone(), usage: *usage })
            }
            Record::RunEnded { status } => self.end_run(at, status),
            Record::ItemsAdded { first_item, items } => {
                self.next_item = *first_item;
                for item in items {
                    self.place(item.clone(), 0, ItemStatus::Completed, None);
                }
                Vec::new()
            }
            Record::ItemRemoved { id } => {
                self.remove(*id);
                Vec::new()
            }
            Record::MetadataSet { metadata } => {
                self.metadata.clone_from(metadata);
                Vec::new()
            }
            Record::Forked { child: _ } => {
                self.forks += 1;
                Vec::new()
            }
            Record::Deleted => {
                self.deleted = true;
                Vec::new()
            }
            Record::RunErased { run } => {
                if let Some(run) = self.runs.get_mut(run) {
                    run.erased = true;
                }
                Vec::new()
            }
            Record::Recovered => {
                if let Some(run) = self.active_run() {
                    run.recoveries += 1;
                }
                Vec::new()
            }
        };
        let Some(n) = self.active.or(active) else { return Vec::new() };
        let run = RunId { session: self.id, n };
        changes.into_iter().map(|change| Event { seq, at, run, change }).collect()
    }

    fn start_run(&mut self, seq: u64, at: Time, asked: &Arc<record::RunStarted>) -> Vec<Change> {
        self.next_item = asked.first_item;
        for item in &asked.input {
            self.place(item.clone(), asked.run, ItemStatus::Completed, None);
        }
        self.runs.insert(asked.run, Box::new(Run::new(at, seq, asked.clone())));
        self.active = Some(asked.run);
        vec![Change::RunStarted]
    }

    fn start_call(&mut self, at: Time, started: &Arc<record::CallStarted>) -> Vec<Change> {
        self.next_call = started.call.0.saturating_add(1);
        let Some(n) = self.active else { return Vec::new() };
        let Some(run) = self.runs.get_mut(&n) else { return Vec::new() };
        let anew = run.produced_anew_from().filter(|first| *first < run.outputs);
        if let Some(first) = anew {
            let outputs = self.entries.iter_mut().filter(|entry| entry.is_output(n, first));
            outputs.for_each(|entry| entry.lot = Lot::Superseded);
        }
        run.calls.push(CallNote { at, started: started.clone(), outcome: None, first_output: run.outputs });
        run.open = Some(OpenCall::new(started.call));
        anew.map(|first| Change::Replaced { first }).into_iter().collect()
    }

    fn end_run(&mut self, at: Time, status: &RunStatus) -> Vec<Change> {
        let end_item = self.next_item;
        let Some(n) = self.active.take() else { return Vec::new() };
        let Some(run) = self.runs.get_mut(&n) else { return Vec::new() };
        run.status = status.clone();
        run.ended_at = Some(at);
        run.end_item = Some(end_item);
        let usage = run.usage();
        let broken_off = match status {
            RunStatus::Completed(_) => false,
            RunStatus::Incomplete(why) => *why == Shortfall::Interrupted,
            RunStatus::Failed(_) | RunStatus::Cancelled | RunStatus::InProgress => true,
        };
        let withdrawn = matches!(status, RunStatus::Failed(_)) && run.outputs == 0;
        if broken_off {
            self.break_off(n, withdrawn);
        }
        vec![Change::RunEnded { status: status.clone(), usage }]
    }

    /// Leaves of a run what its client has: the words, but no tool call that nobody was asked to answer; and of
    /// one that failed before it said anything, nothing.
    fn break_off(&mut self, n: u32, withdrawn: bool) {
        for (place, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| entry.run == n) {
            let spoken = matches!(*entry.placed.item, Item::Message(_));
            let lot = match (entry.output, entry.lot) {
                (None, Lot::Stands) if withdrawn => Lot::Withdrawn,
                (Some(_), Lot::Stands) if !spoken => Lot::Dangles,
                (_, lot) => lot,
            };
            if lot != entry.lot {
                entry.lot = lot;
                self.front.changed_at(place);
            }
        }
    }

    fn remove(&mut self, id: ItemId) {
        let Some(place) = self.entries.iter().position(|entry| entry.placed.id == id) else { return };
        self.front.changed_at(place);
        let gone = self.entries.remove(place);
        // No cloud takes a result without its call.
        if let (Item::ToolCall(call), Lot::Stands) = (&*gone.placed.item, gone.lot) {
            let mut later = self.entries.iter_mut().skip(place).filter(|entry| entry.lot == Lot::Stands);
            let answers = |item: &Item| matches!(item, Item::ToolResult(r) if r.call_id == call.call_id);
            if let Some(result) = later.find(|entry| answers(&entry.placed.item)) {
                result.lot = Lot::Dangles;
            }
        }
    }

    fn hear(&mut self, deltas: &[Delta]) -> Vec<Change> {
        let Some(mut open) = self.active_run().and_then(|run| run.open.take()) else { return Vec::new() };
        let mut changes = Vec::with_capacity(deltas.len());
        for delta in deltas {
            changes.extend(self.hear_one(&mut open, delta));
        }
        if let Some(run) = self.active_run() {
            run.open = Some(open);
        }
        changes
    }

    fn hear_one(&mut self, open: &mut OpenCall, delta: &Delta) -> Option<Change> {
        match delta {
            Delta::ItemStarted { index, start } => Some(self.start_item(open, *index, start)),
            Delta::Text { index, text } => {
                open.unreported_bytes += text.len() as u64;
                let item = open.item(*index)?;
                item.text.push_str(text);
                Some(Change::Text { index: item.output, text: text.clone() })
            }
            Delta::Refusal { index, text } => {
                open.unreported_bytes += text.len() as u64;
                let item = open.item(*index)?;
                item.refusal.push_str(text);
                Some(Change::Refusal { index: item.output, text: text.clone() })
            }
            Delta::Arguments { index, json } => {
                open.unreported_bytes += json.len() as u64;
                let item = open.item(*index)?;
                item.text.push_str(json);
                Some(Change::Arguments { index: item.output, json: json.clone() })
            }
            Delta::Reasoning { index, text } => {
                open.unreported_bytes += text.len() as u64;
                let item = open.item(*index)?;
                item.text.push_str(text);
                Some(Change::Reasoning { index: item.output, text: text.clone() })
            }
            Delta::Signed { index, signature } => {
                open.item(*index)?.signature = Some(signature.clone());
                None
            }
            Delta::ItemDone { index } => {
                let item = open.item(*index)?;
                Some(close(&mut self.entries, item, ItemStatus::Completed))
            }
            Delta::Finished(finish) => {
                open.finish = Some(*finish);
                None
            }
            Delta::Usage(tokens) => {
                open.tokens = Some(*tokens);
                open.unreported_bytes = 0;
                None
            }
        }
    }

    fn start_item(&mut self, open: &mut OpenCall, call_index: u32, start: &ItemStart) -> Change {
        let n = self.active.unwrap_or_default();
        let output = self.runs.get_mut(&n).map_or(0, |run| {
            run.outputs += 1;
            run.outputs - 1
        });
        let mut growing = Growing {
            call_index,
            output,
            id: ItemId { session: self.id, n: self.next_item },
            start: start.clone(),
            text: String::new(),
            refusal: String::new(),
            signature: None,
            done: false,
        };
        growing.id = self.place(Arc::new(growing.item()), n, ItemStatus::InProgress, Some(output));
        let id = growing.id;
        open.growing.push(growing);
        Change::ItemStarted { index: output, id, start: start.clone() }
    }

    fn end_call(&mut self, outcome: Outcome) -> Vec<Change> {
        let Some(n) = self.active else { return Vec::new() };
        let Some(run) = self.runs.get_mut(&n) else { return Vec::new() };
        let Some(mut open) = run.open.take() else { return Vec::new() };
        // An answer that hit a limit is cut at its last item; an answer that failed, at every open one.
        let whole = outcome.end == CallEnd::Whole;
        let cut = matches!(open.finish, Some(Finish::Length | Finish::ContentFilter));
        let last = open.growing.len().saturating_sub(1);
        if let Some(call) = run.calls.last_mut() {
            call.outcome = Some(outcome);
        }
        let entries = &mut self.entries;
        let unfinished = open.growing.iter_mut().enumerate().filter(|(_, item)| !item.done);
        unfinished
            .map(|(place, item)| {
                let complete = whole && !(cut && place == last);
                close(entries, item, if complete { ItemStatus::Completed } else { ItemStatus::Incomplete })
            })
            .collect()
    }

    fn place(&mut self, item: Arc<Item>, run: u32, status: ItemStatus, output: Option<u32>) -> ItemId {
        let id = ItemId { session: self.id, n: self.next_item };
        self.next_item = self.next_item.saturating_add(1);
        let placed = Placed { id, item, status };
        self.entries.push(Entry { placed, run, output, lot: Lot::Stands });
        id
    }

    /// Sums up as much of the conversation as no call under way can change.
    pub(crate) fn advance_front(&mut self) {
        let active = self.active;
        let rest = self.entries.iter().skip(self.front.entries);
        for entry in rest.take_while(|entry| entry.is_final(active)) {
            self.front.add(stands(entry).then_some(&*entry.placed.item));
        }
    }

    /// The items from `place` on that stand whatever becomes of the run at work.
    pub(crate) fn final_from(&self, place: usize) -> impl Iterator<Item = &Arc<Item>> {
        let rest = self.entries.iter().skip(place);
        rest.filter(|entry| entry.is_final(self.active) && stands(entry)).map(|entry| &entry.placed.item)
    }

    /// What the next call of the active run, or the one under way, is shown of the entries from `place` on.
    pub(crate) fn shown_from(&self, place: usize) -> impl Iterator<Item = &Arc<Item>> {
        let active = self.active.and_then(|n| self.runs.get(&n));
        let anew = active.and_then(|run| Some((run.asked.run, run.produced_anew_from()?)));
        let shown = move |entry: &&Entry| {
            stands(entry) && !anew.is_some_and(|(run, first)| entry.is_output(run, first))
        };
        self.entries.iter().skip(place).filter(shown).map(|entry| &entry.placed.item)
    }

    pub(crate) fn active_run(&mut self) -> Option<&mut Run> {
        self.runs.get_mut(&self.active?).map(|run| &mut **run)
    }

    /// Its identity.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Position of its last record; 0 before the first.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// How it began.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// When it began; `None` before its first record.
    #[must_use]
    pub fn created_at(&self) -> Option<Time> {
        self.created_at
    }

    /// The client's labels, a JSON object.
    #[must_use]
    pub fn metadata(&self) -> Option<&Json> {
        self.metadata.as_ref()
    }

    /// Whether nothing of it can be read any more: it has no name, and every response was deleted.
    #[must_use]
    pub fn out_of_reach(&self) -> bool {
        !self.opened.named && self.active.is_none() && self.runs.values().all(|run| run.erased)
    }

    /// How many sessions continue from one of its runs.
    #[must_use]
    pub fn forks(&self) -> u32 {
        self.forks
    }

    /// Whether its client deleted it.
    #[must_use]
    pub fn deleted(&self) -> bool {
        self.deleted
    }

    /// The run at work.
    #[must_use]
    pub fn active(&self) -> Option<RunId> {
        self.active.map(|n| RunId { session: self.id, n })
    }

    /// The number of the latest run; 0 when there was none.
    #[must_use]
    pub fn last_run(&self) -> u32 {
        self.runs.keys().next_back().copied().unwrap_or(0)
    }

    /// Whether the latest run is `n`, and nothing was put into the conversation since.
    #[must_use]
    pub fn ends_with_run(&self, n: u32) -> bool {
        let end = self.runs.get(&n).map(|run| run.end_item.unwrap_or(self.next_item));
        self.last_run() == n && self.wish.is_none() && end == Some(self.next_item)
    }

    /// Where the run's records begin; `None` when there is no such run or it was deleted.
    #[must_use]
    pub fn run_begins_at(&self, n: u32) -> Option<u64> {
        self.runs.get(&n).filter(|run| !run.erased).map(|run| run.first_seq)
    }

    /// The conversation as a client lists it: every item that was not taken back or produced anew.
    #[must_use]
    pub fn items(&self) -> Vec<Placed> {
        let listed = |entry: &&Entry| match entry.lot {
            Lot::Stands | Lot::Dangles => true,
            Lot::Superseded | Lot::Withdrawn => false,
        };
        self.entries.iter().filter(listed).map(|entry| entry.placed.clone()).collect()
    }

    /// The last `count` items that were placed, in order.
    #[must_use]
    pub fn last_items(&self, count: usize) -> Vec<Placed> {
        let first = self.entries.len().saturating_sub(count);
        self.entries.iter().skip(first).map(|entry| entry.placed.clone()).collect()
    }

    /// The items that a session continuing from the end of run `n` inherits.
    #[must_use]
    pub fn items_through(&self, n: u32) -> Vec<Placed> {
        let Some(run) = self.runs.get(&n) else { return Vec::new() };
        let end = run.end_item.unwrap_or(self.next_item);
        let through = |entry: &&Entry| entry.placed.id.session != self.id || entry.placed.id.n < end;
        self.entries
            .iter()
            .filter(through)
            .filter(|entry| stands(entry))
            .map(|entry| entry.placed.clone())
            .collect()
    }

    /// One run as a client reads it; `None` when there is none or it was deleted.
    #[must_use]
    pub fn view(&self, n: u32, show: Show) -> Option<RunView> {
        let run = self.runs.get(&n).filter(|run| !run.erased)?;
        let of_run = |output: bool| {
            let shown = move |entry: &&Entry| {
                entry.run == n
                    && entry.output.is_some() == output
                    && (show == Show::All || entry.lot != Lot::Superseded)
            };
            self.entries.iter().filter(shown).map(|entry| self.placed_now(run, entry)).collect()
        };
        Some(RunView {
            id: RunId { session: self.id, n },
            created_at: run.started_at,
            ended_at: run.ended_at,
            model: run.asked.model.clone(),
            status: run.status.clone(),
            params: run.asked.params.clone(),
            input: of_run(false),
            output: of_run(true),
            usage: run.usage(),
            conversation: run.asked.in_conversation.then_some(self.id),
            previous: run.asked.previous,
            stored: self.opened.kept,
            metadata: run.asked.metadata.clone(),
        })
    }

    /// The calls of a run, for the transcript.
    #[must_use]
    pub fn calls(&self, n: u32) -> &[CallNote] {
        self.runs.get(&n).map_or(&[], |run| &run.calls)
    }

    /// The plan that left run `n` without a target.
    #[must_use]
    pub fn nowhere(&self, n: u32) -> Option<&Plan> {
        self.runs.get(&n)?.nowhere.as_ref()
    }

    /// What run `n` was asked to do, and by whom; deleted runs included.
    #[must_use]
    pub fn asked(&self, n: u32) -> Option<&record::RunStarted> {
        self.runs.get(&n).map(|run| &*run.asked)
    }

    /// What the next call is to send: parameters with the agent's instructions, and the conversation. Also for a run
    /// that was asked for and not yet planned.
    #[must_use]
    pub fn prompt(&self) -> Option<(Arc<Params>, Vec<Arc<Item>>)> {
        let (asked, input) = match &self.wish {
            Some(wish) => (&**wish, wish.input.as_slice()),
            None => (&*self.runs.get(&self.active?)?.asked, [].as_slice()),
        };
        let params = match asked.preface {
            Some(_) => Arc::new(Params { instructions: asked.instructions(), ..(*asked.params).clone() }),
            None => asked.params.clone(),
        };
        Some((params, self.shown_from(0).chain(input).cloned().collect()))
    }

    /// An item of the run under way shows as far as it has come.
    fn placed_now(&self, run: &Run, entry: &Entry) -> Placed {
        let growing = run.open.as_ref().and_then(|open| {
            open.growing.iter().find(|growing| growing.id == entry.placed.id && !growing.done)
        });
        match growing {
            Some(growing) => Placed { item: Arc::new(growing.item()), ..entry.placed.clone() },
            None => entry.placed.clone(),
        }
    }

    /// The call under way.
    #[must_use]
    pub fn open_call(&self) -> Option<CallNo> {
        Some(self.runs.get(&self.active?)?.open.as_ref()?.call)
    }
}

/// Whether a later call is shown the item: whole ones, and the words of a message that was cut for good.
pub(crate) fn stands(entry: &Entry) -> bool {
    let words = matches!(*entry.placed.item, Item::Message(_)) && entry.placed.item.bytes() > 0;
    entry.lot == Lot::Stands
        && match entry.placed.status {
            ItemStatus::Completed => true,
            ItemStatus::Incomplete => words,
            ItemStatus::InProgress => false,
        }
}

fn inherit(placed: Placed) -> Entry {
    Entry { placed, run: 0, output: None, lot: Lot::Stands }
}

fn close(entries: &mut [Entry], growing: &mut Growing, status: ItemStatus) -> Change {
    growing.done = status == ItemStatus::Completed;
    let item = growing.item();
    growing.done = true;
    if let Some(entry) = entries.iter_mut().rev().find(|entry| entry.placed.id == growing.id) {
        entry.placed = Placed { id: growing.id, item: Arc::new(item.clone()), status };
    }
    Change::ItemDone { index: growing.output, id: growing.id, item, status }
}

//! A session with its journal in stored form, which checks after every input what must always hold.

use crate::effect::{Asked, Choice, Effect, Input, Rejection};
use crate::record::{self, Blobs, Opened, Record, Stamped};
use crate::{Opening, Session, events_of};
use abide_model::decision::{Decision, Verdict};
use abide_model::event::Event;
use abide_model::id::{RunId, SessionId};
use abide_model::item::Item;
use abide_model::line::UsageLine;
use abide_model::plan::{Considered, Plan, Refusal, Standing};
use abide_model::prompt::{Params, Prompt};
use abide_model::run::Placed;
use abide_model::target::{Capabilities, Dialect, Target};
use abide_model::usage::Measure;
use abide_model::want::Wanted;
use abide_model::{Hash, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The session of every story.
pub(super) const HOME: SessionId = SessionId(0xA);

pub(super) struct Stage {
    pub(super) session: Session,
    inherited: Vec<Placed>,
    pub(super) rows: Vec<Vec<u8>>,
    pub(super) blobs: Blobs,
    pub(super) seen: Vec<Event>,
    pub(super) lines: Vec<UsageLine>,
    pub(super) now: Time,
}

impl Stage {
    pub(super) fn new(kept: bool) -> Self {
        Self::opened(HOME, kept, None, Vec::new())
    }

    fn opened(id: SessionId, kept: bool, parent: Option<RunId>, inherited: Vec<Placed>) -> Self {
        let opened = Opened { owner: "acme".to_owned(), kept, named: false, parent, metadata: None };
        Self {
            session: Session::open(id, Opening { opened, inherited: inherited.clone() }),
            inherited,
            rows: Vec::new(),
            blobs: Blobs::new(),
            seen: Vec::new(),
            lines: Vec::new(),
            now: Time::from_second(1_700_000_000).unwrap(),
        }
    }

    /// A session that continues from the end of run `n`, instead of this one.
    pub(super) fn fork(&mut self, n: u32) {
        let id = SessionId(self.session.id().0 + 1);
        let parent = RunId { session: self.session.id(), n };
        *self = Self::opened(id, true, Some(parent), self.session.items_through(n));
    }

    /// The process dies: what is not in the journal is gone.
    pub(super) fn kill(&mut self) {
        self.session = self.read_back(self.rows.len());
    }

    pub(super) fn begin(&mut self, items: Vec<Item>) -> Vec<Effect> {
        let effects = self.session.begin(self.now, items);
        self.carry_out(&effects);
        self.check();
        effects
    }

    pub(super) fn step(&mut self, input: Input) -> Result<Vec<Effect>, Rejection> {
        // A second and some: the journal keeps no nanoseconds.
        self.now = Time::from_nanosecond(self.now.as_nanosecond() + 1_000_000_007).unwrap();
        let before = self.session.clone();
        let mut twin = self.read_back(self.rows.len());
        twin.wish.clone_from(&before.wish);
        let outcome = self.session.handle(self.now, input.clone());
        if self.session.opened().kept {
            assert_eq!(twin.handle(self.now, input), outcome, "a session read back answers as the live one");
        }
        match &outcome {
            Ok(effects) => self.carry_out(effects),
            Err(_) => assert_eq!(self.session, before, "a rejected input changes nothing"),
        }
        self.check();
        outcome
    }

    fn carry_out(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Append(append) => {
                    assert_eq!(append.expect, self.rows.len() as u64);
                    assert_eq!(append.open, self.session.active().is_some());
                    let kept = self.session.opened().kept;
                    for stamped in &append.records {
                        self.rows.push(record::encode(stamped, kept, &mut self.blobs));
                    }
                    self.lines.extend(append.lines.iter().cloned());
                }
                Effect::Emit(events) => {
                    let written = self.rows.len() as u64;
                    assert!(events.iter().all(|event| event.seq <= written), "journal before speaking");
                    self.seen.extend(events.iter().cloned());
                }
                Effect::Call { .. } => self.check_prompt(),
                Effect::Plan { .. } | Effect::Stop { .. } => {}
            }
        }
    }

    /// What a call is said to send is what it is given to send, and no result goes without its call.
    fn check_prompt(&self) {
        let (params, items) = self.session.prompt().unwrap();
        let run = self.session.active().unwrap();
        let borrowed: Vec<&Item> = items.iter().map(|item| &**item).collect();
        let bytes = Prompt { params: &params, items: &borrowed }.bytes() as u64;
        assert_eq!(self.session.calls(run.n).last().unwrap().started.prompt_bytes, bytes);
        let mut calls = BTreeSet::new();
        for item in borrowed {
            match item {
                Item::ToolCall(call) => drop(calls.insert(&call.call_id)),
                Item::ToolResult(result) => assert!(calls.contains(&result.call_id), "{}", result.call_id),
                Item::Message(_) | Item::Reasoning(_) => {}
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.session.head(), self.rows.len() as u64, "the head counts the records");
        self.check_calls();
        if !self.session.opened().kept {
            return;
        }
        let mut live = self.session.clone();
        live.wish = None;
        assert_eq!(self.read_back(self.rows.len()), live, "what is read back is what is live");
        for n in 1..=self.session.last_run() {
            let seen: Vec<Event> = self.seen.iter().filter(|event| event.run.n == n).cloned().collect();
            assert_eq!(self.events_again(n), seen, "what was seen live is what is seen again");
        }
    }

    /// Each call that started ends once, and is charged for at most once.
    fn check_calls(&self) {
        let (mut started, mut ended) = (Vec::new(), Vec::new());
        for (_, stamped) in self.journal() {
            if let Record::CallStarted(call) = &stamped.record {
                started.push(call.call);
            }
            if let Record::CallEnded { call, usage, .. } = &stamped.record {
                let lines = self.lines.iter().filter(|line| line.call == *call).count();
                assert_eq!(lines, usize::from(usage.is_some()), "call {call}");
                ended.push(*call);
            }
        }
        let under_way = usize::from(self.session.open_call().is_some());
        assert_eq!(started.len(), ended.len() + under_way);
        assert!(started.starts_with(&ended), "calls end in the order they start: {ended:?}");
        assert!(started.windows(2).all(|pair| pair[0] < pair[1]));
    }

    pub(super) fn journal(&self) -> Vec<(u64, Stamped)> {
        let decode = |row: &Vec<u8>| record::decode(row, &self.blobs).unwrap();
        (1..).zip(self.rows.iter().map(decode)).collect()
    }

    /// The session as its first `count` rows tell it.
    pub(super) fn read_back(&self, count: usize) -> Session {
        if count == 0 {
            let opened = self.session.opened().clone();
            return Session::open(self.session.id(), Opening { opened, inherited: self.inherited.clone() });
        }
        let journal = self.journal();
        self.replay(&journal[..count])
    }

    pub(super) fn replay(&self, journal: &[(u64, Stamped)]) -> Session {
        let records = journal.iter().map(|(seq, stamped)| (*seq, stamped));
        Session::replay(self.session.id(), self.inherited.clone(), records)
    }

    fn events_again(&self, n: u32) -> Vec<Event> {
        let journal = self.journal();
        let first = journal
            .iter()
            .find(|(_, stamped)| matches!(&stamped.record, Record::RunStarted(run) if run.run == n));
        let first = first.unwrap().0;
        let records = || journal.iter().map(|(seq, stamped)| (*seq, stamped));
        let events = events_of(self.session.id(), n, records().filter(|(seq, _)| *seq >= first));
        assert_eq!(events, events_of(self.session.id(), n, records()), "what came before is no matter");
        events
    }
}

pub(super) fn asked(items: Vec<Item>, splices: bool) -> Input {
    let wanted = Wanted {
        model: "fast".parse().unwrap(),
        params: Params::default(),
        items,
        conversation: None,
        previous: None,
        keep: true,
        stream: true,
        background: false,
        metadata: None,
    };
    Input::Asked(Box::new(Asked {
        wanted,
        preface: None,
        agent: None,
        splices,
        key: "k1".to_owned(),
        customer: "acme".parse().unwrap(),
        segment: None,
        territory: None,
    }))
}

/// The plan to call `cloud`, the other one having been refused.
pub(super) fn planned(cloud: &str) -> Input {
    let other = if cloud == "azure" { "aws" } else { "azure" };
    let considered = |cloud: &str, standing| Considered {
        cloud: cloud.parse().unwrap(),
        model: "gpt".to_owned(),
        standing,
    };
    let ranked = Standing::Ranked { place: 0, why: "listed first".to_owned() };
    let refused = Standing::Refused(Refusal::Tried);
    let target = Target {
        cloud: cloud.parse().unwrap(),
        model: Arc::from("gpt"),
        dialect: Dialect::OpenAi,
        channel: cloud.parse().unwrap(),
        product: "openai/api".parse().unwrap(),
        can: Capabilities { tools: true, json_schema: true, images: true },
    };
    let at = Time::from_nanosecond(1_700_000_000_123_456_789).unwrap();
    let decision = Decision {
        verdict: Verdict::Permit,
        reasons: Vec::new(),
        duties: vec!["oct25.share".parse().unwrap()],
        until: Some(at),
        at,
        known: at,
        book: Hash([7; 32]),
    };
    Input::Planned {
        plan: Plan { considered: vec![considered(cloud, ranked), considered(other, refused)] },
        choice: Ok(Box::new(Choice { target: Arc::new(target), decision })),
    }
}

/// `3+1`, with `~` before an estimate.
pub(super) fn amount(usage: &abide_model::usage::Usage) -> String {
    let sign = if usage.measure == Measure::Estimated { "~" } else { "" };
    format!("{sign}{}+{}", usage.tokens.input, usage.tokens.output)
}

//! Strategies for every kind of record, with everything a record can hold.

use crate::record::{CallEnd, CallStarted, Opened, Record, RunStarted, Stamped};
use abide_model::call::{Delta, Finish, ItemStart};
use abide_model::decision::{Citation, Decision, Effect, Reason, SourceClass, Verdict};
use abide_model::event::{RunError, RunStatus, Shortfall};
use abide_model::fault::{Fault, FaultKind};
use abide_model::id::{CallNo, ItemId, RunId, SessionId};
use abide_model::item::{
    ImageSource, Item, Json, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult,
};
use abide_model::plan::{Considered, Plan, Refusal, Standing};
use abide_model::prompt::{Number, Output, Params, Sampling, Tool, ToolChoice};
use abide_model::usage::{Measure, Tokens, Usage};
use abide_model::{Hash, Time};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn name<T: FromStr + Debug>() -> impl Strategy<Value = T>
where
    T::Err: Debug,
{
    "[a-z][a-z0-9._-]{0,8}".prop_map(|text| text.parse().unwrap())
}

fn time() -> impl Strategy<Value = Time> {
    (-1_000_000_000_000_000i64..4_000_000_000_000_000)
        .prop_map(|micros| Time::from_microsecond(micros).unwrap())
}

fn json() -> impl Strategy<Value = Json> {
    text().prop_map(|text| Json::from_parsed(&format!("{text:?}")))
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn run_id() -> impl Strategy<Value = RunId> {
    any::<(u128, u32)>().prop_map(|(session, n)| RunId { session: SessionId(session), n })
}

fn part() -> impl Strategy<Value = Part> {
    let source = prop_oneof![
        text().prop_map(ImageSource::Url),
        (text(), text()).prop_map(|(media_type, base64)| ImageSource::Inline { media_type, base64 }),
    ];
    prop_oneof![
        text().prop_map(Part::Text),
        text().prop_map(Part::Refusal),
        (source, option::of(text())).prop_map(|(source, detail)| Part::Image { source, detail }),
    ]
}

fn signature() -> impl Strategy<Value = Signature> {
    (text(), text()).prop_map(|(vendor, payload)| Signature { vendor, payload })
}

/// Mostly small; some too large to stand in a record.
pub(super) fn item() -> impl Strategy<Value = Item> {
    let role = select(vec![Role::System, Role::Developer, Role::User, Role::Assistant]);
    prop_oneof![
        4 => (role, vec(part(), 0..3)).prop_map(|(role, parts)| Item::Message(Message { role, parts })),
        1 => (4_000usize..5_000).prop_map(|bytes| Item::text(Role::User, "x".repeat(bytes))),
        2 => (text(), text(), text())
            .prop_map(|(call_id, name, arguments)| Item::ToolCall(ToolCall { call_id, name, arguments })),
        2 => (text(), vec(part(), 0..3))
            .prop_map(|(call_id, parts)| Item::ToolResult(ToolResult { call_id, parts })),
        2 => (vec(text(), 0..2), text(), option::of(signature())).prop_map(|(summary, text, signature)| {
            Item::Reasoning(Reasoning { summary, text, signature })
        }),
    ]
}

fn items() -> impl Strategy<Value = Vec<Arc<Item>>> {
    vec(item().prop_map(Arc::new), 0..3)
}

fn tool() -> impl Strategy<Value = Tool> {
    (text(), option::of(text()), option::of(json()), any::<Option<bool>>())
        .prop_map(|(name, description, parameters, strict)| Tool { name, description, parameters, strict })
}

fn output() -> impl Strategy<Value = Output> {
    prop_oneof![
        Just(Output::Text),
        Just(Output::JsonObject),
        (text(), option::of(text()), json(), any::<Option<bool>>()).prop_map(
            |(name, description, schema, strict)| Output::JsonSchema { name, description, schema, strict }
        ),
    ]
}

fn sampling() -> impl Strategy<Value = Sampling> {
    let number = || option::of(text().prop_map(Number));
    (number(), number(), any::<Option<u64>>(), vec(text(), 0..2)).prop_map(
        |(temperature, top_p, output_tokens_max, stop)| Sampling {
            temperature,
            top_p,
            output_tokens_max,
            stop,
        },
    )
}

fn params() -> impl Strategy<Value = Params> {
    let choice = prop_oneof![
        Just(ToolChoice::Auto),
        Just(ToolChoice::None),
        Just(ToolChoice::Required),
        text().prop_map(ToolChoice::Named),
    ];
    let fields = || btree_map(text(), json(), 0..2);
    let words = (option::of("\\PC{0,400}"), option::of(text()), option::of(text()));
    let tools = (vec(tool(), 0..3), choice, any::<Option<bool>>());
    (words, tools, output(), sampling(), fields(), fields()).prop_map(
        |(words, tools, output, sampling, rest, echo)| Params {
            instructions: words.0,
            tools: tools.0,
            tool_choice: tools.1,
            parallel_tools: tools.2,
            output,
            sampling,
            reasoning_effort: words.1,
            reasoning_summary: words.2,
            rest,
            echo,
        },
    )
}

fn run_started() -> impl Strategy<Value = RunStarted> {
    let numbers = any::<(u32, u32, bool, bool)>();
    let agent = (option::of("\\PC{0,400}".prop_map(Arc::from)), option::of(hash()));
    let who = (text(), name(), option::of(name()), option::of(name()));
    (numbers, name(), params(), agent, items(), option::of(run_id()), option::of(json()), who).prop_map(
        |(numbers, model, params, agent, input, previous, metadata, who)| RunStarted {
            run: numbers.0,
            first_item: numbers.1,
            model,
            params: Arc::new(params),
            preface: agent.0,
            agent: agent.1,
            input,
            previous,
            in_conversation: numbers.2,
            splices: numbers.3,
            metadata,
            key: who.0,
            customer: who.1,
            segment: who.2,
            territory: who.3,
        },
    )
}

fn standing() -> impl Strategy<Value = Standing> {
    let verdict = select(vec!["no_right", "breach", "contested"]);
    prop_oneof![
        (any::<u32>(), text()).prop_map(|(place, why)| Standing::Ranked { place, why }),
        (verdict, vec(name(), 0..2), vec(name(), 0..2), vec(name(), 0..2)).prop_map(
            |(verdict, clauses, toward, questions)| Standing::Refused(Refusal::Agreement {
                verdict,
                clauses,
                toward,
                questions
            })
        ),
        select(vec!["tools", "json_schema", "images"])
            .prop_map(|missing| Standing::Refused(Refusal::Capability { missing })),
        any::<i64>().prop_map(|until_ms| Standing::Refused(Refusal::Resting { until_ms })),
        Just(Standing::Refused(Refusal::Tried)),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let considered = (name(), text(), standing()).prop_map(|(cloud, model, standing)| Considered {
        cloud,
        model,
        standing,
    });
    vec(considered, 0..3).prop_map(|considered| Plan { considered })
}

fn decision() -> impl Strategy<Value = Decision> {
    let verdict = prop_oneof![
        Just(Verdict::Permit),
        Just(Verdict::NoRight),
        vec(name(), 0..2).prop_map(|toward| Verdict::Breach { toward }),
        (vec(name(), 0..2), vec(name(), 0..2))
            .prop_map(|(toward, questions)| Verdict::Contested { toward, questions }),
    ];
    let effect = select(vec![Effect::Grants, Effect::Forbids, Effect::Excepts, Effect::Waives]);
    let source = select(vec![
        SourceClass::Official,
        SourceClass::Filing,
        SourceClass::Reported,
        SourceClass::Inferred,
    ]);
    let reason = (name(), effect, text(), any::<u32>(), option::of(text()), option::of(source)).prop_map(
        |(clause, effect, file, line, quote, source)| {
            let (file, quote) = (file.into(), quote.map(Into::into));
            Reason { cited: Arc::new(Citation { clause, file, line, quote, source }), effect }
        },
    );
    (verdict, vec(reason, 0..3), vec(name(), 0..2), option::of(time()), time(), time(), hash()).prop_map(
        |(verdict, reasons, duties, until, at, known, book)| Decision {
            verdict,
            reasons,
            duties,
            until,
            at,
            known,
            book,
        },
    )
}

fn call_started() -> impl Strategy<Value = CallStarted> {
    (any::<(u32, u64)>(), plan(), name(), text(), name(), name(), decision(), hash()).prop_map(
        |((call, prompt_bytes), plan, cloud, model, product, channel, decision, prefix)| CallStarted {
            call: CallNo(call),
            plan,
            cloud,
            model,
            product,
            channel,
            decision,
            prefix,
            prompt_bytes,
        },
    )
}

pub(super) fn finish() -> impl Strategy<Value = Finish> {
    select(vec![Finish::Stop, Finish::ToolCalls, Finish::Length, Finish::ContentFilter])
}

pub(super) fn fault_kind() -> impl Strategy<Value = FaultKind> {
    select(FaultKind::ALL.to_vec())
}

fn tokens(counts: impl Strategy<Value = u64> + Clone) -> impl Strategy<Value = Tokens> {
    (counts.clone(), counts.clone(), counts.clone(), counts.clone(), counts).prop_map(
        |(input, cache_read, cache_write, output, reasoning)| Tokens {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
        },
    )
}

/// A change of one of the first items of a call, which may not have begun.
pub(super) fn delta() -> impl Strategy<Value = Delta> {
    let index = || 0u32..3;
    let start = prop_oneof![
        Just(ItemStart::Message),
        Just(ItemStart::Reasoning),
        ("c[0-3]", text()).prop_map(|(call_id, name)| ItemStart::ToolCall { call_id, name }),
    ];
    prop_oneof![
        4 => (index(), start).prop_map(|(index, start)| Delta::ItemStarted { index, start }),
        4 => (index(), text()).prop_map(|(index, text)| Delta::Text { index, text }),
        1 => (index(), text()).prop_map(|(index, text)| Delta::Refusal { index, text }),
        2 => (index(), text()).prop_map(|(index, json)| Delta::Arguments { index, json }),
        1 => (index(), text()).prop_map(|(index, text)| Delta::Reasoning { index, text }),
        1 => (index(), signature()).prop_map(|(index, signature)| Delta::Signed { index, signature }),
        2 => index().prop_map(|index| Delta::ItemDone { index }),
        1 => finish().prop_map(Delta::Finished),
        1 => tokens(any::<u64>()).prop_map(Delta::Usage),
    ]
}

fn end() -> impl Strategy<Value = CallEnd> {
    let fault = (fault_kind(), any::<Option<u16>>(), text(), any::<Option<u64>>())
        .prop_map(|(kind, status, message, retry_after_ms)| Fault { kind, status, message, retry_after_ms });
    prop_oneof![
        Just(CallEnd::Whole),
        Just(CallEnd::Lost),
        Just(CallEnd::Cancelled),
        fault.prop_map(CallEnd::Fault),
    ]
}

fn status() -> impl Strategy<Value = RunStatus> {
    let why = select(vec![Shortfall::OutputTokens, Shortfall::ContentFilter, Shortfall::Interrupted]);
    let error = (text(), text(), option::of(fault_kind()), any::<Option<u64>>())
        .prop_map(|(code, message, fault, retry_after_ms)| RunError { code, message, fault, retry_after_ms });
    prop_oneof![
        Just(RunStatus::InProgress),
        Just(RunStatus::Cancelled),
        finish().prop_map(RunStatus::Completed),
        why.prop_map(RunStatus::Incomplete),
        error.prop_map(RunStatus::Failed),
    ]
}

fn opened() -> impl Strategy<Value = Opened> {
    (text(), any::<(bool, bool)>(), option::of(run_id()), option::of(json()))
        .prop_map(|(owner, (kept, named), parent, metadata)| Opened { owner, kept, named, parent, metadata })
}

fn call_ended() -> impl Strategy<Value = Record> {
    let measure = select(vec![Measure::Reported, Measure::Estimated]);
    let usage = (tokens(any::<u64>()), measure).prop_map(|(tokens, measure)| Usage { tokens, measure });
    (any::<u32>(), end(), option::of(usage)).prop_map(|(call, end, usage)| Record::CallEnded {
        call: CallNo(call),
        end,
        usage,
    })
}

fn record() -> impl Strategy<Value = Record> {
    prop_oneof![
        opened().prop_map(Record::Opened),
        run_started().prop_map(|run| Record::RunStarted(Arc::new(run))),
        call_started().prop_map(|call| Record::CallStarted(Arc::new(call))),
        vec(delta(), 0..5).prop_map(|deltas| Record::Heard { deltas }),
        call_ended(),
        status().prop_map(|status| Record::RunEnded { status }),
        (any::<u32>(), items()).prop_map(|(first_item, items)| Record::ItemsAdded { first_item, items }),
        run_id().prop_map(|id| Record::ItemRemoved { id: ItemId { session: id.session, n: id.n } }),
        option::of(json()).prop_map(|metadata| Record::MetadataSet { metadata }),
        any::<u32>().prop_map(|run| Record::RunErased { run }),
        any::<u128>().prop_map(|id| Record::Forked { child: SessionId(id) }),
        Just(Record::Deleted),
        plan().prop_map(|plan| Record::NowhereToGo { plan }),
        Just(Record::Recovered),
    ]
}

pub(super) fn stamped() -> impl Strategy<Value = Stamped> {
    (time(), record()).prop_map(|(at, record)| Stamped { at, record })
}

//! The stored form of records: mirrors of `model` types with numbered fields, and the way there and back.

mod parts;

use super::body::{BODY_INLINE_BYTES_MAX, Blobs, Body, ITEM_INLINE_BYTES_MAX};
use super::lately::Lately;
use super::{CallEnd, CallStarted, DecodeError, Opened, Record, RunStarted, Stamped};
use abide_model::decision::Decision;
use abide_model::id::{CallNo, ItemId, RunId, SessionId};
use abide_model::item::{Item, Json};
use abide_model::name::{Segment, Territory};
use abide_model::plan::Plan;
use abide_model::prompt::Params;
use abide_model::usage::Usage;
use abide_model::{Hash, Time};
use minicbor::{Decode, Encode};
use parts::{
    StoredDecision, StoredDelta, StoredFault, StoredItem, StoredParams, StoredPlan, StoredStatus,
    StoredUsage, damaged, name,
};
use std::sync::{Arc, LazyLock};

/// The first byte of every stored record.
const FORMAT: u8 = 1;
/// Bytes that most records and bodies fit into, to begin with.
const RECORD_BYTES: usize = 256;
/// What stands for parameters where content is left out.
static NO_PARAMS: LazyLock<Vec<u8>> = LazyLock::new(|| params_bytes(&Params::default()));
/// Plans and decisions repeat from call to call: above this many bytes they live once.
pub(super) const CALL_INLINE_BYTES_MAX: usize = 48;

#[derive(Encode, Decode)]
struct Envelope<'b> {
    /// Microseconds since 1970 in UTC.
    #[n(0)]
    at: i64,
    #[b(1)]
    record: Stored<'b>,
}

#[derive(Encode, Decode)]
enum Stored<'b> {
    #[n(0)]
    Opened(#[b(0)] StoredOpened<'b>),
    #[n(1)]
    RunStarted(#[b(0)] StoredRunStarted<'b>),
    #[n(2)]
    CallStarted(#[b(0)] StoredCallStarted<'b>),
    #[n(3)]
    Heard(#[n(0)] Vec<StoredDelta>),
    #[n(4)]
    CallEnded(#[n(0)] u32, #[n(1)] StoredEnd, #[n(2)] Option<StoredUsage>),
    #[n(5)]
    RunEnded(#[n(0)] StoredStatus),
    #[n(6)]
    ItemsAdded(#[n(0)] u32, #[n(1)] Vec<Body>),
    #[n(7)]
    ItemRemoved(#[n(0)] StoredItemId),
    #[n(8)]
    MetadataSet(#[b(0)] Option<&'b str>),
    #[n(9)]
    RunErased(#[n(0)] u32),
    #[n(10)]
    Recovered,
    #[n(11)]
    Forked(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]),
    #[n(12)]
    Deleted,
    #[n(13)]
    NowhereToGo(#[n(0)] Body),
}

#[derive(Encode, Decode)]
struct StoredOpened<'b> {
    #[b(0)]
    owner: &'b str,
    #[n(1)]
    kept: bool,
    #[n(2)]
    named: bool,
    #[n(3)]
    parent: Option<StoredRunId>,
    #[b(4)]
    metadata: Option<&'b str>,
}

#[derive(Encode, Decode)]
struct StoredRunStarted<'b> {
    #[n(0)]
    run: u32,
    #[n(1)]
    first_item: u32,
    #[b(2)]
    model: &'b str,
    #[n(3)]
    params: Body,
    #[n(4)]
    preface: Option<Body>,
    #[cbor(n(5), with = "minicbor::bytes")]
    agent: Option<Vec<u8>>,
    #[n(6)]
    input: Vec<Body>,
    #[n(7)]
    previous: Option<StoredRunId>,
    #[n(8)]
    in_conversation: bool,
    #[n(9)]
    splices: bool,
    #[b(10)]
    metadata: Option<&'b str>,
    #[b(11)]
    key: &'b str,
    #[b(12)]
    customer: &'b str,
    #[b(13)]
    segment: Option<&'b str>,
    #[b(14)]
    territory: Option<&'b str>,
}

#[derive(Encode, Decode)]
struct StoredCallStarted<'b> {
    #[n(0)]
    call: u32,
    #[n(1)]
    plan: Body,
    #[b(2)]
    cloud: &'b str,
    #[b(3)]
    model: &'b str,
    #[b(4)]
    product: &'b str,
    #[b(5)]
    channel: &'b str,
    #[n(6)]
    decision: Body,
    #[n(7)]
    decided_at: i64,
    #[n(8)]
    known_at: i64,
    #[cbor(n(9), with = "minicbor::bytes")]
    prefix: [u8; 32],
    #[n(10)]
    prompt_bytes: u64,
}

#[derive(Encode, Decode)]
enum StoredEnd {
    #[n(0)]
    Whole,
    #[n(1)]
    Fault(#[n(0)] StoredFault),
    #[n(2)]
    Lost,
    #[n(3)]
    Cancelled,
}

#[derive(Encode, Decode)]
struct StoredRunId {
    #[cbor(n(0), with = "minicbor::bytes")]
    session: [u8; 16],
    #[n(1)]
    n: u32,
}

#[derive(Encode, Decode)]
struct StoredItemId {
    #[cbor(n(0), with = "minicbor::bytes")]
    session: [u8; 16],
    #[n(1)]
    n: u32,
}

pub(super) fn encode(
    stamped: &Stamped,
    content: bool,
    (blobs, lately): (&mut Blobs, &mut Lately),
) -> Vec<u8> {
    let record = store(&stamped.record, content, (blobs, lately));
    let envelope = Envelope { at: stamped.at.as_microsecond(), record };
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    bytes.push(FORMAT);
    put(&envelope, &mut bytes);
    bytes
}

pub(super) fn decode(bytes: &[u8], blobs: &Blobs) -> Result<Stamped, DecodeError> {
    let envelope = open(bytes)?;
    let at = time(envelope.at)?;
    Ok(Stamped { at, record: load(envelope.record, blobs)? })
}

pub(super) fn references(bytes: &[u8]) -> Result<Vec<Hash>, DecodeError> {
    let mut found: Vec<Option<Hash>> = Vec::new();
    match &open(bytes)?.record {
        Stored::RunStarted(run) => {
            found.push(run.params.reference());
            found.extend(run.preface.iter().map(Body::reference));
            found.extend(run.input.iter().map(Body::reference));
        }
        Stored::CallStarted(call) => found.extend([call.plan.reference(), call.decision.reference()]),
        Stored::NowhereToGo(plan) => found.push(plan.reference()),
        Stored::ItemsAdded(_, items) => found.extend(items.iter().map(Body::reference)),
        Stored::Opened(_)
        | Stored::Heard(_)
        | Stored::CallEnded(..)
        | Stored::RunEnded(_)
        | Stored::ItemRemoved(_)
        | Stored::MetadataSet(_)
        | Stored::RunErased(_)
        | Stored::Forked(_)
        | Stored::Deleted
        | Stored::Recovered => {}
    }
    Ok(found.into_iter().flatten().collect())
}

/// The canonical bytes of an item, for its hash.
pub(super) fn item_bytes(item: &Item) -> Vec<u8> {
    bytes_of(&StoredItem::from(item))
}

/// The canonical bytes of parameters, for their hash.
pub(super) fn params_bytes(params: &Params) -> Vec<u8> {
    bytes_of(&StoredParams::from(params))
}

fn open(bytes: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => {
            let mut decoder = minicbor::Decoder::new(rest);
            let envelope = decoder.decode().map_err(damaged)?;
            if decoder.position() < rest.len() {
                return Err(damaged("bytes after its end"));
            }
            Ok(envelope)
        }
        Some((&found, _)) if found > FORMAT => Err(DecodeError::Newer { found, known: FORMAT }),
        Some(_) | None => Err(DecodeError::Damaged("no format byte".to_owned())),
    }
}

fn put<T: Encode<()>>(value: &T, bytes: &mut Vec<u8>) {
    assert!(minicbor::encode(value, bytes).is_ok(), "writing into memory cannot fail");
}

fn bytes_of<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    put(value, &mut bytes);
    bytes
}

fn time(micros: i64) -> Result<Time, DecodeError> {
    Time::from_microsecond(micros).map_err(damaged)
}

fn json(text: &Option<Json>) -> Option<&str> {
    text.as_ref().map(Json::as_str)
}

fn unjson(text: Option<&str>) -> Option<Json> {
    text.map(Json::from_parsed)
}

fn store_run_id(run: &RunId) -> StoredRunId {
    StoredRunId { session: run.session.0.to_be_bytes(), n: run.n }
}

fn load_run_id(stored: &StoredRunId) -> RunId {
    RunId { session: SessionId(u128::from_be_bytes(stored.session)), n: stored.n }
}

fn put_item(item: &Item, blobs: &mut Blobs) -> Body {
    Body::put(item_bytes(item), ITEM_INLINE_BYTES_MAX, blobs)
}

fn get_items(bodies: &[Body], blobs: &Blobs) -> Result<Vec<Arc<Item>>, DecodeError> {
    bodies
        .iter()
        .map(|body| {
            let stored: StoredItem = minicbor::decode(body.get(blobs)?).map_err(damaged)?;
            Ok(Arc::new(stored.load()?))
        })
        .collect()
}

fn store<'r>(record: &'r Record, content: bool, (blobs, lately): (&mut Blobs, &mut Lately)) -> Stored<'r> {
    match record {
        Record::Opened(opened) => Stored::Opened(StoredOpened {
            owner: &opened.owner,
            kept: opened.kept,
            named: opened.named,
            parent: opened.parent.as_ref().map(store_run_id),
            metadata: json(&opened.metadata).filter(|_| content),
        }),
        Record::RunStarted(run) => Stored::RunStarted(store_run(run, content, blobs)),
        Record::CallStarted(call) => Stored::CallStarted(store_call(call, blobs, lately)),
        Record::Heard { deltas } => {
            let deltas = if content { deltas.as_slice() } else { &[] };
            Stored::Heard(deltas.iter().map(StoredDelta::from).collect())
        }
        Record::CallEnded { call, end, usage } => {
            Stored::CallEnded(call.0, store_end(end, content), usage.as_ref().map(StoredUsage::from))
        }
        Record::RunEnded { status } => Stored::RunEnded(StoredStatus::new(status, content)),
        Record::ItemsAdded { first_item, items } => {
            let items = if content { items.as_slice() } else { &[] };
            Stored::ItemsAdded(*first_item, items.iter().map(|item| put_item(item, blobs)).collect())
        }
        Record::ItemRemoved { id } => {
            Stored::ItemRemoved(StoredItemId { session: id.session.0.to_be_bytes(), n: id.n })
        }
        Record::MetadataSet { metadata } => Stored::MetadataSet(json(metadata).filter(|_| content)),
        Record::RunErased { run } => Stored::RunErased(*run),
        Record::Forked { child } => Stored::Forked(child.0.to_be_bytes()),
        Record::Deleted => Stored::Deleted,
        Record::NowhereToGo { plan } => Stored::NowhereToGo(lately.plan(plan, blobs)),
        Record::Recovered => Stored::Recovered,
    }
}

fn store_run<'r>(run: &'r RunStarted, content: bool, blobs: &mut Blobs) -> StoredRunStarted<'r> {
    let params = if content { params_bytes(&run.params) } else { NO_PARAMS.clone() };
    let preface = run.preface.as_ref().filter(|_| content);
    let input = if content { run.input.as_slice() } else { &[] };
    StoredRunStarted {
        run: run.run,
        first_item: run.first_item,
        model: run.model.as_str(),
        params: Body::put(params, BODY_INLINE_BYTES_MAX, blobs),
        preface: preface.map(|text| Body::put(text.as_bytes().to_vec(), BODY_INLINE_BYTES_MAX, blobs)),
        agent: run.agent.map(|hash| hash.0.to_vec()),
        input: input.iter().map(|item| put_item(item, blobs)).collect(),
        previous: run.previous.as_ref().map(store_run_id),
        in_conversation: run.in_conversation,
        splices: run.splices,
        metadata: if content { json(&run.metadata) } else { None },
        key: &run.key,
        customer: run.customer.as_str(),
        segment: run.segment.as_ref().map(Segment::as_str),
        territory: run.territory.as_ref().map(Territory::as_str),
    }
}

fn store_call<'r>(call: &'r CallStarted, blobs: &mut Blobs, lately: &mut Lately) -> StoredCallStarted<'r> {
    StoredCallStarted {
        call: call.call.0,
        plan: lately.plan(&call.plan, blobs),
        cloud: call.cloud.as_str(),
        model: &call.model,
        product: call.product.as_str(),
        channel: call.channel.as_str(),
        decision: lately.decision(&call.decision, blobs),
        decided_at: call.decision.at.as_microsecond(),
        known_at: call.decision.known.as_microsecond(),
        prefix: call.prefix.0,
        prompt_bytes: call.prompt_bytes,
    }
}

/// The bytes of a decision without its times.
pub(super) fn decision_bytes(decision: &Decision) -> Vec<u8> {
    bytes_of(&StoredDecision::from(decision))
}

/// The bytes of a plan.
pub(super) fn plan_bytes(plan: &Plan) -> Vec<u8> {
    bytes_of(&StoredPlan::from(plan))
}

fn get_plan(body: &Body, blobs: &Blobs) -> Result<Plan, DecodeError> {
    let stored: StoredPlan = minicbor::decode(body.get(blobs)?).map_err(damaged)?;
    stored.load()
}

fn store_end(end: &CallEnd, content: bool) -> StoredEnd {
    match end {
        CallEnd::Whole => StoredEnd::Whole,
        CallEnd::Fault(fault) => StoredEnd::Fault(StoredFault::new(fault, content)),
        CallEnd::Lost => StoredEnd::Lost,
        CallEnd::Cancelled => StoredEnd::Cancelled,
    }
}

fn load(stored: Stored<'_>, blobs: &Blobs) -> Result<Record, DecodeError> {
    Ok(match stored {
        Stored::Opened(opened) => Record::Opened(Opened {
            owner: opened.owner.to_owned(),
            kept: opened.kept,
            named: opened.named,
            parent: opened.parent.as_ref().map(load_run_id),
            metadata: unjson(opened.metadata),
        }),
        Stored::RunStarted(run) => Record::RunStarted(Arc::new(load_run(run, blobs)?)),
        Stored::CallStarted(call) => Record::CallStarted(Arc::new(load_call(call, blobs)?)),
        Stored::Heard(deltas) => {
            Record::Heard { deltas: deltas.into_iter().map(StoredDelta::load).collect::<Result<_, _>>()? }
        }
        Stored::CallEnded(call, end, usage) => Record::CallEnded {
            call: CallNo(call),
            end: load_end(end)?,
            usage: usage.map(|usage| Usage::from(&usage)),
        },
        Stored::RunEnded(status) => Record::RunEnded { status: status.load()? },
        Stored::ItemsAdded(first_item, items) => {
            Record::ItemsAdded { first_item, items: get_items(&items, blobs)? }
        }
        Stored::ItemRemoved(id) => Record::ItemRemoved {
            id: ItemId { session: SessionId(u128::from_be_bytes(id.session)), n: id.n },
        },
        Stored::MetadataSet(metadata) => Record::MetadataSet { metadata: unjson(metadata) },
        Stored::RunErased(run) => Record::RunErased { run },
        Stored::Forked(child) => Record::Forked { child: SessionId(u128::from_be_bytes(child)) },
        Stored::Deleted => Record::Deleted,
        Stored::NowhereToGo(plan) => Record::NowhereToGo { plan: get_plan(&plan, blobs)? },
        Stored::Recovered => Record::Recovered,
    })
}

fn load_run(run: StoredRunStarted<'_>, blobs: &Blobs) -> Result<RunStarted, DecodeError> {
    let params: StoredParams = minicbor::decode(run.params.get(blobs)?).map_err(damaged)?;
    let preface = match &run.preface {
        Some(body) => Some(Arc::from(std::str::from_utf8(body.get(blobs)?).map_err(damaged)?)),
        None => None,
    };
    let agent = match run.agent {
        Some(bytes) => Some(Hash(bytes.try_into().map_err(|_| damaged("agent hash length"))?)),
        None => None,
    };
    Ok(RunStarted {
        run: run.run,
        first_item: run.first_item,
        model: name(run.model)?,
        params: Arc::new(params.load()?),
        preface,
        agent,
        input: get_items(&run.input, blobs)?,
        previous: run.previous.as_ref().map(load_run_id),
        in_conversation: run.in_conversation,
        splices: run.splices,
        metadata: unjson(run.metadata),
        key: run.key.to_owned(),
        customer: name(run.customer)?,
        segment: run.segment.map(name).transpose()?,
        territory: run.territory.map(name).transpose()?,
    })
}

fn load_call(call: StoredCallStarted<'_>, blobs: &Blobs) -> Result<CallStarted, DecodeError> {
    let decision: StoredDecision = minicbor::decode(call.decision.get(blobs)?).map_err(damaged)?;
    Ok(CallStarted {
        call: CallNo(call.call),
        plan: get_plan(&call.plan, blobs)?,
        cloud: name(call.cloud)?,
        model: call.model.to_owned(),
        product: name(call.product)?,
        channel: name(call.channel)?,
        decision: decision.load(time(call.decided_at)?, time(call.known_at)?)?,
        prefix: Hash(call.prefix),
        prompt_bytes: call.prompt_bytes,
    })
}

fn load_end(end: StoredEnd) -> Result<CallEnd, DecodeError> {
    Ok(match end {
        StoredEnd::Whole => CallEnd::Whole,
        StoredEnd::Fault(fault) => CallEnd::Fault(fault.load()?),
        StoredEnd::Lost => CallEnd::Lost,
        StoredEnd::Cancelled => CallEnd::Cancelled,
    })
}

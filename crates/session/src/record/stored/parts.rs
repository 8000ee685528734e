//! Stored mirrors of the `model` types that records are made of.

use super::super::DecodeError;
use abide_model::call::{Delta, Finish, ItemStart};
use abide_model::decision::{Citation, Decision, Effect, Reason, SourceClass, Verdict};
use abide_model::event::{RunError, RunStatus, Shortfall};
use abide_model::fault::{Fault, FaultKind};
use abide_model::item::{
    ImageSource, Item, Json, Message, Part, Reasoning, Role, Signature, ToolCall, ToolResult,
};
use abide_model::plan::{Considered, Plan, Refusal, Standing};
use abide_model::prompt::{Number, Output, Params, Sampling, Tool, ToolChoice};
use abide_model::usage::{Measure, Tokens, Usage};
use abide_model::{Hash, Time};
use minicbor::{Decode, Encode};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

pub(super) fn damaged(why: impl Display) -> DecodeError {
    DecodeError::Damaged(why.to_string())
}

pub(super) fn name<T: FromStr>(text: &str) -> Result<T, DecodeError>
where
    T::Err: Display,
{
    text.parse().map_err(damaged)
}

fn names<T: FromStr>(texts: &[String]) -> Result<Vec<T>, DecodeError>
where
    T::Err: Display,
{
    texts.iter().map(|text| name(text)).collect()
}

fn texts<T: Display>(names: &[T]) -> Vec<String> {
    names.iter().map(T::to_string).collect()
}

fn word<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, DecodeError> {
    parse(text).ok_or_else(|| damaged(format!("`{text}` is not a word of this format")))
}

#[derive(Encode, Decode)]
pub(super) enum StoredPart {
    #[n(0)]
    Text(#[n(0)] String),
    #[n(1)]
    Refusal(#[n(0)] String),
    #[n(2)]
    ImageUrl(#[n(0)] String, #[n(1)] Option<String>),
    #[n(3)]
    ImageInline(#[n(0)] String, #[n(1)] String, #[n(2)] Option<String>),
}

impl StoredPart {
    fn from(part: &Part) -> Self {
        match part {
            Part::Text(text) => StoredPart::Text(text.clone()),
            Part::Refusal(text) => StoredPart::Refusal(text.clone()),
            Part::Image { source: ImageSource::Url(url), detail } => {
                StoredPart::ImageUrl(url.clone(), detail.clone())
            }
            Part::Image { source: ImageSource::Inline { media_type, base64 }, detail } => {
                StoredPart::ImageInline(media_type.clone(), base64.clone(), detail.clone())
            }
        }
    }

    fn load(self) -> Part {
        match self {
            StoredPart::Text(text) => Part::Text(text),
            StoredPart::Refusal(text) => Part::Refusal(text),
            StoredPart::ImageUrl(url, detail) => Part::Image { source: ImageSource::Url(url), detail },
            StoredPart::ImageInline(media_type, base64, detail) => {
                Part::Image { source: ImageSource::Inline { media_type, base64 }, detail }
            }
        }
    }
}

#[derive(Encode, Decode)]
pub(super) struct StoredSignature {
    #[n(0)]
    vendor: String,
    #[n(1)]
    payload: String,
}

impl From<&Signature> for StoredSignature {
    fn from(signature: &Signature) -> Self {
        Self { vendor: signature.vendor.clone(), payload: signature.payload.clone() }
    }
}

impl StoredSignature {
    fn load(self) -> Signature {
        Signature { vendor: self.vendor, payload: self.payload }
    }
}

#[derive(Encode, Decode)]
pub(super) enum StoredItem {
    #[n(0)]
    Message(#[n(0)] String, #[n(1)] Vec<StoredPart>),
    #[n(1)]
    ToolCall(#[n(0)] String, #[n(1)] String, #[n(2)] String),
    #[n(2)]
    ToolResult(#[n(0)] String, #[n(1)] Vec<StoredPart>),
    #[n(3)]
    Reasoning(#[n(0)] Vec<String>, #[n(1)] String, #[n(2)] Option<StoredSignature>),
}

impl From<&Item> for StoredItem {
    fn from(item: &Item) -> Self {
        let parts = |parts: &[Part]| parts.iter().map(StoredPart::from).collect();
        match item {
            Item::Message(message) => {
                StoredItem::Message(message.role.as_str().to_owned(), parts(&message.parts))
            }
            Item::ToolCall(call) => {
                StoredItem::ToolCall(call.call_id.clone(), call.name.clone(), call.arguments.clone())
            }
            Item::ToolResult(result) => StoredItem::ToolResult(result.call_id.clone(), parts(&result.parts)),
            Item::Reasoning(reasoning) => StoredItem::Reasoning(
                reasoning.summary.clone(),
                reasoning.text.clone(),
                reasoning.signature.as_ref().map(StoredSignature::from),
            ),
        }
    }
}

impl StoredItem {
    pub(super) fn load(self) -> Result<Item, DecodeError> {
        let unpack = |parts: Vec<StoredPart>| parts.into_iter().map(StoredPart::load).collect();
        Ok(match self {
            StoredItem::Message(role, parts) => {
                Item::Message(Message { role: word(&role, Role::parse)?, parts: unpack(parts) })
            }
            StoredItem::ToolCall(call_id, name, arguments) => {
                Item::ToolCall(ToolCall { call_id, name, arguments })
            }
            StoredItem::ToolResult(call_id, parts) => {
                Item::ToolResult(ToolResult { call_id, parts: unpack(parts) })
            }
            StoredItem::Reasoning(summary, text, signature) => {
                Item::Reasoning(Reasoning { summary, text, signature: signature.map(StoredSignature::load) })
            }
        })
    }
}

#[derive(Encode, Decode)]
struct StoredTool {
    #[n(0)]
    name: String,
    #[n(1)]
    description: Option<String>,
    #[n(2)]
    parameters: Option<String>,
    #[n(3)]
    strict: Option<bool>,
}

#[derive(Encode, Decode)]
enum StoredChoice {
    #[n(0)]
    Auto,
    #[n(1)]
    None,
    #[n(2)]
    Required,
    #[n(3)]
    Named(#[n(0)] String),
}

#[derive(Encode, Decode)]
enum StoredOutput {
    #[n(0)]
    Text,
    #[n(1)]
    JsonObject,
    #[n(2)]
    JsonSchema(#[n(0)] String, #[n(1)] Option<String>, #[n(2)] String, #[n(3)] Option<bool>),
}

#[derive(Encode, Decode)]
pub(super) struct StoredParams {
    #[n(0)]
    instructions: Option<String>,
    #[n(1)]
    tools: Vec<StoredTool>,
    #[n(2)]
    tool_choice: StoredChoice,
    #[n(3)]
    parallel_tools: Option<bool>,
    #[n(4)]
    output: StoredOutput,
    #[n(5)]
    temperature: Option<String>,
    #[n(6)]
    top_p: Option<String>,
    #[n(7)]
    output_tokens_max: Option<u64>,
    #[n(8)]
    stop: Vec<String>,
    #[n(9)]
    reasoning_effort: Option<String>,
    #[n(10)]
    reasoning_summary: Option<String>,
    #[n(11)]
    rest: Vec<(String, String)>,
    #[n(12)]
    echo: Vec<(String, String)>,
}

impl From<&Params> for StoredParams {
    fn from(params: &Params) -> Self {
        let text = |json: &Json| json.as_str().to_owned();
        Self {
            instructions: params.instructions.clone(),
            tools: params
                .tools
                .iter()
                .map(|tool| StoredTool {
                    name: tool.name.clone(),
                    description: tool.description.clone(),
                    parameters: tool.parameters.as_ref().map(text),
                    strict: tool.strict,
                })
                .collect(),
            tool_choice: match &params.tool_choice {
                ToolChoice::Auto => StoredChoice::Auto,
                ToolChoice::None => StoredChoice::None,
                ToolChoice::Required => StoredChoice::Required,
                ToolChoice::Named(name) => StoredChoice::Named(name.clone()),
            },
            parallel_tools: params.parallel_tools,
            output: match &params.output {
                Output::Text => StoredOutput::Text,
                Output::JsonObject => StoredOutput::JsonObject,
                Output::JsonSchema { name, description, schema, strict } => {
                    StoredOutput::JsonSchema(name.clone(), description.clone(), text(schema), *strict)
                }
            },
            temperature: params.sampling.temperature.as_ref().map(|n| n.0.clone()),
            top_p: params.sampling.top_p.as_ref().map(|n| n.0.clone()),
            output_tokens_max: params.sampling.output_tokens_max,
            stop: params.sampling.stop.clone(),
            reasoning_effort: params.reasoning_effort.clone(),
            reasoning_summary: params.reasoning_summary.clone(),
            rest: params.rest.iter().map(|(name, json)| (name.clone(), text(json))).collect(),
            echo: params.echo.iter().map(|(name, json)| (name.clone(), text(json))).collect(),
        }
    }
}

impl StoredParams {
    pub(super) fn load(self) -> Result<Params, DecodeError> {
        let tools = self.tools.into_iter().map(|tool| Tool {
            name: tool.name,
            description: tool.description,
            parameters: tool.parameters.map(|text| Json::from_parsed(&text)),
            strict: tool.strict,
        });
        Ok(Params {
            instructions: self.instructions,
            tools: tools.collect(),
            tool_choice: match self.tool_choice {
                StoredChoice::Auto => ToolChoice::Auto,
                StoredChoice::None => ToolChoice::None,
                StoredChoice::Required => ToolChoice::Required,
                StoredChoice::Named(name) => ToolChoice::Named(name),
            },
            parallel_tools: self.parallel_tools,
            output: match self.output {
                StoredOutput::Text => Output::Text,
                StoredOutput::JsonObject => Output::JsonObject,
                StoredOutput::JsonSchema(name, description, schema, strict) => {
                    Output::JsonSchema { name, description, schema: Json::from_parsed(&schema), strict }
                }
            },
            sampling: Sampling {
                temperature: self.temperature.map(Number),
                top_p: self.top_p.map(Number),
                output_tokens_max: self.output_tokens_max,
                stop: self.stop,
            },
            reasoning_effort: self.reasoning_effort,
            reasoning_summary: self.reasoning_summary,
            rest: self.rest.into_iter().map(|(name, text)| (name, Json::from_parsed(&text))).collect(),
            echo: self.echo.into_iter().map(|(name, text)| (name, Json::from_parsed(&text))).collect(),
        })
    }
}

#[derive(Encode, Decode)]
pub(super) enum StoredDelta {
    #[n(0)]
    MessageStarted(#[n(0)] u32),
    #[n(1)]
    ToolCallStarted(#[n(0)] u32, #[n(1)] String, #[n(2)] String),
    #[n(2)]
    ReasoningStarted(#[n(0)] u32),
    #[n(3)]
    Text(#[n(0)] u32, #[n(1)] String),
    #[n(4)]
    Refusal(#[n(0)] u32, #[n(1)] String),
    #[n(5)]
    Arguments(#[n(0)] u32, #[n(1)] String),
    #[n(6)]
    Reasoning(#[n(0)] u32, #[n(1)] String),
    #[n(7)]
    Signed(#[n(0)] u32, #[n(1)] StoredSignature),
    #[n(8)]
    ItemDone(#[n(0)] u32),
    #[n(9)]
    Finished(#[n(0)] String),
    #[n(10)]
    Usage(#[n(0)] [u64; 5]),
}

impl From<&Delta> for StoredDelta {
    fn from(delta: &Delta) -> Self {
        match delta {
            Delta::ItemStarted { index, start: ItemStart::Message } => StoredDelta::MessageStarted(*index),
            Delta::ItemStarted { index, start: ItemStart::ToolCall { call_id, name } } => {
                StoredDelta::ToolCallStarted(*index, call_id.clone(), name.clone())
            }
            Delta::ItemStarted { index, start: ItemStart::Reasoning } => {
                StoredDelta::ReasoningStarted(*index)
            }
            Delta::Text { index, text } => StoredDelta::Text(*index, text.clone()),
            Delta::Refusal { index, text } => StoredDelta::Refusal(*index, text.clone()),
            Delta::Arguments { index, json } => StoredDelta::Arguments(*index, json.clone()),
            Delta::Reasoning { index, text } => StoredDelta::Reasoning(*index, text.clone()),
            Delta::Signed { index, signature } => StoredDelta::Signed(*index, signature.into()),
            Delta::ItemDone { index } => StoredDelta::ItemDone(*index),
            Delta::Finished(finish) => StoredDelta::Finished(finish.as_str().to_owned()),
            Delta::Usage(tokens) => StoredDelta::Usage(pack(tokens)),
        }
    }
}

impl StoredDelta {
    pub(super) fn load(self) -> Result<Delta, DecodeError> {
        Ok(match self {
            StoredDelta::MessageStarted(index) => Delta::ItemStarted { index, start: ItemStart::Message },
            StoredDelta::ToolCallStarted(index, call_id, name) => {
                Delta::ItemStarted { index, start: ItemStart::ToolCall { call_id, name } }
            }
            StoredDelta::ReasoningStarted(index) => Delta::ItemStarted { index, start: ItemStart::Reasoning },
            StoredDelta::Text(index, text) => Delta::Text { index, text },
            StoredDelta::Refusal(index, text) => Delta::Refusal { index, text },
            StoredDelta::Arguments(index, json) => Delta::Arguments { index, json },
            StoredDelta::Reasoning(index, text) => Delta::Reasoning { index, text },
            StoredDelta::Signed(index, signature) => Delta::Signed { index, signature: signature.load() },
            StoredDelta::ItemDone(index) => Delta::ItemDone { index },
            StoredDelta::Finished(text) => Delta::Finished(word(&text, Finish::parse)?),
            StoredDelta::Usage(counts) => Delta::Usage(unpack(counts)),
        })
    }
}

fn pack(tokens: &Tokens) -> [u64; 5] {
    [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning]
}

fn unpack([input, cache_read, cache_write, output, reasoning]: [u64; 5]) -> Tokens {
    Tokens { input, cache_read, cache_write, output, reasoning }
}

#[derive(Encode, Decode)]
pub(super) struct StoredUsage {
    #[n(0)]
    counts: [u64; 5],
    #[n(1)]
    estimated: bool,
}

impl From<&Usage> for StoredUsage {
    fn from(usage: &Usage) -> Self {
        Self { counts: pack(&usage.tokens), estimated: usage.measure == Measure::Estimated }
    }
}

impl From<&StoredUsage> for Usage {
    fn from(stored: &StoredUsage) -> Self {
        let measure = if stored.estimated { Measure::Estimated } else { Measure::Reported };
        Usage { tokens: unpack(stored.counts), measure }
    }
}

#[derive(Encode, Decode)]
pub(super) struct StoredFault {
    #[n(0)]
    kind: String,
    #[n(1)]
    status: Option<u16>,
    #[n(2)]
    message: String,
    #[n(3)]
    retry_after_ms: Option<u64>,
}

impl StoredFault {
    /// A cloud's own words may repeat what it was sent: without `content` they are left out.
    pub(super) fn new(fault: &Fault, content: bool) -> Self {
        Self {
            kind: fault.kind.as_str().to_owned(),
            status: fault.status,
            message: if content { fault.message.clone() } else { String::new() },
            retry_after_ms: fault.retry_after_ms,
        }
    }

    pub(super) fn load(self) -> Result<Fault, DecodeError> {
        Ok(Fault {
            kind: word(&self.kind, FaultKind::parse)?,
            status: self.status,
            message: self.message,
            retry_after_ms: self.retry_after_ms,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) enum StoredStatus {
    #[n(0)]
    Completed(#[n(0)] String),
    #[n(1)]
    Incomplete(#[n(0)] String),
    #[n(2)]
    Failed(#[n(0)] String, #[n(1)] String, #[n(2)] Option<String>, #[n(3)] Option<u64>),
    #[n(3)]
    Cancelled,
    #[n(4)]
    InProgress,
}

impl StoredStatus {
    /// Without `content`, the words of an error that a cloud caused are left out.
    pub(super) fn new(status: &RunStatus, content: bool) -> Self {
        match status {
            RunStatus::InProgress => StoredStatus::InProgress,
            RunStatus::Completed(finish) => StoredStatus::Completed(finish.as_str().to_owned()),
            RunStatus::Incomplete(shortfall) => StoredStatus::Incomplete(shortfall.as_str().to_owned()),
            RunStatus::Failed(error) => StoredStatus::Failed(
                error.code.clone(),
                if content || error.fault.is_none() { error.message.clone() } else { String::new() },
                error.fault.map(|kind| kind.as_str().to_owned()),
                error.retry_after_ms,
            ),
            RunStatus::Cancelled => StoredStatus::Cancelled,
        }
    }
}

fn shortfall(text: &str) -> Option<Shortfall> {
    [Shortfall::OutputTokens, Shortfall::ContentFilter, Shortfall::Interrupted]
        .into_iter()
        .find(|one| one.as_str() == text)
}

impl StoredStatus {
    pub(super) fn load(self) -> Result<RunStatus, DecodeError> {
        Ok(match self {
            StoredStatus::InProgress => RunStatus::InProgress,
            StoredStatus::Completed(finish) => RunStatus::Completed(word(&finish, Finish::parse)?),
            StoredStatus::Incomplete(why) => RunStatus::Incomplete(word(&why, shortfall)?),
            StoredStatus::Failed(code, message, fault, retry_after_ms) => RunStatus::Failed(RunError {
                code,
                message,
                fault: fault.map(|text| word(&text, FaultKind::parse)).transpose()?,
                retry_after_ms,
            }),
            StoredStatus::Cancelled => RunStatus::Cancelled,
        })
    }
}

#[derive(Encode, Decode)]
enum StoredStanding {
    #[n(0)]
    Ranked(#[n(0)] u32, #[n(1)] String),
    #[n(1)]
    Agreement(#[n(0)] String, #[n(1)] Vec<String>, #[n(2)] Vec<String>, #[n(3)] Vec<String>),
    #[n(2)]
    Capability(#[n(0)] String),
    #[n(3)]
    Resting(#[n(0)] i64),
    #[n(4)]
    Tried,
}

#[derive(Encode, Decode)]
struct StoredConsidered {
    #[n(0)]
    cloud: String,
    #[n(1)]
    model: String,
    #[n(2)]
    standing: StoredStanding,
}

#[derive(Encode, Decode)]
pub(super) struct StoredPlan {
    #[n(0)]
    considered: Vec<StoredConsidered>,
}

impl From<&Plan> for StoredPlan {
    fn from(plan: &Plan) -> Self {
        let considered = plan.considered.iter().map(|one| StoredConsidered {
            cloud: one.cloud.to_string(),
            model: one.model.clone(),
            standing: match &one.standing {
                Standing::Ranked { place, why } => StoredStanding::Ranked(*place, why.clone()),
                Standing::Refused(Refusal::Agreement { verdict, clauses, toward, questions }) => {
                    StoredStanding::Agreement(
                        (*verdict).to_owned(),
                        texts(clauses),
                        texts(toward),
                        texts(questions),
                    )
                }
                Standing::Refused(Refusal::Capability { missing }) => {
                    StoredStanding::Capability((*missing).to_owned())
                }
                Standing::Refused(Refusal::Resting { until_ms }) => StoredStanding::Resting(*until_ms),
                Standing::Refused(Refusal::Tried) => StoredStanding::Tried,
            },
        });
        Self { considered: considered.collect() }
    }
}

fn known(text: &str, words: &[&'static str]) -> Result<&'static str, DecodeError> {
    word(text, |text| words.iter().copied().find(|word| *word == text))
}

impl StoredPlan {
    pub(super) fn load(self) -> Result<Plan, DecodeError> {
        let considered = self.considered.into_iter().map(|one| {
            let standing = match one.standing {
                StoredStanding::Ranked(place, why) => Standing::Ranked { place, why },
                StoredStanding::Agreement(verdict, clauses, toward, questions) => {
                    Standing::Refused(Refusal::Agreement {
                        verdict: known(&verdict, &["no_right", "breach", "contested"])?,
                        clauses: names(&clauses)?,
                        toward: names(&toward)?,
                        questions: names(&questions)?,
                    })
                }
                StoredStanding::Capability(missing) => Standing::Refused(Refusal::Capability {
                    missing: known(&missing, &["tools", "json_schema", "images"])?,
                }),
                StoredStanding::Resting(until_ms) => Standing::Refused(Refusal::Resting { until_ms }),
                StoredStanding::Tried => Standing::Refused(Refusal::Tried),
            };
            Ok(Considered { cloud: name(&one.cloud)?, model: one.model, standing })
        });
        Ok(Plan { considered: considered.collect::<Result<_, DecodeError>>()? })
    }
}

#[derive(Encode, Decode)]
struct StoredReason {
    #[n(0)]
    clause: String,
    #[n(1)]
    effect: String,
    #[n(2)]
    file: String,
    #[n(3)]
    line: u32,
    #[n(4)]
    quote: Option<String>,
    #[n(5)]
    source: Option<String>,
}

/// A decision without its times, which differ from call to call.
#[derive(Encode, Decode)]
pub(super) struct StoredDecision {
    #[n(0)]
    verdict: String,
    #[n(1)]
    toward: Vec<String>,
    #[n(2)]
    questions: Vec<String>,
    #[n(3)]
    reasons: Vec<StoredReason>,
    #[n(4)]
    duties: Vec<String>,
    #[n(5)]
    until: Option<i64>,
    #[cbor(n(6), with = "minicbor::bytes")]
    book: [u8; 32],
}

impl From<&Decision> for StoredDecision {
    fn from(decision: &Decision) -> Self {
        let (toward, questions) = match &decision.verdict {
            Verdict::NoRight | Verdict::Permit => (Vec::new(), Vec::new()),
            Verdict::Breach { toward } => (texts(toward), Vec::new()),
            Verdict::Contested { toward, questions } => (texts(toward), texts(questions)),
        };
        let reasons = decision.reasons.iter().map(|reason| StoredReason {
            clause: reason.cited.clause.to_string(),
            effect: reason.effect.as_str().to_owned(),
            file: reason.cited.file.to_string(),
            line: reason.cited.line,
            quote: reason.cited.quote.as_deref().map(str::to_owned),
            source: reason.cited.source.map(|class| class.as_str().to_owned()),
        });
        Self {
            verdict: decision.verdict.as_str().to_owned(),
            toward,
            questions,
            reasons: reasons.collect(),
            duties: texts(&decision.duties),
            until: decision.until.map(|until| until.as_microsecond()),
            book: decision.book.0,
        }
    }
}

fn effect(text: &str) -> Option<Effect> {
    [Effect::Grants, Effect::Forbids, Effect::Excepts, Effect::Waives]
        .into_iter()
        .find(|one| one.as_str() == text)
}

impl StoredDecision {
    pub(super) fn load(self, at: Time, known_at: Time) -> Result<Decision, DecodeError> {
        let verdict = match known(&self.verdict, &["no_right", "breach", "contested", "permit"])? {
            "breach" => Verdict::Breach { toward: names(&self.toward)? },
            "contested" => {
                Verdict::Contested { toward: names(&self.toward)?, questions: names(&self.questions)? }
            }
            "permit" => Verdict::Permit,
            _ => Verdict::NoRight,
        };
        let reasons = self.reasons.into_iter().map(|reason| {
            let cited = Citation {
                clause: name(&reason.clause)?,
                file: reason.file.into(),
                line: reason.line,
                quote: reason.quote.map(Arc::from),
                source: reason.source.map(|text| word(&text, SourceClass::parse)).transpose()?,
            };
            Ok(Reason { cited: Arc::new(cited), effect: word(&reason.effect, effect)? })
        });
        Ok(Decision {
            verdict,
            reasons: reasons.collect::<Result<_, DecodeError>>()?,
            duties: names(&self.duties)?,
            until: self.until.map(|micros| Time::from_microsecond(micros).map_err(damaged)).transpose()?,
            at,
            known: known_at,
            book: Hash(self.book),
        })
    }
}

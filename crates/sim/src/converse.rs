//! Converse requests as Bedrock checks them: shapes, alternation, tool pairing, limits. Gives the
//! conversation, or the refusal with Bedrock's own words. Knows nothing of paths or signatures.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::bedrock::{serialization, validation};
use crate::brain::{Ask, Choice, Shape, Tool, Turn};
use crate::voice::{Refusal, tokens_of_bytes};

const NAME_BYTES_MAX: usize = 64;
const CACHE_POINTS_MAX: usize = 4;
const FIELDS: [&str; 12] = [
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "guardrailConfig",
    "inferenceConfig",
    "messages",
    "outputConfig",
    "performanceConfig",
    "promptVariables",
    "requestMetadata",
    "serviceTier",
    "system",
    "toolConfig",
];

/// A request that Bedrock would serve.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) ask: Ask,
    pub(crate) input_tokens: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    messages: Option<Vec<Message>>,
    system: Option<Vec<SystemBlock>>,
    inference_config: Option<Inference>,
    tool_config: Option<ToolConfig>,
    output_config: Option<Output>,
    #[serde(rename = "additionalModelRequestFields")]
    _model_fields: Option<Map<String, Value>>,
    #[serde(rename = "additionalModelResponseFieldPaths")]
    _response_paths: Option<Vec<String>>,
    #[serde(rename = "guardrailConfig")]
    _guardrail: Option<Map<String, Value>>,
    #[serde(rename = "performanceConfig")]
    _performance: Option<Map<String, Value>>,
    #[serde(rename = "promptVariables")]
    _variables: Option<Map<String, Value>>,
    #[serde(rename = "requestMetadata")]
    _metadata: Option<BTreeMap<String, String>>,
    #[serde(rename = "serviceTier")]
    _tier: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: String,
    content: Vec<Block>,
}

/// A union: exactly one member is set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Block {
    text: Option<String>,
    tool_use: Option<ToolUse>,
    tool_result: Option<ToolResult>,
    cache_point: Option<CachePoint>,
    reasoning_content: Option<Reasoning>,
    image: Option<Media>,
    document: Option<Document>,
    video: Option<Media>,
    audio: Option<Media>,
    guard_content: Option<IgnoredAny>,
    citations_content: Option<IgnoredAny>,
    search_result: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SystemBlock {
    text: Option<String>,
    guard_content: Option<IgnoredAny>,
    cache_point: Option<CachePoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CachePoint {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "ttl")]
    _ttl: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "source")]
    _source: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format")]
    _format: Option<String>,
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "source")]
    _source: IgnoredAny,
    #[serde(rename = "context")]
    _context: Option<String>,
    #[serde(rename = "citations")]
    _citations: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Reasoning {
    reasoning_text: Option<ReasoningText>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasoningText {
    text: String,
    #[serde(rename = "signature")]
    _signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolUse {
    tool_use_id: String,
    name: String,
    input: Value,
    #[serde(rename = "type")]
    _kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolResult {
    tool_use_id: String,
    content: Vec<ResultBlock>,
    status: Option<String>,
    #[serde(rename = "type")]
    _kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ResultBlock {
    text: Option<String>,
    json: Option<Value>,
    image: Option<Media>,
    document: Option<Document>,
    video: Option<Media>,
    search_result: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Inference {
    max_tokens: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop_sequences: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolConfig {
    tools: Vec<ToolItem>,
    tool_choice: Option<ToolChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolItem {
    tool_spec: Option<ToolSpec>,
    system_tool: Option<IgnoredAny>,
    cache_point: Option<CachePoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ToolSpec {
    name: String,
    description: Option<String>,
    input_schema: InputSchema,
    #[serde(rename = "strict")]
    _strict: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputSchema {
    json: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolChoice {
    auto: Option<Map<String, Value>>,
    any: Option<Map<String, Value>>,
    tool: Option<NamedTool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedTool {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Output {
    text_format: Option<TextFormat>,
    #[serde(rename = "effort")]
    _effort: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextFormat {
    #[serde(rename = "type")]
    kind: String,
    structure: Structure,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Structure {
    json_schema: JsonSchema,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonSchema {
    schema: String,
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// Reads and checks a request.
pub(crate) fn parse(body: &[u8]) -> Result<Parsed, Refusal> {
    let request: Request = serde_json::from_slice(body).map_err(|error| diagnose(body, &error))?;
    check_inference(request.inference_config.as_ref())?;
    let mut reader = Reader::default();
    for (place, block) in request.system.into_iter().flatten().enumerate() {
        reader.read_system(place, block)?;
    }
    let messages = request.messages.unwrap_or_default();
    check_order(&messages)?;
    for (place, message) in messages.into_iter().enumerate() {
        reader.read(place, message)?;
    }
    reader.finish()?;
    let has_tools = request.tool_config.is_some();
    let (tools, choice) = tools(request.tool_config)?;
    if reader.saw_tools && !has_tools {
        return Err(validation(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
        ));
    }
    let (tokens_max, stops) = match request.inference_config {
        Some(inference) => (inference.max_tokens, inference.stop_sequences.unwrap_or_default()),
        None => (None, Vec::new()),
    };
    Ok(Parsed {
        input_tokens: tokens_of_bytes(reader.bytes),
        ask: Ask {
            turns: reader.turns,
            tools,
            choice,
            parallel: true,
            shape: shape(request.output_config)?,
            tokens_max: tokens_max.map(i64::unsigned_abs),
            stops,
        },
    })
}

fn constraint(value: &str, at: &str, rule: &str) -> Refusal {
    validation(&format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: Member must {rule}"
    ))
}

fn check_inference(inference: Option<&Inference>) -> Result<(), Refusal> {
    let Some(inference) = inference else { return Ok(()) };
    if let Some(most) = inference.max_tokens.filter(|most| *most < 1) {
        let rule = "have value greater than or equal to 1";
        return Err(constraint(&most.to_string(), "inferenceConfig.maxTokens", rule));
    }
    for (name, value) in [("temperature", inference.temperature), ("topP", inference.top_p)] {
        let Some(value) = value else { continue };
        let rule = if value > 1.0 {
            "have value less than or equal to 1"
        } else if value < 0.0 {
            "have value greater than or equal to 0"
        } else {
            continue;
        };
        return Err(constraint(&value.to_string(), &format!("inferenceConfig.{name}"), rule));
    }
    Ok(())
}

/// User and assistant take turns; the user begins and ends.
fn check_order(messages: &[Message]) -> Result<(), Refusal> {
    for (place, message) in messages.iter().enumerate() {
        if message.role != "user" && message.role != "assistant" {
            let at = format!("messages.{}.member.role", place + 1);
            return Err(constraint(&message.role, &at, "satisfy enum value set: [user, assistant]"));
        }
    }
    if messages.first().is_none_or(|first| first.role != "user") {
        return Err(validation(
            "A conversation must start with a user message. Try again with a conversation that starts with a user \
             message.",
        ));
    }
    if messages.iter().zip(messages.iter().skip(1)).any(|(one, next)| one.role == next.role) {
        return Err(validation(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates \
             between user and assistant roles and try again.",
        ));
    }
    if messages.last().is_some_and(|last| last.role == "assistant") {
        return Err(validation(
            "The model returned the following errors: This model does not support assistant message prefill. The \
             conversation must end with a user message.",
        ));
    }
    Ok(())
}

fn blank(at: &str) -> Refusal {
    validation(&format!(
        "The text field in the ContentBlock object at {at} is blank. Add text to the text field, and try again."
    ))
}

/// Reads messages in order and pairs tool results with the tool uses of the turn before.
#[derive(Default)]
struct Reader {
    turns: Vec<Turn>,
    bytes: usize,
    saw_tools: bool,
    cache_points: usize,
    /// Tool uses of the turn before: id and tool.
    waiting: Vec<(String, String)>,
}

impl Reader {
    fn read_system(&mut self, place: usize, block: SystemBlock) -> Result<(), Refusal> {
        let at = format!("system.{place}");
        let set = [block.text.is_some(), block.guard_content.is_some(), block.cache_point.is_some()];
        check_union(&at, &set)?;
        if let Some(point) = &block.cache_point {
            self.read_cache_point(&at, point)?;
        }
        let Some(text) = block.text else { return Ok(()) };
        if text.trim().is_empty() {
            return Err(blank(&at));
        }
        self.bytes += text.len();
        self.turns.push(Turn::System(text));
        Ok(())
    }

    fn read(&mut self, place: usize, message: Message) -> Result<(), Refusal> {
        if message.content.is_empty() {
            return Err(validation(&format!(
                "The content field in the Message object at messages.{place} is empty. Add a ContentBlock object to \
                 the content field and try again."
            )));
        }
        let by_user = message.role == "user";
        if by_user {
            self.check_results(place, &message.content)?;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut said: Option<String> = None;
        for (index, block) in message.content.into_iter().enumerate() {
            let at = format!("messages.{place}.content.{index}");
            check_union(&at, &block.set())?;
            if let Some(point) = &block.cache_point {
                self.read_cache_point(&at, point)?;
            }
            if let Some(reasoning) = &block.reasoning_content {
                check_reasoning(&at, by_user, reasoning)?;
            }
            if let Some(text) = block.text {
                if text.trim().is_empty() {
                    return Err(blank(&at));
                }
                self.bytes += text.len();
                said.get_or_insert_default().push_str(&text);
            }
            if let Some(tool_use) = block.tool_use {
                self.read_use(&at, by_user, tool_use)?;
            }
            if let Some(result) = block.tool_result {
                self.read_result(&at, by_user, &waiting, result)?;
            }
        }
        if let Some(text) = said {
            self.turns.push(if by_user { Turn::User(text) } else { Turn::Assistant(text) });
        }
        Ok(())
    }

    fn read_cache_point(&mut self, at: &str, point: &CachePoint) -> Result<(), Refusal> {
        if point.kind != "default" {
            return Err(constraint(
                &point.kind,
                &format!("{at}.cachePoint.type"),
                "satisfy enum value set: [default]",
            ));
        }
        self.cache_points += 1;
        if self.cache_points > CACHE_POINTS_MAX {
            return Err(validation(&format!(
                "The model returned the following errors: A maximum of {CACHE_POINTS_MAX} blocks with cache_control \
                 may be provided. Found {}.",
                self.cache_points
            )));
        }
        Ok(())
    }

    /// Every tool use of the turn before has its result in this one, and nothing else has.
    fn check_results(&mut self, place: usize, content: &[Block]) -> Result<(), Refusal> {
        let results: Vec<&str> = content
            .iter()
            .filter_map(|block| Some(block.tool_result.as_ref()?.tool_use_id.as_str()))
            .collect();
        if results.len() > self.waiting.len() {
            return Err(validation(&format!(
                "The number of toolResult blocks at messages.{place}.content exceeds the number of toolUse blocks of \
                 previous turn."
            )));
        }
        let left: Vec<&str> =
            self.waiting.iter().map(|(id, _)| id.as_str()).filter(|id| !results.contains(id)).collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(validation(&format!(
            "Expected toolResult blocks at messages.{place}.content for the following Ids: {}",
            left.join(", ")
        )))
    }

    fn read_use(&mut self, at: &str, by_user: bool, tool_use: ToolUse) -> Result<(), Refusal> {
        self.saw_tools = true;
        if by_user {
            return Err(validation(&format!(
                "The toolUse block at {at} is not valid: toolUse blocks can only be provided in assistant messages."
            )));
        }
        check_name(&format!("{at}.member.toolUse.name"), &tool_use.name)?;
        check_id(&format!("{at}.member.toolUse.toolUseId"), &tool_use.tool_use_id)?;
        if !tool_use.input.is_object() {
            return Err(validation(&format!(
                "The format of the value at {at}.toolUse.input is invalid. Provide a json object for the field and \
                 try again."
            )));
        }
        if self.waiting.iter().any(|(id, _)| *id == tool_use.tool_use_id) {
            return Err(validation(&format!(
                "The model returned the following errors: {at}: `tool_use` ids must be unique"
            )));
        }
        self.bytes += tool_use.input.to_string().len();
        self.waiting.push((tool_use.tool_use_id, tool_use.name));
        Ok(())
    }

    fn read_result(
        &mut self,
        at: &str,
        by_user: bool,
        waiting: &[(String, String)],
        result: ToolResult,
    ) -> Result<(), Refusal> {
        self.saw_tools = true;
        if !by_user {
            return Err(validation(&format!(
                "The toolResult block at {at} is not valid: toolResult blocks can only be provided in user messages."
            )));
        }
        check_id(&format!("{at}.member.toolResult.toolUseId"), &result.tool_use_id)?;
        if let Some(status) = result.status.as_deref().filter(|status| !["success", "error"].contains(status))
        {
            let rule = "satisfy enum value set: [success, error]";
            return Err(constraint(status, &format!("{at}.member.toolResult.status"), rule));
        }
        let text = result_text(at, result.content)?;
        self.bytes += text.len();
        let tool = waiting.iter().find(|(id, _)| *id == result.tool_use_id);
        let tool = tool.map_or_else(String::new, |(_, tool)| tool.clone());
        self.turns.push(Turn::Result { tool, text });
        Ok(())
    }

    fn finish(&self) -> Result<(), Refusal> {
        // The last message is the user's, so whatever waits was asked and answered in it.
        if self.waiting.is_empty() {
            Ok(())
        } else {
            Err(validation("toolUse blocks need toolResult blocks."))
        }
    }
}

impl Block {
    fn set(&self) -> [bool; 12] {
        [
            self.text.is_some(),
            self.tool_use.is_some(),
            self.tool_result.is_some(),
            self.cache_point.is_some(),
            self.reasoning_content.is_some(),
            self.image.is_some(),
            self.document.is_some(),
            self.video.is_some(),
            self.audio.is_some(),
            self.guard_content.is_some(),
            self.citations_content.is_some(),
            self.search_result.is_some(),
        ]
    }
}

fn check_union(at: &str, set: &[bool]) -> Result<(), Refusal> {
    if set.iter().filter(|is_set| **is_set).count() == 1 {
        return Ok(());
    }
    Err(validation(&format!(
        "The ContentBlock object at {at} must set one of the following keys: text, image, document, video, audio, \
         toolUse, toolResult, guardContent, cachePoint, reasoningContent."
    )))
}

fn check_reasoning(at: &str, by_user: bool, reasoning: &Reasoning) -> Result<(), Refusal> {
    if by_user {
        return Err(validation(&format!(
            "The reasoningContent block at {at} is not valid: only assistant messages can hold it."
        )));
    }
    // A signature alone is replayed with an empty text, so the text may be empty but not absent.
    let text = reasoning.reasoning_text.as_ref().map(|text| text.text.as_str());
    check_union(at, &[text.is_some(), reasoning.redacted_content.is_some()])
}

fn check_name(at: &str, name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(constraint(name, at, "have length greater than or equal to 1"));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(constraint(name, at, "have length less than or equal to 64"));
    }
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
        return Ok(());
    }
    Err(constraint(name, at, "satisfy regular expression pattern: [a-zA-Z0-9_-]+"))
}

fn check_id(at: &str, id: &str) -> Result<(), Refusal> {
    if id.is_empty() || id.len() > NAME_BYTES_MAX {
        return Err(constraint(id, at, "have length between 1 and 64"));
    }
    if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte)) {
        return Ok(());
    }
    Err(constraint(id, at, "satisfy regular expression pattern: [a-zA-Z0-9_.:-]+"))
}

fn result_text(at: &str, content: Vec<ResultBlock>) -> Result<String, Refusal> {
    let mut text = String::new();
    for (index, block) in content.into_iter().enumerate() {
        let set = [
            block.text.is_some(),
            block.json.is_some(),
            block.image.is_some(),
            block.document.is_some(),
            block.video.is_some(),
            block.search_result.is_some(),
        ];
        check_union(&format!("{at}.toolResult.content.{index}"), &set)?;
        if let Some(part) = block.text {
            if part.trim().is_empty() {
                return Err(blank(&format!("{at}.toolResult.content.{index}")));
            }
            text.push_str(&part);
        }
        if let Some(json) = block.json {
            if !json.is_object() {
                return Err(validation(&format!(
                    "The format of the value at {at}.toolResult.content.{index}.json is invalid. Provide a json \
                     object for the field and try again."
                )));
            }
            text.push_str(&json.to_string());
        }
    }
    Ok(text)
}

fn tools(config: Option<ToolConfig>) -> Result<(Vec<Tool>, Choice), Refusal> {
    let Some(config) = config else { return Ok((Vec::new(), Choice::Never)) };
    let mut tools: Vec<Tool> = Vec::with_capacity(config.tools.len());
    let mut names = BTreeSet::new();
    for (place, item) in config.tools.into_iter().enumerate() {
        let set = [item.tool_spec.is_some(), item.system_tool.is_some(), item.cache_point.is_some()];
        if set.iter().filter(|is_set| **is_set).count() != 1 {
            return Err(validation(&format!(
                "The Tool object at toolConfig.tools.{place} must set one of the following keys: toolSpec, systemTool, \
                 cachePoint."
            )));
        }
        let Some(spec) = item.tool_spec else { continue };
        let at = format!("toolConfig.tools.{}.member.toolSpec", place + 1);
        check_name(&format!("{at}.name"), &spec.name)?;
        if let Some(description) = spec.description.filter(|text| text.is_empty()) {
            let rule = "have length greater than or equal to 1";
            return Err(constraint(&description, &format!("{at}.description"), rule));
        }
        if spec.input_schema.json.get("type").and_then(Value::as_str) != Some("object") {
            return Err(validation(&format!(
                "The value at toolConfig.tools.{place}.toolSpec.inputSchema.json.type must be one of the following: \
                 object."
            )));
        }
        if !names.insert(spec.name.clone()) {
            return Err(validation(&format!(
                "The tool {} is already defined at toolConfig.tools.{place}.",
                spec.name
            )));
        }
        tools.push(Tool { name: spec.name, schema: Some(spec.input_schema.json) });
    }
    if names.is_empty() {
        let rule = "have length greater than or equal to 1";
        return Err(constraint("[]", "toolConfig.tools", rule));
    }
    let choice = choice(config.tool_choice, &names)?;
    Ok((tools, choice))
}

fn choice(wanted: Option<ToolChoice>, names: &BTreeSet<String>) -> Result<Choice, Refusal> {
    let Some(wanted) = wanted else { return Ok(Choice::Auto) };
    match (wanted.auto, wanted.any, wanted.tool) {
        (Some(_), None, None) => Ok(Choice::Auto),
        (None, Some(_), None) => Ok(Choice::Any),
        (None, None, Some(tool)) if names.contains(&tool.name) => Ok(Choice::Named(tool.name)),
        (None, None, Some(tool)) => Err(validation(&format!(
            "The model returned the following errors: Tool '{}' not found in provided tools.",
            tool.name
        ))),
        _ => Err(validation(
            "The ToolChoice object at toolConfig.toolChoice must set one of the following keys: auto, any, tool.",
        )),
    }
}

fn shape(output: Option<Output>) -> Result<Shape, Refusal> {
    let Some(format) = output.and_then(|output| output.text_format) else { return Ok(Shape::Text) };
    if format.kind != "json_schema" {
        return Err(constraint(
            &format.kind,
            "outputConfig.textFormat.type",
            "satisfy enum value set: [json_schema]",
        ));
    }
    match serde_json::from_str::<Value>(&format.structure.json_schema.schema) {
        Ok(schema) if schema.is_object() => Ok(Shape::Schema(schema)),
        Ok(_) | Err(_) => Err(validation(
            "The value at outputConfig.textFormat.structure.jsonSchema.schema is not a valid JSON schema.",
        )),
    }
}

/// Finds the words for a request that did not parse.
fn diagnose(body: &[u8], cause: &serde_json::Error) -> Refusal {
    let Ok(parsed) = serde_json::from_slice::<Value>(body) else {
        return serialization("The request body is not valid JSON.");
    };
    let Value::Object(fields) = &parsed else {
        return serialization("Start of structure or map found where not expected.");
    };
    let extraneous = |place: &str, name: &str| {
        validation(&format!(
            "Malformed input request: {place}: extraneous key [{name}] is not permitted, please reformat your input \
             and try again."
        ))
    };
    if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return extraneous("#", name);
    }
    let messages = fields.get("messages").and_then(Value::as_array).into_iter().flatten().enumerate();
    let deeper = messages.filter_map(|(place, message)| {
        let error = Message::deserialize(message).err()?;
        Some((format!("messages.{place}"), error.to_string()))
    });
    let (place, reason) = deeper.into_iter().next().unwrap_or_else(|| (String::new(), cause.to_string()));
    let named = reason.split('`').nth(1).unwrap_or_default();
    if reason.starts_with("unknown field") {
        return extraneous(&format!("#/{}", place.replace('.', "/")), named);
    }
    if reason.starts_with("missing field") {
        let at = if place.is_empty() { named.to_owned() } else { format!("{place}.member.{named}") };
        return validation(&format!(
            "1 validation error detected: Value at '{at}' failed to satisfy constraint: Member must not be null"
        ));
    }
    let reason = reason.split(" at line").next().unwrap_or(&reason);
    serialization(&format!("{reason}{}{place}", if place.is_empty() { "" } else { " in " }))
}

//! What Responses and Chat Completions ask for in the same words: sampling, tools, answer formats, metadata, images.

use super::error::{Problem, code};
use super::read::{Node, Object};
use abide_model::item::{ImageSource, Item, Json, Part};
use abide_model::name::ModelName;
use abide_model::prompt::{Output, Params, Tool, ToolChoice};
use std::collections::{BTreeMap, BTreeSet};

/// Tools of one request.
pub(super) const TOOLS_MAX: usize = 128;
/// A tool's or a schema's name, in characters of `A-Z a-z 0-9 _ -`.
const TOOL_NAME_CHARS_MAX: usize = 64;
/// A tool's description, in characters.
const DESCRIPTION_CHARS_MAX: usize = 16_384;
/// Pairs of metadata on one object.
const METADATA_PAIRS_MAX: usize = 16;
/// A key of metadata, in characters.
const METADATA_KEY_CHARS_MAX: usize = 64;
/// A value of metadata, in characters.
const METADATA_VALUE_CHARS_MAX: usize = 512;
/// A call id, in characters.
const CALL_ID_CHARS_MAX: usize = 512;
/// `user`, `safety_identifier` and `prompt_cache_key`, in characters.
const IDENTIFIER_CHARS_MAX: usize = 512;
/// The largest output limit, in tokens.
const OUTPUT_TOKENS_MAX: i64 = 1 << 32;

/// The words for how hard to think.
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
/// The words for how much to say.
const VERBOSITIES: &[&str] = &["low", "medium", "high"];
/// The words for how an image is looked at.
const DETAILS: &[&str] = &["auto", "low", "high", "original"];
/// The words for which processing is paid for.
const TIERS: &[&str] = &["auto", "default", "flex", "scale", "priority", "fast", "ultrafast"];

/// Models that bring tools of their own, so that a choice may name a tool the request does not list.
const AGENT_PREFIX: &str = "agent/";

pub(super) fn model(body: &mut Object<'_, '_>) -> Result<ModelName, Problem> {
    let node = body.need("model")?;
    ModelName::parse(&node.string()?).map_err(|error| node.problem(code::INVALID_VALUE, error.to_string()))
}

/// Temperature and nucleus, and the fields that pass to a cloud of OpenAI's dialect under the same name.
pub(super) fn shared(body: &mut Object<'_, '_>, params: &mut Params) -> Result<(), Problem> {
    if let Some(node) = body.take("temperature") {
        params.sampling.temperature = Some(node.number(0.0..=2.0)?);
    }
    if let Some(node) = body.take("top_p") {
        params.sampling.top_p = Some(node.number(0.0..=1.0)?);
    }
    if let Some(node) = body.take("parallel_tool_calls") {
        params.parallel_tools = Some(node.boolean()?);
    }
    for name in ["user", "safety_identifier", "prompt_cache_key"] {
        if let Some(node) = body.take(name) {
            node.string_up_to(IDENTIFIER_CHARS_MAX)?;
            keep(params, name, &node);
        }
    }
    if let Some(node) = body.take("service_tier") {
        node.choice(TIERS)?;
        keep(params, "service_tier", &node);
    }
    if let Some(node) = body.take("prompt_cache_retention") {
        node.choice(&["in_memory", "in-memory", "24h"])?;
        keep(params, "prompt_cache_retention", &node);
    }
    if let Some(node) = body.take("prompt_cache_options") {
        let mut options = node.object()?;
        options.ignore(&["mode", "ttl"]);
        options.refuse(&["comparison_response_id", "prewarm"])?;
        options.finish()?;
        keep(params, "prompt_cache_options", &node);
    }
    if let Some(node) = body.take("top_logprobs")
        && node.integer(0..=20)? > 0
    {
        return Err(node.unsupported("`top_logprobs` above 0"));
    }
    body.refuse(&["moderation"])
}

/// Keeps a field for a cloud that speaks Chat Completions, where it is called `name`.
pub(super) fn keep(params: &mut Params, name: &str, node: &Node<'_, '_>) {
    params.rest.insert(name.to_owned(), node.kept());
}

pub(super) fn output_tokens_max(node: &Node<'_, '_>) -> Result<u64, Problem> {
    Ok(node.integer(1..=OUTPUT_TOKENS_MAX)?.unsigned_abs())
}

pub(super) fn effort(node: &Node<'_, '_>) -> Result<String, Problem> {
    node.choice(EFFORTS).map(str::to_owned)
}

pub(super) fn verbosity(node: &Node<'_, '_>, params: &mut Params) -> Result<(), Problem> {
    node.choice(VERBOSITIES)?;
    keep(params, "verbosity", node);
    Ok(())
}

/// Labels of the client: a small object of strings.
pub(super) fn metadata(node: &Node<'_, '_>) -> Result<Json, Problem> {
    let fields = node.object()?;
    let pairs = fields.texts()?;
    let limit = |what: String, max: usize| {
        node.problem(code::TOO_LONG, format!("{} {what}, the most is {max}", node.shown()))
    };
    if pairs.len() > METADATA_PAIRS_MAX {
        return Err(limit(format!("has {} pairs", pairs.len()), METADATA_PAIRS_MAX));
    }
    for (key, value) in &pairs {
        let (key_chars, value_chars) = (key.chars().count(), value.chars().count());
        if key_chars > METADATA_KEY_CHARS_MAX {
            return Err(limit(format!("has a key of {key_chars} characters"), METADATA_KEY_CHARS_MAX));
        }
        if value_chars > METADATA_VALUE_CHARS_MAX {
            let what = format!("has a value of {value_chars} characters under `{key}`");
            return Err(limit(what, METADATA_VALUE_CHARS_MAX));
        }
    }
    Ok(node.kept())
}

/// A tool's or a schema's name.
fn word(node: &Node<'_, '_>) -> Result<String, Problem> {
    let name = node.string_up_to(TOOL_NAME_CHARS_MAX)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(allowed) {
        let message = format!("{} may hold letters, digits, `_` and `-`, at least one of them", node.shown());
        return Err(node.problem(code::INVALID_VALUE, message));
    }
    Ok(name.into_owned())
}

/// The body of a function tool, which both formats spell alike, if at different depths.
pub(super) fn function(fields: &mut Object<'_, '_>) -> Result<Tool, Problem> {
    let name = word(&fields.need("name")?)?;
    let description = match fields.take("description") {
        Some(node) => Some(node.string_up_to(DESCRIPTION_CHARS_MAX)?.into_owned()),
        None => None,
    };
    let parameters = fields.take("parameters").map(|node| node.json_object()).transpose()?;
    let strict = fields.take("strict").map(|node| node.boolean()).transpose()?;
    Ok(Tool { name, description, parameters, strict })
}

/// Adds a tool whose name must be new.
pub(super) fn add_tool(tools: &mut Vec<Tool>, tool: Tool, node: &Node<'_, '_>) -> Result<(), Problem> {
    if tools.iter().any(|known| known.name == tool.name) {
        let message = format!("{} has the name `{}`, which an earlier tool has", node.shown(), tool.name);
        return Err(node.problem(code::DUPLICATE, message));
    }
    tools.push(tool);
    Ok(())
}

/// A choice in one word; the object forms differ between the formats.
pub(super) fn choice_word(node: &Node<'_, '_>) -> Result<ToolChoice, Problem> {
    Ok(match node.choice(&["auto", "none", "required"])? {
        "none" => ToolChoice::None,
        "required" => ToolChoice::Required,
        _ => ToolChoice::Auto,
    })
}

/// Refuses a choice that the listed tools cannot meet.
pub(super) fn check_choice(
    choice: &ToolChoice,
    tools: &[Tool],
    model: &ModelName,
    node: &Node<'_, '_>,
) -> Result<(), Problem> {
    if model.as_str().starts_with(AGENT_PREFIX) {
        return Ok(());
    }
    match choice {
        ToolChoice::Auto | ToolChoice::None => Ok(()),
        ToolChoice::Required if !tools.is_empty() => Ok(()),
        ToolChoice::Required => {
            Err(node.problem(code::INVALID_VALUE, "`tool_choice` is `required`, but `tools` lists none"))
        }
        ToolChoice::Named(name) if tools.iter().any(|tool| tool.name == *name) => Ok(()),
        ToolChoice::Named(name) => {
            let message = format!("`tool_choice` names `{name}`, which is not in `tools`");
            Err(node.problem(code::INVALID_VALUE, message))
        }
    }
}

/// The fields of a `json_schema` format, which both formats spell alike, if at different depths.
pub(super) fn json_schema(mut fields: Object<'_, '_>) -> Result<Output, Problem> {
    let name = word(&fields.need("name")?)?;
    let description = match fields.take("description") {
        Some(node) => Some(node.string_up_to(DESCRIPTION_CHARS_MAX)?.into_owned()),
        None => None,
    };
    let schema = fields.need("schema")?.json_object()?;
    let strict = fields.take("strict").map(|node| node.boolean()).transpose()?;
    fields.finish()?;
    Ok(Output::JsonSchema { name, description, schema, strict })
}

/// A picture by address or as a data URL (RFC 2397).
pub(super) fn image(url: &Node<'_, '_>, detail: Option<Node<'_, '_>>) -> Result<Part, Problem> {
    let detail = detail.map(|node| node.choice(DETAILS).map(str::to_owned)).transpose()?;
    let text = url.string()?;
    let source = match text.strip_prefix("data:") {
        Some(data) => inline(data).ok_or_else(|| {
            let message = format!("{} is not `data:image/…;base64,` followed by base64", url.shown());
            url.problem(code::INVALID_VALUE, message)
        })?,
        None if text.starts_with("https://") || text.starts_with("http://") => {
            ImageSource::Url(text.into_owned())
        }
        None => {
            let message = format!("{} must be an `https:`, `http:` or `data:` URL", url.shown());
            return Err(url.problem(code::INVALID_VALUE, message));
        }
    };
    Ok(Part::Image { source, detail })
}

fn inline(data: &str) -> Option<ImageSource> {
    let (head, base64) = data.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits = base64.trim_end_matches('=');
    let whole = base64.len().is_multiple_of(4) && base64.len() - digits.len() <= 2;
    (media_type.starts_with("image/") && !digits.is_empty() && whole && digits.bytes().all(alphabet))
        .then(|| ImageSource::Inline { media_type: media_type.to_owned(), base64: base64.to_owned() })
}

pub(super) fn call_id(node: &Node<'_, '_>) -> Result<String, Problem> {
    let id = node.string_up_to(CALL_ID_CHARS_MAX)?;
    if id.is_empty() {
        return Err(node.problem(code::INVALID_VALUE, format!("{} is empty", node.shown())));
    }
    Ok(id.into_owned())
}

/// A result or a call that lacks its other half. `index` counts items.
pub(super) enum Unpaired<'i> {
    /// A result of a call nobody made before it.
    Result { index: usize, call_id: &'i str },
    /// A call that nobody answered.
    Call { index: usize, call_id: &'i str },
}

/// Finds the first item that lacks its other half in a conversation that is here as a whole.
pub(super) fn unpaired(items: &[Item]) -> Option<Unpaired<'_>> {
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::ToolCall(call) => {
                open.insert(&call.call_id, index);
                made.insert(&call.call_id);
            }
            Item::ToolResult(result) => {
                if !made.contains(result.call_id.as_str()) {
                    return Some(Unpaired::Result { index, call_id: &result.call_id });
                }
                open.remove(result.call_id.as_str());
            }
            Item::Message(_) | Item::Reasoning(_) => {}
        }
    }
    open.into_iter().map(|(call_id, index)| Unpaired::Call { index, call_id }).min_by_key(|one| match one {
        Unpaired::Result { index, .. } | Unpaired::Call { index, .. } => *index,
    })
}

//! Fills a JSON schema with values taken from a text, so that tool arguments and structured answers
//! have the shape that was asked for.

use serde_json::{Map, Value};

/// Nesting beyond this answers `null`: a schema may refer to itself.
const DEPTH_MAX: usize = 12;

const PLACE_WORDS: [&str; 6] = ["city", "location", "place", "destination", "country", "region"];

/// A value of the shape of `schema`. `text` feeds the strings and numbers.
pub(crate) fn fill(schema: &Value, text: &str) -> Value {
    Filler { root: schema, text }.value(schema, "", 0)
}

struct Filler<'a> {
    root: &'a Value,
    text: &'a str,
}

impl Filler<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema.get("enum").and_then(|all| self.pick(all)))
        {
            return fixed.clone();
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Value::Null, |found| self.value(found, name, depth + 1));
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(first) = schema.get(key).and_then(Value::as_array).and_then(|all| all.first()) {
                return self.value(first, name, depth + 1);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" => self.number(schema),
            "number" => self.number(schema),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(self.string(schema, name)),
        }
    }

    /// The first choice that the text mentions, else the first.
    fn pick<'v>(&self, choices: &'v Value) -> Option<&'v Value> {
        let choices = choices.as_array()?;
        let lower = self.text.to_lowercase();
        let mentioned = |choice: &&Value| {
            choice.as_str().is_some_and(|word| !word.is_empty() && lower.contains(&word.to_lowercase()))
        };
        choices.iter().find(mentioned).or_else(|| choices.first())
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Value::Object(Map::new());
        };
        let required: Vec<&str> = match schema.get("required").and_then(Value::as_array) {
            Some(names) => names.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        let filled = properties
            .iter()
            .filter(|(name, _)| required.contains(&name.as_str()))
            .map(|(name, schema)| (name.clone(), self.value(schema, name, depth + 1)));
        Value::Object(filled.collect())
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let item = schema.get("items").map(|items| self.value(items, name, depth + 1));
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 16);
        Value::Array(item.into_iter().cycle().take(usize::try_from(least).unwrap_or(1)).collect())
    }

    fn number(&self, schema: &Value) -> Value {
        let said =
            self.text.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse::<u32>().ok());
        let number = f64::from(said.unwrap_or(1));
        let least = schema.get("minimum").and_then(Value::as_f64).unwrap_or(f64::MIN);
        let most = schema.get("maximum").and_then(Value::as_f64).unwrap_or(f64::MAX);
        if (least..=most).contains(&number) {
            return Value::from(said.unwrap_or(1));
        }
        schema.get("minimum").or_else(|| schema.get("maximum")).cloned().unwrap_or_else(|| Value::from(1))
    }

    fn string(&self, schema: &Value, name: &str) -> String {
        let lower = name.to_lowercase();
        match schema.get("format").and_then(Value::as_str) {
            Some("date") => return "2026-01-15".to_owned(),
            Some("date-time") => return "2026-01-15T12:00:00Z".to_owned(),
            Some("email") => return "ada@example.com".to_owned(),
            Some("uri") => return "https://example.com/".to_owned(),
            Some(_) | None => {}
        }
        let place = after_preposition(self.text, &["in", "to", "at", "for", "of", "from"]);
        if PLACE_WORDS.iter().any(|word| lower.contains(word))
            && let Some(place) = place
        {
            return place;
        }
        if lower.contains("name")
            && let Some(name) = after_preposition(self.text, &["is", "called", "named"])
        {
            return name;
        }
        let whole = self.text.trim();
        if whole.is_empty() { "nothing".to_owned() } else { whole.to_owned() }
    }
}

/// What strict mode refuses in a schema, in OpenAI's words: every object must be closed and must
/// require all its properties.
pub(crate) fn strict_problem(schema: &Value) -> Option<String> {
    strict_at(schema, &mut Vec::new())
}

fn strict_at(schema: &Value, path: &mut Vec<String>) -> Option<String> {
    if kind(schema) == "object"
        && let Some(problem) = strict_object(schema)
    {
        return Some(format!("In context=({}), {problem}", path.join(", ")));
    }
    for group in ["properties", "$defs", "definitions"] {
        for (name, inner) in schema.get(group).and_then(Value::as_object).into_iter().flatten() {
            path.extend([format!("'{group}'"), format!("'{name}'")]);
            let problem = strict_at(inner, path);
            path.truncate(path.len() - 2);
            if problem.is_some() {
                return problem;
            }
        }
    }
    let listed = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let inner = schema.get("items").into_iter().chain(listed);
    inner.filter(|inner| inner.is_object()).find_map(|inner| strict_at(inner, path))
}

fn strict_object(schema: &Value) -> Option<String> {
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Some("'additionalProperties' is required to be supplied and to be false.".to_owned());
    }
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut names = schema.get("properties").and_then(Value::as_object)?.keys();
    let left_out = names.find(|name| !required.contains(&name.as_str()))?;
    Some(format!(
        "'required' is required to be supplied and to be an array including every key in properties. \
         Missing '{left_out}'."
    ))
}

fn kind(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).next().unwrap_or("string"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

/// The words after the first preposition that is found: all that start with a capital, at least one.
fn after_preposition(text: &str, prepositions: &[&str]) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let starts = prepositions.iter().find_map(|preposition| {
        words.iter().position(|word| word.eq_ignore_ascii_case(preposition)).map(|place| place + 1)
    })?;
    let mut phrase = Vec::new();
    for word in words.get(starts..)? {
        let plain = word.trim_matches(|c: char| !c.is_alphanumeric());
        if plain.is_empty() || (!phrase.is_empty() && !plain.starts_with(char::is_uppercase)) {
            break;
        }
        phrase.push(plain);
        if word.ends_with(|c: char| !c.is_alphanumeric()) {
            break;
        }
    }
    (!phrase.is_empty()).then(|| phrase.join(" "))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(schema: &Value, text: &str, expected: &Expect) {
        expected.assert_eq(&fill(schema, text).to_string());
    }

    #[test]
    fn required_properties_are_filled_from_the_text() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": { "type": "string" },
                "unit": { "enum": ["celsius", "fahrenheit"] },
                "days": { "type": "integer" },
                "note": { "type": "string" },
            },
            "required": ["city", "unit", "days"],
        });
        check(
            &schema,
            "What is the weather in New York, for 3 days, in Fahrenheit?",
            &expect![[r#"{"city":"New York","days":3,"unit":"fahrenheit"}"#]],
        );
        check(
            &schema,
            "weather please",
            &expect![[r#"{"city":"weather please","days":1,"unit":"celsius"}"#]],
        );
    }

    #[test]
    fn nested_shapes_and_references_are_followed() {
        let schema = json!({
            "$defs": { "row": {
                "type": "object",
                "properties": { "when": { "type": "string", "format": "date" }, "ok": { "type": "boolean" } },
                "required": ["when", "ok"],
            } },
            "type": "object",
            "properties": {
                "rows": { "type": "array", "items": { "$ref": "#/$defs/row" }, "minItems": 2 },
                "rest": { "anyOf": [{ "type": "null" }, { "type": "string" }] },
                "size": { "type": ["number", "null"], "minimum": 10 },
            },
            "required": ["rows", "rest", "size"],
        });
        check(
            &schema,
            "go",
            &expect![[
                r#"{"rest":null,"rows":[{"ok":true,"when":"2026-01-15"},{"ok":true,"when":"2026-01-15"}],"size":10}"#
            ]],
        );
    }

    #[test]
    fn strict_mode_wants_closed_objects_with_everything_required() {
        let open = json!({ "type": "object", "properties": {} });
        assert!(
            strict_problem(&open).is_some_and(|problem| problem.starts_with("In context=(), 'additional"))
        );
        let inner = json!({
            "type": "object",
            "properties": { "a": {
                "type": "object",
                "properties": { "b": { "type": "string" } },
                "additionalProperties": false,
            } },
            "required": ["a"],
            "additionalProperties": false,
        });
        let problem = strict_problem(&inner).unwrap();
        assert!(problem.starts_with("In context=('properties', 'a'), 'required'"), "{problem}");
        assert!(problem.ends_with("Missing 'b'."), "{problem}");
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({
            "type": "object",
            "properties": { "next": { "$ref": "#" } },
            "required": ["next"],
        });
        assert!(fill(&schema, "x").to_string().len() < 400);
    }
}

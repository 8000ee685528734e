//! What a prompt needs beyond text.

use abide_model::item::{Item, Part};
use abide_model::prompt::{Output, Prompt};
use abide_model::target::Capabilities;

/// What a target must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Need {
    /// Function tools, on offer or in the history.
    pub tools: bool,
    /// A JSON answer of a given schema.
    pub json_schema: bool,
    /// Pictures, in messages or in results of tools.
    pub images: bool,
}

impl Need {
    /// The first thing `can` lacks.
    pub(crate) fn missing(self, can: Capabilities) -> Option<&'static str> {
        if self.tools && !can.tools {
            return Some("tools");
        }
        if self.json_schema && !can.json_schema {
            return Some("json_schema");
        }
        (self.images && !can.images).then_some("images")
    }
}

/// Reads off a prompt what it needs.
#[must_use]
pub fn need(prompt: &Prompt<'_>) -> Need {
    Need {
        tools: !prompt.params.tools.is_empty() || prompt.items.iter().any(|item| holds_tool(item)),
        json_schema: match prompt.params.output {
            Output::JsonSchema { .. } => true,
            Output::Text | Output::JsonObject => false,
        },
        images: prompt.items.iter().any(|item| parts(item).iter().any(is_image)),
    }
}

fn holds_tool(item: &Item) -> bool {
    match item {
        Item::ToolCall(_) | Item::ToolResult(_) => true,
        Item::Message(_) | Item::Reasoning(_) => false,
    }
}

fn parts(item: &Item) -> &[Part] {
    match item {
        Item::Message(message) => &message.parts,
        Item::ToolResult(result) => &result.parts,
        Item::ToolCall(_) | Item::Reasoning(_) => &[],
    }
}

fn is_image(part: &Part) -> bool {
    match part {
        Part::Image { .. } => true,
        Part::Text(_) | Part::Refusal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::item::{ImageSource, Json, Role, ToolCall, ToolResult};
    use abide_model::prompt::{Params, Tool};

    fn image() -> Part {
        Part::Image { source: ImageSource::Url("https://a.example/b.png".to_owned()), detail: None }
    }

    fn of(params: &Params, items: &[Item]) -> Need {
        let items: Vec<&Item> = items.iter().collect();
        need(&Prompt { params, items: &items })
    }

    #[test]
    fn plain_text_needs_nothing() {
        let json = Params { output: Output::JsonObject, ..Params::default() };
        assert_eq!(of(&json, &[Item::text(Role::User, "hi")]), Need::default());
    }

    #[test]
    fn tools_are_needed_when_offered_or_when_the_history_holds_a_call() {
        let tool = Tool { name: "now".to_owned(), description: None, parameters: None, strict: None };
        let offered = Params { tools: vec![tool], ..Params::default() };
        let call = ToolCall { call_id: "c".to_owned(), name: "now".to_owned(), arguments: "{}".to_owned() };
        let tools = Need { tools: true, ..Need::default() };
        assert_eq!(of(&offered, &[]), tools);
        assert_eq!(of(&Params::default(), &[Item::ToolCall(call)]), tools);
    }

    #[test]
    fn a_schema_is_needed_when_one_is_given() {
        let output = Output::JsonSchema {
            name: "answer".to_owned(),
            description: None,
            schema: Json::from_parsed("{}"),
            strict: None,
        };
        let params = Params { output, ..Params::default() };
        assert_eq!(of(&params, &[]), Need { json_schema: true, ..Need::default() });
    }

    #[test]
    fn a_picture_in_the_result_of_a_tool_needs_pictures_too() {
        let result =
            ToolResult { call_id: "c".to_owned(), parts: vec![Part::Text("see".to_owned()), image()] };
        let need = of(&Params::default(), &[Item::ToolResult(result)]);
        assert_eq!(need, Need { tools: true, images: true, json_schema: false });
    }
}

//! Tool names that fit what clouds allow, and the way back to the names the client chose.
//!
//! A name that fits goes out as it is. Another is rewritten in a way that depends on the name alone, so that the
//! same prompt is the same bytes on every call.

use abide_model::item::Item;
use abide_model::prompt::{Prompt, ToolChoice};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The longest tool name that every cloud takes, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// A rewritten name ends in `_` and eight hexadecimal digits.
const MARK_BYTES: usize = 9;

/// The names of one request that had to be rewritten.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    sent: BTreeMap<String, String>,
    original: BTreeMap<String, String>,
}

impl Names {
    /// Rewrites whatever tool names of a prompt need it.
    pub(super) fn of(prompt: &Prompt<'_>) -> Self {
        let mut names = Names::default();
        for tool in &prompt.params.tools {
            names.admit(&tool.name);
        }
        for item in prompt.items {
            match item {
                Item::ToolCall(call) => names.admit(&call.name),
                Item::Message(_) | Item::ToolResult(_) | Item::Reasoning(_) => {}
            }
        }
        if let ToolChoice::Named(name) = &prompt.params.tool_choice {
            names.admit(name);
        }
        names
    }

    /// The name as the cloud is told it.
    pub(super) fn sent<'a>(&'a self, name: &'a str) -> &'a str {
        self.sent.get(name).map_or(name, String::as_str)
    }

    /// The name as the client wrote it.
    pub(super) fn original(&self, sent: String) -> String {
        self.original.get(&sent).cloned().unwrap_or(sent)
    }

    fn admit(&mut self, name: &str) {
        if let Cow::Owned(sent) = fit(name, NAME_BYTES_MAX, |byte| matches!(byte, b'_' | b'-')) {
            self.original.insert(sent.clone(), name.to_owned());
            self.sent.insert(name.to_owned(), sent);
        }
    }
}

/// `text` itself when it has 1 to `bytes_max` letters, digits or bytes that `also` allows; otherwise what is left
/// of it, marked with a checksum so that different texts stay different.
pub(super) fn fit(text: &str, bytes_max: usize, also: impl Fn(u8) -> bool) -> Cow<'_, str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || also(byte);
    if !text.is_empty() && text.len() <= bytes_max && text.bytes().all(&allowed) {
        return Cow::Borrowed(text);
    }
    let keep = bytes_max.saturating_sub(MARK_BYTES);
    let mut fitted: String =
        text.bytes().take(keep).map(|byte| if allowed(byte) { char::from(byte) } else { '_' }).collect();
    fitted.push_str(&format!("_{:08x}", crc32fast::hash(text.as_bytes())));
    Cow::Owned(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use abide_model::prompt::{Params, Tool};
    use proptest::prelude::*;

    fn names(of: &[&str]) -> Names {
        let tool = |name: &&str| Tool {
            name: (*name).to_owned(),
            description: None,
            parameters: None,
            strict: None,
        };
        let params = Params { tools: of.iter().map(tool).collect(), ..Params::default() };
        Names::of(&Prompt { params: &params, items: &[] })
    }

    #[test]
    fn a_name_that_fits_is_sent_as_it_is() {
        assert_eq!(names(&["get_weather-2"]).sent("get_weather-2"), "get_weather-2");
    }

    #[test]
    fn names_that_look_alike_after_rewriting_stay_apart() {
        let names = names(&["orders.find", "orders/find"]);
        assert_ne!(names.sent("orders.find"), names.sent("orders/find"));
    }

    proptest! {
        #[test]
        fn every_name_is_sent_in_a_form_that_fits_and_reads_back(name in "\\PC{1,90}") {
            let names = names(&[&name]);
            let sent = names.sent(&name).to_owned();
            prop_assert!(sent.len() <= 64 && !sent.is_empty());
            prop_assert!(sent.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')));
            prop_assert_eq!(names.original(sent), name);
        }
    }
}

//! Writes JSON straight into a request body.
//!
//! Requests hold schemas and numbers that must go out exactly as they came in, so they are copied as text instead
//! of being built up as values. Knows nothing of any vendor.

/// The inside of a JSON object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// The inside of a JSON array that is being written.
pub(super) struct Array<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// Writes one object whose members `fill` adds.
pub(super) fn object<T>(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>) -> T) -> T {
    out.push(b'{');
    let value = fill(&mut Object { out, empty: true });
    out.push(b'}');
    value
}

fn array<T>(out: &mut Vec<u8>, fill: impl FnOnce(&mut Array<'_>) -> T) -> T {
    out.push(b'[');
    let value = fill(&mut Array { out, empty: true });
    out.push(b']');
    value
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn string(out: &mut Vec<u8>, text: &str) {
    // Writing a text into memory has no way to fail.
    let _ = serde_json::to_writer(out, text);
}

impl Object<'_> {
    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// A member that is a string.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        string(self.name(name), text);
    }

    /// A member whose value is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) {
        self.name(name).extend_from_slice(json.as_bytes());
    }

    /// A member that is `true` or `false`.
    pub(super) fn truth(&mut self, name: &str, truth: bool) {
        self.raw(name, if truth { "true" } else { "false" });
    }

    /// A member that is an object.
    pub(super) fn object<T>(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>) -> T) -> T {
        object(self.name(name), fill)
    }

    /// A member that is an array.
    pub(super) fn array<T>(&mut self, name: &str, fill: impl FnOnce(&mut Array<'_>) -> T) -> T {
        array(self.name(name), fill)
    }
}

impl Array<'_> {
    fn element(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out
    }

    /// An element that is a string.
    pub(super) fn text(&mut self, text: &str) {
        string(self.element(), text);
    }

    /// An element that is an object.
    pub(super) fn object<T>(&mut self, fill: impl FnOnce(&mut Object<'_>) -> T) -> T {
        object(self.element(), fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut out = Vec::new();
        object(&mut out, |top| {
            top.text("a\"b", "line\nend \u{1}ä");
            top.raw("n", "0.70");
            top.truth("t", true);
            top.array("list", |list| {
                list.text("x");
                list.object(|_| ());
                list.object(|inner| inner.object("deep", |deep| deep.array("empty", |_| ())));
            });
        });
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            r#"{"a\"b":"line\nend \u0001ä","n":0.70,"t":true,"list":["x",{},{"deep":{"empty":[]}}]}"#
        );
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

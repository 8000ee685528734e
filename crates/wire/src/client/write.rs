//! Writes JSON straight into bytes, without a tree between. Commas and brackets cannot be forgotten: what opens an
//! object or a list takes a closure and closes after it.

use std::io::Write as _;

/// Writes one object.
pub(super) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, first: true });
    out.push(b'}');
}

/// Writes a JSON string (RFC 8259).
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, tail) = rest.split_at(plain_bytes(rest.as_bytes()));
        out.extend_from_slice(plain.as_bytes());
        let mut chars = tail.chars();
        match chars.next() {
            Some(special) => escape(out, special),
            None => break,
        }
        rest = chars.as_str();
    }
    out.push(b'"');
}

/// How many bytes at the beginning need no escape. Looks at many at once: nearly all of what is written is plain.
fn plain_bytes(text: &[u8]) -> usize {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let (blocks, _) = text.as_chunks::<16>();
    let holds = |block: &[u8; 16]| block.iter().fold(false, |found, byte| found | special(*byte));
    let plain = 16 * blocks.iter().take_while(|block| !holds(block)).count();
    let rest = text.get(plain..).unwrap_or_default();
    plain + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

fn escape(out: &mut Vec<u8>, special: char) {
    match special {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        other => display(out, format_args!("\\u{:04x}", u32::from(other))),
    }
}

fn display(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into a vector cannot fail.
    let _ = out.write_fmt(text);
}

/// An object being written.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    /// Names are Abide's own words, and need no escape.
    fn name(&mut self, name: &'static str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        string(self.name(name), text);
    }

    pub(super) fn maybe_text(&mut self, name: &'static str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.null(name),
        }
    }

    /// A string from what prints itself in characters that need no escape, as ids do.
    pub(super) fn plain(&mut self, name: &'static str, text: impl std::fmt::Display) {
        display(self.name(name), format_args!("\"{text}\""));
    }

    pub(super) fn count(&mut self, name: &'static str, count: u64) {
        self.raw(name, itoa::Buffer::new().format(count));
    }

    /// A time as whole seconds of the Unix epoch, as OpenAI's formats count it.
    pub(super) fn seconds(&mut self, name: &'static str, time: abide_model::Time) {
        self.raw(name, itoa::Buffer::new().format(time.as_second()));
    }

    pub(super) fn flag(&mut self, name: &'static str, flag: bool) {
        self.raw(name, if flag { "true" } else { "false" });
    }

    pub(super) fn null(&mut self, name: &'static str) {
        self.raw(name, "null");
    }

    /// Text that is JSON already.
    pub(super) fn raw(&mut self, name: &'static str, json: &str) {
        self.name(name).extend_from_slice(json.as_bytes());
    }

    pub(super) fn object(&mut self, name: &'static str, fill: impl FnOnce(&mut Object<'_>)) {
        object(self.name(name), fill);
    }

    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        entries: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) {
        let out = self.name(name);
        out.push(b'[');
        let mut first = true;
        for entry in entries {
            if !std::mem::replace(&mut first, false) {
                out.push(b',');
            }
            write(out, entry);
        }
        out.push(b']');
    }

    /// Whatever `write` makes of it, which must be one JSON value.
    pub(super) fn value(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        write(self.name(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(text in any::<String>()) {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn an_object_separates_its_fields_however_they_nest() {
        let mut out = Vec::new();
        object(&mut out, |body| {
            body.object("empty", |_| ());
            body.list("numbers", [1, 2], |out, n| display(out, format_args!("{n}")));
            body.maybe_text("none", None);
            body.flag("yes", true);
        });
        assert_eq!(
            std::str::from_utf8(&out).unwrap(),
            r#"{"empty":{},"numbers":[1,2],"none":null,"yes":true}"#
        );
    }
}

//! Reads JSON as `cargo metadata` and the fake clouds print it. Writes none.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

const DEPTH_MAX: usize = 64;

/// One JSON value. Numbers stay text: nobody here calculates with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    pub(crate) fn parse(text: &str) -> Result<Json, String> {
        let mut reader = Reader { chars: text.chars().peekable(), at: 0 };
        let value = reader.value(0)?;
        reader.space();
        match reader.chars.peek().copied() {
            None => Ok(value),
            Some(extra) => Err(reader.problem(&format!("`{extra}` after the end of the value"))),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        if let Json::Object(fields) = self { fields.get(key) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn list(&self) -> &[Json] {
        if let Json::List(items) = self { items } else { &[] }
    }
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEPTH_MAX {
            return Err(self.problem("nested too deep"));
        }
        self.space();
        match self.chars.peek().copied() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => self.string().map(Json::Text),
            Some('t') => self.word("true", Json::Bool(true)),
            Some('f') => self.word("false", Json::Bool(false)),
            Some('n') => self.word("null", Json::Null),
            Some('-' | '0'..='9') => Ok(self.number()),
            Some(other) => Err(self.problem(&format!("unexpected `{other}`"))),
            None => Err(self.problem("ends too early")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut fields = BTreeMap::new();
        self.expect('{')?;
        if self.ends_with('}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.expect(':')?;
            fields.insert(key, self.value(depth + 1)?);
            if self.ends_with('}') {
                return Ok(Json::Object(fields));
            }
            self.expect(',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        let mut items = Vec::new();
        self.expect('[')?;
        if self.ends_with(']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.ends_with(']') {
                return Ok(Json::List(items));
            }
            self.expect(',')?;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.problem("a string does not end")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(plain) => text.push(plain),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        match self.next() {
            Some(same @ ('"' | '\\' | '/')) => Ok(same),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => self.unicode(),
            other => Err(self.problem(&format!("unknown escape {other:?}"))),
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex4()?;
        let scalar = if (0xD800..0xDC00).contains(&first) {
            self.expect('\\')?;
            self.expect('u')?;
            let second = self.hex4()?;
            let low = second.checked_sub(0xDC00).ok_or_else(|| self.problem("a lone surrogate"))?;
            0x1_0000 + ((first - 0xD800) << 10) + low
        } else {
            first
        };
        char::from_u32(scalar).ok_or_else(|| self.problem("no such character"))
    }

    fn hex4(&mut self) -> Result<u32, String> {
        (0..4).try_fold(0, |sum, _| {
            let digit = self.next().and_then(|c| c.to_digit(16));
            digit.map(|d| sum * 16 + d).ok_or_else(|| self.problem("four hex digits wanted"))
        })
    }

    fn number(&mut self) -> Json {
        let mut text = String::new();
        while let Some(part) = self.chars.next_if(|c| c.is_ascii_digit() || "+-.eE".contains(*c)) {
            self.at += 1;
            text.push(part);
        }
        Json::Number(text)
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        word.chars().try_for_each(|c| self.expect(c))?;
        Ok(value)
    }

    fn ends_with(&mut self, close: char) -> bool {
        self.space();
        let ends = self.chars.next_if_eq(&close).is_some();
        self.at += usize::from(ends);
        ends
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.next() {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(self.problem(&format!("`{wanted}` wanted, `{found}` found"))),
            None => Err(self.problem(&format!("`{wanted}` wanted at the end"))),
        }
    }

    fn space(&mut self) {
        while self.chars.next_if(|c| c.is_ascii_whitespace()).is_some() {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<char> {
        self.at += 1;
        self.chars.next()
    }

    fn problem(&self, what: &str) -> String {
        format!("json, character {}: {what}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Json {
        Json::Text(value.to_string())
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let value = Json::parse(r#" {"a": [1, -2.5e3, true, false, null], "b": {}, "c": []} "#).unwrap();
        let expected = vec![
            Json::Number("1".into()),
            Json::Number("-2.5e3".into()),
            Json::Bool(true),
            Json::Bool(false),
            Json::Null,
        ];
        assert_eq!(value.get("a").unwrap().list(), expected);
        assert_eq!(value.get("b"), Some(&Json::Object(BTreeMap::new())));
        assert_eq!(value.get("c"), Some(&Json::List(Vec::new())));
    }

    #[test]
    fn escapes_and_surrogate_pairs_become_characters() {
        assert_eq!(Json::parse(r#""a\"\\\/\n\u00e9\ud83d\ude00""#), Ok(text("a\"\\/\né😀")));
    }

    #[test]
    fn broken_text_is_refused_with_its_place() {
        for broken in ["", "{", "[1,]", "{\"a\" 1}", "\"\\ud800\"", "\"\\q\"", "tru", "1 2", "\"open"] {
            let problem = Json::parse(broken).unwrap_err();
            assert!(problem.starts_with("json, character "), "{broken}: {problem}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        assert!(Json::parse(&"[".repeat(10_000)).unwrap_err().contains("too deep"));
    }
}

//! Splits a Rust file into code and comments, so that no check is fooled by a brace in a string.
//! Keeps every line at its number. Understands tokens, not grammar.

use std::path::{Path, PathBuf};

/// A file with its code and its comments apart: all three texts have the same lines.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) code: String,
    pub(super) comments: String,
}

/// A word or a single mark of the code, with its line (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
}

impl Source {
    pub(super) fn new(path: &Path, text: &str) -> Source {
        let mut split = Split { rest: text, code: String::new(), comments: String::new() };
        while !split.rest.is_empty() {
            split.step();
        }
        Source {
            path: path.to_path_buf(),
            text: text.to_string(),
            code: split.code,
            comments: split.comments,
        }
    }

    /// Words and marks of the code; strings, characters and comments give none.
    pub(super) fn tokens(&self) -> Vec<Token<'_>> {
        let lines = self.code.lines().enumerate();
        lines.flat_map(|(at, line)| words(line).map(move |text| Token { line: at + 1, text })).collect()
    }
}

/// True for a token that can be a name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = match rest.find(|c| !is_word(c)) {
            Some(0) => first.len_utf8(),
            Some(end) => end,
            None => rest.len(),
        };
        let (word, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(word)
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Split<'a> {
    rest: &'a str,
    code: String,
    comments: String,
}

impl Split<'_> {
    fn step(&mut self) {
        if self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(end, Kind::Comment);
        } else if self.rest.starts_with("/*") {
            self.take(block_comment(self.rest), Kind::Comment);
        } else if self.rest.starts_with('"') {
            self.take(quoted(self.rest), Kind::Literal);
        } else if self.rest.starts_with('\'') {
            self.quote();
        } else if let Some(length) = raw_string(self.rest) {
            self.take(length, Kind::Literal);
        } else if self.rest.starts_with(is_word) {
            let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
            self.take(end, Kind::Code);
        } else {
            self.take(1, Kind::Code);
        }
    }

    /// A character literal has a closing quote after one character or an escape; a lifetime has none.
    fn quote(&mut self) {
        let mut after = self.rest.chars().skip(1);
        let (first, second) = (after.next(), after.next());
        if first == Some('\\') || second == Some('\'') {
            self.take(character(self.rest), Kind::Literal);
        } else {
            self.take(1, Kind::Code);
        }
    }

    fn take(&mut self, length: usize, kind: Kind) {
        let whole = (length..=self.rest.len()).find(|at| self.rest.is_char_boundary(*at));
        let (taken, rest) = self.rest.split_at_checked(whole.unwrap_or(0)).unwrap_or((self.rest, ""));
        for c in taken.chars() {
            let blank = if c == '\n' { '\n' } else { ' ' };
            self.code.push(if kind == Kind::Code { c } else { blank });
            self.comments.push(if kind == Kind::Comment { c } else { blank });
        }
        self.rest = rest;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut skip = 0;
    for (at, _) in text.char_indices() {
        if at < skip {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with("/*") {
            depth += 1;
            skip = at + 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            skip = at + 2;
        }
        if depth == 0 {
            return at + 2;
        }
    }
    text.len()
}

fn quoted(text: &str) -> usize {
    closing(text, '"')
}

fn character(text: &str) -> usize {
    closing(text, '\'')
}

fn closing(text: &str, close: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == close {
            return at + 1;
        }
    }
    text.len()
}

fn raw_string(text: &str) -> Option<usize> {
    let marked = ["r", "br", "cr"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let body = marked.trim_start_matches('#');
    let hashes = marked.len() - body.len();
    let inside = body.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let before = text.len() - inside.len();
    Some(inside.find(&close).map_or(text.len(), |at| before + at + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &[&str], comments: &str) {
        let source = Source::new(Path::new("x.rs"), text);
        let words: Vec<&str> = source.tokens().iter().map(|token| token.text).collect();
        assert_eq!(words, code, "{text}");
        assert_eq!(source.comments.trim(), comments, "{text}");
        assert_eq!(source.code.matches('\n').count(), text.matches('\n').count(), "{text}");
    }

    #[test]
    fn strings_give_no_code() {
        check(r#"a("x { \" // }") b"#, &["a", "(", ")", "b"], "");
        check("a(b\"{\") c\"{\"", &["a", "(", "b", ")", "c"], "");
        check("f(\"one\n{ two\") g", &["f", "(", ")", "g"], "");
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        check(r####"a r#"{ " \"# b br##"}"# {"## c r"\" d"####, &["a", "b", "c", "d"], "");
    }

    #[test]
    fn raw_names_and_words_that_end_in_r_are_code() {
        check("r#type = for_r \"{\"", &["r", "#", "type", "=", "for_r"], "");
    }

    #[test]
    fn characters_are_literals_and_lifetimes_are_code() {
        check(
            r"f('{', '\'', '\u{7d}', b'}') <'a>",
            &["f", "(", ",", ",", ",", "b", ")", "<", "'", "a", ">"],
            "",
        );
        check("&'static str 'é' '\u{1F600}'", &["&", "'", "static", "str"], "");
    }

    #[test]
    fn comments_are_kept_apart_and_may_nest() {
        check("a /* { /* \" */ } */ b", &["a", "b"], "/* { /* \" */ } */");
        check("a // it's \" {\nb", &["a", "b"], "// it's \" {");
    }

    #[test]
    fn tokens_know_their_line() {
        let source = Source::new(Path::new("x.rs"), "a\n\"\n\"\n/*\n*/ b");
        let lines: Vec<usize> = source.tokens().iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 5]);
    }
}

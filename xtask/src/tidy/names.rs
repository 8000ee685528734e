//! Refuses words that say nothing in the names of files, modules, types and functions.
//! Leaves alone what another crate's trait makes us implement.

use std::path::Path;

use super::Finding;
use super::source::{Source, Token, is_name};

const BANNED: [&str; 7] = ["manager", "helper", "util", "common", "data", "info", "misc"];
const NAMING: [&str; 6] = ["mod", "struct", "enum", "trait", "type", "fn"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for part in source.path.with_extension("").components() {
        let name = part.as_os_str().to_string_lossy();
        findings.extend(finding(&source.path, 1, "path", &name));
    }
    for (kind, name) in named(&source.tokens()) {
        findings.extend(finding(&source.path, name.line, kind, name.text));
    }
    findings
}

fn finding(path: &Path, line: usize, kind: &str, name: &str) -> Option<Finding> {
    let word = banned_part(name)?;
    let what = format!("{kind} `{name}`: `{word}` says nothing; name what it holds or does");
    Some(Finding::new(path, line, what))
}

fn banned_part(name: &str) -> Option<&'static str> {
    parts(name).iter().find_map(|part| {
        let one = part.strip_suffix('s').unwrap_or(part);
        BANNED.into_iter().find(|word| *word == part || *word == one)
    })
}

/// The words of a snake_case, kebab-case or CamelCase name, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        let cut = c == '_' || c == '-' || c == '.';
        if cut || (c.is_uppercase() && lower) {
            parts.push(String::new());
        }
        if let (false, Some(last)) = (cut, parts.last_mut()) {
            last.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    parts
}

/// Every name that this file chooses itself, with the keyword before it. The name of a test is a
/// sentence about the subject, in the subject's words.
fn named<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, Token<'a>)> {
    let mut found = Vec::new();
    let mut scope = Scope::default();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        if let Some(name) = next.filter(|next| NAMING.contains(&token.text) && is_name(next.text))
            && !scope.names_are_given()
            && !(token.text == "fn" && is_test(tokens.get(..at).unwrap_or_default()))
        {
            found.push((token.text, *name));
        }
        scope.step(token.text, next.map(|token| token.text));
    }
    found
}

/// Whether an attribute directly before says `test`, as `#[test]` and `#[tokio::test]` do.
fn is_test(before: &[Token<'_>]) -> bool {
    let attached = before.iter().rev().take_while(|token| !matches!(token.text, "}" | "{" | ";"));
    let words: Vec<&str> = attached.map(|token| token.text).collect();
    words.windows(2).any(|pair| matches!(pair, ["]" | "(", "test"]))
}

/// Which braces are open, to know whether the nearest item around is an `impl Trait for Type`.
#[derive(Default)]
struct Scope {
    open: Vec<Brace>,
    pending: Option<Brace>,
    nest: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brace {
    Block,
    Function,
    Impl,
    TraitImpl,
}

impl Scope {
    fn names_are_given(&self) -> bool {
        let nearest = self.open.iter().rev().find(|brace| **brace != Brace::Block);
        nearest == Some(&Brace::TraitImpl)
    }

    fn step(&mut self, token: &str, next: Option<&str>) {
        match token {
            "fn" if next.is_some_and(is_name) => self.start(Brace::Function),
            "impl" if self.pending.is_none() => self.start(Brace::Impl),
            // `for<'a>` binds a lifetime; any other `for` here divides the trait from the type.
            "for" if self.pending == Some(Brace::Impl) && next != Some("<") => {
                self.pending = Some(Brace::TraitImpl);
            }
            "(" | "[" => self.nest += 1,
            ")" | "]" => self.nest = self.nest.saturating_sub(1),
            ";" if self.nest == 0 => self.pending = None,
            "{" => {
                let opened = if self.nest == 0 { self.pending.take() } else { None };
                self.open.push(opened.unwrap_or(Brace::Block));
            }
            "}" => {
                self.open.pop();
            }
            _ => {}
        }
    }

    fn start(&mut self, brace: Brace) {
        self.pending = Some(brace);
        self.nest = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Source::new(Path::new(path), text));
        findings.iter().map(|f| f.what.split(':').next().unwrap_or_default().to_string()).collect()
    }

    #[test]
    fn a_banned_part_is_found_in_every_kind_of_name() {
        let text = "mod misc;\nstruct ToolManager;\nenum InfoKind {}\ntrait Common {}\nfn user_data() {}\n";
        assert_eq!(
            words("crates/x/src/helpers/sse_util.rs", text),
            [
                "path `helpers`",
                "path `sse_util`",
                "mod `misc`",
                "struct `ToolManager`",
                "enum `InfoKind`",
                "trait `Common`",
                "fn `user_data`"
            ]
        );
    }

    #[test]
    fn a_banned_word_inside_a_longer_word_is_no_part() {
        assert_eq!(words("metadata.rs", "fn metadata() {}\nstruct Database;\nfn informed() {}"), [""; 0]);
    }

    #[test]
    fn a_test_may_speak_of_its_subject() {
        let text = "mod tests {\n#[test]\n#[ignore]\nfn empty_data_is_fine() {}\nfn data() {}\n}\n";
        assert_eq!(words("x.rs", text), ["fn `data`"]);
        let text = "#[tokio::test(start_paused = true)]\nasync fn no_info_leaks() {}\n";
        assert_eq!(words("x.rs", text), [""; 0]);
    }

    #[test]
    fn names_that_a_trait_gives_are_not_ours() {
        let text =
            "impl<T> Body for Stream<T>\nwhere\n    F: for<'a> Fn(&'a u8),\n{\n    type Data = u8;\n}\n";
        assert_eq!(words("x.rs", text), [""; 0]);
        assert_eq!(words("x.rs", "impl Stream {\n    fn data() {}\n}\n"), ["fn `data`"]);
        assert_eq!(words("x.rs", "fn a(x: impl B) {\n    for y in x { fn info() {} }\n}\n"), ["fn `info`"]);
    }

    #[test]
    fn names_inside_a_given_function_are_ours_again() {
        assert_eq!(
            words("x.rs", "impl A for B {\n    fn info() {\n        fn util() {}\n    }\n}"),
            ["fn `util`"]
        );
    }
}

//! Lengths: at most 70 lines a function, 800 a file, unless a comment gives the reason.
//! Finds functions by their braces, so macros and odd formatting do not matter.

use super::Finding;
use super::source::{Source, Token, is_name};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 800;
const HATCH: &str = "// tidy: long because";

/// A function with a body, from the line of `fn` to that of its closing brace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Function {
    name: String,
    first: usize,
    last: usize,
}

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut findings = check_file(source, &lines);
    for function in functions(&source.tokens()) {
        let above = lines.get(..function.first - 1).unwrap_or_default();
        let length = function.last - function.first + 1;
        let name = &function.name;
        let what = match (length > FUNCTION_LINES_MAX, hatch_above(above)) {
            (true, Hatch::None) => {
                format!("`{name}` has {length} lines, {FUNCTION_LINES_MAX} at most: split it")
            }
            (_, Hatch::NoReason) => format!("`{HATCH}` above `{name}` needs a reason"),
            (false, Hatch::Reason) => {
                format!("`{name}` has only {length} lines: remove the `{HATCH}` above it")
            }
            (true, Hatch::Reason) | (false, Hatch::None) => continue,
        };
        findings.push(Finding::new(&source.path, function.first, what));
    }
    findings
}

fn check_file(source: &Source, lines: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.text.starts_with("//!") {
        let what = "open the file with `//!`: its purpose and its boundary";
        findings.push(Finding::new(&source.path, 1, what));
    }
    let opening = lines.iter().take_while(|line| line.starts_with("//"));
    let hatch = opening.map(|line| hatch(line)).max().unwrap_or(Hatch::None);
    let length = lines.len();
    let what = match (length > FILE_LINES_MAX, hatch) {
        (true, Hatch::None) => format!("{length} lines, {FILE_LINES_MAX} at most: split the module"),
        (_, Hatch::NoReason) => format!("`{HATCH}` at the top of the file needs a reason"),
        (false, Hatch::Reason) => format!("only {length} lines: remove the `{HATCH}` at the top"),
        (true, Hatch::Reason) | (false, Hatch::None) => return findings,
    };
    findings.push(Finding::new(&source.path, 1, what));
    findings
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hatch {
    None,
    Reason,
    NoReason,
}

fn hatch(line: &str) -> Hatch {
    match line.trim().strip_prefix(HATCH) {
        None => Hatch::None,
        Some(reason) if reason.trim().is_empty() => Hatch::NoReason,
        Some(_) => Hatch::Reason,
    }
}

/// Looks through the comments and attributes directly above a function.
fn hatch_above(above: &[&str]) -> Hatch {
    let attached = above.iter().rev().map(|line| line.trim());
    let attached = attached.take_while(|line| {
        line.starts_with("//") || line.starts_with("#[") || line.ends_with(")]") || line.ends_with("\")]")
    });
    attached.map(hatch).max().unwrap_or(Hatch::None)
}

fn functions(tokens: &[Token<'_>]) -> Vec<Function> {
    let mut found = Vec::new();
    // One entry for each open brace: the function whose body it opens, if it does.
    let mut open: Vec<Option<(String, usize)>> = Vec::new();
    let mut pending: Option<(String, usize)> = None;
    let mut nest = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "fn" => {
                if let Some(name) = tokens.get(at + 1).filter(|next| is_name(next.text)) {
                    pending = Some((name.text.to_string(), token.line));
                    nest = 0;
                }
            }
            "(" | "[" => nest += 1,
            ")" | "]" => nest = nest.saturating_sub(1),
            ";" if nest == 0 => pending = None,
            "{" => open.push(if nest == 0 { pending.take() } else { None }),
            "}" => {
                if let Some(Some((name, first))) = open.pop() {
                    found.push(Function { name, first, last: token.line });
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|function| function.first);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn findings(text: &str) -> Vec<String> {
        let source = Source::new(Path::new("x.rs"), text);
        check(&source).iter().map(ToString::to_string).collect()
    }

    fn spans(text: &str) -> Vec<(String, usize, usize)> {
        let source = Source::new(Path::new("x.rs"), text);
        functions(&source.tokens()).into_iter().map(|f| (f.name, f.first, f.last)).collect()
    }

    fn long(above: &str, lines: usize) -> String {
        format!("//! A.\n\n{above}fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_spans_its_signature_and_body() {
        let text = "fn a(\n    x: [u8; 2],\n) -> u8\nwhere\n    X: Y,\n{\n    '{'\n}\nfn b() { \"}\"; }\n";
        assert_eq!(spans(text), [("a".into(), 1, 8), ("b".into(), 9, 9)]);
    }

    #[test]
    fn nested_functions_and_closures_are_found_inside_their_parents() {
        let text = "fn a() {\n    fn b() {\n        c(|x| { x });\n    }\n}\n";
        assert_eq!(spans(text), [("a".into(), 1, 5), ("b".into(), 2, 4)]);
    }

    #[test]
    fn pointers_and_bodiless_functions_are_not_counted() {
        let text =
            "trait T { fn a(&self); fn b(f: fn(u8) -> u8) {} }\ntype F = fn();\nstruct S { f: fn() }\n";
        assert_eq!(spans(text), [("b".into(), 1, 1)]);
    }

    #[test]
    fn seventy_lines_pass_and_seventy_one_do_not() {
        assert_eq!(findings(&long("", 70)), Vec::<String>::new());
        assert_eq!(findings(&long("", 71)), ["x.rs:3: `long` has 71 lines, 70 at most: split it"]);
    }

    #[test]
    fn a_reason_above_a_function_excuses_its_length() {
        assert_eq!(findings(&long("// tidy: long because a table\n/// Doc.\n#[inline]\n", 71)), [""; 0]);
        assert_eq!(
            findings(&long("// tidy: long because\n", 71)),
            ["x.rs:4: `// tidy: long because` above `long` needs a reason"]
        );
        assert_eq!(
            findings(&long("// tidy: long because it was\n", 9)),
            ["x.rs:4: `long` has only 9 lines: remove the `// tidy: long because` above it"]
        );
        assert_eq!(findings(&long("// tidy: long because far\n\n", 71)).len(), 1);
    }

    #[test]
    fn a_file_has_a_length_too() {
        let lines = "// x\n\n".repeat(400);
        assert_eq!(
            findings(&format!("//! A.\n{lines}")),
            ["x.rs:1: 801 lines, 800 at most: split the module"]
        );
        assert_eq!(findings(&format!("//! A.\n// tidy: long because a table\n{lines}")), [""; 0]);
    }

    #[test]
    fn a_file_without_its_opening_is_found() {
        assert_eq!(
            findings("fn a() {}\n"),
            ["x.rs:1: open the file with `//!`: its purpose and its boundary"]
        );
    }
}

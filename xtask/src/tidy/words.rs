//! Refuses unfinished work, ticket numbers and paths of one machine.
//! Looks at words only; what code means is for the compiler.

use std::path::Path;

use super::Finding;
use super::source::Source;
use crate::repo;

const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "XXX"];
const UNFINISHED_MACROS: [&str; 2] = ["todo", "unimplemented"];
/// In halves, so that this file passes its own check.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
const TEXT_KINDS: [&str; 14] =
    ["rs", "toml", "md", "py", "js", "mjs", "cjs", "ts", "json", "sh", "html", "css", "txt", "yml"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.code.lines().zip(source.comments.lines()).enumerate();
    for (at, (code, comment)) in lines {
        let mut report = |what: String| findings.push(Finding::new(&source.path, at + 1, what));
        let words = |word: &&str| has_word(code, word) || has_word(comment, word);
        if let Some(word) = UNFINISHED.into_iter().find(words) {
            report(format!("`{word}`: finish it, or say what holds now"));
        }
        if let Some(name) = UNFINISHED_MACROS.into_iter().find(|name| code.contains(&format!("{name}!"))) {
            report(format!("`{name}!`: write it, or leave the room out"));
        }
        if let Some(ticket) = ticket(comment) {
            report(format!("`{ticket}` in a comment: say the reason itself"));
        }
    }
    findings
}

/// Paths of one machine, in every text file of the repository.
pub(super) fn check_paths(root: &Path) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for path in repo::files(root, "")? {
        let kind = path.extension().map(|kind| kind.to_string_lossy().into_owned());
        let texty = kind.as_deref().is_some_and(|kind| TEXT_KINDS.contains(&kind));
        if !texty && !path.starts_with(".ci") {
            continue;
        }
        for (at, line) in repo::read(&root.join(&path))?.lines().enumerate() {
            if let Some(found) = machine_path(line) {
                let what = format!("`{found}` is a path of one machine: derive it or take it as an argument");
                findings.push(Finding::new(&path, at + 1, what));
            }
        }
    }
    Ok(findings)
}

fn machine_path(line: &str) -> Option<&'static str> {
    MACHINE_PATHS.into_iter().find(|path| {
        line.match_indices(path).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            // Within a longer path or an address the words belong to somebody else.
            !before.is_some_and(|c| c.is_alphanumeric() || "./-_}".contains(c))
        })
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joins(before) && !joins(after)
    })
}

/// A hash mark and one to five digits, standing alone: longer ones are colours.
fn ticket(comment: &str) -> Option<String> {
    comment.match_indices('#').find_map(|(at, _)| {
        let before = comment.get(..at).and_then(|text| text.chars().next_back());
        let rest = comment.get(at + 1..).unwrap_or_default();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let after = rest.chars().nth(digits.len());
        let alone = before.is_none_or(|c| c.is_whitespace() || "([,:".contains(c))
            && !after.is_some_and(|c| c.is_alphanumeric());
        (alone && (1..=5).contains(&digits.len())).then(|| format!("#{digits}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(&Source::new(Path::new("x.rs"), text)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unfinished_work_is_found_in_comments_and_code() {
        let text =
            format!("// {}: later\nfn a() {{ {}!() }}\nlet s = \"{0}\";\n", "TO".to_owned() + "DO", "todo");
        assert_eq!(
            findings(&text),
            [
                "x.rs:1: `TODO`: finish it, or say what holds now",
                "x.rs:2: `todo!`: write it, or leave the room out"
            ]
        );
    }

    #[test]
    fn a_marker_inside_a_longer_word_is_none() {
        assert_eq!(findings("// XXXL, TODOS_MAX\n"), [""; 0]);
    }

    #[test]
    fn ticket_numbers_are_found_in_comments_only() {
        assert_eq!(findings("// see #12\n")[0], "x.rs:1: `#12` in a comment: say the reason itself");
        assert_eq!(findings("/// (#7)\n").len(), 1);
        assert_eq!(findings("// #[derive], #ffaa00, #123456, a#1, &#39;\nlet a = \"#12\";\n"), [""; 0]);
    }

    #[test]
    fn a_path_of_one_machine_is_found_at_its_start_only() {
        let [first, second, third] = MACHINE_PATHS;
        assert_eq!(machine_path(&format!("open(\"{first}main\")")), Some(first));
        assert_eq!(machine_path(&format!("{second}.cargo")), Some(second));
        assert_eq!(machine_path(&format!("cd {third}me")), Some(third));
        assert_eq!(machine_path(&format!("https://example.com{first}x, .{second}x, ${{DIR}}{third}")), None);
    }
}

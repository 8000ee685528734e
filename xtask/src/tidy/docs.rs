//! Pages: relative links lead somewhere, and ARCHITECTURE.md names the crates there are.
//! Follows no link out of the repository.

use std::path::{Component, Path, PathBuf};

use super::{Finding, law};
use crate::repo;

const MAP: &str = "ARCHITECTURE.md";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for path in pages(root)? {
        let text = repo::read(&root.join(&path))?;
        for (line, target) in links(&text) {
            let problem = broken(root, &path, &text, &target)?;
            findings.extend(problem.map(|what| Finding::new(&path, line, what)));
        }
    }
    for page in ["README.md", MAP] {
        if !root.join(page).is_file() {
            findings.push(Finding::new(page, 1, "missing: write it"));
        }
    }
    if let Ok(map) = repo::read(&root.join(MAP)) {
        findings.extend(check_map(&map, &repo::folders(&root.join("crates"))?));
    }
    Ok(findings)
}

/// The pages for readers: those at the root, in `docs`, and the guides in `examples`.
fn pages(root: &Path) -> Result<Vec<PathBuf>, String> {
    let all = repo::files(root, "")?.into_iter();
    let markdown = all.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    let for_readers = markdown.filter(|path| {
        path.components().count() == 1
            || path.starts_with("docs")
            || (path.starts_with("examples") && path.ends_with("README.md"))
    });
    Ok(for_readers.collect())
}

/// Every `[text](target)` outside code, with its line.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        for (at, _) in text.match_indices("](") {
            let target = text.get(at + 2..).and_then(|rest| rest.split([')', ' ']).next());
            let target = target.unwrap_or_default().trim_matches(['<', '>']);
            found.push((line, target.to_string()));
        }
    }
    found
}

/// The lines outside fenced blocks, inline code blanked.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let parts = line.split('`').enumerate();
            let kept: Vec<&str> = parts.map(|(n, part)| if n % 2 == 0 { part } else { "" }).collect();
            lines.push((at + 1, kept.join("`")));
        }
    }
    lines
}

fn broken(root: &Path, page: &Path, text: &str, target: &str) -> Result<Option<String>, String> {
    let outside = target.contains("://") || target.starts_with("mailto:");
    if outside || target.is_empty() {
        return Ok(None);
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let there = if file.is_empty() {
        text.to_string()
    } else {
        let folder = page.parent().unwrap_or(Path::new(""));
        let Some(path) = resolve(&folder.join(file)).filter(|path| root.join(path).exists()) else {
            return Ok(Some(format!("link to `{target}` leads nowhere")));
        };
        let readable = path.extension().is_some_and(|kind| kind == "md");
        if !readable || anchor.is_empty() {
            return Ok(None);
        }
        repo::read(&root.join(path))?
    };
    let known = there.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
    Ok((!known).then(|| format!("link to `{target}`: no heading `#{anchor}`")))
}

/// Folds `..` away; a path that climbs out of the repository is none.
fn resolve(path: &Path) -> Option<PathBuf> {
    let mut folded = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => folded.push(name),
            Component::ParentDir => {
                if !folded.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(folded)
}

/// The anchor that a heading gets on the usual forges.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_');
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn check_map(map: &str, crates: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in crates {
        if !mentions(map).any(|(_, mentioned)| mentioned == name) {
            findings.push(Finding::new(MAP, 1, format!("say what `crates/{name}` holds")));
        }
    }
    for (line, name) in mentions(map) {
        if !crates.iter().any(|known| known == name) {
            findings.push(Finding::new(MAP, line, format!("there is no `crates/{name}`")));
        }
    }
    findings
}

/// Crates named as `crates/NAME`, or as a room in the first cell of a table row.
fn mentions(map: &str) -> impl Iterator<Item = (usize, &str)> {
    map.lines().enumerate().flat_map(|(at, line)| {
        let spelled = line.match_indices("crates/").filter_map(|(start, word)| {
            let rest = line.get(start + word.len()..)?;
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
            rest.get(..end.unwrap_or(rest.len())).filter(|name| !name.is_empty())
        });
        let cell = line.strip_prefix('|').and_then(|row| row.split('|').next());
        let room = cell
            .map(|cell| cell.trim().trim_matches('`'))
            .and_then(|name| law::rooms().find(|room| *room == name));
        let names: Vec<&str> = spelled.filter(|name| *name != "NAME").chain(room).collect();
        names.into_iter().map(move |name| (at + 1, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_code_are_not_links() {
        let text = "[a](b.md) and [c](<d.md> \"t\")\n```\n[x](y)\n```\nuse `v[0](1)` [e](f)\n";
        assert_eq!(links(text), [(1, "b.md".into()), (1, "d.md".into()), (5, "f".into())]);
    }

    #[test]
    fn a_link_leads_to_a_file_and_a_heading() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let verdict =
            |target: &str| broken(root, Path::new("src/page.md"), "# Two Words!\n", target).unwrap();
        assert_eq!(verdict("main.rs"), None);
        assert_eq!(verdict("../Cargo.toml#anything"), None);
        assert_eq!(verdict("https://example.com/x"), None);
        assert_eq!(verdict("#two-words"), None);
        assert_eq!(verdict("#three").as_deref(), Some("link to `#three`: no heading `#three`"));
        assert_eq!(verdict("gone.md").as_deref(), Some("link to `gone.md` leads nowhere"));
        assert_eq!(verdict("../../README.md").as_deref(), Some("link to `../../README.md` leads nowhere"));
    }

    #[test]
    fn the_map_names_the_crates_there_are_and_no_others() {
        let crates = ["model".to_string(), "wire".to_string(), "route".to_string()];
        let map =
            "`crates/model` and\n| `wire` | bytes |\n| `memory` | facts |\n| `verb` | x |\ncrates/attic.\n";
        let found: Vec<String> = check_map(map, &crates).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "ARCHITECTURE.md:1: say what `crates/route` holds",
                "ARCHITECTURE.md:3: there is no `crates/memory`",
                "ARCHITECTURE.md:5: there is no `crates/attic`"
            ]
        );
    }
}

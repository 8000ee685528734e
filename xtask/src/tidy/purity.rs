//! Purity: each pure crate has its own clippy.toml with every ban in it.
//! Checks that the bans stand; clippy enforces them.

use std::path::Path;

use super::{Finding, law};
use crate::repo;

/// Bans of a pure crate beside those of the root, which clippy's nearest-file rule makes it repeat.
const BANS: [&str; 16] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "jiff::tz::TimeZone::system",
    "std::env::var",
    "std::env::vars",
    "std::env::args",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::thread::spawn",
    "std::fs::File",
    "std::net::TcpStream",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let house = repo::read(&root.join("clippy.toml"))?;
    let mut findings = Vec::new();
    for room in law::PURE {
        let folder = format!("crates/{room}");
        if !root.join(&folder).is_dir() {
            continue;
        }
        let path = format!("{folder}/clippy.toml");
        match repo::read(&root.join(&path)) {
            Err(_) => findings.push(Finding::new(&path, 1, "missing: a pure crate states its own bans here")),
            Ok(text) => findings.extend(missing(&house, &text).map(|ban| {
                Finding::new(&path, 1, format!("add the ban of `{ban}`: `{room}` is a pure crate"))
            })),
        }
    }
    Ok(findings)
}

fn missing<'a>(house: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let present: Vec<&str> = banned(text).collect();
    banned(house).chain(BANS).filter(move |ban| !present.contains(ban))
}

/// The paths banned in a clippy.toml, comments left out.
fn banned(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.filter_map(|line| line.split_once("path = \"")?.1.split('"').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clippy(paths: &[&str]) -> String {
        paths.iter().map(|path| format!("    {{ path = \"{path}\", reason = \"pure\" }},\n")).collect()
    }

    #[test]
    fn a_full_list_is_enough() {
        let text = clippy(&BANS) + &clippy(&["a::b"]);
        assert_eq!(missing(&clippy(&["a::b"]), &text).count(), 0);
    }

    #[test]
    fn a_ban_that_is_gone_commented_out_or_only_in_the_root_is_missing() {
        let rest = clippy(BANS.get(2..).unwrap());
        let text = format!("# {}{rest}", clippy(&["std::time::Instant::now"]));
        let gone: Vec<&str> = missing("{ path = \"a::b\" }", &text).collect();
        assert_eq!(gone, ["a::b", "std::time::SystemTime::now", "std::time::Instant::now"]);
    }
}

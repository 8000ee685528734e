//! Manifests: every crate takes the lints of the workspace, and uses each dependency it declares.
//! Finds a use by name in the code; a dependency kept for its features says so in a comment.

use std::path::Path;

use super::Finding;
use super::law::{Dependency, Package, UseIn};
use super::source::Source;
use crate::repo;

const HATCH: &str = "# tidy: kept because";

pub(super) fn check(root: &Path, packages: &[Package], sources: &[Source]) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for package in packages {
        let path = format!("{}/Cargo.toml", package.folder);
        let text = repo::read(&root.join(&path))?;
        if !inherits_lints(&text) {
            findings.push(Finding::new(&path, 1, "add `[lints]` with `workspace = true`"));
        }
        for dependency in &package.dependencies {
            let (line, hatch) = place(&text, &dependency.name);
            let name = &dependency.name;
            let what = match hatch {
                Some("") => format!("`{HATCH}` above `{name}` needs a reason"),
                Some(_) => continue,
                None if is_used(package, dependency, sources) => continue,
                None => format!("`{name}` is declared and never used: remove it"),
            };
            findings.push(Finding::new(&path, line, what));
        }
    }
    Ok(findings)
}

fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.any(|line| line.replace(' ', "") == "workspace=true")
        || manifest.lines().any(|line| line.replace(' ', "") == "lints.workspace=true")
}

/// The line that declares a dependency, and the reason in the comment above it, if there is one.
fn place<'a>(manifest: &'a str, name: &str) -> (usize, Option<&'a str>) {
    let mut above = "";
    for (at, line) in manifest.lines().enumerate() {
        let after = line.trim().trim_start_matches('"').strip_prefix(name);
        if after.is_some_and(|rest| rest.starts_with(['.', ' ', '=', '"'])) {
            return (at + 1, above.trim().strip_prefix(HATCH).map(str::trim));
        }
        above = line;
    }
    (1, None)
}

fn is_used(package: &Package, dependency: &Dependency, sources: &[Source]) -> bool {
    let places: &[&str] = match dependency.use_in {
        UseIn::Code => &["src"],
        UseIn::Tests => &["src", "tests", "benches", "examples"],
        UseIn::Build => &["build.rs"],
    };
    let folders: Vec<String> = places.iter().map(|place| format!("{}/{place}", package.folder)).collect();
    let near = sources.iter().filter(|source| folders.iter().any(|folder| source.path.starts_with(folder)));
    near.into_iter().any(|source| source.tokens().iter().any(|token| token.text == dependency.crate_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
[package]
name = \"abide-x\"
[lints]
workspace = true
[dependencies]
serde.workspace = true
# tidy: kept because it turns on a feature of serde
serde_json = \"1\"
# tidy: kept because
http = { version = \"1\" }
";

    #[test]
    fn lints_of_the_workspace_are_seen() {
        assert!(inherits_lints(MANIFEST));
        assert!(inherits_lints("lints.workspace = true\n"));
        assert!(!inherits_lints("[package]\nworkspace = true\n"));
        assert!(!inherits_lints("[lints.clippy]\nall = \"warn\"\n"));
    }

    #[test]
    fn a_dependency_is_found_at_its_line_with_its_reason() {
        assert_eq!(place(MANIFEST, "serde"), (6, None));
        assert_eq!(place(MANIFEST, "serde_json"), (8, Some("it turns on a feature of serde")));
        assert_eq!(place(MANIFEST, "http"), (10, Some("")));
    }

    #[test]
    fn a_use_counts_only_in_code_and_only_where_it_may() {
        let package = Package { name: "abide-x".into(), folder: "crates/x".into(), dependencies: Vec::new() };
        let dependency = |use_in| Dependency { name: "a-b".into(), crate_name: "a_b".into(), use_in };
        let used = |path: &str, text: &str, use_in| {
            is_used(&package, &dependency(use_in), &[Source::new(Path::new(path), text)])
        };
        assert!(used("crates/x/src/lib.rs", "use a_b::C;", UseIn::Code));
        assert!(!used("crates/x/src/lib.rs", "// a_b\nlet s = \"a_b\"; a_bc();", UseIn::Code));
        assert!(!used("crates/x/tests/a.rs", "use a_b::C;", UseIn::Code));
        assert!(used("crates/x/tests/a.rs", "use a_b::C;", UseIn::Tests));
        assert!(!used("crates/y/src/lib.rs", "use a_b::C;", UseIn::Code));
    }
}

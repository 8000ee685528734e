//! The dependency law: which crate may see which, from `cargo metadata`.
//! Judges declared dependencies; what the code does with them is for the compiler.

use super::Finding;
use crate::json::Json;

/// The crates that take time, bytes and randomness as arguments.
pub(super) const PURE: [&str; 8] =
    ["model", "wire", "agreement", "route", "session", "memory", "ledger", "draw"];

/// What a pure crate must not link, whatever it would do with it.
const IMPURE: [&str; 9] =
    ["tokio", "hyper", "axum", "rusqlite", "rand", "getrandom", "reqwest", "notify", "tempfile"];

/// Each room with the rooms it may see.
const LAW: [(&str, &[&str]); 15] = [
    ("model", &[]),
    // Charts know nothing of what they show.
    ("draw", &[]),
    ("wire", &["model"]),
    ("agreement", &["model"]),
    ("route", &["model"]),
    ("session", &["model"]),
    ("memory", &["model"]),
    ("ledger", &["model"]),
    ("store", &["model"]),
    ("upstream", &["model", "wire", "route"]),
    ("tools", &["model"]),
    ("engine", BELOW_ENGINE),
    // The server speaks to the store, the clouds and the tools through the engine alone.
    ("server", &["model", "wire", "agreement", "route", "session", "memory", "ledger", "draw", "engine"]),
    ("sim", UP_TO_ENGINE),
    ("abide", UP_TO_SERVER),
];

const BELOW_ENGINE: &[&str] =
    &["model", "wire", "agreement", "route", "session", "memory", "ledger", "store", "upstream", "tools"];
const UP_TO_ENGINE: &[&str] = &[
    "model",
    "wire",
    "agreement",
    "route",
    "session",
    "memory",
    "ledger",
    "store",
    "upstream",
    "tools",
    "engine",
];
const UP_TO_SERVER: &[&str] = &[
    "model",
    "wire",
    "agreement",
    "route",
    "session",
    "memory",
    "ledger",
    "store",
    "upstream",
    "tools",
    "engine",
    "server",
    "sim",
    "draw",
];

/// A workspace member as `cargo metadata` tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    /// Relative to the root, with forward slashes: `crates/wire`.
    pub(super) folder: String,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// The name the code uses, with underscores.
    pub(super) crate_name: String,
    pub(super) use_in: UseIn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UseIn {
    Code,
    Tests,
    Build,
}

pub(super) fn packages(json: &Json) -> Vec<Package> {
    let root = json.get("workspace_root").and_then(Json::text).unwrap_or_default();
    let list = json.get("packages").map(Json::list).unwrap_or_default();
    list.iter().filter_map(|package| read_package(package, root)).collect()
}

pub(super) fn rooms() -> impl Iterator<Item = &'static str> {
    LAW.iter().map(|(room, _)| *room)
}

pub(super) fn check(packages: &[Package]) -> Vec<Finding> {
    packages.iter().flat_map(check_package).collect()
}

fn read_package(package: &Json, root: &str) -> Option<Package> {
    let manifest = package.get("manifest_path")?.text()?;
    let folder = manifest.strip_prefix(root)?.trim_start_matches('/').strip_suffix("/Cargo.toml")?;
    let dependencies = package.get("dependencies").map(Json::list).unwrap_or_default();
    Some(Package {
        name: package.get("name")?.text()?.to_string(),
        folder: folder.to_string(),
        dependencies: dependencies.iter().filter_map(read_dependency).collect(),
    })
}

fn read_dependency(dependency: &Json) -> Option<Dependency> {
    let name = dependency.get("name")?.text()?;
    let used_as = dependency.get("rename").and_then(Json::text).unwrap_or(name);
    let use_in = match dependency.get("kind").and_then(Json::text) {
        Some("dev") => UseIn::Tests,
        Some("build") => UseIn::Build,
        _ => UseIn::Code,
    };
    Some(Dependency { name: name.to_string(), crate_name: used_as.replace('-', "_"), use_in })
}

fn check_package(package: &Package) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let report = |what: String| Finding::new(&manifest, 1, what);
    if package.folder == "xtask" {
        let all = package.dependencies.iter();
        return all.map(|d| report(format!("xtask stands on std alone: remove `{}`", d.name))).collect();
    }
    let folder = package.folder.strip_prefix("crates/").unwrap_or(&package.folder);
    let wanted = if folder == "abide" { "abide".to_string() } else { format!("abide-{folder}") };
    if package.name != wanted {
        return vec![report(format!("crates/{folder} is package `{wanted}`, not `{}`", package.name))];
    }
    let Some((_, sees)) = LAW.iter().find(|(room, _)| *room == folder) else {
        return vec![report(format!("give `{folder}` its place in the law: xtask/src/tidy/law.rs"))];
    };
    let broken = package.dependencies.iter().filter_map(|d| breach(folder, sees, d));
    broken.map(report).collect()
}

fn breach(room: &str, sees: &[&str], dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    let tests = dependency.use_in == UseIn::Tests;
    let Some(seen) = name.strip_prefix("abide-").or((name == "abide").then_some("abide")) else {
        let impure = !tests && PURE.contains(&room) && IMPURE.contains(&name);
        return impure.then(|| format!("`{room}` is pure and must not link `{name}`"));
    };
    let allowed = sees.contains(&seen) || (tests && seen == "sim");
    let may = if sees.is_empty() { "nothing".to_string() } else { sees.join(", ") };
    (!allowed).then(|| format!("`{room}` must not see `{seen}`; it may see {may}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(folder: &str, name: &str, dependencies: &[(&str, &str)]) -> Vec<String> {
        let list = dependencies.iter().map(|(name, kind)| {
            let kind = if kind.is_empty() { "null".to_string() } else { format!("\"{kind}\"") };
            format!(r#"{{"name": "{name}", "kind": {kind}, "rename": null}}"#)
        });
        let text = format!(
            r#"{{"workspace_root": "/r", "packages": [{{"name": "{name}",
                "manifest_path": "/r/{folder}/Cargo.toml", "dependencies": [{}]}}]}}"#,
            list.collect::<Vec<_>>().join(",")
        );
        let packages = packages(&Json::parse(&text).unwrap());
        assert_eq!(packages.len(), 1);
        check(&packages).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn siblings_never_see_each_other() {
        assert_eq!(
            check_one("crates/wire", "abide-wire", &[("abide-model", ""), ("abide-route", "")]),
            ["`wire` must not see `route`; it may see model"]
        );
    }

    #[test]
    fn nobody_below_sees_what_is_above() {
        assert_eq!(
            check_one("crates/model", "abide-model", &[("abide-engine", "")]),
            ["`model` must not see `engine`; it may see nothing"]
        );
        assert_eq!(check_one("crates/server", "abide-server", &[("abide-store", "")]).len(), 1);
        assert_eq!(check_one("crates/engine", "abide-engine", &[("abide", "")]).len(), 1);
        assert_eq!(check_one("crates/sim", "abide-sim", &[("abide-server", "")]).len(), 1);
        assert_eq!(
            check_one("crates/draw", "abide-draw", &[("abide-model", "")]),
            ["`draw` must not see `model`; it may see nothing"]
        );
    }

    #[test]
    fn tests_may_see_the_fake_clouds_and_code_may_not() {
        assert_eq!(check_one("crates/upstream", "abide-upstream", &[("abide-sim", "dev")]), [""; 0]);
        assert_eq!(check_one("crates/upstream", "abide-upstream", &[("abide-sim", "")]).len(), 1);
        assert_eq!(check_one("crates/abide", "abide", &[("abide-sim", ""), ("abide-server", "")]), [""; 0]);
    }

    #[test]
    fn a_pure_crate_links_nothing_impure_outside_its_tests() {
        assert_eq!(
            check_one("crates/ledger", "abide-ledger", &[("tokio", ""), ("serde", ""), ("tempfile", "dev")]),
            ["`ledger` is pure and must not link `tokio`"]
        );
        assert_eq!(check_one("crates/store", "abide-store", &[("tokio", "")]), [""; 0]);
    }

    #[test]
    fn an_unknown_room_a_wrong_name_and_a_dependent_xtask_are_found() {
        assert!(check_one("crates/attic", "abide-attic", &[])[0].contains("place in the law"));
        assert!(check_one("crates/wire", "wire", &[])[0].contains("is package `abide-wire`"));
        assert!(check_one("xtask", "xtask", &[("serde", "")])[0].contains("std alone"));
    }
}

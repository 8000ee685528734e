//! The repository as files: where its root is, and which files belong to it.
//! Leaves out what is built, downloaded or written by a running Abide.

use std::fs;
use std::path::{Path, PathBuf};

use crate::json::Json;
use crate::shell;

const SKIPPED: [&str; 4] = ["target", "node_modules", "abide-data", "__pycache__"];
const HIDDEN_KEPT: [&str; 2] = [".ci", ".cargo"];

/// The root of the checkout that cargo runs this package in. Asked of cargo at run time: two
/// checkouts may share a target folder, and with it this program.
pub(crate) fn root() -> Result<PathBuf, String> {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_string());
    let parent = Path::new(&here).parent();
    parent.map(Path::to_path_buf).ok_or_else(|| "xtask has no parent folder".to_string())
}

/// Where cargo builds into, however it is told to.
pub(crate) fn target() -> Result<PathBuf, String> {
    let json = metadata()?;
    let target = json.get("target_directory").and_then(Json::text);
    target.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target folder".to_string())
}

/// What cargo knows of the workspace, its dependencies by name only.
pub(crate) fn metadata() -> Result<Json, String> {
    let mut command = shell::cargo();
    command.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root()?);
    Json::parse(&shell::output(&mut command)?)
}

/// Every file below `folder`, sorted, as paths relative to `root`. No folder, no files.
pub(crate) fn files(root: &Path, folder: &str) -> Result<Vec<PathBuf>, String> {
    let start = if folder.is_empty() { root.to_path_buf() } else { root.join(folder) };
    let mut found = Vec::new();
    if start.is_dir() {
        walk(root, &start, &mut found)?;
    }
    found.sort();
    Ok(found)
}

/// The names of the folders directly in `folder`, sorted.
pub(crate) fn folders(folder: &Path) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = entries(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    for path in entries(folder)? {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let hidden = name.starts_with('.') && !HIDDEN_KEPT.contains(&name.as_str());
        if path.is_dir() {
            if !hidden && !SKIPPED.contains(&name.as_str()) {
                walk(root, &path, found)?;
            }
        } else if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_path_buf());
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let list = fs::read_dir(folder).map_err(|e| format!("cannot list {}: {e}", folder.display()))?;
    Ok(list.filter_map(|entry| entry.ok().map(|e| e.path())).collect())
}

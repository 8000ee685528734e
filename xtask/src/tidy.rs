//! Checks the house rules and reports every breach at once, with its place and what to do.
//! Reads files and `cargo metadata`; changes nothing.

mod docs;
mod functions;
mod law;
mod manifest;
mod names;
mod purity;
mod source;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::repo;
use source::Source;

const HELP: &str = "\
cargo xtask tidy

Checks the dependency law, purity bans, lengths, names, comments, manifests and links.
Prints every finding as FILE:LINE: WHAT TO DO and ends with 1 if there is one.

A function or file that must be long says why, directly above or in its opening comment:
    // tidy: long because REASON
A dependency kept for its features alone says why, on the line above it:
    # tidy: kept because REASON";

/// One breach of a rule. Line 1 stands for the whole file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: impl AsRef<Path>, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: path.as_ref().display().to_string(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

pub(crate) fn main(arguments: &[String]) -> Result<ExitCode, String> {
    if let Some(argument) = arguments.first() {
        println!("{HELP}");
        let asked = argument == "--help" || argument == "-h";
        return if asked { Ok(ExitCode::SUCCESS) } else { Err(format!("tidy takes no `{argument}`")) };
    }
    let clean = run(&repo::root()?)?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints all findings and a last line; true when there are none.
pub(crate) fn run(root: &Path) -> Result<bool, String> {
    let findings = all(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: clean"),
        1 => println!("tidy: 1 finding"),
        many => println!("tidy: {many} findings"),
    }
    Ok(findings.is_empty())
}

fn all(root: &Path) -> Result<Vec<Finding>, String> {
    let sources = sources(root)?;
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(functions::check(source));
        findings.extend(names::check(source));
        findings.extend(words::check(source));
    }
    findings.extend(words::check_paths(root)?);
    findings.extend(docs::check(root)?);
    findings.extend(purity::check(root)?);
    match repo::metadata() {
        Ok(json) => {
            let packages = law::packages(&json);
            findings.extend(law::check(&packages));
            findings.extend(manifest::check(root, &packages, &sources)?);
        }
        Err(problem) => findings.push(Finding::new("Cargo.toml", 1, problem)),
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}

fn sources(root: &Path) -> Result<Vec<Source>, String> {
    let mut paths: Vec<PathBuf> = repo::files(root, "crates")?;
    paths.extend(repo::files(root, "xtask")?);
    let rust = paths.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    rust.map(|path| Ok(Source::new(&path, &repo::read(&root.join(&path))?))).collect()
}

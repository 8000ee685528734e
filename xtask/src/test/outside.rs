//! The suites that use Abide as its users do: Python and Node clients against the built program.
//! Everything they install goes into the target folder, nothing into the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Place, Report, cargo, count, counted};
use crate::test::count::Count;
use crate::{repo, shell};

pub(super) fn python(place: &Place) -> Report {
    let suite = place.root.join("tests/python");
    if !suite.is_dir() {
        return absent("tests/python");
    }
    let ready = build(place).and_then(|bin| Ok((bin, venv(place, &suite)?)));
    let ready = ready.and_then(|ready| programs().map(|()| ready));
    let (bin, python) = match ready {
        Ok(ready) => ready,
        Err(problem) => return Report::new(Count::default(), Err(problem)),
    };
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-p", "no:cacheprovider", "-r", "fEs", "--color=no"]).arg(&suite);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
    some_ran(counted(inform(&mut command, place, &bin).current_dir(&place.root), count::pytest))
}

pub(super) fn node(place: &Place) -> Report {
    let suite = place.root.join("tests/node");
    if !suite.is_dir() {
        return absent("tests/node");
    }
    let ready = build(place).and_then(|bin| Ok((bin, modules(place, &suite)?)));
    let (bin, copy) = match ready {
        Ok(ready) => ready,
        Err(problem) => return Report::new(Count::default(), Err(problem)),
    };
    // The package `node` brings the release that the suite wants; the system's may be older.
    let own = copy.join("node_modules/.bin/node");
    let mut command = Command::new(if own.exists() { own } else { PathBuf::from("node") });
    command.args(["--test", "--test-reporter=spec"]).env("NO_COLOR", "1");
    some_ran(counted(inform(&mut command, place, &bin).current_dir(copy), count::node))
}

fn absent(folder: &str) -> Report {
    println!("skipped: there is no {folder}");
    Report::new(Count::default(), Ok(()))
}

/// A suite that is there and runs nothing is broken, not empty.
fn some_ran(report: Report) -> Report {
    let none = report.problem.is_none() && report.count == Count::default();
    if none { Report::new(report.count, Err("no test ran".to_string())) } else { report }
}

fn inform<'a>(command: &'a mut Command, place: &Place, bin: &Path) -> &'a mut Command {
    let example = |name: &str| place.target.join("debug/examples").join(name);
    command
        .env("ABIDE_BIN", bin)
        .env("ABIDE_ASK", example("ask"))
        .env("ABIDE_RECKON", example("reckon"))
        .env("ABIDE_REPO", &place.root)
}

/// Builds the program and, beside it, the fake clouds that the suites start and the examples that oracles ask.
fn build(place: &Place) -> Result<PathBuf, String> {
    let programs = ["--package", "abide", "--bin", "abide", "--package", "abide-sim", "--bin", "fakeclouds"];
    shell::stream(cargo(place).args(["build", "--locked"]).args(programs), |_| {})?;
    for (package, example) in [("abide-agreement", "ask"), ("abide-ledger", "reckon")] {
        let words = ["build", "--locked", "--package", package, "--example", example];
        shell::stream(cargo(place).args(words), |_| {})?;
    }
    Ok(place.target.join("debug/abide"))
}

/// What the suite runs besides what pip brings: `hledger` reads the exported books, `curl` is what the demo offers.
fn programs() -> Result<(), String> {
    for program in ["curl", "hledger"] {
        if !shell::works(Command::new(program).arg("--version")) {
            shell::install(&[program])?;
        }
    }
    Ok(())
}

/// The Python of an environment of its own, with the requirements of the suite in it.
fn venv(place: &Place, suite: &Path) -> Result<PathBuf, String> {
    let folder = place.target.join("outside/venv");
    let python = folder.join("bin/python");
    if !shell::works(Command::new(&python).args(["-m", "pip", "--version"])) {
        let make = || {
            let mut command = Command::new("python3");
            command.args(["-m", "venv", "--clear"]).arg(&folder);
            shell::stream(&mut command, |_| {})
        };
        if make().is_err() {
            shell::install(&["python3", "python3-venv"])?;
            make()?;
        }
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    shell::stream(pip.arg(suite.join("requirements.txt")), |_| {})?;
    Ok(python)
}

/// A copy of the suite beside its installed packages, where Node looks for them.
fn modules(place: &Place, suite: &Path) -> Result<PathBuf, String> {
    let copy = place.target.join("outside/node");
    fs::create_dir_all(&copy).map_err(|e| format!("cannot make {}: {e}", copy.display()))?;
    mirror(suite, &copy)?;
    let wanted = wanted(suite)?;
    let stamp = copy.join(".installed");
    if copy.join("node_modules").is_dir() && repo::read(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(copy);
    }
    if !shell::works(Command::new("npm").arg("--version")) {
        shell::install(&["nodejs", "npm"])?;
    }
    let locked = suite.join("package-lock.json").is_file();
    let mut npm = Command::new("npm");
    npm.args([if locked { "ci" } else { "install" }, "--no-audit", "--no-fund", "--loglevel=error"]);
    shell::stream(npm.current_dir(&copy), |_| {})?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(copy)
}

/// The text that says what to install: the manifest and, where there is one, the lock.
fn wanted(suite: &Path) -> Result<String, String> {
    let lock = suite.join("package-lock.json");
    let lock = if lock.is_file() { repo::read(&lock)? } else { String::new() };
    Ok(repo::read(&suite.join("package.json"))? + &lock)
}

/// Makes `copy` hold the files of `suite` and, beside what npm installs, nothing else.
fn mirror(suite: &Path, copy: &Path) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("cannot copy {}: {e}", suite.display());
    let fresh = repo::files(suite, "")?;
    let lock = Path::new("package-lock.json");
    for stale in repo::files(copy, "")?.iter().filter(|path| !fresh.contains(path) && *path != lock) {
        if !stale.starts_with(".installed") {
            fs::remove_file(copy.join(stale)).map_err(fail)?;
        }
    }
    for path in &fresh {
        let to = copy.join(path);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        fs::copy(suite.join(path), to).map_err(fail)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_drops_what_is_gone_and_keeps_what_was_installed() {
        let base = std::env::temp_dir().join(format!("xtask-mirror-{}", std::process::id()));
        let (suite, copy) = (base.join("suite"), base.join("copy"));
        for (path, text) in [
            ("suite/package.json", "{}"),
            ("suite/deep/a.test.mjs", "new"),
            ("copy/deep/a.test.mjs", "old"),
            ("copy/gone.test.mjs", "x"),
            ("copy/node_modules/openai/index.js", "x"),
            ("copy/.installed", "{}"),
        ] {
            fs::create_dir_all(base.join(path).parent().unwrap()).unwrap();
            fs::write(base.join(path), text).unwrap();
        }
        mirror(&suite, &copy).unwrap();
        assert_eq!(repo::read(&copy.join("deep/a.test.mjs")).unwrap(), "new");
        assert!(copy.join("node_modules/openai/index.js").is_file());
        assert!(copy.join(".installed").is_file());
        assert!(copy.join("package.json").is_file());
        assert!(!copy.join("gone.test.mjs").exists());
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_suite_that_runs_nothing_is_a_failure() {
        assert_eq!(some_ran(Report::new(Count::default(), Ok(()))).failed(), 1);
        assert_eq!(some_ran(Report::new(Count { passed: 1, ..Count::default() }, Ok(()))).failed(), 0);
    }
}

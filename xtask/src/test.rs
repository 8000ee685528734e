//! Runs every test there is and ends with one count. Installs what the tests need, by name.
//! Each step stands alone: a failing one is reported at the end and stops none of the others.

mod count;
mod outside;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::{repo, shell, tidy};
use count::Count;

const HELP: &str = "\
cargo xtask test [--no-outside] [--only STEP]

Runs, in this order:
  fmt      cargo fmt --all --check
  tidy     the house rules
  clippy   cargo clippy on everything, warnings denied
  benches  cargo check of the benches that lie outside the workspace
  rust     all Rust tests, by cargo nextest where it is installed
  python   tests/python with pytest, against the built program
  node     tests/node with node --test, against the built program

The last two install what they need: Debian packages by apt-get, libraries by pip and npm
into the target folder. Ends with `N passed, N failed`; a step that fails without a failing
test of its own counts as one failure.

  --no-outside   leave python and node out
  --only STEP    run that step alone; may be given again";

/// What a step gets to know of the place it runs in.
struct Place {
    root: PathBuf,
    target: PathBuf,
}

type Step = fn(&Place) -> Report;

const STEPS: [(&str, Step); 7] = [
    ("fmt", fmt),
    ("tidy", tidy_step),
    ("clippy", clippy),
    ("benches", benches),
    ("rust", rust),
    ("python", outside::python),
    ("node", outside::node),
];
const OUTSIDE: [&str; 2] = ["python", "node"];

/// How a step went: its tests, and the problem that is not one of them.
struct Report {
    count: Count,
    problem: Option<String>,
}

impl Report {
    fn new(count: Count, outcome: Result<(), String>) -> Report {
        Report { count, problem: outcome.err() }
    }

    fn failed(&self) -> u64 {
        let unseen = self.problem.is_some() && self.count.failed == 0;
        self.count.failed + u64::from(unseen)
    }
}

pub(crate) fn main(arguments: &[String]) -> Result<ExitCode, String> {
    let Some(chosen) = choose(arguments)? else {
        println!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    let place = Place { root: repo::root()?, target: repo::target()? };
    let started = Instant::now();
    let mut reports = BTreeMap::new();
    for (at, (name, step)) in chosen.iter().enumerate() {
        println!("\n== {name} ({} of {})", at + 1, chosen.len());
        let began = Instant::now();
        let report = step(&place);
        let verdict = report.problem.as_deref().unwrap_or("ok");
        println!("== {name}: {verdict} [{:.1} s]", began.elapsed().as_secs_f64());
        reports.insert(at, (*name, report));
    }
    Ok(conclude(reports.values(), started))
}

fn conclude<'a>(reports: impl Iterator<Item = &'a (&'static str, Report)>, started: Instant) -> ExitCode {
    let (mut passed, mut failed) = (0, 0);
    println!();
    for (name, report) in reports {
        passed += report.count.passed;
        failed += report.failed();
        if report.count.skipped > 0 {
            println!("skipped in {name}: {}", report.count.skipped);
        }
        if report.failed() > 0 {
            println!("failed: {name}: {}", report.problem.as_deref().unwrap_or("see its output above"));
        }
    }
    println!("all steps took {:.0} s", started.elapsed().as_secs_f64());
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The steps asked for, in their order; none when help is.
fn choose(arguments: &[String]) -> Result<Option<Vec<(&'static str, Step)>>, String> {
    let mut only: Vec<&str> = Vec::new();
    let mut no_outside = false;
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--help" | "-h" => return Ok(None),
            "--no-outside" => no_outside = true,
            "--only" => only.push(words.next().ok_or("`--only` wants the name of a step")?),
            other => return Err(format!("test takes no `{other}`\n\n{HELP}")),
        }
    }
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|(step, _)| step == *name)) {
        return Err(format!("no step `{unknown}`\n\n{HELP}"));
    }
    let wanted = STEPS.into_iter().filter(|(name, _)| {
        (only.is_empty() || only.contains(name)) && !(no_outside && OUTSIDE.contains(name))
    });
    Ok(Some(wanted.collect()))
}

fn fmt(place: &Place) -> Report {
    let outcome = component(place, "fmt", "rustfmt")
        .and_then(|()| shell::stream(cargo(place).args(["fmt", "--all", "--check"]), |_| {}))
        .map_err(|problem| format!("{problem}; `cargo fmt --all` puts it right"));
    Report::new(Count::default(), outcome)
}

fn tidy_step(place: &Place) -> Report {
    let outcome = tidy::run(&place.root);
    let outcome = outcome.and_then(|clean| clean.then_some(()).ok_or_else(|| "has findings".to_string()));
    Report::new(Count::default(), outcome)
}

fn clippy(place: &Place) -> Report {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    let outcome = component(place, "clippy", "clippy")
        .and_then(|()| shell::stream(cargo(place).args(arguments), |_| {}));
    Report::new(Count::default(), outcome)
}

/// What lies outside the workspace is built by nothing else here, and would break unseen.
fn benches(place: &Place) -> Report {
    let mut check = cargo(place);
    check.args(["check", "--locked", "--manifest-path"]).arg(place.root.join("benches/agreement/Cargo.toml"));
    check.arg("--target-dir").arg(place.target.join("benches"));
    Report::new(Count::default(), shell::stream(&mut check, |_| {}))
}

fn rust(place: &Place) -> Report {
    if !shell::works(cargo(place).args(["nextest", "--version"])) {
        let all = ["test", "--workspace", "--locked", "--no-fail-fast"];
        return counted(cargo(place).args(all), count::cargo);
    }
    let units = ["nextest", "run", "--workspace", "--locked", "--no-fail-fast"];
    let units = counted(cargo(place).args(units), count::nextest);
    let docs = ["test", "--doc", "--workspace", "--locked", "--no-fail-fast"];
    let docs = counted(cargo(place).args(docs), count::cargo);
    let problems: Vec<String> = [units.problem, docs.problem].into_iter().flatten().collect();
    Report { count: units.count + docs.count, problem: (!problems.is_empty()).then(|| problems.join("; ")) }
}

/// Streams a suite and adds up the counts in its lines.
fn counted(command: &mut Command, read: fn(&str) -> Option<Count>) -> Report {
    let mut count = Count::default();
    let outcome = shell::stream(command, |line| count = count + read(line).unwrap_or_default());
    Report::new(count, outcome)
}

/// A minimal toolchain lacks some parts; rustup brings them.
fn component(place: &Place, command: &str, component: &str) -> Result<(), String> {
    if shell::works(cargo(place).args([command, "--version"])) {
        return Ok(());
    }
    let mut add = Command::new("rustup");
    shell::stream(add.args(["component", "add", component]), |_| {})
        .map_err(|problem| format!("{problem}; install `{component}` for this toolchain"))
}

fn cargo(place: &Place) -> Command {
    let mut command = shell::cargo();
    command.current_dir(&place.root);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arguments: &[&str]) -> Vec<&'static str> {
        let words: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        choose(&words).unwrap().unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        assert_eq!(chosen(&[]), ["fmt", "tidy", "clippy", "benches", "rust", "python", "node"]);
        assert_eq!(chosen(&["--no-outside"]), ["fmt", "tidy", "clippy", "benches", "rust"]);
        assert_eq!(chosen(&["--only", "rust", "--only", "tidy"]), ["tidy", "rust"]);
    }

    #[test]
    fn an_unknown_step_or_option_is_refused() {
        let refused = |words: &[&str]| {
            choose(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).err().unwrap()
        };
        assert!(refused(&["--only", "ruby"]).starts_with("no step `ruby`"));
        assert!(refused(&["--only"]).contains("wants the name"));
        assert!(refused(&["--fast"]).starts_with("test takes no `--fast`"));
    }

    #[test]
    fn a_step_that_breaks_without_a_failing_test_is_one_failure() {
        let broken = || Err("broke".to_string());
        assert_eq!(Report::new(Count::default(), broken()).failed(), 1);
        assert_eq!(Report::new(Count { passed: 5, failed: 2, skipped: 0 }, broken()).failed(), 2);
        assert_eq!(Report::new(Count { passed: 5, failed: 0, skipped: 0 }, Ok(())).failed(), 0);
    }
}

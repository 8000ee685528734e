//! Measures the gateway, the runtime and the agreements. Chooses the bench and reads its options.
//! Measures nothing itself.

mod abide;
mod child;
mod cores;
mod figures;
mod gateway;
mod http;
mod load;
mod nginx;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::{repo, shell};

const HELP: &str = "\
cargo xtask bench gateway [OPTIONS]
cargo xtask bench runtime [ARGUMENTS]
cargo xtask bench agreement [ARGUMENTS]

gateway: a small chat call, streaming and not, to one fake cloud by three paths: straight to
it, through nginx `proxy_pass`, through Abide; both write a line of their log for each request.
The proxy under test has core 0 to itself; the load and the fake cloud share core 1 (or take
cores 1 and 2 where there are three). Prints

  saturation   requests per second with every connection always busy
  half load    latency at half of each path's own saturation
  same rate    latency of all paths at half of Abide's saturation, and what each adds to direct

Latency counts from the moment a request was due, so a stall is charged to every request that
it delays. Of a stream, the time to the first byte of the body is reported.

  --seconds N       length of one measurement (3)
  --rounds N        times each measurement goes round the paths (5)
  --connections N   connections of the load (32)
  --only KIND       `chat` or `stream` alone

runtime: durable steps per second and bytes on disk a step, beside the bare disk. Its
arguments go to the example `bench_runtime` of abide-engine.

agreement: decisions per second and how long one takes, what a permit allocates, loading, the
search for conflicts and a statement over ten million usage lines, over random books of 100,
1,000 and 10,000 clauses, beside a general policy engine on the same rights and promises. Its
arguments go to `benches/agreement`, a package of its own that nothing else builds; `--help`
lists them.";

/// How long and how hard the gateway is measured.
#[derive(Debug, Clone, PartialEq)]
struct Options {
    seconds: f64,
    rounds: usize,
    connections: usize,
    only: Option<Kind>,
}

/// The two calls that are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Chat,
    Stream,
}

impl Default for Options {
    fn default() -> Options {
        Options { seconds: 3.0, rounds: 5, connections: 32, only: None }
    }
}

pub(crate) fn main(arguments: &[String]) -> Result<ExitCode, String> {
    let help = arguments.is_empty() || arguments.iter().any(|word| word == "--help" || word == "-h");
    match arguments.split_first() {
        Some((which, rest)) if !help && which == "gateway" => gateway(rest, arguments),
        Some((which, rest)) if !help && which == "runtime" => runtime(rest),
        Some((which, rest)) if !help && which == "agreement" => agreement(rest),
        Some((which, _)) if !help => Err(format!("no bench `{which}`\n\n{HELP}")),
        Some(_) | None => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn gateway(rest: &[String], all: &[String]) -> Result<ExitCode, String> {
    let options = options(rest)?;
    let release = repo::target()?.join("release");
    let build = |packages: &[&str]| {
        let mut command = shell::cargo();
        command.args(["build", "--release", "--locked", "--bins"]).current_dir(repo::root()?);
        command.args(packages.iter().flat_map(|package| ["--package", package]));
        shell::stream(&mut command, |_| {})
    };
    if cfg!(debug_assertions) {
        build(&["xtask"])?;
        return again(release.join("xtask"), all);
    }
    build(&["abide", "abide-sim"])?;
    gateway::run(&release, &options)?;
    Ok(ExitCode::SUCCESS)
}

/// A load generator without optimisation would measure itself: hands over to an optimised one.
fn again(program: PathBuf, arguments: &[String]) -> Result<ExitCode, String> {
    let mut command = Command::new(program);
    let status = command.arg("bench").args(arguments).status();
    let status = status.map_err(|e| format!("cannot run the optimised xtask: {e}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` wants a value, or is unknown\n\n{HELP}"))?;
        let wrong = || format!("`{word}` does not take `{value}`");
        match word {
            "--seconds" => options.seconds = value.parse().map_err(|_| wrong())?,
            "--rounds" => options.rounds = value.parse().map_err(|_| wrong())?,
            "--connections" => options.connections = value.parse().map_err(|_| wrong())?,
            "--only" => options.only = Some(kind(value).ok_or_else(wrong)?),
            other => return Err(format!("bench gateway takes no `{other}`\n\n{HELP}")),
        }
    }
    let sane = options.seconds > 0.0 && options.rounds > 0 && options.connections > 0;
    if sane { Ok(options) } else { Err("seconds, rounds and connections are at least 1".to_string()) }
}

fn kind(word: &str) -> Option<Kind> {
    match word {
        "chat" => Some(Kind::Chat),
        "stream" => Some(Kind::Stream),
        _ => None,
    }
}

fn runtime(arguments: &[String]) -> Result<ExitCode, String> {
    let mut command = shell::cargo();
    command.current_dir(repo::root()?);
    command.args(["run", "--release", "--package", "abide-engine", "--example", "bench_runtime", "--"]);
    shell::stream(command.args(arguments), |_| {})?;
    Ok(ExitCode::SUCCESS)
}

fn agreement(arguments: &[String]) -> Result<ExitCode, String> {
    let root = repo::root()?;
    let mut command = shell::cargo();
    command
        .args(["run", "--release", "--locked", "--manifest-path"])
        .arg(root.join("benches/agreement/Cargo.toml"));
    command.arg("--target-dir").arg(repo::target()?.join("benches")).arg("--").args(arguments);
    shell::stream(command.current_dir(root), |_| {})?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options, String> {
        options(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn options_replace_the_defaults() {
        assert_eq!(parse(&[]), Ok(Options::default()));
        let quick = Options { seconds: 0.5, rounds: 1, connections: 8, only: Some(Kind::Stream) };
        let words = ["--seconds", "0.5", "--rounds", "1", "--connections", "8", "--only", "stream"];
        assert_eq!(parse(&words), Ok(quick));
    }

    #[test]
    fn wrong_options_are_refused() {
        assert!(parse(&["--seconds"]).unwrap_err().contains("wants a value"));
        assert!(parse(&["--seconds", "soon"]).unwrap_err().contains("does not take `soon`"));
        assert!(parse(&["--seconds", "0"]).unwrap_err().contains("at least 1"));
        assert!(parse(&["--speed", "9"]).unwrap_err().contains("takes no `--speed`"));
    }
}

//! Measures the gateway and the runtime. Chooses the bench; measures nothing itself.

use std::process::ExitCode;

use crate::shell;

const HELP: &str = "\
cargo xtask bench runtime [ARGUMENTS]

  runtime   durable steps per second and bytes on disk, beside the bare disk";

pub(crate) fn main(arguments: &[String]) -> Result<ExitCode, String> {
    match arguments.split_first() {
        Some((which, rest)) if which == "runtime" => runtime(rest),
        Some((which, _)) if which != "--help" && which != "-h" => {
            Err(format!("no bench `{which}`\n\n{HELP}"))
        }
        Some(_) | None => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn runtime(arguments: &[String]) -> Result<ExitCode, String> {
    let mut command = shell::cargo();
    command.args(["run", "--release", "--package", "abide-engine", "--example", "bench_runtime", "--"]);
    shell::stream(command.args(arguments), |_| {})?;
    Ok(ExitCode::SUCCESS)
}

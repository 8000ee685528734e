//! The developer's commands of Abide: `tidy`, `test` and `bench`, on the standard library alone.
//! Knows the repository from outside and links none of its crates.

mod bench;
mod json;
mod repo;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  tidy     check the house rules: dependency law, purity, lengths, names, links
  test     run every test there is and print one count
  bench    measure the gateway, the runtime or the agreements

`cargo xtask COMMAND --help` says more.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode, String> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("--help", arguments),
    };
    match command {
        "tidy" => tidy::main(rest),
        "test" => test::main(rest),
        "bench" => bench::main(rest),
        "--help" | "-h" | "help" => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("no command `{other}`\n\n{HELP}")),
    }
}

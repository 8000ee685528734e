//! Runs other programs: quietly for their output, or with their lines passed through as they come.
//! Also the one place that installs a system package.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// The cargo that runs this program, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
}

/// Runs to the end and returns what was printed; a failure carries the error output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    let done = command.stdin(Stdio::null()).output().map_err(|e| format!("cannot run `{shown}`: {e}"))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(format!("`{shown}` failed: {}", String::from_utf8_lossy(&done.stderr).trim()))
}

/// Whether the program runs and ends well, its output unseen.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Runs with every line of both outputs passed through, each also given to `hear`.
pub(crate) fn stream(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<(), String> {
    let shown = show(command);
    println!("$ {shown}");
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|e| format!("cannot run `{shown}`: {e}"))?;
    let (sender, lines) = channel();
    let readers = [
        child.stdout.take().map(|pipe| forward(pipe, sender.clone())),
        child.stderr.take().map(|pipe| forward(pipe, sender.clone())),
    ];
    drop(sender);
    for line in lines {
        println!("{line}");
        hear(&line);
    }
    for reader in readers.into_iter().flatten() {
        reader.join().map_err(|_| format!("lost the output of `{shown}`"))?;
    }
    let status = child.wait().map_err(|e| format!("lost `{shown}`: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// Installs a Debian package, through sudo for anyone but root.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    let advice = format!("install it by hand: `apt-get install {}`", packages.join(" "));
    if !works(Command::new("apt-get").arg("--version")) {
        return Err(format!("there is no apt-get here; {advice}"));
    }
    let root = output(Command::new("id").arg("-u"))?.trim() == "0";
    let apt = |arguments: &[&str]| {
        let mut command = if root { Command::new("env") } else { Command::new("sudo") };
        if !root {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]).args(arguments);
        stream(&mut command, |_| {}).map_err(|e| format!("{e}; {advice}"))
    };
    // Stale lists are the usual reason for a failed install, a failed update rarely matters.
    if let Err(problem) = apt(&["update"]) {
        println!("{problem}");
    }
    let mut wanted = vec!["install", "--no-install-recommends"];
    wanted.extend(packages);
    apt(&wanted)
}

fn forward(pipe: impl Read + Send + 'static, lines: Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_string();
            if lines.send(text).is_err() {
                break;
            }
            line.clear();
        }
    })
}

fn show(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_string();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_outputs_are_heard() {
        let mut heard = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; printf three"]);
        stream(&mut command, |line| heard.push(line.to_string())).unwrap();
        heard.sort();
        assert_eq!(heard, ["one", "three", "two"]);
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let problem = stream(Command::new("sh").args(["-c", "exit 3"]), |_| {}).unwrap_err();
        assert!(problem.contains("`sh -c exit 3`") && problem.contains('3'), "{problem}");
        assert!(output(&mut Command::new("no-such-program-here")).unwrap_err().contains("cannot run"));
    }
}

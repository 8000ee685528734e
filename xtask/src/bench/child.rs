//! Programs that run beside the bench and end with it, whatever happens.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use crate::shell;

const READY_MAX: Duration = Duration::from_secs(30);
const GOODBYE_MAX: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// A running program; dropping it asks it to end, then makes it.
pub(super) struct Running {
    name: String,
    child: Child,
}

impl Running {
    /// Starts a program, its output in `NAME.log` in the folder.
    pub(super) fn start(name: &str, command: &mut Command, folder: &Path) -> Result<Running, String> {
        let log = folder.join(format!("{name}.log"));
        let fail = |e: std::io::Error| format!("cannot start {name}: {e}");
        let file = File::create(log).map_err(fail)?;
        let errors = file.try_clone().map_err(fail)?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(errors).spawn().map_err(fail)?;
        Ok(Running { name: name.to_string(), child })
    }

    /// Starts a program that says on its first line where it is; returns that line.
    pub(super) fn announced(name: &str, command: &mut Command) -> Result<(Running, String), String> {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = piped.spawn().map_err(|e| format!("cannot start {name}: {e}"))?;
        let mut running = Running { name: name.to_string(), child };
        let pipe = running.child.stdout.take().ok_or_else(|| format!("{name} has no output"))?;
        let (sender, lines) = channel();
        // Reads on after the first line, so that the program never waits for a full pipe.
        thread::spawn(move || {
            BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let line = lines.recv_timeout(READY_MAX).map_err(|_| format!("{name} did not say where it is"))?;
        Ok((running, line))
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until something accepts connections there.
    pub(super) fn ready_at(&mut self, address: SocketAddr) -> Result<(), String> {
        let began = Instant::now();
        while TcpStream::connect_timeout(&address, POLL).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("{} ended with {status} before it was ready", self.name));
            }
            if began.elapsed() > READY_MAX {
                return Err(format!("{} was not ready in {} s", self.name, READY_MAX.as_secs()));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        if ended(&mut self.child) {
            return;
        }
        let began = Instant::now();
        let asked = shell::works(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        while asked && !ended(&mut self.child) && began.elapsed() < GOODBYE_MAX {
            thread::sleep(POLL);
        }
        if !ended(&mut self.child) {
            eprintln!("{} does not end when asked: killed", self.name);
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// A loopback address nobody listens on at this moment.
pub(super) fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map_err(|e| format!("no free port: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(pid: u32) -> bool {
        Path::new(&format!("/proc/{pid}")).exists()
    }

    #[test]
    fn a_dropped_program_has_ended() {
        let mut command = Command::new("sh");
        let (running, line) =
            Running::announced("shell", command.args(["-c", "echo here; exec sleep 60"])).unwrap();
        let pid = running.pid();
        assert_eq!(line, "here");
        assert!(alive(pid));
        drop(running);
        assert!(!alive(pid));
    }

    #[test]
    fn a_program_that_ends_early_is_told_from_a_slow_one() {
        let folder = std::env::temp_dir();
        let name = format!("xtask-early-{}", std::process::id());
        let mut running = Running::start(&name, Command::new("sh").args(["-c", "exit 3"]), &folder).unwrap();
        let problem = running.ready_at("127.0.0.1:1".parse().unwrap()).unwrap_err();
        assert!(problem.contains("before it was ready") && problem.contains('3'), "{problem}");
        std::fs::remove_file(folder.join(format!("{name}.log"))).unwrap();
    }
}

//! Which core does what, and how much of it a process used. Linux only, through `taskset` and /proc.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::shell;

/// Linux reports processor time to programs in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// The proxy under test is alone on its core; load and cloud share the other, or have one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cores {
    pub(super) proxy: usize,
    pub(super) load: usize,
    pub(super) cloud: usize,
}

pub(super) fn share_out() -> Result<Cores, String> {
    if !shell::works(Command::new("taskset").arg("--version")) {
        shell::install(&["util-linux"])?;
    }
    let count = thread::available_parallelism().map_or(1, usize::from);
    for_count(count).ok_or_else(|| "the bench needs two cores: one for the proxy alone".to_string())
}

fn for_count(count: usize) -> Option<Cores> {
    (count >= 2).then_some(Cores { proxy: 0, load: 1, cloud: if count > 2 { 2 } else { 1 } })
}

/// A command that starts a program on one core only.
pub(super) fn pinned(core: usize, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string(), program]);
    command
}

/// Moves this process, and the threads it will start, to one core.
pub(super) fn pin_self(core: usize) -> Result<(), String> {
    let (core, own) = (core.to_string(), std::process::id().to_string());
    shell::output(Command::new("taskset").args(["--all-tasks", "--cpu-list", "--pid", &core, &own]))
        .map(|_| ())
}

/// Processor time a process has used since it started, in user and kernel.
pub(super) fn used(pid: u32) -> Option<Duration> {
    processor_time(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Resident memory in KiB.
pub(super) fn resident_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Time of all cores since the machine started, in ticks: what its host took from it (steal), and all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Machine {
    stolen: u64,
    all: u64,
}

impl Machine {
    pub(super) fn now() -> Option<Machine> {
        machine_time(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// What part of the time since `before` the host took.
    pub(super) fn stolen_since(self, before: Machine) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        self.stolen.saturating_sub(before.stolen) as f64 / all as f64
    }
}

/// The eighth field of the first line is steal; guests, after it, are counted as user time already (proc_stat(5)).
fn machine_time(stat: &str) -> Option<Machine> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let fields: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(Machine { stolen: *fields.get(7)?, all: fields.iter().sum() })
}

/// The program's name comes second, in brackets, and may hold spaces: fields count from after it.
fn processor_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let (user, kernel) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some(Duration::from_secs_f64((user + kernel) / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_always_alone() {
        assert_eq!(for_count(1), None);
        assert_eq!(for_count(2), Some(Cores { proxy: 0, load: 1, cloud: 1 }));
        assert_eq!(for_count(8), Some(Cores { proxy: 0, load: 1, cloud: 2 }));
    }

    #[test]
    fn processor_time_is_user_and_kernel_together() {
        let stat = "12 (a b) c) S 1 12 12 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 100 0 0";
        assert_eq!(processor_time(stat), Some(Duration::from_secs(2)));
        assert_eq!(processor_time("12 (x"), None);
    }

    #[test]
    fn what_the_host_took_is_a_part_of_all_time() {
        let at = |stat| machine_time(stat).unwrap();
        let before = at("cpu  10 0 10 70 5 0 0 5 9 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
        assert_eq!(before, Machine { stolen: 5, all: 100 });
        let after = at("cpu  50 0 10 110 5 0 0 25 9 0\n");
        assert!((after.stolen_since(before) - 0.2).abs() < 1e-9);
        assert_eq!(machine_time("cpu  10 0 10 70\n"), None);
    }

    #[test]
    fn this_process_is_resident() {
        assert!(resident_kib(std::process::id()).is_some_and(|kib| kib > 100));
    }
}

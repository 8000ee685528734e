//! The machine loses power at any moment: what was answered as on disk is there, and nothing is there by halves.
//!
//! The test starts itself again under strace(1), several times on the same folder, and keeps a model of the disk from
//! the calls it sees: a write is certain once a sync of its file that began after it has ended, the removal of a name
//! once one of its folder has. At many moments it opens what is certain, with any part of what is not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abide_model::Hash;
use abide_model::id::SessionId;
use abide_store::{Append, Blob, NewSession, Options, Store};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const FOLDER: &str = "ABIDE_TEST_POWER_FOLDER";
/// Which of the processes one is, that work on the folder one after the other.
const LIFE: &str = "ABIDE_TEST_POWER_LIFE";
/// How each of them ends: closed, or as it is.
const LIVES: [bool; 4] = [false, false, true, false];
/// As few as there can be, so that the files of the commit log take turns often.
const OPTIONS: Options = Options { file_bytes_max: None, log_file_bytes: Some(64 << 10) };
const WRITERS: u128 = 4;
/// Of each session in one life.
const STEPS: u64 = 30;
/// So many steps, then long enough for a checkpoint, so that the write-ahead log starts over.
const BURST: u64 = 10;
const PAUSE: Duration = Duration::from_millis(250);
/// Sessions that are erased in one life.
const DOOMED: u128 = 3;
/// Moments at which the power fails.
const MOMENTS: usize = 60;
/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 4_096;

/// Needs strace, and says so where it is not or may not.
#[test]
fn what_was_answered_as_on_disk_survives_the_machine() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return match std::env::var(LIFE) {
            Ok(life) => live(Path::new(&folder), life.parse().unwrap()),
            Err(_) => (0..LIVES.len()).for_each(|life| assert!(rerun(life).status().unwrap().success())),
        };
    }
    let dir = TempDir::new().unwrap();
    let (store, trace) = (dir.path().join("store"), dir.path().join("trace"));
    Store::open(&store, OPTIONS).unwrap().store.close();
    let before = fs::read(store.join("abide.db")).unwrap();
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-y", "-xx", "-s", "100000", "-e", "signal=none"])
        .args(["-e", "trace=pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,write", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "what_was_answered_as_on_disk_survives_the_machine", "--nocapture"])
        .env(FOLDER, &store)
        .stdout(Stdio::null())
        .status();
    if !traced.is_ok_and(|status| status.success()) {
        eprintln!("not tried: strace is not there, or may not look");
        return;
    }
    let mut machine = Machine::new(&store, before);
    let calls = BufReader::new(fs::File::open(&trace).unwrap()).lines().count();
    for (n, line) in BufReader::new(fs::File::open(&trace).unwrap()).lines().enumerate() {
        machine.see(&line.unwrap());
        let found = dir.path().join("found");
        if std::mem::take(&mut machine.gives_up) {
            machine.check(&found, &mut |file| file.starts_with("commit-"));
        }
        if n % (calls / MOMENTS).max(1) == 0 {
            machine.fail_power(&found, n as u64);
        }
    }
    machine.fail_power(&dir.path().join("found"), 0);
    assert!(machine.restarts >= 4, "the log started over {} times", machine.restarts);
    assert!(machine.cuts >= LIVES.len(), "the log was cut {} times", machine.cuts);
    assert!(machine.turns >= 20, "the commit log began a file {} times", machine.turns);
    assert!(machine.syncs > 50, "{} syncs", machine.syncs);
    assert_eq!(machine.answered.heads.len(), WRITERS as usize);
    assert!(machine.answered.heads.values().all(|head| *head + 2 > STEPS * LIVES.len() as u64));
}

/// The test again, in a process of its own.
fn rerun(life: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "what_was_answered_as_on_disk_survives_the_machine", "--nocapture"]);
    command.env(LIFE, life.to_string());
    command
}

fn body(session: u128) -> Vec<u8> {
    format!("said by {session} ").repeat(600).into_bytes()
}

fn step(session: u128, expect: u64) -> Append {
    let record = format!("{session} {expect} ").repeat(1 + (expect as usize * 37) % 400).into_bytes();
    let body = body(session);
    Append {
        session: SessionId(session),
        expect,
        records: vec![record],
        open: false,
        durable: expect % 2 == 1,
        at_ms: 1,
        lines: Vec::new(),
        blobs: vec![Blob { hash: Hash::of(&body), body, content: true }],
        snapshot: None,
        first: (expect == 0).then(|| NewSession { owner: "ann".to_owned(), named: true }),
    }
}

fn live(folder: &Path, life: usize) {
    let store = Store::open(folder, OPTIONS).unwrap().store;
    Runtime::new().unwrap().block_on(async {
        let mut workers = tokio::task::JoinSet::new();
        for session in 0..WRITERS {
            workers.spawn(go_on(store.clone(), session));
        }
        for doomed in 100 + DOOMED * life as u128..100 + DOOMED * (life as u128 + 1) {
            for expect in 0..12 {
                store.append(step(doomed, expect)).await.unwrap();
            }
            store.erase(SessionId(doomed)).await.unwrap();
            say(&format!("erased {doomed}\n"));
            tokio::time::sleep(PAUSE).await;
        }
        workers.join_all().await;
    });
    if LIVES.get(life) == Some(&true) {
        store.close();
    }
    std::mem::forget(store);
}

async fn go_on(store: Store, session: u128) {
    let from = store.read(SessionId(session)).await.unwrap().map_or(0, |journal| journal.head);
    for expect in from..from + STEPS {
        let append = step(session, expect);
        let durable = append.durable;
        let head = store.append(append).await.unwrap();
        if durable {
            say(&format!("head {session} {head}\n"));
        }
        if head.is_multiple_of(BURST) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn say(line: &str) {
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

/// What the process heard before the power failed.
#[derive(Default)]
struct Answered {
    heads: BTreeMap<u128, u64>,
    erased: Vec<u128>,
}

/// A change of a file, in the order the kernel was asked for it.
struct Change {
    what: What,
    /// Counts ended calls; none while the call is under way.
    ended: Option<usize>,
    certain: bool,
    pid: u32,
}

enum What {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        length: usize,
    },
    /// The name is free again. What follows happens to another file.
    Remove,
}

/// What a name stands for.
#[derive(Default)]
struct Disk {
    certain: Option<Vec<u8>>,
    changes: Vec<Change>,
}

impl Disk {
    /// Takes note of a sync that began after so many calls had ended: of the file, or of its folder.
    fn sync(&mut self, before: usize, folder: bool) {
        for change in &mut self.changes {
            let removed = matches!(change.what, What::Remove);
            change.certain |= removed == folder && change.ended.is_some_and(|ended| ended < before);
        }
        // What happened to the file of a name that may not be its own yet stays open.
        let open = |change: &Change| matches!(change.what, What::Remove) && !change.certain;
        let until = self.changes.iter().position(open).unwrap_or(self.changes.len());
        let later = self.changes.split_off(until);
        if let Some(last) = self.changes.iter().rposition(|change| matches!(change.what, What::Remove)) {
            self.certain = None;
            self.changes.drain(..=last);
        }
        let (certain, open): (Vec<_>, Vec<_>) = self.changes.drain(..).partition(|change| change.certain);
        certain.iter().for_each(|change| change.what.reach(&mut self.certain, &mut || true));
        self.changes = open.into_iter().chain(later).collect();
    }

    /// What is found after the power failed.
    fn found(&self, luck: &mut dyn FnMut() -> bool) -> Option<Vec<u8>> {
        let mut found = self.certain.clone();
        for Change { what, certain, .. } in &self.changes {
            match what {
                What::Remove if *certain || luck() => found = None,
                What::Remove => break,
                What::Write { .. } | What::Cut { .. } if *certain => what.reach(&mut found, &mut || true),
                What::Write { .. } | What::Cut { .. } => what.reach(&mut found, luck),
            }
        }
        found
    }
}

struct Machine {
    folder: String,
    files: BTreeMap<String, Disk>,
    /// Syncs under way: which file, and how many calls had ended before.
    syncing: BTreeMap<u32, (String, usize)>,
    ended: usize,
    answered: Answered,
    restarts: usize,
    cuts: usize,
    turns: usize,
    syncs: usize,
    /// Set when a file of the commit log was just written over or removed.
    gives_up: bool,
}

impl Machine {
    fn new(folder: &Path, database: Vec<u8>) -> Machine {
        let database = Disk { certain: Some(database), changes: Vec::new() };
        Machine {
            folder: folder.to_str().unwrap().to_owned(),
            files: [("abide.db".to_owned(), database)].into(),
            syncing: BTreeMap::new(),
            ended: 0,
            answered: Answered::default(),
            restarts: 0,
            cuts: 0,
            turns: 0,
            syncs: 0,
            gives_up: false,
        }
    }

    /// Takes in one line of the trace: `PID call(ARGUMENTS) = RESULT`, or the first or the second half of one.
    fn see(&mut self, line: &str) {
        let (pid, line) = line.split_once(' ').unwrap();
        let (pid, line) = (pid.parse().unwrap(), line.trim_start());
        let result = line.rsplit_once(" = ").map(|(_, result)| result).filter(|result| *result != "?");
        if !line.starts_with("<...") {
            let (name, arguments) = line.split_once('(').unwrap();
            self.begin(pid, name, arguments);
        }
        if let Some(result) = result {
            self.end(pid, result.starts_with('-'));
        }
    }

    fn begin(&mut self, pid: u32, name: &str, arguments: &str) {
        let path = if name.starts_with("unlink") { quoted(arguments) } else { opened(arguments) };
        let path = String::from_utf8(path).unwrap();
        if name == "write" {
            if arguments.starts_with("1<") {
                self.hear(&String::from_utf8(quoted(arguments)).unwrap());
            }
            return;
        }
        if path == self.folder {
            self.syncing.insert(pid, (String::new(), self.ended));
            return;
        }
        let Some(file) = path.strip_prefix(&self.folder).and_then(|path| path.strip_prefix('/')) else {
            return;
        };
        let last = || number(arguments.rsplit(", ").next().unwrap());
        let what = match name {
            "pwrite64" => What::Write { at: last(), bytes: quoted(arguments) },
            "ftruncate" => What::Cut { length: last() },
            "unlink" | "unlinkat" => What::Remove,
            _ => {
                assert!(matches!(name, "fsync" | "fdatasync"), "`{name}` of `{file}`");
                self.syncing.insert(pid, (file.to_owned(), self.ended));
                return;
            }
        };
        self.gives_up |=
            file.starts_with("commit-") && matches!(what, What::Write { at: 0, .. } | What::Remove);
        match what {
            What::Write { at: 0, .. } if file == "abide.db-wal" => self.restarts += 1,
            What::Write { at: 0, .. } if file.starts_with("commit-") => self.turns += 1,
            What::Cut { length: 0 } => self.cuts += 1,
            What::Write { .. } | What::Cut { .. } | What::Remove => {}
        }
        let change = Change { what, ended: None, certain: false, pid };
        self.files.entry(file.to_owned()).or_default().changes.push(change);
    }

    fn end(&mut self, pid: u32, failed: bool) {
        assert!(!failed, "no call fails here");
        for change in self.files.values_mut().flat_map(|disk| &mut disk.changes) {
            if change.pid == pid && change.ended.is_none() {
                change.ended = Some(self.ended);
            }
        }
        self.ended += 1;
        let Some((file, before)) = self.syncing.remove(&pid) else { return };
        self.syncs += 1;
        if file.is_empty() {
            self.files.values_mut().for_each(|disk| disk.sync(before, true));
        } else {
            self.files.entry(file).or_default().sync(before, false);
        }
    }

    fn hear(&mut self, said: &str) {
        match *said.trim_end().split(' ').collect::<Vec<_>>() {
            ["head", session, head] => {
                self.answered.heads.insert(session.parse().unwrap(), head.parse().unwrap());
            }
            ["erased", session] => self.answered.erased.push(session.parse().unwrap()),
            // The test harness talks as well.
            _ => {}
        }
    }

    /// Opens what is certain, with nothing of what is not, all of it, and some of it.
    fn fail_power(&self, folder: &Path, seed: u64) {
        let mut state = seed | 1;
        let mut toss = |_: &str| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.is_multiple_of(2)
        };
        self.check(folder, &mut |_| false);
        self.check(folder, &mut |_| true);
        for _ in 0..3 {
            self.check(folder, &mut toss);
        }
    }

    fn check(&self, folder: &Path, luck: &mut dyn FnMut(&str) -> bool) {
        fs::create_dir(folder).unwrap();
        for (name, disk) in &self.files {
            if let Some(found) = disk.found(&mut || luck(name)) {
                fs::write(folder.join(name), found).unwrap();
            }
        }
        let store = Store::open(folder, OPTIONS).unwrap().store;
        Runtime::new().unwrap().block_on(async {
            for session in 0..WRITERS {
                let answered = self.answered.heads.get(&session).copied().unwrap_or(0);
                check_session(&store, session, answered).await;
            }
            for session in &self.answered.erased {
                assert_eq!(store.read(SessionId(*session)).await, Ok(None));
                assert_eq!(store.blobs(&[Hash::of(&body(*session))]).await, Ok(vec![None]));
            }
        });
        drop(store);
        fs::remove_dir_all(folder).unwrap();
    }
}

impl What {
    /// Changes the file, as far as luck has it, a sector at a time.
    fn reach(&self, file: &mut Option<Vec<u8>>, luck: &mut dyn FnMut() -> bool) {
        match self {
            What::Cut { length } if luck() => file.get_or_insert_default().resize(*length, 0),
            What::Cut { .. } | What::Remove => {}
            What::Write { at, bytes } => {
                let mut from = 0;
                while from < bytes.len() {
                    let to = bytes.len().min(from + SECTOR_BYTES - (at + from) % SECTOR_BYTES);
                    if luck() {
                        let file = file.get_or_insert_default();
                        file.resize(file.len().max(at + to), 0);
                        file.get_mut(at + from..at + to)
                            .unwrap()
                            .copy_from_slice(bytes.get(from..to).unwrap());
                    }
                    from = to;
                }
            }
        }
    }
}

async fn check_session(store: &Store, session: u128, answered: u64) {
    let records = store.read_from(SessionId(session), 1).await.unwrap().unwrap_or_default();
    assert!(records.len() as u64 >= answered, "session {session} is at {} after {answered}", records.len());
    for (expect, record) in records.iter().enumerate() {
        assert_eq!(Some(record), step(session, expect as u64).records.first(), "step {expect} of {session}");
    }
    if !records.is_empty() {
        let body = body(session);
        assert_eq!(store.blobs(&[Hash::of(&body)]).await, Ok(vec![Some(body)]));
    }
}

fn number(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The path in `3</tmp/a>`.
fn opened(arguments: &str) -> Vec<u8> {
    let path = arguments.split_once('<').and_then(|(_, path)| path.split_once('>'));
    path.map(|(path, _)| bytes(path)).unwrap_or_default()
}

fn quoted(arguments: &str) -> Vec<u8> {
    bytes(arguments.split('"').nth(1).unwrap())
}

/// Reads `\x61\x62`.
fn bytes(text: &str) -> Vec<u8> {
    let pair = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split("\\x").filter(|pair| !pair.is_empty()).map(pair).collect()
}

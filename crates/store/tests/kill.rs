//! A process that is killed at any moment has lost nothing it answered, and kept nothing by halves.
//!
//! The test starts itself again as the process to be killed, which says on its standard output what was answered.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use abide_model::Hash;
use abide_model::id::SessionId;
use abide_store::{Append, Blob, Filter, Line, NewSession, Options, Reader, Snapshot, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const FOLDER: &str = "ABIDE_TEST_KILL_FOLDER";
/// The first session that the process may erase: erased ones never come back.
const DOOMED: &str = "ABIDE_TEST_KILL_DOOMED";
/// As few as there can be, so that the files of the commit log take turns often.
const OPTIONS: Options = Options { file_bytes_max: None, log_file_bytes: Some(64 << 10) };
const WRITERS: u64 = 16;
/// When a round is killed: so many milliseconds after a first word. Some are long enough for heads to be written
/// back, most too short.
const ROUNDS: [(&str, u64); 10] = [
    ("head", 1),
    ("head", 5),
    ("erased", 0),
    ("head", 80),
    ("head", 1_300),
    ("head", 3),
    ("erased", 2),
    ("head", 1_100),
    ("erased", 40),
    ("head", 2),
];
/// Beside sessions that go on, some have one step only, so that each age of a head that is behind is met.
const BRIEF_EVERY: Duration = Duration::from_millis(20);
/// Rows of a session that is erased: more than are removed in one transaction.
const ERASED_ROWS: usize = 150;

#[test]
fn a_killed_process_loses_nothing_it_answered() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        append_until_killed(Path::new(&folder));
    }
    let dir = TempDir::new().unwrap();
    let mut answered = Answered::default();
    for (round, when) in ROUNDS.into_iter().enumerate() {
        run_and_kill(dir.path(), round, when, &mut answered);
        thread::scope(|both| {
            let beside = [0; 2].map(|_| both.spawn(|| check_beside(dir.path(), &answered)));
            if round % 3 == 0 {
                beside.into_iter().for_each(|reader| reader.join().unwrap());
            }
            check(dir.path(), &answered, round % 2 == 0);
        });
    }
    assert!(answered.heads.values().sum::<u64>() > 1_000);
    assert!(answered.heads.len() > 2 * WRITERS as usize);
    assert!(answered.erased.len() >= 3);
}

/// What the killed processes said, all of them together.
#[derive(Default)]
struct Answered {
    heads: BTreeMap<u128, u64>,
    erased: BTreeSet<u128>,
}

impl Answered {
    fn take(&mut self, said: &str) {
        match said.split(' ').collect::<Vec<_>>()[..] {
            ["head", session, head] => {
                let known = self.heads.insert(session.parse().unwrap(), head.parse().unwrap());
                assert!(known.unwrap_or(0) < head.parse().unwrap());
            }
            ["erased", session] => assert!(self.erased.insert(session.parse().unwrap())),
            // The test harness talks as well.
            _ => {}
        }
    }
}

fn run_and_kill(folder: &Path, round: usize, (word, ms): (&str, u64), answered: &mut Answered) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_process_loses_nothing_it_answered", "--nocapture"])
        .env(FOLDER, folder)
        .env(DOOMED, format!("{}", 1_000 * (round + 1)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (said, heard) = mpsc::channel();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listener = thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
    for line in &heard {
        answered.take(&line);
        if line.starts_with(word) {
            break;
        }
    }
    thread::sleep(Duration::from_millis(ms));
    child.kill().unwrap();
    child.wait().unwrap();
    heard.iter().for_each(|line| answered.take(&line));
    listener.join().unwrap().unwrap();
}

fn record(session: u128, seq: u64) -> Vec<u8> {
    let length = Hash::of(&seq.to_be_bytes()).0[0] as usize * 20;
    let mut record = format!("{session} {seq} ").into_bytes();
    record.resize(record.len() + length, b'.');
    record
}

fn step(session: u128, expect: u64) -> Append {
    let records = 1 + expect % 3;
    let after = expect + records;
    // Held by many sessions, by one, by nobody.
    let bodies = [
        (format!("shared {}", expect / 50), true),
        (format!("own {session} {}", expect / 50), true),
        (format!("plan {session} {}", expect / 50), false),
    ];
    let blob = |(body, content): (String, bool)| {
        let body = body.into_bytes();
        Blob { hash: Hash::of(&body), body, content }
    };
    Append {
        session: SessionId(session),
        expect,
        records: (expect + 1..=after).map(|seq| record(session, seq)).collect(),
        open: after.is_multiple_of(2),
        durable: expect.is_multiple_of(4),
        at_ms: 1,
        lines: vec![Line { at_ms: 1, body: format!("{session} {expect}").into_bytes() }],
        blobs: bodies.map(blob).into(),
        snapshot: (expect % 16 == 5).then(|| Snapshot { seq: after, body: after.to_be_bytes().to_vec() }),
        first: (expect == 0).then(|| NewSession { owner: format!("owner {session}"), named: true }),
    }
}

fn append_until_killed(folder: &Path) -> ! {
    let store = Store::open(folder, OPTIONS).unwrap().store;
    Runtime::new().unwrap().block_on(async {
        let filter = Filter { unnamed: true, ..Filter::default() };
        let known = store.sessions(filter, 100_000).await.unwrap();
        let heads: BTreeMap<u128, u64> =
            known.into_iter().map(|listed| (listed.session.0, listed.head)).collect();
        for session in 0..u128::from(WRITERS) {
            let (store, mut head) = (store.clone(), heads.get(&session).copied().unwrap_or(0));
            tokio::spawn(async move {
                loop {
                    head = store.append(step(session, head)).await.unwrap();
                    say(&format!("head {session} {head}\n"));
                }
            });
        }
        let mut doomed: u128 = std::env::var(DOOMED).unwrap().parse().unwrap();
        let (brief, first) = (store.clone(), doomed * 1_000);
        tokio::spawn(async move {
            for session in first.. {
                let head = brief.append(step(session, 0)).await.unwrap();
                say(&format!("head {session} {head}\n"));
                tokio::time::sleep(BRIEF_EVERY).await;
            }
        });
        loop {
            let mut head = 0;
            for _ in 0..ERASED_ROWS {
                head = store.append(Append { durable: false, ..step(doomed, head) }).await.unwrap();
                // Once it is read it has a row of its own.
                assert!(store.read(SessionId(doomed)).await.unwrap().is_some());
            }
            store.erase(SessionId(doomed)).await.unwrap();
            say(&format!("erased {doomed}\n"));
            doomed += 1;
        }
    })
}

/// One write, so that a line is said whole or not at all.
fn say(line: &str) {
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn check(folder: &Path, answered: &Answered, orderly: bool) {
    let store = Store::open(folder, Options::default()).unwrap().store;
    Runtime::new().unwrap().block_on(async {
        let mut steps = BTreeMap::new();
        for (session, head) in &answered.heads {
            steps.insert(*session, check_session(&store, *session, *head).await);
        }
        for session in &answered.erased {
            assert_eq!(store.read(SessionId(*session)).await, Ok(None));
            let blobs = step(*session, 0).blobs;
            let hashes: Vec<Hash> = blobs.iter().map(|blob| blob.hash).collect();
            let left: Vec<bool> = store.blobs(&hashes).await.unwrap().iter().map(Option::is_some).collect();
            assert_eq!(left, [true, false, true]);
        }
        check_lines(&store, &steps).await;
        check_open(&store, &steps).await;
    });
    if orderly {
        store.close();
    }
}

/// The whole journal is there, without gap or double; returns where each of its steps began.
async fn check_session(store: &Store, session: u128, answered: u64) -> BTreeSet<u64> {
    let journal = store.read(SessionId(session)).await.unwrap().unwrap();
    assert!(
        journal.head >= answered,
        "session {session} is at {} after {answered} was answered",
        journal.head
    );
    assert_eq!(journal.owner, format!("owner {session}"));
    if let Some(snapshot) = &journal.snapshot {
        assert_eq!(snapshot.body, snapshot.seq.to_be_bytes());
    }
    let records = store.read_from(SessionId(session), 1).await.unwrap().unwrap();
    assert_eq!(records.len() as u64, journal.head);
    let (mut steps, mut rest) = (BTreeSet::new(), &records[..]);
    while !rest.is_empty() {
        let expect = (records.len() - rest.len()) as u64;
        let expected = step(session, expect);
        assert!(rest.starts_with(&expected.records), "step {expect} of session {session}");
        rest = rest.get(expected.records.len()..).unwrap_or_default();
        steps.insert(expect);
        let hashes: Vec<Hash> = expected.blobs.iter().map(|blob| blob.hash).collect();
        let bodies = expected.blobs.into_iter().map(|blob| Some(blob.body));
        assert_eq!(store.blobs(&hashes).await.unwrap(), bodies.collect::<Vec<_>>());
    }
    steps
}

/// Every step's line is there, once. Lines of erased sessions stay.
async fn check_lines(store: &Store, steps: &BTreeMap<u128, BTreeSet<u64>>) {
    let mut found: BTreeMap<u128, BTreeSet<u64>> = BTreeMap::new();
    let take = |page: Vec<abide_store::PostedLine>| {
        for line in page {
            let body = String::from_utf8(line.body).unwrap();
            let (session, expect) = body.split_once(' ').unwrap();
            assert_eq!(session, line.session.0.to_string());
            assert!(found.entry(line.session.0).or_default().insert(expect.parse().unwrap()), "{body} twice");
        }
    };
    store.lines((0, 2), take).await.unwrap();
    for (session, steps) in steps {
        assert_eq!(found.get(session), Some(steps));
    }
}

async fn check_open(store: &Store, steps: &BTreeMap<u128, BTreeSet<u64>>) {
    let open = store.unfinished().await.unwrap();
    for (session, steps) in steps {
        let last = *steps.last().unwrap();
        assert_eq!(open.contains(&SessionId(*session)), step(*session, last).open);
    }
}

/// A command that only reads finds the same before any server has come back.
fn check_beside(folder: &Path, answered: &Answered) {
    let mut reader = Reader::open(folder).unwrap();
    for (session, head) in answered.heads.iter().take(WRITERS as usize) {
        assert!(reader.read(SessionId(*session)).unwrap().unwrap().head >= *head);
    }
}

//! Measures appends beside the bare disk: `cargo run --release -p abide-store --example appends [FOLDER]`.
//!
//! Both sides keep 2 kB a step and group what waits into one write and one fdatasync(2). Prints steps per second with
//! latencies (median/99 of 100), the same for each kind when half of the callers do not wait for the disk, bytes on
//! disk per step, and how long opening takes after kill -9.
#![expect(clippy::unwrap_used, reason = "a measurement stops where it is wrong")]

use abide_model::id::SessionId;
use abide_store::{Append, Filter, NewSession, Options, Store};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const RECORD_BYTES: usize = 2_048;
const MEASURED: Duration = Duration::from_secs(3);

/// Sessions of the process that is killed.
const SESSIONS: usize = 10_000;
/// Names the folder to the process that is killed.
const DOOMED: &str = "ABIDE_DOOMED_FOLDER";

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let runtime = Runtime::new().unwrap();
    if let Some(doomed) = std::env::var_os(DOOMED) {
        runtime.block_on(append_until_killed(Path::new(&doomed)));
    }
    println!("{:>12} {:>20} {:>20} {:>6}", "concurrency", "bare disk, step/s", "store, step/s", "ratio");
    for concurrency in [1, 16, 256] {
        let (bare, store) = (folder_in(&folder), folder_in(&folder));
        let bare = runtime.block_on(bare_steps(bare.path(), concurrency));
        let store = runtime.block_on(store_steps(store.path(), concurrency, 0)).durable;
        println!(
            "{concurrency:>12} {:>20} {:>20} {:>6.2}",
            rate(&bare),
            rate(&store),
            store.per_second() / bare.per_second()
        );
    }
    println!("{:>12} {:>20} {:>20}", "mixed", "on disk, step/s", "in kernel, step/s");
    for concurrency in [1, 16, 256] {
        let store = folder_in(&folder);
        let steps =
            runtime.block_on(store_steps(store.path(), concurrency.max(2) / 2, concurrency.max(2) / 2));
        println!("{concurrency:>12} {:>20} {:>20}", rate(&steps.durable), rate(&steps.fleeting));
    }
    println!("{:>12} {:>20} {:>20}", "steps each", "bytes per step", "of the new bytes");
    for steps in [200, 3_000] {
        let folder = folder_in(&folder);
        let bytes = runtime.block_on(bytes_per_step(folder.path(), steps));
        println!("{steps:>12} {bytes:>20.0} {:>19.3}x", bytes / RECORD_BYTES as f64);
    }
    println!("{:>12} {:>20} {:>20}", "killed with", "opened in", "of the log read");
    for n in 1..=3 {
        let (took, rows) = open_after_kill(&folder);
        println!("{SESSIONS:>12} {:>17} ms {rows:>15} rows  ({n})", took.as_millis());
    }
}

fn open_after_kill(folder: &str) -> (Duration, u64) {
    let folder = folder_in(folder);
    let mut process = Command::new(std::env::current_exe().unwrap())
        .env(DOOMED, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    let began = Instant::now();
    let opened = Store::open(folder.path(), Options::default()).unwrap();
    let took = began.elapsed();
    let runtime = Runtime::new().unwrap();
    let sessions = runtime.block_on(opened.store.sessions(Filter::default(), 2 * SESSIONS)).unwrap();
    assert_eq!(sessions.len(), SESSIONS);
    (took, opened.recovery.rows)
}

/// Two steps of each session, half of them on disk; says so, and goes on with more.
async fn append_until_killed(folder: &Path) {
    let store = Store::open(folder, Options::default()).unwrap().store;
    for expect in 0.. {
        let mut writers = JoinSet::new();
        for n in 0..SESSIONS {
            let (store, append) = (store.clone(), Append { durable: n % 2 == 0, ..step(n, expect) });
            writers.spawn(async move { store.append(append).await.unwrap() });
        }
        writers.join_all().await;
        if expect == 1 {
            std::io::stdout().write_all(b"!").unwrap();
            std::io::stdout().flush().unwrap();
        }
    }
}

fn folder_in(folder: &str) -> tempfile::TempDir {
    tempfile::TempDir::new_in(folder).unwrap()
}

struct Steps {
    latencies: Vec<Duration>,
    took: Duration,
}

impl Steps {
    fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
}

fn rate(steps: &Steps) -> String {
    let mut latencies = steps.latencies.clone();
    latencies.sort_unstable();
    let at = |part: usize| latencies.get(latencies.len() * part / 100).map_or(0, Duration::as_micros);
    format!("{:.0} ({}/{} µs)", steps.per_second(), at(50), at(99))
}

/// Runs `concurrency` loops of `step` for a while.
async fn measure<F, S>(concurrency: usize, step: impl Fn(usize) -> F) -> Steps
where
    F: FnMut() -> S + Send + 'static,
    S: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let mut loops = JoinSet::new();
    for n in 0..concurrency {
        let mut step = step(n);
        loops.spawn(async move {
            let mut latencies = Vec::new();
            while began.elapsed() < MEASURED {
                let start = Instant::now();
                step().await;
                latencies.push(start.elapsed());
            }
            latencies
        });
    }
    let latencies = loops.join_all().await.concat();
    Steps { latencies, took: began.elapsed() }
}

async fn bare_steps(folder: &Path, concurrency: usize) -> Steps {
    let file = File::create(folder.join("bare")).unwrap();
    let (records, waiting) = mpsc::channel();
    let writer = thread::spawn(move || append_to(file, &waiting));
    let steps = measure(concurrency, |_| {
        let records = records.clone();
        move || {
            let (reply, answer) = oneshot::channel();
            records.send((vec![7; RECORD_BYTES], reply)).unwrap();
            async move { answer.await.unwrap() }
        }
    });
    let steps = steps.await;
    drop(records);
    writer.join().unwrap();
    steps
}

fn append_to(mut file: File, waiting: &Receiver<(Vec<u8>, oneshot::Sender<()>)>) {
    while let Ok((mut bytes, reply)) = waiting.recv() {
        let mut replies = vec![reply];
        for (record, reply) in waiting.try_iter() {
            bytes.extend_from_slice(&record);
            replies.push(reply);
        }
        file.write_all(&bytes).unwrap();
        file.sync_data().unwrap();
        for reply in replies {
            reply.send(()).unwrap();
        }
    }
}

/// Steps of both kinds, made at the same time.
struct Mixed {
    durable: Steps,
    fleeting: Steps,
}

async fn store_steps(folder: &Path, durable: usize, fleeting: usize) -> Mixed {
    let store = Store::open(folder, Options::default()).unwrap().store;
    let steps = |first: usize, durable| {
        let store = store.clone();
        move |n| {
            let (store, mut expect) = (store.clone(), 0);
            move || {
                let (store, append) = (store.clone(), Append { durable, ..step(first + n, expect) });
                expect += 1;
                async move { assert!(store.append(append).await.unwrap() > 0) }
            }
        }
    };
    let (durable, fleeting) =
        tokio::join!(measure(durable, steps(0, true)), measure(fleeting, steps(durable, false)));
    if std::env::var_os("STATS").is_some() {
        eprintln!("{:?}", store.stats());
    }
    store.close();
    Mixed { durable, fleeting }
}

async fn bytes_per_step(folder: &Path, steps: u64) -> f64 {
    const WRITERS: usize = 16;
    let store = Store::open(folder, Options::default()).unwrap().store;
    let mut writers = JoinSet::new();
    for n in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for expect in 0..steps {
                store.append(step(n, expect)).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    store.close();
    let sizes = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    sizes.sum::<u64>() as f64 / (steps as f64 * WRITERS as f64)
}

fn step(session: usize, expect: u64) -> Append {
    Append {
        session: SessionId(0x0199_0000_0000_7000_8000_0000_0000_0000 + session as u128),
        expect,
        records: vec![vec![7; RECORD_BYTES]],
        open: true,
        durable: true,
        at_ms: 1_790_000_000_000,
        lines: Vec::new(),
        blobs: Vec::new(),
        snapshot: None,
        first: (expect == 0).then(|| NewSession { owner: "bench".to_owned(), named: true }),
    }
}
